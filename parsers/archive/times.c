/* SPDX-License-Identifier: Apache-2.0 */
/* When an entry was, and by which clock: docs/archives.md. */
#include "parsers/archive/archive_internal.h"

enum { SECOND = 1000000000, DOS_STEP = 2 };
#define DOS_STEP_NS ((uint64_t)DOS_STEP * SECOND)

/* What a format's times are. `fine`: the step of those that have a fraction. */
static const struct clock {
    int format;
    const char *source;
    uint64_t step, fine;
    bool local;
    bool changed_is_created; /* the format's third time is that of its making */
} CLOCKS[] = {
    {ARCHIVE_FORMAT_7ZIP, "7zip", 100, 100, false, true},
    {ARCHIVE_FORMAT_AR, "ar", SECOND, SECOND, false, false},
    {ARCHIVE_FORMAT_CAB, "cab", DOS_STEP_NS, SECOND, true, false},
    {ARCHIVE_FORMAT_CPIO, "cpio", SECOND, 1, false, false},
    {ARCHIVE_FORMAT_ISO9660, "iso9660", SECOND, 10000000, false, false},
    {ARCHIVE_FORMAT_LHA, "lha", DOS_STEP_NS, 100, true, false},
    {ARCHIVE_FORMAT_RAR, "rar", DOS_STEP_NS, 100, true, true},
    {ARCHIVE_FORMAT_RAR_V5, "rar5", SECOND, 1, false, true},
    {ARCHIVE_FORMAT_RAW, "gzip", SECOND, SECOND, false, false},
    {ARCHIVE_FORMAT_TAR, "tar", SECOND, 1, false, false},
    {ARCHIVE_FORMAT_WARC, "warc", SECOND, 1, false, false},
    {ARCHIVE_FORMAT_XAR, "xar", SECOND, 1, false, false},
    {ARCHIVE_FORMAT_ZIP, "zip", DOS_STEP_NS, 100, true, true},
};

static const struct clock *clock_of(struct archive *a) {
    for (size_t i = 0; i < sizeof CLOCKS / sizeof CLOCKS[0]; i++)
        if (CLOCKS[i].format == (archive_format(a) & ARCHIVE_FORMAT_BASE_MASK))
            return &CLOCKS[i];
    return NULL;
}

/* libarchive does not say which of a ZIP's fields a time comes from. The old one has even seconds
 * of local time and is alone; the others, which are in UTC, have more than one time as a rule. */
static struct clock zip_clock(struct clock c, struct archive_entry *entry) {
    if (archive_entry_atime_is_set(entry) || archive_entry_ctime_is_set(entry) ||
        archive_entry_mtime(entry) % DOS_STEP != 0) {
        c.step = SECOND;
        c.local = false;
    }
    return c;
}

static ex_code tell_time(struct unpacking *u, const struct clock *c, enum parser_time what,
                         time_t seconds, long nanoseconds, struct ex_error *err) {
    if ((seconds == 0 && nanoseconds == 0) || nanoseconds < 0 || nanoseconds >= SECOND)
        return EX_OK;
    return parser_trace_time(u->run, what, (int64_t)seconds, (uint32_t)nanoseconds,
                             nanoseconds != 0 ? c->fine : c->step, c->local, c->source, err);
}

ex_code unpack_times(struct unpacking *u, struct archive_entry *entry, struct ex_error *err) {
    const struct clock *known = clock_of(u->archive);
    if (known == NULL)
        return EX_OK;
    struct clock c = known->format == ARCHIVE_FORMAT_ZIP ? zip_clock(*known, entry) : *known;
    if (archive_entry_mtime_is_set(entry))
        EX_TRY(tell_time(u, &c, PARSER_MODIFIED, archive_entry_mtime(entry),
                         archive_entry_mtime_nsec(entry), err));
    if (archive_entry_atime_is_set(entry))
        EX_TRY(tell_time(u, &c, PARSER_ACCESSED, archive_entry_atime(entry),
                         archive_entry_atime_nsec(entry), err));
    if (archive_entry_ctime_is_set(entry))
        EX_TRY(tell_time(u, &c, c.changed_is_created ? PARSER_CREATED : PARSER_CHANGED,
                         archive_entry_ctime(entry), archive_entry_ctime_nsec(entry), err));
    if (archive_entry_birthtime_is_set(entry) && !c.changed_is_created)
        EX_TRY(tell_time(u, &c, PARSER_CREATED, archive_entry_birthtime(entry),
                         archive_entry_birthtime_nsec(entry), err));
    return EX_OK;
}
