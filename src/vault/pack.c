/* SPDX-License-Identifier: Apache-2.0 */
/* Packs: format/vault §3.1, §3.3. */
#include "base/bytes.h"
#include "vault/vault_internal.h"

#include <stdio.h>
#include <sys/stat.h>

static const uint8_t PACK_MAGIC[8] = {'E', 'X', 'H', 'P', 'A', 'C', 'K', 1};
static const uint8_t FOOTER_MAGIC[8] = {'E', 'X', 'H', 'E', 'N', 'D', 1, 0};
enum { TRAILER_RECORD_BYTES = 16, WALK_WINDOW_BYTES = 1 << 20, DIRECT_ALIGN_BYTES = 4096 };

void pack_header_write(const struct pack_header *h, const uint8_t vault_id[static VAULT_ID_BYTES],
                       uint8_t to[static PACK_HEADER_BYTES]) {
    memset(to, 0, PACK_HEADER_BYTES);
    memcpy(to, PACK_MAGIC, sizeof PACK_MAGIC);
    ex_put_le32(to + 8, h->kind);
    ex_put_le32(to + 12, h->epoch != 0 ? 1 : 0);
    memcpy(to + 16, h->id, VAULT_PACK_ID_BYTES);
    memcpy(to + 48, vault_id, VAULT_ID_BYTES);
    ex_put_le64(to + 64, h->epoch);
    sha256_of(to, 96, to + 96);
}

void pack_header_of(const struct pack_ref *pack, uint32_t kind,
                    const uint8_t vault_id[static VAULT_ID_BYTES],
                    uint8_t to[static PACK_HEADER_BYTES]) {
    struct pack_header header = {.kind = kind, .epoch = pack->epoch};
    memcpy(header.id, pack->id, sizeof header.id);
    pack_header_write(&header, vault_id, to);
}

ex_code pack_header_parse(const uint8_t data[static PACK_HEADER_BYTES],
                          const struct vault_config *config, struct pack_header *ret,
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
    (void)ex_cursor_bytes(&c, VAULT_ID_BYTES);
    ret->epoch = ex_cursor_le64(&c);
    if (mode > 1)
        return ex_fail(err, EX_UNSUPPORTED, "the pack has the unknown mode %u", mode);
    pack_header_write(ret, config->id, again);
    if (memcmp(again, data, PACK_HEADER_BYTES) != 0)
        return ex_fail(err, EX_ALTERED,
                       "the pack belongs to another vault, or its header is damaged");
    if (config->plain != (ret->epoch == 0))
        return ex_fail(err, EX_ALTERED, "the pack is %s, and the vault is not",
                       config->plain ? "encrypted" : "plain");
    return EX_OK;
}

char *pack_name(char to[static PACK_NAME_BYTES], const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    char hex[SHA256_HEX_BYTES];
    ex_hex(hex, id, VAULT_PACK_ID_BYTES);
    (void)snprintf(to, PACK_NAME_BYTES, "%.2s/%s.pack", hex, hex);
    return to;
}

