/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as vault.json. */
#include "vault/vault_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    struct vault_config c;
    char id[2 * VAULT_ID_BYTES + 1];
    if (vault_config_parse(data, size_bytes, &c, NULL) != EX_OK)
        return 0;
    ex_hex(id, c.id, sizeof c.id);
    if (strncmp(c.origin, "exhibit-vault/", 14) != 0 || strcmp(c.origin + 14, id) != 0 ||
        strcmp(c.key.name, c.origin) != 0)
        abort();
    return 0;
}
