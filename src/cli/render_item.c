/* SPDX-License-Identifier: Apache-2.0 */
/* Pages about items: collect, item list, item show, export, custody log. */
#include "cli/render.h"

#include "base/mem.h"
#include <string.h>

static void put_outside_text(struct cli_page *page, const char *name, const json_t *value,
                             const char *path) {
    EX_AUTO_FREE char *bytes = page_bytes(value, path);
    if (bytes != NULL)
        page_field(page, name, "%s", bytes);
}

/* Nobody kept writers away: what could then have happened unseen is told where the hash is. */
static void put_unguarded(struct cli_page *page, const json_t *source) {
    if (json_is_false(page_get(source, "write_guarded")))
        page_field(page, _("Not checked"), "%s",
                   _("whether it was written to while it was read: it could not be kept from that, "
                     "and only its size and times were compared; writing through a mapping need "
                     "not change them"));
}

/* Second readings: of what was missing of another item, and of all of it. */
static void put_again(struct cli_page *page, const json_t *item) {
    char bytes[CLI_NUMBER_BYTES], ranges[CLI_NUMBER_BYTES];
    if (page_has(item, "filled")) {
        page_field(page, _("Filled"),
                   _("%s that were missing of %s; the rest is what was held of it"),
                   page_size_text(bytes, item, "filled.filled_bytes"),
                   page_text_or(item, "filled.item.label", "?"));
        if (page_has(item, "filled.ended"))
            page_say(page, 2, _("then the source gave nothing more: %s"),
                     page_text_or(item, "filled.ended.text", "?"));
    }
    if (page_has(item, "second_reading.error"))
        page_field(page, _("Read twice"), _("the second reading failed: %s"),
                   page_text_or(item, "second_reading.error.text", "?"));
    else if (page_has(item, "second_reading") &&
             page_number(item, "second_reading.differs.bytes") == 0)
        page_field(page, _("Read twice"), _("the source gave the same bytes again: %s"),
                   page_size_text(bytes, item, "second_reading.compared_bytes"));
    else if (page_has(item, "second_reading"))
        page_field(page, _("Read twice"),
                   _("THE SOURCE GAVE OTHER BYTES the second time: sectors of %s in %s places"),
                   page_size_text(bytes, item, "second_reading.differs.bytes"),
                   page_number_text(ranges, item, "second_reading.differs.ranges"));
    if (page_number(item, "second_reading.unread_bytes") > 0)
        page_say(page, 2, _("%s did not come the second time"),
                 page_size_text(bytes, item, "second_reading.unread_bytes"));
}

static void put_hashes(struct cli_page *page, size_t indent, const json_t *item) {
    page_hash(page, indent, "SHA-256", page_text(item, "sha256"));
    page_hash(page, indent, _("fs-verity digest"), page_text(item, "fsverity"));
}

/* A signature is a claim: the words say by what, and what was not done. */
static void put_kind(struct cli_page *page, const json_t *item) {
    const json_t *kind = page_get(item, "looks_like");
    if (kind == NULL)
        return;
    const char *text = page_text(kind, "text"), *detail = page_text(kind, "detail");
    if (strcmp(page_text_or(kind, "by", ""), "names") == 0)
        page_field(page, _("Looks like"), _("%s, by the names of files in it (%s); not opened"),
                   cli_translate(text != NULL ? text : "?"), detail != NULL ? detail : "?");
    else if (json_is_true(page_get(kind, "unread")))
        page_field(page, _("Looks like"), "%s",
                   _("not known: its first bytes could not be read from the source"));
    else if (text == NULL)
        page_field(page, _("Looks like"), "%s", _("nothing known, by its first bytes; not opened"));
    else if (detail == NULL)
        page_field(page, _("Looks like"), _("%s, by its first bytes; not opened"),
                   cli_translate(text));
    else
        page_field(page, _("Looks like"), _("%s (%s), by its first bytes; not opened"),
                   cli_translate(text), detail);
}

/* Two officers decided that it goes. */
static void put_disposed(struct cli_page *page, const json_t *item) {
    char proposal[CLI_NUMBER_BYTES], approval[CLI_NUMBER_BYTES];
    if (!page_has(item, "disposed"))
        return;
    page_say(page, 2,
             json_is_true(page_get(item, "disposed.complete"))
                 ? _("DISPOSED OF, by ledger entries %s and %s")
                 : _("DISPOSED OF, by ledger entries %s and %s; parts may still be there"),
             page_number_text(proposal, item, "disposed.proposal"),
             page_number_text(approval, item, "disposed.approval"));
}

