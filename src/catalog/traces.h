/* SPDX-License-Identifier: Apache-2.0 */
/* Of the catalog: what examinations found (docs/format/traces.md), arranged for questions.
 *
 * As everything in the catalog these rows are a projection: they name the entry, and the place of a
 * trace's line in the object that the entry names. Whoever relies on a trace reads it there. Ids,
 * errors and threads as in catalog.h; names are what the evidence calls itself.
 */
#ifndef EXHIBIT_CATALOG_TRACES_H
#define EXHIBIT_CATALOG_TRACES_H

#include "catalog/catalog.h"

enum { CATALOG_CONTENT_KEY_BYTES = 16 };

/* An examination that ended with an object. `state` says what there is of its traces: `held`: all
 * of them; `altered`, `missing`: none, the object is damaged or gone; `unsupported`: none,
 * a newer program wrote it; `disposed`: none, two officers disposed of the item. */
#define CATALOG_TRACES_HELD        "held"
#define CATALOG_TRACES_ALTERED     "altered"
#define CATALOG_TRACES_MISSING     "missing"
#define CATALOG_TRACES_UNSUPPORTED "unsupported"
#define CATALOG_TRACES_DISPOSED    "disposed"

struct catalog_examination {
    uint64_t entry; /* its outcome */
    uint8_t item_id[CATALOG_ID_BYTES];
    uint8_t object_id[32]; /* of the result */
    int64_t time_ns;
    const char *profile, *result; /* in a walk they live until the callback returns */
    uint64_t traces;              /* as the entry says */
    const char *state;
};

struct catalog_trace {
    uint64_t entry, number, parent;
    uint8_t id[CATALOG_ID_BYTES];
    const char *kind;
    const char *state, *name, *type; /* may be NULL */
    bool has_size, has_sha256, has_content_key;
    uint64_t size;
    uint8_t sha256[32];
    uint8_t content_key[CATALOG_CONTENT_KEY_BYTES];
    uint64_t at, length; /* of its line in the object, without the line feed */
    bool has_inside;     /* it was looked into … */
    uint64_t inside;     /* … and so much was found there */
};

/* ---- putting, inside a transaction ---- */

EX_MUST_USE ex_code catalog_put_examination(struct catalog *c, const struct catalog_examination *x,
                                            struct ex_error *err);
EX_MUST_USE ex_code catalog_set_examination_state(struct catalog *c, uint64_t entry,
                                                  const char *state, struct ex_error *err);
EX_MUST_USE ex_code catalog_put_trace(struct catalog *c, const struct catalog_trace *t,
                                      struct ex_error *err);
EX_MUST_USE ex_code catalog_drop_traces(struct catalog *c, uint64_t entry, struct ex_error *err);
/* Of every examination of the item: traces go, state `disposed`. */
EX_MUST_USE ex_code catalog_dispose_traces(struct catalog *c,
                                           const uint8_t item_id[static CATALOG_ID_BYTES],
                                           struct ex_error *err);

/* ---- asking ---- */

typedef ex_code catalog_examination_fn(void *context, const struct catalog_examination *x,
                                       struct ex_error *err);
/* By entry. item_id NULL: all. */
EX_MUST_USE ex_code catalog_each_examination(struct catalog *c, const uint8_t *item_id,
                                             catalog_examination_fn *fn, void *context,
                                             struct ex_error *err);

/* Each text may be NULL: any. */
struct catalog_trace_filter {
    uint64_t entry;
    const char *kind;
    const char *state; /* `allocated`: those that have none */
    const char *name;  /* a pattern as of glob(7); ASCII letters fit in either case */
};
/* Does a name fit such a pattern? The same answer as the lists give. */
bool catalog_name_fits(const char *pattern, const char *name);
typedef ex_code catalog_trace_fn(void *context, const struct catalog_trace *t,
                                 struct ex_error *err);
/* By number, at most `limit`. */
EX_MUST_USE ex_code catalog_each_trace(struct catalog *c, const struct catalog_trace_filter *f,
                                       uint64_t limit, catalog_trace_fn *fn, void *context,
                                       struct ex_error *err);
EX_MUST_USE ex_code catalog_count_traces(struct catalog *c, const struct catalog_trace_filter *f,
                                         uint64_t *ret, struct ex_error *err);
/* Whose ids lie from `low` to `high`, by id and entry. */
EX_MUST_USE ex_code catalog_each_trace_by_id(struct catalog *c,
                                             const uint8_t low[static CATALOG_ID_BYTES],
                                             const uint8_t high[static CATALOG_ID_BYTES],
                                             catalog_trace_fn *fn, void *context,
                                             struct ex_error *err);
/* *ret_found false, and `fn` not called, when there is none. */
EX_MUST_USE ex_code catalog_trace_at(struct catalog *c, uint64_t entry, uint64_t number,
                                     catalog_trace_fn *fn, void *context, bool *ret_found,
                                     struct ex_error *err);
/* The first child of a trace (or of 0, the object) behind the number `after`. */
EX_MUST_USE ex_code catalog_next_child(struct catalog *c, uint64_t entry, uint64_t parent,
                                       uint64_t after, catalog_trace_fn *fn, void *context,
                                       bool *ret_found, struct ex_error *err);
EX_MUST_USE ex_code catalog_each_child(struct catalog *c, uint64_t entry, uint64_t parent,
                                       catalog_trace_fn *fn, void *context, struct ex_error *err);
/* Those whose content has this key and was hashed, of any item: the latest, and at most 8. */
EX_MUST_USE ex_code catalog_known_content(struct catalog *c,
                                          const uint8_t key[static CATALOG_CONTENT_KEY_BYTES],
                                          catalog_trace_fn *fn, void *context, bool *ret_found,
                                          struct ex_error *err);
/* Those whose content has this hash and was looked into, likewise. */
EX_MUST_USE ex_code catalog_looked_into(struct catalog *c, const uint8_t sha256[static 32],
                                        catalog_trace_fn *fn, void *context, bool *ret_found,
                                        struct ex_error *err);

#endif
