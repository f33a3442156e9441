/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: the example of C2SP tlog-policy with keys, and what is no policy. */
#include "testing.h"

#include "base/mem.h"
#include "crypto/policy.h"

/* The nth key of a log ('L') or of a cosigner ('W'). */
static char *vkey(char kind, unsigned n, char to[static NOTE_VKEY_MAX]) {
    struct ex_error err;
    struct note_key key;
    char name[32];
    uint8_t public_key[SIGN_PUBLIC_BYTES] = {(uint8_t)n, (uint8_t)kind, 9};
    (void)snprintf(name, sizeof name, "%c.example/%u", kind, n);
    assert_code(EX_OK, note_key_make(name, kind == 'L' ? NOTE_TYPE_ED25519 : NOTE_TYPE_COSIGNATURE,
                                     public_key, &key, &err));
    return note_key_text(&key, to);
}

/* Puts keys in place of %L1, %W2 and so on. The caller frees. */
static char *with_keys(const char *text) {
    char *out = ex_new0_bytes(strlen(text) + 100 * NOTE_VKEY_MAX);
    size_t used = 0;
    while (*text != '\0') {
        if (*text != '%') {
            out[used++] = *text++;
            continue;
        }
        char *end;
        unsigned n = (unsigned)strtoul(text + 2, &end, 10);
        char key[NOTE_VKEY_MAX];
        used += (size_t)sprintf(out + used, "%s", vkey(text[1], n, key));
        text = end;
    }
    return out;
}

static struct policy *parse(const char *text) {
    struct ex_error err;
    struct policy *p = NULL;
    EX_AUTO_FREE char *full = with_keys(text);
    assert_code(EX_OK, policy_parse(full, strlen(full), &p, &err));
    return p;
}

static bool met(const struct policy *p, const char *who) {
    bool cosigned[POLICY_COSIGNERS_MAX] = {false};
    for (size_t i = 0; i < policy_cosigner_count(p); i++)
        cosigned[i] = strstr(who, policy_cosigner(p, i)->name) != NULL;
    return policy_met(p, cosigned);
}

static void the_example_of_the_specification(void **state) {
    EX_AUTO(policy_free)
    struct policy *p = parse("log %L1\n"
                             "\n"
                             "witness X1 %W1\n"
                             "witness X2 %W2\n"
                             "witness X3 %W3\n"
                             "group X-witnesses 2 X1 X2 X3\n"
                             "\n"
                             "witness Y1 %W4\n"
                             "witness Y2 %W5\n"
                             "witness Y3 %W6\n"
                             "group Y-witnesses any Y1 Y2 Y3\n"
                             "\n"
                             "group X-and-Y all X-witnesses Y-witnesses\n"
                             "quorum X-and-Y\n");
    assert_int_equal(policy_log_count(p), 1);
    assert_string_equal(policy_log(p, 0)->name, "L.example/1");
    assert_int_equal(policy_cosigner_count(p), 6);
    assert_string_equal(policy_cosigner(p, 3)->name, "Y1");
    assert_string_equal(policy_cosigner(p, 3)->key.name, "W.example/4");
    assert_string_equal(policy_quorum(p), "X-and-Y");
    assert_false(policy_asks_for_nobody(p));
    assert_false(met(p, ""));
    assert_false(met(p, "X1 X2 X3"));
    assert_false(met(p, "X1 Y1 Y2 Y3"));
    assert_true(met(p, "X1 X3 Y2"));
    assert_true(met(p, "X1 X2 X3 Y1 Y2 Y3"));
}

static void spaces_comments_and_octets(void **state) {
    EX_AUTO(policy_free)
    struct policy *p = parse("# log, witness: \"quorum\" \xff\n"
                             " \t \n"
                             "\twitness\t\xe2\x84\xaa  %W1 https://w.example/ \n"
                             "  # quorum none\n"
                             "witness K %W2\n"
                             "log %L1\thttps://log.example\n"
                             " quorum \xe2\x84\xaa\t\n");
    assert_int_equal(policy_cosigner_count(p), 2);
    assert_true(met(p, "\xe2\x84\xaa"));
    assert_false(met(p, "K"));
}

static void a_quorum_of_nobody(void **state) {
    EX_AUTO(policy_free) struct policy *p = parse("quorum none\n");
    assert_true(policy_asks_for_nobody(p));
    assert_string_equal(policy_quorum(p), "none");
    assert_true(met(p, ""));
}

