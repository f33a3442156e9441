/* SPDX-License-Identifier: Apache-2.0 */
/* When each pack was last read back and found good: format/vault §10. Derived: a pack's trailer
 * says when it was written, the ledger says what scrubs found since. */
#include "vault/sealed_internal.h"

#include "base/bytes.h"

#include <stdlib.h>

static const char DATES_FILE[] = "verified";
enum { DATE_BYTES = VAULT_PACK_ID_BYTES + 8, DATES_LOCK_WAIT_MS = 5000 };

static const struct sealed_kind DATES = {.pack = PACK_DATES,
                                         .record = RECORD_DATES,
                                         .limit_bytes = EX_LIMIT_RECORD_BYTES / 2,
                                         .what = "the list of verified packs"};

static int by_pack(const void *a, const void *b) {
    return memcmp(((const struct vault_pack_date *)a)->id, ((const struct vault_pack_date *)b)->id,
                  VAULT_PACK_ID_BYTES);
}

void vault_dates_clear(struct vault_dates *d) {
    free(d->row);
    *d = (struct vault_dates){0};
}

static ex_code parse(const uint8_t *data, size_t size_bytes, struct vault_dates *ret,
                     struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    struct vault_dates d = {.count = size_bytes / DATE_BYTES};
    EX_TRY(ex_alloc(d.count + 1, sizeof *d.row, EX_LIMIT_RECORD_BYTES, DATES.what, &d.row, err));
    for (size_t i = 0; i < d.count; i++) {
        ex_cursor_copy(&c, d.row[i].id, VAULT_PACK_ID_BYTES);
        d.row[i].verified_ns = (int64_t)ex_cursor_le64(&c);
    }
    if (d.count > 0)
        qsort(d.row, d.count, sizeof *d.row, by_pack);
    *ret = d;
    return EX_OK;
}

/* A list that cannot be read is no list: it is derived, and packs only seem older without it. */
static ex_code load(struct vault *v, struct vault_dates *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size = 0;
    struct ex_error why;
    *ret = (struct vault_dates){0};
    ex_code code = sealed_read(v, DATES_FILE, &DATES, &data, &size, &why);
    if (code == EX_NOMEM || code == EX_DENIED) {
        if (err != NULL)
            *err = why;
        return code;
    }
    return parse(data, code == EX_OK ? size : 0, ret, err);
}

static const struct vault_pack_date *find_row(struct vault *v, const uint8_t *id) {
    struct vault_pack_date key;
    if (!v->dates_loaded) {
        if (load(v, &v->dates, NULL) != EX_OK)
            return NULL;
        v->dates_loaded = true;
    }
    memcpy(key.id, id, sizeof key.id);
    return v->dates.count > 0
               ? bsearch(&key, v->dates.row, v->dates.count, sizeof *v->dates.row, by_pack)
               : NULL;
}

bool vault_pack_is_suspect(struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    const struct vault_pack_date *row = find_row(v, id);
    return row != NULL && row->verified_ns < 0;
}

int64_t vault_pack_verified(struct vault *v, const uint8_t id[static VAULT_PACK_ID_BYTES],
                            int64_t written_ns) {
    const struct vault_pack_date *row = find_row(v, id);
    if (row != NULL && row->verified_ns < 0)
        return 0;
    return row != NULL && row->verified_ns > written_ns ? row->verified_ns : written_ns;
}

/* Of two rows of a pack the later one says how it stands, and of two of one time the worse one. */
static bool is_newer(const struct vault_pack_date *a, const struct vault_pack_date *b) {
    uint64_t x = a->verified_ns < 0 ? -(uint64_t)a->verified_ns : (uint64_t)a->verified_ns;
    uint64_t y = b->verified_ns < 0 ? -(uint64_t)b->verified_ns : (uint64_t)b->verified_ns;
    return x != y ? x > y : a->verified_ns < b->verified_ns;
}

static ex_code save(struct vault *v, const struct vault_dates *d, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(d->count * DATE_BYTES + 1, 1, EX_LIMIT_RECORD_BYTES, DATES.what, &data, err));
    for (size_t i = 0; i < d->count; i++) {
        memcpy(data + i * DATE_BYTES, d->row[i].id, VAULT_PACK_ID_BYTES);
        ex_put_le64(data + i * DATE_BYTES + VAULT_PACK_ID_BYTES, (uint64_t)d->row[i].verified_ns);
    }
    return sealed_write(v, DATES_FILE, &DATES, data, d->count * DATE_BYTES, err);
}

/* What was found damaged now is damaged, however far ahead a clock was when it was found good. */
static void forget_good(struct vault_dates *d, const struct vault_pack_date *row, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct vault_pack_date *old =
            row[i].verified_ns < 0 && d->count > 0
                ? bsearch(&row[i], d->row, d->count, sizeof *d->row, by_pack)
                : NULL;
        if (old != NULL)
            old->verified_ns = 0;
    }
}

/* Rows of packs that are gone are dropped on the way. */
static ex_code merge(struct vault *v, struct vault_dates *d, const struct vault_pack_date *row,
                     size_t count, struct ex_error *err) {
    size_t kept = 0;
    struct vault_pack_date *all = NULL;
    EX_TRY(ex_alloc(d->count + count + 1, sizeof *all, EX_LIMIT_RECORD_BYTES * 2, DATES.what, &all,
                    err));
    memcpy(all, d->row, d->count * sizeof *all);
    memcpy(all + d->count, row, count * sizeof *all);
    qsort(all, d->count + count, sizeof *all, by_pack);
    for (size_t i = 0; i < d->count + count; i++) {
        if (kept > 0 && by_pack(&all[kept - 1], &all[i]) == 0) {
            if (is_newer(&all[i], &all[kept - 1]))
                all[kept - 1] = all[i];
        } else if (vault_has_pack(v, all[i].id)) {
            all[kept++] = all[i];
        }
    }
    free(d->row);
    d->row = all;
    d->count = kept;
    return EX_OK;
}

ex_code vault_note_verified(struct vault *v, const struct vault_pack_date *row, size_t count,
                            struct ex_error *err) {
    EX_AUTO_FD int lock = -1;
    struct vault_dates d;
    if (count == 0)
        return EX_OK;
    EX_TRY(ex_lock(v->dir_fd, "work/.verified", true, DATES_LOCK_WAIT_MS, &lock, err));
    EX_TRY(load(v, &d, err));
    forget_good(&d, row, count);
    ex_code code = merge(v, &d, row, count, err);
    if (code == EX_OK)
        code = save(v, &d, err);
    if (code != EX_OK) {
        vault_dates_clear(&d);
        return code;
    }
    vault_dates_clear(&v->dates);
    v->dates = d;
    v->dates_loaded = true;
    return EX_OK;
}

void vault_forget_verified(struct vault *v) {
    (void)ex_remove(v->dir_fd, DATES_FILE, false);
    vault_dates_clear(&v->dates);
    v->dates_loaded = false;
}
