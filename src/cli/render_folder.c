/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a folder that was collected, and of one that was restored. */
#include "cli/render.h"

#include "base/mem.h"
#include <string.h>

static uint64_t put_count(struct cli_page *page, const json_t *from, const char *key,
                          const char *text) {
    char number[CLI_NUMBER_BYTES];
    if (page_number(from, key) > 0)
        page_say(page, 2, "%s %s", page_number_text(number, from, key), text);
    return page_number(from, key);
}

static void put_kinds(struct cli_page *page, const char *name, const json_t *folder) {
    char files[CLI_NUMBER_BYTES], directories[CLI_NUMBER_BYTES], symlinks[CLI_NUMBER_BYTES],
        hard_links[CLI_NUMBER_BYTES], others[CLI_NUMBER_BYTES];
    page_field(page, name,
               _("files %s, directories %s, symbolic links %s, hard links %s, others %s"),
               page_number_text(files, folder, "files"),
               page_number_text(directories, folder, "directories"),
               page_number_text(symlinks, folder, "symlinks"),
               page_number_text(hard_links, folder, "hard_links"),
               page_number_text(others, folder, "others"));
}

static void put_condition(struct cli_page *page, const json_t *selection, const char *key,
                          const char *text) {
    char number[CLI_NUMBER_BYTES];
    EX_AUTO_FREE char *bytes = page_bytes(selection, key);
    if (bytes != NULL)
        page_say(page, 2, "%s: %s", text, bytes);
    else if (page_has(selection, key))
        page_say(page, 2, "%s: %s", text, page_number_text(number, selection, key));
}

/* What the officer asked for; law: what was left out is told even when it is nothing. */
static void put_left_out(struct cli_page *page, const json_t *folder) {
    static const struct {
        const char *why, *text;
    } left[] = {{"pattern", N_("by their names (folders count once)")},
                {"time", N_("by their times")},
                {"size", N_("by their sizes")},
                {"type", N_("by what they are")},
                {"one-file-system", N_("other file systems, as --one-file-system asks")},
                {"socket", N_("sockets, which have no content; they are listed")}};
    const json_t *selection = page_get(folder, "selection");
    const json_t *omitted = page_get(folder, "omitted");
    uint64_t all = 0;
    size_t i = 0;
    json_t *type = NULL;
    for (size_t n = 0; n < sizeof left / sizeof left[0]; n++)
        all += page_number(omitted, left[n].why);
    page_field(page, _("Left out"), "%s",
               all == 0                                ? _("nothing: no file that was seen")
               : all == page_number(omitted, "socket") ? _("sockets alone")
                                                       : _("as it was asked for"));
    put_condition(page, selection, "include", _("only what fits"));
    put_condition(page, selection, "exclude", _("nothing that fits"));
    put_condition(page, selection, "newer", _("only what was modified then or later"));
    put_condition(page, selection, "older", _("only what was modified before"));
    put_condition(page, selection, "min_size", _("only files of so many bytes or more"));
    put_condition(page, selection, "max_size", _("only files of so many bytes or fewer"));
    json_array_foreach(page_get(selection, "types"), i, type)
        page_say(page, 2, _("only of the type: %s"), json_string_value(type));
    for (size_t n = 0; n < sizeof left / sizeof left[0]; n++)
        (void)put_count(page, omitted, left[n].why, _(left[n].text));
}

/* What was wanted and is not in the item, by the members of a `folder` and of a `not_read`. */
static const struct {
    const char *key, *text;
} not_read[] = {{"omitted.not-permitted", N_("that may not be read")},
                {"omitted.not-read", N_("that the system gave an error for")},
                {"omitted.vanished", N_("that vanished, or became another thing")},
                {"omitted.loop", N_("folders that are one of those above them")},
                {"omitted.limit", N_("over a limit of the format")},
                {"omitted.other-file-system",
                 N_("other file systems, left out by default (--other-file-systems takes them)")},
                {"omitted.this-vault", N_("this vault itself, which lies in the folder")},
                {"omitted.directory-changed",
                 N_("folders changed while they were read: something may be missing")},
                {"changed", N_("files changed while they were read: not one state of them")},
                {"padded", N_("files became shorter: zeros stand for the rest")},
                {"cut", N_("files go on behind what was announced")},
                {"unreadable_files", N_("files could not be read in places")},
                {"attributes_lost", N_("files lost extended attributes")}};

