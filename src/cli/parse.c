/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/parse.h"

#include "base/limits.h"
#include "cli/match.h"
#include "cli/text.h"
#include <stdio.h>
#include <string.h>

/* What one pass over argv finds, before it is known which command the words name. */
struct scan {
    char *const *argv;
    int argc;
    int next;
    struct request *request;
    int flag_place[FLAG_COUNT]; /* index in argv, for messages */
    const char *word[OPERANDS_MAX + 2];
    int word_place[OPERANDS_MAX + 2];
    unsigned word_count;
    bool help, version;
    struct ex_error error; /* the first thing that was wrong; help is given all the same */
};

/* ---- what the table says ---- */

/* A path may be any bytes; everything else is text. */
static bool is_path(const char *placeholder) {
    return strcmp(placeholder, "DIR") == 0 || strcmp(placeholder, "FILE") == 0 ||
           strcmp(placeholder, "[SOURCE…]") == 0;
}

/* A value in lower case is a list of the only words that may stand there. */
static bool is_choice(const char *placeholder) {
    return placeholder[0] >= 'a' && placeholder[0] <= 'z';
}

static bool choice_has(const char *choices, const char *value) {
    size_t size = strlen(value);
    for (const char *p = choices; *p != '\0'; p += strspn(p, "|")) {
        size_t word = strcspn(p, "|");
        if (word == size && memcmp(p, value, size) == 0)
            return true;
        p += word;
    }
    return false;
}

enum flag_need cli_flag_need(const struct command *command, enum flag_id id) {
    for (const struct command_flag *f = command->flag; f->need != 0; f++)
        if (f->id == id)
            return f->need;
    return (int)id < FLAG_COMMON_COUNT ? FLAG_OPTIONAL : 0;
}

bool cli_is_noun(const char *word, const struct command *command) {
    size_t size = strlen(word);
    return strncmp(command->words, word, size) == 0 && command->words[size] == ' ';
}

static const struct flag *find_flag(const char *name, size_t size) {
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (strlen(flag_table[i].name) == size && memcmp(flag_table[i].name, name, size) == 0)
            return &flag_table[i];
    return NULL;
}

/* ---- usage errors ---- */

static ex_code hint_help(ex_code code, struct ex_error *err, const struct command *command) {
    if (command == NULL)
        return ex_hint(code, err, "%s", _("`exhibit help` lists the commands"));
    return ex_hint(code, err, _("`exhibit help %s` explains the command"), command->words);
}

static ex_code fail_not_utf8(struct ex_error *err, int place) {
    return ex_hint(ex_fail(err, EX_USAGE, _("argument %d is not UTF-8 text"), place), err, "%s",
                   _("only paths may be other bytes; type the text again in a UTF-8 terminal"));
}

static ex_code fail_unknown_flag(const char *arg, size_t size, int place, struct ex_error *err) {
    if (!cli_is_utf8(arg))
        return fail_not_utf8(err, place);
    char name[64] = "";
    if (size < sizeof name)
        memcpy(name, arg, size);
    ex_code code = ex_fail(err, EX_USAGE, _("there is no flag %.*s"), (int)size, arg);
    if (arg[1] != '-')
        return ex_hint(code, err, "%s", _("flags are written out, as in --help"));
    const struct flag *near = cli_nearest_flag(name + 2);
    if (near == NULL)
        return ex_hint(code, err, "%s", _("`exhibit help COMMAND` lists the flags of a command"));
    return ex_hint(code, err, _("did you mean --%s?"), near->name);
}

/* ---- the pass over argv ---- */

