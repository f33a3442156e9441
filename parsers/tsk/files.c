/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a file system. Units: "dir INODE"; later "meta FROM TO", records that no folder
 * names, and "space". Of XFS: "xfs INODE". */
#include "parsers/tsk/files_internal.h"
#include "parsers/tsk/tsk.h"

#include "base/cursor.h"
#include "parsers/lvm/lvm.h"

#include <string.h>

static void close_files(void *state) {
    struct files *f = state;
    if (f == NULL)
        return;
    tsk_fs_close(f->fs);
    xfs_close(f->xfs);
    image_close(f->image);
    free(f);
}
EX_DEFINE_AUTO(void, close_files);

static ex_code open_image(struct parser_run *run, struct files **ret, struct ex_error *err) {
    struct image *image = NULL;
    EX_TRY(image_open(run, &image, err));
    *ret = ex_new0(struct files);
    (*ret)->image = image;
    return EX_OK;
}

/* ---- unallocated space ---- */

struct space {
    struct extents x;
    struct ex_error *err;
    ex_code code;
    uint64_t bytes, unknown; /* unknown: of which nothing says whether they are free */
    bool count_only;
};

static TSK_WALK_RET_ENUM add_block(const TSK_FS_BLOCK *block, void *context) {
    struct space *s = context;
    if ((block->flags & TSK_FS_BLOCK_FLAG_UNALLOC) == 0) {
        s->unknown++;
        return TSK_WALK_CONT;
    }
    if (s->count_only) {
        s->bytes += s->x.f->fs->block_size;
        return TSK_WALK_CONT;
    }
    s->code = extents_add_blocks(&s->x, block->addr, 0, s->x.f->fs->block_size, s->err);
    return s->code == EX_OK && !s->x.too_many ? TSK_WALK_CONT : TSK_WALK_STOP;
}

static bool walk_space(struct space *s) {
    TSK_FS_INFO *fs = s->x.f->fs;
    TSK_FS_BLOCK_WALK_FLAG_ENUM flags =
        TSK_FS_BLOCK_WALK_FLAG_UNALLOC | TSK_FS_BLOCK_WALK_FLAG_AONLY;
    return tsk_fs_block_walk(fs, fs->first_block, fs->last_block_act, flags, add_block, s) == 0;
}

/* Its size is told before its places are: they are counted first. */
ex_code files_space(struct files *f, struct ex_error *err) {
    struct parser_run *run = f->image->run;
    struct space s = {.x = {.f = f, .max = FILES_SPACE_EXTENTS_MAX}, .err = err};
    uint32_t trace;
    struct ex_error why = {0};
    image_forget(f->image);
    s.count_only = true;
    if (!walk_space(&s) || image_is_unread(f->image) || s.unknown > 0)
        image_reason(f->image, &why);
    EX_TRY(image_check(f->image, err));
    if (s.bytes == 0)
        return why.code == EX_OK ? EX_OK : parser_trace_problem(run, 0, "space", &why, err);
    struct parser_trace t = {
        .kind = PARSER_SPACE, .flags = PARSER_SIZED, .key = "unallocated", .size_bytes = s.bytes};
    EX_TRY(parser_trace(run, &t, &trace, err));
    s.count_only = false;
    s.x.left = s.bytes;
    (void)walk_space(&s);
    EX_TRY(s.code);
    EX_TRY(image_check(f->image, err));
    EX_TRY(extents_end(&s.x, err));
    if (s.x.too_many)
        EX_TRY(tell_problem(run, trace, "extents", err, EX_LIMIT, "more than %d pieces",
                            FILES_SPACE_EXTENTS_MAX));
    return why.code == EX_OK ? EX_OK : parser_trace_problem(run, trace, "walk", &why, err);
}

/* ---- the parser ---- */

/* libtsk 4.11 does not know it. */
static ex_code tell_xfs(struct files *f, bool *ret_told, struct ex_error *err) {
    struct parser_run *run = f->image->run;
    struct ex_error why = {0};
    EX_TRY(xfs_is_there(run, ret_told, err));
    if (!*ret_told)
        return EX_OK;
    ex_code code = xfs_open(run, &f->xfs, &why);
    if (code == EX_OK)
        return xfs_tell(f->xfs, err);
    if (code == EX_FORMAT || code == EX_UNSUPPORTED || code == EX_IO)
        return xfs_tell_refused(run, &why, err);
    if (err != NULL)
        *err = why;
    return code;
}

