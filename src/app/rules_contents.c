/* SPDX-License-Identifier: Apache-2.0 */
#include "app/rules_contents_internal.h"

enum { CONTENTS_MAX = 20000000, MADE_BYTES_MAX = RULES_CONTENT_BYTES_MAX };

ex_code rules_contents_open(struct rules_contents *r, struct act *act,
                            const struct item_truth *item,
                            const struct chosen_examination *examination, struct ex_error *err) {
    *r = (struct rules_contents){.act = act, .item = item, .examination = examination};
    EX_TRY(vault_object(act->vault, item->object_id, &r->object, err));
    if (!truth_agrees(item, &r->object))
        return ex_fail(err, EX_ALTERED, "the ledger's entry of item %s is damaged", item->label);
    return vault_reader_open(act->vault, &r->object, &r->reader, err);
}

void rules_contents_clear(struct rules_contents *r) {
    struct rules_content *c, *next;
    HASH_ITER(hh, r->list, c, next) {
        HASH_DEL(r->list, c);
        free(c->also);
        free(c);
    }
    found_trace_clear(&r->found);
    vault_reader_close(r->reader);
    vault_object_info_clear(&r->object);
    *r = (struct rules_contents){0};
}

/* ---- which contents ---- */

static bool is_wanted(bool space, const struct catalog_trace *row) {
    static const char *const kinds[] = {"file", "member", "stream", "document", "message"};
    if (!row->has_size)
        return false;
    if (strcmp(row->kind, "space") == 0)
        return space;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(row->kind, kinds[i]) == 0)
            return true;
    return false;
}

static void make_key(const struct catalog_trace *row, uint8_t key[static 1 + SHA256_BYTES]) {
    memset(key, 0, 1 + SHA256_BYTES);
    if (row->has_sha256) {
        memcpy(key + 1, row->sha256, SHA256_BYTES);
    } else if (row->has_content_key) {
        key[0] = 1;
        memcpy(key + 1, row->content_key, sizeof row->content_key);
    } else {
        key[0] = 2;
        memcpy(key + 1, row->id, sizeof row->id);
    }
}

static struct rules_copy copy_of(const struct catalog_trace *row) {
    struct rules_copy copy = {.number = row->number};
    memcpy(copy.id, row->id, sizeof copy.id);
    return copy;
}

static ex_code add_also(struct rules_content *c, const struct catalog_trace *row,
                        struct ex_error *err) {
    if (c->also_count == RULES_ALSO_MAX) {
        c->also_left_out++;
        return EX_OK;
    }
    EX_TRY(ex_grow(&c->also, &c->also_capacity, c->also_count + 1, sizeof *c->also,
                   2 * RULES_ALSO_MAX * sizeof *c->also, "traces", err));
    c->also[c->also_count++] = copy_of(row);
    return EX_OK;
}

struct gathering {
    struct rules_contents *all;
    bool space;
};

