/* SPDX-License-Identifier: Apache-2.0 */
/* Takes in the files of a bag; bagit_judge.c compares them with what the bag says. */
#include "formats/bagit_internal.h"

#include <stdio.h>

ex_code bagit_check_new(unsigned algorithms, struct bagit_check **ret, struct ex_error *err) {
    struct bagit_check *c;
    struct bagit_report *r;
    EX_TRY(ex_alloc(1, sizeof *c, sizeof *c, "a bag's checker", &c, err));
    c->algorithms = algorithms & (BAGIT_BIT(BAGIT_ALGORITHMS) - 1);
    c->paths = path_set_new();
    r = ex_new0(struct bagit_report);
    c->report = r;
    *ret = c;
    return EX_OK;
}

static void row_free(struct bagit_row *row) {
    free(row->path);
    free(row->digests);
    free(row);
}

void bagit_check_free(struct bagit_check *c) {
    struct bagit_row *row, *next;
    if (c == NULL)
        return;
    HASH_ITER(hh, c->rows, row, next) {
        HASH_DEL(c->rows, row);
        row_free(row);
    }
    for (size_t i = 0; i < c->kept_count; i++)
        free(c->kept[i].data);
    path_set_free(c->paths);
    bagit_report_free(c->report);
    free(c);
}

/* ---- rows ---- */

static struct bagit_row *find_row(const struct bagit_check *c, const char *path) {
    struct bagit_row *row;
    HASH_FIND(hh, c->rows, path, strlen(path), row);
    return row;
}

const struct bagit_row *bagit_row_find(const struct bagit_check *c, const char *path) {
    return find_row(c, path);
}

/* Twice as many as files: some may be listed and not there. */
static ex_code new_row(struct bagit_check *c, const char *path, struct bagit_row **ret,
                       struct ex_error *err) {
    bool oom = false;
    struct bagit_row *row = NULL;
    if (c->row_count >= 2 * (size_t)BAGIT_FILES_MAX)
        return ex_fail(err, EX_LIMIT, "the bag has over %d files", BAGIT_FILES_MAX);
    EX_TRY(ex_alloc(1, sizeof *row, sizeof *row, "the files of a bag", &row, err));
    row->path = strdup(path);
    if (row->path != NULL)
        HASH_ADD_KEYPTR(hh, c->rows, row->path, strlen(row->path), row);
    if (row->path == NULL || oom) {
        row_free(row);
        return ex_fail(err, EX_NOMEM, "no memory for the files of a bag");
    }
    c->row_count++;
    *ret = row;
    return EX_OK;
}

ex_code bagit_row_get(struct bagit_check *c, const char *path, struct bagit_row **ret,
                      struct ex_error *err) {
    *ret = find_row(c, path);
    return *ret != NULL ? EX_OK : new_row(c, path, ret, err);
}

/* ---- names ---- */

/* *ret_fine is false when the name may not stand in a bag, with a finding. */
static ex_code check_name(struct bagit_check *c, const char *path, size_t size, bool *ret_fine,
                          struct ex_error *err) {
    unsigned faults = path_faults(path, size) & ~(unsigned)PATH_NOT_ASCII;
    *ret_fine = (faults & BAGIT_GRAVE) == 0;
    if (faults == 0)
        return EX_OK;
    return bagit_find(c->report, *ret_fine ? BAGIT_WARNING : BAGIT_INVALID, BAGIT_NAME, path, size,
                      err, "%s", path_fault_text(faults));
}

/* *ret_fine is false when the very name is there already, or as a directory. */
static ex_code check_others(struct bagit_check *c, const char *path, bool directory, bool *ret_fine,
                            struct ex_error *err) {
    enum path_known known;
    const char *other;
    char printed[100];
    EX_TRY(path_set_add(c->paths, path, directory, &known, &other, err));
    *ret_fine = known == PATH_NEW || known == PATH_OTHER_CASE;
    size_t size = strlen(path);
    if (known == PATH_TWICE && !directory)
        return bagit_find(c->report, BAGIT_INVALID, BAGIT_NAMES_MEET, path, size, err,
                          "is there twice");
    if (known == PATH_FILE_AND_FOLDER)
        return bagit_find(c->report, BAGIT_INVALID, BAGIT_NAMES_MEET, path, size, err,
                          "is there as a file and as a directory");
    if (known == PATH_OTHER_CASE)
        return bagit_find(c->report, BAGIT_WARNING, BAGIT_NAMES_MEET, path, size, err,
                          "is one with \"%s\" on many systems",
                          path_print(printed, sizeof printed, other, strlen(other)));
    return EX_OK;
}

/* A row for a file that is there; *ret NULL when its name keeps it out. */
static ex_code arrive(struct bagit_check *c, const char *path, size_t size, struct bagit_row **ret,
                      struct ex_error *err) {
    char name[BAGIT_PATH_BYTES_MAX + 1];
    bool fine;
    *ret = NULL;
    EX_TRY(check_name(c, path, size, &fine, err));
    if (!fine)
        return EX_OK;
    memcpy(name, path, size);
    name[size] = '\0';
    EX_TRY(check_others(c, name, false, &fine, err));
    if (!fine)
        return EX_OK;
    EX_TRY(bagit_row_get(c, name, ret, err));
    (*ret)->present = true;
    return EX_OK;
}

