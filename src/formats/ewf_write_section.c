/* SPDX-License-Identifier: Apache-2.0 */
/* The sections, one by one. docs/format/e01.md §2, §3 */
#include "base/bytes.h"
#include "formats/ewf_write_internal.h"

#include <string.h>

enum {
    MEDIA_REMOVABLE = 0,
    MEDIA_FIXED = 1,
    FLAG_IMAGE = 1,
    FLAG_PHYSICAL = 2,
    COMPRESSION_FAST = 1
};

ex_code ewf_output_put(struct ewf_output *o, const void *data, size_t size_bytes,
                       struct ex_error *err) {
    EX_TRY(o->sink.write(o->sink.context, o->at, data, size_bytes, err));
    o->at += size_bytes;
    return EX_OK;
}

static void make_head(uint8_t head[static SECTION_BYTES], const char *type, uint64_t next,
                      uint64_t size_bytes) {
    memset(head, 0, SECTION_BYTES);
    memcpy(head, type, strlen(type));
    ex_put_le64(head + 16, next);
    ex_put_le64(head + 24, size_bytes);
    ex_put_le32(head + 72, ewf_sum(head, 72));
}

void ewf_make_section(uint8_t head[static SECTION_BYTES], const char *type, uint64_t at,
                      uint64_t size_bytes) {
    make_head(head, type, at + size_bytes, size_bytes);
}

ex_code ewf_put_section(struct ewf_output *o, const char *type, const uint8_t *data,
                        size_t size_bytes, struct ex_error *err) {
    uint8_t head[SECTION_BYTES];
    ewf_make_section(head, type, o->at, sizeof head + size_bytes);
    EX_TRY(ewf_output_put(o, head, sizeof head, err));
    return ewf_output_put(o, data, size_bytes, err);
}

/* It points at itself, and EnCase gives it no size. */
ex_code ewf_put_end(struct ewf_output *o, const char *type, struct ex_error *err) {
    uint8_t head[SECTION_BYTES];
    make_head(head, type, o->at, 0);
    return ewf_output_put(o, head, sizeof head, err);
}

/* ---- what the image is ---- */

ex_code ewf_put_volume(struct ewf_output *o, const char *type, struct ex_error *err) {
    uint8_t v[VOLUME_BYTES] = {0};
    const struct ewf_form *f = o->form;
    uint64_t chunk = ewf_chunk_bytes(f);
    v[0] = f->removable ? MEDIA_REMOVABLE : MEDIA_FIXED;
    ex_put_le32(v + 4, (uint32_t)((f->size_bytes + chunk - 1) / chunk));
    ex_put_le32(v + 8, ewf_chunk_sectors(f));
    ex_put_le32(v + 12, f->sector_bytes);
    ex_put_le64(v + 16, f->size_bytes / f->sector_bytes);
    v[36] = FLAG_IMAGE | (f->physical ? FLAG_PHYSICAL : 0);
    v[52] = COMPRESSION_FAST;
    ex_put_le32(v + 56, 1); /* unreadable sectors are told one by one */
    memcpy(v + 64, f->set_id, EWF_SET_ID_BYTES);
    ex_put_le32(v + VOLUME_BYTES - SUM_BYTES, ewf_sum(v, VOLUME_BYTES - SUM_BYTES));
    return ewf_put_section(o, type, v, sizeof v, err);
}

ex_code ewf_put_headers(struct ewf_output *o, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *wide = NULL, *narrow = NULL;
    size_t wide_bytes, narrow_bytes;
    EX_TRY(ewf_make_text(&o->form->texts, true, &wide, &wide_bytes, err));
    EX_TRY(ewf_make_text(&o->form->texts, false, &narrow, &narrow_bytes, err));
    EX_TRY(ewf_put_section(o, "header2", wide, wide_bytes, err));
    EX_TRY(ewf_put_section(o, "header2", wide, wide_bytes, err));
    return ewf_put_section(o, "header", narrow, narrow_bytes, err);
}

/* ---- where the chunks are ---- */

size_t ewf_table_bytes(uint32_t entries) {
    return SECTION_BYTES + TABLE_HEADER_BYTES + (size_t)entries * 4 + SUM_BYTES;
}

