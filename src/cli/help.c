/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include "base/mem.h"
#include "cli/parse.h"
#include <string.h>

/* ---- overview ---- */

/* In the order in which an officer meets them. */
enum { GROUP_MAX = 9 };

static const struct group {
    const char *title;
    const char *words[GROUP_MAX];
} groups[] = {
    {N_("To begin"), {"init", "case new", "case list"}},
    {N_("To take evidence in and look at it"),
     {"collect", "item register", "work list", "work resume", "work discard", "item list",
      "item show"}},
    {N_("To find what is in it"),
     {"examine", "trace list", "trace tree", "trace show", "trace cat", "trace export", "timeline",
      "timeline export"}},
    {N_("To leave out files that are known, and find those that are looked for"),
     {"hashset add", "hashset list", "hashset look", "hashset remove"}},
    {N_("To look for what rules describe"),
     {"rules add", "rules list", "rules show", "rules remove", "rules run", "rules matches"}},
    {N_("To check it"), {"verify", "vault check", "vault scrub", "ledger verify"}},
    {N_("To hand it out, and show what was done"),
     {"export", "item report", "report machine", "custody log", "custody check", "ledger show",
      "ledger checkpoint", "ledger prove", "item dispose"}},
    {N_("To pass it on, and say who holds it"),
     {"handover offer", "handover accept", "handover refuse", "handover withdraw",
      "handover receipt", "handover enter", "handover list", "custody form"}},
    {N_("To send it to others, and take in what they send"),
     {"package create", "package verify", "package open", "package import"}},
    {N_("To have it vouched for by others, and vouch for theirs"), {"cosign", "ledger cosigned"}},
    {N_("Who may act"), {"officer add", "officer list", "officer retire"}},
    {N_("What opens the vault"),
     {"key list", "key add", "key sheet", "key remove", "key rotate", "key passphrase",
      "key recover"}},
    {N_("To repair, and to ask"),
     {"vault repair", "vault parity", "vault compact", "rebuild", "version", "help"}},
};

static const struct {
    int status;
    const char *meaning;
} statuses[] = {
    {0, N_("done")},
    {1, N_("failed")},
    {2, N_("the command was not understood")},
    {3, N_("done, but some parts were not read")},
    {4, N_("altered or missing")},
    {5, N_("a signature or trust failed")},
    {6, N_("not found")},
    {7, N_("denied")},
    {8, N_("busy")},
    {9, N_("unsupported")},
    {130, N_("interrupted")},
};

static const struct command *command_of(const char *words) {
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].words, words) == 0)
            return &command_table[i];
    return NULL;
}

bool cli_help_is_grouped(const struct command *command) {
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (size_t w = 0; w < GROUP_MAX && groups[g].words[w] != NULL; w++)
            if (strcmp(groups[g].words[w], command->words) == 0)
                return true;
    return false;
}

static void put_command_line(struct cli_page *page, const struct command *command) {
    char name[96];
    (void)snprintf(name, sizeof name, "  %s", command->words);
    page_field(page, name, "%s", cli_translate(command->summary));
}

void cli_help_overview(struct cli_page *page) {
    page_prose(page, _("exhibit takes digital evidence in, keeps it, checks it and hands it out, "
                       "and writes down who did what."));
    page_gap(page);
    page_say(page, 0, "%s", _("usage: exhibit COMMAND [FLAGS]"));
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        page_gap(page);
        page_say(page, 0, "%s", _(groups[g].title));
        for (size_t w = 0; w < GROUP_MAX && groups[g].words[w] != NULL; w++) {
            const struct command *command = command_of(groups[g].words[w]);
            if (command != NULL)
                put_command_line(page, command);
        }
    }
    page_gap(page);
    page_say(page, 0, "%s", _("Exit status"));
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char number[16];
        (void)snprintf(number, sizeof number, "  %d", statuses[i].status);
        page_field(page, number, "%s", _(statuses[i].meaning));
    }
    page_gap(page);
    page_prose(page, _("`exhibit help COMMAND` explains a command; `exhibit help --matrix` "
                       "lists what each one needs and what it writes into the ledger."));
}

