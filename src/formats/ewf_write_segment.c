/* SPDX-License-Identifier: Apache-2.0 */
/* The segments: which sections stand in them, in which order, and where one ends.
 * docs/format/e01.md §1, §2 */
#include "base/bytes.h"
#include "formats/ewf_write_internal.h"

enum { LETTERS = 26, NUMBERED = 99, COMPRESSED_BIT = 31 };

static const uint8_t SIGNATURE[8] = {'E', 'V', 'F', 0x09, 0x0D, 0x0A, 0xFF, 0x00};

void ewf_segment_extension(unsigned segment, char ret[static EWF_EXTENSION_BYTES]) {
    unsigned n = segment - NUMBERED - 1;
    if (segment <= NUMBERED) {
        ret[0] = 'E';
        ret[1] = (char)('0' + segment / 10);
        ret[2] = (char)('0' + segment % 10);
    } else {
        ret[0] = (char)('E' + n / (LETTERS * LETTERS));
        ret[1] = (char)('A' + n / LETTERS % LETTERS);
        ret[2] = (char)('A' + n % LETTERS);
    }
    ret[3] = '\0';
}

static ex_code begin_segment(struct ewf_output *o, struct ex_error *err) {
    uint8_t head[SEGMENT_HEADER_BYTES] = {0};
    if (o->segment >= EWF_SEGMENTS_MAX)
        return ex_fail(err, EX_LIMIT, "the image has more segments than there are names");
    o->segment++;
    o->at = 0;
    memcpy(head, SIGNATURE, sizeof SIGNATURE);
    head[8] = 1;
    ex_put_le16(head + 9, (uint16_t)o->segment);
    EX_TRY(o->sink.begin(o->sink.context, o->segment, err));
    EX_TRY(ewf_output_put(o, head, sizeof head, err));
    if (o->segment > 1)
        return ewf_put_volume(o, "data", err);
    EX_TRY(ewf_put_headers(o, err));
    return ewf_put_volume(o, "volume", err);
}

static ex_code end_segment(struct ewf_output *o, const char *type, struct ex_error *err) {
    EX_TRY(ewf_put_end(o, type, err));
    return o->sink.settled(o->sink.context, o->at, true, err);
}

/* ---- the sections of chunks ---- */

static bool fits(const struct ewf_output *o, uint64_t from, uint64_t sectors_at, uint32_t entries,
                 uint32_t chunk_bytes) {
    uint64_t end = from + chunk_bytes;
    return end - sectors_at <= SECTORS_BYTES_MAX &&
           end + 2 * ewf_table_bytes(entries) + ewf_tail_bytes(o->form) <= o->form->segment_bytes;
}

/* The head goes where room was left for it, now that the size is known. */
static ex_code end_sectors(struct ewf_output *o, struct ex_error *err) {
    uint8_t head[SECTION_BYTES];
    if (!o->sectors_open)
        return EX_OK;
    ewf_make_section(head, "sectors", o->sectors_at, o->at - o->sectors_at);
    EX_TRY(o->sink.write(o->sink.context, o->sectors_at, head, sizeof head, err));
    EX_TRY(ewf_put_table(o, err));
    o->sectors_open = false;
    return o->sink.settled(o->sink.context, o->at, false, err);
}

/* A new section, where there is room for a chunk of this size. */
static ex_code begin_sectors(struct ewf_output *o, uint32_t chunk_bytes, struct ex_error *err) {
    EX_TRY(end_sectors(o, err));
    if (!fits(o, o->at + SECTION_BYTES, o->at, 1, chunk_bytes)) {
        EX_TRY(end_segment(o, "next", err));
        EX_TRY(begin_segment(o, err));
    }
    o->sectors_open = true;
    o->sectors_at = o->at;
    o->at += SECTION_BYTES;
    o->entries = 0;
    return EX_OK;
}

static void note_entry(struct ewf_output *o, uint64_t at, bool compressed) {
    uint8_t *entries = o->table + SECTION_BYTES + TABLE_HEADER_BYTES;
    uint32_t place = (uint32_t)(at - o->sectors_at);
    ex_put_le32(entries + (size_t)o->entries++ * 4,
                place | (compressed ? UINT32_C(1) << COMPRESSED_BIT : 0));
}

ex_code ewf_output_chunks(struct ewf_output *o, const struct ewf_chunk *chunk, size_t count,
                          const uint8_t *stored, struct ex_error *err) {
    size_t run = 0; /* bytes that go out in one piece */
    for (size_t i = 0; i < count; i++) {
        if (!o->sectors_open || o->entries >= o->form->table_entries ||
            !fits(o, o->at + run, o->sectors_at, o->entries + 1, chunk[i].bytes)) {
            EX_TRY(ewf_output_put(o, stored, run, err));
            stored += run;
            run = 0;
            EX_TRY(begin_sectors(o, chunk[i].bytes, err));
        }
        note_entry(o, o->at + run, chunk[i].compressed);
        run += chunk[i].bytes;
    }
    return ewf_output_put(o, stored, run, err);
}

/* ---- the whole ---- */

ex_code ewf_output_begin(struct ewf_output *o, struct ex_error *err) {
    EX_TRY(ex_alloc(ewf_table_bytes(o->form->table_entries), 1, SLAB_BYTES, "a table", &o->table,
                    err));
    EX_TRY(ewf_make_errors(o, err));
    return begin_segment(o, err);
}

ex_code ewf_output_finish(struct ewf_output *o, const struct ewf_written *sums,
                          struct ex_error *err) {
    EX_TRY(end_sectors(o, err));
    if (o->segment == 1)
        EX_TRY(ewf_put_volume(o, "data", err));
    if (o->errors_bytes > 0)
        EX_TRY(ewf_put_section(o, "error2", o->errors, o->errors_bytes, err));
    EX_TRY(ewf_put_hashes(o, sums, err));
    return end_segment(o, "done", err);
}

void ewf_output_clear(struct ewf_output *o) {
    free(o->table);
    free(o->errors);
}
