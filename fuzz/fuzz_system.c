/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a system, examined as a worker would. */
#include "examiner_harness.h"
#include "parsers/system/system.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.input = data, .size = size, .traces_max = 20000};
    (void)!harness_examine(&system_parser, &run, NULL);
    harness_clear(&run);
    return 0;
}
