/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/export_made.h"

#include "transport/export_internal.h"

ex_code export_made_add(struct exporter *to, const void *data, size_t size_bytes,
                        struct ex_error *err) {
    return exporter_put_bytes(to, data, size_bytes, err);
}

ex_code export_made(export_made_fn *make, void *context, const uint8_t *sha256, const char *path,
                    int output_fd, struct export_report *ret, struct ex_error *err) {
    return export_through(make, context, sha256, path, output_fd, ret, err);
}
