/* SPDX-License-Identifier: Apache-2.0 */
/* Segments, and the sections in them. A section says its size and where the next one begins; both
 * must say the same, because programs differ in which of them they believe. */
#include "parsers/ewf/ewf_internal.h"

#include <stdio.h>

enum { MISSING_IN_A_ROW = 8 };

struct walk {
    struct parser_run *run;
    struct ewf *e;
    unsigned input, segment;
    bool done; /* the last segment has ended */
};

/* ---- what the image is ---- */

/* A section of type volume, disk or data: all of them say the same. */
struct volume {
    uint8_t media_type, set[SET_BYTES];
    uint32_t chunks, chunk_sectors, sector_bytes;
    uint64_t sectors;
};

static ex_code read_volume(struct walk *w, const struct ewf_section *s, struct volume *ret,
                           struct ex_error *err) {
    uint8_t data[VOLUME_BYTES];
    bool smart = s->data_bytes == VOLUME_SMART_BYTES;
    size_t size = smart ? VOLUME_SMART_BYTES : VOLUME_BYTES;
    *ret = (struct volume){0};
    if (s->data_bytes < size)
        return ex_fail(err, EX_FORMAT, "a %s section of %llu bytes", s->type,
                       (unsigned long long)s->data_bytes);
    EX_TRY(parser_read(w->run, s->input, s->data, data, size, err));
    struct ex_cursor c = ex_cursor_make(data + size - 4, 4);
    if (!ewf_sum_is(data, size - 4, ex_cursor_le32(&c)))
        return ex_fail(err, EX_ALTERED, "the %s section fails its checksum", s->type);
    c = ex_cursor_make(data, size);
    ret->media_type = ex_cursor_u8(&c);
    (void)ex_cursor_bytes(&c, 3);
    ret->chunks = ex_cursor_le32(&c);
    ret->chunk_sectors = ex_cursor_le32(&c);
    ret->sector_bytes = ex_cursor_le32(&c);
    ret->sectors = smart ? ex_cursor_le32(&c) : ex_cursor_le64(&c);
    (void)ex_cursor_bytes(&c, smart ? 0 : 40);
    if (!smart)
        ex_cursor_copy(&c, ret->set, SET_BYTES);
    return EX_OK;
}

static ex_code take_volume(struct walk *w, const struct ewf_section *s, struct ex_error *err) {
    struct ewf *e = w->e;
    struct volume v;
    EX_TRY(read_volume(w, s, &v, err));
    e->media_type = v.media_type;
    e->chunks_announced = v.chunks;
    e->chunk_sectors = v.chunk_sectors;
    e->sector_bytes = v.sector_bytes;
    e->sectors = v.sectors;
    memcpy(e->set, v.set, sizeof e->set);
    e->chunk_bytes = (uint64_t)e->chunk_sectors * e->sector_bytes;
    if (e->sector_bytes == 0 || e->chunk_bytes == 0 || e->chunk_bytes > CHUNK_BYTES_MAX ||
        e->sectors > (UINT64_C(1) << 60) / e->sector_bytes)
        return ex_fail(err, EX_FORMAT, "an image of %llu sectors of %u bytes, %u in a chunk",
                       (unsigned long long)e->sectors, e->sector_bytes, e->chunk_sectors);
    e->size_bytes = e->sectors * e->sector_bytes;
    e->volume_segment = w->segment;
    e->has_volume = true;
    return EX_OK;
}

/* ---- whether a segment belongs to this image ---- */

/* *ret_other_count: it names the same set, and another number of sectors. A writer that was cut off
 * leaves that behind: it knows the number at its end, and goes back to correct it. */
static ex_code compare_volume(const struct ewf *e, const struct volume *v, bool *ret_other_count,
                              struct ex_error *err) {
    static const uint8_t NONE[SET_BYTES];
    bool stated = memcmp(e->set, NONE, SET_BYTES) != 0 && memcmp(v->set, NONE, SET_BYTES) != 0;
    if (stated && memcmp(e->set, v->set, SET_BYTES) != 0)
        return ex_fail(err, EX_FORMAT,
                       "its data section says that it belongs to another set of segments");
    /* Writers that do not know it yet leave 0. */
    bool other_count = v->sectors != 0 && v->sectors != e->sectors;
    if ((other_count && !stated) ||
        (v->chunk_sectors != 0 && v->chunk_sectors != e->chunk_sectors) ||
        (v->sector_bytes != 0 && v->sector_bytes != e->sector_bytes))
        return ex_fail(err, EX_FORMAT,
                       "its data section states %llu sectors of %u bytes, %u in a chunk, and the "
                       "image has %llu of %u, %u in a chunk",
                       (unsigned long long)v->sectors, v->sector_bytes, v->chunk_sectors,
                       (unsigned long long)e->sectors, e->sector_bytes, e->chunk_sectors);
    *ret_other_count = other_count;
    return EX_OK;
}

