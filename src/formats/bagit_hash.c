/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bagit_internal.h"

#include <nettle/nettle-meta.h>

static const struct nettle_hash *hash_of(enum bagit_algorithm a) {
    const struct nettle_hash *const hashes[BAGIT_ALGORITHMS] = {
        [BAGIT_MD5] = &nettle_md5,       [BAGIT_SHA1] = &nettle_sha1,
        [BAGIT_SHA224] = &nettle_sha224, [BAGIT_SHA256] = &nettle_sha256,
        [BAGIT_SHA384] = &nettle_sha384, [BAGIT_SHA512] = &nettle_sha512};
    return hashes[a];
}

const char *bagit_algorithm_name(enum bagit_algorithm a) {
    static const char *const names[BAGIT_ALGORITHMS] = {"md5",    "sha1",   "sha224",
                                                        "sha256", "sha384", "sha512"};
    return a < BAGIT_ALGORITHMS ? names[a] : "an unknown hash";
}

size_t bagit_algorithm_bytes(enum bagit_algorithm a) {
    return hash_of(a)->digest_size;
}

bool bagit_manifest_name(const char *path, bool *ret_tag, enum bagit_algorithm *ret) {
    bool tag = strncmp(path, "tagmanifest-", 12) == 0;
    if (!tag && strncmp(path, "manifest-", 9) != 0)
        return false;
    const char *name = path + (tag ? 12 : 9);
    size_t size = strlen(name);
    if (size < 5 || strcmp(name + size - 4, ".txt") != 0 || strchr(name, '/') != NULL)
        return false;
    unsigned a = 0;
    while (a < BAGIT_ALGORITHMS && (strlen(bagit_algorithm_name(a)) != size - 4 ||
                                    strncmp(bagit_algorithm_name(a), name, size - 4) != 0))
        a++;
    *ret_tag = tag;
    *ret = (enum bagit_algorithm)a;
    return true;
}

void bagit_hash_start(struct bagit_hash *h, unsigned algorithms) {
    h->algorithms = algorithms;
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++)
        if ((algorithms & BAGIT_BIT(a)) != 0)
            hash_of(a)->init(&h->state[a]);
}

void bagit_hash_add(struct bagit_hash *h, const void *data, size_t size_bytes) {
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++)
        if ((h->algorithms & BAGIT_BIT(a)) != 0)
            hash_of(a)->update(&h->state[a], size_bytes, data);
}

void bagit_hash_end(struct bagit_hash *h, uint8_t *ret) {
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++) {
        if ((h->algorithms & BAGIT_BIT(a)) == 0)
            continue;
        hash_of(a)->digest(&h->state[a], bagit_algorithm_bytes(a), ret);
        ret += bagit_algorithm_bytes(a);
    }
}

size_t bagit_digests_bytes(unsigned algorithms) {
    size_t bytes = 0;
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++)
        bytes += (algorithms & BAGIT_BIT(a)) != 0 ? bagit_algorithm_bytes(a) : 0;
    return bytes;
}

size_t bagit_digest_at(unsigned algorithms, enum bagit_algorithm a) {
    return bagit_digests_bytes(algorithms & (BAGIT_BIT(a) - 1));
}
