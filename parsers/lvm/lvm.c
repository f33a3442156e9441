/* SPDX-License-Identifier: Apache-2.0 */
/* A physical volume, and what its metadata say of it and of its group. */
#include "parsers/lvm/lvm_internal.h"

#include "parsers/shared/tell.h"

#include <string.h>

ex_code lvm_tell_string(struct parser_run *run, const char *name, const struct lvm_text *t,
                        const struct lvm_node *section, const char *key, struct ex_error *err) {
    const struct lvm_node *n = lvm_find(t, section, key, LVM_STRING);
    EX_AUTO_FREE char *plain = NULL;
    size_t bytes = 0;
    if (n == NULL || n->string_bytes == 0 || n->string_bytes > PARSER_VALUE_BYTES_MAX)
        return EX_OK;
    EX_TRY(ex_alloc(n->string_bytes, 1, PARSER_VALUE_BYTES_MAX, "LVM metadata", &plain, err));
    for (size_t i = 0; i < n->string_bytes; i++) {
        if (n->string[i] == '\\') /* nothing ends with one: lvm_text.c */
            i++;
        plain[bytes++] = n->string[i];
    }
    return parser_trace_text(run, name, plain, bytes, err);
}

ex_code lvm_tell_time(struct parser_run *run, enum parser_time what, const struct lvm_text *t,
                      const struct lvm_node *section, const char *source, struct ex_error *err) {
    const struct lvm_node *n = lvm_find(t, section, "creation_time", LVM_NUMBER);
    if (n == NULL || n->number == 0 || n->number > INT64_MAX)
        return EX_OK;
    return parser_trace_time(run, what, (int64_t)n->number, 0, 1000000000, false, source, err);
}

/* The only section on the outside. */
static const struct lvm_node *find_group(const struct lvm_text *t) {
    const struct lvm_node *n = lvm_child(t, &t->node[0]);
    while (n != NULL && n->type != LVM_SECTION)
        n = lvm_next(t, n);
    return n;
}

/* The section of the physical volume that has this id; *ret_count: how many there are. */
static const struct lvm_node *find_own(const struct lvm_text *t, const struct lvm_node *group,
                                       const char *id, unsigned *ret_count) {
    const struct lvm_node *all = lvm_find(t, group, "physical_volumes", LVM_SECTION), *own = NULL;
    *ret_count = 0;
    for (const struct lvm_node *n = all != NULL ? lvm_child(t, all) : NULL; n != NULL;
         n = lvm_next(t, n)) {
        const struct lvm_node *its = lvm_find(t, n, "id", LVM_STRING);
        *ret_count += n->type == LVM_SECTION;
        if (own == NULL && its != NULL && its->string_bytes == strlen(id) &&
            memcmp(its->string, id, its->string_bytes) == 0)
            own = n;
    }
    return own;
}

static ex_code tell_physical(struct parser_run *run, const struct lvm_label *l,
                             const struct lvm_node *group, unsigned physical, uint32_t *ret_trace,
                             struct ex_error *err) {
    const char *name = group != NULL ? group->key : "lvm2";
    size_t bytes = group != NULL ? group->key_bytes : 4;
    const struct parser_trace t = {
        .kind = PARSER_VOLUME,
        .key = "lvm2",
        .name = name,
        .name_bytes = bytes < PARSER_VALUE_BYTES_MAX ? bytes : PARSER_VALUE_BYTES_MAX};
    EX_TRY(parser_trace(run, &t, ret_trace, err));
    EX_TRY(tell_text(run, "scheme", "lvm2", err));
    EX_TRY(tell_text(run, "physical-volume", l->id, err));
    if (group == NULL)
        return EX_OK;
    const struct lvm_node *seqno = lvm_find(l->text, group, "seqno", LVM_NUMBER);
    const struct lvm_node *extent = lvm_find(l->text, group, "extent_size", LVM_NUMBER);
    EX_TRY(parser_trace_text(run, "group", t.name, t.name_bytes, err));
    EX_TRY(lvm_tell_string(run, "group-id", l->text, group, "id", err));
    if (seqno != NULL)
        EX_TRY(parser_trace_number(run, "sequence", seqno->number, err));
    if (extent != NULL && extent->number <= UINT32_MAX)
        EX_TRY(parser_trace_number(run, "extent-size", extent->number * LVM_SECTOR_BYTES, err));
    EX_TRY(parser_trace_number(run, "physical-volumes", physical, err));
    EX_TRY(lvm_tell_string(run, "host", l->text, &l->text->node[0], "creation_host", err));
    EX_TRY(lvm_tell_string(run, "description", l->text, &l->text->node[0], "description", err));
    return lvm_tell_time(run, PARSER_MODIFIED, l->text, &l->text->node[0], "lvm2:metadata", err);
}

static ex_code tell(struct parser_run *run, const struct lvm_label *l, const struct ex_error *why,
                    struct ex_error *err) {
    const struct lvm_node *group = l->text != NULL ? find_group(l->text) : NULL, *own = NULL;
    unsigned physical = 0;
    uint32_t trace;
    if (group != NULL)
        own = find_own(l->text, group, l->id, &physical);
    EX_TRY(tell_physical(run, l, group, physical, &trace, err));
    if (why->code != EX_OK)
        return parser_trace_problem(run, trace, "metadata", why, err);
    if (l->lost != NULL)
        return tell_problem(run, trace, "metadata", err, l->lost_code,
                            "LVM2 (LABELONE at byte %llu): %s", (unsigned long long)l->at, l->lost);
    if (own == NULL)
        return tell_problem(run, trace, "metadata", err, EX_FORMAT,
                            "its metadata do not name it among the physical volumes");
    if (physical > LVM_PHYSICAL_MAX)
        return tell_problem(run, trace, "metadata", err, EX_LIMIT, "more than %d physical volumes",
                            LVM_PHYSICAL_MAX);
    return lvm_tell_volumes(run, trace, l->text, group, own, err);
}

ex_code lvm_tell(struct parser_run *run, bool *ret_told, struct ex_error *err) {
    struct lvm_label l = {0};
    struct ex_error why = {0};
    ex_code code = lvm_label_read(run, &l, &why);
    bool of_input = code == EX_OK || code == EX_FORMAT || code == EX_LIMIT || code == EX_IO;
    *ret_told = l.there && of_input;
    if (*ret_told)
        code = tell(run, &l, &why, err);
    else if (code != EX_OK && err != NULL)
        *err = why;
    lvm_label_clear(&l);
    return code;
}
