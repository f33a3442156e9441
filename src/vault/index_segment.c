/* SPDX-License-Identifier: Apache-2.0 */
/* One index segment, read: format/vault §5.2, §5.3. Nothing in it is believed: whoever follows a
 * place recomputes the id there. */
#include "vault/index_internal.h"

#include "base/bytes.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t INDEX_MAGIC[8] = {'E', 'X', 'H', 'I', 'D', 'X', 2, 0};
enum { HEAD_HASHED_BYTES = INDEX_DATA_BYTES - SHA256_BYTES, GUESSES = 4 };

/* ---- keys ---- */

static uint64_t big_endian(const uint8_t *from) {
    uint64_t v = 0;
    for (int k = 0; k < 8; k++)
        v = v << 8 | from[k];
    return v;
}

struct index_key index_key_of(const uint8_t *id) {
    return (struct index_key){big_endian(id), big_endian(id + 8)};
}

int index_key_compare(const struct index_key *a, const struct index_key *b) {
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return a->low == b->low ? 0 : a->low < b->low ? -1 : 1;
}

int index_entry_compare(const void *first, const void *second) {
    const struct index_entry *a = first, *b = second;
    int order = index_key_compare(&a->key, &b->key);
    if (order != 0)
        return order;
    if (a->pack != b->pack)
        return a->pack < b->pack ? -1 : 1;
    return a->offset == b->offset ? 0 : a->offset < b->offset ? -1 : 1;
}

int index_pack_compare(const void *a, const void *b) {
    return memcmp(((const struct index_pack *)a)->id, ((const struct index_pack *)b)->id,
                  VAULT_PACK_ID_BYTES);
}

uint64_t index_line_of(const struct index_key *key, uint64_t lines) {
    return (uint64_t)(((unsigned __int128)key->high * lines) >> 64);
}

static unsigned probe_of(const struct index_key *key, int k) {
    return (unsigned)(key->low >> (9 * k)) % (INDEX_LINE_BYTES * 8);
}

void index_line_add(uint8_t line[static INDEX_LINE_BYTES], const struct index_key *key) {
    for (int k = 0; k < INDEX_PROBES; k++)
        line[probe_of(key, k) / 8] |= (uint8_t)(1U << (probe_of(key, k) % 8));
}

bool index_line_may_have(const uint8_t *line, const struct index_key *key) {
    for (int k = 0; k < INDEX_PROBES; k++)
        if ((line[probe_of(key, k) / 8] >> (probe_of(key, k) % 8) & 1) == 0)
            return false;
    return true;
}

/* ---- the header ---- */

static uint64_t pages_for(uint64_t count, uint64_t in_page) {
    return count / in_page + (count % in_page != 0);
}

void segment_head_place(struct segment_head *h) {
    h->pack_page = 1;
    h->line_page = h->pack_page + pages_for(h->packs, INDEX_PACKS_IN_PAGE);
    h->entry_page = h->line_page + pages_for(h->lines, INDEX_LINES_IN_PAGE);
    h->pages = h->entry_page + pages_for(h->entries, INDEX_ENTRIES_IN_PAGE);
}

void segment_head_write(const struct segment_head *h, uint8_t page[static INDEX_PAGE_BYTES]) {
    memset(page, 0, INDEX_PAGE_BYTES);
    memcpy(page, INDEX_MAGIC, sizeof INDEX_MAGIC);
    ex_put_le64(page + 8, h->epoch);
    memcpy(page + 16, h->id, sizeof h->id);
    ex_put_le64(page + 48, h->entries);
    ex_put_le64(page + 56, h->lines);
    ex_put_le32(page + 64, h->packs);
    sha256_of(page, HEAD_HASHED_BYTES, page + HEAD_HASHED_BYTES);
}

bool segment_head_parse(const uint8_t page[static INDEX_PAGE_BYTES], uint64_t file_bytes,
                        struct segment_head *ret) {
    struct ex_cursor c = ex_cursor_make(page, INDEX_PAGE_BYTES);
    uint8_t hash[SHA256_BYTES];
    uint64_t file_pages = file_bytes / INDEX_PAGE_BYTES;
    sha256_of(page, HEAD_HASHED_BYTES, hash);
    if (memcmp(ex_cursor_bytes(&c, 8), INDEX_MAGIC, 8) != 0 ||
        memcmp(hash, page + HEAD_HASHED_BYTES, sizeof hash) != 0)
        return false;
    ret->epoch = ex_cursor_le64(&c);
    ex_cursor_copy(&c, ret->id, sizeof ret->id);
    ret->entries = ex_cursor_le64(&c);
    ret->lines = ex_cursor_le64(&c);
    ret->packs = ex_cursor_le32(&c);
    segment_head_place(ret); /* cannot overflow: each part is at most 2^64 / 63 */
    return ret->packs <= INDEX_PACKS_MAX && ret->pages == file_pages &&
           file_bytes % INDEX_PAGE_BYTES == 0 && file_pages <= (uint64_t)UINT32_MAX + 1;
}

