/* SPDX-License-Identifier: Apache-2.0 */
/* Exif (CIPA DC-008, "Exif 2.32" §4) in a TIFF structure (TIFF 6.0 §2). */
#include "parsers/pictures/pictures_internal.h"

#include "base/cursor.h"
#include "parsers/shared/when.h"

#include <math.h>
#include <stdio.h>

enum { ENTRY_BYTES = 12, ENTRIES_MAX = 4096, RATIONALS_MAX = 8, STORED_BYTES = 160, TWICE_MAX = 9 };
#define SECOND_NS UINT64_C(1000000000)

enum type { BYTE = 1, ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5, UNDEFINED = 7, TYPES = 13 };

/* Directories, by what points to them. */
enum directory { FIRST, SECOND, EXIF, GPS, DIRECTORIES };

struct value {
    enum type type;
    uint32_t count;
    size_t size; /* bytes that were read */
    uint8_t bytes[PICTURE_TEXT_BYTES_MAX];
};

struct exif {
    struct picture *picture;
    struct place place;
    bool big, whole;
    uint32_t exif_at, gps_at, thumbnail_at, thumbnail_size;
    /* texts that belong together */
    char time[3][24], sub[3][12], offset[3][24]; /* DateTime, Original, Digitized */
    char reference[3][2];                        /* of latitude, longitude, altitude */
    char date[12];
    struct value value, position[3], clock;
};

static uint16_t get16(const struct exif *e, struct ex_cursor *c) {
    return e->big ? ex_cursor_be16(c) : ex_cursor_le16(c);
}

static uint32_t get32(const struct exif *e, struct ex_cursor *c) {
    return e->big ? ex_cursor_be32(c) : ex_cursor_le32(c);
}

/* False: it is not there, which is told. */
static ex_code read_at(struct exif *e, uint64_t offset, void *to, size_t size, bool *ret_there,
                       struct ex_error *err) {
    *ret_there = offset <= e->place.size && size <= e->place.size - offset;
    if (*ret_there)
        return picture_read(e->picture, e->place.offset + offset, to, size, ret_there, err);
    picture_wrong(e->picture, "exif-end", EX_FORMAT, "Exif ends before byte %llu of it",
                  (unsigned long long)offset + size);
    return EX_OK;
}

/* ---- values ---- */

static size_t size_of(unsigned type) {
    static const uint8_t SIZES[TYPES] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
    return type < TYPES ? SIZES[type] : 0;
}

static ex_code load_value(struct exif *e, const uint8_t *entry, struct value *v, bool *ret,
                          struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(entry, ENTRY_BYTES);
    (void)get16(e, &c);
    unsigned type = get16(e, &c);
    type = type == 13 ? (unsigned)LONG : type; /* IFD, of TIFF Technical Note 1: a place */
    v->type = (enum type)type;
    v->count = get32(e, &c);
    uint64_t size = (uint64_t)v->count * size_of(type);
    *ret = size > 0;
    if (size > PICTURE_TEXT_BYTES_MAX) {
        picture_wrong(e->picture, "value", EX_LIMIT, "a value of %llu bytes",
                      (unsigned long long)size);
        size = PICTURE_TEXT_BYTES_MAX;
    }
    v->size = (size_t)size;
    if (size <= 4) {
        memcpy(v->bytes, entry + 8, v->size);
        return EX_OK;
    }
    uint32_t at = get32(e, &c);
    return *ret ? read_at(e, at, v->bytes, v->size, ret, err) : EX_OK;
}

static bool number_of(const struct exif *e, const struct value *v, uint32_t *ret) {
    struct ex_cursor c = ex_cursor_make(v->bytes, v->size);
    if (v->type == SHORT && v->size >= 2)
        *ret = get16(e, &c);
    else if (v->type == LONG && v->size >= 4)
        *ret = get32(e, &c);
    else if (v->type == BYTE && v->size >= 1)
        *ret = v->bytes[0];
    else
        return false;
    return true;
}

