/* SPDX-License-Identifier: Apache-2.0 */
/* A hive of the Windows registry: its keys and values that are in use.
 *
 * All of it is in memory. Nothing here fails after regf_open(): what breaks its rules is left out
 * and counted in `damaged`, and after REGF_VISITS_MAX cells nothing more is found (`exhausted`),
 * for a list may name the same cell as often as it likes.
 *
 * Sources: J. Metz, "Windows NT Registry File (REGF) format specification"; M. Suhanov, "Windows
 * registry file format specification"; T. D. Morgan, "The Windows NT Registry File Format".
 * Offsets of cells count from the end of the first 4096 bytes. */
#ifndef EXHIBIT_PARSERS_SYSTEM_REGF_H
#define EXHIBIT_PARSERS_SYSTEM_REGF_H

#include "base/cursor.h"
#include "parsers/api.h"

enum {
    REGF_HEAD_BYTES = 4096,
    REGF_DEPTH_MAX = 32, /* keys above one, as far as a path is made */
    REGF_PATH_BYTES = 2048,
    REGF_NAME_BYTES = 3 * 1024, /* in UTF-8: names have at most 255 characters, or 511 bytes */
    REGF_VISITS_MAX = 20000000
};
#define REGF_BYTES_MAX ((size_t)512 << 20)

enum regf_type {
    REGF_SZ = 1,
    REGF_EXPAND_SZ = 2,
    REGF_BINARY = 3,
    REGF_DWORD = 4,
    REGF_DWORD_BE = 5,
    REGF_MULTI_SZ = 7,
    REGF_QWORD = 11
};

struct regf {
    uint8_t *own; /* free(): all of the file */
    const uint8_t *cells;
    size_t cells_bytes;
    uint32_t first_sequence, second_sequence, major, minor, root;
    uint64_t written; /* FILETIME */
    char name[4 * 32 + 1];
    bool is_log;                    /* a transaction log, which has such a head, and no keys */
    bool sum_wrong, short_of_bytes; /* it ends before it says that it does */
    uint64_t damaged, visits;
    bool exhausted;
};

struct regf_key {
    uint32_t at, parent; /* cells */
    uint64_t written;    /* FILETIME */
    uint32_t subkeys, subkey_list, values, value_list;
    const uint8_t *name; /* Latin-1, or UTF-16LE when wide */
    size_t name_bytes;
    bool wide;
};

struct regf_value {
    uint32_t type;
    const uint8_t *name; /* as in a key; of no bytes: the default value */
    size_t name_bytes;
    bool wide;
    uint32_t size_bytes; /* as it says */
    bool inside;         /* the value is in data_at itself */
    uint32_t data_at;    /* a cell */
    uint8_t little[4];
};

/* EX_FORMAT: no hive. EX_LIMIT: too large. */
EX_MUST_USE ex_code regf_open(struct regf *r, struct parser_run *run, struct ex_error *err);
void regf_close(struct regf *r);

bool regf_root(struct regf *r, struct regf_key *ret);
bool regf_key_at(struct regf *r, uint32_t at, struct regf_key *ret);

struct regf_keys { /* those in a key, in the order of its lists; zeros and a key: the start */
    struct regf_key above;
    uint32_t outer, inner, told;
};
bool regf_next_key(struct regf *r, struct regf_keys *at, struct regf_key *ret);

struct regf_values {
    struct regf_key above;
    uint32_t index;
};
bool regf_next_value(struct regf *r, struct regf_values *at, struct regf_value *ret);

/* By names with "\" between them, in ASCII and without regard to case. */
bool regf_find(struct regf *r, const struct regf_key *from, const char *path, struct regf_key *ret);
bool regf_has(struct regf *r, const struct regf_key *from, const char *path);
/* "": the default value. */
bool regf_value(struct regf *r, const struct regf_key *key, const char *name,
                struct regf_value *ret);
/* Up to `room` bytes of it; returns how many. *ret_cut: there are more, or they are damaged. */
size_t regf_data(struct regf *r, const struct regf_value *v, uint8_t *to, size_t room,
                 bool *ret_cut);

/* A name in UTF-8 with a NUL; returns its bytes. */
size_t regf_name_text(const uint8_t *name, size_t name_bytes, bool wide,
                      char to[static REGF_NAME_BYTES]);

#endif
