/* SPDX-License-Identifier: Apache-2.0 */
/* Records: format/vault §3.2. */
#include "base/bytes.h"
#include "vault/vault_internal.h"

#include <sodium.h>
#include <zstd.h>

static const uint8_t RECORD_MAGIC[4] = {'E', 'X', 'R', 1};
static const char RECORD_CONTEXT[] = "exhibit-record-v1"; /* its NUL belongs to it */
static const char CHUNK_CONTEXT[] = "exhibit-chunk-v1";   /* likewise */

enum { TABLE_PAD_ENTRIES = 16, GUARDED_HEADER_BYTES = 32, PART_TABLE = 0, PART_DATA = 1 };

struct codec {
    ZSTD_CCtx *compress;
    int level; /* that it is set to; 0: none yet */
    ZSTD_DCtx *decompress;
    struct aead *aead;
    struct pack_ref keyed; /* whose key is set; epoch 0: none */
};

ex_code codec_new(struct codec **ret, struct ex_error *err) {
    EX_AUTO(codec_free) struct codec *c = ex_new0(struct codec);
    c->compress = ZSTD_createCCtx();
    c->decompress = ZSTD_createDCtx();
    if (c->compress == NULL || c->decompress == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for compression");
    EX_TRY(aead_new(&c->aead, err));
    *ret = ex_steal(&c);
    return EX_OK;
}

void codec_free(struct codec *c) {
    if (c == NULL)
        return;
    ZSTD_freeCCtx(c->compress);
    ZSTD_freeDCtx(c->decompress);
    aead_free(c->aead);
    free(c);
}

bool codec_knows_pack(const struct codec *c, const struct epochs *epochs,
                      const uint8_t id[static VAULT_PACK_ID_BYTES], uint64_t *ret_epoch) {
    if (c->keyed.epoch == 0 || c->keyed.epochs != epochs ||
        memcmp(c->keyed.id, id, VAULT_PACK_ID_BYTES) != 0)
        return false;
    *ret_epoch = c->keyed.epoch;
    return true;
}

bool vault_is_locked(const struct vault *v) {
    return !v->config.plain && v->epochs == NULL;
}

ex_code pack_ref_new(const struct vault *v, struct pack_ref *ret, struct ex_error *err) {
    if (vault_is_locked(v))
        return ex_fail(err, EX_DENIED, "the vault is locked");
    *ret = (struct pack_ref){.epoch = epochs_newest(v->epochs), .epochs = v->epochs};
    randombytes_buf(ret->id, sizeof ret->id);
    return EX_OK;
}

/* format/vault §7.3 */
static ex_code codec_set_pack(struct codec *c, const struct pack_ref *pack, struct ex_error *err) {
    uint8_t key[AEAD_KEY_BYTES];
    if (c->keyed.epoch == pack->epoch && c->keyed.epochs == pack->epochs &&
        memcmp(c->keyed.id, pack->id, sizeof pack->id) == 0)
        return EX_OK;
    c->keyed.epoch = 0;
    ex_code code = epochs_derive(pack->epochs, pack->epoch, pack->id, sizeof pack->id,
                                 "exhibit-pack-v1", key, err);
    if (code == EX_OK)
        code = aead_set_key(c->aead, key, err);
    sodium_memzero(key, sizeof key);
    if (code == EX_OK)
        c->keyed = *pack;
    return code;
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

/* The tag of mode 0. */
static void tag_of(const uint8_t pack_id[static VAULT_PACK_ID_BYTES], const uint8_t *record,
                   size_t table_bytes, uint8_t ret[static 16]) {
    struct sha256 h;
    uint8_t hash[SHA256_BYTES];
    sha256_start(&h);
    sha256_add(&h, RECORD_CONTEXT, sizeof RECORD_CONTEXT);
    sha256_add(&h, pack_id, VAULT_PACK_ID_BYTES);
    sha256_add(&h, record, GUARDED_HEADER_BYTES);
    sha256_add(&h, record + RECORD_HEADER_BYTES, table_bytes);
    sha256_end(&h, hash);
    memcpy(ret, hash, 16);
}

/* In encrypted packs the number of entries is rounded up, so that the length of a table says little
 * about where chunks end. */
static size_t table_size(size_t entry_count, bool encrypted) {
    size_t places =
        encrypted ? (entry_count + TABLE_PAD_ENTRIES - 1) / TABLE_PAD_ENTRIES * TABLE_PAD_ENTRIES
                  : entry_count;
    return 4 + places * TABLE_ENTRY_BYTES;
}

static void table_write(uint8_t *to, const struct table_entry *entry, size_t entry_count,
                        size_t table_bytes) {
    memset(to, 0, table_bytes);
    ex_put_le32(to, (uint32_t)entry_count);
    to += 4;
    for (size_t i = 0; i < entry_count; i++, to += TABLE_ENTRY_BYTES) {
        memcpy(to, entry[i].id, SHA256_BYTES);
        ex_put_le32(to + SHA256_BYTES, entry[i].length);
    }
}

/* Level −1 and below, from the strongest to the fastest. Beside zstd's own negative levels these
 * leave less at the same speed: a table that stays in the processor's first cache, and matches
 * worth having. A target length above 0 leaves literals uncoded, so reading back is faster too. */
static const struct fast_level {
    int hash_log, min_match, target_length;
} FAST_LEVEL[-RECORD_LEVEL_FASTEST] = {{12, 6, 1}, {12, 6, 2}, {12, 6, 4}};

static bool codec_set_level(struct codec *c, int level) {
    if (c->level == level)
        return true;
    c->level = 0;
    size_t e = ZSTD_CCtx_reset(c->compress, ZSTD_reset_session_and_parameters);
    e |= ZSTD_CCtx_setParameter(c->compress, ZSTD_c_compressionLevel, level < 0 ? 1 : level);
    if (level < 0) {
        const struct fast_level *f = &FAST_LEVEL[-level - 1];
        e |= ZSTD_CCtx_setParameter(c->compress, ZSTD_c_strategy, ZSTD_fast);
        e |= ZSTD_CCtx_setParameter(c->compress, ZSTD_c_hashLog, f->hash_log);
        e |= ZSTD_CCtx_setParameter(c->compress, ZSTD_c_minMatch, f->min_match);
        e |= ZSTD_CCtx_setParameter(c->compress, ZSTD_c_targetLength, f->target_length);
    }
    if (ZSTD_isError(e))
        return false;
    c->level = level;
    return true;
}

/* Fills `to` (capacity: ZSTD_compressBound) and says how; data that does not shrink stays as it is.
 */
static uint8_t encode(struct codec *codec, int level, const uint8_t *data, size_t size_bytes,
                      uint8_t *to, size_t capacity, size_t *ret_coded) {
    if (codec != NULL && size_bytes > 0 && codec_set_level(codec, level)) {
        size_t coded = ZSTD_compress2(codec->compress, to, capacity, data, size_bytes);
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

/* A compressed frame has bits that carry nothing, which no id guards. Where no tag guards them
 * either only the data of items are worth it. */
static bool is_compressed(enum record_type type, int level, bool encrypted) {
    return level != 0 && (encrypted || type == RECORD_CHUNKS);
}

ex_code record_build(enum record_type type, const struct table_entry *entry, size_t entry_count,
                     const uint8_t *data, size_t size_bytes, struct codec *codec, int level,
                     bool encrypted, uint8_t **ret, size_t *ret_size_bytes, struct ex_error *err) {
    size_t table = table_size(entry_count, encrypted), capacity = ZSTD_compressBound(size_bytes);
    size_t coded, tag = encrypted ? AEAD_TAG_BYTES : 0;
    if (size_bytes > EX_LIMIT_RECORD_BYTES || table > EX_LIMIT_RECORD_BYTES)
        return ex_fail(err, EX_LIMIT, "a record of %zu bytes is larger than its limit", size_bytes);
    uint8_t *out = malloc(RECORD_HEADER_BYTES + table + capacity + tag);
    if (out == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a record");
    memset(out, 0, RECORD_HEADER_BYTES);
    memcpy(out, RECORD_MAGIC, sizeof RECORD_MAGIC);
    out[8] = (uint8_t)type;
    table_write(out + RECORD_HEADER_BYTES, entry, entry_count, table);
    out[9] = encode(is_compressed(type, level, encrypted) ? codec : NULL, level, data, size_bytes,
                    out + RECORD_HEADER_BYTES + table, capacity, &coded);
    memset(out + RECORD_HEADER_BYTES + table + coded, 0, tag);
    ex_put_le32(out + 12, (uint32_t)size_bytes);
    ex_put_le32(out + 16, (uint32_t)(table + coded + tag));
    ex_put_le32(out + 20, (uint32_t)table);
    *ret = out;
    *ret_size_bytes = RECORD_HEADER_BYTES + table + coded + tag;
    return EX_OK;
}

/* format/vault §7.4: what is authenticated with each of the two parts of a record. */
struct record_seal {
    uint8_t nonce[AEAD_NONCE_BYTES];
    uint8_t fixed[sizeof RECORD_CONTEXT + VAULT_PACK_ID_BYTES + GUARDED_HEADER_BYTES];
    struct aead_ad ad;
};

static void seal_part(struct record_seal *s, const struct pack_ref *pack, const uint8_t *record,
                      uint32_t part) {
    uint8_t *to = s->fixed;
    memset(s, 0, sizeof *s);
    memcpy(s->nonce, record + 4, 4); /* the record's number */
    ex_put_le32(s->nonce + 4, part);
    memcpy(to, RECORD_CONTEXT, sizeof RECORD_CONTEXT);
    memcpy(to + sizeof RECORD_CONTEXT, pack->id, VAULT_PACK_ID_BYTES);
    memcpy(to + sizeof RECORD_CONTEXT + VAULT_PACK_ID_BYTES, record, GUARDED_HEADER_BYTES);
    s->ad = (struct aead_ad){.first = s->fixed, .first_bytes = sizeof s->fixed};
    if (part == PART_DATA) { /* bound to its table */
        s->ad.second = record + 32;
        s->ad.second_bytes = AEAD_TAG_BYTES;
    }
}

static ex_code encrypt(struct codec *codec, const struct pack_ref *pack, uint8_t *record,
                       const struct record_head *head, struct ex_error *err) {
    struct record_seal s;
    uint8_t *table = record + RECORD_HEADER_BYTES, *data = table + head->table_length;
    size_t size = head->stored_length - head->table_length - AEAD_TAG_BYTES;
    EX_TRY(codec_set_pack(codec, pack, err));
    seal_part(&s, pack, record, PART_TABLE);
    EX_TRY(
        aead_seal(codec->aead, s.nonce, &s.ad, table, head->table_length, table, record + 32, err));
    seal_part(&s, pack, record, PART_DATA);
    return aead_seal(codec->aead, s.nonce, &s.ad, data, size, data, data + size, err);
}

ex_code record_finish(struct codec *codec, const struct pack_ref *pack, uint8_t *record,
                      uint32_t number, struct ex_error *err) {
    struct record_head head;
    ex_put_le32(record + 4, number);
    EX_TRY(record_head_parse(record, &head, err));
    if (pack->epoch != 0)
        return encrypt(codec, pack, record, &head, err);
    tag_of(pack->id, record, head.table_length, record + 32);
    return EX_OK;
}

ex_code record_head_parse(const uint8_t data[static RECORD_HEADER_BYTES], struct record_head *ret,
                          struct ex_error *err) {
    static const uint8_t zeros[8];
    struct ex_cursor c = ex_cursor_make(data, RECORD_HEADER_BYTES);
    if (memcmp(ex_cursor_bytes(&c, 4), RECORD_MAGIC, 4) != 0)
        return ex_fail(err, EX_ALTERED, "there is no record where one should be");
    ret->number = ex_cursor_le32(&c);
    ret->type = ex_cursor_u8(&c);
    ret->codec = ex_cursor_u8(&c);
    uint16_t zero = ex_cursor_le16(&c);
    ret->plain_length = ex_cursor_le32(&c);
    ret->stored_length = ex_cursor_le32(&c);
    ret->table_length = ex_cursor_le32(&c);
    bool padded = memcmp(ex_cursor_bytes(&c, sizeof zeros), zeros, sizeof zeros) == 0;
    ex_cursor_copy(&c, ret->tag, sizeof ret->tag);
    if (zero != 0 || !padded || ret->type < RECORD_CHUNKS || ret->type > RECORD_DATES ||
        ret->codec > CODEC_ZSTD || ret->plain_length > EX_LIMIT_RECORD_BYTES ||
        ret->stored_length > EX_LIMIT_RECORD_BYTES || ret->table_length < 4 ||
        ret->table_length > ret->stored_length)
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

static ex_code table_damaged(struct ex_error *err) {
    return ex_fail(err, EX_ALTERED, "the table of a record is damaged");
}

static ex_code table_parse(const uint8_t *table, const struct record_head *head, bool encrypted,
                           struct record *r, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(table, head->table_length);
    uint64_t total = 0;
    r->entry_count = ex_cursor_le32(&c);
    if (r->entry_count > ex_cursor_left(&c) / TABLE_ENTRY_BYTES ||
        head->table_length != table_size(r->entry_count, encrypted))
        return table_damaged(err);
    EX_TRY(ex_alloc(r->entry_count, sizeof *r->entry, EX_LIMIT_RECORD_BYTES * 2,
                    "the table of a record", &r->entry, err));
    for (size_t i = 0; i < r->entry_count; i++) {
        ex_cursor_copy(&c, r->entry[i].id, SHA256_BYTES);
        r->entry[i].length = ex_cursor_le32(&c);
        total += r->entry[i].length;
    }
    while (ex_cursor_left(&c) > 0)
        if (ex_cursor_u8(&c) != 0)
            return table_damaged(err);
    if (head->type != RECORD_TRAILER && total != head->plain_length)
        return ex_fail(err, EX_ALTERED, "the lengths in the table of a record do not agree");
    return EX_OK;
}

/* Table and tag; in an encrypted pack the table is decrypted where it stands. */
static ex_code open_table(struct codec *codec, const struct pack_ref *pack, uint8_t *record,
                          struct record *r, struct ex_error *err) {
    uint8_t *table = record + RECORD_HEADER_BYTES, tag[16];
    struct record_seal s;
    if (pack->epoch != 0) {
        EX_TRY(codec_set_pack(codec, pack, err));
        seal_part(&s, pack, record, PART_TABLE);
        EX_TRY(aead_open(codec->aead, s.nonce, &s.ad, table, r->head.table_length, r->head.tag,
                         table, err));
        return table_parse(table, &r->head, true, r, err);
    }
    tag_of(pack->id, record, r->head.table_length, tag);
    if (memcmp(tag, r->head.tag, sizeof tag) != 0)
        return ex_fail(err, EX_ALTERED, "the header or the table of a record is damaged");
    return table_parse(table, &r->head, false, r, err);
}

static ex_code open_data(struct codec *codec, const struct pack_ref *pack, uint8_t *record,
                         struct record *r, struct ex_error *err) {
    struct record_seal s;
    uint8_t *data = record + RECORD_HEADER_BYTES + r->head.table_length;
    size_t size = r->head.stored_length - r->head.table_length;
    if (pack->epoch != 0) {
        if (size < AEAD_TAG_BYTES)
            return ex_fail(err, EX_ALTERED, "a record ends early");
        size -= AEAD_TAG_BYTES;
        seal_part(&s, pack, record, PART_DATA);
        EX_TRY(aead_open(codec->aead, s.nonce, &s.ad, data, size, data + size, data, err));
    }
    struct ex_cursor c = ex_cursor_make(data, size);
    return decode(&r->head, &c, codec, &r->data, err);
}

ex_code record_parse(struct codec *codec, const struct pack_ref *pack, uint8_t *data,
                     size_t size_bytes, enum record_depth depth, struct record *ret,
                     struct ex_error *err) {
    struct record r = {0};
    if (size_bytes < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "a record ends early");
    EX_TRY(record_head_parse(data, &r.head, err));
    if (depth == RECORD_ALL ? r.head.stored_length != size_bytes - RECORD_HEADER_BYTES
                            : r.head.table_length > size_bytes - RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "a record ends early");
    ex_code code = open_table(codec, pack, data, &r, err);
    if (code == EX_OK && depth == RECORD_ALL)
        code = open_data(codec, pack, data, &r, err);
    if (code != EX_OK) {
        record_clear(&r);
        return code;
    }
    *ret = r;
    return EX_OK;
}

size_t record_table_end(const struct record_head *head) {
    return RECORD_HEADER_BYTES + (size_t)head->table_length;
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

/* The block hashes of all chunks of a record, in one go; *ret_chunks: how many chunks those are,
 * fewer than there are when the next one is longer than chunks can be. */
static ex_code hash_chunks(const struct record *r, struct block_hasher *hasher,
                           uint8_t (**ret)[SHA256_BYTES], size_t *ret_chunks,
                           struct ex_error *err) {
    size_t blocks = 0, at = 0, count = 0, bytes = 0;
    EX_AUTO_FREE struct block_span *span = NULL;
    uint8_t(*hash)[SHA256_BYTES];
    EX_TRY(ex_alloc(r->entry_count + 1, sizeof *span, EX_LIMIT_RECORD_BYTES * 2, "block hashes",
                    &span, err));
    for (; count < r->entry_count && r->entry[count].length <= CHUNK_MAX_BYTES; count++)
        blocks += (r->entry[count].length + BLOCK_BYTES - 1) / BLOCK_BYTES;
    EX_TRY(
        ex_alloc(blocks + 1, sizeof *hash, EX_LIMIT_RECORD_BYTES * 2, "block hashes", &hash, err));
    for (size_t i = 0; i < count; i++) {
        span[i] = (struct block_span){r->data + bytes, r->entry[i].length, hash + at};
        at += (r->entry[i].length + BLOCK_BYTES - 1) / BLOCK_BYTES;
        bytes += r->entry[i].length;
    }
    ex_code code = block_hasher_run_spans(hasher, span, count, err);
    if (code != EX_OK) {
        free(hash);
        return code;
    }
    *ret = hash;
    *ret_chunks = count;
    return EX_OK;
}

static ex_code check_chunk_ids(const struct record *r, struct block_hasher *hasher, size_t *ret_bad,
                               struct ex_error *err) {
    EX_AUTO_FREE uint8_t(*hash)[SHA256_BYTES] = NULL;
    uint8_t id[SHA256_BYTES];
    size_t chunks, i = 0, at = 0;
    EX_TRY(hash_chunks(r, hasher, &hash, &chunks, err));
    for (; i < chunks; i++) {
        chunk_id(r->entry[i].length, (const uint8_t(*)[SHA256_BYTES])(hash + at), id);
        if (memcmp(id, r->entry[i].id, SHA256_BYTES) != 0)
            break;
        at += (r->entry[i].length + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }
    *ret_bad = i;
    return EX_OK;
}

ex_code record_check_ids(const struct record *r, struct block_hasher *hasher, size_t *ret_bad,
                         struct ex_error *err) {
    const uint8_t *data = r->data;
    uint8_t id[SHA256_BYTES];
    size_t i = 0;
    if (r->head.type == RECORD_CHUNKS)
        return check_chunk_ids(r, hasher, ret_bad, err);
    for (; i < r->entry_count; data += r->entry[i].length, i++) {
        sha256_of(data, r->entry[i].length, id);
        if (memcmp(id, r->entry[i].id, SHA256_BYTES) != 0)
            break;
    }
    *ret_bad = i;
    return EX_OK;
}

bool record_lookup(const struct record *r, const uint8_t id[static SHA256_BYTES],
                   const uint8_t **ret, size_t *ret_size) {
    const uint8_t *at = r->data;
    for (size_t i = 0; i < r->entry_count; at += r->entry[i].length, i++) {
        if (memcmp(r->entry[i].id, id, SHA256_BYTES) == 0) {
            *ret = at;
            *ret_size = r->entry[i].length;
            return true;
        }
    }
    return false;
}

ex_code record_find_sound(const struct record *r, const uint8_t id[static SHA256_BYTES],
                          struct block_hasher *hasher, const uint8_t **ret,
                          uint32_t *ret_size_bytes, struct ex_error *err) {
    uint8_t its[SHA256_BYTES];
    const uint8_t *data;
    size_t size;
    struct ex_error why;
    *ret = NULL;
    if (!record_lookup(r, id, &data, &size))
        return EX_OK;
    ex_code code = entry_id(r->head.type, data, (uint32_t)size, hasher, its, &why);
    if (code != EX_OK && code != EX_ALTERED) {
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code == EX_OK && memcmp(its, id, SHA256_BYTES) == 0) {
        *ret = data;
        *ret_size_bytes = (uint32_t)size;
    }
    return EX_OK;
}
