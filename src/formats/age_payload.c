/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks of the payload: age.md, "Payload". */
#include "formats/age_internal.h"

static const char PAYLOAD_INFO[] = "payload";
enum { LAST = 1 };

ex_code age_payload_begin(struct age_secrets *s, const uint8_t nonce[static AGE_NONCE_BYTES],
                          struct aead **ret, struct ex_error *err) {
    EX_AUTO(aead_free) struct aead *a = NULL;
    EX_TRY(hkdf_sha256(s->file_key, sizeof s->file_key, nonce, AGE_NONCE_BYTES, PAYLOAD_INFO,
                       s->key, sizeof s->key, err));
    EX_TRY(aead_new_chacha(&a, err));
    EX_TRY(aead_set_key(a, s->key, err));
    *ret = ex_steal(&a);
    return EX_OK;
}

/* 11 bytes of counter, big-endian, and whether it is the last chunk. */
static void make_nonce(uint64_t number, bool last, uint8_t ret[static AEAD_NONCE_BYTES]) {
    memset(ret, 0, AEAD_NONCE_BYTES);
    for (int i = 0; i < 8; i++)
        ret[10 - i] = (uint8_t)(number >> (8 * i));
    ret[11] = last ? LAST : 0;
}

ex_code age_chunk_seal(struct aead *a, uint64_t number, bool last, const uint8_t *from,
                       size_t size_bytes, uint8_t *to, struct ex_error *err) {
    static const struct aead_ad none;
    uint8_t nonce[AEAD_NONCE_BYTES];
    make_nonce(number, last, nonce);
    return aead_seal(a, nonce, &none, from, size_bytes, to, to + size_bytes, err);
}

ex_code age_chunk_open(struct aead *a, uint64_t number, bool last, const uint8_t *from,
                       size_t sealed_bytes, uint8_t *to, bool *ret_right, struct ex_error *err) {
    static const struct aead_ad none;
    uint8_t nonce[AEAD_NONCE_BYTES];
    struct ex_error why = {0};
    size_t size = sealed_bytes - AEAD_TAG_BYTES;
    make_nonce(number, last, nonce);
    ex_code code = aead_open(a, nonce, &none, from, size, from + size, to, &why);
    if (code != EX_OK && code != EX_ALTERED)
        return ex_fail(err, code, "%s", why.text);
    *ret_right = code == EX_OK;
    return EX_OK;
}

static ex_code cut_off(struct ex_error *err, const char *where) {
    return ex_hint(ex_fail(err, EX_ALTERED, "this age file was cut off: it ends %s", where), err,
                   "ask the sender for it again, whole");
}

ex_code age_chunk_open_last(struct aead *a, uint64_t number, const uint8_t *from,
                            size_t sealed_bytes, uint8_t *to, bool *ret_cut, struct ex_error *err) {
    bool right = false;
    *ret_cut = false;
    if (sealed_bytes < AEAD_TAG_BYTES)
        return cut_off(err, number == 0 ? "before its first chunk" : "within a chunk");
    EX_TRY(age_chunk_open(a, number, true, from, sealed_bytes, to, &right, err));
    if (right && sealed_bytes == AEAD_TAG_BYTES && number > 0)
        return ex_fail(err, EX_ALTERED,
                       "the last chunk of this age file is empty, which none may be");
    if (right)
        return EX_OK;
    if (sealed_bytes == AGE_SEALED_BYTES) { /* only a whole chunk can be one before the last */
        EX_TRY(age_chunk_open(a, number, false, from, sealed_bytes, to, &right, err));
        *ret_cut = right;
    }
    if (*ret_cut)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_ALTERED,
                           "the last bytes of this age file were changed, or it was "
                           "cut off there (chunk %llu)",
                           (unsigned long long)number),
                   err, "ask the sender for it again");
}
