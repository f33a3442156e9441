/* SPDX-License-Identifier: Apache-2.0 */
/* Index segments: format/vault §5. They are mapped, immutable, and checked for their shape when
 * they are opened; nothing in them is believed: whoever follows a place recomputes the id there. */
#include "base/bytes.h"
#include "vault/vault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const uint8_t INDEX_MAGIC[8] = {'E', 'X', 'H', 'I', 'D', 'X', 1, 0};
enum {
    INDEX_HEADER_BYTES = 64,
    INDEX_PACK_BYTES = 40,
    INDEX_ENTRY_BYTES = 40,
    SEGMENTS_MAX = 4096,
    SEGMENT_NAME_BYTES = 16 + 4 + 1,
    MERGE_ABOVE = 8,
    MERGE_FACTOR = 4,
    WRITE_BUFFER_BYTES = 1 << 20,
    ABANDONED_AFTER_S = 24 * 3600,
    SETTLED_AFTER_S = 3 /* no file system's time stamps are coarser than two seconds */
};

struct segment {
    char name[SEGMENT_NAME_BYTES];
    const uint8_t *map; /* NULL: damaged; entries and packs are 0 then */
    size_t map_bytes;
    uint64_t entries;
    uint32_t packs;
    bool keep;
};

struct vault_index {
    const struct epochs *epochs;
    size_t old_count; /* see index_note_old() */
    char (*old)[SEGMENT_NAME_BYTES];
    int dir_fd;
    struct timespec seen;
    size_t count, damaged;
    struct segment segment[SEGMENTS_MAX];
};

static const uint8_t *segment_pack(const struct segment *s, uint32_t i) {
    return s->map + INDEX_HEADER_BYTES + (size_t)i * INDEX_PACK_BYTES;
}

static const uint8_t *segment_entry(const struct segment *s, uint64_t i) {
    return s->map + INDEX_HEADER_BYTES + (size_t)s->packs * INDEX_PACK_BYTES +
           (size_t)i * INDEX_ENTRY_BYTES;
}

static bool segment_shape(struct segment *s) {
    struct ex_cursor c = ex_cursor_make(s->map, s->map_bytes);
    const uint8_t *magic = ex_cursor_bytes(&c, 8);
    s->entries = ex_cursor_le64(&c);
    s->packs = ex_cursor_le32(&c);
    uint64_t left = s->map_bytes - INDEX_HEADER_BYTES;
    return magic != NULL && memcmp(magic, INDEX_MAGIC, 8) == 0 &&
           s->packs <= left / INDEX_PACK_BYTES && s->entries <= left / INDEX_ENTRY_BYTES &&
           s->packs * (uint64_t)INDEX_PACK_BYTES + s->entries * INDEX_ENTRY_BYTES == left;
}

static void segment_close(struct segment *s) {
    if (s->map != NULL)
        (void)munmap((void *)(uintptr_t)s->map, s->map_bytes);
    s->map = NULL;
    s->entries = 0;
    s->packs = 0;
}

/* A damaged segment stays in the list, empty: a vault must open with one, to be read as far as it
 * goes and to be rebuilt. */
static void segment_spoil(struct vault_index *i, struct segment *s) {
    segment_close(s);
    i->damaged++;
}

