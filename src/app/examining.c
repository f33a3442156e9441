/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of examining: intent, traces, the object that holds them, outcome. What is found
 * waits in memory, and never in a file: names out of evidence do not lie unencrypted on a disk. */
#include "app/examining_run_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20 };

static ex_code parse_options(struct act *act, struct examining *x, struct ex_error *err) {
    const char *profile = act_flag(act, FLAG_PROFILE), *workers = act_flag(act, FLAG_WORKERS);
    uint64_t count = 0;
    x->options.profile = EXAMINE_STANDARD;
    if (profile != NULL && !examine_profile_parse(profile, &x->options.profile))
        return ex_hint(ex_fail(err, EX_USAGE, "the profile \"%.40s\" is not known", profile), err,
                       "triage, files, standard or deep");
    if (workers != NULL && (!ex_parse_decimal(workers, strlen(workers), &count) || count == 0 ||
                            count > EXAMINE_WORKERS_MAX))
        return ex_fail(err, EX_USAGE, "--workers takes a number from 1 to %d",
                       (int)EXAMINE_WORKERS_MAX);
    x->options.workers = (unsigned)count;
    return EX_OK;
}

static ex_code intent(struct act *act, const struct examining *x, struct ex_error *err) {
    const struct item_truth *i = x->item;
    return act_intent(act,
                      json_pack("{s:o, s:s, s:o, s:s}", "item_id", json_hex(i->id, sizeof i->id),
                                "label", i->label, "examined",
                                json_hex(i->object_id, sizeof i->object_id), "profile",
                                examine_profile_word(x->options.profile)),
                      err);
}

/* ---- the stream ---- */

static ex_code examine(struct act *act, struct examining *x, struct ex_error *err) {
    struct vault_object_info o = {0};
    struct ex_progress *progress = act->face->progress;
    x->fd = memfd_create("traces", MFD_CLOEXEC);
    if (x->fd < 0)
        return ex_fail_sys(err, "could not get memory for what is found");
    EX_TRY(vault_object(act->vault, x->item->object_id, &o, err));
    ex_code code = EX_OK;
    if (!truth_agrees(x->item, &o))
        code = ex_hint(
            ex_fail(err, EX_ALTERED, "the ledger's entry of item %s is damaged", x->item->label),
            err, "run: exhibit verify %s", x->item->label);
    if (progress != NULL) {
        progress->phase = "examining";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, o.size_bytes);
    }
    x->known.act = act;
    x->options.item_id = x->item->id;
    x->options.asking = examining_asking;
    x->options.known = examining_known;
    x->options.inside = examining_inside;
    x->options.context = &x->known;
    if (code == EX_OK)
        code = examine_run(act->vault, &o, &x->options, x->fd, progress, &x->report, err);
    examining_known_clear(&x->known);
    vault_object_info_clear(&o);
    return code;
}

static ex_code look_at_line(void *context, const struct catalog_trace *row,
                            const struct trace_line *line, struct ex_error *err) {
    struct examining *x = context;
    (void)err;
    if (line->reason == NULL || x->problem_count == EXAMINING_PROBLEMS_LISTED)
        return EX_OK;
    json_t *error = json_pack("{s:s, s:s}", "reason", line->reason, "text", line->text);
    x->problem[x->problem_count++] = (struct examining_problem){row->number, row->parent, error};
    return EX_OK;
}

static ex_code read_back(struct examining *x, struct trace_lines *l, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *buffer = NULL;
    EX_TRY(ex_alloc(READ_BYTES, 1, READ_BYTES, "what was found", &buffer, err));
    for (uint64_t at = 0; at < x->bytes;) {
        size_t part = x->bytes - at < READ_BYTES ? (size_t)(x->bytes - at) : READ_BYTES;
        EX_TRY(ex_read_at(x->fd, buffer, part, at, "what was found", err));
        EX_TRY(trace_lines_feed(l, buffer, part, err));
        at += part;
    }
    return trace_lines_end(l, &x->totals, err);
}

/* What cannot be read here could not be read from the vault either: it is not held. */
static ex_code check_stream(struct examining *x, struct ex_error *err) {
    EX_AUTO(trace_lines_free) struct trace_lines *l = NULL;
    struct ex_error why;
    off_t end = lseek(x->fd, 0, SEEK_END);
    if (end < 0)
        return ex_fail_sys(err, "could not read what was found");
    x->bytes = (uint64_t)end;
    EX_TRY(trace_lines_new(look_at_line, x, &l, err));
    ex_code code = read_back(x, l, &why);
    if (code == EX_FORMAT)
        return ex_fail(err, EX_INTERNAL, "what the examination wrote is not as traces.md says: %s",
                       why.text);
    if (code != EX_OK && err != NULL)
        *err = why;
    x->limits = json_incref(json_object_get(trace_lines_head(l), "limits"));
    return code;
}