static void what_is_no_policy(void **state) {
    static const char *const bad[] = {
        "",
        "# nothing\n",
        "quorum none",
        "quorum none\nquorum none\n",
        "quorum x\n",
        "quorum\n",
        "quorum none x\n",
        "quorum none\r\n",
        "quorum none\x7f\n",
        "# \x01\nquorum none\n",
        "# \x7f\nquorum none\n",
        "Quorum none\n",
        "cosigner a %W1\nquorum a\n",
        "quorum a\nwitness a %W1\n",
        "witness a\nquorum none\n",
        "witness a %L1\nquorum a\n",
        "witness a %W1x\nquorum a\n",
        "witness a %W1 url more\nquorum a\n",
        "witness a %W1\nwitness a %W2\nquorum a\n",
        "witness a %W1\nwitness b %W1\nquorum a\n",
        "witness none %W1\nquorum none\n",
        "log %W1\nquorum none\n",
        "log\nquorum none\n",
        "log %L1 url more\nquorum none\n",
        "log %L1\nlog %L1\nquorum none\n",
        "witness a %W1\ngroup g all\nquorum g\n",
        "witness a %W1\ngroup g 0 a\nquorum g\n",
        "witness a %W1\ngroup g 2 a\nquorum g\n",
        "witness a %W1\ngroup g 01 a\nquorum g\n",
        "witness a %W1\ngroup g most a\nquorum g\n",
        "witness a %W1\ngroup g 1 a a\nquorum g\n",
        "witness a %W1\ngroup g 1 g\nquorum g\n",
        "witness a %W1\ngroup g 1 h\ngroup h 1 a\nquorum g\n",
        "witness a %W1\ngroup g 1 a\ngroup h 1 a\nquorum g\n",
        "witness a %W1\ngroup g 1 none\nquorum g\n",
        "witness a %W1\ngroup a 1 a\nquorum a\n",
        "witness a %W1\ngroup none 1 a\nquorum none\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err = {0};
        struct policy *p = NULL;
        EX_AUTO_FREE char *full = with_keys(bad[i]);
        ex_code code = policy_parse(full, strlen(full), &p, &err);
        if (code != EX_FORMAT || p != NULL)
            fail_msg("case %zu gives %s (%s)", i, ex_code_name(code), err.text);
    }
}

static void what_is_beyond_this_version(void **state) {
    struct ex_error err;
    struct policy *p = NULL;
    /* A key of type 0x02. */
    static const char other[] =
        "witness a x+00000000+AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nquorum a\n";
    assert_code(EX_UNSUPPORTED, policy_parse(other, strlen(other), &p, &err));
    assert_null(p);
    EX_AUTO_FREE char *large = ex_new0_bytes(POLICY_BYTES_MAX + 1);
    memset(large, '\n', POLICY_BYTES_MAX + 1);
    assert_code(EX_LIMIT, policy_parse(large, POLICY_BYTES_MAX + 1, &p, &err));
}

static void limits(void **state) {
    for (unsigned n = POLICY_COSIGNERS_MAX; n <= POLICY_COSIGNERS_MAX + 1; n++) {
        struct ex_error err = {0};
        EX_AUTO(policy_free) struct policy *p = NULL;
        EX_AUTO_FREE char *text = NULL;
        char key[NOTE_VKEY_MAX];
        size_t used = 0;
        FILE *to = open_memstream(&text, &used);
        for (unsigned i = 0; i < n; i++)
            fprintf(to, "witness w%u %s\n", i, vkey('W', i, key));
        fprintf(to, "group g all");
        for (unsigned i = 0; i < n; i++)
            fprintf(to, " w%u", i);
        fprintf(to, "\nquorum g\n");
        fclose(to);
        ex_code code = policy_parse(text, used, &p, &err);
        assert_int_equal(code, n <= POLICY_COSIGNERS_MAX ? EX_OK : EX_FORMAT);
        if (code == EX_OK)
            assert_int_equal(policy_cosigner_count(p), n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification),
        cmocka_unit_test(spaces_comments_and_octets),
        cmocka_unit_test(a_quorum_of_nobody),
        cmocka_unit_test(what_is_no_policy),
        cmocka_unit_test(what_is_beyond_this_version),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
