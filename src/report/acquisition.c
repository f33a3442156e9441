/* SPDX-License-Identifier: Apache-2.0 */
/* What an acquisition report says, block by block. */
#include "report/acquisition.h"

#include "base/clock.h"
#include "base/cursor.h"
#include "report/acquisition_internal.h"

#include <inttypes.h>
#include <libintl.h>
#include <sodium.h>
#include <stdio.h>

#define _(text)  gettext(text)
#define N_(text) text

/* ---- values ---- */

uint64_t acquisition_number(const json_t *from, const char *path) {
    json_int_t value = json_integer_value(document_get(from, path));
    return value > 0 ? (uint64_t)value : 0;
}

static void put_missing(struct form *f, const char *name, bool needed) {
    if (needed)
        form_add(f, FORM_FACT, name, _("NOT RECORDED"));
}

void acquisition_put_text(struct form *f, const char *name, const json_t *from, const char *path,
                          bool needed) {
    const char *text = document_text(from, path);
    if (text != NULL)
        form_add(f, FORM_FACT, name, form_words(f, text));
    else
        put_missing(f, name, needed);
}

void acquisition_put_known(struct form *f, const char *name, const json_t *from, const char *path) {
    const char *text = document_text(from, path);
    form_add(f, FORM_FACT, name, text != NULL ? form_words(f, text) : _("NOT KNOWN"));
}

/* "2026-11-22 21:08:00.123 UTC" */
static bool time_words(const char *text, char to[static 40]) {
    int64_t utc_ns;
    if (text == NULL || !ex_time_parse(text, strlen(text), &utc_ns))
        return false;
    (void)snprintf(to, 40, "%.10s %.12s UTC", text, text + 11);
    return true;
}

void acquisition_put_time(struct form *f, const char *name, const json_t *from, const char *path,
                          bool needed) {
    char words[40];
    if (time_words(document_text(from, path), words))
        form_add(f, FORM_FACT, name, words);
    else
        put_missing(f, name, needed);
}

void acquisition_put_bytes(struct form *f, const char *name, const json_t *from, const char *path,
                           bool needed) {
    if (json_is_integer(document_get(from, path)))
        form_add_format(f, FORM_FACT, name, _("%" PRIu64 " bytes"), acquisition_number(from, path));
    else
        put_missing(f, name, needed);
}

void acquisition_put_number(struct form *f, const char *name, const json_t *from, const char *path,
                            bool needed) {
    if (json_is_integer(document_get(from, path)))
        form_add_format(f, FORM_FACT, name, "%" PRIu64, acquisition_number(from, path));
    else
        put_missing(f, name, needed);
}

void acquisition_put_answer(struct form *f, const char *name, const json_t *from,
                            const char *path) {
    const json_t *value = document_get(from, path);
    form_add(f, FORM_FACT, name,
             json_is_true(value)    ? _("yes")
             : json_is_false(value) ? _("no")
                                    : _("NOT KNOWN"));
}

void acquisition_put_heading(struct form *f, const char *title, const json_t *entry) {
    if (json_is_integer(entry))
        form_add_format(f, FORM_HEADING, NULL, _("%s (entry %" PRIu64 ")"), title,
                        (uint64_t)json_integer_value(entry));
    else
        form_add(f, FORM_HEADING, NULL, title);
}

/* ---- the item ---- */

static void put_item(struct form *f, const json_t *report) {
    const json_t *item = document_get(report, "item");
    form_add_format(f, FORM_SUBTITLE, NULL, _("Item %s"),
                    form_words(f, document_text(item, "label")));
    acquisition_put_text(f, _("Agency"), report, "agency", true);
    acquisition_put_text(f, _("Case"), item, "case.number", true);
    acquisition_put_text(f, _("Title of the case"), report, "case_title", false);
    acquisition_put_text(f, _("Called"), item, "label_text", false);
    acquisition_put_text(f, _("Item's id"), item, "id", true);
    acquisition_put_result(f, report);
}

/* ---- one sitting: an intent ---- */

static void put_clock(struct form *f, const json_t *entry) {
    const char *clock = document_text(entry, "clock");
    bool kept = clock != NULL && strcmp(clock, "kernel-synchronised") == 0;
    form_add(f, FORM_FACT, _("Clock"),
             clock == NULL ? _("NOT RECORDED")
             : kept        ? _("of the machine, and something kept it right")
                           : _("of the machine; NOTHING KEPT IT RIGHT"));
    acquisition_put_text(f, _("Zone"), entry, "zone", true);
}

