/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what another vault's ledger says, out of an excerpt that was checked: when the package
 * was imported, or just now. */
#include "app/custody_internal.h"

void quoted_clear(struct quoted *q) {
    json_decref(q->what);
    json_decref(q->who);
    json_decref(q->why);
    q->what = q->who = q->why = NULL;
}

static json_t *section(const struct body *b, const char *name) {
    const struct body_section *s = body_find(b, name);
    return s != NULL && !s->erased ? json_loadb((const char *)s->data, s->size_bytes, 0, NULL)
                                   : NULL;
}

static ex_code read_sections(const struct excerpt_entry *x, struct quoted *q,
                             struct ex_error *err) {
    struct body b;
    q->found = true;
    if (x->body == NULL)
        return EX_OK;
    EX_TRY(body_parse(x->body, x->body_bytes, &b, err));
    q->what = section(&b, "what");
    q->who = section(&b, "who");
    q->why = section(&b, "why");
    return EX_OK;
}

ex_code quote_at(const struct excerpt *x, uint64_t index, struct quoted *ret,
                 struct ex_error *err) {
    struct excerpt_entry one;
    *ret = (struct quoted){0};
    for (size_t n = 0; n < excerpt_count(x); n++) {
        excerpt_at(x, n, &one);
        if (one.index != index)
            continue;
        EX_TRY(entry_parse(one.bytes, one.size_bytes, &ret->entry, err));
        return read_sections(&one, ret, err);
    }
    return EX_OK;
}

ex_code quote_event(const struct excerpt *x, const char *event,
                    const uint8_t item_id[static ENTRY_ID_BYTES],
                    const uint8_t handover_id[static ENTRY_ID_BYTES], struct quoted *ret,
                    struct ex_error *err) {
    struct excerpt_entry one;
    *ret = (struct quoted){0};
    for (size_t n = 0; n < excerpt_count(x); n++) {
        excerpt_at(x, n, &one);
        EX_TRY(entry_parse(one.bytes, one.size_bytes, &ret->entry, err));
        const struct entry *e = &ret->entry;
        if (strcmp(e->event, event) == 0 && (e->has & ENTRY_HAS_ITEM) != 0 &&
            (e->has & ENTRY_HAS_HANDOVER) != 0 &&
            memcmp(e->item_id, item_id, sizeof e->item_id) == 0 &&
            memcmp(e->handover_id, handover_id, sizeof e->handover_id) == 0)
            return read_sections(&one, ret, err);
    }
    return EX_OK;
}

ex_code quote_provenance(struct act *act, uint64_t import_index, struct excerpt **ret,
                         struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    EX_AUTO_FREE uint8_t *bytes = NULL;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    EX_TRY(ledger_read(act->ledger, import_index, &bytes, &size, err));
    EX_TRY(entry_parse(bytes, size, e, err));
    EX_TRY(project_section_text(act, e, "provenance", &text, &size, err));
    if (text == NULL)
        return ex_fail(err, EX_MISSING,
                       "what came with the item is not in the body of entry %" PRIu64 " any more",
                       import_index);
    return excerpt_parse(text, size, ret, err);
}

ex_code quote_offer(struct act *act, uint64_t import_index,
                    const uint8_t item_id[static ENTRY_ID_BYTES],
                    const uint8_t handover_id[static ENTRY_ID_BYTES], struct quoted *ret,
                    struct ex_error *err) {
    EX_AUTO(excerpt_free) struct excerpt *x = NULL;
    EX_TRY(quote_provenance(act, import_index, &x, err));
    EX_TRY(quote_event(x, "handover.offer", item_id, handover_id, ret, err));
    return ret->found ? EX_OK
                      : ex_fail(err, EX_MISSING, "no offer came with the item of entry %" PRIu64,
                                import_index);
}
