/* SPDX-License-Identifier: Apache-2.0 */
/* Reading here and there gives the bytes that were put, or says where it cannot, and nothing
 * between. What vault_stream() finds damaged is what a reader must find damaged. */
#include "testing_layout.h"

#include "vault/reader.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    MIXED = 22 << 20, /* more than a reader keeps */
    SMALL = 4 << 20,  /* chunks of one block: many of them, in several nodes */
    ZEROS = 1 << 20,
    TAIL = 40777,
    SIZE = MIXED + SMALL + ZEROS + TAIL,
    READ_MAX = 700000
};

struct fixture {
    struct place place;
    uint8_t *data, *buffer; /* SIZE bytes each */
    struct vault_object_info object;
    struct vault_put_report report;
    char pack[256];
    uint64_t pack_bytes;
};

static uint8_t *make_data(void) {
    struct random r = {77};
    uint8_t *most = mixed(5, MIXED), *data = ex_new0_bytes(SIZE), *at = data + MIXED;
    memcpy(data, most, MIXED);
    free(most);
    for (size_t i = 0; i < SMALL; i += 4096)
        random_fill(&r, at + i, 4096 - 16);
    random_fill(&r, data + SIZE - TAIL, TAIL);
    return data;
}

static int make_fixture(void **state) {
    struct fixture *f = ex_new0(struct fixture);
    struct stat st;
    make_place_under(&f->place, "/tmp");
    f->data = make_data();
    f->buffer = ex_new0_bytes(SIZE);
    put_bytes(&f->place, f->data, SIZE, &f->object, &f->report);
    pack_path(&f->place, &f->report, 0, f->pack);
    assert_int_equal(stat(f->pack, &st), 0);
    f->pack_bytes = (uint64_t)st.st_size;
    *state = f;
    return 0;
}

static int remove_fixture(void **state) {
    struct fixture *f = *state;
    vault_close(f->place.v);
    remove_tree(f->place.root);
    vault_object_info_clear(&f->object);
    vault_put_report_clear(&f->report);
    free(f->data);
    free(f->buffer);
    free(f);
    return 0;
}

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, make_fixture, remove_fixture)

static struct vault_reader *open_reader(struct vault *v, const struct vault_object_info *o) {
    struct vault_reader *r = NULL;
    struct ex_error err;
    assert_code(EX_OK, vault_reader_open(v, o, &r, &err));
    assert_int_equal(vault_reader_size(r), o->size_bytes);
    assert_int_equal(vault_reader_damage(r)->length, 0);
    return r;
}

/* Mostly short, some long; often near the one before. */
static void random_range(struct random *random, uint64_t size, uint64_t *offset, uint64_t *length) {
    static const uint64_t most[] = {1, 100, 4096, 5000, 65536, 131072, READ_MAX};
    uint64_t kind = random_next(random);
    if (kind % 4 != 0 || *offset + *length >= size)
        *offset = random_next(random) % size;
    else
        *offset += *length;
    *length = random_next(random) % most[(kind >> 8) % (sizeof most / sizeof most[0])] + 1;
    *length = *length < size - *offset ? *length : size - *offset;
}

static void assert_reads(struct vault_reader *r, const uint8_t *data, uint64_t offset,
                         uint64_t length, uint8_t *buffer) {
    struct ex_error err;
    buffer[length] = 0xa5; /* not one byte more */
    assert_code(EX_OK, vault_reader_read(r, offset, buffer, length, &err));
    assert_int_equal(buffer[length], 0xa5);
    if (memcmp(buffer, data + offset, length) != 0)
        fail_msg("%llu bytes at %llu", (unsigned long long)length, (unsigned long long)offset);
}

/* ---- sound vaults ---- */

static void random_reads_give_the_bytes(void **state) {
    struct fixture *f = *state;
    struct vault_reader *r = open_reader(f->place.v, &f->object);
    struct random random = {1};
    uint64_t offset = 0, length = 0;
    for (int i = 0; i < 4000; i++) {
        random_range(&random, SIZE, &offset, &length);
        assert_reads(r, f->data, offset, length, f->buffer);
    }
    vault_reader_close(r);
}

