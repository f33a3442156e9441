/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of exporting: intent, a copy hashed on the way out, outcome. */
#include "app/exporting_internal.h"

#include "base/file.h"
#include "transport/export.h"
#include "transport/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
    bool files; /* a folder is restored */
    struct restore_report restored;
    struct export_e01 *image; /* of --format e01 */
    json_t *image_json;
    struct export_report report;
    uint64_t unreadable_bytes;
};

static void copy_clear(struct copy *c) {
    export_e01_free(c->image);
    json_decref(c->image_json);
}

static bool is_e01(const struct act *act) {
    return strcmp(act_flag(act, FLAG_FORMAT), EXPORTING_E01) == 0;
}

static ex_code export_intent(struct act *act, const struct item_truth *i, struct ex_error *err) {
    memcpy(act->item_id, i->id, sizeof act->item_id);
    memcpy(act->case_id, i->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    json_t *what = json_pack("{s:o, s:s, s:s}", "item_id", json_hex(i->id, sizeof i->id), "label",
                             i->label, "format", act_flag(act, FLAG_FORMAT));
    json_set_text(what, "output", act_flag(act, FLAG_OUTPUT));
    if (is_e01(act))
        json_object_set_new(what, "segment_size", json_number(exporting_e01_segment_bytes(act)));
    return act_intent(act, what, err);
}

static ex_code write_image(struct act *act, const struct item_truth *i,
                           const struct vault_object_info *object, struct copy *c,
                           struct ex_error *err) {
    EX_TRY(exporting_e01_write(act, i, object, &c->image, err));
    c->image_json = exporting_e01_json(act, export_e01_report(c->image), object);
    c->report.size_bytes = object->size_bytes;
    memcpy(c->report.sha256, export_e01_report(c->image)->written.sha256, SHA256_BYTES);
    return EX_OK;
}

static ex_code write_copy(struct act *act, const struct item_truth *i, struct copy *c,
                          struct ex_error *err) {
    struct vault_object_info object = {0};
    ex_code code;
    EX_TRY(vault_object(act->vault, i->object_id, &object, err));
    if (truth_agrees(i, &object) && c->files) {
        code =
            restore_files(act->vault, &object, act_flag(act, FLAG_OUTPUT),
                          act_has_flag(act, FLAG_SPECIAL), act->face->progress, &c->restored, err);
        c->report.size_bytes = c->restored.size_bytes;
        memcpy(c->report.sha256, c->restored.sha256, SHA256_BYTES);
    } else if (truth_agrees(i, &object) && is_e01(act))
        code = write_image(act, i, &object, c, err);
    else if (truth_agrees(i, &object))
        code = export_raw(act->vault, &object, act_flag(act, FLAG_OUTPUT), act->face->output_fd,
                          act->face->progress, &c->report, err);
    else
        code =
            ex_hint(ex_fail(err, EX_ALTERED, "the ledger's entry of item %s is damaged", i->label),
                    err, "run: exhibit verify %s", i->label);
    for (size_t n = 0; n < object.unreadable_count; n++)
        c->unreadable_bytes += object.unreadable[n].length;
    vault_object_info_clear(&object);
    return code;
}

static json_t *restored_json(const struct restore_report *r) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "files",
                     json_number(r->files), "directories", json_number(r->directories), "symlinks",
                     json_number(r->symlinks), "hard_links", json_number(r->hard_links), "others",
                     json_number(r->others), "not_restored", json_number(r->not_restored),
                     "not_asked", json_number(r->not_asked), "unread_files",
                     json_number(r->unread_files), "unread_bytes", json_number(r->unread_bytes));
}

/* A file without an outcome is taken back. */
static void take_back(const struct act *act, const struct copy *c) {
    if (c->image != NULL)
        export_e01_withdraw(c->image);
    else if (!c->files && strcmp(act_flag(act, FLAG_OUTPUT), "-") != 0)
        (void)unlink(act_flag(act, FLAG_OUTPUT));
}

/* The outcome; of a pipe it is known how much went out. */
static ex_code record_copy(struct act *act, const struct item_truth *i, const struct copy *c,
                           struct ex_error *err) {
    json_t *what = json_pack("{s:o, s:o, s:b}", "sha256", json_hex(c->report.sha256, SHA256_BYTES),
                             "size_bytes", json_number(c->report.size_bytes), "matches", 1);
    bool partial = c->restored.not_restored > 0 || c->restored.unread_files > 0;
    json_add_not_read(what, i->item);
    if (c->files)
        json_object_set_new(what, "restored", restored_json(&c->restored));
    if (c->image != NULL)
        json_object_set(what, "image", c->image_json);
    ex_code code =
        act_outcome(act, partial ? "partial" : "done", what, i->object_id, NULL, NULL, err);
    act->verdict = partial ? EX_PARTIAL : EX_OK;
    if (code != EX_OK)
        take_back(act, c);
    return code;
}

