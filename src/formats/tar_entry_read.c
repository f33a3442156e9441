/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of a folder, read as it comes: format/folder §2, §3. */
#include "formats/tar_entry_internal.h"

enum {
    NUMBER_MAX_DIGITS = 19,
    MAP_BYTES_MAX = 2 * (NUMBER_MAX_DIGITS + 1) * (TAR_ENTRY_SPARSE_MAX + 1)
};

enum step {
    AT_HEADER,  /* a block */
    AT_RECORDS, /* of an extended header */
    AT_MAP,     /* of a sparse file */
    AT_BYTES,   /* of a file */
    AT_PADDING, /* behind records, map or bytes */
    AT_END      /* nothing but zeros */
};

struct tar_entries {
    struct tar_entry_sink sink;
    enum step step, after_padding;
    ex_code broken;
    uint8_t block[TAR_BLOCK_BYTES];
    size_t have; /* of the block, or of the records */
    unsigned padding;
    bool global;
    bool zero_block; /* the first of the two at the end was there */
    uint8_t *records;
    size_t records_bytes, records_capacity;
    struct tar_entry_parse parse; /* of the entry that is open */
    struct {
        uint64_t number, bytes;
        unsigned digits;
        bool counted;
        uint64_t count; /* of ranges, as it says */
        bool offset_read;
        uint64_t offset;
    } map;
    uint64_t stored_left; /* bytes of the member in the stream that are still to come */
    size_t range;         /* of the entry's data */
    uint64_t range_done;
};

ex_code tar_entries_new(const struct tar_entry_sink *sink, struct tar_entries **ret,
                        struct ex_error *err) {
    struct tar_entries *t;
    EX_TRY(ex_alloc(1, sizeof *t, sizeof *t, "a reader of folders", &t, err));
    t->sink = *sink;
    *ret = t;
    return EX_OK;
}

void tar_entries_free(struct tar_entries *t) {
    if (t == NULL)
        return;
    tar_entry_parse_clear(&t->parse);
    free(t->records);
    free(t);
}

static ex_code damaged(const char *what, struct ex_error *err) {
    return ex_fail(err, EX_FORMAT, "the stream of the folder %s", what);
}

/* ---- headers ---- */

static void pad(struct tar_entries *t, uint64_t bytes, enum step after) {
    t->padding = tar_padding(bytes);
    t->after_padding = after;
    t->step = AT_PADDING;
}

static ex_code end_entry(struct tar_entries *t, struct ex_error *err) {
    EX_TRY(t->sink.end(t->sink.context, err));
    tar_entry_parse_clear(&t->parse);
    t->records_bytes = 0;
    return EX_OK;
}

static ex_code begin_bytes(struct tar_entries *t, struct ex_error *err) {
    uint64_t stored = t->stored_left;
    EX_TRY(tar_entry_parse_check(&t->parse, stored, err));
    EX_TRY(t->sink.begin(t->sink.context, &t->parse.entry, err));
    t->range = 0;
    t->range_done = 0;
    t->step = AT_BYTES;
    if (stored > 0)
        return EX_OK;
    EX_TRY(end_entry(t, err));
    t->step = AT_HEADER;
    return EX_OK;
}

