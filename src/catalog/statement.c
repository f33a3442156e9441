/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/internal.h"

#include "base/limits.h"
#include <errno.h>

#define ENTRY_COLUMNS "entry, time_ns, event, case_id, item_id, intent, json"
#define CASE_COLUMNS                                                                               \
    "id, number, title, opened_ns, entry, (SELECT count(*) FROM items WHERE case_id = cases.id)"
#define ITEM_COLUMNS                                                                               \
    "items.id, items.case_id, items.number, items.label, items.object_id, items.collected_ns, "    \
    "items.entry_intent, items.entry_outcome, items.verified_ns, items.json"

#define EXAMINATION_COLUMNS "entry, item_id, object_id, time_ns, profile, result, traces, state"
#define TRACE_COLUMNS                                                                              \
    "entry, number, parent, id, kind, state, name, size, sha256, type, content_key, at, length, inside"
#define TRACE_FILTER                                                                               \
    "WHERE entry = ?1 AND (?2 IS NULL OR kind = ?2) "                                              \
    "AND (?3 IS NULL OR coalesce(state, 'allocated') = ?3) "                                       \
    "AND (?4 IS NULL OR lower(name) GLOB lower(?4)) "

static const char *const sql_texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN DEFERRED",
    [SQL_COMMIT] = "COMMIT",
    [SQL_CLEAR_POSITION] = "DELETE FROM position",
    [SQL_CLEAR_CONCERNS] = "DELETE FROM concerns",
    [SQL_CLEAR_ENTRIES] = "DELETE FROM entries",
    [SQL_CLEAR_ITEMS] = "DELETE FROM items",
    [SQL_CLEAR_CASES] = "DELETE FROM cases",
    [SQL_CLEAR_TRACES] = "DELETE FROM traces",
    [SQL_CLEAR_EXAMINATIONS] = "DELETE FROM examinations",
    [SQL_POSITION] = "SELECT size, root FROM position",
    [SQL_SET_POSITION] = "INSERT OR REPLACE INTO position (one, size, root) VALUES (1, ?1, ?2)",
    [SQL_PUT_ENTRY] = "INSERT INTO entries (" ENTRY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_PUT_CONCERN] = "INSERT INTO concerns (item_id, entry) VALUES (?1, ?2)",
    [SQL_PUT_CASE] = "INSERT INTO cases (id, number, title, opened_ns, entry) "
                     "VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_PUT_ITEM] = "INSERT INTO items (id, case_id, number, label, object_id, collected_ns, "
                     "entry_intent, entry_outcome, verified_ns, json) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [SQL_SET_VERIFIED] = "UPDATE items SET verified_ns = ?2 WHERE id = ?1",
    [SQL_FIND_CASE] = "SELECT " CASE_COLUMNS " FROM cases WHERE number = ?1",
    [SQL_FIND_ITEM_BY_LABEL] = "SELECT " ITEM_COLUMNS " FROM items WHERE label = ?1",
    [SQL_FIND_ITEM_BY_ID] = "SELECT " ITEM_COLUMNS " FROM items WHERE id = ?1",
    [SQL_NEXT_NUMBER] = "SELECT (SELECT coalesce(max(number), 0) FROM items WHERE case_id = ?1) "
                        "FROM cases WHERE id = ?1",
    [SQL_EACH_CASE] = "SELECT " CASE_COLUMNS " FROM cases ORDER BY number",
    [SQL_EACH_ITEM] = "SELECT " ITEM_COLUMNS " FROM items JOIN cases ON cases.id = items.case_id "
                      "ORDER BY cases.number, items.number",
    [SQL_EACH_ITEM_OF_CASE] = "SELECT " ITEM_COLUMNS " FROM items "
                              "WHERE case_id = (SELECT id FROM cases WHERE number = ?1) "
                              "ORDER BY items.number",
    [SQL_EACH_ENTRY] = "SELECT " ENTRY_COLUMNS " FROM entries ORDER BY entry",
    [SQL_EACH_ENTRY_OF_ITEM] = "SELECT " ENTRY_COLUMNS " FROM entries WHERE entry IN "
                               "(SELECT entry FROM entries WHERE item_id = ?1 "
                               "UNION SELECT entry FROM concerns WHERE item_id = ?1) "
                               "ORDER BY entry",
    [SQL_PUT_EXAMINATION] = "INSERT INTO examinations (" EXAMINATION_COLUMNS ") "
                            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_SET_EXAMINATION_STATE] = "UPDATE examinations SET state = ?2 WHERE entry = ?1",
    [SQL_DROP_TRACES] = "DELETE FROM traces WHERE entry = ?1",
    [SQL_DROP_TRACES_OF_ITEM] = "DELETE FROM traces WHERE entry IN "
                                "(SELECT entry FROM examinations WHERE item_id = ?1)",
    [SQL_DISPOSE_EXAMINATIONS] = "UPDATE examinations SET state = 'disposed' WHERE item_id = ?1",
    [SQL_PUT_TRACE] = "INSERT INTO traces (" TRACE_COLUMNS ") "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [SQL_EACH_EXAMINATION] = "SELECT " EXAMINATION_COLUMNS " FROM examinations ORDER BY entry",
    [SQL_EACH_EXAMINATION_OF_ITEM] = "SELECT " EXAMINATION_COLUMNS " FROM examinations "
                                     "WHERE item_id = ?1 ORDER BY entry",
    [SQL_EACH_TRACE] =
        "SELECT " TRACE_COLUMNS " FROM traces " TRACE_FILTER "ORDER BY number LIMIT ?5",
    [SQL_COUNT_TRACES] = "SELECT count(*) FROM traces " TRACE_FILTER,
    [SQL_EACH_TRACE_BY_ID] = "SELECT " TRACE_COLUMNS " FROM traces WHERE id BETWEEN ?1 AND ?2 "
                             "ORDER BY id, entry",
    [SQL_TRACE_AT] = "SELECT " TRACE_COLUMNS " FROM traces WHERE entry = ?1 AND number = ?2",
    [SQL_NEXT_CHILD] = "SELECT " TRACE_COLUMNS " FROM traces INDEXED BY traces_by_parent "
                       "WHERE entry = ?1 AND parent = ?2 AND number > ?3 ORDER BY number LIMIT 1",
    [SQL_EACH_CHILD] = "SELECT " TRACE_COLUMNS " FROM traces INDEXED BY traces_by_parent "
                       "WHERE entry = ?1 AND parent = ?2 ORDER BY number",
    [SQL_LOOKED_INTO] = "SELECT " TRACE_COLUMNS " FROM traces "
                        "WHERE sha256 = ?1 AND inside IS NOT NULL "
                        "ORDER BY entry DESC, number DESC LIMIT 8",
    [SQL_KNOWN_CONTENT] = "SELECT " TRACE_COLUMNS " FROM traces "
                          "WHERE content_key = ?1 AND sha256 IS NOT NULL "
                          "ORDER BY entry DESC, number DESC LIMIT 8",
    [SQL_CHECK] = "PRAGMA quick_check(1)",
    [SQL_ALL_POSITION] = "SELECT size, root FROM position",
    [SQL_ALL_ENTRIES] = "SELECT " ENTRY_COLUMNS " FROM entries ORDER BY entry",
    [SQL_ALL_CONCERNS] = "SELECT item_id, entry FROM concerns ORDER BY item_id, entry",
    [SQL_ALL_CASES] = "SELECT id, number, title, opened_ns, entry FROM cases ORDER BY id",
    [SQL_ALL_ITEMS] = "SELECT id, case_id, number, label, object_id, collected_ns, entry_intent, "
                      "entry_outcome, verified_ns, json FROM items ORDER BY id",
    [SQL_ALL_EXAMINATIONS] = "SELECT " EXAMINATION_COLUMNS " FROM examinations ORDER BY entry",
    [SQL_ALL_TRACES] = "SELECT " TRACE_COLUMNS " FROM traces ORDER BY entry, number",
};

