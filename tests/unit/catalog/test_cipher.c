/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on the disk of an encrypted catalog, and what happens when it is changed. */
#include "bench.h"

#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>

enum { MODEL_BYTES = 5 * CIPHER_BLOCK_BYTES + 77, MODEL_ROUNDS = 4000, FILE_LIMIT = 1 << 20 };

static const char PLANTED[] = "planted-title-of-a-case";
static uint8_t the_key[CATALOG_KEY_BYTES] = {'k', 'e', 'y'};

/* ---- files as bytes ---- */

struct bytes {
    uint8_t *data;
    size_t size;
};

static struct bytes slurp(const char *path) {
    struct ex_error err = {0};
    struct bytes b = {0};
    assert_ok(ex_read_file(AT_FDCWD, path, FILE_LIMIT, &b.data, &b.size, &err));
    return b;
}

static void spill(const char *path, const uint8_t *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
}

static bool contains(const struct bytes *b, const char *text) {
    return memmem(b->data, b->size, text, strlen(text)) != NULL;
}

/* In any file of the vault; fails on files that should not be there. */
static bool readable_in_vault(const struct bench *b, const char *text) {
    DIR *dir = opendir(b->vault);
    struct dirent *one;
    bool found = false;
    assert_non_null(dir);
    while ((one = readdir(dir)) != NULL) {
        char path[700];
        if (one->d_name[0] == '.')
            continue;
        assert_int_equal(strncmp(one->d_name, CATALOG_FILE, strlen(CATALOG_FILE)), 0);
        snprintf(path, sizeof path, "%s/%s", b->vault, one->d_name);
        struct bytes file = slurp(path);
        found = found || contains(&file, text);
        free(file.data);
    }
    closedir(dir);
    return found;
}

static ex_code put_planted(struct catalog *c, uint8_t id, struct ex_error *err) {
    char number[32];
    snprintf(number, sizeof number, "planted-number-%u", id);
    struct catalog_case k = a_case(id, number);
    free(k.title);
    k.title = ex_strdup(PLANTED);
    ex_code code = catalog_put_case(c, &k, err);
    catalog_case_clear(&k);
    return code;
}

static void journal_of(const struct bench *b, char to[static 420]) {
    snprintf(to, 420, "%s-journal", b->file);
}

