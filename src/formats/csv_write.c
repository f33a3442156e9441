/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/csv.h"

#include "formats/visible.h"

#include <string.h>

/* Would a spreadsheet compute it, or take its apostrophe for a sign of its own? */
static bool is_formula(const char *text) {
    static const char *const begins[] = {"=",
                                         "+",
                                         "-",
                                         "@",
                                         "'",
                                         "\xef\xbc\x9d", /* the wide forms of the first four */
                                         "\xef\xbc\x8b",
                                         "\xef\xbc\x8d",
                                         "\xef\xbc\xa0"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (strncmp(text, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

/* Quotes are written twice. */
static void put_doubled(FILE *to, const char *text) {
    for (;;) {
        size_t size = strcspn(text, "\"");
        visible_put(to, text, size, NULL);
        if (text[size] == '\0')
            return;
        fputs("\"\"", to);
        text += size + 1;
    }
}

void csv_put(FILE *to, const char *text) {
    const char *tame = text != NULL && is_formula(text) ? "'" : "";
    if (text == NULL)
        return;
    if (strpbrk(text, ",\"") == NULL) {
        fputs(tame, to);
        visible_put(to, text, strlen(text), NULL);
        return;
    }
    fprintf(to, "\"%s", tame);
    put_doubled(to, text);
    fputc('"', to);
}
