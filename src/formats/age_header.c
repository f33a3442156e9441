/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: age.md, "Header", and its ABNF. */
#include "formats/age_internal.h"
#include "base/cursor.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <stdio.h>

static const char MAC_INFO[] = "header", MAC_MARK[] = "---", STANZA_MARK[] = "-> ";
enum {
    MARK_BYTES = 3,   /* of either */
    LINE_BYTES = 128, /* of what is written here: the longest is 98 */
    ARGUMENTS_KEPT = 3
};

_Static_assert((int)AGE_MAC_BYTES == (int)crypto_auth_hmacsha256_BYTES, "code");

void age_secrets_free(struct age_secrets *s) {
    sodium_free(s);
}

void age_header_clear(struct age_header *h) {
    free(h->text);
    free(h->stanzas);
    *h = (struct age_header){0};
}

bool age_base64_parse(const char *text, size_t size, uint8_t *to, size_t size_bytes) {
    size_t got = 0;
    return sodium_base642bin(to, size_bytes, text, size, NULL, &got, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           got == size_bytes;
}

static ex_code bad_header(struct ex_error *err, const char *why) {
    return ex_fail(err, EX_FORMAT, "the header of this age file is not right: %s", why);
}

/* ---- reading its bytes, and no more of the file ---- */

/* One line, with its LF, behind h->text. */
static ex_code read_line(struct age_input *in, struct age_header *h, struct ex_error *err) {
    for (size_t size = 0;; size++) {
        uint8_t c;
        size_t got;
        EX_TRY(age_input_read(in, &c, 1, &got, err));
        if (got == 0)
            return bad_header(err, h->size_bytes == 0 ? "the file is empty" : "it ends early");
        if (c != '\n' && (c < 0x20 || c > 0x7e))
            return bad_header(err, h->size_bytes == size ? "this is no age file"
                                                         : "it has a byte that no header has");
        if (size >= AGE_LINE_BYTES_MAX)
            return ex_fail(err, EX_LIMIT,
                           "a line in the header of this age file is longer than %d bytes",
                           AGE_LINE_BYTES_MAX);
        EX_TRY(ex_grow(&h->text, &h->capacity, h->size_bytes + 1, 1, AGE_HEADER_BYTES_MAX,
                       "the header of this age file", err));
        h->text[h->size_bytes++] = c;
        if (c == '\n')
            return EX_OK;
    }
}

static ex_code check_version(const struct age_header *h, struct ex_error *err) {
    static const char line[] = AGE_VERSION_LINE "\n", any[] = "age-encryption.org/";
    if (h->size_bytes == sizeof line - 1 && memcmp(h->text, line, sizeof line - 1) == 0)
        return EX_OK;
    if (h->size_bytes >= sizeof any && memcmp(h->text, any, sizeof any - 1) == 0)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "this age file has a version other than v1"),
                       err, "open it with the program that made it");
    return bad_header(err, "this is no age file");
}

static ex_code read_text(struct age_input *in, struct age_header *h, struct ex_error *err) {
    EX_TRY(read_line(in, h, err));
    EX_TRY(check_version(h, err));
    for (;;) {
        size_t from = h->size_bytes;
        EX_TRY(read_line(in, h, err));
        if (h->size_bytes - from >= MARK_BYTES && memcmp(h->text + from, MAC_MARK, MARK_BYTES) == 0)
            return EX_OK;
    }
}

/* ---- stanzas ---- */

struct argument {
    const char *text;
    size_t size_bytes;
};

static bool is(const struct argument *a, const char *text) {
    return a->size_bytes == strlen(text) && memcmp(a->text, text, a->size_bytes) == 0;
}

/* argument *(SP argument). Those past the ones that are kept are only counted. */
static ex_code split_arguments(const char *text, size_t size_bytes,
                               struct argument ret[static ARGUMENTS_KEPT], size_t *ret_count,
                               struct ex_error *err) {
    size_t count = 0;
    for (size_t from = 0; from <= size_bytes; count++) {
        const char *space = memchr(text + from, ' ', size_bytes - from);
        size_t size = space != NULL ? (size_t)(space - text) - from : size_bytes - from;
        if (size == 0)
            return bad_header(err, "a stanza has an empty argument");
        if (count < ARGUMENTS_KEPT)
            ret[count] = (struct argument){text + from, size};
        from += size + 1;
    }
    *ret_count = count;
    return EX_OK;
}