/* ---- one command ---- */

static void put_usage(struct cli_page *page, const struct command *command) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return;
    fprintf(to, _("usage: exhibit %s"), command->words);
    bool optional = false;
    for (const struct command_flag *f = command->flag; f->need != 0; f++) {
        if (f->need == FLAG_REQUIRED)
            fprintf(to, " --%s %s", flag_table[f->id].name, cli_translate(flag_table[f->id].value));
        optional = optional || f->need == FLAG_OPTIONAL;
    }
    if (optional)
        fprintf(to, " %s", _("[FLAGS]"));
    if (command->operands[0] != '\0')
        fprintf(to, " %s", cli_translate(command->operands));
    fclose(to);
    page_say(page, 0, "%s", text != NULL ? text : "");
    free(text);
}

static void put_flag(struct cli_page *page, const struct flag *flag) {
    char name[96];
    (void)snprintf(name, sizeof name, "  --%s %s", flag->name,
                   flag->value == NULL ? "" : cli_translate(flag->value));
    if (flag->value == NULL)
        name[strlen(name) - 1] = '\0';
    page_flag(page, name, cli_translate(flag->help));
}

/* The flags that the row names; the common ones that it does not name with need 0. */
static void put_flags(struct cli_page *page, const struct command *command, enum flag_need need,
                      const char *heading) {
    bool first = true;
    for (const struct command_flag *f = command->flag; f->need != 0; f++) {
        if (f->need != need)
            continue;
        if (first) {
            page_gap(page);
            page_say(page, 0, "%s", heading);
        }
        first = false;
        put_flag(page, &flag_table[f->id]);
    }
}

static bool row_names(const struct command *command, size_t id) {
    for (const struct command_flag *f = command->flag; f->need != 0; f++)
        if ((size_t)f->id == id)
            return true;
    return false;
}

static void put_common_flags(struct cli_page *page, const struct command *command) {
    page_gap(page);
    page_say(page, 0, "%s", _("Every command takes"));
    for (size_t i = 0; i < FLAG_COMMON_COUNT; i++)
        if (i != FLAG_VAULT && !row_names(command, i))
            put_flag(page, &flag_table[i]);
}

static void put_ledger_and_permission(struct cli_page *page, const struct command *command) {
    page_gap(page);
    switch (command->event_shape) {
    case EVENT_PAIR:
        page_field(page, _("Ledger"),
                   _("%s.intent is written before anything is done, %s.outcome after it"),
                   command->event, command->event);
        break;
    case EVENT_SINGLE:
        page_field(page, _("Ledger"), _("%s is written before anything is done or shown"),
                   command->event);
        break;
    case EVENT_NONE:
        page_field(page, _("Ledger"), _("no entry: %s"), command->event);
        break;
    }
    if (command->permission == PERMISSION_NONE)
        page_field(page, _("Permission"), _("none: %s"), command->permission_reason);
    else
        page_field(page, _("Permission"), _("the officer needs \"%s\""),
                   permission_word(command->permission));
}

/* A word that is a command, and begins others. */
static void put_others(struct cli_page *page, const struct command *command) {
    bool first = true;
    for (size_t i = 0; i < command_count; i++) {
        if (!cli_is_noun(command->words, &command_table[i]))
            continue;
        if (first) {
            page_gap(page);
            page_say(page, 0, "%s", _("See also"));
        }
        first = false;
        put_command_line(page, &command_table[i]);
    }
}

static void put_command(struct cli_page *page, const struct command *command) {
    put_usage(page, command);
    page_gap(page);
    page_say(page, 2, "%s", cli_translate(command->summary));
    put_flags(page, command, FLAG_REQUIRED, _("Needed"));
    put_flags(page, command, FLAG_OPTIONAL, _("May be given"));
    put_common_flags(page, command);
    put_ledger_and_permission(page, command);
    put_others(page, command);
}

/* ---- matrix ---- */

