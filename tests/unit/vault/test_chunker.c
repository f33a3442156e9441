/* SPDX-License-Identifier: Apache-2.0 */
/* The chunker against a naive reading of format/object §3 and §4, with the whole list in memory. */
#include "testing_vault.h"

enum { PIECES_MAX = 1 << 16, BLOCKS_MAX = 4096 };

/* A block without its bytes: what the rules look at. */
struct fake {
    uint8_t hash[SHA256_BYTES];
    bool constant;
    uint8_t value;
    bool ends_in_zeros;
};

struct piece {
    bool run;
    uint8_t value;
    uint64_t first, blocks;
};

struct pieces {
    size_t count;
    struct piece piece[PIECES_MAX];
};

static void add_piece(struct pieces *to, struct piece p) {
    assert_true(to->count < PIECES_MAX);
    to->piece[to->count++] = p;
}

/* ---- the naive way ---- */

static void naive_span(const struct fake *b, uint64_t first, uint64_t end, struct pieces *to) {
    while (first < end) {
        uint64_t n = 0;
        bool ends = false;
        while (!ends) {
            const struct fake *x = &b[first + n++];
            ends = n * 4096 == 524288 || (n * 4096 >= 16384 && (x->hash[0] & 15) == 0) ||
                   (!x->constant && x->ends_in_zeros) || first + n == end;
        }
        add_piece(to, (struct piece){.first = first, .blocks = n});
        first += n;
    }
}

static void naive(const struct fake *b, size_t count, struct pieces *to) {
    uint64_t span = 0;
    to->count = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (b[i].constant && end < count && b[end].constant && b[end].value == b[i].value)
            end++;
        if (b[i].constant && end - i >= 16) {
            naive_span(b, span, i, to);
            add_piece(to, (struct piece){true, b[i].value, i, end - i});
            span = end;
        }
        i = end;
    }
    naive_span(b, span, count, to);
}

/* ---- the chunker ---- */

struct run {
    const struct fake *block;
    size_t now;    /* the block in hand */
    uint64_t next; /* the first block that stands in no piece yet */
    uint64_t open; /* blocks that joined the open chunk */
    struct pieces pieces;
};

static ex_code on_join(void *context, struct ex_error *err) {
    struct run *r = context;
    assert_int_equal(r->next + r->open, r->now); /* in order: the block in hand is the next one */
    r->open++;
    return EX_OK;
}

static ex_code on_join_constant(void *context, uint8_t value, struct ex_error *err) {
    struct run *r = context;
    const struct fake *b = &r->block[r->next + r->open++];
    assert_true(b->constant);
    assert_int_equal(b->value, value);
    return EX_OK;
}

static ex_code on_chunk(void *context, uint32_t blocks, const uint8_t (*hash)[SHA256_BYTES],
                        struct ex_error *err) {
    struct run *r = context;
    assert_int_equal(blocks, r->open);
    for (uint32_t i = 0; i < blocks; i++)
        assert_memory_equal(hash[i], r->block[r->next + i].hash, SHA256_BYTES);
    add_piece(&r->pieces, (struct piece){.first = r->next, .blocks = blocks});
    r->next += blocks;
    r->open = 0;
    return EX_OK;
}

static ex_code on_run(void *context, uint8_t value, uint64_t blocks, struct ex_error *err) {
    struct run *r = context;
    assert_int_equal(r->open, 0);
    add_piece(&r->pieces, (struct piece){true, value, r->next, blocks});
    r->next += blocks;
    return EX_OK;
}

static void assert_same(const struct fake *block, size_t count) {
    static struct pieces expected;
    static struct run r;
    static struct chunker c;
    struct ex_error err;
    const struct chunker_sink sink = {&r, on_join, on_join_constant, on_chunk, on_run};
    naive(block, count, &expected);
    r.block = block;
    r.next = r.open = r.pieces.count = 0;
    memset(&c, 0, sizeof c);
    for (r.now = 0; r.now < count; r.now++) {
        const struct fake *b = &block[r.now];
        const struct chunker_block x = {b->hash, b->constant, b->value, b->ends_in_zeros};
        assert_code(EX_OK, chunker_add(&c, &x, &sink, &err));
    }
    assert_code(EX_OK, chunker_end(&c, &sink, &err));
    assert_int_equal(r.next, count);
    assert_int_equal(r.pieces.count, expected.count);
    for (size_t i = 0; i < expected.count; i++) {
        assert_int_equal(r.pieces.piece[i].run, expected.piece[i].run);
        assert_int_equal(r.pieces.piece[i].value, expected.piece[i].value);
        assert_int_equal(r.pieces.piece[i].first, expected.piece[i].first);
        assert_int_equal(r.pieces.piece[i].blocks, expected.piece[i].blocks);
    }
}

static struct fake make_constant(uint8_t value) {
    struct fake b = {.constant = true, .value = value};
    memcpy(b.hash, block_hash_constant(value), SHA256_BYTES);
    return b;
}

