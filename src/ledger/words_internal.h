/* SPDX-License-Identifier: Apache-2.0 */
/* The three small grammars of format/ledger §3: WORD, WORD.WORD, ORIGIN. */
#ifndef EXHIBIT_LEDGER_WORDS_INTERNAL_H
#define EXHIBIT_LEDGER_WORDS_INTERNAL_H

#include "ledger/entry.h"

static inline bool word_valid(const char *text, size_t size) {
    if (size == 0 || size > ENTRY_WORD_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
            text[i] != '-')
            return false;
    }
    return true;
}

static inline bool event_valid(const char *text, size_t size) {
    const char *dot = size > 0 ? memchr(text, '.', size) : NULL;
    if (dot == NULL)
        return false;
    size_t first = (size_t)(dot - text);
    return word_valid(text, first) && word_valid(dot + 1, size - first - 1);
}

/* What a C2SP key name may be, narrowed to printable ASCII. */
static inline bool origin_valid(const char *text, size_t size) {
    if (size == 0 || size > NOTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '+')
            return false;
    }
    return true;
}

#endif
