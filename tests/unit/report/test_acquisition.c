/* SPDX-License-Identifier: Apache-2.0 */
/* The acquisition report of a made-up disk (vectors/forms/acquisition.json). Called with --write
 * FORMAT FILE it writes it as text, html or pdf. */
#include "testing.h"

#include "base/file.h"
#include "base/mem.h"
#include "report/acquisition.h"

#define HOSTILE                                                                                    \
    "\x1b[2J\r\nUntil: never <script>alert(1)</script>&amp; \xe2\x80\xae"                          \
    "drow \xe2\x81\xa6%s%n"

static json_t *load_report(void) {
    size_t size;
    EX_AUTO_FREE char *text = (char *)load_vector("forms/acquisition.json", &size);
    json_t *report = json_loadb(text, size, 0, NULL);
    assert_non_null(report);
    return report;
}

static char *make(const json_t *report, enum acquisition_format format) {
    struct ex_error err;
    char *text = NULL;
    size_t size = 0;
    assert_code(EX_OK, acquisition_make(report, format, &text, &size, &err));
    if (format != ACQUISITION_PDF)
        assert_int_equal(strlen(text), size);
    return text;
}

static void assert_says(const char *text, const char *words) {
    if (strstr(text, words) == NULL)
        fail_msg("it does not say: %s", words);
}

static void assert_same(const char *file, const char *text) {
    size_t size;
    EX_AUTO_FREE char *expected = (char *)load_vector(file, &size);
    if (strcmp(expected, text) != 0)
        fail_msg("%s is not what the report is now; look at it with --write", file);
}

static void as_it_was(void **state) {
    json_t *report = load_report();
    EX_AUTO_FREE char *text = make(report, ACQUISITION_TEXT);
    EX_AUTO_FREE char *html = make(report, ACQUISITION_HTML);
    EX_AUTO_FREE char *pdf = make(report, ACQUISITION_PDF);
    assert_same("forms/acquisition.txt", text);
    assert_same("forms/acquisition.html", html);
    assert_memory_equal(pdf, "%PDF-1.", 7);
    json_decref(report);
    (void)state;
}

/* Tool and version, command, times with zone and clock, examiner, case, device, sizes, method,
 * hashes, errors, resumption, read-back. */
static void says_everything(void **state) {
    static const char *const words[] = {"exhibit 0.1.0",
                                        "collect\n",
                                        "--in-use-reason the machine must not be stopped",
                                        "2026-09-22 21:00:02.123 UTC",
                                        "+07:00",
                                        "NOTHING KEPT IT RIGHT",
                                        "something kept it right",
                                        "field-3",
                                        "2026-14",
                                        "SERIAL000001",
                                        "naa.5000000000000001",
                                        "500107862016 bytes",
                                        "512 bytes",
                                        "4096 bytes",
                                        "directly, past the page cache",
                                        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785"
                                        "afee48bb",
                                        "byte 4194304, length 4096",
                                        "1048576 of these bytes were skipped: left out because the",
                                        "2097152 of these bytes are untried: given up",
                                        "5120 of these bytes are unreadable: they were asked",
                                        "Bad sectors:         10",
                                        "TO BE LEFT OUT:      byte 8388608, length 1048576",
                                        "entry 17, at byte 21474836480",
                                        "what was new, and it matched",
                                        "(entry 17)",
                                        "(entry 20)",
                                        "(entry 21)",
                                        "What this report does not prove"};
    json_t *report = load_report();
    EX_AUTO_FREE char *text = make(report, ACQUISITION_TEXT);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_says(text, words[i]);
    json_decref(report);
    (void)state;
}

static void a_hidden_area_stands_out(void **state) {
    json_t *report = load_report();
    EX_AUTO_FREE char *text = make(report, ACQUISITION_TEXT);
    assert_says(text, "HIDDEN AREA:         1048576 bytes of 500108910592: NOT COLLECTED");
    assert_says(text, "976775216 sectors");
    assert_says(text, "could not be asked: the device refused the command");
    assert_says(text, "!!   * the device has a hidden area of 1048576 bytes");
    json_decref(report);
    (void)state;
}

static void counters_before_and_after(void **state) {
    json_t *report = load_report();
    EX_AUTO_FREE char *text = make(report, ACQUISITION_TEXT);
    assert_says(text, "reallocated sectors: 0 before, 3 AFTER");
    assert_says(text, "power-on hours:      20514 before, 20514 after");
    json_decref(report);
    (void)state;
}

/* ---- documents that are not whole ---- */

/* Takes away what `path` leads to. */
static void remove_at(json_t *report, const char *outer, const char *inner) {
    json_t *from = outer != NULL ? json_object_get(report, outer) : report;
    assert_int_equal(json_object_del(from, inner), 0);
}

static void what_is_missing_is_said(void **state) {
    json_t *report = load_report();
    json_object_set_new(json_array_get(json_object_get(report, "sittings"), 0), "what",
                        json_null());
    remove_at(report, "outcome", "what");
    remove_at(report, "item", "sha256");
    remove_at(report, "item", "unreadable");
    EX_AUTO_FREE char *text = make(report, ACQUISITION_TEXT);
    assert_says(text, "What this entry says could not be read");
    assert_says(text, "SHA-256:             NOT RECORDED");
    assert_says(text, "Read back:           NOT RECORDED");
    assert_says(text, "What was not read (entry 21)\n");
    json_decref(report);
    report = load_report();
    struct ex_error err;
    char *got = NULL;
    size_t size;
    remove_at(report, "made", "by");
    assert_code(EX_INTERNAL, acquisition_make(report, ACQUISITION_TEXT, &got, &size, &err));
    assert_null(got);
    json_decref(report);
    (void)state;
}

