/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: built from extents, walked again from the vault (format/object §5). */
#ifndef EXHIBIT_VAULT_LAYOUT_INTERNAL_H
#define EXHIBIT_VAULT_LAYOUT_INTERNAL_H

#include "vault/vault_internal.h"
#include "vault/object.h"

enum {
    NODE_HEADER_BYTES = 16,
    NODE_ENTRY_BYTES = 44,
    NODE_ENTRIES_MIN = 32,
    NODE_ENTRIES_MAX = 1024,
    NODE_BYTES_MAX = NODE_HEADER_BYTES + NODE_ENTRIES_MAX * NODE_ENTRY_BYTES,
    LAYOUT_LEVELS = 8
};

enum extent_kind { EXTENT_DATA = 1, EXTENT_CONSTANT = 2, EXTENT_NODE = 3 };

struct extent {
    uint8_t kind;
    uint8_t value;
    uint64_t length;
    uint8_t id[SHA256_BYTES];
};

/* Gets each finished node; `node` is valid until it returns. */
struct layout_sink {
    void *context;
    ex_code (*node)(void *context, const uint8_t id[static SHA256_BYTES], const uint8_t *node,
                    size_t size_bytes, struct ex_error *err);
};

struct layout_builder {
    struct layout_level {
        uint32_t count;
        uint64_t nodes; /* of this level so far */
        uint8_t last[SHA256_BYTES];
        struct extent extent[NODE_ENTRIES_MAX];
    } level[LAYOUT_LEVELS];
    uint8_t scratch[NODE_BYTES_MAX];
};

void layout_start(struct layout_builder *b);
EX_MUST_USE ex_code layout_add(struct layout_builder *b, const struct extent *e,
                               const struct layout_sink *sink, struct ex_error *err);
EX_MUST_USE ex_code layout_end(struct layout_builder *b, const struct layout_sink *sink,
                               uint8_t ret_id[static SHA256_BYTES], unsigned *ret_level,
                               struct ex_error *err);

/* The entries of a level that are in no node yet, as a node. to: NODE_BYTES_MAX; gives its size. */
size_t node_write(const struct layout_level *l, unsigned level, uint8_t *to);
/* Any bytes are safe. ret: NODE_ENTRIES_MAX extents. */
EX_MUST_USE ex_code node_parse(const uint8_t *data, size_t size_bytes, unsigned level,
                               struct extent *ret, size_t *ret_count, struct ex_error *err);

/* Finds bytes by id; keeps the record that it read last. */
struct fetcher {
    struct vault *vault;
    struct codec *codec;
    struct index_place place;
    struct record record;
};
EX_MUST_USE ex_code fetcher_open(struct vault *v, struct fetcher *ret, struct ex_error *err);
void fetcher_close(struct fetcher *f);
EX_MUST_USE ex_code fetch_place(struct vault *v, const uint8_t id[static SHA256_BYTES],
                                struct index_place *ret, struct ex_error *err);
/* All places that the index knows now, each once. More copies than that are of no help. */
enum { FETCH_PLACES_MAX = 64 };
struct fetch_places {
    size_t count;
    struct index_place place[FETCH_PLACES_MAX];
};
void fetch_all_places(struct vault *v, const uint8_t id[static SHA256_BYTES],
                      struct fetch_places *ret);
/* false: it is among them, or there is no room. */
bool fetch_places_add(struct fetch_places *p, const struct index_place *place);
/* index_refresh(), beside other readers. */
EX_MUST_USE ex_code fetch_refresh(struct vault *v, struct ex_error *err);
/* A node or a manifest: anything whose id is the SHA-256 of its bytes, which is compared. *ret:
 * inside the fetcher, until the next call. */
EX_MUST_USE ex_code fetch(struct fetcher *f, const uint8_t id[static SHA256_BYTES],
                          enum record_type type, const uint8_t **ret, size_t *ret_size,
                          struct ex_error *err);
/* Codes that say something about the bytes asked for, not about the asking. */
bool vault_is_damage(ex_code code);

struct layout_visitor {
    void *context;
    ex_code (*extent)(void *context, uint64_t offset, const struct extent *e, struct ex_error *err);
    /* id: of the node that could not be had. */
    ex_code (*damaged)(void *context, const uint8_t id[static SHA256_BYTES], uint64_t offset,
                       uint64_t length, const struct ex_error *why, struct ex_error *err);
    /* Instead of extent(): the nodes of level 0, which are then not read. NULL: they are. */
    ex_code (*leaf)(void *context, const uint8_t id[static SHA256_BYTES], uint64_t offset,
                    uint64_t length, struct ex_error *err);
};
EX_MUST_USE ex_code layout_walk(struct fetcher *f, const uint8_t id[static SHA256_BYTES],
                                unsigned level, uint64_t size_bytes,
                                const struct layout_visitor *visitor, struct ex_error *err);

/* One node of an object, which spans `length` bytes; last: they are the object's last. ret:
 * NODE_ENTRIES_MAX extents. */
EX_MUST_USE ex_code layout_node(struct fetcher *f, const uint8_t id[static SHA256_BYTES],
                                unsigned level, uint64_t length, bool last, struct extent *ret,
                                size_t *ret_count, struct ex_error *err);

/* ---- the salted tree (format/object §2) ---- */

struct salted {
    struct merkle_frontier frontier;
    uint8_t key[32];
    uint64_t blocks;
    uint8_t stream[64]; /* salts of the present four blocks */
};
void salted_start(struct salted *s, const uint8_t key[static 32]);
void salted_add(struct salted *s, const uint8_t hash[static SHA256_BYTES]);
void salted_end(struct salted *s, uint8_t ret[static SHA256_BYTES]); /* wipes the key */

#endif
