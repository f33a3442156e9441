/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts for tests: extents of chunks that need not be there, built into nodes, which a vault can
 * be given. */
#ifndef EXHIBIT_TESTS_TESTING_LAYOUT_H
#define EXHIBIT_TESTS_TESTING_LAYOUT_H

#include "testing_vault.h"

#include "vault/layout_internal.h"

struct store {
    size_t count, capacity;
    struct node {
        uint8_t id[SHA256_BYTES];
        size_t size;
        uint8_t *bytes;
    } * node;
};

static inline ex_code keep_node(void *context, const uint8_t id[static SHA256_BYTES],
                                const uint8_t *node, size_t size, struct ex_error *err) {
    struct store *s = context;
    uint8_t hash[SHA256_BYTES];
    naive_sha256(node, size, hash);
    assert_memory_equal(hash, id, SHA256_BYTES);
    EX_TRY(ex_grow(&s->node, &s->capacity, s->count + 1, sizeof *s->node, 1 << 30, "nodes", err));
    struct node *n = &s->node[s->count++];
    memcpy(n->id, id, SHA256_BYTES);
    n->size = size;
    n->bytes = ex_new0_bytes(size);
    memcpy(n->bytes, node, size);
    return EX_OK;
}

static inline void clear_store(struct store *s) {
    for (size_t i = 0; i < s->count; i++)
        free(s->node[i].bytes);
    free(s->node);
}

static inline struct extent *make_extents(uint64_t seed, size_t count) {
    struct random r = {seed};
    struct extent *e = ex_new0_bytes((count + 1) * sizeof *e);
    for (size_t i = 0; i < count; i++) {
        bool constant = random_next(&r) % 10 == 0;
        e[i] = (struct extent){.kind = constant ? EXTENT_CONSTANT : EXTENT_DATA,
                               .value = constant ? (uint8_t)random_next(&r) : 0,
                               .length = 4096 * (random_next(&r) % 128 + 1)};
        if (!constant)
            random_fill(&r, e[i].id, SHA256_BYTES);
    }
    return e;
}

static inline void build(const struct extent *e, size_t count, struct store *s, uint8_t id[32],
                         unsigned *level) {
    struct ex_error err;
    struct layout_builder *b = ex_new0(struct layout_builder);
    const struct layout_sink sink = {s, keep_node};
    layout_start(b);
    for (size_t i = 0; i < count; i++)
        assert_code(EX_OK, layout_add(b, &e[i], &sink, &err));
    assert_code(EX_OK, layout_end(b, &sink, id, level, &err));
    free(b);
}

/* Puts chosen nodes into a pack of their own. */
static inline void store_nodes(struct place *p, const struct store *s,
                               bool (*want)(size_t i, void *), void *context, uint8_t pack) {
    struct ex_error err;
    const struct pack_ref ref =
        test_pack_ref((const uint8_t[VAULT_PACK_ID_BYTES]){pack}, p->v->epochs);
    struct pack_list l = {.id = {pack}, .epoch = ref.epoch};
    EX_AUTO(codec_free) struct codec *codec = NULL;
    uint8_t bytes[PACK_HEADER_BYTES], *record, *trailer;
    char path[256], name[PACK_NAME_BYTES];
    size_t size;
    (void)snprintf(path, sizeof path, "%s/packs/%s", p->vault, pack_name(name, ref.id));
    assert_code(EX_OK, ex_make_parents(AT_FDCWD, path, &err));
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_code(EX_OK, codec_new(&codec, &err));
    pack_header_of(&ref, PACK_DATA, p->v->config.id, bytes);
    fwrite(bytes, 1, sizeof bytes, f);
    uint64_t at = sizeof bytes;
    for (size_t i = 0; i < s->count; i++) {
        struct record_head head;
        struct table_entry entry = {.length = (uint32_t)s->node[i].size};
        if (!want(i, context))
            continue;
        memcpy(entry.id, s->node[i].id, SHA256_BYTES);
        assert_code(EX_OK, record_build(RECORD_NODES, &entry, 1, s->node[i].bytes, s->node[i].size,
                                        NULL, 0, test_encrypted(), &record, &size, &err));
        assert_code(EX_OK, record_finish(codec, &ref, record, (uint32_t)l.record_count, &err));
        assert_code(EX_OK, record_head_parse(record, &head, &err));
        assert_code(EX_OK, pack_list_add(&l, (uint32_t)at, &head, &entry, 1, &err));
        fwrite(record, 1, size, f);
        at += size;
        free(record);
    }
    assert_code(EX_OK, pack_trailer_build(&l, p->v->epochs, codec, at, &trailer, &size, &err));
    fwrite(trailer, 1, size, f);
    fclose(f);
    free(trailer);
    assert_code(EX_OK, index_publish(p->v->index, &l, &err));
    pack_list_clear(&l);
    assert_code(EX_OK, index_refresh(p->v->index, &err));
}

#endif
