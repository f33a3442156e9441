/* SPDX-License-Identifier: Apache-2.0 */
/* A container behind the door of sources. */
#include "source/container_internal.h"

#include "base/pool.h"

#include <stdio.h>
#include <stdlib.h>

static size_t workers_wanted(const struct container *c) {
    uint64_t stripes = container_stripes(c);
    size_t wanted = ex_cpu_count();
    wanted = wanted < CONTAINER_WORKERS_MAX ? wanted : CONTAINER_WORKERS_MAX;
    return stripes < wanted ? (size_t)stripes : wanted;
}

static ex_code start(struct container *c, struct ex_error *err) {
    c->worker_count = workers_wanted(c);
    EX_TRY(container_ring_start(c, err));
    for (size_t i = 0; i < c->worker_count; i++) {
        struct container_worker *w = &c->worker[i];
        w->container = c;
        if (pthread_create(&w->thread, NULL, container_work, w) != 0)
            return ex_fail(err, EX_NOMEM, "could not start a thread");
        w->started = true;
    }
    EX_TRY(container_hashes_start(c, err));
    return container_sums_start(c, err);
}

/* Zeros alone are no evidence of anything. */
static ex_code fail_empty(const struct container *c, struct ex_error *err) {
    const struct sandbox_fact *why = sandbox_content_fact(&c->content, "warning");
    char text[128] = "";
    for (size_t i = 0; why != NULL && i < why->size_bytes && i + 1 < sizeof text; i++)
        text[i] = (char)(why->value[i] >= 0x20 && why->value[i] < 0x7F ? why->value[i] : '?');
    return ex_fail(err, EX_ALTERED, "nothing of the content of \"%.60s\" can be read from it%s%s",
                   c->path, text[0] != '\0' ? ": " : "", text);
}

/* Of what is given now, and nothing behind it: the list never runs ahead of the reading. */
static ex_code note_missing(struct source *s, const struct stripe *stripe, uint64_t end,
                            struct ex_error *err) {
    for (size_t i = 0; i < stripe->bad_count; i++) {
        struct source_range r = stripe->bad[i];
        uint64_t until = r.offset + r.length < end ? r.offset + r.length : end;
        r.offset = r.offset > s->at ? r.offset : s->at;
        if (r.offset >= until)
            continue;
        r.length = until - r.offset;
        EX_TRY(source_note_unread(s, r, err));
    }
    return EX_OK;
}

static ex_code read_container(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                              struct ex_error *err) {
    struct container *c = s->own;
    size_t have = 0;
    if (c->ring == NULL && container_stripes(c) > 0)
        EX_TRY(start(c, err));
    while (have < size_bytes && s->at < c->content.size_bytes) {
        struct stripe *stripe;
        EX_TRY(container_ring_wait(c, c->read, &stripe, err));
        size_t within = (size_t)(s->at % STRIPE_BYTES), all = container_stripe_bytes(c, c->read);
        size_t part = all - within < size_bytes - have ? all - within : size_bytes - have;
        memcpy(to + have, stripe->data + within, part);
        EX_TRY(note_missing(s, stripe, s->at + part, err));
        have += part;
        s->at += part;
        if (within + part == all)
            container_ring_done(c, &c->read);
        if (s->at == c->content.size_bytes && s->bad_count == 1 &&
            s->bad[0].length == c->content.size_bytes)
            return fail_empty(c, err);
    }
    if (have == 0 && size_bytes > 0) /* the end */
        EX_TRY(container_sums_wait(c, err));
    s->tally.bytes_read = atomic_load(&c->files.bytes_read);
    *ret_got = have;
    return EX_OK;
}

static ex_code check_container(struct source *s, struct source_identity *now,
                               struct ex_error *err) {
    struct container *c = s->own;
    for (size_t i = 0; i < c->files.count; i++) {
        struct source_identity after;
        EX_TRY(source_check_unchanged(c->files.source[i], &after, err));
        if (i > 0)
            continue;
        after.kind = SOURCE_CONTAINER;
        after.size_bytes = now->size_bytes;
        after.seekable = false;
        *now = after;
    }
    return EX_OK;
}

static void end_threads(struct container *c) {
    container_ring_stop(c);
    for (size_t i = 0; i < c->worker_count; i++)
        if (c->worker[i].started)
            pthread_join(c->worker[i].thread, NULL);
    for (size_t i = 0; i < CONTAINER_WORKERS_MAX; i++) {
        c->worker[i].started = false;
        container_worker_close(&c->worker[i]);
    }
    container_hashes_end(c, false);
    container_sums_end(c);
}

