/* SPDX-License-Identifier: Apache-2.0 */
/* Reading objects whose vault is damaged: exactly what was hurt is named, all the rest is read. */
#include "testing_vault.h"

enum { SIZE = 6 << 20 };

struct fixture {
    struct place place;
    uint8_t *data;
    struct vault_object_info object;
    struct vault_put_report report;
    char pack[256];
    struct pack_list list;
};

static int make_fixture(void **state) {
    struct fixture *f = ex_new0(struct fixture);
    struct ex_error err;
    struct random r = {31};
    make_place_under(&f->place, "/tmp");
    f->data = ex_new0_bytes(SIZE);
    random_fill(&r, f->data, SIZE); /* random: each chunk lies raw at a place that can be found */
    memset(f->data + (2 << 20), 0, 1 << 20);
    put_bytes(&f->place, f->data, SIZE, &f->object, &f->report);
    pack_path(&f->place, &f->report, 0, f->pack);
    EX_AUTO_FD int fd = open(f->pack, O_RDONLY | O_CLOEXEC);
    assert_code(EX_OK, pack_list_read(fd, f->place.v, "pack", &f->list, &err));
    *state = f;
    return 0;
}

static int remove_fixture(void **state) {
    struct fixture *f = *state;
    vault_close(f->place.v);
    remove_tree(f->place.root);
    vault_object_info_clear(&f->object);
    vault_put_report_clear(&f->report);
    pack_list_clear(&f->list);
    free(f->data);
    free(f);
    return 0;
}

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, make_fixture, remove_fixture)

/* Where the bytes of an entry of a record lie in the pack, and where in the object. */
static uint64_t entry_at(const struct fixture *f, size_t record, size_t entry) {
    const struct pack_record *r = &f->list.record[record];
    assert_int_equal(r->head.codec, CODEC_NONE);
    uint64_t at = r->offset + RECORD_HEADER_BYTES + 4 + r->count * TABLE_ENTRY_BYTES;
    for (size_t i = 0; i < entry; i++)
        at += f->list.entry[r->first + i].length;
    return at;
}

static uint64_t offset_in_object(const struct fixture *f, size_t record, size_t entry) {
    struct ex_error err;
    struct record r;
    size_t at = 0;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    assert_code(EX_OK, codec_new(&codec, &err));
    assert_code(EX_OK, pack_read_record(f->place.v, f->list.id, f->list.record[record].offset,
                                        false, codec, &r, &err));
    for (size_t i = 0; i < entry; i++)
        at += r.entry[i].length;
    const uint8_t *found = memmem(f->data, SIZE, r.data + at, 64);
    assert_non_null(found);
    record_clear(&r);
    return (uint64_t)(found - f->data);
}

static void assert_rest_is_read(const struct fixture *f, const struct collector *c) {
    for (uint64_t i = 0, k = 0; i < SIZE; i++) {
        if (k < c->damaged_pieces && i == c->damaged[k].offset) {
            i += c->damaged[k++].length - 1;
            continue;
        }
        if (c->data[i] != f->data[i])
            fail_msg("byte %llu", (unsigned long long)i);
    }
}

static void pieces_are_in_order_and_whole(void **state) {
    struct fixture *f = *state;
    struct collector c;
    stream_all(f->place.v, &f->object, &c);
    assert_memory_equal(c.data, f->data, SIZE);
    assert_int_equal(c.constant_pieces, 1);
    assert_int_equal(c.data_pieces, f->report.chunks);
    assert_verifies(f->place.v, &f->object);
    free(c.data);
}

/* One byte of one chunk: that chunk, and nothing else; encrypted: the record that it is in. */
static void a_flipped_byte_hurts_one_chunk(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_verify_report *r = ex_new0(struct vault_verify_report);
    unsigned tried = 0;
    for (size_t i = 0; i < f->list.record_count; i += 3) {
        const struct pack_record *record = &f->list.record[i];
        if (record->head.type != RECORD_CHUNKS)
            continue;
        struct collector c;
        bool whole = test_encrypted();
        size_t k = record->count / 2;
        uint64_t at = entry_at(f, i, k), offset = offset_in_object(f, i, whole ? 0 : k);
        uint32_t length =
            whole ? record->head.plain_length : f->list.entry[record->first + k].length;
        spoil(f->pack, at, 4);
        stream_all(f->place.v, &f->object, &c);
        assert_int_equal(c.damaged_pieces, whole ? record->count : 1);
        assert_int_equal(c.damaged[0].offset, offset);
        assert_false(c.damaged[0].missing);
        assert_rest_is_read(f, &c);
        free(c.data);
        assert_code(EX_OK, vault_verify(f->place.v, &f->object, true, NULL, r, &err));
        assert_int_equal(r->damaged_count, 1);
        assert_int_equal(r->damage[0].offset, offset);
        assert_int_equal(r->damage[0].length, length);
        assert_int_equal(r->damaged_bytes, length);
        assert_int_equal(r->missing_bytes, 0);
        assert_int_equal(r->bytes_read + r->bytes_constant, SIZE - length);
        assert_false(r->fsverity_matches || r->salted_matches || r->linear_matches);
        spoil(f->pack, at, 4);
        tried++;
    }
    assert_true(tried >= 3);
    assert_verifies(f->place.v, &f->object);
    free(r);
}

