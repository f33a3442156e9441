/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an excerpt of a ledger, checked under the key that it names itself. */
#include "ledger/excerpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    static const uint8_t root[MERKLE_BYTES];
    EX_AUTO(excerpt_free) struct excerpt *x = NULL;
    struct excerpt_report *r = ex_new0(struct excerpt_report);
    if (excerpt_parse((const char *)data, size_bytes, &x, NULL) == EX_OK &&
        excerpt_check(x, excerpt_key(x), root, NULL, NULL, r, NULL, NULL) == EX_OK &&
        r->proved + r->not_proved != excerpt_count(x))
        abort();
    free(r);
    return 0;
}
