/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

#include "base/bytes.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

enum { RECORDS = 5, STRETCHES = 16 };

static const uint8_t vault_id[VAULT_ID_BYTES] = {4, 4};

/* A whole small pack in memory: header, records of two entries, trailer, footer. */
struct small {
    uint8_t bytes[16384];
    size_t size, trailer_at;
    struct pack_list list;
};

/* Open as long as a test runs. */
static struct epochs *epochs;
static struct codec *codec;

static int open_keys(void **state) {
    struct ex_error err;
    epochs = test_epochs();
    assert_code(EX_OK, codec_new(&codec, &err));
    return 0;
}

static int close_keys(void **state) {
    codec_free(codec);
    epochs_free(epochs);
    return 0;
}

static void make_small(struct small *s) {
    struct ex_error err;
    struct random random = {1};
    const struct pack_ref pack =
        test_pack_ref((const uint8_t[VAULT_PACK_ID_BYTES]){1, 2, 3}, epochs);
    memset(s, 0, sizeof *s);
    pack_header_of(&pack, PACK_DATA, vault_id, s->bytes);
    s->size = PACK_HEADER_BYTES;
    memcpy(s->list.id, pack.id, sizeof pack.id);
    s->list.epoch = pack.epoch;
    s->list.read_back_ns = 1234567890123456789;
    for (uint32_t i = 0; i < RECORDS; i++) {
        uint8_t data[300], *record;
        size_t size;
        struct record_head head;
        struct table_entry entry[2] = {{.length = 100}, {.length = 200}};
        random_fill(&random, data, sizeof data);
        sha256_of(data, 100, entry[0].id);
        sha256_of(data + 100, 200, entry[1].id);
        assert_code(EX_OK, record_build(RECORD_NODES, entry, 2, data, sizeof data, NULL, 0,
                                        test_encrypted(), &record, &size, &err));
        assert_code(EX_OK, record_finish(codec, &pack, record, i, &err));
        assert_code(EX_OK, record_head_parse(record, &head, &err));
        assert_code(EX_OK, pack_list_add(&s->list, (uint32_t)s->size, &head, entry, 2, &err));
        memcpy(s->bytes + s->size, record, size);
        s->size += size;
        free(record);
    }
    uint8_t *trailer;
    size_t size;
    s->trailer_at = s->size;
    assert_code(EX_OK, pack_trailer_build(&s->list, epochs, codec, s->size, &trailer, &size, &err));
    memcpy(s->bytes + s->size, trailer, size);
    s->size += size;
    free(trailer);
}

