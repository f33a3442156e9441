/* SPDX-License-Identifier: Apache-2.0 */
/* A nursery, from the inside: format/parser-protocol §1.1. It has confined itself for good, sees no
 * byte of any input, and makes a process for each worker that is asked for. */
#include "sandbox/worker_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OUT_OF_THE_WAY = 16 };

/* Ends with the supervisor. False: it is no request. */
static bool receive(struct nursery_request *request, int fd[static HANDED_FDS]) {
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(HANDED_FDS * sizeof(int))];
    } control = {0};
    struct iovec data = {.iov_base = request, .iov_len = sizeof *request};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t size;
    do
        size = recvmsg(SOCKET_FD, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size <= 0)
        _exit(0);
    const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if ((size_t)size != sizeof *request || c == NULL || c->cmsg_level != SOL_SOCKET ||
        c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(HANDED_FDS * sizeof(int)))
        return false;
    memcpy(fd, CMSG_DATA(c), HANDED_FDS * sizeof(int));
    return true;
}

/* The descriptors of a worker: §1. */
static bool take_descriptors(const int fd[static HANDED_FDS]) {
    static const int TO[HANDED_FDS] = {SOCKET_FD, WINDOW_FD, TRAY_FD};
    int high[HANDED_FDS];
    bool good = true;
    for (int i = 0; i < HANDED_FDS; i++)
        high[i] = fcntl(fd[i], F_DUPFD, OUT_OF_THE_WAY);
    for (int i = 0; i < HANDED_FDS; i++)
        good = good && high[i] >= 0 && dup2(high[i], TO[i]) == TO[i];
    return good && syscall(SYS_close_range, FDS, ~0U, 0) == 0;
}

/* A child of the supervisor, which kills it and asks how it ended. */
static pid_t make_process(void) {
    return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

_Noreturn void worker_nursery(const struct parser *const table[], struct worker_confinement *c) {
    for (;;) {
        struct nursery_request request;
        struct nursery_answer answer = {0};
        int fd[HANDED_FDS];
        if (!receive(&request, fd))
            _exit(1);
        pid_t pid = make_process();
        if (pid == 0) {
            const struct confine_limits limits = {request.memory_bytes, request.cpu_s};
            if (!take_descriptors(fd))
                _exit(1);
            worker_serve(table, &limits, c);
        }
        answer.error = pid < 0 ? errno : 0;
        answer.pid = pid;
        for (int i = 0; i < HANDED_FDS; i++)
            (void)close(fd[i]);
        if (send(SOCKET_FD, &answer, sizeof answer, MSG_NOSIGNAL) != (ssize_t)sizeof answer)
            _exit(0);
    }
}
