/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of an archive as a trace. */
#include "parsers/archive/archive_internal.h"

#include <stdio.h>
#include <string.h>

static const char *path_of(struct archive_entry *entry) {
    const char *path = archive_entry_pathname(entry);
    return path != NULL ? path : archive_entry_pathname_utf8(entry);
}

/* ---- what it is ---- */

static enum parser_kind kind_of(struct archive_entry *entry, bool *ret_content) {
    const char *hard = archive_entry_hardlink(entry);
    *ret_content = false;
    switch ((unsigned)archive_entry_filetype(entry)) {
    case AE_IFDIR:
        return PARSER_DIRECTORY;
    case AE_IFLNK:
        return PARSER_LINK;
    case AE_IFCHR:
    case AE_IFBLK:
    case AE_IFIFO:
    case AE_IFSOCK:
        return PARSER_SPECIAL;
    default: /* a hard link may have a content of its own: cpio has it with one of its names */
        if (hard != NULL && (!archive_entry_size_is_set(entry) || archive_entry_size(entry) == 0))
            return PARSER_LINK;
        *ret_content = true;
        return PARSER_MEMBER;
    }
}

static ex_code tell_denied(struct unpacking *u, struct ex_error *err) {
    if (u->denied)
        return EX_OK;
    u->denied = true;
    return tell_problem(u->run, 0, "encrypted", err, EX_DENIED,
                        "members are encrypted, and need a key");
}

/* ---- what it says of itself ---- */

/* Those that always have an owner and a mode; libarchive makes them up for others. */
static bool has_owner(const struct unpacking *u) {
    int base = archive_format(u->archive) & ARCHIVE_FORMAT_BASE_MASK;
    return base == ARCHIVE_FORMAT_TAR || base == ARCHIVE_FORMAT_CPIO || base == ARCHIVE_FORMAT_AR ||
           base == ARCHIVE_FORMAT_XAR;
}

static ex_code tell_if(struct unpacking *u, const char *name, const char *value,
                       struct ex_error *err) {
    return value != NULL && *value != '\0' ? tell_text(u->run, name, value, err) : EX_OK;
}

static ex_code tell_owner(struct unpacking *u, struct archive_entry *entry, struct ex_error *err) {
    char mode[UNPACK_KEY_BYTES];
    EX_TRY(tell_if(u, "user", archive_entry_uname(entry), err));
    EX_TRY(tell_if(u, "group", archive_entry_gname(entry), err));
    if (!has_owner(u))
        return EX_OK;
    (void)snprintf(mode, sizeof mode, "%04o", (unsigned)archive_entry_perm(entry));
    EX_TRY(tell_text(u->run, "mode", mode, err));
    if (archive_entry_uid(entry) >= 0)
        EX_TRY(parser_trace_number(u->run, "uid", (uint64_t)archive_entry_uid(entry), err));
    if (archive_entry_gid(entry) >= 0)
        EX_TRY(parser_trace_number(u->run, "gid", (uint64_t)archive_entry_gid(entry), err));
    return EX_OK;
}

static ex_code tell_target(struct unpacking *u, struct archive_entry *entry, struct ex_error *err) {
    const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);
    EX_TRY(tell_if(u, "target", hard != NULL ? hard : soft, err));
    return hard != NULL ? tell_text(u->run, "link", "hard", err) : EX_OK;
}

/* The outermost last. Told with each: a member stands for itself. */
ex_code unpack_packing(struct unpacking *u, struct ex_error *err) {
    char filters[128] = "";
    size_t n = 0;
    for (int i = 0; i < archive_filter_count(u->archive); i++) {
        const char *name = archive_filter_name(u->archive, i);
        if (archive_filter_code(u->archive, i) == ARCHIVE_FILTER_NONE || name == NULL ||
            n + strlen(name) + 2 > sizeof filters)
            continue;
        n += (size_t)snprintf(filters + n, sizeof filters - n, "%s%s", n > 0 ? " " : "", name);
    }
    if (u->way != UNPACK_COMPRESSED)
        EX_TRY(tell_if(u, "archive-format", archive_format_name(u->archive), err));
    return tell_if(u, "archive-filter", filters, err);
}

