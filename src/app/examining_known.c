/* SPDX-License-Identifier: Apache-2.0 */
/* Has this content been hashed before? The catalog says where; the answer is read from the result
 * of that examination, for the catalog is no witness. */
#include "app/examining_run_internal.h"

#include "formats/kind.h"

void examining_known_clear(struct examining_known *k) {
    trace_source_close(&k->source);
    json_decref(k->own_head);
    *k = (struct examining_known){0};
}

ex_code examining_keep_place(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct known_places *p = context;
    struct catalog_trace *to = &p->place[p->count];
    (void)err;
    if (p->count == KNOWN_PLACES)
        return EX_OK;
    *to = *t;
    to->kind = to->state = to->name = to->type = NULL;
    p->count++;
    return EX_OK;
}

bool examining_known_line(struct examining_known *k, const struct catalog_trace *where,
                          struct catalog_trace *ret) {
    json_t *head;
    return trace_source_open(k->act, &k->source, where->entry, NULL) == EX_OK &&
           trace_source_head(&k->source, &head, NULL) == EX_OK &&
           json_integer_value(json_object_get(head, "types")) == KIND_VERSION &&
           trace_source_row(&k->source, where, ret, NULL) == EX_OK && ret->has_sha256;
}

static bool take(struct examining_known *k, const struct catalog_trace *where,
                 const uint8_t key[static CATALOG_CONTENT_KEY_BYTES], struct examine_known *ret) {
    struct catalog_trace row;
    if (!examining_known_line(k, where, &row) || !row.has_content_key ||
        memcmp(row.content_key, key, sizeof row.content_key) != 0 ||
        (row.type != NULL && strlen(row.type) >= sizeof ret->type))
        return false;
    *ret = (struct examine_known){0};
    memcpy(ret->sha256, row.sha256, SHA256_BYTES);
    if (row.type != NULL)
        memcpy(ret->type, row.type, strlen(row.type));
    return true;
}

void examining_asking(void *context, bool begins) {
    struct examining_known *k = context;
    if (begins)
        k->reading = catalog_begin_reading(k->act->catalog);
    else if (k->reading)
        catalog_abort(k->act->catalog);
    k->reading = k->reading && begins;
}

/* Nothing that goes wrong here is more than a hash that is computed once again. */
ex_code examining_known(void *context, const uint8_t key[static EXAMINE_KEY_BYTES],
                        struct examine_known *ret, bool *ret_found, struct ex_error *err) {
    struct examining_known *k = context;
    struct known_places p = {0};
    bool found;
    (void)err;
    *ret_found = false;
    if (catalog_known_content(k->act->catalog, key, examining_keep_place, &p, &found, NULL) !=
        EX_OK)
        return EX_OK;
    for (size_t i = 0; i < p.count && !*ret_found; i++)
        *ret_found = take(k, &p.place[i], key, ret);
    return EX_OK;
}
