/* SPDX-License-Identifier: Apache-2.0 */
/* The hive SOFTWARE: the system itself, programs, networks that were met, and who has a profile. */
#include "parsers/system/system_internal.h"

#include "parsers/shared/when.h"

#include <string.h>
#include <strings.h>

/* ---- the system ---- */

/* "19041.1.amd64fre.vb_release.191206-1406": the third part, without "fre" or "chk". */
static ex_code tell_architecture(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    if (!hive_text(h, k, "BuildLabEx") && !hive_text(h, k, "BuildLab"))
        return EX_OK;
    const char *end, *at = h->text;
    for (; *at != '\0'; at = *end == '.' ? end + 1 : end) {
        end = at + strcspn(at, ".");
        size_t n = (size_t)(end - at);
        if (n > 3 && (strncmp(end - 3, "fre", 3) == 0 || strncmp(end - 3, "chk", 3) == 0))
            return parser_trace_text(h->records.run, "architecture", at, n - 3, err);
    }
    return EX_OK;
}

static ex_code tell_versions(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const char *const VERSION[] = {"DisplayVersion", "ReleaseId", "CSDVersion",
                                          "CurrentVersion"};
    struct parser_run *run = h->records.run;
    char build[128], text[256];
    uint64_t major, minor, revision;
    for (size_t i = 0; i < 4; i++)
        if (hive_text(h, k, VERSION[i])) {
            EX_TRY(hive_attribute(h, "version", err));
            break;
        }
    if (hive_number(h, k, "CurrentMajorVersionNumber", &major) &&
        hive_number(h, k, "CurrentMinorVersionNumber", &minor)) {
        (void)snprintf(text, sizeof text, "%u.%u", (unsigned)major, (unsigned)minor);
        EX_TRY(tell_text(run, "nt-version", text, err));
    } else if (hive_text(h, k, "CurrentVersion")) {
        EX_TRY(hive_attribute(h, "nt-version", err));
    }
    if (!hive_text(h, k, "CurrentBuild") && !hive_text(h, k, "CurrentBuildNumber"))
        return EX_OK;
    (void)snprintf(build, sizeof build, "%.100s", h->text);
    if (hive_number(h, k, "UBR", &revision))
        (void)snprintf(text, sizeof text, "%s.%llu", build, (unsigned long long)revision);
    else
        (void)snprintf(text, sizeof text, "%s", build);
    return tell_text(run, "build", text, err);
}

static ex_code tell_system(struct hive *h, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {
        {"ProductName", "product"},
        {"EditionID", "edition"},
        {"InstallationType", "installation-type"},
        {"RegisteredOwner", "registered-owner"},
        {"RegisteredOrganization", "registered-organization"},
        {"ProductId", "product-id"},
        {"CSDVersion", "service-pack"},
        {"SystemRoot", "system-root"},
        {NULL, NULL}};
    struct regf_key k;
    uint64_t seconds;
    if (!regf_find(&h->regf, &h->root, "Microsoft\\Windows NT\\CurrentVersion", &k))
        return EX_OK;
    EX_TRY(hive_record(h, "operating-system", hive_text(h, &k, "ProductName") ? h->text : NULL, &k,
                       err));
    EX_TRY(hive_fields(h, &k, FIELDS, err));
    EX_TRY(tell_versions(h, &k, err));
    EX_TRY(tell_architecture(h, &k, err));
    if (hive_number(h, &k, "InstallDate", &seconds) && seconds != 0)
        return system_tell_seconds(h->records.run, "installed", PARSER_CREATED, "regf:InstallDate",
                                   seconds, err);
    return hive_time(h, &k, "InstallTime", "installed", PARSER_CREATED, "regf:InstallTime", err);
}

static ex_code tell_computer(struct hive *h, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"MachineGuid", "machine-id"}, {NULL, NULL}};
    struct regf_key k;
    if (!regf_find(&h->regf, &h->root, "Microsoft\\Cryptography", &k) ||
        !hive_text(h, &k, "MachineGuid"))
        return EX_OK;
    EX_TRY(hive_record(h, "computer", NULL, &k, err));
    return hive_fields(h, &k, FIELDS, err);
}

/* Who was logged on last; a password that is kept for logging on by itself is not told. */
static ex_code tell_last_user(struct hive *h, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"LastLoggedOnUser", "user"},
                                               {"LastLoggedOnSAMUser", "account"},
                                               {"LastLoggedOnDisplayName", "full-name"},
                                               {"LastLoggedOnUserSID", "sid"},
                                               {NULL, NULL}};
    static const struct hive_field LOGON[] = {{"DefaultUserName", "user"},
                                              {"DefaultDomainName", "domain"},
                                              {"AutoAdminLogon", "logs-on-by-itself"},
                                              {NULL, NULL}};
    struct regf_key k;
    if (regf_find(&h->regf, &h->root, "Microsoft\\Windows\\CurrentVersion\\Authentication\\LogonUI",
                  &k) &&
        hive_text(h, &k, "LastLoggedOnUser")) {
        EX_TRY(hive_record(h, "login", h->text, &k, err));
        EX_TRY(tell_text(h->records.run, "list", "LogonUI", err));
        EX_TRY(hive_fields(h, &k, FIELDS, err));
    }
    if (!regf_find(&h->regf, &h->root, "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", &k) ||
        !hive_text(h, &k, "DefaultUserName"))
        return EX_OK;
    EX_TRY(hive_record(h, "login", h->text, &k, err));
    EX_TRY(tell_text(h->records.run, "list", "Winlogon", err));
    return hive_fields(h, &k, LOGON, err);
}

