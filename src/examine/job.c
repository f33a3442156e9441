/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of one job, in threads that have a worker each. What a step finds depends on the object
 * and the step alone; who does it, when, and how often it had to be begun anew does not show. */
#include "examine/examine_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum { STEPS_MAX = 50000000, STARTS_MAX = 20, WAIT_MS = 200, RECORDS_OF_A_PAGE = 1 << 15 };

const struct examiner_about EXAMINER[EXAMINERS] = {
    [EXAMINER_VOLUMES] = {"volumes", 1, SANDBOX_WORKER_EXAMINERS},
    [EXAMINER_FILES] = {"files", 1, SANDBOX_WORKER_EXAMINERS},
    [EXAMINER_ARCHIVE] = {"archive", 1, SANDBOX_WORKER_UNPACKERS},
    [EXAMINER_OFFICE] = {"office", 1, SANDBOX_WORKER_DOCUMENTS},
    [EXAMINER_HTML] = {"html", 1, SANDBOX_WORKER_DOCUMENTS},
    [EXAMINER_RTF] = {"rtf", 1, SANDBOX_WORKER_DOCUMENTS},
    [EXAMINER_EXIF] = {"exif", 1, SANDBOX_WORKER_PICTURES},
    [EXAMINER_MAIL] = {"mail", 1, SANDBOX_WORKER_MAIL},
    [EXAMINER_OLE] = {"ole", 1, SANDBOX_WORKER_MAIL},
    [EXAMINER_SYSTEM] = {"system", 1, SANDBOX_WORKER_SYSTEM},
    [EXAMINER_CARVER] = {"carver", 1, SANDBOX_WORKER_CARVER},
    [EXAMINER_PDF] = {"pdf", 2, SANDBOX_WORKER_PDF},
    [EXAMINER_PST] = {"pst", 2, SANDBOX_WORKER_PST},
};

/* ---- what was seen ---- */

struct seen_unit {
    UT_hash_handle hh;
    size_t bytes;
    uint8_t unit[];
};

struct seen_page {
    UT_hash_handle hh;
    uint64_t number;
    uint8_t bit[RECORDS_OF_A_PAGE / 8];
};

