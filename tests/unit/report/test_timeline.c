/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of docs/timeline.md: zones, spans, confidence, and rows of every form. */
#include "report/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DAY_NS 86400000000000

static const struct timeline_zone NO_ZONE, BANGKOK = {.given = true, .minutes = 420};

/* ---- zones and instants ---- */

static void offsets_of_zones(void **state) {
    struct timeline_zone zone;
    static const char *const bad[] = {"",       "7",      "+7",     "+07",
                                      "07:00",  "+14:01", "-12:01", "+07:60",
                                      "+07:0x", "+7:000", "Z",      "Asia/Bangkok"};
    (void)state;
    assert_int_equal(timeline_parse_zone("+07:00", &zone, NULL), EX_OK);
    assert_true(zone.given && zone.minutes == 420);
    assert_int_equal(timeline_parse_zone("-12:00", &zone, NULL), EX_OK);
    assert_int_equal(zone.minutes, -720);
    assert_int_equal(timeline_parse_zone("+14:00", &zone, NULL), EX_OK);
    assert_int_equal(timeline_parse_zone(NULL, &zone, NULL), EX_OK);
    assert_false(zone.given);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(timeline_parse_zone(bad[i], &zone, NULL), EX_USAGE);
}

static void instants(void **state) {
    struct trace_time t = {.seconds = 1000, .nanoseconds = 5};
    (void)state;
    assert_int_equal(timeline_instant(&t, BANGKOK).seconds, 1000); /* UTC stays */
    t.local = true;
    assert_int_equal(timeline_instant(&t, NO_ZONE).seconds, 1000);
    assert_int_equal(timeline_instant(&t, BANGKOK).seconds, 1000 - 25200);
    assert_int_equal(timeline_instant(&t, BANGKOK).nanoseconds, 5);
    t.seconds = INT64_MIN;
    assert_true(timeline_instant(&t, BANGKOK).seconds == INT64_MIN);
    const struct timeline_instant a = {1, 5}, b = {1, 6}, c = {2, 0};
    assert_true(timeline_compare(a, b) < 0 && timeline_compare(c, b) > 0);
    assert_int_equal(timeline_compare(a, a), 0);
}

/* ---- spans ---- */

static struct timeline_span span_of(const char *from, const char *to, struct timeline_zone zone) {
    struct timeline_span span;
    struct ex_error err;
    if (timeline_parse_span(from, to, zone, &span, &err) != EX_OK)
        fail_msg("%s", err.text);
    return span;
}

static void ends_of_a_span(void **state) {
    struct timeline_span s = span_of("2024-05-06", "2024-05-06", NO_ZONE);
    (void)state;
    assert_true(s.has_from && s.has_to);
    assert_int_equal(s.from.seconds, 1714953600);
    assert_int_equal(s.from.nanoseconds, 0);
    assert_int_equal(s.to.seconds, 1714953600 + 86399);
    assert_int_equal(s.to.nanoseconds, 999999999);
    s = span_of("2024-05-06", "2024-05-06", BANGKOK);
    assert_int_equal(s.from.seconds, 1714953600 - 25200);
    assert_int_equal(s.to.seconds, 1714953600 + 86399 - 25200);
    s = span_of("2024-05-06T07:08", "2024-05-06T07:08:09.5", NO_ZONE);
    assert_int_equal(s.from.seconds, 1714979280);
    assert_int_equal(s.to.seconds, 1714979289);
    assert_int_equal(s.to.nanoseconds, 500000000);
    s = span_of("2024-05-06T07:08:00Z", NULL, BANGKOK);
    assert_int_equal(s.from.seconds, 1714979280);
    s = span_of("2024-05-06Z", "2024-05-06-05:00", BANGKOK);
    assert_int_equal(s.from.seconds, 1714953600);
    assert_int_equal(s.to.seconds, 1714953600 + 86399 + 18000);
    s = span_of("0000-01-01", "9999-12-31", NO_ZONE);
    assert_true(s.from.seconds == -62167219200 && s.to.seconds == 253402300799);
    s = span_of("1969-12-31T23:59:59", NULL, NO_ZONE);
    assert_int_equal(s.from.seconds, -1);
}

