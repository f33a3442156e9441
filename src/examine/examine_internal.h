/* SPDX-License-Identifier: Apache-2.0 */
/* One examination, from the top: examine.c runs jobs (a parser over a part of the object) and
 * writes what they found; job.c has the threads of one job, each with a worker of its own;
 * teller.c takes what a worker tells into what a step found (found.c); content.c hashes contents;
 * inside.c looks into files that hold files, inside_units.c has the units of one of them; view.c
 * says where a part lies; line.c writes the stream. */
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
    AHEAD_MAX = 256,    /* steps before one in the list that were begun and are not written … */
    AHEAD_ALL = 4096,   /* … and in all, but for the one that is written next */
    STEP_MS = 60000,
    RANGES_WRITTEN_MAX = 4096,
    VIEW_STRETCHES_MAX = 1 << 20, /* of all volumes that have several */
    VOLUMES_MAX = 1024,           /* that are looked into */
    VOLUMES_DEPTH_MAX = 8,        /* of volumes in volumes */
    SPACES_MAX = 4096,
    SPACE_TIMES = 4,               /* each byte of the object, in different ones */
    CARVED_MAX = 1000000,          /* in one space */
    SPACE_STRETCHES_MAX = 4 << 20, /* of all spaces that are looked into */
    ATTRIBUTES_MAX = 256,          /* of one line, those in base64 too */
    PROBLEM_BYTES_MAX = 200,
    TEXTS_BYTES_MAX = 256 << 10 /* of one line: times and attributes */
};
#define TRACES_MAX      ((uint64_t)50000000) /* of one examination */
#define FOUND_BYTES_MAX ((size_t)1 << 30)    /* of what one step found, in memory */
#define HOLES_BYTES_MAX ((uint64_t)4 << 30)  /* zeros of one content that are hashed */

/* Of files that hold files. */
enum {
    INSIDE_DEPTH_MAX = 16,
    INSIDE_LOST_MAX = 64,         /* workers, over the units of one file */
    INSIDE_TIMES = 10,            /* as long as any other step */
    INSIDE_MEMBERS_MAX = 1000000, /* of all that is in one file of the object */
    INSIDE_RATIO = 200,           /* bytes that come out, for each of the file … */
    KEPT_BYTES_MAX = 64 << 20     /* of one that is inside another and is looked into itself */
};
#define INSIDE_BYTES_BESIDE ((uint64_t)1 << 30)  /* … and besides */
#define INSIDE_BYTES_MAX    ((uint64_t)64 << 30) /* but not more than this */

/* The parsers, by their numbers in the head. */
enum examiner {
    EXAMINER_VOLUMES,
    EXAMINER_FILES,
    EXAMINER_ARCHIVE,
    EXAMINER_OFFICE,
    EXAMINER_HTML,
    EXAMINER_RTF,
    EXAMINER_EXIF,
    EXAMINER_MAIL,
    EXAMINER_OLE,
    EXAMINER_SYSTEM,
    EXAMINER_CARVER,
    EXAMINER_PDF,
    EXAMINER_PST,
    EXAMINERS
};
struct examiner_about {
    const char *name;
    unsigned version;
    enum sandbox_worker worker; /* whose program has it */
};
extern const struct examiner_about EXAMINER[EXAMINERS];
/* EX_INTERNAL: the worker's parser is not of the version that the head names. */
EX_MUST_USE ex_code job_check_version(const struct sandbox *s, enum examiner examiner,
                                      struct ex_error *err);

struct engine;

/* ---- what is examined ---- */

#define RANGE_HOLE    (UINT64_MAX)
#define RANGE_NOWHERE (UINT64_MAX - 1)

struct found_range {
    uint64_t offset, length; /* of the object; or RANGE_… */
};

/* A part of the object, as the input of a parser: stretches in order. view.c */
struct view_stretch {
    uint64_t offset, end; /* of the object, or RANGE_…; end: in the view */
};
struct view {
    uint64_t length;
    size_t count;             /* 0: nothing */
    struct view_stretch one;  /* when there is no more than one … */
    struct view_stretch *own; /* … and when there are; NULL otherwise */
};
void view_clear(struct view *v);
void view_one(struct view *ret, uint64_t offset, uint64_t length);
/* At least one range. EX_LIMIT: more than VIEW_STRETCHES_MAX. */
EX_MUST_USE ex_code view_of_ranges(struct view *ret, const struct found_range *range, size_t count,
                                   struct ex_error *err);
EX_MUST_USE ex_code view_copy(struct view *ret, const struct view *v, struct ex_error *err);
/* Where the bytes from `at` on are, as far as they lie together, `length` at most. `at` is inside.
 */
struct found_range view_piece(const struct view *v, uint64_t at, uint64_t length);

