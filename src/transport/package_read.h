/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a package (docs/format/package.md §4): from the encrypted file, as it is decrypted, or
 * from the directory that it was opened into. Everything in it is judged; what is wrong becomes a
 * finding and stops nothing, except what makes it unreadable.
 *
 * The bytes come from strangers. They are read by formats/age, formats/tar, formats/bagit,
 * package_head_parse(), excerpt_parse() and manifest_parse(), each of which is safe for any input;
 * nothing is written anywhere but by the visitor. Threads: one reading belongs to one thread.
 */
#ifndef EXHIBIT_TRANSPORT_PACKAGE_READ_H
#define EXHIBIT_TRANSPORT_PACKAGE_READ_H

#include "formats/age.h"
#include "formats/minisign.h"
#include "formats/sshsig.h"
#include "ledger/excerpt.h"
#include "source/source.h"
#include "transport/package.h"
#include "vault/object.h"

/* ---- the signatures over the file (§4.1) ---- */

struct package_signatures {
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES]; /* of the file */
    uint8_t blake2b[MINISIGN_HASH_BYTES];
    bool minisig_read, sshsig_read; /* the files are there, whatever they hold */
    bool has_minisig, has_sshsig;   /* and have the form */
    struct minisign minisig;
    struct sshsig sshsig;
    char minisig_why[160], sshsig_why[160]; /* when they are not, or have not */
};
/* Hashes the file and reads what lies beside it. Nothing is verified yet: see
 * package_signed_by(). */
EX_MUST_USE ex_code package_signatures_read(const char *path, struct ex_progress *progress,
                                            struct package_signatures *ret, struct ex_error *err);
/* EX_SIGNATURE: the minisign signature is not by this key over this file. */
EX_MUST_USE ex_code package_signed_by(const struct package_signatures *s,
                                      const uint8_t key[static SIGN_PUBLIC_BYTES],
                                      struct ex_error *err);

/* ---- reading ---- */

enum package_claim { PACKAGE_CONTENT, PACKAGE_HISTORY, PACKAGE_SIGNERS, PACKAGE_CLAIMS };
enum { PACKAGE_FINDINGS_MAX = 16 };

struct package_report {
    bool has_head; /* otherwise nothing below is there */
    struct package_head head;
    struct vault_object_info *object; /* one for each item of the head; zero for physical ones */
    bool *begun;                      /* a good entry began the item, with this object */
    struct excerpt *excerpt;          /* NULL: it could not be read */
    struct excerpt_report checked;
    struct history *history; /* of the excerpt */
    bool key_given;          /* by the caller; otherwise the key is as the package says */
    bool other_key;          /* which is not the one that was given: also a finding */
    uint64_t files, payload_files, payload_bytes;
    uint64_t items_good;
    uint64_t image_files; /* hashed, and not looked into (§2.1) */
    bool truncated;       /* it was cut short */
    uint64_t finding_count[PACKAGE_CLAIMS];
    char finding[PACKAGE_CLAIMS][PACKAGE_FINDINGS_MAX][200];
};
void package_report_clear(struct package_report *r);

/* What a reader does with what it gets; each part may be NULL. */
struct package_visitor {
    /* The head, the excerpt and the manifests are there and judged; payload follows. */
    ex_code (*head)(void *context, const struct package_report *r, struct ex_error *err);
    /* A file that is not payload, whole. */
    ex_code (*tag)(void *context, const char *path, const uint8_t *data, size_t size_bytes,
                   struct ex_error *err);
    /* Payload: reads all of it by `pull`, which hashes it. position: of the item in the head, or
     * SIZE_MAX for a file of an image, or one that nothing names. */
    ex_code (*payload)(void *context, const char *path, size_t position, uint64_t size_bytes,
                       source_pull_fn *pull, void *pull_context, struct ex_error *err);
    void *context;
};

/* sha256: of the file whose signatures were checked; NULL: of any. key: the sender's vault key,
 * from elsewhere; NULL: what the package says of itself. The history is checked under the key that
 * the package names; when another was given, that is a finding. The caller clears *ret, also on
 * failure.
 * Fails when nothing more can be read: EX_DENIED (for another recipient), EX_ALTERED (cut short, or
 * changed), EX_FORMAT, and what the visitor gives. */
EX_MUST_USE ex_code package_read_file(const char *path, const struct age_identities *identities,
                                      const uint8_t *sha256, const uint8_t *key,
                                      const struct package_visitor *visitor,
                                      struct ex_progress *progress, struct package_report *ret,
                                      struct ex_error *err);
EX_MUST_USE ex_code package_read_dir(const char *path, const uint8_t *key,
                                     const struct package_visitor *visitor,
                                     struct ex_progress *progress, struct package_report *ret,
                                     struct ex_error *err);

#endif
