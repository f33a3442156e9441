/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of a container, read when they are needed: the last few pages of them stay in memory,
 * however large the tables are. */
#ifndef EXHIBIT_PARSERS_SHARED_PAGES_H
#define EXHIBIT_PARSERS_SHARED_PAGES_H

#include "parsers/api.h"

enum { PAGE_BYTES = 64 << 10, PAGES = 16 };

struct pages { /* zeros: empty */
    uint64_t clock;
    size_t last; /* the one that was used last */
    struct page {
        uint64_t used; /* 0: never */
        uint64_t offset;
        unsigned input;
        size_t size_bytes;
        uint8_t *data;
    } page[PAGES];
};

/* As parser_read(). */
EX_MUST_USE ex_code pages_read(struct parser_run *run, struct pages *p, unsigned input,
                               uint64_t offset, void *to, size_t size_bytes, struct ex_error *err);
void pages_clear(struct pages *p);

#endif