/* What one thread reads with. */
struct reading {
    struct vault_reader *reader;
    const struct vault_object_info *object;
    const struct view *view; /* the job's */
    struct hashing *hashing; /* content.c's; NULL: not yet. free() */
};
/* EX_IO when the object has no bytes there: they were not readable when it was collected, or are
 * not in it. */
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

struct found_trace {
    uint32_t parent; /* 0: the step's; or 1 + the index of one before it */
    enum examiner examiner;
    uint32_t kind, flags;
    uint64_t size_bytes, record;
    size_t key_at;              /* in the text, a NUL behind it */
    size_t name_at, name_bytes; /* any bytes */
    size_t times_at, times_bytes, attributes_at, attributes_bytes; /* JSON */
    size_t range_at, range_count;
    uint64_t pushed_bytes;     /* of a content that was told by its bytes */
    bool pushed;               /* it was */
    bool cut;                  /* its times or attributes did not all fit into a line */
    bool elsewhere;            /* some of its places are not in the object */
    bool dropped;              /* its record has a trace already */
    bool met;                  /* its hash was not computed for this trace */
    bool hashed, keyed, known; /* known: taken from an earlier examination */
    bool looked_into, inside_known;
    bool emptied;             /* what was found inside does not count */
    uint64_t inside;          /* found there, at any depth: reckoned when it is written */
    size_t raw_at, raw_bytes; /* taken as it stands from an earlier line: what follows the parser */
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
    size_t trace_count, trace_capacity, problem_count, problem_capacity;
    struct found_trace *trace;
    struct found_trace *problem; /* kind PARSER_PROBLEM; written behind the traces */
    size_t unit_count, unit_capacity;
    struct found_unit *unit;
    size_t range_count, range_capacity;
    struct found_range *range;
    size_t text_bytes, text_capacity;
    char *text;
    uint64_t placed_bytes; /* of contents with places that were or would have been hashed */
};
void found_clear(struct found *f);
EX_MUST_USE ex_code found_problem(struct found *f, enum examiner examiner, uint32_t parent,
                                  const char *key, enum examine_reason reason, const char *text,
                                  struct ex_error *err);
/* A copy with a NUL behind it. */
EX_MUST_USE ex_code found_keep_text(struct found *f, const void *text, size_t size_bytes,
                                    size_t *ret_at, struct ex_error *err);
/* What was found before, for a try that is begun anew. */
struct found_mark {
    size_t traces, problems, units, ranges, text_bytes;
};
struct found_mark found_mark(const struct found *f);
void found_return(struct found *f, const struct found_mark *mark);

/* ---- what a worker tells in one command: teller.c ---- */

enum keeping { KEEP_NOT, KEEP_PERHAPS, KEEP_ALL, KEEP_TOO_LARGE };

/* What may still come out of one file that holds files, all that is in it together. */
struct inside_budget {
    uint64_t bytes, members;
};

struct teller {
    struct engine *engine;
    struct found *found;
    enum examiner examiner;
    const struct view *view;      /* where its input lies; NULL: not in the object */
    uint32_t above;               /* what its parent 0 is: 0 the step's, or 1 + an index */
    unsigned depth;               /* of files in files */
    struct inside_budget *budget; /* NULL: none */
    size_t told_count, told_capacity;
    uint32_t *told; /* of its traces: 1 + the index */
    /* units of a parser that looks inside: nobody else takes them; their words are in the found */
    size_t left_count, left_capacity;
    struct found_unit *left;
    /* of the trace that was told last */
    bool open, broken; /* more may be told of it; a problem was told of it */
    bool cut;          /* the worker did not come to its end: nor did, perhaps, what it told last */
    struct line scratch, times, attributes;
    size_t attribute_count; /* each twice, for it may need a second one in base64 */
    struct sha256 hash;
    uint8_t head[KIND_HEAD_BYTES];
    size_t head_bytes;
    enum keeping keeping;
    uint8_t *kept; /* its content, as far as it was told */
    size_t kept_bytes, kept_capacity;
};
void teller_start(struct teller *t, struct engine *e, struct found *f, enum examiner examiner,
                  const struct view *view);
/* A sandbox_told_fn, with a struct teller. */
ex_code teller_told(void *context, const struct sandbox_told *t, bool *ret_wanted,
                    struct ex_error *err);
/* Nothing more is told. What was told last may hold files, and is looked into. */
EX_MUST_USE ex_code teller_end(struct teller *t, struct ex_error *err);
void teller_clear(struct teller *t);

/* ---- files that hold files: inside.c ---- */

struct seen_unit;

