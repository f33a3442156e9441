/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker does to itself before it sees a byte of evidence: format/parser-protocol §5. */
#ifndef EXHIBIT_SANDBOX_CONFINE_INTERNAL_H
#define EXHIBIT_SANDBOX_CONFINE_INTERNAL_H

#include "base/error.h"

struct confinement {
    uint32_t what; /* enum confined */
    uint32_t landlock_version;
};

struct confine_limits {
    uint64_t memory_bytes; /* address space */
    uint64_t cpu_s;
};

/* Fails when one of CONFINED_ALWAYS cannot be had; the rest is said in *ret. */
EX_MUST_USE ex_code confine(const struct confine_limits *limits, struct confinement *ret,
                            struct ex_error *err);

#endif
