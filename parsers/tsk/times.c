/* SPDX-License-Identifier: Apache-2.0 */
/* When, by which structure, and how finely it counts.
 *
 * libtsk counts seconds in 32 bits, and leaves out what it takes for no time: of all but HFS and
 * UFS2 the times are read here from the records themselves. */
#include "parsers/tsk/raw_internal.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SECOND_NS = 1000000000, CENTISECOND_NS = 10000000, NTFS_NS = 100 };
#define TWO_SECONDS_NS UINT64_C(2000000000)
#define DAY_NS         UINT64_C(86400000000000)
/* from 1601 to 1970, in seconds */
#define NTFS_EPOCH INT64_C(11644473600)

struct clock {
    struct parser_run *run;
    const char *source;
    bool local;
};

/* A structure's 0 is 1970 here for libtsk, whatever its own epoch is: never set. */
static ex_code tell(const struct clock *c, enum parser_time what, int64_t seconds,
                    uint64_t nanoseconds, uint64_t resolution, struct ex_error *err) {
    if (seconds == 0)
        return EX_OK;
    return parser_trace_time(c->run, what, seconds,
                             nanoseconds < SECOND_NS ? (uint32_t)nanoseconds : 0, resolution,
                             c->local, c->source, err);
}

/* A record that libtsk read and that is not found again: rather no time than a wrong one. */
static ex_code tell_none(const struct clock *c, struct ex_error *err) {
    return tell_text(c->run, "times", "not told: the record cannot be read again", err);
}

/* Bytes that are no time, as they stand. */
static ex_code tell_stored(const struct clock *c, enum parser_time what, const uint8_t *bytes,
                           size_t size, struct ex_error *err) {
    char hex[2 * 8 + 1];
    const char *name = what == PARSER_MODIFIED   ? "modified-as-stored"
                       : what == PARSER_ACCESSED ? "accessed-as-stored"
                                                 : "created-as-stored";
    (void)ex_hex(hex, bytes, size < 8 ? size : 8);
    return tell_text(c->run, name, hex, err);
}

/* ---- NTFS ---- */

/* 100 ns since 1601. */
static ex_code tell_file_time(const struct clock *c, enum parser_time what, struct ex_cursor *from,
                             struct ex_error *err) {
    uint64_t t = ex_cursor_le64(from);
    if (t == 0)
        return EX_OK;
    return parser_trace_time(c->run, what, (int64_t)(t / 10000000) - NTFS_EPOCH,
                             (uint32_t)(t % 10000000 * NTFS_NS), NTFS_NS, c->local, c->source, err);
}

static ex_code tell_filetimes(const struct clock *c, const TSK_FS_ATTR *attr, size_t skip,
                              struct ex_error *err) {
    if (attr == NULL || (attr->flags & TSK_FS_ATTR_RES) == 0 || attr->rd.buf == NULL ||
        attr->size < (TSK_OFF_T)(skip + 32) || attr->rd.buf_size < skip + 32)
        return EX_OK;
    struct ex_cursor from = ex_cursor_make(attr->rd.buf, skip + 32);
    (void)ex_cursor_bytes(&from, skip);
    EX_TRY(tell_file_time(c, PARSER_CREATED, &from, err));
    EX_TRY(tell_file_time(c, PARSER_MODIFIED, &from, err));
    EX_TRY(tell_file_time(c, PARSER_CHANGED, &from, err));
    return tell_file_time(c, PARSER_ACCESSED, &from, err);
}

/* The first that is not the short name alone. */
static const TSK_FS_ATTR *file_name_of(TSK_FS_FILE *file) {
    enum { NAMESPACE_AT = 65, NAMESPACE_DOS = 2 };
    const TSK_FS_ATTR *first = NULL;
    int count = tsk_fs_file_attr_getsize(file);
    for (int i = 0; i < count && i < FILES_STREAMS_MAX; i++) {
        const TSK_FS_ATTR *attr = tsk_fs_file_attr_get_idx(file, i);
        if (attr == NULL || attr->type != TSK_FS_ATTR_TYPE_NTFS_FNAME)
            continue;
        if (first == NULL)
            first = attr;
        if ((attr->flags & TSK_FS_ATTR_RES) && attr->rd.buf != NULL && attr->size > NAMESPACE_AT &&
            attr->rd.buf_size > NAMESPACE_AT && attr->rd.buf[NAMESPACE_AT] != NAMESPACE_DOS)
            return attr;
    }
    return first;
}

static ex_code tell_ntfs(struct clock *c, TSK_FS_FILE *file, struct ex_error *err) {
    c->source = "ntfs:$STANDARD_INFORMATION";
    const TSK_FS_ATTR *attr = tsk_fs_file_attr_get_type(file, TSK_FS_ATTR_TYPE_NTFS_SI, 0, 0);
    EX_TRY(tell_filetimes(c, attr, 0, err));
    c->source = "ntfs:$FILE_NAME";
    return tell_filetimes(c, file_name_of(file), 8, err);
}

