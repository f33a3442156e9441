/* SPDX-License-Identifier: Apache-2.0 */
/* A device for as long as it is collected. What protects it and what asks it comes before the entry
 * of intent, so that the entry can say what came of it. */
#include "app/device_internal.h"

#include <stdio.h>
#include <sys/stat.h>

struct device_held {
    struct device *device;
    const struct device_use *use; /* the device's */
    size_t use_count;
    char *reason; /* why it is collected although it is in use; or NULL */
    enum device_answer_word carries_vault;
    struct device_flag flag;
    struct device_answers *before, *after;
};

void device_let_go(struct device_held *h) {
    if (h == NULL)
        return;
    device_close(h->device);
    free(h->reason);
    free(h->before);
    free(h->after);
    free(h);
}

/* ---- taking ---- */

static ex_code refuse_use(const struct device_held *h, const char *path, struct ex_error *err) {
    char text[DEVICE_PATH_BYTES];
    device_use_text(&h->use[0], text, sizeof text);
    if (h->use_count == 1)
        (void)ex_fail(err, EX_BUSY, "the device \"%.60s\" is in use: %.150s", path, text);
    else
        (void)ex_fail(err, EX_BUSY, "the device \"%.60s\" is in use: %.120s, and %zu more", path,
                      text, h->use_count - 1);
    return ex_hint(EX_BUSY, err,
                   "unmount it, or stop what uses it; or say with --in-use-reason why it must be "
                   "collected as it is");
}

static ex_code check_vault(struct act *act, struct device_held *h, const char *path,
                           struct ex_error *err) {
    struct stat st;
    if (fstat(vault_dir_fd(act->vault), &st) != 0)
        return ex_fail_sys(err, "could not examine the vault");
    EX_TRY(device_carries(h->device, st.st_dev, &h->carries_vault, err));
    if (h->carries_vault == DEVICE_YES)
        return ex_hint(
            ex_fail(err, EX_USAGE, "the vault itself lies on the device \"%.100s\"", path), err,
            "collecting it would write to it; use a vault on another disk");
    return EX_OK;
}

ex_code device_take(struct act *act, const char *path, struct device_held **ret,
                    struct ex_error *err) {
    *ret = NULL;
    if (strcmp(path, "-") == 0 || !device_at(path))
        return EX_OK;
    EX_AUTO(device_let_go) struct device_held *h = ex_new0(struct device_held);
    const char *reason = act_flag(act, FLAG_IN_USE_REASON);
    EX_TRY(device_open(path, NULL, &h->device, err));
    EX_TRY(check_vault(act, h, path, err));
    EX_TRY(device_claim(h->device, &h->use, &h->use_count, err));
    if (h->use_count > 0 && (reason == NULL || *reason == '\0'))
        return refuse_use(h, path, err);
    h->reason = h->use_count > 0 ? ex_strdup(reason) : NULL;
    device_set_read_only(h->device, h->use_count > 0, &h->flag);
    h->before = ex_new0(struct device_answers);
    device_ask(h->device, h->before);
    *ret = ex_steal(&h);
    return EX_OK;
}

ex_code device_check_opened(const struct device_held *h, const struct source_identity *opened,
                            struct ex_error *err) {
    bool device = opened->kind == SOURCE_DEVICE;
    if (h == NULL ? !device : device && opened->device == (uint64_t)device_number(h->device))
        return EX_OK;
    return ex_fail(err, EX_SOURCE, "the path led to something else than a moment ago");
}

bool device_hides(const struct device_held *h) {
    struct device_hidden hidden;
    device_hidden(h->device, h->before, &hidden);
    return hidden.not_visible > 0;
}

/* ---- as JSON ---- */

static json_t *uses_json(const struct device_held *h) {
    json_t *list = json_array();
    for (size_t i = 0; i < h->use_count; i++)
        json_array_append_new(list, device_use_json(&h->use[i]));
    return list;
}

json_t *device_short_json(const struct device_held *h) {
    return device_identity_json(device_identity(h->device));
}

