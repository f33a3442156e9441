/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/spool_internal.h"

#include "base/file.h"
#include "crypto/secret.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { KEYSTREAM_BLOCK_BYTES = 64, BUFFER_BYTES = 1 << 20 };

struct spool {
    int fd;
    char *name;   /* for messages */
    uint8_t *key; /* locked memory */
    uint8_t nonce[crypto_stream_xchacha20_NONCEBYTES];
    uint8_t buffer[BUFFER_BYTES];
};

/* XChaCha20, whose keystream can begin at any block. What is written over stands under the same
 * keystream as what was there: of an image these are the 76 bytes at the head of a section, which
 * say how long it is. */
static void cipher(const struct spool *s, uint64_t offset, uint8_t *data, size_t size_bytes) {
    size_t into = (size_t)(offset % KEYSTREAM_BLOCK_BYTES);
    uint64_t block = offset / KEYSTREAM_BLOCK_BYTES;
    if (into > 0) {
        uint8_t part[KEYSTREAM_BLOCK_BYTES] = {0};
        size_t size = sizeof part - into < size_bytes ? sizeof part - into : size_bytes;
        memcpy(part + into, data, size);
        (void)crypto_stream_xchacha20_xor_ic(part, part, sizeof part, s->nonce, block, s->key);
        memcpy(data, part + into, size);
        sodium_memzero(part, sizeof part);
        data += size;
        size_bytes -= size;
        block++;
    }
    (void)crypto_stream_xchacha20_xor_ic(data, data, size_bytes, s->nonce, block, s->key);
}

static ex_code open_unnamed(const char *beside, int *ret_fd, struct ex_error *err) {
    EX_AUTO_FREE char *name = NULL;
    if (asprintf(&name, "%s.%08x.part", beside, randombytes_random()) < 0) {
        name = NULL;
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    }
    EX_AUTO_FD int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ex_hint(ex_fail_sys(err, "could not write \"%s\"", beside), err,
                       "check that its folder exists and that you may write there");
    if (unlink(name) != 0)
        return ex_fail_sys(err, "could not remove \"%s\"", name);
    *ret_fd = ex_steal_fd(&fd);
    return EX_OK;
}

ex_code spool_new(const char *beside, struct spool **ret, struct ex_error *err) {
    EX_AUTO(spool_free) struct spool *s = ex_new0(struct spool);
    s->fd = -1;
    s->name = ex_strdup(beside);
    EX_TRY(secret_alloc(crypto_stream_xchacha20_KEYBYTES, "the key of a temporary file", &s->key,
                        err));
    randombytes_buf(s->key, crypto_stream_xchacha20_KEYBYTES);
    randombytes_buf(s->nonce, sizeof s->nonce);
    EX_TRY(open_unnamed(beside, &s->fd, err));
    *ret = ex_steal(&s);
    return EX_OK;
}

ex_code spool_write(struct spool *s, uint64_t offset, const void *data, size_t size_bytes,
                    struct ex_error *err) {
    const uint8_t *from = data;
    for (size_t part; size_bytes > 0; from += part, offset += part, size_bytes -= part) {
        part = size_bytes < BUFFER_BYTES ? size_bytes : BUFFER_BYTES;
        memcpy(s->buffer, from, part);
        cipher(s, offset, s->buffer, part);
        EX_TRY(ex_write_at(s->fd, s->buffer, part, offset, s->name, err));
    }
    return EX_OK;
}

ex_code spool_read(struct spool *s, uint64_t offset, void *to, size_t size_bytes,
                   struct ex_error *err) {
    EX_TRY(ex_read_at(s->fd, to, size_bytes, offset, s->name, err));
    cipher(s, offset, to, size_bytes);
    return EX_OK;
}

int spool_fd(const struct spool *s) {
    return s->fd;
}

void spool_free(struct spool *s) {
    if (s == NULL)
        return;
    ex_fd_close(s->fd);
    sodium_free(s->key);
    free(s->name);
    sodium_memzero(s->buffer, sizeof s->buffer);
    free(s);
}
