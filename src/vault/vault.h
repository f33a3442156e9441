/* SPDX-License-Identifier: Apache-2.0 */
/* The vault: evidence bytes, held (docs/format/vault.md, object.md).
 *
 * Promises: bytes that vault_put() acknowledged were synced to the disk, read back past the page
 * cache and hashed again (unless the caller asked for less; what that shows: vault.md §4), and are
 * found by the object id that it gave; a chunk that is already there is not stored twice; nothing
 * that is there is ever changed. It does not say that an object is an item of evidence: that is the
 * ledger's entry, and app/'s business.
 *
 * Several processes may read and put at once. Threads: one handle belongs to one thread at a time;
 * vault_put() and vault_stream() start threads of their own and end them before they return. Only
 * vault_object() and the readers of vault/reader.h may be used from several threads at once.
 */
#ifndef EXHIBIT_VAULT_VAULT_H
#define EXHIBIT_VAULT_VAULT_H

#include "base/progress.h"
#include "crypto/note.h"
#include "crypto/sha256.h"
#include "crypto/sign.h"
#include "source/source.h"

enum { VAULT_ID_BYTES = 16, VAULT_PACK_ID_BYTES = 32, VAULT_FORMAT_VERSION = 1 };

struct vault;

struct vault_config {
    uint8_t id[VAULT_ID_BYTES];
    char origin[64];
    bool plain;
    int64_t created_ns;
    struct note_key key;          /* of the ledger's checkpoints */
    uint8_t box[32];              /* X25519: to seal to what only the unlocked vault shall read */
    uint8_t sha256[SHA256_BYTES]; /* of vault.json as it is */
};

/* Makes the directory (which must not exist, or be empty but for a making's mark) with vault.json,
 * keys/, packs/, index/ and work/, for the two public keys of a new keyring (vault/keys.h). On
 * failure what was made is left for the caller to look at. */
EX_MUST_USE ex_code vault_create(const char *path, bool encrypted,
                                 const uint8_t vault_key[static SIGN_PUBLIC_BYTES],
                                 const uint8_t box[static 32], struct vault_config *ret,
                                 struct ex_error *err);
/* What stands around vault_create() and all that belongs to a new vault, so that a crash leaves
 * none half made (vault.md §1). begin: makes the directory, and takes away what a making that was
 * cut off left there. EX_EXISTS: it holds anything else; EX_BUSY: it is being made. end: from here
 * on it is a vault. A making that is freed before its end may begin again. */
struct vault_making;
EX_MUST_USE ex_code vault_making_begin(const char *path, struct vault_making **ret,
                                       struct ex_error *err);
EX_MUST_USE ex_code vault_making_end(struct vault_making *m, struct ex_error *err);
void vault_making_free(struct vault_making *m);
EX_DEFINE_AUTO(struct vault_making, vault_making_free);
/* Its making has not come to its end: nothing in it was acknowledged. */
bool vault_is_half_made(const struct vault *v);

/* EX_NOT_FOUND: no vault there. EX_UNSUPPORTED: a version or mode that this program does not know.
 * An encrypted vault is locked until vault_keyring_unlock() (vault/keys.h): what is encrypted is
 * then EX_DENIED. */
EX_MUST_USE ex_code vault_open(const char *path, struct vault **ret, struct ex_error *err);
void vault_close(struct vault *v);
EX_DEFINE_AUTO(struct vault, vault_close);

const struct vault_config *vault_config(const struct vault *v);
const char *vault_path(const struct vault *v);
int vault_dir_fd(const struct vault *v);
/* Encrypted, and no keys are there yet. */
bool vault_is_locked(const struct vault *v);

/* ---- ledger bodies (vault.md §3.5) ---- */

/* Durable when it returns. An existing body of an entry that was never acknowledged is replaced:
 * the caller holds the ledger's lock. */
EX_MUST_USE ex_code vault_body_write(struct vault *v, uint64_t index, const uint8_t *data,
                                     size_t size_bytes, struct ex_error *err);
/* Removes the body of an entry that was not signed into the log after all; nothing when there is
 * none. The caller holds the ledger's lock. */
