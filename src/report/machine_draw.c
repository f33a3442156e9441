/* SPDX-License-Identifier: Apache-2.0 */
/* The document of a machine report, part by part. */
#include "report/machine_paper_internal.h"

#include "report/machine_draw_internal.h"

#include <libintl.h>
#include <string.h>

#define _(text)  gettext(text)
#define N_(text) text

json_int_t draw_number(const json_t *from, const char *path) {
    return json_integer_value(document_get(from, path));
}

/* ---- head ---- */

static void put_item(struct paper *p, const json_t *r) {
    paper_heading(p, 2, _("The item"));
    paper_facts(p);
    paper_fact(p, _("Agency"), document_text(r, "agency"));
    paper_fact(p, _("Case"), document_text(r, "item.case.number"));
    paper_fact(p, _("Title of the case"), document_text(r, "case_title"));
    paper_fact(p, _("Item"), document_text(r, "item.label"));
    paper_fact(p, _("Label"), document_text(r, "item.label_text"));
    paper_fact(p, _("Id of the item"), document_text(r, "item.id"));
    if (document_text(r, "item.imported") != NULL)
        paper_fact(p, _("Imported"), document_text(r, "item.imported"));
    else
        paper_fact(p, _("Collected"), document_text(r, "item.collected"));
    paper_fact(p, _("By officer"), document_text(r, "item.officer"));
    paper_fact_number(p, _("Size"), document_get(r, "item.size_bytes"), _("bytes"));
    paper_fact(p, _("SHA-256"), document_text(r, "item.sha256"));
    paper_fact(p, _("fs-verity digest"), document_text(r, "item.fsverity"));
    paper_fact(p, _("Looks like"), document_text(r, "item.looks_like.text"));
    paper_fact_number(p, _("Ledger entry"), document_get(r, "item.entry_outcome"), "");
    paper_facts_end(p);
}

static void put_limits(struct paper *p, const json_t *limits) {
    const char *name;
    json_t *value;
    paper_heading(p, 3, _("Limits that held"));
    if (json_object_size(limits) == 0) {
        paper_say(p, "%s", _("not recorded"));
        return;
    }
    paper_table(p, _("limit|value"));
    json_object_foreach((json_t *)(uintptr_t)limits, name, value) {
        paper_row(p);
        paper_word(p, name);
        paper_number(p, json_integer_value(value));
        paper_row_end(p);
    }
    paper_table_end(p);
}

static void put_examination(struct paper *p, const json_t *r) {
    paper_heading(p, 2, _("The examination"));
    paper_facts(p);
    paper_fact_number(p, _("Ledger entry"), document_get(r, "examination.entry"), "");
    paper_fact(p, _("Ended"), document_text(r, "examination.time"));
    paper_fact(p, _("By officer"), document_text(r, "examination.officer"));
    paper_fact(p, _("Profile"), document_text(r, "examination.profile"));
    paper_fact(p, _("Result"), document_text(r, "examination.result"));
    paper_fact_number(p, _("Traces"), document_get(r, "examination.traces"), "");
    paper_fact(p, _("Result's object"), document_text(r, "examination.object"));
    paper_fact(p, _("SHA-256 of the result"), document_text(r, "examination.sha256"));
    paper_fact(p, _("Workers confined by"), document_text(r, "examination.confinement"));
    paper_facts_end(p);
    if (json_is_true(document_get(r, "examination.truncated")))
        paper_say(p, "%s", _("A LIMIT ENDED THE EXAMINATION: there may be more than was found."));
    put_limits(p, document_get(r, "examination.limits"));
}

static void put_top(struct paper *p, const json_t *r) {
    const json_t *made = document_get(r, "made");
    paper_begin(p, _("Machine report"),
                document_text(r, "item.label") != NULL ? document_text(r, "item.label") : "?");
    paper_alert(p, _("FAULTS. Do not rely on this report before they are explained:"),
                document_get(r, "findings"));
    paper_facts(p);
    paper_fact(p, _("Report made"), document_text(made, "time"));
    paper_fact(p, _("by"), document_text(made, "by"));
    paper_fact(p, _("with exhibit"), document_text(made, "version"));
    paper_facts_end(p);
    paper_heading(p, 2, _("What this report proves"));
    paper_points(p, document_get(r, "proves"));
    paper_heading(p, 2, _("What it does not prove"));
    paper_points(p, document_get(r, "does_not_prove"));
    put_item(p, r);
    put_examination(p, r);
}

/* ---- lists ---- */

static void put_times(struct paper *p, const json_t *row) {
    size_t i;
    json_t *t;
    json_array_foreach(document_get(row, "times"), i, t) {
        char words[256];
        bool local =
            strcmp(document_text(t, "zone") != NULL ? document_text(t, "zone") : "", "local") == 0;
        if (document_text(t, "time") != NULL)
            (void)snprintf(words, sizeof words, "%s%s (%.120s)", document_text(t, "time"),
                           local ? _(" of an unknown zone") : "",
                           document_text(t, "source") != NULL ? document_text(t, "source") : "?");
        else
            (void)snprintf(words, sizeof words,
                           _("%" JSON_INTEGER_FORMAT " seconds since 1970, out of range"),
                           draw_number(t, "seconds"));
        paper_pair(p, document_text(t, "what") != NULL ? document_text(t, "what") : "?", words);
    }
}

