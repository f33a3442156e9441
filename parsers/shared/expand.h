/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed bytes, one stream at a time, into room that the caller has: never more than that.
 *
 * What stands behind the end of the stream is left alone. EX_FORMAT: it is longer than the room.
 * EX_ALTERED: it cannot be expanded, or its own checksum does not fit. */
#ifndef EXHIBIT_PARSERS_SHARED_EXPAND_H
#define EXHIBIT_PARSERS_SHARED_EXPAND_H

#include "base/error.h"

#include <isa-l/igzip_lib.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 1950, whose checksum is compared. */
EX_MUST_USE ex_code expand_zlib(struct inflate_state *z, const uint8_t *from, size_t from_bytes,
                                uint8_t *to, size_t size_bytes, size_t *ret_bytes,
                                struct ex_error *err);
/* RFC 1951, which has none. */
EX_MUST_USE ex_code expand_deflate(struct inflate_state *z, const uint8_t *from, size_t from_bytes,
                                   uint8_t *to, size_t size_bytes, size_t *ret_bytes,
                                   struct ex_error *err);

#endif
