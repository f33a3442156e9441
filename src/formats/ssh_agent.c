/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9987, §3: framing, list, sign. */
#include "formats/ssh_agent.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "formats/comment.h"
#include "formats/ssh_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* §5.1 */
enum {
    AGENT_FAILURE = 5,
    AGENTC_REQUEST_IDENTITIES = 11,
    AGENT_IDENTITIES_ANSWER = 12,
    AGENTC_SIGN_REQUEST = 13,
    AGENT_SIGN_RESPONSE = 14,
    REQUEST_MAX = SSH_KEY_BLOB_MAX + SSH_AGENT_DATA_MAX + 32,
    LENGTH_BYTES = 4
};

static const uint64_t NS_PER_MS = 1000 * 1000;

struct ssh_agent {
    int fd; /* -1 after a failure */
    unsigned list_ms;
    unsigned sign_ms;
};

/* ---- the connection ---- */

static ex_code find_socket(const char *given, struct sockaddr_un *ret, struct ex_error *err) {
    const char *path = given != NULL ? given : secure_getenv("SSH_AUTH_SOCK");
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path == NULL || *path == '\0')
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "no ssh-agent is running here"), err,
                       "start one with: eval $(ssh-agent); then: ssh-add FILE");
    if (strlen(path) >= sizeof ret->sun_path)
        return ex_fail(err, EX_LIMIT, "the path of the ssh-agent's socket is too long");
    memcpy(ret->sun_path, path, strlen(path));
    return EX_OK;
}

ex_code ssh_agent_open(const char *socket_path, struct ssh_agent **ret, struct ex_error *err) {
    struct sockaddr_un address;
    EX_AUTO_FD int fd = -1;
    EX_TRY(find_socket(socket_path, &address, err));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ex_fail_sys(err, "could not make a socket");
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (errno == EAGAIN)
            return ex_fail(err, EX_BUSY, "the ssh-agent takes no more connections");
        int sys = errno;
        ex_code code = ex_fail(err, EX_NOT_FOUND, "no ssh-agent answers at \"%s\": %s",
                               address.sun_path, strerror(sys));
        return ex_hint(code, err, "is SSH_AUTH_SOCK right, and does ssh-add -l work?");
    }
    struct ssh_agent *agent = ex_new0(struct ssh_agent);
    *agent = (struct ssh_agent){
        .fd = ex_steal_fd(&fd), .list_ms = SSH_AGENT_LIST_MS, .sign_ms = SSH_AGENT_SIGN_MS};
    *ret = agent;
    return EX_OK;
}

void ssh_agent_close(struct ssh_agent *agent) {
    if (agent == NULL)
        return;
    ex_fd_close(agent->fd);
    free(agent);
}

void ssh_agent_set_patience(struct ssh_agent *agent, unsigned list_ms, unsigned sign_ms) {
    agent->list_ms = list_ms;
    agent->sign_ms = sign_ms;
}

/* Waits until the socket can be read or written. */
static ex_code wait_for(int fd, short events, uint64_t deadline_ns, struct ex_error *err) {
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        uint64_t now = ex_monotonic_ns();
        if (now >= deadline_ns)
            return ex_hint(ex_fail(err, EX_BUSY, "the ssh-agent did not answer in time"), err,
                           "does it wait for a touch, a PIN or a confirmation?");
        int left_ms = (int)((deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS);
        int got = poll(&p, 1, left_ms);
        if (got > 0)
            return EX_OK;
        if (got < 0 && errno != EINTR)
            return ex_fail_sys(err, "could not wait for the ssh-agent");
    }
}

/* One send or recv went wrong: fine if it only has to be tried again. */
static ex_code check_transfer(ssize_t got, struct ex_error *err) {
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return EX_OK;
    if (got == 0 || errno == EPIPE || errno == ECONNRESET)
        return ex_fail(err, EX_IO, "the ssh-agent closed the connection");
    return ex_fail_sys(err, "could not talk to the ssh-agent");
}

