/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a scan with rules: format/rule-matches. */
#include "app/rules_internal.h"

#include "base/cursor.h"

static void set_left_out(json_t *line, const char *key, uint64_t count) {
    if (count > 0)
        json_object_set_new(line, key, json_number(count));
}

json_t *rules_totals_json(const struct rules_totals *t) {
    json_t *totals =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "contents", json_number(t->contents), "scanned",
                  json_number(t->scanned), "matched", json_number(t->matched), "matches",
                  json_number(t->matches), "not_scanned", json_number(t->not_scanned), "bytes",
                  json_number(t->bytes));
    set_left_out(totals, "not_listed", t->not_listed);
    return totals;
}

/* ---- writing ---- */

static json_t *places_json(const struct rule_found *f, uint32_t string, size_t places_max,
                           const uint8_t *content) {
    json_t *list = json_array();
    for (size_t i = 0; i < f->place_count && i < places_max; i++) {
        const struct rule_place *p = &f->place[i];
        size_t size = p->length < RULES_BYTES_MAX ? (size_t)p->length : (size_t)RULES_BYTES_MAX;
        if (p->string == string)
            json_array_append_new(list, json_pack("[o, o, o]", json_number(p->offset),
                                                  json_number(p->length),
                                                  json_hex(content + p->offset, size)));
    }
    return list;
}

void rules_match_json(json_t *line, const struct rule_found *f, size_t places_max,
                      const uint8_t *content) {
    json_t *strings = json_array();
    json_set_text(line, "rule", f->rule->name);
    json_set_text(line, "namespace", f->rule->space);
    json_object_set(line, "tags", f->rule->tags);
    set_left_out(line, "tags_left_out", f->rule->tags_left_out);
    json_object_set(line, "meta", f->rule->meta);
    set_left_out(line, "meta_left_out", f->rule->meta_left_out);
    for (size_t i = 0; i < f->string_count; i++) {
        json_t *one = json_object();
        json_set_text(one, "id", f->string[i].id);
        json_object_set_new(one, "count", json_number(f->string[i].count));
        json_object_set_new(one, "at", places_json(f, (uint32_t)i, places_max, content));
        json_array_append_new(strings, one);
    }
    json_object_set_new(line, "strings", strings);
    set_left_out(line, "strings_left_out", f->strings_left_out);
}

/* ---- reading ---- */

