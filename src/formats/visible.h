/* SPDX-License-Identifier: Apache-2.0 */
/* Text that somebody hostile wrote, for people: characters that change what a reader sees around
 * them, that cannot be seen, or that look like a space, and bytes that are not UTF-8, become
 * visible escapes: \x0a, \u{202e}.
 */
#ifndef EXHIBIT_FORMATS_VISIBLE_H
#define EXHIBIT_FORMATS_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Must this character be shown as an escape, between these two? 0: the text begins or ends there.
 *
 * That decides about three that cannot be seen and that scripts need: U+200B between letters of
 * scripts that put no spaces between words (Thai, Lao, Myanmar, Khmer and their like); U+200C
 * between, U+200D behind letters of a script that joins (Arabic, those of India and South-East
 * Asia, Mongolian), U+200D also between symbols of which it makes another (emoji). There they stay
 * as they are; anywhere else, also twice in a row, they are escapes. */
bool visible_is_unsafe(uint32_t code_point, uint32_t before, uint32_t behind);
/* Its escape. */
void visible_put_escape(FILE *to, uint32_t code_point);
/* The text, with escapes where there must be some, and for each character of `also` (ASCII; may be
 * NULL). A backslash stays: whoever needs the text back sees to it that no backslash of its own
 * stands before an x or a u. */
void visible_put(FILE *to, const char *text, size_t size_bytes, const char *also);

#endif
