/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an officer's key file and as the keyring. */
#include "vault/keys_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    static struct keyring_file ring;
    struct officer_file officer;
    if (officer_file_parse(data, size_bytes, &officer, NULL) == EX_OK &&
        keyring_file_parse(data, size_bytes, &ring, NULL) == EX_OK)
        abort(); /* one file cannot be both */
    if (keyring_file_parse(data, size_bytes, &ring, NULL) == EX_OK &&
        ring.slot_count > KEYRING_SLOTS_MAX)
        abort();
    return 0;
}