static ex_code read_x25519(const struct argument *a, size_t count, struct age_stanza *st,
                           struct ex_error *err) {
    st->kind = AGE_STANZA_X25519;
    if (count != 2 || !age_base64_parse(a[1].text, a[1].size_bytes, st->share, sizeof st->share))
        return bad_header(err, "an X25519 stanza has not one share of 32 bytes");
    return EX_OK;
}

static ex_code read_scrypt(const struct argument *a, size_t count, struct age_stanza *st,
                           struct ex_error *err) {
    uint64_t factor = 0;
    st->kind = AGE_STANZA_SCRYPT;
    if (count != 3 || !age_base64_parse(a[1].text, a[1].size_bytes, st->salt, sizeof st->salt))
        return bad_header(err, "the scrypt stanza has not a salt of 16 bytes and a work factor");
    if (!ex_parse_decimal(a[2].text, a[2].size_bytes, &factor) || factor == 0 || factor > 63)
        return bad_header(err, "the work factor is not a number from 1 to 63");
    st->work_factor = (unsigned)factor; /* the limit comes when somebody wants to open it */
    return EX_OK;
}

/* Full lines, then one that is shorter. What does not fit into st->body is only counted. */
static ex_code read_body(struct ex_cursor *c, struct age_stanza *st, size_t *ret_bytes,
                         struct ex_error *err) {
    size_t total = 0, size;
    do {
        uint8_t bytes[AGE_COLUMN_BYTES];
        size_t got = 0;
        const char *line = ex_cursor_line(c, &size);
        if (line == NULL || size > AGE_COLUMNS ||
            sodium_base642bin(bytes, sizeof bytes, line, size, NULL, &got, NULL,
                              sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
            return bad_header(err, "the body of a stanza is not base64 as it must be");
        if (total < sizeof st->body)
            memcpy(st->body + total, bytes,
                   got < sizeof st->body - total ? got : sizeof st->body - total);
        total += got;
    } while (size == AGE_COLUMNS);
    *ret_bytes = total;
    return EX_OK;
}

static ex_code read_stanza(struct ex_cursor *c, const char *line, size_t size_bytes,
                           struct age_stanza *st, struct ex_error *err) {
    struct argument a[ARGUMENTS_KEPT] = {0};
    size_t count = 0, body_bytes = 0;
    if (size_bytes < MARK_BYTES || memcmp(line, STANZA_MARK, MARK_BYTES) != 0)
        return bad_header(err, "a stanza does not begin with an arrow");
    EX_TRY(split_arguments(line + MARK_BYTES, size_bytes - MARK_BYTES, a, &count, err));
    memset(st, 0, sizeof *st);
    if (is(&a[0], "X25519"))
        EX_TRY(read_x25519(a, count, st, err));
    else if (is(&a[0], "scrypt"))
        EX_TRY(read_scrypt(a, count, st, err));
    EX_TRY(read_body(c, st, &body_bytes, err));
    if (st->kind != AGE_STANZA_OTHER && body_bytes != AGE_BODY_BYTES)
        return bad_header(err, "the body of a stanza has not 32 bytes");
    return EX_OK;
}

static ex_code read_mac(struct age_header *h, const char *line, size_t size_bytes,
                        struct ex_error *err) {
    if (size_bytes != MARK_BYTES + 1 + AGE_BASE64_32_CHARS || line[MARK_BYTES] != ' ' ||
        !age_base64_parse(line + MARK_BYTES + 1, AGE_BASE64_32_CHARS, h->mac, sizeof h->mac))
        return bad_header(err, "its last line is not its authentication code");
    return EX_OK;
}

/* A passphrase stands alone: who knows it may take the file for one by somebody who knows it too.
 */
static ex_code check_alone(const struct age_header *h, struct ex_error *err) {
    if (h->stanza_count == 0)
        return bad_header(err, "it has no stanza");
    for (size_t i = 0; h->stanza_count > 1 && i < h->stanza_count; i++)
        if (h->stanzas[i].kind == AGE_STANZA_SCRYPT)
            return bad_header(err, "a passphrase and other keys cannot open the same file");
    return EX_OK;
}

ex_code age_header_read(struct age_input *in, struct age_header *ret, struct ex_error *err) {
    const char *line;
    size_t size;
    *ret = (struct age_header){0};
    EX_TRY(read_text(in, ret, err));
    struct ex_cursor c = ex_cursor_make(ret->text, ret->size_bytes);
    (void)ex_cursor_line(&c, &size); /* the version */
    while ((line = ex_cursor_line(&c, &size)) != NULL && ex_cursor_left(&c) > 0) {
        EX_TRY(ex_grow(&ret->stanzas, &ret->stanza_capacity, ret->stanza_count + 1,
                       sizeof *ret->stanzas, AGE_STANZAS_MAX * sizeof *ret->stanzas,
                       "the list of stanzas of this age file", err));
        EX_TRY(read_stanza(&c, line, size, &ret->stanzas[ret->stanza_count], err));
        ret->stanza_count++;
    }
    if (line == NULL)
        return bad_header(err, "it ends within a stanza");
    EX_TRY(read_mac(ret, line, size, err));
    return check_alone(ret, err);
}

/* ---- its authentication ---- */

/* Over all up to and with the mark: what stands before " " and the code. */
static ex_code make_mac(struct age_secrets *s, const uint8_t *text, size_t size_bytes,
                        uint8_t ret[static AGE_MAC_BYTES], struct ex_error *err) {
    EX_TRY(hkdf_sha256(s->file_key, sizeof s->file_key, NULL, 0, MAC_INFO, s->key, sizeof s->key,
                       err));
    (void)crypto_auth_hmacsha256(ret, text, size_bytes, s->key);
    return EX_OK;
}

ex_code age_header_open(const struct age_header *h, struct age_secrets *s,
                        const struct age_keys *keys, struct ex_error *err) {
    uint8_t mac[AGE_MAC_BYTES];
    size_t behind = 1 + AGE_BASE64_32_CHARS + 1; /* space, code, LF */
    EX_TRY(age_unwrap(s, h->stanzas, h->stanza_count, keys, err));
    EX_TRY(make_mac(s, h->text, h->size_bytes - behind, mac, err));
    if (sodium_memcmp(mac, h->mac, sizeof mac) != 0)
        return ex_hint(ex_fail(err, EX_SIGNATURE,
                               "the header of this age file does not fit its authentication code"),
                       err, "it was changed after it was written: ask the sender for it again");
    return EX_OK;
}

/* ---- writing ---- */

static int print_stanza(const struct age_stanza *st, char to[static LINE_BYTES]) {
    char first[AGE_BASE64_32_CHARS + 1], body[AGE_BASE64_32_CHARS + 1];
    const int variant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    sodium_bin2base64(body, sizeof body, st->body, sizeof st->body, variant);
    if (st->kind == AGE_STANZA_SCRYPT) {
        sodium_bin2base64(first, sizeof first, st->salt, sizeof st->salt, variant);
        return snprintf(to, LINE_BYTES, "-> scrypt %s %u\n%s\n", first, st->work_factor, body);
    }
    sodium_bin2base64(first, sizeof first, st->share, sizeof st->share, variant);
    return snprintf(to, LINE_BYTES, "-> X25519 %s\n%s\n", first, body);
}

ex_code age_header_print(struct age_secrets *s, const struct age_stanza *stanzas, size_t count,
                         uint8_t **ret, size_t *ret_bytes, struct ex_error *err) {
    uint8_t mac[AGE_MAC_BYTES];
    char code[AGE_BASE64_32_CHARS + 1];
    EX_AUTO_FREE char *text = NULL;
    EX_TRY(ex_alloc(count + 2, LINE_BYTES, AGE_HEADER_BYTES_MAX, "the header of an age file", &text,
                    err));
    char *at = text + sprintf(text, "%s\n", AGE_VERSION_LINE);
    for (size_t i = 0; i < count; i++)
        at += print_stanza(&stanzas[i], at);
    at += sprintf(at, "%s", MAC_MARK);
    EX_TRY(make_mac(s, (const uint8_t *)text, (size_t)(at - text), mac, err));
    sodium_bin2base64(code, sizeof code, mac, sizeof mac,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    at += sprintf(at, " %s\n", code);
    *ret_bytes = (size_t)(at - text);
    *ret = (uint8_t *)ex_steal(&text);
    return EX_OK;
}
