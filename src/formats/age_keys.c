/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as text (age.md, "The X25519 recipient type") and the files that hold them. */
#include "formats/age_internal.h"
#include "base/limits.h"
#include "crypto/secret.h"
#include "formats/bech32.h"

#include <sodium.h>

static const char RECIPIENT_PREFIX[] = "age", IDENTITY_PREFIX[] = "AGE-SECRET-KEY-";

_Static_assert((int)AGE_X25519_BYTES == (int)crypto_scalarmult_BYTES, "point");
_Static_assert((int)AGE_X25519_BYTES == (int)crypto_scalarmult_SCALARBYTES, "scalar");

struct age_identities {
    size_t count;
    struct age_identity list[AGE_IDENTITIES_MAX];
};

/* ---- recipients ---- */

/* RFC 7748 §5: X25519 takes any 32 bytes, but only numbers below 2^255 - 19 come out of it. */
static bool is_reduced(const uint8_t key[static AGE_X25519_BYTES]) {
    bool ones = (key[31] & 0x7f) == 0x7f;
    for (size_t i = 1; i < 31; i++)
        ones = ones && key[i] == 0xff;
    return (key[31] & 0x80) == 0 && !(ones && key[0] >= 0xed);
}

ex_code age_recipient_make(const uint8_t public_key[static AGE_X25519_BYTES],
                           struct age_recipient *ret, struct ex_error *err) {
    static const uint8_t any_secret[AGE_X25519_BYTES] = {8};
    uint8_t product[AGE_X25519_BYTES];
    if (!is_reduced(public_key) || crypto_scalarmult(product, any_secret, public_key) != 0)
        return ex_hint(ex_fail(err, EX_FORMAT, "no secret key can belong to this recipient"), err,
                       "ask the recipient for the public key again");
    memcpy(ret->x25519, public_key, AGE_X25519_BYTES);
    return EX_OK;
}

/* Names the kinds of key that age has and this does not. */
static ex_code refuse_kind(const struct bech32 *b, struct ex_error *err) {
    static const char plugin[] = "age1", identity[] = "AGE-";
    if (bech32_has_prefix(b, IDENTITY_PREFIX))
        return ex_hint(ex_fail(err, EX_FORMAT, "this is a secret key, and no recipient"), err,
                       "encrypt to the public key, age1…, and keep the secret one to yourself");
    if (bech32_has_prefix(b, RECIPIENT_PREFIX))
        return ex_fail(err, EX_FORMAT, "this is a recipient's public key, and no identity");
    if ((b->prefix_bytes > 4 &&
         (memcmp(b->text, plugin, 4) == 0 || memcmp(b->text, identity, 4) == 0)))
        return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                               "keys of this kind (hybrid, or of a plug-in) are not "
                               "supported"),
                       err, "only X25519 keys are: age1…, AGE-SECRET-KEY-1…");
    return ex_fail(err, EX_FORMAT, "this is no key of age");
}

ex_code age_recipient_parse(const char *text, size_t size_bytes, struct age_recipient *ret,
                            struct ex_error *err) {
    struct bech32 b;
    uint8_t key[AGE_X25519_BYTES];
    if (size_bytes >= 4 && memcmp(text, "ssh-", 4) == 0)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "SSH keys as recipients are not supported"),
                       err, "ask the recipient for an X25519 key, age1…");
    EX_TRY(bech32_open(text, size_bytes, &b, err));
    if (!bech32_has_prefix(&b, RECIPIENT_PREFIX))
        return refuse_kind(&b, err);
    EX_TRY(bech32_take(&b, key, sizeof key, err));
    return age_recipient_make(key, ret, err);
}

char *age_recipient_print(const struct age_recipient *r, char to[static AGE_RECIPIENT_CHARS + 1]) {
    bech32_print(RECIPIENT_PREFIX, r->x25519, AGE_X25519_BYTES, to);
    return to;
}

/* ---- identities ---- */

ex_code age_identities_new(struct age_identities **ret, struct ex_error *err) {
    struct age_identities *ids;
    EX_TRY(secret_alloc(sizeof *ids, "secret keys", &ids, err));
    memset(ids, 0, sizeof *ids);
    *ret = ids;
    return EX_OK;
}

void age_identities_free(struct age_identities *ids) {
    sodium_free(ids);
}

