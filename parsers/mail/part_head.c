/* SPDX-License-Identifier: Apache-2.0 */
/* What the head of a message or a part says of its content: RFC 2045 §5, RFC 2183. */
#include "parsers/mail/mail_internal.h"

static enum transfer transfer_of(const struct text *field) {
    static const struct {
        const char *word;
        enum transfer transfer;
    } WORDS[] = {{"", TRANSFER_PLAIN},        {"7bit", TRANSFER_PLAIN},
                 {"8bit", TRANSFER_PLAIN},    {"binary", TRANSFER_PLAIN},
                 {"base64", TRANSFER_BASE64}, {"quoted-printable", TRANSFER_QUOTED}};
    char word[MAIL_FIELD_NAME_BYTES];
    parameter_head(field, word, sizeof word);
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (strcmp(word, WORDS[i].word) == 0)
            return WORDS[i].transfer;
    return TRANSFER_UNKNOWN;
}

static bool is_type(const char *word) {
    const char *slash = strchr(word, '/');
    return slash != NULL && slash != word && slash[1] != '\0';
}

/* Of several fields of one name the first counts. */
static ex_code keep_field(const struct fields *f, struct part_head *h, struct ex_error *err) {
    struct text *to = strcmp(f->name, "content-type") == 0                ? &h->type
                      : strcmp(f->name, "content-disposition") == 0       ? &h->disposition
                      : strcmp(f->name, "content-transfer-encoding") == 0 ? &h->encoding
                                                                          : NULL;
    return to == NULL || to->data != NULL ? EX_OK
                                          : text_add(to, f->value.data, f->value.bytes, err);
}

static ex_code judge_head(struct part_head *h, bool in_digest, struct ex_error *err) {
    char word[MAIL_FIELD_NAME_BYTES];
    struct text name = {0};
    parameter_head(&h->type, h->type_word, sizeof h->type_word);
    if (!is_type(h->type_word))
        (void)snprintf(h->type_word, sizeof h->type_word, "%s",
                       in_digest && h->type.bytes == 0 ? "message/rfc822" : "text/plain");
    parameter_head(&h->disposition, word, sizeof word);
    h->transfer = transfer_of(&h->encoding);
    h->attached = word[0] != '\0' && strcmp(word, "inline") != 0;
    ex_code code = parameter_get(&h->disposition, "filename", &name, err);
    if (code == EX_OK && name.bytes == 0)
        code = parameter_get(&h->type, "name", &name, err);
    h->named = name.bytes > 0;
    text_clear(&name);
    return code;
}

ex_code part_head_read(struct fields *f, bool in_digest, struct part_head *ret,
                       struct ex_error *err) {
    for (bool more = true;;) {
        EX_TRY(fields_next(f, &more, err));
        if (!more)
            return judge_head(ret, in_digest, err);
        EX_TRY(keep_field(f, ret, err));
    }
}

void part_head_clear(struct part_head *h) {
    text_clear(&h->type);
    text_clear(&h->disposition);
    text_clear(&h->encoding);
}
