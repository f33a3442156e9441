/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of an information.turtle: the part of Turtle 1.1 that AFF4 writers use. No blank
 * nodes and no collections: they are refused by their line. */
#ifndef EXHIBIT_PARSERS_AFF4_AFF4_TURTLE_H
#define EXHIBIT_PARSERS_AFF4_AFF4_TURTLE_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

#define AFF4_NS "http://aff4.org/Schema#"
#define RDF_NS  "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

struct triple {
    const char *subject, *predicate, *object;
    const char *type; /* of a literal: what stands behind ^^; else empty */
    bool literal;
};

struct turtle {
    size_t count, capacity;
    struct triple *triple;
    struct turtle_block *strings;
    size_t string_bytes;
};
void turtle_clear(struct turtle *t);

EX_MUST_USE ex_code turtle_parse(struct turtle *t, const char *text, size_t size_bytes,
                                 struct ex_error *err);

/* The first object of these; NULL: none. */
const struct triple *turtle_find(const struct turtle *t, const char *subject,
                                 const char *predicate);
bool turtle_is(const struct turtle *t, const char *subject, const char *type);

#endif
