/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tar_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum { SKIP_BYTES = 1 << 16 };

struct tar_reader {
    tar_read_fn read;
    void *context;
    struct tar_policy policy;
    struct path_set *paths;
    uint32_t members;
    unsigned globals;
    uint64_t left_bytes;    /* of the member that is open */
    unsigned padding_bytes; /* behind it */
    bool ended;
    ex_code broken; /* what it was refused for; EX_OK so far */
    struct tar_pax pax;
    char path[TAR_PATH_BYTES_MAX + 2];
    uint8_t buffer[SKIP_BYTES];
};

ex_code tar_reader_new(tar_read_fn read, void *context, const struct tar_policy *policy,
                       struct tar_reader **ret, struct ex_error *err) {
    struct tar_reader *r;
    EX_TRY(ex_alloc(1, sizeof *r, sizeof *r, "an archive's reader", &r, err));
    r->read = read;
    r->context = context;
    r->policy = *policy;
    if (r->policy.members_max == 0)
        r->policy.members_max = TAR_MEMBERS_MAX;
    r->paths = path_set_new();
    *ret = r;
    return EX_OK;
}

void tar_reader_free(struct tar_reader *r) {
    if (r != NULL)
        path_set_free(r->paths);
    free(r);
}

/* ---- bytes ---- */

static ex_code pull(struct tar_reader *r, void *to, size_t size_bytes, size_t *ret,
                    struct ex_error *err) {
    *ret = 0;
    EX_TRY(r->read(r->context, to, size_bytes, ret, err));
    return *ret <= size_bytes ? EX_OK : ex_fail(err, EX_INTERNAL, "too many bytes were given");
}

static ex_code cut_short(const char *where, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_ALTERED, "the archive was cut short: it ends %s", where), err,
                   "ask for the archive again");
}

/* Exactly so many. */
static ex_code pull_all(struct tar_reader *r, void *to, size_t size_bytes, const char *where,
                        struct ex_error *err) {
    for (size_t done = 0, got; done < size_bytes; done += got) {
        EX_TRY(pull(r, (uint8_t *)to + done, size_bytes - done, &got, err));
        if (got == 0)
            return cut_short(where, err);
    }
    return EX_OK;
}

static ex_code pull_padding(struct tar_reader *r, size_t size_bytes, struct ex_error *err) {
    uint8_t padding[TAR_BLOCK_BYTES];
    EX_TRY(pull_all(r, padding, size_bytes, "inside a member", err));
    if (!tar_all_zero(padding, size_bytes))
        return ex_fail(err, EX_FORMAT, "the archive hides bytes between two members");
    return EX_OK;
}

static ex_code read_member(struct tar_reader *r, void *to, size_t size_bytes, size_t *ret,
                           struct ex_error *err) {
    size_t wanted = size_bytes < r->left_bytes ? size_bytes : (size_t)r->left_bytes;
    *ret = 0;
    if (wanted > 0) {
        EX_TRY(pull(r, to, wanted, ret, err));
        if (*ret == 0)
            return cut_short("inside a member", err);
    }
    r->left_bytes -= *ret;
    return EX_OK;
}

static ex_code skip_rest(struct tar_reader *r, struct ex_error *err) {
    unsigned padding = r->padding_bytes;
    for (size_t got; r->left_bytes > 0;)
        EX_TRY(read_member(r, r->buffer, sizeof r->buffer, &got, err));
    r->padding_bytes = 0;
    return pull_padding(r, padding, err);
}

/* ---- the end ---- */

