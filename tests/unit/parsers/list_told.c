/* SPDX-License-Identifier: Apache-2.0 */
/* list_told PROGRAM PARSER FILE: all that an examiner tells of a file, in its worker, for
 * tests/scripts/mail-check.py.
 *
 * A line for each record, its fields separated by tabs, what may be any bytes in hex:
 * trace NUMBER PARENT KIND FLAGS KEY SIZE NAME; text KEY VALUE; time WHAT SECONDS local|utc SOURCE;
 * content BYTES; problem PARENT CODE KEY TEXT; failed CODE TEXT. Of a parser with units, numbers
 * run on over all of them; a unit that fails is: lost UNIT CODE TEXT, and the next one has a worker
 * of its own.
 */
#include "base/cursor.h"
#include "parsers/api.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { UNITS_MAX = 1 << 20 };

struct unit {
    uint32_t parent;
    bool late;
    size_t bytes;
    uint8_t unit[PARSER_UNIT_BYTES_MAX];
};

struct input {
    const uint8_t *data;
    size_t size;
    uint32_t first, last, under; /* traces before this command, and so far; what its 0 is */
    size_t units;
    struct unit *unit;
};

static uint32_t number(const struct input *in, uint32_t told) {
    return told == 0 ? in->under : in->first + told;
}

static ex_code keep_unit(struct input *in, const struct sandbox_told *t, struct ex_error *err) {
    for (size_t i = 0; i < in->units; i++)
        if (in->unit[i].bytes == t->data_bytes &&
            memcmp(in->unit[i].unit, t->data, t->data_bytes) == 0)
            return EX_OK;
    if (in->units == UNITS_MAX)
        return ex_fail(err, EX_LIMIT, "too many units");
    struct unit *all = realloc(in->unit, (in->units + 1) * sizeof *all);
    if (all == NULL)
        return ex_fail(err, EX_NOMEM, "no memory");
    in->unit = all;
    struct unit *u = &all[in->units++];
    *u = (struct unit){.parent = number(in, t->parent), .late = t->late, .bytes = t->data_bytes};
    memcpy(u->unit, t->data, t->data_bytes);
    return EX_OK;
}

static void print_hex(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

static ex_code take(void *context, const struct sandbox_told *t, bool *ret_wanted,
                    struct ex_error *err) {
    struct input *in = context;
    (void)ret_wanted;
    switch (t->type) {
    case SANDBOX_TRACE:
        printf("trace\t%u\t%u\t%u\t%u\t%s\t%llu\t", number(in, t->number), number(in, t->parent),
               t->kind, t->flags, t->key, (unsigned long long)t->size_bytes);
        in->last = number(in, t->number);
        print_hex(t->data, t->data_bytes);
        break;
    case SANDBOX_TEXT:
        printf("text\t%s\t", t->key);
        print_hex(t->data, t->data_bytes);
        break;
    case SANDBOX_TIME:
        printf("time\t%u\t%lld.%09u\t%s\t%.*s\n", t->what, (long long)t->seconds, t->nanoseconds,
               t->local ? "local" : "utc", (int)t->data_bytes, (const char *)t->data);
        break;
    case SANDBOX_CONTENT:
        printf("content\t");
        print_hex(t->data, t->data_bytes);
        break;
    case SANDBOX_PROBLEM:
        printf("problem\t%u\t%s\t%s\t%s\n", number(in, t->parent), ex_code_name(t->code), t->key,
               (const char *)t->data);
        break;
    case SANDBOX_UNIT:
        return keep_unit(in, t, err);
    case SANDBOX_EXTENT:
        return ex_fail(err, EX_INTERNAL, "a record that is none of a file in a file");
    }
    return EX_OK;
}

static ex_code give(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size,
                    struct ex_error *err) {
    const struct input *in = context;
    if (input != 0 || offset > in->size || size > in->size - offset)
        return ex_fail(err, EX_INTERNAL, "bytes that are not there");
    memcpy(to, in->data + offset, size);
    return EX_OK;
}

static const struct sandbox_limits LIMITS = {.answer_ms = 600000}; /* as examining gives it */

static ex_code do_unit(const char *program, const char *parser, struct input *in, size_t index,
                       struct sandbox **s, struct ex_error *err) {
    const struct sandbox_inputs inputs = {.context = in, .size_bytes = in->size, .read = give};
    struct unit u = in->unit[index];
    in->first = in->last;
    in->under = u.parent;
    if (*s == NULL) {
        EX_TRY(sandbox_start(program, &LIMITS, s, err));
        EX_TRY(sandbox_examine(*s, parser, "", &inputs, NULL, in, err));
    }
    ex_code code = sandbox_work(*s, u.unit, u.bytes, take, in, err);
    if (code == EX_OK)
        return EX_OK;
    printf("lost\t%.*s\t%s\t%s\n", (int)u.bytes, (const char *)u.unit, ex_code_name(code),
           err->text);
    if (sandbox_lost(*s)) {
        sandbox_free(*s);
        *s = NULL;
    }
    return EX_OK;
}

static ex_code list(const char *program, const char *parser, struct input *in,
                    struct ex_error *err) {
    struct sandbox *s = NULL;
    const struct sandbox_inputs inputs = {.context = in, .size_bytes = in->size, .read = give};
    EX_TRY(sandbox_start(program, &LIMITS, &s, err));
    ex_code code = sandbox_examine(s, parser, "", &inputs, take, in, err);
    for (unsigned late = 0; late < 2 && code == EX_OK; late++)
        for (size_t i = 0; i < in->units && code == EX_OK; i++)
            if (in->unit[i].late == (late == 1))
                code = do_unit(program, parser, in, i, &s, err);
    sandbox_free(s);
    return code;
}

int main(int argc, char **argv) {
    struct stat st;
    struct ex_error err = {0};
    struct input in = {.size = 0};
    if (argc != 4) {
        fprintf(stderr, "usage: list_told PROGRAM PARSER FILE\n");
        return 2;
    }
    int fd = open(argv[3], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(argv[3]);
        return 2;
    }
    in.size = (size_t)st.st_size;
    void *map = in.size == 0 ? NULL : mmap(NULL, in.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return 2;
    in.data = map;
    ex_code code = list(argv[1], argv[2], &in, &err);
    free(in.unit);
    if (code != EX_OK)
        printf("failed\t%s\t%s\n", ex_code_name(code), err.text);
    return code == EX_OK ? 0 : 1;
}
