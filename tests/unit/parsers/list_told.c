/* SPDX-License-Identifier: Apache-2.0 */
/* list_told PROGRAM PARSER FILE: all that an examiner tells of a file, in its worker, for
 * tests/scripts/mail-check.py.
 *
 * A line for each record, its fields separated by tabs, what may be any bytes in hex:
 * trace NUMBER PARENT KIND FLAGS KEY SIZE NAME; text KEY VALUE; time WHAT SECONDS local|utc SOURCE;
 * content BYTES; problem PARENT CODE KEY TEXT; failed CODE TEXT.
 */
#include "base/cursor.h"
#include "parsers/api.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct input {
    const uint8_t *data;
    size_t size;
};

static void print_hex(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

static ex_code take(void *context, const struct sandbox_told *t, bool *ret_wanted,
                    struct ex_error *err) {
    (void)context;
    (void)ret_wanted;
    switch (t->type) {
    case SANDBOX_TRACE:
        printf("trace\t%u\t%u\t%u\t%u\t%s\t%llu\t", t->number, t->parent, t->kind, t->flags, t->key,
               (unsigned long long)t->size_bytes);
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
        printf("problem\t%u\t%s\t%s\t%s\n", t->parent, ex_code_name(t->code), t->key,
               (const char *)t->data);
        break;
    case SANDBOX_EXTENT:
    case SANDBOX_UNIT:
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

static ex_code list(const char *program, const char *parser, struct input *in,
                    struct ex_error *err) {
    EX_AUTO(sandbox_free) struct sandbox *s = NULL;
    const struct sandbox_inputs inputs = {.context = in, .size_bytes = in->size, .read = give};
    const struct sandbox_limits limits = {.answer_ms = 600000}; /* as examining gives it */
    EX_TRY(sandbox_start(program, &limits, &s, err));
    return sandbox_examine(s, parser, "", &inputs, take, in, err);
}

int main(int argc, char **argv) {
    struct stat st;
    struct ex_error err = {0};
    struct input in = {NULL, 0};
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
    if (code != EX_OK)
        printf("failed\t%s\t%s\n", ex_code_name(code), err.text);
    return code == EX_OK ? 0 : 1;
}
