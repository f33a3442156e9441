/* SPDX-License-Identifier: Apache-2.0 */
/* What of a package's excerpt is about which of its items (format/package §3): one reading of all
 * entries, so that many items cost little more than one. */
#include "app/package_internal.h"

#include "base/cursor.h"

enum about { ABOUT_NOTHING, ABOUT_LEDGER, ABOUT_ITEM };

struct one {
    uint64_t index;
    enum about about;
    bool begins, has_intent, has_session;
    uint8_t item_id[ENTRY_ID_BYTES];
    uint64_t intent, session;
};

struct provenance {
    const struct excerpt *x;
    struct one *one;
    bool *keep; /* of the item that is being asked for */
    size_t count;
};

void provenance_free(struct provenance *p) {
    if (p == NULL)
        return;
    free(p->one);
    free(p->keep);
    free(p);
}

/* The section `what` of the entry's body; NULL: it was not given. */
static json_t *read_what(const struct excerpt_entry *x) {
    struct body b;
    if (x->body == NULL || body_parse(x->body, x->body_bytes, &b, NULL) != EX_OK)
        return NULL;
    const struct body_section *s = body_find(&b, "what");
    return s != NULL && !s->erased ? json_loadb((const char *)s->data, s->size_bytes, 0, NULL)
                                   : NULL;
}

/* A verification of one item alone is about it; one of several is about none. */
static bool read_verified(const struct excerpt_entry *x, uint8_t to[static ENTRY_ID_BYTES]) {
    json_t *what = read_what(x), *one, *items = json_object_get(what, "items");
    uint8_t id[ENTRY_ID_BYTES];
    size_t n;
    bool good = json_array_size(items) > 0;
    json_array_foreach(items, n, one) {
        const char *hex = json_is_string(one) ? json_string_value(one)
                                              : json_string_value(json_object_get(one, "id"));
        good = good && hex != NULL && ex_parse_hex(hex, strlen(hex), id, sizeof id) &&
               (n == 0 || memcmp(id, to, sizeof id) == 0);
        memcpy(to, id, good ? sizeof id : 0);
    }
    json_decref(what);
    return good;
}

static void look_at(const struct excerpt_entry *x, const struct entry *e, struct one *to) {
    *to = (struct one){.index = x->index,
                       .begins = truth_begin(e) != ITEM_NONE,
                       .has_intent = (e->has & ENTRY_HAS_INTENT) != 0,
                       .has_session = e->signer == ENTRY_SIGNER_SESSION,
                       .intent = e->intent,
                       .session = e->signer_session};
    if ((e->has & ENTRY_HAS_ITEM) != 0) {
        to->about = ABOUT_ITEM;
        memcpy(to->item_id, e->item_id, sizeof to->item_id);
    } else if (strncmp(e->event, "verify.", 7) == 0) {
        to->about = read_verified(x, to->item_id) ? ABOUT_ITEM : ABOUT_NOTHING;
    } else if (strcmp(e->event, "vault.create") == 0 || strcmp(e->event, "case.create") == 0 ||
               strcmp(e->event, "officer.enrol") == 0 || strcmp(e->event, "officer.retire") == 0 ||
               strcmp(e->event, "officer.recover") == 0) {
        to->about = ABOUT_LEDGER;
    }
}

ex_code provenance_new(const struct excerpt *x, struct provenance **ret, struct ex_error *err) {
    EX_AUTO(provenance_free) struct provenance *p = ex_new0(struct provenance);
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    size_t count = excerpt_count(x);
    p->x = x;
    EX_TRY(ex_alloc(count, sizeof *p->one, EXCERPT_ENTRIES_MAX * sizeof *p->one,
                    "the entries of an excerpt", &p->one, err));
    EX_TRY(ex_alloc(count, sizeof *p->keep, EXCERPT_ENTRIES_MAX * sizeof *p->keep,
                    "the entries of an excerpt", &p->keep, err));
    for (; p->count < count; p->count++) {
        struct excerpt_entry entry;
        excerpt_at(x, p->count, &entry);
        EX_TRY(entry_parse(entry.bytes, entry.size_bytes, e, err));
        look_at(&entry, e, &p->one[p->count]);
    }
    *ret = ex_steal(&p);
    return EX_OK;
}

static void keep_index(struct provenance *p, uint64_t index) {
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->one[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < p->count && p->one[low].index == index)
        p->keep[low] = true;
}

/* From the last to the first: what an entry needs stands before it. */
ex_code provenance_of(struct provenance *p, const uint8_t item_id[static ENTRY_ID_BYTES],
                      char **ret, size_t *ret_bytes, struct ex_error *err) {
    memset(p->keep, 0, p->count * sizeof *p->keep);
    for (size_t i = p->count; i-- > 0;) {
        const struct one *o = &p->one[i];
        if (o->about == ABOUT_LEDGER ||
            (o->about == ABOUT_ITEM && memcmp(o->item_id, item_id, ENTRY_ID_BYTES) == 0))
            p->keep[i] = true;
        if (p->keep[i] && o->has_intent)
            keep_index(p, o->intent);
        if (p->keep[i] && o->has_session)
            keep_index(p, o->session);
    }
    return excerpt_part(p->x, p->keep, ret, ret_bytes, err);
}

json_t *provenance_item(const struct provenance *p, const uint8_t item_id[static ENTRY_ID_BYTES]) {
    json_t *item = NULL;
    for (size_t i = 0; i < p->count && item == NULL; i++) {
        struct excerpt_entry x;
        if (!p->one[i].begins || memcmp(p->one[i].item_id, item_id, ENTRY_ID_BYTES) != 0)
            continue;
        excerpt_at(p->x, i, &x);
        json_t *what = read_what(&x);
        item = json_incref(json_object_get(what, "item"));
        json_decref(what);
    }
    return item;
}
