/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the open pack on their way to the disk. */
#include "vault/put_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

ex_code pack_out_begin(struct pack_out *o, int dir_fd, const char *name, struct ex_error *err) {
    o->waiting_bytes = 0;
    o->handed_bytes = 0;
    if (o->waiting == NULL)
        o->waiting = aligned_alloc(PACK_OUT_ALIGN_BYTES, PACK_OUT_BYTES);
    if (o->waiting == NULL)
        return ex_fail(err, EX_NOMEM, "no memory to write a pack");
    EX_TRY(ex_open_at(dir_fd, name, O_RDWR | O_CREAT | O_EXCL, &o->fd, err));
    ex_code code = ex_open_at(dir_fd, name, O_WRONLY | O_DIRECT, &o->direct_fd, err);
    return code == EX_UNSUPPORTED ? EX_OK : code;
}

/* The first `size_bytes` of those that wait; what is left moves to the front. A file system may
 * open a file for direct writing and still refuse to write it. */
static ex_code hand_over(struct pack_out *o, size_t size_bytes, const char *name,
                         struct ex_error *err) {
    size_t done = 0;
    if (o->direct_fd >= 0 && size_bytes % PACK_OUT_ALIGN_BYTES == 0) {
        ssize_t put;
        do
            put = pwrite(o->direct_fd, o->waiting, size_bytes, (off_t)o->handed_bytes);
        while (put < 0 && errno == EINTR);
        if (put < 0 && errno != EINVAL)
            return ex_fail_sys(err, "could not write \"%s\"", name);
        if (put < 0) {
            ex_fd_close(o->direct_fd);
            o->direct_fd = -1;
        }
        done = put < 0 ? 0 : (size_t)put;
    }
    if (done < size_bytes)
        EX_TRY(ex_write_at(o->fd, o->waiting + done, size_bytes - done, o->handed_bytes + done,
                           name, err));
    o->handed_bytes += size_bytes;
    o->waiting_bytes -= size_bytes;
    memmove(o->waiting, o->waiting + size_bytes, o->waiting_bytes);
    return EX_OK;
}

ex_code pack_out_add(struct pack_out *o, const uint8_t *data, size_t size_bytes, const char *name,
                     struct ex_error *err) {
    for (size_t at = 0, part; at < size_bytes; at += part) {
        size_t room = PACK_OUT_BYTES - o->waiting_bytes;
        part = size_bytes - at < room ? size_bytes - at : room;
        memcpy(o->waiting + o->waiting_bytes, data + at, part);
        o->waiting_bytes += part;
        if (o->waiting_bytes == PACK_OUT_BYTES)
            EX_TRY(hand_over(o, PACK_OUT_BYTES, name, err));
    }
    return EX_OK;
}

ex_code pack_out_sync(struct pack_out *o, bool all, const char *name, struct ex_error *err) {
    size_t whole = o->waiting_bytes / PACK_OUT_ALIGN_BYTES * PACK_OUT_ALIGN_BYTES;
    if (all && whole > 0)
        EX_TRY(hand_over(o, whole, name, err));
    if (all && o->waiting_bytes > 0)
        EX_TRY(hand_over(o, o->waiting_bytes, name, err));
    return fdatasync(o->fd) == 0 ? EX_OK : ex_fail_sys(err, "could not make \"%s\" durable", name);
}

void pack_out_close(struct pack_out *o) {
    ex_fd_close(o->fd);
    ex_fd_close(o->direct_fd);
    o->fd = o->direct_fd = -1;
}

void pack_out_free(struct pack_out *o) {
    pack_out_close(o);
    free(o->waiting);
    o->waiting = NULL;
}
