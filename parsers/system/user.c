/* SPDX-License-Identifier: Apache-2.0 */
/* The hives of one user: NTUSER.DAT and UsrClass.dat. */
#include "parsers/system/system_internal.h"

#include <string.h>
#include <strings.h>

#define EXPLORER "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer"

static ex_code tell_recent(struct hive *h, const char *list, const char *name, size_t name_bytes,
                           struct ex_error *err) {
    EX_TRY(records_add(&h->records, "recent", name, name_bytes, err));
    return tell_text(h->records.run, "list", list, err);
}

/* The key was last written when its newest entry was, unless one was removed: of that one alone. */
static ex_code tell_newest(struct hive *h, const struct regf_key *k, uint32_t position,
                           struct ex_error *err) {
    if (position == UINT32_MAX)
        return EX_OK;
    EX_TRY(parser_trace_number(h->records.run, "position", (uint64_t)position + 1, err));
    return position != 0 ? EX_OK
                         : system_tell_filetime(h->records.run, "list-written", PARSER_CHANGED,
                                                "regf:key", k->written, err);
}

/* ---- the lists whose values are numbers, in the order of MRUListEx ---- */

enum { ORDER_MAX = 4096 };

static size_t order_of(struct hive *h, const struct regf_key *k, uint32_t order[static ORDER_MAX]) {
    size_t count = 0;
    if (!hive_raw(h, k, "MRUListEx"))
        return 0;
    for (size_t at = 0; at + 4 <= h->raw_bytes && count < ORDER_MAX; at += 4) {
        uint32_t n = (uint32_t)hive_le(h->raw + at, 4);
        if (n == UINT32_MAX)
            break;
        order[count++] = n;
    }
    return count;
}

static uint32_t position_in(const uint32_t *order, size_t count, uint32_t wanted) {
    for (size_t i = 0; i < count; i++)
        if (order[i] == wanted)
            return (uint32_t)i;
    return UINT32_MAX;
}

static ex_code tell_numbered(struct hive *h, const struct regf_key *k, const char *list,
                             struct ex_error *err) {
    EX_AUTO_FREE uint32_t *order = NULL;
    struct regf_values at = {.above = *k};
    struct regf_value v;
    uint64_t n;
    EX_TRY(ex_alloc(ORDER_MAX, sizeof *order, ORDER_MAX * sizeof *order, "a list", &order, err));
    size_t count = order_of(h, k, order);
    while (regf_next_value(&h->regf, &at, &v)) {
        const char *name = hive_value_name(h, &v);
        if (!ex_parse_decimal(name, strlen(name), &n) || n >= UINT32_MAX || !hive_take(h, &v))
            continue;
        hive_decode(h, h->raw, h->raw_bytes);
        if (h->text_bytes == 0)
            continue;
        EX_TRY(tell_recent(h, list, h->text, h->text_bytes, err));
        EX_TRY(tell_newest(h, k, position_in(order, count, (uint32_t)n), err));
    }
    return EX_OK;
}

static ex_code tell_documents(struct hive *h, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key k;
    char list[REGF_NAME_BYTES + 16];
    if (!regf_find(&h->regf, &h->root, EXPLORER "\\RecentDocs", &at.above))
        return EX_OK;
    EX_TRY(tell_numbered(h, &at.above, "RecentDocs", err));
    while (regf_next_key(&h->regf, &at, &k)) {
        (void)snprintf(list, sizeof list, "RecentDocs\\%s", hive_key_name(h, &k));
        EX_TRY(tell_numbered(h, &k, list, err));
    }
    return EX_OK;
}

/* ---- the lists whose values are texts ---- */

/* "url1" is the newest one. */
static ex_code tell_typed(struct hive *h, const char *path, const char *list,
                          struct ex_error *err) {
    struct regf_values at = {0};
    struct regf_value v;
    struct regf_key times;
    uint64_t n;
    char times_path[256], name[32];
    if (!regf_find(&h->regf, &h->root, path, &at.above))
        return EX_OK;
    (void)snprintf(times_path, sizeof times_path, "%sTime", path);
    bool timed = regf_find(&h->regf, &h->root, times_path, &times);
    while (regf_next_value(&h->regf, &at, &v)) {
        (void)snprintf(name, sizeof name, "%.31s", hive_value_name(h, &v));
        if (strncasecmp(name, "url", 3) != 0 || !ex_parse_decimal(name + 3, strlen(name + 3), &n) ||
            n == 0 || n > UINT32_MAX || !hive_take_text(h, &v))
            continue;
        EX_TRY(tell_recent(h, list, h->text, h->text_bytes, err));
        EX_TRY(tell_newest(h, &at.above, (uint32_t)n - 1, err));
        if (timed)
            EX_TRY(hive_time(h, &times, name, "typed", PARSER_ACCESSED, "regf:TypedURLsTime", err));
    }
    return EX_OK;
}

