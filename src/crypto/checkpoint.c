/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-checkpoint v1.0.0: the text inside the signed note. */
#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/note.h"
#include "crypto/note_text.h"

#include <sodium.h>
#include <stdio.h>

enum { ROOT_BASE64_BYTES = 45 }; /* with the NUL */

ex_code checkpoint_parse(const char *text, size_t size_bytes, struct checkpoint *ret,
                         struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    struct checkpoint found = {0};
    size_t origin_bytes, size_digits, root_bytes, extension_bytes;
    const char *origin = ex_cursor_line(&c, &origin_bytes);
    const char *size = ex_cursor_line(&c, &size_digits);
    const char *root = ex_cursor_line(&c, &root_bytes);
    EX_TRY(ex_cursor_check(&c, "a checkpoint", err));
    if (!note_text_valid(text, size_bytes))
        return ex_fail(err, EX_FORMAT, "a checkpoint holds control characters or is not UTF-8");
    if (origin_bytes == 0 || origin_bytes > NOTE_NAME_MAX)
        return ex_fail(err, EX_FORMAT, "the origin of a checkpoint is empty or too long");
    if (!ex_parse_decimal(size, size_digits, &found.size))
        return ex_fail(err, EX_FORMAT, "the size in a checkpoint is not a number");
    if (!ex_parse_base64(root, root_bytes, found.root, sizeof found.root))
        return ex_fail(err, EX_FORMAT, "the root in a checkpoint is not a hash");
    while (ex_cursor_left(&c) > 0) {
        if (ex_cursor_line(&c, &extension_bytes) == NULL || extension_bytes == 0)
            return ex_fail(err, EX_FORMAT, "an extension line of a checkpoint is empty or open");
    }
    memcpy(found.origin, origin, origin_bytes);
    *ret = found;
    return EX_OK;
}

ex_code checkpoint_text(const struct checkpoint *c, char **ret, size_t *ret_bytes,
                        struct ex_error *err) {
    char root[ROOT_BASE64_BYTES];
    char text[sizeof c->origin + 24 + sizeof root];
    struct checkpoint again;
    sodium_bin2base64(root, sizeof root, c->root, sizeof c->root, sodium_base64_VARIANT_ORIGINAL);
    int size =
        snprintf(text, sizeof text, "%s\n%llu\n%s\n", c->origin, (unsigned long long)c->size, root);
    /* An origin with a line break would make another checkpoint of it. */
    EX_TRY(checkpoint_parse(text, (size_t)size, &again, err));
    if (strcmp(again.origin, c->origin) != 0 || again.size != c->size)
        return ex_fail(err, EX_FORMAT, "the origin of a checkpoint is not one line of text");
    *ret = ex_strdup(text);
    *ret_bytes = (size_t)size;
    return EX_OK;
}
