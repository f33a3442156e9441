/* SPDX-License-Identifier: Apache-2.0 */
/* Two levels of tables say where each cluster is, and how. */
#include "parsers/qcow2/qcow2.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/shared/chunked.h"
#include "parsers/shared/expand.h"
#include "parsers/shared/pages.h"

#include <zstd.h>

enum {
    HEADER_2_BYTES = 72,
    HEADER_3_BYTES = 104,
    CLUSTER_BITS_MIN = 9,
    CLUSTER_BITS_MAX = 21,
    ENTRY_BYTES = 8,
    BACKING_NAME_MAX = 1023,
    L1_ENTRIES_MAX = 1 << 22 /* that are looked at behind the end of the disk */
};
/* incompatible features */
enum {
    DIRTY = 1 << 0,
    CORRUPT = 1 << 1,
    EXTERNAL_DATA = 1 << 2,
    COMPRESSION_TYPE = 1 << 3,
    SUBCLUSTERS = 1 << 4
};
#define OFFSET_MASK   UINT64_C(0x00FFFFFFFFFFFE00)
#define COPIED_BIT    (UINT64_C(1) << 63)
#define PACKED_BIT    (UINT64_C(1) << 62)
#define ZERO_BIT      UINT64_C(1)
#define CONTENT_BYTES (UINT64_C(1) << 62)

struct qcow2 {
    uint32_t version, cluster_bits, crypt, snapshots, backing_bytes;
    uint64_t backing_at, size_bytes, l1_at, incompatible;
    uint32_t l1_count;
    uint8_t compression; /* 0: deflate, 1: zstd */
    unsigned warnings;
    struct pages tables;
    struct chunked content;
    struct inflate_state inflate;
    ZSTD_DCtx *zstd;
};

static void qcow2_close(void *state) {
    struct qcow2 *q = state;
    if (q == NULL)
        return;
    pages_clear(&q->tables);
    chunked_clear(&q->content);
    ZSTD_freeDCtx(q->zstd);
    free(q);
}
EX_DEFINE_AUTO(struct qcow2, qcow2_close);

static uint64_t be64(struct ex_cursor *c) {
    uint64_t high = ex_cursor_be32(c);
    return high << 32 | ex_cursor_be32(c);
}

/* ---- the header ---- */

static ex_code read_header(struct parser_run *run, struct qcow2 *q, struct ex_error *err) {
    uint8_t head[HEADER_3_BYTES + 1] = {0};
    uint64_t file_bytes = parser_input_size(run, 0);
    size_t size = file_bytes < sizeof head ? (size_t)file_bytes : sizeof head;
    EX_TRY(parser_read(run, 0, 0, head, size, err));
    struct ex_cursor c = ex_cursor_make(head, size);
    uint32_t magic = ex_cursor_be32(&c);
    q->version = ex_cursor_be32(&c);
    if (magic != 0x514649FB)
        return ex_fail(err, EX_FORMAT, "it does not begin as a QCOW image");
    if (q->version != 2 && q->version != 3)
        return ex_fail(err, EX_UNSUPPORTED, "version %u of QCOW is not read", q->version);
    q->backing_at = be64(&c);
    q->backing_bytes = ex_cursor_be32(&c);
    q->cluster_bits = ex_cursor_be32(&c);
    q->size_bytes = be64(&c);
    q->crypt = ex_cursor_be32(&c);
    q->l1_count = ex_cursor_be32(&c);
    q->l1_at = be64(&c);
    (void)ex_cursor_bytes(&c, 12); /* where references are counted */
    q->snapshots = ex_cursor_be32(&c);
    (void)ex_cursor_bytes(&c, 8);
    if (q->version == 2)
        return ex_cursor_check(&c, "the header", err);
    q->incompatible = be64(&c);
    (void)ex_cursor_bytes(&c, 20);
    uint32_t header_bytes = ex_cursor_be32(&c);
    EX_TRY(ex_cursor_check(&c, "the header", err));
    if (header_bytes < HEADER_3_BYTES)
        return ex_fail(err, EX_FORMAT, "a header of %u bytes", header_bytes);
    q->compression = header_bytes > HEADER_3_BYTES ? ex_cursor_u8(&c) : 0;
    return EX_OK;
}

