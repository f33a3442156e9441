/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker does to itself before it sees a byte of evidence: format/parser-protocol §5. */
#ifndef EXHIBIT_SANDBOX_CONFINE_INTERNAL_H
#define EXHIBIT_SANDBOX_CONFINE_INTERNAL_H

#include "base/error.h"

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct confinement {
    uint32_t what; /* enum confined */
    uint32_t landlock_version;
};

struct confine_limits {
    uint64_t memory_bytes; /* address space */
    uint64_t cpu_s;
};

/* Which system calls are allowed. */
struct confine_filter {
    size_t count;
    struct sock_filter code[BPF_MAXINSNS];
};
EX_MUST_USE ex_code confine_filter_make(struct confine_filter *ret, struct ex_error *err);

/* In two parts, because a nursery does the first for all of its workers, and goes on to make
 * processes. Fails when what is always to be had cannot be; the rest is said in *ret. */
EX_MUST_USE ex_code confine_for_good(struct confinement *ret, struct ex_error *err);
EX_MUST_USE ex_code confine_worker(const struct confine_limits *limits,
                                   const struct confine_filter *filter, struct confinement *to,
                                   struct ex_error *err);

#endif
