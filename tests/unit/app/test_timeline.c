/* SPDX-License-Identifier: Apache-2.0 */
/* Times that are collected from lines: filters, order, places, and the limit. */
#include "app/timeline_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HEAD "{\"exhibit_traces\":1}\n"
#define A_TRACE(kind, rest)                                                                        \
    "{\"id\":\"00112233445566778899aabbccddeeff\",\"parent\":0,\"kind\":\"" kind                   \
    "\",\"parser\":0,\"key\":\"7\"" rest "}\n"
#define A_TIME(what, time, zone, step)                                                             \
    "{\"what\":\"" what "\",\"time\":" time ",\"zone\":\"" zone "\",\"resolution_ns\":" step       \
    ",\"source\":\"s\"}"
#define END "{\"end\":{\"traces\":4,\"errors\":0,\"truncated\":false}}\n"

static const char lines[] = HEAD A_TRACE("volume", "") A_TRACE(
    "file",
    ",\"name\":\"One.JPG\",\"times\":[" A_TIME(
        "modified", "\"2024-05-06T10:00:00Z\"", "UTC",
        "1") "," A_TIME("accessed", "\"2024-05-06T00:00:00\"", "local",
                        "86400000000000") "," A_TIME("created", "null,\"seconds\":-99999999999",
                                                     "UTC", "1") "]")
    A_TRACE("file", ",\"name\":\"two\",\"state\":\"deleted\",\"times\":[" A_TIME(
                        "modified", "\"2024-05-06T10:00:00.5Z\"", "UTC",
                        "1") "," A_TIME("changed",
                                        "\"2024-05-06T00:"
                                        "00:00\"",
                                        "local", "2000000000") "]")
        A_TRACE("directory", ",\"name\":\"\xc3\x84.jpg\",\"times\":[" A_TIME(
                                 "modified", "\"2024-05-06T10:00:00Z\"", "UTC", "1") "]") END;

struct scene {
    struct request request;
    struct act act;
    struct timeline t;
    struct timeline_item item[2];
    size_t now;
};

static ex_code take(void *context, const struct catalog_trace *row, const struct trace_line *line,
                    struct ex_error *err) {
    struct scene *s = context;
    return timeline_take(&s->t, s->now, row, line, err);
}

static struct scene *scene_new(void) {
    struct scene *s = ex_new0(struct scene);
    s->act.request = &s->request;
    s->t = (struct timeline){
        .act = &s->act, .whats = ~0U, .item = s->item, .item_count = 2, .events_max = 1000};
    return s;
}

static void scene_free(struct scene *s) {
    for (size_t i = 0; i < 2; i++) {
        trace_states_clear(&s->item[i].states);
        free(s->item[i].at);
    }
    free(s->t.event);
    free(s->t.texts);
    free(s);
}

/* The same lines for both items, the later one first. */
static ex_code gather(struct scene *s, struct ex_error *err) {
    for (s->now = 2; s->now-- > 0;) {
        EX_AUTO(trace_lines_free) struct trace_lines *l = NULL;
        struct trace_totals totals;
        EX_TRY(trace_lines_new(take, s, &l, err));
        EX_TRY(trace_lines_feed(l, (const uint8_t *)lines, sizeof lines - 1, err));
        EX_TRY(trace_lines_end(l, &totals, err));
    }
    return EX_OK;
}

static void check(struct scene *s, const char *expected) {
    char text[400] = "";
    struct ex_error err;
    if (gather(s, &err) != EX_OK)
        fail_msg("%s", err.text);
    timeline_sort(&s->t);
    for (size_t i = 0; i < s->t.count; i++) {
        const struct timeline_event *e = &s->t.event[i];
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%u:%u.%u ", (unsigned)e->item,
                       (unsigned)e->number, (unsigned)e->index);
    }
    assert_string_equal(text, expected);
    scene_free(s);
}

static void order(void **state) {
    (void)state;
    check(scene_new(), "0:2.2 1:2.2 "       /* before the year 0 */
                       "0:2.1 1:2.1 "       /* a date before a time */
                       "0:3.1 1:3.1 "       /* local, as it stands */
                       "0:2.0 0:4.0 1:2.0 " /* equal: by item, then by number */
                       "1:4.0 0:3.0 1:3.0 ");
    struct scene *s = scene_new();
    s->t.zone = (struct timeline_zone){.given = true, .minutes = -660}; /* 11 hours later */
    check(s, "0:2.2 1:2.2 0:2.0 0:4.0 1:2.0 1:4.0 0:3.0 1:3.0 0:2.1 1:2.1 0:3.1 1:3.1 ");
}

