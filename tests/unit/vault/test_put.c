/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

static void free_object(struct vault_object_info *o, struct vault_put_report *r) {
    vault_object_info_clear(o);
    vault_put_report_clear(r);
}

/* Everything that must hold for bytes that were put. */
static void assert_held(struct place *p, const struct vault_object_info *o, const uint8_t *data,
                        size_t size) {
    uint8_t hash[32];
    struct vault_object_info found;
    assert_int_equal(o->size_bytes, size);
    naive_sha256(data, size, hash);
    assert_memory_equal(o->sha256, hash, 32);
    naive_fsverity(data, size, hash);
    assert_memory_equal(o->fsverity, hash, 32);
    reopen_place(p);
    find_object(p->v, o->id, &found);
    assert_int_equal(found.size_bytes, size);
    assert_memory_equal(found.fsverity, o->fsverity, 32);
    assert_memory_equal(found.salted_root, o->salted_root, 32);
    assert_streams(p->v, &found, data);
    assert_verifies(p->v, &found);
    vault_object_info_clear(&found);
}

static void put_twice(struct place *p, uint8_t *data, size_t size) {
    struct vault_object_info a, b;
    struct vault_put_report first, second;
    put_bytes(p, data, size, &a, &first);
    assert_int_equal(first.data_bytes + first.constant_bytes, size);
    assert_int_equal(first.readback, VAULT_READBACK_NEW);
    assert_int_not_equal(first.method, VAULT_READ_NOT);
    assert_int_equal(first.pack_count, 1);
    assert_held(p, &a, data, size);
    put_bytes(p, data, size, &b, &second);
    assert_memory_equal(a.sha256, b.sha256, 32);
    assert_memory_equal(a.fsverity, b.fsverity, 32);
    assert_memory_equal(a.layout, b.layout, 32);
    assert_memory_not_equal(a.id, b.id, 32); /* two collections are two objects */
    assert_int_equal(second.chunks_new, 0);
    assert_int_equal(second.chunks, first.chunks);
    if (size > 200000)
        assert_true(second.added_bytes < size / 100);
    if (first.chunks > 0)
        assert_true(second.reused_oldest_ns > 1600000000000000000);
    assert_held(p, &b, data, size);
    assert_no_problems(p->v);
    free_object(&a, &first);
    free_object(&b, &second);
}

static void small_and_edge_sizes(void **state) {
    struct place *p = *state;
    static const size_t sizes[] = {0,     1,     4095,   4096,   4097,   65535,
                                   65536, 65537, 524287, 524288, 524289, (3 << 20) + 5};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *data = ex_new0_bytes(sizes[i] + 1);
        struct random r = {i + 1};
        random_fill(&r, data, sizes[i]);
        put_twice(p, data, sizes[i]);
        free(data);
        data = mixed(i + 100, sizes[i]);
        put_twice(p, data, sizes[i]);
        memset(data, 0, sizes[i]);
        put_twice(p, data, sizes[i]);
        free(data);
    }
}

static void forty_mebibytes(void **state) {
    uint8_t *data = mixed(42, 40 << 20);
    put_twice(*state, data, 40 << 20);
    free(data);
}

/* Chunks of the greatest length, one behind the other: they fill records alone. Sixteen-byte zeros
 * and the mask are kept away by trying blocks until their hash does not cut. */
static void the_longest_chunks(void **state) {
    struct place *p = *state;
    enum { BLOCKS = 5 * CHUNK_MAX_BLOCKS + 3 };
    uint8_t *data = ex_new0_bytes(BLOCKS * 4096), hash[32];
    struct random r = {7};
    struct vault_object_info o;
    struct vault_put_report report;
    for (size_t i = 0; i < BLOCKS; i++)
        do {
            random_fill(&r, data + i * 4096, 4096);
            naive_sha256(data + i * 4096, 4096, hash);
        } while ((hash[0] & 15) == 0);
    put_bytes(p, data, BLOCKS * 4096, &o, &report);
    assert_int_equal(report.chunks, 6);
    assert_held(p, &o, data, BLOCKS * 4096);
    assert_no_problems(p->v);
    free_object(&o, &report);
    free(data);
}

