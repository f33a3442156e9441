/* SPDX-License-Identifier: Apache-2.0 */
/* Compaction: what is needed stays, what is not goes, and nothing is lost on the way. The calls
 * that change the disk are wrapped, so that a process can be made to die before each one of them.
 */
#include "testing_vault.h"

#include "vault/work_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>

/* ---- dying at a step ---- */

static atomic_long die_at; /* 0: never */

static void step(void) {
    if (atomic_load(&die_at) > 0 && atomic_fetch_sub(&die_at, 1) == 1)
        _exit(99);
}

#define WRAP(type, name, parameters, arguments)                                                    \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters {                                                                \
        step();                                                                                    \
        return __real_##name arguments;                                                            \
    }
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags))
WRAP(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags))

/* ---- what the tests share ---- */

struct held {
    size_t count;
    uint8_t id[16][SHA256_BYTES];
    /* called before the n-th answer, if set */
    void (*before)(struct held *h, unsigned call);
    unsigned calls;
    struct place *place;
};

static ex_code held_objects(void *context, const uint8_t (**ret)[SHA256_BYTES], size_t *ret_count,
                            struct ex_error *err) {
    struct held *h = context;
    h->calls++;
    if (h->before != NULL)
        h->before(h, h->calls);
    *ret = (const uint8_t(*)[SHA256_BYTES])h->id;
    *ret_count = h->count;
    return EX_OK;
}

static void hold(struct held *h, const struct vault_object_info *o) {
    memcpy(h->id[h->count++], o->id, SHA256_BYTES);
}

static struct vault_compact_options options_for(struct held *h) {
    return (struct vault_compact_options){.objects = held_objects,
                                          .context = h,
                                          .threshold_percent = VAULT_COMPACT_PERCENT,
                                          .level = 3,
                                          .journal = "{\"act\": \"compact\"}"};
}

static ex_code compact(struct vault *v, const struct vault_compact_options *options,
                       struct vault_compact_report *ret, struct ex_error *err) {
    EX_AUTO(vault_compaction_free) struct vault_compaction *c = NULL;
    struct vault_compact_report *r;
    ex_code code = vault_compact_plan(v, options, NULL, &c, &r, err);
    if (code == EX_OK)
        code = vault_compact_run(c, NULL, err);
    *ret = *r;
    ret->planned = ret->written = ret->removed = NULL;
    return code;
}

static void must_compact(struct vault *v, struct held *h, struct vault_compact_report *ret) {
    struct ex_error err;
    const struct vault_compact_options options = options_for(h);
    assert_code(EX_OK, compact(v, &options, ret, &err));
}

enum { PART = 1 << 20 };

/* Random bytes that zstd leaves as they are, so that a plain pack can be searched for them. */
static uint8_t *noise(uint64_t seed, size_t size) {
    struct random r = {seed};
    uint8_t *data = ex_new0_bytes(size + 1);
    random_fill(&r, data, size);
    return data;
}

static void put_parts(struct place *p, const uint8_t *a, const uint8_t *b,
                      struct vault_object_info *ret) {
    uint8_t *both = ex_new0_bytes(2 * PART);
    memcpy(both, a, PART);
    memcpy(both + PART, b, PART);
    put_bytes(p, both, 2 * PART, ret, NULL);
    free(both);
}

static void assert_parts(struct vault *v, const struct vault_object_info *o, const uint8_t *a,
                         const uint8_t *b) {
    uint8_t *both = ex_new0_bytes(2 * PART);
    memcpy(both, a, PART);
    memcpy(both + PART, b, PART);
    assert_streams(v, o, both);
    assert_verifies(v, o);
    free(both);
}

struct search {
    const struct place *place;
    const uint8_t *bytes;
    size_t size;
    bool found;
    unsigned packs;
};

static ex_code search_pack(void *context, const char *name,
                           const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *unused) {
    struct ex_error err;
    struct search *s = context;
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    s->packs++;
    assert_code(EX_OK, ex_read_file(s->place->v->packs_fd, name, 1 << 28, &data, &size, &err));
    s->found = s->found || (s->bytes != NULL && memmem(data, size, s->bytes, s->size) != NULL);
    return EX_OK;
}

static bool stored(const struct place *p, const uint8_t *bytes) {
    struct ex_error err;
    struct search s = {.place = p, .bytes = bytes, .size = 512};
    assert_code(EX_OK, pack_each(p->v, search_pack, &s, &err));
    return s.found;
}

