/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of crypto/ and base/ share. */
#ifndef EXHIBIT_TESTS_TESTING_H
#define EXHIBIT_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"

/* The call gives this code; an unexpected failure is shown with its text. `err` must be in scope.
 * An expected failure must have filled err. */
#define assert_code(expected, call)                                                                \
    do {                                                                                           \
        err = (struct ex_error){0};                                                                \
        ex_code got_ = (call);                                                                     \
        if (got_ != (expected))                                                                    \
            fail_msg("%s gives %s (%s), not %s", #call, ex_code_name(got_), err.text,              \
                     ex_code_name(expected));                                                      \
        assert_int_equal(err.code, (expected));                                                    \
    } while (0)

/* tests/vectors/NAME as a whole, with a NUL; the caller frees. */
static inline uint8_t *load_vector(const char *name, size_t *ret_size) {
    struct ex_error err = {0};
    char path[1024];
    uint8_t *data = NULL;
    const char *root = getenv("EXHIBIT_VECTORS");
    if (root == NULL)
        fail_msg("EXHIBIT_VECTORS is not set");
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    if (ex_read_file(AT_FDCWD, path, (size_t)1 << 24, &data, ret_size, &err) != EX_OK)
        fail_msg("%s", err.text);
    return data;
}

#endif
