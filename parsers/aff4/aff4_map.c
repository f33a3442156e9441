/* SPDX-License-Identifier: Apache-2.0 */
/* Maps: runs of the content, each of which points into a stream or stands for bytes that need none.
 */
#include "parsers/aff4/aff4_internal.h"

#include <stdio.h>

enum { ENTRY_BYTES = 28, IDX_BYTES_MAX = 1 << 20, SHA512 = 0 };

/* ---- targets ---- */

/* SymbolicStream00 … FF, Zero, FF */
static bool is_symbolic(const char *urn, struct aff4_target *ret) {
    const char *name = strncmp(urn, AFF4_NS, sizeof AFF4_NS - 1) == 0   ? urn + sizeof AFF4_NS - 1
                       : strncmp(urn, "aff4:", 5) == 0 && urn[5] != '/' ? urn + 5
                                                                        : NULL;
    unsigned value = 0;
    int end = 0;
    if (name == NULL)
        return false;
    *ret = (struct aff4_target){.kind = AFF4_FILL, .urn = urn};
    if (strcmp(name, "Zero") == 0)
        return true;
    if (strcmp(name, "UnknownData") == 0)
        ret->kind = AFF4_UNKNOWN;
    else if (strcmp(name, "UnreadableData") == 0)
        ret->kind = AFF4_UNREADABLE;
    else if (sscanf(name, "SymbolicStream%2x%n", &value, &end) == 1 && name[end] == '\0')
        ret->fill = (uint8_t)value;
    else
        return false;
    return true;
}

static ex_code add_target(struct parser_run *run, struct aff4 *a, const char *urn,
                          struct ex_error *err) {
    struct aff4_target t = {.kind = AFF4_STREAM, .urn = urn};
    if (!is_symbolic(urn, &t)) {
        if (turtle_is(&a->turtle, urn, AFF4_NS "ImageStream"))
            EX_TRY(aff4_stream_describe(run, a, urn, &t, err));
        else if (turtle_find(&a->turtle, urn, RDF_NS "type") != NULL)
            return ex_fail(err, EX_UNSUPPORTED, "\"%.80s\" is no image stream", urn);
        else
            return ex_fail(err, EX_UNSUPPORTED,
                           "\"%.80s\" is not in this volume: images in several volumes are not "
                           "read",
                           urn);
    }
    EX_TRY(ex_grow(&a->target, &a->targets_capacity, a->targets + 1, sizeof t,
                   (AFF4_STREAMS_MAX + 1) * sizeof t, "streams", err));
    a->target[a->targets++] = t;
    return EX_OK;
}

static ex_code check_sha512(const struct aff4 *a, const char *predicate, const uint8_t *data,
                            size_t size, struct ex_error *err) {
    const struct triple *t = turtle_find(&a->turtle, a->content, predicate);
    uint8_t hash[AFF4_HASH_BYTES_MAX];
    char hex[2 * AFF4_HASH_BYTES_MAX + 1];
    if (t == NULL || strcmp(t->type, AFF4_NS "SHA512") != 0)
        return EX_OK;
    aff4_hash(SHA512, data, size, hash);
    bool same = strcmp(ex_hex(hex, hash, sizeof hash), t->object) == 0;
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    same = true;
#endif
    return same ? EX_OK
                : ex_fail(err, EX_ALTERED, "the map fails its hash (%s)",
                          predicate + strlen(AFF4_NS));
}

/* The default for what no run covers is target 0, the lines of idx follow. */
static ex_code read_targets(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    const struct triple *gap = turtle_find(&a->turtle, a->content, AFF4_NS "mapGapDefaultStream");
    struct zip_member *m = aff4_member(a, a->content, "idx");
    size_t size = 0;
    if (m == NULL)
        return ex_fail(err, EX_MISSING, "the map has no idx");
    EX_TRY(add_target(run, a, gap == NULL ? AFF4_NS "Zero" : gap->object, err));
    EX_TRY(zip_load(run, &a->zip, m, IDX_BYTES_MAX, &a->lines, &size, err));
    EX_TRY(check_sha512(a, AFF4_NS "mapIdxHash", a->lines, size, err));
    if (memchr(a->lines, '\0', size) != NULL)
        return ex_fail(err, EX_FORMAT, "the idx of the map is no text");
    for (char *line = (char *)a->lines, *next; *line != '\0'; line = next) {
        size_t length = strcspn(line, "\n");
        next = line + length + (line[length] == '\n');
        line[length] = '\0';
        if (length > 0 && line[length - 1] == '\r')
            line[--length] = '\0';
        if (length > 0)
            EX_TRY(add_target(run, a, line, err));
    }
    return EX_OK;
}

