/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in catalog.db: docs/format/catalog.md, "Schema". */
#include "catalog/internal.h"

#include "base/clock.h"
#include "base/limits.h"

enum { WAL_POLL_MS = 20 };

/* migrations[n] leads from schema n to schema n + 1; none is ever changed once it was released. A
 * change of what the rows mean may simply clear them: the ledger fills the catalog again. */
static const char *const migrations[] = {
    "CREATE TABLE position ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " size INTEGER NOT NULL CHECK (size >= 0),"
    " root BLOB NOT NULL CHECK (length(root) = 32)) STRICT;"

    "CREATE TABLE entries ("
    " entry INTEGER PRIMARY KEY CHECK (entry >= 0),"
    " time_ns INTEGER NOT NULL,"
    " event TEXT NOT NULL,"
    " case_id BLOB CHECK (length(case_id) = 16),"
    " item_id BLOB CHECK (length(item_id) = 16),"
    " intent INTEGER CHECK (intent >= 0),"
    " json TEXT NOT NULL) STRICT;"
    "CREATE INDEX entries_by_item ON entries (item_id) WHERE item_id IS NOT NULL;"

    "CREATE TABLE concerns ("
    " item_id BLOB NOT NULL CHECK (length(item_id) = 16),"
    " entry INTEGER NOT NULL REFERENCES entries (entry),"
    " PRIMARY KEY (item_id, entry)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX concerns_by_entry ON concerns (entry);"

    "CREATE TABLE cases ("
    " id BLOB PRIMARY KEY CHECK (length(id) = 16),"
    " number TEXT NOT NULL UNIQUE,"
    " title TEXT NOT NULL,"
    " opened_ns INTEGER NOT NULL,"
    " entry INTEGER NOT NULL CHECK (entry >= 0)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE items ("
    " id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
    " case_id BLOB NOT NULL REFERENCES cases (id),"
    " number INTEGER NOT NULL CHECK (number >= 0),"
    " label TEXT NOT NULL UNIQUE,"
    " object_id BLOB NOT NULL CHECK (length(object_id) = 32),"
    " collected_ns INTEGER NOT NULL,"
    " entry_intent INTEGER NOT NULL CHECK (entry_intent >= 0),"
    " entry_outcome INTEGER NOT NULL CHECK (entry_outcome >= 0),"
    " verified_ns INTEGER,"
    " json TEXT NOT NULL,"
    " UNIQUE (case_id, number)) STRICT;",

    /* Entries that an older program read, and did not know what they mean, are read again. */
    "DELETE FROM position; DELETE FROM concerns; DELETE FROM entries; DELETE FROM items;"
    "DELETE FROM cases;"

    "CREATE TABLE examinations ("
    " entry INTEGER PRIMARY KEY CHECK (entry >= 0),"
    " item_id BLOB NOT NULL CHECK (length(item_id) = 16),"
    " object_id BLOB NOT NULL CHECK (length(object_id) = 32),"
    " time_ns INTEGER NOT NULL,"
    " profile TEXT NOT NULL,"
    " result TEXT NOT NULL,"
    " traces INTEGER NOT NULL CHECK (traces >= 0),"
    " state TEXT NOT NULL) STRICT;"
    "CREATE INDEX examinations_by_item ON examinations (item_id);"

    "CREATE TABLE traces ("
    " entry INTEGER NOT NULL,"
    " number INTEGER NOT NULL CHECK (number > 0),"
    " parent INTEGER NOT NULL CHECK (parent >= 0 AND parent < number),"
    " id BLOB NOT NULL CHECK (length(id) = 16),"
    " kind TEXT NOT NULL,"
    " state TEXT,"
    " name TEXT,"
    " size INTEGER CHECK (size >= 0),"
    " sha256 BLOB CHECK (length(sha256) = 32),"
    " type TEXT,"
    " content_key BLOB CHECK (length(content_key) = 16),"
    " at INTEGER NOT NULL CHECK (at >= 0),"
    " length INTEGER NOT NULL CHECK (length >= 0),"
    " PRIMARY KEY (entry, number)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX traces_by_parent ON traces (entry, parent);"
    "CREATE INDEX traces_by_id ON traces (id);"
    "CREATE INDEX traces_by_content ON traces (content_key)"
    " WHERE content_key IS NOT NULL AND sha256 IS NOT NULL;",

    /* What an older program read says nothing of what was looked into: it is read again. */
    "DELETE FROM position; DELETE FROM concerns; DELETE FROM entries; DELETE FROM items;"
    "DELETE FROM cases; DELETE FROM examinations; DELETE FROM traces;"

    "ALTER TABLE traces ADD COLUMN inside INTEGER CHECK (inside >= 0);"
    "CREATE INDEX traces_looked_into ON traces (sha256)"
    " WHERE inside IS NOT NULL AND sha256 IS NOT NULL;",
};

_Static_assert(sizeof migrations / sizeof migrations[0] == CATALOG_SCHEMA_VERSION,
               "one migration for each schema version");

struct schema_state {
    int64_t application_id;
    int64_t version;
    int64_t objects; /* tables, indexes… */
};

