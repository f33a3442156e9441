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
    unsigned paths;   /* that were asked for */
    const char *path; /* of all of them; NULL: by their numbers */
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
    if (s->path != NULL) {
        *ret = ex_strdup(s->path);
        return EX_OK;
    }
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
    assert_null(at(s->report, "machine/operating-system/shown/1/own_state"));
    IS_TEXT(s, "machine/operating-system/shown/1/path", "p/1"); /* of the file */
    IS_TEXT(s, "machine/operating-system/shown/0/parser", "files");
    IS_TEXT(s, "machine/operating-system/shown/0/trace", "00000000000000000000000000000002");
    IS_NUMBER(s, "users/account/count", 1);
    IS_TEXT(s, "users/account/shown/0/attributes/uid", "1000");
    IS_TEXT(s, "other_records/0/about", "spaceship");
    IS_NUMBER(s, "other_records/0/count", 1);
    IS_NUMBER(s, "users/program/count", 0);
}

#define FOLDER(parent, name)                                                                       \
    "\"parent\":" parent ",\"kind\":\"directory\",\"parser\":1,\"key\":\"k\",\"name\":\"" name "\""
#define FILE_SYSTEM(parent)                                                                        \
    "\"parent\":" parent ",\"kind\":\"file-system\",\"parser\":1,\"key\":\"k\",\"name\":\"ext4\""
#define SYSTEM(parent, name)                                                                       \
    RECORD(parent, "", "\"about\":\"operating-system\",\"name\":\"" name "\"")
#define A_TIME(what, time, zone)                                                                   \
    "{\"what\":\"" what "\",\"time\":" time ",\"zone\":\"" zone "\",\"resolution_ns\":1,"          \
    "\"source\":\"s\"}"

static void add_in_every_state(struct scene *s) {
    add(s, "\"parent\":0,\"kind\":\"volume\",\"parser\":0,\"key\":\"v\",\"state\":\"virtual\"");
    add(s, FILE_SYSTEM("1"));
    add(s, FILE_LINE("2", ",\"name\":\"carved\",\"state\":\"carved\""));
    add(s, SYSTEM("3", "of a carved one"));
    add(s, FILE_LINE("2", ",\"name\":\"gone.zip\",\"state\":\"deleted\""));
    add(s, "\"parent\":5,\"kind\":\"member\",\"parser\":1,\"key\":\"k\"");
    add(s, SYSTEM("6", "of a deleted archive"));
    add(s, FOLDER("2", "lost") ",\"state\":\"orphan\"");
    add(s, FILE_LINE("8", ",\"name\":\"x\",\"state\":\"deleted\""));
    add(s, RECORD("9", ",\"state\":\"virtual\"", "\"about\":\"operating-system\""));
    add(s, FILE_LINE("2", ",\"name\":\"there\""));
    add(s, SYSTEM("11", "in use"));
    add(s, "\"parent\":4,\"kind\":\"record\",\"parser\":1,\"key\":\"t\",\"times\":[" A_TIME(
               "modified", "\"2020-01-01T00:00:00Z\"", "UTC") "]");
}

/* A record's own line says nothing of the file that it is from. */
static void states_are_inherited(void **state) {
    struct scene *s = *state;
    add_in_every_state(s);
    make(s);
#define SYSTEMS "machine/operating-system/"
    IS_NUMBER(s, SYSTEMS "count", 4);
    IS_NUMBER(s, SYSTEMS "not_allocated", 3);
    IS_TEXT(s, SYSTEMS "shown/0/attributes/name", "in use");
    IS_TEXT(s, SYSTEMS "shown/0/state", "allocated"); /* in a volume that is virtual */
    IS_TEXT(s, SYSTEMS "shown/0/standing", "in-use");
    IS_TEXT(s, SYSTEMS "shown/1/attributes/name", "of a deleted archive");
    IS_TEXT(s, SYSTEMS "shown/1/state", "deleted");
    IS_TEXT(s, SYSTEMS "shown/1/own_state", "allocated");
    IS_TEXT(s, SYSTEMS "shown/1/standing", "not-in-use");
    IS_TEXT(s, SYSTEMS "shown/2/state", "orphan"); /* the worse one of three */
    IS_TEXT(s, SYSTEMS "shown/2/own_state", "virtual");
    IS_TEXT(s, SYSTEMS "shown/3/state", "carved");
    IS_TEXT(s, SYSTEMS "shown/3/standing", "carved");
    IS_NUMBER(s, SYSTEMS "standings/in-use", 1);
    IS_NUMBER(s, SYSTEMS "standings/not-in-use", 2);
    IS_NUMBER(s, SYSTEMS "standings/carved", 1);
    IS_TEXT(s, "found/kinds/5/kind", "record");
    IS_NUMBER(s, "found/kinds/5/allocated", 1);
    IS_NUMBER(s, "found/kinds/5/carved", 2);
    assert_int_equal(json_array_size(at(s->report, "found/times/ends")), 0);
    IS_TEXT(s, "found/times/ends_not_in_use/0/earliest/state", "carved");
}