static bool is_count(const json_t *value) {
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool is_hex(const json_t *value, size_t size_bytes) {
    uint8_t bytes[SHA256_BYTES];
    const char *text = json_string_value(value);
    return text != NULL && ex_parse_hex(text, strlen(text), bytes, size_bytes);
}

static bool is_place(json_t *place, json_int_t size) {
    json_t *offset = json_array_get(place, 0), *length = json_array_get(place, 1);
    return json_array_size(place) == 3 && is_count(offset) && is_count(length) &&
           json_integer_value(offset) <= size &&
           json_integer_value(length) <= size - json_integer_value(offset) &&
           json_is_string(json_array_get(place, 2));
}

static bool is_strings(json_t *strings, json_int_t size) {
    json_t *one, *place;
    size_t i, n;
    json_array_foreach(strings, i, one) {
        json_t *at = json_object_get(one, "at");
        if (!json_is_string(json_object_get(one, "id")) ||
            !is_count(json_object_get(one, "count")) || !json_is_array(at))
            return false;
        json_array_foreach(at, n, place) {
            if (!is_place(place, size))
                return false;
        }
    }
    return json_is_array(strings);
}

static bool is_match(json_t *line) {
    json_t *size = json_object_get(line, "size");
    return json_is_string(json_object_get(line, "rule")) &&
           json_is_string(json_object_get(line, "namespace")) &&
           json_is_array(json_object_get(line, "tags")) &&
           json_is_array(json_object_get(line, "meta")) &&
           is_strings(json_object_get(line, "strings"), json_integer_value(size));
}

/* A match, or a content that was not scanned: §3, §4. */
static bool is_line(json_t *line) {
    json_t *not_scanned = json_object_get(line, "not_scanned");
    if (!is_hex(json_object_get(line, "trace"), ENTRY_ID_BYTES) ||
        !is_count(json_object_get(line, "number")) || !is_count(json_object_get(line, "size")) ||
        !json_is_array(json_object_get(line, "also")))
        return false;
    if (not_scanned != NULL)
        return json_is_string(json_object_get(not_scanned, "reason")) &&
               json_is_string(json_object_get(not_scanned, "text"));
    return is_match(line);
}

static bool take_end(json_t *line, struct rules_totals *ret) {
    json_t *end = json_object_get(line, "end");
    const struct {
        const char *key;
        uint64_t *to;
    } counts[] = {{"contents", &ret->contents},       {"scanned", &ret->scanned},
                  {"matched", &ret->matched},         {"matches", &ret->matches},
                  {"not_scanned", &ret->not_scanned}, {"bytes", &ret->bytes}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        json_t *value = json_object_get(end, counts[i].key);
        if (!is_count(value))
            return false;
        *counts[i].to = (uint64_t)json_integer_value(value);
    }
    json_t *not_listed = json_object_get(end, "not_listed");
    ret->not_listed = (uint64_t)json_integer_value(not_listed);
    return not_listed == NULL || is_count(not_listed);
}

static bool is_head(json_t *head) {
    json_t *rules = json_object_get(head, "rules");
    return json_integer_value(json_object_get(head, "exhibit_rule_matches")) ==
               RULES_FORMAT_VERSION &&
           is_hex(json_object_get(head, "item"), ENTRY_ID_BYTES) &&
           is_hex(json_object_get(head, "object"), SHA256_BYTES) &&
           is_hex(json_object_get(head, "examination"), SHA256_BYTES) &&
           json_is_string(json_object_get(rules, "name")) &&
           is_hex(json_object_get(rules, "sha256"), SHA256_BYTES) &&
           json_is_string(json_object_get(head, "library"));
}

static ex_code fail_line(uint64_t number, struct ex_error *err) {
    return ex_fail(err, EX_FORMAT, "line %" PRIu64 " is not as a result of rules has it", number);
}

struct reading_lines {
    rules_line_fn *each;
    void *context;
    json_t *head;
    bool ended;
    uint64_t number, matches, not_scanned;
    struct rules_totals *totals;
};

static ex_code take_line(struct reading_lines *r, const char *text, size_t size,
                         struct ex_error *err) {
    json_t *line =
        size <= RULES_LINE_BYTES_MAX ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    ex_code code = EX_OK;
    r->number++;
    if (r->ended || line == NULL) {
        code = fail_line(r->number, err);
    } else if (r->number == 1) {
        r->head = json_incref(line);
        code = is_head(line) ? EX_OK : fail_line(r->number, err);
    } else if (json_object_get(line, "end") != NULL) {
        r->ended = true;
        code = take_end(line, r->totals) ? EX_OK : fail_line(r->number, err);
    } else if (is_line(line)) {
        bool scanned = json_object_get(line, "not_scanned") == NULL;
        r->matches += scanned ? 1 : 0;
        r->not_scanned += scanned ? 0 : 1;
        code = r->each != NULL ? r->each(r->context, line, err) : EX_OK;
    } else {
        code = fail_line(r->number, err);
    }
    json_decref(line);
    return code;
}

ex_code rules_result_read(const uint8_t *data, uint64_t size_bytes, rules_line_fn *each,
                          void *context, json_t **ret_head, struct rules_totals *ret,
                          struct ex_error *err) {
    struct reading_lines r = {.each = each, .context = context, .totals = ret};
    ex_code code = EX_OK;
    *ret = (struct rules_totals){0};
    for (uint64_t at = 0; at < size_bytes && code == EX_OK;) {
        const uint8_t *end = memchr(data + at, '\n', (size_t)(size_bytes - at));
        size_t size = end != NULL ? (size_t)(end - (data + at)) : 0;
        code = end != NULL ? take_line(&r, (const char *)data + at, size, err)
                           : fail_line(r.number + 1, err);
        at += size + 1;
    }
    if (code == EX_OK && (!r.ended || r.matches != ret->matches ||
                          r.not_scanned + ret->not_listed != ret->not_scanned ||
                          ret->scanned + ret->not_scanned != ret->contents))
        code = ex_fail(err, EX_FORMAT, "a result of rules that does not end as a whole one does");
    *ret_head = r.head;
    return code;
}
