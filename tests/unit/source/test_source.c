/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/file.h"
#include "source/source.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 100000 };

struct place {
    char root[64], file[80];
    uint8_t data[SIZE];
};

static int make_place(void **state) {
    struct place *p = ex_new0(struct place);
    (void)snprintf(p->root, sizeof p->root, "/tmp/exhibit-source-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    (void)snprintf(p->file, sizeof p->file, "%s/file", p->root);
    for (size_t i = 0; i < SIZE; i++)
        p->data[i] = (uint8_t)(1 + i * 2654435761U % 255);
    FILE *f = fopen(p->file, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p->data, 1, SIZE, f), SIZE);
    assert_int_equal(fclose(f), 0);
    *state = p;
    return 0;
}

static int remove_place(void **state) {
    struct place *p = *state;
    (void)unlink(p->file);
    (void)rmdir(p->root);
    free(p);
    return 0;
}

#define place_test(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

/* Everything that a source gives, in reads of one size. */
static ex_code read_all(struct source *s, uint8_t *to, size_t room, size_t step, size_t *ret_size,
                        struct ex_error *err) {
    size_t got = 1;
    *ret_size = 0;
    while (got > 0) {
        assert_true(*ret_size + step <= room);
        EX_TRY(source_read(s, to + *ret_size, step, &got, err));
        *ret_size += got;
    }
    return EX_OK;
}

static void a_file_is_read_as_it_is(void **state) {
    struct place *p = *state;
    struct ex_error err;
    static uint8_t got[2 * SIZE];
    static const size_t steps[] = {1000, 4096, SIZE - 1, SIZE, SIZE};
    struct stat before, after;
    assert_int_equal(stat(p->file, &before), 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        EX_AUTO(source_close) struct source *s = NULL;
        struct source_identity id, now;
        size_t size, bad;
        assert_code(EX_OK, source_open(p->file, &s, &err));
        source_identity(s, &id);
        assert_int_equal(id.kind, SOURCE_FILE);
        assert_int_equal(id.size_bytes, SIZE);
        assert_int_equal(id.inode, before.st_ino);
        assert_string_equal(id.path, p->file);
        assert_int_equal(id.modified.s, before.st_mtim.tv_sec);
        assert_code(EX_OK, read_all(s, got, sizeof got, steps[i], &size, &err));
        assert_int_equal(size, SIZE);
        assert_memory_equal(got, p->data, SIZE);
        (void)source_unreadable(s, &bad);
        assert_int_equal(bad, 0);
        assert_code(EX_OK, source_check_unchanged(s, &now, &err));
        assert_int_equal(now.size_bytes, SIZE);
    }
    assert_int_equal(stat(p->file, &after), 0); /* the original is sacred */
    assert_memory_equal(&before.st_atim, &after.st_atim, sizeof before.st_atim);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim);
    assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof before.st_ctim);
}

static void what_cannot_be_a_source(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct source *s = NULL;
    char fifo[100], missing[100];
    (void)snprintf(fifo, sizeof fifo, "%s/fifo", p->root);
    (void)snprintf(missing, sizeof missing, "%s/missing", p->root);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_code(EX_UNSUPPORTED, source_open(p->root, &s, &err));
    assert_code(EX_UNSUPPORTED, source_open(fifo, &s, &err));
    assert_code(EX_UNSUPPORTED, source_open("/dev/null", &s, &err));
    assert_code(EX_NOT_FOUND, source_open(missing, &s, &err));
    assert_code(EX_NOT_FOUND, source_open("", &s, &err));
    assert_null(s);
    assert_int_equal(unlink(fifo), 0);
    source_close(NULL);
}

