/* SPDX-License-Identifier: Apache-2.0 */
/* One machine report while it is made: the traces of an examination, read once from the object that
 * the ledger names, and some of their lines once more. */
#ifndef EXHIBIT_APP_MACHINE_INTERNAL_H
#define EXHIBIT_APP_MACHINE_INTERNAL_H

#include "app/examining_internal.h"
#include "app/hashsets_internal.h"
#include "report/machine.h"
#include "report/trace_states.h"

enum {
    MACHINE_WINDOW = 1 << 14, /* hashes that are looked up at once */
    MACHINE_NOTABLE_MAX = STANDINGS * MACHINE_SHOWN
};

/* What hash sets say of the contents. */
struct machine_known {
    struct held_sets held;
    uint64_t *listed, *listed_bytes; /* of each set */
    uint64_t not_asked, notable_count;
    uint8_t (*hash)[HASHSET_HASH_BYTES];
    uint64_t *number, *size; /* of the traces of the window */
    bool *answer;
    size_t waiting;
    size_t wanted; /* of those that notable sets list: the first ones of each standing */
    uint64_t notable[MACHINE_NOTABLE_MAX];
};

struct machine_reading {
    struct act *act;
    struct machine *machine;
    struct machine_known known;
    size_t count, capacity; /* of `at` */
    uint64_t *at;           /* where the line of each trace begins, and behind them the end's */
    struct vault_reader *reader;
    struct trace_paths *paths;
    json_t *head; /* of the result */
    struct trace_totals totals;
    ex_code failed; /* of what is made of the lines, and not of what is read */
};

/* All of the result. EX_ALTERED, EX_MISSING: it cannot be read, or differs from its entry. */
EX_MUST_USE ex_code machine_read(struct act *act, const struct item_truth *item,
                                 const struct chosen_examination *x, struct machine_reading *r,
                                 struct ex_error *err);
void machine_reading_clear(struct machine_reading *r);
/* The parts of json.md §4.18 that come from traces. */
EX_MUST_USE ex_code machine_read_json(struct machine_reading *r, json_t **ret,
                                      struct ex_error *err);

/* ---- machine_words.c: `head` is that of the result ---- */

json_t *machine_proves(void);
json_t *machine_does_not_prove(void);
json_t *machine_never(const json_t *head);
bool machine_space_searched(const json_t *head);

/* ---- machine_known.c ---- */

EX_MUST_USE ex_code machine_known_begin(struct machine_reading *r, struct ex_error *err);
EX_MUST_USE ex_code machine_known_add(struct machine_reading *r, uint64_t number,
                                      const struct trace_line *line, struct ex_error *err);
EX_MUST_USE ex_code machine_known_end(struct machine_reading *r, struct ex_error *err);
void machine_known_clear(struct machine_known *k);
/* `known_files` */
json_t *machine_known_json(const struct machine_known *k);

#endif