static void what_is_no_end_of_a_span(void **state) {
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "2024-5-6",
                                      "2024-02-30",
                                      "2023-02-29",
                                      "1900-02-29",
                                      "2024-13-01",
                                      "2024-00-01",
                                      "2024-01-00",
                                      "2024-01-01T",
                                      "20240101",
                                      "2024-01-01T7",
                                      "2024-01-01T24:00",
                                      "2024-01-01T00:60",
                                      "2024-01-01T00:00:60",
                                      "2024-01-01 00:00",
                                      "2024-01-01T00:00:00.",
                                      "2024-01-01T00:00:00.1234567890",
                                      "2024-01-01T00:00+07",
                                      "2024-01-01z",
                                      "10000-01-01",
                                      "-2024-01-01",
                                      "2024-01-01T00:00.5"};
    struct timeline_span span;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (timeline_parse_span(bad[i], NULL, NO_ZONE, &span, NULL) != EX_USAGE)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(timeline_parse_span(NULL, "x", NO_ZONE, &span, NULL), EX_USAGE);
    assert_int_equal(timeline_parse_span("2024-05-07", "2024-05-06", NO_ZONE, &span, NULL),
                     EX_USAGE);
    (void)span_of("2000-02-29", "2000-02-29T00:00:00Z", NO_ZONE);
}

static void what_lies_in_a_span(void **state) {
    const struct timeline_span day = span_of("2024-05-06T10:00", "2024-05-06T12:00", NO_ZONE);
    const int64_t midnight = 1714953600;
    struct trace_time t = {.seconds = midnight + 36000, .resolution_ns = 1};
    (void)state;
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_INSIDE);
    t.seconds = midnight + 35999;
    t.nanoseconds = 999999999;
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_OUTSIDE);
    t.nanoseconds = 0;
    t.resolution_ns = 2000000000; /* goes on until 10:00:00.999999999 */
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_INSIDE);
    t.seconds = midnight + 43200;
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_INSIDE);
    t.nanoseconds = 1;
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_OUTSIDE);
    t = (struct trace_time){.seconds = midnight, .resolution_ns = DAY_NS}; /* all of that day */
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_INSIDE);
    t.seconds -= 86400;
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_OUTSIDE);
    t = (struct trace_time){.local = true, .seconds = midnight + 36000 - 12 * 3600};
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_NEAR); /* of -12:00 */
    t.seconds--;
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_OUTSIDE);
    t.seconds = midnight + 43200 + 14 * 3600; /* of +14:00 */
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_NEAR);
    assert_int_equal(timeline_fits(&t, BANGKOK, &day), TIMELINE_OUTSIDE);
    t.seconds = midnight + 43200 + 25200;
    assert_int_equal(timeline_fits(&t, BANGKOK, &day), TIMELINE_INSIDE);
    t = (struct trace_time){.beyond = true, .seconds = INT64_MAX, .resolution_ns = INT64_MAX};
    assert_int_equal(timeline_fits(&t, NO_ZONE, &day), TIMELINE_OUTSIDE);
    assert_int_equal(timeline_fits(&t, NO_ZONE, &(struct timeline_span){0}), TIMELINE_INSIDE);
}

/* ---- confidence ---- */

