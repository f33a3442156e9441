/* SPDX-License-Identifier: Apache-2.0 */
/* The page that was used longest ago makes room. */
#include "parsers/shared/pages.h"

#include "base/mem.h"

static bool holds(const struct page *g, unsigned input, uint64_t offset) {
    return g->used > 0 && g->input == input && offset >= g->offset &&
           offset - g->offset < g->size_bytes;
}

static struct page *find(struct pages *p, unsigned input, uint64_t offset) {
    if (holds(&p->page[p->last], input, offset))
        return &p->page[p->last];
    for (size_t i = 0; i < PAGES; i++)
        if (holds(&p->page[i], input, offset)) {
            p->last = i;
            return &p->page[i];
        }
    return NULL;
}

static struct page *oldest(struct pages *p) {
    size_t at = 0;
    for (size_t i = 1; i < PAGES; i++)
        if (p->page[i].used < p->page[at].used)
            at = i;
    p->last = at;
    return &p->page[at];
}

/* The offset is inside the input. */
static ex_code load(struct parser_run *run, struct pages *p, unsigned input, uint64_t offset,
                    struct page **ret, struct ex_error *err) {
    struct page *g = oldest(p);
    uint64_t from = offset - offset % PAGE_BYTES, left = parser_input_size(run, input) - from;
    size_t size = left < PAGE_BYTES ? (size_t)left : PAGE_BYTES;
    g->used = 0;
    if (g->data == NULL)
        EX_TRY(ex_alloc(PAGE_BYTES, 1, PAGE_BYTES, "a page of a table", &g->data, err));
    EX_TRY(parser_read(run, input, from, g->data, size, err));
    g->input = input;
    g->offset = from;
    g->size_bytes = size;
    g->used = ++p->clock;
    *ret = g;
    return EX_OK;
}

ex_code pages_read(struct parser_run *run, struct pages *p, unsigned input, uint64_t offset,
                   void *to, size_t size_bytes, struct ex_error *err) {
    uint8_t *at = to;
    uint64_t size = parser_input_size(run, input);
    if (offset > size || size_bytes > size - offset)
        return ex_fail(err, EX_FORMAT, "byte %llu is behind the end of the file (%llu bytes)",
                       (unsigned long long)(offset + size_bytes), (unsigned long long)size);
    for (size_t part; size_bytes > 0; size_bytes -= part, at += part, offset += part) {
        struct page *g = find(p, input, offset);
        /* Where a whole page does not come, what is wanted of it may. */
        if (g == NULL && load(run, p, input, offset, &g, NULL) != EX_OK)
            return parser_read(run, input, offset, at, size_bytes, err);
        size_t within = (size_t)(offset - g->offset);
        part = g->size_bytes - within < size_bytes ? g->size_bytes - within : size_bytes;
        memcpy(at, g->data + within, part);
        g->used = ++p->clock;
    }
    return EX_OK;
}

void pages_clear(struct pages *p) {
    for (size_t i = 0; i < PAGES; i++)
        free(p->page[i].data);
    *p = (struct pages){0};
}
