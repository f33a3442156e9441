/* SPDX-License-Identifier: Apache-2.0 */
/* What traces add up to in a machine report, and that what it draws is safe. Lines are written as
 * format/traces says, for records that no parser has to tell for this. */
#include "report/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { COLLECTED_S = 1700000000 };

struct scene {
    struct machine *m;
    json_t *report;
    uint64_t number;
    unsigned paths; /* that were asked for */
};

static void add(struct scene *s, const char *format, ...) EX_PRINTF(2, 3);
static void add(struct scene *s, const char *format, ...) {
    static char text[1 << 16], texts[1 << 16];
    char *rest = NULL;
    struct trace_line line;
    struct ex_error err;
    va_list args;
    va_start(args, format);
    assert_true(vasprintf(&rest, format, args) > 0);
    va_end(args);
    int size = snprintf(text, sizeof text, "{\"id\":\"%032llx\",%s}",
                        (unsigned long long)++s->number, rest);
    free(rest);
    assert_true(size > 0 && (size_t)size < sizeof text);
    assert_true(trace_line_read(text, (size_t)size, texts, &line));
    assert_int_equal(machine_add(s->m, s->number, &line, &err), EX_OK);
}

static ex_code path_of(void *context, uint64_t number, char **ret, struct ex_error *err) {
    struct scene *s = context;
    (void)err;
    s->paths++;
    return asprintf(ret, "p/%llu", (unsigned long long)number) > 0 ? EX_OK : EX_NOMEM;
}

static void make(struct scene *s) {
    struct ex_error err;
    json_t *parsers = json_pack("[{s:s},{s:s}]", "name", "volumes", "name", "files");
    assert_int_equal(machine_json(s->m, parsers, path_of, s, &s->report, &err), EX_OK);
    json_decref(parsers);
}

static int set_up(void **state) {
    struct scene *s = ex_new0(struct scene);
    struct ex_error err;
    if (machine_new(COLLECTED_S, &s->m, &err) != EX_OK)
        return -1;
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    machine_free(s->m);
    json_decref(s->report);
    free(s);
    return 0;
}

/* By a path of keys and positions with slashes between them. */
static json_t *at(const json_t *from, const char *path) {
    char key[64];
    while (from != NULL && *path != '\0') {
        size_t size = strcspn(path, "/");
        (void)snprintf(key, sizeof key, "%.*s", (int)size, path);
        from = json_is_array(from) ? json_array_get(from, (size_t)atoi(key))
                                   : json_object_get(from, key);
        path += size + (path[size] == '/');
    }
    return (json_t *)(uintptr_t)from;
}

#define IS_NUMBER(s, path, expected)                                                               \
    assert_int_equal(json_integer_value(at((s)->report, path)), (expected))
#define IS_TEXT(s, path, expected)                                                                 \
    assert_string_equal(json_string_value(at((s)->report, path)), (expected))

#define FILE_LINE(parent, rest)                                                                    \
    "\"parent\":" parent ",\"kind\":\"file\",\"parser\":1,\"key\":\"k\"" rest
#define RECORD(parent, state, attributes)                                                          \
    "\"parent\":" parent ",\"kind\":\"record\",\"parser\":1,\"key\":\"k\"" state                   \
    ",\"attributes\":{" attributes "}"

static void records_go_where_they_belong(void **state) {
    struct scene *s = *state;
    add(s, FILE_LINE("0", ",\"name\":\"os-release\""));
    add(s, RECORD("1", "", "\"about\":\"operating-system\",\"product\":\"Debian\""));
    add(s, RECORD("1", ",\"state\":\"deleted\"",
                  "\"about\":\"operating-system\",\"product\":\"Windows 95\""));
    add(s, RECORD("1", "", "\"about\":\"account\",\"name\":\"eve\",\"uid\":\"1000\""));
    add(s, RECORD("1", "", "\"about\":\"spaceship\""));
    add(s, RECORD("1", "", "\"product\":\"of nothing\""));
    make(s);
    IS_NUMBER(s, "machine/operating-system/count", 2);
    IS_NUMBER(s, "machine/operating-system/not_allocated", 1);
    IS_TEXT(s, "machine/operating-system/shown/0/attributes/product", "Debian");
    IS_TEXT(s, "machine/operating-system/shown/1/attributes/product", "Windows 95");
    IS_TEXT(s, "machine/operating-system/shown/1/state", "deleted");
    IS_TEXT(s, "machine/operating-system/shown/1/path", "p/1"); /* of the file */
    IS_TEXT(s, "machine/operating-system/shown/0/parser", "files");
    IS_TEXT(s, "machine/operating-system/shown/0/trace", "00000000000000000000000000000002");
    IS_NUMBER(s, "users/account/count", 1);
    IS_TEXT(s, "users/account/shown/0/attributes/uid", "1000");
    IS_TEXT(s, "other_records/0/about", "spaceship");
    IS_NUMBER(s, "other_records/0/count", 1);
    IS_NUMBER(s, "users/program/count", 0);
}

