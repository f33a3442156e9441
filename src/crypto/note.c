/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP signed-note v1.0.0 and tlog-cosignature v1.0.1. */
#include "crypto/note.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/note_text.h"
#include "crypto/sha256.h"

#include <sodium.h>
#include <stdio.h>

enum {
    ID_BYTES = 4,
    TYPED_KEY_BYTES = 1 + SIGN_PUBLIC_BYTES, /* type, public key */
    TYPED_KEY_BASE64 = 44,
    COSIGN_TIME_BYTES = 8,
    PAYLOAD_BYTES = ID_BYTES + COSIGN_TIME_BYTES + SIGNATURE_BYTES, /* the most that a line holds */
    PAYLOAD_BASE64 = 105                                            /* with the NUL */
};

/* An em dash and a space begin a signature line. */
static const char DASH[] = "\xE2\x80\x94 ";
enum { DASH_BYTES = sizeof DASH - 1 };

static void key_id(const char *name, uint8_t type, const uint8_t *public_key,
                   uint8_t ret[static ID_BYTES]) {
    uint8_t hash[SHA256_BYTES];
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, name, strlen(name));
    sha256_add(&h, "\n", 1);
    sha256_add(&h, &type, 1);
    sha256_add(&h, public_key, SIGN_PUBLIC_BYTES);
    sha256_end(&h, hash);
    memcpy(ret, hash, ID_BYTES);
}

static ex_code key_fill(const char *name, size_t name_bytes, uint8_t type,
                        const uint8_t *public_key, struct note_key *ret, struct ex_error *err) {
    if (name_bytes > NOTE_NAME_MAX || !note_name_valid(name, name_bytes))
        return ex_fail(err, EX_FORMAT, "the name of a key is empty, too long, or has a space or +");
    if (type != NOTE_TYPE_ED25519 && type != NOTE_TYPE_COSIGNATURE)
        return ex_fail(err, EX_UNSUPPORTED, "keys of type 0x%02x are not supported", type);
    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, name, name_bytes);
    ret->type = type;
    memcpy(ret->public_key, public_key, SIGN_PUBLIC_BYTES);
    key_id(ret->name, type, public_key, ret->id);
    return EX_OK;
}

ex_code note_key_make(const char *name, uint8_t type,
                      const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct note_key *ret,
                      struct ex_error *err) {
    return key_fill(name, strlen(name), type, public_key, ret, err);
}

ex_code note_key_parse(const char *vkey, struct note_key *ret, struct ex_error *err) {
    static const char *const bad = "a public key is not of the form name+hash+base64";
    uint8_t id[ID_BYTES], typed[TYPED_KEY_BYTES];
    struct note_key key;
    /* A name has no plus; the base64 at the end may have some. */
    const char *hash = strchr(vkey, '+');
    if (hash == NULL)
        return ex_fail(err, EX_FORMAT, "%s", bad);
    size_t name_bytes = (size_t)(hash - vkey), left = strlen(++hash);
    if (left != 2 * ID_BYTES + 1 + TYPED_KEY_BASE64 || hash[2 * ID_BYTES] != '+' ||
        !ex_parse_hex(hash, 2 * ID_BYTES, id, ID_BYTES) ||
        !ex_parse_base64(hash + 2 * ID_BYTES + 1, TYPED_KEY_BASE64, typed, sizeof typed))
        return ex_fail(err, EX_FORMAT, "%s", bad);
    EX_TRY(key_fill(vkey, name_bytes, typed[0], typed + 1, &key, err));
    if (memcmp(id, key.id, ID_BYTES) != 0)
        return ex_hint(
            ex_fail(err, EX_FORMAT, "the hash in the public key of \"%s\" does not fit", key.name),
            err, "compare the key with the original, letter by letter");
    *ret = key;
    return EX_OK;
}