/* Values a, b, c … in the order of MRUList; behind each text stands "\1". */
static ex_code tell_commands(struct hive *h, struct ex_error *err) {
    struct regf_values at = {0};
    struct regf_value v;
    char order[64] = "";
    if (!regf_find(&h->regf, &h->root, EXPLORER "\\RunMRU", &at.above))
        return EX_OK;
    if (hive_text(h, &at.above, "MRUList"))
        (void)snprintf(order, sizeof order, "%.63s", h->text);
    while (regf_next_value(&h->regf, &at, &v)) {
        const char *name = hive_value_name(h, &v);
        if (strlen(name) != 1 || !hive_take_text(h, &v))
            continue;
        if (h->text_bytes >= 2 && memcmp(h->text + h->text_bytes - 2, "\\1", 2) == 0)
            h->text_bytes -= 2;
        const char *place = strchr(order, name[0]);
        EX_TRY(tell_recent(h, "RunMRU", h->text, h->text_bytes, err));
        EX_TRY(
            tell_newest(h, &at.above, place == NULL ? UINT32_MAX : (uint32_t)(place - order), err));
    }
    return EX_OK;
}

/* ---- programs that were started from the desktop ---- */

static void turn_13(char *text) {
    for (; *text != '\0'; text++) {
        char base = *text >= 'a' && *text <= 'z' ? 'a' : 'A';
        if (*text >= base && *text < base + 26)
            *text = (char)(base + (*text - base + 13) % 26);
    }
}

/* 72 bytes since Windows 7; 16 bytes before, whose count begins at 5. */
static ex_code tell_count(struct hive *h, struct ex_error *err) {
    struct parser_run *run = h->records.run;
    uint64_t count = hive_le(h->raw + 4, 4);
    if (h->raw_bytes == 16) {
        EX_TRY(parser_trace_number(run, "runs", count >= 5 ? count - 5 : 0, err));
        return system_tell_filetime(run, "last-run", PARSER_ACCESSED, "regf:UserAssist",
                                    hive_le(h->raw + 8, 8), err);
    }
    EX_TRY(parser_trace_number(run, "runs", count, err));
    EX_TRY(parser_trace_number(run, "focus-count", hive_le(h->raw + 8, 4), err));
    EX_TRY(parser_trace_number(run, "focus-milliseconds", hive_le(h->raw + 12, 4), err));
    return system_tell_filetime(run, "last-run", PARSER_ACCESSED, "regf:UserAssist",
                                hive_le(h->raw + 60, 8), err);
}

static ex_code tell_started(struct hive *h, const struct regf_key *k, const char *id,
                            struct ex_error *err) {
    struct regf_values at = {.above = *k};
    struct regf_value v;
    while (regf_next_value(&h->regf, &at, &v)) {
        if (!hive_take(h, &v) || (h->raw_bytes != 72 && h->raw_bytes != 16))
            continue;
        (void)hive_value_name(h, &v);
        turn_13(h->name);
        EX_TRY(tell_recent(h, "UserAssist", h->name, strlen(h->name), err));
        EX_TRY(tell_text(h->records.run, "user-assist-id", id, err));
        EX_TRY(tell_count(h, err));
    }
    return EX_OK;
}

static ex_code tell_assist(struct hive *h, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key k, count;
    char id[REGF_NAME_BYTES];
    if (!regf_find(&h->regf, &h->root, EXPLORER "\\UserAssist", &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k)) {
        (void)snprintf(id, sizeof id, "%s", hive_key_name(h, &k));
        if (regf_find(&h->regf, &k, "Count", &count))
            EX_TRY(tell_started(h, &count, id, err));
    }
    return EX_OK;
}

/* ---- media and shares ---- */

