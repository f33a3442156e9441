/* SPDX-License-Identifier: Apache-2.0 */
/* What says of itself that it is in a folder, and is not in the lists that the folder has: a store
 * in which only a list was changed still has it, and no mail program shows it. */
#include "parsers/pst/pst_internal.h"

struct ids {
    uint32_t *id; /* free() */
    size_t count;
};
typedef int get_fn(libpff_item_t *folder, int index, libpff_item_t **ret, libpff_error_t **error);
typedef int count_fn(libpff_item_t *folder, int *ret, libpff_error_t **error);

static int compare(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* 0: it has none. */
static uint32_t id_of(get_fn *get, libpff_item_t *folder, int index) {
    libpff_item_t *item = NULL;
    uint32_t id = 0;
    if (get(folder, index, &item, NULL) == 1 && libpff_item_get_identifier(item, &id, NULL) != 1)
        id = 0;
    if (item != NULL)
        (void)libpff_item_free(&item, NULL);
    return id;
}

/* What one of its lists names; of one that cannot be read, nothing. `folders`: nothing else, for
 * libpff gives whatever is in a search folder as one. */
static ex_code add_list(struct ids *to, libpff_item_t *folder, count_fn *count_of, get_fn *get,
                        bool folders, struct ex_error *err) {
    int count = 0;
    if (count_of(folder, &count, NULL) != 1 || count <= 0)
        return EX_OK;
    if ((size_t)count > PST_COMPARED_MAX - to->count)
        return ex_fail(err, EX_LIMIT, "more than %d are in its lists", PST_COMPARED_MAX);
    for (int i = 0; i < count; i++) {
        to->id[to->count] = id_of(get, folder, i);
        to->count += !folders || pst_is_folder(to->id[to->count]);
    }
    return EX_OK;
}

static ex_code take_lists(struct ids *to, libpff_item_t *folder, struct ex_error *err) {
    EX_TRY(ex_alloc(PST_COMPARED_MAX, sizeof *to->id, PST_COMPARED_MAX * sizeof *to->id,
                    "numbers of what is in a folder", &to->id, err));
    EX_TRY(add_list(to, folder, libpff_folder_get_number_of_sub_folders,
                    libpff_folder_get_sub_folder, true, err));
    EX_TRY(add_list(to, folder, libpff_folder_get_number_of_sub_messages,
                    libpff_folder_get_sub_message, false, err));
    EX_TRY(add_list(to, folder, libpff_folder_get_number_of_sub_associated_contents,
                    libpff_folder_get_sub_associated_content, false, err));
    qsort(to->id, to->count, sizeof *to->id, compare);
    return EX_OK;
}

static ex_code tell_folder(struct pst *p, libpff_item_t *folder, int index, uint32_t id,
                           struct ex_error *err) {
    libpff_item_t *inner = NULL;
    char key[PST_KEY_BYTES];
    const struct finding f = {.key = key, .unlisted = true};
    (void)snprintf(key, sizeof key, "f%u", id);
    if (libpff_item_get_sub_item(folder, index, &inner, NULL) != 1)
        return EX_OK; /* it was there just now */
    ex_code code = folder_tell(p, inner, &f, false, err);
    (void)libpff_item_free(&inner, NULL);
    return code;
}

static ex_code tell_others(struct pst *p, libpff_item_t *folder, uint32_t folder_id,
                           const struct ids *listed, int count, struct ex_error *err) {
    for (int i = 0; i < count; i++) {
        uint32_t id = id_of(libpff_item_get_sub_item, folder, i), type = id & PST_NODE_TYPE;
        char unit[PST_KEY_BYTES];
        if (id == 0 || bsearch(&id, listed->id, listed->count, sizeof id, compare) != NULL)
            continue;
        if (pst_is_folder(id))
            EX_TRY(tell_folder(p, folder, i, id, err));
        (void)snprintf(unit, sizeof unit, "u%u.%d", folder_id, i);
        if (type == PST_NODE_MESSAGE || type == PST_NODE_ASSOCIATED)
            EX_TRY(parser_unit(p->run, 0, unit, strlen(unit), false, err));
    }
    return EX_OK;
}

ex_code unlisted_tell(struct pst *p, libpff_item_t *folder, uint32_t id, struct ex_error *err) {
    struct ids listed = {0};
    struct ex_error why = {0};
    int count = 0;
    if (libpff_item_get_number_of_sub_items(folder, &count, NULL) != 1 || count <= 0)
        return EX_OK;
    ex_code code = take_lists(&listed, folder, &why);
    if (code == EX_OK && count > PST_COMPARED_MAX)
        code = ex_fail(&why, EX_LIMIT, "more than %d say that they are in it", PST_COMPARED_MAX);
    code = code == EX_OK ? tell_others(p, folder, id, &listed, count, err)
                         : parser_trace_problem(p->run, 0, "unlisted", &why, err);
    free(listed.id);
    return code;
}