json_t *device_before_json(const struct device_held *h) {
    json_t *json = device_short_json(h);
    json_object_set_new(json, "claimed", json_boolean(device_claimed(h->device)));
    json_object_set_new(json, "in_use", uses_json(h));
    json_object_set_new(json, "in_use_reason", json_null());
    if (h->reason != NULL)
        json_set_text(json, "in_use_reason", h->reason);
    json_object_set_new(json, "read_only_flag", device_flag_json(&h->flag));
    json_object_set_new(json, "asked", device_answers_json(h->device, h->before));
    return json;
}

/* ---- afterwards ---- */

json_t *device_after_json(struct device_held *h) {
    free(h->after);
    h->after = ex_new0(struct device_answers);
    device_ask(h->device, h->after);
    device_check_read_only(h->device, &h->flag);
    json_t *changes = json_array(),
           *warnings =
               device_warnings(&(const struct device_told){.device = h->device,
                                                           .use = h->use,
                                                           .use_count = h->use_count,
                                                           .carries_vault = h->carries_vault,
                                                           .flag = &h->flag,
                                                           .before = h->before,
                                                           .after = h->after});
    struct device_change change[DEVICE_COUNTERS_MAX];
    size_t count = device_changes(h->before, h->after, change);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(changes, device_change_json(&change[i]));
    return json_pack("{s:o, s:o, s:o, s:o}", "read_only_flag", device_flag_json(&h->flag), "asked",
                     device_answers_json(h->device, h->after), "changes", changes, "warnings",
                     warnings);
}

/* By what the kernel says, and by the number that it gave when it was asked. */
ex_code device_check_after(const struct device_held *h, struct ex_error *err) {
    const struct device_answers *before = h->before, *after = h->after;
    EX_TRY(device_check_medium(h->device, err));
    if (after != NULL && before->identify.given && after->identify.given &&
        strcmp(before->self.serial, after->self.serial) != 0)
        return ex_hint(
            ex_fail(err, EX_SOURCE,
                    "the device gave the serial number \"%.24s\" before it was read, and "
                    "\"%.24s\" afterwards",
                    before->self.serial, after->self.serial),
            err, "the item is not held; collect each medium for itself");
    return EX_OK;
}

/* ---- is it the same? ---- */

enum { SAME_BY = 6 };
static const char *const same_by[SAME_BY] = {"size_bytes", "start_bytes", "model",
                                             "serial",     "wwid",        "backing_file"};

static bool known(json_t *one) {
    return one != NULL && !json_is_null(one);
}

static json_t *own_serial(json_t *device) {
    return json_object_get(json_object_get(json_object_get(device, "asked"), "identify"), "serial");
}

/* Does it say a number of its own? Otherwise it is known by where it hangs. */
static bool is_named(json_t *now, json_t *recorded) {
    return known(json_object_get(now, "serial")) || known(json_object_get(now, "wwid")) ||
           (known(own_serial(now)) && known(own_serial(recorded))) ||
           known(json_object_get(now, "backing_file"));
}

json_t *device_same_by(const struct device_held *h, json_t *recorded) {
    json_t *list = json_array(), *now = device_before_json(h);
    for (size_t i = 0; i < SAME_BY; i++)
        if (known(json_object_get(now, same_by[i])))
            json_array_append_new(list, json_string(same_by[i]));
    if (known(own_serial(now)) && known(own_serial(recorded)))
        json_array_append_new(list, json_string("asked.identify.serial"));
    if (!is_named(now, recorded) && known(json_object_get(now, "place")))
        json_array_append_new(list, json_string("place"));
    json_decref(now);
    return list;
}

bool device_is_same(const struct device_held *h, json_t *recorded) {
    json_t *now = device_before_json(h);
    bool same = json_is_object(recorded);
    for (size_t i = 0; i < SAME_BY && same; i++)
        same = json_equal(json_object_get(now, same_by[i]), json_object_get(recorded, same_by[i]));
    json_t *mine = own_serial(now), *theirs = own_serial(recorded);
    if (known(mine) && known(theirs))
        same = same && json_equal(mine, theirs);
    if (!is_named(now, recorded))
        same =
            same && json_equal(json_object_get(now, "place"), json_object_get(recorded, "place"));
    json_decref(now);
    return same;
}
