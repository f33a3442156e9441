/* SPDX-License-Identifier: Apache-2.0 */
/* One file, looked into by one parser: its first command, and the units that it leaves. All are
 * done here, one after the other, by a worker that goes on to the next one as long as it lives;
 * when it is lost, what it was at is lost, and the next one begins where it stopped. */
#include "examine/examine_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum { ATTEMPTS_INSIDE_MAX = 20, KEY_BYTES = 64 };

static void drop_worker(struct inside_work *w) {
    if (w->sandbox != NULL)
        job_end_worker(w->engine, w->examiner, w->sandbox);
    sandbox_free(w->sandbox);
    w->sandbox = NULL;
}

void inside_work_clear(struct inside_work *w) {
    drop_worker(w);
    free(w->unit.unit);
    free(w->late_unit.unit);
    units_free(&w->seen);
}

/* ---- one command ---- */

static ex_code start(struct inside_work *w, sandbox_told_fn *told, struct teller *t,
                     struct ex_error *err) {
    struct engine *e = w->engine;
    const struct sandbox_limits limits = {
        .answer_ms = INSIDE_TIMES * e->step_ms, .stopped = job_is_stopped, .context = e};
    const struct sandbox_inputs inputs = inside_inputs(w->input);
    EX_TRY(job_start_worker(e, w->examiner, &limits, &w->sandbox, err));
    EX_TRY(sandbox_examine(w->sandbox, EXAMINER[w->examiner].name, "", &inputs, told, t, err));
    return job_check_version(w->sandbox, w->examiner, err);
}

/* *ret_unread: what the input could not give, whatever the parser made of that; code EX_OK:
 * nothing. */
static ex_code ask_worker(struct inside_work *w, const struct found_unit *u, struct teller *t,
                          enum sandbox_loss *ret, struct ex_error *ret_unread,
                          struct ex_error *err) {
    struct found *f = w->found;
    uint8_t words[PARSER_UNIT_BYTES_MAX]; /* what was found moves */
    uint64_t from = ex_monotonic_ns();
    ex_code code = EX_OK;
    if (w->sandbox == NULL)
        code = start(w, u == NULL ? teller_told : NULL, t, err);
    if (code == EX_OK && u != NULL) {
        memcpy(words, f->text + u->at, u->bytes);
        code = sandbox_work(w->sandbox, words, u->bytes, teller_told, t, err);
    }
    atomic_fetch_add(&w->engine->busy_ns[w->examiner], ex_monotonic_ns() - from);
    *ret = w->sandbox == NULL ? SANDBOX_GIVEN_UP : sandbox_loss(w->sandbox);
    const struct ex_error *unread = w->sandbox == NULL ? NULL : sandbox_input_error(w->sandbox);
    if (unread != NULL)
        *ret_unread = *unread;
    return code;
}

/* "inside", or with the words of the unit behind it. */
static void make_key(const struct found *f, const struct found_unit *u, char to[static KEY_BYTES]) {
    size_t at = (size_t)snprintf(to, KEY_BYTES, "inside%s", u == NULL ? "" : "-");
    for (size_t i = 0; u != NULL && i < u->bytes && at + 1 < KEY_BYTES; i++) {
        char c = f->text[u->at + i];
        to[at++] = c > ' ' && c <= '~' ? c : '?';
    }
    to[at] = '\0';
}

/* What could not be looked into is said; what came out of it before holds. */
static ex_code settle(struct inside_work *w, const struct found_unit *u, uint32_t above,
                      ex_code code, enum sandbox_loss loss, const struct ex_error *unread,
                      const struct ex_error *why, struct ex_error *err) {
    char key[KEY_BYTES];
    if (code == EX_INTERRUPTED || code == EX_INTERNAL ||
        (loss == SANDBOX_GIVEN_UP && code != EX_OK && code != EX_LIMIT)) {
        if (err != NULL)
            *err = *why;
        return code;
    }
    make_key(w->found, u, key);
    w->over = w->over || loss == SANDBOX_GIVEN_UP;
    if (unread->code != EX_OK)
        return found_problem(w->found, w->examiner, above, key, EXAMINE_UNREADABLE, unread->text,
                             err);
    if (code == EX_OK)
        return EX_OK;
    return found_problem(w->found, w->examiner, above, key, job_failure_reason(code, loss),
                         why->text, err);
}

