/* SPDX-License-Identifier: Apache-2.0 */
/* A range of which the manifest says that it could not be read holds zeros, or the package says so
 * in vain. Everything else of these packages is missing; only that one finding is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "transport/package_read.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 3 << 20 };
static struct ex_error err;

static void put(const char *dir, const char *name, const void *data, size_t size) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void put_object(const char *dir, const uint8_t *data, uint64_t offset, uint64_t length) {
    static const uint8_t id[ENTRY_ID_BYTES] = {1};
    struct source_range gap = {offset, length, 0};
    struct vault_object_info o = {.unreadable = &gap, .unreadable_count = 1};
    struct object_hasher *hasher;
    struct object_digests d;
    struct package_head h = {.origin = "exhibit-vault/x"};
    char path[256], hex[SHA256_HEX_BYTES], *text;
    uint8_t *manifest;
    size_t size;
    assert_int_equal(object_hasher_new(o.salted_key, &hasher, &err), EX_OK);
    assert_int_equal(object_hasher_add(hasher, data, SIZE, &err), EX_OK);
    assert_int_equal(object_hasher_end(hasher, &d, &err), EX_OK);
    object_hasher_free(hasher);
    o.size_bytes = SIZE;
    memcpy(o.sha256, d.sha256, sizeof o.sha256);
    memcpy(o.fsverity, d.fsverity, sizeof o.fsverity);
    memcpy(o.salted_root, d.salted_root, sizeof o.salted_root);
    assert_int_equal(manifest_write(&o, &manifest, &size, &err), EX_OK);
    (void)snprintf(path, sizeof path, "exhibit/objects/%s", ex_hex(hex, o.id, sizeof o.id));
    put(dir, path, manifest, size);
    free(manifest);
    assert_int_equal(package_head_add(&h, id, o.id, "data/a.raw", &err), EX_OK);
    assert_int_equal(package_head_write(&h, &text, &size, &err), EX_OK);
    put(dir, "exhibit/package", text, size);
    free(text);
    package_head_clear(&h);
    put(dir, "data/a.raw", data, SIZE);
}

static bool said(const struct package_report *r, const char *what) {
    for (size_t i = 0; i < r->finding_count[PACKAGE_CONTENT] && i < PACKAGE_FINDINGS_MAX; i++)
        if (strstr(r->finding[PACKAGE_CONTENT][i], what) != NULL)
            return true;
    return false;
}

/* Is it found that the byte at `at` (SIZE: none) stands in the gap? */
static bool found(uint64_t offset, uint64_t length, uint64_t at) {
    char dir[] = "/tmp/exhibit-gaps.XXXXXX", command[64];
    static const char *const below[] = {"exhibit", "exhibit/objects", "data"};
    EX_AUTO_FREE uint8_t *data = ex_new0_bytes(SIZE + 1);
    EX_AUTO_FREE struct package_report *r = ex_new0(struct package_report);
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", dir, below[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    memset(data, 'e', SIZE);
    memset(data + offset, 0, length);
    data[at] = 1;
    put_object(dir, data, offset, length);
    assert_int_equal(package_read_dir(dir, NULL, NULL, NULL, r, &err), EX_OK);
    bool bad = said(r, "nothing could be read");
    assert_true(bad || r->items_good == 1);
    package_report_clear(r);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    return bad;
}

static void what_could_not_be_read_is_zero(void **state) {
    (void)state;
    assert_false(found(4096, 4096, SIZE));
    assert_false(found(4096, 4096, 4095));
    assert_false(found(4096, 4096, 8192));
    assert_false(found(0, SIZE, SIZE));
    assert_false(found((1 << 20) - 512, 1024, SIZE)); /* over the seam of two readings */
}

static void a_byte_in_it_is_found(void **state) {
    (void)state;
    assert_true(found(4096, 4096, 4096));
    assert_true(found(4096, 4096, 8191));
    assert_true(found(0, SIZE, SIZE - 1));
    assert_true(found((1 << 20) - 512, 1024, (1 << 20) - 1));
    assert_true(found((1 << 20) - 512, 1024, 1 << 20));
    assert_true(found(0, (2 << 20) + 1, 2 << 20));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_not_be_read_is_zero),
        cmocka_unit_test(a_byte_in_it_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
