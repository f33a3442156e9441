/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a bodyfile as of The Sleuth Kit 3.x, for mactime: MD5, name, inode, mode, UID, GID, size,
 * then atime, mtime, ctime, crtime in seconds since 1970.
 * https://wiki.sleuthkit.org/?title=Body_file
 */
#include "report/timeline_internal.h"

#include "formats/visible.h"

#include <inttypes.h>
#include <string.h>

enum { FIELD_ATIME, FIELD_MTIME, FIELD_CTIME, FIELD_CRTIME, FIELD_COUNT };

/* FIELD_COUNT: there is none. */
static unsigned field_of(const char *what) {
    static const char *const words[FIELD_COUNT] = {"accessed", "modified", "changed", "created"};
    unsigned field = 0;
    while (field < FIELD_COUNT && strcmp(words[field], what) != 0)
        field++;
    return field;
}

/* Counts why when it has no place. */
static bool place(const struct trace_time *t, struct timeline_zone zone,
                  int64_t seconds[FIELD_COUNT], struct timeline_left *left) {
    unsigned field = field_of(t->what);
    int64_t at = timeline_instant(t, zone).seconds;
    if (t->beyond)
        left->out_of_range++;
    else if (t->local && !zone.given)
        left->zone_unknown++;
    else if (timeline_is_date(t))
        left->date_only++;
    else if (field == FIELD_COUNT || at == 0 || seconds[field] != 0)
        left->no_field++;
    else {
        seconds[field] = at;
        return true;
    }
    return false;
}

static char kind_letter(const char *kind) {
    if (strcmp(kind, "directory") == 0)
        return 'd';
    if (strcmp(kind, "link") == 0)
        return 'l';
    return strcmp(kind, "special") == 0 ? '-' : 'r';
}

/* "r/rrw-r--r--"; of a mode that nobody states the kind alone. */
static void put_mode(FILE *to, const char *kind, const char *mode) {
    unsigned bits = 0;
    fprintf(to, "%c/%c", kind_letter(kind), kind_letter(kind));
    if (mode == NULL)
        return;
    for (; *mode >= '0' && *mode <= '7'; mode++)
        bits = bits << 3 | (unsigned)(*mode - '0');
    for (unsigned i = 0; i < 9; i++)
        fputc((bits >> (8 - i) & 1) != 0 ? "rwx"[i % 3] : '-', to);
}

static bool is_digits(const char *text) {
    return text != NULL && *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static const char *digits_or_0(const char *text) {
    return is_digits(text) ? text : "0";
}

/* The name, from which structure its times are unless it is the trace's first, and whether it is
 * gone. */
static void put_name(FILE *to, const struct timeline_row *row, const char *source) {
    static const char not_in_a_field[] = "|";
    visible_put(to, row->item, strlen(row->item), not_in_a_field);
    fputc('/', to);
    visible_put(to, row->path, strlen(row->path), not_in_a_field);
    if (source != NULL) {
        const char *colon = strchr(source, ':');
        const char *last = colon != NULL ? colon + 1 : source;
        fputs(" (", to);
        visible_put(to, last, strlen(last), not_in_a_field);
        fputc(')', to);
    }
    if (row->state == TRACE_CARVED)
        fputs(" (carved)", to);
    else if (row->state > TRACE_VIRTUAL)
        fputs(" (deleted)", to);
}

static void put_line(FILE *to, const struct timeline_row *row, const char *source,
                     const struct timeline_inode *inode, const int64_t seconds[FIELD_COUNT]) {
    fputs("0|", to);
    put_name(to, row, source);
    fprintf(to, "|%s|", digits_or_0(inode->inode));
    put_mode(to, row->trace->kind, is_digits(inode->mode) ? inode->mode : NULL);
    fprintf(to, "|%s|%s|%" PRIu64, digits_or_0(inode->uid), digits_or_0(inode->gid),
            row->trace->has_size ? row->trace->size : 0);
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        fprintf(to, "|%" PRId64, seconds[i]);
    fputc('\n', to);
}

/* Did an earlier time of these come from the same structure? */
static bool was_before(const struct trace_time *times, size_t position) {
    for (size_t i = 0; i < position; i++)
        if (strcmp(times[i].source, times[position].source) == 0)
            return true;
    return false;
}

/* NULL: it is the trace's first one. $FILE_NAME is always named, as fls does. */
static const char *other_source(const struct trace_time *t, const struct timeline_inode *inode) {
    bool first = inode->source == NULL || strcmp(inode->source, t->source) == 0;
    return first && strcmp(t->source, "ntfs:$FILE_NAME") != 0 ? NULL : t->source;
}

void timeline_put_body(FILE *to, const struct timeline_row *row, const struct trace_time *times,
                       size_t count, const struct timeline_inode *inode, struct timeline_left *left,
                       uint64_t *ret_written) {
    *ret_written = 0;
    for (size_t first = 0; first < count; first++) {
        int64_t seconds[FIELD_COUNT] = {0};
        uint64_t placed = 0;
        if (was_before(times, first))
            continue;
        for (size_t i = first; i < count; i++)
            if (strcmp(times[i].source, times[first].source) == 0)
                placed += place(&times[i], row->zone, seconds, left);
        if (placed > 0)
            put_line(to, row, other_source(&times[first], inode), inode, seconds);
        *ret_written += placed;
    }
}
