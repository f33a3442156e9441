/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §7: proofs as text. Each is verified before it is handed out. */
#include "ledger/ledger_internal.h"
#include <sodium.h>
#include <stdio.h>

enum { BASE64_BYTES = 45, HEAD_BYTES = 80 };

ex_code ledger_checkpoint_text(const struct ledger *l, char **ret, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    EX_TRY(ex_alloc(l->note_bytes + 1, 1, NOTE_BYTES_MAX + 1, "the checkpoint", &text, err));
    memcpy(text, l->note, l->note_bytes);
    *ret = ex_steal(&text);
    return EX_OK;
}

/* head, the hashes line by line, an empty line, the checkpoint. */
static ex_code proof_text(const struct ledger *l, const char *head,
                          const struct merkle_proof *proof, char **ret, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t used = strlen(head);
    size_t most = used + proof->count * BASE64_BYTES + 1 + l->note_bytes + 1;
    EX_TRY(ex_alloc(most, 1, 2 * (size_t)NOTE_BYTES_MAX, "a proof", &text, err));
    memcpy(text, head, used);
    for (size_t i = 0; i < proof->count; i++) {
        sodium_bin2base64(text + used, BASE64_BYTES, proof->hash[i], MERKLE_BYTES,
                          sodium_base64_VARIANT_ORIGINAL);
        used += BASE64_BYTES - 1;
        text[used++] = '\n';
    }
    text[used++] = '\n';
    memcpy(text + used, l->note, l->note_bytes);
    *ret = ex_steal(&text);
    return EX_OK;
}

ex_code ledger_prove_inclusion(struct ledger *l, uint64_t index, struct merkle_proof *ret,
                               struct ex_error *err) {
    struct merkle_source source = tiles_source(&l->tiles);
    uint8_t leaf[MERKLE_BYTES];
    EX_AUTO_FREE uint8_t *entry = NULL;
    size_t entry_bytes = 0;
    *ret = (struct merkle_proof){0};
    EX_TRY(ledger_read(l, index, &entry, &entry_bytes, err));
    merkle_leaf_hash(entry, entry_bytes, leaf);
    EX_TRY(merkle_inclusion_prove(&source, index, l->head.size, ret, err));
    if (!merkle_inclusion_verify(index, l->head.size, leaf,
                                 (const uint8_t(*)[MERKLE_BYTES])ret->hash, ret->count,
                                 l->head.root))
        return ex_fail(err, EX_ALTERED, "entry %llu cannot be proved: tiles are altered",
                       (unsigned long long)index);
    return EX_OK;
}

ex_code ledger_prove_consistency(struct ledger *l, uint64_t old_size, struct merkle_proof *ret,
                                 struct ex_error *err) {
    struct merkle_source source = tiles_source(&l->tiles);
    struct checkpoint old = {.size = old_size};
    *ret = (struct merkle_proof){0};
    if (old_size > l->head.size)
        return ex_fail(err, EX_NOT_FOUND, "the ledger has %llu entries, not %llu",
                       (unsigned long long)l->head.size, (unsigned long long)old_size);
    if (old_size == 0 || old_size == l->head.size)
        return EX_OK;
    EX_TRY(merkle_root(&source, old_size, old.root, err));
    EX_TRY(merkle_consistency_prove(&source, old_size, l->head.size, ret, err));
    return ledger_prove_growth(l, &old, err);
}

ex_code ledger_prove_entry(struct ledger *l, uint64_t index, char **ret, struct ex_error *err) {
    struct merkle_proof proof;
    char head[HEAD_BYTES];
    EX_TRY(ledger_prove_inclusion(l, index, &proof, err));
    (void)snprintf(head, sizeof head, "c2sp.org/tlog-proof@v1\nindex %llu\n",
                   (unsigned long long)index);
    return proof_text(l, head, &proof, ret, err);
}

ex_code ledger_prove_since(struct ledger *l, uint64_t old_size, char **ret, struct ex_error *err) {
    struct merkle_proof proof;
    char head[HEAD_BYTES];
    EX_TRY(ledger_prove_consistency(l, old_size, &proof, err));
    (void)snprintf(head, sizeof head, "old %llu\n", (unsigned long long)old_size);
    return proof_text(l, head, &proof, ret, err);
}

ex_code ledger_continues_tree(struct ledger *l, const struct checkpoint *old,
                              struct ex_error *err) {
    return ledger_prove_growth(l, old, err);
}

ex_code ledger_continues(struct ledger *l, const char *note, size_t size_bytes,
                         uint64_t *ret_old_size, struct ex_error *err) {
    struct checkpoint old;
    EX_TRY(checkpoint_open(l, note, size_bytes, &old, err));
    EX_TRY(ledger_prove_growth(l, &old, err));
    *ret_old_size = old.size;
    return EX_OK;
}
