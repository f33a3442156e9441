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
        _("As the parser \"volumes\" says between volumes, as the others say in file systems; "
          "what no parser tells of is not counted."));
    if (json_is_true(document_get(r, "disk.space_searched")))
        paper_say(p, "%s",
                  _("It was counted, and searched for whole files of some types (the parser "
                    "\"carver\"): see what was not examined."));
    else
        paper_say(p, "%s", _("It was counted, and not searched."));
    put_columns(p, _("parser|stretches|bytes"), document_get(r, "disk.space"), "parser", numbers,
                2);
}

/* ---- counts ---- */

static void put_kinds(struct paper *p, const json_t *r) {
    static const char *const keys[] = {"count",  "allocated", "virtual",  "deleted", "orphan",
                                       "carved", "other",     "contents", "bytes"};
    paper_heading(p, 3, _("By kind and state"));
    paper_say(
        p, "%s",
        _("The bytes of one kind are not to be added to those of another: a volume holds its "
          "files, and a file its members. What was found in something deleted, orphaned or carved "
          "counts as that. \"orphan\": no folder names it; \"virtual\": made up by the parser."));
    put_columns(p, _("kind|all|allocated|virtual|deleted|orphan|carved|other|with a size|bytes"),
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
    paper_block(p);
    paper_pair(p, name, document_text(end, "time") != NULL ? document_text(end, "time") : "?");
    if (document_text(end, "zone") != NULL && strcmp(document_text(end, "zone"), "local") == 0)
        paper_line(p, _("of an unknown zone"));
    if (document_text(end, "source") != NULL)
        paper_pair(p, _("source"), document_text(end, "source"));
    draw_standing(p, end);
    paper_block_end(p);
}

static void put_ends(struct paper *p, const json_t *ends) {
    size_t i;
    json_t *row;
    paper_blocks(p, _("kind of time|earliest|latest"));
    json_array_foreach(ends, i, row) {
        paper_row(p);
        paper_word(p, document_text(row, "what"));
        put_end_of_times(p, _("earliest"), document_get(row, "earliest"));
        put_end_of_times(p, _("latest"), document_get(row, "latest"));
        paper_row_end(p);
    }
    paper_table_end(p);
}

static void put_times(struct paper *p, const json_t *r) {
    const json_t *t = document_get(r, "found.times");
    paper_heading(p, 3, _("Earliest and latest times"));
    paper_say(p, "%s",
              _("Each is what one structure says, by a clock that may have been wrong or set. The "
                "earliest ones often come from programs that set 1970, 1980 or 1601, or from files "
                "that were copied; nothing follows for when the machine was used."));
    paper_facts(p);
    paper_fact_number(p, _("Times"), document_get(t, "count"), "");
    paper_fact_number(p, _("of what is not in use"), document_get(t, "not_in_use"), "");
    paper_fact_number(p, _("of an unknown zone"), document_get(t, "local"), "");
    paper_fact_number(p, _("before 2 January 1980"), document_get(t, "before_1980"), "");
    paper_fact_number(p, _("after the item came into this vault"),
                      document_get(t, "after_collection"), "");
    paper_fact_number(p, _("out of range"), document_get(t, "out_of_range"), "");
    paper_facts_end(p);
    put_ends(p, document_get(t, "ends"));
    if (json_array_size(document_get(t, "ends_not_in_use")) == 0)
        return;
    paper_say(p, "%s", _("Of what is NOT IN USE (deleted, an orphan, carved, or found in such):"));
    put_ends(p, document_get(t, "ends_not_in_use"));
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
    paper_fact_number(p, _("Messages, in every state"), document_get(r, "found.messages"), "");
    paper_fact_number(p, _("Documents, in every state"), document_get(r, "found.documents"), "");
    paper_fact_number(p, _("of these with a text"), document_get(r, "found.documents_with_text"),
                      "");
    paper_fact_number(p, _("Archives"), document_get(r, "found.archives.contents"), "");
    paper_fact_number(p, _("of these looked into, perhaps in part"),
                      document_get(r, "found.archives.looked_into"), "");
    paper_facts_end(p);
    draw_list(p, document_get(r, "found.mailbox"),
              _("Mail boxes, stores and address books of Outlook"), NULL);
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
    (void)snprintf(title, sizeof title, "%.40s, %.40s: %" JSON_INTEGER_FORMAT,
                   document_text(list, "reason") != NULL ? document_text(list, "reason") : "?", of,
                   draw_number(list, "count"));
    paper_heading(p, 3, title);
    if (json_is_integer(document_get(list, "bytes")))
        paper_say(p, _("%" JSON_INTEGER_FORMAT " bytes, as their records say."),
                  draw_number(list, "bytes"));
    draw_rows(p, list);
}

static void put_not_read(struct paper *p, const json_t *not_read) {
    const char *key;
    json_t *value;
    if (json_object_size(not_read) == 0)
        return;
    paper_say(p, "%s", _("Of the folder, what was left out, or is not there as it was:"));
    paper_table(p, _("why|count"));
    for (int omitted = 0; omitted < 2; omitted++)
        json_object_foreach(
            (json_t *)(uintptr_t)(omitted ? document_get(not_read, "omitted") : not_read), key,
            value) {
            if (!json_is_integer(value))
                continue;
            paper_row(p);
            paper_word(p, key);
            paper_number(p, json_integer_value(value));
            paper_row_end(p);
        }
    paper_table_end(p);
}

static void put_ranges(struct paper *p, const json_t *u) {
    size_t i;
    json_t *row;
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

/* What the collection met that no range says. */
static void put_doubts(struct paper *p, const json_t *item) {
    size_t i;
    json_t *one;
    if (draw_number(item, "second_reading.differs.bytes") > 0)
        paper_say(p,
                  _("THE SOURCE GAVE OTHER BYTES the second time it was read, in sectors of "
                    "%" JSON_INTEGER_FORMAT " bytes. The item has those of the first time."),
                  draw_number(item, "second_reading.differs.bytes"));
    if (document_get(item, "filled") != NULL)
        paper_say(p,
                  _("The item is another one with its holes filled: %" JSON_INTEGER_FORMAT
                    " bytes of it were read later than the rest."),
                  draw_number(item, "filled.filled_bytes"));
    json_array_foreach(document_get(item, "container.hashes"), i, one) {
        const char *verdict = document_text(one, "verdict");
        if (verdict != NULL && strcmp(verdict, "differs") == 0)
            paper_say(p, "%s",
                      _("The image that the item was taken from states ANOTHER HASH than "
                        "that of what came from it."));
    }
}

static void put_unread(struct paper *p, const json_t *r) {
    const json_t *u = document_get(r, "not_examined.unread");
    paper_heading(p, 3, _("Bytes of the source that the item does not have"));
    if (u == NULL)
        paper_say(p, "%s", _("not known: what says it cannot be read"));
    else if (draw_number(u, "ranges") == 0)
        paper_say(p, "%s",
                  _("None that the ledger names. What somebody who made an image before left out, "
                    "or a device hides, is not known."));
    else
        put_ranges(p, u);
    put_not_read(p, document_get(r, "not_examined.not_read"));
    put_doubts(p, document_get(r, "item"));
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
