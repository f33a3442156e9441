/* SPDX-License-Identifier: Apache-2.0 */
/* A container as a source, read by workers that fail, crash and lie. */
#include "testing.h"

#include "base/cursor.h"
#include "source/container_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 20 * (1 << 20) + 77, HEX = 32, PIECE = 300007 };

struct place {
    char file[64], second[64]; /* the latter empty: there is one */
    uint8_t *data, *got;
};

static void write_input(struct place *p, const void *head, size_t head_bytes, size_t size) {
    (void)snprintf(p->file, sizeof p->file, "/tmp/exhibit-container-XXXXXX.001");
    int fd = mkstemps(p->file, 4);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, head, head_bytes), head_bytes);
    assert_int_equal(write(fd, p->data, size), size);
    assert_int_equal(close(fd), 0);
}

static int make_place(void **state) {
    struct place *p = ex_new0(struct place);
    p->data = ex_new0_bytes(SIZE);
    p->got = ex_new0_bytes(SIZE + 1);
    for (size_t i = 0; i < SIZE; i++)
        p->data[i] = (uint8_t)(1 + i * 2654435761U % 255);
    *state = p;
    return 0;
}

static int remove_place(void **state) {
    struct place *p = *state;
    (void)unlink(p->file);
    if (p->second[0] != '\0')
        (void)unlink(p->second);
    free(p->data);
    free(p->got);
    free(p);
    return 0;
}

static struct source *open_as(const struct place *p, const char *format) {
    struct source *s = NULL;
    struct ex_error err = {0};
    if (source_open_container_by(BAD_PARSERS, p->file, format, NULL, &s, &err) != EX_OK)
        fail_msg("%s", err.text);
    return s;
}

static ex_code read_all(struct source *s, uint8_t *to, size_t size, struct ex_error *err) {
    size_t got = 1;
    for (size_t at = 0; got > 0; at += got) {
        size_t room = size + 1 - at;
        EX_TRY(source_read(s, to + at, room < PIECE ? room : PIECE, &got, err));
        size_t count;
        const struct source_range *bad = source_unreadable(s, &count);
        if (count > 0) /* nothing is listed that was not given */
            assert_true(bad[count - 1].offset + bad[count - 1].length <= at + got);
        if (got == 0)
            assert_int_equal(at, size);
    }
    return EX_OK;
}

static void test_whole(void **state) {
    struct place *p = *state;
    struct container_report r;
    size_t count;
    write_input(p, "", 0, 100);
    EX_AUTO(source_close) struct source *s = open_as(p, "copy");
    struct source_identity i;
    source_identity(s, &i);
    assert_int_equal(i.kind, SOURCE_CONTAINER);
    assert_int_equal(i.size_bytes, 100);
    assert_false(i.seekable);
    assert_int_equal(read_all(s, p->got, 100, NULL), EX_OK);
    const struct source_range *bad = source_unreadable(s, &count);
    assert_int_equal(count, 2);
    assert_int_equal(bad[0].why, SOURCE_ABSENT);
    assert_int_equal(bad[1].why, SOURCE_DAMAGED);
    memset(p->data + 1, 0, 3);
    assert_memory_equal(p->got, p->data, 100);
    assert_true(source_container_report(s, &r));
    assert_string_equal(r.format, "copy");
    assert_int_equal(r.file_count, 1);
    assert_int_equal(r.damage->count, 0);
    assert_int_equal(source_check_unchanged(s, &i, NULL), EX_OK);
}

static void test_nothing(void **state) {
    struct place *p = *state;
    struct container_report r;
    size_t got = 1;
    write_input(p, "", 0, 100);
    EX_AUTO(source_close) struct source *s = open_as(p, "nothing");
    assert_int_equal(source_read(s, p->got, 10, &got, NULL), EX_OK);
    assert_int_equal(got, 0);
    assert_true(source_container_report(s, &r));
}

static void clear(struct place *p, uint64_t from, uint64_t size) {
    memset(p->data + from, 0, size);
}

