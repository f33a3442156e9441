/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's end of docs/format/parser-protocol.md, and what parsers/api.h promises. */
#include "parsers/api.h"

#include "sandbox/worker_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum { PARENT_GONE_S = 1 };

/* ---- asking the supervisor ---- */

ex_code worker_ask(struct parser_run *run, struct ex_error *err) {
    struct frame *f = &run->frame;
    EX_TRY(frame_send(SOCKET_FD, f, err));
    EX_TRY(frame_receive(SOCKET_FD, f, err));
    if (f->number != run->number)
        return ex_fail(err, EX_INTERNAL, "an answer to another command");
    if (f->type != FRAME_REFUSED)
        return EX_OK;
    struct ex_cursor c = frame_body(f);
    ex_code code = failure_code(ex_cursor_le32(&c));
    size_t size = ex_cursor_left(&c);
    const uint8_t *text = ex_cursor_bytes(&c, size);
    return ex_fail(err, code, "%.*s", (int)size, text == NULL ? "" : (const char *)text);
}

uint64_t parser_input_size(const struct parser_run *run, unsigned input) {
    return input < run->inputs ? run->input_size[input] : 0;
}

ex_code parser_input_named(struct parser_run *run, const char *name, unsigned *ret,
                           struct ex_error *err) {
    struct frame *f = &run->frame;
    size_t size = strlen(name);
    if (run->inputs >= PARSER_INPUTS_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d inputs", PARSER_INPUTS_MAX);
    if (size == 0 || size > PARSER_VALUE_BYTES_MAX)
        return ex_fail(err, EX_FORMAT, "an input with a name of %zu bytes", size);
    frame_start(f, FRAME_NAMED, run->number, 0);
    frame_add(f, name, size);
    EX_TRY(worker_ask(run, err));
    if (f->type != FRAME_INPUT)
        return ex_fail(err, EX_INTERNAL, "not an answer to a name");
    run->input_size[run->inputs] = f->value;
    *ret = run->inputs++;
    return EX_OK;
}

static bool in_window(const struct parser_run *run, unsigned input, uint64_t offset,
                      size_t size_bytes) {
    return run->window_bytes > 0 && run->window_input == input && offset >= run->window_offset &&
           offset - run->window_offset <= run->window_bytes &&
           size_bytes <= run->window_bytes - (size_t)(offset - run->window_offset);
}

static ex_code fill_window(struct parser_run *run, unsigned input, uint64_t offset,
                           size_t size_bytes, struct ex_error *err) {
    struct frame *f = &run->frame;
    run->window_bytes = 0;
    frame_start(f, FRAME_WANT, run->number, offset);
    frame_add_u32(f, input);
    frame_add_u32(f, (uint32_t)size_bytes);
    EX_TRY(worker_ask(run, err));
    struct ex_cursor c = frame_body(f);
    uint32_t length = ex_cursor_le32(&c);
    if (f->type != FRAME_BYTES || length > WINDOW_BYTES)
        return ex_fail(err, EX_INTERNAL, "not an answer to a want");
    run->window_input = input;
    run->window_offset = f->value;
    run->window_bytes = length;
    return EX_OK;
}

ex_code parser_view(struct parser_run *run, unsigned input, uint64_t offset, size_t size_bytes,
                    const uint8_t **ret, struct ex_error *err) {
    uint64_t size = parser_input_size(run, input);
    if (offset > size || size_bytes > size - offset)
        return ex_fail(err, EX_FORMAT, "byte %llu is behind the end of the file (%llu bytes)",
                       (unsigned long long)(offset + size_bytes), (unsigned long long)size);
    if (size_bytes > PARSER_READ_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "a view of %zu bytes", size_bytes);
    if (size_bytes > 0 && !in_window(run, input, offset, size_bytes))
        EX_TRY(fill_window(run, input, offset, size_bytes, err));
    if (size_bytes > 0 && !in_window(run, input, offset, size_bytes))
        return ex_fail(err, EX_INTERNAL, "other bytes than those that were wanted");
    *ret = run->window + (size_bytes > 0 ? offset - run->window_offset : 0);
    return EX_OK;
}

/* ---- telling it ---- */

static ex_code tell(struct parser_run *run, struct ex_error *err) {
    return frame_send(SOCKET_FD, &run->frame, err);
}

ex_code parser_fact(struct parser_run *run, const char *name, const void *value, size_t size_bytes,
                    struct ex_error *err) {
    struct frame *f = &run->frame;
    if (!run->opening || run->facts >= PARSER_FACTS_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d facts", PARSER_FACTS_MAX);
    run->facts++;
    frame_start(f, FRAME_FACT, run->number, 0);
    frame_add_u16(f, (uint16_t)strlen(name));
    frame_add(f, name, strlen(name));
    frame_add(f, value,
              size_bytes < PARSER_VALUE_BYTES_MAX ? size_bytes : (size_t)PARSER_VALUE_BYTES_MAX);
    return tell(run, err);
}

ex_code parser_range(struct parser_run *run, enum parser_gap gap, uint64_t offset, uint64_t length,
                     struct ex_error *err) {
    struct frame *f = &run->frame;
    if (!run->opening || run->ranges >= PARSER_RANGES_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d ranges", PARSER_RANGES_MAX);
    if (length == 0 || offset < run->ranges_end || length > UINT64_MAX - offset)
        return ex_fail(err, EX_FORMAT, "ranges that are not in order");
    run->ranges++;
    run->ranges_end = offset + length;
    frame_start(f, FRAME_RANGE, run->number, offset);
    frame_add_u64(f, length);
    frame_add_u32(f, (uint32_t)gap);
    return tell(run, err);
}

/* ---- commands ---- */

static ex_code choose_parser(struct parser_run *run, const struct parser *const table[],
                             const char *name, size_t size_bytes, bool examines,
                             struct ex_error *err) {
    if (run->parser != NULL)
        return ex_fail(err, EX_INTERNAL, "opened twice");
    for (; *table != NULL; table++)
        if (strlen((*table)->name) == size_bytes && memcmp((*table)->name, name, size_bytes) == 0 &&
            ((*table)->examine != NULL) == examines)
            break;
    if (*table == NULL)
        return ex_fail(err, EX_UNSUPPORTED, "this worker has no such parser");
    run->parser = *table;
    run->inputs = 1;
    run->input_size[0] = run->frame.value;
    return EX_OK;
}

static ex_code open_content(struct parser_run *run, const struct parser *const table[],
                            struct ex_error *err) {
    EX_TRY(choose_parser(run, table, (const char *)run->frame.body, run->frame.body_bytes, false,
                         err));
    run->opening = true;
    ex_code code = run->parser->open(run, &run->state, &run->size_bytes, err);
    run->opening = false;
    return code;
}

/* §7: u32 0 or 1, the parser's name, NUL, parameters. */
static ex_code examine_input(struct parser_run *run, const struct parser *const table[],
                             struct ex_error *err) {
    char parameters[PARSER_PARAMETERS_BYTES_MAX + 1];
    struct ex_cursor c = frame_body(&run->frame);
    uint32_t telling = ex_cursor_le32(&c);
    size_t size = ex_cursor_left(&c);
    const char *name = (const char *)ex_cursor_bytes(&c, size);
    const char *end = name == NULL ? NULL : memchr(name, '\0', size);
    if (end == NULL || telling > 1 || size - (size_t)(end - name) - 1 > PARSER_PARAMETERS_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "not a command to examine");
    size_t length = size - (size_t)(end - name) - 1;
    memcpy(parameters, end + 1, length);
    parameters[length] = '\0';
    EX_TRY(choose_parser(run, table, name, (size_t)(end - name), true, err));
    if (telling == 0)
        return run->parser->prepare == NULL
                   ? ex_fail(err, EX_INTERNAL, "this parser has no units")
                   : run->parser->prepare(run, parameters, &run->state, err);
    worker_tell_begin(run);
    ex_code code = run->parser->examine(run, parameters, &run->state, err);
    return worker_tell_end(run, code, err);
}

static ex_code work(struct parser_run *run, struct ex_error *err) {
    uint8_t unit[PARSER_UNIT_BYTES_MAX];
    size_t size = run->frame.body_bytes;
    if (run->parser == NULL || run->parser->work == NULL || size > sizeof unit)
        return ex_fail(err, EX_INTERNAL, "a command to work on nothing");
    memcpy(unit, run->frame.body, size);
    worker_tell_begin(run);
    ex_code code = run->parser->work(run, run->state, unit, size, err);
    return worker_tell_end(run, code, err);
}

static ex_code read_content(struct parser_run *run, uint64_t *ret_size, struct ex_error *err) {
    struct frame *f = &run->frame;
    struct ex_cursor c = frame_body(f);
    uint32_t length = ex_cursor_le32(&c);
    uint64_t offset = f->value;
    EX_TRY(ex_cursor_end(&c, "a command to read", err));
    if (run->parser == NULL || run->parser->read == NULL || length == 0 || length > TRAY_BYTES ||
        offset > run->size_bytes || length > run->size_bytes - offset)
        return ex_fail(err, EX_INTERNAL, "a command to read what is not there");
    EX_TRY(run->parser->read(run, run->state, offset, run->tray, length, err));
    *ret_size = length;
    return EX_OK;
}

static void answer(struct parser_run *run, ex_code code, uint64_t value,
                   const struct ex_error *why) {
    struct frame *f = &run->frame;
    struct ex_error err;
    if (code == EX_OK) {
        frame_start(f, FRAME_DONE, run->number, value);
    } else {
        frame_start(f, FRAME_FAILED, run->number, 0);
        frame_add_u32(f, failure_number(code));
        frame_add(f, why->text, strnlen(why->text, FAILURE_TEXT_BYTES_MAX));
    }
    if (frame_send(SOCKET_FD, f, &err) != EX_OK)
        _exit(0);
}

static void serve_one(struct parser_run *run, const struct parser *const table[]) {
    struct frame *f = &run->frame;
    struct ex_error err = {0};
    uint64_t value = 0;
    ex_code code;
    if (frame_receive(SOCKET_FD, f, &err) != EX_OK)
        _exit(0);
    run->number = f->number;
    if (f->type == FRAME_OPEN) {
        code = open_content(run, table, &err);
        value = run->size_bytes;
    } else if (f->type == FRAME_READ) {
        code = read_content(run, &value, &err);
    } else if (f->type == FRAME_EXAMINE) {
        code = examine_input(run, table, &err);
        value = code == EX_OK ? run->parser->version : 0;
    } else if (f->type == FRAME_WORK) {
        code = work(run, &err);
    } else {
        _exit(1);
    }
    answer(run, code, value, &err);
}

/* ---- starting ---- */

/* Who hangs in a loop would not see that the socket has closed. */
static void end_with_parent(int signal_number) {
    struct pollfd p = {.fd = SOCKET_FD};
    int sys = errno;
    (void)signal_number;
    if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0)
        _exit(0);
    errno = sys;
}

static void watch_parent(void) {
    const struct sigaction action = {.sa_handler = end_with_parent, .sa_flags = SA_RESTART};
    const struct itimerval every = {{PARENT_GONE_S, 0}, {PARENT_GONE_S, 0}};
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &every, NULL);
}

static struct parser_run *begin(void) {
    struct parser_run *run = calloc(1, sizeof *run);
    if (run == NULL)
        _exit(1);
    run->window = mmap(NULL, WINDOW_BYTES, PROT_READ, MAP_SHARED, WINDOW_FD, 0);
    run->tray = mmap(NULL, TRAY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, TRAY_FD, 0);
    if (run->window == MAP_FAILED || run->tray == MAP_FAILED)
        _exit(1);
    return run;
}

_Noreturn void worker_serve(const struct parser *const table[], const struct confine_limits *limits,
                            struct worker_confinement *c) {
    struct parser_run *run = begin();
    struct ex_error err = c->failed;
    watch_parent();
    ex_code code = err.code;
    if (code == EX_OK)
        code = confine_worker(limits, &c->filter, &c->had, &err);
    if (code != EX_OK) {
        answer(run, code, 0, &err);
        _exit(1);
    }
    frame_start(&run->frame, FRAME_READY, 0, PROTOCOL_VERSION);
    frame_add_u32(&run->frame, c->had.what);
    frame_add_u32(&run->frame, c->had.landlock_version);
    if (table[0] != NULL && table[0]->library != NULL) {
        const char *library = table[0]->library();
        frame_add(&run->frame, library, strnlen(library, PARSER_NAME_BYTES_MAX));
    }
    if (tell(run, &err) != EX_OK)
        _exit(0);
    for (;;)
        serve_one(run, table);
}

static void confine_first(struct worker_confinement *c) {
    ex_code code = confine_filter_make(&c->filter, &c->failed);
    if (code == EX_OK)
        code = confine_for_good(&c->had, &c->failed);
    c->failed.code = code;
}

/* PROGRAM MEMORY_BYTES CPU_S, or PROGRAM nursery, from the supervisor. */
_Noreturn void parser_serve(const struct parser *const table[], int argc, char **argv) {
    static struct worker_confinement confinement;
    struct confine_limits limits = {0};
    bool nursery = argc == 2 && strcmp(argv[1], NURSERY_ARGUMENT) == 0;
    if (!nursery &&
        (argc != 3 || !ex_parse_decimal(argv[1], strlen(argv[1]), &limits.memory_bytes) ||
         !ex_parse_decimal(argv[2], strlen(argv[2]), &limits.cpu_s)))
        _exit(2); /* somebody started it by hand */
    confine_first(&confinement);
    if (nursery)
        worker_nursery(table, &confinement);
    worker_serve(table, &limits, &confinement);
}
