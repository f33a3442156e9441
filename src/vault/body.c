/* SPDX-License-Identifier: Apache-2.0 */
/* Ledger bodies as files of one record: format/vault §3.5. */
#include "vault/vault_internal.h"

#include <sodium.h>
#include <stdio.h>

enum { BODY_NAME_BYTES = 64 };

/* ledger/body/ and the index in the groups of three that C2SP tlog-tiles uses. */
static void body_name(char to[static BODY_NAME_BYTES], uint64_t index) {
    char groups[32] = "";
    for (bool last = true; last || index > 0; last = false, index /= 1000) {
        char longer[sizeof groups];
        (void)snprintf(longer, sizeof longer, "%s%03u%s%.24s", last ? "" : "x",
                       (unsigned)(index % 1000), last ? "" : "/", groups);
        memcpy(groups, longer, sizeof groups);
    }
    (void)snprintf(to, BODY_NAME_BYTES, "ledger/body/%s", groups);
}

ex_code vault_body_write(struct vault *v, uint64_t index, const uint8_t *data, size_t size_bytes,
                         struct ex_error *err) {
    char name[BODY_NAME_BYTES];
    struct pack_ref pack;
    struct table_entry entry = {.length = (uint32_t)size_bytes};
    EX_AUTO_FREE uint8_t *record = NULL, *file = NULL;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    size_t record_bytes;
    if (size_bytes > EX_LIMIT_BODY_BYTES)
        return ex_fail(err, EX_LIMIT, "the body of an entry is larger than %zu bytes",
                       EX_LIMIT_BODY_BYTES);
    body_name(name, index);
    sha256_of(data, size_bytes, entry.id);
    EX_TRY(pack_ref_new(v, &pack, err));
    EX_TRY(codec_new(&codec, err));
    EX_TRY(record_build(RECORD_BODY, &entry, 1, data, size_bytes, codec, 3, pack.epoch != 0,
                        &record, &record_bytes, err));
    EX_TRY(record_finish(codec, &pack, record, 0, err));
    EX_TRY(
        ex_alloc(PACK_HEADER_BYTES + record_bytes, 1, EX_LIMIT_RECORD_BYTES, "a body", &file, err));
    pack_header_of(&pack, PACK_BODY, v->config.id, file);
    memcpy(file + PACK_HEADER_BYTES, record, record_bytes);
    EX_TRY(ex_make_parents(v->dir_fd, name, err));
    return ex_write_file(v->dir_fd, name, file, PACK_HEADER_BYTES + record_bytes, EX_WRITE_REPLACE,
                         err);
}

void vault_body_discard(struct vault *v, uint64_t index) {
    char name[BODY_NAME_BYTES];
    body_name(name, index);
    (void)ex_remove(v->dir_fd, name, false);
}

ex_code vault_body_set_aside(struct vault *v, uint64_t index, uint64_t *ret_count,
                             struct ex_error *err) {
    char from[BODY_NAME_BYTES], to[BODY_NAME_BYTES + 32];
    bool regular;
    *ret_count = 0;
    for (;; index++, ++*ret_count) {
        body_name(from, index);
        if (!ex_exists(v->dir_fd, from, &regular))
            return EX_OK;
        (void)snprintf(to, sizeof to, "ledger/beyond/%llu-%08x", (unsigned long long)index,
                       randombytes_random());
        EX_TRY(ex_make_parents(v->dir_fd, to, err));
        EX_TRY(ex_publish(v->dir_fd, from, v->dir_fd, to, err));
    }
}

static ex_code body_decode(const struct vault *v, uint8_t *file, size_t size_bytes, uint64_t index,
                           struct record *ret, struct ex_error *err) {
    struct pack_header header;
    uint8_t id[SHA256_BYTES];
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_TRY(codec_new(&codec, err));
    if (size_bytes < PACK_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "the body of entry %llu ends early",
                       (unsigned long long)index);
    EX_TRY(pack_header_parse(file, &v->config, &header, err));
    if (header.kind != PACK_BODY)
        return ex_fail(err, EX_ALTERED, "the body of entry %llu is not a body",
                       (unsigned long long)index);
    struct pack_ref pack = {.epoch = header.epoch, .epochs = v->epochs};
    memcpy(pack.id, header.id, sizeof pack.id);
    EX_TRY(record_parse(codec, &pack, file + PACK_HEADER_BYTES, size_bytes - PACK_HEADER_BYTES,
                        RECORD_ALL, ret, err));
    sha256_of(ret->data, ret->head.plain_length, id);
    if (ret->head.type == RECORD_BODY && ret->entry_count == 1 &&
        memcmp(id, ret->entry[0].id, SHA256_BYTES) == 0)
        return EX_OK;
    record_clear(ret);
    return ex_fail(err, EX_ALTERED, "the body of entry %llu is damaged", (unsigned long long)index);
}

ex_code vault_body_read(struct vault *v, uint64_t index, uint8_t **ret, size_t *ret_size_bytes,
                        struct ex_error *err) {
    char name[BODY_NAME_BYTES];
    EX_AUTO_FREE uint8_t *file = NULL;
    struct record record = {0};
    size_t size;
    body_name(name, index);
    ex_code code = ex_read_file(v->dir_fd, name, EX_LIMIT_RECORD_BYTES, &file, &size, err);
    if (code == EX_NOT_FOUND)
        return ex_fail(err, EX_MISSING, "the body of entry %llu is gone",
                       (unsigned long long)index);
    EX_TRY(code);
    EX_TRY(body_decode(v, file, size, index, &record, err));
    *ret = ex_steal(&record.data);
    *ret_size_bytes = record.head.plain_length;
    record_clear(&record);
    return EX_OK;
}
