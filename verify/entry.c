/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.md §3: the text of an entry, which has one spelling. §4: its body, and what of that is used here. */
#include "verify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool event_is(const struct entry *e, const char *event) { return strcmp(e->event, event) == 0; }
bool event_ends(const char *event, const char *end) { return strcmp(strchr(event, '.'), end) == 0; }
bool result_is(const struct entry *e, const char *result) { return strcmp(e->result, result) == 0; }

/* ---- §3 ---- */

static bool is_word(struct slice s) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    bool good = s.n >= 1 && s.n <= 32;
    for (size_t i = 0; good && i < s.n; i++) good = memchr(letters, s.p[i], sizeof letters - 1) != NULL;
    return good;
}

static bool event_parse(struct slice v, struct entry *e) {
    const uint8_t *dot = v.n > 0 ? memchr(v.p, '.', v.n) : NULL;
    size_t n = dot == NULL ? 0 : (size_t)(dot - v.p);
    bool good = dot != NULL && is_word((struct slice){v.p, n}) && is_word((struct slice){dot + 1, v.n - n - 1});
    if (good) memcpy(e->event, v.p, v.n);
    return good;
}

static bool zone_sound(struct slice s) { /* ±hh:mm */
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' || equal(s, "-00:00")) return false;
    for (size_t i = 1; i < 6; i++)
        if (i != 3 && (s.p[i] < '0' || s.p[i] > '9')) return false;
    return (s.p[1] - '0') * 10 + s.p[2] - '0' < 24 && s.p[4] < '6';
}

static bool result_parse(struct slice v, struct entry *e) {
    static const char *const results[] = {"done", "partial", "altered", "failed", "interrupted", "refused"};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (equal(v, results[i])) return memcpy(e->result, v.p, v.n), true;
    return false;
}

static void first_parse(struct text *t, struct entry *e, const struct run *r) {
    struct slice w[2];
    if (!equal(text_line(t), "exhibit-entry/v1") || !equal(text_value(t, "log"), r->origin)) t->bad = true;
    text_number(t, "index", &e->index);
    text_base64(t, "tree", e->tree, 32);
    if (!event_parse(text_value(t, "event"), e)) t->bad = true;
    text_time(t, "time", &e->time);
    if (!zone_sound(text_value(t, "zone"))) t->bad = true;
    struct slice clock = text_value(t, "clock");
    if (!equal(clock, "kernel-synchronised") && !equal(clock, "kernel-free-running")) t->bad = true;
    text_words(t, "monotonic", w, 2);
    if (!get_hex(w[0], e->boot, 8) || !get_number(w[1], &e->monotonic)) t->bad = true;
    e->signer = text_next(t, "signer officer") ? BY_OFFICER : text_next(t, "signer session") ? BY_SESSION : BY_VAULT;
    if (e->signer == BY_OFFICER) text_hex(t, "signer officer", e->signer_id, 16);
    else if (e->signer == BY_SESSION) text_number(t, "signer session", &e->session);
    else if (!equal(text_value(t, "signer"), "vault")) t->bad = true;
}

static void permissions_parse(struct text *t, struct entry *e) {
    struct slice v, before = {NULL, 0};
    const uint8_t *from = t->left.p;
    size_t n = 0;
    for (; text_next(t, "permission"); before = v, n++) {
        v = text_value(t, "permission");
        if (!is_word(v) || (n > 0 && order(before, v) >= 0)) t->bad = true;
    }
    if (n < 1 || n > 32) t->bad = true;
    e->permissions = (struct slice){from, (size_t)(t->left.p - from)};
}

/* The lines behind `signer`, in their order; the events that have them, or with a `?` may; NULL: every event may. */
#define FIELD(name) offsetof(struct entry, name)
static const struct { const char *name, *events; char kind; unsigned has; size_t at, n; } fields[] = {
    {"case", NULL, 'h', CASE, FIELD(case_id), 16},
    {"item", NULL, 'h', ITEM, FIELD(item), 16},
    {"object", NULL, 'h', OBJECT, FIELD(object), 32},
    {"handover", NULL, 'h', HANDOVER, FIELD(handover), 16},
    {"intent", NULL, 'n', 0, FIELD(intent), 0},
    {"result", NULL, 'r', 0, 0, 0},
    {"config", " vault.create ", 'h', 0, FIELD(config), 32},
    {"vault-key", " vault.create ", 'b', 0, FIELD(vault_key), 32},
    {"officer", " officer.enrol officer.recover officer.retire session.open ", 'h', OFFICER, FIELD(officer), 16},
    {"officer", "? handover.offer ", 'h', OFFICER, FIELD(officer), 16},
    {"officer-key", " officer.enrol officer.recover ", 'b', 0, FIELD(officer_key), 32},
    {"officer-box", " officer.enrol officer.recover ", 'b', 0, FIELD(officer_box), 32},
    {"permission", " officer.enrol officer.recover ", 'p', 0, 0, 0},
    {"replaces", " officer.recover ", 'h', 0, FIELD(replaces), 16},
    {"session-key", " session.open ", 'b', 0, FIELD(session_key), 32},
    {"expires", " session.open ", 't', 0, FIELD(expires), 0},
};

