/* SPDX-License-Identifier: Apache-2.0 */
#include "../crypto/testing.h"

#include "base/mem.h"
#include "formats/ssh_signers.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIlizSIN3DQV78VPNjVvvwjgf+P5HqbPYCYu3BOMdjAE"
enum { NOON_2026_11_22 = 1795348800 };

static struct ssh_key key_of(const char *line) {
    struct ex_error err;
    struct ssh_key key;
    assert_code(EX_OK, ssh_key_parse_line(line, strlen(line), &key, &err));
    return key;
}

static struct ssh_signers *parse(const char *text) {
    struct ex_error err;
    struct ssh_signers *list = NULL;
    assert_code(EX_OK, ssh_signers_parse(text, strlen(text), &list, &err));
    return list;
}

/* May `principal` sign as this file has it? `word` stands in the refusal; NULL: yes. */
static void assert_may(const char *text, const char *principal, const char *name_space, int64_t at,
                       const char *word) {
    struct ex_error err;
    struct ssh_signer found;
    struct ssh_key key = key_of(KEY);
    EX_AUTO(ssh_signers_free) struct ssh_signers *list = parse(text);
    assert_code(word == NULL ? EX_OK : EX_SIGNATURE,
                ssh_signers_find(list, &key, principal, name_space, at, &found, &err));
    if (word != NULL && strstr(err.text, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void may(const char *text, const char *principal) {
    assert_may(text, principal, "file", NOON_2026_11_22, NULL);
}

static void may_not(const char *text, const char *principal, const char *word) {
    assert_may(text, principal, "file", NOON_2026_11_22, word);
}

static void principals(void **state) {
    static const char others[] = "belongs to somebody else";
    may("officer " KEY, "officer");
    may("officer " KEY, NULL);
    may("officer\t" KEY " a comment # and more\n", "officer");
    may_not("officer " KEY, "other", others);
    may_not("officer " KEY, "officer2", others);
    may_not("officer " KEY, "", others);
    may("a@x,b@y " KEY, "b@y");
    may("*@example.org " KEY, "who@example.org");
    may_not("*@example.org " KEY, "who@example.com", others);
    may("a?c " KEY, "abc");
    may_not("a?c " KEY, "abbc", others);
    may("a*b*c " KEY, "aXbYbZc");
    may_not("a*b*c " KEY, "aXbYbZ", others);
    may_not("!bad@x,*@x " KEY, "bad@x", others);
    may("!bad@x,*@x " KEY, "good@x");
    may_not("!*@y " KEY, "good@x", others);
    may("\"two words,other\" " KEY, "two words");
    may("x " KEY "\ny " KEY "\n", "y");
    /* A pattern that would cost a naive matcher for ever. */
    may_not("*a*a*a*a*a*a*a*a*a*a*a*a*a*b " KEY, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            others);
}

static void namespaces(void **state) {
    static const char text[] = "a namespaces=\"file,exhibit-*,!exhibit-x\" " KEY;
    assert_may(text, "a", "file", 0, NULL);
    assert_may(text, "a", "exhibit-package", 0, NULL);
    assert_may(text, "a", "exhibit-x", 0, "may not sign for this namespace");
    assert_may(text, "a", "git", 0, "may not sign for this namespace");
    may("a NameSpaces=\"file\" " KEY, "a");
    may("a namespaces=\"git\" " KEY "\na " KEY "\n", "a"); /* a later line allows it */
}

static void times(void **state) {
    static const char text[] = "a valid-after=\"20261122Z\",valid-before=\"20261122120000Z\" " KEY;
    const int64_t midnight = NOON_2026_11_22 - 12 * 3600;
    assert_may(text, "a", "file", midnight - 1, "was not valid yet");
    assert_may(text, "a", "file", midnight, NULL);
    assert_may(text, "a", "file", NOON_2026_11_22, NULL);
    assert_may(text, "a", "file", NOON_2026_11_22 + 1, "was no longer valid");
    may("a valid-after=\"202611221200Z\" " KEY, "a");
    may_not("a valid-after=\"202611221201Z\" " KEY, "a", "not valid yet");
}

static void others_are_nobody(void **state) {
    may_not("", "a", "is not among the allowed signers");
    may_not("# a " KEY "\n\n   \n", "a", "not among");
    may_not("a sk-ssh-ed25519@openssh.com "
            "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIJsaDYXQYruc6bilCYDIK4YSOeG+"
            "zmrRO2M9t03//7LHAAAABHNzaDo=",
            "a", "not among");
}

static void assert_refused(const char *text, ex_code code, const char *word) {
    struct ex_error err;
    struct ssh_signers *list = NULL;
    assert_code(code, ssh_signers_parse(text, strlen(text), &list, &err));
    assert_null(list);
    if (strstr(err.text, word) == NULL && strstr(err.hint, word) == NULL)
        fail_msg("\"%s\" (%s) does not say \"%s\"", err.text, err.hint, word);
}

static void what_we_do_not_know_is_refused_in_words(void **state) {
    assert_refused("\na cert-authority " KEY, EX_UNSUPPORTED, "line 2 ");
    assert_refused("a cert-authority,namespaces=\"x\" " KEY, EX_UNSUPPORTED, "certificates");
    assert_refused("a no-touch-required " KEY, EX_UNSUPPORTED, "no-touch-required");
    assert_refused("a from=\"10.*\" " KEY, EX_UNSUPPORTED, "from");
    assert_refused("a namespaces " KEY, EX_UNSUPPORTED, "namespaces");
    assert_refused("a valid-before=\"20261122\" " KEY, EX_UNSUPPORTED, "with a Z");
    assert_refused("a valid-before=\"2026112Z\" " KEY, EX_UNSUPPORTED, "with a Z");
    assert_refused("a valid-before=\"20260230Z\" " KEY, EX_UNSUPPORTED, "with a Z");
    assert_refused("a valid-before=\"20261122120060Z\" " KEY, EX_UNSUPPORTED, "with a Z");
    assert_refused("a valid-before=\"20261122Z\",valid-before=\"20271122Z\" " KEY, EX_FORMAT,
                   "twice");
    assert_refused("a namespaces=\"x\",namespaces=\"y\" " KEY, EX_FORMAT, "twice");
    assert_refused("a namespaces=file " KEY, EX_FORMAT, "name=\"value\"");
    assert_refused("a namespaces=\"\" " KEY, EX_FORMAT, "name=\"value\"");
    assert_refused("a namespaces=\"a\\\"b\" " KEY, EX_FORMAT, "line 1 ");
    assert_refused("a namespaces=\"a\\b\" " KEY, EX_FORMAT, "name=\"value\"");
    assert_refused("a namespaces=\"x\", " KEY, EX_FORMAT, "name=\"value\"");
    assert_refused("a namespaces=\"x\"y " KEY, EX_FORMAT, "name=\"value\"");
    assert_refused("a " KEY "\r\n", EX_FORMAT, "line ends");
    assert_refused("a", EX_FORMAT, "line 1 ");
    assert_refused("\"\" " KEY, EX_FORMAT, "principals");
    assert_refused("\"a " KEY, EX_FORMAT, "principals");
    assert_refused("a ssh-ed25519 AAAA", EX_FORMAT, "line 1 ");
    assert_refused(KEY, EX_FORMAT, "line 1 ");
}

static void keys_we_cannot_check_are_counted(void **state) {
    EX_AUTO(ssh_signers_free)
    struct ssh_signers *list = parse("a ssh-dss AAAAB3NzaC1kc3M=\nb " KEY
                                     "\nc namespaces=\"x\" ecdsa-sha2-nistp521 AAAA\n");
    assert_int_equal(ssh_signers_count(list), 1);
    assert_int_equal(ssh_signers_skipped(list), 2);
}

static void limits(void **state) {
    struct ex_error err;
    struct ssh_signers *list = NULL;
    assert_code(EX_FORMAT, ssh_signers_parse("a\0b", 3, &list, &err));
    EX_AUTO_FREE char *large = ex_new0_bytes(SSH_SIGNERS_FILE_MAX + 2);
    memset(large, '\n', SSH_SIGNERS_FILE_MAX + 1);
    assert_code(EX_LIMIT, ssh_signers_parse(large, SSH_SIGNERS_FILE_MAX + 1, &list, &err));
    assert_code(EX_OK, ssh_signers_parse(large, SSH_SIGNERS_FILE_MAX, &list, &err));
    ssh_signers_free(list);
    list = NULL;
    static const char line[] = "a " KEY "\n";
    for (size_t i = 0; i <= SSH_SIGNERS_MAX; i++)
        memcpy(large + i * (sizeof line - 1), line, sizeof line - 1);
    assert_code(EX_LIMIT,
                ssh_signers_parse(large, (SSH_SIGNERS_MAX + 1) * (sizeof line - 1), &list, &err));
    assert_null(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principals),
        cmocka_unit_test(namespaces),
        cmocka_unit_test(times),
        cmocka_unit_test(others_are_nobody),
        cmocka_unit_test(what_we_do_not_know_is_refused_in_words),
        cmocka_unit_test(keys_we_cannot_check_are_counted),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