static void assert_silent(const char *text, const char *words) {
    if (strstr(text, words) != NULL)
        fail_msg("it says: %s", words);
}

static char *make_with(const char *item_members, const char *result) {
    json_t *report = load_report(), *members = json_loads(item_members, 0, NULL);
    assert_non_null(members);
    json_t *none = json_pack("{s:i, s:i, s:[]}", "ranges", 0, "bytes", 0, "list");
    json_object_set_new(json_object_get(report, "item"), "unreadable", none);
    json_object_update(json_object_get(report, "item"), members);
    json_object_set_new(json_object_get(report, "outcome"), "result",
                        result != NULL ? json_string(result) : json_null());
    char *text = make(report, ACQUISITION_TEXT);
    json_decref(members);
    json_decref(report);
    return text;
}

/* What was read and came otherwise is no reason to say that something was not read, and none of
 * these is another's. */
static void each_reason_is_its_own(void **state) {
    static const char unread[] = "Not everything was read", hash[] = "states another hash";
    EX_AUTO_FREE char *other =
        make_with("{\"second_reading\":{\"compared_bytes\":9,\"unread_bytes\":0,\"differs\":"
                  "{\"ranges\":1,\"bytes\":512,\"list\":[{\"offset\":77,\"length\":512}]}}}",
                  "partial");
    assert_says(other, "THE SOURCE GAVE OTHER BYTES");
    assert_says(other, "* byte 77, length 512");
    assert_silent(other, unread);
    EX_AUTO_FREE char *agrees =
        make_with("{\"container\":{\"hashes\":[{\"verdict\":\"agrees\"}]}}", NULL);
    assert_silent(agrees, hash);
    assert_silent(agrees, unread);
    assert_says(agrees, "The result is NOT RECORDED");
    EX_AUTO_FREE char *differs =
        make_with("{\"container\":{\"hashes\":[{\"verdict\":\"differs\"}]}}", "partial");
    assert_says(differs, hash);
    assert_silent(differs, unread);
    EX_AUTO_FREE char *filled =
        make_with("{\"filled\":{\"item\":{\"label\":\"9/1\"},\"filled_bytes\":512,"
                  "\"compared_bytes\":7,\"ended\":{\"text\":\"it was pulled\"}}}",
                  "partial");
    assert_says(filled, "This item is item");
    assert_says(filled, "it was pulled");
    assert_says(filled, unread);
    EX_AUTO_FREE char *done = make_with("{}", "done");
    assert_silent(done, unread);
    assert_silent(done, "Read once more");
    (void)state;
}

/* Every text and every number becomes another; hostile as text, and of the wrong type. */
static json_t *hostile(const json_t *value, bool wrong_types) {
    const char *key;
    json_t *one, *copy;
    size_t i;
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach((json_t *)(uintptr_t)value, key, one)
            json_object_set_new(copy, key, hostile(one, wrong_types));
        return copy;
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, one) json_array_append_new(copy, hostile(one, wrong_types));
        return copy;
    }
    if (json_is_string(value))
        return json_string(HOSTILE);
    return wrong_types ? json_string(HOSTILE) : json_integer(INT64_MIN);
}

static void hostile_words_stay_words(void **state) {
    json_t *report = load_report();
    for (int wrong_types = 0; wrong_types < 2; wrong_types++) {
        json_t *bad = hostile(report, wrong_types == 1);
        json_object_set_new(bad, "format", json_string("exhibit-acquisition-report"));
        EX_AUTO_FREE char *text = make(bad, ACQUISITION_TEXT);
        EX_AUTO_FREE char *html = make(bad, ACQUISITION_HTML);
        for (const char *c = text; *c != '\0'; c++)
            assert_true(*c == '\n' || (uint8_t)*c >= ' ');
        assert_null(strstr(text, "\nUntil: never"));
        assert_null(strstr(text, "\xe2\x80\xae"));
        assert_null(strstr(html, "<script"));
        assert_says(html, "&lt;script&gt;");
        json_decref(bad);
    }
    json_decref(report);
    (void)state;
}

static int write_report(const char *format, const char *path) {
    json_t *report = load_report();
    enum acquisition_format as = strcmp(format, "pdf") == 0    ? ACQUISITION_PDF
                                 : strcmp(format, "html") == 0 ? ACQUISITION_HTML
                                                               : ACQUISITION_TEXT;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    ex_code code = acquisition_make(report, as, &text, &size, NULL);
    if (code == EX_OK)
        code = ex_write_file(AT_FDCWD, path, text, size, EX_WRITE_NEW, NULL);
    json_decref(report);
    return code == EX_OK ? 0 : 1;
}

#define named(name, f)                                                                             \
    { name, f, NULL, NULL, NULL }

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        named("R9: the report is what it was, as text and HTML", as_it_was),
        named("R9: it says everything that a report must say", says_everything),
        named("R3: a hidden area stands out, with its size", a_hidden_area_stands_out),
        named("O14: counters before and after", counters_before_and_after),
        named("R9: what is missing is said", what_is_missing_is_said),
        named("R9: each reason why it is not whole is its own", each_reason_is_its_own),
        named("hostile words stay words", hostile_words_stay_words),
    };
    if (argc == 4 && strcmp(argv[1], "--write") == 0)
        return write_report(argv[2], argv[3]);
    return cmocka_run_group_tests_name("acquisition", tests, NULL, NULL);
}