/* "3/1 59/1 100/7"; *ret how many. */
static size_t rationals(const struct exif *e, const struct value *v, char to[static STORED_BYTES],
                        double *ret) {
    struct ex_cursor c = ex_cursor_make(v->bytes, v->size);
    size_t n = 0, used = 0;
    to[0] = '\0';
    for (; v->type == RATIONAL && n < RATIONALS_MAX && n < v->size / 8; n++) {
        uint32_t above = get32(e, &c), below = get32(e, &c);
        int put =
            snprintf(to + used, STORED_BYTES - used, "%s%u/%u", n > 0 ? " " : "", above, below);
        used += put > 0 && (size_t)put < STORED_BYTES - used ? (size_t)put : 0;
        ret[n] = below == 0 ? NAN : (double)above / below;
    }
    return n;
}

static void keep(const struct value *v, char *to, size_t size_bytes) {
    size_t n = v->size < size_bytes - 1 ? v->size : size_bytes - 1;
    memcpy(to, v->bytes, n);
    to[n] = '\0';
}

/* ---- fields ---- */

enum how { TEXT, NUMBER, FRACTION, WIDE, COMMENT };

static const struct field {
    enum directory directory;
    uint16_t tag;
    enum how how;
    const char *name;
} FIELDS[] = {
    {FIRST, 0x010E, TEXT, "description"},
    {FIRST, 0x010F, TEXT, "make"},
    {FIRST, 0x0110, TEXT, "model"},
    {FIRST, 0x0112, NUMBER, "orientation"},
    {FIRST, 0x0131, TEXT, "software"},
    {FIRST, 0x013B, TEXT, "artist"},
    {FIRST, 0x013C, TEXT, "host-computer"},
    {FIRST, 0x8298, TEXT, "copyright"},
    {FIRST, 0x9C9B, WIDE, "xp-title"},
    {FIRST, 0x9C9C, WIDE, "xp-comment"},
    {FIRST, 0x9C9D, WIDE, "xp-author"},
    {FIRST, 0x9C9E, WIDE, "xp-keywords"},
    {FIRST, 0x9C9F, WIDE, "xp-subject"},
    {EXIF, 0x829A, FRACTION, "exposure-time"},
    {EXIF, 0x829D, FRACTION, "f-number"},
    {EXIF, 0x8827, NUMBER, "iso"},
    {EXIF, 0x9209, NUMBER, "flash"},
    {EXIF, 0x920A, FRACTION, "focal-length"},
    {EXIF, 0x9286, COMMENT, "user-comment"},
    {EXIF, 0xA002, NUMBER, "exif-width"},
    {EXIF, 0xA003, NUMBER, "exif-height"},
    {EXIF, 0xA420, TEXT, "image-unique-id"},
    {EXIF, 0xA430, TEXT, "camera-owner"},
    {EXIF, 0xA431, TEXT, "serial"},
    {EXIF, 0xA433, TEXT, "lens-make"},
    {EXIF, 0xA434, TEXT, "lens-model"},
    {EXIF, 0xA435, TEXT, "lens-serial"},
    {GPS, 0x0010, TEXT, "gps-direction-reference"},
    {GPS, 0x0011, FRACTION, "gps-direction"},
    {GPS, 0x0012, TEXT, "gps-datum"},
    {GPS, 0x001F, FRACTION, "gps-error-metres"},
};

/* UTF-16 to UTF-8, as far as it is any. */
static ex_code tell_wide(struct exif *e, const char *name, const uint8_t *bytes, size_t size,
                         bool big, struct ex_error *err) {
    char out[2 * PICTURE_TEXT_BYTES_MAX];
    size_t used = 0;
    for (size_t i = 0; i + 1 < size && used + 4 <= sizeof out; i += 2) {
        uint32_t c =
            big ? (uint32_t)bytes[i] << 8 | bytes[i + 1] : (uint32_t)bytes[i + 1] << 8 | bytes[i];
        uint32_t low = i + 3 < size ? (big ? (uint32_t)bytes[i + 2] << 8 | bytes[i + 3]
                                           : (uint32_t)bytes[i + 3] << 8 | bytes[i + 2])
                                    : 0;
        bool pair = c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000;
        if (c == 0)
            break;
        c = pair                        ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00)
            : c >= 0xD800 && c < 0xE000 ? 0xFFFD
                                        : c;
        i += pair ? 2 : 0;
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t k = n; k-- > 1; c >>= 6)
            out[used + k] = (char)(0x80 | (c & 0x3F));
        out[used] = (char)((n == 1 ? 0 : n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | c);
        used += n;
    }
    return picture_text(e->picture, name, (const uint8_t *)out, used, err);
}

