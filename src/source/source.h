/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: what is collected from, behind one read-only interface.
 *
 * Nothing here can write: files are opened read-only and without touching their access time where
 * the system allows that. Today: a regular file taken as a raw image, a block device (read past the
 * page cache), standard input, a member of a package, a folder (folder.h), and what is in an
 * image (container.h). A source gives its bytes once, from the first to the last. A range that the system cannot read is given as zero
 * bytes and listed, down to the sector (of a device its logical one, of a file 512 bytes), and
 * reading goes on behind it: how is in docs/collecting.md. A source that does not answer any more
 * is an error, and no zeros.
 *
 * Where the system allows it (the file is the caller's own or the caller is privileged, the file
 * system knows leases, and nobody has the file open for writing), a file is kept from being written
 * to while it is open here: a program that opens it for writing or cuts it waits until the source
 * is closed, at most /proc/sys/fs/lease-break-time seconds, and the source says EX_SOURCE. That
 * holds for programs on this machine only. The system tells of such a program by SIGURG, which a
 * process ignores unless it asks for it, or by SIGIO, which ends it: the process must ignore SIGIO.
 *
 * Threads: one thread at a time, except for source_stop().
 */
#ifndef EXHIBIT_SOURCE_SOURCE_H
#define EXHIBIT_SOURCE_SOURCE_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum source_kind {
    SOURCE_FILE,
    SOURCE_STDIN,
    SOURCE_MEMBER,
    SOURCE_DEVICE,
    SOURCE_FOLDER,
    SOURCE_CONTAINER
};
enum { SOURCE_SECTOR_BYTES = 512, SOURCE_SECTOR_MAX_BYTES = 4096 };

struct source;

/* Why the bytes of a range are not known: zeros stand in their place. */
enum source_unread {
    SOURCE_UNREADABLE, /* every sector of it was asked for, alone, and did not come */
    SOURCE_UNTRIED,    /* given up unasked, because what is around it took too long */
    SOURCE_SKIPPED,    /* never asked for, on the officer's word */
    /* of a container: */
    SOURCE_STATED_UNREADABLE, /* it says itself that this could not be read when it was made */
    SOURCE_ABSENT,            /* it holds nothing for it */
    SOURCE_DAMAGED,           /* it cannot be read from it */
    SOURCE_UNREAD_COUNT
};

struct source_range {
    uint64_t offset;
    uint64_t length;
    enum source_unread why;
};

/* How much trouble is taken over what cannot be read. Zeros: none, and no limits. */
struct source_effort {
    unsigned retries;    /* further attempts at a sector that did not come */
    unsigned region_ms;  /* time for what lies between two large reads that went well */
    bool limits_errors;  /* to max_errors: */
    uint64_t max_errors; /* sectors that may be unreadable from one opening to the end */
    const struct source_range *skip; /* ascending, not touching; the caller's */
    size_t skip_count;
};

/* What reading was like, since the opening. */
struct source_tally {
    uint64_t bytes_read;      /* that the system gave, some of them more than once */
    uint64_t bad_sectors;     /* that did not come */
    uint64_t rescued_sectors; /* that came, but not at the first attempt */
};

/* UTC; ns below 1,000,000,000. What a file system says may be millions of years away. */
struct source_time {
    int64_t s;
    uint32_t ns;
};

/* What identifies a source, as the system told it. For standard input
 * only kind and path ("-") mean anything, for a member only these and the size. The texts are raw
 * bytes and live as long as the source.
 */
struct source_identity {
    enum source_kind kind;
    const char *path;     /* as given */
    const char *resolved; /* absolute and without links, when it was opened; NULL for standard input
                             and where the system could not tell */
    bool seekable;        /* source_seek() works, so a collection can be gone on with */
    bool link;            /* the last component of the path was a symbolic link */
    bool write_guarded;   /* kept from being written to, from its opening on */
    uint64_t size_bytes;
    uint32_t sector_bytes;  /* of a device: its logical sector; of a file 512 */
    uint64_t device, inode; /* of a device: its own number */
    uint64_t disk_sequence; /* of a device: counted up when its medium changes; 0: not known */
    uint32_t mode;
    struct source_time modified, changed, accessed;
};

/* path "-" is standard input. EX_UNSUPPORTED for directories, character
 * devices and the rest. */
