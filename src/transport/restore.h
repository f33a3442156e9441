/* SPDX-License-Identifier: Apache-2.0 */
/* Restoring: the files of a folder that was collected, out of its stream (docs/format/folder.md).
 *
 * Everything goes beneath one new directory, which only its owner may enter, and which gets its
 * name when every byte was read and gave the right hash. The stream is hostile: no path leads out,
 * no link is ever followed, nothing that is there is touched. Owners, devices and some attributes
 * need privileges; what could not be restored is listed, never silently left. Change and birth
 * times cannot be set by anybody: they stand in exhibit/listing.jsonl alone.
 */
#ifndef EXHIBIT_TRANSPORT_RESTORE_H
#define EXHIBIT_TRANSPORT_RESTORE_H

#include "vault/vault.h"

#define RESTORE_LIST "not-restored.jsonl" /* in the directory, when there is anything to list */

struct restore_report {
    uint64_t size_bytes; /* of the stream */
    uint8_t sha256[SHA256_BYTES];
    uint64_t files, directories, symlinks, hard_links, others; /* beneath content/ */
    uint64_t not_restored;                                     /* lines of RESTORE_LIST */
    uint64_t not_asked;                                        /* of them: for want of `special` */
    uint64_t unread_files, unread_bytes; /* zeros stand in them for what was never read */
};

/* `special`: also what gives somebody power on the machine that it is restored to: device nodes,
 * set-user-ID and set-group-ID, capabilities; otherwise they are listed.
 * EX_EXISTS: the directory is there. EX_FORMAT: the stream is not one of a folder, or leads
 * elsewhere. EX_ALTERED, EX_MISSING, EX_SPACE. After a failure what was restored so far is left
 * under another name, which the hint says. */
EX_MUST_USE ex_code restore_files(struct vault *v, const struct vault_object_info *object,
                                  const char *path, bool special, struct ex_progress *progress,
                                  struct restore_report *ret, struct ex_error *err);

#endif