/* When and how it came into the ledger. */
static void put_beginning(struct cli_page *page, const json_t *item) {
    static const struct {
        const char *key, *name;
    } ways[] = {{"collected", N_("Collected")},
                {"registered", N_("Registered")},
                {"imported", N_("Imported")}};
    char time[PAGE_TIME_BYTES];
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (page_has(item, ways[i].key)) {
            page_time_text(time, page_text(item, ways[i].key), page_text(item, "zone"));
            page_field(page, _(ways[i].name), "%s", time);
        }
}

/* A thing, of which there are no bytes. */
static void put_physical(struct cli_page *page, const json_t *item) {
    size_t i = 0;
    json_t *one = NULL;
    page_field(page, _("Physical item"), "%s",
               page_text_or(item, "description", _("not recorded")));
    if (page_has(item, "serial"))
        page_field(page, _("Serial number"), "%s", page_text_or(item, "serial", ""));
    json_array_foreach(page_get(item, "seals"), i, one)
        page_field(page, i == 0 ? _("Seals") : "", "%s", json_string_value(one));
    if (json_array_size(page_get(item, "seals")) == 0)
        page_field(page, _("Seals"), "%s", _("none"));
    if (page_has(item, "place"))
        page_field(page, _("Place"), "%s", page_text_or(item, "place", ""));
    json_array_foreach(page_get(item, "photographs"), i, one) page_field(
        page, i == 0 ? _("Photographs") : "", _("item %s"), page_text_or(one, "label", "?"));
}

static void put_item_head(struct cli_page *page, const json_t *item) {
    char size[CLI_NUMBER_BYTES];
    page_field(page, _("Item"), "%s", page_text_or(item, "label", _("not recorded")));
    if (page_has(item, "label_text"))
        page_field(page, _("Label"), "%s", page_text_or(item, "label_text", ""));
    page_field(page, _("Item id"), "%s", page_text_or(item, "id", _("not recorded")));
    page_field(page, _("Case"), "%s", page_text_or(item, "case.number", _("not recorded")));
    put_beginning(page, item);
    page_field(page, _("By officer"), "%s", page_text_or(item, "officer", _("not recorded")));
    if (json_is_true(page_get(item, "physical"))) {
        put_physical(page, item);
        put_disposed(page, item);
        return;
    }
    render_sittings(page, item);
    page_field(page, _("Size"), "%s", page_size_text(size, item, "size_bytes"));
    put_hashes(page, 0, item);
    if (page_has(item, "container"))
        render_container(page, page_get(item, "container"));
    if (page_has(item, "folder"))
        render_folder(page, page_get(item, "folder"));
    else
        page_not_read(page, 0, page_get(item, "not_read"));
    if (!page_has(item, "folder") || page_number(item, "unreadable.bytes") > 0)
        page_unread(page, item);
    put_again(page, item);
    put_unguarded(page, page_get(item, "source"));
    put_kind(page, item);
    put_disposed(page, item);
}

/* ---- collect ---- */

/* As far as it is known where the answer came from, and no further: vault.md §4. */
static void put_readback(struct cli_page *page, const json_t *stored) {
    const char *what = page_text_or(stored, "readback", "");
    const char *how = page_text_or(stored, "readback_method", "");
    bool all = strcmp(what, "all") == 0, any = strcmp(how, "none") != 0;
    page_field(page, _("Read back"), "%s",
               strcmp(what, "none") == 0
                   ? _("nothing: not checked yet that the disk holds what was written")
               : all ? _("everything, and it matched")
               : any ? _("new parts, and they matched")
                     : _("nothing: there were no new parts"));
    if (strcmp(how, "direct") == 0)
        page_field(page, _("  how"), "%s",
                   _("past this machine's page cache; a drive's own cache may have answered"));
    if (strcmp(how, "cache-dropped") == 0)
        page_field(page, _("  how"), "%s",
                   _("after asking the system to drop its page cache; that one, or a drive's own, "
                     "may have answered all the same"));
    if (strcmp(how, "memory") == 0)
        page_field(page, _("  how"), "%s",
                   _("FROM MEMORY: the vault lies in this machine's memory, not on a disk"));
}