static void put_who(struct form *f, const json_t *entry) {
    acquisition_put_text(f, _("Officer"), entry, "who.officer.name", true);
    acquisition_put_text(f, _("Officer's id"), entry, "who.officer.id", true);
    acquisition_put_text(f, _("Machine"), entry, "who.machine.hostname", true);
    acquisition_put_text(f, _("System"), entry, "who.machine.system", true);
    acquisition_put_text(f, _("User"), entry, "who.machine.user", true);
    if (document_text(entry, "who.program.name") != NULL)
        form_add_format(f, FORM_FACT, _("Program"), "%s %s",
                        form_words(f, document_text(entry, "who.program.name")),
                        document_text(entry, "who.program.version") != NULL
                            ? form_words(f, document_text(entry, "who.program.version"))
                            : "?");
    else
        put_missing(f, _("Program"), true);
}

/* The command as it was given: words, flags, operands. */
static void put_command(struct form *f, const json_t *entry) {
    const char *words = document_text(entry, "what.command"), *key;
    json_t *value;
    size_t i;
    if (words == NULL) {
        put_missing(f, _("Command"), true);
        return;
    }
    form_add(f, FORM_FACT, _("Command"), form_words(f, words));
    json_array_foreach(json_object_get(document_get(entry, "what.query"), "operands"), i, value)
        form_add(f, FORM_FACT, _("  with"),
                 json_is_string(value) ? form_words(f, json_string_value(value)) : "?");
    json_t *flags = json_object_get(document_get(entry, "what.query"), "flags");
    json_object_foreach(flags, key,
                        value) if (json_is_string(value) && strstr(key, "_base64") == NULL)
        form_add_format(f, FORM_FACT, _("  with"), "--%s %s", form_words(f, key),
                        form_words(f, json_string_value(value)));
}

static void put_source(struct form *f, const json_t *what) {
    const json_t *source = document_get(what, "source");
    const char *kind = document_text(source, "kind");
    form_add(f, FORM_FACT, _("Source"),
             kind == NULL                     ? _("NOT RECORDED")
             : strcmp(kind, "file") == 0      ? _("a file")
             : strcmp(kind, "stdin") == 0     ? _("standard input")
             : strcmp(kind, "device") == 0    ? _("a block device")
             : strcmp(kind, "folder") == 0    ? _("a folder")
             : strcmp(kind, "container") == 0 ? _("what is in an image that somebody made")
                                              : form_words(f, kind));
    acquisition_put_text(f, _("Path"), source, "path", true);
    acquisition_put_text(f, _("Path without links"), source, "resolved", false);
    if (document_get(source, "link") != NULL)
        acquisition_put_answer(f, _("Through a link"), source, "link");
    acquisition_put_bytes(f, _("Size"), source, "size_bytes", false);
    acquisition_put_bytes(f, _("Sector size"), source, "sector_bytes", false);
    acquisition_put_time(f, _("Modified"), source, "modified", false);
    acquisition_put_time(f, _("Changed"), source, "changed", false);
    acquisition_put_time(f, _("Accessed"), source, "accessed", false);
}

/* How much trouble was to be taken over what cannot be read. */
static void put_effort(struct form *f, const json_t *effort) {
    size_t i;
    json_t *one;
    acquisition_put_number(f, _("Retries"), effort, "retries", true);
    if (acquisition_number(effort, "error_seconds") > 0)
        form_add_format(f, FORM_FACT, _("Time for errors"), _("%" PRIu64 " seconds a region"),
                        acquisition_number(effort, "error_seconds"));
    acquisition_put_number(f, _("Errors at most"), effort, "max_errors", false);
    json_array_foreach(document_get(effort, "skip"), i, one)
        form_add_format(f, FORM_FACT, _("TO BE LEFT OUT"), _("byte %" PRIu64 ", length %" PRIu64),
                        acquisition_number(one, "offset"), acquisition_number(one, "length"));
}

static void put_method(struct form *f, const json_t *what) {
    const char *kind = document_text(what, "source.kind");
    bool device = kind != NULL && strcmp(kind, "device") == 0;
    form_add(f, FORM_FACT, _("Opened"), _("for reading only"));
    if (device)
        form_add(f, FORM_FACT, _("Read"),
                 _("directly, past the page cache; around errors down to "
                   "the sector"));
    if (document_get(what, "source.write_guarded") != NULL)
        acquisition_put_answer(f, _("Guarded"), what, "source.write_guarded");
    if (json_is_false(document_get(what, "source.write_guarded")))
        form_add(f, FORM_FACT, _("NOT CHECKED"),
                 _("whether it was written to while it was read: it could not be kept from that, "
                   "and only its size and times were compared; writing through a mapping need not "
                   "change them"));
    acquisition_put_text(f, _("Read-back"), what, "readback", true);
    if (document_get(what, "effort") != NULL)
        put_effort(f, document_get(what, "effort"));
}

