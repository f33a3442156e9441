/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_progress.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/show_parts.h"
#include "cli/text.h"
#include <stdlib.h>
#include <string.h>

#define SECOND_NS ((uint64_t)1000000000)

char *show_progress_text(char to[static 160], const char *phase, uint64_t done, uint64_t total,
                         double bytes_per_second) {
    char size[CLI_NUMBER_BYTES];
    char whole[CLI_NUMBER_BYTES];
    char rate[CLI_NUMBER_BYTES];
    char left[CLI_NUMBER_BYTES];
    cli_size_short(size, done);
    cli_size_short(rate, (uint64_t)bytes_per_second);
    if (total == 0 || done > total) {
        (void)snprintf(to, 160, "%.30s  %.20s  %.20s/s", phase, size, rate);
        return to;
    }
    int percent = (int)((double)done * 100 / (double)total);
    cli_size_short(whole, total);
    (void)snprintf(to, 160, _("%.30s  %.20s of %.20s  %d %%  %.20s/s"), phase, size, whole, percent,
                   rate);
    if (bytes_per_second >= 1) {
        size_t used = strlen(to);
        cli_duration(left, (uint64_t)((double)(total - done) / bytes_per_second));
        (void)snprintf(to + used, 160 - used, _("  %.20s left"), left);
    }
    return to;
}

/* Plain spaces and a carriage return do it on every terminal: no escape sequences, no colours. */
static void put_line(struct show_progress *show, const char *text) {
    size_t width = cli_width(text, strlen(text));
    if (width >= CLI_COLUMNS)
        return;
    size_t fill = show->width > width ? show->width - width : 0;
    fprintf(show->to, "\r%s%*s", text, (int)fill, "");
    fflush(show->to);
    show->width = width;
}

static const char *state_word(enum ex_part_state state) {
    return state == EX_PART_WAITING ? "waiting" : state == EX_PART_RUNNING ? "running" : "ended";
}

static json_t *parts_json(const struct ex_progress *progress) {
    json_t *list = json_array();
    for (size_t i = 0; i < progress->part_count; i++) {
        const struct ex_progress_part *part = &progress->part[i];
        json_t *one =
            json_pack("{s:s, s:I, s:I, s:I}", "state", state_word(part->state), "done_bytes",
                      (json_int_t)atomic_load(&part->progress->done_bytes), "total_bytes",
                      (json_int_t)atomic_load(&part->progress->total_bytes), "unread_bytes",
                      (json_int_t)atomic_load(&part->progress->unread_bytes));
        cli_json_set_text(one, "name", part->name);
        json_array_append_new(list, one);
    }
    return list;
}

static void put_json(const struct show_progress *show, const struct ex_progress *progress,
                     const char *phase, uint64_t done, uint64_t total, uint64_t now) {
    json_t *line = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "type", "progress", "command",
                             show->command->words, "phase", phase, "done_bytes", (json_int_t)done,
                             "total_bytes", (json_int_t)total, "seconds",
                             (json_int_t)((now - show->started_ns) / SECOND_NS));
    if (line != NULL && progress->part != NULL)
        json_object_set_new(line, "sources", parts_json(progress));
    if (line != NULL)
        cli_put_json_line(show->to, line);
    json_decref(line);
}

static void put_parts(struct show_progress *show, const struct ex_progress *progress,
                      uint64_t now) {
    const char *term = getenv("TERM");
    bool moves = show->form == SHOW_LINE && term != NULL && strcmp(term, "dumb") != 0;
    if (show->parts == NULL)
        show->parts = show_parts_new(show->to, moves ? PARTS_DRAWN : PARTS_PLAIN);
    show_parts_draw(show->parts, progress, now);
}

/* The end of one of several is told at once. */
static bool parts_have_ended(struct show_progress *show, const struct ex_progress *progress) {
    size_t ended = 0;
    for (size_t i = 0; i < progress->part_count; i++)
        ended += progress->part[i].state == EX_PART_ENDED;
    bool more = ended > show->ended;
    show->ended = ended;
    return more;
}

static void show_now(struct ex_progress *progress, void *context) {
    struct show_progress *show = context;
    uint64_t now = ex_monotonic_ns();
    const char *phase = progress->phase != NULL ? progress->phase : _("working");
    uint64_t done = atomic_load(&progress->done_bytes);
    if (show->phase != progress->phase || done < show->phase_done) {
        show->phase = progress->phase;
        show->phase_ns = now;
        show->phase_done = done;
    }
    bool one_ended = parts_have_ended(show, progress);
    if (!one_ended &&
        now - show->shown_ns < (show->form == SHOW_JSON ? SECOND_NS / 2 : SECOND_NS / 5))
        return;
    show->shown_ns = now;
    uint64_t total = atomic_load(&progress->total_bytes);
    if (show->form == SHOW_JSON) {
        put_json(show, progress, phase, done, total, now);
        return;
    }
    if (progress->part != NULL) {
        put_parts(show, progress, now);
        return;
    }
    if (show->form == SHOW_PLAIN)
        return;
    double seconds = (double)(now - show->phase_ns) / (double)SECOND_NS;
    double rate = seconds > 0 ? (double)(done - show->phase_done) / seconds : 0;
    char text[160];
    put_line(show, show_progress_text(text, phase, done, total, rate));
}

void show_progress_begin(struct show_progress *show, struct ex_progress *progress) {
    show->started_ns = ex_monotonic_ns();
    show->shown_ns = show->started_ns;
    show->phase_ns = show->started_ns;
    show->phase = NULL;
    show->phase_done = 0;
    show->width = 0;
    show->ended = 0;
    show->parts = NULL;
    if (show->form == SHOW_NOTHING)
        return;
    progress->show = show_now;
    progress->context = show;
}

void show_progress_end(struct show_progress *show) {
    show_parts_free(show->parts);
    show->parts = NULL;
    if (show->form != SHOW_LINE || show->width == 0)
        return;
    fprintf(show->to, "\r%*s\r", (int)show->width, "");
    fflush(show->to);
    show->width = 0;
}
