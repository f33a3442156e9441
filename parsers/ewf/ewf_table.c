/* SPDX-License-Identifier: Apache-2.0 */
/* Where the chunks are. A table gives offsets alone: a chunk ends where the next one begins, the
 * last one with the section. */
#include "parsers/ewf/ewf_internal.h"

enum { COMPRESSED_BIT = 31 };
#define OFFSET_MASK UINT32_C(0x7FFFFFFF)

static size_t table_bytes(const struct ewf_table *t) {
    return (size_t)t->count * 4 + (t->count + 7) / 8;
}

void ewf_free_table(struct ewf *e, struct ewf_table *t) {
    if (t->compressed != NULL)
        e->memory_bytes -= table_bytes(t);
    free(t->offset);
    free(t->compressed);
    free(t->doubtful);
    t->offset = NULL;
    t->compressed = t->doubtful = NULL;
}

const struct ewf_table *ewf_find_table(const struct ewf *e, uint64_t chunk) {
    size_t low = 0, high = e->table_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ewf_table *t = &e->table[middle];
        if (chunk < t->first)
            high = middle;
        else if (chunk - t->first >= t->count)
            low = middle + 1;
        else
            return t;
    }
    return NULL;
}

/* Offsets are of 31 bits, and of an image in one large segment they begin anew after 2 GiB; some
 * writers go on with 32 bits instead, and then nothing is compressed any more. Chunks follow one
 * another, so the first place not before the last one is meant. */
static uint64_t place_of(const struct ewf_table *t, uint32_t entry, uint64_t base, uint64_t after,
                         bool *overflown, bool *ret_compressed) {
    uint64_t place = base + (entry & OFFSET_MASK);
    *ret_compressed = entry >> COMPRESSED_BIT != 0;
    if (*overflown ||
        (place < after && *ret_compressed && base + entry > after && base + entry < t->end)) {
        *overflown = true;
        *ret_compressed = false;
        return base + entry;
    }
    while (place < after && t->end - place > OFFSET_MASK)
        place += (uint64_t)OFFSET_MASK + 1;
    return place;
}

static ex_code take_entries(struct ewf_table *t, const uint8_t *entries, uint64_t base,
                            struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(entries, (size_t)t->count * 4);
    uint64_t after = t->from;
    bool overflown = false;
    for (uint32_t i = 0; i < t->count; i++) {
        bool compressed;
        uint64_t place = place_of(t, ex_cursor_le32(&c), base, after, &overflown, &compressed);
        if (place < after || place >= t->end || place - t->from > UINT32_MAX)
            return ex_fail(err, EX_FORMAT,
                           "chunk %u of the table is at byte %llu, outside its section or before "
                           "the one in front of it",
                           i, (unsigned long long)place);
        t->offset[i] = (uint32_t)(place - t->from);
        t->compressed[i / 8] |= (uint8_t)(compressed ? 1 << i % 8 : 0);
        after = place + 1;
    }
    return EX_OK;
}

/* The chunks stand in the sectors section before it; in the oldest images behind the table. */
static ex_code find_chunks(const struct ewf *e, const struct ewf_section *s, struct ewf_table *t,
                           uint64_t entries_end, struct ex_error *err) {
    const struct ewf_section *in = &e->sectors_section;
    bool own = in->data == 0;
    if (!own && in->input != s->input)
        return ex_fail(err, EX_FORMAT, "a table without chunks");
    t->input = s->input;
    t->from = own ? s->data + entries_end : in->data;
    t->end = own ? s->next : in->next;
    return t->from < t->end || t->count == 0 ? EX_OK
                                             : ex_fail(err, EX_FORMAT, "a table without chunks");
}

static ex_code alloc_entries(struct ewf *e, struct ewf_table *t, struct ex_error *err) {
    size_t bytes = table_bytes(t);
    if (bytes > EWF_MEMORY_MAX - e->memory_bytes)
        return ex_fail(err, EX_LIMIT, "the tables of the image are larger than %zu MiB",
                       EWF_MEMORY_MAX >> 20);
    EX_TRY(ex_alloc(t->count + 1, 4, EWF_MEMORY_MAX, "a table", &t->offset, err));
    EX_TRY(ex_alloc((t->count + 7) / 8 + 1, 1, EWF_MEMORY_MAX, "a table", &t->compressed, err));
    e->memory_bytes += bytes;
    return EX_OK;
}

