/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a package (docs/format/package.md §1): bag → tar → age → file, in one pass, without a
 * second copy of anything but images (package_images.h); then its two signatures.
 *
 * The three files get their names only when every byte is on the disk and every item gave the
 * hashes that its manifest has. Existing files are never touched. What goes in as text is the
 * caller's to get right; this computes the bag around it.
 */
#ifndef EXHIBIT_TRANSPORT_PACKAGE_WRITE_H
#define EXHIBIT_TRANSPORT_PACKAGE_WRITE_H

#include "formats/age.h"
#include "formats/sshsig.h"
#include "transport/package.h"
#include "transport/package_images.h"
#include "vault/vault.h"

#define PACKAGE_NAMESPACE "exhibit-package"

struct package_text {
    const char *data;
    size_t size_bytes;
};

struct package_job {
    const char *name; /* the directory in the tar file: package_safe_name() */
    const char *agency;
    const struct package_head *head;
    const struct vault_object_info *object; /* one for each item of the head; unused for physical */
    struct package_images *images;          /* which the head names; NULL: none */
    struct package_text excerpt, case_jsonld, readme;
    const struct age_recipient *recipient;
    size_t recipient_count;
    const struct sign_key *officer_key;
    const char *trusted_comment; /* format/package, at its beginning */
    /* What signs as SSHSIG in place of the officer's key: a key in an agent, or another key. All
     * NULL: the officer's does. */
    struct ssh_agent *agent;
    const struct ssh_key *agent_key;
    const struct sign_key *other_key;
};

struct package_written {
    uint64_t size_bytes;          /* of NAME.age */
    uint8_t sha256[SHA256_BYTES]; /* of it */
    uint64_t payload_files, payload_bytes;
};

/* path: NAME.age; its signatures are PATH.minisig and PATH.sig. EX_EXISTS, EX_ALTERED, EX_MISSING,
 * EX_SPACE. */
EX_MUST_USE ex_code package_write(struct vault *v, const struct package_job *job, const char *path,
                                  struct ex_progress *progress, struct package_written *ret,
                                  struct ex_error *err);
/* EX_EXISTS: one of the three is there. For who has long work before package_write(), which asks
 * the same. */
EX_MUST_USE ex_code package_names_free(const char *path, struct ex_error *err);
/* Takes the three files back: the ledger could not record them. */
void package_unwrite(const char *path);

/* What the reader needs, and the stock commands. names: of the recipients or "". The caller frees.
 */
struct package_readme {
    const char *package, *agency, *officer, *case_number, *case_title, *origin, *vkey,
        *minisign_key;
    uint64_t ledger_size, left_out;
    const struct package_head *head;
    const struct vault_object_info *object;
    const char *const *label; /* one for each item */
    const char *const *image; /* likewise: its E01, or words for why there is none; NULL: neither */
    const char *const *not_read; /* likewise: what of it was never collected; NULL: nothing */
};
EX_MUST_USE ex_code package_readme_write(const struct package_readme *r, char **ret,
                                         size_t *ret_bytes, struct ex_error *err);

#endif
