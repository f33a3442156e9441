/* SPDX-License-Identifier: Apache-2.0 */
/* A hive: which one it is, what its head says, and the words in which its values are told. */
#include "parsers/system/system_internal.h"

#include "parsers/shared/utf16.h"

#include <string.h>

/* ---- values ---- */

uint64_t hive_le(const uint8_t *from, unsigned bytes) {
    uint64_t n = 0;
    for (unsigned i = bytes; i > 0; i--)
        n = n << 8 | from[i - 1];
    return n;
}

void hive_decode(struct hive *h, const uint8_t *from, size_t size_bytes) {
    size_t n = 0;
    while (n + 1 < size_bytes && (from[n] | from[n + 1]) != 0)
        n += 2;
    h->text_bytes = utf16_to_utf8(h->text, sizeof h->text - 1, from, n);
    h->text[h->text_bytes] = '\0';
}

/* Texts with a NUL behind each. */
static void decode_several(struct hive *h) {
    size_t n = 0;
    h->text_bytes = 0;
    while (n + 1 < h->raw_bytes) {
        size_t end = n;
        while (end + 1 < h->raw_bytes && (h->raw[end] | h->raw[end + 1]) != 0)
            end += 2;
        if (end > n) {
            if (h->text_bytes > 0 && h->text_bytes + 2 < sizeof h->text) {
                memcpy(h->text + h->text_bytes, ", ", 2);
                h->text_bytes += 2;
            }
            h->text_bytes += utf16_to_utf8(h->text + h->text_bytes,
                                           sizeof h->text - 1 - h->text_bytes, h->raw + n, end - n);
        }
        n = end + 2;
    }
    h->text[h->text_bytes] = '\0';
}

static void decode_number(struct hive *h, uint64_t n) {
    h->text_bytes = (size_t)snprintf(h->text, sizeof h->text, "%llu", (unsigned long long)n);
}

bool hive_take(struct hive *h, const struct regf_value *v) {
    bool cut;
    h->raw_bytes = regf_data(&h->regf, v, h->raw, sizeof h->raw, &cut);
    h->type = v->type;
    h->cut += cut ? 1 : 0;
    return h->raw_bytes > 0;
}

bool hive_take_text(struct hive *h, const struct regf_value *v) {
    if (!hive_take(h, v))
        return false;
    switch (v->type) {
    case REGF_SZ:
    case REGF_EXPAND_SZ:
        hive_decode(h, h->raw, h->raw_bytes);
        return h->text_bytes > 0;
    case REGF_MULTI_SZ:
        decode_several(h);
        return h->text_bytes > 0;
    case REGF_DWORD:
    case REGF_QWORD:
        if (h->raw_bytes != (v->type == REGF_DWORD ? 4U : 8U))
            return false;
        decode_number(h, hive_le(h->raw, (unsigned)h->raw_bytes));
        return true;
    default:
        return false;
    }
}

bool hive_raw(struct hive *h, const struct regf_key *key, const char *name) {
    struct regf_value v;
    return regf_value(&h->regf, key, name, &v) && hive_take(h, &v);
}

bool hive_text(struct hive *h, const struct regf_key *key, const char *name) {
    struct regf_value v;
    return regf_value(&h->regf, key, name, &v) && hive_take_text(h, &v);
}

const char *hive_text_or(struct hive *h, const struct regf_key *key, const char *name) {
    return hive_text(h, key, name) ? h->text : "";
}

bool hive_number(struct hive *h, const struct regf_key *key, const char *name, uint64_t *ret) {
    if (!hive_raw(h, key, name) || (h->type != REGF_DWORD && h->type != REGF_QWORD) ||
        h->raw_bytes != (h->type == REGF_DWORD ? 4U : 8U))
        return false;
    *ret = hive_le(h->raw, (unsigned)h->raw_bytes);
    return true;
}

bool hive_filetime(struct hive *h, const struct regf_key *key, const char *name, uint64_t *ret) {
    if (!hive_raw(h, key, name) || h->raw_bytes != 8)
        return false;
    *ret = hive_le(h->raw, 8);
    return true;
}

/* ---- names ---- */

const char *hive_key_name(struct hive *h, const struct regf_key *key) {
    (void)regf_name_text(key->name, key->name_bytes, key->wide, h->name);
    return h->name;
}

const char *hive_value_name(struct hive *h, const struct regf_value *v) {
    (void)regf_name_text(v->name, v->name_bytes, v->wide, h->name);
    return h->name;
}

