/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of a LUKS2 header: segments, key slots, tokens. Any bytes are safe. */
#include "parsers/locked/luks_internal.h"

#include "parsers/shared/tell.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORD_BYTES_MAX = 64 };

void luks_words_add(struct luks_words *w, const char *format, ...) {
    char word[3 * WORD_BYTES_MAX];
    static const char MORE[] = ", ...";
    va_list args;
    va_start(args, format);
    int n = vsnprintf(word, sizeof word, format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : strlen(word);
    w->count++;
    if (w->bytes + size + 2 + sizeof MORE > sizeof w->text) {
        if (w->bytes < 3 || memcmp(w->text + w->bytes - 3, "...", 3) != 0) {
            memcpy(w->text + w->bytes, MORE, sizeof MORE);
            w->bytes += sizeof MORE - 1;
        }
        return;
    }
    if (w->bytes > 0) {
        memcpy(w->text + w->bytes, ", ", 2);
        w->bytes += 2;
    }
    memcpy(w->text + w->bytes, word, size + 1);
    w->bytes += size;
}

/* A text of the object, or "?"; cut, for a header may hold megabytes of it. */
static const char *word(const json_t *object, const char *name, char to[static WORD_BYTES_MAX]) {
    const char *text = json_string_value(json_object_get(object, name));
    (void)snprintf(to, WORD_BYTES_MAX, "%s", text != NULL ? text : "?");
    return to;
}

static ex_code tell_words(struct parser_run *run, const char *name, const struct luks_words *w,
                          const char *none, struct ex_error *err) {
    if (w->count == 0 && none == NULL)
        return EX_OK;
    return tell_text(run, name, w->count > 0 ? w->text : none, err);
}

static ex_code tell_segments(struct parser_run *run, json_t *segments, struct ex_error *err) {
    struct luks_words all = {0}, ciphers = {0};
    char type[WORD_BYTES_MAX], offset[WORD_BYTES_MAX], size[WORD_BYTES_MAX], cipher[WORD_BYTES_MAX];
    const char *number;
    json_t *one;
    json_object_foreach(segments, number, one) {
        luks_words_add(&all, "%s at %s, size %s", word(one, "type", type),
                       word(one, "offset", offset), word(one, "size", size));
        if (json_object_get(one, "encryption") != NULL &&
            strstr(ciphers.text, word(one, "encryption", cipher)) == NULL)
            luks_words_add(&ciphers, "%s", cipher);
    }
    one = json_object_get(segments, "0");
    if (json_is_string(json_object_get(one, "offset")))
        EX_TRY(tell_text(run, "content-offset", word(one, "offset", offset), err));
    EX_TRY(tell_words(run, "cipher", &ciphers, NULL, err));
    return tell_words(run, "segments", &all, "none", err);
}

static ex_code tell_slots(struct parser_run *run, json_t *slots, struct ex_error *err) {
    struct luks_words all = {0};
    char type[WORD_BYTES_MAX], kdf[WORD_BYTES_MAX];
    const char *number;
    json_t *one;
    json_object_foreach(slots, number, one) {
        const json_t *derivation = json_object_get(one, "kdf");
        if (json_is_object(derivation))
            luks_words_add(&all, "%.8s %s %s", number, word(one, "type", type),
                           word(derivation, "type", kdf));
        else
            luks_words_add(&all, "%.8s %s", number, word(one, "type", type));
    }
    const json_t *bits = json_object_get(json_object_get(slots, "0"), "key_size");
    if (json_is_integer(bits) && json_integer_value(bits) > 0 && json_integer_value(bits) < 4096)
        EX_TRY(parser_trace_number(run, "key-bits", (uint64_t)json_integer_value(bits) * 8, err));
    return tell_words(run, "key-slots", &all, "none", err);
}

static ex_code tell_tokens(struct parser_run *run, json_t *tokens, struct ex_error *err) {
    struct luks_words all = {0};
    char type[WORD_BYTES_MAX];
    const char *number;
    json_t *one;
    json_object_foreach(tokens, number, one)
        luks_words_add(&all, "%.8s %s", number, word(one, "type", type));
    return tell_words(run, "tokens", &all, NULL, err);
}

ex_code luks_tell_json(struct parser_run *run, const char *text, size_t size_bytes,
                       const char **ret_problem, struct ex_error *err) {
    json_error_t why;
    size_t size = strnlen(text, size_bytes); /* zeros fill up the area */
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    *ret_problem = NULL;
    if (!json_is_object(root)) {
        json_decref(root);
        *ret_problem = "the description in its header is damaged";
        return EX_OK;
    }
    ex_code code = tell_segments(run, json_object_get(root, "segments"), err);
    if (code == EX_OK)
        code = tell_slots(run, json_object_get(root, "keyslots"), err);
    if (code == EX_OK)
        code = tell_tokens(run, json_object_get(root, "tokens"), err);
    json_decref(root);
    return code;
}
