/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 in a list of text, as sha256sum, hashdeep and spreadsheets write it: the rules are
 * docs/format/hash-set.md §4.
 *
 * A line that is none of these is counted and its place told, never guessed at: a hash that is
 * wrongly taken would stand in a set for ever, one that is missing is said. Memory: one line.
 * Threads: a list belongs to one thread at a time.
 */
#ifndef EXHIBIT_FORMATS_HASH_LIST_H
#define EXHIBIT_FORMATS_HASH_LIST_H

#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>

enum { HASH_LIST_LINE_BYTES_MAX = 65536, HASH_LIST_PLACES = 10 };

struct hash_list_report {
    uint64_t lines, hashes;
    uint64_t unread;                  /* lines that could not be read */
    uint64_t place[HASH_LIST_PLACES]; /* the numbers of the first of these, from 1 */
    uint64_t shorter;                 /* of these, lines that begin as an MD5 or a SHA-1 does */
    bool columns;                     /* a line said what the columns are … */
    bool has_column;                  /* … and one of them was SHA-256 */
};

typedef ex_code hash_list_fn(void *context, const uint8_t hash[static 32], struct ex_error *err);
struct hash_list;
EX_MUST_USE ex_code hash_list_new(hash_list_fn *each, void *context, struct hash_list **ret,
                                  struct ex_error *err);
void hash_list_free(struct hash_list *l);
EX_DEFINE_AUTO(struct hash_list, hash_list_free);
/* The next bytes, in any pieces. Fails only as the callback does. */
EX_MUST_USE ex_code hash_list_feed(struct hash_list *l, const uint8_t *data, size_t size_bytes,
                                   struct ex_error *err);
/* After the last byte: a last line needs no line feed. */
EX_MUST_USE ex_code hash_list_end(struct hash_list *l, struct hash_list_report *ret,
                                  struct ex_error *err);

/* Exactly 64 digits, in either case. */
bool hash_list_parse(const char *text, size_t size, uint8_t ret[static 32]);

#endif
