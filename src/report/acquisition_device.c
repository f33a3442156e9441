/* SPDX-License-Identifier: Apache-2.0 */
/* A block device on an acquisition report: what it is, who used it, what it said of itself. */
#include "report/acquisition_internal.h"

#include <inttypes.h>
#include <libintl.h>

#define _(text) gettext(text)

/* ---- before ---- */

static void put_identity(struct form *f, const json_t *d) {
    acquisition_put_known(f, _("Name"), d, "name");
    acquisition_put_known(f, _("Number"), d, "number");
    acquisition_put_known(f, _("Connected by"), d, "transport");
    acquisition_put_text(f, _("Vendor"), d, "vendor", false);
    acquisition_put_known(f, _("Model"), d, "model");
    acquisition_put_known(f, _("Serial number"), d, "serial");
    acquisition_put_text(f, _("World-wide id"), d, "wwid", false);
    acquisition_put_text(f, _("Firmware"), d, "firmware", false);
    acquisition_put_text(f, _("Model (udev)"), d, "udev.model", false);
    acquisition_put_text(f, _("Serial (udev)"), d, "udev.serial", false);
    acquisition_put_text(f, _("Backing file"), d, "backing_file", false);
    acquisition_put_text(f, _("Port"), d, "place", false);
    acquisition_put_bytes(f, _("Size"), d, "size_bytes", true);
    if (document_get(d, "partition") != NULL) {
        acquisition_put_number(f, _("Partition"), d, "partition", false);
        acquisition_put_text(f, _("  of"), d, "whole", true);
        acquisition_put_bytes(f, _("  which has"), d, "whole_size_bytes", true);
        acquisition_put_bytes(f, _("  it begins at"), d, "start_bytes", true);
    }
    acquisition_put_bytes(f, _("Logical sector"), d, "logical_sector_bytes", true);
    acquisition_put_bytes(f, _("Physical sector"), d, "physical_sector_bytes", true);
    acquisition_put_answer(f, _("Removable"), d, "removable");
    acquisition_put_answer(f, _("Rotating"), d, "rotational");
    acquisition_put_text(f, _("Partition table"), d, "udev.partition_table", false);
}

static void put_partitions(struct form *f, const json_t *d) {
    size_t i;
    json_t *one;
    json_array_foreach(document_get(d, "partitions"), i, one) {
        const char *name = document_text(one, "name");
        form_add_format(
            f, FORM_FACT, _("Has a partition"), _("%s: from byte %" PRIu64 ", %" PRIu64 " bytes"),
            name != NULL ? form_words(f, name) : "?", acquisition_number(one, "start_bytes"),
            acquisition_number(one, "size_bytes"));
    }
}

static void put_flag(struct form *f, const json_t *flag) {
    acquisition_put_answer(f, _("Read-only before"), flag, "before");
    acquisition_put_answer(f, _("Read-only then"), flag, "now");
    acquisition_put_text(f, _("  because"), flag, "why", false);
    if (acquisition_number(flag, "partitions") > 0)
        form_add_format(f, FORM_FACT, _("  of its partitions"), _("%" PRIu64 " of %" PRIu64),
                        acquisition_number(flag, "partitions_set"),
                        acquisition_number(flag, "partitions"));
}

static void put_use(struct form *f, const json_t *d) {
    const json_t *uses = document_get(d, "in_use");
    size_t i;
    json_t *one;
    acquisition_put_answer(f, _("Claimed"), d, "claimed");
    if (json_is_array(uses) && json_array_size(uses) == 0)
        form_add(f, FORM_FACT, _("In use"), _("by nobody"));
    json_array_foreach(uses, i, one) acquisition_put_text(f, _("IN USE"), one, "text", true);
    acquisition_put_text(f, _("Why all the same"), d, "in_use_reason", false);
}

/* ---- what it was asked ---- */

/* A number of sectors, or why there is none. */
static void put_sectors(struct form *f, const char *name, const json_t *asked, const char *what) {
    const json_t *answer = document_get(asked, what);
    if (json_is_true(json_object_get(answer, "given")))
        form_add_format(f, FORM_FACT, name, _("%" PRIu64 " sectors"),
                        acquisition_number(answer, "sectors"));
    else
        acquisition_put_text(f, name, answer, "why", true);
}

