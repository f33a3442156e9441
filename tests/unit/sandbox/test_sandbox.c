/* SPDX-License-Identifier: Apache-2.0 */
/* What a parser cannot do, and what its failures do not harm. */
#include "testing.h"

#include "sandbox/sandbox.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_BYTES = 3 << 20 };

struct bench {
    struct sandbox *s;
    struct sandbox_content content;
    uint8_t *input;
    uint64_t fail_from; /* of input 0: EIO from there on */
    unsigned reads;
};

static ex_code read_input(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size,
                          struct ex_error *err) {
    struct bench *b = context;
    b->reads++;
    if (input == 1) {
        assert_true(offset + size <= 5);
        memcpy(to, "world" + offset, size);
        return EX_OK;
    }
    assert_true(offset + size <= INPUT_BYTES);
    if (offset + size > b->fail_from)
        return ex_fail(err, EX_IO, "the disk does not answer");
    memcpy(to, b->input + offset, size);
    return EX_OK;
}

static ex_code name_input(void *context, const char *name, unsigned input, uint64_t *ret,
                          struct ex_error *err) {
    (void)context;
    (void)input;
    if (strcmp(name, "other") != 0)
        return ex_fail(err, EX_MISSING, "no such file");
    *ret = 5;
    return EX_OK;
}

static int make_bench(void **state) {
    struct bench *b = ex_new0(struct bench);
    b->input = malloc(INPUT_BYTES);
    assert_non_null(b->input);
    for (size_t i = 0; i < INPUT_BYTES; i++)
        b->input[i] = (uint8_t)(i * 7 + i / 251);
    b->fail_from = UINT64_MAX;
    *state = b;
    return 0;
}

static void stop(struct bench *b) {
    sandbox_free(b->s);
    b->s = NULL;
    sandbox_content_clear(&b->content);
}

static int remove_bench(void **state) {
    struct bench *b = *state;
    stop(b);
    free(b->input);
    free(b);
    return 0;
}

/* NULL: each worker is started anew. Everything holds in both ways. */
static struct sandbox_nursery *nursery;

static ex_code start_worker(const struct sandbox_limits *limits, struct sandbox **ret,
                            struct ex_error *err) {
    return nursery != NULL ? sandbox_start_in(nursery, limits, ret, err)
                           : sandbox_start(BAD_PARSERS, limits, ret, err);
}

/* Opens with this parser in a fresh worker. */
static ex_code try_parser(struct bench *b, const char *parser, struct ex_error *ret) {
    struct ex_error err;
    const struct sandbox_limits limits = {.memory_bytes = 256 << 20, .answer_ms = 2000};
    const struct sandbox_inputs inputs = {b, INPUT_BYTES, read_input, name_input};
    stop(b);
    if (start_worker(&limits, &b->s, &err) != EX_OK)
        fail_msg("not started: %s", err.text);
    return sandbox_open(b->s, parser, &inputs, &b->content, ret);
}

static void expect(struct bench *b, const char *parser, ex_code code, const char *text) {
    struct ex_error err;
    assert_code(code, try_parser(b, parser, &err));
    if (strstr(err.text, text) == NULL)
        fail_msg("%s: \"%s\" is not in \"%s\"", parser, text, err.text);
}

/* ---- working ---- */

static void content_and_claims_arrive(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    EX_AUTO_FREE uint8_t *back = malloc(INPUT_BYTES);
    assert_code(EX_OK, try_parser(b, "copy", &err));
    assert_int_equal(b->content.size_bytes, INPUT_BYTES);
    assert_int_equal(b->content.fact_count, 3);
    assert_string_equal(sandbox_content_fact(&b->content, "greeting")->value, "hello");
    assert_string_equal(sandbox_content_fact(&b->content, "size")->value, "3145728");
    assert_string_equal(sandbox_content_fact(&b->content, "other")->value, "world");
    assert_null(sandbox_content_fact(&b->content, "none"));
    assert_int_equal(b->content.range_count, 2);
    assert_int_equal(b->content.range[1].gap, 3);
    b->reads = 0;
    for (size_t at = 0, part = 1000; at < INPUT_BYTES; at += part) {
        part = part < INPUT_BYTES - at ? part : INPUT_BYTES - at;
        assert_code(EX_OK, sandbox_read(b->s, at, back + at, part, &err));
    }
    assert_memory_equal(back, b->input, INPUT_BYTES);
    assert_true(b->reads < 50); /* read ahead */
    assert_code(EX_OK, sandbox_read(b->s, 5, back, 1 << 20, &err));
    assert_memory_equal(back, b->input + 5, 1 << 20);
    assert_code(EX_INTERNAL, sandbox_read(b->s, INPUT_BYTES - 1, back, 2, &err));
}