static void lists_are_cut_and_say_so(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < 1000; i++)
        add(s, RECORD("0", "", "\"about\":\"program\",\"name\":\"p%d\""), i);
    make(s);
    IS_NUMBER(s, "users/program/count", 1000);
    assert_int_equal(json_array_size(at(s->report, "users/program/shown")), MACHINE_SHOWN);
    IS_NUMBER(s, "users/program/left_out", 1000 - MACHINE_SHOWN);
    IS_TEXT(s, "users/program/shown/99/attributes/name", "p99");
    assert_int_equal(s->paths, 0); /* the item itself */
}

static void long_texts_are_cut_at_a_character(void **state) {
    struct scene *s = *state;
    char text[3001] = "x";
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa4", 3);
    for (int i = 0; i < 2 * MACHINE_SHOWN; i++)
        add(s, RECORD("0", "", "\"about\":\"recent\",\"a\":\"%s\",\"b\":\"%s\""), text, text);
    make(s);
    const char *cut = json_string_value(at(s->report, "users/recent/shown/0/attributes/a"));
    assert_non_null(cut); /* valid UTF-8, or jansson had refused it */
    assert_int_equal(strlen(cut), MACHINE_TEXT_BYTES - 1 + strlen("…"));
    size_t shown = json_array_size(at(s->report, "users/recent/shown"));
    assert_true(shown > 10 && shown * 1000 < MACHINE_LIST_BYTES + 2000);
    IS_NUMBER(s, "users/recent/left_out", 2 * MACHINE_SHOWN - (json_int_t)shown);
}

static void counts_by_kind_type_and_state(void **state) {
    struct scene *s = *state;
    add(s, "\"parent\":0,\"kind\":\"volume\",\"parser\":0,\"key\":\"v\",\"size\":1000,"
           "\"ranges\":[[512,1000]],\"not_hashed\":\"profile\"");
    add(s, "\"parent\":0,\"kind\":\"space\",\"parser\":0,\"key\":\"s\",\"size\":70,"
           "\"ranges\":[[0,70]],\"not_hashed\":\"profile\"");
    add(s, FILE_LINE("1", ",\"name\":\"a\",\"size\":5,\"type\":\"zip\",\"inside\":1"));
    add(s, FILE_LINE("1", ",\"name\":\"b\",\"state\":\"deleted\",\"size\":7,\"type\":\"zip\","
                          "\"not_hashed\":\"deleted\""));
    add(s, FILE_LINE("1", ",\"name\":\"c\",\"size\":9,\"type\":\"mbox\""));
    make(s);
    IS_TEXT(s, "found/kinds/0/kind", "volume");
    IS_TEXT(s, "found/kinds/1/kind", "file");
    IS_NUMBER(s, "found/kinds/1/count", 3);
    IS_NUMBER(s, "found/kinds/1/allocated", 2);
    IS_NUMBER(s, "found/kinds/1/deleted", 1);
    IS_NUMBER(s, "found/kinds/1/bytes", 21);
    IS_TEXT(s, "found/types/0/type", "zip"); /* the volume is no content */
    IS_NUMBER(s, "found/types/0/contents", 2);
    IS_NUMBER(s, "found/types/0/bytes", 12);
    assert_int_equal(json_array_size(at(s->report, "found/types")), 2);
    IS_NUMBER(s, "found/archives/contents", 2);
    IS_NUMBER(s, "found/archives/looked_into", 1);
    IS_NUMBER(s, "found/mailbox/count", 1);
    IS_NUMBER(s, "disk/volume/shown/0/offset", 512);
    IS_TEXT(s, "disk/space/0/parser", "volumes");
    IS_NUMBER(s, "disk/space/0/bytes", 70);
    assert_int_equal(json_array_size(at(s->report, "not_examined/not_hashed")), 1);
    IS_TEXT(s, "not_examined/not_hashed/0/reason", "deleted");
    IS_NUMBER(s, "not_examined/not_hashed/0/bytes", 7);
}