static void confidence(void **state) {
    static const struct {
        const char *what, *source;
        enum trace_state state;
        const char *word;
        bool beyond, local, date, zoned;
    } cases[] = {
        {"modified", "ext:inode", TRACE_ALLOCATED, "settable", 0, 0, 0, 0},
        {"changed", "ext:inode", TRACE_ALLOCATED, "by-system", 0, 0, 0, 1},
        {"created", "ext:inode", TRACE_ALLOCATED, "by-system", 0, 0, 0, 0},
        {"deleted", "ext:inode", TRACE_ALLOCATED, "by-system", 0, 0, 0, 0},
        {"deleted", "ext:inode", TRACE_DELETED, "deleted-record", 0, 0, 0, 0},
        {"changed", "ufs:inode", TRACE_ALLOCATED, "by-system", 0, 0, 0, 0},
        {"created", "ufs:inode", TRACE_ALLOCATED, "settable", 0, 0, 0, 0},
        {"changed", "ntfs:$STANDARD_INFORMATION", TRACE_ALLOCATED, "settable", 0, 0, 0, 0},
        {"created", "ntfs:$FILE_NAME", TRACE_ALLOCATED, "settable", 0, 0, 0, 0},
        {"modified", "hfs:catalog", TRACE_VIRTUAL, "settable", 0, 0, 0, 0},
        {"created", "iso9660:directory-record", TRACE_ALLOCATED, "by-program", 0, 0, 0, 0},
        {"modified", "7zip", TRACE_ALLOCATED, "by-program", 0, 0, 0, 0},
        {"modified", "", TRACE_ALLOCATED, "by-program", 0, 0, 0, 0},
        {"modified", "fat:directory-entry", TRACE_ALLOCATED, "zone-unknown", 0, 1, 0, 0},
        {"modified", "fat:directory-entry", TRACE_ALLOCATED, "zone-assumed", 0, 1, 0, 1},
        {"accessed", "fat:directory-entry", TRACE_ALLOCATED, "zone-unknown", 0, 1, 1, 0},
        {"accessed", "fat:directory-entry", TRACE_ALLOCATED, "date-only", 0, 1, 1, 1},
        {"accessed", "fat:directory-entry", TRACE_ORPHAN, "deleted-record", 0, 1, 1, 1},
        {"added", "utmp", TRACE_CARVED, "carved", 0, 1, 1, 1},
        {"added", "utmp", TRACE_OTHER, "deleted-record", 0, 0, 0, 0},
        {"modified", "zip", TRACE_ALLOCATED, "zone-unknown", 0, 1, 0, 0},
        {"modified", "ntfs:$FILE_NAME", TRACE_DELETED, "out-of-range", 1, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct trace_time t = {.what = cases[i].what,
                                     .source = cases[i].source,
                                     .beyond = cases[i].beyond,
                                     .local = cases[i].local,
                                     .resolution_ns = cases[i].date ? DAY_NS : 1};
        const char *word =
            timeline_confidence(&t, cases[i].state, cases[i].zoned ? BANGKOK : NO_ZONE);
        if (strcmp(word, cases[i].word) != 0)
            fail_msg("%zu: %s", i, word);
    }
}

/* ---- rows ---- */

#define TEXT(literal) .text = (literal), .text_bytes = sizeof(literal) - 1

static const struct trace_time fine = {.what = "modified",
                                       .seconds = 1714979291,
                                       .nanoseconds = 123456789,
                                       .resolution_ns = 100,
                                       TEXT("2024-05-06T07:08:11.1234567"),
                                       .source = "ntfs:$FILE_NAME"};
static const struct trace_time fat = {.what = "created",
                                      .local = true,
                                      .seconds = 1714979290,
                                      .resolution_ns = 2000000000,
                                      TEXT("2024-05-06T07:08:10"),
                                      .source = "fat:directory-entry"};
static const struct trace_time date = {.what = "accessed",
                                       .local = true,
                                       .seconds = 1714953600,
                                       .resolution_ns = DAY_NS,
                                       TEXT("2024-05-06T00:00:00"),
                                       .source = "fat:directory-entry"};
static const struct trace_time beyond = {.what = "changed",
                                         .beyond = true,
                                         .seconds = -70000000000,
                                         .resolution_ns = 100,
                                         .source = "ntfs:$FILE_NAME"};
static const struct trace_line a_trace = {
    .kind = "file", .state = "deleted", .has_size = true, .size = 7};

static struct timeline_row row_of(const struct trace_time *t, struct timeline_zone zone) {
    return (struct timeline_row){.time = t,
                                 .trace = &a_trace,
                                 .state = TRACE_DELETED,
                                 .zone = zone,
                                 .item = "7/1",
                                 .path = "=cmd,\"x\"\n\xe2\x80\xae|y",
                                 .number = 3};
}

typedef void put_fn(FILE *to, const struct timeline_row *row);

static void check_text(put_fn *put, const struct timeline_row *row, const char *expected) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    put(to, row);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(text, expected);
    free(text);
}

