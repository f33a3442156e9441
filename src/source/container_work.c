/* SPDX-License-Identifier: Apache-2.0 */
/* A worker of a container: a confined process, and the thread that asks it. */
#include "source/container_internal.h"

#include "base/limits.h"

#include <stdio.h>

/* ---- the process ---- */

static ex_code give_bytes(void *context, unsigned input, uint64_t offset, uint8_t *to,
                          size_t size_bytes, struct ex_error *err) {
    struct container_worker *w = context;
    struct container_files *f = &w->container->files;
    EX_TRY(container_files_read(f, w->file[input], offset, to, size_bytes, err));
    if (!w->opening) /* which jumps to the end and back */
        container_files_reach(f, w->file[input], offset + size_bytes);
    return EX_OK;
}

/* A worker that hangs is not waited for when nobody wants its answer any more. */
static bool is_stopped(void *container) {
    struct container *c = container;
    return container_ring_is_over(c) || (c->stop_opening != NULL && atomic_load(c->stop_opening));
}

static ex_code give_input(void *context, const char *name, unsigned input, uint64_t *ret_size,
                          struct ex_error *err) {
    struct container_worker *w = context;
    struct container_files *f = &w->container->files;
    size_t file;
    EX_TRY(ex_grow(&w->file, &w->file_capacity, (size_t)input + 1, sizeof *w->file,
                   SANDBOX_INPUTS_MAX * sizeof *w->file, "the inputs of a parser", err));
    EX_TRY(container_files_find(f, name, &file, err));
    w->file[input] = file;
    pthread_mutex_lock(&f->mutex);
    *ret_size = f->file[file].identity.size_bytes;
    pthread_mutex_unlock(&f->mutex);
    return EX_OK;
}

static const char disk_hint[] = "--container file collects the image as the files that it is, and "
                                "reads around what a disk does not give";

/* The files are read by this process, which so knows what their disk did not give. Going on for
 * ever would not do: a disk that was pulled out would make an item of zeros. */
static ex_code check_disk(struct container *c, const struct ex_error *why, struct ex_error *err) {
    if (why->sys == 0)
        return ex_hint(
            ex_fail(err, EX_SOURCE, "the image changed while it was read: %s", why->text), err,
            "%s", source_changed_hint);
    pthread_mutex_lock(&c->mutex);
    unsigned failed = ++c->disk_failed;
    pthread_mutex_unlock(&c->mutex);
    if (source_is_media_error(why->sys) && failed <= CONTAINER_DISK_ERRORS_MAX &&
        container_files_answer(&c->files))
        return EX_OK;
    return ex_hint(
        ex_fail(err, EX_IO, "the disk on which the image lies gives no more: %s", why->text), err,
        "%s", disk_hint);
}

/* Not even which places are damaged is known then. */
static ex_code fail_opening(const struct ex_error *why, struct ex_error *err) {
    if (why->sys == 0)
        return ex_hint(
            ex_fail(err, EX_SOURCE, "the image changed while it was opened: %s", why->text), err,
            "%s", source_changed_hint);
    return ex_hint(ex_fail(err, EX_IO,
                           "the disk on which the image lies does not give what is needed to open "
                           "it: %s",
                           why->text),
                   err, "%s", disk_hint);
}

ex_code container_worker_open(struct container_worker *w, struct sandbox_content *ret_content,
                              struct ex_error *err) {
    struct container *c = w->container;
    struct sandbox_content content = {0};
    struct sandbox_inputs inputs = {.context = w, .read = give_bytes, .named = give_input};
    const struct sandbox_limits limits = {.stopped = is_stopped, .context = c};
    EX_TRY(ex_grow(&w->file, &w->file_capacity, 1, sizeof *w->file,
                   SANDBOX_INPUTS_MAX * sizeof *w->file, "the inputs of a parser", err));
    w->file[0] = 0;
    inputs.size_bytes = c->files.file[0].identity.size_bytes;
    EX_TRY(sandbox_start(c->program, &limits, &w->sandbox, err));
    w->opening = true;
    ex_code code = sandbox_open(w->sandbox, c->format, &inputs, &content, err);
    w->opening = false;
    const struct ex_error *disk = sandbox_input_error(w->sandbox);
    if (code != EX_INTERRUPTED && disk != NULL)
        code = fail_opening(disk, err);
    if (ret_content != NULL) {
        *ret_content = content;
        return code;
    }
    bool same = content.size_bytes == c->content.size_bytes;
    sandbox_content_clear(&content);
    EX_TRY(code);
    return same ? EX_OK
                : ex_fail(err, EX_SOURCE,
                          "the container \"%s\" is another one than it was when it "
                          "was opened",
                          c->path);
}

