/* SPDX-License-Identifier: Apache-2.0 */
/* Has this content been hashed before? The catalog says where; the answer is read from the result
 * of that examination, for the catalog is no witness. */
#include "app/examining_run_internal.h"

static ex_code keep_place(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct catalog_trace *where = context;
    (void)err;
    *where = *t;
    where->kind = where->state = where->name = where->type = NULL;
    return EX_OK;
}

/* Nothing that goes wrong here is more than a hash that is computed once again. */
static bool remembered(struct examining_known *k,
                       const uint8_t key[static CATALOG_CONTENT_KEY_BYTES],
                       struct examine_known *ret) {
    struct catalog_trace where, row;
    bool found = false;
    if (catalog_known_content(k->act->catalog, key, keep_place, &where, &found, NULL) != EX_OK ||
        !found || trace_source_open(k->act, &k->source, where.entry, NULL) != EX_OK ||
        trace_source_row(&k->source, &where, &row, NULL) != EX_OK)
        return false;
    found = row.has_content_key && row.has_sha256 &&
            memcmp(row.content_key, key, CATALOG_CONTENT_KEY_BYTES) == 0 &&
            (row.type == NULL || strlen(row.type) < sizeof ret->type);
    *ret = (struct examine_known){0};
    if (found)
        memcpy(ret->sha256, row.sha256, SHA256_BYTES);
    if (found && row.type != NULL)
        memcpy(ret->type, row.type, strlen(row.type));
    return found;
}

ex_code examining_known(void *context, const uint8_t key[static EXAMINE_KEY_BYTES],
                        struct examine_known *ret, bool *ret_found, struct ex_error *err) {
    (void)err;
    *ret_found = remembered(context, key, ret);
    return EX_OK;
}
