/* SPDX-License-Identifier: Apache-2.0 */
/* Several sources at once: begins them, watches them, says what came of each. */
#include "app/many_internal.h"

#include "app/collecting_internal.h"

#include "base/file.h"
#include "base/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 100, READ_BYTES = 1 << 16 };

/* ---- one ---- */

static void end_source(struct many *m, struct many_source *s, ex_code code, json_t *report) {
    struct ex_progress_part *part = &m->part[s - m->source];
    s->ended = true;
    s->code = code;
    s->report = report;
    s->ended_ns = part->ended_ns = ex_monotonic_ns();
    part->code = code;
    part->already = json_object_get(json_object_get(report, "result"), "already") != NULL;
    part->state = EX_PART_ENDED;
    m->full = m->full || code == EX_SPACE;
}

static void end_badly(struct many *m, struct many_source *s, const struct ex_error *why) {
    json_t *error = json_error(why);
    json_object_set_new(error, "hint", json_null());
    if (why->hint[0] != '\0')
        json_set_text(error, "hint", why->hint);
    end_source(m, s, why->code, json_pack("{s:o}", "error", error));
}

static ex_code make_process(struct many *m, struct many_source *s, struct ex_error *err) {
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ex_fail_sys(err, "no pipe could be made");
    s->pid = fork();
    if (s->pid < 0) {
        s->pid = 0;
        ex_fd_close(ends[0]);
        ex_fd_close(ends[1]);
        return ex_fail_sys(err, "no process could be made");
    }
    if (s->pid == 0) {
        ex_fd_close(ends[0]);
        many_process_run(m, (size_t)(s - m->source), parent, ends[1]);
    }
    ex_fd_close(ends[1]);
    s->fd = ends[0];
    return EX_OK;
}

static void begin_source(struct many *m, struct many_source *s) {
    struct ex_error err;
    struct ex_progress_part *part = &m->part[s - m->source];
    s->begun = true;
    s->began_ns = part->began_ns = ex_monotonic_ns();
    part->state = EX_PART_RUNNING;
    if (make_process(m, s, &err) != EX_OK)
        end_badly(m, s, &err);
}

/* What a process said is only taken when it said all of it. */
static void take_report(struct many *m, struct many_source *s, int status) {
    struct ex_error err;
    json_t *report = json_loadb((const char *)s->said, s->said_bytes, 0, NULL);
    json_int_t code = json_integer_value(json_object_get(report, "code"));
    json_int_t verdict = json_integer_value(json_object_get(report, "verdict"));
    bool good = report != NULL && WIFEXITED(status) && WEXITSTATUS(status) == 0 && code >= 0 &&
                code < EX_CODE_COUNT && verdict >= 0 && verdict < EX_CODE_COUNT;
    if (good) {
        end_source(m, s, code != EX_OK ? (ex_code)code : (ex_code)verdict, report);
        return;
    }
    json_decref(report);
    if (WIFSIGNALED(status))
        (void)ex_fail(&err, EX_INTERNAL, "the process that collected it was ended by signal %d",
                      WTERMSIG(status));
    else
        (void)ex_fail(&err, EX_INTERNAL,
                      "the process that collected it did not say what came of it");
    (void)ex_hint(EX_INTERNAL, &err, "exhibit work list shows whether it can be gone on with");
    end_badly(m, s, &err);
}

static void end_process(struct many *m, struct many_source *s) {
    int status = 0;
    ex_fd_close(s->fd);
    s->fd = -1;
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR) {
    }
    s->pid = 0;
    take_report(m, s, status);
    free(ex_steal(&s->said));
}

static void hear(struct many *m, struct many_source *s) {
    ssize_t got = -1;
    if (ex_grow(&s->said, &s->said_capacity, s->said_bytes + READ_BYTES, 1, MANY_REPORT_BYTES_MAX,
                "a report", NULL) == EX_OK)
        got = read(s->fd, s->said + s->said_bytes, READ_BYTES);
    if (got < 0 && errno == EINTR)
        return;
    if (got > 0)
        s->said_bytes += (size_t)got;
    else
        end_process(m, s);
}

/* ---- all ---- */

