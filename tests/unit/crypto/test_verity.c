/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/cursor.h"
#include "crypto/verity.h"

#include <unistd.h>

/* Made with fsverity-utils 1.5: `fsverity digest --hash-alg=sha256 --block-size=4096 --compact`
 * over files of byte_at(). */
static const struct {
    size_t size;
    const char *digest;
} known[] = {
    {0, "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95"},
    {1, "b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551"},
    {4095, "b37a93497ff6ed2821409ced1dc20f4c1002cc361adf2f22ec444a22c06fe857"},
    {4096, "87a706bdba32be89a173dc11d6a91c08165b4dcfcf743988c94595e82934a41a"},
    {4097, "5c6077f10edc31c27b2a65cbaa199e2cfd36998bf104ccd2f7395eb509682064"},
    {65535, "fed5d32fa443749a5dd750f3f42030f32df6c7c98f60f2c890835bfd90bf003d"},
    {65536, "d35876f9f165cf03ac2f0764733bae63dc14daa7cb3648da250636fee06f3cf9"},
    {65537, "0c9dc652ec4ad56496a907e7f47266cf9a88a8f92f2988acfaf5ea718dcc1339"},
    {524287, "95ab9cd062719214c37b1b6af01a1cd625d85802d755dae6d20b0531ed85fc3d"},
    {524288, "9613b285b37589320574d16f1447444fb68289259e661f4418dc6374ef3c5b9f"},
    {524289, "355acec90f25617bed6ee0e57380add05b4abb6855b8c7a9224c142cf027a98a"},
    {3145733, "445495753d7dfbd8c344037222e9ba88a1d317403057ee80cba5a6198043a91b"},
};
enum { KNOWN_COUNT = sizeof known / sizeof known[0] };

static uint8_t byte_at(size_t i) {
    return (uint8_t)(i * 7 + (i >> 12));
}

static uint8_t *make_data(size_t size) {
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = byte_at(i);
    return data;
}

static void add_data(struct verity *v, const uint8_t *data, size_t size) {
    struct ex_error err;
    EX_AUTO(block_hasher_free) struct block_hasher *h = NULL;
    uint8_t hash[1][BLOCK_HASH_BYTES];
    assert_code(EX_OK, block_hasher_new(&h, &err));
    for (size_t at = 0; at < size; at += BLOCK_BYTES) {
        size_t now = size - at < BLOCK_BYTES ? size - at : BLOCK_BYTES;
        assert_code(EX_OK, block_hasher_run(h, data + at, now, hash, &err));
        verity_add(v, hash[0]);
    }
}

static void digest_of(const uint8_t *data, size_t size, char hex[static 65]) {
    struct ex_error err;
    struct verity v;
    uint8_t digest[VERITY_BYTES];
    verity_start(&v);
    add_data(&v, data, size);
    assert_code(EX_OK, verity_end(&v, size, digest, &err));
    ex_hex(hex, digest, sizeof digest);
}

static void known_digests(void **state) {
    char hex[65];
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        EX_AUTO_FREE uint8_t *data = make_data(known[i].size);
        digest_of(data, known[i].size, hex);
        assert_string_equal(hex, known[i].digest);
        if (known[i].size == 0)
            continue;
        data[known[i].size / 2] ^= 1;
        digest_of(data, known[i].size, hex);
        assert_string_not_equal(hex, known[i].digest);
    }
}

/* The same block again and again, in one run. */
static void run_digest(uint8_t value, uint64_t blocks, char hex[static 65]) {
    struct ex_error err;
    struct verity v;
    uint8_t digest[VERITY_BYTES];
    verity_start(&v);
    verity_add_run(&v, block_hash_constant(value), blocks);
    assert_code(EX_OK, verity_end(&v, blocks * BLOCK_BYTES, digest, &err));
    ex_hex(hex, digest, sizeof digest);
}

static void known_constant_runs(void **state) {
    char hex[65];
    run_digest(0, 16384, hex); /* 64 MiB: three full levels */
    assert_string_equal(hex, "382b8844ad09fb5f7b53e0fc27413cd4e72f47d69604dac5d4865e609ba33c53");
    run_digest(0xA5, 16385, hex);
    assert_string_equal(hex, "4de5712fac5efa2f198bef37f914da00d5e29a778bc235bb061cb7124e3bac09");
}

/* The largest stream there is ends at once, and its length counts. */
static void huge_runs_cost_nothing(void **state) {
    char a[65], b[65];
    run_digest(0, (uint64_t)1 << 51, a);
    run_digest(0, ((uint64_t)1 << 51) - 1, b);
    assert_string_not_equal(a, b);
    run_digest(0, ((uint64_t)1 << 52) - 1, b);
    assert_string_not_equal(a, b);
}

