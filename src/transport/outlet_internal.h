/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes hashed, and perhaps written to a file, by a thread of its own: the two hashes over a
 * package cost as much as everything else that is done with it. */
#ifndef EXHIBIT_TRANSPORT_OUTLET_INTERNAL_H
#define EXHIBIT_TRANSPORT_OUTLET_INTERNAL_H

#include "crypto/sha256.h"
#include "formats/minisign.h"

struct outlet;

enum outlet_hashes { OUTLET_SHA256 = 1, OUTLET_BLAKE2B = 2, OUTLET_BOTH = 3 };

/* fd stays the caller's; -1: nothing is written. */
EX_MUST_USE ex_code outlet_new(int fd, const char *name, enum outlet_hashes hashes,
                               struct outlet **ret, struct ex_error *err);
/* From one thread, in order. A failure of the file comes with a later call. */
EX_MUST_USE ex_code outlet_write(void *outlet, const void *data, size_t size_bytes,
                                 struct ex_error *err);
struct outlet_sums { /* of the hashes that were asked for */
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
    uint8_t blake2b[MINISIGN_HASH_BYTES];
};
/* Waits until everything is written. */
EX_MUST_USE ex_code outlet_finish(struct outlet *o, struct outlet_sums *ret, struct ex_error *err);
void outlet_free(struct outlet *o); /* ends the thread */
EX_DEFINE_AUTO(struct outlet, outlet_free);

#endif
