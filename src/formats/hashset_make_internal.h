/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of making a hash set: sorting, and writing what comes sorted. */
#ifndef EXHIBIT_FORMATS_HASHSET_MAKE_INTERNAL_H
#define EXHIBIT_FORMATS_HASHSET_MAKE_INTERNAL_H

#include "formats/hashset_internal.h"
#include "formats/hashset_make.h"

/* ---- hashset_sort.c ---- */

/* Ascending, in place; gives how many are left without doubles. */
size_t hashset_sort(uint8_t (*hash)[HASHSET_HASH_BYTES], size_t count);

/* Sorted runs of hashes, one after the other in a file. */
struct hashset_run {
    uint64_t offset, left; /* of the next hash, in the file; hashes that were not given yet */
    uint8_t (*buffer)[HASHSET_HASH_BYTES];
    size_t at, held;
};
typedef ex_code hashset_merge_fn(void *context, const uint8_t hash[static HASHSET_HASH_BYTES],
                                 struct ex_error *err);
/* Every hash of the runs, ascending, doubles of different runs included. Changes the runs. */
EX_MUST_USE ex_code hashset_merge(int fd, struct hashset_run *run, size_t count,
                                  hashset_merge_fn *fn, void *context, struct ex_error *err);

/* ---- hashset_write.c ---- */

struct hashset_writer;
EX_MUST_USE ex_code hashset_writer_new(int fd, struct ex_progress *progress,
                                       struct hashset_writer **ret, struct ex_error *err);
void hashset_writer_free(struct hashset_writer *w);
EX_DEFINE_AUTO(struct hashset_writer, hashset_writer_free);
/* Ascending; one that is the same as the last is passed over. */
EX_MUST_USE ex_code hashset_writer_put(struct hashset_writer *w,
                                       const uint8_t hash[static HASHSET_HASH_BYTES],
                                       struct ex_error *err);
EX_MUST_USE ex_code hashset_writer_end(struct hashset_writer *w, struct hashset_head *head,
                                       uint8_t ret_identity[static VERITY_BYTES],
                                       struct ex_error *err);

#endif