static ex_code take_value(struct scan *scan, const struct flag *flag, const char *equals,
                          const char **ret, struct ex_error *err) {
    if (flag->value == NULL) {
        if (equals != NULL)
            return ex_hint(ex_fail(err, EX_USAGE, _("--%s takes no value"), flag->name), err,
                           _("write --%s alone"), flag->name);
        *ret = "";
        return EX_OK;
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (value == NULL && scan->next < scan->argc) {
        value = scan->argv[scan->next];
        if (strncmp(value, "--", 2) == 0)
            return ex_hint(ex_fail(err, EX_USAGE, _("--%s needs a value: %s"), flag->name,
                                   cli_translate(flag->value)),
                           err, _("a value that begins with -- is written --%s=VALUE"), flag->name);
        scan->next++;
    }
    if (value == NULL || value[0] == '\0')
        return ex_hint(ex_fail(err, EX_USAGE, _("--%s needs a value: %s"), flag->name,
                               cli_translate(flag->value)),
                       err, _("write --%s %s"), flag->name, cli_translate(flag->value));
    *ret = value;
    return EX_OK;
}

static ex_code check_value(const struct flag *flag, const char *value, int place,
                           struct ex_error *err) {
    if (flag->value == NULL || is_path(flag->value))
        return EX_OK;
    if (!cli_is_utf8(value))
        return fail_not_utf8(err, place);
    if (strlen(value) > EX_LIMIT_TEXT_BYTES)
        return ex_hint(ex_fail(err, EX_USAGE, _("the value of --%s is too long"), flag->name), err,
                       _("it may have %zu bytes"), EX_LIMIT_TEXT_BYTES);
    if (is_choice(flag->value) && !choice_has(flag->value, value))
        return ex_hint(ex_fail(err, EX_USAGE, _("--%s cannot be \"%s\""), flag->name, value), err,
                       _("write --%s %s"), flag->name, flag->value);
    return EX_OK;
}

static ex_code scan_flag(struct scan *scan, const char *arg, int place, struct ex_error *err) {
    size_t size = strcspn(arg, "=");
    const char *equals = arg[size] == '=' ? arg + size : NULL;
    const struct flag *flag = strncmp(arg, "--", 2) == 0 ? find_flag(arg + 2, size - 2) : NULL;
    if (flag == NULL)
        return fail_unknown_flag(arg, size, place, err);
    const char *value = NULL;
    EX_TRY(take_value(scan, flag, equals, &value, err));
    EX_TRY(check_value(flag, value, scan->next - 1, err));
    size_t id = (size_t)(flag - flag_table);
    if (scan->request->flag[id] != NULL)
        return ex_hint(ex_fail(err, EX_USAGE, _("--%s is given twice"), flag->name), err, "%s",
                       _("each flag may be given once"));
    scan->request->flag[id] = value;
    scan->flag_place[id] = place;
    return EX_OK;
}

static ex_code scan_word(struct scan *scan, const char *arg, int place, struct ex_error *err) {
    if (scan->word_count == sizeof scan->word / sizeof scan->word[0])
        return ex_hint(ex_fail(err, EX_USAGE, "%s", _("there are too many arguments")), err,
                       _("at most %d can be given at once"), OPERANDS_MAX);
    if (arg[0] == '\0')
        return ex_hint(ex_fail(err, EX_USAGE, _("argument %d is empty"), place), err, "%s",
                       _("a variable of a script may be unset"));
    scan->word[scan->word_count] = arg;
    scan->word_place[scan->word_count++] = place;
    return EX_OK;
}

static void scan_arguments(struct scan *scan) {
    bool only_words = false;
    while (scan->next < scan->argc) {
        int place = scan->next++;
        const char *arg = scan->argv[place];
        struct ex_error *into = scan->error.code == EX_OK ? &scan->error : NULL;
        if (only_words || arg[0] != '-' || arg[1] == '\0')
            (void)!scan_word(scan, arg, place, into);
        else if (strcmp(arg, "--") == 0)
            only_words = true;
        else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0)
            scan->help = true;
        else if (strcmp(arg, "--version") == 0)
            scan->version = true;
        else
            (void)!scan_flag(scan, arg, place, into);
    }
}

/* ---- which command ---- */

static bool names_noun(const char *word) {
    for (size_t i = 0; i < command_count; i++)
        if (cli_is_noun(word, &command_table[i]))
            return true;
    return false;
}

static ex_code fail_noun(const char *noun, struct ex_error *err) {
    char verbs[sizeof err->hint] = "";
    size_t used = 0;
    for (size_t i = 0; i < command_count; i++)
        if (cli_is_noun(noun, &command_table[i]) && used < sizeof verbs)
            used += (size_t)snprintf(verbs + used, sizeof verbs - used, "%s%s",
                                     used == 0 ? "" : ", ", command_table[i].words);
    return ex_hint(ex_fail(err, EX_USAGE, _("\"%s\" needs one of its second words"), noun), err,
                   _("one of: %s"), verbs);
}

static ex_code fail_unknown_command(const char *const *words, unsigned count,
                                    struct ex_error *err) {
    const struct command *near = cli_nearest_command(words, count);
    bool noun = names_noun(words[0]);
    if (noun && (count == 1 || near == NULL))
        return fail_noun(words[0], err);
    if (noun) {
        ex_fail(err, EX_USAGE, _("there is no command \"%s %s\""), words[0], words[1]);
        return ex_hint(EX_USAGE, err, _("did you mean `exhibit %s`?"), near->words);
    }
    ex_fail(err, EX_USAGE, _("there is no command \"%s\""), words[0]);
    if (near == NULL)
        return hint_help(EX_USAGE, err, NULL);
    return ex_hint(EX_USAGE, err, _("did you mean `exhibit %s`?"), near->words);
}

ex_code cli_find_command(const char *const *words, unsigned count, const struct command **ret,
                         unsigned *ret_used, struct ex_error *err) {
    const struct command *one = NULL;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        if (strcmp(words[0], c->words) == 0)
            one = c;
        if (count < 2 || !cli_is_noun(words[0], c) ||
            strcmp(words[1], c->words + strlen(words[0]) + 1) != 0)
            continue;
        *ret = c;
        *ret_used = 2;
        return EX_OK;
    }
    if (one == NULL)
        return fail_unknown_command(words, count, err);
    *ret = one;
    *ret_used = 1;
    return EX_OK;
}