/* From the key up to the root, whose own name says nothing. */
static const char *path_of(struct hive *h, const struct regf_key *key) {
    char name[REGF_NAME_BYTES];
    struct regf *r = &h->regf;
    struct regf_key k = *key;
    size_t at = sizeof h->path - 1;
    h->path[at] = '\0';
    for (int depth = 0; depth < REGF_DEPTH_MAX && k.at != h->root.at; depth++) {
        size_t n = regf_name_text(k.name, k.name_bytes, k.wide, name);
        bool last = h->path[at] == '\0';
        if (n + 1 > at)
            break;
        if (!last)
            h->path[--at] = '\\';
        at -= n;
        memcpy(h->path + at, name, n);
        if (!regf_key_at(r, k.parent, &k))
            break;
    }
    return h->path + at;
}

/* ---- records ---- */

ex_code records_add(struct records *r, const char *about, const void *name, size_t name_bytes,
                    struct ex_error *err) {
    char key[16];
    uint32_t number;
    if (r->count >= SYSTEM_RECORDS_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d records", SYSTEM_RECORDS_MAX);
    (void)snprintf(key, sizeof key, "r%u", ++r->count);
    const struct parser_trace t = {
        .kind = PARSER_RECORD,
        .key = key,
        .name = name_bytes == 0 ? NULL : name,
        .name_bytes = name_bytes < PARSER_VALUE_BYTES_MAX ? name_bytes : PARSER_VALUE_BYTES_MAX};
    EX_TRY(parser_trace(r->run, &t, &number, err));
    return tell_text(r->run, "about", about, err);
}

ex_code hive_record(struct hive *h, const char *about, const char *name, const struct regf_key *key,
                    struct ex_error *err) {
    EX_TRY(records_add(&h->records, about, name, name == NULL ? 0 : strlen(name), err));
    EX_TRY(tell_text(h->records.run, "registry-key", path_of(h, key), err));
    return system_tell_filetime(h->records.run, NULL, PARSER_CHANGED, "regf:key", key->written,
                                err);
}

ex_code hive_attribute(struct hive *h, const char *attribute, struct ex_error *err) {
    return parser_trace_text(h->records.run, attribute, h->text, h->text_bytes, err);
}

ex_code hive_fields(struct hive *h, const struct regf_key *key, const struct hive_field *field,
                    struct ex_error *err) {
    for (; field->value != NULL; field++)
        if (hive_text(h, key, field->value))
            EX_TRY(hive_attribute(h, field->attribute, err));
    return EX_OK;
}

ex_code hive_time(struct hive *h, const struct regf_key *key, const char *value,
                  const char *attribute, int what, const char *source, struct ex_error *err) {
    uint64_t filetime;
    return hive_filetime(h, key, value, &filetime)
               ? system_tell_filetime(h->records.run, attribute, what, source, filetime, err)
               : EX_OK;
}

ex_code hive_each(struct hive *h, const char *path, hive_tell_key_fn *tell, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key k;
    if (!regf_find(&h->regf, &h->root, path, &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k))
        EX_TRY(tell(h, &k, err));
    return EX_OK;
}

/* [MS-DTYP] §2.4.2.2 */
bool hive_sid(const uint8_t *sid, size_t size_bytes, char to[static 200], size_t *ret_bytes) {
    struct ex_cursor c = ex_cursor_make(sid, size_bytes);
    uint8_t revision = ex_cursor_u8(&c), count = ex_cursor_u8(&c);
    uint64_t authority = (uint64_t)ex_cursor_be16(&c) << 32;
    authority |= ex_cursor_be32(&c);
    if (c.overrun || revision != 1 || count > 15 || ex_cursor_left(&c) < 4 * (size_t)count)
        return false;
    int n = snprintf(to, 200, "S-1-%llu", (unsigned long long)authority);
    for (uint8_t i = 0; i < count; i++)
        n += snprintf(to + n, 200 - (size_t)n, "-%u", ex_cursor_le32(&c));
    *ret_bytes = 8 + 4 * (size_t)count;
    return true;
}

/* ---- which hive ---- */

static const struct kind {
    const char *word;
    const char *keys[3]; /* that all are there, from the root */
    hive_tell_fn *tell;
} KINDS[] = {
    {"SYSTEM", {"Select", "ControlSet001", NULL}, windows_tell},
    {"SYSTEM", {"Select", "ControlSet002", NULL}, windows_tell},
    {"SOFTWARE", {"Classes", "Microsoft\\Windows NT\\CurrentVersion", NULL}, software_tell},
    {"SAM", {"SAM\\Domains", NULL}, accounts_tell},
    {"SECURITY", {"Policy\\PolPrDmN", NULL}, security_tell},
    {"NTUSER.DAT", {"Software\\Microsoft", "Control Panel", NULL}, user_tell},
    {"NTUSER.DAT", {"Software\\Microsoft", "Environment", NULL}, user_tell},
    {"NTUSER.DAT", {"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer", NULL}, user_tell},
    {"UsrClass.dat", {"Local Settings\\Software\\Microsoft", NULL}, classes_tell},
    {"Amcache.hve", {"Root\\InventoryApplicationFile", NULL}, amcache_tell},
    {"Amcache.hve", {"Root\\InventoryApplication", NULL}, amcache_tell},
    {"Amcache.hve", {"Root\\File", NULL}, amcache_tell},
};

static const struct kind *kind_of(struct hive *h) {
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        bool all = true;
        for (size_t k = 0; KINDS[i].keys[k] != NULL && all; k++)
            all = regf_has(&h->regf, &h->root, KINDS[i].keys[k]);
        if (all)
            return &KINDS[i];
    }
    return NULL;
}

