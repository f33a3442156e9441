/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that die at any moment, disks that are full, and readers beside a writer; for both
 * kinds of file. */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { KILLS = 40, ROWS = 30, BESIDE_MS = 1500, FULL_STEPS = 40, LONG_BYTES = 3000 };

/* Outlives the child that writes it. */
struct shared {
    _Atomic uint64_t committed;
    _Atomic bool stop;
    unsigned pause_us; /* between transactions */
};

static struct shared *share(unsigned pause_us) {
    struct shared *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s != MAP_FAILED);
    s->pause_us = pause_us;
    return s;
}

static void sleep_us(unsigned us) {
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
    (void)nanosleep(&t, NULL);
}

/* `first` and on; rows that are long enough for pages of their own. */
static ex_code put_rows(struct catalog *c, uint64_t first, unsigned count, struct ex_error *err) {
    char json[LONG_BYTES + 1];
    memset(json, 'j', LONG_BYTES);
    json[LONG_BYTES] = '\0';
    for (uint64_t i = first; i < first + count; i++) {
        struct catalog_entry e = {
            .index = i, .event = (char[]){"a.b"}, .has_item = true, .json = json};
        memset(e.item_id, (int)(i * 37 % 251), sizeof e.item_id); /* all over an index */
        EX_TRY(catalog_put_entry(c, &e, err));
    }
    return EX_OK;
}

/* One more transaction: ROWS rows, and the position says how many. */
static ex_code advance(struct catalog *c, bool flush, uint64_t *ret_size, struct ex_error *err) {
    uint8_t root[CATALOG_ROOT_BYTES];
    uint64_t size;
    EX_TRY(catalog_begin(c, err));
    EX_TRY(catalog_position(c, &size, root, err));
    EX_TRY(put_rows(c, size, ROWS / 2, err));
    if (flush) /* what a transaction larger than the cache does */
        (void)sqlite3_db_cacheflush(c->db);
    EX_TRY(put_rows(c, size + ROWS / 2, ROWS - ROWS / 2, err));
    memset(root, (int)(size & 0xff), sizeof root);
    EX_TRY(catalog_set_position(c, size + ROWS, root, err));
    EX_TRY(catalog_commit(c, err));
    *ret_size = size + ROWS;
    return EX_OK;
}

struct count {
    uint64_t rows;
};

static ex_code count_entry(void *context, const struct catalog_entry *e, struct ex_error *err) {
    struct count *n = context;
    if (e->index != n->rows++)
        return ex_fail(err, EX_INTERNAL, "entries are not in a row");
    return EX_OK;
}

static int one_text(void *context, int columns, char **text, char **names) {
    snprintf(context, 100, "%s", columns == 1 && text[0] != NULL ? text[0] : "");
    return 0;
}

/* Rows and position of one transaction, and a sound file. */
static uint64_t check_whole(struct catalog *c) {
    struct ex_error err = {0};
    struct count n = {0};
    char verdict[100] = "";
    uint8_t root[CATALOG_ROOT_BYTES];
    uint64_t size;
    assert_ok(catalog_position(c, &size, root, &err));
    assert_ok(catalog_each_entry(c, NULL, count_entry, &n, &err));
    assert_int_equal(n.rows, size);
    assert_int_equal(sqlite3_exec(c->db, "PRAGMA integrity_check", one_text, verdict, NULL),
                     SQLITE_OK);
    assert_string_equal(verdict, "ok");
    return size;
}

static int write_until_killed(const struct bench *b, struct shared *s) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    uint64_t size;
    ex_code code = catalog_open(b->vault, b->key, &c, &err);
    for (unsigned n = 0; code == EX_OK && !s->stop; n++) {
        code = advance(c, n % 2 == 1, &size, &err);
        if (code == EX_OK)
            s->committed = size;
        if (s->pause_us > 0)
            sleep_us(s->pause_us);
        if (n % 8 == 7) { /* opening and closing are moments too */
            catalog_close(c);
            c = NULL;
            code = code == EX_OK ? catalog_open(b->vault, b->key, &c, &err) : code;
        }
    }
    catalog_close(c);
    if (code != EX_OK)
        print_error("writer: %s (%s)\n", err.text, err.at);
    return code == EX_OK ? 0 : 1;
}

