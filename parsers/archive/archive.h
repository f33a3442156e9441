/* SPDX-License-Identifier: Apache-2.0 */
/* The examiner of archives and compressed files, which reads through libarchive.
 *
 * `archive`: 7-Zip, ar, cab, cpio, ISO 9660, LHA, RAR, tar, WARC, xar and ZIP to their members,
 * through bzip2, compress, gzip, lzip, lzma, xz, zstd, lz4, uuencode and RPM where they are
 * wrapped in those; and a compressed file that is none of these to the one member that it holds.
 *
 * Not: whether libarchive understands what it reads. docs/archives.md says what of a member is as
 * it is stored, and what libarchive makes of it. What an archive hides from its own directory is
 * not found here. */
#ifndef EXHIBIT_PARSERS_ARCHIVE_ARCHIVE_H
#define EXHIBIT_PARSERS_ARCHIVE_ARCHIVE_H

#include "parsers/api.h"

extern const struct parser archive_parser;

/* What libarchive wants of a process, before it is confined: names come in UTF-8, and dates without
 * a zone are read as if they were UTC. */
void archive_process_setup(void);

#endif
