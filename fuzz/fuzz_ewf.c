/* SPDX-License-Identifier: Apache-2.0 */
/* A set of segments, one behind the other: each begins with the signature. The parser's own
 * checksums are switched off here, so that a fuzzer gets behind them. */
#include "parser_harness.h"
#include "parsers/ewf/ewf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t EVF[8] = {'E', 'V', 'F', 9, 13, 10, 255, 0};
    struct parser_run run = {.inputs = 1, .input = {data}, .size = {size}};
    for (size_t i = 1; size >= 8 && i <= size - 8 && run.inputs < HARNESS_INPUTS; i++)
        if (memcmp(data + i, EVF, 8) == 0) {
            size_t from = (size_t)(run.input[run.inputs - 1] - data);
            run.size[run.inputs - 1] = i - from;
            run.input[run.inputs] = data + i;
            run.size[run.inputs++] = size - i;
        }
    harness_run(&ewf_parser, &run);
    return 0;
}
