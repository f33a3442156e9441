/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_layout.h"

/* ---- building, into memory ---- */

static const struct node *find_node(const struct store *s, const uint8_t *id) {
    for (size_t i = 0; i < s->count; i++)
        if (memcmp(s->node[i].id, id, SHA256_BYTES) == 0)
            return &s->node[i];
    return NULL;
}

/* Reads the extents back out of the nodes; checks that nodes end where format/object §5 says. */
static void read_back(const struct store *s, const uint8_t *id, unsigned level, bool last,
                      const struct extent **next, uint64_t *ret_length) {
    struct ex_error err;
    const struct node *n = find_node(s, id);
    struct extent *e = ex_new0_bytes(NODE_ENTRIES_MAX * sizeof *e);
    size_t count;
    assert_non_null(n);
    assert_code(EX_OK, node_parse(n->bytes, n->size, level, e, &count, &err));
    *ret_length = 0;
    for (size_t i = 0; i < count; i++) {
        bool by_id = i + 1 >= 32 && e[i].kind != EXTENT_CONSTANT && e[i].id[0] == 0;
        bool at_end = i + 1 == count;
        if (by_id || i + 1 == 1024)
            assert_true(at_end);
        else if (at_end)
            assert_true(last);
        if (level > 0) {
            uint64_t length;
            read_back(s, e[i].id, level - 1, last && at_end, next, &length);
            assert_int_equal(length, e[i].length);
        } else {
            assert_memory_equal(e[i].id, (*next)->id, SHA256_BYTES);
            assert_int_equal(e[i].length, (*next)->length);
            assert_int_equal(e[i].kind, (*next)->kind);
            assert_int_equal(e[i].value, (*next)->value);
            ++*next;
        }
        *ret_length += e[i].length;
    }
    free(e);
}

static void lists_of_every_size_come_back(void **state) {
    static const size_t counts[] = {0, 1, 31, 32, 33, 1023, 1024, 1025, 5000, 150000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct store s = {0};
        struct extent *e = make_extents(i, counts[i]);
        const struct extent *next = e;
        uint8_t id[32];
        unsigned level;
        uint64_t length;
        build(e, counts[i], &s, id, &level);
        if (counts[i] < 32)
            assert_int_equal(s.count, 1);
        if (counts[i] == 150000)
            assert_true(level >= 2);
        read_back(&s, id, level, true, &next, &length);
        assert_ptr_equal(next, e + counts[i]);
        clear_store(&s);
        free(e);
    }
}

/* Nothing cuts by its id: only the maximum does. */
static void constants_are_cut_by_the_maximum(void **state) {
    enum { COUNT = 3000 };
    struct store s = {0};
    struct extent *e = ex_new0_bytes(COUNT * sizeof *e);
    const struct extent *next = e;
    uint8_t id[32];
    unsigned level;
    uint64_t length;
    for (size_t i = 0; i < COUNT; i++)
        e[i] = (struct extent){.kind = EXTENT_CONSTANT, .value = (uint8_t)i, .length = 65536};
    build(e, COUNT, &s, id, &level);
    assert_int_equal(level, 1);
    assert_int_equal(s.count, 4);
    read_back(&s, id, level, true, &next, &length);
    assert_int_equal(length, COUNT * 65536);
    clear_store(&s);
    free(e);
}

/* Two lists that differ in the middle share nearly all nodes. */
static void a_change_in_the_middle_keeps_the_other_nodes(void **state) {
    enum { COUNT = 60000, MIDDLE = 30000 };
    struct store a = {0}, b = {0};
    struct extent *e = make_extents(3, COUNT);
    uint8_t id_a[32], id_b[32];
    unsigned level;
    size_t shared = 0;
    build(e, COUNT, &a, id_a, &level);
    memmove(e + MIDDLE, e + MIDDLE + 3, (COUNT - MIDDLE - 3) * sizeof *e); /* three are gone */
    build(e, COUNT - 3, &b, id_b, &level);
    assert_memory_not_equal(id_a, id_b, 32);
    for (size_t i = 0; i < b.count; i++)
        shared += find_node(&a, b.node[i].id) != NULL;
    assert_true(b.count > 150);
    assert_true(b.count - shared <= 6);
    clear_store(&a);
    clear_store(&b);
    free(e);
}

