/* SPDX-License-Identifier: Apache-2.0 */
/* A space, searched as a worker would: at each byte, and at each sector. */
#include "examiner_harness.h"
#include "parsers/carve/carve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ex_code examine_deep(struct parser_run *run, const char *parameters, void **ret_state,
                            struct ex_error *err) {
    return carver_parser.examine(run, "deep", ret_state, err);
}

static ex_code prepare_deep(struct parser_run *run, const char *parameters, void **ret_state,
                            struct ex_error *err) {
    return carver_parser.prepare(run, "deep", ret_state, err);
}

static void search(const struct parser *parser, const uint8_t *data, size_t size) {
    struct parser_run run = {.input = data,
                             .size = size,
                             .unread_at = size % 3 == 0 ? size / 2 : 0,
                             .unread_bytes = size % 3 == 0 ? size % 700 : 0,
                             .traces_max = 20000,
                             .units_max = 64};
    if (harness_examine(parser, &run, NULL) != EX_OK)
        harness_breach("a space that is none");
    harness_clear(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser deep = carver_parser;
    deep.examine = examine_deep;
    deep.prepare = prepare_deep;
    search(&carver_parser, data, size);
    search(&deep, data, size);
    return 0;
}
