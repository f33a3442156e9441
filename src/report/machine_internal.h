/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine report keeps while traces are added. */
#ifndef EXHIBIT_REPORT_MACHINE_INTERNAL_H
#define EXHIBIT_REPORT_MACHINE_INTERNAL_H

#include "report/machine.h"

enum machine_list_id {
    LIST_SYSTEMS,
    LIST_COMPUTERS,
    LIST_ZONES,
    LIST_NETWORKS,
    LIST_ACCOUNTS,
    LIST_PROFILES,
    LIST_HOMES, /* by path */
    LIST_LOGINS,
    LIST_WIRELESS,
    LIST_USB,
    LIST_RECENT,
    LIST_AUTOSTART,
    LIST_PROGRAMS,
    LIST_SERVICES,
    LIST_VOLUMES,
    LIST_FILE_SYSTEMS,
    LIST_ENCRYPTED,
    LIST_MAILBOXES,
    LIST_POSITIONS,
    LIST_NOTABLE,
    LISTS
};
enum machine_part { PART_MACHINE, PART_USERS, PART_DISK, PART_FOUND };
/* Of each: its name in the document and where it stands there, and the condition under which jq
 * finds it in a result. `about`: it is of the records with this attribute. */
struct machine_list_about {
    enum machine_part part;
    const char *name, *about, *jq;
};
extern const struct machine_list_about MACHINE_LISTS[LISTS];

struct machine_list {
    uint64_t count, not_allocated;
    size_t bytes; /* of what its rows say */
    json_t *rows; /* without `path` and `parser` */
};

enum { KINDS = 13, STATES = 4, REASONS = 10, NOT_HASHED = 7, WHATS = 11 };
extern const char *const MACHINE_KINDS[], *const MACHINE_STATES[], *const MACHINE_REASONS[],
                                                                       *const MACHINE_NOT_HASHED[];

struct machine_time { /* the first or the last one of its word */
    bool has;
    uint64_t number;
    int64_t seconds;
    uint32_t nanoseconds;
    json_t *row;
};

struct machine {
    int64_t collected_s;
    struct machine_list list[LISTS];
    struct {
        uint64_t by_state[STATES], contents, bytes;
    } kind[KINDS];
    size_t type_count;
    struct machine_type {
        char type[32];
        uint64_t contents, bytes;
    } type[MACHINE_TYPES_MAX];
    struct machine_type other_types;
    size_t about_count;
    struct machine_about {
        char about[64];
        uint64_t count;
    } about[MACHINE_ABOUTS_MAX];
    uint64_t other_abouts;
    struct machine_list error[REASONS][MACHINE_PARSERS_MAX];
    struct {
        struct machine_list list;
        uint64_t bytes;
    } not_hashed[NOT_HASHED];
    struct {
        uint64_t count, bytes;
    } space[MACHINE_PARSERS_MAX];
    struct machine_time first[WHATS], last[WHATS];
    uint64_t times, times_local, times_after, times_before_1980, times_beyond;
    uint64_t archives, archives_looked_into, traces;
    /* numbers of traces, as far as there is room: file systems, and folders of folders of people */
    size_t file_system_count, holder_count;
    uint64_t file_system[4096], holder[4096];
    char *texts;
    size_t texts_capacity;
};

/* ---- machine_rows.c ---- */

/* Counts it, and keeps it when there is room. */
EX_MUST_USE ex_code machine_list_add(struct machine *m, struct machine_list *l, size_t shown,
                                     uint64_t number, const struct trace_line *line,
                                     struct ex_error *err);
void machine_list_clear(struct machine_list *l);
json_t *machine_text(const char *text); /* cut */
/* Room for what a line says again. */
EX_MUST_USE ex_code machine_texts(struct machine *m, size_t bytes, struct ex_error *err);
EX_MUST_USE ex_code machine_times(struct machine *m, uint64_t number, const struct trace_line *line,
                                  struct ex_error *err);
size_t machine_word(const char *const *words, size_t count, const char *word);

#endif
