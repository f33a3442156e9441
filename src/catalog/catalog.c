/* SPDX-License-Identifier: Apache-2.0 */
/* The handle, its transactions, and putting. */
#include "catalog/internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite's own limit is 512 bytes, and it appends suffixes. */
enum { PATH_LIMIT_BYTES = 500, URI_BYTES = 3 * PATH_LIMIT_BYTES + 32, NAME_BYTES = 160 };

struct place {
    char *directory; /* without links, for SQLite follows none on the way to a catalog */
    char *file;
};

static void place_clear(struct place *p) {
    free(p->directory);
    free(p->file);
}

static ex_code place_init(const char *directory, struct place *p, struct ex_error *err) {
    p->directory = realpath(directory, NULL);
    if (p->directory == NULL)
        return ex_fail_sys(err, "could not open the vault directory \"%s\"", directory);
    size_t size = strlen(p->directory) + sizeof "/" CATALOG_FILE;
    if (size > PATH_LIMIT_BYTES)
        return ex_hint(ex_fail(err, EX_LIMIT, "the path of the vault is longer than %d bytes",
                               PATH_LIMIT_BYTES),
                       err, "move the vault nearer to the top, or mount it there");
    EX_TRY(ex_alloc(size, 1, PATH_LIMIT_BYTES, "a path", &p->file, err));
    (void)snprintf(p->file, size, "%s/" CATALOG_FILE, p->directory);
    return EX_OK;
}

/* mknod() and not open(): closing a descriptor of a file drops every lock that this process holds
 * on it, also those of another handle's SQLite. */
static ex_code make_file(const char *path, struct ex_error *err) {
    struct stat st;
    bool missing = lstat(path, &st) != 0 && errno == ENOENT;
    if (missing && mknod(path, S_IFREG | 0600, 0) != 0 && errno != EEXIST)
        return ex_hint(ex_fail_sys(err, "could not create the catalog \"%s\"", path), err,
                       "run this once as a user who may write to the vault");
    if (lstat(path, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", path);
    if (!S_ISREG(st.st_mode))
        return ex_hint(ex_fail(err, EX_FORMAT, "\"%s\" is not a regular file", path), err, "%s",
                       CATALOG_HINT_REBUILD);
    return EX_OK;
}

static ex_code connect_to(struct catalog *c, const char *name, int flags, struct ex_error *err) {
    (void)sqlite3_close(c->db);
    c->db = NULL;
    flags |= SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int rc = c->cipher != NULL ? cipher_open(c->cipher, name, flags, &c->db)
                               : sqlite3_open_v2(name, &c->db, flags, NULL);
    if (rc != SQLITE_OK)
        return catalog_fail(c->db, rc, "open", err);
    return catalog_configure(c->db, err);
}

static bool has_unfinished_writes(const char *path) {
    static const char *const suffixes[] = {"-wal", "-journal"};
    char name[PATH_LIMIT_BYTES + 16];
    struct stat st;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (lstat(name, &st) == 0 ? st.st_size > 0 : errno != ENOENT)
            return true;
    }
    return false;
}

static void uri_of(const char *path, char to[static URI_BYTES]) {
    char *out = to + sprintf(to, "file:");
    for (; *path != '\0'; path++) {
        if (strchr("?#%", *path) != NULL)
            out += sprintf(out, "%%%02x", (unsigned)(unsigned char)*path);
        else
            *out++ = *path;
    }
    (void)strcpy(out, "?immutable=1");
}

/* A file in WAL mode can be read without writing to its directory only while its WAL files are
 * there (an encrypted one, which has none, unless there is something to undo). Otherwise as
 * immutable, which is right as long as nobody writes: those who may write leave a WAL, and beside
 * one an immutable reading could see half of a checkpoint. */
static ex_code open_read_only(struct catalog *c, const char *path, struct ex_error *err) {
    char uri[URI_BYTES];
    c->read_only = true;
    EX_TRY(connect_to(c, path, SQLITE_OPEN_READONLY, err));
    int rc = sqlite3_exec(c->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    int kind = rc & 0xff;
    if (kind != SQLITE_CANTOPEN && kind != SQLITE_READONLY)
        return rc == SQLITE_OK ? EX_OK : catalog_fail(c->db, rc, "open", err);
    if (c->cipher != NULL || has_unfinished_writes(path))
        return ex_hint(
            ex_fail(err, EX_DENIED, "the catalog has unfinished writes and cannot be written"), err,
            "run this once as a user who may write to the vault");
    uri_of(path, uri);
    return connect_to(c, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
}

static ex_code open_at(struct catalog *c, const struct place *p, struct ex_error *err) {
    EX_TRY(make_file(p->file, err));
    bool writable = faccessat(AT_FDCWD, p->directory, W_OK | X_OK, AT_EACCESS) == 0 &&
                    faccessat(AT_FDCWD, p->file, W_OK, AT_EACCESS) == 0;
    if (writable)
        EX_TRY(connect_to(c, p->file, SQLITE_OPEN_READWRITE, err));
    else
        EX_TRY(open_read_only(c, p->file, err));
    return catalog_prepare_schema(c, err);
}

ex_code catalog_open(const char *directory, const uint8_t *key, struct catalog **ret,
                     struct ex_error *err) {
    __attribute__((cleanup(place_clear))) struct place place = {0};
    EX_TRY(place_init(directory, &place, err));
    EX_AUTO(catalog_close) struct catalog *c = ex_new0(struct catalog);
    if (key != NULL)
        EX_TRY(cipher_new(key, &c->cipher, err));
    EX_TRY(open_at(c, &place, err));
    *ret = ex_steal(&c);
    return EX_OK;
}

void catalog_close(struct catalog *c) {
    if (c == NULL)
        return;
    for (size_t i = 0; i < SQL_COUNT; i++)
        (void)sqlite3_finalize(c->idle[i]);
    (void)sqlite3_close(c->db);
    cipher_free(c->cipher);
    free(c);
}

/* The file first: beside a new, empty one SQLite throws an old WAL away. */
ex_code catalog_remove(const char *directory, struct ex_error *err) {
    static const char *const names[] = {CATALOG_FILE, CATALOG_FILE "-wal", CATALOG_FILE "-shm",
                                        CATALOG_FILE "-journal"};
    EX_AUTO_FD int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ex_fail_sys(err, "could not open the vault directory \"%s\"", directory);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (unlinkat(fd, names[i], 0) != 0 && errno != ENOENT)
            return ex_fail_sys(err, "could not delete \"%s\"", names[i]);
    return EX_OK;
}

ex_code catalog_check(struct catalog *c, struct ex_error *err) {
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_CHECK, &q, err));
    EX_TRY(query_step(&q, &row, err));
    EX_AUTO_FREE char *says = row ? query_text(&q, 0) : NULL;
    EX_TRY(query_check(&q, err));
    if (says != NULL && strcmp(says, "ok") == 0)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_FORMAT, "the catalog is damaged: %.150s",
                           says != NULL ? says : "it cannot be looked through"),
                   err, "%s", CATALOG_HINT_REBUILD);
}

