/* SPDX-License-Identifier: Apache-2.0 */
/* The index: a directory of segments (format/vault §5). */
#include "vault/index_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ABANDONED_AFTER_S = 24 * 3600,
    SETTLED_AFTER_S = 3 /* no file system's time stamps are coarser than two seconds */
};

static bool ends_with(const char *name, const char *ending) {
    size_t size = strlen(name);
    return size == SEGMENT_NAME_BYTES - 1 && strcmp(name + 16, ending) == 0;
}

static struct segment *known_segment(const struct vault_index *i, const char *name) {
    for (size_t k = 0; k < i->count; k++)
        if (strcmp(i->segment[k]->name, name) == 0)
            return i->segment[k];
    return NULL;
}

static ex_code add_segment(struct vault_index *i, const char *name, struct ex_error *err) {
    struct segment *s = NULL;
    struct ex_error why;
    if (i->count == SEGMENTS_MAX)
        return ex_hint(
            ex_fail(err, EX_LIMIT, "there are more than %d index segments", SEGMENTS_MAX), err,
            "remove the files index/*.idx, which can be made again, and run: exhibit rebuild");
    EX_TRY(ex_grow(&i->segment, &i->capacity, i->count + 1, sizeof(struct segment *),
                   EX_LIMIT_CONFIG_BYTES, "the list of index segments", err));
    ex_code code = segment_open(i, name, &s, &why);
    if (code == EX_NOT_FOUND) /* merged away by another process just now */
        return EX_OK;
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    s->keep = true;
    i->segment[i->count++] = s;
    return EX_OK;
}

static int by_size(const void *a, const void *b) {
    const struct segment *const *x = a, *const *y = b;
    uint64_t first = (*x)->head.entries, second = (*y)->head.entries;
    return first == second ? 0 : first > second ? -1 : 1;
}

/* Keeps the segments that are still there, opens the new ones, lets go of the rest. */
static ex_code scan(struct vault_index *i, DIR *dir, struct ex_error *err) {
    struct dirent *e;
    size_t kept = 0;
    for (size_t k = 0; k < i->count; k++)
        i->segment[k]->keep = false;
    i->set_aside = 0;
    while ((e = readdir(dir)) != NULL) {
        i->set_aside += ends_with(e->d_name, ".bad");
        if (!ends_with(e->d_name, ".idx"))
            continue;
        struct segment *known = known_segment(i, e->d_name);
        if (known != NULL)
            known->keep = true;
        else
            EX_TRY(add_segment(i, e->d_name, err));
    }
    for (size_t k = 0; k < i->count; k++) {
        if (i->segment[k]->keep)
            i->segment[kept++] = i->segment[k];
        else
            segment_free(i->segment[k]);
    }
    i->count = kept;
    if (kept > 1)
        qsort(i->segment, kept, sizeof *i->segment, by_size);
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

ex_code index_open(int dir_fd, bool encrypted, struct vault_index **ret, struct ex_error *err) {
    struct vault_index *i = ex_new0(struct vault_index);
    i->dir_fd = dir_fd;
    i->encrypted = encrypted;
    i->cache = page_cache_new();
    ex_code code = index_refresh(i, err);
    if (code != EX_OK) {
        index_close(i);
        return code;
    }
    *ret = i;
    return EX_OK;
}

static void forget_segments(struct vault_index *i) {
    for (size_t k = 0; k < i->count; k++)
        segment_free(i->segment[k]);
    i->count = i->set_aside = 0;
    i->seen = (struct timespec){0};
}

void index_close(struct vault_index *i) {
    if (i == NULL)
        return;
    forget_segments(i);
    page_cache_free(i->cache);
    free(i->segment);
    free(i->old);
    free(i);
}

/* A segment that no old key fitted may be readable with the new ones. */
void index_set_epochs(struct vault_index *i, const struct epochs *e) {
    if (i->encrypted) {
        for (size_t k = 0; k < i->count; k++)
            segment_shut(i->segment[k]);
        page_cache_free(i->cache);
        i->cache = page_cache_new();
    }
    i->epochs = e;
}

bool index_locked(const struct vault_index *i) {
    return i->encrypted && i->epochs == NULL;
}

/* ---- looking up ---- */

/* Is this a segment to search? First those whose filter says so; then, unless that was enough, the
 * others. */
static bool begin_segment(struct vault_index *i, struct segment *s, const struct index_key *key,
                          struct index_search *search) {
    if (!segment_ready(i, s))
        return false;
    enum filter_answer answer = segment_filter(i, s, key);
    bool wanted = search->again ? answer != FILTER_MAYBE : answer != FILTER_NO;
    return wanted && segment_lower(i, s, key, &search->at);
}

static bool place_of(const struct segment *s, const struct index_entry *e,
                     struct index_place *ret) {
    if (e->pack >= s->head.packs || s->pack[e->pack].lost)
        return false;
    memcpy(ret->pack, s->pack[e->pack].id, VAULT_PACK_ID_BYTES);
    ret->read_back_ns = s->pack[e->pack].read_back_ns;
    ret->offset = e->offset;
    return true;
}

static bool next_in_pass(struct vault_index *i, const struct index_key *key,
                         struct index_search *search, struct index_place *ret) {
    for (; search->segment < i->count; search->segment++, search->begun = false) {
        struct segment *s = i->segment[search->segment];
        struct index_entry e;
        if (!search->begun && !begin_segment(i, s, key, search))
            continue;
        search->begun = true;
        while (segment_entry(i, s, search->at, &e) && index_key_compare(&e.key, key) == 0) {
            search->at++;
            if (place_of(s, &e, ret))
                return true;
        }
    }
    return false;
}

bool index_next(struct vault_index *i, const uint8_t id[static SHA256_BYTES],
                struct index_search *search, struct index_place *ret) {
    struct index_key key = index_key_of(id);
    if (next_in_pass(i, &key, search, ret))
        return true;
    if (search->quick || search->again)
        return false;
    search->again = true;
    search->segment = 0;
    return next_in_pass(i, &key, search, ret);
}

bool index_find(struct vault_index *i, const uint8_t id[static SHA256_BYTES],
                struct index_place *ret) {
    struct index_search search = {0};
    return index_next(i, id, &search, ret);
}

bool index_place_same(const struct index_place *a, const struct index_place *b) {
    return a->offset == b->offset && memcmp(a->pack, b->pack, VAULT_PACK_ID_BYTES) == 0;
}

static bool segments_have_pack(struct vault_index *i, size_t segments, const uint8_t *id) {
    for (size_t k = 0; k < segments; k++)
        if (segment_ready(i, i->segment[k]) && segment_has_pack(i->segment[k], id))
            return true;
    return false;
}

bool index_has_pack(struct vault_index *i, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    return segments_have_pack(i, i->count, id);
}

void index_each_pack(struct vault_index *i,
                     void (*each)(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]),
                     void *context) {
    for (size_t k = 0; k < i->count; k++) {
        const struct segment *s = i->segment[k];
        if (!segment_ready(i, i->segment[k]))
            continue;
        for (uint32_t p = 0; p < s->head.packs; p++)
            if (!s->pack[p].lost &&
                (p == 0 || index_pack_compare(&s->pack[p - 1], &s->pack[p]) != 0) &&
                !segments_have_pack(i, k, s->pack[p].id))
                each(context, s->pack[p].id);
    }
}

