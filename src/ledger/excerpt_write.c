/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §7.1: writing. */
#include "ledger/excerpt.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

struct text {
    char *data;
    size_t used, capacity;
};

static ex_code room(struct text *t, size_t bytes, struct ex_error *err) {
    return ex_grow(&t->data, &t->capacity, t->used + bytes + 1, 1, EXCERPT_BYTES_MAX, "an excerpt",
                   err);
}

static ex_code put(struct text *t, const void *data, size_t size_bytes, struct ex_error *err) {
    EX_TRY(room(t, size_bytes, err));
    memcpy(t->data + t->used, data, size_bytes);
    t->used += size_bytes;
    t->data[t->used] = '\0';
    return EX_OK;
}

static ex_code put_text(struct text *t, const char *text, struct ex_error *err) {
    return put(t, text, strlen(text), err);
}

static ex_code put_base64(struct text *t, const uint8_t *data, size_t size_bytes,
                          struct ex_error *err) {
    size_t coded = sodium_base64_encoded_len(size_bytes, sodium_base64_VARIANT_ORIGINAL);
    EX_TRY(room(t, coded, err));
    sodium_bin2base64(t->data + t->used, coded, data, size_bytes, sodium_base64_VARIANT_ORIGINAL);
    t->used += coded - 1;
    return EX_OK;
}

static ex_code put_hashes(struct text *t, const struct merkle_proof *proof, struct ex_error *err) {
    for (size_t i = 0; i < proof->count; i++) {
        EX_TRY(put_text(t, " ", err));
        EX_TRY(put_base64(t, proof->hash[i], MERKLE_BYTES, err));
    }
    return put_text(t, "\n", err);
}

static ex_code put_body(struct text *t, const struct excerpt_plan *plan, uint64_t index,
                        struct ex_error *err) {
    const uint8_t *body = NULL;
    size_t body_bytes = 0;
    EX_TRY(plan->body(plan->context, index, &body, &body_bytes, err));
    if (body == NULL)
        return put_text(t, "body none\n", err);
    EX_TRY(put_text(t, "body ", err));
    EX_TRY(put_base64(t, body, body_bytes, err));
    return put_text(t, "\n", err);
}

static ex_code put_entry(struct text *t, struct ledger *l, const struct excerpt_plan *plan,
                         uint64_t index, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *entry = NULL;
    size_t entry_bytes;
    struct merkle_proof proof;
    char head[40];
    EX_TRY(ledger_read(l, index, &entry, &entry_bytes, err));
    EX_TRY(ledger_prove_inclusion(l, index, &proof, err));
    (void)snprintf(head, sizeof head, "entry %" PRIu64 " ", index);
    EX_TRY(put_text(t, head, err));
    EX_TRY(put_base64(t, entry, entry_bytes, err));
    EX_TRY(put_text(t, "\nproof", err));
    EX_TRY(put_hashes(t, &proof, err));
    return put_body(t, plan, index, err);
}

static ex_code put_since(struct text *t, struct ledger *l, uint64_t since, struct ex_error *err) {
    struct merkle_proof proof;
    char head[40];
    EX_TRY(ledger_prove_consistency(l, since, &proof, err));
    (void)snprintf(head, sizeof head, "since %" PRIu64, since);
    EX_TRY(put_text(t, head, err));
    return put_hashes(t, &proof, err);
}

static ex_code put_head(struct text *t, const struct ledger *l, const uint8_t *vault_key,
                        struct ex_error *err) {
    EX_TRY(put_text(t, "exhibit-excerpt/v1\nlog ", err));
    EX_TRY(put_text(t, ledger_origin(l), err));
    EX_TRY(put_text(t, "\nkey ", err));
    EX_TRY(put_base64(t, vault_key, SIGN_PUBLIC_BYTES, err));
    return put_text(t, "\n", err);
}

static ex_code put_all(struct text *t, struct ledger *l, const uint8_t *vault_key,
                       const struct excerpt_plan *plan, struct ex_error *err) {
    EX_AUTO_FREE char *note = NULL;
    if (plan->count == 0 || plan->count > EXCERPT_ENTRIES_MAX)
        return ex_fail(err, EX_LIMIT, "an excerpt has 1 to %d entries, not %zu",
                       EXCERPT_ENTRIES_MAX, plan->count);
    EX_TRY(put_head(t, l, vault_key, err));
    for (size_t i = 0; i < plan->count; i++)
        EX_TRY(put_entry(t, l, plan, plan->index[i], err));
    if (plan->since != 0)
        EX_TRY(put_since(t, l, plan->since, err));
    EX_TRY(put_text(t, "checkpoint\n", err));
    EX_TRY(ledger_checkpoint_text(l, &note, err));
    return put_text(t, note, err);
}

ex_code excerpt_write(struct ledger *l, const uint8_t vault_key[static SIGN_PUBLIC_BYTES],
                      const struct excerpt_plan *plan, char **ret, size_t *ret_bytes,
                      struct ex_error *err) {
    struct text t = {0};
    ex_code code = put_all(&t, l, vault_key, plan, err);
    if (code != EX_OK) {
        free(t.data);
        return code;
    }
    *ret = t.data;
    *ret_bytes = t.used;
    return EX_OK;
}
