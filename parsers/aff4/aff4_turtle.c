/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text, without looking back; strings are kept in blocks. */
#include "parsers/aff4/aff4_turtle.h"

#include "base/mem.h"

#include <stdint.h>

enum {
    TRIPLES_MAX = 1 << 18,
    PREFIXES_MAX = 64,
    WORD_BYTES_MAX = 1 << 20,
    STRING_BYTES_MAX = 64 << 20,
    BLOCK_BYTES = 64 << 10
};

struct turtle_block {
    struct turtle_block *next;
    size_t used, size;
    char data[];
};

struct parse {
    struct turtle *t;
    const char *at, *end;
    unsigned line;
    size_t prefixes;
    struct {
        const char *name, *iri;
    } prefix[PREFIXES_MAX];
    const char *base;
    char *word; /* being put together */
    size_t word_bytes, word_capacity;
};

void turtle_clear(struct turtle *t) {
    for (struct turtle_block *b = t->strings, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(t->triple);
}

static ex_code complain(const struct parse *p, const char *what, struct ex_error *err) {
    return ex_fail(err, EX_FORMAT, "information.turtle, line %u: %s", p->line, what);
}

/* ---- strings ---- */

static ex_code keep(struct parse *p, const char *text, size_t size, const char **ret,
                    struct ex_error *err) {
    struct turtle *t = p->t;
    struct turtle_block *b = t->strings;
    if (size >= STRING_BYTES_MAX - t->string_bytes)
        return ex_fail(err, EX_LIMIT,
                       "information.turtle has more than %d bytes of names and "
                       "values",
                       STRING_BYTES_MAX);
    if (b == NULL || size >= b->size - b->used) {
        size_t room = size + 1 > BLOCK_BYTES ? size + 1 : BLOCK_BYTES;
        EX_TRY(ex_alloc(sizeof *b + room, 1, STRING_BYTES_MAX + BLOCK_BYTES, "names", &b, err));
        b->size = room;
        b->next = t->strings;
        t->strings = b;
    }
    char *to = b->data + b->used;
    memcpy(to, text, size);
    to[size] = '\0';
    b->used += size + 1;
    t->string_bytes += size + 1;
    *ret = to;
    return EX_OK;
}

static ex_code add_bytes(struct parse *p, const char *text, size_t size, struct ex_error *err) {
    EX_TRY(ex_grow(&p->word, &p->word_capacity, p->word_bytes + size + 1, 1, WORD_BYTES_MAX,
                   "a word of information.turtle", err));
    memcpy(p->word + p->word_bytes, text, size);
    p->word_bytes += size;
    return EX_OK;
}

static ex_code add_char(struct parse *p, uint32_t ch, struct ex_error *err) {
    char to[4];
    size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    static const uint8_t LEAD[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    if (ch == 0 || ch > 0x10FFFF || (ch >= 0xD800 && ch < 0xE000))
        return complain(p, "a character that does not exist", err);
    for (size_t i = n; i-- > 1; ch >>= 6)
        to[i] = (char)(0x80 | (ch & 0x3F));
    to[0] = (char)(LEAD[n] | ch);
    return add_bytes(p, to, n, err);
}

/* ---- words ---- */

static void skip_blank(struct parse *p) {
    for (; p->at < p->end; p->at++) {
        if (*p->at == '#')
            while (p->at + 1 < p->end && p->at[1] != '\n')
                p->at++;
        else if (*p->at == '\n')
            p->line++;
        else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r')
            return;
    }
}

static bool next_is(struct parse *p, char ch) {
    skip_blank(p);
    if (p->at >= p->end || *p->at != ch)
        return false;
    p->at++;
    return true;
}

static bool has(const struct parse *p, const char *text) {
    size_t size = strlen(text);
    return (size_t)(p->end - p->at) >= size && memcmp(p->at, text, size) == 0;
}

static ex_code take_hex(struct parse *p, size_t digits, struct ex_error *err) {
    uint32_t ch = 0;
    for (size_t i = 0; i < digits; i++, p->at++) {
        static const char DIGITS[] = "0123456789abcdef";
        const char *d = p->at < p->end && *p->at != '\0'
                            ? strchr(DIGITS, *p->at >= 'A' && *p->at <= 'F' ? *p->at + 32 : *p->at)
                            : NULL;
        if (d == NULL)
            return complain(p, "a \\u without its digits", err);
        ch = ch << 4 | (uint32_t)(d - DIGITS);
    }
    return add_char(p, ch, err);
}

/* Behind a backslash. */
static ex_code take_escape(struct parse *p, struct ex_error *err) {
    static const char NAMES[] = "tbnrf\"'\\", VALUES[] = "\t\b\n\r\f\"'\\";
    if (p->at >= p->end)
        return complain(p, "it ends early", err);
    char ch = *p->at++;
    if (ch == 'u' || ch == 'U')
        return take_hex(p, ch == 'u' ? 4 : 8, err);
    const char *name = ch == '\0' ? NULL : strchr(NAMES, ch);
    return name == NULL ? complain(p, "a backslash before something else", err)
                        : add_bytes(p, &VALUES[name - NAMES], 1, err);
}

static ex_code take_until(struct parse *p, const char *quote, struct ex_error *err) {
    size_t size = strlen(quote);
    while (p->at < p->end && !has(p, quote)) {
        char ch = *p->at++;
        if (ch == '\n')
            p->line++;
        if (ch == '\0' || (ch == '\n' && size == 1))
            return complain(p, "a value that does not end in its line", err);
        EX_TRY(ch == '\\' ? take_escape(p, err) : add_bytes(p, &ch, 1, err));
    }
    if (p->at >= p->end)
        return complain(p, "it ends early", err);
    p->at += size;
    return EX_OK;
}

static ex_code take_iri(struct parse *p, const char **ret, struct ex_error *err) {
    p->word_bytes = 0;
    p->at++;
    EX_TRY(take_until(p, ">", err));
    bool relative = p->word_bytes == 0 || memchr(p->word, ':', p->word_bytes) == NULL;
    if (relative && p->base != NULL) {
        size_t size = p->word_bytes, base = strlen(p->base);
        EX_TRY(add_bytes(p, p->base, base, err)); /* for the room */
        memmove(p->word + base, p->word, size);
        memcpy(p->word, p->base, base);
    }
    return keep(p, p->word_bytes == 0 ? "" : p->word, p->word_bytes, ret, err);
}

static bool in_name(char ch) {
    return ch != '\0' && strchr(" \t\r\n;,[]()<>\"'#{}^@", ch) == NULL;
}

/* prefix:name. A full stop at its end belongs to the statement. */
static ex_code take_prefixed(struct parse *p, const char **ret, struct ex_error *err) {
    const char *from = p->at, *colon = NULL;
    while (p->at < p->end && in_name(*p->at)) {
        if (*p->at == ':' && colon == NULL)
            colon = p->at;
        p->at++;
    }
    while (p->at > from && p->at[-1] == '.')
        p->at--;
    if (colon == NULL || colon >= p->at)
        return complain(p, "neither a name nor a value", err);
    for (size_t i = p->prefixes; i-- > 0;) { /* the last one counts */
        size_t size = (size_t)(colon - from);
        if (strlen(p->prefix[i].name) != size || memcmp(p->prefix[i].name, from, size) != 0)
            continue;
        p->word_bytes = 0;
        EX_TRY(add_bytes(p, p->prefix[i].iri, strlen(p->prefix[i].iri), err));
        EX_TRY(add_bytes(p, colon + 1, (size_t)(p->at - colon - 1), err));
        return keep(p, p->word, p->word_bytes, ret, err);
    }
    return complain(p, "a prefix that was not declared", err);
}

static ex_code take_name(struct parse *p, const char **ret, struct ex_error *err) {
    skip_blank(p);
    if (p->at >= p->end)
        return complain(p, "it ends early", err);
    return *p->at == '<' ? take_iri(p, ret, err) : take_prefixed(p, ret, err);
}

static ex_code take_literal(struct parse *p, struct triple *to, struct ex_error *err) {
    char quote[4] = {*p->at, '\0'}, three[4] = {*p->at, *p->at, *p->at, '\0'};
    bool is_long = has(p, three);
    p->at += is_long ? 3 : 1;
    p->word_bytes = 0;
    EX_TRY(take_until(p, is_long ? three : quote, err));
    EX_TRY(keep(p, p->word_bytes == 0 ? "" : p->word, p->word_bytes, &to->object, err));
    to->literal = true;
    if (has(p, "^^")) {
        p->at += 2;
        return take_name(p, &to->type, err);
    }
    if (p->at < p->end && *p->at == '@')
        for (p->at++; p->at < p->end && in_name(*p->at) && *p->at != '.';)
            p->at++;
    return EX_OK;
}

/* 12, -1.5, true */
static bool take_plain(struct parse *p, struct triple *to, ex_code *ret, struct ex_error *err) {
    const char *at = p->at;
    while (at < p->end && in_name(*at))
        at++;
    while (at > p->at && at[-1] == '.')
        at--;
    size_t size = (size_t)(at - p->at);
    bool number = size > 0 && strspn(p->at, "0123456789+-.eE") >= size;
    bool truth = (size == 4 && memcmp(p->at, "true", 4) == 0) ||
                 (size == 5 && memcmp(p->at, "false", 5) == 0);
    if (!number && !truth)
        return false;
    to->literal = true;
    *ret = keep(p, p->at, size, &to->object, err);
    p->at = at;
    return true;
}

/* ---- statements ---- */

static ex_code add_triple(struct parse *p, const struct triple *x, struct ex_error *err) {
    struct turtle *t = p->t;
    EX_TRY(ex_grow(&t->triple, &t->capacity, t->count + 1, sizeof *x, TRIPLES_MAX * sizeof *x,
                   "statements of information.turtle", err));
    t->triple[t->count++] = *x;
    return EX_OK;
}

static ex_code take_object(struct parse *p, struct triple *x, struct ex_error *err) {
    ex_code code = EX_OK;
    x->literal = false;
    x->type = "";
    skip_blank(p);
    if (p->at >= p->end)
        return complain(p, "it ends early", err);
    if (*p->at == '"' || *p->at == '\'')
        EX_TRY(take_literal(p, x, err));
    else if (take_plain(p, x, &code, err))
        EX_TRY(code);
    else
        EX_TRY(take_name(p, &x->object, err));
    return add_triple(p, x, err);
}

static ex_code take_predicate(struct parse *p, struct triple *x, struct ex_error *err) {
    skip_blank(p);
    if (p->at + 1 < p->end && *p->at == 'a' && !in_name(p->at[1])) {
        p->at++;
        x->predicate = RDF_NS "type";
        return EX_OK;
    }
    return take_name(p, &x->predicate, err);
}

static ex_code take_statement(struct parse *p, struct ex_error *err) {
    struct triple x = {.type = ""};
    EX_TRY(take_name(p, &x.subject, err));
    bool more;
    do {
        EX_TRY(take_predicate(p, &x, err));
        do
            EX_TRY(take_object(p, &x, err));
        while (next_is(p, ','));
        more = next_is(p, ';');
        while (next_is(p, ';'))
            ;
        skip_blank(p);
    } while (more && p->at < p->end && *p->at != '.');
    return next_is(p, '.') ? EX_OK : complain(p, "a statement without its full stop", err);
}

static ex_code take_prefix(struct parse *p, struct ex_error *err) {
    skip_blank(p);
    const char *from = p->at;
    while (p->at < p->end && in_name(*p->at) && *p->at != ':')
        p->at++;
    size_t size = (size_t)(p->at - from);
    if (p->prefixes >= PREFIXES_MAX || p->at >= p->end || *p->at != ':')
        return complain(p, "a prefix that is none, or too many of them", err);
    p->at++;
    EX_TRY(keep(p, from, size, &p->prefix[p->prefixes].name, err));
    skip_blank(p);
    if (p->at >= p->end || *p->at != '<')
        return complain(p, "a prefix without its name", err);
    EX_TRY(take_iri(p, &p->prefix[p->prefixes].iri, err));
    p->prefixes++;
    return EX_OK;
}

/* @prefix … . or PREFIX …, likewise @base. */
static ex_code take_directive(struct parse *p, bool *ret, struct ex_error *err) {
    static const char *const WORDS[] = {"@prefix", "PREFIX", "@base", "BASE"};
    size_t i = 0;
    while (i < 4 && !has(p, WORDS[i]))
        i++;
    *ret = i < 4;
    if (i == 4)
        return EX_OK;
    p->at += strlen(WORDS[i]);
    skip_blank(p);
    if (i < 2)
        EX_TRY(take_prefix(p, err));
    else if (p->at < p->end && *p->at == '<')
        EX_TRY(take_iri(p, &p->base, err));
    else
        return complain(p, "a base without its name", err);
    return i % 2 == 1 || next_is(p, '.') ? EX_OK
                                         : complain(p, "a prefix without its full stop", err);
}

static ex_code parse(struct parse *p, struct ex_error *err) {
    for (skip_blank(p); p->at < p->end; skip_blank(p)) {
        bool done;
        EX_TRY(take_directive(p, &done, err));
        if (!done)
            EX_TRY(take_statement(p, err));
    }
    return EX_OK;
}

/* There is a NUL behind the text. */
ex_code turtle_parse(struct turtle *t, const char *text, size_t size_bytes, struct ex_error *err) {
    struct parse p = {.t = t, .at = text, .end = text + size_bytes, .line = 1};
    ex_code code = parse(&p, err);
    free(p.word);
    return code;
}

const struct triple *turtle_find(const struct turtle *t, const char *subject,
                                 const char *predicate) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->triple[i].subject, subject) == 0 &&
            strcmp(t->triple[i].predicate, predicate) == 0)
            return &t->triple[i];
    return NULL;
}

bool turtle_is(const struct turtle *t, const char *subject, const char *type) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->triple[i].predicate, RDF_NS "type") == 0 &&
            strcmp(t->triple[i].object, type) == 0 && strcmp(t->triple[i].subject, subject) == 0)
            return true;
    return false;
}
