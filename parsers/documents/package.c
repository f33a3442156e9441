/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/documents/package.h"

#include "parsers/shared/archive_input.h"

#include <archive_entry.h>
#include <stdio.h>
#include <strings.h>

enum { FAULTS_MAX = 100 };

/* What libarchive reads with. */
struct unzipping {
    struct package *package;
    struct text *wrongs;
    struct archive *archive;
    struct archive_input input;
};

static void end_unzipping(struct unzipping *u) {
    if (u->archive != NULL)
        (void)archive_read_free(u->archive);
    free(u);
}
EX_DEFINE_AUTO(struct unzipping, end_unzipping);

void package_clear(struct package *p) {
    for (size_t i = 0; i < p->count; i++) {
        free(p->part[i].name);
        free(p->part[i].data);
    }
    free(p->part);
    *p = (struct package){0};
}

/* ---- parts ---- */

static bool ends_with(const char *name, const char *end) {
    size_t size = strlen(name), tail = strlen(end);
    return size >= tail && strcasecmp(name + size - tail, end) == 0;
}

static bool holds_xml(const char *name) {
    static const char *const ENDS[] = {".xml", ".rels", ".opf", ".xhtml", ".html", ".htm"};
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++)
        if (ends_with(name, ENDS[i]))
            return true;
    return strcmp(name, "mimetype") == 0;
}

static const char *reason(struct archive *a) {
    const char *text = archive_error_string(a);
    return text == NULL || *text == '\0' ? "libarchive gives no reason" : text;
}

/* A number makes the key one of its own. */
static void part_wrong(struct unzipping *u, const struct package_part *part, ex_code code,
                       const char *why) {
    char key[32];
    (void)snprintf(key, sizeof key, "part%zu", (size_t)(part - u->package->part));
    text_wrong(u->wrongs, key, code, "part \"%.80s\": %s", part->name, why);
}

static ex_code keep_block(struct unzipping *u, struct package_part *part, size_t *capacity,
                          const void *data, size_t size, bool *ret_more, struct ex_error *err) {
    struct package *p = u->package;
    if (size > PACKAGE_PART_BYTES_MAX - part->size_bytes ||
        size > PACKAGE_BYTES_MAX - p->kept_bytes) {
        part_wrong(u, part, EX_LIMIT, "too large to be read");
        *ret_more = false;
        return EX_OK;
    }
    EX_TRY(ex_grow(&part->data, capacity, part->size_bytes + size, 1,
                   2 * (size_t)PACKAGE_PART_BYTES_MAX, "a part", err));
    memcpy(part->data + part->size_bytes, data, size);
    part->size_bytes += size;
    p->kept_bytes += size;
    return EX_OK;
}

/* libarchive failed: where the input has no bytes that is why, whatever it says. */
static void part_failed(struct unzipping *u, const struct package_part *part) {
    const char *why = reason(u->archive);
    bool locked = strcasestr(why, "encrypt") != NULL || strcasestr(why, "passphrase") != NULL;
    if (u->input.unread.code != EX_OK)
        part_wrong(u, part, EX_IO, u->input.unread.text);
    else
        part_wrong(u, part, locked ? EX_DENIED : EX_FORMAT, why);
}

/* What comes out before it fails is kept: text stands in it. */
static ex_code load_part(struct unzipping *u, struct package_part *part, struct ex_error *err) {
    size_t capacity = 0;
    u->input.unread.code = EX_OK;
    for (bool more = true; more;) {
        const void *data = NULL;
        size_t size = 0;
        la_int64_t offset;
        int code = archive_read_data_block(u->archive, &data, &size, &offset);
        if (u->input.broken.code != EX_OK || code == ARCHIVE_EOF)
            return EX_OK;
        if (code != ARCHIVE_OK)
            part_failed(u, part);
        more = code >= ARCHIVE_WARN;
        if (more && size > 0)
            EX_TRY(keep_block(u, part, &capacity, data, size, &more, err));
    }
    return EX_OK;
}

static ex_code take_member(struct unzipping *u, struct archive_entry *entry, struct ex_error *err) {
    struct package *p = u->package;
    const char *name = archive_entry_pathname_utf8(entry);
    name = name != NULL ? name : archive_entry_pathname(entry);
    name = name != NULL ? name : "";
    name += *name == '/' ? 1 : 0;
    if (strlen(name) >= PACKAGE_NAME_BYTES_MAX || archive_entry_filetype(entry) != AE_IFREG)
        return EX_OK;
    EX_TRY(ex_grow(&p->part, &p->capacity, p->count + 1, sizeof *p->part,
                   2 * PACKAGE_MEMBERS_MAX * sizeof *p->part, "the parts of a document", err));
    struct package_part *part = &p->part[p->count++];
    *part = (struct package_part){.name = ex_strdup(name), .xml = holds_xml(name)};
    return part->xml ? load_part(u, part, err) : EX_OK;
}