static void what_is_gone_is_said_to_be(void **state) {
    struct scene *s = *state;
    add(s, FILE_LINE("0", ",\"name\":\"SYSTEM\",\"state\":\"carved\""));
    add(s, RECORD("1", "", "\"about\":\"computer\",\"computer-name\":\"OTHER\""));
    make(s);
    struct ex_error err;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    assert_int_equal(machine_draw(s->report, MACHINE_TEXT, &text, &size, &err), EX_OK);
    const char *none = strstr(text, "NONE OF THESE IS IN USE"), *carved = strstr(text, "CARVED: ");
    const char *name = strstr(text, "computer-name: OTHER");
    assert_true(none != NULL && carved != NULL && name != NULL && none < carved && carved < name);
    assert_non_null(strstr(name, "STATE: carved"));
}

/* None is dropped, and none of those that there are is among the others. */
static void every_word_has_its_place(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    uint64_t states = 0, reasons = 0;
    for (; trace_line_states[states] != NULL; states++)
        add(s, FILE_LINE("0", ",\"name\":\"a\",\"state\":\"%s\""), trace_line_states[states]);
    for (; trace_line_reasons[reasons] != NULL; reasons++)
        add(s,
            "\"parent\":0,\"kind\":\"error\",\"parser\":0,\"key\":\"k\",\"error\":{\"reason\":"
            "\"%s\",\"text\":\"why\"}",
            trace_line_reasons[reasons]);
    const struct trace_line file = {.kind = "file", .key = "k", .state = "lost"};
    const struct trace_line thing = {.kind = "thing", .key = "k", .not_hashed = "tired"};
    const struct trace_line error = {.kind = "error", .key = "k", .reason = "bored", .text = "why"};
    assert_int_equal(machine_add(s->m, ++s->number, &file, &err), EX_OK);
    assert_int_equal(machine_add(s->m, ++s->number, &thing, &err), EX_OK);
    assert_int_equal(machine_add(s->m, ++s->number, &error, &err), EX_OK);
    make(s);
    IS_TEXT(s, "found/kinds/0/kind", "file");
    for (uint64_t i = 0; i < states; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "found/kinds/0/%s", trace_line_states[i]);
        IS_NUMBER(s, path, 1);
    }
    IS_NUMBER(s, "found/kinds/0/other", 1);
    IS_TEXT(s, "found/kinds/2/kind", "other");
    IS_NUMBER(s, "found/kinds/2/count", 1);
    assert_int_equal(json_array_size(at(s->report, "not_examined/errors")), reasons + 1);
    IS_TEXT(s, "not_examined/errors/10/reason", "other");
    IS_TEXT(s, "not_examined/not_hashed/0/reason", "other");
    IS_TEXT(s, "not_examined/not_hashed/0/shown/0/kind", "thing");
}

/* Who may write into a folder of their own cannot push out what the system keeps. */
static void planted_files_come_last(void **state) {
    struct scene *s = *state;
    add(s, FILE_SYSTEM("0"));
    add(s, FOLDER("1", "home"));
    add(s, FOLDER("2", "eve"));
    for (int i = 0; i < 300; i++) {
        add(s, FILE_LINE("3", ",\"name\":\"os-release\""));
        add(s, RECORD("%d", "", "\"about\":\"operating-system\",\"name\":\"planted\""), 4 + 2 * i);
    }
    add(s, FOLDER("1", "etc"));
    add(s, FILE_LINE("604", ",\"name\":\"os-release\""));
    add(s, SYSTEM("605", "its own"));
    make(s);
    IS_NUMBER(s, SYSTEMS "count", 301);
    IS_NUMBER(s, SYSTEMS "left_out", 301 - MACHINE_SHOWN);
    IS_TEXT(s, SYSTEMS "shown/0/attributes/name", "its own");
    IS_TEXT(s, SYSTEMS "shown/0/standing", "usual-place");
    IS_TEXT(s, SYSTEMS "shown/1/standing", "in-use");
    IS_NUMBER(s, SYSTEMS "standings/usual-place", 1);
    IS_NUMBER(s, SYSTEMS "standings/in-use", 300);
}

