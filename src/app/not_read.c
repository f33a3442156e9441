/* SPDX-License-Identifier: Apache-2.0 */
/* What of a folder was wanted and is not in its item. The item is exactly what was collected, and
 * so every later check calls it good: this goes along with it, so that nobody takes it for the
 * whole. */
#include "app/act_internal.h"

#include "source/folder.h"

#include <stdio.h>
#include <string.h>

static void take_number(json_t *from, const char *key, json_t *to) {
    json_t *number = json_object_get(from, key);
    if (json_integer_value(number) > 0)
        json_object_set(to, key, number);
}

json_t *json_not_read(json_t *item) {
    static const char *const counts[] = {"changed", "padded", "cut", "unreadable_files",
                                         "attributes_lost"};
    json_t *folder = json_object_get(item, "folder");
    json_t *not_read = json_object(), *omitted = json_object();
    if (folder == NULL) /* of an import: as the sender's ledger has it */
        folder = json_object_get(item, "not_read");
    for (int why = FOLDER_LEFT_LAST + 1; why < FOLDER_WHY_COUNT; why++)
        take_number(json_object_get(folder, "omitted"), folder_why_word((enum folder_why)why),
                    omitted);
    if (json_object_size(omitted) > 0)
        json_object_set(not_read, "omitted", omitted);
    json_decref(omitted);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        take_number(folder, counts[i], not_read);
    if (json_object_size(not_read) > 0)
        return not_read;
    json_decref(not_read);
    return NULL;
}

void json_add_not_read(json_t *to, json_t *item) {
    json_t *not_read = json_not_read(item);
    if (not_read != NULL)
        json_object_set_new(to, "not_read", not_read);
}

static size_t say_counts(json_t *counts, char *to, size_t room) {
    const char *key;
    json_t *value;
    size_t used = 0;
    json_object_foreach(counts, key, value) {
        if (json_is_object(value))
            used += say_counts(value, to + used, room - used);
        else if (used + 1 < room)
            used += (size_t)snprintf(to + used, room - used, ", %s %lld", key,
                                     (long long)json_integer_value(value));
        used = used < room ? used : room - 1;
    }
    return used;
}

char *json_not_read_text(json_t *not_read) {
    enum { ROOM = 512 };
    char *text = ex_new0_bytes(ROOM);
    size_t used = say_counts(not_read, text, ROOM);
    if (used > 2)
        memmove(text, text + 2, used - 1);
    return text;
}
