/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger in a temporary directory. Its entries are real entries, each signed by some key. */
#ifndef EXHIBIT_TESTS_LEDGER_TESTING_LEDGER_H
#define EXHIBIT_TESTS_LEDGER_TESTING_LEDGER_H

#include "testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "ledger/ledger.h"

enum { KEY_VAULT = 1, KEY_ANY = 2, LEAVES_MAX = 70000 };

struct place {
    char path[64];
    int fd;
    struct sign_key *key, *any;
    struct note_key name;
    uint64_t count; /* leaves remembered, independently of the ledger */
    uint8_t (*leaf)[MERKLE_BYTES];
};

static inline void run(const struct place *p, const char *command) {
    char text[512];
    (void)snprintf(text, sizeof text, "cd '%s' && { %s; }", p->path, command);
    if (system(text) != 0)
        fail_msg("%s", text);
}

static inline int place_start(void **state) {
    struct place *p = calloc(1, sizeof *p);
    memcpy(p->path, "/tmp/exhibit-ledger-XXXXXX", 27);
    assert_non_null(mkdtemp(p->path));
    p->fd = open(p->path, O_RDONLY | O_DIRECTORY);
    p->key = key_of(KEY_VAULT);
    p->any = key_of(KEY_ANY);
    p->leaf = calloc(LEAVES_MAX, MERKLE_BYTES);
    assert_code(EX_OK,
                note_key_make(ORIGIN, NOTE_TYPE_ED25519, sign_key_public(p->key), &p->name, &err));
    assert_code(EX_OK, ledger_create(p->fd, ORIGIN, p->key, &err));
    *state = p;
    return 0;
}

static inline int place_stop(void **state) {
    struct place *p = *state;
    run(p, "cd / && rm -rf \"$OLDPWD\"");
    close(p->fd);
    sign_key_free(p->key);
    sign_key_free(p->any);
    free(p->leaf);
    free(p);
    return 0;
}

static inline struct ledger *place_open(struct place *p) {
    struct ledger *l = NULL;
    assert_code(EX_OK, ledger_open(p->fd, &p->name, &l, &err));
    return l;
}

static inline void add_one(struct place *p, struct ledger *l) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t tree[MERKLE_BYTES];
    size_t size = 0;
    ledger_next_tree(l, tree);
    struct entry e = make_entry("item.note", ledger_next_index(l), tree);
    assert_code(EX_OK, entry_write(&e, p->any, &data, &size, &err));
    assert_code(EX_OK, ledger_add(l, data, size, &err));
    merkle_leaf_hash(data, size, p->leaf[p->count++]);
}

static inline void append(struct place *p, struct ledger *l, uint64_t count) {
    assert_code(EX_OK, ledger_begin(l, 0, &err));
    for (uint64_t i = 0; i < count; i++)
        add_one(p, l);
    assert_code(EX_OK, ledger_commit(l, p->key, &err));
    assert_int_equal(ledger_size(l), p->count);
}

/* RFC 6962 §2.1 word by word: the root of leaves [from, to). */
static inline void naive_root(const struct place *p, uint64_t from, uint64_t to,
                              uint8_t ret[static MERKLE_BYTES]) {
    uint8_t left[MERKLE_BYTES], right[MERKLE_BYTES];
    uint64_t k = 1;
    if (to - from == 0) {
        sha256_of("", 0, ret);
        return;
    }
    if (to - from == 1) {
        memcpy(ret, p->leaf[from], MERKLE_BYTES);
        return;
    }
    while (k * 2 < to - from)
        k *= 2;
    naive_root(p, from, from + k, left);
    naive_root(p, from + k, to, right);
    merkle_node_hash(left, right, ret);
}

static inline void assert_root(const struct place *p, const struct ledger *l) {
    uint8_t expected[MERKLE_BYTES], root[MERKLE_BYTES];
    naive_root(p, 0, p->count, expected);
    ledger_root(l, root);
    assert_memory_equal(root, expected, sizeof root);
}

/* Path below `ledger/`. */
static inline bool exists(const struct place *p, const char *path, off_t *ret_size) {
    char full[200];
    struct stat st;
    (void)snprintf(full, sizeof full, "%s/ledger/%s", p->path, path);
    if (stat(full, &st) != 0)
        return false;
    if (ret_size != NULL)
        *ret_size = st.st_size;
    return true;
}

static inline void put_file(const struct place *p, const char *path, const void *data,
                            size_t size) {
    char full[200];
    (void)snprintf(full, sizeof full, "ledger/%s", path);
    assert_code(EX_OK, ex_make_parents(p->fd, full, &err));
    assert_code(EX_OK, ex_write_file(p->fd, full, data, size, EX_WRITE_REPLACE, &err));
}

static inline uint8_t *get_file(const struct place *p, const char *path, size_t *ret_size) {
    char full[200];
    uint8_t *data = NULL;
    (void)snprintf(full, sizeof full, "ledger/%s", path);
    assert_code(EX_OK, ex_read_file(p->fd, full, (size_t)1 << 24, &data, ret_size, &err));
    return data;
}

static inline bool has_problem(const struct ledger_check *c, const char *text) {
    for (uint64_t i = 0; i < c->problem_count && i < LEDGER_PROBLEMS_MAX; i++) {
        if (strstr(c->problem[i], text) != NULL)
            return true;
    }
    return false;
}

static inline struct ledger_check check(struct place *p, ledger_entry_fn *each, void *context) {
    EX_AUTO(ledger_close) struct ledger *l = NULL;
    struct ledger_check c;
    assert_code(EX_OK, ledger_open_to_check(p->fd, &p->name, &l, &err));
    assert_code(EX_OK, ledger_check_all(l, each, context, NULL, &c, &err));
    return c;
}

static inline void assert_sound(struct place *p) {
    struct ledger_check c = check(p, NULL, NULL);
    if (c.problem_count != 0)
        fail_msg("%s", c.problem[0]);
    assert_int_equal(c.entries, p->count);
    assert_true(c.root_matches);
    assert_int_equal(c.beyond, 0);
}

#endif
