/* SPDX-License-Identifier: Apache-2.0 */
/* Making parity, comparing with it, mending by it: format/parity §2, §3, §6.
 *
 * Both ways go over the pack once, in windows of groups whose parity fits into memory. In a window
 * the blocks of all groups lie next to each other, G apart from the next row of them, so that a
 * window is read in long runs; a pack of up to 1 GiB is one window, read from end to end. Mending
 * accumulates the same sums as making, over the good blocks alone: what then differs from the
 * parity is the sum of the bad ones, and a small matrix solves for them. */
#include "vault/parity_internal.h"

#include <isa-l/erasure_code.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    WINDOW_BYTES = 64 << 20,
    READ_BYTES = 1 << 20,
    TABLE_BYTES = 32, /* of ISA-L for each coefficient */
    SOLVE_BYTES = PARITY_SHARDS_MAX * PARITY_BLOCK_MAX_BYTES
};

enum block_state { BLOCK_GOOD = 0, BLOCK_BAD, BLOCK_LOST };

struct run {
    const struct parity_file *file; /* encoding fills the list in */
    const struct parity_head *head;
    const struct parity_input *pack, *par;
    uint32_t n;
    uint8_t *matrix;  /* (k + m) rows of k coefficients */
    uint8_t *tables;  /* of its last m rows */
    uint32_t window;  /* groups */
    uint8_t *sum;     /* m rows of `window` blocks */
    uint8_t *buffer;  /* READ_BYTES */
    uint8_t *state;   /* of n data blocks */
    uint8_t *par_bad; /* of m·G parity blocks */
    int to_fd;
    const char *to_name;
    struct ex_progress *progress;
};

static void run_clear(struct run *r) {
    free(r->matrix);
    free(r->tables);
    free(r->sum);
    free(r->buffer);
    free(r->state);
    free(r->par_bad);
}

static ex_code run_begin(struct run *r, bool sums, struct ex_error *err) {
    const struct parity_head *h = r->head;
    size_t k = h->k, m = h->m, row = m * h->block_bytes;
    r->n = parity_block_count(h);
    r->window = row * h->groups <= WINDOW_BYTES ? h->groups : (uint32_t)(WINDOW_BYTES / row);
    EX_TRY(ex_alloc(READ_BYTES, 1, READ_BYTES, "a part of a pack", &r->buffer, err));
    EX_TRY(ex_alloc(r->n, 1, PARITY_BLOCKS_MAX, "blocks", &r->state, err));
    EX_TRY(ex_alloc(parity_parity_count(h), 1, PARITY_BLOCKS_MAX, "blocks", &r->par_bad, err));
    if (!sums)
        return EX_OK;
    EX_TRY(ex_alloc(k + m, k, PARITY_SHARDS_MAX * PARITY_SHARDS_MAX, "a matrix", &r->matrix, err));
    EX_TRY(ex_alloc(k * m, TABLE_BYTES, WINDOW_BYTES, "a matrix", &r->tables, err));
    EX_TRY(ex_alloc(r->window, row, WINDOW_BYTES, "parity", &r->sum, err));
    gf_gen_cauchy1_matrix(r->matrix, (int)(k + m), (int)k); /* format/parity §3 */
    ec_init_tables((int)k, (int)m, r->matrix + k * k, r->tables);
    return EX_OK;
}

/* ---- reading ---- */

/* What can be had of a stretch; the rest is zero, and is bad by its hash if it was not. */
static ex_code read_what_is_there(const struct parity_input *in, uint8_t *to, size_t size_bytes,
                                  uint64_t offset, struct ex_error *err) {
    uint64_t left = offset < in->size_bytes ? in->size_bytes - offset : 0;
    size_t have = left < size_bytes ? (size_t)left : size_bytes;
    memset(to + have, 0, size_bytes - have);
    if (have == 0)
        return EX_OK;
    struct ex_error why;
    ex_code code = pack_read_direct(in->fd, in->method, to, have, offset, in->name, &why);
    if (code != EX_IO && code != EX_ALTERED) {
        if (code != EX_OK && err != NULL)
            *err = why;
        return code;
    }
    for (size_t at = 0, part; at < have; at += part) {
        part = have - at < PARITY_ALIGN_BYTES ? have - at : PARITY_ALIGN_BYTES;
        if (pack_read_direct(in->fd, in->method, to + at, part, offset + at, in->name, NULL) !=
            EX_OK)
            memset(to + at, 0, part);
    }
    return EX_OK;
}

