/* SPDX-License-Identifier: Apache-2.0 */
/* Input 0, as libarchive reads it. */
#ifndef EXHIBIT_PARSERS_SHARED_ARCHIVE_INPUT_H
#define EXHIBIT_PARSERS_SHARED_ARCHIVE_INPUT_H

#include "parsers/api.h"

#include <archive.h>

enum { ARCHIVE_INPUT_BLOCK_BYTES = 64 << 10 };

struct archive_input {
    struct parser_run *run;
    uint64_t at;            /* where libarchive reads next */
    struct ex_error unread; /* code: of the last read that failed, EX_OK when none did */
    struct ex_error broken; /* a read failed for a reason that is not the input's: the end of it */
    uint8_t block[ARCHIVE_INPUT_BLOCK_BYTES]; /* libarchive's until it asks for more */
};
/* Before archive_read_open1(): from the beginning. `in`, whose run is set, lives as long as `a`. */
void archive_input_set(struct archive_input *in, struct archive *a);

#endif
