/* SPDX-License-Identifier: Apache-2.0 */
#include "app/examining_internal.h"
#include "app/needed_internal.h"

#include "base/cursor.h"

static ex_code add_object(struct needed *n, const uint8_t *id, struct ex_error *err) {
    EX_TRY(ex_grow(&n->object, &n->capacity, n->count + 1, SHA256_BYTES, EX_LIMIT_PACK_BYTES,
                   "the list of objects", err));
    memcpy(n->object[n->count++], id, SHA256_BYTES);
    return EX_OK;
}

/* Packs that a compaction wrote at this level, or at a better one, are not compressed again. */
static ex_code add_settled(struct act *act, struct needed *n, const struct entry *e,
                           struct ex_error *err) {
    json_t *what = NULL, *pack;
    size_t i;
    ex_code code = EX_OK;
    if (n->read_size != 0) /* the plan has been made */
        return EX_OK;
    if (project_section(act, e, "what", &what, NULL) != EX_OK)
        return EX_OK; /* they will be compressed once more */
    if (json_integer_value(json_object_get(what, "level")) >= n->level)
        json_array_foreach(json_object_get(what, "packs_written"), i, pack) {
            const char *hex = json_string_value(pack);
            code = ex_grow(&n->settled, &n->settled_capacity, n->settled_count + 1,
                           VAULT_PACK_ID_BYTES, EX_LIMIT_PACK_BYTES, "the list of packs", err);
            if (code == EX_OK && hex != NULL &&
                ex_parse_hex(hex, strlen(hex), n->settled[n->settled_count], VAULT_PACK_ID_BYTES))
                n->settled_count++;
            if (code != EX_OK)
                break;
        }
    json_decref(what);
    return code;
}

static ex_code add_item(struct needed *n, const struct entry *e, struct ex_error *err) {
    EX_TRY(ex_grow(&n->item, &n->item_capacity, n->item_count + 1, sizeof *n->item,
                   EX_LIMIT_PACK_BYTES, "the list of items", err));
    struct needed_item *i = &n->item[n->item_count++];
    memcpy(i->id, e->item_id, sizeof i->id);
    memcpy(i->object, e->object_id, sizeof i->object);
    i->examination = examining_is_kept(e);
    return EX_OK;
}

static ex_code add_gone(struct needed *n, const struct entry *e, struct ex_error *err) {
    EX_TRY(ex_grow(&n->gone, &n->gone_capacity, n->gone_count + 1, sizeof *n->gone,
                   EX_LIMIT_PACK_BYTES, "the list of items", err));
    memcpy(n->gone[n->gone_count++], e->item_id, sizeof *n->gone);
    return EX_OK;
}

/* Not for bodies alone: those are left by any write that was cut off. */
static void note_cut_back(struct act *act, struct needed *n, const struct entry *e) {
    json_t *what = NULL;
    if (project_section(act, e, "what", &what, NULL) != EX_OK ||
        json_is_integer(json_object_get(what, "catalog_was_at")))
        n->cut_back = e->index;
    json_decref(what);
}

static ex_code each(struct act *act, const struct entry *e, void *context, struct ex_error *err) {
    struct needed *n = context;
    if (strcmp(e->event, "ledger.leftover") == 0)
        note_cut_back(act, n, e);
    if (strcmp(e->event, "compact.outcome") == 0)
        EX_TRY(add_settled(act, n, e, err));
    if ((truth_begin(e) != ITEM_NONE && (e->has & ENTRY_HAS_OBJECT) != 0) || examining_is_kept(e))
        EX_TRY(add_item(n, e, err));
    if (strcmp(e->event, "dispose.approve") == 0 && (e->has & ENTRY_HAS_ITEM) != 0)
        EX_TRY(add_gone(n, e, err));
    return (e->has & ENTRY_HAS_OBJECT) != 0 ? add_object(n, e->object_id, err) : EX_OK;
}

static int by_id(const void *a, const void *b) {
    return memcmp(a, b, SHA256_BYTES);
}

static bool is_gone(const struct needed *n, const uint8_t *object) {
    for (size_t g = 0; g < n->gone_count; g++)
        for (size_t i = 0; i < n->item_count; i++)
            if (memcmp(n->item[i].id, n->gone[g], ENTRY_ID_BYTES) == 0 &&
                memcmp(n->item[i].object, object, SHA256_BYTES) == 0)
                return true;
    return false;
}

/* In order, each once, without those that two officers disposed of. */
static void tidy(struct needed *n) {
    size_t kept = 0;
    if (n->count > 0)
        qsort(n->object, n->count, SHA256_BYTES, by_id);
    if (n->settled_count > 0)
        qsort(n->settled, n->settled_count, VAULT_PACK_ID_BYTES, by_id);
    for (size_t i = 0; i < n->count; i++)
        if ((kept == 0 || memcmp(n->object[kept - 1], n->object[i], SHA256_BYTES) != 0) &&
            !is_gone(n, n->object[i]))
            memmove(n->object[kept++], n->object[i], SHA256_BYTES);
    n->count = kept;
}