static ex_code code_of_sqlite(int rc) {
    if (rc == SQLITE_IOERR_AUTH) /* cipher_vfs.c */
        return EX_FORMAT;
    if (rc == SQLITE_READONLY_DBMOVED) /* somebody deleted it to begin anew */
        return EX_BUSY;
    switch (rc & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* our SQL is fixed: only a schema that is not ours makes it wrong */
        return EX_FORMAT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return EX_BUSY;
    case SQLITE_NOMEM:
        return EX_NOMEM;
    case SQLITE_FULL:
        return EX_SPACE;
    case SQLITE_TOOBIG:
        return EX_LIMIT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return EX_DENIED;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return EX_INTERNAL;
    default:
        return EX_IO;
    }
}

static const char *hint_of(ex_code code) {
    if (code == EX_FORMAT)
        return CATALOG_HINT_REBUILD;
    if (code == EX_BUSY)
        return "wait for the other exhibit to finish, then run the command again";
    if (code == EX_IO)
        return "look at the disk that the vault lies on: is it full, or failing?";
    return code == EX_SPACE ? "free some space on that disk and run the command again" : "";
}

/* The connection's own message says more, when it is about this failure. */
static const char *text_of(sqlite3 *db, int rc) {
    if (rc == SQLITE_IOERR_AUTH)
        return "a block of it is damaged, or was not encrypted with this vault's newest key";
    if (rc == SQLITE_READONLY_DBMOVED)
        return "somebody deleted it meanwhile";
    bool own = db != NULL && sqlite3_extended_errcode(db) == rc;
    return own ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
}

