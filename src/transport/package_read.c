/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §4 */
#include "transport/package_read.h"

#include "base/cursor.h"
#include "base/file.h"
#include "ledger/custody.h"
#include "transport/package_bag_internal.h"
#include "transport/package_input_internal.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

enum { BUFFER_BYTES = 1 << 20, KEPT_MAX = PACKAGE_ITEMS_MAX + 4 };
#define TAGS_BYTES_MAX ((size_t)256 << 20)
#define MANIFESTS_BYTES_MAX                                                                        \
    ((size_t)64 << 20) /* of all items; one that several have counts often */

/* A tag file that something is read from later. */
struct kept {
    char *path;
    uint8_t *data;
    size_t size_bytes;
};

struct reader {
    struct package_input *in;
    const struct package_visitor *visitor;
    const uint8_t *key;
    struct ex_progress *progress;
    struct package_report *report;
    struct package_bag *bag;
    struct kept *kept;
    size_t kept_count, kept_capacity, tags_bytes, manifests_bytes;
    bool *seen; /* one for each item: its payload came; then for each file of an image */
    /* the member that is being read */
    uint64_t left_bytes;
    struct sha256 linear;
    struct object_hasher *hasher;           /* NULL: of no item */
    const struct vault_object_info *object; /* of it */
    uint64_t offset_bytes;
    size_t range;  /* the next one that could not be read */
    bool not_zero; /* and one of them holds something all the same */
    uint8_t *buffer;
};

static void find(struct package_report *r, enum package_claim claim, const char *format, ...)
    EX_PRINTF(3, 4);
static void find(struct package_report *r, enum package_claim claim, const char *format, ...) {
    if (r->finding_count[claim] < PACKAGE_FINDINGS_MAX) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(r->finding[claim][r->finding_count[claim]], sizeof r->finding[0][0], format,
                        args);
        va_end(args);
    }
    r->finding_count[claim]++;
}

void package_report_clear(struct package_report *r) {
    for (size_t i = 0; r->object != NULL && i < r->head.item_count; i++)
        vault_object_info_clear(&r->object[i]);
    free(r->object);
    free(r->begun);
    excerpt_free(r->excerpt);
    history_free(r->history);
    package_head_clear(&r->head);
    *r = (struct package_report){0};
}

/* ---- the head: from the tag files ---- */

static const struct kept *kept_find(const struct reader *r, const char *path) {
    for (size_t i = 0; i < r->kept_count; i++)
        if (strcmp(r->kept[i].path, path) == 0)
            return &r->kept[i];
    return NULL;
}

static ex_code read_head(struct reader *r, struct ex_error *err) {
    struct package_report *to = r->report;
    const struct kept *head = kept_find(r, "exhibit/package");
    if (head == NULL)
        return ex_hint(
            ex_fail(err, EX_MISSING, "it has no file exhibit/package before its payload"), err,
            "this is not a package of Exhibit, or something in it was taken away");
    EX_TRY(package_head_parse((const char *)head->data, head->size_bytes, &to->head, err));
    to->has_head = true;
    size_t count = to->head.item_count;
    EX_TRY(ex_alloc(count, sizeof *to->object, EX_LIMIT_PACK_BYTES, "the items of a package",
                    &to->object, err));
    EX_TRY(ex_alloc(count, sizeof *to->begun, EX_LIMIT_PACK_BYTES, "the items of a package",
                    &to->begun, err));
    return ex_alloc(count + to->head.image_count, sizeof *r->seen, EX_LIMIT_PACK_BYTES,
                    "the items of a package", &r->seen, err);
}

