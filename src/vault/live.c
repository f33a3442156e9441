/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries of which packs the objects of a vault need: format/vault §9.1. */
#include "vault/compact_internal.h"

#include <fcntl.h>
#include <sys/stat.h>

/* ---- the packs ---- */

static int by_pack_id(const void *a, const void *b) {
    return memcmp(a, b, VAULT_PACK_ID_BYTES);
}

struct live_pack *live_find_pack(struct live *l, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    return l->count == 0 ? NULL : bsearch(id, l->pack, l->count, sizeof *l->pack, by_pack_id);
}

static bool read_list(const struct vault *v, const uint8_t *id, struct pack_list *ret,
                      uint64_t *ret_file_bytes) {
    char name[PACK_NAME_BYTES];
    struct stat st;
    EX_AUTO_FD int fd = -1;
    pack_name(name, id);
    if (ex_open_at(v->packs_fd, name, O_RDONLY | O_NONBLOCK, &fd, NULL) != EX_OK ||
        fstat(fd, &st) != 0 || pack_list_read(fd, v, name, ret, NULL) != EX_OK)
        return false;
    *ret_file_bytes = (uint64_t)st.st_size;
    if (memcmp(ret->id, id, VAULT_PACK_ID_BYTES) == 0)
        return true;
    pack_list_clear(ret);
    return false;
}

const struct pack_list *live_list(struct live *l, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    struct live_list *oldest = &l->list[0];
    struct pack_list list;
    uint64_t file_bytes;
    for (size_t i = 0; i < LIVE_LISTS; i++) {
        struct live_list *k = &l->list[i];
        if (k->used != 0 && memcmp(k->list.id, id, VAULT_PACK_ID_BYTES) == 0) {
            k->used = ++l->clock;
            return &k->list;
        }
        oldest = k->used < oldest->used ? k : oldest;
    }
    if (!read_list(l->vault, id, &list, &file_bytes))
        return NULL;
    pack_list_clear(&oldest->list);
    *oldest = (struct live_list){.list = list, .used = ++l->clock};
    return &oldest->list;
}

static ex_code bits_new(uint32_t count, uint8_t **ret, struct ex_error *err) {
    return ex_alloc(count / 8 + 1, 1, EX_LIMIT_PACK_BYTES, "the entries of a pack", ret, err);
}

struct listing {
    struct live *live;
    struct ex_progress *progress;
};

