/* SPDX-License-Identifier: Apache-2.0 */
/* list_members PROGRAM FILE [--texts]: what the worker finds in an archive, for
 * tests/scripts/archives.sh.
 *
 * A line for each trace: kind, size, SHA-256 of its content or why there is none, name, separated
 * by tabs; what is no printable ASCII is written as \OOO. A problem: "problem", reason, key, text.
 */
#include "base/cursor.h"
#include "parsers/api.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <nettle/sha2.h>
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
    bool texts, open, broken;
    uint32_t number, kind, flags;
    uint64_t size_bytes, content_bytes;
    char *name, *lines;
    size_t name_bytes, lines_bytes;
    struct sha256_ctx hash;
};

static void print_bytes(FILE *to, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < ' ' || bytes[i] > '~' || bytes[i] == '\\')
            fprintf(to, "\\%03o", bytes[i]);
        else
            fputc(bytes[i], to);
}

/* ---- a trace is printed when all of it was told ---- */

static const char *hash_of(struct listing *l, char text[static 65]) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    if ((l->flags & (PARSER_SIZED | PARSER_UNSIZED)) == 0)
        return "-";
    if (l->flags & PARSER_ENCRYPTED)
        return "encrypted";
    if (l->broken)
        return "damaged";
    if ((l->flags & PARSER_SIZED) != 0 && l->content_bytes != l->size_bytes)
        return "incomplete";
    sha256_digest(&l->hash, sizeof digest, digest);
    return ex_hex(text, digest, sizeof digest);
}

static void end_trace(struct listing *l) {
    char text[65];
    if (!l->open)
        return;
    l->open = false;
    bool unsized = (l->flags & PARSER_UNSIZED) != 0;
    printf("%s\t%llu\t%s\t", KINDS[l->kind],
           (unsigned long long)(unsized ? l->content_bytes : l->size_bytes), hash_of(l, text));
    print_bytes(stdout, (const uint8_t *)l->name, l->name_bytes);
    printf("\n%s", l->lines == NULL ? "" : l->lines);
}

static void begin_trace(struct listing *l, const struct sandbox_told *t) {
    free(l->name);
    free(l->lines);
    *l = (struct listing){.data = l->data, .size = l->size, .texts = l->texts, .open = true};
    l->number = t->number;
    l->kind = t->kind;
    l->flags = t->flags;
    l->size_bytes = t->size_bytes;
    l->name = malloc(t->data_bytes + 1);
    if (l->name == NULL)
        abort();
    memcpy(l->name, t->data, t->data_bytes);
    l->name_bytes = t->data_bytes;
    sha256_init(&l->hash);
}

static void add_line(struct listing *l, const struct sandbox_told *t) {
    char *old = l->lines;
    FILE *to = open_memstream(&l->lines, &l->lines_bytes);
    if (to == NULL)
        abort();
    fprintf(to, "%s\t", old == NULL ? "" : old);
    if (t->type == SANDBOX_TEXT) {
        fprintf(to, "%s=", t->key);
        print_bytes(to, t->data, t->data_bytes);
    } else {
        fprintf(to, "time %u %lld.%09u %llu %s ", t->what, (long long)t->seconds, t->nanoseconds,
                (unsigned long long)t->resolution_ns, t->local ? "local" : "utc");
        print_bytes(to, t->data, t->data_bytes);
    }
    fputc('\n', to);
    fclose(to);
    free(old);
}

static ex_code take(void *context, const struct sandbox_told *t, bool *ret_wanted,
                    struct ex_error *err) {
    struct listing *l = context;
    (void)ret_wanted;
    switch (t->type) {
    case SANDBOX_TRACE:
        end_trace(l);
        begin_trace(l, t);
        break;
    case SANDBOX_PROBLEM:
        l->broken = l->broken || (t->parent > 0 && t->parent == l->number);
        if (t->parent == 0)
            end_trace(l);
        printf("problem\t%s\t%s\t%s\n", ex_code_name(t->code), t->key, (const char *)t->data);
        break;
    case SANDBOX_TEXT:
    case SANDBOX_TIME:
        if (l->texts)
            add_line(l, t);
        break;
    case SANDBOX_CONTENT:
        l->content_bytes += t->data_bytes;
        sha256_update(&l->hash, t->data_bytes, t->data);
        break;
    case SANDBOX_EXTENT:
    case SANDBOX_UNIT:
        return ex_fail(err, EX_INTERNAL, "a record that is none of an archive");
    }
    return EX_OK;
}

/* ---- the input ---- */

static ex_code give(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size,
                    struct ex_error *err) {
    const struct listing *l = context;
    if (input != 0 || offset > l->size || size > l->size - offset)
        return ex_fail(err, EX_INTERNAL, "bytes that are not there");
    memcpy(to, l->data + offset, size);
    return EX_OK;
}

static ex_code list(const char *program, struct listing *l, struct ex_error *err) {
    EX_AUTO(sandbox_free) struct sandbox *s = NULL;
    const struct sandbox_inputs inputs = {.context = l, .size_bytes = l->size, .read = give};
    EX_TRY(sandbox_start(program, NULL, &s, err));
    ex_code code = sandbox_examine(s, "archive", "", &inputs, take, l, err);
    end_trace(l);
    return code;
}

int main(int argc, char **argv) {
    struct stat st;
    struct ex_error err = {0};
    struct listing l = {.texts = argc > 3};
    if (argc < 3) {
        fprintf(stderr, "usage: list_members PROGRAM FILE [--texts]\n");
        return 2;
    }
    int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(argv[2]);
        return 2;
    }
    l.size = (size_t)st.st_size;
    void *map = l.size == 0 ? NULL : mmap(NULL, l.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return 2;
    l.data = map;
    ex_code code = list(argv[1], &l, &err);
    if (code != EX_OK)
        printf("failed\t%s\t%s\n", ex_code_name(code), err.text);
    free(l.name);
    free(l.lines);
    return code == EX_OK ? 0 : 1;
}