/* The entries stand in o->table already; all of them count from the head of the chunks' section. */
ex_code ewf_put_table(struct ewf_output *o, struct ex_error *err) {
    static const char *const type[] = {"table", "table2"};
    uint8_t *head = o->table + SECTION_BYTES, *entries = head + TABLE_HEADER_BYTES;
    size_t size = ewf_table_bytes(o->entries), entries_bytes = (size_t)o->entries * 4;
    memset(head, 0, TABLE_HEADER_BYTES);
    ex_put_le32(head, o->entries);
    ex_put_le64(head + 8, o->sectors_at);
    ex_put_le32(head + 20, ewf_sum(head, 20));
    ex_put_le32(entries + entries_bytes, ewf_sum(entries, entries_bytes));
    for (size_t i = 0; i < sizeof type / sizeof type[0]; i++) {
        ewf_make_section(o->table, type[i], o->at, size);
        EX_TRY(ewf_output_put(o, o->table, size, err));
    }
    return EX_OK;
}

/* ---- what could not be read ---- */

/* Whole sectors: the format has no others, and 32 bits for each number. */
struct bad_sectors {
    uint64_t from, end;
};

static struct bad_sectors sectors_of(const struct ewf_form *f, size_t i, uint64_t after) {
    const struct ewf_range *r = &f->unread[i];
    struct bad_sectors b = {r->offset / f->sector_bytes,
                            (r->offset + r->length + f->sector_bytes - 1) / f->sector_bytes};
    b.from = b.from > after ? b.from : after; /* the sector that it shares with the one before */
    return b;
}

ex_code ewf_make_errors(struct ewf_output *o, struct ex_error *err) {
    const struct ewf_form *f = o->form;
    size_t count = f->unread_count < EWF_ERRORS_MAX ? f->unread_count : EWF_ERRORS_MAX;
    uint64_t after = 0;
    uint32_t entries = 0;
    EX_TRY(ex_alloc(ERROR_HEADER_BYTES + count * ERROR_BYTES + SUM_BYTES, 1, SLAB_BYTES,
                    "the unreadable ranges", &o->errors, err));
    uint8_t *at = o->errors + ERROR_HEADER_BYTES;
    for (size_t i = 0; i < count; i++, o->unread_listed++) {
        struct bad_sectors b = sectors_of(f, i, after);
        if (b.from > UINT32_MAX || b.end > b.from + UINT32_MAX)
            break;
        if (b.end <= b.from)
            continue;
        ex_put_le32(at + (size_t)entries * ERROR_BYTES, (uint32_t)b.from);
        ex_put_le32(at + (size_t)entries * ERROR_BYTES + 4, (uint32_t)(b.end - b.from));
        entries++;
        after = b.end;
    }
    ex_put_le32(o->errors, entries);
    ex_put_le32(o->errors + ERROR_HEADER_BYTES - SUM_BYTES,
                ewf_sum(o->errors, ERROR_HEADER_BYTES - SUM_BYTES));
    ex_put_le32(at + (size_t)entries * ERROR_BYTES, ewf_sum(at, (size_t)entries * ERROR_BYTES));
    o->errors_bytes =
        entries == 0 ? 0 : ERROR_HEADER_BYTES + (size_t)entries * ERROR_BYTES + SUM_BYTES;
    return EX_OK;
}

/* ---- the end ---- */

uint64_t ewf_tail_bytes(const struct ewf_form *f) {
    uint64_t count = f->unread_count < EWF_ERRORS_MAX ? f->unread_count : EWF_ERRORS_MAX;
    uint64_t errors = SECTION_BYTES + ERROR_HEADER_BYTES + count * ERROR_BYTES + SUM_BYTES;
    return SECTION_BYTES + VOLUME_BYTES + (count == 0 ? 0 : errors) + SECTION_BYTES + DIGEST_BYTES +
           SECTION_BYTES + HASH_BYTES + SECTION_BYTES;
}

ex_code ewf_put_hashes(struct ewf_output *o, const struct ewf_written *sums, struct ex_error *err) {
    uint8_t digest[DIGEST_BYTES] = {0}, hash[HASH_BYTES] = {0};
    memcpy(digest, sums->md5, EWF_MD5_BYTES);
    memcpy(digest + EWF_MD5_BYTES, sums->sha1, EWF_SHA1_BYTES);
    ex_put_le32(digest + DIGEST_BYTES - SUM_BYTES, ewf_sum(digest, DIGEST_BYTES - SUM_BYTES));
    memcpy(hash, sums->md5, EWF_MD5_BYTES);
    ex_put_le32(hash + HASH_BYTES - SUM_BYTES, ewf_sum(hash, HASH_BYTES - SUM_BYTES));
    EX_TRY(ewf_put_section(o, "digest", digest, sizeof digest, err));
    return ewf_put_section(o, "hash", hash, sizeof hash, err);
}
