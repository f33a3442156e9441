/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/text.h"
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SECOND_NS ((uint64_t)1000000000)

enum {
    FACT_BYTES = 160,
    FACTS = 5,
    NAME_COLUMNS_MIN = 8,
    NAME_COLUMNS = 24, /* so that what is said stands below each other; a third of narrow windows */
    COLUMNS_MIN = 20,
    WINDOW_S = 10, /* a rate is that of the last 10 to 20 seconds */
    PLAIN_S = 30
};

/* ---- one line ---- */

/* The longest beginning of safe text that fits, "…" behind it when it is not all. */
static char *fitted(const char *safe, size_t columns) {
    size_t size = strlen(safe), used = 0;
    char *to = ex_new0_bytes(size + 4);
    if (cli_width(safe, size) <= columns) {
        memcpy(to, safe, size);
        return to;
    }
    while (used < size) {
        uint32_t code_point;
        size_t next = cli_utf8_next(safe + used, size - used, &code_point);
        if (next == 0 || cli_width(safe, used + next) + 1 > columns)
            break;
        used += next;
    }
    memcpy(to, safe, used);
    memcpy(to + used, "…", sizeof "…");
    return to;
}

/* What is said of it, what matters most first: how far, what was not read, time left, how much,
 * rate. */
static size_t write_facts(const struct part_view *v, char fact[FACTS][FACT_BYTES]) {
    char done[CLI_NUMBER_BYTES], other[CLI_NUMBER_BYTES];
    size_t count = 0;
    bool known = v->total_bytes > 0 && v->done_bytes <= v->total_bytes;
    bool moves = v->bytes_per_second >= 1;
    cli_size_short(done, v->done_bytes);
    if (known)
        (void)snprintf(fact[count++], FACT_BYTES, "%3d %%",
                       (int)((double)v->done_bytes * 100 / (double)v->total_bytes));
    else
        (void)snprintf(fact[count++], FACT_BYTES, "%.20s", done);
    if (v->unread_bytes > 0)
        (void)snprintf(fact[count++], FACT_BYTES, _("%.20s NOT READ"),
                       cli_size_short(other, v->unread_bytes));
    if (known && moves)
        (void)snprintf(fact[count++], FACT_BYTES, _("%.20s left"),
                       cli_duration(other, (uint64_t)((double)(v->total_bytes - v->done_bytes) /
                                                      v->bytes_per_second)));
    if (known)
        (void)snprintf(fact[count++], FACT_BYTES, _("%.20s of %.20s"), done,
                       cli_size_short(other, v->total_bytes));
    if (moves)
        (void)snprintf(fact[count++], FACT_BYTES, "%.20s/s",
                       cli_size_short(other, (uint64_t)v->bytes_per_second));
    return count;
}

static size_t facts_width(char fact[FACTS][FACT_BYTES], size_t count) {
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        width += 2 + cli_width(fact[i], strlen(fact[i]));
    return width;
}

char *show_part_text(const struct part_view *v, size_t columns) {
    char fact[FACTS][FACT_BYTES];
    EX_AUTO_FREE char *safe = cli_safe(v->name != NULL ? v->name : "");
    size_t count = write_facts(v, fact);
    size_t least = columns / 3 < NAME_COLUMNS ? columns / 3 : NAME_COLUMNS;
    while (count > 1 && NAME_COLUMNS_MIN + facts_width(fact, count) > columns)
        count--;
    size_t width = facts_width(fact, count), room = width < columns ? columns - width : 0;
    least = least < room ? least : room;
    EX_AUTO_FREE char *name = fitted(safe, room > NAME_COLUMNS_MIN ? room : NAME_COLUMNS_MIN);
    size_t shown = cli_width(name, strlen(name));
    char *text = ex_new0_bytes(strlen(name) + least + FACTS * (FACT_BYTES + 2) + 1);
    char *end = stpcpy(text, name);
    for (; shown < least; shown++)
        *end++ = ' ';
    for (size_t i = 0; i < count; i++)
        end = stpcpy(stpcpy(end, "  "), fact[i]);
    if (cli_width(text, strlen(text)) <= columns)
        return text;
    char *cut = fitted(text, columns);
    free(text);
    return cut;
}

/* ---- all lines ---- */

/* One more than there are parts: the last is all of them. */
struct seen {
    bool told; /* its end */
    uint64_t old_ns, old_done, mark_ns, mark_done;
};

struct show_parts {
    FILE *to;
    enum parts_form form;
    size_t lines; /* that stand there */
    uint64_t plain_ns;
    size_t count;
    struct seen *seen;
};

struct show_parts *show_parts_new(FILE *to, enum parts_form form) {
    struct show_parts *s = ex_new0(struct show_parts);
    s->to = to;
    s->form = form;
    return s;
}

static void take_away(struct show_parts *s) {
    if (s->lines > 0)
        fprintf(s->to, "\r\x1b[%zuA\x1b[J", s->lines);
    s->lines = 0;
}

void show_parts_free(struct show_parts *s) {
    if (s == NULL)
        return;
    take_away(s);
    fflush(s->to);
    free(s->seen);
    free(s);
}

static double rate_of(struct seen *seen, uint64_t done, uint64_t now_ns) {
    if (seen->old_ns == 0 || done < seen->mark_done) { /* it begins; perhaps not at nothing */
        seen->old_ns = seen->mark_ns = now_ns;
        seen->old_done = seen->mark_done = done;
    }
    double seconds = (double)(now_ns - seen->old_ns) / (double)SECOND_NS;
    double rate = seconds > 0.5 ? (double)(done - seen->old_done) / seconds : 0;
    if (now_ns - seen->mark_ns >= WINDOW_S * SECOND_NS) {
        seen->old_ns = seen->mark_ns;
        seen->old_done = seen->mark_done;
        seen->mark_ns = now_ns;
        seen->mark_done = done;
    }
    return rate;
}

