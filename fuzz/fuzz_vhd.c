/* SPDX-License-Identifier: Apache-2.0 */
/* An image as it is, its checksums switched off. */
#include "parser_harness.h"
#include "parsers/vhd/vhd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.inputs = 1, .input = {data}, .size = {size}};
    harness_run(&vhd_parser, &run);
    return 0;
}
