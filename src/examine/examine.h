/* SPDX-License-Identifier: Apache-2.0 */
/* Examining: from the bytes of one object to the traces in it (docs/format/traces.md).
 *
 * Promises: bytes are parsed in workers that can do nothing else (sandbox/), and what they tell is
 * checked before it is written; a parser that crashes, hangs or swells costs what it was at, which
 * is said as a trace, and the run goes on; the same object gives the same traces, with the same
 * ids, however many workers there are and however often one of them is killed. Every `sha256` was
 * computed here, from bytes that were compared with their chunk ids as they were read, or is one
 * that was computed so before (`known`). It does not say that what a parser makes of the bytes is
 * right: names, times and "deleted" are the claims of the item's own structures, as it read them.
 *
 * Writes nothing but the stream of traces. Threads of its own, ended before it returns.
 */
#ifndef EXHIBIT_EXAMINE_EXAMINE_H
#define EXHIBIT_EXAMINE_EXAMINE_H

#include "vault/vault.h"

enum {
    EXAMINE_ID_BYTES = 16,
    EXAMINE_KEY_BYTES = 16, /* traces.md §5 */
    EXAMINE_TYPE_BYTES = 24,
    EXAMINE_WORKERS_MAX = 16,
    EXAMINE_FORMAT_VERSION = 1
};

enum examine_profile {
    EXAMINE_TRIAGE,   /* structure: nothing is hashed */
    EXAMINE_FILES,    /* and the contents of files, which are not looked into */
    EXAMINE_STANDARD, /* and files in files, and in space that nothing claims */
    EXAMINE_DEEP      /* and these at each of its bytes */
};
/* "triage", "files", "standard", "deep" */
const char *examine_profile_word(enum examine_profile p);
bool examine_profile_parse(const char *word, enum examine_profile *ret);

/* Why something was not examined: the words of traces.md §4. */
enum examine_reason {
    EXAMINE_DAMAGED,
    EXAMINE_CRASHED,
    EXAMINE_TOO_LONG,
    EXAMINE_TOO_LARGE,
    EXAMINE_TOO_DEEP,
    EXAMINE_TOO_MANY,
    EXAMINE_KILLED,
    EXAMINE_UNREADABLE,
    EXAMINE_ENCRYPTED,
    EXAMINE_UNSUPPORTED,
    EXAMINE_REASONS
};
const char *examine_reason_word(enum examine_reason r);

/* What is known of a content: all that follows from its bytes. */
struct examine_known {
    uint8_t sha256[SHA256_BYTES];
    char type[EXAMINE_TYPE_BYTES]; /* json.md §4.13; empty: no signature fits */
};

/* traces.md §3. `above`: the id of what it is under, or the first bytes of the object's. */
void examine_trace_id(const uint8_t above[static EXAMINE_ID_BYTES], const char *parser,
                      const char *key, uint8_t ret[static EXAMINE_ID_BYTES]);

/* A trace of an earlier examination. */
struct examine_earlier {
    uint32_t parent;  /* 0: the content; or 1 + how many were given before it */
    const char *line; /* as it stands in that result, without the line feed */
    size_t line_bytes;
};
typedef ex_code examine_earlier_fn(void *to, const struct examine_earlier *t, struct ex_error *err);
/* Is this the name of a parser that looks into contents, and not one of structure? */
bool examine_looks_inside(const char *parser);