/* ---- FAT, exFAT, ISO 9660: a calendar ---- */

/* 30 February and hour 24 are none. */
static bool count_seconds(struct tm tm, int64_t *ret) {
    struct tm same = tm;
    if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_hour > 23 || tm.tm_min > 59 ||
        tm.tm_sec > 59)
        return false;
    *ret = (int64_t)timegm(&same);
    return same.tm_mday == tm.tm_mday && same.tm_mon == tm.tm_mon;
}

static bool dos_seconds(uint16_t date, uint16_t time, int64_t *ret) {
    return count_seconds((struct tm){.tm_year = (date >> 9) + 80,
                                     .tm_mon = (date >> 5 & 15) - 1,
                                     .tm_mday = date & 31,
                                     .tm_hour = time >> 11,
                                     .tm_min = time >> 5 & 63,
                                     .tm_sec = (time & 31) * 2},
                         ret);
}

/* `bytes`: time, then date; hundredths over it, at most 199. */
static ex_code tell_dos(const struct clock *c, enum parser_time what, const uint8_t bytes[static 4],
                        uint8_t hundredths, uint64_t resolution, int64_t east_of_utc,
                        struct ex_error *err) {
    struct ex_cursor from = ex_cursor_make(bytes, 4);
    uint16_t time = ex_cursor_le16(&from), date = ex_cursor_le16(&from);
    int64_t seconds;
    if (time == 0 && date == 0)
        return EX_OK;
    if (!dos_seconds(date, time, &seconds) || hundredths > 199)
        return tell_stored(c, what, bytes, 4, err);
    return parser_trace_time(c->run, what, seconds - east_of_utc + hundredths / 100,
                             (uint32_t)(hundredths % 100) * CENTISECOND_NS, resolution, c->local,
                             c->source, err);
}

static ex_code tell_fat(struct clock *c, struct files *f, const TSK_FS_META *m,
                        struct ex_error *err) {
    uint8_t e[RAW_FAT_BYTES];
    c->source = "fat:directory-entry";
    c->local = true;
    if (!raw_fat_entry(f, m->addr, e))
        return tell_none(c, err);
    uint8_t day[4] = {0, 0, e[18], e[19]};
    EX_TRY(tell_dos(c, PARSER_MODIFIED, e + 22, 0, TWO_SECONDS_NS, 0, err));
    EX_TRY(tell_dos(c, PARSER_ACCESSED, day, 0, DAY_NS, 0, err));
    return tell_dos(c, PARSER_CREATED, e + 14, e[13], CENTISECOND_NS, 0, err);
}

/* With its own zone, in quarters of an hour, when the highest bit says that it is known. */
static ex_code tell_zoned(struct clock *c, enum parser_time what, const uint8_t bytes[static 4],
                          uint8_t hundredths, uint64_t resolution, uint8_t zone,
                          struct ex_error *err) {
    int quarters = (zone & 0x7f) - ((zone & 0x40) != 0 ? 0x80 : 0);
    c->local = (zone & 0x80) == 0;
    return tell_dos(c, what, bytes, hundredths, resolution, c->local ? 0 : quarters * 900, err);
}

static ex_code tell_exfat(struct clock *c, struct files *f, const TSK_FS_META *m,
                          struct ex_error *err) {
    uint8_t e[RAW_FAT_BYTES];
    c->source = "exfat:file-entry";
    if (!raw_fat_entry(f, m->addr, e))
        return tell_none(c, err);
    if (!raw_is_exfat_file(e)) /* the other kinds have no times */
        return EX_OK;
    EX_TRY(tell_zoned(c, PARSER_MODIFIED, e + 12, e[21], CENTISECOND_NS, e[23], err));
    EX_TRY(tell_zoned(c, PARSER_ACCESSED, e + 16, 0, TWO_SECONDS_NS, e[24], err));
    return tell_zoned(c, PARSER_CREATED, e + 8, e[20], CENTISECOND_NS, e[22], err);
}

static ex_code tell_iso(struct clock *c, struct files *f, const TSK_FS_META *m,
                        struct ex_error *err) {
    static const uint8_t NEVER[RAW_ISO_TIME_BYTES] = {0};
    struct raw_iso r;
    int64_t seconds;
    c->source = "iso9660:directory-record";
    if (!raw_iso_record(f, m->addr, &r))
        return tell_none(c, err);
    const uint8_t *t = r.time;
    int quarters = t[6] < 0x80 ? t[6] : t[6] - 0x100;
    if (memcmp(t, NEVER, sizeof NEVER) == 0)
        return EX_OK;
    if (!count_seconds((struct tm){.tm_year = t[0],
                                   .tm_mon = t[1] - 1,
                                   .tm_mday = t[2],
                                   .tm_hour = t[3],
                                   .tm_min = t[4],
                                   .tm_sec = t[5]},
                       &seconds) ||
        quarters < -48 || quarters > 52)
        return tell_stored(c, PARSER_CREATED, t, RAW_ISO_TIME_BYTES, err);
    return parser_trace_time(c->run, PARSER_CREATED, seconds - quarters * INT64_C(900), 0,
                             SECOND_NS, c->local, c->source, err);
}

