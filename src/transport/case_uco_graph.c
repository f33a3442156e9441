/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §3.1 */
#include "transport/case_uco_internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <inttypes.h>
#include <nettle/sha1.h>
#include <stdarg.h>
#include <stdio.h>

/* RFC 9562 §6.6: the name space of URLs. */
static const uint8_t NAME_SPACE[16] = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                       0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

static const char *const PREFIXES[][2] = {
    {"case-investigation", "https://ontology.caseontology.org/case/investigation/"},
    {"uco-action", "https://ontology.unifiedcyberontology.org/uco/action/"},
    {"uco-core", "https://ontology.unifiedcyberontology.org/uco/core/"},
    {"uco-identity", "https://ontology.unifiedcyberontology.org/uco/identity/"},
    {"uco-observable", "https://ontology.unifiedcyberontology.org/uco/observable/"},
    {"uco-tool", "https://ontology.unifiedcyberontology.org/uco/tool/"},
    {"uco-types", "https://ontology.unifiedcyberontology.org/uco/types/"},
    {"xsd", "http://www.w3.org/2001/XMLSchema#"},
};

ex_code uco_graph_init(struct uco_graph *g, struct ex_error *err) {
    *g = (struct uco_graph){.nodes = json_array(), .seen = json_object()};
    if (g->nodes != NULL && g->seen != NULL)
        return EX_OK;
    uco_graph_clear(g);
    return ex_fail(err, EX_NOMEM, "no memory for case.jsonld");
}

void uco_graph_clear(struct uco_graph *g) {
    json_decref(g->nodes);
    json_decref(g->seen);
    g->nodes = g->seen = NULL;
}

static json_t *context_new(void) {
    json_t *context = json_object();
    for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++)
        if (json_object_set_new(context, PREFIXES[i][0], json_string(PREFIXES[i][1])) != 0) {
            json_decref(context);
            return NULL;
        }
    return context;
}

ex_code uco_graph_text(struct uco_graph *g, char **ret, size_t *ret_bytes, struct ex_error *err) {
    json_t *document = g->failed ? NULL : json_pack("{s:o}", "@context", context_new());
    char *text = NULL;
    if (document != NULL && json_object_set(document, "@graph", g->nodes) == 0)
        text = json_dumps(document, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(document);
    size_t size = text != NULL ? strlen(text) : 0;
    char *line = text != NULL ? realloc(text, size + 2) : NULL;
    if (line == NULL) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for case.jsonld");
    }
    memcpy(line + size, "\n", 2);
    *ret = line;
    *ret_bytes = size + 1;
    return EX_OK;
}

/* ---- names ---- */

static void hash_word(struct sha1_ctx *h, const char *word) {
    sha1_update(h, 1, (const uint8_t *)" ");
    sha1_update(h, strlen(word), (const uint8_t *)word);
}

static void name_begin(struct sha1_ctx *h) {
    sha1_init(h);
    sha1_update(h, sizeof NAME_SPACE, NAME_SPACE);
    sha1_update(h, strlen("exhibit"), (const uint8_t *)"exhibit");
}

/* RFC 9562 §5.5 */
static struct uco_iri name_end(struct sha1_ctx *h) {
    uint8_t u[16];
    sha1_digest(h, sizeof u, u);
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x50);
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
    struct uco_iri iri;
    (void)snprintf(iri.text, sizeof iri.text,
                   "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
                   u[13], u[14], u[15]);
    return iri;
}

struct uco_iri uco_iri_of(const char *word, ...) {
    struct sha1_ctx h;
    name_begin(&h);
    va_list words;
    va_start(words, word);
    for (const char *w = word; w != NULL; w = va_arg(words, const char *))
        hash_word(&h, w);
    va_end(words);
    return name_end(&h);
}

struct uco_iri uco_iri_entry(const char *word, const struct case_uco_entry *e, const char *more) {
    char index[24];
    (void)snprintf(index, sizeof index, "%" PRIu64, e->index);
    return uco_iri_of(word, e->log, index, more, NULL);
}

/* ---- values ---- */

/* The length of the UTF-8 character that begins here, 0 when it is none: jansson is the judge. */
static size_t character(const char *s) {
    size_t left = strnlen(s, 4);
    for (size_t size = 1; size <= left; size++) {
        json_t *one = json_stringn(s, size);
        json_decref(one);
        if (one != NULL)
            return size;
    }
    return 0;
}

/* Somebody's text as a JSON string; NULL for want of memory. */
static json_t *string_new(const char *bytes) {
    json_t *plain = json_string(bytes);
    if (plain != NULL)
        return plain;
    size_t size = strlen(bytes), used = 0;
    EX_AUTO_FREE char *text = malloc(3 * size + 1);
    for (size_t i = 0; text != NULL && i < size;) {
        size_t one = character(bytes + i);
        memcpy(text + used, one > 0 ? bytes + i : "\xef\xbf\xbd", one > 0 ? one : 3);
        used += one > 0 ? one : 3;
        i += one > 0 ? one : 1;
    }
    return text != NULL ? json_stringn(text, used) : NULL;
}

