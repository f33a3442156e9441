/* SPDX-License-Identifier: Apache-2.0 */
/* A volume; what does not begin as a zip is taken as the statements of one. */
#include "parser_harness.h"
#include "parsers/aff4/aff4.h"
#include "parsers/aff4/aff4_turtle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void statements(const uint8_t *data, size_t size) {
    struct turtle t = {0};
    EX_AUTO_FREE char *text = calloc(size + 1, 1);
    memcpy(text, data, size);
    if (memchr(text, '\0', size) == NULL && turtle_parse(&t, text, size, NULL) == EX_OK)
        for (size_t i = 0; i < t.count; i++)
            if (turtle_find(&t, t.triple[i].subject, t.triple[i].predicate) == NULL)
                abort();
    turtle_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parser_run run = {.inputs = 1, .input = {data}, .size = {size}};
    if (size > 0 && data[0] != 'P')
        statements(data, size);
    else
        harness_run(&aff4_parser, &run);
    return 0;
}
