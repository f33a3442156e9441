/* SPDX-License-Identifier: Apache-2.0 */
/* The records that a reader decoded last, and which of their chunks were compared with their ids. A
 * chunk is known by its id: whichever record holds sound bytes for it serves. */
#include "vault/reader_internal.h"

#include "crypto/sha256_pair.h"

ex_code keep_open(struct vault *v, struct keep *ret, struct ex_error *err) {
    ret->vault = v;
    EX_TRY(codec_new(&ret->codec, err));
    return block_hasher_new(&ret->hasher, err);
}

static void forget(struct keep *k, struct kept_record *r) {
    k->bytes -= r->cost_bytes;
    record_clear(&r->record);
    free(r->entry);
    *r = (struct kept_record){0};
}

void keep_close(struct keep *k) {
    for (size_t i = 0; i < KEEP_RECORDS; i++)
        forget(k, &k->slot[i]);
    free(k->hash);
    codec_free(k->codec);
    block_hasher_free(k->hasher);
}

/* ---- comparing ---- */

static bool is_entry_of(const struct table_entry *t, const struct extent *e) {
    return t->length == e->length && memcmp(t->id, e->id, SHA256_BYTES) == 0;
}

static size_t blocks_of(uint64_t size_bytes) {
    return (size_t)((size_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
}

/* How many of these extents stand in the record one after the other, from this entry on. */
static size_t run_length(const struct kept_record *r, size_t at, const struct extent *e,
                         size_t count) {
    size_t n = 0;
    while (n < count && n < KEEP_CHECKED_AT_ONCE && at + n < r->record.entry_count &&
           e[n].kind == EXTENT_DATA && is_entry_of(&r->record.entry[at + n], &e[n]))
        n++;
    return n;
}

/* All at once: see block_hasher_run_spans(). */
static ex_code compare(struct keep *k, struct kept_record *r, size_t at, size_t count,
                       struct ex_error *err) {
    struct block_span span[KEEP_CHECKED_AT_ONCE];
    size_t entry[KEEP_CHECKED_AT_ONCE], spans = 0, blocks = 0;
    const struct table_entry *t = r->record.entry;
    for (size_t i = at; i < at + count; i++)
        blocks += blocks_of(t[i].length);
    EX_TRY(ex_grow(&k->hash, &k->hash_capacity, blocks + 1, SHA256_BYTES, EX_LIMIT_RECORD_BYTES,
                   "block hashes", err));
    blocks = 0;
    for (size_t i = at; i < at + count; i++) {
        if (r->entry[i].state != KEPT_UNCHECKED)
            continue;
        span[spans] =
            (struct block_span){r->record.data + r->entry[i].start, t[i].length, k->hash + blocks};
        entry[spans++] = i;
        blocks += blocks_of(t[i].length);
    }
    EX_TRY(block_hasher_run_spans(k->hasher, span, spans, err));
    for (size_t i = 0; i < spans; i++) {
        uint8_t id[SHA256_BYTES];
        const struct table_entry *its = &t[entry[i]];
        chunk_id(its->length, (const uint8_t(*)[SHA256_BYTES])span[i].ret, id);
        r->entry[entry[i]].state = memcmp(id, its->id, SHA256_BYTES) == 0 ? KEPT_SOUND : KEPT_BAD;
    }
    return EX_OK;
}

/* A single block gains nothing, and blocks that are not in the stream are better hashed
 * several at a time. */
static bool pays_together(const struct keep_stream *s, size_t chunk_bytes) {
    return s != NULL && s->bytes >= 2 * BLOCK_BYTES && s->bytes >= chunk_bytes / 2 &&
           s->hash->state.index == 0 && sha256_pair_works();
}

/* Both hashes in one pass. A chunk that is not sound leaves the stream as it was. */
static ex_code compare_streamed(struct keep *k, struct kept_record *r, size_t at,
                                struct keep_stream *s, struct ex_error *err) {
    const struct table_entry *t = &r->record.entry[at];
    const uint8_t *data = r->record.data + r->entry[at].start;
    const struct sha256 before = *s->hash;
    size_t blocks = s->bytes / BLOCK_BYTES, together = blocks * BLOCK_BYTES;
    uint8_t id[SHA256_BYTES];
    EX_TRY(ex_grow(&k->hash, &k->hash_capacity, blocks_of(t->length) + 1, SHA256_BYTES,
                   EX_LIMIT_RECORD_BYTES, "block hashes", err));
    const struct block_span rest = {data + together, t->length - together, k->hash + blocks};
    sha256_pair_add(s->hash, data, blocks, k->hash);
    if (rest.size_bytes > 0)
        EX_TRY(block_hasher_run_spans(k->hasher, &rest, 1, err));
    chunk_id(t->length, (const uint8_t(*)[SHA256_BYTES])k->hash, id);
    s->added = memcmp(id, t->id, SHA256_BYTES) == 0;
    r->entry[at].state = s->added ? KEPT_SOUND : KEPT_BAD;
    if (s->added)
        sha256_add(s->hash, data + together, s->bytes - together);
    else
        *s->hash = before;
    return EX_OK;
}

/* ---- looking into what is kept ---- */

/* Extents that are wanted, one behind the other. */
struct wanted {
    const struct extent *extent;
    size_t count;
    bool passing;               /* they are read through, and hardly wanted again */
    struct keep_stream *stream; /* what their bytes go into; NULL: nothing */
};

static bool find_entry(const struct kept_record *r, const struct extent *e, size_t *ret) {
    size_t count = r->record.entry_count;
    for (size_t i = 0, at = r->next; i < count; i++, at++) {
        at = at < count ? at : 0;
        if (r->entry[at].state != KEPT_BAD && is_entry_of(&r->record.entry[at], e)) {
            *ret = at;
            return true;
        }
    }
    return false;
}

/* *ret NULL: this record has no sound bytes of it. */
static ex_code look_into(struct keep *k, struct kept_record *r, const struct wanted *w,
                         const uint8_t **ret, struct ex_error *err) {
    size_t at;
    *ret = NULL;
    while (find_entry(r, w->extent, &at)) {
        if (r->entry[at].state == KEPT_UNCHECKED && pays_together(w->stream, w->extent->length))
            EX_TRY(compare_streamed(k, r, at, w->stream, err));
        else if (r->entry[at].state == KEPT_UNCHECKED)
            EX_TRY(compare(k, r, at, run_length(r, at, w->extent, w->count), err));
        if (r->entry[at].state != KEPT_SOUND)
            continue;
        r->next = at + 1;
        r->used = ++k->clock;
        r->passing = r->passing && w->passing;
        k->last = (size_t)(r - k->slot);
        *ret = r->record.data + r->entry[at].start;
        return EX_OK;
    }
    return EX_OK;
}

static ex_code look_into_all(struct keep *k, const struct wanted *w, const uint8_t **ret,
                             struct ex_error *err) {
    size_t last = k->last;
    EX_TRY(look_into(k, &k->slot[last], w, ret, err));
    for (size_t i = 0; *ret == NULL && i < KEEP_RECORDS; i++)
        if (i != last && k->slot[i].used != 0)
            EX_TRY(look_into(k, &k->slot[i], w, ret, err));
    return EX_OK;
}

/* ---- reading more ---- */

/* The one that is forgotten next; NULL: there is none. */
static struct kept_record *oldest_of(struct keep *k, bool passing, size_t *ret_count) {
    struct kept_record *oldest = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < KEEP_RECORDS; i++) {
        struct kept_record *r = &k->slot[i];
        if (r->used == 0 || (passing && !r->passing))
            continue;
        *ret_count += 1;
        if (oldest == NULL || r->used < oldest->used)
            oldest = r;
    }
    return oldest;
}

static struct kept_record *empty_slot(struct keep *k) {
    for (size_t i = 0; i < KEEP_RECORDS; i++)
        if (k->slot[i].used == 0)
            return &k->slot[i];
    return NULL;
}

/* Contents that are read through do not drive out the structures that are read again and again. */
static struct kept_record *make_room(struct keep *k, size_t cost_bytes, bool passing) {
    size_t count;
    struct kept_record *oldest = oldest_of(k, true, &count);
    if (passing && count >= KEEP_PASSING)
        forget(k, oldest);
    for (;;) {
        struct kept_record *empty = empty_slot(k);
        oldest = oldest_of(k, false, &count);
        if (empty != NULL && (oldest == NULL || k->bytes + cost_bytes <= KEEP_BYTES))
            return empty;
        forget(k, oldest);
    }
}

static struct kept_record *kept_from(struct keep *k, const struct index_place *place) {
    for (size_t i = 0; i < KEEP_RECORDS; i++)
        if (k->slot[i].used != 0 && index_place_same(&k->slot[i].place, place))
            return &k->slot[i];
    return NULL;
}

static ex_code entries_of(const struct record *r, struct kept_entry **ret, struct ex_error *err) {
    uint32_t start = 0;
    struct kept_entry *entry;
    EX_TRY(ex_alloc(r->entry_count, sizeof *entry, EX_LIMIT_RECORD_BYTES, "the table of a record",
                    &entry, err));
    for (size_t i = 0; i < r->entry_count; i++) {
        entry[i].start = start;
        start += r->entry[i].length; /* their sum is plain_length */
    }
    *ret = entry;
    return EX_OK;
}

static ex_code keep_record(struct keep *k, const struct index_place *place, bool passing,
                           struct kept_record **ret, struct ex_error *err) {
    struct record record;
    struct kept_entry *entry;
    EX_TRY(pack_read_record(k->vault, place->pack, place->offset, false, k->codec, &record, err));
    ex_code code = record.head.type == RECORD_CHUNKS
                       ? entries_of(&record, &entry, err)
                       : ex_fail(err, EX_ALTERED, "the chunk is not where the index says it is");
    if (code != EX_OK) {
        record_clear(&record);
        return code;
    }
    size_t cost =
        record.head.plain_length + record.entry_count * (sizeof *record.entry + sizeof *entry);
    struct kept_record *r = make_room(k, cost, passing);
    *r = (struct kept_record){.used = ++k->clock,
                              .passing = passing,
                              .place = *place,
                              .record = record,
                              .entry = entry,
                              .cost_bytes = cost};
    k->bytes += cost;
    *ret = r;
    return EX_OK;
}

/* A look for a chunk: where it was looked for, and what was wrong with the first place. */
struct search {
    struct wanted wanted;
    const uint8_t *found;
    struct fetch_places tried;
    struct ex_error why; /* code EX_OK: nothing yet */
};

static ex_code fail_place(struct search *s, const struct ex_error *why, struct ex_error *err) {
    if (!vault_is_damage(why->code)) {
        if (err != NULL)
            *err = *why;
        return why->code;
    }
    if (s->why.code == EX_OK)
        s->why = *why;
    return EX_OK;
}

static ex_code say_why_not(const struct kept_record *r, const struct extent *e,
                           struct ex_error *err) {
    for (size_t i = 0; i < r->record.entry_count; i++)
        if (is_entry_of(&r->record.entry[i], e))
            return ex_fail(err, EX_ALTERED,
                           "the stored bytes have another hash than the chunk's id");
    return ex_fail(err, EX_ALTERED, "the chunk is not where the index says it is");
}

static ex_code try_place(struct keep *k, struct search *s, const struct index_place *place,
                         struct ex_error *err) {
    struct ex_error why;
    struct kept_record *r = kept_from(k, place);
    if (!fetch_places_add(&s->tried, place))
        return EX_OK;
    if (r == NULL) {
        ex_code code = keep_record(k, place, s->wanted.passing, &r, &why);
        if (code != EX_OK)
            return fail_place(s, &why, err);
    }
    EX_TRY(look_into(k, r, &s->wanted, &s->found, err));
    if (s->found != NULL)
        return EX_OK;
    (void)say_why_not(r, s->wanted.extent, &why);
    return fail_place(s, &why, err);
}

/* Where the index says first; then wherever else it knows a copy. */
static ex_code try_index(struct keep *k, struct search *s, struct ex_error *err) {
    struct index_place place;
    struct fetch_places all;
    struct ex_error why;
    ex_code code = fetch_place(k->vault, s->wanted.extent->id, &place, &why);
    if (code != EX_OK)
        return fail_place(s, &why, err);
    EX_TRY(try_place(k, s, &place, err));
    if (s->found != NULL)
        return EX_OK;
    fetch_all_places(k->vault, s->wanted.extent->id, &all);
    for (size_t i = 0; s->found == NULL && i < all.count; i++)
        EX_TRY(try_place(k, s, &all.place[i], err));
    return EX_OK;
}

static ex_code get(struct keep *k, const struct wanted *w, const uint8_t **ret,
                   struct ex_error *err) {
    EX_TRY(look_into_all(k, w, ret, err));
    if (*ret != NULL)
        return EX_OK;
    struct search s = {.wanted = *w};
    EX_TRY(try_index(k, &s, err));
    if (s.found == NULL) { /* a compaction may have replaced a pack since this process looked */
        EX_TRY(fetch_refresh(k->vault, err));
        EX_TRY(try_index(k, &s, err));
    }
    if (s.found == NULL && err != NULL)
        *err = s.why;
    *ret = s.found;
    return s.found != NULL ? EX_OK : s.why.code;
}

ex_code keep_chunk(struct keep *k, const struct extent *e, size_t count, const uint8_t **ret,
                   struct ex_error *err) {
    const struct wanted w = {.extent = e, .count = count};
    return get(k, &w, ret, err);
}

ex_code keep_chunk_streamed(struct keep *k, const struct extent *e, size_t count,
                            struct keep_stream *stream, const uint8_t **ret, struct ex_error *err) {
    const struct wanted w = {.extent = e, .count = count, .passing = true, .stream = stream};
    stream->added = false;
    return get(k, &w, ret, err);
}
