/* SPDX-License-Identifier: Apache-2.0 */
/* A page of plain text for 80 columns: the result on `out`, the talk around it on `talk`.
 *
 * Every function that writes makes its text safe first (cli/text.h); a renderer never writes to the
 * streams itself. Values are asked from a JSON result by a path such as "item.case.number"; what is
 * not there is said to be not recorded, never left out and never shown as good.
 */
#ifndef EXHIBIT_CLI_PAGE_H
#define EXHIBIT_CLI_PAGE_H

#include "base/error.h"
#include "cli/text.h"
#include <jansson.h>

struct cli_page {
    FILE *out;
    FILE *talk;
    bool advice; /* off with --quiet: nothing goes to talk */
};

enum { PAGE_FIELD_COLUMN = 22, PAGE_FLAG_COLUMN = 27, PAGE_TIME_BYTES = 96 };

/* ---- writing ---- */

/* A paragraph after `indent` spaces; its later lines begin two columns further in. */
void page_say(struct cli_page *page, size_t indent, const char *format, ...) EX_PRINTF(3, 4);
/* A paragraph without that. */
void page_prose(struct cli_page *page, const char *text);
/* "Name                  value" */
void page_field(struct cli_page *page, const char *name, const char *format, ...) EX_PRINTF(3, 4);
/* The same with the wider names of flags. */
void page_flag(struct cli_page *page, const char *name, const char *text);
/* The name on one line and the hash whole on the next. `hash` may be NULL. */
void page_hash(struct cli_page *page, size_t indent, const char *name, const char *hash);
/* Each text of an array as a point of a list under a heading; nothing for an empty array. */
void page_list(struct cli_page *page, size_t indent, const char *heading, const json_t *texts);
/* A whole document of ours, line by line, as it is. */
void page_document(struct cli_page *page, const char *text);
void page_gap(struct cli_page *page);

/* "Recorded as ledger entry 7.", or that it was not and why: as a result, or as talk when the act
 * changed nothing. */
void page_recorded(struct cli_page *page, const json_t *result);
void page_recorded_talk(struct cli_page *page, const json_t *result);
/* "Next: …" as talk. */
void page_next(struct cli_page *page, const char *format, ...) EX_PRINTF(2, 3);

/* ---- reading ---- */

const json_t *page_get(const json_t *value, const char *path);
/* NULL when it is not a text. The text belongs to the JSON. */
const char *page_text(const json_t *value, const char *path);
/* The same with words for what is not there. */
const char *page_text_or(const json_t *value, const char *path, const char *otherwise);
/* The bytes that the text stands for (PATH_base64 when that is there), with a NUL. NULL when there
 * is no such text. The caller frees. */
char *page_bytes(const json_t *value, const char *path);
/* 0 when it is not there. */
uint64_t page_number(const json_t *value, const char *path);
bool page_has(const json_t *value, const char *path); /* there, and not null */

/* Into `to`; "not recorded" when there is none. */
char *page_number_text(char to[static CLI_NUMBER_BYTES], const json_t *value, const char *path);
char *page_size_text(char to[static CLI_NUMBER_BYTES], const json_t *value, const char *path);
/* "2026-11-22 21:08:00 UTC", and ", zone +07:00" when `zone` (may be NULL) is given. */
char *page_time_text(char to[static PAGE_TIME_BYTES], const char *time, const char *zone);

#endif
