/* SPDX-License-Identifier: Apache-2.0 */
/* The official vectors of age (tests/vectors/age), one test for each file: read as a stream in
 * pieces of several sizes and, where they are not armored, by chunk. */
#include "../crypto/testing.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/sha256.h"
#include "formats/age.h"

#include <dirent.h>
#include <isa-l/igzip_lib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { VECTORS = 143, FILE_BYTES_MAX = 1 << 25, SLOW_BYTES = 20000 };

/* Not supported: all that only a hybrid key opens. */
static const char *const hybrid[] = {
    "armor_hybrid",
    "hybrid",
    "hybrid_and_x25519",
    "hybrid_bad_tag",
    "hybrid_currupted_enc_mlkem",
    "hybrid_currupted_enc_x25519",
    "hybrid_extra_argument",
    "hybrid_grease",
    "hybrid_identity",
    "hybrid_long_file_key",
    "hybrid_long_share",
    "hybrid_low_order",
    "hybrid_multiple_recipients",
    "hybrid_no_match",
    "hybrid_not_canonical_body",
    "hybrid_not_canonical_enc",
    "hybrid_short_share",
    "hybrid_uppercase",
};

/* One vector, and what becomes of it. */
struct vector {
    uint8_t *file; /* as stored; the age file is in it, or inflated */
    uint8_t *inflated;
    const uint8_t *age;
    size_t age_bytes;
    char expect[32];
    char payload[SHA256_HEX_BYTES];
    char passphrase[64];
    struct age_identities *ids;
    bool armored, compressed, other_key;
};

struct result {
    ex_code code;
    struct ex_error err;
    struct sha256 hash;
};

/* ---- the vector itself ---- */

static bool keyed(const char *line, size_t size, const char *key, const char **ret,
                  size_t *ret_size) {
    size_t key_bytes = strlen(key);
    if (size < key_bytes + 2 || memcmp(line, key, key_bytes) != 0 ||
        memcmp(line + key_bytes, ": ", 2) != 0)
        return false;
    *ret = line + key_bytes + 2;
    *ret_size = size - key_bytes - 2;
    return true;
}

static void keep(char *to, size_t capacity, const char *value, size_t size) {
    assert_true(size < capacity);
    memcpy(to, value, size);
    to[size] = '\0';
}

static void take_line(struct vector *v, const char *line, size_t size) {
    struct ex_error err;
    const char *value;
    size_t bytes;
    if (keyed(line, size, "expect", &value, &bytes))
        keep(v->expect, sizeof v->expect, value, bytes);
    else if (keyed(line, size, "payload", &value, &bytes))
        keep(v->payload, sizeof v->payload, value, bytes);
    else if (keyed(line, size, "passphrase", &value, &bytes))
        keep(v->passphrase, sizeof v->passphrase, value, bytes);
    else if (keyed(line, size, "identity", &value, &bytes) && bytes == AGE_IDENTITY_CHARS)
        assert_code(EX_OK, age_identities_parse(v->ids, value, bytes, &err));
    else if (keyed(line, size, "identity", &value, &bytes)) {
        assert_code(EX_UNSUPPORTED, age_identities_parse(v->ids, value, bytes, &err));
        v->other_key = true;
    } else if (keyed(line, size, "armored", &value, &bytes))
        v->armored = true;
    else if (keyed(line, size, "compressed", &value, &bytes))
        v->compressed = true;
    else if (!keyed(line, size, "comment", &value, &bytes) &&
             !keyed(line, size, "file key", &value, &bytes))
        fail_msg("unknown line: %.*s", (int)size, line);
}

static void inflate_it(struct vector *v) {
    struct inflate_state *state = ex_new0(struct inflate_state);
    v->inflated = ex_new0_bytes(FILE_BYTES_MAX);
    isal_inflate_init(state);
    state->next_in = v->file + (v->age - v->file);
    state->avail_in = (uint32_t)v->age_bytes;
    state->next_out = v->inflated;
    state->avail_out = FILE_BYTES_MAX;
    state->crc_flag = ISAL_ZLIB;
    assert_int_equal(isal_inflate_stateless(state), ISAL_DECOMP_OK);
    v->age = v->inflated;
    v->age_bytes = state->total_out;
    free(state);
}