/* A place that fails costs 4 KiB; one that kills the worker the piece that was asked for. */
static void test_minefield(void **state) {
    struct place *p = *state;
    struct container_report r;
    size_t count;
    clear(p, 200000, 512);
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "minefield");
    assert_int_equal(read_all(s, p->got, SIZE, NULL), EX_OK);
    const struct source_range *bad = source_unreadable(s, &count);
    for (size_t i = 0; i < count; i++)
        clear(p, bad[i].offset, bad[i].length);
    assert_memory_equal(p->got, p->data, SIZE);
    assert_int_equal(count, 4);
    assert_int_equal(bad[0].offset, 200000); /* at 100,000 it holds bytes all the same */
    assert_int_equal(bad[0].length, 512);
    assert_int_equal(bad[0].why, SOURCE_STATED_UNREADABLE);
    assert_int_equal(bad[1].offset, 4194304 - 100);
    assert_int_equal(bad[1].length, 200);
    assert_int_equal(bad[1].why, SOURCE_ABSENT);
    assert_true(bad[2].offset <= 5000000 && bad[2].offset + bad[2].length > 5000000);
    assert_int_equal(bad[2].length, CONTAINER_PIECE_MOST);
    assert_int_equal(bad[2].why, SOURCE_DAMAGED);
    assert_true(bad[3].offset <= 9500000 && bad[3].offset + bad[3].length > 9500000);
    assert_true(bad[3].length <= SANDBOX_READ_BYTES_MAX);
    assert_true(source_container_report(s, &r));
    assert_int_equal(r.stated_but_there, 512);
    assert_int_equal(r.workers_lost, 1);
    assert_int_equal(r.damage->count, 2);
    bool first = r.damage->listed[0].offset == bad[2].offset; /* two workers, in any order */
    assert_non_null(strstr(r.damage->listed[!first].why, "byte 5,000,000 is bad"));
    assert_non_null(strstr(r.damage->listed[first].why, "was stopped"));
}

static void test_given_up(void **state) {
    struct place *p = *state;
    struct ex_error err = {0};
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "always_crash");
    ex_code code = EX_OK;
    for (size_t got = 1; code == EX_OK && got > 0;)
        code = source_read(s, p->got, PIECE, &got, &err);
    assert_int_equal(code, EX_FORMAT);
    assert_non_null(strstr(err.text, "17 parsers were stopped"));
}

static void test_stray(void **state) {
    struct place *p = *state;
    write_input(p, "", 0, 10);
    source_close(open_as(p, "stray"));
}

static void test_hashes(void **state) {
    struct place *p = *state;
    struct container_report r;
    uint8_t sum[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    unsigned size;
    assert_int_equal(EVP_Digest(p->data, SIZE, sum, &size, EVP_md5(), NULL), 1);
    write_input(p, ex_hex(hex, sum, size), HEX, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "states_hashes");
    assert_int_equal(read_all(s, p->got, SIZE, NULL), EX_OK);
    assert_memory_equal(p->got, p->data, SIZE);
    assert_true(source_container_report(s, &r));
    assert_int_equal(r.hash_count, 2); /* what is no hash is none */
    assert_string_equal(r.hash[0].algorithm, "md5");
    assert_int_equal(r.hash[0].verdict, CONTAINER_HASH_AGREES);
    assert_string_equal(r.hash[0].found, hex);
    assert_int_equal(r.hash[1].verdict, CONTAINER_HASH_DIFFERS);
}

static void test_half_read(void **state) {
    struct place *p = *state;
    struct container_report r;
    size_t got;
    write_input(p, "0123456789abcdef0123456789abcdef", HEX, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "states_hashes");
    assert_int_equal(source_read(s, p->got, PIECE, &got, NULL), EX_OK);
    assert_true(source_container_report(s, &r));
    assert_int_equal(r.hash[0].verdict, CONTAINER_HASH_NOT_COMPARED);
}

static void test_stopped(void **state) {
    struct place *p = *state;
    size_t got;
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "states_hashes");
    assert_int_equal(source_read(s, p->got, PIECE, &got, NULL), EX_OK);
    source_stop(s);
    ex_code code = EX_OK;
    while (code == EX_OK && got > 0)
        code = source_read(s, p->got, PIECE, &got, NULL);
    assert_true(code == EX_INTERRUPTED || got == 0);
}

/* ---- its files ---- */

static void expect_sum(const struct container_file *f, const void *data, size_t size) {
    uint8_t sum[SHA256_BYTES];
    sha256_of(data, size, sum);
    assert_true(f->hashed);
    assert_memory_equal(f->sha256, sum, sizeof sum);
    assert_string_equal(f->not_hashed, "");
}

static void test_sums(void **state) {
    struct place *p = *state;
    struct container_report r;
    write_input(p, "", 0, SIZE);
    (void)snprintf(p->second, sizeof p->second, "%s", p->file);
    p->second[strlen(p->second) - 1] = '2';
    FILE *second = fopen(p->second, "wx");
    assert_non_null(second);
    assert_int_equal(fwrite(p->data, 1, 5, second), 5);
    assert_int_equal(fclose(second), 0);
    EX_AUTO(source_close) struct source *s = open_as(p, "two_parts");
    assert_true(source_container_report(s, &r));
    assert_int_equal(r.file_count, 2);
    assert_false(r.file[0].hashed);
    assert_int_equal(read_all(s, p->got, SIZE, NULL), EX_OK);
    assert_true(source_container_report(s, &r));
    assert_int_equal(r.file_count, 2);
    expect_sum(&r.file[0], p->data, SIZE);
    expect_sum(&r.file[1], p->data, 5);
}

