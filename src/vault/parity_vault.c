/* SPDX-License-Identifier: Apache-2.0 */
/* The parity files of a vault: format/parity §1, §5. */
#include "vault/parity_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAKING[] = "making";
enum { LOCK_WAIT_MS = 500, PARITY_NAME_BYTES = 3 + 64 + 4 + 1 };

/* "ab/abcd….par" */
static char *parity_name(char to[static PARITY_NAME_BYTES],
                         const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    char hex[SHA256_HEX_BYTES];
    ex_hex(hex, id, VAULT_PACK_ID_BYTES);
    (void)snprintf(to, PARITY_NAME_BYTES, "%.2s/%s.par", hex, hex);
    return to;
}

/* Hands an error up that might have been taken for a result. */
static ex_code pass_on(ex_code code, const struct ex_error *why, struct ex_error *err) {
    if (err != NULL)
        *err = *why;
    return code;
}

/* EX_NOT_FOUND: nobody asked for parity yet. */
static ex_code open_parity(const struct vault *v, bool create, int *ret_fd, struct ex_error *err) {
    return ex_open_dir_at(v->dir_fd, "parity", create, ret_fd, err);
}

static void input_close(struct parity_input *in) {
    ex_fd_close(in->fd);
    in->fd = -1;
}

static ex_code input_open(int dir_fd, const char *name, struct parity_input *ret,
                          struct ex_error *err) {
    struct parity_input in = {.fd = -1, .name = name};
    struct stat st;
    bool regular = false;
    if (ex_exists(dir_fd, name, &regular) && !regular)
        return ex_fail(err, EX_ALTERED, "\"%s\" is not a regular file", name);
    EX_TRY(pack_open_direct(dir_fd, name, &in.fd, &in.method, err));
    if (fstat(in.fd, &st) != 0) {
        input_close(&in);
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    }
    in.size_bytes = (uint64_t)st.st_size;
    *ret = in;
    return EX_OK;
}

bool vault_parity_has(const struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES]) {
    char name[PARITY_NAME_BYTES];
    bool regular = false;
    EX_AUTO_FD int fd = -1;
    return open_parity(v, false, &fd, NULL) == EX_OK &&
           ex_exists(fd, parity_name(name, pack_id), &regular) && regular;
}

ex_code vault_parity_remove(struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                            struct ex_error *err) {
    char name[PARITY_NAME_BYTES], sub[3] = {0};
    EX_AUTO_FD int parity_fd = -1;
    EX_AUTO_FD int dir_fd = -1;
    struct ex_error why = {0};
    ex_code code = open_parity(v, false, &parity_fd, &why);
    if (code != EX_OK)
        return code == EX_NOT_FOUND ? EX_OK : pass_on(code, &why, err);
    memcpy(sub, parity_name(name, pack_id), 2);
    code = ex_open_dir_at(parity_fd, sub, false, &dir_fd, &why);
    if (code != EX_OK)
        return code == EX_NOT_FOUND ? EX_OK : pass_on(code, &why, err);
    if (unlinkat(dir_fd, name + 3, 0) != 0 && errno != ENOENT)
        return ex_fail_sys(err, "could not remove \"%s\"", name);
    return ex_sync_fd(dir_fd, name, err);
}

/* ---- making ---- */

/* One at a time makes parity; the lock ends with its descriptor. */
static ex_code lock_making(const struct vault *v, int *ret_parity_fd, int *ret_lock,
                           struct ex_error *err) {
    EX_AUTO_FD int parity_fd = -1;
    EX_TRY(open_parity(v, true, &parity_fd, err));
    EX_TRY(ex_lock(parity_fd, "lock", true, LOCK_WAIT_MS, ret_lock, err));
    *ret_parity_fd = ex_steal_fd(&parity_fd);
    return EX_OK;
}

static ex_code check_records(const struct vault *v, const struct pack_list *list,
                             struct ex_error *err) {
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    EX_TRY(codec_new(&codec, err));
    EX_TRY(block_hasher_new(&hasher, err));
    for (size_t i = 0; i < list->record_count; i++) {
        struct record r = {0};
        size_t bad = 0;
        EX_TRY(pack_read_record(v, list->id, list->record[i].offset, false, codec, &r, err));
        ex_code code = record_check_ids(&r, hasher, &bad, err);
        if (code == EX_OK && bad != r.entry_count)
            code =
                ex_fail(err, EX_ALTERED, "entry %zu of its record %u has another hash than its id",
                        bad, r.head.number);
        record_clear(&r);
        EX_TRY(code);
    }
    return EX_OK;
}

