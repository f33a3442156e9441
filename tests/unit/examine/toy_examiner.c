/* SPDX-License-Identifier: Apache-2.0 */
/* A worker with two examiners over a file system that is a text: a line is an entry of a folder,
 * "FOLDER WHAT NAME ARGUMENTS…". What they do wrong, real ones have done. */
#include "parsers/api.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_BYTES_MAX = 1 << 20, WORDS = 6 };

struct toy {
    char text[TEXT_BYTES_MAX + 1];
};

static void toy_close(void *state) {
    free(state);
}

static ex_code toy_prepare(struct parser_run *run, const char *parameters, void **ret_state,
                           struct ex_error *err) {
    uint64_t size = parser_input_size(run, 0);
    struct toy *t = calloc(1, sizeof *t);
    (void)parameters;
    *ret_state = t;
    size = size < TEXT_BYTES_MAX ? size : TEXT_BYTES_MAX;
    EX_TRY(parser_read(run, 0, 0, t->text, (size_t)size, err));
    return strncmp(t->text, "toy\n", 4) == 0 ? EX_OK
                                             : ex_fail(err, EX_FORMAT, "no toy file system");
}

static ex_code simple(struct parser_run *run, enum parser_kind kind, uint32_t flags,
                      const char *name, uint64_t size, uint64_t record, uint32_t *ret,
                      struct ex_error *err) {
    const struct parser_trace t = {.kind = kind,
                                   .flags = flags,
                                   .key = name,
                                   .name = name,
                                   .name_bytes = strlen(name),
                                   .size_bytes = size,
                                   .record = record};
    return parser_trace(run, &t, ret, err);
}

static ex_code toy_examine(struct parser_run *run, const char *parameters, void **ret_state,
                           struct ex_error *err) {
    uint32_t n;
    EX_TRY(toy_prepare(run, parameters, ret_state, err));
    EX_TRY(simple(run, PARSER_FILE_SYSTEM, 0, "toy", 0, 0, &n, err));
    EX_TRY(parser_unit(run, n, "root", 4, false, err));
    return parser_unit(run, n, "lost", 4, true, err);
}

static ex_code toy_places(struct parser_run *run, char *word[], uint32_t flags,
                          struct ex_error *err) {
    uint64_t offset = strtoull(word[3], NULL, 10), size = strtoull(word[4], NULL, 10);
    uint32_t n;
    EX_TRY(simple(run, PARSER_FILE, flags | PARSER_SIZED, word[2],
                  size + (word[5] != NULL ? strtoull(word[5], NULL, 10) : 0), 0, &n, err));
    EX_TRY(parser_trace_time(run, PARSER_MODIFIED, 1000000000, 500, 100, false, "toy", err));
    EX_TRY(parser_trace_text(run, "owner", "\xff\"x", 3, err));
    EX_TRY(parser_trace_extent(run, offset, size, err));
    return word[5] == NULL
               ? EX_OK
               : parser_trace_extent(run, PARSER_HOLE, strtoull(word[5], NULL, 10), err);
}

/* More than a line takes, and one of them twice. */
static ex_code toy_talk(struct parser_run *run, const char *name, struct ex_error *err) {
    char key[16];
    uint32_t n;
    EX_TRY(simple(run, PARSER_FILE, 0, name, 0, 0, &n, err));
    EX_TRY(parser_trace_text(run, "twice", ",\"key1\":", 8, err));
    EX_TRY(parser_trace_text(run, "twice", "second", 6, err));
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "key%u", i);
        EX_TRY(parser_trace_text(run, key, "", 0, err));
    }
    return EX_OK;
}

static ex_code toy_line(struct parser_run *run, char *word[], struct ex_error *err) {
    const char *what = word[1];
    uint32_t n;
    bool wanted;
    if (strcmp(what, "folder") == 0) {
        EX_TRY(simple(run, PARSER_DIRECTORY, 0, word[2], 0, 0, &n, err));
        return parser_unit(run, n, word[3], strlen(word[3]), false, err);
    }
    if (strcmp(what, "file") == 0)
        return toy_places(run, word, 0, err);
    if (strcmp(what, "talk") == 0)
        return toy_talk(run, word[2], err);
    if (strcmp(what, "reused") == 0)
        return toy_places(run, word, PARSER_DELETED | PARSER_REUSED, err);
    if (strcmp(what, "bytes") == 0) {
        size_t half = strlen(word[3]) / 2;
        EX_TRY(simple(run, PARSER_FILE, PARSER_SIZED, word[2], strlen(word[3]), 0, &n, err));
        EX_TRY(parser_trace_content(run, word[3], half, &wanted, err));
        return parser_trace_content(run, word[3] + half, strlen(word[3]) - half, &wanted, err);
    }
    if (strcmp(what, "record") == 0)
        return simple(run, PARSER_FILE, 0, word[2], 0, strtoull(word[3], NULL, 10), &n, err);
    if (strcmp(what, "orphan") == 0)
        return simple(run, PARSER_FILE, PARSER_ORPHAN | PARSER_DELETED, word[2], 0,
                      strtoull(word[3], NULL, 10), &n, err);
    if (strcmp(what, "problem") == 0) {
        struct ex_error why;
        (void)ex_fail(&why, EX_UNSUPPORTED, "a kind of thing that nobody knows\n");
        return parser_trace_problem(run, 0, word[2], &why, err);
    }
    if (strcmp(what, "crash") == 0)
        (void)raise(SIGSEGV);
    if (strcmp(what, "hang") == 0)
        for (volatile unsigned i = 0;; i++)
            ;
    if (strcmp(what, "slow") == 0) {
        struct timespec ts = {0, 20000000};
        (void)nanosleep(&ts, NULL);
        return EX_OK;
    }
    return ex_fail(err, EX_FORMAT, "a line that is none: %s", what);
}

