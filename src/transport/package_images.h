/* SPDX-License-Identifier: Apache-2.0 */
/* E01 images on their way into a package (docs/format/package.md §2.1).
 *
 * The manifest stands before the payload in a package, so the hashes of an image must be known
 * before a byte of it goes in: images are written, read again and hashed in a file without a name
 * that lies beside the package, enciphered, and is gone when this is freed or the program ends.
 * It takes as much room as the images have.
 */
#ifndef EXHIBIT_TRANSPORT_PACKAGE_IMAGES_H
#define EXHIBIT_TRANSPORT_PACKAGE_IMAGES_H

#include "transport/export_e01.h"
#include "transport/package.h"

struct package_images;

/* beside: the package that is to be. */
EX_MUST_USE ex_code package_images_new(const char *beside, struct package_images **ret,
                                       struct ex_error *err);
/* The image of an item, as data/STEM/STEM.E01…. *ret is as export_e01_report() has it, and its
 * segments last until the next call. EX_ALTERED, EX_MISSING, EX_SPACE, EX_LIMIT. */
EX_MUST_USE ex_code package_images_add(struct package_images *m, struct vault *v,
                                       const struct vault_object_info *object,
                                       const struct ewf_form *form,
                                       const uint8_t item[static ENTRY_ID_BYTES], const char *stem,
                                       struct ex_progress *progress, struct export_e01_report *ret,
                                       struct ex_error *err);
/* A file that belongs to it: data/STEM/STEM.E01 and `suffix`. */
EX_MUST_USE ex_code package_images_add_file(struct package_images *m,
                                            const uint8_t item[static ENTRY_ID_BYTES],
                                            const char *stem, const char *suffix, const void *data,
                                            size_t size_bytes, struct ex_error *err);
/* Names them all in the head, whose `image` has the order of package_images_file() then. Nothing
 * is added any more. */
EX_MUST_USE ex_code package_images_name(struct package_images *m, struct package_head *head,
                                        struct ex_error *err);

struct package_image_file {
    uint8_t item[ENTRY_ID_BYTES];
    char *path;
    uint64_t offset, size_bytes;
    uint8_t sha256[SHA256_BYTES];
};
uint64_t package_images_bytes(const struct package_images *m); /* NULL: 0 */
const struct package_image_file *package_images_file(const struct package_images *m, size_t n);
/* Gives all bytes of a file to `put`. EX_ALTERED: they are not those that were hashed. */
typedef ex_code package_images_put_fn(void *context, const void *data, size_t size_bytes,
                                      struct ex_error *err);
EX_MUST_USE ex_code package_images_read(struct package_images *m, size_t n,
                                        package_images_put_fn *put, void *context,
                                        struct ex_progress *progress, struct ex_error *err);
void package_images_free(struct package_images *m);

#endif
