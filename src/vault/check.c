/* SPDX-License-Identifier: Apache-2.0 */
/* Is every file sound, and what was left behind? Writes nothing, except that vault_rebuild_index()
 * makes index segments. */
#include "vault/check_internal.h"

#include "vault/layout_internal.h"
#include "vault/sets.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { THROTTLE_NS = 500000000 }; /* no longer without asking whether somebody wants to stop */

static void problem(struct checker *c, const char *format, ...) EX_PRINTF(2, 3);
static void problem(struct checker *c, const char *format, ...) {
    struct vault_check_report *r = c->report;
    va_list args;
    va_start(args, format);
    if (r->problem_count < VAULT_PROBLEMS_MAX)
        (void)vsnprintf(r->problem[r->problem_count], sizeof r->problem[0], format, args);
    r->problem_count++;
    va_end(args);
}

static void tell_problem(void *context, const char *text) {
    problem(context, "%s", text);
}

/* For mapping damage to items. */
static void note_hurt(struct checker *c, uint64_t offset, uint64_t length, const char *why) {
    struct ex_error err;
    if (c->failed.code == EX_OK &&
        hurt_add(c->report->hurt, c->pack_id, offset, length, why, &err) != EX_OK)
        c->failed = err;
}

static void stretch_damaged(void *context, uint64_t offset, uint64_t length) {
    struct checker *c = context;
    note_hurt(c, offset, length, "the record of the chunk is damaged");
    problem(c, "pack %.19s…: %llu bytes at %llu hold no sound record", c->pack,
            (unsigned long long)length, (unsigned long long)offset);
}

/* Decodes one record of the open pack and recomputes its ids. */
static ex_code check_record(struct checker *c, const char *name, const struct pack_list *list,
                            const struct pack_record *expected, struct ex_error *err) {
    size_t size = RECORD_HEADER_BYTES + (size_t)expected->head.stored_length, bad = 0;
    EX_AUTO_FREE uint8_t *data = NULL;
    const struct pack_ref pack = pack_list_ref(list, c->vault->epochs);
    struct record r = {0};
    struct ex_error why = {0};
    EX_TRY(ex_alloc(size, 1, EX_LIMIT_RECORD_BYTES * 2, "a record", &data, err));
    ex_code code =
        pack_read_direct(c->direct_fd, c->method, data, size, expected->offset, name, &why);
    if (code == EX_OK)
        code = record_parse(c->codec, &pack, data, size, RECORD_ALL, &r, &why);
    if (code == EX_OK)
        code = record_check_ids(&r, c->hasher, &bad, &why);
    if (code == EX_OK && bad != r.entry_count)
        code = ex_fail(&why, EX_ALTERED, "entry %zu has another hash than its id", bad);
    if (code == EX_OK &&
        (r.entry_count != expected->count || r.head.number != expected->head.number ||
         r.head.type != expected->head.type ||
         memcmp(r.entry, list->entry + expected->first, r.entry_count * sizeof *r.entry) != 0))
        code = ex_fail(&why, EX_ALTERED, "its table and the trailer do not agree");
    record_clear(&r);
    if (code == EX_NOMEM) {
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code != EX_OK) {
        problem(c, "pack %.19s…, record %u at %u: %s", c->pack, expected->head.number,
                expected->offset, why.text);
        note_hurt(c, expected->offset, size, why.text);
    }
    return EX_OK;
}

/* What the pack holds; problems are said. False: nothing more can be found out about it. */
static bool list_pack(struct checker *c, int fd, const char *name, const uint8_t *id,
                      uint64_t size_bytes, struct pack_list *list) {
    struct ex_error why;
    if (vault_is_locked(c->vault)) {
        if (pack_frame_check(fd, c->vault, name, &why) != EX_OK)
            problem(c, "pack %.19s…: %s", c->pack, why.text);
        return false;
    }
    if (pack_list_read(fd, c->vault, name, list, &why) != EX_OK) {
        problem(c, "pack %.19s…: %s", c->pack, why.text);
        if (pack_list_walk(fd, c->vault, name, list, stretch_damaged, c, &why) == EX_OK) {
            note_hurt(c, size_bytes, UINT64_MAX - size_bytes, "its pack ends before it");
            return true;
        }
        note_hurt(c, 0, UINT64_MAX, why.text);
        return false;
    }
    if (memcmp(list->id, id, VAULT_PACK_ID_BYTES) != 0)
        problem(c, "pack %.19s…: the file has the name of another pack", c->pack);
    return true;
}

static void throttle(struct checker *c, uint64_t bytes) {
    c->bytes_read += bytes;
    if (c->rate_bytes_s == 0)
        return;
    uint64_t due = (uint64_t)((double)c->bytes_read / (double)c->rate_bytes_s * 1e9);
    uint64_t spent = ex_monotonic_ns() - c->started_ns;
    if (spent >= due)
        return;
    uint64_t wait = due - spent < THROTTLE_NS ? due - spent : THROTTLE_NS;
    const struct timespec pause = {.tv_sec = (time_t)(wait / 1000000000),
                                   .tv_nsec = (long)(wait % 1000000000)};
    (void)nanosleep(&pause, NULL); /* a signal ends it early, which does no harm */
}