ex_code catalog_begin(struct catalog *c, struct ex_error *err) {
    if (c->read_only)
        return ex_hint(ex_fail(err, EX_DENIED, "the catalog can only be read here"), err,
                       "run this as a user who may write to the vault");
    if (sqlite3_get_autocommit(c->db) == 0)
        return ex_fail(err, EX_INTERNAL, "a catalog transaction within another");
    return query_do(c, SQL_BEGIN, err);
}

static ex_code need_transaction(struct catalog *c, struct ex_error *err) {
    if (sqlite3_get_autocommit(c->db) != 0)
        return ex_fail(err, EX_INTERNAL, "a catalog write outside a transaction");
    return EX_OK;
}

ex_code catalog_commit(struct catalog *c, struct ex_error *err) {
    EX_TRY(need_transaction(c, err));
    ex_code code = query_do(c, SQL_COMMIT, err);
    if (code != EX_OK)
        catalog_abort(c);
    return code;
}

void catalog_abort(struct catalog *c) {
    if (sqlite3_get_autocommit(c->db) == 0)
        (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}

bool catalog_begin_reading(struct catalog *c) {
    return sqlite3_get_autocommit(c->db) != 0 && query_do(c, SQL_BEGIN_READ, NULL) == EX_OK;
}

ex_code catalog_clear(struct catalog *c, struct ex_error *err) {
    EX_TRY(need_transaction(c, err));
    EX_TRY(query_do(c, SQL_CLEAR_POSITION, err));
    EX_TRY(query_do(c, SQL_CLEAR_TRACES, err));
    EX_TRY(query_do(c, SQL_CLEAR_EXAMINATIONS, err));
    EX_TRY(query_do(c, SQL_CLEAR_CONCERNS, err));
    EX_TRY(query_do(c, SQL_CLEAR_ENTRIES, err));
    EX_TRY(query_do(c, SQL_CLEAR_ITEMS, err));
    return query_do(c, SQL_CLEAR_CASES, err);
}

ex_code catalog_position(struct catalog *c, uint64_t *ret_size,
                         uint8_t ret_root[static CATALOG_ROOT_BYTES], struct ex_error *err) {
    uint64_t size = 0;
    uint8_t root[CATALOG_ROOT_BYTES] = {0};
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_POSITION, &q, err));
    EX_TRY(query_step(&q, &row, err));
    if (row) {
        size = query_u64(&q, 0);
        query_blob(&q, 1, root, sizeof root);
        EX_TRY(query_check(&q, err));
    }
    *ret_size = size;
    memcpy(ret_root, root, sizeof root);
    return EX_OK;
}

