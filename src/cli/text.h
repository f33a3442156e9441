/* SPDX-License-Identifier: Apache-2.0 */
/* Text for a person: translation, and the one door through which words that came from evidence,
 * from arguments or from a vault reach a terminal.
 *
 * cli_put_safe() never writes a control character, an override of the writing direction, a
 * character that cannot be seen or looks like a space, or bytes that are not UTF-8: those become
 * visible escapes (\x1b, \u{202e}). A backslash is doubled, so that an escape cannot be imitated.
 * Widths are columns of a terminal.
 */
#ifndef EXHIBIT_CLI_TEXT_H
#define EXHIBIT_CLI_TEXT_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define _(text)  gettext(text)
#define N_(text) text

enum { CLI_COLUMNS = 80 };

/* Translates text from a table; leaves "" and NULL alone (gettext("") is the catalogue's header).
 */
const char *cli_translate(const char *text) __attribute__((format_arg(1)));

/* The next code point of strict UTF-8 and its length in bytes; 0 when the bytes are not UTF-8. */
size_t cli_utf8_next(const char *text, size_t size, uint32_t *ret_code_point);
bool cli_is_utf8(const char *text);

enum cli_lines {
    CLI_ONE_LINE,  /* a line feed is escaped, a backslash doubled */
    CLI_KEEP_LINES /* for whole documents of ours: line feeds and backslashes stay */
};
void cli_put_safe(FILE *to, const char *text, size_t size, enum cli_lines lines);

/* The same into memory; never NULL. The caller frees. */
char *cli_safe(const char *text);

/* Columns of text that is already safe. */
size_t cli_width(const char *safe, size_t size);

/* Writes `text`, made safe, in lines of CLI_COLUMNS that begin after `indent` spaces; the first
 * line begins at column `at`, where the caller already is. Ends with a line feed. Words longer than
 * a line stay whole, so that paths and hashes can be copied. */
void cli_put_wrapped(FILE *to, size_t at, size_t indent, const char *text);

/* "1,048,576"; "1,048,576 bytes (1.0 MiB)"; "1.0 MiB"; "0:08", "1:02:03" */
enum { CLI_NUMBER_BYTES = 96 };
char *cli_number(char to[static CLI_NUMBER_BYTES], uint64_t number);
char *cli_size(char to[static CLI_NUMBER_BYTES], uint64_t size_bytes);
char *cli_size_short(char to[static CLI_NUMBER_BYTES], uint64_t size_bytes);
char *cli_duration(char to[static CLI_NUMBER_BYTES], uint64_t seconds);

#endif
