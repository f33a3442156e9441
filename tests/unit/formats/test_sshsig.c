/* SPDX-License-Identifier: Apache-2.0 */
#include "flips.h"

#include "base/mem.h"
#include "formats/ssh_internal.h"
#include "formats/sshsig.h"

#include <openssl/evp.h>
#include <sodium.h>

static const char *const vectors[] = {"ed25519", "ecdsa", "rsa", "ed25519_sk", "ecdsa_sk"};
enum { VECTORS = sizeof vectors / sizeof vectors[0] };

/* A key, what it signed, and the signature. */
struct signing {
    struct ssh_key key;
    struct sshsig_digest digest;
    uint8_t *text;
    size_t size;
    uint8_t *message;
    size_t message_bytes;
};

static void signing_clear(struct signing *s) {
    free(s->text);
    free(s->message);
}

static struct sshsig_digest digest_of(const void *data, size_t size, unsigned wanted) {
    struct sshsig_hash h;
    struct sshsig_digest digest;
    sshsig_hash_start(&h, wanted);
    for (size_t at = 0; at < size; at++) /* a byte at a time */
        sshsig_hash_add(&h, (const uint8_t *)data + at, 1);
    sshsig_hash_end(&h, &digest);
    return digest;
}

static struct signing load_signing(const char *name) {
    struct ex_error err;
    struct signing s;
    char path[64];
    size_t size;
    (void)snprintf(path, sizeof path, "sshsig/%s.pub", name);
    EX_AUTO_FREE uint8_t *line = load_vector(path, &size);
    assert_code(EX_OK, ssh_key_parse_line((const char *)line, size, &s.key, &err));
    (void)snprintf(path, sizeof path, "sshsig/%s.sig", name);
    s.text = load_vector(path, &s.size);
    s.message = load_vector("sshsig/signed-data", &s.message_bytes);
    s.digest = digest_of(s.message, s.message_bytes, SSHSIG_SHA256 | SSHSIG_SHA512);
    return s;
}

static ex_code check(const struct signing *s, const uint8_t *text, size_t size,
                     const char *name_space, struct sshsig_token *ret, struct ex_error *err) {
    struct sshsig sig;
    EX_TRY(sshsig_parse((const char *)text, size, &sig, err));
    return sshsig_verify(&sig, &s->key, name_space, &s->digest, ret, err);
}

static void both_hashes(void **state) {
    uint8_t known[64];
    struct sshsig_digest d = digest_of("abc", 3, SSHSIG_SHA256 | SSHSIG_SHA512);
    assert_int_equal(d.known, SSHSIG_SHA256 | SSHSIG_SHA512);
    EVP_Digest("abc", 3, known, NULL, EVP_sha512(), NULL);
    assert_memory_equal(d.sha512, known, 64);
    EVP_Digest("abc", 3, known, NULL, EVP_sha256(), NULL);
    assert_memory_equal(d.sha256, known, 32);
    assert_int_equal(digest_of("abc", 3, SSHSIG_SHA256).known, SSHSIG_SHA256);
}

static void signatures_by_openssh(void **state) {
    struct ex_error err;
    for (size_t i = 0; i < VECTORS; i++) {
        struct sshsig_token token;
        struct signing s = load_signing(vectors[i]);
        assert_code(EX_OK, check(&s, s.text, s.size, "unittest", &token, &err));
        assert_int_equal(token.used, strstr(vectors[i], "_sk") != NULL);
        assert_code(EX_OK, check(&s, s.text, s.size - 1, "unittest", NULL, &err));
        assert_code(EX_FORMAT, check(&s, s.text, s.size - 2, "unittest", NULL, &err));
        assert_code(EX_SIGNATURE, check(&s, s.text, s.size, "file", NULL, &err));
        assert_string_equal(err.text, "it was signed for \"unittest\", not for \"file\"");
        s.digest = digest_of("other", 5, SSHSIG_SHA512 | SSHSIG_SHA256);
        assert_code(EX_SIGNATURE, check(&s, s.text, s.size, "unittest", NULL, &err));
        s.digest = digest_of(s.message, s.message_bytes, SSHSIG_SHA256);
        assert_code(EX_USAGE, check(&s, s.text, s.size, "unittest", NULL, &err));
        signing_clear(&s);
    }
}

static bool text_accepted(const uint8_t *data, size_t size, void *context) {
    return check(context, data, size, "unittest", NULL, NULL) == EX_OK;
}

static bool message_accepted(const uint8_t *data, size_t size, void *context) {
    struct signing s = *(struct signing *)context;
    s.digest = digest_of(data, size, SSHSIG_SHA512);
    return text_accepted(s.text, s.size, &s);
}

