/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting a folder: what the officer selects, and what came of it. */
#include "app/collecting_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const enum flag_id folder_flags[] = {
    FLAG_INCLUDE,        FLAG_EXCLUDE,  FLAG_NEWER, FLAG_OLDER,
    FLAG_MIN_SIZE,       FLAG_MAX_SIZE, FLAG_TYPE,  FLAG_OTHER_FILE_SYSTEMS,
    FLAG_ONE_FILE_SYSTEM};

/* ---- the flags ---- */

/* A day (its beginning, UTC), or a time in UTC with or without a fraction. */
static ex_code parse_time(const struct act *act, enum flag_id id, bool *ret_has, int64_t *ret,
                          struct ex_error *err) {
    const char *text = act_flag(act, id);
    char whole[EX_TIME_TEXT_BYTES] = "";
    if (text == NULL)
        return EX_OK;
    size_t size = strlen(text);
    if (size == sizeof "2026-01-31" - 1)
        (void)snprintf(whole, sizeof whole, "%sT00:00:00.000000000Z", text);
    else if (size == sizeof "2026-01-31T12:00:00Z" - 1 && text[size - 1] == 'Z')
        (void)snprintf(whole, sizeof whole, "%.19s.000000000Z", text);
    else if (size < sizeof whole)
        (void)snprintf(whole, sizeof whole, "%s", text);
    *ret_has = true;
    if (ex_time_parse(whole, strlen(whole), ret))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE, "--%s is no time: \"%.40s\"", flag_table[id].name, text),
                   err, "write 2026-01-31 (its beginning in UTC) or 2026-01-31T12:00:00Z");
}

static ex_code parse_size(const struct act *act, enum flag_id id, uint64_t *ret,
                          struct ex_error *err) {
    const char *text = act_flag(act, id);
    if (text == NULL || (ex_parse_decimal(text, strlen(text), ret) && *ret <= INT64_MAX))
        return EX_OK;
    return ex_fail(err, EX_USAGE, "--%s is no number of bytes: \"%.40s\"", flag_table[id].name,
                   text);
}

static ex_code parse_types(const struct act *act, unsigned *ret, struct ex_error *err) {
    const char *text = act_flag(act, FLAG_TYPE);
    if (text == NULL)
        return EX_OK;
    *ret = 0;
    for (const char *p = text;; p++) {
        size_t size = strcspn(p, ",");
        unsigned type = 1;
        while (type <= FOLDER_TYPES_ALL && (strlen(folder_type_word(type)) != size ||
                                            memcmp(folder_type_word(type), p, size) != 0))
            type <<= 1;
        if (type > FOLDER_TYPES_ALL)
            return ex_hint(ex_fail(err, EX_USAGE, "--type has no \"%.*s\"", (int)size, p), err,
                           "file, symlink, fifo, socket, device, with commas between them");
        *ret |= type;
        p += size;
        if (*p == '\0')
            return EX_OK;
    }
}

static ex_code parse_selection(const struct act *act, struct folder_selection *ret,
                               struct ex_error *err) {
    folder_selection_init(ret);
    ret->include = act_flag(act, FLAG_INCLUDE);
    ret->exclude = act_flag(act, FLAG_EXCLUDE);
    ret->other_file_systems = act_has_flag(act, FLAG_OTHER_FILE_SYSTEMS);
    ret->one_file_system = act_has_flag(act, FLAG_ONE_FILE_SYSTEM);
    if (ret->other_file_systems && ret->one_file_system)
        return ex_fail(err, EX_USAGE,
                       "--other-file-systems and --one-file-system exclude each other");
    EX_TRY(parse_time(act, FLAG_NEWER, &ret->has_newer, &ret->newer_ns, err));
    EX_TRY(parse_time(act, FLAG_OLDER, &ret->has_older, &ret->older_ns, err));
    EX_TRY(parse_size(act, FLAG_MIN_SIZE, &ret->min_size_bytes, err));
    EX_TRY(parse_size(act, FLAG_MAX_SIZE, &ret->max_size_bytes, err));
    return parse_types(act, &ret->types, err);
}

/* ---- opening ---- */

