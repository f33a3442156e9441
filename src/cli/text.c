/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include "base/mem.h"
#include "formats/visible.h"
#include <inttypes.h>
#include <string.h>
#include <wchar.h>

const char *cli_translate(const char *text) {
    return text == NULL || text[0] == '\0' ? text : gettext(text);
}

/* ---- UTF-8 ---- */

/* Length by the first byte, and the smallest code point that may have that length. */
static size_t utf8_length(uint8_t first, uint32_t *ret_bits, uint32_t *ret_least) {
    if (first < 0x80) {
        *ret_bits = first;
        *ret_least = 0;
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0) {
        *ret_bits = first & 0x1fU;
        *ret_least = 0x80;
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0) {
        *ret_bits = first & 0x0fU;
        *ret_least = 0x800;
        return 3;
    }
    if (first >= 0xf0 && first < 0xf5) {
        *ret_bits = first & 0x07U;
        *ret_least = 0x10000;
        return 4;
    }
    return 0;
}

size_t cli_utf8_next(const char *text, size_t size, uint32_t *ret_code_point) {
    uint32_t code_point = 0;
    uint32_t least = 0;
    size_t length = size == 0 ? 0 : utf8_length((uint8_t)text[0], &code_point, &least);
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if ((byte & 0xc0U) != 0x80)
            return 0;
        code_point = code_point << 6 | (byte & 0x3fU);
    }
    bool surrogate = code_point >= 0xd800 && code_point < 0xe000;
    if (code_point < least || code_point > 0x10ffff || surrogate)
        return 0;
    *ret_code_point = code_point;
    return length;
}

bool cli_is_utf8(const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t code_point = 0;
        size_t length = cli_utf8_next(text, left, &code_point);
        if (length == 0)
            return false;
        text += length;
        left -= length;
    }
    return true;
}

/* ---- making safe ---- */

void cli_put_safe(FILE *to, const char *text, size_t size, enum cli_lines lines) {
    size_t pos = 0;
    uint32_t before = 0;
    while (pos < size) {
        uint32_t code_point = 0, behind = 0;
        size_t length = cli_utf8_next(text + pos, size - pos, &code_point);
        if (pos + length < size)
            (void)cli_utf8_next(text + pos + length, size - pos - length, &behind);
        if (length == 0)
            fprintf(to, "\\x%02x", (unsigned)(uint8_t)text[pos]);
        else if (lines == CLI_KEEP_LINES && (code_point == '\n' || code_point == '\\'))
            fputc((int)code_point, to);
        else if (code_point == '\\')
            fputs("\\\\", to);
        else if (visible_is_unsafe(code_point, before, behind))
            visible_put_escape(to, code_point);
        else
            fwrite(text + pos, 1, length, to);
        pos += length == 0 ? 1 : length;
        before = length == 0 ? 0 : code_point;
    }
}

char *cli_safe(const char *text) {
    char *safe = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&safe, &size);
    if (memory == NULL)
        return ex_strdup("");
    cli_put_safe(memory, text, strlen(text), CLI_ONE_LINE);
    fclose(memory);
    return safe == NULL ? ex_strdup("") : safe;
}

/* ---- layout ---- */

size_t cli_width(const char *safe, size_t size) {
    size_t width = 0;
    size_t pos = 0;
    while (pos < size) {
        uint32_t code_point = 0;
        size_t length = cli_utf8_next(safe + pos, size - pos, &code_point);
        int columns = wcwidth((wchar_t)code_point);
        width += columns < 0 ? 1 : (size_t)columns;
        pos += length == 0 ? 1 : length;
    }
    return width;
}

void cli_put_wrapped(FILE *to, size_t at, size_t indent, const char *text) {
    EX_AUTO_FREE char *safe = cli_safe(text);
    size_t column = at;
    bool line_is_empty = true;
    const char *p = safe;
    while (*p != '\0') {
        size_t spaces = strspn(p, " ");
        size_t size = strcspn(p + spaces, " ");
        size_t width = cli_width(p + spaces, size);
        if (!line_is_empty && column + spaces + width > CLI_COLUMNS) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
            spaces = 0;
            p += strspn(p, " ");
        }
        fwrite(p, 1, spaces + size, to);
        p += spaces + size;
        column += spaces + width;
        line_is_empty = false;
    }
    fputc('\n', to);
}

/* ---- numbers ---- */

char *cli_number(char to[static CLI_NUMBER_BYTES], uint64_t number) {
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            to[used++] = ',';
        to[used++] = digits[i];
    }
    to[used] = '\0';
    return to;
}

char *cli_size_short(char to[static CLI_NUMBER_BYTES], uint64_t size_bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)size_bytes;
    size_t unit = 0;
    /* 1023.95 would be printed as 1024.0 */
    while (value >= 1023.95 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(to, CLI_NUMBER_BYTES, "%.*f %s", unit == 0 ? 0 : 1, value, units[unit]);
    return to;
}

char *cli_size(char to[static CLI_NUMBER_BYTES], uint64_t size_bytes) {
    char exact[CLI_NUMBER_BYTES];
    char rounded[CLI_NUMBER_BYTES];
    cli_number(exact, size_bytes);
    if (size_bytes < 1024)
        (void)snprintf(to, CLI_NUMBER_BYTES, ngettext("%.30s byte", "%.30s bytes", size_bytes),
                       exact);
    else
        (void)snprintf(to, CLI_NUMBER_BYTES, _("%.30s bytes (%.20s)"), exact,
                       cli_size_short(rounded, size_bytes));
    return to;
}

char *cli_duration(char to[static CLI_NUMBER_BYTES], uint64_t seconds) {
    uint64_t hours = seconds / 3600;
    unsigned minutes = (unsigned)(seconds / 60 % 60);
    unsigned rest = (unsigned)(seconds % 60);
    if (hours > 0)
        (void)snprintf(to, CLI_NUMBER_BYTES, "%" PRIu64 ":%02u:%02u", hours, minutes, rest);
    else
        (void)snprintf(to, CLI_NUMBER_BYTES, "%u:%02u", minutes, rest);
    return to;
}
