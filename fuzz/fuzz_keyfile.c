/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an officer's key file and as the keyring. What is accepted prints, and the print
 * means the same. */
#include "vault/keys_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void print_officer(const struct officer_file *f) {
    EX_AUTO_FREE char *text = NULL;
    struct officer_file again;
    if (officer_file_print(f, &text, NULL) != EX_OK ||
        officer_file_parse((const uint8_t *)text, strlen(text), &again, NULL) != EX_OK ||
        memcmp(again.id, f->id, sizeof f->id) != 0 || memcmp(again.box, f->box, 32) != 0 ||
        memcmp(again.locked, f->locked, sizeof f->locked) != 0)
        abort();
}

static void print_keyring(const struct keyring_file *f) {
    static const uint8_t id[VAULT_ID_BYTES];
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO_FREE struct keyring_file *again = ex_new0(struct keyring_file);
    uint8_t ad[2][KEYRING_AD_BYTES];
    if (f->slot_count < 1 || f->slot_count > VAULT_SLOTS_MAX ||
        keyring_file_print(f, &text, NULL) != EX_OK ||
        keyring_file_parse((const uint8_t *)text, strlen(text), again, NULL) != EX_OK)
        abort();
    keyring_file_ad(f, id, ad[0]);
    keyring_file_ad(again, id, ad[1]);
    if (memcmp(ad[0], ad[1], sizeof ad[0]) != 0 || f->locked_bytes != again->locked_bytes ||
        memcmp(f->locked, again->locked, f->locked_bytes) != 0)
        abort();
    keyring_file_clear(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    EX_AUTO_FREE struct keyring_file *ring = ex_new0(struct keyring_file);
    struct officer_file officer;
    bool is_officer = officer_file_parse(data, size_bytes, &officer, NULL) == EX_OK;
    bool is_ring = keyring_file_parse(data, size_bytes, ring, NULL) == EX_OK;
    if (is_officer && is_ring)
        abort(); /* one file cannot be both */
    if (is_officer)
        print_officer(&officer);
    if (is_ring)
        print_keyring(ring);
    keyring_file_clear(ring);
    return 0;
}
