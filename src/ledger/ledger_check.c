/* SPDX-License-Identifier: Apache-2.0 */
/* Reading everything, and going on after damage.
 *
 * The tree is recomputed from the entries. Where an entry cannot be had, or is not what the signed
 * root commits to, the hash in the level-0 tile stands in for it, so that what comes after is still
 * judged against the right tree; the root then does not count as recomputed.
 */
#include "base/file.h"
#include "ledger/ledger_internal.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

enum { LOCK_WAIT_MS = 2000, WALK_DEPTH_MAX = 12, WALK_PATH_MAX = 4096, RANGE_MAX = 64 };

enum leaf_state { LEAF_GOOD, LEAF_ALTERED, LEAF_MISSING, LEAF_DISPUTED };

struct check {
    struct ledger *l;
    ledger_entry_fn *each;
    void *context;
    struct ledger_check *ret;
    struct merkle_frontier frontier;
    struct bundle bundle;
    bool whole; /* every leaf hash so far comes from its entry */
    struct {
        uint64_t n; /* of the tile that is being filled */
        unsigned width;
        tile_hashes hash;
    } row[TILE_LEVELS];
};

static void check_free(struct check *k) {
    if (k != NULL)
        bundle_clear(&k->bundle);
    free(k);
}
EX_DEFINE_AUTO(struct check, check_free);

EX_PRINTF(2, 3) static void problem(const struct check *k, const char *format, ...) {
    uint64_t n = k->ret->problem_count++;
    va_list args;
    if (n >= LEDGER_PROBLEMS_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(k->ret->problem[n], sizeof k->ret->problem[n], format, args);
    va_end(args);
}

/* "entry 7" or "entries 7 to 9"; never an end beyond the log. */
static const char *range_text(char to[static RANGE_MAX], const struct check *k, uint64_t first,
                              uint64_t count) {
    uint64_t left = k->l->head.size - first;
    uint64_t last = first + (count < left ? count : left) - 1;
    if (first == last)
        (void)snprintf(to, RANGE_MAX, "entry %llu", (unsigned long long)first);
    else
        (void)snprintf(to, RANGE_MAX, "entries %llu to %llu", (unsigned long long)first,
                       (unsigned long long)last);
    return to;
}

/* Want of memory and a mistake of ours end the check; damage does not. */
static bool ends_check(ex_code code) {
    return code == EX_NOMEM || code == EX_INTERRUPTED || code == EX_INTERNAL;
}

static const char *leaf_words(enum leaf_state state) {
    switch (state) {
    case LEAF_ALTERED:
        return "altered in";
    case LEAF_MISSING:
        return "missing in";
    case LEAF_DISPUTED:
        return "not what is in";
    case LEAF_GOOD:
        break;
    }
    return "good in";
}

/* Puts runs of leaves that are in the same bad state into words. */
static void tell_leaves(const struct check *k, uint64_t n, const enum leaf_state *state,
                        unsigned width) {
    char path[TILE_PATH_MAX], range[RANGE_MAX];
    for (unsigned from = 0, to; from < width; from = to) {
        for (to = from + 1; to < width && state[to] == state[from]; to++)
            ;
        if (state[from] == LEAF_GOOD)
            continue;
        unsigned level = state[from] == LEAF_DISPUTED ? 0 : TILE_ENTRIES;
        struct tile t = tile_at(k->l->head.size, level, n);
        problem(k, "%s: %s \"ledger/%s\"", range_text(range, k, n * TILE_WIDTH + from, to - from),
                leaf_words(state[from]), tile_path(path, &t));
    }
}

/* Compares a finished tile, or the last of its level, with its file. */
static ex_code compare_row(struct check *k, unsigned level, struct ex_error *err) {
    struct tile t = tile_at(k->l->head.size, level, k->row[level].n);
    char path[TILE_PATH_MAX], range[RANGE_MAX];
    struct ex_error why = {0};
    tile_hashes hash;
    unsigned shift = 8 * level, first = 0, last = t.width;
    uint64_t base = t.n * TILE_WIDTH;
    ex_code code = tile_read_hashes(k->l->dir_fd, &t, hash, &why);
    if (ends_check(code))
        return ex_fail(err, code, "%s", why.text);
    if (code != EX_OK) {
        problem(k, "%s (over %s)", why.text,
                range_text(range, k, base << shift, (uint64_t)t.width << shift));
        return EX_OK;
    }
    k->ret->tiles++;
    while (first < last && memcmp(hash[first], k->row[level].hash[first], MERKLE_BYTES) == 0)
        first++;
    while (last > first && memcmp(hash[last - 1], k->row[level].hash[last - 1], MERKLE_BYTES) == 0)
        last--;
    if (first < last)
        problem(k, "\"ledger/%s\" does not fit %s", tile_path(path, &t),
                range_text(range, k, (base + first) << shift, (uint64_t)(last - first) << shift));
    return EX_OK;
}

/* Level 0 is compared with its entries, leaf by leaf, before it gets here. */
static ex_code push_leaf(struct check *k, const uint8_t leaf[static MERKLE_BYTES],
                         struct ex_error *err) {
    uint8_t up[MERKLE_BYTES];
    memcpy(up, leaf, sizeof up);
    merkle_frontier_add(&k->frontier, leaf);
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        memcpy(k->row[level].hash[k->row[level].width++], up, sizeof up);
        if (k->row[level].width < TILE_WIDTH)
            break;
        if (level > 0)
            EX_TRY(compare_row(k, level, err));
        tile_fold((const uint8_t(*)[MERKLE_BYTES])k->row[level].hash, TILE_WIDTH, up);
        k->row[level].width = 0;
        k->row[level].n++;
    }
    return EX_OK;
}