/* Where anything else is needed, too, there is no content to be read. */
static ex_code refuse_layer(struct parser_run *run, const struct qcow2 *q, struct ex_error *err) {
    char name[BACKING_NAME_MAX + 1] = "";
    if (q->backing_at == 0 || q->backing_bytes == 0)
        return EX_OK;
    if (q->backing_bytes > BACKING_NAME_MAX)
        return ex_fail(err, EX_FORMAT, "the name of its backing file has %u bytes",
                       q->backing_bytes);
    EX_TRY(parser_read(run, 0, q->backing_at, name, q->backing_bytes, err));
    return ex_fail(err, EX_UNSUPPORTED,
                   "this image is only a layer: what was not changed stands in its backing file "
                   "\"%.90s\", which is not followed",
                   name);
}

static ex_code refuse_features(const struct qcow2 *q, struct ex_error *err) {
    uint64_t known = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | SUBCLUSTERS;
    if (q->crypt != 0)
        return ex_fail(err, EX_UNSUPPORTED, "it is encrypted (method %u)", q->crypt);
    if ((q->incompatible & EXTERNAL_DATA) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "its data stand in another file");
    if ((q->incompatible & SUBCLUSTERS) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "images with subclusters are not read");
    if ((q->incompatible & ~known) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "it needs features that are not known (%llx)",
                       (unsigned long long)(q->incompatible & ~known));
    if (q->compression > 1 || (q->compression != 0) != ((q->incompatible & COMPRESSION_TYPE) != 0))
        return ex_fail(err, EX_UNSUPPORTED, "compression %u is not known", q->compression);
    return EX_OK;
}

static ex_code check_sizes(struct parser_run *run, const struct qcow2 *q, struct ex_error *err) {
    uint64_t file_bytes = parser_input_size(run, 0);
    if (q->cluster_bits < CLUSTER_BITS_MIN || q->cluster_bits > CLUSTER_BITS_MAX)
        return ex_fail(err, EX_FORMAT, "clusters of 2^%u bytes", q->cluster_bits);
    if (q->size_bytes > CONTENT_BYTES)
        return ex_fail(err, EX_FORMAT, "a disk of %llu bytes", (unsigned long long)q->size_bytes);
    /* An entry of level 1 is for a table of level 2, a cluster of entries. */
    uint32_t bits = 2 * q->cluster_bits - 3;
    uint64_t wanted =
        (q->size_bytes >> bits) + ((q->size_bytes & ((UINT64_C(1) << bits) - 1)) != 0);
    if (q->l1_count < wanted)
        return ex_fail(err, EX_FORMAT,
                       "a disk of %llu bytes needs a level 1 table of %llu entries, and it has %u",
                       (unsigned long long)q->size_bytes, (unsigned long long)wanted, q->l1_count);
    if (q->l1_at > file_bytes || wanted * ENTRY_BYTES > file_bytes - q->l1_at)
        return ex_fail(err, EX_FORMAT,
                       "its level 1 table would be at byte %llu of a file of %llu bytes",
                       (unsigned long long)q->l1_at, (unsigned long long)file_bytes);
    return EX_OK;
}

/* ---- clusters ---- */

