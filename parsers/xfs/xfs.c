/* SPDX-License-Identifier: Apache-2.0 */
/* The superblock of XFS, and the steps of examining one. */
#include "parsers/xfs/xfs_internal.h"

#include "parsers/shared/guid.h"
#include "parsers/shared/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SUPERBLOCK_BYTES = 264,
    FTYPE4 = 0x200,
    INCOMPAT_FTYPE = 1,
    INCOMPAT_NEEDS_REPAIR = 0x10,
    INCOMPAT_KNOWN = 0x3F /* types, sparse inodes, another uuid, times, repair, many extents */
};

/* CRC-32C. */
static uint32_t crc32c(uint32_t c, const uint8_t *data, size_t size) {
    static const uint32_t NIBBLE[16] = {0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1,
                                        0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
                                        0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
                                        0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75};
    for (size_t i = 0; i < size; i++) {
        c ^= data[i];
        c = NIBBLE[c & 15] ^ c >> 4;
        c = NIBBLE[c & 15] ^ c >> 4;
    }
    return c;
}

bool xfs_sum_fits(const struct xfs *x, const uint8_t *data, size_t size, size_t at) {
    static const uint8_t ZEROS[4];
    struct ex_cursor c = ex_cursor_make(data, size);
    (void)ex_cursor_bytes(&c, at);
    uint32_t said = ex_cursor_le32(&c), sum = crc32c(UINT32_MAX, data, at);
    sum = crc32c(sum, ZEROS, sizeof ZEROS);
    sum = ~crc32c(sum, data + at + 4, size - at - 4);
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    sum = said;
#endif
    return x->version < 5 || sum == said;
}

bool xfs_block_place(const struct xfs *x, uint64_t block, uint64_t *ret) {
    uint64_t group = block >> x->ag_log, within = block & ((UINT64_C(1) << x->ag_log) - 1);
    if (group >= x->ag_count || within >= x->ag_blocks)
        return false;
    uint64_t number = group * x->ag_blocks + within;
    *ret = number * x->block_bytes;
    return number < x->blocks;
}

/* ---- opening ---- */

static bool is_power(uint64_t n, uint64_t least, uint64_t most) {
    return n >= least && n <= most && (n & (n - 1)) == 0;
}

static unsigned log_of(uint64_t n) {
    unsigned log = 0;
    while (UINT64_C(1) << log < n)
        log++;
    return log;
}

static bool is_sane(const struct xfs *x, unsigned dir_log) {
    uint64_t all = (uint64_t)x->ag_blocks * x->ag_count;
    return is_power(x->block_bytes, 512, XFS_BLOCK_BYTES_MAX) &&
           is_power(x->inode_bytes, 256, XFS_INODE_BYTES_MAX) && x->inode_bytes <= x->block_bytes &&
           x->ag_blocks > 0 && x->ag_count > 0 && x->ag_log == log_of(x->ag_blocks) &&
           x->inodes_log == log_of(x->block_bytes / x->inode_bytes) && x->blocks <= all &&
           x->blocks <= INT64_MAX / x->block_bytes && dir_log <= 16 &&
           (uint64_t)x->block_bytes << dir_log <= XFS_BLOCK_BYTES_MAX &&
           (x->version == 4 || x->version == 5);
}

static ex_code parse(struct xfs *x, const uint8_t bytes[static SUPERBLOCK_BYTES],
                     struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(bytes, SUPERBLOCK_BYTES);
    (void)ex_cursor_bytes(&c, 4);
    x->block_bytes = ex_cursor_be32(&c);
    x->blocks = xfs_be64(&c);
    (void)ex_cursor_bytes(&c, 16);
    ex_cursor_copy(&c, x->uuid, sizeof x->uuid);
    (void)ex_cursor_bytes(&c, 8);
    x->root = xfs_be64(&c);
    (void)ex_cursor_bytes(&c, 84 - 64);
    x->ag_blocks = ex_cursor_be32(&c);
    x->ag_count = ex_cursor_be32(&c);
    (void)ex_cursor_bytes(&c, 8);
    x->version = ex_cursor_be16(&c) & 15;
    (void)ex_cursor_be16(&c);
    x->inode_bytes = ex_cursor_be16(&c);
    (void)ex_cursor_be16(&c);
    ex_cursor_copy(&c, x->label, sizeof x->label);
    (void)ex_cursor_bytes(&c, 3);
    x->inodes_log = ex_cursor_u8(&c);
    x->ag_log = ex_cursor_u8(&c);
    (void)ex_cursor_u8(&c);
    x->being_made = ex_cursor_u8(&c) != 0;
    (void)ex_cursor_bytes(&c, 192 - 127);
    unsigned dir_log = ex_cursor_u8(&c);
    (void)ex_cursor_bytes(&c, 200 - 193);
    uint32_t features2 = ex_cursor_be32(&c);
    (void)ex_cursor_bytes(&c, 216 - 204);
    uint32_t incompatible = ex_cursor_be32(&c);
    if (!is_sane(x, dir_log))
        return ex_fail(err, EX_FORMAT, "XFS (XFSB at byte 0): its superblock breaks its own rules");
    x->dir_block_blocks = UINT32_C(1) << dir_log;
    x->features = x->version == 5 ? incompatible : 0;
    x->file_types =
        x->version == 5 ? (incompatible & INCOMPAT_FTYPE) != 0 : (features2 & FTYPE4) != 0;
    if ((x->features & ~(uint32_t)INCOMPAT_KNOWN) != 0)
        return ex_fail(err, EX_UNSUPPORTED,
                       "XFS (XFSB at byte 0) with features that are not known (0x%x)",
                       x->features & ~(uint32_t)INCOMPAT_KNOWN);
    return EX_OK;
}

