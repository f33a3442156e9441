/* SPDX-License-Identifier: Apache-2.0 */
/* How a folder becomes a stream, private to folder*.c.
 *
 *     walker ──► ring of entries ──► workers: attributes, small files ──► composer: the stream
 *
 * One thread walks the directories in order and puts every name into the ring. A few threads take
 * entries out of the middle of it and read what the system says of them, and small files whole.
 * Whoever reads the source takes them from its head, in order, renders headers, and reads large
 * files itself. So a disk has several requests at a time, and the stream has one order.
 */
#ifndef EXHIBIT_SOURCE_FOLDER_INTERNAL_H
#define EXHIBIT_SOURCE_FOLDER_INTERNAL_H

#include "crypto/sha256.h"
#include "formats/tar_entry.h"
#include "source/folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum {
    FOLDER_WORKERS = 4,
    FOLDER_RING = 192,              /* entries; each may hold a descriptor open */
    FOLDER_SMALL_BYTES = 128 << 10, /* read whole by a worker */
    FOLDER_ALIGN_BYTES = 4096,
    FOLDER_OPEN_LEVELS = 64, /* directories that the walker holds open */
    FOLDER_WAIT_MS = 100,
    FOLDER_ALIVE_ATTEMPTS = 3,
    FOLDER_ALIVE_WAIT_MS = 500,
    FOLDER_STUCK_SECONDS = 3 /* that a thread gets to come back from the system at the end */
};
#define FOLDER_NAMES_BYTES_MAX  ((size_t)1 << 30) /* of one directory */
#define FOLDER_LINKS_BYTES_MAX  ((size_t)256 << 20)
#define FOLDER_HASH_HOLES_BYTES ((uint64_t)64 << 30) /* beyond: no SHA-256 over so many zeros */

/* An open directory; entries in the ring need it as much as the walker does. */
struct folder_dir {
    int fd;
    atomic_uint users;
};
struct folder_dir *folder_dir_use(struct folder_dir *d);
void folder_dir_release(struct folder_dir *d);

struct folder_entry {
    struct folder_dir *dir; /* where it is; NULL: done already */
    char *path;             /* beneath the folder; "": the folder */
    const char *name;       /* the last part of the path */
    bool taken, ready;      /* by a worker; all of the below is there */
    enum folder_why why;
    int sys;     /* errno that stands behind `why`, or 0 */
    bool partly; /* `why` is about a directory's entries: the directory stands in the stream */
    bool has_st;
    struct statx st;
    unsigned char d_type; /* when there is no st */
    int fd;               /* of a file that is not in `data` */
    bool whole;           /* `data` is all of it */
    uint8_t *data;
    size_t data_bytes;
    uint8_t sha256[SHA256_BYTES]; /* when whole */
    bool changed, access_time;
    bool odd_size, cut; /* not as many bytes as announced; and more of them than were taken */
    char *link;         /* where a symbolic link leads */
    struct tar_entry_xattr *xattr;
    size_t xattr_count;
    uint8_t *xattr_bytes;
    bool xattrs_lost; /* some could not be read, or are too large */
};
void folder_entry_clear(struct folder_entry *e);

/* JSON text in the making. */
struct folder_text {
    char *data;
    size_t size_bytes, capacity;
};

/* Lines, kept out of memory: encrypted, in a file without a name. */
struct folder_spool;
EX_MUST_USE ex_code folder_spool_new(int dir_fd, struct folder_spool **ret, struct ex_error *err);
void folder_spool_free(struct folder_spool *s);
EX_MUST_USE ex_code folder_spool_add(struct folder_spool *s, const char *data, size_t size_bytes,
                                     struct ex_error *err);
uint64_t folder_spool_size(const struct folder_spool *s);
/* From the beginning, in order; *ret_got 0 is the end. Nothing may be added any more. */
EX_MUST_USE ex_code folder_spool_read(struct folder_spool *s, uint8_t *to, size_t size_bytes,
                                      size_t *ret_got, struct ex_error *err);

typedef ex_code folder_bad_fn(void *context, uint64_t offset, uint64_t length,
                              struct ex_error *err);

struct folder_link; /* the first path of an inode with several */
void folder_links_free(struct folder_link *links);
struct folder {
    char *path; /* as given, for messages */
    int root_fd;
    bool root_access_time;
    bool on_device; /* its file system lies on a block device that the system shows */
    struct statx root_st;
    struct folder_selection selection;
    char *include, *exclude; /* the selection's */
    int good_fd;             /* of a large file, at a place that could be read; -1: none yet */
    uint64_t good_at;
    uint64_t hole_bytes; /* that were hashed, or would have been */
    folder_bad_fn *bad;  /* told of ranges of the stream that could not be read */
    void *bad_context;
    atomic_bool *stop;

    /* the ring */
    pthread_mutex_t mutex;
    pthread_cond_t room, work, head; /* of the ring; for the workers; its head is ready */
    struct folder_entry ring[FOLDER_RING];
    uint64_t pushed, next, taken; /* entries so far: by walker, workers, composer */
    bool started, ended, quit;
    ex_code failed;
    struct ex_error error;
    pthread_t walker, worker[FOLDER_WORKERS];
    unsigned workers;