static int file_of(const uint8_t *bytes, size_t size) {
    int fd = memfd_create("pack", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
    return fd;
}

struct stretches {
    size_t count;
    uint64_t offset[STRETCHES], length[STRETCHES];
};

static void note_stretch(void *context, uint64_t offset, uint64_t length) {
    struct stretches *s = context;
    assert_true(s->count < STRETCHES);
    s->offset[s->count] = offset;
    s->length[s->count++] = length;
}

static ex_code read_list(const uint8_t *bytes, size_t size, struct pack_list *l,
                         struct ex_error *err) {
    EX_AUTO_FD int fd = file_of(bytes, size);
    const struct vault v = test_bare_vault(vault_id, epochs);
    return pack_list_read(fd, &v, "pack", l, err);
}

static ex_code walk_list(const uint8_t *bytes, size_t size, struct pack_list *l,
                         struct stretches *s, struct ex_error *err) {
    EX_AUTO_FD int fd = file_of(bytes, size);
    *s = (struct stretches){0};
    const struct vault v = test_bare_vault(vault_id, epochs);
    return pack_list_walk(fd, &v, "pack", l, note_stretch, s, err);
}

static void assert_same_record(const struct pack_list *a, size_t i, const struct pack_list *b,
                               size_t k) {
    const struct pack_record *x = &a->record[i], *y = &b->record[k];
    assert_int_equal(x->offset, y->offset);
    assert_int_equal(x->head.number, y->head.number);
    assert_int_equal(x->head.type, y->head.type);
    assert_int_equal(x->head.codec, y->head.codec);
    assert_int_equal(x->head.plain_length, y->head.plain_length);
    assert_int_equal(x->head.stored_length, y->head.stored_length);
    assert_int_equal(x->count, y->count);
    assert_memory_equal(a->entry + x->first, b->entry + y->first, x->count * sizeof *a->entry);
}

static void trailer_and_walk_say_the_same(void **state) {
    struct ex_error err;
    struct small s;
    struct pack_list read, walked;
    struct stretches stretches;
    make_small(&s);
    assert_code(EX_OK, read_list(s.bytes, s.size, &read, &err));
    assert_code(EX_OK, walk_list(s.bytes, s.size, &walked, &stretches, &err));
    assert_int_equal(stretches.count, 0);
    assert_int_equal(read.record_count, RECORDS);
    assert_int_equal(walked.record_count, RECORDS);
    assert_int_equal(read.read_back_ns, 1234567890123456789);
    for (size_t i = 0; i < RECORDS; i++) {
        assert_same_record(&s.list, i, &read, i);
        assert_same_record(&s.list, i, &walked, i);
    }
    pack_list_clear(&read);
    pack_list_clear(&walked);
    pack_list_clear(&s.list);
}

/* Header, trailer and footer: no bit may change without pack_list_read() refusing. */
static void every_flipped_bit_of_header_trailer_and_footer_is_seen(void **state) {
    struct ex_error err;
    struct small s;
    struct pack_list l;
    make_small(&s);
    for (size_t bit = 0; bit < s.size * 8; bit++) {
        if (bit / 8 >= PACK_HEADER_BYTES && bit / 8 < s.trailer_at)
            continue; /* records: below */
        s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ex_code code = read_list(s.bytes, s.size, &l, &err);
        if (code != EX_ALTERED && code != EX_UNSUPPORTED)
            fail_msg("bit %zu: %s", bit, ex_code_name(code));
        s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    pack_list_clear(&s.list);
}

/* One record's header or table damaged anywhere: the walk finds all the others, and names exactly
 * that record's bytes. */
static void a_walk_finds_all_other_records(void **state) {
    struct ex_error err;
    struct small s;
    struct pack_list l;
    struct stretches stretches;
    make_small(&s);
    for (size_t hurt = 0; hurt < RECORDS; hurt++) {
        size_t from = s.list.record[hurt].offset;
        size_t length = RECORD_HEADER_BYTES + s.list.record[hurt].head.stored_length;
        for (size_t at = 0; at < RECORD_HEADER_BYTES + 4 + 2 * TABLE_ENTRY_BYTES; at++) {
            s.bytes[from + at] ^= (uint8_t)(1 << at % 8);
            assert_code(EX_OK, walk_list(s.bytes, s.size, &l, &stretches, &err));
            s.bytes[from + at] ^= (uint8_t)(1 << at % 8);
            assert_int_equal(l.record_count, RECORDS - 1);
            for (size_t i = 0; i < RECORDS - 1; i++)
                assert_same_record(&s.list, i < hurt ? i : i + 1, &l, i);
            assert_int_equal(stretches.count, 1);
            assert_int_equal(stretches.offset[0], from);
            assert_int_equal(stretches.length[0], length);
            pack_list_clear(&l);
        }
    }
    pack_list_clear(&s.list);
}

/* Whatever a pack is cut to: a walk gives the records that are whole, never more. */
static void a_walk_of_every_length(void **state) {
    struct ex_error err;
    struct small s;
    struct pack_list l;
    struct stretches stretches;
    make_small(&s);
    for (size_t size = 0; size < s.size; size++) {
        assert_int_not_equal(read_list(s.bytes, size, &l, NULL), EX_OK);
        if (size < PACK_HEADER_BYTES) {
            assert_code(EX_ALTERED, walk_list(s.bytes, size, &l, &stretches, &err));
            continue;
        }
        size_t whole = 0;
        while (whole < RECORDS && s.list.record[whole].offset + RECORD_HEADER_BYTES +
                                          s.list.record[whole].head.stored_length <=
                                      size)
            whole++;
        assert_code(EX_OK, walk_list(s.bytes, size, &l, &stretches, &err));
        assert_int_equal(l.record_count, whole);
        pack_list_clear(&l);
    }
    pack_list_clear(&s.list);
}

/* A gap between records that lies across the walk's window of 1 MiB. */
static void a_walk_over_a_long_gap(void **state) {
    struct ex_error err;
    struct small s;
    struct stretches stretches;
    enum { GAP = (1 << 20) + 3 };
    make_small(&s);
    size_t first = s.list.record[1].offset;
    for (size_t extra = 0; extra < 8; extra++) {
        struct pack_list l;
        size_t gap = GAP - PACK_HEADER_BYTES - 8 + extra, size = s.size + gap;
        uint8_t *bytes = ex_new0_bytes(size);
        memcpy(bytes, s.bytes, first);
        memset(bytes + first, 'E', gap);
        memcpy(bytes + first + gap, s.bytes + first, s.size - first);
        assert_code(EX_OK, walk_list(bytes, size, &l, &stretches, &err));
        assert_int_equal(l.record_count, RECORDS);
        assert_int_equal(stretches.count, 1);
        assert_int_equal(stretches.offset[0], first);
        assert_int_equal(stretches.length[0], gap);
        pack_list_clear(&l);
        free(bytes);
    }
    pack_list_clear(&s.list);
}

/* Trailers whose hashes are right and whose contents are not. */
static void forged_trailers_are_refused(void **state) {
    struct ex_error err;
    struct pack_list l;
    for (int lie = 0; lie < 7; lie++) {
        struct small s;
        uint8_t *trailer;
        size_t size;
        make_small(&s);
        struct pack_record *r = &s.list.record[2];
        switch (lie) {
        case 0:
            r->offset += 4;
            break;
        case 1:
            r->head.type = RECORD_TRAILER;
            break;
        case 2:
            r->head.codec = 9;
            break;
        case 3:
            r->head.stored_length = UINT32_MAX;
            break;
        case 4:
            r->head.plain_length = UINT32_MAX;
            break;
        case 5:
            s.list.record_count--; /* one record is kept quiet */
            break;
        default:
            r->head.stored_length = 8; /* no room for its table */
            break;
        }
        assert_code(
            EX_OK, pack_trailer_build(&s.list, epochs, codec, s.trailer_at, &trailer, &size, &err));
        memcpy(s.bytes + s.trailer_at, trailer, size);
        assert_code(EX_ALTERED, read_list(s.bytes, s.trailer_at + size, &l, &err));
        free(trailer);
        pack_list_clear(&s.list);
    }
}

static void headers(void **state) {
    struct ex_error err;
    struct pack_header h = {.kind = PACK_BODY, .id = {5, 6}, .epoch = epochs_newest(epochs)}, got;
    uint8_t bytes[PACK_HEADER_BYTES];
    struct vault v = test_bare_vault(vault_id, epochs);
    struct vault_config other = v.config;
    pack_header_write(&h, vault_id, bytes);
    assert_code(EX_OK, pack_header_parse(bytes, &v.config, &got, &err));
    assert_int_equal(got.kind, PACK_BODY);
    assert_int_equal(got.epoch, h.epoch);
    assert_memory_equal(got.id, h.id, sizeof h.id);
    other.id[1]++;
    assert_code(EX_ALTERED, pack_header_parse(bytes, &other, &got, &err));
    other = v.config;
    other.plain = !other.plain; /* a plain pack among encrypted ones, and the other way round */
    assert_code(EX_ALTERED, pack_header_parse(bytes, &other, &got, &err));
    bytes[12] ^= 1; /* the other mode, with a right hash */
    sha256_of(bytes, 96, bytes + 96);
    assert_code(EX_ALTERED, pack_header_parse(bytes, &v.config, &got, &err));
    bytes[12] = 2;
    sha256_of(bytes, 96, bytes + 96);
    assert_code(EX_UNSUPPORTED, pack_header_parse(bytes, &v.config, &got, &err));
    bytes[12] = h.epoch != 0;
    bytes[7] = 2;
    sha256_of(bytes, 96, bytes + 96);
    assert_code(EX_UNSUPPORTED, pack_header_parse(bytes, &v.config, &got, &err));
    bytes[7] = 1;
    bytes[80] = 1; /* not zero where zeros belong */
    sha256_of(bytes, 96, bytes + 96);
    assert_code(EX_ALTERED, pack_header_parse(bytes, &v.config, &got, &err));
}

static ex_code count_pack(void *context, const char *name, const uint8_t *id,
                          struct ex_error *err) {
    ++*(unsigned *)context;
    return EX_OK;
}

static void strangers_are_stepped_over(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_object_info o;
    struct vault_put_report r;
    char path[256];
    unsigned packs = 0;
    put_bytes(p, (const uint8_t *)"hello", 5, &o, &r);
    (void)snprintf(path, sizeof path, "%s/packs/zz", p->vault);
    write_file(path, "x", 1);
    (void)snprintf(path, sizeof path, "%s/packs/ff", p->vault);
    if (mkdir(path, 0700) != 0)
        assert_int_equal(errno, EEXIST);
    (void)snprintf(path, sizeof path, "%s/packs/ff/%064d.pack", p->vault, 0); /* not in packs/00 */
    write_file(path, "x", 1);
    (void)snprintf(path, sizeof path, "%s/packs/ff/readme", p->vault);
    write_file(path, "x", 1);
    assert_code(EX_OK, pack_each(p->v, count_pack, &packs, &err));
    assert_int_equal(packs, 1);
    vault_object_info_clear(&o);
    vault_put_report_clear(&r);
}

/* Every offset and length gets the same bytes past the cache as through it. */
static void direct_reads_are_the_same(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 20000 };
    uint8_t *data = mixed(5, SIZE), got[SIZE];
    EX_AUTO_FD int fd = -1;
    EX_AUTO_FD int plain = open(p->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum vault_readback_method method;
    write_file(p->source, data, SIZE);
    assert_code(EX_OK, pack_open_direct(plain, "source", &fd, &method, &err));
    for (size_t at = 0; at < SIZE; at += 997)
        for (size_t size = 1; size <= SIZE - at; size += 1237) {
            assert_code(EX_OK, pack_read_direct(fd, method, got, size, at, "source", &err));
            assert_memory_equal(got, data + at, size);
            assert_code(EX_OK, pack_read_direct(fd, VAULT_READ_DIRECT, got, size, at, "s", &err));
            assert_memory_equal(got, data + at, size);
        }
    assert_code(EX_ALTERED, pack_read_direct(fd, method, got, 2, SIZE - 1, "source", &err));
    free(data);
}

/* A file system in memory is not called a disk, whether or not it takes O_DIRECT. */
static void memory_is_no_disk(void **state) {
    (void)state;
    struct ex_error err;
    struct statfs fs;
    char name[] = "/dev/shm/exhibit-test-XXXXXX", got[4];
    enum vault_readback_method method = VAULT_READ_NOT;
    if (statfs("/dev/shm", &fs) != 0 || fs.f_type != TMPFS_MAGIC) {
        print_message("skipped: /dev/shm is no tmpfs here\n");
        skip();
    }
    EX_AUTO_FD int made = mkstemp(name), fd = -1;
    EX_AUTO_FD int dir = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(made >= 0 && dir >= 0);
    assert_int_equal(write(made, "abcdef", 6), 6);
    ex_code code = pack_open_direct(dir, strrchr(name, '/') + 1, &fd, &method, &err);
    (void)unlink(name);
    assert_code(EX_OK, code);
    assert_int_equal(method, VAULT_READ_MEMORY);
    assert_code(EX_OK, pack_read_direct(fd, method, got, sizeof got, 2, "memory", &err));
    assert_memory_equal(got, "cdef", sizeof got);
    assert_string_equal(vault_readback_method_word(method), "memory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trailer_and_walk_say_the_same),
        cmocka_unit_test(every_flipped_bit_of_header_trailer_and_footer_is_seen),
        cmocka_unit_test(a_walk_finds_all_other_records),
        cmocka_unit_test(a_walk_of_every_length),
        cmocka_unit_test(a_walk_over_a_long_gap),
        cmocka_unit_test(forged_trailers_are_refused),
        cmocka_unit_test(headers),
        place_test(strangers_are_stepped_over),
        place_test(direct_reads_are_the_same),
        cmocka_unit_test(memory_is_no_disk),
    };
    return cmocka_run_group_tests(tests, open_keys, close_keys);
}
