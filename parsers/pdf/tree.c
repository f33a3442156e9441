/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that the file claims to have: each may be a loop, or name one node a million times. */
#include "parsers/pdf/pdf_internal.h"

bool pdf_node(struct pdf *p) {
    if (p->nodes >= PDF_NODES_MAX)
        p->cut = true;
    else
        p->nodes++;
    return !p->cut;
}

bool pdf_record(struct pdf *p) {
    if (p->records >= PDF_RECORDS_MAX)
        p->cut = true;
    else
        p->records++;
    p->record += p->cut ? 0 : 1;
    return !p->cut;
}

void pdf_next_kind(struct pdf *p) {
    p->was_cut = p->was_cut || p->cut;
    p->cut = false;
    p->nodes = p->records = 0;
}

struct way { /* from the root to a node */
    int object[PDF_DEPTH_MAX];
    unsigned depth;
};

static bool step_down(struct pdf *p, struct way *way, const struct pdfl_value *node) {
    int object = pdfl_object(node);
    for (unsigned i = 0; object != 0 && i < way->depth; i++)
        if (way->object[i] == object)
            return false; /* in itself */
    if (way->depth >= PDF_DEPTH_MAX) {
        p->was_cut = true;
        return false;
    }
    way->object[way->depth++] = object;
    return pdf_node(p);
}

static ex_code walk_leaves(struct pdf *p, const struct pdfl_value *names, pdf_leaf_fn *leaf,
                           struct ex_error *err) {
    for (unsigned i = 0; i + 1 < pdfl_count(names) && pdf_node(p); i += 2) {
        VALUE *name = pdfl_at(names, i), *value = pdfl_at(names, i + 1);
        size_t size = 0;
        const char *bytes = pdfl_bytes(name, &size);
        if (value != NULL)
            EX_TRY(leaf(p, bytes == NULL ? "" : bytes, size, value, err));
    }
    return EX_OK;
}

static ex_code walk(struct pdf *p, struct way *way, const struct pdfl_value *node,
                    pdf_leaf_fn *leaf, struct ex_error *err) {
    unsigned depth = way->depth;
    if (node == NULL || !step_down(p, way, node)) {
        way->depth = depth;
        return EX_OK;
    }
    VALUE *names = pdfl_get(node, "Names"), *kids = pdfl_get(node, "Kids");
    if (pdfl_type(names) == PDFL_ARRAY)
        EX_TRY(walk_leaves(p, names, leaf, err));
    for (unsigned i = 0; pdfl_type(kids) == PDFL_ARRAY && i < pdfl_count(kids) && !p->cut; i++) {
        VALUE *kid = pdfl_at(kids, i);
        EX_TRY(walk(p, way, kid, leaf, err));
    }
    way->depth = depth;
    return EX_OK;
}

ex_code pdf_walk_names(struct pdf *p, const struct pdfl_value *root, pdf_leaf_fn *leaf,
                       struct ex_error *err) {
    struct way way = {0};
    return walk(p, &way, root, leaf, err);
}
