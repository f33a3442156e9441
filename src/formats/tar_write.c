/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tar_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* A path, its slash, and two records of a number. */
enum { PAX_ROOM_BYTES = TAR_PATH_BYTES_MAX + 256 };

void tar_writer_init(struct tar_writer *w, tar_write_fn write, void *context) {
    *w = (struct tar_writer){.write = write, .context = context};
}

static void put_octal(uint8_t *at, size_t field_bytes, uint64_t value) {
    at[field_bytes - 1] = '\0';
    for (size_t i = field_bytes - 1; i > 0; i--, value >>= 3)
        at[i - 1] = (uint8_t)('0' + (value & 7));
}

void tar_header_make(uint8_t block[static TAR_BLOCK_BYTES], const struct tar_fields *f) {
    memset(block, 0, TAR_BLOCK_BYTES);
    memcpy(block + TAR_NAME_AT, f->name, f->name_bytes);
    if (f->prefix_bytes > 0)
        memcpy(block + TAR_PREFIX_AT, f->prefix, f->prefix_bytes);
    if (f->link_bytes > 0)
        memcpy(block + TAR_LINK_AT, f->link, f->link_bytes);
    put_octal(block + TAR_MODE_AT, TAR_SHORT_BYTES, f->mode & 07777);
    put_octal(block + TAR_UID_AT, TAR_SHORT_BYTES, f->uid);
    put_octal(block + TAR_GID_AT, TAR_SHORT_BYTES, f->gid);
    put_octal(block + TAR_SIZE_AT, TAR_LONG_BYTES, f->size_bytes);
    put_octal(block + TAR_MTIME_AT, TAR_LONG_BYTES, f->mtime_s);
    put_octal(block + TAR_MAJOR_AT, TAR_SHORT_BYTES, f->major);
    put_octal(block + TAR_MINOR_AT, TAR_SHORT_BYTES, f->minor);
    block[TAR_TYPE_AT] = f->type;
    memcpy(block + TAR_MAGIC_AT, "ustar\00000", TAR_MAGIC_BYTES);
    /* Six digits, a NUL, a space: the form that every tar since the seventies has written. */
    put_octal(block + TAR_CHECKSUM_AT, TAR_SHORT_BYTES - 1, tar_checksum(block));
    block[TAR_CHECKSUM_AT + TAR_SHORT_BYTES - 1] = ' ';
}

static ex_code write_header(struct tar_writer *w, const struct tar_fields *f,
                            struct ex_error *err) {
    uint8_t block[TAR_BLOCK_BYTES];
    tar_header_make(block, f);
    return w->write(w->context, block, sizeof block, err);
}

static ex_code write_zeros(struct tar_writer *w, size_t size_bytes, struct ex_error *err) {
    static const uint8_t zeros[2 * TAR_BLOCK_BYTES];
    return size_bytes == 0 ? EX_OK : w->write(w->context, zeros, size_bytes, err);
}

/* ---- extended headers ---- */

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static size_t put_record(char *to, size_t room, const char *key, const char *value) {
    size_t rest = strlen(key) + strlen(value) + 3, total = rest + 1;
    for (size_t before = 0; before != total;) {
        char digits[24];
        before = total;
        total = rest + (size_t)snprintf(digits, sizeof digits, "%zu", before);
    }
    (void)snprintf(to, room, "%zu %s=%s\n", total, key, value);
    return total;
}

static ex_code write_pax(struct tar_writer *w, const char *records, size_t size_bytes,
                         struct ex_error *err) {
    char name[32];
    /* The number keeps the names apart where a tar without pax unpacks them as files. */
    int bytes = snprintf(name, sizeof name, "PaxHeaders/%" PRIu64, w->members);
    const struct tar_fields f = {.type = 'x',
                                 .name = name,
                                 .name_bytes = (size_t)bytes,
                                 .size_bytes = size_bytes,
                                 .mode = 0644};
    EX_TRY(write_header(w, &f, err));
    EX_TRY(w->write(w->context, records, size_bytes, err));
    return write_zeros(w, tar_padding(size_bytes), err);
}

/* ---- members ---- */

/* Where a path (with the slash of a directory) is cut into prefix and name: the bytes of the
 * prefix, 0 for none. False when it fits in no way. */