ex_code catalog_set_position(struct catalog *c, uint64_t size,
                             const uint8_t root[static CATALOG_ROOT_BYTES], struct ex_error *err) {
    EX_TRY(need_transaction(c, err));
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_SET_POSITION, &q, err));
    query_bind_u64(&q, 1, size);
    query_bind_blob(&q, 2, root, CATALOG_ROOT_BYTES);
    return query_run(&q, err);
}

ex_code query_open_put(struct catalog *c, enum catalog_sql sql, struct query *ret,
                       struct ex_error *err) {
    EX_TRY(need_transaction(c, err));
    return query_open(c, sql, ret, err);
}

ex_code query_put(struct query *q, const char *name, const char *owner, struct ex_error *err) {
    ex_code code = query_run(q, err);
    if (code != EX_INTERNAL)
        return code;
    switch (sqlite3_extended_errcode(q->c->db)) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_UNIQUE:
        return ex_fail(err, EX_EXISTS, "the catalog has %s already", name);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ex_fail(err, EX_NOT_FOUND, "the catalog has no %s for %s", owner, name);
    default:
        return code;
    }
}

ex_code catalog_put_entry(struct catalog *c, const struct catalog_entry *e, struct ex_error *err) {
    char name[NAME_BYTES];
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_PUT_ENTRY, &q, err));
    query_bind_u64(&q, 1, e->index);
    query_bind_i64(&q, 2, e->time_ns);
    query_bind_text(&q, 3, e->event);
    query_bind_blob(&q, 4, e->has_case ? e->case_id : NULL, CATALOG_ID_BYTES);
    query_bind_blob(&q, 5, e->has_item ? e->item_id : NULL, CATALOG_ID_BYTES);
    if (e->has_intent)
        query_bind_u64(&q, 6, e->intent);
    query_bind_text(&q, 7, e->json);
    (void)snprintf(name, sizeof name, "entry %llu", (unsigned long long)e->index);
    return query_put(&q, name, "", err);
}

ex_code catalog_put_concern(struct catalog *c, uint64_t entry,
                            const uint8_t item_id[static CATALOG_ID_BYTES], struct ex_error *err) {
    char name[NAME_BYTES], hex[2 * CATALOG_ID_BYTES + 1];
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_PUT_CONCERN, &q, err));
    query_bind_blob(&q, 1, item_id, CATALOG_ID_BYTES);
    query_bind_u64(&q, 2, entry);
    (void)snprintf(name, sizeof name, "the concern of entry %llu with item %s",
                   (unsigned long long)entry, ex_hex(hex, item_id, CATALOG_ID_BYTES));
    return query_put(&q, name, "entry", err);
}

ex_code catalog_put_case(struct catalog *c, const struct catalog_case *k, struct ex_error *err) {
    char name[NAME_BYTES];
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_PUT_CASE, &q, err));
    query_bind_blob(&q, 1, k->id, CATALOG_ID_BYTES);
    query_bind_text(&q, 2, k->number);
    query_bind_text(&q, 3, k->title);
    query_bind_i64(&q, 4, k->opened_ns);
    query_bind_u64(&q, 5, k->entry);
    (void)snprintf(name, sizeof name, "case \"%.100s\" (or its id)", k->number ? k->number : "");
    return query_put(&q, name, "", err);
}

ex_code catalog_put_item(struct catalog *c, const struct catalog_item *i, struct ex_error *err) {
    char name[NAME_BYTES];
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_PUT_ITEM, &q, err));
    query_bind_blob(&q, 1, i->id, CATALOG_ID_BYTES);
    query_bind_blob(&q, 2, i->case_id, CATALOG_ID_BYTES);
    query_bind_u64(&q, 3, i->number);
    query_bind_text(&q, 4, i->label);
    query_bind_blob(&q, 5, i->object_id, sizeof i->object_id);
    query_bind_i64(&q, 6, i->collected_ns);
    query_bind_u64(&q, 7, i->entry_intent);
    query_bind_u64(&q, 8, i->entry_outcome);
    if (i->verified)
        query_bind_i64(&q, 9, i->verified_ns);
    query_bind_text(&q, 10, i->json);
    (void)snprintf(name, sizeof name, "item \"%.100s\" (or its id or number)",
                   i->label ? i->label : "");
    return query_put(&q, name, "case", err);
}

ex_code catalog_set_verified(struct catalog *c, const uint8_t item_id[static CATALOG_ID_BYTES],
                             int64_t verified_ns, struct ex_error *err) {
    char hex[2 * CATALOG_ID_BYTES + 1];
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_SET_VERIFIED, &q, err));
    query_bind_blob(&q, 1, item_id, CATALOG_ID_BYTES);
    query_bind_i64(&q, 2, verified_ns);
    EX_TRY(query_run(&q, err));
    if (sqlite3_changes(c->db) == 0)
        return ex_fail(err, EX_NOT_FOUND, "no item with the id %s",
                       ex_hex(hex, item_id, CATALOG_ID_BYTES));
    return EX_OK;
}
