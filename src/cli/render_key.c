/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of key … and officer …. */
#include "cli/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_CHARS = 8 };

/* The beginning of a slot's id, by which people call it. */
static char *short_id(char to[static SHORT_CHARS + 1], const json_t *value, const char *path) {
    (void)snprintf(to, SHORT_CHARS + 1, "%s", page_text_or(value, path, "?"));
    return to;
}

static const char *kind_words(const json_t *slot) {
    const char *kind = page_text_or(slot, "kind", "");
    if (strcmp(kind, "officer") == 0)
        return _("officer");
    if (strcmp(kind, "recipient") == 0)
        return _("key from outside");
    if (strcmp(kind, "passphrase") == 0)
        return _("recovery sheet");
    return _("of a kind that this version does not know");
}

static void put_keyring(struct cli_page *page, const json_t *result) {
    char generation[CLI_NUMBER_BYTES], epochs[CLI_NUMBER_BYTES];
    page_number_text(generation, result, "keyring.generation");
    if (page_number(result, "keyring.epochs") == 0)
        page_field(page, _("Keyring"), _("generation %s; the vault is not encrypted"), generation);
    else
        page_field(page, _("Keyring"), _("generation %s, epoch %s"), generation,
                   page_number_text(epochs, result, "keyring.epochs"));
}

/* ---- key … ---- */

static void put_slot(struct cli_page *page, const json_t *slot) {
    char id[SHORT_CHARS + 1], since[CLI_NUMBER_BYTES];
    const char *name = page_text(slot, "officer.name");
    const char *label = page_text(slot, "label");
    page_say(page, 0, "%s  %s%s%s", short_id(id, slot, "id"), kind_words(slot),
             name != NULL || label != NULL ? ": " : "",
             name != NULL    ? name
             : label != NULL ? label
                             : "");
    if (page_has(slot, "since"))
        page_say(page, 4, _("since entry %s%s"), page_number_text(since, slot, "since"),
                 json_is_true(page_get(slot, "opened")) ? _("; it opened the vault just now") : "");
    else if (json_is_true(page_get(slot, "opened")))
        page_say(page, 4, "%s", _("it opened the vault just now"));
    if (page_has(slot, "officer.retired"))
        page_say(page, 4, _("OF A RETIRED OFFICER (entry %s)"),
                 page_number_text(since, slot, "officer.retired"));
}

void render_key_list(struct cli_page *page, const json_t *result) {
    size_t i = 0;
    json_t *slot = NULL;
    json_array_foreach(page_get(result, "slots"), i, slot) {
        put_slot(page, slot);
    }
    page_gap(page);
    put_keyring(page, result);
    page_recorded_talk(page, result);
}

static const char *change_words(const char *change) {
    if (strcmp(change, "add") == 0)
        return _("The key from outside opens the vault now.");
    if (strcmp(change, "remove") == 0)
        return _("The slot was taken away. It opens nothing that is written from now on; what was "
                 "written before, it opens in any copy of the old keyring.");
    if (strcmp(change, "rotate") == 0)
        return _("What is written from now on is under a new key.");
    if (strcmp(change, "passphrase") == 0)
        return _("The passphrase was changed. Whoever copied the old key file can still open that "
                 "copy with the old passphrase.");
    return _("The keyring was changed.");
}

void render_key_change(struct cli_page *page, const json_t *result) {
    char id[SHORT_CHARS + 1];
    page_say(page, 0, "%s", change_words(page_text_or(result, "change", "")));
    page_gap(page);
    if (page_has(result, "slot"))
        page_field(page, _("Slot"), "%s", short_id(id, result, "slot.id"));
    put_keyring(page, result);
    page_recorded(page, result);
    page_next(page, _("exhibit key list"));
}

void render_key_sheet(struct cli_page *page, const json_t *result) {
    char id[SHORT_CHARS + 1];
    const char *output = page_text_or(result, "output", "?");
    page_say(page, 0, _("Made a recovery sheet."));
    page_gap(page);
    page_field(page, _("Sheet"), "%s", strcmp(output, "-") == 0 ? _("on standard output") : output);
    page_field(page, _("Slot"), "%s", short_id(id, result, "slot.id"));
    put_keyring(page, result);
    page_recorded(page, result);
    page_next(page, _("print it, delete the file, and seal the paper in an envelope apart from the "
                      "vault"));
}

