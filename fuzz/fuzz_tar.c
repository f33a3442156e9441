/* SPDX-License-Identifier: Apache-2.0 */
/* The whole as an archive, read by pieces whose sizes the first byte chooses; then the same with
 * right checksums, which no fuzzer guesses. What is accepted is written anew and must come back as
 * it was. */
#include "base/cursor.h"
#include "formats/tar.h"

#include "tar_mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
    struct ex_cursor c;
    size_t most;
};

static ex_code give(void *context, void *to, size_t size, size_t *ret, struct ex_error *err) {
    struct pieces *p = context;
    (void)err;
    size = size < p->most ? size : p->most;
    *ret = size < ex_cursor_left(&p->c) ? size : ex_cursor_left(&p->c);
    ex_cursor_copy(&p->c, to, *ret);
    return EX_OK;
}

struct sink {
    uint8_t *data;
    size_t size, capacity;
};

static ex_code keep(void *context, const void *data, size_t size, struct ex_error *err) {
    struct sink *s = context;
    EX_TRY(ex_grow(&s->data, &s->capacity, s->size + size, 1, (size_t)1 << 30, "a copy", err));
    memcpy(s->data + s->size, data, size);
    s->size += size;
    return EX_OK;
}

static void must(bool true_now) {
    if (!true_now)
        abort();
}

static void must_be_sound(const struct tar_member *m) {
    size_t size = strlen(m->path);
    must(size > 0 && size <= TAR_PATH_BYTES_MAX && m->path[0] != '/' && m->path[0] != '~' &&
         m->path[size - 1] != '/');
    must(strstr(m->path, "../") != m->path && strstr(m->path, "/../") == NULL);
    must(!m->directory || m->size_bytes == 0);
}

/* Every member from `r` to `w`, if there is one; EX_OK at a sound end. */
static ex_code copy(struct tar_reader *r, struct tar_writer *w) {
    struct tar_member m;
    bool end;
    uint8_t buffer[777];
    for (;;) {
        uint64_t bytes = 0;
        size_t got;
        EX_TRY(tar_next(r, &m, &end, NULL));
        if (end)
            return tar_finish(w, NULL);
        must_be_sound(&m);
        must(tar_begin(w, &m, NULL) == EX_OK);
        do {
            EX_TRY(tar_read(r, buffer, sizeof buffer, &got, NULL));
            must(tar_write(w, buffer, got, NULL) == EX_OK || m.directory);
            bytes += got;
        } while (got > 0);
        must(bytes == m.size_bytes);
        must(m.directory || tar_end(w, NULL) == EX_OK);
    }
}

static ex_code rewrite(const uint8_t *data, size_t size, size_t most, struct sink *to) {
    static const struct tar_policy policy = {.members_max = 1000};
    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    struct pieces p = {.c = ex_cursor_make(data, size), .most = most};
    struct tar_writer w;
    tar_writer_init(&w, keep, to);
    EX_TRY(tar_reader_new(give, &p, &policy, &r, NULL));
    return copy(r, &w);
}

static void one(const uint8_t *data, size_t size) {
    struct sink once = {0}, twice = {0};
    size_t most = size > 0 && (data[0] & 1) != 0 ? 700 : SIZE_MAX;
    if (rewrite(data, size, most, &once) == EX_OK) {
        must(rewrite(once.data, once.size, SIZE_MAX, &twice) == EX_OK);
        must(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    }
    free(once.data);
    free(twice.data);
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