void vault_body_discard(struct vault *v, uint64_t index);
/* Moves the bodies of entries `index`, `index` + 1… (as far as they go without a gap) to
 * ledger/beyond/, so that writing entry `index` destroys nothing. The caller holds the ledger's
 * lock. */
EX_MUST_USE ex_code vault_body_set_aside(struct vault *v, uint64_t index, uint64_t *ret_count,
                                         struct ex_error *err);
/* EX_MISSING, EX_ALTERED. The caller frees. */
EX_MUST_USE ex_code vault_body_read(struct vault *v, uint64_t index, uint8_t **ret,
                                    size_t *ret_size_bytes, struct ex_error *err);

/* ---- putting ---- */

enum vault_readback { VAULT_READBACK_NEW, VAULT_READBACK_ALL, VAULT_READBACK_NONE };
/* How (vault.md §4), the less it says the later: of a put whose packs differ, the last holds. */
enum vault_readback_method {
    VAULT_READ_NOT,
    VAULT_READ_DIRECT,        /* past this machine's page cache; what is behind it may have one */
    VAULT_READ_CACHE_DROPPED, /* the system was asked to drop its pages, and need not have */
    VAULT_READ_MEMORY         /* there is no disk: the packs are files in memory */
};
/* Its word in journals, entries and reports: json.md §4.2. */
const char *vault_readback_method_word(enum vault_readback_method m);

struct vault_object_info {
    uint8_t id[SHA256_BYTES];
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
    uint8_t fsverity[SHA256_BYTES];
    uint8_t salted_root[SHA256_BYTES];
    uint8_t salted_key[32];
    uint8_t layout[SHA256_BYTES];
    unsigned layout_level;
    size_t unreadable_count;
    struct source_range *unreadable; /* freed by vault_object_info_clear() */
};
void vault_object_info_clear(struct vault_object_info *o);

/* Of a source that was gone on with: what of its first bytes was read again, and was the same. */
struct vault_put_sampled {
    uint64_t before_bytes;  /* that were read in earlier sittings; 0: it was not gone on with */
    uint64_t places, bytes; /* compared, at random, all over them */
    uint64_t unread_places; /* that did not come this time */
};

struct vault_put_report {
    uint64_t data_bytes, constant_bytes;
    uint64_t chunks, chunks_new;
    uint64_t new_bytes;   /* of new chunks, before compression */
    uint64_t added_bytes; /* of the new packs, all included */
    uint64_t reused_bytes;
    int64_t reused_oldest_ns; /* when the longest unverified of the reused chunks was last read
                                 back; 0 never */
    enum vault_readback readback;
    enum vault_readback_method method;
    size_t pack_count;
    uint8_t (*pack)[VAULT_PACK_ID_BYTES]; /* freed by vault_put_report_clear() */
    size_t unread_count; /* what was not read, with the reasons; freed with the report */
    struct source_range *unread;
    struct vault_put_sampled sampled;
};
void vault_put_report_clear(struct vault_put_report *r);

/* Unfinished work that this process has locked. */
struct vault_work;

struct vault_put_options {
    enum vault_readback readback;
    const char *journal; /* JSON for the journal: what this is (vault.md §6.1); may be NULL */
    /* Goes on with this work, which stays the caller's: the source must be the same. Its journal is
     * written anew, with `journal` in it. */
    struct vault_work *resume;
    /* Where to leave the directory of new work, open, for vault_work_remove() once the object is
     * recorded; NULL: it is removed when the object is held. */
    struct vault_work **ret_work;
    uint64_t resume_every_bytes; /* for tests: a resume point each time that so much was read */
    const uint8_t
        *salted_key; /* not a random one: an object of another vault is the same object here, with
                        the same id, when its bytes and its unreadable ranges are the same */
};

/* Reads the source to its end and holds it as an object. The source was opened by the caller, who
 * also asks afterwards whether it changed. On failure nothing of the object is held, though sealed
 * packs may stay; work on a file that got as far as a resume point can be gone on with (the hint
 * says how), unless the source changed. EX_SOURCE also when a source that is gone on with does not
 * give the bytes that it gave before. */
