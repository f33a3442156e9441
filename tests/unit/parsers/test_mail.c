/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in fields of mail: dates, addresses, encoded words, parameters. Examples are those of
 * RFC 5322 appendix A, RFC 2047 §8 and RFC 2231, and such as mail has. */
#include "parsers/mail/mail_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

ex_code parser_view(struct parser_run *run, unsigned input, uint64_t offset, size_t size_bytes,
                    const uint8_t **ret, struct ex_error *err) {
    return ex_fail(err, EX_INTERNAL, "nothing is read here");
}

static struct text text_of(const char *text) {
    struct text t = {0};
    assert_int_equal(text_add(&t, text, strlen(text), NULL), EX_OK);
    return t;
}

static void assert_text(struct text *t, const char *wanted) {
    assert_string_equal((const char *)t->data, wanted);
    text_clear(t);
}

static void test_dates(void **state) {
    static const struct {
        const char *text;
        int64_t seconds; /* -1: no date */
        bool local;
    } ROWS[] = {
        {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, false},
        {"21 Nov 97 09:55:06 GMT", 880106106, false},
        {"Thu,\t13 Feb 1969 23:32 -0330 (Newfoundland Time)", -27723480, false},
        {"Mon, 29 Feb 2016 00:00:00 +0000", 1456704000, false},
        {"29 Feb 2015 00:00:00 +0000", -1, false},
        {"1 Jan 1970 00:00:00", 0, true},
        {"1 Jan 1970 00:00:00 A", 0, true},
        {"1 Jan 1970 00:00:00 -0000", 0, false},
        {"31 Dec 2016 23:59:60 +0000", 1483228800, false},
        {"1 Jan 1970 24:00:00 +0000", -1, false},
        {"1 Jan 1970 00:00:00 +00", 0, true},
        {"01-Jan-2026 10:00:00 +0700", 1767236400, false},
        {"1 Jan 1970 10:00:00 PM +0000", 79200, false},
        {"1 Jan 1970 12:30 am GMT", 1800, false},
        {"1 Jan 1970 12:30:00 PM", 45000, true},
        {"1 Jan 1970 22:00:00 PM +0000", -1, false},
        {"1 Jan 1970 00:10:00 AM +0000", -1, false},
        {"1 Jan 1970 00:00:00 +9959", 0, true},
        {"1 Jan 1970 00:00:00 +0160", 0, true},
        {"2 Jan 1970 00:00:00 +1400", 36000, false},
        {"2 Jan 1970 00:00:00 -1401", 136860, false},
        {"2 Jan 1970 00:00:00 +1500", 86400, true},
        {"yesterday", -1, false},
        {"", -1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int64_t seconds = -2;
        bool local = false;
        bool good =
            date_parse((const uint8_t *)ROWS[i].text, strlen(ROWS[i].text), &seconds, &local);
        assert_int_equal(good, ROWS[i].seconds != -1);
        if (good) {
            assert_int_equal(seconds, ROWS[i].seconds);
            assert_int_equal(local, ROWS[i].local);
        }
    }
}

static void test_addresses(void **state) {
    static const char *const ROWS[][2] = {
        {"John Doe <jdoe@machine.example>", "jdoe@machine.example"},
        {"\"Joe Q. Public\" <john.q.public@example.com>", "john.q.public@example.com"},
        {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
         "mary@x.test, jdoe@example.org, one@y.test"},
        {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
         "c@a.test, joe@where.test, jdoe@one.test"},
        {"Undisclosed recipients:;", ""},
        {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "pete@silly.test"},
        {"\"a@b\" <c@d>", "c@d"},
        {"\"odd, @ name\"@example.org", "\"odd, @ name\"@example.org"},
        {"<>", ""},
        {"no address", ""},
        {"unended <a@b", "a@b"},
        {"\"unended a@b", "\"unended a@b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct text value = text_of(ROWS[i][0]), got = text_of("");
        assert_int_equal(addresses_get(&value, &got, NULL), EX_OK);
        got.data[got.bytes] = '\0';
        assert_text(&got, ROWS[i][1]);
        text_clear(&value);
    }
}

static void test_words(void **state) {
    static const struct {
        const char *in, *out;
        bool lost;
    } ROWS[] = {
        {"(=?ISO-8859-1?Q?a?=)", "(a)", false},
        {"(=?ISO-8859-1?Q?a?= b)", "(a b)", false},
        {"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)", false},
        {"(=?ISO-8859-1?Q?a?=   =?ISO-8859-2?Q?_b?=)", "(a b)", false},
        {"=?US-ASCII*en?Q?Keith_Moore?=", "Keith Moore", false},
        {"=?utf-8?B?4Z6A?=", "\xe1\x9e\x80", false},
        {"=?utf-8?B?4Z6A", "=?utf-8?B?4Z6A", false},
        {"=?utf-8?B?4Z6AQQ?=",
         "\xe1\x9e\x80"
         "A",
         false}, /* without its padding */
        {"=?utf-8?B?4Z6AQ?=", "\xe1\x9e\x80", true},
        {"=?x?Q?a?=", "=?x?Q?a?=", true},
        {"=?utf-8?Q?=FF?=", "\xef\xbf\xbd", true},
        {"a =? b ?= c", "a =? b ?= c", false},
        {"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac", false},
        {"", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct text got = {0};
        const char *in = ROWS[i].in;
        assert_int_equal(words_decode((const uint8_t *)in, strlen(in), &got, NULL), EX_OK);
        assert_int_equal(got.lost, ROWS[i].lost);
        assert_text(&got, ROWS[i].out);
    }
}

static void test_parameters(void **state) {
    static const char *const ROWS[][3] = {
        {"a/b; x=1; name=n", "name", "n"},
        {"a/b; NAME=\"q \\\" ;\"", "name", "q \" ;"},
        {"a/b; name*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "name",
         "This is ***fun***"},
        {"a/b; name*0*=us-ascii'en'This%20is%20even%20more%20; name*1*=%2A%2A%2Afun%2A%2A%2A%20;"
         " name*2=\"isn't it!\"",
         "name", "This is even more ***fun*** isn't it!"},
        {"a/b; name*1=b; name*0=a; name*3=d", "name", "ab"},
        {"a/b; name=plain; name*=utf-8''better", "name", "better"},
        {"a/b; name", "name", ""},
        {"a/b; name=", "name", ""},
        {"a/b; name=\"unended", "name", "unended"},
        {"name=none", "name", ""},
        {"a/b; filename=no; name=yes", "name", "yes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct text value = text_of(ROWS[i][0]), got = {0};
        assert_int_equal(parameter_get(&value, ROWS[i][1], &got, NULL), EX_OK);
        assert_text(&got, ROWS[i][2]);
        text_clear(&value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
