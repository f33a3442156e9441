/* SPDX-License-Identifier: Apache-2.0 */
/* One examination, from the top: examine.c runs jobs (a parser over a part of the object) and
 * writes what they found; job.c has the threads of one job, each with a worker of its own;
 * found.c takes what a worker tells; content.c hashes contents; line.c writes the stream. */
#ifndef EXHIBIT_EXAMINE_EXAMINE_INTERNAL_H
#define EXHIBIT_EXAMINE_EXAMINE_INTERNAL_H

#include "base/mem.h"
#include "examine/examine.h"
#include "formats/kind.h"
#include "parsers/api.h"
#include "sandbox/sandbox.h"
#include "vault/reader.h"

#include <pthread.h>
#include <uthash.h>

enum {
    DEPTH_MAX = 4096,   /* of units: folders in folders */
    ATTEMPTS_MAX = 100, /* of a step whose worker was killed from outside */
    AHEAD_MAX = 256,    /* steps that may be done before the one that is written next */
    STEP_MS = 60000,
    RANGES_WRITTEN_MAX = 4096,
    TEXTS_BYTES_MAX = 256 << 10 /* of one line: times and attributes */
};
#define TRACES_MAX      ((uint64_t)50000000) /* of one examination */
#define FOUND_BYTES_MAX ((size_t)1 << 30)    /* of what one step found, in memory */
#define HOLES_BYTES_MAX ((uint64_t)4 << 30)  /* zeros of one content that are hashed */

/* ---- what is examined ---- */

/* A part of the object, as the input of a parser. */
struct view {
    uint64_t offset, length;
};

/* What one thread reads with. */
struct reading {
    struct vault_reader *reader;
    const struct vault_object_info *object;
    struct view view;
    struct hashing *hashing; /* content.c's; NULL: not yet. free() */
};
/* EX_IO when the object has no bytes there: they were not readable when it was collected. */
EX_MUST_USE ex_code reading_read(struct reading *r, uint64_t offset, uint8_t *to, size_t size_bytes,
                                 struct ex_error *err);
/* Does this range of the object overlap what was not readable? */
bool reading_is_unreadable(const struct vault_object_info *object, uint64_t offset,
                           uint64_t length);

/* Text that grows: line.c. */
struct line {
    char *text;
    size_t bytes, capacity;
};
/* ---- what one step of a parser found: found.c ---- */

#define RANGE_HOLE    (UINT64_MAX)
#define RANGE_NOWHERE (UINT64_MAX - 1)

struct found_range {
    uint64_t offset, length; /* of the object; or RANGE_… */
};

struct found_trace {
    uint32_t parent; /* 0, or the number of one before it in this step */
    uint32_t kind, flags;
    uint64_t size_bytes, record;
    size_t key_at;              /* in the text, a NUL behind it */
    size_t name_at, name_bytes; /* any bytes */
    size_t times_at, times_bytes, attributes_at, attributes_bytes; /* JSON */
    size_t range_at, range_count;
    uint64_t pushed_bytes; /* of a content that was told by its bytes */
    bool cut;              /* its times or attributes did not all fit into a line */
    bool hashed, keyed;
    uint8_t sha256[SHA256_BYTES];
    uint8_t content_key[EXAMINE_KEY_BYTES];
    char type[EXAMINE_TYPE_BYTES]; /* empty: not looked at, or nothing fits */
    const char *not_hashed; /* a word of traces.md §2; NULL: hashed, or there is no content */
    /* kind PARSER_PROBLEM */
    enum examine_reason reason;
    size_t problem_at; /* in the text, a NUL behind it */
};

struct found_unit {
    uint32_t parent;
    bool late;
    size_t at, bytes; /* in the text */
};

struct found {
    const struct view *view;
    bool hashing; /* contents that are told by their bytes are hashed */
    size_t trace_count, trace_capacity, problem_count, problem_capacity;
    struct found_trace *trace;
    struct found_trace *problem; /* kind PARSER_PROBLEM; written behind the traces */
    size_t unit_count, unit_capacity;
    struct found_unit *unit;
    size_t range_count, range_capacity;
    struct found_range *range;
    size_t text_bytes, text_capacity;
    char *text;
    /* of the trace that was told last */
    size_t times_bytes, times_capacity, attributes_bytes, attributes_capacity;
    char *times, *attributes;
    struct line scratch;
    struct sha256 hash;
    uint8_t head[KIND_HEAD_BYTES];
    size_t head_bytes;
    /* counted for the report */
    uint64_t hashed, hashed_bytes, remembered, remembered_bytes;
};
void found_start(struct found *f, const struct view *view, bool hashing);
void found_clear(struct found *f);
/* A sandbox_told_fn, with a struct found. */
ex_code found_told(void *context, const struct sandbox_told *t, bool *ret_wanted,
                   struct ex_error *err);