static void reads_in_order_give_the_bytes(void **state) {
    static const uint64_t steps[] = {131072, 4096, 100003};
    struct fixture *f = *state;
    for (size_t k = 0; k < 3; k++) {
        struct vault_reader *r = open_reader(f->place.v, &f->object);
        for (uint64_t at = 0, part; at < SIZE; at += part) {
            part = steps[k] < SIZE - at ? steps[k] : SIZE - at;
            assert_reads(r, f->data, at, part, f->buffer);
        }
        vault_reader_close(r);
    }
}

static ex_code no_stretch(void *context, const struct vault_stretch *s, struct ex_error *err) {
    return ex_fail(err, EX_INTERNAL, "there should be none");
}

static void assert_outside(struct vault_reader *r, uint64_t offset, uint64_t length) {
    struct ex_error err;
    uint8_t byte;
    assert_code(EX_USAGE, vault_reader_read(r, offset, &byte, length, &err));
    assert_code(EX_USAGE, vault_reader_each(r, offset, length, no_stretch, NULL, &err));
}

static void nothing_is_read_outside(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info empty;
    struct vault_reader *r = open_reader(f->place.v, &f->object);
    assert_reads(r, f->data, SIZE - 1, 1, f->buffer);
    assert_reads(r, f->data, SIZE, 0, f->buffer);
    assert_code(EX_OK, vault_reader_each(r, SIZE, 0, no_stretch, NULL, &err));
    assert_outside(r, SIZE, 1);
    assert_outside(r, SIZE - 1, 2);
    assert_outside(r, 1, UINT64_MAX);
    assert_outside(r, UINT64_MAX, 1);
    assert_outside(r, UINT64_MAX, 0);
    vault_reader_close(r);
    put_bytes(&f->place, f->data, 0, &empty, NULL);
    r = open_reader(f->place.v, &empty);
    assert_code(EX_OK, vault_reader_read(r, 0, f->buffer, 0, &err));
    assert_code(EX_OK, vault_reader_each(r, 0, 0, no_stretch, NULL, &err));
    assert_outside(r, 0, 1);
    vault_reader_close(r);
    vault_object_info_clear(&empty);
}

static void a_locked_vault_is_denied(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault *v;
    struct vault_reader *r;
    assert_code(EX_OK, vault_open(f->place.vault, &v, &err));
    if (test_encrypted()) {
        assert_code(EX_DENIED, vault_reader_open(v, &f->object, &r, &err));
    } else {
        r = open_reader(v, &f->object);
        assert_reads(r, f->data, 5, 5, f->buffer);
        vault_reader_close(r);
    }
    vault_close(v);
}

/* ---- damage ---- */

static bool overlaps(const struct collector *c, uint64_t offset, uint64_t length, size_t *ret) {
    for (size_t k = 0; k < c->damaged_pieces; k++) {
        if (c->damaged[k].offset < offset + length &&
            offset < c->damaged[k].offset + c->damaged[k].length) {
            *ret = k;
            return true;
        }
    }
    return false;
}

/* One read of a range of which some may be damaged; false: something is not as it should be. Asks
 * nothing of cmocka, for it is called from threads too. */
static bool reads_but_damage(struct vault_reader *r, const struct collector *c, const uint8_t *data,
                             uint64_t offset, uint64_t length, uint8_t *buffer) {
    struct ex_error err;
    char byte[60];
    size_t k;
    ex_code code = vault_reader_read(r, offset, buffer, length, &err);
    if (!overlaps(c, offset, length, &k))
        return code == EX_OK && memcmp(buffer, data + offset, length) == 0;
    uint64_t from = c->damaged[k].offset > offset ? c->damaged[k].offset : offset;
    const struct vault_damage *d = vault_reader_damage(r);
    (void)snprintf(byte, sizeof byte, "byte %llu ", (unsigned long long)from);
    return code == (c->damaged[k].missing ? EX_MISSING : EX_ALTERED) && err.code == code &&
           strstr(err.text, byte) != NULL && d->offset == c->damaged[k].offset &&
           d->length == c->damaged[k].length && d->missing == c->damaged[k].missing &&
           d->why[0] != '\0' && memcmp(buffer, data + offset, from - offset) == 0;
}