/* Files without content are hashed, too. */
static void test_sums_of_nothing(void **state) {
    struct place *p = *state;
    struct container_report r;
    size_t got;
    write_input(p, "", 0, 100);
    EX_AUTO(source_close) struct source *s = open_as(p, "nothing");
    assert_int_equal(source_read(s, p->got, 10, &got, NULL), EX_OK);
    assert_true(source_container_report(s, &r));
    expect_sum(&r.file[0], p->data, 100);
}

static void touch(const char *path) {
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void expect_no_sum(struct source *s, const char *why) {
    struct container_report r;
    assert_true(source_container_report(s, &r));
    assert_false(r.file[0].hashed);
    if (strstr(r.file[0].not_hashed, why) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", why, r.file[0].not_hashed);
}

static void test_changed_before(void **state) {
    struct place *p = *state;
    write_input(p, "", 0, 100);
    EX_AUTO(source_close) struct source *s = open_as(p, "copy");
    touch(p->file);
    assert_int_equal(read_all(s, p->got, 100, NULL), EX_OK);
    expect_no_sum(s, "it had changed before it was read");
}

static int touch_late(void *place, uint64_t offset, size_t size_bytes) {
    if (offset + size_bytes > 10000000)
        touch(((struct place *)place)->file);
    return 0;
}

static void inject(struct source *s, source_fault_fn *fault, void *context) {
    struct container *c = s->own;
    source_inject_fault(c->files.source[0], fault, context);
}

static void test_changed_meanwhile(void **state) {
    struct place *p = *state;
    size_t got;
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "nothing"); /* nobody else reads it */
    inject(s, touch_late, p);
    assert_int_equal(source_read(s, p->got, 10, &got, NULL), EX_OK);
    expect_no_sum(s, "it changed while it was read");
}

static int stop_late(void *source, uint64_t offset, size_t size_bytes) {
    if (offset + size_bytes > 10000000)
        source_stop(source);
    return 0;
}

static void test_sums_stopped(void **state) {
    struct place *p = *state;
    size_t got;
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "nothing");
    inject(s, stop_late, s);
    assert_int_equal(source_read(s, p->got, 10, &got, NULL), EX_INTERRUPTED);
    expect_no_sum(s, "it was not read to its end");
}

/* ---- the disk on which it lies ---- */

static int bad_sector(void *error, uint64_t offset, size_t size_bytes) {
    enum { AT = 5000000 };
    return offset <= AT && offset + size_bytes > AT ? *(const int *)error : 0;
}

static void test_bad_sector(void **state) {
    struct place *p = *state;
    struct container_report r;
    int error = EIO;
    size_t count;
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "copy");
    inject(s, bad_sector, &error);
    assert_int_equal(read_all(s, p->got, SIZE, NULL), EX_OK);
    const struct source_range *bad = source_unreadable(s, &count);
    assert_int_equal(count, 3);
    assert_int_equal(bad[1].why, SOURCE_DAMAGED); /* as the container says */
    assert_int_equal(bad[2].why, SOURCE_UNREADABLE);
    assert_true(bad[2].offset <= 5000000 && bad[2].offset + bad[2].length > 5000000);
    assert_int_equal(bad[2].length, CONTAINER_PIECE_MOST);
    for (size_t i = 0; i < count; i++)
        clear(p, bad[i].offset, bad[i].length);
    assert_memory_equal(p->got, p->data, SIZE);
    assert_true(source_container_report(s, &r));
    assert_int_equal(r.damage->count, 0);
    assert_int_equal(r.disk_errors->count, 1);
    assert_int_equal(r.disk_errors->listed[0].offset, bad[2].offset);
    assert_non_null(strstr(r.disk_errors->listed[0].why, "Input/output error"));
    expect_no_sum(s, "it could not be read at byte ");
}

/* Reads on to an error of the disk, which is none of the medium's alone. */
static void expect_gone(struct source *s, uint8_t *to) {
    struct ex_error err = {0};
    ex_code code = EX_OK;
    size_t got = 1;
    while (code == EX_OK && got > 0)
        code = source_read(s, to, PIECE, &got, &err);
    assert_int_equal(code, EX_IO);
    assert_non_null(strstr(err.text, "the disk on which the image lies gives no more"));
    assert_non_null(strstr(err.hint, "--container file"));
}

static void test_disk_gone(void **state) {
    struct place *p = *state;
    int error = ENODEV;
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "copy");
    inject(s, bad_sector, &error);
    expect_gone(s, p->got);
}

