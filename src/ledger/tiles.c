/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §1; C2SP tlog-tiles v0.1.0 */
#include "ledger/tiles_internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

/* A writer may replace one width by the next while we look; more often than this in a row it does
 * not happen. */
enum { WIDER_ATTEMPTS = 6 };

char *tile_number_text(char to[static TILE_NUMBER_MAX], uint64_t n) {
    unsigned group[8];
    size_t count = 0, used = 0;
    do {
        group[count++] = (unsigned)(n % 1000);
        n /= 1000;
    } while (n > 0);
    while (count-- > 0)
        used += (size_t)snprintf(to + used, TILE_NUMBER_MAX - used, count > 0 ? "x%03u/" : "%03u",
                                 group[count]);
    return to;
}

static void level_text(char to[static 8], unsigned level) {
    (void)snprintf(to, 8, level == TILE_ENTRIES ? "entries" : "%u", level % TILE_ENTRIES);
}

char *tile_partial_dir(char to[static TILE_PATH_MAX], const struct tile *t) {
    char level[8], number[TILE_NUMBER_MAX];
    level_text(level, t->level);
    (void)snprintf(to, TILE_PATH_MAX, "tile/%s/%s.p", level, tile_number_text(number, t->n));
    return to;
}

char *tile_path(char to[static TILE_PATH_MAX], const struct tile *t) {
    tile_partial_dir(to, t);
    size_t used = strlen(to);
    if (t->width >= TILE_WIDTH)
        to[used - 2] = '\0';
    else
        (void)snprintf(to + used, TILE_PATH_MAX - used, "/%u", t->width);
    return to;
}

/* "x001/x234/067" at the front of text; the number of characters, 0 when there is none. */
static size_t parse_number(const char *text, uint64_t *ret) {
    uint64_t n = 0;
    for (size_t at = 0;; at += 5) {
        bool more = text[at] == 'x';
        const char *digit = text + at + (more ? 1 : 0);
        unsigned group = 0;
        for (size_t i = 0; i < 3; i++) {
            if (digit[i] < '0' || digit[i] > '9')
                return 0;
            group = group * 10 + (unsigned)(digit[i] - '0');
        }
        if (__builtin_mul_overflow(n, 1000u, &n) || __builtin_add_overflow(n, group, &n))
            return 0;
        if (!more) {
            *ret = n;
            return at + 3;
        }
        if (digit[3] != '/')
            return 0;
    }
}

bool tile_path_parse(const char *path, struct tile *ret) {
    struct tile t = {.width = TILE_WIDTH};
    char again[TILE_PATH_MAX];
    uint64_t value;
    if (strncmp(path, "tile/", 5) != 0)
        return false;
    const char *level = path + 5, *slash = strchr(level, '/');
    if (slash == NULL)
        return false;
    if (strncmp(level, "entries/", 8) == 0)
        t.level = TILE_ENTRIES;
    else if (ex_parse_decimal(level, (size_t)(slash - level), &value) && value < TILE_ENTRIES)
        t.level = (unsigned)value;
    else
        return false;
    size_t size = parse_number(slash + 1, &t.n);
    const char *rest = slash + 1 + size;
    if (size == 0)
        return false;
    if (strncmp(rest, ".p/", 3) == 0) {
        if (!ex_parse_decimal(rest + 3, strlen(rest + 3), &value) || value == 0 ||
            value >= TILE_WIDTH)
            return false;
        t.width = (unsigned)value;
    }
    if (strcmp(tile_path(again, &t), path) != 0)
        return false;
    *ret = t;
    return true;
}

unsigned tile_width(uint64_t size, unsigned level, uint64_t n) {
    unsigned shift = level == TILE_ENTRIES ? 0 : 8 * level;
    uint64_t hashes = shift >= 64 ? 0 : size >> shift;
    if (n < hashes / TILE_WIDTH)
        return TILE_WIDTH;
    return n == hashes / TILE_WIDTH ? (unsigned)(hashes % TILE_WIDTH) : 0;
}

struct tile tile_at(uint64_t size, unsigned level, uint64_t n) {
    return (struct tile){.level = level, .n = n, .width = tile_width(size, level, n)};
}

void tile_fold(const uint8_t (*hash)[MERKLE_BYTES], size_t count,
               uint8_t ret[static MERKLE_BYTES]) {
    tile_hashes row;
    memcpy(row, hash, count * MERKLE_BYTES);
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++)
            merkle_node_hash(row[2 * i], row[2 * i + 1], row[i]);
    }
    memcpy(ret, row[0], MERKLE_BYTES);
}

/* The narrowest published partial tile that is wider than t; 0 when there is none. */
static unsigned wider_partial(int dir_fd, const struct tile *t) {
    char path[TILE_PATH_MAX];
    unsigned best = 0;
    EX_AUTO_FD int fd = -1;
    if (ex_open_at(dir_fd, tile_partial_dir(path, t), O_RDONLY | O_DIRECTORY, &fd, NULL) != EX_OK)
        return 0;
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return 0;
    (void)ex_steal_fd(&fd);
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        uint64_t width;
        if (ex_parse_decimal(d->d_name, strlen(d->d_name), &width) && width > t->width &&
            width < TILE_WIDTH && (best == 0 || width < best))
            best = (unsigned)width;
    }
    closedir(dir);
    return best;
}

