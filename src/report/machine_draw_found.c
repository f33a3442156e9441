/* SPDX-License-Identifier: Apache-2.0 */
/* What was found, what was not examined, and how long it took. */
#include "report/machine_draw_internal.h"

#include <libintl.h>
#include <string.h>

#define _(text) gettext(text)

/* A table of a word and numbers in each row. */
static void put_columns(struct paper *p, const char *heads, const json_t *rows, const char *word,
                        const char *const *number, size_t numbers) {
    size_t i;
    json_t *row;
    paper_table(p, heads);
    json_array_foreach(rows, i, row) {
        paper_row(p);
        paper_word(p, document_text(row, word));
        for (size_t k = 0; k < numbers; k++)
            paper_number(p, draw_number(row, number[k]));
        paper_row_end(p);
    }
    paper_table_end(p);
}

/* ---- disk ---- */

void draw_disk(struct paper *p, const json_t *r) {
    static const char *const numbers[] = {"count", "bytes"};
    draw_list(p, document_get(r, "disk.volume"), _("Volumes"), NULL);
    draw_list(p, document_get(r, "disk.file-system"), _("File systems"), NULL);
    draw_list(p, document_get(r, "disk.encrypted"), _("Encrypted"),
              _("What a parser met and could not open: volumes, archives, documents."));
    paper_heading(p, 3, _("Space that belongs to nothing"));
    paper_say(
        p, "%s",
        _("As the parser \"volumes\" says between volumes, as the others say in file systems. "
          "It was counted, and not searched."));
    put_columns(p, _("parser|stretches|bytes"), document_get(r, "disk.space"), "parser", numbers,
                2);
}

/* ---- counts ---- */

static void put_kinds(struct paper *p, const json_t *r) {
    static const char *const keys[] = {"count",   "allocated", "deleted", "orphan",
                                       "virtual", "contents",  "bytes"};
    paper_heading(p, 3, _("By kind and state"));
    paper_say(p, "%s",
              _("The bytes of one kind are not to be added to those of another: a volume holds its "
                "files, and a file its members."));
    put_columns(p, _("kind|all|allocated|deleted|orphan|virtual|with a size|bytes"),
                document_get(r, "found.kinds"), "kind", keys, sizeof keys / sizeof keys[0]);
}

static void put_types(struct paper *p, const json_t *r) {
    size_t i;
    json_t *row;
    paper_heading(p, 3, _("By type"));
    paper_say(p, "%s",
              _("Files, and what is in them, by what their first bytes look like: a claim of these "
                "bytes, and not of their names."));
    paper_table(p, _("type|contents|bytes"));
    json_array_foreach(document_get(r, "found.types"), i, row) {
        paper_row(p);
        if (document_text(row, "type") != NULL)
            paper_word(p, document_text(row, "type"));
        else
            paper_words(p, _("no signature fits, or it was not looked at"));
        paper_number(p, draw_number(row, "contents"));
        paper_number(p, draw_number(row, "bytes"));
        paper_row_end(p);
    }
    if (draw_number(r, "found.other_types.contents") > 0) {
        paper_row(p);
        paper_words(p, _("further types"));
        paper_number(p, draw_number(r, "found.other_types.contents"));
        paper_number(p, draw_number(r, "found.other_types.bytes"));
        paper_row_end(p);
    }
    paper_table_end(p);
}

static void put_end_of_times(struct paper *p, const char *name, const json_t *end) {
    bool local =
        document_text(end, "zone") != NULL && strcmp(document_text(end, "zone"), "local") == 0;
    paper_block(p);
    paper_pair(p, name, document_text(end, "time") != NULL ? document_text(end, "time") : "?");
    if (local)
        paper_line(p, _("of an unknown zone"));
    if (document_text(end, "source") != NULL)
        paper_line(p, document_text(end, "source"));
    paper_line(p, document_text(end, "path") != NULL ? document_text(end, "path") : "?");
    if (document_text(end, "trace") != NULL)
        paper_pair(p, "trace", document_text(end, "trace"));
    if (document_text(end, "state") != NULL &&
        strcmp(document_text(end, "state"), "allocated") != 0)
        paper_pair(p, _("STATE"), document_text(end, "state"));
    paper_block_end(p);
}