static void assert_reads_but_damage(struct fixture *f, const struct vault_object_info *o,
                                    const uint8_t *data, int reads, uint64_t seed) {
    struct collector c;
    struct random random = {seed};
    uint64_t offset = 0, length = 0;
    uint8_t *buffer = ex_new0_bytes(READ_MAX + 1);
    struct vault_reader *r = open_reader(f->place.v, o);
    stream_all(f->place.v, o, &c);
    assert_true(c.damaged_pieces > 0 && c.damaged_pieces <= COLLECTOR_DAMAGED_MAX);
    for (int i = 0; i < reads; i++) {
        random_range(&random, o->size_bytes, &offset, &length);
        if (i % 3 == 0) /* near damage */
            offset = c.damaged[(size_t)i % c.damaged_pieces].offset / 4096 * 4096;
        length = length < o->size_bytes - offset ? length : o->size_bytes - offset;
        if (!reads_but_damage(r, &c, data, offset, length, buffer))
            fail_msg("%llu bytes at %llu", (unsigned long long)length, (unsigned long long)offset);
    }
    vault_reader_close(r);
    free(buffer);
    free(c.data);
}

/* Bytes of data records, not of the few at the end that hold the layout. */
static void spoil_some(const struct fixture *f, const char *pack) {
    for (uint64_t k = 1; k < 5; k++)
        spoil(pack, f->pack_bytes * k / 9, 4);
}

static void damage_hurts_its_bytes_only(void **state) {
    struct fixture *f = *state;
    spoil_some(f, f->pack);
    assert_reads_but_damage(f, &f->object, f->data, 900, 2);
    spoil_some(f, f->pack);
    struct vault_reader *r = open_reader(f->place.v, &f->object);
    assert_reads(r, f->data, 0, SIZE - 1, f->buffer);
    vault_reader_close(r);
}

/* Of two packs that an object needs, one is gone. */
static void put_more(struct fixture *f, uint8_t **ret_data, struct vault_object_info *ret) {
    enum { MORE = 3 << 20 };
    struct random r = {9};
    uint8_t *data = ex_new0_bytes(MIXED + MORE);
    random_fill(&r, data, MORE);
    memcpy(data + MORE, f->data, MIXED);
    put_bytes(&f->place, data, MORE + MIXED, ret, NULL);
    *ret_data = data;
}

/* Leaves of the original pack's chunks only a few, so that the list of what is damaged is whole. */
static void put_more_of_few(struct fixture *f, uint8_t **ret_data, struct vault_object_info *ret) {
    enum { MORE = 3 << 20, OLD = 1 << 20 };
    struct random r = {9};
    uint8_t *data = ex_new0_bytes(2 * MORE + OLD);
    random_fill(&r, data, 2 * MORE + OLD);
    memcpy(data + MORE, f->data + MIXED - OLD, OLD);
    put_bytes(&f->place, data, 2 * MORE + OLD, ret, NULL);
    *ret_data = data;
}

static void a_lost_pack_is_missing(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info o;
    uint8_t *data;
    put_more_of_few(f, &data, &o);
    assert_int_equal(unlink(f->pack), 0);
    assert_reads_but_damage(f, &o, data, 300, 3);
    /* All of the other object, its layout too, which is read at the first use. */
    struct vault_reader *r = open_reader(f->place.v, &f->object);
    assert_code(EX_MISSING, vault_reader_read(r, 70000, f->buffer, 1, &err));
    assert_non_null(strstr(err.text, "byte 70000 "));
    assert_int_equal(vault_reader_damage(r)->offset, 0);
    assert_int_equal(vault_reader_damage(r)->length, SIZE);
    assert_true(vault_reader_damage(r)->missing);
    assert_code(EX_MISSING, vault_reader_each(r, 0, SIZE, no_stretch, NULL, &err));
    vault_reader_close(r);
    free(data);
    vault_object_info_clear(&o);
}

