/* SPDX-License-Identifier: Apache-2.0 */
/* A worker program of parsers that do what no parser should: for test_sandbox.c. */
#include "parsers/api.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PARSER(function, size)                                                                     \
    static ex_code function##_open(struct parser_run *run, void **state, uint64_t *ret,            \
                                   struct ex_error *err) {                                         \
        *ret = (size);                                                                             \
        return function(run, err);                                                                 \
    }                                                                                              \
    static const struct parser function##_parser = {.name = #function,                             \
                                                    .version = 1,                                  \
                                                    .open = function##_open,                       \
                                                    .read = copy_read,                             \
                                                    .close = none}

static void none(void *state) {
}

static ex_code copy_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                         size_t size_bytes, struct ex_error *err) {
    return parser_read(run, 0, offset, to, size_bytes, err);
}

/* What a refused call said; EX_OK: it was not refused. */
static ex_code said(int result, struct ex_error *err) {
    return result >= 0 ? EX_OK : ex_fail(err, EX_UNSUPPORTED, "errno %d", errno);
}

/* ---- a good one ---- */

static ex_code copy(struct parser_run *run, struct ex_error *err) {
    unsigned other;
    EX_TRY(parser_fact(run, "greeting", "hello", 5, err));
    EX_TRY(parser_fact_number(run, "size", parser_input_size(run, 0), err));
    EX_TRY(parser_range(run, PARSER_ABSENT, 1, 2, err));
    EX_TRY(parser_range(run, PARSER_DAMAGED, 3, 1, err));
    if (parser_input_named(run, "other", &other, err) != EX_OK)
        return EX_OK;
    char text[5];
    EX_TRY(parser_read(run, other, 0, text, sizeof text, err));
    return parser_fact(run, "other", text, sizeof text, err);
}
PARSER(copy, parser_input_size(run, 0));

static ex_code nothing(struct parser_run *run, struct ex_error *err) {
    return EX_OK;
}
PARSER(nothing, 0);

static int by_value(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* What the C library does inside asks the system for more than it seems. */
static ex_code sort(struct parser_run *run, struct ex_error *err) {
    enum { COUNT = 100000 };
    uint32_t *v = calloc(COUNT, sizeof *v);
    if (v == NULL)
        return ex_fail(err, EX_NOMEM, "no memory");
    for (uint32_t i = 0; i < COUNT; i++)
        v[i] = i * 2654435761u;
    qsort(v, COUNT, sizeof *v, by_value);
    for (uint32_t i = 1; i < COUNT; i++)
        if (v[i - 1] > v[i])
            return ex_fail(err, EX_FORMAT, "not sorted");
    free(v);
    return EX_OK;
}
PARSER(sort, 0);

/* ---- reaching out ---- */

static ex_code open_file(struct parser_run *run, struct ex_error *err) {
    return said(open("/etc/passwd", O_RDONLY), err);
}
PARSER(open_file, 0);

static ex_code create_file(struct parser_run *run, struct ex_error *err) {
    return said(open("/tmp/exhibit-escaped", O_WRONLY | O_CREAT, 0600), err);
}
PARSER(create_file, 0);

static ex_code open_process(struct parser_run *run, struct ex_error *err) {
    return said(open("/proc/self/mem", O_RDWR), err);
}
PARSER(open_process, 0);

static ex_code make_socket(struct parser_run *run, struct ex_error *err) {
    return said(socket(AF_INET, SOCK_STREAM, 0), err);
}
PARSER(make_socket, 0);

static ex_code make_child(struct parser_run *run, struct ex_error *err) {
    return said((int)syscall(SYS_fork), err);
}
PARSER(make_child, 0);

static ex_code make_thread(struct parser_run *run, struct ex_error *err) {
    return said((int)syscall(SYS_clone, 0x10F00, 0, 0, 0, 0), err);
}
PARSER(make_thread, 0);

static ex_code run_program(struct parser_run *run, struct ex_error *err) {
    return said(execl("/bin/true", "true", NULL), err);
}
PARSER(run_program, 0);

static ex_code kill_parent(struct parser_run *run, struct ex_error *err) {
    return said(kill((pid_t)syscall(SYS_getpid), 0), err);
}
PARSER(kill_parent, 0);

static ex_code trace(struct parser_run *run, struct ex_error *err) {
    return said((int)ptrace(PTRACE_ATTACH, 1, 0, 0), err);
}
PARSER(trace, 0);

static ex_code become_root(struct parser_run *run, struct ex_error *err) {
    return said((int)syscall(SYS_setuid, 0), err);
}
PARSER(become_root, 0);

static ex_code make_memory_file(struct parser_run *run, struct ex_error *err) {
    return said((int)syscall(SYS_memfd_create, "x", 0), err);
}
PARSER(make_memory_file, 0);

static ex_code raise_limit(struct parser_run *run, struct ex_error *err) {
    const struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};
    return said((int)syscall(SYS_prlimit64, 0, RLIMIT_AS, &r, NULL), err);
}
PARSER(raise_limit, 0);