static void wrong_nodes_are_refused(void **state) {
    struct ex_error err;
    struct store s = {0};
    struct extent *e = make_extents(4, 20), *got = ex_new0_bytes(NODE_ENTRIES_MAX * sizeof *got);
    uint8_t id[32];
    unsigned level;
    size_t count;
    build(e, 20, &s, id, &level);
    struct node *n = &s.node[0];
    assert_code(EX_OK, node_parse(n->bytes, n->size, 0, got, &count, &err));
    assert_code(EX_ALTERED, node_parse(n->bytes, n->size, 1, got, &count, &err));
    for (size_t size = 0; size < n->size; size++) {
        EX_AUTO_FREE uint8_t *cut = ex_new0_bytes(size + 1);
        memcpy(cut, n->bytes, size);
        assert_code(EX_ALTERED, node_parse(cut, size, 0, got, &count, &err));
    }
    for (size_t at = 0; at < 16; at++) { /* the header has no bit to spare */
        n->bytes[at] ^= 0x80;
        assert_code(EX_ALTERED, node_parse(n->bytes, n->size, 0, got, &count, &err));
        n->bytes[at] ^= 0x80;
    }
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, 0}, {0, 3}, {0, 4}, {2, 1}, {3, 1}, {11, 0x80}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t *byte = n->bytes + 16 + wrong[i].at, old = *byte;
        *byte = wrong[i].value;
        assert_code(EX_ALTERED, node_parse(n->bytes, n->size, 0, got, &count, &err));
        *byte = old;
    }
    memset(n->bytes + 16 + 4, 0, 8); /* a length of 0 */
    assert_code(EX_ALTERED, node_parse(n->bytes, n->size, 0, got, &count, &err));
    clear_store(&s);
    free(got);
    free(e);
}

/* ---- walking, from a vault ---- */

struct walk {
    uint64_t at;
    const struct extent *next;
    size_t damaged_count;
    uint64_t damaged_offset, damaged_length;
    ex_code damaged_code;
};

static ex_code on_extent(void *context, uint64_t offset, const struct extent *e,
                         struct ex_error *err) {
    struct walk *w = context;
    assert_int_equal(offset, w->at);
    assert_memory_equal(e->id, w->next->id, SHA256_BYTES);
    assert_int_equal(e->length, w->next->length);
    w->at += e->length;
    w->next++;
    return EX_OK;
}

static ex_code on_damaged(void *context, const uint8_t id[static SHA256_BYTES], uint64_t offset,
                          uint64_t length, const struct ex_error *why, struct ex_error *err) {
    struct walk *w = context;
    assert_int_equal(offset, w->at);
    w->damaged_count++;
    w->damaged_offset = offset;
    w->damaged_length = length;
    w->damaged_code = why->code;
    for (w->at += length; length > 0; w->next++)
        length -= w->next->length;
    return EX_OK;
}

static bool all_but(size_t i, void *context) {
    return i != *(size_t *)context;
}

static void walk(struct place *p, const uint8_t *id, unsigned level, uint64_t size,
                 const struct extent *e, struct walk *w) {
    struct ex_error err;
    struct fetcher f;
    const struct layout_visitor visitor = {
        .context = w, .extent = on_extent, .damaged = on_damaged};
    *w = (struct walk){.next = e};
    assert_code(EX_OK, fetcher_open(p->v, &f, &err));
    assert_code(EX_OK, layout_walk(&f, id, level, size, &visitor, &err));
    assert_int_equal(w->at, size);
    fetcher_close(&f);
}

static void a_lost_node_hurts_what_it_spans(void **state) {
    struct place *p = *state;
    enum { COUNT = 110000 };
    struct store s = {0};
    struct extent *e = make_extents(8, COUNT);
    uint8_t id[32];
    unsigned level;
    uint64_t size = 0;
    size_t none = SIZE_MAX;
    struct walk w;
    for (size_t i = 0; i < COUNT; i++)
        size += e[i].length;
    build(e, COUNT, &s, id, &level);
    assert_true(level >= 1);
    /* Node 0 is of level 0; all of them, then each without one of some. */
    size_t lost[3] = {0, s.count / 2, s.count - 1};
    for (uint8_t k = 0; k < 3; k++) {
        struct place other;
        make_place_under(&other, "/tmp");
        store_nodes(&other, &s, all_but, &lost[k], (uint8_t)(k + 1));
        walk(&other, id, level, size, e, &w);
        assert_int_equal(w.damaged_count, 1);
        assert_int_equal(w.damaged_code, EX_MISSING);
        if (k == 0)
            assert_int_equal(w.damaged_offset, 0);
        if (k == 2) {
            assert_int_equal(w.damaged_offset, 0); /* the root was written last */
            assert_int_equal(w.damaged_length, size);
        }
        assert_true(k == 2 || w.damaged_length < size);
        vault_close(other.v);
        remove_tree(other.root);
    }
    store_nodes(p, &s, all_but, &none, 9);
    walk(p, id, level, size, e, &w);
    assert_int_equal(w.damaged_count, 0);
    assert_ptr_equal(w.next, e + COUNT);
    /* Deeper than layouts can be. */
    struct ex_error err;
    struct fetcher f;
    const struct layout_visitor visitor = {
        .context = &w, .extent = on_extent, .damaged = on_damaged};
    w = (struct walk){.next = e};
    assert_code(EX_OK, fetcher_open(p->v, &f, &err));
    assert_code(EX_FORMAT, layout_walk(&f, id, LAYOUT_LEVELS, size, &visitor, &err));
    fetcher_close(&f);
    clear_store(&s);
    free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_every_size_come_back),
        cmocka_unit_test(constants_are_cut_by_the_maximum),
        cmocka_unit_test(a_change_in_the_middle_keeps_the_other_nodes),
        cmocka_unit_test(wrong_nodes_are_refused),
        place_test(a_lost_node_hurts_what_it_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
