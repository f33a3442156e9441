/* SPDX-License-Identifier: Apache-2.0 */
#include "../crypto/testing.h"

#include "base/limits.h"
#include "base/mem.h"
#include "crypto/seal.h"
#include "formats/age.h"

/* C2SP age.md, "The X25519 recipient type": 32 bytes 0x42. */
static const char IDENTITY[] =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
static const char RECIPIENT[] = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
static const char HYBRID[] =
    "AGE-SECRET-KEY-PQ-1HZLGZUPT4ETPKDEV8HSGFDCYZ4E522W0A7PU2LHT8EH9W6YLNC3SW78XKG";

static struct age_identities *identities(void) {
    struct ex_error err;
    struct age_identities *ids = NULL;
    assert_code(EX_OK, age_identities_new(&ids, &err));
    return ids;
}

static void known_pair(void **state) {
    struct ex_error err;
    EX_AUTO(age_identities_free) struct age_identities *ids = identities();
    SEAL_AUTO_SECRET char *text = NULL;
    uint8_t raw[AGE_X25519_BYTES];
    char printed[AGE_RECIPIENT_CHARS + 1];
    struct age_recipient r, again;
    memset(raw, 0x42, sizeof raw);
    assert_code(EX_OK, age_identities_add(ids, raw, &err));
    assert_code(EX_OK, age_identities_parse(ids, IDENTITY, strlen(IDENTITY), &err));
    assert_int_equal(age_identities_count(ids), 2);
    for (size_t i = 0; i < 2; i++) {
        age_identities_recipient(ids, i, &r);
        assert_string_equal(age_recipient_print(&r, printed), RECIPIENT);
    }
    assert_code(EX_OK, age_identities_print(ids, 1, &text, &err));
    assert_string_equal(text, IDENTITY);
    assert_code(EX_OK, age_recipient_parse(RECIPIENT, strlen(RECIPIENT), &again, &err));
    assert_memory_equal(&r, &again, sizeof r);
}

/* The box key of an officer is a recipient, and its secret opens. */
static void box_keys_are_age_keys(void **state) {
    struct ex_error err;
    EX_AUTO(age_identities_free) struct age_identities *ids = identities();
    uint8_t secret[SEAL_BOX_SECRET_BYTES] = {7, 7, 7}, public_key[SEAL_BOX_PUBLIC_BYTES];
    struct age_recipient a, b;
    seal_box_public(secret, public_key);
    assert_code(EX_OK, age_recipient_make(public_key, &a, &err));
    assert_code(EX_OK, age_identities_add(ids, secret, &err));
    age_identities_recipient(ids, 0, &b);
    assert_memory_equal(&a, &b, sizeof a);
}

static void recipients_that_are_refused(void **state) {
    static const struct {
        const char *text;
        ex_code code;
    } wrong[] = {
        {"", EX_FORMAT},
        {"age1", EX_FORMAT},
        /* of small order: zero, and another */
        {"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z", EX_FORMAT},
        {"age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9ts6wm9s8", EX_FORMAT},
        /* not reduced: the highest bit set, and 2^255 - 15 */
        {"age1pyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqqyr3apl", EX_FORMAT},
        {"age17rlllllllllllllllllllllllllllllllllllllllllllllllalsjffrxc", EX_FORMAT},
        /* 25 bytes; another thing in Bech32; capitals */
        {"age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcscrvj6", EX_FORMAT},
        {"bc1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9tsnye2ek", EX_FORMAT},
        {"AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73EQUNUJWJ", EX_FORMAT},
        {" age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", EX_FORMAT},
        {IDENTITY, EX_FORMAT},
        {"age1pq1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9ts8k4wde", EX_UNSUPPORTED},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", EX_UNSUPPORTED},
    };
    struct ex_error err;
    struct age_recipient r;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_code(wrong[i].code,
                    age_recipient_parse(wrong[i].text, strlen(wrong[i].text), &r, &err));
}

static void identities_that_are_refused(void **state) {
    EX_AUTO(age_identities_free) struct age_identities *ids = identities();
    struct ex_error err;
    char small[sizeof IDENTITY];
    for (size_t i = 0; i < sizeof IDENTITY; i++)
        small[i] =
            (char)(IDENTITY[i] >= 'A' && IDENTITY[i] <= 'Z' ? IDENTITY[i] + 32 : IDENTITY[i]);
    assert_code(EX_FORMAT, age_identities_parse(ids, small, strlen(small), &err));
    assert_code(EX_FORMAT, age_identities_parse(ids, IDENTITY, strlen(IDENTITY) - 1, &err));
    assert_code(EX_FORMAT, age_identities_parse(ids, RECIPIENT, strlen(RECIPIENT), &err));
    assert_code(EX_UNSUPPORTED, age_identities_parse(ids, HYBRID, strlen(HYBRID), &err));
    assert_int_equal(age_identities_count(ids), 0);
    for (size_t i = 0; i < AGE_IDENTITIES_MAX; i++)
        assert_code(EX_OK, age_identities_parse(ids, IDENTITY, strlen(IDENTITY), &err));
    assert_code(EX_LIMIT, age_identities_parse(ids, IDENTITY, strlen(IDENTITY), &err));
}

