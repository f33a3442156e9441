/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the body of a ledger entry. What parses is written again as it was, and the lookups
 * over it are safe. */
#include "ledger/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    struct body b;
    struct body_check check;
    struct entry e = {0};
    EX_AUTO_FREE uint8_t *again = NULL;
    size_t again_bytes = 0;
    if (body_parse(data, size_bytes, &b, NULL) != EX_OK)
        return 0;
    body_compare(&e, &b, &check);
    if (check.matched + check.erased + check.missing != 0 || check.altered != b.count)
        abort();
    if (body_write(&b, &again, &again_bytes, NULL) != EX_OK || again_bytes != size_bytes ||
        memcmp(again, data, size_bytes) != 0)
        abort();
    return 0;
}
