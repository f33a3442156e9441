/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this parser share. */
#ifndef EXHIBIT_PARSERS_AFF4_AFF4_INTERNAL_H
#define EXHIBIT_PARSERS_AFF4_AFF4_INTERNAL_H

#include "base/cursor.h"
#include "parsers/aff4/aff4.h"
#include "parsers/aff4/aff4_turtle.h"
#include "parsers/aff4/aff4_zip.h"
#include "parsers/shared/gaps.h"

enum {
    AFF4_URN_BYTES_MAX = 1024,
    AFF4_CHUNK_BYTES_MAX = 16 << 20,
    AFF4_CHUNKS_MAX = 1 << 20, /* in a bevy */
    AFF4_STREAMS_MAX = 256,
    AFF4_RUNS_MAX = 1 << 22,
    AFF4_HASH_BYTES_MAX = 64
};

enum aff4_codec { AFF4_STORED, AFF4_SNAPPY, AFF4_DEFLATE, AFF4_LZ4 };

/* What a map may point to. */
enum aff4_kind { AFF4_STREAM, AFF4_FILL, AFF4_UNKNOWN, AFF4_UNREADABLE };

struct aff4_target {
    enum aff4_kind kind;
    uint8_t fill;
    const char *urn;
    /* an image stream */
    uint64_t size_bytes;
    uint32_t chunk_bytes, in_bevy;
    enum aff4_codec codec;
};

struct aff4_run {
    uint64_t from, length, at; /* in the content; in the target */
    uint32_t target;
};

/* One bevy's index and hashes, and one chunk, of whichever stream was read last. */
struct aff4_cache {
    const struct aff4_target *stream;
    uint64_t bevy, data_at, data_bytes;
    bool bevy_there;
    uint8_t *index, *hashes;
    size_t entries, hash_count;
    unsigned hash; /* which kind */
    uint64_t chunk;
    bool chunk_there;
    uint8_t *bytes; /* room for AFF4_CHUNK_BYTES_MAX at most */
    size_t room;
};

struct aff4 {
    struct zip zip;
    struct turtle turtle;
    char volume[AFF4_URN_BYTES_MAX];
    const char *content; /* the map or stream that is read */
    uint64_t size_bytes;
    size_t targets, targets_capacity;
    struct aff4_target *target;
    size_t runs;
    struct aff4_run *run;
    uint8_t *lines; /* idx */
    unsigned warnings;
    struct aff4_cache cache;
};

/* The number that a subject has; false: none, or none that is one. */
bool aff4_number(const struct aff4 *a, const char *subject, const char *predicate, uint64_t *ret);
/* URN/suffix in `to`, and its member; NULL: there is none. */
struct zip_member *aff4_member(struct aff4 *a, const char *urn, const char *suffix);

/* aff4_stream.c */
EX_MUST_USE ex_code aff4_stream_describe(struct parser_run *run, struct aff4 *a, const char *urn,
                                         struct aff4_target *ret, struct ex_error *err);
EX_MUST_USE ex_code aff4_stream_read(struct parser_run *run, struct aff4 *a,
                                     const struct aff4_target *s, uint64_t offset, uint8_t *to,
                                     size_t size_bytes, struct ex_error *err);
/* aff4_codec.c: at most size_bytes. */
EX_MUST_USE ex_code aff4_expand(struct aff4 *a, enum aff4_codec codec, const uint8_t *from,
                                size_t from_bytes, uint8_t *to, size_t size_bytes,
                                size_t *ret_bytes, struct ex_error *err);
/* Kinds of hashes, the one that is preferred first. */
enum { AFF4_HASHES = 4 };
const char *aff4_hash_name(unsigned hash);
size_t aff4_hash_bytes(unsigned hash);
void aff4_hash(unsigned hash, const uint8_t *data, size_t size_bytes,
               uint8_t to[AFF4_HASH_BYTES_MAX]);

/* aff4_map.c: a map, or a stream as if it were a map of one run. */
EX_MUST_USE ex_code aff4_map_open(struct parser_run *run, struct aff4 *a, struct ex_error *err);
/* The stream that is the content, byte for byte; NULL: there is none. */
const char *aff4_map_stream(const struct aff4 *a);
EX_MUST_USE ex_code aff4_map_tell(struct parser_run *run, struct aff4 *a, struct ex_error *err);
EX_MUST_USE ex_code aff4_map_read(struct parser_run *run, struct aff4 *a, uint64_t offset,
                                  uint8_t *to, size_t size_bytes, struct ex_error *err);

#endif
