/* SPDX-License-Identifier: Apache-2.0 */
/* object.md: from the bytes of chunks (or of a file of a package) up to the object id, each step recomputed. */
#include "verify.h"

#include <stdio.h>
#include <string.h>

#define BLOCK     ((size_t)4096)
#define MAX_CHUNK ((size_t)524288)

/* ---- §1, §4 ---- */

static void block_hash(uint8_t out[32], const uint8_t *p, size_t n) {
    static const uint8_t zeros[BLOCK];
    DIGEST(out, {p, n}, {zeros, BLOCK - n});
}

void chunk_id(uint8_t out[32], const uint8_t *p, size_t n, uint8_t (*ret_blocks)[32]) {
    uint8_t head[25] = "exhibit-chunk-v1", h[32];
    crypto_hash_sha256_state s;
    put_le64(head + 17, n);
    crypto_hash_sha256_init(&s);
    crypto_hash_sha256_update(&s, head, sizeof head);
    for (size_t at = 0; at < n; at += BLOCK) {
        block_hash(h, p + at, n - at < BLOCK ? n - at : BLOCK);
        if (ret_blocks != NULL) memcpy(ret_blocks[at / BLOCK], h, 32);
        crypto_hash_sha256_update(&s, h, 32);
    }
    crypto_hash_sha256_final(&s, out);
}

/* ---- §6 ---- */

struct manifest {
    uint64_t size, level;
    uint8_t sha256[32], fsverity[32], root[32], key[32], layout[32];
    struct text gaps; /* the lines of what was unreadable */
};

static bool gap_next(struct text *t, uint64_t *offset, uint64_t *length) {
    struct slice w[2];
    return split(text_line(t), w, 2) && get_number(w[0], offset) && get_number(w[1], length);
}

static bool manifest_parse(struct slice bytes, struct manifest *m, uint64_t *ret_unreadable) {
    struct text t = {bytes, false};
    struct slice w[2];
    uint64_t gaps = 0, offset, length, end = 0;
    t.bad = !equal(text_line(&t), "exhibit-object/v1");
    text_number(&t, "size", &m->size);
    text_hex(&t, "sha256", m->sha256, 32);
    text_hex(&t, "fsverity", m->fsverity, 32);
    text_hex(&t, "salted-root", m->root, 32);
    text_hex(&t, "salted-key", m->key, 32);
    text_words(&t, "layout", w, 2);
    if (!get_hex(w[0], m->layout, 32) || !get_number(w[1], &m->level) || m->level > 7) return false;
    text_number(&t, "unreadable", &gaps);
    m->gaps = t;
    for (uint64_t i = 0; i < gaps && !t.bad; i++) { /* ascending, not touching, inside */
        if (!gap_next(&t, &offset, &length) || length == 0 || (i > 0 && offset <= end) || offset > m->size ||
            length > m->size - offset)
            return false;
        end = offset + length;
        *ret_unreadable += length;
    }
    return !t.bad && t.left.n == 0 && gaps <= 1048576;
}

/* ---- §2: Linux fs-verity with SHA-256, blocks of 4096, no salt ---- */

struct verity {
    uint8_t hash[10][128][32]; /* of each level what is not under a full block yet */
    size_t n[10];
    bool any[10];
};

static void verity_add(struct verity *t, size_t level, const uint8_t h[32]) {
    uint8_t up[32];
    memcpy(t->hash[level][t->n[level]++], h, 32);
    t->any[level] = true;
    if (t->n[level] < 128) return;
    block_hash(up, t->hash[level][0], BLOCK);
    t->n[level] = 0;
    verity_add(t, level + 1, up); /* MAX_OBJECT has 2^38 blocks: six levels */
}

static void verity_digest(struct verity *t, uint64_t size, uint8_t out[32]) {
    uint8_t d[256] = {1, 1, 12}, up[32]; /* struct fsverity_descriptor: version, SHA-256, 2^12 */
    for (size_t k = 0; k < 9; k++) {
        bool root = t->n[k] == 1 && !t->any[k + 1];
        if (root) memcpy(d + 16, t->hash[k][0], 32);
        if (root || t->n[k] == 0) continue;
        block_hash(up, t->hash[k][0], t->n[k] * 32);
        verity_add(t, k + 1, up);
    }
    put_le64(d + 8, size);
    DIGEST(out, {d, sizeof d});
}

/* ---- the stream ---- */

struct stream {
    struct run *r;
    struct item *item;
    struct manifest m;
    uint64_t at, gap, gap_end; /* of the stream; where it was unreadable next, 0 when nowhere */
    bool broken;               /* something is missing or wrong */
    crypto_hash_sha256_state linear;
    struct verity verity;
    struct tree salted;
    uint8_t salts[64];
};