/* Its first 8 bytes say in what it is written. */
static ex_code tell_comment(struct exif *e, const char *name, struct ex_error *err) {
    const struct value *v = &e->value;
    if (v->size <= 8)
        return EX_OK;
    if (memcmp(v->bytes, "UNICODE", 8) == 0)
        return tell_wide(e, name, v->bytes + 8, v->size - 8, e->big, err);
    return picture_text(e->picture, name, v->bytes + 8, v->size - 8, err);
}

static ex_code tell_field(struct exif *e, const struct field *f, struct ex_error *err) {
    const struct value *v = &e->value;
    char stored[STORED_BYTES];
    double numbers[RATIONALS_MAX];
    uint32_t number;
    switch (f->how) {
    case TEXT:
        return v->type == ASCII || v->type == BYTE
                   ? picture_text(e->picture, f->name, v->bytes, v->size, err)
                   : EX_OK;
    case NUMBER:
        return number_of(e, v, &number) ? parser_trace_number(e->picture->run, f->name, number, err)
                                        : EX_OK;
    case FRACTION:
        return rationals(e, v, stored, numbers) > 0
                   ? parser_trace_text(e->picture->run, f->name, stored, strlen(stored), err)
                   : EX_OK;
    case WIDE:
        return tell_wide(e, f->name, v->bytes, v->size, false, err);
    case COMMENT:
        return tell_comment(e, f->name, err);
    }
    return EX_OK;
}

/* What is put together with others, when all of them are known. */
static void take_first(struct exif *e, uint16_t tag) {
    const struct value *v = &e->value;
    uint32_t number = 0;
    if (tag == 0x0132)
        keep(v, e->time[0], sizeof e->time[0]);
    if (!number_of(e, v, &number))
        return;
    if (tag == 0x8769)
        e->exif_at = number;
    else if (tag == 0x8825)
        e->gps_at = number;
}

static void take_exif(struct exif *e, uint16_t tag) {
    const struct value *v = &e->value;
    if (tag == 0x9003 || tag == 0x9004)
        keep(v, e->time[tag - 0x9002], sizeof e->time[0]);
    else if (tag >= 0x9010 && tag <= 0x9012)
        keep(v, e->offset[tag - 0x9010], sizeof e->offset[0]);
    else if (tag >= 0x9290 && tag <= 0x9292)
        keep(v, e->sub[tag - 0x9290], sizeof e->sub[0]);
}

static void take_gps(struct exif *e, uint16_t tag) {
    const struct value *v = &e->value;
    if (tag == 1 || tag == 3)
        keep(v, e->reference[tag / 2], sizeof e->reference[0]);
    else if (tag == 5)
        e->reference[2][0] = v->size > 0 && v->bytes[0] == 1 ? '-' : '+';
    else if (tag == 2 || tag == 4 || tag == 6)
        e->position[tag / 2 - 1] = *v;
    else if (tag == 7)
        e->clock = *v;
    else if (tag == 0x1D)
        keep(v, e->date, sizeof e->date);
}

/* A field that stands there once more: beside the first, by its number. */
static ex_code tell_again(struct exif *e, const struct field *field, uint16_t tag, unsigned nth,
                          struct ex_error *err) {
    char name[48];
    const struct value *v = &e->value;
    struct field f = {.tag = tag, .name = name};
    picture_wrong(e->picture, "twice", EX_FORMAT, "the field 0x%04x stands there more than once",
                  tag);
    if (nth > TWICE_MAX)
        return EX_OK;
    if (field != NULL) {
        f.how = field->how;
        (void)snprintf(name, sizeof name, "%s-%u", field->name, nth);
    } else {
        f.how = v->type == ASCII ? TEXT : v->type == RATIONAL ? FRACTION : NUMBER;
        (void)snprintf(name, sizeof name, "tag-%04x-%u", tag, nth);
    }
    return tell_field(e, &f, err);
}

