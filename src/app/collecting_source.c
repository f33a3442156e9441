/* SPDX-License-Identifier: Apache-2.0 */
/* A source as the ledger has it, and whether one that is opened again is the same. */
#include "app/collecting_internal.h"

#include <stdio.h>

json_t *collecting_source_json(const struct source_identity *i) {
    bool file = i->kind == SOURCE_FILE;
    json_t *json = json_pack("{s:s}", "kind", file ? "file" : "stdin");
    json_set_text(json, "path", i->path);
    if (!file)
        return json;
    char mode[8];
    (void)snprintf(mode, sizeof mode, "%06o", i->mode & 0177777);
    if (i->resolved != NULL)
        json_set_text(json, "resolved", i->resolved);
    json_object_set_new(json, "link", json_boolean(i->link));
    json_object_set_new(json, "write_guarded", json_boolean(i->write_guarded));
    json_object_set_new(json, "size_bytes", json_number(i->size_bytes));
    json_object_set_new(json, "device", json_number(i->device));
    json_object_set_new(json, "inode", json_number(i->inode));
    json_object_set_new(json, "mode", json_string(mode));
    json_object_set_new(json, "modified", json_time(i->modified_ns));
    json_object_set_new(json, "changed", json_time(i->changed_ns));
    json_object_set_new(json, "accessed", json_time(i->accessed_ns));
    return json;
}

/* By what the source is taken for the same. */
enum { SAME_BY = 5 };
static const char *const same_by[SAME_BY] = {"resolved", "size_bytes", "inode", "modified",
                                             "changed"};

json_t *collecting_same_by(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < SAME_BY; i++)
        json_array_append_new(list, json_string(same_by[i]));
    return list;
}

ex_code collecting_check_same(const struct collecting *c, struct ex_error *err) {
    static const char *const word[SAME_BY] = {"path", "size", "inode", "time of modification",
                                              "time of change"};
    json_t *now = collecting_source_json(&c->before);
    size_t i = 0;
    while (i < SAME_BY &&
           json_equal(json_object_get(now, same_by[i]), json_object_get(c->recorded, same_by[i])))
        i++;
    json_decref(now);
    if (i == SAME_BY)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_SOURCE,
                           "the source \"%.100s\" is not what it was: its %s is another",
                           c->before.path, word[i]),
                   err, "collect it again from its beginning; what was stored is shared");
}
