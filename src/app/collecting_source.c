/* SPDX-License-Identifier: Apache-2.0 */
/* A source as the ledger has it, and whether one that is opened again is the same. */
#include "app/collecting_internal.h"

#include <inttypes.h>
#include <stdio.h>

#define REPRESENTABLE_S (INT64_MAX / 1000000000)

/* A time that no time text can hold is null, and stands beside that in seconds. */
static void set_time(json_t *json, const char *key, struct source_time t) {
    char name[40], text[48];
    if (t.s > -REPRESENTABLE_S && t.s < REPRESENTABLE_S) {
        json_object_set_new(json, key, json_time(t.s * 1000000000 + t.ns));
        return;
    }
    (void)snprintf(name, sizeof name, "%s_seconds", key);
    (void)snprintf(text, sizeof text, "@%" PRId64 ".%09u", t.s, t.ns);
    json_object_set_new(json, key, json_null());
    json_object_set_new(json, name, json_string(text));
}

static void file_json(json_t *json, const struct source_identity *i) {
    char mode[8];
    (void)snprintf(mode, sizeof mode, "%06o", i->mode & 0177777);
    if (i->kind == SOURCE_FILE || i->kind == SOURCE_CONTAINER)
        json_object_set_new(json, "write_guarded", json_boolean(i->write_guarded));
    json_object_set_new(json, "device", json_number(i->device));
    json_object_set_new(json, "inode", json_number(i->inode));
    json_object_set_new(json, "mode", json_string(mode));
    set_time(json, "modified", i->modified);
    set_time(json, "changed", i->changed);
    set_time(json, "accessed", i->accessed);
}

static void device_json(json_t *json, const struct source_identity *i) {
    json_object_set_new(json, "sector_bytes", json_number(i->sector_bytes));
    json_object_set_new(json, "device", json_number(i->device));
    json_object_set_new(json, "disk_sequence",
                        i->disk_sequence != 0 ? json_number(i->disk_sequence) : json_null());
}

json_t *collecting_source_json(const struct source_identity *i) {
    static const char *const kind[] = {[SOURCE_FILE] = "file",
                                       [SOURCE_STDIN] = "stdin",
                                       [SOURCE_MEMBER] = "member",
                                       [SOURCE_DEVICE] = "device",
                                       [SOURCE_FOLDER] = "folder",
                                       [SOURCE_CONTAINER] = "container"};
    json_t *json = json_pack("{s:s}", "kind", kind[i->kind]);
    json_set_text(json, "path", i->path);
    if (i->kind == SOURCE_STDIN || i->kind == SOURCE_MEMBER)
        return json;
    if (i->resolved != NULL)
        json_set_text(json, "resolved", i->resolved);
    json_object_set_new(json, "link", json_boolean(i->link));
    if (i->kind != SOURCE_FOLDER && i->kind != SOURCE_CONTAINER)
        json_object_set_new(json, "size_bytes", json_number(i->size_bytes));
    if (i->kind == SOURCE_DEVICE)
        device_json(json, i);
    else
        file_json(json, i);
    return json;
}

/* By what a source is taken for the same, where the ledger has it of a source of this kind. */
static const struct {
    const char *key, *word;
} same_by[] = {{"kind", "kind"},
               {"resolved", "path"},
               {"size_bytes", "size"},
               {"sector_bytes", "sector size"},
               {"inode", "inode"},
               {"modified", "time of modification"},
               {"changed", "time of change"},
               {"modified_seconds", "time of modification"},
               {"changed_seconds", "time of change"}};
enum { SAME_BY = sizeof same_by / sizeof same_by[0], SAME_BY_SAID = 1 /* not the kind */ };

json_t *collecting_same_by(const struct collecting *c) {
    json_t *list = json_array();
    for (size_t i = SAME_BY_SAID; i < SAME_BY; i++)
        if (json_object_get(c->recorded, same_by[i].key) != NULL)
            json_array_append_new(list, json_string(same_by[i].key));
    return list;
}

static bool same_member(const json_t *a, const json_t *b, const char *key) {
    const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);
    return (x == NULL && y == NULL) || json_equal(x, y);
}

ex_code collecting_check_same(const struct collecting *c, struct ex_error *err) {
    json_t *now = collecting_source_json(&c->before);
    size_t i = 0;
    while (i < SAME_BY && same_member(now, c->recorded, same_by[i].key))
        i++;
    json_decref(now);
    if (i == SAME_BY)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_SOURCE,
                           "the source \"%.100s\" is not what it was: its %s is another",
                           c->before.path, same_by[i].word),
                   err, "collect it again from its beginning; what was stored is shared");
}

/* ---- what a list asks for may be held ---- */

/* Only of a file is there anything that would tell. A device has no times, and two sticks may say
 * the same number of themselves: it is read again, and what is stored already is shared. */
static bool same_source(const struct item_truth *held, json_t *asked) {
    const json_t *source = json_object_get(held->item, "source");
    const json_t *now = json_object_get(asked, "source");
    const char *kind = json_string_value(json_object_get(now, "kind"));
    if (kind == NULL || (strcmp(kind, "file") != 0 && strcmp(kind, "container") != 0))
        return false;
    for (size_t i = 0; i < SAME_BY; i++)
        if (!same_member(source, now, same_by[i].key))
            return false;
    return true;
}

static bool is_asked_for(const struct act *act, const struct item_truth *held, json_t *asked) {
    return held->begin == ITEM_COLLECTED && held->approval == 0 && held->item != NULL &&
           memcmp(held->case_id, act->case_id, sizeof held->case_id) == 0 &&
           same_member(held->item, asked, "label_text") &&
           same_member(held->item, asked, "label_text_base64") && same_source(held, asked);
}

ex_code collecting_find_held(struct act *act, const struct collecting *c, json_t **ret,
                             struct ex_error *err) {
    struct truth t = {0};
    json_t *asked =
        json_pack("{s:n, s:o}", "label_text", "source", collecting_source_json(&c->before));
    if (c->label != NULL)
        json_set_text(asked, "label_text", c->label);
    ex_code code = truth_load(act, &t, err);
    const struct item_truth *best = NULL; /* a whole one; otherwise the latest */
    for (size_t i = 0; code == EX_OK && i < t.item_count; i++)
        if ((best == NULL || strcmp(best->result, "done") != 0) &&
            is_asked_for(act, &t.items[i], asked))
            best = &t.items[i];
    if (best != NULL)
        *ret = truth_item_json(best);
    truth_clear(&t);
    json_decref(asked);
    return code;
}
