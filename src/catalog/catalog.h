/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: what the ledger and the vault say, arranged for questions. A projection, never a
 * source: `catalog.db` can be deleted at any time and comes back entry by entry.
 *
 * The catalog knows how far it has read (position: number of entries, and the tree root at that
 * size). A writer brings it up to date inside one transaction: begin → position → put… → commit;
 * if the root does not belong to this ledger, it starts anew with catalog_clear(). Two processes
 * that do so at once come to the same rows. What it answers was true of the ledger when it was
 * written; nothing in it is evidence, and a verification does not rely on it.
 *
 * Rows carry the JSON of docs/format/json.md as text, beside the columns that questions need.
 * SQLite. A plain catalog is in WAL mode: readers never wait. An encrypted one cannot be: readers
 * wait while a commit is written, and a commit for the readers that are in the middle of a
 * question (each up to 10 s, then EX_BUSY). Threads: one handle, one thread. Strings given are
 * copied; strings got are the caller's to free through the _clear functions.
 */
#ifndef EXHIBIT_CATALOG_CATALOG_H
#define EXHIBIT_CATALOG_CATALOG_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CATALOG_ID_BYTES = 16,
    CATALOG_ROOT_BYTES = 32,
    CATALOG_KEY_BYTES = 32,
    CATALOG_SCHEMA_VERSION = 3
};

struct catalog;

/* `directory` is the vault's. key: CATALOG_KEY_BYTES for an encrypted catalog (copied into locked
 * memory), NULL for a plain one; the other kind of file, or another key, is EX_FORMAT. Creates and
 * migrates. A file that is no catalog (a symbolic link, for one), is damaged, or has an unknown
 * newer schema gives EX_FORMAT with the hint to run `exhibit rebuild`; damage deeper inside comes
 * up the same way from whatever meets it. Where the directory or the file cannot be written, a
 * catalog that is there is opened for reading, and catalog_begin() gives EX_DENIED; one that is not
 * there is EX_DENIED here. */
EX_MUST_USE ex_code catalog_open(const char *directory, const uint8_t *key, struct catalog **ret,
                                 struct ex_error *err);
void catalog_close(struct catalog *c);
EX_DEFINE_AUTO(struct catalog, catalog_close);
/* Deletes catalog.db and its WAL files; no error when they are not there. No handle may be open. */
EX_MUST_USE ex_code catalog_remove(const char *directory, struct ex_error *err);

/* Reads every page in use. EX_FORMAT: something in it is damaged. */
EX_MUST_USE ex_code catalog_check(struct catalog *c, struct ex_error *err);

EX_MUST_USE ex_code catalog_begin(struct catalog *c,
                                  struct ex_error *err); /* waits up to 10 s, then EX_BUSY */
EX_MUST_USE ex_code catalog_commit(struct catalog *c, struct ex_error *err); /* or aborts */
void catalog_abort(struct catalog *c); /* no effect outside a transaction */
/* Several questions as of one moment, which also is faster. True: until catalog_abort(), which is
 * to come soon, for meanwhile nobody writes to an encrypted catalog. False: they are asked one by
 * one.
 */
bool catalog_begin_reading(struct catalog *c);
EX_MUST_USE ex_code catalog_clear(struct catalog *c, struct ex_error *err); /* inside one */

/* 0 and zeros in a catalog that has read nothing. */
EX_MUST_USE ex_code catalog_position(struct catalog *c, uint64_t *ret_size,
                                     uint8_t ret_root[static CATALOG_ROOT_BYTES],
                                     struct ex_error *err);
EX_MUST_USE ex_code catalog_set_position(struct catalog *c, uint64_t size,
                                         const uint8_t root[static CATALOG_ROOT_BYTES],
                                         struct ex_error *err);

struct catalog_entry {
    uint64_t index;
    int64_t time_ns;
    char *event;
    bool has_case, has_item, has_intent;
    uint8_t case_id[CATALOG_ID_BYTES];
    uint8_t item_id[CATALOG_ID_BYTES];
    uint64_t intent;
    char *json; /* history row, json.md §4.4 */
};