static void an_error_of_one_place_is_not_the_end(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    uint8_t byte;
    assert_code(EX_OK, try_parser(b, "crash_later", &err));
    assert_code(EX_ALTERED, sandbox_read(b->s, 9, &byte, 1, &err));
    assert_string_equal(err.text, "crash_later: the chunk at byte 9");
    assert_false(sandbox_lost(b->s));
    assert_code(EX_OK, sandbox_read(b->s, 0, &byte, 1, &err));
    assert_code(EX_FORMAT, sandbox_read(b->s, 5000, &byte, 1, &err));
    assert_true(sandbox_lost(b->s));
    assert_code(EX_FORMAT, sandbox_read(b->s, 0, &byte, 1, &err));
    assert_non_null(strstr(err.text, "crash"));
}

static void an_input_that_cannot_be_read_is_said(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    uint8_t data[10];
    b->fail_from = 1000; /* what is read ahead fails, what is wanted does not */
    assert_code(EX_OK, try_parser(b, "copy", &err));
    assert_code(EX_OK, sandbox_read(b->s, 990, data, 10, &err));
    assert_memory_equal(data, b->input + 990, 10);
    assert_null(sandbox_input_error(b->s));
    assert_code(EX_IO, sandbox_read(b->s, 991, data, 10, &err));
    assert_non_null(strstr(err.text, "the disk does not answer"));
    assert_non_null(sandbox_input_error(b->s));
    assert_string_equal(sandbox_input_error(b->s)->text, "the disk does not answer");
    assert_code(EX_OK, sandbox_read(b->s, 0, data, 10, &err));
    assert_null(sandbox_input_error(b->s));
}

static void nothing_is_content_too(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    assert_code(EX_OK, try_parser(b, "nothing", &err));
    assert_int_equal(b->content.size_bytes, 0);
    assert_code(EX_UNSUPPORTED, try_parser(b, "no-such-parser", &err));
}

static void it_may_sort(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    assert_code(EX_OK, try_parser(b, "sort", &err));
}

/* ---- what it cannot do ---- */

static void it_opens_no_file(void **state) {
    expect(*state, "open_file", EX_UNSUPPORTED, "errno 13");
    expect(*state, "create_file", EX_UNSUPPORTED, "errno 13");
    expect(*state, "open_process", EX_UNSUPPORTED, "errno 13");
    assert_int_equal(access("/tmp/exhibit-escaped", F_OK), -1);
}

static void it_makes_no_socket_process_or_thread(void **state) {
    static const char *const PARSER[] = {"make_socket", "make_child",       "make_thread",
                                         "run_program", "kill_parent",      "trace",
                                         "become_root", "make_memory_file", "raise_limit"};
    for (size_t i = 0; i < sizeof PARSER / sizeof PARSER[0]; i++)
        expect(*state, PARSER[i], EX_FORMAT, "it asked the system for something");
}

static void it_writes_nothing_but_its_tray(void **state) {
    expect(*state, "write_window", EX_UNSUPPORTED, "errno 13");
    expect(*state, "map_window", EX_UNSUPPORTED, "errno 1");
#ifndef __SANITIZE_ADDRESS__ /* which needs what this takes away */
    expect(*state, "execute_data", EX_FORMAT, "it asked the system for something");
#endif
}

static void the_system_confirms_it(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    assert_code(EX_OK, try_parser(b, "nothing", &err));
    assert_non_null(strstr(sandbox_confinement(b->s), "seccomp, limits"));
    print_message("confinement: %s\n", sandbox_confinement(b->s));
}

/* ---- what its failures do not harm ---- */

static void one_that_crashes_or_ends(void **state) {
#ifndef __SANITIZE_ADDRESS__
    expect(*state, "crash", EX_FORMAT, "it crashed (signal 11)");
#endif
    expect(*state, "give_up", EX_FORMAT, "it ended (status 7)");
}