static void load(const char *name, struct vector *v) {
    struct ex_error err;
    char path[256];
    const char *line;
    size_t size, line_bytes;
    *v = (struct vector){0};
    assert_code(EX_OK, age_identities_new(&v->ids, &err));
    (void)snprintf(path, sizeof path, "age/%s", name);
    v->file = load_vector(path, &size);
    struct ex_cursor c = ex_cursor_make(v->file, size);
    while ((line = ex_cursor_line(&c, &line_bytes)) != NULL && line_bytes > 0)
        take_line(v, line, line_bytes);
    assert_non_null(line);
    v->age = c.data + c.pos;
    v->age_bytes = ex_cursor_left(&c);
    if (v->compressed)
        inflate_it(v);
}

static void unload(struct vector *v) {
    age_identities_free(v->ids);
    free(v->file);
    free(v->inflated);
}

/* ---- reading it ---- */

struct memory {
    const uint8_t *data;
    size_t left, piece;
};

static ex_code read_memory(void *context, void *to, size_t size, size_t *ret,
                           struct ex_error *err) {
    struct memory *m = context;
    size_t take = m->left < size ? m->left : size;
    take = take < m->piece ? take : m->piece;
    memcpy(to, m->data, take);
    m->data += take;
    m->left -= take;
    *ret = take;
    return EX_OK;
}

static struct age_keys keys_of(const struct vector *v) {
    return (struct age_keys){.identities = v->ids,
                             .passphrase = v->passphrase[0] != '\0' ? v->passphrase : NULL,
                             .passphrase_bytes = strlen(v->passphrase)};
}

static ex_code as_stream(const struct vector *v, size_t piece, struct result *r) {
    EX_AUTO(age_decrypt_free) struct age_decrypt *d = NULL;
    struct memory m = {v->age, v->age_bytes, piece};
    struct age_keys keys = keys_of(v);
    const uint8_t *data;
    size_t size;
    EX_TRY(age_decrypt_new((struct age_source){read_memory, &m}, &keys, &d, &r->err));
    do {
        ex_code code = age_decrypt_next(d, &data, &size, &r->err);
        if (code != EX_OK) { /* and it stays so */
            assert_int_equal(age_decrypt_next(d, &data, &size, NULL), code);
            return code;
        }
        sha256_add(&r->hash, data, size);
    } while (size > 0);
    return age_decrypt_next(d, &data, &size, &r->err);
}

static ex_code by_chunk(const struct vector *v, struct result *r) {
    EX_AUTO(age_reader_free) struct age_reader *reader = NULL;
    EX_AUTO_FD int fd = memfd_create("age", MFD_CLOEXEC);
    EX_AUTO_FREE uint8_t *chunk = ex_new0_bytes(AGE_CHUNK_BYTES);
    struct age_keys keys = keys_of(v);
    uint64_t total = 0;
    size_t size;
    EX_TRY(ex_write_all(fd, v->age, v->age_bytes, "memory", &r->err));
    EX_TRY(age_reader_open(fd, "memory", &keys, &reader, &r->err));
    for (uint64_t i = 0; i < age_reader_chunk_count(reader); i++) {
        EX_TRY(age_reader_chunk(reader, i, chunk, &size, &r->err));
        sha256_add(&r->hash, chunk, size);
        total += size;
    }
    assert_int_equal(total, age_reader_size(reader));
    return EX_OK;
}

/* ---- judging it ---- */

static bool is_one_of(const char *name, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

static ex_code header_code(const char *name) {
    if (strcmp(name, "version_unsupported") == 0)
        return EX_UNSUPPORTED;
    return strcmp(name, "scrypt_work_factor_23") == 0 ? EX_LIMIT : EX_FORMAT;
}

static ex_code expected_code(const char *name, const struct vector *v) {
    static const struct {
        const char *expect;
        ex_code code;
    } codes[] = {{"success", EX_OK},
                 {"no match", EX_DENIED},
                 {"HMAC failure", EX_SIGNATURE},
                 {"armor failure", EX_FORMAT},
                 {"payload failure", EX_ALTERED}};
    if (strcmp(v->expect, "header failure") == 0)
        return header_code(name);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(v->expect, codes[i].expect) == 0)
            return codes[i].code;
    fail_msg("\"%s\" is expected, which this test does not know", v->expect);
    return EX_INTERNAL;
}

