/* SPDX-License-Identifier: Apache-2.0 */
/* Inside a source: what a kind of source gives the door (source.c), and the reading that files and
 * devices share (source_read.c).
 */
#ifndef EXHIBIT_SOURCE_SOURCE_INTERNAL_H
#define EXHIBIT_SOURCE_SOURCE_INTERNAL_H

#include "source/source.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

/* One kind of source. `read` is source_read(); `check` is source_check_unchanged() and gets the
 * identity as it was at the opening, to bring it up to date; NULL where there is nothing to check.
 * `close` (may be NULL) ends what belongs to the kind alone, before the descriptor closes. */
struct source_driver {
    ex_code (*read)(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                    struct ex_error *err);
    ex_code (*check)(struct source *s, struct source_identity *now, struct ex_error *err);
    void (*close)(struct source *s);
    bool seeks;
};

/* How the bytes of a file or a device are reached, at any place of it. */
struct source_medium {
    /* Like pread(): what was got, or -1 and errno. Never asked for anything that is not a multiple
     * of alignment_bytes, except for a size that ends at the end of the source. */
    ssize_t (*read_at)(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset);
    uint32_t alignment_bytes; /* of memory, offset and size; a power of two, 1 for any */
    uint32_t sector_bytes;    /* the least that is given up; a power of two */
};

struct source {
    const struct source_driver *driver;
    void *own; /* of the kind */
    int fd;
    char *path, *resolved;
    struct source_identity identity;
    struct source_medium medium; /* of files and devices */
    uint8_t *bounce;             /* NULL until something is asked for that is not aligned */
    bool ended;                  /* standard input: a terminal would go on after its end */
    uint64_t at;
    struct source_range *bad;
    size_t bad_count, bad_capacity;
    struct source_range injected;
    atomic_bool stop;
};

/* The rest of source_open(): path and fd are there. */
ex_code source_open_file(struct source *s, struct ex_error *err);
ex_code source_open_device(struct source *s, struct ex_error *err);

/* What the system says of an open file or device; resolved and link of its path. */
void source_identity_from(const struct stat *st, struct source_identity *i);
void source_describe_path(struct source *s);

/* source_read() of files and devices: through the medium, with errors narrowed down. */
ex_code source_read_medium(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err);
ssize_t source_pread(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset);
ex_code source_note_unreadable(struct source *s, uint64_t offset, uint64_t length,
                               struct ex_error *err);

extern const struct source_driver source_stdin_driver;
extern const char source_changed_hint[];

#endif
