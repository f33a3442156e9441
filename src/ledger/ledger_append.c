/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §2: appending. Under the lock: bundles, tiles, then the checkpoint, whose rename is
 * the commit. What the checkpoint covers is never touched; what lies beyond it was never
 * acknowledged and gives way. */
#include "base/bytes.h"
#include "base/cursor.h"
#include "base/file.h"
#include "ledger/ledger_internal.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static void pending_clear(struct pending *p) {
    ex_fd_close(p->lock_fd);
    free(p->data);
    free(p->entry);
    *p = (struct pending){.lock_fd = -1};
}

void ledger_abort(struct ledger *l) {
    pending_clear(&l->pending);
}

static ex_code begin_locked(struct ledger *l, struct ex_error *err) {
    EX_TRY(ledger_refresh(l, err));
    EX_TRY(ledger_anchor(l, err));
    l->pending.frontier = l->frontier;
    return EX_OK;
}

ex_code ledger_begin(struct ledger *l, unsigned wait_ms, struct ex_error *err) {
    if (l->pending.lock_fd >= 0)
        return ex_fail(err, EX_INTERNAL, "an append to the ledger has begun already");
    EX_TRY(ex_lock(l->dir_fd, "lock", true, wait_ms, &l->pending.lock_fd, err));
    ex_code code = begin_locked(l, err);
    if (code != EX_OK)
        ledger_abort(l);
    return code;
}

uint64_t ledger_next_index(const struct ledger *l) {
    return l->pending.lock_fd >= 0 ? l->pending.frontier.size : l->head.size;
}

void ledger_next_tree(const struct ledger *l, uint8_t ret[static MERKLE_BYTES]) {
    if (l->pending.lock_fd >= 0)
        merkle_frontier_root(&l->pending.frontier, ret);
    else
        ledger_root(l, ret);
}

/* What stands in the log stands there for ever: an entry that names another place is a mistake of
 * the caller. */
static ex_code check_place(const struct ledger *l, const uint8_t *entry, size_t size_bytes,
                           struct ex_error *err) {
    struct entry e;
    uint8_t tree[MERKLE_BYTES];
    EX_TRY(entry_parse(entry, size_bytes, &e, err));
    ledger_next_tree(l, tree);
    if (strcmp(e.origin, l->head.origin) != 0 || e.index != ledger_next_index(l) ||
        memcmp(e.tree, tree, sizeof tree) != 0)
        return ex_fail(err, EX_INTERNAL, "the entry was made for another place than %llu",
                       (unsigned long long)ledger_next_index(l));
    return EX_OK;
}

ex_code ledger_add(struct ledger *l, const uint8_t *entry, size_t size_bytes,
                   struct ex_error *err) {
    struct pending *p = &l->pending;
    if (p->lock_fd < 0)
        return ex_fail(err, EX_INTERNAL, "no append to the ledger has begun");
    EX_TRY(check_place(l, entry, size_bytes, err));
    EX_TRY(ex_grow(&p->data, &p->data_capacity, p->data_bytes + 2 + size_bytes, 1,
                   LEDGER_BATCH_BYTES_MAX, "one append to the ledger", err));
    EX_TRY(ex_grow(&p->entry, &p->capacity, p->count + 1, sizeof *p->entry, LEDGER_BATCH_BYTES_MAX,
                   "one append to the ledger", err));
    ex_put_be16(p->data + p->data_bytes, (uint16_t)size_bytes);
    memcpy(p->data + p->data_bytes + 2, entry, size_bytes);
    p->data_bytes += 2 + size_bytes;
    struct pending_entry *e = &p->entry[p->count++];
    e->end = p->data_bytes;
    merkle_leaf_hash(entry, size_bytes, e->leaf);
    merkle_frontier_add(&p->frontier, e->leaf);
    return EX_OK;
}

/* Which names in a directory go. */
struct sweep {
    const char *base; /* temporary files of this name; NULL: all but the widths in [low, high] */
    unsigned low, high;
};

static bool sweep_takes(const struct sweep *s, const char *name) {
    uint64_t width;
    size_t size = strlen(name);
    if (s->base != NULL)
        return strncmp(name, s->base, 3) == 0 && name[3] == '.' && size > 8 &&
               strcmp(name + size - 4, ".tmp") == 0;
    return name[0] != '.' &&
           (!ex_parse_decimal(name, size, &width) || width < s->low || width > s->high);
}

/* Failing to tidy up harms nothing. */
static void sweep_dir(const struct ledger *l, const char *path, const struct sweep *s) {
    EX_AUTO_FD int fd = -1;
    if (ex_open_at(l->dir_fd, path, O_RDONLY | O_DIRECTORY, &fd, NULL) != EX_OK)
        return;
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return;
    (void)ex_steal_fd(&fd);
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (sweep_takes(s, d->d_name))
            (void)unlinkat(dirfd(dir), d->d_name, 0);
    }
    closedir(dir);
}

/* Leaves of a tile's partial files those of a width in [low, high], and no directory when it is
 * empty then. */