static ex_code execute_data(struct parser_run *run, struct ex_error *err) {
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return said(page == MAP_FAILED ? -1 : 0, err);
}
PARSER(execute_data, 0);

static ex_code write_window(struct parser_run *run, struct ex_error *err) {
    const uint8_t *data;
    EX_TRY(parser_view(run, 0, 0, 4, &data, err));
    return said(mprotect((void *)(uintptr_t)data, 4096, PROT_READ | PROT_WRITE), err);
}
PARSER(write_window, 0);

static ex_code map_window(struct parser_run *run, struct ex_error *err) {
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 4, 0);
    return said(map == MAP_FAILED ? -1 : 0, err);
}
PARSER(map_window, 0);

/* ---- failing ---- */

static ex_code crash(struct parser_run *run, struct ex_error *err) {
    uint8_t *volatile nowhere = (uint8_t *)(uintptr_t)8;
    *nowhere = 1;
    return EX_OK;
}
PARSER(crash, 0);

static ex_code give_up(struct parser_run *run, struct ex_error *err) {
    _exit(7);
}
PARSER(give_up, 0);

static ex_code hang(struct parser_run *run, struct ex_error *err) {
    volatile bool for_ever = true;
    while (for_ever)
        ;
    return EX_OK;
}
PARSER(hang, 0);

static ex_code swell(struct parser_run *run, struct ex_error *err) {
    for (size_t i = 0; i < 4096; i++) {
        uint8_t *part = malloc(1 << 20);
        if (part == NULL)
            return ex_fail(err, EX_NOMEM, "no memory");
        memset(part, 1, 1 << 20);
    }
    return EX_OK;
}
PARSER(swell, 0);

static ex_code complain(struct parser_run *run, struct ex_error *err) {
    return ex_fail(err, EX_ALTERED, "a checksum \033[31m at byte 12");
}
PARSER(complain, 0);

/* ---- lying: past api.h, by frames of its own ---- */

static void send_raw(uint32_t type, uint32_t number, uint64_t value, const void *body,
                     size_t size) {
    uint8_t frame[65536] = {0};
    memcpy(frame, &type, 4);
    memcpy(frame + 4, &number, 4);
    memcpy(frame + 8, &value, 8);
    memcpy(frame + 16, body, size);
    (void)!write(3, frame, 16 + size);
}

static ex_code behind_end(struct parser_run *run, struct ex_error *err) {
    const uint32_t want[2] = {0, 100};
    send_raw(17, 1, UINT64_MAX - 10, want, sizeof want);
    return EX_OK;
}
PARSER(behind_end, 0);

static ex_code other_input(struct parser_run *run, struct ex_error *err) {
    const uint32_t want[2] = {5, 1};
    send_raw(17, 1, 0, want, sizeof want);
    return EX_OK;
}
PARSER(other_input, 0);