static unsigned pack_count(const struct place *p) {
    struct ex_error err;
    struct search s = {.place = p};
    assert_code(EX_OK, pack_each(p->v, search_pack, &s, &err));
    return s.packs;
}

static void assert_gone(struct vault *v, const struct vault_object_info *o) {
    struct vault_object_info again;
    struct ex_error err;
    assert_code(EX_MISSING, vault_object(v, o->id, &again, &err));
}

/* ---- what stays and what goes ---- */

static void shared_stays_own_goes(void **state) {
    struct place *p = *state;
    uint8_t *x = noise(1, PART), *y = noise(2, PART), *z = noise(3, PART);
    struct vault_object_info a, b;
    struct vault_compact_report r;
    struct held h = {0};
    put_parts(p, x, y, &a);
    put_parts(p, z, y, &b);
    hold(&h, &b);
    if (!test_encrypted())
        assert_true(stored(p, x + 5 * 4096) && stored(p, y + 5 * 4096) && stored(p, z + 5 * 4096));
    must_compact(p->v, &h, &r);
    assert_int_equal(r.removed_count, 2);
    assert_int_equal(r.refused_count + r.packs_touched + r.chunks_missing, 0);
    assert_true(r.bytes_after < r.bytes_before - PART / 2);
    assert_parts(p->v, &b, z, y);
    assert_gone(p->v, &a);
    assert_true(test_encrypted() || stored(p, z + 5 * 4096));
    assert_false(stored(p, x + 5 * 4096));
    reopen_place(p);
    assert_parts(p->v, &b, z, y);
    assert_no_problems(p->v);
    must_compact(p->v, &h, &r); /* and then there is nothing to do */
    assert_int_equal(r.planned_count, 0);
    free(x);
    free(y);
    free(z);
}

static void nothing_needed_leaves_nothing(void **state) {
    struct place *p = *state;
    uint8_t *x = noise(1, PART), *y = noise(2, PART);
    struct vault_object_info a;
    struct vault_compact_report r;
    struct held h = {0};
    put_parts(p, x, y, &a);
    must_compact(p->v, &h, &r);
    assert_int_equal(r.packs_after, 0);
    assert_int_equal(r.bytes_after, 0);
    assert_int_equal(pack_count(p), 0);
    assert_gone(p->v, &a);
    put_parts(p, x, y, &a);
    assert_parts(p->v, &a, x, y);
    free(x);
    free(y);
}

static void tiny_packs_are_merged(void **state) {
    struct place *p = *state;
    struct vault_object_info o[12];
    uint8_t *data[12];
    struct vault_compact_report r;
    struct held h = {0};
    for (unsigned i = 0; i < 12; i++) {
        data[i] = mixed(100 + i, 300000 + 1000 * i);
        put_bytes(p, data[i], 300000 + 1000 * i, &o[i], NULL);
        hold(&h, &o[i]);
    }
    assert_int_equal(pack_count(p), 12);
    must_compact(p->v, &h, &r);
    assert_int_equal(pack_count(p), 1);
    assert_int_equal(r.packs_after, 1);
    reopen_place(p);
    for (unsigned i = 0; i < 12; i++) {
        assert_streams(p->v, &o[i], data[i]);
        assert_verifies(p->v, &o[i]);
        free(data[i]);
    }
    assert_no_problems(p->v);
    must_compact(p->v, &h, &r);
    assert_int_equal(r.planned_count, 0);
}

static void settled_packs_are_left_alone(void **state) {
    struct place *p = *state;
    struct ex_error err;
    uint8_t *data = ex_new0_bytes(4 * PART);
    struct random random = {7};
    struct vault_object_info o;
    struct vault_put_report put;
    struct vault_compact_report *r;
    struct vault_compaction *c;
    struct held h = {0};
    text_fill(&random, data, 4 * PART);
    put_bytes(p, data, 4 * PART, &o, &put);
    hold(&h, &o);
    struct vault_compact_options options = options_for(&h);
    options.recompress = true;
    options.settled = (const uint8_t(*)[VAULT_PACK_ID_BYTES])put.pack;
    options.settled_count = 1;
    assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &c, &r, &err));
    assert_int_equal(r->planned_count, 0);
    vault_compaction_free(c);
    options.settled_count = 0;
    options.level = 12;
    assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &c, &r, &err));
    assert_int_equal(r->planned_count, 1);
    assert_code(EX_OK, vault_compact_run(c, NULL, &err));
    assert_true(r->bytes_after < r->bytes_before);
    assert_int_equal(r->entries_dropped, 0);
    vault_compaction_free(c);
    assert_streams(p->v, &o, data);
    vault_put_report_clear(&put);
    free(data);
}

