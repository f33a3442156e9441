/* SPDX-License-Identifier: Apache-2.0 */
/* Export of a content that lies in several places of an object: a file of a disk, for one. As
 * export.h has it: hashed on the way out, a file under its own name only when it is whole. */
#ifndef EXHIBIT_TRANSPORT_EXPORT_RANGES_H
#define EXHIBIT_TRANSPORT_EXPORT_RANGES_H

#include "transport/export.h"
#include "vault/reader.h"

struct export_range {
    bool hole; /* zeros that are stored nowhere; otherwise from `offset` of the object */
    uint64_t offset, length;
};

/* sha256: what it must come to; EX_ALTERED when it does not (and a file is not kept). NULL: nobody
 * knows. EX_USAGE: a place outside of the object. Otherwise as export_raw(). */
EX_MUST_USE ex_code export_ranges(struct vault_reader *r, const struct export_range *range,
                                  size_t count, const uint8_t *sha256, const char *path,
                                  int output_fd, struct ex_progress *progress,
                                  struct export_report *ret, struct ex_error *err);

#endif
