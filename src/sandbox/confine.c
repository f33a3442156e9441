/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/confine_internal.h"
#include "sandbox/protocol_internal.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A sanitizer has its own memory map and asks the system for more than a worker does. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { NOBODY = 65534 };

/* ---- namespaces, user ---- */

static bool leave_namespaces(bool root) {
    int own = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
    return unshare(root ? own : own | CLONE_NEWUSER) == 0;
}

static bool become_nobody(void) {
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

/* ---- privileges, limits ---- */

static ex_code drop_privileges(struct ex_error *err) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return ex_fail_sys(err, "a worker could not give up privileges");
    /* In a user namespace of its own it has all capabilities there. */
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    struct {
        uint32_t version;
        int pid;
    } head = {0x20080522, 0}; /* _LINUX_CAPABILITY_VERSION_3 */
    const struct { uint32_t effective, permitted, inheritable; } none[2] = {{0}};
    if (syscall(SYS_capset, &head, none) != 0)
        return ex_fail_sys(err, "a worker could not give up capabilities");
    return EX_OK;
}

static bool limit(int what, uint64_t value) {
    const struct rlimit r = {value, value};
    return setrlimit((__rlimit_resource_t)what, &r) == 0;
}

static ex_code set_limits(const struct confine_limits *limits, struct ex_error *err) {
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_NOFILE, FDS) ||
        !limit(RLIMIT_NPROC, 0) || !limit(RLIMIT_MEMLOCK, 0) || !limit(RLIMIT_MSGQUEUE, 0) ||
        !limit(RLIMIT_CPU, limits->cpu_s) ||
        (!SANITIZED && !limit(RLIMIT_AS, limits->memory_bytes)))
        return ex_fail_sys(err, "a worker could not limit itself");
    return EX_OK;
}

/* ---- Landlock: the system calls have no wrappers in Debian 12 ---- */

/* Every access that a version knows, by the number of its bits. */
static uint64_t file_accesses(long version) {
    unsigned bits = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
    return ((uint64_t)1 << bits) - 1;
}

static uint32_t landlock_all(void) {
    struct {
        uint64_t files, net, scoped; /* longer than what an old kernel knows is refused by it */
    } rules = {0};
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return 0;
    rules.files = file_accesses(version);
    rules.net = version >= 4 ? 3 : 0;    /* bind and connect TCP */
    rules.scoped = version >= 6 ? 3 : 0; /* abstract sockets, signals */
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0)
        return 0;
    long code = syscall(SYS_landlock_restrict_self, fd, 0);
    close(fd);
    return code == 0 ? (uint32_t)version : 0;
}

/* ---- seccomp ---- */

static const int ALLOWED[] = {
    SCMP_SYS(read),         SCMP_SYS(write),          SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),      SCMP_SYS(recvfrom),       SCMP_SYS(sendto),
    SCMP_SYS(poll),         SCMP_SYS(ppoll),          SCMP_SYS(close),
    SCMP_SYS(fstat),        SCMP_SYS(lseek),          SCMP_SYS(brk),
    SCMP_SYS(munmap),       SCMP_SYS(mremap),         SCMP_SYS(madvise),
    SCMP_SYS(futex),        SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday),
    SCMP_SYS(clock_getres), SCMP_SYS(getrandom),      SCMP_SYS(getpid),
    SCMP_SYS(gettid),       SCMP_SYS(sysinfo), /* qsort() asks how much memory there is */
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),  SCMP_SYS(exit),           SCMP_SYS(exit_group),
};
/* Calls that name a file: a library that looks for one goes on without it. */
static const int REFUSED[] = {
    SCMP_SYS(open),       SCMP_SYS(openat),   SCMP_SYS(stat),
    SCMP_SYS(lstat),      SCMP_SYS(access),   SCMP_SYS(statx),
    SCMP_SYS(newfstatat), SCMP_SYS(readlink), SCMP_SYS(faccessat),
};
static const int SANITIZER[] = {
    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction),      SCMP_SYS(prctl), SCMP_SYS(getrlimit),
    SCMP_SYS(tgkill),      SCMP_SYS(sched_getaffinity), SCMP_SYS(mmap),  SCMP_SYS(mprotect),
};

static int allow(scmp_filter_ctx filter, const int *call, size_t count, uint32_t action) {
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++)
        code = seccomp_rule_add(filter, action, call[i], 0);
    return code;
}

/* Memory, but none that could be executed. */
static int allow_memory(scmp_filter_ctx filter) {
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_executable);
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable);
    return code;
}

/* As the program that the kernel takes, for it takes long to make, and a nursery has one for all.
 */
static int export_filter(scmp_filter_ctx from, struct confine_filter *to) {
    int fd = memfd_create("filter", MFD_CLOEXEC);
    int code = fd < 0 ? -errno : seccomp_export_bpf(from, fd);
    off_t size = code == 0 ? lseek(fd, 0, SEEK_END) : 0;
    if (code == 0 && (size <= 0 || (size_t)size > sizeof to->code ||
                      pread(fd, to->code, (size_t)size, 0) != (ssize_t)size))
        code = -EINVAL;
    to->count = code == 0 ? (size_t)size / sizeof to->code[0] : 0;
    if (fd >= 0)
        close(fd);
    return code;
}

ex_code confine_filter_make(struct confine_filter *ret, struct ex_error *err) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a filter of system calls");
    int code = allow(filter, ALLOWED, sizeof ALLOWED / sizeof ALLOWED[0], SCMP_ACT_ALLOW);
    if (code == 0)
        code = allow(filter, REFUSED, sizeof REFUSED / sizeof REFUSED[0], SCMP_ACT_ERRNO(EACCES));
    if (code == 0)
        code = SANITIZED ? allow(filter, SANITIZER, sizeof SANITIZER / sizeof SANITIZER[0],
                                 SCMP_ACT_ALLOW)
                         : allow_memory(filter);
    if (code == 0)
        code = export_filter(filter, ret);
    seccomp_release(filter);
    if (code == 0)
        return EX_OK;
    errno = -code;
    return ex_fail_sys(err, "a worker could not make a filter of system calls");
}

static ex_code filter_calls(const struct confine_filter *filter, struct ex_error *err) {
    const struct sock_fprog program = {.len = (unsigned short)filter->count,
                                       .filter = (struct sock_filter *)(uintptr_t)filter->code};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return ex_fail_sys(err, "a worker could not filter its system calls");
    return EX_OK;
}

ex_code confine_for_good(struct confinement *ret, struct ex_error *err) {
    bool root = geteuid() == 0;
    uint32_t what = 0;
    what |= leave_namespaces(root) ? (uint32_t)CONFINED_NAMESPACES : 0;
    what |= root && become_nobody() ? (uint32_t)CONFINED_USER : 0;
    EX_TRY(drop_privileges(err));
    ret->landlock_version = landlock_all();
    what |= ret->landlock_version > 0 ? (uint32_t)CONFINED_LANDLOCK : 0;
    ret->what = what | CONFINED_PRIVILEGES;
    return EX_OK;
}

ex_code confine_worker(const struct confine_limits *limits, const struct confine_filter *filter,
                       struct confinement *to, struct ex_error *err) {
    EX_TRY(set_limits(limits, err));
    EX_TRY(filter_calls(filter, err));
    to->what |= CONFINED_LIMITS | CONFINED_SECCOMP;
    return EX_OK;
}