/* ---- the object that goes ---- */

static void counts_what_an_object_shares(void **state) {
    struct place *p = *state;
    struct ex_error err;
    uint8_t *x = noise(1, PART), *y = noise(2, PART), *z = noise(3, PART);
    struct vault_object_info a, b, c2;
    struct vault_compact_report *r;
    struct vault_compaction *c;
    struct held h = {0};
    put_parts(p, x, y, &a);
    put_parts(p, z, y, &b);
    put_parts(p, z, z, &c2);
    hold(&h, &a);
    hold(&h, &b);
    hold(&h, &c2);
    struct vault_compact_options options = options_for(&h);
    options.all = true;
    options.dispose = (const uint8_t(*)[SHA256_BYTES]) & a.id;
    options.dispose_count = 1;
    assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &c, &r, &err));
    assert_int_equal(r->own_bytes, 2 * PART);
    assert_in_range(r->shared_bytes, PART - 2 * 524288, PART);
    assert_int_equal(r->sharing_objects, 1);
    assert_code(EX_OK, vault_compact_run(c, NULL, &err));
    vault_compaction_free(c);
    assert_gone(p->v, &a);
    assert_parts(p->v, &b, z, y);
    assert_parts(p->v, &c2, z, z);
    assert_false(stored(p, x + 5 * 4096));
    free(x);
    free(y);
    free(z);
}

/* ---- damage ---- */

static void first_chunk_record(struct place *p, const struct vault_put_report *r, char path[256],
                               uint32_t *ret_offset, uint32_t *ret_size, enum record_type type) {
    struct ex_error err;
    struct pack_list list;
    char name[PACK_NAME_BYTES];
    EX_AUTO_FD int fd = -1;
    assert_code(EX_OK,
                ex_open_at(p->v->packs_fd, pack_name(name, r->pack[0]), O_RDONLY, &fd, &err));
    assert_code(EX_OK, pack_list_read(fd, p->v, name, &list, &err));
    for (size_t i = 0; i < list.record_count; i++) {
        if (list.record[i].head.type != type)
            continue;
        *ret_offset = list.record[i].offset;
        *ret_size = list.record[i].head.stored_length;
        break;
    }
    pack_list_clear(&list);
    pack_path(p, r, 0, path);
}

static void damage_is_never_dropped(void **state) {
    struct place *p = *state;
    uint8_t *x = noise(1, PART), *y = noise(2, PART), *z = noise(3, PART);
    struct vault_object_info a, b;
    struct vault_put_report put;
    struct vault_compact_report r;
    struct held h = {0};
    char path[256];
    uint32_t offset, size;
    uint8_t *both = ex_new0_bytes(2 * PART);
    memcpy(both, x, PART);
    memcpy(both + PART, y, PART);
    put_bytes(p, both, 2 * PART, &a, &put);
    put_parts(p, z, z, &b);
    hold(&h, &a); /* b is not needed; of a, one record is damaged */
    first_chunk_record(p, &put, path, &offset, &size, RECORD_CHUNKS);
    spoil(path, offset + size, 0x10);
    const struct vault_compact_options options = options_for(&h);
    struct ex_error err;
    assert_code(EX_OK, compact(p->v, &options, &r, &err));
    assert_int_equal(r.refused_count, 1);
    assert_non_null(strstr(r.refused[0], "stays"));
    assert_true(vault_has_pack(p->v, put.pack[0]));
    assert_gone(p->v, &b);
    spoil(path, offset + size, 0x10); /* somebody mends it */
    reopen_place(p);
    assert_parts(p->v, &a, x, y);
    must_compact(p->v, &h, &r); /* what was copied the first time is not copied again */
    assert_int_equal(r.refused_count, 0);
    assert_parts(p->v, &a, x, y);
    assert_no_problems(p->v);
    vault_put_report_clear(&put);
    free(both);
    free(x);
    free(y);
    free(z);
}