EX_MUST_USE ex_code vault_put(struct vault *v, struct source *source,
                              const struct vault_put_options *options, struct ex_progress *progress,
                              struct vault_object_info *ret_object,
                              struct vault_put_report *ret_report, struct ex_error *err);

/* ---- work that was cut off (vault.md §6) ---- */

enum { VAULT_UNFINISHED_MAX = 100 };

struct vault_unfinished {
    char name[40];
    bool running;
    uint64_t bytes;
    char what[2048]; /* JSON; empty: it cannot be read, or is longer */
    bool resumable;
    uint64_t offset;   /* of the source: up to there (nearly) nothing is read again */
    char why_not[120]; /* when it is not resumable */
};
EX_MUST_USE ex_code vault_work_list(struct vault *v, struct vault_unfinished *ret, size_t max,
                                    size_t *ret_count, struct ex_error *err);
/* Locks it. EX_NOT_FOUND; EX_BUSY: a running process has it. Opens what cannot be resumed as well,
 * so that it can be removed. */
EX_MUST_USE ex_code vault_work_open(struct vault *v, const char *name, struct vault_work **ret,
                                    struct ex_error *err);
/* Lets go of the lock; the directory stays. */
void vault_work_close(struct vault_work *w);
EX_DEFINE_AUTO(struct vault_work, vault_work_close);
const char *vault_work_name(const struct vault_work *w);
/* What it said that it was, as JSON: the work's; NULL when it was made here or cannot be read. */
const char *vault_work_what(const struct vault_work *w);
/* Where the last resume point of work that was opened is; fails with the reason when there is none
 * that can be used. */
EX_MUST_USE ex_code vault_work_offset(const struct vault_work *w, uint64_t *ret,
                                      struct ex_error *err);
/* Closes; the directory stays if it can be resumed from. For work that came to a bad end. */
void vault_work_leave(struct vault_work *w);
/* Removes the directory, and closes (also on failure). Packs that were published stay. */
EX_MUST_USE ex_code vault_work_remove(struct vault_work *w, struct ex_error *err);

/* ---- getting: from beginning to end; here and there: vault/reader.h ---- */

/* The manifest. EX_MISSING when the vault has no such object, EX_ALTERED when its record is
 * damaged. */
EX_MUST_USE ex_code vault_object(struct vault *v, const uint8_t id[static SHA256_BYTES],
                                 struct vault_object_info *ret, struct ex_error *err);

enum vault_piece_kind { VAULT_PIECE_DATA, VAULT_PIECE_CONSTANT, VAULT_PIECE_DAMAGED };

/* One extent of an object, in order. Every data piece was read, decoded and compared with its chunk
 * id a moment ago; a damaged one says why it could not be. */
struct vault_piece {
    enum vault_piece_kind kind;
    uint64_t offset;
    uint64_t length;
    uint8_t value;                             /* constant */
    const uint8_t *data;                       /* data: length bytes, until the callback returns */
    const uint8_t (*block_hash)[SHA256_BYTES]; /* data: one for each block */
    const char *why;                           /* damaged */
    bool missing;                              /* damaged: the bytes are not there at all */
};

typedef ex_code vault_piece_fn(void *context, const struct vault_piece *piece,
                               struct ex_error *err);

/* Hands on the whole object, using all cores. from_disk: drop the pages first, so that the disk is
 * read and not memory. A damaged layout gives one damaged piece for all that it spans. */
EX_MUST_USE ex_code vault_stream(struct vault *v, const struct vault_object_info *object,
                                 bool from_disk, vault_piece_fn *each, void *context,
                                 struct ex_progress *progress, struct ex_error *err);

enum { VAULT_DAMAGE_MAX = 1000 };

struct vault_damage {
    uint64_t offset, length;
    bool missing;
    char why[120];
};

