/* SPDX-License-Identifier: Apache-2.0 */
/* An image that somebody made, in the acquisition report: its files, what came of its hashes, and
 * what it says of itself. */
#include "report/acquisition_internal.h"

#include <inttypes.h>
#include <libintl.h>
#include <string.h>

#define _(text) gettext(text)

enum { FILES_SHOWN = 200 };

static void put_hashes(struct form *f, const json_t *hashes) {
    size_t i = 0;
    json_t *one = NULL;
    if (json_array_size(hashes) == 0)
        form_add(f, FORM_FACT, _("Its hashes"), _("none of the whole content"));
    json_array_foreach(hashes, i, one) {
        const char *verdict = document_text(one, "verdict");
        acquisition_put_text(f, _("It states"), one, "name", true);
        acquisition_put_text(f, _("  as"), one, "stated", true);
        form_add(f, FORM_FACT, _("  compared"),
                 verdict == NULL                   ? _("NOT RECORDED")
                 : strcmp(verdict, "agrees") == 0  ? _("with what came: the same")
                 : strcmp(verdict, "differs") == 0 ? _("with what came: ANOTHER")
                 : strcmp(verdict, "no-conclusion") == 0
                     ? _("with what came: another; zeros stand for some of it, so nothing follows")
                     : _("NOT"));
        acquisition_put_text(f, _("  what came"), one, "found", false);
    }
}

static void put_facts(struct form *f, const json_t *stated, const char *heading) {
    size_t i = 0;
    json_t *one = NULL;
    form_add(f, FORM_TEXT, NULL, heading);
    if (json_array_size(stated) == 0)
        form_add(f, FORM_POINT, NULL, _("nothing"));
    json_array_foreach(stated, i, one) {
        const char *name = document_text(one, "name"), *value = document_text(one, "value");
        form_add_format(f, FORM_POINT, NULL, "%s: %s", name != NULL ? form_words(f, name) : "?",
                        value != NULL ? form_words(f, value) : "?");
    }
}

static void put_files(struct form *f, const json_t *files) {
    size_t i = 0;
    json_t *one = NULL;
    acquisition_put_number(f, _("Files"), files, "count", true);
    acquisition_put_bytes(f, _("  together"), files, "bytes", true);
    json_array_foreach(document_get(files, "list"), i, one) {
        if (i == FILES_SHOWN)
            break;
        acquisition_put_text(f, _("  file"), one, "path", true);
        acquisition_put_bytes(f, _("  size"), one, "size_bytes", true);
        bool failed = document_get(one, "not_hashed") != NULL;
        acquisition_put_text(f, failed ? _("  NOT HASHED") : _("  SHA-256"), one,
                             failed ? "not_hashed" : "sha256", true);
    }
    if (acquisition_number(files, "count") > i)
        form_add_format(f, FORM_FACT, "", _("and %" PRIu64 " more: the JSON form has them"),
                        acquisition_number(files, "count") - i);
}

static void put_places(struct form *f, const json_t *damage, const char *heading) {
    size_t i = 0;
    json_t *one = NULL;
    if (acquisition_number(damage, "count") == 0)
        return;
    form_add(f, FORM_TEXT, NULL, heading);
    json_array_foreach(document_get(damage, "list"), i, one) {
        const char *why = document_text(one, "why");
        form_add_format(f, FORM_POINT, NULL, _("byte %" PRIu64 ", length %" PRIu64 ": %s"),
                        acquisition_number(one, "offset"), acquisition_number(one, "length"),
                        why != NULL ? form_words(f, why) : "?");
    }
    if (acquisition_number(damage, "count") > i)
        form_add_format(f, FORM_POINT, NULL, _("and %" PRIu64 " more"),
                        acquisition_number(damage, "count") - i);
}

void acquisition_put_container(struct form *f, const json_t *container, const json_t *entry) {
    if (container == NULL)
        return;
    acquisition_put_heading(f, _("The image that it was taken from"), entry);
    acquisition_put_text(f, _("Format"), container, "format", true);
    put_files(f, document_get(container, "files"));
    acquisition_put_text(f, _("Read by a process"), container, "confinement", true);
    acquisition_put_number(f, _("  stopped, times"), container, "workers_lost", true);
    form_add(
        f, FORM_TEXT, NULL,
        _("The item is what is in the image. The image's own files are not held with it. Where a "
          "SHA-256 stands, the file was read for it once from its first byte to its last, beside "
          "the reading of what is in it, and its size and times were the same before and after."));
    put_hashes(f, document_get(container, "hashes"));
    put_facts(f, document_get(container, "stated"),
              _("What it says of itself; whoever made it wrote this, and nothing of it was "
                "checked:"));
    put_facts(f, document_get(container, "counted"), _("What its reader counted:"));
    put_places(f, document_get(container, "damage"),
               _("Damaged places, in the words of its reader:"));
    put_places(f, document_get(container, "disk_errors"),
               _("Places that the disk on which the image lies did not give; whether the image is "
                 "sound there is not known:"));
}
