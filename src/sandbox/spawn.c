/* SPDX-License-Identifier: Apache-2.0 */
/* A worker process with its six descriptors: format/parser-protocol §1. */
#include "sandbox/protocol_internal.h"
#include "sandbox/sandbox_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

enum { FIRST_FREE_FD = 16 }; /* above those that a worker gets, so that none is overwritten */

/* ---- memory ---- */

static ex_code make_memory(const char *name, size_t size_bytes, bool ours, uint8_t **ret_map,
                           int *ret_fd, struct ex_error *err) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0) /* before Linux 6.3 */
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *ret_fd = fd;
    if (fd < 0 || ftruncate(fd, (off_t)size_bytes) != 0)
        return ex_fail_sys(err, "no shared memory for a parser");
    uint8_t *map =
        mmap(NULL, size_bytes, ours ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return ex_fail_sys(err, "could not map memory for a parser");
    *ret_map = map;
    if (fcntl(fd, F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | (ours ? F_SEAL_FUTURE_WRITE : 0)) != 0)
        return ex_fail_sys(err, "could not seal memory for a parser");
    return EX_OK;
}

/* ---- the process ---- */

static int out_of_the_way(int fd) {
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    close(fd);
    return high;
}

struct handing {
    int null, socket, window, tray; /* -1: none */
};

static void handing_close(struct handing *h) {
    ex_fd_close(h->null);
    ex_fd_close(h->socket);
    ex_fd_close(h->window);
    ex_fd_close(h->tray);
}

static int add_descriptors(posix_spawn_file_actions_t *a, const struct handing *h) {
    const int to[FDS] = {h->null, h->null, h->null, h->socket, h->window, h->tray};
    int count = h->window < 0 ? WINDOW_FD : FDS, code = 0;
    for (int i = 0; i < count && code == 0; i++)
#ifdef __SANITIZE_ADDRESS__
        if (i != STDERR_FILENO)
#endif
            code = posix_spawn_file_actions_adddup2(a, to[i], i);
    return code != 0 ? code : posix_spawn_file_actions_addclosefrom_np(a, count);
}

static int add_attributes(posix_spawnattr_t *a) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int code = posix_spawnattr_setsigmask(a, &none);
    if (code == 0)
        code = posix_spawnattr_setsigdefault(a, &all);
    if (code == 0) /* an interruption is for the program, which ends its workers */
        code = posix_spawnattr_setpgroup(a, 0);
    return code != 0 ? code
                     : posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETPGROUP);
}

/* The program's arguments, behind its name: `first`, and `second` unless it is NULL. */
static ex_code spawn(const char *program, char *first, char *second, const struct handing *h,
                     pid_t *ret_pid, struct ex_error *err) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char name[] = "exhibit-parser", locale[] = "LC_ALL=C.UTF-8";
    char *argv[] = {name, first, second, NULL}, *environment[] = {locale, NULL, NULL};
#ifdef __SANITIZE_ADDRESS__
    char sanitizer[] = "ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1";
    environment[1] = sanitizer;
#endif
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int code = add_descriptors(&actions, h);
    if (code == 0)
        code = add_attributes(&attributes);
    if (code == 0)
        code = posix_spawn(ret_pid, program, &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (code == 0)
        return EX_OK;
    *ret_pid = 0;
    errno = code;
    return ex_fail_sys(err, "could not start the parser \"%s\"", program);
}

static ex_code make_socket(int *ret_ours, struct handing *h, struct ex_error *err) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return ex_fail_sys(err, "no socket for a parser");
    *ret_ours = pair[0];
    h->socket = out_of_the_way(pair[1]);
    return h->socket >= 0 ? EX_OK : ex_fail_sys(err, "no descriptors for a parser");
}

static ex_code make_null(struct handing *h, struct ex_error *err) {
    h->null = out_of_the_way(open("/dev/null", O_RDWR | O_CLOEXEC));
    return h->null >= 0 ? EX_OK : ex_fail_sys(err, "no descriptors for a parser");
}

/* Socket, window and tray. */
static ex_code make_ends(struct worker *w, struct handing *h, struct ex_error *err) {
    uint8_t *tray = NULL;
    EX_TRY(make_socket(&w->socket, h, err));
    EX_TRY(make_memory("window", WINDOW_BYTES, true, &w->window, &h->window, err));
    EX_TRY(make_memory("tray", TRAY_BYTES, false, &tray, &h->tray, err));
    w->tray = tray;
    h->window = out_of_the_way(h->window);
    h->tray = out_of_the_way(h->tray);
    return h->window >= 0 && h->tray >= 0 ? EX_OK : ex_fail_sys(err, "no descriptors for a parser");
}

