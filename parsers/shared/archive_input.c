/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/archive_input.h"

#include <errno.h>
#include <stdio.h>

static la_ssize_t give_block(struct archive *a, void *context, const void **ret) {
    struct archive_input *in = context;
    uint64_t size = parser_input_size(in->run, 0);
    uint64_t left = in->at < size ? size - in->at : 0;
    size_t n = left < ARCHIVE_INPUT_BLOCK_BYTES ? (size_t)left : (size_t)ARCHIVE_INPUT_BLOCK_BYTES;
    struct ex_error why = {0};
    *ret = NULL;
    if (n == 0)
        return 0;
    ex_code code = parser_read(in->run, 0, in->at, in->block, n, &why);
    if (code == EX_OK) {
        *ret = in->block;
        in->at += n;
        return (la_ssize_t)n;
    }
    in->unread = why;
    if (code != EX_IO && code != EX_FORMAT && code != EX_ALTERED && code != EX_MISSING)
        in->broken = why;
    archive_set_error(a, EIO, "%s", why.text);
    return ARCHIVE_FATAL;
}

/* Never behind the end: what is missing there must show. */
static la_int64_t skip_bytes(struct archive *a, void *context, la_int64_t request) {
    struct archive_input *in = context;
    uint64_t size = parser_input_size(in->run, 0);
    uint64_t left = in->at < size ? size - in->at : 0;
    (void)a;
    if (request <= 0)
        return 0;
    uint64_t n = (uint64_t)request < left ? (uint64_t)request : left;
    in->at += n;
    return (la_int64_t)n;
}

static la_int64_t seek_to(struct archive *a, void *context, la_int64_t offset, int whence) {
    struct archive_input *in = context;
    int64_t size = (int64_t)parser_input_size(in->run, 0), target;
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)in->at : size;
    if (__builtin_add_overflow(from, offset, &target) || target < 0) {
        archive_set_error(a, EINVAL, "a place before the beginning");
        return ARCHIVE_FATAL;
    }
    in->at = (uint64_t)(target < size ? target : size);
    return (la_int64_t)in->at;
}

void archive_input_set(struct archive_input *in, struct archive *a) {
    in->at = 0;
    archive_read_set_read_callback(a, give_block);
    archive_read_set_skip_callback(a, skip_bytes);
    archive_read_set_seek_callback(a, seek_to);
    archive_read_set_callback_data(a, in);
}
