/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/collect.h"

void collect_report_clear(struct collect_report *r) {
    vault_object_info_clear(&r->object);
    vault_put_report_clear(&r->put);
}

ex_code collect_run(struct vault *v, struct source *source, const struct vault_put_options *options,
                    struct ex_progress *progress, struct collect_report *ret,
                    struct ex_error *err) {
    struct collect_report report = {0};
    struct source_identity identity;
    uint64_t done = 0;
    source_identity(source, &identity);
    if (options->resume != NULL)
        EX_TRY(vault_work_offset(options->resume, &done, err));
    if (progress != NULL) {
        progress->phase = "collecting";
        atomic_store(&progress->done_bytes, done);
        atomic_store(&progress->total_bytes, identity.size_bytes);
    }
    EX_TRY(vault_put(v, source, options, progress, &report.object, &report.put, err));
    ex_code code = source_check_unchanged(source, &report.after, err);
    if (code == EX_OK && identity.kind == SOURCE_STDIN && report.object.size_bytes == 0)
        code = ex_hint(ex_fail(err, EX_SOURCE, "nothing came from standard input"), err,
                       "nothing is held; look at the command that should have written to the pipe");
    if (code != EX_OK) {
        collect_report_clear(&report);
        return code;
    }
    *ret = report;
    return EX_OK;
}
