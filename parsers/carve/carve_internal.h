/* SPDX-License-Identifier: Apache-2.0 */
/* What finds the end of each type, and the reading that all of these share. */
#ifndef EXHIBIT_PARSERS_CARVE_CARVE_INTERNAL_H
#define EXHIBIT_PARSERS_CARVE_CARVE_INTERNAL_H

#include "parsers/carve/carve.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <string.h>

enum {
    CARVE_SECTOR_BYTES = 512,
    CARVE_GET_BYTES_MAX = 64 << 10 /* of one carve_get() */
};

struct carving {
    struct parser_run *run;
    uint64_t size; /* of the space */
    bool deep;
    /* what was read last; bytes 0: nothing */
    const uint8_t *data;
    uint64_t at;
    size_t bytes;
    uint64_t allowed; /* that may still be read for the one that is being looked at */
    bool spent;       /* it was not enough, once */
    bool unread;      /* something could not be read, once */
    ex_code code;     /* not EX_OK: the run is over, for `err` */
    struct ex_error *err;
};

/* Bytes from `at` on; false when they are not all there, or cannot be had. Valid until the next
 * call. size_bytes is 1 to CARVE_GET_BYTES_MAX. */
bool carve_get(struct carving *c, uint64_t at, size_t size_bytes, struct ex_cursor *ret);
/* As many as there are, 1 to CARVE_GET_BYTES_MAX. */
bool carve_some(struct carving *c, uint64_t at, struct ex_cursor *ret);
/* The CRC-32 of RFC 1952, gone on with over a stretch. */
bool carve_crc(struct carving *c, uint64_t at, uint64_t length, uint32_t *crc);
/* The first place of these bytes from `from` on that begins before `to`; false: none, or it could
 * not be read. */
bool carve_find(struct carving *c, uint64_t from, uint64_t to, const void *bytes, size_t size_bytes,
                uint64_t *ret);
static inline bool carve_is(const struct ex_cursor *c, size_t at, const void *bytes, size_t size) {
    return at <= c->size && size <= c->size - at && memcmp(c->data + at, bytes, size) == 0;
}

enum carve_verdict {
    CARVE_NO,    /* nothing that is told */
    CARVE_BEGIN, /* it begins right: so far, and no further */
    CARVE_WHOLE
};
struct carved {
    uint64_t length;   /* of all of it, or of what was walked */
    uint64_t expected; /* of one that only begins: how long it says that it is; 0: it does not */
};
/* Each: of what begins at `at`, whose first bytes are its type's. */
typedef enum carve_verdict carve_walk_fn(struct carving *c, uint64_t at, struct carved *ret);
carve_walk_fn carve_jpeg, carve_png, carve_gif, carve_webp; /* pictures.c */
carve_walk_fn carve_media;                                  /* media.c */
carve_walk_fn carve_pdf, carve_rtf;                         /* text.c */
carve_walk_fn carve_zip;                                    /* zip.c */
carve_walk_fn carve_7z, carve_rar4, carve_rar5;             /* archives.c */
carve_walk_fn carve_sqlite;                                 /* sqlite.c */
carve_walk_fn carve_ole;                                    /* ole.c */
carve_walk_fn carve_evtx, carve_regf;                       /* windows.c */

#endif
