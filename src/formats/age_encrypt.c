/* SPDX-License-Identifier: Apache-2.0 */
/* Writing an age file from its beginning to its end. */
#include "formats/age_internal.h"
#include "crypto/secret.h"

#include <sodium.h>

struct age_encrypt {
    struct age_sink sink; /* the armor, or the caller's */
    struct age_armor armor;
    bool armored, finished;
    ex_code failed; /* or EX_OK */
    struct aead *aead;
    uint64_t number;
    size_t held_bytes;
    uint8_t held[AGE_CHUNK_BYTES]; /* it may be the last chunk: not before more comes is it known */
    uint8_t sealed[AGE_SEALED_BYTES];
};

/* ---- the header ---- */

static ex_code check_locks(const struct age_locks *l, struct ex_error *err) {
    bool to_keys = l->recipient_count > 0, to_passphrase = l->passphrase != NULL;
    if (to_keys == to_passphrase)
        return ex_fail(err, EX_USAGE,
                       "an age file is encrypted either to recipients or with a passphrase");
    if (l->recipient_count > AGE_STANZAS_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d recipients", AGE_STANZAS_MAX);
    if (to_passphrase && l->passphrase_bytes == 0)
        return ex_fail(err, EX_USAGE, "the passphrase is empty");
    return EX_OK;
}

static ex_code wrap_all(struct age_secrets *s, const struct age_locks *l,
                        struct age_stanza *stanzas, struct ex_error *err) {
    unsigned factor = l->work_factor != 0 ? l->work_factor : AGE_WORK_FACTOR;
    if (l->passphrase != NULL)
        return age_wrap_scrypt(s, l->passphrase, l->passphrase_bytes, factor, stanzas, err);
    for (size_t i = 0; i < l->recipient_count; i++)
        EX_TRY(age_wrap_x25519(s, &l->recipients[i], &stanzas[i], err));
    return EX_OK;
}

static ex_code write_header(struct age_encrypt *e, const struct age_locks *l,
                            struct ex_error *err) {
    EX_AUTO(age_secrets_free) struct age_secrets *s = NULL;
    EX_AUTO_FREE struct age_stanza *stanzas = NULL;
    EX_AUTO_FREE uint8_t *header = NULL;
    uint8_t nonce[AGE_NONCE_BYTES];
    size_t count = l->passphrase != NULL ? 1 : l->recipient_count, header_bytes = 0;
    EX_TRY(secret_alloc(sizeof *s, "the key of an age file", &s, err));
    EX_TRY(ex_alloc(count, sizeof *stanzas, AGE_STANZAS_MAX * sizeof *stanzas, "recipients",
                    &stanzas, err));
    randombytes_buf(s->file_key, sizeof s->file_key);
    randombytes_buf(nonce, sizeof nonce);
    EX_TRY(wrap_all(s, l, stanzas, err));
    EX_TRY(age_header_print(s, stanzas, count, &header, &header_bytes, err));
    EX_TRY(age_payload_begin(s, nonce, &e->aead, err));
    EX_TRY(e->sink.write(e->sink.context, header, header_bytes, err));
    return e->sink.write(e->sink.context, nonce, sizeof nonce, err);
}

static ex_code to_armor(void *context, const void *data, size_t size_bytes, struct ex_error *err) {
    return age_armor_write(context, data, size_bytes, err);
}

ex_code age_encrypt_new(const struct age_locks *locks, struct age_sink sink,
                        struct age_encrypt **ret, struct ex_error *err) {
    EX_AUTO(age_encrypt_free) struct age_encrypt *e = NULL;
    EX_TRY(check_locks(locks, err));
    EX_TRY(ex_alloc(1, sizeof *e, sizeof *e, "encryption", &e, err));
    e->sink = sink;
    e->armored = locks->armor;
    if (locks->armor) {
        EX_TRY(age_armor_init(&e->armor, sink, err));
        e->sink = (struct age_sink){to_armor, &e->armor};
    }
    EX_TRY(write_header(e, locks, err));
    *ret = ex_steal(&e);
    return EX_OK;
}

void age_encrypt_free(struct age_encrypt *e) {
    if (e == NULL)
        return;
    aead_free(e->aead);
    age_armor_clear(&e->armor);
    sodium_memzero(e->held, sizeof e->held);
    free(e);
}

/* ---- the payload ---- */

static ex_code put_chunk(struct age_encrypt *e, bool last, const uint8_t *data, size_t size_bytes,
                         struct ex_error *err) {
    EX_TRY(age_chunk_seal(e->aead, e->number, last, data, size_bytes, e->sealed, err));
    e->number++;
    return e->sink.write(e->sink.context, e->sealed, size_bytes + AEAD_TAG_BYTES, err);
}

/* All chunks of which it is known that they are not the last. */
static ex_code put_all(struct age_encrypt *e, const uint8_t *data, size_t size_bytes,
                       struct ex_error *err) {
    while (size_bytes > 0) {
        if (e->held_bytes == AGE_CHUNK_BYTES) {
            EX_TRY(put_chunk(e, false, e->held, e->held_bytes, err));
            e->held_bytes = 0;
        }
        for (; e->held_bytes == 0 && size_bytes > AGE_CHUNK_BYTES; size_bytes -= AGE_CHUNK_BYTES) {
            EX_TRY(put_chunk(e, false, data, AGE_CHUNK_BYTES, err));
            data += AGE_CHUNK_BYTES;
        }
        size_t room = AGE_CHUNK_BYTES - e->held_bytes;
        size_t take = size_bytes < room ? size_bytes : room;
        memcpy(e->held + e->held_bytes, data, take);
        e->held_bytes += take;
        data += take;
        size_bytes -= take;
    }
    return EX_OK;
}

static ex_code check_open(const struct age_encrypt *e, struct ex_error *err) {
    if (e->failed != EX_OK)
        return ex_fail(err, e->failed, "this age file could not be written before");
    if (e->finished)
        return ex_fail(err, EX_USAGE, "this age file is finished");
    return EX_OK;
}

ex_code age_encrypt_write(struct age_encrypt *e, const void *data, size_t size_bytes,
                          struct ex_error *err) {
    EX_TRY(check_open(e, err));
    return e->failed = put_all(e, data, size_bytes, err);
}

static ex_code put_end(struct age_encrypt *e, struct ex_error *err) {
    EX_TRY(put_chunk(e, true, e->held, e->held_bytes, err));
    return e->armored ? age_armor_finish(&e->armor, err) : EX_OK;
}

ex_code age_encrypt_finish(struct age_encrypt *e, struct ex_error *err) {
    EX_TRY(check_open(e, err));
    e->finished = true;
    return e->failed = put_end(e, err);
}
