/* SPDX-License-Identifier: Apache-2.0 */
/* Going on with a collection that was cut off. */
#include "app/collecting_internal.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

/* Text of the ledger that may not have been UTF-8; the caller frees. */
static char *text_of(json_t *object, const char *key) {
    char name[40];
    const char *text = json_string_value(json_object_get(object, key));
    (void)snprintf(name, sizeof name, "%.20s_base64", key);
    const char *coded = json_string_value(json_object_get(object, name));
    if (coded == NULL)
        return text != NULL ? ex_strdup(text) : NULL;
    char *bytes = ex_new0_bytes(strlen(coded) + 1);
    size_t size = 0;
    if (sodium_base642bin((unsigned char *)bytes, strlen(coded), coded, strlen(coded), NULL, &size,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        size = 0;
    bytes[size] = '\0';
    return bytes;
}

/* ---- what earlier sittings leave to be said ---- */

static void say(json_t *list, const char *format, ...) EX_PRINTF(2, 3);
static void say(json_t *list, const char *format, ...) {
    EX_AUTO_FREE char *words = NULL;
    json_t *holder = json_object();
    va_list args;
    va_start(args, format);
    if (vasprintf(&words, format, args) >= 0)
        json_set_text(holder, "text", words);
    va_end(args);
    json_array_append(list, json_object_get(holder, "text"));
    json_decref(holder);
}

static json_t *earlier_warnings(const struct work_story *w) {
    json_t *device = json_object_get(w->what, "device"), *one = NULL;
    json_t *before = json_object_get(json_object_get(w->what, "resumes"), "earlier_warnings");
    json_t *list = json_is_array(before) ? json_copy(before) : json_array();
    size_t i = 0;
    json_array_foreach(json_object_get(device, "in_use"), i, one) {
        EX_AUTO_FREE char *text = text_of(one, "text");
        say(list,
            "in an earlier sitting the device was in use: %s; it may have been written to while "
            "it was read",
            text != NULL ? text : "?");
    }
    json_t *flag = json_object_get(device, "read_only_flag");
    if (device != NULL && !json_is_true(json_object_get(flag, "now")))
        say(list, "in an earlier sitting the kernel's read-only flag of the device was not set");
    return list;
}

/* ---- going on ---- */

static ex_code open_recorded(struct act *act, struct collecting *c, struct ex_error *err) {
    EX_AUTO_FREE char *path = text_of(c->recorded, "path");
    EX_AUTO_FREE char *resolved = text_of(c->recorded, "resolved");
    const char *kind = json_string_value(json_object_get(c->recorded, "kind"));
    if (kind != NULL && strcmp(kind, "folder") == 0)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "a folder cannot be gone on with"), err,
                       "collect it again; what was stored of it is shared, and is only read again");
    if (path == NULL || kind == NULL || (strcmp(kind, "file") != 0 && strcmp(kind, "device") != 0))
        return ex_fail(err, EX_UNSUPPORTED, "this source cannot be read from the middle");
    EX_TRY(collecting_open(act, c, path[0] != '/' && resolved != NULL ? resolved : path, err));
    EX_TRY(collecting_check_same(c, err));
    if (c->device == NULL || device_is_same(c->device, c->device_recorded))
        return source_set_effort(c->source, &c->effort, err);
    return ex_hint(
        ex_fail(err, EX_SOURCE, "at \"%.100s\" is another device than before", c->before.path), err,
        "put the device back where it was, or collect it from its beginning");
}

static ex_code take_story(struct act *act, struct collecting *c, struct work_story *w,
                          struct ex_error *err) {
    const char *name = act->request->operand[0];
    json_t *number = json_object_get(json_object_get(w->what, "case"), "number");
    if (w->held)
        return ex_hint(
            ex_fail(err, EX_EXISTS, "what the work \"%s\" collected is held already", name), err,
            "exhibit work discard %s --reason TEXT", name);
    if (!w->found || !json_is_string(number))
        return ex_fail(err, EX_ALTERED, "the ledger does not say what the work \"%s\" collected",
                       name);
    memcpy(act->case_id, w->case_id, sizeof act->case_id);
    memcpy(act->item_id, w->item_id, sizeof act->item_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    c->number = ex_strdup(json_string_value(number));
    c->label = text_of(w->what, "label_text");
    c->recorded = json_incref(json_object_get(w->what, "source"));
    c->device_recorded = json_incref(json_object_get(w->what, "device"));
    c->earlier = earlier_warnings(w);
    json_t *before = json_object_get(w->journal, "resumed");
    c->resumed = json_is_array(before) ? json_copy(before) : json_array();
    json_array_append_new(c->resumed, json_number(w->intent));
    EX_TRY(collecting_take_effort(c, json_object_get(w->what, "effort"), err));
    return collecting_parse_readback(json_string_value(json_object_get(w->what, "readback")),
                                     &c->readback, err);
}

json_t *collecting_resumed_at_json(const struct collecting *c) {
    const struct vault_put_sampled *s = &c->report.put.sampled;
    json_t *json = json_pack("{s:o, s:O, s:o, s:o, s:o}", "offset", json_number(c->offset),
                             "same_by", json_object_get(c->resumes_json, "same_by"),
                             "compared_places", json_number(s->places), "compared_bytes",
                             json_number(s->bytes), "unread_places", json_number(s->unread_places));
    json_t *device = json_object_get(c->resumes_json, "same_device_by");
    if (device != NULL)
        json_object_set(json, "same_device_by", device);
    return json;
}

void collecting_warn_of_sittings(const struct collecting *c, json_t *warnings) {
    const struct vault_put_sampled *s = &c->report.put.sampled;
    if (s->places > 0)
        say(warnings,
            "what lay before byte %" PRIu64 " was read in an earlier sitting, and compared again "
            "in samples only: %" PRIu64 " places at random, %" PRIu64 " bytes",
            c->offset, s->places, s->bytes);
    else
        say(warnings,
            "what lay before byte %" PRIu64
            " was read in an earlier sitting, and was NOT compared again",
            c->offset);
    json_array_extend(warnings, c->earlier);
}

ex_code collecting_begin_again(struct act *act, struct collecting *c, struct ex_error *err) {
    const char *name = act->request->operand[0];
    struct work_story w = {0};
    EX_TRY(vault_work_open(act->vault, name, &c->work, err));
    EX_TRY(vault_work_offset(c->work, &c->offset, err));
    ex_code code = work_story(act, c->work, &w, err);
    if (code == EX_OK)
        code = take_story(act, c, &w, err);
    uint64_t intent = w.intent;
    work_story_clear(&w);
    EX_TRY(code);
    EX_TRY(collecting_parse_max_errors(act, c, err));
    EX_TRY(open_recorded(act, c, err));
    json_t *what = collecting_intent_json(act, c);
    c->resumes_json = json_pack("{s:o, s:s, s:o, s:o, s:O}", "intent", json_number(intent), "work",
                                name, "offset", json_number(c->offset), "same_by",
                                collecting_same_by(c), "earlier_warnings", c->earlier);
    if (c->device != NULL)
        json_object_set_new(c->resumes_json, "same_device_by",
                            device_same_by(c->device, c->device_recorded));
    json_object_set(what, "resumes", c->resumes_json);
    return act_intent(act, what, err);
}