struct vault_verify_report {
    uint64_t chunks, bytes_read, bytes_constant;
    bool fsverity_matches, salted_matches;
    bool linear_asked, linear_matches;
    uint64_t damaged_bytes, damaged_count;
    uint64_t missing_bytes;
    struct vault_damage damage[VAULT_DAMAGE_MAX]; /* the first ones */
};

EX_MUST_USE ex_code vault_verify(struct vault *v, const struct vault_object_info *object,
                                 bool linear, struct ex_progress *progress,
                                 struct vault_verify_report *ret, struct ex_error *err);

/* ---- the whole ---- */

enum { VAULT_PROBLEMS_MAX = 100 };

/* Where stored bytes are damaged, as a check found it. */
struct vault_hurt;
void vault_hurt_free(struct vault_hurt *h);
EX_DEFINE_AUTO(struct vault_hurt, vault_hurt_free);

struct vault_check_report {
    bool locked; /* encrypted, and no key was there: only what stands in the clear was checked */
    uint64_t packs, records, stored_bytes;
    uint64_t index_segments, index_entries, packs_not_indexed;
    uint64_t sets; /* hash sets */
    uint64_t problem_count;
    char problem[VAULT_PROBLEMS_MAX][200];
    size_t unfinished_count;
    struct vault_unfinished unfinished[VAULT_UNFINISHED_MAX];
    struct vault_hurt *hurt; /* freed by vault_check_report_clear() */
};
void vault_check_report_clear(struct vault_check_report *r);

/* Headers, tables, trailers and footers of every pack, the index segments, work left behind; `deep`
 * also decodes every record and recomputes every id. Of a locked vault only headers, footers and
 * the trailers' hashes. Writes nothing. */
EX_MUST_USE ex_code vault_check(struct vault *v, bool deep, struct ex_progress *progress,
                                struct vault_check_report *ret, struct ex_error *err);

/* One range of an object of which no good copy is known. */
struct vault_hurt_range {
    uint64_t offset, length;
    uint8_t id[SHA256_BYTES]; /* of the chunk */
    bool layout;     /* a node of the layout is hurt: what lies in the range is not known */
    bool missing;    /* there are no bytes at all; otherwise there are damaged ones */
    const char *why; /* until the callback returns */
};
typedef ex_code vault_hurt_fn(void *context, const struct vault_hurt_range *range,
                              struct ex_error *err);
/* The ranges of an object that this damage (and whatever is missing) hurts, in order. Reads the
 * layout, the index, and of the content what the check found suspect. */
EX_MUST_USE ex_code vault_hurt_map(struct vault *v, const struct vault_hurt *hurt,
                                   const struct vault_object_info *object, vault_hurt_fn *each,
                                   void *context, struct ex_error *err);

/* ---- compaction (vault.md §9) ---- */

/* The ids of all objects that are needed now, the callee's until the next call. */
typedef ex_code vault_objects_fn(void *context, const uint8_t (**ret)[SHA256_BYTES],
                                 size_t *ret_count, struct ex_error *err);

enum {
    VAULT_COMPACT_LEVEL = 9,
    VAULT_COMPACT_PERCENT = 10,
    VAULT_COMPACT_TEXTS_MAX = 20,
    VAULT_COMPACT_PACKS_MAX = 100000 /* in one run: an entry of the ledger names them */
};

struct vault_compact_options {
    vault_objects_fn *objects; /* asked when planning, and again before anything is removed */
    void *context;
    const uint8_t (*dispose)[SHA256_BYTES]; /* objects that go, though objects() may name them */
    size_t dispose_count;
    bool all;                   /* every pack with something that is not needed … */
    unsigned threshold_percent; /* … otherwise from this share of it on */
    bool recompress;            /* also packs that are not among the settled ones */
    const uint8_t (*settled)[VAULT_PACK_ID_BYTES]; /* ascending */
    size_t settled_count;
    int level;           /* of zstd */
    const char *journal; /* as in vault_put_options */
};