static void put_hidden(struct form *f, const json_t *asked) {
    uint64_t hidden = acquisition_number(asked, "hidden.not_visible_bytes");
    if (hidden > 0)
        form_add_format(f, FORM_FACT, _("HIDDEN AREA"),
                        _("%" PRIu64 " bytes of %" PRIu64 ": NOT COLLECTED"), hidden,
                        acquisition_number(asked, "hidden.real_bytes"));
    else
        form_add(f, FORM_FACT, _("Hidden area"),
                 json_is_true(document_get(asked, "hidden.known"))
                     ? _("none, by what the device says")
                     : _("NOT KNOWN whether there is one"));
}

static void put_asked(struct form *f, const json_t *asked) {
    const json_t *self = document_get(asked, "identify");
    acquisition_put_time(f, _("Asked"), asked, "time", true);
    if (json_is_true(json_object_get(self, "given"))) {
        acquisition_put_known(f, _("Says its model"), self, "model");
        acquisition_put_known(f, _("Says its serial"), self, "serial");
        acquisition_put_known(f, _("Says its firmware"), self, "firmware");
        put_sectors(f, _("Says it shows"), asked, "identify");
        acquisition_put_answer(f, _("Solid-state"), self, "solid_state");
        acquisition_put_answer(f, _("Locked"), self, "locked");
    } else
        acquisition_put_text(f, _("Its own identity"), self, "why", true);
    put_sectors(f, _("Native max. (HPA)"), asked, "native_max");
    put_sectors(f, _("Overlay (DCO)"), asked, "overlay");
    put_sectors(f, _("Accessible max."), asked, "accessible_max");
    put_hidden(f, asked);
}

void acquisition_put_device(struct form *f, const json_t *sitting) {
    const json_t *d = document_get(sitting, "what.device");
    if (d == NULL)
        return;
    acquisition_put_heading(f, _("The device"), document_get(sitting, "entry"));
    put_identity(f, d);
    put_partitions(f, d);
    put_use(f, d);
    put_flag(f, document_get(d, "read_only_flag"));
    put_asked(f, document_get(d, "asked"));
}

/* ---- after ---- */

static const json_t *counter_of(const json_t *asked, const char *name) {
    size_t i;
    json_t *one;
    json_array_foreach(document_get(asked, "smart.counters"), i, one) {
        const char *other = document_text(one, "name");
        if (other != NULL && strcmp(other, name) == 0)
            return one;
    }
    return NULL;
}

static void put_counters(struct form *f, const json_t *before, const json_t *after) {
    size_t i;
    json_t *one;
    if (!json_is_true(document_get(after, "smart.given")))
        acquisition_put_text(f, _("Counters (SMART)"), after, "smart.why", true);
    json_array_foreach(document_get(after, "smart.counters"), i, one) {
        const char *name = document_text(one, "name");
        const json_t *was = name != NULL ? counter_of(before, name) : NULL;
        uint64_t now = acquisition_number(one, "value"), then = acquisition_number(was, "value");
        if (name == NULL)
            continue;
        if (was == NULL)
            form_add_format(f, FORM_FACT, form_words(f, name), _("%" PRIu64 "; before: NOT KNOWN"),
                            now);
        else
            form_add_format(f, FORM_FACT, form_words(f, name),
                            now != then ? _("%" PRIu64 " before, %" PRIu64 " AFTER")
                                        : _("%" PRIu64 " before, %" PRIu64 " after"),
                            then, now);
    }
}

void acquisition_put_device_after(struct form *f, const json_t *before, const json_t *outcome) {
    const json_t *after = document_get(outcome, "what.device_after");
    if (before == NULL)
        return;
    acquisition_put_heading(f, _("The device, after it was read"), document_get(outcome, "entry"));
    if (after == NULL) {
        form_add(f, FORM_TEXT, NULL, _("NOT RECORDED"));
        return;
    }
    acquisition_put_time(f, _("Asked"), after, "asked.time", true);
    acquisition_put_answer(f, _("Read-only still"), after, "read_only_flag.now");
    put_counters(f, document_get(before, "asked"), document_get(after, "asked"));
}
