/* SPDX-License-Identifier: Apache-2.0 */
/* What hash sets say of traces, when a list or a trace is asked for: tracing_known.c. */
#ifndef EXHIBIT_APP_TRACING_KNOWN_INTERNAL_H
#define EXHIBIT_APP_TRACING_KNOWN_INTERNAL_H

#include "app/examining_internal.h"
#include "app/hashsets_internal.h"

struct trace_known;
/* *ret NULL: neither --not-known nor --notable was given. EX_NOT_FOUND: there is no set that could
 * answer. Needs nothing but the ledger and sets/. */
EX_MUST_USE ex_code trace_known_new(struct act *act, struct trace_known **ret,
                                    struct ex_error *err);
void trace_known_free(struct trace_known *k);
EX_DEFINE_AUTO(struct trace_known, trace_known_free);

/* `listed`, one for each of `sets`, and `t` live until it returns. */
typedef ex_code trace_known_fn(void *context, const struct catalog_trace *t,
                               const struct held_sets *sets, const bool *listed,
                               struct ex_error *err);
/* Each trace of the filter that the flags do not leave out, by number. Whenever the list begins
 * anew, and before it begins, `again` is called: what was given so far does not count. */
EX_MUST_USE ex_code trace_known_list(struct trace_known *k, struct act *act,
                                     const struct catalog_trace_filter *filter,
                                     trace_known_fn *each, void (*again)(void *context),
                                     void *context, uint64_t *ret_matched, struct ex_error *err);
/* [id] of the sets that are asked. */
json_t *trace_known_ids(const struct trace_known *k);
/* Every set that there is could answer. */
bool trace_known_sound(const struct trace_known *k);
/* `known_files` of json.md §4.15, for a list. */
json_t *trace_known_json(const struct trace_known *k);

/* The same for one trace; *ret NULL: it has no SHA-256, or there is no set. Sets the act's verdict
 * when a set could not answer. */
EX_MUST_USE ex_code trace_known_one(struct act *act, const struct catalog_trace *t, json_t **ret,
                                    struct ex_error *err);

#endif
