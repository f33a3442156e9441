/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

#include "base/bytes.h"

static const uint8_t pack_id[VAULT_PACK_ID_BYTES] = {9, 8, 7};

static struct pack_ref pack(const struct epochs *e) {
    return test_pack_ref(pack_id, e);
}

struct sample {
    struct table_entry entry[3];
    uint8_t data[10000];
    size_t size;
    uint8_t *record;
    size_t record_bytes;
};

/* Three chunks of 4096, 5000 and some bytes, with their real ids. */
static void make_sample(struct sample *s, bool text, struct codec *codec,
                        const struct epochs *epochs) {
    struct ex_error err;
    const struct pack_ref ref = pack(epochs);
    struct random r = {1};
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    uint8_t hash[2][SHA256_BYTES];
    static const uint32_t length[3] = {4096, 5000, 904};
    s->size = sizeof s->data;
    if (text)
        text_fill(&r, s->data, s->size);
    else
        random_fill(&r, s->data, s->size);
    assert_code(EX_OK, block_hasher_new(&hasher, &err));
    for (size_t i = 0, at = 0; i < 3; at += length[i++]) {
        assert_code(EX_OK, block_hasher_run(hasher, s->data + at, length[i], hash, &err));
        chunk_id(length[i], (const uint8_t(*)[SHA256_BYTES])hash, s->entry[i].id);
        s->entry[i].length = length[i];
    }
    assert_code(EX_OK, record_build(RECORD_CHUNKS, s->entry, 3, s->data, s->size, codec, 1,
                                    test_encrypted(), &s->record, &s->record_bytes, &err));
    assert_code(EX_OK, record_finish(codec, &ref, s->record, 77, &err));
}

/* What is parsed is decrypted in place, so a parse works on a copy. */
static ex_code parse(struct codec *codec, const struct pack_ref *ref, const uint8_t *record,
                     size_t size, enum record_depth depth, struct record *ret,
                     struct ex_error *err) {
    EX_AUTO_FREE uint8_t *copy = ex_new0_bytes(size + 1);
    memcpy(copy, record, size);
    return record_parse(codec, ref, copy, size, depth, ret, err);
}

struct tools {
    struct codec *codec;
    struct block_hasher *hasher;
    struct epochs *epochs;
    struct pack_ref ref;
};

static int open_tools(void **state) {
    struct ex_error err;
    struct tools *t = ex_new0(struct tools);
    assert_code(EX_OK, codec_new(&t->codec, &err));
    assert_code(EX_OK, block_hasher_new(&t->hasher, &err));
    t->epochs = test_epochs();
    t->ref = pack(t->epochs);
    *state = t;
    return 0;
}

static int close_tools(void **state) {
    struct tools *t = *state;
    codec_free(t->codec);
    block_hasher_free(t->hasher);
    epochs_free(t->epochs);
    free(t);
    return 0;
}

#define tools_test(f) cmocka_unit_test_setup_teardown(f, open_tools, close_tools)

static size_t guarded_bytes(size_t entries) {
    return RECORD_HEADER_BYTES + 4 +
           (test_encrypted() ? (entries + 15) / 16 * 16 : entries) * TABLE_ENTRY_BYTES;
}

static void round_trips(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    for (int text = 0; text < 2; text++) {
        struct sample s;
        struct record r;
        size_t bad;
        make_sample(&s, text, t->codec, t->epochs);
        assert_code(EX_OK,
                    parse(t->codec, &t->ref, s.record, s.record_bytes, RECORD_ALL, &r, &err));
        assert_int_equal(r.head.number, 77);
        assert_int_equal(r.head.type, RECORD_CHUNKS);
        assert_int_equal(r.head.codec, text ? CODEC_ZSTD : CODEC_NONE);
        assert_int_equal(r.head.plain_length, s.size);
        assert_int_equal(r.entry_count, 3);
        assert_memory_equal(r.entry, s.entry, sizeof s.entry);
        assert_memory_equal(r.data, s.data, s.size);
        if (text)
            assert_true(s.record_bytes < s.size);
        assert_code(EX_OK, record_check_ids(&r, t->hasher, &bad, &err));
        assert_int_equal(bad, 3);
        r.data[4096] ^= 1;
        assert_code(EX_OK, record_check_ids(&r, t->hasher, &bad, &err));
        assert_int_equal(bad, 1);
        record_clear(&r);
        assert_code(EX_OK,
                    parse(t->codec, &t->ref, s.record, guarded_bytes(3), RECORD_TABLE, &r, &err));
        assert_int_equal(record_table_end(&r.head), guarded_bytes(3));
        assert_int_equal(r.entry_count, 3);
        assert_null(r.data);
        record_clear(&r);
        free(s.record);
    }
}

