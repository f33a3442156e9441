/* SPDX-License-Identifier: Apache-2.0 */
/* A strict JSON scanner (RFC 8259). It builds nothing: values are slices of the text. */
#include "verify.h"

#include <string.h>

#define MAX_DEPTH 32

struct scan { const uint8_t *p, *end; };

static bool value(struct scan *s, int depth);

static void spaces(struct scan *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) s->p++;
}
static bool take(struct scan *s, uint8_t c) { return s->p < s->end && *s->p == c ? s->p++, true : false; }
static bool one_of(struct scan *s, const char *set) {
    return s->p < s->end && *s->p != '\0' && strchr(set, *s->p) != NULL ? s->p++, true : false;
}
static bool word(struct scan *s, const char *w) {
    while (*w != '\0' && take(s, (uint8_t)*w)) w++;
    return *w == '\0';
}

static bool string(struct scan *s) {
    if (!take(s, '"')) return false;
    while (s->p < s->end && *s->p != '"') {
        bool escaped = take(s, '\\');
        if (!escaped && *s->p++ < 0x20) return false; /* what is not ASCII is passed on as it stands */
        for (int i = 0, n = escaped && take(s, 'u') ? 4 : 0; i < n; i++, escaped = false)
            if (!one_of(s, "0123456789abcdefABCDEF")) return false;
        if (escaped && !one_of(s, "\"\\/bfnrt")) return false;
    }
    return take(s, '"');
}

static bool digits(struct scan *s) {
    const uint8_t *from = s->p;
    while (one_of(s, "0123456789")) {}
    return s->p > from;
}
static bool number(struct scan *s) {
    take(s, '-');
    if (!take(s, '0') && !digits(s)) return false;
    if (take(s, '.') && !digits(s)) return false;
    if (!one_of(s, "eE")) return true;
    one_of(s, "+-");
    return digits(s);
}

/* A member's name with its quotes, and the colon. */
static bool name(struct scan *s, struct slice *ret) {
    spaces(s);
    const uint8_t *from = s->p;
    bool good = string(s);
    *ret = (struct slice){from, (size_t)(s->p - from)};
    spaces(s);
    return good && take(s, ':');
}

static bool several(struct scan *s, uint8_t close, int depth) {
    struct slice n;
    s->p++;
    spaces(s);
    if (take(s, close)) return true;
    do
        if ((close == '}' && !name(s, &n)) || !value(s, depth + 1)) return false;
    while (take(s, ','));
    return take(s, close);
}

/* A value and the spaces around it. */
static bool value(struct scan *s, int depth) {
    spaces(s);
    if (s->p == s->end || depth > MAX_DEPTH) return false;
    uint8_t c = *s->p;
    bool good = c == '{' ? several(s, '}', depth) : c == '[' ? several(s, ']', depth) : c == '"' ? string(s)
              : c == 't' ? word(s, "true") : c == 'f' ? word(s, "false") : c == 'n' ? word(s, "null")
              : number(s);
    spaces(s);
    return good;
}

bool json_valid(struct slice text) {
    struct scan s = {text.p, text.p + text.n};
    return text.n > 0 && value(&s, 0) && s.p == s.end;
}

static bool cut(struct scan *s, struct slice *ret) { /* without the spaces around it */
    spaces(s);
    const uint8_t *from = s->p;
    bool good = value(s, 0);
    const uint8_t *to = s->p;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\n' || to[-1] == '\r')) to--;
    *ret = (struct slice){from, (size_t)(to - from)};
    return good;
}

bool json_get(struct slice object, const char *path, struct slice *ret) {
    while (*path != '\0') {
        size_t n = strcspn(path, "."), found = 0;
        struct scan s = {object.p, object.p + object.n};
        struct slice k, v, is = {NULL, 0};
        if (!take(&s, '{')) return false;
        while (name(&s, &k) && cut(&s, &v)) {
            if (k.n == n + 2 && memcmp(k.p + 1, path, n) == 0) is = v, found++;
            if (!take(&s, ',')) break;
        }
        if (found != 1) return false; /* a name that stands twice has no meaning */
        object = is;
        path += n + (path[n] == '.');
    }
    *ret = object;
    return true;
}

bool json_next(struct slice array, size_t *at, struct slice *ret) {
    struct scan s = {array.p + *at, array.p + array.n};
    bool good = (*at == 0 ? take(&s, '[') : take(&s, ',')) && cut(&s, ret);
    *at = (size_t)(s.p - array.p);
    return good;
}

bool json_string(struct slice object, const char *path, struct slice *ret) {
    struct slice v;
    if (!json_get(object, path, &v) || v.n < 2 || v.p[0] != '"' || memchr(v.p, '\\', v.n) != NULL) return false;
    *ret = (struct slice){v.p + 1, v.n - 2};
    return true;
}
