/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks: zlib streams, or the bytes with a checksum behind them. docs/format/e01.md §4 */
#include "formats/ewf_write_internal.h"

#include "base/bytes.h"

/* A chunk must shrink by at least 1/1000 to be stored compressed: EnCase fails on one that is not
 * smaller than its content, X-Ways warns of one that is hardly so. */
enum { GAIN = 1000, VALUES = 256 };

/* What is encrypted or compressed already would be deflated for nothing: of a sample from all over
 * the chunk, the sum of the squares of how often each byte comes. For noise it is n + n (n - 1) /
 * 256 = 69616, with a standard deviation of 361; what lies within five of these has less than 1/400
 * to gain by its bytes' frequencies, and repeats would show as well. */
enum { SAMPLE_PARTS = 8, SAMPLE_PART_BYTES = 512, NOISE_SQUARES_MAX = 69616 + 5 * 361 };

struct ewf_packer {
    struct isal_zstream z;
    uint8_t level[ISAL_DEF_LVL1_DEFAULT];
};

struct ewf_packer *ewf_packer_new(void) {
    return ex_new0(struct ewf_packer);
}

void ewf_packer_free(struct ewf_packer *p) {
    free(p);
}

size_t ewf_deflate(struct ewf_packer *p, const uint8_t *from, size_t size_bytes, uint8_t *to,
                   size_t room) {
    struct isal_zstream *z = &p->z;
    isal_deflate_stateless_init(z);
    z->level = 1;
    z->level_buf = p->level;
    z->level_buf_size = sizeof p->level;
    z->gzip_flag = IGZIP_ZLIB;
    z->end_of_stream = 1;
    z->next_in = (uint8_t *)(uintptr_t)from;
    z->avail_in = (uint32_t)size_bytes;
    z->next_out = to;
    z->avail_out = (uint32_t)room;
    return isal_deflate_stateless(z) == COMP_OK && z->avail_in == 0 ? room - z->avail_out : 0;
}

/* ---- of one value alone ---- */

struct ewf_constants {
    pthread_mutex_t mutex;
    uint32_t chunk_bytes;
    uint8_t *stored[VALUES]; /* NULL: not needed so far */
    uint32_t stored_bytes[VALUES];
};

struct ewf_constants *ewf_constants_new(uint32_t chunk_bytes) {
    struct ewf_constants *c = ex_new0(struct ewf_constants);
    pthread_mutex_init(&c->mutex, NULL);
    c->chunk_bytes = chunk_bytes;
    return c;
}

void ewf_constants_free(struct ewf_constants *c) {
    if (c == NULL)
        return;
    for (size_t i = 0; i < VALUES; i++)
        free(c->stored[i]);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

static bool is_constant(const uint8_t *data, size_t size_bytes) {
    return memcmp(data, data + 1, size_bytes - 1) == 0;
}

/* `from` is a whole chunk of one value. */
static uint32_t pack_constant(struct ewf_packer *p, struct ewf_constants *c, const uint8_t *from,
                              uint8_t *to) {
    uint8_t value = from[0];
    pthread_mutex_lock(&c->mutex);
    if (c->stored[value] == NULL) {
        size_t size = ewf_deflate(p, from, c->chunk_bytes, to, c->chunk_bytes / 2);
        c->stored[value] = ex_new0_bytes(size + 1);
        memcpy(c->stored[value], to, size);
        c->stored_bytes[value] = (uint32_t)size;
    }
    pthread_mutex_unlock(&c->mutex);
    memcpy(to, c->stored[value], c->stored_bytes[value]);
    return c->stored_bytes[value];
}

/* ---- any ---- */

static bool looks_like_noise(const uint8_t *data, size_t size_bytes) {
    uint32_t often[VALUES] = {0}, squares = 0;
    for (size_t part = 0; part < SAMPLE_PARTS; part++) {
        const uint8_t *at = data + part * (size_bytes / SAMPLE_PARTS);
        for (size_t i = 0; i < SAMPLE_PART_BYTES; i++)
            often[at[i]]++;
    }
    for (size_t i = 0; i < VALUES; i++)
        squares += often[i] * often[i];
    return squares <= NOISE_SQUARES_MAX;
}

struct ewf_chunk ewf_pack_chunk(struct ewf_packer *p, struct ewf_constants *constants,
                                uint32_t chunk_bytes, const uint8_t *from, size_t size_bytes,
                                uint8_t *to) {
    struct ewf_chunk chunk = {0};
    bool whole = size_bytes == chunk_bytes;
    if (whole && is_constant(from, size_bytes))
        chunk.bytes = pack_constant(p, constants, from, to);
    else if (!whole || !looks_like_noise(from, size_bytes))
        chunk.bytes = (uint32_t)ewf_deflate(p, from, size_bytes, to,
                                            size_bytes - (size_bytes + GAIN - 1) / GAIN);
    chunk.compressed = chunk.bytes > 0;
    if (chunk.compressed)
        return chunk;
    memcpy(to, from, size_bytes);
    ex_put_le32(to + size_bytes, ewf_sum(from, size_bytes));
    chunk.bytes = (uint32_t)size_bytes + SUM_BYTES;
    return chunk;
}
