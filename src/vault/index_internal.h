/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the index share (format/vault §5):
 *
 *   index_page.c     sealing, opening and remembering pages
 *   index_segment.c  one segment, read: header, packs, filter, entries
 *   index_write.c    one segment, written
 *   index_merge.c    several into one; packs taken out
 *   index.c          the directory of segments, and the doors
 *
 * Whatever is wrong with a segment is noted in it (`hurt`) and the look-up goes on elsewhere:
 * nothing in the index ends a run. */
#ifndef EXHIBIT_VAULT_INDEX_INTERNAL_H
#define EXHIBIT_VAULT_INDEX_INTERNAL_H

#include "vault/vault_internal.h"

#include <time.h>

enum {
    INDEX_PAGE_BYTES = 4096,
    INDEX_DATA_BYTES = INDEX_PAGE_BYTES - AEAD_TAG_BYTES,
    INDEX_SEGMENT_ID_BYTES = 32,
    INDEX_PACK_BYTES = 40,
    INDEX_PACKS_IN_PAGE = INDEX_DATA_BYTES / INDEX_PACK_BYTES,
    INDEX_LINE_BYTES = 64,
    INDEX_LINES_IN_PAGE = INDEX_DATA_BYTES / INDEX_LINE_BYTES,
    INDEX_ENTRY_BYTES = 24,
    INDEX_ENTRIES_IN_PAGE = INDEX_DATA_BYTES / INDEX_ENTRY_BYTES,
    INDEX_BITS_OF_ENTRY = 10,
    INDEX_PROBES = 6,
    INDEX_PACKS_MAX = 1 << 22,
    SEGMENTS_MAX = 4096,
    SEGMENT_NAME_BYTES = 16 + 4 + 1
};

/* The half of an id that is kept, as two big-endian numbers: they compare as the bytes do. */
struct index_key {
    uint64_t high, low;
};
struct index_key index_key_of(const uint8_t *id);
int index_key_compare(const struct index_key *a, const struct index_key *b);

struct index_entry {
    struct index_key key;
    uint32_t pack, offset;
};
int index_entry_compare(const void *a, const void *b);

struct index_pack {
    uint8_t id[VAULT_PACK_ID_BYTES];
    int64_t read_back_ns;
    bool lost; /* its page is damaged; the id is then that of a neighbour, which keeps the order */
};
int index_pack_compare(const void *a, const void *b);

/* Bits of a key in its line of the filter. */
uint64_t index_line_of(const struct index_key *key, uint64_t lines);
void index_line_add(uint8_t line[static INDEX_LINE_BYTES], const struct index_key *key);
bool index_line_may_have(const uint8_t *line, const struct index_key *key);

/* ---- pages ---- */

struct page_codec {
    uint8_t segment_id[INDEX_SEGMENT_ID_BYTES];
    struct aead *aead; /* NULL: plain */
};
/* epoch 0: plain. Fails as epochs_derive() does. */
EX_MUST_USE ex_code page_codec_open(const struct epochs *e, uint64_t epoch,
                                    const uint8_t segment_id[static INDEX_SEGMENT_ID_BYTES],
                                    struct page_codec *ret, struct ex_error *err);
void page_codec_close(struct page_codec *c);
/* In place; page 0 is only authenticated. */
EX_MUST_USE ex_code page_seal(const struct page_codec *c, uint64_t number,
                              uint8_t page[static INDEX_PAGE_BYTES], struct ex_error *err);
bool page_open(const struct page_codec *c, uint64_t number, uint8_t page[static INDEX_PAGE_BYTES]);

/* The pages that were read last, opened; damaged ones as such, so that a bad disk is not asked
 * again and again. */
struct page_cache;
struct page_cache *page_cache_new(void);
void page_cache_free(struct page_cache *c); /* wipes */
/* The slot of this page; *ret_known tells whether it has been filled. The caller fills it, and
 * tells with page_cache_damaged() when there is nothing to fill it with. Valid until the next
 * call. */
uint8_t *page_cache_slot(struct page_cache *c, uint32_t segment, uint32_t page, bool *ret_known,
                         bool **ret_damaged);

/* ---- segments ---- */

struct segment_head {
    uint64_t epoch;
    uint8_t id[INDEX_SEGMENT_ID_BYTES];
    uint64_t entries, lines;
    uint32_t packs;
    uint64_t pack_page, line_page, entry_page, pages; /* where each part begins; all pages */
};
/* Computes the last four. */
void segment_head_place(struct segment_head *h);
void segment_head_write(const struct segment_head *h, uint8_t page[static INDEX_PAGE_BYTES]);
bool segment_head_parse(const uint8_t page[static INDEX_PAGE_BYTES], uint64_t file_bytes,
                        struct segment_head *ret);

