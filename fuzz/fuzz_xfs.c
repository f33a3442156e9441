/* SPDX-License-Identifier: Apache-2.0 */
/* An XFS, without its checksums. Most of what makes one is zeros, so an input is a list of pieces:
 * u32 where (in units of 512 bytes, little-endian), u16 how many bytes, and these; the image is as
 * large as they reach. */
#include "base/cursor.h"
#include "examiner_harness.h"
#include "parsers/xfs/xfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IMAGE_BYTES_MAX = 512 << 10, UNIT_BYTES = 512 };

static ex_code prepare(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    struct xfs *x = NULL;
    (void)parameters;
    EX_TRY(xfs_open(run, &x, err));
    *ret_state = x;
    return EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    struct ex_error why = {0};
    struct xfs *x = NULL;
    (void)parameters;
    *ret_state = NULL;
    ex_code code = xfs_open(run, &x, &why);
    if (code == EX_FORMAT || code == EX_UNSUPPORTED)
        return xfs_tell_refused(run, &why, err);
    EX_TRY(code);
    code = xfs_tell(x, err);
    if (code == EX_OK)
        *ret_state = x;
    else
        xfs_close(x);
    return code;
}

static ex_code work(struct parser_run *run, void *state, const void *unit, size_t size_bytes,
                    struct ex_error *err) {
    bool ours;
    return xfs_work(state, run, unit, size_bytes, &ours, err);
}

static void close_xfs(void *state) {
    xfs_close(state);
}

static size_t build(uint8_t *image, const uint8_t *data, size_t size) {
    struct ex_cursor c = ex_cursor_make(data, size);
    size_t end = 0;
    while (ex_cursor_left(&c) > 0) {
        size_t at = (size_t)ex_cursor_le32(&c) * UNIT_BYTES, length = ex_cursor_le16(&c);
        length = length < ex_cursor_left(&c) ? length : ex_cursor_left(&c);
        const uint8_t *from = ex_cursor_bytes(&c, length);
        if (length == 0 || at > IMAGE_BYTES_MAX || length > IMAGE_BYTES_MAX - at)
            continue;
        memcpy(image + at, from, length);
        end = at + length > end ? at + length : end;
    }
    return (end + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct parser PARSER = {.name = "xfs",
                                         .version = 1,
                                         .examine = examine,
                                         .prepare = prepare,
                                         .work = work,
                                         .close = close_xfs};
    uint8_t *image = calloc(1, IMAGE_BYTES_MAX);
    if (image == NULL)
        abort();
    struct parser_run run = {.input = image,
                             .size = build(image, data, size),
                             .keep = true,
                             .traces_max = 20000,
                             .units_max = 20,
                             .content_max = 1 << 20};
    (void)!harness_examine(&PARSER, &run, NULL);
    harness_clear(&run);
    free(image);
    return 0;
}
