/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded words: RFC 2047 §2. Also where they should not stand: in parameters, in quotes. */
#include "parsers/mail/mail_internal.h"

struct word {
    const uint8_t *charset, *text, *end; /* end: behind it */
    size_t charset_bytes, text_bytes;
    bool base64;
};

/* What was decoded and waits for more: some cut a character in two words. */
struct waiting {
    struct text bytes;
    const uint8_t *charset;
    size_t charset_bytes;
};

static bool find_word(const uint8_t *at, const uint8_t *end, struct word *ret) {
    if (end - at < 6 || at[0] != '=' || at[1] != '?')
        return false;
    const uint8_t *label = at + 2, *mark = memchr(label, '?', (size_t)(end - label));
    if (mark == NULL || mark == label || end - mark < 3 || mark[2] != '?')
        return false;
    const uint8_t *language = memchr(label, '*', (size_t)(mark - label)); /* RFC 2231 §5 */
    uint8_t how = mark[1] | 0x20;
    const uint8_t *text = mark + 3, *close = memmem(text, (size_t)(end - text), "?=", 2);
    if ((how != 'b' && how != 'q') || close == NULL)
        return false;
    for (const uint8_t *c = label; c < close; c++)
        if (*c == '\0' || (*c == ' ' && (how == 'b' || c < text)))
            return false;
    *ret = (struct word){.charset = label,
                         .text = text,
                         .end = close + 2,
                         .charset_bytes = (size_t)((language != NULL ? language : mark) - label),
                         .text_bytes = (size_t)(close - text),
                         .base64 = how == 'b'};
    return true;
}

static ex_code add_decoded(const struct charset *set, const struct text *bytes, struct text *ret,
                           uint64_t *ret_lost, struct ex_error *err) {
    struct charset_decoder d = charset_start(set);
    uint8_t part[256], out[CHARSET_ROOM(sizeof part)];
    for (size_t at = 0, n; at < bytes->bytes; at += n) {
        n = bytes->bytes - at < sizeof part ? bytes->bytes - at : sizeof part;
        EX_TRY(text_add(ret, out, charset_decode(&d, bytes->data + at, n, out), err));
    }
    EX_TRY(text_add(ret, out, charset_end(&d, out), err));
    *ret_lost = d.lost;
    return EX_OK;
}

static ex_code flush(struct waiting *w, struct text *ret, struct ex_error *err) {
    bool ascii;
    uint64_t lost;
    size_t before = ret->bytes;
    if (w->bytes.bytes == 0)
        return EX_OK;
    const struct charset *set = charset_find(w->charset, w->charset_bytes);
    EX_TRY(add_decoded(set == NULL ? &CHARSET_ASCII : set, &w->bytes, ret, &lost, err));
    if (lost > 0) {
        ret->lost = true;
        if (charset_is_utf8(w->bytes.data, w->bytes.bytes, &ascii)) {
            ret->bytes = before;
            EX_TRY(text_add(ret, w->bytes.data, w->bytes.bytes, err));
        }
    }
    w->bytes.bytes = 0;
    return EX_OK;
}

static int hex_digit(uint8_t c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* §4.2 */
static ex_code add_quoted(const struct word *word, struct text *to, bool *ret_lost,
                          struct ex_error *err) {
    for (size_t i = 0; i < word->text_bytes; i++) {
        uint8_t c = word->text[i];
        if (c == '_')
            c = ' ';
        else if (c == '=') {
            int high = i + 2 < word->text_bytes ? hex_digit(word->text[i + 1]) : -1;
            int low = i + 2 < word->text_bytes ? hex_digit(word->text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                *ret_lost = true;
            } else {
                c = (uint8_t)(high << 4 | low);
                i += 2;
            }
        }
        EX_TRY(text_add(to, &c, 1, err));
    }
    return EX_OK;
}

/* §4.1 */
static ex_code add_base64(const struct word *word, struct text *to, bool *ret_lost,
                          struct ex_error *err) {
    struct decoding d = {.transfer = TRANSFER_BASE64};
    uint8_t out[256 + sizeof d.held];
    for (size_t at = 0, n; at < word->text_bytes; at += n) {
        n = word->text_bytes - at < 256 ? word->text_bytes - at : 256;
        EX_TRY(text_add(to, out, transfer_decode(&d, word->text + at, n, out), err));
    }
    EX_TRY(text_add(to, out, transfer_end(&d, out), err));
    *ret_lost = *ret_lost || d.left_out > 0 || d.digits == 1;
    return EX_OK;
}

static ex_code take_word(struct waiting *w, const struct word *word, struct text *ret,
                         struct ex_error *err) {
    if (charset_find(word->charset, word->charset_bytes) == NULL) {
        EX_TRY(flush(w, ret, err));
        ret->lost = true;
        return text_add(ret, word->charset - 2, (size_t)(word->end - word->charset) + 2, err);
    }
    if (w->charset_bytes != word->charset_bytes ||
        (w->charset_bytes > 0 && memcmp(w->charset, word->charset, w->charset_bytes) != 0))
        EX_TRY(flush(w, ret, err));
    w->charset = word->charset;
    w->charset_bytes = word->charset_bytes;
    return word->base64 ? add_base64(word, &w->bytes, &ret->lost, err)
                        : add_quoted(word, &w->bytes, &ret->lost, err);
}

static ex_code decode(const uint8_t *at, const uint8_t *end, struct waiting *w, struct text *ret,
                      struct ex_error *err) {
    struct word word;
    bool behind_word = false;
    while (at < end) {
        const uint8_t *next = at;
        while (behind_word && next < end && (*next == ' ' || *next == '\t'))
            next++; /* §6.2: between two of them, white space is nothing */
        if (find_word(next, end, &word)) {
            EX_TRY(take_word(w, &word, ret, err));
            at = word.end;
            behind_word = true;
            continue;
        }
        EX_TRY(flush(w, ret, err));
        behind_word = false;
        next = at + 1 < end ? memchr(at + 1, '=', (size_t)(end - at - 1)) : NULL;
        next = next == NULL ? end : next;
        EX_TRY(text_add(ret, at, (size_t)(next - at), err));
        at = next;
    }
    return flush(w, ret, err);
}

ex_code words_decode(const uint8_t *value, size_t size_bytes, struct text *ret,
                     struct ex_error *err) {
    struct waiting w = {.bytes = {0}};
    ret->bytes = 0;
    ret->lost = false;
    EX_TRY(text_add(ret, "", 0, err));
    ex_code code = size_bytes == 0 ? EX_OK : decode(value, value + size_bytes, &w, ret, err);
    text_clear(&w.bytes);
    return code;
}
