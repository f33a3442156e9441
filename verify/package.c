/* SPDX-License-Identifier: Apache-2.0 */
/* package.md: an opened package: a BagIt bag, what exhibit/package says is in it, and an excerpt of the sender's
 * ledger (ledger.md §7.1), in which the provenance of an item may be an excerpt of another. */
#include "verify.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT ((size_t)64 << 20) /* ledger.md §7.1; every other text of a package too */

struct line { struct slice path; uint8_t hash[32]; };
struct list { struct buf text; struct line *lines; size_t n; }; /* ascending by path */
struct thing { uint8_t id[16], object[32]; bool physical, begun; struct slice path; };
struct package {
    struct buf text;
    uint8_t id[16], officer[16], handover[16];
    bool has_handover;
    struct list payload, tags, verity;
    struct thing *things;
    size_t n;
};

static void wrong(struct run *r, enum verdict v, const char *path, const char *why) {
    find(r, CONTENT, v, NOWHERE, "%s: %s", path, why);
}
static void text_get(struct run *r, const char *path, struct buf *ret) {
    enum got got = file_get(r, path, 0, MAX_TEXT, true, ret);
    if (got != GOT) stop(r, 4, "%s is %s", path, got == NOT_THERE ? "missing" : "no file, too large, or cannot be read");
}

/* ---- the bag: RFC 8493 ---- */

/* Letters, digits, `.`, `-`, `_`; no part of it begins with a dot (package.md §2). */
static bool path_sound(struct slice s) {
    bool begins = true;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i], low = c | 0x20;
        if (begins && (c == '.' || c == '/')) return false;
        if (!(low >= 'a' && low <= 'z') && !(c >= '-' && c <= '9') && c != '_') return false;
        begins = c == '/';
    }
    return s.n > 0 && s.n < 256 && !begins;
}
static const char *path_text(struct slice s, char out[256]) {
    snprintf(out, 256, "%.*s", (int)s.n, (const char *)s.p);
    return out;
}

static int by_path(const void *a, const void *b) {
    struct slice x = ((const struct line *)a)->path, y = ((const struct line *)b)->path;
    int c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return c != 0 ? c : (x.n > y.n) - (x.n < y.n);
}
static const struct line *line_find(const struct list *l, struct slice path) {
    struct line key = {path, {0}};
    return l->n == 0 ? NULL : bsearch(&key, l->lines, l->n, sizeof key, by_path);
}

/* Lines `before HASH between PATH`. */
static void list_get(struct run *r, struct list *l, const char *name, const char *before, const char *between, bool data) {
    size_t a = strlen(before), b = strlen(between);
    text_get(r, name, &l->text);
    struct text t = {{l->text.p, l->text.n}, false};
    while (t.left.n > 0) {
        struct slice s = text_line(&t);
        l->lines = room(r, l->lines, l->n, sizeof *l->lines, MAX_MANY, "files");
        struct line *k = &l->lines[l->n++];
        bool good = s.n > a + 64 + b && memcmp(s.p, before, a) == 0 && get_hex((struct slice){s.p + a, 64}, k->hash, 32) &&
                    memcmp(s.p + a + 64, between, b) == 0;
        k->path = good ? (struct slice){s.p + a + 64 + b, s.n - a - 64 - b} : (struct slice){NULL, 0};
        if (!path_sound(k->path) || (k->path.n > 5 && memcmp(k->path.p, "data/", 5) == 0) != data)
            stop(r, 4, "%s: a line is not as it must be", name);
    }
    if (l->n > 0) qsort(l->lines, l->n, sizeof *l->lines, by_path);
    for (size_t i = 1; i < l->n; i++)
        if (by_path(&l->lines[i - 1], &l->lines[i]) == 0) wrong(r, ALTERED, name, "a file stands in it twice");
}

/* A link or a special file is no directory, and never read as a file. */
static void there(struct run *r, const char *name, const char *dir) {
    char path[256];
    int n = snprintf(path, sizeof path, "%s%s%s", dir, dir[0] == '\0' ? "" : "/", name);
    struct slice s = {(const uint8_t *)path, strlen(path)};
    bool listed = line_find(&r->package->payload, s) != NULL || line_find(&r->package->tags, s) != NULL;
    if (n >= 0 && n < (int)sizeof path && (listed || equal(s, "tagmanifest-sha256.txt") || dir_each(r, path, there))) return;
    find(r, CONTENT, ALTERED, NOWHERE, "there is something that no manifest lists");
}