static ex_code toy_work(struct parser_run *run, void *state, const void *unit, size_t size_bytes,
                        struct ex_error *err) {
    struct toy *t = state;
    char *copy = strdup(t->text), *rest = NULL;
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *word[WORDS] = {0}, *more = NULL;
        unsigned words = 0;
        for (char *w = strtok_r(line, " ", &more); w != NULL && words < WORDS;
             w = strtok_r(NULL, " ", &more))
            word[words++] = w;
        if (words < 2 || strlen(word[0]) != size_bytes || memcmp(word[0], unit, size_bytes) != 0)
            continue;
        ex_code code = toy_line(run, word, err);
        if (code != EX_OK) {
            free(copy);
            return code;
        }
    }
    free(copy);
    return EX_OK;
}

static const struct parser files_parser = {.name = "files",
                                           .version = 1,
                                           .close = toy_close,
                                           .examine = toy_examine,
                                           .prepare = toy_prepare,
                                           .work = toy_work};

/* "volumes", and then "OFFSET LENGTH" a line. */
static ex_code volumes_examine(struct parser_run *run, const char *parameters, void **ret_state,
                               struct ex_error *err) {
    char text[256] = {0}, *rest = NULL;
    size_t size = parser_input_size(run, 0) < sizeof text - 1 ? (size_t)parser_input_size(run, 0)
                                                              : sizeof text - 1;
    (void)parameters;
    *ret_state = NULL;
    EX_TRY(parser_read(run, 0, 0, text, size, err));
    if (strncmp(text, "volumes\n", 8) != 0)
        return ex_fail(err, EX_FORMAT, "no volumes");
    (void)strtok_r(text, "\n", &rest);
    for (char *line;
         (line = strtok_r(NULL, "\n", &rest)) != NULL && line[0] >= '0' && line[0] <= '9';) {
        unsigned long long offset, length;
        uint32_t n;
        if (sscanf(line, "%llu %llu", &offset, &length) != 2)
            break;
        EX_TRY(simple(run, PARSER_VOLUME, PARSER_SIZED | PARSER_EXAMINE, line, length, 0, &n, err));
        EX_TRY(parser_trace_extent(run, offset, length, err));
    }
    return EX_OK;
}

static const struct parser volumes_parser = {
    .name = "volumes", .version = 1, .close = toy_close, .examine = volumes_examine};

/* The signature of 7z, then members: a letter, a decimal, a colon, so many bytes. X crashes, Z
 * never ends. */
static ex_code archive_examine(struct parser_run *run, const char *parameters, void **ret_state,
                               struct ex_error *err) {
    size_t size = (size_t)parser_input_size(run, 0);
    char *text = calloc(1, size + 1), *at = text + 6;
    (void)parameters;
    *ret_state = text;
    EX_TRY(parser_read(run, 0, 0, text, size, err));
    while (at < text + size) {
        char name[2] = {*at++, '\0'}, *data;
        unsigned long length = strtoul(at, &data, 10);
        bool wanted = true;
        uint32_t n;
        if (*data++ != ':' || length > (size_t)(text + size - data))
            return ex_fail(err, EX_FORMAT, "a member that ends behind the end");
        if (name[0] == 'X')
            (void)raise(SIGSEGV);
        EX_TRY(simple(run, PARSER_MEMBER, PARSER_UNSIZED, name, 0, 0, &n, err));
        do
            EX_TRY(parser_trace_content(run, data, length, &wanted, err));
        while (name[0] == 'Z');
        at = data + length;
    }
    return EX_OK;
}

static const struct parser archive_parser = {
    .name = "archive", .version = 1, .close = toy_close, .examine = archive_examine};

int main(int argc, char **argv) {
    static const struct parser *const TABLE[] = {&files_parser, &volumes_parser, &archive_parser,
                                                 NULL};
    parser_serve(TABLE, argc, argv);
}
