/* SPDX-License-Identifier: Apache-2.0 */
/* An image as it is, examined as a worker would, one unit after the other. What libtsk does with
 * memory that is not its own is found as well: there it costs a unit. */
#include "examiner_harness.h"
#include "parsers/tsk/tsk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.input = data,
                             .size = size,
                             .impatient = size % 2 == 1,
                             .traces_max = 20000,
                             .units_max = 200,
                             .content_max = 1 << 20};
    (void)!harness_examine(&volumes_parser, &run, NULL);
    harness_clear(&run);
    return 0;
}
