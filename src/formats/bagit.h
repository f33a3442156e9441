/* SPDX-License-Identifier: Apache-2.0 */
/* BagIt bags: whether one is whole, and the text that makes one.
 *
 * Source: RFC 8493 (BagIt 1.0). Bags of versions 0.97 and 0.96 are read by the rules that RFC 8493
 * names as those of older versions. Section numbers (§) are the RFC's.
 *
 * A verdict is about the bag in itself: its files are those that its manifests list, with the
 * hashes that stand there. It does not say who made the bag or that its manifests are the maker's;
 * a signature does. Nothing is fetched, nothing is written, no name out of a bag is opened but
 * beneath its own directory and through no link.
 *
 * Names are compared byte by byte. RFC 8493 §5.2 lets a tool take two spellings of one name (its
 * composed and its decomposed form, or other case) for one file; this one does not: such a file is
 * missing, as it is for `sha256sum -c`.
 *
 * Everything that is not as it should be is a finding, in words and with the name of the file. An
 * error is only what keeps from judging: no memory, EX_LIMIT, a failed callback.
 *
 * Threads: nothing is shared; one checker belongs to one thread at a time.
 */
#ifndef EXHIBIT_FORMATS_BAGIT_H
#define EXHIBIT_FORMATS_BAGIT_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BAGIT_PATH_BYTES_MAX = 4096,
    BAGIT_FILES_MAX = 1 << 20,
    BAGIT_DIGEST_BYTES_MAX = 64,
    BAGIT_LABEL_BYTES_MAX = 1024,
    BAGIT_VALUE_BYTES_MAX = 1 << 16,
    BAGIT_FINDINGS_MAX = 250, /* kept of each grade; the others are counted */
    /* A manifest's line: digits, two spaces, each byte of a path as %XX, LF, NUL. */
    BAGIT_LINE_BYTES_MAX = 2 * BAGIT_DIGEST_BYTES_MAX + 2 + 3 * BAGIT_PATH_BYTES_MAX + 2
};
#define BAGIT_TAG_FILE_BYTES_MAX ((size_t)64 << 20) /* of those that are read, not only hashed */

/* ---- algorithms (§2.4) ---- */

enum bagit_algorithm {
    BAGIT_MD5,
    BAGIT_SHA1,
    BAGIT_SHA224,
    BAGIT_SHA256,
    BAGIT_SHA384,
    BAGIT_SHA512,
    BAGIT_ALGORITHMS
};
#define BAGIT_BIT(algorithm) (1u << (algorithm))
/* For these, somebody who wants to can make two files of one hash. */
#define BAGIT_WEAK (BAGIT_BIT(BAGIT_MD5) | BAGIT_BIT(BAGIT_SHA1))

const char *bagit_algorithm_name(enum bagit_algorithm a); /* as in the names of manifests */
size_t bagit_algorithm_bytes(enum bagit_algorithm a);     /* of a digest */

/* What a name in the bag's own directory says: manifest-ALGORITHM.txt, tagmanifest-ALGORITHM.txt.
 * BAGIT_ALGORITHMS stands for one that is not known here. False for every other name. */
bool bagit_manifest_name(const char *path, bool *ret_tag, enum bagit_algorithm *ret);

/* ---- the files of a bag, read ----
 *
 * EX_FORMAT and EX_UNSUPPORTED have a text that goes on behind the file's name. */

enum bagit_encoding {
    BAGIT_UTF8,
    BAGIT_UTF16, /* by its mark; without one, the higher byte comes first */
    BAGIT_UTF16BE,
    BAGIT_UTF16LE,
    BAGIT_LATIN1,
    BAGIT_ASCII
};

struct bagit_declaration {
    unsigned major, minor; /* 1.0, 0.97 or 0.96 */
    enum bagit_encoding encoding;
};

/* bagit.txt (§2.1.1). EX_UNSUPPORTED for a version or an encoding that is not read here. */
EX_MUST_USE ex_code bagit_parse_declaration(const void *data, size_t size_bytes,
                                            struct bagit_declaration *ret, struct ex_error *err);

/* What a tag file is written like, where that is not wrong enough to refuse it. */
struct bagit_form {
    bool mark;             /* begins with a byte order mark that UTF-8 does not need */
    unsigned star_line;    /* "*path", as md5sum wrote; the first such line, 0 for none */
    unsigned dot_line;     /* "./path" */
    unsigned percent_line; /* 1.0: a % that is not %25, %0A or %0D; taken as it stands */
    unsigned
        spaced_line; /* bag-info.txt of 1.0: other space than one behind the colon; empty lines */
};