static void check_run(uint64_t before, uint64_t count, uint64_t after) {
    struct ex_error err;
    struct verity one, run;
    uint8_t a[VERITY_BYTES], b[VERITY_BYTES], other[BLOCK_HASH_BYTES] = {1};
    verity_start(&one);
    verity_start(&run);
    for (uint64_t i = 0; i < before; i++)
        verity_add(&one, other);
    for (uint64_t i = 0; i < count; i++)
        verity_add(&one, block_hash_constant(9));
    for (uint64_t i = 0; i < after; i++)
        verity_add(&one, other);
    verity_add_run(&run, other, before);
    verity_add_run(&run, block_hash_constant(9), count);
    verity_add_run(&run, other, after);
    uint64_t size = (before + count + after) * BLOCK_BYTES;
    assert_code(EX_OK, verity_end(&one, size, a, &err));
    assert_code(EX_OK, verity_end(&run, size, b, &err));
    assert_memory_equal(a, b, sizeof a);
}

static void a_run_is_the_same_as_one_by_one(void **state) {
    static const uint64_t counts[] = {0, 1, 2, 127, 128, 129, 255, 256, 16383, 16384, 16385, 40000};
    static const uint64_t around[] = {0, 1, 127, 128, 300};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (size_t j = 0; j < 5; j++)
            check_run(around[j], counts[i], around[4 - j]);
    }
}

static void a_saved_state_goes_on(void **state) {
    struct ex_error err;
    struct verity first, second;
    uint8_t digest[VERITY_BYTES];
    char hex[65];
    size_t last = KNOWN_COUNT - 1, cut = 130 * BLOCK_BYTES;
    EX_AUTO_FREE uint8_t *data = make_data(known[last].size);
    verity_start(&first);
    add_data(&first, data, cut);
    memcpy(&second, &first, sizeof second);
    add_data(&second, data + cut, known[last].size - cut);
    assert_code(EX_OK, verity_end(&second, known[last].size, digest, &err));
    assert_string_equal(ex_hex(hex, digest, sizeof digest), known[last].digest);
}

static void a_wrong_number_of_blocks_is_refused(void **state) {
    struct ex_error err;
    struct verity v;
    uint8_t digest[VERITY_BYTES];
    static const struct {
        uint64_t blocks, size;
    } wrong[] = {{0, 1}, {1, 0}, {1, 4097}, {2, 4096}, {UINT64_MAX, UINT64_MAX}, {1, UINT64_MAX}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        verity_start(&v);
        verity_add_run(&v, block_hash_constant(0), wrong[i].blocks);
        assert_code(EX_INTERNAL, verity_end(&v, wrong[i].size, digest, &err));
    }
    /* A count that overflows does not come round to a right one. */
    verity_start(&v);
    verity_add_run(&v, block_hash_constant(0), UINT64_MAX);
    verity_add_run(&v, block_hash_constant(0), 2);
    assert_code(EX_INTERNAL, verity_end(&v, 4096, digest, &err));
}

static bool tool_digest(const char *path, char hex[static 65]) {
    char command[256];
    (void)snprintf(command, sizeof command,
                   "fsverity digest --hash-alg=sha256 --block-size=4096 --compact %s", path);
    FILE *out = popen(command, "re");
    if (out == NULL)
        return false;
    bool got = fgets(hex, 65, out) != NULL && strlen(hex) == 64;
    return pclose(out) == 0 && got;
}

static void the_fsverity_tool_agrees(void **state) {
    struct ex_error err;
    char path[] = "/tmp/exhibit-verity-XXXXXX", ours[65], theirs[65];
    if (system("command -v fsverity >/dev/null 2>&1") != 0) {
        print_message("# fsverity is not installed\n");
        skip();
    }
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        EX_AUTO_FREE uint8_t *data = make_data(known[i].size);
        EX_AUTO_FD int fd = mkostemp(path, O_CLOEXEC);
        assert_true(fd >= 0);
        assert_code(EX_OK, ex_write_all(fd, data, known[i].size, path, &err));
        bool ran = tool_digest(path, theirs);
        (void)unlink(path);
        memcpy(path + sizeof path - 7, "XXXXXX", 6);
        assert_true(ran);
        digest_of(data, known[i].size, ours);
        assert_string_equal(ours, theirs);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(known_constant_runs),
        cmocka_unit_test(huge_runs_cost_nothing),
        cmocka_unit_test(a_run_is_the_same_as_one_by_one),
        cmocka_unit_test(a_saved_state_goes_on),
        cmocka_unit_test(a_wrong_number_of_blocks_is_refused),
        cmocka_unit_test(the_fsverity_tool_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
