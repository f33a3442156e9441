/* SPDX-License-Identifier: Apache-2.0 */
/* The journal, torn and damaged at every byte; resume points, whole and forged. */
#include "testing_vault.h"

#include "vault/put_internal.h"

#include <fcntl.h>

static int work_dir(struct place *p) {
    struct ex_error err;
    int fd = -1;
    assert_code(EX_OK, ex_open_dir_at(p->v->dir_fd, "work", true, &fd, &err));
    int one = -1;
    assert_code(EX_OK, ex_open_dir_at(fd, "0123456789abcdef", true, &one, &err));
    close(fd);
    return one;
}

static const char WHAT[] = "{\"act\": \"collect\"}";

static struct journal_pack test_pack(unsigned n) {
    struct journal_pack k = {.bytes = 100 + n, .method = (enum vault_readback_method)(n % 3)};
    memset(k.id, (int)n, sizeof k.id);
    return k;
}

/* what, pack 0, point "one", pack 1, pack 2, point "two", pack 3 */
static void make_journal(struct place *p, int fd, size_t end[static 7]) {
    struct ex_error err;
    struct journal j;
    static const char one[] = "EXHSTAT\2one", two[] = "EXHSTAT\2two, and longer";
    size_t n = 0;
    (void)unlinkat(fd, "journal", 0);
    assert_code(EX_OK, journal_create(p->v, fd, "journal", WHAT, &j, &err));
    end[n++] = j.at;
    for (unsigned i = 0; i < 4; i++) {
        const struct journal_pack k = test_pack(i);
        assert_code(EX_OK, journal_add_pack(&j, &k, &err));
        end[n++] = j.at;
        if (i == 0 || i == 2) {
            assert_code(EX_OK, journal_add(&j, i == 0 ? one : two,
                                           i == 0 ? sizeof one - 1 : sizeof two - 1, &err));
            end[n++] = j.at;
        }
    }
    assert_int_equal(n, 7);
    journal_close(&j);
}

static void assert_content(const struct journal_content *c, size_t records) {
    assert_string_equal(c->what, WHAT);
    assert_int_equal(c->pack_count, records < 3 ? 0 : records < 6 ? 1 : 3);
    for (unsigned i = 0; i < c->pack_count; i++) {
        const struct journal_pack k = test_pack(i);
        assert_memory_equal(c->pack[i].id, k.id, sizeof k.id);
        assert_int_equal(c->pack[i].bytes, k.bytes);
        assert_int_equal(c->pack[i].method, k.method);
    }
    if (records < 3)
        assert_null(c->point);
    else
        assert_memory_equal(c->point + 8, records < 6 ? "one" : "two", 3);
}

static void comes_back(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct journal_content c;
    struct journal j = {.fd = -1};
    size_t end[7];
    EX_AUTO_FD int fd = work_dir(p);
    assert_code(EX_NOT_FOUND, journal_read(p->v, fd, &c, &err));
    make_journal(p, fd, end);
    assert_code(EX_OK, journal_read(p->v, fd, &c, &err));
    assert_content(&c, 7);
    assert_code(EX_OK, journal_rewrite(p->v, fd, WHAT, &c, &j, &err));
    journal_content_clear(&c);
    const struct journal_pack k = test_pack(3);
    assert_code(EX_OK, journal_add_pack(&j, &k, &err));
    journal_close(&j);
    assert_code(EX_OK, journal_read(p->v, fd, &c, &err));
    assert_content(&c, 7);
    journal_content_clear(&c);
    assert_int_not_equal(unlinkat(fd, "journal.new", 0), 0);
}

static void write_journal(int fd, const uint8_t *data, size_t size) {
    EX_AUTO_FD int to = openat(fd, "journal", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(to, data, size), (ssize_t)size);
}

