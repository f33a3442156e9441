/* SPDX-License-Identifier: Apache-2.0 */
/* A list of hashes reads the same in one piece and in many. */
#include "formats/hash_list.h"

#include "crypto/sha256.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ex_code take(void *context, const uint8_t hash[static 32], struct ex_error *err) {
    (void)err;
    sha256_add(context, hash, 32);
    return EX_OK;
}

static struct hash_list_report read_list(const uint8_t *data, size_t size, size_t step,
                                         uint8_t ret[static SHA256_BYTES]) {
    struct hash_list_report report;
    struct sha256 sum;
    struct hash_list *l;
    sha256_start(&sum);
    if (hash_list_new(take, &sum, &l, NULL) != EX_OK)
        abort();
    for (size_t at = 0; at < size; at += step)
        if (hash_list_feed(l, data + at, size - at < step ? size - at : step, NULL) != EX_OK)
            abort();
    if (hash_list_end(l, &report, NULL) != EX_OK)
        abort();
    hash_list_free(l);
    sha256_end(&sum, ret);
    return report;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t one[SHA256_BYTES], two[SHA256_BYTES];
    struct hash_list_report a = read_list(data, size, size + 1, one);
    struct hash_list_report b = read_list(data, size, 1 + size % 97, two);
    if (memcmp(one, two, sizeof one) != 0 || a.lines != b.lines || a.hashes != b.hashes ||
        a.unread != b.unread || a.shorter != b.shorter || a.hashes + a.unread > a.lines)
        abort();
    return 0;
}
