/* SPDX-License-Identifier: Apache-2.0 */
/* FIPS 180-4 §6.2, with the instructions SHA256RNDS2, SHA256MSG1 and SHA256MSG2. */
#include "crypto/sha256_pair.h"

#include "base/bytes.h"

#include <pthread.h>

enum { STEP_BYTES = SHA256_BLOCK_SIZE, WORDS = 8 };

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE   static inline __attribute__((always_inline)) WITH_SHA

/* FIPS 180-4 §4.2.2 */
static const uint32_t ROUND_CONSTANT[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The working variables as the instructions want them: A B E F and C D G H. */
struct lane {
    __m128i abef, cdgh;
    __m128i word[4]; /* of the message schedule */
    const uint8_t *data;
};

INLINE void lane_load(struct lane *l, const uint32_t h[static WORDS]) {
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)h), 0xB1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(h + 4)), 0x1B);
    l->abef = _mm_alignr_epi8(badc, hgfe, 8);
    l->cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
}

INLINE void lane_store(const struct lane *l, uint32_t h[static WORDS]) {
    __m128i feba = _mm_shuffle_epi32(l->abef, 0x1B), dchg = _mm_shuffle_epi32(l->cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)(void *)h, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(void *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Rounds 4 i … 4 i + 3. */
INLINE void lane_rounds(struct lane *l, int i) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i *w = l->word;
    if (i < 4) {
        const void *from = l->data + 16 * i;
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)from), big_endian);
    } else {
        __m128i last = w[(i + 3) & 3];
        __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
                                    _mm_alignr_epi8(last, w[(i + 2) & 3], 4));
        w[i & 3] = _mm_sha256msg2_epu32(sum, last);
    }
    const void *k = ROUND_CONSTANT + 4 * i;
    __m128i wk = _mm_add_epi32(w[i & 3], _mm_load_si128((const __m128i *)k));
    l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, wk);
    l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(wk, 0x0E));
}

/* Compresses `steps` times 64 bytes of each lane; `lanes` is a constant, and the loops over it are
 * unrolled, so that the lanes' instructions stand next to each other. */
INLINE void compress(struct lane *lane, int lanes, size_t steps) {
    for (; steps > 0; steps--) {
        __m128i abef[2], cdgh[2];
#pragma GCC unroll 2
        for (int k = 0; k < lanes; k++) {
            abef[k] = lane[k].abef;
            cdgh[k] = lane[k].cdgh;
        }
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++)
#pragma GCC unroll 2
            for (int k = 0; k < lanes; k++)
                lane_rounds(&lane[k], i);
#pragma GCC unroll 2
        for (int k = 0; k < lanes; k++) {
            lane[k].abef = _mm_add_epi32(lane[k].abef, abef[k]);
            lane[k].cdgh = _mm_add_epi32(lane[k].cdgh, cdgh[k]);
            lane[k].data += STEP_BYTES;
        }
    }
}

static WITH_SHA void stream_alone(uint32_t h[static WORDS], const uint8_t *data, size_t steps) {
    struct lane l = {.data = data};
    lane_load(&l, h);
    compress(&l, 1, steps);
    lane_store(&l, h);
}

static WITH_SHA void stream_and_block(uint32_t h[static WORDS], uint32_t block[static WORDS],
                                      const uint8_t *data) {
    struct lane l[2] = {{.data = data}, {.data = data}};
    lane_load(&l[0], h);
    lane_load(&l[1], block);
    compress(l, 2, BLOCK_BYTES / STEP_BYTES);
    lane_store(&l[0], h);
    lane_store(&l[1], block);
}

/* The end of a message of 4096 bytes: FIPS 180-4 §5.1.1. */
static const uint8_t PADDING[STEP_BYTES] = {[0] = 0x80, [62] = BLOCK_BYTES * 8 >> 8};

static void add(struct sha256 *stream, const uint8_t *data, size_t blocks,
                uint8_t (*ret)[BLOCK_HASH_BYTES]) {
    uint32_t *h = stream->state.state;
    stream->state.count += blocks * (BLOCK_BYTES / STEP_BYTES);
    if (ret == NULL) {
        stream_alone(h, data, blocks * (BLOCK_BYTES / STEP_BYTES));
        return;
    }
    for (size_t i = 0; i < blocks; i++) {
        struct sha256 block;
        sha256_start(&block);
        stream_and_block(h, block.state.state, data + i * BLOCK_BYTES);
        stream_alone(block.state.state, PADDING, 1);
        for (size_t k = 0; k < WORDS; k++)
            ex_put_be32(ret[i] + 4 * k, block.state.state[k]);
    }
}

static bool processor_can(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0 &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

#else

static void add(struct sha256 *stream, const uint8_t *data, size_t blocks,
                uint8_t (*ret)[BLOCK_HASH_BYTES]) {
    for (size_t i = 0; ret != NULL && i < blocks; i++)
        sha256_of(data + i * BLOCK_BYTES, BLOCK_BYTES, ret[i]);
    sha256_add(stream, data, blocks * BLOCK_BYTES);
}

static bool processor_can(void) {
    return false;
}

#endif

/* Both ways, over bytes that are all different enough: a stream and three of its blocks. */
static bool agrees(void) {
    enum { BLOCKS = 4 };
    struct sha256 ours, theirs;
    uint8_t data[BLOCKS * BLOCK_BYTES], got[BLOCKS][BLOCK_HASH_BYTES], hash[BLOCK_HASH_BYTES];
    uint8_t expected[BLOCK_HASH_BYTES];
    bool same = true;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 2654435761U >> 13);
    sha256_start(&ours);
    add(&ours, data, 1, NULL);
    add(&ours, data + BLOCK_BYTES, BLOCKS - 1, got);
    sha256_add(&ours, data, 100);
    sha256_end(&ours, hash);
    sha256_start(&theirs);
    sha256_add(&theirs, data, sizeof data);
    sha256_add(&theirs, data, 100);
    sha256_end(&theirs, expected);
    same = memcmp(hash, expected, sizeof hash) == 0;
    for (size_t i = 0; i + 1 < BLOCKS; i++) {
        sha256_of(data + (i + 1) * BLOCK_BYTES, BLOCK_BYTES, expected);
        same = same && memcmp(got[i], expected, sizeof expected) == 0;
    }
    return same;
}

static pthread_once_t works_once = PTHREAD_ONCE_INIT;
static bool works;

static void find_out(void) {
    works = processor_can() && agrees();
}

bool sha256_pair_works(void) {
    (void)pthread_once(&works_once, find_out);
    return works;
}

void sha256_pair_add(struct sha256 *stream, const uint8_t *data, size_t blocks,
                     uint8_t (*ret)[BLOCK_HASH_BYTES]) {
    if (stream->state.index == 0) {
        add(stream, data, blocks, ret);
        return;
    }
    sha256_add(stream, data, blocks * BLOCK_BYTES); /* inside a step of the hash: rare */
    for (size_t i = 0; ret != NULL && i < blocks; i++)
        sha256_of(data + i * BLOCK_BYTES, BLOCK_BYTES, ret[i]);
}
