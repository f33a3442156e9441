/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXHIBIT_PARSERS_PDF_PDF_INTERNAL_H
#define EXHIBIT_PARSERS_PDF_PDF_INTERNAL_H

#include "base/mem.h"
#include "parsers/pdf/library.h"
#include "parsers/shared/tell.h"

enum {
    PDF_NODES_MAX = 100000, /* of all trees of one version together */
    PDF_DEPTH_MAX = 32,
    PDF_RECORDS_MAX = 20000, /* notes, links, fields, actions of one version */
    PDF_FILES_MAX = 4096,
    PDF_REVISIONS_MAX = 32,
    PDF_ENDS_MAX = 4096,
    PDF_LAYER_NAMES_MAX = 64,
    PDF_VALUES_MAX = 100 /* of one field */
};
#define PDF_TEXT_BYTES_MAX  ((uint64_t)256 << 20) /* of one version */
#define PDF_FILE_BYTES_MAX  ((uint64_t)4 << 30)   /* of one attached file */
#define PDF_FILES_BYTES_MAX ((uint64_t)16 << 30)  /* of all of one version */
/* Of beginnings of the file together that turned out to be no versions. */
#define PDF_NO_VERSION_BYTES_MAX ((uint64_t)1 << 30)

static inline void pdfl_value_free_auto(struct pdfl_value **v) {
    pdfl_value_free(*v);
}
static inline void pdfl_free_auto(struct pdfl **d) {
    pdfl_free(*d);
}
#define VALUE EX_AUTO(pdfl_value_free) struct pdfl_value

/* One version of the file. */
struct pdf {
    struct parser_run *run;
    struct pdfl *doc;
    uint64_t size_bytes;     /* of the version */
    uint32_t parent;         /* under which it is told: 0, or the document that is its version */
    unsigned nodes, records; /* of what is told now: pdf_next_kind() */
    unsigned record, files, scripts, links, notes, fields, hidden_layers;
    struct {
        int specification, stream; /* objects that were told together */
    } seen_file[PDF_FILES_MAX];
    uint64_t files_bytes;
    unsigned texts_cut, texts_unread;
    bool lost;    /* its trailer is ours */
    bool cut;     /* a limit ends what is told now */
    bool was_cut; /* it ended something, or left it out */
};

/* An end of a version, and where its table is said to be. */
struct pdf_end {
    uint64_t at, table;
};
struct pdf_ends {
    struct pdf_end end[PDF_ENDS_MAX]; /* the last ones, number i at i % PDF_ENDS_MAX */
    uint64_t seen, marks;             /* of all */
    uint64_t text_ends;               /* behind the last byte that is no white space */
    bool last_is_end;                 /* the last "startxref" has a number */
};

/* ---- strings.c ---- */

/* A text string (ISO 32000-1 §7.9.2.2) in UTF-8; the caller frees *ret. Cut at
 * PARSER_VALUE_BYTES_MAX, which is counted in p->texts_cut. */
EX_MUST_USE ex_code pdf_text(struct pdf *p, const char *bytes, size_t size, char **ret,
                             size_t *ret_size, struct ex_error *err);
/* The string or name `key` of `from`, as the text `name` of the last trace; nothing when there is
 * none. */
EX_MUST_USE ex_code pdf_tell_string(struct pdf *p, const struct pdfl_value *from, const char *key,
                                    const char *name, struct ex_error *err);
/* The same of a value itself, a string, name, number or stream of text. */
EX_MUST_USE ex_code pdf_tell_value(struct pdf *p, const struct pdfl_value *v, const char *name,
                                   struct ex_error *err);
/* A date (§7.9.4) as time and as written; what is none as NAME-as-written alone. */
EX_MUST_USE ex_code pdf_tell_date(struct pdf *p, const struct pdfl_value *from, const char *key,
                                  enum parser_time what, const char *name, const char *source,
                                  struct ex_error *err);
struct pdf_date {
    int64_t seconds;
    uint64_t resolution_ns;
    bool local;
};
bool pdf_date_parse(const char *text, size_t size, struct pdf_date *ret);
bool pdf_is_name(const struct pdfl_value *from, const char *key, const char *name);