/* Decides for each leaf of bundle n which hash counts. `tile` is NULL when the level-0 tile cannot
 * be had. */
static void judge_leaves(struct check *k, uint64_t n, const uint8_t (*tile)[MERKLE_BYTES],
                         enum leaf_state *state, tile_hashes leaf) {
    struct tile t = tile_at(k->l->head.size, 0, n);
    const struct bundle *b = &k->bundle;
    bool asked = false, proved = false;
    for (unsigned i = 0; i < t.width; i++) {
        if (i >= b->count) {
            state[i] = LEAF_MISSING;
            if (tile != NULL)
                memcpy(leaf[i], tile[i], MERKLE_BYTES);
            else
                memset(leaf[i], 0, MERKLE_BYTES);
            continue;
        }
        state[i] = LEAF_GOOD;
        merkle_leaf_hash(b->data + b->offset[i], b->entry_bytes[i], leaf[i]);
        if (tile == NULL || memcmp(leaf[i], tile[i], MERKLE_BYTES) == 0)
            continue;
        /* Entry and tile disagree. When the signed root vouches for the tile, the entry is wrong.
         */
        if (!asked)
            proved = ledger_prove_tile(k->l, &t, tile, NULL) == EX_OK;
        asked = true;
        state[i] = proved ? LEAF_ALTERED : LEAF_DISPUTED;
        if (proved)
            memcpy(leaf[i], tile[i], MERKLE_BYTES);
    }
}

static ex_code feed_bundle(struct check *k, const enum leaf_state *state, tile_hashes leaf,
                           struct ex_error *err) {
    const struct bundle *b = &k->bundle;
    uint8_t before[MERKLE_BYTES];
    for (unsigned i = 0; i < b->at.width; i++) {
        if (state[i] == LEAF_ALTERED || state[i] == LEAF_MISSING)
            k->whole = false;
        if (i < b->count) {
            k->ret->entries++;
            merkle_frontier_root(&k->frontier, before);
            if (k->each != NULL)
                EX_TRY(k->each(k->context, b->at.n * TILE_WIDTH + i, before, b->data + b->offset[i],
                               b->entry_bytes[i], err));
        }
        EX_TRY(push_leaf(k, leaf[i], err));
    }
    return EX_OK;
}

static ex_code check_bundle(struct check *k, uint64_t n, struct ex_error *err) {
    struct tile entries = tile_at(k->l->head.size, TILE_ENTRIES, n);
    struct tile hashes = tile_at(k->l->head.size, 0, n);
    enum leaf_state state[TILE_WIDTH];
    tile_hashes leaf, tile;
    struct ex_error why = {0};
    char range[RANGE_MAX];
    ex_code code = bundle_read(k->l->dir_fd, &entries, &k->bundle, &why);
    if (ends_check(code))
        return ex_fail(err, code, "%s", why.text);
    /* Entries that are not there get their own words below. */
    if (code != EX_OK &&
        (k->bundle.count == entries.width || (code != EX_MISSING && code != EX_ALTERED)))
        problem(k, "%s", why.text);
    code = tile_read_hashes(k->l->dir_fd, &hashes, tile, &why);
    if (ends_check(code))
        return ex_fail(err, code, "%s", why.text);
    if (code == EX_OK)
        k->ret->tiles++;
    else
        problem(k, "%s (over %s)", why.text, range_text(range, k, n * TILE_WIDTH, hashes.width));
    judge_leaves(k, n, code == EX_OK ? (const uint8_t(*)[MERKLE_BYTES])tile : NULL, state, leaf);
    tell_leaves(k, n, state, hashes.width);
    return feed_bundle(k, state, leaf, err);
}

