/* SPDX-License-Identifier: Apache-2.0 */
/* vault.md §3: packs and their records. Where each id lies comes from the packs alone, not from an index. */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { HEADER = 128, HEAD = 48, FOOT = 64 }; /* bytes of a pack's header, a record's, a footer */

/* §3.1 */
const char *pack_header(const struct run *r, const uint8_t *p, size_t n, uint32_t kind) {
    uint8_t sum[32];
    if (n < HEADER) return "it is cut off";
    DIGEST(sum, {p, 96});
    if (!same(sum, p + 96, 32)) return "the hash of its header does not hold";
    if (memcmp(p, "EXHPACK\1", 8) != 0 || le32(p + 8) != kind || !all_zero(p + 72, 24))
        return "its header is not that of such a file";
    if (le32(p + 12) != 0 || le64(p + 64) != 0) return "its header names a mode other than plain";
    return same(p + 48, r->id, 16) ? NULL : "its header names another vault";
}

/* §3.2 */
const char *record_open(const uint8_t pack_id[32], const uint8_t *p, size_t n, struct record *ret) {
    static const uint8_t domain[] = "exhibit-record-v1"; /* with its zero */
    uint8_t sum[32];
    uint64_t lengths = 0;
    if (n < HEAD || memcmp(p, "EXR\1", 4) != 0) return "there is no record";
    size_t plain = le32(p + 12), stored = le32(p + 16), table = le32(p + 20);
    if (plain > MAX_RECORD || stored > MAX_RECORD || stored > n - HEAD || table > stored || table < 4)
        return "a record is cut off, or has impossible lengths";
    DIGEST(sum, {domain, sizeof domain}, {pack_id, 32}, {p, 32}, {p + HEAD, table});
    if (!same(sum, p + 32, 16)) return "the tag of a record's table does not hold";
    *ret = (struct record){le32(p + 4), (uint32_t)plain, le32(p + HEAD), p[8], p[9], {p + HEAD, table},
                           {p + HEAD + table, stored - table}, HEAD + stored};
    if (!all_zero(p + 10, 2) || !all_zero(p + 24, 8) || p[9] > 1) return "a record's header is not as it must be";
    if (table != 4 + (uint64_t)ret->n * 36) return "a record's table has not the length of its entries";
    for (uint32_t i = 0; i < ret->n; i++) lengths += le32(p + HEAD + 4 + (size_t)i * 36 + 32);
    bool good = p[8] == TRAILER ? ret->n == 0 && p[9] == 0 : lengths == plain;
    return good ? NULL : "the lengths in a record's table do not add up";
}

const char *record_decode(struct run *r, const struct record *rec, struct buf *ret) {
    buf_set(r, ret, rec->plain);
    if (rec->codec == 0 && rec->data.n == rec->plain) memcpy(ret->p, rec->data.p, rec->plain);
    else if (rec->codec == 0 || ZSTD_findFrameCompressedSize(rec->data.p, rec->data.n) != rec->data.n ||
             ZSTD_decompress(ret->p, rec->plain, rec->data.p, rec->data.n) != rec->plain)
        return "a record's data cannot be decoded";
    return NULL;
}

/* ---- a pack ---- */

struct pack { /* in memory; its records lie in [at, end) */
    const char *path;
    const uint8_t *id, *p;
    size_t at, end;
    uint32_t place, next; /* in the list of packs; number of the next record */
    struct slice rows;    /* of the trailer, that are left */
    bool sealed, faulty;  /* footer and trailer hold; something was wrong */
};

static void wrong(struct run *r, struct pack *k, size_t at, const char *why) {
    k->faulty = true;
    find(r, CONTENT, ALTERED, NONE, "%s at %zu: %s", k->path, at, why);
}

static void record_check(struct run *r, struct pack *k, const struct record *rec) {
    const char *why = record_decode(r, rec, &r->kept);
    const uint8_t *row = k->rows.p, types[4] = {rec->type, rec->codec};
    size_t n = 16 + rec->table.n;
    if (k->sealed && (k->rows.n < n || le32(row) != k->at || !same(row + 4, types, 4) || !same(row + 8, k->p + k->at + 12, 8) ||
                      !same(row + 16, rec->table.p, rec->table.n)))
        wrong(r, k, k->at, "the trailer does not list this record");
    else if (k->sealed) k->rows = (struct slice){row + n, k->rows.n - n};
    if (rec->number != k->next || rec->type < CHUNKS || rec->type > MANIFEST)
        wrong(r, k, k->at, "a record has another number or type than belongs there");
    k->next = rec->number + 1;
    if (why != NULL) wrong(r, k, k->at, why);
    for (uint32_t i = 0, offset = 0; i < rec->n; i++) {
        const uint8_t *e = rec->table.p + 4 + (size_t)i * 36;
        struct place p = {{0}, rec->type, why != NULL, k->place, (uint32_t)k->at, (uint32_t)rec->size, offset, le32(e + 32)};
        uint8_t id[32];
        memcpy(p.id, e, 32);
        if (why == NULL && rec->type == CHUNKS) chunk_id(id, r->kept.p + offset, p.length, NULL);
        else if (why == NULL) DIGEST(id, {r->kept.p + offset, p.length});
        if (why == NULL && (p.bad = !same(id, p.id, 32)))
            wrong(r, k, k->at, "the bytes of an entry have another id than the table says");
        r->places = room(r, r->places, r->n_places, sizeof p, MAX_IDS, "ids");
        r->places[r->n_places++] = p;
        offset += p.length;
    }
}

/* §3.3: after damage, the next record whose tag holds. What only looks like records is hashed eight times over
 * at most. */