static void fault(struct stream *s, enum verdict v, uint64_t from, uint64_t to, const char *why) {
    if (v > s->item->verdict) s->item->verdict = v;
    s->broken = true;
    if (to > 0) find(s->r, CONTENT, v, s->item->entry, "bytes %llu to %llu: %s", (unsigned long long)from, (unsigned long long)to - 1, why);
    else find(s->r, CONTENT, v, s->item->entry, "its item: %s", why);
}

static void gap_go(struct stream *s) {
    uint64_t length = 0;
    s->gap_end = gap_next(&s->m.gaps, &s->gap, &length) ? s->gap + length : 0;
}

/* A block, or the shorter last one, goes into the three hashes (§2); what was unreadable stands as zeros (§1). */
static void block_add(struct stream *s, const uint8_t *p, size_t n, const uint8_t h[32]) {
    static const uint8_t zeros[64], nonce[8];
    uint64_t i = s->salted.n, next = s->at + n;
    uint8_t leaf[32];
    for (; s->gap_end != 0 && s->gap < next; gap_go(s)) {
        uint64_t from = s->gap > s->at ? s->gap : s->at, end = s->gap_end < next ? s->gap_end : next;
        if (from < end && !all_zero(p + (from - s->at), (size_t)(end - from)))
            fault(s, ALTERED, from, end, "what the manifest calls unreadable is not zeros");
        if (s->gap_end > next) break;
    }
    if (i % 4 == 0) /* four salts are one block of the key stream */
        crypto_stream_chacha20_xor_ic(s->salts, zeros, 64, nonce, i / 4, s->m.key);
    DIGEST(leaf, {zeros, 1}, {s->salts + 16 * (i % 4), 16}, {h, 32});
    tree_add(&s->salted, leaf);
    verity_add(&s->verity, 0, h);
    crypto_hash_sha256_update(&s->linear, p, n);
    s->at = next;
}

static void run_add(struct stream *s, uint8_t byte, uint64_t length) { /* §3 */
    uint8_t block[BLOCK], h[32];
    memset(block, byte, BLOCK);
    block_hash(h, block, BLOCK);
    for (uint64_t done = 0; done < length; done += BLOCK) block_add(s, block, BLOCK, h);
    s->r->counts[N_bytes_constant] += length;
}

static void bytes_add(struct stream *s, const uint8_t *p, size_t n, uint8_t (*blocks)[32]) {
    for (size_t at = 0; at < n; at += BLOCK) block_add(s, p + at, n - at < BLOCK ? n - at : BLOCK, blocks[at / BLOCK]);
    s->r->counts[N_bytes_read] += n;
}

static void chunk_add(struct stream *s, const uint8_t id[32], uint64_t length) {
    struct slice c = {NULL, 0};
    uint8_t h[32], blocks[MAX_CHUNK / BLOCK][32];
    enum verdict v = packs_fetch(s->r, CHUNKS, id, &c);
    s->r->counts[N_chunks]++;
    if (v == GOOD && (c.n != length || length > MAX_CHUNK)) v = ALTERED;
    if (v == GOOD) chunk_id(h, c.p, c.n, blocks);
    if (v == GOOD && same(h, id, 32)) {
        bytes_add(s, c.p, c.n, blocks);
        return;
    }
    fault(s, v == MISSING ? v : ALTERED, s->at, s->at + length, v == MISSING ? "in no pack" : "no sound copy is in the packs");
    s->at += length;
}

/* ---- §5 ---- */

static bool entry_sound(const struct stream *s, const uint8_t *e, uint64_t level, uint64_t end) {
    uint64_t length = le64(e + 4);
    if (length == 0 || length > end - s->at || e[2] != 0 || e[3] != 0) return false;
    if (length % BLOCK != 0 && (s->at + length != s->m.size || e[0] == 2)) return false;
    return e[0] == 2 ? level == 0 && all_zero(e + 12, 32) : e[0] == (level == 0 ? 1 : 3) && e[1] == 0;
}

/* A node and what is below it, up to `end`. The level falls with each step, so this is at most eight deep; each
 * entry has its length, so there are no more steps than blocks. */
