/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of the stream of a folder: format/folder §2, §3. */
#include "formats/tar_entry_internal.h"

enum { NANOSECOND_DIGITS = 9, PART_BYTES_MAX = 255 };

void tar_entry_parse_clear(struct tar_entry_parse *p) {
    free(p->path);
    free(p->link);
    free(p->xattr);
    free(p->data);
    free(p->names);
    *p = (struct tar_entry_parse){0};
}

static ex_code refuse(const struct tar_record *r, struct ex_error *err) {
    char key[PATH_PRINTED_BYTES];
    return ex_fail(err, EX_FORMAT, "the stream of the folder has a record \"%s\" that is not sound",
                   path_print(key, sizeof key, r->key, r->key_bytes));
}

/* ---- values ---- */

static ex_code take_text(const struct tar_record *r, char **to, struct ex_error *err) {
    if (*to != NULL || r->value_bytes == 0 || r->value_bytes > TAR_ENTRY_PATH_BYTES_MAX + 1 ||
        memchr(r->value, '\0', r->value_bytes) != NULL)
        return refuse(r, err);
    EX_TRY(ex_alloc(r->value_bytes + 1, 1, TAR_ENTRY_PATH_BYTES_MAX + 2, "a path", to, err));
    memcpy(*to, r->value, r->value_bytes);
    return EX_OK;
}

static ex_code take_number(const struct tar_record *r, uint64_t max, uint64_t *to,
                           struct ex_error *err) {
    return ex_parse_decimal(r->value, r->value_bytes, to) && *to <= max ? EX_OK : refuse(r, err);
}

static ex_code take_id(const struct tar_record *r, uint32_t *to, struct ex_error *err) {
    uint64_t n;
    EX_TRY(take_number(r, UINT32_MAX, &n, err));
    *to = (uint32_t)n;
    return EX_OK;
}

/* A decimal number with nine digits behind its point; seconds are rounded down. */
static ex_code take_time(const struct tar_record *r, struct tar_entry_time *to,
                         struct ex_error *err) {
    bool negative = r->value_bytes > 0 && r->value[0] == '-';
    const char *text = r->value + (negative ? 1 : 0);
    size_t size = r->value_bytes - (negative ? 1 : 0);
    uint64_t s, ns = 0;
    if (to->known || size < NANOSECOND_DIGITS + 2 || text[size - NANOSECOND_DIGITS - 1] != '.' ||
        !ex_parse_decimal(text, size - NANOSECOND_DIGITS - 1, &s) || s > TAR_TIME_MAX)
        return refuse(r, err);
    for (size_t i = size - NANOSECOND_DIGITS; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return refuse(r, err);
        ns = ns * 10 + (uint64_t)(text[i] - '0');
    }
    to->known = true;
    to->s = negative ? -(int64_t)s : (int64_t)s;
    if (negative && ns > 0) {
        to->s--;
        ns = 1000000000 - ns;
    }
    to->ns = (uint32_t)ns;
    return EX_OK;
}

/* ---- extended attributes ---- */

