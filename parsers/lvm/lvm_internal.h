/* SPDX-License-Identifier: Apache-2.0 */
/* From a label to logical volumes: lvm_label.c finds the text, lvm_text.c takes it apart, and
 * lvm_volumes.c tells what it says. */
#ifndef EXHIBIT_PARSERS_LVM_LVM_INTERNAL_H
#define EXHIBIT_PARSERS_LVM_LVM_INTERNAL_H

#include "base/mem.h"
#include "parsers/lvm/lvm.h"

enum {
    LVM_SECTOR_BYTES = 512,
    LVM_ID_BYTES = 32,                        /* as the label has it */
    LVM_ID_TEXT_BYTES = LVM_ID_BYTES + 6 + 1, /* as the text has it */
    LVM_TEXT_BYTES_MAX = 4 << 20,
    LVM_DEPTH_MAX = 16,
    LVM_NODES_MAX = 1 << 20,
    LVM_VOLUMES_MAX = 4096,
    LVM_PHYSICAL_MAX = 4096,
    LVM_PIECES_MAX = 1 << 18, /* of one logical volume */
    LVM_PIECES_ALL_MAX = 1 << 20,
    LVM_STRIPES_MAX = 1024
};

/* ---- the text: a tree of sections, each of which has values and sections ---- */

enum lvm_type { LVM_SECTION, LVM_NUMBER, LVM_STRING, LVM_LIST };

struct lvm_node {
    enum lvm_type type;
    const char *key; /* in the text; NULL for an element of a list */
    size_t key_bytes;
    const char *string; /* as it stands in the text, with its escapes */
    size_t string_bytes;
    uint64_t number;
    uint32_t child, next; /* numbers of nodes; 0: none, for 0 is the root */
};

struct lvm_text {
    char *bytes; /* its own */
    size_t size;
    struct lvm_node *node;
    size_t count, capacity;
};
void lvm_text_free(struct lvm_text *t);
EX_DEFINE_AUTO(struct lvm_text, lvm_text_free);
/* Of t->bytes, which may be any. EX_FORMAT: no such text; EX_LIMIT: nested too deep, or too much.
 */
EX_MUST_USE ex_code lvm_text_parse(struct lvm_text *t, struct ex_error *err);
/* The first of this key and type under a section; NULL: none. */
const struct lvm_node *lvm_find(const struct lvm_text *t, const struct lvm_node *section,
                                const char *key, enum lvm_type type);
/* The first child and the next sibling; NULL: none. */
const struct lvm_node *lvm_child(const struct lvm_text *t, const struct lvm_node *n);
const struct lvm_node *lvm_next(const struct lvm_text *t, const struct lvm_node *n);
bool lvm_key_is(const struct lvm_node *n, const char *key, size_t size);

/* ---- the label ---- */

struct lvm_label {
    bool there;
    char id[LVM_ID_TEXT_BYTES];
    uint64_t at;      /* of the label */
    const char *lost; /* why there is no text; NULL: there is one, or an error says it */
    ex_code lost_code;
    struct lvm_text *text;
};
void lvm_label_clear(struct lvm_label *l);
/* The label, and the newest text whose checksums fit. EX_IO as of parser_read(). */
EX_MUST_USE ex_code lvm_label_read(struct parser_run *run, struct lvm_label *ret,
                                   struct ex_error *err);

/* ---- the volumes ---- */

/* Under `parent`, the trace of the physical volume; `group` is its section. */
EX_MUST_USE ex_code lvm_tell_volumes(struct parser_run *run, uint32_t parent,
                                     const struct lvm_text *t, const struct lvm_node *group,
                                     const struct lvm_node *own, struct ex_error *err);
EX_MUST_USE ex_code lvm_tell_string(struct parser_run *run, const char *name,
                                    const struct lvm_text *t, const struct lvm_node *section,
                                    const char *key, struct ex_error *err);
EX_MUST_USE ex_code lvm_tell_time(struct parser_run *run, enum parser_time what,
                                  const struct lvm_text *t, const struct lvm_node *section,
                                  const char *source, struct ex_error *err);

#endif
