/* SPDX-License-Identifier: Apache-2.0 */
/* os-release(5), passwd(5), and what dpkg keeps of packages. */
#include "parsers/system/system_internal.h"

#include <string.h>

struct line {
    const char *at;
    size_t bytes;
};

/* False: there is no more. A carriage return is no end of a line here. */
static bool next_line(struct ex_cursor *c, struct line *ret) {
    ret->at = ex_cursor_text_line(c, &ret->bytes);
    return ret->at != NULL;
}

static ex_code tell_lines(struct parser_run *run, size_t bad, struct ex_error *err) {
    return bad == 0 ? EX_OK
                    : tell_problem(run, 0, "lines", err, EX_FORMAT,
                                   "%zu of its lines are not as the others", bad);
}

/* ---- os-release ---- */

enum { RELEASE_BYTES_MAX = 64 << 10 };

/* As a shell reads it: one pair of quotes, and a backslash before what it would read otherwise. */
static size_t unquoted(const char *from, size_t size, char *to) {
    char quote = size >= 2 && (from[0] == '"' || from[0] == '\'') && from[size - 1] == from[0]
                     ? from[0]
                     : '\0';
    size_t n = 0, i = quote != '\0' ? 1 : 0, end = quote != '\0' ? size - 1 : size;
    for (; i < end; i++) {
        if (from[i] == '\\' && quote != '\'' && i + 1 < end)
            i++;
        to[n++] = from[i];
    }
    return n;
}

static ex_code tell_release_line(struct parser_run *run, struct line l, struct ex_error *err) {
    static const struct {
        const char *key, *attribute;
    } KEYS[] = {{"PRETTY_NAME", "product"},
                {"NAME", "name"},
                {"ID", "id"},
                {"ID_LIKE", "like"},
                {"VERSION", "version"},
                {"VERSION_ID", "version-id"},
                {"VERSION_CODENAME", "codename"},
                {"BUILD_ID", "build"},
                {"VARIANT", "edition"},
                {"CPE_NAME", "cpe"},
                {"HOME_URL", "home-page"},
                {"IMAGE_ID", "image"},
                {"IMAGE_VERSION", "image-version"}};
    char value[SYSTEM_VALUE_BYTES_MAX];
    const char *equals = memchr(l.at, '=', l.bytes);
    if (equals == NULL)
        return EX_OK;
    size_t name = (size_t)(equals - l.at), size = l.bytes - name - 1;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        if (strlen(KEYS[i].key) == name && memcmp(KEYS[i].key, l.at, name) == 0) {
            size = unquoted(equals + 1, size < sizeof value ? size : sizeof value, value);
            return size == 0 ? EX_OK : parser_trace_text(run, KEYS[i].attribute, value, size, err);
        }
    return EX_OK;
}

static bool is_release_line(struct line l) {
    size_t n = 0;
    if (l.bytes == 0 || l.at[0] == '#')
        return true;
    while (n < l.bytes && ((l.at[n] >= 'A' && l.at[n] <= 'Z') || l.at[n] == '_' ||
                           (n > 0 && l.at[n] >= '0' && l.at[n] <= '9')))
        n++;
    return n > 0 && n < l.bytes && l.at[n] == '=';
}

static bool has_name(const uint8_t *data, size_t size) {
    return memmem(data, size, "\nNAME=", 6) != NULL ||
           (size >= 5 && memcmp(data, "NAME=", 5) == 0) ||
           memmem(data, size, "PRETTY_NAME=", 12) != NULL;
}

static ex_code tell_release(struct records *r, const uint8_t *data, size_t size, bool *ret_is,
                            struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size);
    struct line l;
    size_t bad = 0;
    *ret_is = size <= RELEASE_BYTES_MAX && has_name(data, size);
    while (*ret_is && next_line(&c, &l))
        bad += is_release_line(l) ? 0 : 1;
    if (bad > 0)
        *ret_is = false;
    if (!*ret_is)
        return EX_OK;
    EX_TRY(records_add(r, "operating-system", NULL, 0, err));
    c = ex_cursor_make(data, size);
    while (next_line(&c, &l))
        EX_TRY(tell_release_line(r->run, l, err));
    return EX_OK;
}

/* ---- passwd ---- */

enum { PASSWD_FIELDS = 7 };

static bool is_id(struct line f) {
    uint64_t n;
    if (f.bytes == 2 && (memcmp(f.at, "-1", 2) == 0 || memcmp(f.at, "-2", 2) == 0))
        return true; /* nobody, of macOS */
    return ex_parse_decimal(f.at, f.bytes, &n) && n <= UINT32_MAX;
}

static bool read_account(struct line l, struct line field[static PASSWD_FIELDS]) {
    const char *at = l.at, *end = l.at + l.bytes;
    for (int i = 0; i < PASSWD_FIELDS; i++) {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        if ((colon == NULL) != (i == PASSWD_FIELDS - 1))
            return false;
        field[i] = (struct line){at, (size_t)((colon == NULL ? end : colon) - at)};
        at = colon == NULL ? end : colon + 1;
    }
    return field[0].bytes > 0 && is_id(field[2]) && is_id(field[3]) &&
           (field[5].bytes == 0 || field[5].at[0] == '/') &&
           (field[6].bytes == 0 || field[6].at[0] == '/');
}

/* What stands in place of a password; never the hash. */
static const char *password_word(struct line f) {
    if (f.bytes == 0)
        return "none";
    if (f.bytes == 1 && f.at[0] == 'x')
        return "elsewhere";
    return f.at[0] == '*' || f.at[0] == '!' ? "locked" : "here";
}

