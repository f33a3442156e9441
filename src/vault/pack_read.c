/* SPDX-License-Identifier: Apache-2.0 */
/* Reading from published packs, and listing them: format/vault §3, §4. */
#include "vault/vault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { DIRECT_ALIGN_BYTES = 4096, RECORD_GUESS_BYTES = 192 << 10, TABLE_GUESS_BYTES = 8 << 10 };

/* Newer kernels open files of such file systems with O_DIRECT, and answer from memory. */
static bool is_in_memory(int fd) {
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

ex_code pack_open_direct(int dir_fd, const char *name, int *ret_fd,
                         enum vault_readback_method *ret_method, struct ex_error *err) {
    enum vault_readback_method method = VAULT_READ_DIRECT;
    ex_code code = ex_open_at(dir_fd, name, O_RDONLY | O_DIRECT, ret_fd, err);
    if (code == EX_UNSUPPORTED) {
        method = VAULT_READ_CACHE_DROPPED;
        code = ex_open_at(dir_fd, name, O_RDONLY, ret_fd, err);
    }
    EX_TRY(code);
    *ret_method = is_in_memory(*ret_fd) ? VAULT_READ_MEMORY : method;
    return EX_OK;
}

static size_t aligned_end(size_t size_bytes) {
    return (size_bytes + DIRECT_ALIGN_BYTES - 1) / DIRECT_ALIGN_BYTES * DIRECT_ALIGN_BYTES;
}

/* At least `need` bytes from the aligned offset into the aligned buffer, which has room for whole
 * pages: the file may end before they do. */
static ex_code read_aligned(int fd, uint8_t *buffer, size_t need, uint64_t from, const char *name,
                            struct ex_error *err) {
    size_t want = aligned_end(need), have = 0;
    while (have < need) {
        ssize_t got = pread(fd, buffer + have, want - have, (off_t)(from + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ex_fail_sys(err, "could not read \"%s\" at byte %llu", name,
                               (unsigned long long)(from + have));
        if (got == 0)
            return ex_fail(err, EX_ALTERED, "\"%s\" ends at byte %llu, before it should", name,
                           (unsigned long long)(from + have));
        have += (size_t)got;
    }
    return EX_OK;
}

ex_code pack_read_past_cache(int direct_fd, enum vault_readback_method method, size_t size_bytes,
                             uint64_t offset, const char *name, uint8_t **ret_buffer,
                             uint8_t **ret_data, struct ex_error *err) {
    uint64_t from = offset / DIRECT_ALIGN_BYTES * DIRECT_ALIGN_BYTES;
    size_t lead = (size_t)(offset - from), need = lead + size_bytes;
    EX_AUTO_FREE uint8_t *buffer = aligned_alloc(DIRECT_ALIGN_BYTES, aligned_end(need));
    if (buffer == NULL)
        return ex_fail(err, EX_NOMEM, "no memory to read \"%s\"", name);
    if (method == VAULT_READ_CACHE_DROPPED) { /* only whole pages are dropped */
        (void)posix_fadvise(direct_fd, (off_t)from, (off_t)aligned_end(need), POSIX_FADV_DONTNEED);
        EX_TRY(ex_read_at(direct_fd, buffer + lead, size_bytes, offset, name, err));
    } else { /* memory may have been opened directly, too */
        EX_TRY(read_aligned(direct_fd, buffer, need, from, name, err));
    }
    *ret_data = buffer + lead;
    *ret_buffer = ex_steal(&buffer);
    return EX_OK;
}

ex_code pack_read_direct(int direct_fd, enum vault_readback_method method, void *to,
                         size_t size_bytes, uint64_t offset, const char *name,
                         struct ex_error *err) {
    EX_AUTO_FREE uint8_t *buffer = NULL;
    uint8_t *data;
    EX_TRY(pack_read_past_cache(direct_fd, method, size_bytes, offset, name, &buffer, &data, err));
    memcpy(to, data, size_bytes);
    return EX_OK;
}

static ex_code read_some(int fd, bool from_disk, enum vault_readback_method method, void *to,
                         size_t size_bytes, uint64_t offset, const char *name,
                         struct ex_error *err) {
    return from_disk ? pack_read_direct(fd, method, to, size_bytes, offset, name, err)
                     : ex_read_at(fd, to, size_bytes, offset, name, err);
}

/* One read gets most records whole; what is longer takes a second one. */
static ex_code read_record_bytes(int fd, bool from_disk, enum vault_readback_method method,
                                 uint32_t offset, const char *name, uint8_t **ret, size_t *ret_size,
                                 struct ex_error *err) {
    struct record_head head;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    uint64_t left = (uint64_t)st.st_size > offset ? (uint64_t)st.st_size - offset : 0;
    if (left < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends at byte %llu, before it should", name,
                       (unsigned long long)st.st_size);
    size_t have = left < RECORD_GUESS_BYTES ? (size_t)left : RECORD_GUESS_BYTES;
    EX_AUTO_FREE uint8_t *data = malloc(have);
    if (data == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a record");
    EX_TRY(read_some(fd, from_disk, method, data, have, offset, name, err));
    EX_TRY(record_head_parse(data, &head, err));
    size_t whole = RECORD_HEADER_BYTES + (size_t)head.stored_length;
    if (whole > left)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    if (whole > have) {
        uint8_t *more = realloc(data, whole);
        if (more == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for a record");
        data = more;
        EX_TRY(
            read_some(fd, from_disk, method, data + have, whole - have, offset + have, name, err));
    }
    *ret = ex_steal(&data);
    *ret_size = whole;
    return EX_OK;
}

static ex_code open_pack(const struct vault *v, const char *name, bool from_disk, int *ret_fd,
                         enum vault_readback_method *ret_method, struct ex_error *err) {
    ex_code code = from_disk ? pack_open_direct(v->packs_fd, name, ret_fd, ret_method, err)
                             : ex_open_at(v->packs_fd, name, O_RDONLY, ret_fd, err);
    if (code == EX_NOT_FOUND)
        return ex_fail(err, EX_MISSING, "the pack %.16s… is gone", name + 3);
    return code;
}

/* Which key: the header of a pack says so, and the codec remembers the last one. A descriptor of
 * its own, for the reader's may be O_DIRECT. */
static ex_code find_pack_ref(const struct vault *v, const char *name,
                             const uint8_t id[static VAULT_PACK_ID_BYTES], struct codec *codec,
                             struct pack_ref *ret, struct ex_error *err) {
    uint8_t bytes[PACK_HEADER_BYTES];
    struct pack_header header;
    EX_AUTO_FD int fd = -1;
    *ret = (struct pack_ref){.epochs = v->epochs};
    memcpy(ret->id, id, sizeof ret->id);
    if (v->config.plain || codec_knows_pack(codec, v->epochs, id, &ret->epoch))
        return EX_OK;
    EX_TRY(open_pack(v, name, false, &fd, NULL, err));
    if (ex_read_at(fd, bytes, sizeof bytes, 0, name, NULL) != EX_OK ||
        pack_header_parse(bytes, &v->config, &header, NULL) != EX_OK)
        return pack_guess_ref(fd, v, name, codec, ret, err);
    if (memcmp(header.id, id, sizeof header.id) != 0)
        return ex_fail(err, EX_ALTERED, "\"%s\" is another pack than its name says", name);
    ret->epoch = header.epoch;
    return EX_OK;
}

ex_code pack_read_table(const struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                        uint32_t offset, struct codec *codec, struct record *ret,
                        struct ex_error *err) {
    char name[PACK_NAME_BYTES];
    struct stat st;
    struct record_head head;
    struct pack_ref pack;
    EX_AUTO_FD int fd = -1;
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(open_pack(v, pack_name(name, pack_id), false, &fd, NULL, err));
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    EX_TRY(ex_alloc(TABLE_GUESS_BYTES, 1, TABLE_GUESS_BYTES, "a record", &data, err));
    uint64_t left = (uint64_t)st.st_size > offset ? (uint64_t)st.st_size - offset : 0;
    size_t have = left < TABLE_GUESS_BYTES ? (size_t)left : TABLE_GUESS_BYTES;
    EX_TRY(ex_read_at(fd, data, have, offset, name, err));
    if (have < RECORD_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    EX_TRY(record_head_parse(data, &head, err));
    size_t table = record_table_end(&head);
    if (RECORD_HEADER_BYTES + (uint64_t)head.stored_length > left)
        return ex_fail(err, EX_ALTERED, "\"%s\" ends inside a record", name);
    if (table > have) {
        uint8_t *more = realloc(data, table);
        if (more == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for a record");
        data = more;
        EX_TRY(ex_read_at(fd, data + have, table - have, offset + have, name, err));
    }
    EX_TRY(find_pack_ref(v, name, pack_id, codec, &pack, err));
    return record_parse(codec, &pack, data, table > have ? table : have, RECORD_TABLE, ret, err);
}

ex_code pack_read_record(const struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                         uint32_t offset, bool from_disk, struct codec *codec, struct record *ret,
                         struct ex_error *err) {
    char name[PACK_NAME_BYTES];
    enum vault_readback_method method = VAULT_READ_NOT;
    struct pack_ref pack;
    EX_AUTO_FD int fd = -1;
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    pack_name(name, pack_id);
    EX_TRY(open_pack(v, name, from_disk, &fd, &method, err));
    EX_TRY(read_record_bytes(fd, from_disk, method, offset, name, &data, &size, err));
    EX_TRY(find_pack_ref(v, name, pack_id, codec, &pack, err));
    return record_parse(codec, &pack, data, size, RECORD_ALL, ret, err);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory that end as asked, sorted. */
struct names {
    char **name;
    size_t count, capacity;
};

static void names_clear(struct names *n) {
    for (size_t i = 0; i < n->count; i++)
        free(n->name[i]);
    free(n->name);
    *n = (struct names){0};
}

static ex_code names_read(int dir_fd, const char *path, struct names *ret, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(dir_fd, path, O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return ex_fail_sys(err, "could not list \"%s\"", path);
    (void)ex_steal_fd(&fd);
    ex_code code = EX_OK;
    struct dirent *e;
    while (code == EX_OK && (errno = 0, e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        code = ex_grow(&ret->name, &ret->capacity, ret->count + 1, sizeof *ret->name,
                       EX_LIMIT_PACK_BYTES, "a list of packs", err);
        if (code == EX_OK)
            ret->name[ret->count++] = ex_strdup(e->d_name);
    }
    if (code == EX_OK && errno != 0)
        code = ex_fail_sys(err, "could not list \"%s\"", path);
    closedir(dir);
    if (ret->count > 0)
        qsort(ret->name, ret->count, sizeof *ret->name, by_name);
    return code;
}

static ex_code each_in(const struct vault *v, const char *sub,
                       ex_code (*fn)(void *, const char *, const uint8_t *, struct ex_error *),
                       void *context, struct ex_error *err) {
    struct names packs = {0};
    struct stat st;
    if (fstatat(v->packs_fd, sub, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
        return EX_OK; /* a stranger, as below */
    ex_code code = names_read(v->packs_fd, sub, &packs, err);
    for (size_t i = 0; code == EX_OK && i < packs.count; i++) {
        char path[512];
        uint8_t id[VAULT_PACK_ID_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", sub, packs.name[i]);
        if (!pack_name_parse(path, id))
            continue; /* vault_check names strangers; nobody else has to stumble over them */
        code = fn(context, path, id, err);
    }
    names_clear(&packs);
    return code;
}

ex_code pack_each(const struct vault *v,
                  ex_code (*fn)(void *context, const char *name,
                                const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err),
                  void *context, struct ex_error *err) {
    struct names subs = {0};
    ex_code code = names_read(v->packs_fd, ".", &subs, err);
    for (size_t i = 0; code == EX_OK && i < subs.count; i++)
        if (strlen(subs.name[i]) == 2)
            code = each_in(v, subs.name[i], fn, context, err);
    names_clear(&subs);
    return code;
}
