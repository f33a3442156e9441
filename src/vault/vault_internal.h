/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the vault share with each other. */
#ifndef EXHIBIT_VAULT_VAULT_INTERNAL_H
#define EXHIBIT_VAULT_VAULT_INTERNAL_H

#include "base/cursor.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/verity.h"
#include "vault/epochs_internal.h"
#include "vault/vault.h"

#include <pthread.h>

struct vault_index;

/* When packs were verified, in order of their ids: dates.c. */
struct vault_dates {
    size_t count;
    struct vault_pack_date *row;
};
void vault_dates_clear(struct vault_dates *d);

struct vault {
    char *path;
    int dir_fd, packs_fd, index_fd;
    struct vault_config config;
    struct epochs *epochs;       /* NULL: plain, or still locked */
    bool adopted, index_lacking; /* was the index completed; could it not be? */
    bool dates_loaded;
    struct vault_dates dates;
    struct vault_index *index;
    /* Held by fetch_place(), fetch_all_places() and fetch_refresh() for as long as they use
     * `index`, `adopted` and `index_lacking`: what of the handle changes when several readers
     * (reader.h) use it at once. Never while a record is read, but for packs that the index does
     * not know: their lists are read, once for each handle. Who has the handle alone need not take
     * it. */
    pthread_mutex_t index_mutex;
};

/* Unlocks what is encrypted: takes the keys over, frees those that were there, and tells the index.
 * NULL locks. */
void vault_set_epochs(struct vault *v, struct epochs *e);
/* work/.gate: held shared while a collection makes its directory under work/, and exclusively
 * while packs are removed, which is not done while there is such a directory (format/vault §9.3).
 */
EX_MUST_USE ex_code work_gate(const struct vault *v, bool exclusive, int *ret_fd,
                              struct ex_error *err);
/* Was this pack being removed by a compaction that was cut off? */
bool work_is_dropping(const struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES]);
/* Indexes the sound packs that a crash left published but not indexed. */
EX_MUST_USE ex_code vault_adopt_packs(struct vault *v, struct ex_error *err);

/* vault.json from any bytes; fills sha256 too. */
EX_MUST_USE ex_code vault_config_parse(const uint8_t *data, size_t size_bytes,
                                       struct vault_config *ret, struct ex_error *err);

/* ---- records (vault.md §3.2) ---- */

enum record_type {
    RECORD_CHUNKS = 1,
    RECORD_NODES = 2,
    RECORD_MANIFEST = 3,
    RECORD_BODY = 4,
    RECORD_TRAILER = 5,
    RECORD_JOURNAL = 6,
    RECORD_DATES = 7
};

enum {
    PACK_HEADER_BYTES = 128,
    RECORD_HEADER_BYTES = 48,
    PACK_FOOTER_BYTES = 64,
    TABLE_ENTRY_BYTES = 36,
    RECORD_TARGET_BYTES = 256 << 10,
    PACK_TARGET_BYTES = 256 << 20,
    CODEC_NONE = 0,
    CODEC_ZSTD = 1,
    PACK_DATA = 1,
    PACK_BODY = 2,
    PACK_JOURNAL = 3,
    PACK_DATES = 4
};

struct table_entry {
    uint8_t id[SHA256_BYTES];
    uint32_t length;
};

struct record_head {
    uint32_t number;
    uint8_t type;
    uint8_t codec;
    uint32_t plain_length;
    uint32_t stored_length; /* all that follows the header */
    uint32_t table_length;
    uint8_t tag[16];
};

/* A record that was read: table and decoded data. */
struct record {
    struct record_head head;
    size_t entry_count;
    struct table_entry *entry;
    uint8_t *data; /* plain_length bytes */
};
void record_clear(struct record *r);

