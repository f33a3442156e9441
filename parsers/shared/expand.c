/* SPDX-License-Identifier: Apache-2.0 */
/* ISA-L, which checks Adler-32 on the way. */
#include "parsers/shared/expand.h"

static ex_code expand(struct inflate_state *z, uint32_t flag, const uint8_t *from,
                      size_t from_bytes, uint8_t *to, size_t size_bytes, size_t *ret_bytes,
                      struct ex_error *err) {
    isal_inflate_init(z);
    z->crc_flag = flag;
    z->next_in = (uint8_t *)(uintptr_t)from;
    z->avail_in = (uint32_t)from_bytes;
    z->next_out = to;
    z->avail_out = (uint32_t)size_bytes;
    int code = isal_inflate_stateless(z);
    *ret_bytes = size_bytes - z->avail_out;
    if (code == ISAL_OUT_OVERFLOW)
        return ex_fail(err, EX_FORMAT, "it expands to more than %zu bytes", size_bytes);
    if (code == ISAL_INCORRECT_CHECKSUM)
        return ex_fail(err, EX_ALTERED, "its checksum does not fit");
    return code == ISAL_DECOMP_OK ? EX_OK : ex_fail(err, EX_ALTERED, "it cannot be expanded");
}

ex_code expand_zlib(struct inflate_state *z, const uint8_t *from, size_t from_bytes, uint8_t *to,
                    size_t size_bytes, size_t *ret_bytes, struct ex_error *err) {
    return expand(z, ISAL_ZLIB, from, from_bytes, to, size_bytes, ret_bytes, err);
}

ex_code expand_deflate(struct inflate_state *z, const uint8_t *from, size_t from_bytes, uint8_t *to,
                       size_t size_bytes, size_t *ret_bytes, struct ex_error *err) {
    return expand(z, ISAL_DEFLATE, from, from_bytes, to, size_bytes, ret_bytes, err);
}
