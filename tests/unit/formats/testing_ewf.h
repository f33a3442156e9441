/* SPDX-License-Identifier: Apache-2.0 */
/* An E01 in memory, and a reader for tests that believes nothing: every sum, place and size is
 * compared. */
#ifndef EXHIBIT_TESTS_TESTING_EWF_H
#define EXHIBIT_TESTS_TESTING_EWF_H

#include "../crypto/testing.h"

#include "base/cursor.h"
#include "formats/ewf_write.h"

#include <isa-l/igzip_lib.h>

enum { EWF_FILES_MAX = 64, EWF_ROOM = 4 << 20 };

struct ewf_file {
    uint8_t *data;
    size_t size, settled;
    bool ended;
};

struct ewf_files {
    unsigned count;
    struct ewf_file file[EWF_FILES_MAX];
    int fail_at, writes; /* the write that fails; 0: none */
};

static inline ex_code files_begin(void *context, unsigned segment, struct ex_error *err) {
    struct ewf_files *f = context;
    assert_int_equal(segment, f->count + 1);
    assert_true(f->count == 0 || f->file[f->count - 1].ended);
    assert_true(f->count < EWF_FILES_MAX);
    f->file[f->count++].data = calloc(1, EWF_ROOM);
    (void)err;
    return EX_OK;
}

static inline ex_code files_write(void *context, uint64_t offset, const void *data, size_t size,
                                  struct ex_error *err) {
    struct ewf_files *f = context;
    struct ewf_file *file = &f->file[f->count - 1];
    if (++f->writes == f->fail_at)
        return ex_fail(err, EX_SPACE, "the test's disk is full");
    assert_true(offset >= file->settled);
    assert_true(offset + size <= EWF_ROOM);
    if (size > 0)
        memcpy(file->data + offset, data, size);
    file->size = offset + size > file->size ? (size_t)(offset + size) : file->size;
    return EX_OK;
}

static inline ex_code files_settled(void *context, uint64_t size, bool ended,
                                    struct ex_error *err) {
    struct ewf_files *f = context;
    struct ewf_file *file = &f->file[f->count - 1];
    assert_int_equal(size, file->size);
    file->settled = (size_t)size;
    file->ended = ended;
    (void)err;
    return EX_OK;
}

static inline struct ewf_sink files_sink(struct ewf_files *f) {
    return (struct ewf_sink){f, files_begin, files_write, files_settled};
}

static inline void files_clear(struct ewf_files *f) {
    for (unsigned i = 0; i < f->count; i++)
        free(f->file[i].data);
    *f = (struct ewf_files){0};
}

/* ---- reading it back ---- */

struct ewf_seen {
    char sections[4096]; /* the types in order, with a | where a segment ends */
    uint8_t *content;
    size_t size;
    uint32_t chunk_bytes, sector_bytes, chunks;
    uint64_t sectors, content_bytes;
    unsigned compressed, plain;
    uint32_t bad[16][2];
    uint32_t bad_count;
    uint8_t md5[16], md5_again[16], sha1[20];
    uint8_t header2[65536], header[65536]; /* expanded */
    size_t header2_size, header_size;
    size_t sectors_at, sectors_end; /* in the segment */
};

static inline uint32_t at32(const uint8_t *p) {
    struct ex_cursor c = ex_cursor_make(p, 4);
    return ex_cursor_le32(&c);
}

static inline uint64_t at64(const uint8_t *p) {
    struct ex_cursor c = ex_cursor_make(p, 8);
    return ex_cursor_le64(&c);
}

static inline void assert_sum(const uint8_t *data, size_t size, uint32_t sum) {
    assert_int_equal(isal_adler32(1, data, size), sum);
}

static inline size_t expand(const uint8_t *from, size_t size, uint8_t *to, size_t room) {
    struct inflate_state z;
    isal_inflate_init(&z);
    z.crc_flag = ISAL_ZLIB;
    z.next_in = (uint8_t *)(uintptr_t)from;
    z.avail_in = (uint32_t)size;
    z.next_out = to;
    z.avail_out = (uint32_t)room;
    assert_int_equal(isal_inflate_stateless(&z), ISAL_DECOMP_OK);
    assert_int_equal(z.avail_in, 0);
    return room - z.avail_out;
}

static inline void see_volume(struct ewf_seen *s, const uint8_t *d, size_t size) {
    assert_int_equal(size, 1052);
    assert_sum(d, 1048, at32(d + 1048));
    s->chunks = at32(d + 4);
    s->sector_bytes = at32(d + 12);
    s->chunk_bytes = at32(d + 8) * s->sector_bytes;
    s->sectors = at64(d + 16);
    s->content_bytes = s->sectors * s->sector_bytes;
    if (s->content == NULL)
        s->content = calloc(1, s->content_bytes + s->chunk_bytes);
}