/* Content that stands in an object many times is stored once, also while it is on its way. */
static void repetition_within_one_object(void **state) {
    struct place *p = *state;
    enum { PART = 1 << 20, PARTS = 12 };
    uint8_t *data = ex_new0_bytes(PART * PARTS);
    struct random r = {8};
    struct vault_object_info o;
    struct vault_put_report report;
    random_fill(&r, data, PART);
    for (size_t i = 1; i < PARTS; i++)
        memcpy(data + i * PART, data, PART);
    put_bytes(p, data, PART * PARTS, &o, &report);
    assert_true(report.added_bytes < 2 * PART + (1 << 19));
    assert_held(p, &o, data, PART * PARTS);
    free_object(&o, &report);
    free(data);
}

/* More than a pack holds, with two resume points, which end one each, and behind them what is in the
 * first pack, which is published by then. */
static void several_packs(void **state) {
    struct place *p = *state;
    enum { PART = 16 << 20, SIZE = PACK_TARGET_BYTES + 3 * PART };
    uint8_t *data = ex_new0_bytes(SIZE);
    struct random r = {15};
    struct vault_object_info a, b;
    struct vault_put_report first, second;
    for (size_t i = 0; i < SIZE - PART; i += 8) {
        uint64_t word = random_next(&r);
        memcpy(data + i, &word, 8);
    }
    memcpy(data + SIZE - PART, data, PART);
    put_bytes(p, data, SIZE, &a, &first);
    assert_int_equal(first.pack_count, 3);
    assert_true(first.added_bytes > SIZE - PART);
    assert_true(first.added_bytes < SIZE - PART + (SIZE >> 7));
    assert_held(p, &a, data, SIZE);
    put_bytes(p, data, SIZE, &b, &second);
    assert_int_equal(second.chunks_new, 0);
    assert_true(second.added_bytes < SIZE / 1000);
    assert_memory_equal(a.layout, b.layout, 32);
    assert_no_problems(p->v);
    free_object(&a, &first);
    free_object(&b, &second);
    free(data);
}

static void readback_modes(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 3 << 20 };
    uint8_t *data = mixed(9, SIZE);
    struct vault_object_info o;
    struct vault_put_report r;
    write_file(p->source, data, SIZE);
    assert_code(EX_OK, try_put(p->v, p->source, VAULT_READBACK_NONE, &o, &r, &err));
    assert_int_equal(r.readback, VAULT_READBACK_NONE);
    assert_int_equal(r.method, VAULT_READ_NOT);
    free_object(&o, &r);
    assert_code(EX_OK, try_put(p->v, p->source, VAULT_READBACK_NEW, &o, &r, &err));
    assert_true(r.reused_bytes > 0);
    assert_int_equal(r.reused_oldest_ns, 0); /* never read back */
    free_object(&o, &r);
    assert_code(EX_OK, try_put(p->v, p->source, VAULT_READBACK_ALL, &o, &r, &err));
    assert_int_equal(r.readback, VAULT_READBACK_ALL);
    assert_held(p, &o, data, SIZE);
    free_object(&o, &r);
    free(data);
}

/* readback=all compares the bytes: what is damaged is stored anew, and then read well. readback=new
 * looks at the table only. */
static void readback_all_finds_a_damaged_shared_chunk(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 1 << 20 };
    uint8_t *data = ex_new0_bytes(SIZE);
    struct random random = {10};
    struct vault_object_info o;
    struct vault_put_report r, again;
    char path[256];
    random_fill(&random, data, SIZE);
    put_bytes(p, data, SIZE, &o, &r);
    spoil(pack_path(p, &r, 0, path), 200000, 1);
    vault_object_info_clear(&o);
    assert_code(EX_OK, try_put(p->v, p->source, VAULT_READBACK_NEW, &o, &again, &err));
    assert_int_equal(again.chunks_new, 0);
    free_object(&o, &again);
    assert_code(EX_OK, try_put(p->v, p->source, VAULT_READBACK_ALL, &o, &again, &err));
    assert_true(again.chunks_new > 0);
    assert_held(p, &o, data, SIZE);
    free_object(&o, &again);
    vault_put_report_clear(&r);
    free(data);
}

