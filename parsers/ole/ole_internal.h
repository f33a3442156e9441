/* SPDX-License-Identifier: Apache-2.0 */
/* One compound file that is being read. cfb.c finds its streams and gives their bytes, walk.c its
 * storages; ole.c tells what it is, streams.c its streams, properties.c its property sets, doc.c,
 * xls.c and ppt.c texts, msg.c mail.
 *
 * Sections are those of [MS-CFB], unless another one is named. */
#ifndef EXHIBIT_PARSERS_OLE_OLE_INTERNAL_H
#define EXHIBIT_PARSERS_OLE_OLE_INTERNAL_H

#include "base/mem.h"
#include "parsers/shared/charset.h"
#include "parsers/shared/tell.h"

#include <stdio.h>

enum {
    CFB_FAT_BYTES_MAX = 128 << 20,
    CFB_ENTRIES_MAX = 200000,
    CFB_DEPTH_MAX = 64, /* of storages in each other */
    CFB_NAME_UNITS = 32,
    CFB_PATH_BYTES = 2048,
    OLE_STREAM_BYTES_MAX = 64 << 20, /* of one that is read whole */
    OLE_KEY_BYTES = 48
};

enum cfb_type { CFB_UNUSED = 0, CFB_STORAGE = 1, CFB_STREAM = 2, CFB_ROOT = 5 };

struct cfb_entry {                    /* §2.6.1 */
    uint8_t name[4 * CFB_NAME_UNITS]; /* UTF-8, a NUL behind it */
    size_t name_bytes;
    uint8_t class_id[16];
    enum cfb_type type;
    uint32_t left, right, child, start, parent; /* parent: found by the walk */
    uint64_t created, modified, size;
    bool reached; /* by the walk from the root */
};

struct cfb {
    struct parser_run *run;
    unsigned sector_bits, mini_bits;
    uint64_t cutoff, sectors;
    uint32_t *fat, *mini_fat, *mini_sector; /* free(); mini_sector: those of the mini stream */
    size_t fat_count, mini_count, mini_sector_count;
    struct cfb_entry *entry; /* free() */
    size_t entry_count;
    uint32_t *order; /* free(): all that are reached, by the storage that they are in */
    size_t order_count;
    bool damaged; /* a chain that breaks, or a tree that loops */
};
EX_MUST_USE ex_code cfb_open(struct cfb *c, struct parser_run *run, struct ex_error *err);
void cfb_close(struct cfb *c);
/* Which entries are reached from the root, and in which storage each is. */
EX_MUST_USE ex_code cfb_walk(struct cfb *c, struct ex_error *err);
/* A stream or storage directly in `parent`, by its name in ASCII, without regard to case; NULL. */
const struct cfb_entry *cfb_find(const struct cfb *c, uint32_t parent, const char *name);
/* All that is directly in a storage: numbers of entries, ascending. */
const uint32_t *cfb_children(const struct cfb *c, uint32_t parent, size_t *ret_count);
uint32_t cfb_number(const struct cfb *c, const struct cfb_entry *e);
/* The names from the root down, "/" between them. */
void cfb_path(const struct cfb *c, const struct cfb_entry *e, char to[static CFB_PATH_BYTES]);

struct cfb_stream {
    const struct cfb *cfb;
    bool mini, cut;   /* cut: its chain ends before it does */
    uint64_t size;    /* of what can be read */
    uint32_t *sector; /* free() */
    size_t sector_count;
};
EX_MUST_USE ex_code cfb_stream_open(const struct cfb *c, const struct cfb_entry *e,
                                    struct cfb_stream *ret, struct ex_error *err);
void cfb_stream_close(struct cfb_stream *s);
/* Exactly these bytes; EX_FORMAT behind its end. */
EX_MUST_USE ex_code cfb_stream_read(const struct cfb_stream *s, uint64_t offset, void *to,
                                    size_t size_bytes, struct ex_error *err);
/* All of it, up to OLE_STREAM_BYTES_MAX, of which more are cut off. *ret: free(). */
EX_MUST_USE ex_code cfb_load(const struct cfb *c, const struct cfb_entry *e, uint8_t **ret,
                             size_t *ret_bytes, bool *ret_cut, struct ex_error *err);

/* ---- text that is told in pieces ---- */

struct ole_text {
    struct parser_run *run;
    bool wanted;
    size_t bytes;
    uint8_t data[16 << 10];
};
void ole_text_start(struct ole_text *t, struct parser_run *run);
EX_MUST_USE ex_code ole_text_add(struct ole_text *t, const void *data, size_t size_bytes,
                                 struct ex_error *err);
EX_MUST_USE ex_code ole_text_decode(struct ole_text *t, const struct charset *set,
                                    const uint8_t *data, size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code ole_text_end(struct ole_text *t, struct ex_error *err);

/* A value as an attribute, decoded and cut. */
EX_MUST_USE ex_code ole_tell_value(struct parser_run *run, const char *key,
                                   const struct charset *set, const uint8_t *data,
                                   size_t size_bytes, struct ex_error *err);
/* ---- what is in it ---- */

/* The property sets of the root, about the trace that was told last ([MS-OLEPS]). *ret_why is
 * EX_OK, or what is wrong with them. */
EX_MUST_USE ex_code properties_tell(const struct cfb *c, struct ex_error *ret_why,
                                    struct ex_error *err);

/* Texts, as the content of the trace that was told last. *why, of code EX_OK before: EX_DENIED
 * encrypted, EX_FORMAT damaged, EX_UNSUPPORTED, EX_LIMIT. */
typedef ex_code ole_text_fn(const struct cfb *c, struct ole_text *to, struct ex_error *why,
                            struct ex_error *err);
ole_text_fn doc_text, xls_text, ppt_text;
/* Whether it is encrypted, before anything is told. */
typedef ex_code ole_encrypted_fn(const struct cfb *c, bool *ret, struct ex_error *err);
ole_encrypted_fn doc_encrypted, xls_encrypted, ppt_encrypted;

/* The mail in the storage `from`, which is the root or an attachment's. */
EX_MUST_USE ex_code msg_tell(const struct cfb *c, uint32_t from, uint32_t parent, const char *key,
                             unsigned depth, struct ex_error *err);

/* The streams of a file, as members. `made`: names in the root that were made into traces. */
EX_MUST_USE ex_code streams_tell(const struct cfb *c, const char *const *made,
                                 struct ex_error *err);
EX_MUST_USE ex_code stream_tell_content(const struct cfb *c, const struct cfb_entry *e,
                                        uint32_t trace, struct ex_error *err);

#endif