/* Those that were not met before. */
static ex_code take_units(struct inside_work *w, const struct teller *t, struct ex_error *err) {
    for (size_t i = 0; i < t->left_count; i++) {
        const struct found_unit *u = &t->left[i];
        bool fresh;
        EX_TRY(units_see(&w->seen, w->found->text + u->at, u->bytes, &fresh, err));
        if (!fresh)
            continue;
        struct unit_queue *q = u->late ? &w->late_unit : &w->unit;
        EX_TRY(ex_grow(&q->unit, &q->capacity, q->count + 1, sizeof *u, FOUND_BYTES_MAX,
                       "what is to be examined", err));
        q->unit[q->count++] = *u;
    }
    return EX_OK;
}

/* Once. *ret_again: its worker was killed from outside. */
static ex_code try_command(struct inside_work *w, const struct found_unit *u, bool last,
                           bool *ret_again, struct ex_error *err) {
    struct teller t;
    struct ex_error why = {0}, unread = {0};
    struct inside_budget left = *w->budget;
    enum sandbox_loss loss;
    teller_start(&t, w->engine, w->found, w->examiner, NULL);
    t.above = u == NULL ? (uint32_t)w->index + 1 : u->parent;
    t.depth = w->depth + 1;
    t.budget = &left;
    ex_code code = ask_worker(w, u, &t, &loss, &unread, &why);
    *ret_again = code != EX_OK && loss == SANDBOX_KILLED && !last;
    if (loss != SANDBOX_NOT_LOST)
        drop_worker(w);
    if (!*ret_again) {
        *w->budget = left;
        w->lost += loss != SANDBOX_NOT_LOST;
        t.cut = code != EX_OK;
        code = settle(w, u, t.above, code, loss, &unread, &why, err);
        if (code == EX_OK)
            code = teller_end(&t, err);
        if (code == EX_OK)
            code = take_units(w, &t, err);
    }
    teller_clear(&t);
    return *ret_again ? EX_OK : code;
}

static ex_code do_command(struct inside_work *w, const struct found_unit *u, struct ex_error *err) {
    const struct found_mark mark = found_mark(w->found);
    bool again = true;
    for (unsigned attempt = 1; again; attempt++) {
        EX_TRY(try_command(w, u, attempt == ATTEMPTS_INSIDE_MAX, &again, err));
        if (again) {
            found_return(w->found, &mark);
            atomic_fetch_add(&w->engine->restarts, 1);
        }
    }
    return EX_OK;
}

/* ---- all of them ---- */

/* One that is late waits for all that are not, also for those that a late one left. */
static struct unit_queue *next_queue(struct inside_work *w) {
    return w->unit.next < w->unit.count             ? &w->unit
           : w->late_unit.next < w->late_unit.count ? &w->late_unit
                                                    : NULL;
}

ex_code inside_work(struct inside_work *w, struct ex_error *err) {
    size_t left = 0;
    char text[PROBLEM_BYTES_MAX];
    EX_TRY(do_command(w, NULL, err));
    for (struct unit_queue *q; (q = next_queue(w)) != NULL;) {
        const struct found_unit u = q->unit[q->next++]; /* they move */
        if (w->lost >= INSIDE_LOST_MAX || w->over)
            left++;
        else
            EX_TRY(do_command(w, &u, err));
    }
    if (left == 0 || w->over) /* which has its own words */
        return EX_OK;
    (void)snprintf(text, sizeof text,
                   "the parser was lost %u times, and %zu parts were not looked into", w->lost,
                   left);
    return found_problem(w->found, w->examiner, (uint32_t)w->index + 1, "units", EXAMINE_TOO_MANY,
                         text, err);
}
