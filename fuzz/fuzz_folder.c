/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of a folder, by pieces whose sizes the first byte chooses; then the same with right
 * checksums, which no fuzzer guesses. What is accepted is rendered anew and must come back as it
 * was. */
#include "formats/tar_entry.h"

#include "tar_mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_now) {
    if (!true_now)
        abort();
}

/* What one reading saw, and the same entries written again. */
struct seen {
    struct tar_buffer again;
    uint64_t entries, bytes, size_bytes, next, stored;
    bool open;
};

static bool is_sound(const char *path) {
    return (strncmp(path, "content", 7) == 0 || strncmp(path, "exhibit/", 8) == 0) &&
           strstr(path, "//") == NULL && strstr(path, "/../") == NULL &&
           strstr(path, "/./") == NULL && path[strlen(path) - 1] != '/';
}

static ex_code on_begin(void *context, const struct tar_entry *e, struct ex_error *err) {
    struct seen *s = context;
    uint64_t sum = 0;
    (void)err;
    must(!s->open && is_sound(e->path));
    must((e->link != NULL) == (e->type == TAR_ENTRY_HARD_LINK || e->type == TAR_ENTRY_SYMLINK));
    must(e->type != TAR_ENTRY_HARD_LINK || is_sound(e->link));
    for (size_t i = 0; i < e->data_count; i++) {
        must(e->data[i].offset + e->data[i].length <= e->size_bytes);
        sum += e->data[i].length;
    }
    for (size_t i = 0; i < e->xattr_count; i++) {
        volatile uint8_t all = 0;
        for (size_t n = 0; n < e->xattr[i].value_bytes; n++)
            all = (uint8_t)(all + e->xattr[i].value[n]);
        must(strlen(e->xattr[i].name) > 0);
    }
    s->open = true;
    s->entries++;
    s->size_bytes = e->size_bytes;
    s->next = 0;
    if (tar_entry_render(e, s->entries, s->again.size_bytes, 0, &s->again, &s->stored, NULL) ==
        EX_OK)
        must(e->sparse ? s->stored == sum : s->stored == e->size_bytes);
    return EX_OK;
}

static ex_code on_data(void *context, uint64_t offset, const uint8_t *data, size_t size,
                       struct ex_error *err) {
    struct seen *s = context;
    (void)data;
    (void)err;
    must(s->open && offset >= s->next && offset + size <= s->size_bytes);
    s->next = offset + size;
    s->bytes += size;
    return EX_OK;
}

static ex_code on_end(void *context, struct ex_error *err) {
    struct seen *s = context;
    (void)err;
    must(s->open);
    s->open = false;
    return EX_OK;
}

static ex_code read_all(const uint8_t *data, size_t size, size_t most, struct seen *s) {
    const struct tar_entry_sink sink = {s, on_begin, on_data, on_end};
    EX_AUTO(tar_entries_free) struct tar_entries *t = NULL;
    EX_TRY(tar_entries_new(&sink, &t, NULL));
    for (size_t part; size > 0; size -= part, data += part) {
        part = size < most ? size : most;
        EX_TRY(tar_entries_feed(t, data, part, NULL));
    }
    return tar_entries_finish(t, NULL);
}

static void one(const uint8_t *data, size_t size) {
    struct seen whole = {0}, pieces = {0};
    ex_code code = read_all(data, size, SIZE_MAX, &whole);
    must(read_all(data, size, size > 0 && (data[0] & 1) != 0 ? 1 : 777, &pieces) == code);
    if (code == EX_OK)
        must(whole.entries == pieces.entries && whole.bytes == pieces.bytes);
    free(whole.again.data);
    free(pieces.again.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    EX_AUTO_FREE uint8_t *mended = ex_new0_bytes(size + 1);
    one(data, size);
    if (size > 0)
        memcpy(mended, data, size);
    tar_mend(mended, size);
    one(mended, size);
    return 0;
}