/* Every record of a pack, from the disk. */
static ex_code check_records(struct checker *c, const char *name, const struct pack_list *list,
                             struct ex_error *err) {
    ex_code code = pack_open_direct(c->vault->packs_fd, name, &c->direct_fd, &c->method, err);
    for (size_t i = 0; code == EX_OK && i < list->record_count; i++) {
        uint64_t size = list->record[i].head.stored_length;
        code = check_record(c, name, list, &list->record[i], err);
        if (code == EX_OK)
            throttle(c, size);
        if (code == EX_OK)
            code = ex_progress_step(c->progress, size, err);
    }
    ex_fd_close(c->direct_fd);
    c->direct_fd = -1;
    return code;
}

static ex_code check_opened(struct checker *c, int fd, const char *name, const uint8_t *id,
                            struct ex_error *err) {
    struct pack_list list = {0};
    struct stat st;
    uint64_t size_bytes = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
    c->report->stored_bytes += size_bytes;
    if (!vault_is_locked(c->vault) && !index_has_pack(c->vault->index, id))
        c->report->packs_not_indexed++;
    if (!list_pack(c, fd, name, id, size_bytes, &list))
        return EX_OK;
    c->report->records += list.record_count;
    ex_code code = c->deep ? check_records(c, name, &list, err) : EX_OK;
    pack_list_clear(&list);
    return code;
}

ex_code checker_pack(struct checker *c, const char *name,
                     const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct ex_error why;
    EX_AUTO_FD int fd = -1;
    c->pack = name + 3;
    c->pack_id = id;
    c->report->packs++;
    if (ex_open_at(c->vault->packs_fd, name, O_RDONLY | O_NONBLOCK, &fd, &why) != EX_OK) {
        problem(c, "pack %.19s…: %s", c->pack, why.text);
        note_hurt(c, 0, UINT64_MAX, why.text);
        return EX_OK;
    }
    EX_TRY(check_opened(c, fd, name, id, err));
    if (c->failed.code != EX_OK && err != NULL)
        *err = c->failed;
    return c->failed.code;
}

static ex_code check_pack(void *context, const char *name,
                          const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    return checker_pack(context, name, id, err);
}

/* A pack that the index knows and the directory does not. */
static void check_is_there(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    struct checker *c = context;
    char name[PACK_NAME_BYTES];
    if (!vault_has_pack(c->vault, id) && !work_is_dropping(c->vault, id))
        problem(c, "pack %.19s… is gone", pack_name(name, id) + 3);
}

/* Names under packs/ that are no pack's, and that everybody else steps over. */
static void check_strangers_in(struct checker *c, const char *sub, int dir_fd) {
    DIR *dir = fdopendir(dir_fd);
    struct dirent *e;
    if (dir == NULL)
        ex_fd_close(dir_fd);
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        uint8_t id[VAULT_PACK_ID_BYTES];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (strlen(e->d_name) != 69 || strcmp(e->d_name + 64, ".pack") != 0 ||
            strncmp(e->d_name, sub, 2) != 0 || !ex_parse_hex(e->d_name, 64, id, sizeof id))
            problem(c, "packs/%s/%.80s is not a pack's name", sub, e->d_name);
    }
    if (dir != NULL)
        closedir(dir);
}

static void check_strangers(struct checker *c) {
    int fd = -1;
    struct dirent *e;
    if (ex_open_at(c->vault->packs_fd, ".", O_RDONLY | O_DIRECTORY, &fd, NULL) != EX_OK)
        return;
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        ex_fd_close(fd);
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        int sub = -1;
        uint8_t digits;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (!ex_parse_hex(e->d_name, strlen(e->d_name), &digits, 1) ||
            ex_open_at(c->vault->packs_fd, e->d_name, O_RDONLY | O_DIRECTORY, &sub, NULL) != EX_OK)
            problem(c, "packs/%.80s is no place of packs", e->d_name);
        else
            check_strangers_in(c, e->d_name, sub);
    }
    if (dir != NULL)
        closedir(dir);
}

/* ---- work left behind ---- */

static void check_work(struct checker *c) {
    struct ex_error why;
    if (vault_work_list(c->vault, c->report->unfinished, VAULT_UNFINISHED_MAX,
                        &c->report->unfinished_count, &why) != EX_OK)
        problem(c, "work: %s", why.text);
}

void vault_check_report_clear(struct vault_check_report *r) {
    vault_hurt_free(r->hurt);
    r->hurt = NULL;
}