/* ---- profiles ---- */

static ex_code tell_loaded(struct hive *h, const struct regf_key *k, const char *high,
                           const char *low, const char *attribute, int what, struct ex_error *err) {
    uint64_t a, b;
    if (!hive_number(h, k, high, &a) || !hive_number(h, k, low, &b))
        return EX_OK;
    return system_tell_filetime(h->records.run, attribute, what, "regf:profile-load",
                                a << 32 | (b & UINT32_MAX), err);
}

static ex_code tell_profile(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"ProfileImagePath", "path"}, {NULL, NULL}};
    char sid[REGF_NAME_BYTES];
    (void)snprintf(sid, sizeof sid, "%s", hive_key_name(h, k));
    if (!hive_text(h, k, "ProfileImagePath"))
        return EX_OK;
    const char *name = strrchr(h->text, '\\');
    EX_TRY(hive_record(h, "profile", name == NULL ? h->text : name + 1, k, err));
    EX_TRY(tell_text(h->records.run, "sid", sid, err));
    EX_TRY(hive_fields(h, k, FIELDS, err));
    EX_TRY(tell_loaded(h, k, "LocalProfileLoadTimeHigh", "LocalProfileLoadTimeLow", "loaded",
                       PARSER_ACCESSED, err));
    return tell_loaded(h, k, "LocalProfileUnloadTimeHigh", "LocalProfileUnloadTimeLow", "unloaded",
                       0, err);
}

/* ---- networks ---- */

/* Year, month, day of the week, day, hour, minute, second, milliseconds: in local time. */
static ex_code tell_local(struct hive *h, const struct regf_key *k, const char *value,
                          const char *attribute, enum parser_time what, const char *source,
                          struct ex_error *err) {
    char text[80];
    unsigned t[8];
    int64_t days;
    if (!hive_raw(h, k, value) || h->raw_bytes != 16)
        return EX_OK;
    for (unsigned i = 0; i < 8; i++)
        t[i] = (unsigned)hive_le(h->raw + (size_t)2 * i, 2);
    if (t[0] > 9999 || !when_days(t[0], t[1], t[3], &days) || t[4] > 23 || t[5] > 59 || t[6] > 59 ||
        t[7] > 999)
        return EX_OK;
    (void)snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02u", t[0], t[1], t[3], t[4], t[5],
                   t[6]);
    EX_TRY(tell_text(h->records.run, attribute, text, err));
    int64_t seconds = days * 86400 + (int64_t)t[4] * 3600 + (int64_t)t[5] * 60 + (int64_t)t[6];
    return parser_trace_time(h->records.run, what, seconds, t[7] * 1000000, 1000000, true, source,
                             err);
}

/* What was seen of the network when it was met. */
static ex_code tell_signature(struct hive *h, const char *id, struct ex_error *err) {
    static const char *const PLACES[] = {"Unmanaged", "Managed"};
    static const struct hive_field FIELDS[] = {
        {"FirstNetwork", "first-network"}, {"DnsSuffix", "dns-suffix"}, {NULL, NULL}};
    struct regf_key k;
    char path[128], mac[3 * 6];
    for (size_t i = 0; i < 2; i++) {
        struct regf_keys at = {0};
        (void)snprintf(path, sizeof path,
                       "Microsoft\\Windows NT\\CurrentVersion\\NetworkList\\Signatures\\%s",
                       PLACES[i]);
        if (!regf_find(&h->regf, &h->root, path, &at.above))
            continue;
        while (regf_next_key(&h->regf, &at, &k)) {
            if (!hive_text(h, &k, "ProfileGuid") || strcasecmp(h->text, id) != 0)
                continue;
            EX_TRY(hive_fields(h, &k, FIELDS, err));
            if (!hive_raw(h, &k, "DefaultGatewayMac") || h->raw_bytes != 6)
                return EX_OK;
            (void)snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", h->raw[0], h->raw[1],
                           h->raw[2], h->raw[3], h->raw[4], h->raw[5]);
            return tell_text(h->records.run, "gateway-mac", mac, err);
        }
    }
    return EX_OK;
}

