/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the examiner `files`. */
#ifndef EXHIBIT_PARSERS_TSK_FILES_INTERNAL_H
#define EXHIBIT_PARSERS_TSK_FILES_INTERNAL_H

#include "parsers/tsk/image_internal.h"
#include "parsers/xfs/xfs.h"

enum {
    FILES_ENTRIES_MAX = 1000000, /* of one unit */
    FILES_EXTENTS_MAX = 1000000, /* of one content */
    FILES_SPACE_EXTENTS_MAX = 100000,
    FILES_STREAMS_MAX = 10000,      /* of one file */
    FILES_BLOCKS_CHECKED = 1 << 20, /* of one deleted content */
    FILES_KEY_BYTES = 64
};

struct files {
    struct image *image;
    TSK_FS_INFO *fs;        /* NULL: a volume that is only named, or … */
    struct xfs *xfs;        /* … this one, which libtsk does not know; NULL otherwise */
    struct ex_error opened; /* code: EX_OK, or something was not read when it was opened */
    bool primed;
};

/* ---- open.c ---- */

/* The first type that opens. *ret_also: the name of another that opens as well, or NULL.
 * EX_FORMAT: none. EX_IO: none, and not everything that was looked for could be read. */
EX_MUST_USE ex_code files_detect(struct files *f, const char **ret_also, struct ex_error *err);
const char *files_type_name(TSK_FS_TYPE_ENUM type);
/* The trace of the file system, with what it says of itself. */
EX_MUST_USE ex_code files_tell_system(struct files *f, const char *also, uint32_t *ret_trace,
                                      struct ex_error *err);
/* ---- ext.c: what libtsk does not say of ext, and of HFS+ ---- */

/* Changes that are in the journal alone. */
EX_MUST_USE ex_code files_tell_journal(struct files *f, uint32_t trace, struct ex_error *err);
/* A record of the file system's own, which has no name. */
bool files_is_reserved(const struct files *f, const TSK_FS_META *meta);
/* Of the table of inodes that `record` is in: the first that was never used, behind the last one
 * when all were. *ret_last: the last one. UINT64_MAX: it is not said. */
TSK_INUM_T files_first_unused(const struct files *f, TSK_INUM_T record, TSK_INUM_T *ret_last);
/* The next one of them, all in one table, that is like one of a deleted file, or that cannot be
 * read; last + 1: none. libtsk makes what it likes of random bytes. */
TSK_INUM_T files_next_deleted(const struct files *f, TSK_INUM_T from, TSK_INUM_T last);
/* An ext that libtsk does not open: its trace, and why not. */
EX_MUST_USE ex_code files_tell_other_ext(struct image *image, bool *ret_told, struct ex_error *err);

/* ---- unread.c ---- */

/* A volume whose first bytes say what cannot be read: its trace, and why not. `before`: only those
 * that hide behind a file system of another kind. */
EX_MUST_USE ex_code files_tell_unread(struct image *image, bool before, bool *ret_told,
                                      struct ex_error *err);

/* The name of what is known by such first bytes, or NULL. */
EX_MUST_USE ex_code files_name_unread(struct image *image, const char **ret, struct ex_error *err);

/* ---- what units do: each is under parent 0 ---- */

EX_MUST_USE ex_code files_directory(struct files *f, TSK_INUM_T inode, struct ex_error *err);
EX_MUST_USE ex_code files_records(struct files *f, TSK_INUM_T from, TSK_INUM_T to,
                                  struct ex_error *err);
EX_MUST_USE ex_code files_space(struct files *f, struct ex_error *err);
EX_MUST_USE ex_code files_unit_directory(struct files *f, uint32_t parent, TSK_INUM_T inode,
                                         struct ex_error *err);
/* Late units for the records, in steps. */
EX_MUST_USE ex_code files_unit_records(struct files *f, uint32_t parent, struct ex_error *err);

/* ---- one file ---- */

struct entry {
    TSK_FS_FILE *file; /* its meta may be NULL; its name is NULL for an orphan */
    uint32_t parent;
    const char *key;
    bool orphan;
    bool other;             /* the record that the name had belongs to another file now */
    struct ex_error unread; /* code: EX_OK, or its record could not be read */
};
/* The trace of it, with its times, attributes and contents, and a unit if it is a folder. */
EX_MUST_USE ex_code files_tell_entry(struct files *f, const struct entry *e, struct ex_error *err);
EX_MUST_USE ex_code files_tell_times(struct files *f, TSK_FS_FILE *file, struct ex_error *err);

/* ---- contents ---- */

/* Is one of the places of this deleted content in use again, or can it not be said? */
bool content_reused(struct files *f, const TSK_FS_ATTR *attr);
/* Flags for the trace of this content, besides PARSER_SIZED. */
uint32_t content_flags(struct files *f, const TSK_FS_FILE *file, const TSK_FS_ATTR *attr);
/* Encrypted, packed, or under verity, as its inode says. */
EX_MUST_USE ex_code content_tell_marks(struct files *f, const TSK_FS_META *meta,
                                       struct ex_error *err);
/* The content of the trace that was told last, and problems with it under `trace`. */
EX_MUST_USE ex_code content_tell(struct files *f, uint32_t trace, const TSK_FS_ATTR *attr,
                                 uint32_t flags, struct ex_error *err);
EX_MUST_USE ex_code content_tell_streams(struct files *f, uint32_t trace, TSK_FS_FILE *file,
                                         const TSK_FS_ATTR *content, struct ex_error *err);

/* Collects extents, and joins those that touch. */
struct extents {
    struct files *f;
    uint64_t left; /* of the content */
    uint64_t offset, length;
    unsigned count, max;
    bool outside; /* a place that is not in the file system, or not in the input */
    bool too_many;
};
EX_MUST_USE ex_code extents_add(struct extents *x, uint64_t offset, uint64_t length,
                                struct ex_error *err);
/* `length` bytes that begin `within` bytes behind the beginning of block `address`. */
EX_MUST_USE ex_code extents_add_blocks(struct extents *x, TSK_DADDR_T address, uint64_t within,
                                       uint64_t length, struct ex_error *err);
EX_MUST_USE ex_code extents_end(struct extents *x, struct ex_error *err);

#endif
