/* SPDX-License-Identifier: Apache-2.0 */
#include "app/command.h"

#include "app/app.h"

#include <assert.h>

#define N_(text) text

/* ---- flags ---- */

const struct flag flag_table[FLAG_COUNT] = {
#define FLAG(id, name_, value_, help_)                                                             \
    [FLAG_##id] = {.name = (name_), .value = (value_), .help = (help_)},
#include "app/flags.def"
#undef FLAG
};

#define FLAG(id, name_, value_, help_)                                                             \
    static_assert(sizeof(name_) > 1 && sizeof(help_) > 1, #id ": a flag has a name and a help");
#include "app/flags.def"
#undef FLAG

/* ---- commands ----
 *
 * The words in the permission and in the event place are pasted to a prefix of that place. Anything
 * else there, such as the schema of a row that forgot its event, is not a token or not a macro, and
 * the row does not compile. */

#define PERMISSION_ROW_PERMIT(word) .permission = PERMISSION_##word
#define PERMISSION_ROW_NO_PERMISSION(reason)                                                       \
    .permission = PERMISSION_NONE, .permission_reason = reason
#define EVENT_ROW_PAIR(stem)       .event_shape = EVENT_PAIR, .event = stem
#define EVENT_ROW_SINGLE(name)     .event_shape = EVENT_SINGLE, .event = name
#define EVENT_ROW_NO_EVENT(reason) .event_shape = EVENT_NONE, .event = reason
#define OPT(flag_id)                                                                               \
    { FLAG_##flag_id, FLAG_OPTIONAL }
#define REQ(flag_id)                                                                               \
    { FLAG_##flag_id, FLAG_REQUIRED }

const struct command command_table[] = {
#define COMMAND(words_, operands_, min_, max_, permission_, event_, schema_, run_, summary_, ...)  \
    {.words = (words_),                                                                            \
     .operands = (operands_),                                                                      \
     .operands_min = (min_),                                                                       \
     .operands_max = (max_),                                                                       \
     PERMISSION_ROW_##permission_,                                                                 \
     EVENT_ROW_##event_,                                                                           \
     .schema = (schema_),                                                                          \
     .run = (run_),                                                                                \
     .summary = (summary_),                                                                        \
     .flag = {__VA_ARGS__}},
#include "app/commands.def"
#undef COMMAND
};

const size_t command_count = sizeof command_table / sizeof command_table[0];

/* What the types cannot say about a row. */
#define PERMISSION_SAID_PERMIT(word)          ((int)PERMISSION_##word != (int)PERMISSION_NONE)
#define PERMISSION_SAID_NO_PERMISSION(reason) (sizeof(reason) > 1)
#define EVENT_SAID_PAIR(stem)                 (sizeof(stem) > 1)
#define EVENT_SAID_SINGLE(name)               (sizeof(name) > 1)
#define EVENT_SAID_NO_EVENT(reason)           (sizeof(reason) > 1)

#define COMMAND(words_, operands_, min_, max_, permission_, event_, schema_, run_, summary_, ...)  \
    static_assert(sizeof(words_) > 1 && sizeof(schema_) > 1 && sizeof(summary_) > 1,               \
                  words_ ": a command has words, a schema and a summary");                         \
    static_assert(PERMISSION_SAID_##permission_, words_ ": no permission needs a reason");         \
    static_assert(EVENT_SAID_##event_, words_ ": an event has a name, no event a reason");         \
    static_assert((min_) <= (max_) && (max_) <= OPERANDS_MAX, words_ ": operand counts");          \
    static_assert(((max_) == 0) == (sizeof(operands_) == 1),                                       \
                  words_ ": operands are named when there are any");                               \
    static_assert(sizeof((struct command_flag[]){__VA_ARGS__}) <=                                  \
                      COMMAND_FLAGS_MAX * sizeof(struct command_flag),                             \
                  words_ ": too many flags");
#include "app/commands.def"
#undef COMMAND

const char *permission_word(enum permission p) {
    static const char *const words[PERMISSION_COUNT] = {
        [PERMISSION_NONE] = "none",       [PERMISSION_MANAGE] = "manage",
        [PERMISSION_COLLECT] = "collect", [PERMISSION_VIEW] = "view",
        [PERMISSION_VERIFY] = "verify",   [PERMISSION_EXPORT] = "export",
        [PERMISSION_DISPOSE] = "dispose", [PERMISSION_HANDOVER] = "handover",
        [PERMISSION_EXAMINE] = "examine",
    };
    return (unsigned)p < PERMISSION_COUNT && words[p] != NULL ? words[p] : "none";
}
