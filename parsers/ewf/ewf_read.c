/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks: zlib streams, or bytes with a checksum behind them. */
#include "parsers/ewf/ewf_internal.h"

static ex_code read_plain(struct ewf *e, const uint8_t *data, size_t stored, size_t size,
                          struct ex_error *err) {
    if (stored != size + 4)
        return ex_fail(err, EX_FORMAT, "it has %zu bytes instead of %zu", stored, size + 4);
    struct ex_cursor c = ex_cursor_make(data + size, 4);
    if (!ewf_sum_is(data, size, ex_cursor_le32(&c)))
        return ex_fail(err, EX_ALTERED, "its checksum does not fit");
    memcpy(e->chunk, data, size);
    return EX_OK;
}

static ex_code read_stored(struct parser_run *run, struct ewf *e, const struct ewf_table *t,
                           uint32_t i, size_t size, struct ex_error *err) {
    uint64_t end = i + 1 < t->count ? t->from + t->offset[i + 1] : t->end;
    uint64_t at = t->from + t->offset[i], stored = end - at;
    bool compressed = (t->compressed[i / 8] >> i % 8 & 1) != 0;
    const uint8_t *data;
    size_t got = 0;
    EX_AUTO_FREE uint8_t *own = NULL;
    if (t->doubtful != NULL && (t->doubtful[i / 8] >> i % 8 & 1) != 0)
        return ex_fail(err, EX_ALTERED, "the table and its copy say different places");
    if (stored > 2 * e->chunk_bytes + 4096)
        return ex_fail(err, EX_FORMAT, "it has %llu stored bytes", (unsigned long long)stored);
    EX_TRY(parser_take(run, t->input, at, (size_t)stored, EWF_MEMORY_MAX, &own, &data, err));
    if (!compressed)
        return read_plain(e, data, (size_t)stored, size, err);
    /* A byte more, so that one that is too long shows. */
    EX_TRY(expand_zlib(&e->inflate, data, (size_t)stored, e->chunk, (size_t)e->chunk_bytes + 1,
                       &got, err));
    return got == size
               ? EX_OK
               : ex_fail(err, EX_FORMAT, "it expands to %zu bytes instead of %zu", got, size);
}

static ex_code load_chunk(struct parser_run *run, struct ewf *e, uint64_t number,
                          struct ex_error *err) {
    const struct ewf_table *t = ewf_find_table(e, number);
    uint64_t left = e->size_bytes - number * e->chunk_bytes;
    size_t size = (size_t)(left < e->chunk_bytes ? left : e->chunk_bytes);
    struct ex_error why = {0};
    ex_code code;
    if (e->chunk_there && e->chunk_number == number)
        return EX_OK;
    e->chunk_there = false;
    if (t == NULL)
        code = ex_fail(&why, EX_MISSING, "no segment holds it");
    else
        code = read_stored(run, e, t, (uint32_t)(number - t->first), size, &why);
    if (code != EX_OK)
        return ex_fail(err, code, "chunk %llu, at byte %llu of the content: %s",
                       (unsigned long long)number, (unsigned long long)(number * e->chunk_bytes),
                       why.text);
    e->chunk_number = number;
    e->chunk_there = true;
    return EX_OK;
}

ex_code ewf_read_content(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                         size_t size_bytes, struct ex_error *err) {
    struct ewf *e = state;
    for (size_t part; size_bytes > 0; size_bytes -= part, to += part, offset += part) {
        size_t at = (size_t)(offset % e->chunk_bytes);
        part = (size_t)e->chunk_bytes - at;
        part = part < size_bytes ? part : size_bytes;
        EX_TRY(load_chunk(run, e, offset / e->chunk_bytes, err));
        memcpy(to, e->chunk + at, part);
    }
    return EX_OK;
}
