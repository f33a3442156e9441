/* SPDX-License-Identifier: Apache-2.0 */
/* One message as traces: itself, what is wrong with it, and what is attached to it. */
#include "parsers/mail/mail_internal.h"

enum { TEXTS_NAMED_MAX = 8, SECOND = 1000000000 };

struct telling_message {
    struct mailing *m;
    uint32_t parent, trace;
    const char *key;
    uint64_t from, to;
    unsigned depth;
    struct parts parts;
    bool has_text; /* a part that is plain text */
};

static bool is_body(const struct telling_message *t, const struct part *p) {
    return p->kind == PART_LEAF && (t->has_text ? p->text : p->html);
}

/* ---- the message ---- */

static ex_code tell_charset(struct parser_run *run, unsigned number, const struct body_charset *c,
                            struct ex_error *err) {
    static const char *const KEYS[] = {"charset", "charset-used", "charset-also"};
    const char *const values[] = {c->named, c->used != NULL ? c->used : "", c->also ? "utf-8" : ""};
    char key[MAIL_KEY_BYTES];
    for (size_t i = 0; i < 3 && number <= TEXTS_NAMED_MAX; i++) {
        (void)snprintf(key, sizeof key, number > 1 ? "%s-%u" : "%s", KEYS[i], number);
        if (values[i][0] != '\0')
            EX_TRY(tell_text(run, key, values[i], err));
    }
    return EX_OK;
}

static ex_code tell_texts(struct telling_message *t, struct ex_error *err) {
    struct parser_run *run = t->m->run;
    bool wanted = true;
    unsigned number = 0;
    for (size_t i = 0; i < t->parts.count; i++) {
        struct part *p = &t->parts.part[i];
        struct body_charset charset = {.used = NULL};
        if (!is_body(t, p))
            continue;
        if (number++ > 0 && wanted)
            EX_TRY(parser_trace_content(run, "\n", 1, &wanted, err));
        EX_TRY(body_tell_text(run, p, &wanted, &charset, err));
        EX_TRY(tell_charset(run, number, &charset, err));
        p->lost = charset.lost;
    }
    return EX_OK;
}

static ex_code tell_envelope(struct telling_message *t, struct ex_error *err) {
    struct mailing *m = t->m;
    EX_AUTO_FREE uint8_t *line = NULL;
    if (!m->mailbox || t->depth > 0 || m->from_bytes == 0)
        return EX_OK;
    size_t bytes =
        m->from_bytes < MAIL_FIELD_BYTES_MAX ? (size_t)m->from_bytes : (size_t)MAIL_FIELD_BYTES_MAX;
    EX_TRY(ex_alloc(bytes, 1, MAIL_FIELD_BYTES_MAX, "a line of a mailbox", &line, err));
    EX_TRY(parser_read(m->run, 0, m->from_line, line, bytes, err));
    return parser_trace_text(m->run, "envelope", line, bytes, err);
}

static ex_code tell_message(struct telling_message *t, struct ex_error *err) {
    struct parser_run *run = t->m->run;
    struct text subject = {0};
    struct parser_trace trace = {
        .kind = PARSER_MESSAGE, .flags = PARSER_UNSIZED, .parent = t->parent, .key = t->key};
    ex_code code = claims_subject(run, t->from, t->to, &subject, err);
    if (code == EX_OK) {
        trace.name = (const char *)subject.data;
        trace.name_bytes =
            subject.bytes < PARSER_VALUE_BYTES_MAX ? subject.bytes : (size_t)PARSER_VALUE_BYTES_MAX;
        code = parser_trace(run, &trace, &t->trace, err);
    }
    text_clear(&subject);
    EX_TRY(code);
    EX_TRY(tell_envelope(t, err));
    EX_TRY(parser_trace_number(run, "offset", t->from, err));
    EX_TRY(parser_trace_number(run, "length", t->to - t->from, err));
    if (t->parts.encrypted != NULL)
        EX_TRY(tell_text(run, "encrypted", t->parts.encrypted, err));
    EX_TRY(tell_texts(t, err));
    return claims_tell(t->m, t->from, t->to, err);
}

/* ---- what is wrong with it ---- */

static ex_code tell_wrong(struct telling_message *t, const char *what, ex_code reason,
                          const char *text, struct ex_error *err) {
    char key[MAIL_KEY_BYTES];
    (void)snprintf(key, sizeof key, "%s-%s", t->key, what);
    return tell_problem(t->m->run, t->parent, key, err, reason, "%s", text);
}

