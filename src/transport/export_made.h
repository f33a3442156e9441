/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that the program makes on the way out, as a file or into a pipe, hashed: the same care for
 * files as export.h takes. */
#ifndef EXHIBIT_TRANSPORT_EXPORT_MADE_H
#define EXHIBIT_TRANSPORT_EXPORT_MADE_H

#include "transport/export.h"

struct exporter;
EX_MUST_USE ex_code export_made_add(struct exporter *to, const void *data, size_t size_bytes,
                                    struct ex_error *err);
/* Adds all that there is to be. Another code than EX_OK ends it: no file is left. */
typedef ex_code export_made_fn(void *context, struct exporter *to, struct ex_error *err);
/* sha256: what it must have, or EX_ALTERED, and no file is left; NULL: nothing is known of it.
 * path "-": writes to output_fd. EX_EXISTS, EX_SPACE. On failure ret->size_bytes is what went into
 * a pipe. */
EX_MUST_USE ex_code export_made(export_made_fn *make, void *context, const uint8_t *sha256,
                                const char *path, int output_fd, struct export_report *ret,
                                struct ex_error *err);

#endif