static ex_code tell_unopened(struct files *f, bool *ret_told, struct ex_error *err) {
    EX_TRY(files_tell_unread(f->image, false, ret_told, err));
    if (!*ret_told)
        EX_TRY(tell_xfs(f, ret_told, err));
    if (!*ret_told)
        EX_TRY(lvm_tell(f->image->run, ret_told, err));
    return *ret_told ? EX_OK : files_tell_other_ext(f->image, ret_told, err);
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    (void)parameters;
    EX_AUTO(close_files) void *state = NULL;
    struct files *f = NULL;
    const char *also;
    bool told;
    uint32_t trace;
    EX_TRY(open_image(run, &f, err));
    state = f;
    EX_TRY(files_tell_unread(f->image, true, &told, err));
    ex_code code = told ? EX_OK : files_detect(f, &also, err);
    if (code == EX_FORMAT || code == EX_IO)
        EX_TRY(tell_unopened(f, &told, err));
    if (code != EX_OK && !told)
        return code;
    if (!told) {
        EX_TRY(files_tell_system(f, also, &trace, err));
        if (f->opened.code != EX_OK)
            EX_TRY(parser_trace_problem(run, trace, "opening", &f->opened, err));
        EX_TRY(files_unit_directory(f, trace, f->fs->root_inum, err));
        EX_TRY(files_unit_records(f, trace, err));
        /* libtsk says of an ISO 9660 what is free by looking at every file for every block */
        if (!TSK_FS_TYPE_ISISO9660(f->fs->ftype))
            EX_TRY(parser_unit(run, trace, "space", sizeof "space" - 1, true, err));
    }
    *ret_state = ex_steal(&state);
    return EX_OK;
}

static ex_code prepare(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    (void)parameters;
    EX_AUTO(close_files) void *state = NULL;
    struct files *f = NULL;
    const char *also;
    EX_TRY(open_image(run, &f, err));
    state = f;
    ex_code code = files_detect(f, &also, err);
    if (code == EX_FORMAT || code == EX_IO)
        code = xfs_open(run, &f->xfs, err);
    EX_TRY(code);
    *ret_state = ex_steal(&state);
    return EX_OK;
}

/* "WORD", "WORD N", "WORD N N" */
static bool parse_unit(const void *unit, size_t size, const char *word, uint64_t *numbers,
                       unsigned count) {
    const char *at = unit, *end = at + size;
    size_t n = strlen(word);
    if (size < n || memcmp(at, word, n) != 0)
        return false;
    at += n;
    for (unsigned i = 0; i < count; i++) {
        if (at == end || *at != ' ')
            return false;
        at++;
        const char *space = memchr(at, ' ', (size_t)(end - at));
        const char *stop = space != NULL ? space : end;
        if (!ex_parse_decimal(at, (size_t)(stop - at), &numbers[i]))
            return false;
        at = stop;
    }
    return at == end;
}

static ex_code work(struct parser_run *run, void *state, const void *unit, size_t size_bytes,
                    struct ex_error *err) {
    struct files *f = state;
    uint64_t n[2];
    bool done;
    f->image->run = run;
    if (f->xfs != NULL) {
        EX_TRY(xfs_work(f->xfs, run, unit, size_bytes, &done, err));
        if (done)
            return EX_OK;
    }
    if (f->fs == NULL)
        return ex_fail(err, EX_INTERNAL, "a unit of a volume that is not read");
    if (parse_unit(unit, size_bytes, "dir", n, 1))
        return files_directory(f, n[0], err);
    if (parse_unit(unit, size_bytes, "meta", n, 2))
        return files_records(f, n[0], n[1], err);
    if (parse_unit(unit, size_bytes, "space", n, 0))
        return files_space(f, err);
    return ex_fail(err, EX_INTERNAL, "a unit that is none of ours");
}

const struct parser files_parser = {.name = "files",
                                    .version = 1,
                                    .library = image_library,
                                    .examine = examine,
                                    .prepare = prepare,
                                    .work = work,
                                    .close = close_files};
