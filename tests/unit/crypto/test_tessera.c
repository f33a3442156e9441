/* SPDX-License-Identifier: Apache-2.0 */
/* A whole small log that another program (Tessera) wrote: checkpoints, entries, tiles. */
#include "testing.h"

#include "base/cursor.h"
#include "crypto/note.h"

enum { LOG_SIZE = 15, TILE_BYTES_MAX = LOG_SIZE * MERKLE_BYTES };

static const char VKEY[] =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

static struct note_key log_key(void) {
    struct ex_error err;
    struct note_key key;
    assert_code(EX_OK, note_key_parse(VKEY, &key, &err));
    return key;
}

static struct checkpoint open_checkpoint(const char *name, size_t *ret_signed_bytes) {
    struct ex_error err;
    struct note_key key = log_key();
    struct note_verified verified[2];
    struct checkpoint c;
    size_t size, text_bytes, count;
    EX_AUTO_FREE uint8_t *note = load_vector(name, &size);
    assert_code(EX_OK, note_open((const char *)note, size, &key, 1, &text_bytes, verified, 2,
                                 &count, &err));
    assert_int_equal(count, 1);
    assert_code(EX_OK, checkpoint_parse((const char *)note, text_bytes, &c, &err));
    assert_string_equal(c.origin, "example.com/log/testdata");
    *ret_signed_bytes = text_bytes;
    return c;
}

static struct checkpoint checkpoint_of(unsigned size) {
    char name[64];
    size_t text_bytes;
    (void)snprintf(name, sizeof name, "tessera-log/checkpoint.%u", size);
    struct checkpoint c = open_checkpoint(name, &text_bytes);
    assert_int_equal(c.size, size);
    return c;
}

/* The leaf hashes of a bundle of entries: u16 length, bytes, again and again. */
static void read_entries(unsigned width, uint8_t (*ret)[MERKLE_BYTES]) {
    struct ex_error err;
    char name[64];
    size_t size;
    (void)snprintf(name, sizeof name, "tessera-log/tile/entries/000.p/%u", width);
    EX_AUTO_FREE uint8_t *bundle = load_vector(name, &size);
    struct ex_cursor c = ex_cursor_make(bundle, size);
    for (unsigned i = 0; i < width; i++) {
        uint16_t bytes = ex_cursor_be16(&c);
        const uint8_t *entry = ex_cursor_bytes(&c, bytes);
        assert_non_null(entry);
        merkle_leaf_hash(entry, bytes, ret[i]);
    }
    assert_code(EX_OK, ex_cursor_end(&c, "the bundle", &err));
}

static void every_checkpoint_is_signed(void **state) {
    struct ex_error err;
    struct note_key key = log_key();
    size_t text_bytes, size, count;
    struct note_verified verified[1];
    struct checkpoint last = open_checkpoint("tessera-log/checkpoint", &text_bytes);
    assert_int_equal(last.size, LOG_SIZE);
    for (unsigned i = 0; i <= LOG_SIZE; i++)
        (void)checkpoint_of(i);
    /* Every byte of the text is under the signature. */
    EX_AUTO_FREE uint8_t *note = load_vector("tessera-log/checkpoint", &size);
    for (size_t i = 0; i + 1 < text_bytes; i++) {
        note[i] ^= 1;
        assert_int_not_equal(
            note_open((const char *)note, size, &key, 1, &text_bytes, verified, 1, &count, &err),
            EX_OK);
        note[i] ^= 1;
    }
}

static void roots_follow_from_the_entries(void **state) {
    uint8_t leaf[LOG_SIZE][MERKLE_BYTES], root[MERKLE_BYTES];
    for (unsigned size = 0; size <= LOG_SIZE; size++) {
        struct checkpoint c = checkpoint_of(size);
        struct merkle_frontier f;
        if (size > 0)
            read_entries(size, leaf);
        merkle_frontier_start(&f);
        for (unsigned i = 0; i < size; i++)
            merkle_frontier_add(&f, leaf[i]);
        merkle_frontier_root(&f, root);
        assert_memory_equal(root, c.root, sizeof root);
    }
}

static void tiles_hold_the_leaf_hashes(void **state) {
    uint8_t leaf[LOG_SIZE][MERKLE_BYTES];
    for (unsigned width = 1; width <= LOG_SIZE; width++) {
        char name[64];
        size_t size;
        (void)snprintf(name, sizeof name, "tessera-log/tile/0/000.p/%u", width);
        EX_AUTO_FREE uint8_t *tile = load_vector(name, &size);
        read_entries(width, leaf);
        assert_int_equal(size, width * MERKLE_BYTES);
        assert_memory_equal(tile, leaf, size);
    }
}

static ex_code leaf_source(void *context, unsigned level, uint64_t index,
                           uint8_t ret[static MERKLE_BYTES], struct ex_error *err) {
    uint8_t(*leaf)[MERKLE_BYTES] = context;
    struct merkle_frontier f;
    merkle_frontier_start(&f);
    for (uint64_t i = index << level; i < (index + 1) << level; i++)
        merkle_frontier_add(&f, leaf[i]);
    merkle_frontier_root(&f, ret);
    return EX_OK;
}

static void every_pair_of_checkpoints_is_consistent(void **state) {
    struct ex_error err;
    uint8_t leaf[LOG_SIZE][MERKLE_BYTES];
    struct merkle_source source = {leaf_source, leaf};
    struct merkle_proof p;
    unsigned pairs = 0;
    read_entries(LOG_SIZE, leaf);
    for (unsigned a = 0; a <= LOG_SIZE; a++) {
        for (unsigned b = a; b <= LOG_SIZE; b++, pairs++) {
            struct checkpoint c1 = checkpoint_of(a), c2 = checkpoint_of(b);
            assert_code(EX_OK, merkle_consistency_prove(&source, a, b, &p, &err));
            assert_true(merkle_consistency_verify(a, b, c1.root, c2.root, p.hash, p.count));
            if (a == 0 || a == b)
                continue;
            assert_false(merkle_consistency_verify(a, b, c2.root, c1.root, p.hash, p.count));
            assert_false(merkle_consistency_verify(a - 1, b, c1.root, c2.root, p.hash, p.count));
        }
    }
    assert_int_equal(pairs, 136);
}

static void every_entry_is_included(void **state) {
    struct ex_error err;
    uint8_t leaf[LOG_SIZE][MERKLE_BYTES];
    struct merkle_source source = {leaf_source, leaf};
    struct merkle_proof p;
    read_entries(LOG_SIZE, leaf);
    for (unsigned size = 1; size <= LOG_SIZE; size++) {
        struct checkpoint c = checkpoint_of(size);
        for (unsigned i = 0; i < size; i++) {
            assert_code(EX_OK, merkle_inclusion_prove(&source, i, size, &p, &err));
            assert_true(merkle_inclusion_verify(i, size, leaf[i], p.hash, p.count, c.root));
            c.root[0] ^= 1;
            assert_false(merkle_inclusion_verify(i, size, leaf[i], p.hash, p.count, c.root));
            c.root[0] ^= 1;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_checkpoint_is_signed),
        cmocka_unit_test(roots_follow_from_the_entries),
        cmocka_unit_test(tiles_hold_the_leaf_hashes),
        cmocka_unit_test(every_pair_of_checkpoints_is_consistent),
        cmocka_unit_test(every_entry_is_included),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