struct vault_compact_report {
    uint64_t packs_before, bytes_before, packs_after, bytes_after; /* of the whole vault */
    uint64_t packs_unreadable; /* their lists cannot be read: never touched */
    uint64_t objects, chunks_missing;
    uint64_t dead_bytes;                         /* not needed, before compression */
    uint64_t planned_bytes, planned_plain_bytes; /* the latter before compression */
    size_t planned_count, written_count, removed_count, written_capacity, removed_capacity;
    uint8_t (*planned)[VAULT_PACK_ID_BYTES]; /* to be replaced; all three the compaction's */
    uint8_t (*written)[VAULT_PACK_ID_BYTES];
    uint8_t (*removed)[VAULT_PACK_ID_BYTES];
    uint64_t written_bytes, removed_bytes;
    uint64_t entries_carried, entries_dropped,
        entries_duplicate;  /* dropped ones of which another
                               copy stays; among the dropped */
    uint64_t packs_touched; /* kept: a new item needs something in them */
    uint64_t refused_count; /* kept: damage in them */
    char refused[VAULT_COMPACT_TEXTS_MAX][200];
    bool hurt; /* the failure is that of this object */
    uint8_t hurt_object[SHA256_BYTES];
    /* of the objects that go */
    bool own_unknown; /* one cannot be read: what it had is not known */
    uint64_t own_chunks, own_bytes, shared_chunks, shared_bytes, sharing_objects;
};

/* Finds out what is needed and which packs are to be replaced; changes nothing. The compaction is
 * the caller's also after a failure; the report lives as long as it. EX_BUSY: a collection or
 * another compaction is going on, or one was cut off. EX_ALTERED, EX_MISSING: an object is so
 * damaged that nobody knows what it needs, or the index is. */
struct vault_compaction;
EX_MUST_USE ex_code vault_compact_plan(struct vault *v, const struct vault_compact_options *options,
                                       struct ex_progress *progress, struct vault_compaction **ret,
                                       struct vault_compact_report **ret_report,
                                       struct ex_error *err);
/* Carries over what is needed, then removes the old packs, a few GiB at a time. Whenever it ends,
 * also by a failure, by a signal or by loss of power, every object is whole, and the report says
 * what was removed so far. */
EX_MUST_USE ex_code vault_compact_run(struct vault_compaction *c, struct ex_progress *progress,
                                      struct ex_error *err);
void vault_compaction_free(struct vault_compaction *c);
EX_DEFINE_AUTO(struct vault_compaction, vault_compaction_free);

/* ---- repairing (vault.md §11) ----
 *
 * What objects need and no good copy is known of is taken from elsewhere, by id, hashed, and stored
 * once more; damaged copies stay where they are. new → need → from… → finish. */
struct vault_repair;
struct vault_repair_report {
    uint64_t needed, found; /* manifests, nodes and chunks */
    uint64_t found_bytes;
    size_t pack_count; /* written */
    uint8_t (*pack)[VAULT_PACK_ID_BYTES];
};
void vault_repair_report_clear(struct vault_repair_report *r);

/* `hurt` and `journal` (one line of JSON for work/ID/journal) stay the caller's and live as long.
 */
EX_MUST_USE ex_code vault_repair_new(struct vault *v, const struct vault_hurt *hurt,
                                     const char *journal, struct vault_repair **ret,
                                     struct ex_error *err);
void vault_repair_free(struct vault_repair *r); /* what was not finished is dropped */
EX_DEFINE_AUTO(struct vault_repair, vault_repair_free);
/* Notes what this object lacks: its manifest, or the highest damaged nodes, and its chunks. After a
 * node was found there may be more to be needed below it: then repair again. */
EX_MUST_USE ex_code vault_repair_need(struct vault_repair *r,
                                      const uint8_t object_id[static SHA256_BYTES],
                                      struct ex_error *err);
/* From another vault, opened (and unlocked) by the caller. */
EX_MUST_USE ex_code vault_repair_from_vault(struct vault_repair *r, struct vault *from,
                                            struct ex_progress *progress, struct ex_error *err);
/* From a copy of an object's stream (an export, or the source itself), read to its end: every chunk
 * and node that it would consist of here. Gives no manifests. */
EX_MUST_USE ex_code vault_repair_from_stream(struct vault_repair *r, struct source *source,
                                             struct ex_progress *progress, struct ex_error *err);
