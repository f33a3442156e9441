/* SPDX-License-Identifier: Apache-2.0 */
/* A package as files in a row: those that are not payload first. */
#ifndef EXHIBIT_TRANSPORT_PACKAGE_INPUT_INTERNAL_H
#define EXHIBIT_TRANSPORT_PACKAGE_INPUT_INTERNAL_H

#include "crypto/sha256.h"
#include "formats/age.h"
#include "formats/tar.h"
#include "base/progress.h"

struct package_input {
    /* The next file: path below the bag (until the next call), size. */
    ex_code (*next)(struct package_input *in, const char **ret_path, uint64_t *ret_size,
                    bool *ret_end, struct ex_error *err);
    /* 1 to size_bytes bytes of it, 0 at its end. */
    ex_code (*read)(struct package_input *in, void *to, size_t size_bytes, size_t *ret_bytes,
                    struct ex_error *err);
    void (*close)(struct package_input *in);
};

/* sha256: what the file must still have when it was read to its end; NULL: whatever. */
EX_MUST_USE ex_code package_input_file(const char *path, const struct age_identities *identities,
                                       const uint8_t *sha256, struct package_input **ret,
                                       struct ex_error *err);
EX_MUST_USE ex_code package_input_dir(const char *path, struct package_input **ret,
                                      struct ex_error *err);
static inline void package_input_close(struct package_input *in) {
    if (in != NULL)
        in->close(in);
}
EX_DEFINE_AUTO(struct package_input, package_input_close);

#endif
