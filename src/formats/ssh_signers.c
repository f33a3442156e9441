/* SPDX-License-Identifier: Apache-2.0 */
/* ssh-keygen(1) "ALLOWED SIGNERS". */
#include "formats/ssh_signers.h"
#include "base/cursor.h"
#include "formats/ssh_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

/* Texts are NUL-terminated, inside ssh_signers.text. */
struct signer {
    struct ssh_key key;
    size_t line;
    const char *principals;
    const char *namespaces; /* NULL: all */
    int64_t after;          /* INT64_MIN: always */
    int64_t before;         /* INT64_MAX: always */
};

struct ssh_signers {
    char *text; /* a copy of the file, cut into pieces by NULs */
    struct signer *signers;
    size_t count;
    size_t capacity;
    size_t skipped;
};

/* One line that is being taken apart; NUL-terminated. */
struct line {
    char *at;
    size_t number;
};

void ssh_signers_free(struct ssh_signers *list) {
    if (list == NULL)
        return;
    free(list->text);
    free(list->signers);
    free(list);
}

size_t ssh_signers_count(const struct ssh_signers *list) {
    return list->count;
}

size_t ssh_signers_skipped(const struct ssh_signers *list) {
    return list->skipped;
}

/* ---- patterns ---- */

/* `*` is any text, `?` any one byte. The last star is enough to go back to, so the time is bounded
 * by the product of the lengths. */
static bool pattern_fits(const char *pattern, size_t size, const char *text) {
    size_t p = 0, star = SIZE_MAX;
    const char *after_star = NULL;
    while (*text != '\0') {
        if (p < size && pattern[p] == '*') {
            star = p++;
            after_star = text;
        } else if (p < size && (pattern[p] == '?' || pattern[p] == *text)) {
            p++;
            text++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            text = ++after_star;
        } else {
            return false;
        }
    }
    while (p < size && pattern[p] == '*')
        p++;
    return p == size;
}

/* Commas between patterns; one that begins with ! and fits rules out everything. */
static bool pattern_list_fits(const char *list, const char *text) {
    bool fits = false;
    for (;;) {
        size_t size = strcspn(list, ",");
        bool negated = *list == '!';
        if (size > negated && pattern_fits(list + negated, size - negated, text)) {
            if (negated)
                return false;
            fits = true;
        }
        if (list[size] == '\0')
            return fits;
        list += size + 1;
    }
}

/* ---- reading ---- */

static ex_code bad_line(const struct line *l, ex_code code, const char *why, struct ex_error *err) {
    return ex_fail(err, code, "line %zu of the allowed signers %s", l->number, why);
}

static void skip_blanks(struct line *l) {
    l->at += strspn(l->at, " \t");
}

/* The next field, and the blanks after it; "" when there is none. Ends at a blank outside quotes.
 */
static char *take_field(struct line *l) {
    char *start = l->at;
    bool quoted = false;
    while (*l->at != '\0' && (quoted || (*l->at != ' ' && *l->at != '\t'))) {
        quoted ^= *l->at == '"';
        l->at++;
    }
    if (*l->at != '\0')
        *l->at++ = '\0';
    skip_blanks(l);
    return start;
}

/* The principals may stand in quotes as a whole. NULL: quotes elsewhere, or nothing. */
static char *unquote(char *field) {
    size_t size = strlen(field);
    if (size >= 2 && field[0] == '"' && field[size - 1] == '"') {
        field[size - 1] = '\0';
        field++;
    }
    return *field == '\0' || strchr(field, '"') != NULL ? NULL : field;
}

/* YYYYMMDD[HHMM[SS]]Z */
static bool parse_time(const char *text, int64_t *ret) {
    int part[6] = {0};
    size_t digits = strspn(text, "0123456789");
    if ((digits != 8 && digits != 12 && digits != 14) || strcmp(text + digits, "Z") != 0)
        return false;
    for (size_t i = 0, at = 0; at < digits; i++) {
        for (size_t width = i == 0 ? 4 : 2; width > 0; width--)
            part[i] = part[i] * 10 + (text[at++] - '0');
    }
    struct tm tm = {.tm_year = part[0] - 1900,
                    .tm_mon = part[1] - 1,
                    .tm_mday = part[2],
                    .tm_hour = part[3],
                    .tm_min = part[4],
                    .tm_sec = part[5]};
    struct tm same = tm;
    int64_t seconds = (int64_t)timegm(&same);
    /* timegm() makes 1 March out of 30 February; we do not. */
    if (same.tm_year != tm.tm_year || same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday ||
        same.tm_hour != tm.tm_hour || same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec)
        return false;
    *ret = seconds;
    return true;
}