static void unknown_needs_stop_it(void **state) {
    struct place *p = *state;
    uint8_t *x = noise(1, PART), *y = noise(2, PART);
    struct vault_object_info a, b;
    struct vault_put_report put;
    struct vault_compact_report r;
    struct held h = {0};
    struct ex_error err;
    char path[256];
    uint32_t offset, size;
    put_parts(p, x, y, &b);
    put_bytes(p, x, PART / 2, &a, &put);
    hold(&h, &a);
    first_chunk_record(p, &put, path, &offset, &size, RECORD_NODES);
    spoil(path, offset + size, 0x10);
    const struct vault_compact_options options = options_for(&h);
    unsigned packs = pack_count(p);
    assert_code(EX_ALTERED, compact(p->v, &options, &r, &err));
    assert_true(r.hurt && memcmp(r.hurt_object, a.id, SHA256_BYTES) == 0);
    assert_int_equal(pack_count(p), packs);
    vault_put_report_clear(&put);
    free(x);
    free(y);
}

/* ---- others at work ---- */

static void one_at_a_time(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct held h = {0};
    struct vault_compaction *first, *second;
    struct vault_compact_report *r;
    const struct vault_compact_options options = options_for(&h);
    assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &first, &r, &err));
    assert_code(EX_BUSY, vault_compact_plan(p->v, &options, NULL, &second, &r, &err));
    vault_compaction_free(second);
    vault_compaction_free(first);
    assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &first, &r, &err));
    vault_compaction_free(first);
}

static void waits_for_no_unfinished_work(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct held h = {0};
    struct vault_compaction *c;
    struct vault_compact_report *r;
    const struct vault_compact_options options = options_for(&h);
    struct vault_work *work;
    char path[128];
    assert_code(EX_OK, work_make(p->v, "{\"act\": \"collect\"}", &work, &err));
    (void)snprintf(path, sizeof path, "%s/work/%s/journal", p->vault, work->name);
    vault_work_close(work);
    assert_code(EX_BUSY, vault_compact_plan(p->v, &options, NULL, &c, &r, &err));
    assert_non_null(strstr(err.text, "unfinished work"));
    vault_compaction_free(c);
    assert_int_equal(unlink(path), 0); /* one that shared nothing yet is tidied away */
    assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &c, &r, &err));
    vault_compaction_free(c);
}

/* A crash while the journal was made may leave its length without its bytes. */
static void tidies_away_what_was_never_begun(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct held h = {0};
    struct vault_compaction *c;
    struct vault_compact_report *r;
    const struct vault_compact_options options = options_for(&h);
    struct vault_work *work;
    char path[128];
    struct stat st;
    for (int zeros = 0; zeros < 2; zeros++) {
        assert_code(EX_OK, work_make(p->v, "{\"act\": \"compact\"}", &work, &err));
        (void)snprintf(path, sizeof path, "%s/work/%s/journal", p->vault, work->name);
        vault_work_close(work);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(truncate(path, zeros ? 0 : PACK_HEADER_BYTES), 0);
        assert_int_equal(truncate(path, st.st_size), 0);
        assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &c, &r, &err));
        vault_compaction_free(c);
        assert_int_not_equal(stat(path, &st), 0);
    }
}

/* Something that nobody needed when it was planned is shared by an item that comes before the end.
 */
static struct vault_object_info late;
static void put_late(struct held *h, unsigned call) {
    if (call == 2)
        hold(h, &late);
}

static void a_late_item_keeps_what_it_shares(void **state) {
    struct place *p = *state;
    struct ex_error err;
    uint8_t *x = noise(1, PART), *y = noise(2, PART), *z = noise(3, PART);
    struct vault_object_info a, b;
    struct vault_compaction *c;
    struct vault_compact_report *r;
    struct held h = {.before = put_late, .place = p};
    put_parts(p, x, y, &a);
    put_parts(p, z, z, &b);
    hold(&h, &b);
    const struct vault_compact_options options = options_for(&h);
    assert_code(EX_OK, vault_compact_plan(p->v, &options, NULL, &c, &r, &err));
    assert_true(r->planned_count > 0);
    put_parts(p, y, x, &late); /* shares all of a, which is to go */
    assert_code(EX_OK, vault_compact_run(c, NULL, &err));
    assert_true(r->packs_touched > 0);
    vault_compaction_free(c);
    reopen_place(p);
    assert_parts(p->v, &late, y, x);
    assert_parts(p->v, &b, z, z);
    assert_no_problems(p->v);
    free(x);
    free(y);
    free(z);
}

/* A reader that opened the index before, and one in the middle of an object. */
struct reading {
    struct collector collector;
    struct place *place;
    struct held *held;
    unsigned pieces;
};

