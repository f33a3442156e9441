/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bagit_internal.h"

#include <stdarg.h>
#include <stdio.h>

const char *bagit_grade_name(enum bagit_grade grade) {
    static const char *const names[] = {"valid", "warning", "not-checked", "incomplete", "invalid"};
    return names[grade <= BAGIT_INVALID ? grade : BAGIT_INVALID];
}

void bagit_report_free(struct bagit_report *r) {
    if (r != NULL)
        free(r->findings);
    free(r);
}

ex_code bagit_find(struct bagit_report *r, enum bagit_grade grade, enum bagit_kind kind,
                   const char *name, size_t name_bytes, struct ex_error *err, const char *format,
                   ...) {
    va_list args;
    if (grade > r->grade)
        r->grade = grade;
    if (r->of_grade[grade]++ >= BAGIT_FINDINGS_MAX) {
        r->left_out++;
        return EX_OK;
    }
    EX_TRY(ex_grow(&r->findings, &r->capacity, r->count + 1, sizeof *r->findings,
                   sizeof *r->findings * BAGIT_FINDINGS_MAX * (BAGIT_INVALID + 1),
                   "the findings about a bag", err));
    struct bagit_finding *f = &r->findings[r->count++];
    *f = (struct bagit_finding){.grade = grade, .kind = kind};
    path_print(f->name, sizeof f->name, name, name_bytes);
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    return EX_OK;
}

static int compare(const void *left, const void *right) {
    const struct bagit_finding *a = left, *b = right;
    if (a->grade != b->grade)
        return a->grade > b->grade ? -1 : 1;
    int names = strcmp(a->name, b->name);
    return names != 0 ? names : strcmp(a->text, b->text);
}

void bagit_report_sort(struct bagit_report *r) {
    if (r->count > 0)
        qsort(r->findings, r->count, sizeof *r->findings, compare);
}
