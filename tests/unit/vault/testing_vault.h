/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of vault/ share: a vault that goes away with its test, bytes of several kinds, and
 * second, naive ways to the same hashes. */
#ifndef EXHIBIT_TESTS_TESTING_VAULT_H
#define EXHIBIT_TESTS_TESTING_VAULT_H

#include "testing.h"

#include "vault/vault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- places ---- */

struct place {
    char root[64];   /* a fresh directory */
    char vault[80];  /* root/vault */
    char source[80]; /* root/source: what put_bytes() collects from */
    struct vault *v;
};

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    return remove(path);
}

static inline void remove_tree(const char *path) {
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Every test of vault/ runs twice: in a plain vault, and, with EXHIBIT_TEST_ENCRYPTED set, in an
 * encrypted one. */
static inline bool test_encrypted(void) {
    return getenv("EXHIBIT_TEST_ENCRYPTED") != NULL;
}

/* The same two keys for ever; NULL in a plain run. */
static inline struct epochs *test_epochs(void) {
    struct ex_error err;
    struct epochs *e = NULL;
    uint8_t key[EPOCH_KEY_BYTES] = {0x45, 0x58};
    if (!test_encrypted())
        return NULL;
    assert_code(EX_OK, epochs_new(&e, &err));
    assert_code(EX_OK, epochs_add(e, 1, key, &err));
    key[2] = 1;
    assert_code(EX_OK, epochs_add(e, 2, key, &err));
    return e;
}

static inline struct pack_ref test_pack_ref(const uint8_t id[static VAULT_PACK_ID_BYTES],
                                            const struct epochs *epochs) {
    struct pack_ref ref = {.epoch = epochs_newest(epochs), .epochs = epochs};
    memcpy(ref.id, id, sizeof ref.id);
    return ref;
}

/* A vault that is no more than its id and its keys. */
static inline struct vault test_bare_vault(const uint8_t id[static VAULT_ID_BYTES],
                                           struct epochs *epochs) {
    struct vault v = {.config = {.plain = epochs == NULL}, .epochs = epochs};
    memcpy(v.config.id, id, sizeof v.config.id);
    return v;
}

static inline ex_code open_test_vault(const char *path, struct vault **ret, struct ex_error *err) {
    EX_TRY(vault_open(path, ret, err));
    vault_set_epochs(*ret, test_epochs());
    return EX_OK;
}

static inline void open_place(struct place *p) {
    struct ex_error err;
    assert_code(EX_OK, open_test_vault(p->vault, &p->v, &err));
}

static inline void close_place(struct place *p) {
    vault_close(p->v);
    p->v = NULL;
}

static inline void reopen_place(struct place *p) {
    close_place(p);
    open_place(p);
}

static inline void make_place_under(struct place *p, const char *base) {
    struct ex_error err;
    struct vault_config config;
    static const uint8_t key[SIGN_PUBLIC_BYTES] = {1, 2, 3}, box[32] = {9};
    *p = (struct place){0};
    (void)snprintf(p->root, sizeof p->root, "%.40s/exhibit-vault-XXXXXX", base);
    if (mkdtemp(p->root) == NULL)
        fail_msg("no directory under %s: %s", base, strerror(errno));
    (void)snprintf(p->vault, sizeof p->vault, "%s/vault", p->root);
    (void)snprintf(p->source, sizeof p->source, "%s/source", p->root);
    assert_code(EX_OK, vault_create(p->vault, test_encrypted(), key, box, &config, &err));
    open_place(p);
}

static inline int make_place(void **state) {
    struct place *p = ex_new0(struct place);
    make_place_under(p, "/tmp");
    *state = p;
    return 0;
}

static inline int remove_place(void **state) {
    struct place *p = *state;
    vault_close(p->v);
    remove_tree(p->root);
    free(p);
    return 0;
}

#define place_test(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

/* ---- bytes ---- */

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *r) { /* splitmix64 */
    uint64_t z = (r->state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static inline void random_fill(struct random *r, uint8_t *to, size_t size) {
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(random_next(r) >> 32);
}

static inline void text_fill(struct random *r, uint8_t *to, size_t size) {
    static const char *const words[] = {"the ", "seal ", "was ", "broken ", "at ",   "noon\n",
                                        "and ", "again", " by ", "nobody",  " who ", "knew. "};
    for (size_t i = 0; i < size;) {
        const char *w = words[random_next(r) % (sizeof words / sizeof words[0])];
        for (; *w != '\0' && i < size; w++)
            to[i++] = (uint8_t)*w;
    }
}

/* Stretches of random bytes, text and constants of all lengths, aligned and not. */
static inline uint8_t *mixed(uint64_t seed, size_t size) {
    struct random r = {seed};
    uint8_t *data = ex_new0_bytes(size + 1);
    for (size_t at = 0, part; at < size; at += part) {
        uint64_t kind = random_next(&r);
        part = (size_t)(random_next(&r) % (kind % 3 == 0 ? 600000 : 90000)) + 1;
        part = kind & 64 ? (part + 4095) / 4096 * 4096 : part;
        part = part < size - at ? part : size - at;
        if (kind % 3 == 0)
            memset(data + at, (int)(kind >> 8) & (kind & 32 ? 0 : 255), part);
        else if (kind % 3 == 1)
            random_fill(&r, data + at, part);
        else
            text_fill(&r, data + at, part);
    }
    return data;
}

static inline void write_file(const char *path, const void *data, size_t size) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* Turns over bits of one byte of a file in place. */
static inline void spoil(const char *path, uint64_t offset, uint8_t bits) {
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= bits;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    assert_int_equal(fsync(fd), 0);
    close(fd);
}

/* ---- the hashes, another way ---- */

static inline void naive_sha256(const void *data, size_t size, uint8_t ret[32]) {
    unsigned length = 32;
    assert_int_equal(EVP_Digest(data, size, ret, &length, EVP_sha256(), NULL), 1);
}

static inline uint8_t *naive_block_hashes(const uint8_t *data, size_t size, size_t *ret_count) {
    size_t count = (size + 4095) / 4096;
    uint8_t *hash = ex_new0_bytes(count * 32 + 1), block[4096];
    for (size_t i = 0; i < count; i++) {
        size_t left = size - i * 4096;
        memset(block, 0, sizeof block);
        memcpy(block, data + i * 4096, left < 4096 ? left : 4096);
        naive_sha256(block, sizeof block, hash + 32 * i);
    }
    *ret_count = count;
    return hash;
}

/* The kernel's documentation, level by level, everything in memory. */
static inline void naive_fsverity(const uint8_t *data, size_t size, uint8_t ret[32]) {
    size_t count;
    uint8_t *level = naive_block_hashes(data, size, &count);
    uint8_t descriptor[256] = {1, 1, 12};
    while (count > 1) {
        size_t above_count;
        uint8_t *above = naive_block_hashes(level, count * 32, &above_count);
        free(level);
        level = above;
        count = above_count;
    }
    for (int i = 0; i < 8; i++)
        descriptor[8 + i] = (uint8_t)((uint64_t)size >> (8 * i));
    if (size > 0)
        memcpy(descriptor + 16, level, 32);
    naive_sha256(descriptor, sizeof descriptor, ret);
    free(level);
}

/* ---- putting and getting ---- */

static inline ex_code try_put(struct vault *v, const char *path, enum vault_readback readback,
                              struct vault_object_info *object, struct vault_put_report *report,
                              struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = NULL;
    const struct vault_put_options options = {.readback = readback, .journal = "{\"test\": 1}"};
    EX_TRY(source_open(path, &s, err));
    return vault_put(v, s, &options, NULL, object, report, err);
}

/* What two puts of the same bytes have in common, and what the report must add up to. */
static inline void put_bytes(struct place *p, const uint8_t *data, size_t size,
                             struct vault_object_info *object, struct vault_put_report *report) {
    struct ex_error err;
    struct vault_put_report own = {0};
    write_file(p->source, data, size);
    assert_code(EX_OK,
                try_put(p->v, p->source, VAULT_READBACK_NEW, object, report ? report : &own, &err));
    vault_put_report_clear(&own);
}

enum { COLLECTOR_DAMAGED_MAX = 512 };

struct collector {
    uint8_t *data;
    uint64_t at, size;
    uint64_t data_pieces, constant_pieces, damaged_pieces;
    struct {
        uint64_t offset, length;
        bool missing;
    } damaged[COLLECTOR_DAMAGED_MAX];
};

static inline ex_code collect_piece(void *context, const struct vault_piece *piece,
                                    struct ex_error *err) {
    struct collector *c = context;
    assert_int_equal(piece->offset, c->at);
    assert_true(piece->length <= c->size - c->at);
    switch (piece->kind) {
    case VAULT_PIECE_DATA:
        memcpy(c->data + c->at, piece->data, piece->length);
        c->data_pieces++;
        break;
    case VAULT_PIECE_CONSTANT:
        memset(c->data + c->at, piece->value, piece->length);
        c->constant_pieces++;
        break;
    case VAULT_PIECE_DAMAGED:
        assert_non_null(piece->why);
        memset(c->data + c->at, 0xdd, piece->length);
        if (c->damaged_pieces < COLLECTOR_DAMAGED_MAX) {
            c->damaged[c->damaged_pieces].offset = piece->offset;
            c->damaged[c->damaged_pieces].length = piece->length;
            c->damaged[c->damaged_pieces].missing = piece->missing;
        }
        c->damaged_pieces++;
        break;
    }
    c->at += piece->length;
    return EX_OK;
}

/* Everything that vault_stream() gives; free c->data. */
static inline void stream_all(struct vault *v, const struct vault_object_info *o,
                              struct collector *c) {
    struct ex_error err;
    *c = (struct collector){.size = o->size_bytes, .data = ex_new0_bytes(o->size_bytes + 1)};
    assert_code(EX_OK, vault_stream(v, o, false, collect_piece, c, NULL, &err));
    assert_int_equal(c->at, o->size_bytes);
}

static inline void assert_streams(struct vault *v, const struct vault_object_info *o,
                                  const uint8_t *data) {
    struct collector c;
    stream_all(v, o, &c);
    assert_int_equal(c.damaged_pieces, 0);
    assert_true(memcmp(c.data, data, o->size_bytes) == 0);
    free(c.data);
}

static inline void assert_verifies(struct vault *v, const struct vault_object_info *o) {
    struct ex_error err;
    struct vault_verify_report *r = ex_new0(struct vault_verify_report);
    assert_code(EX_OK, vault_verify(v, o, true, NULL, r, &err));
    assert_int_equal(r->damaged_count, 0);
    assert_true(r->fsverity_matches && r->salted_matches && r->linear_matches);
    assert_int_equal(r->bytes_read + r->bytes_constant, o->size_bytes);
    assert_code(EX_OK, vault_verify(v, o, false, NULL, r, &err));
    assert_true(r->fsverity_matches && r->salted_matches && !r->linear_asked && !r->linear_matches);
    free(r);
}

/* The object, found again by its id. */
static inline void find_object(struct vault *v, const uint8_t *id, struct vault_object_info *ret) {
    struct ex_error err;
    assert_code(EX_OK, vault_object(v, id, ret, &err));
    assert_memory_equal(ret->id, id, SHA256_BYTES);
}

/* The path of the n-th pack of a report. */
static inline char *pack_path(const struct place *p, const struct vault_put_report *r, size_t n,
                              char to[static 256]) {
    char name[PACK_NAME_BYTES];
    assert_true(n < r->pack_count);
    (void)snprintf(to, 256, "%s/packs/%s", p->vault, pack_name(name, r->pack[n]));
    return to;
}

static inline void check_vault(struct vault *v, bool deep, struct vault_check_report *r) {
    struct ex_error err;
    assert_code(EX_OK, vault_check(v, deep, NULL, r, &err));
    vault_check_report_clear(r); /* the damage by place: test_hurt.c */
}

static inline bool has_problem(const struct vault_check_report *r, const char *part) {
    for (size_t i = 0; i < r->problem_count && i < VAULT_PROBLEMS_MAX; i++)
        if (strstr(r->problem[i], part) != NULL)
            return true;
    return false;
}

static inline void assert_no_problems(struct vault *v) {
    struct vault_check_report *r = ex_new0(struct vault_check_report);
    check_vault(v, true, r);
    if (r->problem_count > 0)
        fail_msg("%s", r->problem[0]);
    assert_int_equal(r->unfinished_count, 0);
    assert_int_equal(r->packs_not_indexed, 0);
    free(r);
}

#endif
