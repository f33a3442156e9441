/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of age share. Sections named "age.md" are those of C2SP age.md. */
#ifndef EXHIBIT_FORMATS_AGE_INTERNAL_H
#define EXHIBIT_FORMATS_AGE_INTERNAL_H

#include "crypto/aead.h"
#include "formats/age.h"

enum {
    AGE_FILE_KEY_BYTES = 16,
    AGE_NONCE_BYTES = 16,
    AGE_SALT_BYTES = 16,
    AGE_MAC_BYTES = 32,
    AGE_BODY_BYTES = AGE_FILE_KEY_BYTES + AEAD_TAG_BYTES, /* of both kinds of stanza */
    AGE_SEALED_BYTES = AGE_CHUNK_BYTES + AEAD_TAG_BYTES,  /* a whole chunk in the file */
    AGE_BASE64_32_CHARS = 43,                             /* 32 bytes, without padding */
    AGE_BASE64_16_CHARS = 22,
    AGE_COLUMNS = 64, /* of a stanza's body, and of armor */
    AGE_COLUMN_BYTES = 48
};

#define AGE_VERSION_LINE "age-encryption.org/v1"

/* All that is secret on the way from a key to the payload; in memory from secret_alloc(). */
struct age_secrets {
    uint8_t file_key[AGE_FILE_KEY_BYTES];
    uint8_t shared[AGE_X25519_BYTES];
    uint8_t ephemeral[AGE_X25519_BYTES];
    uint8_t key[32];
};
void age_secrets_free(struct age_secrets *s);
EX_DEFINE_AUTO(struct age_secrets, age_secrets_free);

/* ---- keys (age_keys.c) ---- */

struct age_identity {
    uint8_t secret[AGE_X25519_BYTES];
    uint8_t public_key[AGE_X25519_BYTES];
};
const struct age_identity *age_identities_at(const struct age_identities *ids, size_t i);

/* ---- stanzas (age_wrap.c) ---- */

enum age_stanza_kind { AGE_STANZA_OTHER, AGE_STANZA_X25519, AGE_STANZA_SCRYPT };

struct age_stanza {
    enum age_stanza_kind kind;
    union {
        uint8_t share[AGE_X25519_BYTES];
        uint8_t salt[AGE_SALT_BYTES];
    };
    unsigned work_factor;
    uint8_t body[AGE_BODY_BYTES];
};

/* Fill *ret, but for the text: the file key sealed for that key. */
EX_MUST_USE ex_code age_wrap_x25519(struct age_secrets *s, const struct age_recipient *r,
                                    struct age_stanza *ret, struct ex_error *err);
EX_MUST_USE ex_code age_wrap_scrypt(struct age_secrets *s, const char *passphrase,
                                    size_t passphrase_bytes, unsigned work_factor,
                                    struct age_stanza *ret, struct ex_error *err);
/* Sets s->file_key. EX_DENIED: none of the keys opens any of the stanzas. */
EX_MUST_USE ex_code age_unwrap(struct age_secrets *s, const struct age_stanza *stanzas,
                               size_t count, const struct age_keys *keys, struct ex_error *err);

/* ---- the file as bytes, whether armored or not (age_input.c) ---- */

struct age_input {
    struct age_source source;
    uint8_t *raw; /* read, not yet given out: from `at` to `end` */
    size_t at, end;
    bool source_ended;
    bool armored;
    bool armor_ended; /* the END line, and nothing behind it */
    bool line_short;  /* the last line of the armor has come */
    uint8_t line[AGE_COLUMN_BYTES];
    size_t line_at, line_end;
};

/* Also finds out whether it is armored. age_input_clear() even after a failure. */
EX_MUST_USE ex_code age_input_init(struct age_input *in, struct age_source source,
                                   struct ex_error *err);
void age_input_clear(struct age_input *in);
/* Fills `to`, unless the file ends. */
EX_MUST_USE ex_code age_input_read(struct age_input *in, void *to, size_t size_bytes,
                                   size_t *ret_bytes, struct ex_error *err);

/* ---- armor, written (age_armor.c) ---- */

struct age_armor {
    struct age_sink sink;
    uint8_t rest[AGE_COLUMN_BYTES]; /* not yet a whole line */
    size_t rest_bytes;
    char *text;
    size_t text_bytes;
};
EX_MUST_USE ex_code age_armor_init(struct age_armor *a, struct age_sink sink, struct ex_error *err);
void age_armor_clear(struct age_armor *a);
EX_MUST_USE ex_code age_armor_write(struct age_armor *a, const uint8_t *data, size_t size_bytes,
                                    struct ex_error *err);
EX_MUST_USE ex_code age_armor_finish(struct age_armor *a, struct ex_error *err);
extern const char AGE_ARMOR_BEGIN[], AGE_ARMOR_END[]; /* the lines without their ends */

/* ---- headers (age_header.c) ---- */

struct age_header {
    uint8_t *text;
    size_t size_bytes, capacity;
    struct age_stanza *stanzas;
    size_t stanza_count, stanza_capacity;
    uint8_t mac[AGE_MAC_BYTES];
};
void age_header_clear(struct age_header *h);
/* Reads to the end of the header and not a byte further. age_header_clear() even after a failure.
 */
EX_MUST_USE ex_code age_header_read(struct age_input *in, struct age_header *ret,
                                    struct ex_error *err);
/* The file key, and is the header what its code says? Sets s->file_key. */
EX_MUST_USE ex_code age_header_open(const struct age_header *h, struct age_secrets *s,
                                    const struct age_keys *keys, struct ex_error *err);
/* A new header under s->file_key; the caller frees. */
EX_MUST_USE ex_code age_header_print(struct age_secrets *s, const struct age_stanza *stanzas,
                                     size_t count, uint8_t **ret, size_t *ret_bytes,
                                     struct ex_error *err);

/* ---- the payload (age_payload.c) ---- */

EX_MUST_USE ex_code age_payload_begin(struct age_secrets *s,
                                      const uint8_t nonce[static AGE_NONCE_BYTES],
                                      struct aead **ret, struct ex_error *err);
/* Writes size_bytes + AEAD_TAG_BYTES to `to`. */
EX_MUST_USE ex_code age_chunk_seal(struct aead *a, uint64_t number, bool last, const uint8_t *from,
                                   size_t size_bytes, uint8_t *to, struct ex_error *err);
/* sealed_bytes: at least AEAD_TAG_BYTES. *ret_right: is it that chunk? If not, `to` is zeros. */
EX_MUST_USE ex_code age_chunk_open(struct aead *a, uint64_t number, bool last, const uint8_t *from,
                                   size_t sealed_bytes, uint8_t *to, bool *ret_right,
                                   struct ex_error *err);
/* The one at the end of the file, sealed_bytes long. *ret_cut: it is right, but not the last of the
 * file that was written. EX_ALTERED otherwise. */
EX_MUST_USE ex_code age_chunk_open_last(struct aead *a, uint64_t number, const uint8_t *from,
                                        size_t sealed_bytes, uint8_t *to, bool *ret_cut,
                                        struct ex_error *err);

/* ---- base64 (age_header.c): canonical, without padding ---- */

bool age_base64_parse(const char *text, size_t size, uint8_t *to, size_t size_bytes);

#endif
