/* SPDX-License-Identifier: Apache-2.0 */
/* Reading any chunk of an age file: age.md, "Payload", the paragraph on seeking. */
#include "formats/age_internal.h"
#include "base/file.h"
#include "crypto/secret.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

struct age_reader {
    int fd; /* the caller's */
    char *name;
    struct aead *aead;
    uint64_t payload_at; /* the first chunk in the file */
    uint64_t chunk_count, size_bytes;
    size_t last_bytes; /* of the last chunk, sealed */
    uint8_t sealed[AGE_SEALED_BYTES];
    uint8_t plain[AGE_CHUNK_BYTES];
};

/* ---- the header ---- */

struct position {
    const struct age_reader *r;
    uint64_t offset;
};

static ex_code read_file(void *context, void *to, size_t size_bytes, size_t *ret_bytes,
                         struct ex_error *err) {
    struct position *p = context;
    ssize_t got;
    do {
        got = pread(p->r->fd, to, size_bytes, (off_t)p->offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return ex_fail_sys(err, "could not read \"%s\"", p->r->name);
    p->offset += (uint64_t)got;
    *ret_bytes = (size_t)got;
    return EX_OK;
}

static ex_code open_header(struct age_reader *r, struct age_input *in, struct age_header *h,
                           const struct age_keys *keys, struct ex_error *err) {
    EX_AUTO(age_secrets_free) struct age_secrets *s = NULL;
    struct position p = {.r = r};
    uint8_t nonce[AGE_NONCE_BYTES];
    size_t got = 0;
    EX_TRY(secret_alloc(sizeof *s, "the key of an age file", &s, err));
    EX_TRY(age_input_init(in, (struct age_source){read_file, &p}, err));
    if (in->armored)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                               "\"%s\" is armored, and can be read only from its "
                               "beginning",
                               r->name),
                       err, "take the armor off, or read it as a stream");
    EX_TRY(age_header_read(in, h, err));
    EX_TRY(age_header_open(h, s, keys, err));
    EX_TRY(age_input_read(in, nonce, sizeof nonce, &got, err));
    if (got < sizeof nonce)
        return ex_hint(
            ex_fail(err, EX_FORMAT, "this age file was cut off: it ends behind its header"), err,
            "ask the sender for it again, whole");
    r->payload_at = h->size_bytes + sizeof nonce;
    return age_payload_begin(s, nonce, &r->aead, err);
}

/* ---- chunks ---- */

static ex_code read_sealed(struct age_reader *r, uint64_t number, size_t size_bytes,
                           struct ex_error *err) {
    return ex_read_at(r->fd, r->sealed, size_bytes, r->payload_at + number * AGE_SEALED_BYTES,
                      r->name, err);
}

static ex_code open_last(struct age_reader *r, uint8_t *to, struct ex_error *err) {
    bool cut = false;
    uint64_t number = r->chunk_count - 1;
    EX_TRY(read_sealed(r, number, r->last_bytes, err));
    EX_TRY(age_chunk_open_last(r->aead, number, r->sealed, r->last_bytes, to, &cut, err));
    if (cut)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "this age file was cut off: chunks are missing after the "
                               "first %llu",
                               (unsigned long long)r->chunk_count),
                       err, "ask the sender for it again, whole");
    return EX_OK;
}

/* How many chunks there are follows from the size of the file; that the last one is the last, only
 * from its tag. */
static ex_code measure(struct age_reader *r, struct ex_error *err) {
    struct stat st;
    if (fstat(r->fd, &st) != 0)
        return ex_fail_sys(err, "could not ask for the size of \"%s\"", r->name);
    if (!S_ISREG(st.st_mode))
        return ex_fail(err, EX_UNSUPPORTED, "\"%s\" is no regular file", r->name);
    uint64_t size = (uint64_t)st.st_size > r->payload_at ? (uint64_t)st.st_size - r->payload_at : 0;
    r->chunk_count = size == 0 ? 1 : (size - 1) / AGE_SEALED_BYTES + 1;
    r->last_bytes = (size_t)(size - (r->chunk_count - 1) * AGE_SEALED_BYTES);
    EX_TRY(open_last(r, r->plain, err));
    sodium_memzero(r->plain, sizeof r->plain);
    r->size_bytes = (r->chunk_count - 1) * AGE_CHUNK_BYTES + r->last_bytes - AEAD_TAG_BYTES;
    return EX_OK;
}

ex_code age_reader_open(int fd, const char *name, const struct age_keys *keys,
                        struct age_reader **ret, struct ex_error *err) {
    EX_AUTO(age_reader_free) struct age_reader *r = NULL;
    struct age_input in = {0};
    struct age_header h = {0};
    EX_TRY(ex_alloc(1, sizeof *r, sizeof *r, "decryption", &r, err));
    r->fd = fd;
    r->name = ex_strdup(name);
    ex_code code = open_header(r, &in, &h, keys, err);
    age_header_clear(&h);
    age_input_clear(&in);
    EX_TRY(code);
    EX_TRY(measure(r, err));
    *ret = ex_steal(&r);
    return EX_OK;
}

void age_reader_free(struct age_reader *r) {
    if (r == NULL)
        return;
    aead_free(r->aead);
    sodium_memzero(r->plain, sizeof r->plain);
    free(r->name);
    free(r);
}

uint64_t age_reader_size(const struct age_reader *r) {
    return r->size_bytes;
}

uint64_t age_reader_chunk_count(const struct age_reader *r) {
    return r->chunk_count;
}

ex_code age_reader_chunk(struct age_reader *r, uint64_t number, uint8_t to[static AGE_CHUNK_BYTES],
                         size_t *ret_bytes, struct ex_error *err) {
    bool right = false;
    if (number >= r->chunk_count)
        return ex_fail(err, EX_USAGE, "there is no chunk %llu", (unsigned long long)number);
    if (number == r->chunk_count - 1) {
        EX_TRY(open_last(r, to, err));
        *ret_bytes = r->last_bytes - AEAD_TAG_BYTES;
        return EX_OK;
    }
    EX_TRY(read_sealed(r, number, AGE_SEALED_BYTES, err));
    EX_TRY(age_chunk_open(r->aead, number, false, r->sealed, AGE_SEALED_BYTES, to, &right, err));
    if (!right)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "this age file was changed in chunk %llu (64 KiB each)",
                               (unsigned long long)number),
                       err, "ask the sender for it again");
    *ret_bytes = AGE_CHUNK_BYTES;
    return EX_OK;
}