static int hex_value(char ch) {
    return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/* "%3D" and "%25" are the only two that the writer escapes. */
static bool unescape(const char *from, size_t size, char *to) {
    for (size_t i = 0; i < size; i++) {
        char ch = from[i];
        if (ch == '%') {
            int high = i + 2 < size ? hex_value(from[i + 1]) : -1;
            int low = i + 2 < size ? hex_value(from[i + 2]) : -1;
            ch = (char)(high * 16 + low);
            if (high < 0 || low < 0 || (ch != '%' && ch != '='))
                return false;
            i += 2;
        }
        *to++ = ch;
    }
    *to = '\0';
    return true;
}

static ex_code take_xattr(struct tar_entry_parse *p, const struct tar_record *r, size_t prefix,
                          size_t records_bytes, struct ex_error *err) {
    size_t size = r->key_bytes - prefix;
    if (size == 0 || size > 3 * PART_BYTES_MAX)
        return refuse(r, err);
    if (p->names == NULL) /* all names are in the records, with more around each */
        EX_TRY(ex_alloc(records_bytes, 1, TAR_ENTRY_PAX_BYTES_MAX, "the names of attributes",
                        &p->names, err));
    char *name = p->names + p->names_bytes;
    if (!unescape(r->key + prefix, size, name))
        return refuse(r, err);
    p->names_bytes += strlen(name) + 1;
    EX_TRY(ex_grow(&p->xattr, &p->xattr_capacity, p->entry.xattr_count + 1, sizeof *p->xattr,
                   TAR_ENTRY_XATTRS_MAX * sizeof *p->xattr, "the list of attributes", err));
    p->xattr[p->entry.xattr_count++] = (struct tar_entry_xattr){
        .name = name, .value = (const uint8_t *)r->value, .value_bytes = r->value_bytes};
    return EX_OK;
}

/* ---- records ---- */

static bool begins(const struct tar_record *r, const char *prefix) {
    return r->key_bytes > strlen(prefix) && memcmp(r->key, prefix, strlen(prefix)) == 0;
}

static ex_code take_sparse(struct tar_entry_parse *p, const struct tar_record *r, char **name,
                           struct ex_error *err) {
    uint64_t n;
    if (tar_record_is(r, "GNU.sparse.name"))
        return take_text(r, name, err);
    EX_TRY(take_number(r, INT64_MAX, &n, err));
    if (tar_record_is(r, "GNU.sparse.major") && n == 1)
        p->sparse_major = true;
    else if (tar_record_is(r, "GNU.sparse.minor") && n == 0)
        p->sparse_minor = true;
    else if (tar_record_is(r, "GNU.sparse.realsize")) {
        p->sparse_size = true;
        p->entry.size_bytes = n;
    } else
        return refuse(r, err);
    return EX_OK;
}

static ex_code take_record(struct tar_entry_parse *p, const struct tar_record *r,
                           size_t records_bytes, char **sparse_name, struct ex_error *err) {
    static const char xattr[] = "SCHILY.xattr.";
    struct tar_entry *e = &p->entry;
    if (tar_record_is(r, "path"))
        return take_text(r, &p->path, err);
    if (tar_record_is(r, "linkpath"))
        return take_text(r, &p->link, err);
    if (tar_record_is(r, "mtime"))
        return take_time(r, &e->mtime, err);
    if (tar_record_is(r, "atime"))
        return take_time(r, &e->atime, err);
    if (tar_record_is(r, "ctime"))
        return take_time(r, &e->ctime, err);
    if (tar_record_is(r, "uid"))
        return take_id(r, &e->uid, err);
    if (tar_record_is(r, "gid"))
        return take_id(r, &e->gid, err);
    if (tar_record_is(r, "size")) {
        p->has_size = true;
        return take_number(r, INT64_MAX, &p->size_bytes, err);
    }
    if (begins(r, "GNU.sparse."))
        return take_sparse(p, r, sparse_name, err);
    if (begins(r, xattr))
        return take_xattr(p, r, strlen(xattr), records_bytes, err);
    /* The same as the attributes system.posix_acl_*, for others; a comment fills space. */
    if (tar_record_is(r, "SCHILY.acl.access") || tar_record_is(r, "SCHILY.acl.default") ||
        tar_record_is(r, "comment") || tar_record_is(r, "hdrcharset"))
        return EX_OK;
    return refuse(r, err);
}

static ex_code take_records(struct tar_entry_parse *p, const uint8_t *records, size_t size_bytes,
                            struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(records, size_bytes);
    EX_AUTO_FREE char *sparse_name = NULL;
    while (ex_cursor_left(&c) > 0) {
        struct tar_record r;
        if (!tar_record_next(&c, &r))
            return ex_fail(err, EX_FORMAT,
                           "an extended header in the stream of the folder is damaged");
        EX_TRY(take_record(p, &r, size_bytes, &sparse_name, err));
    }
    p->entry.sparse = p->sparse_major || p->sparse_minor || p->sparse_size || sparse_name != NULL;
    if (!p->entry.sparse)
        return EX_OK;
    if (!p->sparse_major || !p->sparse_minor || !p->sparse_size || sparse_name == NULL)
        return ex_fail(err, EX_FORMAT, "a sparse file in the stream of the folder lacks a record");
    free(p->path);
    p->path = ex_steal(&sparse_name);
    return EX_OK;
}

ex_code tar_entry_check_global(const uint8_t *records, size_t size_bytes, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(records, size_bytes);
    while (ex_cursor_left(&c) > 0) {
        struct tar_record r;
        if (!tar_record_next(&c, &r) || !tar_record_is(&r, "comment"))
            return ex_fail(err, EX_FORMAT,
                           "a header for all files in the stream of the folder is damaged");
    }
    return EX_OK;
}

/* ---- paths ---- */

/* Components that are names, beneath content (which may stand alone) or exhibit/. */
static bool is_sound_path(const char *path) {
    const char *rest = strncmp(path, "content", 7) == 0    ? path + 7
                       : strncmp(path, "exhibit/", 8) == 0 ? path + 7
                                                           : NULL;
    if (rest == NULL || (rest[0] != '/' && rest[0] != '\0') ||
        strlen(path) > TAR_ENTRY_PATH_BYTES_MAX)
        return false;
    while (*rest != '\0') {
        const char *part = rest + 1;
        size_t size = strcspn(part, "/");
        if (size == 0 || size > PART_BYTES_MAX || (size == 1 && part[0] == '.') ||
            (size == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        rest = part + size;
    }
    return true;
}

static ex_code fail_path(const char *path, const char *why, struct ex_error *err) {
    char name[PATH_PRINTED_BYTES];
    return ex_fail(err, EX_FORMAT, "the stream of the folder has a path \"%s\" %s",
                   path_print(name, sizeof name, path, strlen(path)), why);
}

static ex_code settle_paths(struct tar_entry_parse *p, const struct tar_header *h,
                            const uint8_t *block, struct ex_error *err) {
    bool links = h->type == TAR_ENTRY_HARD_LINK || h->type == TAR_ENTRY_SYMLINK;
    if (p->path == NULL)
        p->path = ex_strdup(h->path);
    size_t size = strlen(p->path);
    if (h->type == TAR_ENTRY_DIRECTORY && size > 1 && p->path[size - 1] == '/')
        p->path[size - 1] = '\0';
    if (p->link == NULL && links)
        p->link = strndup((const char *)block + TAR_LINK_AT, TAR_LINK_BYTES);
    if (links != (p->link != NULL) || (links && p->link[0] == '\0'))
        return fail_path(p->path, "that is a link and leads nowhere, or the other way round", err);
    if (!is_sound_path(p->path))
        return fail_path(p->path, "that leads somewhere else", err);
    if (h->type == TAR_ENTRY_HARD_LINK && !is_sound_path(p->link))
        return fail_path(p->path, "of a hard link that leads somewhere else", err);
    p->entry.path = p->path;
    p->entry.link = p->link;
    return EX_OK;
}

/* ---- the whole ---- */

static ex_code parse_short(const uint8_t *block, size_t at, uint32_t *ret, struct ex_error *err) {
    uint32_t v = 0;
    for (size_t i = 0; i + 1 < TAR_SHORT_BYTES; i++) {
        uint8_t ch = block[at + i];
        if (ch < '0' || ch > '7')
            return ex_fail(err, EX_FORMAT,
                           "a header in the stream of the folder has no sound number");
        v = v << 3 | (uint32_t)(ch - '0');
    }
    *ret = v;
    return EX_OK;
}

ex_code tar_entry_parse_all(struct tar_entry_parse *p, const struct tar_header *h,
                            const uint8_t block[static TAR_BLOCK_BYTES], const uint8_t *records,
                            size_t records_bytes, uint64_t *ret_stored, struct ex_error *err) {
    struct tar_entry *e = &p->entry;
    tar_entry_parse_clear(p);
    if (h->type < '0' || h->type > '6')
        return ex_fail(err, EX_FORMAT, "the stream of the folder has an entry of an unknown kind");
    e->type = (enum tar_entry_type)h->type;
    e->mode = h->mode;
    EX_TRY(parse_short(block, TAR_UID_AT, &e->uid, err));
    EX_TRY(parse_short(block, TAR_GID_AT, &e->gid, err));
    EX_TRY(parse_short(block, TAR_MAJOR_AT, &e->major, err));
    EX_TRY(parse_short(block, TAR_MINOR_AT, &e->minor, err));
    EX_TRY(take_records(p, records, records_bytes, err));
    if (!h->sound_name || (p->has_size && h->size_bytes != 0))
        return ex_fail(err, EX_FORMAT, "a header in the stream of the folder says a thing twice");
    p->stored_bytes = p->has_size ? p->size_bytes : h->size_bytes;
    if (p->stored_bytes > INT64_MAX - TAR_BLOCK_BYTES ||
        (h->type != TAR_ENTRY_FILE && (p->stored_bytes > 0 || e->sparse)))
        return ex_fail(err, EX_FORMAT,
                       "an entry of the stream of the folder has a size that "
                       "cannot be");
    if (!e->sparse)
        e->size_bytes = p->stored_bytes;
    e->xattr = p->xattr;
    *ret_stored = p->stored_bytes;
    return settle_paths(p, h, block, err);
}

ex_code tar_entry_parse_range(struct tar_entry_parse *p, uint64_t offset, uint64_t length,
                              struct ex_error *err) {
    const struct tar_entry_range *last = p->data_count > 0 ? &p->data[p->data_count - 1] : NULL;
    if (offset > p->entry.size_bytes || length > p->entry.size_bytes - offset ||
        (last != NULL && offset < last->offset + last->length))
        return ex_fail(err, EX_FORMAT, "a sparse file in the stream has ranges out of order");
    EX_TRY(ex_grow(&p->data, &p->data_capacity, p->data_count + 1, sizeof *p->data,
                   TAR_ENTRY_SPARSE_MAX * sizeof *p->data, "the map of a sparse file", err));
    p->data[p->data_count++] = (struct tar_entry_range){offset, length};
    return EX_OK;
}

ex_code tar_entry_parse_check(struct tar_entry_parse *p, uint64_t stored, struct ex_error *err) {
    uint64_t sum = 0;
    p->entry.data = p->data;
    p->entry.data_count = p->data_count;
    for (size_t i = 0; i < p->data_count; i++)
        sum += p->data[i].length;
    if (p->entry.sparse && sum != stored)
        return ex_fail(err, EX_FORMAT,
                       "a sparse file in the stream is not as long as its map says");
    return EX_OK;
}