/* Header and table are under the tag: not one bit may change unseen. */
static void every_flipped_bit_of_header_and_table_is_seen(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    struct sample s;
    struct record r;
    make_sample(&s, true, t->codec, t->epochs);
    for (size_t bit = 0; bit < guarded_bytes(3) * 8; bit++) {
        s.record[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_code(EX_ALTERED,
                    parse(t->codec, &t->ref, s.record, s.record_bytes, RECORD_ALL, &r, &err));
        assert_code(EX_ALTERED,
                    parse(t->codec, &t->ref, s.record, s.record_bytes, RECORD_TABLE, &r, &err));
        s.record[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_code(EX_OK, parse(t->codec, &t->ref, s.record, s.record_bytes, RECORD_ALL, &r, &err));
    record_clear(&r);
    free(s.record);
}

/* The data is under the ids, which recompute; encrypted, it is under a tag as well. */
static void every_flipped_byte_of_the_data_is_seen(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    for (int text = 0; text < 2; text++) {
        struct sample s;
        make_sample(&s, text, t->codec, t->epochs);
        for (size_t at = guarded_bytes(3); at < s.record_bytes; at++) {
            struct record r = {0};
            size_t bad = 0;
            s.record[at] ^= 0x40;
            ex_code code = parse(t->codec, &t->ref, s.record, s.record_bytes, RECORD_ALL, &r, &err);
            if (code == EX_OK)
                assert_code(EX_OK, record_check_ids(&r, t->hasher, &bad, &err));
            else
                assert_int_equal(code, EX_ALTERED);
            assert_true(code != EX_OK || !test_encrypted());
            /* zstd has bits that mean nothing: then the bytes are still right. */
            assert_true(code != EX_OK || bad < 3 || memcmp(r.data, s.data, s.size) == 0);
            record_clear(&r);
            s.record[at] ^= 0x40;
        }
        free(s.record);
    }
}

/* Where no tag guards the data, nothing is compressed but chunks: zstd has bits that mean nothing.
 */
static void only_chunks_are_compressed_without_encryption(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    static const uint8_t zeros[1000];
    struct table_entry entry = {.length = sizeof zeros};
    for (int type = RECORD_CHUNKS; type <= RECORD_DATES; type++) {
        struct record_head head;
        uint8_t *record;
        size_t size;
        assert_code(EX_OK, record_build((enum record_type)type, &entry, 1, zeros, sizeof zeros,
                                        t->codec, 1, test_encrypted(), &record, &size, &err));
        assert_code(EX_OK, record_head_parse(record, &head, &err));
        assert_int_equal(head.codec,
                         type == RECORD_CHUNKS || test_encrypted() ? CODEC_ZSTD : CODEC_NONE);
        free(record);
    }
}

static void records_of_other_packs_and_sizes_are_refused(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    struct pack_ref other = t->ref;
    struct sample s;
    struct record r;
    other.id[2]--;
    make_sample(&s, true, t->codec, t->epochs);
    assert_code(EX_ALTERED,
                parse(t->codec, &other, s.record, s.record_bytes, RECORD_ALL, &r, &err));
    for (size_t size = 0; size < s.record_bytes; size++)
        assert_code(EX_ALTERED, parse(t->codec, &t->ref, s.record, size, RECORD_ALL, &r, &err));
    free(s.record);
}

/* Keys: each epoch has its own; without any there is nothing to be had. */
static void other_epochs_and_no_keys_are_refused(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    struct pack_ref other = t->ref;
    struct sample s;
    struct record r;
    if (!test_encrypted())
        return;
    make_sample(&s, true, t->codec, t->epochs);
    other.epoch = 1;
    assert_code(EX_ALTERED,
                parse(t->codec, &other, s.record, s.record_bytes, RECORD_ALL, &r, &err));
    other.epoch = 3;
    assert_code(EX_MISSING,
                parse(t->codec, &other, s.record, s.record_bytes, RECORD_ALL, &r, &err));
    other.epochs = NULL;
    assert_code(EX_DENIED, parse(t->codec, &other, s.record, s.record_bytes, RECORD_ALL, &r, &err));
    assert_code(EX_OK, parse(t->codec, &t->ref, s.record, s.record_bytes, RECORD_ALL, &r, &err));
    record_clear(&r);
    free(s.record);
}

/* Two records with one number under one key, which never happens in a pack: even so table and data
 * of the two cannot be put together. */
static void parts_cannot_be_exchanged(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    struct sample a;
    struct record r;
    uint8_t *other;
    size_t size;
    if (!test_encrypted())
        return;
    make_sample(&a, false, t->codec, t->epochs);
    struct table_entry swapped[3] = {a.entry[2], a.entry[1], a.entry[0]};
    assert_code(EX_OK, record_build(RECORD_CHUNKS, swapped, 3, a.data, a.size, t->codec, 1, true,
                                    &other, &size, &err));
    assert_code(EX_OK, record_finish(t->codec, &t->ref, other, 77, &err));
    assert_int_equal(size, a.record_bytes);
    memcpy(other + guarded_bytes(3), a.record + guarded_bytes(3), size - guarded_bytes(3));
    assert_code(EX_ALTERED, parse(t->codec, &t->ref, other, size, RECORD_ALL, &r, &err));
    free(other);
    free(a.record);
}

static void bad_entries_are_refused(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    struct record r;
    uint8_t *record, *big = ex_new0_bytes(CHUNK_MAX_BYTES + 1);
    size_t size, bad;
    struct table_entry entry[2] = {{.length = 10}, {.length = UINT32_MAX - 9}};
    /* Lengths that would add up to the plain length only modulo 2^32. */
    assert_code(EX_OK, record_build(RECORD_CHUNKS, entry, 2, big, 0, t->codec, 1, test_encrypted(),
                                    &record, &size, &err));
    assert_code(EX_OK, record_finish(t->codec, &t->ref, record, 0, &err));
    assert_code(EX_ALTERED, parse(t->codec, &t->ref, record, size, RECORD_ALL, &r, &err));
    free(record);
    /* A chunk that is longer than chunks can be. */
    entry[0].length = CHUNK_MAX_BYTES + 1;
    assert_code(EX_OK, record_build(RECORD_CHUNKS, entry, 1, big, CHUNK_MAX_BYTES + 1, t->codec, 1,
                                    test_encrypted(), &record, &size, &err));
    assert_code(EX_OK, record_finish(t->codec, &t->ref, record, 0, &err));
    assert_code(EX_OK, parse(t->codec, &t->ref, record, size, RECORD_ALL, &r, &err));
    assert_code(EX_OK, record_check_ids(&r, t->hasher, &bad, &err));
    assert_int_equal(bad, 0);
    record_clear(&r);
    free(record);
    assert_code(EX_LIMIT, record_build(RECORD_CHUNKS, entry, 1, big, EX_LIMIT_RECORD_BYTES + 1,
                                       t->codec, 1, false, &record, &size, &err));
    free(big);
}

/* Without data: no entries, or one of length 0. */
static void empty_records(void **state) {
    struct tools *t = *state;
    struct ex_error err;
    struct record r;
    uint8_t *record;
    size_t size;
    struct table_entry entry = {.id = {1}};
    for (size_t count = 0; count < 2; count++) {
        assert_code(EX_OK, record_build(RECORD_BODY, &entry, count, NULL, 0, t->codec, 1,
                                        test_encrypted(), &record, &size, &err));
        assert_code(EX_OK, record_finish(t->codec, &t->ref, record, 3, &err));
        assert_int_equal(size, guarded_bytes(count) + (test_encrypted() ? AEAD_TAG_BYTES : 0));
        assert_code(EX_OK, parse(t->codec, &t->ref, record, size, RECORD_ALL, &r, &err));
        assert_int_equal(r.entry_count, count);
        record_clear(&r);
        free(record);
    }
}

/* The chunk id by hand, as format/object §8 shows it. */
static void the_chunk_id_is_what_the_page_says(void **state) {
    uint8_t block[4096], input[17 + 8 + 64], expected[32], id[32], hash[2][32];
    for (uint64_t length = 1; length <= 8192; length = length * 2 + 1) {
        size_t blocks = (length + 4095) / 4096;
        memcpy(input, "exhibit-chunk-v1", 17);
        ex_put_le64(input + 17, length);
        memset(block, 0, sizeof block);
        memset(block, 'a', length < 4096 ? length : 4096);
        naive_sha256(block, sizeof block, hash[0]);
        memset(hash[1], 0x5a, 32);
        memcpy(input + 25, hash, blocks * 32);
        naive_sha256(input, 25 + blocks * 32, expected);
        chunk_id(length, (const uint8_t(*)[SHA256_BYTES])hash, id);
        assert_memory_equal(id, expected, 32);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        tools_test(round_trips),
        tools_test(every_flipped_bit_of_header_and_table_is_seen),
        tools_test(every_flipped_byte_of_the_data_is_seen),
        tools_test(only_chunks_are_compressed_without_encryption),
        tools_test(records_of_other_packs_and_sizes_are_refused),
        tools_test(other_epochs_and_no_keys_are_refused),
        tools_test(parts_cannot_be_exchanged),
        tools_test(bad_entries_are_refused),
        tools_test(empty_records),
        cmocka_unit_test(the_chunk_id_is_what_the_page_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
