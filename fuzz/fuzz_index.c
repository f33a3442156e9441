/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an index segment of a plain vault: looked up in, checked and merged with a sound
 * one. The input is the data of pages without their tags; header hash and tags are made right, so
 * that the fuzzer gets behind them, except on the page that the first byte names. */
#include "vault/index_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { PAGES_MAX = 8, HEAD_BYTES = 68 };
static const char NAME[] = "0000000000000000.idx";

/* The pages of the file: what the input has too little of is zero. */
static size_t make_pages(const uint8_t *data, size_t size_bytes,
                         uint8_t page[static PAGES_MAX * INDEX_PAGE_BYTES]) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    uint8_t spoilt = ex_cursor_u8(&c);
    struct page_codec plain = {.aead = NULL};
    size_t pages = 1;
    memset(page, 0, PAGES_MAX * INDEX_PAGE_BYTES);
    ex_cursor_copy(&c, page, ex_cursor_left(&c) < HEAD_BYTES ? ex_cursor_left(&c) : HEAD_BYTES);
    memcpy(plain.segment_id, page + 16, sizeof plain.segment_id);
    sha256_of(page, INDEX_DATA_BYTES - SHA256_BYTES, page + INDEX_DATA_BYTES - SHA256_BYTES);
    for (; pages < PAGES_MAX && ex_cursor_left(&c) > 0; pages++) {
        size_t left = ex_cursor_left(&c);
        ex_cursor_copy(&c, page + pages * INDEX_PAGE_BYTES,
                       left < INDEX_DATA_BYTES ? left : INDEX_DATA_BYTES);
    }
    for (size_t n = 0; n < pages; n++)
        if (page_seal(&plain, n, page + n * INDEX_PAGE_BYTES, NULL) != EX_OK)
            abort();
    if (spoilt < pages)
        page[(size_t)spoilt * INDEX_PAGE_BYTES + INDEX_DATA_BYTES] ^= 1;
    return pages;
}

/* Every place must be of a pack that some segment has. */
static void look_up(struct vault_index *i, const uint8_t *id) {
    struct index_search search = {0};
    struct index_place place;
    for (unsigned n = 0; index_next(i, id, &search, &place); n++)
        if (!index_has_pack(i, place.pack) || n > PAGES_MAX * INDEX_ENTRIES_IN_PAGE * 4)
            abort();
}

static void look_up_all(struct vault_index *i, const uint8_t *data, size_t size_bytes) {
    uint8_t id[SHA256_BYTES] = {0};
    look_up(i, id);
    for (size_t at = 0; at + 16 <= size_bytes && at < 4096; at += 24) {
        memcpy(id, data + at, 16);
        look_up(i, id);
    }
}

static void ignore_problem(void *context, const char *text) {
    (void)context;
    (void)text;
}

static void ignore_pack(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    (void)context;
    (void)id;
}

static void publish_sound(struct vault_index *i) {
    struct table_entry e = {.id = {7}, .length = 1};
    struct record_head head = {.type = RECORD_CHUNKS};
    struct pack_list l = {.id = {1}};
    if (pack_list_add(&l, 128, &head, &e, 1, NULL) != EX_OK ||
        index_publish(i, &l, NULL) != EX_OK || index_refresh(i, NULL) != EX_OK)
        abort();
    pack_list_clear(&l);
}

/* What comes out of a merge must be in order and whole. */
static void merge_all(struct vault_index *i) {
    EX_AUTO_FREE struct merge *m = ex_new0(struct merge);
    for (size_t k = 0; k < i->count; k++)
        if (segment_ready(i, i->segment[k]))
            m->source[m->count++].segment = i->segment[k];
    if (merge_publish(i, m, NULL) != EX_OK || merge_retire(i, m, NULL) != EX_OK ||
        index_refresh(i, NULL) != EX_OK)
        abort();
    for (size_t k = 0; k < i->count; k++) {
        struct segment *s = i->segment[k];
        struct index_entry e, last = {0};
        if (strcmp(s->name, NAME) == 0)
            continue;
        for (uint64_t n = 0; n < s->head.entries; n++, last = e)
            if (!segment_ready(i, s) || !segment_entry(i, s, n, &e) || e.pack >= s->head.packs ||
                index_key_compare(&last.key, &e.key) > 0)
                abort();
    }
}

static void try_segment(int dir_fd, const uint8_t *data, size_t size_bytes) {
    EX_AUTO_FREE uint8_t *page = ex_new0_bytes(PAGES_MAX * INDEX_PAGE_BYTES);
    struct vault_index *i = NULL;
    size_t pages = make_pages(data, size_bytes, page);
    EX_AUTO_FD int fd = openat(dir_fd, NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ex_write_at(fd, page, pages * INDEX_PAGE_BYTES, 0, NAME, NULL) != EX_OK ||
        index_open(dir_fd, false, &i, NULL) != EX_OK)
        abort();
    publish_sound(i);
    look_up_all(i, data, size_bytes);
    index_each_pack(i, ignore_pack, NULL);
    if (index_check(i, ignore_problem, NULL, NULL) != EX_OK)
        abort();
    merge_all(i);
    look_up_all(i, data, size_bytes);
    if (index_remove_all(i, NULL) != EX_OK)
        abort();
    index_close(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    char path[] = "/tmp/exhibit-fuzz-index-XXXXXX";
    if (mkdtemp(path) == NULL)
        abort();
    EX_AUTO_FD int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        abort();
    try_segment(dir_fd, data, size_bytes);
    if (rmdir(path) != 0)
        abort();
    return 0;
}
