/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of cli/ share. */
#ifndef EXHIBIT_TESTS_CLI_TESTING_H
#define EXHIBIT_TESTS_CLI_TESTING_H

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/page.h"

/* A page whose two streams are memory. */
struct paper {
    struct cli_page page;
    char *out, *talk;
    size_t out_size, talk_size;
};

static inline struct paper *paper_new(void) {
    struct paper *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->page.out = open_memstream(&p->out, &p->out_size);
    p->page.talk = open_memstream(&p->talk, &p->talk_size);
    p->page.advice = true;
    return p;
}

/* Before reading p->out and p->talk. */
static inline void paper_flush(struct paper *p) {
    fflush(p->page.out);
    fflush(p->page.talk);
}

static inline void paper_free(struct paper *p) {
    fclose(p->page.out);
    fclose(p->page.talk);
    free(p->out);
    free(p->talk);
    free(p);
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL)                                                        \
            fail_msg("\"%s\" is not in:\n%s", (part), (text));                                     \
    } while (0)

#define assert_has_not(text, part)                                                                 \
    do {                                                                                           \
        if (strstr((text), (part)) != NULL)                                                        \
            fail_msg("\"%s\" is in:\n%s", (part), (text));                                         \
    } while (0)

#endif
