/* SPDX-License-Identifier: Apache-2.0 */
/* What of an item was read, as a mapfile: the text format of GNU ddrescue (its manual, "Mapfile
 * structure"), which other recovery tools read too. */
#include "app/act_internal.h"

#include <inttypes.h>
#include <stdio.h>

struct map {
    FILE *out;
    const json_t *never[2]; /* lists of ranges that were not asked for */
    uint64_t at;
};

static void put_line(struct map *m, uint64_t until, char status) {
    if (until > m->at)
        fprintf(m->out, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n", m->at, until - m->at, status);
    m->at = until > m->at ? until : m->at;
}

/* The first of the ranges that were not asked for which ends behind `at`; empty: none does. */
static struct source_range next_never(const struct map *m, uint64_t at) {
    struct source_range found = {.offset = UINT64_MAX};
    for (size_t n = 0; n < 2; n++) {
        json_t *one = NULL;
        size_t i = 0;
        json_array_foreach(m->never[n], i, one) {
            uint64_t offset = (uint64_t)json_integer_value(json_object_get(one, "offset"));
            uint64_t length = (uint64_t)json_integer_value(json_object_get(one, "length"));
            if (offset + length > at && offset < found.offset)
                found = (struct source_range){.offset = offset, .length = length};
        }
    }
    return found;
}

/* Bad (-), or not tried (?). */
static void put_hole(struct map *m, const struct source_range *hole) {
    uint64_t end = hole->offset + hole->length;
    while (m->at < end) {
        struct source_range never = next_never(m, m->at);
        uint64_t from = never.offset < end ? never.offset : end;
        put_line(m, from, '-');
        uint64_t until = never.offset + never.length;
        if (m->at < end)
            put_line(m, until < end ? until : end, '?');
    }
}

ex_code item_map(struct act *act, const struct item_truth *i, char **ret, struct ex_error *err) {
    struct vault_object_info o = {0};
    char *text = NULL;
    size_t size = 0;
    if (i->physical || i->item == NULL)
        return ex_fail(err, EX_USAGE, "%s has no bytes of which there could be a map", i->label);
    EX_TRY(vault_object(act->vault, i->object_id, &o, err));
    struct map m = {.out = open_memstream(&text, &size),
                    .never = {json_object_get(json_object_get(i->item, "untried"), "list"),
                              json_object_get(json_object_get(i->item, "skipped"), "list")}};
    if (m.out == NULL) {
        vault_object_info_clear(&o);
        return ex_fail(err, EX_NOMEM, "no memory for the map");
    }
    fprintf(m.out,
            "# Mapfile. Created by exhibit " EXHIBIT_VERSION ", of item %s\n"
            "# current_pos  current_status  current_pass\n0x%08" PRIX64 "     +               1\n"
            "#      pos        size  status\n",
            i->label, o.size_bytes);
    for (size_t n = 0; n < o.unreadable_count; n++) {
        put_line(&m, o.unreadable[n].offset, '+');
        put_hole(&m, &o.unreadable[n]);
    }
    put_line(&m, o.size_bytes, '+');
    vault_object_info_clear(&o);
    if (fclose(m.out) != 0) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for the map");
    }
    *ret = text;
    return EX_OK;
}
