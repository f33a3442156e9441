/* SPDX-License-Identifier: Apache-2.0 */
/* One running collection, and who does what of it: collecting.c the way from intent to outcome,
 * collecting_source.c the source as the ledger has it, collecting_resume.c going on with one that
 * was cut off. */
#ifndef EXHIBIT_APP_COLLECTING_INTERNAL_H
#define EXHIBIT_APP_COLLECTING_INTERNAL_H

#include "app/act_internal.h"
#include "app/device_internal.h"
#include "collect/collect.h"
#include "source/container.h"
#include "source/folder.h"

struct collecting {
    char *number; /* of the case */
    char *label;  /* what the officer calls the item; may be NULL */
    struct vault_work *work;
    bool resumes;
    uint64_t offset;            /* resumed: where */
    json_t *resumed;            /* intents of the same collection, cut off; an array */
    json_t *recorded;           /* resumed: the source as the ledger names it */
    struct device_held *device; /* of a block device */
    json_t *device_recorded;    /* resumed: `device` of that intent */
    json_t *earlier;            /* resumed: warnings about the sittings before, an array */
    json_t *resumes_json;       /* resumed: `resumes` of the intent */
    struct source *source;
    struct source_identity before;
    enum vault_readback readback;
    struct source_effort effort;
    struct source_range *skip;    /* of the effort */
    struct collecting_fill *fill; /* NULL: all of the source is read */
    struct collect_report report;
    json_t *filled, *again;            /* of second readings; may be NULL */
    bool partial;                      /* the second reading says so */
    json_t *device_after;              /* of a block device, once it was read */
    json_t *item, *stored;             /* set by finish_item */
    struct folder_selection selection; /* of a folder; its texts are the request's */
    json_t *looks_like;                /* json.md §4.13; NULL: not said */
    json_t *already; /* the item that a list asks for is held: nothing is collected */
};

/* EX_USAGE. `text` may be NULL. */
EX_MUST_USE ex_code collecting_parse_readback(const char *text, enum vault_readback *ret,
                                              struct ex_error *err);
/* json.md §4.2 */
json_t *collecting_stored_json(const struct vault_put_report *r);
const char *collecting_readback_word(enum vault_readback r);
json_t *collecting_case_json(const struct act *act, const struct collecting *c);
/* Opens what is collected; a device is taken first (device_internal.h). */
EX_MUST_USE ex_code collecting_open(struct act *act, struct collecting *c, const char *path,
                                    struct ex_error *err);
/* `what` of collect.intent. */
json_t *collecting_intent_json(const struct act *act, const struct collecting *c);

/* Several sources at once: many.c. */
EX_MUST_USE ex_code collect_many(struct act *act, json_t **ret_result, struct ex_error *err);

/* ---- the source as the ledger has it: collecting_source.c ---- */

/* `source` of json.md §4.1. */
json_t *collecting_source_json(const struct source_identity *i);
/* By which members the source in c->recorded is taken for the same. */
json_t *collecting_same_by(const struct collecting *c);
/* EX_SOURCE: the source that is open is not the one in c->recorded. */
EX_MUST_USE ex_code collecting_check_same(const struct collecting *c, struct ex_error *err);

/* An item of a source that is taken for the same, in the same case and under the same label: *ret
 * is what the ledger says of it (json.md §4.1), NULL when there is none. */
EX_MUST_USE ex_code collecting_find_held(struct act *act, const struct collecting *c, json_t **ret,
                                         struct ex_error *err);

/* ---- what cannot be read: collecting_effort.c ---- */

/* From the flags. */
EX_MUST_USE ex_code collecting_parse_effort(const struct act *act, struct collecting *c,
                                            struct ex_error *err);
/* EX_USAGE: flags that this kind of source cannot keep. */
EX_MUST_USE ex_code collecting_check_effort(const struct act *act, const struct collecting *c,
                                            struct ex_error *err);
