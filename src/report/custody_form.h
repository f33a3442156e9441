/* SPDX-License-Identifier: Apache-2.0 */
/* The custody form of one item: who held it from when to when, how it passed, and what of that can
 * be compared with the ledger; to be read, printed, signed and put into a file.
 *
 * As plain text, as HTML for a browser's print command (A4, no scripts, nothing loaded from
 * anywhere) or as PDF (A4). The same words in all three. The PDF is drawn with the fonts of this
 * machine; where none has a character, the form says how many it could not draw. It carries the
 * mark of the newest entry on it (format/ledger §7.3), in HTML and PDF also as a QR code.
 *
 * What is given is taken at its word: nothing is checked against a ledger here. Time in which
 * nobody was answerable, and time of which the ledger does not know who held the item, stand out
 * without colour. Texts of the form go through gettext; names and other words are somebody's, and
 * control characters, overrides of the writing direction and markup in them do nothing.
 *
 * Pango uses GLib, which ends the process when memory is gone. Not for several threads at once.
 */
#ifndef EXHIBIT_REPORT_CUSTODY_FORM_H
#define EXHIBIT_REPORT_CUSTODY_FORM_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CUSTODY_FORM_PERIODS_MAX = 4096, CUSTODY_FORM_LIST_MAX = 256 };

#define CUSTODY_FORM_NO_TIME INT64_MIN

enum custody_form_holder {
    CUSTODY_FORM_OFFICER, /* of this vault */
    CUSTODY_FORM_OUTSIDE, /* of another vault, or nobody's */
    CUSTODY_FORM_UNKNOWN, /* `holder` or `other`: the ledger cannot say which */
    CUSTODY_FORM_GAP      /* `holder` had it and left office: nobody was answerable */
};

/* What the new holder found when they hashed it. */
enum custody_form_check {
    CUSTODY_FORM_NOT_HASHED,
    CUSTODY_FORM_SAME,
    CUSTODY_FORM_NOT_SAME /* other bytes, or not all of them could be read */
};

/* All text is NUL-terminated and the caller's. NULL says "not known" or "not given"; an entry 0
 * says that there is none. */

/* One holder after the other, without overlap (format/ledger §5.2). */
struct custody_form_period {
    enum custody_form_holder kind;
    const char *holder, *agency, *holder_id;     /* name and agency at that time; id in hex */
    const char *other, *other_agency, *other_id; /* CUSTODY_FORM_UNKNOWN only */
    uint64_t from_entry, until_entry;            /* until 0: it goes on */
    int64_t from_ns, until_ns;                   /* UTC, or CUSTODY_FORM_NO_TIME */
    bool from_elsewhere, until_elsewhere;        /* by the clock of the other vault */
    const char *event;                           /* of from_entry, as the ledger has it */
    /* Of the hand-over by which it passed to this holder. */
    const char *handover_id;
    uint64_t offer_entry, answer_entry;
    const char *purpose, *legal_basis, *reason, *way, *place, *seals, *exception;
    enum custody_form_check check;
};

struct custody_form {
    const char *agency; /* of the vault */
    const char *origin; /* of the ledger; printable ASCII */

    const char *item_label, *item_id; /* "CASE/1"; hex */
    const char *label_text;           /* what somebody called it */
    const char *description, *place;
    const char *case_number, *case_title;
    bool physical;
    uint64_t size_bytes;              /* these not of a physical item */
    const uint8_t *sha256, *fsverity; /* 32 bytes each; NULL: not known, and the form says so */
    uint64_t unreadable_bytes;
    const char *not_read;      /* of a folder that was read only in part: what; NULL: nothing */
    const char *source;        /* what it was read from */
    const char *serial_number; /* of a physical item */
    const char *const *seals;  /* numbers of physical seals */
    size_t seal_count;
    const char *const *photographs; /* how each is called: a label, and its hash */
    size_t photograph_count;

    const struct custody_form_period *periods; /* at least one, in order */
    size_t period_count;
    uint64_t ended_entry; /* the tombstone; 0: not disposed of */
    int64_t ended_ns;
    uint64_t offered_entry; /* an offer that is open; 0: none is */
    const char *offered_to;
    int64_t offered_ns;

    const char *const *findings; /* faults that a check found, in words */
    size_t finding_count;

    uint64_t size;       /* the checkpoint: entries in the ledger, and their root */
    const uint8_t *root; /* 32 bytes */
    uint64_t entry;      /* the newest one on the form, and the hash of its leaf */
    const uint8_t *leaf; /* 32 bytes */

    int64_t made_ns;
    const char *made_by, *made_by_id; /* officer */
    const char *program, *version;
};

enum custody_form_format { CUSTODY_FORM_TEXT, CUSTODY_FORM_HTML, CUSTODY_FORM_PDF };

/* *ret_bytes without the NUL behind it; the caller frees *ret. EX_LIMIT: more than fits on a form.
 * EX_INTERNAL: what the form cannot do without is not given. */
EX_MUST_USE ex_code custody_form_make(const struct custody_form *form,
                                      enum custody_form_format format, char **ret,
                                      size_t *ret_bytes, struct ex_error *err);

/* Versions of the libraries that draw it; static storage. */
const char *custody_form_cairo_version(void);
const char *custody_form_pango_version(void);

#endif
