/* SPDX-License-Identifier: Apache-2.0 */
/* The logical volumes of one physical volume: where they are, and what is in no one's use. */
#include "parsers/lvm/lvm_internal.h"

#include "parsers/shared/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SHOWN = 40, KEY_BYTES = 24 };
#define EXTENTS_MAX UINT64_C(0xFFFFFFFF) /* of a segment, of a physical volume */

/* Extents of this physical volume that a segment has. */
struct used {
    uint64_t first, count;
    const struct lvm_node *volume;
};

struct telling {
    struct parser_run *run;
    uint32_t parent;
    const struct lvm_text *t;
    const struct lvm_node *physical, *own; /* all of them; this one */
    uint64_t extent_bytes, start;          /* start: of the first extent */
    uint64_t extents;
    struct used *used;
    size_t used_count, used_capacity;
    uint64_t pieces_left; /* of all volumes */
    bool unsure;          /* some extents in use are not known */
};

/* ---- one logical volume ---- */

/* What is known before anything is told of it. */
struct logical {
    const struct lvm_node *node;
    uint64_t bytes;
    unsigned segments;
    uint64_t pieces;              /* at most */
    const struct lvm_node *other; /* a type that is not read; NULL: all are */
    bool damaged; /* its segments do not follow each other, or say impossible things */
    bool crowded; /* too many pieces */
    bool stacked; /* it is made of other logical volumes */
    uint64_t here, elsewhere, beyond; /* bytes; beyond: where this physical volume has none */
    /* of the piece that is not told yet */
    bool begins_here, dry;
    uint64_t at, length;
};

struct segment {
    const struct lvm_node *node, *type, *stripes;
    uint64_t first, count, stripe_count, stripe_bytes;
};

static bool number(const struct lvm_text *t, const struct lvm_node *section, const char *key,
                   uint64_t max, uint64_t *ret) {
    const struct lvm_node *n = lvm_find(t, section, key, LVM_NUMBER);
    *ret = n != NULL ? n->number : 0;
    return n != NULL && n->number <= max;
}

static bool string_is(const struct lvm_node *n, const char *text) {
    return n->string_bytes == strlen(text) && memcmp(n->string, text, n->string_bytes) == 0;
}

/* false: it breaks the rules. */
static bool read_segment(const struct telling *g, const struct lvm_node *n, struct segment *ret) {
    *ret = (struct segment){.node = n};
    uint64_t sectors, bytes;
    ret->type = lvm_find(g->t, n, "type", LVM_STRING);
    ret->stripes = lvm_find(g->t, n, "stripes", LVM_LIST);
    bool good = number(g->t, n, "start_extent", EXTENTS_MAX, &ret->first);
    good = number(g->t, n, "extent_count", EXTENTS_MAX, &ret->count) && good;
    if (!good || ret->count == 0 || ret->type == NULL ||
        __builtin_mul_overflow(ret->count, g->extent_bytes, &bytes) || bytes > INT64_MAX)
        return false;
    if (!string_is(ret->type, "striped") && !string_is(ret->type, "linear"))
        return true;
    if (ret->stripes == NULL ||
        !number(g->t, n, "stripe_count", LVM_STRIPES_MAX, &ret->stripe_count) ||
        ret->stripe_count == 0 || ret->count % ret->stripe_count != 0)
        return false;
    if (ret->stripe_count == 1)
        return true;
    uint64_t area_bytes = ret->count / ret->stripe_count * g->extent_bytes;
    if (!number(g->t, n, "stripe_size", UINT32_MAX, &sectors) || sectors == 0)
        return false;
    ret->stripe_bytes = sectors * LVM_SECTOR_BYTES;
    return area_bytes % ret->stripe_bytes == 0;
}

static bool is_striped(const struct segment *s) {
    return s->stripe_count > 0;
}

static bool is_segment(const struct lvm_node *n) {
    return n->type == LVM_SECTION && n->key_bytes > 7 && memcmp(n->key, "segment", 7) == 0;
}

static const struct lvm_node *find_physical(const struct telling *g, const struct lvm_node *name) {
    const struct lvm_node *p = lvm_child(g->t, g->physical);
    while (p != NULL &&
           (p->type != LVM_SECTION || !lvm_key_is(p, name->string, name->string_bytes)))
        p = lvm_next(g->t, p);
    return p;
}

/* ---- places ---- */

static ex_code flush(struct telling *g, struct logical *l, struct ex_error *err) {
    uint64_t length = l->length;
    l->length = 0;
    return length == 0 || l->dry ? EX_OK : parser_trace_extent(g->run, l->at, length, err);
}

