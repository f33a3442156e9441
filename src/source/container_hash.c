/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes that a container states of its content, compared with what came. */
#include "source/container_internal.h"

#include "base/cursor.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>

static const struct {
    const char *fact, *algorithm;
} known[] = {{"md5", "md5"},
             {"md5-of-hash-section", "md5"},
             {"sha1", "sha1"},
             {"sha256", "sha256"},
             {"sha512", "sha512"},
             {"image.hash.md5", "md5"}, /* of AFF4; that of a stream covers only what is stored */
             {"image.hash.sha1", "sha1"},
             {"image.hash.sha256", "sha256"},
             {"image.hash.sha512", "sha512"},
             {"map.hash.md5", "md5"},
             {"map.hash.sha1", "sha1"},
             {"map.hash.sha256", "sha256"},
             {"map.hash.sha512", "sha512"}};

static bool is_hash(const struct sandbox_fact *f, size_t hex_bytes) {
    return f->size_bytes == hex_bytes &&
           strspn((const char *)f->value, "0123456789abcdefABCDEF") == hex_bytes;
}

static void add_hasher(struct container *c, const char *algorithm) {
    for (size_t i = 0; i < c->hasher_count; i++)
        if (strcmp(c->hasher[i].algorithm, algorithm) == 0)
            return;
    c->hasher[c->hasher_count++] =
        (struct container_hasher){.container = c, .algorithm = algorithm};
}

static void add(struct container *c, size_t k, const struct sandbox_fact *f) {
    const EVP_MD *md = EVP_get_digestbyname(known[k].algorithm);
    struct container_hash *h = &c->hash[c->hash_count];
    if (md == NULL || !is_hash(f, 2 * (size_t)EVP_MD_get_size(md)) ||
        c->hash_count == CONTAINER_HASHES_MAX)
        return;
    *h = (struct container_hash){.fact = known[k].fact,
                                 .algorithm = known[k].algorithm,
                                 .verdict = CONTAINER_HASH_NOT_COMPARED};
    (void)snprintf(h->stated, sizeof h->stated, "%s", (const char *)f->value);
    for (size_t i = 0; i < c->hash_count; i++) /* said twice */
        if (h->fact == c->hash[i].fact && strcasecmp(h->stated, c->hash[i].stated) == 0)
            return;
    c->hash_count++;
    add_hasher(c, h->algorithm);
}

void container_hashes_find(struct container *c) {
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        for (size_t i = 0; i < c->content.fact_count; i++)
            if (strcmp(c->content.fact[i].name, known[k].fact) == 0)
                add(c, k, &c->content.fact[i]);
}

static void *hash_work(void *hasher) {
    struct container_hasher *h = hasher;
    struct container *c = h->container;
    struct ex_error err = {0};
    while (h->done < container_stripes(c)) {
        struct stripe *s;
        if (container_ring_wait(c, h->done, &s, NULL) != EX_OK)
            return NULL;
        if (EVP_DigestUpdate(h->state, s->data, container_stripe_bytes(c, h->done)) != 1) {
            (void)ex_fail(&err, EX_INTERNAL, "OpenSSL does not hash");
            container_ring_fail(c, &err);
            return NULL;
        }
        container_ring_done(c, &h->done);
    }
    return NULL;
}

ex_code container_hashes_start(struct container *c, struct ex_error *err) {
    for (size_t i = 0; i < c->hasher_count; i++) {
        struct container_hasher *h = &c->hasher[i];
        h->state = EVP_MD_CTX_new();
        if (h->state == NULL ||
            EVP_DigestInit_ex(h->state, EVP_get_digestbyname(h->algorithm), NULL) != 1)
            return ex_fail(err, EX_NOMEM, "could not begin a hash");
        if (pthread_create(&h->thread, NULL, hash_work, h) != 0)
            return ex_fail(err, EX_NOMEM, "could not start a thread");
        h->started = true;
    }
    return EX_OK;
}

static void compare(struct container *c, struct container_hasher *h) {
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (h->done != container_stripes(c) || EVP_DigestFinal_ex(h->state, sum, &size) != 1)
        return;
    for (size_t i = 0; i < c->hash_count; i++) {
        struct container_hash *hash = &c->hash[i];
        if (strcmp(hash->algorithm, h->algorithm) != 0)
            continue;
        (void)ex_hex(hash->found, sum, size);
        hash->verdict = strcasecmp(hash->found, hash->stated) == 0 ? CONTAINER_HASH_AGREES
                        : c->damaged                               ? CONTAINER_HASH_OPEN
                                                                   : CONTAINER_HASH_DIFFERS;
    }
}

void container_hashes_end(struct container *c, bool whole) {
    for (size_t i = 0; i < c->hasher_count; i++) {
        struct container_hasher *h = &c->hasher[i];
        if (h->started)
            pthread_join(h->thread, NULL);
        if (h->started && whole)
            compare(c, h);
        h->started = false;
        EVP_MD_CTX_free(h->state);
        h->state = NULL;
    }
}
