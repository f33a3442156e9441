/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, questions, transactions, the digest, and several writers. */
#include "bench.h"

#include <pthread.h>
#include <sys/wait.h>

enum { ROUNDS = 40 };

static void new_one_is_empty_and_private(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct stat st;
    uint64_t size = 9;
    uint8_t root[CATALOG_ROOT_BYTES] = {9}, zeros[CATALOG_ROOT_BYTES] = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(b);
    assert_ok(catalog_position(c, &size, root, &err));
    assert_int_equal(size, 0);
    assert_memory_equal(root, zeros, sizeof root);
    assert_int_equal(stat(b->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    struct list l = {0};
    assert_ok(catalog_each_case(c, list_case, &l, &err));
    assert_ok(catalog_each_item(c, NULL, list_item, &l, &err));
    assert_ok(catalog_each_entry(c, NULL, list_entry, &l, &err));
    assert_int_equal(l.rows, 0);
    catalog_close(NULL);
    catalog_entry_clear(NULL);
    catalog_case_clear(NULL);
    catalog_item_clear(NULL);
}

static void rows_come_back_as_put(void **state) {
    struct ex_error err = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_whole(c, false);
    struct catalog_case k = {0};
    assert_ok(catalog_find_case(c, "A", &k, &err));
    assert_string_equal(k.number, "A");
    assert_string_equal(k.title, "A title");
    assert_int_equal(k.id[0], 1);
    assert_int_equal(k.opened_ns, 7);
    assert_int_equal(k.entry, 3);
    assert_int_equal(k.items, 2);
    catalog_case_clear(&k);
    assert_null(k.number);

    struct catalog_item i = {0}, same = {0};
    assert_ok(catalog_find_item(c, "B/1", &i, &err));
    struct catalog_item wants = an_item(1, 2, 1, "B/1");
    assert_memory_equal(i.id, wants.id, sizeof i.id);
    assert_memory_equal(i.case_id, wants.case_id, sizeof i.case_id);
    assert_memory_equal(i.object_id, wants.object_id, sizeof i.object_id);
    assert_int_equal(i.number, 1);
    assert_string_equal(i.label, wants.label);
    assert_string_equal(i.json, wants.json);
    assert_int_equal(i.collected_ns, -5);
    assert_int_equal(i.entry_intent, 10);
    assert_int_equal(i.entry_outcome, 11);
    assert_true(i.verified);
    assert_int_equal(i.verified_ns, 77);
    assert_ok(catalog_find_item(c, "01ab0000000000000000000000000000", &same, &err));
    assert_string_equal(same.label, "B/1");
    catalog_item_clear(&same);
    assert_ok(catalog_find_item(c, "A/2", &same, &err));
    assert_false(same.verified);
    catalog_item_clear(&same);
    catalog_item_clear(&wants);
    catalog_item_clear(&i);
}

static ex_code check_entry(void *context, const struct catalog_entry *e, struct ex_error *err) {
    bool *seen = context;
    if (e->index != 8)
        return EX_OK;
    *seen = true;
    assert_int_equal(e->time_ns, 1008);
    assert_string_equal(e->event, "case.create");
    assert_string_equal(e->json, "{\"index\":0}");
    assert_true(e->has_case && e->has_item && e->has_intent);
    assert_int_equal(e->case_id[15], 4);
    assert_int_equal(e->item_id[15], 5);
    assert_int_equal(e->intent, 6);
    return EX_OK;
}

static void entries_come_back_as_put(void **state) {
    struct ex_error err = {0};
    bool seen = false;
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    struct catalog_entry e = an_entry(8);
    e.has_case = e.has_item = e.has_intent = true;
    e.case_id[15] = 4;
    e.item_id[15] = 5;
    e.intent = 6;
    assert_ok(catalog_begin(c, &err));
    assert_ok(catalog_put_entry(c, &e, &err));
    assert_ok(put_entry(c, 9, 0, &err));
    assert_ok(catalog_commit(c, &err));
    assert_ok(catalog_each_entry(c, NULL, check_entry, &seen, &err));
    assert_true(seen);
    catalog_entry_clear(&e);
}

static void walks_are_in_order(void **state) {
    struct ex_error err = {0};
    uint8_t id[CATALOG_ID_BYTES];
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_whole(c, true);
    struct list cases = {0}, items = {0}, some = {0}, entries = {0}, of_item = {0}, none = {0};
    assert_ok(catalog_each_case(c, list_case, &cases, &err));
    assert_string_equal(cases.text, "A:2 B:1 ");
    assert_ok(catalog_each_item(c, NULL, list_item, &items, &err));
    assert_string_equal(items.text, "A/1 A/2 B/1 ");
    assert_ok(catalog_each_item(c, "B", list_item, &some, &err));
    assert_string_equal(some.text, "B/1 ");
    assert_ok(catalog_each_entry(c, NULL, list_entry, &entries, &err));
    assert_string_equal(entries.text, "0 1 2 3 ");
    item_id(1, id);
    assert_ok(catalog_each_entry(c, id, list_entry, &of_item, &err));
    assert_string_equal(of_item.text, "1 3 ");
    item_id(200, id);
    assert_ok(catalog_each_entry(c, id, list_entry, &none, &err));
    assert_int_equal(none.rows, 0);
}

static void callback_ends_walk(void **state) {
    struct ex_error err = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_whole(c, false);
    struct list l = {.stop = EX_INTERRUPTED};
    assert_code(catalog_each_case(c, list_case, &l, &err), EX_INTERRUPTED);
    l.rows = 0;
    assert_code(catalog_each_item(c, NULL, list_item, &l, &err), EX_INTERRUPTED);
    assert_int_equal(l.rows, 2);
    l.rows = 0;
    assert_code(catalog_each_entry(c, NULL, list_entry, &l, &err), EX_INTERRUPTED);
    assert_int_equal(l.rows, 2);
}

struct nest {
    struct catalog *c;
    struct list inner;
};

static ex_code ask_inside(void *context, const struct catalog_case *k, struct ex_error *err) {
    struct nest *n = context;
    EX_TRY(catalog_each_case(n->c, list_case, &n->inner, err));
    return catalog_each_item(n->c, k->number, list_item, &n->inner, err);
}

static void walks_nest(void **state) {
    struct ex_error err = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_whole(c, false);
    struct nest n = {.c = c};
    assert_ok(catalog_each_case(c, ask_inside, &n, &err));
    assert_string_equal(n.inner.text, "A:2 B:1 A/1 A/2 A:2 B:1 B/1 ");
}

static void second_row_with_same_key_is_refused(void **state) {
    struct ex_error err = {0};
    uint8_t before[32], after[32], id[CATALOG_ID_BYTES];
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_whole(c, false);
    assert_ok(catalog_digest(c, before, &err));
    item_id(1, id);
    assert_ok(catalog_begin(c, &err));
    assert_code(put_case(c, 1, "new", &err), EX_EXISTS);
    assert_code(put_case(c, 77, "A", &err), EX_EXISTS);
    assert_non_null(strstr(err.text, "case \"A\""));
    assert_code(put_item(c, 1, 1, 50, "new", &err), EX_EXISTS);
    assert_code(put_item(c, 77, 1, 50, "A/1", &err), EX_EXISTS);
    assert_non_null(strstr(err.text, "item \"A/1\""));
    assert_code(put_item(c, 77, 1, 2, "new", &err), EX_EXISTS);
    assert_code(put_entry(c, 2, 0, &err), EX_EXISTS);
    assert_string_equal(err.text, "the catalog has entry 2 already");
    assert_code(catalog_put_concern(c, 3, id, &err), EX_EXISTS);
    assert_ok(catalog_commit(c, &err)); /* the transaction lives on */
    assert_ok(catalog_digest(c, after, &err));
    assert_memory_equal(before, after, 32);
}

static void what_a_row_leans_on_must_be_there(void **state) {
    struct ex_error err = {0};
    uint8_t id[CATALOG_ID_BYTES] = {0xcc};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    assert_ok(catalog_begin(c, &err));
    assert_code(put_item(c, 1, 5, 1, "Z/1", &err), EX_NOT_FOUND);
    assert_non_null(strstr(err.text, "no case for item \"Z/1\""));
    assert_code(catalog_put_concern(c, 12, id, &err), EX_NOT_FOUND);
    assert_non_null(strstr(err.text, "no entry for the concern of entry 12"));
    assert_code(catalog_set_verified(c, id, 1, &err), EX_NOT_FOUND);
    assert_string_equal(err.text, "no item with the id cc000000000000000000000000000000");
    assert_code(put_entry(c, (uint64_t)INT64_MAX + 1, 0, &err), EX_LIMIT);
    assert_ok(put_entry(c, INT64_MAX, 0, &err));
    struct catalog_entry no_event = {0};
    assert_code(catalog_put_entry(c, &no_event, &err), EX_INTERNAL);
    assert_ok(catalog_commit(c, &err));
}

static void not_found_names_what_was_asked_for(void **state) {
    struct ex_error err = {0};
    uint8_t id[CATALOG_ID_BYTES] = {0xdd};
    uint64_t number;
    struct catalog_case k = {0};
    struct catalog_item i = {0};
    struct list l = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_whole(c, false);
    assert_code(catalog_find_case(c, "2026-9", &k, &err), EX_NOT_FOUND);
    assert_string_equal(err.text, "no case \"2026-9\" in this vault");
    assert_string_equal(err.hint, "`exhibit case list` shows the cases");
    assert_code(catalog_find_item(c, "A/9", &i, &err), EX_NOT_FOUND);
    assert_string_equal(err.text, "no item \"A/9\" in this vault");
    assert_string_equal(err.hint, "`exhibit item list` shows the items");
    assert_code(catalog_find_item(c, "ffab0000000000000000000000000000", &i, &err), EX_NOT_FOUND);
    assert_code(catalog_each_item(c, "C", list_item, &l, &err), EX_NOT_FOUND);
    assert_string_equal(err.text, "no case \"C\" in this vault");
    assert_code(catalog_next_number(c, id, &number, &err), EX_NOT_FOUND);
    assert_non_null(strstr(err.text, "dd00"));
    assert_null(k.number);
    assert_null(i.label);
}

static void numbers_follow_the_highest(void **state) {
    struct ex_error err = {0};
    uint64_t number = 0;
    uint8_t one[CATALOG_ID_BYTES] = {1}, two[CATALOG_ID_BYTES] = {2};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    assert_ok(catalog_begin(c, &err));
    assert_ok(put_case(c, 1, "A", &err));
    assert_ok(put_case(c, 2, "B", &err));
    assert_ok(catalog_next_number(c, one, &number, &err));
    assert_int_equal(number, 1);
    assert_ok(put_item(c, 1, 1, 1, "A/1", &err));
    assert_ok(put_item(c, 2, 1, 7, "A/7", &err));
    assert_ok(catalog_next_number(c, one, &number, &err));
    assert_int_equal(number, 8);
    assert_ok(catalog_next_number(c, two, &number, &err));
    assert_int_equal(number, 1);
    catalog_abort(c);
}

static void last_verification_counts(void **state) {
    struct ex_error err = {0};
    uint8_t id[CATALOG_ID_BYTES];
    struct catalog_item i = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    fill_whole(c, false);
    item_id(1, id);
    assert_ok(catalog_begin(c, &err));
    assert_ok(catalog_set_verified(c, id, 500, &err));
    assert_ok(catalog_set_verified(c, id, 400, &err)); /* a clock that went back */
    assert_ok(catalog_commit(c, &err));
    assert_ok(catalog_find_item(c, "B/1", &i, &err));
    assert_int_equal(i.verified_ns, 400);
    catalog_item_clear(&i);
}

static void position_and_root_are_kept(void **state) {
    struct ex_error err = {0};
    uint8_t root[CATALOG_ROOT_BYTES], got[CATALOG_ROOT_BYTES];
    uint64_t size = 0;
    struct catalog *c = open_new(*state);
    for (uint8_t n = 1; n < 3; n++) {
        memset(root, n, sizeof root);
        assert_ok(catalog_begin(c, &err));
        assert_ok(catalog_set_position(c, n * 100U, root, &err));
        assert_ok(catalog_commit(c, &err));
    }
    catalog_close(c);
    c = open_new(*state);
    assert_ok(catalog_position(c, &size, got, &err));
    assert_int_equal(size, 200);
    assert_memory_equal(got, root, sizeof root);
    catalog_close(c);
}

static void abort_leaves_nothing(void **state) {
    struct ex_error err = {0};
    uint8_t empty[32], full[32], now[32];
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    assert_ok(catalog_digest(c, empty, &err));
    catalog_abort(c); /* outside: nothing */
    assert_ok(catalog_begin(c, &err));
    fill(c, false);
    assert_ok(catalog_digest(c, full, &err));
    assert_memory_not_equal(full, empty, 32);
    catalog_abort(c);
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_equal(now, empty, 32);
    fill_whole(c, false);
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_equal(now, full, 32);
}

static void closing_aborts(void **state) {
    struct ex_error err = {0};
    uint8_t empty[32], now[32];
    struct catalog *c = open_new(*state);
    assert_ok(catalog_digest(c, empty, &err));
    assert_ok(catalog_begin(c, &err));
    fill(c, false);
    catalog_close(c);
    c = open_new(*state);
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_equal(now, empty, 32);
    catalog_close(c);
}

static void writes_need_a_transaction(void **state) {
    struct ex_error err = {0};
    uint8_t id[CATALOG_ROOT_BYTES] = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    assert_code(catalog_commit(c, &err), EX_INTERNAL);
    assert_code(catalog_clear(c, &err), EX_INTERNAL);
    assert_code(catalog_set_position(c, 1, id, &err), EX_INTERNAL);
    assert_code(put_entry(c, 1, 0, &err), EX_INTERNAL);
    assert_code(put_case(c, 1, "A", &err), EX_INTERNAL);
    assert_code(put_item(c, 1, 1, 1, "A/1", &err), EX_INTERNAL);
    assert_code(catalog_put_concern(c, 1, id, &err), EX_INTERNAL);
    assert_code(catalog_set_verified(c, id, 1, &err), EX_INTERNAL);
    assert_ok(catalog_begin(c, &err));
    assert_code(catalog_begin(c, &err), EX_INTERNAL);
    catalog_abort(c);
}

static void digest_knows_rows_not_history(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    uint8_t empty[32], first[32], now[32], id[CATALOG_ID_BYTES];
    struct catalog *c = open_new(b);
    assert_ok(catalog_digest(c, empty, &err));
    fill_whole(c, false);
    assert_ok(catalog_digest(c, first, &err));

    assert_ok(catalog_begin(c, &err)); /* cleared and replayed */
    assert_ok(catalog_clear(c, &err));
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_equal(now, empty, 32);
    fill(c, true);
    assert_ok(catalog_commit(c, &err));
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_equal(now, first, 32);
    catalog_close(c);

    assert_ok(catalog_remove(b->vault, &err)); /* deleted and replayed */
    assert_int_not_equal(access(b->file, F_OK), 0);
    assert_ok(catalog_remove(b->vault, &err));
    c = open_new(b);
    fill_whole(c, true);
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_equal(now, first, 32);

    item_id(1, id);
    assert_ok(catalog_begin(c, &err)); /* one value differs */
    assert_ok(catalog_set_verified(c, id, 78, &err));
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_not_equal(now, first, 32);
    catalog_abort(c);
    catalog_close(c);
}

static void names_are_data(void **state) {
    static const char *const names[] = {"'; DROP TABLE items; --",
                                        "\" OR 1=1 --",
                                        "%",
                                        "_",
                                        "?1",
                                        "x'00'",
                                        "",
                                        "\xff\xfe",
                                        "Ä\n\t"};
    struct ex_error err = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    assert_ok(catalog_begin(c, &err));
    for (uint8_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        assert_ok(put_case(c, n, names[n], &err));
        assert_ok(put_item(c, n, n, 1, names[n], &err));
    }
    assert_ok(catalog_commit(c, &err));
    for (uint8_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        struct catalog_case k = {0};
        struct catalog_item i = {0};
        struct list l = {0};
        assert_ok(catalog_find_case(c, names[n], &k, &err));
        assert_string_equal(k.number, names[n]);
        assert_int_equal(k.id[0], n);
        assert_int_equal(k.items, 1);
        assert_ok(catalog_find_item(c, names[n], &i, &err));
        assert_string_equal(i.label, names[n]);
        assert_ok(catalog_each_item(c, names[n], list_item, &l, &err));
        assert_int_equal(l.rows, 1);
        catalog_case_clear(&k);
        catalog_item_clear(&i);
    }
}

/* Each writer appends its own entries and moves the position on by one, whoever was there before.
 */
static ex_code write_rounds(const struct bench *b, uint64_t first, struct ex_error *err) {
    EX_AUTO(catalog_close) struct catalog *c = NULL;
    EX_TRY(catalog_open(b->vault, b->key, &c, err));
    for (uint64_t n = 0; n < ROUNDS; n++) {
        uint64_t size;
        uint8_t root[CATALOG_ROOT_BYTES];
        EX_TRY(catalog_begin(c, err));
        EX_TRY(catalog_position(c, &size, root, err));
        EX_TRY(put_entry(c, first + n, 0, err));
        EX_TRY(catalog_set_position(c, size + 1, root, err));
        EX_TRY(catalog_commit(c, err));
    }
    return EX_OK;
}

struct writer {
    pthread_t thread;
    const struct bench *bench;
    uint64_t first;
    ex_code code;
    struct ex_error err;
};

static void *write_in_thread(void *context) {
    struct writer *w = context;
    w->code = write_rounds(w->bench, w->first, &w->err);
    return NULL;
}

/* Nobody has made the file yet: they also race to create it. */
static void writers_at_once_lose_nothing(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct writer writers[3];
    uint64_t size = 0;
    uint8_t root[CATALOG_ROOT_BYTES];
    struct list l = {0};
    pid_t child = fork();
    if (child == 0)
        _exit(write_rounds(b, 10000, &err) == EX_OK ? 0 : 1);
    for (uint64_t n = 0; n < 3; n++) {
        writers[n] = (struct writer){.bench = b, .first = n * 1000};
        assert_int_equal(pthread_create(&writers[n].thread, NULL, write_in_thread, &writers[n]), 0);
    }
    for (int n = 0; n < 3; n++) {
        assert_int_equal(pthread_join(writers[n].thread, NULL), 0);
        ok_at(writers[n].code, &writers[n].err, __FILE__, __LINE__);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    EX_AUTO(catalog_close) struct catalog *c = open_new(b);
    assert_ok(catalog_position(c, &size, root, &err));
    assert_int_equal(size, 4 * ROUNDS);
    assert_ok(catalog_each_entry(c, NULL, list_entry, &l, &err));
    assert_int_equal(l.rows, 4 * ROUNDS);
}

static void second_writer_waits_then_is_told(void **state) {
    struct ex_error err = {0};
    struct list l = {0};
    EX_AUTO(catalog_close) struct catalog *one = open_new(*state);
    EX_AUTO(catalog_close) struct catalog *two = open_new(*state);
    sqlite3_busy_timeout(two->db, 30);
    assert_ok(catalog_begin(one, &err));
    fill(one, false);
    assert_code(catalog_begin(two, &err), EX_BUSY);
    assert_string_not_equal(err.hint, "");
    assert_ok(catalog_each_entry(two, NULL, list_entry, &l, &err)); /* readers never wait */
    assert_int_equal(l.rows, 0);
    assert_ok(catalog_commit(one, &err));
    assert_ok(catalog_begin(two, &err));
    assert_ok(catalog_each_entry(two, NULL, list_entry, &l, &err));
    assert_int_equal(l.rows, 4);
    catalog_abort(two);
}

int main(int argc, char **argv) {
    uint8_t *key = key_of(argc, argv);
    const struct CMUnitTest tests[] = {
        CASE(new_one_is_empty_and_private),
        CASE(rows_come_back_as_put),
        CASE(entries_come_back_as_put),
        CASE(walks_are_in_order),
        CASE(callback_ends_walk),
        CASE(walks_nest),
        CASE(second_row_with_same_key_is_refused),
        CASE(what_a_row_leans_on_must_be_there),
        CASE(not_found_names_what_was_asked_for),
        CASE(numbers_follow_the_highest),
        CASE(last_verification_counts),
        CASE(position_and_root_are_kept),
        CASE(abort_leaves_nothing),
        CASE(closing_aborts),
        CASE(writes_need_a_transaction),
        CASE(digest_knows_rows_not_history),
        CASE(names_are_data),
        CASE(writers_at_once_lose_nothing),
        CASE(second_writer_waits_then_is_told),
    };
    return cmocka_run_group_tests_name(key != NULL ? "catalog-encrypted" : "catalog", tests, NULL,
                                       NULL);
}
