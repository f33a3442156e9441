/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/cursor.h"
#include "crypto/merkle.h"

#include <ftw.h>
#include <jansson.h>

static void assert_hex(const uint8_t *hash, const char *expected) {
    char hex[65];
    assert_string_equal(ex_hex(hex, hash, MERKLE_BYTES), expected);
}

/* transparency-dev/merkle, rfc6962/rfc6962_test.go. */
static void known_hashes(void **state) {
    uint8_t hash[MERKLE_BYTES];
    struct merkle_frontier f;
    merkle_frontier_start(&f);
    merkle_frontier_root(&f, hash);
    assert_hex(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    merkle_leaf_hash(NULL, 0, hash);
    assert_hex(hash, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    merkle_leaf_hash("L123456", 7, hash);
    assert_hex(hash, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

/* The tree of eight leaves of the Certificate Transparency tests; root for each size. */
static const char *const leaf_hex[8] = {"",
                                        "00",
                                        "10",
                                        "2021",
                                        "3031",
                                        "40414243",
                                        "5051525354555657",
                                        "606162636465666768696a6b6c6d6e6f"};
static const char *const root_hex[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void known_roots(void **state) {
    struct merkle_frontier f;
    uint8_t data[16], hash[MERKLE_BYTES];
    merkle_frontier_start(&f);
    for (size_t i = 0; i < 8; i++) {
        size_t size = strlen(leaf_hex[i]) / 2;
        assert_true(ex_parse_hex(leaf_hex[i], 2 * size, data, size));
        merkle_leaf_hash(data, size, hash);
        merkle_frontier_add(&f, hash);
        merkle_frontier_root(&f, hash);
        assert_hex(hash, root_hex[i + 1]);
    }
}

/* A source of hashes by the definition of RFC 6962 §2.1, over numbered leaves. */
struct numbered {
    uint64_t size;
    bool broken;
};

static ex_code numbered_hash(void *context, unsigned level, uint64_t index,
                             uint8_t ret[static MERKLE_BYTES], struct ex_error *err) {
    const struct numbered *n = context;
    uint8_t left[MERKLE_BYTES], right[MERKLE_BYTES];
    if (n->broken)
        return ex_fail(err, EX_IO, "broken");
    assert_true(level < 64 && ((index + 1) << level) <= n->size);
    if (level == 0) {
        merkle_leaf_hash(&index, sizeof index, ret);
        return EX_OK;
    }
    EX_TRY(numbered_hash(context, level - 1, 2 * index, left, err));
    EX_TRY(numbered_hash(context, level - 1, 2 * index + 1, right, err));
    merkle_node_hash(left, right, ret);
    return EX_OK;
}

static void root_of(struct merkle_source *source, uint64_t size, uint8_t ret[static MERKLE_BYTES]) {
    struct ex_error err;
    assert_code(EX_OK, merkle_root(source, size, ret, &err));
}

enum { TREE = 40 };

static void roots_and_frontiers_agree(void **state) {
    struct ex_error err;
    struct numbered n = {.size = TREE};
    struct merkle_source source = {numbered_hash, &n};
    struct merkle_frontier grown, loaded;
    uint8_t a[MERKLE_BYTES], b[MERKLE_BYTES], leaf[MERKLE_BYTES];
    merkle_frontier_start(&grown);
    for (uint64_t size = 0; size <= TREE; size++) {
        root_of(&source, size, a);
        merkle_frontier_root(&grown, b);
        assert_memory_equal(a, b, sizeof a);
        assert_code(EX_OK, merkle_frontier_load(&source, size, &loaded, &err));
        merkle_leaf_hash(&size, sizeof size, leaf);
        merkle_frontier_add(&loaded, leaf);
        merkle_frontier_add(&grown, leaf);
        merkle_frontier_root(&loaded, a);
        merkle_frontier_root(&grown, b);
        assert_memory_equal(a, b, sizeof a);
    }
}

/* Holds, and does not hold with any other index, size, leaf, length or flipped hash. */
static void check_inclusion(struct merkle_source *source, uint64_t index, uint64_t size) {
    struct ex_error err;
    struct merkle_proof p;
    uint8_t leaf[MERKLE_BYTES], root[MERKLE_BYTES];
    root_of(source, size, root);
    merkle_leaf_hash(&index, sizeof index, leaf);
    assert_code(EX_OK, merkle_inclusion_prove(source, index, size, &p, &err));
    assert_true(merkle_inclusion_verify(index, size, leaf, p.hash, p.count, root));
    for (uint64_t other = 0; other <= size; other++) {
        if (other != index)
            assert_false(merkle_inclusion_verify(other, size, leaf, p.hash, p.count, root));
    }
    for (size_t i = 0; i < p.count; i++) {
        assert_false(merkle_inclusion_verify(index, size, leaf, p.hash, i, root));
        p.hash[i][31] ^= 1;
        assert_false(merkle_inclusion_verify(index, size, leaf, p.hash, p.count, root));
        p.hash[i][31] ^= 1;
    }
    leaf[0] ^= 0x80;
    assert_false(merkle_inclusion_verify(index, size, leaf, p.hash, p.count, root));
    assert_false(merkle_inclusion_verify(index, size, leaf, p.hash, p.count + 1, root));
}

static void every_inclusion_is_proved(void **state) {
    struct numbered n = {.size = TREE};
    struct merkle_source source = {numbered_hash, &n};
    for (uint64_t size = 1; size <= TREE; size++) {
        for (uint64_t index = 0; index < size; index++)
            check_inclusion(&source, index, size);
    }
}

static void check_consistency(struct merkle_source *source, uint64_t size1, uint64_t size2) {
    struct ex_error err;
    struct merkle_proof p;
    uint8_t root1[MERKLE_BYTES], root2[MERKLE_BYTES];
    root_of(source, size1, root1);
    root_of(source, size2, root2);
    assert_code(EX_OK, merkle_consistency_prove(source, size1, size2, &p, &err));
    assert_true(merkle_consistency_verify(size1, size2, root1, root2, p.hash, p.count));
    assert_false(merkle_consistency_verify(size1, size2, root1, root2, p.hash, p.count + 1));
    for (size_t i = 0; i < p.count; i++) {
        assert_false(merkle_consistency_verify(size1, size2, root1, root2, p.hash, i));
        p.hash[i][7] ^= 4;
        assert_false(merkle_consistency_verify(size1, size2, root1, root2, p.hash, p.count));
        p.hash[i][7] ^= 4;
    }
    root1[3] ^= 1;
    assert_false(merkle_consistency_verify(size1, size2, root1, root2, p.hash, p.count));
    root1[3] ^= 1;
    root2[3] ^= 1;
    /* Nothing binds the empty tree to a root of another. */
    if (size1 > 0)
        assert_false(merkle_consistency_verify(size1, size2, root1, root2, p.hash, p.count));
}

static void every_consistency_is_proved(void **state) {
    struct numbered n = {.size = TREE};
    struct merkle_source source = {numbered_hash, &n};
    for (uint64_t size2 = 0; size2 <= TREE; size2++) {
        for (uint64_t size1 = 0; size1 <= size2; size1++)
            check_consistency(&source, size1, size2);
    }
}

static void what_cannot_be_proved(void **state) {
    struct ex_error err;
    struct numbered n = {.size = TREE};
    struct merkle_source source = {numbered_hash, &n};
    struct merkle_proof p;
    struct merkle_frontier f;
    uint8_t root[MERKLE_BYTES];
    assert_code(EX_USAGE, merkle_inclusion_prove(&source, 5, 5, &p, &err));
    assert_code(EX_USAGE, merkle_inclusion_prove(&source, 0, 0, &p, &err));
    assert_code(EX_USAGE, merkle_consistency_prove(&source, 6, 5, &p, &err));
    n.broken = true;
    assert_code(EX_IO, merkle_inclusion_prove(&source, 1, 5, &p, &err));
    assert_code(EX_IO, merkle_consistency_prove(&source, 3, 5, &p, &err));
    assert_code(EX_IO, merkle_root(&source, 5, root, &err));
    assert_code(EX_IO, merkle_frontier_load(&source, 5, &f, &err));
}

/* A source that answers for trees of any size, to see that the largest ones stay in bounds. */
static ex_code any_hash(void *context, unsigned level, uint64_t index,
                        uint8_t ret[static MERKLE_BYTES], struct ex_error *err) {
    memset(ret, 0, MERKLE_BYTES); /* every leaf; so every sub-tree of a level is the same */
    for (; level > 0; level--)
        merkle_node_hash(ret, ret, ret);
    return EX_OK;
}

static void the_largest_trees(void **state) {
    struct ex_error err;
    struct merkle_source source = {any_hash, NULL};
    struct merkle_proof p;
    uint8_t root[MERKLE_BYTES], leaf[MERKLE_BYTES] = {0};
    assert_code(EX_OK, merkle_root(&source, UINT64_MAX, root, &err));
    assert_code(EX_OK, merkle_inclusion_prove(&source, 0, UINT64_MAX, &p, &err));
    assert_int_equal(p.count, 64);
    assert_true(merkle_inclusion_verify(0, UINT64_MAX, leaf, p.hash, p.count, root));
    uint64_t half = (uint64_t)1 << 63;
    assert_code(EX_LIMIT, merkle_consistency_prove(&source, half + 1, UINT64_MAX, &p, &err));
    assert_code(EX_OK, merkle_consistency_prove(&source, half, UINT64_MAX, &p, &err));
    assert_int_equal(p.count, 1);
}

/* The JSON vectors. A hash of a wrong length, which our functions cannot be given, is filled up or
 * cut, so that it is still a wrong hash. */

static struct { unsigned files, good, bad, other_rule; } seen;
static const char *kind;

static void get_hash(json_t *value, int filler, uint8_t ret[static MERKLE_BYTES]) {
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    uint8_t data[256];
    size_t size = strlen(text), bytes = size / 4 * 3;
    memset(data, filler, sizeof data);
    while (size > 0 && text[size - 1] == '=') {
        bytes--;
        size--;
    }
    assert_true(bytes <= sizeof data && ex_parse_base64(text, strlen(text), data, bytes));
    memcpy(ret, data, MERKLE_BYTES);
}

static uint64_t get_number(json_t *root, const char *key) {
    json_t *value = json_object_get(root, key);
    /* 2^64 - 1, which jansson gives as a real. */
    if (json_is_real(value) && json_real_value(value) > 1.8e19)
        return UINT64_MAX;
    assert_true(json_is_number(value));
    return (uint64_t)json_number_value(value);
}

static bool check_vector(json_t *root, const struct merkle_proof *p) {
    uint8_t a[MERKLE_BYTES], b[MERKLE_BYTES];
    if (strcmp(kind, "inclusion") == 0) {
        get_hash(json_object_get(root, "leafHash"), 1, a);
        get_hash(json_object_get(root, "root"), 2, b);
        return merkle_inclusion_verify(get_number(root, "leafIdx"), get_number(root, "treeSize"), a,
                                       p->hash, p->count, b);
    }
    get_hash(json_object_get(root, "root1"), 2, a);
    get_hash(json_object_get(root, "root2"), 2, b);
    return merkle_consistency_verify(get_number(root, "size1"), get_number(root, "size2"), a, b,
                                     p->hash, p->count);
}

/* Upstream says that nothing is consistent with an empty tree; RFC 6962 §2.1.2 leaves it open, and
 * we say that everything is, if it is the empty tree's own root. */
static bool other_rule(json_t *root) {
    return strcmp(kind, "consistency") == 0 && get_number(root, "size1") == 0 &&
           get_number(root, "size2") > 0 && json_array_size(json_object_get(root, "proof")) == 0;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    struct merkle_proof p = {0};
    json_error_t json_err;
    size_t i;
    json_t *element;
    if (type != FTW_F)
        return 0;
    json_t *root = json_load_file(path, 0, &json_err);
    if (root == NULL) /* a number over 2^63 */
        root = json_load_file(path, JSON_DECODE_INT_AS_REAL, &json_err);
    if (root == NULL)
        fail_msg("%s: %s", path, json_err.text);
    json_array_foreach(json_object_get(root, "proof"), i, element) {
        assert_true(i < MERKLE_PROOF_MAX);
        get_hash(element, 3, p.hash[i]);
        p.count++;
    }
    bool want = json_is_false(json_object_get(root, "wantErr"));
    bool got = check_vector(root, &p);
    seen.files++;
    seen.good += got;
    seen.bad += !got;
    if (got != want && other_rule(root))
        seen.other_rule++;
    else if (got != want)
        fail_msg("%s: %s", path, got ? "was accepted" : "was refused");
    json_decref(root);
    return 0;
}

static void check_vectors(const char *name, unsigned good, unsigned bad, unsigned other) {
    char path[1024];
    const char *root = getenv("EXHIBIT_VECTORS");
    assert_non_null(root);
    (void)snprintf(path, sizeof path, "%s/merkle/%s", root, name);
    memset(&seen, 0, sizeof seen);
    kind = name;
    assert_int_equal(nftw(path, visit, 8, FTW_PHYS), 0);
    assert_int_equal(seen.good, good);
    assert_int_equal(seen.bad, bad);
    assert_int_equal(seen.other_rule, other);
}

static void inclusion_vectors(void **state) {
    check_vectors("inclusion", 6, 92, 0);
}

static void consistency_vectors(void **state) {
    check_vectors("consistency", 7, 91, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes),
        cmocka_unit_test(known_roots),
        cmocka_unit_test(roots_and_frontiers_agree),
        cmocka_unit_test(every_inclusion_is_proved),
        cmocka_unit_test(every_consistency_is_proved),
        cmocka_unit_test(what_cannot_be_proved),
        cmocka_unit_test(the_largest_trees),
        cmocka_unit_test(inclusion_vectors),
        cmocka_unit_test(consistency_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
