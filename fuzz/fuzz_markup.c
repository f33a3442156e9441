/* SPDX-License-Identifier: Apache-2.0 */
/* HTML in pieces: the same tokens, whatever the size of the pieces, and no byte out of nothing. The
 * first byte says how large they are. */
#include "parsers/shared/html.h"
#include "parsers/shared/html_encoding.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
    uint64_t hash, bytes;
    enum html_what last;
};

static void add(struct sum *s, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        s->hash = (s->hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001B3U;
    s->bytes += size;
}

static ex_code take(void *context, const struct html_token *t, struct ex_error *err) {
    struct sum *s = context;
    (void)err;
    if (t->what == HTML_TEXT || t->what == HTML_COMMENT) {
        if (t->size == 0 || t->size > HTML_PIECE_BYTES)
            abort();
        if (s->last != t->what)
            add(s, &t->what, sizeof t->what);
        add(s, t->bytes, t->size);
    } else {
        add(s, &t->what, sizeof t->what);
    }
    if (t->what == HTML_OPEN || t->what == HTML_CLOSE) {
        add(s, t->name, strlen(t->name));
        for (size_t i = 0; i < t->attributes; i++) {
            add(s, t->attribute[i].name, strlen(t->attribute[i].name) + 1);
            add(s, t->attribute[i].value, t->attribute[i].size);
        }
    }
    s->last = t->what;
    return EX_OK;
}

static struct sum run(const char *bytes, size_t size, size_t piece, bool xml, size_t values_max) {
    EX_AUTO_FREE struct html *h = ex_new0(struct html);
    struct sum s = {.last = HTML_OPEN};
    uint64_t left = 0;
    h->take = take;
    h->context = &s;
    h->xml = xml;
    h->values_max = values_max;
    ex_code code = EX_OK;
    for (size_t at = 0, n; at < size && code == EX_OK; at += n) {
        n = size - at < piece ? size - at : piece;
        char *own = malloc(n); /* to the byte */
        memcpy(own, bytes + at, n);
        code = html_feed(h, own, n, NULL);
        free(own);
    }
    if (code == EX_OK)
        code = html_finish(h, &left, NULL);
    if (left > size || (code != EX_OK && code != EX_LIMIT))
        abort();
    html_clear(h);
    add(&s, &left, sizeof left);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char label[HTML_LABEL_BYTES];
    if (size < 1)
        return 0;
    const char *bytes = (const char *)data + 1;
    bool xml = data[0] >= 128;
    struct sum whole = run(bytes, size - 1, size, xml, 1 << 20);
    struct sum parts = run(bytes, size - 1, 1 + data[0] % 16, xml, 1 << 20);
    if (whole.hash != parts.hash || whole.bytes > 3 * 300 * (size + 1))
        abort();
    (void)run(bytes, size - 1, size, xml, 0);
    (void)run(bytes, size - 1, size, xml, 20);
    (void)html_encoding_find(bytes, size - 1, label);
    (void)html_encoding_of_xml(bytes, size - 1, label);
    (void)html_encoding_of(bytes, size - 1);
    return 0;
}