static void tags_check(struct run *r, struct package *p) {
    static const char *const names[] = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "exhibit/package", "exhibit/excerpt",
                                        "fsverity-sha256.txt", "officer.pub", "allowed_signers", "case.jsonld", "README.txt"};
    static const char bagit[] = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
    char path[256];
    uint8_t sum[32];
    size_t known = sizeof names / sizeof *names;
    for (size_t i = 0; i < known; i++)
        if (line_find(&p->tags, (struct slice){(const uint8_t *)names[i], strlen(names[i])}) == NULL)
            wrong(r, MISSING, names[i], "it is not in tagmanifest-sha256.txt");
    for (size_t i = 0; i < p->tags.n; i++) {
        struct slice s = p->tags.lines[i].path;
        known += s.n == 80 && memcmp(s.p, "exhibit/objects/", 16) == 0;
        enum got got = file_get(r, path_text(s, path), 0, MAX_TEXT, true, &r->raw);
        if (got == GOT) DIGEST(sum, {r->raw.p, r->raw.n});
        if (got != GOT) wrong(r, got == NOT_THERE ? MISSING : ALTERED, path, "it is missing, or no file");
        else if (!same(sum, p->tags.lines[i].hash, 32)) wrong(r, ALTERED, path, "it has not the hash of tagmanifest-sha256.txt");
        if (got == GOT && equal(s, "bagit.txt") && !equal((struct slice){r->raw.p, r->raw.n}, bagit))
            wrong(r, ALTERED, path, "it is no bag that this program knows");
    }
    if (known != p->tags.n) wrong(r, ALTERED, "tagmanifest-sha256.txt", "it lists other files than a package has");
    if (!dir_each(r, "", there)) wrong(r, MISSING, ".", "it cannot be listed");
}

/* ---- §2: exhibit/package ---- */

static void thing_parse(struct run *r, struct package *p, struct text *t) {
    struct slice w[5], v;
    struct text ahead = *t;
    p->things = room(r, p->things, p->n, sizeof *p->things, 65536, "items");
    struct thing *k = memset(&p->things[p->n++], 0, sizeof *k);
    v = text_value(&ahead, "item");
    k->physical = v.n == 41;
    text_words(t, "item", w, k->physical ? 2 : 5);
    if (t->bad || !get_hex(w[0], k->id, 16)) t->bad = true;
    else if (k->physical) t->bad = !equal(w[1], "physical") || (p->n > 1 && k[-1].physical && memcmp(k[-1].id, k->id, 16) >= 0);
    else {
        struct line a = {p->n > 1 ? k[-1].path : w[4], {0}}, b = {w[4], {0}};
        k->path = w[4];
        t->bad = !equal(w[1], "object") || !get_hex(w[2], k->object, 32) || !equal(w[3], "path") || !path_sound(w[4]) ||
                 (p->n > 1 && (k[-1].physical || by_path(&a, &b) >= 0));
    }
}

static void package_parse(struct run *r, struct package *p) {
    text_get(r, "exhibit/package", &p->text);
    struct text t = {{p->text.p, p->text.n}, false};
    int64_t created;
    uint8_t hex[16];
    t.bad = !equal(text_line(&t), "exhibit-package/v1");
    text_hex(&t, "id", p->id, 16);
    text_time(&t, "created", &created);
    struct slice log = text_value(&t, "log");
    text_base64(&t, "key", r->key, 32);
    text_hex(&t, "officer", p->officer, 16);
    if ((p->has_handover = text_next(&t, "handover"))) text_hex(&t, "handover", p->handover, 16);
    while (!t.bad && t.left.n > 0) thing_parse(r, p, &t);
    if (t.bad || p->n == 0 || log.n != 46 || memcmp(log.p, "exhibit-vault/", 14) != 0 ||
        !get_hex((struct slice){log.p + 14, 32}, hex, 16))
        stop(r, 4, "exhibit/package is not as package.md §2 says");
    memcpy(r->origin, log.p, log.n);
}

/* ---- ledger.md §7.1 ---- */

/* RFC 9162 §2.1.3.2: does the line lead from the leaf to the root? */
static bool proved(struct slice line, uint64_t index, const struct head *head, const uint8_t leaf[32]) {
    uint64_t fn = index, sn = head->size - 1;
    uint8_t hash[32], p[32];
    if (index >= head->size || line.n < 5 || memcmp(line.p, "proof", 5) != 0 || (line.n - 5) % 45 != 0) return false;
    memcpy(hash, leaf, 32);
    for (size_t at = 5; at < line.n; at += 45, fn >>= 1, sn >>= 1) {
        if (sn == 0 || line.p[at] != ' ' || !get_base64((struct slice){line.p + at + 1, 44}, p, 32)) return false;
        if (!(fn & 1) && fn != sn) {
            node_hash(hash, hash, p);
            continue;
        }
        node_hash(hash, p, hash);
        for (; !(fn & 1) && fn != 0; fn >>= 1) sn >>= 1;
    }
    return sn == 0 && same(hash, head->root, 32);
}

