/* SPDX-License-Identifier: Apache-2.0 */
/* One record in a file of its own: format/vault §3.5. */
#include "vault/sealed_internal.h"

ex_code sealed_write(const struct vault *v, const char *name, const struct sealed_kind *kind,
                     const uint8_t *data, size_t size_bytes, struct ex_error *err) {
    struct pack_ref pack;
    struct table_entry entry = {.length = (uint32_t)size_bytes};
    EX_AUTO_FREE uint8_t *record = NULL, *file = NULL;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    size_t record_bytes;
    if (size_bytes > kind->limit_bytes)
        return ex_fail(err, EX_LIMIT, "%s is larger than %zu bytes", kind->what, kind->limit_bytes);
    sha256_of(data, size_bytes, entry.id);
    EX_TRY(pack_ref_new(v, &pack, err));
    EX_TRY(codec_new(&codec, err));
    EX_TRY(record_build(kind->record, &entry, 1, data, size_bytes, codec, 3, pack.epoch != 0,
                        &record, &record_bytes, err));
    EX_TRY(record_finish(codec, &pack, record, 0, err));
    EX_TRY(ex_alloc(PACK_HEADER_BYTES + record_bytes, 1, EX_LIMIT_RECORD_BYTES, kind->what, &file,
                    err));
    pack_header_of(&pack, kind->pack, v->config.id, file);
    memcpy(file + PACK_HEADER_BYTES, record, record_bytes);
    EX_TRY(ex_make_parents(v->dir_fd, name, err));
    return ex_write_file(v->dir_fd, name, file, PACK_HEADER_BYTES + record_bytes, EX_WRITE_REPLACE,
                         err);
}

static ex_code decode(const struct vault *v, const struct sealed_kind *kind, uint8_t *file,
                      size_t size_bytes, struct record *ret, struct ex_error *err) {
    struct pack_header header;
    uint8_t id[SHA256_BYTES];
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_TRY(codec_new(&codec, err));
    if (size_bytes < PACK_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "%s ends early", kind->what);
    EX_TRY(pack_header_parse(file, &v->config, &header, err));
    if (header.kind != kind->pack)
        return ex_fail(err, EX_ALTERED, "what stands in the place of %s is something else",
                       kind->what);
    struct pack_ref pack = {.epoch = header.epoch, .epochs = v->epochs};
    memcpy(pack.id, header.id, sizeof pack.id);
    EX_TRY(record_parse(codec, &pack, file + PACK_HEADER_BYTES, size_bytes - PACK_HEADER_BYTES,
                        RECORD_ALL, ret, err));
    sha256_of(ret->data, ret->head.plain_length, id);
    if (ret->head.type == kind->record && ret->entry_count == 1 &&
        ret->entry[0].length == ret->head.plain_length &&
        memcmp(id, ret->entry[0].id, SHA256_BYTES) == 0)
        return EX_OK;
    record_clear(ret);
    return ex_fail(err, EX_ALTERED, "%s is damaged", kind->what);
}

ex_code sealed_read(const struct vault *v, const char *name, const struct sealed_kind *kind,
                    uint8_t **ret, size_t *ret_size_bytes, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *file = NULL;
    struct record record = {0};
    size_t size;
    EX_TRY(ex_read_file(v->dir_fd, name, EX_LIMIT_RECORD_BYTES, &file, &size, err));
    EX_TRY(decode(v, kind, file, size, &record, err));
    *ret = ex_steal(&record.data);
    *ret_size_bytes = record.head.plain_length;
    record_clear(&record);
    return EX_OK;
}
