/* SPDX-License-Identifier: Apache-2.0 */
/* list_tokens PIECE FILE: the tokens of a page that is read PIECE bytes at a time, and the encoding
 * that it names, for tests/scripts/html-check.py. Bytes are in hex.
 *
 * encoding NAME; open NAME (NAME VALUE)…; close NAME; text IN BYTES; comment BYTES; left NUMBER.
 * NAME is "-" where there is none. */
#include "parsers/shared/html.h"
#include "parsers/shared/html_encoding.h"

#include <stdio.h>

struct listing {
    enum html_what last;
    char in[HTML_NAME_BYTES];
    bool begun;
};

static void print_hex(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        printf("%02x", (uint8_t)bytes[i]);
}

static void begin(struct listing *l, const char *word) {
    if (l->begun)
        putchar('\n');
    l->begun = true;
    printf("%s ", word);
}

static ex_code take(void *context, const struct html_token *t, struct ex_error *err) {
    struct listing *l = context;
    bool same = l->begun && l->last == t->what;
    (void)err;
    switch (t->what) {
    case HTML_TEXT:
        if (!same || strcmp(l->in, t->in) != 0) {
            begin(l, "text");
            printf("%s ", t->in[0] != '\0' ? t->in : "-");
        }
        (void)snprintf(l->in, sizeof l->in, "%s", t->in);
        print_hex(t->bytes, t->size);
        break;
    case HTML_COMMENT:
    case HTML_COMMENT_END:
        if (!l->begun || l->last != HTML_COMMENT)
            begin(l, "comment");
        print_hex(t->bytes, t->size);
        break;
    case HTML_OPEN:
    case HTML_CLOSE:
        begin(l, t->what == HTML_OPEN ? "open" : "close");
        printf("%s", t->name);
        for (size_t i = 0; i < t->attributes; i++) {
            putchar(' ');
            print_hex(t->attribute[i].name, strlen(t->attribute[i].name));
            putchar('=');
            print_hex(t->attribute[i].value, t->attribute[i].size);
        }
        break;
    }
    l->last = t->what;
    return EX_OK;
}

static int list(const char *bytes, size_t size, size_t piece) {
    EX_AUTO_FREE struct html *h = ex_new0(struct html);
    char label[HTML_LABEL_BYTES];
    struct listing l = {.begun = true};
    struct ex_error err = {0};
    uint64_t left = 0;
    size_t head = size < HTML_ENCODING_SEARCH_BYTES ? size : HTML_ENCODING_SEARCH_BYTES;
    const char *encoding = html_encoding_find(bytes, head, label);
    printf("encoding %s", encoding != NULL ? encoding : "-");
    l.last = HTML_OPEN;
    h->take = take;
    h->context = &l;
    h->values_max = 1 << 20;
    ex_code code = EX_OK;
    for (size_t at = 0, n; at < size && code == EX_OK; at += n) {
        n = size - at < piece ? size - at : piece;
        code = html_feed(h, bytes + at, n, &err);
    }
    if (code == EX_OK)
        code = html_finish(h, &left, &err);
    printf("\nleft %llu\n", (unsigned long long)left);
    html_clear(h);
    return code == EX_OK ? 0 : 1;
}

int main(int argc, char **argv) {
    static char bytes[1 << 20];
    if (argc != 3 || atoi(argv[1]) < 1) {
        fprintf(stderr, "usage: list_tokens PIECE FILE\n");
        return 2;
    }
    FILE *f = fopen(argv[2], "rb");
    if (f == NULL) {
        perror(argv[2]);
        return 2;
    }
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return list(bytes, size, (size_t)atoi(argv[1]));
}
