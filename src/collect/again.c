/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/again.h"

enum { BUFFER_BYTES = 1 << 20 };

struct again {
    struct source *source;
    const struct vault_object_info *object;
    uint32_t sector;
    size_t hole; /* of the object: those before lie behind */
    uint8_t *buffer;
    uint64_t at;     /* in the source, of the buffer */
    size_t have, in; /* in the buffer */
    struct collect_again *found;
};

void collect_again_clear(struct collect_again *a) {
    free(a->range);
    *a = (struct collect_again){0};
}

static ex_code note_differing(struct again *g, uint64_t offset, uint64_t length,
                              struct ex_error *err) {
    struct collect_again *a = g->found;
    struct source_range *last = a->range_count > 0 ? &a->range[a->range_count - 1] : NULL;
    a->differing_bytes += length;
    if (last != NULL && a->differing_count == a->range_count &&
        last->offset + last->length == offset) {
        last->length += length;
        return EX_OK;
    }
    a->differing_count++;
    if (a->range_count == AGAIN_RANGES_MAX)
        return EX_OK;
    EX_TRY(ex_grow(&a->range, &a->range_capacity, a->range_count + 1, sizeof *a->range,
                   AGAIN_RANGES_MAX * 2 * sizeof *a->range, "the list of ranges that differ", err));
    a->range[a->range_count++] = (struct source_range){.offset = offset, .length = length};
    return EX_OK;
}

/* Did [at, at + size) come neither then nor now? */
static bool in_ranges(const struct source_range *range, size_t count, size_t *from, uint64_t at) {
    while (*from < count && range[*from].offset + range[*from].length <= at)
        ++*from;
    return *from < count && range[*from].offset <= at;
}

static bool came_now(const struct again *g, uint64_t at) {
    size_t count, first;
    const struct source_range *bad = source_unreadable(g->source, &count);
    for (first = count; first > 0 && bad[first - 1].offset + bad[first - 1].length > at;)
        first--;
    return first == count || bad[first].offset > at;
}

/* Sectors of a piece of the object: `data` NULL for a constant one. */
static ex_code compare(struct again *g, const struct vault_piece *p, uint64_t done, size_t size,
                       struct ex_error *err) {
    const uint8_t *now = g->buffer + g->in;
    uint64_t offset = p->offset + done;
    for (size_t at = 0, step; at < size; at += step) {
        step = g->sector - (size_t)((offset + at) % g->sector);
        step = step < size - at ? step : size - at;
        if (in_ranges(g->object->unreadable, g->object->unreadable_count, &g->hole, offset + at))
            continue;
        if (!came_now(g, offset + at)) {
            g->found->unread_bytes += step;
            continue;
        }
        g->found->compared_bytes += step;
        bool same = p->kind == VAULT_PIECE_DATA
                        ? memcmp(now + at, p->data + done + at, step) == 0
                        : now[at] == p->value && memcmp(now + at, now + at + 1, step - 1) == 0;
        if (!same)
            EX_TRY(note_differing(g, offset + at, step, err));
    }
    return EX_OK;
}

static ex_code each_piece(void *context, const struct vault_piece *p, struct ex_error *err) {
    struct again *g = context;
    if (p->kind == VAULT_PIECE_DAMAGED)
        return ex_fail(err, EX_ALTERED, "what is held is damaged from byte %llu on",
                       (unsigned long long)p->offset);
    for (uint64_t done = 0; done < p->length;) {
        if (g->in == g->have) {
            g->at += g->have;
            g->in = 0;
            EX_TRY(source_read(g->source, g->buffer, BUFFER_BYTES, &g->have, err));
            if (g->have == 0)
                return ex_fail(err, EX_SOURCE, "the source ends before what was read of it");
        }
        uint64_t left = p->length - done;
        size_t size = g->have - g->in < left ? g->have - g->in : (size_t)left;
        EX_TRY(compare(g, p, done, size, err));
        g->in += size;
        done += size;
    }
    return EX_OK;
}

ex_code collect_again(struct vault *v, struct source *source,
                      const struct vault_object_info *object, struct ex_progress *progress,
                      struct collect_again *ret, struct ex_error *err) {
    struct source_identity identity;
    struct collect_again found = {0};
    EX_AUTO_FREE uint8_t *buffer = aligned_alloc(SOURCE_SECTOR_MAX_BYTES, BUFFER_BYTES);
    source_identity(source, &identity);
    struct again g = {.source = source,
                      .object = object,
                      .sector = identity.sector_bytes,
                      .buffer = buffer,
                      .found = &found};
    if (buffer == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for reading");
    if (progress != NULL) {
        progress->phase = "reading again";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, object->size_bytes);
    }
    ex_code code = source_rewind(source, err);
    if (code == EX_OK)
        code = vault_stream(v, object, false, each_piece, &g, progress, err);
    if (code != EX_OK) {
        collect_again_clear(&found);
        return code;
    }
    *ret = found;
    return EX_OK;
}
