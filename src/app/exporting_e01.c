/* SPDX-License-Identifier: Apache-2.0 */
/* --format e01: what the image says of its case, and the signed file beside it, which says what an
 * E01 has no place for (docs/format/e01.md). */
#include "app/exporting_internal.h"

#include "base/cursor.h"
#include "formats/ssh_key.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/utsname.h>

enum { LINE_BYTES = 256, SECTOR_BYTES = 512, SECTOR_LARGE_BYTES = 4096 };
#define SEGMENT_BYTES_DEFAULT (UINT64_C(2000) << 20) /* what older programs can take */

/* ---- what was asked for ---- */

static ex_code parse_segment_bytes(const struct act *act, uint64_t *ret, struct ex_error *err) {
    const char *text = act_flag(act, FLAG_SEGMENT_SIZE);
    *ret = SEGMENT_BYTES_DEFAULT;
    if (text == NULL)
        return EX_OK;
    if (!ex_parse_decimal(text, strlen(text), ret) || *ret > INT64_MAX)
        return ex_fail(err, EX_USAGE, "--segment-size is no number of bytes: \"%.40s\"", text);
    if (*ret < EWF_SEGMENT_BYTES_MIN)
        return ex_fail(err, EX_USAGE, "--segment-size is at least %d bytes (1 MiB)",
                       EWF_SEGMENT_BYTES_MIN);
    return EX_OK;
}

uint64_t exporting_e01_segment_bytes(const struct act *act) {
    uint64_t bytes;
    return parse_segment_bytes(act, &bytes, NULL) == EX_OK ? bytes : SEGMENT_BYTES_DEFAULT;
}

ex_code exporting_e01_check_flags(const struct act *act, struct ex_error *err) {
    const char *format = act_flag(act, FLAG_FORMAT);
    uint64_t ignored;
    if (format != NULL && strcmp(format, EXPORTING_E01) == 0)
        return parse_segment_bytes(act, &ignored, err);
    return act_has_flag(act, FLAG_SEGMENT_SIZE)
               ? ex_fail(err, EX_USAGE, "--segment-size is for --format e01 alone")
               : EX_OK;
}

bool exporting_e01_is_folder(const struct item_truth *i) {
    json_t *source = json_object_get(i->item, "source");
    const char *kind = json_string_value(json_object_get(source, "kind"));
    return kind != NULL && strcmp(kind, "folder") == 0;
}

static ex_code check_output(const char *output, struct ex_error *err) {
    const size_t extension = strlen(EXPORT_E01_EXTENSION), size = strlen(output);
    const char *slash = strrchr(output, '/'), *name = slash == NULL ? output : slash + 1;
    if (strcmp(output, "-") == 0)
        return ex_hint(
            ex_fail(err, EX_USAGE, "an E01 is several files, which cannot go to standard output"),
            err, "name one: --output NAME%s", EXPORT_E01_EXTENSION);
    if (strlen(name) > extension && strcmp(output + size - extension, EXPORT_E01_EXTENSION) == 0)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE, "the name of an E01 ends in %s, and \"%.100s\" does not",
                           EXPORT_E01_EXTENSION, output),
                   err, "other programs find the segments by their names: --output NAME%s",
                   EXPORT_E01_EXTENSION);
}

ex_code exporting_e01_check(const struct act *act, const struct item_truth *i,
                            struct ex_error *err) {
    EX_TRY(exporting_e01_check_flags(act, err));
    if (strcmp(act_flag(act, FLAG_FORMAT), EXPORTING_E01) != 0)
        return EX_OK;
    EX_TRY(check_output(act_flag(act, FLAG_OUTPUT), err));
    if (exporting_e01_is_folder(i))
        return ex_hint(
            ex_fail(err, EX_UNSUPPORTED, "item %s is a folder, and an E01 holds a disk", i->label),
            err, "--format files restores it, --format raw writes the archive");
    return EX_OK;
}

/* ---- what the image says of its case ---- */

struct exporting_form {
    struct ewf_form ewf;
    struct utsname system_name;
    char *notes;
    char system[LINE_BYTES];
};

void exporting_e01_form_free(struct exporting_form *f) {
    if (f != NULL)
        free(f->notes);
    free(f);
}