/* A content, as the input of a worker: bytes here, or its places in the object. */
struct inside_input {
    const uint8_t *bytes;
    uint64_t size_bytes;
    struct reading *reading;
    const struct found_range *range; /* a copy: what was found moves */
    size_t range_count;
};
/* For a worker; `in` lives as long as it. */
struct sandbox_inputs inside_inputs(const struct inside_input *in);
bool inside_is_wanted(const struct engine *e); /* by the profile */
bool inside_is_of(enum examiner examiner);     /* such a parser, and none of structure */
bool inside_has_examiner(const char *type);    /* something looks into what has this type */
struct inside_budget inside_budget_of(uint64_t size_bytes);
/* Under the trace at `index`, which has a type. Problems are found, not errors. */
EX_MUST_USE ex_code inside_examine(struct engine *e, struct found *f, size_t index,
                                   const struct inside_input *input, unsigned depth,
                                   struct inside_budget *budget, struct ex_error *err);
/* In the order in which they were told. */
struct unit_queue {
    size_t next, count, capacity; /* next: the first one that is to be done */
    struct found_unit *unit;
};
/* One file that is being looked into by one parser. inside_units.c */
struct inside_work {
    struct engine *engine;
    struct found *found;
    size_t index;
    enum examiner examiner;
    const struct inside_input *input;
    unsigned depth, lost; /* lost: workers */
    struct inside_budget *budget;
    struct sandbox *sandbox; /* NULL: none was started, or it was lost */
    bool over;               /* the budget is */
    struct unit_queue unit, late_unit;
    struct seen_unit *seen;
};
/* The parser's first command, and all units that come of it. Problems are found, not errors. */
EX_MUST_USE ex_code inside_work(struct inside_work *w, struct ex_error *err);
void inside_work_clear(struct inside_work *w);

/* All contents of this step that have their places in the object. */
EX_MUST_USE ex_code inside_examine_all(struct engine *e, struct reading *r, struct found *f,
                                       struct ex_error *err);

/* What an earlier examination found in the content at `index`, in the place of looking again:
 * inside_earlier.c. *ret_taken false: nothing that could be used, and nothing is changed. */
EX_MUST_USE ex_code inside_take_earlier(struct engine *e, struct found *f, size_t index,
                                        bool *ret_taken, struct ex_error *err);

/* ---- contents: content.c ---- */

/* Hashes the contents that have their places in the object, in the order of these. */
EX_MUST_USE ex_code content_hash_all(struct engine *e, struct reading *r, struct found *f,
                                     struct ex_error *err);
/* One of no bytes, or one of which nothing was told: its hash, or why it has none. */
void content_judge_empty(const struct engine *e, struct found_trace *t);

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
};
EX_MUST_USE ex_code line_trace(struct line *l, const struct found *f, const struct found_trace *t,
                               const struct trace_place *place, const char *key,
                               struct ex_error *err);
const char *line_kind_word(uint32_t kind);

/* ---- jobs ---- */

/* A trace that something is under. */
struct above {
    uint64_t number; /* 0: the object */
    uint8_t id[EXAMINE_ID_BYTES];
    unsigned depth;
};

struct step {
    struct step *next;
    struct above above;
    bool taken, done;
    struct found *found;
    bool failed;  /* with a problem */
    ex_code code; /* of the step; EX_OK also with problems */
    struct ex_error error;
    size_t bytes;
    uint8_t unit[]; /* none: examine(), the first one */
};

/* Whose words were seen, whose records. */
struct seen_unit;
struct seen_page;
struct seen_view;

struct job {
    struct job *next;
    enum examiner examiner;
    struct above above;
    struct view view;
    unsigned depth; /* of volumes in volumes */
    /* under the engine's mutex */
    struct step *first, *last; /* in the order in which they are written: what a step leads to
                                  stands right behind it, for so it lies on the disk, too */
    size_t count;              /* with those that are late */
    size_t ahead;              /* that were begun and are not written */
    unsigned waiting;          /* threads without a step */
    bool ended;
    /* the writer's alone */
    struct step *behind; /* where the next one is put in; NULL: at the end */
    struct step *first_late, *last_late;
    struct seen_unit *units;
    uint64_t carved_end, carved; /* in a space: behind the last whole one; how many */
    struct seen_page *records;
};

