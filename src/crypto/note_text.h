/* SPDX-License-Identifier: Apache-2.0 */
/* Which text a C2SP note may hold. Any input is safe. */
#ifndef EXHIBIT_CRYPTO_NOTE_TEXT_H
#define EXHIBIT_CRYPTO_NOTE_TEXT_H

#include "base/cursor.h"

/* UTF-8 (no overlong forms, no surrogates) without control characters below U+0020, except LF. */
bool note_text_valid(const char *text, size_t size_bytes);

/* The next character of strict UTF-8, or NOTE_TEXT_NOT_UTF8: then the cursor stands somewhere
 * behind the place, and 0 can also mean that nothing was left. */
#define NOTE_TEXT_NOT_UTF8 UINT32_MAX
uint32_t note_text_character(struct ex_cursor *c);

/* The name of a key: the same, not empty, without any Unicode space and without "+". */
bool note_name_valid(const char *name, size_t size_bytes);

#endif
