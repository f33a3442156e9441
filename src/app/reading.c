/* SPDX-License-Identifier: Apache-2.0 */
/* A history of those entries of the ledger that something is about, each with the session that
 * signed it: enough to judge signatures and rights, and far fewer than all. Neither the catalog nor
 * a body is asked. */
#include "app/act_internal.h"

enum { READING_BYTES_MAX = 1 << 24, EVENT_LINE_WITHIN = 600 };

void reading_clear(struct reading *r) {
    history_free(r->history);
    free(r->session);
    free(r->bad);
    *r = (struct reading){0};
}

ex_code reading_start(struct act *act, struct reading *r, struct ex_error *err) {
    const struct vault_config *config = vault_config(act->vault);
    *r = (struct reading){0};
    return history_new(config->origin, config->key.public_key, &r->history, err);
}

/* Rights follow from the entry and its signer; its place in the tree ledger_read() has proved. */
static ex_code feed(struct reading *r, const struct entry *e, const uint8_t *bytes, size_t size,
                    struct ex_error *err) {
    bool good; /* what is not takes no effect; `exhibit ledger verify` names it */
    EX_TRY(history_feed(r->history, e->index, e->tree, bytes, size, NULL, &good, err));
    if (good)
        return EX_OK;
    EX_TRY(ex_grow(&r->bad, &r->bad_capacity, r->bad_count + 1, sizeof *r->bad, READING_BYTES_MAX,
                   "entries that are not good", err));
    struct reading_bad *bad = &r->bad[r->bad_count++];
    *bad = (struct reading_bad){.index = e->index, .has_item = (e->has & ENTRY_HAS_ITEM) != 0};
    memcpy(bad->item_id, e->item_id, sizeof bad->item_id);
    return EX_OK;
}

static ex_code feed_session(struct act *act, struct reading *r, uint64_t index,
                            struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    size_t size;
    for (size_t i = r->session_count; i > 0; i--) /* mostly one of the last */
        if (r->session[i - 1] == index)
            return EX_OK;
    EX_TRY(ex_grow(&r->session, &r->session_capacity, r->session_count + 1, sizeof *r->session,
                   READING_BYTES_MAX, "the sessions of officers", err));
    r->session[r->session_count++] = index;
    EX_TRY(ledger_read(act->ledger, index, &bytes, &size, err));
    EX_TRY(entry_parse(bytes, size, e, err));
    return strcmp(e->event, "session.open") == 0 ? feed(r, e, bytes, size, err) : EX_OK;
}

bool reading_event_begins(const uint8_t *bytes, size_t size, const char *event) {
    char line[ENTRY_EVENT_MAX + 16];
    int length = snprintf(line, sizeof line, "\nevent %s", event);
    return memmem(bytes, size < EVENT_LINE_WITHIN ? size : EVENT_LINE_WITHIN, line,
                  (size_t)length) != NULL;
}

ex_code reading_feed(struct act *act, struct reading *r, uint64_t index, const uint8_t *bytes,
                     size_t size, struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    EX_TRY(entry_parse(bytes, size, e, err));
    if (e->signer == ENTRY_SIGNER_SESSION && e->signer_session < index)
        EX_TRY(feed_session(act, r, e->signer_session, err));
    return feed(r, e, bytes, size, err);
}
