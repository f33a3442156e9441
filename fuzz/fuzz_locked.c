/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of encrypted volumes. The first byte says which; the volume is behind it. */
#include "examiner_harness.h"
#include "parsers/locked/locked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t which;

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    const struct parser_trace t = {
        .kind = PARSER_FILE_SYSTEM, .flags = PARSER_ENCRYPTED, .key = "locked"};
    uint32_t trace;
    (void)parameters;
    *ret_state = NULL;
    if (run->size < 512) /* image_open() takes no less */
        return EX_OK;
    EX_TRY(parser_trace(run, &t, &trace, err));
    switch (which % 6) {
    case 0:
        return locked_tell_luks(run, trace, 0, err);
    case 1:
        return run->size < 16392 ? EX_OK : locked_tell_luks(run, trace, 16384, err);
    case 2:
        return locked_tell_bitlocker(run, trace, 3, err);
    case 3:
        return locked_tell_bitlocker(run, trace, 424, err);
    case 4:
        return locked_tell_corestorage(run, trace, 88, err);
    default:
        return locked_tell_apfs(run, trace, 32, err);
    }
}

static void close_nothing(void *state) {
    (void)state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct parser PARSER = {
        .name = "locked", .version = 1, .examine = examine, .close = close_nothing};
    if (size == 0)
        return 0;
    which = data[0];
    struct parser_run run = {
        .input = data + 1, .size = size - 1, .keep = true, .traces_max = 100, .units_max = 1};
    (void)!harness_examine(&PARSER, &run, NULL);
    harness_clear(&run);
    return 0;
}