static ex_code gather(void *context, const struct catalog_trace *row, const struct trace_line *line,
                      struct ex_error *err) {
    struct gathering *g = context;
    struct rules_contents *r = g->all;
    struct rules_content *c = NULL;
    uint8_t key[1 + SHA256_BYTES];
    (void)line;
    if (!is_wanted(g->space, row))
        return EX_OK;
    make_key(row, key);
    HASH_FIND(hh, r->list, key, sizeof key, c);
    if (c != NULL)
        return add_also(c, row, err);
    if (HASH_COUNT(r->list) >= CONTENTS_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d contents", (int)CONTENTS_MAX);
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the contents of the item");
    memcpy(c->key, key, sizeof key);
    c->first = copy_of(row);
    c->size_bytes = row->size;
    c->has_sha256 = row->has_sha256;
    memcpy(c->sha256, row->sha256, sizeof c->sha256);
    HASH_ADD(hh, r->list, key, sizeof c->key, c);
    return EX_OK;
}

ex_code rules_contents_gather(struct rules_contents *r, bool space, struct ex_error *err) {
    struct gathering g = {.all = r, .space = space};
    EX_AUTO(trace_lines_free) struct trace_lines *l = NULL;
    struct vault_object_info o = {0};
    struct trace_totals totals;
    EX_TRY(vault_object(r->act->vault, r->examination->result_id, &o, err));
    ex_code code = trace_lines_new(gather, &g, &l, err);
    if (code == EX_OK)
        code = trace_lines_feed_object(l, r->act->vault, &o, r->act->face->progress, err);
    vault_object_info_clear(&o);
    EX_TRY(code);
    return trace_lines_end(l, &totals, err);
}

/* ---- the bytes of one ---- */

static ex_code append(void *context, const uint8_t *data, size_t size_bytes, struct ex_error *err) {
    struct rules_buffer *b = context;
    if (b->bytes + size_bytes > MADE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "it comes out larger than its trace says");
    EX_TRY(ex_grow(&b->data, &b->capacity, b->bytes + size_bytes, 1, 2 * (size_t)MADE_BYTES_MAX,
                   "a content", err));
    if (size_bytes > 0)
        memcpy(b->data + b->bytes, data, size_bytes);
    b->bytes += size_bytes;
    return EX_OK;
}

static ex_code read_places(struct rules_contents *r, const struct trace_content *c,
                           struct rules_buffer *b, struct ex_error *err) {
    uint64_t end = vault_reader_size(r->reader);
    EX_TRY(ex_grow(&b->data, &b->capacity, (size_t)c->size + 1, 1, 2 * (size_t)MADE_BYTES_MAX,
                   "a content", err));
    for (size_t i = 0; i < c->count; i++) {
        const struct export_range *g = &c->range[i];
        if (!g->hole && (g->offset > end || g->length > end - g->offset))
            return ex_fail(err, EX_ALTERED, "its places are not in the item");
        if (g->hole)
            memset(b->data + b->bytes, 0, (size_t)g->length);
        else if (g->length > 0)
            EX_TRY(vault_reader_read(r->reader, g->offset, b->data + b->bytes, (size_t)g->length,
                                     err));
        b->bytes += (size_t)g->length;
    }
    return EX_OK;
}

/* Its line, and those above it when it has no places of its own. */
static ex_code find_trace(struct rules_contents *r, const struct rules_copy *c,
                          struct ex_error *err) {
    struct found_trace *f = &r->found;
    EX_AUTO_FREE char *path = NULL;
    json_decref(f->line);
    json_decref(f->above);
    f->line = f->above = NULL;
    EX_TRY(trace_source_open(r->act, &f->source, r->examination->entry, err));
    EX_TRY(trace_source_number(r->act, &f->source, c->number, &f->line, &f->row, err));
    if (memcmp(f->row.id, c->id, sizeof c->id) != 0)
        return tracing_fail_catalog(err);
    EX_TRY(trace_source_head(&f->source, &f->head, err));
    memcpy(f->item_id, f->source.item_id, sizeof f->item_id);
    return json_is_array(json_object_get(f->line, "ranges"))
               ? EX_OK
               : trace_above(r->act, f, r->item->object_id, &path, err);
}

static ex_code read_found(struct rules_contents *r, struct trace_content *c, struct rules_buffer *b,
                          const char **ret_reason, struct ex_error *err) {
    *ret_reason = "no-content";
    EX_TRY(trace_content_find(&r->found, c, err));
    trace_content_count_unread(c, &r->object);
    *ret_reason = "unreadable";
    if (c->unread > 0)
        return ex_fail(err, EX_IO, "%" PRIu64 " bytes of it were not read when it was collected",
                       c->unread);
    *ret_reason = "incomplete";
    if (c->placed < c->size)
        return ex_fail(err, EX_UNSUPPORTED, "%" PRIu64 " bytes of it have no place",
                       c->size - c->placed);
    *ret_reason = "damaged";
    return c->way_count == 0
               ? read_places(r, c, b, err)
               : trace_content_make(r->act, &r->object, c, append, b, r->act->face->progress, err);
}

static ex_code check_hash(const struct rules_content *c, const struct rules_buffer *b,
                          struct ex_error *err) {
    uint8_t hash[SHA256_BYTES];
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, b->data, b->bytes);
    sha256_end(&h, hash);
    if (b->bytes != c->size_bytes || (c->has_sha256 && memcmp(hash, c->sha256, sizeof hash) != 0))
        return ex_fail(err, EX_ALTERED, "it is not the content that was examined");
    return EX_OK;
}

/* *ret_reason NULL: *b has it. */
static ex_code read_copy(struct rules_contents *r, const struct rules_content *c,
                         const struct rules_copy *copy, struct rules_buffer *b,
                         const char **ret_reason, struct ex_error *why, struct ex_error *err) {
    struct trace_content content = {0};
    ex_code code = EX_OK;
    *ret_reason = NULL;
    b->bytes = 0;
    EX_TRY(find_trace(r, copy, err));
    if (c->size_bytes > 0)
        code = read_found(r, &content, b, ret_reason, why);
    free(content.range);
    if (code == EX_INTERRUPTED)
        return ex_fail(err, code, "%s", why->text);
    if (code == EX_OK)
        *ret_reason = check_hash(c, b, why) == EX_OK ? NULL : "altered";
    return EX_OK;
}

/* From the first of its traces that can be read; else what is said of the first of all. */
ex_code rules_content_read(struct rules_contents *r, const struct rules_content *c,
                           struct rules_buffer *b, const char **ret_reason, struct ex_error *why,
                           struct ex_error *err) {
    const char *reason = NULL;
    struct ex_error later = {0};
    *ret_reason = NULL;
    if (c->size_bytes > RULES_CONTENT_BYTES_MAX) {
        *ret_reason = "too-large";
        (void)ex_fail(why, EX_LIMIT, "more than %d bytes", (int)RULES_CONTENT_BYTES_MAX);
        return EX_OK;
    }
    EX_TRY(ex_grow(&b->data, &b->capacity, 1, 1, 2 * (size_t)MADE_BYTES_MAX, "a content", err));
    EX_TRY(read_copy(r, c, &c->first, b, ret_reason, why, err));
    for (size_t i = 0; i < c->also_count && *ret_reason != NULL; i++) {
        EX_TRY(read_copy(r, c, &c->also[i], b, &reason, &later, err));
        if (reason == NULL)
            *ret_reason = NULL;
    }
    return EX_OK;
}
