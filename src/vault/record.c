/* SPDX-License-Identifier: Apache-2.0 */
/* Records: format/vault §3.2. */
#include "base/bytes.h"
#include "vault/vault_internal.h"

#include <zstd.h>

static const uint8_t RECORD_MAGIC[4] = {'E', 'X', 'R', 1};
static const char RECORD_CONTEXT[] = "exhibit-record-v1"; /* its NUL belongs to it */
static const char CHUNK_CONTEXT[] = "exhibit-chunk-v1";   /* likewise */

struct codec {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *decompress;
};

ex_code codec_new(struct codec **ret, struct ex_error *err) {
    EX_AUTO(codec_free) struct codec *c = ex_new0(struct codec);
    c->compress = ZSTD_createCCtx();
    c->decompress = ZSTD_createDCtx();
    if (c->compress == NULL || c->decompress == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for compression");
    *ret = ex_steal(&c);
    return EX_OK;
}

void codec_free(struct codec *c) {
    if (c == NULL)
        return;
    ZSTD_freeCCtx(c->compress);
    ZSTD_freeDCtx(c->decompress);
    free(c);
}

void record_clear(struct record *r) {
    free(r->entry);
    free(r->data);
    *r = (struct record){0};
}

void chunk_id(uint64_t length, const uint8_t (*block_hash)[SHA256_BYTES],
              uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    uint8_t size[8];
    ex_put_le64(size, length);
    sha256_start(&h);
    sha256_add(&h, CHUNK_CONTEXT, sizeof CHUNK_CONTEXT);
    sha256_add(&h, size, sizeof size);
    sha256_add(&h, block_hash, (length + BLOCK_BYTES - 1) / BLOCK_BYTES * SHA256_BYTES);
    sha256_end(&h, ret);
}

static void tag_of(const uint8_t pack_id[static VAULT_PACK_ID_BYTES], const uint8_t *record,
                   size_t table_bytes, uint8_t ret[static 16]) {
    struct sha256 h;
    uint8_t hash[SHA256_BYTES];
    sha256_start(&h);
    sha256_add(&h, RECORD_CONTEXT, sizeof RECORD_CONTEXT);
    sha256_add(&h, pack_id, VAULT_PACK_ID_BYTES);
    sha256_add(&h, record, 32);
    sha256_add(&h, record + RECORD_HEADER_BYTES, table_bytes);
    sha256_end(&h, hash);
    memcpy(ret, hash, 16);
}

static size_t table_size(size_t entry_count) {
    return 4 + entry_count * TABLE_ENTRY_BYTES;
}

static void table_write(uint8_t *to, const struct table_entry *entry, size_t entry_count) {
    ex_put_le32(to, (uint32_t)entry_count);
    to += 4;
    for (size_t i = 0; i < entry_count; i++, to += TABLE_ENTRY_BYTES) {
        memcpy(to, entry[i].id, SHA256_BYTES);
        ex_put_le32(to + SHA256_BYTES, entry[i].length);
    }
}

/* Fills `to` (capacity: ZSTD_compressBound) and says how; data that does not shrink stays as it is.
 */
static uint8_t encode(struct codec *codec, int level, const uint8_t *data, size_t size_bytes,
                      uint8_t *to, size_t capacity, size_t *ret_coded) {
    if (codec != NULL && size_bytes > 0) {
        size_t coded = ZSTD_compressCCtx(codec->compress, to, capacity, data, size_bytes, level);
        if (!ZSTD_isError(coded) && coded < size_bytes - size_bytes / 64) {
            *ret_coded = coded;
            return CODEC_ZSTD;
        }
    }
    if (size_bytes > 0)
        memcpy(to, data, size_bytes);
    *ret_coded = size_bytes;
    return CODEC_NONE;
}

ex_code record_build(enum record_type type, const struct table_entry *entry, size_t entry_count,
                     const uint8_t *data, size_t size_bytes, struct codec *codec, int level,
                     uint8_t **ret, size_t *ret_size_bytes, struct ex_error *err) {
    size_t table = table_size(entry_count), capacity = ZSTD_compressBound(size_bytes), coded;
    if (size_bytes > EX_LIMIT_RECORD_BYTES || table > EX_LIMIT_RECORD_BYTES)
        return ex_fail(err, EX_LIMIT, "a record of %zu bytes is larger than its limit", size_bytes);
    uint8_t *out = malloc(RECORD_HEADER_BYTES + table + capacity);
    if (out == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a record");
    memset(out, 0, RECORD_HEADER_BYTES);
    memcpy(out, RECORD_MAGIC, sizeof RECORD_MAGIC);
    out[8] = (uint8_t)type;
    table_write(out + RECORD_HEADER_BYTES, entry, entry_count);
    out[9] =
        encode(codec, level, data, size_bytes, out + RECORD_HEADER_BYTES + table, capacity, &coded);
    ex_put_le32(out + 12, (uint32_t)size_bytes);
    ex_put_le32(out + 16, (uint32_t)(table + coded));
    *ret = out;
    *ret_size_bytes = RECORD_HEADER_BYTES + table + coded;
    return EX_OK;
}

void record_finish(const uint8_t pack_id[static VAULT_PACK_ID_BYTES], uint8_t *record,
                   uint32_t number) {
    struct ex_cursor c = ex_cursor_make(record + RECORD_HEADER_BYTES, 4);
    ex_put_le32(record + 4, number);
    tag_of(pack_id, record, table_size(ex_cursor_le32(&c)), record + 32);
}

ex_code record_head_parse(const uint8_t data[static RECORD_HEADER_BYTES], struct record_head *ret,
                          struct ex_error *err) {
    static const uint8_t zeros[12];
    struct ex_cursor c = ex_cursor_make(data, RECORD_HEADER_BYTES);
    if (memcmp(ex_cursor_bytes(&c, 4), RECORD_MAGIC, 4) != 0)
        return ex_fail(err, EX_ALTERED, "there is no record where one should be");
    ret->number = ex_cursor_le32(&c);
    ret->type = ex_cursor_u8(&c);
    ret->codec = ex_cursor_u8(&c);
    uint16_t zero = ex_cursor_le16(&c);
    ret->plain_length = ex_cursor_le32(&c);
    ret->stored_length = ex_cursor_le32(&c);
    bool padded = memcmp(ex_cursor_bytes(&c, sizeof zeros), zeros, sizeof zeros) == 0;
    ex_cursor_copy(&c, ret->tag, sizeof ret->tag);
    if (zero != 0 || !padded || ret->type < RECORD_CHUNKS || ret->type > RECORD_TRAILER ||
        ret->codec > CODEC_ZSTD || ret->plain_length > EX_LIMIT_RECORD_BYTES ||
        ret->stored_length > EX_LIMIT_RECORD_BYTES || ret->stored_length < 4)
        return ex_fail(err, EX_ALTERED, "the header of a record is damaged");
    return EX_OK;
}

static ex_code decode(const struct record_head *head, struct ex_cursor *coded, struct codec *codec,
                      uint8_t **ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size = ex_cursor_left(coded);
    const uint8_t *from = ex_cursor_bytes(coded, size);
    EX_TRY(ex_alloc(head->plain_length, 1, EX_LIMIT_RECORD_BYTES, "a record", &data, err));
    if (head->codec == CODEC_NONE) {
        if (size != head->plain_length)
            return ex_fail(err, EX_ALTERED, "the lengths of a record do not agree");
        if (size > 0)
            memcpy(data, from, size);
    } else {
        size_t got = ZSTD_decompressDCtx(codec->decompress, data, head->plain_length, from, size);
        if (ZSTD_isError(got) || got != head->plain_length)
            return ex_fail(err, EX_ALTERED, "the compressed bytes of a record are damaged");
    }
    *ret = ex_steal(&data);
    return EX_OK;
}

static ex_code table_parse(struct ex_cursor *c, const struct record_head *head, struct record *r,
                           struct ex_error *err) {
    uint64_t total = 0;
    r->entry_count = ex_cursor_le32(c);
    if (r->entry_count > ex_cursor_left(c) / TABLE_ENTRY_BYTES)
        return ex_fail(err, EX_ALTERED, "the table of a record is damaged");
    EX_TRY(ex_alloc(r->entry_count, sizeof *r->entry, EX_LIMIT_RECORD_BYTES * 2,
                    "the table of a record", &r->entry, err));
    for (size_t i = 0; i < r->entry_count; i++) {
        ex_cursor_copy(c, r->entry[i].id, SHA256_BYTES);
        r->entry[i].length = ex_cursor_le32(c);
        total += r->entry[i].length;
    }
    if (head->type != RECORD_TRAILER && total != head->plain_length)
        return ex_fail(err, EX_ALTERED, "the lengths in the table of a record do not agree");
    return ex_cursor_check(c, "the table of a record", err);
}

/* Head, table and tag; leaves the cursor at the coded data. */
static ex_code guarded_parse(const uint8_t pack_id[static VAULT_PACK_ID_BYTES], const uint8_t *data,
                             struct ex_cursor *c, struct record *r, struct ex_error *err) {
    uint8_t tag[16];
    EX_TRY(table_parse(c, &r->head, r, err));
    tag_of(pack_id, data, table_size(r->entry_count), tag);
    if (memcmp(tag, r->head.tag, sizeof tag) != 0)
        return ex_fail(err, EX_ALTERED, "the header or the table of a record is damaged");
    return EX_OK;
}

ex_code record_parse(const uint8_t pack_id[static VAULT_PACK_ID_BYTES], const uint8_t *data,
                     size_t size_bytes, struct codec *codec, struct record *ret,
                     struct ex_error *err) {
    struct record r = {0};
    if (size_bytes < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "a record ends early");
    EX_TRY(record_head_parse(data, &r.head, err));
    if (r.head.stored_length != size_bytes - RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "a record ends early");
    struct ex_cursor c = ex_cursor_make(data + RECORD_HEADER_BYTES, r.head.stored_length);
    ex_code code = guarded_parse(pack_id, data, &c, &r, err);
    if (code == EX_OK && codec != NULL)
        code = decode(&r.head, &c, codec, &r.data, err);
    if (code != EX_OK) {
        record_clear(&r);
        return code;
    }
    *ret = r;
    return EX_OK;
}

size_t record_table_end(const uint8_t data[static RECORD_HEADER_BYTES + 4]) {
    struct ex_cursor c = ex_cursor_make(data + RECORD_HEADER_BYTES, 4);
    return RECORD_HEADER_BYTES + table_size(ex_cursor_le32(&c));
}

ex_code record_parse_table(const uint8_t pack_id[static VAULT_PACK_ID_BYTES], const uint8_t *data,
                           size_t size_bytes, struct record *ret, struct ex_error *err) {
    struct record r = {0};
    if (size_bytes < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "a record ends early");
    EX_TRY(record_head_parse(data, &r.head, err));
    struct ex_cursor c =
        ex_cursor_make(data + RECORD_HEADER_BYTES, size_bytes - RECORD_HEADER_BYTES);
    ex_code code = guarded_parse(pack_id, data, &c, &r, err);
    if (code != EX_OK) {
        record_clear(&r);
        return code;
    }
    *ret = r;
    return EX_OK;
}

static ex_code entry_id(enum record_type type, const uint8_t *data, uint32_t length,
                        struct block_hasher *hasher, uint8_t ret[static SHA256_BYTES],
                        struct ex_error *err) {
    uint8_t hash[CHUNK_MAX_BLOCKS][SHA256_BYTES];
    if (type != RECORD_CHUNKS) {
        sha256_of(data, length, ret);
        return EX_OK;
    }
    if (length > CHUNK_MAX_BYTES)
        return ex_fail(err, EX_ALTERED, "a chunk of %u bytes is longer than chunks can be", length);
    EX_TRY(block_hasher_run(hasher, data, length, hash, err));
    chunk_id(length, (const uint8_t(*)[SHA256_BYTES])hash, ret);
    return EX_OK;
}

ex_code record_check_ids(const struct record *r, struct block_hasher *hasher, size_t *ret_bad,
                         struct ex_error *err) {
    const uint8_t *data = r->data;
    uint8_t id[SHA256_BYTES];
    for (size_t i = 0; i < r->entry_count; data += r->entry[i].length, i++) {
        struct ex_error why;
        ex_code code = entry_id(r->head.type, data, r->entry[i].length, hasher, id, &why);
        if (code != EX_OK && code != EX_ALTERED) {
            if (err != NULL)
                *err = why;
            return code;
        }
        if (code == EX_ALTERED || memcmp(id, r->entry[i].id, SHA256_BYTES) != 0) {
            *ret_bad = i;
            return EX_OK;
        }
    }
    *ret_bad = r->entry_count;
    return EX_OK;
}