/* The first block of zeros was read: one more, then only zeros in whole blocks, as tapes want. */
static ex_code read_end(struct tar_reader *r, struct ex_error *err) {
    uint8_t block[TAR_BLOCK_BYTES];
    size_t behind = 0, got = 1;
    EX_TRY(pull_all(r, block, sizeof block, "between its two end blocks", err));
    if (!tar_all_zero(block, sizeof block))
        return ex_fail(err, EX_FORMAT, "the archive has one end block where two belong");
    while (got > 0) {
        EX_TRY(pull(r, r->buffer, sizeof r->buffer, &got, err));
        behind += got;
        if (!tar_all_zero(r->buffer, got))
            return ex_fail(err, EX_FORMAT, "there are bytes behind the end of the archive");
        if (behind > TAR_END_BYTES_MAX)
            return ex_fail(err, EX_LIMIT, "over %d zeros stand behind the end of the archive",
                           TAR_END_BYTES_MAX);
    }
    if (behind % TAR_BLOCK_BYTES != 0)
        return ex_fail(err, EX_FORMAT, "there is a part of a block behind the end of the archive");
    r->ended = true;
    return EX_OK;
}

/* ---- members ---- */

static const char *type_name(uint8_t type) {
    switch (type) {
    case '1':
        return "is a hard link";
    case '2':
        return "is a symbolic link";
    case '3':
    case '4':
        return "is a device";
    case '6':
        return "is a FIFO";
    case '7':
        return "is a contiguous file";
    case 'S':
        return "is a sparse file of GNU tar";
    case 'L':
    case 'K':
        return "is a long name of GNU tar";
    case 'D':
    case 'M':
    case 'N':
    case 'V':
        return "is a thing that only GNU tar knows";
    default:
        return "is of an unknown kind";
    }
}

static ex_code refuse(const struct tar_reader *r, const char *why, struct ex_error *err) {
    char name[PATH_PRINTED_BYTES];
    return ex_fail(err, EX_FORMAT, "the member \"%s\" of the archive %s",
                   path_print(name, sizeof name, r->path, strlen(r->path)), why);
}

/* The path, out of the extended header or the ustar one, without the slash of a directory. */
static ex_code take_path(struct tar_reader *r, const struct tar_header *h, struct ex_error *err) {
    size_t size = r->pax.has_path ? r->pax.path_bytes : strlen(h->path);
    memcpy(r->path, r->pax.has_path ? r->pax.path : h->path, size);
    r->path[size] = '\0';
    if (h->type != '0' && h->type != '\0' && h->type != '5')
        return ex_hint(refuse(r, type_name(h->type), err), err,
                       "only regular files and directories are accepted");
    if (!r->pax.has_path && !h->sound_name)
        return refuse(r, "hides bytes behind its name", err);
    if (h->type == '5' && size > 1 && r->path[size - 1] == '/')
        r->path[--size] = '\0';
    unsigned faults = path_faults(r->path, size);
    if (!r->policy.ascii_only)
        faults &= ~(unsigned)PATH_NOT_ASCII;
    if (faults != 0)
        return ex_fail(
            err, EX_FORMAT, "a path in the archive %s: \"%s\"", path_fault_text(faults),
            path_print((char[PATH_PRINTED_BYTES]){0}, PATH_PRINTED_BYTES, r->path, size));
    return EX_OK;
}

/* A size beyond 8 GiB stands in the extended header; the ustar header then has 0 or the same in
 * base-256. Anything else are two sizes, and two readers would see two archives. */
static ex_code take_size(struct tar_reader *r, const struct tar_header *h, uint64_t *ret,
                         struct ex_error *err) {
    *ret = r->pax.has_size ? r->pax.size_bytes : h->size_bytes;
    bool beyond = h->size_in_octal && h->size_bytes == 0 && *ret > TAR_OCTAL_MAX;
    if (*ret != h->size_bytes && !beyond)
        return refuse(r, "has two different sizes", err);
    if (h->type == '5' && *ret > 0)
        return refuse(r, "is a directory with bytes in it", err);
    return EX_OK;
}

static ex_code check_known(struct tar_reader *r, bool directory, struct ex_error *err) {
    enum path_known known;
    const char *other;
    char name[PATH_PRINTED_BYTES / 2], met[PATH_PRINTED_BYTES / 2];
    EX_TRY(path_set_add(r->paths, r->path, directory, &known, &other, err));
    if (known == PATH_NEW)
        return EX_OK;
    return ex_fail(err, EX_FORMAT, "the archive has both \"%s\" and \"%s\"%s",
                   path_print(met, sizeof met, other, strlen(other)),
                   path_print(name, sizeof name, r->path, strlen(r->path)),
                   known == PATH_OTHER_CASE ? ", which are one on many systems" : "");
}

