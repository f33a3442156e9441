/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine report keeps while traces are added. */
#ifndef EXHIBIT_REPORT_MACHINE_INTERNAL_H
#define EXHIBIT_REPORT_MACHINE_INTERNAL_H

#include "report/machine.h"
#include "report/trace_states.h"

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
/* Types (formats/kind.h) of archives, and of files of mail; end with NULL. */
extern const char *const MACHINE_ARCHIVES[], *const MACHINE_MAILBOXES[];

extern const char *const MACHINE_STANDINGS[STANDINGS];

/* Of one list, in one standing: what further rows of a file that had its share already say comes
 * behind what other files do. */
enum machine_tier { TIER_SHARE, TIER_FURTHER, TIERS };
struct machine_rows {
    size_t bytes; /* of what they say */
    bool full;
    json_t *row; /* without `path` and `parser` */
};
struct machine_list {
    uint64_t count, not_allocated, standing[STANDINGS];
    bool has_places; /* a system has usual places for what it lists */
    struct machine_rows rows[STANDINGS][TIERS];
    /* What the last rows were found in, and of it how many rows there were and how much those that
     * are kept say; none of it is kept any more once one was not. */
    uint64_t source, source_rows;
    size_t source_bytes;
    bool source_lost;
};

/* Room for the words of formats/trace_line.h, and behind them one for all others. */
enum { KINDS = 14, REASONS = 11, NOT_HASHED = 8, WHATS = 11 };

struct machine_time { /* the first or the last one of its word */
    bool has;
    uint64_t number;
    int64_t seconds;
    uint32_t nanoseconds;
    json_t *row;
};

struct machine {
    int64_t collected_s;
    struct trace_states states;
    size_t places_capacity;
    uint8_t *place; /* of each trace: machine_standing.c */
    struct machine_list list[LISTS];
    struct {
        uint64_t by_state[TRACE_STATES], contents, bytes;
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
    struct machine_time first[2][WHATS], last[2][WHATS]; /* in use, and not */
    uint64_t times, times_not_in_use, times_local, times_after, times_before_1980, times_beyond;
    uint64_t archives, archives_looked_into, documents_with_text, traces;
    char *texts;
    size_t texts_capacity;
};

/* Sizes are claims: a sum of them ends at what JSON and this report can say. */
static inline void machine_add_bytes(uint64_t *to, uint64_t bytes) {
    *to = bytes > INT64_MAX - *to ? INT64_MAX : *to + bytes;
}

/* ---- machine_standing.c ---- */

/* Once for each trace, in their order, before everything else that is asked about it. */
EX_MUST_USE ex_code machine_stand(struct machine *m, uint64_t number, const struct trace_line *line,
                                  struct ex_error *err);
bool machine_is_home(const struct machine *m, uint64_t number); /* of a directory */
enum machine_standing machine_standing_in(const struct machine *m, const struct machine_list *l,
                                          uint64_t number);

/* ---- machine_rows.c ---- */

/* Counts it, and keeps it when there is room. */
EX_MUST_USE ex_code machine_list_add(struct machine *m, struct machine_list *l, size_t shown,
                                     uint64_t number, const struct trace_line *line,
                                     struct ex_error *err);
/* The two halves of it, for lists in which no file has a share. False: no row of it is wanted. */
bool machine_list_count(struct machine *m, struct machine_list *l, size_t shown, uint64_t number);
EX_MUST_USE ex_code machine_list_append(struct machine *m, struct machine_list *l, uint64_t number,
                                        const struct trace_line *line, struct ex_error *err);
/* The rows that are shown, in the order in which they are; the caller's. */
json_t *machine_list_shown(const struct machine_list *l, size_t shown);
void machine_list_clear(struct machine_list *l);
json_t *machine_text(const char *text); /* cut */
/* Room for what a line says again. */
EX_MUST_USE ex_code machine_texts(struct machine *m, size_t bytes, struct ex_error *err);
EX_MUST_USE ex_code machine_times(struct machine *m, uint64_t number, const struct trace_line *line,
                                  struct ex_error *err);
size_t machine_word(const char *const *words, const char *word); /* none of them: their number */

#endif
