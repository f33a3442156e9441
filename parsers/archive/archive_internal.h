/* SPDX-License-Identifier: Apache-2.0 */
/* One archive that is being read: input.c opens it, archive.c goes through its entries, entry.c
 * tells one, times.c when it was, data.c what is in it, zip.c what libarchive leaves out of a ZIP.
 */
#ifndef EXHIBIT_PARSERS_ARCHIVE_ARCHIVE_INTERNAL_H
#define EXHIBIT_PARSERS_ARCHIVE_ARCHIVE_INTERNAL_H

#include "base/mem.h"
#include "parsers/shared/archive_input.h"
#include "parsers/shared/tell.h"

#include <archive_entry.h>

enum {
    UNPACK_ENTRIES_MAX = 1000000,
    UNPACK_FAULTS_MAX = 100, /* entries that cannot be told, before it is given up */
    UNPACK_KEY_BYTES = 32
};

/* As what the input is read. A ZIP without its directory is read from its beginning. */
enum unpack_way { UNPACK_FORMATS, UNPACK_ZIP_STREAM, UNPACK_COMPRESSED };

/* A name of a ZIP. */
struct zip_name {
    size_t size;
    uint8_t bytes[1 << 16];
};

struct unpacking {
    struct parser_run *run;
    struct archive *archive; /* libarchive's; NULL: none is open */
    enum unpack_way way;
    struct ex_error wrapped; /* it is compressed, and does not even begin: why */
    uint64_t entries;        /* so many were read */
    uint64_t told;
    unsigned faults;
    bool denied; /* that something is encrypted was told */
    bool named;  /* what stands in for a name is one */
    struct zip_name name;
    struct archive_input input;
};

/* EX_FORMAT: not so. */
EX_MUST_USE ex_code unpack_open(struct unpacking *u, enum unpack_way way, struct ex_error *err);
void unpack_close(struct unpacking *u);

/* Why libarchive's last call failed, or was not content. */
void unpack_reason(struct unpacking *u, struct ex_error *ret);
/* EX_OK, or what ends the run. After each call of libarchive that may read. */
EX_MUST_USE ex_code unpack_check(const struct unpacking *u, struct ex_error *err);

/* unpack_reason() as a trace under `parent`. */
EX_MUST_USE ex_code unpack_problem(struct unpacking *u, uint32_t parent, const char *key,
                                   struct ex_error *err);
EX_MUST_USE ex_code unpack_entry(struct unpacking *u, struct archive_entry *entry,
                                 struct ex_error *err);
/* How the trace that was told last is packed. */
EX_MUST_USE ex_code unpack_packing(struct unpacking *u, struct ex_error *err);
EX_MUST_USE ex_code unpack_times(struct unpacking *u, struct archive_entry *entry,
                                 struct ex_error *err);
/* The content of the trace that was told last; size_bytes < 0: not known. */
EX_MUST_USE ex_code unpack_content(struct unpacking *u, uint32_t trace, int64_t size_bytes,
                                   struct ex_error *err);

/* The name of the entry that was read last, as it is stored; libarchive's is `given`, or NULL. */
EX_MUST_USE ex_code zip_stored_name(struct unpacking *u, const char *given, bool *ret_found,
                                    struct zip_name *ret, struct ex_error *err);
/* How many members the directory at the end counts, where it says so. */
EX_MUST_USE ex_code zip_count(struct unpacking *u, bool *ret_known, uint64_t *ret,
                              struct ex_error *err);

#endif
