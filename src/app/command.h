/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: name, help, flags, permission, ledger event and JSON shape, declared once
 * in commands.def. The argv parser, `exhibit help`, the permission × event matrix and later the
 * HTTP routes all come from it.
 *
 * A row that leaves something out does not compile. "No permission" and "no event" are values too,
 * and cost a reason that is printed in the matrix.
 */
#ifndef EXHIBIT_APP_COMMAND_H
#define EXHIBIT_APP_COMMAND_H

#include "base/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What an officer may do; the words stand in officer.enrol entries. */
enum permission {
    PERMISSION_NONE, /* with a reason */
    PERMISSION_MANAGE,
    PERMISSION_COLLECT,
    PERMISSION_VIEW,
    PERMISSION_VERIFY,
    PERMISSION_EXPORT,
    PERMISSION_DISPOSE,
    PERMISSION_HANDOVER,
    PERMISSION_EXAMINE,
    PERMISSION_COUNT
};
const char *permission_word(enum permission p);

/* How an act stands in the ledger (docs/format/ledger.md §5). */
enum event_shape {
    EVENT_NONE,   /* no entry, with a reason */
    EVENT_SINGLE, /* one entry, durable before anything is shown or done */
    EVENT_PAIR    /* X.intent before the act, X.outcome after it */
};

/* Every flag has one spelling and one meaning in the whole program: flags.def. */
enum flag_id {
#define FLAG(id, name, value, help) FLAG_##id,
#include "app/flags.def"
#undef FLAG
    FLAG_COUNT
};

struct flag {
    const char *name;  /* without the dashes */
    const char *value; /* what follows it, as in help: "DIR"; NULL for a switch */
    const char *help;
};
extern const struct flag flag_table[FLAG_COUNT];

/* The first block of flags.def: every command understands these, no row names them (but a row that
 * opens a vault says REQ(VAULT)). */
enum { FLAG_COMMON_COUNT = FLAG_NO_INPUT + 1 };

enum { COMMAND_FLAGS_MAX = 32, OPERANDS_MAX = 1024 };

enum flag_need { FLAG_OPTIONAL = 1, FLAG_REQUIRED = 2 };

struct command_flag {
    enum flag_id id;
    enum flag_need need; /* 0 ends the list */
};

struct act;

struct command {
    const char *words;    /* "item show" */
    const char *operands; /* as in help: "ITEM", "[ITEM…]", "" */
    unsigned operands_min, operands_max;
    enum permission permission;
    const char *permission_reason; /* only for PERMISSION_NONE */
    enum event_shape event_shape;
    const char *event;   /* "collect" for collect.intent; "view.items"; or the reason */
    const char *schema;  /* section of docs/format/json.md */
    const char *summary; /* one line, lower case */
    struct command_flag flag[COMMAND_FLAGS_MAX + 1];
    /* The act itself; NULL for what a face does alone (help). */
    ex_code (*run)(struct act *act, json_t **ret_result, struct ex_error *err);
};

extern const struct command command_table[];
extern const size_t command_count;

/* A command line or a request, parsed against the table. Strings belong to the caller. */
struct request {
    const struct command *command;
    const char *flag[FLAG_COUNT]; /* NULL: not given; a switch that is given is "" */
    const char *operand[OPERANDS_MAX];
    unsigned operand_count;
};

#endif