/* The same bytes in two packs: damage to one copy hurts nothing, whichever it is. */
static void another_copy_rescues(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info o;
    struct vault_put_report second;
    char hidden[300], other[256];
    uint64_t packs, entries;
    (void)snprintf(hidden, sizeof hidden, "%s/hidden", f->place.root);
    assert_int_equal(rename(f->pack, hidden), 0);
    put_bytes(&f->place, f->data, SIZE, &o, &second);
    assert_int_equal(rename(hidden, f->pack), 0);
    assert_code(EX_OK, vault_rebuild_index(f->place.v, NULL, &packs, &entries, &err));
    assert_int_equal(packs, 2);
    pack_path(&f->place, &second, 0, other);
    for (int which = 0; which < 2; which++) {
        const char *path = which ? other : f->pack;
        spoil_some(f, path);
        struct vault_reader *r = open_reader(f->place.v, &o);
        for (int twice = 0; twice < 2; twice++)
            for (uint64_t at = 0; at < SIZE; at += 90000)
                assert_reads(r, f->data, at, 90000 < SIZE - at ? 90000 : SIZE - at, f->buffer);
        vault_reader_close(r);
        spoil_some(f, path);
        r = open_reader(f->place.v, which ? &f->object : &o);
        assert_int_equal(rename(path, hidden), 0);
        assert_reads(r, f->data, 0, SIZE - 1, f->buffer);
        assert_int_equal(rename(hidden, path), 0);
        vault_reader_close(r);
    }
    vault_object_info_clear(&o);
    vault_put_report_clear(&second);
}

/* ---- side by side ---- */

struct beside {
    struct fixture *f;
    const struct vault_object_info *object;
    const struct collector *damage;
    const uint8_t *data;
    uint64_t seed;
    unsigned wrong;
};

static void *read_beside(void *context) {
    struct beside *b = context;
    struct random random = {b->seed};
    uint8_t *buffer = ex_new0_bytes(READ_MAX + 1);
    uint64_t offset = 0, length = 0;
    for (int i = 0; i < 6; i++) {
        struct vault_reader *r = NULL;
        struct vault_object_info again;
        if (vault_object(b->f->place.v, b->object->id, &again, NULL) != EX_OK ||
            vault_reader_open(b->f->place.v, &again, &r, NULL) != EX_OK) {
            b->wrong++;
            break;
        }
        for (int k = 0; k < 60; k++) {
            random_range(&random, b->object->size_bytes, &offset, &length);
            b->wrong += !reads_but_damage(r, b->damage, b->data, offset, length, buffer);
        }
        vault_reader_close(r);
        vault_object_info_clear(&again);
    }
    free(buffer);
    return NULL;
}

/* Four readers of one handle, while another handle changes the index below them; some of what they
 * want is gone, so that they look for it again and again. */
static void readers_work_side_by_side(void **state) {
    enum { THREADS = 4, PUTS = 5, PUT_BYTES = 300000 };
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info o, new;
    struct collector c;
    struct beside beside[THREADS];
    pthread_t thread[THREADS];
    uint8_t *data;
    struct place other = f->place;
    put_more_of_few(f, &data, &o);
    assert_int_equal(unlink(f->pack), 0);
    stream_all(f->place.v, &o, &c);
    assert_true(c.damaged_pieces > 0 && c.damaged_pieces <= COLLECTOR_DAMAGED_MAX);
    reopen_place(&f->place); /* which has adopted nothing yet */
    assert_code(EX_OK, open_test_vault(f->place.vault, &other.v, &err));
    for (unsigned i = 0; i < THREADS; i++) {
        beside[i] = (struct beside){f, &o, &c, data, 100 + i, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, read_beside, &beside[i]), 0);
    }
    for (unsigned i = 0; i < PUTS; i++) {
        put_bytes(&other, f->data + PUT_BYTES * i + 512, PUT_BYTES, &new, NULL);
        vault_object_info_clear(&new);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(beside[i].wrong, 0);
    vault_close(other.v);
    vault_object_info_clear(&o);
    free(c.data);
    free(data);
}

/* ---- after a compaction ---- */

static ex_code one_object(void *context, const uint8_t (**ret)[SHA256_BYTES], size_t *ret_count,
                          struct ex_error *err) {
    *ret = context;
    *ret_count = 1;
    return EX_OK;
}