/* A person's own hive stands at its usual place, and may say as much as it likes. */
static void no_file_pushes_out_another(void **state) {
    struct scene *s = *state;
    char text[500] = "";
    memset(text, 'x', sizeof text - 1);
    add(s, FILE_LINE("0", ",\"name\":\"a\""));
    for (int i = 0; i < 500; i++)
        add(s, RECORD("1", "", "\"about\":\"autostart\",\"name\":\"a%d\""), i);
    add(s, FILE_LINE("0", ",\"name\":\"b\""));
    for (int i = 0; i < 200; i++)
        add(s,
            RECORD("502", "", "\"about\":\"autostart\",\"name\":\"%s\",\"b\":\"%s\",\"c\":\"%s\""),
            text, text, text);
    add(s, FILE_LINE("0", ",\"name\":\"c\""));
    add(s, RECORD("703", "", "\"about\":\"autostart\",\"name\":\"the last\""));
    make(s);
    IS_NUMBER(s, "users/autostart/count", 701);
    json_t *shown = at(s->report, "users/autostart/shown"), *row;
    unsigned of[3] = {0};
    size_t i;
    json_int_t before = 0;
    json_array_foreach(shown, i, row) {
        json_int_t number = json_integer_value(json_object_get(row, "number"));
        assert_true(number > before); /* in the order of the result */
        before = number;
        of[number < 502 ? 0 : number < 703 ? 1 : 2]++;
    }
    assert_int_equal(json_array_size(shown) +
                         (size_t)json_integer_value(at(s->report, "users/autostart/left_out")),
                     701);
    assert_true(of[0] >= 50 && of[1] >= 5 && of[2] == 1);
    IS_TEXT(s, "users/autostart/shown/0/attributes/name", "a0");
    IS_TEXT(s, "users/autostart/shown/49/attributes/name", "a49");
}

static void usual_places_are_in_use_and_in_no_archive(void **state) {
    struct scene *s = *state;
    add(s, FILE_SYSTEM("0"));
    add(s, FOLDER("1", "WINDOWS"));
    add(s, FOLDER("2", "System32"));
    add(s, FOLDER("3", "config"));
    add(s, FILE_LINE("4", ",\"name\":\"SOFTWARE\""));
    add(s, SYSTEM("5", "its own"));
    add(s, FOLDER("4", "config"));
    add(s, FILE_LINE("7", ",\"name\":\"SOFTWARE\""));
    add(s, SYSTEM("8", "one too deep"));
    add(s, FILE_LINE("4", ",\"name\":\"SOFTWARE\",\"state\":\"deleted\""));
    add(s, SYSTEM("10", "deleted"));
    add(s, FILE_LINE("1", ",\"name\":\"a.zip\""));
    add(s, "\"parent\":12,\"kind\":\"member\",\"parser\":1,\"key\":\"k\",\"name\":\"SOFTWARE\"");
    add(s, SYSTEM("13", "in an archive"));
    make(s);
    IS_NUMBER(s, SYSTEMS "standings/usual-place", 1);
    IS_NUMBER(s, SYSTEMS "standings/in-use", 1);
    IS_NUMBER(s, SYSTEMS "standings/inside", 1);
    IS_NUMBER(s, SYSTEMS "standings/not-in-use", 1);
    IS_TEXT(s, SYSTEMS "shown/0/attributes/name", "its own");
    IS_TEXT(s, SYSTEMS "shown/2/attributes/name", "in an archive");
}

static void logins_may_be_attempts(void **state) {
    struct scene *s = *state;
    add(s, FILE_SYSTEM("0"));
    add(s, FOLDER("1", "var"));
    add(s, FOLDER("2", "log"));
    add(s, FILE_LINE("3", ",\"name\":\"btmp\""));
    add(s, RECORD("4", "", "\"about\":\"login\",\"event\":\"session\",\"user\":\"eve\""));
    add(s, FILE_LINE("1", ",\"name\":\"btmp\""));
    add(s, RECORD("6", "", "\"about\":\"login\",\"event\":\"session\",\"user\":\"bob\""));
    add(s, RECORD("6", "", "\"about\":\"login\",\"list\":\"Winlogon\""));
    s->path = "ext4/var/log/btmp";
    make(s);
    IS_TEXT(s, "users/login/shown/0/outcome", "failed-by-its-path");
    IS_TEXT(s, "users/login/shown/1/outcome", "not-told"); /* anybody can name a file so */
    IS_TEXT(s, "users/login/shown/2/outcome", "setting");
    assert_null(at(s->report, "users/account/shown/0/outcome"));
}