static void put_number_pair(struct paper *p, const json_t *row, const char *key) {
    char words[32];
    if (!json_is_integer(document_get(row, key)))
        return;
    (void)snprintf(words, sizeof words, "%" JSON_INTEGER_FORMAT, draw_number(row, key));
    paper_pair(p, key, words);
}

static void put_text_pair(struct paper *p, const json_t *row, const char *key) {
    if (document_text(row, key) != NULL)
        paper_pair(p, key, document_text(row, key));
}

static void put_said(struct paper *p, const json_t *row) {
    const char *key;
    json_t *value;
    put_text_pair(p, row, "name");
    put_text_pair(p, row, "type");
    put_number_pair(p, row, "size");
    put_number_pair(p, row, "offset");
    if (document_get(row, "error") != NULL)
        paper_pair(p, document_text(row, "error.reason"), document_text(row, "error.text"));
    json_object_foreach((json_t *)(uintptr_t)document_get(row, "attributes"), key,
                        value) if (json_is_string(value) && strcmp(key, "about") != 0)
        paper_pair(p, key, json_string_value(value));
    put_number_pair(p, row, "attributes_left_out");
    put_times(p, row);
}

static const char *text_or_unknown(const json_t *from, const char *key) {
    return document_text(from, key) != NULL ? document_text(from, key) : "?";
}

/* In capitals, which no attribute has: what the evidence calls `path` or `state` is none of these.
 */
void draw_standing(struct paper *p, const json_t *row) {
    const char *path = text_or_unknown(row, "path"), *state = text_or_unknown(row, "state");
    paper_pair(p, _("PATH"), path[0] == '\0' ? _("(the item itself)") : path);
    if (document_get(row, "path_bytes") != NULL)
        paper_line(p, _("This path is longer, and cut in the middle."));
    if (strcmp(state, "allocated") != 0)
        paper_pair(p, _("STATE"), state);
    if (document_text(row, "own_state") != NULL)
        paper_pair(p, _("ITS OWN STATE, not that of what it stands in"),
                   document_text(row, "own_state"));
    paper_pair(p, _("TRACE"), text_or_unknown(row, "trace"));
}

static void put_outcome(struct paper *p, const json_t *row) {
    static const struct {
        const char *word, *text;
    } outcomes[] = {
        {"login-by-its-path", N_("a login, as the path of its file alone says: lists of failed "
                                 "attempts have the same form")},
        {"failed-by-its-path", N_("a failed attempt, as the path of its file alone says")},
        {"waiting", N_("none: a terminal waits for one")},
        {"session-end", N_("the end of one")},
        {"last-shown", N_("who was logged on last, as the screen for it shows; not how or when")},
        {"setting", N_("none: a setting of the screen for it")},
        {"not-told", N_("not told: it may be a failed attempt")},
    };
    const char *outcome = document_text(row, "outcome");
    for (size_t i = 0; outcome != NULL && i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (strcmp(outcomes[i].word, outcome) == 0)
            paper_pair(p, _("LOGIN"), _(outcomes[i].text));
}

static void put_row(struct paper *p, const json_t *row) {
    paper_row(p);
    paper_block(p);
    put_outcome(p, row);
    put_said(p, row);
    paper_block_end(p);
    paper_block(p);
    draw_standing(p, row);
    paper_pair(p, _("PARSER"), text_or_unknown(row, "parser"));
    paper_block_end(p);
    paper_row_end(p);
}

/* What stands above the rows of one standing; NULL: nothing has to be said. */
static const char *standing_text(const json_t *list, const char *standing) {
    static const struct {
        const char *word, *text;
    } texts[] = {
        {"usual-place", N_("In use, at a path where systems keep it:")},
        {"inside",
         N_("Inside of other files in use (archives, mail, stores): they may be copies, or of another machine.")},
        {"not-in-use", N_("NOT IN USE: deleted, without a folder, or found in such. What these say "
                          "need not hold any more, and need not be of this machine.")},
        {"carved", N_("CARVED: found in space that nothing claims, by what their bytes look like. "
                      "Nothing says that they ever were files of this machine.")},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].word, standing) == 0)
            return _(texts[i].text);
    return document_get(list, "standings.usual-place") != NULL
               ? _("In use, elsewhere. Whoever may write there can put as many as they like:")
               : NULL;
}

