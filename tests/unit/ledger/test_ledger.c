/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_ledger.h"

#include "ledger/tiles_internal.h"

static void test_empty(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    uint8_t *data = NULL;
    size_t size = 0;
    assert_int_equal(ledger_size(l), 0);
    assert_string_equal(ledger_origin(l), ORIGIN);
    assert_root(p, l);
    assert_code(EX_NOT_FOUND, ledger_read(l, 0, &data, &size, &err));
    assert_code(EX_EXISTS, ledger_create(p->fd, ORIGIN, p->key, &err));
    append(p, l, 0);
    assert_sound(p);
}

/* The files are those of tlog-tiles for this size, with these lengths, and no others. */
static void assert_files(const struct place *p) {
    uint64_t files = 0, found = 0;
    char path[TILE_PATH_MAX], command[160];
    off_t size;
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        for (uint64_t n = 0; tile_width(p->count, level, n) > 0; n++, files++) {
            struct tile t = tile_at(p->count, level, n);
            assert_true(exists(p, tile_path(path, &t), &size));
            assert_int_equal(size, t.width * MERKLE_BYTES);
        }
    }
    for (uint64_t n = 0; tile_width(p->count, TILE_ENTRIES, n) > 0; n++, files++) {
        struct tile t = tile_at(p->count, TILE_ENTRIES, n);
        assert_true(exists(p, tile_path(path, &t), NULL));
    }
    (void)snprintf(command, sizeof command, "cd %s/ledger/tile && find . -type f | wc -l", p->path);
    FILE *pipe = popen(command, "r");
    assert_int_equal(fscanf(pipe, "%lu", &found), 1);
    pclose(pipe);
    assert_int_equal(found, files);
    run(p, "test -z \"$(find . -type d -name '*.p' -empty)\"");
}

static void test_growth(void **state) {
    static const unsigned batches[] = {1, 1,  2, 3, 5,  7,  11, 100, 125, 1,
                                       1, 90, 1, 1, 40, 60, 50, 30,  71}; /* 600 in all */
    struct place *p = *state;
    struct ledger *l = place_open(p);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        append(p, l, batches[i]);
        assert_root(p, l);
        if (i % 3 == 0) {
            ledger_close(l);
            l = place_open(p);
            assert_root(p, l);
        }
        assert_files(p);
    }
    assert_int_equal(p->count, 600);
    ledger_close(l);
    assert_sound(p);
    off_t size;
    assert_true(exists(p, "tile/0/000", &size));
    assert_int_equal(size, 8192);
    assert_true(exists(p, "tile/0/001", NULL));
    assert_true(exists(p, "tile/0/002.p/88", &size));
    assert_int_equal(size, 88 * 32);
    assert_true(exists(p, "tile/1/000.p/2", NULL));
    assert_true(exists(p, "tile/entries/002.p/88", NULL));
    assert_false(exists(p, "tile/0/000.p", NULL));
    assert_false(exists(p, "tile/2", NULL));
}

/* One entry at a time, over the seam of the first full tile. */
static void test_growth_by_one(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 252);
    for (int i = 0; i < 8; i++) {
        append(p, l, 1);
        assert_root(p, l);
        assert_files(p);
    }
    assert_sound(p);
}

/* One append over several levels: 65536 entries fill a tile of level 1. */
static void test_growth_large(void **state) {
    struct place *p = *state;
    struct ledger *l = place_open(p);
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size = 0;
    append(p, l, 300);
    append(p, l, 65536 - 300 - 1);
    append(p, l, 5);
    assert_root(p, l);
    assert_files(p);
    ledger_close(l);
    l = place_open(p);
    assert_root(p, l);
    append(p, l, 400);
    assert_root(p, l);
    assert_code(EX_OK, ledger_read(l, 65535, &data, &size, &err));
    ledger_close(l);
    assert_files(p);
    assert_true(exists(p, "tile/1/000", NULL));
    assert_true(exists(p, "tile/2/000.p/1", NULL));
    assert_sound(p);
}

