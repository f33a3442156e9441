/* SPDX-License-Identifier: Apache-2.0 */
/* Packs: format/vault §3.1, §3.3. */
#include "base/bytes.h"
#include "vault/vault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t PACK_MAGIC[8] = {'E', 'X', 'H', 'P', 'A', 'C', 'K', 1};
static const uint8_t FOOTER_MAGIC[8] = {'E', 'X', 'H', 'E', 'N', 'D', 1, 0};
enum {
    TRAILER_RECORD_BYTES = 16,
    WALK_WINDOW_BYTES = 1 << 20,
    DIRECT_ALIGN_BYTES = 4096,
    RECORD_GUESS_BYTES = 192 << 10,
    TABLE_GUESS_BYTES = 8 << 10
};

void pack_header_write(const struct pack_header *h, const uint8_t vault_id[static VAULT_ID_BYTES],
                       uint8_t to[static PACK_HEADER_BYTES]) {
    memset(to, 0, PACK_HEADER_BYTES);
    memcpy(to, PACK_MAGIC, sizeof PACK_MAGIC);
    ex_put_le32(to + 8, h->kind);
    memcpy(to + 16, h->id, VAULT_PACK_ID_BYTES);
    memcpy(to + 48, vault_id, VAULT_ID_BYTES);
    sha256_of(to, 96, to + 96);
}