/* The pack that a record belongs to, as far as its tags and its encryption depend on it. */
struct pack_ref {
    uint8_t id[VAULT_PACK_ID_BYTES];
    uint64_t epoch;              /* 0: plain */
    const struct epochs *epochs; /* NULL: plain, or locked */
};
/* A new pack of this vault: a random id, the newest epoch. EX_DENIED: the vault is locked. */
EX_MUST_USE ex_code pack_ref_new(const struct vault *v, struct pack_ref *ret, struct ex_error *err);

/* Compression and encryption state; one for each worker. Remembers the key of the pack that it
 * worked on last. */
struct codec;
EX_MUST_USE ex_code codec_new(struct codec **ret, struct ex_error *err);
void codec_free(struct codec *c);
EX_DEFINE_AUTO(struct codec, codec_free);
/* The epoch of a pack, if this was the last one worked on. */
bool codec_knows_pack(const struct codec *c, const struct epochs *epochs,
                      const uint8_t id[static VAULT_PACK_ID_BYTES], uint64_t *ret_epoch);

/* Builds header ‖ table ‖ coded data into one allocation, the caller's. Number and tags are still
 * zero and nothing is encrypted: that is known only when the record is appended. `encrypted`: leave
 * room for it. level: of zstd, or a fast one of ours below 0; 0: do not compress. Unencrypted, only
 * chunks are. No id, hash or layout depends on it. */
enum { RECORD_LEVEL_FASTEST = -3 };
EX_MUST_USE ex_code record_build(enum record_type type, const struct table_entry *entry,
                                 size_t entry_count, const uint8_t *data, size_t size_bytes,
                                 struct codec *codec, int level, bool encrypted, uint8_t **ret,
                                 size_t *ret_size_bytes, struct ex_error *err);
/* Number, encryption and tags, in place. A number is used once in a pack. */
EX_MUST_USE ex_code record_finish(struct codec *codec, const struct pack_ref *pack, uint8_t *record,
                                  uint32_t number, struct ex_error *err);
/* Parses a header; EX_ALTERED when it is none. */
EX_MUST_USE ex_code record_head_parse(const uint8_t data[static RECORD_HEADER_BYTES],
                                      struct record_head *ret, struct ex_error *err);
/* How much of a record is read: header and table, for which record_table_end() bytes are enough
 * (data stays NULL), or all of it. */
enum record_depth { RECORD_TABLE, RECORD_ALL };
size_t record_table_end(const struct record_head *head);
/* Checks the tags and, in an encrypted pack, decrypts `data` in place. EX_ALTERED: damaged;
 * EX_DENIED: encrypted, and the vault is locked. */
EX_MUST_USE ex_code record_parse(struct codec *codec, const struct pack_ref *pack, uint8_t *data,
                                 size_t size_bytes, enum record_depth depth, struct record *ret,
                                 struct ex_error *err);
/* Recomputes every id of a decoded record. *ret_bad: index of the first entry that does not match,
 * or entry_count. */
EX_MUST_USE ex_code record_check_ids(const struct record *r, struct block_hasher *hasher,
                                     size_t *ret_bad, struct ex_error *err);

bool record_lookup(const struct record *r, const uint8_t id[static SHA256_BYTES],
                   const uint8_t **ret, size_t *ret_size);
/* The bytes of an entry of a decoded record, if they are what the id says; *ret NULL: the record
 * has none of that id, or they are not. */
EX_MUST_USE ex_code record_find_sound(const struct record *r, const uint8_t id[static SHA256_BYTES],
                                      struct block_hasher *hasher, const uint8_t **ret,
                                      uint32_t *ret_size_bytes, struct ex_error *err);

void chunk_id(uint64_t length, const uint8_t (*block_hash)[SHA256_BYTES],
              uint8_t ret[static SHA256_BYTES]);

/* ---- packs (vault.md §3.1, §3.3) ---- */

struct pack_header {
    uint32_t kind;
    uint8_t id[VAULT_PACK_ID_BYTES];
    uint64_t epoch; /* 0: plain */
};
void pack_header_write(const struct pack_header *h, const uint8_t vault_id[static VAULT_ID_BYTES],
                       uint8_t to[static PACK_HEADER_BYTES]);
