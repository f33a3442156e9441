/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §3. One table says which optional lines there are and in which order; writing and
 * parsing both walk over it. */
#include "ledger/entry.h"

#include "base/cursor.h"
#include "ledger/words_internal.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

/* Everything in an entry is bounded, and all of it together stays below this. */
enum { ENTRY_TEXT_MAX = 4096, SIGNATURE_LINE_BYTES = 99, BASE64_MAX = 96 };

static const char VERSION_LINE[] = "exhibit-entry/v1";

enum line_form { FORM_HEX, FORM_BASE64, FORM_DECIMAL, FORM_WORD, FORM_TIME, FORM_PERMISSIONS };

struct optional_line {
    const char *key;
    unsigned has;
    enum line_form form;
    size_t offset, size_bytes; /* of the member in struct entry */
};

#define LINE(key, has, form, member)                                                               \
    { key, has, form, offsetof(struct entry, member), sizeof(((struct entry *)NULL)->member) }

static const struct optional_line optional_lines[] = {
    LINE("case", ENTRY_HAS_CASE, FORM_HEX, case_id),
    LINE("item", ENTRY_HAS_ITEM, FORM_HEX, item_id),
    LINE("object", ENTRY_HAS_OBJECT, FORM_HEX, object_id),
    LINE("handover", ENTRY_HAS_HANDOVER, FORM_HEX, handover_id),
    LINE("intent", ENTRY_HAS_INTENT, FORM_DECIMAL, intent),
    LINE("result", ENTRY_HAS_RESULT, FORM_WORD, result),
    LINE("config", ENTRY_HAS_CONFIG, FORM_HEX, config),
    LINE("vault-key", ENTRY_HAS_VAULT_KEY, FORM_BASE64, vault_key),
    LINE("officer", ENTRY_HAS_OFFICER, FORM_HEX, officer_id),
    LINE("officer-key", ENTRY_HAS_OFFICER_KEY, FORM_BASE64, officer_key),
    LINE("officer-box", ENTRY_HAS_OFFICER_BOX, FORM_BASE64, officer_box),
    LINE("permission", 0, FORM_PERMISSIONS, permission),
    LINE("replaces", ENTRY_HAS_REPLACES, FORM_HEX, replaces_id),
    LINE("session-key", ENTRY_HAS_SESSION_KEY, FORM_BASE64, session_key),
    LINE("expires", ENTRY_HAS_EXPIRES, FORM_TIME, expires_ns),
};
enum { OPTIONAL_COUNT = sizeof optional_lines / sizeof optional_lines[0] };

/* Writing */

struct text {
    char data[ENTRY_TEXT_MAX];
    size_t size;
    bool bad; /* too long, or a word that is none: nothing of this may be signed */
};

EX_PRINTF(2, 3) static void put(struct text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(t->data + t->size, sizeof t->data - t->size, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof t->data - t->size)
        t->bad = true;
    else
        t->size += (size_t)length;
}

static void put_hex(struct text *t, const char *key, const uint8_t *data, size_t size_bytes) {
    char hex[SHA256_HEX_BYTES];
    put(t, "%s %s\n", key, ex_hex(hex, data, size_bytes));
}

static void put_base64(struct text *t, const char *key, const uint8_t *data, size_t size_bytes) {
    char base64[BASE64_MAX];
    sodium_bin2base64(base64, sizeof base64, data, size_bytes, sodium_base64_VARIANT_ORIGINAL);
    put(t, "%s %s\n", key, base64);
}

static void put_decimal(struct text *t, const char *key, uint64_t value) {
    put(t, "%s %llu\n", key, (unsigned long long)value);
}

static void put_word(struct text *t, const char *key, const char *word) {
    if (!word_valid(word, strnlen(word, ENTRY_WORD_MAX + 1)))
        t->bad = true;
    else
        put(t, "%s %s\n", key, word);
}

