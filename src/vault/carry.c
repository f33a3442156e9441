/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying what is needed from old packs into new ones: format/vault §9.2. What is carried was
 * hashed a moment before; what does not hash to its id is never carried, and never dropped. */
#include "vault/compact_internal.h"

#include <fcntl.h>
#include <stdio.h>

/* ---- reading ---- */

/* Makes the record of a place the one in hand. False: it cannot be had; that is damage, or, with
 * *ret_code set, a failure that is none of the record's. */
static bool load(struct carrier *c, const struct index_place *place, ex_code *ret_code,
                 struct ex_error *err) {
    struct ex_error why;
    *ret_code = EX_OK;
    if (c->loaded && index_place_same(&c->place, place))
        return c->sound;
    record_clear(&c->record);
    c->place = *place;
    c->loaded = true;
    ex_code code = pack_read_record(c->live->vault, place->pack, place->offset, true, c->codec,
                                    &c->record, &why);
    c->sound = code == EX_OK;
    if (!c->sound && !vault_is_damage(code)) {
        *ret_code = code;
        c->loaded = false;
        if (err != NULL)
            *err = why;
    }
    return c->sound;
}

/* *ret: into the record in hand; NULL: not there, or not sound. */
static ex_code read_entry(struct carrier *c, const struct index_place *place, const uint8_t *id,
                          const uint8_t **ret, uint32_t *ret_size, struct ex_error *err) {
    ex_code code;
    *ret = NULL;
    if (!load(c, place, &code, err))
        return code;
    return record_find_sound(&c->record, id, c->hasher, ret, ret_size, err);
}

/* ---- writing ---- */

static ex_code hand_in(struct carrier *c, enum record_type type) {
    if (c->open[type] != NULL)
        put_writer_hand_in(&c->writer, ex_steal(&c->open[type]));
    return EX_OK;
}

static ex_code add_entry(struct carrier *c, enum record_type type, const uint8_t *id,
                         const uint8_t *data, uint32_t size, struct ex_error *err) {
    struct out_record **open = &c->open[type];
    size_t capacity = size > RECORD_TARGET_BYTES ? size : RECORD_TARGET_BYTES;
    if (*open != NULL && (*open)->size_bytes + size > RECORD_TARGET_BYTES)
        EX_TRY(hand_in(c, type));
    if (*open == NULL)
        EX_TRY(out_record_new(&c->shared, type, capacity, open, err));
    if (size > 0)
        memcpy((*open)->data + (*open)->size_bytes, data, size);
    EX_TRY(out_record_add(*open, id, size, err));
    if ((*open)->size_bytes >= RECORD_TARGET_BYTES)
        EX_TRY(hand_in(c, type));
    return EX_OK;
}

/* ---- which entries ---- */

/* Does somebody need these bytes at this other place? What came after the packs were listed is
 * taken for needed; so is what lay in a pack whose list could be read then and cannot be any more:
 * it may be the very copy that was marked. */
static bool other_is_needed(struct live *l, const struct index_place *place, const uint8_t *id) {
    const struct live_pack *p = live_find_pack(l, place->pack);
    size_t entry;
    if (!live_entry(l, place, id, &entry))
        return p != NULL && p->live != NULL && live_list(l, place->pack) == NULL;
    return p == NULL || p->live == NULL || live_is_needed(p, entry);
}

enum fate { FATE_DROP, FATE_COPY, FATE_UNKNOWN };

/* An entry that is not marked is not needed, or another copy of it is: then that one must be sound,
 * read a moment ago, before this one may go. An index that does not know this very place cannot say
 * so. */
static ex_code fate_of_unmarked(struct carrier *c, const struct index_place *here,
                                const uint8_t *id, enum fate *ret, struct ex_error *err) {
    struct index_search search = {0};
    struct index_place place;
    bool known = false, elsewhere = false;
    *ret = FATE_DROP;
    while (index_next(c->live->vault->index, id, &search, &place)) {
        const uint8_t *data;
        uint32_t size;
        if (index_place_same(&place, here)) {
            known = true;
            continue;
        }
        if (elsewhere || !other_is_needed(c->live, &place, id))
            continue;
        *ret = FATE_COPY;
        EX_TRY(read_entry(c, &place, id, &data, &size, err));
        elsewhere = data != NULL;
    }
    if (elsewhere) {
        *ret = FATE_DROP;
        c->report->entries_duplicate++;
    }
    if (!known)
        *ret = FATE_UNKNOWN;
    return EX_OK;
}

static void refuse(struct carrier *c, struct live_pack *p, const char *why) {
    struct vault_compact_report *r = c->report;
    if (!p->refused && r->refused_count < VAULT_COMPACT_TEXTS_MAX) {
        char name[PACK_NAME_BYTES];
        (void)snprintf(r->refused[r->refused_count], sizeof r->refused[0],
                       "pack %.19s… stays: %.120s", pack_name(name, p->id) + 3, why);
    }
    r->refused_count += p->refused ? 0 : 1;
    p->refused = true;
}