void pack_header_of(const struct pack_ref *pack, uint32_t kind,
                    const uint8_t vault_id[static VAULT_ID_BYTES],
                    uint8_t to[static PACK_HEADER_BYTES]);
/* EX_ALTERED also for a pack of another vault, or a plain one where all are encrypted. */
EX_MUST_USE ex_code pack_header_parse(const uint8_t data[static PACK_HEADER_BYTES],
                                      const struct vault_config *config, struct pack_header *ret,
                                      struct ex_error *err);

/* What a trailer says, or a walk found. */
struct pack_record {
    uint32_t offset;
    struct record_head head;
    size_t first; /* of its entries in pack_list.entry */
    size_t count;
};
struct pack_list {
    uint8_t id[VAULT_PACK_ID_BYTES];
    uint64_t epoch;
    int64_t read_back_ns;
    size_t record_count, record_capacity;
    struct pack_record *record;
    size_t entry_count, entry_capacity;
    struct table_entry *entry;
};
void pack_list_clear(struct pack_list *l);
struct pack_ref pack_list_ref(const struct pack_list *l, const struct epochs *epochs);
EX_MUST_USE ex_code pack_list_add(struct pack_list *l, uint32_t offset,
                                  const struct record_head *head, const struct table_entry *entry,
                                  size_t count, struct ex_error *err);
/* Header, footer and the trailer's bytes, without any key: is the frame of the pack sound? Says
 * nothing of the records. */
EX_MUST_USE ex_code pack_frame_check(int fd, const struct vault *v, const char *name,
                                     struct ex_error *err);
/* From trailer and footer; EX_ALTERED when they are not sound, EX_DENIED when the vault is locked.
 */
EX_MUST_USE ex_code pack_list_read(int fd, const struct vault *v, const char *name,
                                   struct pack_list *ret, struct ex_error *err);
/* By walking the records, looking for the next one after damage. Calls `damaged` for each stretch
 * that holds no record. */
EX_MUST_USE ex_code pack_list_walk(int fd, const struct vault *v, const char *name,
                                   struct pack_list *ret,
                                   void (*damaged)(void *context, uint64_t offset, uint64_t length),
                                   void *context, struct ex_error *err);
/* Trailer record and footer, for writing at `offset`. */
EX_MUST_USE ex_code pack_trailer_build(const struct pack_list *l, const struct epochs *epochs,
                                       struct codec *codec, uint64_t offset, uint8_t **ret,
                                       size_t *ret_size_bytes, struct ex_error *err);
/* "ab/abcd….pack" */
/* Its presence says that the vault is still being made (format/vault §1). */
#define VAULT_MAKING "making"

enum { PACK_NAME_BYTES = 3 + 64 + 5 + 1 };
char *pack_name(char to[static PACK_NAME_BYTES], const uint8_t id[static VAULT_PACK_ID_BYTES]);
bool pack_name_parse(const char *name, uint8_t ret[static VAULT_PACK_ID_BYTES]);
/* The ref of a pack whose header is damaged: id by its name, epoch by footer or by trying. */
EX_MUST_USE ex_code pack_guess_ref(int fd, const struct vault *v, const char *name,
                                   struct codec *codec, struct pack_ref *ret, struct ex_error *err);
/* Calls fn for every pack under packs/ in order of name. */
EX_MUST_USE ex_code pack_each(const struct vault *v,
                              ex_code (*fn)(void *context, const char *name,
                                            const uint8_t id[static VAULT_PACK_ID_BYTES],
                                            struct ex_error *err),
                              void *context, struct ex_error *err);

/* Reads header and table of a record of a published pack, and sees that the rest of it is in the
 * file. */
EX_MUST_USE ex_code pack_read_table(const struct vault *v,
                                    const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                    uint32_t offset, struct codec *codec, struct record *ret,
                                    struct ex_error *err);