static void long_paths_keep_both_ends(void **state) {
    struct scene *s = *state;
    char path[3001] = "";
    for (size_t i = 0; i + 2 < sizeof path; i += 2)
        memcpy(path + i, "\xc3\xa4", 3);
    memcpy(path, "begin/", 6);
    memcpy(path + sizeof path - 5, "/end", 5);
    s->path = path;
    add(s, FILE_LINE("0", ",\"name\":\"a\",\"size\":1,\"type\":\"mbox\""));
    make(s);
    const char *cut = json_string_value(at(s->report, "found/mailbox/shown/0/path"));
    assert_non_null(cut); /* valid UTF-8 */
    assert_memory_equal(cut, "begin/", 6);
    assert_string_equal(cut + strlen(cut) - 4, "/end");
    assert_non_null(strstr(cut, "…"));
    assert_true(strlen(cut) <= 1000 + strlen("…"));
    IS_NUMBER(s, "found/mailbox/shown/0/path_bytes", 3000);
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
    static const char *const further[] = {"ost", "pab", "cab", "cpio", "lz4", "epub"};
    struct scene *s = *state;
    add(s, "\"parent\":0,\"kind\":\"volume\",\"parser\":0,\"key\":\"v\",\"size\":1000,"
           "\"ranges\":[[512,1000]],\"not_hashed\":\"profile\"");
    add(s, "\"parent\":0,\"kind\":\"space\",\"parser\":0,\"key\":\"s\",\"size\":70,"
           "\"ranges\":[[0,70]],\"not_hashed\":\"profile\"");
    add(s, FILE_LINE("1", ",\"name\":\"a\",\"size\":5,\"type\":\"zip\",\"inside\":1"));
    add(s, FILE_LINE("1", ",\"name\":\"b\",\"state\":\"deleted\",\"size\":7,\"type\":\"zip\","
                          "\"not_hashed\":\"deleted\""));
    add(s, FILE_LINE("1", ",\"name\":\"c\",\"size\":9,\"type\":\"mbox\""));
    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++)
        add(s, FILE_LINE("0", ",\"name\":\"d\",\"size\":1,\"type\":\"%s\""), further[i]);
    make(s);
    IS_TEXT(s, "found/kinds/0/kind", "volume");
    IS_TEXT(s, "found/kinds/1/kind", "file");
    IS_NUMBER(s, "found/kinds/1/count", 9);
    IS_NUMBER(s, "found/kinds/1/allocated", 8);
    IS_NUMBER(s, "found/kinds/1/deleted", 1);
    IS_NUMBER(s, "found/kinds/1/bytes", 27);
    IS_TEXT(s, "found/types/0/type", "zip"); /* the volume is no content */
    IS_NUMBER(s, "found/types/0/contents", 2);
    IS_NUMBER(s, "found/types/0/bytes", 12);
    assert_int_equal(json_array_size(at(s->report, "found/types")), 8);
    IS_NUMBER(s, "found/archives/contents", 6);
    IS_NUMBER(s, "found/archives/looked_into", 1);
    IS_NUMBER(s, "found/mailbox/count", 3);
    IS_NUMBER(s, "disk/volume/shown/0/offset", 512);
    IS_TEXT(s, "disk/space/0/parser", "volumes");
    IS_NUMBER(s, "disk/space/0/bytes", 70);
    assert_int_equal(json_array_size(at(s->report, "not_examined/not_hashed")), 1);
    IS_TEXT(s, "not_examined/not_hashed/0/reason", "deleted");
    IS_NUMBER(s, "not_examined/not_hashed/0/bytes", 7);
}