/* Pages of an open transaction go into the file, what they were into the journal; then it dies. */
static void die_inside(const struct bench *b) {
    pid_t child = fork();
    if (child == 0) {
        struct ex_error err = {0};
        struct catalog *c = NULL;
        bool done = catalog_open(b->vault, b->key, &c, &err) == EX_OK &&
                    catalog_begin(c, &err) == EX_OK && put_planted(c, 102, &err) == EX_OK &&
                    put_entry(c, 99, 0, &err) == EX_OK && sqlite3_db_cacheflush(c->db) == SQLITE_OK;
        (void)kill(getpid(), done ? SIGKILL : SIGTERM);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void make_small(const struct bench *b) {
    struct ex_error err = {0};
    struct catalog *c = open_new(b);
    fill_whole(c, false);
    assert_ok(catalog_begin(c, &err));
    assert_ok(put_planted(c, 77, &err));
    assert_ok(catalog_commit(c, &err));
    catalog_close(c);
}

static void digest_of(const struct bench *b, uint8_t ret[static 32]) {
    struct ex_error err = {0};
    EX_AUTO(catalog_close) struct catalog *c = open_new(b);
    assert_ok(catalog_digest(c, ret, &err));
}

/* ---- what can be read ---- */

static void nothing_is_readable(void **state) {
    static const char *const texts[] = {"planted-number", PLANTED, "SQLite format", "CREATE TABLE",
                                        "size_bytes"};
    struct bench *b = *state;
    struct ex_error err = {0};
    char journal[420];
    struct stat st;
    journal_of(b, journal);
    make_small(b);
    struct catalog *c = open_new(b);
    assert_ok(catalog_begin(c, &err));
    assert_ok(put_planted(c, 101, &err));
    assert_int_equal(sqlite3_db_cacheflush(c->db), SQLITE_OK);
    assert_int_equal(stat(journal, &st), 0);
    assert_true(st.st_size > CIPHER_STORED_BYTES);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(readable_in_vault(b, texts[i]));
    catalog_abort(c);
    catalog_close(c);
    die_inside(b);
    assert_int_equal(stat(journal, &st), 0);
    assert_true(st.st_size > CIPHER_STORED_BYTES);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(readable_in_vault(b, texts[i]));
}

/* The search above finds what is there. */
static void plain_is_readable(void **state) {
    struct bench *b = *state;
    b->key = NULL;
    make_small(b);
    assert_true(readable_in_vault(b, PLANTED));
    assert_true(readable_in_vault(b, "SQLite format"));
}

/* The page's layout, by libsodium alone. */
static void layout_is_as_the_page_says(void **state) {
    struct bench *b = *state;
    make_small(b);
    struct bytes file = slurp(b->file);
    bool planted = false;
    assert_int_equal(file.size % 4136, 0);
    for (size_t n = 0; n < file.size / 4136; n++) {
        const uint8_t *at = file.data + n * 4136;
        uint8_t plain[4097] = {0};
        uint8_t ad[28] = "exhibit-catalog-v1\0\0"; /* label, 0x00, kind 0, le64 n */
        unsigned long long size = 0;
        ad[20] = (uint8_t)n;
        assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(
                             plain, &size, NULL, at + 24, 4112, ad, sizeof ad, at, the_key),
                         0);
        assert_int_equal(size, 4096);
        if (n == 0)
            assert_string_equal((char *)plain, "SQLite format 3");
        planted = planted || memmem(plain, 4096, PLANTED, strlen(PLANTED)) != NULL;
        for (size_t m = 0; m < n; m++) /* no nonce twice */
            assert_memory_not_equal(at, file.data + m * 4136, 24);
    }
    assert_true(planted);
    free(file.data);
}

static void digest_is_that_of_the_plain_one(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    uint8_t sealed[32], plain[32];
    make_small(b);
    digest_of(b, sealed);
    assert_ok(catalog_remove(b->vault, &err));
    b->key = NULL;
    make_small(b);
    digest_of(b, plain);
    assert_memory_equal(sealed, plain, 32);
}

/* ---- keys ---- */

static void refused_and_left_alone(const struct bench *b, const uint8_t *key) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    struct bytes before = slurp(b->file);
    assert_code(catalog_open(b->vault, key, &c, &err), EX_FORMAT);
    assert_null(c);
    assert_string_equal(err.hint, CATALOG_HINT_REBUILD);
    struct bytes after = slurp(b->file);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    free(before.data);
    free(after.data);
}

static void other_keys_are_refused(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    uint8_t other[CATALOG_KEY_BYTES];
    memcpy(other, the_key, sizeof other);
    other[31] ^= 1;
    make_small(b);
    refused_and_left_alone(b, other);
    refused_and_left_alone(b, NULL);
    assert_ok(catalog_remove(b->vault, &err));
    b->key = NULL;
    make_small(b);
    refused_and_left_alone(b, the_key);
}

/* ---- the files SQLite sees ---- */

struct raw {
    struct cipher *cipher;
    sqlite3 *db;
    sqlite3_file *file; /* its main file, through the cipher, locked for reading */
};

static struct raw raw_open(const struct bench *b) {
    struct ex_error err = {0};
    struct raw r = {0};
    assert_ok(cipher_new(b->key, &r.cipher, &err));
    assert_int_equal(
        cipher_open(r.cipher, b->file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &r.db),
        SQLITE_OK);
    assert_int_equal(sqlite3_file_control(r.db, "main", SQLITE_FCNTL_FILE_POINTER, &r.file),
                     SQLITE_OK);
    assert_int_equal(r.file->pMethods->xLock(r.file, SQLITE_LOCK_SHARED), SQLITE_OK);
    return r;
}

static void raw_close(struct raw *r) {
    assert_int_equal(r->file->pMethods->xUnlock(r->file, SQLITE_LOCK_NONE), SQLITE_OK);
    assert_int_equal(sqlite3_close(r->db), SQLITE_OK);
    cipher_free(r->cipher);
}