static ex_code read_ledger(struct needed *n, struct ex_error *err) {
    EX_TRY(ledger_refresh(n->act->ledger, err));
    if (n->read_size != 0 && n->read_size == ledger_size(n->act->ledger))
        return EX_OK;
    n->count = n->item_count = n->gone_count = 0;
    EX_TRY(scan_ledger(n->act, each, n, err));
    n->read_size = ledger_size(n->act->ledger);
    tidy(n);
    return EX_OK;
}

ex_code needed_refresh(struct needed *n, struct ex_error *err) {
    return read_ledger(n, err);
}

ex_code needed_objects_of(const struct needed *n, const uint8_t item_id[static ENTRY_ID_BYTES],
                          uint8_t (**ret)[SHA256_BYTES], size_t *ret_count, struct ex_error *err) {
    size_t count = 0;
    EX_TRY(ex_alloc(n->item_count, SHA256_BYTES, EX_LIMIT_PACK_BYTES, "the list of objects", ret,
                    err));
    for (size_t i = 0; i < n->item_count; i++) {
        bool had = memcmp(n->item[i].id, item_id, ENTRY_ID_BYTES) != 0;
        for (size_t k = 0; k < count && !had; k++) /* an item that came back is there twice */
            had = memcmp((*ret)[k], n->item[i].object, SHA256_BYTES) == 0;
        if (!had)
            memcpy((*ret)[count++], n->item[i].object, SHA256_BYTES);
    }
    *ret_count = count;
    return EX_OK;
}

static ex_code objects(void *context, const uint8_t (**ret)[SHA256_BYTES], size_t *ret_count,
                       struct ex_error *err) {
    struct needed *n = context;
    EX_TRY(read_ledger(n, err));
    *ret = (const uint8_t(*)[SHA256_BYTES])n->object;
    *ret_count = n->count;
    return EX_OK;
}

static ex_code check_ledger(struct act *act, struct ex_error *err) {
    EX_AUTO_FREE struct history_check *h = ex_new0(struct history_check);
    EX_TRY(check_history(act, h, err));
    const struct history_report *r = &h->report;
    bool sound = h->ledger.root_matches && h->ledger.problem_count == 0 && h->config_matches;
    bool signed_well = r->signatures_bad == 0 && r->misplaced == 0 && r->unreadable == 0 &&
                       r->rules_broken == 0 && r->entries == h->size;
    if (sound && signed_well)
        return EX_OK;
    return ex_hint(ex_fail(err, sound ? EX_SIGNATURE : EX_ALTERED,
                           "the ledger is not sound, and nothing is removed on its word"),
                   err, "exhibit ledger verify says what is wrong with it");
}

/* An older ledger put back does not name what was collected since. It is sound in itself, and on
 * its word all that would go. */
static ex_code check_not_cut_back(struct act *act, const struct needed *n, struct ex_error *err) {
    if ((n->cut_back == 0 && act->catalog_was_at == 0) || act_has_flag(act, FLAG_REASON))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_ALTERED,
                           "the ledger was longer once: what only the entries name that are gone "
                           "would be removed for ever"),
                   err,
                   "put back the ledger that has them; or, if they are to be given up, say why: "
                   "--reason TEXT");
}

ex_code needed_open(struct act *act, struct needed *n, struct vault_compact_options *options,
                    struct ex_error *err) {
    *n = (struct needed){.act = act, .level = options->level};
    options->objects = objects;
    options->context = n;
    if (act->face->progress != NULL)
        act->face->progress->phase = "finding what is needed";
    EX_TRY(check_ledger(act, err));
    EX_TRY(read_ledger(n, err));
    EX_TRY(check_not_cut_back(act, n, err));
    options->settled = (const uint8_t(*)[VAULT_PACK_ID_BYTES])n->settled;
    options->settled_count = n->settled_count;
    return EX_OK;
}

void needed_close(struct needed *n) {
    free(n->object);
    free(n->item);
    free(n->gone);
    free(n->settled);
    *n = (struct needed){0};
}

/* Whose object it is; NULL: nobody's. */
static const struct needed_item *owner(const struct needed *n, const uint8_t *object) {
    for (size_t i = 0; i < n->item_count; i++)
        if (memcmp(n->item[i].object, object, SHA256_BYTES) == 0)
            return &n->item[i];
    return NULL;
}

ex_code needed_explain(struct needed *n, const struct vault_compact_report *r,
                       const struct ex_error *why, struct ex_error *err) {
    struct truth t = {0};
    if (err != NULL)
        *err = *why;
    if (err == NULL || r == NULL || !r->hurt || truth_load(n->act, &t, NULL) != EX_OK)
        return why->code;
    const struct needed_item *own = owner(n, r->hurt_object);
    const struct item_truth *item = own != NULL ? truth_item_by_id(&t, own->id) : NULL;
    if (item != NULL)
        (void)ex_hint(ex_fail(err, why->code, "%s %s is damaged: %.150s",
                              own->examination ? "an examination of item" : "item", item->label,
                              why->text),
                      err, "nothing was removed; exhibit %s %s says what is damaged",
                      own->examination ? "trace list" : "verify", item->label);
    truth_clear(&t);
    return why->code;
}