/* A record's header: all of its chunks, and nothing else. */
static void a_damaged_record_hurts_its_chunks(void **state) {
    struct fixture *f = *state;
    const struct pack_record *record = &f->list.record[1];
    struct collector c;
    uint64_t bytes = 0, from = offset_in_object(f, 1, 0);
    assert_int_equal(record->head.type, RECORD_CHUNKS);
    for (size_t i = 0; i < record->count; i++)
        bytes += f->list.entry[record->first + i].length;
    for (unsigned at = 0; at < 60; at += 7) {
        uint64_t hurt = 0;
        spoil(f->pack, record->offset + at, 0x10);
        stream_all(f->place.v, &f->object, &c);
        assert_int_equal(c.damaged_pieces, record->count);
        assert_int_equal(c.damaged[0].offset, from);
        for (size_t i = 0; i < c.damaged_pieces; i++)
            hurt += c.damaged[i].length;
        assert_int_equal(hurt, bytes);
        assert_rest_is_read(f, &c);
        free(c.data);
        spoil(f->pack, record->offset + at, 0x10);
    }
}

static void a_lost_pack_is_missing_not_altered(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info o;
    struct vault_verify_report *r = ex_new0(struct vault_verify_report);
    assert_int_equal(unlink(f->pack), 0);
    assert_code(EX_MISSING, vault_object(f->place.v, f->object.id, &o, &err));
    /* With the manifest from elsewhere: all of it is missing, the layout too. */
    assert_code(EX_OK, vault_verify(f->place.v, &f->object, false, NULL, r, &err));
    assert_int_equal(r->missing_bytes, SIZE);
    assert_int_equal(r->damaged_bytes, SIZE);
    free(r);
}

/* Of two packs that an object needs, one is gone. */
static void one_of_two_packs_is_lost(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    enum { MORE = 1 << 20 };
    struct vault_object_info o;
    struct vault_put_report put;
    struct vault_verify_report *r = ex_new0(struct vault_verify_report);
    uint8_t *data = ex_new0_bytes(SIZE + MORE);
    struct random random = {32};
    struct collector c;
    uint64_t hurt = 0;
    memcpy(data, f->data, SIZE);
    random_fill(&random, data + SIZE, MORE);
    put_bytes(&f->place, data, SIZE + MORE, &o, &put);
    assert_int_equal(unlink(f->pack), 0);
    stream_all(f->place.v, &o, &c);
    for (uint64_t i = 0; i < SIZE + MORE; i++)
        hurt += c.data[i] != data[i];
    assert_true(c.damaged_pieces > 0);
    assert_true(hurt <= SIZE && hurt > SIZE / 2);
    assert_memory_equal(c.data + SIZE + (512 << 10), data + SIZE + (512 << 10), MORE - (512 << 10));
    free(c.data);
    assert_code(EX_OK, vault_verify(f->place.v, &o, false, NULL, r, &err));
    assert_int_equal(r->damaged_bytes, r->missing_bytes);
    assert_int_equal(r->damaged_bytes + r->bytes_read + r->bytes_constant, SIZE + MORE);
    assert_int_equal(r->damage[0].offset, 0);
    free(r);
    free(data);
    vault_object_info_clear(&o);
    vault_put_report_clear(&put);
}

