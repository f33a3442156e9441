/* SPDX-License-Identifier: Apache-2.0 */
/* Image streams: chunks in bevies, each with an index, and often with hashes of its chunks. */
#include "parsers/aff4/aff4_internal.h"

#include <stdio.h>

enum { ENTRY_BYTES = 12, SUFFIX_BYTES = 48 };

/* ---- what a stream is ---- */

static ex_code find_codec(const struct aff4 *a, const char *urn, enum aff4_codec *ret,
                          struct ex_error *err) {
    static const struct {
        const char *iri;
        enum aff4_codec codec;
    } CODECS[] = {
        {"http://code.google.com/p/snappy/", AFF4_SNAPPY},
        {"https://github.com/google/snappy", AFF4_SNAPPY},
        {"https://code.google.com/p/lz4/", AFF4_LZ4},
        {"https://github.com/lz4/lz4", AFF4_LZ4},
        {"https://tools.ietf.org/html/rfc1951", AFF4_DEFLATE},
        {"https://www.ietf.org/rfc/rfc1951.txt", AFF4_DEFLATE},
        {"https://tools.ietf.org/html/rfc1950", AFF4_DEFLATE},
        {"https://www.ietf.org/rfc/rfc1950.txt", AFF4_DEFLATE},
        {AFF4_NS "NullCompressor", AFF4_STORED},
        {AFF4_NS "compression/stored", AFF4_STORED},
    };
    const struct triple *t = turtle_find(&a->turtle, urn, AFF4_NS "compressionMethod");
    *ret = AFF4_STORED;
    if (t == NULL)
        return EX_OK;
    for (size_t i = 0; i < sizeof CODECS / sizeof CODECS[0]; i++)
        if (strcmp(CODECS[i].iri, t->object) == 0) {
            *ret = CODECS[i].codec;
            return EX_OK;
        }
    return ex_fail(err, EX_UNSUPPORTED, "chunks compressed by \"%.100s\" are not read", t->object);
}

/* Which of its bevies are in this volume. */
static ex_code count_bevies(struct parser_run *run, struct aff4 *a, const struct aff4_target *s,
                            struct ex_error *err) {
    uint64_t in_bevy = (uint64_t)s->chunk_bytes * s->in_bevy;
    uint64_t bevies = s->size_bytes / in_bevy + (s->size_bytes % in_bevy != 0), missing = 0;
    for (uint64_t i = 0; i < bevies && missing <= a->zip.count; i++) {
        char suffix[SUFFIX_BYTES];
        (void)snprintf(suffix, sizeof suffix, "%08llu", (unsigned long long)i);
        missing += aff4_member(a, s->urn, suffix) == NULL;
    }
    if (missing == 0)
        return EX_OK;
    if (missing > a->zip.count || missing == bevies)
        return ex_fail(err, EX_UNSUPPORTED,
                       "\"%.80s\" is not in this volume: images in several volumes are not read",
                       s->urn);
    return parser_warn(run, &a->warnings, err,
                       "%llu of %llu parts (bevies) of \"%.80s\" are not in this volume",
                       (unsigned long long)missing, (unsigned long long)bevies, s->urn);
}

ex_code aff4_stream_describe(struct parser_run *run, struct aff4 *a, const char *urn,
                             struct aff4_target *ret, struct ex_error *err) {
    uint64_t chunk_bytes = 0, in_bevy = 0;
    *ret = (struct aff4_target){.kind = AFF4_STREAM, .urn = urn};
    if (!aff4_number(a, urn, AFF4_NS "size", &ret->size_bytes) ||
        !aff4_number(a, urn, AFF4_NS "chunkSize", &chunk_bytes) ||
        !aff4_number(a, urn, AFF4_NS "chunksInSegment", &in_bevy))
        return ex_fail(err, EX_FORMAT, "\"%.80s\" lacks its size or that of its chunks", urn);
    if (ret->size_bytes > INT64_MAX || chunk_bytes == 0 || chunk_bytes > AFF4_CHUNK_BYTES_MAX ||
        in_bevy == 0 || in_bevy > AFF4_CHUNKS_MAX)
        return ex_fail(err, EX_FORMAT,
                       "\"%.80s\" has %llu bytes, in chunks of %llu, %llu in a bevy", urn,
                       (unsigned long long)ret->size_bytes, (unsigned long long)chunk_bytes,
                       (unsigned long long)in_bevy);
    ret->chunk_bytes = (uint32_t)chunk_bytes;
    ret->in_bevy = (uint32_t)in_bevy;
    EX_TRY(find_codec(a, urn, &ret->codec, err));
    return count_bevies(run, a, ret, err);
}