/* What begins with something else is not known for an armored file, and refused as no age file. */
static bool names_armor(const char *name, const struct vector *v) {
    return strcmp(v->expect, "armor failure") == 0 && strcmp(name, "armor_garbage_leading") != 0;
}

/* `given_out`: was what came before a failure the same? Not so where chunks are read one by one. */
static void judge(const char *name, const struct vector *v, struct result *r, bool given_out) {
    uint8_t hash[SHA256_BYTES];
    char digits[SHA256_HEX_BYTES];
    ex_code expected = expected_code(name, v);
    if (r->code != expected)
        fail_msg("%s: %s (%s), not %s", v->expect, ex_code_name(r->code), r->err.text,
                 ex_code_name(expected));
    if (r->code == EX_FORMAT &&
        (strstr(r->err.text, "the armor of") != NULL) != names_armor(name, v))
        fail_msg("%s: \"%s\"", v->expect, r->err.text);
    sha256_end(&r->hash, hash);
    if (v->payload[0] != '\0' && given_out)
        assert_string_equal(ex_hex(digits, hash, sizeof hash), v->payload);
}

static struct result begin(void) {
    struct result r = {0};
    sha256_start(&r.hash);
    return r;
}

static void one_vector(void **state) {
    static const size_t pieces[] = {SIZE_MAX, 65552, 4099, 1};
    const char *name = *state;
    struct vector v;
    load(name, &v);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct result r = begin();
        if (pieces[i] == 1 && v.age_bytes > SLOW_BYTES)
            continue;
        r.code = as_stream(&v, pieces[i], &r);
        judge(name, &v, &r, true);
    }
    if (!v.armored) {
        struct result r = begin();
        r.code = by_chunk(&v, &r);
        judge(name, &v, &r, r.code == EX_OK);
    }
    unload(&v);
}

/* Skipped by name, and only if it is true that no key of a kind that is supported opens it. */
static void hybrid_vectors(void **state) {
    const size_t count = sizeof hybrid / sizeof hybrid[0];
    for (size_t i = 0; i < count; i++) {
        struct vector v;
        load(hybrid[i], &v);
        assert_true(v.other_key);
        assert_int_equal(age_identities_count(v.ids), 0);
        assert_string_equal(v.passphrase, "");
        unload(&v);
    }
    printf("# hybrid keys (ML-KEM-768 with X25519) are not supported: %zu vectors skipped by name:",
           count);
    for (size_t i = 0; i < count; i++)
        printf(" %s", hybrid[i]);
    printf("\n");
    skip();
}

/* ---- all of them ---- */

static int is_vector(const struct dirent *entry) {
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "README.md") != 0;
}

int main(void) {
    char path[1024];
    struct dirent **entries = NULL;
    static struct CMUnitTest tests[VECTORS];
    const size_t skipped = sizeof hybrid / sizeof hybrid[0];
    size_t tried = 0;
    const char *root = getenv("EXHIBIT_VECTORS");
    (void)snprintf(path, sizeof path, "%s/age", root != NULL ? root : ".");
    int count = scandir(path, &entries, is_vector, alphasort);
    if (count != VECTORS) {
        printf("not ok 1 - %s holds %d vectors, not %d\n1..1\n", path, count, VECTORS);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        char *name = entries[i]->d_name;
        if (!is_one_of(name, hybrid, skipped))
            tests[tried++] = (struct CMUnitTest){name, one_vector, NULL, NULL, name};
    }
    if (tried + skipped != VECTORS)
        abort();
    tests[tried] = (struct CMUnitTest){"hybrid_vectors", hybrid_vectors, NULL, NULL, NULL};
    int failed = _cmocka_run_group_tests("age vectors", tests, tried + 1, NULL, NULL);
    printf("# age vectors: passed %d, skipped by name %zu, failed %d\n", (int)tried - failed,
           skipped, failed);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return failed;
}
