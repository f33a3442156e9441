/* SPDX-License-Identifier: Apache-2.0 */
/* Private to catalog/ and its test: the handle, its statements, and how SQLite's outcomes become
 * ours.
 *
 * A statement is taken from the handle, bound, stepped, and given back when its scope ends:
 *
 *     CATALOG_QUERY(q);
 *     EX_TRY(query_open(c, SQL_FIND_CASE, &q, err));
 *     query_bind_text(&q, 1, number);
 *     EX_TRY(query_step(&q, &row, err));
 *
 * Binding and reading a column never fail on the spot: what went wrong is remembered, and reported
 * by the next query_step(), query_run() or query_check(). Whoever walks may ask something else
 * meanwhile, even the same question: an idle statement is used by one query at a time.
 */
#ifndef EXHIBIT_CATALOG_INTERNAL_H
#define EXHIBIT_CATALOG_INTERNAL_H

#include "catalog/catalog.h"
#include "catalog/cipher_internal.h"
#include <sqlite3.h>

enum { CATALOG_BUSY_MS = 10000, CATALOG_APPLICATION_ID = 0x45784374 /* "ExCt" */ };

#define CATALOG_FILE "catalog.db"
#define CATALOG_HINT_REBUILD                                                                       \
    "run `exhibit rebuild`: the catalog comes back from the ledger and the vault"

enum catalog_sql {
    SQL_BEGIN,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_CLEAR_POSITION,
    SQL_CLEAR_CONCERNS,
    SQL_CLEAR_ENTRIES,
    SQL_CLEAR_ITEMS,
    SQL_CLEAR_CASES,
    SQL_CLEAR_TRACES,
    SQL_CLEAR_EXAMINATIONS,
    SQL_POSITION,
    SQL_SET_POSITION,
    SQL_PUT_ENTRY,
    SQL_PUT_CONCERN,
    SQL_PUT_CASE,
    SQL_PUT_ITEM,
    SQL_SET_VERIFIED,
    SQL_FIND_CASE,
    SQL_FIND_ITEM_BY_LABEL,
    SQL_FIND_ITEM_BY_ID,
    SQL_NEXT_NUMBER,
    SQL_EACH_CASE,
    SQL_EACH_ITEM,
    SQL_EACH_ITEM_OF_CASE,
    SQL_EACH_ENTRY,
    SQL_EACH_ENTRY_OF_ITEM,
    SQL_PUT_EXAMINATION,
    SQL_SET_EXAMINATION_STATE,
    SQL_DROP_TRACES,
    SQL_DROP_TRACES_OF_ITEM,
    SQL_DISPOSE_EXAMINATIONS,
    SQL_PUT_TRACE,
    SQL_EACH_EXAMINATION,
    SQL_EACH_EXAMINATION_OF_ITEM,
    SQL_EACH_TRACE,
    SQL_COUNT_TRACES,
    SQL_EACH_TRACE_BY_ID,
    SQL_TRACE_AT,
    SQL_NEXT_CHILD,
    SQL_EACH_CHILD,
    SQL_LOOKED_INTO,
    SQL_KNOWN_CONTENT,
    SQL_CHECK,
    SQL_ALL_POSITION,
    SQL_ALL_ENTRIES,
    SQL_ALL_CONCERNS,
    SQL_ALL_CASES,
    SQL_ALL_ITEMS,
    SQL_ALL_EXAMINATIONS,
    SQL_ALL_TRACES,
    SQL_COUNT
};

struct catalog {
    sqlite3 *db;
    struct cipher *cipher; /* NULL: plain */
    bool read_only;
    sqlite3_stmt *idle[SQL_COUNT];
};

struct query {
    struct catalog *c;
    enum catalog_sql sql;
    sqlite3_stmt *stmt;
    int bound;   /* first failure of a binding, or SQLITE_OK */
    ex_code row; /* first failure of a column */
};

#define CATALOG_QUERY(name) __attribute__((cleanup(query_close))) struct query name = {0}

EX_MUST_USE ex_code query_open(struct catalog *c, enum catalog_sql sql, struct query *ret,
                               struct ex_error *err);
void query_close(struct query *q);

/* What is bound stays the caller's and lives until query_close(). A NULL blob or text is NULL. */
void query_bind_i64(struct query *q, int place, int64_t value);
void query_bind_u64(struct query *q, int place, uint64_t value); /* over 2^63 − 1: EX_LIMIT */
void query_bind_blob(struct query *q, int place, const void *data, size_t size_bytes);
void query_bind_text(struct query *q, int place, const char *text);

EX_MUST_USE ex_code query_step(struct query *q, bool *ret_row, struct ex_error *err);
EX_MUST_USE ex_code query_run(struct query *q, struct ex_error *err); /* to the end, rows ignored */
/* Takes, runs and gives back a statement without parameters. */
EX_MUST_USE ex_code query_do(struct catalog *c, enum catalog_sql sql, struct ex_error *err);

/* Columns from 0. Anything that is not of the type (or of that size) is damage. */
bool query_is_null(const struct query *q, int column);
int64_t query_i64(struct query *q, int column);
uint64_t query_u64(struct query *q, int column);
void query_blob(struct query *q, int column, uint8_t *to, size_t size_bytes);
char *query_text(struct query *q, int column); /* a copy; NULL after a failure */
/* Without a copy, until the next step; NULL when it is NULL. */
const char *query_view(struct query *q, int column);
EX_MUST_USE ex_code query_check(const struct query *q, struct ex_error *err);
/* Runs what puts a row. `name` says what is put; `owner` what has to be there before. EX_EXISTS,
 * EX_NOT_FOUND. */
EX_MUST_USE ex_code query_put(struct query *q, const char *name, const char *owner,
                              struct ex_error *err);
/* A statement that writes; EX_INTERNAL outside of a transaction. */
EX_MUST_USE ex_code query_open_put(struct catalog *c, enum catalog_sql sql, struct query *ret,
                                   struct ex_error *err);

/* SQLite's result code as ours; `doing` completes "could not … the catalog". */
ex_code catalog_fail(sqlite3 *db, int rc, const char *doing, struct ex_error *err);

/* schema.c: settings of a fresh connection; then the check that this is a catalog, and migration.
 */
EX_MUST_USE ex_code catalog_configure(sqlite3 *db, struct ex_error *err);
EX_MUST_USE ex_code catalog_prepare_schema(struct catalog *c, struct ex_error *err);

#endif
