/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite (fileformat2): as many pages as the head says, if every tree in them can be walked. */
#include "parsers/carve/carve_internal.h"

enum {
    HEAD_BYTES = 100,
    PAGE_INDEX_BRANCH = 2,
    PAGE_BRANCH = 5,
    PAGE_INDEX = 10,
    PAGE_LEAF = 13,
    DEPTH_MAX = 24,
    ROW_BYTES_MAX = 64, /* of a row of the schema: what stands before its root */
    ROOT_FIELD = 3
};

struct database {
    struct carving *c;
    uint64_t at;
    uint32_t page_bytes, pages;
    uint64_t walked; /* pages: of a tree that holds together, each is met once */
    bool schema;     /* the tree that is walked names others */
    uint32_t *roots;
    size_t roots_count, roots_room;
};

static bool walk_tree(struct database *d, uint32_t page, unsigned depth);

static bool take_varint(struct ex_cursor *k, uint64_t *ret) {
    *ret = 0;
    for (unsigned i = 0; i < 9; i++) {
        uint8_t byte = ex_cursor_u8(k);
        *ret = i == 8 ? *ret << 8 | byte : *ret << 7 | (byte & 0x7FU);
        if (i == 8 || (byte & 0x80) == 0)
            return !k->overrun;
    }
    return false;
}

static uint64_t field_bytes(uint64_t type) {
    static const uint8_t SIZES[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
    return type < sizeof SIZES ? SIZES[type] : (type - 12) / 2;
}

/* The fourth field of a row of the schema: type, name, table, root. */
static bool take_root(struct database *d, uint64_t at, uint64_t end) {
    struct ex_cursor k;
    uint64_t payload, row, head, skip = 0, type = 0, root = 0;
    size_t size = end - at < ROW_BYTES_MAX ? (size_t)(end - at) : (size_t)ROW_BYTES_MAX;
    if (size == 0 || !carve_get(d->c, at, size, &k) || !take_varint(&k, &payload) ||
        !take_varint(&k, &row))
        return false;
    uint64_t record = at + k.pos;
    if (!take_varint(&k, &head) || head > payload || head > ROW_BYTES_MAX)
        return false;
    for (unsigned i = 0; i <= ROOT_FIELD; i++) {
        skip += i > 0 ? field_bytes(type) : 0;
        if (!take_varint(&k, &type))
            return false;
    }
    uint64_t bytes = field_bytes(type);
    if (type > 9 || skip > d->page_bytes || (bytes > 0 && record + head + skip + bytes > end))
        return type == 0 || skip > d->page_bytes; /* a view; or on a page of its own */
    if (type == 8 || bytes == 0)
        return true;
    if (!carve_get(d->c, record + head + skip, (size_t)bytes, &k))
        return false;
    while (bytes-- > 0)
        root = root << 8 | ex_cursor_u8(&k);
    if (root == 0)
        return true;
    struct ex_error why;
    if (root > d->pages || ex_grow(&d->roots, &d->roots_room, d->roots_count + 1, sizeof *d->roots,
                                   (size_t)64 << 20, "a schema", &why) != EX_OK)
        return false;
    d->roots[d->roots_count++] = (uint32_t)root;
    return true;
}

struct page {
    uint64_t at, end, cells_at; /* cells_at: their places */
    uint8_t type;
    uint16_t cells;
    uint32_t last; /* of a branch */
};

static bool take_page(struct database *d, uint32_t number, struct page *ret) {
    struct ex_cursor k;
    if (number == 0 || number > d->pages || ++d->walked > d->pages)
        return false;
    uint64_t at = d->at + (uint64_t)(number - 1) * d->page_bytes;
    uint64_t head = at + (number == 1 ? HEAD_BYTES : 0);
    if (!carve_get(d->c, head, 12, &k))
        return false;
    *ret = (struct page){.at = at, .end = at + d->page_bytes, .type = ex_cursor_u8(&k)};
    (void)ex_cursor_le16(&k);
    ret->cells = ex_cursor_be16(&k);
    (void)ex_cursor_bytes(&k, 3);
    ret->last = ex_cursor_be32(&k);
    bool branch = ret->type == PAGE_BRANCH || ret->type == PAGE_INDEX_BRANCH;
    ret->cells_at = head + (branch ? 12 : 8);
    return (branch || ret->type == PAGE_INDEX || ret->type == PAGE_LEAF) &&
           ret->cells_at + 2 * (uint64_t)ret->cells <= ret->end;
}

static bool walk_cell(struct database *d, const struct page *p, unsigned index, unsigned depth) {
    struct ex_cursor k;
    bool branch = p->type == PAGE_BRANCH || p->type == PAGE_INDEX_BRANCH;
    if (!branch && !d->schema)
        return true;
    if (!carve_get(d->c, p->cells_at + 2 * (uint64_t)index, 2, &k))
        return false;
    uint64_t cell = p->at + ex_cursor_be16(&k);
    if (cell < p->cells_at || cell + 4 > p->end)
        return false;
    if (!branch)
        return take_root(d, cell, p->end);
    return carve_get(d->c, cell, 4, &k) && walk_tree(d, ex_cursor_be32(&k), depth + 1);
}

static bool walk_tree(struct database *d, uint32_t number, unsigned depth) {
    struct page p;
    if (depth > DEPTH_MAX || !take_page(d, number, &p))
        return false;
    bool branch = p.type == PAGE_BRANCH || p.type == PAGE_INDEX_BRANCH;
    for (unsigned i = 0; i < p.cells; i++)
        if (!walk_cell(d, &p, i, depth))
            return false;
    return !branch || walk_tree(d, p.last, depth + 1);
}

static bool take_head(struct database *d) {
    struct ex_cursor k;
    if (!carve_get(d->c, d->at, HEAD_BYTES, &k))
        return false;
    (void)ex_cursor_bytes(&k, 16);
    uint16_t bytes = ex_cursor_be16(&k);
    d->page_bytes = bytes == 1 ? 65536 : bytes;
    uint8_t writes = ex_cursor_u8(&k), reads = ex_cursor_u8(&k);
    (void)ex_cursor_u8(&k);
    bool fractions = carve_is(&k, k.pos, "\x40\x20\x20", 3);
    (void)ex_cursor_bytes(&k, 3);
    uint32_t changes = ex_cursor_be32(&k);
    d->pages = ex_cursor_be32(&k);
    (void)ex_cursor_bytes(&k, 60);
    uint32_t valid = ex_cursor_be32(&k);
    return d->page_bytes >= 512 && (d->page_bytes & (d->page_bytes - 1)) == 0 && writes >= 1 &&
           writes <= 2 && reads >= 1 && reads <= 2 && fractions && d->pages > 0 && changes == valid;
}

enum carve_verdict carve_sqlite(struct carving *c, uint64_t at, struct carved *ret) {
    struct database d = {.c = c, .at = at, .schema = true};
    struct page first;
    if (!take_head(&d) || !take_page(&d, 1, &first) ||
        (first.type != PAGE_BRANCH && first.type != PAGE_LEAF))
        return CARVE_NO;
    d.walked = 0;
    ret->expected = (uint64_t)d.pages * d.page_bytes;
    ret->length = d.page_bytes < c->size - at ? d.page_bytes : c->size - at;
    bool sound = ret->expected <= c->size - at && walk_tree(&d, 1, 0);
    d.schema = false;
    for (size_t i = 0; i < d.roots_count && sound; i++)
        sound = walk_tree(&d, d.roots[i], 0);
    free(d.roots);
    if (!sound)
        return CARVE_BEGIN;
    ret->length = ret->expected;
    return CARVE_WHOLE;
}
