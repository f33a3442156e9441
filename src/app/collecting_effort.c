/* SPDX-License-Identifier: Apache-2.0 */
/* How much trouble is taken over what cannot be read, and what came of it (docs/collecting.md). */
#include "app/collecting_internal.h"

#include <errno.h>
#include <stdlib.h>

enum {
    RETRIES_DEFAULT = 2,
    RETRIES_MAX = 1000,
    ERROR_SECONDS_DEFAULT = 300,
    ERROR_SECONDS_MAX = 1000000,
    SKIPS_MAX = 1000,
    LISTED_RANGES_MAX = 10000
};

/* A decimal number up to the character `end`; moves *at behind that, unless it is the NUL. */
static bool take_number(const char **at, char end, uint64_t most, uint64_t *ret) {
    char *stop = NULL;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *ret = strtoull(*at, &stop, 10);
    if (errno != 0 || *ret > most || (*stop != end && (*stop != '\0' || end != ',')))
        return false;
    *at = *stop == '\0' ? stop : stop + 1;
    return true;
}

static ex_code parse_number(const struct act *act, enum flag_id id, const char *name, uint64_t most,
                            uint64_t *ret, struct ex_error *err) {
    const char *text = act_flag(act, id);
    uint64_t number;
    if (text == NULL)
        return EX_OK;
    if (!take_number(&text, '\0', most, &number))
        return ex_fail(err, EX_USAGE, "--%s takes a number up to %llu", name,
                       (unsigned long long)most);
    *ret = number;
    return EX_OK;
}

static uint64_t number_of(const json_t *object, const char *key, uint64_t most) {
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n < 0 || (uint64_t)n > most ? 0 : (uint64_t)n;
}

static ex_code add_skip(struct collecting *c, uint64_t offset, uint64_t length,
                        struct ex_error *err) {
    if (c->effort.skip_count >= SKIPS_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d regions to skip", SKIPS_MAX);
    if (c->skip == NULL)
        c->skip = ex_new0_bytes(SKIPS_MAX * sizeof *c->skip);
    c->skip[c->effort.skip_count++] =
        (struct source_range){.offset = offset, .length = length, .why = SOURCE_SKIPPED};
    c->effort.skip = c->skip;
    return EX_OK;
}

static int by_offset(const void *a, const void *b) {
    const struct source_range *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static ex_code parse_skip(const struct act *act, struct collecting *c, struct ex_error *err) {
    const char *at = act_flag(act, FLAG_SKIP_REGION);
    uint64_t offset, length;
    if (at == NULL)
        return EX_OK;
    do {
        if (!take_number(&at, '+', INT64_MAX, &offset) ||
            !take_number(&at, ',', INT64_MAX, &length))
            return ex_hint(ex_fail(err, EX_USAGE, "--skip-region takes OFFSET+LENGTH, in bytes"),
                           err, "several have commas between them: 0+512,1048576+4096");
        EX_TRY(add_skip(c, offset, length, err));
    } while (*at != '\0');
    qsort(c->skip, c->effort.skip_count, sizeof *c->skip, by_offset);
    return EX_OK;
}

ex_code collecting_add_skips(struct collecting *c, const json_t *list, struct ex_error *err) {
    size_t i, count = 0;
    json_t *one;
    json_array_foreach(list, i, one) EX_TRY(
        add_skip(c, number_of(one, "offset", INT64_MAX), number_of(one, "length", INT64_MAX), err));
    if (c->effort.skip_count == 0)
        return EX_OK;
    qsort(c->skip, c->effort.skip_count, sizeof *c->skip, by_offset);
    for (i = 1; i < c->effort.skip_count; i++) { /* those that meet become one */
        uint64_t end = c->skip[count].offset + c->skip[count].length;
        uint64_t other = c->skip[i].offset + c->skip[i].length;
        if (c->skip[i].offset > end)
            c->skip[++count] = c->skip[i];
        else if (other > end)
            c->skip[count].length = other - c->skip[count].offset;
    }
    c->effort.skip_count = count + 1;
    return EX_OK;
}

ex_code collecting_parse_max_errors(const struct act *act, struct collecting *c,
                                    struct ex_error *err) {
    c->effort.limits_errors = c->effort.limits_errors || act_flag(act, FLAG_MAX_ERRORS) != NULL;
    return parse_number(act, FLAG_MAX_ERRORS, "max-errors", INT64_MAX, &c->effort.max_errors, err);
}

ex_code collecting_parse_effort(const struct act *act, struct collecting *c, struct ex_error *err) {
    uint64_t retries = RETRIES_DEFAULT, seconds = ERROR_SECONDS_DEFAULT;
    EX_TRY(parse_number(act, FLAG_RETRIES, "retries", RETRIES_MAX, &retries, err));
    EX_TRY(parse_number(act, FLAG_ERROR_TIME, "error-time", ERROR_SECONDS_MAX, &seconds, err));
    EX_TRY(collecting_parse_max_errors(act, c, err));
    c->effort.retries = (unsigned)retries;
    c->effort.region_ms = (unsigned)seconds * 1000;
    return parse_skip(act, c, err);
}

ex_code collecting_check_effort(const struct act *act, const struct collecting *c,
                                struct ex_error *err) {
    bool asked = act_flag(act, FLAG_RETRIES) != NULL || act_flag(act, FLAG_ERROR_TIME) != NULL ||
                 act_flag(act, FLAG_MAX_ERRORS) != NULL;
    if (c->before.seekable || !asked)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE,
                           "--retries, --error-time and --max-errors are for files and devices: "
                           "\"%.100s\" gives its bytes once",
                           c->before.path),
                   err, "leave them out; what a folder did not give is listed with the item");
}

