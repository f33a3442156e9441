/* SPDX-License-Identifier: Apache-2.0 */
/* Writing Expert Witness images (E01) in the layout of EnCase 6: docs/format/e01.md.
 *
 * Sources: J. Metz, "Expert Witness Compression Format specification"; what ewfacquire writes.
 *
 * Promises: the image holds the bytes that were added, and no others: a last chunk that is short
 * stays short, and sectors are of one byte where 512 do not divide the size. No segment is larger
 * than was asked for. The same calls give the same files, whatever the number of threads.
 *
 * Does not: make anything durable, or take back what a failure left; that is the sink's.
 *
 * Threads: a writer belongs to one thread, and compresses and hashes in threads of its own. The
 * sink is called from the thread that calls the writer.
 */
#ifndef EXHIBIT_FORMATS_EWF_WRITE_H
#define EXHIBIT_FORMATS_EWF_WRITE_H

#include "base/error.h"
#include "base/mem.h"
#include "crypto/sha256.h"

enum {
    EWF_TABLE_ENTRIES_MAX = 16375, /* what EnCase 5 and FTK 1 can take */
    EWF_SEGMENTS_MAX = 14971,      /* as many names there are */
    EWF_SEGMENT_BYTES_MIN = 1 << 20,
    EWF_ERRORS_MAX = 65535, /* unreadable ranges that an image lists: they fit into any segment */
    EWF_EXTENSION_BYTES = 4,
    EWF_SET_ID_BYTES = 16,
    EWF_MD5_BYTES = 16,
    EWF_SHA1_BYTES = 20,
    EWF_PROGRAM_CHARS_MAX = 11, /* beyond these limits EnCase refuses an image */
    EWF_SYSTEM_CHARS_MAX = 23,
    EWF_TEXT_CHARS_MAX = 2999
};

/* What the image says of its case: UTF-8; NULL and "": nothing. Control characters become spaces,
 * and what is too long is cut. */
struct ewf_texts {
    const char *case_number, *evidence_number, *description, *examiner, *notes;
    const char *model, *serial;
    const char *program, *system; /* that acquired it: by name */
    int64_t acquired_s;           /* seconds since 1970, UTC */
};

struct ewf_range {
    uint64_t offset, length;
};

struct ewf_form {
    struct ewf_texts texts;
    uint64_t size_bytes; /* of the content */
    /* 512 or 4096 must divide the size; 1 fits any. Whether others than libewf read images with
     * sectors of one byte is not known. */
    uint32_t sector_bytes;
    bool removable, physical; /* physical: a whole disk, and not a part of one */
    uint8_t set_id[EWF_SET_ID_BYTES];
    uint64_t segment_bytes;         /* EWF_SEGMENT_BYTES_MIN or more */
    uint32_t table_entries;         /* EWF_TABLE_ENTRIES_MAX; less for tests */
    const struct ewf_range *unread; /* where zeros stand for what was not read: ascending, not */
    size_t unread_count;            /* overlapping; the caller's, for as long as the writer */
};

/* Where the segments go. */
struct ewf_sink {
    void *context;
    /* From now on write() means this segment: 1, 2… */
    ex_code (*begin)(void *context, unsigned segment, struct ex_error *err);
    ex_code (*write)(void *context, uint64_t offset, const void *data, size_t size_bytes,
                     struct ex_error *err);
    /* So many bytes from its beginning will not change any more; ended: and that is all of it. */
    ex_code (*settled)(void *context, uint64_t size_bytes, bool ended, struct ex_error *err);
};

struct ewf_written {
    uint8_t md5[EWF_MD5_BYTES], sha1[EWF_SHA1_BYTES], sha256[SHA256_BYTES]; /* of the content */
    unsigned segments;
    size_t unread_listed; /* of the unread ranges, from the first: those that the image lists */
};

/* "E01" … "E99", "EAA" … "EZZ", "FAA" … "ZZZ", for 1 … EWF_SEGMENTS_MAX. */
void ewf_segment_extension(unsigned segment, char ret[static EWF_EXTENSION_BYTES]);

/* EX_LIMIT: the format or the names do not reach for this, even if nothing can be compressed.
 * EX_USAGE: sizes that are none. */
EX_MUST_USE ex_code ewf_form_check(const struct ewf_form *form, struct ex_error *err);

struct ewf_writer;
/* `form` is copied, what it points to is not. Checks it; begins the first segment. */
EX_MUST_USE ex_code ewf_writer_new(const struct ewf_form *form, const struct ewf_sink *sink,
                                   struct ewf_writer **ret, struct ex_error *err);
/* The content, in order. After a failure only ewf_writer_free() makes sense. */
EX_MUST_USE ex_code ewf_writer_add(struct ewf_writer *w, const uint8_t *data, uint64_t size_bytes,
                                   struct ex_error *err);
EX_MUST_USE ex_code ewf_writer_add_constant(struct ewf_writer *w, uint8_t value, uint64_t length,
                                            struct ex_error *err);
/* Ends the last segment. EX_ALTERED: the content had another size than the form says. */
EX_MUST_USE ex_code ewf_writer_finish(struct ewf_writer *w, struct ewf_written *ret,
                                      struct ex_error *err);
void ewf_writer_free(struct ewf_writer *w);
EX_DEFINE_AUTO(struct ewf_writer, ewf_writer_free);

#endif
