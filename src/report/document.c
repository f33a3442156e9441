/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document_internal.h"

#include <string.h>

const json_t *document_get(const json_t *from, const char *path) {
    char key[64];
    while (from != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");
        if (size >= sizeof key)
            return NULL;
        memcpy(key, path, size);
        key[size] = '\0';
        from = json_object_get(from, key);
        path += size + (path[size] == '.');
    }
    return json_is_null(from) ? NULL : from;
}

const char *document_text(const json_t *from, const char *path) {
    return json_string_value(document_get(from, path));
}
