/* SPDX-License-Identifier: Apache-2.0 */
/* What was not read, and why, in the acquisition report. */
#include "report/acquisition_internal.h"

#include <inttypes.h>
#include <libintl.h>

#define _(text) gettext(text)

/* Of the last sitting. */
static void put_reading(struct form *f, const json_t *reading) {
    if (reading == NULL)
        return;
    acquisition_put_bytes(f, _("Given by the system"), reading, "bytes_read", true);
    acquisition_put_number(f, _("Bad sectors"), reading, "bad_sectors", true);
    acquisition_put_number(f, _("Came later"), reading, "rescued_sectors", true);
}

static void put_ranges(struct form *f, const json_t *ranges) {
    size_t i;
    json_t *one;
    json_array_foreach(document_get(ranges, "list"), i, one) {
        if (i == ACQUISITION_RANGES_SHOWN)
            break;
        form_add_format(f, FORM_POINT, NULL, _("byte %" PRIu64 ", length %" PRIu64),
                        acquisition_number(one, "offset"), acquisition_number(one, "length"));
    }
    if (acquisition_number(ranges, "ranges") > i)
        form_add_format(f, FORM_POINT, NULL,
                        _("and %" PRIu64 " more: the JSON form of this report, and the vault, have "
                          "them"),
                        acquisition_number(ranges, "ranges") - i);
}

static void put_part(struct form *f, const json_t *ranges, const char *words) {
    if (acquisition_number(ranges, "bytes") == 0)
        return;
    form_add_format(f, FORM_TEXT, NULL, "%" PRIu64 " %s", acquisition_number(ranges, "bytes"),
                    words);
    put_ranges(f, ranges);
}

/* Of a folder it is not known here: a file that was gone counts as well. An image has reasons of
 * its own. */
static void put_reasons(struct form *f, const json_t *item) {
    uint64_t parted =
        acquisition_number(item, "skipped.bytes") + acquisition_number(item, "untried.bytes");
    bool asked = document_get(item, "folder") == NULL && document_get(item, "container") == NULL;
    uint64_t all = acquisition_number(item, "unreadable.bytes");
    uint64_t of_image = acquisition_number(item, "stated_unreadable.bytes") +
                        acquisition_number(item, "absent.bytes") +
                        acquisition_number(item, "damaged_in_container.bytes");
    if (asked && all > parted)
        form_add_format(f, FORM_TEXT, NULL,
                        _("%" PRIu64 " of these bytes are unreadable: they were asked for, and "
                          "never given."),
                        all - parted);
    if (document_get(item, "container.disk_errors") != NULL && all > of_image)
        form_add_format(f, FORM_TEXT, NULL,
                        _("%" PRIu64 " of these bytes were not given by the disk on which the "
                          "image lies."),
                        all - of_image);
    put_part(f, document_get(item, "skipped"),
             _("of these bytes were skipped: left out because the officer said so, and never "
               "asked for:"));
    put_part(f, document_get(item, "untried"),
             _("of these bytes are untried: given up without being asked for, because the time "
               "for errors was over:"));
    put_part(f, document_get(item, "stated_unreadable"),
             _("of these bytes were not readable when the image was made, as it states itself:"));
    put_part(f, document_get(item, "absent"),
             _("of these bytes are absent: the image holds nothing for them:"));
    put_part(f, document_get(item, "damaged_in_container"),
             _("of these bytes are damaged: they cannot be read from the image:"));
}

void acquisition_put_unread(struct form *f, const json_t *report, const json_t *item) {
    const json_t *all = document_get(item, "unreadable");
    acquisition_put_heading(f, _("What was not read"), document_get(report, "outcome.entry"));
    if (!json_is_integer(document_get(all, "bytes"))) {
        form_add(f, FORM_TEXT, NULL, _("NOT RECORDED"));
        return;
    }
    bool folder = document_get(item, "folder") != NULL; /* says above what was not taken at all */
    acquisition_put_bytes(f, folder ? _("Of files taken") : _("Not read"), all, "bytes", true);
    acquisition_put_number(f, _("In so many places"), all, "ranges", true);
    put_reading(f, document_get(report, "outcome.what.reading"));
    if (acquisition_number(all, "bytes") == 0)
        return;
    form_add(
        f, FORM_TEXT, NULL,
        _("These ranges stand as zeros in a raw copy of the item. In the vault they are marked "
          "as not read, and are not the same as zeros that were read:"));
    put_ranges(f, all);
    put_reasons(f, item);
}
