/* SPDX-License-Identifier: Apache-2.0 */
/* What examinations found, as app/ uses it: the lines of a result (format/traces.md), and what the
 * ledger, the catalog and the vault say of them. */
#ifndef EXHIBIT_APP_EXAMINING_INTERNAL_H
#define EXHIBIT_APP_EXAMINING_INTERNAL_H

#include "app/act_internal.h"
#include "catalog/traces.h"
#include "formats/trace_line.h"
#include "vault/reader.h"

/* ---- a result, line by line: trace_lines.c ---- */

enum { TRACE_LINE_BYTES_MAX = 1 << 20 };

struct trace_totals { /* of the end */
    uint64_t traces, errors;
    bool truncated;
};

struct trace_lines;
/* `row` lives until the callback returns, as what it points to and `line` do; its `entry` is 0. */
typedef ex_code trace_line_fn(void *context, const struct catalog_trace *row,
                              const struct trace_line *line, struct ex_error *err);
EX_MUST_USE ex_code trace_lines_new(trace_line_fn *each, void *context, struct trace_lines **ret,
                                    struct ex_error *err);
void trace_lines_free(struct trace_lines *l);
EX_DEFINE_AUTO(struct trace_lines, trace_lines_free);
/* The next bytes of the stream, in any pieces. EX_FORMAT: it is not as traces.md says. */
EX_MUST_USE ex_code trace_lines_feed(struct trace_lines *l, const uint8_t *data, size_t size_bytes,
                                     struct ex_error *err);
/* All of an object. EX_FORMAT, or as vault_stream() fails; EX_ALTERED, EX_MISSING: a piece of it
 * cannot be had. */
EX_MUST_USE ex_code trace_lines_feed_object(struct trace_lines *l, struct vault *v,
                                            const struct vault_object_info *o,
                                            struct ex_progress *progress, struct ex_error *err);
/* After the last byte. EX_FORMAT: it does not end as a whole one does. */
EX_MUST_USE ex_code trace_lines_end(struct trace_lines *l, struct trace_totals *ret,
                                    struct ex_error *err);
/* The first line; NULL before it was fed. */
json_t *trace_lines_head(const struct trace_lines *l);
/* One line of it. EX_FORMAT. *row points into `texts`, which has room for size_bytes. */
EX_MUST_USE ex_code trace_line_parse(const char *text, size_t size_bytes, char *texts,
                                     struct catalog_trace *row, struct ex_error *err);

/* ---- of the projection: project_traces.c ---- */

/* The outcome of an examination that holds its result. */
bool examining_is_result(const struct entry *e);
/* The same, or of a scan with rules: an object that goes with its item. */
bool examining_is_kept(const struct entry *e);
EX_MUST_USE ex_code project_examination(struct act *act, const struct entry *e, json_t *what,
                                        struct ex_error *err);
EX_MUST_USE ex_code project_disposal(struct act *act, const struct entry *e, struct ex_error *err);

/* ---- asking: tracing.c ---- */

/* Lines of traces, after a look at what the ledger says of their entry. */
struct trace_source {
    uint64_t entry; /* 0: none is open */
    uint8_t item_id[ENTRY_ID_BYTES], result_id[SHA256_BYTES];
    struct vault_reader *reader;
    char *line, *texts; /* of the last line, and what it says */
    size_t line_capacity, texts_capacity;
    json_t *head; /* the first line; NULL: nobody asked for it yet */
};
void trace_source_close(struct trace_source *s);
EX_MUST_USE ex_code trace_source_open(struct act *act, struct trace_source *s, uint64_t entry,
                                      struct ex_error *err);
/* The result's first line, which is the source's. What stood in `line` is gone. */
EX_MUST_USE ex_code trace_source_head(struct trace_source *s, json_t **ret, struct ex_error *err);
/* The trace as its line says; *ret lives until the next one or the end of `s`. */
EX_MUST_USE ex_code trace_source_row(struct trace_source *s, const struct catalog_trace *where,
                                     struct catalog_trace *ret, struct ex_error *err);
/* The same with the whole line, which the caller frees and *ret points into. */
EX_MUST_USE ex_code trace_source_line(struct trace_source *s, const struct catalog_trace *where,
                                      json_t **ret_line, struct catalog_trace *ret,
                                      struct ex_error *err);
/* The trace of a number, of which the catalog must say the same as its line: otherwise EX_ALTERED.
 * The line is the caller's to free, and *ret points into it. */
EX_MUST_USE ex_code trace_source_number(struct act *act, struct trace_source *s, uint64_t number,
                                        json_t **ret_line, struct catalog_trace *ret,
                                        struct ex_error *err);