static ex_code take_member(struct tar_reader *r, const struct tar_header *h, struct tar_member *ret,
                           struct ex_error *err) {
    uint64_t size_bytes;
    bool directory = h->type == '5';
    EX_TRY(take_path(r, h, err));
    EX_TRY(take_size(r, h, &size_bytes, err));
    EX_TRY(check_known(r, directory, err));
    if (r->members == r->policy.members_max)
        return ex_fail(err, EX_LIMIT, "the archive has over %" PRIu32 " members",
                       r->policy.members_max);
    r->members++;
    *ret = (struct tar_member){.path = r->path,
                               .directory = directory,
                               .size_bytes = size_bytes,
                               .mtime_s = r->pax.has_mtime ? r->pax.mtime_s : h->mtime_s,
                               .mode = h->mode};
    r->left_bytes = size_bytes;
    r->padding_bytes = tar_padding(size_bytes);
    r->pax.there = false;
    return EX_OK;
}

/* The bytes of an 'x' or 'g' header. */
static ex_code take_extended(struct tar_reader *r, const struct tar_header *h,
                             struct ex_error *err) {
    struct tar_pax *pax = &r->pax;
    bool global = h->type == 'g';
    if (pax->there)
        return ex_fail(err, EX_FORMAT, "an extended header of the archive belongs to no member");
    if (global && r->globals++ == TAR_GLOBAL_HEADERS_MAX)
        return ex_fail(err, EX_LIMIT, "the archive has over %d global headers",
                       TAR_GLOBAL_HEADERS_MAX);
    if (h->size_bytes > TAR_PAX_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "an extended header of the archive is over %d bytes",
                       TAR_PAX_BYTES_MAX);
    size_t size = (size_t)h->size_bytes;
    EX_TRY(pull_all(r, r->buffer, size, "inside an extended header", err));
    EX_TRY(pull_padding(r, tar_padding(size), err));
    *pax = (struct tar_pax){0};
    return tar_pax_parse(r->buffer, size, global, pax, err);
}

static ex_code next(struct tar_reader *r, struct tar_member *ret, struct ex_error *err) {
    uint8_t block[TAR_BLOCK_BYTES];
    EX_TRY(skip_rest(r, err));
    r->pax = (struct tar_pax){0};
    for (;;) {
        struct tar_header h;
        EX_TRY(pull_all(r, block, sizeof block, "where a header or its end belongs", err));
        if (tar_all_zero(block, sizeof block)) {
            if (r->pax.there)
                return ex_fail(err, EX_FORMAT,
                               "an extended header of the archive belongs to no member");
            return read_end(r, err);
        }
        EX_TRY(tar_header_parse(block, &h, err));
        if (h.type != 'x' && h.type != 'g')
            return take_member(r, &h, ret, err);
        EX_TRY(take_extended(r, &h, err));
    }
}

static ex_code still_whole(const struct tar_reader *r, struct ex_error *err) {
    return r->broken == EX_OK ? EX_OK : ex_fail(err, r->broken, "the archive was refused before");
}

ex_code tar_next(struct tar_reader *r, struct tar_member *ret, bool *ret_end,
                 struct ex_error *err) {
    struct tar_member member = {0};
    EX_TRY(still_whole(r, err));
    if (!r->ended)
        r->broken = next(r, &member, err);
    EX_TRY(r->broken);
    *ret_end = r->ended;
    if (!r->ended)
        *ret = member;
    return EX_OK;
}

ex_code tar_read(struct tar_reader *r, void *to, size_t size_bytes, size_t *ret_size_bytes,
                 struct ex_error *err) {
    size_t got = 0;
    EX_TRY(still_whole(r, err));
    r->broken = read_member(r, to, size_bytes, &got, err);
    EX_TRY(r->broken);
    *ret_size_bytes = got;
    return EX_OK;
}
