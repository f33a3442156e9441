/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.md §8: cosignatures (C2SP tlog-cosignature) by the keys that --cosigner gives. Looked at are the notes in the
 * bodies of cosigned.receive, and the file that --checkpoint names. What counts was signed over a checkpoint that this
 * ledger goes on from. */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cosigner_add(struct run *r, const char *vkey) { /* NAME+KEYID+base64(4 ‖ key) */
    struct cosigner c = {.at = NONE};
    struct slice s = slice_of(vkey);
    uint8_t id[4], sum[32], typed[33] = {0};
    size_t n = s.n < 54 ? 0 : s.n - 54; /* of the name: + eight digits + 44 letters are behind it */
    bool good = n > 0 && s.p[n] == '+' && s.p[n + 9] == '+' && get_hex((struct slice){s.p + n + 1, 8}, id, 4) &&
                get_base64((struct slice){s.p + n + 10, 44}, typed, 33) && typed[0] == 4;
    c.name = (struct slice){s.p, n};
    DIGEST(sum, c.name, {(const uint8_t *)"\n\4", 2}, {typed + 1, 32});
    if (!good || !same(id, sum, 4)) stop(r, 2, "what --cosigner gives is no key of a cosigner (type 4): %s", vkey);
    memcpy(c.id, id, 4);
    memcpy(c.key, typed + 1, 32);
    r->cosigners = room(r, r->cosigners, r->n_cosigners, sizeof c, MAX_COSIGNERS, "cosigners");
    r->cosigners[r->n_cosigners++] = c;
}

static bool line_good(const struct cosigner *c, struct slice text, const uint8_t sig[76], uint64_t *ret_time) {
    char head[64];
    uint64_t time = 0;
    for (int i = 4; i < 12; i++) time = time << 8 | sig[i];
    int n = snprintf(head, sizeof head, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
    uint8_t *signed_bytes = malloc((size_t)n + text.n);
    if (signed_bytes == NULL) return false;
    memcpy(signed_bytes, head, (size_t)n);
    memcpy(signed_bytes + n, text.p, text.n);
    bool good = time != 0 && crypto_sign_verify_detached(sig + 12, signed_bytes, (size_t)n + text.n, c->key) == 0;
    free(signed_bytes);
    *ret_time = time;
    return good;
}

/* The note's checkpoint has `size` entries, and the ledger goes on from it. Lines by other keys are not judged. */
void cosigned_check(struct run *r, struct slice note, uint64_t size, uint64_t entry) {
    struct slice text = note_text(note), w[2];
    struct text t = {{note.p + text.n + 1, note.n - text.n - 1}, text.n == 0};
    uint8_t sig[77];
    while (!t.bad && t.left.n > 0) {
        text_words(&t, "\xe2\x80\x94", w, 2);
        size_t n = t.bad ? 0 : base64_decode(w[1], sig, sizeof sig);
        for (size_t i = 0; n >= 4 && i < r->n_cosigners; i++) {
            struct cosigner *c = &r->cosigners[i];
            uint64_t time = 0;
            if (w[0].n != c->name.n || !same(w[0].p, c->name.p, c->name.n) || !same(sig, c->id, 4)) continue;
            bool good = n == 76 && line_good(c, text, sig, &time);
            r->counts[good ? N_signatures_good : N_signatures_bad]++;
            if (!good) find(r, SIGNERS, BAD_SIGNATURE, entry, "the cosignature of cosigner %zu is bad", i + 1);
            else if (c->at == NONE || size > c->size) c->size = size, c->time = time, c->at = entry;
        }
    }
}

/* A body of cosigned.receive: its note, of which the LFs are the only escapes. The root of the first `size` entries is
 * what the entry of that index was signed after. */
void cosigned_read(struct run *r, const struct entry *e, struct slice what) {
    struct slice v, note = {NULL, 0};
    struct head head;
    if (r->history == NULL || r->n_cosigners == 0 || !json_get(what, "note", &v) || v.n < 2 || v.p[0] != '"') return;
    uint8_t *copy = malloc(v.n), *to = copy;
    if (copy == NULL) stop(r, 1, "out of memory");
    for (size_t i = 1; i + 1 < v.n; i++)
        if (v.p[i] == '\\' && v.p[i + 1] == 'n') *to++ = '\n', i++;
        else *to++ = v.p[i];
    note = (struct slice){copy, (size_t)(to - copy)};
    const struct past *p = NULL;
    bool good = head_parse(r, note, &head) && head.is_signed;
    if (good && (p = past_find(r->history, head.size)) == NULL)
        find(r, HISTORY, PARTLY, e->index, "what was cosigned could not be compared: an entry before is not known");
    else if (!good || !same(p->tree, head.root, 32))
        find(r, HISTORY, ALTERED, e->index, "what was cosigned is no checkpoint that this ledger goes on from");
    else cosigned_check(r, note, head.size, e->index);
    free(copy);
}

/* Keys that are given say who should have cosigned: one who did not is no fault, but is said. */
void cosigners_told(struct run *r) {
    for (size_t i = 0; i < r->n_cosigners; i++) {
        const struct cosigner *c = &r->cosigners[i];
        if (c->at == NONE) find(r, SIGNERS, PARTLY, NONE, "cosigner %zu: no good cosignature by this key is here", i + 1);
        else find(r, SIGNERS, NOTE, NONE, "cosigner %zu cosigned the first %llu entries, at %llu seconds since 1970 by its own clock", i + 1,
                  (unsigned long long)c->size, (unsigned long long)c->time);
    }
}
