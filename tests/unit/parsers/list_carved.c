/* SPDX-License-Identifier: Apache-2.0 */
/* list_carved [--deep] FILE: what the carver finds in it, for tests/scripts/carve.sh. A line each:
 * OFFSET SIZE carved=… carved-as=… [expected-size=…]; problem KEY. */
#include "fuzz/examiner_harness.h"
#include "parsers/carve/carve.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static ex_code examine_deep(struct parser_run *run, const char *parameters, void **ret_state,
                            struct ex_error *err) {
    return carver_parser.examine(run, "deep", ret_state, err);
}

static ex_code prepare_deep(struct parser_run *run, const char *parameters, void **ret_state,
                            struct ex_error *err) {
    return carver_parser.prepare(run, "deep", ret_state, err);
}

static void list(const struct parser_run *run) {
    for (size_t i = 0; i < run->traces; i++) {
        const struct told *t = &run->trace[i];
        if (t->kind == PARSER_PROBLEM) {
            printf("problem %s\n", t->key);
            continue;
        }
        printf("%s %llu", t->key, (unsigned long long)t->size_bytes);
        putchar(' ');
        for (size_t at = 0; at + 1 < t->texts_bytes; at++)
            putchar(t->texts[at] == '\n' ? ' ' : t->texts[at]);
        putchar('\n');
    }
}

int main(int argc, char **argv) {
    struct stat st;
    const bool is_deep = argc == 3 && strcmp(argv[1], "--deep") == 0;
    if (argc != (is_deep ? 3 : 2)) {
        fprintf(stderr, "usage: list_carved [--deep] FILE\n");
        return 2;
    }
    int fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
        return 2;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return 2;
    struct parser_run run = {.input = map,
                             .size = (size_t)st.st_size,
                             .keep = true,
                             .traces_max = SIZE_MAX,
                             .units_max = SIZE_MAX};
    struct parser parser = carver_parser;
    parser.examine = is_deep ? examine_deep : parser.examine;
    parser.prepare = is_deep ? prepare_deep : parser.prepare;
    ex_code code = harness_examine(&parser, &run, NULL);
    list(&run);
    harness_clear(&run);
    munmap(map, (size_t)st.st_size);
    close(fd);
    return code == EX_OK ? 0 : 1;
}