/* Another process takes an object out, and with it the packs that the reader knew. */
static void a_compaction_elsewhere_is_followed(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info o;
    struct vault *other;
    uint8_t *data;
    struct vault_compaction *compaction;
    struct vault_compact_report *report;
    put_more(f, &data, &o);
    struct vault_reader *r = open_reader(f->place.v, &o);
    assert_reads(r, data, 0, 1, f->buffer);
    assert_code(EX_OK, open_test_vault(f->place.vault, &other, &err));
    const struct vault_compact_options options = {.objects = one_object,
                                                  .context = o.id,
                                                  .all = true,
                                                  .recompress = true,
                                                  .level = 3,
                                                  .journal = "{\"act\": \"compact\"}"};
    assert_code(EX_OK, vault_compact_plan(other, &options, NULL, &compaction, &report, &err));
    assert_code(EX_OK, vault_compact_run(compaction, NULL, &err));
    assert_int_equal(report->removed_count, 2);
    vault_compaction_free(compaction);
    assert_int_not_equal(access(f->pack, F_OK), 0);
    assert_reads(r, data, 0, o.size_bytes, f->buffer);
    vault_reader_close(r);
    r = open_reader(f->place.v, &o);
    assert_reads(r, data, 7, o.size_bytes - 7, f->buffer);
    vault_reader_close(r);
    vault_close(other);
    free(data);
    vault_object_info_clear(&o);
}

/* ---- stretches ---- */

struct expected {
    size_t count, capacity;
    struct extent *extent;
    uint64_t *start; /* NULL: made by the test itself, from 0 on */
    size_t at;       /* the extent that comes next … */
    uint64_t offset; /* … and how far the range got */
};

static ex_code add_expected(void *context, uint64_t offset, const struct extent *e,
                            struct ex_error *err) {
    struct expected *x = context;
    EX_TRY(ex_grow(&x->extent, &x->capacity, x->count + 1, sizeof *e, 1 << 30, "extents", err));
    x->extent[x->count++] = *e;
    return EX_OK;
}

static ex_code compare_stretch(void *context, const struct vault_stretch *s, struct ex_error *err) {
    struct expected *x = context;
    while (x->start[x->at] + x->extent[x->at].length <= x->offset)
        x->at++;
    const struct extent *e = &x->extent[x->at];
    uint64_t inside = x->offset - x->start[x->at];
    assert_int_equal(s->constant, e->kind == EXTENT_CONSTANT);
    assert_true(s->length > 0 && s->length <= e->length - inside);
    if (s->constant) {
        assert_int_equal(s->value, e->value);
    } else {
        assert_memory_equal(s->chunk, e->id, SHA256_BYTES);
        assert_int_equal(s->chunk_length, e->length);
        assert_int_equal(s->offset, inside);
    }
    x->offset += s->length;
    return EX_OK;
}

static void sum_starts(struct expected *x) {
    x->start = ex_new0_bytes((x->count + 1) * sizeof *x->start);
    for (size_t i = 0; i < x->count; i++)
        x->start[i + 1] = x->start[i] + x->extent[i].length;
}

static void assert_stretches(struct vault_reader *r, struct expected *x, uint64_t offset,
                             uint64_t length) {
    struct ex_error err;
    x->at = 0;
    x->offset = offset;
    assert_code(EX_OK, vault_reader_each(r, offset, length, compare_stretch, x, &err));
    assert_int_equal(x->offset, offset + length);
}

static void clear_expected(struct expected *x) {
    free(x->extent);
    free(x->start);
}

static void stretches_are_those_of_the_layout(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct expected x = {0};
    struct fetcher fetcher;
    struct random random = {4};
    const struct layout_visitor visitor = {.context = &x, .extent = add_expected};
    uint64_t offset = 0, length = 0;
    assert_code(EX_OK, fetcher_open(f->place.v, &fetcher, &err));
    assert_code(EX_OK, layout_walk(&fetcher, f->object.layout, f->object.layout_level, SIZE,
                                   &visitor, &err));
    fetcher_close(&fetcher);
    assert_true(f->object.layout_level > 0);
    sum_starts(&x);
    struct vault_reader *r = open_reader(f->place.v, &f->object);
    assert_stretches(r, &x, 0, SIZE);
    for (int i = 0; i < 2000; i++) {
        random_range(&random, SIZE, &offset, &length);
        assert_stretches(r, &x, offset, length);
    }
    vault_reader_close(r);
    clear_expected(&x);
}

static ex_code stop_second(void *context, const struct vault_stretch *s, struct ex_error *err) {
    int *calls = context;
    return ++*calls == 2 ? ex_fail(err, EX_SPACE, "no more") : EX_OK;
}

static void the_callback_may_stop_it(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    int calls = 0;
    struct vault_reader *r = open_reader(f->place.v, &f->object);
    assert_code(EX_SPACE, vault_reader_each(r, 0, SIZE, stop_second, &calls, &err));
    assert_int_equal(calls, 2);
    vault_reader_close(r);
}

