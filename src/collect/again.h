/* SPDX-License-Identifier: Apache-2.0 */
/* A second reading of a source, compared with what is held of it.
 *
 * What it says: these bytes came the same twice, these came otherwise, these did not come the
 * second time. It does not say which of two answers is the true one.
 */
#ifndef EXHIBIT_COLLECT_AGAIN_H
#define EXHIBIT_COLLECT_AGAIN_H

#include "vault/vault.h"

struct collect_again {
    uint64_t compared_bytes, unread_bytes; /* unread: came the first time, but not now */
    uint64_t differing_bytes, differing_count;
    size_t range_count, range_capacity;
    struct source_range *range; /* the first AGAIN_RANGES_MAX that differ, in whole sectors */
};
enum { AGAIN_RANGES_MAX = 10000 };
void collect_again_clear(struct collect_again *a);

/* Reads all of `source` once more; what the object says was not read the first time is left out. */
EX_MUST_USE ex_code collect_again(struct vault *v, struct source *source,
                                  const struct vault_object_info *object,
                                  struct ex_progress *progress, struct collect_again *ret,
                                  struct ex_error *err);

#endif
