/* SPDX-License-Identifier: Apache-2.0 */
/* Second readings: of the holes of an item that is held, and of a whole source
 * (docs/decisions/0018-second-readings.md). */
#include "app/collecting_internal.h"
#include "collect/again.h"
#include "collect/held.h"
#include "vault/keys.h"

struct collecting_fill {
    struct vault *vault; /* a second handle: the first one puts meanwhile */
    struct vault_object_info object;
    struct held *held;
    struct source *source;
    json_t *of; /* {"id", "label"} */
};

/* What the officer left out then stays left out: it may be what a warrant does not cover, or what
 * would kill the disk. Only another word of an officer changes that. */
static ex_code keep_left_out(struct act *act, struct collecting *c, const struct item_truth *i,
                             struct ex_error *err) {
    const json_t *skipped = json_object_get(i->item, "skipped");
    const json_t *all = json_object_get(i->item, "unreadable");
    static const char hint[] = "--fill-skipped reads also what was left out on the officer's word";
    if (act_has_flag(act, FLAG_FILL_SKIPPED))
        return EX_OK;
    if (i->begin != ITEM_COLLECTED)
        return ex_hint(ex_fail(err, EX_USAGE,
                               "it is not known here why parts of %s were never read", i->label),
                       err, "%s", hint);
    if (skipped != NULL &&
        json_equal(json_object_get(skipped, "bytes"), json_object_get(all, "bytes")))
        return ex_hint(
            ex_fail(err, EX_USAGE, "all that is missing of %s was left out on purpose", i->label),
            err, "%s", hint);
    return collecting_add_skips(c, json_object_get(skipped, "list"), err);
}

/* The item that --fill names: digital, held, of this case, and with something missing. */
static ex_code take_item(struct act *act, struct collecting *c, const struct item_truth *i,
                         struct ex_error *err) {
    struct collecting_fill *f = c->fill;
    if (i->approval != 0)
        return truth_fail_disposed(i, err);
    if (i->physical)
        return ex_fail(err, EX_USAGE, "%s is a physical item", i->label);
    if (memcmp(i->case_id, act->case_id, sizeof act->case_id) != 0)
        return ex_hint(ex_fail(err, EX_USAGE, "%s is of another case", i->label), err,
                       "the new item is one of the same case as the old one: --case says so");
    EX_TRY(vault_object(act->vault, i->object_id, &f->object, err));
    if (!truth_agrees(i, &f->object))
        return ex_hint(
            ex_fail(err, EX_ALTERED, "the ledger's entry of item %s is damaged", i->label), err,
            "run: exhibit verify %s", i->label);
    if (f->object.unreadable_count == 0)
        return ex_fail(err, EX_USAGE, "nothing of %s was left unread", i->label);
    f->of = json_pack("{s:o, s:s}", "id", json_hex(i->id, sizeof i->id), "label", i->label);
    return keep_left_out(act, c, i, err);
}

static ex_code find_item(struct act *act, struct collecting *c, struct ex_error *err) {
    struct truth t = {0};
    const struct item_truth *i;
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, act_flag(act, FLAG_FILL), &i, err);
    if (code == EX_OK)
        code = take_item(act, c, i, err);
    truth_clear(&t);
    return code;
}

ex_code collecting_open_fill(struct act *act, struct collecting *c, struct ex_error *err) {
    if (act_has_flag(act, FLAG_VERIFY_SOURCE) && !c->before.seekable)
        return ex_fail(err, EX_USAGE,
                       "this source gives its bytes once: leave out --verify-source");
    if (!act_has_flag(act, FLAG_FILL))
        return EX_OK;
    struct collecting_fill *f = c->fill = ex_new0(struct collecting_fill);
    EX_TRY(find_item(act, c, err));
    EX_TRY(source_set_effort(c->source, &c->effort, err)); /* with what is to stay left out */
    if (!c->before.seekable || c->before.size_bytes != f->object.size_bytes)
        return ex_fail(err, EX_SOURCE, "the source \"%.100s\" has not the %llu bytes of that item",
                       c->before.path, (unsigned long long)f->object.size_bytes);
    EX_TRY(vault_open(vault_path(act->vault), &f->vault, err));
    if (!vault_config(f->vault)->plain)
        EX_TRY(vault_keyring_unlock(f->vault, act->keyring, err));
    EX_TRY(held_open(f->vault, &f->object, &f->held, err));
    return source_open_fill(c->source, f->object.unreadable, f->object.unreadable_count, held_pull,
                            f->held, &f->source, err);
}

void collecting_close_fill(struct collecting_fill *f) {
    if (f == NULL)
        return;
    source_close(f->source);
    held_close(f->held);
    vault_object_info_clear(&f->object);
    vault_close(f->vault);
    json_decref(f->of);
    free(f);
}

struct source *collecting_from(const struct collecting *c) {
    return c->fill != NULL ? c->fill->source : c->source;
}

json_t *collecting_fills_json(const struct collecting *c) {
    return json_incref(c->fill->of);
}

ex_code collecting_end_fill(const struct collecting *c, json_t **ret, struct ex_error *err) {
    struct source_fill_report r;
    if (c->fill == NULL)
        return EX_OK;
    source_fill_report(c->fill->source, &r);
    if (r.filled_bytes == 0)
        return ex_hint(ex_fail(err, EX_IO, "nothing of what is missing could be read%s%.150s",
                               r.ended.code != EX_OK ? ": " : "",
                               r.ended.code != EX_OK ? r.ended.text : ""),
                       err, "the item stays as it is, and there is no new one");
    json_t *json = json_pack("{s:O, s:o, s:o, s:n}", "item", c->fill->of, "filled_bytes",
                             json_number(r.filled_bytes), "compared_bytes",
                             json_number(r.compared_bytes), "ended");
    if (r.ended.code != EX_OK)
        json_object_set_new(json, "ended", json_error(&r.ended));
    *ret = json;
    return EX_OK;
}

/* ---- all of it, once more ---- */

static json_t *again_json(const struct collect_again *a) {
    json_t *list = json_array();
    for (size_t i = 0; i < a->range_count; i++)
        json_array_append_new(list,
                              json_pack("{s:o, s:o}", "offset", json_number(a->range[i].offset),
                                        "length", json_number(a->range[i].length)));
    return json_pack("{s:o, s:o, s:{s:o, s:o, s:o}}", "compared_bytes",
                     json_number(a->compared_bytes), "unread_bytes", json_number(a->unread_bytes),
                     "differs", "ranges", json_number(a->differing_count), "bytes",
                     json_number(a->differing_bytes), "list", list);
}

void collecting_read_again(struct act *act, struct collecting *c) {
    struct collect_again again = {0};
    struct ex_error why;
    if (!act_has_flag(act, FLAG_VERIFY_SOURCE))
        return;
    if (collect_again(act->vault, c->source, &c->report.object, act->face->progress, &again,
                      &why) != EX_OK) { /* what was read first is held all the same */
        c->again = json_pack("{s:o}", "error", json_error(&why));
        c->partial = true;
        return;
    }
    c->again = again_json(&again);
    c->partial = again.differing_count > 0 || again.unread_bytes > 0;
    collect_again_clear(&again);
}