static ex_code read_entries(struct parser_run *run, struct ewf *e, const struct ewf_section *s,
                            struct ewf_table *t, struct ex_error *err) {
    uint8_t head[TABLE_HEADER_BYTES];
    EX_AUTO_FREE uint8_t *entries = NULL;
    if (s->data_bytes < sizeof head)
        return ex_fail(err, EX_FORMAT, "a table of %llu bytes", (unsigned long long)s->data_bytes);
    EX_TRY(parser_read(run, s->input, s->data, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    t->count = ex_cursor_le32(&c);
    (void)ex_cursor_le32(&c);
    uint64_t base = ex_cursor_le64(&c);
    (void)ex_cursor_le32(&c);
    if (!ewf_sum_is(head, 20, ex_cursor_le32(&c)))
        return ex_fail(err, EX_ALTERED, "the head of a table fails its checksum");
    uint64_t bytes = sizeof head + (uint64_t)t->count * 4;
    if (t->count > TABLE_ENTRIES_MAX || bytes > s->data_bytes)
        return ex_fail(err, EX_FORMAT, "a table of %u entries in %llu bytes", t->count,
                       (unsigned long long)s->data_bytes);
    bool summed = s->data_bytes - bytes >= 4; /* EnCase 1 has no sum behind the entries */
    EX_TRY(ex_alloc((size_t)t->count * 4 + 4, 1, EWF_MEMORY_MAX, "a table", &entries, err));
    EX_TRY(parser_read(run, s->input, s->data + sizeof head, entries,
                       (size_t)t->count * 4 + (summed ? 4 : 0), err));
    c = ex_cursor_make(entries + (size_t)t->count * 4, 4);
    summed = summed && (e->sectors_section.data != 0);
    if (summed && !ewf_sum_is(entries, (size_t)t->count * 4, ex_cursor_le32(&c)))
        return ex_fail(err, EX_ALTERED, "the entries of a table fail their checksum");
    EX_TRY(find_chunks(e, s, t, bytes, err));
    EX_TRY(alloc_entries(e, t, err));
    return take_entries(t, entries, base, err);
}

/* ---- a table and its copy ---- */

static bool bit(const uint8_t *bits, uint32_t i) {
    return (bits[i / 8] >> i % 8 & 1) != 0;
}

/* Where a chunk begins is where the one before it ends. */
static ex_code doubt(struct ewf_table *t, uint32_t i, struct ex_error *err) {
    if (t->doubtful == NULL)
        EX_TRY(ex_alloc((t->count + 7) / 8 + 1, 1, EWF_MEMORY_MAX, "a table", &t->doubtful, err));
    for (uint32_t k = i > 0 ? i - 1 : 0; k <= i; k++)
        t->doubtful[k / 8] |= (uint8_t)(1 << k % 8);
    return EX_OK;
}

/* Both are sound, so nobody can say which of them is right. */
static ex_code hold_against(struct parser_run *run, struct ewf *e, const struct ewf_section *s,
                            struct ewf_table *t, const struct ewf_table *copy,
                            struct ex_error *err) {
    uint64_t differ = 0, first = 0;
    if (copy->count != t->count)
        return ex_fail(err, EX_ALTERED, "a table has %u entries, and its copy %u", t->count,
                       copy->count);
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->offset[i] == copy->offset[i] && bit(t->compressed, i) == bit(copy->compressed, i))
            continue;
        if (differ++ == 0)
            first = t->first + i;
        EX_TRY(doubt(t, i, err));
    }
    return differ == 0 ? EX_OK
                       : ewf_warn(run, e, err,
                                  "segment %u, byte %llu: a table and its copy differ in %llu "
                                  "entries, the first of chunk %llu: what they say is not read",
                                  s->segment, (unsigned long long)s->at, (unsigned long long)differ,
                                  (unsigned long long)first);
}

/* The table before it was good. When the copy has another number of entries, nothing that was
 * taken from the table can stay. */
static ex_code compare_copy(struct parser_run *run, struct ewf *e, const struct ewf_section *s,
                            struct ex_error *err) {
    struct ewf_table *t = e->table_count > 0 ? &e->table[e->table_count - 1] : NULL;
    struct ewf_table copy = {0};
    struct ex_error why = {0};
    if (t == NULL || e->sectors_section.data == 0 || t->input != s->input ||
        t->from != e->sectors_section.data)
        return EX_OK; /* it is no copy of that table */
    ex_code code = read_entries(run, e, s, &copy, &why);
    if (code != EX_OK) {
        ewf_free_table(e, &copy);
        if (code == EX_NOMEM)
            return ex_fail(err, code, "%s", why.text);
        return ewf_warn(run, e, err, "segment %u, byte %llu: the copy of a table: %s", s->segment,
                        (unsigned long long)s->at, why.text);
    }
    code = hold_against(run, e, s, t, &copy, err);
    ewf_free_table(e, &copy);
    if (code == EX_ALTERED) {
        e->chunks -= t->count;
        ewf_free_table(e, t);
        e->table_count--;
    }
    return code;
}

ex_code ewf_read_table(struct parser_run *run, struct ewf *e, const struct ewf_section *s,
                       struct ex_error *err) {
    struct ewf_table t = {.first = e->chunks};
    struct ex_error why = {0};
    bool copy = strcmp(s->type, "table2") == 0;
    if (copy && !e->table_open)
        return compare_copy(run, e, s, err);
    EX_TRY(ex_grow(&e->table, &e->table_capacity, e->table_count + 1, sizeof t, EWF_MEMORY_MAX,
                   "tables", err));
    ex_code code = read_entries(run, e, s, &t, &why);
    if (code == EX_OK) {
        e->table[e->table_count++] = t;
        e->chunks += t.count;
        e->table_open = false;
        return EX_OK;
    }
    ewf_free_table(e, &t);
    if ((code != EX_ALTERED && code != EX_FORMAT) || copy) {
        if (err != NULL)
            *err = why;
        return code;
    }
    e->table_open = true;
    return ewf_warn(run, e, err, "segment %u, byte %llu: %s; its copy is looked for", s->segment,
                    (unsigned long long)s->at, why.text);
}