/* Reads one record of a published pack; from_disk: past the page cache. */
EX_MUST_USE ex_code pack_read_record(const struct vault *v,
                                     const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                     uint32_t offset, bool from_disk, struct codec *codec,
                                     struct record *ret, struct ex_error *err);
/* Reads [offset, offset + size_bytes) of a file past the page cache: with O_DIRECT, or, where the
 * file system has none, after asking that its pages be dropped. `direct_fd` was opened by
 * pack_open_direct(). */
EX_MUST_USE ex_code pack_open_direct(int dir_fd, const char *name, int *ret_fd,
                                     enum vault_readback_method *ret_method, struct ex_error *err);
/* _past_cache: without a copy; the caller frees *ret_buffer, in which *ret_data is. */
EX_MUST_USE ex_code pack_read_past_cache(int direct_fd, enum vault_readback_method method,
                                         size_t size_bytes, uint64_t offset, const char *name,
                                         uint8_t **ret_buffer, uint8_t **ret_data,
                                         struct ex_error *err);
EX_MUST_USE ex_code pack_read_direct(int direct_fd, enum vault_readback_method method, void *to,
                                     size_t size_bytes, uint64_t offset, const char *name,
                                     struct ex_error *err);

/* ---- the index (vault.md §5) ---- */

struct index_place {
    uint8_t pack[VAULT_PACK_ID_BYTES];
    int64_t read_back_ns;
    uint32_t offset;
};
/* An index that is damaged opens; index_damaged() counts. Threads: one at a time, but
 * index_publish() may run beside a thread that does the rest. */
EX_MUST_USE ex_code index_open(int dir_fd, bool encrypted, struct vault_index **ret,
                               struct ex_error *err);
void index_close(struct vault_index *i);
/* The keys are the caller's and outlive the index, or are taken away again with NULL. Without them
 * the index of an encrypted vault answers nothing, and nothing can be published (EX_DENIED). */
void index_set_epochs(struct vault_index *i, const struct epochs *e);
bool index_locked(const struct vault_index *i);
/* Looks at the directory again if it changed. */
EX_MUST_USE ex_code index_refresh(struct vault_index *i, struct ex_error *err);
bool index_find(struct vault_index *i, const uint8_t id[static SHA256_BYTES],
                struct index_place *ret);
/* Every place that may be an id's, one after the other, from `struct index_search s = {0}` on (some
 * perhaps twice); the index must not be refreshed meanwhile. quick: a damaged filter may hide a
 * place, which is good enough for who can store the bytes again. */
struct index_search {
    bool quick;
    bool again, begun;
    size_t segment;
    uint64_t at;
};
bool index_next(struct vault_index *i, const uint8_t id[static SHA256_BYTES],
                struct index_search *search, struct index_place *ret);
bool index_place_same(const struct index_place *a, const struct index_place *b);
EX_MUST_USE ex_code index_publish(struct vault_index *i, const struct pack_list *list,
                                  struct ex_error *err);
/* Publishes many packs in few segments, and merges these as needed; index_batch_end() publishes the
 * rest. */
struct index_batch;
struct index_batch *index_batch_new(struct vault_index *i);
void index_batch_free(struct index_batch *b);
EX_DEFINE_AUTO(struct index_batch, index_batch_free);
EX_MUST_USE ex_code index_batch_add(struct index_batch *b, const struct pack_list *list,
                                    struct ex_error *err);
EX_MUST_USE ex_code index_batch_end(struct index_batch *b, struct ex_error *err);
/* Merges what has become too many; nothing when another process is at it. */
EX_MUST_USE ex_code index_merge(struct vault_index *i, struct ex_error *err);
/* Takes packs out: afterwards no segment that can be read names them. A cut between leaves some in.
 * Remove the pack files first: a writer may index again what it finds there. EX_BUSY after a minute
 * of another process's merging, EX_DENIED while locked. */
