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

#endif