static bool stopped(const struct many *m) {
    const struct ex_progress *p = m->act->face->progress;
    return p != NULL && atomic_load(&p->stop);
}

static unsigned count_running(const struct many *m) {
    unsigned count = 0;
    for (size_t i = 0; i < m->count; i++)
        count += m->source[i].pid != 0;
    return count;
}

static bool disk_is_busy(const struct many *m, const struct many_source *s) {
    for (size_t i = 0; s->has_disk && i < m->count; i++)
        if (m->source[i].pid != 0 && m->source[i].has_disk && m->source[i].disk == s->disk)
            return true;
    return false;
}

/* The first one whose disk has nothing to do; when the officer said how many, any. */
static struct many_source *next_source(const struct many *m) {
    struct many_source *any = NULL;
    for (size_t i = 0; i < m->count; i++) {
        struct many_source *s = &m->source[i];
        if (s->begun || s->ended)
            continue;
        if (!disk_is_busy(m, s))
            return s;
        any = any == NULL ? s : any;
    }
    return m->jobs_given ? any : NULL;
}

static void leave_rest(struct many *m) {
    struct ex_error err;
    if (m->full)
        (void)ex_fail(&err, EX_SPACE, "not begun: the disk of the vault is full");
    else
        (void)ex_fail(&err, EX_INTERRUPTED, "not begun: the run was interrupted");
    err.hint[0] = '\0';
    for (size_t i = 0; i < m->count; i++)
        if (!m->source[i].begun && !m->source[i].ended)
            end_badly(m, &m->source[i], &err);
}

static void begin_some(struct many *m) {
    struct many_source *s;
    if (m->full || stopped(m))
        leave_rest(m);
    while (count_running(m) < m->jobs && (s = next_source(m)) != NULL)
        begin_source(m, s);
}

static void show_all(struct many *m) {
    struct ex_progress *face = m->act->face->progress;
    uint64_t done = 0, total = 0, unread = 0;
    for (size_t i = 0; i < m->count; i++) {
        done += atomic_load(&m->progress[i].done_bytes);
        total += atomic_load(&m->progress[i].total_bytes);
        unread += atomic_load(&m->progress[i].unread_bytes);
        if (stopped(m))
            atomic_store(&m->progress[i].stop, true);
    }
    if (face == NULL)
        return;
    atomic_store(&face->done_bytes, done);
    atomic_store(&face->total_bytes, total);
    atomic_store(&face->unread_bytes, unread);
    (void)!ex_progress_step(face, 0, NULL);
}

static void wait_for_some(struct many *m) {
    struct pollfd fds[MANY_JOBS_MAX];
    struct many_source *who[MANY_JOBS_MAX];
    nfds_t count = 0;
    for (size_t i = 0; i < m->count && count < MANY_JOBS_MAX; i++)
        if (m->source[i].pid != 0) {
            who[count] = &m->source[i];
            fds[count++] = (struct pollfd){.fd = m->source[i].fd, .events = POLLIN};
        }
    if (poll(fds, count, LOOK_MS) > 0)
        for (nfds_t i = 0; i < count; i++)
            if (fds[i].revents != 0)
                hear(m, who[i]);
    show_all(m);
}

static void run_all(struct many *m) {
    begin_some(m);
    while (count_running(m) > 0) {
        wait_for_some(m);
        begin_some(m);
    }
    show_all(m);
}

/* ---- what came of it ---- */

/* Interrupted is the worst: whoever reads the status must know that there is more to do. */
static unsigned rank(ex_code code) {
    return code == EX_OK ? 0 : code == EX_PARTIAL ? 1 : code == EX_INTERRUPTED ? 3 : 2;
}

