/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker tells of traces: every record is checked before it is handed on. Any bytes are
 * safe: format/parser-protocol §7. */
#include "sandbox/sandbox_internal.h"

#include "base/cursor.h"

#include <string.h>

enum {
    FLAGS_ALL = PARSER_DELETED | PARSER_ORPHAN | PARSER_VIRTUAL | PARSER_REUSED | PARSER_ENCRYPTED |
                PARSER_SIZED | PARSER_EXAMINE | PARSER_UNSIZED | PARSER_CARVED | PARSER_IN_PART,
    NANOSECONDS = 1000000000
};

static bool is_printable(const uint8_t *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (text[i] < 0x20 || text[i] > 0x7E)
            return false;
    return size <= PARSER_NAME_BYTES_MAX;
}

/* Printable, not empty; copied with a NUL behind it. */
static bool take_key(struct ex_cursor *c, size_t size, char *to) {
    const uint8_t *key = ex_cursor_bytes(c, size);
    if (key == NULL || size == 0 || !is_printable(key, size))
        return false;
    memcpy(to, key, size);
    to[size] = '\0';
    return true;
}

static void take_rest(struct ex_cursor *c, struct sandbox_told *t) {
    t->data_bytes = ex_cursor_left(c);
    t->data = ex_cursor_bytes(c, t->data_bytes);
}

static bool take_trace(struct telling *g, struct ex_cursor *c, char *key, struct sandbox_told *t) {
    t->parent = ex_cursor_le32(c);
    t->kind = ex_cursor_le32(c);
    t->flags = ex_cursor_le32(c);
    t->size_bytes = ex_cursor_le64(c);
    t->record = ex_cursor_le64(c);
    size_t key_bytes = ex_cursor_le16(c), name_bytes = ex_cursor_le16(c);
    if (!take_key(c, key_bytes, key) || t->parent > g->traces || t->kind < PARSER_VOLUME ||
        t->kind > PARSER_RECORD || t->kind == PARSER_PROBLEM ||
        (t->flags & ~(uint32_t)FLAGS_ALL) != 0 || name_bytes > PARSER_VALUE_BYTES_MAX ||
        t->size_bytes > INT64_MAX || ((t->flags & PARSER_SIZED) == 0 && t->size_bytes > 0) ||
        (t->flags & (PARSER_SIZED | PARSER_UNSIZED)) == (PARSER_SIZED | PARSER_UNSIZED) ||
        g->traces >= PARSER_TRACES_MAX)
        return false;
    t->data = ex_cursor_bytes(c, name_bytes);
    t->data_bytes = name_bytes;
    t->number = ++g->traces;
    g->sized = (t->flags & (PARSER_SIZED | PARSER_UNSIZED)) != 0;
    g->unsized = (t->flags & PARSER_UNSIZED) != 0;
    g->content_left = g->unsized ? INT64_MAX : t->size_bytes;
    g->by_extents = g->by_bytes = false;
    return true;
}

static bool take_problem(const struct telling *g, struct ex_cursor *c, char *key, char *text,
                         struct sandbox_told *t) {
    t->parent = ex_cursor_le32(c);
    t->code = failure_code(ex_cursor_le32(c));
    if (!take_key(c, ex_cursor_le16(c), key) || t->parent > g->traces)
        return false;
    take_rest(c, t);
    sandbox_clean_text(t->data, t->data == NULL ? 0 : t->data_bytes, text);
    t->data = (const uint8_t *)text;
    t->data_bytes = strlen(text);
    return true;
}

static bool take_time(const struct telling *g, struct ex_cursor *c, struct sandbox_told *t) {
    t->what = ex_cursor_le32(c);
    t->seconds = (int64_t)ex_cursor_le64(c);
    t->nanoseconds = ex_cursor_le32(c);
    t->resolution_ns = ex_cursor_le64(c);
    uint32_t local = ex_cursor_le32(c);
    take_rest(c, t);
    t->local = local == 1;
    return g->traces > 0 && !c->overrun && t->what >= PARSER_MODIFIED && t->what <= PARSER_TAKEN &&
           t->nanoseconds < NANOSECONDS && t->resolution_ns <= INT64_MAX && local <= 1 &&
           t->data != NULL && is_printable(t->data, t->data_bytes);
}