static ex_code compact_meanwhile(void *context, const struct vault_piece *piece,
                                 struct ex_error *ret_err) {
    struct ex_error err;
    struct reading *g = context;
    if (g->pieces++ == 2) {
        struct vault *v;
        struct vault_compact_report r;
        assert_code(EX_OK, open_test_vault(g->place->vault, &v, &err));
        must_compact(v, g->held, &r);
        assert_true(r.removed_count > 0);
        vault_close(v);
    }
    return collect_piece(&g->collector, piece, ret_err);
}

static void readers_notice_nothing(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 24 << 20 };
    uint8_t *data = noise(5, SIZE), *other = noise(6, 12 << 20);
    struct vault_object_info a, b;
    struct vault *old;
    struct held h = {0};
    put_bytes(p, data, SIZE, &a, NULL);
    put_bytes(p, other, 12 << 20, &b, NULL);
    hold(&h, &a);
    hold(&h, &b);
    assert_code(EX_OK, open_test_vault(p->vault, &old, &err));
    struct reading g = {
        .place = p, .held = &h, .collector = {.size = SIZE, .data = ex_new0_bytes(SIZE + 1)}};
    assert_code(EX_OK, vault_stream(p->v, &a, false, compact_meanwhile, &g, NULL, &err));
    assert_true(g.pieces > 2);
    assert_int_equal(g.collector.damaged_pieces, 0);
    assert_memory_equal(g.collector.data, data, SIZE);
    assert_verifies(old, &b);
    assert_verifies(old, &a);
    find_object(old, a.id, &b);
    vault_object_info_clear(&b);
    vault_close(old);
    free(g.collector.data);
    free(data);
    free(other);
}

/* ---- dying ---- */

static int in_child(struct place *p, struct held *h, long at) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct vault *v;
        struct vault_compact_report r;
        struct ex_error err;
        const struct vault_compact_options options = options_for(h);
        if (open_test_vault(p->vault, &v, &err) != EX_OK)
            _exit(1);
        atomic_store(&die_at, at);
        _exit(compact(v, &options, &r, &err) == EX_OK ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void copy_vault(const struct place *p, const char *from, const char *to) {
    char command[256];
    remove_tree(to);
    (void)snprintf(command, sizeof command, "cp -a '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
    (void)p;
}

/* Before every single call that changes the disk: what is needed is whole, and the next run ends
 * what this one began. */
static void killed_at_every_step(void **state) {
    struct place *p = *state;
    uint8_t *x = noise(1, PART), *y = noise(2, PART), *z = noise(3, PART);
    struct vault_object_info a, b, c;
    struct vault_compact_report r;
    struct held h = {0};
    struct vault_check_report *check = ex_new0(struct vault_check_report);
    char saved[96];
    int result = 99;
    long at;
    put_parts(p, x, y, &a);
    put_parts(p, z, y, &b);
    put_parts(p, x, z, &c);
    hold(&h, &b);
    close_place(p);
    (void)snprintf(saved, sizeof saved, "%s/saved", p->root);
    copy_vault(p, p->vault, saved);
    for (at = 1; result == 99; at++) {
        copy_vault(p, saved, p->vault);
        result = in_child(p, &h, at);
        open_place(p);
        assert_parts(p->v, &b, z, y);
        check_vault(p->v, true, check);
        assert_int_equal(check->problem_count, 0);
        if (result == 99)
            must_compact(p->v, &h, &r);
        assert_int_equal(r.refused_count, 0);
        assert_parts(p->v, &b, z, y);
        assert_gone(p->v, &c);
        assert_false(stored(p, x + 5 * 4096));
        assert_no_problems(p->v);
        close_place(p);
    }
    assert_int_equal(result, 0);
    assert_true(at > 10);
    free(check);
    free(x);
    free(y);
    free(z);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(shared_stays_own_goes),
        place_test(nothing_needed_leaves_nothing),
        place_test(tiny_packs_are_merged),
        place_test(settled_packs_are_left_alone),
        place_test(counts_what_an_object_shares),
        place_test(damage_is_never_dropped),
        place_test(unknown_needs_stop_it),
        place_test(one_at_a_time),
        place_test(waits_for_no_unfinished_work),
        place_test(tidies_away_what_was_never_begun),
        place_test(a_late_item_keeps_what_it_shares),
        place_test(readers_notice_nothing),
        place_test(killed_at_every_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