/* nth: how many with this tag there were so far in this directory. */
static ex_code take_entry(struct exif *e, enum directory directory, const uint8_t *entry,
                          unsigned nth, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(entry, ENTRY_BYTES);
    uint16_t tag = get16(e, &c), type = get16(e, &c);
    uint32_t count = get32(e, &c), at = get32(e, &c), number = 0;
    bool there;
    if (directory == FIRST && tag == 700 && e->whole) { /* XMP, of a TIFF */
        if (type == BYTE || type == UNDEFINED)
            picture_add_member(e->picture, "xmp", e->place.offset + at, count);
        return EX_OK;
    }
    bool wanted = directory == SECOND ? tag == 0x0201 || tag == 0x0202 : false;
    const struct field *field = NULL;
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++)
        if (FIELDS[i].directory == directory && FIELDS[i].tag == tag)
            field = &FIELDS[i];
    wanted = wanted || field != NULL || tag == 0x0132 || tag == 0x8769 || tag == 0x8825 ||
             (directory == FIRST && (tag == 0x0100 || tag == 0x0101)) ||
             (directory == EXIF && tag >= 0x9003 && tag <= 0x9292) || directory == GPS;
    if (!wanted)
        return EX_OK;
    EX_TRY(load_value(e, entry, &e->value, &there, err));
    if (!there)
        return EX_OK;
    if (nth > 1)
        return tell_again(e, field, tag, nth, err);
    if (field != NULL)
        return tell_field(e, field, err);
    if (directory == FIRST)
        take_first(e, tag);
    else if (directory == EXIF)
        take_exif(e, tag);
    else if (directory == GPS)
        take_gps(e, tag);
    else if (number_of(e, &e->value, &number) && tag == 0x0201)
        e->thumbnail_at = number;
    else if (tag == 0x0202)
        e->thumbnail_size = number;
    if (directory == FIRST && e->whole && (tag == 0x0100 || tag == 0x0101) &&
        number_of(e, &e->value, &number))
        return parser_trace_number(e->picture->run, tag == 0x0100 ? "width" : "height", number,
                                   err);
    return EX_OK;
}

static unsigned count_tag(const uint8_t *entries, size_t to) {
    unsigned n = 1;
    for (size_t i = 0; i < to; i++)
        n += memcmp(entries + i * ENTRY_BYTES, entries + to * ENTRY_BYTES, 2) == 0;
    return n;
}

/* *ret_next: where the next one is; 0: none. */
static ex_code read_directory(struct exif *e, enum directory directory, uint32_t at,
                              uint32_t *ret_next, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *entries = NULL;
    uint8_t head[4];
    bool there;
    *ret_next = 0;
    EX_TRY(read_at(e, at, head, 2, &there, err));
    if (!there)
        return EX_OK;
    struct ex_cursor c = ex_cursor_make(head, 2);
    size_t count = get16(e, &c);
    if (count > ENTRIES_MAX) {
        picture_wrong(e->picture, "entries", EX_LIMIT, "a directory of %zu entries", count);
        return EX_OK;
    }
    EX_TRY(ex_alloc(count + 1, ENTRY_BYTES, (ENTRIES_MAX + 1) * ENTRY_BYTES, "a directory",
                    &entries, err));
    EX_TRY(read_at(e, (uint64_t)at + 2, entries, count * ENTRY_BYTES, &there, err));
    for (size_t i = 0; i < count && there; i++)
        EX_TRY(take_entry(e, directory, entries + i * ENTRY_BYTES, count_tag(entries, i), err));
    uint64_t end = (uint64_t)at + 2 + count * ENTRY_BYTES;
    if (!there || directory != FIRST || end + 4 > e->place.size)
        return EX_OK;
    EX_TRY(read_at(e, end, head, 4, &there, err));
    c = ex_cursor_make(head, 4);
    *ret_next = there ? get32(e, &c) : 0;
    return EX_OK;
}

