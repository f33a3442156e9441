/* SPDX-License-Identifier: Apache-2.0 */
/* The hives SAM and SECURITY: accounts and groups of the computer, and what it is a member of.
 * Where the parts of V, F and C stand is known from other programs (chntpw, RegRipper), for
 * Microsoft does not describe it. The parts of V that are hashes are not looked at. */
#include "parsers/system/system_internal.h"

#include <string.h>

enum {
    V_TABLE_BYTES = 0xcc, /* offsets in V count from its end */
    C_TABLE_BYTES = 0x34,
    F_BYTES = 0x44,
    MEMBERS_BYTES = 8192,
    SID_BYTES = 200
};

/* ---- F: times and numbers ---- */

static ex_code tell_flags(struct hive *h, uint16_t flags, struct ex_error *err) {
    static const struct {
        uint16_t flag;
        const char *attribute;
    } FLAGS[] = {{0x0001, "disabled"},
                 {0x0004, "password-not-required"},
                 {0x0200, "password-never-expires"},
                 {0x0400, "locked"}};
    for (size_t i = 0; i < sizeof FLAGS / sizeof FLAGS[0]; i++)
        if (i == 0 || (flags & FLAGS[i].flag) != 0)
            EX_TRY(tell_text(h->records.run, FLAGS[i].attribute,
                             (flags & FLAGS[i].flag) != 0 ? "yes" : "no", err));
    return EX_OK;
}

static ex_code tell_f(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    struct parser_run *run = h->records.run;
    uint8_t f[F_BYTES];
    if (!hive_raw(h, k, "F") || h->raw_bytes < sizeof f)
        return EX_OK;
    memcpy(f, h->raw, sizeof f);
    EX_TRY(system_tell_filetime(run, "last-login", PARSER_ACCESSED, "sam:last-login",
                                hive_le(f + 0x08, 8), err));
    EX_TRY(system_tell_filetime(run, "password-set", PARSER_MODIFIED, "sam:password-set",
                                hive_le(f + 0x18, 8), err));
    EX_TRY(system_tell_filetime(run, "expires", 0, "", hive_le(f + 0x20, 8), err));
    EX_TRY(system_tell_filetime(run, "last-failed-login", 0, "", hive_le(f + 0x28, 8), err));
    EX_TRY(parser_trace_number(run, "failed-logins", hive_le(f + 0x40, 2), err));
    EX_TRY(parser_trace_number(run, "logins", hive_le(f + 0x42, 2), err));
    return tell_flags(h, (uint16_t)hive_le(f + 0x38, 2), err);
}

/* ---- V: texts ---- */

/* The part whose offset and length stand at `entry`; false: it is empty, or lies outside. */
static bool part(struct hive *h, size_t entry, size_t table_bytes, const uint8_t *data,
                 size_t size) {
    if (entry + 8 > size)
        return false;
    uint64_t at = hive_le(data + entry, 4) + table_bytes, bytes = hive_le(data + entry + 4, 4);
    if (bytes == 0 || at > size || bytes > size - at)
        return false;
    hive_decode(h, data + at, (size_t)bytes);
    return h->text_bytes > 0;
}

static ex_code tell_v(struct hive *h, const uint8_t *v, size_t size, struct ex_error *err) {
    static const struct {
        size_t entry;
        const char *attribute;
    } PARTS[] = {{0x18, "full-name"},   {0x24, "comment"},      {0x30, "user-comment"},
                 {0x48, "home"},        {0x60, "login-script"}, {0x6c, "profile-path"},
                 {0x78, "workstations"}};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++)
        if (part(h, PARTS[i].entry, V_TABLE_BYTES, v, size))
            EX_TRY(hive_attribute(h, PARTS[i].attribute, err));
    return EX_OK;
}

/* ---- accounts ---- */

/* The computer's own SID, which the SIDs of its accounts begin with: the end of V of the domain. */
static bool domain_sid(struct hive *h, const struct regf_key *domain, char to[static SID_BYTES]) {
    size_t bytes;
    return hive_raw(h, domain, "V") && h->raw_bytes >= 24 &&
           hive_le(h->raw + h->raw_bytes - 24, 2) == 0x0401 &&
           hive_sid(h->raw + h->raw_bytes - 24, 24, to, &bytes);
}

static ex_code tell_account(struct hive *h, const struct regf_key *k, uint32_t rid,
                            const char *domain, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"UserPasswordHint", "password-hint"},
                                               {"InternetUserName", "internet-name"},
                                               {"GivenName", "given-name"},
                                               {"Surname", "surname"},
                                               {NULL, NULL}};
    EX_AUTO_FREE uint8_t *v = NULL;
    char sid[SID_BYTES + 16];
    size_t size = hive_raw(h, k, "V") ? h->raw_bytes : 0;
    EX_TRY(ex_alloc(size, 1, SYSTEM_VALUE_BYTES_MAX, "a value", &v, err));
    memcpy(v, h->raw, size);
    bool named = part(h, 0x0c, V_TABLE_BYTES, v, size);
    EX_TRY(hive_record(h, "account", named ? h->text : NULL, k, err));
    EX_TRY(parser_trace_number(h->records.run, "rid", rid, err));
    if (domain[0] != '\0') {
        (void)snprintf(sid, sizeof sid, "%s-%u", domain, rid);
        EX_TRY(tell_text(h->records.run, "sid", sid, err));
    }
    EX_TRY(tell_v(h, v, size, err));
    EX_TRY(tell_f(h, k, err));
    for (const struct hive_field *f = FIELDS; f->value != NULL; f++)
        if (hive_raw(h, k, f->value)) { /* texts, whatever their type says */
            hive_decode(h, h->raw, h->raw_bytes);
            EX_TRY(hive_attribute(h, f->attribute, err));
        }
    return EX_OK;
}