static ex_code read_entry(struct parser_run *run, struct qcow2 *q, uint64_t at, uint64_t *ret,
                          struct ex_error *err) {
    uint8_t data[ENTRY_BYTES];
    EX_TRY(pages_read(run, &q->tables, 0, at, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    *ret = be64(&c);
    return EX_OK;
}

static ex_code place_packed(struct parser_run *run, const struct qcow2 *q, uint64_t entry,
                            struct chunk_place *ret, struct ex_error *err) {
    uint64_t file_bytes = parser_input_size(run, 0);
    uint32_t bits = 62 - (q->cluster_bits - 8);
    uint64_t sectors = ((entry & (PACKED_BIT - 1)) >> bits) + 1;
    ret->how = CHUNK_PACKED;
    ret->at = entry & ((UINT64_C(1) << bits) - 1);
    ret->stored_bytes = sectors * 512 - ret->at % 512;
    if (ret->at >= file_bytes)
        return ex_fail(err, EX_FORMAT, "it would be at byte %llu of a file of %llu bytes",
                       (unsigned long long)ret->at, (unsigned long long)file_bytes);
    if (ret->stored_bytes > file_bytes - ret->at) /* the last sector of a file may be short */
        ret->stored_bytes = file_bytes - ret->at;
    return EX_OK;
}

static ex_code locate(struct parser_run *run, void *context, uint64_t cluster,
                      struct chunk_place *ret, struct ex_error *err) {
    struct qcow2 *q = context;
    uint64_t in_table = UINT64_C(1) << (q->cluster_bits - 3), index = cluster % in_table, entry;
    uint64_t within = (UINT64_C(1) << q->cluster_bits) - 1;
    EX_TRY(read_entry(run, q, q->l1_at + cluster / in_table * ENTRY_BYTES, &entry, err));
    uint64_t table = entry & OFFSET_MASK;
    if ((entry & ~(OFFSET_MASK | COPIED_BIT)) != 0 || (table & within) != 0 ||
        table >= parser_input_size(run, 0)) {
        ret->alike = in_table - index;
        return ex_fail(err, EX_FORMAT, "its entry of level 1 is %016llx, which is no table",
                       (unsigned long long)entry);
    }
    if (table == 0) {
        ret->alike = in_table - index;
        return EX_OK;
    }
    EX_TRY(read_entry(run, q, table + index * ENTRY_BYTES, &entry, err));
    if ((entry & PACKED_BIT) != 0)
        return place_packed(run, q, entry, ret, err);
    bool zero = q->version >= 3 && (entry & ZERO_BIT) != 0;
    ret->at = entry & OFFSET_MASK;
    if ((entry & ~(OFFSET_MASK | COPIED_BIT | (zero ? ZERO_BIT : 0))) != 0 ||
        (ret->at & within) != 0)
        return ex_fail(err, EX_FORMAT, "its entry of level 2 is %016llx, which is no cluster",
                       (unsigned long long)entry);
    ret->how = zero || ret->at == 0 ? CHUNK_ZERO : CHUNK_PLAIN;
    return EX_OK;
}

static ex_code expand_zstd(struct qcow2 *q, const uint8_t *from, size_t from_bytes, uint8_t *to,
                           size_t size_bytes, size_t *ret_bytes, struct ex_error *err) {
    size_t frame = ZSTD_findFrameCompressedSize(from, from_bytes);
    if (q->zstd == NULL)
        q->zstd = ZSTD_createDCtx();
    if (q->zstd == NULL)
        return ex_fail(err, EX_NOMEM, "no memory to expand it");
    size_t got =
        ZSTD_isError(frame) ? frame : ZSTD_decompressDCtx(q->zstd, to, size_bytes, from, frame);
    if (ZSTD_isError(got))
        return ex_fail(err, EX_ALTERED, "it cannot be expanded: %s", ZSTD_getErrorName(got));
    *ret_bytes = got;
    return EX_OK;
}

static ex_code expand(struct parser_run *run, void *context, uint64_t cluster,
                      const struct chunk_place *place, uint8_t *to, size_t size_bytes,
                      struct ex_error *err) {
    struct qcow2 *q = context;
    size_t room = ((size_t)1 << q->cluster_bits) + 1, got = 0;
    EX_AUTO_FREE uint8_t *own = NULL;
    const uint8_t *data;
    EX_TRY(parser_take(run, 0, place->at, (size_t)place->stored_bytes, 2 * room + 512, &own, &data,
                       err));
    size_t stored = (size_t)place->stored_bytes;
    EX_TRY(q->compression == 0 ? expand_deflate(&q->inflate, data, stored, to, room, &got, err)
                               : expand_zstd(q, data, stored, to, room, &got, err));
    if (got < size_bytes || got >= room)
        return ex_fail(err, EX_FORMAT, "it expands to %zu bytes instead of %zu", got, room - 1);
    return EX_OK;
}

/* ---- what is stored behind the end of the disk ---- */

/* Entries from `at` on that hold something. Where they cannot be read there are none. */
static uint64_t count_used(struct parser_run *run, struct qcow2 *q, uint64_t at, uint64_t entries) {
    uint64_t used = 0, entry;
    for (uint64_t i = 0; i < entries; i++, at += ENTRY_BYTES) {
        if (read_entry(run, q, at, &entry, NULL) != EX_OK)
            break;
        used += (entry & ~(COPIED_BIT | ZERO_BIT)) != 0;
    }
    return used;
}

/* Clusters in the last table that is partly of the disk. */
static uint64_t clusters_behind(struct parser_run *run, struct qcow2 *q, uint64_t clusters) {
    uint64_t in_table = UINT64_C(1) << (q->cluster_bits - 3), index = clusters % in_table, entry;
    if (index == 0 ||
        read_entry(run, q, q->l1_at + clusters / in_table * ENTRY_BYTES, &entry, NULL) != EX_OK)
        return 0;
    uint64_t table = entry & OFFSET_MASK;
    return table == 0 ? 0 : count_used(run, q, table + index * ENTRY_BYTES, in_table - index);
}

static ex_code warn_of_rest(struct parser_run *run, struct qcow2 *q, struct ex_error *err) {
    uint64_t cluster_bytes = q->content.chunk_bytes, in_table = cluster_bytes / ENTRY_BYTES;
    uint64_t clusters = q->size_bytes / cluster_bytes + (q->size_bytes % cluster_bytes != 0);
    uint64_t wanted = clusters / in_table + (clusters % in_table != 0);
    uint64_t more = q->l1_count > wanted ? q->l1_count - wanted : 0;
    uint64_t looked = more < L1_ENTRIES_MAX ? more : L1_ENTRIES_MAX;
    uint64_t tables = count_used(run, q, q->l1_at + wanted * ENTRY_BYTES, looked);
    uint64_t single = clusters_behind(run, q, clusters);
    if (looked < more)
        EX_TRY(parser_warn(run, &q->warnings, err,
                           "its level 1 table has %llu entries behind the end of the disk, of "
                           "which %llu were looked at",
                           (unsigned long long)more, (unsigned long long)looked));
    if (tables == 0 && single == 0)
        return EX_OK;
    return parser_warn(run, &q->warnings, err,
                       "%llu clusters and %llu whole tables of clusters are stored behind the end "
                       "of the disk, and were not read",
                       (unsigned long long)single, (unsigned long long)tables);
}

/* ---- opening, reading ---- */

static ex_code tell(struct parser_run *run, struct qcow2 *q, struct ex_error *err) {
    const char *compression = q->compression == 0 ? "deflate" : "zstd";
    EX_TRY(parser_fact_number(run, "version", q->version, err));
    EX_TRY(parser_fact_number(run, "chunk-bytes", q->content.chunk_bytes, err));
    EX_TRY(parser_fact(run, "compression", compression, strlen(compression), err));
    EX_TRY(parser_fact_number(run, "snapshots", q->snapshots, err));
    if (q->snapshots > 0)
        EX_TRY(parser_warn(run, &q->warnings, err,
                           "the image holds %u earlier states (snapshots) besides, which were not "
                           "read",
                           q->snapshots));
    if ((q->incompatible & DIRTY) != 0)
        EX_TRY(
            parser_warn(run, &q->warnings, err,
                        "the image says that it was not closed: the last writes may be missing"));
    if ((q->incompatible & CORRUPT) != 0)
        EX_TRY(parser_warn(run, &q->warnings, err, "the image says of itself that it is corrupt"));
    return EX_OK;
}

static ex_code qcow2_open(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                          struct ex_error *err) {
    EX_AUTO(qcow2_close) struct qcow2 *q = ex_new0(struct qcow2);
    struct gaps gaps = {0};
    uint64_t allocated = 0;
    EX_TRY(read_header(run, q, err));
    EX_TRY(refuse_layer(run, q, err));
    EX_TRY(refuse_features(q, err));
    EX_TRY(check_sizes(run, q, err));
    q->content = (struct chunked){.context = q,
                                  .unit = "cluster",
                                  .size_bytes = q->size_bytes,
                                  .chunk_bytes = UINT64_C(1) << q->cluster_bits,
                                  .locate = locate,
                                  .expand = expand};
    EX_TRY(tell(run, q, err));
    EX_TRY(chunked_survey(run, &q->content, &gaps, &q->warnings, &allocated, err));
    EX_TRY(gaps_end(run, &gaps, err));
    EX_TRY(warn_of_rest(run, q, err));
    EX_TRY(parser_fact_number(run, "allocated-bytes", allocated, err));
    *ret_size_bytes = q->size_bytes;
    *ret_state = ex_steal(&q);
    return EX_OK;
}

static ex_code qcow2_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                          size_t size_bytes, struct ex_error *err) {
    struct qcow2 *q = state;
    return chunked_read(run, &q->content, offset, to, size_bytes, err);
}

const struct parser qcow2_parser = {
    .name = "qcow2", .version = 2, .open = qcow2_open, .read = qcow2_read, .close = qcow2_close};
