/* SPDX-License-Identifier: Apache-2.0 */
/* One source of several, in a process of its own. It has its own vault, ledger and catalog; the
 * keys it has from the process that made it, which stays alive and keeps the pages that hold them
 * in memory, and it ends soon after that one does. */
#include "app/many_internal.h"

#include "base/file.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the process was told, by a signal or by the one that watches it. */
struct told {
    struct ex_progress *own, *face;
    pid_t parent;
};

static void look(struct ex_progress *progress, void *context) {
    const struct told *t = context;
    if ((t->face != NULL && atomic_load(&t->face->stop)) || getppid() != t->parent)
        atomic_store(&progress->stop, true);
}

/* The parent's own are left alone: closing them would touch what it still uses. */
static ex_code open_own(struct act *act, struct ex_error *err) {
    const char *path = vault_path(act->vault);
    act->vault = NULL;
    act->ledger = NULL;
    act->catalog = NULL;
    EX_TRY(vault_open(path, &act->vault, err));
    EX_TRY(vault_keyring_unlock(act->vault, act->keyring, err));
    EX_TRY(
        ledger_open(vault_dir_fd(act->vault), &vault_config(act->vault)->key, &act->ledger, err));
    return act_open_catalog(act, err);
}

static const struct command *command_of(ex_code (*run)(struct act *, json_t **,
                                                       struct ex_error *)) {
    size_t i = 0;
    while (command_table[i].run != run)
        i++;
    return &command_table[i];
}

/* As if the officer had asked for this one alone. */
static void make_request(const struct many *m, const struct many_source *s, struct request *ret) {
    static const enum flag_id flag[MANY_COLUMNS] = {[MANY_LABEL] = FLAG_LABEL,
                                                    [MANY_CASE] = FLAG_CASE,
                                                    [MANY_REASON] = FLAG_REASON,
                                                    [MANY_LEGAL_BASIS] = FLAG_LEGAL_BASIS};
    const struct request *all = m->act->request;
    bool resumes = s->work[0] != '\0';
    memcpy(ret->flag, all->flag, sizeof ret->flag);
    for (size_t i = MANY_LABEL; i < MANY_COLUMNS; i++)
        ret->flag[flag[i]] = s->text[i];
    ret->command = resumes ? command_of(app_work_resume) : all->command;
    ret->operand[0] = resumes ? s->work : s->text[MANY_SOURCE];
    ret->operand_count = 1;
}

static json_t *queue_json(const struct many *m, const struct many_source *s) {
    json_t *queue = json_copy(m->queue);
    if (queue != NULL)
        json_object_set_new(queue, "line", json_number(s->place[MANY_SOURCE]->line));
    return queue;
}

static json_t *report_json(const struct act *act, ex_code code, const struct ex_error *err,
                           json_t *result) {
    json_t *report = json_pack("{s:i, s:i, s:o}", "code", (int)code, "verdict", (int)act->verdict,
                               "result", result != NULL ? result : json_null());
    if (act->has_entries) {
        json_object_set_new(report, "first", json_number(act->first_entry));
        json_object_set_new(report, "last", json_number(act->last_entry));
    }
    if (code == EX_OK)
        return report;
    json_t *error = json_error(err);
    json_object_set_new(error, "hint", json_null());
    if (err->hint[0] != '\0')
        json_set_text(error, "hint", err->hint);
    json_object_set_new(report, "error", error);
    return report;
}

static json_t *collect_one(const struct many *m, const struct many_source *s,
                           struct ex_progress *progress) {
    struct act act = *m->act;
    struct app_face face = *m->act->face;
    struct request *request = ex_new0(struct request);
    struct ex_error err = {0};
    json_t *result = NULL;
    make_request(m, s, request);
    face.progress = progress;
    act.request = request;
    act.face = &face;
    act.has_entries = act.has_intent = act.has_outcome = false;
    act.queue = queue_json(m, s);
    ex_code code = open_own(&act, &err);
    if (code == EX_OK)
        code = request->command->run(&act, &result, &err);
    if (act.ledger != NULL)
        act_settle(&act, code, &err);
    return report_json(&act, code, &err, result);
}

_Noreturn void many_process_run(const struct many *m, size_t number, pid_t parent, int fd) {
    struct told told = {
        .own = &m->progress[number], .face = m->act->face->progress, .parent = parent};
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    told.own->context = &told;
    told.own->show = look;
    json_t *report = collect_one(m, &m->source[number], told.own);
    char *text = json_dumps(report, JSON_COMPACT);
    bool written = text != NULL && ex_write_all(fd, text, strlen(text), "a pipe", NULL) == EX_OK;
    _exit(written ? 0 : 1); /* nothing here may flush or free what the parent still has */
}
