/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a disk, by its partition table. */
#include "parsers/tsk/tables_internal.h"
#include "parsers/tsk/tsk.h"

#include <stdio.h>
#include <string.h>

enum { PARTS_MAX = 10000, KEY_BYTES = 32 };

/* The place of a part in the input, in bytes; false: none of it is there. */
static bool place(const struct image *image, const TSK_VS_PART_INFO *part, uint64_t *ret_offset,
                  uint64_t *ret_length, bool *ret_cut) {
    uint64_t size = (uint64_t)image->img.size, bytes = part->vs->block_size;
    *ret_cut = true;
    if (part->start > size / bytes)
        return false;
    *ret_offset = part->start * bytes;
    uint64_t left = size - *ret_offset;
    *ret_cut = part->len > left / bytes;
    *ret_length = *ret_cut ? left : part->len * bytes;
    return *ret_length > 0;
}

static ex_code tell_slot(struct image *image, const struct table *table,
                         const TSK_VS_PART_INFO *part, struct ex_error *err) {
    struct parser_run *run = image->run;
    char text[32], type[GUID_TEXT_BYTES], id[GUID_TEXT_BYTES];
    const char *hex = part->desc != NULL ? strrchr(part->desc, '(') : NULL;
    bool guids = false;
    (void)snprintf(text, sizeof text, "%d:%d", part->table_num, part->slot_num);
    EX_TRY(tell_text(run, "scheme", table->scheme, err));
    EX_TRY(tell_text(run, "slot", text, err));
    if (part->vs->vstype == TSK_VS_TYPE_GPT) {
        EX_TRY(table_guids(image, part, &guids, type, id, err));
        if (guids) {
            EX_TRY(tell_text(run, "type", type, err));
            EX_TRY(tell_text(run, "guid", id, err));
        }
    } else if (hex != NULL && strlen(hex) == sizeof "(0x00)" - 1) {
        EX_TRY(parser_trace_text(run, "type", hex + 1, strlen(hex) - 2, err));
    }
    return EX_OK;
}

/* A BSD or Sun label has an entry for the whole disk, itself included. */
static bool is_whole(const struct image *image, uint64_t offset, uint64_t length) {
    return offset == 0 && length == (uint64_t)image->img.size;
}

static ex_code tell_part(struct image *image, const struct table *table,
                         const TSK_VS_PART_INFO *part, unsigned number, struct ex_error *err) {
    struct parser_run *run = image->run;
    bool volume = (part->flags & TSK_VS_PART_FLAG_ALLOC) != 0, cut;
    char key[KEY_BYTES];
    uint64_t offset = 0, length = 0;
    uint32_t trace;
    bool there = place(image, part, &offset, &length, &cut);
    if (!volume && !there)
        return EX_OK;
    (void)snprintf(key, sizeof key, "part:%u", number);
    struct parser_trace t = {.kind = volume ? PARSER_VOLUME : PARSER_SPACE,
                             .flags = PARSER_SIZED,
                             .key = key,
                             .size_bytes = length};
    if (volume && there && !is_whole(image, offset, length))
        t.flags |= PARSER_EXAMINE;
    if (volume && part->desc != NULL) {
        t.name = part->desc;
        t.name_bytes = strlen(part->desc);
    }
    EX_TRY(parser_trace(run, &t, &trace, err));
    if (volume)
        EX_TRY(tell_slot(image, table, part, err));
    if (there)
        EX_TRY(parser_trace_extent(run, offset, length, err));
    if (volume && cut)
        EX_TRY(tell_problem(run, trace, "end", err, EX_FORMAT,
                            "the table says sectors %llu to %llu, and the disk ends before",
                            (unsigned long long)part->start,
                            (unsigned long long)(part->start + part->len - 1)));
    return EX_OK;
}

static ex_code tell_parts(struct image *image, const struct table *table, struct ex_error *err) {
    struct parser_run *run = image->run;
    unsigned number = 0;
    if (table->vs == NULL)
        return tell_problem(run, 0, "table", err, EX_FORMAT,
                            "the partition table is damaged: only its first entries are told");
    if (table->vs->is_backup)
        EX_TRY(tell_problem(run, 0, "copy", err, EX_FORMAT,
                            "the partition table is damaged: read from its copy at the end"));
    for (const TSK_VS_PART_INFO *p = table->vs->part_list; p != NULL; p = p->next, number++) {
        if (number >= PARTS_MAX)
            return tell_problem(run, 0, "parts", err, EX_LIMIT, "more than %d partitions",
                                PARTS_MAX);
        /* The tables themselves lie in what libtsk counts as space, and an extended partition is
         * the sum of what is in it. */
        if ((p->flags & TSK_VS_PART_FLAG_META) == 0)
            EX_TRY(tell_part(image, table, p, number, err));
    }
    return EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    (void)parameters;
    EX_AUTO(image_close) struct image *image = NULL;
    struct table table = {0};
    EX_TRY(image_open(run, &image, err));
    EX_TRY(table_open(image, &table, err));
    ex_code code = tell_parts(image, &table, err);
    if (code == EX_OK)
        code = hidden_tell_entries(image, &table, err);
    if (code == EX_OK)
        code = hidden_tell_whole(image, &table, err);
    tsk_vs_close(table.vs);
    EX_TRY(code);
    *ret_state = NULL;
    return image_check(image, err);
}

static void close_volumes(void *state) {
    (void)state; /* it keeps nothing */
}

const struct parser volumes_parser = {.name = "volumes",
                                      .version = 1,
                                      .library = image_library,
                                      .examine = examine,
                                      .close = close_volumes};