static ex_code send_all(int fd, const uint8_t *data, size_t size, uint64_t deadline_ns,
                        struct ex_error *err) {
    while (size > 0) {
        EX_TRY(wait_for(fd, POLLOUT, deadline_ns, err));
        ssize_t got = send(fd, data, size, MSG_NOSIGNAL);
        EX_TRY(check_transfer(got, err));
        data += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return EX_OK;
}

static ex_code receive_all(int fd, uint8_t *to, size_t size, uint64_t deadline_ns,
                           struct ex_error *err) {
    while (size > 0) {
        EX_TRY(wait_for(fd, POLLIN, deadline_ns, err));
        ssize_t got = recv(fd, to, size, 0);
        EX_TRY(check_transfer(got, err));
        to += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return EX_OK;
}

static ex_code exchange(int fd, const uint8_t *request, size_t size, unsigned patience_ms,
                        uint8_t **ret, size_t *ret_bytes, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *reply = NULL;
    uint8_t length[LENGTH_BYTES];
    uint64_t deadline_ns = ex_monotonic_ns() + patience_ms * NS_PER_MS;
    ex_put_be32(length, (uint32_t)size);
    EX_TRY(send_all(fd, length, sizeof length, deadline_ns, err));
    EX_TRY(send_all(fd, request, size, deadline_ns, err));
    EX_TRY(receive_all(fd, length, sizeof length, deadline_ns, err));
    struct ex_cursor c = ex_cursor_make(length, sizeof length);
    size_t bytes = ex_cursor_be32(&c);
    if (bytes == 0)
        return ex_fail(err, EX_FORMAT, "the ssh-agent gave an empty answer");
    EX_TRY(ex_alloc(bytes, 1, SSH_AGENT_REPLY_MAX, "an answer of the ssh-agent", &reply, err));
    EX_TRY(receive_all(fd, reply, bytes, deadline_ns, err));
    *ret = ex_steal(&reply);
    *ret_bytes = bytes;
    return EX_OK;
}

/* A connection on which anything went wrong cannot tell one answer from the next: it is closed. */
static ex_code ask(struct ssh_agent *agent, const struct ssh_out *request, unsigned patience_ms,
                   uint8_t **ret, size_t *ret_bytes, struct ex_error *err) {
    if (request->full)
        return ex_fail(err, EX_LIMIT, "this is too much for one signature by an ssh-agent");
    if (agent->fd < 0)
        return ex_fail(err, EX_IO, "the connection to the ssh-agent is closed after a failure");
    ex_code code =
        exchange(agent->fd, request->to, request->used, patience_ms, ret, ret_bytes, err);
    if (code != EX_OK) {
        ex_fd_close(agent->fd);
        agent->fd = -1;
    }
    return code;
}

/* ---- answers ---- */

/* The first byte of an answer. */
static ex_code take_kind(struct ex_cursor *c, uint8_t wanted, struct ex_error *err) {
    uint8_t kind = ex_cursor_u8(c);
    EX_TRY(ex_cursor_check(c, "an answer of the ssh-agent", err));
    if (kind == AGENT_FAILURE)
        return ex_hint(ex_fail(err, EX_DENIED, "the ssh-agent refused"), err,
                       "is the key still in it, and is it unlocked? ssh-add -l shows it");
    if (kind != wanted)
        return ex_fail(err, EX_FORMAT, "the ssh-agent gave an answer of kind %u instead of %u",
                       kind, wanted);
    return EX_OK;
}

/* Shows the comment, cut off between two characters. */
static ex_code copy_comment(struct ssh_bytes comment, char to[static SSH_AGENT_COMMENT_BYTES],
                            struct ex_error *err) {
    EX_AUTO_FREE char *shown = NULL;
    size_t bytes = comment.size < SSH_AGENT_COMMENT_BYTES ? comment.size : SSH_AGENT_COMMENT_BYTES;
    EX_TRY(comment_display((const char *)comment.data, bytes, &shown, err));
    size_t used = strnlen(shown, SSH_AGENT_COMMENT_BYTES - 1);
    while (used > 0 && ((uint8_t)shown[used] & 0xC0) == 0x80)
        used--;
    memcpy(to, shown, used);
    to[used] = '\0';
    return EX_OK;
}

ex_code ssh_agent_parse_list(const uint8_t *reply, size_t size_bytes,
                             struct ssh_agent_identity **ret, size_t *ret_count,
                             size_t *ret_skipped, struct ex_error *err) {
    EX_AUTO_FREE struct ssh_agent_identity *list = NULL;
    struct ex_cursor c = ex_cursor_make(reply, size_bytes);
    size_t used = 0, capacity = 0, skipped = 0;
    EX_TRY(take_kind(&c, AGENT_IDENTITIES_ANSWER, err));
    uint32_t count = ex_cursor_be32(&c);
    if (count > SSH_AGENT_KEYS_MAX)
        return ex_fail(err, EX_LIMIT, "the ssh-agent says it has %u keys; at most %d are looked at",
                       count, SSH_AGENT_KEYS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct ssh_bytes blob = ssh_take_string(&c), comment = ssh_take_string(&c);
        EX_TRY(ex_cursor_check(&c, "the ssh-agent's list of keys", err));
        EX_TRY(ex_grow(&list, &capacity, used + 1, sizeof *list, SSH_AGENT_KEYS_MAX * sizeof *list,
                       "the ssh-agent's list of keys", err));
        if (ssh_key_parse_blob(blob.data, blob.size, &list[used].key, NULL) != EX_OK) {
            skipped++;
            continue;
        }
        EX_TRY(copy_comment(comment, list[used++].comment, err));
    }
    EX_TRY(ex_cursor_end(&c, "the ssh-agent's list of keys", err));
    *ret = ex_steal(&list);
    *ret_count = used;
    *ret_skipped = skipped;
    return EX_OK;
}

ex_code ssh_agent_parse_signature(const uint8_t *reply, size_t size_bytes, const uint8_t **ret,
                                  size_t *ret_bytes, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(reply, size_bytes);
    EX_TRY(take_kind(&c, AGENT_SIGN_RESPONSE, err));
    struct ssh_bytes signature = ssh_take_string(&c);
    EX_TRY(ex_cursor_end(&c, "the ssh-agent's signature", err));
    if (signature.size == 0 || signature.size > SSHSIG_SIGNATURE_MAX)
        return ex_fail(err, EX_LIMIT, "the ssh-agent's signature is empty, or over %d bytes",
                       SSHSIG_SIGNATURE_MAX);
    *ret = signature.data;
    *ret_bytes = signature.size;
    return EX_OK;
}

/* ---- requests ---- */

ex_code ssh_agent_list(struct ssh_agent *agent, struct ssh_agent_identity **ret, size_t *ret_count,
                       size_t *ret_skipped, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *reply = NULL;
    uint8_t request[1];
    size_t reply_bytes;
    struct ssh_out out = {.to = request, .room = sizeof request};
    ssh_put_u8(&out, AGENTC_REQUEST_IDENTITIES);
    EX_TRY(ask(agent, &out, agent->list_ms, &reply, &reply_bytes, err));
    return ssh_agent_parse_list(reply, reply_bytes, ret, ret_count, ret_skipped, err);
}

ex_code ssh_agent_sign(struct ssh_agent *agent, const struct ssh_key *key, const void *data,
                       size_t size_bytes, enum ssh_agent_rsa rsa, uint8_t **ret, size_t *ret_bytes,
                       struct ex_error *err) {
    EX_AUTO_FREE uint8_t *reply = NULL;
    uint8_t request[REQUEST_MAX];
    const uint8_t *signature;
    size_t reply_bytes, signature_bytes;
    struct ssh_out out = {.to = request, .room = sizeof request};
    ssh_put_u8(&out, AGENTC_SIGN_REQUEST);
    ssh_put_string(&out, key->blob, key->blob_bytes);
    ssh_put_string(&out, data, size_bytes);
    ssh_put_u32(&out, key->type == SSH_KEY_RSA ? (uint32_t)rsa : 0);
    EX_TRY(ask(agent, &out, agent->sign_ms, &reply, &reply_bytes, err));
    EX_TRY(ssh_agent_parse_signature(reply, reply_bytes, &signature, &signature_bytes, err));
    /* To the front of the same memory, which the caller gets. */
    memmove(reply, signature, signature_bytes);
    *ret = ex_steal(&reply);
    *ret_bytes = signature_bytes;
    return EX_OK;
}
