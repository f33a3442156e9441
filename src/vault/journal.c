/* SPDX-License-Identifier: Apache-2.0 */
/* Journals: format/vault §6.1. */
#include "vault/journal_internal.h"

#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static const uint8_t POINT_MAGIC[8] = {'E', 'X', 'H', 'S', 'T', 'A', 'T', 2};
static const char RECORD_MAGIC[4] = {'E', 'X', 'R', 1};

void journal_content_clear(struct journal_content *c) {
    free(c->what);
    free(c->pack);
    if (c->point != NULL)
        sodium_memzero(c->point, c->point_bytes); /* the salted key is in there */
    free(c->point);
    *c = (struct journal_content){0};
}

void journal_close(struct journal *j) {
    ex_fd_close(j->fd);
    codec_free(j->codec);
    *j = (struct journal){.fd = -1};
}

/* ---- writing ---- */

static ex_code append_unsynced(struct journal *j, uint8_t *record, size_t size_bytes,
                               struct ex_error *err) {
    EX_TRY(record_finish(j->codec, &j->ref, record, j->number, err));
    EX_TRY(ex_write_at(j->fd, record, size_bytes, j->at, "the journal", err));
    j->at += size_bytes;
    j->number++;
    return EX_OK;
}

static ex_code add_unsynced(struct journal *j, const void *data, size_t size_bytes,
                            struct ex_error *err) {
    struct table_entry entry = {.length = (uint32_t)size_bytes};
    EX_AUTO_FREE uint8_t *record = NULL;
    size_t record_bytes;
    sha256_of(data, size_bytes, entry.id);
    EX_TRY(record_build(RECORD_JOURNAL, &entry, 1, data, size_bytes, NULL, 0, j->ref.epoch != 0,
                        &record, &record_bytes, err));
    return append_unsynced(j, record, record_bytes, err);
}

ex_code journal_append(struct journal *j, uint8_t *record, size_t size_bytes,
                       struct ex_error *err) {
    EX_TRY(append_unsynced(j, record, size_bytes, err));
    return ex_sync_fd(j->fd, "the journal", err);
}

ex_code journal_add(struct journal *j, const void *data, size_t size_bytes, struct ex_error *err) {
    EX_TRY(add_unsynced(j, data, size_bytes, err));
    return ex_sync_fd(j->fd, "the journal", err);
}

const char *vault_readback_method_word(enum vault_readback_method m) {
    return m == VAULT_READ_DIRECT          ? "direct"
           : m == VAULT_READ_CACHE_DROPPED ? "cache-dropped"
           : m == VAULT_READ_MEMORY        ? "memory"
                                           : "none";
}

static ex_code add_pack_unsynced(struct journal *j, const struct journal_pack *pack,
                                 struct ex_error *err) {
    char text[200], hex[SHA256_HEX_BYTES];
    int size = snprintf(text, sizeof text,
                        "{\"published\": \"%s\", \"bytes\": %llu, \"readback\": \"%s\"}",
                        ex_hex(hex, pack->id, sizeof pack->id), (unsigned long long)pack->bytes,
                        vault_readback_method_word(pack->method));
    return add_unsynced(j, text, (size_t)size, err);
}

ex_code journal_add_pack(struct journal *j, const struct journal_pack *pack, struct ex_error *err) {
    EX_TRY(add_pack_unsynced(j, pack, err));
    return ex_sync_fd(j->fd, "the journal", err);
}

static ex_code create_unsynced(struct vault *v, int work_fd, const char *name, const char *what,
                               struct journal *ret, struct ex_error *err) {
    uint8_t bytes[PACK_HEADER_BYTES];
    struct journal j = {.fd = -1, .at = sizeof bytes};
    EX_TRY(pack_ref_new(v, &j.ref, err));
    EX_TRY(ex_open_at(work_fd, name, O_RDWR | O_CREAT | O_EXCL, &j.fd, err));
    pack_header_of(&j.ref, PACK_JOURNAL, v->config.id, bytes);
    ex_code code = codec_new(&j.codec, err);
    if (code == EX_OK)
        code = ex_write_at(j.fd, bytes, sizeof bytes, 0, "the journal", err);
    if (code == EX_OK)
        code = add_unsynced(&j, what, strlen(what), err);
    if (code != EX_OK) {
        journal_close(&j);
        return code;
    }
    *ret = j;
    return EX_OK;
}

ex_code journal_create(struct vault *v, int work_fd, const char *name, const char *what,
                       struct journal *ret, struct ex_error *err) {
    EX_TRY(create_unsynced(v, work_fd, name, what, ret, err));
    EX_TRY(ex_sync_fd(ret->fd, "the journal", err));
    return ex_sync_fd(work_fd, "work", err);
}