static ex_code tell_mounts(struct hive *h, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key k;
    if (!regf_find(&h->regf, &h->root, EXPLORER "\\MountPoints2", &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k)) {
        EX_TRY(hive_record(h, "recent", hive_key_name(h, &k), &k, err));
        EX_TRY(tell_text(h->records.run, "list", "MountPoints2", err));
    }
    return EX_OK;
}

static ex_code tell_drives(struct hive *h, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {
        {"UserName", "user"}, {"ProviderName", "provider"}, {NULL, NULL}};
    struct regf_keys at = {0};
    struct regf_key k;
    if (!regf_find(&h->regf, &h->root, "Network", &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k)) {
        if (!hive_text(h, &k, "RemotePath"))
            continue;
        EX_TRY(hive_record(h, "recent", h->text, &k, err));
        EX_TRY(tell_text(h->records.run, "list", "Network", err));
        EX_TRY(tell_text(h->records.run, "drive", hive_key_name(h, &k), err));
        EX_TRY(hive_fields(h, &k, FIELDS, err));
    }
    return EX_OK;
}

/* ---- whose it is ---- */

static ex_code tell_profile(struct hive *h, struct ex_error *err) {
    static const struct hive_field NAME[] = {{"Logon User Name", "user"}, {NULL, NULL}};
    static const struct hive_field FOLDERS[] = {
        {"Desktop", "desktop"}, {"Personal", "documents"}, {NULL, NULL}};
    struct regf_key k, folders;
    if (!regf_find(&h->regf, &h->root, EXPLORER, &k))
        return EX_OK;
    bool has = regf_find(&h->regf, &k, "Shell Folders", &folders);
    EX_TRY(
        hive_record(h, "profile", hive_text(h, &k, "Logon User Name") ? h->text : NULL, &k, err));
    EX_TRY(hive_fields(h, &k, NAME, err));
    return has ? hive_fields(h, &folders, FOLDERS, err) : EX_OK;
}

ex_code user_tell(struct hive *h, struct ex_error *err) {
    struct regf_key k;
    EX_TRY(tell_profile(h, err));
    EX_TRY(tell_documents(h, err));
    EX_TRY(tell_typed(h, "Software\\Microsoft\\Internet Explorer\\TypedURLs", "TypedURLs", err));
    EX_TRY(tell_typed(h, EXPLORER "\\TypedPaths", "TypedPaths", err));
    EX_TRY(tell_commands(h, err));
    if (regf_find(&h->regf, &h->root, EXPLORER "\\WordWheelQuery", &k))
        EX_TRY(tell_numbered(h, &k, "WordWheelQuery", err));
    EX_TRY(tell_assist(h, err));
    EX_TRY(tell_mounts(h, err));
    EX_TRY(tell_drives(h, err));
    if (!regf_find(&h->regf, &h->root, "Software", &k))
        return EX_OK;
    EX_TRY(software_tell_autostart(h, &k, err));
    return software_tell_programs(h, &k, err);
}

/* ---- UsrClass.dat: programs whose names the desktop has shown ---- */

/* Of the name of a value; 0: a text of a library, or a second one about the same program. */
static size_t program_bytes(const char *name) {
    static const char SUFFIX[] = ".FriendlyAppName", OTHER[] = ".ApplicationCompany";
    size_t size = strlen(name);
    if (strchr(name, '\\') == NULL || name[0] == '@' ||
        (size >= sizeof OTHER && strcmp(name + size - (sizeof OTHER - 1), OTHER) == 0))
        return 0;
    if (size >= sizeof SUFFIX && strcmp(name + size - (sizeof SUFFIX - 1), SUFFIX) == 0)
        size -= sizeof SUFFIX - 1;
    return size;
}

ex_code classes_tell(struct hive *h, struct ex_error *err) {
    struct regf_values at = {0};
    struct regf_value v;
    if (!regf_find(&h->regf, &h->root,
                   "Local Settings\\Software\\Microsoft\\Windows\\Shell\\MuiCache", &at.above))
        return EX_OK;
    while (regf_next_value(&h->regf, &at, &v)) {
        if ((v.type != REGF_SZ && v.type != REGF_EXPAND_SZ) || !hive_take_text(h, &v))
            continue;
        (void)hive_value_name(h, &v);
        size_t size = program_bytes(h->name);
        if (size == 0)
            continue;
        EX_TRY(tell_recent(h, "MuiCache", h->name, size, err));
        EX_TRY(hive_attribute(h, "shown-as", err));
    }
    return EX_OK;
}
