/* SPDX-License-Identifier: Apache-2.0 */
/* One examination: its jobs one after the other, and the stream of what they found. */
#include "examine/examine_internal.h"

#include "base/file.h"
#include "base/pool.h"

#include <sodium.h>
#include <stdio.h>

enum { WRITE_BYTES = 1 << 20 };

/* Bytes that one examination hashes at most: a file system of its own making can name the same
 * bytes again and again. */
#define HASH_BYTES_BESIDE ((uint64_t)64 << 30)
enum { HASH_TIMES = 16 };

/* ---- words ---- */

const char *examine_profile_word(enum examine_profile p) {
    static const char *const WORDS[] = {"triage", "files", "standard", "deep"};
    return WORDS[p];
}

bool examine_profile_parse(const char *word, enum examine_profile *ret) {
    for (int p = EXAMINE_TRIAGE; p <= EXAMINE_DEEP; p++)
        if (strcmp(word, examine_profile_word((enum examine_profile)p)) == 0) {
            *ret = (enum examine_profile)p;
            return true;
        }
    return false;
}

const char *examine_reason_word(enum examine_reason r) {
    static const char *const WORDS[EXAMINE_REASONS] = {
        "damaged",  "crashed", "too-long",   "too-large", "too-deep",
        "too-many", "killed",  "unreadable", "encrypted", "unsupported"};
    return WORDS[r];
}

/* ---- the stream ---- */

static ex_code write_out(struct engine *e, bool all, struct ex_error *err) {
    if (e->line.bytes < WRITE_BYTES && !all)
        return EX_OK;
    EX_TRY(ex_write_all(e->fd, e->line.text, e->line.bytes, "the traces", err));
    e->line.bytes = 0;
    return EX_OK;
}

static ex_code write_parser(struct engine *e, const struct examine_parser_report *p,
                            const char *before, struct ex_error *err) {
    bool replaced;
    EX_TRY(line_format(&e->line, err, "%s{\"name\":\"%s\",\"version\":%u", before, p->name,
                       p->version));
    if (p->library[0] != '\0') {
        EX_TRY(line_format(&e->line, err, ",\"library\":"));
        EX_TRY(line_string(&e->line, p->library, strlen(p->library), &replaced, err));
    }
    return line_add(&e->line, "}", 1, err);
}

static ex_code write_head(struct engine *e, struct ex_error *err) {
    char object[2 * SHA256_BYTES + 1], item[2 * EXAMINE_ID_BYTES + 1];
    sodium_bin2hex(object, sizeof object, e->object->id, SHA256_BYTES);
    sodium_bin2hex(item, sizeof item, e->options->item_id, EXAMINE_ID_BYTES);
    EX_TRY(line_format(&e->line, err,
                       "{\"exhibit_traces\":%d,\"object\":\"%s\",\"item\":\"%s\","
                       "\"profile\":\"%s\",\"types\":%d,\"parsers\":[",
                       EXAMINE_FORMAT_VERSION, object, item,
                       examine_profile_word(e->options->profile), KIND_VERSION));
    for (size_t i = 0; i < e->report->parser_count; i++)
        EX_TRY(write_parser(e, &e->report->parser[i], i == 0 ? "" : ",", err));
    return line_format(
        &e->line, err,
        "],\"limits\":{\"traces\":%llu,\"depth\":%d,\"step_ms\":%u,"
        "\"step_found_bytes\":%llu,\"holes_bytes\":%llu,\"hash_bytes\":%llu,\"inside_depth\":%d,"
        "\"inside_members\":%d,\"inside_ratio\":%d,\"inside_bytes\":%llu,"
        "\"inside_kept_bytes\":%d,"
        "\"volumes\":%d,\"volumes_depth\":%d,\"volume_pieces\":%d,\"spaces\":%d,\"space_bytes\":%llu,\"carved\":%d,"
        "\"space_pieces\":%d}}\n",
        (unsigned long long)TRACES_MAX, DEPTH_MAX, e->step_ms, (unsigned long long)FOUND_BYTES_MAX,
        (unsigned long long)HOLES_BYTES_MAX, (unsigned long long)e->hash_bytes_max,
        INSIDE_DEPTH_MAX, INSIDE_MEMBERS_MAX, INSIDE_RATIO, (unsigned long long)INSIDE_BYTES_MAX,
        KEPT_BYTES_MAX, VOLUMES_MAX, VOLUMES_DEPTH_MAX, VIEW_STRETCHES_MAX, SPACES_MAX,
        (unsigned long long)e->space_bytes_max, CARVED_MAX, SPACE_STRETCHES_MAX);
}

