/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor and the files that it names, in the order in which it names them, with a mark
 * between two. */
#include "parser_harness.h"
#include "parsers/vmdk/vmdk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t MARK[8] = {255, '-', 'f', 'i', 'l', 'e', '-', 255};
    struct parser_run run = {.inputs = 1, .input = {data}, .size = {size}};
    for (size_t i = 0; size >= sizeof MARK && i <= size - sizeof MARK; i++)
        if (run.inputs < HARNESS_INPUTS && memcmp(data + i, MARK, sizeof MARK) == 0) {
            run.size[run.inputs - 1] = (size_t)(data + i - run.input[run.inputs - 1]);
            run.input[run.inputs] = data + i + sizeof MARK;
            run.size[run.inputs++] = size - i - sizeof MARK;
            i += sizeof MARK - 1;
        }
    harness_run(&vmdk_parser, &run);
    return 0;
}
