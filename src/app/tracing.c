/* SPDX-License-Identifier: Apache-2.0 */
/* From a question about traces to the object that answers it. The catalog says where to look; what
 * is shown of a trace is read from the object that the ledger names. */
#include "app/examining_internal.h"

#include "base/cursor.h"

enum { GIVEN_DIGITS_MIN = 8 };

ex_code tracing_check_item(const struct item_truth *i, struct ex_error *err) {
    if (i->approval != 0)
        return truth_fail_disposed(i, err);
    if (i->physical)
        return ex_fail(err, EX_UNSUPPORTED, "item %s is physical: it has no bytes to examine",
                       i->label);
    return EX_OK;
}

ex_code tracing_item(struct act *act, struct truth *t, const char *name,
                     const struct item_truth **ret, struct ex_error *err) {
    EX_TRY(truth_load(act, t, err));
    EX_TRY(truth_find(t, name, ret, err));
    const struct item_truth *i = *ret;
    memcpy(act->item_id, i->id, sizeof act->item_id);
    memcpy(act->case_id, i->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    return tracing_check_item(i, err);
}

/* ---- the object ---- */

void trace_source_close(struct trace_source *s) {
    vault_reader_close(s->reader);
    free(s->line);
    free(s->texts);
    json_decref(s->head);
    *s = (struct trace_source){0};
}

ex_code trace_source_open(struct act *act, struct trace_source *s, uint64_t entry,
                          struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    EX_AUTO_FREE uint8_t *bytes = NULL;
    struct vault_object_info o = {0};
    size_t size;
    if (s->entry == entry && s->reader != NULL)
        return EX_OK;
    trace_source_close(s);
    if (entry < ledger_size(act->ledger)) {
        EX_TRY(ledger_read(act->ledger, entry, &bytes, &size, err));
        EX_TRY(entry_parse(bytes, size, e, err));
    }
    if (!examining_is_result(e))
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "the catalog calls entry %" PRIu64
                               " an examination, and the ledger does not",
                               entry),
                       err, "run: exhibit rebuild");
    EX_TRY(vault_object(act->vault, e->object_id, &o, err));
    ex_code code = vault_reader_open(act->vault, &o, &s->reader, err);
    vault_object_info_clear(&o);
    EX_TRY(code);
    s->entry = entry;
    memcpy(s->item_id, e->item_id, sizeof s->item_id);
    memcpy(s->result_id, e->object_id, sizeof s->result_id);
    return EX_OK;
}

/* Into s->line. */
static ex_code read_line(struct trace_source *s, uint64_t at, uint64_t length,
                         struct ex_error *err) {
    uint64_t size = vault_reader_size(s->reader);
    size_t need = (size_t)length + 1;
    if (length > TRACE_LINE_BYTES_MAX || at > size || length > size - at)
        return tracing_fail_catalog(err);
    EX_TRY(ex_grow(&s->line, &s->line_capacity, need, 1, 2 * TRACE_LINE_BYTES_MAX, "a trace", err));
    EX_TRY(
        ex_grow(&s->texts, &s->texts_capacity, need, 1, 2 * TRACE_LINE_BYTES_MAX, "a trace", err));
    return vault_reader_read(s->reader, at, (uint8_t *)s->line, (size_t)length, err);
}

ex_code trace_source_row(struct trace_source *s, const struct catalog_trace *where,
                         struct catalog_trace *ret, struct ex_error *err) {
    struct catalog_trace row;
    EX_TRY(read_line(s, where->at, where->length, err));
    if (trace_line_parse(s->line, (size_t)where->length, s->texts, &row, NULL) != EX_OK ||
        memcmp(row.id, where->id, sizeof row.id) != 0 || row.parent != where->parent)
        return tracing_fail_catalog(err);
    row.entry = where->entry;
    row.number = where->number;
    row.at = where->at;
    row.length = where->length;
    *ret = row;
    return EX_OK;
}

static const char *text_of(json_t *line, const char *key) {
    return json_string_value(json_object_get(line, key));
}

