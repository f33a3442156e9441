/* SPDX-License-Identifier: Apache-2.0 */
/* The examiner of Outlook's stores: `pst`, for PST, OST and PAB files.
 *
 * Tells of the store what its head claims, its folders, and of each message what its properties
 * say, its text, and what is attached: docs/pst.md. Reads through libpff. A unit is a folder, or
 * one message, so that whatever libpff comes to grief on is lost alone.
 *
 * Not: whether anything that a property says is true. */
#ifndef EXHIBIT_PARSERS_PST_PST_H
#define EXHIBIT_PARSERS_PST_PST_H

#include "parsers/api.h"

extern const struct parser pst_parser;

#endif
