/* SPDX-License-Identifier: Apache-2.0 */
/* What a custody form says, block by block; the writers in form_*.c put it on paper. */
#include "report/custody_form.h"

#include "base/clock.h"
#include "base/cursor.h"
#include "report/form_internal.h"

#include <inttypes.h>
#include <libintl.h>
#include <sodium.h>
#include <stdio.h>

#define _(text)  gettext(text)
#define N_(text) text

enum { DIGEST_BYTES = 32, WHEN_BYTES = 32 };

/* ---- pieces ---- */

static const char *joined(struct form *f, const char *one, const char *between, const char *two) {
    char *text = NULL;
    if (asprintf(&text, "%s%s%s", one, between, two) < 0)
        text = NULL;
    return form_keep(f, text);
}

/* "2026-11-22 21:08:00 UTC": what a form needs of it. */
static const char *when(char to[static WHEN_BYTES], int64_t utc_ns) {
    char text[EX_TIME_TEXT_BYTES];
    if (utc_ns == CUSTODY_FORM_NO_TIME)
        return _("a time that is not known here");
    (void)ex_time_text(text, utc_ns);
    (void)snprintf(to, WHEN_BYTES, "%.10s %.8s UTC", text, text + 11);
    return to;
}

static void put_fact(struct form *f, const char *name, const char *words) {
    if (words != NULL)
        form_add(f, FORM_FACT, name, form_words(f, words));
}

static void put_digest(struct form *f, const char *name, const uint8_t *digest) {
    char hex[2 * DIGEST_BYTES + 1];
    form_add(f, FORM_FACT, name,
             digest != NULL ? ex_hex(hex, digest, DIGEST_BYTES) : _("NOT KNOWN"));
}

static void put_moment(struct form *f, const char *name, int64_t utc_ns, uint64_t entry,
                       bool elsewhere) {
    char time[WHEN_BYTES];
    if (elsewhere)
        form_add_format(f, FORM_FACT, name,
                        _("%s, by the clock of the other vault (entry %" PRIu64 ")"),
                        when(time, utc_ns), entry);
    else
        form_add_format(f, FORM_FACT, name, _("%s (entry %" PRIu64 ")"), when(time, utc_ns), entry);
}

/* A person and their agency, as far as they are known. */
static const char *party(struct form *f, const char *name, const char *agency) {
    const char *words = name != NULL ? form_words(f, name) : _("somebody whose name is not known");
    return agency != NULL ? joined(f, words, ", ", form_words(f, agency)) : words;
}

/* ---- the item ---- */

static void put_list(struct form *f, const char *name, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        put_fact(f, name, list[i]);
}

static void put_case(struct form *f, const struct custody_form *c) {
    if (c->case_number != NULL && c->case_title != NULL)
        form_add_format(f, FORM_FACT, _("Case"), "%s: %s", form_words(f, c->case_number),
                        form_words(f, c->case_title));
    else
        put_fact(f, _("Case"), c->case_number);
}

static void put_bytes(struct form *f, const struct custody_form *c) {
    form_add_format(f, FORM_FACT, _("Size"), _("%" PRIu64 " bytes"), c->size_bytes);
    put_digest(f, "SHA-256", c->sha256);
    put_digest(f, "fs-verity", c->fsverity);
    if (c->unreadable_bytes > 0)
        form_add_format(f, FORM_FACT, _("NOT READ"),
                        _("%" PRIu64 " bytes of the source were never read when it was collected"),
                        c->unreadable_bytes);
    if (c->not_read != NULL)
        form_add_format(f, FORM_FACT, _("NOT WHOLE"),
                        _("a folder that was read only in part when it was collected: %s"),
                        form_words(f, c->not_read));
}

static void put_item(struct form *f, const struct custody_form *c) {
    form_add_format(f, FORM_SUBTITLE, NULL, _("Item %s"), form_words(f, c->item_label));
    put_fact(f, _("Agency"), c->agency);
    put_case(f, c);
    put_fact(f, _("Called"), c->label_text);
    put_fact(f, _("Description"), c->description);
    form_add(f, FORM_FACT, _("Kind"), c->physical ? _("a physical item") : _("bytes in a vault"));
    put_fact(f, _("Item's id"), c->item_id);
    put_fact(f, _("Source"), c->source);
    if (!c->physical)
        put_bytes(f, c);
    put_fact(f, _("Serial number"), c->serial_number);
    put_fact(f, _("Place"), c->place);
    put_list(f, _("Seal"), c->seals, c->seal_count);
    put_list(f, _("Photograph"), c->photographs, c->photograph_count);
}

