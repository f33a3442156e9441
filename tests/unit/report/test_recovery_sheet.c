/* SPDX-License-Identifier: Apache-2.0 */
/* Called with --write FILE.html FILE.txt it writes the plain sheet, for tests/unit/report/scan.sh.
 */
#include "testing.h"

#include "crypto/seal.h"
#include "report/recovery_sheet.h"

#include <qrencode.h>

static const uint8_t secret[RECOVERY_CODE_SECRET_BYTES] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
                                                           10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
static const char CODE[] = "000GD40R4X0M300E209K185G3R38ED1W81124GKZ";
static const char VKEY[] = "exhibit-vault/00112233445566778899aabbccddeeff+5afe1234+"
                           "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE=";

static struct recovery_sheet plain_sheet(const struct recovery_code *code) {
    return (struct recovery_sheet){
        .vault_id = "00112233445566778899aabbccddeeff",
        .origin = "exhibit-vault/00112233445566778899aabbccddeeff",
        .vault_key = VKEY,
        .agency = "Agence nationale de l\xe2\x80\x99"
                  "enqu\xc3\xaate",
        .officer_name = "Ama Mensah",
        .officer_id = "ffeeddccbbaa99887766554433221100",
        .officer_key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        .slot = "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        .created_ns = 1790000000000000000,
        .code = code,
    };
}

static char *make(const struct recovery_sheet *s, enum recovery_sheet_kind kind, size_t *size) {
    struct ex_error err;
    char *text = NULL;
    assert_code(EX_OK, recovery_sheet_make(s, kind, &text, size, &err));
    assert_int_equal(strlen(text), *size);
    return text;
}

static struct recovery_code *code_new(void) {
    struct ex_error err;
    struct recovery_code *c = NULL;
    assert_code(EX_OK, recovery_code_make(secret, &c, &err));
    return c;
}

static void assert_says(const char *text, const char *words) {
    if (strstr(text, words) == NULL)
        fail_msg("the sheet does not say \"%s\"", words);
}

static size_t count_of(const char *text, const char *words) {
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        n++;
    return n;
}

static void says_everything(void **state) {
    static const char *const both[] = {
        "00112233445566778899aabbccddeeff",
        "exhibit-vault/00112233445566778899aabbccddeeff",
        "Agence nationale de l\xe2\x80\x99"
        "enqu\xc3\xaate",
        "Ama Mensah",
        "ffeeddccbbaa99887766554433221100",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "2026-09-21T14:13:20.000000000Z",
        "exhibit key recover --vault DIR --officer ffeeddccbbaa99887766554433221100",
        "exhibit key remove --vault DIR 0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "can read",
        "Delete the file",
        "signature of the officer",
        "Number of the physical seal",
    };
    EX_AUTO(recovery_code_free) struct recovery_code *c = code_new();
    struct recovery_sheet s = plain_sheet(c);
    size_t size;
    SEAL_AUTO_SECRET char *html = make(&s, RECOVERY_SHEET_HTML, &size);
    SEAL_AUTO_SECRET char *text = make(&s, RECOVERY_SHEET_TEXT, &size);
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        assert_says(html, both[i]);
        assert_says(text, both[i]);
    }
    assert_says(html, "000GD-40R4X-0M300-E209K<br>185G3-R38ED-1W811-24GKZ");
    assert_says(text, "    000GD-40R4X-0M300-E209K\n    185G3-R38ED-1W811-24GKZ\n");
    assert_says(text, VKEY);
    assert_says(html, VKEY);
    assert_null(strchr(text, '<'));
}

