/* SPDX-License-Identifier: Apache-2.0 */
/* The bag of a package, as its files go by (RFC 8493, by formats/bagit). */
#ifndef EXHIBIT_TRANSPORT_PACKAGE_BAG_INTERNAL_H
#define EXHIBIT_TRANSPORT_PACKAGE_BAG_INTERNAL_H

#include "crypto/sha256.h"
#include "base/error.h"
#include "base/mem.h"

struct package_bag;
EX_MUST_USE ex_code package_bag_new(struct package_bag **ret, struct ex_error *err);
void package_bag_free(struct package_bag *b);
/* data: of a tag file; NULL: payload. */
EX_MUST_USE ex_code package_bag_add(struct package_bag *b, const char *path, const uint8_t *data,
                                    uint64_t size_bytes, const uint8_t sha256[static SHA256_BYTES],
                                    struct ex_error *err);
/* Each fault of the bag in words. */
EX_MUST_USE ex_code package_bag_judge(struct package_bag *b,
                                      void (*tell)(void *context, const char *text), void *context,
                                      struct ex_error *err);

#endif
