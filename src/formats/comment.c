/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/comment.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/note_text.h"

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD */
enum { REPLACEMENT_BYTES = sizeof REPLACEMENT - 1 };

static bool is_control(uint32_t ch) {
    return ch < 0x20 || (ch >= 0x7F && ch <= 0x9F);
}

/* Characters that change how the ones around them look, or where a line ends. */
static bool is_deceptive(uint32_t ch) {
    return ch == 0x061C || (ch >= 0x200B && ch <= 0x200F) || (ch >= 0x2028 && ch <= 0x202E) ||
           (ch >= 0x2060 && ch <= 0x206F) || ch == 0xFEFF;
}

bool comment_valid(const char *text, size_t size_bytes) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    while (ex_cursor_left(&c) > 0) {
        uint32_t ch = note_text_character(&c);
        if (ch == NOTE_TEXT_NOT_UTF8 || (is_control(ch) && ch != '\t'))
            return false;
    }
    return true;
}

/* Writes what is shown for the next character; returns the bytes written. */
static size_t show_next(struct ex_cursor *c, char *to) {
    struct ex_cursor ahead = *c;
    uint32_t ch = note_text_character(&ahead);
    size_t bytes = ch == NOTE_TEXT_NOT_UTF8 ? 1 : ahead.pos - c->pos;
    const uint8_t *from = ex_cursor_bytes(c, bytes);
    if (ch == '\t') {
        *to = ' ';
        return 1;
    }
    if (from == NULL || ch == NOTE_TEXT_NOT_UTF8 || is_control(ch) || is_deceptive(ch)) {
        memcpy(to, REPLACEMENT, REPLACEMENT_BYTES);
        return REPLACEMENT_BYTES;
    }
    memcpy(to, from, bytes);
    return bytes;
}

ex_code comment_display(const char *text, size_t size_bytes, char **ret, struct ex_error *err) {
    char *shown = NULL;
    size_t used = 0;
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    if (size_bytes > COMMENT_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a comment is longer than %d bytes", COMMENT_BYTES_MAX);
    EX_TRY(ex_alloc(size_bytes * REPLACEMENT_BYTES + 1, 1,
                    (size_t)COMMENT_BYTES_MAX * REPLACEMENT_BYTES + 1, "a comment", &shown, err));
    while (ex_cursor_left(&c) > 0)
        used += show_next(&c, shown + used);
    *ret = shown;
    return EX_OK;
}