/* ---- inodes ---- */

static ex_code tell_four(const struct clock *c, const TSK_FS_META *m, uint64_t resolution,
                         struct ex_error *err) {
    EX_TRY(tell(c, PARSER_MODIFIED, m->mtime, m->mtime_nano, resolution, err));
    EX_TRY(tell(c, PARSER_ACCESSED, m->atime, m->atime_nano, resolution, err));
    EX_TRY(tell(c, PARSER_CHANGED, m->ctime, m->ctime_nano, resolution, err));
    return tell(c, PARSER_CREATED, m->crtime, m->crtime_nano, resolution, err);
}

/* 32 bits with a sign; a large inode has two more above them, and nanoseconds. */
static ex_code tell_inode(const struct clock *c, enum parser_time what, const struct raw_inode *i,
                          size_t at, size_t extra_at, struct ex_error *err) {
    if (at + 4 > i->size)
        return EX_OK;
    struct ex_cursor from = ex_cursor_make(i->bytes + at, 4);
    int64_t seconds = (int32_t)ex_cursor_le32(&from);
    bool fine = extra_at + 4 <= i->size;
    from = ex_cursor_make(i->bytes + extra_at, fine ? 4 : 0);
    uint32_t extra = ex_cursor_le32(&from);
    if (seconds == 0 && extra == 0)
        return EX_OK;
    uint32_t nanoseconds = extra >> 2;
    seconds += (int64_t)(extra & 3) << 32;
    return parser_trace_time(c->run, what, seconds, nanoseconds < SECOND_NS ? nanoseconds : 0,
                             fine ? 1 : SECOND_NS, c->local, c->source, err);
}

static ex_code tell_ext(struct clock *c, struct files *f, const TSK_FS_META *m,
                        struct ex_error *err) {
    struct raw_inode i;
    c->source = "ext:inode";
    if (!raw_ext_inode(f, m, &i))
        return tell_none(c, err);
    EX_TRY(tell_inode(c, PARSER_MODIFIED, &i, 16, 136, err));
    EX_TRY(tell_inode(c, PARSER_ACCESSED, &i, 8, 140, err));
    EX_TRY(tell_inode(c, PARSER_CHANGED, &i, 12, 132, err));
    EX_TRY(tell_inode(c, PARSER_CREATED, &i, 144, 148, err));
    return tell(c, PARSER_WAS_DELETED, (uint32_t)m->time2.ext2.dtime, 0, SECOND_NS, err);
}

/* UFS1 has 32 bits with a sign, and no time of creation. */
static ex_code tell_ufs(struct clock *c, const TSK_FS_META *m, TSK_FS_TYPE_ENUM type,
                        struct ex_error *err) {
    uint64_t resolution = type == TSK_FS_TYPE_FFS1B ? SECOND_NS : 1;
    c->source = "ufs:inode";
    if (type == TSK_FS_TYPE_FFS2)
        return tell_four(c, m, resolution, err);
    EX_TRY(tell(c, PARSER_MODIFIED, (int32_t)(uint32_t)m->mtime, m->mtime_nano, resolution, err));
    EX_TRY(tell(c, PARSER_ACCESSED, (int32_t)(uint32_t)m->atime, m->atime_nano, resolution, err));
    return tell(c, PARSER_CHANGED, (int32_t)(uint32_t)m->ctime, m->ctime_nano, resolution, err);
}

ex_code files_tell_times(struct files *f, TSK_FS_FILE *file, struct ex_error *err) {
    struct clock c = {.run = f->image->run};
    const TSK_FS_META *meta = file->meta;
    TSK_FS_TYPE_ENUM type = f->fs->ftype;
    if (meta->type == TSK_FS_META_TYPE_VIRT || meta->type == TSK_FS_META_TYPE_VIRT_DIR)
        return EX_OK; /* made up by libtsk */
    if (type == TSK_FS_TYPE_NTFS)
        return tell_ntfs(&c, file, err);
    if (type == TSK_FS_TYPE_EXFAT)
        return tell_exfat(&c, f, meta, err);
    if (TSK_FS_TYPE_ISFAT(type))
        return tell_fat(&c, f, meta, err);
    if (TSK_FS_TYPE_ISEXT(type))
        return tell_ext(&c, f, meta, err);
    if (TSK_FS_TYPE_ISISO9660(type))
        return tell_iso(&c, f, meta, err);
    if (!TSK_FS_TYPE_ISHFS(type))
        return tell_ufs(&c, meta, type, err);
    c.source = "hfs:catalog";
    EX_TRY(tell_four(&c, meta, SECOND_NS, err));
    return tell(&c, PARSER_BACKED_UP, meta->time2.hfs.bkup_time, 0, SECOND_NS, err);
}