static ex_code take_time(const struct line *l, const char *value, int64_t unset, int64_t *to,
                         struct ex_error *err) {
    if (*to != unset)
        return bad_line(l, EX_FORMAT, "has an option twice", err);
    if (!parse_time(value, to))
        return ex_hint(bad_line(l, EX_UNSUPPORTED, "has a time that is not clear", err), err,
                       "write it in UTC with a Z: valid-before=\"20261231Z\" or 20261231235959Z");
    return EX_OK;
}

/* name="value", both with a NUL after them. */
static ex_code take_option(const struct line *l, const char *name, const char *value,
                           struct signer *s, struct ex_error *err) {
    char shown[SSH_NAME_BYTES];
    struct ssh_bytes bytes = {.data = (const uint8_t *)name, .size = strlen(name)};
    if (strcasecmp(name, "cert-authority") == 0)
        return bad_line(l, EX_UNSUPPORTED, "has cert-authority: certificates are not supported",
                        err);
    if (value == NULL ||
        (strcasecmp(name, "namespaces") != 0 && strcasecmp(name, "valid-after") != 0 &&
         strcasecmp(name, "valid-before") != 0))
        return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                               "line %zu of the allowed signers has an option that is not "
                               "supported: %s",
                               l->number, ssh_name(bytes, shown)),
                       err, "namespaces=\"…\", valid-after=\"…\" and valid-before=\"…\" are");
    if (strcasecmp(name, "valid-after") == 0)
        return take_time(l, value, INT64_MIN, &s->after, err);
    if (strcasecmp(name, "valid-before") == 0)
        return take_time(l, value, INT64_MAX, &s->before, err);
    if (s->namespaces != NULL)
        return bad_line(l, EX_FORMAT, "has an option twice", err);
    s->namespaces = value;
    return EX_OK;
}

/* Cuts one option off the front; *ret_value is NULL for one without a value. False: no form that we
 * know. */
static bool cut_option(char **options, char **ret_name, char **ret_value) {
    char *at = *options;
    size_t name_bytes = strcspn(at, "=,\"");
    *ret_name = at;
    *ret_value = NULL;
    if (at[name_bytes] == '=' && at[name_bytes + 1] == '"') {
        char *value = at + name_bytes + 2;
        size_t value_bytes = strcspn(value, "\"");
        if (value[value_bytes] != '"' || value_bytes == 0 ||
            memchr(value, '\\', value_bytes) != NULL)
            return false;
        *ret_value = value;
        value[value_bytes] = '\0';
        at[name_bytes] = '\0';
        at = value + value_bytes + 1;
    } else if (at[name_bytes] == '\0' || at[name_bytes] == ',') {
        at += name_bytes;
    } else {
        return false;
    }
    bool more = *at == ',';
    if (!more && *at != '\0')
        return false;
    *at = '\0';
    *options = at + more;
    return name_bytes > 0 && (!more || **options != '\0');
}

static ex_code take_options(const struct line *l, char *options, struct signer *s,
                            struct ex_error *err) {
    while (*options != '\0') {
        char *name, *value;
        if (!cut_option(&options, &name, &value))
            return bad_line(l, EX_FORMAT, "has options that are not name=\"value\"", err);
        EX_TRY(take_option(l, name, value, s, err));
    }
    return EX_OK;
}

/* What begins every SSH key in base64: the first byte of a 32-bit length. */
static bool is_key_next(const struct line *l) {
    return strncmp(l->at, "AAAA", 4) == 0;
}

static ex_code take_key(struct ssh_signers *list, const struct line *l, const char *type,
                        struct signer *s, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    struct ex_error why = {0};
    if (asprintf(&text, "%s %s", type, l->at) < 0) {
        text = NULL;
        return ex_fail(err, EX_NOMEM, "no memory for the allowed signers");
    }
    ex_code code = ssh_key_parse_line(text, strlen(text), &s->key, &why);
    if (code == EX_UNSUPPORTED)
        list->skipped++;
    else if (code == EX_OK)
        list->signers[list->count++] = *s;
    else
        return ex_fail(err, code, "line %zu of the allowed signers: %.180s", l->number, why.text);
    return EX_OK;
}