static ex_code tell_network(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"ProfileName", "profile"},
                                               {"Description", "description"},
                                               {"Category", "category"},
                                               {NULL, NULL}};
    enum { WIRELESS = 71 };
    char id[REGF_NAME_BYTES];
    uint64_t type = 0;
    (void)snprintf(id, sizeof id, "%s", hive_key_name(h, k));
    bool typed = hive_number(h, k, "NameType", &type);
    if (!hive_text(h, k, "ProfileName"))
        return EX_OK;
    EX_TRY(hive_record(h, typed && type == WIRELESS ? "wireless" : "network", h->text, k, err));
    EX_TRY(tell_text(h->records.run, "network-id", id, err));
    if (typed)
        EX_TRY(parser_trace_number(h->records.run, "name-type", type, err));
    EX_TRY(hive_fields(h, k, FIELDS, err));
    EX_TRY(tell_local(h, k, "DateCreated", "first-connected", PARSER_CREATED, "regf:DateCreated",
                      err));
    EX_TRY(tell_local(h, k, "DateLastConnected", "last-connected", PARSER_ACCESSED,
                      "regf:DateLastConnected", err));
    return tell_signature(h, id, err);
}

/* ---- programs, and what is started ---- */

static ex_code tell_program(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"DisplayVersion", "version"},
                                               {"Publisher", "publisher"},
                                               {"InstallDate", "install-date"},
                                               {"InstallLocation", "location"},
                                               {"InstallSource", "source"},
                                               {"UninstallString", "uninstall-command"},
                                               {NULL, NULL}};
    if (!hive_text(h, k, "DisplayName"))
        return EX_OK; /* a part of another one */
    EX_TRY(hive_record(h, "program", h->text, k, err));
    return hive_fields(h, k, FIELDS, err);
}

ex_code software_tell_programs(struct hive *h, const struct regf_key *from, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key k;
    if (!regf_find(&h->regf, from, "Microsoft\\Windows\\CurrentVersion\\Uninstall", &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k))
        EX_TRY(tell_program(h, &k, err));
    return EX_OK;
}

static ex_code tell_start(struct hive *h, const struct regf_key *k, const struct regf_value *v,
                          const char *place, struct ex_error *err) {
    if ((v->type != REGF_SZ && v->type != REGF_EXPAND_SZ) || !hive_take_text(h, v))
        return EX_OK;
    EX_TRY(hive_record(h, "autostart", hive_value_name(h, v), k, err));
    EX_TRY(hive_attribute(h, "command", err));
    return tell_text(h->records.run, "place", place, err);
}

ex_code software_tell_autostart(struct hive *h, const struct regf_key *from, struct ex_error *err) {
    static const char *const PLACES[] = {
        "Microsoft\\Windows\\CurrentVersion\\Run", "Microsoft\\Windows\\CurrentVersion\\RunOnce",
        "Microsoft\\Windows\\CurrentVersion\\RunServices",
        "Microsoft\\Windows\\CurrentVersion\\RunServicesOnce",
        "Microsoft\\Windows\\CurrentVersion\\Policies\\Explorer\\Run"};
    static const char *const VALUES[][2] = {
        {"Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "Shell"},
        {"Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "Userinit"},
        {"Microsoft\\Windows NT\\CurrentVersion\\Windows", "Load"},
        {"Microsoft\\Windows NT\\CurrentVersion\\Windows", "Run"},
        {"Microsoft\\Windows NT\\CurrentVersion\\Windows", "AppInit_DLLs"}};
    struct regf_key k;
    struct regf_value v;
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        struct regf_values at = {0};
        if (!regf_find(&h->regf, from, PLACES[i], &at.above))
            continue;
        while (regf_next_value(&h->regf, &at, &v))
            EX_TRY(tell_start(h, &at.above, &v, strrchr(PLACES[i], '\\') + 1, err));
    }
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++)
        if (regf_find(&h->regf, from, VALUES[i][0], &k) &&
            regf_value(&h->regf, &k, VALUES[i][1], &v))
            EX_TRY(tell_start(h, &k, &v, strrchr(VALUES[i][0], '\\') + 1, err));
    return EX_OK;
}

/* ---- all of it ---- */

ex_code software_tell(struct hive *h, struct ex_error *err) {
    struct regf_key other;
    EX_TRY(tell_system(h, err));
    EX_TRY(tell_computer(h, err));
    EX_TRY(tell_last_user(h, err));
    EX_TRY(hive_each(h, "Microsoft\\Windows NT\\CurrentVersion\\ProfileList", tell_profile, err));
    EX_TRY(hive_each(h, "Microsoft\\Windows NT\\CurrentVersion\\NetworkList\\Profiles",
                     tell_network, err));
    EX_TRY(software_tell_autostart(h, &h->root, err));
    EX_TRY(software_tell_programs(h, &h->root, err));
    /* Of programs of 32 bits on a system of 64. */
    if (!regf_find(&h->regf, &h->root, "Wow6432Node", &other))
        return EX_OK;
    EX_TRY(software_tell_autostart(h, &other, err));
    return software_tell_programs(h, &other, err);
}
