/* SPDX-License-Identifier: Apache-2.0 */
/* Called with --write FORM FORMAT FILE it writes one of its forms (plain, hostile, many) as text,
 * html or pdf, for tests/unit/report/form.sh. */
#include "testing.h"

#include "base/file.h"
#include "report/custody_form.h"

#define ORIGIN "exhibit-vault/00112233445566778899aabbccddeeff"
#define AT(n)  (1790000000000000000 + (n)*INT64_C(60000000000))
#define KHMER                                                                                      \
    "\xe1\x9e\x9f\xe1\x9e\xbb\xe1\x9e\x81 \xe1\x9e\x9f\xe1\x9f\x92\xe1\x9e\x9a\xe1\x9e\xb8\xe1\x9e\x98\xe1\x9f\x89\xe1\x9f\x85"
#define JAPAN  "\xe4\xbd\x90\xe8\x97\xa4 \xe8\x8a\xb1\xe5\xad\x90"
#define ARABIC "\xd8\xb3\xd8\xa7\xd8\xb1\xd8\xa9"
/* Control characters, an override of direction, markup, a byte that is no UTF-8. */
#define HOSTILE                                                                                    \
    "\x1b[2J\r\nUntil: never <script>alert(1)</script>&amp; \xe2\x80\xae"                          \
    "drow\xff \xe2\x81\xa6%s%n"

static const uint8_t sha256[32] = {0xab, 0xcd}, fsverity[32] = {0x12, 0x34}, root[32] = {0x77},
                     leaf[32] = {0x99};
static const char *const seals[] = {"KH-2026-00417", "KH-2026-00418"};
static const char *const photographs[] = {"2026-14/7 front, SHA-256 5fec\xe2\x80\xa6"};

