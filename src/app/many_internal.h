/* SPDX-License-Identifier: Apache-2.0 */
/* Several sources in one run of `exhibit collect` (docs/decisions/0021).
 *
 *   many_list.c     which ones: operands or a queue file, checked before anything begins
 *   many_process.c  one source, collected by a process of its own, as if it were alone
 *   many.c          the run: begins them, watches them, says what came of each
 *
 * The officer unlocks once and one session signs: both are there before the first process is made,
 * and each of them inherits them. Nothing else is shared but the progress; each opens vault, ledger
 * and catalog for itself, as separate runs do.
 */
#ifndef EXHIBIT_APP_MANY_INTERNAL_H
#define EXHIBIT_APP_MANY_INTERNAL_H

#include "app/act_internal.h"
#include "formats/csv.h"

#include <sys/types.h>

enum { MANY_JOBS_DEFAULT = 4, MANY_JOBS_MAX = 16, MANY_REPORT_BYTES_MAX = 256 << 20 };

/* Columns of a queue file. */
enum many_column {
    MANY_SOURCE,
    MANY_LABEL,
    MANY_CASE,
    MANY_REASON,
    MANY_LEGAL_BASIS,
    MANY_COLUMNS
};

struct many_source {
    const char *text[MANY_COLUMNS];              /* the request's or the table's; NULL: not said */
    const struct csv_field *place[MANY_COLUMNS]; /* in the queue file; NULL: not there */
    bool has_disk;
    uint64_t disk; /* on which it lies */
    char work[40]; /* what was cut off and is gone on with; empty: it begins anew */
    pid_t pid;     /* 0: not running */
    int fd;        /* what it says comes from here */
    bool begun, ended;
    uint8_t *said;
    size_t said_bytes, said_capacity;
    uint64_t began_ns, ended_ns; /* monotonic */
    ex_code code;                /* ended: EX_OK or EX_PARTIAL, or why there is no item */
    json_t *report;              /* as many_process_run() writes it */
};

struct many {
    struct act *act;
    size_t count;
    struct many_source *source;
    struct csv csv;
    json_t *queue; /* {"path", "sha256"} of the file; NULL: there is none */
    unsigned jobs;
    bool jobs_given;
    struct ex_progress *progress; /* one for each source, in memory that all processes see */
    struct ex_progress_part *part;
    bool full; /* the disk of the vault is: nothing more begins */
};

static inline bool many_is_listed(const struct many_source *s) {
    return s->place[MANY_SOURCE] != NULL;
}

/* ---- many_list.c ---- */

/* Fills sources and jobs. EX_USAGE names line and column. */
EX_MUST_USE ex_code many_list(struct many *m, struct ex_error *err);

/* ---- many_process.c ---- */

/* Collects, writes one JSON value to `fd`: {"code", "verdict" (numbers of ex_code), "error"
 * {"code", "text", "hint"}, "result", "first", "last" (its entries; absent when it left none)}, and
 * ends the process. Only for a process that was just made. */
_Noreturn void many_process_run(const struct many *m, size_t number, pid_t parent, int fd);

#endif