static ex_code read_manifest(struct reader *r, size_t n, struct ex_error *err) {
    const struct package_item *item = &r->report->head.item[n];
    char path[128], hex[SHA256_HEX_BYTES];
    struct ex_error why;
    (void)snprintf(path, sizeof path, "exhibit/objects/%s",
                   ex_hex(hex, item->object, sizeof item->object));
    const struct kept *k = kept_find(r, path);
    if (k == NULL) {
        find(r->report, PACKAGE_CONTENT, "%s: its manifest is missing", item->path);
        return EX_OK;
    }
    if (k->size_bytes > MANIFESTS_BYTES_MAX - r->manifests_bytes)
        return ex_fail(err, EX_LIMIT, "the manifests of the package's items are larger than %zu",
                       MANIFESTS_BYTES_MAX);
    r->manifests_bytes += k->size_bytes;
    if (manifest_parse(k->data, k->size_bytes, &r->report->object[n], &why) != EX_OK) {
        find(r->report, PACKAGE_CONTENT, "%s: %.120s", path, why.text);
        return EX_OK;
    }
    if (memcmp(r->report->object[n].id, item->object, sizeof item->object) == 0)
        return EX_OK;
    find(r->report, PACKAGE_CONTENT, "%s: its SHA-256 is not its name", path);
    vault_object_info_clear(&r->report->object[n]);
    r->report->object[n] = (struct vault_object_info){0};
    return EX_OK;
}

/* Does the excerpt begin the custody of this item, with its object, and has it not ended? */
static void judge_item(struct package_report *r, size_t n) {
    const struct package_item *i = &r->head.item[n];
    const struct custody_item *c = custody_find(r->history, i->id);
    const struct custody_handover *o = c != NULL ? custody_open(c) : NULL;
    r->begun[n] = c != NULL && c->physical == i->physical &&
                  (i->physical || memcmp(c->object_id, i->object, sizeof i->object) == 0);
    if (!r->begun[n])
        find(r, PACKAGE_HISTORY, "no entry of the excerpt began item %zu of exhibit/package",
             n + 1);
    else if (c->ended != 0)
        find(r, PACKAGE_HISTORY, "item %zu of exhibit/package was disposed of by entry %" PRIu64,
             n + 1, c->ended);
    else if (r->head.has_handover && (o == NULL || o->way != CUSTODY_OUT ||
                                      memcmp(o->id, r->head.handover, sizeof o->id) != 0))
        find(r, PACKAGE_HISTORY,
             "no entry of the excerpt offers item %zu by the hand-over of exhibit/package", n + 1);
}

static bool head_names(const struct package_head *h, const uint8_t *item_id) {
    for (size_t n = 0; n < h->item_count; n++)
        if (memcmp(h->item[n].id, item_id, ENTRY_ID_BYTES) == 0)
            return true;
    return false;
}

/* §4.3: nobody may leave an item out of the list whose beginning the excerpt shows. The first one
 * is enough, and is met within one more record than there are lines. */
static void judge_others(struct package_report *r) {
    const struct custody_item *c;
    for (size_t i = 0; (c = custody_at(r->history, i)) != NULL; i++) {
        if (head_names(&r->head, c->id))
            continue;
        find(r, PACKAGE_CONTENT,
             "exhibit/package does not name the item that entry %" PRIu64 " of the excerpt began",
             c->begun);
        return;
    }
}

static void tell_excerpt(struct package_report *r) {
    const struct excerpt_report *x = &r->checked;
    for (size_t i = 0; i < x->problem_count && i < EXCERPT_PROBLEMS_MAX; i++)
        find(r, PACKAGE_HISTORY, "%.160s", x->problem[i]);
    for (size_t i = 0; i < x->history.text_count && i < HISTORY_TEXTS_MAX; i++)
        find(r, PACKAGE_SIGNERS, "%.160s", x->history.text[i]);
    for (size_t n = 0; n < r->head.item_count; n++)
        judge_item(r, n);
    judge_others(r);
    const struct history_officer *o = history_officer(r->history, r->head.officer);
    if (o == NULL)
        find(r, PACKAGE_SIGNERS, "the officer of exhibit/package is not enrolled in the excerpt");
    else if (o->retired_at != 0)
        find(r, PACKAGE_SIGNERS, "the officer of exhibit/package was retired by entry %" PRIu64,
             o->retired_at);
}