/* The same bytes in two packs: damage to one copy hurts nothing, whichever it is. */
static void either_copy_serves(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct place *p = &f->place;
    struct vault_object_info o;
    struct vault_put_report second;
    char hidden[300], other[256];
    uint64_t packs, entries;
    (void)snprintf(hidden, sizeof hidden, "%s/hidden", p->root);
    assert_int_equal(rename(f->pack, hidden), 0);
    put_bytes(p, f->data, SIZE, &o, &second);
    assert_int_equal(rename(hidden, f->pack), 0);
    assert_code(EX_OK, vault_rebuild_index(p->v, NULL, &packs, &entries, &err));
    assert_int_equal(packs, 2);
    pack_path(p, &second, 0, other);
    for (int which = 0; which < 2; which++) {
        const char *path = which ? other : f->pack;
        for (uint64_t at = 300; at < SIZE - (1 << 20); at += 50000)
            spoil(path, at, 1);
        assert_streams(p->v, &o, f->data);
        assert_verifies(p->v, &o);
        for (uint64_t at = 300; at < SIZE - (1 << 20); at += 50000)
            spoil(path, at, 1);
        assert_int_equal(rename(path, hidden), 0);
        assert_streams(p->v, which ? &f->object : &o, f->data);
        assert_int_equal(rename(hidden, path), 0);
    }
    vault_object_info_clear(&o);
    vault_put_report_clear(&second);
}

/* A damaged node spans the whole of a small object. */
static void a_damaged_layout_is_one_damaged_piece(void **state) {
    struct fixture *f = *state;
    struct collector c;
    for (size_t i = 0; i < f->list.record_count; i++)
        if (f->list.record[i].head.type == RECORD_NODES)
            spoil(f->pack, f->list.record[i].offset + 8, 1);
    stream_all(f->place.v, &f->object, &c);
    assert_int_equal(c.damaged_pieces, 1);
    assert_int_equal(c.damaged[0].length, SIZE);
    free(c.data);
}

static void a_damaged_manifest_is_altered(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info o;
    for (size_t i = 0; i < f->list.record_count; i++)
        if (f->list.record[i].head.type == RECORD_MANIFEST)
            spoil(f->pack,
                  f->list.record[i].offset + RECORD_HEADER_BYTES +
                      f->list.record[i].head.stored_length / 2,
                  1);
    assert_code(EX_ALTERED, vault_object(f->place.v, f->object.id, &o, &err));
}

static void a_wrong_manifest_matches_nothing(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_verify_report *r = ex_new0(struct vault_verify_report);
    struct vault_object_info o = f->object;
    o.sha256[0] ^= 1;
    assert_code(EX_OK, vault_verify(f->place.v, &o, true, NULL, r, &err));
    assert_true(r->fsverity_matches && r->salted_matches && !r->linear_matches);
    o = f->object;
    o.fsverity[0] ^= 1;
    o.salted_root[0] ^= 1;
    assert_code(EX_OK, vault_verify(f->place.v, &o, true, NULL, r, &err));
    assert_true(!r->fsverity_matches && !r->salted_matches && r->linear_matches);
    o = f->object;
    o.size_bytes -= 4096; /* the layout spans more than that */
    assert_code(EX_OK, vault_verify(f->place.v, &o, true, NULL, r, &err));
    assert_int_equal(r->damaged_bytes, o.size_bytes);
    free(r);
}

static ex_code stop_early(void *context, const struct vault_piece *piece, struct ex_error *err) {
    unsigned *left = context;
    return (*left)-- == 0 ? ex_fail(err, EX_SPACE, "no more") : EX_OK;
}

static void the_callback_may_stop_it_anywhere(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    for (unsigned i = 0; i < 30; i++) {
        unsigned left = i;
        assert_code(EX_SPACE,
                    vault_stream(f->place.v, &f->object, false, stop_early, &left, NULL, &err));
    }
    struct ex_progress progress = {.phase = "verifying"};
    atomic_store(&progress.stop, true);
    struct vault_verify_report *r = ex_new0(struct vault_verify_report);
    assert_code(EX_INTERRUPTED, vault_verify(f->place.v, &f->object, false, &progress, r, &err));
    free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fixture_test(pieces_are_in_order_and_whole),
        fixture_test(a_flipped_byte_hurts_one_chunk),
        fixture_test(a_damaged_record_hurts_its_chunks),
        fixture_test(a_lost_pack_is_missing_not_altered),
        fixture_test(one_of_two_packs_is_lost),
        fixture_test(either_copy_serves),
        fixture_test(a_damaged_layout_is_one_damaged_piece),
        fixture_test(a_damaged_manifest_is_altered),
        fixture_test(a_wrong_manifest_matches_nothing),
        fixture_test(the_callback_may_stop_it_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
