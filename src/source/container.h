/* SPDX-License-Identifier: Apache-2.0 */
/* A container as a source: what is in an image that somebody made (docs/containers.md).
 *
 * Its files are read by confined workers, several side by side, and what comes is the content from
 * its first byte to its last. Promises: no byte of the files is looked at in this process; files
 * that the container names are read only beside it, and are all listed; what the container does not
 * hold, or what cannot be read from it, is zeros and listed with the reason (bytes that it holds
 * although it lists them as not readable are content); a worker that crashes
 * or hangs costs the piece it was reading; what the disk under the files does not give is told
 * apart from what is wrong with the container. Each hash of the content that the container states
 * is compared. Each file that was opened is hashed, by a reading of its own beside that of the
 * workers: it is the SHA-256 of what that reading gave, and the file's size and times were the same
 * before and after. It does not promise that the container tells the truth: who made it chose
 * content and hashes.
 *
 * The source cannot begin in the middle. Reading it starts threads and processes, which
 * source_close() ends. In its identity size_bytes is the content's, everything else that of the
 * file that was named.
 */
#ifndef EXHIBIT_SOURCE_CONTAINER_H
#define EXHIBIT_SOURCE_CONTAINER_H

#include "crypto/sha256.h"
#include "sandbox/sandbox.h"
#include "source/source.h"

#include <stdatomic.h>

enum { CONTAINER_HASHES_MAX = 8, CONTAINER_DAMAGE_LISTED = 64 };

enum container_verdict {
    CONTAINER_HASH_AGREES,
    CONTAINER_HASH_DIFFERS,
    CONTAINER_HASH_OPEN,        /* differs, and zeros stand for some of the content: who knows */
    CONTAINER_HASH_NOT_COMPARED /* it was not read to its end */
};

/* A hash of the whole content. */
struct container_hash {
    const char *fact;             /* the name that the container's parser gives it */
    const char *algorithm;        /* "md5", "sha1", "sha256", "sha512" */
    char stated[129], found[129]; /* hex; found is empty when it was not compared */
    enum container_verdict verdict;
};

struct container_file {
    const char *path;
    struct source_identity identity; /* when it was opened */
    bool hashed;
    uint8_t sha256[SHA256_BYTES]; /* of the file from its first byte to its last */
    char not_hashed[256];         /* why */
};

/* The first words about a piece that could not be read. */
struct container_damage {
    uint64_t offset, length;
    char why[256];
};
struct container_places {
    struct container_damage listed[CONTAINER_DAMAGE_LISTED]; /* the first ones */
    size_t count;                                            /* all */
};

/* All of it lives as long as the source, and is whole once source_read() gave the end. */
struct container_report {
    const char *format, *confinement;
    const struct sandbox_content *content; /* what it states */
    const struct container_file *file;     /* that were read; the first is the one that was named */
    size_t file_count;
    const struct container_hash *hash;
    size_t hash_count;
    const struct container_places *damage;      /* of the container, in its reader's words */
    const struct container_places *disk_errors; /* in the system's words: its disk gave nothing */
    uint64_t stated_but_there; /* bytes that it lists as not readable, and holds all the same */
    unsigned workers_lost;
};

/* Is it the first of several parts of a raw image: whole sectors, by its name .000, .001 (and there
 * is no .000) or .aa, and one of the next nine beside it? */
bool container_is_first_part(const char *path);

/* `format`: a parser's name (docs/containers.md). `stop` (may be NULL) becomes true when somebody
 * does not want to wait for the opening any more: EX_INTERRUPTED. EX_FORMAT, EX_ALTERED,
 * EX_MISSING, EX_LIMIT: it cannot be opened as that; EX_UNSUPPORTED: nor any other of its kind, or
 * the system cannot confine a worker; EX_IO: the disk on which it lies did not give what its reader
 * needs for that. */
EX_MUST_USE ex_code source_open_container(const char *path, const char *format,
                                          const atomic_bool *stop, struct source **ret,
                                          struct ex_error *err);
/* False: it is none. Waits for the hashes, if the content was read to its end. */
bool source_container_report(struct source *s, struct container_report *ret);

#endif
