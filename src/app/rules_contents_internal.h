/* SPDX-License-Identifier: Apache-2.0 */
/* The contents that an examination found, each once, and their bytes: rules_contents.c. */
#ifndef EXHIBIT_APP_RULES_CONTENTS_INTERNAL_H
#define EXHIBIT_APP_RULES_CONTENTS_INTERNAL_H

#include "app/rules_internal.h"
#include "app/tracing_content_internal.h"

#include <uthash.h>

/* A trace that has a content. */
struct rules_copy {
    uint64_t number;
    uint8_t id[ENTRY_ID_BYTES];
};

/* A content, with every trace that has it. */
struct rules_content {
    UT_hash_handle hh;
    uint8_t key[1 + SHA256_BYTES]; /* what it is known by: hash, content key or id of the trace */
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
    bool has_sha256;
    struct rules_copy first;
    size_t also_count, also_capacity;
    struct rules_copy *also;
    uint64_t also_left_out;
};

struct rules_contents {
    struct act *act;
    const struct item_truth *item;
    const struct chosen_examination *examination;
    struct vault_object_info object; /* of the item */
    struct vault_reader *reader;
    struct found_trace found;   /* the one that is read, with its source */
    struct rules_content *list; /* in the order of the examination */
};
/* Of a held item. The caller clears, also after a failure; it keeps `item` and `examination`. */
EX_MUST_USE ex_code rules_contents_open(struct rules_contents *ret, struct act *act,
                                        const struct item_truth *item,
                                        const struct chosen_examination *examination,
                                        struct ex_error *err);
/* Fills in `list`. space: that which nothing claims, too. */
EX_MUST_USE ex_code rules_contents_gather(struct rules_contents *c, bool space,
                                          struct ex_error *err);
void rules_contents_clear(struct rules_contents *c);

struct rules_buffer {
    uint8_t *data; /* the caller frees */
    size_t bytes, capacity;
};
/* *ret_reason NULL: `b` has it all, compared with its hash. Otherwise a word of rules.md, and why.
 */
EX_MUST_USE ex_code rules_content_read(struct rules_contents *all, const struct rules_content *c,
                                       struct rules_buffer *b, const char **ret_reason,
                                       struct ex_error *why, struct ex_error *err);

#endif
