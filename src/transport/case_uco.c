/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §3.1 */
#include "transport/case_uco_internal.h"

#include "base/clock.h"
#include "base/cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_BYTES = 32 };

/* ---- what is true of the input before anything is written ---- */

static ex_code check_history(const struct case_uco_entry *history, size_t count, size_t *rows,
                             struct ex_error *err) {
    *rows += count;
    if (*rows > CASE_UCO_ROWS_MAX)
        return ex_fail(err, EX_LIMIT, "case.jsonld would have more than %d rows of history",
                       CASE_UCO_ROWS_MAX);
    for (size_t i = 0; i < count; i++)
        if (history[i].log == NULL || history[i].event == NULL)
            return ex_fail(err, EX_INTERNAL, "an entry for case.jsonld has no ledger or event");
    return EX_OK;
}

static ex_code check_item(const struct case_uco_item *i, struct ex_error *err) {
    bool described = i->sha256 != NULL && i->fsverity != NULL && i->path != NULL;
    if (i->id == NULL || i->label == NULL || i->history_count == 0 || (!i->physical && !described))
        return ex_fail(err, EX_INTERNAL, "an item for case.jsonld is not described");
    return EX_OK;
}

static ex_code check(const struct case_uco *c, struct ex_error *err) {
    size_t rows = 0;
    if (c->package_id == NULL || c->log == NULL || c->officer_id == NULL || c->program == NULL ||
        c->case_id == NULL || c->item_count == 0)
        return ex_fail(err, EX_INTERNAL, "a package for case.jsonld is not described");
    EX_TRY(check_history(c->case_history, c->case_history_count, &rows, err));
    for (size_t i = 0; i < c->item_count; i++) {
        EX_TRY(check_item(&c->items[i], err));
        EX_TRY(check_history(c->items[i].history, c->items[i].history_count, &rows, err));
    }
    return EX_OK;
}

/* ---- the package and its case ---- */

static void put_bundle(struct uco_graph *g, const struct case_uco *c) {
    struct uco_iri iri = uco_iri_of("package", c->package_id, NULL);
    struct uco_iri number = uco_iri_of("package-id", c->package_id, NULL);
    json_t *node = uco_node(g, &iri, "uco-core:Bundle");
    g->bundle = node;
    uco_set_text(g, node, "uco-core:name", "Contents of a package");
    uco_describe(g, node, NULL,
                 "What ledger entries say about the items of this package. It proves nothing by "
                 "itself: the entries, their signatures and proofs are in exhibit/excerpt.");
    uco_set_time(g, node, "uco-core:objectCreatedTime", c->created_ns);
    uco_add_identifier(g, node, &number, "package id", c->package_id);
    struct uco_iri maker = uco_officer(g, c->log, c->officer_id, c->officer_name, c->agency);
    uco_set_ref(g, node, "uco-core:createdBy", &maker);
    (void)uco_tool(g, c->program, c->version);
}

struct uco_iri uco_investigation(struct uco_graph *g, const struct case_uco *c) {
    struct uco_iri iri = uco_iri_of("case", c->case_id, NULL);
    json_t *node = uco_object(g, &iri, "case-investigation:Investigation");
    if (node == NULL)
        return iri;
    uco_set_text(g, node, "uco-core:name", c->case_title);
    uco_set_text(g, node, "case-investigation:investigationForm", "case");
    struct uco_iri number = uco_iri_of("case-number", c->case_id, NULL);
    if (c->case_number != NULL)
        uco_add_identifier(g, node, &number, c->agency != NULL ? c->agency : c->log,
                           c->case_number);
    return iri;
}

/* ---- items ---- */

static void set_count(struct uco_graph *g, json_t *node, const char *key, uint64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    uco_set_typed(g, node, key, "xsd:integer", text);
}

/* Size and hashes of the content, as a facet of a node. */
static void put_content(struct uco_graph *g, json_t *node, const char *of,
                        const struct case_uco_item *i) {
    char hex[2 * DIGEST_BYTES + 1];
    struct uco_iri facet = uco_iri_of("content", of, i->id, NULL);
    struct uco_iri hash = uco_iri_of("sha256", of, i->id, NULL);
    json_t *f = uco_node(g, &facet, "uco-observable:ContentDataFacet");
    json_t *h = uco_node(g, &hash, "uco-types:Hash");
    uco_set_text(g, h, "uco-types:hashMethod", "SHA256");
    uco_set_typed(g, h, "uco-types:hashValue", "xsd:hexBinary",
                  ex_hex(hex, i->sha256, DIGEST_BYTES));
    set_count(g, f, "uco-observable:sizeInBytes", i->size_bytes);
    uco_add_ref(g, f, "uco-observable:hash", &hash);
    uco_add_ref(g, node, "uco-core:hasFacet", &facet);
}

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The copy in this package. */
static void put_payload(struct uco_graph *g, const char *package_id, const struct case_uco_item *i,
                        const struct uco_iri *item) {
    struct uco_iri iri = uco_iri_of("payload", package_id, i->id, NULL);
    struct uco_iri facet = uco_iri_of("payload-file", package_id, i->id, NULL);
    struct uco_iri tie = uco_iri_of("payload-of", package_id, i->id, NULL);
    json_t *node = uco_object(g, &iri, "uco-observable:File");
    json_t *f = uco_node(g, &facet, "uco-observable:FileFacet");
    uco_set_text(g, f, "uco-observable:fileName", last_component(i->path));
    uco_set_text(g, f, "uco-observable:filePath", i->path);
    set_count(g, f, "uco-observable:sizeInBytes", i->size_bytes);
    uco_add_ref(g, node, "uco-core:hasFacet", &facet);
    put_content(g, node, package_id, i);
    uco_relate(g, &tie, "uco-observable:ObservableRelationship", item, &iri, "Contained_Within");
}

