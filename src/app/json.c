/* SPDX-License-Identifier: Apache-2.0 */
/* Small JSON values that several use cases need (docs/format/json.md). */
#include "app/act_internal.h"

#include "base/cursor.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

json_t *json_hex(const uint8_t *data, size_t size_bytes) {
    char hex[2 * 64 + 1];
    return size_bytes <= 64 ? json_string(ex_hex(hex, data, size_bytes)) : json_null();
}

json_t *json_packs(const uint8_t (*id)[VAULT_PACK_ID_BYTES], size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_hex(id[i], VAULT_PACK_ID_BYTES));
    return list;
}

json_t *json_time(int64_t utc_ns) {
    char text[EX_TIME_TEXT_BYTES];
    return json_string(ex_time_text(text, utc_ns));
}

json_t *json_number(uint64_t v) {
    return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

/* Length of the UTF-8 character that begins here, 0 when it is none: jansson is the judge. */
static size_t utf8_length(const char *s) {
    size_t left = strnlen(s, 4);
    for (size_t size = 1; size <= left; size++) {
        json_t *one = json_stringn(s, size);
        json_decref(one);
        if (one != NULL)
            return size;
    }
    return 0;
}

void json_set_text(json_t *object, const char *key, const char *bytes) {
    size_t size = strlen(bytes), used = 0;
    bool replaced = false;
    EX_AUTO_FREE char *text = ex_new0_bytes(3 * size + 1);
    for (size_t i = 0; i < size;) {
        size_t one = utf8_length(bytes + i);
        replaced = replaced || one == 0;
        memcpy(text + used, one > 0 ? bytes + i : "\xef\xbf\xbd", one > 0 ? one : 3);
        used += one > 0 ? one : 3;
        i += one > 0 ? one : 1;
    }
    json_object_set_new(object, key, json_string(text));
    if (!replaced)
        return;
    size_t encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    EX_AUTO_FREE char *base64 = ex_new0_bytes(encoded);
    char name[64];
    sodium_bin2base64(base64, encoded, (const unsigned char *)bytes, size,
                      sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(name, sizeof name, "%s_base64", key);
    json_object_set_new(object, name, json_string(base64));
}

json_t *json_error(const struct ex_error *err) {
    json_t *json = json_pack("{s:s}", "code", ex_code_name(err->code));
    json_set_text(json, "text", err->text);
    return json;
}

bool json_get_hex(json_t *object, const char *key, uint8_t *to, size_t size_bytes) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && ex_parse_hex(text, strlen(text), to, size_bytes);
}

json_t *json_claim(const char *verdict, int64_t now_ns, json_t *counts) {
    return json_pack("{s:s, s:o, s:o, s:[], s:[], s:[]}", "verdict", verdict, "checked_at",
                     json_time(now_ns), "counts", counts, "not_checked", "findings",
                     "does_not_prove");
}

void json_say(json_t *claim, const char *list, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *holder =
        json_object(); /* a name may be no UTF-8, or have been cut inside a character */
    json_set_text(holder, "text", text);
    json_array_append(json_object_get(claim, list), json_object_get(holder, "text"));
    json_decref(holder);
}

enum { LISTED_RANGES_MAX = 10000 };

json_t *json_unreadable(const struct vault_object_info *o) {
    json_t *list = json_array();
    uint64_t bytes = 0;
    for (size_t i = 0; i < o->unreadable_count; i++) {
        bytes += o->unreadable[i].length;
        if (i < LISTED_RANGES_MAX) /* the manifest has them all */
            json_array_append_new(list, json_pack("{s:o, s:o}", "offset",
                                                  json_number(o->unreadable[i].offset), "length",
                                                  json_number(o->unreadable[i].length)));
    }
    return json_pack("{s:o, s:o, s:o}", "ranges", json_number(o->unreadable_count), "bytes",
                     json_number(bytes), "list", list);
}