static void one_that_hangs(void **state) {
    expect(*state, "hang", EX_LIMIT, "it took too long");
    expect(*state, "close_socket", EX_FORMAT, "it was killed");
}

static bool is_enough(void *asked) {
    return ++*(unsigned *)asked > 2;
}

/* Without that it would have 60 s. */
static void one_that_hangs_and_is_not_waited_for(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    unsigned asked = 0;
    const struct sandbox_limits limits = {.stopped = is_enough, .context = &asked};
    const struct sandbox_inputs inputs = {b, INPUT_BYTES, read_input, name_input};
    assert_code(EX_OK, start_worker(&limits, &b->s, &err));
    assert_code(EX_INTERRUPTED, sandbox_open(b->s, "hang", &inputs, &b->content, &err));
    assert_true(sandbox_lost(b->s));
}

static void one_that_swells(void **state) {
#ifndef __SANITIZE_ADDRESS__
    expect(*state, "swell", EX_NOMEM, "no memory");
#endif
}

static void one_that_complains(void **state) {
    expect(*state, "complain", EX_ALTERED, "complain: a checksum ?[31m at byte 12");
}

static void one_that_lies(void **state) {
    static const struct {
        const char *parser, *text;
    } LIAR[] = {{"behind_end", "bytes that are not there"},
                {"other_input", "bytes that are not there"},
                {"unknown_frame", "a frame that it may not send"},
                {"short_frame", "a frame of a wrong size"},
                {"wrong_number", "what was not asked"},
                {"flood", "rules of the protocol"},
                {"range_behind", "behind the end of the content"},
                {"ranges_back", "rules of the protocol"},
                {"odd_name", "rules of the protocol"}};
    for (size_t i = 0; i < sizeof LIAR / sizeof LIAR[0]; i++)
        expect(*state, LIAR[i].parser, EX_FORMAT, LIAR[i].text);
}

static void one_that_lies_while_it_reads(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    uint8_t data[100];
    assert_code(EX_OK, try_parser(b, "fake_answer", &err));
    assert_code(EX_FORMAT, sandbox_read(b->s, 0, data, sizeof data, &err));
    assert_code(EX_OK, try_parser(b, "late_fact", &err));
    assert_code(EX_FORMAT, sandbox_read(b->s, 0, data, sizeof data, &err));
    assert_true(sandbox_lost(b->s));
}

/* ---- leaving nothing behind ---- */

static unsigned descriptors(void) {
    unsigned count = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d) != NULL)
        count++;
    closedir(d);
    return count;
}

static void nothing_is_left_behind(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    (void)!try_parser(b, "copy", &err); /* a nursery begins with the first one */
    stop(b);
    unsigned before = descriptors();
    for (int i = 0; i < 20; i++)
        (void)!try_parser(b, i % 2 == 0 ? "copy" : "give_up", &err);
    stop(b);
    assert_int_equal(descriptors(), before);
    /* no child is left, but for the nursery */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), nursery != NULL ? 0 : -1);
}

