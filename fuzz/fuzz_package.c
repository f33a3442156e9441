/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as exhibit/package. What parses is what package_head_write() writes, byte for byte. */
#include "transport/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    struct package_head h = {0};
    EX_AUTO_FREE char *again = NULL;
    size_t again_bytes = 0;
    if (package_head_parse((const char *)data, size_bytes, &h, NULL) != EX_OK)
        return 0;
    if (package_head_write(&h, &again, &again_bytes, NULL) != EX_OK || again_bytes != size_bytes ||
        memcmp(again, data, size_bytes) != 0)
        abort();
    package_head_clear(&h);
    return 0;
}
