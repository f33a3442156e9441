/* SPDX-License-Identifier: Apache-2.0 */
/* What a collection may do in several ways, and what must not depend on it. */
#include "testing_vault.h"

#include "vault/put_internal.h"

#include <sched.h>

/* ---- the pace ---- */

static void ask(struct pace *p, unsigned unbuilt, size_t times, int *ret_level) {
    for (size_t i = 0; i < times; i++) {
        atomic_store(&p->unbuilt, unbuilt);
        *ret_level = pace_next(p);
        assert_int_equal(atomic_load(&p->unbuilt), unbuilt + 1);
    }
}

static void the_pace_follows_what_waits(void **state) {
    struct pace p;
    int level = 0;
    pace_start(&p, 2);
    ask(&p, 0, 1, &level);
    assert_int_equal(level, 1);
    ask(&p, 8, 1000, &level); /* neither much nor little: it stays */
    assert_int_equal(level, 1);
    ask(&p, 0, 1000, &level); /* processors wait */
    assert_int_equal(level, PACE_STRONGEST);
    ask(&p, 90, 1, &level); /* records wait: one step after the other */
    assert_int_equal(level, 1);
    ask(&p, 90, 3, &level);
    assert_int_equal(level, 1);
    ask(&p, 90, 1000, &level);
    assert_int_equal(level, RECORD_LEVEL_FASTEST);
}

/* Every level decodes to the same bytes, under the same table. */
static void R10_no_level_changes_a_record(void **state) {
    enum { SIZE = 200000 };
    EX_AUTO_FREE uint8_t *data = mixed(3, SIZE);
    const uint8_t id[VAULT_PACK_ID_BYTES] = {1};
    struct epochs *epochs = test_epochs();
    const struct pack_ref ref = test_pack_ref(id, epochs);
    struct ex_error err;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    struct table_entry entry = {.id = {7}, .length = SIZE};
    size_t sizes = 0, last_size = 0;
    assert_code(EX_OK, codec_new(&codec, &err));
    for (int level = RECORD_LEVEL_FASTEST; level <= PACE_STRONGEST; level++) {
        EX_AUTO_FREE uint8_t *built = NULL;
        size_t size;
        struct record r;
        assert_code(EX_OK, record_build(RECORD_CHUNKS, &entry, 1, data, SIZE, codec, level,
                                        test_encrypted(), &built, &size, &err));
        assert_code(EX_OK, record_finish(codec, &ref, built, 0, &err));
        assert_code(EX_OK, record_parse(codec, &ref, built, size, RECORD_ALL, &r, &err));
        assert_int_equal(r.entry_count, 1);
        assert_memory_equal(&r.entry[0], &entry, sizeof entry);
        assert_memory_equal(r.data, data, SIZE);
        record_clear(&r);
        sizes += size != last_size;
        last_size = size;
    }
    assert_true(sizes >= 4); /* they are different levels */
    epochs_free(epochs);
}

/* ---- hashing ---- */

/* The hash of a slab's blocks, which are constant, and the stream's: by one pass and by the pool.
 */
static void slabs_are_hashed_alike(struct place *p, size_t size) {
    struct ex_error err;
    EX_AUTO_FREE uint8_t *data = mixed(size, size + 1);
    uint8_t expected[SHA256_BYTES], hash[SHA256_BYTES];
    size_t blocks;
    EX_AUTO_FREE uint8_t *block_hash = naive_block_hashes(data, size, &blocks);
    write_file(p->source, data, size);
    naive_sha256(data, size, expected);
    for (int pair = 0; pair <= sha256_pair_works(); pair++) {
        struct put_shared *s = ex_new0(struct put_shared);
        struct slab_ring *r = ex_new0(struct slab_ring);
        struct put_state from = {0};
        struct slab *slab;
        struct source *source;
        size_t at = 0;
        assert_code(EX_OK, source_open(p->source, &source, &err));
        assert_code(EX_OK, put_shared_open(s, p->v, &err));
        s->pair = pair != 0;
        assert_code(EX_OK, slab_ring_start(r, s, source, &from, &err));
        while ((slab = slab_ring_take(r)) != NULL) {
            for (size_t i = 0; i * BLOCK_BYTES < slab->size_bytes; i++, at++) {
                const uint8_t *block = data + at * BLOCK_BYTES;
                size_t left = size - at * BLOCK_BYTES;
                assert_memory_equal(slab->hash[i], block_hash + at * SHA256_BYTES, SHA256_BYTES);
                assert_int_equal(slab->constant[i], block_is_constant(block, left));
            }
            slab_ring_give_back(r);
        }
        assert_false(atomic_load(&s->failed));
        assert_int_equal(at, blocks);
        slab_ring_join(r);
        sha256_end(&r->linear, hash);
        assert_memory_equal(hash, expected, sizeof hash);
        slab_ring_free(r);
        put_shared_close(s);
        source_close(source);
        free(r);
        free(s);
    }
}

static void one_pass_or_two_hash_alike(void **state) {
    static const size_t size[] = {0,       1,           4095,        4096,     4097,
                                  1 << 20, 1048576 + 5, 5 * 1048576, 20 << 20, (20 << 20) + 4100};
    if (!sha256_pair_works())
        print_message("# this processor cannot hash in one pass: only the other way is tested\n");
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        slabs_are_hashed_alike(*state, size[i]);
}

/* ---- R10: the same object, whatever the threads and the timing ---- */

static void put_in_new_vault(const uint8_t *data, size_t size, struct vault_object_info *ret) {
    static const uint8_t key[32] = {9};
    const struct vault_put_options options = {.readback = VAULT_READBACK_NEW, .salted_key = key};
    void *state = NULL;
    struct ex_error err;
    struct source *source;
    struct vault_put_report report;
    assert_int_equal(make_place(&state), 0);
    struct place *p = state;
    write_file(p->source, data, size);
    assert_code(EX_OK, source_open(p->source, &source, &err));
    assert_code(EX_OK, vault_put(p->v, source, &options, NULL, ret, &report, &err));
    source_close(source);
    vault_put_report_clear(&report);
    assert_int_equal(remove_place(&state), 0);
}

static void R10_threads_and_timing_do_not_change_an_object(void **state) {
    enum { SIZE = 24 << 20 };
    EX_AUTO_FREE uint8_t *data = mixed(10, SIZE);
    struct vault_object_info first, other;
    cpu_set_t all, one;
    put_in_new_vault(data, SIZE, &first);
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    for (int i = 0; i < 4; i++) {
        if (i % 2 == 0) { /* one thread, on a processor that others use too */
            CPU_ZERO(&one);
            for (size_t cpu = 0; CPU_COUNT(&one) == 0; cpu++)
                if (CPU_ISSET(cpu, &all))
                    CPU_SET(cpu, &one);
            assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
        }
        put_in_new_vault(data, SIZE, &other);
        assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
        assert_memory_equal(other.id, first.id, sizeof first.id);
        assert_memory_equal(other.sha256, first.sha256, sizeof first.sha256);
        assert_memory_equal(other.fsverity, first.fsverity, sizeof first.fsverity);
        assert_memory_equal(other.salted_root, first.salted_root, sizeof first.salted_root);
        assert_memory_equal(other.layout, first.layout, sizeof first.layout);
        assert_int_equal(other.layout_level, first.layout_level);
        vault_object_info_clear(&other);
    }
    vault_object_info_clear(&first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pace_follows_what_waits),
        cmocka_unit_test(R10_no_level_changes_a_record),
        place_test(one_pass_or_two_hash_alike),
        cmocka_unit_test(R10_threads_and_timing_do_not_change_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