static ex_code tell_all_wrong(struct telling_message *t, struct ex_error *err) {
    const struct parts *p = &t->parts;
    char text[120];
    if (p->unended_head)
        EX_TRY(tell_wrong(t, "header", EX_FORMAT, "its head does not end with an empty line", err));
    if (p->unclosed > 0 || p->unparted > 0) {
        (void)snprintf(text, sizeof text,
                       "%u multiparts that no boundary ends, %u in which no part begins",
                       p->unclosed, p->unparted);
        EX_TRY(tell_wrong(t, "boundary", EX_FORMAT, text, err));
    }
    if (p->reused > 0) {
        (void)snprintf(text, sizeof text, "%u parts have the boundary of a multipart around them",
                       p->reused);
        EX_TRY(tell_wrong(t, "same-boundary", EX_FORMAT, text, err));
    }
    if (p->too_many)
        EX_TRY(tell_wrong(t, "parts", EX_LIMIT, "more parts than are looked for", err));
    if (p->too_deep)
        EX_TRY(tell_wrong(t, "deep", EX_LIMIT, "mail in mail in mail: deeper than is looked", err));
    return p->encrypted != NULL
               ? tell_wrong(t, "encrypted", EX_DENIED, "it says that it is encrypted", err)
               : EX_OK;
}

/* ---- what is attached ---- */

static ex_code tell_disposition_time(struct parser_run *run, const struct text *disposition,
                                     const char *name, enum parser_time what,
                                     struct ex_error *err) {
    struct text value = {0};
    int64_t seconds;
    bool local;
    ex_code code = parameter_get(disposition, name, &value, err);
    if (code == EX_OK && value.bytes > 0 && date_parse(value.data, value.bytes, &seconds, &local))
        code = parser_trace_time(run, what, seconds, 0, SECOND, local, "rfc2183", err);
    text_clear(&value);
    return code;
}

static ex_code tell_more_fields(struct parser_run *run, const struct part *p,
                                struct ex_error *err) {
    static const char *const NAMES[] = {"content-id", "content-location", "content-description"};
    bool told[3] = {false};
    struct fields f;
    ex_code code = EX_OK;
    bool more = true;
    fields_start(&f, run, p->head_at, p->body_at);
    while (code == EX_OK && more) {
        code = fields_next(&f, &more, err);
        for (size_t i = 0; i < 3 && code == EX_OK && more; i++)
            if (!told[i] && strcmp(f.name, NAMES[i]) == 0) {
                told[i] = true;
                code = claims_field(run, NAMES[i], &f.value, false, err);
            }
    }
    fields_clear(&f);
    return code;
}

static ex_code tell_head(struct parser_run *run, const struct part *p, const struct part_head *h,
                         const struct text *name, struct ex_error *err) {
    char word[MAIL_FIELD_NAME_BYTES];
    struct text value = {0};
    EX_TRY(tell_text(run, "content-type", h->type_word, err));
    parameter_head(&h->disposition, word, sizeof word);
    if (word[0] != '\0')
        EX_TRY(tell_text(run, "content-disposition", word, err));
    parameter_head(&h->encoding, word, sizeof word);
    if (word[0] != '\0')
        EX_TRY(tell_text(run, "encoding", word, err));
    ex_code code = parameter_get(&h->type, "charset", &value, err);
    if (code == EX_OK && value.bytes > 0)
        code = parser_trace_text(run, "charset", value.data, value.bytes, err);
    if (code == EX_OK)
        code = parameter_get(&h->type, "name", &value, err);
    if (code == EX_OK && value.bytes > 0 &&
        (value.bytes != name->bytes || memcmp(value.data, name->data, name->bytes) != 0))
        code = parser_trace_text(run, "content-type-name", value.data, value.bytes, err);
    text_clear(&value);
    EX_TRY(code);
    EX_TRY(tell_disposition_time(run, &h->disposition, "creation-date", PARSER_CREATED, err));
    EX_TRY(tell_disposition_time(run, &h->disposition, "modification-date", PARSER_MODIFIED, err));
    EX_TRY(tell_disposition_time(run, &h->disposition, "read-date", PARSER_ACCESSED, err));
    return tell_more_fields(run, p, err);
}