ex_code trace_source_line(struct trace_source *s, const struct catalog_trace *where,
                          json_t **ret_line, struct catalog_trace *ret, struct ex_error *err) {
    struct catalog_trace row;
    EX_TRY(trace_source_row(s, where, &row, err));
    json_t *line = json_loadb(s->line, (size_t)where->length, JSON_REJECT_DUPLICATES, NULL);
    if (line == NULL)
        return tracing_fail_catalog(err);
    row.name = text_of(line, "name");
    row.type = text_of(line, "type");
    *ret = row;
    *ret_line = line;
    return EX_OK;
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* In everything that lists show. Ids and parents were compared. */
static bool rows_agree(const struct catalog_trace *a, const struct catalog_trace *b) {
    return same_text(a->kind, b->kind) && same_text(a->state, b->state) &&
           same_text(a->name, b->name) && same_text(a->type, b->type) &&
           a->has_size == b->has_size && a->size == b->size && a->has_sha256 == b->has_sha256 &&
           memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0;
}

struct numbered {
    struct trace_source *source;
    json_t *line;
    struct catalog_trace row;
};

static ex_code read_numbered(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct numbered *n = context;
    EX_TRY(trace_source_line(n->source, t, &n->line, &n->row, err));
    if (rows_agree(t, &n->row))
        return EX_OK;
    json_decref(n->line);
    n->line = NULL;
    return tracing_fail_catalog(err);
}

ex_code trace_source_number(struct act *act, struct trace_source *s, uint64_t number,
                            json_t **ret_line, struct catalog_trace *ret, struct ex_error *err) {
    struct numbered n = {.source = s};
    bool found;
    EX_TRY(catalog_trace_at(act->catalog, s->entry, number, read_numbered, &n, &found, err));
    if (n.line == NULL)
        return tracing_fail_catalog(err);
    *ret_line = n.line;
    *ret = n.row;
    return EX_OK;
}

ex_code trace_source_head(struct trace_source *s, json_t **ret, struct ex_error *err) {
    uint64_t size = vault_reader_size(s->reader);
    size = size < TRACE_LINE_BYTES_MAX ? size : TRACE_LINE_BYTES_MAX;
    *ret = s->head;
    if (s->head != NULL)
        return EX_OK;
    EX_TRY(read_line(s, 0, size, err));
    const char *end = memchr(s->line, '\n', (size_t)size);
    *ret = s->head = end != NULL ? json_loadb(s->line, (size_t)(end - s->line), 0, NULL) : NULL;
    return *ret != NULL ? EX_OK : ex_fail(err, EX_ALTERED, "it does not begin as a list of traces");
}

/* ---- one trace ---- */

struct search {
    struct catalog_trace row; /* its texts are not kept */
    uint64_t found;
    bool several;
};

static ex_code keep_match(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct search *s = context;
    (void)err;
    if (s->found > 0 && memcmp(s->row.id, t->id, sizeof t->id) != 0)
        s->several = true;
    s->found++;
    s->row = *t; /* of several examinations the latest */
    s->row.kind = s->row.state = s->row.name = s->row.type = NULL;
    return EX_OK;
}

static ex_code parse_given(const char *given, uint8_t low[static ENTRY_ID_BYTES],
                           uint8_t high[static ENTRY_ID_BYTES], struct ex_error *err) {
    char first[2 * ENTRY_ID_BYTES + 1], last[2 * ENTRY_ID_BYTES + 1];
    size_t size = strlen(given);
    memset(first, '0', sizeof first - 1);
    memset(last, 'f', sizeof last - 1);
    if (size >= GIVEN_DIGITS_MIN && size <= 2 * ENTRY_ID_BYTES) {
        memcpy(first, given, size);
        memcpy(last, given, size);
        if (ex_parse_hex(first, sizeof first - 1, low, ENTRY_ID_BYTES) &&
            ex_parse_hex(last, sizeof last - 1, high, ENTRY_ID_BYTES))
            return EX_OK;
    }
    return ex_hint(ex_fail(err, EX_USAGE, "\"%.40s\" is not the id of a trace", given), err,
                   "8 to 32 hex digits, as exhibit trace list shows them");
}

void found_trace_clear(struct found_trace *f) {
    json_decref(f->line);
    json_decref(f->above);
    trace_source_close(&f->source);
    *f = (struct found_trace){0};
}

static ex_code read_found(struct act *act, const struct catalog_trace *row, struct found_trace *f,
                          struct ex_error *err) {
    EX_TRY(trace_source_open(act, &f->source, row->entry, err));
    EX_TRY(trace_source_number(act, &f->source, row->number, &f->line, &f->row, err));
    if (memcmp(f->row.id, row->id, sizeof row->id) != 0)
        return tracing_fail_catalog(err);
    EX_TRY(trace_source_head(&f->source, &f->head, err));
    memcpy(f->item_id, f->source.item_id, sizeof f->item_id);
    return EX_OK;
}

ex_code tracing_find(struct act *act, const char *given, struct found_trace *ret,
                     struct ex_error *err) {
    uint8_t low[ENTRY_ID_BYTES], high[ENTRY_ID_BYTES];
    struct search s = {0};
    *ret = (struct found_trace){0};
    EX_TRY(parse_given(given, low, high, err));
    EX_TRY(catalog_each_trace_by_id(act->catalog, low, high, keep_match, &s, err));
    if (s.several)
        return ex_hint(ex_fail(err, EX_USAGE, "several traces begin with \"%.40s\"", given), err,
                       "give more digits of the one that is meant");
    if (s.found == 0)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "there is no trace \"%.40s\"", given), err,
                       "exhibit trace list ITEM shows them");
    ex_code code = read_found(act, &s.row, ret, err);
    if (code != EX_OK)
        found_trace_clear(ret);
    return code;
}
