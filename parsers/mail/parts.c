/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of a message stand: one pass over its lines, with the boundaries of all that is
 * open. RFC 2046 §5.1. */
#include "parsers/mail/mail_internal.h"

struct open_one { /* a multipart that did not end yet */
    size_t part;
    bool digest;
    size_t bytes;
    uint8_t boundary[MAIL_BOUNDARY_BYTES_MAX];
};

struct finding {
    struct parser_run *run;
    struct parts *parts;
    uint64_t to;
    unsigned depth, open_count; /* depth: around the message */
    struct open_one open[MAIL_DEPTH_MAX];
    size_t leaf;   /* 1 + the part whose body this is; 0: none, between boundaries */
    size_t behind; /* 1 + the multipart that ended, and behind which this is; 0: none */
};

/* ---- boundaries ---- */

static bool is_blank_end(const uint8_t *at, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (at[i] != ' ' && at[i] != '\t')
            return false;
    return true;
}

/* 1 + the index of the open one whose boundary this line is, the innermost first; 0: none. */
static unsigned boundary_of(const struct finding *g, const uint8_t *line, size_t size,
                            bool *ret_close) {
    if (size < 3 || line[0] != '-' || line[1] != '-')
        return 0;
    for (unsigned i = g->open_count; i > 0; i--) {
        const struct open_one *o = &g->open[i - 1];
        const uint8_t *rest = line + 2 + o->bytes;
        if (size < 2 + o->bytes || memcmp(line + 2, o->boundary, o->bytes) != 0)
            continue;
        size_t left = size - 2 - o->bytes;
        *ret_close = left >= 2 && rest[0] == '-' && rest[1] == '-';
        if (is_blank_end(rest + (*ret_close ? 2 : 0), left - (*ret_close ? 2 : 0)))
            return i;
    }
    return 0;
}

static bool ends_head(const void *context, const uint8_t *line, size_t size_bytes) {
    bool close;
    return boundary_of(context, line, size_bytes, &close) > 0;
}

/* ---- a part begins ---- */

static bool is_attached_message(const struct part_head *h) {
    return (strcmp(h->type_word, "message/rfc822") == 0 ||
            strcmp(h->type_word, "message/global") == 0) &&
           h->transfer == TRANSFER_PLAIN;
}

static const char *encrypted_word(const struct part_head *h, struct ex_error *err) {
    struct text kind = {0};
    const char *word = NULL;
    char plain[MAIL_FIELD_NAME_BYTES];
    if (strcmp(h->type_word, "multipart/encrypted") == 0)
        return "openpgp";
    if (strcmp(h->type_word, "application/pkcs7-mime") != 0 &&
        strcmp(h->type_word, "application/x-pkcs7-mime") != 0)
        return NULL;
    if (parameter_get(&h->type, "smime-type", &kind, err) == EX_OK) {
        parameter_head(&kind, plain, sizeof plain);
        if (strcmp(plain, "enveloped-data") == 0 || strcmp(plain, "authenveloped-data") == 0)
            word = "smime";
    }
    text_clear(&kind);
    return word;
}

static bool is_open(const struct finding *g, const uint8_t *boundary, size_t bytes) {
    for (unsigned i = 0; i < g->open_count; i++)
        if (g->open[i].bytes == bytes && memcmp(g->open[i].boundary, boundary, bytes) == 0)
            return true;
    return false;
}

/* An attached message that has a boundary of one around it: its parts are taken for that one's. */
static ex_code look_into_message(struct finding *g, uint64_t at, struct ex_error *err) {
    struct fields f;
    struct part_head h = {.attached = false};
    struct text boundary = {0};
    fields_start(&f, g->run, at, g->to);
    f.ends = ends_head;
    f.context = g;
    ex_code code = part_head_read(&f, false, &h, err);
    if (code == EX_OK)
        code = parameter_get(&h.type, "boundary", &boundary, err);
    if (code == EX_OK && boundary.bytes > 0)
        g->parts->reused += is_open(g, boundary.data, boundary.bytes);
    text_clear(&boundary);
    part_head_clear(&h);
    fields_clear(&f);
    return code;
}

/* *ret_open false: it has no boundary, or is too deep. */
static ex_code open_multipart(struct finding *g, const struct part_head *h, size_t part,
                              bool *ret_open, struct ex_error *err) {
    struct text boundary = {0};
    *ret_open = false;
    ex_code code = parameter_get(&h->type, "boundary", &boundary, err);
    size_t bytes = boundary.bytes;
    while (code == EX_OK && bytes > 0 && boundary.data[bytes - 1] == ' ')
        bytes--;
    if (code == EX_OK && bytes > 0 && bytes <= MAIL_BOUNDARY_BYTES_MAX) {
        if (g->depth + g->open_count >= MAIL_DEPTH_MAX) {
            g->parts->too_deep = true;
        } else {
            g->parts->reused += is_open(g, boundary.data, bytes);
            struct open_one *o = &g->open[g->open_count++];
            *o = (struct open_one){.part = part,
                                   .digest = strcmp(h->type_word, "multipart/digest") == 0,
                                   .bytes = bytes};
            memcpy(o->boundary, boundary.data, bytes);
            *ret_open = true;
        }
    }
    text_clear(&boundary);
    return code;
}