/* A partial file that a wider one supersedes and that a crash kept from being removed: it must say
 * the same as the wider one. */
static bool superseded_agrees(struct check *k, const struct tile *narrow, const struct tile *wide) {
    int fd = k->l->dir_fd;
    if (narrow->level != TILE_ENTRIES) {
        tile_hashes a, b;
        return tile_read_hashes(fd, narrow, a, NULL) == EX_OK &&
               (tile_read_hashes(fd, wide, b, NULL) != EX_OK ||
                memcmp(a, b, (size_t)narrow->width * MERKLE_BYTES) == 0);
    }
    struct bundle a = {0};
    bool same = false;
    if (bundle_read(fd, narrow, &a, NULL) == EX_OK) {
        /* A damaged wide one has been reported in its own place. */
        same = bundle_read(fd, wide, &k->bundle, NULL) != EX_OK ||
               (bundle_end(&a, a.count) == bundle_end(&k->bundle, a.count) &&
                memcmp(a.data, k->bundle.data, bundle_end(&a, a.count)) == 0);
    }
    bundle_clear(&a);
    return same;
}

static void classify(struct check *k, const char *path, uint64_t newest_size) {
    struct tile t;
    if (!tile_path_parse(path, &t) || t.width > tile_width(newest_size, t.level, t.n)) {
        k->ret->beyond++;
        return;
    }
    struct tile wide = tile_at(k->l->head.size, t.level, t.n);
    if (t.width < wide.width && !superseded_agrees(k, &t, &wide))
        problem(k, "\"ledger/%s\" is not how a wider file of the same tile begins", path);
}

static void walk(struct check *k, const char *path, unsigned depth, uint64_t newest_size) {
    char child[WALK_PATH_MAX];
    struct stat st;
    struct ex_error why = {0};
    EX_AUTO_FD int fd = -1;
    ex_code code = ex_open_at(k->l->dir_fd, path, O_RDONLY | O_DIRECTORY, &fd, &why);
    if (code == EX_NOT_FOUND) /* an empty log, or removed meanwhile */
        return;
    DIR *dir = code == EX_OK ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        problem(k, "\"ledger/%s\" could not be listed", path);
        return;
    }
    (void)ex_steal_fd(&fd);
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        int length = snprintf(child, sizeof child, "%s/%s", path, d->d_name);
        if (length < 0 || (size_t)length >= sizeof child ||
            fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH_MAX)
            walk(k, child, depth + 1, newest_size);
        else
            classify(k, child, newest_size);
    }
    closedir(dir);
}

/* Looks for files that the log does not need. Under a shared lock where that can be had, so that an
 * append that is going on is not taken for a crashed one. */
static void check_beyond(struct check *k) {
    EX_AUTO_FREE char *note = NULL;
    struct checkpoint newest;
    size_t note_bytes = 0;
    uint64_t size = k->l->head.size;
    EX_AUTO_FD int lock_fd = -1;
    if (k->l->pending.lock_fd < 0 &&
        ex_lock(k->l->dir_fd, "lock", false, LOCK_WAIT_MS, &lock_fd, NULL) != EX_OK)
        lock_fd = -1;
    if (checkpoint_load(k->l, &note, &note_bytes, &newest, NULL) == EX_OK && newest.size > size)
        size = newest.size;
    walk(k, "tile", 0, size);
}

static ex_code finish(struct check *k, struct ex_error *err) {
    uint8_t root[MERKLE_BYTES];
    for (unsigned level = 1; level < TILE_LEVELS; level++) {
        if (k->row[level].width > 0)
            EX_TRY(compare_row(k, level, err));
    }
    merkle_frontier_root(&k->frontier, root);
    bool same = memcmp(root, k->l->head.root, sizeof root) == 0;
    k->ret->root_matches = same && k->whole;
    if (!same)
        problem(k, "the recomputed tree does not have the root in \"ledger/checkpoint\"");
    check_beyond(k);
    return EX_OK;
}

ex_code ledger_check_all(struct ledger *l, ledger_entry_fn *each, void *context,
                         struct ex_progress *progress, struct ledger_check *ret,
                         struct ex_error *err) {
    EX_AUTO(check_free) struct check *k = ex_new0(struct check);
    memset(ret, 0, sizeof *ret);
    k->l = l;
    k->each = each;
    k->context = context;
    k->ret = ret;
    k->whole = true;
    merkle_frontier_start(&k->frontier);
    for (uint64_t n = 0; tile_width(l->head.size, TILE_ENTRIES, n) > 0; n++) {
        EX_TRY(check_bundle(k, n, err));
        EX_TRY(ex_progress_step(progress, k->bundle.size_bytes, err));
    }
    return finish(k, err);
}
