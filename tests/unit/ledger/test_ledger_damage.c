/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes, bit rot and tampering: what a check says about each. */
#include "testing_ledger.h"

enum { SIZE = 600 };

static int start(void **state) {
    place_start(state);
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, SIZE);
    return 0;
}

struct seen {
    uint64_t count;
    uint64_t off; /* handed on with another tree than the one they were made for */
    bool index[SIZE];
};

static ex_code look(void *context, uint64_t index, const uint8_t tree[static MERKLE_BYTES],
                    const uint8_t *data, size_t size, struct ex_error *err) {
    struct seen *s = context;
    struct entry e;
    s->count++;
    s->index[index] = true;
    if (entry_parse(data, size, &e, NULL) == EX_OK && memcmp(e.tree, tree, MERKLE_BYTES) != 0)
        s->off++;
    return EX_OK;
}

static void flip(struct place *p, const char *path, size_t at) {
    size_t size = 0;
    EX_AUTO_FREE uint8_t *data = get_file(p, path, &size);
    data[at % size] ^= 1;
    put_file(p, path, data, size);
}

static void cut(struct place *p, const char *path, size_t to) {
    size_t size = 0;
    EX_AUTO_FREE uint8_t *data = get_file(p, path, &size);
    put_file(p, path, data, to < size ? to : size);
}

static void test_sound(void **state) {
    struct place *p = *state;
    struct seen seen = {0};
    struct ledger_check c = check(p, look, &seen);
    assert_int_equal(c.problem_count, 0);
    assert_int_equal(c.entries, SIZE);
    assert_int_equal(c.tiles, 4); /* three of level 0, one of level 1 */
    assert_true(c.root_matches);
    assert_int_equal(seen.count, SIZE);
    assert_int_equal(seen.off, 0);
}

static void test_flipped_entry(void **state) {
    struct place *p = *state;
    struct seen seen = {0};
    flip(p, "tile/entries/001", 2 + 200); /* inside its first entry, 256 */
    struct ledger_check c = check(p, look, &seen);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, "entry 256: altered in \"ledger/tile/entries/001\""));
    assert_false(c.root_matches);
    assert_int_equal(seen.count, SIZE);
    assert_int_equal(seen.off, 0); /* the damage does not spread */
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    uint8_t *data = NULL;
    size_t size = 0;
    assert_code(EX_ALTERED, ledger_read(l, 300, &data, &size, &err));
    assert_code(EX_OK, ledger_read(l, 10, &data, &size, &err));
    free(data);
}

/* A length that is wrong makes everything after it in the bundle unreadable. */
static void test_flipped_length(void **state) {
    struct place *p = *state;
    struct seen seen = {0};
    flip(p, "tile/entries/001", 0);
    struct ledger_check c = check(p, look, &seen);
    assert_true(has_problem(&c, "\"ledger/tile/entries/001\""));
    assert_true(has_problem(&c, " to 511: missing"));
    assert_false(c.root_matches);
    assert_true(seen.index[255] && seen.index[512]);
    assert_false(seen.index[511]);
}

static void test_short_bundle(void **state) {
    struct place *p = *state;
    struct seen seen = {0};
    cut(p, "tile/entries/000", 5000);
    struct ledger_check c = check(p, look, &seen);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, " to 255: missing in \"ledger/tile/entries/000\""));
    assert_int_equal(c.entries, seen.count);
    assert_true(seen.count > 344 && seen.count < SIZE);
    assert_int_equal(seen.off, 0);
}

static void test_longer_bundle(void **state) {
    struct place *p = *state;
    run(p, "printf x >>ledger/tile/entries/000");
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, "\"ledger/tile/entries/000\" does not consist of 256 entries"));
    assert_int_equal(c.entries, SIZE);
}

static void test_missing_bundle(void **state) {
    struct place *p = *state;
    struct seen seen = {0};
    run(p, "rm ledger/tile/entries/001");
    struct ledger_check c = check(p, look, &seen);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, "entries 256 to 511: missing in \"ledger/tile/entries/001\""));
    assert_false(c.root_matches);
    assert_int_equal(seen.count, SIZE - 256);
    assert_int_equal(seen.off, 0);
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    uint8_t *data = NULL;
    size_t size = 0;
    assert_code(EX_MISSING, ledger_read(l, 300, &data, &size, &err));
}

static void test_missing_last_bundle(void **state) {
    struct place *p = *state;
    run(p, "rm ledger/tile/entries/002.p/88");
    struct ledger_check c = check(p, NULL, NULL);
    assert_true(has_problem(&c, "entries 512 to 599: missing in \"ledger/tile/entries/002.p/88\""));
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    assert_code(EX_OK, ledger_begin(l, 0, &err));
    add_one(p, l);
    assert_code(EX_MISSING, ledger_commit(l, p->key, &err)); /* nothing is built on damage */
    assert_int_equal(ledger_size(l), SIZE);
}