/* Parity of a pack that is damaged already would keep the damage. */
static ex_code check_pack(const struct vault *v, const char *name, const uint8_t *id, bool deep,
                          struct ex_error *err) {
    struct pack_list list = {0};
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(v->packs_fd, name, O_RDONLY | O_NONBLOCK, &fd, err));
    EX_TRY(pack_list_read(fd, v, name, &list, err));
    ex_code code = EX_OK;
    if (memcmp(list.id, id, VAULT_PACK_ID_BYTES) != 0)
        code = ex_fail(err, EX_ALTERED, "the file has the name of another pack");
    else if (deep)
        code = check_records(v, &list, err);
    pack_list_clear(&list);
    return code;
}

/* Is there a parity file that is of use? EX_ALTERED: there is one, and it is not. */
static ex_code look_at_old(const struct vault *v, int parity_fd, const uint8_t *id, bool *ret_there,
                           struct ex_error *err) {
    char name[PARITY_NAME_BYTES];
    struct parity_input in;
    struct parity_file f = {0};
    struct ex_error why = {0};
    *ret_there = false;
    ex_code code = input_open(parity_fd, parity_name(name, id), &in, &why);
    if (code != EX_OK)
        return code == EX_NOT_FOUND ? EX_OK : pass_on(code, &why, err);
    code = parity_file_read(&in, id, v->config.id, &f, err);
    parity_file_clear(&f);
    input_close(&in);
    *ret_there = code == EX_OK;
    return code;
}

static ex_code read_back(const struct vault *v, int parity_fd, const uint8_t *id,
                         struct ex_error *err) {
    struct parity_input in;
    struct parity_file f = {0};
    EX_TRY(input_open(parity_fd, MAKING, &in, err));
    ex_code code = parity_file_read(&in, id, v->config.id, &f, err);
    if (code == EX_OK)
        code = parity_read_back(&f, &in, err);
    parity_file_clear(&f);
    input_close(&in);
    return code;
}

static ex_code write_making(const struct vault *v, int parity_fd, const struct parity_input *pack,
                            const uint8_t *id, struct ex_progress *progress, struct ex_error *err) {
    struct parity_head head;
    struct parity_file f;
    EX_AUTO_FD int fd = -1;
    parity_head_choose(pack->size_bytes, &head);
    memcpy(head.pack_id, id, VAULT_PACK_ID_BYTES);
    memcpy(head.vault_id, v->config.id, VAULT_ID_BYTES);
    EX_TRY(parity_file_begin(&head, &f, err));
    ex_code code = ex_open_at(parity_fd, MAKING, O_RDWR | O_CREAT | O_EXCL, &fd, err);
    if (code == EX_OK)
        code = parity_encode(&f, pack, fd, MAKING, progress, err);
    if (code == EX_OK)
        code = ex_sync_fd(fd, MAKING, err);
    parity_file_clear(&f);
    EX_TRY(code);
    return read_back(v, parity_fd, id, err);
}

/* Who removes a pack for good removes its parity after it. If that came between, it was in vain,
 * and is done again here. */