ex_code catalog_fail(sqlite3 *db, int rc, const char *doing, struct ex_error *err) {
    ex_code code = code_of_sqlite(rc);
    int sys = db == NULL ? 0 : sqlite3_system_errno(db);
    if (code == EX_IO && (sys == EACCES || sys == EPERM || sys == EROFS))
        code = EX_DENIED;
    if (code == EX_IO && (sys == ENOSPC || sys == EDQUOT))
        code = EX_SPACE;
    ex_fail(err, code, "could not %s the catalog: %s", doing,
            code == EX_SPACE ? "there is no space left on its disk" : text_of(db, rc));
    if (err != NULL && (code == EX_IO || code == EX_SPACE || code == EX_DENIED))
        err->sys = sys;
    return ex_hint(code, err, "%s", hint_of(code));
}

static const char *doing(const struct query *q) {
    return q->sql < SQL_POSITION || sqlite3_stmt_readonly(q->stmt) == 0 ? "write" : "read";
}

ex_code query_open(struct catalog *c, enum catalog_sql sql, struct query *ret,
                   struct ex_error *err) {
    sqlite3_stmt *stmt = ex_steal(&c->idle[sql]);
    if (stmt == NULL) {
        int rc =
            sqlite3_prepare_v3(c->db, sql_texts[sql], -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
        if (rc != SQLITE_OK)
            return catalog_fail(c->db, rc, "read", err);
    }
    *ret = (struct query){.c = c, .sql = sql, .stmt = stmt};
    return EX_OK;
}

void query_close(struct query *q) {
    if (q->stmt == NULL)
        return;
    (void)sqlite3_reset(q->stmt);
    (void)sqlite3_clear_bindings(q->stmt);
    if (q->c->idle[q->sql] == NULL)
        q->c->idle[q->sql] = q->stmt;
    else
        (void)sqlite3_finalize(q->stmt);
    q->stmt = NULL;
}

static void bound(struct query *q, int rc) {
    if (q->bound == SQLITE_OK)
        q->bound = rc;
}

void query_bind_i64(struct query *q, int place, int64_t value) {
    bound(q, sqlite3_bind_int64(q->stmt, place, value));
}

void query_bind_u64(struct query *q, int place, uint64_t value) {
    if (value > INT64_MAX)
        bound(q, SQLITE_TOOBIG);
    else
        query_bind_i64(q, place, (int64_t)value);
}

void query_bind_blob(struct query *q, int place, const void *data, size_t size_bytes) {
    bound(q, sqlite3_bind_blob64(q->stmt, place, data, size_bytes, SQLITE_STATIC));
}

void query_bind_text(struct query *q, int place, const char *text) {
    if (text != NULL)
        bound(q,
              sqlite3_bind_text64(q->stmt, place, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8));
}

ex_code query_step(struct query *q, bool *ret_row, struct ex_error *err) {
    if (q->bound != SQLITE_OK)
        return catalog_fail(NULL, q->bound, doing(q), err);
    int rc = sqlite3_step(q->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return catalog_fail(q->c->db, rc, doing(q), err);
    *ret_row = rc == SQLITE_ROW;
    return EX_OK;
}

ex_code query_run(struct query *q, struct ex_error *err) {
    bool row = true;
    while (row)
        EX_TRY(query_step(q, &row, err));
    return EX_OK;
}

ex_code query_do(struct catalog *c, enum catalog_sql sql, struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, sql, &q, err));
    return query_run(&q, err);
}

