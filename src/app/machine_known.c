/* SPDX-License-Identifier: Apache-2.0 */
/* What the hash sets of the vault say of the contents of a machine report. */
#include "app/machine_internal.h"

ex_code machine_known_begin(struct machine_reading *r, struct ex_error *err) {
    struct machine_known *k = &r->known;
    EX_TRY(hashsets_load(r->act, &k->held, err));
    EX_TRY(hashsets_open(r->act, &k->held, err));
    size_t sets = k->held.count;
    if (sets == 0)
        return EX_OK;
    EX_TRY(ex_alloc(sets, sizeof *k->listed, SIZE_MAX, "hash sets", &k->listed, err));
    EX_TRY(ex_alloc(sets, sizeof *k->listed_bytes, SIZE_MAX, "hash sets", &k->listed_bytes, err));
    EX_TRY(ex_alloc(MACHINE_WINDOW, sizeof *k->hash, SIZE_MAX, "hashes", &k->hash, err));
    EX_TRY(ex_alloc(MACHINE_WINDOW, sizeof *k->number, SIZE_MAX, "hashes", &k->number, err));
    EX_TRY(ex_alloc(MACHINE_WINDOW, sizeof *k->size, SIZE_MAX, "hashes", &k->size, err));
    return ex_alloc(MACHINE_WINDOW * sets, sizeof *k->answer, (size_t)1 << 30, "hashes", &k->answer,
                    err);
}

void machine_known_clear(struct machine_known *k) {
    hashsets_clear(&k->held);
    free(k->listed);
    free(k->listed_bytes);
    free(k->hash);
    free(k->number);
    free(k->size);
    free(k->answer);
}

static void take_answer(struct machine_reading *r, size_t i) {
    struct machine_known *k = &r->known;
    const bool *listed = k->answer + i * k->held.count;
    bool notable = false;
    for (size_t n = 0; n < k->held.count; n++) {
        k->listed[n] += listed[n] ? 1 : 0;
        k->listed_bytes[n] += listed[n] ? k->size[i] : 0;
        notable = notable || (listed[n] && k->held.list[n].meaning == HASHSET_NOTABLE);
    }
    k->notable_count += notable ? 1 : 0;
    if (notable && machine_count_notable(r->machine, k->number[i]) &&
        k->wanted < MACHINE_NOTABLE_MAX)
        k->notable[k->wanted++] = k->number[i];
}

static ex_code flush(struct machine_reading *r, struct ex_error *err) {
    struct machine_known *k = &r->known;
    const void *hashes = k->hash;
    if (k->waiting == 0)
        return EX_OK;
    EX_TRY(hashsets_look(&k->held, hashes, k->waiting, k->answer, NULL, err));
    for (size_t i = 0; i < k->waiting; i++)
        take_answer(r, i);
    k->waiting = 0;
    return EX_OK;
}

ex_code machine_known_add(struct machine_reading *r, uint64_t number, const struct trace_line *line,
                          struct ex_error *err) {
    struct machine_known *k = &r->known;
    k->not_asked += line->has_size && !line->has_sha256 ? 1 : 0;
    if (k->held.count == 0 || !line->has_sha256)
        return EX_OK;
    memcpy(k->hash[k->waiting], line->sha256, sizeof *k->hash);
    k->number[k->waiting] = number;
    k->size[k->waiting++] = line->size;
    return k->waiting == MACHINE_WINDOW ? flush(r, err) : EX_OK;
}

ex_code machine_known_end(struct machine_reading *r, struct ex_error *err) {
    return flush(r, err);
}

/* A set that was lost on the way has answered for some and not for others: its counts are not
 * known. */
json_t *machine_known_json(const struct machine_known *k) {
    json_t *sets = hashsets_json(&k->held);
    for (size_t n = 0; n < k->held.count; n++) {
        json_t *one = json_array_get(sets, n);
        bool sound = k->held.list[n].set != NULL;
        json_object_del(one, "sources");
        json_object_set_new(one, "listed", sound ? json_number(k->listed[n]) : json_null());
        json_object_set_new(one, "listed_bytes",
                            sound ? json_number(k->listed_bytes[n]) : json_null());
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "sets", sets, "not_asked", json_number(k->not_asked),
                     "notable", json_number(k->notable_count), "entries_lost",
                     json_number(k->held.entries_lost));
}