static ex_code warn_of_count(struct walk *w, const struct ewf_section *s, const struct volume *v,
                             struct ex_error *err) {
    return ewf_warn(w->run, w->e, err,
                    "segment %u, byte %llu: its data section states %llu sectors, and the volume "
                    "section %llu; it names the same set, so it was read",
                    w->segment, (unsigned long long)s->at, (unsigned long long)v->sectors,
                    (unsigned long long)w->e->sectors);
}

/* In the segment of the volume section itself nothing can be foreign: there it is only told. */
static ex_code take_data(struct walk *w, const struct ewf_section *s, struct ex_error *err) {
    struct volume v;
    struct ex_error why = {0};
    ex_code code = w->e->has_volume ? read_volume(w, s, &v, &why) : EX_OK;
    bool readable = code == EX_OK, other_count = false;
    if (readable && w->e->has_volume)
        code = compare_volume(w->e, &v, &other_count, &why);
    if (code == EX_OK)
        return other_count ? warn_of_count(w, s, &v, err) : EX_OK;
    if (code == EX_IO || (readable && w->segment != w->e->volume_segment))
        return ex_fail(err, code, "%s", why.text);
    return ewf_warn(w->run, w->e, err, "segment %u, byte %llu: %s", w->segment,
                    (unsigned long long)s->at, why.text);
}

/* ---- hashes, unreadable sectors ---- */

static ex_code take_hash(struct walk *w, const struct ewf_section *s, const char *name, size_t at,
                         size_t size, struct ex_error *err) {
    uint8_t hash[20];
    char hex[2 * sizeof hash + 1];
    EX_TRY(parser_read(w->run, s->input, s->data + at, hash, size, err));
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= hash[i];
    if (any == 0)
        return EX_OK; /* not computed */
    return parser_fact(w->run, name, ex_hex(hex, hash, size), 2 * size, err);
}

static ex_code take_digest(struct walk *w, const struct ewf_section *s, bool sha1,
                           struct ex_error *err) {
    uint8_t data[80];
    size_t size = sha1 ? 80 : 36;
    if (s->data_bytes < size)
        return ex_fail(err, EX_FORMAT, "a section of hashes of %llu bytes",
                       (unsigned long long)s->data_bytes);
    EX_TRY(parser_read(w->run, s->input, s->data, data, size, err));
    struct ex_cursor c = ex_cursor_make(data + size - 4, 4);
    if (!ewf_sum_is(data, size - 4, ex_cursor_le32(&c)))
        return ex_fail(err, EX_ALTERED, "a section of hashes fails its checksum");
    EX_TRY(take_hash(w, s, sha1 ? "md5" : "md5-of-hash-section", 0, 16, err));
    return sha1 ? take_hash(w, s, "sha1", 16, 20, err) : EX_OK;
}

