/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-verify checks plain vaults and opened packages from outside. It was written from docs/format/ alone and
 * shares no code with the program that writes them. To be read in the order of the pages, § being theirs:
 *
 *   bytes.c    files, digests, texts, RFC 6962 trees, JSON
 *   pack.c     vault.md §3: packs and records; the table of ids that is made from them
 *   object.c   object.md: manifest, layout, chunks, the three hashes
 *   entry.c    ledger.md §3, §4: the text of an entry, its body
 *   rules.c    ledger.md §3.1, §5, §5.1: who may sign what, intents, disposal, clocks
 *   custody.c  ledger.md §5.2: holders, offers and their answers
 *   ledger.c   ledger.md §1, §2: checkpoint, tiles, the entries in their order
 *   cosign.c   ledger.md §8: what others signed under a checkpoint
 *   package.c  package.md: the bag and what it says; excerpts (ledger.md §7.1)
 *   main.c     vault.json (vault.md §2), the order of the whole, the report
 *
 * Everything that is read is hostile: what it sizes has a limit below, sums are checked before they are used,
 * and nothing nests deeper than a constant. */
#ifndef EXHIBIT_VERIFY_H
#define EXHIBIT_VERIFY_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_RECORD  ((size_t)64 << 20)  /* vault.md §3.2 */
#define MAX_PACK    ((size_t)1 << 32)   /* vault.md §3.2; a pack is read into memory */
#define MAX_BODY    ((size_t)16 << 20)  /* ledger.md §4 */
#define MAX_IDS     ((size_t)1 << 26)   /* that packs have, of up to 112 bytes of memory each; ours */
#define MAX_ENTRIES ((size_t)10000000)  /* of one ledger; ours */
#define MAX_MANY    ((size_t)1 << 24)   /* packs, files, officers; ours */
#define MAX_OBJECT  ((uint64_t)1 << 50) /* bytes of one object; ours */
#define MAX_COSIGNERS ((size_t)64)      /* ledger.md §8.4 */
#define MAX_LINES   1000                /* findings that are printed; all are counted */
#define NONE        UINT64_MAX          /* no entry */
#define OUTSIDE     SIZE_MAX            /* no officer of this ledger */

enum verdict { GOOD, NOTE, PARTLY, MISSING, ALTERED, BAD_SIGNATURE };
enum claim { CONTENT, HISTORY, SIGNERS, CLAIMS };
#define COUNTS(X) \
    X(CONTENT, items) X(CONTENT, items_good) X(CONTENT, items_disposed) X(CONTENT, items_physical) X(CONTENT, packs) \
    X(CONTENT, packs_replaced) X(CONTENT, chunks) X(CONTENT, bytes_read) X(CONTENT, bytes_constant) \
    X(CONTENT, bytes_unreadable_at_collection) X(HISTORY, entries) X(HISTORY, tiles) X(HISTORY, bodies) \
    X(HISTORY, withheld) X(HISTORY, open_intents) X(SIGNERS, signatures_good) X(SIGNERS, signatures_bad) \
    X(SIGNERS, officers) X(SIGNERS, recoveries) X(SIGNERS, sessions) X(SIGNERS, cosigners) \
    X(SIGNERS, unauthenticated_pending)
#define X(claim, name) N_##name,
enum count { COUNTS(X) COUNT_KINDS };
#undef X

struct slice { const uint8_t *p; size_t n; }; /* somebody else's bytes */
struct buf { uint8_t *p; size_t n; };         /* one's own; freed by who has it */

struct item { /* what an entry brought into the ledger: ledger.md §5.2 */
    uint64_t entry, size, unreadable, proposal, approval;
    size_t holder; /* officer, or OUTSIDE */
    uint8_t id[16], case_id[16], object[32], sha256[32], fsverity[32];
    bool physical;       /* without an object */
    bool says;           /* size and hashes are in the body, which is as it was signed */
    bool disposed, gone; /* by two officers; a tombstone says that all of it is gone */
    enum verdict verdict;
    char label[41];
};
struct place { /* where an id lies: in the data of a record of a pack; bad: these bytes have another id */
    uint8_t id[32], type, bad;
    uint32_t pack, record, size, offset, length;
};
struct named { uint8_t id[32]; uint64_t entry; bool leaves; }; /* a pack that a body names */

struct cosigner { struct slice name; uint8_t id[4], key[32]; uint64_t size, time, at; }; /* at: an entry, or NONE */