static uint64_t problems(const struct examine_report *r) {
    uint64_t sum = 0;
    for (size_t i = 0; i < EXAMINE_REASONS; i++)
        sum += r->problems[i];
    return sum;
}

static ex_code write_end(struct engine *e, struct ex_error *err) {
    EX_TRY(
        line_format(&e->line, err, "{\"end\":{\"traces\":%llu,\"errors\":%llu,\"truncated\":%s}}\n",
                    (unsigned long long)e->report->traces, (unsigned long long)problems(e->report),
                    e->report->truncated ? "true" : "false"));
    return write_out(e, true, err);
}

/* ---- what a step found ---- */

/* Where the traces of one step are, by their numbers in it; 0: the trace above the step. */
struct placing {
    struct above *above; /* number 0: it was left out */
    struct sibling *siblings;
};

/* A key that was used under one parent already. */
struct sibling {
    UT_hash_handle hh;
    unsigned count;
    size_t bytes;
    char name[];
};

static void placing_clear(struct placing *p) {
    struct sibling *s, *next;
    HASH_ITER(hh, p->siblings, s, next) {
        HASH_DEL(p->siblings, s);
        free(s);
    }
    free(p->above);
}

/* The key as it is, or with ~2, ~3… behind it. */
static ex_code unique_key(struct placing *p, const struct found_trace *t, const char *key, char *to,
                          size_t size, struct ex_error *err) {
    char name[PARSER_NAME_BYTES_MAX + 32];
    struct sibling *s = NULL;
    int length = snprintf(name, sizeof name, "%u %d %s", t->parent, (int)t->examiner, key);
    HASH_FIND(hh, p->siblings, name, (size_t)length, s);
    if (s == NULL) {
        s = calloc(1, sizeof *s + (size_t)length);
        if (s == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for what was found");
        s->bytes = (size_t)length;
        memcpy(s->name, name, s->bytes);
        HASH_ADD(hh, p->siblings, name, s->bytes, s);
    }
    s->count++;
    if (s->count == 1)
        (void)snprintf(to, size, "%s", key);
    else
        (void)snprintf(to, size, "%s~%u", key, s->count);
    return EX_OK;
}

void examine_trace_id(const uint8_t above[static EXAMINE_ID_BYTES], const char *parser,
                      const char *key, uint8_t ret[static EXAMINE_ID_BYTES]) {
    static const char LABEL[] = "exhibit-trace-v1";
    struct sha256 h;
    uint8_t hash[SHA256_BYTES];
    sha256_start(&h);
    sha256_add(&h, LABEL, sizeof LABEL);
    sha256_add(&h, above, EXAMINE_ID_BYTES);
    sha256_add(&h, parser, strlen(parser) + 1);
    sha256_add(&h, key, strlen(key));
    sha256_end(&h, hash);
    memcpy(ret, hash, EXAMINE_ID_BYTES);
}

/* Not a choice, and not said by a trace of its own: something could not be had. */
static bool is_bad(const char *not_hashed) {
    static const char *const BAD[] = {"damaged", "parser", "unreadable", "limit"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        if (strcmp(not_hashed, BAD[i]) == 0)
            return true;
    return false;
}

static void count_trace(struct engine *e, const struct found_trace *t) {
    struct examine_report *r = e->report;
    r->traces++;
    r->inside += t->looked_into ? 1 : 0;
    r->inside_remembered += t->inside_known ? 1 : 0;
    r->parser[t->examiner].traces++;
    r->directories += t->kind == PARSER_DIRECTORY ? 1 : 0;
    r->files += t->kind == PARSER_FILE ? 1 : 0;
    r->carved += (t->flags & PARSER_CARVED) != 0 ? 1 : 0;
    r->deleted += (t->flags & (PARSER_DELETED | PARSER_ORPHAN)) != 0 ? 1 : 0;
    if (t->hashed && t->size_bytes > 0) {
        *(t->met ? &r->remembered : &r->hashed) += 1;
        *(t->met ? &r->remembered_bytes : &r->hashed_bytes) += t->size_bytes;
    }
    r->not_hashed += t->not_hashed != NULL ? 1 : 0;
    r->not_hashed_bad += t->not_hashed != NULL && is_bad(t->not_hashed) ? 1 : 0;
    if (t->kind != PARSER_PROBLEM)
        return;
    r->problems[t->reason]++;
    r->parser[t->examiner].problems++;
}

static ex_code write_trace(struct engine *e, struct placing *p, const struct found *f,
                           const struct found_trace *t, struct above *ret, struct ex_error *err) {
    char key[PARSER_NAME_BYTES_MAX + 16];
    const struct above *parent = &p->above[t->parent];
    EX_TRY(unique_key(p, t, f->text + t->key_at, key, sizeof key, err));
    examine_trace_id(parent->id, EXAMINER[t->examiner].name, key, ret->id);
    const struct trace_place place = {.id = ret->id, .parent = parent->number};
    count_trace(e, t);
    ret->number = e->report->traces;
    ret->depth = parent->depth + 1;
    EX_TRY(line_trace(&e->line, f, t, &place, key, err));
    return write_out(e, false, err);
}

/* What it stands under was left out, or is not looked into. */
static bool is_out(const struct placing *p, const struct found *f, const struct found_trace *t) {
    return t->parent > 0 && (p->above[t->parent].number == 0 ||
                             (f->trace[t->parent - 1].emptied && inside_is_of(t->examiner)));
}

/* Of a record that a name told already, there is nothing new. */
static ex_code is_left_out(struct engine *e, struct job *job, const struct placing *p,
                           struct found *f, const struct found_trace *t, bool *ret,
                           struct ex_error *err) {
    bool fresh = true;
    *ret = t->dropped || is_out(p, f, t);
    if (!*ret)
        EX_TRY(space_is_left_out(job, f, t, ret, err));
    if (*ret || t->record == 0)
        return EX_OK;
    pthread_mutex_lock(&e->mutex);
    ex_code code = job_see_record(job, t->record, &fresh, err);
    pthread_mutex_unlock(&e->mutex);
    EX_TRY(code);
    *ret = !fresh && (t->flags & PARSER_ORPHAN) != 0;
    return EX_OK;
}

/* The view becomes the job's. */
ex_code engine_add_job(struct engine *e, enum examiner examiner, const struct above *above,
                       struct view *view, unsigned depth, struct ex_error *err) {
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        view_clear(view);
        return ex_fail(err, EX_NOMEM, "no memory for what is to be examined");
    }
    job->examiner = examiner;
    job->above = *above;
    job->view = *view;
    job->depth = depth;
    *view = (struct view){0};
    if (e->last_job != NULL)
        e->last_job->next = job;
    else
        e->first_job = job;
    e->last_job = job;
    e->report->parser[examiner].jobs++;
    return job_add(job, above, NULL, 0, false, err);
}

/* A volume: what is in it is for another parser. In one that a file system's parser found there may
 * be a partition table. */
static ex_code look_inside(struct engine *e, const struct job *job, struct found *f, size_t index,
                           const struct above *above, struct ex_error *err) {
    const struct found_trace *t = &f->trace[index];
    const struct found_range *r = &f->range[t->range_at];
    struct view view;
    bool fresh;
    bool nested = t->examiner == EXAMINER_FILES;
    uint32_t number = (uint32_t)index + 1;
    if ((t->flags & PARSER_EXAMINE) == 0 || t->range_count == 0 || r->offset >= RANGE_NOWHERE)
        return EX_OK;
    if (job->depth >= VOLUMES_DEPTH_MAX)
        return found_problem(f, t->examiner, number, "inside", EXAMINE_TOO_DEEP,
                             "volumes in volumes: it goes deeper than is looked into", err);
    if (e->volumes >= VOLUMES_MAX)
        return found_problem(f, t->examiner, number, "inside", EXAMINE_TOO_MANY,
                             "there are more volumes than are looked into", err);
    if (t->range_count > VIEW_STRETCHES_MAX - e->stretches)
        return found_problem(f, t->examiner, number, "inside", EXAMINE_TOO_LARGE,
                             "such volumes lie in more pieces than are looked into", err);
    e->volumes++;
    e->stretches += t->range_count > 1 ? (unsigned)t->range_count : 0;
    EX_TRY(view_of_ranges(&view, r, t->range_count, err));
    ex_code code = views_see(e, &view, &fresh, err);
    if (code == EX_OK && (fresh || !nested)) /* two tables may have the same partition */
        return engine_add_job(e, nested ? EXAMINER_VOLUMES : EXAMINER_FILES, above, &view,
                              job->depth + 1, err);
    view_clear(&view);
    if (code != EX_OK)
        return code;
    return found_problem(f, t->examiner, number, "inside", EXAMINE_DAMAGED,
                         "a volume of the same bytes was examined before, in another place", err);
}

static ex_code add_unit(struct engine *e, struct job *job, const struct placing *p, struct found *f,
                        const struct found_unit *u, struct ex_error *err) {
    const struct above *above = &p->above[u->parent];
    bool fresh = true;
    if (u->parent > 0 && above->number == 0)
        return EX_OK;
    EX_TRY(job_see_unit(job, f->text + u->at, u->bytes, &fresh, err));
    if (!fresh)
        return found_problem(f, job->examiner, u->parent, "loop", EXAMINE_DAMAGED,
                             "this was examined before, in another place", err);
    if (above->depth >= DEPTH_MAX)
        return found_problem(f, job->examiner, u->parent, "depth", EXAMINE_TOO_DEEP,
                             "it is nested too deep", err);
    pthread_mutex_lock(&e->mutex);
    ex_code code = job_add(job, above, f->text + u->at, u->bytes, u->late, err);
    pthread_mutex_unlock(&e->mutex);
    return code;
}

/* The budget is spent in the order of the stream, whoever hashed what when: so the same object
 * comes to its limit at the same trace. */
static void spend(struct engine *e, struct found_trace *t) {
    if (!t->hashed || t->range_count == 0)
        return;
    if (t->size_bytes <= e->hash_bytes_max - e->hash_bytes) {
        e->hash_bytes += t->size_bytes;
        return;
    }
    atomic_store(&e->hash_over, true);
    e->hash_bytes = e->hash_bytes_max;
    t->hashed = t->known = false;
    t->type[0] = '\0';
    t->not_hashed = "limit";
    t->emptied = t->looked_into; /* by a thread that was ahead: another time it would not be */
    t->looked_into = t->inside_known = false;
}

/* How much was found in each content: by parsers of contents alone. */
static void count_inside(struct found *f) {
    for (size_t i = 0; i < f->problem_count; i++)
        if (f->problem[i].parent > 0 && inside_is_of(f->problem[i].examiner))
            f->trace[f->problem[i].parent - 1].inside++;
    for (size_t i = f->trace_count; i > 0; i--) { /* a parent stands before its children */
        const struct found_trace *t = &f->trace[i - 1];
        if (t->parent > 0 && inside_is_of(t->examiner))
            f->trace[t->parent - 1].inside += t->inside + 1;
    }
}

static ex_code write_found(struct engine *e, struct job *job, struct placing *p, struct found *f,
                           struct ex_error *err) {
    bool left_out;
    struct above nowhere;
    count_inside(f);
    for (size_t i = 0; i < f->trace_count; i++) {
        struct found_trace *t = &f->trace[i];
        EX_TRY(is_left_out(e, job, p, f, t, &left_out, err));
        if (left_out)
            continue;
        spend(e, t);
        EX_TRY(write_trace(e, p, f, t, &p->above[i + 1], err));
        EX_TRY(look_inside(e, job, f, i, &p->above[i + 1], err));
        EX_TRY(space_look(e, job, f, i, &p->above[i + 1], err));
    }
    for (size_t i = 0; i < f->unit_count; i++)
        EX_TRY(add_unit(e, job, p, f, &f->unit[i], err));
    for (size_t i = 0; i < f->problem_count; i++)
        if (!is_out(p, f, &f->problem[i]))
            EX_TRY(write_trace(e, p, f, &f->problem[i], &nowhere, err));
    return EX_OK;
}

/* In the same part. */
static ex_code look_for_files(struct engine *e, const struct job *job, struct ex_error *err) {
    struct view view;
    EX_TRY(view_copy(&view, &job->view, err)); /* this job's threads still have theirs */
    return engine_add_job(e, EXAMINER_FILES, &job->above, &view, job->depth, err);
}

/* Nothing that the parser knows. Where there are no volumes there may be a file system all the
 * same; where there is none, that is said. */
static ex_code write_unknown(struct engine *e, struct job *job, struct step *step,
                             struct ex_error *err) {
    if (job->examiner == EXAMINER_VOLUMES)
        return look_for_files(e, job, err);
    return found_problem(step->found, job->examiner, 0, "unknown", EXAMINE_UNSUPPORTED,
                         step->error.text, err);
}

static ex_code write_step(struct engine *e, struct job *job, struct step *step,
                          struct ex_error *err) {
    struct placing p = {0};
    ex_code code = step->code;
    if (step->bytes == 0 && step->code == EX_FORMAT)
        code = write_unknown(e, job, step, err);
    else if (step->failed && job->examiner == EXAMINER_VOLUMES && step->found->trace_count == 0)
        code = look_for_files(e, job, err);
    else if (code != EX_OK && err != NULL)
        *err = step->error;
    if (code != EX_OK || step->found == NULL)
        return code;
    if (e->report->traces >= TRACES_MAX) {
        e->report->truncated = true;
        return EX_OK;
    }
    code = ex_alloc(step->found->trace_count + 1, sizeof *p.above, FOUND_BYTES_MAX,
                    "what was found", &p.above, err);
    if (code == EX_OK) {
        p.above[0] = step->above;
        code = write_found(e, job, &p, step->found, err);
    }
    placing_clear(&p);
    return code;
}

/* ---- the whole ---- */

static ex_code run_jobs(struct engine *e, struct ex_error *err) {
    struct above object = {0};
    struct view whole;
    bool fresh;
    view_one(&whole, 0, e->object->size_bytes);
    memcpy(object.id, e->object->id, EXAMINE_ID_BYTES);
    EX_TRY(views_see(e, &whole, &fresh, err));
    EX_TRY(engine_add_job(e, EXAMINER_VOLUMES, &object, &whole, 0, err));
    while (e->first_job != NULL) {
        struct job *job = e->first_job;
        EX_TRY(job_run(e, job, write_step, err));
        e->first_job = job->next;
        e->last_job = e->first_job == NULL ? NULL : e->last_job;
        job_free(job);
    }
    return EX_OK;
}

/* What the head says of a parser is what the program itself says that will run. Once for each
 * program. */
static ex_code ask_program(struct engine *e, size_t examiner, struct ex_error *err) {
    EX_AUTO(sandbox_free) struct sandbox *s = NULL;
    char program[4096];
    const enum sandbox_worker worker = EXAMINER[examiner].worker;
    if (e->nursery[worker] != NULL)
        return EX_OK;
    if (e->options->program != NULL)
        (void)snprintf(program, sizeof program, "%s", e->options->program);
    else
        EX_TRY(sandbox_program(worker, program, sizeof program, err));
    EX_TRY(sandbox_nursery_new(program, &e->nursery[worker], err));
    EX_TRY(job_start_worker(e, examiner, NULL, &s, err));
    (void)snprintf(e->library[worker], sizeof e->library[worker], "%s", sandbox_library(s));
    return EX_OK;
}

static ex_code run(struct engine *e, struct ex_error *err) {
    for (size_t i = 0; i < EXAMINERS; i++) {
        struct examine_parser_report *p = &e->report->parser[i];
        *p = (struct examine_parser_report){.name = EXAMINER[i].name,
                                            .version = EXAMINER[i].version};
        EX_TRY(ask_program(e, i, err));
        memcpy(p->library, e->library[EXAMINER[i].worker], sizeof p->library);
    }
    e->report->parser_count = EXAMINERS;
    if (e->progress != NULL)
        e->progress->phase = "examining";
    EX_TRY(write_head(e, err));
    EX_TRY(
        ex_alloc(e->line.bytes + 1, 1, e->line.bytes + 1, "the head of the traces", &e->head, err));
    memcpy(e->head, e->line.text, e->line.bytes);
    e->head[e->line.bytes] = '\0';
    if (e->object->size_bytes > 0)
        EX_TRY(run_jobs(e, err));
    return write_end(e, err);
}

static void engine_clear(struct engine *e) {
    while (e->first_job != NULL) {
        struct job *next = e->first_job->next;
        job_free(e->first_job);
        e->first_job = next;
    }
    for (size_t i = 0; i < SANDBOX_WORKERS; i++)
        sandbox_nursery_free(e->nursery[i]);
    views_free(e);
    remembered_free(e);
    free(e->line.text);
    free(e->head);
    pthread_mutex_destroy(&e->mutex);
    pthread_mutex_destroy(&e->known_mutex);
    pthread_cond_destroy(&e->changed);
}

ex_code examine_run(struct vault *v, const struct vault_object_info *object,
                    const struct examine_options *options, int fd, struct ex_progress *progress,
                    struct examine_report *ret, struct ex_error *err) {
    EX_AUTO_FREE struct engine *e = ex_new0(struct engine);
    memset(ret, 0, sizeof *ret);
    e->vault = v;
    e->object = object;
    e->options = options;
    e->report = ret;
    e->progress = progress;
    e->fd = fd;
    e->step_ms = options->step_ms > 0 ? options->step_ms : (unsigned)STEP_MS;
    e->workers = options->workers > 0 ? options->workers : ex_cpu_count();
    e->workers = e->workers < EXAMINE_WORKERS_MAX ? e->workers : (unsigned)EXAMINE_WORKERS_MAX;
    e->hash_bytes_max = object->size_bytes > (UINT64_MAX - HASH_BYTES_BESIDE) / HASH_TIMES
                            ? UINT64_MAX
                            : HASH_TIMES * object->size_bytes + HASH_BYTES_BESIDE;
    e->space_bytes_max =
        object->size_bytes > INT64_MAX / SPACE_TIMES ? INT64_MAX : SPACE_TIMES * object->size_bytes;
    pthread_mutex_init(&e->mutex, NULL);
    pthread_mutex_init(&e->known_mutex, NULL);
    pthread_cond_init(&e->changed, NULL);
    ex_code code = run(e, err);
    ret->restarts = atomic_load(&e->restarts);
    for (size_t i = 0; i < EXAMINERS; i++) {
        ret->parser[i].jobs += atomic_load(&e->inside_jobs[i]);
        ret->parser[i].busy_ns = atomic_load(&e->busy_ns[i]);
        ret->parser[i].cpu_ns = atomic_load(&e->cpu_ns[i]);
        ret->parser[i].crashed = atomic_load(&e->crashed[i]);
        ret->parser[i].killed = atomic_load(&e->killed[i]);
        ret->parser[i].too_long = atomic_load(&e->too_long[i]);
    }
    engine_clear(e);
    return code;
}
