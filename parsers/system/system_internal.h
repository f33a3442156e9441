/* SPDX-License-Identifier: Apache-2.0 */
/* Telling records. system.c knows what the input is; hive.c tells a hive through regf.c, and has
 * the words for it; windows.c, software.c, accounts.c, user.c and amcache.c tell what is in one
 * kind of hive; texts.c and logins.c files of Linux. */
#ifndef EXHIBIT_PARSERS_SYSTEM_SYSTEM_INTERNAL_H
#define EXHIBIT_PARSERS_SYSTEM_SYSTEM_INTERNAL_H

#include "base/mem.h"
#include "parsers/shared/tell.h"
#include "parsers/system/regf.h"

#include <stdio.h>

enum {
    SYSTEM_RECORDS_MAX = 200000,        /* of one file */
    SYSTEM_VALUE_BYTES_MAX = 16 << 10,  /* of a value, as it is stored */
    SYSTEM_TEXT_BYTES_MAX = 64 << 20,   /* of a file of text */
    SYSTEM_LOGIN_BYTES_MAX = 256 << 20, /* of a wtmp */
    SYSTEM_TIME_BYTES = 40
};

/* ---- times ---- */

/* "2026-01-02T03:04:05Z"; with a fraction when there is one. False: outside of the years 1 to 9999.
 */
bool system_time_text(int64_t seconds, uint32_t nanoseconds, char to[static SYSTEM_TIME_BYTES]);
/* Hundreds of nanoseconds since 1601. False: never set (0, or the end of time). */
bool system_filetime(uint64_t filetime, int64_t *ret_seconds, uint32_t *ret_nanoseconds);
/* Each of them does nothing when there is no time. `what` 0: the attribute alone; attribute NULL:
 * the time alone. */
EX_MUST_USE ex_code system_tell_filetime(struct parser_run *run, const char *attribute, int what,
                                         const char *source, uint64_t filetime,
                                         struct ex_error *err);
EX_MUST_USE ex_code system_tell_seconds(struct parser_run *run, const char *attribute, int what,
                                        const char *source, uint64_t seconds, struct ex_error *err);

/* ---- records ---- */

struct records {
    struct parser_run *run;
    uint32_t count;
};
/* EX_LIMIT: too many. Attributes of it follow. */
EX_MUST_USE ex_code records_add(struct records *r, const char *about, const void *name,
                                size_t name_bytes, struct ex_error *err);

/* ---- a hive ---- */

struct hive {
    struct records records;
    struct regf regf;
    struct regf_key root;
    uint64_t cut; /* values that are longer than is told */
    size_t raw_bytes, text_bytes;
    uint32_t type; /* of the value that was taken last */
    uint8_t raw[SYSTEM_VALUE_BYTES_MAX];
    char text[3 * SYSTEM_VALUE_BYTES_MAX + 1];
    char name[REGF_NAME_BYTES]; /* of a key or value */
    char path[REGF_PATH_BYTES];
};

/* A record about a key: its path as `registry-key`, when it was last written as the time `changed`.
 */
EX_MUST_USE ex_code hive_record(struct hive *h, const char *about, const char *name,
                                const struct regf_key *key, struct ex_error *err);
/* The name of a key, or of a value, to h->name. */
const char *hive_key_name(struct hive *h, const struct regf_key *key);
const char *hive_value_name(struct hive *h, const struct regf_value *v);
/* A value to h->raw, and as text (numbers in decimal, several texts with ", " between them) to
 * h->text. False: there is none, or it is empty; for text also: it is of another type. */
bool hive_take(struct hive *h, const struct regf_value *v);
bool hive_take_text(struct hive *h, const struct regf_value *v);
bool hive_raw(struct hive *h, const struct regf_key *key, const char *name);
bool hive_text(struct hive *h, const struct regf_key *key, const char *name);
/* "": when there is none. Valid until the next one is taken. */
const char *hive_text_or(struct hive *h, const struct regf_key *key, const char *name);
bool hive_number(struct hive *h, const struct regf_key *key, const char *name, uint64_t *ret);
bool hive_filetime(struct hive *h, const struct regf_key *key, const char *name, uint64_t *ret);
/* UTF-16LE up to its NUL, to h->text. */
void hive_decode(struct hive *h, const uint8_t *from, size_t size_bytes);
uint64_t hive_le(const uint8_t *from, unsigned bytes);

struct hive_field {
    const char *value, *attribute;
};
/* The values of these names, as attributes of the last record. The last row has no value. */
EX_MUST_USE ex_code hive_fields(struct hive *h, const struct regf_key *key,
                                const struct hive_field *field, struct ex_error *err);
EX_MUST_USE ex_code hive_attribute(struct hive *h, const char *attribute, struct ex_error *err);
/* A value that is a FILETIME. */
EX_MUST_USE ex_code hive_time(struct hive *h, const struct regf_key *key, const char *value,
                              const char *attribute, int what, const char *source,
                              struct ex_error *err);
/* For each key directly in the one of this path, if there is one. */
typedef ex_code hive_tell_key_fn(struct hive *h, const struct regf_key *key, struct ex_error *err);
EX_MUST_USE ex_code hive_each(struct hive *h, const char *path, hive_tell_key_fn *tell,
                              struct ex_error *err);
/* "S-1-5-…"; false: it is no SID. */
bool hive_sid(const uint8_t *sid, size_t size_bytes, char to[static 200], size_t *ret_bytes);

/* Each kind of hive. */
typedef ex_code hive_tell_fn(struct hive *h, struct ex_error *err);
hive_tell_fn windows_tell, software_tell, accounts_tell, security_tell, user_tell, classes_tell,
    amcache_tell;
/* Programs that are installed, and what is started at a login: under SOFTWARE and under a user's
 * Software alike. `from`: that key. */
EX_MUST_USE ex_code software_tell_programs(struct hive *h, const struct regf_key *from,
                                           struct ex_error *err);
EX_MUST_USE ex_code software_tell_autostart(struct hive *h, const struct regf_key *from,
                                            struct ex_error *err);

EX_MUST_USE ex_code hive_examine(struct parser_run *run, struct ex_error *err);

/* ---- files of Linux ---- */

/* False: it is none, and nothing was told. */
EX_MUST_USE ex_code texts_examine(struct parser_run *run, const uint8_t *data, size_t size_bytes,
                                  bool *ret_is, struct ex_error *err);
EX_MUST_USE ex_code logins_examine(struct parser_run *run, const uint8_t *data, size_t size_bytes,
                                   bool *ret_is, struct ex_error *err);

#endif
