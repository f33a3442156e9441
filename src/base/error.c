/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct code_row {
    int exit_status;
    int http_status;
    const char *name;
    const char *anchor;
};

static const struct code_row code_rows[] = {
#define EX_ERROR(code, exit_status, http, json_name, anchor)                                       \
    [code] = {exit_status, http, json_name, anchor},
#include "base/errors.def"
#undef EX_ERROR
};

static ex_code fill(struct ex_error *err, const char *at, ex_code code, int sys,
                    const char *format, va_list args) {
    if (err == NULL)
        return code;
    err->code = code;
    err->sys = sys;
    err->at = at;
    err->hint[0] = '\0';
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    return code;
}

ex_code ex_fail_at(struct ex_error *err, const char *at, ex_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, at, code, 0, format, args);
    va_end(args);
    return code;
}

static ex_code code_of_errno(int sys) {
    switch (sys) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return EX_SPACE;
    case ENOENT:
    case ENOTDIR:
        return EX_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return EX_DENIED;
    case EEXIST:
        return EX_EXISTS;
    case ENOMEM:
        return EX_NOMEM;
    default:
        return EX_IO;
    }
}

ex_code ex_fail_sys_at(struct ex_error *err, const char *at, const char *format, ...) {
    int sys = errno;
    ex_code code = code_of_errno(sys);
    va_list args;
    va_start(args, format);
    fill(err, at, code, sys, format, args);
    va_end(args);
    if (err == NULL)
        return code;
    size_t used = strlen(err->text);
    (void)snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(sys));
    if (code == EX_SPACE)
        ex_hint(code, err, "free some space on that disk and run the command again");
    return code;
}

ex_code ex_hint(ex_code code, struct ex_error *err, const char *format, ...) {
    if (err == NULL)
        return code;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return code;
}

static const struct code_row *row(ex_code code) {
    unsigned index = (unsigned)code;
    return &code_rows[index < EX_CODE_COUNT ? index : EX_INTERNAL];
}

int ex_code_exit_status(ex_code code) {
    return row(code)->exit_status;
}

int ex_code_http_status(ex_code code) {
    return row(code)->http_status;
}

const char *ex_code_name(ex_code code) {
    return row(code)->name;
}

const char *ex_code_anchor(ex_code code) {
    return row(code)->anchor;
}