static void bad_ranges_are_zero_and_listed(void **state) {
    struct place *p = *state;
    struct ex_error err;
    static uint8_t got[2 * SIZE], expected[SIZE];
    static const struct source_range ranges[] = {
        {0, 1, 0},        {0, SIZE - 600, 0},  {511, 1, 0},      {512, 512, 0},  {500, 700, 0},
        {SIZE - 1, 1, 0}, {SIZE / 2, 5000, 0}, {99328, 4000, 0}, {4096, 4096, 0}};
    static const size_t steps[] = {SIZE, 4096, 1000, 512, 100};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
            EX_AUTO(source_close) struct source *s = NULL;
            size_t size, count;
            /* Reads that are not aligned cannot lose more than their own part of a sector. */
            uint64_t unit = steps[k] % 512 == 0 || steps[k] == SIZE ? 512 : 1;
            uint64_t from = ranges[i].offset / unit * unit;
            uint64_t end = (ranges[i].offset + ranges[i].length + unit - 1) / unit * unit;
            end = end < SIZE ? end : SIZE;
            assert_code(EX_OK, source_open(p->file, &s, &err));
            source_inject_error(s, ranges[i].offset, ranges[i].length);
            assert_code(EX_OK, read_all(s, got, sizeof got, steps[k], &size, &err));
            assert_int_equal(size, SIZE);
            const struct source_range *bad = source_unreadable(s, &count);
            assert_int_equal(count, 1);
            assert_true(bad[0].offset <= ranges[i].offset && bad[0].offset >= from / 512 * 512);
            assert_true(bad[0].offset + bad[0].length >= ranges[i].offset + ranges[i].length ||
                        bad[0].offset + bad[0].length == SIZE);
            if (unit == 512) {
                assert_int_equal(bad[0].offset, from);
                assert_int_equal(bad[0].length, end - from);
            }
            memcpy(expected, p->data, SIZE);
            memset(expected + bad[0].offset, 0, bad[0].length);
            assert_memory_equal(got, expected, SIZE);
        }
}

/* The change is made through a descriptor that was there first, so that the source is not guarded
 * and nothing waits. */
static ex_code read_after(struct place *p, void (*change)(struct place *), struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = NULL;
    static uint8_t got[2 * SIZE];
    struct source_identity id;
    size_t size;
    EX_AUTO_FD int writer = open(p->file, O_WRONLY | O_CLOEXEC);
    assert_true(writer >= 0);
    EX_TRY(source_open(p->file, &s, err));
    source_identity(s, &id);
    assert_false(id.write_guarded);
    EX_TRY(source_read(s, got, 1000, &size, err));
    change(p);
    EX_TRY(read_all(s, got, sizeof got, 4096, &size, err));
    return source_check_unchanged(s, NULL, err);
}

static void shrink(struct place *p) {
    assert_int_equal(truncate(p->file, 50000), 0);
}

static void grow(struct place *p) {
    assert_int_equal(truncate(p->file, SIZE + 1), 0);
}

static void vanish(struct place *p) {
    assert_int_equal(unlink(p->file), 0);
}

static void overwrite(struct place *p) {
    int fd = open(p->file, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "x", 1, 5), 1);
    close(fd);
}

static void replace(struct place *p) {
    char other[100];
    (void)snprintf(other, sizeof other, "%s/other", p->root);
    FILE *f = fopen(other, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p->data, 1, SIZE, f), SIZE);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(rename(other, p->file), 0);
}

static void leave(struct place *p) {
}

static void nothing_happens(void **state) {
    struct ex_error err;
    assert_code(EX_OK, read_after(*state, leave, &err));
}

static void it_shrinks(void **state) {
    struct ex_error err;
    assert_code(EX_SOURCE, read_after(*state, shrink, &err));
}

static void it_grows(void **state) {
    struct ex_error err;
    assert_code(EX_SOURCE, read_after(*state, grow, &err));
}

static void it_vanishes(void **state) {
    struct ex_error err;
    assert_code(EX_SOURCE, read_after(*state, vanish, &err));
}

static void it_is_written_to(void **state) {
    struct ex_error err;
    assert_code(EX_SOURCE, read_after(*state, overwrite, &err));
}

static void it_is_replaced(void **state) {
    struct ex_error err;
    assert_code(EX_SOURCE, read_after(*state, replace, &err));
}

/* ---- guarding ---- */

static struct source *open_guarded(const struct place *p) {
    struct ex_error err;
    struct source *s = NULL;
    struct source_identity id;
    assert_code(EX_OK, source_open(p->file, &s, &err));
    source_identity(s, &id);
    if (!id.write_guarded) {
        source_close(s);
        print_message("# this file system gives no leases\n");
        skip();
    }
    return s;
}

struct late_writer {
    struct place *place;
    void (*change)(struct place *);
    atomic_bool done;
};

static void *write_late(void *argument) {
    struct late_writer *w = argument;
    w->change(w->place);
    atomic_store(&w->done, true);
    return NULL;
}

/* Until the source knows of the writer; the writer waits all the while. */
static ex_code wait_for_news(struct source *s, struct ex_error *err) {
    ex_code code = EX_OK;
    for (int i = 0; i < 500 && code == EX_OK; i++) {
        struct timespec pause = {.tv_nsec = 10000000};
        (void)nanosleep(&pause, NULL);
        code = source_check_unchanged(s, NULL, err);
    }
    return code;
}