static void put_head(struct text *t, const struct entry *e) {
    char time[EX_TIME_TEXT_BYTES], zone[8];
    if (!origin_valid(e->origin, strnlen(e->origin, sizeof e->origin)) ||
        !event_valid(e->event, strnlen(e->event, sizeof e->event)) ||
        strnlen(e->clock.boot, sizeof e->clock.boot) != 16) {
        t->bad = true;
        return;
    }
    put(t, "%s\nlog %s\n", VERSION_LINE, e->origin);
    put_decimal(t, "index", e->index);
    put_base64(t, "tree", e->tree, sizeof e->tree);
    put(t, "event %s\ntime %s\nzone %s\nclock %s\n", e->event, ex_time_text(time, e->clock.utc_ns),
        ex_zone_text(zone, e->clock.zone_minutes),
        e->clock.synchronised ? "kernel-synchronised" : "kernel-free-running");
    put(t, "monotonic %s %llu\n", e->clock.boot, (unsigned long long)e->clock.monotonic_ns);
    switch (e->signer) {
    case ENTRY_SIGNER_VAULT:
        put(t, "signer vault\n");
        break;
    case ENTRY_SIGNER_OFFICER:
        put_hex(t, "signer officer", e->signer_officer, sizeof e->signer_officer);
        break;
    case ENTRY_SIGNER_SESSION:
        put_decimal(t, "signer session", e->signer_session);
        break;
    }
}

static void put_permissions(struct text *t, const struct entry *e) {
    if (e->permission_count > ENTRY_PERMISSIONS_MAX)
        t->bad = true;
    for (size_t i = 0; !t->bad && i < e->permission_count; i++)
        put_word(t, "permission", e->permission[i]);
}

static void put_optional(struct text *t, const struct entry *e, const struct optional_line *line) {
    const uint8_t *member = (const uint8_t *)e + line->offset;
    char time[EX_TIME_TEXT_BYTES];
    uint64_t number;
    int64_t time_ns;
    switch (line->form) {
    case FORM_HEX:
        put_hex(t, line->key, member, line->size_bytes);
        break;
    case FORM_BASE64:
        put_base64(t, line->key, member, line->size_bytes);
        break;
    case FORM_DECIMAL:
        memcpy(&number, member, sizeof number);
        put_decimal(t, line->key, number);
        break;
    case FORM_WORD:
        put_word(t, line->key, (const char *)member);
        break;
    case FORM_TIME:
        memcpy(&time_ns, member, sizeof time_ns);
        put(t, "%s %s\n", line->key, ex_time_text(time, time_ns));
        break;
    case FORM_PERMISSIONS:
        put_permissions(t, e);
        break;
    }
}

static void put_sections(struct text *t, const struct entry *e) {
    char hex[SHA256_HEX_BYTES];
    if (e->section_count > ENTRY_SECTIONS_MAX)
        t->bad = true;
    for (size_t i = 0; !t->bad && i < e->section_count; i++) {
        const struct entry_section *s = &e->section[i];
        if (!word_valid(s->name, strnlen(s->name, sizeof s->name)))
            t->bad = true;
        else
            put(t, "section %s %s\n", s->name, ex_hex(hex, s->commitment, sizeof s->commitment));
    }
}

/* Everything that the signature covers. */
static void put_signed_part(struct text *t, const struct entry *e) {
    t->size = 0;
    t->bad = false;
    put_head(t, e);
    for (size_t i = 0; i < OPTIONAL_COUNT; i++) {
        if (optional_lines[i].has == 0 || (e->has & optional_lines[i].has) != 0)
            put_optional(t, e, &optional_lines[i]);
    }
    put_sections(t, e);
}

ex_code entry_write(struct entry *e, const struct sign_key *key, uint8_t **ret,
                    size_t *ret_size_bytes, struct ex_error *err) {
    struct text t;
    struct entry again;
    struct ex_error why = {0};
    put_signed_part(&t, e);
    if (t.bad)
        return ex_fail(err, EX_INTERNAL, "an entry with a word that is none, or too long");
    sign_key_sign(key, t.data, t.size, e->signature);
    put_base64(&t, "signature", e->signature, sizeof e->signature);
    /* The log is for ever: what cannot be read must not get there. */
    if (t.bad || entry_parse((const uint8_t *)t.data, t.size, &again, &why) != EX_OK)
        return ex_fail(err, EX_INTERNAL, "an entry that could not be read again: %s", why.text);
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(t.size, 1, EX_LIMIT_ENTRY_BYTES, "a ledger entry", &data, err));
    memcpy(data, t.data, t.size);
    *ret = ex_steal(&data);
    *ret_size_bytes = t.size;
    return EX_OK;
}