static ex_code fill_anew(struct journal *j, const struct journal_content *content,
                         struct ex_error *err) {
    for (size_t i = 0; i < content->pack_count; i++)
        EX_TRY(add_pack_unsynced(j, &content->pack[i], err));
    if (content->point != NULL)
        EX_TRY(add_unsynced(j, content->point, content->point_bytes, err));
    return ex_sync_fd(j->fd, "the journal", err);
}

ex_code journal_rewrite(struct vault *v, int work_fd, const char *what,
                        const struct journal_content *content, struct journal *j,
                        struct ex_error *err) {
    struct journal fresh = {.fd = -1};
    (void)ex_remove(work_fd, "journal.new", false); /* of a process that was cut off here */
    EX_TRY(create_unsynced(v, work_fd, "journal.new", what, &fresh, err));
    ex_code code = fill_anew(&fresh, content, err);
    if (code == EX_OK && renameat(work_fd, "journal.new", work_fd, "journal") != 0)
        code = ex_fail_sys(err, "could not replace the journal");
    if (code == EX_OK)
        code = ex_sync_fd(work_fd, "work", err);
    if (code != EX_OK) {
        journal_close(&fresh);
        return code;
    }
    journal_close(j);
    *j = fresh;
    return EX_OK;
}

/* ---- reading ---- */

struct reader {
    struct pack_ref ref;
    const uint8_t *data;
    size_t size, at;
    struct codec *codec;
    struct journal_content content;
    size_t packs_before; /* the last resume point */
};

/* The record of this number at an offset; *ret_end is behind it. */
static ex_code record_at(const struct reader *r, size_t at, struct record *ret, size_t *ret_end,
                         struct ex_error *err) {
    struct record_head head;
    uint8_t id[SHA256_BYTES];
    if (r->size - at < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "the journal ends inside a record");
    EX_TRY(record_head_parse(r->data + at, &head, err));
    size_t whole = RECORD_HEADER_BYTES + (size_t)head.stored_length;
    if (whole > r->size - at)
        return ex_fail(err, EX_ALTERED, "the journal ends inside a record");
    EX_AUTO_FREE uint8_t *copy = NULL; /* parsing decrypts in place, and may be of no avail */
    EX_TRY(ex_alloc(whole, 1, EX_LIMIT_RECORD_BYTES * 2, "a record", &copy, err));
    memcpy(copy, r->data + at, whole);
    EX_TRY(record_parse(r->codec, &r->ref, copy, whole, RECORD_ALL, ret, err));
    sha256_of(ret->data, ret->head.plain_length, id);
    if (ret->head.type != RECORD_JOURNAL || ret->entry_count != 1 ||
        memcmp(id, ret->entry[0].id, sizeof id) != 0) {
        record_clear(ret);
        return ex_fail(err, EX_ALTERED, "a record of the journal is damaged");
    }
    *ret_end = at + whole;
    return EX_OK;
}

/* Does anything sound stand behind an offset where nothing holds? Then that is no torn end. */
static bool sound_behind(const struct reader *r, size_t from) {
    for (size_t at = from; at < r->size;) {
        const uint8_t *next = memmem(r->data + at, r->size - at, RECORD_MAGIC, sizeof RECORD_MAGIC);
        struct record record = {0};
        size_t end;
        if (next == NULL)
            return false;
        at = (size_t)(next - r->data);
        if (record_at(r, at, &record, &end, NULL) == EX_OK) {
            record_clear(&record);
            return true;
        }
        at++;
    }
    return false;
}

static bool pack_parse(json_t *json, struct journal_pack *ret) {
    const char *hex = json_string_value(json_object_get(json, "published"));
    const char *word = json_string_value(json_object_get(json, "readback"));
    json_int_t bytes = json_integer_value(json_object_get(json, "bytes"));
    *ret = (struct journal_pack){.bytes = (uint64_t)bytes, .method = VAULT_READ_NOT};
    while (word != NULL && strcmp(word, vault_readback_method_word(ret->method)) != 0)
        if (++ret->method > VAULT_READ_MEMORY)
            return false;
    return word != NULL && bytes > 0 && hex != NULL &&
           ex_parse_hex(hex, strlen(hex), ret->id, sizeof ret->id);
}