#define REST(confidence)                                                                           \
    confidence ",file,deleted,7,,\"'=cmd,\"\"x\"\"\\x0a\\u{202e}|y\",7/1,"                         \
               "00000000000000000000000000000000,3\r\n"

static void rows_of_csv(void **state) {
    struct timeline_row row = row_of(&fine, BANGKOK);
    (void)state;
    check_text(timeline_put_csv, &row,
               "2024-05-06T07:08:11.1234567Z,2024-05-06T07:08:11.1234567Z,,UTC,100,modified,"
               "ntfs:$FILE_NAME," REST("deleted-record"));
    row = row_of(&fat, NO_ZONE);
    check_text(timeline_put_csv, &row,
               ",2024-05-06T07:08:10,,local,2000000000,created,fat:directory-entry," REST(
                   "deleted-record"));
    row = row_of(&fat, BANGKOK);
    check_text(timeline_put_csv, &row,
               "2024-05-06T00:08:10Z,2024-05-06T07:08:10,,local,2000000000,created,"
               "fat:directory-entry," REST("deleted-record"));
    row = row_of(&date, BANGKOK); /* not midnight */
    check_text(
        timeline_put_csv, &row,
        ",2024-05-06,,local,86400000000000,accessed,fat:directory-entry," REST("deleted-record"));
    row = row_of(&beyond, NO_ZONE);
    check_text(timeline_put_csv, &row,
               ",,-70000000000,UTC,100,changed,ntfs:$FILE_NAME," REST("out-of-range"));
}

static struct timeline_left left;

static void put_timesketch(FILE *to, const struct timeline_row *row) {
    timeline_put_timesketch(to, row, &left);
}

static void rows_of_timesketch(void **state) {
    struct timeline_row row = row_of(&fine, NO_ZONE);
    (void)state;
    left = (struct timeline_left){0};
    check_text(put_timesketch, &row,
               "\"'=cmd,\"\"x\"\"\\x0a\\u{202e}|y\",1714979291123456,"
               "2024-05-06T07:08:11.123456+00:00,modified,"
               "2024-05-06T07:08:11.1234567Z,2024-05-06T07:08:11.1234567Z,,UTC,100,modified,"
               "ntfs:$FILE_NAME," REST("deleted-record"));
    row = row_of(&date, BANGKOK);
    check_text(
        put_timesketch, &row,
        "\"'=cmd,\"\"x\"\"\\x0a\\u{202e}|y\",1714928400000000,"
        "2024-05-05T17:00:00.000000+00:00,accessed (date only),"
        ",2024-05-06,,local,86400000000000,accessed,fat:directory-entry," REST("deleted-record"));
    row = row_of(&fat, NO_ZONE);
    check_text(put_timesketch, &row, "");
    row = row_of(&beyond, NO_ZONE);
    check_text(put_timesketch, &row, "");
    struct trace_time edge = {.what = "modified",
                              .local = true,
                              .seconds = -62167219200,
                              .resolution_ns = 1,
                              TEXT("0000-01-01T00:00:00"),
                              .source = "zip"};
    row = row_of(&edge, BANGKOK); /* before the year 0 in UTC */
    check_text(put_timesketch, &row, "");
    assert_true(left.zone_unknown == 1 && left.out_of_range == 2 && left.date_only == 0);
}