static ex_code add_part(struct finding *g, const struct part_head *h, const struct fields *f,
                        uint64_t head_at, struct ex_error *err) {
    struct parts *p = g->parts;
    bool open = false;
    EX_TRY(ex_grow(&p->part, &p->capacity, p->count + 1, sizeof *p->part,
                   (MAIL_PARTS_MAX + 1) * 2 * sizeof *p->part, "the parts of a mail", err));
    struct part one = {.head_at = head_at,
                       .body_at = f->body_at,
                       .body_end = g->to,
                       .transfer = h->transfer,
                       .depth = g->depth + g->open_count,
                       .text = strcmp(h->type_word, "text/plain") == 0 && !h->attached && !h->named,
                       .html = strcmp(h->type_word, "text/html") == 0 && !h->attached && !h->named};
    size_t index = p->count++;
    if (strncmp(h->type_word, "multipart/", 10) == 0) {
        EX_TRY(open_multipart(g, h, index, &open, err));
        one.kind = open ? PART_MULTIPART : PART_LEAF;
        p->unparted += !open && !p->too_deep;
    } else if (is_attached_message(h)) {
        one.kind = PART_MESSAGE;
        EX_TRY(look_into_message(g, f->body_at, err));
    }
    const char *encrypted = encrypted_word(h, err);
    p->encrypted = p->encrypted != NULL ? p->encrypted : encrypted;
    p->part[index] = one;
    g->leaf = open ? 0 : index + 1;
    return EX_OK;
}

static ex_code begin_part(struct finding *g, uint64_t at, uint64_t *ret_at, bool *ret_unended,
                          struct ex_error *err) {
    struct fields f;
    struct part_head h = {.attached = false};
    fields_start(&f, g->run, at, g->to);
    f.ends = ends_head;
    f.context = g;
    ex_code code =
        part_head_read(&f, g->open_count > 0 && g->open[g->open_count - 1].digest, &h, err);
    if (code == EX_OK)
        code = add_part(g, &h, &f, at, err);
    *ret_at = f.body_at;
    *ret_unended = f.unended;
    part_head_clear(&h);
    fields_clear(&f);
    return code;
}

/* ---- all lines ---- */

/* What stands in front of a boundary ends; the end of the line there belongs to the boundary. */
static void end_text(struct finding *g, uint64_t line_at, unsigned feed_bytes) {
    uint64_t end = line_at - feed_bytes;
    if (g->leaf > 0) {
        struct part *p = &g->parts->part[g->leaf - 1];
        p->body_end = end > p->body_at ? end : p->body_at;
    }
    if (g->behind > 0) {
        struct part *p = &g->parts->part[g->behind - 1];
        p->epilogue_end = end > p->epilogue_at ? end : p->epilogue_at;
    }
    g->leaf = g->behind = 0;
}

/* Everything inside of the open one is over. */
static void close_inner(struct finding *g, unsigned open, uint64_t at) {
    for (; g->open_count > open; g->open_count--) {
        struct part *p = &g->parts->part[g->open[g->open_count - 1].part];
        p->body_end = at;
        g->parts->unclosed++;
    }
}

static ex_code take_boundary(struct finding *g, struct lines *l, const struct piece *p,
                             unsigned open, bool close, unsigned feed_bytes, struct ex_error *err) {
    bool unended;
    uint64_t at = l->at;
    end_text(g, p->at, feed_bytes);
    close_inner(g, open, p->at);
    struct part *outer = &g->parts->part[g->open[open - 1].part];
    if (!outer->parted)
        outer->preamble_end =
            p->at - feed_bytes > outer->body_at ? p->at - feed_bytes : outer->body_at;
    if (close) {
        g->behind = 1 + g->open[open - 1].part;
        outer->body_end = outer->epilogue_at = at;
        g->open_count--;
        return EX_OK;
    }
    outer->parted = true;
    if (g->parts->count >= MAIL_PARTS_MAX) {
        g->parts->too_many = true;
        return EX_OK;
    }
    EX_TRY(begin_part(g, at, &at, &unended, err));
    *l = lines_start(g->run, at, g->to);
    return EX_OK;
}

static ex_code find_all(struct finding *g, uint64_t at, struct ex_error *err) {
    struct lines l = lines_start(g->run, at, g->to);
    struct piece p;
    unsigned feed_bytes = 0; /* of the line in front */
    for (bool more = g->open_count > 0, close; more;) {
        EX_TRY(lines_next(&l, &p, &more, err));
        if (!more)
            break;
        size_t bytes = piece_text_bytes(&p);
        unsigned open = p.begins && p.ends ? boundary_of(g, p.data, bytes, &close) : 0;
        unsigned before = feed_bytes;
        feed_bytes = (unsigned)(p.bytes - bytes);
        if (open == 0)
            continue;
        EX_TRY(take_boundary(g, &l, &p, open, close, before, err));
        feed_bytes = 0;
        more = g->open_count > 0;
    }
    close_inner(g, 0, g->to);
    if (g->behind > 0)
        g->parts->part[g->behind - 1].epilogue_end = g->to;
    return EX_OK;
}

/* A multipart without a part is one itself. */
static void settle(struct parts *p) {
    for (size_t i = 0; i < p->count; i++)
        if (p->part[i].kind == PART_MULTIPART && !p->part[i].parted) {
            p->part[i].kind = PART_LEAF;
            if (p->part[i].epilogue_end > p->part[i].body_end)
                p->part[i].body_end = p->part[i].epilogue_end;
            p->unparted++;
        }
}

ex_code parts_find(struct parser_run *run, uint64_t from, uint64_t to, unsigned depth,
                   struct parts *ret, struct ex_error *err) {
    EX_AUTO_FREE struct finding *g = ex_new0(struct finding);
    *g = (struct finding){.run = run, .parts = ret, .to = to, .depth = depth};
    uint64_t at = from;
    ex_code code = begin_part(g, from, &at, &ret->unended_head, err);
    if (code == EX_OK)
        code = find_all(g, at, err);
    settle(ret);
    return code;
}

void parts_clear(struct parts *p) {
    free(p->part);
    *p = (struct parts){0};
}