json_t *uco_node(struct uco_graph *g, const struct uco_iri *iri, const char *type) {
    if (json_object_get(g->seen, iri->text) != NULL)
        return NULL;
    json_t *node = json_pack("{s:s, s:s}", "@id", iri->text, "@type", type);
    if (node == NULL || json_object_set(g->seen, iri->text, node) != 0 ||
        json_array_append(g->nodes, node) != 0)
        g->failed = true;
    json_decref(node);
    return g->failed ? NULL : node;
}

json_t *uco_object(struct uco_graph *g, const struct uco_iri *iri, const char *type) {
    json_t *node = uco_node(g, iri, type);
    if (node != NULL)
        uco_add_ref(g, g->bundle, "uco-core:object", iri);
    return node;
}

static void set(struct uco_graph *g, json_t *node, const char *key, json_t *value) {
    if (json_object_set_new(node, key, value) != 0)
        g->failed = true;
}

void uco_set_text(struct uco_graph *g, json_t *node, const char *key, const char *text) {
    if (node != NULL && text != NULL)
        set(g, node, key, string_new(text));
}

void uco_set_typed(struct uco_graph *g, json_t *node, const char *key, const char *type,
                   const char *value) {
    if (node != NULL)
        set(g, node, key, json_pack("{s:s, s:s}", "@type", type, "@value", value));
}

void uco_set_time(struct uco_graph *g, json_t *node, const char *key, int64_t utc_ns) {
    char text[EX_TIME_TEXT_BYTES];
    uco_set_typed(g, node, key, "xsd:dateTime", ex_time_text(text, utc_ns));
}

void uco_set_ref(struct uco_graph *g, json_t *node, const char *key, const struct uco_iri *to) {
    if (node != NULL)
        set(g, node, key, json_pack("{s:s}", "@id", to->text));
}

static void add(struct uco_graph *g, json_t *node, const char *key, json_t *value) {
    json_t *list = json_object_get(node, key);
    if (list == NULL) {
        set(g, node, key, json_array());
        list = json_object_get(node, key);
    }
    if (json_array_append_new(list, value) != 0)
        g->failed = true;
}

void uco_add_ref(struct uco_graph *g, json_t *node, const char *key, const struct uco_iri *to) {
    if (node != NULL)
        add(g, node, key, json_pack("{s:s}", "@id", to->text));
}

void uco_describe(struct uco_graph *g, json_t *node, const char *name, const char *text) {
    if (node == NULL || text == NULL || text[0] == '\0')
        return;
    if (name == NULL) {
        add(g, node, "uco-core:description", string_new(text));
        return;
    }
    EX_AUTO_FREE char *line = NULL;
    if (asprintf(&line, "%s: %s", name, text) < 0) {
        line = NULL;
        g->failed = true;
        return;
    }
    add(g, node, "uco-core:description", string_new(line));
}

/* ---- nodes of one kind ---- */

void uco_add_identifier(struct uco_graph *g, json_t *node, const struct uco_iri *iri,
                        const char *defined_by, const char *identifier) {
    json_t *reference = node != NULL ? uco_node(g, iri, "uco-core:ExternalReference") : NULL;
    uco_set_text(g, reference, "uco-core:definingContext", defined_by);
    uco_set_text(g, reference, "uco-core:externalIdentifier", identifier);
    uco_add_ref(g, node, "uco-core:externalReference", iri);
}

void uco_relate(struct uco_graph *g, const struct uco_iri *iri, const char *type,
                const struct uco_iri *from, const struct uco_iri *to, const char *kind) {
    json_t *node = uco_object(g, iri, type);
    uco_set_ref(g, node, "uco-core:source", from);
    uco_set_ref(g, node, "uco-core:target", to);
    uco_set_text(g, node, "uco-core:kindOfRelationship", kind);
    if (node != NULL)
        set(g, node, "uco-core:isDirectional", json_true());
}

struct uco_iri uco_officer(struct uco_graph *g, const char *log, const char *id, const char *name,
                           const char *agency) {
    struct uco_iri person = uco_iri_of("officer", log, id, NULL);
    json_t *node = uco_object(g, &person, "uco-identity:Person");
    struct uco_iri number = uco_iri_of("officer-id", log, id, NULL);
    uco_add_identifier(g, node, &number, log, id);
    node = json_object_get(g->seen, person.text);
    if (json_object_get(node, "uco-core:name") == NULL)
        uco_set_text(g, node, "uco-core:name", name);
    if (agency == NULL)
        return person;
    struct uco_iri organization = uco_iri_of("agency", log, agency, NULL);
    uco_set_text(g, uco_object(g, &organization, "uco-identity:Organization"), "uco-core:name",
                 agency);
    struct uco_iri tie = uco_iri_of("acts-for", log, id, agency, NULL);
    uco_relate(g, &tie, "uco-core:Relationship", &person, &organization, "Acts_For");
    return person;
}

struct uco_iri uco_tool(struct uco_graph *g, const char *program, const char *version) {
    struct uco_iri iri = uco_iri_of("program", version != NULL ? version : "", program, NULL);
    json_t *node = uco_object(g, &iri, "uco-tool:Tool");
    uco_set_text(g, node, "uco-core:name", program);
    uco_set_text(g, node, "uco-tool:version", version);
    return iri;
}
