/* SPDX-License-Identifier: Apache-2.0 */
/* Parity files and the work on descriptors (format/parity). Any bytes are safe: what a parity file
 * says is used only inside its limits, and a block only if it has the hash that the file names.
 * Threads: one struct belongs to one thread at a time. */
#ifndef EXHIBIT_VAULT_PARITY_INTERNAL_H
#define EXHIBIT_VAULT_PARITY_INTERNAL_H

#include "vault/vault_internal.h"

enum {
    PARITY_HEADER_BYTES = 128,
    PARITY_ALIGN_BYTES = 4096, /* of a copy; also what is read alone around an unreadable sector */
    PARITY_BLOCK_MIN_BYTES = 4096,
    PARITY_BLOCK_MAX_BYTES = 65536,
    PARITY_BLOCKS_MAX = 1 << 17, /* data and parity blocks together */
    PARITY_SHARDS_MAX = 255      /* k + m */
};

struct parity_head {
    uint32_t block_bytes; /* B */
    uint32_t k, m;
    uint32_t groups; /* G */
    uint64_t pack_bytes;
    uint8_t pack_id[VAULT_PACK_ID_BYTES];
    uint8_t vault_id[VAULT_ID_BYTES];
};

/* The numbers that a writer takes for a pack of this size. */
void parity_head_choose(uint64_t pack_bytes, struct parity_head *ret);
/* Magic and numbers, not the hash. EX_ALTERED, EX_UNSUPPORTED. */
EX_MUST_USE ex_code parity_head_parse(const uint8_t data[static PARITY_HEADER_BYTES],
                                      struct parity_head *ret, struct ex_error *err);
uint32_t parity_block_count(const struct parity_head *h);  /* n */
uint32_t parity_parity_count(const struct parity_head *h); /* m·G */
uint64_t parity_copy_bytes(const struct parity_head *h);   /* H */

/* A file that is read past the page cache; fd −1: it is gone. */
struct parity_input {
    int fd;
    enum vault_readback_method method;
    uint64_t size_bytes;
    const char *name;
};

struct parity_file {
    struct parity_head head;
    unsigned copies_sound;
    uint8_t *list; /* parity_copy_bytes() − PARITY_HEADER_BYTES bytes */
};
void parity_file_clear(struct parity_file *f);
/* Looks at both copies. EX_ALTERED: neither is sound, or it belongs to another pack or vault;
 * EX_IO: a copy could not be read, and the other one is not sound. */
EX_MUST_USE ex_code parity_file_read(const struct parity_input *in,
                                     const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                     const uint8_t vault_id[static VAULT_ID_BYTES],
                                     struct parity_file *ret, struct ex_error *err);
/* Header and list of a new file, hashes zero. */
EX_MUST_USE ex_code parity_file_begin(const struct parity_head *h, struct parity_file *ret,
                                      struct ex_error *err);
/* Writes both copies. */
EX_MUST_USE ex_code parity_file_write(const struct parity_file *f, int fd, const char *name,
                                      struct ex_error *err);
uint8_t *parity_data_hash(const struct parity_file *f, uint32_t block);
uint8_t *parity_parity_hash(const struct parity_file *f, uint32_t parity_block);

/* Reads one pass of the pack, writes a whole parity file. f->head says how. */
EX_MUST_USE ex_code parity_encode(struct parity_file *f, const struct parity_input *pack, int to_fd,
                                  const char *to_name, struct ex_progress *progress,
                                  struct ex_error *err);
/* For a file just written and read again: are both copies and all parity blocks there? EX_ALTERED.
 */
EX_MUST_USE ex_code parity_read_back(const struct parity_file *f, const struct parity_input *par,
                                     struct ex_error *err);
/* Compares; with to_fd ≥ 0 also writes the mended pack there. ret is the caller's to clear. */
EX_MUST_USE ex_code parity_compare(const struct parity_file *f, const struct parity_input *pack,
                                   const struct parity_input *par, int to_fd, const char *to_name,
                                   struct ex_progress *progress, struct vault_parity_report *ret,
                                   struct ex_error *err);

#endif
