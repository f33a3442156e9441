/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a head, one after the other, unfolded: RFC 5322 §2.2.3. */
#include "parsers/mail/mail_internal.h"

void fields_start(struct fields *f, struct parser_run *run, uint64_t from, uint64_t to) {
    *f = (struct fields){.lines = lines_start(run, from, to), .body_at = to};
}

void fields_clear(struct fields *f) {
    text_clear(&f->value);
}

size_t field_name_bytes(const uint8_t *line, size_t size_bytes) {
    size_t n = 0, end;
    while (n < size_bytes && line[n] > 0x20 && line[n] != 0x7f && line[n] != ':')
        n++;
    for (end = n; end < size_bytes && (line[end] == ' ' || line[end] == '\t');)
        end++; /* §4.5.3: there may be white space in front of the colon */
    return end < size_bytes && line[end] == ':' ? n : 0;
}

static void end_head(struct fields *f, uint64_t body_at, bool unended) {
    f->over = true;
    f->unended = unended;
    f->body_at = body_at;
}

static ex_code add_value(struct fields *f, const uint8_t *data, size_t size, struct ex_error *err) {
    size_t room = MAIL_FIELD_BYTES_MAX - f->value.bytes;
    f->cut = f->cut || size > room;
    return text_add(&f->value, data, size < room ? size : room, err);
}

static void trim(struct text *t) {
    size_t skip = 0;
    while (skip < t->bytes && (t->data[skip] == ' ' || t->data[skip] == '\t'))
        skip++;
    memmove(t->data, t->data + skip, t->bytes - skip);
    t->bytes -= skip;
    while (t->bytes > 0 && (t->data[t->bytes - 1] == ' ' || t->data[t->bytes - 1] == '\t'))
        t->bytes--;
}

static ex_code begin_field(struct fields *f, const struct piece *p, size_t name,
                           struct ex_error *err) {
    size_t kept = name < sizeof f->name - 1 ? name : sizeof f->name - 1, colon = name;
    for (size_t i = 0; i < kept; i++)
        f->name[i] = (char)(p->data[i] >= 'A' && p->data[i] <= 'Z' ? p->data[i] + 32 : p->data[i]);
    f->name[kept] = '\0';
    f->value.bytes = 0;
    f->cut = false;
    while (p->data[colon] != ':')
        colon++;
    size_t end = piece_text_bytes(p);
    return add_value(f, p->data + colon + 1, end - colon - 1, err);
}

/* The lines of the field behind its first piece. */
static ex_code continue_field(struct fields *f, struct ex_error *err) {
    struct piece p;
    for (bool more;;) {
        EX_TRY(lines_next(&f->lines, &p, &more, err));
        if (!more)
            break;
        if (p.begins && p.data[0] != ' ' && p.data[0] != '\t') {
            lines_back(&f->lines, &p);
            break;
        }
        EX_TRY(add_value(f, p.data, piece_text_bytes(&p), err));
    }
    trim(&f->value);
    return EX_OK;
}

ex_code fields_next(struct fields *f, bool *ret_more, struct ex_error *err) {
    struct piece p;
    bool more;
    *ret_more = false;
    if (f->over)
        return EX_OK;
    EX_TRY(lines_next(&f->lines, &p, &more, err));
    if (!more) {
        end_head(f, f->lines.to, false);
        return EX_OK;
    }
    size_t bytes = piece_text_bytes(&p), name = field_name_bytes(p.data, bytes);
    bool envelope = bytes >= 6 && memcmp(p.data, ">From ", 6) == 0;
    if (bytes == 0 && p.ends) {
        end_head(f, f->lines.at, false);
        return EX_OK;
    }
    if (f->ends != NULL && f->ends(f->context, p.data, bytes)) {
        lines_back(&f->lines, &p);
        end_head(f, p.at, true);
        return EX_OK;
    }
    *ret_more = true;
    if (name > 0 && !envelope)
        EX_TRY(begin_field(f, &p, name, err));
    else if (envelope) { /* as it stands in front of what was forwarded */
        f->name[0] = '\0';
        f->value.bytes = 0;
        EX_TRY(text_add(&f->value, "", 0, err));
    } else {
        *ret_more = false;
        lines_back(&f->lines, &p);
        end_head(f, p.at, true);
        return EX_OK;
    }
    return continue_field(f, err);
}
