/* SPDX-License-Identifier: Apache-2.0 */
/* PDF, examined as a worker would. Poppler itself is as Debian built it: what is looked for is what
 * ours makes of whatever it says. */
#include "examiner_harness.h"
#include "parsers/pdf/pdf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void setup_once(void) {
    static bool done;
    if (!done)
        pdf_process_setup();
    done = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.input = data,
                             .size = size,
                             .impatient = size % 2 == 1,
                             .traces_max = 20000,
                             .content_max = 4 << 20};
    setup_once();
    (void)!harness_examine(&pdf_parser, &run, NULL);
    harness_clear(&run);
    return 0;
}