ex_code bagit_check_directory(struct bagit_check *c, const char *path, size_t path_bytes,
                              struct ex_error *err) {
    char name[BAGIT_PATH_BYTES_MAX + 1];
    bool fine;
    EX_TRY(check_name(c, path, path_bytes, &fine, err));
    if (!fine)
        return EX_OK;
    memcpy(name, path, path_bytes);
    name[path_bytes] = '\0';
    c->has_payload_directory |= strcmp(name, "data") == 0;
    return check_others(c, name, true, &fine, err);
}

ex_code bagit_check_refused(struct bagit_check *c, const char *path, size_t path_bytes,
                            const char *why, struct ex_error *err) {
    return bagit_find(c->report, BAGIT_INVALID, BAGIT_NOT_A_FILE, path, path_bytes, err, "%s", why);
}

/* ---- text of tag files ---- */

bool bagit_needs_text(const char *path) {
    bool tag;
    enum bagit_algorithm a;
    if (bagit_manifest_name(path, &tag, &a))
        return a != BAGIT_ALGORITHMS;
    return strcmp(path, "bagit.txt") == 0 || strcmp(path, "bag-info.txt") == 0 ||
           strcmp(path, "fetch.txt") == 0;
}

const struct bagit_kept *bagit_kept_find(const struct bagit_check *c, const char *name) {
    for (size_t i = 0; i < c->kept_count; i++)
        if (strcmp(c->kept[i].name, name) == 0)
            return &c->kept[i];
    return NULL;
}

/* There are as many places as names, and no name arrives twice. */
static struct bagit_kept *keep(struct bagit_check *c, const char *path) {
    bool tag;
    enum bagit_algorithm a;
    if (!bagit_needs_text(path) || c->kept_count == BAGIT_KEPT_MAX)
        return NULL;
    if (bagit_manifest_name(path, &tag, &a))
        c->algorithms |= BAGIT_BIT(a);
    struct bagit_kept *k = &c->kept[c->kept_count++];
    (void)snprintf(k->name, sizeof k->name, "%s", path);
    return k;
}

/* ---- files ---- */

ex_code bagit_check_begin(struct bagit_check *c, const char *path, size_t path_bytes,
                          struct ex_error *err) {
    if (c->open)
        return ex_fail(err, EX_USAGE, "a file of the bag is still open");
    EX_TRY(arrive(c, path, path_bytes, &c->row, err));
    c->open = true;
    c->keep = c->row == NULL ? NULL : keep(c, c->row->path);
    bagit_hash_start(&c->hash, c->algorithms);
    return EX_OK;
}

ex_code bagit_check_data(struct bagit_check *c, const void *data, size_t size_bytes,
                         struct ex_error *err) {
    struct bagit_kept *k = c->keep;
    if (!c->open)
        return ex_fail(err, EX_USAGE, "no file of the bag is open");
    if (c->row == NULL || size_bytes == 0)
        return EX_OK;
    bagit_hash_add(&c->hash, data, size_bytes);
    c->row->size_bytes += size_bytes;
    if (k == NULL)
        return EX_OK;
    EX_TRY(ex_grow(&k->data, &k->capacity, k->size + size_bytes, 1, BAGIT_TAG_FILE_BYTES_MAX,
                   k->name, err));
    memcpy(k->data + k->size, data, size_bytes);
    k->size += size_bytes;
    return EX_OK;
}

ex_code bagit_check_end(struct bagit_check *c, struct ex_error *err) {
    struct bagit_row *row = c->row;
    if (!c->open)
        return ex_fail(err, EX_USAGE, "no file of the bag is open");
    c->open = false;
    c->keep = NULL;
    if (row == NULL)
        return EX_OK;
    size_t bytes = bagit_digests_bytes(c->hash.algorithms);
    EX_TRY(ex_alloc(1, bytes, bytes, "the hashes of a bag", &row->digests, err));
    bagit_hash_end(&c->hash, row->digests);
    row->algorithms = c->hash.algorithms;
    row->hashed = true;
    return EX_OK;
}

ex_code bagit_check_hashed(struct bagit_check *c, const char *path, size_t path_bytes,
                           uint64_t size_bytes, const uint8_t sha256[static 32],
                           struct ex_error *err) {
    struct bagit_row *row;
    if (c->open)
        return ex_fail(err, EX_USAGE, "a file of the bag is still open");
    EX_TRY(arrive(c, path, path_bytes, &row, err));
    if (row == NULL)
        return EX_OK;
    if (bagit_needs_text(row->path))
        return ex_fail(err, EX_USAGE, "the text of \"%s\" is needed", row->path);
    EX_TRY(ex_alloc(1, 32, 32, "the hashes of a bag", &row->digests, err));
    memcpy(row->digests, sha256, 32);
    row->algorithms = BAGIT_BIT(BAGIT_SHA256);
    row->size_bytes = size_bytes;
    row->hashed = true;
    return EX_OK;
}

ex_code bagit_check_unread(struct bagit_check *c, const char *path, size_t path_bytes,
                           const char *why, struct ex_error *err) {
    struct bagit_row *row = c->row;
    if (!c->open)
        EX_TRY(arrive(c, path, path_bytes, &row, err));
    else if (c->keep != NULL)
        c->keep->name[0] = '\0'; /* half a text is none */
    c->open = false;
    c->keep = NULL;
    c->unread = true;
    return bagit_find(c->report, BAGIT_NOT_CHECKED, BAGIT_NOT_READ, path, path_bytes, err,
                      "could not be read: %s", why);
}