static void test_read(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 520);
    for (uint64_t i = 0; i < 520; i++) {
        uint64_t index = (i * 257) % 520;
        EX_AUTO_FREE uint8_t *data = NULL;
        size_t size = 0;
        uint8_t leaf[MERKLE_BYTES];
        assert_code(EX_OK, ledger_read(l, index, &data, &size, &err));
        merkle_leaf_hash(data, size, leaf);
        assert_memory_equal(leaf, p->leaf[index], sizeof leaf);
    }
    uint8_t *none = NULL;
    size_t size = 0;
    assert_code(EX_NOT_FOUND, ledger_read(l, 520, &none, &size, &err));
}

/* Reads "head, base64 lines, empty line, checkpoint" as a stranger would. */
static size_t parse_proof(const char *text, const char *head, uint8_t (*ret)[MERKLE_BYTES],
                          const char **ret_checkpoint) {
    struct ex_cursor c = ex_cursor_make(text, strlen(text));
    size_t size, count = 0;
    assert_memory_equal(text, head, strlen(head));
    assert_non_null(ex_cursor_bytes(&c, strlen(head)));
    for (const char *line; (line = ex_cursor_line(&c, &size)) != NULL && size > 0; count++)
        assert_true(ex_parse_base64(line, size, ret[count], MERKLE_BYTES));
    *ret_checkpoint = text + c.pos;
    return count;
}

static void test_inclusion(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 300);
    append(p, l, 217);
    EX_AUTO_FREE char *present = NULL;
    assert_code(EX_OK, ledger_checkpoint_text(l, &present, &err));
    uint8_t root[MERKLE_BYTES], path[64][MERKLE_BYTES];
    ledger_root(l, root);
    for (uint64_t i = 0; i < p->count; i++) {
        EX_AUTO_FREE char *text = NULL;
        char head[64];
        const char *checkpoint;
        assert_code(EX_OK, ledger_prove_entry(l, i, &text, &err));
        (void)snprintf(head, sizeof head, "c2sp.org/tlog-proof@v1\nindex %llu\n",
                       (unsigned long long)i);
        size_t count = parse_proof(text, head, path, &checkpoint);
        assert_string_equal(checkpoint, present);
        assert_true(merkle_inclusion_verify(i, p->count, p->leaf[i],
                                            (const uint8_t(*)[MERKLE_BYTES])path, count, root));
        assert_false(merkle_inclusion_verify(i, p->count, p->leaf[(i + 1) % p->count],
                                             (const uint8_t(*)[MERKLE_BYTES])path, count, root));
    }
    char *text = NULL;
    assert_code(EX_NOT_FOUND, ledger_prove_entry(l, p->count, &text, &err));
}

static void test_consistency(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 517);
    uint8_t root[MERKLE_BYTES], old_root[MERKLE_BYTES], path[64][MERKLE_BYTES];
    ledger_root(l, root);
    for (uint64_t old = 0; old <= p->count; old += old < 20 || old > 500 ? 1 : 7) {
        EX_AUTO_FREE char *text = NULL;
        char head[64];
        const char *checkpoint;
        assert_code(EX_OK, ledger_prove_since(l, old, &text, &err));
        (void)snprintf(head, sizeof head, "old %llu\n", (unsigned long long)old);
        size_t count = parse_proof(text, head, path, &checkpoint);
        naive_root(p, 0, old, old_root);
        if (old == 0 || old == p->count)
            assert_int_equal(count, 0);
        else
            assert_true(merkle_consistency_verify(old, p->count, old_root, root,
                                                  (const uint8_t(*)[MERKLE_BYTES])path, count));
    }
    char *text = NULL;
    assert_code(EX_NOT_FOUND, ledger_prove_since(l, p->count + 1, &text, &err));
}

static void test_two_handles(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *a = place_open(p), *b = place_open(p);
    for (int i = 0; i < 40; i++) {
        append(p, a, 4);
        append(p, b, 5);
        assert_root(p, b);
    }
    assert_int_equal(ledger_size(a), 355);
    assert_code(EX_OK, ledger_refresh(a, &err));
    assert_int_equal(ledger_size(a), 360);
    assert_root(p, a);
    assert_sound(p);
}