/* Cut anywhere: what is whole before the cut counts. Zeros behind it are no more than a cut. */
static void torn_at_every_byte(void **state) {
    struct place *p = *state;
    struct ex_error err;
    size_t end[7], size;
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO_FD int fd = work_dir(p);
    make_journal(p, fd, end);
    assert_code(EX_OK, ex_read_file(fd, "journal", 1 << 20, &data, &size, &err));
    assert_int_equal(size, end[6]);
    for (size_t cut = 0; cut <= size; cut++)
        for (int zeros = 0; zeros < (cut % 5 == 0 ? 2 : 1); zeros++) {
            struct journal_content c = {0};
            size_t records = 0;
            EX_AUTO_FREE uint8_t *torn = ex_new0_bytes(cut + 100);
            memcpy(torn, data, cut);
            while (records < 7 && end[records] <= cut)
                records++;
            write_journal(fd, torn, cut + (zeros ? 100 : 0));
            ex_code code = journal_read(p->v, fd, &c, &err);
            if (records > 0) {
                assert_int_equal(code, EX_OK);
                assert_content(&c, records);
            } else if (code != EX_NOT_FOUND) {
                assert_int_equal(code, EX_ALTERED);
            }
            journal_content_clear(&c);
        }
}

/* Damage that has anything sound behind it is no torn end. */
static void damaged_at_every_byte(void **state) {
    struct place *p = *state;
    struct ex_error err;
    size_t end[7], size;
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO_FD int fd = work_dir(p);
    make_journal(p, fd, end);
    assert_code(EX_OK, ex_read_file(fd, "journal", 1 << 20, &data, &size, &err));
    for (size_t at = 0; at < size; at++) {
        struct journal_content c = {0};
        data[at] ^= 0x10;
        write_journal(fd, data, size);
        ex_code code = journal_read(p->v, fd, &c, &err);
        if (at >= end[5]) {
            assert_int_equal(code, EX_OK);
            assert_content(&c, 6);
        } else {
            assert_int_equal(code, EX_ALTERED);
        }
        journal_content_clear(&c);
        data[at] ^= 0x10;
    }
}

/* What a crash may leave of header and first record is no journal yet, whichever pages came down;
 * with a record more it is a damaged one. */
static void never_begun_without_header(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct journal_content c;
    size_t end[7];
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO_FD int fd = work_dir(p);
    make_journal(p, fd, end);
    size_t size;
    assert_code(EX_OK, ex_read_file(fd, "journal", 1 << 20, &data, &size, &err));
    for (size_t lost = 1; lost <= end[0]; lost++) { /* zeros from the beginning */
        memset(data, 0, lost);
        write_journal(fd, data, end[0]);
        assert_code(EX_NOT_FOUND, journal_read(p->v, fd, &c, &err));
        write_journal(fd, data, size);
        assert_code(EX_ALTERED, journal_read(p->v, fd, &c, &err));
    }
    write_journal(fd, data, PACK_HEADER_BYTES);
    assert_code(EX_NOT_FOUND, journal_read(p->v, fd, &c, &err));
}

/* Records of another journal, or out of order, are none of this one's. */
static void records_keep_their_places(void **state) {
    struct place *p = *state;
    struct ex_error err;
    size_t end[7], other_end[7], size, other_size;
    struct journal_content c = {0};
    EX_AUTO_FREE uint8_t *data = NULL, *other = NULL;
    EX_AUTO_FD int fd = work_dir(p);
    make_journal(p, fd, other_end);
    assert_code(EX_OK, ex_read_file(fd, "journal", 1 << 20, &other, &other_size, &err));
    make_journal(p, fd, end);
    assert_code(EX_OK, ex_read_file(fd, "journal", 1 << 20, &data, &size, &err));
    EX_AUTO_FREE uint8_t *mix = ex_new0_bytes(size + other_size);
    memcpy(mix, data, end[2]);
    memcpy(mix + end[2], other + other_end[2], other_size - other_end[2]);
    write_journal(fd, mix, size);
    assert_code(EX_OK, journal_read(p->v, fd, &c, &err)); /* foreign bytes: a torn end */
    assert_content(&c, 3);
    journal_content_clear(&c);
    memcpy(mix + end[2], data + end[1], end[2] - end[1]); /* a record twice */
    write_journal(fd, mix, end[2] + end[2] - end[1]);
    assert_code(EX_ALTERED, journal_read(p->v, fd, &c, &err));
    memcpy(mix + end[0], data + end[1], size - end[1]); /* one left out */
    write_journal(fd, mix, size - (end[1] - end[0]));
    assert_code(EX_ALTERED, journal_read(p->v, fd, &c, &err));
}