EX_MUST_USE ex_code source_open(const char *path, struct source **ret, struct ex_error *err);
/* A member of something that somebody else reads from front to back: `pull` is called by one thread
 * at a time, whichever reads the source, and gives up to size_bytes; it must give all of
 * `size_bytes` and nothing behind it. `unreadable` (copied) are the ranges that are said not to
 * have been read where the member was made. */
typedef ex_code source_pull_fn(void *context, uint8_t *to, size_t size_bytes, size_t *ret_got,
                               struct ex_error *err);
EX_MUST_USE ex_code source_open_member(const char *name, uint64_t size_bytes, source_pull_fn *pull,
                                       void *context, const struct source_range *unreadable,
                                       size_t unreadable_count, struct source **ret,
                                       struct ex_error *err);
/* What is held of `under` already (pulled, as above, from the first byte to the last), with only
 * its holes (ascending, not touching) read from it. What lies next to a hole, and samples of 4 KiB
 * all over it, are read as well and compared with what is held: EX_SOURCE when they are others.
 * `under` stays the caller's, is read nowhere else meanwhile, and lives longer; EX_UNSUPPORTED when
 * it cannot be read from the middle. */
EX_MUST_USE ex_code source_open_fill(struct source *under, const struct source_range *holes,
                                     size_t hole_count, source_pull_fn *held, void *context,
                                     struct source **ret, struct ex_error *err);
struct source_fill_report {
    uint64_t filled_bytes, compared_bytes;
    struct ex_error ended; /* EX_IO: from there on the source gave nothing more, and what was still
                              missing stays so; EX_OK: all holes were asked for */
};
/* Of a source of that kind only. */
void source_fill_report(const struct source *s, struct source_fill_report *ret);
void source_close(struct source *s);
EX_DEFINE_AUTO(struct source, source_close);

void source_identity(const struct source *s, struct source_identity *ret);

/* Before the first read of a file or a device. EX_USAGE: what is to be skipped is not inside the
 * source, or not made of whole sectors. EX_UNSUPPORTED: skipping in another kind of source. */
EX_MUST_USE ex_code source_set_effort(struct source *s, const struct source_effort *effort,
                                      struct ex_error *err);

/* Up to size_bytes; *ret_got 0 is the end. A regular file is read to the size that it had when it
 * was opened. EX_SOURCE when it became shorter, or as soon as somebody opened a guarded one for
 * writing. EX_IO when nothing of it can be read any more, not even what was read before, or when
 * there are more errors than the effort allows: nothing is given of what was asked for then. */
EX_MUST_USE ex_code source_read(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                                struct ex_error *err);

/* The next source_read() of a file or a device begins there, and what lay behind it leaves the list
 * of unreadable ranges. EX_UNSUPPORTED for the others, EX_SOURCE behind the end. */
EX_MUST_USE ex_code source_seek(struct source *s, uint64_t offset, struct ex_error *err);

/* From its first byte once more, and of a file past what the system keeps of it in memory, as far
 * as that lets go of it. What was not read before is forgotten. EX_UNSUPPORTED as above. */
EX_MUST_USE ex_code source_rewind(struct source *s, struct ex_error *err);

/* From any thread: a source_read() that waits for more of standard input, now or later, ends soon
 * with EX_INTERRUPTED. */
void source_stop(struct source *s);

/* What was not read so far: ascending, merged where the reason is the same; the source's. */
const struct source_range *source_unreadable(const struct source *s, size_t *ret_count);

void source_tally(const struct source *s, struct source_tally *ret);

/* After the last read: is it still what it was? EX_SOURCE when it grew, shrank, was written to, is
 * no longer at its path, or is guarded and somebody opened it for writing. *ret_after (may be NULL)
 * gets the identity as it is now; resolved, link and write_guarded stay as at the opening. */
EX_MUST_USE ex_code source_check_unchanged(struct source *s, struct source_identity *ret_after,
                                           struct ex_error *err);

/* The disk that a path lies on, or is, as a number to compare: two that differ can be read at once
 * without harm. False: not known. Opens nothing. */
bool source_disk(const char *path, uint64_t *ret);

/* For tests: every read that touches [offset, offset + length) of this source fails with EIO, as a
 * bad sector would. */
void source_inject_error(struct source *s, uint64_t offset, uint64_t length);
/* For tests: asked before each read; an errno instead of the bytes, or 0. */
typedef int source_fault_fn(void *context, uint64_t offset, size_t size_bytes);
void source_inject_fault(struct source *s, source_fault_fn *fault, void *context);

#endif
