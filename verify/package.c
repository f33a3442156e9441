/* SPDX-License-Identifier: Apache-2.0 */
/* package.md: an opened package: a BagIt bag, what exhibit/package says is in it, and an excerpt of the sender's
 * ledger (ledger.md §7.1), in which the provenance of an item may be an excerpt of another. */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT ((size_t)64 << 20) /* ledger.md §7.1; every other text of a package too */

struct line { struct slice path; uint8_t hash[32]; };
struct thing { uint8_t id[16], object[32]; bool physical; struct slice path; const struct item *begun; };
struct image { struct slice path; uint8_t item[16]; }; /* a file of it */
struct package {
    struct buf payload, tags, text; /* manifest-sha256.txt, tagmanifest-sha256.txt, exhibit/package */
    struct line *lines;             /* of both manifests, ascending by path */
    struct thing *things;
    struct image *images; /* ascending by path */
    size_t n_lines, n, n_images;
    uint8_t officer[16], handover[16];
    bool has_handover;
};

static void wrong(struct run *r, enum verdict v, const char *path, const char *why) {
    find(r, CONTENT, v, NONE, "%s: %s", path, why);
}
static struct slice text_get(struct run *r, const char *path, struct buf *ret) {
    enum got got = file_get(r, path, 0, MAX_TEXT, true, ret);
    if (got != GOT) stop(r, 4, "%s is %s", path, got == NOT_THERE ? "missing" : "no file, too large, or cannot be read");
    return (struct slice){ret->p, ret->n};
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
static bool is_payload(struct slice path) { return path.n > 5 && memcmp(path.p, "data/", 5) == 0; }

static int by_path(const void *a, const void *b) {
    return order(((const struct line *)a)->path, ((const struct line *)b)->path);
}
static const struct line *line_find(const struct package *p, const char *path) {
    struct line key = {slice_of(path), {0}};
    return p->n_lines == 0 ? NULL : bsearch(&key, p->lines, p->n_lines, sizeof key, by_path);
}

static void manifest_get(struct run *r, struct package *p, const char *name, struct buf *ret) {
    struct text t = {text_get(r, name, ret), false};
    while (t.left.n > 0) {
        struct slice s = text_line(&t);
        struct line k = {{s.p + 66, s.n - 66}, {0}};
        if (s.n < 67 || !get_hex((struct slice){s.p, 64}, k.hash, 32) || memcmp(s.p + 64, "  ", 2) != 0 ||
            !path_sound(k.path) || is_payload(k.path) != (ret == &p->payload))
            stop(r, 4, "%s: a line is not as it must be", name);
        p->lines = room(r, p->lines, p->n_lines, sizeof k, MAX_MANY, "files");
        p->lines[p->n_lines++] = k;
    }
}

static void bag_check(struct run *r, struct package *p) {
    static const char *const names[] = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "exhibit/package", "exhibit/excerpt",
                                        "fsverity-sha256.txt", "officer.pub", "allowed_signers", "case.jsonld", "README.txt"};
    char path[256];
    uint8_t sum[32];
    manifest_get(r, p, "manifest-sha256.txt", &p->payload);
    manifest_get(r, p, "tagmanifest-sha256.txt", &p->tags);
    if (p->n_lines > 0) qsort(p->lines, p->n_lines, sizeof *p->lines, by_path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (line_find(p, names[i]) == NULL) wrong(r, MISSING, names[i], "it is not in tagmanifest-sha256.txt");
    for (size_t i = 0; i < p->n_lines; i++) {
        const struct line *k = &p->lines[i];
        path_text(k->path, path);
        if (i > 0 && by_path(k - 1, k) == 0) wrong(r, ALTERED, path, "it stands in a manifest twice");
        if (is_payload(k->path)) continue; /* read with its item */
        struct slice s = text_get(r, path, &r->raw);
        DIGEST(sum, s);
        if (!same(sum, k->hash, 32)) wrong(r, ALTERED, path, "it has not the hash of tagmanifest-sha256.txt");
    }
    walk(r);
    for (size_t i = 0; i < r->n_files; i++)
        if (line_find(p, r->files[i]) == NULL && strcmp(r->files[i], "tagmanifest-sha256.txt") != 0)
            wrong(r, ALTERED, r->files[i], "no manifest lists it");
    if (!equal(text_get(r, "bagit.txt", &r->raw), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"))
        wrong(r, ALTERED, "bagit.txt", "it is no bag that this program knows");
}

/* ---- §2: exhibit/package ---- */

/* item ID object OBJECT path PATH, ascending by PATH; then item ID physical, ascending by ID. */
static void thing_parse(struct run *r, struct package *p, struct text *t) {
    struct slice w[5], v = text_value(t, "item");
    p->things = room(r, p->things, p->n, sizeof *p->things, 65536, "items");
    struct thing *k = memset(&p->things[p->n++], 0, sizeof *k), *before = p->n > 1 ? k - 1 : NULL;
    k->physical = v.n == 41;
    bool good = split(v, w, k->physical ? 2 : 5) && get_hex(w[0], k->id, 16);
    if (good && k->physical) {
        t->bad = !equal(w[1], "physical") || (before != NULL && before->physical && memcmp(before->id, k->id, 16) >= 0);
        return;
    }
    k->path = w[4];
    t->bad = !good || !equal(w[1], "object") || !get_hex(w[2], k->object, 32) || !equal(w[3], "path") || !path_sound(k->path) ||
             (before != NULL && (before->physical || order(before->path, k->path) >= 0));
}

/* image ID path PATH, ascending by PATH; the item has bytes. */
static void image_parse(struct run *r, struct package *p, struct text *t) {
    struct slice w[3], v = text_value(t, "image");
    size_t i = 0;
    p->images = room(r, p->images, p->n_images, sizeof *p->images, 65536, "files of images");
    struct image *k = memset(&p->images[p->n_images++], 0, sizeof *k);
    t->bad = !split(v, w, 3) || !get_hex(w[0], k->item, 16) || !equal(w[1], "path") || !path_sound(w[2]) || !is_payload(w[2]) ||
             (p->n_images > 1 && order(k[-1].path, w[2]) >= 0);
    k->path = w[2];
    while (i < p->n && (p->things[i].physical || !same(p->things[i].id, k->item, 16))) i++;
    t->bad = t->bad || i == p->n;
}

static void package_parse(struct run *r, struct package *p) {
    struct text t = {text_get(r, "exhibit/package", &p->text), false};
    int64_t created;
    uint8_t id[16];
    t.bad = !equal(text_line(&t), "exhibit-package/v1");
    text_hex(&t, "id", id, 16);
    text_time(&t, "created", &created);
    struct slice log = text_value(&t, "log");
    text_base64(&t, "key", r->key, 32);
    text_hex(&t, "officer", p->officer, 16);
    if ((p->has_handover = text_next(&t, "handover"))) text_hex(&t, "handover", p->handover, 16);
    while (!t.bad && t.left.n > 0) {
        if (text_next(&t, "image")) image_parse(r, p, &t);
        else if (p->n_images == 0) thing_parse(r, p, &t);
        else t.bad = true;
    }
    if (t.bad || p->n == 0 || log.n != 46 || memcmp(log.p, "exhibit-vault/", 14) != 0 ||
        !get_hex((struct slice){log.p + 14, 32}, id, 16))
        stop(r, 4, "exhibit/package is not as package.md says");
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
        bool left = !(fn & 1) && fn != sn;
        node_hash(hash, left ? hash : p, left ? p : hash);
        for (; !left && !(fn & 1) && fn != 0; fn >>= 1) sn >>= 1;
    }
    return sn == 0 && same(hash, head->root, 32);
}

static bool excerpt_entry(struct run *r, struct history *h, const struct head *head, struct text *t, uint64_t *least) {
    uint8_t leaf[32], bytes[65535];
    uint64_t index = 0;
    struct slice w[2];
    struct buf b = {NULL, 0};
    struct entry e;
    text_words(t, "entry", w, 2);
    struct slice proof = text_line(t), body = text_value(t, "body");
    struct slice text = {bytes, t->bad ? 0 : base64_decode(w[1], bytes, sizeof bytes)};
    if (text.n == 0 || !get_number(w[0], &index) || index < *least) return false;
    *least = index + 1;
    r->counts[N_entries]++;
    DIGEST(leaf, {(const uint8_t *)"", 1}, text);
    if (!proved(proof, index, head, leaf)) find(r, HISTORY, ALTERED, index, "the entry is not proved to be in the ledger");
    bool known = history_entry(r, h, text, index, &e);
    if (known && !equal(body, "none")) {
        buf_set(r, &b, body.n / 4 * 3);
        size_t n = base64_decode(body, b.p, b.n);
        body_read(r, &e, (struct slice){b.p, n}, n == 0 || n > MAX_BODY ? "it is no base64, or too large" : NULL);
        free(b.p);
    } else if (known) r->counts[N_withheld] += e.n_sections;
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
        find(r, HISTORY, ALTERED, NONE, "the excerpt is not as ledger.md says, or of another ledger: no entry was checked");
        return;
    }
    head_told(r, &head);
    while (good && text_next(&t, "entry")) good = ++n <= 65536 && excerpt_entry(r, h, &head, &t, &least);
    if (good && text_next(&t, "since")) {
        text_line(&t);
        find(r, HISTORY, PARTLY, NONE, "the excerpt has a proof of consistency, which was not checked");
    }
    if (!good || n == 0 || !equal(text_line(&t), "checkpoint"))
        find(r, HISTORY, ALTERED, NONE, "a line of the excerpt is not as ledger.md says: nothing behind it was checked");
    history_end(r, h);
}

/* Where an item that came in a package was before: an excerpt of that vault's ledger, in the body of `import.item`. */
void provenance_check(struct run *r, const struct entry *e, struct slice text) {
    struct run in = *r;
    struct text t = {text, false};
    char vkey[160];
    text_line(&t);
    struct slice log = text_value(&t, "log");
    text_base64(&t, "key", in.key, 32);
    if (!event_is(e, "import.item") || t.bad || log.n >= sizeof in.origin || in.nested++ == 8) {
        find(r, HISTORY, PARTLY, e->index, "its provenance is not as it must be, or more than 8 deep");
        return;
    }
    memcpy(in.origin, log.p, log.n);
    in.origin[log.n] = '\0';
    in.excerpt = true;
    in.items = NULL;
    in.n_items = 0;
    vkey_print(vkey, in.origin, in.key);
    find(&in, SIGNERS, NOTE, NONE, "whose key this is was not checked; it stands in the excerpt itself: %s", vkey);
    struct history *h = history_new(&in);
    excerpt_check(&in, h, text);
    const struct item *i = item_find(&in, e->item);
    if (i == NULL || i->physical != !(e->has & OBJECT) || !same(i->object, e->object, 32))
        find(&in, HISTORY, ALTERED, NONE, "it does not begin the item that it came with");
    history_free(h);
    free(in.items);
    r->told = in.told;
}

/* ---- §4 ---- */

static void thing_check(struct run *r, const struct package *p, struct item *i, const struct thing *t) {
    char path[256], object[96] = "exhibit/objects/";
    struct buf manifest = {NULL, 0};
    sodium_bin2hex(object + 16, 65, t->object, 32);
    struct slice text = text_get(r, object, &manifest);
    const struct line *k = line_find(p, path_text(t->path, path));
    item_check(r, i, &text, path);
    free(manifest.p);
    if (k == NULL || line_find(p, object) == NULL || (i->verdict == GOOD && !same(k->hash, i->sha256, 32)))
        wrong(r, i->verdict = ALTERED, path, "manifest-sha256.txt has another hash, or a manifest does not list it or its object");
    if (i->gone) wrong(r, i->verdict = ALTERED, path, "an entry of the excerpt says that it was disposed of");
}

/* Each item that the excerpt begins is one of exhibit/package. */
static void things_check(struct run *r, struct package *p) {
    size_t k;
    for (size_t i = 0; i < r->n_items; i++) {
        struct item *it = &r->items[i];
        for (k = 0; k < p->n && !same(p->things[k].id, it->id, 16); k++) {}
        if (k == p->n || it->physical != p->things[k].physical || !same(it->object, p->things[k].object, 32)) {
            it->verdict = ALTERED;
            find(r, CONTENT, ALTERED, it->entry, "exhibit/package does not name its item, or names another object");
            continue;
        }
        p->things[k].begun = it;
        if (!it->physical) thing_check(r, p, it, &p->things[k]);
    }
}

/* Of images the hashes of manifest-sha256.txt, and no more. Returns their bytes. */
static uint64_t images_check(struct run *r, const struct package *p) {
    char path[256];
    uint8_t sum[32];
    uint64_t all = 0;
    for (size_t k = 0; k < p->n_images; k++) {
        const struct line *l = line_find(p, path_text(p->images[k].path, path));
        crypto_hash_sha256_state s;
        enum got got;
        uint64_t at = 0;
        crypto_hash_sha256_init(&s);
        while ((got = file_get(r, path, at, (size_t)1 << 20, false, &r->raw)) == GOT && r->raw.n > 0) {
            crypto_hash_sha256_update(&s, r->raw.p, r->raw.n);
            at += r->raw.n;
        }
        crypto_hash_sha256_final(&s, sum);
        all += at;
        if (got == NOT_THERE) wrong(r, MISSING, path, "the file of an image is missing");
        else if (got != GOT || l == NULL || !same(sum, l->hash, 32)) wrong(r, ALTERED, path, "it has not the hash of manifest-sha256.txt");
    }
    r->counts[N_bytes_read] += all;
    if (p->n_images > 0)
        find(r, CONTENT, PARTLY, NONE, "of images only the hashes of manifest-sha256.txt were compared (%zu files): not whether they hold the items' bytes",
             p->n_images);
    return all;
}

/* The other way round; and what is derived from the items: lists of them, and the sum of their bytes. */
static void lists_check(struct run *r, const struct package *p, const struct history *h) {
    char line[400], path[256], hex[65];
    uint64_t bytes = images_check(r, p);
    size_t files = p->n_images, listed = 0;
    struct text t = {text_get(r, "fsverity-sha256.txt", &r->raw), false};
    for (size_t k = 0; k < p->n; k++) {
        const struct thing *it = &p->things[k];
        if (it->begun == NULL) find(r, CONTENT, ALTERED, NONE, "no entry of the excerpt began item %zu of exhibit/package with this object", k + 1);
        if (p->has_handover && !offer_open(h, p->handover, it->id))
            find(r, HISTORY, ALTERED, NONE, "the excerpt has not the open offer of item %zu that the package carries", k + 1);
        if (it->physical || it->begun == NULL) continue;
        files++;
        bytes += it->begun->size;
        snprintf(line, sizeof line, "sha256:%s %s", sodium_bin2hex(hex, 65, it->begun->fsverity, 32), path_text(it->path, path));
        if (!equal(text_line(&t), line)) wrong(r, ALTERED, "fsverity-sha256.txt", "it does not say what the manifests say");
    }
    for (size_t i = 0; i < p->n_lines; i++) listed += is_payload(p->lines[i].path);
    if (files != listed) wrong(r, ALTERED, "exhibit/package", "it does not name exactly the payload");
    if (t.left.n > 0) wrong(r, ALTERED, "fsverity-sha256.txt", "it has more lines than there are items");
    t = (struct text){text_get(r, "bag-info.txt", &r->raw), false};
    snprintf(line, sizeof line, "Payload-Oxum: %llu.%zu", (unsigned long long)bytes, files);
    while (!t.bad && t.left.n > 0) {
        bool sum = text_next(&t, "Payload-Oxum:");
        struct slice l = t.left; /* BagIt lets the last line end without LF */
        if (memchr(l.p, '\n', l.n) != NULL) l = text_line(&t); else t.left.n = 0;
        if (sum && !equal(l, line)) wrong(r, ALTERED, "bag-info.txt", "Payload-Oxum does not fit the payload");
    }
}

static void officer_check(struct run *r, const struct history *h, const struct package *p) {
    const struct officer *o = officer_find(h, p->officer);
    uint8_t key[42], sum[32];
    struct text t = {text_get(r, "officer.pub", &r->raw), false};
    struct slice comment = text_line(&t), line = text_line(&t); /* minisign: Ed, key number, key */
    if (!in_office(o)) {
        find(r, SIGNERS, BAD_SIGNATURE, NONE, "the officer who made the package is nobody in office");
        return;
    }
    DIGEST(sum, {o->key, 32});
    if (t.left.n > 0 || comment.n < 18 || memcmp(comment.p, "untrusted comment:", 18) != 0 || !get_base64(line, key, 42) ||
        memcmp(key, "Ed", 2) != 0 || !same(key + 2, sum, 8) || !same(key + 10, o->key, 32))
        find(r, SIGNERS, BAD_SIGNATURE, NONE, "officer.pub is not the key of the officer in the excerpt");
}

void package_check(struct run *r) {
    struct package p;
    struct buf excerpt = {NULL, 0};
    struct history *h = history_new(r);
    r->package = memset(&p, 0, sizeof p);
    r->excerpt = true;
    package_parse(r, &p);
    if (r->key_given == NULL) find(r, SIGNERS, PARTLY, NONE, "the vault key comes from the package itself: nobody gave it (--key)");
    key_compare(r);
    find(r, SIGNERS, PARTLY, NONE, "the signatures over the encrypted file were not checked: without them nobody vouches for "
         "who made the package, when, with which hand-over, and for its texts");
    bag_check(r, &p);
    excerpt_check(r, h, text_get(r, "exhibit/excerpt", &excerpt));
    things_check(r, &p);
    lists_check(r, &p, h);
    officer_check(r, h, &p);
    history_free(h);
    free(excerpt.p);
    free(p.payload.p);
    free(p.tags.p);
    free(p.text.p);
    free(p.lines);
    free(p.things);
    free(p.images);
}
