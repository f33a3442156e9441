/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody's words, made fit to be shown between ours. */
#ifndef EXHIBIT_REPORT_WORDS_INTERNAL_H
#define EXHIBIT_REPORT_WORDS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* One character as it may be shown. U+FFFD stands for bytes that are not UTF-8, control characters,
 * overrides of the writing direction and what cannot be seen. */
struct words_character {
    uint32_t code;
    const char *bytes; /* in the text, or static */
    size_t size;       /* of `bytes` */
    size_t used;       /* bytes of the text that it stands for */
};

/* The first character of a text that is not empty. */
struct words_character words_next(const char *text);

#endif
