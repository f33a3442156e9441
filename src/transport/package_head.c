/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §2 */
#include "transport/package.h"

#include "base/cursor.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>

void package_head_clear(struct package_head *h) {
    for (size_t i = 0; i < h->item_count; i++)
        free(h->item[i].path);
    free(h->item);
    for (size_t i = 0; i < h->image_count; i++)
        free(h->image[i].path);
    free(h->image);
    *h = (struct package_head){0};
}

/* By path, then the physical ones by id. */
static int compare(const struct package_item *a, const struct package_item *b) {
    if (a->physical != b->physical)
        return a->physical ? 1 : -1;
    return a->physical ? memcmp(a->id, b->id, sizeof a->id) : strcmp(a->path, b->path);
}

static bool path_valid(const char *path, size_t size) {
    if (size < 6 || size > PACKAGE_PATH_MAX || memcmp(path, "data/", 5) != 0)
        return false;
    for (size_t i = 5, start = 5; i <= size; i++) {
        if (i < size && path[i] != '/') {
            bool good = (path[i] >= 'a' && path[i] <= 'z') || (path[i] >= 'A' && path[i] <= 'Z') ||
                        (path[i] >= '0' && path[i] <= '9') || path[i] == '-' || path[i] == '_' ||
                        (path[i] == '.' && i > start);
            if (!good)
                return false;
            continue;
        }
        if (i == start)
            return false;
        start = i + 1;
    }
    return true;
}

static bool has_item(const struct package_head *h, const struct package_item *new) {
    for (size_t i = 0; i < h->item_count; i++) {
        const struct package_item *old = &h->item[i];
        if (memcmp(old->id, new->id, sizeof old->id) == 0 ||
            (!old->physical && !new->physical &&strcasecmp(old->path, new->path) == 0))
            return true;
    }
    return false;
}

ex_code package_head_add(struct package_head *h, const uint8_t id[static ENTRY_ID_BYTES],
                         const uint8_t *object, const char *path, struct ex_error *err) {
    struct package_item new = {.physical = path == NULL};
    memcpy(new.id, id, sizeof new.id);
    if (path != NULL) {
        if (!path_valid(path, strlen(path)))
            return ex_fail(err, EX_FORMAT, "\"%.100s\" cannot be a path in a package", path);
        memcpy(new.object, object, sizeof new.object);
        new.path = ex_strdup(path);
    }
    ex_code code = ex_grow(&h->item, &h->item_capacity, h->item_count + 1, sizeof *h->item,
                           PACKAGE_ITEMS_MAX * sizeof *h->item, "the items of a package", err);
    if (code == EX_OK && has_item(h, &new))
        code = ex_fail(err, EX_EXISTS, "the package has this item, or a file of this name, twice");
    if (code != EX_OK) {
        free(new.path);
        return code;
    }
    size_t at = h->item_count++;
    for (; at > 0 && compare(&h->item[at - 1], &new) > 0; at--)
        h->item[at] = h->item[at - 1];
    h->item[at] = new;
    return EX_OK;
}

/* An item with an object. Files of one image come one after the other. */
static bool has_digital(const struct package_head *h, const uint8_t id[static ENTRY_ID_BYTES]) {
    if (h->image_count > 0 && memcmp(h->image[h->image_count - 1].item, id, ENTRY_ID_BYTES) == 0)
        return true;
    for (size_t i = 0; i < h->item_count; i++)
        if (memcmp(h->item[i].id, id, ENTRY_ID_BYTES) == 0)
            return !h->item[i].physical;
    return false;
}

ex_code package_head_add_image(struct package_head *h, const uint8_t item[static ENTRY_ID_BYTES],
                               const char *path, struct ex_error *err) {
    if (!path_valid(path, strlen(path)))
        return ex_fail(err, EX_FORMAT, "\"%.100s\" cannot be a path in a package", path);
    if (!has_digital(h, item))
        return ex_fail(err, EX_FORMAT, "\"%.100s\" is an image of no item of the package", path);
    if (h->image_count > 0 && strcmp(h->image[h->image_count - 1].path, path) >= 0)
        return ex_fail(err, EX_FORMAT, "the images of exhibit/package are not in order");
    if (package_head_find(h, path) != NULL)
        return ex_fail(err, EX_FORMAT, "\"%.100s\" is an item, and a file of an image", path);
    EX_TRY(ex_grow(&h->image, &h->image_capacity, h->image_count + 1, sizeof *h->image,
                   PACKAGE_IMAGE_FILES_MAX * sizeof *h->image, "the images of a package", err));
    struct package_image *new = &h->image[h->image_count++];
    memcpy(new->item, item, sizeof new->item);
    new->path = ex_strdup(path);
    return EX_OK;
}

