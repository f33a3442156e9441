/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of lists: what one trace says, cut to a size that many of them can have. */
#include "report/machine_internal.h"

#include <string.h>

enum {
    TEXTS_MAX = 2 << 20,
    MACHINE_REASON_BYTES = 16 << 10 /* of the rows of one standing in a list of a reason */
};

size_t machine_word(const char *const *words, const char *word) {
    size_t i = 0;
    while (words[i] != NULL && (word == NULL || strcmp(words[i], word) != 0))
        i++;
    return i;
}

ex_code machine_texts(struct machine *m, size_t bytes, struct ex_error *err) {
    return ex_grow(&m->texts, &m->texts_capacity, bytes + 1, 1, TEXTS_MAX, "what a trace says",
                   err);
}

/* Never in the middle of a character. */
json_t *machine_text(const char *text) {
    char cut[MACHINE_TEXT_BYTES + 4];
    size_t size = strlen(text);
    if (size <= MACHINE_TEXT_BYTES)
        return json_string(text);
    size = MACHINE_TEXT_BYTES;
    while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80)
        size--;
    memcpy(cut, text, size);
    memcpy(cut + size, "…", sizeof "…");
    return json_string(cut);
}

static void set_text(json_t *row, const char *key, const char *text) {
    if (text != NULL)
        json_object_set_new(row, key, machine_text(text));
}