/* Nothing more is told of the last trace. */
EX_MUST_USE ex_code found_end(struct found *f, struct ex_error *err);
EX_MUST_USE ex_code found_problem(struct found *f, uint32_t parent, const char *key,
                                  enum examine_reason reason, const char *text,
                                  struct ex_error *err);

/* ---- contents: content.c ---- */

struct engine;
/* Hashes the contents that have their places in the object, in the order of these. */
EX_MUST_USE ex_code content_hash_all(struct engine *e, struct reading *r, struct found *f,
                                     struct ex_error *err);

/* ---- the stream: line.c ---- */

EX_MUST_USE ex_code line_add(struct line *l, const char *text, size_t size_bytes,
                             struct ex_error *err);
EX_MUST_USE ex_code line_format(struct line *l, struct ex_error *err, const char *format, ...)
    EX_PRINTF(3, 4);
/* A JSON string of any bytes; what is no UTF-8 is U+FFFD. *ret_replaced: some was. */
EX_MUST_USE ex_code line_string(struct line *l, const void *bytes, size_t size_bytes,
                                bool *ret_replaced, struct ex_error *err);
EX_MUST_USE ex_code line_base64(struct line *l, const void *bytes, size_t size_bytes,
                                struct ex_error *err);
/* One element of `times` (traces.md §2.4). */
EX_MUST_USE ex_code line_time(struct line *l, const struct sandbox_told *t, struct ex_error *err);

struct trace_place {
    const uint8_t *id;
    uint64_t parent;
    unsigned parser;
};
EX_MUST_USE ex_code line_trace(struct line *l, const struct found *f, const struct found_trace *t,
                               const struct trace_place *place, const char *key,
                               struct ex_error *err);
const char *line_kind_word(uint32_t kind);

/* ---- jobs ---- */

enum examiner { EXAMINER_VOLUMES, EXAMINER_FILES, EXAMINERS };

/* A trace that something is under. */
struct above {
    uint64_t number; /* 0: the object */
    uint8_t id[EXAMINE_ID_BYTES];
    unsigned depth;
};

struct step {
    struct above above;
    bool taken, done;
    struct found *found;
    ex_code code; /* of the step; EX_OK also with problems */
    struct ex_error error;
    size_t bytes;
    uint8_t unit[]; /* none: examine(), the first one */
};

/* Whose words were seen, whose records. */
struct seen_unit;
struct seen_page;

struct job {
    struct job *next;
    enum examiner examiner;
    struct above above;
    struct view view;
    /* under the engine's mutex */
    size_t count, capacity, taken, written;
    struct step **step; /* in the order in which they are written; NULL once they were */
    bool ended;
    /* the writer's alone */
    size_t late_count, late_capacity;
    struct step **late;
    struct seen_unit *units;
    struct seen_page *records;
};

struct engine {
    struct vault *vault;
    const struct vault_object_info *object;
    const struct examine_options *options;
    struct examine_report *report;
    struct ex_progress *progress;
    char program[4096];
    int fd;
    struct line line;
    unsigned workers, step_ms;
    atomic_bool stop;
    _Atomic uint64_t hash_left; /* bytes that may still be hashed */
    _Atomic uint64_t restarts, busy_ns[EXAMINERS];
    pthread_mutex_t mutex; /* the current job's steps */
    pthread_cond_t changed;
    pthread_mutex_t known_mutex;
    struct remembered *remembered;
    struct job *job, *first_job, *last_job;
};
extern const char *const EXAMINER_NAMES[EXAMINERS];

/* Runs the steps of e->job in threads and hands each to `write`, in order. */
typedef ex_code step_write_fn(struct engine *e, struct job *job, struct step *step,
                              struct ex_error *err);
EX_MUST_USE ex_code job_run(struct engine *e, struct job *job, step_write_fn *write,
                            struct ex_error *err);
/* Appends a step; the first one has no unit. Under the engine's mutex. */
EX_MUST_USE ex_code job_add(struct job *job, const struct above *above, const void *unit,
                            size_t size_bytes, bool late, struct ex_error *err);
/* True the first time. */
EX_MUST_USE ex_code job_see_unit(struct job *job, const void *unit, size_t size_bytes,
                                 bool *ret_new, struct ex_error *err);
EX_MUST_USE ex_code job_see_record(struct job *job, uint64_t record, bool *ret_new,
                                   struct ex_error *err);
void job_free(struct job *job);

/* Contents that this run hashed already. */
EX_MUST_USE ex_code remembered_find(struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                                    struct examine_known *ret, bool *ret_found,
                                    struct ex_error *err);
void remembered_note(struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                     const struct examine_known *known);
void remembered_free(struct engine *e);

#endif