size_t index_damaged(const struct vault_index *i) {
    size_t damaged = i->set_aside;
    for (size_t k = 0; k < i->count; k++)
        damaged += i->segment[k]->hurt;
    return damaged;
}

void index_counts(const struct vault_index *i, uint64_t *ret_segments, uint64_t *ret_entries) {
    *ret_segments = i->count;
    *ret_entries = 0;
    for (size_t k = 0; k < i->count; k++)
        *ret_entries += i->segment[k]->head.entries;
}

/* ---- replacing ---- */

/* A temporary file that another process is not writing just now. */
static bool is_abandoned(const struct vault_index *i, const char *name) {
    struct stat st;
    return fstatat(i->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           time(NULL) - st.st_mtim.tv_sec > ABANDONED_AFTER_S;
}

/* The names of all segments, those that were set aside too. */
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
        if (!ends_with(e->d_name, ".idx") && !ends_with(e->d_name, ".bad"))
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
        if (ending == NULL || (strcmp(ending, ".idx") != 0 && strcmp(ending, ".bad") != 0 &&
                               (strcmp(ending, ".tmp") != 0 || !is_abandoned(i, e->d_name))))
            continue;
        if (unlinkat(i->dir_fd, e->d_name, 0) != 0 && errno != ENOENT) {
            ex_code code = ex_fail_sys(err, "could not remove \"index/%s\"", e->d_name);
            closedir(dir);
            return code;
        }
    }
    closedir(dir);
    forget_segments(i);
    return EX_OK;
}

/* ---- checking ---- */

enum { CHECK_PAGES = 64 };

static void read_all(struct segment *s) {
    static const size_t at_once = CHECK_PAGES;
    EX_AUTO_FREE uint8_t *page = ex_new0_bytes(at_once * INDEX_PAGE_BYTES);
    bool good[CHECK_PAGES];
    for (uint64_t at = 0; at < s->head.pages; at += at_once) {
        uint64_t left = s->head.pages - at;
        segment_read_pages(s, at, left < at_once ? (size_t)left : at_once, page, good);
    }
}

ex_code index_check(struct vault_index *i, void (*problem)(void *context, const char *text),
                    void *context, struct ex_error *err) {
    char text[160];
    for (size_t k = 0; k < i->count; k++) {
        struct segment *s = i->segment[k];
        if (segment_ready(i, s))
            read_all(s);
        if (!s->hurt)
            continue;
        (void)snprintf(text, sizeof text,
                       "index segment %s is damaged; exhibit rebuild makes it anew", s->name);
        problem(context, text);
    }
    if (i->set_aside > 0) {
        (void)snprintf(text, sizeof text,
                       "%zu index segments were found damaged before, and lost entries; exhibit "
                       "rebuild makes them anew",
                       i->set_aside);
        problem(context, text);
    }
    return EX_OK;
}
