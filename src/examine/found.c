/* SPDX-License-Identifier: Apache-2.0 */
/* What one step found, in memory until it is written. */
#include "examine/examine_internal.h"

void found_clear(struct found *f) {
    free(f->trace);
    free(f->problem);
    free(f->unit);
    free(f->range);
    free(f->text);
    *f = (struct found){0};
}

struct found_mark found_mark(const struct found *f) {
    return (struct found_mark){.traces = f->trace_count,
                               .problems = f->problem_count,
                               .units = f->unit_count,
                               .ranges = f->range_count,
                               .text_bytes = f->text_bytes};
}

void found_return(struct found *f, const struct found_mark *mark) {
    f->trace_count = mark->traces;
    f->problem_count = mark->problems;
    f->unit_count = mark->units;
    f->range_count = mark->ranges;
    f->text_bytes = mark->text_bytes;
}

ex_code found_keep_text(struct found *f, const void *text, size_t size_bytes, size_t *ret_at,
                        struct ex_error *err) {
    EX_TRY(ex_grow(&f->text, &f->text_capacity, f->text_bytes + size_bytes + 1, 1, FOUND_BYTES_MAX,
                   "what a parser found", err));
    *ret_at = f->text_bytes;
    if (size_bytes > 0)
        memcpy(f->text + f->text_bytes, text, size_bytes);
    f->text[f->text_bytes + size_bytes] = '\0';
    f->text_bytes += size_bytes + 1;
    return EX_OK;
}

/* format/traces §4: printable ASCII, and not much of it. */
static void clip_problem(const char *text, char to[static PROBLEM_BYTES_MAX + 1]) {
    size_t size = strnlen(text, PROBLEM_BYTES_MAX);
    for (size_t i = 0; i < size; i++)
        to[i] = (char)(text[i] >= 0x20 && text[i] < 0x7F ? text[i] : '?');
    to[size] = '\0';
}

ex_code found_problem(struct found *f, enum examiner examiner, uint32_t parent, const char *key,
                      enum examine_reason reason, const char *text, struct ex_error *err) {
    char clipped[PROBLEM_BYTES_MAX + 1];
    struct found_trace t = {
        .parent = parent, .examiner = examiner, .kind = PARSER_PROBLEM, .reason = reason};
    EX_TRY(ex_grow(&f->problem, &f->problem_capacity, f->problem_count + 1, sizeof t,
                   FOUND_BYTES_MAX, "what a parser found", err));
    EX_TRY(found_keep_text(f, key, strlen(key), &t.key_at, err));
    clip_problem(text, clipped);
    EX_TRY(found_keep_text(f, clipped, strlen(clipped), &t.problem_at, err));
    f->problem[f->problem_count++] = t;
    return EX_OK;
}