ex_code checker_open(struct checker *c, struct vault *v, struct vault_check_report *report,
                     struct ex_error *err) {
    *c = (struct checker){
        .vault = v, .report = report, .direct_fd = -1, .started_ns = ex_monotonic_ns()};
    *report = (struct vault_check_report){.locked = vault_is_locked(v)};
    EX_TRY(codec_new(&c->codec, err));
    EX_TRY(block_hasher_new(&c->hasher, err));
    return hurt_new(&report->hurt, err);
}

void checker_close(struct checker *c) {
    codec_free(c->codec);
    block_hasher_free(c->hasher);
}

static ex_code check_all(struct checker *c, struct ex_error *err) {
    struct vault *v = c->vault;
    EX_TRY(index_refresh(v->index, err));
    EX_TRY(pack_each(v, check_pack, c, err));
    index_each_pack(v->index, check_is_there, c);
    check_strangers(c);
    index_counts(v->index, &c->report->index_segments, &c->report->index_entries);
    EX_TRY(index_check(v->index, tell_problem, c, err));
    EX_TRY(vault_sets_check(v, c->deep, c->progress, tell_problem, c, &c->report->sets, err));
    check_work(c);
    return EX_OK;
}

ex_code vault_check(struct vault *v, bool deep, struct ex_progress *progress,
                    struct vault_check_report *ret, struct ex_error *err) {
    struct checker c;
    ex_code code = checker_open(&c, v, ret, err);
    c.deep = deep;
    c.progress = progress;
    if (code == EX_OK)
        code = check_all(&c, err);
    checker_close(&c);
    return code;
}

/* ---- rebuilding the index ---- */

struct rebuild {
    struct vault *vault;
    struct vault_index *fresh;
    struct index_batch *batch;
    uint64_t packs, entries;
    struct ex_progress *progress;
    char synced[2]; /* the directory under packs/ whose names are durable */
};

static void ignore_stretch(void *context, uint64_t offset, uint64_t length) {
    (void)context;
    (void)offset;
    (void)length;
}

static ex_code rebuild_pack(void *context, const char *name,
                            const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct rebuild *r = context;
    struct vault *v = r->vault;
    struct pack_list list = {0};
    EX_AUTO_FD int fd = -1;
    if (ex_open_at(v->packs_fd, name, O_RDONLY | O_NONBLOCK, &fd, NULL) != EX_OK)
        return EX_OK; /* vault_check says why */
    /* A pack with a damaged end still gives what its sound records hold. */
    if (pack_list_read(fd, v, name, &list, NULL) != EX_OK &&
        pack_list_walk(fd, v, name, &list, ignore_stretch, NULL, NULL) != EX_OK)
        return EX_OK;
    /* Items will rely on what the index names, and whoever put it here may have been killed before
     * its name was durable. */
    ex_code code = EX_OK;
    if (memcmp(r->synced, name, sizeof r->synced) != 0)
        code = ex_sync_name(v->packs_fd, name, err);
    memcpy(r->synced, name, sizeof r->synced);
    if (code == EX_OK && memcmp(list.id, id, VAULT_PACK_ID_BYTES) == 0)
        code = index_batch_add(r->batch, &list, err);
    r->packs++;
    r->entries += list.entry_count;
    pack_list_clear(&list);
    EX_TRY(code);
    return ex_progress_step(r->progress, 1, err);
}

static ex_code rebuild_into(struct rebuild *r, int fresh_fd, struct ex_error *err) {
    EX_TRY(index_open(fresh_fd, !r->vault->config.plain, &r->fresh, err));
    index_set_epochs(r->fresh, r->vault->epochs);
    r->batch = index_batch_new(r->fresh);
    EX_TRY(index_remove_all(r->fresh, err)); /* what a rebuild that was cut off left */
    EX_TRY(index_note_old(r->vault->index, err));
    EX_TRY(pack_each(r->vault, rebuild_pack, r, err));
    EX_TRY(index_batch_end(r->batch, err));
    EX_TRY(index_merge(r->fresh, err));
    return index_replace(r->vault->index, r->fresh, err);
}

/* The old index serves until the new one is whole: nobody is told that something is missing only
 * because the index is being made. */
ex_code vault_rebuild_index(struct vault *v, struct ex_progress *progress, uint64_t *ret_packs,
                            uint64_t *ret_entries, struct ex_error *err) {
    struct rebuild r = {.vault = v, .progress = progress};
    EX_AUTO_FD int fresh_fd = -1;
    if (vault_is_locked(v))
        return ex_fail(err, EX_DENIED, "the vault is locked");
    EX_TRY(ex_open_dir_at(v->dir_fd, "index.new", true, &fresh_fd, err));
    ex_code code = rebuild_into(&r, fresh_fd, err);
    index_batch_free(r.batch);
    index_close(r.fresh);
    (void)ex_remove(v->dir_fd, "index.new/lock", false);
    (void)ex_remove(v->dir_fd, "index.new", true);
    EX_TRY(code);
    *ret_packs = r.packs;
    *ret_entries = r.entries;
    return EX_OK;
}
