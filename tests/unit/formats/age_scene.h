/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of age share: a file in memory, two pairs of keys, and something to encrypt. */
#ifndef EXHIBIT_TESTS_AGE_SCENE_H
#define EXHIBIT_TESTS_AGE_SCENE_H

#include "../crypto/testing.h"

#include "base/mem.h"
#include "formats/age.h"

#include <sys/mman.h>

enum {
    CHUNK = AGE_CHUNK_BYTES,
    SEALED = CHUNK + 16,
    FAST_FACTOR = 4, /* of scrypt */
    FILE_BYTES_MAX = 1 << 23
};

/* ---- a file in memory ---- */

struct file {
    uint8_t *data;
    size_t size, calls;
    size_t fails_after; /* calls; 0: never */
};

static inline ex_code write_file(void *context, const void *data, size_t size,
                                 struct ex_error *err) {
    struct file *f = context;
    if (f->fails_after != 0 && f->calls++ >= f->fails_after)
        return ex_fail(err, EX_SPACE, "the disk is full");
    assert_true(f->size + size <= FILE_BYTES_MAX);
    memcpy(f->data + f->size, data, size);
    f->size += size;
    return EX_OK;
}

struct place {
    const struct file *file;
    size_t at;
    bool fails;
};

static inline ex_code read_file(void *context, void *to, size_t size, size_t *ret,
                                struct ex_error *err) {
    struct place *p = context;
    size_t left = p->file->size - p->at;
    if (left == 0 && p->fails)
        return ex_fail(err, EX_IO, "the cable is out");
    *ret = left < size ? left : size;
    memcpy(to, p->file->data + p->at, *ret);
    p->at += *ret;
    return EX_OK;
}

/* ---- what the tests share ---- */

struct scene {
    struct age_identities *first, *second;
    struct age_recipient recipients[2];
    uint8_t *plain; /* FILE_BYTES_MAX / 2 */
    struct file file;
    uint8_t *got;
    size_t got_bytes;
};

static inline int set_up(void **state) {
    struct scene *s = ex_new0(struct scene);
    uint8_t secret[AGE_X25519_BYTES] = {1};
    uint32_t x = 1;
    if (age_identities_new(&s->first, NULL) != EX_OK ||
        age_identities_new(&s->second, NULL) != EX_OK ||
        age_identities_add(s->first, secret, NULL) != EX_OK)
        return -1;
    secret[9] = 9;
    if (age_identities_add(s->second, secret, NULL) != EX_OK)
        return -1;
    age_identities_recipient(s->first, 0, &s->recipients[0]);
    age_identities_recipient(s->second, 0, &s->recipients[1]);
    s->plain = ex_new0_bytes(FILE_BYTES_MAX / 2);
    s->got = ex_new0_bytes(FILE_BYTES_MAX);
    s->file.data = ex_new0_bytes(FILE_BYTES_MAX);
    for (size_t i = 0; i < FILE_BYTES_MAX / 2; i++)
        s->plain[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    *state = s;
    return 0;
}

static inline int tear_down(void **state) {
    struct scene *s = *state;
    age_identities_free(s->first);
    age_identities_free(s->second);
    free(s->plain);
    free(s->got);
    free(s->file.data);
    free(s);
    return 0;
}

static inline struct age_locks to_both(const struct scene *s) {
    return (struct age_locks){.recipients = s->recipients, .recipient_count = 2};
}

/* The first `size` bytes of s->plain, in writes of `piece`, into s->file. */
static inline ex_code encrypt(struct scene *s, const struct age_locks *locks, size_t size,
                              size_t piece, struct ex_error *err) {
    EX_AUTO(age_encrypt_free) struct age_encrypt *e = NULL;
    s->file.size = s->file.calls = 0;
    EX_TRY(age_encrypt_new(locks, (struct age_sink){write_file, &s->file}, &e, err));
    for (size_t at = 0; at < size; at += piece)
        EX_TRY(age_encrypt_write(e, s->plain + at, piece < size - at ? piece : size - at, err));
    return age_encrypt_finish(e, err);
}

/* s->file into s->got; what came before a failure too. */
static inline ex_code decrypt(struct scene *s, const struct age_keys *keys, struct ex_error *err) {
    EX_AUTO(age_decrypt_free) struct age_decrypt *d = NULL;
    struct place p = {.file = &s->file};
    size_t got;
    s->got_bytes = 0;
    EX_TRY(age_decrypt_new((struct age_source){read_file, &p}, keys, &d, err));
    do {
        EX_TRY(age_decrypt_read(d, s->got + s->got_bytes, 50000, &got, err));
        s->got_bytes += got;
    } while (got > 0);
    return EX_OK;
}

static inline void assert_got(const struct scene *s, size_t size) {
    assert_int_equal(s->got_bytes, size);
    assert_memory_equal(s->got, s->plain, size);
}

static inline void assert_says(const struct ex_error *err, const char *word) {
    if (strstr(err->text, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err->text, word);
}

static inline int file_fd(const struct scene *s) {
    struct ex_error err;
    int fd = memfd_create("age", MFD_CLOEXEC);
    assert_code(EX_OK, ex_write_all(fd, s->file.data, s->file.size, "memory", &err));
    return fd;
}

/* Three chunks of 64 KiB, the last one whole too; where the payload begins. */
static inline size_t three_chunks(struct scene *s) {
    struct ex_error err;
    struct age_locks locks = to_both(s);
    assert_code(EX_OK, encrypt(s, &locks, 3 * CHUNK, FILE_BYTES_MAX, &err));
    return s->file.size - 3 * SEALED;
}

#endif