static void home_folders_by_their_path_alone(void **state) {
    struct scene *s = *state;
#define FOLDER(parent, name)                                                                       \
    "\"parent\":" parent ",\"kind\":\"directory\",\"parser\":1,\"key\":\"k\",\"name\":\"" name "\""
    add(s, "\"parent\":0,\"kind\":\"file-system\",\"parser\":1,\"key\":\"k\",\"name\":\"ext4\"");
    add(s, FOLDER("1", "home"));
    add(s, FOLDER("1", "srv"));
    add(s, FOLDER("2", "alice"));
    add(s, FOLDER("3", "home"));
    add(s, FOLDER("5", "nobody")); /* /srv/home/nobody */
    add(s, FOLDER("4", "home"));
    add(s, FOLDER("1", "Documents and Settings"));
    add(s, FOLDER("8", "bob"));
    add(s, FILE_LINE("2", ",\"name\":\"a-file\""));
    make(s);
    IS_NUMBER(s, "users/home-folder/count", 2);
    IS_TEXT(s, "users/home-folder/shown/0/name", "alice");
    IS_TEXT(s, "users/home-folder/shown/1/name", "bob");
    IS_TEXT(s, "users/home-folder/shown/1/path", "p/9");
}

#define AN_ERROR(parser, reason)                                                                   \
    "\"parent\":3,\"kind\":\"error\",\"parser\":" parser ",\"key\":\"k\",\"error\":{\"reason\":"   \
    "\"" reason "\",\"text\":\"why\"}"

static void errors_by_reason_and_parser(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < 25; i++)
        add(s, AN_ERROR("1", "damaged"));
    add(s, AN_ERROR("0", "damaged"));
    add(s, AN_ERROR("1", "encrypted"));
    add(s, AN_ERROR("500", "crashed")); /* of a parser that the head does not have */
    make(s);
    assert_int_equal(json_array_size(at(s->report, "not_examined/errors")), 4);
    IS_TEXT(s, "not_examined/errors/0/parser", "volumes");
    IS_NUMBER(s, "not_examined/errors/0/count", 1);
    IS_TEXT(s, "not_examined/errors/1/reason", "damaged");
    IS_NUMBER(s, "not_examined/errors/1/count", 25);
    IS_NUMBER(s, "not_examined/errors/1/left_out", 25 - MACHINE_SHOWN_OF_A_REASON);
    IS_TEXT(s, "not_examined/errors/1/shown/0/path", "p/3");
    IS_TEXT(s, "not_examined/errors/2/reason", "crashed");
    assert_true(json_is_null(at(s->report, "not_examined/errors/2/parser")));
    IS_NUMBER(s, "disk/encrypted/count", 1);
}

#define A_TIME(what, time, zone)                                                                   \
    "{\"what\":\"" what "\",\"time\":" time ",\"zone\":\"" zone "\",\"resolution_ns\":1,"          \
    "\"source\":\"s\"}"

static void ends_of_times(void **state) {
    struct scene *s = *state;
    add(s,
        FILE_LINE("0", ",\"name\":\"a\",\"times\":[" A_TIME(
                           "modified", "\"2020-01-01T00:00:00Z\"",
                           "UTC") "," A_TIME("created", "\"1980-01-01T00:00:00\"", "local") "]"));
    add(s,
        FILE_LINE("0", ",\"name\":\"b\",\"state\":\"deleted\",\"times\":[" A_TIME(
                           "modified", "\"2099-01-01T00:00:00.5Z\"",
                           "UTC") "," A_TIME("modified", "\"2001-01-01T00:00:00Z\"", "UTC") "]"));
    add(s, FILE_LINE("0", ",\"name\":\"c\",\"times\":[" A_TIME(
                              "accessed", "null,\"seconds\":-99999999999", "UTC") "]"));
    make(s);
    IS_NUMBER(s, "found/times/count", 5);
    IS_NUMBER(s, "found/times/local", 1);
    IS_NUMBER(s, "found/times/before_1980", 1);
    IS_NUMBER(s, "found/times/after_collection", 1);
    IS_NUMBER(s, "found/times/out_of_range", 1);
    assert_int_equal(json_array_size(at(s->report, "found/times/ends")), 2);
    IS_TEXT(s, "found/times/ends/0/what", "modified");
    IS_TEXT(s, "found/times/ends/0/earliest/time", "2001-01-01T00:00:00Z");
    IS_TEXT(s, "found/times/ends/0/earliest/path", "p/2");
    IS_TEXT(s, "found/times/ends/0/latest/time", "2099-01-01T00:00:00.5Z");
    IS_TEXT(s, "found/times/ends/0/latest/state", "deleted");
    IS_TEXT(s, "found/times/ends/1/earliest/time", "1980-01-01T00:00:00");
    IS_TEXT(s, "found/times/ends/1/earliest/zone", "local");
}