static void excerpt_body(struct run *r, const struct entry *e, struct slice body) {
    struct buf b = {NULL, 0};
    if (equal(body, "none")) {
        if (e->n_sections > 0) find(r, HISTORY, NOTE, AT(e->index), "the body is withheld");
        return;
    }
    buf_set(r, &b, body.n / 4 * 3);
    size_t n = base64_decode(body, b.p, b.n);
    body_read(r, e, (struct slice){b.p, n}, n == 0 || n > MAX_BODY ? "it is no base64, or too large" : NULL);
    free(b.p);
}

static bool excerpt_entry(struct run *r, struct history *h, const struct head *head, struct text *t, uint64_t *least) {
    static const uint8_t zero[1];
    uint8_t leaf[32], bytes[65535];
    uint64_t index = 0;
    struct slice w[2];
    struct entry e;
    text_words(t, "entry", w, 2);
    struct slice proof = text_line(t), body = text_value(t, "body");
    size_t n = t->bad ? 0 : base64_decode(w[1], bytes, sizeof bytes);
    if (n == 0 || !get_number(w[0], &index) || index < *least) return false;
    struct slice text = {bytes, n};
    DIGEST(leaf, {zero, 1}, text);
    bool in_tree = proved(proof, index, head, leaf);
    if (!in_tree) find(r, HISTORY, ALTERED, AT(index), "the entry is not proved to be in the ledger");
    if (!entry_parse(r, text, &e) || e.index != index) {
        find(r, HISTORY, ALTERED, AT(index), "the entry is not as ledger.md §3 says, or not the one of this place");
        h->n_unknown++;
    } else if (history_entry(r, h, &e, in_tree)) excerpt_body(r, &e, body);
    r->counts[N_entries]++;
    *least = index + 1;
    return true;
}

/* Under r->origin and r->key, which the excerpt must name. */
static void excerpt_check(struct run *r, struct history *h, struct slice text) {
    struct text t = {text, false}, end;
    struct head head;
    uint8_t key[32];
    uint64_t least = 0, n = 0;
    bool good = equal(text_line(&t), "exhibit-excerpt/v1") && equal(text_value(&t, "log"), r->origin);
    text_base64(&t, "key", key, 32);
    for (end = t; !end.bad && !equal(text_line(&end), "checkpoint");) {}
    if (!good || end.bad || !same(key, r->key, 32) || !head_parse(r, end.left, &head) || text.n > MAX_TEXT) {
        find(r, HISTORY, ALTERED, NOWHERE, "the excerpt is not as ledger.md §7.1 says, or of another ledger: no entry was checked");
        return;
    }
    if (!head.is_signed) find(r, SIGNERS, BAD_SIGNATURE, NOWHERE, "the checkpoint is not signed by the vault key");
    r->counts[head.is_signed ? N_signatures_good : N_signatures_bad]++;
    r->counts[N_cosigners] += head.others;
    while (good && text_next(&t, "entry")) good = ++n <= 65536 && excerpt_entry(r, h, &head, &t, &least);
    if (good && text_next(&t, "since")) {
        text_line(&t);
        find(r, HISTORY, PARTLY, NOWHERE, "the excerpt has a proof of consistency, which was not checked");
    }
    if (!good || n == 0 || !equal(text_line(&t), "checkpoint"))
        find(r, HISTORY, ALTERED, NOWHERE, "a line of the excerpt is not as ledger.md §7.1 says: nothing behind it was checked");
    history_end(r, h);
}

/* Where an item that came in a package was before: an excerpt of that vault's ledger, in the body of `import.item`. */
void provenance_check(struct run *r, const struct entry *e, struct slice text) {
    struct run outer = *r;
    struct text t = {text, false};
    struct history *h;
    char vkey[160];
    text_line(&t);
    struct slice log = text_value(&t, "log");
    text_base64(&t, "key", r->key, 32);
    if (!event_is(e, "import.item") || t.bad || log.n >= sizeof r->origin || r->nested == 8) {
        memcpy(r->key, outer.key, 32);
        find(r, HISTORY, PARTLY, AT(e->index), "its provenance is not as it must be, or more than 8 deep");
        return;
    }
    memcpy(r->origin, log.p, log.n);
    r->origin[log.n] = '\0';
    vkey_print(vkey, r->origin, r->key);
    r->nested++;
    r->excerpt = true;
    r->items = NULL;
    r->n_items = 0;
    find(r, SIGNERS, NOTE, NOWHERE, "whose key this is was not checked; it stands in the excerpt itself: %s", vkey);
    excerpt_check(r, h = history_new(r), text);
    const struct item *i = item_find(r, e->item);
    if (i == NULL || i->physical == e->has_object || !same(i->object, e->object, 32))
        find(r, HISTORY, ALTERED, NOWHERE, "it does not begin the item that it came with");
    history_free(h);
    free(r->items);
    memcpy(r->origin, outer.origin, sizeof r->origin);
    memcpy(r->key, outer.key, 32);
    memcpy(r->counts, outer.counts, sizeof r->counts); /* they are about one ledger */
    r->nested = outer.nested;
    r->excerpt = outer.excerpt;
    r->items = outer.items;
    r->n_items = outer.n_items;
}