static void put_stored(struct cli_page *page, const json_t *stored) {
    char added[CLI_NUMBER_BYTES];
    char reused[CLI_NUMBER_BYTES];
    char time[PAGE_TIME_BYTES];
    page_field(page, _("Added to disk"), "%s", page_size_text(added, stored, "added_bytes"));
    if (page_number(stored, "reused_bytes") > 0) {
        page_field(page, _("Shared"), _("%s were in the vault already"),
                   page_size_text(reused, stored, "reused_bytes"));
        page_time_text(time, page_text(stored, "reused_oldest_verified"), NULL);
        page_field(page, _("  last verified"), "%s", time);
    }
    put_readback(page, stored);
}

void render_collect(struct cli_page *page, const json_t *result) {
    if (page_has(result, "sources")) {
        render_collect_many(page, result);
        return;
    }
    const json_t *item = page_get(result, "item");
    const char *label = page_text_or(item, "label", "?");
    bool partial = strcmp(page_text_or(item, "result", ""), "partial") == 0;
    uint64_t skipped = page_number(item, "skipped.bytes");
    page_say(page, 0,
             !partial                   ? _("Collected item %s.")
             : page_has(item, "folder") ? _("Collected item %s, but not everything of the folder.")
             : page_has(item, "container") && page_number(item, "unreadable.bytes") == 0
                 ? _("Collected item %s, but the image states another hash than what came has.")
             : page_has(item, "container")
                 ? _("Collected item %s, but not all that the image should hold came from it.")
             : skipped > 0 && skipped == page_number(item, "unreadable.bytes")
                 ? _("Collected item %s, without the parts that were to be left out.")
                 : _("Collected item %s, but not all of the source was read."),
             label);
    page_gap(page);
    put_item_head(page, item);
    if (strcmp(page_text_or(item, "source.kind", ""), "stdin") == 0)
        page_field(page, _("Source"), "%s", _("standard input"));
    else
        put_outside_text(page, _("Source"), item, "source.path");
    page_device(page, page_get(item, "device"));
    put_stored(page, page_get(result, "stored"));
    page_warnings(page, page_get(item, "warnings"));
    page_gap(page);
    page_recorded(page, result);
    page_next(page,
              _("label the original %s and seal it; `exhibit verify %s` reads the copy again"),
              label, label);
}

/* ---- item register ---- */

void render_item_register(struct cli_page *page, const json_t *result) {
    const json_t *item = page_get(result, "item");
    const char *label = page_text_or(item, "label", "?");
    page_say(page, 0, _("Registered the physical item %s."), label);
    page_gap(page);
    put_item_head(page, item);
    page_gap(page);
    page_recorded(page, result);
    page_next(page,
              _("label it %s; who gets it signs for it: exhibit handover offer %s --to NAME "
                "--seals LIST"),
              label, label);
}

/* ---- item list, item show ---- */

/* "2,7 MB, collected TIME by NAME" */
static void put_row_beginning(struct cli_page *page, const json_t *item) {
    char size[CLI_NUMBER_BYTES], time[PAGE_TIME_BYTES];
    const char *officer = page_text_or(item, "officer", "?");
    bool physical = json_is_true(page_get(item, "physical"));
    const char *key = page_has(item, "imported")     ? "imported"
                      : page_has(item, "registered") ? "registered"
                                                     : "collected";
    page_time_text(time, page_text(item, key), page_text(item, "zone"));
    if (physical)
        page_say(page, 2, "%s", page_text_or(item, "description", _("not recorded")));
    page_size_text(size, item, "size_bytes");
    if (strcmp(key, "registered") == 0)
        page_say(page, 2, _("physical, registered %s by %s"), time, officer);
    else if (strcmp(key, "imported") == 0)
        page_say(page, 2, _("%s, imported %s"), physical ? _("physical") : size, time);
    else
        page_say(page, 2, _("%s, collected %s by %s"), size, time, officer);
}

static void put_row_kind(struct cli_page *page, const json_t *item) {
    const char *text = page_text(item, "looks_like.text");
    const char *detail = page_text(item, "looks_like.detail");
    if (text != NULL && detail != NULL)
        page_say(page, 2, _("looks like: %s (%s)"), cli_translate(text), detail);
    else if (text != NULL)
        page_say(page, 2, _("looks like: %s"), cli_translate(text));
}

