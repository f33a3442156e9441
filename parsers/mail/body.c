/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a part: its encoding undone, and of texts the character set as well. */
#include "parsers/mail/mail.h"
#include "parsers/mail/mail_internal.h"
#include "parsers/shared/html_encoding.h"

enum {
    PART_BYTES = 32 << 10,
    HELD_BYTES = sizeof(((struct decoding *)0)->held),
    META_BYTES = HTML_ENCODING_SEARCH_BYTES
};

typedef ex_code take_fn(void *context, const uint8_t *data, size_t size_bytes, bool *ret_wanted,
                        struct ex_error *err);

/* The part's decoded bytes, in order. */
static ex_code each_byte(struct parser_run *run, const struct part *p, take_fn *take, void *context,
                         struct decoding *d, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *out = NULL;
    bool wanted = true;
    *d = (struct decoding){.transfer = p->transfer};
    EX_TRY(ex_alloc(PART_BYTES + HELD_BYTES, 1, PART_BYTES + HELD_BYTES, "a part of a mail", &out,
                    err));
    for (uint64_t at = p->body_at; at < p->body_end && wanted;) {
        uint64_t left = p->body_end - at;
        size_t n = left < PART_BYTES ? (size_t)left : (size_t)PART_BYTES;
        const uint8_t *data;
        EX_TRY(parser_view(run, 0, at, n, &data, err));
        at += n;
        n = transfer_decode(d, data, n, out);
        if (n > 0)
            EX_TRY(take(context, out, n, &wanted, err));
    }
    size_t n = wanted ? transfer_end(d, out) : 0;
    return n > 0 ? take(context, out, n, &wanted, err) : EX_OK;
}

/* ---- as it is ---- */

static ex_code take_content(void *context, const uint8_t *data, size_t size_bytes, bool *ret_wanted,
                            struct ex_error *err) {
    return parser_trace_content(context, data, size_bytes, ret_wanted, err);
}

static ex_code tell_defects(struct parser_run *run, const struct decoding *d,
                            struct ex_error *err) {
    char text[80];
    if (d->left_out == 0 && d->wrong == 0)
        return EX_OK;
    if (d->left_out > 0)
        (void)snprintf(text, sizeof text, "%llu characters left out",
                       (unsigned long long)d->left_out);
    else
        (void)snprintf(text, sizeof text, "%llu escapes that are none",
                       (unsigned long long)d->wrong);
    return tell_text(run, "encoding-defects", text, err);
}

ex_code body_tell(struct parser_run *run, uint32_t trace, const struct part *p,
                  struct ex_error *err) {
    struct decoding d;
    EX_TRY(each_byte(run, p, take_content, run, &d, err));
    EX_TRY(tell_defects(run, &d, err));
    return d.cut ? tell_problem(run, trace, "content", err, EX_FORMAT, "base64 that is cut off")
                 : EX_OK;
}

static ex_code take_blank(void *context, const uint8_t *data, size_t size_bytes, bool *ret_wanted,
                          struct ex_error *err) {
    bool *blank = context;
    (void)err;
    for (size_t i = 0; i < size_bytes && *blank; i++)
        *blank = data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n';
    *ret_wanted = *blank;
    return EX_OK;
}

ex_code body_is_blank(struct parser_run *run, const struct part *p, bool *ret,
                      struct ex_error *err) {
    struct decoding d;
    *ret = true;
    return each_byte(run, p, take_blank, ret, &d, err);
}

/* ---- which character set ---- */

struct trying {
    struct charset_decoder named, utf8; /* named.set may be NULL */
    bool eight;                         /* bits, in any byte */
    size_t head_bytes;
    uint8_t head[META_BYTES];
    uint8_t out[CHARSET_ROOM(1024)];
};

static ex_code take_trying(void *context, const uint8_t *data, size_t size_bytes, bool *ret_wanted,
                           struct ex_error *err) {
    struct trying *t = context;
    (void)ret_wanted;
    (void)err;
    size_t head = sizeof t->head - t->head_bytes;
    head = head < size_bytes ? head : size_bytes;
    memcpy(t->head + t->head_bytes, data, head);
    t->head_bytes += head;
    for (size_t i = 0; i < size_bytes && !t->eight; i++)
        t->eight = data[i] >= 0x80;
    for (size_t at = 0, n; at < size_bytes; at += n) {
        n = size_bytes - at < 1024 ? size_bytes - at : 1024;
        (void)charset_decode(&t->utf8, data + at, n, t->out);
        if (t->named.set != NULL)
            (void)charset_decode(&t->named, data + at, n, t->out);
    }
    return EX_OK;
}

static ex_code try_out(struct parser_run *run, const struct part *p, const struct charset *set,
                       struct trying *t, struct ex_error *err) {
    struct decoding d;
    *t = (struct trying){.named = charset_start(set), .utf8 = charset_start(&CHARSET_UTF8)};
    EX_TRY(each_byte(run, p, take_trying, t, &d, err));
    (void)charset_end(&t->utf8, t->out);
    if (set != NULL)
        (void)charset_end(&t->named, t->out);
    return EX_OK;
}