static void records_check(struct run *r, struct pack *k) {
    bool lost = false;
    for (uint64_t hashed = 0; k->at < k->end && hashed / 8 <= k->end;) {
        struct record rec;
        const char *why = record_open(k->id, k->p + k->at, k->end - k->at, &rec);
        if (why != NULL && !lost) wrong(r, k, k->at, why);
        if ((lost = why != NULL)) {
            if (k->end - k->at >= HEAD && memcmp(k->p + k->at, "EXR\1", 4) == 0) hashed += le32(k->p + k->at + 20);
            k->at++;
            continue;
        }
        if (k->sealed || rec.type != TRAILER) record_check(r, k, &rec); /* else: the footer is damaged */
        k->at += rec.size;
    }
}

/* §3.3: true when footer and trailer hold; the records end where the trailer begins. */
static bool trailer_open(struct pack *k, size_t size, struct record *ret) {
    uint8_t sum[32];
    if (size < HEADER + HEAD + FOOT) return false;
    const uint8_t *foot = k->p + size - FOOT;
    uint64_t at = le64(foot + 8), end = size - FOOT;
    if (memcmp(foot, "EXHEND\1\0", 8) != 0 || !all_zero(foot + 16, 16) || at < HEADER || at > end) return false;
    DIGEST(sum, {k->id, 32}, {foot, 32}, {k->p + at, (size_t)(end - at)});
    if (!same(sum, foot + 32, 32) || record_open(k->id, k->p + at, (size_t)(end - at), ret) != NULL ||
        ret->type != TRAILER || ret->size != end - at || ret->data.n != ret->plain || ret->plain < 12)
        return false;
    k->end = (size_t)at;
    k->rows = (struct slice){ret->data.p + 12, ret->data.n - 12};
    return true;
}

static void pack_check(struct run *r, struct pack *k, const struct buf *file) {
    struct record trailer;
    k->p = file->p;
    k->end = file->n;
    const char *why = pack_header(r, file->p, file->n, 1);
    if (why == NULL && !same(k->p + 16, k->id, 32)) why = "its header names another pack than its name";
    if (why != NULL) wrong(r, k, 0, why);
    k->sealed = trailer_open(k, file->n, &trailer);
    if (!k->sealed) wrong(r, k, file->n, "the trailer and the footer do not hold");
    records_check(r, k);
    if (k->sealed && !k->faulty && (trailer.number != k->next || le32(trailer.data.p + 8) != k->next || k->rows.n > 0))
        wrong(r, k, k->end, "the trailer lists other records than are there");
}

/* ---- all packs ---- */

static int by_id(const void *a, const void *b) { return memcmp(a, b, 32); }
bool packs_have(const struct run *r, const uint8_t id[32]) {
    return r->n_packs > 0 && bsearch(id, r->packs, r->n_packs, sizeof *r->packs, by_id) != NULL;
}
static int by_place(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    int c = x->type != y->type ? x->type - y->type : memcmp(x->id, y->id, 32);
    return c != 0 ? c : x->bad - y->bad;
}

/* packs/XX/ID.pack, ascending, so the ids are too. */
void packs_check(struct run *r) {
    struct buf file = {NULL, 0};
    for (size_t i = 0; i < r->n_files; i++) {
        const char *path = r->files[i];
        struct { uint8_t id[32]; const char *path; } pack = {{0}, path};
        if (strlen(path) != 78 || memcmp(path + 6, path + 9, 2) != 0 || path[8] != '/' || strcmp(path + 73, ".pack") != 0 ||
            !get_hex((struct slice){(const uint8_t *)path + 9, 64}, pack.id, 32)) {
            find(r, CONTENT, NOTE, NONE, "%s is no pack by its name: not looked at", path);
            continue;
        }
        r->packs = room(r, r->packs, r->n_packs, sizeof *r->packs, MAX_MANY, "packs");
        memcpy(r->packs[r->n_packs].id, pack.id, 32);
        r->packs[r->n_packs++].path = path;
        struct pack k = {.path = path, .id = pack.id, .at = HEADER, .place = (uint32_t)(r->n_packs - 1)};
        if (file_get(r, path, 0, MAX_PACK, true, &file) == GOT) pack_check(r, &k, &file);
        else wrong(r, &k, 0, "the pack cannot be read, or is too large");
    }
    free(file.p);
    if (r->n_places > 0) qsort(r->places, r->n_places, sizeof *r->places, by_place);
    r->counts[N_packs] = r->n_packs;
    r->kept_pack = UINT32_MAX;
}

enum verdict packs_fetch(struct run *r, uint8_t type, const uint8_t id[32], struct slice *ret) {
    struct place key = {.type = type};
    const struct place *p = NULL;
    struct record rec;
    memcpy(key.id, id, 32);
    for (; r->n_places > 0 && p == NULL && key.bad < 2; key.bad++) /* a sound copy, or else a bad one */
        p = bsearch(&key, r->places, r->n_places, sizeof key, by_place);
    if (p == NULL || p->bad) return p == NULL ? MISSING : ALTERED;
    if (r->kept_pack != p->pack || r->kept_record != p->record) { /* the record that was decoded last */
        bool good = file_get(r, r->packs[p->pack].path, p->record, p->size, false, &r->raw) == GOT &&
                    record_open(r->packs[p->pack].id, r->raw.p, r->raw.n, &rec) == NULL &&
                    record_decode(r, &rec, &r->kept) == NULL;
        r->kept_pack = good ? p->pack : UINT32_MAX;
        r->kept_record = p->record;
    }
    if (r->kept_pack == UINT32_MAX || p->offset > r->kept.n || p->length > r->kept.n - p->offset) return ALTERED;
    *ret = (struct slice){r->kept.p + p->offset, p->length};
    return GOOD;
}
