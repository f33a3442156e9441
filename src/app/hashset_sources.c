/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a hash set is made of, or what is asked of one (format/hash-set §4). A source is
 * read once, and what is hashed of it are the bytes that were parsed. */
#include "app/hashsets_internal.h"

#include "base/file.h"
#include "crypto/verity.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };

struct input {
    const char *path;
    int fd;
    uint8_t *data; /* PIECE_BYTES */
    size_t held;   /* of the piece that was read last */
    struct ex_progress *progress;
    struct sha256 hash;
    uint64_t size_bytes; /* read so far */
};

static void input_close(struct input *in) {
    if (in->fd != STDIN_FILENO)
        ex_fd_close(in->fd);
    free(in->data);
}

static ex_code input_open(struct input *in, const char *path, struct ex_progress *progress,
                          struct ex_error *err) {
    *in = (struct input){.path = path, .fd = -1, .progress = progress};
    sha256_start(&in->hash);
    if (progress != NULL)
        progress->phase = "reading lists";
    EX_TRY(ex_alloc(PIECE_BYTES, 1, PIECE_BYTES, "a list", &in->data, err));
    in->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    return in->fd >= 0 ? EX_OK : ex_fail_sys(err, "could not open \"%s\"", path);
}

/* A whole piece, unless it is the last; in->held is 0 behind that. */
static ex_code next_piece(struct input *in, struct ex_error *err) {
    in->held = 0;
    while (in->held < PIECE_BYTES) {
        ssize_t n = read(in->fd, in->data + in->held, PIECE_BYTES - in->held);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ex_fail_sys(err, "could not read \"%s\"", in->path);
        if (n == 0)
            break;
        in->held += (size_t)n;
    }
    in->size_bytes += in->held;
    sha256_add(&in->hash, in->data, in->held);
    return ex_progress_step(in->progress, in->held, err);
}

static bool begins(const struct input *in, const char *with, size_t size) {
    return in->held >= size && memcmp(in->data, with, size) == 0;
}

/* ---- what is no list ---- */

static ex_code check_kind(const struct input *in, struct ex_error *err) {
    if (begins(in, "SQLite format 3", 16))
        return ex_hint(
            ex_fail(err, EX_FORMAT, "\"%s\" is an SQLite database, which is not opened", in->path),
            err,
            "make a list of it: sqlite3 -readonly -safe FILE 'SELECT sha256 FROM "
            "FILE' >LIST (docs/known-files.md)");
    if (begins(in, "PK\3\4", 4) || begins(in, "\x1f\x8b", 2) || begins(in, "7z\xbc\xaf", 4) ||
        begins(in, "\x28\xb5\x2f\xfd", 4) ||
        begins(in,
               "\xfd"
               "7zXZ",
               5))
        return ex_hint(ex_fail(err, EX_FORMAT, "\"%s\" is an archive, or compressed", in->path),
                       err, "unpack it, and give the list that is in it");
    return EX_OK;
}

static ex_code check_report(const struct input *in, const struct hash_list_report *r,
                            struct ex_error *err) {
    if (r->hashes > 0)
        return EX_OK;
    if (r->shorter > 0 || (r->columns && !r->has_column))
        return ex_hint(ex_fail(err, EX_FORMAT, "\"%s\" has MD5 or SHA-1, and no SHA-256", in->path),
                       err,
                       "examinations compute SHA-256 alone, so nothing would ever match it; ask "
                       "its maker for SHA-256");
    return ex_hint(ex_fail(err, EX_FORMAT, "no line of \"%s\" holds a SHA-256", in->path), err,
                   "docs/format/hash-set.md §4 says what a list looks like");
}

/* ---- texts ---- */

/* The first piece was read. */
static ex_code read_text(struct input *in, hash_list_fn *each, void *context,
                         struct hash_list_report *ret, struct ex_error *err) {
    EX_AUTO(hash_list_free) struct hash_list *l = NULL;
    EX_TRY(hash_list_new(each, context, &l, err));
    while (in->held > 0) {
        EX_TRY(hash_list_feed(l, in->data, in->held, err));
        EX_TRY(next_piece(in, err));
    }
    EX_TRY(hash_list_end(l, ret, err));
    return check_report(in, ret, err);
}