/* ---- writing ---- */

static void write_items(const struct package_head *h, FILE *f) {
    char id[2 * ENTRY_ID_BYTES + 1], object[2 * SHA256_BYTES + 1];
    for (size_t i = 0; i < h->item_count; i++) {
        const struct package_item *item = &h->item[i];
        ex_hex(id, item->id, sizeof item->id);
        if (item->physical)
            (void)fprintf(f, "item %s physical\n", id);
        else
            (void)fprintf(f, "item %s object %s path %s\n", id,
                          ex_hex(object, item->object, sizeof item->object), item->path);
    }
    for (size_t i = 0; i < h->image_count; i++)
        (void)fprintf(f, "image %s path %s\n",
                      ex_hex(id, h->image[i].item, sizeof h->image[i].item), h->image[i].path);
}

ex_code package_head_write(const struct package_head *h, char **ret, size_t *ret_bytes,
                           struct ex_error *err) {
    char id[2 * ENTRY_ID_BYTES + 1], key[48], time[EX_TIME_TEXT_BYTES];
    char officer[2 * ENTRY_ID_BYTES + 1];
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the head of a package");
    sodium_bin2base64(key, sizeof key, h->vault_key, SIGN_PUBLIC_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    (void)fprintf(f, PACKAGE_VERSION "\nid %s\ncreated %s\nlog %s\nkey %s\nofficer %s\n",
                  ex_hex(id, h->id, sizeof h->id), ex_time_text(time, h->created_ns), h->origin,
                  key, ex_hex(officer, h->officer, sizeof h->officer));
    if (h->has_handover)
        (void)fprintf(f, "handover %s\n", ex_hex(id, h->handover, sizeof h->handover));
    write_items(h, f);
    if (fclose(f) != 0) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for the head of a package");
    }
    *ret = text;
    *ret_bytes = size;
    return EX_OK;
}

ex_code package_fsverity_text(const struct package_head *h, const struct vault_object_info *object,
                              char **ret, size_t *ret_bytes, struct ex_error *err) {
    char digest[SHA256_HEX_BYTES], *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the digests of a package");
    for (size_t i = 0; i < h->item_count; i++)
        if (!h->item[i].physical)
            (void)fprintf(f, "sha256:%s %s\n", ex_hex(digest, object[i].fsverity, SHA256_BYTES),
                          h->item[i].path);
    if (fclose(f) != 0) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for the digests of a package");
    }
    *ret = text;
    *ret_bytes = size;
    return EX_OK;
}

/* ---- parsing ---- */

static ex_code bad(struct ex_error *err, const char *line) {
    return ex_fail(err, EX_FORMAT, "exhibit/package has no good line \"%s\" where one must be",
                   line);
}

/* As ledger.md §3 has it: printable, so that it can be shown as it is. */
static bool is_origin(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '+')
            return false;
    return size > 0 && size <= NOTE_NAME_MAX;
}

static bool keyed_id(struct ex_cursor *c, const char *key, uint8_t *to) {
    size_t size;
    const char *v = ex_cursor_keyed(c, key, &size);
    return v != NULL && ex_parse_hex(v, size, to, ENTRY_ID_BYTES);
}

/* "ID object OBJECT path PATH" or "ID physical" */
static ex_code parse_item(const char *v, size_t size, struct package_head *h,
                          struct ex_error *err) {
    enum { ID = 2 * ENTRY_ID_BYTES, OBJECT = 2 * SHA256_BYTES, PATH_AT = ID + 8 + OBJECT + 6 };
    uint8_t id[ENTRY_ID_BYTES], object[SHA256_BYTES];
    char path[PACKAGE_PATH_MAX + 1];
    size_t before = h->item_count;
    if (size < ID || !ex_parse_hex(v, ID, id, sizeof id))
        return bad(err, "item");
    bool physical = size == ID + 9 && memcmp(v + ID, " physical", 9) == 0;
    if (!physical &&
        (size <= PATH_AT || size - PATH_AT > PACKAGE_PATH_MAX ||
         memcmp(v + ID, " object ", 8) != 0 || memcmp(v + PATH_AT - 6, " path ", 6) != 0 ||
         !ex_parse_hex(v + ID + 8, OBJECT, object, sizeof object)))
        return bad(err, "item");
    if (!physical) {
        memcpy(path, v + PATH_AT, size - PATH_AT);
        path[size - PATH_AT] = '\0';
        if (strlen(path) != size - PATH_AT)
            return bad(err, "item");
    }
    EX_TRY(package_head_add(h, id, physical ? NULL : object, physical ? NULL : path, err));
    if (memcmp(h->item[before].id, id, sizeof id) != 0) /* it was sorted to another place */
        return ex_fail(err, EX_FORMAT, "the items of exhibit/package are not in order");
    return EX_OK;
}