static size_t block_size(const struct run *r, uint32_t block) {
    uint64_t left = r->head->pack_bytes - (uint64_t)block * r->head->block_bytes;
    return left < r->head->block_bytes ? (size_t)left : r->head->block_bytes;
}

/* Reads `count` blocks of the pack into the buffer, the last one of the pack padded. */
static ex_code read_blocks(struct run *r, uint32_t first, uint32_t count, bool strict,
                           struct ex_error *err) {
    size_t b = r->head->block_bytes, size = (count - 1) * b + block_size(r, first + count - 1);
    uint64_t at = (uint64_t)first * b;
    memset(r->buffer + size, 0, count * b - size);
    EX_TRY(strict ? pack_read_direct(r->pack->fd, r->pack->method, r->buffer, size, at,
                                     r->pack->name, err)
                  : read_what_is_there(r->pack, r->buffer, size, at, err));
    return ex_progress_step(r->progress, size, err);
}

static uint8_t *sum_of(const struct run *r, uint32_t row, uint32_t group_in_window) {
    return r->sum + ((size_t)row * r->window + group_in_window) * r->head->block_bytes;
}

static void add_to_sums(const struct run *r, uint32_t j, uint32_t group_in_window, uint8_t *data) {
    uint8_t *row[PARITY_SHARDS_MAX];
    for (uint32_t i = 0; i < r->head->m; i++)
        row[i] = sum_of(r, i, group_in_window);
    ec_encode_data_update((int)r->head->block_bytes, (int)r->head->k, (int)r->head->m, (int)j,
                          r->tables, data, row);
}

/* What to do with a block of the pack; *ret_use: it belongs into the sums. */
typedef ex_code block_fn(struct run *r, uint32_t block, const uint8_t *data, bool *ret_use,
                         struct ex_error *err);

/* Row j of a window: `count` blocks next to each other. */
static ex_code walk_row(struct run *r, uint32_t j, uint32_t group, uint32_t count, bool strict,
                        block_fn *each, struct ex_error *err) {
    size_t b = r->head->block_bytes;
    uint32_t first = j * r->head->groups + group, at_once = (uint32_t)(READ_BYTES / b);
    if (first >= r->n)
        return EX_OK;
    count = count < r->n - first ? count : r->n - first;
    for (uint32_t at = 0, part; at < count; at += part) {
        part = at_once < count - at ? at_once : count - at;
        EX_TRY(read_blocks(r, first + at, part, strict, err));
        for (uint32_t i = 0; i < part; i++) {
            bool use = false;
            EX_TRY(each(r, first + at + i, r->buffer + i * b, &use, err));
            if (use)
                add_to_sums(r, j, at + i, r->buffer + i * b);
        }
    }
    return EX_OK;
}

static ex_code walk_window(struct run *r, uint32_t group, uint32_t count, bool strict,
                           block_fn *each, struct ex_error *err) {
    if (r->sum != NULL)
        memset(r->sum, 0, (size_t)r->window * r->head->m * r->head->block_bytes);
    for (uint32_t j = 0; j < r->head->k; j++)
        EX_TRY(walk_row(r, j, group, count, strict, each, err));
    return EX_OK;
}

static uint32_t window_at(const struct run *r, uint32_t group) {
    uint32_t left = r->head->groups - group;
    return left < r->window ? left : r->window;
}

static uint64_t parity_block_at(const struct run *r, uint32_t parity_block) {
    return parity_copy_bytes(r->head) + (uint64_t)parity_block * r->head->block_bytes;
}

static bool has_hash(const struct run *r, const uint8_t *data, const uint8_t *hash) {
    uint8_t got[SHA256_BYTES];
    sha256_of(data, r->head->block_bytes, got);
    return memcmp(got, hash, sizeof got) == 0;
}

/* ---- making ---- */

static ex_code encode_block(struct run *r, uint32_t block, const uint8_t *data, bool *ret_use,
                            struct ex_error *err) {
    (void)err;
    sha256_of(data, r->head->block_bytes, parity_data_hash(r->file, block));
    *ret_use = true;
    return EX_OK;
}