/* bag-info.txt (§2.2.2): labels and values in their order, UTF-8, without the space around them. A
 * line break inside a value, and the indentation behind it, is one space here. */
struct bagit_info {
    struct bagit_pair {
        const char *label, *value; /* inside `text` */
        size_t value_bytes;
    } * pairs;
    size_t count, capacity;
    struct bagit_form form;
    char *text;
};
EX_MUST_USE ex_code bagit_parse_info(const void *data, size_t size_bytes,
                                     const struct bagit_declaration *d, struct bagit_info *ret,
                                     struct ex_error *err);
void bagit_info_clear(struct bagit_info *info);

/* A manifest (§2.1.3, §2.2.1) or fetch.txt (§2.2.3). It is read as a whole or not at all: a line
 * that leads out of the bag, or out of (for a tag manifest: into) data/, refuses it. That no path
 * comes twice is not checked here. */
struct bagit_list {
    struct bagit_entry {
        const char *path; /* inside `text`; decoded, without "./" */
        const char *hex;  /* lower-case digest; NULL in fetch.txt */
        const char *url;  /* fetch.txt only */
        unsigned line;
    } * entries;
    size_t count, capacity;
    struct bagit_form form;
    char *text;
};
EX_MUST_USE ex_code bagit_parse_manifest(const void *data, size_t size_bytes,
                                         const struct bagit_declaration *d, bool tag,
                                         enum bagit_algorithm algorithm, struct bagit_list *ret,
                                         struct ex_error *err);
EX_MUST_USE ex_code bagit_parse_fetch(const void *data, size_t size_bytes,
                                      const struct bagit_declaration *d, struct bagit_list *ret,
                                      struct ex_error *err);
void bagit_list_clear(struct bagit_list *list);

/* ---- the files of a bag, written (1.0, UTF-8) ---- */

const char *bagit_declaration_text(void);

/* "Label: value\n", folded at spaces where a line is over 79 characters. EX_USAGE for a label or
 * value that cannot stand there: control characters, space at an end, a colon in a label. *ret ends
 * with NUL; the caller frees. */
EX_MUST_USE ex_code bagit_info_line(const char *label, const char *value, char **ret,
                                    struct ex_error *err);

/* "DIGEST  PATH\n" with CR, LF and % encoded; `sha256sum -c` reads it too, unless a path has one of
 * the three. EX_USAGE for a path that the checker would refuse. */
EX_MUST_USE ex_code bagit_manifest_line(enum bagit_algorithm a, const uint8_t *digest,
                                        const char *path, char to[static BAGIT_LINE_BYTES_MAX],
                                        struct ex_error *err);

/* ---- the verdict ---- */

/* The graver, the higher. A bag has the grade of its gravest finding. */
enum bagit_grade {
    BAGIT_VALID,
    BAGIT_WARNING,     /* valid, with warnings */
    BAGIT_NOT_CHECKED, /* nothing wrong was seen, and something was not looked at */
    BAGIT_INCOMPLETE,  /* what is there is right; fetch.txt says what is not */
    BAGIT_INVALID
};
const char *bagit_grade_name(enum bagit_grade grade); /* "valid", "warning", "not-checked", … */

enum bagit_kind {
    BAGIT_DECLARATION, /* bagit.txt is not there, or wrong */
    BAGIT_TAG_FILE,    /* another tag file cannot be read as what it is */
    BAGIT_NAME,        /* a name that leads astray, or that some systems cannot have */
    BAGIT_NAMES_MEET,  /* two names that are one on some systems */
    BAGIT_NOT_A_FILE,  /* a link, a device, … */
    BAGIT_NOT_READ,    /* a file that could not be read */
    BAGIT_NO_MANIFEST, /* no payload manifest */
    BAGIT_NO_PAYLOAD,  /* no data/ */
    BAGIT_MISSING,     /* listed, and not there */
    BAGIT_EXTRA,       /* there, and not listed */
    BAGIT_DIFFERS,     /* another hash than listed */
    BAGIT_LISTED_TWICE,
    BAGIT_NOT_IN_EVERY, /* in one manifest, and not in another */
    BAGIT_NOT_HASHED,   /* nobody computed the hash that a manifest has */
    BAGIT_OXUM,         /* Payload-Oxum is wrong */
    BAGIT_FETCH,
    BAGIT_WEAK_HASH,
    BAGIT_FORM,       /* written otherwise than the RFC says, and clear all the same */
    BAGIT_UNPROTECTED /* a tag file that no tag manifest lists */
};