/* HTML may say it itself. False: not in a way that counts. */
static bool find_meta(const struct trying *t, char *to, size_t size) {
    char label[HTML_LABEL_BYTES];
    const char *name = html_encoding_find((const char *)t->head, t->head_bytes, label);
    if (name != NULL)
        (void)snprintf(to, size, "%s", name);
    return name != NULL;
}

static ex_code named_charset(struct parser_run *run, const struct part *p, char *to, size_t size,
                             struct ex_error *err) {
    struct fields f;
    struct part_head h = {.attached = false};
    struct text label = {0};
    fields_start(&f, run, p->head_at, p->body_at);
    ex_code code = part_head_read(&f, false, &h, err);
    if (code == EX_OK)
        code = parameter_get(&h.type, "charset", &label, err);
    size_t n = 0;
    for (size_t i = 0; i < label.bytes && n + 1 < size; i++)
        if (label.data[i] > ' ' && label.data[i] < 0x7f)
            to[n++] = (char)label.data[i];
    to[n] = '\0';
    text_clear(&label);
    part_head_clear(&h);
    fields_clear(&f);
    return code;
}

static ex_code choose(struct parser_run *run, const struct part *p, struct body_charset *ret,
                      const struct charset **ret_set, struct ex_error *err) {
    EX_AUTO_FREE struct trying *t = ex_new0(struct trying);
    EX_TRY(named_charset(run, p, ret->named, sizeof ret->named, err));
    const struct charset *set = charset_find(ret->named, strlen(ret->named));
    EX_TRY(try_out(run, p, set, t, err));
    if (ret->named[0] == '\0' && p->html && find_meta(t, ret->named, sizeof ret->named)) {
        set = charset_find(ret->named, strlen(ret->named));
        if (set != NULL)
            EX_TRY(try_out(run, p, set, t, err));
    }
    /* seven bits are always UTF-8, and tell nothing */
    bool other = set == NULL ||
                 (t->named.lost > 0 && t->eight && (t->utf8.lost == 0 || set == &CHARSET_ASCII));
    ret->used = other && t->eight ? "utf-8" : NULL;
    ret->also = !other && set != &CHARSET_UTF8 && t->eight && t->utf8.lost == 0;
    ret->lost = (other ? t->utf8.lost : t->named.lost) > 0;
    *ret_set = other ? &CHARSET_UTF8 : set;
    return EX_OK;
}

/* ---- the text ---- */

struct telling_text {
    struct parser_run *run;
    struct charset_decoder decoder;
    bool strip, wanted;
    struct stripping html;
    uint8_t utf8[CHARSET_ROOM(1024)];
};

static ex_code tell_words(void *context, const uint8_t *text, size_t size_bytes,
                          struct ex_error *err) {
    struct telling_text *t = context;
    return t->wanted ? parser_trace_content(t->run, text, size_bytes, &t->wanted, err) : EX_OK;
}

static ex_code give(struct telling_text *t, size_t bytes, struct ex_error *err) {
    if (bytes == 0 || !t->wanted)
        return EX_OK;
    return t->strip ? strip_feed(&t->html, t->utf8, bytes, err)
                    : tell_words(t, t->utf8, bytes, err);
}

static ex_code take_text(void *context, const uint8_t *data, size_t size_bytes, bool *ret_wanted,
                         struct ex_error *err) {
    struct telling_text *t = context;
    for (size_t at = 0, n; at < size_bytes; at += n) {
        n = size_bytes - at < 1024 ? size_bytes - at : 1024;
        EX_TRY(give(t, charset_decode(&t->decoder, data + at, n, t->utf8), err));
    }
    *ret_wanted = t->wanted;
    return EX_OK;
}

ex_code body_tell_text(struct parser_run *run, const struct part *p, bool *wanted,
                       struct body_charset *ret, struct ex_error *err) {
    EX_AUTO_FREE struct telling_text *t = ex_new0(struct telling_text);
    const struct charset *set;
    struct decoding d;
    EX_TRY(choose(run, p, ret, &set, err));
    t->run = run;
    t->decoder = charset_start(set);
    t->strip = p->html;
    t->wanted = *wanted;
    strip_start(&t->html, tell_words, t);
    EX_TRY(each_byte(run, p, take_text, t, &d, err));
    ret->lost = ret->lost || d.cut || d.left_out > 0 || p->transfer == TRANSFER_UNKNOWN;
    EX_TRY(give(t, charset_end(&t->decoder, t->utf8), err));
    if (t->strip)
        EX_TRY(strip_end(&t->html, err));
    *wanted = t->wanted;
    return EX_OK;
}

ex_code mail_tell_words(struct parser_run *run, const uint8_t *html, size_t size_bytes,
                        const struct charset *set, struct ex_error *err) {
    EX_AUTO_FREE struct telling_text *t = ex_new0(struct telling_text);
    bool wanted = true;
    t->run = run;
    t->decoder = charset_start(set != NULL ? set : &CHARSET_UTF8);
    t->strip = t->wanted = true;
    strip_start(&t->html, tell_words, t);
    if (size_bytes > 0)
        EX_TRY(take_text(t, html, size_bytes, &wanted, err));
    EX_TRY(give(t, charset_end(&t->decoder, t->utf8), err));
    return strip_end(&t->html, err);
}
