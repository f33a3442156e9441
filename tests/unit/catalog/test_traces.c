/* SPDX-License-Identifier: Apache-2.0 */
/* Examinations and traces in the catalog: rows, filters, children, disposal, the digest. */
#include "bench.h"

#include "catalog/traces.h"

static struct catalog_examination an_examination(uint64_t entry, uint8_t item) {
    struct catalog_examination x = {.entry = entry,
                                    .time_ns = 5,
                                    .profile = "standard",
                                    .result = "done",
                                    .traces = 4,
                                    .state = CATALOG_TRACES_HELD};
    x.item_id[0] = item;
    x.object_id[0] = (uint8_t)entry;
    return x;
}

static struct catalog_trace a_trace(uint64_t entry, uint64_t number, uint64_t parent,
                                    const char *kind, const char *name) {
    struct catalog_trace t = {.entry = entry,
                              .number = number,
                              .parent = parent,
                              .kind = kind,
                              .name = name,
                              .at = number * 100,
                              .length = 99};
    t.id[0] = (uint8_t)number;
    return t;
}

/* A folder with two files, one of them deleted, and an error. */
static void fill_traces(struct catalog *c, uint64_t entry, uint8_t item) {
    struct ex_error err = {0};
    struct catalog_examination x = an_examination(entry, item);
    struct catalog_trace t[] = {
        a_trace(entry, 1, 0, "directory", "docs"), a_trace(entry, 2, 1, "file", "One.JPG"),
        a_trace(entry, 3, 1, "file", "two.txt"), a_trace(entry, 4, 0, "error", NULL)};
    t[1].has_size = t[1].has_sha256 = t[1].has_content_key = true;
    t[1].size = 77;
    t[1].sha256[0] = 9;
    t[1].content_key[0] = 8;
    t[2].state = "deleted";
    t[2].type = "zip";
    assert_ok(catalog_begin(c, &err));
    assert_ok(catalog_put_examination(c, &x, &err));
    for (size_t i = 0; i < 4; i++)
        assert_ok(catalog_put_trace(c, &t[i], &err));
    assert_ok(catalog_commit(c, &err));
}

struct seen {
    unsigned rows;
    char numbers[64];
};

static ex_code see(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct seen *s = context;
    (void)err;
    s->rows++;
    snprintf(s->numbers + strlen(s->numbers), 8, "%d ", (int)t->number);
    return EX_OK;
}

static void assert_seen(struct catalog *c, struct catalog_trace_filter f, uint64_t limit,
                        const char *numbers) {
    struct ex_error err = {0};
    struct seen s = {0};
    assert_ok(catalog_each_trace(c, &f, limit, see, &s, &err));
    assert_string_equal(s.numbers, numbers);
}

static ex_code check_row(void *context, const struct catalog_trace *t, struct ex_error *err) {
    assert_int_equal(t->parent, 1);
    assert_string_equal(t->kind, "file");
    assert_string_equal(t->name, "One.JPG");
    assert_null(t->state);
    assert_null(t->type);
    assert_true(t->has_size && t->has_sha256 && t->has_content_key);
    assert_int_equal(t->size, 77);
    assert_int_equal(t->sha256[0], 9);
    assert_int_equal(t->content_key[0], 8);
    assert_int_equal(t->at, 200);
    assert_int_equal(t->length, 99);
    return see(context, t, err);
}

static void rows_come_back(void **state) {
    struct ex_error err = {0};
    struct seen s = {0};
    bool found;
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_traces(c, 6, 1);
    assert_ok(catalog_trace_at(c, 6, 2, check_row, &s, &found, &err));
    assert_true(found);
    assert_int_equal(s.rows, 1);
    assert_ok(catalog_trace_at(c, 6, 5, see, &s, &found, &err));
    assert_false(found);
    assert_ok(catalog_known_content(c, (const uint8_t[16]){8}, check_row, &s, &found, &err));
    assert_true(found);
    assert_ok(catalog_known_content(c, (const uint8_t[16]){0}, see, &s, &found, &err));
    assert_false(found);
}

static void filters_choose(void **state) {
    struct ex_error err = {0};
    uint64_t count;
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_traces(c, 6, 1);
    fill_traces(c, 9, 2);
    assert_seen(c, (struct catalog_trace_filter){.entry = 6}, 10, "1 2 3 4 ");
    assert_seen(c, (struct catalog_trace_filter){.entry = 6}, 2, "1 2 ");
    assert_seen(c, (struct catalog_trace_filter){.entry = 7}, 10, "");
    assert_seen(c, (struct catalog_trace_filter){.entry = 9, .kind = "file"}, 10, "2 3 ");
    assert_seen(c, (struct catalog_trace_filter){.entry = 6, .state = "deleted"}, 10, "3 ");
    assert_seen(c, (struct catalog_trace_filter){.entry = 6, .state = "allocated"}, 10, "1 2 4 ");
    assert_seen(c, (struct catalog_trace_filter){.entry = 6, .name = "*.jpg"}, 10, "2 ");
    assert_seen(c, (struct catalog_trace_filter){.entry = 6, .name = "%"}, 10, "");
    assert_ok(catalog_count_traces(c, &(struct catalog_trace_filter){.entry = 6, .kind = "file"},
                                   &count, &err));
    assert_int_equal(count, 2);
}

