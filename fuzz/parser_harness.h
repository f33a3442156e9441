/* SPDX-License-Identifier: Apache-2.0 */
/* A parser without its worker: what parsers/api.h promises, over bytes in memory. What a parser
 * sees is a copy of exactly the size that it asked for, gone at its next call. */
#ifndef EXHIBIT_FUZZ_PARSER_HARNESS_H
#define EXHIBIT_FUZZ_PARSER_HARNESS_H

#include "base/mem.h"
#include "parsers/api.h"

#include <stdlib.h>
#include <string.h>

enum { HARNESS_INPUTS = 16, HARNESS_READS = 40, HARNESS_BLOCK_BYTES = 100000 };

struct parser_run {
    unsigned inputs, next; /* all; those that are known so far */
    const uint8_t *input[HARNESS_INPUTS];
    size_t size[HARNESS_INPUTS];
    uint8_t *view;
    bool opening;
    uint64_t ranges_end, views;
};

uint64_t parser_input_size(const struct parser_run *run, unsigned input) {
    return input < run->next ? run->size[input] : 0;
}

/* Whatever it is called: the one behind the last. */
ex_code parser_input_named(struct parser_run *run, const char *name, unsigned *ret,
                           struct ex_error *err) {
    if (run->next >= run->inputs)
        return ex_fail(err, EX_MISSING, "no %s", name);
    *ret = run->next++;
    return EX_OK;
}

ex_code parser_view(struct parser_run *run, unsigned input, uint64_t offset, size_t size_bytes,
                    const uint8_t **ret, struct ex_error *err) {
    uint64_t size = parser_input_size(run, input);
    if (input >= run->next || size_bytes > PARSER_READ_BYTES_MAX)
        abort();
    if (offset > size || size_bytes > size - offset)
        return ex_fail(err, EX_FORMAT, "it ends before");
    if (++run->views > 1000000) /* in a loop */
        abort();
    free(run->view);
    run->view = malloc(size_bytes);
    if (size_bytes > 0)
        memcpy(run->view, run->input[input] + offset, size_bytes);
    *ret = run->view;
    return EX_OK;
}

ex_code parser_fact(struct parser_run *run, const char *name, const void *value, size_t size_bytes,
                    struct ex_error *err) {
    volatile uint8_t sum = 0;
    if (!run->opening || strlen(name) > PARSER_NAME_BYTES_MAX)
        abort();
    for (size_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)value)[i]);
    return EX_OK;
}

ex_code parser_range(struct parser_run *run, enum parser_gap gap, uint64_t offset, uint64_t length,
                     struct ex_error *err) {
    if (!run->opening || length == 0 || offset < run->ranges_end || length > UINT64_MAX - offset)
        abort(); /* a bug of the parser, whatever its input */
    run->ranges_end = offset + length;
    return EX_OK;
}

/* In every build: the same bytes in two ways, or the same failure. */
static void harness_read(const struct parser *parser, struct parser_run *run, void *state,
                         uint64_t size) {
    EX_AUTO_FREE uint8_t *whole = malloc(HARNESS_BLOCK_BYTES), *part = malloc(HARNESS_BLOCK_BYTES);
    for (uint64_t i = 0; i < HARNESS_READS && size > 0; i++) {
        uint64_t at = i < HARNESS_READS / 2 ? i * HARNESS_BLOCK_BYTES : size / (i + 1) * i;
        if (at >= size)
            continue;
        size_t n = HARNESS_BLOCK_BYTES - (size_t)i * 777;
        n = size - at < n ? (size_t)(size - at) : n;
        ex_code code = parser->read(run, state, at, whole, n, NULL);
        if (code != EX_OK)
            continue;
        if (parser->read(run, state, at + n - 1, part, 1, NULL) != EX_OK ||
            part[0] != whole[n - 1] || parser->read(run, state, at, part, n / 2, NULL) != EX_OK ||
            memcmp(part, whole, n / 2) != 0)
            abort();
    }
}

static void harness_run(const struct parser *parser, struct parser_run *run) {
    void *state = NULL;
    uint64_t size = 0;
    run->next = 1;
    run->opening = true;
    ex_code code = parser->open(run, &state, &size, NULL);
    run->opening = false;
    if (code == EX_OK) {
        if (run->ranges_end > size)
            abort();
        harness_read(parser, run, state, size);
        parser->close(state);
    }
    free(run->view);
    run->view = NULL;
}

#endif