/* Stores what was found: published, read back, in the index. */
EX_MUST_USE ex_code vault_repair_finish(struct vault_repair *r, struct vault_repair_report *ret,
                                        struct ex_error *err);

/* Mends a pack by its parity, in its place. *ret_mended false: there is none, or it was not enough;
 * the pack is as it was. */
EX_MUST_USE ex_code vault_repair_pack(struct vault *v,
                                      const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                      struct ex_progress *progress, bool *ret_mended,
                                      struct ex_error *err);
/* Each pack that the check found damaged. Those that are gone: vault_parity_each_left_over(). */
EX_MUST_USE ex_code
vault_hurt_each_pack(const struct vault_hurt *hurt,
                     ex_code (*fn)(void *context, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                   struct ex_error *err),
                     void *context, struct ex_error *err);

/* Packs that the index names and that are not there; and letting the index forget them, once
 * nothing in them is needed any more. */
EX_MUST_USE ex_code vault_gone_packs(struct vault *v, uint8_t (**ret)[VAULT_PACK_ID_BYTES],
                                     size_t *ret_count, struct ex_error *err);
EX_MUST_USE ex_code vault_forget_packs(struct vault *v, const uint8_t (*id)[VAULT_PACK_ID_BYTES],
                                       size_t count, struct ex_error *err);

/* Is a published pack of this id there? Says nothing about its content. */
bool vault_has_pack(const struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES]);

/* ---- verifying what lies there, in turns (vault.md §10) ---- */

struct vault_pack_date {
    uint8_t id[VAULT_PACK_ID_BYTES];
    int64_t verified_ns; /* below 0: found damaged then, the sign apart */
};
/* When a pack was last read from the disk and found good: by a scrub, or else when it was written
 * (written_ns, from its trailer or the index; 0 not then either). 0 too when it was found damaged
 * then, and not good since. */
int64_t vault_pack_verified(struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES],
                            int64_t written_ns);
/* Was it damaged when it was last read? */
bool vault_pack_is_suspect(struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES]);
/* Durable when it returns. A derived list: rebuild forgets it and notes it again from the ledger.
 */
EX_MUST_USE ex_code vault_note_verified(struct vault *v, const struct vault_pack_date *row,
                                        size_t count, struct ex_error *err);
void vault_forget_verified(struct vault *v);

struct vault_scrub_plan {
    int64_t before_ns;     /* packs that were verified before this */
    uint64_t rate_bytes_s; /* on average; 0: as fast as it goes */
    uint64_t duration_ns;  /* begin no further pack after this; 0: no limit */
};
struct vault_scrub_report {
    uint64_t packs, packs_due, packs_read; /* all; of those, before_ns; of those, read now */
    uint64_t bytes_read;
    int64_t oldest_ns; /* the oldest date among all packs, afterwards; 0: one was never verified */
    size_t good_count, good_capacity;
    struct vault_pack_date *good;
    size_t bad_count, bad_capacity;
    uint8_t (*bad)[VAULT_PACK_ID_BYTES];
    struct vault_check_report check; /* problems, hurt */
};
void vault_scrub_report_clear(struct vault_scrub_report *r);
/* Reads packs from the disk, those first that were not verified for the longest time, and checks
 * every byte of them. ^C ends it after the record in hand, without an error: what was done counts.
 * The dates are the caller's to note, after they are in the ledger. */
EX_MUST_USE ex_code vault_scrub(struct vault *v, const struct vault_scrub_plan *plan,
                                struct ex_progress *progress, struct vault_scrub_report *ret,
                                bool *ret_interrupted, struct ex_error *err);

/* Throws the index away and makes it anew from the packs. */
EX_MUST_USE ex_code vault_rebuild_index(struct vault *v, struct ex_progress *progress,
                                        uint64_t *ret_packs, uint64_t *ret_entries,
                                        struct ex_error *err);

/* ---- parity (parity.md) ----
 *
 * Mends what decays on a lone disk. It is over stored bytes, needs no key, and proves nothing: a
 * mended pack is believed only as far as its own records and the ledger confirm it. */