static void children_come_in_order(void **state) {
    struct ex_error err = {0};
    struct seen s = {0};
    bool found;
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_traces(c, 6, 1);
    assert_ok(catalog_next_child(c, 6, 0, 0, see, &s, &found, &err));
    assert_ok(catalog_next_child(c, 6, 0, 1, see, &s, &found, &err));
    assert_ok(catalog_next_child(c, 6, 1, 0, see, &s, &found, &err));
    assert_ok(catalog_next_child(c, 6, 1, 2, see, &s, &found, &err));
    assert_string_equal(s.numbers, "1 4 2 3 ");
    assert_ok(catalog_next_child(c, 6, 1, 3, see, &s, &found, &err));
    assert_false(found);
}

static void ids_are_found_by_their_beginning(void **state) {
    struct ex_error err = {0};
    struct seen s = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_traces(c, 6, 1);
    fill_traces(c, 9, 1);
    uint8_t low[16] = {2}, high[16];
    memset(high, 0xff, sizeof high);
    high[0] = 3;
    assert_ok(catalog_each_trace_by_id(c, low, high, see, &s, &err));
    assert_string_equal(s.numbers, "2 2 3 3 ");
}

static void what_is_wrong_is_not_put(void **state) {
    struct ex_error err = {0};
    struct catalog_examination x = an_examination(6, 1);
    struct catalog_trace orphan = a_trace(6, 5, 5, "file", "x"),
                         same = a_trace(6, 1, 0, "file", "");
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_traces(c, 6, 1);
    assert_code(catalog_put_trace(c, &same, &err), EX_INTERNAL); /* outside of a transaction */
    assert_ok(catalog_begin(c, &err));
    assert_code(catalog_put_trace(c, &same, &err), EX_EXISTS);
    assert_code(catalog_put_examination(c, &x, &err), EX_EXISTS);
    assert_code(catalog_put_trace(c, &orphan, &err), EX_INTERNAL);
    catalog_abort(c);
}

static ex_code see_state(void *context, const struct catalog_examination *x, struct ex_error *err) {
    char *to = context;
    (void)err;
    snprintf(to + strlen(to), 24, "%d %s ", (int)x->entry, x->state);
    return EX_OK;
}

static void disposal_takes_the_traces_of_one_item(void **state) {
    struct ex_error err = {0};
    char states[100] = "";
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_traces(c, 6, 1);
    fill_traces(c, 9, 2);
    fill_traces(c, 12, 1);
    assert_ok(catalog_begin(c, &err));
    assert_ok(catalog_dispose_traces(c, (const uint8_t[16]){1}, &err));
    assert_ok(catalog_set_examination_state(c, 9, CATALOG_TRACES_ALTERED, &err));
    assert_ok(catalog_commit(c, &err));
    assert_ok(catalog_each_examination(c, NULL, see_state, states, &err));
    assert_string_equal(states, "6 disposed 9 altered 12 disposed ");
    assert_seen(c, (struct catalog_trace_filter){.entry = 6}, 10, "");
    assert_seen(c, (struct catalog_trace_filter){.entry = 12}, 10, "");
    assert_seen(c, (struct catalog_trace_filter){.entry = 9}, 10, "1 2 3 4 ");
    states[0] = '\0';
    assert_ok(catalog_each_examination(c, (const uint8_t[16]){2}, see_state, states, &err));
    assert_string_equal(states, "9 altered ");
}

static void the_digest_sees_them(void **state) {
    struct ex_error err = {0};
    uint8_t none[32], one[32], again[32], other[32];
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    assert_ok(catalog_digest(c, none, &err));
    fill_traces(c, 6, 1);
    assert_ok(catalog_digest(c, one, &err));
    assert_memory_not_equal(none, one, sizeof one);
    assert_ok(catalog_begin(c, &err));
    assert_ok(catalog_drop_traces(c, 6, &err));
    assert_ok(catalog_commit(c, &err));
    assert_ok(catalog_digest(c, other, &err));
    assert_memory_not_equal(one, other, sizeof one);
    assert_ok(catalog_begin(c, &err));
    assert_ok(catalog_clear(c, &err));
    assert_ok(catalog_commit(c, &err));
    assert_ok(catalog_digest(c, again, &err));
    assert_memory_equal(none, again, sizeof none);
    fill_traces(c, 6, 1);
    assert_ok(catalog_digest(c, again, &err));
    assert_memory_equal(one, again, sizeof one);
}

/* As an older program left it: it may have read entries without knowing what they mean. */
static void an_older_catalog_begins_anew(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    uint64_t size;
    uint8_t root[CATALOG_ROOT_BYTES];
    struct catalog *c = open_new(b);
    fill_whole(c, false);
    assert_int_equal(sqlite3_exec(c->db,
                                  "DROP TABLE traces; DROP TABLE examinations;"
                                  "PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    catalog_close(c);
    c = open_new(b);
    assert_ok(catalog_position(c, &size, root, &err));
    assert_int_equal(size, 0);
    assert_code(catalog_find_case(c, "A", &(struct catalog_case){0}, &err), EX_NOT_FOUND);
    fill_traces(c, 6, 1);
    catalog_close(c);
}

int main(int argc, char **argv) {
    uint8_t *key = key_of(argc, argv);
    const struct CMUnitTest tests[] = {
        CASE(rows_come_back),           CASE(filters_choose),
        CASE(children_come_in_order),   CASE(ids_are_found_by_their_beginning),
        CASE(what_is_wrong_is_not_put), CASE(disposal_takes_the_traces_of_one_item),
        CASE(the_digest_sees_them),     CASE(an_older_catalog_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
