/* SPDX-License-Identifier: Apache-2.0 */
/* Text: as a signature file, a public key, a private key and a list of allowed signers. What begins
 * with a zero byte: a key's blob and a signature's, both with their lengths, and the message. */
#include "base/mem.h"
#include "formats/ssh_internal.h"
#include "formats/ssh_signers.h"
#include "formats/sshsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const struct ssh_key *key) {
    struct ssh_key again;
    char text[SSH_KEY_TEXT_BYTES], fingerprint[SSH_KEY_FINGERPRINT_BYTES];
    (void)ssh_key_fingerprint(key, fingerprint);
    (void)ssh_key_text(key, text);
    if (ssh_key_parse_line(text, strlen(text), &again, NULL) != EX_OK ||
        !ssh_key_equal(key, &again) || key->type != again.type)
        abort();
}

static void one_signature(const char *text, size_t size) {
    struct sshsig sig;
    static const struct sshsig_digest digest = {.known = SSHSIG_SHA256 | SSHSIG_SHA512};
    if (sshsig_parse(text, size, &sig, NULL) != EX_OK)
        return;
    check_key(&sig.key);
    (void)!sshsig_verify(&sig, &sig.key, sig.name_space, &digest, NULL, NULL);
    if (sshsig_verify(&sig, &sig.key, "another", &digest, NULL, NULL) == EX_OK)
        abort();
}

static void one_file(const char *text, size_t size) {
    EX_AUTO(sign_key_free) struct sign_key *secret = NULL;
    EX_AUTO(ssh_signers_free) struct ssh_signers *list = NULL;
    struct ssh_signer found;
    struct ssh_key key;
    static const uint8_t public_key[SIGN_PUBLIC_BYTES] = {0};
    if (ssh_key_parse_line(text, size, &key, NULL) == EX_OK)
        check_key(&key);
    else
        ssh_key_make(public_key, &key);
    (void)!ssh_key_read_private(text, size, &secret, NULL);
    if (ssh_signers_parse(text, size, &list, NULL) == EX_OK)
        (void)!ssh_signers_find(list, &key, "officer", "file", 0, &found, NULL);
}

static void one_blob(const uint8_t *data, size_t size) {
    struct ssh_key key;
    struct sshsig_token token;
    struct ex_cursor c = ex_cursor_make(data, size);
    struct ssh_bytes blob = ssh_take_string(&c), signature = ssh_take_string(&c);
    if (ex_cursor_check(&c, "it", NULL) != EX_OK ||
        ssh_key_parse_blob(blob.data, blob.size, &key, NULL) != EX_OK)
        return;
    check_key(&key);
    (void)!ssh_signature_check(&key, signature,
                               (struct ssh_bytes){.data = data + c.pos, .size = ex_cursor_left(&c)},
                               &token, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] == 0) {
        one_blob(data + 1, size - 1);
        return 0;
    }
    one_signature((const char *)data, size);
    one_file((const char *)data, size);
    return 0;
}