static struct fake make_other(struct random *r, bool zeros) {
    struct fake b = {.ends_in_zeros = zeros};
    random_fill(r, b.hash, sizeof b.hash);
    return b;
}

static void random_blocks(void **state) {
    static struct fake block[BLOCKS_MAX];
    struct random r = {1};
    for (size_t count = 0; count < 300; count++) {
        for (size_t i = 0; i < count; i++)
            block[i] = make_other(&r, random_next(&r) % 20 == 0);
        assert_same(block, count);
    }
    for (size_t i = 0; i < BLOCKS_MAX; i++)
        block[i] = make_other(&r, false);
    assert_same(block, BLOCKS_MAX);
}

/* Every value, as some constant blocks have a hash that ends a chunk by the mask. */
static void constants_of_every_length_and_value(void **state) {
    static struct fake block[64];
    for (unsigned value = 0; value < 256; value++)
        for (size_t count = 1; count < 36; count++) {
            for (size_t i = 0; i < count; i++)
                block[i] = make_constant((uint8_t)value);
            assert_same(block, count);
        }
}

/* Runs of every length around 16, between and next to each other and data of every length. */
static void runs_among_data(void **state) {
    static struct fake block[256];
    struct random r = {2};
    for (size_t before = 0; before < 8; before++)
        for (size_t run = 13; run < 19; run++)
            for (size_t between = 0; between < 6; between++)
                for (size_t other = 13; other < 19; other++) {
                    size_t n = 0;
                    for (size_t i = 0; i < before; i++)
                        block[n++] = make_other(&r, false);
                    for (size_t i = 0; i < run; i++)
                        block[n++] = make_constant(0);
                    for (size_t i = 0; i < between; i++)
                        block[n++] = make_other(&r, true);
                    for (size_t i = 0; i < other; i++)
                        block[n++] = make_constant(between % 2 ? 0 : 0xff);
                    assert_same(block, n);
                }
}

static void mixtures(void **state) {
    static struct fake block[BLOCKS_MAX];
    struct random r = {3};
    for (size_t round = 0; round < 200; round++) {
        size_t count = 0, limit = random_next(&r) % BLOCKS_MAX;
        while (count < limit) {
            uint64_t kind = random_next(&r);
            size_t part = random_next(&r) % 40 + 1;
            uint8_t value = (uint8_t)(random_next(&r) % 3);
            for (; part > 0 && count < limit; part--)
                block[count++] = kind % 2 ? make_constant(value) : make_other(&r, kind % 16 == 0);
        }
        assert_same(block, count);
    }
}

/* Blocks that never end a chunk by the mask, and blocks that always would. */
static void adversarial_blocks(void **state) {
    static struct fake block[BLOCKS_MAX];
    struct random r = {4};
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        block[i] = make_other(&r, false);
        block[i].hash[0] |= 1;
    }
    assert_same(block, BLOCKS_MAX); /* only the maximum cuts */
    for (size_t i = 0; i < BLOCKS_MAX; i++)
        block[i].hash[0] = 0;
    assert_same(block, BLOCKS_MAX); /* always the minimum */
    for (size_t i = 0; i < BLOCKS_MAX; i++)
        block[i].ends_in_zeros = true;
    assert_same(block, BLOCKS_MAX); /* a chunk for each block */
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        block[i] = make_constant((uint8_t)(i / 15)); /* nearly runs, all of them */
    }
    assert_same(block, BLOCKS_MAX);
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        block[i] = make_constant((uint8_t)(i % 2)); /* constant, never the same twice */
    }
    assert_same(block, BLOCKS_MAX);
    for (size_t i = 0; i < BLOCKS_MAX; i++) { /* a run that begins where a chunk is full */
        block[i] = i % 144 < 128 ? make_other(&r, false) : make_constant(7);
        if (!block[i].constant)
            block[i].hash[0] |= 1;
    }
    assert_same(block, BLOCKS_MAX);
}

static ex_code refuse(void *context, uint32_t blocks, const uint8_t (*hash)[SHA256_BYTES],
                      struct ex_error *err) {
    return ex_fail(err, EX_SPACE, "no");
}

static void errors_of_the_sink_go_up(void **state) {
    static struct run r;
    static struct chunker c;
    struct ex_error err;
    struct random random = {5};
    struct fake b = make_other(&random, true);
    const struct chunker_sink sink = {&r, on_join, on_join_constant, refuse, on_run};
    const struct chunker_block x = {b.hash, false, 0, true};
    assert_code(EX_SPACE, chunker_add(&c, &x, &sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_blocks),      cmocka_unit_test(constants_of_every_length_and_value),
        cmocka_unit_test(runs_among_data),    cmocka_unit_test(mixtures),
        cmocka_unit_test(adversarial_blocks), cmocka_unit_test(errors_of_the_sink_go_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