/* ---- opening ---- */

/* A segment that is no segment stays in the list, dead: a vault must open with one, to be read as
 * far as it goes and to be rebuilt. */
static void segment_die(struct segment *s) {
    s->state = SEGMENT_DEAD;
    s->hurt = true;
    s->head = (struct segment_head){0};
}

ex_code segment_open(struct vault_index *i, const char *name, struct segment **ret,
                     struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    struct stat st;
    uint8_t page[INDEX_PAGE_BYTES];
    EX_TRY(ex_open_at(i->dir_fd, name, O_RDONLY | O_NONBLOCK, &fd, err));
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    struct segment *s = ex_new0(struct segment);
    (void)snprintf(s->name, sizeof s->name, "%.*s", SEGMENT_NAME_BYTES - 1, name);
    s->serial = ++i->serials;
    s->fd = ex_steal_fd(&fd);
    if (!S_ISREG(st.st_mode) || ex_read_at(s->fd, page, sizeof page, 0, name, NULL) != EX_OK ||
        !segment_head_parse(page, (uint64_t)st.st_size, &s->head) ||
        (s->head.epoch != 0) != i->encrypted)
        segment_die(s);
    *ret = s;
    return EX_OK;
}

void segment_shut(struct segment *s) {
    page_codec_close(&s->codec);
    free(s->pack);
    s->pack = NULL;
    if (s->head.pages == 0)
        return; /* no key can help */
    s->state = SEGMENT_SHUT;
    s->hurt = false;
}

void segment_free(struct segment *s) {
    if (s == NULL)
        return;
    segment_shut(s);
    ex_fd_close(s->fd);
    free(s);
}

void segment_read_pages(struct segment *s, uint64_t first, size_t count, uint8_t *to,
                        bool *ret_good) {
    bool whole = ex_read_at(s->fd, to, count * INDEX_PAGE_BYTES, first * INDEX_PAGE_BYTES, s->name,
                            NULL) == EX_OK;
    for (size_t k = 0; k < count; k++) {
        uint8_t *page = to + k * INDEX_PAGE_BYTES;
        ret_good[k] =
            (whole || ex_read_at(s->fd, page, INDEX_PAGE_BYTES, (first + k) * INDEX_PAGE_BYTES,
                                 s->name, NULL) == EX_OK) &&
            page_open(&s->codec, first + k, page);
        s->hurt |= !ret_good[k];
    }
}

/* A pack whose row is lost gets the id before it, so that the list stays in order. */
static void read_packs_of(struct segment *s, const uint8_t *page, bool good, uint32_t first) {
    struct ex_cursor c = ex_cursor_make(page, INDEX_DATA_BYTES);
    for (uint32_t n = first; n < s->head.packs && n < first + INDEX_PACKS_IN_PAGE; n++) {
        struct index_pack *p = &s->pack[n];
        ex_cursor_copy(&c, p->id, VAULT_PACK_ID_BYTES);
        p->read_back_ns = (int64_t)ex_cursor_le64(&c);
        p->lost = !good || (n > 0 && index_pack_compare(p - 1, p) > 0);
        if (!p->lost)
            continue;
        memset(p->id, 0, sizeof p->id);
        if (n > 0)
            memcpy(p->id, p[-1].id, sizeof p->id);
        s->hurt = true;
    }
}

static ex_code load(struct vault_index *i, struct segment *s, struct ex_error *err) {
    uint8_t page[INDEX_PAGE_BYTES];
    bool good;
    EX_TRY(page_codec_open(i->epochs, s->head.epoch, s->head.id, &s->codec, err));
    segment_read_pages(s, 0, 1, page, &good);
    if (!good)
        return ex_fail(err, EX_ALTERED, "the index segment \"%s\" is damaged", s->name);
    EX_TRY(ex_alloc(s->head.packs, sizeof *s->pack, EX_LIMIT_PACK_BYTES, "the packs of the index",
                    &s->pack, err));
    for (uint64_t p = s->head.pack_page; p < s->head.line_page; p++) {
        segment_read_pages(s, p, 1, page, &good);
        read_packs_of(s, page, good, (uint32_t)(p - s->head.pack_page) * INDEX_PACKS_IN_PAGE);
    }
    sodium_memzero(page, sizeof page);
    return EX_OK;
}

bool segment_ready(struct vault_index *i, struct segment *s) {
    if (s->state != SEGMENT_SHUT)
        return s->state == SEGMENT_READY;
    if (index_locked(i))
        return false;
    bool ready = load(i, s, NULL) == EX_OK;
    if (!ready)
        segment_shut(s);
    s->state = ready ? SEGMENT_READY : SEGMENT_DEAD;
    s->hurt |= !ready;
    return ready;
}