static void fields_parse(struct text *t, struct entry *e) {
    char event[70];
    snprintf(event, sizeof event, " %s ", e->event);
    e->intent = NONE;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *name = fields[i].name, *events = fields[i].events;
        void *at = (char *)e + fields[i].at;
        bool has = events == NULL || strstr(events, event) != NULL;
        if (!has || ((events == NULL || events[0] == '?') && !text_next(t, name))) continue;
        e->has |= fields[i].has;
        switch (fields[i].kind) {
        case 'h': text_hex(t, name, at, fields[i].n); break;
        case 'b': text_base64(t, name, at, fields[i].n); break;
        case 'n': text_number(t, name, at); break;
        case 't': text_time(t, name, at); break;
        case 'p': permissions_parse(t, e); break;
        default: t->bad = !result_parse(text_value(t, name), e) || t->bad;
        }
    }
    if (e->intent != NONE && e->intent >= e->index) t->bad = true;
}

bool entry_parse(const struct run *r, struct slice bytes, struct entry *e) {
    struct text t = {bytes, false};
    struct slice w[2];
    memset(e, 0, sizeof *e);
    first_parse(&t, e, r);
    fields_parse(&t, e);
    for (; text_next(&t, "section") && e->n_sections < 8; e->n_sections++) {
        struct section *s = &e->sections[e->n_sections];
        text_words(&t, "section", w, 2);
        s->name = w[0];
        if (!is_word(w[0]) || !get_hex(w[1], s->commitment, 32) || (e->n_sections > 0 && order(s[-1].name, w[0]) >= 0))
            return false;
    }
    e->signed_bytes = (struct slice){bytes.p, bytes.n - t.left.n};
    text_base64(&t, "signature", e->signature, 64);
    return !t.bad && t.left.n == 0;
}

/* ---- §4 ---- */

/* NULL, or what is wrong; *ret are the section's bytes, none when it was erased (§4.2) or is withheld (§7.1). */
static const char *section_check(struct text *t, const struct section *s, struct slice *ret) {
    struct slice w[3];
    uint8_t salt[32], sum[32];
    uint64_t n = 0;
    bool erased = text_next(t, "erased");
    text_words(t, erased ? "erased" : "section", w, erased ? 1 : 3);
    *ret = (struct slice){NULL, 0};
    if (t->bad || w[0].n != s->name.n || !same(w[0].p, s->name.p, w[0].n)) return "it has other sections than were signed";
    if (erased) return NULL;
    if (!get_hex(w[1], salt, 32) || !get_number(w[2], &n) || n >= t->left.n || t->left.p[n] != '\n')
        return "a section has not its length";
    *ret = (struct slice){t->left.p, (size_t)n};
    t->left = (struct slice){t->left.p + n + 1, t->left.n - (size_t)n - 1};
    DIGEST(sum, {salt, 32}, *ret);
    return same(sum, s->commitment, 32) ? NULL : "a section is not what was signed";
}

/* What `what` says of the item that this entry began (json.md §4.1). */
static void item_says(struct run *r, const struct entry *e, struct slice what) {
    struct item *i = r->n_items > 0 ? &r->items[r->n_items - 1] : NULL;
    struct slice v;
    uint8_t object[32];
    if (i == NULL || i->entry != e->index) return;
    if (json_string(what, "item.label", &v)) snprintf(i->label, sizeof i->label, "%.*s", (int)(v.n < 40 ? v.n : 40), (const char *)v.p);
    if (i->physical) return;
    i->says = json_string(what, "item.sha256", &v) && get_hex(v, i->sha256, 32) &&
              json_string(what, "item.fsverity", &v) && get_hex(v, i->fsverity, 32) &&
              json_get(what, "item.size_bytes", &v) && get_number(v, &i->size) &&
              json_string(what, "item.object", &v) && get_hex(v, object, 32) && same(object, i->object, 32);
    if (!i->says) find(r, CONTENT, PARTLY, e->index, "the body does not say the hashes of its object");
}

/* §5.2: who accepts without an exception has hashed the bytes, and they were the item's. */
static void accept_says(struct run *r, const struct entry *e, struct slice what) {
    const struct item *i = item_find(r, e->item);
    struct slice v;
    uint8_t after[32];
    if (i == NULL || (!i->physical && !i->says)) return;
    if (i->physical ? !json_get(what, "physical", &v) || !equal(v, "true")
                    : !json_string(what, "after", &v) || !get_hex(v, after, 32) || !same(after, i->sha256, 32))
        find(r, HISTORY, ALTERED, e->index, "it was accepted without exception, but not with the item's own hash");
}

/* The packs that a body names, as written or as about to go (vault.md §9.4). */
static void packs_named(struct run *r, const struct entry *e, struct slice what, const char *path, bool leaves) {
    struct named n = {{0}, e->index, leaves};
    struct slice list, v;
    size_t at = 0;
    if (r->excerpt || !json_get(what, path, &list)) return;
    while (json_next(list, &at, &v)) {
        if (!json_string(v, "", &v) || !get_hex(v, n.id, 32)) continue;
        r->named = room(r, r->named, r->n_named, sizeof n, MAX_MANY, "packs that entries name");
        r->named[r->n_named++] = n;
    }
}