struct run {
    const char *key_given;   /* or NULL */
    struct slice checkpoint; /* that was kept outside; or none */
    bool json, excerpt;      /* excerpt: entries may be left out */
    unsigned nested;         /* provenance within provenance */
    struct package *package;
    struct history *history;     /* of the vault that is checked */
    struct cosigner *cosigners;
    size_t n_cosigners, n_files, n_packs, n_places, n_items, n_named;
    char **files;                        /* below packs/, or of a package; ascending */
    uint8_t id[16], key[32], config[32]; /* of vault.json; its SHA-256 */
    char origin[64];
    struct { uint8_t id[32]; const char *path; } *packs; /* ascending */
    struct place *places;                                /* ascending by type and id, sound ones first */
    uint32_t kept_pack, kept_record;                     /* the record that was decoded last */
    struct buf kept, raw;
    struct item *items;
    struct named *named;
    uint64_t counts[COUNT_KINDS];
    struct { uint64_t found[CLAIMS], lines; enum verdict worst[CLAIMS]; } told;
};

/* main.c. A finding is printed at once; `stop` ends the program, for nothing more can be said. */
void find(struct run *r, enum claim c, enum verdict v, uint64_t entry, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void stop(const struct run *r, int status, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));

/* bytes.c */
uint32_t le32(const uint8_t *p);
uint64_t le64(const uint8_t *p);
void put_le64(uint8_t *p, uint64_t x);
#define all_zero(p, n) (sodium_is_zero(p, n) == 1)
void *room(struct run *r, void *array, size_t n, size_t size, size_t limit, const char *what); /* for one more */
void buf_set(struct run *r, struct buf *b, size_t n);
enum got { GOT, NOT_THERE, NOT_GOT };
/* Up to `max` bytes of a file from an offset on; NOT_GOT when it cannot be read, or `all` and it has more. */
enum got file_get(struct run *r, const char *path, uint64_t from, size_t max, bool all, struct buf *ret);
void walk(struct run *r); /* r->files; links and the like are findings (vault.md §1) */
void digest(uint8_t out[32], const struct slice *parts, size_t n);
#define PARTS(...) (const struct slice[]){__VA_ARGS__}
#define DIGEST(out, ...) digest(out, PARTS(__VA_ARGS__), sizeof(PARTS(__VA_ARGS__)) / sizeof(struct slice))
bool same(const uint8_t *a, const uint8_t *b, size_t n);
bool equal(struct slice s, const char *text);
int order(struct slice a, struct slice b); /* byte by byte; neither is none */
struct slice slice_of(const char *text);
bool get_hex(struct slice s, uint8_t *out, size_t n);              /* lower case */
size_t base64_decode(struct slice s, uint8_t *out, size_t max);    /* its length; 0: it is none */
bool get_base64(struct slice s, uint8_t *out, size_t n);
bool get_number(struct slice s, uint64_t *ret);
bool get_time(struct slice s, int64_t *ret_ns);
bool split(struct slice v, struct slice *ret, size_t n); /* exactly n words */
struct text { struct slice left; bool bad; };            /* read line by line; bad once something was wrong */
struct slice text_line(struct text *t);                  /* without its LF, which must be there */
bool text_next(const struct text *t, const char *name);  /* is the next line "NAME …"? */
struct slice text_value(struct text *t, const char *name); /* what follows NAME, not empty */
void text_words(struct text *t, const char *name, struct slice *ret, size_t n);
void text_hex(struct text *t, const char *name, uint8_t *out, size_t n);
void text_base64(struct text *t, const char *name, uint8_t *out, size_t n);
void text_number(struct text *t, const char *name, uint64_t *ret);
void text_time(struct text *t, const char *name, int64_t *ret_ns);
struct tree { uint8_t hash[64][32]; uint64_t n; }; /* RFC 6962, leaf by leaf */
void node_hash(uint8_t out[32], const uint8_t *left, const uint8_t *right);
void tree_add(struct tree *t, const uint8_t leaf_hash[32]);
void tree_root(const struct tree *t, uint8_t out[32]);
bool json_get(struct slice object, const char *path, struct slice *ret);    /* "a.b.c" */
bool json_next(struct slice array, size_t *at, struct slice *ret);          /* *at begins with 0 */
bool json_string(struct slice object, const char *path, struct slice *ret); /* one without escapes */

/* pack.c: NULL, or what is wrong */
enum { CHUNKS = 1, NODES, MANIFEST, BODY, TRAILER };
struct record { uint32_t number, plain, n; uint8_t type, codec; struct slice table, data; size_t size; };
const char *pack_header(const struct run *r, const uint8_t *p, size_t n, uint32_t kind);
const char *record_open(const uint8_t pack_id[32], const uint8_t *p, size_t n, struct record *ret);
const char *record_decode(struct run *r, const struct record *rec, struct buf *ret);
void packs_check(struct run *r);
bool packs_have(const struct run *r, const uint8_t id[32]);
/* The bytes of an id: GOOD, ALTERED or MISSING. They last until the next call. */
enum verdict packs_fetch(struct run *r, uint8_t type, const uint8_t id[32], struct slice *ret);

