/* SPDX-License-Identifier: Apache-2.0 */
/* When, by which structure, and how finely it counts. */
#include "parsers/tsk/files_internal.h"

enum { SECOND_NS = 1000000000, CENTISECOND_NS = 10000000, NTFS_NS = 100 };
#define TWO_SECONDS_NS UINT64_C(2000000000)
#define DAY_NS         UINT64_C(86400000000000)

struct clock {
    struct parser_run *run;
    const char *source;
    bool local;
};

/* A structure's 0 is 1970 here for libtsk, whatever its own epoch is: never set. */
static ex_code tell(const struct clock *c, enum parser_time what, time_t seconds,
                    uint64_t nanoseconds, uint64_t resolution, struct ex_error *err) {
    if (seconds == 0)
        return EX_OK;
    return parser_trace_time(c->run, what, seconds,
                             nanoseconds < SECOND_NS ? (uint32_t)nanoseconds : 0, resolution,
                             c->local, c->source, err);
}

static ex_code tell_four(const struct clock *c, const TSK_FS_META *m, uint64_t resolution,
                         struct ex_error *err) {
    EX_TRY(tell(c, PARSER_MODIFIED, m->mtime, m->mtime_nano, resolution, err));
    EX_TRY(tell(c, PARSER_ACCESSED, m->atime, m->atime_nano, resolution, err));
    EX_TRY(tell(c, PARSER_CHANGED, m->ctime, m->ctime_nano, resolution, err));
    return tell(c, PARSER_CREATED, m->crtime, m->crtime_nano, resolution, err);
}

static ex_code tell_ntfs(struct clock *c, const TSK_FS_META *m, struct ex_error *err) {
    c->source = "ntfs:$STANDARD_INFORMATION";
    EX_TRY(tell_four(c, m, NTFS_NS, err));
    c->source = "ntfs:$FILE_NAME";
    EX_TRY(tell(c, PARSER_MODIFIED, m->time2.ntfs.fn_mtime, (uint64_t)m->time2.ntfs.fn_mtime_nano,
                NTFS_NS, err));
    EX_TRY(tell(c, PARSER_ACCESSED, m->time2.ntfs.fn_atime, (uint64_t)m->time2.ntfs.fn_atime_nano,
                NTFS_NS, err));
    EX_TRY(tell(c, PARSER_CHANGED, m->time2.ntfs.fn_ctime, (uint64_t)m->time2.ntfs.fn_ctime_nano,
                NTFS_NS, err));
    return tell(c, PARSER_CREATED, m->time2.ntfs.fn_crtime, (uint64_t)m->time2.ntfs.fn_crtime_nano,
                NTFS_NS, err);
}

static ex_code tell_fat(struct clock *c, const TSK_FS_META *m, bool exfat, struct ex_error *err) {
    c->source = exfat ? "exfat:file-entry" : "fat:directory-entry";
    c->local = true;
    EX_TRY(tell(c, PARSER_MODIFIED, m->mtime, m->mtime_nano,
                exfat ? CENTISECOND_NS : TWO_SECONDS_NS, err));
    EX_TRY(tell(c, PARSER_ACCESSED, m->atime, m->atime_nano, exfat ? TWO_SECONDS_NS : DAY_NS, err));
    return tell(c, PARSER_CREATED, m->crtime, m->crtime_nano, CENTISECOND_NS, err);
}

static ex_code tell_ext(struct clock *c, const TSK_FS_META *m, struct ex_error *err) {
    /* Large inodes have room for nanoseconds; libtsk does not say of one whether it is large. */
    bool fine = m->mtime_nano != 0 || m->atime_nano != 0 || m->ctime_nano != 0 || m->crtime != 0;
    c->source = "ext:inode";
    EX_TRY(tell_four(c, m, fine ? 1 : SECOND_NS, err));
    return tell(c, PARSER_WAS_DELETED, m->time2.ext2.dtime, 0, SECOND_NS, err);
}

ex_code files_tell_times(struct files *f, const TSK_FS_META *meta, struct ex_error *err) {
    struct clock c = {.run = f->image->run};
    TSK_FS_TYPE_ENUM type = f->fs->ftype;
    if (type == TSK_FS_TYPE_NTFS)
        return tell_ntfs(&c, meta, err);
    if (TSK_FS_TYPE_ISFAT(type))
        return tell_fat(&c, meta, type == TSK_FS_TYPE_EXFAT, err);
    if (TSK_FS_TYPE_ISEXT(type))
        return tell_ext(&c, meta, err);
    if (TSK_FS_TYPE_ISHFS(type)) {
        c.source = "hfs:catalog";
        EX_TRY(tell_four(&c, meta, SECOND_NS, err));
        return tell(&c, PARSER_BACKED_UP, meta->time2.hfs.bkup_time, 0, SECOND_NS, err);
    }
    if (TSK_FS_TYPE_ISISO9660(type)) { /* libtsk reads over the record's zone */
        c.source = "iso9660:directory-record";
        c.local = true;
        return tell(&c, PARSER_CREATED, meta->crtime, 0, SECOND_NS, err);
    }
    c.source = "ufs:inode";
    return tell_four(&c, meta, type == TSK_FS_TYPE_FFS1B ? SECOND_NS : 1, err);
}
