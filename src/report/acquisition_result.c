/* SPDX-License-Identifier: Apache-2.0 */
/* What stands out in the acquisition report, and what came of reading a source, or parts of it,
 * once more. */
#include "report/acquisition_internal.h"

#include <inttypes.h>
#include <libintl.h>
#include <string.h>

#define _(text) gettext(text)

static void put_alert(struct form *f, const char *title, const json_t *texts) {
    size_t i;
    json_t *one;
    if (json_array_size(texts) == 0)
        return;
    form_add(f, FORM_BEGIN_ALERT, NULL, title);
    json_array_foreach(texts, i, one) if (json_is_string(one))
        form_add(f, FORM_POINT, NULL, form_words(f, json_string_value(one)));
    form_add(f, FORM_END, NULL, "");
}

static void put_alert_of(struct form *f, bool is, const char *text) {
    if (!is)
        return;
    form_add(f, FORM_BEGIN_ALERT, NULL, text);
    form_add(f, FORM_END, NULL, "");
}

static bool hash_differs(const json_t *item) {
    size_t i;
    json_t *one;
    json_array_foreach(document_get(item, "container.hashes"), i, one) {
        const char *verdict = document_text(one, "verdict");
        if (verdict != NULL && strcmp(verdict, "differs") == 0)
            return true;
    }
    return false;
}

/* Each reason by what says it: a result that is not whole may have several, and one that is not
 * known has none. */
static void put_not_whole(struct form *f, const json_t *item, const char *result) {
    bool unread =
        acquisition_number(item, "unreadable.bytes") > 0 || document_get(item, "folder") != NULL;
    bool other = acquisition_number(item, "second_reading.differs.bytes") > 0;
    bool not_again = document_get(item, "second_reading.error") != NULL ||
                     acquisition_number(item, "second_reading.unread_bytes") > 0;
    bool hash = hash_differs(item);
    put_alert_of(f, other,
                 _("THE SOURCE GAVE OTHER BYTES the second time. See \"Read once more\"."));
    put_alert_of(f, hash, _("The image states another hash than that of what came from it."));
    put_alert_of(f, not_again, _("Not everything came a second time. See \"Read once more\"."));
    if (result == NULL)
        put_alert_of(f, true, _("The result is NOT RECORDED: whether all was read is not known."));
    else if (strcmp(result, "done") != 0)
        put_alert_of(f, unread || !(other || hash || not_again),
                     _("Not everything was read. See \"What was not read\"."));
}

void acquisition_put_result(struct form *f, const json_t *report) {
    put_not_whole(f, document_get(report, "item"), document_text(report, "outcome.result"));
    put_alert(f,
              _("FAULTS in what the ledger holds. Do not rely on this report before they are "
                "explained:"),
              document_get(report, "findings"));
    put_alert(f, _("Warnings:"), document_get(report, "outcome.what.device_after.warnings"));
    if (document_get(report, "item.container") != NULL)
        put_alert(f, _("Warnings:"), document_get(report, "item.warnings"));
}

/* ---- once more ---- */

static void put_filled(struct form *f, const json_t *filled) {
    const char *label = document_text(filled, "item.label");
    form_add_format(f, FORM_TEXT, NULL,
                    _("This item is item %s with its holes filled: %" PRIu64
                      " bytes were read for it, and the rest is what was held of that item."),
                    label != NULL ? form_words(f, label) : "?",
                    acquisition_number(filled, "filled_bytes"));
    acquisition_put_bytes(f, _("Compared"), filled, "compared_bytes", true);
    acquisition_put_text(f, _("Ended, because"), filled, "ended.text", false);
}

static void put_second(struct form *f, const json_t *again) {
    size_t i;
    json_t *one;
    if (document_get(again, "error") != NULL) {
        acquisition_put_text(f, _("FAILED"), again, "error.text", true);
        return;
    }
    acquisition_put_bytes(f, _("Compared"), again, "compared_bytes", true);
    acquisition_put_bytes(f, _("Did not come"), again, "unread_bytes", true);
    acquisition_put_bytes(f, _("In other sectors"), again, "differs.bytes", true);
    json_array_foreach(document_get(again, "differs.list"), i, one) {
        if (i == ACQUISITION_RANGES_SHOWN)
            break;
        form_add_format(f, FORM_POINT, NULL, _("byte %" PRIu64 ", length %" PRIu64),
                        acquisition_number(one, "offset"), acquisition_number(one, "length"));
    }
    if (acquisition_number(again, "differs.ranges") > i)
        form_add_format(f, FORM_POINT, NULL,
                        _("and %" PRIu64 " more: the JSON form of this report, and the vault, have "
                          "them"),
                        acquisition_number(again, "differs.ranges") - i);
}

void acquisition_put_again(struct form *f, const json_t *item) {
    const json_t *filled = document_get(item, "filled");
    const json_t *again = document_get(item, "second_reading");
    if (filled == NULL && again == NULL)
        return;
    acquisition_put_heading(f, _("Read once more"), NULL);
    if (filled != NULL)
        put_filled(f, filled);
    if (again != NULL)
        put_second(f, again);
}
