/* SPDX-License-Identifier: Apache-2.0 */
/* Every text ends where it should, and what was read, written again with quotes, is read the same.
 */
#include "formats/csv.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t write_field(char *to, const char *text) {
    char *p = to;
    *p++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"')
            *p++ = '"';
        *p++ = *text;
    }
    *p++ = '"';
    return (size_t)(p - to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct csv c, again;
    if (csv_parse("x", data, size, &c, NULL) != EX_OK)
        return 0;
    size_t count = c.row_count * c.field_count, used = 0;
    EX_AUTO_FREE char *text = ex_new0_bytes(2 * size + 3 * count + 16);
    for (size_t i = 0; i < count; i++) {
        used += write_field(text + used, c.field[i].text);
        text[used++] = (i + 1) % c.field_count == 0 ? '\n' : ',';
    }
    if (used <= CSV_BYTES_MAX) {
        if (csv_parse("x", text, used, &again, NULL) != EX_OK || again.row_count != c.row_count ||
            again.field_count != c.field_count)
            abort();
        for (size_t i = 0; i < count; i++)
            if (strcmp(c.field[i].text, again.field[i].text) != 0)
                abort();
        csv_clear(&again);
    }
    csv_clear(&c);
    return 0;
}
