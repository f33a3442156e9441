/* SPDX-License-Identifier: Apache-2.0 */
/* The report of an examined item: what the traces of one examination say of a machine, counted and
 * listed, and drawn as text or HTML (docs/machine-report.md, docs/format/json.md §4.18).
 *
 * Traces come in the order of their stream, once. What is kept does not grow with them: counts, and
 * of each list the first MACHINE_SHOWN rows of each standing, with texts that are cut, and 2 bytes
 * of each trace. What was found in something deleted or carved is shown as that, whatever its own
 * line says. Nothing else is weighed: where two records contradict each other, both are listed.
 * Every text comes out of evidence; what draws makes it safe. No ledger, no vault.
 */
#ifndef EXHIBIT_REPORT_MACHINE_H
#define EXHIBIT_REPORT_MACHINE_H

#include "base/error.h"
#include "base/mem.h"
#include "formats/trace_line.h"

#include <jansson.h>

enum {
    MACHINE_SHOWN = 100,            /* rows of a list */
    MACHINE_SHOWN_OF_A_REASON = 10, /* of a reason why something was not examined */
    MACHINE_SHOWN_OF_A_FILE = 10,   /* of records of one file, before those of others */
    MACHINE_FILE_BYTES = 8 << 10,   /* likewise, of what they say */
    MACHINE_LIST_BYTES = 64 << 10,  /* of what the rows of one list say */
    MACHINE_TEXT_BYTES = 512,       /* of one text of a row; a cut one ends with "…" */
    MACHINE_ROW_ATTRIBUTES = 24,
    MACHINE_PARSERS_MAX = 64,
    MACHINE_TYPES_MAX = 256,
    MACHINE_ABOUTS_MAX = 32
};

/* Where a row stands in its list: what says most of the machine as it was comes first. */
enum machine_standing {
    STANDING_USUAL,  /* in use, at a path where systems keep such a record */
    STANDING_USED,   /* in use elsewhere */
    STANDING_INSIDE, /* in a file in use that is inside of another file */
    STANDING_GONE,   /* deleted, an orphan, or in a state that this does not know; or in such */
    STANDING_CARVED, /* carved, or in what was */
    STANDINGS
};

struct machine;
/* collected_s: when the item was collected, in seconds since 1970; times behind it are counted. */
EX_MUST_USE ex_code machine_new(int64_t collected_s, struct machine **ret, struct ex_error *err);
void machine_free(struct machine *m);
EX_DEFINE_AUTO(struct machine, machine_free);

/* The next trace: numbers from 1, in order. `line` as trace_line_read() gave it, with its bytes. */
EX_MUST_USE ex_code machine_add(struct machine *m, uint64_t number, const struct trace_line *line,
                                struct ex_error *err);
/* A notable hash set lists the content of this trace, which was added. It is counted; true: its row
 * is wanted, which machine_add_notable() adds. No more than MACHINE_SHOWN of each standing are. */
bool machine_count_notable(struct machine *m, uint64_t number);
EX_MUST_USE ex_code machine_add_notable(struct machine *m, uint64_t number,
                                        const struct trace_line *line, struct ex_error *err);

/* Where a trace was found: the caller of it frees. */
typedef ex_code machine_path_fn(void *context, uint64_t number, char **ret, struct ex_error *err);
/* `disk`, `machine`, `users`, `other_records`, `found`, `not_examined` of json.md §4.18, as members
 * of *ret. `parsers`: those of the result's head. */
EX_MUST_USE ex_code machine_json(struct machine *m, const json_t *parsers, machine_path_fn *path,
                                 void *context, json_t **ret, struct ex_error *err);

enum machine_format { MACHINE_TEXT, MACHINE_HTML };
/* Draws the whole document of json.md §4.18. The caller frees *ret. EX_NOMEM. */
EX_MUST_USE ex_code machine_draw(const json_t *report, enum machine_format format, char **ret,
                                 size_t *ret_bytes, struct ex_error *err);

#endif