static ex_code take_header(struct tar_entries *t, struct ex_error *err) {
    struct tar_header h;
    if (tar_all_zero(t->block, sizeof t->block)) {
        if (t->records_bytes > 0)
            return damaged("ends behind an extended header", err);
        t->step = t->zero_block ? AT_END : AT_HEADER;
        t->zero_block = true;
        return EX_OK;
    }
    if (t->zero_block)
        return damaged("has one end block where two belong", err);
    EX_TRY(tar_header_parse(t->block, &h, err));
    if (h.type == 'x' || h.type == 'g') {
        if (t->records_bytes > 0)
            return damaged("has an extended header that belongs to nothing", err);
        if (h.size_bytes > TAR_ENTRY_PAX_BYTES_MAX || h.size_bytes == 0)
            return ex_fail(err, EX_LIMIT, "an extended header is empty, or over %d bytes",
                           TAR_ENTRY_PAX_BYTES_MAX);
        EX_TRY(ex_grow(&t->records, &t->records_capacity, (size_t)h.size_bytes, 1,
                       TAR_ENTRY_PAX_BYTES_MAX, "an extended header", err));
        t->records_bytes = (size_t)h.size_bytes;
        t->global = h.type == 'g';
        t->step = AT_RECORDS;
        return EX_OK;
    }
    EX_TRY(tar_entry_parse_all(&t->parse, &h, t->block, t->records, t->records_bytes,
                               &t->stored_left, err));
    memset(&t->map, 0, sizeof t->map);
    t->step = AT_MAP;
    return t->parse.entry.sparse ? EX_OK : begin_bytes(t, err);
}

static ex_code take_records(struct tar_entries *t, struct ex_error *err) {
    size_t size = t->records_bytes;
    if (t->global) {
        EX_TRY(tar_entry_check_global(t->records, size, err));
        t->records_bytes = 0;
    }
    pad(t, size, AT_HEADER);
    return EX_OK;
}

/* ---- the map of a sparse file ---- */

static ex_code take_number(struct tar_entries *t, uint64_t n, struct ex_error *err) {
    struct tar_entry_parse *p = &t->parse;
    if (!t->map.counted) {
        t->map.counted = true;
        t->map.count = n;
        return n <= TAR_ENTRY_SPARSE_MAX
                   ? EX_OK
                   : ex_fail(err, EX_LIMIT, "a sparse file has over %d ranges",
                             TAR_ENTRY_SPARSE_MAX);
    }
    if (!t->map.offset_read) {
        t->map.offset = n;
        t->map.offset_read = true;
        return EX_OK;
    }
    t->map.offset_read = false;
    return tar_entry_parse_range(p, t->map.offset, n, err);
}

static bool map_done(const struct tar_entries *t) {
    return t->map.counted && !t->map.offset_read && t->parse.data_count == t->map.count;
}

/* Byte by byte: a map has no length but its own count. */
static ex_code feed_map(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                        size_t *ret_used, struct ex_error *err) {
    size_t i = 0;
    while (i < size_bytes && !(map_done(t) && t->map.digits == 0)) {
        uint8_t ch = data[i++];
        if (t->stored_left == 0 || t->map.bytes++ > MAP_BYTES_MAX)
            return damaged("has a map of a sparse file that does not end", err);
        t->stored_left--;
        if (ch == '\n' && t->map.digits > 0) {
            t->map.digits = 0;
            EX_TRY(take_number(t, t->map.number, err));
            t->map.number = 0;
        } else if (ch >= '0' && ch <= '9' && t->map.digits++ < NUMBER_MAX_DIGITS)
            t->map.number = t->map.number * 10 + (uint64_t)(ch - '0');
        else
            return damaged("has a damaged map of a sparse file", err);
    }
    *ret_used = i;
    if (map_done(t)) {
        unsigned padding = tar_padding(t->map.bytes);
        if (t->stored_left < padding)
            return damaged("has a map of a sparse file that does not end", err);
        t->stored_left -= padding;
        pad(t, t->map.bytes, AT_BYTES);
    }
    return EX_OK;
}

/* ---- bytes ---- */

static ex_code give_bytes(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                          struct ex_error *err) {
    const struct tar_entry *e = &t->parse.entry;
    if (!e->sparse) {
        uint64_t at = t->range_done;
        t->range_done += size_bytes;
        return t->sink.data(t->sink.context, at, data, size_bytes, err);
    }
    while (size_bytes > 0 && t->range < e->data_count) {
        const struct tar_entry_range *r = &e->data[t->range];
        uint64_t left = r->length - t->range_done;
        size_t part = size_bytes < left ? size_bytes : (size_t)left;
        if (part > 0)
            EX_TRY(t->sink.data(t->sink.context, r->offset + t->range_done, data, part, err));
        data += part;
        size_bytes -= part;
        t->range_done += part;
        if (t->range_done == r->length) {
            t->range++;
            t->range_done = 0;
        }
    }
    return EX_OK; /* that the ranges are as long as what is stored was checked before */
}