/* object.c */
void chunk_id(uint8_t out[32], const uint8_t *p, size_t n, uint8_t (*ret_blocks)[32]); /* block hashes, or NULL */
/* From the packs; or, of a package, with its manifest and the path of its bytes. */
void item_check(struct run *r, struct item *item, const struct slice *manifest, const char *path);

/* entry.c */
enum signer { BY_VAULT, BY_OFFICER, BY_SESSION };
enum { CASE = 1, ITEM = 2, OBJECT = 4, HANDOVER = 8, OFFICER = 16 }; /* lines that an entry has */
struct section { struct slice name; uint8_t commitment[32]; };
struct entry {
    uint64_t index, intent, session, monotonic; /* intent: NONE without such a line */
    int64_t time, expires;
    uint8_t tree[32], boot[8], signer_id[16], case_id[16], item[16], object[32], config[32], vault_key[32];
    uint8_t officer[16], officer_key[32], officer_box[32], replaces[16], session_key[32], handover[16], signature[64];
    char event[66], result[12];
    enum signer signer;
    unsigned has;
    struct slice permissions, signed_bytes;
    struct section sections[8];
    size_t n_sections;
};
bool entry_parse(const struct run *r, struct slice bytes, struct entry *ret);
bool event_is(const struct entry *e, const char *event);
bool event_ends(const char *event, const char *end); /* ".intent" */
bool result_is(const struct entry *e, const char *result);
void body_check(struct run *r, const struct entry *e);
void body_read(struct run *r, const struct entry *e, struct slice body, const char *why); /* why: it is not there */
void named_check(struct run *r);
void tlog_path(char out[96], const char *prefix, uint64_t n, unsigned width);

/* rules.c */
struct officer {
    uint8_t id[16], key[32];
    char permissions[32 * 44 + 1]; /* the lines */
    uint64_t enrolled, retired;    /* entries; retired is NONE while in office */
    size_t successor;              /* who came into this place by recovery; 0: nobody */
};
struct past { /* what later entries ask about an earlier one */
    uint64_t index;
    char event[66];
    unsigned has;
    bool answered, good;
    uint8_t case_id[16], item[16], session_key[32], tree[32];
    size_t officer; /* who signed */
    int64_t time, expires;
};
struct offer { /* of one item; answer: the accept or refuse of one from outside, which is to be confirmed */
    uint64_t entry, answer;
    uint8_t id[16], item[16];
    size_t giver, taker;
    bool open, accepted;
};
struct history {
    struct past *past; /* ascending */
    struct officer *officers;
    struct offer *offers;
    size_t n, n_unknown, n_officers, n_offers; /* unknown: entries that could not be read */
    int64_t latest;
    struct entry before; /* both for the clock */
};
struct history *history_new(struct run *r);
void history_free(struct history *h);
/* Reads the entry of this index; false: it is none, or badly signed, and counts for nothing. */
bool history_entry(struct run *r, struct history *h, struct slice bytes, uint64_t index, struct entry *e);
void history_end(struct run *r, struct history *h);
struct past *past_find(const struct history *h, uint64_t entry);
struct officer *officer_find(const struct history *h, const uint8_t id[16]);
bool in_office(const struct officer *o);
bool may(const struct officer *o, const char *line); /* "permission WORD\n" */

/* custody.c: NULL, or what is wrong */
struct item *item_find(const struct run *r, const uint8_t id[16]);
const char *custody_begin(struct run *r, struct history *h, const struct entry *e, size_t by);
const char *custody_check(struct run *r, struct history *h, const struct entry *e, size_t by);
bool offer_open(const struct history *h, const uint8_t id[16], const uint8_t item[16]); /* to somebody outside */

/* ledger.c */
struct head { uint64_t size, others; uint8_t root[32]; bool is_signed; };
struct slice note_text(struct slice note);
bool head_parse(const struct run *r, struct slice note, struct head *ret);
void head_told(struct run *r, const struct head *head);
void vkey_print(char out[160], const char *origin, const uint8_t key[32]);
void key_compare(struct run *r); /* with --key */
void ledger_check(struct run *r);

/* cosign.c */
void cosigner_add(struct run *r, const char *vkey);
void cosigned_check(struct run *r, struct slice note, uint64_t size, uint64_t entry);
void cosigned_read(struct run *r, const struct entry *e, struct slice what);
void cosigners_told(struct run *r);

/* package.c */
void package_check(struct run *r);
void provenance_check(struct run *r, const struct entry *e, struct slice text);

#endif