/* A pack, compared with its parity. */
struct vault_parity_report {
    uint64_t pack_bytes;         /* as they should be */
    uint64_t found_bytes;        /* size of the file as it is; 0: gone */
    unsigned copies_sound;       /* of the parity file's header and list: 1 or 2 */
    uint64_t blocks, blocks_bad; /* of the pack */
    uint64_t parity_blocks, parity_blocks_bad;
    uint64_t groups, groups_hurt; /* with a bad data block */
    uint64_t groups_lost;         /* with more than can be mended */
    size_t bad_count, lost_count;
    struct source_range *bad;  /* of the pack, ascending; freed by vault_parity_report_clear() */
    struct source_range *lost; /* those of them that cannot be, or could not be, mended */
};
void vault_parity_report_clear(struct vault_parity_report *r);
/* Is the pack as it was when its parity was made? */
bool vault_parity_report_sound(const struct vault_parity_report *r);

bool vault_parity_has(const struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES]);
/* Reads the pack past the page cache, after a look at its trailer and footer. EX_EXISTS: there is
 * one; EX_ALTERED, EX_IO: the pack is not sound, or cannot be read; EX_BUSY: another process is
 * making parity. */
EX_MUST_USE ex_code vault_parity_make(struct vault *v,
                                      const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                      struct ex_progress *progress, struct ex_error *err);
/* EX_NOT_FOUND: no parity; EX_ALTERED: the parity file is of no use. A damaged or absent pack is a
 * result. */
EX_MUST_USE ex_code vault_parity_check(struct vault *v,
                                       const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                       struct ex_progress *progress,
                                       struct vault_parity_report *ret, struct ex_error *err);
/* The same, and writes a mended copy to the new file dir_fd/name and fsyncs it (not its directory:
 * ex_publish() does); the pack is not touched.
 * ret->lost_count == 0: the copy is whole. Otherwise the lost ranges hold what could be read, and
 * zeros. The caller validates the copy and puts it in its place. On failure the file is removed. */
EX_MUST_USE ex_code vault_parity_repair(struct vault *v,
                                        const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                        int dir_fd, const char *name, struct ex_progress *progress,
                                        struct vault_parity_report *ret, struct ex_error *err);
/* Durable; nothing when there is none. To be called whenever a pack was removed for good, after it:
 * parity holds part of its pack, and is not made of one that is gone. */
EX_MUST_USE ex_code vault_parity_remove(struct vault *v,
                                        const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                        struct ex_error *err);

enum { VAULT_PARITY_PROBLEMS_MAX = 100 };

struct vault_parity_made {
    uint64_t packs, had, made; /* not made: packs − had − made */
    uint64_t read_bytes;       /* of the packs that got one */
    uint64_t parity_bytes;     /* of the files made */
    uint64_t problem_count;
    char problem[VAULT_PARITY_PROBLEMS_MAX]
                [200]; /* one for each pack that got none; the first ones */
};
/* Makes what is missing or of no use. A pack that is not sound gets none and does not stop the
 * others; `deep` first decodes every record of a pack and recomputes every id. EX_BUSY: another
 * process is at it. */
EX_MUST_USE ex_code vault_parity_make_all(struct vault *v, bool deep, struct ex_progress *progress,
                                          struct vault_parity_made *ret, struct ex_error *err);

struct vault_parity_count {
    uint64_t packs_with, packs_without;
    uint64_t left_over; /* parity files whose pack is gone */
};
/* By names alone. */
EX_MUST_USE ex_code vault_parity_count(const struct vault *v, struct vault_parity_count *ret,
                                       struct ex_error *err);
/* Each parity file whose pack is gone. They are kept until somebody who knows why it is gone calls
 * vault_parity_remove(): of a small pack, parity can give back all. */
EX_MUST_USE ex_code vault_parity_each_left_over(
    const struct vault *v,
    ex_code (*fn)(void *context, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                  struct ex_error *err),
    void *context, struct ex_error *err);

#endif
