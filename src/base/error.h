/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: a code for the caller, a sentence for the person, a place for the maintainer.
 *
 * Every function that can fail returns an ex_code and takes a `struct ex_error *` as its last
 * argument. The error belongs to the caller, is never allocated, and may be NULL when the caller
 * wants only the code. A function that fails fills it exactly once; a function that succeeds
 * leaves it alone. Texts are lower case, have no full stop, and say what could not be done and
 * why; the hint says what to do about it.
 *
 * "Altered", "missing" and "not checked" are results of a verification, not errors of it: a
 * function that verifies returns EX_OK and a report. EX_ALTERED is for the function that was asked
 * for bytes and cannot give the right ones.
 *
 * Threads: nothing here is shared; one ex_error belongs to one thread at a time.
 */
#ifndef EXHIBIT_BASE_ERROR_H
#define EXHIBIT_BASE_ERROR_H

#include <stdint.h>

#define EX_MUST_USE __attribute__((warn_unused_result))
#define EX_PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))

typedef enum ex_code {
#define EX_ERROR(code, exit_status, http, json_name, anchor) code,
#include "base/errors.def"
#undef EX_ERROR
    EX_CODE_COUNT
} ex_code;

struct ex_error {
    ex_code code;
    int sys;         /* errno, or 0 */
    char text[256];  /* what could not be done, and why */
    char hint[160];  /* what to do; may be empty */
    const char *at;  /* "file.c:123" of the first failure; static storage */
};

#define EX_STRINGIFY2(x) #x
#define EX_STRINGIFY(x)  EX_STRINGIFY2(x)
#define EX_HERE          __FILE_NAME__ ":" EX_STRINGIFY(__LINE__)

/* The only way an error goes up. */
#define EX_TRY(call)                                                                               \
    do {                                                                                           \
        ex_code ex_try_code_ = (call);                                                             \
        if (ex_try_code_ != EX_OK)                                                                 \
            return ex_try_code_;                                                                   \
    } while (0)

/* Fills *err (which may be NULL) and returns code. */
#define ex_fail(err, code, ...) ex_fail_at((err), EX_HERE, (code), __VA_ARGS__)
ex_code ex_fail_at(struct ex_error *err, const char *at, ex_code code, const char *format, ...)
    EX_PRINTF(4, 5);

/* The same for a failed system call: appends errno's text, and turns the errno values that a
 * person can do something about into their own code (full disk, no such file, no permission). */
#define ex_fail_sys(err, ...) ex_fail_sys_at((err), EX_HERE, __VA_ARGS__)
ex_code ex_fail_sys_at(struct ex_error *err, const char *at, const char *format, ...)
    EX_PRINTF(3, 4);

/* Adds a hint to an error already filled; returns its code, so that it ends a return statement:
 * `return ex_hint(ex_fail(err, ...), err, "...")`. */
ex_code ex_hint(ex_code code, struct ex_error *err, const char *format, ...) EX_PRINTF(3, 4);

/* Columns of errors.def. */
int ex_code_exit_status(ex_code code);
int ex_code_http_status(ex_code code);
const char *ex_code_name(ex_code code);
const char *ex_code_anchor(ex_code code);

#endif