static json_t *source_result(const struct many_source *s) {
    json_t *result = json_object_get(s->report, "result");
    json_t *json = json_pack("{s:n, s:n, s:s, s:b, s:b, s:b, s:f}", "label_text", "item", "verdict",
                             ex_code_name(s->code), "begun", s->begun, "resumed",
                             s->work[0] != '\0', "already", false, "seconds",
                             s->begun ? (double)(s->ended_ns - s->began_ns) / 1e9 : 0.0);
    json_set_text(json, "source", s->text[MANY_SOURCE]);
    if (s->text[MANY_LABEL] != NULL)
        json_set_text(json, "label_text", s->text[MANY_LABEL]);
    json_set_text(json, "case", s->text[MANY_CASE]);
    if (many_is_listed(s))
        json_object_set_new(json, "line", json_number(s->place[MANY_SOURCE]->line));
    const char *key;
    json_t *value;
    json_object_foreach(result, key, value) {
        if (strcmp(key, "seconds") != 0)
            json_object_set(json, key, value);
    }
    json_t *error = json_object_get(s->report, "error");
    json_object_set(json, "error", error);
    if (error == NULL)
        json_object_set_new(json, "error", json_null());
    return json;
}

static void take_entries(struct act *act, const struct many_source *s) {
    json_t *first = json_object_get(s->report, "first"), *last = json_object_get(s->report, "last");
    if (first == NULL || last == NULL)
        return;
    uint64_t end = (uint64_t)json_integer_value(last);
    act->last_entry = end > act->last_entry ? end : act->last_entry;
}

static json_t *many_result(struct many *m, uint64_t began_ns) {
    json_t *list = json_array();
    size_t held = 0, already = 0, failed = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct many_source *s = &m->source[i];
        json_array_append_new(list, source_result(s));
        take_entries(m->act, s);
        if (rank(s->code) > 1)
            failed++;
        else if (m->part[i].already)
            already++;
        else
            held++;
        if (rank(s->code) > rank(m->act->verdict))
            m->act->verdict = s->code;
    }
    json_t *result = json_pack("{s:o, s:{s:o, s:o, s:o}, s:o, s:f}", "sources", list, "counts",
                               "held", json_number(held), "already", json_number(already), "failed",
                               json_number(failed), "jobs", json_number(m->jobs), "seconds",
                               (double)(ex_monotonic_ns() - began_ns) / 1e9);
    if (m->queue != NULL)
        json_object_set(result, "queue", m->queue);
    return result;
}

static ex_code share_progress(struct many *m, struct ex_error *err) {
    struct ex_progress *face = m->act->face->progress;
    size_t size = m->count * sizeof *m->progress;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return ex_fail_sys(err, "no memory for the progress of the processes");
    m->progress = memory;
    EX_TRY(ex_alloc(m->count, sizeof *m->part, OPERANDS_MAX * sizeof *m->part, "the progress",
                    &m->part, err));
    for (size_t i = 0; i < m->count; i++) {
        const char *const *text = m->source[i].text;
        m->source[i].fd = -1;
        m->part[i].name = text[MANY_LABEL] != NULL ? text[MANY_LABEL] : text[MANY_SOURCE];
        m->part[i].progress = &m->progress[i];
    }
    if (face != NULL) {
        face->phase = "collecting";
        face->part = m->part;
        face->part_count = m->count;
    }
    return EX_OK;
}

static ex_code many_run(struct many *m, json_t **ret_result, struct ex_error *err) {
    struct act *act = m->act;
    uint64_t began_ns = ex_monotonic_ns();
    EX_TRY(many_list(m, err));
    EX_TRY(share_progress(m, err));
    EX_TRY(act_append(act, NULL, 0, NULL, NULL, NULL, err)); /* one session for all of them */
    catalog_close(ex_steal(&act->catalog)); /* a handle must not be carried into another process */
    run_all(m);
    *ret_result = many_result(m, began_ns);
    return EX_OK;
}

ex_code collect_many(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct many m = {.act = act};
    struct ex_progress *face = act->face->progress;
    ex_code code = many_run(&m, ret_result, err);
    if (face != NULL) { /* what it was lent goes */
        face->part = NULL;
        face->part_count = 0;
    }
    for (size_t i = 0; i < m.count && m.source != NULL; i++) {
        json_decref(m.source[i].report);
        free(m.source[i].said);
    }
    if (m.progress != NULL)
        (void)munmap(m.progress, m.count * sizeof *m.progress);
    free(m.part);
    free(m.source);
    csv_clear(&m.csv);
    json_decref(m.queue);
    return code;
}