/* ---- all of it ---- */

struct told_entry {
    struct parser_trace trace;
    char key[UNPACK_KEY_BYTES];
    uint32_t number;
    bool content, cut, negative;
};

static void set_name(struct told_entry *t, const void *name, size_t size) {
    t->cut = size > PARSER_VALUE_BYTES_MAX;
    t->trace.name = name;
    t->trace.name_bytes = t->cut ? PARSER_VALUE_BYTES_MAX : size;
}

static ex_code set_stored_name(struct unpacking *u, struct archive_entry *entry,
                               struct told_entry *t, struct ex_error *err) {
    bool found;
    if ((archive_format(u->archive) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_ZIP)
        return EX_OK;
    EX_TRY(zip_stored_name(u, path_of(entry), &found, &u->name, err));
    if (found)
        set_name(t, u->name.bytes, u->name.size);
    return EX_OK;
}

static void describe(struct unpacking *u, struct archive_entry *entry, struct told_entry *t) {
    bool encrypted = archive_entry_is_data_encrypted(entry) != 0;
    const char *path = path_of(entry);
    t->trace = (struct parser_trace){.kind = kind_of(entry, &t->content), .key = t->key};
    if (u->way == UNPACK_COMPRESSED)
        (void)snprintf(t->key, sizeof t->key, "content");
    else
        (void)snprintf(t->key, sizeof t->key, "e%llu", (unsigned long long)u->entries);
    if (path != NULL && u->named)
        set_name(t, path, strlen(path));
    if (!t->content)
        return;
    bool known = archive_entry_size_is_set(entry) != 0;
    t->negative = known && archive_entry_size(entry) < 0;
    known = known && !t->negative;
    t->trace.flags = known ? (uint32_t)PARSER_SIZED : (uint32_t)PARSER_UNSIZED;
    t->trace.flags |= encrypted ? (uint32_t)PARSER_ENCRYPTED : 0;
    t->trace.size_bytes = known ? (uint64_t)archive_entry_size(entry) : 0;
}

/* Under what it is in: what is under a member says that its content is not whole. */
static ex_code tell_oddities(struct unpacking *u, const struct told_entry *t,
                             struct ex_error *err) {
    char key[UNPACK_KEY_BYTES + 8];
    (void)snprintf(key, sizeof key, "%s-name", t->key);
    if (t->cut)
        EX_TRY(tell_problem(u->run, 0, key, err, EX_LIMIT, "a name of more than %d bytes",
                            PARSER_VALUE_BYTES_MAX));
    (void)snprintf(key, sizeof key, "%s-size", t->key);
    if (t->negative)
        EX_TRY(tell_problem(u->run, 0, key, err, EX_FORMAT, "a size below zero"));
    return (t->trace.flags & PARSER_ENCRYPTED) != 0 ? tell_denied(u, err) : EX_OK;
}

ex_code unpack_entry(struct unpacking *u, struct archive_entry *entry, struct ex_error *err) {
    struct told_entry t = {0};
    describe(u, entry, &t);
    EX_TRY(set_stored_name(u, entry, &t, err));
    EX_TRY(tell_oddities(u, &t, err));
    EX_TRY(parser_trace(u->run, &t.trace, &t.number, err));
    u->entries++;
    u->told++;
    EX_TRY(unpack_times(u, entry, err));
    EX_TRY(tell_owner(u, entry, err));
    EX_TRY(tell_target(u, entry, err));
    EX_TRY(unpack_packing(u, err));
    if (!t.content || (t.trace.flags & PARSER_ENCRYPTED) != 0)
        return EX_OK;
    bool known = (t.trace.flags & PARSER_SIZED) != 0;
    return unpack_content(u, t.number, known ? (int64_t)t.trace.size_bytes : -1, err);
}
