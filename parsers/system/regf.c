/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/system/regf.h"

#include "base/mem.h"
#include "parsers/shared/utf16.h"

#include <string.h>
#include <strings.h>

enum {
    KEY_NAME_NARROW = 0x20,
    VALUE_NAME_NARROW = 1,
    DATA_INSIDE = 1 << 31,
    SEGMENT_BYTES = 16344, /* of a large value, but for the last */
    NAME_BYTES_MAX = 1024
};

/* ---- the head ---- */

static bool sum_holds(const uint8_t *head) {
    struct ex_cursor c = ex_cursor_make(head, 512);
    uint32_t sum = 0;
    for (int i = 0; i < 127; i++)
        sum ^= ex_cursor_le32(&c);
    if (sum == UINT32_MAX)
        sum = UINT32_MAX - 1;
    if (sum == 0)
        sum = 1;
    return sum == ex_cursor_le32(&c);
}

static ex_code read_head(struct regf *r, size_t size, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(r->own, REGF_HEAD_BYTES);
    if (memcmp(ex_cursor_bytes(&c, 4), "regf", 4) != 0)
        return ex_fail(err, EX_FORMAT, "no registry hive");
    r->first_sequence = ex_cursor_le32(&c);
    r->second_sequence = ex_cursor_le32(&c);
    r->written = ex_cursor_le64(&c);
    r->major = ex_cursor_le32(&c);
    r->minor = ex_cursor_le32(&c);
    uint32_t type = ex_cursor_le32(&c), format = ex_cursor_le32(&c);
    r->root = ex_cursor_le32(&c);
    uint32_t bytes = ex_cursor_le32(&c);
    (void)ex_cursor_le32(&c);
    const uint8_t *name = ex_cursor_bytes(&c, 64);
    size_t units = 0;
    while (units < 32 && (name[2 * units] | name[2 * units + 1]) != 0)
        units++;
    r->name[utf16_to_utf8(r->name, sizeof r->name - 1, name, 2 * units)] = '\0';
    if (r->major != 1 || r->minor < 2 || r->minor > 6 || type > 6 || format != 1)
        return ex_fail(err, EX_UNSUPPORTED, "a hive of version %u.%u, type %u, form %u", r->major,
                       r->minor, type, format);
    r->is_log = type != 0;
    r->sum_wrong = !sum_holds(r->own);
    r->cells = r->own + REGF_HEAD_BYTES;
    r->cells_bytes = size - REGF_HEAD_BYTES;
    r->short_of_bytes = bytes > r->cells_bytes;
    if (bytes < r->cells_bytes) /* what is behind was cut off, and is in use no more */
        r->cells_bytes = bytes;
    return EX_OK;
}

ex_code regf_open(struct regf *r, struct parser_run *run, struct ex_error *err) {
    uint64_t size = parser_input_size(run, 0);
    *r = (struct regf){0};
    if (size < REGF_HEAD_BYTES)
        return ex_fail(err, EX_FORMAT, "no registry hive: it ends in its head");
    if (size > REGF_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a hive of more than %zu bytes", REGF_BYTES_MAX);
    EX_TRY(ex_alloc((size_t)size, 1, REGF_BYTES_MAX, "a hive", &r->own, err));
    ex_code code = parser_read(run, 0, 0, r->own, (size_t)size, err);
    if (code == EX_OK)
        code = read_head(r, (size_t)size, err);
    if (code != EX_OK)
        regf_close(r);
    return code;
}

void regf_close(struct regf *r) {
    free(r->own);
    *r = (struct regf){0};
}

/* ---- cells ---- */

static bool bad(struct regf *r) {
    r->damaged++;
    return false;
}

/* One that is in use, without its size. */
static bool cell(struct regf *r, uint32_t at, struct ex_cursor *ret) {
    if (++r->visits > REGF_VISITS_MAX) {
        r->exhausted = true;
        return false;
    }
    if (at % 8 != 0 || at >= r->cells_bytes || r->cells_bytes - at < 4)
        return bad(r);
    struct ex_cursor c = ex_cursor_make(r->cells + at, 4);
    uint32_t size = 0U - ex_cursor_le32(&c);
    if (size < 8 || size > INT32_MAX || size > r->cells_bytes - at)
        return bad(r);
    *ret = ex_cursor_make(r->cells + at + 4, size - 4);
    return true;
}

static bool signature(struct ex_cursor *c, const char *two) {
    const uint8_t *s = ex_cursor_bytes(c, 2);
    return s != NULL && memcmp(s, two, 2) == 0;
}

bool regf_key_at(struct regf *r, uint32_t at, struct regf_key *ret) {
    struct ex_cursor c;
    if (!cell(r, at, &c))
        return false;
    if (!signature(&c, "nk"))
        return bad(r);
    struct regf_key k = {.at = at, .wide = (ex_cursor_le16(&c) & KEY_NAME_NARROW) == 0};
    k.written = ex_cursor_le64(&c);
    (void)ex_cursor_le32(&c);
    k.parent = ex_cursor_le32(&c);
    k.subkeys = ex_cursor_le32(&c);
    (void)ex_cursor_le32(&c);
    k.subkey_list = ex_cursor_le32(&c);
    (void)ex_cursor_le32(&c);
    k.values = ex_cursor_le32(&c);
    k.value_list = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 28);
    k.name_bytes = ex_cursor_le16(&c);
    (void)ex_cursor_le16(&c);
    k.name = ex_cursor_bytes(&c, k.name_bytes);
    if (c.overrun || k.name_bytes > NAME_BYTES_MAX || (k.wide && k.name_bytes % 2 != 0))
        return bad(r);
    *ret = k;
    return true;
}

