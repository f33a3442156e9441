/* SPDX-License-Identifier: Apache-2.0 */
/* Armor, written: age.md, "ASCII armor"; RFC 7468 §3, strict. */
#include "formats/age_internal.h"

#include <sodium.h>

enum {
    LINE_CHARS = AGE_COLUMNS + 1, /* with its LF */
    TEXT_BYTES = 512 * LINE_CHARS
};

static ex_code flush(struct age_armor *a, struct ex_error *err) {
    size_t size = a->text_bytes;
    a->text_bytes = 0;
    return size > 0 ? a->sink.write(a->sink.context, a->text, size, err) : EX_OK;
}

static ex_code put_line(struct age_armor *a, const char *line, struct ex_error *err) {
    size_t size = strlen(line);
    if (a->text_bytes + size + 1 > TEXT_BYTES)
        EX_TRY(flush(a, err));
    memcpy(a->text + a->text_bytes, line, size);
    a->text[a->text_bytes + size] = '\n';
    a->text_bytes += size + 1;
    return EX_OK;
}

static ex_code put_bytes(struct age_armor *a, const uint8_t *data, size_t size_bytes,
                         struct ex_error *err) {
    char line[AGE_COLUMNS + 1];
    sodium_bin2base64(line, sizeof line, data, size_bytes, sodium_base64_VARIANT_ORIGINAL);
    return put_line(a, line, err);
}

ex_code age_armor_init(struct age_armor *a, struct age_sink sink, struct ex_error *err) {
    *a = (struct age_armor){.sink = sink};
    EX_TRY(ex_alloc(TEXT_BYTES, 1, TEXT_BYTES, "armor", &a->text, err));
    return put_line(a, AGE_ARMOR_BEGIN, err);
}

void age_armor_clear(struct age_armor *a) {
    free(a->text);
    *a = (struct age_armor){0};
}

ex_code age_armor_write(struct age_armor *a, const uint8_t *data, size_t size_bytes,
                        struct ex_error *err) {
    while (size_bytes > 0) {
        size_t take = AGE_COLUMN_BYTES - a->rest_bytes;
        take = take < size_bytes ? take : size_bytes;
        memcpy(a->rest + a->rest_bytes, data, take);
        a->rest_bytes += take;
        data += take;
        size_bytes -= take;
        if (a->rest_bytes < AGE_COLUMN_BYTES)
            break;
        EX_TRY(put_bytes(a, a->rest, a->rest_bytes, err));
        a->rest_bytes = 0;
    }
    return EX_OK;
}

ex_code age_armor_finish(struct age_armor *a, struct ex_error *err) {
    if (a->rest_bytes > 0)
        EX_TRY(put_bytes(a, a->rest, a->rest_bytes, err));
    EX_TRY(put_line(a, AGE_ARMOR_END, err));
    return flush(a, err);
}
