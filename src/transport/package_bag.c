/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/package_bag_internal.h"

#include "formats/bagit.h"
#include <stdio.h>
#include <string.h>

/* §1: every package has these. */
static const char *const TAG_FILES[] = {
    "bagit.txt",       "bag-info.txt",        "manifest-sha256.txt",   "exhibit/package",
    "exhibit/excerpt", "fsverity-sha256.txt", "officer.pub",           "allowed_signers",
    "case.jsonld",     "README.txt",          "tagmanifest-sha256.txt"};
enum { TAG_FILE_COUNT = sizeof TAG_FILES / sizeof TAG_FILES[0] };

struct package_bag {
    struct bagit_check *check;
    bool there[TAG_FILE_COUNT];
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

static void note_path(struct package_bag *b, const char *path) {
    for (size_t i = 0; i < TAG_FILE_COUNT; i++)
        b->there[i] = b->there[i] || strcmp(path, TAG_FILES[i]) == 0;
}

ex_code package_bag_add(struct package_bag *b, const char *path, const uint8_t *data,
                        uint64_t size_bytes, const uint8_t sha256[static SHA256_BYTES],
                        struct ex_error *err) {
    note_path(b, path);
    if (data == NULL)
        return bagit_check_hashed(b->check, path, strlen(path), size_bytes, sha256, err);
    EX_TRY(bagit_check_begin(b->check, path, strlen(path), err));
    EX_TRY(bagit_check_data(b->check, data, size_bytes, err));
    return bagit_check_end(b->check, err);
}

static void tell_missing(const struct package_bag *b, void (*tell)(void *context, const char *text),
                         void *context) {
    char text[64];
    for (size_t i = 0; i < TAG_FILE_COUNT; i++)
        if (!b->there[i]) {
            (void)snprintf(text, sizeof text, "%s is missing", TAG_FILES[i]);
            tell(context, text);
        }
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
    tell_missing(b, tell, context);
    return EX_OK;
}