ex_code hashset_read_list(const char *path, hash_list_fn *each, void *context,
                          struct ex_progress *progress, struct hash_list_report *ret,
                          struct ex_error *err) {
    struct input in;
    ex_code code = input_open(&in, path, progress, err);
    if (code == EX_OK)
        code = next_piece(&in, err);
    if (code == EX_OK)
        code = check_kind(&in, err);
    if (code == EX_OK)
        code = read_text(&in, each, context, ret, err);
    input_close(&in);
    return code;
}

static ex_code add_one(void *context, const uint8_t hash[static 32], struct ex_error *err) {
    const void *one = hash;
    return hashset_make_add(context, one, 1, err);
}

static ex_code add_text(struct input *in, struct hashset_maker *maker, struct source_read *r,
                        struct ex_error *err) {
    struct hash_list_report report;
    EX_TRY(read_text(in, add_one, maker, &report, err));
    r->source.hashes = report.hashes;
    r->source.unread = report.unread;
    memcpy(r->place, report.place, sizeof r->place);
    return EX_OK;
}

/* ---- sets ---- */

static ex_code add_page(void *context, const uint8_t (*hash)[HASHSET_HASH_BYTES], size_t count,
                        struct ex_error *err) {
    return hashset_make_add(context, hash, count, err);
}

/* The fs-verity digest of what is read to its end, so that the SHA-256 is that of the same bytes.
 */
static ex_code digest_rest(struct input *in, uint8_t ret[static VERITY_BYTES],
                           struct ex_error *err) {
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    EX_AUTO_FREE struct verity *tree = ex_new0(struct verity);
    uint8_t hash[PIECE_BYTES / BLOCK_BYTES][BLOCK_HASH_BYTES];
    verity_start(tree);
    EX_TRY(block_hasher_new(&hasher, err));
    while (in->held > 0) {
        EX_TRY(block_hasher_run(hasher, in->data, in->held, hash, err));
        for (size_t i = 0; i < (in->held + BLOCK_BYTES - 1) / BLOCK_BYTES; i++)
            verity_add(tree, hash[i]);
        EX_TRY(next_piece(in, err));
    }
    return verity_end(tree, in->size_bytes, ret, err);
}

static ex_code add_set(struct input *in, enum hashset_meaning meaning, struct hashset_maker *maker,
                       struct source_read *r, struct ex_error *err) {
    EX_AUTO(hashset_close) struct hashset *s = NULL;
    uint8_t digest[VERITY_BYTES];
    int fd = fcntl(in->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\" again", in->path);
    EX_TRY(hashset_open(fd, in->path, NULL, &s, err));
    if (hashset_head(s)->meaning != meaning)
        return ex_hint(ex_fail(err, EX_USAGE, "\"%s\" is a set with the meaning %s", in->path,
                               hashset_meaning_word(hashset_head(s)->meaning)),
                       err, "sets of different meanings stay apart");
    EX_TRY(digest_rest(in, digest, err));
    if (memcmp(digest, hashset_identity(s), sizeof digest) != 0)
        return ex_fail(err, EX_FORMAT, "\"%s\" is a damaged hash set", in->path);
    EX_TRY(hashset_each(s, add_page, maker, NULL, err));
    r->source.hashes = hashset_head(s)->hashes;
    r->is_set = true;
    return EX_OK;
}

ex_code hashset_read_source(const char *path, enum hashset_meaning meaning,
                            struct hashset_maker *maker, struct ex_progress *progress,
                            struct source_read *ret, struct ex_error *err) {
    struct input in;
    *ret = (struct source_read){0};
    ex_code code = input_open(&in, path, progress, err);
    if (code == EX_OK)
        code = next_piece(&in, err);
    if (code == EX_OK)
        code = check_kind(&in, err);
    if (code == EX_OK)
        code = begins(&in, "EXHSET", 6) ? add_set(&in, meaning, maker, ret, err)
                                        : add_text(&in, maker, ret, err);
    sha256_end(&in.hash, ret->source.sha256);
    ret->source.size_bytes = in.size_bytes;
    input_close(&in);
    return code;
}