struct examine_options {
    enum examine_profile profile;
    unsigned workers;       /* 0: as many as there are cores, at most EXAMINE_WORKERS_MAX */
    const uint8_t *item_id; /* EXAMINE_ID_BYTES: for the head */
    const char *program;    /* of the workers, for tests; NULL: the one that belongs to this */
    unsigned step_ms;       /* for one step of a parser; 0: a minute */
    /* Several questions to `known` begin, and end: nothing else happens between. May be NULL. */
    void (*asking)(void *context, bool begins);
    /* A content of this key (traces.md §5) was hashed before. May be NULL. Called by one thread at
     * a time, not always the same. */
    ex_code (*known)(void *context, const uint8_t key[static EXAMINE_KEY_BYTES],
                     struct examine_known *ret, bool *ret_found, struct ex_error *err);
    /* What an earlier examination found in a content of this hash: every trace under it that a
     * parser of contents told (examine_looks_inside()), traces before errors, each kind in the
     * order of its result. Only of an examination whose first line says the same as `head` where it
     * matters to these (traces.md §5). *ret_found false: there is none, whatever was given before.
     * May be NULL. Called as `known` is. */
    ex_code (*inside)(void *context, const char *head, const uint8_t sha256[static SHA256_BYTES],
                      examine_earlier_fn *each, void *to, bool *ret_found, struct ex_error *err);
    void *context;
};

struct examine_parser_report {
    const char *name;
    unsigned version;
    char library[64]; /* what it reads through; empty: nothing */
    uint64_t jobs, traces, problems;
    uint64_t busy_ns; /* of its workers, all together: what they were waited for */
    uint64_t cpu_ns;  /* of its workers, all together, as the kernel counted it */
    uint64_t crashed, killed, too_long; /* workers that were lost, each time anew */
};

enum { EXAMINE_PARSERS_MAX = 16 };

struct examine_report {
    uint64_t traces, directories, files, deleted; /* deleted: of any kind, orphans included */
    uint64_t carved;                              /* of the files: found in space, without a name */
    uint64_t hashed, hashed_bytes;                /* contents that were read */
    uint64_t remembered, remembered_bytes;        /* contents whose hash was known */
    uint64_t inside, inside_remembered;           /* contents that were looked into; had been */
    uint64_t not_hashed;                          /* contents that were not, each with its reason */
    uint64_t not_hashed_bad; /* of these: damaged, unreadable, over a limit, not given whole */
    uint64_t problems[EXAMINE_REASONS]; /* traces of kind `error` */
    uint64_t restarts;                  /* workers that were lost, and what they did begun anew */
    bool truncated;                     /* a budget ended it: there may be more */
    size_t parser_count;
    struct examine_parser_report parser[EXAMINE_PARSERS_MAX];
    char confinement[256]; /* of the workers, for people */
};

/* Writes the traces of `object` to fd, from where it stands. EX_INTERRUPTED: nothing of what was
 * written is to be kept. A result with problems is EX_OK: the report counts them. */
EX_MUST_USE ex_code examine_run(struct vault *v, const struct vault_object_info *object,
                                const struct examine_options *options, int fd,
                                struct ex_progress *progress, struct examine_report *ret,
                                struct ex_error *err);

/* ---- a content that has no place of its own in the object ---- */

struct examine_place {
    bool hole; /* zeros that are stored nowhere */
    uint64_t offset, length;
};
/* One trace on the way from a content with places down to the one that is wanted. */
struct examine_way {
    const char *parser, *key;
    unsigned version; /* of the parser, as the result has it */
    bool looked_into; /* what is under it was found by a worker of its own */
};
enum { EXAMINE_WAY_MAX = 64 };
typedef ex_code examine_write_fn(void *context, const uint8_t *data, size_t size_bytes,
                                 struct ex_error *err);
/* Has the parsers look into the content at `place` again, one after the other, and writes what the
 * last of `way` (1 to EXAMINE_WAY_MAX) says. Nothing of it is compared: the caller has the hash.
 * EX_NOT_FOUND: it is not told any more; EX_UNSUPPORTED: by another version of a parser, or it is
 * inside of something too large; otherwise as a worker fails. */
EX_MUST_USE ex_code examine_content_again(struct vault *v, const struct vault_object_info *object,
                                          const struct examine_place *place, size_t place_count,
                                          const struct examine_way *way, size_t way_count,
                                          examine_write_fn *write, void *context,
                                          struct ex_progress *progress, struct ex_error *err);

#endif
