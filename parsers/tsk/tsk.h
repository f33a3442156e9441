/* SPDX-License-Identifier: Apache-2.0 */
/* Examiners of disks and file systems, which read through libtsk of The Sleuth Kit.
 *
 * `volumes`: partition tables (MBR with extended partitions, GPT, Apple, BSD, Sun) to volumes and
 * the space between them. `files`: NTFS, FAT, exFAT, ext2/3/4, UFS, HFS+, ISO 9660 to folders,
 * files, streams, deleted names, records that no folder names, and unallocated space.
 *
 * Not: whether libtsk understands what it reads. What it refuses or cannot do is told as a problem;
 * docs/format/traces.md says what of a trace is proved. APFS is named and not read; encrypted
 * volumes are named by parsers/locked/, and parsers/lvm/ tells logical ones. */
#ifndef EXHIBIT_PARSERS_TSK_TSK_H
#define EXHIBIT_PARSERS_TSK_TSK_H

#include "parsers/api.h"

extern const struct parser volumes_parser;
extern const struct parser files_parser;

/* What libtsk wants of a process, before it is confined: dates without a zone are read as if they
 * were UTC, and the C library would look for a file of that zone when it is asked later. */
void tsk_process_setup(void);

#endif
