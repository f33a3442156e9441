/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of the stream of a folder: format/folder §2, §3. */
#include "formats/tar_entry.h"

#include "formats/tar_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    BUFFER_BYTES_MAX = 64 << 20,
    SHORT_NUMBER_MAX = 07777777, /* what seven digits hold */
    SPARSE_PREFIX_BYTES = sizeof "GNUSparseFile.0/" - 1,
    ACL_HEAD_BYTES = 4,
    ACL_ENTRY_BYTES = 8
};

/* ---- the buffer ---- */

static ex_code append(struct tar_buffer *b, const void *data, size_t size_bytes,
                      struct ex_error *err) {
    EX_TRY(ex_grow(&b->data, &b->capacity, b->size_bytes + size_bytes, 1, BUFFER_BYTES_MAX,
                   "the header of a file", err));
    if (data != NULL)
        memcpy(b->data + b->size_bytes, data, size_bytes);
    else
        memset(b->data + b->size_bytes, 0, size_bytes);
    b->size_bytes += size_bytes;
    return EX_OK;
}

static unsigned digits_of(size_t n) {
    unsigned digits = 1;
    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

/* "LENGTH KEY=VALUE\n", LENGTH being `total`: all of it. */
static ex_code put_sized(struct tar_buffer *b, size_t total, const char *key, const void *value,
                         size_t value_bytes, struct ex_error *err) {
    char head[32];
    int bytes = snprintf(head, sizeof head, "%zu ", total);
    EX_TRY(append(b, head, (size_t)bytes, err));
    EX_TRY(append(b, key, strlen(key), err));
    EX_TRY(append(b, "=", 1, err));
    EX_TRY(append(b, value, value_bytes, err));
    return append(b, "\n", 1, err);
}

static ex_code put_record(struct tar_buffer *b, const char *key, const void *value,
                          size_t value_bytes, struct ex_error *err) {
    size_t rest = strlen(key) + value_bytes + 3, total = rest + digits_of(rest);
    if (digits_of(total) != digits_of(rest))
        total = rest + digits_of(total);
    return put_sized(b, total, key, value, value_bytes, err);
}

static ex_code put_text(struct tar_buffer *b, const char *key, const char *value,
                        struct ex_error *err) {
    return put_record(b, key, value, strlen(value), err);
}

static ex_code put_number(struct tar_buffer *b, const char *key, uint64_t value,
                          struct ex_error *err) {
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return put_text(b, key, text, err);
}

/* Seconds are rounded down, a decimal number is not: -0.5 is second -1 and half of one. */
static ex_code put_time(struct tar_buffer *b, const char *key, const struct tar_entry_time *t,
                        struct ex_error *err) {
    char text[48];
    if (!t->known)
        return EX_OK;
    if (t->s >= 0 || t->ns == 0)
        (void)snprintf(text, sizeof text, "%" PRId64 ".%09" PRIu32, t->s, t->ns);
    else
        (void)snprintf(text, sizeof text, "-%" PRId64 ".%09" PRIu32, -(t->s + 1),
                       1000000000 - t->ns);
    return put_text(b, key, text, err);
}

/* ---- extended attributes ---- */

/* As GNU tar does it: the key of a record ends at the first "=". */
static ex_code put_xattr(struct tar_buffer *b, const struct tar_entry_xattr *x,
                         struct ex_error *err) {
    char key[3 * 256 + 16] = "SCHILY.xattr.";
    size_t used = strlen(key);
    if (strlen(x->name) > 255)
        return ex_fail(err, EX_LIMIT, "the name of an extended attribute is too long");
    for (const char *p = x->name; *p != '\0'; p++)
        used += *p == '=' || *p == '%'
                    ? (size_t)snprintf(key + used, sizeof key - used, "%%%02X", (unsigned char)*p)
                    : (size_t)snprintf(key + used, sizeof key - used, "%c", *p);
    return put_record(b, key, x->value, x->value_bytes, err);
}

/* The value of system.posix_acl_* (Linux, version 2) as POSIX.1e short text with numbers, for what
 * does not know the attribute. False: it is anything else. */
static bool acl_text(const struct tar_entry_xattr *x, char *to, size_t room) {
    static const struct {
        uint16_t tag;
        const char *word;
        bool id;
    } tags[] = {{0x01, "user", false}, {0x02, "user", true},  {0x04, "group", false},
                {0x08, "group", true}, {0x10, "mask", false}, {0x20, "other", false}};
    struct ex_cursor c = ex_cursor_make(x->value, x->value_bytes);
    size_t used = 0;
    if (ex_cursor_le32(&c) != 2 || x->value_bytes % ACL_ENTRY_BYTES != ACL_HEAD_BYTES)
        return false;
    while (ex_cursor_left(&c) > 0) {
        uint16_t tag = ex_cursor_le16(&c), perm = ex_cursor_le16(&c);
        uint32_t id = ex_cursor_le32(&c);
        char who[16] = "";
        size_t i = 0;
        while (i < sizeof tags / sizeof tags[0] && tags[i].tag != tag)
            i++;
        if (i == sizeof tags / sizeof tags[0] || room - used < 48)
            return false;
        if (tags[i].id)
            (void)snprintf(who, sizeof who, "%" PRIu32, id);
        used += (size_t)snprintf(to + used, room - used, "%s%s:%s:%c%c%c", used > 0 ? "," : "",
                                 tags[i].word, who, (perm & 4) != 0 ? 'r' : '-',
                                 (perm & 2) != 0 ? 'w' : '-', (perm & 1) != 0 ? 'x' : '-');
    }
    return used > 0;
}

static ex_code put_xattrs(struct tar_buffer *b, const struct tar_entry *e, struct ex_error *err) {
    char text[8192];
    for (size_t i = 0; i < e->xattr_count; i++) {
        const struct tar_entry_xattr *x = &e->xattr[i];
        EX_TRY(put_xattr(b, x, err));
        const char *key = strcmp(x->name, "system.posix_acl_access") == 0    ? "SCHILY.acl.access"
                          : strcmp(x->name, "system.posix_acl_default") == 0 ? "SCHILY.acl.default"
                                                                             : NULL;
        if (key != NULL && acl_text(x, text, sizeof text))
            EX_TRY(put_text(b, key, text, err));
    }
    return EX_OK;
}

/* ---- records ---- */

bool tar_entry_is_utf8(const char *bytes, size_t size_bytes) {
    return path_text_valid(bytes, size_bytes, false);
}

/* Stands in the header block as it is. */
static bool is_plain(const char *text) {
    size_t size = strlen(text);
    if (size > TAR_NAME_BYTES)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
            return false;
    return true;
}

/* DIR/GNUSparseFile.0/NAME, as GNU tar has it for a reader that does not know sparse files. */
static ex_code put_sparse(struct tar_buffer *b, const struct tar_entry *e, struct ex_error *err) {
    const char *slash = strrchr(e->path, '/');
    size_t parent = slash == NULL ? 0 : (size_t)(slash - e->path) + 1;
    size_t room = strlen(e->path) + SPARSE_PREFIX_BYTES + 1;
    EX_AUTO_FREE char *path = ex_new0_bytes(room);
    (void)snprintf(path, room, "%.*sGNUSparseFile.0/%s", (int)parent, e->path, e->path + parent);
    EX_TRY(put_text(b, "path", path, err));
    EX_TRY(put_text(b, "GNU.sparse.major", "1", err));
    EX_TRY(put_text(b, "GNU.sparse.minor", "0", err));
    EX_TRY(put_text(b, "GNU.sparse.name", e->path, err));
    return put_number(b, "GNU.sparse.realsize", e->size_bytes, err);
}

static ex_code put_names(struct tar_buffer *b, const struct tar_entry *e, const char *path,
                         struct ex_error *err) {
    bool utf8 = path_text_valid(path, strlen(path), false) &&
                (e->link == NULL || path_text_valid(e->link, strlen(e->link), false));
    if (!utf8)
        EX_TRY(put_text(b, "hdrcharset", "BINARY", err));
    if (e->sparse)
        EX_TRY(put_sparse(b, e, err));
    else if (!is_plain(path))
        EX_TRY(put_text(b, "path", path, err));
    return e->link != NULL && !is_plain(e->link) ? put_text(b, "linkpath", e->link, err) : EX_OK;
}

static ex_code put_records(struct tar_buffer *b, const struct tar_entry *e, const char *path,
                           uint64_t stored, struct ex_error *err) {
    EX_TRY(put_names(b, e, path, err));
    if (stored > TAR_OCTAL_MAX)
        EX_TRY(put_number(b, "size", stored, err));
    if (e->uid > SHORT_NUMBER_MAX)
        EX_TRY(put_number(b, "uid", e->uid, err));
    if (e->gid > SHORT_NUMBER_MAX)
        EX_TRY(put_number(b, "gid", e->gid, err));
    EX_TRY(put_time(b, "mtime", &e->mtime, err));
    EX_TRY(put_time(b, "atime", &e->atime, err));
    EX_TRY(put_time(b, "ctime", &e->ctime, err));
    return put_xattrs(b, e, err);
}

/* A comment that makes so many bytes, itself included; 20 or more. */
static ex_code put_filler(struct tar_buffer *b, size_t total, struct ex_error *err) {
    char filler[2 * 4096 + TAR_BLOCK_BYTES];
    size_t bytes = total - digits_of(total) - sizeof " comment=";
    memset(filler, '.', bytes);
    return put_sized(b, total, "comment", filler, bytes, err);
}

/* The map of a sparse file: it stands before the data, and counts as bytes of the member. */
static ex_code put_map(struct tar_buffer *b, const struct tar_entry *e, struct ex_error *err) {
    size_t before = b->size_bytes;
    char line[64];
    int bytes = snprintf(line, sizeof line, "%zu\n", e->data_count);
    EX_TRY(append(b, line, (size_t)bytes, err));
    for (size_t i = 0; i < e->data_count; i++) {
        bytes = snprintf(line, sizeof line, "%" PRIu64 "\n%" PRIu64 "\n", e->data[i].offset,
                         e->data[i].length);
        EX_TRY(append(b, line, (size_t)bytes, err));
    }
    return append(b, NULL, tar_padding(b->size_bytes - before), err);
}

/* ---- the header ---- */

static void fill_fields(const struct tar_entry *e, const char *path, uint64_t stored,
                        char poor[static TAR_NAME_BYTES], struct tar_fields *f) {
    bool linked = e->link != NULL && is_plain(e->link);
    bool device = e->type == TAR_ENTRY_CHARACTER_DEVICE || e->type == TAR_ENTRY_BLOCK_DEVICE;
    *f = (struct tar_fields){.type = (uint8_t)e->type,
                             .name = path,
                             .name_bytes = strlen(path),
                             .link = linked ? e->link : "",
                             .link_bytes = linked ? strlen(e->link) : 0,
                             .size_bytes = stored <= TAR_OCTAL_MAX ? stored : 0,
                             .mode = e->mode,
                             .uid = e->uid <= SHORT_NUMBER_MAX ? e->uid : 0,
                             .gid = e->gid <= SHORT_NUMBER_MAX ? e->gid : 0,
                             .major = device ? e->major : 0,
                             .minor = device ? e->minor : 0};
    if (e->mtime.known && e->mtime.s >= 0 && (uint64_t)e->mtime.s <= TAR_OCTAL_MAX)
        f->mtime_s = (uint64_t)e->mtime.s;
    if (!is_plain(path) || e->sparse) {
        f->name = poor;
        f->name_bytes = tar_poor_name(path, strlen(path), poor);
    }
}

static ex_code put_header(struct tar_buffer *b, const struct tar_fields *f, struct ex_error *err) {
    uint8_t block[TAR_BLOCK_BYTES];
    tar_header_make(block, f);
    return append(b, block, sizeof block, err);
}

static ex_code put_extended(struct tar_buffer *b, const struct tar_buffer *records, uint8_t type,
                            uint64_t number, struct ex_error *err) {
    char name[40];
    const struct tar_fields f = {
        .type = type,
        .name = name,
        .name_bytes = (size_t)snprintf(name, sizeof name, "PaxHeaders/%" PRIu64, number),
        .size_bytes = records->size_bytes,
        .mode = 0644};
    EX_TRY(put_header(b, &f, err));
    EX_TRY(append(b, records->data, records->size_bytes, err));
    return append(b, NULL, tar_padding(records->size_bytes), err);
}

/* The records get so much longer that what follows them begins where it should. */
static ex_code align(struct tar_buffer *records, uint64_t at, size_t map_bytes,
                     unsigned align_bytes, struct ex_error *err) {
    size_t blocks = records->size_bytes + tar_padding(records->size_bytes);
    uint64_t end = at + 2 * TAR_BLOCK_BYTES + blocks + map_bytes;
    size_t missing = (size_t)((align_bytes - end % align_bytes) % align_bytes);
    if (missing == 0 && records->size_bytes == 0)
        missing = align_bytes; /* an extended header of nothing would be odd */
    return missing == 0 ? EX_OK : put_filler(records, blocks + missing - records->size_bytes, err);
}

static ex_code put_all(const struct tar_entry *e, const char *path, uint64_t number, uint64_t at,
                       unsigned align_bytes, struct tar_buffer *records, struct tar_buffer *map,
                       struct tar_buffer *to, uint64_t *ret_stored, struct ex_error *err) {
    char poor[TAR_NAME_BYTES];
    struct tar_fields f;
    uint64_t stored = e->sparse ? 0 : e->size_bytes;
    for (size_t i = 0; e->sparse && i < e->data_count; i++)
        stored += e->data[i].length;
    if (e->sparse)
        EX_TRY(put_map(map, e, err));
    EX_TRY(put_records(records, e, path, map->size_bytes + stored, err));
    if (align_bytes > 0)
        EX_TRY(align(records, at, map->size_bytes, align_bytes, err));
    if (records->size_bytes > TAR_ENTRY_PAX_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "the attributes of a file are too large for its header");
    if (records->size_bytes > 0)
        EX_TRY(put_extended(to, records, 'x', number, err));
    fill_fields(e, path, map->size_bytes + stored, poor, &f);
    EX_TRY(put_header(to, &f, err));
    if (map->size_bytes > 0)
        EX_TRY(append(to, map->data, map->size_bytes, err));
    *ret_stored = stored;
    return EX_OK;
}

ex_code tar_entry_render(const struct tar_entry *e, uint64_t number, uint64_t at,
                         unsigned align_bytes, struct tar_buffer *to, uint64_t *ret_stored,
                         struct ex_error *err) {
    struct tar_buffer records = {0}, map = {0};
    size_t before = to->size_bytes, size = strlen(e->path);
    EX_AUTO_FREE char *path = ex_new0_bytes(size + 2);
    if (size > TAR_ENTRY_PATH_BYTES_MAX ||
        (e->link != NULL && strlen(e->link) > TAR_ENTRY_PATH_BYTES_MAX))
        return ex_fail(err, EX_LIMIT, "a path is over %d bytes", TAR_ENTRY_PATH_BYTES_MAX);
    memcpy(path, e->path, size);
    if (e->type == TAR_ENTRY_DIRECTORY)
        path[size] = '/';
    ex_code code = put_all(e, path, number, at, align_bytes, &records, &map, to, ret_stored, err);
    free(records.data);
    free(map.data);
    if (code != EX_OK)
        to->size_bytes = before;
    return code;
}

ex_code tar_entry_comment(const char *comment, struct tar_buffer *to, struct ex_error *err) {
    struct tar_buffer records = {0};
    ex_code code = put_text(&records, "comment", comment, err);
    if (code == EX_OK)
        code = put_extended(to, &records, 'g', 0, err);
    free(records.data);
    return code;
}
