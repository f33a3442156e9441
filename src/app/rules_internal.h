/* SPDX-License-Identifier: Apache-2.0 */
/* YARA rules of a vault, and what a scan with them found (docs/rules.md, format/rule-matches). The
 * ledger says which rules there are; the objects that it names hold their text. */
#ifndef EXHIBIT_APP_RULES_INTERNAL_H
#define EXHIBIT_APP_RULES_INTERNAL_H

#include "app/examining_internal.h"
#include "sandbox/sandbox.h"

enum {
    /* as parsers/rules/rules.h has them */
    RULES_PARSER_VERSION = 2,
    RULES_TEXT_BYTES_MAX = 16 << 20,
    RULES_FILES_MAX = 48,
    RULES_CONTENT_BYTES_MAX = 256 << 20,
    RULES_MATCHES_MAX = 1000,

    RULES_NAME_BYTES = 128,
    RULES_LINE_BYTES_MAX = 1 << 20,
    RULES_FORMAT_VERSION = 1,
    RULES_SECONDS = 60,      /* that libyara gets for one content */
    RULES_ALSO_MAX = 100,    /* further traces of one content that its lines list */
    RULES_LISTED_MAX = 1000, /* places and strings in a line */
    RULES_LISTED_FEW = 10,   /* places, once the stream is long */
    RULES_BYTES_MAX = 64,    /* of one place */
    RULES_META_MAX = 64,     /* and tags */
    RULES_META_BYTES_MAX = 1024
};
#define RULES_RESULT_BYTES_MAX ((uint64_t)1 << 30) /* of the stream */
/* From here on matches have few places, and from there on there are none: the rest is for what is
 * said of contents without them. */
#define RULES_RESULT_BYTES_LONG ((uint64_t)256 << 20)
#define RULES_RESULT_BYTES_FULL ((uint64_t)512 << 20)

/* ---- which there are: rules.c ---- */

struct held_rules {
    char *name;
    uint64_t entry;
    uint8_t object_id[SHA256_BYTES], sha256[SHA256_BYTES];
    uint64_t size_bytes;
    char *sizes;  /* of its files: "120,88" */
    json_t *json; /* `rules` as the entry has it */
};
struct held_rules_list {
    size_t count, capacity;
    struct held_rules *list;
    uint64_t entries_lost; /* whose body cannot be had */
};
EX_MUST_USE ex_code rules_load(struct act *act, struct held_rules_list *ret, struct ex_error *err);
void rules_clear(struct held_rules_list *l);
EX_MUST_USE ex_code rules_find(const struct held_rules_list *l, const char *name,
                               const struct held_rules **ret, struct ex_error *err);
/* "120,88" of the files that `sources` lists; false: they are not as they must be. */
bool rules_sizes(const json_t *sources, char **ret);
/* The text of the object, compared with the hash that the ledger has; size_bytes, no NUL. */
EX_MUST_USE ex_code rules_text(struct act *act, const struct held_rules *r, uint8_t **ret,
                               struct ex_error *err);
/* The line for people of an entry about rules; false: it is none. */
bool rules_summary(const struct entry *e, json_t *what, char *to, size_t size);

/* ---- an object of bytes in memory: rules_holding.c ---- */

struct rules_put {
    struct vault_object_info object;
    struct vault_put_report report;
    struct vault_work *work;
};
EX_MUST_USE ex_code rules_hold(struct act *act, const char *name, const uint8_t *data,
                               uint64_t size_bytes, struct rules_put *ret, struct ex_error *err);
void rules_put_clear(struct rules_put *p);

/* ---- the worker: rules_worker.c ---- */

/* One rule, as the compiler has it. */
struct rule_about {
    char *name, *space;
    json_t *tags, *meta; /* format/rule-matches §3 */
    uint64_t tags_left_out, meta_left_out;
};

struct rules_worker {
    struct act *act;
    const uint8_t *text; /* the caller's */
    uint64_t text_bytes;
    const char *sizes;
    struct sandbox_nursery *nursery;
    struct sandbox *sandbox; /* NULL: none was started, or it was lost */
    unsigned scanned;        /* by this one */
    size_t rule_count, rule_capacity;
    struct rule_about *rule;
    char library[64], confinement[256];
    uint64_t restarts;
    unsigned input; /* that is the content now */
    const uint8_t *content;
    uint64_t content_bytes;
};
/* Compiles; the rules are then in w->rule. EX_FORMAT, EX_UNSUPPORTED, EX_LIMIT: what is wrong. */
EX_MUST_USE ex_code rules_worker_open(struct rules_worker *w, struct act *act, const uint8_t *text,
                                      uint64_t text_bytes, const char *sizes, struct ex_error *err);
void rules_worker_clear(struct rules_worker *w);

/* A place, checked to be inside of the content. */
struct rule_place {
    uint32_t string; /* of rule_found.string */
    uint64_t offset, length;
};
struct rule_string {
    char id[RULES_NAME_BYTES + 1];
    uint64_t count;
};
struct rule_found {
    const struct rule_about *rule;
    size_t string_count, place_count;
    struct rule_string *string; /* RULES_LISTED_MAX each */
    struct rule_place *place;
    uint64_t strings_left_out;
};
typedef ex_code rule_found_fn(void *context, const struct rule_found *f, struct ex_error *err);
/* Scans a content; `each` gets what matched, once all of it is known. *ret_reason NULL: it was
 * scanned; otherwise a word of format/rule-matches §4, `why` the text, and nothing was given. */
EX_MUST_USE ex_code rules_worker_scan(struct rules_worker *w, const uint8_t *data,
                                      uint64_t size_bytes, rule_found_fn *each, void *context,
                                      const char **ret_reason, struct ex_error *why,
                                      struct ex_error *err);

/* ---- the stream: rules_result.c ---- */

struct rules_totals {
    uint64_t contents, scanned, matched, matches, not_scanned, bytes;
    uint64_t not_listed; /* of those not scanned: the stream has no room for a line */
};
/* One line, with what is around it, checked as far as a reader uses it. */
typedef ex_code rules_line_fn(void *context, json_t *line, struct ex_error *err);
/* EX_FORMAT: it is not as format/rule-matches says. *ret_head is the caller's to free. */
EX_MUST_USE ex_code rules_result_read(const uint8_t *data, uint64_t size_bytes, rules_line_fn *each,
                                      void *context, json_t **ret_head, struct rules_totals *ret,
                                      struct ex_error *err);
json_t *rules_totals_json(const struct rules_totals *t);
/* What a line says of one rule that matched, with at most so many places. The caller sets what is of the content. */
void rules_match_json(json_t *line, const struct rule_found *f, size_t places_max,
                      const uint8_t *content);
/* All of an object, at most limit_bytes. The caller frees. */
EX_MUST_USE ex_code rules_read_object(struct act *act, const uint8_t id[static SHA256_BYTES],
                                      uint64_t limit_bytes, uint8_t **ret, uint64_t *ret_bytes,
                                      struct ex_error *err);

#endif