static void put_findings(struct form *f, const struct custody_form *c) {
    if (c->finding_count == 0)
        return;
    form_add(f, FORM_BEGIN_ALERT, NULL,
             _("A CHECK OF THE LEDGER FOUND FAULTS. Do not rely on what stands here before they "
               "are explained:"));
    for (size_t i = 0; i < c->finding_count; i++)
        form_add(f, FORM_POINT, NULL, form_words(f, c->findings[i]));
    form_add(f, FORM_END, NULL, "");
}

/* ---- who held it ---- */

static const char *how(const char *event) {
    static const char *const known[][2] = {
        {"collect.outcome", N_("collected into this vault")},
        {"item.register", N_("entered as a physical item")},
        {"import.item", N_("came in a package from another vault")},
        {"handover.accept", N_("accepted from the holder before")},
        {"handover.receipt", N_("accepted outside: the taker's receipt was entered")},
        {"handover.confirm", N_("the giver's vault confirmed the hand-over")},
        {"officer.retire", N_("the holder left office")},
        {"officer.recover", N_("the holder got a new key")},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(event, known[i][0]) == 0)
            return _(known[i][1]);
    return NULL;
}

static void put_how(struct form *f, const struct custody_form_period *p) {
    const char *known = p->event != NULL ? how(p->event) : NULL;
    if (known != NULL)
        form_add(f, FORM_FACT, _("How"), known);
    else
        put_fact(f, _("How"), p->event);
}

