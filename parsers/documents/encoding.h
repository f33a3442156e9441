/* SPDX-License-Identifier: Apache-2.0 */
/* Text in an encoding of its own, to UTF-8, through ICU. */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_ENCODING_H
#define EXHIBIT_PARSERS_DOCUMENTS_ENCODING_H

#include "parsers/documents/text.h"

enum { ENCODING_NAME_BYTES = 64 };

/* Is it known? */
bool encoding_is_known(const char *name);
/* Appends to `to`; U+FFFD for what is no character. EX_UNSUPPORTED: the name is not known. */
EX_MUST_USE ex_code encoding_convert(const char *name, const uint8_t *bytes, size_t size_bytes,
                                     size_t limit_bytes, struct piece *to, struct ex_error *err);
/* All of it? */
bool encoding_is_utf8(const uint8_t *bytes, size_t size_bytes);

#endif
