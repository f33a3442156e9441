/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/mem.h"
#include "cli/text.h"
#include <sodium.h>
#include <string.h>

/* ---- JSON ---- */

/* ASCII, so that neither control characters nor directions reach a terminal. */
void cli_put_json_line(FILE *to, const json_t *value) {
    json_dumpf(value, to, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', to);
    fflush(to);
}

static char *replaced(const char *text) {
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    size_t left = strlen(text);
    char *made = ex_new0_bytes(left * 3 + 1);
    char *end = made;
    while (left > 0) {
        uint32_t code_point = 0;
        size_t length = cli_utf8_next(text, left, &code_point);
        const char *from = length == 0 ? replacement : text;
        size_t size = length == 0 ? sizeof replacement - 1 : length;
        memcpy(end, from, size);
        end += size;
        text += length == 0 ? 1 : length;
        left -= length == 0 ? 1 : length;
    }
    return made;
}

void cli_json_set_text(json_t *object, const char *key, const char *text) {
    if (cli_is_utf8(text)) {
        json_object_set_new(object, key, json_string(text));
        return;
    }
    EX_AUTO_FREE char *made = replaced(text);
    json_object_set_new(object, key, json_string(made));
    size_t size = strlen(text);
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    EX_AUTO_FREE char *base64 = ex_new0_bytes(room);
    sodium_bin2base64(base64, room, (const unsigned char *)text, size,
                      sodium_base64_VARIANT_ORIGINAL);
    char name[64];
    (void)snprintf(name, sizeof name, "%s_base64", key);
    json_object_set_new(object, name, json_string(base64));
}

static json_t *line_of(const char *type, const struct command *command, ex_code code) {
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string(type));
    json_object_set_new(line, "command",
                        command == NULL ? json_null() : json_string(command->words));
    json_object_set_new(line, "exit", json_integer(ex_code_exit_status(code)));
    return line;
}

static void set_result(json_t *line, const json_t *result) {
    json_object_set_new(line, "result", result == NULL ? json_null() : json_deep_copy(result));
}

void cli_put_summary(FILE *to, const struct command *command, ex_code verdict,
                     const json_t *result) {
    json_t *line = line_of("summary", command, verdict);
    json_object_set_new(line, "verdict", json_string(ex_code_name(verdict)));
    set_result(line, result);
    cli_put_json_line(to, line);
    json_decref(line);
}

void cli_put_error_json(FILE *to, const struct command *command, const struct ex_error *err,
                        const json_t *result) {
    json_t *line = line_of("error", command, err->code);
    json_object_set_new(line, "code", json_string(ex_code_name(err->code)));
    cli_json_set_text(line, "text", err->text);
    if (err->hint[0] == '\0')
        json_object_set_new(line, "hint", json_null());
    else
        cli_json_set_text(line, "hint", err->hint);
    json_object_set_new(line, "errno", json_integer(err->sys));
    set_result(line, result);
    cli_put_json_line(to, line);
    json_decref(line);
}

/* ---- words ---- */

void cli_put_error(FILE *to, const struct ex_error *err) {
    fputs("exhibit: ", to);
    cli_put_safe(to, err->text, strlen(err->text), CLI_ONE_LINE);
    fputc('\n', to);
    if (err->hint[0] == '\0')
        return;
    fprintf(to, "  %s ", _("hint:"));
    cli_put_safe(to, err->hint, strlen(err->hint), CLI_ONE_LINE);
    fputc('\n', to);
}
