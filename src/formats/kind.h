/* SPDX-License-Identifier: Apache-2.0 */
/* What collected bytes look like, by their first bytes alone.
 *
 * A claim and no finding: a signature says how a file begins, not what it is. Nothing is opened,
 * no length or offset in the bytes is followed, and what stands behind the first KIND_HEAD_BYTES is
 * not looked at; an image whose signature is at its end (a fixed VHD, an Apple disk image) is not
 * recognised. Examination, in the sandbox, says more. Any bytes are safe.
 *
 * Sources of the signatures, each the format's own description: PKWARE APPNOTE 6.3.10 §4.3.7,
 * §4.3.16, §8.5; RFC 1952 §2.3.1; RFC 8878 §3.1.1; POSIX ustar; bzip2, xz, 7z, rar file formats;
 * libewf "EWF file format" and "EWF2"; AFF4 1.0; QEMU docs/interop/qcow2.txt; VMware Virtual Disk
 * Format 5.0; Microsoft VHD and MS-VHDX §2.2.1; SQLite fileformat2 §1.3; UEFI 2.10 §5; AOSP
 * BackupManagerService (the four lines of a backup); the on-disk structures of NTFS, FAT, exFAT,
 * ext4, XFS, APFS, LUKS.
 */
#ifndef EXHIBIT_FORMATS_KIND_H
#define EXHIBIT_FORMATS_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KIND_VERSION = 3 }; /* of these rules: counted up when they change */

enum { KIND_HEAD_BYTES = 8192, KIND_TAIL_BYTES = 512, KIND_DETAIL_BYTES = 80 };

struct kind {
    const char *word; /* json.md §4.13; NULL: no signature fits */
    const char *text; /* "zip archive"; NULL likewise */
    /* What its header says of itself, printable ASCII; empty: nothing. */
    char detail[KIND_DETAIL_BYTES];
};

/* The first bytes of the stream: KIND_HEAD_BYTES of them, or all there are. */
void kind_of_bytes(const uint8_t *head, size_t size_bytes, struct kind *ret);

/* The last KIND_TAIL_BYTES, for what has its signature there: a fixed VHD, and an AFF4 volume that
 * begins with another member. False, and *ret empty: nothing of that kind. */
bool kind_of_tail(const uint8_t *tail, size_t size_bytes, struct kind *ret);

/* The name of the parser (docs/containers.md) for the content of what looks like this; NULL: there
 * is none. It may still refuse it. Parts of a raw image ("split") look like what is in them: their
 * names alone tell. */
const char *kind_parser(const struct kind *k);

/* A folder, by the names in its root (raw bytes). */
void kind_of_names(const char *const *name, size_t count, struct kind *ret);

#endif
