/* SPDX-License-Identifier: Apache-2.0 */
/* A message by its properties, as ole/msg.c tells one. */
#include "parsers/mail/mail.h"
#include "parsers/pst/pst_internal.h"

enum {
    SUBJECT = 0x0037,
    HEAD = 0x007D,
    FLAGS = 0x0E07,
    IMPORTANCE = 0x0017,
    BODY = 0x1000,
    HTML = 0x1013,
    RTF = 0x1009,
    HTML_CODE_PAGE = 0x3FDE,
    FLAG_READ = 1,
    FLAG_UNSENT = 8
};

/* [MS-PST] §2.5.3.1.1.1: a mark, and how long the prefix ("RE: ") is. */
static void without_mark(struct bytes *subject) {
    if (subject->bytes < 2 || subject->data[0] != 1)
        return;
    size_t mark = 2;
    while (mark < subject->bytes && (subject->data[mark] & 0xC0) == 0x80)
        mark++;
    subject->bytes -= mark;
    memmove(subject->data, subject->data + mark, subject->bytes);
}

static ex_code tell_times(struct pst *p, const struct values *v, struct ex_error *err) {
    for (size_t i = 0; i < MAPI_TIMES_COUNT; i++)
        EX_TRY(tell_filetime(p->run, MAPI_TIMES[i].what,
                             values_number(v, SET_NONE, MAPI_TIMES[i].id, MAPI_TIME),
                             MAPI_TIMES[i].source, err));
    return EX_OK;
}

/* A text that is there with no bytes. libpff gives one whose place is lost as such, too. */
static ex_code tell_empty(struct pst *p, const struct values *v, struct ex_error *err) {
    static const struct mapi_text TEXTS[] = {{BODY, "body"}, {HTML, "html"}, {RTF, "rtf"}};
    char names[24] = "";
    size_t used = 0, size;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        const struct value *one = values_find(v, SET_NONE, TEXTS[i].id);
        if (one != NULL && libpff_record_entry_get_data_size(one->entry, &size, NULL) == 1 &&
            size == 0)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? " " : "",
                                     TEXTS[i].key);
    }
    return used > 0 ? tell_text(p->run, "empty-text", names, err) : EX_OK;
}

static ex_code tell_texts(struct pst *p, const struct values *v, const struct bytes *subject,
                          struct ex_error *err) {
    uint64_t flags = 0, importance;
    bool has_flags = values_take_number(v, SET_NONE, FLAGS, MAPI_INTEGER, &flags);
    if (subject->bytes > 0)
        EX_TRY(parser_trace_text(p->run, "subject", subject->data, bytes_kept(v, subject), err));
    for (size_t i = 0; i < MAPI_TEXTS_COUNT; i++)
        if (MAPI_TEXTS[i].id != SUBJECT)
            EX_TRY(values_tell_text(p, v, SET_NONE, MAPI_TEXTS[i].id, MAPI_TEXTS[i].key, err));
    if (has_flags)
        EX_TRY(tell_text(p->run, "read", (flags & FLAG_READ) != 0 ? "yes" : "no", err));
    if ((flags & FLAG_UNSENT) != 0)
        EX_TRY(tell_text(p->run, "unsent", "yes", err));
    if (values_take_number(v, SET_NONE, IMPORTANCE, MAPI_INTEGER, &importance))
        EX_TRY(parser_trace_number(p->run, "mapi-importance", importance, err));
    EX_TRY(tell_empty(p, v, err));
    return special_tell(p, v, err);
}

static ex_code tell_head(struct pst *p, const struct values *v, struct ex_error *err) {
    struct bytes head;
    EX_TRY(values_text(v, SET_NONE, HEAD, &head, err));
    ex_code code =
        head.bytes > 0 ? mail_tell_head(p->run, head.data, head.bytes, MAPI_HEAD_TOLD, err) : EX_OK;
    free(head.data);
    return code;
}

/* ---- its text ---- */

/* A text in a binary property has the character set of another one. */
static const struct charset *html_charset(const struct values *v, const struct bytes *html) {
    bool ascii;
    const struct charset *set =
        charset_of_code_page((unsigned)values_number(v, SET_NONE, HTML_CODE_PAGE, MAPI_INTEGER));
    if (set != NULL)
        return set;
    return charset_is_utf8(html->data, html->bytes, &ascii) ? &CHARSET_UTF8 : v->charset;
}

static ex_code tell_words(struct pst *p, const struct values *v, struct ex_error *err) {
    const struct value *one = values_find(v, SET_NONE, HTML);
    struct bytes html = {0};
    if (one == NULL)
        return EX_OK;
    EX_TRY(one->type == MAPI_BINARY ? value_bytes(v, one, &html, err)
                                    : values_text(v, SET_NONE, HTML, &html, err));
    ex_code code =
        html.bytes > 0
            ? mail_tell_words(p->run, html.data, html.bytes,
                              one->type == MAPI_BINARY ? html_charset(v, &html) : NULL, err)
            : EX_OK;
    free(html.data);
    return code;
}

