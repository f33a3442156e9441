/* SPDX-License-Identifier: Apache-2.0 */
/* XFS, versions 4 and 5: folders, files, links, times, and where contents are. docs/xfs.md lists
 * what is told, and what is not offered.
 *
 * Input 0 is the file system. Every place that is told is inside of the input; what an inode says
 * to be outside is PARSER_NOWHERE, with a problem.
 *
 * Format: "XFS Algorithms & Data Structures" (xfs-documentation). All numbers are big-endian.
 */
#ifndef EXHIBIT_PARSERS_XFS_XFS_H
#define EXHIBIT_PARSERS_XFS_XFS_H

#include "parsers/api.h"

struct xfs;

/* EX_FORMAT: no XFS, or a damaged one. EX_UNSUPPORTED: a feature that is not known. */
EX_MUST_USE ex_code xfs_open(struct parser_run *run, struct xfs **ret, struct ex_error *err);
void xfs_close(struct xfs *x);
/* Whether it begins as one. */
EX_MUST_USE ex_code xfs_is_there(struct parser_run *run, bool *ret, struct ex_error *err);

/* The trace of one that xfs_open() refused with `why`. */
EX_MUST_USE ex_code xfs_tell_refused(struct parser_run *run, const struct ex_error *why,
                                     struct ex_error *err);
/* The trace of the file system, and the unit of its root. */
EX_MUST_USE ex_code xfs_tell(struct xfs *x, struct ex_error *err);
/* A unit of ours: what is in one folder, under parent 0. *ret_ours false: it is another's. */
EX_MUST_USE ex_code xfs_work(struct xfs *x, struct parser_run *run, const void *unit,
                             size_t size_bytes, bool *ret_ours, struct ex_error *err);

#endif