ex_code units_see(struct seen_unit **seen, const void *unit, size_t size_bytes, bool *ret_new,
                  struct ex_error *err) {
    struct seen_unit *u = NULL;
    HASH_FIND(hh, *seen, unit, size_bytes, u);
    *ret_new = u == NULL;
    if (u != NULL)
        return EX_OK;
    u = calloc(1, sizeof *u + size_bytes);
    if (u == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for what is to be examined");
    u->bytes = size_bytes;
    memcpy(u->unit, unit, size_bytes);
    HASH_ADD(hh, *seen, unit, size_bytes, u);
    return EX_OK;
}

void units_free(struct seen_unit **seen) {
    struct seen_unit *u, *next;
    HASH_ITER(hh, *seen, u, next) {
        HASH_DEL(*seen, u);
        free(u);
    }
}

ex_code job_see_unit(struct job *job, const void *unit, size_t size_bytes, bool *ret_new,
                     struct ex_error *err) {
    return units_see(&job->units, unit, size_bytes, ret_new, err);
}

static struct seen_page *find_page(const struct job *job, uint64_t number) {
    struct seen_page *p = NULL;
    HASH_FIND(hh, job->records, &number, sizeof number, p);
    return p;
}

bool job_has_record(const struct job *job, uint64_t record) {
    const struct seen_page *p = find_page(job, record / RECORDS_OF_A_PAGE);
    size_t bit = (size_t)(record % RECORDS_OF_A_PAGE);
    return p != NULL && (p->bit[bit / 8] & 1U << bit % 8) != 0;
}

ex_code job_see_record(struct job *job, uint64_t record, bool *ret_new, struct ex_error *err) {
    uint64_t number = record / RECORDS_OF_A_PAGE;
    struct seen_page *p = find_page(job, number);
    size_t bit = (size_t)(record % RECORDS_OF_A_PAGE);
    if (p == NULL) {
        p = calloc(1, sizeof *p);
        if (p == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for what is to be examined");
        p->number = number;
        HASH_ADD(hh, job->records, number, sizeof number, p);
    }
    *ret_new = (p->bit[bit / 8] & 1U << bit % 8) == 0;
    p->bit[bit / 8] |= (uint8_t)(1U << bit % 8);
    return EX_OK;
}

static void step_free(struct step *s) {
    if (s == NULL)
        return;
    if (s->found != NULL)
        found_clear(s->found);
    free(s->found);
    free(s);
}

static void steps_free(struct step *s) {
    while (s != NULL) {
        struct step *next = s->next;
        step_free(s);
        s = next;
    }
}

void job_free(struct job *job) {
    struct seen_page *p, *next_page;
    if (job == NULL)
        return;
    units_free(&job->units);
    HASH_ITER(hh, job->records, p, next_page) {
        HASH_DEL(job->records, p);
        free(p);
    }
    steps_free(job->first);
    steps_free(job->first_late);
    view_clear(&job->view);
    free(job);
}

static void put_last(struct step *s, struct step **first, struct step **last) {
    if (*first == NULL)
        *first = s;
    else
        (*last)->next = s;
    *last = s;
}

static void put_behind(struct job *job, struct step *s) {
    s->next = job->behind->next;
    job->behind->next = s;
    job->behind = s;
    job->last = s->next == NULL ? s : job->last;
}

ex_code job_add(struct job *job, const struct above *above, const void *unit, size_t size_bytes,
                bool late, struct ex_error *err) {
    if (job->count >= STEPS_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d folders and the like", (int)STEPS_MAX);
    struct step *s = calloc(1, sizeof *s + size_bytes);
    if (s == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for what is to be examined");
    s->above = *above;
    s->bytes = size_bytes;
    if (size_bytes > 0)
        memcpy(s->unit, unit, size_bytes);
    job->count++;
    if (late)
        put_last(s, &job->first_late, &job->last_late);
    else if (job->behind != NULL)
        put_behind(job, s);
    else
        put_last(s, &job->first, &job->last);
    return EX_OK;
}

/* ---- one thread ---- */

struct hand {
    struct engine *engine;
    struct job *job;
    struct reading reading;
    struct sandbox *sandbox; /* NULL: none was started, or it was lost */
    struct space_data data;  /* of a space, once it was asked for */
    pthread_t thread;
    bool started;
};

static ex_code give_input(void *context, unsigned input, uint64_t offset, uint8_t *to,
                          size_t size_bytes, struct ex_error *err) {
    struct hand *h = context;
    if (input == 0)
        return reading_read(&h->reading, offset, to, size_bytes, err);
    memcpy(to, h->data.bytes + offset, size_bytes); /* the only other one */
    return EX_OK;
}

/* Of a space, where it has more than equal bytes; of nothing else. */
static ex_code name_input(void *context, const char *name, unsigned input, uint64_t *ret_size,
                          struct ex_error *err) {
    struct hand *h = context;
    if (h->job->examiner != EXAMINER_CARVER || strcmp(name, "data") != 0 || input != 1)
        return ex_fail(err, EX_MISSING, "there is no such input");
    EX_TRY(space_data_find(&h->reading, &h->data, err));
    *ret_size = h->data.size_bytes;
    return EX_OK;
}

bool job_is_stopped(void *engine) {
    struct engine *e = engine;
    return atomic_load(&e->stop);
}

ex_code job_start_worker(struct engine *e, size_t examiner, const struct sandbox_limits *limits,
                         struct sandbox **ret, struct ex_error *err) {
    ex_code code = EX_FORMAT;
    for (unsigned attempt = 0; attempt < STARTS_MAX && code == EX_FORMAT; attempt++) {
        atomic_fetch_add(&e->restarts, attempt > 0 ? 1 : 0);
        code = sandbox_start_in(e->nursery[EXAMINER[examiner].worker], limits, ret, err);
    }
    return code;
}

static ex_code start_sandbox(struct hand *h, struct ex_error *err) {
    const struct sandbox_limits limits = {
        .answer_ms = h->engine->step_ms, .stopped = job_is_stopped, .context = h->engine};
    EX_TRY(job_start_worker(h->engine, h->job->examiner, &limits, &h->sandbox, err));
    pthread_mutex_lock(&h->engine->mutex);
    (void)snprintf(h->engine->report->confinement, sizeof h->engine->report->confinement, "%s",
                   sandbox_confinement(h->sandbox));
    pthread_mutex_unlock(&h->engine->mutex);
    return EX_OK;
}

ex_code job_check_version(const struct sandbox *s, enum examiner examiner, struct ex_error *err) {
    if (sandbox_parser_version(s) == EXAMINER[examiner].version)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_INTERNAL, "the parser \"%s\" is not the one that belongs here",
                           EXAMINER[examiner].name),
                   err, "install exhibit and its workers of the same version");
}

static ex_code ask_worker(struct hand *h, const struct step *s, struct teller *t,
                          struct ex_error *err) {
    const struct sandbox_inputs inputs = {
        .context = h, .size_bytes = h->job->view.length, .read = give_input, .named = name_input};
    const char *parser = EXAMINER[h->job->examiner].name;
    const char *parameters = h->job->examiner == EXAMINER_CARVER ? space_parameters(h->engine) : "";
    bool fresh = h->sandbox == NULL;
    if (fresh)
        EX_TRY(start_sandbox(h, err));
    if (s->bytes == 0 || fresh) {
        EX_TRY(sandbox_examine(h->sandbox, parser, parameters, &inputs,
                               s->bytes == 0 ? teller_told : NULL, t, err));
        EX_TRY(job_check_version(h->sandbox, h->job->examiner, err));
    }
    if (s->bytes == 0)
        return EX_OK;
    return sandbox_work(h->sandbox, s->unit, s->bytes, teller_told, t, err);
}

void job_end_worker(struct engine *e, size_t examiner, struct sandbox *s) {
    const enum sandbox_loss loss = sandbox_loss(s);
    if (loss == SANDBOX_CRASHED)
        atomic_fetch_add(&e->crashed[examiner], 1);
    else if (loss == SANDBOX_KILLED)
        atomic_fetch_add(&e->killed[examiner], 1);
    else if (loss == SANDBOX_TOO_LONG)
        atomic_fetch_add(&e->too_long[examiner], 1);
    atomic_fetch_add(&e->cpu_ns[examiner], sandbox_end(s));
}

static void drop_sandbox(struct hand *h) {
    if (h->sandbox != NULL)
        job_end_worker(h->engine, h->job->examiner, h->sandbox);
    sandbox_free(h->sandbox);
    h->sandbox = NULL;
}

enum examine_reason job_failure_reason(ex_code code, enum sandbox_loss loss) {
    if (loss == SANDBOX_CRASHED)
        return EXAMINE_CRASHED;
    if (loss == SANDBOX_TOO_LONG)
        return EXAMINE_TOO_LONG;
    if (loss == SANDBOX_KILLED)
        return EXAMINE_KILLED;
    return code == EX_LIMIT || code == EX_NOMEM ? EXAMINE_TOO_LARGE
           : code == EX_UNSUPPORTED             ? EXAMINE_UNSUPPORTED
           : code == EX_IO                      ? EXAMINE_UNREADABLE
           : code == EX_DENIED                  ? EXAMINE_ENCRYPTED
                                                : EXAMINE_DAMAGED;
}

/* The step failed with `why`: what was told before holds, and a problem says the rest. Nothing is
 * said of a parser that knows nothing like its input: s->code does. */
static ex_code settle_failure(struct hand *h, struct step *s, const struct ex_error *why,
                              struct ex_error *err) {
    enum sandbox_loss loss = h->sandbox != NULL ? sandbox_loss(h->sandbox) : SANDBOX_GIVEN_UP;
    const struct ex_error *input =
        h->sandbox != NULL && loss == SANDBOX_NOT_LOST ? sandbox_input_error(h->sandbox) : NULL;
    bool ours = why->code == EX_INTERRUPTED || why->code == EX_INTERNAL || h->sandbox == NULL ||
                (loss == SANDBOX_GIVEN_UP && why->code != EX_LIMIT);
    if (ours) { /* nothing that the object could be blamed for */
        if (err != NULL)
            *err = *why;
        return why->code;
    }
    if (s->bytes == 0 && why->code == EX_FORMAT && loss == SANDBOX_NOT_LOST && input == NULL) {
        s->code = EX_FORMAT;
        s->error = *why;
        return EX_OK;
    }
    s->failed = true;
    if (input != NULL) /* whatever the parser made of that */
        return found_problem(s->found, h->job->examiner, 0, "step", EXAMINE_UNREADABLE, input->text,
                             err);
    if (loss != SANDBOX_NOT_LOST || s->bytes == 0)
        drop_sandbox(h);
    return found_problem(s->found, h->job->examiner, 0, "step", job_failure_reason(why->code, loss),
                         why->text, err);
}

/* Once; EX_OK also when a problem was found. *ret_again: its worker was killed from outside. */
static ex_code try_step(struct hand *h, struct step *s, bool last, bool *ret_again,
                        struct ex_error *err) {
    struct teller t;
    struct ex_error why = {0};
    teller_start(&t, h->engine, s->found, h->job->examiner, &h->job->view);
    uint64_t from = ex_monotonic_ns();
    ex_code code = ask_worker(h, s, &t, &why);
    atomic_fetch_add(&h->engine->busy_ns[h->job->examiner], ex_monotonic_ns() - from);
    t.cut = code != EX_OK;
    *ret_again =
        code != EX_OK && !last && h->sandbox != NULL && sandbox_loss(h->sandbox) == SANDBOX_KILLED;
    if (*ret_again)
        drop_sandbox(h);
    else if (code != EX_OK)
        code = settle_failure(h, s, &why, err);
    if (!*ret_again && code == EX_OK)
        code = teller_end(&t, err);
    teller_clear(&t);
    return *ret_again ? EX_OK : code;
}

static ex_code do_step(struct hand *h, struct step *s, struct ex_error *err) {
    const struct found_mark nothing = {0};
    bool again = true;
    s->found = ex_new0(struct found);
    for (unsigned attempt = 1; again; attempt++) {
        found_return(s->found, &nothing);
        EX_TRY(try_step(h, s, attempt == ATTEMPTS_MAX, &again, err));
        if (again)
            atomic_fetch_add(&h->engine->restarts, 1);
    }
    EX_TRY(content_hash_all(h->engine, &h->reading, s->found, err));
    return inside_examine_all(h->engine, &h->reading, s->found, err);
}

/* The first one that nobody has begun; NULL: too many are waiting to be written. */
static struct step *next_step(const struct job *job) {
    size_t ahead = 0;
    for (struct step *s = job->first; s != NULL && ahead < AHEAD_MAX; s = s->next) {
        if (!s->taken)
            return job->ahead < AHEAD_ALL || s == job->first ? s : NULL;
        ahead++;
    }
    return NULL;
}

static struct step *take_step(struct hand *h) {
    struct engine *e = h->engine;
    struct job *job = h->job;
    struct step *s = NULL;
    pthread_mutex_lock(&e->mutex);
    while (!job->ended && !atomic_load(&e->stop) && (s = next_step(job)) == NULL) {
        const struct timespec until = ex_deadline(WAIT_MS);
        job->waiting++;
        (void)pthread_cond_clockwait(&e->changed, &e->mutex, CLOCK_MONOTONIC, &until);
        job->waiting--;
    }
    if (s != NULL) {
        s->taken = true;
        job->ahead++;
    }
    pthread_mutex_unlock(&e->mutex);
    return s;
}

static void *run_hand(void *context) {
    struct hand *h = context;
    struct engine *e = h->engine;
    for (struct step *s; (s = take_step(h)) != NULL;) {
        struct ex_error err = {0};
        ex_code code = do_step(h, s, &err);
        pthread_mutex_lock(&e->mutex);
        if (code != EX_OK) {
            s->code = code;
            s->error = err;
            atomic_store(&e->stop, true);
        }
        s->done = true;
        if (s == h->job->first || code != EX_OK) /* the writer waits for no other one */
            pthread_cond_broadcast(&e->changed);
        pthread_mutex_unlock(&e->mutex);
    }
    drop_sandbox(h);
    return NULL;
}

/* ---- all of them ---- */

/* Waits for the next step to be written; NULL: there is none, or the threads stop. */
static struct step *wait_step(struct engine *e, struct job *job) {
    struct step *s = NULL;
    pthread_mutex_lock(&e->mutex);
    if (job->first == NULL && job->first_late != NULL) { /* now it is their turn */
        job->first = job->first_late;
        job->last = job->last_late;
        job->first_late = job->last_late = NULL;
        pthread_cond_broadcast(&e->changed);
    }
    while (s == NULL && job->first != NULL) {
        if (job->first->done) {
            s = job->behind = job->first;
        } else if (atomic_load(&e->stop)) {
            break;
        } else {
            const struct timespec until = ex_deadline(WAIT_MS);
            (void)pthread_cond_clockwait(&e->changed, &e->mutex, CLOCK_MONOTONIC, &until);
            if (ex_progress_step(e->progress, 0, NULL) != EX_OK)
                atomic_store(&e->stop, true);
        }
    }
    pthread_mutex_unlock(&e->mutex);
    return s;
}

static ex_code write_steps(struct engine *e, struct job *job, step_write_fn *write,
                           struct ex_error *err) {
    for (struct step *s; (s = wait_step(e, job)) != NULL;) {
        EX_TRY(write(e, job, s, err));
        pthread_mutex_lock(&e->mutex);
        job->first = s->next;
        job->last = job->first == NULL ? NULL : job->last;
        job->behind = NULL;
        job->count--;
        job->ahead--;
        if (job->waiting > 0)
            pthread_cond_broadcast(&e->changed);
        pthread_mutex_unlock(&e->mutex);
        step_free(s);
    }
    return EX_OK;
}

/* Of the steps that were not written: why the threads stopped. */
static ex_code why_stopped(struct engine *e, struct job *job, struct ex_error *err) {
    for (const struct step *s = job->first; s != NULL; s = s->next)
        if (s->done && s->code != EX_OK && s->code != EX_INTERRUPTED) {
            if (err != NULL)
                *err = s->error;
            return s->code;
        }
    return atomic_load(&e->stop) ? ex_fail(err, EX_INTERRUPTED, "the work was interrupted") : EX_OK;
}

static ex_code start_hand(struct engine *e, struct job *job, struct hand *h, struct ex_error *err) {
    h->engine = e;
    h->job = job;
    h->reading.object = e->object;
    h->reading.view = &job->view;
    EX_TRY(vault_reader_open(e->vault, e->object, &h->reading.reader, err));
    int code = pthread_create(&h->thread, NULL, run_hand, h);
    h->started = code == 0;
    return code == 0 ? EX_OK : ex_fail(err, EX_NOMEM, "could not start a thread");
}

ex_code job_run(struct engine *e, struct job *job, step_write_fn *write, struct ex_error *err) {
    EX_AUTO_FREE struct hand *hand = ex_new0_bytes(EXAMINE_WORKERS_MAX * sizeof *hand);
    ex_code code = EX_OK;
    for (unsigned i = 0; i < e->workers && code == EX_OK; i++)
        code = start_hand(e, job, &hand[i], err);
    if (code == EX_OK)
        code = write_steps(e, job, write, err);
    pthread_mutex_lock(&e->mutex);
    job->ended = true;
    if (code != EX_OK)
        atomic_store(&e->stop, true);
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->mutex);
    for (unsigned i = 0; i < e->workers; i++) {
        if (hand[i].started)
            (void)pthread_join(hand[i].thread, NULL);
        vault_reader_close(hand[i].reading.reader);
        free(hand[i].reading.hashing);
        space_data_clear(&hand[i].data);
    }
    return code != EX_OK ? code : why_stopped(e, job, err);
}
