/* SPDX-License-Identifier: Apache-2.0 */
/* Private to bagit_*.c. */
#ifndef EXHIBIT_FORMATS_BAGIT_INTERNAL_H
#define EXHIBIT_FORMATS_BAGIT_INTERNAL_H

#include "base/cursor.h"
#include "formats/bagit.h"
#include "formats/path_internal.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#define HASH_NONFATAL_OOM        1
#define uthash_nonfatal_oom(obj) (oom = true)
#include <uthash.h>

/* What no name in a bag may have; the rest of path_faults() but PATH_NOT_ASCII is a warning. */
#define BAGIT_GRAVE                                                                                \
    (PATH_EMPTY | PATH_LONG | PATH_NUL | PATH_ABSOLUTE | PATH_OUT | PATH_HOME | PATH_DRIVE |       \
     PATH_PARTS | PATH_NOT_UTF8)

/* ---- bagit_hash.c ---- */

struct bagit_hash {
    unsigned algorithms;
    union {
        struct md5_ctx md5;
        struct sha1_ctx sha1;
        struct sha256_ctx sha256; /* sha224 too */
        struct sha512_ctx sha512; /* sha384 too */
    } state[BAGIT_ALGORITHMS];
};
void bagit_hash_start(struct bagit_hash *h, unsigned algorithms);
void bagit_hash_add(struct bagit_hash *h, const void *data, size_t size_bytes);
/* The digests one behind the other, by number. */
void bagit_hash_end(struct bagit_hash *h, uint8_t *ret);
size_t bagit_digests_bytes(unsigned algorithms);
/* Where the digest of this one stands among them. */
size_t bagit_digest_at(unsigned algorithms, enum bagit_algorithm a);

/* ---- bagit_text.c ---- */

/* A text as UTF-8 with a NUL, without its mark; it has no NUL inside. The caller frees. */
EX_MUST_USE ex_code bagit_text_decode(const void *data, size_t size_bytes, enum bagit_encoding e,
                                      char **ret, size_t *ret_size, bool *ret_mark,
                                      struct ex_error *err);

/* Lines that end with LF, CR, or CRLF (§2.3); the last may end with nothing. */
struct bagit_lines {
    char *text;
    size_t left;
    unsigned number;
};
/* The next line with a NUL behind it; NULL at the end. */
char *bagit_next_line(struct bagit_lines *l, size_t *ret_size);

static inline bool bagit_is_space(char ch) {
    return ch == ' ' || ch == '\t';
}
static inline bool bagit_is_1_0(const struct bagit_declaration *d) {
    return d->major >= 1;
}
static inline bool bagit_in_payload(const char *path) {
    return strncmp(path, "data/", 5) == 0;
}
/* bagit.txt, bag-info.txt, fetch.txt and manifests of known algorithms. */
bool bagit_needs_text(const char *path);

/* ---- bagit_check.c ---- */

struct bagit_row {
    char *path;
    bool present;
    bool hashed; /* wholly read */
    bool fetch;
    bool doubtful;       /* a manifest has two hashes for it */
    unsigned algorithms; /* that `digests` has */
    uint8_t *digests;
    uint64_t size_bytes;
    const struct bagit_entry *in[BAGIT_ALGORITHMS]; /* of the payload manifests, or the tag ones */
    UT_hash_handle hh;
};

/* The text of a tag file, kept until the end. */
struct bagit_kept {
    char name[32];
    uint8_t *data;
    size_t size, capacity;
};
enum { BAGIT_KEPT_MAX = 3 + 2 * BAGIT_ALGORITHMS };

struct bagit_check {
    unsigned algorithms;
    struct bagit_row *rows;
    size_t row_count;
    struct path_set *paths;
    struct bagit_kept kept[BAGIT_KEPT_MAX];
    size_t kept_count;
    bool has_payload_directory, unread;
    bool open;               /* a file was begun */
    struct bagit_row *row;   /* it; NULL when its name was refused */
    struct bagit_kept *keep; /* where its text goes, or NULL */
    struct bagit_hash hash;
    struct bagit_report *report;
};

EX_MUST_USE ex_code bagit_row_get(struct bagit_check *c, const char *path, struct bagit_row **ret,
                                  struct ex_error *err);
const struct bagit_row *bagit_row_find(const struct bagit_check *c, const char *path);
const struct bagit_kept *bagit_kept_find(const struct bagit_check *c, const char *name);

/* ---- bagit_report.c ---- */

EX_MUST_USE ex_code bagit_find(struct bagit_report *r, enum bagit_grade grade, enum bagit_kind kind,
                               const char *name, size_t name_bytes, struct ex_error *err,
                               const char *format, ...) EX_PRINTF(7, 8);
void bagit_report_sort(struct bagit_report *r);

#endif
