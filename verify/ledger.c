/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.md §1, §2: the checkpoint (C2SP signed-note, tlog-checkpoint), tiles and entries (tlog-tiles). */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  256u
#define LEVELS 8u

/* ---- keys and notes ---- */

static void key_id(const char *name, const uint8_t key[32], uint8_t out[32]) { /* the first 4 count */
    DIGEST(out, slice_of(name), {(const uint8_t *)"\n\1", 2}, {key, 32});
}

/* NAME+KEYID+base64(1 ‖ key) */
void vkey_print(char out[160], const char *origin, const uint8_t key[32]) {
    uint8_t sum[32], typed[33] = {1};
    char base64[48];
    key_id(origin, key, sum);
    memcpy(typed + 1, key, 32);
    sodium_bin2base64(base64, sizeof base64, typed, 33, sodium_base64_VARIANT_ORIGINAL);
    snprintf(out, 160, "%s+%02x%02x%02x%02x+%s", origin, sum[0], sum[1], sum[2], sum[3], base64);
}

void key_compare(struct run *r) {
    char own[160];
    vkey_print(own, r->origin, r->key);
    if (r->key_given != NULL && strcmp(r->key_given, own) != 0)
        find(r, SIGNERS, BAD_SIGNATURE, NONE, "what --key gives is not the key of this vault: %s", own);
}

/* Of a note: up to the empty line that the signatures stand behind; nothing when there is none. */
struct slice note_text(struct slice note) {
    size_t split = 0;
    for (size_t i = 1; i < note.n; i++)
        if (note.p[i] == '\n' && note.p[i - 1] == '\n') split = i;
    return (struct slice){note.p, split};
}

/* A checkpoint of this log; is_signed: by the vault's key. A signature by that key that is bad spoils the
 * others; those by other keys are counted and not judged. */
