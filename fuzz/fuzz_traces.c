/* SPDX-License-Identifier: Apache-2.0 */
/* The whole as lines about traces. Each that is taken must be JSON for another reader too, which
 * finds the same in it; and what that reader writes again without spaces is taken again. */
#include "base/cursor.h"
#include "formats/trace_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_now) {
    if (!true_now)
        abort();
}

static void must_say(const json_t *json, const char *key, const char *text) {
    const json_t *value = json_object_get(json, key);
    must((value != NULL) == (text != NULL));
    if (text == NULL)
        return;
    must(json_is_string(value) && json_string_length(value) == strlen(text) &&
         strcmp(json_string_value(value), text) == 0);
}

static void must_count(const json_t *json, const char *key, bool has, uint64_t number) {
    const json_t *value = json_object_get(json, key);
    must((value != NULL) == has);
    must(!has || (json_is_integer(value) && (uint64_t)json_integer_value(value) == number));
}

static void must_hash(const json_t *json, const char *key, bool has, const uint8_t *hash,
                      size_t size_bytes) {
    char hex[2 * TRACE_LINE_HASH_BYTES + 1];
    must_say(json, key, has ? ex_hex(hex, hash, size_bytes) : NULL);
}

/* The same as another reader finds, and as the calendar of the C library counts. */
static void must_agree_on_time(const json_t *json, const struct trace_time *t) {
    char text[TRACE_TIME_TEXT_BYTES + 1];
    const char *stated = json_string_value(json_object_get(json, "time"));
    must_say(json, "what", t->what);
    must_say(json, "source", t->source);
    must_say(json, "zone", t->local ? "local" : "UTC");
    must_count(json, "resolution_ns", true, t->resolution_ns);
    must((stated == NULL) == t->beyond);
    if (t->beyond) {
        must(json_integer_value(json_object_get(json, "seconds")) == t->seconds);
        return;
    }
    size_t size = strlen(stated) - (t->local ? 0 : 1);
    must(t->text_bytes == size && memcmp(t->text, stated, size) == 0);
    must(trace_time_text(t->seconds, t->nanoseconds, size > 19 ? (unsigned)size - 20 : 0, text));
    must(strlen(text) == size && memcmp(text, stated, size) == 0);
}

/* In exactly the room that is promised. */
static void must_agree_on_times(const json_t *json, const struct trace_line *l) {
    const json_t *times = json_object_get(json, "times");
    struct trace_time t;
    size_t at = 0, count = 0;
    char *texts = malloc(l->times_bytes);
    must((times != NULL) == (l->times != NULL) && (l->times_bytes == 0 || texts != NULL));
    for (; trace_line_time(l, &at, texts, &t); count++)
        must_agree_on_time(json_array_get(times, count), &t);
    must(count == json_array_size(times) && at == l->times_bytes);
    free(texts);
}

static void must_agree_on_attributes(const json_t *json, const struct trace_line *l) {
    json_t *said = json_object_get(json, "attributes");
    struct trace_attribute a;
    size_t at = 0, count = 0;
    char *texts = malloc(l->attributes_bytes);
    must((said != NULL) == (l->attributes != NULL) && (l->attributes_bytes == 0 || texts != NULL));
    for (; trace_line_attribute(l, &at, texts, &a); count++) {
        char key[256];
        must(a.key_bytes < sizeof key);
        memcpy(key, a.key, a.key_bytes);
        key[a.key_bytes] = '\0';
        must_say(said, key, a.value);
    }
    must(count == json_object_size(said) && at == l->attributes_bytes);
    free(texts);
}

/* Of its first range; null and -1 are no places. */
static void must_agree_on_offset(const json_t *json, const struct trace_line *l) {
    json_t *first = json_array_get(json_array_get(json_object_get(json, "ranges"), 0), 0);
    bool placed = json_is_integer(first) && json_integer_value(first) >= 0;
    must(placed == l->has_offset);
    must(!placed || (uint64_t)json_integer_value(first) == l->offset);
}

static void must_agree(const json_t *json, const struct trace_line *l) {
    must(json_is_object(json));
    must_hash(json, "id", true, l->id, sizeof l->id);
    must_count(json, "parent", true, l->parent);
    must_say(json, "kind", l->kind);
    must_say(json, "state", l->state);
    must_say(json, "name", l->name);
    must_say(json, "type", l->type);
    must_count(json, "size", l->has_size, l->size);
    must_hash(json, "sha256", l->has_sha256, l->sha256, sizeof l->sha256);
    must_hash(json, "content_key", l->has_content_key, l->content_key, sizeof l->content_key);
    const json_t *error = json_object_get(json, "error");
    must((error != NULL) == (strcmp(l->kind, "error") == 0));
    must_say(error, "reason", l->reason);
    must_say(error, "text", l->text);
    must_agree_on_times(json, l);
    must_agree_on_attributes(json, l);
    must_agree_on_offset(json, l);
}

/* Its texts have exactly the room that is promised, so that a sanitizer sees the first byte too
 * many. */
static bool take(const char *line, size_t size, bool again) {
    struct trace_line l;
    char *own = malloc(size), *texts = malloc(size);
    must(size == 0 || (own != NULL && texts != NULL));
    if (size > 0)
        memcpy(own, line, size);
    bool taken = trace_line_read(own, size, texts, &l);
    if (taken) {
        json_t *json = json_loadb(own, size, JSON_REJECT_DUPLICATES, NULL);
        must(json != NULL);
        must_agree(json, &l);
        char *written = json_dumps(json, JSON_COMPACT);
        must(written != NULL && (again || take(written, strlen(written), true)));
        free(written);
        json_decref(json);
    }
    free(texts);
    free(own);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end != NULL ? (size_t)(end - data) : size;
        (void)take((const char *)data, length, false);
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
    return 0;
}