static const struct command *command_named(const char *word) {
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].words, word) == 0)
            return &command_table[i];
    return NULL;
}

/* ---- does the line fit the command ---- */

static ex_code check_flags(const struct scan *scan, struct ex_error *err) {
    const struct command *command = scan->request->command;
    for (unsigned i = 0; i < FLAG_COUNT; i++)
        if (scan->request->flag[i] != NULL && cli_flag_need(command, (enum flag_id)i) == 0)
            return hint_help(ex_fail(err, EX_USAGE, _("\"%s\" does not take --%s"), command->words,
                                     flag_table[i].name),
                             err, command);
    return EX_OK;
}

static ex_code check_operands(const struct scan *scan, unsigned used, struct ex_error *err) {
    struct request *request = scan->request;
    const struct command *command = request->command;
    for (unsigned i = used; i < scan->word_count; i++) {
        if (request->operand_count == command->operands_max) {
            ex_fail(err, EX_USAGE, _("\"%s\" cannot use \"%s\": that is one word too many"),
                    command->words, scan->word[i]);
            return ex_hint(EX_USAGE, err, "%s", _("put words that belong together in quotes"));
        }
        if (!is_path(command->operands) && !cli_is_utf8(scan->word[i]))
            return fail_not_utf8(err, scan->word_place[i]);
        request->operand[request->operand_count++] = scan->word[i];
    }
    return EX_OK;
}

/* Everything that is missing, in one message. */
static ex_code check_complete(const struct request *request, struct ex_error *err) {
    const struct command *command = request->command;
    char missing[sizeof err->text] = "";
    size_t used = 0;
    if (request->operand_count < command->operands_min)
        used = (size_t)snprintf(missing, sizeof missing, "%s", cli_translate(command->operands));
    for (const struct command_flag *f = command->flag; f->need != 0; f++) {
        if (f->need != FLAG_REQUIRED || request->flag[f->id] != NULL || used >= sizeof missing)
            continue;
        used += (size_t)snprintf(missing + used, sizeof missing - used, "%s--%s %s",
                                 used == 0 ? "" : ", ", flag_table[f->id].name,
                                 cli_translate(flag_table[f->id].value));
    }
    if (used == 0)
        return EX_OK;
    ex_fail(err, EX_USAGE, _("\"%s\" needs %s"), command->words, missing);
    if (cli_flag_need(command, FLAG_VAULT) == FLAG_REQUIRED && request->flag[FLAG_VAULT] == NULL)
        return ex_hint(EX_USAGE, err, _("EXHIBIT_VAULT can name the vault; `exhibit help %s`"),
                       command->words);
    return hint_help(EX_USAGE, err, command);
}

/* Turns the line into a request for help about what it names. */
static ex_code ask_for_help(struct scan *scan) {
    struct request *request = scan->request;
    const struct command *about = NULL;
    unsigned used = 0;
    if (scan->word_count > 0 &&
        cli_find_command(scan->word, scan->word_count, &about, &used, NULL) != EX_OK)
        used = 1; /* a noun, or a word that help will say it does not know */
    request->command = command_named("help");
    for (unsigned i = 0; i < used; i++)
        request->operand[request->operand_count++] = scan->word[i];
    return EX_OK;
}

/* Names the command all the same when the words do, for whoever shows the error. */
static ex_code fail_scan(struct scan *scan, struct ex_error *err) {
    unsigned used = 0;
    if (scan->word_count > 0)
        (void)!cli_find_command(scan->word, scan->word_count, &scan->request->command, &used, NULL);
    if (err != NULL)
        *err = scan->error;
    return scan->error.code;
}

static ex_code check_command_words(const struct scan *scan, struct ex_error *err) {
    if (!cli_is_utf8(scan->word[0]))
        return fail_not_utf8(err, scan->word_place[0]);
    if (scan->word_count > 1 && names_noun(scan->word[0]) && !cli_is_utf8(scan->word[1]))
        return fail_not_utf8(err, scan->word_place[1]);
    return EX_OK;
}

ex_code cli_parse(int argc, char *const *argv, const char *default_vault, struct request *ret,
                  struct ex_error *err) {
    struct scan scan = {.argv = argv, .argc = argc, .next = 1, .request = ret};
    *ret = (struct request){0};
    scan_arguments(&scan);
    if (scan.help)
        return ask_for_help(&scan);
    if (scan.version) {
        ret->command = command_named("version");
        return EX_OK;
    }
    if (scan.error.code != EX_OK)
        return fail_scan(&scan, err);
    if (scan.word_count == 0)
        return EX_OK;
    unsigned used = 0;
    EX_TRY(check_command_words(&scan, err));
    EX_TRY(cli_find_command(scan.word, scan.word_count, &ret->command, &used, err));
    EX_TRY(check_flags(&scan, err));
    EX_TRY(check_operands(&scan, used, err));
    if (ret->flag[FLAG_VAULT] == NULL && default_vault != NULL && default_vault[0] != '\0')
        ret->flag[FLAG_VAULT] = default_vault;
    return check_complete(ret, err);
}