static ex_code unknown_frame(struct parser_run *run, struct ex_error *err) {
    send_raw(99, 1, 0, "", 0);
    return EX_OK;
}
PARSER(unknown_frame, 0);

static ex_code short_frame(struct parser_run *run, struct ex_error *err) {
    (void)!write(3, "abc", 3);
    return EX_OK;
}
PARSER(short_frame, 0);

static ex_code wrong_number(struct parser_run *run, struct ex_error *err) {
    send_raw(21, 77, 0, "", 0);
    return EX_OK;
}
PARSER(wrong_number, 0);

static ex_code flood(struct parser_run *run, struct ex_error *err) {
    volatile bool for_ever = true;
    while (for_ever)
        send_raw(19, 1, 0, "\1\0av", 4);
    return EX_OK;
}
PARSER(flood, 0);

static ex_code range_behind(struct parser_run *run, struct ex_error *err) {
    return parser_range(run, PARSER_ABSENT, 100, 100, err);
}
PARSER(range_behind, 150);

static ex_code ranges_back(struct parser_run *run, struct ex_error *err) {
    const uint64_t length = 10;
    uint8_t body[12] = {0};
    memcpy(body, &length, 8);
    body[8] = 1;
    send_raw(20, 1, 100, body, sizeof body);
    send_raw(20, 1, 50, body, sizeof body);
    return EX_OK;
}
PARSER(ranges_back, 1000);

static ex_code odd_name(struct parser_run *run, struct ex_error *err) {
    return parser_fact(run, "\033[2J", "x", 1, err);
}
PARSER(odd_name, 0);

static ex_code close_socket(struct parser_run *run, struct ex_error *err) {
    close(3);
    return hang(run, err);
}
PARSER(close_socket, 0);

static ex_code fake_answer_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                                size_t size_bytes, struct ex_error *err) {
    send_raw(21, 2, size_bytes - 1, "", 0); /* fewer than asked */
    return EX_OK;
}
static const struct parser fake_answer_parser = {.name = "fake_answer",
                                                 .version = 1,
                                                 .open = copy_open,
                                                 .read = fake_answer_read,
                                                 .close = none};

static ex_code late_fact_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                              size_t size_bytes, struct ex_error *err) {
    send_raw(19, 2, 0, "\1\0av", 4);
    return EX_OK;
}
static const struct parser late_fact_parser = {
    .name = "late_fact", .version = 1, .open = copy_open, .read = late_fact_read, .close = none};

static ex_code crash_later_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                                size_t size_bytes, struct ex_error *err) {
    return offset == 0 ? copy_read(run, state, offset, to, size_bytes, err)
           : offset < 4096
               ? ex_fail(err, EX_ALTERED, "the chunk at byte %llu", (unsigned long long)offset)
               : crash(run, err);
}
static const struct parser crash_later_parser = {.name = "crash_later",
                                                 .version = 1,
                                                 .open = copy_open,
                                                 .read = crash_later_read,
                                                 .close = none};

/* Two places that cannot be read, one of them at the cost of the worker. */
static ex_code minefield_open(struct parser_run *run, void **state, uint64_t *ret,
                              struct ex_error *err) {
    *ret = parser_input_size(run, 0);
    EX_TRY(parser_range(run, PARSER_UNREADABLE, 100000, 512, err));
    EX_TRY(parser_range(run, PARSER_UNREADABLE, 200000, 512, err));
    return parser_range(run, PARSER_ABSENT, 4194304 - 100, 200, err);
}
static ex_code minefield_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                              size_t size_bytes, struct ex_error *err) {
    uint64_t end = offset + size_bytes;
    if (offset <= 9500000 && end > 9500000)
        return crash(run, err);
    if (offset <= 5000000 && end > 5000000)
        return ex_fail(err, EX_ALTERED, "byte 5,000,000 is bad");
    return copy_read(run, state, offset, to, size_bytes, err);
}
static const struct parser minefield_parser = {.name = "minefield",
                                               .version = 1,
                                               .open = minefield_open,
                                               .read = minefield_read,
                                               .close = none};

