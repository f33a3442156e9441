/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §5.1: two officers decide that an item goes. */
#include "ledger/history_internal.h"

static const int64_t DISPOSAL_NS = (int64_t)HISTORY_DISPOSAL_DAYS * 24 * 3600 * 1000000000;

bool disposal_is_decision(const char *event) {
    return strcmp(event, "dispose.propose") == 0 || strcmp(event, "dispose.approve") == 0;
}

ex_code disposal_propose(struct feed *f, struct ex_error *err) {
    bool oom = false;
    if ((f->e->has & ENTRY_HAS_ITEM) == 0) {
        history_finding(f, &f->h->report.rules_broken,
                        "proposes to dispose of something that is no item");
        return EX_OK;
    }
    struct proposal *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the disposals of the ledger");
    p->index = f->index;
    p->utc_ns = f->e->clock.utc_ns;
    memcpy(p->officer, f->e->signer_officer, sizeof p->officer);
    memcpy(p->item_id, f->e->item_id, sizeof p->item_id);
    HASH_ADD(hh, f->h->proposals, index, sizeof p->index, p);
    if (oom) {
        free(p);
        return ex_fail(err, EX_NOMEM, "no memory for the disposals of the ledger");
    }
    return EX_OK;
}

/* Another officer than the one who proposed it, about the same item, soon enough, and once. One who
 * was there already: a second key could be enrolled, or recovered, only to approve with it. */
void disposal_approve(struct feed *f) {
    uint64_t *broken = &f->h->report.rules_broken;
    const struct entry *e = f->e;
    const struct officer *o = history_find_officer(f->h, e->signer_officer);
    struct proposal *p = NULL;
    if ((e->has & ENTRY_HAS_INTENT) != 0)
        HASH_FIND(hh, f->h->proposals, &e->intent, sizeof e->intent, p);
    if (p == NULL)
        history_finding(f, broken, "approves a disposal that nobody proposed");
    else if (p->approved_at != 0)
        history_finding(f, broken, "approves a disposal again that entry %llu approved",
                        (unsigned long long)p->approved_at);
    else if ((e->has & ENTRY_HAS_ITEM) == 0 ||
             memcmp(p->item_id, e->item_id, sizeof p->item_id) != 0)
        history_finding(f, broken, "approves the disposal of another item than was proposed");
    else if (memcmp(p->officer, e->signer_officer, sizeof p->officer) == 0)
        history_finding(f, broken, "an officer who approves their own proposal");
    else if (o == NULL || o->public.enrolled_at > p->index)
        history_finding(f, broken,
                        "approves a disposal that was proposed before the officer was enrolled");
    else if (e->clock.utc_ns < p->utc_ns || e->clock.utc_ns - p->utc_ns > DISPOSAL_NS)
        history_finding(f, broken, "approves a disposal more than 30 days after it was proposed");
    else
        p->approved_at = f->index;
}

bool history_disposal(const struct history *h, const uint8_t item_id[static ENTRY_ID_BYTES],
                      uint64_t *ret_proposal, uint64_t *ret_approval) {
    for (const struct proposal *p = h->proposals; p != NULL; p = p->hh.next) {
        if (p->approved_at == 0 || memcmp(p->item_id, item_id, ENTRY_ID_BYTES) != 0)
            continue;
        *ret_proposal = p->index;
        *ret_approval = p->approved_at;
        return true;
    }
    return false;
}

bool disposal_check_tombstone(struct feed *f) {
    const struct entry *e = f->e;
    uint64_t proposal, approval;
    if (strcmp(e->event, "dispose.outcome") != 0 || (e->has & ENTRY_HAS_OBJECT) == 0 ||
        ((e->has & ENTRY_HAS_ITEM) != 0 &&
         history_disposal(f->h, e->item_id, &proposal, &approval)))
        return true;
    history_finding(f, &f->h->report.rules_broken, "an item was disposed of without two officers");
    return false;
}

/* A physical item has no object whose line could tell the tombstone from the outcome of a proposal:
 * it is the outcome of the command that approved, which began after the proposal. */
bool disposal_ends_item(const struct feed *f) {
    const struct entry *e = f->e;
    uint64_t proposal, approval;
    if (strcmp(e->event, "dispose.outcome") != 0 || (e->has & ENTRY_HAS_ITEM) == 0 ||
        strcmp(e->result, "done") != 0 || !history_disposal(f->h, e->item_id, &proposal, &approval))
        return false;
    const struct custody_item *i = custody_find(f->h, e->item_id);
    return (e->has & ENTRY_HAS_OBJECT) != 0 ||
           (i != NULL && i->physical && proposal < e->intent && e->intent < approval);
}
