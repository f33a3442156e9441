/* SPDX-License-Identifier: Apache-2.0 */
/* LUKS: version 1, whose header is of fixed fields, and version 2, whose header is mostly JSON. */
#include "parsers/locked/locked.h"
#include "parsers/locked/luks_internal.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/shared/tell.h"

#include <nettle/sha2.h>
#include <string.h>

enum {
    MAGIC_BYTES = 6,
    LUKS1_BYTES = 592,
    LUKS1_SLOTS = 8,
    LUKS1_ACTIVE = 0x00AC71F3,
    SECTOR_BYTES = 512,
    LUKS2_BINARY_BYTES = 4096,
    LUKS2_SUM_AT = 448,
    LUKS2_SUM_BYTES = 64,
    LUKS2_BYTES_MIN = 16 << 10,
    LUKS2_BYTES_MAX = 4 << 20
};

static const char FIRST[] = "LUKS\xba\xbe", SECOND[] = "SKUL\xba\xbe";

/* Text in a field that zeros fill up; nothing is told of an empty one. */
static ex_code tell_field(struct parser_run *run, const char *name, struct ex_cursor *c,
                          size_t size, struct ex_error *err) {
    const uint8_t *text = ex_cursor_bytes(c, size);
    size_t n = text == NULL ? 0 : strnlen((const char *)text, size);
    return n == 0 ? EX_OK : parser_trace_text(run, name, text, n, err);
}

/* ---- version 1 ---- */

static ex_code tell_slots(struct parser_run *run, struct ex_cursor *c, struct ex_error *err) {
    struct luks_words slots = {0};
    for (unsigned i = 0; i < LUKS1_SLOTS; i++) {
        bool active = ex_cursor_be32(c) == LUKS1_ACTIVE;
        (void)ex_cursor_bytes(c, 44);
        if (active)
            luks_words_add(&slots, "%u", i);
    }
    return tell_text(run, "key-slots", slots.count > 0 ? slots.text : "none", err);
}

static ex_code tell_version1(struct parser_run *run, struct ex_error *err) {
    uint8_t bytes[LUKS1_BYTES];
    char cipher[66];
    EX_TRY(parser_read(run, 0, 0, bytes, sizeof bytes, err));
    struct ex_cursor c = ex_cursor_make(bytes, sizeof bytes);
    (void)ex_cursor_bytes(&c, MAGIC_BYTES + 2);
    char *mode = memccpy(cipher, ex_cursor_bytes(&c, 32), '\0', 32);
    mode = mode != NULL ? mode - 1 : cipher + 32;
    *mode++ = '-';
    memcpy(mode, ex_cursor_bytes(&c, 32), 32);
    mode[32] = '\0';
    EX_TRY(tell_text(run, "version", "1", err));
    EX_TRY(tell_text(run, "cipher", cipher, err));
    EX_TRY(tell_field(run, "hash", &c, 32, err));
    EX_TRY(parser_trace_number(run, "content-offset", (uint64_t)ex_cursor_be32(&c) * SECTOR_BYTES,
                               err));
    EX_TRY(parser_trace_number(run, "key-bits", (uint64_t)ex_cursor_be32(&c) * 8, err));
    (void)ex_cursor_bytes(&c, 20 + 32 + 4);
    EX_TRY(tell_field(run, "uuid", &c, 40, err));
    return tell_slots(run, &c, err);
}

/* ---- version 2 ---- */

enum sum { SUM_FITS, SUM_WRONG, SUM_UNKNOWN };

struct header {
    uint64_t at;
    uint8_t *bytes; /* binary and JSON part; NULL: there is none */
    size_t size;
    enum sum sum;
};

static void header_free(struct header *h) {
    if (h != NULL)
        free(h->bytes);
    free(h);
}
EX_DEFINE_AUTO(struct header, header_free);

static enum sum check_sum(const struct header *h) {
    static const uint8_t ZEROS[LUKS2_SUM_BYTES];
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    if (strncmp((const char *)h->bytes + 72, "sha256", 32) != 0)
        return SUM_UNKNOWN;
    sha256_init(&sha);
    sha256_update(&sha, LUKS2_SUM_AT, h->bytes);
    sha256_update(&sha, sizeof ZEROS, ZEROS);
    sha256_update(&sha, h->size - LUKS2_SUM_AT - sizeof ZEROS,
                  h->bytes + LUKS2_SUM_AT + sizeof ZEROS);
    sha256_digest(&sha, sizeof digest, digest);
    return memcmp(digest, h->bytes + LUKS2_SUM_AT, sizeof digest) == 0 ? SUM_FITS : SUM_WRONG;
}