    /* the composer's */
    struct folder_report report;
    struct folder_spool *listing, *omitted;
    struct tar_buffer out;
    size_t out_at;
    uint64_t at; /* bytes of the stream that were rendered or read */
    uint64_t number;
    struct folder_entry now; /* the file whose bytes are being given */
    struct folder_file *file;
    unsigned padding;
    int part; /* which of the parts of the stream comes next */
    struct folder_text text;
    struct folder_link *links;
    size_t links_bytes;
    uint64_t *file_system; /* device numbers, by their first appearance */
    size_t file_system_count, file_system_capacity;
};

EX_MUST_USE ex_code folder_open(const char *path, const struct folder_selection *selection,
                                int spool_dir_fd, struct folder **ret, struct ex_error *err);
void folder_close(struct folder *f);
EX_DEFINE_AUTO(struct folder, folder_close);
/* Gives 1 to size_bytes of the stream; 0 is its end. */
EX_MUST_USE ex_code folder_pull(struct folder *f, uint8_t *to, size_t size_bytes, size_t *ret_got,
                                struct ex_error *err);

/* ---- the ring (folder.c) ---- */

/* Into f->now; *ret_end: there is no more. */
EX_MUST_USE ex_code folder_take(struct folder *f, bool *ret_end, struct ex_error *err);
/* Takes over what the entry holds. False: the reading ended. */
bool folder_push(struct folder *f, struct folder_entry *e);
void folder_fail(struct folder *f, const struct ex_error *err);
/* After an error: does the folder itself answer no more, or has its device gone? */
bool folder_is_gone(const struct folder *f);
ex_code folder_fail_gone(const struct folder *f, struct ex_error *err); /* EX_SOURCE */
/* Both at once; false: it is there. */
bool folder_end_if_gone(struct folder *f);

/* ---- threads ---- */

void *folder_walk(void *folder); /* folder_walk.c */
void *folder_work(void *folder); /* folder_read.c */

/* ---- one entry: folder_read.c ---- */

/* What the system says of dir_fd/name, no link followed. */
bool folder_stat(int dir_fd, const char *name, struct statx *ret);
/* Without changing its access time where that is allowed; *ret_touched: it was not. */
int folder_open_at(int dir_fd, const char *name, int flags, bool *ret_touched);
/* By the open file, or by dir_fd/name when fd is -1. */
void folder_read_xattrs(struct folder_entry *e, int fd, int dir_fd);
enum folder_why folder_why_of(int error);
bool folder_same_times(const struct statx *a, const struct statx *b);
/* Is a mount there? */
bool folder_is_mount(const struct statx *st);
/* Why another file system is left out, or FOLDER_TAKEN. */
enum folder_why folder_why_other(const struct folder_selection *s);

/* ---- bytes of one large file: folder_file.c ---- */

struct folder_file;
/* Of an entry that is open; its size or, of a sparse one, its map is settled. */
EX_MUST_USE ex_code folder_file_new(struct folder *folder, const struct folder_entry *e,
                                    struct folder_file **ret, struct ex_error *err);
void folder_file_free(struct folder_file *f);
EX_DEFINE_AUTO(struct folder_file, folder_file_free);
/* The map for the header; false: it has no holes. */
bool folder_file_map(const struct folder_file *f, const struct tar_entry_range **ret,
                     size_t *ret_count);
struct folder_file_end {
    bool hashed, changed;
    uint8_t sha256[SHA256_BYTES];
    /* Ranges of the file, and the file's: the system gave an error; it had become shorter. */
    const struct tar_entry_range *bad, *missing;
    size_t bad_count, missing_count;
};
/* The next bytes that belong into the stream; *ret_got 0 is their end. `bad` is told of ranges, its
 * offsets counted from `at`, the place of these bytes in the stream. */
EX_MUST_USE ex_code folder_file_read(struct folder_file *f, uint8_t *to, size_t size_bytes,
                                     uint64_t at, folder_bad_fn *bad, void *context,
                                     size_t *ret_got, struct ex_error *err);
EX_MUST_USE ex_code folder_file_end(struct folder_file *f, struct folder_file_end *ret,
                                    struct ex_error *err);

/* ---- lines: folder_list.c ---- */

struct folder_content {
    uint64_t offset;                   /* of the bytes in the stream; 0: none */
    const struct folder_file_end *end; /* of a large file; otherwise NULL */
    const struct tar_entry_range *map; /* of a sparse file */
    size_t map_count;
    bool sparse;
    const char *first; /* of a hard link: the path of the first */
    uint64_t file_system;
};
EX_MUST_USE ex_code folder_list_entry(struct folder *f, const struct folder_entry *e,
                                      const struct folder_content *c, struct ex_error *err);
EX_MUST_USE ex_code folder_list_omitted(struct folder *f, const struct folder_entry *e,
                                        uint64_t file_system, struct ex_error *err);
/* exhibit/selection.json, into f->text. */
EX_MUST_USE ex_code folder_list_selection(struct folder *f, struct ex_error *err);

#endif