static ex_code take_errors(struct walk *w, const struct ewf_section *s, struct ex_error *err) {
    enum { HEAD = 520, ENTRY = 8 };
    uint8_t head[HEAD], entry[ENTRY];
    struct ewf *e = w->e;
    if (s->data_bytes < HEAD)
        return ex_fail(err, EX_FORMAT, "an error section of %llu bytes",
                       (unsigned long long)s->data_bytes);
    EX_TRY(parser_read(w->run, s->input, s->data, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    uint32_t count = ex_cursor_le32(&c);
    if ((uint64_t)count * ENTRY > s->data_bytes - HEAD)
        return ex_fail(err, EX_FORMAT, "an error section of %u entries in %llu bytes", count,
                       (unsigned long long)s->data_bytes);
    for (uint32_t i = 0; i < count; i++) {
        EX_TRY(parser_read(w->run, s->input, s->data + HEAD + (uint64_t)i * ENTRY, entry,
                           sizeof entry, err));
        EX_TRY(ex_grow(&e->bad, &e->bad_capacity, e->bad_count + 1, sizeof *e->bad,
                       PARSER_RANGES_MAX * sizeof *e->bad, "unreadable ranges", err));
        c = ex_cursor_make(entry, sizeof entry);
        e->bad[e->bad_count].sector = ex_cursor_le32(&c);
        e->bad[e->bad_count++].count = ex_cursor_le32(&c);
    }
    return EX_OK;
}

/* ---- sections ---- */

static ex_code take_section(struct walk *w, const struct ewf_section *s, struct ex_error *err) {
    struct ewf *e = w->e;
    const char *type = s->type;
    if (strcmp(type, "header") == 0 || strcmp(type, "header2") == 0)
        return ewf_read_text(w->run, e, s, err);
    if (strcmp(type, "volume") == 0 || strcmp(type, "disk") == 0)
        return e->has_volume ? ex_fail(err, EX_FORMAT, "a second volume section")
                             : take_volume(w, s, err);
    if (strcmp(type, "ltree") == 0 || strcmp(type, "ltypes") == 0)
        return ex_fail(err, EX_UNSUPPORTED, "this is a logical evidence file, not a disk image");
    if (!e->has_volume && (strcmp(type, "sectors") == 0 || strncmp(type, "table", 5) == 0))
        return ex_fail(err, EX_FORMAT, "chunks without a volume section before them");
    if (strcmp(type, "sectors") == 0) {
        if (e->table_open)
            return ex_fail(err, EX_ALTERED, "a table is damaged, and its copy is not there");
        e->sectors_section = *s;
        return EX_OK;
    }
    if (strcmp(type, "table") == 0 || strcmp(type, "table2") == 0)
        return ewf_read_table(w->run, e, s, err);
    if (strcmp(type, "hash") == 0 || strcmp(type, "digest") == 0)
        return take_digest(w, s, type[0] == 'd', err);
    if (strcmp(type, "error2") == 0)
        return take_errors(w, s, err);
    if (strcmp(type, "data") == 0)
        return take_data(w, s, err);
    return EX_OK; /* session, xheader…, and what is not known */
}

static ex_code read_descriptor(struct walk *w, uint64_t at, struct ewf_section *ret,
                               struct ex_error *err) {
    uint8_t data[SECTION_BYTES];
    uint64_t segment_bytes = parser_input_size(w->run, w->input);
    EX_TRY(parser_read(w->run, w->input, at, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    *ret = (struct ewf_section){.input = w->input, .segment = w->segment, .at = at};
    ex_cursor_copy(&c, ret->type, SECTION_TYPE_BYTES);
    uint64_t next = ex_cursor_le64(&c), size = ex_cursor_le64(&c);
    (void)ex_cursor_bytes(&c, 40);
    if (!ewf_sum_is(data, 72, ex_cursor_le32(&c)))
        return ex_fail(err, EX_ALTERED, "the head of a section fails its checksum");
    bool last = strcmp(ret->type, "next") == 0 || strcmp(ret->type, "done") == 0;
    ret->data = at + SECTION_BYTES;
    if (last && (next == at || next == ret->data))
        return EX_OK;
    if (next <= at || next > segment_bytes || next - at < SECTION_BYTES)
        return ex_fail(err, EX_FORMAT, "the section behind it would be at byte %llu",
                       (unsigned long long)next);
    if (size != 0 && size != next - at) /* some old writers leave it 0 */
        return ex_fail(err, EX_FORMAT,
                       "a section says that it has %llu bytes, and that the next one comes after "
                       "%llu",
                       (unsigned long long)size, (unsigned long long)(next - at));
    ret->next = next;
    ret->data_bytes = next - ret->data;
    return EX_OK;
}

static ex_code walk_sections(struct walk *w, struct ex_error *err) {
    struct ewf_section s;
    for (uint64_t at = SEGMENT_HEADER_BYTES;; at = s.next) {
        struct ex_error why = {0};
        ex_code code = read_descriptor(w, at, &s, &why);
        if (code == EX_OK && s.next == 0) {
            w->done = strcmp(s.type, "done") == 0;
            return EX_OK;
        }
        if (code == EX_OK)
            code = take_section(w, &s, &why);
        if (code != EX_OK)
            return ex_fail(err, code, "segment %u, byte %llu: %s", w->segment,
                           (unsigned long long)at, why.text);
    }
}

/* ---- segments ---- */

static ex_code check_segment(struct walk *w, struct ex_error *err) {
    static const uint8_t EVF[8] = {'E', 'V', 'F', 9, 13, 10, 255, 0};
    static const uint8_t LVF[8] = {'L', 'V', 'F', 9, 13, 10, 255, 0};
    uint8_t head[SEGMENT_HEADER_BYTES];
    EX_TRY(parser_read(w->run, w->input, 0, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head + 8, sizeof head - 8);
    if (memcmp(head, LVF, sizeof LVF) == 0)
        return ex_fail(err, EX_UNSUPPORTED, "this is a logical evidence file, not a disk image");
    uint8_t start = ex_cursor_u8(&c);
    uint16_t number = ex_cursor_le16(&c), end = ex_cursor_le16(&c);
    if (memcmp(head, EVF, sizeof EVF) != 0 || start != 1 || end != 0)
        return ex_fail(err, EX_FORMAT, "segment %u does not begin as an E01 does", w->segment);
    if (number != w->segment)
        return ex_fail(err, EX_FORMAT, "the file of segment %u says that it is segment %u",
                       w->segment, number);
    return EX_OK;
}

static ex_code read_segment(struct walk *w, struct ex_error *err) {
    char name[24];
    if (w->segment > 1) {
        (void)snprintf(name, sizeof name, "segment %u", w->segment);
        EX_TRY(parser_input_named(w->run, name, &w->input, err));
    }
    EX_TRY(check_segment(w, err));
    return walk_sections(w, err);
}

uint64_t ewf_chunks_wanted(const struct ewf *e) {
    return (e->size_bytes + e->chunk_bytes - 1) / e->chunk_bytes;
}

/* From here on chunks are missing. Where those behind belong is known when the end of the set was
 * seen, because they reach to the end of the image; so there may be one gap. */
static bool note_gap(struct ewf *e) {
    if (e->gap && e->gap_table != e->table_count)
        return false;
    e->gap = true;
    e->gap_table = e->table_count;
    e->table_open = false;
    e->sectors_section = (struct ewf_section){0};
    return true;
}

static void drop_behind_gap(struct ewf *e) {
    while (e->table_count > e->gap_table) {
        struct ewf_table *t = &e->table[--e->table_count];
        e->chunks -= t->count;
        ewf_free_table(e, t);
    }
}

static void close_gap(struct ewf *e, bool done) {
    uint64_t wanted = ewf_chunks_wanted(e);
    if (!done || e->chunks > wanted) {
        drop_behind_gap(e);
        return;
    }
    for (size_t i = e->gap_table; i < e->table_count; i++)
        e->table[i].first += wanted - e->chunks;
    e->chunks = wanted;
}

/* Segments that are missing in a row; which of them existed shows when one behind them is found. */
struct missing {
    unsigned count;
    struct ex_error why[MISSING_IN_A_ROW];
};

static ex_code tell_missing(struct walk *w, struct missing *m, struct ex_error *err) {
    for (unsigned i = 0; i < m->count; i++)
        EX_TRY(ewf_warn(w->run, w->e, err, "%s", m->why[i].text));
    m->count = 0;
    return EX_OK;
}

/* What a segment that is missing or broken means for the image; *ret_more: the next one may be
 * read. */
static ex_code take_failure(struct walk *w, struct missing *m, const struct ex_error *why,
                            bool *ret_more, struct ex_error *err) {
    bool absent = why->code == EX_MISSING;
    bool damage = absent || why->code == EX_FORMAT || why->code == EX_ALTERED || why->code == EX_IO;
    if (!damage || !w->e->has_volume)
        return ex_fail(err, why->code, "%s", why->text);
    if (absent)
        m->why[m->count++] = *why;
    else
        EX_TRY(ewf_warn(w->run, w->e, err, "%s", why->text));
    *ret_more = note_gap(w->e) && m->count < MISSING_IN_A_ROW;
    return EX_OK;
}

ex_code ewf_read_segments(struct parser_run *run, struct ewf *e, struct ex_error *err) {
    struct walk w = {.run = run, .e = e};
    struct missing m = {0};
    bool more = true;
    while (!w.done && more && w.segment < PARSER_INPUTS_MAX) {
        struct ex_error why = {0};
        w.segment++;
        ex_code code = read_segment(&w, &why);
        if (code != EX_MISSING)
            EX_TRY(tell_missing(&w, &m, err));
        if (code != EX_OK)
            EX_TRY(take_failure(&w, &m, &why, &more, err));
    }
    if (!e->has_volume)
        return ex_fail(err, EX_FORMAT, "there is no volume section");
    unsigned last = w.segment - m.count;
    if (m.count == MISSING_IN_A_ROW)
        EX_TRY(ewf_warn(run, e, err,
                        "behind segment %u nothing was found: whether more segments existed is "
                        "not known",
                        last));
    else
        EX_TRY(tell_missing(&w, &m, err));
    if (e->gap)
        close_gap(e, w.done);
    return parser_fact_number(run, "segments", last, err);
}
