/* SPDX-License-Identifier: Apache-2.0 */
/* A vault directory for one test, and rows to put into its catalog. Every test that is not about
 * one kind of file runs on both: plain, and as `PROGRAM encrypted`. */
#ifndef EXHIBIT_TESTS_CATALOG_BENCH_H
#define EXHIBIT_TESTS_CATALOG_BENCH_H

#include "catalog/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct bench {
    const uint8_t *key; /* NULL: plain */
    char vault[300];
    char file[400];
};

static inline void ok_at(ex_code code, const struct ex_error *err, const char *file, int line) {
    if (code == EX_OK)
        return;
    print_error("%s: %s (%s; %s)\n", ex_code_name(code), err->text, err->at, err->hint);
    _fail(file, line);
}
#define assert_ok(call)          ok_at((call), &err, __FILE__, __LINE__)
#define assert_code(call, wants) assert_int_equal((call), (wants))

static inline uint8_t *key_of(int argc, char **argv) {
    static uint8_t key[CATALOG_KEY_BYTES] = {'k', 'e', 'y'};
    return argc > 1 && strcmp(argv[1], "encrypted") == 0 ? key : NULL;
}

#define CASE(name) cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, key)

/* *state: the key. */
static inline int set_up(void **state) {
    struct bench *b = ex_new0(struct bench);
    b->key = *state;
    const char *tmp = getenv("TMPDIR");
    /* Characters that mean something in a URI. */
    snprintf(b->vault, sizeof b->vault, "%.200s/catalog?#%%41-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(b->vault) == NULL)
        return -1;
    snprintf(b->file, sizeof b->file, "%s/" CATALOG_FILE, b->vault);
    *state = b;
    return 0;
}

static inline int tear_down(void **state) {
    struct bench *b = *state;
    (void)chmod(b->vault, 0700);
    int failed = catalog_remove(b->vault, NULL) != EX_OK || rmdir(b->vault) != 0;
    free(b);
    return failed ? -1 : 0;
}

static inline struct catalog *open_new(const struct bench *b) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    assert_ok(catalog_open(b->vault, b->key, &c, &err));
    return c;
}

static inline struct catalog_case a_case(uint8_t id, const char *number) {
    return (struct catalog_case){.id = {id},
                                 .number = ex_strdup(number),
                                 .title = ex_strdup("A title"),
                                 .opened_ns = 7,
                                 .entry = 3};
}

static inline struct catalog_item an_item(uint8_t id, uint8_t case_id, uint64_t number,
                                          const char *label) {
    return (struct catalog_item){.id = {id, 0xab},
                                 .case_id = {case_id},
                                 .number = number,
                                 .label = ex_strdup(label),
                                 .object_id = {9, 9, id},
                                 .collected_ns = -5,
                                 .entry_intent = 10,
                                 .entry_outcome = 11,
                                 .json = ex_strdup("{\"size_bytes\":1}")};
}

static inline struct catalog_entry an_entry(uint64_t index) {
    return (struct catalog_entry){.index = index,
                                  .time_ns = 1000 + (int64_t)index,
                                  .event = ex_strdup("case.create"),
                                  .json = ex_strdup("{\"index\":0}")};
}

static inline ex_code put_case(struct catalog *c, uint8_t id, const char *number,
                               struct ex_error *err) {
    struct catalog_case k = a_case(id, number);
    ex_code code = catalog_put_case(c, &k, err);
    catalog_case_clear(&k);
    return code;
}

static inline ex_code put_item(struct catalog *c, uint8_t id, uint8_t case_id, uint64_t number,
                               const char *label, struct ex_error *err) {
    struct catalog_item i = an_item(id, case_id, number, label);
    ex_code code = catalog_put_item(c, &i, err);
    catalog_item_clear(&i);
    return code;
}

static inline ex_code put_entry(struct catalog *c, uint64_t index, uint8_t item,
                                struct ex_error *err) {
    struct catalog_entry e = an_entry(index);
    e.has_item = item != 0;
    e.item_id[0] = item;
    e.item_id[1] = 0xab;
    ex_code code = catalog_put_entry(c, &e, err);
    catalog_entry_clear(&e);
    return code;
}

static inline void item_id(uint8_t id, uint8_t to[static CATALOG_ID_BYTES]) {
    memset(to, 0, CATALOG_ID_BYTES);
    to[0] = id;
    to[1] = 0xab;
}

/* Two cases, three items, four entries; in the order given or from the back. */
static inline void fill(struct catalog *c, bool from_the_back) {
    struct ex_error err = {0};
    static const uint8_t root[CATALOG_ROOT_BYTES] = {1, 2, 3};
    uint8_t id[CATALOG_ID_BYTES];
    if (!from_the_back)
        assert_ok(catalog_set_position(c, 4, root, &err));
    for (uint8_t n = 0; n < 2; n++) {
        bool second = (n == 1) != from_the_back;
        assert_ok(put_case(c, second ? 2 : 1, second ? "B" : "A", &err));
    }
    static const char *const labels[] = {"B/1", "A/2", "A/1"};
    for (uint8_t n = 0; n < 3; n++) {
        uint8_t i = from_the_back ? (uint8_t)(2 - n) : n;
        assert_ok(put_item(c, (uint8_t)(i + 1), i == 0 ? 2 : 1, i == 1 ? 2 : 1, labels[i], &err));
    }
    for (uint64_t n = 0; n < 4; n++) {
        uint64_t i = from_the_back ? 3 - n : n;
        assert_ok(put_entry(c, i, i == 1 ? 1 : 0, &err));
    }
    item_id(1, id);
    assert_ok(catalog_put_concern(c, 3, id, &err));
    assert_ok(catalog_set_verified(c, id, 77, &err));
    if (from_the_back)
        assert_ok(catalog_set_position(c, 4, root, &err));
}

static inline void fill_whole(struct catalog *c, bool from_the_back) {
    struct ex_error err = {0};
    assert_ok(catalog_begin(c, &err));
    fill(c, from_the_back);
    assert_ok(catalog_commit(c, &err));
}

struct list {
    char text[400];
    ex_code stop; /* what the callback gives at its second row */
    int rows;
};

static inline ex_code list_add(struct list *l, const char *text) {
    size_t used = strlen(l->text);
    snprintf(l->text + used, sizeof l->text - used, "%s ", text);
    return ++l->rows == 2 ? l->stop : EX_OK;
}

static inline ex_code list_case(void *context, const struct catalog_case *k, struct ex_error *err) {
    char row[100];
    snprintf(row, sizeof row, "%s:%d", k->number, (int)k->items);
    return list_add(context, row);
}

static inline ex_code list_item(void *context, const struct catalog_item *i, struct ex_error *err) {
    return list_add(context, i->label);
}

static inline ex_code list_entry(void *context, const struct catalog_entry *e,
                                 struct ex_error *err) {
    char row[32];
    snprintf(row, sizeof row, "%d", (int)e->index);
    return list_add(context, row);
}

#endif
