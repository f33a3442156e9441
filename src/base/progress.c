/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <stddef.h>

ex_code ex_progress_step(struct ex_progress *progress, uint64_t add_bytes, struct ex_error *err) {
    if (progress == NULL)
        return EX_OK;
    atomic_fetch_add(&progress->done_bytes, add_bytes);
    if (progress->show != NULL)
        progress->show(progress, progress->context);
    if (atomic_load(&progress->stop))
        return ex_fail(err, EX_INTERRUPTED, "interrupted");
    return EX_OK;
}
