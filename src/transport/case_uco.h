/* SPDX-License-Identifier: Apache-2.0 */
/* case.jsonld: what a package holds and what was done to it, in CASE/UCO 1.4.0 (format/package §1,
 * §3.1), for tools that never heard of Exhibit.
 *
 * JSON-LD with its context inside, so that nobody needs the network to read it. Every node has an
 * IRI `urn:uuid:`, a UUID version 5 of a global name (of a ledger entry: its ledger and index), so
 * the same entry has the same IRI in every package. The same input gives the same bytes.
 *
 * It repeats what the entries say and proves nothing: the proof is the excerpt. What is NULL was
 * not known and is left out; no role, address or kind of thing is made up. Text is taken as it is;
 * bytes that are not UTF-8 become U+FFFD, and everything beyond ASCII is escaped. A machine is a
 * name that a machine gave itself. Times are what the machine's clock said.
 *
 * Source of the format: github casework/CASE and ucoProject/UCO, release 1.4.0.
 */
#ifndef EXHIBIT_TRANSPORT_CASE_UCO_H
#define EXHIBIT_TRANSPORT_CASE_UCO_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CASE_UCO_ROWS_MAX = 1 << 20 }; /* entries of all items and of the case together */

/* All text is NUL-terminated and the caller's; ids are hex; NULL says "not known" or "not given".
 */

/* One ledger entry: a history row (format/json §4.4), and who acted with what. */
struct case_uco_entry {
    const char *log; /* ledger origin */
    uint64_t index;
    const char *event; /* as the ledger has it: "collect.outcome" */
    int64_t time_ns;   /* UTC */
    const char *clock; /* as the ledger has it: "kernel-free-running" */
    const char *result;
    bool has_intent;
    uint64_t intent; /* the entry of the same log that this one answers */
    /* Section `who`. officer_id comes from the entry and the session that signed it; NULL: the
     * vault key signed. The rest is NULL when that section is withheld, erased or damaged. */
    const char *officer_id, *officer_name, *agency;
    const char *machine, *program, *version;
    const char *summary;
    const char *reason, *legal_basis; /* section `why` */
    /* In the history of an item: in whose hands it is when this entry is in, in words. */
    const char *holder;
};

struct case_uco_item {
    const char *id;
    const char *label;      /* "CASE/1", of the vault that the package comes from */
    const char *label_text; /* what somebody called it */
    bool physical;
    const char *serial_number; /* only of a physical item */

    /* Not of a physical item: */
    uint64_t size_bytes;
    const uint8_t *sha256, *fsverity; /* 32 bytes each; from the object's manifest, not NULL */
    const char *path;                 /* of the payload below the bag: "data/…"; not NULL */
    uint64_t unreadable_ranges, unreadable_bytes; /* at collection */
    const char *source_kind;                      /* format/json §4.1: "file", "stdin" */
    const char *source_path;                      /* as the officer named it */
    const char *source_modified, *source_changed, *source_accessed; /* RFC 3339 */

    /* Its history: every entry of the package that concerns it, oldest ledger first, ascending in
     * each ledger; at least one. Entries of several items stand in the history of each. */
    const struct case_uco_entry *history;
    size_t history_count;
};

struct case_uco {
    const char *package_id;
    int64_t created_ns;
    const char *log;        /* ledger origin of the vault that it comes from */
    const char *agency;     /* that made it */
    const char *officer_id; /* who made it, and under which name */
    const char *officer_name;
    const char *program, *version; /* that made it */

    const char *case_id, *case_number, *case_title;
    /* Entries of the case that concern no item of the package, ascending in each ledger. */
    const struct case_uco_entry *case_history;
    size_t case_history_count;

    const struct case_uco_item *items;
    size_t item_count; /* at least one */
};

/* JSON, two spaces deep, ended by LF; *ret_bytes without the NUL behind it; the caller frees *ret.
 * EX_LIMIT: too many entries. EX_INTERNAL: the input breaks a rule above. EX_NOMEM. */
EX_MUST_USE ex_code case_uco_write(const struct case_uco *c, char **ret, size_t *ret_bytes,
                                   struct ex_error *err);

#endif