static void test_flipped_leaf_tile(void **state) {
    struct place *p = *state;
    struct seen seen = {0};
    flip(p, "tile/0/001", 32 * 44);
    struct ledger_check c = check(p, look, &seen);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, "entry 300: not what is in \"ledger/tile/0/001\""));
    assert_true(c.root_matches); /* the entries are all there */
    assert_int_equal(seen.off, 0);
}

static void test_missing_tiles(void **state) {
    struct place *p = *state;
    struct ledger *l = NULL;
    run(p, "rm ledger/tile/0/000 ledger/tile/1/000.p/2");
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 2);
    assert_true(has_problem(&c, "\"ledger/tile/0/000\" is missing (over entries 0 to 255)"));
    assert_true(has_problem(&c, "\"ledger/tile/1/000.p/2\" is missing (over entries 0 to 511)"));
    assert_true(c.root_matches);
    assert_code(EX_MISSING, ledger_open(p->fd, &p->name, &l, &err));
}

static void test_flipped_upper_tile(void **state) {
    struct place *p = *state;
    struct ledger *l = NULL;
    flip(p, "tile/1/000.p/2", 40);
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, "\"ledger/tile/1/000.p/2\" does not fit entries 256 to 511"));
    assert_true(c.root_matches);
    assert_code(EX_ALTERED, ledger_open(p->fd, &p->name, &l, &err));
}

static void test_flipped_last_tile(void **state) {
    struct place *p = *state;
    struct ledger *l = NULL;
    flip(p, "tile/0/002.p/88", 87 * 32);
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, "entry 599: not what is in \"ledger/tile/0/002.p/88\""));
    assert_code(EX_ALTERED, ledger_open(p->fd, &p->name, &l, &err));
}

static void test_short_tile(void **state) {
    struct place *p = *state;
    cut(p, "tile/0/001", 8191);
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 1);
    assert_true(has_problem(&c, "\"ledger/tile/0/001\" has 8191 bytes, not 8192"));
}

/* A bundle and its tile were both changed, so that they agree with each other. */
static void test_consistent_forgery(void **state) {
    struct place *p = *state;
    size_t size = 0;
    uint8_t leaf[MERKLE_BYTES];
    EX_AUTO_FREE uint8_t *bundle = get_file(p, "tile/entries/001", &size);
    size_t entry_bytes = (size_t)bundle[0] << 8 | bundle[1];
    bundle[100] ^= 1;
    merkle_leaf_hash(bundle + 2, entry_bytes, leaf);
    put_file(p, "tile/entries/001", bundle, size);
    EX_AUTO_FREE uint8_t *tile = get_file(p, "tile/0/001", &size);
    memcpy(tile, leaf, sizeof leaf);
    put_file(p, "tile/0/001", tile, size);
    struct ledger_check c = check(p, NULL, NULL);
    assert_true(has_problem(&c, "\"ledger/tile/1/000.p/2\" does not fit entries 256 to 511"));
    assert_true(has_problem(&c, "does not have the root in \"ledger/checkpoint\""));
    assert_false(c.root_matches);
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    uint8_t *data = NULL;
    assert_code(EX_ALTERED, ledger_read(l, 256, &data, &size, &err));
}

static void test_checkpoint(void **state) {
    struct place *p = *state;
    struct ledger *l = NULL;
    size_t size = 0;
    EX_AUTO_FREE uint8_t *note = get_file(p, "checkpoint", &size);
    for (size_t i = 0; i < size; i++) {
        note[i] ^= 4;
        put_file(p, "checkpoint", note, size);
        ex_code code = ledger_open(p->fd, &p->name, &l, NULL);
        assert_true(code == EX_SIGNATURE || code == EX_FORMAT);
        note[i] ^= 4;
    }
    run(p, "rm ledger/checkpoint");
    assert_code(EX_MISSING, ledger_open(p->fd, &p->name, &l, &err));
    assert_null(l);
}

static void test_many_problems(void **state) {
    struct place *p = *state;
    for (size_t i = 0; i < 2 * LEDGER_PROBLEMS_MAX; i++)
        flip(p, "tile/0/000", 64 * i);
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 2 * LEDGER_PROBLEMS_MAX);
    assert_true(c.root_matches);
}

static ex_code refuse(void *context, uint64_t index, const uint8_t tree[static MERKLE_BYTES],
                      const uint8_t *data, size_t size, struct ex_error *err) {
    return ex_fail(err, EX_NOMEM, "enough");
}

static void test_callback_fails(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    struct ledger_check c;
    struct ex_progress stopped = {.stop = true};
    assert_code(EX_NOMEM, ledger_check_all(l, refuse, NULL, NULL, &c, &err));
    assert_code(EX_INTERRUPTED, ledger_check_all(l, NULL, NULL, &stopped, &c, &err));
}

