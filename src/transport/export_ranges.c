/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/export_ranges.h"

#include "transport/export_internal.h"

#include <inttypes.h>

enum { READ_BYTES = 1 << 20 };

struct ranges {
    struct vault_reader *reader;
    const struct export_range *range;
    size_t count;
    struct ex_progress *progress;
    uint8_t *buffer;
};

static ex_code put_range(struct exporter *x, const struct ranges *g, const struct export_range *r,
                         struct ex_error *err) {
    uint64_t size = vault_reader_size(g->reader);
    if (!r->hole && (r->offset > size || r->length > size - r->offset))
        return ex_fail(err, EX_ALTERED,
                       "the content is said to lie at byte %" PRIu64 ", which the item has not",
                       r->offset);
    for (uint64_t done = 0; done < r->length;) {
        uint64_t left = r->length - done;
        size_t part = left < READ_BYTES ? (size_t)left : READ_BYTES;
        if (r->hole) {
            EX_TRY(exporter_put_constant(x, 0, part, err));
        } else {
            EX_TRY(vault_reader_read(g->reader, r->offset + done, g->buffer, part, err));
            EX_TRY(exporter_put_bytes(x, g->buffer, part, err));
        }
        EX_TRY(ex_progress_step(g->progress, r->hole ? 0 : part, err));
        done += part;
    }
    return EX_OK;
}

static ex_code put_ranges(void *context, struct exporter *x, struct ex_error *err) {
    const struct ranges *g = context;
    for (size_t i = 0; i < g->count; i++)
        EX_TRY(put_range(x, g, &g->range[i], err));
    return EX_OK;
}

ex_code export_ranges(struct vault_reader *r, const struct export_range *range, size_t count,
                      const uint8_t *sha256, const char *path, int output_fd,
                      struct ex_progress *progress, struct export_report *ret,
                      struct ex_error *err) {
    struct ranges g = {.reader = r, .range = range, .count = count, .progress = progress};
    EX_AUTO_FREE uint8_t *buffer = NULL;
    EX_TRY(ex_alloc(READ_BYTES, 1, READ_BYTES, "a content", &buffer, err));
    g.buffer = buffer;
    if (progress != NULL) {
        progress->phase = "exporting";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, 0);
        for (size_t i = 0; i < count; i++)
            atomic_fetch_add(&progress->total_bytes, range[i].hole ? 0 : range[i].length);
    }
    return export_through(put_ranges, &g, sha256, path, output_fd, ret, err);
}