/* ---- times ---- */

static bool is_blank(const char *text) {
    return strspn(text, " :0") == strlen(text);
}

static bool two(const char *at, unsigned max, unsigned *ret) {
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return false;
    *ret = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    return *ret <= max;
}

/* "2026:01:02 03:04:05", as seconds. */
static bool parse_time(const char *t, int64_t *ret) {
    unsigned century, year, month, day, hour, minute, second;
    int64_t days;
    if (strlen(t) != 19 || t[4] != ':' || t[7] != ':' || t[10] != ' ' || t[13] != ':' ||
        t[16] != ':' || !two(t, 99, &century) || !two(t + 2, 99, &year) ||
        !two(t + 5, 12, &month) || !two(t + 8, 31, &day) || !two(t + 11, 23, &hour) ||
        !two(t + 14, 59, &minute) || !two(t + 17, 60, &second) ||
        !when_days(century * 100 + year, month, day, &days))
        return false;
    *ret = days * 86400 + (int64_t)hour * 3600 + minute * 60 + second;
    return true;
}

/* "+07:00", in seconds; false: no zone is said. */
static bool parse_offset(const char *t, int64_t *ret) {
    unsigned hour, minute;
    size_t size = strlen(t);
    while (size > 6 && t[size - 1] == ' ')
        size--;
    if (size != 6 || (t[0] != '+' && t[0] != '-') || t[3] != ':' || !two(t + 1, 14, &hour) ||
        !two(t + 4, 59, &minute))
        return false;
    *ret = ((int64_t)hour * 3600 + minute * 60) * (t[0] == '-' ? -1 : 1);
    return true;
}

static uint32_t parse_fraction(const char *t, uint64_t *ret_step) {
    uint64_t step = SECOND_NS, value = 0;
    for (; *t >= '0' && *t <= '9' && step > 1; t++) {
        step /= 10;
        value += (uint64_t)(*t - '0') * step;
    }
    *ret_step = step;
    return (uint32_t)value;
}

static ex_code tell_times(struct exif *e, struct ex_error *err) {
    static const struct {
        enum parser_time what;
        const char *source, *stored, *offset;
    } TIMES[] = {
        {PARSER_MODIFIED, "exif:DateTime", "modified-as-stored", "modified-offset-as-stored"},
        {PARSER_TAKEN, "exif:DateTimeOriginal", "taken-as-stored", "taken-offset-as-stored"},
        {PARSER_CREATED, "exif:DateTimeDigitized", "created-as-stored",
         "created-offset-as-stored"}};
    struct parser_run *run = e->picture->run;
    for (int i = 0; i < 3; i++) {
        int64_t seconds, offset = 0;
        uint64_t step;
        uint32_t fraction = parse_fraction(e->sub[i], &step);
        if (is_blank(e->time[i]))
            continue;
        if (!parse_time(e->time[i], &seconds)) {
            EX_TRY(parser_trace_text(run, TIMES[i].stored, e->time[i], strlen(e->time[i]), err));
            continue;
        }
        bool zone = parse_offset(e->offset[i], &offset);
        if (!zone && !is_blank(e->offset[i]))
            EX_TRY(
                parser_trace_text(run, TIMES[i].offset, e->offset[i], strlen(e->offset[i]), err));
        EX_TRY(parser_trace_time(run, TIMES[i].what, seconds - offset, fraction, step, !zone,
                                 TIMES[i].source, err));
    }
    return EX_OK;
}

/* ---- places ---- */

