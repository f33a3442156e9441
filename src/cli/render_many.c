/* SPDX-License-Identifier: Apache-2.0 */
/* The page of `collect` for several sources. */
#include "cli/render.h"

#include "base/mem.h"
#include <string.h>

static bool is_in_part(const json_t *source) {
    return strcmp(page_text_or(source, "verdict", ""), "partial") == 0;
}

static const char *verdict_text(const json_t *source) {
    const char *verdict = page_text_or(source, "verdict", "");
    if (json_is_true(page_get(source, "already")))
        return is_in_part(source) ? _("held in part before") : _("held before");
    if (strcmp(verdict, "ok") == 0)
        return _("held");
    if (is_in_part(source))
        return _("held in part");
    if (!json_is_true(page_get(source, "begun")))
        return _("NOT BEGUN");
    return strcmp(verdict, "interrupted") == 0 ? _("INTERRUPTED") : _("NOT HELD");
}

/* A file that is held, whole or in part, and what can be done about the rest. */
static void put_already(struct cli_page *page, const json_t *source) {
    EX_AUTO_FREE char *path = page_bytes(source, "source");
    page_say(page, 4, "%s",
             _("not read again: the same by path, size, inode and times, case and label"));
    if (is_in_part(source))
        page_say(page, 4, _("what is missing is read with: exhibit collect --fill %s %s"),
                 page_text_or(source, "item.label", "?"), path != NULL ? path : "?");
}

static void put_row(struct cli_page *page, const json_t *source) {
    char size[CLI_NUMBER_BYTES] = "-", time[CLI_NUMBER_BYTES] = "-";
    EX_AUTO_FREE char *path = page_bytes(source, "source");
    EX_AUTO_FREE char *label = page_bytes(source, "label_text");
    if (page_has(source, "item.size_bytes"))
        page_number_text(size, source, "item.size_bytes");
    if (json_is_true(page_get(source, "begun")))
        cli_duration(time, (uint64_t)json_number_value(page_get(source, "seconds")));
    page_say(page, 0, "%-8s %17s %8s  %-13s %s", page_text_or(source, "item.label", "-"), size,
             time, verdict_text(source),
             label != NULL  ? label
             : path != NULL ? path
                            : "?");
    if (label != NULL && path != NULL)
        page_say(page, 4, _("from %s"), path);
    if (page_number(source, "item.unreadable.bytes") > 0)
        page_say(page, 4, _("not read from the source: %s"),
                 page_size_text(size, source, "item.unreadable.bytes"));
    if (json_is_true(page_get(source, "already")))
        put_already(page, source);
    if (json_is_true(page_get(source, "resumed")))
        page_say(page, 4, "%s", _("was cut off before, and was gone on with"));
    if (page_has(source, "error"))
        page_say(page, 4, "%s", page_text_or(source, "error.text", _("not recorded")));
    if (page_has(source, "error.hint"))
        page_say(page, 4, "%s", page_text(source, "error.hint"));
}

static void put_counts(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES], all[CLI_NUMBER_BYTES];
    uint64_t failed = page_number(result, "counts.failed");
    page_say(page, 0, _("Collected %s of %s sources."),
             page_number_text(number, result, "counts.held"),
             cli_number(all, json_array_size(page_get(result, "sources"))));
    if (page_number(result, "counts.already") > 0)
        page_say(page, 0, _("Held before, and not read again: %s."),
                 page_number_text(number, result, "counts.already"));
    if (failed > 0)
        page_say(page, 0, _("NOT HELD: %s."), cli_number(number, failed));
}

static void put_entries(struct cli_page *page, const json_t *result) {
    char first[CLI_NUMBER_BYTES], last[CLI_NUMBER_BYTES];
    page_say(page, 0, _("Recorded as ledger entries %s to %s."),
             page_number_text(first, result, "entries.first"),
             page_number_text(last, result, "entries.last"));
}

void render_collect_many(struct cli_page *page, const json_t *result) {
    size_t i = 0;
    json_t *source = NULL;
    put_counts(page, result);
    page_gap(page);
    page_say(page, 0, "%-8s %17s %8s  %-13s %s", _("Item"), _("Bytes"), _("Time"), _("Verdict"),
             _("Label"));
    json_array_foreach(page_get(result, "sources"), i, source) put_row(page, source);
    page_gap(page);
    put_entries(page, result);
    if (page_number(result, "counts.failed") == 0)
        page_next(page, _("label the originals and seal them; `exhibit verify --all` reads the "
                          "copies again"));
    else if (page_has(result, "queue"))
        page_next(page, _("the same command again: what is held is not collected twice, and what "
                          "was cut off goes on where it was"));
    else
        page_next(page, _("exhibit work list shows what can be gone on with"));
}