enum segment_state {
    SEGMENT_SHUT,  /* its header is sound; not opened yet, or locked */
    SEGMENT_READY, /* the key is there, the packs are read */
    SEGMENT_DEAD   /* damaged so that nothing can be read, or under a key that does not fit */
};

struct segment {
    char name[SEGMENT_NAME_BYTES];
    uint32_t serial; /* in the page cache */
    int fd;
    enum segment_state state;
    bool hurt; /* some page is damaged */
    bool keep;
    struct segment_head head;
    struct page_codec codec;
    struct index_pack *pack; /* head.packs of them */
};

struct vault_index {
    int dir_fd;
    bool encrypted;
    const struct epochs *epochs;
    struct page_cache *cache;
    struct timespec seen;
    size_t count, capacity, set_aside; /* set_aside: NAME.bad */
    struct segment **segment;          /* largest first */
    uint32_t serials;
    size_t old_count; /* see index_note_old() */
    char (*old)[SEGMENT_NAME_BYTES];
    bool (*gone)(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]);
    void *gone_context;
};

/* Fails only for what is not the segment's fault; EX_NOT_FOUND: it is gone. */
EX_MUST_USE ex_code segment_open(struct vault_index *i, const char *name, struct segment **ret,
                                 struct ex_error *err);
void segment_free(struct segment *s);
/* Forgets key, packs and damage: the next use opens it anew. */
void segment_shut(struct segment *s);
/* Can it be read? Opens it if that is possible by now. */
bool segment_ready(struct vault_index *i, struct segment *s);
bool segment_has_pack(const struct segment *s, const uint8_t id[static VAULT_PACK_ID_BYTES]);
/* Reads pages as they are on the disk, opens them; ret_good[k] tells which are sound. */
void segment_read_pages(struct segment *s, uint64_t first, size_t count, uint8_t *to,
                        bool *ret_good);

enum filter_answer { FILTER_NO, FILTER_MAYBE, FILTER_SILENT /* damaged, or none */ };
enum filter_answer segment_filter(struct vault_index *i, struct segment *s,
                                  const struct index_key *key);
/* The number of the first entry that is not below key and can be read; false when there is none. */
bool segment_lower(struct vault_index *i, struct segment *s, const struct index_key *key,
                   uint64_t *ret);
bool segment_entry(struct vault_index *i, struct segment *s, uint64_t number,
                   struct index_entry *ret);
void index_entry_read(const uint8_t *page, size_t at, struct index_entry *ret);
/* How many entries stand on this page of the entries (the first is 0). */
size_t segment_entries_in_page(const struct segment *s, uint64_t page);

/* ---- writing ---- */

/* Pages of one part of a segment, written in order. */
struct page_run {
    uint8_t *buffer;
    size_t capacity, full; /* pages in buffer */
    size_t fill;           /* bytes of data in the page that is open */
    uint64_t next;         /* number of the first page in buffer */
};

struct segment_writer {
    struct vault_index *index;
    int fd;
    char temp[SEGMENT_NAME_BYTES], name[SEGMENT_NAME_BYTES];
    struct page_codec codec;
    struct segment_head head;
    struct page_run entries, filter;
    uint64_t line_number;
    uint8_t line[INDEX_LINE_BYTES];
};
/* Begins a segment of these packs (ascending by id) and at most entries_max entries. Whatever comes
 * of it, writer_close() follows. Touches nothing of the index that changes: see index_publish(). */
EX_MUST_USE ex_code writer_open(struct vault_index *i, const struct index_pack *pack, size_t packs,
                                uint64_t entries_max, struct segment_writer *w,
                                struct ex_error *err);
/* In ascending order. */
EX_MUST_USE ex_code writer_add(struct segment_writer *w, const struct index_entry *e,
                               struct ex_error *err);
EX_MUST_USE ex_code writer_publish(struct segment_writer *w, struct ex_error *err);
void writer_close(struct segment_writer *w);

/* ---- merging ---- */

enum { MERGE_SOURCES_MAX = 64 };

struct merge_source {
    struct segment *segment;
    uint32_t *number; /* their pack's number → ours */
    uint8_t *buffer;
    bool *good;
    uint64_t page, pages; /* in the buffer */
    uint64_t at;          /* the next entry */
    struct index_key last;
    struct index_entry entry; /* the present one */
    bool lost;                /* some of its entries were not to be had */
};

struct merge {
    size_t count;
    struct merge_source source[MERGE_SOURCES_MAX];
    /* Packs that are to be left out; NULL: none. */
    bool (*drop)(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]);
    void *context;
};
/* Two steps, so that nothing is lost between them: publish what the sources hold as one segment
 * (none when no pack is left), then remove the sources. */
EX_MUST_USE ex_code merge_publish(struct vault_index *i, struct merge *m, struct ex_error *err);
EX_MUST_USE ex_code merge_retire(struct vault_index *i, struct merge *m, struct ex_error *err);

#endif
