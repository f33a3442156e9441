/* SPDX-License-Identifier: Apache-2.0 */
/* Which partition table, if any: libtsk takes boot sectors of file systems for one, and gives up
 * where two are found, so that it is only asked for the one that this settles on. */
#ifndef EXHIBIT_PARSERS_TSK_TABLES_INTERNAL_H
#define EXHIBIT_PARSERS_TSK_TABLES_INTERNAL_H

#include "parsers/tsk/image_internal.h"

struct table {
    TSK_VS_INFO *vs;
    const char *scheme; /* "mbr", "gpt" … */
    bool stale_gpt;     /* an MBR in use, and a GPT that it does not mention */
};

/* EX_FORMAT: none, or a file system that has the sector of the table for itself. */
EX_MUST_USE ex_code table_open(struct image *image, struct table *ret, struct ex_error *err);

/* Of a GPT: type and id of the entry that says `part`, as text; false when it is not found. */
enum { GUID_TEXT_BYTES = 37 };
EX_MUST_USE ex_code table_guids(struct image *image, const TSK_VS_PART_INFO *part, bool *ret_found,
                                char type[static GUID_TEXT_BYTES], char id[static GUID_TEXT_BYTES],
                                struct ex_error *err);

#endif
