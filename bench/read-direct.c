/* SPDX-License-Identifier: Apache-2.0 */
/* read-direct FILE: reads the content of an E01 with the parser in this very process, over a
 * mapping of the file: what the sandbox costs is the difference. For bench/containers alone:
 * nothing here is confined. */
#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/api.h"
#include "parsers/ewf/ewf.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct parser_run {
    const uint8_t *data;
    uint64_t size_bytes;
};

uint64_t parser_input_size(const struct parser_run *run, unsigned input) {
    return run->size_bytes;
}

ex_code parser_input_named(struct parser_run *run, const char *name, unsigned *ret,
                           struct ex_error *err) {
    return ex_fail(err, EX_MISSING, "one file alone is read");
}

ex_code parser_view(struct parser_run *run, unsigned input, uint64_t offset, size_t size_bytes,
                    const uint8_t **ret, struct ex_error *err) {
    if (offset > run->size_bytes || size_bytes > run->size_bytes - offset)
        return ex_fail(err, EX_FORMAT, "it ends before");
    *ret = run->data + offset;
    return EX_OK;
}

ex_code parser_fact(struct parser_run *run, const char *name, const void *value, size_t size_bytes,
                    struct ex_error *err) {
    return EX_OK;
}

ex_code parser_range(struct parser_run *run, enum parser_gap gap, uint64_t offset, uint64_t length,
                     struct ex_error *err) {
    return EX_OK;
}

static ex_code run(const char *path, struct ex_error *err) {
    struct parser_run r;
    struct stat st;
    void *state = NULL;
    uint64_t size;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    r.size_bytes = (uint64_t)st.st_size;
    r.data = mmap(NULL, r.size_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (r.data == MAP_FAILED)
        return ex_fail_sys(err, "could not map \"%s\"", path);
    EX_AUTO_FREE uint8_t *block = ex_new0_bytes(PARSER_READ_BYTES_MAX);
    EX_TRY(ewf_parser.open(&r, &state, &size, err));
    for (uint64_t at = 0; at < size; at += PARSER_READ_BYTES_MAX) {
        uint64_t left = size - at;
        EX_TRY(ewf_parser.read(&r, state, at, block,
                               left < PARSER_READ_BYTES_MAX ? (size_t)left : PARSER_READ_BYTES_MAX,
                               err));
    }
    ewf_parser.close(state);
    return EX_OK;
}

int main(int argc, char **argv) {
    struct ex_error err = {0};
    if (argc == 2 && run(argv[1], &err) == EX_OK)
        return 0;
    fprintf(stderr, "read-direct: %s\n", argc == 2 ? err.text : "read-direct FILE");
    return 1;
}