/* A reader whose partial tiles were superseded meanwhile reads on in the wider ones. */
static void test_old_reader(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *writer = place_open(p);
    append(p, writer, 10);
    EX_AUTO(ledger_close) struct ledger *reader = place_open(p), *checker = place_open(p);
    for (int i = 0; i < 2; i++) {
        EX_AUTO_FREE uint8_t *data = NULL;
        EX_AUTO_FREE char *proof = NULL;
        size_t size = 0;
        struct ledger_check c;
        append(p, writer, i == 0 ? 5 : 400); /* a wider partial tile, then a full one */
        assert_int_equal(ledger_size(reader), 10);
        assert_code(EX_OK, ledger_read(reader, 9, &data, &size, &err));
        assert_code(EX_OK, ledger_prove_entry(reader, 3, &proof, &err));
        assert_code(EX_NOT_FOUND, ledger_read(reader, 10, &data, &size, &err));
        assert_code(EX_OK, ledger_check_all(checker, NULL, NULL, NULL, &c, &err));
        assert_int_equal(c.problem_count, 0);
        assert_int_equal(c.beyond, 0);
        assert_true(c.root_matches);
    }
}

static void test_lock(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *a = place_open(p), *b = place_open(p);
    assert_code(EX_OK, ledger_begin(a, 0, &err));
    assert_code(EX_INTERNAL, ledger_begin(a, 0, &err));
    assert_code(EX_BUSY, ledger_begin(b, 40, &err));
    ledger_abort(a);
    append(p, b, 1);
    assert_code(EX_OK, ledger_begin(a, 0, &err));
    assert_int_equal(ledger_next_index(a), 1);
    ledger_abort(a);
    ledger_abort(a);
}

static void test_abort(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 3);
    assert_code(EX_OK, ledger_begin(l, 0, &err));
    add_one(p, l);
    assert_int_equal(ledger_next_index(l), 4);
    ledger_abort(l);
    p->count--;
    assert_int_equal(ledger_next_index(l), 3);
    assert_code(EX_INTERNAL, ledger_commit(l, p->key, &err));
    assert_code(EX_INTERNAL, ledger_add(l, (const uint8_t *)"x", 1, &err));
    append(p, l, 2);
    assert_sound(p);
}

static void test_wrong_place(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t tree[MERKLE_BYTES];
    size_t size = 0;
    append(p, l, 3);
    assert_code(EX_OK, ledger_begin(l, 0, &err));
    ledger_next_tree(l, tree);
    struct entry e = make_entry("item.note", 2, tree);
    assert_code(EX_OK, entry_write(&e, p->any, &data, &size, &err));
    assert_code(EX_INTERNAL, ledger_add(l, data, size, &err));
    assert_code(EX_FORMAT, ledger_add(l, (const uint8_t *)"x", 1, &err));
}

static void test_wrong_key(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 3);
    assert_code(EX_OK, ledger_begin(l, 0, &err));
    add_one(p, l);
    p->count--;
    assert_code(EX_INTERNAL, ledger_commit(l, p->any, &err));
    append(p, l, 1);
    assert_sound(p);
}

static void test_open_with_wrong_key(void **state) {
    struct place *p = *state;
    struct ledger *l = NULL;
    struct note_key other;
    assert_code(EX_OK,
                note_key_make(ORIGIN, NOTE_TYPE_ED25519, sign_key_public(p->any), &other, &err));
    assert_code(EX_SIGNATURE, ledger_open(p->fd, &other, &l, &err));
    assert_code(EX_OK, note_key_make("exhibit-vault/other", NOTE_TYPE_ED25519,
                                     sign_key_public(p->key), &other, &err));
    assert_code(EX_SIGNATURE, ledger_open(p->fd, &other, &l, &err));
    assert_null(l);
}

/* A checkpoint by the right key whose origin is another log's. */
static void test_other_origin(void **state) {
    struct place *p = *state;
    struct ledger *l = NULL;
    struct checkpoint c = {.origin = "exhibit-vault/other"};
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO_FREE char *note = NULL;
    size_t text_bytes = 0, note_bytes = 0;
    naive_root(p, 0, 0, c.root);
    assert_code(EX_OK, checkpoint_text(&c, &text, &text_bytes, &err));
    assert_code(EX_OK, note_sign(text, text_bytes, &p->name, p->key, &note, &note_bytes, &err));
    put_file(p, "checkpoint", note, note_bytes);
    assert_code(EX_SIGNATURE, ledger_open(p->fd, &p->name, &l, &err));
}

