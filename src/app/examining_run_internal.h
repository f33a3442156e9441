/* SPDX-License-Identifier: Apache-2.0 */
/* One running examination, and what is written about it. */
#ifndef EXHIBIT_APP_EXAMINING_RUN_INTERNAL_H
#define EXHIBIT_APP_EXAMINING_RUN_INTERNAL_H

#include "app/examining_internal.h"
#include "examine/examine.h"

enum { EXAMINING_PROBLEMS_LISTED = 20 };

struct examining_known {
    struct act *act;
    struct trace_source source; /* of the last answer */
    json_t *head, *own_head;    /* first lines: of `source`, and of the examination that runs */
    bool reading;               /* a transaction of the catalog */
};
void examining_known_clear(struct examining_known *k);

/* Where the catalog says that something is. */
enum { KNOWN_PLACES = 8 };
struct known_places {
    size_t count;
    struct catalog_trace place[KNOWN_PLACES]; /* without texts */
};
/* A catalog_trace_fn. */
ex_code examining_keep_place(void *places, const struct catalog_trace *t, struct ex_error *err);
/* The line that stands there, in k->source; false: there is none with a hash, or it is not one that
 * this program would write. */
bool examining_known_line(struct examining_known *k, const struct catalog_trace *where,
                          struct catalog_trace *ret);
/* The `asking`, `known` and `inside` of struct examine_options. */
void examining_asking(void *context, bool begins);
ex_code examining_known(void *context, const uint8_t key[static EXAMINE_KEY_BYTES],
                        struct examine_known *ret, bool *ret_found, struct ex_error *err);
ex_code examining_inside(void *context, const char *head, const uint8_t sha256[static SHA256_BYTES],
                         examine_earlier_fn *each, void *to, bool *ret_found, struct ex_error *err);

struct examining {
    struct truth truth;
    const struct item_truth *item;
    struct examine_options options;
    struct examining_known known;
    int fd;         /* of the memory that the stream is written to */
    uint64_t bytes; /* of the stream */
    struct examine_report report;
    struct trace_totals totals;
    json_t *limits; /* of the stream's head */
    size_t problem_count;
    struct examining_problem {
        uint64_t number, parent;
        json_t *error; /* {"reason", "text"} */
    } problem[EXAMINING_PROBLEMS_LISTED];
    struct vault_object_info object; /* of the result */
    struct vault_put_report put;
    struct vault_work *work;
    uint64_t started_ns;
};

/* The outcome's `what` (json.md §3). */
json_t *examining_what(const struct examining *x);
/* `problem_list` of json.md §4.15: with their paths, as far as the catalog has them. */
json_t *examining_problems(struct act *act, const struct examining *x);

#endif