static void put_item_row(struct cli_page *page, const json_t *item) {
    char unread[CLI_NUMBER_BYTES];
    char time[PAGE_TIME_BYTES];
    const char *label_text = page_text_or(item, "label_text", "");
    page_say(page, 0, "%s%s%s", page_text_or(item, "label", "?"), label_text[0] == '\0' ? "" : "  ",
             label_text);
    put_disposed(page, item);
    put_row_beginning(page, item);
    if (json_is_true(page_get(item, "physical")))
        return;
    if (page_number(item, "unreadable.bytes") > 0)
        page_say(page, 2, _("not read from the source: %s"),
                 page_size_text(unread, item, "unreadable.bytes"));
    page_not_read(page, 2, page_get(item, "not_read"));
    put_row_kind(page, item);
    if (page_has(item, "verified"))
        page_say(page, 2, _("last found good %s"),
                 page_time_text(time, page_text(item, "verified"), NULL));
    else if (page_get(item, "verified") != NULL) /* a list does not look for it */
        page_say(page, 2, _("not verified since it was taken in"));
    page_say(page, 2, "SHA-256 %s", page_text_or(item, "sha256", _("not recorded")));
}

void render_item_list(struct cli_page *page, const json_t *result) {
    const json_t *items = page_get(result, "items");
    if (json_array_size(items) == 0) {
        page_say(page, 0, _("There are no items."));
        page_next(page, _("take evidence in: exhibit collect SOURCE --case N"));
    }
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(items, i, item) {
        put_item_row(page, item);
    }
    page_recorded_talk(page, result);
}

static void put_source_time(struct cli_page *page, const char *name, const json_t *source,
                            const char *path) {
    char time[PAGE_TIME_BYTES];
    char seconds[40];
    (void)snprintf(seconds, sizeof seconds, "%s_seconds", path);
    if (page_has(source, path))
        page_field(page, name, "%s", page_time_text(time, page_text(source, path), NULL));
    else if (page_has(source, seconds)) /* of 1970, and further than a time text goes */
        page_field(page, name, "%s", page_text(source, seconds));
}

static void put_answer(struct cli_page *page, const char *question, const json_t *answer) {
    page_say(page, 2, "%s: %s", question,
             !json_is_boolean(answer) ? _("not recorded")
             : json_is_true(answer)   ? _("yes")
                                      : _("no"));
}

static void put_file_source(struct cli_page *page, const json_t *source) {
    if (page_has(source, "resolved"))
        put_outside_text(page, _("  resolved path"), source, "resolved");
    else
        page_field(page, _("  resolved path"), "%s", _("not recorded"));
    put_answer(page, _("reached through a symbolic link"), page_get(source, "link"));
    put_answer(page, _("kept from being written to while it was read"),
               page_get(source, "write_guarded"));
}

static void put_source(struct cli_page *page, const json_t *item) {
    const json_t *source = page_get(item, "source");
    char size[CLI_NUMBER_BYTES];
    page_gap(page);
    page_say(page, 0, _("Source, as it was when it was taken in"));
    const char *kind = page_text_or(source, "kind", "");
    page_field(page, _("  kind"), "%s",
               strcmp(kind, "stdin") == 0    ? _("standard input")
               : strcmp(kind, "file") == 0   ? _("file")
               : strcmp(kind, "device") == 0 ? _("block device")
               : strcmp(kind, "folder") == 0 ? _("folder")
               : strcmp(kind, "container") == 0
                   ? _("image that somebody made; the item is what is in it")
                   : kind);
    put_outside_text(page, _("  path"), source, "path");
    if (strcmp(kind, "file") == 0)
        put_file_source(page, source);
    page_device(page, page_get(item, "device"));
    if (page_has(source, "size_bytes"))
        page_field(page, _("  size"), "%s", page_size_text(size, source, "size_bytes"));
    put_source_time(page, _("  modified"), source, "modified");
    put_source_time(page, _("  changed"), source, "changed");
    put_source_time(page, _("  accessed"), source, "accessed");
}

static void put_entries(struct cli_page *page, const json_t *item) {
    char intent[CLI_NUMBER_BYTES];
    char outcome[CLI_NUMBER_BYTES];
    page_number_text(outcome, item, "entry_outcome");
    if (page_has(item, "entry_intent"))
        page_field(page, _("Ledger entries"), _("begun in %s, done in %s"),
                   page_number_text(intent, item, "entry_intent"), outcome);
    else
        page_field(page, _("Ledger entry"), "%s", outcome);
}

/* What concerns the bytes. */
static void put_checks(struct cli_page *page, const json_t *item) {
    char time[PAGE_TIME_BYTES];
    if (page_has(item, "verified"))
        page_time_text(time, page_text(item, "verified"), NULL);
    page_field(page, _("Last found good"), "%s",
               page_has(item, "verified") ? time : _("not verified since it was taken in"));
    if (page_has(item, "damage_found")) {
        page_time_text(time, page_text(item, "damage_found"), NULL);
        page_field(page, _("Last found damaged"), "%s", time);
    }
}