static void filters(void **state) {
    struct scene *s = scene_new();
    (void)state;
    s->request.flag[FLAG_KIND] = "directory";
    check(s, "0:4.0 1:4.0 ");
    s = scene_new();
    s->request.flag[FLAG_STATE] = "deleted";
    s->t.whats = 1; /* modified */
    check(s, "0:3.0 1:3.0 ");
    s = scene_new();
    s->request.flag[FLAG_STATE] = "allocated";
    s->request.flag[FLAG_NAME] = "*.jpg";
    s->t.whats = 1;
    check(s, "0:2.0 0:4.0 1:2.0 1:4.0 ");
    s = scene_new();
    s->request.flag[FLAG_NAME] = "\xc3\xa4.jpg"; /* only ASCII has two cases */
    check(s, "");
    s = scene_new();
    assert_int_equal(
        timeline_parse_span("2024-05-06T23:00", "2024-05-07T01:00", s->t.zone, &s->t.span, NULL),
        EX_OK);
    check(s, "0:2.1 1:2.1 ");
}

static void near_the_ends(void **state) {
    struct scene *s = scene_new();
    struct ex_error err;
    (void)state;
    assert_int_equal(
        timeline_parse_span("2024-05-06T10:00", "2024-05-06T12:00", s->t.zone, &s->t.span, NULL),
        EX_OK);
    assert_int_equal(gather(s, &err), EX_OK);
    assert_int_equal(s->t.near, 2); /* 3.1, at midnight as it stands */
    assert_int_equal(s->t.count, 8);
    scene_free(s);
}

static void places(void **state) {
    struct scene *s = scene_new();
    struct ex_error err;
    (void)state;
    assert_int_equal(gather(s, &err), EX_OK);
    assert_int_equal(s->item[0].count, 4);
    for (unsigned n = 1; n <= 4; n++) {
        const uint64_t *at = s->item[0].at;
        assert_true(memcmp(lines + at[n - 1], "{\"id\"", 5) == 0);
        assert_int_equal(lines[at[n] - 1], '\n');
    }
    scene_free(s);
}

/* A record says nothing of the file that it is from. */
static void states_of_what_it_is_in(void **state) {
    static const char *const own[] = {"", ",\"state\":\"deleted\"", "", ",\"state\":\"virtual\"",
                                      ""};
    static const enum trace_state stands[] = {TRACE_ALLOCATED, TRACE_DELETED, TRACE_DELETED,
                                              TRACE_DELETED, TRACE_DELETED};
    struct scene *s = scene_new();
    struct ex_error err;
    (void)state;
    s->request.flag[FLAG_STATE] = "deleted";
    for (unsigned n = 1; n <= 5; n++) { /* each in the one before it */
        char text[400], texts[400];
        struct trace_line line;
        int size = snprintf(text, sizeof text,
                            "{\"id\":\"00112233445566778899aabbccddeeff\",\"parent\":%u,\"kind\":"
                            "\"record\",\"parser\":0,\"key\":\"7\"%s,\"times\":[" A_TIME(
                                "added", "\"2024-05-06T10:00:00Z\"", "UTC", "1") "]}",
                            n - 1, own[n - 1]);
        assert_true(trace_line_read(text, (size_t)size, texts, &line));
        const struct catalog_trace row = {.number = n, .parent = n - 1};
        assert_int_equal(timeline_take(&s->t, 0, &row, &line, &err), EX_OK);
        assert_int_equal(trace_state_of(&s->item[0].states, n), stands[n - 1]);
    }
    assert_int_equal(s->t.count, 4);
    scene_free(s);
}

static void too_many(void **state) {
    struct scene *s = scene_new();
    struct ex_error err = {0};
    (void)state;
    s->t.events_max = 11;
    assert_int_equal(gather(s, &err), EX_LIMIT);
    assert_string_equal(err.text, "there are more than 11 times");
    assert_true(err.hint[0] != '\0');
    scene_free(s);
    s = scene_new();
    s->t.events_max = 12;
    assert_int_equal(gather(s, &err), EX_OK);
    scene_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),         cmocka_unit_test(filters),
        cmocka_unit_test(near_the_ends), cmocka_unit_test(places),
        cmocka_unit_test(too_many),      cmocka_unit_test(states_of_what_it_is_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