static bool is_folder(const char *path) {
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A vault that collected itself would grow by what it collects. Inside the folder it is left out;
 * the other way round there would be nothing else. */
static ex_code leave_vault_out(struct act *act, const char *path, struct folder_selection *s,
                               struct ex_error *err) {
    struct stat st;
    EX_AUTO_FREE char *inside = NULL;
    if (asprintf(&inside, "%s/.", path) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a path");
    if (act_outside_vault(act, inside, NULL) != EX_OK)
        return ex_hint(ex_fail(err, EX_USAGE, "\"%s\" is this vault, or lies inside it", path), err,
                       "a vault is copied whole, with any tool, while nothing writes into it");
    if (fstat(vault_dir_fd(act->vault), &st) != 0)
        return ex_fail_sys(err, "could not examine the vault");
    s->has_vault = true;
    s->vault_device = st.st_dev;
    s->vault_inode = st.st_ino;
    return EX_OK;
}

ex_code collecting_open_folder(struct act *act, struct collecting *c, const char *path,
                               struct ex_error *err) {
    if (is_folder(path)) {
        EX_TRY(parse_selection(act, &c->selection, err));
        EX_TRY(leave_vault_out(act, path, &c->selection, err));
        EX_AUTO_FD int spool =
            openat(vault_dir_fd(act->vault), "work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return source_open_folder(path, &c->selection, spool, &c->source, err);
    }
    for (size_t i = 0; i < sizeof folder_flags / sizeof folder_flags[0]; i++)
        if (act_has_flag(act, folder_flags[i]))
            return ex_fail(err, EX_USAGE, "--%s is for folders, and \"%.100s\" is none",
                           flag_table[folder_flags[i]].name, path);
    return EX_OK;
}

/* ---- what the ledger says of it ---- */

json_t *collecting_selection_json(const struct folder_selection *s) {
    json_t *json = json_pack("{s:b}", "other_file_systems", s->other_file_systems);
    if (s->one_file_system)
        json_object_set_new(json, "one_file_system", json_true());
    if (s->include != NULL)
        json_set_text(json, "include", s->include);
    if (s->exclude != NULL)
        json_set_text(json, "exclude", s->exclude);
    if (s->has_newer)
        json_object_set_new(json, "newer", json_time(s->newer_ns));
    if (s->has_older)
        json_object_set_new(json, "older", json_time(s->older_ns));
    if (s->min_size_bytes > 0)
        json_object_set_new(json, "min_size", json_number(s->min_size_bytes));
    if (s->max_size_bytes != UINT64_MAX)
        json_object_set_new(json, "max_size", json_number(s->max_size_bytes));
    if (s->types == FOLDER_TYPES_ALL)
        return json;
    json_t *types = json_array();
    for (unsigned type = 1; type <= FOLDER_TYPES_ALL; type <<= 1)
        if ((s->types & type) != 0)
            json_array_append_new(types, json_string(folder_type_word(type)));
    json_object_set_new(json, "types", types);
    return json;
}

json_t *collecting_folder_json(const struct collecting *c) {
    struct folder_report r;
    if (!source_folder_report(c->source, &r))
        return NULL;
    json_t *omitted = json_object();
    for (int why = FOLDER_TAKEN + 1; why < FOLDER_WHY_COUNT; why++)
        if (r.omitted[why] > 0)
            json_object_set_new(omitted, folder_why_word((enum folder_why)why),
                                json_number(r.omitted[why]));
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "format", FOLDER_FORMAT, "selection", collecting_selection_json(&c->selection), "files",
        json_number(r.files), "directories", json_number(r.directories), "symlinks",
        json_number(r.symlinks), "hard_links", json_number(r.hard_links), "others",
        json_number(r.others), "content_bytes",
        r.content_bytes > INT64_MAX ? json_null() : json_number(r.content_bytes), "omitted",
        omitted, "changed", json_number(r.changed), "padded", json_number(r.padded), "cut",
        json_number(r.cut), "unreadable_files", json_number(r.unreadable), "odd_size",
        json_number(r.odd_size), "attributes_lost", json_number(r.attributes_lost), "access_times",
        json_number(r.access_times));
}

bool collecting_is_partial(const struct collecting *c) {
    struct folder_report r;
    return c->report.object.unreadable_count > 0 || c->partial ||
           collecting_container_is_partial(c) ||
           (source_folder_report(c->source, &r) && folder_report_is_partial(&r));
}
