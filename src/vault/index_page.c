/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of index segments: format/vault §5.1. */
#include "vault/index_internal.h"

#include "base/bytes.h"
#include "crypto/sha256.h"

#include <sodium.h>

static const char PAGE_CONTEXT[] = "exhibit-index-v1"; /* its NUL is written too */

ex_code page_codec_open(const struct epochs *e, uint64_t epoch,
                        const uint8_t segment_id[static INDEX_SEGMENT_ID_BYTES],
                        struct page_codec *ret, struct ex_error *err) {
    EX_AUTO(aead_free) struct aead *aead = NULL;
    uint8_t key[AEAD_KEY_BYTES];
    if (epoch > 0) {
        EX_TRY(aead_new(&aead, err));
        EX_TRY(epochs_derive(e, epoch, segment_id, INDEX_SEGMENT_ID_BYTES, PAGE_CONTEXT, key, err));
        ex_code code = aead_set_key(aead, key, err);
        sodium_memzero(key, sizeof key);
        EX_TRY(code);
    }
    memcpy(ret->segment_id, segment_id, INDEX_SEGMENT_ID_BYTES);
    ret->aead = ex_steal(&aead);
    return EX_OK;
}

void page_codec_close(struct page_codec *c) {
    aead_free(c->aead);
    c->aead = NULL;
}

static void plain_tag(const struct page_codec *c, uint64_t number, const uint8_t *data,
                      uint8_t ret[static AEAD_TAG_BYTES]) {
    uint8_t at[8], hash[SHA256_BYTES];
    struct sha256 h;
    ex_put_le64(at, number);
    sha256_start(&h);
    sha256_add(&h, PAGE_CONTEXT, sizeof PAGE_CONTEXT);
    sha256_add(&h, c->segment_id, INDEX_SEGMENT_ID_BYTES);
    sha256_add(&h, at, sizeof at);
    sha256_add(&h, data, INDEX_DATA_BYTES);
    sha256_end(&h, hash);
    memcpy(ret, hash, AEAD_TAG_BYTES);
}

/* What AES-256-GCM gets besides the data. */
struct sealing {
    uint8_t nonce[AEAD_NONCE_BYTES];
    uint8_t context[sizeof PAGE_CONTEXT + INDEX_SEGMENT_ID_BYTES];
    struct aead_ad ad;
    size_t size_bytes;
};

static void sealing_of(const struct page_codec *c, uint64_t number, const uint8_t *page,
                       struct sealing *s) {
    memset(s, 0, sizeof *s);
    ex_put_le64(s->nonce, number);
    memcpy(s->context, PAGE_CONTEXT, sizeof PAGE_CONTEXT);
    memcpy(s->context + sizeof PAGE_CONTEXT, c->segment_id, INDEX_SEGMENT_ID_BYTES);
    s->ad = (struct aead_ad){.first = s->context, .first_bytes = sizeof s->context};
    s->size_bytes = INDEX_DATA_BYTES;
    if (number == 0) {
        s->ad.second = page;
        s->ad.second_bytes = INDEX_DATA_BYTES;
        s->size_bytes = 0;
    }
}

ex_code page_seal(const struct page_codec *c, uint64_t number,
                  uint8_t page[static INDEX_PAGE_BYTES], struct ex_error *err) {
    struct sealing s;
    if (c->aead == NULL) {
        plain_tag(c, number, page, page + INDEX_DATA_BYTES);
        return EX_OK;
    }
    sealing_of(c, number, page, &s);
    return aead_seal(c->aead, s.nonce, &s.ad, page, s.size_bytes, page, page + INDEX_DATA_BYTES,
                     err);
}

bool page_open(const struct page_codec *c, uint64_t number, uint8_t page[static INDEX_PAGE_BYTES]) {
    struct sealing s;
    uint8_t tag[AEAD_TAG_BYTES];
    if (c->aead == NULL) {
        plain_tag(c, number, page, tag);
        return memcmp(tag, page + INDEX_DATA_BYTES, sizeof tag) == 0;
    }
    sealing_of(c, number, page, &s);
    return aead_open(c->aead, s.nonce, &s.ad, page, s.size_bytes, page + INDEX_DATA_BYTES, page,
                     NULL) == EX_OK;
}

/* ---- the cache ---- */

enum { CACHE_WAYS = 4, CACHE_SETS = 512 }; /* 8 MiB of pages */

struct page_slot {
    uint64_t key; /* segment and page; 0: empty */
    uint32_t used;
    bool damaged;
};

struct page_cache {
    uint32_t clock;
    struct page_slot slot[CACHE_SETS][CACHE_WAYS];
    uint8_t *page[CACHE_SETS]; /* CACHE_WAYS pages each, from the first use on */
};

struct page_cache *page_cache_new(void) {
    return ex_new0(struct page_cache);
}

void page_cache_free(struct page_cache *c) {
    if (c == NULL)
        return;
    for (size_t set = 0; set < CACHE_SETS; set++) {
        if (c->page[set] != NULL)
            sodium_memzero(c->page[set], CACHE_WAYS * INDEX_PAGE_BYTES);
        free(c->page[set]);
    }
    free(c);
}

uint8_t *page_cache_slot(struct page_cache *c, uint32_t segment, uint32_t page, bool *ret_known,
                         bool **ret_damaged) {
    uint64_t key = (uint64_t)segment << 32 | page;
    size_t set = (size_t)((key * 0x9e3779b97f4a7c15U) >> 32) % CACHE_SETS, oldest = 0;
    struct page_slot *slot = c->slot[set];
    size_t way = 0;
    c->clock++;
    for (; way < CACHE_WAYS && slot[way].key != key; way++)
        if (c->clock - slot[way].used > c->clock - slot[oldest].used)
            oldest = way;
    *ret_known = way < CACHE_WAYS;
    way = *ret_known ? way : oldest;
    if (!*ret_known)
        slot[way] = (struct page_slot){.key = key};
    slot[way].used = c->clock;
    *ret_damaged = &slot[way].damaged;
    if (c->page[set] == NULL)
        c->page[set] = ex_new0_bytes(CACHE_WAYS * INDEX_PAGE_BYTES);
    return c->page[set] + way * INDEX_PAGE_BYTES;
}