/* "ID path PATH" */
static ex_code parse_image(const char *v, size_t size, struct package_head *h,
                           struct ex_error *err) {
    enum { ID = 2 * ENTRY_ID_BYTES, PATH_AT = ID + 6 };
    uint8_t id[ENTRY_ID_BYTES];
    char path[PACKAGE_PATH_MAX + 1];
    if (size <= PATH_AT || size - PATH_AT > PACKAGE_PATH_MAX || memcmp(v + ID, " path ", 6) != 0 ||
        !ex_parse_hex(v, ID, id, sizeof id))
        return bad(err, "image");
    memcpy(path, v + PATH_AT, size - PATH_AT);
    path[size - PATH_AT] = '\0';
    if (strlen(path) != size - PATH_AT)
        return bad(err, "image");
    return package_head_add_image(h, id, path, err);
}

static ex_code parse_lines(struct ex_cursor *c, struct package_head *h, struct ex_error *err) {
    size_t size;
    const char *v = ex_cursor_line(c, &size);
    if (v == NULL || size != strlen(PACKAGE_VERSION) || memcmp(v, PACKAGE_VERSION, size) != 0)
        return ex_fail(err, EX_FORMAT, "exhibit/package is not one of this version");
    if (!keyed_id(c, "id", h->id))
        return bad(err, "id");
    v = ex_cursor_keyed(c, "created", &size);
    if (v == NULL || !ex_time_parse(v, size, &h->created_ns))
        return bad(err, "created");
    v = ex_cursor_keyed(c, "log", &size);
    if (v == NULL || !is_origin(v, size))
        return bad(err, "log");
    memcpy(h->origin, v, size);
    v = ex_cursor_keyed(c, "key", &size);
    if (v == NULL || !ex_parse_base64(v, size, h->vault_key, sizeof h->vault_key))
        return bad(err, "key");
    if (!keyed_id(c, "officer", h->officer))
        return bad(err, "officer");
    v = ex_cursor_keyed(c, "handover", &size);
    h->has_handover = v != NULL;
    if (v != NULL && !ex_parse_hex(v, size, h->handover, sizeof h->handover))
        return bad(err, "handover");
    while ((v = ex_cursor_keyed(c, "item", &size)) != NULL)
        EX_TRY(parse_item(v, size, h, err));
    while ((v = ex_cursor_keyed(c, "image", &size)) != NULL)
        EX_TRY(parse_image(v, size, h, err));
    return h->item_count > 0 ? EX_OK : bad(err, "item");
}

ex_code package_head_parse(const char *text, size_t size_bytes, struct package_head *ret,
                           struct ex_error *err) {
    struct package_head h = {0};
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    if (size_bytes > PACKAGE_HEAD_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "exhibit/package is larger than %d bytes",
                       PACKAGE_HEAD_BYTES_MAX);
    ex_code code = parse_lines(&c, &h, err);
    if (code == EX_OK)
        code = ex_cursor_end(&c, "exhibit/package", err);
    if (code != EX_OK) {
        package_head_clear(&h);
        return code;
    }
    *ret = h;
    return EX_OK;
}

/* The digital ones stand first, by path. */
const struct package_item *package_head_find(const struct package_head *h, const char *path) {
    size_t from = 0, to = h->item_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const struct package_item *i = &h->item[middle];
        int order = i->physical ? 1 : strcmp(i->path, path);
        if (order == 0)
            return i;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

static int image_path(const void *path, const void *image) {
    return strcmp(path, ((const struct package_image *)image)->path);
}

const struct package_image *package_head_find_image(const struct package_head *h,
                                                    const char *path) {
    return h->image_count == 0
               ? NULL
               : bsearch(path, h->image, h->image_count, sizeof *h->image, image_path);
}

void package_safe_name(const char *text, char to[static PACKAGE_NAME_MAX + 1]) {
    size_t used = 0;
    for (; *text != '\0' && used < PACKAGE_NAME_MAX; text++) {
        bool safe = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                    (*text >= '0' && *text <= '9') || *text == '-' || *text == '_' ||
                    (*text == '.' && used > 0);
        to[used++] = safe ? *text : '_';
    }
    if (used == 0)
        to[used++] = '_';
    to[used] = '\0';
}
