/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of an object, from where it is held: the same way whether it was read in one
 * sitting or in several, and the source is not read twice. */
#include "collect/collect.h"

struct head {
    uint8_t bytes[KIND_HEAD_BYTES];
    size_t size, wanted;
    bool damaged;
};

/* Ends the stream when there is enough. */
static ex_code take_piece(void *context, const struct vault_piece *piece, struct ex_error *err) {
    struct head *h = context;
    size_t room = h->wanted - h->size;
    size_t part = piece->length < room ? (size_t)piece->length : room;
    h->damaged = h->damaged || piece->kind == VAULT_PIECE_DAMAGED;
    if (piece->kind == VAULT_PIECE_DATA)
        memcpy(h->bytes + h->size, piece->data, part);
    else
        memset(h->bytes + h->size, piece->value, part);
    h->size += part;
    return h->size < h->wanted ? EX_OK : ex_fail(err, EX_INTERRUPTED, "enough");
}

ex_code collect_kind(struct vault *v, const struct vault_object_info *object, struct kind *ret,
                     bool *ret_unread, struct ex_error *err) {
    EX_AUTO_FREE struct head *h = ex_new0(struct head);
    struct ex_error why;
    h->wanted = object->size_bytes < KIND_HEAD_BYTES ? (size_t)object->size_bytes : KIND_HEAD_BYTES;
    ex_code code = vault_stream(v, object, false, take_piece, h, NULL, &why);
    if (code != EX_OK && h->size < h->wanted) {
        if (err != NULL)
            *err = why;
        return code;
    }
    if (h->damaged)
        return ex_fail(err, EX_ALTERED, "its first bytes are damaged");
    *ret_unread = object->unreadable_count > 0 && object->unreadable[0].offset < h->size;
    kind_of_bytes(h->bytes, h->size, ret);
    return EX_OK;
}