bool segment_has_pack(const struct segment *s, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    struct index_pack wanted = {0};
    memcpy(wanted.id, id, sizeof wanted.id);
    return s->state == SEGMENT_READY && s->head.packs > 0 &&
           bsearch(&wanted, s->pack, s->head.packs, sizeof *s->pack, index_pack_compare) != NULL;
}

/* ---- looking up ---- */

/* The data of a page; NULL when it is damaged. Valid until the next call. */
static const uint8_t *page_at(struct vault_index *i, struct segment *s, uint64_t number) {
    bool known, good, *damaged;
    uint8_t *page = page_cache_slot(i->cache, s->serial, (uint32_t)number, &known, &damaged);
    if (!known) {
        segment_read_pages(s, number, 1, page, &good);
        *damaged = !good;
    }
    return *damaged ? NULL : page;
}

enum filter_answer segment_filter(struct vault_index *i, struct segment *s,
                                  const struct index_key *key) {
    if (s->head.lines == 0)
        return FILTER_SILENT;
    uint64_t line = index_line_of(key, s->head.lines);
    const uint8_t *page = page_at(i, s, s->head.line_page + line / INDEX_LINES_IN_PAGE);
    if (page == NULL)
        return FILTER_SILENT;
    page += line % INDEX_LINES_IN_PAGE * INDEX_LINE_BYTES;
    return index_line_may_have(page, key) ? FILTER_MAYBE : FILTER_NO;
}

void index_entry_read(const uint8_t *page, size_t at, struct index_entry *ret) {
    struct ex_cursor c =
        ex_cursor_make(page + at * INDEX_ENTRY_BYTES, INDEX_DATA_BYTES - at * INDEX_ENTRY_BYTES);
    ret->key = index_key_of(ex_cursor_bytes(&c, 16));
    ret->pack = ex_cursor_le32(&c);
    ret->offset = ex_cursor_le32(&c);
}

size_t segment_entries_in_page(const struct segment *s, uint64_t page) {
    uint64_t left = s->head.entries - page * INDEX_ENTRIES_IN_PAGE;
    return left < INDEX_ENTRIES_IN_PAGE ? (size_t)left : INDEX_ENTRIES_IN_PAGE;
}

/* A stretch of the pages of entries, and the keys at its ends as far as they are known. */
struct stretch {
    uint64_t low, high;
    uint64_t low_key, high_key;
};

/* Ids are hashes, so their place can be guessed; where somebody chose them so that it cannot, the
 * stretch is halved instead. */
static uint64_t guess(const struct stretch *t, const struct index_key *key, int tries) {
    uint64_t size = t->high - t->low;
    if (tries >= GUESSES || key->high < t->low_key || key->high >= t->high_key)
        return t->low + size / 2;
    unsigned __int128 part = (unsigned __int128)(key->high - t->low_key) * size;
    return t->low + (uint64_t)(part / ((unsigned __int128)(t->high_key - t->low_key) + 1));
}

/* The first sound page whose last entry is not below key. Where pages are damaged, the next sound
 * one answers for them. */
static bool find_page(struct vault_index *i, struct segment *s, const struct index_key *key,
                      uint64_t *ret) {
    struct stretch t = {.high = s->head.pages - s->head.entry_page, .high_key = UINT64_MAX};
    bool found = false;
    for (int tries = 0; t.low < t.high; tries++) {
        uint64_t middle = guess(&t, key, tries), page = middle;
        const uint8_t *data = NULL;
        struct index_entry first, last;
        while (page < t.high && (data = page_at(i, s, s->head.entry_page + page)) == NULL)
            page++;
        if (data == NULL) {
            t.high = middle;
            continue;
        }
        index_entry_read(data, 0, &first);
        index_entry_read(data, segment_entries_in_page(s, page) - 1, &last);
        if (index_key_compare(&last.key, key) < 0) {
            t.low = page + 1;
            t.low_key = last.key.high;
            continue;
        }
        found = true;
        *ret = page;
        if (index_key_compare(&first.key, key) < 0)
            return true;
        t.high = middle;
        t.high_key = first.key.high;
    }
    return found;
}

bool segment_lower(struct vault_index *i, struct segment *s, const struct index_key *key,
                   uint64_t *ret) {
    uint64_t page;
    if (!find_page(i, s, key, &page))
        return false;
    const uint8_t *data = page_at(i, s, s->head.entry_page + page);
    size_t low = 0, high = data != NULL ? segment_entries_in_page(s, page) : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct index_entry e;
        index_entry_read(data, middle, &e);
        if (index_key_compare(&e.key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = page * INDEX_ENTRIES_IN_PAGE + low;
    return data != NULL;
}

bool segment_entry(struct vault_index *i, struct segment *s, uint64_t number,
                   struct index_entry *ret) {
    if (number >= s->head.entries)
        return false;
    const uint8_t *data = page_at(i, s, s->head.entry_page + number / INDEX_ENTRIES_IN_PAGE);
    if (data == NULL)
        return false;
    index_entry_read(data, number % INDEX_ENTRIES_IN_PAGE, ret);
    return true;
}