static ex_code tell_degrees(struct exif *e, int which, struct ex_error *err) {
    static const char *const NAMES[] = {"gps-latitude", "gps-longitude"};
    char stored[STORED_BYTES], text[STORED_BYTES + 8], name[48];
    double n[RATIONALS_MAX], max = which == 0 ? 90 : 180;
    size_t count = rationals(e, &e->position[which], stored, n);
    char side = e->reference[which][0];
    if (count == 0)
        return EX_OK;
    (void)snprintf(name, sizeof name, "%s-as-stored", NAMES[which]);
    (void)snprintf(text, sizeof text, "%s %c", stored, side > ' ' && side <= '~' ? side : '?');
    EX_TRY(parser_trace_text(e->picture->run, name, text, strlen(text), err));
    double degrees = count == 3 ? n[0] + n[1] / 60 + n[2] / 3600 : NAN;
    bool negative = side == 'S' || side == 'W';
    bool other = strchr(which == 0 ? "EW" : "NS", side) != NULL && side != '\0';
    if (other)
        picture_wrong(e->picture, "gps-side", EX_FORMAT, "a %s that is said to lie in the %c",
                      which == 0 ? "latitude" : "longitude", side);
    if (!(degrees <= max) || other || (!negative && side != 'N' && side != 'E'))
        return EX_OK; /* nothing that a place could be */
    int size = snprintf(text, sizeof text, "%s%.7f", negative ? "-" : "", degrees);
    return parser_trace_text(e->picture->run, NAMES[which], text, (size_t)size, err);
}

static ex_code tell_place(struct exif *e, struct ex_error *err) {
    char stored[STORED_BYTES], text[64];
    double n[RATIONALS_MAX];
    int64_t seconds;
    struct parser_run *run = e->picture->run;
    EX_TRY(tell_degrees(e, 0, err));
    EX_TRY(tell_degrees(e, 1, err));
    if (rationals(e, &e->position[2], stored, n) == 1 && !isnan(n[0])) {
        int size =
            snprintf(text, sizeof text, "%s%.3f", e->reference[2][0] == '-' ? "-" : "", n[0]);
        EX_TRY(parser_trace_text(run, "gps-altitude-metres", text, (size_t)size, err));
    }
    if (rationals(e, &e->clock, stored, n) != 3 || is_blank(e->date) || !(n[0] < 24) ||
        !(n[1] < 60) || !(n[2] < 61))
        return EX_OK;
    (void)snprintf(text, sizeof text, "%.10s %02u:%02u:%02u", e->date, (unsigned)n[0],
                   (unsigned)n[1], (unsigned)n[2]);
    return parse_time(text, &seconds) ? parser_trace_time(run, PARSER_TAKEN, seconds, 0, SECOND_NS,
                                                          false, "exif:GPSDateTime", err)
                                      : EX_OK;
}

/* ---- all of it ---- */

static ex_code read_all(struct exif *e, uint32_t first, struct ex_error *err) {
    uint32_t second, none;
    EX_TRY(read_directory(e, FIRST, first, &second, err));
    if (e->exif_at != 0)
        EX_TRY(read_directory(e, EXIF, e->exif_at, &none, err));
    if (e->gps_at != 0)
        EX_TRY(read_directory(e, GPS, e->gps_at, &none, err));
    if (second != 0)
        EX_TRY(read_directory(e, SECOND, second, &none, err));
    if (e->thumbnail_at != 0)
        picture_add_member(e->picture, "thumbnail", e->place.offset + e->thumbnail_at,
                           e->thumbnail_size);
    EX_TRY(tell_times(e, err));
    return tell_place(e, err);
}

ex_code exif_read(struct picture *p, struct place place, bool whole, struct ex_error *err) {
    EX_AUTO_FREE struct exif *e = ex_new0(struct exif);
    uint8_t head[8];
    bool there;
    e->picture = p;
    e->place = place;
    e->whole = whole;
    p->has_exif = true;
    EX_TRY(read_at(e, 0, head, sizeof head, &there, err));
    e->big = head[0] == 'M';
    if (!there)
        return EX_OK;
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    uint16_t order = ex_cursor_le16(&c), magic = get16(e, &c);
    uint32_t first = get32(e, &c);
    if ((order != 0x4949 && order != 0x4D4D) || magic != 42) {
        picture_wrong(p, "exif", EX_FORMAT, "what is called Exif is none");
        return EX_OK;
    }
    return read_all(e, first, err);
}
