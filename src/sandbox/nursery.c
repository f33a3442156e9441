/* SPDX-License-Identifier: Apache-2.0 */
/* Workers from a process that is ready to make them: format/parser-protocol §1.1. */
#include "sandbox/sandbox_internal.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { ANSWER_S = 60, STARTS_MAX = 20 };

struct sandbox_nursery {
    pthread_mutex_t mutex;
    char program[PATH_MAX];
    pid_t pid; /* 0: none */
    int socket;
};

ex_code sandbox_nursery_new(const char *program, struct sandbox_nursery **ret,
                            struct ex_error *err) {
    EX_AUTO(sandbox_nursery_free) struct sandbox_nursery *n = ex_new0(struct sandbox_nursery);
    pthread_mutex_init(&n->mutex, NULL);
    n->socket = -1;
    if (snprintf(n->program, sizeof n->program, "%s", program) >= (int)sizeof n->program)
        return ex_fail(err, EX_LIMIT, "this program lies too deep");
    *ret = ex_steal(&n);
    return EX_OK;
}

static void end_process(struct sandbox_nursery *n) {
    if (n->pid > 0) {
        (void)kill(n->pid, SIGKILL);
        while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    n->pid = 0;
    ex_fd_close(n->socket);
    n->socket = -1;
}

void sandbox_nursery_free(struct sandbox_nursery *n) {
    if (n == NULL)
        return;
    end_process(n);
    pthread_mutex_destroy(&n->mutex);
    free(n);
}

static ex_code start_process(struct sandbox_nursery *n, struct ex_error *err) {
    const struct timeval wait = {.tv_sec = ANSWER_S};
    if (n->pid > 0)
        return EX_OK;
    EX_TRY(worker_start_nursery(n->program, &n->pid, &n->socket, err));
    (void)setsockopt(n->socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    return EX_OK;
}

/* ---- a request ---- */

struct asking {
    struct sandbox_nursery *nursery;
    struct nursery_request request;
};

static bool send_request(const struct asking *a, const int fd[static HANDED_FDS]) {
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(HANDED_FDS * sizeof(int))];
    } control = {0};
    struct iovec data = {.iov_base = (void *)(uintptr_t)&a->request, .iov_len = sizeof a->request};
    const struct msghdr message = {.msg_iov = &data,
                                   .msg_iovlen = 1,
                                   .msg_control = &control,
                                   .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(HANDED_FDS * sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), fd, HANDED_FDS * sizeof(int));
    return sendmsg(a->nursery->socket, &message, MSG_NOSIGNAL) == (ssize_t)sizeof a->request;
}

static bool receive_answer(const struct asking *a, struct nursery_answer *ret) {
    ssize_t size;
    do
        size = recv(a->nursery->socket, ret, sizeof *ret, 0);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof *ret;
}

/* EX_MISSING: the nursery is gone. It may have made a process before; that has no other end to talk
 * to, and ends. */
static ex_code ask_locked(struct asking *a, const int fd[static HANDED_FDS], pid_t *ret_pid,
                          struct ex_error *err) {
    struct nursery_answer answer;
    EX_TRY(start_process(a->nursery, err));
    if (!send_request(a, fd) || !receive_answer(a, &answer)) {
        end_process(a->nursery);
        return ex_fail(err, EX_MISSING, "what starts the parsers was ended");
    }
    errno = answer.error;
    if (answer.error != 0 || answer.pid <= 0)
        return ex_fail_sys(err, "could not start a parser");
    *ret_pid = answer.pid;
    return EX_OK;
}

static ex_code ask(void *context, const int fd[static HANDED_FDS], pid_t *ret_pid,
                   struct ex_error *err) {
    struct asking *a = context;
    pthread_mutex_lock(&a->nursery->mutex);
    ex_code code = ask_locked(a, fd, ret_pid, err);
    pthread_mutex_unlock(&a->nursery->mutex);
    return code;
}

/* With other descriptors each time: nobody else may have an end of these. */
static ex_code start_worker(struct sandbox *s, struct asking *a, struct ex_error *err) {
    ex_code code = EX_MISSING;
    for (unsigned i = 0; i < STARTS_MAX && code == EX_MISSING; i++) {
        (void)worker_end(&s->worker, &s->cpu_ns);
        code = worker_start_in(&s->worker, ask, a, err);
    }
    if (code == EX_MISSING)
        return ex_fail(err, EX_FORMAT, "what starts the parsers was ended %d times", STARTS_MAX);
    return code;
}

ex_code sandbox_start_in(struct sandbox_nursery *n, const struct sandbox_limits *limits,
                         struct sandbox **ret, struct ex_error *err) {
    EX_AUTO(sandbox_free) struct sandbox *s = sandbox_new(limits);
    struct asking a = {n, {s->limits.memory_bytes, s->limits.cpu_s}};
    EX_TRY(start_worker(s, &a, err));
    EX_TRY(sandbox_wait_ready(s, err));
    *ret = ex_steal(&s);
    return EX_OK;
}
