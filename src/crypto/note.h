/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP signed notes and tlog checkpoints.
 *
 * Sources: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1.0.1 (Ed25519).
 * Lines by unknown keys are ignored; a line by a known key that does not verify makes the whole
 * note invalid; a note that no known key signed is not trusted. Any input is safe to parse.
 */
#ifndef EXHIBIT_CRYPTO_NOTE_H
#define EXHIBIT_CRYPTO_NOTE_H

#include "crypto/merkle.h"
#include "crypto/sign.h"

enum {
    NOTE_NAME_MAX = 255,      /* bytes of a key name */
    NOTE_VKEY_MAX = 384,      /* text of a vkey with its NUL */
    NOTE_SIGNATURES_MAX = 64, /* lines looked at in one note */
    NOTE_BYTES_MAX = 1 << 16,
    NOTE_TYPE_ED25519 = 0x01,
    NOTE_TYPE_COSIGNATURE = 0x04
};

/* A public key with its name, as in the text form name+hash+base64. */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint8_t id[4]; /* big endian on the wire */
    uint8_t type;  /* NOTE_TYPE_… */
    uint8_t public_key[SIGN_PUBLIC_BYTES];
};

EX_MUST_USE ex_code note_key_make(const char *name, uint8_t type,
                                  const uint8_t public_key[static SIGN_PUBLIC_BYTES],
                                  struct note_key *ret, struct ex_error *err);
EX_MUST_USE ex_code note_key_parse(const char *vkey, struct note_key *ret, struct ex_error *err);
char *note_key_text(const struct note_key *key, char to[static NOTE_VKEY_MAX]);

/* What one known key's signature in a note came to. */
struct note_verified {
    const struct note_key *key;
    uint64_t cosign_time; /* POSIX seconds; only for cosignatures */
};

/* Splits a note and checks its lines against `keys`. *ret_text points into `note`. At most `max`
 * results are given, each key once. EX_FORMAT: not a note. EX_SIGNATURE: a known key's signature is
 * wrong, or no known key signed. */
EX_MUST_USE ex_code note_open(const char *note, size_t size_bytes, const struct note_key *keys,
                              size_t key_count, size_t *ret_text_bytes, struct note_verified *ret,
                              size_t max, size_t *ret_count, struct ex_error *err);

/* text must end with LF. *ret is text, an empty line and one signature line, with a NUL; the caller
 * frees. */
EX_MUST_USE ex_code note_sign(const char *text, size_t size_bytes, const struct note_key *name,
                              const struct sign_key *key, char **ret, size_t *ret_bytes,
                              struct ex_error *err);

/* Where the text of a note ends and its signatures begin, unverified: bytes of the text, 0 when it
 * is no note. */
size_t note_split(const char *note, size_t size_bytes);

/* Signature lines alone, as a cosigner answers: how many of them are by one of these keys, right or
 * wrong? EX_FORMAT: not signature lines. */
EX_MUST_USE ex_code note_count_known(const char *lines, size_t size_bytes,
                                     const struct note_key *keys, size_t key_count,
                                     size_t *ret_known, struct ex_error *err);

/* One cosignature line over the text of a checkpoint, with its LF and a NUL; the caller frees. name
 * is of type NOTE_TYPE_COSIGNATURE; 0 < time <= INT64_MAX, in POSIX seconds. The same text and time
 * give the same line. */
EX_MUST_USE ex_code note_cosign(const char *text, size_t size_bytes, const struct note_key *name,
                                const struct sign_key *key, uint64_t time, char **ret,
                                struct ex_error *err);

struct checkpoint {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size;
    uint8_t root[MERKLE_BYTES];
};

/* The note text (with or without extension lines), not the signatures. */
EX_MUST_USE ex_code checkpoint_parse(const char *text, size_t size_bytes, struct checkpoint *ret,
                                     struct ex_error *err);
/* The caller frees *ret. */
EX_MUST_USE ex_code checkpoint_text(const struct checkpoint *c, char **ret, size_t *ret_bytes,
                                    struct ex_error *err);

#endif