static void window_of(const struct show_parts *s, size_t *ret_columns, size_t *ret_lines) {
    struct winsize w = {0};
    *ret_columns = CLI_COLUMNS;
    *ret_lines = 24;
    if (s->form != PARTS_DRAWN || ioctl(fileno(s->to), TIOCGWINSZ, &w) != 0)
        return;
    if (w.ws_col > 0)
        *ret_columns = w.ws_col > COLUMNS_MIN ? w.ws_col - 1u : COLUMNS_MIN;
    if (w.ws_row > 0)
        *ret_lines = w.ws_row;
}

/* In front of a plain line there is nothing to take away. */
static void put_text(struct show_parts *s, const char *text) {
    fprintf(s->to, s->form == PARTS_DRAWN ? "%s\x1b[K\n" : "%s\n", text);
}

static void put_part(struct show_parts *s, const struct ex_progress_part *part, struct seen *seen,
                     uint64_t now_ns, size_t columns) {
    struct part_view v = {.name = part->name,
                          .done_bytes = atomic_load(&part->progress->done_bytes),
                          .total_bytes = atomic_load(&part->progress->total_bytes),
                          .unread_bytes = atomic_load(&part->progress->unread_bytes)};
    v.bytes_per_second = rate_of(seen, v.done_bytes, now_ns);
    EX_AUTO_FREE char *text = show_part_text(&v, columns);
    put_text(s, text);
}

static const char *end_text(const struct ex_progress_part *part) {
    if (part->already)
        return part->code == EX_PARTIAL ? _("was held already, but for parts that were not read")
                                        : _("was held already");
    switch ((int)part->code) {
    case EX_OK:
        return _("is held");
    case EX_PARTIAL:
        return _("is held, but for parts that were not read");
    case EX_INTERRUPTED:
        return _("INTERRUPTED");
    default:
        return _("NOT HELD");
    }
}

static void put_end(struct show_parts *s, const struct ex_progress_part *part, size_t columns) {
    EX_AUTO_FREE char *safe = cli_safe(part->name);
    const char *word = end_text(part);
    size_t width = cli_width(word, strlen(word)) + 2;
    EX_AUTO_FREE char *name =
        fitted(safe, width + NAME_COLUMNS_MIN < columns ? columns - width : NAME_COLUMNS_MIN);
    EX_AUTO_FREE char *text = ex_new0_bytes(strlen(name) + strlen(word) + 3);
    (void)sprintf(text, "%s  %s", name, word);
    put_text(s, text);
}

static void put_total(struct show_parts *s, const struct ex_progress *all, uint64_t now_ns,
                      size_t columns) {
    char name[80];
    size_t ended = 0;
    bool known = true; /* the size of what has not begun is not */
    for (size_t i = 0; i < all->part_count; i++) {
        ended += all->part[i].state == EX_PART_ENDED;
        known = known && atomic_load(&all->part[i].progress->total_bytes) > 0;
    }
    struct part_view v = {.name = name,
                          .done_bytes = atomic_load(&all->done_bytes),
                          .total_bytes = known ? atomic_load(&all->total_bytes) : 0,
                          .unread_bytes = atomic_load(&all->unread_bytes)};
    (void)snprintf(name, sizeof name, _("%zu of %zu ended"), ended, all->part_count);
    v.bytes_per_second = rate_of(&s->seen[all->part_count], v.done_bytes, now_ns);
    EX_AUTO_FREE char *text = show_part_text(&v, columns);
    put_text(s, text);
}

static void put_ends(struct show_parts *s, const struct ex_progress *all, size_t columns) {
    for (size_t i = 0; i < all->part_count; i++) {
        if (all->part[i].state != EX_PART_ENDED || s->seen[i].told)
            continue;
        s->seen[i].told = true;
        put_end(s, &all->part[i], columns);
    }
}

static void put_running(struct show_parts *s, const struct ex_progress *all, uint64_t now_ns,
                        size_t columns, size_t lines_max) {
    size_t lines = 0;
    for (size_t i = 0; i < all->part_count && lines + 2 < lines_max; i++) {
        if (all->part[i].state != EX_PART_RUNNING)
            continue;
        put_part(s, &all->part[i], &s->seen[i], now_ns, columns);
        lines++;
    }
    put_total(s, all, now_ns, columns);
    s->lines = s->form == PARTS_DRAWN ? lines + 1 : 0;
}

void show_parts_draw(struct show_parts *s, const struct ex_progress *all, uint64_t now_ns) {
    size_t columns, lines_max;
    if (s->seen == NULL) {
        s->seen = ex_new0_bytes((all->part_count + 1) * sizeof *s->seen);
        s->count = all->part_count;
        s->plain_ns = now_ns;
    }
    if (all->part_count != s->count)
        return;
    window_of(s, &columns, &lines_max);
    take_away(s);
    put_ends(s, all, columns);
    bool due = s->form == PARTS_DRAWN || now_ns - s->plain_ns >= PLAIN_S * SECOND_NS;
    if (due) {
        s->plain_ns = now_ns;
        put_running(s, all, now_ns, columns, lines_max);
    }
    fflush(s->to);
}
