/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a file: one, or those of a mailbox. */
#include "parsers/mail/mail.h"

#include "parsers/mail/mail_internal.h"

static bool begins_mail(const uint8_t *line, size_t size_bytes) {
    return size_bytes >= 5 && memcmp(line, "From ", 5) == 0;
}

/* What stands behind a line that begins a mail. */
static bool begins_head(const uint8_t *line, size_t size_bytes) {
    return field_name_bytes(line, size_bytes) > 0 ||
           (size_bytes >= 6 && memcmp(line, ">From ", 6) == 0);
}

/* The next line that begins a mail, at or behind l->at. */
struct beginning {
    bool there;
    uint64_t line_at, line_bytes, next_at; /* bytes without the line's end */
    uint64_t end_at; /* of the mail before it: in front of the empty line between them */
};

static ex_code find_beginning(struct lines *l, bool behind_empty, struct beginning *ret,
                              struct ex_error *err) {
    struct beginning seen = {.there = false}; /* the line before may be one */
    uint64_t empty_at = l->at;
    bool more;
    struct piece p;
    for (;;) {
        EX_TRY(lines_next(l, &p, &more, err));
        if (!more) {
            *ret = (struct beginning){.there = false, .end_at = behind_empty ? empty_at : l->to};
            return EX_OK;
        }
        size_t bytes = piece_text_bytes(&p);
        if (seen.there && p.begins && begins_head(p.data, bytes)) {
            seen.next_at = p.at;
            *ret = seen;
            return EX_OK;
        }
        if (p.begins)
            seen.there = false;
        if (p.begins && p.ends && behind_empty && begins_mail(p.data, bytes))
            seen = (struct beginning){true, p.at, bytes, 0, empty_at};
        behind_empty = p.begins && p.ends && bytes == 0;
        empty_at = p.at;
    }
}

static ex_code tell_mailbox(struct mailing *m, struct ex_error *err) {
    uint64_t size = parser_input_size(m->run, 0);
    struct beginning this, next;
    struct lines l = lines_start(m->run, 0, size);
    char key[MAIL_KEY_BYTES];
    EX_TRY(find_beginning(&l, true, &this, err));
    if (!this.there)
        return ex_fail(err, EX_FORMAT, "no mail begins in it");
    for (unsigned long long number = 0; this.there; number++, this = next) {
        l = lines_start(m->run, this.next_at, size);
        EX_TRY(find_beginning(&l, false, &next, err));
        m->from_line = this.line_at;
        m->from_bytes = this.line_bytes;
        (void)snprintf(key, sizeof key, "m%llu", number);
        EX_TRY(message_tell(m, 0, key, this.next_at, next.end_at, 0, err));
    }
    return EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    struct mailing m = {.run = run};
    const uint8_t *head;
    uint64_t size = parser_input_size(run, 0);
    (void)parameters;
    *ret_state = NULL;
    if (size >= 5) {
        EX_TRY(parser_view(run, 0, 0, 5, &head, err));
        m.mailbox = begins_mail(head, 5);
    }
    if (m.mailbox)
        return tell_mailbox(&m, err);
    struct fields f;
    bool more;
    fields_start(&f, run, 0, size);
    ex_code code = fields_next(&f, &more, err);
    fields_clear(&f);
    EX_TRY(code);
    return more ? message_tell(&m, 0, "m0", 0, size, 0, err)
                : ex_fail(err, EX_FORMAT, "it does not begin like a mail");
}

static void close_nothing(void *state) {
    (void)state;
}

const struct parser mail_parser = {
    .name = "mail", .version = 1, .examine = examine, .close = close_nothing};
