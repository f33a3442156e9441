/* SPDX-License-Identifier: Apache-2.0 */
/* What case.jsonld says: the entries that go out, and nothing besides. */
#include "app/packaging_internal.h"

#include "base/cursor.h"
#include "transport/case_uco.h"

enum { ROWS_BYTES_MAX = 1 << 28 };

/* An entry with what its strings live in. */
struct kept {
    struct entry *entry;
    json_t *who, *what, *why, *row;
    char officer_id[2 * ENTRY_ID_BYTES + 1];
};

struct telling {
    struct act *act;
    struct packing *packing;
    struct kept *kept;
    size_t count, capacity;
};

static const char *text_at(json_t *json, const char *outer, const char *inner) {
    json_t *holder = inner != NULL ? json_object_get(json, outer) : json;
    return json_string_value(json_object_get(holder, inner != NULL ? inner : outer));
}

/* Whose session signed it; the vault key has no officer. */
static void signer_of(struct telling *t, struct kept *k) {
    const struct entry *e = k->entry;
    const uint8_t *id = e->signer == ENTRY_SIGNER_OFFICER ? e->signer_officer : NULL;
    for (size_t i = 0; e->signer == ENTRY_SIGNER_SESSION && i < t->count; i++)
        if (t->kept[i].entry->index == e->signer_session)
            id = t->kept[i].entry->signer_officer;
    if (id != NULL)
        ex_hex(k->officer_id, id, ENTRY_ID_BYTES);
}

static ex_code keep_entry(struct telling *t, uint64_t index, struct ex_error *err) {
    EX_TRY(ex_grow(&t->kept, &t->capacity, t->count + 1, sizeof *t->kept, ROWS_BYTES_MAX,
                   "the entries of a package", err));
    struct kept *k = &t->kept[t->count];
    *k = (struct kept){.entry = ex_new0(struct entry)};
    t->count++;
    EX_TRY(project_row(t->act, index, k->entry, &k->row, &k->what, err));
    EX_TRY(project_section(t->act, k->entry, "who", &k->who, err));
    EX_TRY(project_section(t->act, k->entry, "why", &k->why, err));
    signer_of(t, k);
    return EX_OK;
}

static void fill_entry(const struct telling *t, const struct kept *k, struct case_uco_entry *to) {
    const struct entry *e = k->entry;
    *to = (struct case_uco_entry){.log = ledger_origin(t->act->ledger),
                                  .index = e->index,
                                  .event = e->event,
                                  .time_ns = e->clock.utc_ns,
                                  .clock = e->clock.synchronised ? "kernel-synchronised"
                                                                 : "kernel-free-running",
                                  .result = (e->has & ENTRY_HAS_RESULT) != 0 ? e->result : NULL,
                                  .has_intent = (e->has & ENTRY_HAS_INTENT) != 0,
                                  .intent = e->intent,
                                  .officer_id = k->officer_id[0] != '\0' ? k->officer_id : NULL,
                                  .officer_name = text_at(k->who, "officer", "name"),
                                  .agency = text_at(k->who, "agency", NULL),
                                  .machine = text_at(k->who, "machine", "hostname"),
                                  .program = text_at(k->who, "program", "name"),
                                  .version = text_at(k->who, "program", "version"),
                                  .summary = text_at(k->row, "summary", NULL),
                                  .reason = text_at(k->why, "reason", NULL),
                                  .legal_basis = text_at(k->why, "legal_basis", NULL)};
}

/* A verification of several items has no line for each. */
static bool concerns(const struct kept *k, const struct item_truth *i) {
    char hex[2 * ENTRY_ID_BYTES + 1];
    json_t *one;
    size_t n;
    if ((k->entry->has & ENTRY_HAS_ITEM) != 0)
        return memcmp(k->entry->item_id, i->id, ENTRY_ID_BYTES) == 0;
    if (strncmp(k->entry->event, "verify.", 7) != 0)
        return false;
    ex_hex(hex, i->id, ENTRY_ID_BYTES);
    json_array_foreach(json_object_get(k->what, "items"), n, one) {
        const char *id = json_is_string(one) ? json_string_value(one) : text_at(one, "id", NULL);
        if (id != NULL && strcmp(id, hex) == 0)
            return true;
    }
    return false;
}

/* The entries about one item (NULL: about the case), into rows[]; how many. */
static size_t fill_history(const struct telling *t, const struct item_truth *i,
                           struct case_uco_entry *rows) {
    size_t count = 0;
    for (size_t n = 0; n < t->count; n++) {
        const struct kept *k = &t->kept[n];
        bool wanted = i != NULL ? concerns(k, i) : strcmp(k->entry->event, "case.create") == 0;
        if (wanted)
            fill_entry(t, k, &rows[count++]);
    }
    return count;
}

