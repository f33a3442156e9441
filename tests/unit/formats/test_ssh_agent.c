/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that answers what a test wants. The real one: tests/scripts/signs.sh. */
#include "../crypto/testing.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "formats/ssh_internal.h"
#include "formats/sshsig.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that reads one request and answers with these bytes. With `then_wait` it keeps the
 * connection open after them. */
struct fake {
    char dir[64];
    char path[80];
    pid_t pid;
};

static void fake_serve(int listener, const uint8_t *answer, size_t size, bool then_wait) {
    uint8_t request[8192];
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 || read(fd, request, sizeof request) <= 0)
        _exit(1);
    for (size_t at = 0; at < size; at++) { /* a byte at a time */
        if (send(fd, answer + at, 1, MSG_NOSIGNAL) != 1)
            _exit(0);
    }
    if (then_wait)
        (void)!read(fd, request, sizeof request);
    _exit(0);
}

static struct fake fake_start(const void *answer, size_t size, bool then_wait) {
    struct fake f;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(f.dir, sizeof f.dir, "/tmp/exhibit-agent.XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    (void)snprintf(f.path, sizeof f.path, "%s/socket", f.dir);
    memcpy(address.sun_path, f.path, strlen(f.path));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    f.pid = fork();
    assert_true(f.pid >= 0);
    if (f.pid == 0)
        fake_serve(listener, answer, size, then_wait);
    close(listener);
    return f;
}

static void fake_stop(struct fake *f) {
    (void)kill(f->pid, SIGKILL);
    assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(rmdir(f->dir), 0);
}

static struct ssh_key known_key(const char *name) {
    struct ex_error err;
    struct ssh_key key;
    char path[64];
    size_t size;
    (void)snprintf(path, sizeof path, "sshsig/%s.pub", name);
    EX_AUTO_FREE uint8_t *line = load_vector(path, &size);
    assert_code(EX_OK, ssh_key_parse_line((const char *)line, size, &key, &err));
    return key;
}

/* An answer with its length in front; `kind`, then what the test puts behind it. */
struct answer {
    uint8_t bytes[8192];
    struct ssh_out out;
};

static void answer_begin(struct answer *a, uint8_t kind) {
    a->out = (struct ssh_out){.to = a->bytes, .room = sizeof a->bytes};
    ssh_put_u32(&a->out, 0);
    ssh_put_u8(&a->out, kind);
}

static void answer_end(struct answer *a) {
    assert_false(a->out.full);
    ex_put_be32(a->bytes, (uint32_t)(a->out.used - 4));
}

static void answer_list(struct answer *a) {
    struct ssh_key key = known_key("ed25519"), rsa = known_key("rsa");
    answer_begin(a, 12);
    ssh_put_u32(&a->out, 3);
    ssh_put_string(&a->out, key.blob, key.blob_bytes);
    ssh_put_text(&a->out, "officer\x1b[2J");
    ssh_put_string(&a->out, "\0\0\0\7ssh-dss", 11);
    ssh_put_text(&a->out, "old");
    ssh_put_string(&a->out, rsa.blob, rsa.blob_bytes);
    ssh_put_text(&a->out, "");
    answer_end(a);
}

/* What ssh_agent_list() makes of this answer, within 300 ms of patience. */
static ex_code list_of(const void *answer, size_t size, bool then_wait, struct ex_error *err) {
    EX_AUTO(ssh_agent_close) struct ssh_agent *agent = NULL;
    EX_AUTO_FREE struct ssh_agent_identity *list = NULL;
    size_t count, skipped;
    struct fake f = fake_start(answer, size, then_wait);
    ex_code code = ssh_agent_open(f.path, &agent, err);
    if (code == EX_OK) {
        ssh_agent_set_patience(agent, 300, 300);
        code = ssh_agent_list(agent, &list, &count, &skipped, err);
        /* After a failure nothing more is believed. */
        if (code != EX_OK && code != EX_DENIED && code != EX_FORMAT &&
            ssh_agent_list(agent, &list, &count, &skipped, NULL) != EX_IO)
            fail_msg("the connection is still used");
    }
    fake_stop(&f);
    return code;
}

static void keys_are_listed(void **state) {
    struct ex_error err;
    struct answer a;
    struct ssh_key key = known_key("ed25519"), rsa = known_key("rsa");
    EX_AUTO(ssh_agent_close) struct ssh_agent *agent = NULL;
    EX_AUTO_FREE struct ssh_agent_identity *list = NULL;
    size_t count, skipped;
    answer_list(&a);
    struct fake f = fake_start(a.bytes, a.out.used, true);
    assert_code(EX_OK, ssh_agent_open(f.path, &agent, &err));
    assert_code(EX_OK, ssh_agent_list(agent, &list, &count, &skipped, &err));
    assert_int_equal(count, 2);
    assert_int_equal(skipped, 1);
    assert_true(ssh_key_equal(&list[0].key, &key) && ssh_key_equal(&list[1].key, &rsa));
    assert_string_equal(list[0].comment, "officer\xEF\xBF\xBD[2J");
    fake_stop(&f);
}

static void bad_answers(void **state) {
    struct ex_error err;
    struct answer a;
    answer_list(&a);
    assert_code(EX_IO, list_of("", 0, false, &err));
    assert_code(EX_IO, list_of(a.bytes, a.out.used - 1, false, &err));
    assert_code(EX_FORMAT, list_of("\0\0\0\0", 4, true, &err));
    assert_code(EX_LIMIT, list_of("\xff\xff\xff\xff", 4, true, &err));
    assert_code(EX_LIMIT, list_of("\0\4\0\1", 4, true, &err));
    assert_code(EX_DENIED, list_of("\0\0\0\1\5", 5, true, &err));
    assert_code(EX_FORMAT, list_of("\0\0\0\1\6", 5, true, &err));
    assert_code(EX_FORMAT, list_of("\0\0\0\1\14", 5, true, &err));
    assert_code(EX_LIMIT, list_of("\0\0\0\5\14\0\0\2\1", 9, true, &err)); /* 513 keys */
    a.bytes[8] = 4; /* one key more than there are */
    assert_code(EX_FORMAT, list_of(a.bytes, a.out.used, true, &err));
    a.bytes[8] = 2; /* one less */
    assert_code(EX_FORMAT, list_of(a.bytes, a.out.used, true, &err));
}

static void nobody_waits_for_ever(void **state) {
    struct ex_error err;
    assert_code(EX_BUSY, list_of("", 0, true, &err));
    assert_code(EX_BUSY, list_of("\0\0\0\5\14", 5, true, &err));
    assert_non_null(strstr(err.text, "in time"));
}

static void no_agent(void **state) {
    struct ex_error err;
    struct ssh_agent *agent = NULL;
    char path[200];
    assert_code(EX_NOT_FOUND, ssh_agent_open("/nonexistent/socket", &agent, &err));
    assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
    assert_code(EX_NOT_FOUND, ssh_agent_open(NULL, &agent, &err));
    assert_non_null(strstr(err.hint, "ssh-add FILE"));
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_code(EX_LIMIT, ssh_agent_open(path, &agent, &err));
    assert_null(agent);
}

/* Asks the fake to sign with an Ed25519 key, for what it answers. */
static ex_code sign_with(const void *answer, size_t size, struct ex_error *err) {
    EX_AUTO(ssh_agent_close) struct ssh_agent *agent = NULL;
    EX_AUTO_FREE char *text = NULL;
    struct ssh_key key = known_key("ed25519");
    struct sshsig_digest digest = {.known = SSHSIG_SHA512};
    size_t text_bytes;
    struct fake f = fake_start(answer, size, true);
    ex_code code = ssh_agent_open(f.path, &agent, err);
    if (code == EX_OK)
        code = sshsig_sign_by_agent(agent, &key, "file", SSHSIG_SHA512, &digest, &text, &text_bytes,
                                    err);
    fake_stop(&f);
    return code;
}

static void a_signature_is_not_believed(void **state) {
    struct ex_error err;
    struct answer a, long_one;
    uint8_t blob[128];
    struct ssh_out out = {.to = blob, .room = sizeof blob};
    ssh_put_text(&out, "ssh-ed25519");
    ssh_put_string(&out, (uint8_t[64]){1}, 64);
    answer_begin(&a, 14);
    ssh_put_string(&a.out, blob, out.used);
    answer_end(&a);
    assert_code(EX_SIGNATURE, sign_with(a.bytes, a.out.used, &err));
    assert_non_null(strstr(err.text, "the agent gave a signature that is not good"));
    assert_code(EX_DENIED, sign_with("\0\0\0\1\5", 5, &err));
    assert_non_null(strstr(err.hint, "ssh-add -l"));
    answer_begin(&long_one, 14);
    ssh_put_string(&long_one.out, (uint8_t[SSHSIG_SIGNATURE_MAX + 1]){0}, SSHSIG_SIGNATURE_MAX + 1);
    answer_end(&long_one);
    assert_code(EX_LIMIT, sign_with(long_one.bytes, long_one.out.used, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_listed),
        cmocka_unit_test(bad_answers),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(no_agent),
        cmocka_unit_test(a_signature_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
