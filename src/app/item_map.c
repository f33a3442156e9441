/* SPDX-License-Identifier: Apache-2.0 */
/* What of an item was read, as a mapfile: the text format of GNU ddrescue (its manual, "Mapfile
 * structure"), which other recovery tools read too. */
#include "app/act_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- what was not read, and why ---- */

/* The rest was asked for and did not come. */
static const char *const reasons[] = {"untried", "skipped", "stated_unreadable", "absent",
                                      "damaged_in_container"};
enum { REASONS = sizeof reasons / sizeof reasons[0] };

struct never {
    const json_t *list; /* ranges that were not asked for, ascending */
    size_t next;
    const char *word;
};

/* The first of them that ends behind `at`; empty: none does. */
static struct source_range next_never(struct never *n, uint64_t at) {
    for (; n->next < json_array_size(n->list); n->next++) {
        const json_t *one = json_array_get(n->list, n->next);
        uint64_t offset = (uint64_t)json_integer_value(json_object_get(one, "offset"));
        uint64_t length = (uint64_t)json_integer_value(json_object_get(one, "length"));
        if (offset + length > at)
            return (struct source_range){.offset = offset, .length = length};
    }
    return (struct source_range){.offset = UINT64_MAX};
}

static struct never never_of(const struct item_truth *i, const char *word, bool *whole) {
    const json_t *json = json_object_get(i->item, word);
    struct never n = {.list = json_object_get(json, "list"), .word = word};
    if ((uint64_t)json_integer_value(json_object_get(json, "ranges")) != json_array_size(n.list))
        *whole = false; /* the entry has the first ones alone */
    return n;
}

void item_unread(const struct item_truth *i, const struct vault_object_info *o,
                 item_unread_fn *each, void *context) {
    bool whole = i->begin == ITEM_COLLECTED;
    struct never never[REASONS];
    for (size_t r = 0; r < REASONS; r++)
        never[r] = never_of(i, reasons[r], &whole);
    const char *rest = whole ? "unreadable" : "not-known";
    for (size_t n = 0; n < o->unreadable_count; n++) {
        uint64_t at = o->unreadable[n].offset, end = at + o->unreadable[n].length;
        while (at < end) {
            struct source_range range = {.offset = UINT64_MAX};
            size_t first = 0;
            for (size_t r = 0; r < REASONS; r++) {
                struct source_range next = next_never(&never[r], at);
                first = next.offset < range.offset ? r : first;
                range = next.offset < range.offset ? next : range;
            }
            uint64_t from = range.offset < end ? range.offset : end;
            if (from > at)
                each(context, at, from - at, rest);
            at = from > at ? from : at;
            uint64_t until = range.offset + range.length;
            until = until < end ? until : end;
            if (at < end)
                each(context, at, until - at, never[first].word);
            at = at < end ? until : end;
        }
    }
}

/* ---- as a mapfile ---- */

struct map {
    FILE *out;
    uint64_t at;
};

static void put_line(struct map *m, uint64_t until, char status) {
    if (until > m->at)
        fprintf(m->out, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n", m->at, until - m->at, status);
    m->at = until > m->at ? until : m->at;
}

/* Bad (-), or not tried (?). */
static void put_hole(void *context, uint64_t offset, uint64_t length, const char *why) {
    struct map *m = context;
    bool asked = strcmp(why, "untried") != 0 && strcmp(why, "skipped") != 0;
    put_line(m, offset, '+');
    put_line(m, offset + length, asked ? '-' : '?');
}

ex_code item_map(struct act *act, const struct item_truth *i, char **ret, struct ex_error *err) {
    struct vault_object_info o = {0};
    char *text = NULL;
    size_t size = 0;
    if (i->physical || i->item == NULL)
        return ex_fail(err, EX_USAGE, "%s has no bytes of which there could be a map", i->label);
    EX_TRY(vault_object(act->vault, i->object_id, &o, err));
    struct map m = {.out = open_memstream(&text, &size)};
    if (m.out == NULL) {
        vault_object_info_clear(&o);
        return ex_fail(err, EX_NOMEM, "no memory for the map");
    }
    fprintf(m.out,
            "# Mapfile. Created by exhibit " EXHIBIT_VERSION ", of item %s\n"
            "# current_pos  current_status  current_pass\n0x%08" PRIX64 "     +               1\n"
            "#      pos        size  status\n",
            i->label, o.size_bytes);
    item_unread(i, &o, put_hole, &m);
    put_line(&m, o.size_bytes, '+');
    vault_object_info_clear(&o);
    if (fclose(m.out) != 0) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for the map");
    }
    *ret = text;
    return EX_OK;
}
