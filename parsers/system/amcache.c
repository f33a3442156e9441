/* SPDX-License-Identifier: Apache-2.0 */
/* Amcache.hve: programs and files of programs that Windows met. */
#include "parsers/system/system_internal.h"

#include <string.h>

/* "0000" and a SHA-1 in hex; of older ones the first 31,457,280 bytes of the file alone. */
static ex_code tell_hash(struct hive *h, const struct regf_key *k, const char *value,
                         struct ex_error *err) {
    if (!hive_text(h, k, value) || h->text_bytes != 44 || strncmp(h->text, "0000", 4) != 0 ||
        strspn(h->text, "0123456789abcdefABCDEF") != 44)
        return EX_OK;
    return parser_trace_text(h->records.run, "sha1", h->text + 4, 40, err);
}

static ex_code tell_program(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"Version", "version"},
                                               {"Publisher", "publisher"},
                                               {"InstallDate", "install-date"},
                                               {"RootDirPath", "location"},
                                               {"Source", "source"},
                                               {"Type", "type"},
                                               {NULL, NULL}};
    EX_TRY(hive_record(h, "program", hive_text_or(h, k, "Name"), k, err));
    EX_TRY(tell_text(h->records.run, "list", "InventoryApplication", err));
    return hive_fields(h, k, FIELDS, err);
}

static ex_code tell_file(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"Name", "file-name"},
                                               {"ProductName", "product"},
                                               {"ProductVersion", "product-version"},
                                               {"Publisher", "publisher"},
                                               {"Version", "version"},
                                               {"Size", "file-size"},
                                               {"LinkDate", "link-date"},
                                               {NULL, NULL}};
    EX_TRY(hive_record(h, "executable", hive_text_or(h, k, "LowerCaseLongPath"), k, err));
    EX_TRY(tell_text(h->records.run, "list", "InventoryApplicationFile", err));
    EX_TRY(hive_fields(h, k, FIELDS, err));
    return tell_hash(h, k, "FileId", err);
}

/* Before Windows 10 1709: by volume, the names of values are numbers. */
static ex_code tell_old(struct hive *h, const struct regf_key *volume, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {
        {"0", "product"}, {"1", "publisher"}, {"5", "version"}, {"6", "file-size"}, {NULL, NULL}};
    struct regf_keys at = {.above = *volume};
    struct regf_key k;
    while (regf_next_key(&h->regf, &at, &k)) {
        EX_TRY(hive_record(h, "executable", hive_text_or(h, &k, "15"), &k, err));
        EX_TRY(tell_text(h->records.run, "list", "File", err));
        EX_TRY(hive_fields(h, &k, FIELDS, err));
        EX_TRY(hive_time(h, &k, "17", "file-modified", 0, "", err));
        EX_TRY(tell_hash(h, &k, "101", err));
    }
    return EX_OK;
}

ex_code amcache_tell(struct hive *h, struct ex_error *err) {
    EX_TRY(hive_each(h, "Root\\InventoryApplication", tell_program, err));
    EX_TRY(hive_each(h, "Root\\InventoryApplicationFile", tell_file, err));
    return hive_each(h, "Root\\File", tell_old, err);
}
