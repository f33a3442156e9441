/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXHIBIT_TRANSPORT_EXPORT_INTERNAL_H
#define EXHIBIT_TRANSPORT_EXPORT_INTERNAL_H

#include "transport/export.h"

/* The error for a piece that cannot be given, with a hint. */
ex_code export_fail_damaged(const struct vault_piece *piece, struct ex_error *err);

/* What is written: a file, under another name until it is whole, or a pipe. */
struct exporter {
    const char *path;
    int fd;
    bool file;
    struct sha256 hash;
    uint64_t at;
};
EX_MUST_USE ex_code exporter_put_bytes(struct exporter *x, const uint8_t *data, size_t size_bytes,
                                       struct ex_error *err);
EX_MUST_USE ex_code exporter_put_constant(struct exporter *x, uint8_t value, uint64_t length,
                                          struct ex_error *err);
typedef ex_code export_fill_fn(void *context, struct exporter *x, struct ex_error *err);
/* sha256: what it must come to, or NULL. */
EX_MUST_USE ex_code export_through(export_fill_fn *put, void *context, const uint8_t *sha256,
                                   const char *path, int output_fd, struct export_report *ret,
                                   struct ex_error *err);

#endif
