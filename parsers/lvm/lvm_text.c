/* SPDX-License-Identifier: Apache-2.0 */
/* The text of LVM2 metadata as a tree. What is not as LVM writes it is refused, not guessed. */
#include "parsers/lvm/lvm_internal.h"

#include <string.h>

struct parse {
    struct lvm_text *t;
    const char *at, *end;
    struct {
        uint32_t node, last; /* last: its last child, 0: none yet */
    } open[LVM_DEPTH_MAX];
    unsigned depth;
};

void lvm_text_free(struct lvm_text *t) {
    if (t == NULL)
        return;
    free(t->bytes);
    free(t->node);
    free(t);
}

static bool is_key(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '.';
}

/* Blanks, and comments to the end of their lines. */
static void skip(struct parse *p) {
    for (; p->at < p->end; p->at++) {
        if (*p->at == '#') {
            const char *line = memchr(p->at, '\n', (size_t)(p->end - p->at));
            p->at = line != NULL ? line : p->end - 1;
        } else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\n' && *p->at != '\r') {
            return;
        }
    }
}

static bool eat(struct parse *p, char c) {
    skip(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static ex_code wrong(const struct parse *p, struct ex_error *err) {
    return ex_fail(err, EX_FORMAT, "the metadata are no text of LVM from byte %zu of it on",
                   (size_t)(p->at - p->t->bytes));
}

/* A node under the section that is open. */
static ex_code add(struct parse *p, const struct lvm_node *n, uint32_t *ret, struct ex_error *err) {
    struct lvm_text *t = p->t;
    if (t->count >= LVM_NODES_MAX)
        return ex_fail(err, EX_LIMIT, "the metadata have more than %d values", LVM_NODES_MAX);
    EX_TRY(ex_grow(&t->node, &t->capacity, t->count + 1, sizeof *t->node,
                   LVM_NODES_MAX * sizeof *t->node, "LVM metadata", err));
    uint32_t number = (uint32_t)t->count++, node = p->open[p->depth].node,
             last = p->open[p->depth].last;
    t->node[number] = *n;
    if (last != 0)
        t->node[last].next = number;
    else
        t->node[node].child = number;
    p->open[p->depth].last = number;
    *ret = number;
    return EX_OK;
}

static ex_code enter(struct parse *p, uint32_t node, struct ex_error *err) {
    if (p->depth + 1 >= LVM_DEPTH_MAX)
        return ex_fail(err, EX_LIMIT, "the metadata are nested deeper than %d levels",
                       LVM_DEPTH_MAX);
    p->depth++;
    p->open[p->depth].node = node;
    p->open[p->depth].last = 0;
    return EX_OK;
}

/* ---- values ---- */

static bool take_string(struct parse *p, struct lvm_node *n) {
    n->type = LVM_STRING;
    n->string = ++p->at;
    for (; p->at < p->end && *p->at != '"'; p->at++)
        if (*p->at == '\\' && ++p->at == p->end)
            return false;
    n->string_bytes = (size_t)(p->at - n->string);
    return p->at++ < p->end;
}

/* Without a sign: LVM has no number below 0 where we read one. */
static bool take_number(struct parse *p, struct lvm_node *n) {
    const char *from = p->at;
    n->type = LVM_NUMBER;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        if (__builtin_mul_overflow(n->number, 10, &n->number) ||
            __builtin_add_overflow(n->number, (uint64_t)(*p->at - '0'), &n->number))
            return false;
    return p->at > from && (p->at == p->end || !is_key(*p->at));
}

/* A string or a number. */
static ex_code take_plain(struct parse *p, struct lvm_node *n, struct ex_error *err) {
    skip(p);
    bool good = p->at < p->end && (*p->at == '"' ? take_string(p, n) : take_number(p, n));
    return good ? EX_OK : wrong(p, err);
}

static ex_code take_list(struct parse *p, struct lvm_node *list, struct ex_error *err) {
    uint32_t node, element;
    list->type = LVM_LIST;
    EX_TRY(add(p, list, &node, err));
    EX_TRY(enter(p, node, err));
    while (!eat(p, ']')) {
        struct lvm_node n = {0};
        EX_TRY(take_plain(p, &n, err));
        EX_TRY(add(p, &n, &element, err));
        if (!eat(p, ',')) {
            if (!eat(p, ']'))
                return wrong(p, err);
            break;
        }
    }
    p->depth--;
    return EX_OK;
}

static ex_code take_value(struct parse *p, struct lvm_node *n, struct ex_error *err) {
    uint32_t node;
    if (eat(p, '['))
        return take_list(p, n, err);
    EX_TRY(take_plain(p, n, err));
    return add(p, n, &node, err);
}

/* ---- the whole ---- */

static ex_code take_entry(struct parse *p, struct ex_error *err) {
    struct lvm_node n = {.key = p->at};
    uint32_t node;
    while (p->at < p->end && is_key(*p->at))
        p->at++;
    n.key_bytes = (size_t)(p->at - n.key);
    if (n.key_bytes == 0)
        return wrong(p, err);
    if (eat(p, '='))
        return take_value(p, &n, err);
    if (!eat(p, '{'))
        return wrong(p, err);
    n.type = LVM_SECTION;
    EX_TRY(add(p, &n, &node, err));
    return enter(p, node, err);
}

ex_code lvm_text_parse(struct lvm_text *t, struct ex_error *err) {
    size_t size = strnlen(t->bytes, t->size); /* a zero ends it */
    struct parse p = {.t = t, .at = t->bytes, .end = t->bytes + size};
    EX_TRY(ex_grow(&t->node, &t->capacity, 1, sizeof *t->node, LVM_NODES_MAX * sizeof *t->node,
                   "LVM metadata", err));
    t->node[0] = (struct lvm_node){.type = LVM_SECTION};
    t->count = 1;
    for (skip(&p); p.at < p.end; skip(&p)) {
        if (*p.at != '}') {
            EX_TRY(take_entry(&p, err));
            continue;
        }
        if (p.depth == 0)
            return wrong(&p, err);
        p.at++;
        p.depth--;
    }
    return p.depth == 0 ? EX_OK : ex_fail(err, EX_FORMAT, "the text of the metadata ends early");
}

/* ---- looking ---- */

bool lvm_key_is(const struct lvm_node *n, const char *key, size_t size) {
    return n->key_bytes == size && (size == 0 || memcmp(n->key, key, size) == 0);
}

const struct lvm_node *lvm_child(const struct lvm_text *t, const struct lvm_node *n) {
    return n->child != 0 ? &t->node[n->child] : NULL;
}

const struct lvm_node *lvm_next(const struct lvm_text *t, const struct lvm_node *n) {
    return n->next != 0 ? &t->node[n->next] : NULL;
}

const struct lvm_node *lvm_find(const struct lvm_text *t, const struct lvm_node *section,
                                const char *key, enum lvm_type type) {
    for (const struct lvm_node *n = lvm_child(t, section); n != NULL; n = lvm_next(t, n))
        if (n->type == type && lvm_key_is(n, key, strlen(key)))
            return n;
    return NULL;
}
