/* SPDX-License-Identifier: Apache-2.0 */
/* One header block, and the records of one extended header. */
#include "formats/tar_internal.h"

#include <stdio.h>

uint32_t tar_checksum(const uint8_t block[static TAR_BLOCK_BYTES]) {
    uint32_t sum = 0;
    for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
        sum += i >= TAR_CHECKSUM_AT && i < TAR_CHECKSUM_AT + TAR_SHORT_BYTES ? ' ' : block[i];
    return sum;
}

bool tar_all_zero(const uint8_t *data, size_t size_bytes) {
    for (size_t i = 0; i < size_bytes; i++)
        if (data[i] != 0)
            return false;
    return true;
}

/* ---- numbers ---- */

static bool is_blank(uint8_t ch) {
    return ch == ' ' || ch == '\0';
}

/* Spaces, octal digits, then nothing but spaces and NULs. */
static bool parse_octal(const uint8_t *field, size_t size, uint64_t *ret, bool *ret_empty) {
    uint64_t v = 0;
    size_t i = 0, digits = 0;
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++, digits++)
        v = v << 3 | (uint64_t)(field[i] - '0');
    while (i < size && is_blank(field[i]))
        i++;
    *ret = v; /* twelve digits are 36 bits */
    *ret_empty = digits == 0;
    return i == size;
}

/* GNU's base-256: the first bit set, then a number, the highest byte first. Only what fits in 63
 * bits and is not negative. */
static bool parse_base256(const uint8_t *field, size_t size, uint64_t *ret) {
    uint64_t v = field[0] & 0x7F;
    for (size_t i = 1; i < size; i++) {
        if (v > (uint64_t)INT64_MAX >> 8)
            return false;
        v = v << 8 | field[i];
    }
    *ret = v;
    return v <= INT64_MAX;
}

static ex_code parse_number(const uint8_t *block, size_t at, size_t size, const char *what,
                            bool required, uint64_t *ret, struct ex_error *err) {
    bool empty = false;
    bool good = (block[at] & 0x80) != 0 ? parse_base256(block + at, size, ret)
                                        : parse_octal(block + at, size, ret, &empty);
    if (!good || (empty && required))
        return ex_fail(err, EX_FORMAT, "a header of the archive has no sound number as %s", what);
    return EX_OK;
}

static ex_code parse_numbers(const uint8_t *block, struct tar_header *h, struct ex_error *err) {
    uint64_t mode, ignored, mtime;
    EX_TRY(parse_number(block, TAR_SIZE_AT, TAR_LONG_BYTES, "size", true, &h->size_bytes, err));
    EX_TRY(parse_number(block, TAR_MTIME_AT, TAR_LONG_BYTES, "time", false, &mtime, err));
    if (mtime > TAR_TIME_MAX)
        return ex_fail(err, EX_FORMAT, "a header of the archive has no sound number as time");
    EX_TRY(parse_number(block, TAR_MODE_AT, TAR_SHORT_BYTES, "mode", false, &mode, err));
    EX_TRY(parse_number(block, TAR_UID_AT, TAR_SHORT_BYTES, "owner", false, &ignored, err));
    EX_TRY(parse_number(block, TAR_GID_AT, TAR_SHORT_BYTES, "group", false, &ignored, err));
    h->size_in_octal = (block[TAR_SIZE_AT] & 0x80) == 0;
    h->mode = (uint32_t)(mode & 07777);
    h->mtime_s = (int64_t)mtime;
    return EX_OK;
}

/* ---- a header block ---- */

static ex_code check_block(const uint8_t *block, struct ex_error *err) {
    uint64_t sum;
    EX_TRY(parse_number(block, TAR_CHECKSUM_AT, TAR_SHORT_BYTES, "checksum", true, &sum, err));
    if (sum != tar_checksum(block))
        return ex_hint(
            ex_fail(err, EX_FORMAT, "a header of the archive has a wrong checksum"), err,
            "ask for the archive again; it was changed on its way, or a member's size is wrong");
    return EX_OK;
}