static inline void see_chunk(struct ewf_seen *s, const uint8_t *from, size_t size,
                             bool compressed) {
    size_t left = (size_t)s->content_bytes - s->size;
    size_t whole = left < s->chunk_bytes ? left : s->chunk_bytes;
    if (compressed) {
        s->compressed++;
        assert_true(size < whole);
        assert_int_equal(expand(from, size, s->content + s->size, whole), whole);
    } else {
        s->plain++;
        assert_int_equal(size, whole + 4);
        assert_sum(from, whole, at32(from + whole));
        memcpy(s->content + s->size, from, whole);
    }
    s->size += whole;
}

static inline void see_table(struct ewf_seen *s, const uint8_t *file, const uint8_t *d, size_t size,
                             bool first) {
    uint32_t n = at32(d);
    assert_int_equal(size, 24 + 4 * (size_t)n + 4);
    assert_sum(d, 20, at32(d + 20));
    assert_sum(d + 24, 4 * (size_t)n, at32(d + 24 + 4 * (size_t)n));
    assert_int_equal(at64(d + 8), s->sectors_at);
    for (uint32_t i = 0; i < n && first; i++) {
        uint32_t entry = at32(d + 24 + 4 * (size_t)i);
        size_t from = s->sectors_at + (entry & 0x7FFFFFFF);
        size_t next = i + 1 < n ? s->sectors_at + (at32(d + 28 + 4 * (size_t)i) & 0x7FFFFFFF)
                                : s->sectors_end;
        assert_true(from >= s->sectors_at + 76 && next > from && next <= s->sectors_end);
        see_chunk(s, file + from, next - from, entry >> 31 != 0);
    }
}

static inline void see_errors(struct ewf_seen *s, const uint8_t *d, size_t size) {
    s->bad_count = at32(d);
    assert_int_equal(size, 520 + 8 * (size_t)s->bad_count + 4);
    assert_sum(d, 516, at32(d + 516));
    assert_sum(d + 520, 8 * (size_t)s->bad_count, at32(d + 520 + 8 * (size_t)s->bad_count));
    for (uint32_t i = 0; i < s->bad_count && i < 16; i++) {
        s->bad[i][0] = at32(d + 520 + 8 * (size_t)i);
        s->bad[i][1] = at32(d + 524 + 8 * (size_t)i);
    }
}

static inline void see_section(struct ewf_seen *s, const uint8_t *file, size_t at, size_t size) {
    const char *type = (const char *)file + at;
    const uint8_t *d = file + at + 76;
    size_t bytes = size - 76;
    if (strcmp(type, "volume") == 0 || strcmp(type, "data") == 0)
        see_volume(s, d, bytes);
    else if (strcmp(type, "sectors") == 0) {
        s->sectors_at = at;
        s->sectors_end = at + size;
    } else if (strncmp(type, "table", 5) == 0)
        see_table(s, file, d, bytes, type[5] == '\0');
    else if (strcmp(type, "error2") == 0)
        see_errors(s, d, bytes);
    else if (strcmp(type, "header2") == 0)
        s->header2_size = expand(d, bytes, s->header2, sizeof s->header2);
    else if (strcmp(type, "header") == 0)
        s->header_size = expand(d, bytes, s->header, sizeof s->header);
    else if (strcmp(type, "digest") == 0) {
        assert_int_equal(bytes, 80);
        assert_sum(d, 76, at32(d + 76));
        memcpy(s->md5, d, 16);
        memcpy(s->sha1, d + 16, 20);
    } else if (strcmp(type, "hash") == 0) {
        assert_int_equal(bytes, 36);
        assert_sum(d, 32, at32(d + 32));
        memcpy(s->md5_again, d, 16);
    } else
        fail_msg("a section of type %.16s", type);
}

static inline void see_file(struct ewf_seen *s, const struct ewf_file *f, unsigned number) {
    static const uint8_t head[9] = {'E', 'V', 'F', 9, 13, 10, 255, 0, 1};
    assert_true(f->ended && f->settled == f->size);
    assert_memory_equal(f->data, head, sizeof head);
    assert_int_equal(at32(f->data + 9), number); /* with the zero behind it */
    for (size_t at = 13;;) {
        assert_true(at + 76 <= f->size);
        const uint8_t *d = f->data + at;
        uint64_t next = at64(d + 16), size = at64(d + 24);
        assert_sum(d, 72, at32(d + 72));
        (void)snprintf(s->sections + strlen(s->sections), sizeof s->sections - strlen(s->sections),
                       "%s ", (const char *)d);
        if (next == at) {
            assert_int_equal(size, 0);
            assert_int_equal(at + 76, f->size);
            return;
        }
        assert_int_equal(next, at + size);
        assert_true(next <= f->size);
        see_section(s, f->data, at, (size_t)size);
        at = (size_t)next;
    }
}

/* The caller frees ret->content. */
static inline void see(const struct ewf_files *f, struct ewf_seen *ret) {
    *ret = (struct ewf_seen){0};
    for (unsigned i = 0; i < f->count; i++) {
        if (i > 0)
            strcat(ret->sections, "| ");
        see_file(ret, &f->file[i], i + 1);
    }
    assert_int_equal(ret->size, ret->content_bytes);
    assert_int_equal(ret->compressed + ret->plain, ret->chunks);
    assert_memory_equal(ret->md5, ret->md5_again, 16);
}

#endif