static ex_code start(struct worker *w, const char *program, const struct sandbox_limits *limits,
                     struct handing *h, struct ex_error *err) {
    char memory[24], cpu[24];
    (void)snprintf(memory, sizeof memory, "%llu", (unsigned long long)limits->memory_bytes);
    (void)snprintf(cpu, sizeof cpu, "%llu", (unsigned long long)limits->cpu_s);
    EX_TRY(make_null(h, err));
    EX_TRY(make_ends(w, h, err));
    return spawn(program, memory, cpu, h, &w->pid, err);
}

ex_code worker_start(struct worker *w, const char *program, const struct sandbox_limits *limits,
                     struct ex_error *err) {
    struct handing h = {-1, -1, -1, -1};
    *w = (struct worker){.socket = -1};
    ex_code code = start(w, program, limits, &h, err);
    handing_close(&h);
    return code;
}

ex_code worker_start_nursery(const char *program, pid_t *ret_pid, int *ret_socket,
                             struct ex_error *err) {
    struct handing h = {-1, -1, -1, -1};
    char argument[] = NURSERY_ARGUMENT;
    *ret_pid = 0;
    *ret_socket = -1;
    ex_code code = make_null(&h, err);
    if (code == EX_OK)
        code = make_socket(ret_socket, &h, err);
    if (code == EX_OK)
        code = spawn(program, argument, NULL, &h, ret_pid, err);
    handing_close(&h);
    return code;
}

ex_code worker_start_in(struct worker *w, worker_ask_nursery_fn *ask, void *nursery,
                        struct ex_error *err) {
    struct handing h = {-1, -1, -1, -1};
    *w = (struct worker){.socket = -1};
    ex_code code = make_ends(w, &h, err);
    const int fd[HANDED_FDS] = {h.socket, h.window, h.tray};
    if (code == EX_OK)
        code = ask(nursery, fd, &w->pid, err);
    handing_close(&h);
    return code;
}

static uint64_t cpu_ns_of(const struct rusage *r) {
    uint64_t s = (uint64_t)r->ru_utime.tv_sec + (uint64_t)r->ru_stime.tv_sec;
    uint64_t us = (uint64_t)r->ru_utime.tv_usec + (uint64_t)r->ru_stime.tv_usec;
    return s * 1000000000 + us * 1000;
}

int worker_end(struct worker *w, uint64_t *cpu_ns) {
    int status = 0;
    if (w->pid > 0) {
        struct rusage used = {0};
        (void)kill(w->pid, SIGKILL);
        while (wait4(w->pid, &status, 0, &used) < 0 && errno == EINTR)
            ;
        if (cpu_ns != NULL)
            *cpu_ns += cpu_ns_of(&used);
    }
    ex_fd_close(w->socket);
    if (w->window != NULL)
        munmap(w->window, WINDOW_BYTES);
    if (w->tray != NULL)
        munmap((void *)(uintptr_t)w->tray, TRAY_BYTES);
    *w = (struct worker){.socket = -1};
    return status;
}

/* ---- which program ---- */

/* By enum sandbox_worker. */
static const char *const PROGRAMS[] = {
    "exhibit-parser",   "exhibit-examiner", "exhibit-unpacker", "exhibit-documents",
    "exhibit-pictures", "exhibit-mail",     "exhibit-system",   "exhibit-carver",
    "exhibit-pdf",      "exhibit-pst",      "exhibit-rules",
};
static const char *const PLACES[] = {
    "../libexec/exhibit", /* installed: bin/exhibit */
    "../../parsers",      /* where it was built: src/cli/exhibit */
};

ex_code sandbox_program(enum sandbox_worker which, char *ret, size_t size_bytes,
                        struct ex_error *err) {
    char own[PATH_MAX];
    struct stat self, st;
    ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);
    if (size < 0 || stat("/proc/self/exe", &self) != 0)
        return ex_fail_sys(err, "could not find out where this program lies");
    own[size] = '\0';
    *strrchr(own, '/') = '\0';
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        int length = snprintf(ret, size_bytes, "%s/%s/%s", own, PLACES[i], PROGRAMS[which]);
        if (length < 0 || (size_t)length >= size_bytes)
            return ex_fail(err, EX_LIMIT, "this program lies too deep");
        if (stat(ret, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        if ((st.st_uid != 0 && st.st_uid != self.st_uid) || (st.st_mode & S_IWOTH) != 0)
            return ex_fail(err, EX_DENIED, "\"%s\" can be changed by somebody else", ret);
        return EX_OK;
    }
    return ex_hint(ex_fail(err, EX_MISSING, "the program \"%s\" is missing", PROGRAMS[which]), err,
                   "it belongs to this program: install them together");
}