static ex_code add_piece(struct telling *g, struct logical *l, uint64_t at, uint64_t length,
                         struct ex_error *err) {
    bool joins = l->length > 0 &&
                 (at == PARSER_NOWHERE ? l->at == PARSER_NOWHERE
                                       : l->at != PARSER_NOWHERE && l->at + l->length == at);
    if (length == 0)
        return EX_OK;
    if (!joins) {
        EX_TRY(flush(g, l, err));
        l->at = at;
    }
    l->length += length;
    return EX_OK;
}

/* `length` bytes, `within` bytes behind the beginning of the extents that a stripe names. */
static ex_code add_place(struct telling *g, struct logical *l, const struct lvm_node *name,
                         uint64_t extent, uint64_t within, uint64_t length, struct ex_error *err) {
    uint64_t size = parser_input_size(g->run, 0), at, end = 0;
    bool first = l->here + l->elsewhere + l->beyond == 0;
    if (!lvm_key_is(g->own, name->string, name->string_bytes)) {
        l->elsewhere += length;
        return add_piece(g, l, PARSER_NOWHERE, length, err);
    }
    bool over = __builtin_mul_overflow(extent, g->extent_bytes, &at) ||
                __builtin_add_overflow(at, g->start + within, &at) ||
                __builtin_mul_overflow(g->extents, g->extent_bytes, &end) ||
                __builtin_add_overflow(end, g->start, &end);
    end = end < size ? end : size;
    uint64_t there = over || at >= end ? 0 : end - at;
    there = there < length ? there : length;
    l->begins_here = l->begins_here || (first && there > 0);
    l->here += there;
    l->beyond += length - there;
    EX_TRY(add_piece(g, l, at, there, err));
    return add_piece(g, l, PARSER_NOWHERE, length - there, err);
}

/* The next two elements of a list: a name, and a number. */
static bool take_pair(const struct lvm_text *t, const struct lvm_node **element,
                      const struct lvm_node **ret_name, uint64_t *ret_number) {
    const struct lvm_node *name = *element, *n = name != NULL ? lvm_next(t, name) : NULL;
    if (n == NULL || name->type != LVM_STRING || n->type != LVM_NUMBER || n->number > EXTENTS_MAX)
        return false;
    *ret_name = name;
    *ret_number = n->number;
    *element = lvm_next(t, n);
    return true;
}

static ex_code place_stripes(struct telling *g, struct logical *l, const struct segment *s,
                             const struct lvm_node **name, const uint64_t *first,
                             struct ex_error *err) {
    uint64_t area = s->count / s->stripe_count * g->extent_bytes;
    if (s->stripe_count == 1)
        return add_place(g, l, name[0], first[0], 0, area, err);
    for (uint64_t within = 0; within < area; within += s->stripe_bytes)
        for (uint64_t i = 0; i < s->stripe_count; i++)
            EX_TRY(add_place(g, l, name[i], first[i], within, s->stripe_bytes, err));
    return EX_OK;
}

/* read_segment() took it, and its type is read. */
static ex_code place_segment(struct telling *g, struct logical *l, const struct segment *s,
                             struct ex_error *err) {
    EX_AUTO_FREE const struct lvm_node **name = NULL;
    EX_AUTO_FREE uint64_t *first = NULL;
    const struct lvm_node *element = lvm_child(g->t, s->stripes);
    EX_TRY(ex_alloc(s->stripe_count, sizeof *name, LVM_STRIPES_MAX * sizeof *name, "stripes", &name,
                    err));
    EX_TRY(ex_alloc(s->stripe_count, sizeof *first, LVM_STRIPES_MAX * sizeof *first, "stripes",
                    &first, err));
    for (uint64_t i = 0; i < s->stripe_count; i++) {
        if (!take_pair(g->t, &element, &name[i], &first[i])) {
            l->damaged = true;
            return EX_OK;
        }
        l->stacked = l->stacked || find_physical(g, name[i]) == NULL;
    }
    l->damaged = l->damaged || element != NULL;
    return l->damaged || l->stacked ? EX_OK : place_stripes(g, l, s, name, first, err);
}

static ex_code place_all(struct telling *g, struct logical *l, struct ex_error *err) {
    struct segment s;
    for (const struct lvm_node *n = lvm_child(g->t, l->node); n != NULL; n = lvm_next(g->t, n))
        if (is_segment(n) && read_segment(g, n, &s) && is_striped(&s))
            EX_TRY(place_segment(g, l, &s, err));
    return flush(g, l, err);
}