/* ---- resume points ---- */

static ex_code ignore_node(void *context, const uint8_t id[static SHA256_BYTES],
                           const uint8_t *node, size_t size_bytes, struct ex_error *err) {
    return EX_OK;
}

/* A state as it could be after a few MiB; `r` decides where it stands. */
static struct put_state *make_state(struct random *r) {
    struct ex_error err;
    struct put_state *s = ex_new0(struct put_state);
    const struct layout_sink sink = {.node = ignore_node};
    uint8_t key[32], hash[32], block[BLOCK_BYTES];
    size_t blocks = (1 + random_next(r) % 40) * SLAB_BLOCKS, left = blocks;
    random_fill(r, key, sizeof key);
    salted_start(&s->salted, key);
    layout_start(&s->layout);
    sha256_start(&s->linear);
    s->chunker.in_run = random_next(r) % 3 == 0;
    s->chunker.run_blocks = s->chunker.in_run ? 16 + random_next(r) % 100 : random_next(r) % 16;
    s->chunker.run_value = s->chunker.run_blocks > 0 ? (uint8_t)random_next(r) : 0;
    s->chunker.blocks = s->chunker.in_run ? 0 : (uint32_t)(random_next(r) % CHUNK_MAX_BLOCKS);
    random_fill(r, s->chunker.hash[0], s->chunker.blocks * SHA256_BYTES);
    left -= s->chunker.blocks + s->chunker.run_blocks;
    for (size_t i = 0; i < blocks; i++) {
        random_fill(r, hash, sizeof hash);
        verity_add(&s->verity, hash);
        salted_add(&s->salted, hash);
    }
    memset(block, 7, sizeof block);
    for (size_t i = 0; i < blocks; i++)
        sha256_add(&s->linear, block, sizeof block);
    while (left > 0) {
        size_t n = 1 + random_next(r) % 3;
        struct extent e = {.kind = random_next(r) % 9 == 0 ? EXTENT_CONSTANT : EXTENT_DATA};
        n = n < left ? n : left;
        e.length = n * BLOCK_BYTES;
        if (e.kind == EXTENT_DATA)
            random_fill(r, e.id, sizeof e.id);
        assert_code(EX_OK, layout_add(&s->layout, &e, &sink, &err));
        *(e.kind == EXTENT_DATA ? &s->report.data_bytes : &s->report.constant_bytes) += e.length;
        s->report.chunks += e.kind == EXTENT_DATA;
        left -= n;
    }
    s->offset = blocks * BLOCK_BYTES;
    s->reused = random_next(r) % 2 == 0;
    s->report.reused_oldest_ns = s->reused ? 1700000000000000000 : 0;
    for (uint64_t at = random_next(r) % 4096; at + 600 < s->offset && s->unreadable_count < 50;
         at += 513 + random_next(r) % 100000)
        assert_code(EX_OK, put_state_add_range(s, (struct source_range){at, 512, 0}, &err));
    return s;
}

static void free_state(struct put_state *s) {
    put_state_clear(s);
    free(s);
}

