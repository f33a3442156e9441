/* SPDX-License-Identifier: Apache-2.0 */
/* The graph behind case.jsonld: nodes, their IRIs, their values. A failure (only for want of
 * memory) is remembered in the graph and told once, at the end. */
#ifndef EXHIBIT_TRANSPORT_CASE_UCO_INTERNAL_H
#define EXHIBIT_TRANSPORT_CASE_UCO_INTERNAL_H

#include "transport/case_uco.h"

#include <jansson.h>

enum { UCO_IRI_BYTES = 9 + 36 + 1 }; /* "urn:uuid:", the UUID, NUL */

struct uco_iri {
    char text[UCO_IRI_BYTES];
};

struct uco_graph {
    json_t *nodes;  /* array, in the order in which they were made */
    json_t *seen;   /* IRI → its node */
    json_t *bundle; /* the node that encloses the objects, borrowed; NULL: none yet */
    bool failed;
};

EX_MUST_USE ex_code uco_graph_init(struct uco_graph *g, struct ex_error *err);
void uco_graph_clear(struct uco_graph *g);
/* The document as text. */
EX_MUST_USE ex_code uco_graph_text(struct uco_graph *g, char **ret, size_t *ret_bytes,
                                   struct ex_error *err);

/* The IRI of a name: its words (the last argument is NULL) with a space between them, and "exhibit"
 * before them. Only the last word may have spaces. */
struct uco_iri uco_iri_of(const char *word, ...) __attribute__((sentinel));
/* The same of a ledger entry: "WORD ORIGIN INDEX", with " MORE" unless that is NULL. */
struct uco_iri uco_iri_entry(const char *word, const struct case_uco_entry *e, const char *more);

/* A new node of the graph, the graph's; NULL when there is one with this IRI already. Everything
 * below does nothing to a node NULL. An object is a thing of its own, and is listed in the bundle;
 * a node that is none belongs to the object that refers to it. */
json_t *uco_object(struct uco_graph *g, const struct uco_iri *iri, const char *type);
json_t *uco_node(struct uco_graph *g, const struct uco_iri *iri, const char *type);

/* A property with one value; NULL: none. */
void uco_set_text(struct uco_graph *g, json_t *node, const char *key, const char *text);
void uco_set_typed(struct uco_graph *g, json_t *node, const char *key, const char *type,
                   const char *value);
void uco_set_time(struct uco_graph *g, json_t *node, const char *key, int64_t utc_ns);
void uco_set_ref(struct uco_graph *g, json_t *node, const char *key, const struct uco_iri *to);
/* One more value of a property that may have many. */
void uco_add_ref(struct uco_graph *g, json_t *node, const char *key, const struct uco_iri *to);
/* A description: "NAME: TEXT", or TEXT alone when name is NULL; nothing of no text. */
void uco_describe(struct uco_graph *g, json_t *node, const char *name, const char *text);

/* A node with an identifier that somebody else defines, and the reference to it. */
void uco_add_identifier(struct uco_graph *g, json_t *node, const struct uco_iri *iri,
                        const char *defined_by, const char *identifier);
void uco_relate(struct uco_graph *g, const struct uco_iri *iri, const char *type,
                const struct uco_iri *from, const struct uco_iri *to, const char *kind);

/* Persons, agencies and programs, made when they are first named. */
struct uco_iri uco_officer(struct uco_graph *g, const char *log, const char *id, const char *name,
                           const char *agency);
struct uco_iri uco_tool(struct uco_graph *g, const char *program, const char *version);

struct uco_iri uco_investigation(struct uco_graph *g, const struct case_uco *c);
struct uco_iri uco_item(struct uco_graph *g, const struct case_uco_item *i);

/* Every act of the histories, and the states of the items. */
EX_MUST_USE ex_code uco_put_acts(struct uco_graph *g, const struct case_uco *c,
                                 struct ex_error *err);

#endif