/* ---- what it is ---- */

static uint64_t pieces_of(const struct telling *g, const struct segment *s) {
    return s->stripe_count == 1 ? 1 : s->count * g->extent_bytes / s->stripe_bytes;
}

/* Any list of a segment may name this physical volume: what it has there is in use, whatever is
 * made of it. */
static ex_code note_used(struct telling *g, const struct lvm_node *volume, const struct segment *s,
                         struct ex_error *err) {
    const struct lvm_node *name;
    uint64_t first;
    uint64_t count = is_striped(s) ? s->count / s->stripe_count : s->count;
    for (const struct lvm_node *n = lvm_child(g->t, s->node); n != NULL; n = lvm_next(g->t, n)) {
        const struct lvm_node *element = n->type == LVM_LIST ? lvm_child(g->t, n) : NULL;
        while (take_pair(g->t, &element, &name, &first)) {
            if (!lvm_key_is(g->own, name->string, name->string_bytes))
                continue;
            EX_TRY(ex_grow(&g->used, &g->used_capacity, g->used_count + 1, sizeof *g->used,
                           LVM_NODES_MAX * sizeof *g->used, "extents in use", err));
            g->used[g->used_count++] = (struct used){first, count, volume};
        }
    }
    return EX_OK;
}

static ex_code look_at(struct telling *g, const struct lvm_node *node, struct logical *ret,
                       struct ex_error *err) {
    uint64_t extents = 0;
    struct segment s;
    *ret = (struct logical){.node = node, .dry = true};
    for (const struct lvm_node *n = lvm_child(g->t, node); n != NULL; n = lvm_next(g->t, n)) {
        if (!is_segment(n))
            continue;
        ret->segments++;
        bool good = read_segment(g, n, &s);
        if (!good || s.first != extents) {
            ret->damaged = true;
            continue;
        }
        extents += s.count;
        EX_TRY(note_used(g, node, &s, err));
        if (!is_striped(&s))
            ret->other = ret->other != NULL ? ret->other : s.type;
        else if (__builtin_add_overflow(ret->pieces, pieces_of(g, &s), &ret->pieces))
            ret->damaged = true;
    }
    if (__builtin_mul_overflow(extents, g->extent_bytes, &ret->bytes) || ret->bytes > INT64_MAX) {
        ret->damaged = true;
        ret->bytes = 0;
    }
    ret->damaged = ret->damaged || ret->segments == 0;
    ret->crowded = ret->pieces > LVM_PIECES_MAX || ret->pieces > g->pieces_left;
    g->unsure = g->unsure || ret->damaged;
    if (ret->damaged || ret->other != NULL || ret->crowded)
        return EX_OK;
    g->pieces_left -= ret->pieces;
    EX_TRY(place_all(g, ret, err)); /* what would be told */
    g->unsure = g->unsure || ret->damaged;
    return EX_OK;
}

static bool has_places(const struct logical *l) {
    return !l->damaged && l->other == NULL && !l->stacked && !l->crowded;
}

static ex_code tell_status(struct telling *g, const struct lvm_node *volume, struct ex_error *err) {
    char text[256] = "";
    size_t at = 0;
    const struct lvm_node *list = lvm_find(g->t, volume, "status", LVM_LIST);
    const struct lvm_node *n = list != NULL ? lvm_child(g->t, list) : NULL;
    for (; n != NULL; n = lvm_next(g->t, n)) {
        if (n->type != LVM_STRING || n->string_bytes + 3 > sizeof text - at)
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s", at > 0 ? ", " : "",
                               (int)n->string_bytes, n->string);
    }
    return at == 0 ? EX_OK : tell_text(g->run, "status", text, err);
}

static ex_code tell_said(struct telling *g, const struct logical *l, struct ex_error *err) {
    const struct lvm_node *type = l->other;
    struct segment s;
    for (const struct lvm_node *n = lvm_child(g->t, l->node); n != NULL && type == NULL;
         n = lvm_next(g->t, n))
        if (is_segment(n) && read_segment(g, n, &s))
            type = s.type;
    EX_TRY(lvm_tell_string(g->run, "id", g->t, l->node, "id", err));
    EX_TRY(tell_status(g, l->node, err));
    EX_TRY(parser_trace_number(g->run, "segments", l->segments, err));
    if (type != NULL && type->string_bytes > 0 && type->string_bytes <= NAME_SHOWN)
        EX_TRY(parser_trace_text(g->run, "type", type->string, type->string_bytes, err));
    EX_TRY(lvm_tell_string(g->run, "host", g->t, l->node, "creation_host", err));
    return lvm_tell_time(g->run, PARSER_CREATED, g->t, l->node, "lvm2:logical-volume", err);
}

