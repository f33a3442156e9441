/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-witness v1.0.0, add-checkpoint: the body of the request, and the checks in their order.
 */
#include "crypto/cosign.h"

#include "base/cursor.h"

#include <string.h>

static ex_code bad_request(struct ex_error *err, const char *why) {
    return ex_fail(err, EX_FORMAT, "this is not a request for a cosignature: %s", why);
}

static bool parse_proof(struct ex_cursor *c, struct merkle_proof *ret) {
    for (;;) {
        size_t size;
        const char *line = ex_cursor_line(c, &size);
        if (line == NULL)
            return false;
        if (size == 0)
            return true;
        if (ret->count == COSIGN_PROOF_MAX ||
            !ex_parse_base64(line, size, ret->hash[ret->count], MERKLE_BYTES))
            return false;
        ret->count++;
    }
}

ex_code cosign_request_parse(const void *data, size_t size_bytes, struct cosign_request *ret,
                             struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    struct cosign_request r = {0};
    struct ex_error why = {0};
    size_t digits;
    if (size_bytes > COSIGN_REQUEST_BYTES_MAX)
        return bad_request(err, "it is too large");
    /* The line is "old SIZE"; ex_cursor_keyed() gives what stands after the space. */
    const char *old = ex_cursor_keyed(&c, "old", &digits);
    if (old == NULL || !ex_parse_decimal(old, digits, &r.old_size))
        return bad_request(err, "it does not begin with the line \"old SIZE\"");
    if (!parse_proof(&c, &r.proof))
        return bad_request(err, "its proof is not at most 63 hashes and an empty line");
    r.note_bytes = ex_cursor_left(&c);
    r.note = (const char *)ex_cursor_bytes(&c, r.note_bytes);
    if (r.note == NULL || r.note_bytes > NOTE_BYTES_MAX)
        return bad_request(err, "its checkpoint is too large, or there is none");
    r.text_bytes = note_split(r.note, r.note_bytes);
    if (r.text_bytes == 0)
        return bad_request(err, "its checkpoint is not signed");
    if (checkpoint_parse(r.note, r.text_bytes, &r.head, &why) != EX_OK)
        return bad_request(err, why.text);
    *ret = r;
    return EX_OK;
}

static bool is_empty_root(const uint8_t root[static MERKLE_BYTES]) {
    struct merkle_frontier empty;
    uint8_t expected[MERKLE_BYTES];
    merkle_frontier_start(&empty);
    merkle_frontier_root(&empty, expected);
    return memcmp(root, expected, MERKLE_BYTES) == 0;
}

enum cosign_answer cosign_judge(const struct cosign_request *r, const struct checkpoint *last) {
    const struct checkpoint *head = &r->head;
    uint64_t last_size = last != NULL ? last->size : 0;
    if (r->old_size > head->size)
        return COSIGN_OLD_TOO_BIG;
    if (head->size == 0 && !is_empty_root(head->root))
        return COSIGN_NOT_EMPTY;
    if (head->size < last_size)
        return COSIGN_ROLLED_BACK;
    if (last != NULL && head->size == last_size)
        return memcmp(head->root, last->root, MERKLE_BYTES) == 0 ? COSIGN_AGAIN : COSIGN_FORK;
    if (r->old_size != last_size)
        return COSIGN_OLD_OTHER;
    if (last_size == 0) /* every tree continues the empty one: there is nothing to prove */
        return r->proof.count == 0 ? COSIGN_YES : COSIGN_BAD_PROOF;
    return merkle_consistency_verify(last_size, head->size, last->root, head->root,
                                     (const uint8_t(*)[MERKLE_BYTES])r->proof.hash, r->proof.count)
               ? COSIGN_YES
               : COSIGN_BAD_PROOF;
}
