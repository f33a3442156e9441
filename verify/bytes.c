/* SPDX-License-Identifier: Apache-2.0 */
/* Files below the directory that is checked, digests, texts and trees: what every page takes for granted. */
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint32_t le32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
uint64_t le64(const uint8_t *p) { return le32(p) | (uint64_t)le32(p + 4) << 32; }
void put_le64(uint8_t *p, uint64_t x) {
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)(x >> 8 * i);
}

void *room(struct run *r, void *array, size_t n, size_t size, size_t limit, const char *what) {
    if (n >= limit) stop(r, 1, "more than %zu %s: more than this program takes on", limit, what);
    if ((n & (n - 1)) != 0) return array; /* grows whenever n is a power of two, or zero */
    if (n > SIZE_MAX / 4 / size || (array = realloc(array, (n == 0 ? 1 : n * 2) * size)) == NULL)
        stop(r, 1, "out of memory");
    return array;
}

void buf_set(struct run *r, struct buf *b, size_t n) {
    b->p = realloc(b->p, n + 1);
    b->n = n;
    if (b->p == NULL) stop(r, 1, "out of memory");
}

/* ---- files, in the directory that is checked ---- */

enum got file_get(struct run *r, const char *path, uint64_t from, size_t max, bool all, struct buf *ret) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? NOT_THERE : NOT_GOT;
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size >= from &&
                (!all || (uint64_t)st.st_size - from <= max);
    if (good) buf_set(r, ret, (uint64_t)st.st_size - from < max ? (size_t)((uint64_t)st.st_size - from) : max);
    for (size_t done = 0; good && done < ret->n;) {
        ssize_t n = pread(fd, ret->p + done, ret->n - done, (off_t)(from + done));
        good = n > 0;
        done += good ? (size_t)n : 0;
    }
    close(fd);
    return good ? GOT : NOT_GOT;
}

static struct run *walker; /* nftw tells its function nothing of its own */

static int walk_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    struct run *r = walker;
    path += at->level == 0 ? 0 : 2; /* "./" */
    bool pack = strncmp(path, "packs", 5) == 0;
    if (at->level == 0 || kind == FTW_D || (r->package == NULL && !pack && strncmp(path, "ledger", 6) != 0)) return 0;
    if (kind != FTW_F || !S_ISREG(st->st_mode)) find(r, HISTORY, ALTERED, NONE, "%s is neither file nor directory", path);
    else if (pack || r->package != NULL) {
        r->files = room(r, r->files, r->n_files, sizeof *r->files, MAX_MANY, "files");
        if ((r->files[r->n_files++] = strdup(path)) == NULL) stop(r, 1, "out of memory");
    }
    return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

void walk(struct run *r) {
    walker = r;
    if (nftw(".", walk_one, 16, FTW_PHYS) != 0) stop(r, 1, "the directory cannot be listed");
    if (r->n_files > 0) qsort(r->files, r->n_files, sizeof *r->files, by_name);
}

/* ---- values ---- */

void digest(uint8_t out[32], const struct slice *parts, size_t n) {
    crypto_hash_sha256_state s;
    crypto_hash_sha256_init(&s);
    for (size_t i = 0; i < n; i++) crypto_hash_sha256_update(&s, parts[i].p, parts[i].n);
    crypto_hash_sha256_final(&s, out);
}

bool same(const uint8_t *a, const uint8_t *b, size_t n) { return n == 0 || memcmp(a, b, n) == 0; }
bool equal(struct slice s, const char *text) { return s.n == strlen(text) && same(s.p, (const uint8_t *)text, s.n); }
struct slice slice_of(const char *text) { return (struct slice){(const uint8_t *)text, strlen(text)}; }