/* Nobody has so much; sizes are what a hostile file says. */
static void sums_do_not_wrap(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < 5; i++) {
        add(s, FILE_LINE("0", ",\"name\":\"a\",\"size\":9223372036854775807,\"type\":\"zip\","
                              "\"not_hashed\":\"limit\""));
        add(s,
            "\"parent\":0,\"kind\":\"space\",\"parser\":0,\"key\":\"s\",\"size\":9223372036854775807");
    }
    make(s);
    assert_true(json_integer_value(at(s->report, "found/kinds/0/bytes")) == INT64_MAX);
    assert_true(json_integer_value(at(s->report, "found/types/0/bytes")) == INT64_MAX);
    assert_true(json_integer_value(at(s->report, "disk/space/0/bytes")) == INT64_MAX);
    assert_true(json_integer_value(at(s->report, "not_examined/not_hashed/0/bytes")) == INT64_MAX);
}

/* A name cannot be taken for what the report says of a row. */
static void each_line_has_its_name(void **state) {
    struct scene *s = *state;
    s->path = "STATE: allocated";
    add(s, FILE_LINE("0", ",\"name\":\"a\",\"state\":\"deleted\",\"size\":1,\"type\":\"mbox\""));
    make(s);
    struct ex_error err;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    assert_int_equal(machine_draw(s->report, MACHINE_TEXT, &text, &size, &err), EX_OK);
    assert_non_null(strstr(text, "\n    PATH: STATE: allocated\n    STATE: deleted\n"));
    assert_null(strstr(text, "\n    STATE: allocated"));
}

static void home_folders_by_their_path_alone(void **state) {
    struct scene *s = *state;
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
    IS_NUMBER(s, "found/times/not_in_use", 2);
    assert_int_equal(json_array_size(at(s->report, "found/times/ends")), 2);
    IS_TEXT(s, "found/times/ends/0/what", "modified");
    IS_TEXT(s, "found/times/ends/0/latest/time", "2020-01-01T00:00:00Z");
    assert_int_equal(json_array_size(at(s->report, "found/times/ends_not_in_use")), 1);
    IS_TEXT(s, "found/times/ends_not_in_use/0/earliest/time", "2001-01-01T00:00:00Z");
    IS_TEXT(s, "found/times/ends_not_in_use/0/earliest/path", "p/2");
    IS_TEXT(s, "found/times/ends_not_in_use/0/latest/time", "2099-01-01T00:00:00.5Z");
    IS_TEXT(s, "found/times/ends_not_in_use/0/latest/state", "deleted");
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

static void what_the_collection_met_is_said(void **state) {
    struct scene *s = *state;
    make(s);
    EX_AUTO_FREE char *before = draw(s, MACHINE_TEXT);
    assert_null(strstr(before, "OTHER BYTES"));
    assert_null(strstr(before, "ANOTHER HASH"));
    json_object_set_new(s->report, "item",
                        json_pack("{s:{s:{s:i}}, s:{s:i}, s:{s:[{s:s}]}}", "second_reading",
                                  "differs", "bytes", 512, "filled", "filled_bytes", 4096,
                                  "container", "hashes", "verdict", "differs"));
    json_object_set_new(json_object_get(s->report, "not_examined"), "not_read",
                        json_pack("{s:i, s:{s:i}}", "changed", 3, "omitted", "pattern", 7));
    EX_AUTO_FREE char *text = draw(s, MACHINE_TEXT);
    assert_non_null(strstr(text, "THE SOURCE GAVE OTHER BYTES"));
    assert_non_null(strstr(text, "4096 bytes of it were read later"));
    assert_non_null(strstr(text, "ANOTHER HASH"));
    assert_non_null(strstr(text, "changed | 3\n"));
    assert_non_null(strstr(text, "pattern | 7\n"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_go_where_they_belong),
        TEST(states_are_inherited),
        TEST(what_is_gone_is_said_to_be),
        TEST(every_word_has_its_place),
        TEST(planted_files_come_last),
        TEST(no_file_pushes_out_another),
        TEST(usual_places_are_in_use_and_in_no_archive),
        TEST(logins_may_be_attempts),
        TEST(long_paths_keep_both_ends),
        TEST(lists_are_cut_and_say_so),
        TEST(long_texts_are_cut_at_a_character),
        TEST(counts_by_kind_type_and_state),
        TEST(sums_do_not_wrap),
        TEST(each_line_has_its_name),
        TEST(home_folders_by_their_path_alone),
        TEST(errors_by_reason_and_parser),
        TEST(ends_of_times),
        TEST(what_is_drawn_is_safe),
        TEST(right_to_left_stays_among_itself),
        TEST(what_is_missing_is_said),
        TEST(what_the_collection_met_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