static ex_code add_pack(void *context, const char *name,
                        const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct listing *g = context;
    struct live *l = g->live;
    struct pack_list list = {0};
    struct stat st;
    EX_TRY(ex_grow(&l->pack, &l->capacity, l->count + 1, sizeof *l->pack, EX_LIMIT_PACK_BYTES,
                   "the list of packs", err));
    struct live_pack *p = &l->pack[l->count++];
    *p = (struct live_pack){0};
    memcpy(p->id, id, sizeof p->id);
    if (read_list(l->vault, id, &list, &p->file_bytes)) {
        p->entries = (uint32_t)list.entry_count;
        p->read_back_ns = list.read_back_ns;
        for (size_t i = 0; i < list.entry_count; i++)
            p->plain_bytes += list.entry[i].length;
        pack_list_clear(&list);
        EX_TRY(bits_new(p->entries, &p->live, err));
    } else if (fstatat(l->vault->packs_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        p->file_bytes = (uint64_t)st.st_size;
    }
    return ex_progress_step(g->progress, 0, err);
}

ex_code live_open(struct live *l, struct vault *v, struct ex_progress *progress,
                  struct ex_error *err) {
    struct listing g = {.live = l, .progress = progress};
    *l = (struct live){.vault = v};
    EX_TRY(fetcher_open(v, &l->fetcher, err));
    EX_TRY(pack_each(v, add_pack, &g, err));
    if (l->count > 0)
        qsort(l->pack, l->count, sizeof *l->pack, by_pack_id);
    return EX_OK;
}

void live_close(struct live *l) {
    if (l->vault != NULL)
        fetcher_close(&l->fetcher);
    for (size_t i = 0; i < l->count; i++) {
        free(l->pack[i].live);
        free(l->pack[i].own);
    }
    for (size_t i = 0; i < LIVE_LISTS; i++)
        pack_list_clear(&l->list[i].list);
    free(l->pack);
    free(l->walked);
    *l = (struct live){0};
}

/* ---- entries ---- */

static bool bit(const uint8_t *bits, size_t i) {
    return (bits[i / 8] & (1U << (i % 8))) != 0;
}

static void set_bit(uint8_t *bits, size_t i) {
    bits[i / 8] = (uint8_t)(bits[i / 8] | (1U << (i % 8)));
}

bool live_is_needed(const struct live_pack *p, size_t entry) {
    return bit(p->live, entry);
}

bool live_entry(struct live *l, const struct index_place *place,
                const uint8_t id[static SHA256_BYTES], size_t *ret) {
    const struct pack_list *list = live_list(l, place->pack);
    size_t low = 0, high = list != NULL ? list->record_count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->record[middle].offset < place->offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (list == NULL || low == list->record_count || list->record[low].offset != place->offset)
        return false;
    const struct pack_record *r = &list->record[low];
    for (size_t i = r->first; i < r->first + r->count; i++) {
        if (memcmp(list->entry[i].id, id, SHA256_BYTES) != 0)
            continue;
        *ret = i;
        return true;
    }
    return false;
}

/* Of several copies one is enough. The newest: then what a compaction that was cut off has copied
 * already is not copied again. */
static bool preferred(const struct index_place *a, const struct index_place *b) {
    int order = memcmp(a->pack, b->pack, VAULT_PACK_ID_BYTES);
    if (a->read_back_ns != b->read_back_ns)
        return a->read_back_ns > b->read_back_ns;
    return order != 0 ? order < 0 : a->offset < b->offset;
}

static bool find_best(struct live *l, const uint8_t *id, struct index_place *ret,
                      size_t *ret_entry) {
    struct index_search search = {0};
    struct index_place place;
    size_t entry;
    bool found = false;
    while (index_next(l->vault->index, id, &search, &place)) {
        if ((found && !preferred(&place, ret)) || !live_entry(l, &place, id, &entry))
            continue;
        *ret = place;
        *ret_entry = entry;
        found = true;
    }
    return found;
}

static ex_code set_own(struct live *l, struct live_pack *p, size_t entry, uint32_t length,
                       bool chunk, struct ex_error *err) {
    if (p->own == NULL)
        EX_TRY(bits_new(p->entries, &p->own, err));
    if (!bit(p->own, entry) && chunk) {
        l->own_chunks++;
        l->own_bytes += length;
    }
    set_bit(p->own, entry);
    return EX_OK;
}

static void set_live(struct live *l, struct live_pack *p, size_t entry, uint32_t length,
                     bool chunk) {
    bool shared = p->own != NULL && bit(p->own, entry);
    l->touched_own = l->touched_own || (shared && chunk);
    if (bit(p->live, entry))
        return;
    set_bit(p->live, entry);
    p->live_bytes += length;
    p->touched = true;
    if (shared && chunk) {
        l->shared_chunks++;
        l->shared_bytes += length;
    }
}

/* A pack whose list cannot be read, or that came later, is not touched: nothing to mark. False in
 * *ret_found: no pack that can be read has it. *ret_new: it was not marked before. */
static ex_code mark_entry(struct live *l, const uint8_t *id, bool chunk, bool *ret_found,
                          bool *ret_new, struct ex_error *err) {
    struct index_place place;
    size_t entry;
    *ret_new = true;
    *ret_found = find_best(l, id, &place, &entry);
    struct live_pack *p = *ret_found ? live_find_pack(l, place.pack) : NULL;
    if (p == NULL || p->live == NULL)
        return EX_OK;
    uint32_t length = live_list(l, place.pack)->entry[entry].length; /* just looked at */
    if (l->owning)
        return set_own(l, p, entry, length, chunk, err);
    *ret_new = !bit(p->live, entry);
    set_live(l, p, entry, length, chunk);
    return EX_OK;
}

/* ---- objects ---- */

static ex_code mark_node(struct live *l, const uint8_t *id, unsigned level,
                         struct ex_progress *progress, struct ex_error *err) {
    EX_AUTO_FREE struct extent *e = NULL;
    const uint8_t *data;
    size_t size, count;
    bool found, fresh;
    EX_TRY(fetch(&l->fetcher, id, RECORD_NODES, &data, &size, err));
    EX_TRY(mark_entry(l, id, false, &found, &fresh, err));
    /* Whoever marked a node before marked what it lists; who counts what is shared looks again. */
    if (!fresh && !l->has_own)
        return EX_OK;
    EX_TRY(ex_alloc(NODE_ENTRIES_MAX, sizeof *e, NODE_ENTRIES_MAX * sizeof *e, "a layout node", &e,
                    err));
    EX_TRY(node_parse(data, size, level, e, &count, err));
    EX_TRY(ex_progress_step(progress, 0, err));
    for (size_t i = 0; i < count; i++) {
        if (e[i].kind == EXTENT_NODE)
            EX_TRY(mark_node(l, e[i].id, level - 1, progress, err));
        if (e[i].kind != EXTENT_DATA)
            continue;
        EX_TRY(mark_entry(l, e[i].id, true, &found, &fresh, err));
        l->chunks_missing += !found && !l->owning ? 1 : 0;
    }
    return EX_OK;
}

static ex_code mark_object(struct live *l, const uint8_t *id, struct ex_progress *progress,
                           struct ex_error *err) {
    struct vault_object_info o = {0};
    bool found, fresh;
    EX_TRY(vault_object(l->vault, id, &o, err));
    ex_code code = mark_entry(l, id, false, &found, &fresh, err);
    if (code == EX_OK && o.layout_level >= LAYOUT_LEVELS)
        code = ex_fail(err, EX_ALTERED, "the layout of the object is too deep");
    if (code == EX_OK)
        code = mark_node(l, o.layout, o.layout_level, progress, err);
    vault_object_info_clear(&o);
    return code;
}

ex_code live_mark_own(struct live *l, const uint8_t id[static SHA256_BYTES], struct ex_error *err) {
    l->has_own = l->owning = true;
    ex_code code = mark_object(l, id, NULL, err);
    l->owning = false;
    return code;
}

static int by_object_id(const void *a, const void *b) {
    return memcmp(a, b, SHA256_BYTES);
}

ex_code live_mark(struct live *l, const uint8_t id[static SHA256_BYTES],
                  struct ex_progress *progress, struct ex_error *err) {
    if (l->walked_count > 0 &&
        bsearch(id, l->walked, l->walked_count, SHA256_BYTES, by_object_id) != NULL)
        return EX_OK;
    l->touched_own = false;
    EX_TRY(mark_object(l, id, progress, err));
    l->sharing_objects += l->touched_own ? 1 : 0;
    EX_TRY(ex_grow(&l->walked, &l->walked_capacity, l->walked_count + 1, SHA256_BYTES,
                   EX_LIMIT_PACK_BYTES, "the list of objects", err));
    size_t at = l->walked_count++;
    for (; at > 0 && memcmp(l->walked[at - 1], id, SHA256_BYTES) > 0; at--)
        memcpy(l->walked[at], l->walked[at - 1], SHA256_BYTES);
    memcpy(l->walked[at], id, SHA256_BYTES);
    return EX_OK;
}
