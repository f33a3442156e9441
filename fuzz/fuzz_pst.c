/* SPDX-License-Identifier: Apache-2.0 */
/* A store of Outlook, examined as a worker would. What libpff itself comes to grief on is no
 * finding: docs/pst.md says what becomes of it. */
#include "examiner_harness.h"
#include "parsers/pst/pst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.input = data,
                             .size = size,
                             .impatient = size % 2 == 1,
                             .traces_max = 3000,
                             .units_max = 24,
                             .content_max = 1 << 20};
    (void)!harness_examine(&pst_parser, &run, NULL);
    harness_clear(&run);
    return 0;
}