/* ---- what is drawn ---- */

static char *draw(struct scene *s, enum machine_format format) {
    struct ex_error err;
    char *text;
    size_t size;
    assert_int_equal(machine_draw(s->report, format, &text, &size, &err), EX_OK);
    assert_int_equal(strlen(text), size);
    return text;
}

static void what_is_drawn_is_safe(void **state) {
    struct scene *s = *state;
    add(s, RECORD("0", "",
                  "\"about\":\"account\",\"name\":\"<script>alert(1)</script>\","
                  "\"full-name\":\"evil\\u202egpj.\\u001b[31m\\n&amp;\",\"shell\":\"\\\"'\""));
    make(s);
    EX_AUTO_FREE char *html = draw(s, MACHINE_HTML), *text = draw(s, MACHINE_TEXT);
    assert_null(strstr(html, "<script"));
    assert_non_null(strstr(html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(html, "\\u{202e}gpj.\\x1b[31m\\x0a&amp;amp;"));
    assert_non_null(strstr(html, "&quot;&#39;"));
    assert_non_null(strstr(html, "default-src 'none'"));
    assert_null(strstr(html, "http:"));
    assert_null(strstr(html, "url("));
    assert_non_null(strstr(text, "evil\\u{202e}gpj.\\x1b[31m\\x0a&amp;\n"));
    for (const char *c = text; *c != '\0'; c++)
        assert_true((unsigned char)*c >= ' ' || *c == '\n');
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strstr(html, "\xe2\x80\xae"));
}

static void right_to_left_stays_among_itself(void **state) {
    struct scene *s = *state;
    add(s, RECORD("0", "", "\"about\":\"account\",\"name\":\"\xd7\xa9\xd7\x9c\""));
    make(s);
    EX_AUTO_FREE char *html = draw(s, MACHINE_HTML), *text = draw(s, MACHINE_TEXT);
    assert_non_null(strstr(html, "<bdi>\xd7\xa9\xd7\x9c</bdi>"));
    assert_non_null(strstr(text, "\xe2\x81\xa8\xd7\xa9\xd7\x9c\xe2\x81\xa9"));
}

/* What an older entry does not have is said, and is no 0. */
static void what_is_missing_is_said(void **state) {
    struct scene *s = *state;
    make(s);
    json_object_set_new(s->report, "parsers",
                        json_pack("[{s:s, s:i, s:i, s:f, s:n}]", "name", "files", "version", 1,
                                  "jobs", 12, "seconds", 1.5, "cpu_seconds"));
    EX_AUTO_FREE char *text = draw(s, MACHINE_TEXT);
    assert_non_null(strstr(text, "files | 1 | - | 12 | not recorded | not recorded | 1.500 | not "
                                 "recorded | not recorded | not recorded | not recorded\n"));
    assert_non_null(strstr(text, "None was found. That is no proof that there is none."));
    assert_non_null(strstr(text, "SHA-256: not recorded"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_go_where_they_belong),
        TEST(lists_are_cut_and_say_so),
        TEST(long_texts_are_cut_at_a_character),
        TEST(counts_by_kind_type_and_state),
        TEST(home_folders_by_their_path_alone),
        TEST(errors_by_reason_and_parser),
        TEST(ends_of_times),
        TEST(what_is_drawn_is_safe),
        TEST(right_to_left_stays_among_itself),
        TEST(what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