ex_code pack_header_parse(const uint8_t data[static PACK_HEADER_BYTES],
                          const uint8_t vault_id[static VAULT_ID_BYTES], struct pack_header *ret,
                          struct ex_error *err) {
    uint8_t again[PACK_HEADER_BYTES], hash[SHA256_BYTES];
    struct ex_cursor c = ex_cursor_make(data, PACK_HEADER_BYTES);
    if (memcmp(ex_cursor_bytes(&c, sizeof PACK_MAGIC - 1), PACK_MAGIC, sizeof PACK_MAGIC - 1) != 0)
        return ex_fail(err, EX_ALTERED, "the file does not begin like a pack");
    uint8_t version = ex_cursor_u8(&c);
    sha256_of(data, 96, hash);
    if (memcmp(hash, data + 96, SHA256_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the header of the pack is damaged");
    if (version != PACK_MAGIC[7])
        return ex_fail(err, EX_UNSUPPORTED, "the pack has the unknown version %u", version);
    ret->kind = ex_cursor_le32(&c);
    uint32_t mode = ex_cursor_le32(&c);
    ex_cursor_copy(&c, ret->id, VAULT_PACK_ID_BYTES);
    if (mode != 0)
        return ex_fail(err, EX_UNSUPPORTED, "the pack is encrypted");
    pack_header_write(ret, vault_id, again);
    if (memcmp(again, data, PACK_HEADER_BYTES) != 0)
        return ex_fail(err, EX_ALTERED,
                       "the pack belongs to another vault, or its header is damaged");
    return EX_OK;
}

char *pack_name(char to[static PACK_NAME_BYTES], const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    char hex[SHA256_HEX_BYTES];
    ex_hex(hex, id, VAULT_PACK_ID_BYTES);
    (void)snprintf(to, PACK_NAME_BYTES, "%.2s/%s.pack", hex, hex);
    return to;
}

bool vault_has_pack(const struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    char name[PACK_NAME_BYTES];
    bool regular;
    return ex_exists(v->packs_fd, pack_name(name, id), &regular) && regular;
}

void pack_list_clear(struct pack_list *l) {
    free(l->record);
    free(l->entry);
    *l = (struct pack_list){0};
}

ex_code pack_list_add(struct pack_list *l, uint32_t offset, const struct record_head *head,
                      const struct table_entry *entry, size_t count, struct ex_error *err) {
    EX_TRY(ex_grow(&l->record, &l->record_capacity, l->record_count + 1, sizeof *l->record,
                   EX_LIMIT_PACK_BYTES, "the records of a pack", err));
    EX_TRY(ex_grow(&l->entry, &l->entry_capacity, l->entry_count + count + 1, sizeof *l->entry,
                   EX_LIMIT_PACK_BYTES, "the entries of a pack", err));
    l->record[l->record_count++] = (struct pack_record){
        .offset = offset, .head = *head, .first = l->entry_count, .count = count};
    if (count > 0)
        memcpy(l->entry + l->entry_count, entry, count * sizeof *entry);
    l->entry_count += count;
    return EX_OK;
}

static size_t trailer_bytes(const struct pack_list *l) {
    return 12 + l->record_count * (TRAILER_RECORD_BYTES + 4) + l->entry_count * TABLE_ENTRY_BYTES;
}

static void trailer_write(const struct pack_list *l, uint8_t *to) {
    ex_put_le64(to, (uint64_t)l->read_back_ns);
    ex_put_le32(to + 8, (uint32_t)l->record_count);
    to += 12;
    for (size_t i = 0; i < l->record_count; i++) {
        const struct pack_record *r = &l->record[i];
        ex_put_le32(to, r->offset);
        to[4] = r->head.type;
        to[5] = r->head.codec;
        to[6] = to[7] = 0;
        ex_put_le32(to + 8, r->head.plain_length);
        ex_put_le32(to + 12, r->head.stored_length);
        ex_put_le32(to + 16, (uint32_t)r->count);
        to += TRAILER_RECORD_BYTES + 4;
        for (size_t k = 0; k < r->count; k++, to += TABLE_ENTRY_BYTES) {
            memcpy(to, l->entry[r->first + k].id, SHA256_BYTES);
            ex_put_le32(to + SHA256_BYTES, l->entry[r->first + k].length);
        }
    }
}

static void footer_hash(const uint8_t *id, const uint8_t *footer, const uint8_t *trailer,
                        size_t trailer_size, uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, id, VAULT_PACK_ID_BYTES);
    sha256_add(&h, footer, 32);
    sha256_add(&h, trailer, trailer_size);
    sha256_end(&h, ret);
}

ex_code pack_trailer_build(const struct pack_list *l, uint32_t number, uint64_t offset,
                           uint8_t **ret, size_t *ret_size_bytes, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO_FREE uint8_t *record = NULL;
    size_t size = trailer_bytes(l), record_size;
    EX_TRY(ex_alloc(size, 1, EX_LIMIT_RECORD_BYTES, "the trailer of a pack", &data, err));
    trailer_write(l, data);
    EX_TRY(record_build(RECORD_TRAILER, NULL, 0, data, size, NULL, 0, &record, &record_size, err));
    record_finish(l->id, record, number);
    uint8_t *whole = realloc(record, record_size + PACK_FOOTER_BYTES);
    if (whole == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the trailer of a pack");
    record = NULL;
    uint8_t *footer = whole + record_size;
    memset(footer, 0, PACK_FOOTER_BYTES);
    memcpy(footer, FOOTER_MAGIC, sizeof FOOTER_MAGIC);
    ex_put_le64(footer + 8, offset);
    footer_hash(l->id, footer, data, size, footer + 32);
    *ret = whole;
    *ret_size_bytes = record_size + PACK_FOOTER_BYTES;
    return EX_OK;
}

/* One record's line of a trailer, with its table. *next: where it must begin, as there are no gaps.
 */
static ex_code trailer_record_parse(struct ex_cursor *c, uint64_t *next, struct pack_list *l,
                                    struct ex_error *err) {
    struct record_head head = {.number = (uint32_t)l->record_count};
    uint32_t offset = ex_cursor_le32(c);
    head.type = ex_cursor_u8(c);
    head.codec = ex_cursor_u8(c);
    uint16_t zero = ex_cursor_le16(c);
    head.plain_length = ex_cursor_le32(c);
    head.stored_length = ex_cursor_le32(c);
    uint32_t count = ex_cursor_le32(c);
    if (c->overrun || count > ex_cursor_left(c) / TABLE_ENTRY_BYTES || zero != 0 ||
        head.type < RECORD_CHUNKS || head.type >= RECORD_TRAILER || head.codec > CODEC_ZSTD ||
        head.plain_length > EX_LIMIT_RECORD_BYTES || head.stored_length > EX_LIMIT_RECORD_BYTES ||
        head.stored_length < 4 + (uint64_t)count * TABLE_ENTRY_BYTES || offset != *next)
        return ex_fail(err, EX_ALTERED, "the trailer of a pack is damaged");
    *next += RECORD_HEADER_BYTES + (uint64_t)head.stored_length;
    EX_TRY(pack_list_add(l, offset, &head, NULL, 0, err));
    EX_TRY(ex_grow(&l->entry, &l->entry_capacity, l->entry_count + count + 1, sizeof *l->entry,
                   EX_LIMIT_PACK_BYTES, "the entries of a pack", err));
    l->record[l->record_count - 1].count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct table_entry *e = &l->entry[l->entry_count++];
        ex_cursor_copy(c, e->id, SHA256_BYTES);
        e->length = ex_cursor_le32(c);
    }
    return EX_OK;
}

static ex_code trailer_parse(const uint8_t *data, size_t size_bytes, uint64_t trailer_offset,
                             struct pack_list *l, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    uint64_t next = PACK_HEADER_BYTES;
    l->read_back_ns = (int64_t)ex_cursor_le64(&c);
    uint32_t count = ex_cursor_le32(&c);
    for (uint32_t i = 0; i < count && !c.overrun; i++)
        EX_TRY(trailer_record_parse(&c, &next, l, err));
    if (c.overrun || ex_cursor_left(&c) > 0 || next != trailer_offset)
        return ex_fail(err, EX_ALTERED, "the trailer of a pack is damaged");
    return EX_OK;
}

static ex_code read_header(int fd, const uint8_t vault_id[static VAULT_ID_BYTES], const char *name,
                           uint64_t *ret_size, struct pack_header *ret, struct ex_error *err) {
    uint8_t header[PACK_HEADER_BYTES];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > EX_LIMIT_PACK_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" is larger than a pack can be", name);
    *ret_size = (uint64_t)st.st_size;
    EX_TRY(ex_read_at(fd, header, sizeof header, 0, name, err));
    return pack_header_parse(header, vault_id, ret, err);
}

