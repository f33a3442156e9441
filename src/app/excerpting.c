/* SPDX-License-Identifier: Apache-2.0 */
#include "app/excerpt_internal.h"

#include "base/cursor.h"

enum { BITS_BYTES_MAX = 1 << 28 };

ex_code picked_new(struct act *act, struct picked *ret, struct ex_error *err) {
    *ret = (struct picked){.size = ledger_size(act->ledger)};
    EX_TRY(ex_alloc(ret->size / 8 + 1, 1, BITS_BYTES_MAX, "a set of entries", &ret->shown, err));
    return ex_alloc(ret->size / 8 + 1, 1, BITS_BYTES_MAX, "a set of entries", &ret->bits, err);
}

void picked_clear(struct picked *p) {
    free(p->bits);
    free(p->shown);
    *p = (struct picked){0};
}

static void add_bit(const struct picked *p, uint8_t *bits, uint64_t index) {
    if (index < p->size)
        bits[index / 8] |= (uint8_t)(1U << index % 8);
}

static bool has_bit(const struct picked *p, const uint8_t *bits, uint64_t index) {
    return index < p->size && (bits[index / 8] >> index % 8 & 1) != 0;
}

void picked_add(struct picked *p, uint64_t index) {
    add_bit(p, p->bits, index);
}

bool picked_has(const struct picked *p, uint64_t index) {
    return has_bit(p, p->bits, index);
}

/* ---- what concerns the items of a package ---- */

struct picking {
    struct picked *picked;
    const uint8_t (*item_id)[ENTRY_ID_BYTES];
    size_t count;
    uint8_t (*case_id)[ENTRY_ID_BYTES]; /* of these items */
    size_t case_count, case_capacity;
};

static bool in_list(const uint8_t (*list)[ENTRY_ID_BYTES], size_t count, const uint8_t *id) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(list[i], id, ENTRY_ID_BYTES) == 0)
            return true;
    return false;
}

/* Events whose entries about one item are part of its history for everybody. */
static bool is_history(const char *event) {
    static const char *const stem[] = {"collect.",  "discard.", "item.register", "import.",
                                       "handover.", "dispose.", "verify."};
    for (size_t i = 0; i < sizeof stem / sizeof stem[0]; i++)
        if (strncmp(event, stem[i], strlen(stem[i])) == 0)
            return true;
    return false;
}

/* Does a list of items, or of their ids, name any of ours, and any that is not? */
static void look_at_list(const struct picking *k, json_t *list, bool *ret_ours, bool *ret_others) {
    json_t *one;
    size_t n;
    json_array_foreach(list, n, one) {
        uint8_t id[ENTRY_ID_BYTES];
        const char *hex = json_is_string(one) ? json_string_value(one)
                                              : json_string_value(json_object_get(one, "id"));
        if (hex != NULL && ex_parse_hex(hex, strlen(hex), id, sizeof id) &&
            in_list(k->item_id, k->count, id))
            *ret_ours = true;
        else
            *ret_others = true;
    }
}

static ex_code pick_verification(struct act *act, const struct entry *e, struct picking *k,
                                 struct ex_error *err) {
    json_t *what = NULL;
    bool ours = false, others = false;
    struct ex_error why;
    ex_code code = project_section(act, e, "what", &what, &why);
    if (code == EX_NOMEM || code == EX_DENIED) {
        if (err != NULL)
            *err = why;
        return code;
    }
    look_at_list(k, json_object_get(what, "items"), &ours, &others);
    json_decref(what);
    if (ours && !others)
        picked_add(k->picked, e->index);
    else if (ours)
        k->picked->left_out++;
    return EX_OK;
}

static ex_code pick_own(struct picking *k, const struct entry *e, struct ex_error *err) {
    if (!is_history(e->event)) {
        k->picked->left_out++;
        return EX_OK;
    }
    picked_add(k->picked, e->index);
    if ((e->has & ENTRY_HAS_CASE) == 0 ||
        in_list((const uint8_t(*)[ENTRY_ID_BYTES])k->case_id, k->case_count, e->case_id))
        return EX_OK;
    EX_TRY(ex_grow(&k->case_id, &k->case_capacity, k->case_count + 1, ENTRY_ID_BYTES,
                   EX_LIMIT_RECORD_BYTES, "the cases of a package", err));
    memcpy(k->case_id[k->case_count++], e->case_id, ENTRY_ID_BYTES);
    return EX_OK;
}

static ex_code pick_one(struct act *act, const struct entry *e, void *context,
                        struct ex_error *err) {
    struct picking *k = context;
    if ((e->has & ENTRY_HAS_ITEM) != 0)
        return in_list(k->item_id, k->count, e->item_id) ? pick_own(k, e, err) : EX_OK;
    if (strncmp(e->event, "verify.", 7) == 0)
        return pick_verification(act, e, k, err);
    return EX_OK;
}