static void no_bit_may_change(void **state) {
    for (size_t i = 0; i < VECTORS; i++) {
        struct signing s = load_signing(vectors[i]);
        assert_true(text_accepted(s.text, s.size, &s));
        assert_flips_refused(s.text, s.size, 0, s.size, text_accepted, &s);
        assert_flips_refused(s.message, s.message_bytes, 0, s.message_bytes, message_accepted, &s);
        assert_true(message_accepted(s.message, s.message_bytes, &s));
        signing_clear(&s);
    }
}

static void another_key_is_named(void **state) {
    struct ex_error err;
    struct signing s = load_signing("ed25519"), other = load_signing("rsa");
    s.key = other.key;
    assert_code(EX_SIGNATURE, check(&s, s.text, s.size, "unittest", NULL, &err));
    assert_non_null(strstr(err.text, "by the key SHA256:ZxTZQ/K7JZpz0mHqWqdmYCUcq3MAtnu9TYA66"));
    assert_non_null(strstr(err.text, "not by SHA256:PnEztoQ74skPJhb"));
    signing_clear(&s);
    signing_clear(&other);
}

static void unknown_kinds_are_refused_in_words(void **state) {
    struct ex_error err;
    struct sshsig sig;
    struct signing s = load_signing("ecdsa_sk_webauthn");
    assert_code(EX_UNSUPPORTED, check(&s, s.text, s.size, "unittest", NULL, &err));
    assert_non_null(strstr(err.text, "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"));
    free(s.text);
    s.text = load_vector("sshsig/mldsa44-ed25519.sig", &s.size);
    assert_code(EX_UNSUPPORTED, sshsig_parse((const char *)s.text, s.size, &sig, &err));
    assert_non_null(strstr(err.text, "ssh-mldsa44-ed25519@openssh.com"));
    signing_clear(&s);
}

static struct sign_key *test_key(void) {
    struct ex_error err;
    struct sign_key *key = NULL;
    uint8_t seed[SIGN_SEED_BYTES] = {4, 5, 6};
    assert_code(EX_OK, sign_key_from_seed(seed, &key, &err));
    return key;
}

/* "hello", signed by ourselves. */
static struct signing sign_hello(enum sshsig_algorithm algorithm) {
    struct ex_error err;
    struct signing s = {.digest = digest_of("hello", 5, SSHSIG_SHA256 | SSHSIG_SHA512)};
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    char *text = NULL;
    ssh_key_make(sign_key_public(key), &s.key);
    assert_code(EX_OK, sshsig_sign(key, "unittest", algorithm, &s.digest, &text, &s.size, &err));
    s.text = (uint8_t *)text;
    return s;
}

static void what_we_sign_is_good(void **state) {
    struct ex_error err;
    for (int algorithm = SSHSIG_SHA256; algorithm <= (int)SSHSIG_SHA512; algorithm++) {
        struct signing s = sign_hello((enum sshsig_algorithm)algorithm);
        assert_int_equal(strlen((char *)s.text), s.size);
        assert_code(EX_OK, check(&s, s.text, s.size, "unittest", NULL, &err));
        assert_flips_refused(s.text, s.size, 0, s.size, text_accepted, &s);
        signing_clear(&s);
    }
}

/* The author's own tool would write the same bytes. */
static void the_armor_is_theirs(void **state) {
    struct ex_error err;
    struct signing s = load_signing("ed25519");
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    EX_AUTO_FREE uint8_t *file = load_vector("sshsig/ed25519", &size);
    assert_code(EX_OK, ssh_key_read_private((const char *)file, size, &key, &err));
    assert_code(EX_OK, sshsig_sign(key, "unittest", SSHSIG_SHA512, &s.digest, &text, &size, &err));
    assert_string_equal(text, (char *)s.text);
    signing_clear(&s);
}

static void namespaces_are_plain_words(void **state) {
    struct ex_error err;
    static const char *const bad[] = {"", "a b", "a\n", "\x7f", "ü"};
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    struct sshsig_digest digest = digest_of("", 0, SSHSIG_SHA512);
    char *text = NULL, longest[SSHSIG_NAMESPACE_MAX + 2];
    size_t size;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_code(EX_USAGE, sshsig_sign(key, bad[i], SSHSIG_SHA512, &digest, &text, &size, &err));
    memset(longest, 'n', sizeof longest);
    longest[SSHSIG_NAMESPACE_MAX + 1] = '\0';
    assert_code(EX_USAGE, sshsig_sign(key, longest, SSHSIG_SHA512, &digest, &text, &size, &err));
    longest[SSHSIG_NAMESPACE_MAX] = '\0';
    assert_code(EX_OK, sshsig_sign(key, longest, SSHSIG_SHA512, &digest, &text, &size, &err));
    free(text);
}