/* Parsing */

static ex_code bad_line(struct ex_error *err, const char *key) {
    return ex_fail(err, EX_FORMAT, "the line \"%s\" of the entry is missing, out of place or wrong",
                   key);
}

static bool text_is(const char *text, size_t size, const char *what) {
    return text != NULL && size == strlen(what) && memcmp(text, what, size) == 0;
}

static void copy_text(char *to, const char *text, size_t size) {
    memcpy(to, text, size);
    to[size] = '\0';
}

static ex_code parse_place(struct ex_cursor *c, struct entry *e, struct ex_error *err) {
    size_t size;
    const char *v = ex_cursor_line(c, &size);
    if (!text_is(v, size, VERSION_LINE))
        return ex_fail(err, EX_FORMAT, "not an entry of version 1");
    v = ex_cursor_keyed(c, "log", &size);
    if (v == NULL || !origin_valid(v, size))
        return bad_line(err, "log");
    copy_text(e->origin, v, size);
    v = ex_cursor_keyed(c, "index", &size);
    if (v == NULL || !ex_parse_decimal(v, size, &e->index))
        return bad_line(err, "index");
    v = ex_cursor_keyed(c, "tree", &size);
    if (v == NULL || !ex_parse_base64(v, size, e->tree, sizeof e->tree))
        return bad_line(err, "tree");
    v = ex_cursor_keyed(c, "event", &size);
    if (v == NULL || !event_valid(v, size))
        return bad_line(err, "event");
    copy_text(e->event, v, size);
    return EX_OK;
}

static ex_code parse_clock(struct ex_cursor *c, struct ex_clock *clock, struct ex_error *err) {
    size_t size;
    uint8_t boot[8];
    const char *v = ex_cursor_keyed(c, "time", &size);
    if (v == NULL || !ex_time_parse(v, size, &clock->utc_ns))
        return bad_line(err, "time");
    v = ex_cursor_keyed(c, "zone", &size);
    if (v == NULL || !ex_zone_parse(v, size, &clock->zone_minutes))
        return bad_line(err, "zone");
    v = ex_cursor_keyed(c, "clock", &size);
    clock->synchronised = text_is(v, size, "kernel-synchronised");
    if (!clock->synchronised && !text_is(v, size, "kernel-free-running"))
        return bad_line(err, "clock");
    v = ex_cursor_keyed(c, "monotonic", &size);
    if (v == NULL || size < 18 || v[16] != ' ' || !ex_parse_hex(v, 16, boot, sizeof boot) ||
        !ex_parse_decimal(v + 17, size - 17, &clock->monotonic_ns))
        return bad_line(err, "monotonic");
    copy_text(clock->boot, v, 16);
    return EX_OK;
}

static ex_code parse_signer(struct ex_cursor *c, struct entry *e, struct ex_error *err) {
    size_t size;
    const char *v = ex_cursor_keyed(c, "signer officer", &size);
    if (v != NULL) {
        e->signer = ENTRY_SIGNER_OFFICER;
        if (!ex_parse_hex(v, size, e->signer_officer, sizeof e->signer_officer))
            return bad_line(err, "signer");
        return EX_OK;
    }
    v = ex_cursor_keyed(c, "signer session", &size);
    if (v != NULL) {
        e->signer = ENTRY_SIGNER_SESSION;
        if (!ex_parse_decimal(v, size, &e->signer_session))
            return bad_line(err, "signer");
        return EX_OK;
    }
    e->signer = ENTRY_SIGNER_VAULT;
    v = ex_cursor_keyed(c, "signer", &size);
    return text_is(v, size, "vault") ? EX_OK : bad_line(err, "signer");
}

static ex_code parse_permissions(struct ex_cursor *c, struct entry *e, struct ex_error *err) {
    size_t size;
    for (const char *v; (v = ex_cursor_keyed(c, "permission", &size)) != NULL;) {
        size_t n = e->permission_count;
        if (n == ENTRY_PERMISSIONS_MAX || !word_valid(v, size))
            return bad_line(err, "permission");
        copy_text(e->permission[n], v, size);
        if (n > 0 && strcmp(e->permission[n - 1], e->permission[n]) >= 0)
            return ex_fail(err, EX_FORMAT, "the permissions of the entry are not ascending");
        e->permission_count++;
    }
    return EX_OK;
}

