/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of docs/format/parser-protocol.md, for both ends. */
#ifndef EXHIBIT_SANDBOX_PROTOCOL_INTERNAL_H
#define EXHIBIT_SANDBOX_PROTOCOL_INTERNAL_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/error.h"

enum {
    PROTOCOL_VERSION = 2,
    SOCKET_FD = 3,
    WINDOW_FD = 4,
    TRAY_FD = 5,
    FDS = 6,
    WINDOW_BYTES = 2 << 20,
    TRAY_BYTES = 1 << 20,
    FRAME_HEAD_BYTES = 16,
    FRAME_BYTES_MAX = 65536,
    FAILURE_TEXT_BYTES_MAX = 200
};

enum frame_type {
    FRAME_OPEN = 1,
    FRAME_READ = 2,
    FRAME_BYTES = 3,
    FRAME_INPUT = 4,
    FRAME_REFUSED = 5,
    FRAME_EXAMINE = 6,
    FRAME_WORK = 7,
    FRAME_ON = 8,
    FRAME_READY = 16,
    FRAME_WANT = 17,
    FRAME_NAMED = 18,
    FRAME_FACT = 19,
    FRAME_RANGE = 20,
    FRAME_DONE = 21,
    FRAME_FAILED = 22,
    FRAME_TOLD = 23
};

/* §7: what stands in the tray of a TOLD, one behind the other. */
enum record_type {
    RECORD_TRACE = 1,
    RECORD_PROBLEM = 2,
    RECORD_TIME = 3,
    RECORD_TEXT = 4,
    RECORD_EXTENT = 5,
    RECORD_CONTENT = 6,
    RECORD_UNIT = 7
};
enum { TOLD_HEAD_BYTES = 8, RECORD_HEAD_BYTES = 8, RECORD_CONTENT_BYTES_MAX = 256 << 10 };

/* §5; the bits of READY. */
enum confined {
    CONFINED_NAMESPACES = 1,
    CONFINED_USER = 2,
    CONFINED_PRIVILEGES = 4,
    CONFINED_LIMITS = 8,
    CONFINED_LANDLOCK = 16,
    CONFINED_SECCOMP = 32,
    CONFINED_ALWAYS = CONFINED_PRIVILEGES | CONFINED_LIMITS | CONFINED_SECCOMP
};

/* §1.1: what a nursery is asked, with the descriptors HANDED_FDS, and what it answers. */
enum { HANDED_FDS = 3 }; /* socket, window, tray */
struct nursery_request {
    uint64_t memory_bytes, cpu_s;
};
struct nursery_answer {
    int32_t error; /* errno; 0: none */
    int32_t pid;
};
#define NURSERY_ARGUMENT "nursery"

struct frame {
    uint32_t type, number;
    uint64_t value;
    size_t body_bytes;
    uint8_t body[FRAME_BYTES_MAX - FRAME_HEAD_BYTES];
};

void frame_start(struct frame *f, enum frame_type type, uint32_t number, uint64_t value);
/* What does not fit is a bug of the caller and ends the process. */
void frame_add_u16(struct frame *f, uint16_t v);
void frame_add_u32(struct frame *f, uint32_t v);
void frame_add_u64(struct frame *f, uint64_t v);
void frame_add(struct frame *f, const void *data, size_t size_bytes);
struct ex_cursor frame_body(const struct frame *f);

EX_MUST_USE ex_code frame_send(int fd, const struct frame *f, struct ex_error *err);
/* Waits. EX_MISSING: the other end is closed. EX_FORMAT: not a frame. */
EX_MUST_USE ex_code frame_receive(int fd, struct frame *f, struct ex_error *err);
/* The bytes of one message: any are safe. */
EX_MUST_USE ex_code frame_parse(const uint8_t *data, size_t size_bytes, struct frame *ret,
                                struct ex_error *err);

uint32_t failure_number(ex_code code); /* §4 */
ex_code failure_code(uint32_t number);

#endif