static void sweep_partials(const struct ledger *l, const struct tile *t, unsigned low,
                           unsigned high) {
    char path[TILE_PATH_MAX];
    struct sweep s = {.low = low, .high = high};
    sweep_dir(l, tile_partial_dir(path, t), &s);
    (void)ex_remove(l->dir_fd, path, true);
}

/* Removes what an interrupted writing of the full tile left beside it. */
static void sweep_temporary(const struct ledger *l, const struct tile *t) {
    char path[TILE_PATH_MAX];
    char *slash = strrchr(tile_path(path, t), '/');
    struct sweep s = {.base = slash + 1};
    *slash = '\0';
    sweep_dir(l, path, &s);
}

/* Writes a tile, or bundle, of the tree that is being committed. What an append that was cut off
 * left at its place goes first: a reader must never take it for a wider file of the same tile. */
static ex_code write_tile(const struct ledger *l, const struct tile *t, const void *data,
                          size_t size_bytes, struct ex_error *err) {
    char path[TILE_PATH_MAX];
    struct tile full = {.level = t->level, .n = t->n, .width = TILE_WIDTH};
    sweep_partials(l, t, 1, tile_width(l->head.size, t->level, t->n));
    if (t->width < TILE_WIDTH)
        (void)ex_remove(l->dir_fd, tile_path(path, &full), false);
    tile_path(path, t);
    EX_TRY(ex_make_parents(l->dir_fd, path, err));
    return ex_write_file(l->dir_fd, path, data, size_bytes, EX_WRITE_REPLACE, err);
}

/* Where new entry i begins in pending.data. */
static size_t pending_start(const struct pending *p, uint64_t i) {
    return i == 0 ? 0 : p->entry[i - 1].end;
}

static ex_code write_bundle(struct ledger *l, uint64_t n, struct ex_error *err) {
    const struct pending *p = &l->pending;
    uint64_t old_size = l->head.size, first = n * TILE_WIDTH;
    struct tile t = tile_at(p->frontier.size, TILE_ENTRIES, n);
    size_t old_bytes = 0;
    if (first < old_size) {
        EX_TRY(ledger_load_bundle(l, n, err));
        old_bytes = bundle_end(&l->bundle, l->bundle.at.width);
    }
    uint64_t from = first < old_size ? old_size : first;
    size_t start = pending_start(p, from - old_size);
    size_t new_bytes = pending_start(p, first + t.width - old_size) - start;
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(
        ex_alloc(old_bytes + new_bytes, 1, TILE_BUNDLE_BYTES_MAX, "an entry bundle", &data, err));
    if (old_bytes > 0)
        memcpy(data, l->bundle.data, old_bytes);
    memcpy(data + old_bytes, p->data + start, new_bytes);
    return write_tile(l, &t, data, old_bytes + new_bytes, err);
}

static ex_code write_bundles(struct ledger *l, struct ex_error *err) {
    uint64_t last = (l->pending.frontier.size - 1) / TILE_WIDTH;
    for (uint64_t n = l->head.size / TILE_WIDTH; n <= last; n++)
        EX_TRY(write_bundle(l, n, err));
    return EX_OK;
}

/* New hashes of one level, the first of which stands at index `first` of that level. When tiles
 * become full, their roots replace what is in `hash`: the new hashes of the level above. */
struct new_hashes {
    uint8_t (*hash)[MERKLE_BYTES];
    uint64_t first, count;
};

/* The old partial tile that a wider one begins with. It is read again here, so it is compared again
 * with the frontier, in which every hash of a last tile is folded. */
static ex_code copy_old_hashes(struct ledger *l, const struct tile *old, tile_hashes to,
                               struct ex_error *err) {
    const uint8_t(*kept)[MERKLE_BYTES];
    uint8_t root[MERKLE_BYTES];
    char path[TILE_PATH_MAX];
    size_t at = 0;
    if (old->width == 0)
        return EX_OK;
    EX_TRY(tiles_hashes(&l->tiles, old, &kept, err));
    for (unsigned bit = 8; bit-- > 0;) {
        size_t count = (size_t)1 << bit;
        if ((old->width & count) == 0)
            continue;
        tile_fold(kept + at, count, root);
        if (memcmp(root, l->frontier.hash[8 * old->level + bit], sizeof root) != 0)
            return ex_fail(err, EX_ALTERED, "\"ledger/%s\" was altered a moment ago",
                           tile_path(path, old));
        at += count;
    }
    memcpy(to, kept, (size_t)old->width * MERKLE_BYTES);
    return EX_OK;
}

