/* SPDX-License-Identifier: Apache-2.0 */
/* One store that is being read. pst.c opens it and shares it out into units, input.c is its file
 * for libpff, values.c reads properties, folder.c tells folders, message.c messages, people.c from
 * whom and to whom they are, special.c what appointments, tasks and contacts have besides,
 * attached.c what is attached.
 *
 * What libpff says of an error is for those who know it; the words here are ours. */
#ifndef EXHIBIT_PARSERS_PST_PST_INTERNAL_H
#define EXHIBIT_PARSERS_PST_PST_INTERNAL_H

#include "base/mem.h"
#include "parsers/shared/charset.h"
#include "parsers/shared/mapi.h"
#include "parsers/shared/tell.h"

#include <libbfio.h>
#include <libpff.h>
#include <stdio.h>
#include <string.h>

enum {
    PST_KEY_BYTES = 48,
    PST_DEPTH_MAX = 20, /* of messages in messages */
    PST_PARTS_MAX = 4096,
    PST_ITEMS_MAX = 1 << 20,    /* of one kind, in one folder */
    PST_VALUES_MAX = 1 << 14,   /* of one item */
    PST_COMPARED_MAX = 1 << 17, /* in the lists of one folder, to see what they leave out */
    PST_ORPHANS_BEFORE = 4096,  /* compared with one, to tell it once */
    PST_VALUE_BYTES_MAX = 64 << 20
};

/* Low bits of a number of a node: [MS-PST] §2.2.2.1. */
enum {
    PST_NODE_TYPE = 0x1F,
    PST_NODE_FOLDER = 0x02,
    PST_NODE_SEARCH = 0x03,
    PST_NODE_MESSAGE = 0x04,
    PST_NODE_ASSOCIATED = 0x08
};

static inline bool pst_is_folder(uint32_t id) {
    return (id & PST_NODE_TYPE) == PST_NODE_FOLDER || (id & PST_NODE_TYPE) == PST_NODE_SEARCH;
}

struct pst {
    struct parser_run *run;
    libpff_file_t *file;
    libbfio_handle_t *handle; /* it knows this struct by its address */
    uint64_t size, at;
    libpff_item_t *folder; /* the one that was asked for last */
    uint32_t folder_id;
    bool recovered; /* what could be was */
};

/* ---- the file: input.c ---- */

/* Calls back with p->run. */
EX_MUST_USE ex_code pst_input(struct pst *p, struct ex_error *err);

/* ---- properties: values.c ---- */

/* What of the properties of one trace is not told. Hostile stores have millions: they are counted.
 */
struct gaps {
    unsigned unread, first_unread; /* the id of the first */
    unsigned left_out;             /* there are more than PST_VALUES_MAX */
    unsigned too_large;            /* than PST_VALUE_BYTES_MAX */
    unsigned cut;                  /* texts at PARSER_VALUE_BYTES_MAX */
    unsigned people;               /* recipients that could not be read */
    bool no_people;                /* nor could their list */
};

struct value {
    unsigned id, set, type;       /* set: 0, or of its name; then id is the name's */
    libpff_record_entry_t *entry; /* the item's */
};
struct values {
    struct value *value; /* free() */
    size_t count;
    const struct charset *charset; /* of texts of 8 bits */
    struct gaps *gaps;
};
/* Names are numbers in a set ([MS-OXPROPS] §1.3.2). */
enum { SET_NONE, SET_APPOINTMENT, SET_TASK, SET_ADDRESS, SET_COMMON, SET_OTHER };

/* Those of an item, or of row `index` of a table. charset NULL: what it says itself. *gaps outlives
 * *ret: what cannot be read of them, then and later, is counted there. */
EX_MUST_USE ex_code values_load(libpff_item_t *item, int index, const struct charset *charset,
                                struct gaps *gaps, struct values *ret, struct ex_error *err);
void values_clear(struct values *v);
/* NULL: it has none. */
const struct value *values_find(const struct values *v, unsigned set, unsigned id);
/* `type` is MAPI_INTEGER, MAPI_BOOLEAN or MAPI_TIME. False: there is none, or none to be read. */
bool values_take_number(const struct values *v, unsigned set, unsigned id, enum mapi_type type,
                        uint64_t *ret);
/* 0 then. */
uint64_t values_number(const struct values *v, unsigned set, unsigned id, enum mapi_type type);

struct bytes {
    uint8_t *data; /* free(); NULL: none */
    size_t bytes;
};
/* None of one that cannot be read, or is too large, which is counted. */
EX_MUST_USE ex_code value_bytes(const struct values *v, const struct value *one, struct bytes *ret,
                                struct ex_error *err);
/* In UTF-8. None, and no text: no bytes. */
EX_MUST_USE ex_code values_text(const struct values *v, unsigned set, unsigned id,
                                struct bytes *ret, struct ex_error *err);
/* The first of the ids that has one. */
EX_MUST_USE ex_code values_first_text(const struct values *v, const unsigned *id, struct bytes *ret,
                                      struct ex_error *err);
/* As many bytes as a value or a name may have; what is cut is counted. */
size_t bytes_kept(const struct values *v, const struct bytes *b);
/* Problems under the trace, when all else of it is told: one for each kind of gap. */
EX_MUST_USE ex_code gaps_tell(struct pst *p, uint32_t trace, const struct gaps *gaps,
                              struct ex_error *err);
/* As an attribute of the trace that was told last, if it has one. */
EX_MUST_USE ex_code values_tell_text(struct pst *p, const struct values *v, unsigned set,
                                     unsigned id, const char *key, struct ex_error *err);

/* ---- what is in it ---- */

/* How an item was come by. */
struct finding {
    uint32_t parent;
    const char *key;
    uint32_t flags; /* of its trace, besides those of its content */
    unsigned depth; /* of messages around it */
    bool associated;
    bool unlisted; /* not in the lists of its folder */
};

/* A folder, and the unit for what is in it, unless `alone`. */
EX_MUST_USE ex_code folder_tell(struct pst *p, libpff_item_t *folder, const struct finding *f,
                                bool alone, struct ex_error *err);
/* The work of that unit. */
EX_MUST_USE ex_code folder_work(struct pst *p, libpff_item_t *folder, uint32_t id,
                                struct ex_error *err);
/* Folders that say that they are in this one, and that it does not name; units for messages. */
EX_MUST_USE ex_code unlisted_tell(struct pst *p, libpff_item_t *folder, uint32_t id,
                                  struct ex_error *err);
EX_MUST_USE ex_code message_tell(struct pst *p, libpff_item_t *message, const struct finding *f,
                                 struct ex_error *err);
/* As files of the format are called. */
const char *store_format(struct pst *p);
EX_MUST_USE ex_code people_tell(struct pst *p, libpff_item_t *message, const struct values *v,
                                struct ex_error *err);
EX_MUST_USE ex_code special_tell(struct pst *p, const struct values *v, struct ex_error *err);
EX_MUST_USE ex_code attached_tell(struct pst *p, libpff_item_t *message, uint32_t trace,
                                  const struct values *v, unsigned depth, struct ex_error *err);
/* Bytes as a member. */
EX_MUST_USE ex_code member_tell(struct pst *p, uint32_t parent, const char *key, const char *name,
                                const struct bytes *b, struct ex_error *err);

#endif