void container_worker_close(struct container_worker *w) {
    sandbox_free(w->sandbox);
    w->sandbox = NULL;
    free(w->file);
    w->file = NULL;
    w->file_capacity = 0;
}

/* The worker is gone, and with it the piece that it was asked for; another one goes on. */
static ex_code replace(struct container_worker *w, const struct ex_error *why,
                       struct ex_error *err) {
    struct container *c = w->container;
    pthread_mutex_lock(&c->mutex);
    unsigned lost = ++c->lost;
    pthread_mutex_unlock(&c->mutex);
    if (lost > CONTAINER_LOST_MAX)
        return ex_hint(ex_fail(err, EX_FORMAT, "%u parsers were stopped; the last time: %.150s",
                               lost, why->text),
                       err, "--container file collects \"%.60s\" as the file that it is", c->path);
    container_worker_close(w);
    return container_worker_open(w, NULL, err);
}

/* ---- a stripe ---- */

static ex_code note(struct stripe *s, uint64_t offset, uint64_t length, enum source_unread why,
                    struct ex_error *err) {
    struct source_range *last = s->bad_count > 0 ? &s->bad[s->bad_count - 1] : NULL;
    if (last != NULL && last->why == why && last->offset + last->length == offset) {
        last->length += length;
        return EX_OK;
    }
    EX_TRY(ex_grow(&s->bad, &s->bad_capacity, s->bad_count + 1, sizeof *s->bad,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *s->bad, "the list of unreadable ranges",
                   err));
    s->bad[s->bad_count++] = (struct source_range){offset, length, why};
    return EX_OK;
}

/* What lies one behind the other and is told in the same words is one place. */
static void list_place(struct container_places *p, uint64_t offset, size_t size, const char *why) {
    size_t listed = p->count < CONTAINER_DAMAGE_LISTED ? p->count : CONTAINER_DAMAGE_LISTED;
    for (size_t i = 0; i < listed; i++) {
        struct container_damage *d = &p->listed[i];
        if (d->offset + d->length != offset || strcmp(d->why, why) != 0)
            continue;
        d->length += size;
        return;
    }
    if (listed < CONTAINER_DAMAGE_LISTED) {
        p->listed[listed] = (struct container_damage){.offset = offset, .length = size};
        (void)snprintf(p->listed[listed].why, sizeof p->listed[listed].why, "%s", why);
    }
    p->count++;
}

/* `why` is the worker's; what the disk says goes first. */
static ex_code give_up(struct container_worker *w, struct stripe *s, uint8_t *to, uint64_t offset,
                       size_t size, const struct ex_error *why, struct ex_error *err) {
    struct container *c = w->container;
    const struct ex_error *disk = sandbox_input_error(w->sandbox);
    if (disk != NULL)
        EX_TRY(check_disk(c, disk, err));
    memset(to, 0, size);
    EX_TRY(note(s, offset, size, disk != NULL ? SOURCE_UNREADABLE : SOURCE_DAMAGED, err));
    pthread_mutex_lock(&c->mutex);
    c->damaged = true;
    list_place(disk != NULL ? &c->disk_errors : &c->damage, offset, size,
               disk != NULL ? disk->text : why->text);
    pthread_mutex_unlock(&c->mutex);
    return EX_OK;
}