static void put_times(struct paper *p, const json_t *r) {
    const json_t *t = document_get(r, "found.times");
    size_t i;
    json_t *row;
    paper_heading(p, 3, _("Earliest and latest times"));
    paper_say(p, "%s",
              _("Each is what one structure says, by a clock that may have been wrong or set. The "
                "earliest ones often come from programs that set 1970, 1980 or 1601, or from files "
                "that were copied; nothing follows for when the machine was used."));
    paper_facts(p);
    paper_fact_number(p, _("Times"), document_get(t, "count"), "");
    paper_fact_number(p, _("of an unknown zone"), document_get(t, "local"), "");
    paper_fact_number(p, _("before 2 January 1980"), document_get(t, "before_1980"), "");
    paper_fact_number(p, _("after the collection"), document_get(t, "after_collection"), "");
    paper_fact_number(p, _("out of range"), document_get(t, "out_of_range"), "");
    paper_facts_end(p);
    paper_blocks(p, _("kind of time|earliest|latest"));
    json_array_foreach(document_get(t, "ends"), i, row) {
        paper_row(p);
        paper_word(p, document_text(row, "what"));
        put_end_of_times(p, _("earliest"), document_get(row, "earliest"));
        put_end_of_times(p, _("latest"), document_get(row, "latest"));
        paper_row_end(p);
    }
    paper_table_end(p);
}

static void put_known(struct paper *p, const json_t *r) {
    size_t i;
    json_t *set;
    const json_t *sets = document_get(r, "found.known_files.sets");
    paper_heading(p, 3, _("Known files"));
    if (json_array_size(sets) == 0) {
        paper_say(p, "%s", _("The vault has no hash set: nothing was compared."));
        return;
    }
    paper_table(p, _("hash set|meaning|state|contents it lists|bytes"));
    json_array_foreach(sets, i, set) {
        bool sound = document_get(set, "listed") != NULL;
        paper_row(p);
        paper_word(p, document_text(set, "name"));
        paper_word(p, document_text(set, "meaning"));
        paper_word(p, document_text(set, "state"));
        if (sound) {
            paper_number(p, draw_number(set, "listed"));
            paper_number(p, draw_number(set, "listed_bytes"));
        } else {
            paper_words(p, _("not known"));
            paper_words(p, _("not known"));
        }
        paper_row_end(p);
    }
    paper_table_end(p);
    paper_say(p, _("Contents without a hash, of which no set was asked: %" JSON_INTEGER_FORMAT "."),
              draw_number(r, "found.known_files.not_asked"));
    draw_list(p, document_get(r, "found.notable"), _("Notable files"), NULL);
}

void draw_found(struct paper *p, const json_t *r) {
    static const char *const count = "count";
    paper_heading(p, 2, _("What was found"));
    put_kinds(p, r);
    put_types(p, r);
    paper_heading(p, 3, _("Mail, documents, archives"));
    paper_facts(p);
    paper_fact_number(p, _("Messages"), document_get(r, "found.messages"), "");
    paper_fact_number(p, _("Documents whose text was read"), document_get(r, "found.documents"),
                      "");
    paper_fact_number(p, _("Archives"), document_get(r, "found.archives.contents"), "");
    paper_fact_number(p, _("of these looked into"), document_get(r, "found.archives.looked_into"),
                      "");
    paper_facts_end(p);
    draw_list(p, document_get(r, "found.mailbox"), _("Mail boxes"), NULL);
    draw_list(p, document_get(r, "found.position"), _("Pictures with a position"),
              _("What the picture says; anybody can write that."));
    put_times(p, r);
    put_known(p, r);
    if (json_array_size(document_get(r, "other_records")) == 0)
        return;
    paper_heading(p, 3, _("Records for which this report has no place"));
    put_columns(p, _("about|records"), document_get(r, "other_records"), "about", &count, 1);
}

/* ---- what was not ---- */

static void put_reason(struct paper *p, const json_t *list, const char *of) {
    char title[128];
    size_t i;
    json_t *row;
    (void)snprintf(title, sizeof title, "%.40s, %.40s: %" JSON_INTEGER_FORMAT,
                   document_text(list, "reason") != NULL ? document_text(list, "reason") : "?", of,
                   draw_number(list, "count"));
    paper_heading(p, 3, title);
    if (json_is_integer(document_get(list, "bytes")))
        paper_say(p, _("%" JSON_INTEGER_FORMAT " bytes, as their records say."),
                  draw_number(list, "bytes"));
    paper_blocks(p, _("what it says|where it stands"));
    json_array_foreach(document_get(list, "shown"), i, row) draw_row(p, row);
    paper_table_end(p);
    draw_rest(p, list);
}

