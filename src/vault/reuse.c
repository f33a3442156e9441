/* SPDX-License-Identifier: Apache-2.0 */
/* Is what the index says true? Before a collection relies on stored bytes, the record that should
 * hold them is asked: by its table, or, for --readback=all and in a pack that a scrub found
 * damaged, by its bytes as the disk gives them now. A place that does not hold what it should is
 * passed over, and the bytes in hand are stored anew. */
#include "vault/put_internal.h"

ex_code reuse_open(struct reuse *u, struct vault *v, bool compare_bytes, struct ex_error *err) {
    u->vault = v;
    u->compare_bytes = compare_bytes;
    return codec_new(&u->codec, err);
}

void reuse_close(struct reuse *u) {
    record_clear(&u->record);
    codec_free(u->codec);
}

/* Makes the record of this place the one in hand; false when it cannot be had. */
static bool load(struct reuse *u, const struct index_place *place) {
    if (u->loaded && index_place_same(&u->place, place))
        return u->sound;
    record_clear(&u->record);
    u->has_bytes = u->compare_bytes || vault_pack_is_suspect(u->vault, place->pack);
    ex_code code = u->has_bytes ? pack_read_record(u->vault, place->pack, place->offset, true,
                                                   u->codec, &u->record, NULL)
                                : pack_read_table(u->vault, place->pack, place->offset, u->codec,
                                                  &u->record, NULL);
    u->place = *place;
    u->loaded = true;
    u->sound = code == EX_OK;
    return u->sound;
}

static bool holds(const struct reuse *u, enum record_type type,
                  const uint8_t id[static SHA256_BYTES], const uint8_t *data, size_t size_bytes) {
    size_t at = 0;
    if (u->record.head.type != type)
        return false;
    for (size_t i = 0; i < u->record.entry_count; at += u->record.entry[i].length, i++) {
        const struct table_entry *e = &u->record.entry[i];
        if (memcmp(e->id, id, SHA256_BYTES) == 0 && e->length == size_bytes)
            return !u->has_bytes || memcmp(u->record.data + at, data, size_bytes) == 0;
    }
    return false;
}

bool reuse_find(struct reuse *u, enum record_type type, const uint8_t id[static SHA256_BYTES],
                const uint8_t *data, size_t size_bytes, struct index_place *ret) {
    struct index_search search = {.quick = true};
    while (index_next(u->vault->index, id, &search, ret))
        if (load(u, ret) && holds(u, type, id, data, size_bytes))
            return true;
    return false;
}