const struct ewf_form *exporting_e01_ewf(const struct exporting_form *f) {
    return &f->ewf;
}

static const char *member(json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* What the device says of itself, or udev of it. */
static const char *of_device(json_t *device, const char *key) {
    const char *own = member(device, key);
    return own != NULL ? own : member(json_object_get(device, "udev"), key);
}

static const char *description_of(const struct item_truth *i) {
    const char *given = member(i->item, "label_text");
    return given != NULL ? given : member(json_object_get(i->item, "source"), "path");
}

static ex_code write_notes(const struct act *act, const struct item_truth *i,
                           const struct vault_object_info *o, char **ret, struct ex_error *err) {
    char id[2 * ENTRY_ID_BYTES + 1], hash[SHA256_HEX_BYTES];
    char then[EX_TIME_TEXT_BYTES], when[EX_TIME_TEXT_BYTES];
    struct ex_clock now;
    ex_clock_read(&now);
    int size = asprintf(
        ret,
        "Item %s (id %s), %s %s; exported as E01 %s by %s, with exhibit " EXHIBIT_VERSION ". "
        "Times in this header are UTC. SHA-256 of the content: %s.%s%s%s The file of this "
        "name with " EXPORT_E01_SIDE " behind it says more, and is signed.",
        i->label, ex_hex(id, i->id, sizeof i->id),
        i->begin == ITEM_COLLECTED ? "collected" : "taken over",
        ex_time_text(then, i->collected_ns), ex_time_text(when, now.utc_ns), act->officer_name,
        ex_hex(hash, o->sha256, SHA256_BYTES),
        o->unreadable_count == 0
            ? ""
            : " PARTS OF IT WERE NEVER READ FROM THE SOURCE; zeros stand for them.",
        json_object_get(i->item, "container") == NULL
            ? ""
            : " It was taken from an image that somebody else made.",
        json_array_size(json_object_get(i->item, "warnings")) == 0
            ? ""
            : " THERE ARE WARNINGS ABOUT THE ITEM.");
    if (size >= 0)
        return EX_OK;
    *ret = NULL;
    return ex_fail(err, EX_NOMEM, "no memory for the header of an E01");
}

static ex_code make_texts(const struct act *act, const struct item_truth *i,
                          const struct vault_object_info *o, struct exporting_form *f,
                          struct ex_error *err) {
    json_t *device = json_object_get(i->item, "device");
    const char *examiner = member(i->item, "officer");
    EX_TRY(write_notes(act, i, o, &f->notes, err));
    if (uname(&f->system_name) == 0)
        (void)snprintf(f->system, sizeof f->system, "%.64s %.64s", f->system_name.sysname,
                       f->system_name.release);
    f->ewf.texts = (struct ewf_texts){
        .case_number = member(json_object_get(i->item, "case"), "number"),
        .evidence_number = i->label,
        .description = description_of(i),
        .examiner = examiner != NULL ? examiner : act->officer_name,
        .notes = f->notes,
        .model = of_device(device, "model"),
        .serial = of_device(device, "serial"),
        .program = "exhibit",
        .system = f->system,
        .acquired_s = i->collected_ns / 1000000000,
    };
    return EX_OK;
}

ex_code exporting_e01_form(const struct act *act, const struct item_truth *i,
                           const struct vault_object_info *o, struct exporting_form **ret,
                           struct ex_error *err) {
    EX_AUTO(exporting_e01_form_free) struct exporting_form *f = ex_new0(struct exporting_form);
    json_t *device = json_object_get(i->item, "device");
    json_int_t sector = json_integer_value(json_object_get(device, "logical_sector_bytes"));
    EX_TRY(make_texts(act, i, o, f, err));
    f->ewf.sector_bytes = sector == SECTOR_LARGE_BYTES ? SECTOR_LARGE_BYTES : SECTOR_BYTES;
    f->ewf.removable = json_is_true(json_object_get(device, "removable"));
    f->ewf.physical = !json_is_integer(json_object_get(device, "partition"));
    f->ewf.segment_bytes = exporting_e01_segment_bytes(act);
    randombytes_buf(f->ewf.set_id, sizeof f->ewf.set_id);
    *ret = ex_steal(&f);
    return EX_OK;
}

/* ---- the file beside it: docs/format/e01.md §5 ---- */

static json_t *segments_json(const char *stem, const struct export_e01_report *r) {
    json_t *list = json_array();
    for (unsigned n = 0; n < r->written.segments; n++) {
        const struct export_e01_segment *s = &r->segment[n];
        EX_AUTO_FREE char *own = NULL;
        if (asprintf(&own, "%s.%s", stem, s->extension) < 0)
            own = NULL;
        json_t *one = json_pack("{s:o, s:o}", "size_bytes", json_number(s->size_bytes), "sha256",
                                json_hex(s->sha256, SHA256_BYTES));
        json_set_text(one, "name", own == NULL ? s->extension : own);
        json_array_append_new(list, one);
    }
    return list;
}

struct unread_list {
    json_t *list;
    uint64_t bytes;
};

static void add_unread(void *context, uint64_t offset, uint64_t length, const char *why) {
    struct unread_list *u = context;
    u->bytes += length;
    json_array_append_new(u->list, json_pack("{s:o, s:o, s:s}", "offset", json_number(offset),
                                             "length", json_number(length), "why", why));
}

static json_t *unread_json(const struct item_truth *i, const struct vault_object_info *o,
                           const struct export_e01_report *r) {
    struct unread_list u = {.list = json_array()};
    item_unread(i, o, add_unread, &u);
    return json_pack("{s:o, s:o, s:o, s:o}", "ranges", json_number(o->unreadable_count), "bytes",
                     json_number(u.bytes), "listed_in_image", json_number(r->written.unread_listed),
                     "list", u.list);
}

static json_t *warnings_json(const struct vault_object_info *o, const struct export_e01_report *r) {
    json_t *list = json_array();
    if (r->sector_bytes == 1)
        json_array_append_new(
            list, json_string("The size is no multiple of 512 bytes, so the image has sectors of "
                              "one byte: libewf reads them, other programs may not."));
    if (r->written.unread_listed < o->unreadable_count)
        json_array_append_new(
            list, json_sprintf("Of %zu ranges that were never read, the image itself lists the "
                               "first %zu; the format has no place for the others. This list is "
                               "whole.",
                               o->unreadable_count, r->written.unread_listed));
    return list;
}

static json_t *limits_json(void) {
    static const char *const limits[] = {
        "That the source was genuine or complete, or that the item is what its label says.",
        "That this key belongs to the officer whom it names: compare it with paper.",
        "Anything by MD5 or SHA-1 alone: a forger can make both fit, and they cover the content, not "
        "the image's header (case, examiner, dates). The SHA-256 of the content and of each "
        "segment, in this file, cover all of it.",
        "That a machine's clock was right.",
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        json_array_append_new(list, json_string(limits[i]));
    return list;
}

static json_t *officer_json(const struct act *act) {
    struct ssh_key key;
    char text[SSH_KEY_TEXT_BYTES];
    ssh_key_make(sign_key_public(act->officer.sign), &key);
    json_t *officer =
        json_pack("{s:o, s:s}", "id", json_hex(act->officer.id, sizeof act->officer.id), "ssh",
                  ssh_key_text(&key, text));
    json_set_text(officer, "name", act->officer_name);
    return officer;
}

static json_t *item_json(const struct item_truth *i, const struct vault_object_info *o) {
    json_t *item = json_pack(
        "{s:o, s:s, s:O?, s:o, s:o, s:o, s:o}", "id", json_hex(i->id, sizeof i->id), "label",
        i->label, "label_text", json_object_get(i->item, "label_text"), "object",
        json_hex(o->id, SHA256_BYTES), "size_bytes", json_number(o->size_bytes), "sha256",
        json_hex(o->sha256, SHA256_BYTES), "fsverity", json_hex(o->fsverity, SHA256_BYTES));
    json_object_set_new(item, i->begin == ITEM_COLLECTED ? "collected" : "imported",
                        json_time(i->collected_ns));
    json_object_set_new(item, "result", json_string(i->result));
    json_t *warnings = json_object_get(i->item, "warnings");
    json_object_set_new(item, "warnings", warnings != NULL ? json_incref(warnings) : json_array());
    json_t *container = json_object_get(i->item, "container");
    if (container != NULL)
        json_object_set_new(item, "taken_from",
                            json_pack("{s:O, s:O, s:O?}", "format",
                                      json_object_get(container, "format"), "files",
                                      json_object_get(container, "files"), "hashes",
                                      json_object_get(container, "hashes")));
    return item;
}

static json_t *image_json(const struct exporting_form *form, const char *stem,
                          const struct export_e01_report *r) {
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "md5", json_hex(r->written.md5, EWF_MD5_BYTES), "sha1",
        json_hex(r->written.sha1, EWF_SHA1_BYTES), "sector_bytes", json_number(r->sector_bytes),
        "set_id", json_hex(form->ewf.set_id, sizeof form->ewf.set_id), "stored_bytes",
        json_number(r->stored_bytes), "segments", segments_json(stem, r));
}

char *exporting_e01_side(const struct act *act, const struct item_truth *i,
                         const struct vault_object_info *o, const struct exporting_form *form,
                         const char *stem, const struct export_e01_report *r) {
    struct ex_clock now;
    ex_clock_read(&now);
    json_t *side =
        json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:O?}", "format", "exhibit-e01", "version", 1,
                  "program", "exhibit " EXHIBIT_VERSION, "log", vault_config(act->vault)->origin,
                  "entry_intent", json_number(act->intent), "officer", officer_json(act), "case",
                  json_object_get(i->item, "case"));
    json_set_text(side, "agency", act->agency);
    json_object_set_new(side, "exported", json_time(now.utc_ns));
    json_object_set_new(side, "item", item_json(i, o));
    json_object_set_new(side, "image", image_json(form, stem, r));
    json_object_set_new(side, "unread", unread_json(i, o, r));
    json_object_set_new(side, "warnings", warnings_json(o, r));
    json_object_set_new(side, "does_not_prove", limits_json());
    EX_AUTO_FREE char *text = json_dumps(side, JSON_INDENT(1) | JSON_SORT_KEYS);
    char *line = NULL;
    json_decref(side);
    if (text == NULL || asprintf(&line, "%s\n", text) < 0)
        return NULL;
    return line;
}

