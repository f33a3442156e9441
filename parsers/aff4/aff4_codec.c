/* SPDX-License-Identifier: Apache-2.0 */
/* How chunks are compressed and hashed. Two codecs have two forms, because writers differ. */
#include "parsers/aff4/aff4_internal.h"
#include "parsers/shared/expand.h"

#include <lz4.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <snappy-c.h>

static ex_code expand_snappy(const uint8_t *from, size_t from_bytes, uint8_t *to, size_t size_bytes,
                             size_t *ret_bytes, struct ex_error *err) {
    size_t size = 0;
    if (snappy_uncompressed_length((const char *)from, from_bytes, &size) != SNAPPY_OK)
        return ex_fail(err, EX_ALTERED, "it cannot be expanded");
    if (size > size_bytes)
        return ex_fail(err, EX_FORMAT, "it expands to more than %zu bytes", size_bytes);
    if (snappy_uncompress((const char *)from, from_bytes, (char *)to, &size) != SNAPPY_OK)
        return ex_fail(err, EX_ALTERED, "it cannot be expanded");
    *ret_bytes = size;
    return EX_OK;
}

/* A block, or the length in four bytes in front of one. */
static ex_code expand_lz4(const uint8_t *from, size_t from_bytes, uint8_t *to, size_t size_bytes,
                          size_t *ret_bytes, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(from, from_bytes);
    uint32_t said = ex_cursor_le32(&c);
    int got = -1;
    if (said <= size_bytes && said > 0 && from_bytes > 4)
        got = LZ4_decompress_safe((const char *)from + 4, (char *)to, (int)from_bytes - 4,
                                  (int)size_bytes);
    if (got < 0 || (uint32_t)got != said)
        got = LZ4_decompress_safe((const char *)from, (char *)to, (int)from_bytes, (int)size_bytes);
    if (got < 0)
        return ex_fail(err, EX_ALTERED, "it cannot be expanded");
    *ret_bytes = (size_t)got;
    return EX_OK;
}

/* RFC 1950, whose first two bytes are divisible by 31, or RFC 1951: the standard names the latter,
 * and its first writers wrote the former. */
static ex_code expand_either(struct aff4 *a, const uint8_t *from, size_t from_bytes, uint8_t *to,
                             size_t size_bytes, size_t *ret_bytes, struct ex_error *err) {
    bool wrapped = from_bytes >= 2 && (from[0] & 15) == 8 && (from[0] << 8 | from[1]) % 31 == 0;
    struct ex_error why = {0};
    if (wrapped &&
        expand_zlib(&a->zip.inflate, from, from_bytes, to, size_bytes, ret_bytes, &why) == EX_OK)
        return EX_OK;
    ex_code code =
        expand_deflate(&a->zip.inflate, from, from_bytes, to, size_bytes, ret_bytes, err);
    return code != EX_OK && wrapped ? ex_fail(err, why.code, "%s", why.text) : code;
}

ex_code aff4_expand(struct aff4 *a, enum aff4_codec codec, const uint8_t *from, size_t from_bytes,
                    uint8_t *to, size_t size_bytes, size_t *ret_bytes, struct ex_error *err) {
    switch (codec) {
    case AFF4_SNAPPY:
        return expand_snappy(from, from_bytes, to, size_bytes, ret_bytes, err);
    case AFF4_LZ4:
        return expand_lz4(from, from_bytes, to, size_bytes, ret_bytes, err);
    case AFF4_DEFLATE:
        return expand_either(a, from, from_bytes, to, size_bytes, ret_bytes, err);
    case AFF4_STORED:
        break;
    }
    if (from_bytes > size_bytes)
        return ex_fail(err, EX_FORMAT, "it has %zu bytes", from_bytes);
    memcpy(to, from, from_bytes);
    *ret_bytes = from_bytes;
    return EX_OK;
}

/* ---- hashes ---- */

static const struct {
    const char *name;
    size_t size_bytes;
} HASHES[AFF4_HASHES] = {{"sha512", 64}, {"sha256", 32}, {"sha1", 20}, {"md5", 16}};

const char *aff4_hash_name(unsigned hash) {
    return HASHES[hash].name;
}

size_t aff4_hash_bytes(unsigned hash) {
    return HASHES[hash].size_bytes;
}

void aff4_hash(unsigned hash, const uint8_t *data, size_t size_bytes,
               uint8_t to[AFF4_HASH_BYTES_MAX]) {
    union {
        struct sha512_ctx sha512;
        struct sha256_ctx sha256;
        struct sha1_ctx sha1;
        struct md5_ctx md5;
    } h;
    switch (hash) {
    case 0:
        sha512_init(&h.sha512);
        sha512_update(&h.sha512, size_bytes, data);
        sha512_digest(&h.sha512, 64, to);
        break;
    case 1:
        sha256_init(&h.sha256);
        sha256_update(&h.sha256, size_bytes, data);
        sha256_digest(&h.sha256, 32, to);
        break;
    case 2:
        sha1_init(&h.sha1);
        sha1_update(&h.sha1, size_bytes, data);
        sha1_digest(&h.sha1, 20, to);
        break;
    default:
        md5_init(&h.md5);
        md5_update(&h.md5, size_bytes, data);
        md5_digest(&h.md5, 16, to);
        break;
    }
}