static void put_unread(struct paper *p, const json_t *r) {
    const json_t *u = document_get(r, "not_examined.unread");
    size_t i;
    json_t *row;
    paper_heading(p, 3, _("Bytes of the source that the item does not have"));
    if (u == NULL) {
        paper_say(p, "%s", _("not recorded"));
        return;
    }
    if (draw_number(u, "ranges") == 0) {
        paper_say(p, "%s", _("None: every byte of the source was read."));
        return;
    }
    paper_say(p, _("%" JSON_INTEGER_FORMAT " bytes in %" JSON_INTEGER_FORMAT " ranges."),
              draw_number(u, "bytes"), draw_number(u, "ranges"));
    paper_table(p, _("offset|length|why"));
    json_array_foreach(document_get(u, "shown"), i, row) {
        paper_row(p);
        paper_number(p, draw_number(row, "offset"));
        paper_number(p, draw_number(row, "length"));
        paper_word(p, document_text(row, "why"));
        paper_row_end(p);
    }
    paper_table_end(p);
    draw_rest(p, u);
}

void draw_not_examined(struct paper *p, const json_t *r) {
    size_t i;
    json_t *one;
    paper_heading(p, 2, _("What was not examined, and why"));
    paper_heading(p, 3, _("What this examination never looks at"));
    paper_points(p, document_get(r, "not_examined.never"));
    put_unread(p, r);
    paper_heading(p, 3, _("Problems that the parsers met"));
    if (json_array_size(document_get(r, "not_examined.errors")) == 0)
        paper_say(p, "%s", _("None."));
    json_array_foreach(document_get(r, "not_examined.errors"), i, one) {
        char of[64];
        (void)snprintf(of, sizeof of, _("parser %.40s"),
                       document_text(one, "parser") != NULL ? document_text(one, "parser") : "?");
        put_reason(p, one, of);
    }
    paper_heading(p, 3, _("Contents that have no hash"));
    if (json_array_size(document_get(r, "not_examined.not_hashed")) == 0)
        paper_say(p, "%s", _("None."));
    json_array_foreach(document_get(r, "not_examined.not_hashed"), i, one)
        put_reason(p, one, _("not hashed"));
}

/* ---- parsers ---- */

static void put_seconds(struct paper *p, const json_t *value) {
    char words[32];
    (void)snprintf(words, sizeof words, "%.3f", json_number_value(value));
    paper_words(p, json_is_number(value) ? words : _("not recorded"));
}

static void put_count(struct paper *p, const json_t *value) {
    if (json_is_integer(value))
        paper_number(p, json_integer_value(value));
    else
        paper_words(p, _("not recorded"));
}

void draw_parsers(struct paper *p, const json_t *r) {
    static const char *const counts[] = {"jobs", "traces", "problems"}, *const lost[] = {
                                                                            "crashed", "killed",
                                                                            "too_long"};
    size_t i;
    json_t *one;
    paper_heading(p, 2, _("How long each parser took"));
    paper_say(
        p, "%s",
        _("As the ledger has it. \"Waited\" is the time for which its workers were waited "
          "for, all of them together; \"processor\" what the kernel counted for them. What was "
          "taken from an earlier examination took no time in this one."));
    paper_table(p, _("parser|version|library|jobs|traces|problems|waited (s)|processor "
                     "(s)|crashed|killed|too long"));
    json_array_foreach(document_get(r, "parsers"), i, one) {
        paper_row(p);
        paper_word(p, document_text(one, "name"));
        put_count(p, document_get(one, "version"));
        paper_word(p, document_text(one, "library"));
        for (size_t k = 0; k < 3; k++)
            put_count(p, document_get(one, counts[k]));
        put_seconds(p, document_get(one, "seconds"));
        put_seconds(p, document_get(one, "cpu_seconds"));
        for (size_t k = 0; k < 3; k++)
            put_count(p, document_get(one, lost[k]));
        paper_row_end(p);
    }
    paper_table_end(p);
    if (json_is_number(document_get(r, "examination.seconds")))
        paper_say(p, _("The examination as a whole: %.1f seconds."),
                  json_number_value(document_get(r, "examination.seconds")));
}