/* Nothing more can be told of the message behind it. */
static ex_code tell_text_of(struct pst *p, const struct values *v, uint32_t trace,
                            struct ex_error *err) {
    struct bytes body = {0};
    struct ex_error why = {0};
    bool wanted;
    ex_code code = values_text(v, SET_NONE, BODY, &body, &why);
    if (code == EX_OK && body.bytes > 0)
        code = parser_trace_content(p->run, body.data, body.bytes, &wanted, err);
    else if (code == EX_OK)
        code = tell_words(p, v, err);
    else
        code = parser_trace_problem(p->run, trace, "text", &why, err);
    free(body.data);
    return code;
}

/* ---- in other forms ---- */

static ex_code tell_html(struct pst *p, const struct values *v, uint32_t trace,
                         struct ex_error *err) {
    const struct value *one = values_find(v, SET_NONE, HTML);
    struct bytes html = {0};
    if (one == NULL)
        return EX_OK;
    EX_TRY(value_bytes(v, one, &html, err));
    ex_code code = html.bytes > 0 ? member_tell(p, trace, "html", "body.html", &html, err) : EX_OK;
    free(html.data);
    return code;
}

/* Compressed in the store ([MS-OXRTFCP]), and told as what it is then. */
static ex_code tell_rtf(struct pst *p, libpff_item_t *message, const struct values *v,
                        uint32_t trace, struct ex_error *err) {
    const struct value *one = values_find(v, SET_NONE, RTF);
    struct bytes rtf = {0}, packed = {0};
    size_t size = 0;
    bool whole = false;
    if (one == NULL)
        return EX_OK;
    if (libpff_message_get_rtf_body_size(message, &size, NULL) == 1 && size > 0 &&
        size <= PST_VALUE_BYTES_MAX) {
        EX_TRY(ex_alloc(size + 1, 1, PST_VALUE_BYTES_MAX + 1, "a text", &rtf.data, err));
        whole = libpff_message_get_rtf_body(message, rtf.data, size, NULL) == 1;
        rtf.bytes = whole ? size : 0;
        while (rtf.bytes > 0 && rtf.data[rtf.bytes - 1] == '\0')
            rtf.bytes--;
    }
    ex_code code = EX_OK;
    if (whole)
        code = member_tell(p, trace, "rtf", "body.rtf", &rtf, err);
    else if ((code = value_bytes(v, one, &packed, err)) == EX_OK && packed.bytes > 0)
        code = member_tell(p, trace, "rtf", "body.rtf (compressed)", &packed, err);
    free(rtf.data);
    free(packed.data);
    return code;
}

/* ---- the message ---- */

static ex_code tell_loaded(struct pst *p, libpff_item_t *message, const struct values *v,
                           const struct finding *f, const struct bytes *subject,
                           struct ex_error *err) {
    uint32_t trace, id = 0;
    const struct parser_trace t = {.kind = PARSER_MESSAGE,
                                   .flags = f->flags | PARSER_UNSIZED,
                                   .parent = f->parent,
                                   .key = f->key,
                                   .name = (const char *)subject->data,
                                   .name_bytes = bytes_kept(v, subject)};
    EX_TRY(parser_trace(p->run, &t, &trace, err));
    EX_TRY(tell_text(p->run, "format", store_format(p), err));
    if (f->depth == 0 && libpff_item_get_identifier(message, &id, NULL) == 1)
        EX_TRY(parser_trace_number(p->run, "identifier", id, err));
    if (f->unlisted)
        EX_TRY(tell_text(p->run, "unlisted", "yes", err));
    if (f->associated)
        EX_TRY(tell_text(p->run, "associated", "yes", err));
    EX_TRY(people_tell(p, message, v, err));
    EX_TRY(tell_texts(p, v, subject, err));
    EX_TRY(tell_times(p, v, err));
    EX_TRY(tell_head(p, v, err));
    EX_TRY(tell_text_of(p, v, trace, err));
    EX_TRY(tell_html(p, v, trace, err));
    EX_TRY(tell_rtf(p, message, v, trace, err));
    EX_TRY(gaps_tell(p, trace, v->gaps, err));
    return attached_tell(p, message, trace, v, f->depth, err);
}

ex_code message_tell(struct pst *p, libpff_item_t *message, const struct finding *f,
                     struct ex_error *err) {
    struct gaps gaps = {0};
    struct values v;
    struct bytes subject = {0};
    ex_code code = values_load(message, 0, NULL, &gaps, &v, err);
    if (code == EX_OK)
        code = values_text(&v, SET_NONE, SUBJECT, &subject, err);
    if (code == EX_OK) {
        without_mark(&subject);
        code = tell_loaded(p, message, &v, f, &subject, err);
    }
    free(subject.data);
    values_clear(&v);
    return code;
}
