/* SPDX-License-Identifier: Apache-2.0 */
/* Parts: the first byte says how many, and each next one how long one is, times 16. */
#include "parser_harness.h"
#include "parsers/split/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.inputs = 1};
    size_t count = size > 0 ? data[0] % HARNESS_INPUTS : 0, at = 1 + count;
    if (size == 0 || at > size)
        return 0;
    for (size_t i = 0; i <= count; i++) {
        size_t wanted = i < count ? (size_t)data[1 + i] * 16 : size;
        size_t part = wanted < size - at ? wanted : size - at;
        run.input[i] = data + at;
        run.size[i] = part;
        at += part;
    }
    run.inputs = (unsigned)count + 1;
    harness_run(&split_parser, &run);
    return 0;
}