static ex_code segment_open(struct vault_index *i, const char *name, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    struct stat st;
    if (i->count == SEGMENTS_MAX)
        return ex_hint(
            ex_fail(err, EX_LIMIT, "there are more than %d index segments", SEGMENTS_MAX), err,
            "remove the files index/*.idx, which can be made again, and run: exhibit rebuild");
    EX_TRY(ex_open_at(i->dir_fd, name, O_RDONLY, &fd, err));
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    struct segment *s = &i->segment[i->count];
    *s = (struct segment){.map_bytes = (size_t)st.st_size, .keep = true};
    (void)snprintf(s->name, sizeof s->name, "%.*s", SEGMENT_NAME_BYTES - 1, name);
    if (S_ISREG(st.st_mode) && st.st_size >= INDEX_HEADER_BYTES) {
        void *map = mmap(NULL, s->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
            return ex_fail_sys(err, "could not map \"%s\"", name);
        s->map = map;
    }
    i->count++;
    if (s->map == NULL || !segment_shape(s))
        segment_spoil(i, s);
    return EX_OK;
}

static bool is_segment_name(const char *name) {
    size_t size = strlen(name);
    return size == 20 && strcmp(name + 16, ".idx") == 0;
}

/* Keeps the segments that are still there, opens the new ones, lets go of the rest. */
static ex_code scan(struct vault_index *i, DIR *dir, struct ex_error *err) {
    struct dirent *e;
    for (size_t k = 0; k < i->count; k++)
        i->segment[k].keep = false;
    while ((e = readdir(dir)) != NULL) {
        struct segment *known = NULL;
        if (!is_segment_name(e->d_name))
            continue;
        for (size_t k = 0; k < i->count && known == NULL; k++)
            if (strcmp(i->segment[k].name, e->d_name) == 0)
                known = &i->segment[k];
        if (known != NULL) {
            known->keep = true;
            continue;
        }
        struct ex_error why;
        ex_code code = segment_open(i, e->d_name, &why);
        if (code == EX_OK || code == EX_NOT_FOUND) /* merged away by another process just now */
            continue;
        if (err != NULL)
            *err = why;
        return code;
    }
    size_t kept = 0;
    i->damaged = 0;
    for (size_t k = 0; k < i->count; k++) {
        if (!i->segment[k].keep) {
            segment_close(&i->segment[k]);
            continue;
        }
        i->damaged += i->segment[k].map == NULL;
        i->segment[kept++] = i->segment[k];
    }
    i->count = kept;
    return EX_OK;
}

static ex_code scan_once(struct vault_index *i, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(i->dir_fd, ".", O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return ex_fail_sys(err, "could not list the index");
    (void)ex_steal_fd(&fd);
    ex_code code = scan(i, dir, err);
    closedir(dir);
    return code;
}

/* Was the directory left alone for so long that a change from now on will show in its time stamp?
 */
static bool settled(struct timespec modified) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - modified.tv_sec > SETTLED_AFTER_S;
}

/* A listing is not a snapshot: while segments are merged, one may miss both the merged ones and
 * the new one. A second listing cannot, as the new one was there before the old ones went. */
ex_code index_refresh(struct vault_index *i, struct ex_error *err) {
    struct stat st;
    if (fstat(i->dir_fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the index");
    if (i->seen.tv_sec == st.st_mtim.tv_sec && i->seen.tv_nsec == st.st_mtim.tv_nsec)
        return EX_OK;
    bool quiet = settled(st.st_mtim);
    EX_TRY(scan_once(i, err));
    if (!quiet)
        EX_TRY(scan_once(i, err));
    i->seen = quiet ? st.st_mtim : (struct timespec){0};
    return EX_OK;
}

ex_code index_open(int dir_fd, struct vault_index **ret, struct ex_error *err) {
    struct vault_index *i = ex_new0(struct vault_index);
    i->dir_fd = dir_fd;
    ex_code code = index_refresh(i, err);
    if (code != EX_OK) {
        index_close(i);
        return code;
    }
    *ret = i;
    return EX_OK;
}

void index_close(struct vault_index *i) {
    if (i == NULL)
        return;
    for (size_t k = 0; k < i->count; k++)
        segment_close(&i->segment[k]);
    free(i->old);
    free(i);
}

void index_set_epochs(struct vault_index *i, const struct epochs *e) {
    i->epochs = e;
}

static uint64_t id_prefix(const uint8_t *id) {
    uint64_t v = 0;
    for (int k = 0; k < 8; k++)
        v = v << 8 | id[k];
    return v;
}

/* The first entry that is not below id; ids are hashes, so its place can be guessed: search near
 * the guess if it is there, else everywhere. */
static uint64_t segment_lower(const struct segment *s, const uint8_t *id) {
    uint64_t low = 0, high = s->entries;
    uint64_t guess = (uint64_t)(((unsigned __int128)id_prefix(id) * s->entries) >> 64);
    uint64_t reach = 64 + s->entries / 4096;
    uint64_t near_low = guess > reach ? guess - reach : 0;
    uint64_t near_high = guess + reach < s->entries ? guess + reach : s->entries;
    if (near_low < near_high && memcmp(segment_entry(s, near_low), id, SHA256_BYTES) < 0 &&
        memcmp(segment_entry(s, near_high - 1), id, SHA256_BYTES) >= 0) {
        low = near_low;
        high = near_high;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (memcmp(segment_entry(s, middle), id, SHA256_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool place_at(const struct segment *s, uint64_t at, struct index_place *ret) {
    struct ex_cursor c = ex_cursor_make(segment_entry(s, at) + SHA256_BYTES, 8);
    uint32_t pack = ex_cursor_le32(&c);
    ret->offset = ex_cursor_le32(&c);
    if (pack >= s->packs)
        return false;
    c = ex_cursor_make(segment_pack(s, pack), INDEX_PACK_BYTES);
    ex_cursor_copy(&c, ret->pack, VAULT_PACK_ID_BYTES);
    ret->read_back_ns = (int64_t)ex_cursor_le64(&c);
    return true;
}

bool index_next(const struct vault_index *i, const uint8_t id[static SHA256_BYTES],
                struct index_search *search, struct index_place *ret) {
    for (; search->segment < i->count; search->segment++, search->begun = false) {
        const struct segment *s = &i->segment[search->segment];
        if (!search->begun)
            search->at = segment_lower(s, id);
        search->begun = true;
        while (search->at < s->entries &&
               memcmp(segment_entry(s, search->at), id, SHA256_BYTES) == 0)
            if (place_at(s, search->at++, ret))
                return true;
    }
    return false;
}

bool index_find(const struct vault_index *i, const uint8_t id[static SHA256_BYTES],
                struct index_place *ret) {
    struct index_search search = {0};
    return index_next(i, id, &search, ret);
}

bool index_place_same(const struct index_place *a, const struct index_place *b) {
    return a->offset == b->offset && memcmp(a->pack, b->pack, VAULT_PACK_ID_BYTES) == 0;
}

static int by_id(const void *a, const void *b) {
    return memcmp(a, b, SHA256_BYTES);
}

static bool segments_have_pack(const struct vault_index *i, size_t segments, const uint8_t *id) {
    for (size_t k = 0; k < segments; k++) {
        const struct segment *s = &i->segment[k];
        if (s->packs > 0 && bsearch(id, segment_pack(s, 0), s->packs, INDEX_PACK_BYTES, by_id))
            return true;
    }
    return false;
}

bool index_has_pack(const struct vault_index *i, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    return segments_have_pack(i, i->count, id);
}

void index_each_pack(const struct vault_index *i,
                     void (*each)(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]),
                     void *context) {
    for (size_t k = 0; k < i->count; k++)
        for (uint32_t p = 0; p < i->segment[k].packs; p++)
            if (!segments_have_pack(i, k, segment_pack(&i->segment[k], p)))
                each(context, segment_pack(&i->segment[k], p));
}

size_t index_damaged(const struct vault_index *i) {
    return i->damaged;
}

void index_counts(const struct vault_index *i, uint64_t *ret_segments, uint64_t *ret_entries) {
    *ret_segments = i->count;
    *ret_entries = 0;
    for (size_t k = 0; k < i->count; k++)
        *ret_entries += i->segment[k].entries;
}

/* A segment being written: buffered, hashed on the way. */
struct segment_writer {
    int fd;
    char temp[40];
    struct sha256 hash;
    uint8_t *buffer;
    size_t used;
    uint64_t at;
};

static ex_code writer_flush(struct segment_writer *w, struct ex_error *err) {
    EX_TRY(ex_write_at(w->fd, w->buffer, w->used, w->at, "an index segment", err));
    sha256_add(&w->hash, w->buffer, w->used);
    w->at += w->used;
    w->used = 0;
    return EX_OK;
}

static ex_code writer_add(struct segment_writer *w, const uint8_t *data, size_t size_bytes,
                          struct ex_error *err) {
    if (w->used + size_bytes > WRITE_BUFFER_BYTES)
        EX_TRY(writer_flush(w, err));
    memcpy(w->buffer + w->used, data, size_bytes);
    w->used += size_bytes;
    return EX_OK;
}

static ex_code writer_open(struct vault_index *i, struct segment_writer *w, struct ex_error *err) {
    *w = (struct segment_writer){.fd = -1, .at = INDEX_HEADER_BYTES};
    (void)snprintf(w->temp, sizeof w->temp, "%08x%08x.tmp", randombytes_random(),
                   randombytes_random());
    EX_TRY(
        ex_alloc(WRITE_BUFFER_BYTES, 1, WRITE_BUFFER_BYTES, "an index segment", &w->buffer, err));
    sha256_start(&w->hash);
    return ex_open_at(i->dir_fd, w->temp, O_RDWR | O_CREAT | O_EXCL, &w->fd, err);
}

static ex_code writer_publish(struct vault_index *i, struct segment_writer *w, uint64_t entries,
                              uint32_t packs, struct ex_error *err) {
    uint8_t header[INDEX_HEADER_BYTES] = {0};
    char name[40];
    EX_TRY(writer_flush(w, err));
    memcpy(header, INDEX_MAGIC, sizeof INDEX_MAGIC);
    ex_put_le64(header + 8, entries);
    ex_put_le32(header + 16, packs);
    sha256_end(&w->hash, header + 32);
    EX_TRY(ex_write_at(w->fd, header, sizeof header, 0, "an index segment", err));
    EX_TRY(ex_sync_fd(w->fd, "an index segment", err));
    memcpy(name, w->temp, 16);
    memcpy(name + 16, ".idx", 5);
    return ex_publish(i->dir_fd, w->temp, i->dir_fd, name, err);
}

static void writer_close(struct vault_index *i, struct segment_writer *w) {
    if (w->fd >= 0)
        (void)unlinkat(i->dir_fd, w->temp, 0); /* already renamed when it was published */
    ex_fd_close(w->fd);
    free(w->buffer);
}

struct sort_row {
    uint8_t bytes[INDEX_ENTRY_BYTES];
};

static ex_code write_list(struct vault_index *i, struct segment_writer *w,
                          const struct pack_list *list, struct ex_error *err) {
    EX_AUTO_FREE struct sort_row *row = NULL;
    uint8_t pack[INDEX_PACK_BYTES];
    size_t count = 0;
    EX_TRY(ex_alloc(list->entry_count + 1, sizeof *row, EX_LIMIT_PACK_BYTES, "an index segment",
                    &row, err));
    for (size_t r = 0; r < list->record_count; r++) {
        const struct pack_record *record = &list->record[r];
        for (size_t k = 0; k < record->count; k++, count++) {
            memcpy(row[count].bytes, list->entry[record->first + k].id, SHA256_BYTES);
            ex_put_le32(row[count].bytes + SHA256_BYTES, 0);
            ex_put_le32(row[count].bytes + SHA256_BYTES + 4, record->offset);
        }
    }
    qsort(row, count, sizeof *row, by_id);
    memcpy(pack, list->id, VAULT_PACK_ID_BYTES);
    ex_put_le64(pack + VAULT_PACK_ID_BYTES, (uint64_t)list->read_back_ns);
    EX_TRY(writer_add(w, pack, sizeof pack, err));
    for (size_t k = 0; k < count; k++)
        EX_TRY(writer_add(w, row[k].bytes, INDEX_ENTRY_BYTES, err));
    return writer_publish(i, w, count, 1, err);
}

ex_code index_publish(struct vault_index *i, const struct pack_list *list, struct ex_error *err) {
    struct segment_writer w;
    ex_code code = writer_open(i, &w, err);
    if (code == EX_OK)
        code = write_list(i, &w, list, err);
    writer_close(i, &w);
    return code;
}

/* ---- merging ---- */

struct merge {
    size_t count;
    struct segment *from[SEGMENTS_MAX];
    uint32_t *pack_at[SEGMENTS_MAX]; /* their pack number → ours */
    uint64_t at[SEGMENTS_MAX];
};

static ex_code merge_packs(struct merge *m, struct segment_writer *w, uint32_t *ret_packs,
                           struct ex_error *err) {
    uint32_t next[SEGMENTS_MAX] = {0}, packs = 0;
    for (;;) {
        const uint8_t *least = NULL;
        for (size_t k = 0; k < m->count; k++) {
            if (next[k] == m->from[k]->packs)
                continue;
            const uint8_t *p = segment_pack(m->from[k], next[k]);
            if (least == NULL || memcmp(p, least, VAULT_PACK_ID_BYTES) < 0)
                least = p;
        }
        if (least == NULL)
            break;
        EX_TRY(writer_add(w, least, INDEX_PACK_BYTES, err));
        for (size_t k = 0; k < m->count; k++)
            while (next[k] < m->from[k]->packs &&
                   memcmp(segment_pack(m->from[k], next[k]), least, VAULT_PACK_ID_BYTES) == 0)
                m->pack_at[k][next[k]++] = packs;
        packs++;
    }
    *ret_packs = packs;
    return EX_OK;
}

static ex_code merge_entries(struct merge *m, struct segment_writer *w, uint64_t *ret_entries,
                             struct ex_error *err) {
    uint64_t entries = 0;
    for (;;) {
        size_t from = m->count;
        for (size_t k = 0; k < m->count; k++) {
            if (m->at[k] == m->from[k]->entries)
                continue;
            if (from == m->count ||
                memcmp(segment_entry(m->from[k], m->at[k]),
                       segment_entry(m->from[from], m->at[from]), SHA256_BYTES) < 0)
                from = k;
        }
        if (from == m->count)
            break;
        uint8_t row[INDEX_ENTRY_BYTES];
        memcpy(row, segment_entry(m->from[from], m->at[from]++), sizeof row);
        struct ex_cursor c = ex_cursor_make(row + SHA256_BYTES, 4);
        uint32_t pack = ex_cursor_le32(&c);
        if (pack >= m->from[from]->packs)
            return ex_fail(err, EX_ALTERED, "the index segment \"%s\" is damaged",
                           m->from[from]->name);
        ex_put_le32(row + SHA256_BYTES, m->pack_at[from][pack]);
        EX_TRY(writer_add(w, row, sizeof row, err));
        entries++;
    }
    *ret_entries = entries;
    return EX_OK;
}

static ex_code merge_run(struct vault_index *i, struct merge *m, struct ex_error *err) {
    struct segment_writer w;
    uint32_t packs;
    uint64_t entries;
    ex_code code = writer_open(i, &w, err);
    for (size_t k = 0; code == EX_OK && k < m->count; k++)
        code = ex_alloc(m->from[k]->packs + 1, sizeof(uint32_t), EX_LIMIT_PACK_BYTES,
                        "an index merge", &m->pack_at[k], err);
    if (code == EX_OK)
        code = merge_packs(m, &w, &packs, err);
    if (code == EX_OK)
        code = merge_entries(m, &w, &entries, err);
    if (code == EX_OK)
        code = writer_publish(i, &w, entries, packs, err);
    for (size_t k = 0; k < m->count; k++) {
        if (code == EX_OK)
            (void)unlinkat(i->dir_fd, m->from[k]->name, 0);
        free(m->pack_at[k]);
    }
    writer_close(i, &w);
    return code;
}

/* The segments whose size is within a factor of the smallest one that has enough company. */
static void merge_choose(struct vault_index *i, struct merge *m) {
    for (size_t base = 0; base < i->count; base++) {
        uint64_t low = i->segment[base].entries, high = low * MERGE_FACTOR + 1;
        m->count = 0;
        for (size_t k = 0; k < i->count; k++)
            if (i->segment[k].map != NULL && i->segment[k].entries >= low &&
                i->segment[k].entries <= high)
                m->from[m->count++] = &i->segment[k];
        if (m->count > MERGE_ABOVE)
            return;
    }
    m->count = 0;
}

static bool segment_sound(const struct segment *s) {
    uint8_t hash[SHA256_BYTES];
    if (s->map == NULL)
        return false;
    sha256_of(s->map + INDEX_HEADER_BYTES, s->map_bytes - INDEX_HEADER_BYTES, hash);
    return memcmp(hash, s->map + 32, SHA256_BYTES) == 0;
}

/* A merge writes a new hash over what it copies, so damage must not get into it. */
static void merge_drop_damaged(struct vault_index *i, struct merge *m) {
    size_t sound = 0;
    for (size_t k = 0; k < m->count; k++) {
        if (segment_sound(m->from[k]))
            m->from[sound++] = m->from[k];
        else
            segment_spoil(i, m->from[k]);
    }
    m->count = sound;
}

ex_code index_merge(struct vault_index *i, struct ex_error *err) {
    EX_AUTO_FD int lock = -1;
    EX_AUTO_FREE struct merge *m = NULL;
    struct ex_error why;
    ex_code code = ex_lock(i->dir_fd, "lock", true, 0, &lock, &why);
    if (code == EX_BUSY)
        return EX_OK; /* another process is at it */
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    EX_TRY(index_refresh(i, err));
    m = ex_new0(struct merge);
    merge_choose(i, m);
    merge_drop_damaged(i, m);
    if (m->count < 2)
        return EX_OK;
    EX_TRY(merge_run(i, m, err));
    return index_refresh(i, err);
}

/* A temporary file that another process is not writing just now. */
static bool is_abandoned(const struct vault_index *i, const char *name) {
    struct stat st;
    return fstatat(i->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           time(NULL) - st.st_mtim.tv_sec > ABANDONED_AFTER_S;
}

/* The names of all segments; each 21 bytes with its NUL. */
static ex_code segment_names(int dir_fd, char (**ret)[SEGMENT_NAME_BYTES], size_t *ret_count,
                             struct ex_error *err) {
    EX_AUTO_FREE char(*name)[SEGMENT_NAME_BYTES] = NULL;
    size_t count = 0, capacity = 0;
    EX_AUTO_FD int fd = -1;
    struct dirent *e;
    EX_TRY(ex_open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return ex_fail_sys(err, "could not list the index");
    (void)ex_steal_fd(&fd);
    ex_code code = EX_OK;
    while (code == EX_OK && (e = readdir(dir)) != NULL) {
        if (!is_segment_name(e->d_name))
            continue;
        code = ex_grow(&name, &capacity, count + 1, SEGMENT_NAME_BYTES, EX_LIMIT_PACK_BYTES,
                       "the list of index segments", err);
        if (code == EX_OK)
            memcpy(name[count++], e->d_name, SEGMENT_NAME_BYTES);
    }
    closedir(dir);
    *ret = ex_steal(&name);
    *ret_count = count;
    return code;
}

ex_code index_note_old(struct vault_index *i, struct ex_error *err) {
    free(i->old);
    i->old = NULL;
    return segment_names(i->dir_fd, &i->old, &i->old_count, err);
}

ex_code index_replace(struct vault_index *i, struct vault_index *with, struct ex_error *err) {
    EX_AUTO_FREE char(*name)[SEGMENT_NAME_BYTES] = NULL;
    size_t count = 0;
    EX_TRY(segment_names(with->dir_fd, &name, &count, err));
    for (size_t k = 0; k < count; k++)
        EX_TRY(ex_publish(with->dir_fd, name[k], i->dir_fd, name[k], err));
    for (size_t k = 0; k < i->old_count; k++)
        (void)ex_remove(i->dir_fd, i->old[k], false);
    i->seen = (struct timespec){0};
    return index_refresh(i, err);
}

ex_code index_remove_all(struct vault_index *i, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    struct dirent *e;
    EX_TRY(ex_open_at(i->dir_fd, ".", O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return ex_fail_sys(err, "could not list the index");
    (void)ex_steal_fd(&fd);
    while ((e = readdir(dir)) != NULL) {
        const char *ending = strrchr(e->d_name, '.');
        if (ending == NULL || (strcmp(ending, ".idx") != 0 &&
                               (strcmp(ending, ".tmp") != 0 || !is_abandoned(i, e->d_name))))
            continue;
        if (unlinkat(i->dir_fd, e->d_name, 0) != 0 && errno != ENOENT) {
            ex_code code = ex_fail_sys(err, "could not remove \"index/%s\"", e->d_name);
            closedir(dir);
            return code;
        }
    }
    closedir(dir);
    for (size_t k = 0; k < i->count; k++)
        segment_close(&i->segment[k]);
    i->count = i->damaged = 0;
    i->seen = (struct timespec){0};
    return EX_OK;
}

ex_code index_check(const struct vault_index *i, void (*problem)(void *context, const char *text),
                    void *context, struct ex_error *err) {
    for (size_t k = 0; k < i->count; k++) {
        const struct segment *s = &i->segment[k];
        char text[160];
        if (segment_sound(s))
            continue;
        (void)snprintf(text, sizeof text,
                       "index segment %s is damaged; exhibit rebuild makes it anew", s->name);
        problem(context, text);
    }
    return EX_OK;
}
