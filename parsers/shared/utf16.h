/* SPDX-License-Identifier: Apache-2.0 */
/* Names in UTF-16LE. */
#ifndef EXHIBIT_PARSERS_SHARED_UTF16_H
#define EXHIBIT_PARSERS_SHARED_UTF16_H

#include <stddef.h>
#include <stdint.h>

/* In UTF-8, without a NUL; as much as there is room for. Half a pair becomes U+FFFD. Returns the
 * bytes that were written. An odd last byte is left out. */
size_t utf16_to_utf8(char *to, size_t room, const uint8_t *from, size_t size_bytes);

#endif
