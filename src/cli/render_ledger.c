/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of the ledger: rows of history, ledger show, ledger checkpoint, ledger prove. */
#include "cli/render.h"

#include <string.h>

/* A body was written by us or by somebody who wants to be read as us. */
enum { TREE_DEPTH_MAX = 12 };

/* ---- rows ---- */

static void put_note(struct cli_page *page, const char *name, const json_t *row, const char *path) {
    if (page_has(row, path))
        page_say(page, 4, "%s: %s", name, page_text_or(row, path, ""));
}

void render_history_row(struct cli_page *page, const json_t *row) {
    char index[CLI_NUMBER_BYTES];
    char time[PAGE_TIME_BYTES];
    page_time_text(time, page_text(row, "time"), page_text(row, "zone"));
    page_say(page, 0, "%s  %s  %s%s%s", page_number_text(index, row, "index"), time,
             page_text_or(row, "event", "?"), page_has(row, "result") ? ": " : "",
             page_text_or(row, "result", ""));
    if (json_is_true(page_get(row, "altered")))
        page_say(page, 4, _("THIS ENTRY'S BODY IS DAMAGED"));
    const char *officer = page_text(row, "officer");
    const char *machine = page_text(row, "machine");
    if (officer != NULL)
        page_say(page, 4, _("by %s, on %s"), officer, machine != NULL ? machine : "?");
    else if (machine != NULL)
        page_say(page, 4, _("on %s"), machine);
    if (page_text_or(row, "summary", "")[0] != '\0')
        page_say(page, 4, "%s", page_text_or(row, "summary", ""));
    put_note(page, _("reason"), row, "reason");
    put_note(page, _("legal basis"), row, "legal_basis");
    if (page_has(row, "intent"))
        page_say(page, 4, _("ends what entry %s began"), page_number_text(index, row, "intent"));
    if (strcmp(page_text_or(row, "clock", ""), "kernel-free-running") == 0)
        page_say(page, 4, _("nothing was setting this machine's clock"));
}

void render_history(struct cli_page *page, const json_t *rows) {
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(rows, i, row) {
        render_history_row(page, row);
    }
}

/* ---- ledger show ---- */

static void put_tree(struct cli_page *page, size_t depth, const char *name, const json_t *value);

static void put_branches(struct cli_page *page, size_t depth, const json_t *value) {
    size_t i = 0;
    const char *key = NULL;
    json_t *member = NULL;
    json_array_foreach(value, i, member) {
        put_tree(page, depth, "-", member);
    }
    /* json_object_foreach() wants to be able to change the object. */
    void *at = json_object_iter((json_t *)(uintptr_t)value);
    for (; at != NULL; at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
        key = json_object_iter_key(at);
        put_tree(page, depth, key, json_object_iter_value(at));
    }
}

static void put_tree(struct cli_page *page, size_t depth, const char *name, const json_t *value) {
    size_t indent = 4 + 2 * depth;
    const char *mark = strcmp(name, "-") == 0 ? "" : ":";
    if (json_is_string(value)) {
        page_say(page, indent, "%s%s %s", name, mark, json_string_value(value));
    } else if (json_is_integer(value)) {
        page_say(page, indent, "%s%s %" JSON_INTEGER_FORMAT, name, mark, json_integer_value(value));
    } else if (json_is_real(value)) {
        page_say(page, indent, "%s%s %g", name, mark, json_real_value(value));
    } else if (json_is_boolean(value)) {
        page_say(page, indent, "%s%s %s", name, mark, json_is_true(value) ? _("yes") : _("no"));
    } else if (json_is_null(value)) {
        page_say(page, indent, "%s%s %s", name, mark, _("none"));
    } else {
        page_say(page, indent, "%s%s", name, mark);
        if (depth < TREE_DEPTH_MAX)
            put_branches(page, depth + 1, value);
        else
            page_say(page, indent + 2, "…");
    }
}

static void put_body(struct cli_page *page, const json_t *body) {
    void *at = json_object_iter((json_t *)(uintptr_t)body);
    for (; at != NULL; at = json_object_iter_next((json_t *)(uintptr_t)body, at)) {
        const char *section = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        if (json_is_null(value))
            page_say(page, 4, _("%s: erased"), section);
        else
            put_tree(page, 0, section, value);
    }
}

void render_ledger_show(struct cli_page *page, const json_t *result) {
    size_t i = 0;
    json_t *row = NULL;
    const json_t *shown = page_get(result, "shown");
    json_array_foreach(shown, i, row) {
        render_history_row(page, row);
        put_body(page, page_get(row, "body"));
    }
    page_recorded_talk(page, result);
}

/* ---- documents ---- */

void render_ledger_checkpoint(struct cli_page *page, const json_t *result) {
    page_document(page, page_text_or(result, "checkpoint", ""));
    page_next(page, _("keep it away from the vault; `exhibit ledger verify --checkpoint FILE` then "
                      "shows whether the ledger still continues it"));
}

void render_ledger_prove(struct cli_page *page, const json_t *result) {
    page_document(page, page_text_or(result, "proof", ""));
}
