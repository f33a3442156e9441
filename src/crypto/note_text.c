/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/note_text.h"

uint32_t note_text_character(struct ex_cursor *c) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t first = ex_cursor_u8(c);
    if (first < 0x80)
        return first;
    int bytes = first >= 0xF8 ? 0 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
    if (bytes == 0)
        return NOTE_TEXT_NOT_UTF8;
    uint32_t character = first & (0x7Fu >> bytes);
    for (int i = 1; i < bytes; i++) {
        uint32_t next = ex_cursor_u8(c);
        if ((next & 0xC0) != 0x80) /* also past the end, where the cursor gives 0 */
            return NOTE_TEXT_NOT_UTF8;
        character = character << 6 | (next & 0x3F);
    }
    bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    if (character < least[bytes] || character > 0x10FFFF || surrogate)
        return NOTE_TEXT_NOT_UTF8;
    return character;
}

/* The characters with the Unicode property White_Space. */
static bool is_space(uint32_t ch) {
    return (ch >= 0x09 && ch <= 0x0D) || ch == 0x20 || ch == 0x85 || ch == 0xA0 || ch == 0x1680 ||
           (ch >= 0x2000 && ch <= 0x200A) || ch == 0x2028 || ch == 0x2029 || ch == 0x202F ||
           ch == 0x205F || ch == 0x3000;
}

bool note_text_valid(const char *text, size_t size_bytes) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    while (ex_cursor_left(&c) > 0) {
        uint32_t ch = note_text_character(&c);
        if (ch == NOTE_TEXT_NOT_UTF8 || (ch < 0x20 && ch != '\n'))
            return false;
    }
    return true;
}

bool note_name_valid(const char *name, size_t size_bytes) {
    struct ex_cursor c = ex_cursor_make(name, size_bytes);
    while (ex_cursor_left(&c) > 0) {
        uint32_t ch = note_text_character(&c);
        if (ch == NOTE_TEXT_NOT_UTF8 || ch < 0x20 || ch == '+' || is_space(ch))
            return false;
    }
    return size_bytes > 0;
}