/* A trace, found by an id or the beginning of one, and read from the object that the ledger names.
 */
struct found_trace {
    struct catalog_trace row; /* its texts are of `line` */
    uint8_t item_id[ENTRY_ID_BYTES];
    json_t *line, *head; /* the latter: the result's first line, which is the source's */
    json_t *above;       /* trace_above()'s: its own line, then each above it up to the object */
    struct trace_source source;
};
void found_trace_clear(struct found_trace *f);
/* EX_USAGE: no id, or more than one begins so; EX_NOT_FOUND; EX_ALTERED: the catalog differs from
 * the ledger, or from the result. */
EX_MUST_USE ex_code tracing_find(struct act *act, const char *given, struct found_trace *ret,
                                 struct ex_error *err);
/* ---- which examination: tracing_choose.c ---- */

/* That answers are taken from: the latest in the ledger of which everything is there. */
struct chosen_examination {
    uint64_t entry, traces;
    bool has_traces; /* false: the body that says how many cannot be had */
    int64_t time_ns;
    char profile[ENTRY_WORD_MAX + 1], result[ENTRY_WORD_MAX + 1];
    uint8_t result_id[SHA256_BYTES];
    uint64_t damaged_entry; /* a later one, that cannot be read; 0: none */
};
EX_MUST_USE ex_code tracing_choose(struct act *act, const struct item_truth *i,
                                   struct chosen_examination *ret, struct ex_error *err);
/* How many the catalog has. EX_ALTERED: another number than the ledger says. */
EX_MUST_USE ex_code tracing_check_count(struct act *act, const struct chosen_examination *x,
                                        uint64_t *ret, struct ex_error *err);
/* EX_ALTERED, with what to do about it. */
ex_code tracing_fail_catalog(struct ex_error *err);
/* {"entry", "time", "profile", "result", "traces"[, "damaged_later"]} */
json_t *tracing_choice_json(const struct chosen_examination *x);
/* An item of which there can be traces: neither physical nor disposed of. It becomes the act's. */
EX_MUST_USE ex_code tracing_item(struct act *act, struct truth *t, const char *name,
                                 const struct item_truth **ret, struct ex_error *err);
/* The same of one that was found: EX_NOT_FOUND, EX_UNSUPPORTED. */
EX_MUST_USE ex_code tracing_check_item(const struct item_truth *i, struct ex_error *err);

/* ---- paths: trace_paths.c ---- */

enum { TRACE_PATH_BYTES_MAX = 4096, TRACE_DEPTH_MAX = 256 };
/* The names of the traces above it and its own, with slashes between them; what has none stands as
 * [kind key]. `parent` may be remembered from one call to the next in *paths. */
struct trace_paths;
/* Gives the trace of a number to `fn`; what `fn` gets lives until it returns. *ret_found false:
 * there is none. */
typedef ex_code trace_at_fn(void *from, uint64_t number, catalog_trace_fn *fn, void *context,
                            bool *ret_found, struct ex_error *err);
struct trace_paths *trace_paths_new_from(trace_at_fn *at, void *from);
/* From the catalog. */
struct trace_paths *trace_paths_new(struct act *act, uint64_t entry);
void trace_paths_free(struct trace_paths *p);
EX_DEFINE_AUTO(struct trace_paths, trace_paths_free);
/* The caller frees. */
EX_MUST_USE ex_code trace_paths_of(struct trace_paths *p, const struct catalog_trace *t, char **ret,
                                   struct ex_error *err);

/* `above`, the trace's own name, `below`, with slashes between them; either may be NULL. */
EX_MUST_USE ex_code trace_path_join(const char *above, const struct catalog_trace *t,
                                    const char *below, char **ret, struct ex_error *err);
/* The same as trace_paths_of() says, and from the lines of the result alone, up to the object that
 * was examined: trace_above.c. EX_ALTERED: the catalog does not lead there. The caller frees. */
EX_MUST_USE ex_code trace_above(struct act *act, struct found_trace *f, const uint8_t *object_id,
                                char **ret, struct ex_error *err);

/* ---- an examination's own: examining.c, examining_json.c, examining_known.c ---- */

/* The line for people of an entry about an examination; false: it is none. */
bool examining_summary(const struct entry *e, json_t *what, char *to, size_t size);
/* Every examination of an item that ended with a result, from the ledger: an array. */
EX_MUST_USE ex_code examining_of_item(struct act *act, const struct item_truth *i, json_t **ret,
                                      struct ex_error *err);

#endif
