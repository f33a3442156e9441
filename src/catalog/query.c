/* SPDX-License-Identifier: Apache-2.0 */
/* Questions, walks, and the digest. */
#include "catalog/internal.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "crypto/sha256.h"

void catalog_entry_clear(struct catalog_entry *e) {
    if (e == NULL)
        return;
    free(e->event);
    free(e->json);
    *e = (struct catalog_entry){0};
}

void catalog_case_clear(struct catalog_case *k) {
    if (k == NULL)
        return;
    free(k->number);
    free(k->title);
    *k = (struct catalog_case){0};
}

void catalog_item_clear(struct catalog_item *i) {
    if (i == NULL)
        return;
    free(i->label);
    free(i->json);
    *i = (struct catalog_item){0};
}

/* Rows in the column order of statement.c. After a failure nothing is left to clear. */
static ex_code read_entry(struct query *q, struct catalog_entry *e, struct ex_error *err) {
    *e = (struct catalog_entry){
        .index = query_u64(q, 0),
        .time_ns = query_i64(q, 1),
        .event = query_text(q, 2),
        .has_case = !query_is_null(q, 3),
        .has_item = !query_is_null(q, 4),
        .has_intent = !query_is_null(q, 5),
        .json = query_text(q, 6),
    };
    if (e->has_case)
        query_blob(q, 3, e->case_id, CATALOG_ID_BYTES);
    if (e->has_item)
        query_blob(q, 4, e->item_id, CATALOG_ID_BYTES);
    if (e->has_intent)
        e->intent = query_u64(q, 5);
    ex_code code = query_check(q, err);
    if (code != EX_OK)
        catalog_entry_clear(e);
    return code;
}

static ex_code read_case(struct query *q, struct catalog_case *k, struct ex_error *err) {
    *k = (struct catalog_case){
        .number = query_text(q, 1),
        .title = query_text(q, 2),
        .opened_ns = query_i64(q, 3),
        .entry = query_u64(q, 4),
        .items = query_u64(q, 5),
    };
    query_blob(q, 0, k->id, CATALOG_ID_BYTES);
    ex_code code = query_check(q, err);
    if (code != EX_OK)
        catalog_case_clear(k);
    return code;
}

static ex_code read_item(struct query *q, struct catalog_item *i, struct ex_error *err) {
    *i = (struct catalog_item){
        .number = query_u64(q, 2),
        .label = query_text(q, 3),
        .collected_ns = query_i64(q, 5),
        .entry_intent = query_u64(q, 6),
        .entry_outcome = query_u64(q, 7),
        .verified = !query_is_null(q, 8),
        .json = query_text(q, 9),
    };
    query_blob(q, 0, i->id, CATALOG_ID_BYTES);
    query_blob(q, 1, i->case_id, CATALOG_ID_BYTES);
    query_blob(q, 4, i->object_id, sizeof i->object_id);
    if (i->verified)
        i->verified_ns = query_i64(q, 8);
    ex_code code = query_check(q, err);
    if (code != EX_OK)
        catalog_item_clear(i);
    return code;
}

ex_code catalog_find_case(struct catalog *c, const char *number, struct catalog_case *ret,
                          struct ex_error *err) {
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_FIND_CASE, &q, err));
    query_bind_text(&q, 1, number);
    EX_TRY(query_step(&q, &row, err));
    if (!row)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "no case \"%s\" in this vault", number), err,
                       "`exhibit case list` shows the cases");
    struct catalog_case found;
    EX_TRY(read_case(&q, &found, err));
    *ret = found;
    return EX_OK;
}

/* *ret_found false, and *ret left alone, when there is none. id NULL: by label. */
static ex_code look_up_item(struct catalog *c, const char *label, const uint8_t *id,
                            struct catalog_item *ret, bool *ret_found, struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, id == NULL ? SQL_FIND_ITEM_BY_LABEL : SQL_FIND_ITEM_BY_ID, &q, err));
    if (id == NULL)
        query_bind_text(&q, 1, label);
    else
        query_bind_blob(&q, 1, id, CATALOG_ID_BYTES);
    EX_TRY(query_step(&q, ret_found, err));
    if (!*ret_found)
        return EX_OK;
    struct catalog_item found;
    EX_TRY(read_item(&q, &found, err));
    *ret = found;
    return EX_OK;
}

ex_code catalog_find_item(struct catalog *c, const char *name, struct catalog_item *ret,
                          struct ex_error *err) {
    uint8_t id[CATALOG_ID_BYTES];
    bool found;
    EX_TRY(look_up_item(c, name, NULL, ret, &found, err));
    if (!found && ex_parse_hex(name, strlen(name), id, sizeof id))
        EX_TRY(look_up_item(c, name, id, ret, &found, err));
    if (found)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_NOT_FOUND, "no item \"%s\" in this vault", name), err,
                   "`exhibit item list` shows the items");
}

ex_code catalog_next_number(struct catalog *c, const uint8_t case_id[static CATALOG_ID_BYTES],
                            uint64_t *ret, struct ex_error *err) {
    char hex[2 * CATALOG_ID_BYTES + 1];
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_NEXT_NUMBER, &q, err));
    query_bind_blob(&q, 1, case_id, CATALOG_ID_BYTES);
    EX_TRY(query_step(&q, &row, err));
    if (!row)
        return ex_fail(err, EX_NOT_FOUND, "no case with the id %s in this vault",
                       ex_hex(hex, case_id, CATALOG_ID_BYTES));
    uint64_t last = query_u64(&q, 0);
    EX_TRY(query_check(&q, err));
    *ret = last + 1;
    return EX_OK;
}

