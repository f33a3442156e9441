/* SPDX-License-Identifier: Apache-2.0 */
/* One ledger entry and its body, as bytes (docs/format/ledger.md §3, §4).
 *
 * Writing and parsing are exact inverses: what parses is what entry_write() would have written,
 * byte for byte. Any input is safe to parse. No I/O.
 */
#ifndef EXHIBIT_LEDGER_ENTRY_H
#define EXHIBIT_LEDGER_ENTRY_H

#include "base/clock.h"
#include "base/limits.h"
#include "crypto/note.h"
#include "crypto/sha256.h"
#include "crypto/sign.h"

enum {
    ENTRY_ID_BYTES = 16,
    ENTRY_WORD_MAX = 32,
    ENTRY_EVENT_MAX = 65, /* two words and a dot */
    ENTRY_SECTIONS_MAX = 8,
    ENTRY_PERMISSIONS_MAX = 32
};

enum entry_signer { ENTRY_SIGNER_VAULT, ENTRY_SIGNER_OFFICER, ENTRY_SIGNER_SESSION };

/* Which optional lines are there. */
enum entry_has {
    ENTRY_HAS_CASE = 1 << 0,
    ENTRY_HAS_ITEM = 1 << 1,
    ENTRY_HAS_OBJECT = 1 << 2,
    ENTRY_HAS_INTENT = 1 << 3,
    ENTRY_HAS_RESULT = 1 << 4,
    ENTRY_HAS_CONFIG = 1 << 5,
    ENTRY_HAS_VAULT_KEY = 1 << 6,
    ENTRY_HAS_OFFICER = 1 << 7,
    ENTRY_HAS_OFFICER_KEY = 1 << 8,
    ENTRY_HAS_OFFICER_BOX = 1 << 9,
    ENTRY_HAS_SESSION_KEY = 1 << 10,
    ENTRY_HAS_EXPIRES = 1 << 11,
    ENTRY_HAS_REPLACES = 1 << 12,
    ENTRY_HAS_HANDOVER = 1 << 13
};

struct entry_section {
    char name[ENTRY_WORD_MAX + 1];
    uint8_t commitment[SHA256_BYTES];
};

struct entry {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t index;
    uint8_t tree[MERKLE_BYTES];
    char event[ENTRY_EVENT_MAX + 1];
    struct ex_clock clock;
    enum entry_signer signer;
    uint8_t signer_officer[ENTRY_ID_BYTES];
    uint64_t signer_session;
    unsigned has; /* enum entry_has */
    uint8_t case_id[ENTRY_ID_BYTES];
    uint8_t item_id[ENTRY_ID_BYTES];
    uint8_t object_id[SHA256_BYTES];
    uint8_t handover_id[ENTRY_ID_BYTES];
    uint64_t intent;
    char result[ENTRY_WORD_MAX + 1];
    uint8_t config[SHA256_BYTES];
    uint8_t vault_key[SIGN_PUBLIC_BYTES];
    uint8_t officer_id[ENTRY_ID_BYTES];
    uint8_t officer_key[SIGN_PUBLIC_BYTES];
    uint8_t officer_box[32];
    size_t permission_count;
    char permission[ENTRY_PERMISSIONS_MAX][ENTRY_WORD_MAX + 1];
    uint8_t replaces_id[ENTRY_ID_BYTES];
    uint8_t session_key[SIGN_PUBLIC_BYTES];
    int64_t expires_ns;
    size_t section_count;
    struct entry_section section[ENTRY_SECTIONS_MAX];
    uint8_t signature[SIGNATURE_BYTES];
};

/* Signs e with key and writes it; e->signature is filled. The caller frees *ret. */
EX_MUST_USE ex_code entry_write(struct entry *e, const struct sign_key *key, uint8_t **ret,
                                size_t *ret_size_bytes, struct ex_error *err);
EX_MUST_USE ex_code entry_parse(const uint8_t *data, size_t size_bytes, struct entry *ret,
                                struct ex_error *err);
/* True when the signature over these very bytes is key's. */
bool entry_signed_by(const uint8_t *data, size_t size_bytes, const struct entry *e,
                     const uint8_t key[static SIGN_PUBLIC_BYTES]);

/* A body under construction, or parsed. */
struct body_section {
    char name[ENTRY_WORD_MAX + 1];
    bool erased;
    uint8_t salt[32];
    const uint8_t *data; /* into the body's bytes when parsed; the caller's when built */
    size_t size_bytes;
};

struct body {
    size_t count;
    struct body_section section[ENTRY_SECTIONS_MAX];
};

/* Adds a section with a fresh salt (data stays the caller's) and its commitment to e, keeping both
 * in the order of names. */
EX_MUST_USE ex_code body_add(struct body *b, struct entry *e, const char *name, const void *data,
                             size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code body_write(const struct body *b, uint8_t **ret, size_t *ret_size_bytes,
                               struct ex_error *err);
EX_MUST_USE ex_code body_parse(const uint8_t *data, size_t size_bytes, struct body *ret,
                               struct ex_error *err);
const struct body_section *body_find(const struct body *b, const char *name);

/* How the sections of a body answer to the commitments of its entry. */
struct body_check {
    unsigned matched;
    unsigned erased;
    unsigned altered; /* bytes that do not match, or a section that the entry does not name */
    unsigned missing; /* named by the entry, not in the body */
};
void body_compare(const struct entry *e, const struct body *b, struct body_check *ret);

#endif
