/* SPDX-License-Identifier: Apache-2.0 */
/* Putting bytes that are in memory into the vault, before the entry that names them. */
#include "app/rules_internal.h"

#include <unistd.h>

struct pulling {
    const uint8_t *data;
    uint64_t left;
};

static ex_code pull(void *context, uint8_t *to, size_t size, size_t *ret_got,
                    struct ex_error *err) {
    struct pulling *p = context;
    size_t got = size < p->left ? size : (size_t)p->left;
    (void)err;
    if (got > 0)
        memcpy(to, p->data, got);
    p->data += got;
    p->left -= got;
    *ret_got = got;
    return EX_OK;
}

ex_code rules_hold(struct act *act, const char *name, const uint8_t *data, uint64_t size_bytes,
                   struct rules_put *ret, struct ex_error *err) {
    EX_AUTO(source_close) struct source *source = NULL;
    EX_AUTO_FREE char *journal = act_journal(act, "rules", NULL);
    struct pulling p = {data, size_bytes};
    struct ex_progress *progress = act->face->progress;
    const struct vault_put_options options = {
        .readback = VAULT_READBACK_NEW, .journal = journal, .ret_work = &ret->work};
    if (progress != NULL) {
        progress->phase = "storing";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, size_bytes);
    }
    EX_TRY(source_open_member(name, size_bytes, pull, &p, NULL, 0, &source, err));
    return vault_put(act->vault, source, &options, progress, &ret->object, &ret->report, err);
}

void rules_put_clear(struct rules_put *p) {
    if (p->work != NULL)
        (void)!vault_work_remove(ex_steal(&p->work), NULL);
    vault_object_info_clear(&p->object);
    vault_put_report_clear(&p->report);
}