/* Beside those that were asked for, [{"offset", "length"}]; those that meet become one. */
EX_MUST_USE ex_code collecting_add_skips(struct collecting *c, const json_t *list,
                                         struct ex_error *err);
/* --max-errors alone, over what was taken from the intent. */
EX_MUST_USE ex_code collecting_parse_max_errors(const struct act *act, struct collecting *c,
                                                struct ex_error *err);
/* From `effort` of an intent; what is not there is zero. */
EX_MUST_USE ex_code collecting_take_effort(struct collecting *c, const json_t *recorded,
                                           struct ex_error *err);
/* null for a source that gives its bytes once. */
json_t *collecting_effort_json(const struct collecting *c);
/* `untried` and `skipped` of json.md §4.1, where there is something of them. */
void collecting_add_unread(json_t *item, const struct vault_put_report *r);
/* `reading` of json.md §4.2. */
json_t *collecting_reading_json(const struct collecting *c);

/* ---- folders: collecting_folder.c ---- */

/* If it is one: opens what the flags select of it; otherwise c->source stays NULL. EX_USAGE: flags
 * for a folder, and it is none. */
EX_MUST_USE ex_code collecting_open_folder(struct act *act, struct collecting *c, const char *path,
                                           struct ex_error *err);
json_t *collecting_selection_json(const struct folder_selection *s);
/* `folder` of json.md §4.1; NULL: it is none. */
json_t *collecting_folder_json(const struct collecting *c);
/* Was anything not read? */
bool collecting_is_partial(const struct collecting *c);

/* ---- images: collecting_container.c ---- */

/* If it is one that can be read, and --container does not say otherwise: opens what is in it;
 * otherwise c->source stays as it is. EX_USAGE: a format for what is no file. */
EX_MUST_USE ex_code collecting_open_container(struct act *act, struct collecting *c,
                                              const char *path, struct ex_error *err);
/* `container` of json.md §4.1; NULL: it is none. `whole`: it was read to its end. */
json_t *collecting_container_json(const struct collecting *c, bool whole);
/* An array, which may be empty. */
json_t *collecting_container_warnings(const struct collecting *c);
/* Does one of its own hashes differ? */
bool collecting_container_is_partial(const struct collecting *c);

/* ---- what it looks like: collecting_kind.c ---- */

/* `looks_like` of json.md §4.1, once it is held; NULL: nothing is said. */
json_t *collecting_kind_json(struct act *act, const struct collecting *c);

/* ---- second readings: collecting_fill.c ---- */

/* With --fill: the source is open, and its effort set; what was left out of the old item is added
 * to it. */
EX_MUST_USE ex_code collecting_open_fill(struct act *act, struct collecting *c,
                                         struct ex_error *err);
void collecting_close_fill(struct collecting_fill *f);
/* What is put: the source, or what is held with its holes read from the source. */
struct source *collecting_from(const struct collecting *c);
json_t *collecting_fills_json(const struct collecting *c);
/* `filled` of json.md §4.1, or nothing. EX_IO: not one missing byte came. */
EX_MUST_USE ex_code collecting_end_fill(const struct collecting *c, json_t **ret,
                                        struct ex_error *err);
/* With --verify-source: sets c->again, `second_reading` of json.md §4.1; a failure is part of that.
 */
void collecting_read_again(struct act *act, struct collecting *c);

/* ---- going on with one that was cut off: collecting_resume.c ---- */

/* Up to its intent. The name of the work is the request's operand. */
EX_MUST_USE ex_code collecting_begin_again(struct act *act, struct collecting *c,
                                           struct ex_error *err);
/* `resumed_at` of json.md §4.1, once all was read. */
json_t *collecting_resumed_at_json(const struct collecting *c);
/* What an officer must be told of a device that was not read in one go: added to its warnings. */
void collecting_warn_of_sittings(const struct collecting *c, json_t *warnings);

#endif
