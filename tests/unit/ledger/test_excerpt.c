/* SPDX-License-Identifier: Apache-2.0 */
/* Excerpts: what was written is proved and given back; what was changed is not. The entries here
 * are signed by nobody whom the log knows, so only places and proofs are asked; who signed is
 * history's, and the golden tests of packages have it. */
#include "testing_ledger.h"

#include "ledger/excerpt.h"

enum { ENTRIES = 300 };

static ex_code no_body(void *context, uint64_t index, const uint8_t **ret, size_t *ret_bytes,
                       struct ex_error *e) {
    (void)context;
    (void)index;
    (void)ret;
    (void)ret_bytes;
    (void)e;
    return EX_OK;
}

static void make(struct place *p, uint64_t since, char **ret, size_t *ret_bytes) {
    static const uint64_t index[] = {0, 1, 7, 255, 256, 299};
    EX_AUTO(ledger_close) struct ledger *l = place_open(p);
    const struct excerpt_plan plan = {
        .index = index, .count = sizeof index / sizeof index[0], .since = since, .body = no_body};
    append(p, l, ENTRIES);
    assert_code(EX_OK, excerpt_write(l, sign_key_public(p->key), &plan, ret, ret_bytes, &err));
}

static void look(const struct place *p, const char *text, size_t size, const uint8_t *old_root,
                 struct excerpt_report *ret) {
    EX_AUTO(excerpt_free) struct excerpt *x = NULL;
    assert_code(EX_OK, excerpt_parse(text, size, &x, &err));
    assert_code(EX_OK,
                excerpt_check(x, sign_key_public(p->key), old_root, NULL, NULL, ret, NULL, &err));
}

static void what_was_written_is_proved(void **state) {
    struct place *p = *state;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    EX_AUTO_FREE struct excerpt_report *r = ex_new0(struct excerpt_report);
    make(p, 0, &text, &size);
    look(p, text, size, NULL, r);
    assert_int_equal(r->problem_count, 0);
    assert_int_equal(r->proved, 6);
    assert_int_equal(r->checkpoint.size, ENTRIES);
    assert_int_equal(r->history.signatures_bad, 6); /* signed by nobody whom the log enrols */
    assert_false(excerpt_good(r));
}

static void another_key_vouches_for_nothing(void **state) {
    struct place *p = *state;
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO(excerpt_free) struct excerpt *x = NULL;
    EX_AUTO_FREE struct excerpt_report *r = ex_new0(struct excerpt_report);
    size_t size;
    make(p, 0, &text, &size);
    assert_code(EX_OK, excerpt_parse(text, size, &x, &err));
    assert_code(EX_OK, excerpt_check(x, sign_key_public(p->any), NULL, NULL, NULL, r, NULL, &err));
    assert_int_equal(r->checkpoint.size, 0);
    assert_int_equal(r->not_proved, 6);
}

static void growth_is_proved_from_the_known_root(void **state) {
    struct place *p = *state;
    struct merkle_frontier f;
    uint8_t root[MERKLE_BYTES];
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO_FREE struct excerpt_report *r = ex_new0(struct excerpt_report);
    size_t size;
    make(p, 100, &text, &size);
    merkle_frontier_start(&f);
    for (uint64_t i = 0; i < 100; i++)
        merkle_frontier_add(&f, p->leaf[i]);
    merkle_frontier_root(&f, root);
    look(p, text, size, root, r);
    assert_int_equal(r->problem_count, 0);
    assert_int_equal(r->since, 100);
    root[0] ^= 1;
    look(p, text, size, root, r);
    assert_int_equal(r->problem_count, 1);
    assert_int_equal(r->since, 0);
}

/* Any one bit: it is no excerpt any more, or something in it is no longer proved. */
static void every_flipped_bit_is_noticed(void **state) {
    struct place *p = *state;
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO_FREE struct excerpt_report *r = ex_new0(struct excerpt_report);
    size_t size, unnoticed = 0;
    make(p, 0, &text, &size);
    size_t key_line = (size_t)(strstr(text, "\nkey ") - text);
    for (size_t at = 0; at < size; at++) {
        EX_AUTO(excerpt_free) struct excerpt *x = NULL;
        text[at] = (char)(text[at] ^ (1 << at % 8));
        if (excerpt_parse(text, size, &x, NULL) == EX_OK) {
            assert_code(EX_OK,
                        excerpt_check(x, sign_key_public(p->key), NULL, NULL, NULL, r, NULL, &err));
            bool key =
                at > key_line && at < key_line + 5 + 45; /* the caller has it from elsewhere */
            if (r->problem_count == 0 && !key)
                unnoticed++;
        }
        text[at] = (char)(text[at] ^ (1 << at % 8));
    }
    assert_int_equal(unnoticed, 0);
}

static void a_part_of_it_is_proved_as_before(void **state) {
    struct place *p = *state;
    EX_AUTO_FREE char *text = NULL, *part = NULL;
    EX_AUTO(excerpt_free) struct excerpt *x = NULL;
    EX_AUTO_FREE struct excerpt_report *r = ex_new0(struct excerpt_report);
    size_t size, part_size;
    bool keep[6] = {0};
    make(p, 100, &text, &size);
    assert_code(EX_OK, excerpt_parse(text, size, &x, &err));
    assert_code(EX_MISSING, excerpt_part(x, keep, &part, &part_size, &err));
    keep[2] = keep[5] = true;
    assert_code(EX_OK, excerpt_part(x, keep, &part, &part_size, &err));
    assert_int_equal(strlen(part), part_size);
    look(p, part, part_size, NULL, r);
    assert_int_equal(r->problem_count, 0);
    assert_int_equal(r->proved, 2);
    free(part);
    part = NULL;
    memset(keep, true, sizeof keep);
    assert_code(EX_OK, excerpt_part(x, keep, &part, &part_size, &err));
    assert_string_equal(part, text);
}

static void what_is_no_excerpt_is_refused(void **state) {
    struct place *p = *state;
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO(excerpt_free) struct excerpt *x = NULL;
    size_t size;
    make(p, 0, &text, &size);
    assert_code(EX_FORMAT, excerpt_parse("", 0, &x, &err));
    assert_code(EX_FORMAT, excerpt_parse(text, 60, &x, &err));
    for (size_t cut = 1; cut < size; cut += 97)
        if (excerpt_parse(text, cut, &x, NULL) == EX_OK) { /* cut inside the note */
            EX_AUTO_FREE struct excerpt_report *r = ex_new0(struct excerpt_report);
            assert_code(EX_OK,
                        excerpt_check(x, sign_key_public(p->key), NULL, NULL, NULL, r, NULL, &err));
            assert_true(r->problem_count > 0);
            excerpt_free(x);
            x = NULL;
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_proved, place_start, place_stop),
        cmocka_unit_test_setup_teardown(another_key_vouches_for_nothing, place_start, place_stop),
        cmocka_unit_test_setup_teardown(growth_is_proved_from_the_known_root, place_start,
                                        place_stop),
        cmocka_unit_test_setup_teardown(every_flipped_bit_is_noticed, place_start, place_stop),
        cmocka_unit_test_setup_teardown(a_part_of_it_is_proved_as_before, place_start, place_stop),
        cmocka_unit_test_setup_teardown(what_is_no_excerpt_is_refused, place_start, place_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