static ex_code write_sums(struct run *r, uint32_t group, uint32_t count, struct ex_error *err) {
    size_t b = r->head->block_bytes;
    for (uint32_t i = 0; i < r->head->m; i++) {
        uint32_t first = i * r->head->groups + group;
        for (uint32_t g = 0; g < count; g++)
            sha256_of(sum_of(r, i, g), b, parity_parity_hash(r->file, first + g));
        EX_TRY(ex_write_at(r->to_fd, sum_of(r, i, 0), count * b, parity_block_at(r, first),
                           r->to_name, err));
    }
    return EX_OK;
}

ex_code parity_encode(struct parity_file *f, const struct parity_input *pack, int to_fd,
                      const char *to_name, struct ex_progress *progress, struct ex_error *err) {
    struct run r = {.file = f, .head = &f->head, .pack = pack, .to_fd = to_fd};
    r.to_name = to_name;
    r.progress = progress;
    ex_code code = run_begin(&r, true, err);
    for (uint32_t g = 0; code == EX_OK && g < r.head->groups; g += r.window) {
        code = walk_window(&r, g, window_at(&r, g), true, encode_block, err);
        if (code == EX_OK)
            code = write_sums(&r, g, window_at(&r, g), err);
    }
    run_clear(&r);
    EX_TRY(code);
    return parity_file_write(f, to_fd, to_name, err);
}

/* ---- comparing ---- */

static ex_code compare_block(struct run *r, uint32_t block, const uint8_t *data, bool *ret_use,
                             struct ex_error *err) {
    bool good = has_hash(r, data, parity_data_hash(r->file, block));
    r->state[block] = good ? BLOCK_GOOD : BLOCK_BAD;
    if (r->to_fd < 0)
        return EX_OK;
    *ret_use = good;
    return ex_write_at(r->to_fd, data, block_size(r, block), (uint64_t)block * r->head->block_bytes,
                       r->to_name, err);
}

static ex_code compare_parity(struct run *r, struct ex_error *err) {
    size_t b = r->head->block_bytes;
    uint32_t at_once = (uint32_t)(READ_BYTES / b), count = parity_parity_count(r->head);
    for (uint32_t at = 0, part; at < count; at += part) {
        part = at_once < count - at ? at_once : count - at;
        EX_TRY(read_what_is_there(r->par, r->buffer, part * b, parity_block_at(r, at), err));
        for (uint32_t i = 0; i < part; i++)
            r->par_bad[at + i] =
                !has_hash(r, r->buffer + i * b, parity_parity_hash(r->file, at + i));
        EX_TRY(ex_progress_step(r->progress, part * b, err));
    }
    return EX_OK;
}

/* The bad blocks of a group by their numbers in it; at most k. */
static uint32_t bad_of_group(const struct run *r, uint32_t group, uint32_t *ret_j) {
    uint32_t count = 0;
    for (uint32_t j = 0; j < r->head->k; j++) {
        uint32_t block = j * r->head->groups + group;
        if (block < r->n && r->state[block] != BLOCK_GOOD)
            ret_j[count++] = j;
    }
    return count;
}

static uint32_t good_parity_of_group(const struct run *r, uint32_t group) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->head->m; i++)
        count += !r->par_bad[i * r->head->groups + group];
    return count;
}

static void lose(struct run *r, uint32_t group, const uint32_t *j, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        r->state[j[i] * r->head->groups + group] = BLOCK_LOST;
}

/* ---- mending ---- */

/* Turns the sums of `need` rows into sums of the bad blocks alone, by taking their parity blocks,
 * read again and checked again, away from them. Gives how many rows there are. */
static ex_code take_rows(struct run *r, uint32_t group, uint32_t group_in_window, uint32_t need,
                         uint32_t *ret_row, uint32_t *ret_count, struct ex_error *err) {
    size_t b = r->head->block_bytes;
    *ret_count = 0;
    for (uint32_t i = 0; i < r->head->m && *ret_count < need; i++) {
        uint32_t parity_block = i * r->head->groups + group;
        uint8_t *sum = sum_of(r, i, group_in_window);
        if (r->par_bad[parity_block])
            continue;
        EX_TRY(read_what_is_there(r->par, r->buffer, b, parity_block_at(r, parity_block), err));
        r->par_bad[parity_block] =
            !has_hash(r, r->buffer, parity_parity_hash(r->file, parity_block));
        if (r->par_bad[parity_block])
            continue;
        for (size_t at = 0; at < b; at++)
            sum[at] ^= r->buffer[at];
        ret_row[(*ret_count)++] = i;
    }
    return EX_OK;
}