json_t *collecting_effort_json(const struct collecting *c) {
    const struct source_effort *e = &c->effort;
    json_t *skip = json_array();
    if (!c->before.seekable) {
        json_decref(skip);
        return json_null();
    }
    for (size_t i = 0; i < e->skip_count; i++)
        json_array_append_new(skip,
                              json_pack("{s:o, s:o}", "offset", json_number(e->skip[i].offset),
                                        "length", json_number(e->skip[i].length)));
    return json_pack("{s:o, s:o, s:o, s:o}", "retries", json_number(e->retries), "error_seconds",
                     json_number(e->region_ms / 1000), "max_errors",
                     e->limits_errors ? json_number(e->max_errors) : json_null(), "skip", skip);
}

ex_code collecting_take_effort(struct collecting *c, const json_t *recorded, struct ex_error *err) {
    const json_t *list = json_object_get(recorded, "skip");
    json_t *one = NULL;
    size_t i = 0;
    c->effort.retries = (unsigned)number_of(recorded, "retries", RETRIES_MAX);
    c->effort.region_ms = 1000 * (unsigned)number_of(recorded, "error_seconds", ERROR_SECONDS_MAX);
    c->effort.limits_errors = json_is_integer(json_object_get(recorded, "max_errors"));
    c->effort.max_errors = number_of(recorded, "max_errors", INT64_MAX);
    json_array_foreach(list, i, one) EX_TRY(
        add_skip(c, number_of(one, "offset", INT64_MAX), number_of(one, "length", INT64_MAX), err));
    return EX_OK;
}

static void add_ranges(json_t *item, const char *name, const struct vault_put_report *r,
                       enum source_unread why) {
    json_t *list = json_array();
    uint64_t count = 0, bytes = 0;
    for (size_t i = 0; i < r->unread_count; i++) {
        const struct source_range *range = &r->unread[i];
        if (range->why != why)
            continue;
        bytes += range->length;
        if (count++ < LISTED_RANGES_MAX)
            json_array_append_new(list,
                                  json_pack("{s:o, s:o}", "offset", json_number(range->offset),
                                            "length", json_number(range->length)));
    }
    json_t *json = json_pack("{s:o, s:o, s:o}", "ranges", json_number(count), "bytes",
                             json_number(bytes), "list", list);
    if (count > 0)
        json_object_set(item, name, json);
    json_decref(json);
}

void collecting_add_unread(json_t *item, const struct vault_put_report *r) {
    add_ranges(item, "untried", r, SOURCE_UNTRIED);
    add_ranges(item, "skipped", r, SOURCE_SKIPPED);
    add_ranges(item, "stated_unreadable", r, SOURCE_STATED_UNREADABLE);
    add_ranges(item, "absent", r, SOURCE_ABSENT);
    add_ranges(item, "damaged_in_container", r, SOURCE_DAMAGED);
}

json_t *collecting_reading_json(const struct collecting *c) {
    struct source_tally t;
    if (c->before.kind == SOURCE_FOLDER ||
        c->before.kind == SOURCE_CONTAINER) /* these count files, not sectors */
        return json_null();
    source_tally(c->source, &t);
    return json_pack("{s:o, s:o, s:o}", "bytes_read", json_number(t.bytes_read), "bad_sectors",
                     json_number(t.bad_sectors), "rescued_sectors", json_number(t.rescued_sectors));
}