static void node_walk(struct stream *s, const uint8_t id[32], uint64_t level, uint64_t end) {
    struct slice node = {NULL, 0};
    uint8_t sum[32], copy[16 + 1024 * 44];
    enum verdict v = packs_fetch(s->r, NODES, id, &node);
    DIGEST(sum, node);
    bool sound = v == GOOD && same(sum, id, 32) && node.n >= 16 && node.n <= sizeof copy;
    if (sound) memcpy(copy, node.p, node.n); /* what packs_fetch gives does not last */
    sound = sound && memcmp(copy, "EXHNODE\1", 8) == 0 && copy[8] == level && all_zero(copy + 9, 3) &&
            node.n == 16 + (uint64_t)le32(copy + 12) * 44;
    for (size_t at = 16; sound && at < node.n; at += 44) {
        const uint8_t *e = copy + at;
        if (!entry_sound(s, e, level, end)) sound = false;
        else if (e[0] == 1) chunk_add(s, e + 12, le64(e + 4));
        else if (e[0] == 2) run_add(s, e[1], le64(e + 4));
        else node_walk(s, e + 12, level - 1, s->at + le64(e + 4));
    }
    if (sound && s->at == end) return;
    fault(s, v == MISSING ? MISSING : ALTERED, s->at, end, v == MISSING ? "a node of the layout is in no pack" : "a node of the layout is not sound");
    s->at = end;
}

/* package.md: the same bytes as a file. */
static void file_walk(struct stream *s, const char *path) {
    struct buf *b = &s->r->raw;
    uint8_t id[32], blocks[MAX_CHUNK / BLOCK][32];
    enum got got;
    while ((got = file_get(s->r, path, s->at, MAX_CHUNK, false, b)) == GOT && b->n > 0 && b->n <= s->m.size - s->at) {
        chunk_id(id, b->p, b->n, blocks);
        bytes_add(s, b->p, b->n, blocks);
    }
    if (got != GOT || b->n > 0 || s->at != s->m.size)
        fault(s, got == NOT_THERE ? MISSING : ALTERED, s->at, 0, "the file is missing, cannot be read, or has another size");
}

/* ---- §7 ---- */

static void compare(struct stream *s, const uint8_t *a, const uint8_t *b, const char *why) {
    if (!same(a, b, 32)) fault(s, ALTERED, 0, 0, why);
}

static void stream_check(struct stream *s, const char *path) {
    uint8_t linear[32], verity[32], root[32];
    struct item *i = s->item;
    crypto_hash_sha256_init(&s->linear);
    gap_go(s);
    if (path != NULL) file_walk(s, path);
    else node_walk(s, s->m.layout, s->m.level, s->m.size);
    if (!s->broken) {
        crypto_hash_sha256_final(&s->linear, linear);
        verity_digest(&s->verity, s->m.size, verity);
        tree_root(&s->salted, root);
        compare(s, linear, s->m.sha256, "the SHA-256 of the bytes is not that of the manifest");
        compare(s, verity, s->m.fsverity, "the fs-verity digest is not that of the manifest");
        compare(s, root, s->m.root, "the salted root is not that of the manifest");
    }
    s->r->counts[N_bytes_unreadable_at_collection] += i->unreadable;
    if (i->says && i->size != s->m.size) fault(s, ALTERED, 0, 0, "the body of the entry says another size");
    if (i->says) compare(s, i->sha256, s->m.sha256, "the body of the entry says another SHA-256");
    if (i->says) compare(s, i->fsverity, s->m.fsverity, "the body of the entry says another fs-verity digest");
    memcpy(i->sha256, s->m.sha256, 32);
    memcpy(i->fsverity, s->m.fsverity, 32);
    i->size = s->m.size;
}

void item_check(struct run *r, struct item *item, const struct slice *manifest, const char *path) {
    struct stream s;
    struct slice text = manifest == NULL ? (struct slice){NULL, 0} : *manifest;
    uint8_t sum[32];
    memset(&s, 0, sizeof s);
    s.r = r;
    s.item = item;
    enum verdict v = manifest != NULL ? GOOD : packs_fetch(r, MANIFEST, item->object, &text);
    struct buf copy = {NULL, 0}; /* what packs_fetch gives does not last */
    buf_set(r, &copy, text.n);
    if (text.n > 0) memcpy(copy.p, text.p, text.n);
    text.p = copy.p;
    DIGEST(sum, text);
    if (v == MISSING) fault(&s, v, 0, 0, "the manifest is in no pack");
    else if (v != GOOD || !same(sum, item->object, 32) || !manifest_parse(text, &s.m, &item->unreadable))
        fault(&s, ALTERED, 0, 0, "the manifest has not its id, or is not as object.md says");
    else if (s.m.size > MAX_OBJECT) fault(&s, PARTLY, 0, 0, "the object is larger than this program reads");
    else stream_check(&s, path);
    free(copy.p);
}
