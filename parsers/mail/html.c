/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a part in HTML, without its markup: enough to search and to read, and no more. */
#include "parsers/mail/mail_internal.h"

static bool is_among(const char *word, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}
#define AMONG(word, list) is_among((word), (list), sizeof(list) / sizeof(list)[0])

static ex_code put(struct stripping *s, char c, struct ex_error *err) {
    if (s->out_bytes == sizeof s->out) {
        s->out_bytes = 0;
        EX_TRY(s->give(s->context, s->out, sizeof s->out, err));
    }
    s->out[s->out_bytes++] = (uint8_t)c;
    return EX_OK;
}

static ex_code put_line(struct stripping *s, struct ex_error *err) {
    s->space = s->line_begun = false;
    return put(s, '\n', err);
}

static ex_code put_text(struct stripping *s, const struct html_token *t, struct ex_error *err) {
    static const char *const LEFT_OUT[] = {"script", "style"};
    if (AMONG(t->in, LEFT_OUT))
        return EX_OK;
    for (size_t i = 0; i < t->size; i++) {
        char c = t->bytes[i];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\f') {
            s->space = true;
            continue;
        }
        if (s->space && s->line_begun)
            EX_TRY(put(s, ' ', err));
        s->space = false;
        s->line_begun = true;
        EX_TRY(put(s, c, err));
    }
    return EX_OK;
}

static ex_code put_tag(struct stripping *s, const struct html_token *t, struct ex_error *err) {
    static const char *const LINES[] = {"br",         "p",  "div",   "tr",   "li",    "h1", "h2",
                                        "h3",         "h4", "h5",    "h6",   "hr",    "ul", "table",
                                        "blockquote", "ol", "title", "body", "center"};
    static const char *const CELLS[] = {"td", "th"};
    s->space = s->space || AMONG(t->name, CELLS);
    bool line = AMONG(t->name, LINES) && (s->line_begun || strcmp(t->name, "br") == 0);
    return line ? put_line(s, err) : EX_OK;
}

static ex_code take(void *context, const struct html_token *t, struct ex_error *err) {
    struct stripping *s = context;
    if (t->what == HTML_TEXT)
        return put_text(s, t, err);
    return t->what == HTML_OPEN || t->what == HTML_CLOSE ? put_tag(s, t, err) : EX_OK;
}

void strip_start(struct stripping *s, strip_give *give, void *context) {
    *s = (struct stripping){.give = give, .context = context};
    s->html.take = take;
    s->html.context = s;
}

ex_code strip_feed(struct stripping *s, const uint8_t *from, size_t size_bytes,
                   struct ex_error *err) {
    return html_feed(&s->html, (const char *)from, size_bytes, err);
}

ex_code strip_end(struct stripping *s, struct ex_error *err) {
    uint64_t left; /* the part is told as a member, too: nothing is lost */
    EX_TRY(html_finish(&s->html, &left, err));
    if (s->line_begun)
        EX_TRY(put_line(s, err));
    return s->out_bytes > 0 ? s->give(s->context, s->out, s->out_bytes, err) : EX_OK;
}