static ex_code read_excerpt(struct reader *r, struct ex_error *err) {
    struct package_report *to = r->report;
    const struct kept *k = kept_find(r, "exhibit/excerpt");
    struct ex_error why;
    to->key_given = r->key != NULL;
    to->other_key =
        r->key != NULL && memcmp(r->key, to->head.vault_key, sizeof to->head.vault_key) != 0;
    if (to->other_key)
        find(to, PACKAGE_SIGNERS, "the package names another vault's key than the one given");
    if (k == NULL) {
        find(to, PACKAGE_HISTORY, "exhibit/excerpt is missing");
        return EX_OK;
    }
    if (excerpt_parse((const char *)k->data, k->size_bytes, &to->excerpt, &why) != EX_OK) {
        find(to, PACKAGE_HISTORY, "exhibit/excerpt: %.150s", why.text);
        return EX_OK;
    }
    if (memcmp(excerpt_key(to->excerpt), to->head.vault_key, SIGN_PUBLIC_BYTES) != 0 ||
        strcmp(excerpt_origin(to->excerpt), to->head.origin) != 0)
        find(to, PACKAGE_HISTORY, "exhibit/package and exhibit/excerpt are of two ledgers");
    EX_TRY(excerpt_check(to->excerpt, to->head.vault_key, NULL, NULL, NULL, &to->checked,
                         &to->history, err));
    tell_excerpt(to);
    return EX_OK;
}

/* The texts for stock tools say what the manifests and the excerpt say (§4.2): who checks by hand
 * must not come to another end. */
static ex_code judge_texts(struct reader *r, struct ex_error *err) {
    struct package_report *to = r->report;
    const struct history_officer *o =
        to->history != NULL ? history_officer(to->history, to->head.officer) : NULL;
    const struct kept *pub = kept_find(r, "officer.pub");
    const struct kept *fsverity = kept_find(r, "fsverity-sha256.txt");
    EX_AUTO_FREE char *expected = NULL;
    struct minisign_key key;
    char text[MINISIGN_KEY_TEXT_BYTES];
    size_t size;
    EX_TRY(package_fsverity_text(&to->head, to->object, &expected, &size, err));
    if (fsverity == NULL || fsverity->size_bytes != size ||
        memcmp(fsverity->data, expected, size) != 0)
        find(to, PACKAGE_CONTENT, "fsverity-sha256.txt does not say what the manifests say");
    if (o == NULL)
        return EX_OK;
    minisign_key_make(o->key, &key);
    (void)minisign_key_text(&key, text);
    if (pub == NULL || pub->size_bytes != strlen(text) ||
        memcmp(pub->data, text, strlen(text)) != 0)
        find(to, PACKAGE_SIGNERS, "officer.pub is not the key of the officer in the excerpt");
    return EX_OK;
}

static ex_code judge_head(struct reader *r, struct ex_error *err) {
    if (r->report->has_head)
        return EX_OK;
    EX_TRY(read_head(r, err));
    for (size_t n = 0; n < r->report->head.item_count; n++)
        if (!r->report->head.item[n].physical)
            EX_TRY(read_manifest(r, n, err));
    EX_TRY(read_excerpt(r, err));
    EX_TRY(judge_texts(r, err));
    if (r->visitor->head != NULL)
        return r->visitor->head(r->visitor->context, r->report, err);
    return EX_OK;
}

/* ---- members ---- */

static bool all_zero(const uint8_t *data, uint64_t size_bytes) {
    return size_bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, size_bytes - 1) == 0);
}

/* What could not be read stands as zeros, and nobody may smuggle anything in under that name. */
static void look_at_gaps(struct reader *r, const uint8_t *data, size_t size_bytes) {
    uint64_t begin = r->offset_bytes, end = begin + size_bytes;
    r->offset_bytes = end;
    for (; r->range < r->object->unreadable_count; r->range++) {
        const struct source_range *gap = &r->object->unreadable[r->range];
        uint64_t from = gap->offset > begin ? gap->offset : begin, to = gap->offset + gap->length;
        if (from >= end)
            return;
        uint64_t until = to < end ? to : end;
        r->not_zero = r->not_zero || !all_zero(data + (from - begin), until - from);
        if (to > end)
            return; /* it goes on */
    }
}

static ex_code pull(void *context, uint8_t *to, size_t size_bytes, size_t *ret_got,
                    struct ex_error *err) {
    struct reader *r = context;
    size_t want = size_bytes < r->left_bytes ? size_bytes : (size_t)r->left_bytes;
    *ret_got = 0;
    if (want == 0)
        return EX_OK;
    EX_TRY(r->in->read(r->in, to, want, ret_got, err));
    if (*ret_got == 0)
        return ex_fail(err, EX_ALTERED, "a file in the package ends before its size");
    r->left_bytes -= *ret_got;
    if (r->hasher != NULL) {
        EX_TRY(object_hasher_add(r->hasher, to, *ret_got, err));
        look_at_gaps(r, to, *ret_got);
    } else {
        sha256_add(&r->linear, to, *ret_got);
    }
    return ex_progress_step(r->progress, *ret_got, err);
}