static ex_code exporting(struct act *act, const struct item_truth *i, struct copy *c,
                         json_t **ret_result, struct ex_error *err) {
    uint64_t started = ex_monotonic_ns();
    const char *output = act_flag(act, FLAG_OUTPUT);
    EX_TRY(export_intent(act, i, err));
    ex_code code = write_copy(act, i, c, err);
    if (code == EX_OK)
        code = record_copy(act, i, c, err);
    if (code != EX_OK && strcmp(output, "-") == 0)
        act->given_out_bytes = c->report.size_bytes;
    EX_TRY(code);
    *ret_result = json_pack(
        "{s:{s:s, s:o}, s:s, s:o, s:o, s:b, s:o, s:f}", "item", "label", i->label, "id",
        json_hex(i->id, sizeof i->id), "format", act_flag(act, FLAG_FORMAT), "size_bytes",
        json_number(c->report.size_bytes), "sha256", json_hex(c->report.sha256, SHA256_BYTES),
        "matches", 1, "unreadable_bytes", json_number(c->unreadable_bytes), "seconds",
        (double)(ex_monotonic_ns() - started) / 1e9);
    json_set_text(*ret_result, "output", output);
    json_add_not_read(*ret_result, i->item);
    if (c->files)
        json_object_set_new(*ret_result, "restored", restored_json(&c->restored));
    if (c->image != NULL)
        json_object_set(*ret_result, "image", c->image_json);
    return EX_OK;
}

/* Only a folder was taken apart when it was collected, so only it can be put together again. */
static ex_code check_files(const struct act *act, const struct item_truth *i,
                           struct ex_error *err) {
    const char *kind =
        json_string_value(json_object_get(json_object_get(i->item, "source"), "kind"));
    if (strcmp(act_flag(act, FLAG_FORMAT), "files") != 0)
        return EX_OK;
    if (strcmp(act_flag(act, FLAG_OUTPUT), "-") == 0)
        return ex_hint(ex_fail(err, EX_USAGE, "files cannot be restored into standard output"), err,
                       "name a new directory, or write the archive with --format raw");
    if (kind == NULL || strcmp(kind, "folder") != 0)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "item %s is no folder", i->label), err,
                       "exhibit export %s --format raw writes its bytes", i->label);
    return EX_OK;
}

/* Is this file's directory the vault, or inside it? Its parents are followed up to the root. */
ex_code act_outside_vault(struct act *act, const char *output, struct ex_error *err) {
    const char *slash = strrchr(output, '/');
    EX_AUTO_FREE char *directory =
        slash == NULL ? ex_strdup(".")
                      : strndup(output, slash == output ? 1 : (size_t)(slash - output));
    struct stat vault, here, before = {0};
    if (strcmp(output, "-") == 0 || fstat(vault_dir_fd(act->vault), &vault) != 0)
        return EX_OK;
    EX_AUTO_FD int fd = directory != NULL ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    while (fd >= 0 && fstat(fd, &here) == 0) {
        if (here.st_dev == vault.st_dev && here.st_ino == vault.st_ino)
            return ex_hint(ex_fail(err, EX_USAGE, "\"%s\" lies inside the vault", output), err,
                           "copies go elsewhere; nothing but exhibit writes into a vault");
        if (here.st_dev == before.st_dev && here.st_ino == before.st_ino)
            break; /* the root is its own parent */
        before = here;
        int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ex_fd_close(fd);
        fd = up;
    }
    return EX_OK;
}

ex_code act_check_output(struct act *act, struct ex_error *err) {
    const char *output = act_flag(act, FLAG_OUTPUT);
    bool regular;
    if (output == NULL || strcmp(output, "-") == 0)
        return EX_OK;
    EX_TRY(act_outside_vault(act, output, err));
    if (ex_exists(AT_FDCWD, output, &regular))
        return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already", output), err,
                       "name a file that is not there yet");
    return EX_OK;
}

ex_code act_put_output(struct act *act, const char *data, size_t size, struct ex_error *err) {
    const char *output = act_flag(act, FLAG_OUTPUT);
    if (strcmp(output, "-") == 0)
        return ex_write_all(act->face->output_fd, data, size, "standard output", err);
    return ex_write_file(AT_FDCWD, output, data, size, EX_WRITE_NEW, err);
}

ex_code app_export(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct copy c = {.files = strcmp(act_flag(act, FLAG_FORMAT), "files") == 0};
    struct truth t = {0};
    const struct item_truth *i;
    if (strcmp(act_flag(act, FLAG_FORMAT), "raw") != 0 && !c.files && !is_e01(act))
        return ex_hint(
            ex_fail(err, EX_UNSUPPORTED, "the format \"%.40s\" is not known",
                    act_flag(act, FLAG_FORMAT)),
            err, "raw: the bytes; e01: an image for other programs; files: a folder, restored");
    EX_TRY(act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err));
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, act->request->operand[0], &i, err);
    if (code == EX_OK && i->approval != 0)
        code = truth_fail_disposed(i, err);
    if (code == EX_OK && i->physical)
        code = ex_hint(
            ex_fail(err, EX_UNSUPPORTED, "item %s is physical: there are no bytes of it", i->label),
            err, "exhibit handover offer %s --to OFFICER gives it to somebody", i->label);
    if (code == EX_OK)
        code = check_files(act, i, err);
    if (code == EX_OK)
        code = exporting_e01_check(act, i, err);
    if (code == EX_OK)
        code = exporting(act, i, &c, ret_result, err);
    copy_clear(&c);
    truth_clear(&t);
    return code;
}
