/* SPDX-License-Identifier: Apache-2.0 */
/* libyara reads rules and contents whole, from memory: that is what its conditions are defined on
 * (filesize, offsets), and how its own command does it. */
#include "parsers/rules/rules.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <yara.h>

enum { COMPILE_S = 20, TEXT_MAX = 180 };

struct state {
    bool started;
    YR_COMPILER *compiler;
    YR_RULES *rules;
    size_t file_count, file_bytes[RULES_FILES_MAX];
    unsigned file; /* that is being compiled, from 1 */
    bool failed;
    char first[TEXT_MAX]; /* what was wrong first */
    char refused[64];     /* a module */
};

/* Modules that need nothing but the content and the rules. Of the others, cuckoo wants a report,
 * magic a file of the system, time the clock, console somebody who reads. */
static const char *const MODULES[] = {"pe",   "elf",  "dotnet", "dex", "macho",
                                      "hash", "math", "string", NULL};

static const char *library(void) {
    return "libyara " YR_VERSION;
}

static void state_free(void *state) {
    struct state *s = state;
    if (s == NULL)
        return;
    if (s->rules != NULL)
        (void)yr_rules_destroy(s->rules);
    if (s->compiler != NULL)
        yr_compiler_destroy(s->compiler);
    if (s->started)
        (void)yr_finalize();
    free(s);
}
EX_DEFINE_AUTO(struct state, state_free);

/* ---- compiling ---- */

static void note_error(int level, const char *file, int line, const YR_RULE *rule, const char *text,
                       void *user) {
    struct state *s = user;
    (void)file;
    (void)rule;
    if (level != YARA_ERROR_LEVEL_ERROR || s->failed)
        return;
    s->failed = true;
    (void)snprintf(s->first, sizeof s->first, "file %u, line %d: %s", s->file, line, text);
}

static ex_code parse_sizes(struct state *s, const char *text, uint64_t all, struct ex_error *err) {
    uint64_t sum = 0, one;
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, ",");
        if (s->file_count == RULES_FILES_MAX || !ex_parse_decimal(at, size, &one) || one > all)
            return ex_fail(err, EX_INTERNAL, "not the sizes of files of rules");
        s->file_bytes[s->file_count++] = (size_t)one;
        sum += one;
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return sum == all && s->file_count > 0
               ? EX_OK
               : ex_fail(err, EX_INTERNAL, "not the sizes of these files of rules");
}

static ex_code compile_file(struct state *s, const uint8_t *text, size_t size,
                            struct ex_error *err) {
    EX_AUTO_FREE char *own = NULL;
    s->file++;
    if (memchr(text, '\0', size) != NULL)
        return ex_fail(err, EX_FORMAT, "file %u: a byte 0 in it: it is no text", s->file);
    EX_TRY(ex_alloc(size + 1, 1, RULES_TEXT_BYTES_MAX + 1, "rules", &own, err));
    memcpy(own, text, size);
    int errors = yr_compiler_add_string(s->compiler, own, NULL);
    if (errors > 0 || s->failed)
        return ex_fail(err, EX_FORMAT, "%s", s->failed ? s->first : "the rules do not compile");
    return EX_OK;
}

static bool is_allowed(const char *module) {
    for (size_t i = 0; MODULES[i] != NULL; i++)
        if (strcmp(MODULES[i], module) == 0)
            return true;
    return false;
}

static int ask_import(YR_SCAN_CONTEXT *context, int message, void *data, void *user) {
    struct state *s = user;
    (void)context;
    if (message != CALLBACK_MSG_IMPORT_MODULE ||
        is_allowed(((YR_MODULE_IMPORT *)data)->module_name))
        return CALLBACK_CONTINUE;
    (void)snprintf(s->refused, sizeof s->refused, "%s", ((YR_MODULE_IMPORT *)data)->module_name);
    return CALLBACK_ERROR;
}

/* libyara says which modules are imported only when it scans: so no bytes are scanned once. */
static ex_code check_imports(struct state *s, struct ex_error *err) {
    YR_SCANNER *scanner = NULL;
    static const uint8_t nothing[1];
    if (yr_scanner_create(s->rules, &scanner) != ERROR_SUCCESS)
        return ex_fail(err, EX_NOMEM, "no memory for the rules");
    yr_scanner_set_callback(scanner, ask_import, s);
    yr_scanner_set_timeout(scanner, COMPILE_S);
    yr_scanner_set_flags(scanner, SCAN_FLAGS_NO_TRYCATCH);
    int code = yr_scanner_scan_mem(scanner, nothing, 0);
    yr_scanner_destroy(scanner);
    if (s->refused[0] != '\0')
        return ex_fail(err, EX_UNSUPPORTED, "the module \"%s\" needs something beside the content",
                       s->refused);
    if (code == ERROR_SCAN_TIMEOUT)
        return ex_fail(err, EX_LIMIT, "the conditions take more than %d s of no bytes at all",
                       (int)COMPILE_S);
    return code == ERROR_SUCCESS
               ? EX_OK
               : ex_fail(err, EX_FORMAT, "libyara cannot use them: error %d", code);
}

