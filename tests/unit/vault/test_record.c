/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

#include "base/bytes.h"

static const uint8_t pack_id[VAULT_PACK_ID_BYTES] = {9, 8, 7};

struct sample {
    struct table_entry entry[3];
    uint8_t data[10000];
    size_t size;
    uint8_t *record;
    size_t record_bytes;
};

/* Three chunks of 4096, 5000 and some bytes, with their real ids. */
static void make_sample(struct sample *s, bool text, struct codec *codec) {
    struct ex_error err;
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
                                    &s->record, &s->record_bytes, &err));
    record_finish(pack_id, s->record, 77);
}

static void round_trips(void **state) {
    struct ex_error err;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    assert_code(EX_OK, codec_new(&codec, &err));
    assert_code(EX_OK, block_hasher_new(&hasher, &err));
    for (int text = 0; text < 2; text++) {
        struct sample s;
        struct record r;
        size_t bad;
        make_sample(&s, text, codec);
        assert_code(EX_OK, record_parse(pack_id, s.record, s.record_bytes, codec, &r, &err));
        assert_int_equal(r.head.number, 77);
        assert_int_equal(r.head.type, RECORD_CHUNKS);
        assert_int_equal(r.head.codec, text ? CODEC_ZSTD : CODEC_NONE);
        assert_int_equal(r.head.plain_length, s.size);
        assert_int_equal(r.entry_count, 3);
        assert_memory_equal(r.entry, s.entry, sizeof s.entry);
        assert_memory_equal(r.data, s.data, s.size);
        if (text)
            assert_true(s.record_bytes < s.size);
        assert_code(EX_OK, record_check_ids(&r, hasher, &bad, &err));
        assert_int_equal(bad, 3);
        r.data[4096] ^= 1;
        assert_code(EX_OK, record_check_ids(&r, hasher, &bad, &err));
        assert_int_equal(bad, 1);
        record_clear(&r);
        assert_code(EX_OK, record_parse(pack_id, s.record, s.record_bytes, NULL, &r, &err));
        assert_null(r.data);
        record_clear(&r);
        free(s.record);
    }
}