static ex_code run(sqlite3 *db, const char *sql, struct ex_error *err) {
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? EX_OK : catalog_fail(db, rc, "set up", err);
}

/* The file may have come from anywhere: nothing in its schema is run, and nothing it says is
 * believed without a look. */
ex_code catalog_configure(sqlite3 *db, struct ex_error *err) {
    static const struct {
        int option, value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    };
    (void)sqlite3_extended_result_codes(db, 1);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        int rc = sqlite3_db_config(db, settings[i].option, settings[i].value, NULL);
        if (rc != SQLITE_OK)
            return catalog_fail(db, rc, "set up", err);
    }
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, (int)EX_LIMIT_RECORD_BYTES);
    (void)sqlite3_busy_timeout(db, CATALOG_BUSY_MS);
    /* temp_store: what an ORDER BY spills must not land in a temporary directory. secure_delete:
     * the names in an item that was disposed of go from the file, too. */
    return run(db,
               "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
               "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA secure_delete = ON",
               err);
}

/* One statement, so that all three are of one moment even while somebody else migrates. */
static ex_code read_state(sqlite3 *db, struct schema_state *ret, struct ex_error *err) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT application_id, user_version,"
                                " (SELECT count(*) FROM sqlite_schema)"
                                " FROM pragma_application_id, pragma_user_version",
                                -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *ret = (struct schema_state){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                                     sqlite3_column_int64(stmt, 2)};
    ex_code code = rc == SQLITE_ROW ? EX_OK : catalog_fail(db, rc, "open", err);
    (void)sqlite3_finalize(stmt);
    return code;
}

static ex_code check_state(const struct schema_state *s, struct ex_error *err) {
    bool fresh = s->application_id == 0 && s->version == 0 && s->objects == 0;
    if (fresh)
        return EX_OK;
    if (s->application_id != CATALOG_APPLICATION_ID || s->version < 1)
        return ex_hint(ex_fail(err, EX_FORMAT, "\"" CATALOG_FILE "\" is not a catalog"), err, "%s",
                       CATALOG_HINT_REBUILD);
    if (s->version > CATALOG_SCHEMA_VERSION)
        return ex_hint(ex_fail(err, EX_FORMAT,
                               "the catalog has schema %lld, newer than this program's %d",
                               (long long)s->version, (int)CATALOG_SCHEMA_VERSION),
                       err, "use the newer exhibit, or run `exhibit rebuild` with this one");
    return EX_OK;
}

/* The cache is one that what a whole examination changes fits into: otherwise each trace costs a
 * page of each index, read and written again.
 *
 * WAL stays set in the file. SQLite does not wait for a lock here, so that two openers of a new
 * file could get in each other's way; a file system without shared memory keeps its old mode, which
 * works too.
 *
 * Encrypted: synchronous=FULL so that a journal's head never names records that a loss of power
 * kept from the disk. A transaction that does not fit into the cache must lock readers out before
 * its end. */
static ex_code set_journal(struct catalog *c, struct ex_error *err) {
    const char *sql = c->cipher == NULL ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                          "PRAGMA cache_size = -65536"
                                        : "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
                                          "PRAGMA page_size = 4096; PRAGMA cache_size = -65536";
    uint64_t start_ns = ex_monotonic_ns();
    for (;;) {
        int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
        if (rc == SQLITE_OK)
            return EX_OK;
        bool late = ex_monotonic_ns() - start_ns > (uint64_t)CATALOG_BUSY_MS * 1000000;
        if ((rc & 0xff) != SQLITE_BUSY || late)
            return catalog_fail(c->db, rc, "set up", err);
        (void)sqlite3_sleep(WAL_POLL_MS);
    }
}

static ex_code migrate_inside(struct catalog *c, struct ex_error *err) {
    struct schema_state now;
    EX_TRY(read_state(c->db, &now, err)); /* somebody else may have been here first */
    EX_TRY(check_state(&now, err));
    for (int64_t version = now.version; version < CATALOG_SCHEMA_VERSION; version++)
        EX_TRY(run(c->db, migrations[version], err));
    char sql[96];
    (void)sqlite3_snprintf(sizeof sql, sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                           (int)CATALOG_APPLICATION_ID, (int)CATALOG_SCHEMA_VERSION);
    return run(c->db, sql, err);
}

ex_code catalog_prepare_schema(struct catalog *c, struct ex_error *err) {
    struct schema_state found;
    EX_TRY(read_state(c->db, &found, err));
    EX_TRY(check_state(&found, err));
    bool current = found.version == CATALOG_SCHEMA_VERSION;
    if (c->read_only)
        return current ? EX_OK
                       : ex_hint(ex_fail(err, EX_DENIED,
                                         "the catalog is not up to date and cannot be written"),
                                 err, "run this once as a user who may write to the vault");
    EX_TRY(set_journal(c, err));
    if (current)
        return EX_OK;
    EX_TRY(catalog_begin(c, err));
    ex_code code = migrate_inside(c, err);
    if (code == EX_OK)
        code = catalog_commit(c, err);
    catalog_abort(c);
    return code;
}