/* What a crash leaves beyond the checkpoint: here by going on, and putting the checkpoint back. */
static void leave_behind(struct place *p, uint64_t count) {
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    uint64_t size = p->count;
    run(p, "cp -r ledger saved");
    append(p, l, count);
    run(p, "cp -r saved/. ledger && rm -r saved");
    p->count = size;
    p->any = (sign_key_free(p->any), key_of(99)); /* the next ones will be others */
}

static void test_crash_same_width(void **state) {
    struct place *p = *state;
    leave_behind(p, 3);
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 0);
    assert_int_equal(c.beyond, 2); /* tile/0/002.p/91, tile/entries/002.p/91 */
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 3);
    assert_root(p, l);
    assert_sound(p);
}

static void test_crash_wider(void **state) {
    struct place *p = *state;
    leave_behind(p, 600); /* full tiles where partial ones come next */
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 0);
    assert_int_equal(c.beyond, 7); /* 002, 003, 004.p/176 twice; tile/1/000.p/4 */
    struct ledger *l = place_open(p);
    append(p, l, 1);
    assert_root(p, l);
    c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 0);
    assert_false(
        exists(p, "tile/0/002", NULL)); /* or a reader might take it for a wider 002.p/89 */
    assert_true(c.beyond > 0);          /* those further on wait for their turn */
    ledger_close(l);
    for (int i = 0; i < 7; i++) {
        l = place_open(p);
        append(p, l, 100);
        assert_root(p, l);
        ledger_close(l);
    }
    assert_sound(p);
}

static void test_crash_temporary_files(void **state) {
    struct place *p = *state;
    run(p, "cd ledger/tile && touch 0/002.p/89.00c0ffee.tmp entries/002.p/89.00c0ffee.tmp && "
           "touch 0/002.00c0ffee.tmp");
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 0);
    assert_int_equal(c.beyond, 3);
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 1);
    append(p, l, 200);
    assert_sound(p);
}

/* A crash right after the commit: the narrower files are still there. */
static void test_crash_after_commit(void **state) {
    struct place *p = *state;
    run(p, "cp -r ledger/tile saved");
    struct ledger *l = place_open(p);
    append(p, l, 3);
    ledger_close(l);
    run(p, "cp -r saved/. ledger/tile");
    assert_true(exists(p, "tile/0/002.p/88", NULL));
    assert_sound(p); /* superseded, and in agreement */
    flip(p, "tile/0/002.p/88", 0);
    flip(p, "tile/entries/002.p/88", 70);
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 2);
    assert_true(has_problem(&c, "\"ledger/tile/0/002.p/88\" is not how"));
    assert_true(has_problem(&c, "\"ledger/tile/entries/002.p/88\" is not how"));
    l = place_open(p);
    append(p, l, 1);
    ledger_close(l);
    assert_sound(p);
}

/* Nothing that the checkpoint covers is written again: same inode, same time. */
static void test_never_rewritten(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    struct stat before, after;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/ledger/tile/entries/001", p->path);
    assert_int_equal(stat(path, &before), 0);
    append(p, l, 700);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

/* The disk fails in the middle of an append: the directory of the tiles cannot be written to. */
static void test_failing_commit(void **state) {
    struct place *p = *state;
    struct ledger *l = place_open(p);
    assert_code(EX_OK, ledger_begin(l, 0, &err));
    add_one(p, l);
    p->count--;
    run(p, "mv ledger/tile/0 hidden && touch ledger/tile/0");
    assert_int_not_equal(ledger_commit(l, p->key, NULL), EX_OK);
    run(p, "rm ledger/tile/0 && mv hidden ledger/tile/0");
    assert_int_equal(ledger_size(l), SIZE);
    assert_int_equal(ledger_next_index(l), SIZE);
    struct ledger_check c = check(p, NULL, NULL);
    assert_int_equal(c.problem_count, 0);
    assert_int_equal(c.beyond, 1); /* the bundle came first */
    append(p, l, 1);
    assert_root(p, l);
    ledger_close(l);
    assert_sound(p);
}

#define damage_test(f) cmocka_unit_test_setup_teardown(f, start, place_stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        damage_test(test_sound),
        damage_test(test_flipped_entry),
        damage_test(test_flipped_length),
        damage_test(test_short_bundle),
        damage_test(test_longer_bundle),
        damage_test(test_missing_bundle),
        damage_test(test_missing_last_bundle),
        damage_test(test_flipped_leaf_tile),
        damage_test(test_missing_tiles),
        damage_test(test_flipped_upper_tile),
        damage_test(test_flipped_last_tile),
        damage_test(test_short_tile),
        damage_test(test_consistent_forgery),
        damage_test(test_checkpoint),
        damage_test(test_many_problems),
        damage_test(test_callback_fails),
        damage_test(test_crash_same_width),
        damage_test(test_crash_wider),
        damage_test(test_crash_temporary_files),
        damage_test(test_crash_after_commit),
        damage_test(test_never_rewritten),
        damage_test(test_failing_commit),
    };
    return cmocka_run_group_tests_name("ledger/ledger_damage", tests, NULL, NULL);
}