static bool take_text(const struct telling *g, struct ex_cursor *c, char *key,
                      struct sandbox_told *t) {
    size_t size = ex_cursor_le16(c);
    if (!take_key(c, size, key) || !sandbox_is_name((const uint8_t *)key, size))
        return false;
    take_rest(c, t);
    return g->traces > 0 && t->data_bytes <= PARSER_VALUE_BYTES_MAX;
}

/* All lengths together stay inside the content. */
static bool take_from_content(struct telling *g, uint64_t length) {
    if (g->traces == 0 || !g->sized || length == 0 || length > g->content_left ||
        (g->by_extents && g->by_bytes))
        return false;
    g->content_left -= length;
    return true;
}

static bool take_extent(const struct sandbox *s, struct telling *g, struct ex_cursor *c,
                        struct sandbox_told *t) {
    uint64_t size = s->input_size[0];
    t->offset = ex_cursor_le64(c);
    t->length = ex_cursor_le64(c);
    g->by_extents = true;
    bool placed = t->offset != PARSER_HOLE && t->offset != PARSER_NOWHERE;
    return !c->overrun && ex_cursor_left(c) == 0 && !g->unsized &&
           take_from_content(g, t->length) &&
           (!placed || (t->offset <= size && t->length <= size - t->offset));
}

static bool take_content(struct telling *g, struct ex_cursor *c, struct sandbox_told *t) {
    take_rest(c, t);
    g->by_bytes = true;
    return t->data_bytes <= RECORD_CONTENT_BYTES_MAX && take_from_content(g, t->data_bytes);
}

static bool take_unit(const struct telling *g, struct ex_cursor *c, struct sandbox_told *t) {
    t->parent = ex_cursor_le32(c);
    uint32_t late = ex_cursor_le32(c);
    take_rest(c, t);
    t->late = late == 1;
    return !c->overrun && t->parent <= g->traces && late <= 1 && t->data != NULL &&
           t->data_bytes > 0 && t->data_bytes <= PARSER_UNIT_BYTES_MAX;
}

static ex_code take_record(struct sandbox *s, struct telling *g, uint32_t type, struct ex_cursor c,
                           struct ex_error *err) {
    char key[PARSER_NAME_BYTES_MAX + 1], text[FAILURE_TEXT_BYTES_MAX + 1];
    struct sandbox_told t = {.type = (enum sandbox_told_type)type, .key = key};
    bool good = type == RECORD_TRACE     ? take_trace(g, &c, key, &t)
                : type == RECORD_PROBLEM ? take_problem(g, &c, key, text, &t)
                : type == RECORD_TIME    ? take_time(g, &c, &t)
                : type == RECORD_TEXT    ? take_text(g, &c, key, &t)
                : type == RECORD_EXTENT  ? take_extent(s, g, &c, &t)
                : type == RECORD_CONTENT ? take_content(g, &c, &t)
                : type == RECORD_UNIT    ? take_unit(g, &c, &t)
                                         : false;
    if (!good || ex_cursor_end(&c, "what was told", NULL) != EX_OK)
        return sandbox_breach(s, "it tells what breaks the rules of the protocol", err);
    bool wanted = true;
    EX_TRY(g->told(g->context, &t, &wanted, err));
    if (!wanted && g->traces > 0)
        g->unwanted = g->traces;
    return EX_OK;
}

ex_code told_parse(struct sandbox *s, struct telling *g, size_t size_bytes, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(g->copy, size_bytes);
    while (ex_cursor_left(&c) > 0) {
        size_t length = ex_cursor_le32(&c);
        uint32_t type = ex_cursor_le32(&c);
        const uint8_t *body = ex_cursor_bytes(&c, length);
        if (c.overrun)
            return sandbox_breach(s, "it tells less than it says", err);
        EX_TRY(take_record(s, g, type, ex_cursor_make(body, length), err));
    }
    return EX_OK;
}