int order(struct slice a, struct slice b) {
    int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int nibble(uint8_t c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

bool get_hex(struct slice s, uint8_t *out, size_t n) {
    bool good = s.n == 2 * n;
    for (size_t i = 0; good && i < n; i++) {
        int a = nibble(s.p[2 * i]), b = nibble(s.p[2 * i + 1]);
        if ((good = a >= 0 && b >= 0)) out[i] = (uint8_t)(a * 16 + b);
    }
    return good;
}

/* libsodium takes the canonical form alone, but takes 0xaf for a slash where char has a sign. */
size_t base64_decode(struct slice s, uint8_t *out, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] > 0x7f) return 0;
    bool good = s.n > 0 && sodium_base642bin(out, max, (const char *)s.p, s.n, NULL, &n, NULL,
                                             sodium_base64_VARIANT_ORIGINAL) == 0;
    return good ? n : 0;
}
bool get_base64(struct slice s, uint8_t *out, size_t n) { return base64_decode(s, out, n) == n; }

bool get_number(struct slice s, uint64_t *ret) {
    uint64_t value = 0;
    if (s.n == 0 || s.n > 20 || (s.n > 1 && s.p[0] == '0')) return false;
    for (size_t i = 0; i < s.n; i++) {
        uint64_t d = (uint64_t)s.p[i] - '0';
        if (d > 9 || value > (UINT64_MAX - d) / 10) return false;
        value = value * 10 + d;
    }
    *ret = value;
    return true;
}

static int64_t days(int64_t y, int64_t m, int64_t d) { /* since 1970-01-01; years begin in March here */
    if (m <= 2) y--, m += 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + d - 719469;
}

/* YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ: nanoseconds since 1970, as far as 63 bits go (in 2262). */
bool get_time(struct slice s, int64_t *ret_ns) {
    static const char form[] = "0000-00-00T00:00:00.000000000Z";
    int64_t f[8] = {0}; /* year, month, day, hour, minute, second, nanoseconds */
    if (s.n != sizeof form - 1) return false;
    for (size_t i = 0, k = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (form[i] == '0' ? !digit : s.p[i] != form[i]) return false;
        if (digit) f[k] = f[k] * 10 + (s.p[i] - '0');
        else k++;
    }
    if (f[0] < 1970 || f[1] < 1 || f[1] > 12 || f[2] < 1 || f[3] > 23 || f[4] > 59 || f[5] > 59) return false;
    int64_t next = f[1] == 12 ? days(f[0] + 1, 1, 1) : days(f[0], f[1] + 1, 1);
    int64_t day = days(f[0], f[1], f[2]), seconds = day * 86400 + f[3] * 3600 + f[4] * 60 + f[5];
    if (day >= next || seconds > (INT64_MAX - f[6]) / 1000000000) return false;
    *ret_ns = seconds * 1000000000 + f[6];
    return true;
}

/* ---- texts ---- */

struct slice text_line(struct text *t) {
    const uint8_t *end = t->left.n > 0 ? memchr(t->left.p, '\n', t->left.n) : NULL;
    if (end == NULL || t->bad) return t->bad = true, (struct slice){NULL, 0};
    struct slice line = {t->left.p, (size_t)(end - t->left.p)};
    t->left = (struct slice){end + 1, t->left.n - line.n - 1};
    return line;
}

bool text_next(const struct text *t, const char *name) {
    size_t n = strlen(name);
    return !t->bad && t->left.n > n && memcmp(t->left.p, name, n) == 0 && t->left.p[n] == ' ';
}

struct slice text_value(struct text *t, const char *name) {
    size_t n = strlen(name) + 1;
    if (!text_next(t, name)) t->bad = true;
    struct slice v = text_line(t);
    if (t->bad || v.n <= n) return t->bad = true, (struct slice){NULL, 0};
    return (struct slice){v.p + n, v.n - n};
}