char *note_key_text(const struct note_key *key, char to[static NOTE_VKEY_MAX]) {
    char id[2 * ID_BYTES + 1], base64[TYPED_KEY_BASE64 + 1];
    uint8_t typed[TYPED_KEY_BYTES] = {key->type};
    memcpy(typed + 1, key->public_key, SIGN_PUBLIC_BYTES);
    sodium_bin2base64(base64, sizeof base64, typed, sizeof typed, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(to, NOTE_VKEY_MAX, "%s+%s+%s", key->name, ex_hex(id, key->id, ID_BYTES), base64);
    return to;
}

/* One signature line, taken apart. */
struct note_line {
    const char *name;
    size_t name_bytes;
    uint8_t *payload; /* key ID, then the signature; room for any line of the note */
    size_t payload_bytes;
};

static size_t base64_decoded_bytes(const char *text, size_t size) {
    size_t pads = 0;
    while (pads < 2 && pads < size && text[size - 1 - pads] == '=')
        pads++;
    return size % 4 != 0 ? 0 : size / 4 * 3 - pads;
}

/* False when it is no signature line at all, by a known key or by another. */
static bool line_parse(const char *text, size_t size, struct note_line *line) {
    if (size < DASH_BYTES || memcmp(text, DASH, DASH_BYTES) != 0)
        return false;
    text += DASH_BYTES;
    size -= DASH_BYTES;
    const char *space = memchr(text, ' ', size);
    if (space == NULL)
        return false;
    line->name = text;
    line->name_bytes = (size_t)(space - text);
    const char *base64 = space + 1;
    size_t base64_bytes = size - line->name_bytes - 1;
    line->payload_bytes = base64_decoded_bytes(base64, base64_bytes);
    return note_name_valid(line->name, line->name_bytes) && line->payload_bytes > ID_BYTES &&
           ex_parse_base64(base64, base64_bytes, line->payload, line->payload_bytes);
}

static bool key_made_line(const struct note_key *key, const struct note_line *line) {
    return strlen(key->name) == line->name_bytes &&
           memcmp(key->name, line->name, line->name_bytes) == 0 &&
           memcmp(key->id, line->payload, ID_BYTES) == 0;
}

/* tlog-cosignature §"Ed25519 signed message": the time, and the whole text. The caller frees. */
static ex_code cosignature_message(const char *text, size_t text_bytes, uint64_t time, char **ret,
                                   size_t *ret_bytes, struct ex_error *err) {
    char head[64];
    size_t head_bytes = (size_t)snprintf(head, sizeof head, "cosignature/v1\ntime %llu\n",
                                         (unsigned long long)time);
    EX_AUTO_FREE char *message = NULL;
    EX_TRY(ex_alloc(head_bytes + text_bytes, 1, sizeof head + NOTE_BYTES_MAX, "a cosigned note",
                    &message, err));
    memcpy(message, head, head_bytes);
    memcpy(message + head_bytes, text, text_bytes);
    *ret = ex_steal(&message);
    *ret_bytes = head_bytes + text_bytes;
    return EX_OK;
}

static bool cosignature_verify(const struct note_key *key, const char *text, size_t text_bytes,
                               struct ex_cursor *payload, uint64_t *ret_time) {
    uint64_t time = __builtin_bswap64(ex_cursor_le64(payload));
    const uint8_t *signature = ex_cursor_bytes(payload, SIGNATURE_BYTES);
    EX_AUTO_FREE char *message = NULL;
    size_t size;
    if (ex_cursor_end(payload, "a cosignature", NULL) != EX_OK || time > INT64_MAX ||
        cosignature_message(text, text_bytes, time, &message, &size, NULL) != EX_OK)
        return false;
    *ret_time = time;
    return sign_verify(key->public_key, message, size, signature);
}

static bool line_verify(const struct note_key *key, const struct note_line *line, const char *text,
                        size_t text_bytes, uint64_t *ret_time) {
    struct ex_cursor c = ex_cursor_make(line->payload, line->payload_bytes);
    (void)ex_cursor_bytes(&c, ID_BYTES);
    *ret_time = 0;
    if (key->type == NOTE_TYPE_COSIGNATURE)
        return cosignature_verify(key, text, text_bytes, &c, ret_time);
    const uint8_t *signature = ex_cursor_bytes(&c, SIGNATURE_BYTES);
    return key->type == NOTE_TYPE_ED25519 && ex_cursor_end(&c, "a signature", NULL) == EX_OK &&
           sign_verify(key->public_key, text, text_bytes, signature);
}

struct note_open_state {
    const char *text; /* NULL: lines by known keys are only counted */
    size_t text_bytes;
    const struct note_key *keys;
    size_t key_count;
    size_t known_lines;
    struct note_verified *verified;
    size_t max, count;
};

static ex_code find_key(const struct note_open_state *s, const struct note_line *line,
                        const struct note_key **ret, struct ex_error *err) {
    *ret = NULL;
    for (size_t i = 0; i < s->key_count; i++) {
        if (!key_made_line(&s->keys[i], line))
            continue;
        /* Four bytes of a hash: somebody can make a second key that has them too. */
        if (*ret != NULL && memcmp((*ret)->public_key, s->keys[i].public_key, SIGN_PUBLIC_BYTES))
            return ex_fail(err, EX_SIGNATURE, "two different keys are known as \"%s\"",
                           s->keys[i].name);
        if (*ret == NULL)
            *ret = &s->keys[i];
    }
    return EX_OK;
}

static ex_code take_line(struct note_open_state *s, const struct note_line *line,
                         struct ex_error *err) {
    const struct note_key *key;
    uint64_t time = 0;
    EX_TRY(find_key(s, line, &key, err));
    if (key == NULL)
        return EX_OK;
    if (s->text != NULL && !line_verify(key, line, s->text, s->text_bytes, &time))
        return ex_fail(err, EX_SIGNATURE, "the signature of \"%s\" is wrong", key->name);
    s->known_lines++;
    for (size_t i = 0; i < s->count; i++) {
        if (s->verified[i].key == key)
            return EX_OK;
    }
    if (s->count < s->max)
        s->verified[s->count++] = (struct note_verified){.key = key, .cosign_time = time};
    return EX_OK;
}

/* The text ends where the last empty line begins. */
size_t note_split(const char *note, size_t size_bytes) {
    for (size_t i = size_bytes; i >= 2; i--) {
        if (note[i - 1] == '\n' && note[i - 2] == '\n')
            return i - 1;
    }
    return 0;
}

static ex_code take_lines(struct note_open_state *s, struct ex_cursor *lines, uint8_t *payload,
                          struct ex_error *err) {
    if (ex_cursor_left(lines) == 0)
        return ex_fail(err, EX_FORMAT, "a note has no signature");
    for (size_t i = 0; ex_cursor_left(lines) > 0; i++) {
        struct note_line line = {.payload = payload};
        size_t line_bytes;
        const char *text = ex_cursor_line(lines, &line_bytes);
        if (i == NOTE_SIGNATURES_MAX)
            return ex_fail(err, EX_LIMIT, "a note has over %d signatures", NOTE_SIGNATURES_MAX);
        if (text == NULL || !line_parse(text, line_bytes, &line))
            return ex_fail(err, EX_FORMAT, "line %zu of the signatures of a note is not one",
                           i + 1);
        EX_TRY(take_line(s, &line, err));
    }
    return EX_OK;
}

ex_code note_open(const char *note, size_t size_bytes, const struct note_key *keys,
                  size_t key_count, size_t *ret_text_bytes, struct note_verified *ret, size_t max,
                  size_t *ret_count, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *payload = NULL;
    if (size_bytes > NOTE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a note is larger than its limit of %d bytes",
                       NOTE_BYTES_MAX);
    size_t text_bytes = note_split(note, size_bytes);
    if (text_bytes == 0 || !note_text_valid(note, size_bytes))
        return ex_fail(err, EX_FORMAT, "this is not a signed note");
    struct note_open_state s = {.text = note,
                                .text_bytes = text_bytes,
                                .keys = keys,
                                .key_count = key_count,
                                .verified = ret,
                                .max = max};
    struct ex_cursor lines = ex_cursor_make(note + text_bytes + 1, size_bytes - text_bytes - 1);
    EX_TRY(ex_alloc(size_bytes, 1, NOTE_BYTES_MAX, "the signatures of a note", &payload, err));
    EX_TRY(take_lines(&s, &lines, payload, err));
    if (s.known_lines == 0)
        return ex_fail(err, EX_SIGNATURE, "no known key signed this note");
    *ret_text_bytes = text_bytes;
    *ret_count = s.count;
    return EX_OK;
}

ex_code note_count_known(const char *lines, size_t size_bytes, const struct note_key *keys,
                         size_t key_count, size_t *ret_known, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *payload = NULL;
    struct note_open_state s = {.keys = keys, .key_count = key_count};
    struct ex_cursor c = ex_cursor_make(lines, size_bytes);
    if (size_bytes > NOTE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "the signatures are larger than their limit of %d bytes",
                       NOTE_BYTES_MAX);
    if (!note_text_valid(lines, size_bytes))
        return ex_fail(err, EX_FORMAT, "these are not the signatures of a note");
    EX_TRY(ex_alloc(size_bytes, 1, NOTE_BYTES_MAX, "the signatures of a note", &payload, err));
    EX_TRY(take_lines(&s, &c, payload, err));
    *ret_known = s.known_lines;
    return EX_OK;
}

static ex_code check_signing(const char *text, size_t size_bytes, const struct note_key *name,
                             uint8_t type, const struct sign_key *key, struct ex_error *err) {
    if (name->type != type)
        return ex_fail(err, EX_USAGE, "\"%s\" is not a key that %s", name->name,
                       type == NOTE_TYPE_COSIGNATURE ? "cosigns" : "signs notes");
    if (memcmp(name->public_key, sign_key_public(key), SIGN_PUBLIC_BYTES) != 0)
        return ex_fail(err, EX_USAGE, "the secret key is not that of \"%s\"", name->name);
    if (size_bytes == 0 || text[size_bytes - 1] != '\n' || !note_text_valid(text, size_bytes))
        return ex_fail(err, EX_FORMAT, "this text cannot be signed as a note");
    if (size_bytes > NOTE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a note is larger than its limit of %d bytes",
                       NOTE_BYTES_MAX);
    return EX_OK;
}

/* "— name base64\n" into `to`; returns its length. */
enum { SIGNATURE_LINE_MAX = DASH_BYTES + NOTE_NAME_MAX + PAYLOAD_BASE64 + 4 };
static size_t line_text(const struct note_key *name, const uint8_t *payload, size_t payload_bytes,
                        char to[static SIGNATURE_LINE_MAX]) {
    char base64[PAYLOAD_BASE64];
    sodium_bin2base64(base64, sizeof base64, payload, payload_bytes,
                      sodium_base64_VARIANT_ORIGINAL);
    return (size_t)snprintf(to, SIGNATURE_LINE_MAX, "%s%s %s\n", DASH, name->name, base64);
}

ex_code note_sign(const char *text, size_t size_bytes, const struct note_key *name,
                  const struct sign_key *key, char **ret, size_t *ret_bytes, struct ex_error *err) {
    uint8_t payload[PAYLOAD_BYTES];
    char line[SIGNATURE_LINE_MAX];
    EX_AUTO_FREE char *note = NULL;
    EX_TRY(check_signing(text, size_bytes, name, NOTE_TYPE_ED25519, key, err));
    memcpy(payload, name->id, ID_BYTES);
    sign_key_sign(key, text, size_bytes, payload + ID_BYTES);
    size_t line_bytes = line_text(name, payload, ID_BYTES + SIGNATURE_BYTES, line);
    size_t total = size_bytes + 1 + line_bytes;
    if (total > NOTE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a note is larger than its limit of %d bytes",
                       NOTE_BYTES_MAX);
    EX_TRY(ex_alloc(total + 1, 1, NOTE_BYTES_MAX + 1, "a note", &note, err));
    memcpy(note, text, size_bytes);
    note[size_bytes] = '\n';
    memcpy(note + size_bytes + 1, line, line_bytes);
    *ret = ex_steal(&note);
    *ret_bytes = total;
    return EX_OK;
}

ex_code note_cosign(const char *text, size_t size_bytes, const struct note_key *name,
                    const struct sign_key *key, uint64_t time, char **ret, struct ex_error *err) {
    uint8_t payload[PAYLOAD_BYTES];
    char line[SIGNATURE_LINE_MAX];
    EX_AUTO_FREE char *message = NULL;
    size_t message_bytes;
    uint64_t time_be = __builtin_bswap64(time);
    EX_TRY(check_signing(text, size_bytes, name, NOTE_TYPE_COSIGNATURE, key, err));
    if (time == 0 || time > INT64_MAX)
        return ex_fail(err, EX_FORMAT, "this is not a time that can be signed");
    EX_TRY(cosignature_message(text, size_bytes, time, &message, &message_bytes, err));
    memcpy(payload, name->id, ID_BYTES);
    memcpy(payload + ID_BYTES, &time_be, COSIGN_TIME_BYTES);
    sign_key_sign(key, message, message_bytes, payload + ID_BYTES + COSIGN_TIME_BYTES);
    (void)line_text(name, payload, sizeof payload, line);
    *ret = ex_strdup(line);
    return EX_OK;
}