static void put_length(struct form *f, const struct custody_form_period *p) {
    bool known = p->until_entry != 0 && p->from_ns != CUSTODY_FORM_NO_TIME &&
                 p->until_ns != CUSTODY_FORM_NO_TIME && p->from_ns <= p->until_ns;
    if (!known)
        return;
    int64_t minutes = (p->until_ns - p->from_ns) / ((int64_t)60 * 1000000000);
    if (minutes == 0)
        form_add(f, FORM_FACT, _("Length"), _("less than a minute"));
    else
        form_add_format(f, FORM_FACT, _("Length"), _("%" PRId64 " d %" PRId64 " h %" PRId64 " min"),
                        minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
}

static void put_period_title(struct form *f, const struct custody_form_period *p, size_t number) {
    const char *holder = party(f, p->holder, p->agency);
    switch (p->kind) {
    case CUSTODY_FORM_OFFICER:
        form_add_format(f, FORM_BEGIN, NULL, "%zu. %s", number, holder);
        return;
    case CUSTODY_FORM_OUTSIDE:
        form_add_format(f, FORM_BEGIN, NULL, _("%zu. OUTSIDE this vault: %s"), number, holder);
        return;
    case CUSTODY_FORM_UNKNOWN:
        form_add_format(f, FORM_BEGIN_ALERT, NULL,
                        _("%zu. NOT KNOWN who held the item: %s, or %s. The other vault has not "
                          "said when it passed."),
                        number, holder, party(f, p->other, p->other_agency));
        return;
    case CUSTODY_FORM_GAP:
        form_add_format(f, FORM_BEGIN_ALERT, NULL,
                        _("%zu. GAP: nobody was answerable for the item. The last holder, %s, had "
                          "left office."),
                        number, holder);
        return;
    }
}

static void put_check(struct form *f, enum custody_form_check check) {
    static const char *const texts[] = {
        [CUSTODY_FORM_SAME] = N_("by the taker: the same bytes"),
        [CUSTODY_FORM_NOT_SAME] =
            N_("by the taker: NOT AS BEFORE: other bytes, or not all of them could be read"),
    };
    if (check != CUSTODY_FORM_NOT_HASHED)
        form_add(f, FORM_FACT, _("Hashed"), _(texts[check]));
}

static void put_handover(struct form *f, const struct custody_form_period *p) {
    put_fact(f, _("Hand-over"), p->handover_id);
    if (p->offer_entry != 0 && p->answer_entry != 0)
        form_add_format(f, FORM_FACT, _("Signed"),
                        _("offered in entry %" PRIu64 ", answered in entry %" PRIu64),
                        p->offer_entry, p->answer_entry);
    put_fact(f, _("Purpose"), p->purpose);
    put_fact(f, _("Legal basis"), p->legal_basis);
    put_fact(f, _("Reason"), p->reason);
    put_fact(f, _("Way"), p->way);
    put_fact(f, _("Place"), p->place);
    put_fact(f, _("Seals"), p->seals);
    put_check(f, p->check);
    put_fact(f, _("EXCEPTION"), p->exception);
}

static void put_period(struct form *f, const struct custody_form_period *p, size_t number) {
    put_period_title(f, p, number);
    put_moment(f, _("From"), p->from_ns, p->from_entry, p->from_elsewhere);
    if (p->until_entry != 0)
        put_moment(f, _("Until"), p->until_ns, p->until_entry, p->until_elsewhere);
    else
        form_add(f, FORM_FACT, _("Until"), _("it goes on"));
    if (p->kind == CUSTODY_FORM_GAP || p->kind == CUSTODY_FORM_UNKNOWN)
        put_length(f, p);
    put_how(f, p);
    put_fact(f, _("Holder's id"), p->holder_id);
    put_fact(f, _("The other's id"), p->other_id);
    put_handover(f, p);
    form_add(f, FORM_END, NULL, "");
}

static size_t count_kind(const struct custody_form *c, enum custody_form_holder kind) {
    size_t n = 0;
    for (size_t i = 0; i < c->period_count; i++)
        n += c->periods[i].kind == kind;
    return n;
}

/* Said first, so that nobody has to look for it. */
static void put_overview(struct form *f, const struct custody_form *c) {
    char time[WHEN_BYTES];
    size_t gaps = count_kind(c, CUSTODY_FORM_GAP), unknown = count_kind(c, CUSTODY_FORM_UNKNOWN);
    form_add_format(f, FORM_TEXT, NULL,
                    _("This ledger knows of the item from %s on (entry %" PRIu64
                      "). Who held it before is not known to it."),
                    when(time, c->periods[0].from_ns), c->periods[0].from_entry);
    if (gaps > 0)
        form_add_format(f, FORM_TEXT, NULL,
                        ngettext("Below there is %zu GAP: time in which nobody was answerable.",
                                 "Below there are %zu GAPS: time in which nobody was answerable.",
                                 gaps),
                        gaps);
    if (unknown > 0)
        form_add_format(f, FORM_TEXT, NULL,
                        ngettext("For %zu stretch of time below it is NOT KNOWN who held it.",
                                 "For %zu stretches of time below it is NOT KNOWN who held it.",
                                 unknown),
                        unknown);
}

static void put_now(struct form *f, const struct custody_form *c) {
    char time[WHEN_BYTES];
    if (c->offered_entry != 0)
        form_add_format(f, FORM_TEXT, NULL,
                        _("Offered to %s on %s (entry %" PRIu64 "), and not answered: the holder "
                          "above holds it still."),
                        party(f, c->offered_to, NULL), when(time, c->offered_ns), c->offered_entry);
    if (c->ended_entry != 0)
        form_add_format(f, FORM_TEXT, NULL,
                        _("Disposed of on %s (entry %" PRIu64 "): custody ends there."),
                        when(time, c->ended_ns), c->ended_entry);
}

static void put_custody(struct form *f, const struct custody_form *c) {
    form_add(f, FORM_HEADING, NULL, _("Who held it"));
    put_overview(f, c);
    for (size_t i = 0; i < c->period_count; i++)
        put_period(f, &c->periods[i], i + 1);
    put_now(f, c);
}

/* ---- what it can be compared with ---- */

/* format/ledger §7.3 */
static void put_mark(struct form *f, const struct custody_form *c) {
    char root[sodium_base64_ENCODED_LEN(DIGEST_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    char leaf[2 * DIGEST_BYTES + 1];
    sodium_bin2base64(root, sizeof root, c->root, DIGEST_BYTES, sodium_base64_VARIANT_ORIGINAL);
    form_add(f, FORM_HEADING, NULL, _("To compare with the ledger"));
    form_add_format(f, FORM_MARK, NULL,
                    "exhibit-mark/v1 log %s size %" PRIu64 " root %s entry %" PRIu64 " leaf %s",
                    form_words(f, c->origin), c->size, root, c->entry,
                    ex_hex(leaf, c->leaf, DIGEST_BYTES));
    form_add_format(f, FORM_TEXT, NULL,
                    _("The mark names the newest entry on this form, %" PRIu64
                      ", and the state of the ledger that this form was made from: %" PRIu64
                      " entries. Whoever has the ledger can see whether both are in it."),
                    c->entry, c->size);
}

static void put_limits(struct form *f, const struct custody_form *c) {
    static const char *const always[] = {
        N_("This form is a copy of what the ledger says. By itself it proves nothing; the ledger, "
           "its signatures and the mark do."),
        N_("Who held the item before it came into this ledger, and whether its source was genuine, "
           "stands nowhere here."),
        N_("A holder is whom officers signed for. That nobody else had their hands on it, a ledger "
           "cannot know."),
        N_("Times are what the clocks of the machines said."),
        N_("Entries may have come after this form was made. When it was made, the entries about "
           "custody and officers were checked, and no others."),
    };
    form_add(f, FORM_HEADING, NULL, _("What this form does not prove"));
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        form_add(f, FORM_POINT, NULL, _(always[i]));
    if (c->physical)
        form_add(f, FORM_POINT, NULL,
                 _("That the thing is the same thing: seals and photographs speak to that, hashes "
                   "cannot."));
}

static void put_maker(struct form *f, const struct custody_form *c) {
    char time[WHEN_BYTES];
    const char *maker = party(f, c->made_by, NULL);
    form_add_format(f, FORM_TEXT, NULL, _("Made on %s by %s (%s), with %s."),
                    when(time, c->made_ns), maker, form_words(f, c->made_by_id), f->maker);
}

static void put_lines(struct form *f) {
    static const char *const lines[] = {
        N_("Handed over by: name, office, signature"),
        N_("Taken over by: name, office, signature"),
        N_("Date, time, place"),
        N_("Seals: numbers, whole or broken"),
        N_("Handed over by: name, office, signature"),
        N_("Taken over by: name, office, signature"),
        N_("Date, time, place"),
        N_("Seals: numbers, whole or broken"),
    };
    form_add(f, FORM_HEADING, NULL, _("For use on paper"));
    form_add(f, FORM_TEXT, NULL,
             _("What is written here by hand is not in the ledger until an officer enters it."));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        form_add(f, FORM_LINE, NULL, _(lines[i]));
}

/* ---- all of it ---- */

static ex_code check(const struct custody_form *c, struct ex_error *err) {
    bool whole = c->agency != NULL && c->origin != NULL && c->item_label != NULL &&
                 c->item_id != NULL && c->period_count > 0 && c->root != NULL && c->leaf != NULL &&
                 c->made_by != NULL && c->made_by_id != NULL && c->program != NULL &&
                 c->version != NULL;
    if (!whole)
        return ex_fail(err, EX_INTERNAL, "a custody form lacks what it cannot do without");
    if (c->period_count > CUSTODY_FORM_PERIODS_MAX || c->seal_count > CUSTODY_FORM_LIST_MAX ||
        c->photograph_count > CUSTODY_FORM_LIST_MAX || c->finding_count > CUSTODY_FORM_LIST_MAX)
        return ex_fail(err, EX_LIMIT,
                       "a custody form takes at most %d holders and %d seals, photographs and "
                       "findings",
                       CUSTODY_FORM_PERIODS_MAX, CUSTODY_FORM_LIST_MAX);
    return EX_OK;
}

static void put_all(struct form *f, const struct custody_form *c) {
    f->made_ns = c->made_ns;
    f->maker = joined(f, form_words(f, c->program), " ", form_words(f, c->version));
    f->title = joined(f, _("Custody form of item"), " ", form_words(f, c->item_label));
    f->footer = joined(f, f->title, " · ", form_words(f, c->item_id));
    form_add(f, FORM_TITLE, NULL, _("Custody form"));
    put_item(f, c);
    put_findings(f, c);
    put_custody(f, c);
    put_mark(f, c);
    put_limits(f, c);
    put_maker(f, c);
    put_lines(f);
}

static ex_code write_form(struct form *f, enum custody_form_format format, char **ret,
                          size_t *ret_bytes, struct ex_error *err) {
    EX_TRY(form_check(f, err));
    switch (format) {
    case CUSTODY_FORM_TEXT:
        return form_write_text(f, ret, ret_bytes, err);
    case CUSTODY_FORM_HTML:
        return form_write_html(f, ret, ret_bytes, err);
    case CUSTODY_FORM_PDF:
        return form_write_pdf(f, ret, ret_bytes, err);
    }
    return ex_fail(err, EX_INTERNAL, "there is no such format of a form");
}

ex_code custody_form_make(const struct custody_form *form, enum custody_form_format format,
                          char **ret, size_t *ret_bytes, struct ex_error *err) {
    struct form f = {0};
    EX_TRY(check(form, err));
    put_all(&f, form);
    ex_code code = write_form(&f, format, ret, ret_bytes, err);
    form_clear(&f);
    return code;
}
