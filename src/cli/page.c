/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page.h"

#include "base/mem.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

/* ---- writing ---- */

static char *format_text(const char *format, va_list args) EX_PRINTF(1, 0);
static char *format_text(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return ex_strdup("");
    return text;
}

static void put_paragraph(FILE *to, size_t indent, const char *text) {
    fprintf(to, "%*s", (int)indent, "");
    cli_put_wrapped(to, indent, indent + 2, text);
}

void page_say(struct cli_page *page, size_t indent, const char *format, ...) {
    va_list args;
    va_start(args, format);
    EX_AUTO_FREE char *text = format_text(format, args);
    va_end(args);
    put_paragraph(page->out, indent, text);
}

void page_prose(struct cli_page *page, const char *text) {
    cli_put_wrapped(page->out, 0, 0, text);
}

static void put_field(FILE *to, size_t column, const char *name, const char *text) {
    EX_AUTO_FREE char *safe_name = cli_safe(name);
    size_t width = cli_width(safe_name, strlen(safe_name));
    size_t fill = width + 2 <= column ? column - width : 2;
    fprintf(to, "%s%*s", safe_name, (int)fill, "");
    cli_put_wrapped(to, width + fill, column, text);
}

void page_field(struct cli_page *page, const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    EX_AUTO_FREE char *text = format_text(format, args);
    va_end(args);
    put_field(page->out, PAGE_FIELD_COLUMN, name, text);
}

void page_flag(struct cli_page *page, const char *name, const char *text) {
    put_field(page->out, PAGE_FLAG_COLUMN, name, text);
}

void page_hash(struct cli_page *page, size_t indent, const char *name, const char *hash) {
    put_paragraph(page->out, indent, name);
    put_paragraph(page->out, indent + 2, hash != NULL ? hash : _("not recorded"));
}

void page_list(struct cli_page *page, size_t indent, const char *heading, const json_t *texts) {
    if (json_array_size(texts) == 0)
        return;
    page_say(page, indent, "%s", heading);
    size_t i = 0;
    json_t *text = NULL;
    json_array_foreach(texts, i, text) {
        page_say(page, indent + 2, "- %s", page_text_or(text, "", ""));
    }
}

void page_document(struct cli_page *page, const char *text) {
    size_t size = strlen(text);
    cli_put_safe(page->out, text, size, CLI_KEEP_LINES);
    if (size == 0 || text[size - 1] != '\n')
        fputc('\n', page->out);
}

void page_gap(struct cli_page *page) {
    fputc('\n', page->out);
}

static void put_recorded(FILE *to, const json_t *result) {
    if (json_is_false(page_get(result, "recorded"))) {
        const char *not_recorded = _("Not recorded in the ledger: ");
        fputs(not_recorded, to);
        cli_put_wrapped(to, cli_width(not_recorded, strlen(not_recorded)), 2,
                        page_text_or(result, "not_recorded_because", _("no reason was given")));
        return;
    }
    if (!page_has(result, "entries.last"))
        return;
    char number[CLI_NUMBER_BYTES];
    char text[160];
    (void)snprintf(text, sizeof text, _("Recorded as ledger entry %s."),
                   page_number_text(number, result, "entries.last"));
    put_paragraph(to, 0, text);
}

void page_recorded(struct cli_page *page, const json_t *result) {
    put_recorded(page->out, result);
}

void page_recorded_talk(struct cli_page *page, const json_t *result) {
    if (!page->advice)
        return;
    fflush(page->out);
    put_recorded(page->talk, result);
}

void page_next(struct cli_page *page, const char *format, ...) {
    if (!page->advice)
        return;
    va_list args;
    va_start(args, format);
    EX_AUTO_FREE char *text = format_text(format, args);
    va_end(args);
    fflush(page->out);
    const char *next = _("Next: ");
    fputs(next, page->talk);
    cli_put_wrapped(page->talk, cli_width(next, strlen(next)), 6, text);
}

/* ---- reading ---- */

const json_t *page_get(const json_t *value, const char *path) {
    while (value != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");
        value = json_object_getn(value, path, size);
        path += size;
        path += *path == '.';
    }
    return value;
}

bool page_has(const json_t *value, const char *path) {
    const json_t *found = page_get(value, path);
    return found != NULL && !json_is_null(found);
}

const char *page_text(const json_t *value, const char *path) {
    return json_string_value(page_get(value, path));
}

const char *page_text_or(const json_t *value, const char *path, const char *otherwise) {
    const char *text = page_text(value, path);
    return text != NULL ? text : otherwise;
}

char *page_bytes(const json_t *value, const char *path) {
    const char *text = page_text(value, path);
    char key[128];
    (void)snprintf(key, sizeof key, "%s_base64", path);
    const char *base64 = page_text(value, key);
    if (base64 == NULL)
        return text == NULL ? NULL : ex_strdup(text);
    size_t size = strlen(base64);
    size_t used = 0;
    EX_AUTO_FREE char *bytes = ex_new0_bytes(size + 1);
    if (sodium_base642bin((unsigned char *)bytes, size, base64, size, NULL, &used, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return text == NULL ? NULL : ex_strdup(text);
    bytes[used] = '\0';
    return ex_steal(&bytes);
}

uint64_t page_number(const json_t *value, const char *path) {
    json_int_t number = json_integer_value(page_get(value, path));
    return number < 0 ? 0 : (uint64_t)number;
}

static char *say_not_recorded(char to[static CLI_NUMBER_BYTES]) {
    (void)snprintf(to, CLI_NUMBER_BYTES, "%s", _("not recorded"));
    return to;
}

char *page_number_text(char to[static CLI_NUMBER_BYTES], const json_t *value, const char *path) {
    if (!json_is_integer(page_get(value, path)))
        return say_not_recorded(to);
    return cli_number(to, page_number(value, path));
}

char *page_size_text(char to[static CLI_NUMBER_BYTES], const json_t *value, const char *path) {
    if (!json_is_integer(page_get(value, path)))
        return say_not_recorded(to);
    return cli_size(to, page_number(value, path));
}

char *page_time_text(char to[static PAGE_TIME_BYTES], const char *time, const char *zone) {
    size_t size = time == NULL ? 0 : strlen(time);
    if (size == 0) {
        (void)snprintf(to, PAGE_TIME_BYTES, "%s", _("not recorded"));
        return to;
    }
    /* 2026-11-22T21:08:00.123456789Z; anything else is shown as it is */
    if (size < 20 || time[10] != 'T' || time[size - 1] != 'Z')
        (void)snprintf(to, PAGE_TIME_BYTES, "%.60s", time);
    else if (zone == NULL)
        (void)snprintf(to, PAGE_TIME_BYTES, _("%.10s %.8s UTC"), time, time + 11);
    else
        (void)snprintf(to, PAGE_TIME_BYTES, _("%.10s %.8s UTC, zone %.10s"), time, time + 11, zone);
    return to;
}