/* A worker ends when the program that started it is killed, even if it hangs. */
static void a_worker_does_not_outlive_its_program(void **state) {
    struct bench *b = *state;
    int pipes[2];
    char byte;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) { /* the worker has no other descriptors; the pipe shows only this process */
        struct ex_error err;
        const struct sandbox_limits limits = {.answer_ms = 60000};
        const struct sandbox_inputs inputs = {b, INPUT_BYTES, read_input, name_input};
        char line[64];
        close(pipes[0]);
        if (nursery != NULL) /* that of this process makes children of this process */
            (void)!sandbox_nursery_new(BAD_PARSERS, &nursery, &err);
        if (start_worker(&limits, &b->s, &err) != EX_OK)
            _exit(1);
        FILE *f = popen("pgrep -n -P $PPID exhibit-bad || true", "r");
        if (f == NULL || fgets(line, sizeof line, f) == NULL)
            line[0] = '\0';
        (void)!write(pipes[1], line, sizeof line);
        (void)!sandbox_open(b->s, "hang", &inputs, &b->content, &err);
        _exit(0);
    }
    char line[64] = "";
    close(pipes[1]);
    assert_int_equal(read(pipes[0], line, sizeof line), sizeof line);
    pid_t worker = (pid_t)atoi(line);
    assert_true(worker > 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
    for (int i = 0; i < 600 && kill(worker, 0) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    assert_int_equal(kill(worker, 0), -1);
}

static void a_wrong_program_is_refused(void **state) {
    struct sandbox *s = NULL;
    struct ex_error err;
    assert_code(EX_FORMAT, sandbox_start("/bin/true", NULL, &s, &err));
    assert_code(EX_NOT_FOUND, sandbox_start("/nonexistent", NULL, &s, &err));
    assert_null(s);
}

#define test(f) cmocka_unit_test_setup_teardown(f, make_bench, remove_bench)

/* ---- a nursery ---- */

static int open_nursery(void **state) {
    struct ex_error err;
    (void)state;
    return sandbox_nursery_new(BAD_PARSERS, &nursery, &err) == EX_OK ? 0 : -1;
}

static int close_nursery(void **state) {
    (void)state;
    sandbox_nursery_free(nursery);
    nursery = NULL;
    return 0;
}

static void kill_nursery(void) {
    char command[64];
    (void)snprintf(command, sizeof command, "pkill -KILL -o -P %d -f '[n]ursery$'", (int)getpid());
    assert_int_equal(system(command), 0); /* NOLINT: no shell of anybody else */
}

static void one_that_is_killed_is_started_again(void **state) {
    struct bench *b = *state;
    struct ex_error err;
    uint8_t byte;
    for (int i = 0; i < 3; i++) {
        assert_code(EX_OK, try_parser(b, "copy", &err));
        kill_nursery();
        assert_code(EX_OK, sandbox_read(b->s, 7, &byte, 1, &err)); /* its workers go on */
        assert_int_equal(byte, b->input[7]);
    }
}

static void what_one_worker_does_no_other_sees(void **state) {
    struct bench *b = *state, other = *b;
    struct ex_error err;
    uint8_t byte;
    other.s = NULL;
    other.content = (struct sandbox_content){0};
    assert_code(EX_OK, try_parser(b, "copy", &err));
    assert_code(EX_FORMAT, try_parser(&other, "always_crash", &err));
    stop(&other);
    assert_code(EX_OK, sandbox_read(b->s, 7, &byte, 1, &err));
    assert_int_equal(byte, b->input[7]);
}

static void a_wrong_nursery_is_refused(void **state) {
    struct sandbox_nursery *wrong = NULL;
    struct sandbox *s = NULL;
    struct ex_error err;
    (void)state;
    assert_code(EX_OK, sandbox_nursery_new("/bin/true", &wrong, &err));
    assert_code(EX_FORMAT, sandbox_start_in(wrong, NULL, &s, &err));
    sandbox_nursery_free(wrong);
    assert_code(EX_OK, sandbox_nursery_new("/nonexistent", &wrong, &err));
    assert_code(EX_NOT_FOUND, sandbox_start_in(wrong, NULL, &s, &err));
    sandbox_nursery_free(wrong);
    assert_null(s);
}

/* What holds of every worker, however it was started. */
#define IN_BOTH_WAYS                                                                               \
    test(content_and_claims_arrive), test(an_error_of_one_place_is_not_the_end),                   \
        test(an_input_that_cannot_be_read_is_said), test(nothing_is_content_too),                  \
        test(it_may_sort), test(it_opens_no_file), test(it_makes_no_socket_process_or_thread),     \
        test(it_writes_nothing_but_its_tray), test(the_system_confirms_it),                        \
        test(one_that_crashes_or_ends), test(one_that_hangs),                                      \
        test(one_that_hangs_and_is_not_waited_for), test(one_that_swells),                         \
        test(one_that_complains), test(one_that_lies), test(one_that_lies_while_it_reads),         \
        test(nothing_is_left_behind), test(a_worker_does_not_outlive_its_program)

/* Without an argument: workers that are started anew. */
int main(int argc, char **argv) {
    (void)argv;
    const struct CMUnitTest anew[] = {IN_BOTH_WAYS, test(a_wrong_program_is_refused)};
    const struct CMUnitTest in_nursery[] = {IN_BOTH_WAYS, test(one_that_is_killed_is_started_again),
                                            test(what_one_worker_does_no_other_sees),
                                            test(a_wrong_nursery_is_refused)};
    return argc > 1 ? cmocka_run_group_tests(in_nursery, open_nursery, close_nursery)
                    : cmocka_run_group_tests(anew, NULL, NULL);
}
