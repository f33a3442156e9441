/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are no good catalog, links, places that cannot be written, processes that died. */
#include "bench.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { NOBODY = 65534 };

static void write_file(const char *path, const void *data, size_t size, off_t at, int flags) {
    int fd = open(path, O_WRONLY | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, at), (ssize_t)size);
    close(fd);
}

static void assert_refused(const struct bench *b, ex_code wants, const char *part) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    assert_code(catalog_open(b->vault, b->key, &c, &err), wants);
    assert_null(c);
    assert_non_null(strstr(err.text, part));
    assert_non_null(strstr(err.hint, "exhibit"));
}

/* Whoever does not go through our checks, but has the key. */
static void run_sql(const struct bench *b, const char *sql) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct ex_error err = {0};
    struct cipher *cipher = NULL;
    sqlite3 *db = NULL;
    if (b->key != NULL)
        assert_ok(cipher_new(b->key, &cipher, &err));
    assert_int_equal(cipher != NULL ? cipher_open(cipher, b->file, flags, &db)
                                    : sqlite3_open_v2(b->file, &db, flags, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cipher_free(cipher);
}

static void no_database_is_refused(void **state) {
    struct bench *b = *state;
    char noise[8192];
    struct stat st;
    memset(noise, 'x', sizeof noise);
    write_file(b->file, noise, sizeof noise, 0, O_CREAT);
    assert_refused(b, EX_FORMAT, b->key != NULL ? "was not encrypted" : "not a database");
    assert_refused(b, EX_FORMAT, "could not open the catalog");
    assert_int_equal(stat(b->file, &st), 0);
    assert_int_equal(st.st_size, sizeof noise);
}

static void other_database_is_refused_and_left_alone(void **state) {
    struct bench *b = *state;
    run_sql(b, "CREATE TABLE recipes (name TEXT)");
    assert_refused(b, EX_FORMAT, "is not a catalog");
    run_sql(b, "INSERT INTO recipes VALUES ('still here')");
}

static void newer_schema_is_refused(void **state) {
    struct bench *b = *state;
    catalog_close(open_new(b));
    run_sql(b, "PRAGMA user_version = 99");
    assert_refused(b, EX_FORMAT, "schema 99, newer");
}

static void damage_is_found_where_it_is_met(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    uint8_t digest[32], noise[4096];
    struct stat st;
    const off_t page = b->key != NULL ? CIPHER_STORED_BYTES : 4096;
    struct catalog *c = open_new(b);
    fill_whole(c, false);
    catalog_close(c);
    assert_int_equal(stat(b->file, &st), 0);
    memset(noise, 0xee, sizeof noise);
    for (off_t at = page; at < st.st_size; at += (off_t)sizeof noise)
        write_file(b->file, noise, sizeof noise, at, 0);
    c = open_new(b);
    assert_code(catalog_digest(c, digest, &err), EX_FORMAT);
    assert_string_equal(err.hint, CATALOG_HINT_REBUILD);
    catalog_close(c);
    assert_int_equal(truncate(b->file, page), 0);
    assert_refused(b, EX_FORMAT, "malformed");
    assert_ok(catalog_remove(b->vault, &err));
    catalog_close(open_new(b));
}

/* What a forger without our constraints could have put into the tables. */
static void forged_rows_are_damage(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct list l = {0};
    struct catalog_item i = {0};
    uint64_t size;
    uint8_t root[CATALOG_ROOT_BYTES], digest[32];
    run_sql(b, "PRAGMA application_id = 0x45784374; PRAGMA user_version = 3;"
               "CREATE TABLE position (size, root); INSERT INTO position VALUES (1, x'00');"
               "CREATE TABLE entries (entry, time_ns, event, case_id, item_id, intent, json);"
               "INSERT INTO entries VALUES (-1, 0, 'a', NULL, NULL, NULL, 'b');"
               "CREATE TABLE cases (id, number, title, opened_ns, entry);"
               "INSERT INTO cases VALUES (zeroblob(16), 'A', x'61', 0, 0);"
               "CREATE TABLE items (id, case_id, number, label, object_id, collected_ns,"
               " entry_intent, entry_outcome, verified_ns, json);"
               "INSERT INTO items VALUES (zeroblob(16), zeroblob(16), 1, 'A/1', zeroblob(32),"
               " 0, 0, 0, NULL, CAST(x'7b007d' AS TEXT))");
    EX_AUTO(catalog_close) struct catalog *c = open_new(b);
    assert_code(catalog_position(c, &size, root, &err), EX_FORMAT);
    assert_string_equal(err.hint, CATALOG_HINT_REBUILD);
    assert_code(catalog_each_entry(c, NULL, list_entry, &l, &err), EX_FORMAT);
    assert_code(catalog_each_case(c, list_case, &l, &err), EX_FORMAT);
    assert_code(catalog_find_item(c, "A/1", &i, &err), EX_FORMAT);
    assert_code(catalog_digest(c, digest, &err), EX_FORMAT); /* no table of concerns */
    assert_string_equal(err.hint, CATALOG_HINT_REBUILD);
    assert_int_equal(l.rows, 0);
}

static void links_are_refused_on_the_file_only(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    char away[420], link[420];
    struct stat st;
    snprintf(away, sizeof away, "%s/away", b->vault);
    snprintf(link, sizeof link, "%s/link", b->vault);
    assert_int_equal(symlink(away, b->file), 0);
    assert_refused(b, EX_FORMAT, "not a regular file");
    write_file(away, "", 0, 0, O_CREAT);
    assert_refused(b, EX_FORMAT, "not a regular file");
    assert_int_equal(stat(away, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_ok(catalog_remove(b->vault, &err));
    assert_int_equal(unlink(away), 0);

    struct catalog *c = NULL; /* a vault may be reached through one */
    assert_int_equal(symlink(b->vault, link), 0);
    assert_ok(catalog_open(link, b->key, &c, &err));
    catalog_close(c);
    assert_int_equal(access(b->file, F_OK), 0);
    assert_int_equal(unlink(link), 0);
}

static void no_directory_is_not_found(void **state) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    assert_code(catalog_open("/nonexistent/vault", NULL, &c, &err), EX_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/vault"));
    assert_code(catalog_remove("/nonexistent/vault", &err), EX_NOT_FOUND);
}

/* Root may write everywhere; be somebody else for a while. */
static void step_down(const struct bench *b, mode_t files) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[420];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", b->file, suffixes[i]);
        (void)chmod(name, i == 0 ? 0444 : files);
    }
    assert_int_equal(chmod(b->vault, 0555), 0);
    if (getuid() == 0)
        assert_int_equal(seteuid(NOBODY), 0);
}

static void step_up(void) {
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

static void read_only_directory_can_be_read(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct list l = {0};
    uint8_t before[32], now[32];
    struct catalog *c = open_new(b);
    fill_whole(c, false);
    assert_ok(catalog_digest(c, before, &err));
    catalog_close(c);
    step_down(b, 0444);
    ex_code opened = catalog_open(b->vault, b->key, &c, &err);
    step_up();
    assert_ok(opened);
    assert_ok(catalog_each_item(c, NULL, list_item, &l, &err));
    assert_string_equal(l.text, "A/1 A/2 B/1 ");
    assert_ok(catalog_digest(c, now, &err));
    assert_memory_equal(now, before, 32);
    assert_code(catalog_begin(c, &err), EX_DENIED);
    assert_string_not_equal(err.hint, "");
    catalog_close(c);
}

static void read_only_directory_without_catalog_is_denied(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct catalog *c = NULL;
    step_down(b, 0444);
    ex_code missing = catalog_open(b->vault, b->key, &c, &err);
    step_up();
    assert_int_equal(missing, EX_DENIED);
    assert_non_null(strstr(err.text, "could not create the catalog"));
    assert_string_not_equal(err.hint, "");
    chmod(b->vault, 0700);
    write_file(b->file, "", 0, 0, O_CREAT);
    step_down(b, 0444);
    ex_code empty = catalog_open(b->vault, b->key, &c, &err);
    step_up();
    assert_int_equal(empty, EX_DENIED);
    assert_non_null(strstr(err.text, "not up to date"));
    assert_null(c);
}

static bool leave_inside(const struct bench *b, uint64_t entry, bool commit) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    if (catalog_open(b->vault, b->key, &c, &err) != EX_OK || catalog_begin(c, &err) != EX_OK ||
        put_entry(c, entry, 0, &err) != EX_OK)
        return false;
    return commit ? catalog_commit(c, &err) == EX_OK : sqlite3_db_cacheflush(c->db) == SQLITE_OK;
}

/* A process that died after its commit, before its WAL went into the file; or while it was writing
 * into the file what was not yet committed. */
static void leave(const struct bench *b, uint64_t entry, bool commit) {
    pid_t child = fork();
    if (child == 0)
        _exit(leave_inside(b, entry, commit) ? 0 : 1);
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void read_only_with_wal_is_never_half_read(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct list l = {0};
    struct catalog *c = NULL;
    leave(b, 5, true);
    if (getuid() ==
        0) { /* an owner may read what it made unreadable no more than others: needs two */
        step_down(b, 0);
        ex_code unreadable = catalog_open(b->vault, b->key, &c, &err);
        step_up();
        assert_int_equal(unreadable, EX_DENIED);
        assert_non_null(strstr(err.text, "unfinished writes"));
        assert_null(c);
    }
    step_down(b, 0444);
    ex_code readable = catalog_open(b->vault, b->key, &c, &err);
    ex_code walked = readable == EX_OK ? catalog_each_entry(c, NULL, list_entry, &l, &err) : EX_OK;
    step_up();
    assert_ok(readable);
    assert_ok(walked);
    assert_string_equal(l.text, "5 ");
    catalog_close(c);
}

static void read_only_with_journal_is_never_half_read(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    struct list l = {0};
    struct catalog *c = NULL;
    leave(b, 5, true);
    leave(b, 6, false);
    step_down(b, 0444);
    ex_code half = catalog_open(b->vault, b->key, &c, &err);
    step_up();
    assert_int_equal(half, EX_DENIED);
    assert_non_null(strstr(err.text, "unfinished writes"));
    assert_null(c);
    assert_int_equal(chmod(b->vault, 0700), 0);
    assert_int_equal(chmod(b->file, 0600), 0);
    c = open_new(b); /* undone */
    assert_ok(catalog_each_entry(c, NULL, list_entry, &l, &err));
    assert_string_equal(l.text, "5 ");
    catalog_close(c);
}

static void unfinished_is_never_half_read(void **state) {
    struct bench *b = *state;
    if (b->key == NULL)
        read_only_with_wal_is_never_half_read(state);
    else
        read_only_with_journal_is_never_half_read(state);
}

static void death_after_commit_keeps_it(void **state) {
    struct ex_error err = {0};
    struct list l = {0};
    leave(*state, 5, true);
    EX_AUTO(catalog_close) struct catalog *c = open_new(*state);
    assert_ok(catalog_each_entry(c, NULL, list_entry, &l, &err));
    assert_string_equal(l.text, "5 ");
}

int main(int argc, char **argv) {
    uint8_t *key = key_of(argc, argv);
    const struct CMUnitTest tests[] = {
        CASE(no_database_is_refused),
        CASE(other_database_is_refused_and_left_alone),
        CASE(newer_schema_is_refused),
        CASE(damage_is_found_where_it_is_met),
        CASE(forged_rows_are_damage),
        CASE(links_are_refused_on_the_file_only),
        CASE(no_directory_is_not_found),
        CASE(read_only_directory_can_be_read),
        CASE(read_only_directory_without_catalog_is_denied),
        CASE(unfinished_is_never_half_read),
        CASE(death_after_commit_keeps_it),
    };
    return cmocka_run_group_tests_name(key != NULL ? "catalog-open-encrypted" : "catalog-open",
                                       tests, NULL, NULL);
}