struct model {
    uint8_t data[MODEL_BYTES];
    size_t size;
};

static void model_write(struct raw *r, struct model *m, size_t at, size_t length) {
    uint8_t data[3 * CIPHER_BLOCK_BYTES];
    randombytes_buf(data, length);
    assert_int_equal(r->file->pMethods->xWrite(r->file, data, (int)length, (sqlite3_int64)at), 0);
    if (at > m->size)
        memset(m->data + m->size, 0, at - m->size);
    memcpy(m->data + at, data, length);
    if (at + length > m->size)
        m->size = at + length;
}

static void model_truncate(struct raw *r, struct model *m, size_t size) {
    if (size > m->size)
        return;
    assert_int_equal(r->file->pMethods->xTruncate(r->file, (sqlite3_int64)size), 0);
    m->size = size;
}

static void model_read(struct raw *r, const struct model *m, size_t at, size_t length) {
    uint8_t got[3 * CIPHER_BLOCK_BYTES], wants[3 * CIPHER_BLOCK_BYTES] = {0};
    size_t there = at >= m->size ? 0 : m->size - at < length ? m->size - at : length;
    memset(got, 0xaa, sizeof got);
    memcpy(wants, m->data + at, there);
    assert_int_equal(r->file->pMethods->xRead(r->file, got, (int)length, (sqlite3_int64)at),
                     there == length ? SQLITE_OK : SQLITE_IOERR_SHORT_READ);
    assert_memory_equal(got, wants, length);
}

static void any_range_reads_as_written(void **state) {
    struct raw r = raw_open(*state);
    struct model m = {0};
    for (int n = 0; n < MODEL_ROUNDS; n++) {
        bool aligned = randombytes_uniform(3) == 0;
        size_t length = 1 + randombytes_uniform(randombytes_uniform(2) != 0 ? 8 : 9000);
        size_t at = randombytes_uniform((uint32_t)(MODEL_BYTES - length));
        at = aligned ? at / CIPHER_BLOCK_BYTES * CIPHER_BLOCK_BYTES : at;
        sqlite3_int64 size = -1;
        switch (randombytes_uniform(8)) {
        case 0:
            model_truncate(&r, &m, at);
            break;
        case 1:
        case 2:
            model_write(&r, &m, at, length);
            break;
        default:
            model_read(&r, &m, at, length);
        }
        assert_int_equal(r.file->pMethods->xFileSize(r.file, &size), SQLITE_OK);
        assert_int_equal(size, m.size);
    }
    raw_close(&r);
}