static void set_hex(json_t *row, const char *key, const uint8_t *bytes, size_t size) {
    char hex[2 * TRACE_LINE_HASH_BYTES + 1];
    for (size_t i = 0; i < size; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    json_object_set_new(row, key, json_string(hex));
}

static ex_code set_attributes(struct machine *m, json_t *row, const struct trace_line *line,
                              struct ex_error *err) {
    struct trace_attribute a;
    size_t at = 0, count = 0;
    if (line->attributes == NULL)
        return EX_OK;
    EX_TRY(machine_texts(m, line->attributes_bytes, err));
    json_t *said = json_object();
    for (; trace_line_attribute(line, &at, m->texts, &a); count++) {
        char key[160];
        (void)snprintf(key, sizeof key, "%.*s", (int)a.key_bytes, a.key);
        if (count < MACHINE_ROW_ATTRIBUTES)
            json_object_set_new(said, key, machine_text(a.value));
    }
    json_object_set_new(row, "attributes", said);
    if (count > MACHINE_ROW_ATTRIBUTES)
        json_object_set_new(row, "attributes_left_out",
                            json_integer((json_int_t)(count - MACHINE_ROW_ATTRIBUTES)));
    return EX_OK;
}

static json_t *time_json(const struct trace_time *t) {
    json_t *json = json_pack("{s:s, s:s}", "what", t->what, "zone", t->local ? "local" : "UTC");
    if (t->beyond) {
        json_object_set_new(json, "time", json_null());
        json_object_set_new(json, "seconds", json_integer(t->seconds));
    } else {
        json_object_set_new(
            json, "time", json_sprintf("%.*s%s", (int)t->text_bytes, t->text, t->local ? "" : "Z"));
    }
    set_text(json, "source", t->source);
    return json;
}

static ex_code set_times(struct machine *m, json_t *row, const struct trace_line *line,
                         struct ex_error *err) {
    struct trace_time t;
    size_t at = 0;
    if (line->times == NULL)
        return EX_OK;
    EX_TRY(machine_texts(m, line->times_bytes, err));
    json_t *times = json_array();
    while (trace_line_time(line, &at, m->texts, &t))
        if (json_array_size(times) < MACHINE_ROW_ATTRIBUTES)
            json_array_append_new(times, time_json(&t));
    json_object_set_new(row, "times", times);
    return EX_OK;
}

/* As it stands in the item; beside it what the line itself says, where that is another word. */
static void set_state(const struct machine *m, json_t *row, uint64_t number,
                      const struct trace_line *line) {
    const char *state = trace_state_words[trace_state_of(&m->states, number)];
    const char *own = trace_state_own(line);
    json_object_set_new(row, "state", json_string(state));
    if (strcmp(state, own) != 0)
        json_object_set_new(row, "own_state", json_string(own));
}

static json_t *row_json(const struct machine *m, uint64_t number, const struct trace_line *line) {
    json_t *row = json_object();
    json_object_set_new(row, "number", json_integer((json_int_t)number));
    json_object_set_new(row, "parent", json_integer((json_int_t)line->parent));
    set_hex(row, "trace", line->id, sizeof line->id);
    json_object_set_new(row, "kind", json_string(line->kind));
    set_state(m, row, number, line);
    json_object_set_new(row, "parser", json_integer((json_int_t)line->parser));
    set_text(row, "name", line->name);
    set_text(row, "type", line->type);
    if (line->has_size)
        json_object_set_new(row, "size", json_integer((json_int_t)line->size));
    if (line->has_offset)
        json_object_set_new(row, "offset", json_integer((json_int_t)line->offset));
    if (line->has_sha256)
        set_hex(row, "sha256", line->sha256, sizeof line->sha256);
    if (line->reason != NULL)
        json_object_set_new(row, "error",
                            json_pack("{s:s, s:s}", "reason", line->reason, "text", line->text));
    return row;
}

static size_t length_of(const json_t *value) {
    const char *key;
    json_t *one;
    size_t size = json_string_length(value), i;
    json_object_foreach((json_t *)(uintptr_t)value, key, one) size += strlen(key) + length_of(one);
    json_array_foreach(value, i, one) size += length_of(one);
    return size;
}

/* ---- lists ---- */

static void count(struct machine *m, struct machine_list *l, uint64_t number) {
    l->count++;
    l->standing[machine_standing_in(m, l, number)]++;
    l->not_allocated += trace_state_of(&m->states, number) != TRACE_ALLOCATED ? 1 : 0;
}

/* Once a row found no room, none behind it is shown: "the first ones" stays true. */
static bool has_room(struct machine_rows *r, size_t shown) {
    size_t most = shown < MACHINE_SHOWN ? MACHINE_REASON_BYTES : MACHINE_LIST_BYTES;
    r->full = r->full || json_array_size(r->row) >= shown || r->bytes >= most;
    return !r->full;
}

static ex_code append(struct machine *m, struct machine_list *l, struct machine_rows *to,
                      uint64_t number, const struct trace_line *line, struct ex_error *err) {
    json_t *row = row_json(m, number, line);
    json_object_set_new(row, "standing",
                        json_string(MACHINE_STANDINGS[machine_standing_in(m, l, number)]));
    ex_code code = set_attributes(m, row, line, err);
    if (code == EX_OK)
        code = set_times(m, row, line, err);
    if (code == EX_OK && to->row == NULL)
        to->row = json_array();
    if (code == EX_OK && json_array_append(to->row, row) != 0)
        code = ex_fail(err, EX_NOMEM, "no memory for a report");
    if (code == EX_OK) {
        to->bytes += length_of(row);
        l->source_bytes += length_of(row);
    }
    json_decref(row);
    return code;
}

/* What stands in one file is told in a row, so that this needs no memory of others. */
static enum machine_tier tier_of(struct machine_list *l, const struct trace_line *line) {
    if (!l->has_places)
        return TIER_SHARE;
    if (line->parent != l->source) {
        l->source = line->parent;
        l->source_rows = l->source_bytes = 0;
        l->source_lost = false;
    }
    bool shares =
        l->source_rows++ < MACHINE_SHOWN_OF_A_FILE && l->source_bytes < MACHINE_FILE_BYTES;
    return shares ? TIER_SHARE : TIER_FURTHER;
}

ex_code machine_list_add(struct machine *m, struct machine_list *l, size_t shown, uint64_t number,
                         const struct trace_line *line, struct ex_error *err) {
    enum machine_standing in = machine_standing_in(m, l, number);
    struct machine_rows *to = &l->rows[in][tier_of(l, line)];
    count(m, l, number);
    l->source_lost = (l->source_lost && l->has_places) || !has_room(to, shown);
    return l->source_lost ? EX_OK : append(m, l, to, number, line, err);
}

bool machine_list_count(struct machine *m, struct machine_list *l, size_t shown, uint64_t number) {
    enum machine_standing in = machine_standing_in(m, l, number);
    count(m, l, number);
    return l->standing[in] <= shown;
}

ex_code machine_list_append(struct machine *m, struct machine_list *l, uint64_t number,
                            const struct trace_line *line, struct ex_error *err) {
    struct machine_rows *to = &l->rows[machine_standing_in(m, l, number)][TIER_SHARE];
    return has_room(to, MACHINE_SHOWN) ? append(m, l, to, number, line, err) : EX_OK;
}

/* Among those from `first` on, which stand by their numbers. */
static void insert(json_t *all, size_t first, json_t *row) {
    json_int_t number = json_integer_value(json_object_get(row, "number"));
    size_t at = json_array_size(all);
    while (at > first &&
           json_integer_value(json_object_get(json_array_get(all, at - 1), "number")) > number)
        at--;
    json_array_insert(all, at, row);
}

json_t *machine_list_shown(const struct machine_list *l, size_t shown) {
    json_t *all = json_array(), *row;
    size_t bytes = 0, i;
    for (size_t in = 0; in < STANDINGS; in++) {
        size_t first = json_array_size(all);
        for (size_t tier = 0; tier < TIERS; tier++)
            json_array_foreach(l->rows[in][tier].row, i, row) {
                if (json_array_size(all) == shown || bytes >= MACHINE_LIST_BYTES)
                    return all;
                bytes += length_of(row);
                insert(all, first, row);
            }
    }
    return all;
}

void machine_list_clear(struct machine_list *l) {
    for (size_t in = 0; in < STANDINGS; in++)
        for (size_t tier = 0; tier < TIERS; tier++) {
            json_decref(l->rows[in][tier].row);
            l->rows[in][tier].row = NULL;
        }
}

/* ---- times ---- */

static int compare(const struct machine_time *a, const struct trace_time *t) {
    if (a->seconds != t->seconds)
        return a->seconds < t->seconds ? -1 : 1;
    return a->nanoseconds < t->nanoseconds ? -1 : a->nanoseconds > t->nanoseconds;
}

static void keep_time(struct machine *m, struct machine_time *to, uint64_t number,
                      const struct trace_line *line, const struct trace_time *t) {
    json_decref(to->row);
    *to = (struct machine_time){true, number, t->seconds, t->nanoseconds, time_json(t)};
    set_hex(to->row, "trace", line->id, sizeof line->id);
    set_state(m, to->row, number, line);
}

static void take_time(struct machine *m, uint64_t number, const struct trace_line *line,
                      const struct trace_time *t) {
    enum { YEAR_1980 = 315532800, DAY = 86400 };
    size_t what = machine_word(trace_time_whats, t->what);
    bool gone = trace_state_of(&m->states, number) > TRACE_VIRTUAL;
    m->times++;
    m->times_not_in_use += gone ? 1 : 0;
    m->times_local += t->local ? 1 : 0;
    m->times_beyond += t->beyond ? 1 : 0;
    if (t->beyond || what >= WHATS)
        return;
    m->times_before_1980 += t->seconds < YEAR_1980 + DAY ? 1 : 0;
    /* a local time is of a zone at most 14 hours away */
    m->times_after += t->seconds > m->collected_s + (t->local ? DAY : 0) ? 1 : 0;
    struct machine_time *first = &m->first[gone][what], *last = &m->last[gone][what];
    if (!first->has || compare(first, t) > 0)
        keep_time(m, first, number, line, t);
    if (!last->has || compare(last, t) < 0)
        keep_time(m, last, number, line, t);
}

ex_code machine_times(struct machine *m, uint64_t number, const struct trace_line *line,
                      struct ex_error *err) {
    struct trace_time t;
    size_t at = 0;
    if (line->times == NULL)
        return EX_OK;
    EX_TRY(machine_texts(m, line->times_bytes, err));
    while (trace_line_time(line, &at, m->texts, &t))
        take_time(m, number, line, &t);
    return EX_OK;
}