enum { NOT_READ = sizeof not_read / sizeof not_read[0] };

void page_not_read(struct cli_page *page, size_t indent, const json_t *counts) {
    char number[CLI_NUMBER_BYTES];
    if (counts == NULL)
        return;
    page_say(page, indent, "%s", _("READ ONLY IN PART when it was collected:"));
    for (size_t i = 0; i < NOT_READ; i++)
        if (page_number(counts, not_read[i].key) > 0)
            page_say(page, indent + 2, "%s %s", page_number_text(number, counts, not_read[i].key),
                     _(not_read[i].text));
}

static void put_not_read(struct cli_page *page, const json_t *folder) {
    uint64_t all = 0;
    for (size_t i = 0; i < NOT_READ; i++)
        all += page_number(folder, not_read[i].key);
    page_field(page, _("Not read"), "%s",
               all == 0 ? _("nothing: every file that was wanted was read")
                        : _("parts of what is there"));
    for (size_t i = 0; i < NOT_READ; i++)
        (void)put_count(page, folder, not_read[i].key, _(not_read[i].text));
    if (all > 0)
        page_say(page, 2, "%s",
                 _("each with its reason: exhibit/omitted.jsonl and listing.jsonl in the item"));
}

void render_folder(struct cli_page *page, const json_t *folder) {
    char size[CLI_NUMBER_BYTES];
    put_kinds(page, _("Folder"), folder);
    if (page_has(folder, "content_bytes"))
        page_field(page, _("Content"), _("%s of files"),
                   page_size_text(size, folder, "content_bytes"));
    else
        page_field(page, _("Content"), "%s", _("more bytes than can be counted, holes included"));
    put_left_out(page, folder);
    put_not_read(page, folder);
    (void)put_count(page, folder, "odd_size",
                    _("files had another size than the system says, as in /proc"));
    (void)put_count(page, folder, "access_times",
                    _("read so that their access time may have changed at the source"));
}

void render_restored(struct cli_page *page, const json_t *result) {
    const json_t *restored = page_get(result, "restored");
    const char *label = page_text_or(result, "item.label", "?");
    EX_AUTO_FREE char *output = page_bytes(result, "output");
    uint64_t lost = page_number(restored, "not_restored");
    uint64_t unread = page_number(restored, "unread_bytes");
    char files[CLI_NUMBER_BYTES], bytes[CLI_NUMBER_BYTES];
    if (lost == 0 && unread == 0)
        page_say(page, 0,
                 _("Restored the folder of item %s. The stream that it came from is what "
                   "was collected."),
                 label);
    else
        page_say(page, 0,
                 _("Restored the folder of item %s, but not everything of it. The stream "
                   "that it came from is what was collected."),
                 label);
    page_gap(page);
    page_field(page, _("Directory"), "%s", output == NULL ? "?" : output);
    put_kinds(page, _("Restored"), restored);
    if (lost == 0 && unread == 0)
        page_field(page, _("Not restored"), "%s", _("nothing that can be set"));
    if (unread > 0)
        page_field(page, _("ZEROS"),
                   _("%s in %s files stand for what was never read from the source; which: "
                     "exhibit/listing.jsonl (unreadable, missing)"),
                   page_size_text(bytes, restored, "unread_bytes"),
                   page_number_text(files, restored, "unread_files"));
    (void)put_count(page, restored, "not_restored",
                    _("owners, modes, attributes or files were not restored; they are listed in "
                      "not-restored.jsonl there"));
    (void)put_count(page, restored, "not_asked",
                    _("of them are device nodes, set-user-ID or set-group-ID bits or capabilities: "
                      "only --special restores these"));
    if (page_number(result, "unreadable_bytes") > 0) {
        char size[CLI_NUMBER_BYTES];
        page_field(page, _("Zeros in files"), _("%s that were never read from the source"),
                   page_size_text(size, result, "unreadable_bytes"));
        page_say(page, 2, "%s", _("exhibit/listing.jsonl there says in which files, and where"));
    }
    page_hash(page, 0, _("SHA-256 of the stream"), page_text(result, "sha256"));
    page_not_read(page, 0, page_get(result, "not_read"));
    page_gap(page);
    page_recorded(page, result);
    page_next(page, "%s",
              _("content/ has the files, exhibit/listing.jsonl every time and hash: change and "
                "birth times stand only there"));
}