static void fill_item(const struct packing *p, size_t n, struct case_uco_item *to, char *id) {
    const struct item_truth *i = p->sorted[n];
    const struct vault_object_info *o = &p->object[n];
    json_t *source = json_object_get(i->item, "source");
    to->id = ex_hex(id, i->id, sizeof i->id);
    to->label = i->label;
    to->label_text = text_at(i->item, "label_text", NULL);
    to->physical = p->head.item[n].physical;
    if (to->physical) {
        to->serial_number = text_at(i->item, "serial", NULL);
        return;
    }
    to->size_bytes = o->size_bytes;
    to->sha256 = o->sha256;
    to->fsverity = o->fsverity;
    to->path = p->head.item[n].path;
    to->unreadable_ranges = o->unreadable_count;
    for (size_t r = 0; r < o->unreadable_count; r++)
        to->unreadable_bytes += o->unreadable[r].length;
    to->source_kind = text_at(source, "kind", NULL);
    to->source_path = text_at(source, "path", NULL);
    to->source_modified = text_at(source, "modified", NULL);
    to->source_changed = text_at(source, "changed", NULL);
    to->source_accessed = text_at(source, "accessed", NULL);
}

static ex_code write_it(struct telling *t, struct case_uco_item *items, struct case_uco_entry *rows,
                        char (*id)[2 * ENTRY_ID_BYTES + 1], struct ex_error *err) {
    struct packing *p = t->packing;
    char package[2 * ENTRY_ID_BYTES + 1], officer[2 * ENTRY_ID_BYTES + 1];
    char case_id[2 * ENTRY_ID_BYTES + 1];
    const struct case_truth *k = truth_case_by_id(&p->truth, p->sorted[0]->case_id);
    size_t used = fill_history(t, NULL, rows);
    const struct case_uco c = {.package_id = ex_hex(package, p->head.id, sizeof p->head.id),
                               .created_ns = p->head.created_ns,
                               .log = ledger_origin(t->act->ledger),
                               .agency = t->act->agency,
                               .officer_id = ex_hex(officer, p->head.officer, ENTRY_ID_BYTES),
                               .officer_name = t->act->officer_name,
                               .program = "exhibit",
                               .version = EXHIBIT_VERSION,
                               .case_id = ex_hex(case_id, k->id, sizeof k->id),
                               .case_number = k->number,
                               .case_title = k->title,
                               .case_history = rows,
                               .case_history_count = used,
                               .items = items,
                               .item_count = p->head.item_count};
    for (size_t n = 0; n < p->head.item_count; n++) {
        items[n].history = rows + used;
        fill_item(p, n, &items[n], id[n]);
        items[n].history_count = fill_history(t, p->sorted[n], rows + used);
        used += items[n].history_count;
    }
    return case_uco_write(&c, &p->case_jsonld, &p->case_jsonld_bytes, err);
}

static ex_code tell(struct telling *t, struct ex_error *err) {
    struct packing *p = t->packing;
    EX_AUTO_FREE struct case_uco_item *items = NULL;
    EX_AUTO_FREE struct case_uco_entry *rows = NULL;
    EX_AUTO_FREE char(*id)[2 * ENTRY_ID_BYTES + 1] = NULL;
    for (uint64_t index = 0; index < p->picked.size; index++)
        if (picked_has(&p->picked, index))
            EX_TRY(keep_entry(t, index, err));
    /* A verification of several items stands in the history of each. */
    EX_TRY(ex_alloc(t->count * (p->head.item_count + 1), sizeof *rows, ROWS_BYTES_MAX,
                    "the entries of a package", &rows, err));
    EX_TRY(ex_alloc(p->head.item_count, sizeof *items, ROWS_BYTES_MAX, "the items of a package",
                    &items, err));
    EX_TRY(ex_alloc(p->head.item_count, sizeof *id, ROWS_BYTES_MAX, "the items of a package", &id,
                    err));
    return write_it(t, items, rows, id, err);
}

ex_code packing_case(struct act *act, struct packing *p, struct ex_error *err) {
    struct telling t = {.act = act, .packing = p};
    ex_code code = tell(&t, err);
    for (size_t i = 0; i < t.count; i++) {
        free(t.kept[i].entry);
        json_decref(t.kept[i].who);
        json_decref(t.kept[i].what);
        json_decref(t.kept[i].why);
        json_decref(t.kept[i].row);
    }
    free(t.kept);
    return code;
}
