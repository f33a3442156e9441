/* SPDX-License-Identifier: Apache-2.0 */
/* Input 0 as an image of libtsk, and its errors as ours. */
#ifndef EXHIBIT_PARSERS_TSK_IMAGE_INTERNAL_H
#define EXHIBIT_PARSERS_TSK_IMAGE_INTERNAL_H

#include "base/mem.h"
#include "parsers/shared/tell.h"

#include <tsk/libtsk.h>

enum { IMAGE_SECTOR_BYTES = 512 };

struct image {
    TSK_IMG_INFO img; /* first: libtsk gives this back */
    struct parser_run *run;
    TSK_FS_INFO *fs;        /* NULL: none that is open */
    struct ex_error unread; /* code: of the last read that failed, EX_OK when none did */
    struct ex_error broken; /* a read failed for a reason that is not the input's: the end of it */
};

EX_MUST_USE ex_code image_open(struct parser_run *run, struct image **ret, struct ex_error *err);
void image_close(struct image *image);
EX_DEFINE_AUTO(struct image, image_close);

/* Before a call of libtsk. */
void image_forget(struct image *image);
/* Was there something in the meantime that could not be read? What libtsk gave then is not to be
 * believed, whether it says that it failed or not. */
bool image_is_unread(const struct image *image);
/* Why it failed: what could not be read, or libtsk's message. */
void image_reason(struct image *image, struct ex_error *ret);
/* EX_OK, or what ends the run. */
EX_MUST_USE ex_code image_check(const struct image *image, struct ex_error *err);

/* image_reason() as a trace under `parent`. */
EX_MUST_USE ex_code image_problem(struct image *image, uint32_t parent, const char *key,
                                  struct ex_error *err);
/* "libtsk 4.11.1" */
const char *image_library(void);

#endif
