/* SPDX-License-Identifier: Apache-2.0 */
/* Which partition table, if any: libtsk takes boot sectors of file systems for one, and gives up
 * where two are found, so that it is only asked for the one that this settles on. */
#ifndef EXHIBIT_PARSERS_TSK_TABLES_INTERNAL_H
#define EXHIBIT_PARSERS_TSK_TABLES_INTERNAL_H

#include "parsers/shared/guid.h"
#include "parsers/tsk/image_internal.h"

struct table {
    TSK_VS_INFO *vs;    /* NULL: libtsk does not take it, and only its entries are told */
    const char *scheme; /* "mbr", "gpt" … */
    bool sound_mbr;     /* the first sector has entries as a partitioning program writes them */
};

/* EX_FORMAT: none. */
EX_MUST_USE ex_code table_open(struct image *image, struct table *ret, struct ex_error *err);

/* Of a GPT: type and id of the entry that says `part`, as text; false when it is not found. */
EX_MUST_USE ex_code table_guids(struct image *image, const TSK_VS_PART_INFO *part, bool *ret_found,
                                char type[static GUID_TEXT_BYTES], char id[static GUID_TEXT_BYTES],
                                struct ex_error *err);

/* ---- hidden.c: what one would not see who only follows the table ---- */

/* Entries of other tables: of an MBR beside a GPT, of a GPT beside an MBR, of a GPT's copy. */
EX_MUST_USE ex_code hidden_tell_entries(struct image *image, const struct table *table,
                                        struct ex_error *err);
/* A file system that begins where the disk does, and that no volume of the table holds. */
EX_MUST_USE ex_code hidden_tell_whole(struct image *image, const struct table *table,
                                      struct ex_error *err);

#endif
