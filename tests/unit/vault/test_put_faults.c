/* SPDX-License-Identifier: Apache-2.0 */
/* Puts that do not come to their end: killed, out of space, stopped, from sources that change. */
#include "testing_vault.h"

#include <signal.h>
#include <sys/mount.h>
#include <time.h>

static void pause_ms(long ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Starts a process that puts what it reads from a pipe; *ret_fd is the pipe's other end. */
static pid_t start_put(const struct place *p, int *ret_fd) {
    int pipe_fd[2];
    assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        struct vault *v = NULL;
        struct source *s = NULL;
        struct vault_object_info o;
        struct vault_put_report r;
        const struct vault_put_options options = {.journal = "{\"case\": \"K-1\"}"};
        close(pipe_fd[1]);
        if (dup2(pipe_fd[0], STDIN_FILENO) < 0 || open_test_vault(p->vault, &v, NULL) != EX_OK ||
            source_open("-", &s, NULL) != EX_OK)
            _exit(1);
        _exit(vault_put(v, s, &options, NULL, &o, &r, NULL) == EX_OK ? 0 : 2);
    }
    close(pipe_fd[0]);
    *ret_fd = pipe_fd[1];
    return child;
}

static void kill_and_wait(pid_t child) {
    int status;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

/* After a kill at any time the vault opens, names the work as unfinished, and takes a new put. */
static void killed_in_the_middle(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 3 << 20 };
    static const size_t written[] = {0, 100, 1 << 20, 5 << 20, 24 << 20};
    uint8_t *data = mixed(20, SIZE), *flood = ex_new0_bytes(24 << 20);
    struct random random = {21};
    struct vault_object_info before, after;
    struct vault_put_report r;
    struct vault_check_report *c = ex_new0(struct vault_check_report);
    random_fill(&random, flood, 24 << 20);
    put_bytes(p, data, SIZE, &before, &r);
    vault_put_report_clear(&r);
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        int fd;
        pid_t child = start_put(p, &fd);
        assert_code(EX_OK, ex_write_all(fd, flood, written[i], "pipe", &err));
        for (int tries = 0; tries < 500; tries++) { /* it runs, and this process sees that */
            check_vault(p->v, false, c);
            size_t told = 0; /* those that have said what they are */
            for (size_t k = 0; k < c->unfinished_count; k++)
                told += c->unfinished[k].what[0] != '\0';
            if (told == i + 1)
                break;
            pause_ms(10);
        }
        unsigned running = 0;
        for (size_t k = 0; k < c->unfinished_count; k++)
            running += c->unfinished[k].running;
        assert_int_equal(c->unfinished_count, i + 1);
        pause_ms(100);
        check_vault(p->v, false, c);
        running = 0;
        for (size_t k = 0; k < c->unfinished_count; k++)
            running += c->unfinished[k].running;
        assert_int_equal(running, 1);
        kill_and_wait(child);
        close(fd);
        reopen_place(p);
        check_vault(p->v, true, c);
        assert_int_equal(c->problem_count, 0);
        assert_int_equal(c->unfinished_count, i + 1);
        for (size_t k = 0; k < c->unfinished_count; k++) {
            assert_false(c->unfinished[k].running);
            assert_string_equal(c->unfinished[k].what, "{\"case\": \"K-1\"}");
        }
        assert_streams(p->v, &before, data);
        put_bytes(p, data, SIZE, &after, &r);
        assert_int_equal(r.chunks_new, 0);
        assert_verifies(p->v, &after);
        vault_object_info_clear(&after);
        vault_put_report_clear(&r);
    }
    free(c);
    free(data);
    free(flood);
    vault_object_info_clear(&before);
}