static void put_sitting(struct form *f, const json_t *s, size_t number, size_t count) {
    char title[80];
    (void)snprintf(title, sizeof title, count > 1 ? _("Begun, sitting %zu of %zu") : _("Begun"),
                   number, count);
    acquisition_put_heading(f, title, document_get(s, "entry"));
    acquisition_put_time(f, _("Time"), s, "time", true);
    put_clock(f, s);
    put_who(f, s);
    put_command(f, s);
    acquisition_put_text(f, _("Reason"), s, "why.reason", false);
    acquisition_put_text(f, _("Legal basis"), s, "why.legal_basis", false);
    const json_t *what = document_get(s, "what");
    if (what == NULL) {
        form_add(f, FORM_TEXT, NULL, _("What this entry says could not be read."));
        return;
    }
    if (document_get(what, "resumes") != NULL)
        form_add_format(f, FORM_FACT, _("Goes on from"),
                        _("entry %" PRIu64 ", at byte %" PRIu64 " of the source"),
                        acquisition_number(what, "resumes.intent"),
                        acquisition_number(what, "resumes.offset"));
    put_source(f, what);
    put_method(f, what);
    acquisition_put_device(f, s);
}

/* ---- the outcome ---- */

static void put_digests(struct form *f, const json_t *item) {
    acquisition_put_bytes(f, _("Size"), item, "size_bytes", true);
    acquisition_put_text(f, "SHA-256", item, "sha256", true);
    acquisition_put_text(f, "fs-verity", item, "fsverity", true);
    acquisition_put_text(f, _("Object"), item, "object", true);
}

/* As far as it is known where the answer came from: vault.md §4. */
static const char *method_words(const char *method) {
    return method == NULL || strcmp(method, "none") == 0 ? NULL
           : strcmp(method, "direct") == 0
               ? _("past this machine's page cache; a drive's own cache may have answered")
           : strcmp(method, "memory") == 0
               ? _("FROM MEMORY: the vault lay in the machine's memory, not on a disk")
               : _("after asking the system to drop its page cache; that one, or a drive's own, "
                   "may have answered all the same");
}

static void put_stored(struct form *f, const json_t *stored) {
    const char *method = method_words(document_text(stored, "readback_method"));
    const char *what = document_text(stored, "readback");
    acquisition_put_bytes(f, _("Data"), stored, "data_bytes", false);
    acquisition_put_bytes(f, _("Constant"), stored, "constant_bytes", false);
    acquisition_put_bytes(f, _("New in the vault"), stored, "new_bytes", false);
    acquisition_put_bytes(f, _("There already"), stored, "reused_bytes", false);
    acquisition_put_time(f, _("  verified since"), stored, "reused_oldest_verified", false);
    form_add(f, FORM_FACT, _("Read back"),
             what == NULL                ? _("NOT RECORDED")
             : strcmp(what, "none") == 0 ? _("NOTHING was read back from the vault's disk")
             : strcmp(what, "all") == 0  ? _("everything, and it matched")
                                         : _("what was new, and it matched"));
    if (method != NULL && what != NULL && strcmp(what, "none") != 0)
        form_add(f, FORM_FACT, _("  how"), method);
}

static void put_outcome(struct form *f, const json_t *report) {
    const json_t *outcome = document_get(report, "outcome");
    const json_t *item = document_get(report, "item");
    acquisition_put_heading(f, _("Done"), document_get(outcome, "entry"));
    acquisition_put_time(f, _("Time"), outcome, "time", true);
    put_clock(f, outcome);
    acquisition_put_text(f, _("Officer"), outcome, "who.officer.name", true);
    acquisition_put_text(f, _("Result"), outcome, "result", true);
    put_digests(f, item);
    put_stored(f, document_get(outcome, "what.stored"));
    acquisition_put_folder(f, document_get(item, "folder"), document_get(outcome, "entry"));
    acquisition_put_container(f, document_get(item, "container"), document_get(outcome, "entry"));
    acquisition_put_unread(f, report, item);
    acquisition_put_again(f, item);
    const json_t *first = json_array_get(document_get(report, "sittings"), 0);
    acquisition_put_device_after(f, document_get(first, "what.device"), outcome);
}

/* ---- what it can be compared with ---- */

