/* SPDX-License-Identifier: Apache-2.0 */
/* What `package create` is about to pack, shared by its files. */
#ifndef EXHIBIT_APP_PACKAGING_INTERNAL_H
#define EXHIBIT_APP_PACKAGING_INTERNAL_H

#include "app/excerpt_internal.h"
#include "app/exporting_internal.h"
#include "transport/package_write.h"

struct packing {
    const char *format; /* the word of --format */
    bool files, e01;    /* it is that one */
    struct truth truth;
    size_t count;
    const struct item_truth **item; /* as they were named */
    struct package_head head;
    /* In the order of head.item: */
    const struct item_truth **sorted;
    struct vault_object_info *object;
    struct exporting_form **form;  /* of the items that get an image; otherwise NULL */
    json_t **image;                /* what became of it: json.md */
    struct package_images *images; /* all of them */
    struct age_recipient *recipient;
    size_t recipient_count;
    struct ssh_agent *agent; /* --ssh-key: a key in it, or a key from a file */
    struct ssh_key agent_key;
    struct sign_key *other_key;
    struct picked picked;
    char *excerpt, *case_jsonld, *readme;
    size_t excerpt_bytes, case_jsonld_bytes, readme_bytes;
    uint64_t ledger_size; /* of the excerpt's checkpoint */
    uint8_t ledger_root[MERKLE_BYTES];
};

/* case.jsonld of the entries that were picked: package_case.c. */
EX_MUST_USE ex_code packing_case(struct act *act, struct packing *p, struct ex_error *err);

/* --format e01: packaging_e01.c. Which items get an image, before anything is written:
 * EX_UNSUPPORTED when none does; EX_LIMIT. */
EX_MUST_USE ex_code packing_images_check(struct act *act, struct packing *p, struct ex_error *err);
/* Makes the images, and names their files in the head. */
EX_MUST_USE ex_code packing_images(struct act *act, struct packing *p, struct ex_error *err);
/* Of an item with bytes; null: it has no image. */
json_t *packing_image_json(const struct packing *p, size_t n);
/* What README.txt says of the item's image; NULL: nothing. The caller frees it. */
char *packing_image_text(const struct packing *p, size_t n);
void packing_images_clear(struct packing *p);

#endif