void render_key_recover(struct cli_page *page, const json_t *result) {
    page_say(page, 0, _("%s has a new key, and the lost one is retired."),
             page_text_or(result, "officer.name", "?"));
    page_gap(page);
    page_field(page, _("Officer's new id"), "%s", page_text_or(result, "officer.id", "?"));
    page_field(page, _("In the place of"), "%s", page_text_or(result, "replaces.id", "?"));
    put_keyring(page, result);
    page_hash(page, 0, _("Officer's key"), page_text(result, "officer.key"));
    page_recorded(page, result);
    page_next(page, _("the code was used: make a new sheet with exhibit key sheet, then take the "
                      "old one's slot away with exhibit key remove"));
}

/* ---- officer … ---- */

/* "collect, view" */
static char *words_of(const json_t *list) {
    size_t i = 0, size = 1;
    json_t *word = NULL;
    json_array_foreach(list, i, word) {
        size += json_string_length(word) + 2;
    }
    char *text = calloc(1, size);
    json_array_foreach(list, i, word) {
        if (text == NULL || !json_is_string(word))
            continue;
        strcat(text, i > 0 ? ", " : "");
        strcat(text, json_string_value(word));
    }
    return text;
}

static void put_permissions(struct cli_page *page, const json_t *holder, size_t indent) {
    char *words = words_of(page_get(holder, "permissions"));
    if (indent == 0)
        page_field(page, _("Permissions"), "%s", words != NULL ? words : "?");
    else
        page_say(page, indent, _("may: %s"), words != NULL ? words : "?");
    free(words);
}

void render_officer_add(struct cli_page *page, const json_t *result) {
    page_say(page, 0, _("Enrolled %s."), page_text_or(result, "officer.name", "?"));
    page_gap(page);
    page_field(page, _("Officer's id"), "%s", page_text_or(result, "officer.id", "?"));
    put_permissions(page, result, 0);
    put_keyring(page, result);
    page_hash(page, 0, _("Officer's key"), page_text(result, "officer.key"));
    page_recorded(page, result);
    page_next(page, _("write the officer's key on paper: it is compared when a signature is in "
                      "question"));
}

void render_officer_list(struct cli_page *page, const json_t *result) {
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(page_get(result, "officers"), i, row) {
        char entry[CLI_NUMBER_BYTES], retired[CLI_NUMBER_BYTES];
        page_say(page, 0, "%s", page_text_or(row, "name", "?"));
        page_say(page, 4, _("id %s"), page_text_or(row, "id", "?"));
        put_permissions(page, row, 4);
        page_number_text(entry, row, "enrolled");
        if (page_has(row, "retired"))
            page_say(page, 4, _("enrolled by entry %s, RETIRED by entry %s"), entry,
                     page_number_text(retired, row, "retired"));
        else
            page_say(page, 4, _("in office, enrolled by entry %s"), entry);
        if (!page_has(row, "retired")) {
            page_say(page, 4, _("minisign: %s"), page_text_or(row, "minisign", "?"));
            page_say(page, 4, _("age: %s"), page_text_or(row, "age", "?"));
        }
        if (!page_has(row, "retired") && !page_has(row, "slot"))
            page_say(page, 4, "%s", _("HAS NO SLOT: cannot open the vault"));
        if (page_has(row, "retired") && page_has(row, "slot"))
            page_say(page, 4, "%s", _("STILL HAS A SLOT: exhibit key list, exhibit key remove"));
    }
    page_recorded_talk(page, result);
}

void render_officer_retire(struct cli_page *page, const json_t *result) {
    page_say(page, 0, _("Retired %s."), page_text_or(result, "officer.name", "?"));
    page_gap(page);
    page_prose(page, _("Nothing that this officer signs from now on counts, and what is written "
                       "from now on does not open with this officer's passphrase. What was written "
                       "before opens with it in any copy of the old keyring."));
    page_field(page, _("Officer's id"), "%s", page_text_or(result, "officer.id", "?"));
    put_keyring(page, result);
    page_recorded(page, result);
    page_next(page, _("change what this officer could carry away: the recovery sheet (exhibit key "
                      "sheet, then exhibit key remove)"));
}