/* A good signature file with one place changed. */
static void assert_refused(const char *find, const char *put, ex_code code) {
    struct ex_error err;
    char changed[1024];
    struct signing s = sign_hello(SSHSIG_SHA512);
    char *text = (char *)s.text, *at = strstr(text, find);
    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, put,
                   at + strlen(find));
    assert_code(code, check(&s, (uint8_t *)changed, strlen(changed), "unittest", NULL, &err));
    signing_clear(&s);
}

static void other_forms_are_refused(void **state) {
    struct ex_error err;
    struct signing s = sign_hello(SSHSIG_SHA512);
    char *line_end = strchr(strchr((char *)s.text, '\n') + 1, '\n');
    memmove(line_end, line_end + 1, strlen(line_end)); /* two lines joined */
    assert_code(EX_FORMAT, check(&s, s.text, s.size - 1, "unittest", NULL, &err));
    signing_clear(&s);
    assert_refused("-----BEGIN", "\n-----BEGIN", EX_FORMAT);
    assert_refused("-----\n", "-----\r\n", EX_FORMAT);
    assert_refused("-----\n", "-----\n\n", EX_FORMAT);
    assert_refused("-----END SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n\n", EX_FORMAT);
    assert_refused("-----END SSH SIGNATURE-----\n", "", EX_FORMAT);
    assert_refused("U1NI", "U1NI ", EX_FORMAT);
    assert_refused("U1NIU0lHAAAAAQ", "U1NIU0lHAAAAAg", EX_UNSUPPORTED); /* version 2 */
    assert_refused("U1NIU0lHAAAAAQ", "U1NIU0lHAAAAAA", EX_UNSUPPORTED); /* version 0 */
    assert_refused("U1NIU0lH", "U1NIU0lI", EX_FORMAT);
}

/* A signature whose reserved field is not empty, and signed as such. */
static void a_reserved_field_is_refused(void **state) {
    struct ex_error err;
    struct sshsig sig;
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    uint8_t blob[512], raw[SIGNATURE_BYTES], inner[128];
    char base64[1024], text[2048];
    struct ssh_out out = {.to = blob, .room = sizeof blob};
    struct ssh_out signature = {.to = inner, .room = sizeof inner};
    struct ssh_key public_key;
    for (int reserved = 0; reserved < 2; reserved++) {
        out.used = signature.used = 0;
        ssh_key_make(sign_key_public(key), &public_key);
        sign_key_sign(key, "", 0, raw);
        ssh_put_text(&signature, "ssh-ed25519");
        ssh_put_string(&signature, raw, sizeof raw);
        ssh_put(&out, "SSHSIG\0\0\0\1", 10);
        ssh_put_string(&out, public_key.blob, public_key.blob_bytes);
        ssh_put_text(&out, "file");
        ssh_put_text(&out, reserved ? "x" : "");
        ssh_put_text(&out, "sha512");
        ssh_put_string(&out, inner, signature.used);
        sodium_bin2base64(base64, sizeof base64, blob, out.used, sodium_base64_VARIANT_ORIGINAL);
        int used = snprintf(text, sizeof text, "-----BEGIN SSH SIGNATURE-----\n");
        for (const char *at = base64; *at != '\0'; at += strnlen(at, 70))
            used += snprintf(text + used, sizeof text - (size_t)used, "%.70s\n", at);
        used += snprintf(text + used, sizeof text - (size_t)used, "-----END SSH SIGNATURE-----\n");
        assert_code(reserved ? EX_UNSUPPORTED : EX_OK,
                    sshsig_parse(text, (size_t)used, &sig, &err));
    }
    assert_non_null(strstr(err.text, "reserved field"));
}

/* ---- signatures put together here ---- */

struct parts {
    uint8_t signature[1024];
    struct ssh_out out;
};

static void begin(struct parts *p, const char *kind) {
    p->out = (struct ssh_out){.to = p->signature, .room = sizeof p->signature};
    ssh_put_text(&p->out, kind);
}

static ex_code inner_check(const struct ssh_key *key, const struct parts *p, const char *message,
                           struct sshsig_token *ret, struct ex_error *err) {
    return ssh_signature_check(key, (struct ssh_bytes){p->signature, p->out.used},
                               (struct ssh_bytes){(const uint8_t *)message, strlen(message)}, ret,
                               err);
}