/* ---- in the ledger ---- */

json_t *exporting_e01_json(const struct act *act, const struct export_e01_report *r,
                           const struct vault_object_info *o) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "segments",
                     json_number(r->written.segments), "segment_size",
                     json_number(exporting_e01_segment_bytes(act)), "stored_bytes",
                     json_number(r->stored_bytes), "sector_bytes", json_number(r->sector_bytes),
                     "md5", json_hex(r->written.md5, EWF_MD5_BYTES), "sha1",
                     json_hex(r->written.sha1, EWF_SHA1_BYTES), "side_sha256",
                     json_hex(r->side_sha256, SHA256_BYTES), "unread_listed",
                     json_number(r->written.unread_listed), "warnings", warnings_json(o, r));
}

/* ---- the act ---- */

static ex_code publish(struct act *act, const struct item_truth *i,
                       const struct vault_object_info *o, const struct exporting_form *form,
                       struct export_e01 *image, struct ex_error *err) {
    const char *output = act_flag(act, FLAG_OUTPUT), *slash = strrchr(output, '/');
    EX_AUTO_FREE char *stem = ex_strdup(slash == NULL ? output : slash + 1);
    stem[strlen(stem) - strlen(EXPORT_E01_EXTENSION)] = '\0'; /* exporting_e01_check() */
    EX_AUTO_FREE char *side = exporting_e01_side(act, i, o, form, stem, export_e01_report(image));
    if (side == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the file beside the image");
    return export_e01_publish(image, side, strlen(side), act->officer.sign, err);
}

ex_code exporting_e01_write(struct act *act, const struct item_truth *i,
                            const struct vault_object_info *o, struct export_e01 **ret,
                            struct ex_error *err) {
    EX_AUTO(export_e01_free) struct export_e01 *image = NULL;
    EX_AUTO(exporting_e01_form_free) struct exporting_form *form = NULL;
    EX_TRY(exporting_e01_form(act, i, o, &form, err));
    EX_TRY(export_e01_write(act->vault, o, act_flag(act, FLAG_OUTPUT), &form->ewf,
                            act->face->progress, &image, err));
    EX_TRY(publish(act, i, o, form, image, err));
    *ret = ex_steal(&image);
    return EX_OK;
}