/* Appends the bytes before the first NUL of a field; the whole field may be used up. */
static void append_field(struct tar_header *h, size_t *used, const uint8_t *field, size_t size) {
    size_t bytes = strnlen((const char *)field, size);
    memcpy(h->path + *used, field, bytes);
    *used += bytes;
    h->path[*used] = '\0';
    h->sound_name &= tar_all_zero(field + bytes, size - bytes);
}

static ex_code parse_name(const uint8_t *block, struct tar_header *h, struct ex_error *err) {
    bool posix = memcmp(block + TAR_MAGIC_AT, "ustar\00000", TAR_MAGIC_BYTES) == 0;
    bool gnu = memcmp(block + TAR_MAGIC_AT, "ustar  ", TAR_MAGIC_BYTES) == 0;
    size_t used = 0;
    h->sound_name = true;
    if (!posix && !gnu)
        return ex_hint(ex_fail(err, EX_FORMAT, "this is no tar archive of the POSIX form"), err,
                       "\"tar --format=pax\" writes it");
    /* Where POSIX has the prefix, GNU keeps further times and the maps of sparse files. */
    bool accepted = strchr("05xg", h->type) != NULL; /* and NUL; the others are refused by name */
    if (gnu && accepted && !tar_all_zero(block + TAR_PREFIX_AT, TAR_PREFIX_BYTES))
        return ex_fail(err, EX_FORMAT,
                       "a header of the archive uses fields that only GNU tar knows");
    if (posix && block[TAR_PREFIX_AT] != 0) {
        append_field(h, &used, block + TAR_PREFIX_AT, TAR_PREFIX_BYTES);
        h->path[used++] = '/';
    } else if (posix)
        h->sound_name &= tar_all_zero(block + TAR_PREFIX_AT, TAR_PREFIX_BYTES);
    append_field(h, &used, block + TAR_NAME_AT, TAR_NAME_BYTES);
    return EX_OK;
}

ex_code tar_header_parse(const uint8_t block[static TAR_BLOCK_BYTES], struct tar_header *ret,
                         struct ex_error *err) {
    struct tar_header h = {.type = block[TAR_TYPE_AT]};
    EX_TRY(check_block(block, err));
    EX_TRY(parse_name(block, &h, err));
    EX_TRY(parse_numbers(block, &h, err));
    if (!tar_all_zero(block + TAR_REST_AT, TAR_REST_BYTES))
        return ex_fail(err, EX_FORMAT, "a header of the archive has bytes behind its last field");
    if ((h.type == '0' || h.type == '\0' || h.type == '5') &&
        !tar_all_zero(block + TAR_LINK_AT, TAR_LINK_BYTES))
        return ex_fail(err, EX_FORMAT, "a header of the archive names a link and is none");
    *ret = h;
    return EX_OK;
}

/* ---- extended headers ---- */

/* Known to say nothing about what the member holds. */
static const char *const HARMLESS[] = {"atime",        "ctime",         "uid",
                                       "gid",          "uname",         "gname",
                                       "comment",      "SCHILY.dev",    "SCHILY.ino",
                                       "SCHILY.nlink", "SCHILY.fflags", "LIBARCHIVE.creationtime"};
enum {
    HARMLESS_COUNT = sizeof HARMLESS / sizeof HARMLESS[0],
    SEEN_PATH = 1 << HARMLESS_COUNT,
    SEEN_SIZE = SEEN_PATH << 1,
    SEEN_MTIME = SEEN_PATH << 2
};

bool tar_record_is(const struct tar_record *r, const char *key) {
    return r->key_bytes == strlen(key) && memcmp(r->key, key, r->key_bytes) == 0;
}