static ex_code tell_field(struct parser_run *run, const char *attribute, struct line f,
                          struct ex_error *err) {
    if (f.bytes > SYSTEM_VALUE_BYTES_MAX)
        f.bytes = SYSTEM_VALUE_BYTES_MAX;
    return f.bytes == 0 ? EX_OK : parser_trace_text(run, attribute, f.at, f.bytes, err);
}

static ex_code tell_account(struct records *r, const struct line f[static PASSWD_FIELDS],
                            struct ex_error *err) {
    struct parser_run *run = r->run;
    const char *comma = memchr(f[4].at, ',', f[4].bytes);
    const struct line person = {f[4].at, comma == NULL ? f[4].bytes : (size_t)(comma - f[4].at)};
    EX_TRY(records_add(r, "account", f[0].at, f[0].bytes, err));
    EX_TRY(tell_field(run, "uid", f[2], err));
    EX_TRY(tell_field(run, "gid", f[3], err));
    EX_TRY(tell_field(run, "full-name", person, err));
    if (comma != NULL)
        EX_TRY(tell_field(run, "comment", f[4], err));
    EX_TRY(tell_field(run, "home", f[5], err));
    EX_TRY(tell_field(run, "shell", f[6], err));
    return tell_text(run, "password", password_word(f[1]), err);
}

static ex_code tell_passwd(struct records *r, const uint8_t *data, size_t size, bool *ret_is,
                           struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size);
    struct line l, field[PASSWD_FIELDS];
    size_t bad = 0;
    *ret_is = false;
    while (next_line(&c, &l)) {
        if (l.bytes == 0 || l.at[0] == '#')
            continue;
        if (!read_account(l, field)) {
            if (r->count == 0)
                return EX_OK; /* the first one decides */
            bad++;
            continue;
        }
        *ret_is = true;
        EX_TRY(tell_account(r, field, err));
    }
    return tell_lines(r->run, bad, err);
}

/* ---- packages of dpkg ---- */

struct package {
    struct line name, status, version, architecture, maintainer, section, size, description;
};

static struct line *package_field(struct package *p, struct line l, size_t *ret_name) {
    const struct {
        const char *name;
        struct line *to;
    } FIELDS[] = {{"Package:", &p->name},          {"Status:", &p->status},
                  {"Version:", &p->version},       {"Architecture:", &p->architecture},
                  {"Maintainer:", &p->maintainer}, {"Section:", &p->section},
                  {"Installed-Size:", &p->size},   {"Description:", &p->description}};
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        size_t n = strlen(FIELDS[i].name);
        if (l.bytes >= n && memcmp(l.at, FIELDS[i].name, n) == 0) {
            *ret_name = n;
            return FIELDS[i].to;
        }
    }
    return NULL;
}

static void package_line(struct package *p, struct line l) {
    size_t name;
    struct line *to = package_field(p, l, &name);
    if (to == NULL || to->bytes > 0) /* of a field that stands there twice, the first */
        return;
    while (name < l.bytes && l.at[name] == ' ')
        name++;
    *to = (struct line){l.at + name, l.bytes - name};
}

static ex_code tell_package(struct records *r, const struct package *p, struct ex_error *err) {
    struct parser_run *run = r->run;
    struct line state = p->status;
    for (size_t i = 0; i < p->status.bytes; i++) /* its last word */
        if (p->status.at[i] == ' ')
            state = (struct line){p->status.at + i + 1, p->status.bytes - i - 1};
    EX_TRY(records_add(r, "program", p->name.at, p->name.bytes, err));
    EX_TRY(tell_text(run, "list", "dpkg", err));
    EX_TRY(tell_field(run, "version", p->version, err));
    EX_TRY(tell_field(run, "state", state, err));
    EX_TRY(tell_field(run, "status", p->status, err));
    EX_TRY(tell_field(run, "architecture", p->architecture, err));
    EX_TRY(tell_field(run, "publisher", p->maintainer, err));
    EX_TRY(tell_field(run, "section", p->section, err));
    EX_TRY(tell_field(run, "installed-kib", p->size, err));
    return tell_field(run, "description", p->description, err);
}

static ex_code tell_packages(struct records *r, const uint8_t *data, size_t size, bool *ret_is,
                             struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size);
    struct line l;
    size_t bad = 0;
    bool more = size > 9 && memcmp(data, "Package: ", 9) == 0;
    *ret_is = more;
    while (more) {
        struct package p = {.name = {NULL, 0}};
        bool any = false;
        while ((more = next_line(&c, &l)) && l.bytes > 0) {
            any = true;
            package_line(&p, l);
        }
        if (p.name.bytes > 0 && p.status.bytes > 0)
            EX_TRY(tell_package(r, &p, err));
        else
            bad += any ? 1 : 0;
    }
    return tell_lines(r->run, bad, err);
}

/* ---- which of them ---- */

ex_code texts_examine(struct parser_run *run, const uint8_t *data, size_t size_bytes, bool *ret_is,
                      struct ex_error *err) {
    struct records r = {.run = run};
    EX_TRY(tell_packages(&r, data, size_bytes, ret_is, err));
    if (!*ret_is)
        EX_TRY(tell_release(&r, data, size_bytes, ret_is, err));
    return *ret_is ? EX_OK : tell_passwd(&r, data, size_bytes, ret_is, err);
}
