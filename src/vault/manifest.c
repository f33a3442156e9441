/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and the salted tree: format/object §2, §6. */
#include "vault/layout_internal.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

void vault_object_info_clear(struct vault_object_info *o) {
    free(o->unreadable);
    *o = (struct vault_object_info){0};
}

ex_code manifest_write(struct vault_object_info *o, uint8_t **ret, size_t *ret_size,
                       struct ex_error *err) {
    char sha256[SHA256_HEX_BYTES], fsverity[SHA256_HEX_BYTES], root[SHA256_HEX_BYTES],
        key[SHA256_HEX_BYTES], layout[SHA256_HEX_BYTES];
    EX_AUTO_FREE char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a manifest");
    fprintf(f,
            "exhibit-object/v1\nsize %" PRIu64 "\nsha256 %s\nfsverity %s\nsalted-root %s\n"
            "salted-key %s\nlayout %s %u\nunreadable %zu\n",
            o->size_bytes, ex_hex(sha256, o->sha256, SHA256_BYTES),
            ex_hex(fsverity, o->fsverity, SHA256_BYTES), ex_hex(root, o->salted_root, SHA256_BYTES),
            ex_hex(key, o->salted_key, sizeof o->salted_key),
            ex_hex(layout, o->layout, SHA256_BYTES), o->layout_level, o->unreadable_count);
    for (size_t i = 0; i < o->unreadable_count; i++)
        fprintf(f, "%" PRIu64 " %" PRIu64 "\n", o->unreadable[i].offset, o->unreadable[i].length);
    if (fclose(f) != 0)
        return ex_fail(err, EX_NOMEM, "no memory for a manifest");
    sha256_of(text, size, o->id);
    *ret = (uint8_t *)ex_steal(&text);
    *ret_size = size;
    return EX_OK;
}

static bool keyed_hash(struct ex_cursor *c, const char *key, uint8_t ret[static SHA256_BYTES]) {
    size_t size;
    const char *text = ex_cursor_keyed(c, key, &size);
    return text != NULL && ex_parse_hex(text, size, ret, SHA256_BYTES);
}

static bool keyed_number(struct ex_cursor *c, const char *key, uint64_t *ret) {
    size_t size;
    const char *text = ex_cursor_keyed(c, key, &size);
    return text != NULL && ex_parse_decimal(text, size, ret);
}

static bool layout_line(struct ex_cursor *c, struct vault_object_info *o) {
    size_t size;
    uint64_t level;
    const char *text = ex_cursor_keyed(c, "layout", &size);
    if (text == NULL || size < 66 || text[64] != ' ' ||
        !ex_parse_hex(text, 64, o->layout, SHA256_BYTES) ||
        !ex_parse_decimal(text + 65, size - 65, &level) || level >= LAYOUT_LEVELS)
        return false;
    o->layout_level = (unsigned)level;
    return true;
}

static bool range_line(struct ex_cursor *c, uint64_t after, uint64_t size_bytes,
                       struct source_range *ret) {
    size_t size;
    uint64_t end;
    const char *line = ex_cursor_line(c, &size);
    const char *space = line != NULL && size > 0 ? memchr(line, ' ', size) : NULL;
    if (space == NULL)
        return false;
    size_t first = (size_t)(space - line);
    return ex_parse_decimal(line, first, &ret->offset) &&
           ex_parse_decimal(space + 1, size - first - 1, &ret->length) && ret->length > 0 &&
           (ret->offset > after || (after == 0 && ret->offset == 0)) &&
           !__builtin_add_overflow(ret->offset, ret->length, &end) && end <= size_bytes;
}