/* "LENGTH KEY=VALUE\n" */
bool tar_record_next(struct ex_cursor *c, struct tar_record *ret) {
    const char *start = (const char *)c->data + c->pos;
    const char *space = memchr(start, ' ', ex_cursor_left(c));
    size_t digits = space == NULL ? 0 : (size_t)(space - start);
    uint64_t total;
    if (!ex_parse_decimal(start, digits, &total) || total < digits + 3 ||
        total > ex_cursor_left(c) || start[total - 1] != '\n')
        return false;
    (void)ex_cursor_bytes(c, (size_t)total);
    ret->key = space + 1;
    size_t rest = (size_t)total - digits - 2;
    const char *equals = memchr(ret->key, '=', rest);
    if (equals == NULL || equals == ret->key)
        return false;
    ret->key_bytes = (size_t)(equals - ret->key);
    ret->value = equals + 1;
    ret->value_bytes = rest - ret->key_bytes - 1;
    return memchr(ret->key, '\0', ret->key_bytes) == NULL;
}

/* Seconds with a fraction, which is dropped towards the past. */
static bool parse_time(const char *text, size_t size, int64_t *ret) {
    bool negative = size > 0 && text[0] == '-';
    uint64_t seconds;
    text += negative;
    size -= negative;
    const char *point = memchr(text, '.', size);
    size_t whole = point == NULL ? size : (size_t)(point - text);
    if (!ex_parse_decimal(text, whole, &seconds) || seconds > TAR_TIME_MAX)
        return false;
    bool fraction = false;
    for (size_t i = whole + 1; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        fraction |= text[i] != '0';
    }
    seconds += negative && fraction ? 1 : 0;
    if (seconds > TAR_TIME_MAX)
        return false;
    *ret = negative ? -(int64_t)seconds : (int64_t)seconds;
    return true;
}

static ex_code refuse(const struct tar_record *r, const char *why, struct ex_error *err) {
    char key[PATH_PRINTED_BYTES];
    return ex_fail(err, EX_FORMAT, "an extended header of the archive has a record \"%s\" %s",
                   path_print(key, sizeof key, r->key, r->key_bytes), why);
}

static ex_code take_path(struct tar_pax *p, const struct tar_record *r, struct ex_error *err) {
    if (r->value_bytes == 0 || r->value_bytes > TAR_PATH_BYTES_MAX + 1)
        return refuse(r, "that is empty or too long", err);
    memcpy(p->path, r->value, r->value_bytes);
    p->path[r->value_bytes] = '\0';
    p->path_bytes = r->value_bytes;
    p->has_path = true;
    return EX_OK;
}

static ex_code take_record(struct tar_pax *p, const struct tar_record *r, bool global,
                           unsigned *seen, struct ex_error *err) {
    unsigned bit = tar_record_is(r, "path")    ? SEEN_PATH
                   : tar_record_is(r, "size")  ? SEEN_SIZE
                   : tar_record_is(r, "mtime") ? SEEN_MTIME
                                               : 0u;
    for (size_t i = 0; bit == 0 && i < HARMLESS_COUNT; i++)
        bit = tar_record_is(r, HARMLESS[i]) ? 1u << i : 0u;
    if (bit == 0 || (global && !tar_record_is(r, "comment")))
        return refuse(r, global ? "for all members, which is not accepted" : "that is not accepted",
                      err);
    if ((*seen & bit) != 0)
        return refuse(r, "twice", err);
    *seen |= bit;
    if (bit == SEEN_PATH)
        return take_path(p, r, err);
    if (bit == SEEN_SIZE) {
        p->has_size = true;
        if (!ex_parse_decimal(r->value, r->value_bytes, &p->size_bytes) ||
            p->size_bytes > INT64_MAX)
            return refuse(r, "that is no sound number", err);
    }
    if (bit == SEEN_MTIME) {
        p->has_mtime = true;
        if (!parse_time(r->value, r->value_bytes, &p->mtime_s))
            return refuse(r, "that is no sound time", err);
    }
    return EX_OK;
}

ex_code tar_pax_parse(const uint8_t *data, size_t size_bytes, bool global, struct tar_pax *ret,
                      struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    unsigned seen = 0;
    ret->there = !global;
    while (ex_cursor_left(&c) > 0) {
        struct tar_record r;
        if (!tar_record_next(&c, &r) || memchr(r.value, '\0', r.value_bytes) != NULL)
            return ex_fail(err, EX_FORMAT, "an extended header of the archive is damaged");
        EX_TRY(take_record(ret, &r, global, &seen, err));
    }
    return EX_OK;
}