static bool split(const char *path, size_t size, size_t *ret) {
    *ret = 0;
    if (size <= TAR_NAME_BYTES)
        return true;
    for (size_t i = size - TAR_NAME_BYTES - 1; i <= TAR_PREFIX_BYTES && i + 1 < size; i++) {
        if (path[i] == '/' && i > 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool is_ascii(const char *path) {
    return (path_faults(path, strlen(path)) & PATH_NOT_ASCII) == 0;
}

size_t tar_poor_name(const char *path, size_t size, char to[static TAR_NAME_BYTES]) {
    size_t bytes = size < TAR_NAME_BYTES ? size : TAR_NAME_BYTES;
    for (size_t i = 0; i < bytes; i++)
        to[i] = (unsigned char)path[i] < 0x80 ? path[i] : '_';
    while (bytes > 1 && to[bytes - 1] == '/')
        bytes--;
    return bytes;
}

static ex_code check_member(const struct tar_writer *w, const struct tar_member *m,
                            struct ex_error *err) {
    char name[PATH_PRINTED_BYTES];
    size_t size = strlen(m->path);
    unsigned faults = path_faults(m->path, size) & ~(unsigned)PATH_NOT_ASCII;
    if (w->open || w->finished)
        return ex_fail(err, EX_USAGE, "a member of the archive is still open, or it is finished");
    if (faults != 0)
        return ex_fail(err, EX_FORMAT, "the path \"%s\" %s",
                       path_print(name, sizeof name, m->path, size), path_fault_text(faults));
    if (m->size_bytes > INT64_MAX || (m->directory && m->size_bytes > 0) ||
        m->mtime_s > TAR_TIME_MAX || m->mtime_s < -TAR_TIME_MAX)
        return ex_fail(err, EX_USAGE, "\"%s\" cannot have this size or time",
                       path_print(name, sizeof name, m->path, size));
    return EX_OK;
}

ex_code tar_begin(struct tar_writer *w, const struct tar_member *m, struct ex_error *err) {
    char records[PAX_ROOM_BYTES], path[TAR_PATH_BYTES_MAX + 2], poor[TAR_NAME_BYTES], number[32];
    size_t used = 0, prefix;
    EX_TRY(check_member(w, m, err));
    size_t size = (size_t)snprintf(path, sizeof path, "%s%s", m->path, m->directory ? "/" : "");
    bool plain = is_ascii(m->path) && split(path, size, &prefix);
    bool old = m->mtime_s >= 0 && (uint64_t)m->mtime_s <= TAR_OCTAL_MAX;
    bool small = m->size_bytes <= TAR_OCTAL_MAX;
    if (!plain)
        used += put_record(records, sizeof records, "path", path);
    (void)snprintf(number, sizeof number, "%" PRIu64, m->size_bytes);
    if (!small)
        used += put_record(records + used, sizeof records - used, "size", number);
    (void)snprintf(number, sizeof number, "%" PRId64, m->mtime_s);
    if (!old)
        used += put_record(records + used, sizeof records - used, "mtime", number);
    if (used > 0)
        EX_TRY(write_pax(w, records, used, err));

    const char *name = plain && prefix > 0 ? path + prefix + 1 : path;
    size_t name_bytes = size - (size_t)(name - path);
    if (!plain) {
        prefix = 0;
        name_bytes = tar_poor_name(path, size, poor);
        name = poor;
    }
    const struct tar_fields f = {.type = m->directory ? '5' : '0',
                                 .prefix = path,
                                 .prefix_bytes = prefix,
                                 .name = name,
                                 .name_bytes = name_bytes,
                                 .size_bytes = small ? m->size_bytes : 0,
                                 .mtime_s = old ? (uint64_t)m->mtime_s : 0,
                                 .mode = m->mode};
    EX_TRY(write_header(w, &f, err));
    w->members++;
    w->open = !m->directory;
    w->left_bytes = m->size_bytes;
    w->padding_bytes = tar_padding(m->size_bytes);
    return EX_OK;
}

ex_code tar_write(struct tar_writer *w, const void *data, size_t size_bytes, struct ex_error *err) {
    if (!w->open || size_bytes > w->left_bytes)
        return ex_fail(err, EX_USAGE, "more bytes for a member of the archive than were announced");
    w->left_bytes -= size_bytes;
    return size_bytes == 0 ? EX_OK : w->write(w->context, data, size_bytes, err);
}

ex_code tar_end(struct tar_writer *w, struct ex_error *err) {
    if (!w->open || w->left_bytes > 0)
        return ex_fail(err, EX_USAGE,
                       "fewer bytes for a member of the archive than were announced");
    w->open = false;
    return write_zeros(w, w->padding_bytes, err);
}

ex_code tar_finish(struct tar_writer *w, struct ex_error *err) {
    if (w->open || w->finished)
        return ex_fail(err, EX_USAGE, "a member of the archive is still open, or it is finished");
    w->finished = true;
    return write_zeros(w, 2 * TAR_BLOCK_BYTES, err);
}
