/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a ledger entry. What parses must be what entry_write() writes, byte for byte: it is
 * signed again with some key, and everything before the signature line must come out as it was. */
#include "ledger/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    static const uint8_t seed[SIGN_SEED_BYTES] = {1};
    static const size_t signature_line_bytes = 99;
    struct entry e;
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    EX_AUTO_FREE uint8_t *again = NULL;
    size_t again_bytes = 0;
    if (entry_parse(data, size_bytes, &e, NULL) != EX_OK)
        return 0;
    (void)entry_signed_by(data, size_bytes, &e, e.vault_key);
    if (sign_key_from_seed(seed, &key, NULL) != EX_OK ||
        entry_write(&e, key, &again, &again_bytes, NULL) != EX_OK)
        abort();
    if (again_bytes != size_bytes || memcmp(again, data, size_bytes - signature_line_bytes) != 0 ||
        !entry_signed_by(again, again_bytes, &e, sign_key_public(key)))
        abort();
    return 0;
}