static ex_code keep_pack(struct reader *r, const struct record *record, struct ex_error *err) {
    struct journal_content *c = &r->content;
    struct journal_pack pack;
    json_t *json = json_loadb((const char *)record->data, record->head.plain_length, 0, NULL);
    bool good = json != NULL && pack_parse(json, &pack);
    json_decref(json);
    if (!good)
        return ex_fail(err, EX_ALTERED, "a record of the journal is not understood");
    EX_TRY(ex_grow(&c->pack, &c->pack_capacity, c->pack_count + 1, sizeof *c->pack,
                   JOURNAL_BYTES_MAX, "the packs of a journal", err));
    c->pack[c->pack_count++] = pack;
    return EX_OK;
}

static ex_code keep_first(struct reader *r, const struct record *record, struct ex_error *err) {
    size_t size = record->head.plain_length;
    if (size > EX_LIMIT_CONFIG_BYTES || size == 0 || record->data[0] != '{' ||
        memchr(record->data, 0, size) != NULL)
        return ex_fail(err, EX_ALTERED, "the first record of the journal is not understood");
    EX_TRY(ex_alloc(size + 1, 1, EX_LIMIT_CONFIG_BYTES + 1, "a journal", &r->content.what, err));
    memcpy(r->content.what, record->data, size);
    return EX_OK;
}

static ex_code keep(struct reader *r, struct record *record, struct ex_error *err) {
    struct journal_content *c = &r->content;
    size_t size = record->head.plain_length;
    if (c->what == NULL)
        return keep_first(r, record, err);
    if (size < sizeof POINT_MAGIC || memcmp(record->data, POINT_MAGIC, sizeof POINT_MAGIC) != 0)
        return keep_pack(r, record, err);
    free(c->point);
    c->point = ex_steal(&record->data);
    c->point_bytes = size;
    r->packs_before = c->pack_count;
    return EX_OK;
}

static ex_code read_records(struct reader *r, struct ex_error *err) {
    for (uint32_t number = 0; r->at < r->size; number++) {
        struct record record = {0};
        struct ex_error why;
        size_t end = 0;
        ex_code code = record_at(r, r->at, &record, &end, &why);
        bool holds = code == EX_OK && record.head.number == number;
        if (holds)
            code = keep(r, &record, err);
        record_clear(&record);
        if (holds) {
            EX_TRY(code);
            r->at = end;
            continue;
        }
        if (code != EX_OK && code != EX_ALTERED) {
            if (err != NULL)
                *err = why;
            return code;
        }
        if (code == EX_OK || sound_behind(r, r->at + 1))
            return ex_fail(err, EX_ALTERED, "the journal is damaged at byte %zu", r->at);
        break;
    }
    r->content.pack_count = r->packs_before;
    return r->content.what != NULL ? EX_OK
                                   : ex_fail(err, EX_NOT_FOUND, "the journal was never begun");
}

/* format/vault §6.1: header and first record become durable together. When the header does not hold
 * and no record begins behind the first one's place, no more than those two was ever written. */
static bool never_begun(const struct reader *r) {
    uint8_t hash[SHA256_BYTES];
    const size_t behind = PACK_HEADER_BYTES + 1;
    if (r->size < PACK_HEADER_BYTES)
        return true;
    sha256_of(r->data, PACK_HEADER_BYTES - SHA256_BYTES, hash);
    return memcmp(hash, r->data + PACK_HEADER_BYTES - SHA256_BYTES, SHA256_BYTES) != 0 &&
           (r->size <= behind ||
            memmem(r->data + behind, r->size - behind, RECORD_MAGIC, sizeof RECORD_MAGIC) == NULL);
}

static ex_code read_header(const struct vault *v, struct reader *r, struct ex_error *err) {
    struct pack_header header;
    if (never_begun(r))
        return ex_fail(err, EX_NOT_FOUND, "the journal was never begun");
    EX_TRY(pack_header_parse(r->data, &v->config, &header, err));
    if (header.kind != PACK_JOURNAL)
        return ex_fail(err, EX_ALTERED, "the journal is another file");
    r->ref = (struct pack_ref){.epoch = header.epoch, .epochs = v->epochs};
    memcpy(r->ref.id, header.id, sizeof r->ref.id);
    r->at = PACK_HEADER_BYTES;
    return EX_OK;
}

ex_code journal_read(const struct vault *v, int work_fd, struct journal_content *ret,
                     struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    struct reader r = {0};
    EX_TRY(codec_new(&codec, err));
    EX_TRY(ex_read_file(work_fd, "journal", JOURNAL_BYTES_MAX, &data, &r.size, err));
    r.data = data;
    r.codec = codec;
    EX_TRY(read_header(v, &r, err));
    ex_code code = read_records(&r, err);
    if (code != EX_OK) {
        journal_content_clear(&r.content);
        return code;
    }
    *ret = r.content;
    return EX_OK;
}