/* A header that does not say that it lies where it does, or says an impossible size, is none. */
static ex_code read_header(struct parser_run *run, uint64_t at, const char *magic,
                           struct header *ret, struct ex_error *err) {
    uint8_t head[264];
    uint64_t end = parser_input_size(run, 0);
    if (at > end || end - at < LUKS2_BYTES_MIN)
        return EX_OK;
    EX_TRY(parser_read(run, 0, at, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    bool good = memcmp(ex_cursor_bytes(&c, MAGIC_BYTES), magic, MAGIC_BYTES) == 0;
    good = ex_cursor_be16(&c) == 2 && good;
    uint64_t size = (uint64_t)ex_cursor_be32(&c) << 32;
    size |= ex_cursor_be32(&c);
    (void)ex_cursor_bytes(&c, 256 - 16);
    uint64_t own = (uint64_t)ex_cursor_be32(&c) << 32;
    own |= ex_cursor_be32(&c);
    if (!good || own != at || size < LUKS2_BYTES_MIN || size > LUKS2_BYTES_MAX || size > end - at)
        return EX_OK;
    const uint8_t *view;
    uint8_t *copy = NULL;
    EX_TRY(parser_take(run, 0, at, (size_t)size, LUKS2_BYTES_MAX, &copy, &view, err));
    if (copy == NULL) {
        EX_TRY(ex_alloc((size_t)size, 1, LUKS2_BYTES_MAX, "a LUKS header", &copy, err));
        memcpy(copy, view, (size_t)size);
    }
    *ret = (struct header){.at = at, .bytes = copy, .size = (size_t)size};
    ret->sum = check_sum(ret);
    return EX_OK;
}

/* What cannot be read is not there; its copy may be. */
static ex_code try_header(struct parser_run *run, uint64_t at, const char *magic,
                          struct header *ret, struct ex_error *err) {
    ex_code code = read_header(run, at, magic, ret, err);
    return code == EX_IO ? EX_OK : code;
}

/* The first one, or the second when that one is the better. */
static ex_code choose_header(struct parser_run *run, uint64_t at, struct header *ret,
                             struct ex_error *err) {
    EX_AUTO(header_free) struct header *second = ex_new0(struct header);
    if (at > 0)
        return try_header(run, at, SECOND, ret, err);
    EX_TRY(try_header(run, 0, FIRST, ret, err));
    if (ret->bytes != NULL && ret->sum != SUM_WRONG)
        return EX_OK;
    for (uint64_t place = LUKS2_BYTES_MIN; place <= LUKS2_BYTES_MAX && second->bytes == NULL;
         place *= 2)
        EX_TRY(try_header(run, place, SECOND, second, err));
    if (second->bytes != NULL && (ret->bytes == NULL || second->sum == SUM_FITS)) {
        struct header first = *ret;
        *ret = *second;
        *second = first;
    }
    return EX_OK;
}

static ex_code tell_version2(struct parser_run *run, const struct header *h, const char **ret_json,
                             struct ex_error *err) {
    static const char *const SUMS[] = {"fits", "does not fit", "not checked"};
    struct ex_cursor c = ex_cursor_make(h->bytes, LUKS2_BINARY_BYTES);
    (void)ex_cursor_bytes(&c, 24);
    EX_TRY(tell_text(run, "version", "2", err));
    EX_TRY(tell_field(run, "label", &c, 48, err));
    (void)ex_cursor_bytes(&c, 32 + 64);
    EX_TRY(tell_field(run, "uuid", &c, 40, err));
    EX_TRY(tell_field(run, "subsystem", &c, 48, err));
    EX_TRY(tell_text(run, "header", h->at == 0 ? "first" : "second", err));
    EX_TRY(tell_text(run, "checksum", SUMS[h->sum], err));
    return luks_tell_json(run, (const char *)h->bytes + LUKS2_BINARY_BYTES,
                          h->size - LUKS2_BINARY_BYTES, ret_json, err);
}

static ex_code tell_header2(struct parser_run *run, uint32_t trace, uint64_t at,
                            struct ex_error *err) {
    EX_AUTO(header_free) struct header *h = ex_new0(struct header);
    const char *json = NULL;
    EX_TRY(choose_header(run, at, h, err));
    if (h->bytes == NULL) {
        EX_TRY(tell_text(run, "version", "2", err));
        return tell_problem(run, trace, "header", err, EX_FORMAT,
                            "its header is damaged, and so is its copy");
    }
    EX_TRY(tell_version2(run, h, &json, err));
    if (h->at > 0)
        EX_TRY(tell_problem(run, trace, "header", err, EX_FORMAT,
                            "its first header is damaged: read from the second one at byte %llu",
                            (unsigned long long)h->at));
    else if (h->sum == SUM_WRONG)
        EX_TRY(tell_problem(run, trace, "header", err, EX_FORMAT,
                            "the checksum of its header does not fit, and there is no good copy"));
    return json == NULL ? EX_OK : tell_problem(run, trace, "json", err, EX_FORMAT, "%s", json);
}

/* ---- both ---- */

static ex_code tell_locked(struct parser_run *run, uint32_t trace, uint64_t at, unsigned version,
                           struct ex_error *err) {
    return tell_problem(
        run, trace, "content", err, EX_DENIED,
        "encrypted, LUKS version %u (%s, BA BE, %02X %02X at byte %llu): what is in "
        "it cannot be read without a key",
        version, at == 0 ? "LUKS" : "SKUL", version >> 8, version & 0xFF, (unsigned long long)at);
}

ex_code locked_tell_luks(struct parser_run *run, uint32_t trace, uint64_t at,
                         struct ex_error *err) {
    uint8_t head[MAGIC_BYTES + 2];
    EX_TRY(parser_read(run, 0, at, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head + MAGIC_BYTES, 2);
    unsigned version = ex_cursor_be16(&c);
    if (version == 1 && at == 0 && parser_input_size(run, 0) >= LUKS1_BYTES)
        EX_TRY(tell_version1(run, err));
    else if (version == 2)
        EX_TRY(tell_header2(run, trace, at, err));
    else
        EX_TRY(tell_problem(run, trace, "header", err, EX_FORMAT,
                            "its header has a version that is not known, or is cut off"));
    return tell_locked(run, trace, at, version, err);
}