/* Killed after its first pack was published: whoever collects the same bytes again shares it. */
static void a_published_pack_stays(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = PACK_TARGET_BYTES + (48 << 20) };
    uint8_t *data = ex_new0_bytes(SIZE);
    struct random r = {25};
    struct vault_object_info o;
    struct vault_put_report report;
    struct vault_check_report *c = ex_new0(struct vault_check_report);
    int fd;
    for (size_t i = 0; i < SIZE; i += 8) {
        uint64_t word = random_next(&r);
        memcpy(data + i, &word, 8);
    }
    pid_t child = start_put(p, &fd);
    assert_code(EX_OK, ex_write_all(fd, data, SIZE, "pipe", &err));
    for (int tries = 0; tries < 2000 && c->packs < 1; tries++) {
        pause_ms(10);
        check_vault(p->v, false, c);
    }
    assert_int_equal(c->packs, 1);
    kill_and_wait(child);
    close(fd);
    reopen_place(p);
    put_bytes(p, data, SIZE, &o, &report);
    assert_true(report.reused_bytes > (uint64_t)PACK_TARGET_BYTES / 10 * 9);
    assert_true(report.added_bytes < 80 << 20);
    assert_verifies(p->v, &o);
    check_vault(p->v, true, c);
    assert_int_equal(c->problem_count, 0);
    vault_object_info_clear(&o);
    vault_put_report_clear(&report);
    free(c);
    free(data);
}

/* kill -9 at many moments of a short put, publishing included: never a problem, never a half. */
static void killed_at_any_moment(void **state) {
    struct place *p = *state;
    enum { SIZE = 1 << 20, ROUNDS = 40 };
    struct vault_check_report *c = ex_new0(struct vault_check_report);
    struct random random = {22};
    uint8_t *data = ex_new0_bytes(SIZE);
    for (int i = 0; i < ROUNDS; i++) {
        int fd;
        struct ex_error err;
        random_fill(&random, data, SIZE);
        pid_t child = start_put(p, &fd);
        assert_code(EX_OK, ex_write_all(fd, data, SIZE, "pipe", &err));
        close(fd);
        struct timespec t = {.tv_nsec = (long)(random_next(&random) % 40000000)};
        (void)nanosleep(&t, NULL);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        reopen_place(p);
        check_vault(p->v, true, c);
        if (c->problem_count > 0)
            fail_msg("round %d: %s", i, c->problem[0]);
    }
    struct vault_object_info o;
    struct vault_put_report r;
    put_bytes(p, data, SIZE, &o, &r); /* adopts what was published and not indexed */
    check_vault(p->v, true, c);
    assert_int_equal(c->problem_count, 0);
    assert_int_equal(c->packs_not_indexed, 0);
    assert_verifies(p->v, &o);
    vault_object_info_clear(&o);
    vault_put_report_clear(&r);
    free(c);
    free(data);
}

static void full_disk(void **state) {
    char mount_point[] = "/tmp/exhibit-small-XXXXXX";
    struct ex_error err;
    struct place p;
    enum { SIZE = 12 << 20, SMALL = 1 << 20 };
    assert_non_null(mkdtemp(mount_point));
    if (mount("exhibit", mount_point, "tmpfs", 0, "size=8m") != 0) {
        print_message("# skipped: cannot mount a small tmpfs here: %s\n", strerror(errno));
        rmdir(mount_point);
        skip();
    }
    uint8_t *data = ex_new0_bytes(SIZE);
    struct random random = {23};
    struct vault_object_info o, small;
    struct vault_put_report r;
    random_fill(&random, data, SIZE);
    make_place_under(&p, mount_point);
    (void)snprintf(p.source, sizeof p.source, "%s-source", mount_point); /* on the large disk */
    put_bytes(&p, data, SMALL, &small, &r);
    vault_put_report_clear(&r);
    write_file(p.source, data, SIZE);
    for (int i = 0; i < 3; i++)
        assert_code(EX_SPACE, try_put(p.v, p.source, VAULT_READBACK_NEW, &o, &r, &err));
    reopen_place(&p);
    assert_no_problems(p.v);
    assert_streams(p.v, &small, data);
    put_bytes(&p, data, 2 * SMALL, &o, &r); /* what was taken was given back */
    assert_verifies(p.v, &o);
    vault_object_info_clear(&o);
    vault_object_info_clear(&small);
    vault_put_report_clear(&r);
    vault_close(p.v);
    (void)unlink(p.source);
    assert_int_equal(umount(mount_point), 0);
    rmdir(mount_point);
    free(data);
}

