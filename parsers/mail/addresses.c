/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of a field, from its stored bytes: RFC 5322 §3.4, and what is written in its place.
 */
#include "parsers/mail/mail_internal.h"

struct addressing {
    const uint8_t *at, *end;
    struct text outside, angle; /* of one mailbox: what stands outside of < >, and inside */
    bool has_angle;
};

static void skip_comment(struct addressing *a) {
    unsigned depth = 0;
    for (; a->at < a->end; a->at++) {
        if (*a->at == '\\' && a->at + 1 < a->end)
            a->at++;
        else if (*a->at == '(')
            depth++;
        else if (*a->at == ')' && --depth == 0) {
            a->at++;
            return;
        }
    }
}

/* With its quotes: they belong to an address. */
static ex_code take_quoted(struct addressing *a, struct text *to, struct ex_error *err) {
    const uint8_t *from = a->at++;
    while (a->at < a->end && *a->at != '"')
        a->at += *a->at == '\\' && a->at + 1 < a->end ? 2 : 1;
    a->at += a->at < a->end;
    return text_add(to, from, (size_t)(a->at - from), err);
}

static bool has_at(const struct text *t) {
    return t->bytes > 0 && memchr(t->data, '@', t->bytes) != NULL;
}

/* One mailbox is over. */
static ex_code end_mailbox(struct addressing *a, struct text *ret, struct ex_error *err) {
    const struct text *t = a->has_angle ? &a->angle : &a->outside;
    if (t->bytes > 0 && (a->has_angle || has_at(t))) {
        if (ret->bytes > 0)
            EX_TRY(text_add(ret, ", ", 2, err));
        EX_TRY(text_add(ret, t->data, t->bytes, err));
    }
    a->outside.bytes = a->angle.bytes = 0;
    a->has_angle = false;
    return EX_OK;
}

static ex_code take_angle(struct addressing *a, struct ex_error *err) {
    a->has_angle = true;
    a->angle.bytes = 0;
    for (a->at++; a->at < a->end && *a->at != '>';) {
        if (*a->at == '"')
            EX_TRY(take_quoted(a, &a->angle, err));
        else if (*a->at == '(')
            skip_comment(a);
        else if (*a->at == ' ' || *a->at == '\t')
            a->at++;
        else
            EX_TRY(text_add(&a->angle, a->at++, 1, err));
    }
    a->at += a->at < a->end;
    return EX_OK;
}

static ex_code take_all(struct addressing *a, struct text *ret, struct ex_error *err) {
    while (a->at < a->end) {
        uint8_t c = *a->at;
        if (c == '(')
            skip_comment(a);
        else if (c == '"')
            EX_TRY(take_quoted(a, &a->outside, err));
        else if (c == '<')
            EX_TRY(take_angle(a, err));
        else if (c == ',' || c == ';') {
            EX_TRY(end_mailbox(a, ret, err));
            a->at++;
        } else if (c == ':' && !has_at(&a->outside)) { /* the name of a group */
            a->outside.bytes = 0;
            a->at++;
        } else if (c == ' ' || c == '\t') {
            /* words of a name are none of an address that stands alone */
            if (!has_at(&a->outside) && !a->has_angle)
                a->outside.bytes = 0;
            a->at++;
        } else {
            EX_TRY(text_add(&a->outside, a->at++, 1, err));
        }
    }
    return end_mailbox(a, ret, err);
}

ex_code addresses_get(const struct text *value, struct text *ret, struct ex_error *err) {
    struct addressing a = {.at = value->data, .end = value->data + value->bytes};
    ret->bytes = 0;
    ex_code code = value->bytes == 0 ? EX_OK : take_all(&a, ret, err);
    text_clear(&a.outside);
    text_clear(&a.angle);
    return code;
}