/* Both go on with the same blocks and must come to the same end. */
static void assert_same_end(struct put_state *a, struct put_state *b, struct random *r) {
    struct ex_error err;
    uint8_t hash[32], x[32], y[32];
    const struct layout_sink sink = {.node = ignore_node};
    unsigned level_a, level_b;
    for (int i = 0; i < 300; i++) {
        random_fill(r, hash, sizeof hash);
        verity_add(&a->verity, hash);
        verity_add(&b->verity, hash);
        salted_add(&a->salted, hash);
        salted_add(&b->salted, hash);
        sha256_add(&a->linear, hash, 7);
        sha256_add(&b->linear, hash, 7);
    }
    sha256_end(&a->linear, x);
    sha256_end(&b->linear, y);
    assert_memory_equal(x, y, 32);
    assert_code(EX_OK, verity_end(&a->verity, a->offset + 300 * BLOCK_BYTES, x, &err));
    assert_code(EX_OK, verity_end(&b->verity, b->offset + 300 * BLOCK_BYTES, y, &err));
    assert_memory_equal(x, y, 32);
    salted_end(&a->salted, x);
    salted_end(&b->salted, y);
    assert_memory_equal(x, y, 32);
    assert_code(EX_OK, layout_end(&a->layout, &sink, x, &level_a, &err));
    assert_code(EX_OK, layout_end(&b->layout, &sink, y, &level_b, &err));
    assert_memory_equal(x, y, 32);
    assert_int_equal(level_a, level_b);
}

static void states_come_back(void **state) {
    struct ex_error err;
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random r = {seed};
        struct put_state *a = make_state(&r), *b = ex_new0(struct put_state);
        uint8_t *data, *again;
        size_t size, again_size;
        assert_code(EX_OK, put_state_write(a, &data, &size, &err));
        assert_code(EX_OK, put_state_parse(data, size, b, &err));
        assert_code(EX_OK, put_state_write(b, &again, &again_size, &err));
        assert_int_equal(size, again_size);
        assert_memory_equal(data, again, size);
        assert_int_equal(put_state_reread_bytes(a), put_state_reread_bytes(b));
        assert_int_equal(a->unreadable_count, b->unreadable_count);
        assert_same_end(a, b, &r);
        free(data);
        free(again);
        free_state(a);
        free_state(b);
    }
}

/* Cut, lengthened, or with any byte changed: refused, or at least harmless. */
static void forged_states(void **state) {
    struct ex_error err;
    struct random r = {99};
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct put_state *a = make_state(&r);
        uint8_t *data;
        size_t size, step = round == 0 ? 1 : 7;
        assert_code(EX_OK, put_state_write(a, &data, &size, &err));
        for (size_t cut = 0; cut < size; cut += step) {
            struct put_state *b = ex_new0(struct put_state);
            EX_AUTO_FREE uint8_t *part = ex_new0_bytes(cut + 1);
            memcpy(part, data, cut);
            assert_code(EX_ALTERED, put_state_parse(part, cut, b, &err));
            free_state(b);
        }
        for (size_t at = 0; at < size; at += step) {
            struct put_state *b = ex_new0(struct put_state);
            uint8_t was = data[at];
            data[at] ^= (uint8_t)(1 + random_next(&r) % 255);
            if (put_state_parse(data, size, b, &err) == EX_OK) {
                uint8_t root[32];
                unsigned level;
                const struct layout_sink sink = {.node = ignore_node};
                uint64_t reread = put_state_reread_bytes(b);
                assert_true(reread <= POINT_REREAD_BYTES_MAX && reread <= b->offset);
                assert_code(EX_OK, verity_end(&b->verity, b->offset, root, &err));
                salted_end(&b->salted, root);
                ex_code code = layout_end(&b->layout, &sink, root, &level, NULL);
                assert_true(code == EX_OK || code == EX_LIMIT);
            }
            data[at] = was;
            free_state(b);
        }
        free(data);
        free_state(a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(comes_back),
        place_test(torn_at_every_byte),
        place_test(never_begun_without_header),
        place_test(damaged_at_every_byte),
        place_test(records_keep_their_places),
        cmocka_unit_test(states_come_back),
        cmocka_unit_test(forged_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