static void a_late_writer_waits(struct place *p, void (*change)(struct place *)) {
    struct late_writer w = {.place = p, .change = change};
    struct ex_error err;
    uint8_t byte;
    size_t size;
    pthread_t thread;
    struct source *s = open_guarded(p);
    assert_code(EX_OK, source_check_unchanged(s, NULL, &err));
    assert_int_equal(pthread_create(&thread, NULL, write_late, &w), 0);
    assert_int_equal(wait_for_news(s, &err), EX_SOURCE);
    assert_non_null(strstr(err.text, "somebody opened the source"));
    assert_true(err.hint[0] != '\0');
    assert_code(EX_SOURCE, source_read(s, &byte, 1, &size, &err));
    assert_false(atomic_load(&w.done));
    source_close(s); /* and lets it go on at once */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&w.done));
}

/* Nothing here ignores SIGIO or SIGURG: the process lives on all the same. */
static void somebody_opens_it_for_writing(void **state) {
    struct stat before, after;
    struct place *p = *state;
    assert_int_equal(stat(p->file, &before), 0);
    a_late_writer_waits(p, overwrite);
    assert_int_equal(stat(p->file, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
}

static void somebody_cuts_it(void **state) {
    a_late_writer_waits(*state, shrink);
}

static void a_guard_ends_with_its_source(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct source *s = open_guarded(p);
    EX_AUTO_FD int reader = open(p->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* harms nothing */
    assert_true(reader >= 0);
    assert_code(EX_OK, source_check_unchanged(s, NULL, &err));
    source_close(s);
    EX_AUTO_FD int writer = open(p->file, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(writer >= 0);
}

/* ---- paths ---- */

static void assert_path(const char *path, const char *resolved, bool link) {
    struct ex_error err;
    EX_AUTO(source_close) struct source *s = NULL;
    struct source_identity id, after;
    assert_code(EX_OK, source_open(path, &s, &err));
    source_identity(s, &id);
    assert_string_equal(id.path, path);
    assert_non_null(id.resolved);
    assert_string_equal(id.resolved, resolved);
    assert_int_equal(id.link, link);
    assert_code(EX_OK, source_check_unchanged(s, &after, &err));
    assert_string_equal(after.resolved, resolved);
    assert_int_equal(after.link, link);
    assert_int_equal(after.write_guarded, id.write_guarded);
}

static void a_path_is_resolved(void **state) {
    struct place *p = *state;
    char link[100], dir_link[100], through[120], raw[100], roundabout[120];
    EX_AUTO_FREE char *real = realpath(p->file, NULL);
    (void)snprintf(link, sizeof link, "%s/link", p->root);
    (void)snprintf(dir_link, sizeof dir_link, "%s/dir", p->root);
    (void)snprintf(through, sizeof through, "%s/dir/file", p->root);
    (void)snprintf(raw, sizeof raw, "%s/\xff\n", p->root);
    (void)snprintf(roundabout, sizeof roundabout, "%s/.//../%s/file", p->root, p->root + 5);
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(symlink(".", dir_link), 0);
    assert_path(p->file, real, false);
    assert_path(link, real, true);
    assert_path(through, real, false);
    assert_path(roundabout, real, false);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(dir_link), 0);
    assert_int_equal(rename(p->file, raw), 0);
    EX_AUTO_FREE char *real_raw = realpath(raw, NULL);
    assert_path(raw, real_raw, false);
    assert_int_equal(rename(raw, p->file), 0);
}

/* ---- standard input ---- */

static struct source *open_stdin_from(int fd) {
    struct ex_error err;
    struct source *s = NULL;
    int saved = dup(STDIN_FILENO);
    assert_true(dup2(fd, STDIN_FILENO) >= 0);
    assert_code(EX_OK, source_open("-", &s, &err));
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    close(saved);
    return s;
}

struct writer {
    struct place *place;
    int fd;
};

static void *write_pieces(void *argument) {
    struct writer *w = argument;
    for (size_t at = 0, part = 1; at < SIZE; at += part, part = part * 3 % 5003 + 1) {
        part = part < SIZE - at ? part : SIZE - at;
        if (write(w->fd, w->place->data + at, part) != (ssize_t)part)
            abort();
    }
    close(w->fd);
    return NULL;
}

static void a_pipe_gives_full_pieces(void **state) {
    struct place *p = *state;
    struct ex_error err;
    static uint8_t got[SIZE];
    int fd[2];
    pthread_t thread;
    size_t size;
    for (int blocking = 0; blocking < 2; blocking++) {
        assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
        if (!blocking)
            assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
        struct writer w = {p, fd[1]};
        struct source_identity id;
        EX_AUTO(source_close) struct source *s = open_stdin_from(fd[0]);
        close(fd[0]);
        assert_int_equal(pthread_create(&thread, NULL, write_pieces, &w), 0);
        source_identity(s, &id);
        assert_int_equal(id.kind, SOURCE_STDIN);
        assert_string_equal(id.path, "-");
        assert_null(id.resolved);
        assert_false(id.link || id.write_guarded);
        for (size_t at = 0; at < SIZE; at += size) {
            size_t want = SIZE - at < 30000 ? SIZE - at : 30000;
            assert_code(EX_OK, source_read(s, got + at, 30000 < SIZE - at ? 30000 : SIZE - at,
                                           &size, &err));
            assert_int_equal(size, want);
        }
        assert_memory_equal(got, p->data, SIZE);
        for (int i = 0; i < 2; i++) { /* the end stays the end */
            assert_code(EX_OK, source_read(s, got, 10, &size, &err));
            assert_int_equal(size, 0);
        }
        assert_code(EX_OK, source_check_unchanged(s, NULL, &err));
        pthread_join(thread, NULL);
    }
}

static void *stop_soon(void *argument) {
    struct timespec t = {.tv_nsec = 50000000};
    (void)nanosleep(&t, NULL);
    source_stop(argument);
    return NULL;
}

static void waiting_can_be_stopped(void **state) {
    struct ex_error err;
    int fd[2];
    uint8_t byte;
    size_t size;
    pthread_t thread;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    EX_AUTO(source_close) struct source *s = open_stdin_from(fd[0]);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, s), 0);
    assert_code(EX_INTERRUPTED, source_read(s, &byte, 1, &size, &err));
    pthread_join(thread, NULL);
    close(fd[0]);
    close(fd[1]);
}

struct giver {
    uint64_t at, size;
};

static ex_code give(void *context, uint8_t *to, size_t size_bytes, size_t *ret_got,
                    struct ex_error *err) {
    struct giver *g = context;
    uint64_t left = g->size - g->at;
    size_t n = size_bytes < 1000 ? size_bytes : 1000; /* in small pieces */
    n = n < left ? n : (size_t)left;
    memset(to, (int)(g->at / 1000), n);
    g->at += n;
    *ret_got = n;
    (void)err;
    return EX_OK;
}

/* Ranges behind what was read are not told of yet; one that goes on behind it is. */
static void a_member_gives_its_bytes_and_ranges(void **state) {
    struct ex_error err;
    struct giver g = {.size = 5000};
    const struct source_range bad[] = {{512, 512, 0}, {2048, 2560, 0}};
    uint8_t got[5000];
    size_t size, count;
    EX_AUTO(source_close) struct source *s = NULL;
    (void)state;
    assert_code(EX_OK, source_open_member("data/a", 5000, give, &g, bad, 2, &s, &err));
    assert_code(EX_OK, source_read(s, got, 2000, &size, &err));
    assert_int_equal(size, 2000);
    (void)source_unreadable(s, &count);
    assert_int_equal(count, 1);
    assert_code(EX_OK, source_read(s, got, sizeof got, &size, &err));
    assert_int_equal(size, 3000);
    assert_int_equal(source_unreadable(s, &count)[1].length, 2560);
    assert_int_equal(count, 2);
    assert_code(EX_OK, source_read(s, got, sizeof got, &size, &err));
    assert_int_equal(size, 0);
    assert_code(EX_OK, source_check_unchanged(s, NULL, &err));
    assert_code(EX_UNSUPPORTED, source_seek(s, 0, &err));
}

static void a_short_member_is_altered(void **state) {
    struct ex_error err;
    struct giver g = {.size = 5000};
    uint8_t got[6000];
    size_t size;
    EX_AUTO(source_close) struct source *s = NULL;
    (void)state;
    assert_code(EX_OK, source_open_member("data/a", 5001, give, &g, NULL, 0, &s, &err));
    assert_code(EX_ALTERED, source_read(s, got, sizeof got, &size, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(a_file_is_read_as_it_is),
        place_test(what_cannot_be_a_source),
        place_test(bad_ranges_are_zero_and_listed),
        place_test(nothing_happens),
        place_test(it_shrinks),
        place_test(it_grows),
        place_test(it_vanishes),
        place_test(it_is_written_to),
        place_test(it_is_replaced),
        place_test(somebody_opens_it_for_writing),
        place_test(somebody_cuts_it),
        place_test(a_guard_ends_with_its_source),
        place_test(a_path_is_resolved),
        place_test(a_pipe_gives_full_pieces),
        place_test(waiting_can_be_stopped),
        cmocka_unit_test(a_member_gives_its_bytes_and_ranges),
        cmocka_unit_test(a_short_member_is_altered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
