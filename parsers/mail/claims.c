/* SPDX-License-Identifier: Apache-2.0 */
/* What the fields of a message claim, as attributes and times: docs/mail.md. */
#include "parsers/mail/mail.h"
#include "parsers/mail/mail_internal.h"

#include <time.h>

enum { REPEATED_MAX = 8, HOPS_MAX = 40, SECOND = 1000000000 };

/* In the order of docs/mail.md. */
static const struct claim {
    const char *name;
    bool addresses;
} CLAIMS[] = {
    {"from", true},
    {"sender", true},
    {"to", true},
    {"cc", true},
    {"bcc", true},
    {"reply-to", true},
    {"subject", false},
    {"date", false},
    {"message-id", false},
    {"in-reply-to", false},
    {"references", false},
    {"return-path", true},
    {"delivered-to", false},
    {"envelope-to", false},
    {"x-originating-ip", false},
    {"x-forwarded-to", false},
    {"x-sender-ip", false},
    {"user-agent", false},
    {"x-mailer", false},
    {"list-id", false},
    {"authentication-results", false},
    {"x-mozilla-status", false},
    {"x-gmail-labels", false},
    {"importance", false},
    {"content-type", false},
};
enum { CLAIM_COUNT = sizeof CLAIMS / sizeof CLAIMS[0] };

struct claiming {
    struct parser_run *run;
    unsigned seen[CLAIM_COUNT], hops;
    uint64_t left_out, length; /* length: what Content-Length says */
    bool has_length;
    const char *const
        *told; /* fields that another key is taken for; NULL behind the last; or NULL */
    struct text cut;
};

/* ---- one field ---- */

/* Where the date of a Received stands: behind the last semicolon that is in no comment and no
 * quotes. NULL: there is none, or one of those does not end. */
static const uint8_t *last_semicolon(const uint8_t *at, const uint8_t *end) {
    const uint8_t *found = NULL;
    unsigned depth = 0;
    bool quoted = false;
    for (; at < end; at++) {
        if (*at == '\\' && (depth > 0 || quoted)) {
            at++;
        } else if (*at == '"' && depth == 0) {
            quoted = !quoted;
        } else if (*at == '(' && !quoted) {
            depth++;
        } else if (*at == ')' && !quoted) {
            depth -= depth > 0 ? 1 : 0;
        } else if (*at == ';' && depth == 0 && !quoted) {
            found = at;
        }
    }
    return depth == 0 && !quoted ? found : NULL;
}

static bool hop_time(const struct text *value, int64_t *ret_seconds, bool *ret_local) {
    const uint8_t *end = value->data + value->bytes;
    const uint8_t *semicolon = value->bytes > 0 ? last_semicolon(value->data, end) : NULL;
    return semicolon != NULL &&
           date_parse(semicolon + 1, (size_t)(end - semicolon - 1), ret_seconds, ret_local);
}

ex_code claims_field(struct parser_run *run, const char *key, const struct text *value,
                     bool addresses, struct ex_error *err) {
    struct text decoded = {0};
    char other[MAIL_KEY_BYTES + 16];
    ex_code code = words_decode(value->data, value->bytes, &decoded, err);
    if (code == EX_OK)
        code = parser_trace_text(run, key, decoded.data, decoded.bytes, err);
    (void)snprintf(other, sizeof other, "%s-as-stored", key);
    if (code == EX_OK && decoded.lost)
        code = parser_trace_text(run, other, value->data, value->bytes, err);
    (void)snprintf(other, sizeof other, "%s-addresses", key);
    if (code == EX_OK && addresses)
        code = addresses_get(value, &decoded, err);
    if (code == EX_OK && addresses && decoded.bytes > 0)
        code = parser_trace_text(run, other, decoded.data, decoded.bytes, err);
    text_clear(&decoded);
    return code;
}

static ex_code note_cut(struct claiming *c, const char *key, struct ex_error *err) {
    if (c->cut.bytes > 0)
        EX_TRY(text_add(&c->cut, ", ", 2, err));
    return text_add(&c->cut, key, strlen(key), err);
}

static ex_code tell_hop(struct claiming *c, const struct fields *f, struct ex_error *err) {
    char key[MAIL_KEY_BYTES], text[40];
    int64_t seconds;
    bool local;
    if (++c->hops > HOPS_MAX) {
        c->left_out++;
        return EX_OK;
    }
    (void)snprintf(key, sizeof key, "received-%u", c->hops);
    EX_TRY(claims_field(c->run, key, &f->value, false, err));
    if (f->cut)
        EX_TRY(note_cut(c, key, err));
    if (!hop_time(&f->value, &seconds, &local))
        return EX_OK;
    if (c->hops == 1)
        EX_TRY(parser_trace_time(c->run, PARSER_RECEIVED, seconds, 0, SECOND, local,
                                 "rfc5322:received", err));
    struct tm tm;
    const time_t when = seconds;
    if (gmtime_r(&when, &tm) == NULL)
        return EX_OK;
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, sizeof text - n, "%s", local ? "" : "Z");
    (void)snprintf(key, sizeof key, "received-%u-time", c->hops);
    return tell_text(c->run, key, text, err);
}

