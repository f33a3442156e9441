/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.md §1, §2: the checkpoint (C2SP signed-note, tlog-checkpoint), tiles and entries (tlog-tiles). */
#include "verify.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  256u
#define LEVELS 8u

/* ---- keys and notes ---- */

static void key_id(const char *name, const uint8_t key[32], uint8_t out[32]) { /* the first 4 count */
    DIGEST(out, {(const uint8_t *)name, strlen(name)}, {(const uint8_t *)"\n\1", 2}, {key, 32});
}

/* NAME+KEYID+base64(1 ‖ key) */
bool vkey_parse(struct slice v, const char *origin, uint8_t ret_key[32]) {
    size_t n = strlen(origin);
    uint8_t id[4], sum[32], typed[33];
    if (v.n < n + 10 || memcmp(v.p, origin, n) != 0 || v.p[n] != '+' || v.p[n + 9] != '+' ||
        !get_hex((struct slice){v.p + n + 1, 8}, id, 4) ||
        !get_base64((struct slice){v.p + n + 10, v.n - n - 10}, typed, 33) || typed[0] != 1)
        return false;
    memcpy(ret_key, typed + 1, 32);
    key_id(origin, ret_key, sum);
    return same(sum, id, 4);
}

void key_compare(struct run *r) {
    uint8_t given[32];
    if (r->key_given == NULL) return;
    struct slice v = {(const uint8_t *)r->key_given, strlen(r->key_given)};
    if (!vkey_parse(v, r->origin, given) || !same(given, r->key, 32))
        find(r, SIGNERS, BAD_SIGNATURE, NOWHERE, "what --key gives is not the key of this vault");
}

void vkey_print(char out[160], const char *origin, const uint8_t key[32]) {
    uint8_t sum[32], typed[33] = {1};
    char base64[48];
    key_id(origin, key, sum);
    memcpy(typed + 1, key, 32);
    sodium_bin2base64(base64, sizeof base64, typed, 33, sodium_base64_VARIANT_ORIGINAL);
    snprintf(out, 160, "%s+%02x%02x%02x%02x+%s", origin, sum[0], sum[1], sum[2], sum[3], base64);
}

/* A checkpoint of this log; is_signed: by the vault's key. A signature by that key that is bad spoils the
 * others; those by other keys are counted and not judged. */
bool head_parse(const struct run *r, struct slice note, struct head *ret) {
    uint8_t sum[32], sig[1024];
    size_t split = 0, n = 0;
    bool bad = false;
    for (size_t i = 1; i < note.n; i++)
        if (note.p[i] == '\n' && note.p[i - 1] == '\n') split = i;
    struct text t = {{note.p, split}, split == 0}, s = {{note.p + split + 1, note.n - split - (split > 0)}, false};
    memset(ret, 0, sizeof *ret);
    key_id(r->origin, r->key, sum);
    while (split > 0 && s.left.n > 0) {
        struct slice w[2];
        text_words(&s, "\xe2\x80\x94", w, 2);
        if (s.bad || (n = base64_decode(w[1], sig, sizeof sig)) < 5) return false;
        bool own = equal(w[0], r->origin) && same(sig, sum, 4);
        bool good = own && n == 68 && crypto_sign_verify_detached(sig + 4, note.p, split, r->key) == 0;
        ret->others += !own;
        ret->is_signed = ret->is_signed || good;
        bad = bad || (own && !good);
    }
    ret->is_signed = ret->is_signed && !bad;
    if (!equal(text_line(&t), r->origin) || !get_number(text_line(&t), &ret->size)) return false;
    struct slice root = text_line(&t);
    return !t.bad && get_base64(root, ret->root, 32);
}

/* ---- tiles ---- */

struct log {
    struct run *r;
    struct history *history;
    struct head head, kept; /* kept: the checkpoint that was kept outside */
    bool have_kept, kept_seen, broken, differs; /* a leaf is not known; a `tree` line was wrong before */
    struct tree tree;
    uint8_t tile[LEVELS][WIDTH][32];
    uint64_t n[LEVELS]; /* hashes that a level has so far */
    struct buf file;
};

/* A tile or bundle of `width`, from its own file or from one that is wider (§2). */
static enum got tile_get(struct log *l, const char *prefix, uint64_t number, unsigned width, bool *ret_own) {
    char path[96];
    tlog_path(path, prefix, number, width % WIDTH);
    enum got got = file_get(l->r, path, 0, (size_t)32 << 20, true, &l->file);
    *ret_own = got == GOT;
    for (unsigned w = WIDTH; got == NOT_THERE && w > width; w--) {
        tlog_path(path, prefix, number, w % WIDTH);
        got = file_get(l->r, path, 0, (size_t)32 << 20, true, &l->file);
    }
    return got;
}