static void assert_recipients(const char *text, size_t expected) {
    struct ex_error err;
    EX_AUTO_FREE struct age_recipient *list = NULL;
    size_t count = 0;
    assert_code(EX_OK, age_recipients_parse(text, strlen(text), &list, &count, &err));
    assert_int_equal(count, expected);
}

static void assert_no_recipients(const char *text, ex_code code, const char *word) {
    struct ex_error err;
    struct age_recipient *list = NULL;
    size_t count = 0;
    assert_code(code, age_recipients_parse(text, strlen(text), &list, &count, &err));
    assert_null(list);
    if (strstr(err.text, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

#define R "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

static void files_of_recipients(void **state) {
    assert_recipients(R, 1);
    assert_recipients(R "\n", 1);
    assert_recipients("# the court\n" R "\r\n\n# the defence\r\n" R "\n", 2);
    assert_no_recipients("", EX_NOT_FOUND, "no key");
    assert_no_recipients("# nobody\n\n", EX_NOT_FOUND, "no key");
    assert_no_recipients(R "\n " R "\n", EX_FORMAT, "line 2: ");
    assert_no_recipients("\n\n" R R "\n", EX_FORMAT, "line 3: ");
    assert_no_recipients(R "\nssh-rsa AAAA\n", EX_UNSUPPORTED, "line 2: ");
}

static void too_many_recipients(void **state) {
    size_t one = strlen(R "\n");
    EX_AUTO_FREE char *text = ex_new0_bytes((AGE_STANZAS_MAX + 1) * one + 1);
    for (size_t i = 0; i <= AGE_STANZAS_MAX; i++) {
        if (i == AGE_STANZAS_MAX)
            assert_recipients(text, AGE_STANZAS_MAX);
        memcpy(text + i * one, R "\n", one);
    }
    assert_no_recipients(text, EX_LIMIT, "line 1025: ");
}

/* What a message must not repeat. */
static void assert_silent(const struct ex_error *err) {
    assert_null(strstr(err->text, "GFPYYSJ"));
    assert_null(strstr(err->hint, "GFPYYSJ"));
}

static void files_of_identities(void **state) {
    EX_AUTO(age_identities_free) struct age_identities *ids = identities();
    struct ex_error err;
    char text[512];
    (void)snprintf(text, sizeof text, "# created: today\n# public key: %s\n%s\n", RECIPIENT,
                   IDENTITY);
    assert_code(EX_OK, age_identities_parse_file(ids, text, strlen(text), &err));
    assert_int_equal(age_identities_count(ids), 1);
    (void)snprintf(text, sizeof text, "%s\r\n\n%sQ", IDENTITY, IDENTITY);
    assert_code(EX_FORMAT, age_identities_parse_file(ids, text, strlen(text), &err));
    assert_silent(&err);
    assert_non_null(strstr(err.text, "line 3: "));
    assert_int_equal(age_identities_count(ids), 2);
    assert_code(EX_NOT_FOUND, age_identities_parse_file(ids, "#\n", 2, &err));
    static const char encrypted[] = "age-encryption.org/v1\n",
                      armored[] = "-----BEGIN AGE ENCRYPTED FILE-----\n",
                      ssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    assert_code(EX_UNSUPPORTED,
                age_identities_parse_file(ids, encrypted, sizeof encrypted - 1, &err));
    assert_code(EX_UNSUPPORTED, age_identities_parse_file(ids, armored, sizeof armored - 1, &err));
    assert_code(EX_UNSUPPORTED, age_identities_parse_file(ids, ssh, sizeof ssh - 1, &err));
    EX_AUTO_FREE char *large = ex_new0_bytes(EX_LIMIT_CONFIG_BYTES + 1);
    assert_code(EX_LIMIT, age_identities_parse_file(ids, large, EX_LIMIT_CONFIG_BYTES + 1, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pair),
        cmocka_unit_test(box_keys_are_age_keys),
        cmocka_unit_test(recipients_that_are_refused),
        cmocka_unit_test(identities_that_are_refused),
        cmocka_unit_test(files_of_recipients),
        cmocka_unit_test(too_many_recipients),
        cmocka_unit_test(files_of_identities),
    };
    return cmocka_run_group_tests_name("age keys", tests, NULL, NULL);
}