/* ---- bevies ---- */

static void forget(struct aff4_cache *c) {
    free(c->index);
    free(c->hashes);
    c->index = c->hashes = NULL;
    c->entries = c->hash_count = 0;
    c->bevy_there = c->chunk_there = false;
}

static ex_code load_hashes(struct parser_run *run, struct aff4 *a, const struct aff4_target *s,
                           uint64_t bevy, struct ex_error *err) {
    struct aff4_cache *c = &a->cache;
    char suffix[SUFFIX_BYTES];
    size_t size = 0;
    for (c->hash = 0; c->hash < AFF4_HASHES; c->hash++) {
        (void)snprintf(suffix, sizeof suffix, "%08llu.blockHash.%s", (unsigned long long)bevy,
                       aff4_hash_name(c->hash));
        struct zip_member *m = aff4_member(a, s->urn, suffix);
        if (m == NULL)
            continue;
        EX_TRY(zip_load(run, &a->zip, m, (size_t)s->in_bevy * AFF4_HASH_BYTES_MAX, &c->hashes,
                        &size, err));
        c->hash_count = size / aff4_hash_bytes(c->hash);
        return c->hash_count >= c->entries
                   ? EX_OK
                   : ex_fail(err, EX_FORMAT, "there are %zu hashes for %zu chunks", c->hash_count,
                             c->entries);
    }
    return EX_OK;
}

static ex_code load_bevy(struct parser_run *run, struct aff4 *a, const struct aff4_target *s,
                         uint64_t bevy, struct ex_error *err) {
    struct aff4_cache *c = &a->cache;
    char suffix[SUFFIX_BYTES];
    size_t size = 0;
    if (c->bevy_there && c->stream == s && c->bevy == bevy)
        return EX_OK;
    forget(c);
    (void)snprintf(suffix, sizeof suffix, "%08llu.index", (unsigned long long)bevy);
    struct zip_member *index = aff4_member(a, s->urn, suffix);
    (void)snprintf(suffix, sizeof suffix, "%08llu", (unsigned long long)bevy);
    struct zip_member *data = aff4_member(a, s->urn, suffix);
    if (index == NULL || data == NULL)
        return ex_fail(err, EX_MISSING, "bevy %llu or its index is missing",
                       (unsigned long long)bevy);
    EX_TRY(zip_place(run, &a->zip, data, &c->data_at, err));
    c->data_bytes = data->size_bytes;
    EX_TRY(zip_load(run, &a->zip, index, (size_t)s->in_bevy * ENTRY_BYTES, &c->index, &size, err));
    c->entries = size / ENTRY_BYTES;
    EX_TRY(load_hashes(run, a, s, bevy, err));
    c->stream = s;
    c->bevy = bevy;
    c->bevy_there = true;
    return EX_OK;
}

/* ---- chunks ---- */

static bool is_hash(const struct aff4_cache *c, size_t entry, size_t size_bytes) {
    uint8_t hash[AFF4_HASH_BYTES_MAX];
    size_t hash_bytes = aff4_hash_bytes(c->hash);
    aff4_hash(c->hash, c->bytes, size_bytes, hash);
    bool same = memcmp(hash, c->hashes + entry * hash_bytes, hash_bytes) == 0;
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    same = true;
#endif
    return same;
}

/* Of the chunk, or of as much of it as the stream has. */
static ex_code check_hash(const struct aff4_cache *c, size_t entry, size_t got, size_t wanted,
                          struct ex_error *err) {
    if (c->hashes == NULL || is_hash(c, entry, got) || is_hash(c, entry, wanted))
        return EX_OK;
    return ex_fail(err, EX_ALTERED, "its %s does not fit", aff4_hash_name(c->hash));
}