static void tile_check(struct log *l, unsigned level, uint64_t number, unsigned width) {
    char prefix[32];
    bool own;
    snprintf(prefix, sizeof prefix, "ledger/tile/%u", level);
    enum got got = tile_get(l, prefix, number, width, &own);
    bool good = got == GOT && l->file.n >= (size_t)width * 32 && l->file.n % 32 == 0 &&
                !(own && l->file.n != (size_t)width * 32) && same(l->file.p, l->tile[level][0], (size_t)width * 32);
    l->r->counts[N_tiles]++;
    if (!good)
        find(l->r, HISTORY, got == GOT ? ALTERED : MISSING, AT(number * WIDTH << 8 * level), "tile %llu of level %u %s",
             (unsigned long long)number, level, got == GOT ? "is not that of the entries" : "is missing or cannot be read");
}

/* The root of a full tile is a hash of the level above. */
static void tile_add(struct log *l, unsigned level, const uint8_t hash[32]) {
    struct tree t = {.n = 0};
    uint8_t root[32];
    memcpy(l->tile[level][l->n[level]++ % WIDTH], hash, 32);
    if (l->n[level] % WIDTH != 0 || level + 1 == LEVELS) return;
    tile_check(l, level, l->n[level] / WIDTH - 1, WIDTH);
    for (unsigned i = 0; i < WIDTH; i++) tree_add(&t, l->tile[level][i]);
    tree_root(&t, root);
    tile_add(l, level + 1, root);
}

/* ---- entries ---- */

static void leaf_add(struct log *l, const uint8_t leaf[32]) {
    tree_add(&l->tree, leaf);
    tile_add(l, 0, leaf);
}

/* Before the entry at l->tree.n: is the tree so far the one that was kept outside? */
static void kept_check(struct log *l) {
    uint8_t root[32];
    if (!l->have_kept || l->tree.n != l->kept.size || l->broken) return;
    l->kept_seen = true;
    tree_root(&l->tree, root);
    if (!same(root, l->kept.root, 32))
        find(l->r, HISTORY, ALTERED, AT(l->tree.n), "the ledger does not go on from the checkpoint that was kept outside");
}

/* `leaf` is what the tile says, or NULL without a tile. */
static void entry_check(struct log *l, struct slice bytes, const uint8_t *leaf) {
    struct run *r = l->r;
    struct entry e;
    uint8_t hash[32], root[32];
    uint64_t n = l->tree.n;
    DIGEST(hash, {(const uint8_t *)"", 1}, bytes);
    bool in_tree = leaf == NULL || same(hash, leaf, 32), good = false;
    if (entry_parse(r, bytes, &e) && e.index == n) {
        good = history_entry(r, l->history, &e, in_tree);
        tree_root(&l->tree, root);
        if (good && !l->broken && !l->differs && !same(root, e.tree, 32)) {
            l->differs = true;
            find(r, HISTORY, ALTERED, AT(n), "it was signed after other entries than those before it");
        }
        if (good || in_tree) body_check(r, &e);
    } else {
        find(r, HISTORY, ALTERED, AT(n), "the entry is not as ledger.md §3 says, or not the one of this place");
        l->history->n_unknown++;
    }
    if (!in_tree) find(r, HISTORY, ALTERED, AT(n), good ? "the tile has another hash for it" : "the entry is altered");
    leaf_add(l, good || in_tree ? hash : leaf);
    r->counts[N_entries]++;
}

static void bundle_check(struct log *l, uint64_t number, unsigned width) {
    struct buf leaves = {NULL, 0}, bundle = {NULL, 0};
    static const uint8_t none[32];
    bool own;
    size_t at = 0;
    unsigned i = 0;
    if (tile_get(l, "ledger/tile/0", number, width, &own) == GOT && l->file.n >= (size_t)width * 32) {
        buf_set(l->r, &leaves, l->file.n);
        memcpy(leaves.p, l->file.p, l->file.n);
    }
    enum got got = tile_get(l, "ledger/tile/entries", number, width, &own);
    if (got == GOT) bundle = l->file, l->file = (struct buf){NULL, 0};
    for (size_t n; i < width && bundle.n - at >= 2; i++, at += 2 + n) {
        if ((n = (size_t)bundle.p[at] << 8 | bundle.p[at + 1]) > bundle.n - at - 2) break;
        kept_check(l);
        entry_check(l, (struct slice){bundle.p + at + 2, n}, leaves.p == NULL ? NULL : leaves.p + 32 * (size_t)i);
    }
    if (i < width)
        find(l->r, HISTORY, got == GOT ? ALTERED : MISSING, AT(l->tree.n), "%u entries from here on cannot be read", width - i);
    else if (own && at != bundle.n) find(l->r, HISTORY, ALTERED, AT(l->tree.n - 1), "more than the entries is in their file");
    for (; i < width; i++) { /* the tree goes on with what the tile says */
        kept_check(l);
        l->broken = l->broken || leaves.p == NULL;
        l->history->n_unknown++;
        leaf_add(l, leaves.p == NULL ? none : leaves.p + 32 * (size_t)i);
    }
    free(leaves.p);
    free(bundle.p);
}

