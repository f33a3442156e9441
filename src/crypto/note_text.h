/* SPDX-License-Identifier: Apache-2.0 */
/* Which text a C2SP note may hold; inside crypto/. Any input is safe. */
#ifndef EXHIBIT_CRYPTO_NOTE_TEXT_H
#define EXHIBIT_CRYPTO_NOTE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 (no overlong forms, no surrogates) without control characters below U+0020, except LF. */
bool note_text_valid(const char *text, size_t size_bytes);

/* The name of a key: the same, not empty, without any Unicode space and without "+". */
bool note_name_valid(const char *name, size_t size_bytes);

#endif