static void what_read(struct run *r, const struct entry *e, struct slice what) {
    bool goes = event_is(e, "compact.intent") || event_is(e, "dispose.intent"), repair = event_is(e, "repair.outcome");
    item_says(r, e, what);
    if (event_is(e, "handover.accept") && result_is(e, "done")) accept_says(r, e, what);
    if (event_is(e, "cosigned.receive")) cosigned_read(r, e, what);
    if (goes || repair) packs_named(r, e, what, "packs", goes);
    if (repair) packs_named(r, e, what, "packs_lost", true);
    if (event_ends(e->event, ".outcome")) packs_named(r, e, what, "stored.packs", false);
    if (event_ends(e->event, ".outcome")) packs_named(r, e, what, "packs_written", false);
}

void body_read(struct run *r, const struct entry *e, struct slice body, const char *why) {
    struct text t = {body, false};
    struct slice bytes;
    if (why == NULL && !equal(text_line(&t), "exhibit-body/v1")) why = "it does not begin as a body";
    for (size_t i = 0; why == NULL && i < e->n_sections; i++) {
        if ((why = section_check(&t, &e->sections[i], &bytes)) != NULL) break;
        if (bytes.p != NULL && equal(e->sections[i].name, "what")) what_read(r, e, bytes);
        if (bytes.p != NULL && equal(e->sections[i].name, "provenance")) provenance_check(r, e, bytes);
        r->counts[N_withheld] += bytes.p == NULL;
        if (bytes.p == NULL && !r->excerpt)
            find(r, HISTORY, MISSING, e->index, "a section was erased, and no entry says by what right");
    }
    if (why == NULL && t.left.n > 0) why = "there is more in it than was signed";
    if (why != NULL) find(r, HISTORY, ALTERED, e->index, "the body is altered: %s", why);
    r->counts[N_bodies]++;
}

static const char *body_open(struct run *r, const struct buf *file, struct buf *ret) { /* vault.md §3.5 */
    uint8_t sum[32];
    struct record rec;
    const char *why = pack_header(r, file->p, file->n, 2);
    if (why == NULL) why = record_open(file->p + 16, file->p + 128, file->n - 128, &rec);
    if (why != NULL) return why;
    if (rec.size != file->n - 128 || rec.number != 0 || rec.type != BODY || rec.n != 1 || rec.plain > MAX_BODY)
        return "it is not one record of a body";
    if ((why = record_decode(r, &rec, ret)) != NULL) return why;
    DIGEST(sum, {ret->p, ret->n});
    return same(sum, rec.table.p + 4, 32) ? NULL : "its bytes have another id than its table says";
}

/* N as tlog-tiles writes it: groups of three digits, all but the last with x before it. */
void tlog_path(char out[96], const char *prefix, uint64_t n, unsigned width) {
    uint64_t group[7];
    size_t k = 0, at = (size_t)snprintf(out, 96, "%s", prefix);
    do group[k++] = n % 1000;
    while ((n /= 1000) > 0);
    while (k-- > 0) at += (size_t)snprintf(out + at, 96 - at, k > 0 ? "/x%03u" : "/%03u", (unsigned)group[k]);
    if (width > 0) snprintf(out + at, 96 - at, ".p/%u", width);
}

void body_check(struct run *r, const struct entry *e) {
    struct buf file = {NULL, 0}, data = {NULL, 0};
    char path[96];
    if (e->n_sections == 0) return;
    tlog_path(path, "ledger/body", e->index, 0);
    enum got got = file_get(r, path, 0, MAX_BODY + 65536, true, &file);
    const char *why = got == GOT ? body_open(r, &file, &data) : "it cannot be read";
    if (got == NOT_THERE) find(r, HISTORY, MISSING, e->index, "the body is missing");
    else body_read(r, e, (struct slice){data.p, data.n}, why);
    free(file.p);
    free(data.p);
}

/* ---- vault.md §9.4: a pack that an entry names may be gone only if a later entry says that it goes ---- */

static int by_pack(const void *a, const void *b) {
    const struct named *x = a, *y = b;
    int c = memcmp(x->id, y->id, 32);
    return c != 0 ? c : (x->entry > y->entry) - (x->entry < y->entry);
}

void named_check(struct run *r) {
    if (r->n_named > 0) qsort(r->named, r->n_named, sizeof *r->named, by_pack);
    for (size_t i = 0, from = 0; i < r->n_named; from = i) {
        bool written = false, leaves = false;
        for (; i < r->n_named && same(r->named[i].id, r->named[from].id, 32); i++) {
            leaves = leaves || (written && r->named[i].leaves);
            written = written || !r->named[i].leaves;
        }
        if (!written || packs_have(r, r->named[from].id)) continue;
        r->counts[N_packs_replaced] += leaves;
        if (!leaves) find(r, CONTENT, MISSING, r->named[from].entry, "a pack that it names is gone, and no later entry says that it goes");
    }
}