/* Printable: its bytes are those of the text. */
static void shown(const struct lvm_node *type, char to[static NAME_SHOWN + 1]) {
    size_t n = type->string_bytes < NAME_SHOWN ? type->string_bytes : NAME_SHOWN;
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(type->string[i] >= ' ' && type->string[i] <= '~' ? type->string[i] : '?');
    to[n] = '\0';
}

static ex_code tell_problems(struct telling *g, uint32_t trace, const struct logical *l,
                             struct ex_error *err) {
    char type[NAME_SHOWN + 1];
    if (l->damaged)
        return tell_problem(g->run, trace, "segments", err, EX_FORMAT,
                            "its segments do not follow each other, or break their rules");
    if (l->other != NULL) {
        shown(l->other, type);
        return tell_problem(g->run, trace, "segments", err, EX_UNSUPPORTED,
                            "it has a segment of the type %s, which is not put together; what it "
                            "is made of is told besides",
                            type);
    }
    if (l->stacked)
        return tell_problem(g->run, trace, "segments", err, EX_UNSUPPORTED,
                            "it is made of other logical volumes, which are told besides");
    if (l->crowded)
        return tell_problem(g->run, trace, "segments", err, EX_LIMIT,
                            "it lies in too many pieces: %" PRIu64, l->pieces);
    if (l->elsewhere > 0)
        EX_TRY(tell_problem(g->run, trace, "elsewhere", err, EX_IO,
                            "%" PRIu64 " of its bytes lie on another physical volume",
                            l->elsewhere));
    if (l->beyond > 0)
        EX_TRY(tell_problem(g->run, trace, "end", err, EX_FORMAT,
                            "%" PRIu64 " of its bytes would lie behind the end of its physical "
                            "volume",
                            l->beyond));
    return EX_OK;
}

static ex_code tell_volume(struct telling *g, const struct lvm_node *node, unsigned index,
                           struct ex_error *err) {
    char key[KEY_BYTES];
    struct logical l;
    uint32_t trace;
    EX_TRY(look_at(g, node, &l, err));
    (void)snprintf(key, sizeof key, "lv:%u", index);
    struct parser_trace t = {.kind = PARSER_VOLUME,
                             .flags = PARSER_SIZED,
                             .parent = g->parent,
                             .key = key,
                             .name = node->key,
                             .name_bytes = node->key_bytes < PARSER_VALUE_BYTES_MAX
                                               ? node->key_bytes
                                               : PARSER_VALUE_BYTES_MAX,
                             .size_bytes = l.bytes};
    if (l.damaged) { /* nobody knows how large it is */
        t.flags = 0;
        t.size_bytes = 0;
    }
    if (has_places(&l) && l.begins_here)
        t.flags |= PARSER_EXAMINE;
    EX_TRY(parser_trace(g->run, &t, &trace, err));
    EX_TRY(tell_said(g, &l, err));
    if (has_places(&l)) {
        struct logical again = {.node = node};
        EX_TRY(place_all(g, &again, err));
    }
    return tell_problems(g, trace, &l, err);
}

/* ---- extents ---- */

static int compare_used(const void *a, const void *b) {
    const struct used *x = a, *y = b;
    return x->first != y->first ? (x->first < y->first ? -1 : 1)
                                : (x->count < y->count ? -1 : x->count > y->count);
}

static ex_code tell_overlap(struct telling *g, const struct used *a, const struct used *b,
                            uint64_t more, struct ex_error *err) {
    char rest[48] = "";
    if (more > 0)
        (void)snprintf(rest, sizeof rest, ", and %" PRIu64 " more such places", more);
    return tell_problem(
        g->run, g->parent, "overlap", err, EX_FORMAT,
        "%.*s and %.*s use the same extents from %" PRIu64 " on%s",
        (int)(a->volume->key_bytes < NAME_SHOWN ? a->volume->key_bytes : NAME_SHOWN),
        a->volume->key,
        (int)(b->volume->key_bytes < NAME_SHOWN ? b->volume->key_bytes : NAME_SHOWN),
        b->volume->key, b->first, rest);
}