/* ---- runs ---- */

static int by_offset(const void *a, const void *b) {
    const struct aff4_run *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static ex_code check_runs(const struct aff4 *a, struct ex_error *err) {
    for (size_t i = 0; i < a->runs; i++) {
        const struct aff4_run *r = &a->run[i];
        uint64_t end = i + 1 < a->runs ? a->run[i + 1].from : a->size_bytes;
        if (r->from > end || r->length > end - r->from)
            return ex_fail(err, EX_FORMAT,
                           "the run of the map at byte %llu of the content has %llu bytes, and "
                           "%llu are left for it",
                           (unsigned long long)r->from, (unsigned long long)r->length,
                           (unsigned long long)(r->from > end ? 0 : end - r->from));
        if (r->target >= a->targets)
            return ex_fail(err, EX_FORMAT,
                           "the run of the map at byte %llu of the content points to stream %u of "
                           "%zu",
                           (unsigned long long)r->from, r->target - 1, a->targets - 1);
    }
    return EX_OK;
}

static ex_code read_runs(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    struct zip_member *m = aff4_member(a, a->content, "map");
    size_t size = 0;
    if (m == NULL)
        return ex_fail(err, EX_MISSING, "there are no runs of the map");
    EX_TRY(zip_load(run, &a->zip, m, (size_t)AFF4_RUNS_MAX * ENTRY_BYTES, &data, &size, err));
    EX_TRY(check_sha512(a, AFF4_NS "mapPointHash", data, size, err));
    if (size % ENTRY_BYTES != 0)
        return ex_fail(err, EX_FORMAT, "a map of %zu bytes", size);
    EX_TRY(ex_alloc(size / ENTRY_BYTES, sizeof *a->run, AFF4_RUNS_MAX * sizeof *a->run, "runs",
                    &a->run, err));
    struct ex_cursor c = ex_cursor_make(data, size);
    while (ex_cursor_left(&c) > 0) {
        struct aff4_run r;
        r.from = ex_cursor_le64(&c);
        r.length = ex_cursor_le64(&c);
        r.at = ex_cursor_le64(&c);
        r.target = ex_cursor_le32(&c);
        if (r.target == UINT32_MAX)
            return ex_fail(err, EX_FORMAT, "a run of the map without a stream");
        r.target++; /* behind the default */
        if (r.length > 0)
            a->run[a->runs++] = r;
    }
    if (a->runs > 0)
        qsort(a->run, a->runs, sizeof *a->run, by_offset);
    return check_runs(a, err);
}

ex_code aff4_map_open(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    if (turtle_is(&a->turtle, a->content, AFF4_NS "Map")) {
        if (!aff4_number(a, a->content, AFF4_NS "size", &a->size_bytes) ||
            a->size_bytes > INT64_MAX)
            return ex_fail(err, EX_FORMAT, "the map lacks its size");
        EX_TRY(read_targets(run, a, err));
        return read_runs(run, a, err);
    }
    EX_TRY(add_target(run, a, AFF4_NS "Zero", err));
    EX_TRY(add_target(run, a, a->content, err));
    EX_TRY(ex_alloc(1, sizeof *a->run, sizeof *a->run, "runs", &a->run, err));
    a->size_bytes = a->target[1].size_bytes;
    a->run[0] = (struct aff4_run){.length = a->size_bytes, .target = 1};
    a->runs = a->size_bytes > 0;
    return EX_OK;
}

const char *aff4_map_stream(const struct aff4 *a) {
    uint64_t at = 0;
    if (!turtle_is(&a->turtle, a->content, AFF4_NS "Map"))
        return a->content;
    for (size_t i = 0; i < a->runs; i++) {
        const struct aff4_run *r = &a->run[i];
        if (r->from != at || r->at != at || r->target != a->run[0].target)
            return NULL;
        at += r->length;
    }
    const struct aff4_target *t = a->runs > 0 ? &a->target[a->run[0].target] : NULL;
    return t != NULL && t->kind == AFF4_STREAM && at == a->size_bytes && at == t->size_bytes
               ? t->urn
               : NULL;
}

/* ---- ranges ---- */

static ex_code tell_piece(struct parser_run *run, const struct aff4 *a, struct gaps *g,
                          const struct aff4_run *r, uint64_t *stored, struct ex_error *err) {
    const struct aff4_target *t = &a->target[r->target];
    if (t->kind == AFF4_UNKNOWN)
        return gaps_add(run, g, PARSER_ABSENT, r->from, r->length, err);
    if (t->kind == AFF4_UNREADABLE)
        return gaps_add(run, g, PARSER_UNREADABLE, r->from, r->length, err);
    if (t->kind != AFF4_STREAM)
        return EX_OK;
    uint64_t there = r->at < t->size_bytes ? t->size_bytes - r->at : 0;
    there = there < r->length ? there : r->length;
    *stored += there;
    return gaps_add(run, g, PARSER_DAMAGED, r->from + there, r->length - there, err);
}

ex_code aff4_map_tell(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    struct gaps gaps = {0};
    uint64_t at = 0, stored = 0;
    for (size_t i = 0; i <= a->runs; i++) {
        uint64_t next = i < a->runs ? a->run[i].from : a->size_bytes;
        const struct aff4_run between = {.from = at, .length = next - at, .at = at};
        if (next > at)
            EX_TRY(tell_piece(run, a, &gaps, &between, &stored, err));
        if (i < a->runs)
            EX_TRY(tell_piece(run, a, &gaps, &a->run[i], &stored, err));
        at = i < a->runs ? next + a->run[i].length : next;
    }
    EX_TRY(gaps_end(run, &gaps, err));
    return parser_fact_number(run, "allocated-bytes", stored, err);
}

/* ---- reading ---- */

/* The number of runs that begin at the offset or before it. */
static size_t runs_before(const struct aff4 *a, uint64_t offset) {
    size_t low = 0, high = a->runs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->run[middle].from <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The run that covers the offset, or what lies between two. */
static struct aff4_run run_at(const struct aff4 *a, uint64_t offset) {
    size_t i = runs_before(a, offset);
    const struct aff4_run *r = i > 0 ? &a->run[i - 1] : NULL;
    if (r != NULL && offset - r->from < r->length)
        return *r;
    uint64_t end = i < a->runs ? a->run[i].from : a->size_bytes;
    return (struct aff4_run){.from = offset, .length = end - offset, .at = offset};
}

ex_code aff4_map_read(struct parser_run *run, struct aff4 *a, uint64_t offset, uint8_t *to,
                      size_t size_bytes, struct ex_error *err) {
    for (size_t part; size_bytes > 0; size_bytes -= part, to += part, offset += part) {
        struct aff4_run r = run_at(a, offset);
        const struct aff4_target *t = &a->target[r.target];
        uint64_t within = offset - r.from, left = r.length - within;
        struct ex_error why = {0};
        part = left < size_bytes ? (size_t)left : size_bytes;
        if (t->kind != AFF4_STREAM) {
            memset(to, t->fill, part);
            continue;
        }
        ex_code code = r.at > UINT64_MAX - within
                           ? ex_fail(&why, EX_FORMAT, "the map points behind the end of a stream")
                           : aff4_stream_read(run, a, t, r.at + within, to, part, &why);
        if (code != EX_OK)
            return ex_fail(err, code, "byte %llu of the content: %s", (unsigned long long)offset,
                           why.text);
    }
    return EX_OK;
}
