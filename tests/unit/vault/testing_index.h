/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the index share: an index in a directory of its own, plain or encrypted. */
#ifndef EXHIBIT_TESTS_TESTING_INDEX_H
#define EXHIBIT_TESTS_TESTING_INDEX_H

#include "testing_vault.h"

#include "vault/index_internal.h"

struct ix {
    char path[64];
    int fd;
    bool encrypted;
    struct epochs *epochs;
    struct vault_index *i;
};

static inline void open_ix(struct ix *x) {
    struct ex_error err;
    assert_code(EX_OK, index_open(x->fd, x->encrypted, &x->i, &err));
    if (x->encrypted)
        index_set_epochs(x->i, x->epochs);
}

static inline void reopen_ix(struct ix *x) {
    index_close(x->i);
    x->i = NULL;
    open_ix(x);
}

static inline int make_ix(void **state, bool encrypted) {
    struct ix *x = ex_new0(struct ix);
    struct ex_error err;
    (void)snprintf(x->path, sizeof x->path, "/tmp/exhibit-index-XXXXXX");
    if (mkdtemp(x->path) == NULL)
        fail_msg("no directory: %s", strerror(errno));
    x->fd = open(x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(x->fd >= 0);
    x->encrypted = encrypted;
    if (encrypted) {
        assert_code(EX_OK, epochs_new(&x->epochs, &err));
        assert_code(EX_OK, epochs_add_random(x->epochs, &err));
    }
    open_ix(x);
    *state = x;
    return 0;
}

static inline int make_plain(void **state) {
    return make_ix(state, false);
}

static inline int make_encrypted(void **state) {
    return make_ix(state, true);
}

static inline int remove_ix(void **state) {
    struct ix *x = *state;
    index_close(x->i);
    epochs_free(x->epochs);
    close(x->fd);
    remove_tree(x->path);
    free(x);
    return 0;
}

#define plain_test(f)                                                                              \
    { #f " (plain)", f, make_plain, remove_ix, NULL }
#define encrypted_test(f)                                                                          \
    { #f " (encrypted)", f, make_encrypted, remove_ix, NULL }
#define both_tests(f) plain_test(f), encrypted_test(f)

static inline struct table_entry entry_of(uint64_t n) {
    struct table_entry e = {.length = 1};
    naive_sha256(&n, sizeof n, e.id);
    return e;
}

/* A list of one pack, with `count` entries numbered from `first` on, in records of ten. */
static inline void make_list(struct pack_list *l, uint8_t pack, uint64_t first, uint64_t count) {
    struct ex_error err;
    struct record_head head = {.type = RECORD_CHUNKS};
    *l = (struct pack_list){.id = {pack, 1}, .read_back_ns = 1000 + pack};
    for (uint64_t i = 0; i < count; i += 10) {
        struct table_entry e[10];
        size_t k = 0;
        for (; k < 10 && i + k < count; k++)
            e[k] = entry_of(first + i + k);
        assert_code(EX_OK, pack_list_add(l, (uint32_t)(128 + i), &head, e, k, &err));
    }
}

static inline void publish(struct ix *x, uint8_t pack, uint64_t first, uint64_t count) {
    struct ex_error err;
    struct pack_list l;
    make_list(&l, pack, first, count);
    assert_code(EX_OK, index_publish(x->i, &l, &err));
    pack_list_clear(&l);
}

static inline void refresh(struct ix *x) {
    struct ex_error err;
    assert_code(EX_OK, index_refresh(x->i, &err));
}

static inline void merge_ix(struct ix *x) {
    struct ex_error err;
    assert_code(EX_OK, index_merge(x->i, &err));
}

/* Is every place that is given for this entry one that publish() made for it? */
static inline bool finds(struct ix *x, bool quick, uint8_t pack, uint64_t first, uint64_t n) {
    struct table_entry e = entry_of(first + n);
    struct index_search search = {.quick = quick};
    struct index_place place;
    bool found = false;
    while (index_next(x->i, e.id, &search, &place)) {
        assert_int_equal(place.pack[0], pack);
        assert_int_equal(place.offset, 128 + n / 10 * 10);
        assert_int_equal(place.read_back_ns, 1000 + pack);
        found = true;
    }
    return found;
}

static inline uint64_t count_found(struct ix *x, uint8_t pack, uint64_t first, uint64_t count) {
    uint64_t found = 0;
    for (uint64_t n = 0; n < count; n++)
        found += finds(x, false, pack, first, n);
    return found;
}

static inline void assert_found(struct ix *x, uint8_t pack, uint64_t first, uint64_t count) {
    for (uint64_t n = 0; n < count; n++) {
        assert_true(finds(x, false, pack, first, n));
        assert_true(finds(x, true, pack, first, n));
    }
}

static inline void assert_absent(struct ix *x, uint64_t first, uint64_t count) {
    for (uint64_t n = 0; n < count; n++) {
        struct table_entry e = entry_of(first + n);
        struct index_place place;
        assert_false(index_find(x->i, e.id, &place));
    }
}

static inline void assert_counts(struct ix *x, uint64_t segments, uint64_t entries) {
    uint64_t its_segments, its_entries;
    index_counts(x->i, &its_segments, &its_entries);
    assert_int_equal(its_segments, segments);
    assert_int_equal(its_entries, entries);
}

static inline void count_problem(void *context, const char *text) {
    ++*(unsigned *)context;
}

static inline unsigned problems(struct ix *x) {
    struct ex_error err;
    unsigned count = 0;
    assert_code(EX_OK, index_check(x->i, count_problem, &count, &err));
    return count;
}

/* The path of the only segment that is not one of `known` (which may be NULL). */
static inline char *segment_path(struct ix *x, const char *known, char to[static 128]) {
    DIR *dir = opendir(x->path);
    struct dirent *e;
    to[0] = '\0';
    while ((e = readdir(dir)) != NULL)
        if (strstr(e->d_name, ".idx") != NULL &&
            (known == NULL || strstr(known, e->d_name) == NULL))
            (void)snprintf(to, 128, "%s/%.20s", x->path, e->d_name);
    closedir(dir);
    assert_true(to[0] != '\0');
    return to;
}

static inline unsigned count_files(struct ix *x, const char *ending) {
    DIR *dir = opendir(x->path);
    struct dirent *e;
    unsigned count = 0;
    while ((e = readdir(dir)) != NULL)
        count += strstr(e->d_name, ending) != NULL;
    closedir(dir);
    return count;
}

#endif