struct engine {
    struct vault *vault;
    const struct vault_object_info *object;
    const struct examine_options *options;
    struct examine_report *report;
    struct ex_progress *progress;
    struct sandbox_nursery *nursery[SANDBOX_WORKERS]; /* NULL: no parser of it was asked for yet */
    char library[SANDBOX_WORKERS][64];                /* likewise: empty */
    int fd;
    struct line line;
    char *head; /* of the stream: its first line */
    unsigned workers, step_ms;
    atomic_bool stop;
    uint64_t hash_bytes_max; /* of contents with places, in one step and in all */
    atomic_bool hash_over;   /* the steps that are written have come to it */
    uint64_t hash_bytes;     /* the writer's: of those so far */
    _Atomic uint64_t restarts, inside_jobs[EXAMINERS], busy_ns[EXAMINERS], cpu_ns[EXAMINERS],
        crashed[EXAMINERS], killed[EXAMINERS], too_long[EXAMINERS];
    pthread_mutex_t mutex; /* the current job's steps */
    pthread_cond_t changed;
    pthread_mutex_t known_mutex;
    struct remembered *remembered;
    struct job *first_job, *last_job; /* the first one is being done */
    /* the writer's alone: volumes that are or were to be looked into */
    struct seen_view *views;
    unsigned volumes, stretches;      /* stretches: of those that have several */
    unsigned spaces, space_stretches; /* likewise, of spaces */
    uint64_t space_bytes, space_bytes_max;
};
/* Runs the steps of e->job in threads and hands each to `write`, in order. */
typedef ex_code step_write_fn(struct engine *e, struct job *job, struct step *step,
                              struct ex_error *err);
EX_MUST_USE ex_code job_run(struct engine *e, struct job *job, step_write_fn *write,
                            struct ex_error *err);
/* A step behind the one that is being written and what that led to so far; the first one has no
 * unit. Under the engine's mutex. */
EX_MUST_USE ex_code job_add(struct job *job, const struct above *above, const void *unit,
                            size_t size_bytes, bool late, struct ex_error *err);
/* True the first time. units_free() makes it NULL again. */
EX_MUST_USE ex_code units_see(struct seen_unit **seen, const void *unit, size_t size_bytes,
                              bool *ret_new, struct ex_error *err);
void units_free(struct seen_unit **seen);
EX_MUST_USE ex_code job_see_unit(struct job *job, const void *unit, size_t size_bytes,
                                 bool *ret_new, struct ex_error *err);
/* Both under the engine's mutex. */
EX_MUST_USE ex_code job_see_record(struct job *job, uint64_t record, bool *ret_new,
                                   struct ex_error *err);
bool job_has_record(const struct job *job, uint64_t record);
void job_free(struct job *job);
/* sandbox_start(); one that is killed before it is ready is started again. */
/* Counts what the worker took, and how it was lost, and ends it; it is still the caller's to free.
 */
void job_end_worker(struct engine *e, size_t examiner, struct sandbox *s);
EX_MUST_USE ex_code job_start_worker(struct engine *e, size_t examiner,
                                     const struct sandbox_limits *limits, struct sandbox **ret,
                                     struct ex_error *err);
/* For the limits of a sandbox. */
bool job_is_stopped(void *engine);
/* Whose fault it was that a step failed; SANDBOX_NOT_LOST: that of what the parser told. */
enum examine_reason job_failure_reason(ex_code code, enum sandbox_loss loss);

/* Appends a job; the view becomes its own, whatever is returned. The writer's. */
EX_MUST_USE ex_code engine_add_job(struct engine *e, enum examiner examiner,
                                   const struct above *above, struct view *view, unsigned depth,
                                   struct ex_error *err);

/* ---- space that nothing claims: space.c ---- */

/* Where a space has more than equal bytes: pairs of le64 from and to, ascending. */
struct space_data {
    bool found;
    uint8_t *bytes;
    size_t size_bytes, capacity;
};
void space_data_clear(struct space_data *d);
EX_MUST_USE ex_code space_data_find(struct reading *r, struct space_data *ret,
                                    struct ex_error *err);
const char *space_parameters(const struct engine *e);
/* If the trace at `index` is a space, and the profile asks for it: files are looked for in it. The
 * writer's. */
EX_MUST_USE ex_code space_look(struct engine *e, const struct job *job, struct found *f,
                               size_t index, const struct above *above, struct ex_error *err);
/* What begins inside of a whole one that was written is left out, and what comes behind the last
 * one of a budget. The writer's, in order. */
EX_MUST_USE ex_code space_is_left_out(struct job *job, struct found *f, const struct found_trace *t,
                                      bool *ret, struct ex_error *err);

/* *ret_new: no volume of the same pieces in the same order was seen in this run. The writer's. */
EX_MUST_USE ex_code views_see(struct engine *e, const struct view *view, bool *ret_new,
                              struct ex_error *err);
void views_free(struct engine *e);

/* Contents that this run hashed already. */
/* By this run. */
bool remembered_met(const struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                    struct examine_known *ret);
/* *ret_earlier: it was an earlier examination. */
EX_MUST_USE ex_code remembered_find(struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                                    struct examine_known *ret, bool *ret_found, bool *ret_earlier,
                                    struct ex_error *err);
void remembered_note(struct engine *e, const uint8_t key[static EXAMINE_KEY_BYTES],
                     const struct examine_known *known);
void remembered_free(struct engine *e);

#endif
