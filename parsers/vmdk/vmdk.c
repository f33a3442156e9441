/* SPDX-License-Identifier: Apache-2.0 */
/* Extents, one behind the other. One that is missing or cannot be read is a gap. */
#include "parsers/vmdk/vmdk_internal.h"

#include <stdio.h>
#include <strings.h>

static const char FIRST_LINE[] = "# Disk DescriptorFile";

static void vmdk_close(void *state) {
    struct vmdk *v = state;
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->count; i++) {
        free(v->extent[i].name);
        vmdk_sparse_free(v->extent[i].sparse);
    }
    free(v->extent);
    pages_clear(&v->tables);
    free(v);
}
EX_DEFINE_AUTO(struct vmdk, vmdk_close);

/* ---- the descriptor ---- */

static ex_code read_text(struct parser_run *run, struct vmdk *v, uint64_t at, uint64_t size_bytes,
                         struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    if (size_bytes > VMDK_DESCRIPTOR_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a descriptor of %llu bytes", (unsigned long long)size_bytes);
    EX_TRY(ex_alloc((size_t)size_bytes + 1, 1, VMDK_DESCRIPTOR_BYTES_MAX + 1, "a descriptor", &text,
                    err));
    EX_TRY(parser_read(run, 0, at, text, (size_t)size_bytes, err));
    if (strncasecmp(text, FIRST_LINE, sizeof FIRST_LINE - 1) != 0)
        return ex_fail(err, EX_FORMAT, "there is no descriptor at byte %llu",
                       (unsigned long long)at);
    return vmdk_read_descriptor(v, text, (size_t)size_bytes, err);
}

/* A sparse file that says nothing of a disk is taken as the whole of it. */
static ex_code take_alone(struct parser_run *run, struct vmdk *v, uint64_t size_bytes,
                          struct ex_error *err) {
    struct vmdk_extent x = {.kind = VMDK_SPARSE, .type = "SPARSE", .size_bytes = size_bytes};
    EX_TRY(ex_grow(&v->extent, &v->capacity, 1, sizeof x, sizeof x * VMDK_EXTENTS_MAX, "extents",
                   err));
    v->extent[v->count++] = x;
    v->size_bytes = size_bytes;
    return parser_warn(run, &v->warnings, err,
                       "it has no descriptor: it may be one extent of several");
}

static ex_code read_own(struct parser_run *run, struct vmdk *v, struct ex_error *err) {
    EX_AUTO(vmdk_sparse_free) struct vmdk_sparse *s = NULL;
    EX_TRY(vmdk_sparse_open(run, v, 0, &s, err));
    if (s->descriptor_at == 0)
        EX_TRY(take_alone(run, v, s->capacity_bytes, err));
    else if (s->descriptor_at > INT64_MAX / VMDK_SECTOR_BYTES ||
             s->descriptor_bytes > INT64_MAX / VMDK_SECTOR_BYTES)
        return ex_fail(err, EX_FORMAT, "its descriptor would be at sector %llu",
                       (unsigned long long)s->descriptor_at);
    else
        EX_TRY(read_text(run, v, s->descriptor_at * VMDK_SECTOR_BYTES,
                         s->descriptor_bytes * VMDK_SECTOR_BYTES, err));
    if (v->extent[0].kind != VMDK_SPARSE)
        return ex_fail(err, EX_FORMAT, "a sparse file whose descriptor says %s", v->extent[0].type);
    v->extent[0].sparse = ex_steal(&s);
    return EX_OK;
}

static ex_code read_first(struct parser_run *run, struct vmdk *v, struct ex_error *err) {
    uint8_t magic[4];
    EX_TRY(parser_read(run, 0, 0, magic, sizeof magic, err));
    if (memcmp(magic, "KDMV", 4) == 0 || memcmp(magic, "COWD", 4) == 0)
        return read_own(run, v, err);
    if (memcmp(magic, "# Di", 4) != 0 && memcmp(magic, "# di", 4) != 0)
        return ex_fail(err, EX_FORMAT, "it does not begin as a VMDK image");
    return read_text(run, v, 0, parser_input_size(run, 0), err);
}

static ex_code refuse_layer(const struct vmdk *v, struct ex_error *err) {
    if (v->parent_id[0] == '\0' || strcasecmp(v->parent_id, "ffffffff") == 0)
        return EX_OK;
    return ex_fail(err, EX_UNSUPPORTED,
                   "this image is only a layer: what was not changed stands in its parent "
                   "\"%.90s\", which is not followed",
                   v->parent_name);
}

/* ---- extents ---- */

static ex_code open_extent(struct parser_run *run, struct vmdk *v, struct vmdk_extent *x,
                           struct ex_error *err) {
    char name[VMDK_NAME_BYTES_MAX + 8];
    if (x->kind == VMDK_ZERO || x->sparse != NULL)
        return EX_OK;
    if (x->kind == VMDK_OTHER)
        return ex_fail(err, EX_UNSUPPORTED, "extents of type %s are not read", x->type);
    (void)snprintf(name, sizeof name, "file %s", x->name);
    EX_TRY(parser_input_named(run, name, &x->input, err));
    return x->kind == VMDK_SPARSE ? vmdk_sparse_open(run, v, x->input, &x->sparse, err) : EX_OK;
}

/* Bytes of its file behind the last extent that lies in it. */
static uint64_t bytes_behind(const struct vmdk *v, const struct vmdk_extent *x,
                             uint64_t file_bytes) {
    uint64_t end = x->at + x->size_bytes;
    for (size_t i = 0; i < v->count; i++) {
        const struct vmdk_extent *o = &v->extent[i];
        bool later = o->at + o->size_bytes > end || (o->at + o->size_bytes == end && o > x);
        if (o->kind == VMDK_FLAT && later && strcmp(o->name, x->name) == 0)
            return 0;
    }
    return end < file_bytes ? file_bytes - end : 0;
}

static ex_code survey_flat(struct parser_run *run, struct vmdk *v, struct vmdk_extent *x,
                           struct gaps *gaps, uint64_t *allocated, struct ex_error *err) {
    uint64_t file_bytes = parser_input_size(run, x->input);
    uint64_t there = x->at < file_bytes ? file_bytes - x->at : 0;
    uint64_t behind = bytes_behind(v, x, file_bytes);
    there = there < x->size_bytes ? there : x->size_bytes;
    *allocated += there;
    if (there < x->size_bytes)
        EX_TRY(parser_warn(run, &v->warnings, err,
                           "the extent \"%.100s\" has %llu bytes instead of %llu", x->name,
                           (unsigned long long)there, (unsigned long long)x->size_bytes));
    if (behind > 0)
        EX_TRY(parser_warn(run, &v->warnings, err,
                           "the file \"%.100s\" has %llu bytes behind its extent, which are not "
                           "part of the disk and were not read",
                           x->name, (unsigned long long)behind));
    return gaps_add(run, gaps, PARSER_DAMAGED, x->from + there, x->size_bytes - there, err);
}

static ex_code lose_extent(struct parser_run *run, struct vmdk *v, struct vmdk_extent *x,
                           const struct ex_error *why, struct gaps *gaps, struct ex_error *err) {
    x->code = why->code;
    (void)snprintf(x->why, sizeof x->why, "%.159s", why->text);
    EX_TRY(parser_warn(run, &v->warnings, err, "the extent \"%.60s\" cannot be read: %.140s",
                       x->name == NULL ? "" : x->name, why->text));
    return gaps_add(run, gaps, PARSER_DAMAGED, x->from, x->size_bytes, err);
}

static ex_code take_extent(struct parser_run *run, struct vmdk *v, struct vmdk_extent *x,
                           struct gaps *gaps, uint64_t *allocated, struct ex_error *err) {
    struct ex_error why = {0};
    ex_code code = open_extent(run, v, x, &why);
    if (code == EX_NOMEM || code == EX_LIMIT || code == EX_INTERNAL)
        return ex_fail(err, code, "%s", why.text);
    if (code != EX_OK)
        return lose_extent(run, v, x, &why, gaps, err);
    if (x->kind == VMDK_FLAT)
        return survey_flat(run, v, x, gaps, allocated, err);
    return x->kind == VMDK_ZERO ? EX_OK
                                : vmdk_sparse_survey(run, x->sparse, x, gaps, allocated, err);
}

static ex_code take_extents(struct parser_run *run, struct vmdk *v, struct ex_error *err) {
    struct gaps gaps = {0};
    uint64_t allocated = 0;
    size_t lost = 0;
    for (size_t i = 0; i < v->count; i++) {
        EX_TRY(take_extent(run, v, &v->extent[i], &gaps, &allocated, err));
        lost += v->extent[i].code != EX_OK;
    }
    if (lost == v->count)
        return ex_fail(err, v->extent[0].code, "no extent can be read, the first because: %s",
                       v->extent[0].why);
    EX_TRY(gaps_end(run, &gaps, err));
    return parser_fact_number(run, "allocated-bytes", allocated, err);
}

/* ---- opening, reading ---- */

static ex_code tell(struct parser_run *run, const struct vmdk *v, struct ex_error *err) {
    uint64_t piece = VMDK_SECTOR_BYTES; /* extents begin where they like */
    if (v->create_type[0] != '\0')
        EX_TRY(parser_fact(run, "create-type", v->create_type, strlen(v->create_type), err));
    if (v->id[0] != '\0')
        EX_TRY(parser_fact(run, "content-id", v->id, strlen(v->id), err));
    EX_TRY(parser_fact_number(run, "extents", v->count, err));
    if (v->count == 1 && v->extent[0].sparse != NULL)
        piece = v->extent[0].sparse->content.chunk_bytes;
    return parser_fact_number(run, "chunk-bytes", piece, err);
}

static ex_code vmdk_open(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                         struct ex_error *err) {
    EX_AUTO(vmdk_close) struct vmdk *v = ex_new0(struct vmdk);
    EX_TRY(read_first(run, v, err));
    EX_TRY(refuse_layer(v, err));
    EX_TRY(take_extents(run, v, err));
    EX_TRY(tell(run, v, err));
    *ret_size_bytes = v->size_bytes;
    *ret_state = ex_steal(&v);
    return EX_OK;
}

/* Only one grain is kept in memory, however many extents there are. */
static ex_code read_sparse(struct parser_run *run, struct vmdk *v, struct vmdk_extent *x,
                           uint64_t within, uint8_t *to, size_t size_bytes, struct ex_error *err) {
    struct chunked *c = &x->sparse->content;
    if (within > c->size_bytes || size_bytes > c->size_bytes - within)
        return ex_fail(err, EX_FORMAT, "byte %llu of the content is behind the end of its extent",
                       (unsigned long long)(x->from + c->size_bytes));
    if (v->last != NULL && v->last != c)
        chunked_clear(v->last);
    v->last = c;
    return chunked_read(run, c, within, to, size_bytes, err);
}

static ex_code read_extent(struct parser_run *run, struct vmdk *v, struct vmdk_extent *x,
                           uint64_t within, uint8_t *to, size_t size_bytes, struct ex_error *err) {
    if (x->code != EX_OK)
        return ex_fail(err, x->code, "the extent at byte %llu of the content: %s",
                       (unsigned long long)x->from, x->why);
    if (x->kind == VMDK_FLAT)
        return parser_read(run, x->input, x->at + within, to, size_bytes, err);
    if (x->kind == VMDK_SPARSE)
        return read_sparse(run, v, x, within, to, size_bytes, err);
    memset(to, 0, size_bytes);
    return EX_OK;
}

/* The last extent that begins at the offset or before it. */
static size_t extent_at(const struct vmdk *v, uint64_t offset) {
    size_t low = 0, high = v->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (v->extent[middle].from <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static ex_code vmdk_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                         size_t size_bytes, struct ex_error *err) {
    struct vmdk *v = state;
    for (size_t part; size_bytes > 0; size_bytes -= part, to += part, offset += part) {
        struct vmdk_extent *x = &v->extent[extent_at(v, offset)];
        uint64_t within = offset - x->from, left = x->size_bytes - within;
        part = left < size_bytes ? (size_t)left : size_bytes;
        EX_TRY(read_extent(run, v, x, within, to, part, err));
    }
    return EX_OK;
}

const struct parser vmdk_parser = {
    .name = "vmdk", .version = 2, .open = vmdk_open, .read = vmdk_read, .close = vmdk_close};