void draw_rows(struct paper *p, const json_t *list) {
    const char *last = "";
    size_t i;
    json_t *row;
    json_array_foreach(document_get(list, "shown"), i, row) {
        const char *standing = document_text(row, "standing");
        standing = standing != NULL ? standing : "?";
        if (strcmp(standing, last) != 0) {
            const char *text = standing_text(list, standing);
            if (i > 0)
                paper_table_end(p);
            if (text != NULL)
                paper_say(p, "%s", text);
            paper_blocks(p, _("what it says|where it stands"));
        }
        put_row(p, row);
        last = standing;
    }
    if (i > 0)
        paper_table_end(p);
    draw_rest(p, list);
}

void draw_rest(struct paper *p, const json_t *list) {
    EX_AUTO_FREE char *code = NULL;
    const char *jq = document_text(list, "jq");
    if (draw_number(list, "left_out") == 0)
        return;
    paper_say(p, _("… and %" JSON_INTEGER_FORMAT " more, which are not shown here."),
              draw_number(list, "left_out"));
    if (jq != NULL && asprintf(&code, "jq -c 'select(%s)' traces.jsonl", jq) > 0)
        paper_code(p, code);
}

void draw_list(struct paper *p, const json_t *list, const char *title, const char *about) {
    json_int_t count = draw_number(list, "count"), gone = draw_number(list, "not_allocated");
    paper_heading(p, 3, title);
    if (about != NULL)
        paper_say(p, "%s", about);
    if (count == 0) {
        paper_say(p, "%s", _("None was found. That is no proof that there is none."));
        return;
    }
    paper_say(p,
              _("Found: %" JSON_INTEGER_FORMAT
                "; of these not in use, in something that is not, or "
                "made up by the parser: %" JSON_INTEGER_FORMAT "."),
              count, gone);
    if (count == draw_number(list, "standings.not-in-use") + draw_number(list, "standings.carved"))
        paper_say(p, "%s", _("NONE OF THESE IS IN USE: nothing here says how it is now."));
    draw_rows(p, list);
}

static const struct {
    const char *path, *title, *about;
} machine_lists[] =
    {
        {"machine.operating-system", N_("Operating systems"), NULL},
        {"machine.computer", N_("Names of the computer"), NULL},
        {"machine.time-zone", N_("Time zones"), NULL},
        {"machine.network-interface", N_("Network interfaces"), NULL},
},
  user_lists[] = {
      {"users.account", N_("Accounts"), N_("An account is not a person.")},
      {"users.profile", N_("Profiles"), NULL},
      {"users.home-folder", N_("Home folders"),
       N_("Told by their path alone (/home/NAME, /Users/NAME, \\Users\\NAME): nothing else says that "
          "somebody lived there.")},
      {"users.login", N_("Logins, and attempts to log in"),
       N_("Lists of logins and of failed attempts (wtmp, btmp) have the same form: each row says what "
          "is known of it.")},
      {"users.wireless", N_("Wireless networks"), NULL},
      {"users.usb-device", N_("USB devices"), NULL},
      {"users.recent", N_("Recently used"), NULL},
      {"users.autostart", N_("Started by itself"), NULL},
      {"users.program", N_("Programs"), NULL},
      {"users.service", N_("Services"), NULL},
};

static void put_machine(struct paper *p, const json_t *r) {
    paper_heading(p, 2, _("What the item says of the machine"));
    paper_say(
        p, "%s",
        _("As files of the item say. Where they contradict each other, each is shown, and "
          "nothing says which of them held. Files in use come first, those at the paths where "
          "systems keep them before others."));
    for (size_t i = 0; i < sizeof machine_lists / sizeof machine_lists[0]; i++)
        draw_list(p, document_get(r, machine_lists[i].path), _(machine_lists[i].title), NULL);
    draw_disk(p, r);
    paper_heading(p, 2, _("What it says of who used it"));
    for (size_t i = 0; i < sizeof user_lists / sizeof user_lists[0]; i++)
        draw_list(p, document_get(r, user_lists[i].path), _(user_lists[i].title),
                  user_lists[i].about != NULL ? _(user_lists[i].about) : NULL);
}

static void put_lists_again(struct paper *p, const json_t *r) {
    paper_heading(p, 2, _("All of it"));
    paper_say(p, "%s",
              _("Lists are cut. The commands under them read the whole result, which this one "
                "writes:"));
    paper_code(p, document_text(r, "export_with") != NULL ? document_text(r, "export_with") : "?");
}

ex_code machine_draw(const json_t *report, enum machine_format format, char **ret,
                     size_t *ret_bytes, struct ex_error *err) {
    struct paper p = {.html = format == MACHINE_HTML};
    char *text = NULL;
    size_t size = 0;
    p.to = open_memstream(&text, &size);
    if (p.to == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a report");
    put_top(&p, report);
    put_machine(&p, report);
    draw_found(&p, report);
    draw_not_examined(&p, report);
    draw_parsers(&p, report);
    put_lists_again(&p, report);
    paper_end(&p);
    bool failed = ferror(p.to) != 0;
    if (fclose(p.to) != 0 || failed) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for a report");
    }
    *ret = text;
    *ret_bytes = size;
    return EX_OK;
}
