/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include <errno.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct place {
    char path[64];
    int fd;
};

static int make_place(void **state) {
    static struct place place;
    strcpy(place.path, "/tmp/exhibit-file-XXXXXX");
    if (mkdtemp(place.path) == NULL)
        return -1;
    place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &place;
    return place.fd < 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    return remove(path);
}

static int remove_place(void **state) {
    const struct place *place = *state;
    close(place->fd);
    return nftw(place->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int dir_of(void **state) {
    return ((const struct place *)*state)->fd;
}

static void assert_content(int dir, const char *name, const char *expected) {
    struct ex_error err;
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    assert_code(EX_OK, ex_read_file(dir, name, 100, &data, &size, &err));
    assert_int_equal(size, strlen(expected));
    assert_string_equal((char *)data, expected);
}

static unsigned names_in(const char *path) {
    unsigned names = 0;
    char command[128];
    (void)snprintf(command, sizeof command, "ls -A %s | wc -l", path);
    FILE *out = popen(command, "re");
    assert_non_null(out);
    assert_int_equal(fscanf(out, "%u", &names), 1);
    (void)pclose(out);
    return names;
}

static void new_refuses_what_exists(void **state) {
    struct ex_error err;
    int dir = dir_of(state);
    assert_code(EX_OK, ex_write_file(dir, "a", "first", 5, EX_WRITE_NEW, &err));
    assert_content(dir, "a", "first");
    assert_code(EX_EXISTS, ex_write_file(dir, "a", "second", 6, EX_WRITE_NEW, &err));
    assert_content(dir, "a", "first");
    assert_int_equal(names_in(((struct place *)*state)->path), 1); /* no temporary file is left */
    struct stat st;
    assert_int_equal(fstatat(dir, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void replace_replaces(void **state) {
    struct ex_error err;
    int dir = dir_of(state);
    assert_code(EX_OK, ex_write_file(dir, "a", "first", 5, EX_WRITE_REPLACE, &err));
    assert_code(EX_OK, ex_write_file(dir, "a", "second", 6, EX_WRITE_REPLACE, &err));
    assert_content(dir, "a", "second");
    assert_code(EX_OK, ex_write_file(dir, "a", "", 0, EX_WRITE_REPLACE, &err));
    assert_content(dir, "a", "");
    assert_int_equal(names_in(((struct place *)*state)->path), 1);
    assert_code(EX_NOT_FOUND, ex_write_file(dir, "no/a", "x", 1, EX_WRITE_REPLACE, &err));
    /* A directory in the way: refused, and nothing is left over. */
    assert_int_equal(mkdirat(dir, "d", 0700), 0);
    assert_int_not_equal(ex_write_file(dir, "d", "x", 1, EX_WRITE_REPLACE, &err), EX_OK);
    assert_int_equal(names_in(((struct place *)*state)->path), 2);
}

/* A reader that opened the file before keeps the old one whole. */
static void a_reader_never_sees_half(void **state) {
    struct ex_error err;
    int dir = dir_of(state);
    char old[5];
    EX_AUTO_FD int fd = -1;
    assert_code(EX_OK, ex_write_file(dir, "a", "first", 5, EX_WRITE_NEW, &err));
    assert_code(EX_OK, ex_open_at(dir, "a", O_RDONLY, &fd, &err));
    assert_code(EX_OK, ex_write_file(dir, "a", "other", 5, EX_WRITE_REPLACE, &err));
    assert_code(EX_OK, ex_read_at(fd, old, 5, 0, "a", &err));
    assert_memory_equal(old, "first", 5);
    assert_content(dir, "a", "other");
}

static void reading_is_limited_and_exact(void **state) {
    struct ex_error err;
    int dir = dir_of(state);
    uint8_t *data = NULL;
    size_t size;
    char part[4];
    EX_AUTO_FD int fd = -1;
    assert_code(EX_OK, ex_write_file(dir, "a", "0123456789", 10, EX_WRITE_NEW, &err));
    assert_code(EX_LIMIT, ex_read_file(dir, "a", 9, &data, &size, &err));
    assert_code(EX_NOT_FOUND, ex_read_file(dir, "b", 9, &data, &size, &err));
    assert_int_equal(mkdirat(dir, "d", 0700), 0);
    assert_code(EX_FORMAT, ex_read_file(dir, "d", 9, &data, &size, &err));
    assert_null(data);
    assert_code(EX_OK, ex_open_at(dir, "a", O_RDWR, &fd, &err));
    assert_code(EX_OK, ex_read_at(fd, part, 4, 6, "a", &err));
    assert_memory_equal(part, "6789", 4);
    assert_code(EX_ALTERED, ex_read_at(fd, part, 4, 7, "a", &err));
    assert_code(EX_OK, ex_write_at(fd, "xy", 2, 4, "a", &err));
    assert_content(dir, "a", "0123xy6789");
    assert_code(EX_OK, ex_sync_fd(fd, "a", &err));
    assert_code(EX_OK, ex_read_at(fd, part, 0, 99, "a", &err));
}

static void links_are_not_followed(void **state) {
    struct ex_error err;
    int dir = dir_of(state), fd = -1;
    uint8_t *data = NULL;
    size_t size;
    assert_code(EX_OK, ex_write_file(dir, "a", "x", 1, EX_WRITE_NEW, &err));
    assert_int_equal(symlinkat("a", dir, "link"), 0);
    assert_int_equal(symlinkat(".", dir, "dirlink"), 0);
    assert_int_not_equal(ex_open_at(dir, "link", O_RDONLY, &fd, &err), EX_OK);
    assert_int_not_equal(ex_read_file(dir, "link", 9, &data, &size, &err), EX_OK);
    assert_int_not_equal(ex_open_dir_at(dir, "dirlink", false, &fd, &err), EX_OK);
    assert_int_not_equal(ex_open_dir_at(dir, "dirlink", true, &fd, &err), EX_OK);
    assert_code(EX_EXISTS, ex_write_file(dir, "link", "y", 1, EX_WRITE_NEW, &err));
    assert_content(dir, "a", "x");
    assert_int_equal(fd, -1);
}

static void assert_link_refused(ex_code code, const struct ex_error *err) {
    assert_int_equal(code, EX_ALTERED);
    assert_non_null(strstr(err->text, "is a symbolic link or lies behind one"));
}

/* A directory of the vault was exchanged for a link to another one: nothing goes through it. */
static void links_in_between_are_not_followed(void **state) {
    static const char *const targets[] = {"elsewhere", "/proc/self/fd", "/tmp",
                                          "deep/../elsewhere"};
    struct ex_error err;
    int dir = dir_of(state), fd = -1;
    uint8_t *data = NULL;
    size_t size;
    assert_int_equal(mkdirat(dir, "elsewhere", 0700), 0);
    assert_int_equal(mkdirat(dir, "deep", 0700), 0);
    assert_int_equal(mkdirat(dir, "elsewhere/sub", 0700), 0);
    assert_code(EX_OK, ex_write_file(dir, "elsewhere/a", "x", 1, EX_WRITE_NEW, &err));
    assert_code(EX_OK, ex_write_file(dir, "mine", "m", 1, EX_WRITE_NEW, &err));
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        assert_int_equal(symlinkat(targets[i], dir, "deep/tile"), 0);
        assert_link_refused(ex_open_at(dir, "deep/tile/a", O_RDONLY, &fd, &err), &err);
        assert_link_refused(ex_open_at(dir, "deep/tile/n", O_WRONLY | O_CREAT, &fd, &err), &err);
        assert_link_refused(ex_open_at(dir, "deep/tile", O_RDONLY | O_DIRECTORY, &fd, &err), &err);
        assert_link_refused(ex_open_at(dir, "deep/tile/sub", O_RDONLY | O_DIRECTORY, &fd, &err),
                            &err);
        assert_link_refused(ex_open_dir_at(dir, "deep/tile", true, &fd, &err), &err);
        assert_link_refused(ex_open_dir_at(dir, "deep/tile/new", true, &fd, &err), &err);
        assert_link_refused(ex_read_file(dir, "deep/tile/a", 9, &data, &size, &err), &err);
        assert_link_refused(ex_write_file(dir, "deep/tile/a", "y", 1, EX_WRITE_REPLACE, &err),
                            &err);
        assert_link_refused(ex_write_file(dir, "deep/tile/n", "y", 1, EX_WRITE_NEW, &err), &err);
        assert_link_refused(ex_publish(dir, "mine", dir, "deep/tile/n", &err), &err);
        assert_link_refused(ex_publish(dir, "deep/tile/a", dir, "taken", &err), &err);
        assert_link_refused(ex_make_parents(dir, "deep/tile/n", &err), &err);
        assert_link_refused(ex_make_parents(dir, "deep/tile/new/n", &err), &err);
        assert_link_refused(ex_lock(dir, "deep/tile/lock", true, 0, &fd, &err), &err);
        assert_int_equal(unlinkat(dir, "deep/tile", 0), 0);
    }
    assert_int_equal(fd, -1);
    assert_content(dir, "mine", "m");
    assert_content(dir, "elsewhere/a", "x");
    char path[80];
    (void)snprintf(path, sizeof path, "%s/elsewhere", ((const struct place *)*state)->path);
    assert_int_equal(names_in(path), 2); /* a and sub: nothing was made there */
}

static void names_do_not_lead_out(void **state) {
    static const char *const names[] = {"/proc/version", "../x", "deep/../../x", "/"};
    struct ex_error err;
    int dir = dir_of(state), fd = -1;
    EX_AUTO_FD int sub = -1;
    assert_code(EX_OK, ex_open_dir_at(dir, "sub", true, &sub, &err));
    assert_int_equal(mkdirat(sub, "deep", 0700), 0);
    assert_code(EX_OK, ex_write_file(dir, "x", "1", 1, EX_WRITE_NEW, &err));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_code(EX_FORMAT, ex_open_at(sub, names[i], O_RDONLY, &fd, &err));
        assert_code(EX_FORMAT, ex_write_file(sub, names[i], "2", 1, EX_WRITE_REPLACE, &err));
    }
    assert_code(EX_NOT_FOUND, ex_open_at(dir, "", O_RDONLY, &fd, &err));
    assert_code(EX_NOT_FOUND, ex_open_at(dir, "x/y", O_RDONLY, &fd, &err));
    assert_content(dir, "x", "1");
    /* The directory above, for whoever must make its own entry in it durable. */
    EX_AUTO_FD int above = -1;
    assert_code(EX_OK, ex_open_at(sub, "..", O_RDONLY | O_DIRECTORY, &above, &err));
    assert_content(above, "x", "1");
}

/* The user's own paths: directories may be links, as everywhere. */
static void own_paths_go_through_links(void **state) {
    const struct place *place = *state;
    struct ex_error err;
    char path[80];
    assert_int_equal(mkdirat(place->fd, "real", 0700), 0);
    assert_int_equal(symlinkat("real", place->fd, "link"), 0);
    (void)snprintf(path, sizeof path, "%s/link/copy", place->path);
    assert_code(EX_OK, ex_write_file(AT_FDCWD, path, "1", 1, EX_WRITE_NEW, &err));
    assert_code(EX_OK, ex_write_file(AT_FDCWD, path, "2", 1, EX_WRITE_REPLACE, &err));
    assert_content(place->fd, "real/copy", "2");
}

/* A file system without O_DIRECT (/proc is one) is told from every other failure. */
static void reading_past_the_cache(void **state) {
    struct ex_error err;
    int fd = -1;
    EX_AUTO_FD int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_code(EX_UNSUPPORTED, ex_open_at(proc, "version", O_RDONLY | O_DIRECT, &fd, &err));
    assert_code(EX_NOT_FOUND, ex_open_at(proc, "nothing", O_RDONLY | O_DIRECT, &fd, &err));
    assert_int_equal(symlinkat("a", dir_of(state), "link"), 0);
    assert_link_refused(ex_open_at(dir_of(state), "link", O_RDONLY | O_DIRECT, &fd, &err), &err);
    assert_int_equal(fd, -1);
}

/* From here on openat2() is refused with this errno, as an old kernel or a sandbox does; there is
 * no way back, and refusals add up: the latest counts. */
static void refuse_openat2(unsigned error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        print_message("# no system call can be refused here\n");
        skip();
    }
    errno = 0;
    assert_int_equal(syscall(SYS_openat2, -1, "", NULL, 0), -1);
    assert_int_equal(errno, error);
}

static void without_openat2(void **state) {
    refuse_openat2(ENOSYS);
}

static void with_openat2_forbidden(void **state) {
    refuse_openat2(EPERM);
}

static void directories(void **state) {
    struct ex_error err;
    int dir = dir_of(state);
    struct stat st;
    int sub = -1;
    assert_code(EX_NOT_FOUND, ex_open_dir_at(dir, "sub", false, &sub, &err));
    assert_code(EX_OK, ex_open_dir_at(dir, "sub", true, &sub, &err));
    ex_fd_close(sub);
    assert_code(EX_OK, ex_open_dir_at(dir, "sub", true, &sub, &err));
    ex_fd_close(sub);
    assert_code(EX_OK, ex_make_parents(dir, "x001/x234/067", &err));
    assert_code(EX_OK, ex_make_parents(dir, "x001/x234/068", &err));
    assert_code(EX_OK, ex_make_parents(dir, "name", &err));
    assert_int_equal(fstatat(dir, "x001/x234", &st, 0), 0);
    assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
    assert_int_not_equal(fstatat(dir, "x001/x234/067", &st, 0), 0);
    assert_int_not_equal(fstatat(dir, "name", &st, 0), 0);
    assert_code(EX_OK, ex_write_file(dir, "x001/x234/067", "t", 1, EX_WRITE_NEW, &err));
    assert_code(EX_NOT_FOUND, ex_make_parents(dir, "x001/x234/067/a/b", &err));
}

static void publishing_never_replaces(void **state) {
    struct ex_error err;
    int dir = dir_of(state), sub = -1;
    assert_code(EX_OK, ex_open_dir_at(dir, "sub", true, &sub, &err));
    EX_AUTO_FD int to = sub;
    assert_code(EX_OK, ex_write_file(dir, "a", "1", 1, EX_WRITE_NEW, &err));
    assert_code(EX_OK, ex_write_file(dir, "b", "2", 1, EX_WRITE_NEW, &err));
    assert_code(EX_OK, ex_publish(dir, "a", to, "done", &err));
    assert_content(to, "done", "1");
    assert_int_not_equal(faccessat(dir, "a", F_OK, 0), 0);
    assert_code(EX_EXISTS, ex_publish(dir, "b", to, "done", &err));
    assert_content(to, "done", "1");
    assert_content(dir, "b", "2");
    assert_code(EX_NOT_FOUND, ex_publish(dir, "c", to, "new", &err));
}

static void a_lock_is_busy_until_it_is_released(void **state) {
    struct ex_error err;
    int dir = dir_of(state), first = -1, second = -1, none = -1;
    assert_code(EX_OK, ex_lock(dir, "lock", true, 0, &first, &err));
    assert_code(EX_BUSY, ex_lock(dir, "lock", true, 0, &none, &err));
    assert_true(err.hint[0] != '\0');
    assert_code(EX_BUSY, ex_lock(dir, "lock", false, 50, &none, &err));
    assert_int_equal(none, -1);
    ex_fd_close(first);
    assert_code(EX_OK, ex_lock(dir, "lock", false, 0, &first, &err));
    assert_code(EX_OK, ex_lock(dir, "lock", false, 0, &second, &err));
    assert_code(EX_BUSY, ex_lock(dir, "lock", true, 0, &none, &err));
    ex_fd_close(first);
    ex_fd_close(second);
    assert_code(EX_OK, ex_lock(dir, "lock", true, 0, &first, &err));
    ex_fd_close(first);
}

static void writing_to_a_full_disk(void **state) {
    struct ex_error err;
    EX_AUTO_FD int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        print_message("# there is no /dev/full here\n");
        skip();
    }
    assert_code(EX_SPACE, ex_write_all(fd, "x", 1, "the file", &err));
    assert_non_null(strstr(err.text, "the file"));
}

static void descriptors_close_themselves(void **state) {
    struct ex_error err;
    int seen, kept = -1;
    {
        EX_AUTO_FD int fd = -1;
        assert_code(EX_OK, ex_open_at(dir_of(state), ".", O_RDONLY | O_DIRECTORY, &fd, &err));
        seen = fd;
        EX_AUTO_FD int other = dup(fd);
        kept = ex_steal_fd(&other);
        assert_int_equal(fcntl(seen, F_GETFD), FD_CLOEXEC);
    }
    assert_int_equal(fcntl(seen, F_GETFD), -1);
    assert_int_not_equal(fcntl(kept, F_GETFD), -1);
    errno = EPROTO;
    ex_fd_close(kept);
    ex_fd_close(-1);
    assert_int_equal(errno, EPROTO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(new_refuses_what_exists),
        TEST(replace_replaces),
        TEST(a_reader_never_sees_half),
        TEST(reading_is_limited_and_exact),
        TEST(links_are_not_followed),
        TEST(links_in_between_are_not_followed),
        TEST(names_do_not_lead_out),
        TEST(own_paths_go_through_links),
        TEST(reading_past_the_cache),
        TEST(directories),
        TEST(publishing_never_replaces),
        TEST(a_lock_is_busy_until_it_is_released),
        TEST(writing_to_a_full_disk),
        TEST(descriptors_close_themselves),
        cmocka_unit_test(with_openat2_forbidden),
        TEST(links_in_between_are_not_followed),
        cmocka_unit_test(without_openat2),
        TEST(links_are_not_followed),
        TEST(links_in_between_are_not_followed),
        TEST(names_do_not_lead_out),
        TEST(reading_past_the_cache),
        TEST(directories),
        TEST(reading_is_limited_and_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
