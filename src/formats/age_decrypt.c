/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an age file from its beginning to its end. */
#include "formats/age_internal.h"
#include "crypto/secret.h"

#include <sodium.h>

/* What comes after the chunk that was given out last. */
enum after { AFTER_CHUNK, AFTER_END, AFTER_CUT, AFTER_TRAILING };

enum { READ_BYTES = AGE_SEALED_BYTES + 1 }; /* one byte further: is this the last chunk? */

struct age_decrypt {
    struct age_input in;
    struct aead *aead;
    uint64_t number;
    enum after after;
    bool failed;
    struct ex_error why;          /* if so */
    size_t held_bytes;            /* 1 when the byte read too far is at the front of `sealed` */
    size_t plain_at, plain_bytes; /* for age_decrypt_read() */
    uint8_t sealed[READ_BYTES];
    uint8_t plain[AGE_CHUNK_BYTES];
};

static ex_code open_header(struct age_decrypt *d, const struct age_keys *keys, struct age_header *h,
                           struct ex_error *err) {
    EX_AUTO(age_secrets_free) struct age_secrets *s = NULL;
    uint8_t nonce[AGE_NONCE_BYTES];
    size_t got = 0;
    EX_TRY(secret_alloc(sizeof *s, "the key of an age file", &s, err));
    EX_TRY(age_header_read(&d->in, h, err));
    EX_TRY(age_header_open(h, s, keys, err));
    EX_TRY(age_input_read(&d->in, nonce, sizeof nonce, &got, err));
    if (got < sizeof nonce)
        return ex_hint(
            ex_fail(err, EX_FORMAT, "this age file was cut off: it ends behind its header"), err,
            "ask the sender for it again, whole");
    return age_payload_begin(s, nonce, &d->aead, err);
}

ex_code age_decrypt_new(struct age_source source, const struct age_keys *keys,
                        struct age_decrypt **ret, struct ex_error *err) {
    EX_AUTO(age_decrypt_free) struct age_decrypt *d = NULL;
    struct age_header h = {0};
    EX_TRY(ex_alloc(1, sizeof *d, sizeof *d, "decryption", &d, err));
    EX_TRY(age_input_init(&d->in, source, err));
    ex_code code = open_header(d, keys, &h, err);
    age_header_clear(&h);
    EX_TRY(code);
    *ret = ex_steal(&d);
    return EX_OK;
}

void age_decrypt_free(struct age_decrypt *d) {
    if (d == NULL)
        return;
    aead_free(d->aead);
    age_input_clear(&d->in);
    sodium_memzero(d->plain, sizeof d->plain);
    free(d);
}

/* ---- chunks ---- */

/* A whole chunk, and a byte behind it. */
static ex_code open_inner(struct age_decrypt *d, struct ex_error *err) {
    bool right = false, last = false;
    EX_TRY(age_chunk_open(d->aead, d->number, false, d->sealed, AGE_SEALED_BYTES, d->plain, &right,
                          err));
    if (!right)
        EX_TRY(age_chunk_open(d->aead, d->number, true, d->sealed, AGE_SEALED_BYTES, d->plain,
                              &last, err));
    if (!right && !last)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "this age file was changed in chunk %llu (64 KiB each)",
                               (unsigned long long)d->number),
                       err, "ask the sender for it again");
    d->after = last ? AFTER_TRAILING : AFTER_CHUNK;
    d->sealed[0] = d->sealed[AGE_SEALED_BYTES];
    d->held_bytes = 1;
    d->plain_bytes = AGE_CHUNK_BYTES;
    return EX_OK;
}

static ex_code next_chunk(struct age_decrypt *d, struct ex_error *err) {
    size_t got = 0;
    bool cut = false;
    EX_TRY(
        age_input_read(&d->in, d->sealed + d->held_bytes, READ_BYTES - d->held_bytes, &got, err));
    got += d->held_bytes;
    if (got == READ_BYTES)
        return open_inner(d, err);
    EX_TRY(age_chunk_open_last(d->aead, d->number, d->sealed, got, d->plain, &cut, err));
    d->after = cut ? AFTER_CUT : AFTER_END;
    d->plain_bytes = got - AEAD_TAG_BYTES;
    return EX_OK;
}

static ex_code advance(struct age_decrypt *d, struct ex_error *err) {
    d->plain_at = d->plain_bytes = 0;
    switch (d->after) {
    case AFTER_CHUNK:
        EX_TRY(next_chunk(d, err));
        d->number++;
        return EX_OK;
    case AFTER_CUT:
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "this age file was cut off: chunks are missing after the "
                               "first %llu",
                               (unsigned long long)d->number),
                       err, "ask the sender for it again, whole");
    case AFTER_TRAILING:
        return ex_fail(err, EX_ALTERED, "something was added to this age file behind its end");
    case AFTER_END:
        break;
    }
    return EX_OK;
}

/* The same failure again, however often it is called. */
static ex_code advance_once(struct age_decrypt *d, struct ex_error *err) {
    if (!d->failed)
        d->failed = advance(d, &d->why) != EX_OK;
    if (!d->failed)
        return EX_OK;
    if (err != NULL)
        *err = d->why;
    return d->why.code;
}

ex_code age_decrypt_next(struct age_decrypt *d, const uint8_t **ret_data, size_t *ret_bytes,
                         struct ex_error *err) {
    if (d->plain_at == d->plain_bytes)
        EX_TRY(advance_once(d, err));
    *ret_data = d->plain + d->plain_at;
    *ret_bytes = d->plain_bytes - d->plain_at;
    d->plain_at = d->plain_bytes;
    return EX_OK;
}

ex_code age_decrypt_read(struct age_decrypt *d, void *to, size_t size_bytes, size_t *ret_bytes,
                         struct ex_error *err) {
    if (d->plain_at == d->plain_bytes && size_bytes > 0)
        EX_TRY(advance_once(d, err));
    size_t left = d->plain_bytes - d->plain_at;
    size_t take = left < size_bytes ? left : size_bytes;
    memcpy(to, d->plain + d->plain_at, take);
    d->plain_at += take;
    *ret_bytes = take;
    return EX_OK;
}