/* The tables that turn `count` such sums into the bad blocks; the caller frees. */
static ex_code solve(const struct run *r, const uint32_t *row, const uint32_t *j, uint32_t count,
                     uint8_t **ret_tables, struct ex_error *err) {
    size_t k = r->head->k, square = (size_t)count * count;
    EX_AUTO_FREE uint8_t *matrix = NULL;
    EX_AUTO_FREE uint8_t *tables = NULL;
    EX_TRY(ex_alloc(square, 2, WINDOW_BYTES, "a matrix", &matrix, err));
    EX_TRY(ex_alloc(square, TABLE_BYTES, WINDOW_BYTES, "a matrix", &tables, err));
    for (size_t x = 0; x < count; x++)
        for (size_t y = 0; y < count; y++)
            matrix[x * count + y] = r->matrix[(k + row[x]) * k + j[y]];
    if (gf_invert_matrix(matrix, matrix + square, (int)count) != 0)
        return ex_fail(err, EX_INTERNAL, "a matrix of the parity code cannot be inverted");
    ec_init_tables((int)count, (int)count, matrix + square, tables);
    *ret_tables = ex_steal(&tables);
    return EX_OK;
}

/* A block counts as mended only with the hash of the list. */
static ex_code put_mended(struct run *r, uint32_t block, const uint8_t *data,
                          struct ex_error *err) {
    if (!has_hash(r, data, parity_data_hash(r->file, block))) {
        r->state[block] = BLOCK_LOST;
        return EX_OK;
    }
    return ex_write_at(r->to_fd, data, block_size(r, block), (uint64_t)block * r->head->block_bytes,
                       r->to_name, err);
}

static ex_code mend_group(struct run *r, uint32_t group, uint32_t group_in_window,
                          struct ex_error *err) {
    uint32_t j[PARITY_SHARDS_MAX], row[PARITY_SHARDS_MAX], rows;
    uint8_t *from[PARITY_SHARDS_MAX], *to[PARITY_SHARDS_MAX];
    EX_AUTO_FREE uint8_t *tables = NULL;
    EX_AUTO_FREE uint8_t *mended = NULL;
    size_t b = r->head->block_bytes;
    uint32_t bad = bad_of_group(r, group, j);
    if (bad == 0)
        return EX_OK;
    EX_TRY(take_rows(r, group, group_in_window, bad, row, &rows, err));
    if (rows < bad) {
        lose(r, group, j, bad);
        return EX_OK;
    }
    EX_TRY(solve(r, row, j, bad, &tables, err));
    EX_TRY(ex_alloc(bad, b, SOLVE_BYTES, "mended blocks", &mended, err));
    for (uint32_t i = 0; i < bad; i++) {
        from[i] = sum_of(r, row[i], group_in_window);
        to[i] = mended + i * b;
    }
    ec_encode_data((int)b, (int)bad, (int)bad, tables, from, to);
    for (uint32_t i = 0; i < bad; i++)
        EX_TRY(put_mended(r, j[i] * r->head->groups + group, to[i], err));
    return EX_OK;
}

static ex_code judge_window(struct run *r, uint32_t group, uint32_t count, struct ex_error *err) {
    uint32_t j[PARITY_SHARDS_MAX];
    for (uint32_t g = 0; g < count; g++) {
        uint32_t bad = bad_of_group(r, group + g, j);
        if (bad > good_parity_of_group(r, group + g))
            lose(r, group + g, j, bad);
        else if (r->to_fd >= 0)
            EX_TRY(mend_group(r, group + g, g, err));
    }
    return EX_OK;
}

/* ---- the report ---- */