static void death_at_any_moment_leaves_old_or_new(void **state) {
    struct bench *b = *state;
    struct shared *s = share(0);
    uint64_t found = 0;
    for (unsigned n = 0; n < KILLS; n++) {
        pid_t child = fork();
        if (child == 0)
            _exit(write_until_killed(b, s));
        sleep_us(500 + n * 977 % 20000);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct catalog *c = open_new(b);
        found = check_whole(c);
        catalog_close(c);
        /* nothing that was acknowledged is lost; at most one commit was not acknowledged yet */
        assert_true(found == s->committed || found == s->committed + ROWS);
        s->committed = found;
        if (found > 3000) { /* small files die faster */
            struct ex_error err = {0};
            assert_ok(catalog_remove(b->vault, &err));
            s->committed = 0;
        }
    }
    (void)munmap(s, sizeof *s);
}

/* Opens, asks and closes again and again; some handles stay open. Never anything but an answer. */
static void reader_beside_writer_sees_no_damage(void **state) {
    struct bench *b = *state;
    struct shared *s = share(5000); /* whoever waits for a lock polls: leave it a chance */
    struct ex_error err = {0};
    struct timespec start, now;
    uint64_t last = 0;
    unsigned rounds = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(write_until_killed(b, s));
    EX_AUTO(catalog_close) struct catalog *kept = open_new(b);
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        struct catalog *c = open_new(b);
        uint8_t root[CATALOG_ROOT_BYTES];
        uint64_t size;
        assert_ok(catalog_position(rounds % 2 == 0 ? c : kept, &size, root, &err));
        assert_true(size >= last);
        last = size;
        if (rounds++ % 16 == 0) {
            assert_ok(catalog_begin(c, &err)); /* so that rows and position are of one moment */
            (void)check_whole(c);
            catalog_abort(c);
        }
        catalog_close(c);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
             BESIDE_MS);
    s->stop = true;
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(last > 0);
    assert_true(rounds > 10);
    (void)munmap(s, sizeof *s);
}

/* No file may grow beyond limit_bytes: 0 when a transaction and its undoing ended as they should.
 */
static int write_with_limit(const struct bench *b, rlim_t limit_bytes, bool flush) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    struct rlimit limit = {.rlim_cur = limit_bytes, .rlim_max = RLIM_INFINITY};
    uint8_t before[32], after[32];
    uint64_t size;
    (void)signal(SIGXFSZ, SIG_IGN);
    if (catalog_open(b->vault, b->key, &c, &err) != EX_OK ||
        catalog_digest(c, before, &err) != EX_OK || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    ex_code code = advance(c, flush, &size, &err);
    if (code == EX_OK)
        return 3; /* it did fit */
    catalog_abort(c);
    limit.rlim_cur = RLIM_INFINITY;
    if ((code != EX_SPACE && code != EX_IO) || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 4;
    if (catalog_digest(c, after, &err) != EX_OK || memcmp(before, after, sizeof after) != 0)
        return 5;
    code = advance(c, false, &size, &err); /* the same handle goes on once there is room */
    catalog_close(c);
    return code == EX_OK ? 0 : 6;
}

static void full_disk_leaves_the_old_rows(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct stat st;
    struct catalog *c = open_new(b);
    uint64_t size, failed = 0, wanted = ROWS;
    assert_ok(advance(c, false, &size, &err));
    catalog_close(c);
    for (unsigned n = 0; n < FULL_STEPS; n++) {
        assert_int_equal(stat(b->file, &st), 0);
        rlim_t limit = n % 2 == 0 ? 1 + n * 1237 : (rlim_t)st.st_size + n * 611;
        pid_t child = fork();
        if (child == 0)
            _exit(write_with_limit(b, limit, n % 4 >= 2));
        int status = 1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != 3)
            assert_int_equal(WEXITSTATUS(status), 0);
        failed += WEXITSTATUS(status) == 0;
        c = open_new(b);
        wanted += ROWS;
        assert_int_equal(check_whole(c), wanted);
        catalog_close(c);
    }
    assert_true(failed > FULL_STEPS / 4);
}

int main(int argc, char **argv) {
    uint8_t *key = key_of(argc, argv);
    const struct CMUnitTest tests[] = {
        CASE(death_at_any_moment_leaves_old_or_new),
        CASE(reader_beside_writer_sees_no_damage),
        CASE(full_disk_leaves_the_old_rows),
    };
    return cmocka_run_group_tests_name(key != NULL ? "catalog-crash-encrypted" : "catalog-crash",
                                       tests, NULL, NULL);
}