bool head_parse(const struct run *r, struct slice note, struct head *ret) {
    uint8_t sum[32], sig[1024];
    size_t split = note_text(note).n, n;
    bool bad = false;
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

void head_told(struct run *r, const struct head *head) {
    if (!head->is_signed) find(r, SIGNERS, BAD_SIGNATURE, NONE, "the checkpoint is not signed by the vault key");
    r->counts[head->is_signed ? N_signatures_good : N_signatures_bad]++;
    r->counts[N_cosigners] += head->others;
}

/* ---- tiles ---- */

struct log {
    struct run *r;
    struct history *history;
    struct head head, kept; /* kept: the checkpoint that was kept outside */
    bool kept_seen, kept_good, broken, differs; /* an entry is not known; a `tree` line was wrong before */
    struct tree tree;
    uint8_t tile[LEVELS][WIDTH][32];
    uint64_t n[LEVELS]; /* hashes that a level has so far */
    struct buf file;
};

/* A tile or bundle of `width`, from its own file or from one that is wider (§2). */
static enum got tile_get(struct log *l, const char *prefix, uint64_t number, unsigned width, bool *ret_own) {
    char path[96];
    enum got got = NOT_THERE;
    tlog_path(path, prefix, number, width % WIDTH);
    *ret_own = (got = file_get(l->r, path, 0, (size_t)32 << 20, true, &l->file)) == GOT;
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
    if (l->broken) return;
    enum got got = tile_get(l, prefix, number, width, &own);
    size_t n = (size_t)width * 32;
    l->r->counts[N_tiles]++;
    if (got != GOT || l->file.n < n || l->file.n % 32 != 0 || (own && l->file.n != n) || !same(l->file.p, l->tile[level][0], n))
        find(l->r, HISTORY, got == GOT ? ALTERED : MISSING, number * WIDTH << 8 * level, "tile %llu of level %u %s",
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

/* Before the entry at l->tree.n: is the tree so far the one that was kept outside? */
static void kept_check(struct log *l) {
    uint8_t root[32];
    if (!l->kept.is_signed || l->tree.n != l->kept.size || l->broken) return;
    l->kept_seen = true;
    tree_root(&l->tree, root);
    if (!(l->kept_good = same(root, l->kept.root, 32)))
        find(l->r, HISTORY, ALTERED, l->tree.n, "the ledger does not go on from the checkpoint that was kept outside");
}

static void entry_check(struct log *l, struct slice bytes) {
    struct run *r = l->r;
    struct entry e;
    uint8_t hash[32], root[32];
    kept_check(l);
    if (history_entry(r, l->history, bytes, l->tree.n, &e)) {
        tree_root(&l->tree, root);
        if (!l->broken && !l->differs && (l->differs = !same(root, e.tree, 32)))
            find(r, HISTORY, ALTERED, e.index, "it was signed after other entries than those before it");
        body_check(r, &e);
    }
    DIGEST(hash, {(const uint8_t *)"", 1}, bytes);
    tree_add(&l->tree, hash);
    tile_add(l, 0, hash);
    r->counts[N_entries]++;
}

static void bundle_check(struct log *l, uint64_t number, unsigned width) {
    bool own;
    size_t at = 0;
    unsigned i = 0;
    enum got got = tile_get(l, "ledger/tile/entries", number, width, &own);
    struct buf bundle = got == GOT ? l->file : (struct buf){NULL, 0};
    if (got == GOT) l->file = (struct buf){NULL, 0};
    for (size_t n; i < width && bundle.n - at >= 2; i++, at += 2 + n) {
        if ((n = (size_t)bundle.p[at] << 8 | bundle.p[at + 1]) > bundle.n - at - 2) break;
        entry_check(l, (struct slice){bundle.p + at + 2, n});
    }
    if (i == width && own && at != bundle.n) find(l->r, HISTORY, ALTERED, l->tree.n - 1, "more than the entries is in their file");
    if (i < width) {
        find(l->r, HISTORY, got == GOT ? ALTERED : MISSING, l->tree.n, "%u entries from here on cannot be read", width - i);
        l->history->n_unknown++;
        l->broken = true;
        l->tree.n += width - i; /* its hashes mean nothing any more */
    }
    free(bundle.p);
}

/* ---- the whole ---- */

/* What is there besides: bodies behind the head, failed unlocks that nothing protects yet (§5, §6). */
static void others_count(struct log *l) {
    static const char *const files[] = {"ledger/unauthenticated", "ledger/unauthenticated.taken"};
    struct run *r = l->r;
    char path[96];
    tlog_path(path, "ledger/body", l->head.size, 0);
    if (file_get(r, path, 0, 0, false, &l->file) == GOT)
        find(r, HISTORY, NOTE, NONE, "a body lies beyond the signed head: a write was cut off, or an older head was put back");
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
    if (l->broken) find(r, HISTORY, PARTLY, NONE, "the tree could not be compared with the tiles and the checkpoint");
    else if (!same(root, l->head.root, 32))
        find(r, HISTORY, ALTERED, NONE, "the entries are not those that the checkpoint was signed for");
    if (l->kept.is_signed && !l->kept_seen)
        find(r, HISTORY, l->kept.size > l->head.size ? MISSING : PARTLY, NONE, "the checkpoint that was kept outside has %llu entries: %s",
             (unsigned long long)l->kept.size, l->kept.size > l->head.size ? "some are gone" : "it could not be compared");
    if (l->head.size == 0) find(r, HISTORY, MISSING, NONE, "there is no entry");
    history_end(r, l->history);
    if (l->kept_good) cosigned_check(r, r->checkpoint, l->kept.size, NONE);
    cosigners_told(r);
    others_count(l);
}

void ledger_check(struct run *r) {
    struct log *l = calloc(1, sizeof *l);
    if (l == NULL) stop(r, 1, "out of memory");
    l->r = r;
    r->history = l->history = history_new(r);
    bool kept = r->checkpoint.p == NULL || (head_parse(r, r->checkpoint, &l->kept) && l->kept.is_signed);
    if (!kept) l->kept.is_signed = false;
    if (!kept) find(r, SIGNERS, BAD_SIGNATURE, NONE, "what --checkpoint names is no checkpoint that this vault signed");
    if (file_get(r, "ledger/checkpoint", 0, 65536, true, &l->file) != GOT || !head_parse(r, (struct slice){l->file.p, l->file.n}, &l->head) ||
        l->head.size > MAX_ENTRIES)
        find(r, HISTORY, ALTERED, NONE, "ledger/checkpoint is missing, or no checkpoint of this log, or of too many entries: none was checked");
    else {
        head_told(r, &l->head);
        log_check(l);
    }
    history_free(l->history);
    r->history = NULL;
    free(l->file.p);
    free(l);
}