static ex_code add_block(const struct run *r, uint32_t block, struct source_range **list,
                         size_t *count, size_t *capacity, struct ex_error *err) {
    uint64_t offset = (uint64_t)block * r->head->block_bytes;
    struct source_range *last = *count > 0 ? &(*list)[*count - 1] : NULL;
    if (last != NULL && last->offset + last->length == offset) {
        last->length += block_size(r, block);
        return EX_OK;
    }
    EX_TRY(ex_grow(list, capacity, *count + 1, sizeof **list, PARITY_BLOCKS_MAX * sizeof **list,
                   "damaged ranges", err));
    (*list)[(*count)++] = (struct source_range){.offset = offset, .length = block_size(r, block)};
    return EX_OK;
}

static ex_code report_blocks(const struct run *r, struct vault_parity_report *ret,
                             struct ex_error *err) {
    size_t bad_capacity = 0, lost_capacity = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->state[i] == BLOCK_GOOD)
            continue;
        ret->blocks_bad++;
        EX_TRY(add_block(r, i, &ret->bad, &ret->bad_count, &bad_capacity, err));
        if (r->state[i] == BLOCK_LOST)
            EX_TRY(add_block(r, i, &ret->lost, &ret->lost_count, &lost_capacity, err));
    }
    return EX_OK;
}

static ex_code report(const struct run *r, struct vault_parity_report *ret, struct ex_error *err) {
    uint32_t j[PARITY_SHARDS_MAX];
    ret->pack_bytes = r->head->pack_bytes;
    ret->found_bytes = r->pack->fd >= 0 ? r->pack->size_bytes : 0;
    ret->copies_sound = r->file->copies_sound;
    ret->blocks = r->n;
    ret->parity_blocks = parity_parity_count(r->head);
    ret->groups = r->head->groups;
    for (uint32_t i = 0; i < ret->parity_blocks; i++)
        ret->parity_blocks_bad += r->par_bad[i];
    for (uint32_t g = 0; g < ret->groups; g++) {
        uint32_t bad = bad_of_group(r, g, j), lost = 0;
        for (uint32_t i = 0; i < bad; i++)
            lost += r->state[j[i] * r->head->groups + g] == BLOCK_LOST;
        ret->groups_hurt += bad > 0;
        ret->groups_lost += lost > 0;
    }
    return report_blocks(r, ret, err);
}

void vault_parity_report_clear(struct vault_parity_report *r) {
    free(r->bad);
    free(r->lost);
    *r = (struct vault_parity_report){0};
}

bool vault_parity_report_sound(const struct vault_parity_report *r) {
    return r->blocks_bad == 0 && r->found_bytes == r->pack_bytes;
}

static ex_code compare(struct run *r, struct vault_parity_report *ret, struct ex_error *err) {
    EX_TRY(run_begin(r, r->to_fd >= 0, err));
    EX_TRY(compare_parity(r, err));
    for (uint32_t g = 0; g < r->head->groups; g += r->window) {
        EX_TRY(walk_window(r, g, window_at(r, g), false, compare_block, err));
        EX_TRY(judge_window(r, g, window_at(r, g), err));
    }
    return report(r, ret, err);
}

ex_code parity_compare(const struct parity_file *f, const struct parity_input *pack,
                       const struct parity_input *par, int to_fd, const char *to_name,
                       struct ex_progress *progress, struct vault_parity_report *ret,
                       struct ex_error *err) {
    struct run r = {.file = f, .head = &f->head, .pack = pack, .par = par, .to_fd = to_fd};
    struct vault_parity_report got = {0};
    r.to_name = to_name;
    r.progress = progress;
    ex_code code = compare(&r, &got, err);
    run_clear(&r);
    if (code != EX_OK) {
        vault_parity_report_clear(&got);
        return code;
    }
    *ret = got;
    return EX_OK;
}

ex_code parity_read_back(const struct parity_file *f, const struct parity_input *par,
                         struct ex_error *err) {
    struct run r = {.file = f, .head = &f->head, .par = par, .to_fd = -1};
    uint32_t bad = 0;
    ex_code code = run_begin(&r, false, err);
    if (code == EX_OK)
        code = compare_parity(&r, err);
    for (uint32_t i = 0; code == EX_OK && i < parity_parity_count(r.head); i++)
        bad += r.par_bad[i];
    run_clear(&r);
    EX_TRY(code);
    if (bad > 0 || f->copies_sound != 2)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "what was read back of \"%s\" is not what was written", par->name),
                       err,
                       "the disk does not keep what it is given: copy the vault to another one");
    return EX_OK;
}
