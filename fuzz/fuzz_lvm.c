/* SPDX-License-Identifier: Apache-2.0 */
/* A physical volume of LVM2, without its checksums. */
#include "examiner_harness.h"
#include "parsers/lvm/lvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    bool told;
    (void)parameters;
    *ret_state = NULL;
    return lvm_tell(run, &told, err);
}

static void close_nothing(void *state) {
    (void)state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct parser PARSER = {
        .name = "lvm", .version = 1, .examine = examine, .close = close_nothing};
    struct parser_run run = {
        .input = data, .size = size, .keep = true, .traces_max = 10000, .units_max = 1};
    (void)!harness_examine(&PARSER, &run, NULL);
    harness_clear(&run);
    return 0;
}