static ex_code identities_next(struct age_identities *ids, struct age_identity **ret,
                               struct ex_error *err) {
    if (ids->count == AGE_IDENTITIES_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d secret keys", AGE_IDENTITIES_MAX);
    *ret = &ids->list[ids->count];
    return EX_OK;
}

static void identities_keep(struct age_identities *ids) {
    struct age_identity *id = &ids->list[ids->count];
    (void)crypto_scalarmult_base(id->public_key, id->secret);
    ids->count++;
}

ex_code age_identities_add(struct age_identities *ids,
                           const uint8_t secret[static AGE_X25519_BYTES], struct ex_error *err) {
    struct age_identity *id;
    EX_TRY(identities_next(ids, &id, err));
    memcpy(id->secret, secret, AGE_X25519_BYTES);
    identities_keep(ids);
    return EX_OK;
}

ex_code age_identities_parse(struct age_identities *ids, const char *text, size_t size_bytes,
                             struct ex_error *err) {
    struct bech32 b;
    struct age_identity *id;
    EX_TRY(identities_next(ids, &id, err));
    EX_TRY(bech32_open(text, size_bytes, &b, err));
    if (!bech32_has_prefix(&b, IDENTITY_PREFIX))
        return refuse_kind(&b, err);
    EX_TRY(bech32_take(&b, id->secret, sizeof id->secret, err));
    identities_keep(ids);
    return EX_OK;
}

size_t age_identities_count(const struct age_identities *ids) {
    return ids->count;
}

const struct age_identity *age_identities_at(const struct age_identities *ids, size_t i) {
    return &ids->list[i];
}

void age_identities_recipient(const struct age_identities *ids, size_t i,
                              struct age_recipient *ret) {
    memcpy(ret->x25519, ids->list[i].public_key, AGE_X25519_BYTES);
}

ex_code age_identities_print(const struct age_identities *ids, size_t i, char **ret,
                             struct ex_error *err) {
    char *text;
    EX_TRY(secret_alloc(AGE_IDENTITY_CHARS + 1, "a secret key", &text, err));
    bech32_print(IDENTITY_PREFIX, ids->list[i].secret, AGE_X25519_BYTES, text);
    *ret = text;
    return EX_OK;
}

/* ---- files of keys ---- */

typedef ex_code (*take_key)(void *context, const char *text, size_t size_bytes,
                            struct ex_error *err);

/* The next line that holds a key; its end (LF or CRLF, or that of the file) is left out. False when
 * there is none any more. */
static bool next_key(const char **at, const char *end, size_t *line, const char **ret,
                     size_t *ret_bytes) {
    while (*at < end) {
        const char *from = *at, *lf = memchr(from, '\n', (size_t)(end - from));
        size_t size = (size_t)((lf != NULL ? lf : end) - from);
        *at = lf != NULL ? lf + 1 : end;
        ++*line;
        if (size > 0 && from[size - 1] == '\r')
            size--;
        if (size == 0 || from[0] == '#')
            continue;
        *ret = from;
        *ret_bytes = size;
        return true;
    }
    return false;
}

static ex_code each_key(const char *text, size_t size_bytes, take_key take, void *context,
                        struct ex_error *err) {
    const char *at = text, *key;
    size_t line = 0, key_bytes, count = 0;
    if (size_bytes > EX_LIMIT_CONFIG_BYTES)
        return ex_fail(err, EX_LIMIT, "a file of keys is larger than %zu bytes",
                       EX_LIMIT_CONFIG_BYTES);
    while (size_bytes > 0 && next_key(&at, text + size_bytes, &line, &key, &key_bytes)) {
        struct ex_error why = {0};
        ex_code code = take(context, key, key_bytes, &why);
        if (code != EX_OK)
            return ex_hint(ex_fail(err, code, "line %zu: %s", line, why.text), err, "%s", why.hint);
        count++;
    }
    if (count == 0)
        return ex_fail(err, EX_NOT_FOUND, "there is no key in this file");
    return EX_OK;
}

struct recipient_list {
    struct age_recipient *list;
    size_t count, capacity;
};

static ex_code take_recipient(void *context, const char *text, size_t size_bytes,
                              struct ex_error *err) {
    struct recipient_list *l = context;
    EX_TRY(ex_grow(&l->list, &l->capacity, l->count + 1, sizeof *l->list,
                   AGE_STANZAS_MAX * sizeof *l->list, "recipients", err));
    EX_TRY(age_recipient_parse(text, size_bytes, &l->list[l->count], err));
    l->count++;
    return EX_OK;
}

ex_code age_recipients_parse(const char *text, size_t size_bytes, struct age_recipient **ret,
                             size_t *ret_count, struct ex_error *err) {
    struct recipient_list l = {0};
    ex_code code = each_key(text, size_bytes, take_recipient, &l, err);
    if (code != EX_OK) {
        free(l.list);
        return code;
    }
    *ret = l.list;
    *ret_count = l.count;
    return EX_OK;
}

static ex_code take_identity(void *context, const char *text, size_t size_bytes,
                             struct ex_error *err) {
    return age_identities_parse(context, text, size_bytes, err);
}

/* What else `age -i` takes, and this does not. */
static bool begins(const char *text, size_t size_bytes, const char *with) {
    return size_bytes >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

ex_code age_identities_parse_file(struct age_identities *ids, const char *text, size_t size_bytes,
                                  struct ex_error *err) {
    if (begins(text, size_bytes, "age-encryption.org/") ||
        begins(text, size_bytes, AGE_ARMOR_BEGIN))
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "this file of secret keys is encrypted itself"),
                       err, "decrypt it first: age -d");
    if (begins(text, size_bytes, "-----BEGIN"))
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "SSH keys as identities are not supported"),
                       err, "use a key of age-keygen");
    return each_key(text, size_bytes, take_identity, ids, err);
}