static ex_code tell_named(struct telling_message *t, const char *key, const struct part *p,
                          const struct part_head *h, struct text *name, struct ex_error *err) {
    struct parser_run *run = t->m->run;
    struct parser_trace trace = {
        .kind = PARSER_MEMBER, .flags = PARSER_UNSIZED, .parent = t->trace, .key = key};
    uint32_t number;
    EX_TRY(parameter_get(&h->disposition, "filename", name, err));
    if (name->bytes == 0)
        EX_TRY(parameter_get(&h->type, "name", name, err));
    trace.name = (const char *)name->data;
    trace.name_bytes =
        name->bytes < PARSER_VALUE_BYTES_MAX ? name->bytes : (size_t)PARSER_VALUE_BYTES_MAX;
    EX_TRY(parser_trace(run, &trace, &number, err));
    EX_TRY(tell_head(run, p, h, name, err));
    return body_tell(run, number, p, err);
}

static ex_code tell_member(struct telling_message *t, const char *key, const struct part *p,
                           struct ex_error *err) {
    struct fields f;
    struct part_head h = {.attached = false};
    struct text name = {0};
    fields_start(&f, t->m->run, p->head_at, p->body_at);
    ex_code code = part_head_read(&f, false, &h, err);
    if (code == EX_OK)
        code = tell_named(t, key, p, &h, &name, err);
    text_clear(&name);
    part_head_clear(&h);
    fields_clear(&f);
    return code;
}

/* What stands around the parts of a multipart; white space alone is none. */
static ex_code tell_around(struct telling_message *t, size_t index, const char *what, uint64_t from,
                           uint64_t to, struct ex_error *err) {
    const struct part p = {.body_at = from, .body_end = to};
    char key[MAIL_KEY_BYTES];
    uint32_t number;
    bool blank;
    EX_TRY(body_is_blank(t->m->run, &p, &blank, err));
    if (blank)
        return EX_OK;
    (void)snprintf(key, sizeof key, "p%zu-%s", index, what);
    struct parser_trace trace = {
        .kind = PARSER_MEMBER, .flags = PARSER_UNSIZED, .parent = t->trace, .key = key};
    EX_TRY(parser_trace(t->m->run, &trace, &number, err));
    EX_TRY(tell_text(t->m->run, "part", what, err));
    return body_tell(t->m->run, number, &p, err);
}

static ex_code tell_part(struct telling_message *t, size_t index, struct ex_error *err) {
    const struct part *p = &t->parts.part[index];
    char key[MAIL_KEY_BYTES];
    (void)snprintf(key, sizeof key, "p%zu", index);
    if (p->kind == PART_MULTIPART) {
        EX_TRY(tell_around(t, index, "preamble", p->body_at, p->preamble_end, err));
        return tell_around(t, index, "epilogue", p->epilogue_at, p->epilogue_end, err);
    }
    if (is_body(t, p) && !p->html && !p->lost)
        return EX_OK;
    if (p->kind == PART_MESSAGE && p->depth + 1 < MAIL_DEPTH_MAX)
        return message_tell(t->m, t->trace, key, p->body_at, p->body_end, p->depth + 1, err);
    return tell_member(t, key, p, err);
}

static bool is_too_deep(const struct parts *p) {
    for (size_t i = 0; i < p->count; i++)
        if (p->part[i].kind == PART_MESSAGE && p->part[i].depth + 1 >= MAIL_DEPTH_MAX)
            return true;
    return false;
}

static ex_code tell_all(struct telling_message *t, struct ex_error *err) {
    EX_TRY(parts_find(t->m->run, t->from, t->to, t->depth, &t->parts, err));
    for (size_t i = 0; i < t->parts.count && !t->has_text; i++)
        t->has_text = t->parts.part[i].kind == PART_LEAF && t->parts.part[i].text;
    t->parts.too_deep = t->parts.too_deep || is_too_deep(&t->parts);
    EX_TRY(tell_message(t, err));
    EX_TRY(tell_all_wrong(t, err));
    for (size_t i = 0; i < t->parts.count; i++)
        EX_TRY(tell_part(t, i, err));
    return EX_OK;
}

ex_code message_tell(struct mailing *m, uint32_t parent, const char *key, uint64_t from,
                     uint64_t to, unsigned depth, struct ex_error *err) {
    struct telling_message t = {
        .m = m, .parent = parent, .key = key, .from = from, .to = to, .depth = depth};
    ex_code code = tell_all(&t, err);
    parts_clear(&t.parts);
    return code;
}
