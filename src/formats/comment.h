/* SPDX-License-Identifier: Apache-2.0 */
/* Comments of one line that stand in other people's formats: minisign's two, those of SSH keys.
 *
 * Any input is safe. What is written obeys comment_valid(); what was read is shown to a person only
 * as comment_display() gives it. That makes a comment harmless, not true.
 */
#ifndef EXHIBIT_FORMATS_COMMENT_H
#define EXHIBIT_FORMATS_COMMENT_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

enum { COMMENT_BYTES_MAX = 8191 }; /* the longest that any of our formats has */

/* Strict UTF-8 without control characters, except tabs. */
bool comment_valid(const char *text, size_t size_bytes);

/* The comment as valid UTF-8 of one line: a tab is a space; control characters, what turns the
 * direction of writing, separators of lines and bytes that are not UTF-8 are U+FFFD each. The
 * caller frees *ret. EX_LIMIT: over COMMENT_BYTES_MAX. */
EX_MUST_USE ex_code comment_display(const char *text, size_t size_bytes, char **ret,
                                    struct ex_error *err);

#endif