bool regf_root(struct regf *r, struct regf_key *ret) {
    return regf_key_at(r, r->root, ret);
}

/* ---- lists of keys ---- */

/* Entry `index` of a list at `at` ("lf", "lh": with four bytes about the name; "li"). */
enum found { FOUND, END, NO_LIST };
static enum found of_list(struct regf *r, struct ex_cursor c, uint32_t index, uint32_t *ret) {
    size_t step = 0;
    const uint8_t *s = ex_cursor_bytes(&c, 2);
    if (s != NULL && (memcmp(s, "lf", 2) == 0 || memcmp(s, "lh", 2) == 0))
        step = 8;
    else if (s != NULL && memcmp(s, "li", 2) == 0)
        step = 4;
    uint16_t count = ex_cursor_le16(&c);
    if (step == 0 || c.overrun || ex_cursor_left(&c) / step < count) {
        r->damaged++;
        return NO_LIST;
    }
    if (index >= count)
        return END;
    (void)ex_cursor_bytes(&c, index * step);
    *ret = ex_cursor_le32(&c);
    return FOUND;
}

/* Of a list of lists ("ri"), the one that is asked for; *ret_is false: it is none. */
static bool outer_list(struct regf *r, struct ex_cursor c, uint32_t index, struct ex_cursor *ret,
                       bool *ret_is) {
    *ret_is = signature(&c, "ri");
    if (!*ret_is)
        return false;
    uint16_t count = ex_cursor_le16(&c);
    if (c.overrun || ex_cursor_left(&c) / 4 < count)
        return bad(r);
    if (index >= count)
        return false;
    (void)ex_cursor_bytes(&c, 4 * (size_t)index);
    /* A list that cannot be read is passed over: an empty cursor is no list. */
    if (!cell(r, ex_cursor_le32(&c), ret))
        *ret = ex_cursor_make(NULL, 0);
    return true;
}

static bool next_at(struct regf *r, struct regf_keys *at, uint32_t *ret) {
    struct ex_cursor list, inner;
    bool nested = true;
    if (at->above.subkeys == 0 || !cell(r, at->above.subkey_list, &list))
        return false;
    while (!r->exhausted && outer_list(r, list, at->outer, &inner, &nested)) {
        if (of_list(r, inner, at->inner, ret) == FOUND) {
            at->inner++;
            return true;
        }
        at->outer++;
        at->inner = 0;
        r->visits++;
    }
    return !nested && of_list(r, list, at->inner++, ret) == FOUND;
}

bool regf_next_key(struct regf *r, struct regf_keys *at, struct regf_key *ret) {
    uint32_t cell_at;
    while (at->told < at->above.subkeys && !r->exhausted && next_at(r, at, &cell_at)) {
        at->told++;
        if (!regf_key_at(r, cell_at, ret))
            continue;
        if (ret->parent == at->above.at)
            return true;
        r->damaged++; /* a key of another one: a loop, maybe */
    }
    if (at->told < at->above.subkeys && !r->exhausted) {
        r->damaged++; /* fewer than it says */
        at->told = at->above.subkeys;
    }
    return false;
}

/* ---- values ---- */

static bool read_value(struct regf *r, uint32_t at, struct regf_value *ret) {
    struct ex_cursor c;
    if (!cell(r, at, &c))
        return false;
    if (!signature(&c, "vk"))
        return bad(r);
    struct regf_value v = {.name_bytes = ex_cursor_le16(&c)};
    v.size_bytes = ex_cursor_le32(&c);
    struct ex_cursor data = c;
    ex_cursor_copy(&data, v.little, sizeof v.little);
    v.data_at = ex_cursor_le32(&c);
    v.type = ex_cursor_le32(&c);
    v.wide = (ex_cursor_le16(&c) & VALUE_NAME_NARROW) == 0;
    (void)ex_cursor_le16(&c);
    v.name = ex_cursor_bytes(&c, v.name_bytes);
    v.inside = (v.size_bytes & (uint32_t)DATA_INSIDE) != 0;
    v.size_bytes &= ~(uint32_t)DATA_INSIDE;
    if (c.overrun || (v.inside && v.size_bytes > 4) || (v.wide && v.name_bytes % 2 != 0))
        return bad(r);
    *ret = v;
    return true;
}