/* Nothing that a browser would run or fetch. */
static void stands_alone(void **state) {
    EX_AUTO(recovery_code_free) struct recovery_code *c = code_new();
    struct recovery_sheet s = plain_sheet(c);
    size_t size;
    SEAL_AUTO_SECRET char *html = make(&s, RECOVERY_SHEET_HTML, &size);
    static const char *const never[] = {"<script", "src=",   "href",  "url(",  "@import",
                                        "<link",   "https:", "data:", "onload"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_null(strstr(html, never[i]));
    assert_int_equal(count_of(html, "http:"), 2); /* the name space of the two codes */
    assert_int_equal(count_of(html, "xmlns=\"http://www.w3.org/2000/svg\""), 2);
    assert_says(html, "default-src 'none'");
}

/* The dark modules of an SVG code, drawn from its path, against libqrencode's own matrix. */
static void assert_matrix(const char *svg, const char *text) {
    QRcode *want = QRcode_encodeString(text, 0, QR_ECLEVEL_Q, QR_MODE_8, 1);
    assert_non_null(want);
    size_t width = (size_t)want->width;
    uint8_t *got = calloc(width, width);
    const char *at = strstr(svg, "<path d=\"");
    assert_non_null(got);
    assert_non_null(at);
    at += strlen("<path d=\"");
    while (*at == 'M') {
        unsigned x, y, run, back;
        int used = 0;
        assert_int_equal(sscanf(at, "M%u %uh%uv1h-%uz%n", &x, &y, &run, &back, &used), 4);
        assert_int_equal(run, back);
        for (unsigned i = 0; i < run; i++)
            got[(y - 4) * width + x - 4 + i] = 1;
        at += used;
    }
    assert_int_equal(*at, '"');
    for (size_t i = 0; i < width * width; i++)
        assert_int_equal(got[i], want->data[i] & 1);
    free(got);
    QRcode_free(want);
}

static void codes_are_drawn_right(void **state) {
    EX_AUTO(recovery_code_free) struct recovery_code *c = code_new();
    struct recovery_sheet s = plain_sheet(c);
    size_t size;
    SEAL_AUTO_SECRET char *html = make(&s, RECOVERY_SHEET_HTML, &size);
    const char *first = strstr(html, "<svg");
    assert_non_null(first);
    assert_matrix(first, CODE);
    const char *second = strstr(first + 1, "<svg");
    assert_non_null(second);
    assert_matrix(second, VKEY);
}

static void hostile_names_stay_words(void **state) {
    EX_AUTO(recovery_code_free) struct recovery_code *c = code_new();
    struct recovery_sheet s = plain_sheet(c);
    char longest[301];
    size_t size;
    memset(longest, 'n', 300);
    longest[300] = '\0';
    s.agency = "<script>alert(\"1\")</script> & 'sons'";
    s.officer_name = "a\xff"
                     "b\xc3"
                     "c\xe2\x80\xae"
                     "d\x1b[2Je\nf\xed\xa0\x80g\xc0\xafh\xf4\x90\x80\x80";
    s.officer_key = longest;
    SEAL_AUTO_SECRET char *html = make(&s, RECOVERY_SHEET_HTML, &size);
    SEAL_AUTO_SECRET char *text = make(&s, RECOVERY_SHEET_TEXT, &size);
    assert_null(strstr(html, "<script"));
    assert_says(html, "<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; "
                      "&#39;sons&#39;</bdi>");
#define R "\xef\xbf\xbd"
    static const char shown[] = "a" R "b" R "c" R "d" R "[2Je" R "f" R R R "g" R R "h" R R R R;
    assert_says(html, shown);
    assert_says(text, shown);
    assert_says(html, longest);
    assert_says(text, "<script>alert(\"1\")</script> & 'sons'"); /* no HTML there */
    assert_null(strchr(text, '\x1b'));
    /* Ends in the middle of a character. */
    s.agency = "x\xf0\x9f\x98";
    SEAL_AUTO_SECRET char *cut = make(&s, RECOVERY_SHEET_TEXT, &size);
    assert_says(cut, "Agency: x" R R R "\n");
}

static void too_much_is_refused(void **state) {
    struct ex_error err;
    EX_AUTO(recovery_code_free) struct recovery_code *c = code_new();
    struct recovery_sheet s = plain_sheet(c);
    enum { MUCH = 200 << 10 };
    EX_AUTO_FREE char *much = malloc(MUCH + 1);
    char *got = NULL;
    size_t size;
    memset(much, '"', MUCH);
    much[MUCH] = '\0';
    s.agency = much;
    assert_code(EX_LIMIT, recovery_sheet_make(&s, RECOVERY_SHEET_HTML, &got, &size, &err));
    s.agency = "A";
    s.vault_key = much;
    assert_code(EX_LIMIT, recovery_sheet_make(&s, RECOVERY_SHEET_HTML, &got, &size, &err));
    assert_null(got);
}

static int write_sheets(char **name) {
    EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
    if (recovery_code_make(secret, &c, NULL) != EX_OK)
        return 1;
    struct recovery_sheet s = plain_sheet(c);
    for (int kind = RECOVERY_SHEET_HTML; kind <= RECOVERY_SHEET_TEXT; kind++) {
        SEAL_AUTO_SECRET char *text = NULL;
        size_t size;
        if (recovery_sheet_make(&s, (enum recovery_sheet_kind)kind, &text, &size, NULL) != EX_OK ||
            ex_write_file(AT_FDCWD, name[kind], text, size, EX_WRITE_NEW, NULL) != EX_OK)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_everything),       cmocka_unit_test(stands_alone),
        cmocka_unit_test(codes_are_drawn_right), cmocka_unit_test(hostile_names_stay_words),
        cmocka_unit_test(too_much_is_refused),
    };
    if (argc == 4 && strcmp(argv[1], "--write") == 0)
        return write_sheets(argv + 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