static ex_code write_level(struct ledger *l, unsigned level, struct new_hashes *new,
                           struct ex_error *err) {
    uint64_t end = new->first + new->count, taken = 0, up = 0;
    for (uint64_t n = new->first / TILE_WIDTH; n <= (end - 1) / TILE_WIDTH; n++) {
        struct tile t = tile_at(l->pending.frontier.size, level, n);
        struct tile old = tile_at(l->head.size, level, n);
        tile_hashes hash;
        EX_TRY(copy_old_hashes(l, &old, hash, err));
        memcpy(hash[old.width], new->hash[taken], (size_t)(t.width - old.width) * MERKLE_BYTES);
        taken += t.width - old.width;
        EX_TRY(write_tile(l, &t, hash, (size_t)t.width * MERKLE_BYTES, err));
        if (t.width == TILE_WIDTH)
            tile_fold((const uint8_t(*)[MERKLE_BYTES])hash, TILE_WIDTH, new->hash[up++]);
    }
    new->first /= TILE_WIDTH;
    new->count = up;
    return EX_OK;
}

static ex_code write_tiles(struct ledger *l, struct ex_error *err) {
    const struct pending *p = &l->pending;
    EX_AUTO_FREE uint8_t *hashes = NULL;
    EX_TRY(ex_alloc(p->count, MERKLE_BYTES, LEDGER_BATCH_BYTES_MAX, "the new hashes of the ledger",
                    &hashes, err));
    for (size_t i = 0; i < p->count; i++)
        memcpy(hashes + i * MERKLE_BYTES, p->entry[i].leaf, MERKLE_BYTES);
    struct new_hashes new = {
        .hash = (uint8_t(*)[MERKLE_BYTES])hashes, .first = l->head.size, .count = p->count};
    for (unsigned level = 0; level<TILE_LEVELS &&new.count> 0; level++)
        EX_TRY(write_level(l, level, &new, err));
    return EX_OK;
}

/* Signs the new head, after one more look at the one on disk. */
static ex_code write_checkpoint(struct ledger *l, const struct sign_key *vault_key,
                                const struct checkpoint *head, char **ret_note, size_t *ret_bytes,
                                struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO_FREE char *note = NULL;
    EX_AUTO_FREE char *present = NULL;
    size_t text_bytes = 0, note_bytes = 0, present_bytes = 0;
    struct checkpoint again;
    EX_TRY(checkpoint_text(head, &text, &text_bytes, err));
    EX_TRY(note_sign(text, text_bytes, &l->key, vault_key, &note, &note_bytes, err));
    EX_TRY(checkpoint_open(l, note, note_bytes, &again, err));
    EX_TRY(checkpoint_load(l, &present, &present_bytes, &again, err));
    if (present_bytes != l->note_bytes || memcmp(present, l->note, present_bytes) != 0)
        return ex_fail(err, EX_ALTERED,
                       "the checkpoint of the ledger was changed by somebody without the lock");
    EX_TRY(ex_write_file(l->dir_fd, "checkpoint", note, note_bytes, EX_WRITE_REPLACE, err));
    *ret_note = ex_steal(&note);
    *ret_bytes = note_bytes;
    return EX_OK;
}

static void sweep_level(const struct ledger *l, unsigned level, uint64_t first, uint64_t end) {
    for (uint64_t n = first / TILE_WIDTH; n <= (end - 1) / TILE_WIDTH; n++) {
        struct tile t = tile_at(l->head.size, level, n);
        sweep_partials(l, &t, t.width, t.width);
        if (t.width == TILE_WIDTH)
            sweep_temporary(l, &t);
    }
}

/* The partial files that wider ones supersede, now that the checkpoint needs them no more. */
static void sweep_superseded(const struct ledger *l, uint64_t old_size) {
    uint64_t first = old_size, end = l->head.size;
    sweep_level(l, TILE_ENTRIES, first, end);
    for (unsigned level = 0; level < TILE_LEVELS && end > first; level++) {
        sweep_level(l, level, first, end);
        first /= TILE_WIDTH;
        end /= TILE_WIDTH;
    }
}

static ex_code commit_locked(struct ledger *l, const struct sign_key *vault_key,
                             struct ex_error *err) {
    struct checkpoint head = l->head;
    uint64_t old_size = l->head.size;
    char *note = NULL;
    size_t note_bytes = 0;
    head.size = l->pending.frontier.size;
    merkle_frontier_root(&l->pending.frontier, head.root);
    EX_TRY(write_bundles(l, err));
    EX_TRY(write_tiles(l, err));
    EX_TRY(write_checkpoint(l, vault_key, &head, &note, &note_bytes, err));
    free(l->note);
    l->note = note;
    l->note_bytes = note_bytes;
    l->head = head;
    l->tiles.size = head.size;
    l->frontier = l->pending.frontier;
    sweep_superseded(l, old_size);
    return EX_OK;
}

ex_code ledger_commit(struct ledger *l, const struct sign_key *vault_key, struct ex_error *err) {
    ex_code code = EX_OK;
    if (l->pending.lock_fd < 0)
        return ex_fail(err, EX_INTERNAL, "no append to the ledger has begun");
    if (memcmp(sign_key_public(vault_key), l->key.public_key, SIGN_PUBLIC_BYTES) != 0)
        code = ex_fail(err, EX_INTERNAL, "the key is not the one that signs this ledger");
    else if (l->pending.count > 0)
        code = commit_locked(l, vault_key, err);
    ledger_abort(l);
    return code;
}
