/* SPDX-License-Identifier: Apache-2.0 */
/* age v1 files: C2SP age.md (https://age-encryption.org/v1), written and read.
 *
 * Promised: what is written here, `age` opens, and the other way round; files for X25519 keys
 * (age1…, AGE-SECRET-KEY-1…) and for one passphrase (scrypt), plain or armored. Only authenticated
 * bytes are given out, chunk by chunk; a file is whole when its end was reached, not before.
 * Headers and armor are read as strictly as the specification allows, under the limits below.
 *
 * Not promised: who encrypted. Anyone who has a recipient's public key can make a file for it; that
 * is what signatures beside the file are for. Bytes that were given out before a failure are what
 * the writer encrypted, but perhaps not all of it. Keys of other kinds (hybrid, tagged, plug-ins,
 * SSH) are refused by name when they are given, and passed over in a file.
 *
 * Codes, the same throughout:
 *   EX_FORMAT       the header or the armor is not as the specification wants it
 *   EX_UNSUPPORTED  a later version of age, a kind of key that is not known here
 *   EX_LIMIT        over a limit below, a work factor over the caller's
 *   EX_DENIED       no identity (or not this passphrase) opens it. A header that was changed just
 * where it is for that key looks the same EX_SIGNATURE    a key opened it, but the code that
 * authenticates the header does not fit: the header was changed EX_ALTERED      the payload was
 * changed, cut off or added to; the text says which, where the file itself tells and those of the
 * caller's source or sink.
 *
 * Secrets lie in memory from sodium_malloc(), but for the expanded payload key, which is OpenSSL's;
 * all are wiped. Plaintext buffers are wiped too. Threads: one handle belongs to one thread at a
 * time; an identity set may be read by several.
 */
#ifndef EXHIBIT_FORMATS_AGE_H
#define EXHIBIT_FORMATS_AGE_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AGE_X25519_BYTES = 32,
    AGE_RECIPIENT_CHARS = 62,
    AGE_IDENTITY_CHARS = 74,
    AGE_CHUNK_BYTES = 65536, /* of plaintext; every chunk but the last has as many */
    AGE_WORK_FACTOR = 18     /* what `age -p` uses: 2^18, 256 MiB, about a second */
};

/* Limits on what others make. */
enum {
    AGE_HEADER_BYTES_MAX = 1 << 20,
    AGE_LINE_BYTES_MAX = 8192, /* one line of a header, or of a file of keys */
    AGE_STANZAS_MAX = 1024,    /* recipients of one file, read or written */
    AGE_IDENTITIES_MAX = 128,
    AGE_WORK_FACTOR_MAX = 22,        /* 4 GiB; `age` has the same */
    AGE_ARMOR_SPACE_BYTES_MAX = 1024 /* white space on either side of an armored file */
};

/* ---- recipients: public keys ---- */

struct age_recipient {
    uint8_t x25519[AGE_X25519_BYTES];
};

/* From a raw X25519 public key: an officer's box key. EX_FORMAT: a key that nobody can have (of
 * small order, or not reduced), for which the file would be lost or open to all. */
EX_MUST_USE ex_code age_recipient_make(const uint8_t public_key[static AGE_X25519_BYTES],
                                       struct age_recipient *ret, struct ex_error *err);
/* From "age1…". */
EX_MUST_USE ex_code age_recipient_parse(const char *text, size_t size_bytes,
                                        struct age_recipient *ret, struct ex_error *err);
char *age_recipient_print(const struct age_recipient *r, char to[static AGE_RECIPIENT_CHARS + 1]);
/* A recipients file as `age -R` reads it: one to a line, lines that are empty or begin with #
 * passed over. The message names the line. EX_NOT_FOUND: there is none in it. The caller frees. */
EX_MUST_USE ex_code age_recipients_parse(const char *text, size_t size_bytes,
                                         struct age_recipient **ret, size_t *ret_count,
                                         struct ex_error *err);

/* ---- identities: secret keys ---- */

struct age_identities;

EX_MUST_USE ex_code age_identities_new(struct age_identities **ret, struct ex_error *err);
void age_identities_free(struct age_identities *ids); /* wipes */
EX_DEFINE_AUTO(struct age_identities, age_identities_free);

/* Adds one, from a raw X25519 secret key or from the text "AGE-SECRET-KEY-1…". */
EX_MUST_USE ex_code age_identities_add(struct age_identities *ids,
                                       const uint8_t secret[static AGE_X25519_BYTES],
                                       struct ex_error *err);
EX_MUST_USE ex_code age_identities_parse(struct age_identities *ids, const char *text,
                                         size_t size_bytes, struct ex_error *err);
/* Adds those of an identities file as `age -i` reads it. The message names the line, never its
 * content. On an error those of the lines before stay added. */