static ex_code drain(struct reader *r, struct ex_error *err) {
    while (r->left_bytes > 0) {
        size_t got;
        EX_TRY(pull(r, r->buffer, BUFFER_BYTES, &got, err));
    }
    return EX_OK;
}

static bool is_read_later(const char *path) {
    return strncmp(path, "exhibit/", 8) == 0 || strcmp(path, "fsverity-sha256.txt") == 0 ||
           strcmp(path, "officer.pub") == 0;
}

static ex_code keep(struct reader *r, const char *path, uint8_t **data, size_t size_bytes,
                    struct ex_error *err) {
    EX_TRY(ex_grow(&r->kept, &r->kept_capacity, r->kept_count + 1, sizeof *r->kept,
                   KEPT_MAX * sizeof *r->kept, "the files in exhibit/", err));
    r->kept[r->kept_count++] = (struct kept){ex_strdup(path), ex_steal(data), size_bytes};
    return EX_OK;
}

static ex_code keep_tag(struct reader *r, const char *path, uint64_t size, struct ex_error *err) {
    uint8_t sha256[SHA256_BYTES];
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t used = 0, got;
    if (r->report->has_head)
        return ex_fail(err, EX_FORMAT, "\"%.100s\" comes behind the payload", path);
    if (size > TAGS_BYTES_MAX - r->tags_bytes)
        return ex_fail(err, EX_LIMIT,
                       "the files that describe the package are larger than %zu bytes",
                       TAGS_BYTES_MAX);
    r->tags_bytes += (size_t)size;
    EX_TRY(ex_alloc((size_t)size + 1, 1, TAGS_BYTES_MAX + 1, path, &data, err));
    while (r->left_bytes > 0) {
        EX_TRY(pull(r, data + used, (size_t)size - used, &got, err));
        used += got;
    }
    sha256_end(&r->linear, sha256);
    EX_TRY(package_bag_add(r->bag, path, data, (size_t)size, sha256, err));
    if (r->visitor->tag != NULL)
        EX_TRY(r->visitor->tag(r->visitor->context, path, data, (size_t)size, err));
    return is_read_later(path) ? keep(r, path, &data, (size_t)size, err) : EX_OK;
}

static void judge_payload(struct reader *r, size_t n, const struct object_digests *d) {
    const struct vault_object_info *o = &r->report->object[n];
    const char *path = r->report->head.item[n].path;
    static const uint8_t none[SHA256_BYTES];
    if (memcmp(o->id, none, sizeof none) == 0)
        return; /* without a manifest: said already */
    if (d->size_bytes != o->size_bytes)
        find(r->report, PACKAGE_CONTENT, "%s: %" PRIu64 " bytes, not %" PRIu64, path, d->size_bytes,
             o->size_bytes);
    else if (memcmp(d->sha256, o->sha256, SHA256_BYTES) != 0)
        find(r->report, PACKAGE_CONTENT, "%s: its SHA-256 is not its manifest's", path);
    else if (r->not_zero)
        find(r->report, PACKAGE_CONTENT,
             "%s: it holds something where its manifest says that nothing could be read", path);
    else if (!object_digests_match(d, o))
        find(r->report, PACKAGE_CONTENT,
             "%s: its fs-verity digest or salted root is not its manifest's", path);
    else
        r->report->items_good++;
}

/* Payload that is no item. */
static void note_other(struct reader *r, const char *path) {
    const struct package_head *h = &r->report->head;
    const struct package_image *image = package_head_find_image(h, path);
    if (image == NULL) {
        find(r->report, PACKAGE_CONTENT, "%.120s is no item of exhibit/package", path);
        return;
    }
    r->seen[h->item_count + (size_t)(image - h->image)] = true;
    r->report->image_files++;
}

