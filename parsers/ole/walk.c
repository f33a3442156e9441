/* SPDX-License-Identifier: Apache-2.0 */
/* Storages and what is in them: the trees of [MS-CFB] §2.6.4, without trust in their order. */
#include "parsers/ole/ole_internal.h"

#include <strings.h>

struct waiting {
    uint32_t entry, parent, depth;
};

static void push(const struct cfb *c, struct waiting *list, size_t *count, uint32_t entry,
                 uint32_t parent, uint32_t depth) {
    if (entry < c->entry_count && *count < c->entry_count * 3)
        list[(*count)++] = (struct waiting){entry, parent, depth};
}

static int compare(const void *a, const void *b, void *context) {
    const struct cfb_entry *entry = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (entry[x].parent != entry[y].parent)
        return entry[x].parent < entry[y].parent ? -1 : 1;
    return x < y ? -1 : x > y;
}

static ex_code make_order(struct cfb *c, struct ex_error *err) {
    EX_TRY(ex_alloc(c->entry_count, sizeof *c->order, CFB_ENTRIES_MAX * sizeof *c->order,
                    "the directory of a compound file", &c->order, err));
    for (uint32_t i = 1; i < c->entry_count; i++)
        if (c->entry[i].reached)
            c->order[c->order_count++] = i;
    qsort_r(c->order, c->order_count, sizeof *c->order, compare, c->entry);
    return EX_OK;
}

ex_code cfb_walk(struct cfb *c, struct ex_error *err) {
    EX_AUTO_FREE struct waiting *list = NULL;
    size_t count = 0;
    EX_TRY(ex_alloc(c->entry_count * 3 + 1, sizeof *list, 3 * CFB_ENTRIES_MAX * sizeof *list + 64,
                    "the directory of a compound file", &list, err));
    c->entry[0].reached = true;
    push(c, list, &count, c->entry[0].child, 0, 1);
    while (count > 0) {
        struct waiting w = list[--count];
        struct cfb_entry *e = &c->entry[w.entry];
        if (e->reached || e->type == CFB_ROOT || e->type == CFB_UNUSED) {
            c->damaged = true; /* a loop, or an entry in two places */
            continue;
        }
        e->reached = true;
        e->parent = w.parent;
        push(c, list, &count, e->left, w.parent, w.depth);
        push(c, list, &count, e->right, w.parent, w.depth);
        if (e->type == CFB_STORAGE && w.depth < CFB_DEPTH_MAX)
            push(c, list, &count, e->child, w.entry, w.depth + 1);
        else if (e->type == CFB_STORAGE && e->child < c->entry_count)
            c->damaged = true;
    }
    return make_order(c, err);
}

const uint32_t *cfb_children(const struct cfb *c, uint32_t parent, size_t *ret_count) {
    size_t from = 0, to = c->order_count, end;
    while (from < to) { /* the first one that is not in front of them */
        size_t middle = from + (to - from) / 2;
        if (c->entry[c->order[middle]].parent < parent)
            from = middle + 1;
        else
            to = middle;
    }
    for (end = from; end < c->order_count && c->entry[c->order[end]].parent == parent;)
        end++;
    *ret_count = end - from;
    return c->order + from;
}

const struct cfb_entry *cfb_find(const struct cfb *c, uint32_t parent, const char *name) {
    size_t count;
    const uint32_t *child = cfb_children(c, parent, &count);
    for (size_t i = 0; i < count; i++)
        if (strcasecmp((const char *)c->entry[child[i]].name, name) == 0)
            return &c->entry[child[i]];
    return NULL;
}

uint32_t cfb_number(const struct cfb *c, const struct cfb_entry *e) {
    return (uint32_t)(e - c->entry);
}

void cfb_path(const struct cfb *c, const struct cfb_entry *e, char to[static CFB_PATH_BYTES]) {
    const struct cfb_entry *up[CFB_DEPTH_MAX + 1];
    size_t count = 0, n = 0;
    for (; count <= CFB_DEPTH_MAX && cfb_number(c, e) != 0; e = &c->entry[e->parent]) {
        up[count++] = e;
        if (!e->reached)
            break;
    }
    while (count-- > 0 && n + up[count]->name_bytes + 2 < CFB_PATH_BYTES) {
        memcpy(to + n, up[count]->name, up[count]->name_bytes);
        n += up[count]->name_bytes;
        if (count > 0)
            to[n++] = '/';
    }
    to[n] = '\0';
}