static ex_code load_members(struct unzipping *u, struct ex_error *err) {
    unsigned faults = 0;
    for (unsigned n = 0;; n++) {
        struct archive_entry *entry = NULL;
        u->input.unread.code = EX_OK;
        int code = archive_read_next_header(u->archive, &entry);
        if (u->input.broken.code != EX_OK || code == ARCHIVE_EOF)
            return EX_OK;
        if (code < ARCHIVE_WARN && u->package->count > 0)
            text_wrong(u->wrongs, "package", u->input.unread.code != EX_OK ? EX_IO : EX_FORMAT,
                       "%s", reason(u->archive));
        if (code == ARCHIVE_FATAL || (code < ARCHIVE_WARN && ++faults > FAULTS_MAX))
            return EX_OK;
        if (n >= PACKAGE_MEMBERS_MAX) {
            text_wrong(u->wrongs, "package", EX_LIMIT, "more than %d members", PACKAGE_MEMBERS_MAX);
            return EX_OK;
        }
        if (code >= ARCHIVE_WARN)
            EX_TRY(take_member(u, entry, err));
    }
}

/* ---- opening ---- */

static ex_code load_as(struct unzipping *u, int (*support)(struct archive *),
                       struct ex_error *err) {
    if (u->archive != NULL)
        (void)archive_read_free(u->archive);
    u->archive = archive_read_new();
    if (u->archive == NULL || support(u->archive) != ARCHIVE_OK)
        return ex_fail(err, EX_NOMEM, "no memory to read a package");
    archive_input_set(&u->input, u->archive);
    if (archive_read_open1(u->archive) < ARCHIVE_WARN)
        return u->input.broken.code == EX_OK ? ex_fail(err, EX_FORMAT, "%s", reason(u->archive))
                                             : EX_OK;
    return load_members(u, err);
}

ex_code package_load(struct parser_run *run, struct package *p, struct text *wrongs,
                     struct ex_error *err) {
    EX_AUTO(end_unzipping) struct unzipping *u = ex_new0(struct unzipping);
    u->input.run = run;
    u->package = p;
    u->wrongs = wrongs;
    ex_code code = load_as(u, archive_read_support_format_zip_seekable, err);
    if (p->count == 0 && u->input.broken.code == EX_OK && (code == EX_OK || code == EX_FORMAT)) {
        /* without its directory: from the beginning, as far as it goes */
        code = load_as(u, archive_read_support_format_zip_streamable, err);
        if (code == EX_OK && p->count > 0)
            text_wrong(wrongs, "directory", EX_FORMAT,
                       "the directory of this ZIP is missing or broken; it was read from its "
                       "beginning, as far as it goes");
    }
    if (u->input.broken.code != EX_OK && err != NULL)
        *err = u->input.broken;
    return u->input.broken.code != EX_OK ? u->input.broken.code : code;
}

/* ---- names ---- */

struct package_part *package_find(struct package *p, const char *name) {
    name += *name == '/' ? 1 : 0;
    for (size_t i = 0; i < p->count; i++)
        if (strcasecmp(p->part[i].name, name) == 0)
            return &p->part[i];
    return NULL;
}

static bool add_segment(char *to, size_t *size, const char *segment, size_t length) {
    if (length == 0 || (length == 1 && segment[0] == '.'))
        return true;
    if (length == 2 && segment[0] == '.' && segment[1] == '.') {
        while (*size > 0 && to[--*size] != '/')
            ;
        return true;
    }
    if (*size + length + 2 > PACKAGE_NAME_BYTES_MAX)
        return false;
    if (*size > 0)
        to[(*size)++] = '/';
    memcpy(to + *size, segment, length);
    *size += length;
    return true;
}

bool package_resolve(const char *base, const char *target, char to[PACKAGE_NAME_BYTES_MAX]) {
    const char *slash = strrchr(base, '/');
    size_t size = 0;
    if (*target != '/' && slash != NULL) {
        size = (size_t)(slash - base);
        if (size >= PACKAGE_NAME_BYTES_MAX)
            return false;
        memcpy(to, base, size);
    }
    for (const char *at = target; *at != '\0';) {
        size_t length = strcspn(at, "/");
        if (!add_segment(to, &size, at, length))
            return false;
        at += length + (at[length] == '/' ? 1 : 0);
    }
    to[size] = '\0';
    return size > 0;
}
