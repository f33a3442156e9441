/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting: from a source into the vault, with what identifies the source before and after.
 *
 * A source that changed while it was read is refused: nothing is held then, though chunks that were
 * stored stay for whoever collects them again.
 */
#ifndef EXHIBIT_COLLECT_COLLECT_H
#define EXHIBIT_COLLECT_COLLECT_H

#include "formats/kind.h"
#include "vault/vault.h"

struct collect_report {
    struct vault_object_info object;
    struct vault_put_report put;
    struct source_identity after; /* path: the source's */
};
void collect_report_clear(struct collect_report *r);

/* The source was opened by the caller, who has its identity from before. */
EX_MUST_USE ex_code collect_run(struct vault *v, struct source *source,
                                const struct vault_put_options *options,
                                struct ex_progress *progress, struct collect_report *ret,
                                struct ex_error *err);

/* What a held object looks like. *ret_unread: some of its first bytes could not be read from the
 * source, and stand there as zeros. EX_ALTERED, EX_MISSING. */
EX_MUST_USE ex_code collect_kind(struct vault *v, const struct vault_object_info *object,
                                 struct kind *ret, bool *ret_unread, struct ex_error *err);

#endif