/* An index that names places where the bytes are not: nothing relies on it. */
static void a_lying_index_is_not_relied_on(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 1 << 20 };
    uint8_t *data = mixed(31, SIZE);
    struct pack_list lie = {0};
    struct vault_object_info a, b;
    struct vault_put_report first, second;
    put_bytes(p, data, SIZE, &a, &first);
    uint8_t *other = mixed(32, SIZE);
    struct vault_object_info secret;
    struct vault_put_report kept;
    put_bytes(p, other, SIZE, &secret, &kept); /* only to learn the ids of its chunks */
    EX_AUTO_FD int fd = -1;
    char name[PACK_NAME_BYTES];
    assert_code(EX_OK, ex_open_at(p->v->packs_fd, pack_name(name, kept.pack[0]), 0, &fd, &err));
    assert_code(EX_OK, pack_list_read(fd, p->v, name, &lie, &err));
    assert_int_equal(unlinkat(p->v->packs_fd, name, 0), 0);
    assert_code(EX_OK, index_remove_all(p->v->index, &err));
    memcpy(lie.id, first.pack[0], sizeof lie.id); /* the ids, in a pack that holds other bytes */
    assert_code(EX_OK, index_publish(p->v->index, &lie, &err));
    put_bytes(p, other, SIZE, &b, &second);
    assert_true(second.chunks_new > 0);
    assert_held(p, &b, other, SIZE);
    pack_list_clear(&lie);
    free_object(&a, &first);
    free_object(&secret, &kept);
    free_object(&b, &second);
    free(data);
    free(other);
}

/* The index still names a pack that is gone: the bytes are stored anew, and read again. */
static void a_lost_pack_is_not_relied_on(void **state) {
    struct place *p = *state;
    enum { SIZE = 2 << 20 };
    uint8_t *data = mixed(11, SIZE);
    struct vault_object_info a, b;
    struct vault_put_report first, second;
    char path[256];
    put_bytes(p, data, SIZE, &a, &first);
    assert_int_equal(unlink(pack_path(p, &first, 0, path)), 0);
    put_bytes(p, data, SIZE, &b, &second);
    assert_int_equal(second.chunks_new, first.chunks_new);
    assert_held(p, &b, data, SIZE);
    free_object(&a, &first);
    free_object(&b, &second);
    free(data);
}

static ex_code put_stdin(struct place *p, int fd, struct ex_progress *progress,
                         struct vault_object_info *o, struct vault_put_report *r,
                         struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = NULL;
    const struct vault_put_options options = {.readback = VAULT_READBACK_NEW};
    int saved = dup(STDIN_FILENO);
    assert_true(dup2(fd, STDIN_FILENO) >= 0);
    ex_code code = source_open("-", &s, err);
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    close(saved);
    EX_TRY(code);
    return vault_put(p->v, s, &options, progress, o, r, err);
}

