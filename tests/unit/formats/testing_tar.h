/* SPDX-License-Identifier: Apache-2.0 */
/* Archives in memory. */
#ifndef EXHIBIT_TESTS_TESTING_TAR_H
#define EXHIBIT_TESTS_TESTING_TAR_H

#include "../crypto/testing.h"

#include "base/mem.h"
#include "formats/tar.h"

struct bytes {
    uint8_t *data;
    size_t size, capacity, at; /* `at`: how far it was read */
    size_t step;               /* at most so many at once; 0 for any number */
};

static inline ex_code bytes_add(void *context, const void *data, size_t size,
                                struct ex_error *err) {
    struct bytes *b = context;
    EX_TRY(ex_grow(&b->data, &b->capacity, b->size + size, 1, (size_t)1 << 26, "a test", err));
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return EX_OK;
}

static inline ex_code bytes_give(void *context, void *to, size_t size, size_t *ret,
                                 struct ex_error *err) {
    struct bytes *b = context;
    size_t left = b->size - b->at;
    (void)err;
    if (b->step > 0 && size > b->step)
        size = b->step;
    *ret = size < left ? size : left;
    if (*ret > 0)
        memcpy(to, b->data + b->at, *ret);
    b->at += *ret;
    return EX_OK;
}

/* A member of a fixed time with this text in it. */
static inline void add_member(struct tar_writer *w, const char *path, const char *text) {
    struct ex_error err;
    struct tar_member m = {
        .path = path, .size_bytes = strlen(text), .mtime_s = 1700000000, .mode = 0444};
    assert_code(EX_OK, tar_begin(w, &m, &err));
    assert_code(EX_OK, tar_write(w, text, strlen(text), &err));
    assert_code(EX_OK, tar_end(w, &err));
}

/* The checksum of the block at this offset, after somebody changed it. */
static inline void mend_checksum(struct bytes *b, size_t at) {
    unsigned sum = 0;
    memset(b->data + at + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
        sum += b->data[at + i];
    (void)snprintf((char *)b->data + at + 148, 8, "%06o", sum);
}

/* Reads it all: the first failure, or EX_OK at a sound end. */
static inline ex_code read_all(struct bytes *b, const struct tar_policy *policy,
                               size_t *ret_members, struct ex_error *err) {
    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    struct tar_member m;
    bool end = false;
    size_t got = 1;
    uint8_t buffer[700];
    b->at = 0;
    *ret_members = 0;
    EX_TRY(tar_reader_new(bytes_give, b, policy, &r, err));
    for (;;) {
        EX_TRY(tar_next(r, &m, &end, err));
        if (end)
            return EX_OK;
        (*ret_members)++;
        do
            EX_TRY(tar_read(r, buffer, sizeof buffer, &got, err));
        while (got > 0);
    }
}

#endif
