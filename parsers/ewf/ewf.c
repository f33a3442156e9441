/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/ewf/ewf_internal.h"

static void ewf_close(void *state) {
    struct ewf *e = state;
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->table_count; i++)
        ewf_free_table(e, &e->table[i]);
    free(e->table);
    free(e->bad);
    free(e->chunk);
    free(e);
}
EX_DEFINE_AUTO(struct ewf, ewf_close);

/* ---- what the content does not have ---- */

static int by_sector(const void *a, const void *b) {
    const struct ewf_bad *x = a, *y = b;
    return x->sector < y->sector ? -1 : x->sector > y->sector;
}

/* Sectors that the image itself lists, as far as they lie in [at, end) of the content. */
static ex_code tell_listed(struct parser_run *run, const struct ewf *e, size_t *next, uint64_t at,
                           uint64_t end, struct ex_error *err) {
    for (; *next < e->bad_count; ++*next) {
        uint64_t from = e->bad[*next].sector * e->sector_bytes;
        uint64_t to = from + e->bad[*next].count * e->sector_bytes;
        from = from > at ? from : at;
        if (from >= end)
            return EX_OK;
        if (to > from)
            EX_TRY(parser_range(run, PARSER_UNREADABLE, from, (to < end ? to : end) - from, err));
        at = to > at ? to : at;
        if (to > end)
            return EX_OK; /* the rest of it behind what is missing there */
    }
    return EX_OK;
}

/* What no table holds, and between that what the image says of its sectors. */
static ex_code tell_ranges(struct parser_run *run, struct ewf *e, struct ex_error *err) {
    uint64_t at = 0;
    size_t next = 0;
    if (e->bad_count > 0)
        qsort(e->bad, e->bad_count, sizeof *e->bad, by_sector);
    for (size_t i = 0; at < e->size_bytes; i++) {
        const struct ewf_table *t = i < e->table_count ? &e->table[i] : NULL;
        uint64_t from = t == NULL ? e->size_bytes : t->first * e->chunk_bytes;
        uint64_t end = t == NULL ? e->size_bytes : from + t->count * e->chunk_bytes;
        if (from > at)
            EX_TRY(parser_range(run, PARSER_DAMAGED, at, from - at, err));
        end = end < e->size_bytes ? end : e->size_bytes;
        EX_TRY(tell_listed(run, e, &next, from, end, err));
        at = end;
    }
    return EX_OK;
}

static ex_code tell_rest(struct parser_run *run, struct ewf *e, struct ex_error *err) {
    static const struct {
        uint8_t type;
        const char *name;
    } MEDIA[] = {{0, "removable"}, {1, "fixed"}, {3, "optical"}, {14, "logical"}, {16, "memory"}};
    for (size_t i = 0; i < sizeof MEDIA / sizeof MEDIA[0]; i++)
        if (MEDIA[i].type == e->media_type)
            EX_TRY(parser_fact(run, "media-type", MEDIA[i].name, strlen(MEDIA[i].name), err));
    EX_TRY(parser_fact_number(run, "sector-bytes", e->sector_bytes, err));
    EX_TRY(parser_fact_number(run, "chunk-bytes", e->chunk_bytes, err));
    return parser_fact_number(run, "chunks", e->chunks, err);
}

static ex_code ewf_open(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                        struct ex_error *err) {
    EX_AUTO(ewf_close) struct ewf *e = ex_new0(struct ewf);
    EX_TRY(ewf_read_segments(run, e, err));
    uint64_t wanted = ewf_chunks_wanted(e);
    if (e->chunks > wanted)
        return ex_fail(err, EX_FORMAT,
                       "the image holds %llu chunks, and says that it has %llu sectors, which "
                       "are %llu",
                       (unsigned long long)e->chunks, (unsigned long long)e->sectors,
                       (unsigned long long)wanted);
    if (e->chunks_announced != wanted)
        EX_TRY(ewf_warn(run, e, err, "the volume section announces %llu chunks instead of %llu",
                        (unsigned long long)e->chunks_announced, (unsigned long long)wanted));
    EX_TRY(tell_rest(run, e, err));
    EX_TRY(tell_ranges(run, e, err));
    EX_TRY(
        ex_alloc((size_t)e->chunk_bytes + 64, 1, CHUNK_BYTES_MAX + 64, "a chunk", &e->chunk, err));
    *ret_size_bytes = e->size_bytes;
    *ret_state = ex_steal(&e);
    return EX_OK;
}

const struct parser ewf_parser = {
    .name = "ewf", .version = 3, .open = ewf_open, .read = ewf_read_content, .close = ewf_close};