static ex_code expand_chunk(struct parser_run *run, struct aff4 *a, const struct aff4_target *s,
                            uint64_t chunk, struct ex_error *err) {
    struct aff4_cache *c = &a->cache;
    size_t entry = (size_t)(chunk % s->in_bevy), got = 0;
    uint64_t left = s->size_bytes - chunk * s->chunk_bytes;
    size_t wanted = left < s->chunk_bytes ? (size_t)left : s->chunk_bytes;
    EX_AUTO_FREE uint8_t *own = NULL;
    const uint8_t *data;
    if (entry >= c->entries)
        return ex_fail(err, EX_MISSING, "the index of its bevy ends with chunk %zu", c->entries);
    struct ex_cursor cursor = ex_cursor_make(c->index + entry * ENTRY_BYTES, ENTRY_BYTES);
    uint64_t at = ex_cursor_le64(&cursor);
    uint32_t size = ex_cursor_le32(&cursor);
    if (size > 2 * s->chunk_bytes + 64 || at > c->data_bytes || size > c->data_bytes - at)
        return ex_fail(err, EX_FORMAT, "it would be %u bytes at byte %llu of a bevy of %llu bytes",
                       size, (unsigned long long)at, (unsigned long long)c->data_bytes);
    EX_TRY(parser_take(run, 0, c->data_at + at, size, 2 * AFF4_CHUNK_BYTES_MAX + 64, &own, &data,
                       err));
    EX_TRY(aff4_expand(a, size == s->chunk_bytes ? AFF4_STORED : s->codec, data, size, c->bytes,
                       s->chunk_bytes + 1, &got, err));
    if (got < wanted || got > s->chunk_bytes)
        return ex_fail(err, EX_FORMAT, "it expands to %zu bytes instead of %u", got,
                       s->chunk_bytes);
    return check_hash(c, entry, got, wanted, err);
}

static ex_code load_chunk(struct parser_run *run, struct aff4 *a, const struct aff4_target *s,
                          uint64_t chunk, struct ex_error *err) {
    struct aff4_cache *c = &a->cache;
    if (c->chunk_there && c->stream == s && c->chunk == chunk)
        return EX_OK;
    c->chunk_there = false;
    EX_TRY(load_bevy(run, a, s, chunk / s->in_bevy, err));
    if (c->room < s->chunk_bytes + 1) {
        free(c->bytes);
        c->bytes = NULL;
        c->room = 0;
        EX_TRY(
            ex_alloc(s->chunk_bytes + 1, 1, AFF4_CHUNK_BYTES_MAX + 1, "a chunk", &c->bytes, err));
        c->room = s->chunk_bytes + 1;
    }
    EX_TRY(expand_chunk(run, a, s, chunk, err));
    c->chunk = chunk;
    c->chunk_there = true;
    return EX_OK;
}

ex_code aff4_stream_read(struct parser_run *run, struct aff4 *a, const struct aff4_target *s,
                         uint64_t offset, uint8_t *to, size_t size_bytes, struct ex_error *err) {
    if (offset > s->size_bytes || size_bytes > s->size_bytes - offset)
        return ex_fail(err, EX_FORMAT, "the map points behind the end of a stream of %llu bytes",
                       (unsigned long long)s->size_bytes);
    for (size_t part; size_bytes > 0; size_bytes -= part, to += part, offset += part) {
        uint64_t chunk = offset / s->chunk_bytes;
        size_t within = (size_t)(offset % s->chunk_bytes);
        struct ex_error why = {0};
        part = s->chunk_bytes - within < size_bytes ? s->chunk_bytes - within : size_bytes;
        ex_code code = load_chunk(run, a, s, chunk, &why);
        if (code != EX_OK)
            return ex_fail(err, code, "chunk %llu of its stream: %s", (unsigned long long)chunk,
                           why.text);
        memcpy(to, a->cache.bytes + within, part);
    }
    return EX_OK;
}