/* What does not come in one piece is asked for in halves: a damaged chunk costs itself alone. */
static ex_code read_piece(struct container_worker *w, struct stripe *s, uint8_t *to,
                          uint64_t offset, size_t size, struct ex_error *err) {
    struct ex_error why = {0};
    if (sandbox_read(w->sandbox, offset, to, size, &why) == EX_OK)
        return EX_OK;
    if (sandbox_lost(w->sandbox) && why.code == EX_INTERRUPTED)
        return ex_fail(err, why.code, "interrupted while reading \"%s\"", w->container->path);
    if (sandbox_lost(w->sandbox)) {
        EX_TRY(give_up(w, s, to, offset, size, &why, err));
        return replace(w, &why, err);
    }
    if (size <= w->container->piece_least)
        return give_up(w, s, to, offset, size, &why, err);
    size_t half = w->container->piece_least;
    while (half * 2 < size)
        half *= 2;
    EX_TRY(read_piece(w, s, to, offset, half, err));
    return read_piece(w, s, to + half, offset + half, size - half, err);
}

/* The image says that this could not be read when it was made. Many programs keep what they had all
 * the same: bytes that are there are content, and only zeros are what the image says of them. */
static ex_code read_stated(struct container_worker *w, struct stripe *s, uint8_t *to,
                           uint64_t offset, size_t size, struct ex_error *err) {
    struct container *c = w->container;
    size_t bad_before = s->bad_count;
    EX_TRY(read_piece(w, s, to, offset, size, err));
    if (s->bad_count > bad_before)
        return EX_OK; /* part of it is damaged besides, and in the list */
    if (to[0] == 0 && memcmp(to, to + 1, size - 1) == 0)
        return note(s, offset, size, SOURCE_STATED_UNREADABLE, err);
    pthread_mutex_lock(&c->mutex);
    c->stated_but_there += size;
    pthread_mutex_unlock(&c->mutex);
    return EX_OK;
}

/* The first range that ends behind `offset`. */
static size_t first_range(const struct sandbox_content *c, uint64_t offset) {
    size_t low = 0, high = c->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->range[middle].offset + c->range[middle].length <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static ex_code read_stripe(struct container_worker *w, uint64_t n, struct ex_error *err) {
    const struct container *c = w->container;
    struct stripe *s = &c->ring[n % c->ring_size];
    uint64_t from = n * STRIPE_BYTES, end = from + container_stripe_bytes(c, n), until;
    size_t i = first_range(&c->content, from);
    for (uint64_t at = from; at < end; at = until) {
        if (container_ring_is_over(w->container))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while reading \"%s\"", c->path);
        const struct sandbox_range *gap = i < c->content.range_count ? &c->content.range[i] : NULL;
        bool inside = gap != NULL && gap->offset <= at;
        until = inside ? gap->offset + gap->length : gap != NULL ? gap->offset : end;
        until = until < end ? until : end;
        if (!inside || gap->gap == SANDBOX_UNREADABLE)
            until = until < at + SANDBOX_READ_BYTES_MAX ? until : at + SANDBOX_READ_BYTES_MAX;
        i += inside && until == gap->offset + gap->length;
        uint8_t *to = s->data + (at - from);
        size_t size = (size_t)(until - at);
        if (!inside) {
            EX_TRY(read_piece(w, s, to, at, size, err));
        } else if (gap->gap == SANDBOX_UNREADABLE) {
            EX_TRY(read_stated(w, s, to, at, size, err));
        } else {
            memset(to, 0, size);
            EX_TRY(note(s, at, size, gap->gap == SANDBOX_ABSENT ? SOURCE_ABSENT : SOURCE_DAMAGED,
                        err));
        }
    }
    return EX_OK;
}

void *container_work(void *worker) {
    struct container_worker *w = worker;
    struct ex_error err = {0};
    uint64_t n;
    ex_code code = w->sandbox == NULL ? container_worker_open(w, NULL, &err) : EX_OK;
    while (code == EX_OK && container_ring_take(w->container, &n)) {
        code = read_stripe(w, n, &err);
        if (code == EX_OK)
            container_ring_put(w->container, n);
    }
    if (code != EX_OK)
        container_ring_fail(w->container, &err);
    return NULL;
}
