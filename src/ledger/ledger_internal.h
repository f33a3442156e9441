/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind ledger/ledger.h share. */
#ifndef EXHIBIT_LEDGER_LEDGER_INTERNAL_H
#define EXHIBIT_LEDGER_LEDGER_INTERNAL_H

#include "ledger/ledger.h"
#include "ledger/tiles_internal.h"

/* What one append may hold before it is committed. */
#define LEDGER_BATCH_BYTES_MAX ((size_t)64 << 20)

struct pending_entry {
    size_t end; /* in data */
    uint8_t leaf[MERKLE_BYTES];
};

/* An append that has begun and is not committed. */
struct pending {
    int lock_fd; /* -1: none has begun */
    struct merkle_frontier frontier;
    uint8_t *data; /* length, entry, length, entry… as in a bundle */
    size_t data_bytes, data_capacity;
    struct pending_entry *entry;
    size_t count, capacity;
};

struct ledger {
    int dir_fd; /* `ledger/` */
    struct note_key key;
    char *note; /* the checkpoint as it stands in its file */
    size_t note_bytes;
    struct checkpoint head;
    bool anchored; /* frontier was loaded from the tiles, and gives the root of head */
    struct merkle_frontier frontier;
    struct tiles tiles; /* as wide as head */
    struct bundle bundle;
    bool bundle_proved; /* against the root of head */
    struct pending pending;
};

/* Reads `checkpoint` and verifies who signed it and for which log. The caller frees *ret_note. */
EX_MUST_USE ex_code checkpoint_load(const struct ledger *l, char **ret_note, size_t *ret_bytes,
                                    struct checkpoint *ret, struct ex_error *err);
/* The same for a note from anywhere. */
EX_MUST_USE ex_code checkpoint_open(const struct ledger *l, const char *note, size_t size_bytes,
                                    struct checkpoint *ret, struct ex_error *err);

/* Loads the frontier, unless it is there, and compares its root with the checkpoint's. */
EX_MUST_USE ex_code ledger_anchor(struct ledger *l, struct ex_error *err);

/* Proves that the present tree begins with the tree of `old`. EX_ALTERED when it does not. */
EX_MUST_USE ex_code ledger_prove_growth(struct ledger *l, const struct checkpoint *old,
                                        struct ex_error *err);
/* Proves that these are the hashes of level-0 tile t, as its file has them too, and that they are
 * under the signed root. EX_ALTERED when not. */
EX_MUST_USE ex_code ledger_prove_tile(struct ledger *l, const struct tile *t,
                                      const uint8_t (*hash)[MERKLE_BYTES], struct ex_error *err);
/* The bundle n, every entry in it proved against the root. Kept until the next one. */
EX_MUST_USE ex_code ledger_load_bundle(struct ledger *l, uint64_t n, struct ex_error *err);

#endif