ex_code catalog_each_case(struct catalog *c,
                          ex_code (*fn)(void *context, const struct catalog_case *k,
                                        struct ex_error *err),
                          void *context, struct ex_error *err) {
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_EACH_CASE, &q, err));
    for (;;) {
        struct catalog_case k;
        EX_TRY(query_step(&q, &row, err));
        if (!row)
            return EX_OK;
        EX_TRY(read_case(&q, &k, err));
        ex_code code = fn(context, &k, err);
        catalog_case_clear(&k);
        EX_TRY(code);
    }
}

/* A walk without rows may be one over a case that is not there. */
static ex_code check_case(struct catalog *c, const char *case_number, struct ex_error *err) {
    struct catalog_case k;
    if (case_number == NULL)
        return EX_OK;
    EX_TRY(catalog_find_case(c, case_number, &k, err));
    catalog_case_clear(&k);
    return EX_OK;
}

ex_code catalog_each_item(struct catalog *c, const char *case_number,
                          ex_code (*fn)(void *context, const struct catalog_item *i,
                                        struct ex_error *err),
                          void *context, struct ex_error *err) {
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(check_case(c, case_number, err));
    EX_TRY(query_open(c, case_number == NULL ? SQL_EACH_ITEM : SQL_EACH_ITEM_OF_CASE, &q, err));
    if (case_number != NULL)
        query_bind_text(&q, 1, case_number);
    for (;;) {
        struct catalog_item i;
        EX_TRY(query_step(&q, &row, err));
        if (!row)
            return EX_OK;
        EX_TRY(read_item(&q, &i, err));
        ex_code code = fn(context, &i, err);
        catalog_item_clear(&i);
        EX_TRY(code);
    }
}

ex_code catalog_each_entry(struct catalog *c, const uint8_t *item_id,
                           ex_code (*fn)(void *context, const struct catalog_entry *e,
                                         struct ex_error *err),
                           void *context, struct ex_error *err) {
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, item_id == NULL ? SQL_EACH_ENTRY : SQL_EACH_ENTRY_OF_ITEM, &q, err));
    if (item_id != NULL)
        query_bind_blob(&q, 1, item_id, CATALOG_ID_BYTES);
    for (;;) {
        struct catalog_entry e;
        EX_TRY(query_step(&q, &row, err));
        if (!row)
            return EX_OK;
        EX_TRY(read_entry(&q, &e, err));
        ex_code code = fn(context, &e, err);
        catalog_entry_clear(&e);
        EX_TRY(code);
    }
}

/* A type or mark, a length or count: so that no two catalogs look the same to the hash. */
static void digest_head(struct sha256 *h, int mark, uint64_t count) {
    uint8_t head[9] = {(uint8_t)mark};
    ex_put_le64(head + 1, count);
    sha256_add(h, head, sizeof head);
}

static ex_code digest_column(struct sha256 *h, sqlite3_stmt *stmt, int column,
                             struct ex_error *err) {
    int type = sqlite3_column_type(stmt, column);
    if (type == SQLITE_INTEGER) {
        digest_head(h, type, (uint64_t)sqlite3_column_int64(stmt, column));
        return EX_OK;
    }
    const void *data = sqlite3_column_blob(stmt, column);
    size_t size = (size_t)sqlite3_column_bytes(stmt, column);
    if (size > 0 && data == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a catalog row");
    digest_head(h, type, size);
    if (size > 0)
        sha256_add(h, data, size);
    return EX_OK;
}

static ex_code digest_rows(struct catalog *c, enum catalog_sql sql, struct sha256 *h,
                           struct ex_error *err) {
    uint64_t rows = 0;
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, sql, &q, err));
    for (;; rows++) {
        EX_TRY(query_step(&q, &row, err));
        if (!row)
            break;
        for (int i = 0; i < sqlite3_column_count(q.stmt); i++)
            EX_TRY(digest_column(h, q.stmt, i, err));
    }
    digest_head(h, 0, rows); /* SQLite's types begin at 1 */
    return EX_OK;
}

static ex_code digest_inside(struct catalog *c, uint8_t ret[static 32], struct ex_error *err) {
    static const enum catalog_sql tables[] = {
        SQL_ALL_POSITION, SQL_ALL_ENTRIES,      SQL_ALL_CONCERNS, SQL_ALL_CASES,
        SQL_ALL_ITEMS,    SQL_ALL_EXAMINATIONS, SQL_ALL_TRACES};
    struct sha256 h;
    sha256_start(&h);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        EX_TRY(digest_rows(c, tables[i], &h, err));
    sha256_end(&h, ret);
    return EX_OK;
}

/* All tables as of one moment, whoever writes meanwhile. */
ex_code catalog_digest(struct catalog *c, uint8_t ret[static 32], struct ex_error *err) {
    bool own = sqlite3_get_autocommit(c->db) != 0;
    if (own)
        EX_TRY(query_do(c, SQL_BEGIN_READ, err));
    ex_code code = digest_inside(c, ret, err);
    if (own)
        catalog_abort(c);
    return code;
}