/* Signature lines by unknown keys (a cosigner's) do no harm. */
static void test_cosigned(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 5);
    run(p, "echo '— cosigner.example mJirIgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==' >>ledger/checkpoint");
    assert_code(EX_OK, ledger_refresh(l, &err));
    append(p, l, 5);
    assert_sound(p);
}

static char *save_checkpoint(struct place *p, struct ledger *l, uint64_t count) {
    char *text = NULL;
    if (count > 0)
        append(p, l, count);
    assert_code(EX_OK, ledger_checkpoint_text(l, &text, &err));
    return text;
}

static void test_continues(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    EX_AUTO_FREE char *empty = save_checkpoint(p, l, 0);
    EX_AUTO_FREE char *ten = save_checkpoint(p, l, 10);
    EX_AUTO_FREE char *more = save_checkpoint(p, l, 290);
    uint64_t old_size = 99;
    assert_code(EX_OK, ledger_continues(l, empty, strlen(empty), &old_size, &err));
    assert_int_equal(old_size, 0);
    assert_code(EX_OK, ledger_continues(l, ten, strlen(ten), &old_size, &err));
    assert_int_equal(old_size, 10);
    assert_code(EX_OK, ledger_continues(l, more, strlen(more), &old_size, &err));
    assert_int_equal(old_size, 300);
    ten[strlen(ten) - 10] ^= 1;
    assert_int_not_equal(ledger_continues(l, ten, strlen(ten), &old_size, NULL), EX_OK);
}

/* The whole directory was put back to an earlier state: valid in itself, and shorter than what
 * somebody outside remembers. After going on from there, it is a fork. */
static void test_rolled_back(void **state) {
    struct place *p = *state;
    struct ledger *l = place_open(p);
    append(p, l, 20);
    run(p, "cp -r ledger saved");
    EX_AUTO_FREE char *outside = save_checkpoint(p, l, 20);
    uint64_t old_size;
    run(p, "rm -r ledger && mv saved ledger");
    /* This very process remembers, too. */
    struct ledger *fresh = place_open(p);
    assert_code(EX_ALTERED, ledger_continues(fresh, outside, strlen(outside), &old_size, &err));
    ledger_close(l);
    p->count = 20;
    append(p, fresh, 1);
    p->any = (sign_key_free(p->any), key_of(77)); /* other entries than the first time */
    append(p, fresh, 19);
    assert_code(EX_ALTERED, ledger_continues(fresh, outside, strlen(outside), &old_size, &err));
    append(p, fresh, 19);
    assert_code(EX_ALTERED, ledger_continues(fresh, outside, strlen(outside), &old_size, &err));
    ledger_close(fresh);
    assert_sound(p);
}

static void test_checkpoint_rolled_back(void **state) {
    struct place *p = *state;
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    append(p, l, 20);
    run(p, "cp ledger/checkpoint saved");
    append(p, l, 300);
    run(p, "cp saved ledger/checkpoint");
    assert_code(EX_ALTERED, ledger_refresh(l, &err));
    assert_code(EX_ALTERED, ledger_begin(l, 0, &err));
    assert_int_equal(ledger_size(l), 320); /* what it knew to be good */
    assert_root(p, l);
    struct ledger_check c = check(p, NULL, NULL);
    assert_true(c.beyond > 0);
    assert_int_equal(c.entries, 20);
}

static void test_number_text(void **state) {
    char text[LEDGER_NUMBER_MAX];
    assert_string_equal(ledger_number_text(text, 0), "000");
    assert_string_equal(ledger_number_text(text, 999), "999");
    assert_string_equal(ledger_number_text(text, 1000), "x001/000");
    assert_string_equal(ledger_number_text(text, 1234067), "x001/x234/067");
    assert_string_equal(ledger_number_text(text, UINT64_MAX), "x018/x446/x744/x073/x709/x551/615");
}