struct catalog_case {
    uint8_t id[CATALOG_ID_BYTES];
    char *number; /* unique in the vault */
    char *title;
    int64_t opened_ns;
    uint64_t entry;
    uint64_t items; /* filled when read */
};

struct catalog_item {
    uint8_t id[CATALOG_ID_BYTES];
    uint8_t case_id[CATALOG_ID_BYTES];
    uint64_t number; /* N of CASE/N */
    char *label;     /* "CASE/N", unique in the vault */
    uint8_t object_id[32];
    int64_t collected_ns;
    uint64_t entry_intent, entry_outcome;
    bool verified;       /* has a verification found it good? */
    int64_t verified_ns; /* when the last such one ended */
    char *json;          /* item, json.md §4.1, as at collection */
};

void catalog_entry_clear(struct catalog_entry *e);
void catalog_case_clear(struct catalog_case *k);
void catalog_item_clear(struct catalog_item *i);

/* Putting: inside a transaction. A second row with the same key is EX_EXISTS, and leaves the
 * transaction as it was; an item of a case that is not there is EX_NOT_FOUND. Strings may not be
 * NULL; numbers over 2^63 - 1 are EX_LIMIT. */
EX_MUST_USE ex_code catalog_put_entry(struct catalog *c, const struct catalog_entry *e,
                                      struct ex_error *err);
/* A further item that an entry (put before) concerns, besides its item_id: a verification of many.
 */
EX_MUST_USE ex_code catalog_put_concern(struct catalog *c, uint64_t entry,
                                        const uint8_t item_id[static CATALOG_ID_BYTES],
                                        struct ex_error *err);
EX_MUST_USE ex_code catalog_put_case(struct catalog *c, const struct catalog_case *k,
                                     struct ex_error *err);
EX_MUST_USE ex_code catalog_put_item(struct catalog *c, const struct catalog_item *i,
                                     struct ex_error *err);
/* The last call counts, not the latest time: clocks go back, the ledger does not. */
EX_MUST_USE ex_code catalog_set_verified(struct catalog *c,
                                         const uint8_t item_id[static CATALOG_ID_BYTES],
                                         int64_t verified_ns, struct ex_error *err);

/* Questions. EX_NOT_FOUND names what was asked for. `name` of an item is its label or its id in
 * hex; of a case its number. */
EX_MUST_USE ex_code catalog_find_case(struct catalog *c, const char *number,
                                      struct catalog_case *ret, struct ex_error *err);
EX_MUST_USE ex_code catalog_find_item(struct catalog *c, const char *name, struct catalog_item *ret,
                                      struct ex_error *err);
/* The number that the next item of a case gets: 1 for the first. */
EX_MUST_USE ex_code catalog_next_number(struct catalog *c,
                                        const uint8_t case_id[static CATALOG_ID_BYTES],
                                        uint64_t *ret, struct ex_error *err);

/* Each row in order (cases by number, items by case and number, entries by index); what the
 * callback is given lives until it returns; anything but EX_OK ends the walk and is returned. */
EX_MUST_USE ex_code catalog_each_case(struct catalog *c,
                                      ex_code (*fn)(void *context, const struct catalog_case *k,
                                                    struct ex_error *err),
                                      void *context, struct ex_error *err);
/* case_number: NULL for all; EX_NOT_FOUND when there is no such case. */
EX_MUST_USE ex_code catalog_each_item(struct catalog *c, const char *case_number,
                                      ex_code (*fn)(void *context, const struct catalog_item *i,
                                                    struct ex_error *err),
                                      void *context, struct ex_error *err);
/* Entries that concern an item, by their item_id or by catalog_put_concern(); item_id NULL: all
 * entries. An id that nobody knows has none. */
EX_MUST_USE ex_code catalog_each_entry(struct catalog *c, const uint8_t *item_id,
                                       ex_code (*fn)(void *context, const struct catalog_entry *e,
                                                     struct ex_error *err),
                                       void *context, struct ex_error *err);

/* SHA-256 over all rows in key order: equal catalogs have equal digests, whatever SQLite did on
 * the way. */
EX_MUST_USE ex_code catalog_digest(struct catalog *c, uint8_t ret[static 32], struct ex_error *err);

#endif
