/* SPDX-License-Identifier: Apache-2.0 */
/* Compaction: what is chosen, and when an old pack may go (format/vault §9). */
#include "vault/compact_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    SMALL_PACK_BYTES = PACK_TARGET_BYTES / 8,
    BATCH_PACKS = 1024,
    WORK_WAIT_MS = 10000,
    WORK_POLL_MS = 200
};
static const uint64_t BATCH_BYTES = (uint64_t)4 << 30; /* of old packs; what may lie there twice */

struct vault_compaction {
    struct vault *vault;
    struct vault_compact_options options;
    struct live live;
    int lock_fd; /* work/.compact */
    size_t order_count;
    struct live_pack **order; /* the chosen ones, oldest first */
    struct vault_compact_report report;
};

/* ---- who else is at work ---- */

static bool is_running(int works_fd, const char *name) {
    char path[300];
    (void)snprintf(path, sizeof path, "%.255s/lock", name);
    EX_AUTO_FD int lock = openat(works_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0;
}

/* Work that a compaction or a repair left behind holds copies only, and what an examination or
 * a scan that was cut off left no entry names; a collection that did not come so far as to say what
 * it is has shared nothing. Nobody needs any of it. */
static bool is_leftover(const struct vault *v, int works_fd, const char *name) {
    EX_AUTO_FD int fd = -1;
    struct journal_content content = {0};
    if (ex_open_at(works_fd, name, O_RDONLY | O_DIRECTORY, &fd, NULL) != EX_OK)
        return false;
    ex_code code = journal_read(v, fd, &content, NULL);
    json_t *what = code == EX_OK ? json_loads(content.what, 0, NULL) : NULL;
    const char *act = json_string_value(json_object_get(what, "act"));
    bool leftover = code == EX_NOT_FOUND ||
                    (act != NULL && (strcmp(act, "compact") == 0 || strcmp(act, "repair") == 0 ||
                                     strcmp(act, "examine") == 0 || strcmp(act, "rules") == 0));
    json_decref(what);
    journal_content_clear(&content);
    return leftover;
}

static ex_code remove_leftover(int works_fd, const char *name, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    struct dirent *e;
    EX_TRY(ex_open_at(works_fd, name, O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(dup(fd));
    while (dir != NULL && (e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "journal") != 0)
            (void)ex_remove(fd, e->d_name, false);
    if (dir != NULL)
        closedir(dir);
    (void)ex_remove(fd, "journal", false); /* last: by it the next one knows what this is */
    (void)ex_remove(works_fd, name, true);
    return EX_OK;
}

/* What a collection has shared so far stands nowhere that can be asked: while there is one, or the
 * rest of one, nothing may go. */
static ex_code nobody_collects(const struct vault *v, const char *own, struct ex_error *err) {
    EX_AUTO_FD int works = -1;
    struct dirent *e;
    ex_code code = EX_OK;
    EX_TRY(ex_open_dir_at(v->dir_fd, "work", true, &works, err));
    DIR *dir = fdopendir(dup(works));
    if (dir == NULL)
        return ex_fail_sys(err, "could not list \"work\"");
    while (code == EX_OK && (e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.' || (own != NULL && strcmp(e->d_name, own) == 0))
            continue;
        if (own == NULL && !is_running(works, e->d_name) && is_leftover(v, works, e->d_name)) {
            code = remove_leftover(works, e->d_name, err);
            continue;
        }
        if (is_running(works, e->d_name))
            code =
                ex_hint(ex_fail(err, EX_BUSY, "a collection is going on (work/%.40s)", e->d_name),
                        err, "nothing was removed; run it again when the collection has ended");
        else
            code =
                ex_hint(ex_fail(err, EX_BUSY, "there is unfinished work: work/%.40s", e->d_name),
                        err, "nothing was removed; finish or discard it first: exhibit work list");
    }
    closedir(dir);
    return code;
}

/* ---- removals that were cut off ---- */

static const char DROPPING[] = "work/.dropping"; /* pack ids, one behind the other */
enum { DROPPING_BYTES_MAX = BATCH_PACKS * VAULT_PACK_ID_BYTES };

static ex_code dropping_read(const struct vault *v, uint8_t (**ret)[VAULT_PACK_ID_BYTES],
                             size_t *ret_count, struct ex_error *err) {
    uint8_t *data = NULL;
    size_t size = 0;
    struct ex_error why;
    *ret = NULL;
    *ret_count = 0;
    ex_code code = ex_read_file(v->dir_fd, DROPPING, DROPPING_BYTES_MAX, &data, &size, &why);
    if (code == EX_NOT_FOUND)
        return EX_OK;
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    *ret = (uint8_t(*)[VAULT_PACK_ID_BYTES])data;
    *ret_count = size / VAULT_PACK_ID_BYTES;
    return EX_OK;
}

bool work_is_dropping(const struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    EX_AUTO_FREE uint8_t(*list)[VAULT_PACK_ID_BYTES] = NULL;
    size_t count;
    bool found = false;
    if (dropping_read(v, &list, &count, NULL) != EX_OK)
        return false;
    for (size_t i = 0; i < count && !found; i++)
        found = memcmp(list[i], id, VAULT_PACK_ID_BYTES) == 0;
    return found;
}

/* What is gone is forgotten; what is still there may have been shared again since, and is planned
 * for like any other pack. */
static ex_code finish_dropping(struct vault *v, struct ex_error *err) {
    EX_AUTO_FREE uint8_t(*list)[VAULT_PACK_ID_BYTES] = NULL;
    size_t count, gone = 0;
    EX_TRY(dropping_read(v, &list, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (vault_has_pack(v, list[i]))
            continue;
        memmove(list[gone++], list[i], VAULT_PACK_ID_BYTES);
        EX_TRY(vault_parity_remove(v, list[gone - 1], err));
    }
    if (gone > 0)
        EX_TRY(index_drop_packs(v->index, (const uint8_t(*)[VAULT_PACK_ID_BYTES])list, gone, err));
    (void)ex_remove(v->dir_fd, DROPPING, false);
    return EX_OK;
}

/* ---- the plan ---- */

static bool is_disposed_of(const struct vault_compaction *c, const uint8_t *object) {
    for (size_t i = 0; i < c->options.dispose_count; i++)
        if (memcmp(object, c->options.dispose[i], SHA256_BYTES) == 0)
            return true;
    return false;
}

static ex_code mark_objects(struct vault_compaction *c, struct ex_progress *progress,
                            struct ex_error *err) {
    const uint8_t(*object)[SHA256_BYTES];
    size_t count;
    EX_TRY(c->options.objects(c->options.context, &object, &count, err));
    for (size_t i = 0; i < count; i++) {
        struct ex_error why;
        if (is_disposed_of(c, object[i]))
            continue;
        ex_code code = live_mark(&c->live, object[i], progress, &why);
        if (code == EX_OK)
            continue;
        if (vault_is_damage(code)) {
            c->report.hurt = true;
            memcpy(c->report.hurt_object, object[i], SHA256_BYTES);
            return ex_hint(
                ex_fail(err, code, "what an item needs cannot be known: %.150s", why.text), err,
                "nothing was removed; exhibit verify --all says what is damaged");
        }
        if (err != NULL)
            *err = why;
        return code;
    }
    c->report.objects = c->live.walked_count;
    c->report.chunks_missing = c->live.chunks_missing;
    return EX_OK;
}

static int by_pack_id(const void *a, const void *b) {
    return memcmp(a, b, VAULT_PACK_ID_BYTES);
}

/* What was written by an earlier compaction is not worth compressing again. */
static bool is_settled(const struct vault_compaction *c, const struct live_pack *p) {
    const struct vault_compact_options *o = &c->options;
    return o->settled_count > 0 &&
           bsearch(p->id, o->settled, o->settled_count, sizeof *o->settled, by_pack_id) != NULL;
}

static bool worth_it(const struct vault_compaction *c, const struct live_pack *p) {
    const struct vault_compact_options *o = &c->options;
    uint64_t dead = p->plain_bytes - p->live_bytes;
    if (p->live == NULL)
        return false;
    return (dead > 0 && (o->all || p->live_bytes == 0 ||
                         dead * 100 >= p->plain_bytes * o->threshold_percent)) ||
           (o->recompress && !is_settled(c, p));
}

static int by_age(const void *a, const void *b) {
    const struct live_pack *p = *(struct live_pack *const *)a, *q = *(struct live_pack *const *)b;
    if (p->read_back_ns != q->read_back_ns)
        return p->read_back_ns < q->read_back_ns ? -1 : 1;
    return memcmp(p->id, q->id, sizeof p->id);
}

static ex_code choose(struct vault_compaction *c, struct ex_error *err) {
    struct vault_compact_report *r = &c->report;
    size_t small = 0, chosen = 0;
    for (size_t i = 0; i < c->live.count; i++) {
        struct live_pack *p = &c->live.pack[i];
        p->chosen = worth_it(c, p);
        chosen += p->chosen ? 1 : 0;
        small += !p->chosen && p->live != NULL && p->file_bytes < SMALL_PACK_BYTES ? 1 : 0;
        r->packs_before++;
        r->bytes_before += p->file_bytes;
        r->packs_unreadable += p->live == NULL ? 1 : 0;
        if (p->live != NULL)
            r->dead_bytes += p->plain_bytes - p->live_bytes;
    }
    EX_TRY(ex_alloc(c->live.count + 1, sizeof *c->order, EX_LIMIT_PACK_BYTES, "the plan", &c->order,
                    err));
    EX_TRY(ex_alloc(c->live.count + 1, VAULT_PACK_ID_BYTES, EX_LIMIT_PACK_BYTES, "the plan",
                    &r->planned, err));
    for (size_t i = 0; i < c->live.count; i++) {
        struct live_pack *p = &c->live.pack[i];
        if (!p->chosen && (c->options.dispose_count > 0 || p->live == NULL || small + chosen < 2 ||
                           p->file_bytes >= SMALL_PACK_BYTES))
            continue; /* one small pack alone has nothing to be merged with */
        p->chosen = true;
        c->order[c->order_count++] = p;
    }
    if (c->order_count > 0)
        qsort(c->order, c->order_count, sizeof(struct live_pack *), by_age);
    if (c->order_count > VAULT_COMPACT_PACKS_MAX)
        c->order_count = VAULT_COMPACT_PACKS_MAX; /* the next run does the rest */
    for (; r->planned_count < c->order_count; r->planned_count++) {
        const struct live_pack *p = c->order[r->planned_count];
        memcpy(r->planned[r->planned_count], p->id, VAULT_PACK_ID_BYTES);
        r->planned_bytes += p->file_bytes;
        r->planned_plain_bytes += p->plain_bytes;
    }
    return EX_OK;
}

static void plan_own(struct vault_compaction *c) {
    struct vault_compact_report *r = &c->report;
    const struct live *l = &c->live;
    r->own_chunks = l->own_chunks;
    r->own_bytes = l->own_bytes;
    r->shared_chunks = l->shared_chunks;
    r->shared_bytes = l->shared_bytes;
    r->sharing_objects = l->sharing_objects;
}

/* An object of which nothing can be read any more can still be disposed of: what no other one needs
 * goes. */
static ex_code mark_own(struct vault_compaction *c, struct ex_error *err) {
    struct ex_error why;
    for (size_t i = 0; i < c->options.dispose_count; i++) {
        ex_code code = live_mark_own(&c->live, c->options.dispose[i], &why);
        c->report.own_unknown = c->report.own_unknown || code != EX_OK;
        if (code == EX_OK || vault_is_damage(code))
            continue;
        if (err != NULL)
            *err = why;
        return code;
    }
    return EX_OK;
}

static ex_code plan(struct vault_compaction *c, struct ex_progress *progress,
                    struct ex_error *err) {
    struct vault *v = c->vault;
    EX_AUTO_FD int works = -1;
    if (vault_is_locked(v))
        return ex_fail(err, EX_DENIED, "the vault is locked");
    EX_TRY(ex_open_dir_at(v->dir_fd, "work", true, &works, err));
    ex_code code = ex_lock(works, ".compact", true, 0, &c->lock_fd, err);
    if (code == EX_BUSY)
        return ex_hint(ex_fail(err, EX_BUSY, "another compaction is going on"), err,
                       "wait for it to finish");
    EX_TRY(code);
    EX_TRY(nobody_collects(v, NULL, err));
    EX_TRY(finish_dropping(v, err));
    EX_TRY(index_refresh(v->index, err));
    if (index_damaged(v->index) > 0)
        return ex_hint(ex_fail(err, EX_ALTERED, "parts of the index are damaged"), err,
                       "nothing was removed; run: exhibit rebuild");
    EX_TRY(vault_adopt_packs(v, err));
    EX_TRY(live_open(&c->live, v, progress, err));
    EX_TRY(mark_own(c, err));
    EX_TRY(mark_objects(c, progress, err));
    plan_own(c);
    return choose(c, err);
}

ex_code vault_compact_plan(struct vault *v, const struct vault_compact_options *options,
                           struct ex_progress *progress, struct vault_compaction **ret,
                           struct vault_compact_report **ret_report, struct ex_error *err) {
    struct vault_compaction *c = ex_new0(struct vault_compaction);
    c->vault = v;
    c->options = *options;
    c->lock_fd = -1;
    *ret = c;
    *ret_report = &c->report;
    return plan(c, progress, err);
}

void vault_compaction_free(struct vault_compaction *c) {
    if (c == NULL)
        return;
    live_close(&c->live);
    ex_fd_close(c->lock_fd);
    free(c->order);
    free(c->report.planned);
    free(c->report.written);
    free(c->report.removed);
    free(c);
}

/* ---- dropping ---- */

static ex_code sync_places(const struct vault *v, const bool touched[static 256],
                           struct ex_error *err) {
    for (unsigned i = 0; i < 256; i++) {
        char sub[4];
        EX_AUTO_FD int fd = -1;
        if (!touched[i])
            continue;
        (void)snprintf(sub, sizeof sub, "%02x", i);
        EX_TRY(ex_open_at(v->packs_fd, sub, O_RDONLY | O_DIRECTORY, &fd, err));
        EX_TRY(ex_sync_fd(fd, sub, err));
    }
    return EX_OK;
}

/* The pack, and the parity that could give it back. The caller has made room in the report. */
static ex_code remove_pack(struct vault_compaction *c, const struct live_pack *p,
                           struct ex_error *err) {
    struct vault_compact_report *r = &c->report;
    char name[PACK_NAME_BYTES];
    if (unlinkat(c->vault->packs_fd, pack_name(name, p->id), 0) != 0)
        return ex_fail_sys(err, "could not remove \"%s\"", name);
    memcpy(r->removed[r->removed_count++], p->id, VAULT_PACK_ID_BYTES);
    r->removed_bytes += p->file_bytes;
    return vault_parity_remove(c->vault, p->id, err);
}

/* Files first: whoever begins to collect indexes again what it finds there. */
static ex_code remove_listed(struct vault_compaction *c, size_t first, size_t end,
                             struct ex_error *err) {
    struct vault_compact_report *r = &c->report;
    size_t before = r->removed_count;
    bool touched[256] = {false};
    ex_code code = EX_OK;
    for (size_t i = first; code == EX_OK && i < end; i++) {
        const struct live_pack *p = c->order[i];
        if (p->refused || p->touched)
            continue;
        touched[p->id[0]] = true;
        code = remove_pack(c, p, err);
    }
    if (code == EX_OK)
        code = sync_places(c->vault, touched, err);
    EX_TRY(code);
    return index_drop_packs(c->vault->index,
                            (const uint8_t(*)[VAULT_PACK_ID_BYTES])(r->removed + before),
                            r->removed_count - before, err);
}

/* Whoever finds the index naming packs that are gone can see in work/.dropping that it was a
 * compaction, and that the next one tidies up. */
static ex_code remove_packs(struct vault_compaction *c, size_t first, size_t end,
                            struct ex_error *err) {
    struct vault_compact_report *r = &c->report;
    EX_AUTO_FREE uint8_t *list = NULL;
    size_t size = 0;
    EX_TRY(ex_alloc(end - first + 1, VAULT_PACK_ID_BYTES, EX_LIMIT_PACK_BYTES, "the list of packs",
                    &list, err));
    for (size_t i = first; i < end; i++) {
        if (c->order[i]->refused || c->order[i]->touched)
            continue;
        memcpy(list + size, c->order[i]->id, VAULT_PACK_ID_BYTES);
        size += VAULT_PACK_ID_BYTES;
    }
    if (size == 0)
        return EX_OK;
    EX_TRY(ex_grow(&r->removed, &r->removed_capacity,
                   r->removed_count + size / VAULT_PACK_ID_BYTES + 1, VAULT_PACK_ID_BYTES,
                   EX_LIMIT_PACK_BYTES, "the list of packs", err));
    EX_TRY(ex_write_file(c->vault->dir_fd, DROPPING, list, size, EX_WRITE_REPLACE, err));
    EX_TRY(remove_listed(c, first, end, err));
    (void)ex_remove(c->vault->dir_fd, DROPPING, false);
    return EX_OK;
}

/* The new packs are there and the index knows them, or the old ones stay. */
static ex_code new_ones_stand(struct vault_compaction *c, size_t since, struct ex_error *err) {
    const struct vault_compact_report *r = &c->report;
    EX_TRY(index_refresh(c->vault->index, err));
    for (size_t i = since; i < r->written_count; i++)
        if (!vault_has_pack(c->vault, r->written[i]) ||
            !index_has_pack(c->vault->index, r->written[i]))
            return ex_fail(err, EX_IO, "a pack that was just written is not there");
    return EX_OK;
}

/* Behind the gate nobody begins to share what is there, and nobody is in the middle of it. Items
 * that came since the plan are asked once more what they need. */
static ex_code drop_behind_gate(struct vault_compaction *c, const struct carrier *carrier,
                                size_t first, size_t end, size_t written_before,
                                struct ex_error *err) {
    EX_TRY(nobody_collects(c->vault, carrier->work->name, err));
    EX_TRY(new_ones_stand(c, written_before, err));
    EX_TRY(mark_objects(c, NULL, err));
    for (size_t i = first; i < end; i++)
        c->report.packs_touched += !c->order[i]->refused && c->order[i]->touched ? 1 : 0;
    return remove_packs(c, first, end, err);
}

/* Waits a while for collections that began meanwhile. */
static ex_code drop(struct vault_compaction *c, const struct carrier *carrier, size_t first,
                    size_t end, size_t written_before, struct ex_progress *progress,
                    struct ex_error *err) {
    const struct timespec pause = {.tv_nsec = WORK_POLL_MS * 1000000L};
    for (unsigned waited_ms = 0;; waited_ms += WORK_POLL_MS) {
        int gate = -1;
        ex_code code = work_gate(c->vault, true, &gate, err);
        if (code == EX_OK)
            code = drop_behind_gate(c, carrier, first, end, written_before, err);
        ex_fd_close(gate);
        if (code != EX_BUSY || waited_ms >= WORK_WAIT_MS)
            return code;
        EX_TRY(ex_progress_step(progress, 0, err));
        (void)nanosleep(&pause, NULL);
    }
}

/* ---- batches ---- */

/* So many of the chosen ones that what lies there twice meanwhile stays small. */
static size_t batch_end(const struct vault_compaction *c, size_t first) {
    uint64_t bytes = 0;
    size_t end = first;
    while (end < c->order_count && end - first < BATCH_PACKS &&
           (end == first || bytes + c->order[end]->file_bytes <= BATCH_BYTES))
        bytes += c->order[end++]->file_bytes;
    return end;
}

/* What had parity has parity again before it goes. */
static ex_code keep_parity(struct vault_compaction *c, size_t first, size_t end,
                           size_t written_before, struct ex_progress *progress,
                           struct ex_error *err) {
    bool had = false;
    for (size_t i = first; i < end && !had; i++)
        had = vault_parity_has(c->vault, c->order[i]->id);
    for (size_t i = written_before; had && i < c->report.written_count; i++)
        EX_TRY(vault_parity_make(c->vault, c->report.written[i], progress, err));
    return EX_OK;
}

static ex_code carry_batch(struct vault_compaction *c, struct carrier *carrier, size_t first,
                           size_t end, struct ex_progress *progress, struct ex_error *err) {
    size_t written_before = c->report.written_count;
    EX_TRY(carrier_start(carrier, &c->live, c->options.level, c->options.journal, progress,
                         &c->report, err));
    for (size_t i = first; i < end; i++)
        EX_TRY(carrier_pack(carrier, c->order[i], err));
    EX_TRY(carrier_end(carrier, err));
    EX_TRY(keep_parity(c, first, end, written_before, progress, err));
    return drop(c, carrier, first, end, written_before, progress, err);
}

static void measure(struct vault_compaction *c) {
    struct vault_compact_report *r = &c->report;
    r->packs_after = r->packs_before + r->written_count - r->removed_count;
    r->bytes_after = r->bytes_before + r->written_bytes - r->removed_bytes;
}

ex_code vault_compact_run(struct vault_compaction *c, struct ex_progress *progress,
                          struct ex_error *err) {
    ex_code code = EX_OK;
    for (size_t first = 0, end; code == EX_OK && first < c->order_count; first = end) {
        struct carrier carrier = {0};
        end = batch_end(c, first);
        code = carry_batch(c, &carrier, first, end, progress, err);
        carrier_close(&carrier);
        if (code == EX_OK)
            code = index_refresh(c->vault->index, err);
    }
    measure(c);
    return code;
}