void render_item_show(struct cli_page *page, const json_t *result) {
    const json_t *item = page_get(result, "item");
    bool physical = json_is_true(page_get(item, "physical"));
    if (page_has(result, "map")) {
        (void)fputs(page_text_or(result, "map", ""), page->out);
        return;
    }
    put_item_head(page, item);
    if (!physical)
        page_hash(page, 0, _("Object"), page_text(item, "object"));
    put_entries(page, item);
    if (!physical) {
        put_checks(page, item);
        page_examinations(page, page_get(result, "examinations"));
        put_source(page, item);
    }
    page_warnings(page, page_get(item, "warnings"));
    page_gap(page);
    page_say(page, 0, _("History"));
    render_history(page, page_get(result, "history"));
    page_recorded_talk(page, result);
}

/* ---- export ---- */

static void put_image(struct cli_page *page, const json_t *image, const char *to) {
    char size[CLI_NUMBER_BYTES];
    uint64_t segments = page_number(image, "segments");
    page_field(page, _("Segments"), segments == 1 ? _("%llu, of %s") : _("%llu, together of %s"),
               (unsigned long long)segments, page_size_text(size, image, "stored_bytes"));
    page_field(page, _("Beside it"), _("%s.exhibit.json, signed by %s.exhibit.json.sig"), to, to);
    page_field(page, "MD5", "%s", page_text_or(image, "md5", "?"));
    page_field(page, "SHA-1", "%s", page_text_or(image, "sha1", "?"));
}

void render_export(struct cli_page *page, const json_t *result) {
    const json_t *image = page_get(result, "image");
    char size[CLI_NUMBER_BYTES];
    if (page_has(result, "restored")) {
        render_restored(page, result);
        return;
    }
    const char *label = page_text_or(result, "item.label", "?");
    bool matches = json_is_true(page_get(result, "matches"));
    EX_AUTO_FREE char *output = page_bytes(result, "output");
    const char *to = output == NULL ? "?" : output;
    if (matches)
        page_say(page, 0,
                 image == NULL ? _("Wrote a copy of item %s. What was written is the same as what "
                                   "was collected.")
                               : _("Wrote an image of item %s. What was packed into it is the "
                                   "same as what was collected; it was not unpacked again."),
                 label);
    else
        page_say(page, 0, _("THE COPY OF ITEM %s IS NOT WHAT WAS COLLECTED. Do not use it."),
                 label);
    page_gap(page);
    page_field(page, _("Copy"), "%s", strcmp(to, "-") == 0 ? _("standard output") : to);
    page_field(page, _("Format"), "%s", page_text_or(result, "format", _("not recorded")));
    page_field(page, _("Size"), "%s", page_size_text(size, result, "size_bytes"));
    page_hash(page, 0, image == NULL ? _("SHA-256 of the copy") : _("SHA-256 of the content"),
              page_text(result, "sha256"));
    if (image != NULL)
        put_image(page, image, to);
    if (page_number(result, "unreadable_bytes") > 0)
        page_field(page, _("Not in the copy"),
                   _("%s that were never read from the source; zeros stand for them"),
                   page_size_text(size, result, "unreadable_bytes"));
    page_not_read(page, 0, page_get(result, "not_read"));
    page_warnings(page, page_get(image, "warnings"));
    page_gap(page);
    page_recorded(page, result);
    if (!matches)
        page_next(page, _("find out what is damaged: exhibit verify %s"), label);
    else if (image != NULL)
        page_next(page, _("whoever receives the image checks it with: ewfverify -d sha1 %s"), to);
    else if (strcmp(to, "-") != 0)
        page_next(page, _("whoever receives the copy checks it with: sha256sum %s"), to);
}

/* ---- custody log ---- */

void render_custody_log(struct cli_page *page, const json_t *result) {
    put_item_head(page, page_get(result, "item"));
    page_gap(page);
    page_custody(page, page_get(result, "custody"));
    page_gap(page);
    page_prose(page,
               _("Every entry that names it, in order. What was done to the vault as a whole "
                 "(keys, compaction, parity, rebuilding) names no item: exhibit ledger show"));
    render_history(page, page_get(result, "history"));
    page_recorded_talk(page, result);
}
