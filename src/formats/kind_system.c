/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a system that have no signature: each line, or each record, of the sample has to be as
 * the format says. Sources: os-release(5), passwd(5), utmp(5) and glibc's bits/utmp.h, deb822(5).
 */
#include "formats/kind_internal.h"

#include "base/cursor.h"

#include <string.h>

struct line {
    const char *at;
    size_t bytes;
};

/* The next line of the sample; one that its end cuts is none. */
static bool next_line(struct ex_cursor *c, struct line *ret) {
    ret->at = ex_cursor_text_line(c, &ret->bytes);
    return ret->at != NULL && (c->size < KIND_HEAD_BYTES || c->data[c->pos - 1] == '\n');
}

static bool begins(struct line l, const char *text) {
    size_t n = strlen(text);
    return l.bytes >= n && memcmp(l.at, text, n) == 0;
}

static bool is_printable(struct line l) {
    for (size_t i = 0; i < l.bytes; i++)
        if ((uint8_t)l.at[i] < ' ' || l.at[i] == 0x7f)
            return false;
    return true;
}

/* ---- utmp ---- */

static bool is_field(struct ex_cursor *c, size_t room) {
    const char *at = (const char *)ex_cursor_bytes(c, room);
    return at != NULL && is_printable((struct line){at, strnlen(at, room)});
}

/* *ret_used: it is about something that happened, at a time. */
static bool is_login(const uint8_t *record, bool *ret_used) {
    enum { RECORD_BYTES = 384, EVENTS = 10 };
    static const uint8_t NONE[20];
    struct ex_cursor c = ex_cursor_make(record, RECORD_BYTES);
    uint16_t event = ex_cursor_le16(&c), gap = ex_cursor_le16(&c);
    (void)ex_cursor_le32(&c);
    bool texts = is_field(&c, 32) && is_field(&c, 4) && is_field(&c, 32) && is_field(&c, 256);
    (void)ex_cursor_bytes(&c, 8);
    uint32_t seconds = ex_cursor_le32(&c), microseconds = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 16);
    const uint8_t *unused = ex_cursor_bytes(&c, sizeof NONE);
    *ret_used = event != 0 && seconds != 0;
    return texts && event < EVENTS && gap == 0 && microseconds < 1000000 && !c.overrun &&
           memcmp(unused, NONE, sizeof NONE) == 0;
}

static bool is_utmp(const uint8_t *head, size_t size, struct kind *ret) {
    enum { RECORD_BYTES = 384 };
    bool used, any = false;
    if (size < RECORD_BYTES || head[1] != 0 || (size < KIND_HEAD_BYTES && size % RECORD_BYTES != 0))
        return false;
    for (size_t at = 0; at + RECORD_BYTES <= size; at += RECORD_BYTES) {
        if (!is_login(head + at, &used))
            return false;
        any = any || used;
    }
    return any && kind_say(ret, "utmp", "records of logins", "");
}

/* ---- os-release ---- */

static bool is_assignment(struct line l) {
    size_t n = 0;
    while (n < l.bytes && ((l.at[n] >= 'A' && l.at[n] <= 'Z') || l.at[n] == '_' ||
                           (n > 0 && l.at[n] >= '0' && l.at[n] <= '9')))
        n++;
    return n > 0 && n < l.bytes && l.at[n] == '=';
}

static bool is_release(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    struct line l;
    bool id = false, name = false, more = false;
    while (next_line(&c, &l)) {
        if (l.bytes == 0 || l.at[0] == '#')
            continue;
        if (!is_assignment(l) || !is_printable(l))
            return false;
        id = id || begins(l, "ID=");
        name = name || begins(l, "NAME=");
        more = more || begins(l, "PRETTY_NAME=") || begins(l, "VERSION_ID=");
    }
    return id && name && more && kind_say(ret, "os-release", "name of an operating system", "");
}

/* ---- passwd ---- */

static bool is_id(struct line f) {
    uint64_t n;
    if (f.bytes == 2 && (memcmp(f.at, "-1", 2) == 0 || memcmp(f.at, "-2", 2) == 0))
        return true;
    return ex_parse_decimal(f.at, f.bytes, &n) && n <= UINT32_MAX;
}

static bool is_path(struct line f) {
    return f.bytes == 0 || f.at[0] == '/';
}

static bool is_account(struct line l) {
    enum { FIELDS = 7 };
    struct line field[FIELDS];
    const char *at = l.at, *end = l.at + l.bytes;
    for (int i = 0; i < FIELDS; i++) {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        if ((colon == NULL) != (i == FIELDS - 1))
            return false;
        field[i] = (struct line){at, (size_t)((colon == NULL ? end : colon) - at)};
        at = colon == NULL ? end : colon + 1;
    }
    for (size_t i = 0; i < field[0].bytes; i++)
        if (field[0].at[i] == ' ' || field[0].at[i] == '/')
            return false;
    return field[0].bytes > 0 && is_printable(l) && is_id(field[2]) && is_id(field[3]) &&
           is_path(field[5]) && is_path(field[6]) && field[5].bytes + field[6].bytes > 0;
}

static bool is_passwd(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    struct line l;
    unsigned accounts = 0;
    while (next_line(&c, &l)) {
        if (l.bytes == 0 || l.at[0] == '#')
            continue;
        if (!is_account(l))
            return false;
        accounts++;
    }
    return accounts > 0 && kind_say(ret, "passwd", "list of accounts", "");
}

/* ---- packages of dpkg ---- */

/* "install ok installed": three words of small letters and dashes. */
static bool is_status(struct line l) {
    unsigned words = 1;
    for (size_t i = strlen("Status: "); i < l.bytes; i++) {
        words += l.at[i] == ' ' ? 1 : 0;
        if (l.at[i] != ' ' && l.at[i] != '-' && (l.at[i] < 'a' || l.at[i] > 'z'))
            return false;
    }
    return words == 3;
}

static bool is_deb_field(struct line l) {
    const char *colon = memchr(l.at, ':', l.bytes);
    if (l.at[0] == ' ' || l.at[0] == '\t')
        return true; /* goes on with the field before */
    if (colon == NULL || colon == l.at)
        return false;
    for (const char *p = l.at; p < colon; p++)
        if (*p <= ' ' || *p >= 0x7f)
            return false;
    return true;
}

static bool is_packages(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    struct line l;
    bool first = true, status = false;
    while (next_line(&c, &l)) {
        if (first && !begins(l, "Package: "))
            return false;
        if (l.bytes > 0 && !is_deb_field(l))
            return false;
        if (l.bytes == 0 && !status)
            return false; /* of the first package */
        if (begins(l, "Status: "))
            status = is_status(l);
        first = false;
    }
    return status && kind_say(ret, "dpkg-status", "list of packages", "");
}

bool kind_of_system(const uint8_t *head, size_t size, struct kind *ret) {
    return is_utmp(head, size, ret) || is_release(head, size, ret) || is_passwd(head, size, ret) ||
           is_packages(head, size, ret);
}
