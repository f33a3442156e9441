/* SPDX-License-Identifier: Apache-2.0 */
/* package create --format e01: the items that can be are images as well, beside their bytes, each
 * with the signed file that says what an E01 has no place for (docs/format/package.md §2.1). */
#include "app/packaging_internal.h"

#include <stdio.h>

static const char RAW[] = ".raw", DATA[] = "data/";

/* Of data/STEM.raw; the caller frees it. */
static char *stem_of(const struct packing *p, size_t n) {
    char *stem = ex_strdup(p->head.item[n].path + strlen(DATA));
    stem[strlen(stem) - strlen(RAW)] = '\0';
    return stem;
}

static ex_code check_one(struct act *act, struct packing *p, size_t n, struct ex_error *err) {
    EX_TRY(exporting_e01_form(act, p->sorted[n], &p->object[n], &p->form[n], err));
    return export_e01_check(&p->object[n], exporting_e01_ewf(p->form[n]), err);
}

ex_code packing_images_check(struct act *act, struct packing *p, struct ex_error *err) {
    bool any = false;
    if (!p->e01)
        return EX_OK;
    EX_TRY(ex_alloc(p->count, sizeof *p->form, EX_LIMIT_PACK_BYTES, "the items of a package",
                    &p->form, err));
    EX_TRY(ex_alloc(p->count, sizeof *p->image, EX_LIMIT_PACK_BYTES, "the items of a package",
                    &p->image, err));
    for (size_t n = 0; n < p->count; n++) {
        if (p->head.item[n].physical || exporting_e01_is_folder(p->sorted[n]))
            continue;
        EX_TRY(check_one(act, p, n, err));
        any = true;
    }
    if (any)
        return EX_OK;
    return ex_hint(
        ex_fail(err, EX_UNSUPPORTED,
                "none of these items can be an E01: it holds a disk, and these are folders or "
                "physical items"),
        err, "leave --format out: folders go as archives, which stock tools open");
}

static ex_code add_side(struct act *act, struct packing *p, size_t n, const char *stem,
                        struct export_e01_report *r, struct ex_error *err) {
    const uint8_t *item = p->head.item[n].id;
    EX_AUTO_FREE char *signature = NULL;
    size_t signature_bytes;
    EX_AUTO_FREE char *side =
        exporting_e01_side(act, p->sorted[n], &p->object[n], p->form[n], stem, r);
    if (side == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the file beside the image");
    EX_TRY(export_e01_sign(side, strlen(side), act->officer.sign, r->side_sha256, &signature,
                           &signature_bytes, err));
    EX_TRY(
        package_images_add_file(p->images, item, stem, EXPORT_E01_SIDE, side, strlen(side), err));
    return package_images_add_file(p->images, item, stem, EXPORT_E01_SIDE EXPORT_E01_SIGNATURE,
                                   signature, signature_bytes, err);
}

static ex_code add_image(struct act *act, struct packing *p, size_t n, struct ex_error *err) {
    EX_AUTO_FREE char *stem = stem_of(p, n);
    struct export_e01_report r;
    EX_TRY(package_images_add(p->images, act->vault, &p->object[n], exporting_e01_ewf(p->form[n]),
                              p->head.item[n].id, stem, act->face->progress, &r, err));
    EX_TRY(add_side(act, p, n, stem, &r, err));
    p->image[n] = exporting_e01_json(act, &r, &p->object[n]);
    json_object_set_new(p->image[n], "path",
                        json_sprintf("data/%s/%s%s", stem, stem, EXPORT_E01_EXTENSION));
    return EX_OK;
}

static void begin_progress(struct act *act, const struct packing *p) {
    struct ex_progress *progress = act->face->progress;
    uint64_t total = 0;
    if (progress == NULL)
        return;
    for (size_t n = 0; n < p->count; n++)
        total += p->form[n] != NULL ? p->object[n].size_bytes : 0;
    progress->phase = "making images";
    atomic_store(&progress->done_bytes, 0);
    atomic_store(&progress->total_bytes, total);
}

ex_code packing_images(struct act *act, struct packing *p, struct ex_error *err) {
    if (!p->e01)
        return EX_OK;
    EX_TRY(package_names_free(act_flag(act, FLAG_OUTPUT), err));
    begin_progress(act, p);
    EX_TRY(package_images_new(act_flag(act, FLAG_OUTPUT), &p->images, err));
    for (size_t n = 0; n < p->count; n++)
        if (p->form[n] != NULL)
            EX_TRY(add_image(act, p, n, err));
    return package_images_name(p->images, &p->head, err);
}

json_t *packing_image_json(const struct packing *p, size_t n) {
    return p->image[n] != NULL ? json_incref(p->image[n]) : json_null();
}

char *packing_image_text(const struct packing *p, size_t n) {
    char *text = NULL;
    if (!p->e01 || p->head.item[n].physical)
        return NULL;
    if (p->image[n] == NULL)
        return ex_strdup("not as an E01 image: it is a folder, and an E01 holds a disk");
    const char *path = json_string_value(json_object_get(p->image[n], "path"));
    return asprintf(&text, "as an E01 image too: %s", path) >= 0 ? text : NULL;
}

void packing_images_clear(struct packing *p) {
    for (size_t n = 0; p->form != NULL && n < p->count; n++)
        exporting_e01_form_free(p->form[n]);
    for (size_t n = 0; p->image != NULL && n < p->count; n++)
        json_decref(p->image[n]);
    free(p->form);
    free(p->image);
    package_images_free(p->images);
}
