/* SPDX-License-Identifier: Apache-2.0 */
/* What a cosigner is asked, and what it may answer (docs/format/ledger.md §8.1).
 *
 * Sources: C2SP tlog-witness v1.0.0 (add-checkpoint), tlog-cosignature v1.0.1. The request comes
 * from somebody else: any input is safe to parse. Parsing verifies no signature; whoever judges a
 * request has opened its note with the log's key before. No memory of its own, no I/O.
 */
#ifndef EXHIBIT_CRYPTO_COSIGN_H
#define EXHIBIT_CRYPTO_COSIGN_H

#include "crypto/note.h"

enum {
    COSIGN_PROOF_MAX = 63, /* hashes in a request */
    COSIGN_REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 32 + COSIGN_PROOF_MAX * 45
};

struct cosign_request {
    uint64_t old_size;
    struct merkle_proof proof;
    const char *note; /* the signed checkpoint; into the request's bytes */
    size_t note_bytes;
    size_t text_bytes;      /* of the note, up to its signatures */
    struct checkpoint head; /* what it says; not verified */
};

EX_MUST_USE ex_code cosign_request_parse(const void *data, size_t size_bytes,
                                         struct cosign_request *ret, struct ex_error *err);

enum cosign_answer {
    COSIGN_YES,
    COSIGN_AGAIN,       /* the very checkpoint that was cosigned last */
    COSIGN_OLD_TOO_BIG, /* an old size above the checkpoint's own */
    COSIGN_NOT_EMPTY,   /* a tree of no entries with the root of another */
    COSIGN_ROLLED_BACK, /* fewer entries than were cosigned */
    COSIGN_FORK,        /* as many, and another root */
    COSIGN_OLD_OTHER,   /* the proof begins elsewhere than at what was cosigned last */
    COSIGN_BAD_PROOF    /* it does not lead from the one root to the other */
};

/* last: the checkpoint of this origin that was cosigned last; NULL: none was. */
enum cosign_answer cosign_judge(const struct cosign_request *r, const struct checkpoint *last);

#endif