bool split(struct slice v, struct slice *ret, size_t n) {
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *space = v.n > 0 ? memchr(v.p, ' ', v.n) : NULL;
        ret[i] = (struct slice){v.p, space == NULL ? v.n : (size_t)(space - v.p)};
        good = good && ret[i].n > 0 && (space == NULL) == (i + 1 == n);
        if (space != NULL) v = (struct slice){space + 1, v.n - ret[i].n - 1};
    }
    return good;
}
void text_words(struct text *t, const char *name, struct slice *ret, size_t n) {
    if (!split(text_value(t, name), ret, n)) t->bad = true;
}
void text_hex(struct text *t, const char *name, uint8_t *out, size_t n) {
    t->bad = !get_hex(text_value(t, name), out, n) || t->bad;
}
void text_base64(struct text *t, const char *name, uint8_t *out, size_t n) {
    t->bad = !get_base64(text_value(t, name), out, n) || t->bad;
}
void text_number(struct text *t, const char *name, uint64_t *ret) { t->bad = !get_number(text_value(t, name), ret) || t->bad; }
void text_time(struct text *t, const char *name, int64_t *ret_ns) { t->bad = !get_time(text_value(t, name), ret_ns) || t->bad; }

/* ---- RFC 6962: hash[k] is the root of 2^k leaves wherever bit k of n is set ---- */

void node_hash(uint8_t out[32], const uint8_t *left, const uint8_t *right) {
    DIGEST(out, {(const uint8_t *)"\1", 1}, {left, 32}, {right, 32});
}

void tree_add(struct tree *t, const uint8_t leaf_hash[32]) {
    uint8_t h[32];
    unsigned k = 0;
    memcpy(h, leaf_hash, 32);
    for (uint64_t n = t->n++; n & 1; n >>= 1) node_hash(h, t->hash[k++], h);
    memcpy(t->hash[k], h, 32);
}

void tree_root(const struct tree *t, uint8_t out[32]) {
    bool any = false;
    DIGEST(out, {(const uint8_t *)"", 0});
    for (unsigned k = 0; k < 64; k++)
        if (t->n >> k & 1) {
            if (any) node_hash(out, t->hash[k], out);
            else memcpy(out, t->hash[k], 32);
            any = true;
        }
}

/* ---- JSON, of which only names that are known are looked for; a value is the slice of its text ---- */

static size_t blank(struct slice s, size_t at) {
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t' || s.p[at] == '\n' || s.p[at] == '\r')) at++;
    return at;
}

/* Where the value that begins at `at` ends; `at` when there is none. */
static size_t value_end(struct slice s, size_t at) {
    size_t depth = 0, i = at;
    while (i < s.n) {
        uint8_t c = s.p[i];
        if (c == '"') {
            for (i++; i < s.n && s.p[i] != '"'; i++)
                if (s.p[i] == '\\') i++;
            if (i >= s.n) return at;
        }
        if (depth == 0 && (c == ',' || c == ']' || c == '}' || c == ':' || blank(s, i) > i)) return i;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        i++;
        if (depth == 0 && (c == '"' || c == '}' || c == ']')) return i;
    }
    return depth == 0 ? i : at;
}

bool json_next(struct slice list, size_t *at, struct slice *ret) {
    if (*at > list.n) return false;
    size_t from = blank(list, *at == 0 ? 1 : *at), to = value_end(list, from);
    *ret = (struct slice){list.p + from, to - from};
    *at = blank(list, to) + 1;
    return to > from;
}

bool json_get(struct slice object, const char *path, struct slice *ret) {
    while (*path != '\0') {
        size_t n = strcspn(path, "."), at = 0, found = 0;
        struct slice name, v, is = {NULL, 0};
        while (object.n > 0 && object.p[0] == '{' && json_next(object, &at, &name) && json_next(object, &at, &v))
            if (name.n == n + 2 && memcmp(name.p + 1, path, n) == 0) is = v, found++;
        if (found != 1) return false; /* a name that stands twice has no meaning */
        object = is;
        path += n + (path[n] == '.');
    }
    *ret = object;
    return true;
}

bool json_string(struct slice object, const char *path, struct slice *ret) { /* one without escapes */
    struct slice v;
    if (!json_get(object, path, &v) || v.n < 2 || v.p[0] != '"' || memchr(v.p, '\\', v.n) != NULL) return false;
    *ret = (struct slice){v.p + 1, v.n - 2};
    return true;
}
