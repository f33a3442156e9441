/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/protocol_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

void frame_start(struct frame *f, enum frame_type type, uint32_t number, uint64_t value) {
    f->type = type;
    f->number = number;
    f->value = value;
    f->body_bytes = 0;
}

void frame_add(struct frame *f, const void *data, size_t size_bytes) {
    if (size_bytes > sizeof f->body - f->body_bytes)
        abort();
    memcpy(f->body + f->body_bytes, data, size_bytes);
    f->body_bytes += size_bytes;
}

void frame_add_u16(struct frame *f, uint16_t v) {
    uint8_t bytes[2];
    ex_put_le16(bytes, v);
    frame_add(f, bytes, sizeof bytes);
}

void frame_add_u32(struct frame *f, uint32_t v) {
    uint8_t bytes[4];
    ex_put_le32(bytes, v);
    frame_add(f, bytes, sizeof bytes);
}

void frame_add_u64(struct frame *f, uint64_t v) {
    uint8_t bytes[8];
    ex_put_le64(bytes, v);
    frame_add(f, bytes, sizeof bytes);
}

struct ex_cursor frame_body(const struct frame *f) {
    return ex_cursor_make(f->body, f->body_bytes);
}

ex_code frame_send(int fd, const struct frame *f, struct ex_error *err) {
    uint8_t head[FRAME_HEAD_BYTES];
    struct iovec part[2] = {{.iov_base = head, .iov_len = sizeof head},
                            {.iov_base = (void *)(uintptr_t)f->body, .iov_len = f->body_bytes}};
    struct msghdr message = {.msg_iov = part, .msg_iovlen = 2};
    ssize_t sent;
    ex_put_le32(head, f->type);
    ex_put_le32(head + 4, f->number);
    ex_put_le64(head + 8, f->value);
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        return ex_fail(err, EX_MISSING, "the other process has ended");
    return sent < 0 ? ex_fail_sys(err, "could not send a frame") : EX_OK;
}

static void take_head(struct frame *f, const uint8_t head[static FRAME_HEAD_BYTES]) {
    struct ex_cursor c = ex_cursor_make(head, FRAME_HEAD_BYTES);
    f->type = ex_cursor_le32(&c);
    f->number = ex_cursor_le32(&c);
    f->value = ex_cursor_le64(&c);
}

ex_code frame_parse(const uint8_t *data, size_t size_bytes, struct frame *ret,
                    struct ex_error *err) {
    if (size_bytes < FRAME_HEAD_BYTES || size_bytes > FRAME_BYTES_MAX)
        return ex_fail(err, EX_FORMAT, "a frame of %zu bytes", size_bytes);
    take_head(ret, data);
    ret->body_bytes = size_bytes - FRAME_HEAD_BYTES;
    memcpy(ret->body, data + FRAME_HEAD_BYTES, ret->body_bytes);
    return EX_OK;
}

ex_code frame_receive(int fd, struct frame *f, struct ex_error *err) {
    uint8_t head[FRAME_HEAD_BYTES];
    struct iovec part[2] = {{.iov_base = head, .iov_len = sizeof head},
                            {.iov_base = f->body, .iov_len = sizeof f->body}};
    struct msghdr message = {.msg_iov = part, .msg_iovlen = 2};
    ssize_t got;
    do
        got = recvmsg(fd, &message, 0);
    while (got < 0 && errno == EINTR);
    if (got == 0 || (got < 0 && errno == ECONNRESET))
        return ex_fail(err, EX_MISSING, "the other process has ended");
    if (got < 0)
        return ex_fail_sys(err, "could not receive a frame");
    if (got < FRAME_HEAD_BYTES || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return ex_fail(err, EX_FORMAT, "a frame of a wrong size");
    take_head(f, head);
    f->body_bytes = (size_t)got - FRAME_HEAD_BYTES;
    return EX_OK;
}

static const struct {
    uint32_t number;
    ex_code code;
} FAILURES[] = {{2, EX_NOMEM},   {3, EX_LIMIT},       {4, EX_FORMAT}, {5, EX_ALTERED},
                {6, EX_MISSING}, {7, EX_UNSUPPORTED}, {8, EX_IO},     {9, EX_DENIED}};
enum { FAILURE_COUNT = sizeof FAILURES / sizeof FAILURES[0], FAILURE_FORMAT = 4 };

uint32_t failure_number(ex_code code) {
    for (size_t i = 0; i < FAILURE_COUNT; i++)
        if (FAILURES[i].code == code)
            return FAILURES[i].number;
    return FAILURE_FORMAT;
}

ex_code failure_code(uint32_t number) {
    for (size_t i = 0; i < FAILURE_COUNT; i++)
        if (FAILURES[i].number == number)
            return FAILURES[i].code;
    return EX_FORMAT;
}