/* ---- large layouts, of chunks that are not there ---- */

static bool all_but(size_t i, void *context) {
    return i != *(size_t *)context;
}

static void make_layout(struct expected *x, struct store *s, struct vault_object_info *ret) {
    x->count = 110000;
    x->extent = make_extents(8, x->count);
    sum_starts(x);
    *ret = (struct vault_object_info){.size_bytes = x->start[x->count]};
    build(x->extent, x->count, s, ret->layout, &ret->layout_level);
    assert_int_equal(ret->layout_level, 2);
}

static void free_layout(struct expected *x, struct store *s) {
    clear_store(s);
    clear_expected(x);
}

/* More nodes than are kept, in three levels. */
static void large_layouts_are_found_through(void **state) {
    struct place *p = *state;
    struct expected x = {0};
    struct store s = {0};
    struct vault_object_info o;
    struct ex_error err;
    struct random random = {6};
    size_t none = SIZE_MAX;
    uint64_t offset = 0, length = 0;
    uint8_t byte;
    make_layout(&x, &s, &o);
    store_nodes(p, &s, all_but, &none, 1);
    struct vault_reader *r = open_reader(p->v, &o);
    for (int i = 0; i < 1000; i++) {
        random_range(&random, o.size_bytes, &offset, &length);
        assert_stretches(r, &x, offset, length);
    }
    assert_stretches(r, &x, 0, o.size_bytes);
    for (size_t i = 0; x.extent[i].kind != EXTENT_CONSTANT; i++)
        assert_code(EX_MISSING, vault_reader_read(r, x.start[i], &byte, 1, &err));
    vault_reader_close(r);
    free_layout(&x, &s);
}

/* One node of each level is gone: what it spans fails, all else is found. */
static void a_lost_node_hurts_what_it_spans(void **state) {
    struct place *p = *state;
    struct expected x = {0};
    struct store s = {0};
    struct vault_object_info o;
    struct ex_error err;
    make_layout(&x, &s, &o);
    size_t above = 0; /* the first node of level 1 */
    while (s.node[above].bytes[8] != 1)
        above++;
    size_t lost[] = {3, above, s.count - 1};
    for (uint8_t k = 0; k < 3; k++) {
        struct place other;
        make_place_under(&other, "/tmp");
        store_nodes(&other, &s, all_but, &lost[k], (uint8_t)(k + 1));
        struct vault_reader *r = open_reader(other.v, &o);
        struct vault_damage d;
        x.at = 0;
        x.offset = 0;
        assert_code(EX_MISSING, vault_reader_each(r, 0, o.size_bytes, compare_stretch, &x, &err));
        d = *vault_reader_damage(r);
        assert_int_equal(d.offset, x.offset);
        assert_int_equal(d.offset == 0, k > 0);
        assert_int_equal(d.length == o.size_bytes, k == 2);
        assert_true(d.missing && d.length > 0);
        assert_code(EX_MISSING,
                    vault_reader_each(r, d.offset + d.length - 1, 1, no_stretch, NULL, &err));
        assert_stretches(r, &x, d.offset + d.length, o.size_bytes - d.offset - d.length);
        assert_stretches(r, &x, 0, d.offset);
        vault_reader_close(r);
        vault_close(other.v);
        remove_tree(other.root);
    }
    o.layout_level = LAYOUT_LEVELS;
    struct vault_reader *r = NULL;
    assert_code(EX_FORMAT, vault_reader_open(p->v, &o, &r, &err));
    free_layout(&x, &s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fixture_test(random_reads_give_the_bytes),
        fixture_test(reads_in_order_give_the_bytes),
        fixture_test(nothing_is_read_outside),
        fixture_test(a_locked_vault_is_denied),
        fixture_test(damage_hurts_its_bytes_only),
        fixture_test(a_lost_pack_is_missing),
        fixture_test(another_copy_rescues),
        fixture_test(readers_work_side_by_side),
        fixture_test(a_compaction_elsewhere_is_followed),
        fixture_test(stretches_are_those_of_the_layout),
        fixture_test(the_callback_may_stop_it),
        place_test(large_layouts_are_found_through),
        place_test(a_lost_node_hurts_what_it_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