static bool parse_member(const struct optional_line *line, const char *v, size_t size,
                         struct entry *e) {
    uint8_t *member = (uint8_t *)e + line->offset;
    uint64_t number;
    int64_t time_ns;
    switch (line->form) {
    case FORM_HEX:
        return ex_parse_hex(v, size, member, line->size_bytes);
    case FORM_BASE64:
        return ex_parse_base64(v, size, member, line->size_bytes);
    case FORM_DECIMAL:
        if (!ex_parse_decimal(v, size, &number))
            return false;
        memcpy(member, &number, sizeof number);
        return true;
    case FORM_WORD:
        if (!word_valid(v, size))
            return false;
        copy_text((char *)member, v, size);
        return true;
    case FORM_TIME:
        if (!ex_time_parse(v, size, &time_ns))
            return false;
        memcpy(member, &time_ns, sizeof time_ns);
        return true;
    case FORM_PERMISSIONS:
        break;
    }
    return false;
}

static ex_code parse_optional(struct ex_cursor *c, struct entry *e, struct ex_error *err) {
    for (size_t i = 0; i < OPTIONAL_COUNT; i++) {
        const struct optional_line *line = &optional_lines[i];
        size_t size;
        if (line->form == FORM_PERMISSIONS) {
            EX_TRY(parse_permissions(c, e, err));
            continue;
        }
        const char *v = ex_cursor_keyed(c, line->key, &size);
        if (v == NULL)
            continue;
        if (!parse_member(line, v, size, e))
            return bad_line(err, line->key);
        e->has |= line->has;
    }
    return EX_OK;
}

static ex_code parse_sections(struct ex_cursor *c, struct entry *e, struct ex_error *err) {
    size_t size;
    for (const char *v; (v = ex_cursor_keyed(c, "section", &size)) != NULL;) {
        struct entry_section *s = &e->section[e->section_count];
        const char *space = memchr(v, ' ', size);
        size_t name_size = space == NULL ? size : (size_t)(space - v);
        if (e->section_count == ENTRY_SECTIONS_MAX || space == NULL || !word_valid(v, name_size) ||
            !ex_parse_hex(space + 1, size - name_size - 1, s->commitment, sizeof s->commitment))
            return bad_line(err, "section");
        copy_text(s->name, v, name_size);
        if (e->section_count > 0 && strcmp(s[-1].name, s->name) >= 0)
            return ex_fail(err, EX_FORMAT, "the sections of the entry are not ascending");
        e->section_count++;
    }
    return EX_OK;
}

ex_code entry_parse(const uint8_t *data, size_t size_bytes, struct entry *ret,
                    struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    struct entry e = {0};
    struct text t;
    size_t size;
    if (size_bytes > EX_LIMIT_ENTRY_BYTES)
        return ex_fail(err, EX_LIMIT, "an entry of %zu bytes is over the limit", size_bytes);
    EX_TRY(parse_place(&c, &e, err));
    EX_TRY(parse_clock(&c, &e.clock, err));
    EX_TRY(parse_signer(&c, &e, err));
    EX_TRY(parse_optional(&c, &e, err));
    EX_TRY(parse_sections(&c, &e, err));
    const char *v = ex_cursor_keyed(&c, "signature", &size);
    if (v == NULL || !ex_parse_base64(v, size, e.signature, sizeof e.signature))
        return bad_line(err, "signature");
    EX_TRY(ex_cursor_end(&c, "the entry", err));
    /* One spelling only ("-00:00" is a zone that parses and that nobody writes). */
    put_signed_part(&t, &e);
    put_base64(&t, "signature", e.signature, sizeof e.signature);
    if (t.bad || t.size != size_bytes || memcmp(t.data, data, size_bytes) != 0)
        return ex_fail(err, EX_FORMAT, "the entry is not in its one canonical spelling");
    *ret = e;
    return EX_OK;
}

bool entry_signed_by(const uint8_t *data, size_t size_bytes, const struct entry *e,
                     const uint8_t key[static SIGN_PUBLIC_BYTES]) {
    return size_bytes >= SIGNATURE_LINE_BYTES &&
           sign_verify(key, data, size_bytes - SIGNATURE_LINE_BYTES, e->signature);
}