static void test_tile_paths(void **state) {
    static const char *const wrong[] = {
        "tile/0/1",          "tile/0/0000",
        "tile/0/x000/001",   "tile/0/000.p/0",
        "tile/0/000.p/256",  "tile/0/000.p/07",
        "tile/00/000",       "tile/64/000",
        "tile/0/000.p",      "tile/0/000.p/1/2",
        "tile/entries/x00",  "tile/0/",
        "tile/0/000.1a.tmp", "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/x/000",        "tile",
    };
    struct tile t;
    char path[TILE_PATH_MAX];
    assert_true(tile_path_parse("tile/3/x001/x234/067.p/5", &t));
    assert_int_equal(t.level, 3);
    assert_int_equal(t.n, 1234067);
    assert_int_equal(t.width, 5);
    assert_string_equal(tile_path(path, &t), "tile/3/x001/x234/067.p/5");
    assert_true(tile_path_parse("tile/entries/000", &t));
    assert_int_equal(t.width, TILE_WIDTH);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(tile_path_parse(wrong[i], &t));
    /* C2SP tlog-tiles: a tree of 70,000 leaves */
    assert_int_equal(tile_width(70000, 0, 272), 256);
    assert_int_equal(tile_width(70000, 0, 273), 112);
    assert_int_equal(tile_width(70000, 0, 274), 0);
    assert_int_equal(tile_width(70000, 1, 0), 256);
    assert_int_equal(tile_width(70000, 1, 1), 17);
    assert_int_equal(tile_width(70000, 2, 0), 1);
    assert_int_equal(tile_width(70000, 3, 0), 0);
}

static ex_code hash_leaf(void *context, uint64_t index,
                         const uint8_t tree_before[static MERKLE_BYTES], const uint8_t *entry,
                         size_t size_bytes, struct ex_error *err) {
    struct place *p = context;
    uint8_t expected[MERKLE_BYTES];
    assert_int_equal(index, p->count);
    naive_root(p, 0, p->count, expected);
    assert_memory_equal(tree_before, expected, sizeof expected);
    merkle_leaf_hash(entry, size_bytes, p->leaf[p->count++]);
    return EX_OK;
}

/* A log that another program wrote, whose entries are not ours. */
static void test_tessera(void **state) {
    static const char vkey[] =
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    struct place *p = *state;
    struct ledger *l = NULL;
    struct ledger_check c;
    assert_code(EX_OK, note_key_parse(vkey, &p->name, &err));
    run(p, "rm -r ledger && cp -r \"$EXHIBIT_VECTORS/tessera-log\" ledger");
    assert_code(EX_OK, ledger_open(p->fd, &p->name, &l, &err));
    assert_int_equal(ledger_size(l), 15);
    assert_code(EX_OK, ledger_check_all(l, hash_leaf, p, NULL, &c, &err));
    if (c.problem_count > 0)
        fail_msg("%s", c.problem[0]);
    assert_true(c.root_matches);
    assert_root(p, l);
    for (unsigned size = 1; size <= 15; size++) {
        char name[32];
        size_t bytes = 0;
        uint64_t old_size = 0;
        (void)snprintf(name, sizeof name, "checkpoint.%u", size);
        EX_AUTO_FREE uint8_t *note = get_file(p, name, &bytes);
        assert_code(EX_OK, ledger_continues(l, (const char *)note, bytes, &old_size, &err));
        assert_int_equal(old_size, size);
    }
    ledger_close(l);
}

#define place_test(f) cmocka_unit_test_setup_teardown(f, place_start, place_stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(test_empty),
        place_test(test_growth),
        place_test(test_growth_by_one),
        place_test(test_growth_large),
        place_test(test_read),
        place_test(test_inclusion),
        place_test(test_consistency),
        place_test(test_two_handles),
        place_test(test_old_reader),
        place_test(test_lock),
        place_test(test_abort),
        place_test(test_wrong_place),
        place_test(test_wrong_key),
        place_test(test_open_with_wrong_key),
        place_test(test_other_origin),
        place_test(test_cosigned),
        place_test(test_continues),
        place_test(test_rolled_back),
        place_test(test_checkpoint_rolled_back),
        cmocka_unit_test(test_number_text),
        cmocka_unit_test(test_tile_paths),
        place_test(test_tessera),
    };
    return cmocka_run_group_tests_name("ledger/ledger", tests, NULL, NULL);
}
