/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of an image that somebody made, and of what it says itself. */
#include "cli/render.h"

#include "base/mem.h"
#include <string.h>

enum { FILES_SHOWN = 24, STATED_SHOWN = 24, DAMAGE_SHOWN = 8 };

static void put_hash(struct cli_page *page, const json_t *hash) {
    const char *verdict = page_text_or(hash, "verdict", "");
    const char *name = page_text_or(hash, "name", "?");
    if (strcmp(verdict, "agrees") == 0)
        page_say(page, 2, _("%s: what it states is what came"), name);
    else if (strcmp(verdict, "differs") == 0)
        page_say(page, 2, _("%s: IT STATES ANOTHER than came"), name);
    else if (strcmp(verdict, "no-conclusion") == 0)
        page_say(page, 2,
                 _("%s: it states another than came; zeros stand for some of what it covers, so "
                   "nothing follows from that"),
                 name);
    else
        page_say(page, 2, _("%s: not compared"), name);
    page_hash(page, 4, _("stated"), page_text(hash, "stated"));
    if (page_has(hash, "found") && strcmp(verdict, "agrees") != 0)
        page_hash(page, 4, _("came"), page_text(hash, "found"));
}

static void put_facts(struct cli_page *page, const json_t *list, const char *name,
                      const char *text) {
    size_t shown = 0, i = 0;
    json_t *one = NULL;
    page_field(page, name, "%s", json_array_size(list) > 0 ? text : _("nothing"));
    json_array_foreach(list, i, one) {
        EX_AUTO_FREE char *value = page_bytes(one, "value");
        if (shown++ == STATED_SHOWN) {
            page_say(page, 2, _("and %zu more: --json lists them"), json_array_size(list) - i);
            return;
        }
        page_say(page, 2, "%s: %s", page_text_or(one, "name", "?"), value != NULL ? value : "");
    }
}

static void put_file(struct cli_page *page, const json_t *file) {
    char bytes[CLI_NUMBER_BYTES];
    EX_AUTO_FREE char *path = page_bytes(file, "path");
    EX_AUTO_FREE char *why = page_bytes(file, "not_hashed");
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    page_say(page, 2, "%s: %s",
             slash != NULL  ? slash + 1
             : path != NULL ? path
                            : "?",
             page_size_text(bytes, file, "size_bytes"));
    if (page_has(file, "sha256"))
        page_hash(page, 4, "SHA-256", page_text(file, "sha256"));
    else
        page_say(page, 4, _("NOT HASHED: %s"), why != NULL ? why : _("not recorded"));
}

static void put_files(struct cli_page *page, const json_t *container) {
    char files[CLI_NUMBER_BYTES], bytes[CLI_NUMBER_BYTES];
    const json_t *list = page_get(container, "files.list");
    size_t i = 0;
    json_t *one = NULL;
    page_field(page, _("Taken from"),
               ngettext("an image (%s) in %s file of %s, which is not held itself",
                        "an image (%s) in %s files of %s, which are not held themselves",
                        page_number(container, "files.count")),
               page_text_or(container, "format", "?"),
               page_number_text(files, container, "files.count"),
               page_size_text(bytes, container, "files.bytes"));
    page_field(page, _("Its files"), "%s",
               _("(hashed in a reading of their own, from the first byte to the last)"));
    json_array_foreach(list, i, one) {
        if (i == FILES_SHOWN)
            break;
        put_file(page, one);
    }
    if (page_number(container, "files.count") > i)
        page_say(page, 2, _("and %s more: --json lists them"),
                 cli_number(files, page_number(container, "files.count") - i));
}

static void put_disk_errors(struct cli_page *page, const json_t *container) {
    char offset[CLI_NUMBER_BYTES], size[CLI_NUMBER_BYTES];
    size_t i = 0;
    json_t *one = NULL;
    if (!page_has(container, "disk_errors"))
        return;
    page_field(page, _("Its disk"), "%s", _("did not give (the image may be sound there):"));
    json_array_foreach(page_get(container, "disk_errors.list"), i, one) {
        EX_AUTO_FREE char *why = page_bytes(one, "why");
        if (i == DAMAGE_SHOWN)
            break;
        page_say(page, 2, _("%s from byte %s: %s"), page_size_text(size, one, "length"),
                 page_number_text(offset, one, "offset"), why != NULL ? why : "?");
    }
    if (page_number(container, "disk_errors.count") > i)
        page_say(page, 2, _("and %s more: --json lists them"),
                 cli_number(size, page_number(container, "disk_errors.count") - i));
}

static void put_damage(struct cli_page *page, const json_t *container) {
    char offset[CLI_NUMBER_BYTES], size[CLI_NUMBER_BYTES], number[CLI_NUMBER_BYTES];
    const json_t *list = page_get(container, "damage.list");
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(list, i, one) {
        EX_AUTO_FREE char *why = page_bytes(one, "why");
        if (i == DAMAGE_SHOWN) {
            page_say(page, 2, _("and more: %s pieces in all; item show --map has every place"),
                     page_number_text(number, container, "damage.count"));
            return;
        }
        if (i == 0)
            page_field(page, _("Damaged"), "%s", _("in the container, as its reader says:"));
        page_say(page, 2, _("%s from byte %s: %s"), page_size_text(size, one, "length"),
                 page_number_text(offset, one, "offset"), why != NULL ? why : "?");
    }
}

void render_container(struct cli_page *page, const json_t *container) {
    char files[CLI_NUMBER_BYTES];
    size_t i = 0;
    json_t *hash = NULL;
    put_files(page, container);
    if (json_array_size(page_get(container, "hashes")) == 0)
        page_field(page, _("Its hashes"), "%s", _("none of the whole content: nothing to compare"));
    else
        page_field(page, _("Its hashes"), "%s",
                   _("(who can change the image can change them with it)"));
    json_array_foreach(page_get(container, "hashes"), i, hash) put_hash(page, hash);
    put_facts(page, page_get(container, "stated"), _("It states"),
              _("(whoever made the image wrote this; nothing of it was checked)"));
    put_facts(page, page_get(container, "counted"), _("Its reader"), _("(counted this)"));
    if (page_number(container, "stated_left_out") > 0)
        page_say(page, 2, _("and %s more facts, which are not held"),
                 page_number_text(files, container, "stated_left_out"));
    put_damage(page, container);
    put_disk_errors(page, container);
    if (page_number(container, "workers_lost") > 0)
        page_say(page, 2, _("a confined reader was stopped %s times; each time cost a piece"),
                 page_number_text(files, container, "workers_lost"));
}