/* ---- facts.c ---- */

EX_MUST_USE ex_code pdf_tell_facts(struct pdf *p, struct ex_error *err);
EX_MUST_USE ex_code pdf_tell_encryption(struct pdf *p, bool denied, struct ex_error *err);
EX_MUST_USE ex_code pdf_tell_packet(struct pdf *p, struct ex_error *err); /* XMP, as a member */

/* ---- files.c ---- */

/* A stream's content as a member. */
EX_MUST_USE ex_code pdf_tell_stream(struct pdf *p, const struct pdfl_value *stream, const char *key,
                                    const char *name, size_t name_bytes, struct ex_error *err);
EX_MUST_USE ex_code pdf_tell_file(struct pdf *p, const struct pdfl_value *specification,
                                  const char *from, unsigned page, struct ex_error *err);
EX_MUST_USE ex_code pdf_tell_files(struct pdf *p, struct ex_error *err);
/* Those that `owner`, the document, a page or an annotation, names in its AF (ISO 32000-2 §14.13).
 */
EX_MUST_USE ex_code pdf_tell_associated(struct pdf *p, const struct pdfl_value *owner,
                                        unsigned page, struct ex_error *err);

/* ---- tree.c ---- */

typedef ex_code pdf_leaf_fn(struct pdf *p, const char *name, size_t name_bytes,
                            const struct pdfl_value *value, struct ex_error *err);
/* A name tree (§7.9.6): all of its names, in its order, each node once. */
EX_MUST_USE ex_code pdf_walk_names(struct pdf *p, const struct pdfl_value *root, pdf_leaf_fn *leaf,
                                   struct ex_error *err);
/* One more node: false when there were too many, which is told in the end. */
bool pdf_node(struct pdf *p);
/* One more record likewise. */
bool pdf_record(struct pdf *p);
/* Another kind of thing is told from here on: what cut the last one short does not touch it. */
void pdf_next_kind(struct pdf *p);

/* ---- notes.c, actions.c ---- */

EX_MUST_USE ex_code pdf_tell_notes(struct pdf *p, struct ex_error *err); /* of all pages */
EX_MUST_USE ex_code pdf_tell_fields(struct pdf *p, struct ex_error *err);
/* Texts of the last trace that say what an action does, and of what kind those behind it are. */
EX_MUST_USE ex_code pdf_tell_action(struct pdf *p, const struct pdfl_value *action,
                                    struct ex_error *err);
/* A record for each of those behind it. */
EX_MUST_USE ex_code pdf_tell_followers(struct pdf *p, const struct pdfl_value *action,
                                       const char *where, unsigned number, struct ex_error *err);
/* A way to a place in the document, and nothing behind it. */
bool pdf_only_leads(const struct pdfl_value *action);
/* Of an object's additional actions and action, a record each, but for those of `not`. */
EX_MUST_USE ex_code pdf_tell_triggers(struct pdf *p, const struct pdfl_value *of, const char *where,
                                      unsigned number, struct ex_error *err);
EX_MUST_USE ex_code pdf_tell_actions(struct pdf *p, struct ex_error *err); /* of the document */

/* ---- body.c ---- */

/* The text of all pages as the content of the last trace, with what is to be said of it. */
EX_MUST_USE ex_code pdf_tell_body(struct pdf *p, uint32_t trace, struct ex_error *err);
EX_MUST_USE ex_code pdf_tell_layers(struct pdf *p, uint32_t trace, struct ex_error *err);

/* ---- revisions.c ---- */

/* Into *e, which is all zeros. */
EX_MUST_USE ex_code pdf_find_ends(struct parser_run *run, struct pdf_ends *e, struct ex_error *err);
bool pdf_has_table(struct parser_run *run, const struct pdf_end *end);
/* A trailer that names the last catalog whose object can be seen; false: there is none. */
bool pdf_find_trailer(struct parser_run *run, char *ret, size_t size_bytes);

#endif