static void rows_of_json(void **state) {
    struct timeline_row row = row_of(&fine, BANGKOK);
    json_t *json = timeline_json(&row);
    (void)state;
    assert_string_equal(json_string_value(json_object_get(json, "shown")),
                        "2024-05-06T14:08:11.1234567");
    assert_string_equal(json_string_value(json_object_get(json, "utc")),
                        "2024-05-06T07:08:11.1234567Z");
    assert_string_equal(json_string_value(json_object_get(json, "path")), row.path);
    assert_null(json_object_get(json, "seconds"));
    json_decref(json);
    row = row_of(&date, BANGKOK);
    json = timeline_json(&row);
    assert_string_equal(json_string_value(json_object_get(json, "shown")), "2024-05-06");
    assert_string_equal(json_string_value(json_object_get(json, "time")), "2024-05-06");
    assert_true(json_is_null(json_object_get(json, "utc")));
    json_decref(json);
    row = row_of(&beyond, NO_ZONE);
    json = timeline_json(&row);
    assert_true(json_is_null(json_object_get(json, "shown")) &&
                json_is_null(json_object_get(json, "time")));
    assert_true(json_integer_value(json_object_get(json, "seconds")) == -70000000000);
    json_decref(json);
}

/* ---- bodyfile ---- */

static void check_body(const struct trace_time *times, size_t count, struct timeline_zone zone,
                       const struct timeline_inode *inode, uint64_t written, const char *expected) {
    struct timeline_row row = row_of(times, zone);
    char *text = NULL;
    size_t size;
    uint64_t got;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    left = (struct timeline_left){0};
    timeline_put_body(to, &row, times, count, inode, &left, &got);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(text, expected);
    assert_int_equal(got, written);
    free(text);
}

#define NAME "0|7/1/=cmd,\"x\"\\x0a\\u{202e}\\x7cy"

static void rows_of_a_bodyfile(void **state) {
    const struct timeline_inode inode = {.inode = "12",
                                         .mode = "4755",
                                         .uid = "1000",
                                         .gid = "x|",
                                         .source = "ntfs:$STANDARD_INFORMATION"};
    struct trace_time ntfs[6] = {fine, fine, fine, fine, beyond, fine};
    (void)state;
    ntfs[0].source = ntfs[1].source = "ntfs:$STANDARD_INFORMATION";
    ntfs[1].what = "created";
    ntfs[1].seconds = -5;
    ntfs[3].what = "backed-up";
    ntfs[5].what = "accessed";
    ntfs[5].seconds = 0;
    check_body(ntfs, 6, NO_ZONE, &inode, 3,
               NAME " (deleted)|12|r/rrwxr-xr-x|1000|0|7|0|1714979291|0|-5\n" NAME
                    " ($FILE_NAME) (deleted)|12|r/rrwxr-xr-x|1000|0|7|0|1714979291|0|0\n");
    assert_true(left.no_field == 2 && left.out_of_range == 1);
    struct trace_time twice[2] = {fine, fine};
    check_body(twice, 2, NO_ZONE, &(struct timeline_inode){.source = fine.source}, 1,
               NAME " ($FILE_NAME) (deleted)|0|r/r|0|0|7|0|1714979291|0|0\n");
    assert_int_equal(left.no_field, 1);
    struct trace_time local[2] = {fat, date};
    check_body(local, 2, NO_ZONE, &(struct timeline_inode){0}, 0, "");
    assert_int_equal(left.zone_unknown, 2);
    check_body(local, 2, BANGKOK, &(struct timeline_inode){0}, 1,
               NAME " (deleted)|0|r/r|0|0|7|0|0|0|1714954090\n");
    assert_int_equal(left.date_only, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_of_zones),    cmocka_unit_test(instants),
        cmocka_unit_test(ends_of_a_span),      cmocka_unit_test(what_is_no_end_of_a_span),
        cmocka_unit_test(what_lies_in_a_span), cmocka_unit_test(confidence),
        cmocka_unit_test(rows_of_csv),         cmocka_unit_test(rows_of_timesketch),
        cmocka_unit_test(rows_of_json),        cmocka_unit_test(rows_of_a_bodyfile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
