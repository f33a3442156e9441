/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a request for a cosignature, judged against nothing, against itself and against an
 * older checkpoint; and as an answer. */
#include "base/mem.h"
#include "crypto/cosign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_request(const struct cosign_request *r, const uint8_t *data, size_t size) {
    struct checkpoint last = r->head;
    const uint8_t *note = (const uint8_t *)r->note;
    if (r->proof.count > COSIGN_PROOF_MAX || r->text_bytes >= r->note_bytes || note < data ||
        note + r->note_bytes != data + size)
        abort();
    enum cosign_answer first = cosign_judge(r, NULL);
    if (first == COSIGN_AGAIN || first == COSIGN_FORK || first == COSIGN_ROLLED_BACK)
        abort();
    /* What was cosigned last is answered again, and nothing else of its size is. */
    enum cosign_answer again = cosign_judge(r, &last);
    last.root[0] ^= 1;
    enum cosign_answer other = cosign_judge(r, &last);
    if ((again != COSIGN_AGAIN && again != COSIGN_OLD_TOO_BIG && again != COSIGN_NOT_EMPTY) ||
        other == COSIGN_YES || other == COSIGN_AGAIN)
        abort();
    last = (struct checkpoint){.size = r->old_size};
    (void)cosign_judge(r, &last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char VKEY[] =
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    struct cosign_request r;
    struct note_key key;
    size_t known = 0;
    if (note_key_parse(VKEY, &key, NULL) != EX_OK)
        abort();
    if (cosign_request_parse(data, size, &r, NULL) == EX_OK)
        one_request(&r, data, size);
    if (note_count_known((const char *)data, size, &key, 1, &known, NULL) == EX_OK &&
        known > NOTE_SIGNATURES_MAX)
        abort();
    return 0;
}