/* Sorted by their beginnings. One error for all: the first, and how many there are. */
static ex_code tell_overlaps(struct telling *g, struct ex_error *err) {
    const struct used *reaching = NULL; /* the one that ends last so far */
    const struct used *first = NULL, *with = NULL;
    uint64_t count = 0;
    for (size_t i = 0; i < g->used_count; i++) {
        const struct used *u = &g->used[i];
        if (reaching != NULL && u->first < reaching->first + reaching->count && count++ == 0) {
            first = reaching;
            with = u;
        }
        if (reaching == NULL || u->first + u->count > reaching->first + reaching->count)
            reaching = u;
    }
    return count > 0 ? tell_overlap(g, first, with, count - 1, err) : EX_OK;
}

/* Extents [*at, …) that nothing uses; false: there are no more. */
static bool next_free(const struct telling *g, size_t *i, uint64_t *at, uint64_t *ret_first,
                      uint64_t *ret_count) {
    uint64_t size = parser_input_size(g->run, 0), extents = g->extents;
    uint64_t there = size > g->start ? (size - g->start) / g->extent_bytes : 0;
    extents = extents < there ? extents : there;
    while (*at < extents) {
        const struct used *u = *i < g->used_count ? &g->used[*i] : NULL;
        uint64_t from = *at, to = u != NULL && u->first < extents ? u->first : extents;
        if (u != NULL) {
            ++*i;
            *at = u->first + u->count > *at ? u->first + u->count : *at;
        } else {
            *at = extents;
        }
        if (to > from) {
            *ret_first = from;
            *ret_count = to - from;
            return true;
        }
    }
    return false;
}

static ex_code tell_free(struct telling *g, struct ex_error *err) {
    uint64_t at = 0, first, count, extents = 0;
    size_t i = 0;
    uint32_t trace;
    while (next_free(g, &i, &at, &first, &count))
        extents += count;
    if (extents == 0)
        return EX_OK;
    const struct parser_trace t = {.kind = PARSER_SPACE,
                                   .flags = PARSER_SIZED,
                                   .parent = g->parent,
                                   .key = "free",
                                   .size_bytes = extents * g->extent_bytes};
    EX_TRY(parser_trace(g->run, &t, &trace, err));
    at = i = 0;
    while (next_free(g, &i, &at, &first, &count))
        EX_TRY(parser_trace_extent(g->run, g->start + first * g->extent_bytes,
                                   count * g->extent_bytes, err));
    return EX_OK;
}

/* ---- all of them ---- */

static ex_code tell_all(struct telling *g, const struct lvm_node *volumes, struct ex_error *err) {
    unsigned index = 0;
    for (const struct lvm_node *n = volumes != NULL ? lvm_child(g->t, volumes) : NULL; n != NULL;
         n = lvm_next(g->t, n)) {
        if (n->type != LVM_SECTION)
            continue;
        if (index >= LVM_VOLUMES_MAX)
            return tell_problem(g->run, g->parent, "volumes", err, EX_LIMIT,
                                "more than %d logical volumes", LVM_VOLUMES_MAX);
        EX_TRY(tell_volume(g, n, index++, err));
    }
    if (g->used_count > 0)
        qsort(g->used, g->used_count, sizeof *g->used, compare_used);
    EX_TRY(tell_overlaps(g, err));
    return g->unsure ? EX_OK : tell_free(g, err);
}

ex_code lvm_tell_volumes(struct parser_run *run, uint32_t parent, const struct lvm_text *t,
                         const struct lvm_node *group, const struct lvm_node *own,
                         struct ex_error *err) {
    struct telling g = {
        .run = run, .parent = parent, .t = t, .own = own, .pieces_left = LVM_PIECES_ALL_MAX};
    uint64_t sectors, start;
    g.physical = lvm_find(t, group, "physical_volumes", LVM_SECTION);
    bool good = number(t, group, "extent_size", UINT32_MAX, &sectors) && sectors > 0;
    good = number(t, own, "pe_start", INT64_MAX / LVM_SECTOR_BYTES / 2, &start) && good;
    good = number(t, own, "pe_count", EXTENTS_MAX, &g.extents) && good;
    if (!good)
        return tell_problem(run, parent, "extents", err, EX_FORMAT,
                            "its metadata do not say how large its extents are, or where");
    g.extent_bytes = sectors * LVM_SECTOR_BYTES;
    g.start = start * LVM_SECTOR_BYTES;
    ex_code code = tell_all(&g, lvm_find(t, group, "logical_volumes", LVM_SECTION), err);
    free(g.used);
    return code;
}