/* Nothing comes from standard input and nothing will: a stop ends the put all the same. */
static void a_stalled_pipe_can_be_stopped(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct ex_progress progress = {.phase = "collecting"};
    struct vault_object_info o;
    struct vault_put_report r;
    const struct vault_put_options options = {0};
    EX_AUTO(source_close) struct source *s = NULL;
    int pipe_fd[2], saved = dup(STDIN_FILENO);
    assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
    assert_true(dup2(pipe_fd[0], STDIN_FILENO) >= 0);
    assert_code(EX_OK, source_open("-", &s, &err));
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    assert_code(EX_OK, ex_write_all(pipe_fd[1], "abc", 3, "pipe", &err));
    atomic_store(&progress.stop, true);
    assert_code(EX_INTERRUPTED, vault_put(p->v, s, &options, &progress, &o, &r, &err));
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    close(saved);
    assert_no_problems(p->v);
}

static ex_code put_while(struct place *p, void (*change)(const char *path), bool ask,
                         struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = NULL;
    const struct vault_put_options options = {0};
    struct vault_object_info o = {0};
    struct vault_put_report r = {0};
    /* A writer that is there already keeps the source from being guarded, so that none has to wait.
     */
    EX_AUTO_FD int writer = open(p->source, O_WRONLY | O_CLOEXEC);
    EX_TRY(source_open(p->source, &s, err));
    change(p->source);
    ex_code code = vault_put(p->v, s, &options, NULL, &o, &r, err);
    vault_object_info_clear(&o);
    vault_put_report_clear(&r);
    EX_TRY(code);
    return ask ? source_check_unchanged(s, NULL, err) : EX_OK;
}

static void shrink(const char *path) {
    assert_int_equal(truncate(path, 5000), 0);
}

static void grow(const char *path) {
    assert_int_equal(truncate(path, 5 << 20), 0);
}

static void vanish(const char *path) {
    assert_int_equal(unlink(path), 0);
}

static void sources_that_change(void **state) {
    struct place *p = *state;
    struct ex_error err;
    uint8_t *data = mixed(24, 3 << 20);
    write_file(p->source, data, 3 << 20);
    assert_code(EX_SOURCE, put_while(p, shrink, false, &err));
    assert_no_problems(p->v);
    write_file(p->source, data, 3 << 20);
    assert_code(EX_SOURCE, put_while(p, grow, true, &err));
    write_file(p->source, data, 3 << 20);
    assert_code(EX_SOURCE, put_while(p, vanish, true, &err));
    free(data);
}

static void a_vault_without_work_or_index_takes_a_put(void **state) {
    struct place *p = *state;
    struct vault_object_info o;
    struct vault_put_report r;
    char path[128];
    close_place(p);
    (void)snprintf(path, sizeof path, "%s/work", p->vault);
    remove_tree(path);
    (void)snprintf(path, sizeof path, "%s/index", p->vault);
    remove_tree(path);
    open_place(p);
    put_bytes(p, (const uint8_t *)"abc", 3, &o, &r);
    assert_verifies(p->v, &o);
    vault_object_info_clear(&o);
    vault_put_report_clear(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(killed_in_the_middle),
        place_test(a_published_pack_stays),
        place_test(killed_at_any_moment),
        cmocka_unit_test(full_disk),
        place_test(a_stalled_pipe_can_be_stopped),
        place_test(sources_that_change),
        place_test(a_vault_without_work_or_index_takes_a_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