/* format/ledger §7.3 */
static void put_mark(struct form *f, const json_t *mark) {
    uint8_t root[32];
    char coded[sodium_base64_ENCODED_LEN(sizeof root, sodium_base64_VARIANT_ORIGINAL)];
    const char *hex = document_text(mark, "root"), *leaf = document_text(mark, "leaf");
    const char *log = document_text(mark, "log");
    if (hex == NULL || leaf == NULL || log == NULL ||
        !ex_parse_hex(hex, strlen(hex), root, sizeof root))
        return;
    sodium_bin2base64(coded, sizeof coded, root, sizeof root, sodium_base64_VARIANT_ORIGINAL);
    form_add(f, FORM_HEADING, NULL, _("To compare with the ledger"));
    form_add_format(f, FORM_MARK, NULL,
                    "exhibit-mark/v1 log %s size %" PRIu64 " root %s entry %" PRIu64 " leaf %s",
                    form_words(f, log), acquisition_number(mark, "size"), coded,
                    acquisition_number(mark, "entry"), form_words(f, leaf));
    form_add_format(f, FORM_TEXT, NULL,
                    _("The mark names the entry that says the item was collected, %" PRIu64
                      ", and the state of the ledger that this report was made from: %" PRIu64
                      " entries. Whoever has the ledger can see whether both are in it."),
                    acquisition_number(mark, "entry"), acquisition_number(mark, "size"));
}

static void put_limits(struct form *f, const json_t *report) {
    size_t i;
    json_t *one;
    form_add(f, FORM_HEADING, NULL, _("What this report does not prove"));
    json_array_foreach(document_get(report, "does_not_prove"), i, one) if (json_is_string(one))
        form_add(f, FORM_POINT, NULL, _(json_string_value(one)));
}

static void put_maker(struct form *f, const json_t *made) {
    char time[40] = "?";
    (void)time_words(document_text(made, "time"), time);
    form_add_format(f, FORM_TEXT, NULL, _("Made on %s by %s (%s), with %s."), time,
                    form_words(f, document_text(made, "by")),
                    form_words(f, document_text(made, "by_id")), f->maker);
}

static void put_lines(struct form *f) {
    static const char *const lines[] = {N_("Examiner: name, office, signature"),
                                        N_("Date, time, place")};
    form_add(f, FORM_HEADING, NULL, _("For use on paper"));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        form_add(f, FORM_LINE, NULL, _(lines[i]));
}

/* ---- all of it ---- */

static ex_code check(const json_t *report, struct ex_error *err) {
    static const char *const needed[] = {"item.label", "item.id",      "made.by",     "made.by_id",
                                         "made.time",  "made.program", "made.version"};
    const char *format = document_text(report, "format");
    bool whole = format != NULL && strcmp(format, "exhibit-acquisition-report") == 0 &&
                 json_is_array(document_get(report, "sittings"));
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        whole = whole && document_text(report, needed[i]) != NULL;
    return whole ? EX_OK
                 : ex_fail(err, EX_INTERNAL,
                           "an acquisition report lacks what it cannot do "
                           "without");
}

static const char *joined(struct form *f, const char *one, const char *between, const char *two) {
    char *text = NULL;
    if (asprintf(&text, "%s%s%s", one, between, two) < 0)
        text = NULL;
    return form_keep(f, text);
}

static void put_all(struct form *f, const json_t *report) {
    const json_t *sittings = document_get(report, "sittings");
    size_t i;
    json_t *one;
    const char *made = document_text(report, "made.time");
    if (!ex_time_parse(made, strlen(made), &f->made_ns))
        f->made_ns = 0;
    f->maker = joined(f, form_words(f, document_text(report, "made.program")), " ",
                      form_words(f, document_text(report, "made.version")));
    f->title = joined(f, _("Acquisition report of item"), " ",
                      form_words(f, document_text(report, "item.label")));
    f->footer = joined(f, f->title, " · ", form_words(f, document_text(report, "item.id")));
    form_add(f, FORM_TITLE, NULL, _("Acquisition report"));
    put_item(f, report);
    json_array_foreach(sittings, i, one) put_sitting(f, one, i + 1, json_array_size(sittings));
    put_outcome(f, report);
    put_mark(f, document_get(report, "mark"));
    put_limits(f, report);
    put_maker(f, document_get(report, "made"));
    put_lines(f);
}

static ex_code write_form(struct form *f, enum acquisition_format format, char **ret,
                          size_t *ret_bytes, struct ex_error *err) {
    EX_TRY(form_check(f, err));
    switch (format) {
    case ACQUISITION_TEXT:
        return form_write_text(f, ret, ret_bytes, err);
    case ACQUISITION_HTML:
        return form_write_html(f, ret, ret_bytes, err);
    case ACQUISITION_PDF:
        return form_write_pdf(f, ret, ret_bytes, err);
    }
    return ex_fail(err, EX_INTERNAL, "there is no such format of a report");
}

ex_code acquisition_make(const json_t *report, enum acquisition_format format, char **ret,
                         size_t *ret_bytes, struct ex_error *err) {
    struct form f = {0};
    EX_TRY(check(report, err));
    put_all(&f, report);
    ex_code code = write_form(&f, format, ret, ret_bytes, err);
    form_clear(&f);
    return code;
}