static ex_code compile_all(struct state *s, const uint8_t *text, struct ex_error *err) {
    if (yr_initialize() != ERROR_SUCCESS)
        return ex_fail(err, EX_NOMEM, "libyara does not start");
    s->started = true;
    if (yr_compiler_create(&s->compiler) != ERROR_SUCCESS)
        return ex_fail(err, EX_NOMEM, "no memory for rules");
    yr_compiler_set_callback(s->compiler, note_error, s);
    yr_compiler_set_include_callback(s->compiler, NULL, NULL, NULL); /* include: an error */
    for (size_t i = 0; i < s->file_count; text += s->file_bytes[i++])
        EX_TRY(compile_file(s, text, s->file_bytes[i], err));
    if (yr_compiler_get_rules(s->compiler, &s->rules) != ERROR_SUCCESS)
        return ex_fail(err, EX_LIMIT, "libyara does not take so many rules");
    yr_compiler_destroy(s->compiler);
    s->compiler = NULL;
    return check_imports(s, err);
}

static ex_code prepare(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO(state_free) struct state *s = ex_new0(struct state);
    EX_AUTO_FREE uint8_t *own = NULL;
    const uint8_t *text;
    uint64_t size = parser_input_size(run, 0);
    if (size > RULES_TEXT_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d bytes of rules", (int)RULES_TEXT_BYTES_MAX);
    EX_TRY(parse_sizes(s, parameters, size, err));
    EX_TRY(parser_take(run, 0, 0, (size_t)size, RULES_TEXT_BYTES_MAX, &own, &text, err));
    EX_TRY(compile_all(s, text, err));
    *ret_state = ex_steal(&s);
    return EX_OK;
}

/* ---- what rules there are ---- */

static ex_code tell_text(struct parser_run *run, const char *name, const char *text,
                         struct ex_error *err) {
    return parser_trace_text(run, name, text, strlen(text), err);
}

static ex_code tell_meta(struct parser_run *run, const YR_META *m, struct ex_error *err) {
    char number[32];
    (void)snprintf(number, sizeof number, "%lld", (long long)m->integer);
    const char *value = m->type == META_TYPE_STRING ? m->string : number;
    size_t name = strlen(m->identifier), size = strlen(value);
    EX_AUTO_FREE char *text = NULL;
    size = size < PARSER_VALUE_BYTES_MAX - 4096 ? size : PARSER_VALUE_BYTES_MAX - 4096;
    EX_TRY(ex_alloc(name + size + 3, 1, RULES_META_TEXT_BYTES_MAX, "meta data", &text, err));
    text[0] = m->type == META_TYPE_STRING ? 's' : m->type == META_TYPE_BOOLEAN ? 'b' : 'i';
    memcpy(text + 1, m->identifier, name);
    memcpy(text + 1 + name + 1, value, size);
    return parser_trace_text(run, "meta", text, name + size + 2, err);
}

static ex_code tell_rule(struct parser_run *run, const YR_RULE *rule, uint32_t number,
                         struct ex_error *err) {
    const char *tag;
    const YR_META *meta;
    char key[32];
    uint32_t nothing;
    (void)snprintf(key, sizeof key, "%u", number);
    const struct parser_trace t = {.kind = PARSER_RECORD,
                                   .key = key,
                                   .name = rule->identifier,
                                   .name_bytes = strlen(rule->identifier)};
    EX_TRY(parser_trace(run, &t, &nothing, err));
    EX_TRY(tell_text(run, "namespace", rule->ns->name, err));
    yr_rule_tags_foreach(rule, tag) {
        EX_TRY(tell_text(run, "tag", tag, err));
    }
    yr_rule_metas_foreach(rule, meta) {
        EX_TRY(tell_meta(run, meta, err));
    }
    return EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    struct state *s = NULL;
    void *made = NULL;
    const YR_RULE *rule;
    uint32_t number = 0;
    ex_code code = prepare(run, parameters, &made, err);
    s = made;
    if (code == EX_OK)
        yr_rules_foreach(s->rules, rule) {
            code = tell_rule(run, rule, ++number, err);
            if (code != EX_OK)
                break;
        }
    *ret_state = s;
    return code;
}

/* ---- scanning ---- */

struct scan {
    struct state *state;
    struct parser_run *run;
    struct ex_error *err;
    ex_code code;
};

static ex_code tell_place(struct parser_run *run, const char *name, const YR_STRING *string,
                          uint64_t first, const uint64_t *second, struct ex_error *err) {
    uint8_t text[16 + 1024];
    size_t head = second != NULL ? 16 : 8, size = strlen(string->identifier);
    size = size < 1024 ? size : 1024;
    ex_put_le64(text, first);
    if (second != NULL)
        ex_put_le64(text + 8, *second);
    memcpy(text + head, string->identifier, size);
    return parser_trace_text(run, name, text, head + size, err);
}

/* libyara puts its matches wherever there is room, aligned or not: so each is copied. Private ones
 * are not told. */
static ex_code tell_string(struct scan *s, YR_SCAN_CONTEXT *context, const YR_STRING *string) {
    uint64_t count = 0;
    YR_MATCH m;
    for (const void *at = context->matches[string->idx].head; at != NULL; at = m.next) {
        memcpy(&m, at, sizeof m);
        uint64_t length = (uint64_t)m.match_length;
        if (m.is_private)
            continue;
        if (count++ < RULES_MATCHES_MAX)
            EX_TRY(tell_place(s->run, "match", string, (uint64_t)(m.base + m.offset), &length,
                              s->err));
    }
    return count > 0 ? tell_place(s->run, "count", string, count, NULL, s->err) : EX_OK;
}

static ex_code tell_match(struct scan *s, YR_SCAN_CONTEXT *context, const YR_RULE *rule) {
    const YR_STRING *string;
    char key[32];
    uint32_t nothing;
    (void)snprintf(key, sizeof key, "%ld", (long)(rule - s->state->rules->rules_table) + 1);
    const struct parser_trace t = {.kind = PARSER_RECORD, .key = key};
    EX_TRY(parser_trace(s->run, &t, &nothing, s->err));
    yr_rule_strings_foreach(rule, string) {
        EX_TRY(tell_string(s, context, string));
    }
    return EX_OK;
}

static int take_message(YR_SCAN_CONTEXT *context, int message, void *data, void *user) {
    struct scan *s = user;
    if (message == CALLBACK_MSG_IMPORT_MODULE)
        return ask_import(context, message, data, s->state);
    if (message == CALLBACK_MSG_TOO_MANY_MATCHES) {
        s->code = ex_fail(s->err, EX_UNSUPPORTED, "a string matches more than %d times",
                          YR_MAX_STRING_MATCHES);
        return CALLBACK_ERROR;
    }
    if (message == CALLBACK_MSG_RULE_MATCHING)
        s->code = tell_match(s, context, data);
    return s->code == EX_OK ? CALLBACK_CONTINUE : CALLBACK_ERROR;
}

static ex_code scan(struct scan *s, const uint8_t *data, size_t size, unsigned seconds) {
    YR_SCANNER *scanner = NULL;
    if (yr_scanner_create(s->state->rules, &scanner) != ERROR_SUCCESS)
        return ex_fail(s->err, EX_NOMEM, "no memory to scan");
    yr_scanner_set_callback(scanner, take_message, s);
    yr_scanner_set_timeout(scanner, (int)seconds);
    yr_scanner_set_flags(scanner, SCAN_FLAGS_REPORT_RULES_MATCHING | SCAN_FLAGS_NO_TRYCATCH);
    int code = yr_scanner_scan_mem(scanner, data, size);
    yr_scanner_destroy(scanner);
    if (s->code != EX_OK || code == ERROR_SUCCESS)
        return s->code;
    if (code == ERROR_SCAN_TIMEOUT)
        return ex_fail(s->err, EX_LIMIT, "not done after %u s", seconds);
    if (code == ERROR_INSUFFICIENT_MEMORY)
        return ex_fail(s->err, EX_NOMEM, "it takes too much memory");
    return ex_fail(s->err, EX_UNSUPPORTED, "libyara gave up: error %d", code);
}

static ex_code work(struct parser_run *run, void *state, const void *unit, size_t size_bytes,
                    struct ex_error *err) {
    struct scan s = {.state = state, .run = run, .err = err};
    EX_AUTO_FREE uint8_t *own = NULL;
    const uint8_t *data;
    char text[PARSER_UNIT_BYTES_MAX + 1] = "";
    uint64_t seconds;
    unsigned input;
    memcpy(text, unit, size_bytes);
    char *name = strchr(text, ' ');
    if (name == NULL || !ex_parse_decimal(text, (size_t)(name - text), &seconds) || seconds == 0 ||
        seconds > 86400)
        return ex_fail(err, EX_INTERNAL, "not a content to scan");
    EX_TRY(parser_input_named(run, name + 1, &input, err));
    uint64_t size = parser_input_size(run, input);
    if (size > RULES_CONTENT_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d bytes", (int)RULES_CONTENT_BYTES_MAX);
    EX_TRY(parser_take(run, input, 0, (size_t)size, RULES_CONTENT_BYTES_MAX, &own, &data, err));
    return scan(&s, data, (size_t)size, (unsigned)seconds);
}

const struct parser rules_parser = {.name = "rules",
                                    .version = RULES_PARSER_VERSION,
                                    .library = library,
                                    .close = state_free,
                                    .examine = examine,
                                    .prepare = prepare,
                                    .work = work};
