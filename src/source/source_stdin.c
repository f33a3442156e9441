/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input: read once, to its end. */
#include "source/source_internal.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { POLL_MS = 100 };

/* Waits until there is something to read: a pipe's writer may take for ever, and the person who
 * waits for it must be able to stop. */
static ex_code wait_for_input(struct source *s, struct ex_error *err) {
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    for (;;) {
        if (atomic_load(&s->stop))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while waiting for standard input");
        int ready = poll(&p, 1, POLL_MS);
        if (ready > 0)
            return EX_OK;
        if (ready < 0 && errno != EINTR)
            return ex_fail_sys(err, "could not wait for standard input");
    }
}

/* Fills the buffer, so that pieces are large whatever the writer of the pipe does. */
static ex_code read_stream(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err) {
    size_t have = 0;
    while (have < size_bytes && !s->ended) {
        EX_TRY(wait_for_input(s, err));
        ssize_t got = read(s->fd, to + have, size_bytes - have);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return ex_fail_sys(err, "could not read standard input at byte %llu",
                               (unsigned long long)(s->at + have));
        s->ended = got == 0;
        have += (size_t)got;
    }
    s->at += have;
    *ret_got = have;
    return EX_OK;
}

const struct source_driver source_stdin_driver = {.read = read_stream};