static void close_container(struct source *s) {
    struct container *c = s->own;
    end_threads(c);
    for (size_t i = 0; c->ring != NULL && i < c->ring_size; i++) {
        free(c->ring[i].data);
        free(c->ring[i].bad);
    }
    free(c->ring);
    sandbox_content_clear(&c->content);
    container_files_close(&c->files);
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->changed);
    free(c);
}

static const struct source_driver container_driver = {
    .read = read_container, .check = check_container, .close = close_container};

/* The place of what fails is a chunk at the least, if the reader says how large that is. */
static size_t piece_least(const struct sandbox_content *content) {
    const struct sandbox_fact *f = sandbox_content_fact(content, "chunk-bytes");
    unsigned long long bytes = f == NULL ? 0 : strtoull((const char *)f->value, NULL, 10);
    return bytes >= CONTAINER_PIECE_MOST || bytes == 0 || (bytes & (bytes - 1)) != 0
               ? CONTAINER_PIECE_MOST
           : bytes < CONTAINER_PIECE_LEAST ? CONTAINER_PIECE_LEAST
                                           : (size_t)bytes;
}

static ex_code open_content(struct container *c, struct ex_error *err) {
    struct container_worker *w = &c->worker[0];
    w->container = c;
    EX_TRY(container_worker_open(w, &c->content, err));
    (void)snprintf(c->confinement, sizeof c->confinement, "%s", sandbox_confinement(w->sandbox));
    uint64_t missing = 0;
    for (size_t i = 0; i < c->content.range_count; i++) {
        const struct sandbox_range *r = &c->content.range[i];
        missing += r->gap == SANDBOX_UNREADABLE ? 0 : r->length;
    }
    c->damaged = missing > 0 || (c->content.range_count > 0 && strcmp(c->format, "ewf") != 0);
    c->piece_least = piece_least(&c->content);
    if (missing == c->content.size_bytes && missing > 0)
        return fail_empty(c, err);
    container_hashes_find(c);
    return EX_OK;
}

ex_code source_open_container_by(const char *program, const char *path, const char *format,
                                 const atomic_bool *stop, struct source **ret,
                                 struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = ex_new0(struct source);
    struct container *c = ex_new0(struct container);
    s->fd = -1;
    s->path = ex_strdup(path);
    s->own = c;
    s->driver = &container_driver;
    c->path = s->path;
    c->stop = &s->stop;
    c->stop_opening = stop;
    (void)snprintf(c->format, sizeof c->format, "%s", format);
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    (void)snprintf(c->program, sizeof c->program, "%s", program);
    EX_TRY(container_files_open(&c->files, s->path, err));
    EX_TRY(open_content(c, err));
    c->stop_opening = NULL;
    s->identity = c->files.file[0].identity;
    s->identity.kind = SOURCE_CONTAINER;
    s->identity.path = s->path;
    s->identity.size_bytes = c->content.size_bytes;
    s->identity.seekable = false;
    *ret = ex_steal(&s);
    return EX_OK;
}

ex_code source_open_container(const char *path, const char *format, const atomic_bool *stop,
                              struct source **ret, struct ex_error *err) {
    char program[PATH_MAX];
    EX_TRY(sandbox_program(SANDBOX_WORKER_CONTAINERS, program, sizeof program, err));
    return source_open_container_by(program, path, format, stop, ret, err);
}

bool source_container_report(struct source *s, struct container_report *ret) {
    struct container *c = s->own;
    if (s->identity.kind != SOURCE_CONTAINER)
        return false;
    bool whole = s->at == c->content.size_bytes;
    if (whole && !c->hashed && container_stripes(c) == 0 && c->hash_count > 0)
        whole = container_hashes_start(c, NULL) == EX_OK; /* of nothing */
    if (whole && !c->hashed) {                            /* they go on to the end by themselves */
        container_hashes_end(c, true);
        (void)!container_sums_wait(c, NULL);
        c->hashed = true;
    }
    *ret = (struct container_report){.format = c->format,
                                     .confinement = c->confinement,
                                     .content = &c->content,
                                     .file = c->files.file,
                                     .file_count = c->files.count,
                                     .hash = c->hash,
                                     .hash_count = c->hash_count,
                                     .damage = &c->damage,
                                     .disk_errors = &c->disk_errors,
                                     .stated_but_there = c->stated_but_there,
                                     .workers_lost = c->lost};
    return true;
}
