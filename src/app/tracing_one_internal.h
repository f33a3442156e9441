/* SPDX-License-Identifier: Apache-2.0 */
/* One trace that an operand names: what the commands about it share. tracing_one.c */
#ifndef EXHIBIT_APP_TRACING_ONE_INTERNAL_H
#define EXHIBIT_APP_TRACING_ONE_INTERNAL_H

#include "app/examining_internal.h"

/* The trace with the item that it is of, which becomes the act's. */
struct looking {
    struct truth truth;
    const struct item_truth *item;
    struct found_trace found;
    char *path;
};
/* looking_clear() is owed after a failure, too. */
EX_MUST_USE ex_code looking_up(struct act *act, struct looking *l, struct ex_error *err);
void looking_clear(struct looking *l);
json_t *tracing_item_json(const struct item_truth *i);
/* A file of --output without an outcome. */
void tracing_take_back(const struct act *act);

#endif