static ex_code read_payload(struct reader *r, const char *path, uint64_t size,
                            struct ex_error *err) {
    EX_AUTO(object_hasher_free) struct object_hasher *hasher = NULL;
    struct object_digests d = {0};
    EX_TRY(judge_head(r, err));
    const struct package_item *item = package_head_find(&r->report->head, path);
    size_t n = item != NULL ? (size_t)(item - r->report->head.item) : SIZE_MAX;
    if (item == NULL)
        note_other(r, path);
    else {
        EX_TRY(object_hasher_new(r->report->object[n].salted_key, &hasher, err));
        r->seen[n] = true;
    }
    r->hasher = hasher;
    r->object = item != NULL ? &r->report->object[n] : NULL;
    r->offset_bytes = r->range = 0;
    r->not_zero = false;
    ex_code code = EX_OK;
    if (r->visitor->payload != NULL)
        code = r->visitor->payload(r->visitor->context, path, n, size, pull, r, err);
    if (code == EX_OK)
        code = drain(r, err);
    r->hasher = NULL;
    EX_TRY(code);
    if (hasher != NULL) {
        EX_TRY(object_hasher_end(hasher, &d, err));
        judge_payload(r, n, &d);
    } else {
        sha256_end(&r->linear, d.sha256);
    }
    r->report->payload_files++;
    r->report->payload_bytes += size;
    return package_bag_add(r->bag, path, NULL, size, d.sha256, err);
}

static ex_code read_member(struct reader *r, const char *path, uint64_t size,
                           struct ex_error *err) {
    char copy[PACKAGE_PATH_MAX + 1];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return ex_fail(err, EX_LIMIT, "a path in the package is too long");
    r->left_bytes = size;
    r->report->files++;
    sha256_start(&r->linear);
    return strncmp(copy, "data/", 5) == 0 ? read_payload(r, copy, size, err)
                                          : keep_tag(r, copy, size, err);
}

static void tell_bag(void *context, const char *text) {
    find(context, PACKAGE_CONTENT, "%.190s", text);
}

static void find_missing(struct reader *r) {
    const struct package_head *h = &r->report->head;
    for (size_t n = 0; n < h->item_count; n++)
        if (!h->item[n].physical && !r->seen[n])
            find(r->report, PACKAGE_CONTENT, "%s is missing", h->item[n].path);
    for (size_t n = 0; n < h->image_count; n++)
        if (!r->seen[h->item_count + n])
            find(r->report, PACKAGE_CONTENT, "%s is missing", h->image[n].path);
}

static ex_code read_all(struct reader *r, struct ex_error *err) {
    bool end = false;
    EX_TRY(package_bag_new(&r->bag, err));
    r->buffer = ex_new0_bytes(BUFFER_BYTES);
    for (;;) {
        const char *path;
        uint64_t size;
        EX_TRY(r->in->next(r->in, &path, &size, &end, err));
        if (end)
            break;
        EX_TRY(read_member(r, path, size, err));
    }
    EX_TRY(judge_head(r, err));
    find_missing(r);
    return package_bag_judge(r->bag, tell_bag, r->report, err);
}

static ex_code run(struct package_input *in, const uint8_t *key,
                   const struct package_visitor *visitor, struct ex_progress *progress,
                   struct package_report *ret, struct ex_error *err) {
    static const struct package_visitor nobody;
    struct reader r = {.in = in,
                       .visitor = visitor != NULL ? visitor : &nobody,
                       .key = key,
                       .progress = progress,
                       .report = ret};
    ex_code code = read_all(&r, err);
    for (size_t i = 0; i < r.kept_count; i++) {
        free(r.kept[i].path);
        free(r.kept[i].data);
    }
    free(r.kept);
    free(r.seen);
    free(r.buffer);
    package_bag_free(r.bag);
    return code;
}

ex_code package_read_file(const char *path, const struct age_identities *identities,
                          const uint8_t *sha256, const uint8_t *key,
                          const struct package_visitor *visitor, struct ex_progress *progress,
                          struct package_report *ret, struct ex_error *err) {
    EX_AUTO(package_input_close) struct package_input *in = NULL;
    EX_TRY(package_input_file(path, identities, sha256, &in, err));
    return run(in, key, visitor, progress, ret, err);
}

ex_code package_read_dir(const char *path, const uint8_t *key,
                         const struct package_visitor *visitor, struct ex_progress *progress,
                         struct package_report *ret, struct ex_error *err) {
    EX_AUTO(package_input_close) struct package_input *in = NULL;
    EX_TRY(package_input_dir(path, &in, err));
    return run(in, key, visitor, progress, ret, err);
}