/* A token's signature of "message" with these flags, by a token made of a key of ours. */
static ex_code by_token(uint8_t flags, struct sshsig_token *ret, struct ex_error *err) {
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    struct ssh_key public_key;
    struct parts p;
    uint8_t blob[256], data[SHA256_BYTES + 5 + SHA256_BYTES], raw[SIGNATURE_BYTES];
    struct ssh_out out = {.to = blob, .room = sizeof blob};
    ssh_put_text(&out, "sk-ssh-ed25519@openssh.com");
    ssh_put_string(&out, sign_key_public(key), SIGN_PUBLIC_BYTES);
    ssh_put_text(&out, "ssh:");
    EX_TRY(ssh_key_parse_blob(blob, out.used, &public_key, err));
    sha256_of("ssh:", 4, data);
    memcpy(data + SHA256_BYTES, (const uint8_t[]){flags, 0, 0, 1, 2}, 5);
    sha256_of("message", 7, data + SHA256_BYTES + 5);
    sign_key_sign(key, data, sizeof data, raw);
    begin(&p, "sk-ssh-ed25519@openssh.com");
    ssh_put_string(&p.out, raw, sizeof raw);
    ssh_put(&p.out, data + SHA256_BYTES, 5);
    return inner_check(&public_key, &p, "message", ret, err);
}

static void a_token_must_have_been_touched(void **state) {
    struct ex_error err;
    struct sshsig_token token;
    assert_code(EX_OK, by_token(0x01, &token, &err));
    assert_true(token.used && !token.user_verified);
    assert_int_equal(token.counter, 0x102);
    assert_code(EX_OK, by_token(0x05, &token, &err));
    assert_true(token.user_verified);
    assert_code(EX_SIGNATURE, by_token(0x00, &token, &err));
    assert_non_null(strstr(err.text, "nobody touched"));
    assert_code(EX_SIGNATURE, by_token(0x04, &token, &err));
}

static void sha1_is_refused(void **state) {
    struct ex_error err;
    struct sshsig_token token;
    struct signing s = load_signing("rsa");
    struct parts p;
    begin(&p, "ssh-rsa");
    ssh_put_string(&p.out, (uint8_t[384]){1}, 384);
    assert_code(EX_UNSUPPORTED, inner_check(&s.key, &p, "message", &token, &err));
    assert_non_null(strstr(err.text, "SHA-1"));
    begin(&p, "ssh-ed25519"); /* of another type than the key */
    ssh_put_string(&p.out, (uint8_t[64]){1}, 64);
    assert_code(EX_UNSUPPORTED, inner_check(&s.key, &p, "message", &token, &err));
    begin(&p, "rsa-sha2-512");
    ssh_put_string(&p.out, (uint8_t[385]){1}, 385); /* longer than the key */
    assert_code(EX_FORMAT, inner_check(&s.key, &p, "message", &token, &err));
    signing_clear(&s);
}

/* r and s in every wrong form. */
static void ecdsa_numbers_have_one_form(void **state) {
    struct ex_error err;
    struct sshsig_token token;
    struct signing s = load_signing("ecdsa");
    static const struct {
        uint8_t bytes[34];
        size_t size;
    } bad[] = {{{0}, 0}, {{0}, 1}, {{0, 1}, 2}, {{0x80}, 1}, {{0, 0x80}, 34}, {{1}, 33}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct parts p;
        uint8_t inner[128];
        struct ssh_out out = {.to = inner, .room = sizeof inner};
        ssh_put_string(&out, bad[i].bytes, bad[i].size);
        ssh_put_string(&out, (const uint8_t[]){1}, 1);
        begin(&p, "ecdsa-sha2-nistp256");
        ssh_put_string(&p.out, inner, out.used);
        assert_code(EX_FORMAT, inner_check(&s.key, &p, "message", &token, &err));
    }
    signing_clear(&s);
}

static void a_point_off_the_curve_is_no_key(void **state) {
    struct ex_error err;
    struct signing s = load_signing("ecdsa");
    struct sshsig sig;
    assert_code(EX_OK, sshsig_parse((const char *)s.text, s.size, &sig, &err));
    s.key.blob[s.key.blob_bytes - 1] ^= 1;
    sig.key = s.key;
    assert_code(EX_FORMAT, sshsig_verify(&sig, &s.key, "unittest", &s.digest, NULL, &err));
    signing_clear(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_hashes),
        cmocka_unit_test(signatures_by_openssh),
        cmocka_unit_test(no_bit_may_change),
        cmocka_unit_test(another_key_is_named),
        cmocka_unit_test(unknown_kinds_are_refused_in_words),
        cmocka_unit_test(what_we_sign_is_good),
        cmocka_unit_test(the_armor_is_theirs),
        cmocka_unit_test(namespaces_are_plain_words),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(a_reserved_field_is_refused),
        cmocka_unit_test(a_token_must_have_been_touched),
        cmocka_unit_test(sha1_is_refused),
        cmocka_unit_test(ecdsa_numbers_have_one_form),
        cmocka_unit_test(a_point_off_the_curve_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