static void put_matrix_row(struct cli_page *page, const struct command *command) {
    char name[96];
    (void)snprintf(name, sizeof name, "%-19s %-10s", command->words,
                   permission_word(command->permission));
    switch (command->event_shape) {
    case EVENT_PAIR:
        page_say(page, 0, "%s %s.intent, %s.outcome", name, command->event, command->event);
        break;
    case EVENT_SINGLE:
        page_say(page, 0, "%s %s", name, command->event);
        break;
    case EVENT_NONE:
        page_say(page, 0, "%s %s", name, _("none"));
        break;
    }
    if (command->permission == PERMISSION_NONE)
        page_say(page, 4, _("no permission: %s"), command->permission_reason);
    if (command->event_shape == EVENT_NONE)
        page_say(page, 4, _("no entry: %s"), command->event);
}

static void put_matrix(struct cli_page *page) {
    page_say(page, 0, "%-19s %-10s %s", _("COMMAND"), _("PERMISSION"), _("LEDGER ENTRIES"));
    for (size_t i = 0; i < command_count; i++)
        put_matrix_row(page, &command_table[i]);
}

/* ---- which of them ---- */

/* One command in *ret_one; or, after a noun alone, NULL there. */
static ex_code find_asked(const struct request *request, const struct command **ret_one,
                          struct ex_error *err) {
    *ret_one = NULL;
    unsigned used = 0;
    if (request->operand_count == 1 && command_of(request->operand[0]) == NULL)
        for (size_t i = 0; i < command_count; i++)
            if (cli_is_noun(request->operand[0], &command_table[i]))
                return EX_OK;
    EX_TRY(cli_find_command(request->operand, request->operand_count, ret_one, &used, err));
    if (used < request->operand_count)
        return ex_hint(ex_fail(err, EX_USAGE, _("\"%s\" has no second word \"%s\""),
                               request->operand[0], request->operand[1]),
                       err, _("`exhibit help %s` explains it"), request->operand[0]);
    return EX_OK;
}

ex_code cli_help(struct cli_page *page, const struct request *request, struct ex_error *err) {
    if (request->flag[FLAG_MATRIX] != NULL) {
        put_matrix(page);
        return EX_OK;
    }
    if (request->operand_count == 0) {
        cli_help_overview(page);
        return EX_OK;
    }
    const struct command *one = NULL;
    EX_TRY(find_asked(request, &one, err));
    if (one != NULL) {
        put_command(page, one);
        return EX_OK;
    }
    page_say(page, 0, "exhibit %s …", request->operand[0]);
    for (size_t i = 0; i < command_count; i++)
        if (cli_is_noun(request->operand[0], &command_table[i]))
            put_command_line(page, &command_table[i]);
    return EX_OK;
}

static json_t *command_json(const struct command *c) {
    static const char *const shapes[] = {
        [EVENT_NONE] = "none", [EVENT_SINGLE] = "single", [EVENT_PAIR] = "pair"};
    bool silent = c->event_shape == EVENT_NONE;
    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s, s:s}", "words", c->words,
                     "operands", c->operands, "permission", permission_word(c->permission),
                     "permission_reason", c->permission_reason, "event_shape",
                     shapes[c->event_shape], "event", silent ? NULL : c->event, "event_reason",
                     silent ? c->event : NULL, "schema", c->schema, "summary", c->summary);
}

ex_code cli_help_json(const struct request *request, json_t **ret, struct ex_error *err) {
    const struct command *one = NULL;
    if (request->operand_count > 0)
        EX_TRY(find_asked(request, &one, err));
    json_t *list = json_array();
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        bool noun = request->operand_count > 0 && one == NULL;
        bool asked = noun ? cli_is_noun(request->operand[0], c) : one == NULL || one == c;
        if (asked && json_array_append_new(list, command_json(c)) != 0) {
            json_decref(list);
            return ex_fail(err, EX_NOMEM, "no memory for the list of commands");
        }
    }
    *ret = json_pack("{s:o}", "commands", list);
    return *ret != NULL ? EX_OK : ex_fail(err, EX_NOMEM, "no memory for the list of commands");
}