static bool is_told(const struct claiming *c, const char *name) {
    for (const char *const *told = c->told; told != NULL && *told != NULL; told++)
        if (strcmp(name, *told) == 0)
            return true;
    return false;
}

static ex_code tell_claim(struct claiming *c, size_t i, const struct fields *f,
                          struct ex_error *err) {
    char key[MAIL_KEY_BYTES];
    int64_t seconds;
    bool local;
    if (++c->seen[i] > REPEATED_MAX) {
        c->left_out++;
        return EX_OK;
    }
    const char *prefix = is_told(c, CLAIMS[i].name) ? "head-" : "";
    if (c->seen[i] == 1)
        (void)snprintf(key, sizeof key, "%s%s", prefix, CLAIMS[i].name);
    else
        (void)snprintf(key, sizeof key, "%s%s-%u", prefix, CLAIMS[i].name, c->seen[i]);
    EX_TRY(claims_field(c->run, key, &f->value, CLAIMS[i].addresses, err));
    if (f->cut)
        EX_TRY(note_cut(c, key, err));
    if (strcmp(key, "date") != 0 || f->value.bytes == 0 ||
        !date_parse(f->value.data, f->value.bytes, &seconds, &local))
        return EX_OK;
    return parser_trace_time(c->run, PARSER_SENT, seconds, 0, SECOND, local, "rfc5322:date", err);
}

static ex_code tell_field(struct claiming *c, const struct fields *f, struct ex_error *err) {
    if (strcmp(f->name, "received") == 0)
        return tell_hop(c, f, err);
    if (strcmp(f->name, "content-length") == 0 && !c->has_length)
        c->has_length = ex_parse_decimal((const char *)f->value.data, f->value.bytes, &c->length);
    for (size_t i = 0; i < CLAIM_COUNT; i++)
        if (strcmp(f->name, CLAIMS[i].name) == 0)
            return tell_claim(c, i, f, err);
    return EX_OK;
}

/* ---- all of them ---- */

/* The empty line in front of the next mail may be counted, or not. */
static bool is_length(uint64_t length, uint64_t body_bytes) {
    return length <= body_bytes && body_bytes - length <= 2;
}

static ex_code tell_fields(struct claiming *c, struct fields *f, uint64_t to,
                           struct ex_error *err) {
    for (bool more;;) {
        EX_TRY(fields_next(f, &more, err));
        if (!more)
            break;
        EX_TRY(tell_field(c, f, err));
    }
    if (c->has_length && !is_length(c->length, to - f->body_at))
        EX_TRY(parser_trace_number(c->run, "content-length", c->length, err));
    if (c->left_out > 0)
        EX_TRY(parser_trace_number(c->run, "fields-left-out", c->left_out, err));
    return c->cut.bytes > 0 ? parser_trace_text(c->run, "cut", c->cut.data, c->cut.bytes, err)
                            : EX_OK;
}

ex_code claims_tell(struct mailing *m, uint64_t from, uint64_t to, struct ex_error *err) {
    struct claiming c = {.run = m->run};
    struct fields f;
    fields_start(&f, m->run, from, to);
    ex_code code = tell_fields(&c, &f, to, err);
    fields_clear(&f);
    text_clear(&c.cut);
    return code;
}

ex_code mail_tell_head(struct parser_run *run, const uint8_t *head, size_t size_bytes,
                       const char *const *told, struct ex_error *err) {
    struct claiming c = {.run = run, .told = told};
    struct fields f = {.lines = lines_of_memory(head, size_bytes), .body_at = size_bytes};
    ex_code code = tell_fields(&c, &f, size_bytes, err);
    fields_clear(&f);
    text_clear(&c.cut);
    return code;
}

ex_code claims_subject(struct parser_run *run, uint64_t from, uint64_t to, struct text *ret,
                       struct ex_error *err) {
    struct fields f;
    bool more = true, found = false;
    ex_code code = EX_OK;
    fields_start(&f, run, from, to);
    while (code == EX_OK && more && !found) {
        code = fields_next(&f, &more, err);
        found = code == EX_OK && more && strcmp(f.name, "subject") == 0;
    }
    if (found)
        code = words_decode(f.value.data, f.value.bytes, ret, err);
    fields_clear(&f);
    return code;
}