static ex_code take_line(struct ssh_signers *list, struct line *l, struct ex_error *err) {
    struct signer s = {.line = l->number, .after = INT64_MIN, .before = INT64_MAX};
    skip_blanks(l);
    if (*l->at == '\0' || *l->at == '#')
        return EX_OK;
    s.principals = unquote(take_field(l));
    if (s.principals == NULL || strlen(s.principals) > SSH_SIGNERS_PRINCIPALS_MAX)
        return bad_line(l, EX_FORMAT, "does not begin with principals", err);
    char *field = take_field(l);
    if (!is_key_next(l) && *l->at != '\0') {
        EX_TRY(take_options(l, field, &s, err));
        field = take_field(l);
    }
    if (!is_key_next(l))
        return bad_line(l, EX_FORMAT, "is not: principals [options] type base64", err);
    if (list->count == SSH_SIGNERS_MAX)
        return ex_fail(err, EX_LIMIT, "there are over %d allowed signers", SSH_SIGNERS_MAX);
    EX_TRY(ex_grow(&list->signers, &list->capacity, list->count + 1, sizeof *list->signers,
                   SSH_SIGNERS_MAX * sizeof *list->signers, "the allowed signers", err));
    return take_key(list, l, field, &s, err);
}

ex_code ssh_signers_parse(const char *text, size_t size_bytes, struct ssh_signers **ret,
                          struct ex_error *err) {
    EX_AUTO(ssh_signers_free) struct ssh_signers *list = ex_new0(struct ssh_signers);
    if (size_bytes > 0 && memchr(text, '\0', size_bytes) != NULL)
        return ex_fail(err, EX_FORMAT,
                       "a file of allowed signers is text; this one has zero bytes");
    if (size_bytes > 0 && memchr(text, '\r', size_bytes) != NULL)
        return ex_hint(ex_fail(err, EX_FORMAT, "the allowed signers have carriage returns"), err,
                       "save the file with the line ends of Unix");
    EX_TRY(ex_alloc(size_bytes + 1, 1, SSH_SIGNERS_FILE_MAX + 1, "the allowed signers", &list->text,
                    err));
    if (size_bytes > 0)
        memcpy(list->text, text, size_bytes);
    struct line l = {.number = 1};
    for (char *next = list->text; next != NULL; l.number++) {
        l.at = strsep(&next, "\n");
        EX_TRY(take_line(list, &l, err));
    }
    *ret = ex_steal(&list);
    return EX_OK;
}

/* ---- asking ---- */

/* Why a line with the right key does not allow it; NULL when it does. */
static const char *why_not(const struct signer *s, const char *principal, const char *name_space,
                           int64_t at_seconds) {
    if (principal != NULL && !pattern_list_fits(s->principals, principal))
        return "belongs to somebody else";
    if (s->namespaces != NULL && !pattern_list_fits(s->namespaces, name_space))
        return "may not sign for this namespace";
    if (at_seconds < s->after)
        return "was not valid yet";
    if (at_seconds > s->before)
        return "was no longer valid";
    return NULL;
}

ex_code ssh_signers_find(const struct ssh_signers *list, const struct ssh_key *key,
                         const char *principal, const char *name_space, int64_t at_seconds,
                         struct ssh_signer *ret, struct ex_error *err) {
    char fingerprint[SSH_KEY_FINGERPRINT_BYTES];
    const char *why = NULL;
    size_t line = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct signer *s = &list->signers[i];
        if (!ssh_key_equal(&s->key, key))
            continue;
        why = why_not(s, principal, name_space, at_seconds);
        line = s->line;
        if (why == NULL) {
            *ret = (struct ssh_signer){.line = s->line, .principals = s->principals};
            return EX_OK;
        }
    }
    (void)ssh_key_fingerprint(key, fingerprint);
    if (why == NULL)
        return ex_fail(err, EX_SIGNATURE, "the key %s is not among the allowed signers",
                       fingerprint);
    return ex_fail(err, EX_SIGNATURE, "the key %s %s, by line %zu of the allowed signers",
                   fingerprint, why, line);
}
