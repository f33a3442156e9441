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
    void (*stop)(struct source *s); /* besides what source_stop() does; may be NULL */
    bool seeks;
};

struct trouble;

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
    struct source_effort effort;
    struct source_range *skip; /* copied */
    struct source_tally tally;
    struct trouble *trouble;  /* NULL until something could not be read */
    struct source_range good; /* something that was read, at most a sector; empty: nothing was */
    struct source_range injected;
    source_fault_fn *fault;
    void *fault_context;
    atomic_bool stop;
};

/* The rest of source_open(): path and fd are there. */
ex_code source_open_file(struct source *s, struct ex_error *err);
ex_code source_open_device(struct source *s, struct ex_error *err);

/* A descriptor for reading alone, -1 and errno: waits for nobody, and leaves the access time where
 * the system lets it. */
int source_open_path(const char *path);
/* What the system says of an open file or device; resolved and link of its path. */
void source_identity_from(const struct stat *st, struct source_identity *i);
void source_describe_path(struct source *s);

/* source_read() of files and devices, through the medium: source_read.c. */
ex_code source_read_medium(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err);
ssize_t source_pread(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset);
/* Of a test: an errno instead of the bytes, or 0. */
int source_injected_fault(const struct source *s, size_t size_bytes, uint64_t offset);
void source_note_good(struct source *s, uint64_t offset, size_t size_bytes);
ex_code source_note_unread(struct source *s, struct source_range range, struct ex_error *err);

/* Around an error: source_trouble.c. A range that could not be read at once, in memory of the
 * source's alignment: every sector that comes is kept, the others become zeros and are noted. */
ex_code source_read_around(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                           uint64_t since_ns, struct ex_error *err);
/* A large read went well. */
void source_trouble_over(struct source *s);
/* Reading goes on elsewhere. */
void source_trouble_forget(struct source *s);
/* Up to there nothing is asked for: it took too long before. */
uint64_t source_trouble_jump(const struct source *s);
void source_trouble_free(struct trouble *t);
/* What reading says when one sector of the medium is bad, and not more. */
bool source_is_media_error(int sys);
/* What it says when the medium is not there any more. */
bool source_is_gone(int sys);

extern const struct source_driver source_stdin_driver;
extern const char source_changed_hint[];

#endif