/* This copy, or, when it is damaged, any other. */
static ex_code carry(struct carrier *c, struct live_pack *p, const struct index_place *here,
                     enum record_type type, const uint8_t *id, struct ex_error *err) {
    struct index_search search = {0};
    struct index_place place = *here;
    const uint8_t *data;
    uint32_t size;
    EX_TRY(read_entry(c, here, id, &data, &size, err));
    while (data == NULL && index_next(c->live->vault->index, id, &search, &place))
        EX_TRY(read_entry(c, &place, id, &data, &size, err));
    if (data == NULL || c->record.head.type != type) {
        refuse(c, p, "something in it is needed, is damaged, and is nowhere else");
        return EX_OK;
    }
    c->report->entries_carried++;
    return add_entry(c, type, id, data, size, err);
}

static ex_code consider(struct carrier *c, struct live_pack *p, const struct index_place *here,
                        enum record_type type, const uint8_t *id, bool needed,
                        struct ex_error *err) {
    enum fate fate = FATE_COPY;
    if (!needed)
        EX_TRY(fate_of_unmarked(c, here, id, &fate, err));
    if (fate == FATE_UNKNOWN)
        refuse(c, p, "the index does not know all of it (exhibit rebuild makes it anew)");
    if (fate == FATE_COPY)
        return carry(c, p, here, type, id, err);
    c->report->entries_dropped++;
    return EX_OK;
}

ex_code carrier_pack(struct carrier *c, struct live_pack *p, struct ex_error *err) {
    char name[PACK_NAME_BYTES];
    struct pack_list list;
    EX_AUTO_FD int fd = -1;
    ex_code code = EX_OK;
    p->touched = false;
    /* A list of its own: the cache may let go of its one while other copies are looked for. */
    EX_TRY(ex_open_at(c->live->vault->packs_fd, pack_name(name, p->id), O_RDONLY, &fd, err));
    EX_TRY(pack_list_read(fd, c->live->vault, name, &list, err));
    struct index_place here = {.read_back_ns = list.read_back_ns};
    memcpy(here.pack, p->id, sizeof here.pack);
    for (size_t r = 0; code == EX_OK && r < list.record_count; r++) {
        const struct pack_record *record = &list.record[r];
        here.offset = record->offset;
        for (size_t i = record->first; code == EX_OK && i < record->first + record->count; i++)
            code = consider(c, p, &here, record->head.type, list.entry[i].id, live_is_needed(p, i),
                            err);
        if (code == EX_OK)
            code = ex_progress_step(c->progress, record->head.plain_length, err);
        if (code == EX_OK && atomic_load(&c->shared.failed))
            break; /* carrier_end() says why */
    }
    pack_list_clear(&list);
    return code;
}

/* ---- from start to end ---- */

ex_code carrier_start(struct carrier *c, struct live *l, int level, const char *journal,
                      struct ex_progress *progress, struct vault_compact_report *report,
                      struct ex_error *err) {
    *c = (struct carrier){.live = l, .progress = progress, .report = report};
    c->shared.level = level;
    EX_TRY(put_shared_open(&c->shared, l->vault, err));
    EX_TRY(codec_new(&c->codec, err));
    EX_TRY(block_hasher_new(&c->hasher, err));
    EX_TRY(work_make(l->vault, journal, &c->work, err));
    EX_TRY(put_writer_start(&c->writer, &c->shared, c->work, VAULT_READBACK_NEW, err));
    c->writing = true;
    return EX_OK;
}

static ex_code note_written(struct carrier *c, struct ex_error *err) {
    struct vault_compact_report *r = c->report;
    const struct put_writer *w = &c->writer;
    EX_TRY(ex_grow(&r->written, &r->written_capacity, r->written_count + w->pack_count + 1,
                   VAULT_PACK_ID_BYTES, EX_LIMIT_PACK_BYTES, "the list of packs", err));
    if (w->pack_count > 0)
        memcpy(r->written[r->written_count], w->pack, w->pack_count * VAULT_PACK_ID_BYTES);
    r->written_count += w->pack_count;
    r->written_bytes += w->added_bytes;
    return EX_OK;
}

static void stop_writing(struct carrier *c) {
    if (c->writing)
        put_writer_join(&c->writer);
    c->writing = false;
}

ex_code carrier_end(struct carrier *c, struct ex_error *err) {
    for (size_t type = 0; type < RECORD_TRAILER; type++)
        EX_TRY(hand_in(c, (enum record_type)type));
    stop_writing(c);
    EX_TRY(note_written(c, err)); /* whatever happened: what was published is there */
    if (!atomic_load(&c->shared.failed))
        return EX_OK;
    if (err != NULL)
        *err = c->shared.error;
    return c->shared.error.code;
}

void carrier_close(struct carrier *c) {
    struct ex_error stopped = {.code = EX_INTERRUPTED};
    if (c->live == NULL)
        return;
    if (c->writing) { /* given up: what is on its way need not be finished */
        put_fail(&c->shared, &stopped);
        stop_writing(c);
        (void)!note_written(c, NULL);
    }
    for (size_t type = 0; type < RECORD_TRAILER; type++)
        out_record_free(c->open[type]);
    put_shared_close(&c->shared);
    if (c->writer.shared != NULL)
        put_writer_clear(&c->writer);
    if (c->work != NULL)
        (void)!vault_work_remove(c->work, NULL);
    free(c->writer.pack);
    record_clear(&c->record);
    codec_free(c->codec);
    block_hasher_free(c->hasher);
    *c = (struct carrier){0};
}