static bool pack_is_gone(const struct vault *v, const char *name) {
    struct stat st;
    return fstatat(v->packs_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

static uint64_t file_size(int dir_fd, const char *name) {
    struct stat st;
    return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
}

static ex_code make_one(struct vault *v, int parity_fd, const uint8_t *id, bool deep,
                        struct ex_progress *progress, uint64_t *ret_read, uint64_t *ret_written,
                        struct ex_error *err) {
    char name[PACK_NAME_BYTES], to[PARITY_NAME_BYTES];
    struct parity_input pack;
    struct ex_error why = {0};
    bool there;
    ex_code old = look_at_old(v, parity_fd, id, &there, &why);
    if (there)
        return ex_fail(err, EX_EXISTS, "the pack has parity already");
    if (old != EX_OK && old != EX_ALTERED)
        return pass_on(old, &why, err);
    EX_TRY(check_pack(v, pack_name(name, id), id, deep, err));
    EX_TRY(input_open(v->packs_fd, name, &pack, err));
    (void)ex_remove(parity_fd, MAKING, false);
    ex_code code = write_making(v, parity_fd, &pack, id, progress, err);
    *ret_read = pack.size_bytes;
    *ret_written = file_size(parity_fd, MAKING);
    input_close(&pack);
    if (code == EX_OK)
        code = ex_make_parents(parity_fd, parity_name(to, id), err);
    if (code == EX_OK && old == EX_ALTERED)
        (void)ex_remove(parity_fd, to, false);
    if (code == EX_OK)
        code = ex_publish(parity_fd, MAKING, parity_fd, to, err);
    if (code != EX_OK)
        (void)ex_remove(parity_fd, MAKING, false);
    EX_TRY(code);
    return pack_is_gone(v, name) ? vault_parity_remove(v, id, err) : EX_OK;
}

ex_code vault_parity_make(struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                          struct ex_progress *progress, struct ex_error *err) {
    uint64_t read_bytes, written_bytes;
    EX_AUTO_FD int parity_fd = -1;
    EX_AUTO_FD int lock = -1;
    EX_TRY(lock_making(v, &parity_fd, &lock, err));
    return make_one(v, parity_fd, pack_id, false, progress, &read_bytes, &written_bytes, err);
}

/* ---- one pack compared with its parity ---- */

/* A damaged place in the way of the pack's file is damage of the pack. */
static ex_code open_pack(const struct vault *v, const char *name, struct parity_input *ret,
                         struct ex_error *err) {
    struct ex_error why = {0};
    ex_code code = input_open(v->packs_fd, name, ret, &why);
    if (code == EX_NOT_FOUND || code == EX_ALTERED || code == EX_IO) {
        *ret = (struct parity_input){.fd = -1, .name = name};
        return EX_OK;
    }
    return code == EX_OK ? EX_OK : pass_on(code, &why, err);
}

static ex_code compare_to(struct vault *v, const uint8_t *id, int to_fd, const char *to_name,
                          struct ex_progress *progress, struct vault_parity_report *ret,
                          struct ex_error *err) {
    char name[PACK_NAME_BYTES], par_name[PARITY_NAME_BYTES];
    struct parity_input pack, par;
    struct parity_file f;
    EX_AUTO_FD int parity_fd = -1;
    ex_code code = open_parity(v, false, &parity_fd, err);
    if (code == EX_OK)
        code = input_open(parity_fd, parity_name(par_name, id), &par, err);
    if (code == EX_NOT_FOUND)
        return ex_hint(ex_fail(err, code, "there is no parity of this pack"), err,
                       "exhibit vault parity makes it, of packs that are sound");
    EX_TRY(code);
    code = parity_file_read(&par, id, v->config.id, &f, err);
    if (code == EX_OK) {
        code = open_pack(v, pack_name(name, id), &pack, err);
        if (code == EX_OK) {
            code = parity_compare(&f, &pack, &par, to_fd, to_name, progress, ret, err);
            input_close(&pack);
        }
        parity_file_clear(&f);
    }
    input_close(&par);
    return code;
}

ex_code vault_parity_check(struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                           struct ex_progress *progress, struct vault_parity_report *ret,
                           struct ex_error *err) {
    return compare_to(v, pack_id, -1, NULL, progress, ret, err);
}

ex_code vault_parity_repair(struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                            int dir_fd, const char *name, struct ex_progress *progress,
                            struct vault_parity_report *ret, struct ex_error *err) {
    struct vault_parity_report got = {0};
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(dir_fd, name, O_RDWR | O_CREAT | O_EXCL, &fd, err));
    ex_code code = compare_to(v, pack_id, fd, name, progress, &got, err);
    if (code == EX_OK)
        code = ex_sync_fd(fd, name, err);
    if (code != EX_OK) {
        vault_parity_report_clear(&got);
        (void)ex_remove(dir_fd, name, false);
        return code;
    }
    *ret = got;
    return EX_OK;
}

/* ---- all of them ---- */

struct all {
    struct vault *vault;
    int parity_fd; /* locked */
    bool deep;
    struct ex_progress *progress;
    struct vault_parity_made *made;
};

struct counting {
    const struct vault *vault;
    struct vault_parity_count count;
    uint64_t missing_bytes; /* of packs without */
};

static ex_code count_one(void *context, const char *name,
                         const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct counting *c = context;
    (void)err;
    if (vault_parity_has(c->vault, id)) {
        c->count.packs_with++;
    } else {
        c->count.packs_without++;
        c->missing_bytes += file_size(c->vault->packs_fd, name);
    }
    return EX_OK;
}

/* Whether the next pack can fare better than this one. */
static bool is_of_this_pack(ex_code code) {
    return code == EX_ALTERED || code == EX_IO || code == EX_UNSUPPORTED || code == EX_FORMAT ||
           code == EX_LIMIT;
}

static ex_code make_each(void *context, const char *name,
                         const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct all *a = context;
    struct vault_parity_made *m = a->made;
    struct ex_error why = {0};
    uint64_t read_bytes = 0, written_bytes = 0;
    ex_code code = make_one(a->vault, a->parity_fd, id, a->deep, a->progress, &read_bytes,
                            &written_bytes, &why);
    if (code == EX_NOT_FOUND)
        return EX_OK; /* removed since the directory was listed */
    if (code != EX_OK && code != EX_EXISTS && !is_of_this_pack(code))
        return pass_on(code, &why, err);
    m->packs++;
    m->had += code == EX_EXISTS;
    if (code == EX_OK) {
        m->made++;
        m->read_bytes += read_bytes;
        m->parity_bytes += written_bytes;
    } else if (code != EX_EXISTS) {
        if (m->problem_count < VAULT_PARITY_PROBLEMS_MAX)
            (void)snprintf(m->problem[m->problem_count], sizeof m->problem[0],
                           "pack %.16s…: %.150s", name + 3, why.text);
        m->problem_count++;
    }
    return EX_OK;
}

ex_code vault_parity_make_all(struct vault *v, bool deep, struct ex_progress *progress,
                              struct vault_parity_made *ret, struct ex_error *err) {
    struct counting c = {.vault = v};
    struct all a = {.vault = v, .deep = deep, .progress = progress, .made = ret};
    EX_AUTO_FD int parity_fd = -1;
    EX_AUTO_FD int lock = -1;
    memset(ret, 0, sizeof *ret);
    EX_TRY(lock_making(v, &parity_fd, &lock, err));
    a.parity_fd = parity_fd;
    EX_TRY(pack_each(v, count_one, &c, err));
    if (progress != NULL)
        progress->total_bytes = c.missing_bytes;
    return pack_each(v, make_each, &a, err);
}

/* ---- parity files whose pack is gone ---- */

typedef ex_code each_fn(void *context, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                        struct ex_error *err);

/* Calls fn for each name in a directory; takes the descriptor over. */
static ex_code each_name(int dir_fd, ex_code (*fn)(void *, const char *, struct ex_error *),
                         void *context, struct ex_error *err) {
    DIR *dir = fdopendir(dir_fd);
    struct dirent *e;
    ex_code code = EX_OK;
    if (dir == NULL) {
        code = ex_fail_sys(err, "could not list the parity files");
        ex_fd_close(dir_fd);
        return code;
    }
    while (code == EX_OK && (errno = 0, e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.')
            code = fn(context, e->d_name, err);
    if (code == EX_OK && errno != 0)
        code = ex_fail_sys(err, "could not list the parity files");
    closedir(dir);
    return code;
}

struct left_over {
    const struct vault *vault;
    int parity_fd;
    const char *sub;
    each_fn *fn;
    void *context;
};

static ex_code left_over_file(void *context, const char *name, struct ex_error *err) {
    struct left_over *l = context;
    char path[PARITY_NAME_BYTES], pack[PACK_NAME_BYTES];
    uint8_t id[VAULT_PACK_ID_BYTES];
    struct stat st;
    if (strlen(name) != 68 || !ex_parse_hex(name, 64, id, sizeof id) ||
        strcmp(parity_name(path, id) + 3, name) != 0 || strncmp(path, l->sub, 2) != 0)
        return EX_OK; /* a stranger */
    if (fstatat(l->vault->packs_fd, pack_name(pack, id), &st, AT_SYMLINK_NOFOLLOW) == 0 ||
        errno != ENOENT)
        return EX_OK;
    return l->fn(l->context, id, err);
}

static ex_code left_over_sub(void *context, const char *name, struct ex_error *err) {
    struct left_over *l = context;
    int fd = -1;
    if (strlen(name) != 2 ||
        ex_open_at(l->parity_fd, name, O_RDONLY | O_DIRECTORY, &fd, NULL) != EX_OK)
        return EX_OK;
    l->sub = name;
    return each_name(fd, left_over_file, l, err);
}

ex_code vault_parity_each_left_over(const struct vault *v, each_fn *fn, void *context,
                                    struct ex_error *err) {
    struct left_over l = {.vault = v, .fn = fn, .context = context};
    EX_AUTO_FD int parity_fd = -1;
    struct ex_error why = {0};
    int fd = -1;
    ex_code code = open_parity(v, false, &parity_fd, &why);
    if (code != EX_OK)
        return code == EX_NOT_FOUND ? EX_OK : pass_on(code, &why, err);
    l.parity_fd = parity_fd;
    EX_TRY(ex_open_at(parity_fd, ".", O_RDONLY | O_DIRECTORY, &fd, err));
    return each_name(fd, left_over_sub, &l, err);
}

static ex_code count_left_over(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES],
                               struct ex_error *err) {
    struct vault_parity_count *count = context;
    (void)id;
    (void)err;
    count->left_over++;
    return EX_OK;
}

ex_code vault_parity_count(const struct vault *v, struct vault_parity_count *ret,
                           struct ex_error *err) {
    struct counting c = {.vault = v};
    EX_TRY(pack_each(v, count_one, &c, err));
    EX_TRY(vault_parity_each_left_over(v, count_left_over, &c.count, err));
    *ret = c.count;
    return EX_OK;
}