/* Every byte; a full block and a short last one. */
static void every_flipped_byte_is_noticed(void **state) {
    struct bench *b = *state;
    struct raw r = raw_open(b);
    struct model m = {0};
    uint8_t got[CIPHER_BLOCK_BYTES];
    int fd = open(b->file, O_RDWR);
    model_write(&r, &m, 0, CIPHER_BLOCK_BYTES + 100);
    for (off_t at = 0; at < CIPHER_STORED_BYTES + CIPHER_EXTRA_BYTES + 100; at++) {
        bool last = at >= CIPHER_STORED_BYTES;
        uint8_t byte, flipped;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        flipped = byte ^ (uint8_t)(1 << randombytes_uniform(8));
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        assert_int_equal(r.file->pMethods->xRead(r.file, got, last ? 100 : CIPHER_BLOCK_BYTES,
                                                 last ? CIPHER_BLOCK_BYTES : 0),
                         SQLITE_IOERR_AUTH);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    model_read(&r, &m, 0, CIPHER_BLOCK_BYTES + 100);
    raw_close(&r);
    close(fd);
}

static void no_other_file_is_made(void **state) {
    struct bench *b = *state;
    struct raw r = raw_open(b);
    assert_int_equal(sqlite3_exec(r.db,
                                  "PRAGMA temp_store = FILE; CREATE TEMP TABLE t (a);"
                                  "PRAGMA temp.cache_size = 1;"
                                  "INSERT INTO t VALUES (zeroblob(1000000))",
                                  NULL, NULL, NULL),
                     SQLITE_CANTOPEN);
    assert_int_equal(
        sqlite3_exec(r.db, "PRAGMA journal_mode = WAL; CREATE TABLE t (a)", NULL, NULL, NULL),
        SQLITE_OK);
    raw_close(&r);
    assert_false(readable_in_vault(b, "CREATE TABLE"));
    char wal[420];
    snprintf(wal, sizeof wal, "%s-wal", b->file);
    assert_int_equal(access(wal, F_OK), -1);
}

/* ---- damage ---- */

/* Detected, or nothing that is asked has changed. Gives whether it was detected. */
static bool noticed(const struct bench *b, const uint8_t digest[static 32]) {
    struct ex_error err = {0};
    struct catalog *c = NULL;
    uint8_t now[32];
    ex_code code = catalog_open(b->vault, b->key, &c, &err);
    if (code == EX_OK)
        code = catalog_digest(c, now, &err);
    catalog_close(c);
    if (code == EX_OK) {
        assert_memory_equal(now, digest, 32);
        return false;
    }
    assert_int_equal(code, EX_FORMAT);
    assert_string_equal(err.hint, CATALOG_HINT_REBUILD);
    return true;
}

static void damaged_places_are_noticed(void **state) {
    struct bench *b = *state;
    uint8_t digest[32];
    make_small(b);
    digest_of(b, digest);
    struct bytes file = slurp(b->file);
    size_t seen = 0, tried = 0;
    for (size_t at = 0; at < file.size; at += 61, tried++) { /* each page many times */
        file.data[at] ^= 0x10;
        spill(b->file, file.data, file.size);
        seen += noticed(b, digest);
        file.data[at] ^= 0x10;
    }
    assert_true(seen * 3 > tried); /* some pages are only of indexes that a digest does not use */
    spill(b->file, file.data, file.size);
    assert_false(noticed(b, digest));
    free(file.data);
}

static void any_shorter_file_is_noticed(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    uint8_t digest[32], empty[32];
    digest_of(b, empty);
    assert_ok(catalog_remove(b->vault, &err));
    make_small(b);
    digest_of(b, digest);
    struct bytes file = slurp(b->file);
    for (size_t size = 0; size < file.size; size++) {
        size_t rest = size % CIPHER_STORED_BYTES;
        if (rest > 45 && rest < CIPHER_STORED_BYTES - 3 && size % 97 != 0)
            continue;
        spill(b->file, file.data, size);
        if (size <= CIPHER_EXTRA_BYTES)
            assert_false(noticed(b, empty)); /* as if it were not there */
        else if (!noticed(b, digest))
            assert_true(size > file.size - CIPHER_STORED_BYTES);
    }
    free(file.data);
}

static void exchanged_blocks_are_noticed(void **state) {
    struct bench *b = *state;
    uint8_t digest[32], held[CIPHER_STORED_BYTES];
    make_small(b);
    digest_of(b, digest);
    struct bytes file = slurp(b->file);
    size_t blocks = file.size / CIPHER_STORED_BYTES, seen = 0;
    for (size_t n = 0; n < blocks; n++)
        for (size_t m = 0; m < n; m++) {
            uint8_t *one = file.data + n * sizeof held, *two = file.data + m * sizeof held;
            memcpy(held, one, sizeof held);
            memcpy(one, two, sizeof held);
            memcpy(two, held, sizeof held);
            spill(b->file, file.data, file.size);
            seen += noticed(b, digest);
            memcpy(two, one, sizeof held);
            memcpy(one, held, sizeof held);
        }
    assert_true(seen * 2 > blocks * (blocks - 1) / 2);
    free(file.data);
}

/* A journal that is to be undone: the old rows, or a refusal; never a mixture. */
static void damaged_journal_is_noticed(void **state) {
    struct bench *b = *state;
    uint8_t digest[32];
    char journal[420];
    size_t seen = 0;
    journal_of(b, journal);
    make_small(b);
    digest_of(b, digest);
    die_inside(b);
    struct bytes file = slurp(b->file), undo = slurp(journal);
    for (size_t at = 0; at < undo.size; at += 61) {
        undo.data[at] ^= 0x10;
        spill(b->file, file.data, file.size);
        spill(journal, undo.data, undo.size);
        seen += noticed(b, digest);
        undo.data[at] ^= 0x10;
    }
    assert_true(seen > 0);
    for (size_t size = CIPHER_STORED_BYTES; size < undo.size; size += 331) {
        spill(b->file, file.data, file.size);
        spill(journal, undo.data, size);
        (void)noticed(b, digest); /* shorter than its head it is as if it were not there */
    }
    free(file.data);
    free(undo.data);
}

/* What was being written behind the part that is needed. */
static void torn_end_of_journal_does_not_matter(void **state) {
    struct bench *b = *state;
    uint8_t digest[32], longer[FILE_LIMIT / 2];
    char journal[420];
    journal_of(b, journal);
    make_small(b);
    digest_of(b, digest);
    die_inside(b);
    struct bytes file = slurp(b->file), undo = slurp(journal);
    assert_int_equal(undo.size % CIPHER_STORED_BYTES, 0); /* filled up before it was needed */
    memcpy(longer, undo.data, undo.size);
    randombytes_buf(longer + undo.size, CIPHER_STORED_BYTES);
    for (size_t more = 0; more < CIPHER_STORED_BYTES; more += 1 + more / 3) {
        spill(b->file, file.data, file.size);
        spill(journal, longer, undo.size + more);
        assert_false(noticed(b, digest));
    }
    free(file.data);
    free(undo.data);
}

/* The first write of a journal, of which a part came to the disk. */
static void torn_head_has_nothing_to_undo(void **state) {
    struct bench *b = *state;
    uint8_t digest[32], noise[500];
    char journal[420];
    journal_of(b, journal);
    make_small(b);
    digest_of(b, digest);
    randombytes_buf(noise, sizeof noise);
    spill(journal, noise, sizeof noise);
    assert_false(noticed(b, digest));
    assert_int_equal(access(journal, F_OK), -1);
}

static void database_is_no_journal(void **state) {
    struct bench *b = *state;
    uint8_t digest[32];
    char journal[420];
    journal_of(b, journal);
    make_small(b);
    digest_of(b, digest);
    struct bytes file = slurp(b->file);
    spill(journal, file.data, file.size);
    assert_true(noticed(b, digest));
    free(file.data);
}

/* Somebody found it of an older key and began anew, while a handle was open. */
static void deleted_file_writes_nothing_beside_the_next(void **state) {
    struct bench *b = *state;
    struct ex_error err = {0};
    uint8_t digest[32], now[32];
    make_small(b);
    EX_AUTO(catalog_close) struct catalog *old = open_new(b);
    assert_ok(catalog_remove(b->vault, &err));
    make_small(b);
    digest_of(b, digest);
    ex_code code = catalog_begin(old, &err);
    if (code == EX_OK)
        code = put_planted(old, 103, &err);
    if (code == EX_OK)
        code = catalog_commit(old, &err);
    catalog_abort(old);
    assert_int_equal(code, EX_BUSY);
    assert_non_null(strstr(err.text, "deleted it meanwhile"));
    digest_of(b, now);
    assert_memory_equal(digest, now, 32);
}

int main(void) {
    uint8_t *key = the_key;
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_readable),
        CASE(plain_is_readable),
        CASE(layout_is_as_the_page_says),
        CASE(digest_is_that_of_the_plain_one),
        CASE(other_keys_are_refused),
        CASE(any_range_reads_as_written),
        CASE(every_flipped_byte_is_noticed),
        CASE(no_other_file_is_made),
        CASE(damaged_places_are_noticed),
        CASE(any_shorter_file_is_noticed),
        CASE(exchanged_blocks_are_noticed),
        CASE(damaged_journal_is_noticed),
        CASE(torn_end_of_journal_does_not_matter),
        CASE(torn_head_has_nothing_to_undo),
        CASE(database_is_no_journal),
        CASE(deleted_file_writes_nothing_beside_the_next),
    };
    return cmocka_run_group_tests_name("catalog-cipher", tests, NULL, NULL);
}
