/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of an input, through a window of it. */
#include "parsers/mail/mail_internal.h"

struct lines lines_start(struct parser_run *run, uint64_t from, uint64_t to) {
    return (struct lines){.run = run, .at = from, .to = to};
}

struct lines lines_of_memory(const uint8_t *data, size_t size_bytes) {
    return (struct lines){.to = size_bytes, .view = data, .view_bytes = size_bytes, .memory = true};
}

/* Bytes from l->at on are in the view: a whole line, or a window full of one. */
static ex_code look(struct lines *l, struct ex_error *err) {
    uint64_t left = l->to - l->at;
    size_t want = left < MAIL_PIECE_BYTES ? (size_t)left : (size_t)MAIL_PIECE_BYTES;
    EX_TRY(parser_view(l->run, 0, l->at, want, &l->view, err));
    l->view_at = l->at;
    l->view_bytes = want;
    return EX_OK;
}

ex_code lines_next(struct lines *l, struct piece *ret, bool *ret_more, struct ex_error *err) {
    *ret_more = l->at < l->to;
    if (!*ret_more)
        return EX_OK;
    bool seen = l->view != NULL && l->at >= l->view_at && l->at < l->view_at + l->view_bytes;
    size_t skip = seen ? (size_t)(l->at - l->view_at) : 0;
    const uint8_t *feed = seen ? memchr(l->view + skip, '\n', l->view_bytes - skip) : NULL;
    if (feed == NULL && !l->memory && (!seen || skip > 0 || l->view_at + l->view_bytes < l->to)) {
        EX_TRY(look(l, err));
        skip = 0;
        feed = memchr(l->view, '\n', l->view_bytes);
    }
    const uint8_t *from = l->view + skip;
    size_t bytes = feed != NULL ? (size_t)(feed - from) + 1 : l->view_bytes - skip;
    *ret = (struct piece){.data = from, .bytes = bytes, .at = l->at, .begins = !l->inside};
    l->at += bytes;
    ret->ends = feed != NULL || l->at >= l->to;
    l->inside = !ret->ends;
    return EX_OK;
}

void lines_back(struct lines *l, const struct piece *p) {
    l->at = p->at;
    l->inside = !p->begins;
}

size_t piece_text_bytes(const struct piece *p) {
    size_t n = p->bytes;
    if (n > 0 && p->data[n - 1] == '\n')
        n--;
    if (n > 0 && n < p->bytes && p->data[n - 1] == '\r')
        n--;
    return n;
}

/* ---- text that grows ---- */

ex_code text_add(struct text *t, const void *data, size_t size_bytes, struct ex_error *err) {
    EX_TRY(ex_grow(&t->data, &t->capacity, t->bytes + size_bytes + 1, 1, MAIL_TEXT_BYTES_MAX * 2,
                   "a field of a mail", err));
    if (size_bytes > 0)
        memcpy(t->data + t->bytes, data, size_bytes);
    t->bytes += size_bytes;
    t->data[t->bytes] = '\0';
    return EX_OK;
}

void text_clear(struct text *t) {
    free(t->data);
    *t = (struct text){0};
}