static ex_code ranges_parse(struct ex_cursor *c, uint64_t count, struct vault_object_info *o,
                            struct ex_error *err) {
    uint64_t after = 0;
    if (count > EX_LIMIT_UNREADABLE_RANGES || count > ex_cursor_left(c))
        return ex_fail(err, EX_FORMAT, "the manifest of an object is damaged");
    EX_TRY(ex_alloc((size_t)count, sizeof *o->unreadable,
                    EX_LIMIT_UNREADABLE_RANGES * sizeof *o->unreadable,
                    "the list of unreadable ranges", &o->unreadable, err));
    for (; o->unreadable_count < count; o->unreadable_count++) {
        struct source_range *r = &o->unreadable[o->unreadable_count];
        if (!range_line(c, after, o->size_bytes, r))
            return ex_fail(err, EX_FORMAT, "the manifest of an object is damaged");
        after = r->offset + r->length;
    }
    return EX_OK;
}

ex_code manifest_parse(const uint8_t *data, size_t size_bytes, struct vault_object_info *ret,
                       struct ex_error *err) {
    struct vault_object_info o = {0};
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    uint64_t count;
    size_t size;
    const char *first = ex_cursor_line(&c, &size);
    if (first == NULL || size != 17 || memcmp(first, "exhibit-object/v1", 17) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "the manifest of an object has an unknown version");
    if (!keyed_number(&c, "size", &o.size_bytes) || o.size_bytes > INT64_MAX ||
        !keyed_hash(&c, "sha256", o.sha256) || !keyed_hash(&c, "fsverity", o.fsverity) ||
        !keyed_hash(&c, "salted-root", o.salted_root) ||
        !keyed_hash(&c, "salted-key", o.salted_key) || !layout_line(&c, &o) ||
        !keyed_number(&c, "unreadable", &count))
        return ex_fail(err, EX_FORMAT, "the manifest of an object is damaged");
    ex_code code = ranges_parse(&c, count, &o, err);
    if (code == EX_OK)
        code = ex_cursor_end(&c, "the manifest of an object", err);
    if (code != EX_OK) {
        vault_object_info_clear(&o);
        return code;
    }
    sha256_of(data, size_bytes, o.id);
    *ret = o;
    return EX_OK;
}

ex_code vault_object(struct vault *v, const uint8_t id[static SHA256_BYTES],
                     struct vault_object_info *ret, struct ex_error *err) {
    struct fetcher f;
    const uint8_t *data;
    size_t size;
    struct vault_object_info o = {0};
    EX_TRY(fetcher_open(v, &f, err));
    ex_code code = fetch(&f, id, RECORD_MANIFEST, &data, &size, err);
    if (code == EX_OK)
        code = manifest_parse(data, size, &o, err);
    fetcher_close(&f);
    if (code == EX_FORMAT) /* the bytes have this id, and are no manifest */
        code = ex_fail(err, EX_ALTERED, "the manifest of the object is damaged");
    if (code == EX_OK)
        *ret = o;
    return code;
}

void salted_start(struct salted *s, const uint8_t key[static 32]) {
    memset(s, 0, sizeof *s);
    memcpy(s->key, key, sizeof s->key);
    merkle_frontier_start(&s->frontier);
}

void salted_add(struct salted *s, const uint8_t hash[static SHA256_BYTES]) {
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    uint8_t input[1 + 16 + SHA256_BYTES], leaf[MERKLE_BYTES];
    unsigned place = (unsigned)(s->blocks % 4);
    if (place == 0) {
        memset(s->stream, 0, sizeof s->stream);
        crypto_stream_chacha20_xor_ic(s->stream, s->stream, sizeof s->stream, nonce, s->blocks / 4,
                                      s->key);
    }
    input[0] = 0;
    memcpy(input + 1, s->stream + 16 * place, 16);
    memcpy(input + 17, hash, SHA256_BYTES);
    sha256_of(input, sizeof input, leaf);
    merkle_frontier_add(&s->frontier, leaf);
    s->blocks++;
}

void salted_end(struct salted *s, uint8_t ret[static SHA256_BYTES]) {
    merkle_frontier_root(&s->frontier, ret);
    sodium_memzero(s, sizeof *s);
}
