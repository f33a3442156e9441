/* SPDX-License-Identifier: Apache-2.0 */
#include "source/folder_internal.h"

#include "base/file.h"

#include <errno.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 << 10, CHACHA_BLOCK_BYTES = 64 };

/* The lines hold names of evidence, and the disk may be looked at later: what is written to it is a
 * ChaCha20 stream, under a key that ends with the process. */
struct folder_spool {
    int fd;
    uint64_t written_bytes, read_bytes, size_bytes; /* the first two in whole pieces */
    uint8_t key[crypto_stream_chacha20_KEYBYTES];
    size_t have, at; /* of the piece */
    uint8_t piece[PIECE_BYTES];
};

ex_code folder_spool_new(int dir_fd, struct folder_spool **ret, struct ex_error *err) {
    struct folder_spool *s = ex_new0(struct folder_spool);
    crypto_stream_chacha20_keygen(s->key);
    s->fd = dir_fd >= 0 ? openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (s->fd < 0) /* not every file system has files without names */
        s->fd = memfd_create("listing", MFD_CLOEXEC);
    if (s->fd < 0) {
        folder_spool_free(s);
        return ex_fail_sys(err, "could not make room for the listing of the folder");
    }
    *ret = s;
    return EX_OK;
}

void folder_spool_free(struct folder_spool *s) {
    if (s == NULL)
        return;
    ex_fd_close(s->fd);
    sodium_memzero(s, sizeof *s);
    free(s);
}

static void mask(struct folder_spool *s, uint64_t at) {
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    (void)crypto_stream_chacha20_xor_ic(s->piece, s->piece, s->have, nonce, at / CHACHA_BLOCK_BYTES,
                                        s->key);
}

static ex_code flush(struct folder_spool *s, struct ex_error *err) {
    mask(s, s->written_bytes);
    EX_TRY(
        ex_write_at(s->fd, s->piece, s->have, s->written_bytes, "the listing of the folder", err));
    s->written_bytes += s->have;
    s->have = 0;
    return EX_OK;
}

ex_code folder_spool_add(struct folder_spool *s, const char *data, size_t size_bytes,
                         struct ex_error *err) {
    s->size_bytes += size_bytes;
    while (size_bytes > 0) {
        size_t room = sizeof s->piece - s->have, part = size_bytes < room ? size_bytes : room;
        memcpy(s->piece + s->have, data, part);
        s->have += part;
        data += part;
        size_bytes -= part;
        if (s->have == sizeof s->piece)
            EX_TRY(flush(s, err));
    }
    return EX_OK;
}

uint64_t folder_spool_size(const struct folder_spool *s) {
    return s->size_bytes;
}

ex_code folder_spool_read(struct folder_spool *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                          struct ex_error *err) {
    if (s->written_bytes < s->size_bytes)
        EX_TRY(flush(s, err));
    if (s->at == s->have) {
        uint64_t left = s->size_bytes - s->read_bytes;
        s->have = left < sizeof s->piece ? (size_t)left : sizeof s->piece;
        s->at = 0;
        EX_TRY(
            ex_read_at(s->fd, s->piece, s->have, s->read_bytes, "the listing of the folder", err));
        mask(s, s->read_bytes);
        s->read_bytes += s->have;
    }
    size_t left = s->have - s->at;
    *ret_got = size_bytes < left ? size_bytes : left;
    memcpy(to, s->piece + s->at, *ret_got);
    s->at += *ret_got;
    return EX_OK;
}