static ex_code feed_bytes(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                          size_t *ret_used, struct ex_error *err) {
    size_t part = size_bytes < t->stored_left ? size_bytes : (size_t)t->stored_left;
    EX_TRY(give_bytes(t, data, part, err));
    t->stored_left -= part;
    *ret_used = part;
    if (t->stored_left > 0)
        return EX_OK;
    pad(t, t->parse.stored_bytes, AT_HEADER);
    return end_entry(t, err);
}

/* ---- the stream ---- */

/* Collects a block, or the records; EX_OK and *ret_full once all of it is there. */
static void collect(struct tar_entries *t, uint8_t *to, size_t want, const uint8_t *data,
                    size_t size_bytes, size_t *ret_used, bool *ret_full) {
    size_t part = size_bytes < want - t->have ? size_bytes : want - t->have;
    memcpy(to + t->have, data, part);
    t->have += part;
    *ret_used = part;
    *ret_full = t->have == want;
    if (*ret_full)
        t->have = 0;
}

static ex_code feed_padding(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                            size_t *ret_used, struct ex_error *err) {
    size_t part = size_bytes < t->padding ? size_bytes : t->padding;
    if (!tar_all_zero(data, part))
        return damaged("hides bytes behind a file", err);
    t->padding -= (unsigned)part;
    *ret_used = part;
    if (t->padding > 0)
        return EX_OK;
    t->step = t->after_padding;
    return t->step == AT_BYTES ? begin_bytes(t, err) : EX_OK;
}

static ex_code feed_some(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                         size_t *ret_used, struct ex_error *err) {
    bool full = false;
    switch (t->step) {
    case AT_HEADER:
        collect(t, t->block, sizeof t->block, data, size_bytes, ret_used, &full);
        return full ? take_header(t, err) : EX_OK;
    case AT_RECORDS:
        collect(t, t->records, t->records_bytes, data, size_bytes, ret_used, &full);
        return full ? take_records(t, err) : EX_OK;
    case AT_MAP:
        return feed_map(t, data, size_bytes, ret_used, err);
    case AT_BYTES:
        return feed_bytes(t, data, size_bytes, ret_used, err);
    case AT_PADDING:
        return feed_padding(t, data, size_bytes, ret_used, err);
    case AT_END:
    default:
        return damaged("has bytes behind its end", err);
    }
}

/* What needs no byte: padding of none. */
static ex_code settle(struct tar_entries *t, struct ex_error *err) {
    size_t used;
    if (t->step == AT_PADDING && t->padding == 0)
        return feed_padding(t, t->block, 0, &used, err);
    return EX_OK;
}

static ex_code feed(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                    struct ex_error *err) {
    EX_TRY(settle(t, err));
    while (size_bytes > 0) {
        size_t used = 0;
        EX_TRY(feed_some(t, data, size_bytes, &used, err));
        data += used;
        size_bytes -= used;
        EX_TRY(settle(t, err));
    }
    return EX_OK;
}

ex_code tar_entries_feed(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                         struct ex_error *err) {
    if (t->broken != EX_OK)
        return ex_fail(err, t->broken, "the stream of the folder was refused before");
    t->broken = feed(t, data, size_bytes, err);
    return t->broken;
}

ex_code tar_entries_finish(struct tar_entries *t, struct ex_error *err) {
    if (t->broken != EX_OK)
        return ex_fail(err, t->broken, "the stream of the folder was refused before");
    if (t->step == AT_END)
        return EX_OK;
    t->broken = EX_ALTERED;
    return ex_fail(err, EX_ALTERED, "the stream of the folder was cut short");
}