/* ---- the whole ---- */

static bool heads_get(struct log *l) {
    struct run *r = l->r;
    static uint8_t text[65536];
    enum got got = file_get(r, "ledger/checkpoint", 0, sizeof text, true, &l->file);
    if (got != GOT || !head_parse(r, (struct slice){l->file.p, l->file.n}, &l->head)) {
        find(r, HISTORY, got == GOT ? ALTERED : MISSING, NOWHERE, "ledger/checkpoint is %s: no entry was checked",
             got == GOT ? "no checkpoint of this log" : "missing or cannot be read");
        return false;
    }
    if (!l->head.is_signed) find(r, SIGNERS, BAD_SIGNATURE, NOWHERE, "the checkpoint is not signed by the vault key");
    r->counts[l->head.is_signed ? N_signatures_good : N_signatures_bad]++;
    r->counts[N_cosigners] = l->head.others;
    if (l->head.size > MAX_ENTRIES) stop(r, 1, "the checkpoint is of more entries than this program takes on");
    if (r->checkpoint_given == NULL) return true;
    FILE *f = fopen(r->checkpoint_given, "rb");
    if (f == NULL) stop(r, 1, "%s cannot be opened: %s", r->checkpoint_given, strerror(errno));
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    l->have_kept = head_parse(r, (struct slice){text, n}, &l->kept) && l->kept.is_signed;
    if (!l->have_kept) find(r, SIGNERS, BAD_SIGNATURE, NOWHERE, "what --checkpoint names is no checkpoint that this vault signed");
    return true;
}

/* What is there besides: bodies behind the head, failed unlocks that nothing protects yet (§5, §6). */
static void others_count(struct log *l) {
    static const char *const files[] = {"ledger/unauthenticated", "ledger/unauthenticated.taken"};
    struct run *r = l->r;
    char path[96];
    for (uint64_t *n = &r->counts[N_beyond]; *n < 1000; ++*n) {
        tlog_path(path, "ledger/body", l->head.size + *n, 0);
        if (file_get(r, path, 0, 0, false, &l->file) != GOT) break;
    }
    if (r->counts[N_beyond] > 0)
        find(r, HISTORY, NOTE, NOWHERE, "bodies lie beyond the signed head: a write was cut off, or an older head was put back");
    for (int k = 0; k < 2; k++)
        if (file_get(r, files[k], 0, (size_t)16 << 20, true, &l->file) == GOT)
            for (size_t i = 0; i < l->file.n; i++) r->counts[N_unauthenticated_pending] += l->file.p[i] == '\n';
}

static void log_check(struct log *l) {
    struct run *r = l->r;
    uint8_t root[32];
    for (uint64_t i = 0; i < l->head.size; i += WIDTH)
        bundle_check(l, i / WIDTH, l->head.size - i < WIDTH ? (unsigned)(l->head.size - i) : WIDTH);
    for (unsigned k = 0; k < LEVELS; k++)
        if (l->n[k] % WIDTH != 0) tile_check(l, k, l->n[k] / WIDTH, (unsigned)(l->n[k] % WIDTH));
    kept_check(l);
    tree_root(&l->tree, root);
    if (l->broken) find(r, HISTORY, PARTLY, NOWHERE, "the tree could not be compared with the checkpoint");
    else if (!same(root, l->head.root, 32))
        find(r, HISTORY, ALTERED, NOWHERE, "the entries are not those that the checkpoint was signed for");
    if (l->have_kept && !l->kept_seen)
        find(r, HISTORY, l->kept.size > l->head.size ? MISSING : PARTLY, NOWHERE, "the checkpoint that was kept outside has %llu entries: %s",
             (unsigned long long)l->kept.size, l->kept.size > l->head.size ? "some are gone" : "it could not be compared");
    if (l->head.size == 0) find(r, HISTORY, MISSING, NOWHERE, "there is no entry");
}

void ledger_check(struct run *r) {
    struct log *l = calloc(1, sizeof *l);
    if (l == NULL) stop(r, 1, "out of memory");
    l->r = r;
    l->history = history_new(r);
    if (heads_get(l)) {
        log_check(l);
        history_end(r, l->history);
        others_count(l);
    }
    history_free(l->history);
    free(l->file.p);
    free(l);
}