/* The name of the key: eight digits of hex. */
static bool rid_of(struct hive *h, const struct regf_key *k, uint32_t *ret) {
    const char *name = hive_key_name(h, k);
    char *end;
    if (strlen(name) != 8 || strspn(name, "0123456789abcdefABCDEF") != 8)
        return false;
    *ret = (uint32_t)strtoul(name, &end, 16);
    return true;
}

static ex_code tell_accounts(struct hive *h, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key domain, k;
    char sid[SID_BYTES] = "";
    uint32_t rid;
    if (!regf_find(&h->regf, &h->root, "SAM\\Domains\\Account", &domain) ||
        !regf_find(&h->regf, &domain, "Users", &at.above))
        return EX_OK;
    if (!domain_sid(h, &domain, sid))
        sid[0] = '\0';
    while (regf_next_key(&h->regf, &at, &k))
        if (rid_of(h, &k, &rid))
            EX_TRY(tell_account(h, &k, rid, sid, err));
    return EX_OK;
}

/* ---- groups ---- */

static ex_code tell_members(struct hive *h, const uint8_t *c, size_t size, struct ex_error *err) {
    char members[MEMBERS_BYTES], sid[SID_BYTES];
    uint64_t at = hive_le(c + 0x28, 4) + C_TABLE_BYTES, count = hive_le(c + 0x30, 4), told = 0;
    size_t n = 0, bytes;
    for (; told < count && at < size && hive_sid(c + at, size - (size_t)at, sid, &bytes); told++) {
        size_t length = strlen(sid);
        if (n + length + 3 > sizeof members)
            break;
        n += (size_t)snprintf(members + n, sizeof members - n, "%s%s", n == 0 ? "" : ", ", sid);
        at += bytes;
    }
    EX_TRY(parser_trace_number(h->records.run, "member-count", count, err));
    if (told < count)
        EX_TRY(parser_trace_number(h->records.run, "members-left-out", count - told, err));
    return n == 0 ? EX_OK : parser_trace_text(h->records.run, "members", members, n, err);
}

static ex_code tell_group(struct hive *h, const struct regf_key *k, uint32_t rid,
                          struct ex_error *err) {
    EX_AUTO_FREE uint8_t *c = NULL;
    if (!hive_raw(h, k, "C") || h->raw_bytes < C_TABLE_BYTES)
        return EX_OK;
    size_t size = h->raw_bytes;
    EX_TRY(ex_alloc(size, 1, SYSTEM_VALUE_BYTES_MAX, "a value", &c, err));
    memcpy(c, h->raw, size);
    bool named = part(h, 0x10, C_TABLE_BYTES, c, size);
    EX_TRY(hive_record(h, "group", named ? h->text : NULL, k, err));
    EX_TRY(parser_trace_number(h->records.run, "rid", rid, err));
    if (part(h, 0x1c, C_TABLE_BYTES, c, size))
        EX_TRY(hive_attribute(h, "comment", err));
    return tell_members(h, c, size, err);
}

static ex_code tell_groups(struct hive *h, const char *path, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key k;
    uint32_t rid;
    if (!regf_find(&h->regf, &h->root, path, &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k))
        if (rid_of(h, &k, &rid))
            EX_TRY(tell_group(h, &k, rid, err));
    return EX_OK;
}

ex_code accounts_tell(struct hive *h, struct ex_error *err) {
    EX_TRY(tell_accounts(h, err));
    EX_TRY(tell_groups(h, "SAM\\Domains\\Builtin\\Aliases", err));
    return tell_groups(h, "SAM\\Domains\\Account\\Aliases", err);
}

/* ---- SECURITY: which domain, or which workgroup ---- */

/* A length, a room, where the text begins, and the text. */
static bool policy_text(struct hive *h, const char *path) {
    struct regf_key k;
    if (!regf_find(&h->regf, &h->root, path, &k) || !hive_raw(h, &k, "") || h->raw_bytes < 8)
        return false;
    uint64_t bytes = hive_le(h->raw, 2), at = hive_le(h->raw + 4, 4);
    if (at > h->raw_bytes || bytes > h->raw_bytes - at)
        return false;
    hive_decode(h, h->raw + at, (size_t)bytes);
    return h->text_bytes > 0;
}

ex_code security_tell(struct hive *h, struct ex_error *err) {
    struct regf_key k, domain;
    char sid[SID_BYTES];
    size_t bytes;
    if (!regf_find(&h->regf, &h->root, "Policy\\PolPrDmN", &k))
        return EX_OK;
    bool named = policy_text(h, "Policy\\PolAcDmN");
    EX_TRY(hive_record(h, "computer", named ? h->text : NULL, &k, err));
    if (named)
        EX_TRY(hive_attribute(h, "computer-name", err));
    /* Only a domain has a SID. */
    bool member = regf_find(&h->regf, &h->root, "Policy\\PolPrDmS", &domain) &&
                  hive_raw(h, &domain, "") && hive_sid(h->raw, h->raw_bytes, sid, &bytes);
    if (member)
        EX_TRY(tell_text(h->records.run, "domain-sid", sid, err));
    if (policy_text(h, "Policy\\PolPrDmN"))
        EX_TRY(hive_attribute(h, member ? "domain" : "workgroup", err));
    if (regf_find(&h->regf, &h->root, "Policy\\PolAcDmS", &domain) && hive_raw(h, &domain, "") &&
        hive_sid(h->raw, h->raw_bytes, sid, &bytes))
        EX_TRY(tell_text(h->records.run, "sid", sid, err));
    return EX_OK;
}
