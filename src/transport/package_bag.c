/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/package_bag_internal.h"

#include "formats/bagit.h"
#include <stdio.h>
#include <string.h>

struct package_bag {
    struct bagit_check *check;
};

ex_code package_bag_new(struct package_bag **ret, struct ex_error *err) {
    struct package_bag *b = ex_new0(struct package_bag);
    ex_code code = bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &b->check, err);
    if (code != EX_OK) {
        free(b);
        return code;
    }
    *ret = b;
    return EX_OK;
}

void package_bag_free(struct package_bag *b) {
    if (b == NULL)
        return;
    bagit_check_free(b->check);
    free(b);
}

ex_code package_bag_add(struct package_bag *b, const char *path, const uint8_t *data,
                        uint64_t size_bytes, const uint8_t sha256[static SHA256_BYTES],
                        struct ex_error *err) {
    if (data == NULL)
        return bagit_check_hashed(b->check, path, strlen(path), size_bytes, sha256, err);
    EX_TRY(bagit_check_begin(b->check, path, strlen(path), err));
    EX_TRY(bagit_check_data(b->check, data, size_bytes, err));
    return bagit_check_end(b->check, err);
}

/* What is more than a warning counts; and a file that no tag manifest lists, which BagIt allows and
 * a package does not (§1). */
ex_code package_bag_judge(struct package_bag *b, void (*tell)(void *context, const char *text),
                          void *context, struct ex_error *err) {
    EX_AUTO(bagit_report_free) struct bagit_report *r = NULL;
    EX_TRY(bagit_check_finish(b->check, &r, err));
    for (size_t i = 0; i < r->count; i++) {
        char text[400];
        if (r->findings[i].grade <= BAGIT_WARNING && r->findings[i].kind != BAGIT_UNPROTECTED)
            continue;
        (void)snprintf(text, sizeof text, "%s%s%s", r->findings[i].name,
                       r->findings[i].name[0] != '\0' ? " " : "", r->findings[i].text);
        tell(context, text);
    }
    if (r->major != 1 || r->minor != 0)
        tell(context, "bagit.txt does not say that it is a bag of version 1.0");
    return EX_OK;
}