static ex_code read_trailer(int fd, uint64_t size, const char *name, struct pack_list *l,
                            struct ex_error *err) {
    uint8_t footer[PACK_FOOTER_BYTES], hash[SHA256_BYTES];
    struct record r = {0};
    if (size < PACK_HEADER_BYTES + RECORD_HEADER_BYTES + PACK_FOOTER_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends before its footer", name);
    EX_TRY(ex_read_at(fd, footer, sizeof footer, size - sizeof footer, name, err));
    struct ex_cursor c = ex_cursor_make(footer, sizeof footer);
    bool magic = memcmp(ex_cursor_bytes(&c, 8), FOOTER_MAGIC, 8) == 0;
    uint64_t offset = ex_cursor_le64(&c);
    if (!magic || offset < PACK_HEADER_BYTES ||
        offset > size - sizeof footer - RECORD_HEADER_BYTES ||
        size - sizeof footer - offset > EX_LIMIT_RECORD_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" has no footer", name);
    size_t record_size = (size_t)(size - sizeof footer - offset);
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_TRY(codec_new(&codec, err));
    EX_TRY(ex_alloc(record_size, 1, EX_LIMIT_RECORD_BYTES, "the trailer of a pack", &data, err));
    EX_TRY(ex_read_at(fd, data, record_size, offset, name, err));
    EX_TRY(record_parse(l->id, data, record_size, codec, &r, err));
    ex_code code = EX_OK;
    footer_hash(l->id, footer, r.data, r.head.plain_length, hash);
    if (r.head.type != RECORD_TRAILER || r.head.codec != CODEC_NONE || r.entry_count != 0 ||
        memcmp(hash, footer + 32, SHA256_BYTES) != 0)
        code = ex_fail(err, EX_ALTERED, "the footer of \"%s\" is damaged", name);
    if (code == EX_OK)
        code = trailer_parse(r.data, r.head.plain_length, offset, l, err);
    record_clear(&r);
    return code;
}

ex_code pack_list_read(int fd, const uint8_t vault_id[static VAULT_ID_BYTES], const char *name,
                       struct pack_list *ret, struct ex_error *err) {
    struct pack_list l = {0};
    struct pack_header header;
    uint64_t size;
    EX_TRY(read_header(fd, vault_id, name, &size, &header, err));
    memcpy(l.id, header.id, VAULT_PACK_ID_BYTES);
    ex_code code = read_trailer(fd, size, name, &l, err);
    if (code != EX_OK) {
        pack_list_clear(&l);
        return code;
    }
    *ret = l;
    return EX_OK;
}

/* The record at an offset, if there is a sound one (header and table). */
static ex_code record_at(int fd, uint64_t offset, uint64_t size, const char *name,
                         const uint8_t *id, struct record *ret, struct ex_error *err) {
    uint8_t header[RECORD_HEADER_BYTES];
    struct record_head head;
    EX_AUTO_FREE uint8_t *data = NULL;
    if (size - offset < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    EX_TRY(ex_read_at(fd, header, sizeof header, offset, name, err));
    EX_TRY(record_head_parse(header, &head, err));
    size_t whole = RECORD_HEADER_BYTES + (size_t)head.stored_length;
    if (whole > size - offset)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    EX_TRY(ex_alloc(whole, 1, EX_LIMIT_RECORD_BYTES * 2, "a record", &data, err));
    EX_TRY(ex_read_at(fd, data, whole, offset, name, err));
    return record_parse(id, data, whole, NULL, ret, err);
}

/* The next offset from `from` on where a sound record begins, or `size`. */
/* The bytes of a window; those that the disk does not give are zero. */
static ex_code read_window(int fd, uint8_t *to, size_t size_bytes, uint64_t offset,
                           const char *name, struct ex_error *err) {
    struct ex_error why;
    ex_code code = ex_read_at(fd, to, size_bytes, offset, name, &why);
    if (code != EX_IO) {
        if (code != EX_OK && err != NULL)
            *err = why;
        return code;
    }
    for (size_t at = 0, part; at < size_bytes; at += part) {
        part = DIRECT_ALIGN_BYTES - (size_t)((offset + at) % DIRECT_ALIGN_BYTES);
        part = part < size_bytes - at ? part : size_bytes - at;
        if (ex_read_at(fd, to + at, part, offset + at, name, NULL) != EX_OK)
            memset(to + at, 0, part);
    }
    return EX_OK;
}

static ex_code resync(int fd, uint64_t from, uint64_t size, const char *name, const uint8_t *id,
                      uint64_t *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *window = NULL;
    EX_TRY(ex_alloc(WALK_WINDOW_BYTES, 1, WALK_WINDOW_BYTES, "a window", &window, err));
    for (uint64_t at = from; at < size;) {
        size_t have = size - at < WALK_WINDOW_BYTES ? (size_t)(size - at) : WALK_WINDOW_BYTES;
        EX_TRY(read_window(fd, window, have, at, name, err));
        for (size_t i = 0; i + 4 <= have; i++) {
            struct record r = {0};
            if (memcmp(window + i, "EXR\1", 4) != 0 ||
                record_at(fd, at + i, size, name, id, &r, NULL) != EX_OK)
                continue;
            record_clear(&r);
            *ret = at + i;
            return EX_OK;
        }
        at += have > 3 && have == WALK_WINDOW_BYTES ? have - 3 : have;
    }
    *ret = size;
    return EX_OK;
}

static ex_code walk(int fd, uint64_t size, const char *name, struct pack_list *l,
                    void (*damaged)(void *, uint64_t, uint64_t), void *context,
                    struct ex_error *err) {
    for (uint64_t at = PACK_HEADER_BYTES; at < size;) {
        struct record r = {0};
        struct ex_error why;
        ex_code code = record_at(fd, at, size, name, l->id, &r, &why);
        if (code == EX_ALTERED || code == EX_IO) {
            uint64_t next;
            EX_TRY(resync(fd, at + 1, size, name, l->id, &next, err));
            damaged(context, at, next - at);
            at = next;
            continue;
        }
        if (code != EX_OK) {
            if (err != NULL)
                *err = why;
            return code;
        }
        bool trailer = r.head.type == RECORD_TRAILER;
        if (!trailer)
            code = pack_list_add(l, (uint32_t)at, &r.head, r.entry, r.entry_count, err);
        at += RECORD_HEADER_BYTES + (uint64_t)r.head.stored_length;
        record_clear(&r);
        EX_TRY(code);
        if (trailer && size - at <= PACK_FOOTER_BYTES)
            break;
    }
    return EX_OK;
}

ex_code pack_list_walk(int fd, const uint8_t vault_id[static VAULT_ID_BYTES], const char *name,
                       struct pack_list *ret,
                       void (*damaged)(void *context, uint64_t offset, uint64_t length),
                       void *context, struct ex_error *err) {
    struct pack_list l = {0};
    struct pack_header header;
    uint64_t size;
    ex_code code = read_header(fd, vault_id, name, &size, &header, err);
    if (code != EX_OK)
        return code;
    memcpy(l.id, header.id, VAULT_PACK_ID_BYTES);
    code = walk(fd, size, name, &l, damaged, context, err);
    if (code != EX_OK) {
        pack_list_clear(&l);
        return code;
    }
    *ret = l;
    return EX_OK;
}

ex_code pack_open_direct(int dir_fd, const char *name, int *ret_fd,
                         enum vault_readback_method *ret_method, struct ex_error *err) {
    *ret_method = VAULT_READ_DIRECT;
    ex_code code = ex_open_at(dir_fd, name, O_RDONLY | O_DIRECT, ret_fd, err);
    if (code != EX_UNSUPPORTED)
        return code;
    *ret_method = VAULT_READ_CACHE_DROPPED;
    return ex_open_at(dir_fd, name, O_RDONLY, ret_fd, err);
}

ex_code pack_read_direct(int direct_fd, enum vault_readback_method method, void *to,
                         size_t size_bytes, uint64_t offset, const char *name,
                         struct ex_error *err) {
    uint64_t from = offset / DIRECT_ALIGN_BYTES * DIRECT_ALIGN_BYTES;
    size_t lead = (size_t)(offset - from), have = 0;
    size_t want =
        (lead + size_bytes + DIRECT_ALIGN_BYTES - 1) / DIRECT_ALIGN_BYTES * DIRECT_ALIGN_BYTES;
    if (method != VAULT_READ_DIRECT) { /* only whole pages are dropped */
        (void)posix_fadvise(direct_fd, (off_t)from, (off_t)want, POSIX_FADV_DONTNEED);
        return ex_read_at(direct_fd, to, size_bytes, offset, name, err);
    }
    EX_AUTO_FREE uint8_t *buffer = aligned_alloc(DIRECT_ALIGN_BYTES, want);
    if (buffer == NULL)
        return ex_fail(err, EX_NOMEM, "no memory to read \"%s\"", name);
    while (have < lead + size_bytes) { /* the file may end before `want` */
        ssize_t got = pread(direct_fd, buffer + have, want - have, (off_t)(from + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ex_fail_sys(err, "could not read \"%s\" at byte %llu", name,
                               (unsigned long long)(from + have));
        if (got == 0)
            return ex_fail(err, EX_ALTERED, "\"%s\" ends at byte %llu, before it should", name,
                           (unsigned long long)(from + have));
        have += (size_t)got;
    }
    memcpy(to, buffer + lead, size_bytes);
    return EX_OK;
}

static ex_code read_some(int fd, bool from_disk, enum vault_readback_method method, void *to,
                         size_t size_bytes, uint64_t offset, const char *name,
                         struct ex_error *err) {
    return from_disk ? pack_read_direct(fd, method, to, size_bytes, offset, name, err)
                     : ex_read_at(fd, to, size_bytes, offset, name, err);
}

/* One read gets most records whole; what is longer takes a second one. */
static ex_code read_record_bytes(int fd, bool from_disk, enum vault_readback_method method,
                                 uint32_t offset, const char *name, uint8_t **ret, size_t *ret_size,
                                 struct ex_error *err) {
    struct record_head head;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    uint64_t left = (uint64_t)st.st_size > offset ? (uint64_t)st.st_size - offset : 0;
    if (left < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends at byte %llu, before it should", name,
                       (unsigned long long)st.st_size);
    size_t have = left < RECORD_GUESS_BYTES ? (size_t)left : RECORD_GUESS_BYTES;
    EX_AUTO_FREE uint8_t *data = malloc(have);
    if (data == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a record");
    EX_TRY(read_some(fd, from_disk, method, data, have, offset, name, err));
    EX_TRY(record_head_parse(data, &head, err));
    size_t whole = RECORD_HEADER_BYTES + (size_t)head.stored_length;
    if (whole > left)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    if (whole > have) {
        uint8_t *more = realloc(data, whole);
        if (more == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for a record");
        data = more;
        EX_TRY(
            read_some(fd, from_disk, method, data + have, whole - have, offset + have, name, err));
    }
    *ret = ex_steal(&data);
    *ret_size = whole;
    return EX_OK;
}

ex_code pack_read_table(const struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                        uint32_t offset, struct record *ret, struct ex_error *err) {
    char name[PACK_NAME_BYTES];
    struct stat st;
    struct record_head head;
    EX_AUTO_FD int fd = -1;
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_open_at(v->packs_fd, pack_name(name, pack_id), O_RDONLY, &fd, err));
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    EX_TRY(ex_alloc(TABLE_GUESS_BYTES, 1, TABLE_GUESS_BYTES, "a record", &data, err));
    uint64_t left = (uint64_t)st.st_size > offset ? (uint64_t)st.st_size - offset : 0;
    size_t have = left < TABLE_GUESS_BYTES ? (size_t)left : TABLE_GUESS_BYTES;
    EX_TRY(ex_read_at(fd, data, have, offset, name, err));
    if (have < RECORD_HEADER_BYTES + 4)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    EX_TRY(record_head_parse(data, &head, err));
    size_t table = record_table_end(data);
    if (RECORD_HEADER_BYTES + (uint64_t)head.stored_length > left ||
        table > RECORD_HEADER_BYTES + (size_t)head.stored_length)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    if (table > have) {
        uint8_t *more = realloc(data, table);
        if (more == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for a record");
        data = more;
        EX_TRY(ex_read_at(fd, data + have, table - have, offset + have, name, err));
    }
    return record_parse_table(pack_id, data, table > have ? table : have, ret, err);
}

ex_code pack_read_record(const struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                         uint32_t offset, bool from_disk, struct codec *codec, struct record *ret,
                         struct ex_error *err) {
    char name[PACK_NAME_BYTES];
    enum vault_readback_method method = VAULT_READ_NOT;
    EX_AUTO_FD int fd = -1;
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    pack_name(name, pack_id);
    ex_code code = from_disk ? pack_open_direct(v->packs_fd, name, &fd, &method, err)
                             : ex_open_at(v->packs_fd, name, O_RDONLY, &fd, err);
    if (code == EX_NOT_FOUND)
        return ex_fail(err, EX_MISSING, "the pack %.16s… is gone", name + 3);
    EX_TRY(code);
    EX_TRY(read_record_bytes(fd, from_disk, method, offset, name, &data, &size, err));
    return record_parse(pack_id, data, size, codec, ret, err);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory that end as asked, sorted. */
struct names {
    char **name;
    size_t count, capacity;
};

static void names_clear(struct names *n) {
    for (size_t i = 0; i < n->count; i++)
        free(n->name[i]);
    free(n->name);
    *n = (struct names){0};
}

static ex_code names_read(int dir_fd, const char *path, struct names *ret, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(dir_fd, path, O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return ex_fail_sys(err, "could not list \"%s\"", path);
    (void)ex_steal_fd(&fd);
    ex_code code = EX_OK;
    struct dirent *e;
    while (code == EX_OK && (errno = 0, e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        code = ex_grow(&ret->name, &ret->capacity, ret->count + 1, sizeof *ret->name,
                       EX_LIMIT_PACK_BYTES, "a list of packs", err);
        if (code == EX_OK)
            ret->name[ret->count++] = ex_strdup(e->d_name);
    }
    if (code == EX_OK && errno != 0)
        code = ex_fail_sys(err, "could not list \"%s\"", path);
    closedir(dir);
    if (ret->count > 0)
        qsort(ret->name, ret->count, sizeof *ret->name, by_name);
    return code;
}

static ex_code each_in(const struct vault *v, const char *sub,
                       ex_code (*fn)(void *, const char *, const uint8_t *, struct ex_error *),
                       void *context, struct ex_error *err) {
    struct names packs = {0};
    struct stat st;
    if (fstatat(v->packs_fd, sub, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
        return EX_OK; /* a stranger, as below */
    ex_code code = names_read(v->packs_fd, sub, &packs, err);
    for (size_t i = 0; code == EX_OK && i < packs.count; i++) {
        char path[512], name[PACK_NAME_BYTES];
        uint8_t id[VAULT_PACK_ID_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", sub, packs.name[i]);
        if (strlen(path) != PACK_NAME_BYTES - 1 || !ex_parse_hex(path + 3, 64, id, sizeof id) ||
            strcmp(pack_name(name, id), path) != 0)
            continue; /* vault_check names strangers; nobody else has to stumble over them */
        code = fn(context, name, id, err);
    }
    names_clear(&packs);
    return code;
}

ex_code pack_each(const struct vault *v,
                  ex_code (*fn)(void *context, const char *name,
                                const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err),
                  void *context, struct ex_error *err) {
    struct names subs = {0};
    ex_code code = names_read(v->packs_fd, ".", &subs, err);
    for (size_t i = 0; code == EX_OK && i < subs.count; i++)
        if (strlen(subs.name[i]) == 2)
            code = each_in(v, subs.name[i], fn, context, err);
    names_clear(&subs);
    return code;
}