static ex_code tell_head(struct hive *h, const struct kind *k, struct ex_error *err) {
    struct parser_run *run = h->records.run;
    const struct regf *r = &h->regf;
    const char *word = r->is_log ? "transaction-log" : k == NULL ? "other" : k->word;
    char text[32];
    EX_TRY(records_add(&h->records, "hive", r->name, strlen(r->name), err));
    EX_TRY(tell_text(run, "hive", word, err));
    (void)snprintf(text, sizeof text, "%u.%u", r->major, r->minor);
    EX_TRY(tell_text(run, "version", text, err));
    if (!r->is_log)
        EX_TRY(
            tell_text(run, "dirty", r->first_sequence == r->second_sequence ? "no" : "yes", err));
    EX_TRY(parser_trace_number(run, "first-sequence", r->first_sequence, err));
    EX_TRY(parser_trace_number(run, "second-sequence", r->second_sequence, err));
    return system_tell_filetime(run, "last-written", PARSER_MODIFIED, "regf:head", r->written, err);
}

/* ---- all of it ---- */

static ex_code tell_problems(struct hive *h, struct ex_error *err) {
    struct parser_run *run = h->records.run;
    const struct regf *r = &h->regf;
    if (r->first_sequence != r->second_sequence)
        EX_TRY(tell_problem(run, 0, "dirty", err, EX_UNSUPPORTED,
                            "it was not closed: its last changes may stand in transaction logs, "
                            "which are not applied"));
    if (r->sum_wrong)
        EX_TRY(tell_problem(run, 0, "head", err, EX_FORMAT, "the checksum of its head is wrong"));
    if (r->short_of_bytes)
        EX_TRY(tell_problem(run, 0, "end", err, EX_FORMAT, "it ends before it says that it does"));
    if (r->damaged > 0)
        EX_TRY(tell_problem(run, 0, "structure", err, EX_FORMAT,
                            "some of its cells break their rules: keys or values may be missing"));
    if (h->cut > 0)
        EX_TRY(tell_problem(run, 0, "values", err, EX_LIMIT,
                            "%llu values were cut at %d bytes, or where their bytes end",
                            (unsigned long long)h->cut, SYSTEM_VALUE_BYTES_MAX));
    return r->exhausted ? tell_problem(run, 0, "visits", err, EX_LIMIT,
                                       "it names its cells more than %d times", REGF_VISITS_MAX)
                        : EX_OK;
}

static ex_code tell_all(struct hive *h, struct ex_error *err) {
    const struct kind *k = NULL;
    if (h->regf.is_log)
        return tell_head(h, NULL, err);
    const bool has_root = regf_root(&h->regf, &h->root);
    if (has_root)
        k = kind_of(h);
    EX_TRY(tell_head(h, k, err));
    if (!has_root)
        EX_TRY(tell_problem(h->records.run, 0, "root", err, EX_FORMAT, "it has no root"));
    ex_code code = k == NULL ? EX_OK : k->tell(h, err);
    if (code != EX_OK && code != EX_LIMIT)
        return code;
    EX_TRY(tell_problems(h, code == EX_OK ? err : NULL)); /* the limit is the reason to give */
    return code;
}

ex_code hive_examine(struct parser_run *run, struct ex_error *err) {
    EX_AUTO_FREE struct hive *h = ex_new0(struct hive);
    h->records.run = run;
    EX_TRY(regf_open(&h->regf, run, err));
    ex_code code = tell_all(h, err);
    regf_close(&h->regf);
    return code;
}