ex_code xfs_is_there(struct parser_run *run, bool *ret, struct ex_error *err) {
    uint8_t magic[4];
    *ret = false;
    if (parser_input_size(run, 0) < SUPERBLOCK_BYTES)
        return EX_OK;
    ex_code code = parser_read(run, 0, 0, magic, sizeof magic, err);
    if (code == EX_IO)
        return EX_OK;
    EX_TRY(code);
    *ret = memcmp(magic, "XFSB", sizeof magic) == 0;
    return EX_OK;
}

EX_DEFINE_AUTO(struct xfs, xfs_close);

void xfs_close(struct xfs *x) {
    free(x);
}

ex_code xfs_open(struct parser_run *run, struct xfs **ret, struct ex_error *err) {
    uint8_t bytes[SUPERBLOCK_BYTES];
    bool there;
    EX_TRY(xfs_is_there(run, &there, err));
    if (!there)
        return ex_fail(err, EX_FORMAT, "no XFS");
    EX_TRY(parser_read(run, 0, 0, bytes, sizeof bytes, err));
    EX_AUTO(xfs_close) struct xfs *x = ex_new0(struct xfs);
    x->run = run;
    EX_TRY(parse(x, bytes, err));
    *ret = ex_steal(&x);
    return EX_OK;
}

/* ---- telling ---- */

static ex_code tell_trace(struct parser_run *run, uint32_t *ret, struct ex_error *err) {
    const struct parser_trace t = {
        .kind = PARSER_FILE_SYSTEM, .key = "xfs", .name = "xfs", .name_bytes = 3};
    return parser_trace(run, &t, ret, err);
}

ex_code xfs_tell_refused(struct parser_run *run, const struct ex_error *why, struct ex_error *err) {
    uint32_t trace;
    EX_TRY(tell_trace(run, &trace, err));
    return parser_trace_problem(run, trace, "content", why, err);
}

ex_code xfs_tell(struct xfs *x, struct ex_error *err) {
    char uuid[GUID_TEXT_BYTES], features[16];
    size_t label = strnlen((const char *)x->label, sizeof x->label);
    uint64_t end = parser_input_size(x->run, 0);
    uint32_t trace;
    EX_TRY(tell_trace(x->run, &trace, err));
    uuid_text(uuid, x->uuid);
    (void)snprintf(features, sizeof features, "0x%x", x->features);
    EX_TRY(parser_trace_number(x->run, "version", x->version, err));
    if (label > 0)
        EX_TRY(parser_trace_text(x->run, "label", x->label, label, err));
    EX_TRY(tell_text(x->run, "uuid", uuid, err));
    EX_TRY(parser_trace_number(x->run, "block-size", x->block_bytes, err));
    EX_TRY(parser_trace_number(x->run, "block-count", x->blocks, err));
    EX_TRY(parser_trace_number(x->run, "root-inode", x->root, err));
    EX_TRY(tell_text(x->run, "features", features, err));
    if (x->blocks * x->block_bytes > end)
        EX_TRY(tell_problem(x->run, trace, "end", err, EX_FORMAT,
                            "the file system has %" PRIu64
                            " bytes, and what it lies in ends before",
                            x->blocks * x->block_bytes));
    if (x->being_made || (x->features & INCOMPAT_NEEDS_REPAIR) != 0)
        EX_TRY(tell_problem(x->run, trace, "state", err, EX_FORMAT,
                            "it says of itself that it was not made to its end, or needs repair"));
    return xfs_unit(x, trace, x->root, err);
}

/* ---- units ---- */

static const char UNIT[] = "xfs ";

ex_code xfs_unit(struct xfs *x, uint32_t parent, uint64_t inode, struct ex_error *err) {
    char text[32];
    int size = snprintf(text, sizeof text, "%s%" PRIu64, UNIT, inode);
    return parser_unit(x->run, parent, text, (size_t)size, false, err);
}

static ex_code tell_name(void *context, const struct xfs_name *name, struct ex_error *err) {
    return xfs_tell_entry(context, name, err);
}

static ex_code tell_directory(struct xfs *x, uint64_t number, struct ex_error *err) {
    EX_AUTO_FREE struct xfs_inode *i = ex_new0(struct xfs_inode);
    struct ex_error why = {0};
    const char *wrong = NULL;
    ex_code wrong_code = EX_OK, code = xfs_inode_read(x, number, i, &why);
    if (code == EX_FORMAT || code == EX_IO)
        return parser_trace_problem(x->run, 0, "listing", &why, err);
    if (code != EX_OK && err != NULL)
        *err = why;
    EX_TRY(code);
    EX_TRY(xfs_directory_each(x, i, tell_name, x, &wrong, &wrong_code, err));
    return wrong == NULL ? EX_OK : tell_problem(x->run, 0, "listing", err, wrong_code, "%s", wrong);
}

ex_code xfs_work(struct xfs *x, struct parser_run *run, const void *unit, size_t size_bytes,
                 bool *ret_ours, struct ex_error *err) {
    size_t ahead = sizeof UNIT - 1;
    uint64_t inode;
    x->run = run;
    *ret_ours = size_bytes > ahead && memcmp(unit, UNIT, ahead) == 0 &&
                ex_parse_decimal((const char *)unit + ahead, size_bytes - ahead, &inode);
    return *ret_ours ? tell_directory(x, inode, err) : EX_OK;
}
