/* SPDX-License-Identifier: Apache-2.0 */
/* Who held an item, from when to when (docs/format/ledger.md §5.2): read out of a history that was
 * fed with the ledger's entries.
 *
 * Promises: the periods of an item follow each other without overlap, from the entry that began its
 * custody to its tombstone or to now, and time in which nobody was answerable for it is a period of
 * its own, CUSTODY_GAP. Only entries that history_feed() found nothing wrong with have any effect.
 * It knows nothing of what was before the item came into this ledger, and nothing of bodies: the
 * names, and the instant at which another vault took over, stand there.
 *
 * Entries may be left out of what is fed (an excerpt); what then does not fit together is a finding
 * of the history. What is handed out lives as long as the history and until the next feed.
 */
#ifndef EXHIBIT_LEDGER_CUSTODY_H
#define EXHIBIT_LEDGER_CUSTODY_H

#include "ledger/history.h"

enum custody_holder {
    CUSTODY_OFFICER, /* of this vault */
    CUSTODY_OUTSIDE, /* a party outside: another vault */
    CUSTODY_UNKNOWN, /* the giver outside, or `officer`: until its confirmation this ledger cannot
                        say which */
    CUSTODY_GAP      /* `officer` had it, and was retired */
};

struct custody_period {
    enum custody_holder holder;
    uint8_t officer[ENTRY_ID_BYTES]; /* zero with CUSTODY_OUTSIDE */
    char event[ENTRY_EVENT_MAX + 1]; /* how it passed: of the entry `from` */
    uint64_t from, until;            /* entries; until 0: it goes on */
    int64_t from_ns, until_ns;       /* what the clock said at them */
    /* It began or ended at the instant that the body of that entry, a handover.confirm, gives, by
     * the clock of the other vault, and not at the entry. */
    bool from_elsewhere, until_elsewhere;
    bool has_handover; /* it passed by a hand-over */
    uint8_t handover[ENTRY_ID_BYTES];
};

enum custody_way {
    CUSTODY_WITHIN, /* from officer to officer */
    CUSTODY_OUT,    /* to another vault */
    CUSTODY_IN      /* from another vault: the offer came with import.item */
};

enum custody_answer {
    CUSTODY_OPEN,
    CUSTODY_WITHDRAWN,
    CUSTODY_ACCEPTED,
    CUSTODY_EXCEPTED, /* accepted with an exception */
    CUSTODY_REFUSED
};

enum custody_confirmation { CUSTODY_NOT_CONFIRMED, CUSTODY_CONFIRMED, CUSTODY_DENIED };

/* One item of a hand-over. */
struct custody_handover {
    uint8_t id[ENTRY_ID_BYTES];
    enum custody_way way;
    uint64_t offer;                /* entry: handover.offer, or import.item */
    uint8_t giver[ENTRY_ID_BYTES]; /* who signed the offer; zero with CUSTODY_IN */
    uint8_t taker[ENTRY_ID_BYTES]; /* CUSTODY_WITHIN: whom it names; CUSTODY_IN: who answered */
    enum custody_answer answer;
    uint64_t answered;                      /* entry: withdraw, accept, refuse, receipt; 0: none */
    enum custody_confirmation confirmation; /* CUSTODY_IN: what the giver's ledger said */
    uint64_t confirmed;                     /* entry; 0: none */
};

struct custody_item {
    uint8_t id[ENTRY_ID_BYTES];
    bool has_case, physical;
    uint8_t case_id[ENTRY_ID_BYTES];
    uint8_t object_id[SHA256_BYTES]; /* zero when it is physical */
    uint64_t begun, ended;           /* entries; ended 0: not disposed of */
    size_t period_count, handover_count;
    struct custody_period *period;     /* at least one, in order */
    struct custody_handover *handover; /* in order; only the last can be open */
};

/* NULL: no good entry begins such an item. */
const struct custody_item *custody_find(const struct history *h,
                                        const uint8_t item_id[static ENTRY_ID_BYTES]);
/* In the order in which they began; NULL: there are no more. */
const struct custody_item *custody_at(const struct history *h, size_t position);

/* The last period: who holds it now, or held it when it was disposed of. */
const struct custody_period *custody_now(const struct custody_item *i);
/* NULL: nothing is offered. */
const struct custody_handover *custody_open(const struct custody_item *i);
/* Of the item's hand-overs the one with this id; NULL: none. */
const struct custody_handover *custody_handover_find(const struct custody_item *i,
                                                     const uint8_t id[static ENTRY_ID_BYTES]);
/* Do the periods follow each other, each from where the one before ended? Always, unless this
 * program is wrong. */
bool custody_is_continuous(const struct custody_item *i);
/* Is this officer, or whoever came into their place by recovery, the other one? */
bool custody_same_officer(const struct history *h, const uint8_t named[static ENTRY_ID_BYTES],
                          const uint8_t officer[static ENTRY_ID_BYTES]);

#endif