static bool is_type(struct query *q, int column, int type) {
    if (sqlite3_column_type(q->stmt, column) != type && q->row == EX_OK)
        q->row = EX_FORMAT;
    return q->row == EX_OK;
}

bool query_is_null(const struct query *q, int column) {
    return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

int64_t query_i64(struct query *q, int column) {
    return is_type(q, column, SQLITE_INTEGER) ? sqlite3_column_int64(q->stmt, column) : 0;
}

uint64_t query_u64(struct query *q, int column) {
    int64_t value = query_i64(q, column);
    if (value >= 0)
        return (uint64_t)value;
    q->row = EX_FORMAT;
    return 0;
}

void query_blob(struct query *q, int column, uint8_t *to, size_t size_bytes) {
    memset(to, 0, size_bytes);
    if (!is_type(q, column, SQLITE_BLOB))
        return;
    const void *data = sqlite3_column_blob(q->stmt, column);
    if (data != NULL && (size_t)sqlite3_column_bytes(q->stmt, column) == size_bytes)
        memcpy(to, data, size_bytes);
    else
        q->row = EX_FORMAT;
}

char *query_text(struct query *q, int column) {
    if (!is_type(q, column, SQLITE_TEXT))
        return NULL;
    const unsigned char *text = sqlite3_column_text(q->stmt, column);
    size_t size = (size_t)sqlite3_column_bytes(q->stmt, column);
    char *copy = NULL;
    if (text == NULL)
        q->row = EX_NOMEM;
    else if (memchr(text, 0, size) != NULL)
        q->row = EX_FORMAT; /* we never put a NUL into a text */
    else
        q->row = ex_alloc(size + 1, 1, EX_LIMIT_RECORD_BYTES + 1, "a catalog row", &copy, NULL);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

const char *query_view(struct query *q, int column) {
    if (query_is_null(q, column) || !is_type(q, column, SQLITE_TEXT))
        return NULL;
    const char *text = (const char *)sqlite3_column_text(q->stmt, column);
    if (text == NULL)
        q->row = EX_NOMEM;
    else if (strlen(text) != (size_t)sqlite3_column_bytes(q->stmt, column))
        q->row = EX_FORMAT; /* we never put a NUL into a text */
    return text;
}

ex_code query_check(const struct query *q, struct ex_error *err) {
    if (q->row == EX_OK)
        return EX_OK;
    if (q->row == EX_FORMAT)
        return ex_hint(ex_fail(err, EX_FORMAT, "a row of the catalog is damaged"), err, "%s",
                       CATALOG_HINT_REBUILD);
    return ex_fail(err, q->row, "could not read a row of the catalog: %s", ex_code_name(q->row));
}