static void standard_input(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = (2 << 20) + 777 };
    uint8_t *data = mixed(12, SIZE);
    struct vault_object_info o;
    struct vault_put_report r;
    int pipe_fd[2];
    assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) { /* in odd pieces */
        close(pipe_fd[0]);
        for (size_t at = 0, part = 1; at < SIZE; at += part, part = part * 7 % 65521 + 1) {
            part = part < SIZE - at ? part : SIZE - at;
            if (ex_write_all(pipe_fd[1], data + at, part, "pipe", NULL) != EX_OK)
                _exit(1);
        }
        _exit(0);
    }
    close(pipe_fd[1]);
    assert_code(EX_OK, put_stdin(p, pipe_fd[0], NULL, &o, &r, &err));
    close(pipe_fd[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_held(p, &o, data, SIZE);
    free_object(&o, &r);
    free(data);
}

static void bad_sectors(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = (3 << 20) + 100 };
    static const struct source_range injected[] = {
        {0, 1, 0},
        {0, 512, 0},
        {511, 2, 0},
        {4096, 4096, 0},
        {1 << 20, 512, 0},
        {1048570, 12, 0},
        {SIZE - 1, 1, 0},
        {SIZE - 100, 100, 0},
        {SIZE - 700, 700, 0},
        {1000000, 900000, 0},
        {0, SIZE - 100, 0},
    };
    uint8_t *data = mixed(13, SIZE), *expected = ex_new0_bytes(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        data[i] |= 1; /* so that a kept byte is never taken for a zeroed one */
    write_file(p->source, data, SIZE);
    for (size_t i = 0; i < sizeof injected / sizeof injected[0]; i++) {
        EX_AUTO(source_close) struct source *s = NULL;
        struct vault_object_info o, found;
        struct vault_put_report r;
        const struct vault_put_options options = {.readback = VAULT_READBACK_NEW};
        uint64_t from = injected[i].offset / 512 * 512;
        uint64_t end = (injected[i].offset + injected[i].length + 511) / 512 * 512;
        end = end < SIZE ? end : SIZE;
        memcpy(expected, data, SIZE);
        memset(expected + from, 0, end - from);
        assert_code(EX_OK, source_open(p->source, &s, &err));
        source_inject_error(s, injected[i].offset, injected[i].length);
        assert_code(EX_OK, vault_put(p->v, s, &options, NULL, &o, &r, &err));
        assert_int_equal(o.unreadable_count, 1);
        assert_int_equal(o.unreadable[0].offset, from);
        assert_int_equal(o.unreadable[0].length, end - from);
        find_object(p->v, o.id, &found);
        assert_int_equal(found.unreadable_count, 1);
        assert_int_equal(found.unreadable[0].offset, from);
        assert_int_equal(found.unreadable[0].length, end - from);
        vault_object_info_clear(&found);
        assert_held(p, &o, expected, SIZE);
        free_object(&o, &r);
    }
    free(data);
    free(expected);
}

/* Two processes put overlapping content at once, three times each, while this one reads. */
static void two_processes_at_once(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 6 << 20, CHILDREN = 2, ROUNDS = 3 };
    uint8_t *data = mixed(14, SIZE + (1 << 20));
    struct vault_object_info before;
    struct vault_put_report r;
    int results[2];
    put_bytes(p, data, 1 << 20, &before, &r);
    vault_put_report_clear(&r);
    assert_int_equal(pipe2(results, O_CLOEXEC), 0);
    pid_t child[CHILDREN];
    for (int c = 0; c < CHILDREN; c++) {
        child[c] = fork();
        if (child[c] != 0)
            continue;
        struct vault *v = NULL;
        char source[100];
        (void)snprintf(source, sizeof source, "%s/source-%d", p->root, c);
        write_file(source, data + (size_t)c * (1 << 20), SIZE);
        if (open_test_vault(p->vault, &v, NULL) != EX_OK)
            _exit(1);
        for (int i = 0; i < ROUNDS; i++) {
            struct vault_object_info o;
            if (try_put(v, source, VAULT_READBACK_NEW, &o, &r, &err) != EX_OK) {
                fprintf(stderr, "# %s\n", err.text);
                _exit(2);
            }
            uint8_t line[33] = {(uint8_t)c};
            memcpy(line + 1, o.id, 32);
            if (write(results[1], line, sizeof line) != sizeof line)
                _exit(3);
        }
        _exit(0);
    }
    close(results[1]);
    uint8_t line[33];
    unsigned objects = 0;
    /* Each object can be read here as soon as the other process says that it is held. */
    while (read(results[0], line, sizeof line) == sizeof line) {
        struct vault_object_info o;
        find_object(p->v, line + 1, &o);
        assert_streams(p->v, &o, data + (size_t)line[0] * (1 << 20));
        assert_streams(p->v, &before, data);
        vault_object_info_clear(&o);
        objects++;
    }
    assert_int_equal(objects, CHILDREN * ROUNDS);
    for (int c = 0; c < CHILDREN; c++) {
        int status;
        assert_int_equal(waitpid(child[c], &status, 0), child[c]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    close(results[0]);
    reopen_place(p);
    assert_no_problems(p->v);
    vault_object_info_clear(&before);
    free(data);
}

/* Many small puts: segments are merged on the way, and everything is found at the end. */
static void many_small_objects(void **state) {
    struct place *p = *state;
    enum { COUNT = 40 };
    struct vault_object_info o[COUNT];
    struct vault_put_report r;
    struct vault_check_report *check = ex_new0(struct vault_check_report);
    char text[COUNT][64];
    for (int i = 0; i < COUNT; i++) {
        int size = snprintf(text[i], sizeof text[i], "object number %d", i);
        put_bytes(p, (const uint8_t *)text[i], (size_t)size, &o[i], &r);
        vault_put_report_clear(&r);
    }
    reopen_place(p);
    for (int i = 0; i < COUNT; i++)
        assert_streams(p->v, &o[i], (const uint8_t *)text[i]);
    check_vault(p->v, true, check);
    assert_int_equal(check->packs, COUNT);
    assert_true(check->index_segments <= 16);
    assert_int_equal(check->problem_count, 0);
    for (int i = 0; i < COUNT; i++)
        vault_object_info_clear(&o[i]);
    free(check);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(small_and_edge_sizes),
        place_test(forty_mebibytes),
        place_test(the_longest_chunks),
        place_test(repetition_within_one_object),
        place_test(several_packs),
        place_test(readback_modes),
        place_test(readback_all_finds_a_damaged_shared_chunk),
        place_test(a_lost_pack_is_not_relied_on),
        place_test(a_lying_index_is_not_relied_on),
        place_test(standard_input),
        place_test(bad_sectors),
        place_test(two_processes_at_once),
        place_test(many_small_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
