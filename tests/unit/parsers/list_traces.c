/* SPDX-License-Identifier: Apache-2.0 */
/* Examines a raw image without a sandbox, and lists what was found, for
 * tests/scripts/files_known.sh: list_traces PARSER IMAGE [--texts [OFFSET LENGTH]]
 *
 * A line for each trace: kind, state, size, SHA-256 of its content or why there is none, record,
 * key, path; separated by tabs. OFFSET and LENGTH are bytes that cannot be read. Records that were
 * told before under a name are left out, with what is under them. */
#include "fuzz/examiner_harness.h"
#include "parsers/tsk/tsk.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char *const KINDS[] = {"",        "volume",   "file-system", "directory", "file",
                                    "link",    "special",  "stream",      "member",    "space",
                                    "problem", "document", "message",     "record"};

static void hash_zeros(struct sha256_ctx *c, uint64_t n) {
    static const uint8_t ZEROS[65536];
    for (size_t part; n > 0; n -= part) {
        part = n < sizeof ZEROS ? (size_t)n : sizeof ZEROS;
        sha256_update(c, part, ZEROS);
    }
}

static const char *hash(const struct parser_run *run, const struct told *t, char text[static 65]) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx c;
    sha256_init(&c);
    if ((t->flags & PARSER_SIZED) == 0)
        return "-";
    if (t->flags & PARSER_ENCRYPTED)
        return "encrypted";
    if (t->flags & PARSER_REUSED)
        return "reused";
    if (t->placed_bytes + t->content_bytes != t->size_bytes)
        return "incomplete";
    if (t->content_bytes > 0)
        sha256_update(&c, t->content_bytes, t->content);
    for (size_t i = 0; i < t->extents; i++) {
        if (t->extent[i].offset == PARSER_NOWHERE)
            return "nowhere";
        if (t->extent[i].offset < run->unread_at + run->unread_bytes &&
            run->unread_at < t->extent[i].offset + t->extent[i].length)
            return "unreadable";
        if (t->extent[i].offset == PARSER_HOLE)
            hash_zeros(&c, t->extent[i].length);
        else
            sha256_update(&c, t->extent[i].length, run->input + t->extent[i].offset);
    }
    sha256_digest(&c, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return text;
}

static const char *state(uint32_t flags) {
    if (flags & PARSER_ORPHAN)
        return flags & PARSER_DELETED ? "orphan" : "unnamed";
    if (flags & PARSER_VIRTUAL)
        return "virtual";
    return flags & PARSER_DELETED ? "deleted" : "allocated";
}

static void print_path(const struct parser_run *run, uint32_t number) {
    if (number == 0)
        return;
    const struct told *t = &run->trace[number - 1];
    print_path(run, t->parent);
    if (t->kind == PARSER_FILE_SYSTEM)
        return;
    putchar(t->kind == PARSER_STREAM ? ':' : '/');
    if (t->name_bytes == 0)
        printf("<%s>", t->key);
    for (size_t i = 0; i < t->name_bytes; i++)
        if ((uint8_t)t->name[i] < ' ' || t->name[i] == '\\')
            printf("\\%03o", (uint8_t)t->name[i]);
        else
            putchar(t->name[i]);
}

/* As the engine: an orphan whose record was told is no orphan. */
static bool *find_dropped(const struct parser_run *run) {
    bool *dropped = calloc(run->traces + 1, sizeof *dropped);
    if (dropped == NULL)
        abort();
    for (size_t i = 0; i < run->traces; i++) {
        const struct told *t = &run->trace[i];
        dropped[i + 1] = t->parent > 0 && dropped[t->parent];
        if ((t->flags & PARSER_ORPHAN) == 0)
            continue;
        for (size_t k = 0; k < run->traces && !dropped[i + 1]; k++)
            dropped[i + 1] = run->trace[k].record == t->record && t->record != 0 && k != i &&
                             (run->trace[k].flags & PARSER_ORPHAN) == 0;
    }
    return dropped;
}

static void list(const struct parser_run *run, bool texts) {
    bool *dropped = find_dropped(run);
    for (size_t i = 0; i < run->traces; i++) {
        const struct told *t = &run->trace[i];
        char text[65];
        if (dropped[i + 1])
            continue;
        printf("%s\t%s\t%llu\t%s\t%llu\t%s\t", KINDS[t->kind], state(t->flags),
               (unsigned long long)t->size_bytes, hash(run, t, text), (unsigned long long)t->record,
               t->key);
        print_path(run, (uint32_t)i + 1);
        if (t->kind == PARSER_PROBLEM)
            printf("\t%.*s", (int)(t->texts_bytes > 0 ? t->texts_bytes - 1 : 0), t->texts);
        putchar('\n');
        for (char *at = t->texts;
             texts && t->kind != PARSER_PROBLEM && at != NULL && *at != '\0';) {
            char *end = strchr(at, '\n');
            printf("\t%.*s\n", (int)(end - at), at);
            at = end + 1;
        }
    }
    free(dropped);
}

int main(int argc, char **argv) {
    struct stat st;
    struct ex_error err = {0};
    if (argc < 3)
        return 2;
    const struct parser *parser =
        strcmp(argv[1], volumes_parser.name) == 0 ? &volumes_parser : &files_parser;
    int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(argv[2]);
        return 2;
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return 2;
    struct parser_run run = {.input = data,
                             .size = (size_t)st.st_size,
                             .keep = true,
                             .traces_max = SIZE_MAX,
                             .units_max = SIZE_MAX,
                             .content_max = SIZE_MAX};
    if (argc > 5) {
        run.unread_at = strtoull(argv[4], NULL, 10);
        run.unread_bytes = strtoull(argv[5], NULL, 10);
    }
    ex_code code = harness_examine(parser, &run, &err);
    list(&run, argc > 3);
    if (code != EX_OK)
        printf("failed\t%s\t%s\n", ex_code_name(code), err.text);
    harness_clear(&run);
    return code == EX_OK ? 0 : 1;
}