bool regf_next_value(struct regf *r, struct regf_values *at, struct regf_value *ret) {
    struct ex_cursor list;
    if (at->index >= at->above.values || !cell(r, at->above.value_list, &list))
        return false;
    if (ex_cursor_left(&list) / 4 < at->above.values) {
        at->index = at->above.values;
        return bad(r);
    }
    while (at->index < at->above.values && !r->exhausted) {
        struct ex_cursor c = list;
        (void)ex_cursor_bytes(&c, 4 * (size_t)at->index++);
        if (read_value(r, ex_cursor_le32(&c), ret))
            return true;
    }
    return false;
}

/* A large value: a list of cells ("db", since version 1.4). */
static size_t segments(struct regf *r, struct ex_cursor c, uint32_t size_bytes, uint8_t *to,
                       size_t room) {
    struct ex_cursor list, part;
    size_t done = 0;
    (void)ex_cursor_le16(&c);
    uint16_t count = ex_cursor_le16(&c);
    if (!cell(r, ex_cursor_le32(&c), &list))
        return 0;
    for (uint16_t i = 0; i < count && done < room && done < size_bytes; i++) {
        size_t bytes = size_bytes - done < SEGMENT_BYTES ? size_bytes - done : SEGMENT_BYTES;
        if (!cell(r, ex_cursor_le32(&list), &part) || ex_cursor_left(&part) < bytes)
            break;
        if (bytes > room - done)
            bytes = room - done;
        memcpy(to + done, ex_cursor_bytes(&part, bytes), bytes);
        done += bytes;
    }
    return done;
}

size_t regf_data(struct regf *r, const struct regf_value *v, uint8_t *to, size_t room,
                 bool *ret_cut) {
    struct ex_cursor c;
    size_t bytes = v->size_bytes < room ? v->size_bytes : room;
    *ret_cut = bytes < v->size_bytes;
    if (v->inside) {
        memcpy(to, v->little, bytes);
        return bytes;
    }
    if (bytes == 0)
        return 0;
    if (!cell(r, v->data_at, &c)) {
        *ret_cut = true;
        return 0;
    }
    const bool large = v->size_bytes > SEGMENT_BYTES && r->minor >= 4 && ex_cursor_left(&c) >= 8 &&
                       memcmp(c.data, "db", 2) == 0;
    size_t got = large                        ? segments(r, c, v->size_bytes, to, bytes)
                 : ex_cursor_left(&c) < bytes ? ex_cursor_left(&c)
                                              : bytes;
    if (!large)
        memcpy(to, ex_cursor_bytes(&c, got), got);
    if (got < bytes) {
        *ret_cut = true;
        r->damaged++;
    }
    return got;
}

/* ---- names ---- */

size_t regf_name_text(const uint8_t *name, size_t name_bytes, bool wide,
                      char to[static REGF_NAME_BYTES]) {
    size_t n = 0;
    if (wide) {
        n = utf16_to_utf8(to, REGF_NAME_BYTES - 1, name, name_bytes);
    } else {
        for (size_t i = 0; i < name_bytes && n + 3 < REGF_NAME_BYTES; i++) {
            if (name[i] >= 0x80) {
                to[n++] = (char)(0xC0 | name[i] >> 6);
                to[n++] = (char)(0x80 | (name[i] & 0x3F));
            } else {
                to[n++] = (char)name[i];
            }
        }
    }
    to[n] = '\0';
    return n;
}

static bool is_called(const uint8_t *name, size_t name_bytes, bool wide, const char *text,
                      size_t size) {
    if (!wide)
        return name_bytes == size && strncasecmp((const char *)name, text, size) == 0;
    if (name_bytes != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (name[2 * i + 1] != 0 || strncasecmp((const char *)name + 2 * i, text + i, 1) != 0)
            return false;
    return true;
}

static bool find_one(struct regf *r, const struct regf_key *from, const char *name, size_t size,
                     struct regf_key *ret) {
    struct regf_keys at = {.above = *from};
    struct regf_key k;
    while (regf_next_key(r, &at, &k))
        if (is_called(k.name, k.name_bytes, k.wide, name, size)) {
            *ret = k;
            return true;
        }
    return false;
}

bool regf_find(struct regf *r, const struct regf_key *from, const char *path,
               struct regf_key *ret) {
    struct regf_key k = *from;
    while (*path != '\0') {
        size_t size = strcspn(path, "\\");
        if (!find_one(r, &k, path, size, &k))
            return false;
        path += size + (path[size] == '\\' ? 1 : 0);
    }
    *ret = k;
    return true;
}

bool regf_has(struct regf *r, const struct regf_key *from, const char *path) {
    struct regf_key k;
    return regf_find(r, from, path, &k);
}

bool regf_value(struct regf *r, const struct regf_key *key, const char *name,
                struct regf_value *ret) {
    struct regf_values at = {.above = *key};
    struct regf_value v;
    while (regf_next_value(r, &at, &v))
        if (is_called(v.name, v.name_bytes, v.wide, name, strlen(name))) {
            *ret = v;
            return true;
        }
    return false;
}