static ex_code pick_case(struct act *act, const struct entry *e, void *context,
                         struct ex_error *err) {
    struct picking *k = context;
    (void)act;
    (void)err;
    if (strcmp(e->event, "case.create") == 0 && (e->has & ENTRY_HAS_CASE) != 0 &&
        in_list((const uint8_t(*)[ENTRY_ID_BYTES])k->case_id, k->case_count, e->case_id))
        picked_add(k->picked, e->index);
    return EX_OK;
}

ex_code pick_items(struct act *act, const uint8_t (*item_id)[ENTRY_ID_BYTES], size_t count,
                   struct picked *p, struct ex_error *err) {
    struct picking k = {.picked = p, .item_id = item_id, .count = count};
    ex_code code = scan_ledger(act, pick_one, &k, err);
    if (code == EX_OK)
        code = scan_ledger(act, pick_case, &k, err);
    free(k.case_id);
    return code;
}

/* ---- who may sign it ---- */

/* Their bodies name officers, slots and reasons that are nothing to those who get the items, and so
 * do the bodies of sessions that signed nothing else. Who signed is in the other sessions. */
static bool is_of_the_house(const char *event) {
    return strcmp(event, "vault.create") == 0 || strncmp(event, "officer.", 8) == 0;
}

/* A picked entry, and all behind it were looked at. */
static void show_body(struct picked *p, const struct entry *e, uint64_t index) {
    if (strcmp(e->event, "session.open") != 0 && !is_of_the_house(e->event)) {
        add_bit(p, p->shown, index);
        if (e->signer == ENTRY_SIGNER_SESSION)
            add_bit(p, p->shown, e->signer_session);
    }
}

/* From the last entry to the first, so that what an entry needs is still ahead: its intent, the
 * session that signed it. */
static ex_code complete(struct act *act, struct picked *p, uint64_t *ret_count,
                        struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    uint64_t last = p->size;
    *ret_count = 0;
    while (last > 0 && !picked_has(p, last - 1))
        last--;
    for (uint64_t index = last; index-- > 0;) {
        EX_AUTO_FREE uint8_t *bytes = NULL;
        size_t size;
        EX_TRY(ledger_read(act->ledger, index, &bytes, &size, err));
        EX_TRY(entry_parse(bytes, size, e, err));
        if (index == 0 || strcmp(e->event, "officer.enrol") == 0 ||
            strcmp(e->event, "officer.retire") == 0 || strcmp(e->event, "officer.recover") == 0)
            picked_add(p, index);
        if (!picked_has(p, index))
            continue;
        if ((e->has & ENTRY_HAS_INTENT) != 0)
            picked_add(p, e->intent);
        if (e->signer == ENTRY_SIGNER_SESSION)
            picked_add(p, e->signer_session);
        show_body(p, e, index);
        ++*ret_count;
    }
    return EX_OK;
}

struct giving {
    struct act *act;
    const struct picked *picked;
    const char *withhold;
    uint8_t *body; /* of the last entry that was asked for */
};

static ex_code give_body(void *context, uint64_t index, const uint8_t **ret, size_t *ret_bytes,
                         struct ex_error *err) {
    struct giving *g = context;
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    struct body b;
    free(g->body);
    g->body = NULL;
    if (!has_bit(g->picked, g->picked->shown, index))
        return EX_OK;
    EX_TRY(vault_body_read(g->act->vault, index, &data, &size, err));
    EX_TRY(body_parse(data, size, &b, err));
    for (size_t i = 0; g->withhold != NULL && i < b.count; i++)
        if (strcmp(b.section[i].name, g->withhold) == 0)
            b.section[i].erased = true;
    EX_TRY(body_write(&b, &g->body, ret_bytes, err));
    *ret = g->body;
    return EX_OK;
}

ex_code excerpt_of_picked(struct act *act, struct picked *p, uint64_t since, const char *withhold,
                          char **ret, size_t *ret_bytes, struct ex_error *err) {
    struct giving g = {.act = act, .picked = p, .withhold = withhold};
    uint64_t count, used = 0;
    EX_AUTO_FREE uint64_t *index = NULL;
    EX_TRY(complete(act, p, &count, err));
    EX_TRY(ex_alloc(count, sizeof *index, EXCERPT_ENTRIES_MAX * sizeof *index,
                    "the entries of an excerpt", &index, err));
    for (uint64_t i = 0; i < p->size; i++)
        if (picked_has(p, i))
            index[used++] = i;
    const struct excerpt_plan plan = {
        .index = index, .count = used, .since = since, .body = give_body, .context = &g};
    ex_code code = excerpt_write(act->ledger, vault_config(act->vault)->key.public_key, &plan, ret,
                                 ret_bytes, err);
    free(g.body);
    return code;
}