/* ---- holding it ---- */

struct pulling {
    int fd;
    uint64_t at;
};

static ex_code pull(void *context, uint8_t *to, size_t size, size_t *ret_got,
                    struct ex_error *err) {
    struct pulling *p = context;
    ssize_t got;
    do
        got = pread(p->fd, to, size, (off_t)p->at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return ex_fail_sys(err, "could not read what was found");
    p->at += (uint64_t)got;
    *ret_got = (size_t)got;
    return EX_OK;
}

static ex_code hold(struct act *act, struct examining *x, struct ex_error *err) {
    EX_AUTO(source_close) struct source *source = NULL;
    EX_AUTO_FREE char *journal = act_journal(
        act, "examine", json_pack("{s:o}", "item_id", json_hex(x->item->id, sizeof x->item->id)));
    struct pulling p = {.fd = x->fd};
    struct ex_progress *progress = act->face->progress;
    const struct vault_put_options options = {
        .readback = VAULT_READBACK_NEW, .journal = journal, .ret_work = &x->work};
    if (progress != NULL) {
        progress->phase = "storing what was found";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, x->bytes);
    }
    EX_TRY(source_open_member("traces", x->bytes, pull, &p, NULL, 0, &source, err));
    return vault_put(act->vault, source, &options, progress, &x->object, &x->put, err);
}

/* Under the ledger's lock: from an approved disposal on nothing more is kept of an item. */
static ex_code still_held(struct act *act, struct draft *draft, void *context,
                          struct ex_error *err) {
    struct examining *x = context;
    struct truth t = {0};
    (void)draft;
    EX_TRY(truth_load(act, &t, err));
    const struct item_truth *i = truth_item_by_id(&t, x->item->id);
    ex_code code = i != NULL && i->approval != 0 ? truth_fail_disposed(i, err) : EX_OK;
    truth_clear(&t);
    return code;
}

/* ---- the act ---- */

static json_t *result_json(struct act *act, const struct examining *x, json_t *what,
                           const char *result) {
    json_t *json = json_copy(what);
    json_object_del(json, "item_id");
    json_object_del(json, "label");
    json_object_set_new(json, "item",
                        json_pack("{s:s, s:o}", "label", x->item->label, "id",
                                  json_hex(x->item->id, sizeof x->item->id)));
    json_object_set_new(json, "result", json_string(result));
    json_object_set_new(json, "object", json_hex(x->object.id, sizeof x->object.id));
    json_object_set_new(json, "problem_list", examining_problems(act, x));
    return json;
}

static ex_code examining_run(struct act *act, struct examining *x, json_t **ret_result,
                             struct ex_error *err) {
    x->started_ns = ex_monotonic_ns();
    EX_TRY(parse_options(act, x, err));
    EX_TRY(tracing_item(act, &x->truth, act->request->operand[0], &x->item, err));
    EX_TRY(intent(act, x, err));
    EX_TRY(examine(act, x, err));
    EX_TRY(check_stream(x, err));
    EX_TRY(hold(act, x, err));
    bool whole = x->totals.errors == 0 && !x->totals.truncated && x->report.not_hashed_bad == 0;
    json_t *what = examining_what(x);
    ex_code code = act_outcome(act, whole ? "done" : "partial", json_incref(what), x->object.id,
                               still_held, x, err);
    if (code == EX_OK) {
        (void)!vault_work_remove(ex_steal(&x->work), NULL);
        act->verdict = whole ? EX_OK : EX_PARTIAL;
        *ret_result = result_json(act, x, what, whole ? "done" : "partial");
    }
    json_decref(what);
    return code;
}

static void examining_clear(struct examining *x) {
    if (x->work != NULL) /* no entry names what it put */
        (void)!vault_work_remove(ex_steal(&x->work), NULL);
    for (size_t i = 0; i < x->problem_count; i++)
        json_decref(x->problem[i].error);
    json_decref(x->limits);
    vault_object_info_clear(&x->object);
    vault_put_report_clear(&x->put);
    ex_fd_close(x->fd);
    truth_clear(&x->truth);
}

ex_code app_examine(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct examining *x = ex_new0(struct examining);
    x->fd = -1;
    ex_code code = examining_run(act, x, ret_result, err);
    examining_clear(x);
    return code;
}