struct bagit_finding {
    enum bagit_grade grade;
    enum bagit_kind kind;
    char name[160]; /* of the file, printable; empty for the bag as a whole */
    char text[200]; /* goes on behind the name */
};

struct bagit_report {
    enum bagit_grade grade;
    unsigned major, minor;   /* 0.0 when bagit.txt did not say */
    unsigned algorithms;     /* BAGIT_BIT of each payload manifest that was read */
    unsigned tag_algorithms; /* and of each tag manifest */
    uint64_t payload_files, payload_bytes;
    uint64_t good_files;            /* payload files that were right by every manifest, and by at
                                     * least one hash that is not weak */
    struct bagit_finding *findings; /* the gravest first, then by name */
    size_t count, capacity;
    size_t left_out; /* findings beyond BAGIT_FINDINGS_MAX of a grade */
    size_t of_grade[BAGIT_INVALID + 1];
};
void bagit_report_free(struct bagit_report *r);
EX_DEFINE_AUTO(struct bagit_report, bagit_report_free);

/* ---- judging a stream of files, in any order ---- */

/* Paths are relative to the bag's own directory. `algorithms`: BAGIT_BIT of each hash that is
 * computed of every file, beside those that the manifests seen before it have. In a stream a
 * manifest may come behind its files; a hash that was not computed is a finding of
 * BAGIT_NOT_CHECKED. */
struct bagit_check;
EX_MUST_USE ex_code bagit_check_new(unsigned algorithms, struct bagit_check **ret,
                                    struct ex_error *err);
void bagit_check_free(struct bagit_check *c);
EX_DEFINE_AUTO(struct bagit_check, bagit_check_free);

EX_MUST_USE ex_code bagit_check_begin(struct bagit_check *c, const char *path, size_t path_bytes,
                                      struct ex_error *err);
EX_MUST_USE ex_code bagit_check_data(struct bagit_check *c, const void *data, size_t size_bytes,
                                     struct ex_error *err);
EX_MUST_USE ex_code bagit_check_end(struct bagit_check *c, struct ex_error *err);
/* A file that somebody else has hashed. EX_USAGE for one whose text is needed: bagit.txt,
 * bag-info.txt, fetch.txt, the manifests. */
EX_MUST_USE ex_code bagit_check_hashed(struct bagit_check *c, const char *path, size_t path_bytes,
                                       uint64_t size_bytes, const uint8_t sha256[static 32],
                                       struct ex_error *err);
/* So that an empty data/ is known to be there. */
EX_MUST_USE ex_code bagit_check_directory(struct bagit_check *c, const char *path,
                                          size_t path_bytes, struct ex_error *err);
/* A thing in the bag that is no regular file (`why`: "is a symbolic link"). */
EX_MUST_USE ex_code bagit_check_refused(struct bagit_check *c, const char *path, size_t path_bytes,
                                        const char *why, struct ex_error *err);
/* A file that is there and that could not be read, or not to its end; ends one that was begun. */
EX_MUST_USE ex_code bagit_check_unread(struct bagit_check *c, const char *path, size_t path_bytes,
                                       const char *why, struct ex_error *err);
/* The checker is used up. */
EX_MUST_USE ex_code bagit_check_finish(struct bagit_check *c, struct bagit_report **ret,
                                       struct ex_error *err);

/* ---- judging a tree of files ---- */

enum bagit_what { BAGIT_FILE, BAGIT_DIRECTORY, BAGIT_LINK, BAGIT_SPECIAL };

/* `next` lists every thing below the bag's directory, in any order; *ret_path NULL at the end, and
 * otherwise good until the next call. `open` is called for files that were listed, one at a time;
 * a failed `open` or `read` is a finding, unless it is EX_NOMEM, EX_LIMIT or EX_INTERRUPTED. */
struct bagit_tree {
    void *context;
    ex_code (*next)(void *context, const char **ret_path, enum bagit_what *ret_what,
                    struct ex_error *err);
    ex_code (*open)(void *context, const char *path, struct ex_error *err);
    ex_code (*read)(void *context, void *to, size_t size_bytes, size_t *ret_size_bytes,
                    struct ex_error *err); /* 0 bytes: the end */
    void (*close)(void *context);
};
EX_MUST_USE ex_code bagit_check_tree(const struct bagit_tree *tree, struct bagit_report **ret,
                                     struct ex_error *err);

/* The tree of a directory. The descriptor stays the caller's and must outlive the verdict. Links
 * are listed as such and not followed, also when one takes a file's place in between. */
EX_MUST_USE ex_code bagit_check_dir(int dir_fd, struct bagit_report **ret, struct ex_error *err);

#endif