/* The file of this width, or a wider one. *ret_width says which. */
static ex_code read_tile_file(int dir_fd, const struct tile *t, size_t limit_bytes, uint8_t **ret,
                              size_t *ret_size_bytes, unsigned *ret_width, struct ex_error *err) {
    char path[TILE_PATH_MAX];
    struct tile other = *t;
    for (int attempt = 0; attempt < WIDER_ATTEMPTS; attempt++) {
        struct ex_error why;
        ex_code code =
            ex_read_file(dir_fd, tile_path(path, &other), limit_bytes, ret, ret_size_bytes, &why);
        if (code == EX_OK) {
            *ret_width = other.width;
            return EX_OK;
        }
        if (code == EX_LIMIT)
            return ex_fail(err, EX_ALTERED, "\"ledger/%s\" is too large for what it is", path);
        if (code != EX_NOT_FOUND)
            return ex_fail(err, code, "%s", why.text);
        other.width = other.width < TILE_WIDTH ? TILE_WIDTH : wider_partial(dir_fd, t);
        if (other.width == 0)
            break;
    }
    return ex_fail(err, EX_MISSING, "\"ledger/%s\" is missing", tile_path(path, t));
}

ex_code tile_read_hashes(int dir_fd, const struct tile *t, tile_hashes ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    char path[TILE_PATH_MAX];
    size_t size_bytes = 0;
    unsigned width = 0;
    EX_TRY(read_tile_file(dir_fd, t, sizeof(tile_hashes), &data, &size_bytes, &width, err));
    if (size_bytes != (size_t)width * MERKLE_BYTES)
        return ex_fail(err, EX_ALTERED, "\"ledger/%s\" has %zu bytes, not %u", tile_path(path, t),
                       size_bytes, width * MERKLE_BYTES);
    memcpy(ret, data, (size_t)t->width * MERKLE_BYTES);
    return EX_OK;
}

void bundle_clear(struct bundle *b) {
    free(b->data);
    memset(b, 0, sizeof *b);
}

size_t bundle_end(const struct bundle *b, unsigned count) {
    return count == 0 ? 0 : b->offset[count - 1] + b->entry_bytes[count - 1];
}

ex_code bundle_read(int dir_fd, const struct tile *t, struct bundle *ret, struct ex_error *err) {
    char path[TILE_PATH_MAX];
    unsigned width = 0;
    bundle_clear(ret);
    ret->at = *t;
    EX_TRY(read_tile_file(dir_fd, t, TILE_BUNDLE_BYTES_MAX, &ret->data, &ret->size_bytes, &width,
                          err));
    struct ex_cursor c = ex_cursor_make(ret->data, ret->size_bytes);
    while (ret->count < t->width) {
        size_t entry_bytes = ex_cursor_be16(&c);
        size_t offset = c.pos;
        if (ex_cursor_bytes(&c, entry_bytes) == NULL || c.overrun)
            break;
        ret->offset[ret->count] = offset;
        ret->entry_bytes[ret->count++] = entry_bytes;
    }
    if (ret->count < t->width || (width == t->width && ex_cursor_left(&c) > 0))
        return ex_fail(err, EX_ALTERED, "\"ledger/%s\" does not consist of %u entries",
                       tile_path(path, t), t->width);
    return EX_OK;
}

ex_code tiles_hashes(struct tiles *ts, const struct tile *t, const uint8_t (**ret)[MERKLE_BYTES],
                     struct ex_error *err) {
    if (t->level >= TILE_LEVELS || t->width == 0)
        return ex_fail(err, EX_INTERNAL, "tile %llu of level %u is outside the tree",
                       (unsigned long long)t->n, t->level);
    struct tile *at = &ts->kept[t->level].at;
    if (at->width != t->width || at->n != t->n) {
        at->width = 0; /* a failed read keeps nothing */
        EX_TRY(tile_read_hashes(ts->dir_fd, t, ts->kept[t->level].hash, err));
        *at = *t;
    }
    *ret = (const uint8_t(*)[MERKLE_BYTES])ts->kept[t->level].hash;
    return EX_OK;
}

/* A complete sub-tree of 2^level leaves: one hash of the tile row below it, or a few folded. */
static ex_code source_hash(void *context, unsigned level, uint64_t index,
                           uint8_t ret[static MERKLE_BYTES], struct ex_error *err) {
    struct tiles *ts = context;
    const uint8_t(*hash)[MERKLE_BYTES];
    unsigned count = 1u << (level % 8);
    uint64_t first = index << (level % 8);
    struct tile t = tile_at(ts->size, level / 8, first / TILE_WIDTH);
    size_t at = (size_t)(first % TILE_WIDTH);
    if (at + count > t.width)
        return ex_fail(err, EX_INTERNAL, "a hash outside the tree was asked for");
    EX_TRY(tiles_hashes(ts, &t, &hash, err));
    tile_fold(hash + at, count, ret);
    return EX_OK;
}

struct merkle_source tiles_source(struct tiles *ts) {
    return (struct merkle_source){.hash = source_hash, .context = ts};
}
