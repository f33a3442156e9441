/* SPDX-License-Identifier: Apache-2.0 */
/* A mail or a mailbox, examined as a worker would. */
#include "examiner_harness.h"
#include "parsers/mail/mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.input = data,
                             .size = size,
                             .impatient = size % 2 == 1,
                             .traces_max = 20000,
                             .content_max = 4 << 20};
    (void)!harness_examine(&mail_parser, &run, NULL);
    harness_clear(&run);
    return 0;
}
