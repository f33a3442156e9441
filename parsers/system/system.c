/* SPDX-License-Identifier: Apache-2.0 */
/* What the input is, by its bytes alone: what is told of it must follow from them. */
#include "parsers/system/system.h"

#include "parsers/system/system_internal.h"

#include <string.h>

static ex_code take(struct parser_run *run, size_t size_max, uint8_t **ret, size_t *ret_bytes,
                    struct ex_error *err) {
    uint64_t size = parser_input_size(run, 0);
    if (size > size_max)
        return ex_fail(err, EX_LIMIT, "more than %zu bytes", size_max);
    EX_TRY(ex_alloc((size_t)size, 1, size_max, "a file of records", ret, err));
    *ret_bytes = (size_t)size;
    return parser_read(run, 0, 0, *ret, (size_t)size, err);
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t head[4] = {0};
    uint64_t size = parser_input_size(run, 0);
    size_t bytes;
    bool is;
    (void)parameters;
    *ret_state = NULL;
    EX_TRY(parser_read(run, 0, 0, head, size < sizeof head ? (size_t)size : sizeof head, err));
    if (memcmp(head, "regf", 4) == 0)
        return hive_examine(run, err);
    bool text = memchr(head, '\0', sizeof head) == NULL;
    EX_TRY(take(run, text ? SYSTEM_TEXT_BYTES_MAX : SYSTEM_LOGIN_BYTES_MAX, &data, &bytes, err));
    EX_TRY(text ? texts_examine(run, data, bytes, &is, err)
                : logins_examine(run, data, bytes, &is, err));
    return is ? EX_OK : ex_fail(err, EX_FORMAT, "no record of a system that is known");
}

static void close_nothing(void *state) {
    (void)state;
}

const struct parser system_parser = {
    .name = "system", .version = 1, .examine = examine, .close = close_nothing};
