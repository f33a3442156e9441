/* SPDX-License-Identifier: Apache-2.0 */
/* The examiner of mail: `mail`, one message (RFC 5322, MIME) or a mailbox (RFC 4155 and its kin).
 *
 * Tells of each message what its fields claim, its text in UTF-8, and what is attached:
 * docs/mail.md. Reads in windows, and remembers of a message where its parts stand and no more.
 *
 * Not: whether anything that a field says is true. */
#ifndef EXHIBIT_PARSERS_MAIL_MAIL_H
#define EXHIBIT_PARSERS_MAIL_MAIL_H

#include "parsers/api.h"

extern const struct parser mail_parser;

/* The fields of a head that another format keeps, as those of a message, about the trace that was
 * told last. `told`: fields whose names the other format uses for what it says
 * itself; they are told as `head-NAME`. NULL behind the last. */
EX_MUST_USE ex_code mail_tell_head(struct parser_run *run, const uint8_t *head, size_t size_bytes,
                                   const char *const *told, struct ex_error *err);
/* The words of an HTML text that another format keeps, as content of the trace that was told last.
 * set NULL: UTF-8. */
struct charset;
EX_MUST_USE ex_code mail_tell_words(struct parser_run *run, const uint8_t *html, size_t size_bytes,
                                    const struct charset *set, struct ex_error *err);

#endif
