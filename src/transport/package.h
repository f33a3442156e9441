/* SPDX-License-Identifier: Apache-2.0 */
/* Packages: items on their way out of a vault, as a BagIt bag in a tar file, encrypted with age and
 * signed with minisign and as SSHSIG (docs/format/package.md).
 *
 * This is the head of a package (`exhibit/package`), which the writer and the reader share. Any
 * input is safe to parse.
 */
#ifndef EXHIBIT_TRANSPORT_PACKAGE_H
#define EXHIBIT_TRANSPORT_PACKAGE_H

#include "ledger/entry.h"
#include "vault/object.h"

enum {
    PACKAGE_ITEMS_MAX = 10000,
    PACKAGE_IMAGE_FILES_MAX = 65536,
    PACKAGE_PATH_MAX = 1024,
    PACKAGE_HEAD_BYTES_MAX = 32 << 20
};
#define PACKAGE_VERSION "exhibit-package/v1"

struct package_item {
    uint8_t id[ENTRY_ID_BYTES];
    bool physical;                /* then there is neither object nor path */
    uint8_t object[SHA256_BYTES]; /* object id */
    char *path;                   /* "data/…" */
};

/* A file of an E01 image of an item (§2.1). */
struct package_image {
    uint8_t item[ENTRY_ID_BYTES];
    char *path; /* "data/…" */
};

struct package_head {
    uint8_t id[ENTRY_ID_BYTES];
    int64_t created_ns;
    char origin[NOTE_NAME_MAX + 1];
    uint8_t vault_key[SIGN_PUBLIC_BYTES];
    uint8_t officer[ENTRY_ID_BYTES];
    bool has_handover;
    uint8_t handover[ENTRY_ID_BYTES];
    size_t item_count, item_capacity;
    struct package_item *item;
    size_t image_count, image_capacity;
    struct package_image *image;
};

void package_head_clear(struct package_head *h);
/* Adds one in the order of §2; `path` (NULL: physical) is copied. EX_EXISTS: the item or the path
 * is there already. */
EX_MUST_USE ex_code package_head_add(struct package_head *h,
                                     const uint8_t id[static ENTRY_ID_BYTES], const uint8_t *object,
                                     const char *path, struct ex_error *err);
/* A file of an image, behind those that are there; the items must be there before. EX_FORMAT: it is
 * of no item with an object, not in order, or has the path of an item. */
EX_MUST_USE ex_code package_head_add_image(struct package_head *h,
                                           const uint8_t item[static ENTRY_ID_BYTES],
                                           const char *path, struct ex_error *err);
/* The caller frees *ret; a NUL follows. */
EX_MUST_USE ex_code package_head_write(const struct package_head *h, char **ret, size_t *ret_bytes,
                                       struct ex_error *err);
EX_MUST_USE ex_code package_head_parse(const char *text, size_t size_bytes,
                                       struct package_head *ret, struct ex_error *err);
/* fsverity-sha256.txt (§1); object: one for each item. As package_head_write(). */
EX_MUST_USE ex_code package_fsverity_text(const struct package_head *h,
                                          const struct vault_object_info *object, char **ret,
                                          size_t *ret_bytes, struct ex_error *err);
/* The item whose payload is at this path; NULL: none. */
const struct package_item *package_head_find(const struct package_head *h, const char *path);
/* The file of an image at this path; NULL: none. */
const struct package_image *package_head_find_image(const struct package_head *h, const char *path);

/* A name made of what a label or a file name has that is safe everywhere (§2): at most 100
 * characters. */
enum { PACKAGE_NAME_MAX = 100 };
void package_safe_name(const char *text, char to[static PACKAGE_NAME_MAX + 1]);

#endif