static const struct custody_form_period plain_periods[] = {
    {.kind = CUSTODY_FORM_OFFICER,
     .holder = KHMER,
     .agency = "Cybercrime unit",
     .holder_id = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
     .from_entry = 4,
     .until_entry = 9,
     .from_ns = AT(0),
     .until_ns = AT(90),
     .event = "collect.outcome"},
    {.kind = CUSTODY_FORM_OFFICER,
     .holder = JAPAN,
     .agency = "Cybercrime unit",
     .holder_id = "0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e",
     .from_entry = 9,
     .until_entry = 15,
     .from_ns = AT(90),
     .until_ns = AT(5000),
     .event = "handover.accept",
     .handover_id = "1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d",
     .offer_entry = 7,
     .answer_entry = 9,
     .purpose = "examination",
     .legal_basis = "Order 7/2026 of the investigating judge",
     .way = "by hand, in a closed bag",
     .place = "Phnom Penh, evidence room 2",
     .seals = "KH-2026-00417 whole",
     .check = CUSTODY_FORM_SAME,
     .exception = "the bag was open at one corner"},
    {.kind = CUSTODY_FORM_GAP,
     .holder = JAPAN,
     .from_entry = 15,
     .until_entry = 21,
     .from_ns = AT(5000),
     .until_ns = AT(9000),
     .event = "officer.retire"},
    {.kind = CUSTODY_FORM_OFFICER,
     .holder = ARABIC,
     .agency = "Cybercrime unit",
     .from_entry = 21,
     .until_entry = 30,
     .from_ns = AT(9000),
     .until_ns = AT(9100),
     .event = "handover.accept"},
    {.kind = CUSTODY_FORM_UNKNOWN,
     .holder = ARABIC,
     .agency = "Cybercrime unit",
     .other = "A. Kone",
     .other_agency = "Police judiciaire, Abidjan",
     .from_entry = 30,
     .until_entry = 33,
     .from_ns = AT(9100),
     .until_ns = AT(9200),
     .event = "handover.accept"},
    {.kind = CUSTODY_FORM_OUTSIDE,
     .holder = "A. Kone",
     .agency = "Police judiciaire, Abidjan",
     .from_entry = 33,
     .from_ns = AT(9200),
     .from_elsewhere = true,
     .event = "handover.confirm"},
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static struct custody_form plain_form(void) {
    return (struct custody_form){
        .agency = "Cybercrime unit, Phnom Penh",
        .origin = ORIGIN,
        .item_label = "2026-14/3",
        .item_id = "33333333333333333333333333333333",
        .label_text = "phone, black, cracked glass",
        .case_number = "2026-14",
        .case_title = "Fraud at \xe6\xb8\x8b\xe8\xb0\xb7",
        .size_bytes = 64000000000,
        .sha256 = sha256,
        .fsverity = fsverity,
        .unreadable_bytes = 512,
        .source = "file /media/card/phone.img",
        .serial_number = "SN 12-A",
        .seals = seals,
        .seal_count = COUNT(seals),
        .photographs = photographs,
        .photograph_count = 1,
        .periods = plain_periods,
        .period_count = COUNT(plain_periods),
        .offered_to = "M. Toure",
        .offered_entry = 35,
        .offered_ns = AT(9300),
        .size = 40,
        .root = root,
        .entry = 35,
        .leaf = leaf,
        .made_ns = AT(9400),
        .made_by = KHMER,
        .made_by_id = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
        .program = "exhibit",
        .version = "0.1.0",
    };
}

static char *make(const struct custody_form *f, enum custody_form_format format, size_t *ret_size) {
    struct ex_error err;
    char *text = NULL;
    assert_code(EX_OK, custody_form_make(f, format, &text, ret_size, &err));
    return text;
}

static char *make_text(const struct custody_form *f, enum custody_form_format format) {
    size_t size;
    char *text = make(f, format, &size);
    assert_int_equal(strlen(text), size);
    return text;
}

static void assert_says(const char *text, const char *words) {
    if (strstr(text, words) == NULL)
        fail_msg("the form does not say \"%s\"", words);
}

static void assert_same(const char *file, const char *got) {
    size_t size;
    EX_AUTO_FREE uint8_t *want = load_vector(file, &size);
    if (strcmp((const char *)want, got) != 0)
        fail_msg("the form is another than tests/vectors/%s (test_custody_form --write plain)",
                 file);
}

/* To be looked at when they change: with --write plain text, and html. */
static void as_it_was(void **state) {
    struct custody_form f = plain_form();
    EX_AUTO_FREE char *text = make_text(&f, CUSTODY_FORM_TEXT);
    EX_AUTO_FREE char *html = make_text(&f, CUSTODY_FORM_HTML);
    assert_same("forms/custody.txt", text);
    assert_same("forms/custody.html", html);
}

static void gaps_are_said_three_times(void **state) {
    struct custody_form f = plain_form();
    EX_AUTO_FREE char *text = make_text(&f, CUSTODY_FORM_TEXT);
    EX_AUTO_FREE char *html = make_text(&f, CUSTODY_FORM_HTML);
    assert_says(text, "there is 1 GAP");
    assert_says(text, "!! 3. GAP: nobody was answerable");
    assert_says(text, "!!   Length:              2 d 18 h 40 min");
    assert_says(text, "!! 5. NOT KNOWN who held the item");
    assert_says(html, "<section class=\"alert\"><h3>3. GAP: nobody was answerable");
    f.period_count = 2;
    EX_AUTO_FREE char *whole = make_text(&f, CUSTODY_FORM_TEXT);
    assert_null(strstr(whole, "GAP"));
    assert_null(strstr(whole, "!!"));
}

static void findings_come_first(void **state) {
    static const char *const findings[] = {"entry 9: not signed by the taker"};
    struct custody_form f = plain_form();
    f.findings = findings;
    f.finding_count = 1;
    EX_AUTO_FREE char *text = make_text(&f, CUSTODY_FORM_TEXT);
    const char *finding = strstr(text, "!!   * entry 9: not signed by the taker");
    assert_non_null(finding);
    assert_true(finding < strstr(text, "Who held it"));
}

static struct custody_form hostile_form(struct custody_form_period *period) {
    static const char *const list[] = {HOSTILE};
    struct custody_form f = plain_form();
    *period = plain_periods[1];
    period->kind = CUSTODY_FORM_UNKNOWN;
    period->holder = period->agency = period->other = period->other_agency = HOSTILE;
    period->holder_id = period->event = period->purpose = period->legal_basis = HOSTILE;
    period->way = period->place = period->seals = period->exception = HOSTILE;
    f.description = f.place = f.agency = f.item_label = f.item_id = f.label_text = f.case_number =
        f.case_title = HOSTILE;
    f.source = f.serial_number = f.offered_to = f.made_by = f.made_by_id = HOSTILE;
    f.program = f.version = HOSTILE;
    f.seals = f.photographs = f.findings = list;
    f.seal_count = f.photograph_count = f.finding_count = 1;
    f.periods = period;
    f.period_count = 1;
    return f;
}

static void assert_tame(const char *text) {
    for (const char *c = text; *c != '\0'; c++)
        assert_true(*c == '\n' || (uint8_t)*c >= ' ');
    static const char *const never[] = {"\x7f", "\xff", "\xe2\x80\xae", "\xe2\x81\xa6",
                                        "\nUntil: never"};
    for (size_t i = 0; i < COUNT(never); i++)
        assert_null(strstr(text, never[i]));
}

static void hostile_words_stay_words(void **state) {
    struct custody_form_period period;
    struct custody_form f = hostile_form(&period);
    EX_AUTO_FREE char *text = make_text(&f, CUSTODY_FORM_TEXT);
    EX_AUTO_FREE char *html = make_text(&f, CUSTODY_FORM_HTML);
    assert_tame(text);
    assert_tame(html);
    assert_null(strstr(html, "<script"));
    assert_says(html, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;");
    assert_says(html, "%s%n");
    static const char *const outside[] = {"src=",  "href",   "url(", "@import",
                                          "<link", "https:", "data:"};
    for (size_t i = 0; i < COUNT(outside); i++)
        assert_null(strstr(html, outside[i]));
}

/* Right to left: what stands around such a name must stay where it is. */
static void directions_are_kept_apart(void **state) {
    struct custody_form f = plain_form();
    EX_AUTO_FREE char *text = make_text(&f, CUSTODY_FORM_TEXT);
    EX_AUTO_FREE char *html = make_text(&f, CUSTODY_FORM_HTML);
    assert_says(text, "4. \xe2\x81\xa8" ARABIC "\xe2\x81\xa9, Cybercrime unit");
    assert_says(html, "4. <bdi>" ARABIC "</bdi>, Cybercrime unit");
    assert_null(strstr(html, "\xe2\x81\xa8"));
}

/* The columns of a line of text, as far as this test needs them: the isolates take none. */
static size_t columns(const char *line, size_t size) {
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        n += ((uint8_t)line[i] & 0xc0) != 0x80;
        n -= strncmp(line + i, "\xe2\x81\xa8", 3) == 0 || strncmp(line + i, "\xe2\x81\xa9", 3) == 0;
    }
    return n;
}

static void long_words_are_broken(void **state) {
    enum { MUCH = 4000 };
    char much[MUCH + 1];
    struct custody_form f = plain_form();
    for (size_t i = 0; i < MUCH; i++)
        much[i] = "0123456789"[i % 10];
    much[MUCH] = '\0';
    f.label_text = f.source = much;
    f.made_by = "Ama Mensah";
    EX_AUTO_FREE char *text = make_text(&f, CUSTODY_FORM_TEXT);
    for (const char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        assert_true(columns(line, size) <= 78);
        line += size + 1;
    }
}

static void is_a_pdf(void **state) {
    struct custody_form_period period;
    struct custody_form f = plain_form(), hostile = hostile_form(&period);
    size_t size;
    EX_AUTO_FREE char *pdf = make(&f, CUSTODY_FORM_PDF, &size);
    assert_memory_equal(pdf, "%PDF-1.", 7);
    assert_true(size > 10000);
    EX_AUTO_FREE char *tame = make(&hostile, CUSTODY_FORM_PDF, &size);
    assert_memory_equal(tame, "%PDF-1.", 7);
}

static struct custody_form_period *many_periods(void) {
    struct custody_form_period *many = calloc(CUSTODY_FORM_PERIODS_MAX + 1, sizeof *many);
    assert_non_null(many);
    for (size_t i = 0; i <= CUSTODY_FORM_PERIODS_MAX; i++) {
        many[i] = plain_periods[i % 3];
        many[i].from_entry = 4 + i;
        many[i].until_entry = 5 + i;
    }
    return many;
}

static void too_much_is_refused(void **state) {
    struct ex_error err;
    struct custody_form f = plain_form();
    char *got = NULL;
    size_t size;
    EX_AUTO_FREE struct custody_form_period *many = many_periods();
    f.periods = many;
    f.period_count = CUSTODY_FORM_PERIODS_MAX;
    EX_AUTO_FREE char *text = make_text(&f, CUSTODY_FORM_TEXT);
    assert_says(text, "\n4096. ");
    f.period_count++;
    assert_code(EX_LIMIT, custody_form_make(&f, CUSTODY_FORM_TEXT, &got, &size, &err));
    f = plain_form();
    enum { MUCH = 5 << 20 };
    EX_AUTO_FREE char *much = malloc(MUCH + 1);
    memset(much, 'x', MUCH);
    much[MUCH] = '\0';
    f.label_text = much;
    assert_code(EX_LIMIT, custody_form_make(&f, CUSTODY_FORM_PDF, &got, &size, &err));
    much[3 << 20] = '\0';
    f.source = much;
    assert_code(EX_LIMIT, custody_form_make(&f, CUSTODY_FORM_HTML, &got, &size, &err));
    f = plain_form();
    f.leaf = NULL;
    assert_code(EX_INTERNAL, custody_form_make(&f, CUSTODY_FORM_TEXT, &got, &size, &err));
    assert_null(got);
}

static int write_form(const char *which, const char *format, const char *path) {
    struct custody_form_period period;
    struct custody_form f = plain_form();
    EX_AUTO_FREE struct custody_form_period *many = many_periods();
    if (strcmp(which, "hostile") == 0)
        f = hostile_form(&period);
    if (strcmp(which, "many") == 0) {
        f.periods = many;
        f.period_count = 60;
    }
    enum custody_form_format as = strcmp(format, "pdf") == 0    ? CUSTODY_FORM_PDF
                                  : strcmp(format, "html") == 0 ? CUSTODY_FORM_HTML
                                                                : CUSTODY_FORM_TEXT;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    return custody_form_make(&f, as, &text, &size, NULL) == EX_OK &&
                   ex_write_file(AT_FDCWD, path, text, size, EX_WRITE_NEW, NULL) == EX_OK
               ? 0
               : 1;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_it_was),
        cmocka_unit_test(gaps_are_said_three_times),
        cmocka_unit_test(findings_come_first),
        cmocka_unit_test(hostile_words_stay_words),
        cmocka_unit_test(directions_are_kept_apart),
        cmocka_unit_test(long_words_are_broken),
        cmocka_unit_test(is_a_pdf),
        cmocka_unit_test(too_much_is_refused),
    };
    if (argc == 5 && strcmp(argv[1], "--write") == 0)
        return write_form(argv[2], argv[3], argv[4]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
