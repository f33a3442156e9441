/* SPDX-License-Identifier: Apache-2.0 */
/* Input 0 as a file of libbfio. */
#include "parsers/pst/pst_internal.h"

static struct pst *own(intptr_t *io) {
    return (struct pst *)(void *)io;
}

static int free_nothing(intptr_t **io, libbfio_error_t **error) {
    *io = NULL;
    return 1;
}

static int clone_nothing(intptr_t **to, intptr_t *from, libbfio_error_t **error) {
    return -1;
}

static int open_it(intptr_t *io, int access_flags, libbfio_error_t **error) {
    return (access_flags & LIBBFIO_ACCESS_FLAG_WRITE) != 0 ? -1 : 1;
}

static int close_it(intptr_t *io, libbfio_error_t **error) {
    return 0;
}

static ssize_t read_it(intptr_t *io, uint8_t *to, size_t size, libbfio_error_t **error) {
    struct pst *p = own(io);
    struct ex_error err;
    uint64_t left = p->at < p->size ? p->size - p->at : 0;
    size_t wanted = size < left ? size : (size_t)left;
    for (size_t done = 0, part; done < wanted; done += part, p->at += part) {
        part = wanted - done < PARSER_READ_BYTES_MAX ? wanted - done : PARSER_READ_BYTES_MAX;
        if (parser_read(p->run, 0, p->at, to + done, part, &err) != EX_OK)
            return -1;
    }
    return (ssize_t)wanted;
}

static ssize_t write_nothing(intptr_t *io, const uint8_t *from, size_t size,
                             libbfio_error_t **error) {
    return -1;
}

static off64_t seek(intptr_t *io, off64_t offset, int whence, libbfio_error_t **error) {
    struct pst *p = own(io);
    uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? p->at : p->size;
    off64_t to;
    if (__builtin_add_overflow((off64_t)from, offset, &to) || to < 0)
        return -1;
    p->at = (uint64_t)to;
    return to;
}

static int yes(intptr_t *io, libbfio_error_t **error) {
    return 1;
}

static int get_size(intptr_t *io, size64_t *size, libbfio_error_t **error) {
    *size = own(io)->size;
    return 1;
}

ex_code pst_input(struct pst *p, struct ex_error *err) {
    p->size = parser_input_size(p->run, 0);
    if (libbfio_handle_initialize(&p->handle, (intptr_t *)(void *)p, free_nothing, clone_nothing,
                                  open_it, close_it, read_it, write_nothing, seek, yes, yes,
                                  get_size, LIBBFIO_FLAG_IO_HANDLE_NON_MANAGED, NULL) != 1)
        return ex_fail(err, EX_NOMEM, "no memory for a store");
    return EX_OK;
}
