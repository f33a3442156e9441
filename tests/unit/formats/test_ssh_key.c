/* SPDX-License-Identifier: Apache-2.0 */
#include "flips.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "formats/ssh_key.h"

#include <sodium.h>

/* Made by ssh-keygen for this test. */
static const char ENCRYPTED[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNy"
    "eXB0AAAAGAAAABBW7dHTbo\nuQANEn1E6QDk/GAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIFgPzMk"
    "1olbmhBku\n6Y0Y0lvzO1cAjWW8C3cmKTta3KkTAAAAkJeWI/ZaM7SU0D6iKTirrDrMTR82EP+zKoxrRF\nZZ/"
    "oTT23aCO6nuXuBSgSlhynG/uJmEEBuH9IAG34Z6ZP6iJyE/1gMdWNM3DRVDXCzfSmj2\nR0b/FJVZvVFsMVbZ"
    "PtJELmPt2yewXYZQM1pgsnYRwir2am+AEmFNHkGg2lgbg40/+0FjHz\nn+mj7Y/PV0OIKucg==\n-----END O"
    "PENSSH PRIVATE KEY-----\n";

static const char RSA_1024[] =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCrDEamO1Gdgd09vQCmcXcn+78E0luPQx1bveMbazvXO4vK"
    "8IVFtQzrWA3OmBmEnoObMd4lUhHXIh2sRGC5+0xA6V97EPlLTKV0Odmv+zlzGJ7zsyhL0tCwR3yUlJ/y6gCg"
    "lUt/Gbfqmh7T98FfpVlMzeHw4HiOQyj0FHTFWdS4Zw==";

static const char ECDSA_P384[] =
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBNkr/F6mHkQg"
    "nMcRzI7LbXrBuax3pxyXJi91Y7WYu1Kg5GHWAiV/A+WJJuUqDKCscgvIq/wJDuE366ElP4fbO+xaDZjsuxoG"
    "IayY8qmU+JavexA46ywExAFy1R9go7WTwg==";

static const char CERTIFICATE[] =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAA"
    "AIEsuu+Xkw2PAfRH1nVhKFwt4FSUk4jNyA6urSoYvIFyBAAAAIA2bgx6bhT7/+PEsA5dbFPJ5GHBEBDm/0+u"
    "7PDsOZE7TAAAAAAAAAAAAAAABAAAAAXgAAAAFAAAAAWEAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGV"
    "ybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl"
    "0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAA"
    "AAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgDZuDHpuFPv/48SwDl1sU8nkYcEQEOb/T67s8Ow5kTtMAAABTAAA"
    "AC3NzaC1lZDI1NTE5AAAAQPlZiXo+iS19ZdI3vCeOz8DgMYNjMhW2REW3LiR7U2McqMiu794jCIACf+AQfYJ"
    "HD/VaG+KNEMOZh5fpg3YIBgg=";

static const struct {
    const char *name;
    enum ssh_key_type type;
    const char *fingerprint; /* by ssh-keygen -l */
} known[] = {
    {"ed25519", SSH_KEY_ED25519, "SHA256:ZxTZQ/K7JZpz0mHqWqdmYCUcq3MAtnu9TYA66TCBkxM"},
    {"ecdsa", SSH_KEY_ECDSA_P256, "SHA256:YInG0FuXzFrI4twnU4WIDUE7/iFeM9DVtx6zdi61Pvg"},
    {"rsa", SSH_KEY_RSA, "SHA256:PnEztoQ74skPJhb/bvdbzdOVa2whp8Ws4housCPVrkI"},
    {"ed25519_sk", SSH_KEY_SK_ED25519, "SHA256:pbI9wlyrFSsUbp+GTiIAOqNMvoajbF2tHsPMECyrMYU"},
    {"ecdsa_sk", SSH_KEY_SK_ECDSA_P256, "SHA256:/ALxJUlmDPE0gxeL1nZip4oXm1VG1qmR2xL5iUzZD1A"},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static char *load_line(const char *name) {
    char path[64];
    size_t size;
    (void)snprintf(path, sizeof path, "sshsig/%s.pub", name);
    return (char *)load_vector(path, &size);
}

static void every_type_is_read(void **state) {
    struct ex_error err;
    char fingerprint[SSH_KEY_FINGERPRINT_BYTES], text[SSH_KEY_TEXT_BYTES];
    for (size_t i = 0; i < KNOWN; i++) {
        struct ssh_key key, again;
        EX_AUTO_FREE char *line = load_line(known[i].name);
        assert_code(EX_OK, ssh_key_parse_line(line, strlen(line), &key, &err));
        assert_int_equal(key.type, known[i].type);
        assert_string_equal(ssh_key_fingerprint(&key, fingerprint), known[i].fingerprint);
        /* There is one spelling, but for the comment. */
        (void)ssh_key_text(&key, text);
        assert_int_equal(strncmp(text, line, strlen(text)), 0);
        assert_code(EX_OK, ssh_key_parse_blob(key.blob, key.blob_bytes, &again, &err));
        assert_true(ssh_key_equal(&key, &again));
    }
}

static void cut_off_or_longer_blobs_are_refused(void **state) {
    struct ex_error err;
    for (size_t i = 0; i < KNOWN; i++) {
        struct ssh_key key, bad;
        EX_AUTO_FREE char *line = load_line(known[i].name);
        assert_code(EX_OK, ssh_key_parse_line(line, strlen(line), &key, &err));
        for (size_t size = 0; size < key.blob_bytes; size++)
            assert_int_not_equal(ssh_key_parse_blob(key.blob, size, &bad, &err), EX_OK);
        key.blob[key.blob_bytes] = 0;
        assert_code(EX_FORMAT, ssh_key_parse_blob(key.blob, key.blob_bytes + 1, &bad, &err));
        for (size_t at = 0; at + 4 <= key.blob_bytes; at++) { /* lengths of 4 GiB anywhere */
            struct ssh_key changed = key;
            memset(changed.blob + at, 0xFF, 4);
            (void)!ssh_key_parse_blob(changed.blob, key.blob_bytes, &bad, NULL);
        }
    }
}

static void assert_line(ex_code code, const char *line, const char *word) {
    struct ex_error err;
    struct ssh_key key;
    assert_code(code, ssh_key_parse_line(line, strlen(line), &key, &err));
    if (strstr(err.text, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void other_keys_are_refused_in_words(void **state) {
    char text[1024];
    assert_line(EX_UNSUPPORTED, RSA_1024, "1024 bits");
    assert_line(EX_UNSUPPORTED, ECDSA_P384, "ecdsa-sha2-nistp384");
    assert_line(EX_UNSUPPORTED, CERTIFICATE, "certificates");
    assert_line(EX_FORMAT, "", "not an SSH public key");
    assert_line(EX_FORMAT, "ssh-ed25519", "not an SSH public key");
    assert_line(EX_FORMAT, "ssh-ed25519 AAAA", "an SSH key ends early");
    assert_line(EX_FORMAT, "ssh-ed25519 AAA", "base64");
    assert_line(EX_UNSUPPORTED, "\x1b[31m AAAA", "\"?\"");
    EX_AUTO_FREE char *line = load_line("ed25519");
    (void)snprintf(text, sizeof text, "no-pty %s", line);
    assert_line(EX_UNSUPPORTED, text, "\"no-pty\"");
    (void)snprintf(text, sizeof text, "ssh-rsa %s", line + strlen("ssh-ed25519 "));
    assert_line(EX_FORMAT, text, "calls itself ssh-rsa");
    (void)snprintf(text, sizeof text, "%s%s", line, line);
    assert_line(EX_FORMAT, text, "not an SSH public key");
}

/* ssh-rsa with these numbers. */
static ex_code rsa_parse(const uint8_t *e, size_t e_bytes, const uint8_t *n, size_t n_bytes) {
    static uint8_t blob[8192];
    struct ssh_key key;
    uint8_t *to = blob;
    ex_put_be32(to, 7);
    memcpy(to + 4, "ssh-rsa", 7);
    to += 11;
    ex_put_be32(to, (uint32_t)e_bytes);
    memcpy(to + 4, e, e_bytes);
    to += 4 + e_bytes;
    ex_put_be32(to, (uint32_t)n_bytes);
    memcpy(to + 4, n, n_bytes);
    to += 4 + n_bytes;
    return ssh_key_parse_blob(blob, (size_t)(to - blob), &key, NULL);
}

static void rsa_numbers_must_make_sense(void **state) {
    static const uint8_t f4[] = {1, 0, 1}, long_e[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const uint8_t padded[] = {0, 1, 0, 1}, negative[] = {0x81};
    uint8_t n[SSH_KEY_RSA_BITS_MAX / 8 + 2];
    memset(n, 0x7F, sizeof n);
    assert_int_equal(rsa_parse(f4, 3, n, 257), EX_OK);
    assert_int_equal(rsa_parse(f4, 3, n, 256), EX_UNSUPPORTED); /* 2047 bits */
    assert_int_equal(rsa_parse(f4, 3, n, 2048), EX_OK);
    assert_int_equal(rsa_parse(f4, 3, n, 2049), EX_UNSUPPORTED);
    assert_int_equal(rsa_parse((const uint8_t[]){3}, 1, n, 257), EX_OK);
    assert_int_equal(rsa_parse((const uint8_t[]){1}, 1, n, 257), EX_FORMAT);
    assert_int_equal(rsa_parse((const uint8_t[]){4}, 1, n, 257), EX_FORMAT);
    assert_int_equal(rsa_parse((const uint8_t[]){0}, 1, n, 257), EX_FORMAT);
    assert_int_equal(rsa_parse(long_e, 9, n, 257), EX_FORMAT);
    assert_int_equal(rsa_parse(padded, 4, n, 257), EX_FORMAT);
    assert_int_equal(rsa_parse(negative, 1, n, 257), EX_FORMAT);
    assert_int_equal(rsa_parse(f4, 0, n, 257), EX_FORMAT);
    n[256] = 0x80; /* even */
    assert_int_equal(rsa_parse(f4, 3, n, 257), EX_FORMAT);
}

static void an_open_private_key_is_read(void **state) {
    struct ex_error err;
    struct ssh_key of_file, key;
    size_t size;
    EX_AUTO(sign_key_free) struct sign_key *secret = NULL;
    EX_AUTO_FREE char *line = load_line("ed25519");
    EX_AUTO_FREE uint8_t *text = load_vector("sshsig/ed25519", &size);
    assert_code(EX_OK, ssh_key_parse_line(line, strlen(line), &key, &err));
    assert_code(EX_OK, ssh_key_read_private((const char *)text, size, &secret, &err));
    ssh_key_make(sign_key_public(secret), &of_file);
    assert_true(ssh_key_equal(&key, &of_file));
}

static bool key_accepted(const uint8_t *data, size_t size, void *context) {
    EX_AUTO(sign_key_free) struct sign_key *secret = NULL;
    return ssh_key_read_private((const char *)data, size, &secret, NULL) == EX_OK;
}

/* Behind the key stands a comment, which may say anything. */
static bool key_differs(const uint8_t *data, size_t size, void *context) {
    EX_AUTO(sign_key_free) struct sign_key *secret = NULL;
    return ssh_key_read_private((const char *)data, size, &secret, NULL) == EX_OK &&
           memcmp(sign_key_public(secret), context, SIGN_PUBLIC_BYTES) != 0;
}

/* The place of `word` in a text; the test fails when it is not there. */
static size_t place_of(const uint8_t *text, size_t size, const char *word) {
    const uint8_t *at = memmem(text, size, word, strlen(word));
    assert_non_null(at);
    return (size_t)(at - text);
}

static void a_changed_private_key_gives_no_other_key(void **state) {
    struct ex_error err;
    size_t size;
    EX_AUTO(sign_key_free) struct sign_key *secret = NULL;
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    EX_AUTO_FREE uint8_t *text = load_vector("sshsig/ed25519", &size);
    assert_code(EX_OK, ssh_key_read_private((const char *)text, size, &secret, &err));
    memcpy(public_key, sign_key_public(secret), sizeof public_key);
    size_t before = place_of(text, size, "EVEMjU1MTkg") - 4;
    assert_flips_refused(text, size, 0, before, key_accepted, NULL);
    assert_flips_refused(text, size, before, size, key_differs, public_key);
}

static void assert_private(const char *text, const char *word) {
    struct ex_error err;
    struct sign_key *secret = NULL;
    assert_code(EX_UNSUPPORTED, ssh_key_read_private(text, strlen(text), &secret, &err));
    assert_non_null(strstr(err.text, word));
    assert_string_equal(err.hint, "add it to the agent: ssh-add FILE");
}

static void other_private_keys_go_to_the_agent(void **state) {
    struct ex_error err;
    struct sign_key *secret = NULL;
    assert_private(ENCRYPTED, "is protected with a passphrase");
    assert_private("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", "is not one of OpenSSH's own format");
    assert_private("", "is not one of OpenSSH's own format");
    assert_code(EX_LIMIT, ssh_key_read_private("", SSH_KEY_FILE_MAX + 1, &secret, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(cut_off_or_longer_blobs_are_refused),
        cmocka_unit_test(other_keys_are_refused_in_words),
        cmocka_unit_test(rsa_numbers_must_make_sense),
        cmocka_unit_test(an_open_private_key_is_read),
        cmocka_unit_test(a_changed_private_key_gives_no_other_key),
        cmocka_unit_test(other_private_keys_go_to_the_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
