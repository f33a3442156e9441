/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-tiles v0.1.0 on disk, read side: names, widths, hash tiles and entry bundles.
 *
 * A tile is read as wide as a tree of `size` leaves needs it. When the file of that very width is
 * gone, because another process published a wider one meanwhile, the wider one is used: what it
 * begins with is the same. Nothing here is trusted: callers compare with the signed root.
 */
#ifndef EXHIBIT_LEDGER_TILES_INTERNAL_H
#define EXHIBIT_LEDGER_TILES_INTERNAL_H

#include "base/limits.h"
#include "base/mem.h"
#include "crypto/merkle.h"

enum {
    TILE_WIDTH = 256,  /* hashes, or entries, in a full tile */
    TILE_LEVELS = 8,   /* enough for 2^64 leaves */
    TILE_ENTRIES = 64, /* in place of a level: the entry bundles */
    TILE_NUMBER_MAX = 40,
    TILE_PATH_MAX = 96
};

/* Greatest entry bundle: 256 × (2 + 65535). */
#define TILE_BUNDLE_BYTES_MAX ((size_t)TILE_WIDTH * (2 + EX_LIMIT_ENTRY_BYTES))

struct tile {
    unsigned level; /* 0 … 7 or TILE_ENTRIES */
    uint64_t n;
    unsigned width; /* 1 … 256 */
};

typedef uint8_t tile_hashes[TILE_WIDTH][MERKLE_BYTES];

char *tile_number_text(char to[static TILE_NUMBER_MAX], uint64_t n);
/* Relative to `ledger/`: "tile/0/x001/234.p/12". */
char *tile_path(char to[static TILE_PATH_MAX], const struct tile *t);
/* The same without the width: the directory of its partial files. */
char *tile_partial_dir(char to[static TILE_PATH_MAX], const struct tile *t);
/* The opposite of tile_path(); false when the text is not exactly such a path. */
bool tile_path_parse(const char *path, struct tile *ret);

/* How many hashes (entries) tile n of a level holds in a tree of `size` leaves. */
unsigned tile_width(uint64_t size, unsigned level, uint64_t n);
struct tile tile_at(uint64_t size, unsigned level, uint64_t n);

/* The root over a power of two of hashes, at most 256. */
void tile_fold(const uint8_t (*hash)[MERKLE_BYTES], size_t count, uint8_t ret[static MERKLE_BYTES]);

/* t->width hashes. EX_MISSING: no such file; EX_ALTERED: not of the right size. */
EX_MUST_USE ex_code tile_read_hashes(int dir_fd, const struct tile *t, tile_hashes ret,
                                     struct ex_error *err);

struct bundle {
    struct tile at;
    uint8_t *data;
    size_t size_bytes;         /* of the file, which may be wider than at.width */
    size_t offset[TILE_WIDTH]; /* of the entry, after its length */
    size_t entry_bytes[TILE_WIDTH];
    unsigned count; /* entries that could be taken apart, at most at.width */
};
/* How far the entries of the bundle reach, lengths included. */
size_t bundle_end(const struct bundle *b, unsigned count);

/* EX_MISSING as above. EX_ALTERED: not at.width entries; *ret then holds those before the damage.
 */
EX_MUST_USE ex_code bundle_read(int dir_fd, const struct tile *t, struct bundle *ret,
                                struct ex_error *err);
void bundle_clear(struct bundle *b);

/* Hashes of a tree of `size` leaves, with the last tile of each level kept. A struct of zeros with
 * dir_fd and size is ready. */
struct tiles {
    int dir_fd;
    uint64_t size;
    struct {
        struct tile at; /* width 0: nothing kept */
        tile_hashes hash;
    } kept[TILE_LEVELS];
};

/* Valid until the next call. */
EX_MUST_USE ex_code tiles_hashes(struct tiles *ts, const struct tile *t,
                                 const uint8_t (**ret)[MERKLE_BYTES], struct ex_error *err);
struct merkle_source tiles_source(struct tiles *ts);

#endif