EX_MUST_USE ex_code age_identities_parse_file(struct age_identities *ids, const char *text,
                                              size_t size_bytes, struct ex_error *err);
size_t age_identities_count(const struct age_identities *ids);
/* The public key of identity i, which exists. */
void age_identities_recipient(const struct age_identities *ids, size_t i,
                              struct age_recipient *ret);
/* "AGE-SECRET-KEY-1…" of identity i, with a NUL, in memory for seal_secret_free(). */
EX_MUST_USE ex_code age_identities_print(const struct age_identities *ids, size_t i, char **ret,
                                         struct ex_error *err);

/* ---- writing ---- */

/* Where the file goes. Calls come in order; a failure of it ends the writing. */
struct age_sink {
    ex_code (*write)(void *context, const void *data, size_t size_bytes, struct ex_error *err);
    void *context;
};

/* Either recipients or a passphrase, never both. */
struct age_locks {
    const struct age_recipient *recipients;
    size_t recipient_count;
    const char *passphrase; /* in the caller's locked memory; used by age_encrypt_new() alone */
    size_t passphrase_bytes;
    unsigned work_factor; /* of a passphrase; 0: AGE_WORK_FACTOR */
    bool armor;
};

struct age_encrypt;

/* Writes the header. */
EX_MUST_USE ex_code age_encrypt_new(const struct age_locks *locks, struct age_sink sink,
                                    struct age_encrypt **ret, struct ex_error *err);
/* Any size. Whole chunks of a large write are encrypted where they lie. After a failure every
 * further call fails. */
EX_MUST_USE ex_code age_encrypt_write(struct age_encrypt *e, const void *data, size_t size_bytes,
                                      struct ex_error *err);
/* Writes the last chunk; without it the file can be opened, and says that it was cut off. Nothing
 * can be written any more. */
EX_MUST_USE ex_code age_encrypt_finish(struct age_encrypt *e, struct ex_error *err);
void age_encrypt_free(struct age_encrypt *e);
EX_DEFINE_AUTO(struct age_encrypt, age_encrypt_free);

/* ---- reading from the beginning to the end ---- */

/* Where the file comes from: 1 to size_bytes bytes, or 0 at its end. */
struct age_source {
    ex_code (*read)(void *context, void *to, size_t size_bytes, size_t *ret_bytes,
                    struct ex_error *err);
    void *context;
};

/* What may open it; either part may be missing. */
struct age_keys {
    const struct age_identities *identities;
    const char *passphrase; /* in the caller's locked memory */
    size_t passphrase_bytes;
    unsigned work_factor_max; /* 0: AGE_WORK_FACTOR_MAX */
};

struct age_decrypt;

/* Reads the header, armored or not. `keys` are used by this call alone. */
EX_MUST_USE ex_code age_decrypt_new(struct age_source source, const struct age_keys *keys,
                                    struct age_decrypt **ret, struct ex_error *err);
/* The next chunk: *ret_data is inside the handle until its next call. *ret_bytes is 0 at the end,
 * and only then the file was whole. After a failure every further call fails. */
EX_MUST_USE ex_code age_decrypt_next(struct age_decrypt *d, const uint8_t **ret_data,
                                     size_t *ret_bytes, struct ex_error *err);
/* The same, copied: 1 to size_bytes bytes, or 0 at the end. */
EX_MUST_USE ex_code age_decrypt_read(struct age_decrypt *d, void *to, size_t size_bytes,
                                     size_t *ret_bytes, struct ex_error *err);
void age_decrypt_free(struct age_decrypt *d);
EX_DEFINE_AUTO(struct age_decrypt, age_decrypt_free);

/* ---- reading any chunk ---- */

struct age_reader;

/* A regular file that is not armored. Reads the header and authenticates the last chunk, so that
 * the size is known; the chunks between are authenticated when they are read, and only then. The
 * descriptor stays the caller's and open; `name` is for messages, and copied. */
EX_MUST_USE ex_code age_reader_open(int fd, const char *name, const struct age_keys *keys,
                                    struct age_reader **ret, struct ex_error *err);
void age_reader_free(struct age_reader *r);
EX_DEFINE_AUTO(struct age_reader, age_reader_free);

uint64_t age_reader_size(const struct age_reader *r);        /* bytes of plaintext */
uint64_t age_reader_chunk_count(const struct age_reader *r); /* at least 1: an empty file has one */
/* Chunk `number`, counted from 0: bytes from number * AGE_CHUNK_BYTES on. EX_USAGE: there is no
 * such chunk. */
EX_MUST_USE ex_code age_reader_chunk(struct age_reader *r, uint64_t number,
                                     uint8_t to[static AGE_CHUNK_BYTES], size_t *ret_bytes,
                                     struct ex_error *err);

#endif