bool pack_name_parse(const char *name, uint8_t ret[static VAULT_PACK_ID_BYTES]) {
    char again[PACK_NAME_BYTES];
    return strlen(name) == PACK_NAME_BYTES - 1 &&
           ex_parse_hex(name + 3, 64, ret, VAULT_PACK_ID_BYTES) &&
           strcmp(pack_name(again, ret), name) == 0;
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

struct pack_ref pack_list_ref(const struct pack_list *l, const struct epochs *epochs) {
    struct pack_ref ref = {.epoch = l->epoch, .epochs = epochs};
    memcpy(ref.id, l->id, sizeof ref.id);
    return ref;
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

/* `trailer`: the whole record, as it stands. */
static void footer_hash(const uint8_t *id, const uint8_t *footer, const uint8_t *trailer,
                        size_t trailer_size, uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, id, VAULT_PACK_ID_BYTES);
    sha256_add(&h, footer, 32);
    sha256_add(&h, trailer, trailer_size);
    sha256_end(&h, ret);
}

ex_code pack_trailer_build(const struct pack_list *l, const struct epochs *epochs,
                           struct codec *codec, uint64_t offset, uint8_t **ret,
                           size_t *ret_size_bytes, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO_FREE uint8_t *record = NULL;
    const struct pack_ref pack = pack_list_ref(l, epochs);
    size_t size = trailer_bytes(l), record_size;
    EX_TRY(ex_alloc(size, 1, EX_LIMIT_RECORD_BYTES, "the trailer of a pack", &data, err));
    trailer_write(l, data);
    EX_TRY(record_build(RECORD_TRAILER, NULL, 0, data, size, NULL, 0, l->epoch != 0, &record,
                        &record_size, err));
    EX_TRY(record_finish(codec, &pack, record, (uint32_t)l->record_count, err));
    uint8_t *whole = realloc(record, record_size + PACK_FOOTER_BYTES);
    if (whole == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the trailer of a pack");
    record = NULL;
    uint8_t *footer = whole + record_size;
    memset(footer, 0, PACK_FOOTER_BYTES);
    memcpy(footer, FOOTER_MAGIC, sizeof FOOTER_MAGIC);
    ex_put_le64(footer + 8, offset);
    ex_put_le64(footer + 16, l->epoch);
    footer_hash(l->id, footer, whole, record_size, footer + 32);
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

static ex_code read_header(int fd, const struct vault *v, const char *name, uint64_t *ret_size,
                           struct pack_header *ret, struct ex_error *err) {
    uint8_t header[PACK_HEADER_BYTES];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > EX_LIMIT_PACK_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" is larger than a pack can be", name);
    *ret_size = (uint64_t)st.st_size;
    EX_TRY(ex_read_at(fd, header, sizeof header, 0, name, err));
    return pack_header_parse(header, &v->config, ret, err);
}

/* The trailer's record as it stands in the file, under the footer's hash. */
struct frame {
    struct pack_header header;
    uint64_t trailer_at;
    size_t trailer_bytes;
    uint8_t *trailer;
};

static ex_code read_frame(int fd, const struct vault *v, const char *name, struct frame *ret,
                          struct ex_error *err) {
    uint8_t footer[PACK_FOOTER_BYTES], hash[SHA256_BYTES];
    uint64_t size;
    EX_TRY(read_header(fd, v, name, &size, &ret->header, err));
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
    ret->trailer_at = offset;
    ret->trailer_bytes = (size_t)(size - sizeof footer - offset);
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(ret->trailer_bytes, 1, EX_LIMIT_RECORD_BYTES, "the trailer of a pack", &data,
                    err));
    EX_TRY(ex_read_at(fd, data, ret->trailer_bytes, offset, name, err));
    footer_hash(ret->header.id, footer, data, ret->trailer_bytes, hash);
    if (memcmp(hash, footer + 32, SHA256_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the footer of \"%s\" is damaged", name);
    ret->trailer = ex_steal(&data);
    return EX_OK;
}

ex_code pack_frame_check(int fd, const struct vault *v, const char *name, struct ex_error *err) {
    struct frame f = {0};
    ex_code code = read_frame(fd, v, name, &f, err);
    free(f.trailer);
    return code;
}

static void list_start(struct pack_list *l, const struct pack_header *header) {
    *l = (struct pack_list){.epoch = header->epoch};
    memcpy(l->id, header->id, VAULT_PACK_ID_BYTES);
}

static ex_code read_trailer(const struct vault *v, struct frame *f, const char *name,
                            struct pack_list *l, struct ex_error *err) {
    struct record r = {0};
    struct pack_ref pack = pack_list_ref(l, v->epochs);
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_TRY(codec_new(&codec, err));
    EX_TRY(record_parse(codec, &pack, f->trailer, f->trailer_bytes, RECORD_ALL, &r, err));
    ex_code code = EX_OK;
    if (r.head.type != RECORD_TRAILER || r.head.codec != CODEC_NONE || r.entry_count != 0)
        code = ex_fail(err, EX_ALTERED, "the footer of \"%s\" is damaged", name);
    if (code == EX_OK)
        code = trailer_parse(r.data, r.head.plain_length, f->trailer_at, l, err);
    if (code == EX_OK && r.head.number != l->record_count)
        code = ex_fail(err, EX_ALTERED, "the trailer of a pack is damaged");
    record_clear(&r);
    return code;
}

ex_code pack_list_read(int fd, const struct vault *v, const char *name, struct pack_list *ret,
                       struct ex_error *err) {
    struct pack_list l;
    struct frame f = {0};
    EX_TRY(read_frame(fd, v, name, &f, err));
    list_start(&l, &f.header);
    ex_code code = read_trailer(v, &f, name, &l, err);
    free(f.trailer);
    if (code != EX_OK) {
        pack_list_clear(&l);
        return code;
    }
    *ret = l;
    return EX_OK;
}

/* ---- walking, when the trailer is no help ---- */

struct walker {
    int fd;
    const char *name;
    uint64_t size;
    struct pack_ref pack;
    struct codec *codec;
};

/* The record at an offset, if there is a sound one (header and table). */
static ex_code record_at(struct walker *w, uint64_t offset, struct record *ret,
                         struct ex_error *err) {
    uint8_t header[RECORD_HEADER_BYTES];
    struct record_head head;
    EX_AUTO_FREE uint8_t *data = NULL;
    if (w->size - offset < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", w->name);
    EX_TRY(ex_read_at(w->fd, header, sizeof header, offset, w->name, err));
    EX_TRY(record_head_parse(header, &head, err));
    if (RECORD_HEADER_BYTES + (uint64_t)head.stored_length > w->size - offset)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", w->name);
    size_t part = record_table_end(&head);
    EX_TRY(ex_alloc(part, 1, EX_LIMIT_RECORD_BYTES * 2, "a record", &data, err));
    EX_TRY(ex_read_at(w->fd, data, part, offset, w->name, err));
    return record_parse(w->codec, &w->pack, data, part, RECORD_TABLE, ret, err);
}

/* The bytes of a window; those that the disk does not give are zero. */
static ex_code read_window(const struct walker *w, uint8_t *to, size_t size_bytes, uint64_t offset,
                           struct ex_error *err) {
    struct ex_error why;
    ex_code code = ex_read_at(w->fd, to, size_bytes, offset, w->name, &why);
    if (code != EX_IO) {
        if (code != EX_OK && err != NULL)
            *err = why;
        return code;
    }
    for (size_t at = 0, part; at < size_bytes; at += part) {
        part = DIRECT_ALIGN_BYTES - (size_t)((offset + at) % DIRECT_ALIGN_BYTES);
        part = part < size_bytes - at ? part : size_bytes - at;
        if (ex_read_at(w->fd, to + at, part, offset + at, w->name, NULL) != EX_OK)
            memset(to + at, 0, part);
    }
    return EX_OK;
}

/* The next offset from `from` on where a sound record begins, or the size. */
static ex_code resync(struct walker *w, uint64_t from, uint64_t *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *window = NULL;
    EX_TRY(ex_alloc(WALK_WINDOW_BYTES, 1, WALK_WINDOW_BYTES, "a window", &window, err));
    for (uint64_t at = from; at < w->size;) {
        size_t have = w->size - at < WALK_WINDOW_BYTES ? (size_t)(w->size - at) : WALK_WINDOW_BYTES;
        EX_TRY(read_window(w, window, have, at, err));
        for (size_t i = 0; i + 4 <= have; i++) {
            struct record r = {0};
            if (memcmp(window + i, "EXR\1", 4) != 0 || record_at(w, at + i, &r, NULL) != EX_OK)
                continue;
            record_clear(&r);
            *ret = at + i;
            return EX_OK;
        }
        at += have > 3 && have == WALK_WINDOW_BYTES ? have - 3 : have;
    }
    *ret = w->size;
    return EX_OK;
}

/* Which key a pack has whose header is damaged: the footer says it again, and if that is gone too,
 * the first record tells. The id is that of the file's name. */
static ex_code guess_epoch(struct walker *w, const struct vault *v, struct ex_error *err) {
    uint8_t footer[PACK_FOOTER_BYTES];
    struct record r = {0};
    uint64_t newest = epochs_newest(v->epochs);
    if (v->config.plain)
        return EX_OK;
    if (vault_is_locked(v))
        return ex_fail(err, EX_DENIED, "the vault is locked");
    if (w->size >= sizeof footer &&
        ex_read_at(w->fd, footer, sizeof footer, w->size - sizeof footer, w->name, NULL) == EX_OK) {
        struct ex_cursor c = ex_cursor_make(footer, sizeof footer);
        bool magic = memcmp(ex_cursor_bytes(&c, 8), FOOTER_MAGIC, 8) == 0;
        (void)ex_cursor_le64(&c);
        w->pack.epoch = ex_cursor_le64(&c);
        if (magic && w->pack.epoch > 0 && w->pack.epoch <= newest)
            return EX_OK;
    }
    for (w->pack.epoch = newest; w->pack.epoch > 0; w->pack.epoch--) {
        if (w->size > PACK_HEADER_BYTES && record_at(w, PACK_HEADER_BYTES, &r, NULL) == EX_OK) {
            record_clear(&r);
            return EX_OK;
        }
    }
    return ex_fail(err, EX_ALTERED, "\"%s\" does not say under which key it stands", w->name);
}

ex_code pack_guess_ref(int fd, const struct vault *v, const char *name, struct codec *codec,
                       struct pack_ref *ret, struct ex_error *err) {
    struct stat st;
    struct walker w = {.fd = fd, .name = name, .codec = codec, .pack = {.epochs = v->epochs}};
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    if (!pack_name_parse(name, w.pack.id) || !S_ISREG(st.st_mode))
        return ex_fail(err, EX_ALTERED, "\"%s\" is not a pack's name", name);
    w.size = (uint64_t)st.st_size;
    EX_TRY(guess_epoch(&w, v, err));
    *ret = w.pack;
    return EX_OK;
}

static ex_code walk(struct walker *w, struct pack_list *l,
                    void (*damaged)(void *, uint64_t, uint64_t), void *context,
                    struct ex_error *err) {
    for (uint64_t at = PACK_HEADER_BYTES; at < w->size;) {
        struct record r = {0};
        struct ex_error why;
        ex_code code = record_at(w, at, &r, &why);
        if (code == EX_ALTERED || code == EX_IO) {
            uint64_t next;
            EX_TRY(resync(w, at + 1, &next, err));
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
        if (trailer && w->size - at <= PACK_FOOTER_BYTES)
            break;
    }
    return EX_OK;
}

/* From the header, or, when that is damaged, as far as it can be guessed. */
static ex_code walker_start(struct walker *w, const struct vault *v, struct ex_error *err) {
    struct pack_header header;
    struct ex_error why;
    struct stat st;
    ex_code code = read_header(w->fd, v, w->name, &w->size, &header, &why);
    if (code == EX_OK) {
        w->pack = (struct pack_ref){.epoch = header.epoch, .epochs = v->epochs};
        memcpy(w->pack.id, header.id, sizeof w->pack.id);
        return EX_OK;
    }
    if ((code == EX_ALTERED || code == EX_IO) && fstat(w->fd, &st) == 0 &&
        (uint64_t)st.st_size <= EX_LIMIT_PACK_BYTES &&
        pack_guess_ref(w->fd, v, w->name, w->codec, &w->pack, NULL) == EX_OK) {
        w->size = (uint64_t)st.st_size;
        return EX_OK;
    }
    if (err != NULL)
        *err = why;
    return code;
}

ex_code pack_list_walk(int fd, const struct vault *v, const char *name, struct pack_list *ret,
                       void (*damaged)(void *context, uint64_t offset, uint64_t length),
                       void *context, struct ex_error *err) {
    struct pack_list l = {0};
    EX_AUTO(codec_free) struct codec *codec = NULL;
    struct walker w = {.fd = fd, .name = name};
    EX_TRY(codec_new(&codec, err));
    w.codec = codec;
    EX_TRY(walker_start(&w, v, err));
    memcpy(l.id, w.pack.id, sizeof l.id);
    l.epoch = w.pack.epoch;
    ex_code code = walk(&w, &l, damaged, context, err);
    if (code != EX_OK) {
        pack_list_clear(&l);
        return code;
    }
    *ret = l;
    return EX_OK;
}
