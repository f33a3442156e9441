/* SPDX-License-Identifier: Apache-2.0 */
/* Contents that were hashed: by this examination, and by earlier ones. */
#include "examine/examine_internal.h"

struct remembered {
    UT_hash_handle hh;
    uint8_t key[EXAMINE_KEY_BYTES];
    struct examine_known known;
};

bool remembered_met(const struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                    struct examine_known *ret) {
    struct remembered *r = NULL;
    HASH_FIND(hh, e->remembered, key, EXAMINE_KEY_BYTES, r);
    if (r != NULL)
        *ret = r->known;
    return r != NULL;
}

ex_code remembered_find(struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                        struct examine_known *ret, bool *ret_found, bool *ret_earlier,
                        struct ex_error *err) {
    *ret_found = remembered_met(e, key, ret);
    *ret_earlier = false;
    if (*ret_found || e->options->known == NULL)
        return EX_OK;
    ex_code code = e->options->known(e->options->context, key, ret, ret_found, err);
    *ret_earlier = code == EX_OK && *ret_found;
    return code;
}

void remembered_note(struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                     const struct examine_known *known) {
    struct remembered *r = NULL;
    HASH_FIND(hh, e->remembered, key, EXAMINE_KEY_BYTES, r);
    if (r != NULL) /* by another thread, at the same time */
        return;
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return; /* it is hashed again, that is all */
    memcpy(r->key, key, sizeof r->key);
    r->known = *known;
    HASH_ADD(hh, e->remembered, key, EXAMINE_KEY_BYTES, r);
}

void remembered_free(struct engine *e) {
    struct remembered *r, *next;
    HASH_ITER(hh, e->remembered, r, next) {
        HASH_DEL(e->remembered, r);
        free(r);
    }
}
