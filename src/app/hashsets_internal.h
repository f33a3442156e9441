/* SPDX-License-Identifier: Apache-2.0 */
/* The hash sets of a vault, as app/ uses them (docs/known-files.md): the ledger says which the
 * vault has, and the identity that it names decides whether a file is that set. */
#ifndef EXHIBIT_APP_HASHSETS_INTERNAL_H
#define EXHIBIT_APP_HASHSETS_INTERNAL_H

#include "app/act_internal.h"
#include "formats/hash_list.h"
#include "formats/hashset_make.h"
#include "vault/sets.h"

/* ---- which there are: hashsets.c ---- */

/* `state` of json.md §4.16: every page is still to be read. */
#define SET_SOUND   "sound"
#define SET_ALTERED "altered"
#define SET_MISSING "missing"

struct held_set {
    uint8_t id[VAULT_SET_ID_BYTES];
    char *name;
    enum hashset_meaning meaning;
    uint64_t entry;
    json_t *json;        /* `set` as the entry has it */
    struct hashset *set; /* NULL: not open, or it cannot be had any more */
    const char *state;
    char why[200]; /* not sound: what is wrong */
    uint64_t asked, listed;
};

struct held_sets {
    size_t count, capacity;
    struct held_set *list; /* by entry */
    uint64_t
        entries_lost; /* entries about sets whose body cannot be had: what they say is not known */
};
/* From the ledger alone. */
EX_MUST_USE ex_code hashsets_load(struct act *act, struct held_sets *ret, struct ex_error *err);
void hashsets_clear(struct held_sets *h);
/* Opens each; one that cannot be had keeps its place, and says why. */
EX_MUST_USE ex_code hashsets_open(struct act *act, struct held_sets *h, struct ex_error *err);
/* All are there and sound, as far as they were read. */
bool hashsets_sound(const struct held_sets *h);
/* By the first digits of its id, 8 or more, or by its name. */
EX_MUST_USE ex_code hashsets_find(struct held_sets *h, const char *given, struct held_set **ret,
                                  struct ex_error *err);
/* ret_listed[i * h->count + n]: set n lists hash i. A set that turns out not to be sound answers
 * false from then on; *ret_lost (may be NULL) says that one did just now. */
EX_MUST_USE ex_code hashsets_look(struct held_sets *h, const uint8_t (*hash)[HASHSET_HASH_BYTES],
                                  size_t count, bool *ret_listed, bool *ret_lost,
                                  struct ex_error *err);
/* `sets` of json.md §4.16. */
json_t *hashsets_json(const struct held_sets *h);
/* [{"id", "name", "meaning"}] of those that list a hash; listed[n]: set n does. */
json_t *hashsets_listed_json(const struct held_sets *h, const bool *listed);
/* {"id", "name", "version", "meaning", "hashes", "size_bytes"} */
json_t *hashset_json(const struct hashset_head *head, const uint8_t id[static VAULT_SET_ID_BYTES]);

/* ---- reading lists: hashset_sources.c ---- */

/* What became of one source. */
struct source_read {
    struct hashset_source source;
    uint64_t place[HASH_LIST_PLACES]; /* lines that could not be read: the first ones */
    bool is_set;                      /* it was a hash set */
};
/* Puts the hashes of a file (`-`: standard input) into the maker. EX_FORMAT: it is no list of
 * SHA-256, and the hint says what it is. */
EX_MUST_USE ex_code hashset_read_source(const char *path, enum hashset_meaning meaning,
                                        struct hashset_maker *maker, struct ex_progress *progress,
                                        struct source_read *ret, struct ex_error *err);
/* Every SHA-256 in a list of text. */
EX_MUST_USE ex_code hashset_read_list(const char *path, hash_list_fn *each, void *context,
                                      struct ex_progress *progress, struct hash_list_report *ret,
                                      struct ex_error *err);

/* The line for people of an entry about a hash set; false: it is none. */
bool hashset_summary(const struct entry *e, json_t *what, char *to, size_t size);

#endif
