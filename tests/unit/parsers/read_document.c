/* SPDX-License-Identifier: Apache-2.0 */
/* read_document PROGRAM PARSER FILE FOLDER [UNREAD]: what the worker makes of a document, for
 * tests/scripts/documents.sh.
 *
 * A line for each trace: kind, key, "encrypted" or "-", name; behind it, with a tabulator in front,
 * its texts and times. A problem: "problem", reason, key, text. What is no printable ASCII is
 * written as \OOO. The content of the trace KEY goes to the file FOLDER/KEY. The byte
 * at UNREAD cannot be read. */
#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/api.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char *const KINDS[] = {"",        "volume",   "file-system", "directory", "file",
                                    "link",    "special",  "stream",      "member",    "space",
                                    "problem", "document", "message",     "record"};

struct listing {
    const uint8_t *data;
    size_t size;
    const char *folder;
    uint64_t unread;
    FILE *content;
};

static void print_bytes(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < ' ' || bytes[i] > '~' || bytes[i] == '\\')
            printf("\\%03o", bytes[i]);
        else
            putchar(bytes[i]);
    putchar('\n');
}

static void end_content(struct listing *l) {
    if (l->content != NULL)
        fclose(l->content);
    l->content = NULL;
}

static ex_code begin_trace(struct listing *l, const struct sandbox_told *t, struct ex_error *err) {
    char path[4096];
    end_content(l);
    printf("%s\t%s\t%s\t", KINDS[t->kind], t->key,
           (t->flags & PARSER_ENCRYPTED) != 0 ? "encrypted" : "-");
    print_bytes(t->data, t->data_bytes);
    if ((t->flags & (PARSER_SIZED | PARSER_UNSIZED)) == 0)
        return EX_OK;
    (void)snprintf(path, sizeof path, "%s/%s", l->folder, t->key);
    l->content = fopen(path, "wb");
    return l->content != NULL ? EX_OK : ex_fail_sys(err, "%s", path);
}

static ex_code take(void *context, const struct sandbox_told *t, bool *ret_wanted,
                    struct ex_error *err) {
    struct listing *l = context;
    (void)ret_wanted;
    switch (t->type) {
    case SANDBOX_TRACE:
        return begin_trace(l, t, err);
    case SANDBOX_PROBLEM:
        printf("problem\t%s\t%s\t%s\n", ex_code_name(t->code), t->key, (const char *)t->data);
        break;
    case SANDBOX_TEXT:
        printf("\t%s=", t->key);
        print_bytes(t->data, t->data_bytes);
        break;
    case SANDBOX_TIME:
        printf("\ttime %u %lld.%09u %llu %s ", t->what, (long long)t->seconds, t->nanoseconds,
               (unsigned long long)t->resolution_ns, t->local ? "local" : "utc");
        print_bytes(t->data, t->data_bytes);
        break;
    case SANDBOX_CONTENT:
        if (l->content == NULL || fwrite(t->data, 1, t->data_bytes, l->content) != t->data_bytes)
            return ex_fail(err, EX_IO, "content that cannot be kept");
        break;
    case SANDBOX_EXTENT:
        printf("\textent %llu %llu\n", (unsigned long long)t->offset,
               (unsigned long long)t->length);
        break;
    case SANDBOX_UNIT:
        return ex_fail(err, EX_INTERNAL, "work that nobody does");
    }
    return EX_OK;
}

static ex_code give(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size,
                    struct ex_error *err) {
    const struct listing *l = context;
    if (input != 0 || offset > l->size || size > l->size - offset)
        return ex_fail(err, EX_INTERNAL, "bytes that are not there");
    if (l->unread >= offset && l->unread - offset < size)
        return ex_fail(err, EX_IO, "the item has no bytes there");
    memcpy(to, l->data + offset, size);
    return EX_OK;
}

static ex_code list(const char *program, const char *parser, struct listing *l,
                    struct ex_error *err) {
    EX_AUTO(sandbox_free) struct sandbox *s = NULL;
    const struct sandbox_inputs inputs = {.context = l, .size_bytes = l->size, .read = give};
    EX_TRY(sandbox_start(program, NULL, &s, err));
    return sandbox_examine(s, parser, "", &inputs, take, l, err);
}

int main(int argc, char **argv) {
    struct stat st;
    struct ex_error err = {0};
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: read_document PROGRAM PARSER FILE FOLDER [UNREAD]\n");
        return 2;
    }
    struct listing l = {.folder = argv[4], .unread = UINT64_MAX};
    if (argc == 6 && !ex_parse_decimal(argv[5], strlen(argv[5]), &l.unread))
        return 2;
    int fd = open(argv[3], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(argv[3]);
        return 2;
    }
    l.size = (size_t)st.st_size;
    void *map = l.size == 0 ? NULL : mmap(NULL, l.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return 2;
    l.data = map;
    ex_code code = list(argv[1], argv[2], &l, &err);
    end_content(&l);
    if (code != EX_OK)
        printf("failed\t%s\t%s\n", ex_code_name(code), err.text);
    return code == EX_OK ? 0 : 1;
}