static int pulled_out(void *is_gone, uint64_t offset, size_t size_bytes) {
    atomic_bool *gone = is_gone;
    if (offset + size_bytes > STRIPE_BYTES)
        atomic_store(gone, true);
    return atomic_load(gone) ? EIO : 0;
}

static void test_disk_pulled_out(void **state) {
    struct place *p = *state;
    atomic_bool gone = false;
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "copy");
    inject(s, pulled_out, &gone);
    expect_gone(s, p->got);
    assert_true(((struct container *)s->own)->disk_failed <= CONTAINER_WORKERS_MAX);
}

static int all_bad(void *context, uint64_t offset, size_t size_bytes) {
    (void)context;
    (void)size_bytes;
    return offset >= STRIPE_BYTES ? EIO : 0;
}

/* Zeros without end are no evidence. */
static void test_disk_dead(void **state) {
    struct place *p = *state;
    write_input(p, "", 0, 100);
    assert_int_equal(truncate(p->file, (off_t)CONTAINER_PIECE_MOST * CONTAINER_DISK_ERRORS_MAX +
                                           3 * STRIPE_BYTES),
                     0);
    EX_AUTO(source_close) struct source *s = open_as(p, "copy");
    inject(s, all_bad, NULL);
    expect_gone(s, p->got);
}

/* ---- somebody does not want to wait ---- */

static void *stop_soon(void *source) {
    const struct timespec a_little = {.tv_nsec = 300000000};
    (void)nanosleep(&a_little, NULL);
    source_stop(source);
    return NULL;
}

/* Without being killed the reader would have 60 s for its answer. */
static void test_hangs(void **state) {
    struct place *p = *state;
    pthread_t thread;
    size_t got = 1;
    write_input(p, "", 0, SIZE);
    EX_AUTO(source_close) struct source *s = open_as(p, "hangs_later");
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, s), 0);
    ex_code code = EX_OK;
    while (code == EX_OK && got > 0)
        code = source_read(s, p->got, PIECE, &got, NULL);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(code, EX_INTERRUPTED);
}

static void test_hangs_at_once(void **state) {
    struct place *p = *state;
    struct source *s = NULL;
    atomic_bool stop = true;
    write_input(p, "", 0, 100);
    assert_int_equal(source_open_container_by(BAD_PARSERS, p->file, "hang", &stop, &s, NULL),
                     EX_INTERRUPTED);
    assert_null(s);
}

static void test_changed(void **state) {
    struct place *p = *state;
    write_input(p, "", 0, 100);
    EX_AUTO(source_close) struct source *s = open_as(p, "copy");
    assert_int_equal(read_all(s, p->got, 100, NULL), EX_OK);
    assert_int_equal(unlink(p->file), 0);
    assert_int_equal(source_check_unchanged(s, NULL, NULL), EX_SOURCE);
}

static void test_names(void **state) {
    static const struct {
        const char *first;
        unsigned number;
        const char *wanted; /* NULL: none */
    } names[] = {{"/a/x.E01", 2, "/a/x.E02"},
                 {"/a/x.E01", 99, "/a/x.E99"},
                 {"/a/x.E01", 100, "/a/x.EAA"},
                 {"/a/x.E01", 775, "/a/x.EZZ"},
                 {"/a/x.E01", 776, "/a/x.FAA"},
                 {"/a/x.E01", 14971, "/a/x.ZZZ"},
                 {"/a/x.E01", 14972, NULL},
                 {"x.e01", 100, "x.eaa"},
                 {"x.s01", 3, "x.s03"},
                 {"x.000", 2, "x.001"},
                 {"x.001", 10, "x.010"},
                 {"x.001", 999, "x.999"},
                 {"x.001", 1000, NULL},
                 {"x.aa", 27, "x.ba"},
                 {"x.raw.aa", 676, "x.raw.zz"},
                 {"x.aa", 677, NULL},
                 {"x.AA", 2, "x.AB"},
                 {"/a.b/x", 2, NULL},
                 {"x.E01", 1, NULL},
                 {"x", 2, NULL},
                 {"x.", 2, NULL},
                 {"x.a-b", 2, NULL}};
    char path[100];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool found = container_segment_path(names[i].first, names[i].number, path, sizeof path);
        assert_int_equal(found, names[i].wanted != NULL);
        if (found)
            assert_string_equal(path, names[i].wanted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_nothing, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_minefield, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_given_up, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_stray, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_hashes, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_half_read, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_stopped, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_sums, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_sums_of_nothing, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_changed_before, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_changed_meanwhile, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_sums_stopped, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_bad_sector, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_disk_gone, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_disk_pulled_out, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_disk_dead, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_hangs, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_hangs_at_once, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_changed, make_place, remove_place),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
