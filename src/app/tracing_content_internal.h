/* SPDX-License-Identifier: Apache-2.0 */
/* Where the content of a trace lies, or what it is made of: tracing_content.c. */
#ifndef EXHIBIT_APP_TRACING_CONTENT_INTERNAL_H
#define EXHIBIT_APP_TRACING_CONTENT_INTERNAL_H

#include "app/examining_internal.h"
#include "examine/examine.h"
#include "transport/export_ranges.h"

struct trace_content {
    size_t way_count; /* 0: the content has places of its own, and these are they */
    struct examine_way way[EXAMINE_WAY_MAX]; /* otherwise: from what has them down to it */
    size_t count, capacity;
    struct export_range *range;
    uint64_t size, placed; /* bytes of the content; of them, those that have a place */
    uint64_t unread;       /* of them, never read from the source: zeros */
};
/* What `f` says, whose `above` is needed of a content without places. The caller frees `range`,
 * also after a failure. EX_UNSUPPORTED: it cannot be given; EX_ALTERED. */
EX_MUST_USE ex_code trace_content_find(const struct found_trace *f, struct trace_content *ret,
                                       struct ex_error *err);
/* Fills in `unread`. */
void trace_content_count_unread(struct trace_content *c, const struct vault_object_info *o);
/* One without places (way_count > 0), made again; nothing of it is compared. */
EX_MUST_USE ex_code trace_content_make(struct act *act, const struct vault_object_info *object,
                                       const struct trace_content *c, examine_write_fn *write,
                                       void *context, struct ex_progress *progress,
                                       struct ex_error *err);

#endif