static ex_code always_crash_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                                 size_t size_bytes, struct ex_error *err) {
    return crash(run, err);
}
static const struct parser always_crash_parser = {.name = "always_crash",
                                                  .version = 1,
                                                  .open = minefield_open,
                                                  .read = always_crash_read,
                                                  .close = none};

static ex_code stray(struct parser_run *run, struct ex_error *err) {
    static const char *const names[] = {
        "file ../secret", "file /etc/passwd", "file ..",    "file a\\b",       "file ",
        "/etc/passwd",    "segment 1",        "segment 2x", "segment 99999999"};
    unsigned other;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (parser_input_named(run, names[i], &other, NULL) == EX_OK)
            return ex_fail(err, EX_FORMAT, "it got %s", names[i]);
    return EX_OK;
}
PARSER(stray, 0);

static ex_code states_hashes(struct parser_run *run, struct ex_error *err) {
    uint8_t stated[32]; /* in front of the content */
    EX_TRY(parser_read(run, 0, 0, stated, sizeof stated, err));
    EX_TRY(parser_fact(run, "md5", stated, 32, err));
    EX_TRY(parser_fact(run, "sha1", "0123456789012345678901234567890123456789", 40, err));
    return parser_fact(run, "sha256", "no hash", 7, err);
}
static ex_code states_hashes_open(struct parser_run *run, void **state, uint64_t *ret,
                                  struct ex_error *err) {
    EX_TRY(states_hashes(run, err));
    *ret = parser_input_size(run, 0) - 32;
    return EX_OK;
}
static ex_code states_hashes_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                                  size_t size_bytes, struct ex_error *err) {
    return copy_read(run, state, offset + 32, to, size_bytes, err);
}
static const struct parser states_hashes_parser = {.name = "states_hashes",
                                                   .version = 1,
                                                   .open = states_hashes_open,
                                                   .read = states_hashes_read,
                                                   .close = none};

static ex_code two_parts(struct parser_run *run, struct ex_error *err) {
    unsigned second;
    return parser_input_named(run, "segment 2", &second, err);
}
PARSER(two_parts, parser_input_size(run, 0));

static ex_code hangs_later_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                                size_t size_bytes, struct ex_error *err) {
    return offset < 5000000 ? copy_read(run, state, offset, to, size_bytes, err) : hang(run, err);
}
static const struct parser hangs_later_parser = {.name = "hangs_later",
                                                 .version = 1,
                                                 .open = copy_open,
                                                 .read = hangs_later_read,
                                                 .close = none};

static const struct parser *const PARSERS[] = {
    &copy_parser,
    &nothing_parser,
    &sort_parser,
    &open_file_parser,
    &create_file_parser,
    &open_process_parser,
    &make_socket_parser,
    &make_child_parser,
    &make_thread_parser,
    &run_program_parser,
    &kill_parent_parser,
    &trace_parser,
    &become_root_parser,
    &make_memory_file_parser,
    &raise_limit_parser,
    &execute_data_parser,
    &write_window_parser,
    &map_window_parser,
    &crash_parser,
    &give_up_parser,
    &hang_parser,
    &swell_parser,
    &complain_parser,
    &behind_end_parser,
    &other_input_parser,
    &unknown_frame_parser,
    &short_frame_parser,
    &wrong_number_parser,
    &flood_parser,
    &range_behind_parser,
    &ranges_back_parser,
    &odd_name_parser,
    &close_socket_parser,
    &fake_answer_parser,
    &late_fact_parser,
    &crash_later_parser,
    &minefield_parser,
    &always_crash_parser,
    &stray_parser,
    &states_hashes_parser,
    &two_parts_parser,
    &hangs_later_parser,
    NULL,
};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
