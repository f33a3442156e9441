/* SPDX-License-Identifier: Apache-2.0 */
/* Export as an E01 image (docs/format/e01.md): NAME.E01, NAME.E02…, and beside them
 * NAME.E01.exhibit.json, which says what an E01 has no place for, with its signature
 * NAME.E01.exhibit.json.sig.
 *
 * Everything is written under other names first. The files get their own when every byte was
 * hashed on the way out and gave the object's SHA-256, every segment was read again and hashed, and
 * all of it is on the disk; NAME.E01 is the last, so that whoever finds it finds the rest. Existing
 * files are never touched. A failure removes what was written.
 */
#ifndef EXHIBIT_TRANSPORT_EXPORT_E01_H
#define EXHIBIT_TRANSPORT_EXPORT_E01_H

#include "formats/ewf_write.h"
#include "formats/sshsig.h"
#include "vault/vault.h"

#define EXPORT_E01_NAMESPACE "exhibit-export"
#define EXPORT_E01_EXTENSION ".E01"
#define EXPORT_E01_SIDE      ".exhibit.json" /* behind NAME.E01 */
#define EXPORT_E01_SIGNATURE ".sig"          /* behind that */

struct export_e01_segment {
    char extension[EWF_EXTENSION_BYTES];
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES]; /* as it was read again */
};

struct export_e01_report {
    struct ewf_written written;
    uint64_t stored_bytes; /* of all segments */
    uint32_t sector_bytes;
    const struct export_e01_segment *segment; /* written.segments of them */
    uint8_t side_sha256[SHA256_BYTES];        /* of the file beside it, once it is published */
};

/* What both ways of writing one share: as files of their own, below, and into a package. */

/* EX_LIMIT: the image may need more segments than there are names. Of `form` as for
 * export_e01_write(). */
EX_MUST_USE ex_code export_e01_check(const struct vault_object_info *object,
                                     const struct ewf_form *form, struct ex_error *err);
/* The image into `sink`. Of *ret `written` and `sector_bytes` are set. EX_ALTERED, EX_MISSING. */
EX_MUST_USE ex_code export_e01_stream(struct vault *v, const struct vault_object_info *object,
                                      const struct ewf_form *form, const struct ewf_sink *sink,
                                      struct ex_progress *progress, struct export_e01_report *ret,
                                      struct ex_error *err);
/* The signature of the file beside it, and that file's SHA-256. The caller frees *ret. */
EX_MUST_USE ex_code export_e01_sign(const char *side, size_t side_bytes, const struct sign_key *key,
                                    uint8_t ret_sha256[static SHA256_BYTES], char **ret,
                                    size_t *ret_bytes, struct ex_error *err);

/* An image that is written and has not got its names yet. */
struct export_e01;

/* path: NAME.E01. Of `form` the texts, the kind of medium, sector_bytes (512 or 4096: where that
 * does not divide the size, sectors are of one byte), set_id and segment_bytes are taken; the rest
 * follows from the object. EX_EXISTS (also a file that would be taken for a segment), EX_ALTERED,
 * EX_MISSING, EX_SPACE, EX_LIMIT. */
EX_MUST_USE ex_code export_e01_write(struct vault *v, const struct vault_object_info *object,
                                     const char *path, const struct ewf_form *form,
                                     struct ex_progress *progress, struct export_e01 **ret,
                                     struct ex_error *err);
const struct export_e01_report *export_e01_report(const struct export_e01 *e);
/* Writes the file beside it, signs it, and gives the segments their names. */
EX_MUST_USE ex_code export_e01_publish(struct export_e01 *e, const char *side, size_t side_bytes,
                                       const struct sign_key *key, struct ex_error *err);
/* Takes everything back, also what was published: the ledger could not record it. */
void export_e01_withdraw(struct export_e01 *e);
/* Removes what was not published. */
void export_e01_free(struct export_e01 *e);
EX_DEFINE_AUTO(struct export_e01, export_e01_free);

#endif