/* A time of the source, where the ledger has one. */
static void set_source_time(struct uco_graph *g, json_t *node, const char *key, const char *text) {
    int64_t utc_ns;
    if (text != NULL && ex_time_parse(text, strlen(text), &utc_ns))
        uco_set_time(g, node, key, utc_ns);
}

/* What the content was read from. Its hash today is nobody's claim. */
static void put_source(struct uco_graph *g, const struct case_uco_item *i,
                       const struct uco_iri *item) {
    bool file = strcmp(i->source_kind, "file") == 0;
    struct uco_iri iri = uco_iri_of("source", i->id, NULL);
    struct uco_iri facet = uco_iri_of("source-file", i->id, NULL);
    json_t *node =
        uco_object(g, &iri, file ? "uco-observable:File" : "uco-observable:ObservableObject");
    uco_describe(g, node, "source", i->source_kind);
    if (file && i->source_path != NULL) {
        json_t *f = uco_node(g, &facet, "uco-observable:FileFacet");
        uco_set_text(g, f, "uco-observable:fileName", last_component(i->source_path));
        uco_set_text(g, f, "uco-observable:filePath", i->source_path);
        set_source_time(g, f, "uco-observable:modifiedTime", i->source_modified);
        set_source_time(g, f, "uco-observable:metadataChangeTime", i->source_changed);
        set_source_time(g, f, "uco-observable:accessedTime", i->source_accessed);
        uco_add_ref(g, node, "uco-core:hasFacet", &facet);
    }
    uco_add_ref(g, json_object_get(g->seen, item->text), "case-investigation:wasDerivedFrom", &iri);
}

static void put_bytes_of(struct uco_graph *g, json_t *node, const struct case_uco_item *i) {
    char text[2 * DIGEST_BYTES + 1];
    char missing[96];
    struct uco_iri verity = uco_iri_of("fsverity", i->id, NULL);
    put_content(g, node, "item", i);
    uco_add_identifier(g, node, &verity,
                       "fs-verity digest of the content: SHA-256, 4096-byte blocks, no salt",
                       ex_hex(text, i->fsverity, DIGEST_BYTES));
    (void)snprintf(missing, sizeof missing, "%" PRIu64 " bytes in %" PRIu64 " ranges",
                   i->unreadable_bytes, i->unreadable_ranges);
    if (i->unreadable_bytes > 0)
        uco_describe(g, node, "never read at collection, and no content", missing);
}

struct uco_iri uco_item(struct uco_graph *g, const struct case_uco_item *i) {
    struct uco_iri iri = uco_iri_of("item", i->id, NULL);
    struct uco_iri number = uco_iri_of("item-id", i->id, NULL);
    struct uco_iri serial = uco_iri_of("serial-number", i->id, NULL);
    json_t *node =
        uco_object(g, &iri, i->physical ? "uco-core:Item" : "uco-observable:ContentData");
    if (node == NULL)
        return iri;
    uco_add_identifier(g, node, &number, "item id", i->id);
    uco_describe(g, node, NULL, i->label_text);
    if (!i->physical)
        put_bytes_of(g, node, i);
    else if (i->serial_number != NULL)
        uco_add_identifier(g, node, &serial, "serial number", i->serial_number);
    if (!i->physical && i->source_kind != NULL)
        put_source(g, i, &iri);
    return iri;
}

/* ---- all of it ---- */

static ex_code put_all(struct uco_graph *g, const struct case_uco *c, char **ret, size_t *ret_bytes,
                       struct ex_error *err) {
    put_bundle(g, c);
    (void)uco_investigation(g, c);
    for (size_t i = 0; i < c->item_count; i++) {
        struct uco_iri item = uco_item(g, &c->items[i]);
        if (!c->items[i].physical)
            put_payload(g, c->package_id, &c->items[i], &item);
    }
    EX_TRY(uco_put_acts(g, c, err));
    return uco_graph_text(g, ret, ret_bytes, err);
}

ex_code case_uco_write(const struct case_uco *c, char **ret, size_t *ret_bytes,
                       struct ex_error *err) {
    struct uco_graph g;
    EX_TRY(check(c, err));
    EX_TRY(uco_graph_init(&g, err));
    ex_code code = put_all(&g, c, ret, ret_bytes, err);
    uco_graph_clear(&g);
    return code;
}
