/* SPDX-License-Identifier: Apache-2.0 */
/* Text without markup: title and textarea, style and its like, and scripts, which may hold a
 * comment that holds a script: WHATWG HTML §13.2.5.2 to .4, .9 to .31. */
#include "parsers/shared/html_internal.h"

#include <string.h>
#include <strings.h>

static ex_code put(struct html *h, char c, enum html_state then, struct ex_error *err) {
    h->state = (int)then;
    return html_put(h, HTML_TEXT, c, err);
}

/* What was held after all is text; `c` belongs to what stood before it. */
static ex_code give_back(struct html *h, const char *head, struct ex_error *err) {
    EX_TRY(html_put_text(h, head, strlen(head), err));
    EX_TRY(html_put_text(h, h->held, h->held_bytes, err));
    h->held_bytes = 0;
    return html_go(h, (enum html_state)h->back, true);
}

static ex_code begin_less(struct html *h, enum html_state back, enum html_state then) {
    h->back = (int)back;
    h->held_bytes = 0;
    h->markup_at = h->fed;
    return html_go(h, then, false);
}

static ex_code end_name(struct html *h, char c, struct ex_error *err) {
    size_t size = strlen(h->in);
    if (html_is_letter(c) && h->held_bytes < size)
        return html_hold(h, c) ? EX_OK : ex_fail(err, EX_INTERNAL, "a name of an end");
    if (!(html_is_space(c) || c == '/' || c == '>') || h->held_bytes != size ||
        strncasecmp(h->held, h->in, size) != 0)
        return give_back(h, "</", err);
    h->held_bytes = 0;
    html_begin_tag(h, true);
    memcpy(h->token.name, h->in, size);
    h->name_bytes = size;
    return html_go(h, HTML_TAG_NAME, true);
}

/* Is what was held since the `<` the word that begins or ends a script in a script? */
static bool holds_script(const struct html *h) {
    return h->held_bytes == 6 && strncasecmp(h->held, "script", 6) == 0;
}

static ex_code double_word(struct html *h, char c, enum html_state if_script,
                           enum html_state if_not, enum html_state back, struct ex_error *err) {
    if (html_is_space(c) || c == '/' || c == '>')
        return put(h, c, holds_script(h) ? if_script : if_not, err);
    if (!html_is_letter(c))
        return html_go(h, back, true);
    (void)html_hold(h, c); /* one that is longer is not the word */
    return html_put(h, HTML_TEXT, c, err);
}

/* In a comment in a script. */
static ex_code escaped(struct html *h, char c, enum html_state dash, struct ex_error *err) {
    if (c == '<')
        return begin_less(h, HTML_ESCAPED, HTML_ESCAPED_LESS);
    if (c == '>' && h->state == HTML_ESCAPED_DASHES)
        return put(h, c, HTML_SCRIPT, err);
    return put(h, c, c == '-' ? dash : HTML_ESCAPED, err);
}

/* In a script in that. */
static ex_code doubled(struct html *h, char c, enum html_state dash, struct ex_error *err) {
    if (c == '>' && h->state == HTML_DOUBLE_DASHES)
        return put(h, c, HTML_SCRIPT, err);
    return put(h, c, c == '-' ? dash : c == '<' ? HTML_DOUBLE_LESS : HTML_DOUBLE, err);
}

static ex_code less(struct html *h, char c, struct ex_error *err) {
    if (c == '/')
        return html_go(h, HTML_RAW_END_OPEN, false);
    EX_TRY(html_put(h, HTML_TEXT, '<', err));
    if (h->state == HTML_ESCAPED_LESS && html_is_letter(c))
        return html_go(h, HTML_DOUBLE_START, true);
    if (h->back == HTML_SCRIPT && c == '!')
        return put(h, c, HTML_ESCAPE_START, err);
    return html_go(h, (enum html_state)h->back, true);
}

ex_code html_raw(struct html *h, char c, struct ex_error *err) {
    enum html_state state = (enum html_state)h->state;
    if (state == HTML_RCDATA && c == '&')
        return html_begin_reference(h);
    if (state == HTML_RCDATA || state == HTML_RAW || state == HTML_SCRIPT)
        return c == '<' ? begin_less(h, state, HTML_RAW_LESS) : html_put(h, HTML_TEXT, c, err);
    if (state == HTML_RAW_LESS || state == HTML_ESCAPED_LESS)
        return less(h, c, err);
    if (state == HTML_RAW_END_OPEN)
        return html_is_letter(c) ? html_go(h, HTML_RAW_END_NAME, true) : give_back(h, "</", err);
    if (state == HTML_RAW_END_NAME)
        return end_name(h, c, err);
    if (state == HTML_ESCAPE_START || state == HTML_ESCAPE_DASH)
        return c != '-'
                   ? html_go(h, HTML_SCRIPT, true)
                   : put(h, c, state == HTML_ESCAPE_START ? HTML_ESCAPE_DASH : HTML_ESCAPED_DASHES,
                         err);
    if (state == HTML_ESCAPED)
        return escaped(h, c, HTML_ESCAPED_DASH, err);
    if (state == HTML_ESCAPED_DASH || state == HTML_ESCAPED_DASHES)
        return escaped(h, c, HTML_ESCAPED_DASHES, err);
    if (state == HTML_DOUBLE_START)
        return double_word(h, c, HTML_DOUBLE, HTML_ESCAPED, HTML_ESCAPED, err);
    if (state == HTML_DOUBLE_END)
        return double_word(h, c, HTML_ESCAPED, HTML_DOUBLE, HTML_DOUBLE, err);
    if (state == HTML_DOUBLE)
        return doubled(h, c, HTML_DOUBLE_DASH, err);
    if (state == HTML_DOUBLE_DASH || state == HTML_DOUBLE_DASHES)
        return doubled(h, c, HTML_DOUBLE_DASHES, err);
    if (state == HTML_DOUBLE_LESS && c == '/') {
        h->held_bytes = 0;
        return put(h, c, HTML_DOUBLE_END, err);
    }
    return html_go(h, HTML_DOUBLE, true);
}