/* ---- §4 ---- */

static void thing_check(struct run *r, struct package *p, struct item *i, const struct thing *t) {
    char path[256], object[96] = "exhibit/objects/";
    const struct line *sum = line_find(&p->payload, t->path), *verity = line_find(&p->verity, t->path);
    put_hex(object + 16, t->object, 32);
    text_get(r, object, &r->raw);
    struct buf manifest = r->raw;
    r->raw = (struct buf){NULL, 0};
    item_check(r, i, &(struct slice){manifest.p, manifest.n}, path_text(t->path, path));
    free(manifest.p);
    if (sum == NULL || verity == NULL || (i->verdict == GOOD && (!same(sum->hash, i->sha256, 32) || !same(verity->hash, i->fsverity, 32))))
        wrong(r, i->verdict = ALTERED, path, "manifest-sha256.txt or fsverity-sha256.txt has not its hash");
}

static void things_check(struct run *r, struct package *p) {
    size_t files = 0, k;
    for (size_t i = 0; i < r->n_items; i++) {
        struct item *it = &r->items[i];
        for (k = 0; k < p->n && !same(p->things[k].id, it->id, 16); k++) {}
        it->verdict = ALTERED;
        if (k == p->n) find(r, CONTENT, ALTERED, AT(it->entry), "it begins an item that exhibit/package does not name");
        else if (it->physical != p->things[k].physical || !same(it->object, p->things[k].object, 32))
            find(r, CONTENT, ALTERED, AT(it->entry), "exhibit/package names another object of its item");
        else {
            it->verdict = GOOD;
            p->things[k].begun = true;
            if (!it->physical) thing_check(r, p, it, &p->things[k]);
        }
        r->counts[N_items_good] += it->verdict == GOOD && !it->physical;
    }
    r->counts[N_items] = r->n_items;
    for (k = 0; k < p->n; k++) {
        files += !p->things[k].physical;
        if (!p->things[k].begun)
            find(r, CONTENT, ALTERED, (struct where){NONE, p->things[k].id, NULL, NONE, NONE}, "no entry of the excerpt began this item with this object");
    }
    if (files != p->payload.n || files != p->verity.n) wrong(r, ALTERED, "exhibit/package", "it does not name exactly the payload");
}

static void offers_check(struct run *r, const struct history *h, const struct package *p) {
    const struct officer *o = officer_find(h, p->officer);
    if (!in_office(o)) find(r, SIGNERS, BAD_SIGNATURE, NOWHERE, "the officer who made the package is nobody in office");
    for (size_t k = 0; p->has_handover && k < p->n; k++) {
        bool found = false;
        for (size_t i = 0; i < h->n_offers; i++)
            found = found || (h->offers[i].open && h->offers[i].taker == OUTSIDE && same(h->offers[i].id, p->handover, 16) &&
                              same(h->offers[i].item, p->things[k].id, 16));
        if (!found) find(r, HISTORY, ALTERED, NOWHERE, "an item is not in the open offer that the package carries");
    }
}

void package_check(struct run *r) {
    struct package p;
    struct buf excerpt = {NULL, 0};
    uint8_t given[32];
    struct history *h = history_new(r);
    r->package = memset(&p, 0, sizeof p);
    r->excerpt = true;
    package_parse(r, &p);
    if (r->key_given == NULL) find(r, SIGNERS, PARTLY, NOWHERE, "the vault key comes from the package itself: nobody gave it (--key)");
    else if (!vkey_parse((struct slice){(const uint8_t *)r->key_given, strlen(r->key_given)}, r->origin, given) || !same(given, r->key, 32))
        find(r, SIGNERS, BAD_SIGNATURE, NOWHERE, "what --key gives is not the key of the vault that it comes from");
    list_get(r, &p.payload, "manifest-sha256.txt", "", "  ", true);
    list_get(r, &p.tags, "tagmanifest-sha256.txt", "", "  ", false);
    list_get(r, &p.verity, "fsverity-sha256.txt", "sha256:", " ", true);
    tags_check(r, &p);
    text_get(r, "exhibit/excerpt", &excerpt);
    excerpt_check(r, h, (struct slice){excerpt.p, excerpt.n});
    things_check(r, &p);
    offers_check(r, h, &p);
    history_free(h);
    free(excerpt.p);
    free(p.text.p);
    free(p.things);
    struct list *lists[] = {&p.payload, &p.tags, &p.verity};
    for (int i = 0; i < 3; i++) free(lists[i]->text.p), free(lists[i]->lines);
}