/* Header and table are under the tag: not one bit may change unseen. */
static void every_flipped_bit_of_header_and_table_is_seen(void **state) {
    struct ex_error err;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    struct sample s;
    struct record r;
    assert_code(EX_OK, codec_new(&codec, &err));
    make_sample(&s, true, codec);
    size_t guarded = RECORD_HEADER_BYTES + 4 + 3 * TABLE_ENTRY_BYTES;
    for (size_t bit = 0; bit < guarded * 8; bit++) {
        s.record[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_code(EX_ALTERED, record_parse(pack_id, s.record, s.record_bytes, NULL, &r, &err));
        s.record[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_code(EX_OK, record_parse(pack_id, s.record, s.record_bytes, codec, &r, &err));
    record_clear(&r);
    free(s.record);
}

/* The data is under the ids, which recompute. */
static void every_flipped_byte_of_the_data_is_seen(void **state) {
    struct ex_error err;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    assert_code(EX_OK, codec_new(&codec, &err));
    assert_code(EX_OK, block_hasher_new(&hasher, &err));
    for (int text = 0; text < 2; text++) {
        struct sample s;
        struct record plain;
        make_sample(&s, text, codec);
        assert_code(EX_OK, record_parse(pack_id, s.record, s.record_bytes, codec, &plain, &err));
        size_t from = RECORD_HEADER_BYTES + 4 + 3 * TABLE_ENTRY_BYTES;
        for (size_t at = from; at < s.record_bytes; at++) {
            struct record r = {0};
            size_t bad = 0;
            s.record[at] ^= 0x40;
            ex_code code = record_parse(pack_id, s.record, s.record_bytes, codec, &r, &err);
            if (code == EX_OK)
                assert_code(EX_OK, record_check_ids(&r, hasher, &bad, &err));
            else
                assert_int_equal(code, EX_ALTERED);
            /* zstd has bits that mean nothing: then the bytes are still right. */
            assert_true(code != EX_OK || bad < 3 || memcmp(r.data, s.data, s.size) == 0);
            record_clear(&r);
            s.record[at] ^= 0x40;
        }
        record_clear(&plain);
        free(s.record);
    }
}

static void records_of_other_packs_and_sizes_are_refused(void **state) {
    struct ex_error err;
    static const uint8_t other[VAULT_PACK_ID_BYTES] = {9, 8, 6};
    EX_AUTO(codec_free) struct codec *codec = NULL;
    struct sample s;
    struct record r;
    assert_code(EX_OK, codec_new(&codec, &err));
    make_sample(&s, true, codec);
    assert_code(EX_ALTERED, record_parse(other, s.record, s.record_bytes, codec, &r, &err));
    for (size_t size = 0; size < s.record_bytes; size++) {
        EX_AUTO_FREE uint8_t *cut = ex_new0_bytes(size + 1);
        memcpy(cut, s.record, size);
        assert_code(EX_ALTERED, record_parse(pack_id, cut, size, codec, &r, &err));
    }
    free(s.record);
}

static void bad_entries_are_refused(void **state) {
    struct ex_error err;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    struct record r;
    uint8_t *record, *big = ex_new0_bytes(CHUNK_MAX_BYTES + 1);
    size_t size, bad;
    struct table_entry entry[2] = {{.length = 10}, {.length = UINT32_MAX - 9}};
    assert_code(EX_OK, codec_new(&codec, &err));
    assert_code(EX_OK, block_hasher_new(&hasher, &err));
    /* Lengths that would add up to the plain length only modulo 2^32. */
    assert_code(EX_OK,
                record_build(RECORD_CHUNKS, entry, 2, big, 0, codec, 1, &record, &size, &err));
    record_finish(pack_id, record, 0);
    assert_code(EX_ALTERED, record_parse(pack_id, record, size, codec, &r, &err));
    free(record);
    /* A chunk that is longer than chunks can be. */
    entry[0].length = CHUNK_MAX_BYTES + 1;
    assert_code(EX_OK, record_build(RECORD_CHUNKS, entry, 1, big, CHUNK_MAX_BYTES + 1, codec, 1,
                                    &record, &size, &err));
    record_finish(pack_id, record, 0);
    assert_code(EX_OK, record_parse(pack_id, record, size, codec, &r, &err));
    assert_code(EX_OK, record_check_ids(&r, hasher, &bad, &err));
    assert_int_equal(bad, 0);
    record_clear(&r);
    free(record);
    assert_code(EX_LIMIT, record_build(RECORD_CHUNKS, entry, 1, big, EX_LIMIT_RECORD_BYTES + 1,
                                       codec, 1, &record, &size, &err));
    free(big);
}

/* Without data: no entries, or one of length 0. */
static void empty_records(void **state) {
    struct ex_error err;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    struct record r;
    uint8_t *record;
    size_t size;
    struct table_entry entry = {.id = {1}};
    assert_code(EX_OK, codec_new(&codec, &err));
    for (size_t count = 0; count < 2; count++) {
        assert_code(EX_OK, record_build(RECORD_BODY, &entry, count, NULL, 0, codec, 1, &record,
                                        &size, &err));
        record_finish(pack_id, record, 3);
        assert_int_equal(size, RECORD_HEADER_BYTES + 4 + count * TABLE_ENTRY_BYTES);
        assert_code(EX_OK, record_parse(pack_id, record, size, codec, &r, &err));
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
        cmocka_unit_test(round_trips),
        cmocka_unit_test(every_flipped_bit_of_header_and_table_is_seen),
        cmocka_unit_test(every_flipped_byte_of_the_data_is_seen),
        cmocka_unit_test(records_of_other_packs_and_sizes_are_refused),
        cmocka_unit_test(bad_entries_are_refused),
        cmocka_unit_test(empty_records),
        cmocka_unit_test(the_chunk_id_is_what_the_page_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
