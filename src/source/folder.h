/* SPDX-License-Identifier: Apache-2.0 */
/* A folder as a source: everything beneath a directory as one stream (docs/format/folder.md).
 *
 * Promises: no link is followed, nothing outside the folder is read, no file is opened that is not
 * a regular one, nothing is written; memory stays bounded whatever the folder holds; what is not in
 * the stream is listed in it with the reason. The same folder, unchanged and read with the same
 * selection, gives the same stream.
 * It does not promise one instant: files are read one after the other, and what changes meanwhile
 * is said, as far as times and sizes show it. Reading changes the access times of files that belong
 * to somebody else unless the caller is privileged; how many were read like that is counted.
 *
 * The source knows no size and cannot begin in the middle. Reading it starts threads of its own,
 * which source_close() ends. Times are in nanoseconds since 1970 (UTC).
 */
#ifndef EXHIBIT_SOURCE_FOLDER_H
#define EXHIBIT_SOURCE_FOLDER_H

#include "source/source.h"

#define FOLDER_FORMAT "exhibit-folder/1"

enum folder_type { /* a set */
                   FOLDER_FILE = 1,
                   FOLDER_SYMLINK = 2,
                   FOLDER_FIFO = 4,
                   FOLDER_SOCKET = 8,
                   FOLDER_DEVICE = 16,
                   FOLDER_TYPES_ALL = 31
};

const char *folder_type_word(unsigned type); /* one of the set */

/* What is taken; folder.md §6. Directories are always taken, unless a pattern excludes them or they
 * are of another file system. Patterns are lists with a comma between; NULL: none. */
struct folder_selection {
    const char *include, *exclude;
    bool has_newer, has_older; /* modified then or later; before then */
    int64_t newer_ns, older_ns;
    uint64_t min_size_bytes, max_size_bytes;  /* of regular files */
    unsigned types;                           /* enum folder_type */
    bool other_file_systems, one_file_system; /* asked for; neither: left out, and a fault */
    bool has_vault; /* a directory that is left out: where the stream goes */
    uint64_t vault_device, vault_inode;
};
void folder_selection_init(struct folder_selection *s); /* everything of one file system */
bool folder_selection_is_all(const struct folder_selection *s);
/* Does one of the patterns of the list fit the path, or a directory above it? */
bool folder_match(const char *patterns, const char *path);

/* Why something is not in the stream. Up to FOLDER_LEFT_LAST nobody wanted it. */
enum folder_why {
    FOLDER_TAKEN,
    FOLDER_LEFT_PATTERN,
    FOLDER_LEFT_TIME,
    FOLDER_LEFT_SIZE,
    FOLDER_LEFT_TYPE,
    FOLDER_LEFT_FILE_SYSTEM, /* one_file_system */
    FOLDER_LEFT_SOCKET,      /* an archive has no place for it; its attributes are listed */
    FOLDER_LEFT_LAST = FOLDER_LEFT_SOCKET,
    FOLDER_NOT_PERMITTED,
    FOLDER_NOT_READ,          /* the system gave an error */
    FOLDER_VANISHED,          /* it was in its directory, and then no longer */
    FOLDER_LOOP,              /* a directory that is one of those above it */
    FOLDER_LIMIT,             /* a path that is too long, too many names, too large attributes */
    FOLDER_DIR_CHANGED,       /* while it was read: entries may be missing, or stand as they were */
    FOLDER_OTHER_FILE_SYSTEM, /* nobody asked for it, and nobody asked to leave it out */
    FOLDER_THIS_VAULT,
    FOLDER_WHY_COUNT
};
const char *folder_why_word(enum folder_why why); /* as in omitted.jsonl */

/* What came of it, once the source is read to its end. */
struct folder_report {
    uint64_t files, directories, symlinks, hard_links, others; /* in the stream */
    uint64_t content_bytes; /* of files, holes included; UINT64_MAX: more than INT64_MAX */
    uint64_t omitted[FOLDER_WHY_COUNT];
    uint64_t changed;         /* files that changed while they were read */
    uint64_t padded;          /* files that became shorter; zeros stand for what was announced */
    uint64_t unreadable;      /* files with ranges that could not be read */
    uint64_t cut;             /* files that went on behind what was announced */
    uint64_t odd_size;        /* files that gave another number of bytes than the system said */
    uint64_t attributes_lost; /* files with extended attributes that are not in the stream */
    uint64_t access_times;    /* files and directories that were read so that the time may change */
};

/* The selection's texts are copied. spool_dir_fd: where to keep the listing meanwhile, in a file
 * without a name, encrypted with a key that is nowhere else; -1: in memory. EX_UNSUPPORTED: it is
 * no directory. */
EX_MUST_USE ex_code source_open_folder(const char *path, const struct folder_selection *selection,
                                       int spool_dir_fd, struct source **ret, struct ex_error *err);
/* False: it is no folder. */
bool source_folder_report(const struct source *s, struct folder_report *ret);
/* Was anything not read, or not as one whole? */
bool folder_report_is_partial(const struct folder_report *r);

#endif
