/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that is being made, private to restore*.c. */
#ifndef EXHIBIT_TRANSPORT_RESTORE_INTERNAL_H
#define EXHIBIT_TRANSPORT_RESTORE_INTERNAL_H

#include "formats/tar_entry.h"
#include "transport/restore.h"

/* A directory whose attributes wait until everything in it is there. */
struct restore_pending {
    struct tar_entry entry; /* its strings are the three below */
    char *path;
    struct tar_entry_xattr *xattr;
    uint8_t *bytes;
};

struct restore_tree {
    int root_fd;
    struct restore_report *report;
    int list_fd;                     /* of RESTORE_LIST; -1: nothing is in it */
    int parent_fd;                   /* the directory that was used last */
    char *parent;                    /* its path; NULL: none */
    struct restore_pending *pending; /* each inside the one before */
    size_t depth, capacity;
    int file_fd; /* of the entry that is open; -1: its bytes are passed over */
    struct tar_entry now;
    bool too_large;  /* for the file system that it is restored to */
    bool special;    /* devices, set-user-ID and the like too */
    bool own;        /* it lies in exhibit/ */
    bool unread;     /* the bytes that come were never read from the source */
    bool has_unread; /* such came for the entry that is open */
};

void restore_tree_init(struct restore_tree *t, int root_fd, struct restore_report *report);
void restore_tree_clear(struct restore_tree *t);
/* The three callbacks of struct tar_entry_sink. */
EX_MUST_USE ex_code restore_begin(void *tree, const struct tar_entry *e, struct ex_error *err);
EX_MUST_USE ex_code restore_data(void *tree, uint64_t offset, const uint8_t *data,
                                 size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code restore_end(void *tree, struct ex_error *err);
/* After the last entry: the directories that are still open. */
EX_MUST_USE ex_code restore_finish(struct restore_tree *t, struct ex_error *err);

/* ---- attributes: restore_attributes.c ---- */

/* One line of RESTORE_LIST. `name`: of an attribute, or NULL. error 0: it was not asked for. */
EX_MUST_USE ex_code restore_note(struct restore_tree *t, const char *path, const char *what,
                                 const char *name, int error, struct ex_error *err);
/* By fd; when that is -1, of parent_fd/name, no link followed. */
EX_MUST_USE ex_code restore_attributes(struct restore_tree *t, const struct tar_entry *e, int fd,
                                       int parent_fd, const char *name, struct ex_error *err);

#endif