EX_MUST_USE ex_code index_drop_packs(struct vault_index *i,
                                     const uint8_t (*id)[VAULT_PACK_ID_BYTES], size_t count,
                                     struct ex_error *err);
/* Merges leave out the packs of which this says that they are gone. */
void index_set_gone(struct vault_index *i,
                    bool (*gone)(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]),
                    void *context);
bool index_has_pack(struct vault_index *i, const uint8_t id[static VAULT_PACK_ID_BYTES]);
/* Each pack that sound segments name, once. */
void index_each_pack(struct vault_index *i,
                     void (*each)(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]),
                     void *context);
/* Segments in which damage was met so far, or by a merge before. */
size_t index_damaged(const struct vault_index *i);
/* As the headers say; works while locked. */
void index_counts(const struct vault_index *i, uint64_t *ret_segments, uint64_t *ret_entries);
/* Replacing an index without a moment in which something cannot be found: note what is there, make
 * the new segments elsewhere, then let them in and remove what was noted. */
EX_MUST_USE ex_code index_note_old(struct vault_index *i, struct ex_error *err);
EX_MUST_USE ex_code index_replace(struct vault_index *i, struct vault_index *with,
                                  struct ex_error *err);
EX_MUST_USE ex_code index_remove_all(struct vault_index *i, struct ex_error *err);
/* Reads every page again, or, while the index is locked, nothing but the headers that it has read;
 * calls problem for a segment that is damaged. */
EX_MUST_USE ex_code index_check(struct vault_index *i,
                                void (*problem)(void *context, const char *text), void *context,
                                struct ex_error *err);

/* ---- chunker (object.md §3, §4) ---- */

enum {
    CHUNK_MIN_BYTES = 16384,
    CHUNK_MAX_BYTES = 524288,
    CHUNK_MAX_BLOCKS = CHUNK_MAX_BYTES / BLOCK_BYTES,
    RUN_MIN_BLOCKS = 16
};

/* Decides, block after block, what an object consists of. Of a run it keeps only value and count:
 * it learns after RUN_MIN_BLOCKS blocks that a run is one, and can still hand out the blocks of one
 * that stayed too short. */
struct chunker {
    uint32_t blocks; /* in the open chunk */
    uint8_t hash[CHUNK_MAX_BLOCKS][SHA256_BYTES];
    bool in_run;
    uint64_t run_blocks; /* of the run that is open or may become one */
    uint8_t run_value;
};

struct chunker_block {
    const uint8_t *hash;
    bool constant; /* a whole block of one value */
    uint8_t value;
    bool ends_in_zeros; /* not constant, last 16 bytes zero */
};

/* Is this a whole block of one value? */
bool block_is_constant(const uint8_t *block, size_t size_bytes);
/* `constant`: what block_is_constant() says of it. */
struct chunker_block chunker_block_of(const uint8_t *block, size_t size_bytes, const uint8_t *hash,
                                      bool constant);

/* What becomes of the blocks handed in. */
struct chunker_sink {
    void *context;
    /* The block just handed to chunker_add() joins the open chunk. */
    ex_code (*join)(void *context, struct ex_error *err);
    /* A block handed in before, all of this value, joins it. */
    ex_code (*join_constant)(void *context, uint8_t value, struct ex_error *err);
    /* The open chunk ends. */
    ex_code (*chunk)(void *context, uint32_t blocks, const uint8_t (*hash)[SHA256_BYTES],
                     struct ex_error *err);
    ex_code (*run)(void *context, uint8_t value, uint64_t blocks, struct ex_error *err);
};
EX_MUST_USE ex_code chunker_add(struct chunker *c, const struct chunker_block *block,
                                const struct chunker_sink *sink, struct ex_error *err);
EX_MUST_USE ex_code chunker_end(struct chunker *c, const struct chunker_sink *sink,
                                struct ex_error *err);

#endif
