/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/cursor.h"
#include "crypto/note.h"

/* The example of C2SP signed-note v1.0.0. */
#define EXAMPLE_TEXT "This is an example message.\n"
#define EXAMPLE_LINE                                                                                  \
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKu" \
    "wHjG1Yu72IneyaQM=\n"
#define EXAMPLE_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

/* The example of golang.org/x/mod/sumdb/note. */
#define GO_TEXT                                                                                    \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define GO_LINE                                                                                       \
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb" \
    "6KE6RyyBwJnAM=\n"
#define GO_VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

/* A line by nobody known, of a length that no Ed25519 signature has. */
#define STRANGER_LINE "— stranger.example/1 AAAAAAA=\n"

static struct note_key key_of(const char *vkey) {
    struct ex_error err;
    struct note_key key;
    assert_code(EX_OK, note_key_parse(vkey, &key, &err));
    return key;
}

/* Opens a note of NUL-terminated text with the two example keys. */
static ex_code open_note(const char *note, size_t *ret_count, struct ex_error *err) {
    struct note_key keys[2] = {key_of(EXAMPLE_VKEY), key_of(GO_VKEY)};
    struct note_verified verified[4];
    size_t text_bytes;
    return note_open(note, strlen(note), keys, 2, &text_bytes, verified, 4, ret_count, err);
}

static void assert_open(ex_code expected, size_t expected_count, const char *note) {
    struct ex_error err;
    size_t count = 0;
    assert_code(expected, open_note(note, &count, &err));
    assert_int_equal(count, expected_count);
}

static void examples_of_the_specification(void **state) {
    assert_open(EX_OK, 1, EXAMPLE_TEXT "\n" EXAMPLE_LINE);
    assert_open(EX_OK, 1, GO_TEXT "\n" GO_LINE);
    assert_open(EX_OK, 1, GO_TEXT "\n" STRANGER_LINE GO_LINE STRANGER_LINE);
    assert_open(EX_OK, 1, GO_TEXT "\n" GO_LINE GO_LINE);
    assert_open(EX_SIGNATURE, 0, GO_TEXT "\n" STRANGER_LINE);
    assert_open(EX_SIGNATURE, 0, EXAMPLE_TEXT "\n" GO_LINE);
    /* One known key is right, the other wrong: the whole note is. */
    assert_open(EX_SIGNATURE, 0, EXAMPLE_TEXT "\n" EXAMPLE_LINE GO_LINE);
    assert_open(EX_SIGNATURE, 0, "x" GO_TEXT "\n" GO_LINE);
}

static void what_is_not_a_note(void **state) {
    static const char *const bad[] = {
        "",
        "\n",
        "\n\n",
        "text\n",
        GO_TEXT GO_LINE,
        GO_TEXT "\n",
        "a\x01" GO_TEXT "\n" GO_LINE,
        "a\r\n" GO_TEXT "\n" GO_LINE,
        "\xFF" GO_TEXT "\n" GO_LINE,
        "\xC0\x80" GO_TEXT "\n" GO_LINE,
        "\xED\xA0\x80" GO_TEXT "\n" GO_LINE,
        "\xF4\x90\x80\x80" GO_TEXT "\n" GO_LINE,
        "\xE2\x82" GO_TEXT "\n" GO_LINE,
        GO_TEXT "\n" GO_LINE "x",
        GO_TEXT "\n" GO_LINE "x\n",
        GO_TEXT "\n" GO_LINE "\n",
        GO_TEXT "\n" GO_LINE "- a AAAAAAA=\n",
        GO_TEXT "\n" GO_LINE "— a\n",
        GO_TEXT "\n" GO_LINE "— a \n",
        GO_TEXT "\n" GO_LINE "—  AAAAAAA=\n",
        GO_TEXT "\n" GO_LINE "— a AAAAAA\n",
        GO_TEXT "\n" GO_LINE "— a AAAAAA==\n",       /* four bytes: an ID and nothing */
        GO_TEXT "\n" GO_LINE "— a AAAAAAB=\n",       /* not canonical */
        GO_TEXT "\n" GO_LINE "— a AAAAAA\xCE\xA0\n", /* libsodium 1.0.18 takes them for // */
        GO_TEXT "\n" GO_LINE "— a====\n",
        GO_TEXT "\n" GO_LINE "— a =\n",
        GO_TEXT "\n" GO_LINE "— a AAAAAAA= \n",
        GO_TEXT "\n" GO_LINE "— a+b AAAAAAA=\n",
        GO_TEXT "\n" GO_LINE "— a\xC2\xA0z AAAAAAA=\n", /* a no-break space */
        GO_TEXT "\n" GO_LINE "— a\xE3\x80\x80z AAAAAAA=\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err = {0};
        size_t count = 99;
        ex_code code = open_note(bad[i], &count, &err);
        if (code != EX_FORMAT || count != 99)
            fail_msg("case %zu gives %s (%s)", i, ex_code_name(code), err.text);
    }
}

/* Every cut and every flipped bit: no crash, and never a verified note with other words. */
static void a_changed_note_is_never_accepted(void **state) {
    static const char note[] = GO_TEXT "\n" GO_LINE;
    char changed[sizeof note];
    struct ex_error err;
    struct note_key key = key_of(GO_VKEY);
    struct note_verified verified[1];
    size_t size = strlen(note), text_bytes, count;
    for (size_t i = 0; i < size; i++) {
        assert_int_not_equal(note_open(note, i, &key, 1, &text_bytes, verified, 1, &count, &err),
                             EX_OK);
        for (int bit = 0; bit < 8; bit++) {
            memcpy(changed, note, sizeof note);
            changed[i] = (char)(changed[i] ^ (1 << bit));
            assert_int_not_equal(
                note_open(changed, size, &key, 1, &text_bytes, verified, 1, &count, &err), EX_OK);
        }
    }
}

static void the_split_is_at_the_last_empty_line(void **state) {
    static const char text[] = "one\n\n— not a line\n\ntwo\n";
    uint8_t seed[SIGN_SEED_BYTES] = {1};
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *secret = NULL;
    EX_AUTO_FREE char *note = NULL;
    struct note_key key;
    struct note_verified verified[1];
    size_t size, text_bytes, count;
    assert_code(EX_OK, sign_key_from_seed(seed, &secret, &err));
    assert_code(EX_OK,
                note_key_make("vault/ក", NOTE_TYPE_ED25519, sign_key_public(secret), &key, &err));
    assert_code(EX_OK, note_sign(text, strlen(text), &key, secret, &note, &size, &err));
    assert_int_equal(strlen(note), size);
    assert_code(EX_OK, note_open(note, size, &key, 1, &text_bytes, verified, 1, &count, &err));
    assert_int_equal(text_bytes, strlen(text));
    assert_int_equal(count, 1);
    assert_ptr_equal(verified[0].key, &key);
    assert_int_equal(verified[0].cosign_time, 0);
    /* No room for results is not no signature. */
    assert_code(EX_OK, note_open(note, size, &key, 1, &text_bytes, NULL, 0, &count, &err));
    assert_int_equal(count, 0);
}

static void what_cannot_be_signed(void **state) {
    uint8_t seed[SIGN_SEED_BYTES] = {1}, other_public[SIGN_PUBLIC_BYTES] = {2};
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *secret = NULL;
    EX_AUTO_FREE char *large = calloc(1, NOTE_BYTES_MAX + 1);
    struct note_key key, other, cosigner;
    char *note = NULL;
    size_t size;
    assert_non_null(large);
    memset(large, '\n', NOTE_BYTES_MAX);
    assert_code(EX_OK, sign_key_from_seed(seed, &secret, &err));
    const uint8_t *public_key = sign_key_public(secret);
    assert_code(EX_OK, note_key_make("a", NOTE_TYPE_ED25519, public_key, &key, &err));
    assert_code(EX_OK, note_key_make("a", NOTE_TYPE_ED25519, other_public, &other, &err));
    assert_code(EX_OK, note_key_make("a", NOTE_TYPE_COSIGNATURE, public_key, &cosigner, &err));
    assert_code(EX_FORMAT, note_sign("", 0, &key, secret, &note, &size, &err));
    assert_code(EX_FORMAT, note_sign("x", 1, &key, secret, &note, &size, &err));
    assert_code(EX_FORMAT, note_sign("x\t\n", 3, &key, secret, &note, &size, &err));
    assert_code(EX_LIMIT, note_sign(large, NOTE_BYTES_MAX, &key, secret, &note, &size, &err));
    assert_code(EX_USAGE, note_sign("x\n", 2, &other, secret, &note, &size, &err));
    assert_code(EX_USAGE, note_sign("x\n", 2, &cosigner, secret, &note, &size, &err));
    assert_null(note);
}

static void keys_come_back_as_text(void **state) {
    char text[NOTE_VKEY_MAX];
    struct note_key key = key_of(GO_VKEY);
    assert_string_equal(key.name, "PeterNeumann");
    assert_int_equal(key.type, NOTE_TYPE_ED25519);
    assert_string_equal(note_key_text(&key, text), GO_VKEY);
    char name[NOTE_NAME_MAX + 2];
    struct ex_error err;
    uint8_t public_key[SIGN_PUBLIC_BYTES] = {0};
    memset(name, 'n', sizeof name);
    name[NOTE_NAME_MAX + 1] = '\0';
    assert_code(EX_FORMAT, note_key_make(name, NOTE_TYPE_ED25519, public_key, &key, &err));
    name[NOTE_NAME_MAX] = '\0';
    assert_code(EX_OK, note_key_make(name, NOTE_TYPE_ED25519, public_key, &key, &err));
    struct note_key again = key_of(note_key_text(&key, text));
    assert_memory_equal(&again, &key, sizeof key);
    assert_code(EX_FORMAT, note_key_make("", NOTE_TYPE_ED25519, public_key, &key, &err));
    assert_code(EX_FORMAT, note_key_make("a b", NOTE_TYPE_ED25519, public_key, &key, &err));
    assert_code(EX_FORMAT, note_key_make("a\nb", NOTE_TYPE_ED25519, public_key, &key, &err));
    assert_code(EX_UNSUPPORTED, note_key_make("a", 0x02, public_key, &key, &err));
}

static void bad_keys(void **state) {
    static const struct {
        ex_code code;
        const char *vkey;
    } bad[] = {
        {EX_FORMAT, ""},
        {EX_FORMAT, "PeterNeumann"},
        {EX_FORMAT, "PeterNeumann+c74f20a3"},
        {EX_FORMAT, "PeterNeumann+c74f20a3+"},
        {EX_FORMAT, "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
        {EX_FORMAT, "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
        {EX_FORMAT, "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
        {EX_FORMAT, "PeterNeumannn+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
        {EX_FORMAT, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX"},
        {EX_FORMAT, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"},
        {EX_FORMAT, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq\xCE"
                    "LDE4izWy10TW"},
        {EX_UNSUPPORTED, "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    };
    struct note_key key;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err = {0};
        ex_code code = note_key_parse(bad[i].vkey, &key, &err);
        if (code != bad[i].code)
            fail_msg("\"%s\" gives %s (%s)", bad[i].vkey, ex_code_name(code), err.text);
    }
}

/* A checkpoint of a Sigsum test log with a witness's cosignature: sigsum.org/sigsum-go,
 * pkg/proof/proof_test.go, TestVerify. The log's signature has the name that C2SP gives it. */
#define SIGSUM_TEXT                                                                                \
    "sigsum.org/v1/tree/7c5fafc796c201e0fcd7567c5033a2777ec28363f54ea0ba97b57bece0d96acd\n"        \
    "4\n"                                                                                          \
    "PdxW/UbnHlF7aTa5d6RX2n05gQgUH831yDhs3XJKt6g=\n"
static const char witness_public[] =
    "cbe357e6b464049e703b7be6c89201193acc2a18c095b0691aaf50b9b1e1578a";
static const char witness_signature[] =
    "e8d6c447d7847d5c1431ef86f8c60fa0cbacd975388b2a8f202fe4b0f9d0d544"
    "989c9d9351752d86aae2df72b9d7135b6b09de2ccaa6d68edf638105d69be609";
enum { WITNESS_TIME = 1683202758 };

static char *base64_of(char to[static 256], const uint8_t *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0;
    for (size_t i = 0; i < size; i += 3) {
        unsigned v = (unsigned)data[i] << 16;
        v |= i + 1 < size ? (unsigned)data[i + 1] << 8 : 0;
        v |= i + 2 < size ? data[i + 2] : 0;
        for (int shift = 18; shift >= 0; shift -= 6)
            to[at++] = digits[v >> shift & 63];
    }
    for (size_t i = 0; i < (3 - size % 3) % 3; i++)
        to[at - 1 - i] = '=';
    to[at] = '\0';
    return to;
}

static void make_cosigned(const struct note_key *key, uint64_t time, size_t payload_bytes,
                          char *note, size_t note_bytes) {
    uint8_t payload[4 + 8 + SIGNATURE_BYTES + 3] = {0};
    char base64[256];
    memcpy(payload, key->id, 4);
    for (int i = 0; i < 8; i++)
        payload[4 + i] = (uint8_t)(time >> (56 - 8 * i));
    assert_true(ex_parse_hex(witness_signature, 128, payload + 12, SIGNATURE_BYTES));
    (void)snprintf(note, note_bytes, SIGSUM_TEXT "\n— %s %s\n", key->name,
                   base64_of(base64, payload, payload_bytes));
}

static void cosignatures(void **state) {
    struct ex_error err;
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    struct note_key key, as_log;
    struct note_verified verified[2];
    struct checkpoint c;
    char note[1024];
    size_t text_bytes, count;
    assert_true(ex_parse_hex(witness_public, 64, public_key, sizeof public_key));
    assert_code(EX_OK, note_key_make("w.example", NOTE_TYPE_COSIGNATURE, public_key, &key, &err));
    assert_code(EX_OK, note_key_make("w.example", NOTE_TYPE_ED25519, public_key, &as_log, &err));
    assert_memory_not_equal(key.id, as_log.id, sizeof key.id);
    make_cosigned(&key, WITNESS_TIME, 76, note, sizeof note);
    assert_code(EX_OK,
                note_open(note, strlen(note), &key, 1, &text_bytes, verified, 2, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(verified[0].cosign_time, WITNESS_TIME);
    assert_code(EX_OK, checkpoint_parse(note, text_bytes, &c, &err));
    assert_int_equal(c.size, 4);
    /* Another time, a short or long line, and the same key as one that signs notes. */
    make_cosigned(&key, WITNESS_TIME + 1, 76, note, sizeof note);
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), &key, 1, &text_bytes, verified, 2, &count, &err));
    make_cosigned(&key, WITNESS_TIME, 75, note, sizeof note);
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), &key, 1, &text_bytes, verified, 2, &count, &err));
    make_cosigned(&key, WITNESS_TIME, 77, note, sizeof note);
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), &key, 1, &text_bytes, verified, 2, &count, &err));
    make_cosigned(&as_log, WITNESS_TIME, 76, note, sizeof note);
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), &as_log, 1, &text_bytes, verified, 2, &count, &err));
}

static void two_keys_with_one_name_and_id(void **state) {
    struct ex_error err;
    static const char note[] = GO_TEXT "\n" GO_LINE;
    struct note_key keys[2] = {key_of(GO_VKEY), key_of(GO_VKEY)};
    struct note_verified verified[2];
    size_t text_bytes, count;
    assert_code(EX_OK,
                note_open(note, strlen(note), keys, 2, &text_bytes, verified, 2, &count, &err));
    assert_int_equal(count, 1);
    keys[1].public_key[0] ^= 1;
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), keys, 2, &text_bytes, verified, 2, &count, &err));
}

static void limits(void **state) {
    struct ex_error err;
    size_t count;
    size_t room = strlen(GO_TEXT "\n" GO_LINE) + 70 * strlen(STRANGER_LINE) + 1;
    EX_AUTO_FREE char *note = malloc(room);
    EX_AUTO_FREE char *large = calloc(1, NOTE_BYTES_MAX + 2);
    assert_true(note != NULL && large != NULL);
    strcpy(note, GO_TEXT "\n" GO_LINE);
    for (int i = 1; i < NOTE_SIGNATURES_MAX; i++)
        strcat(note, STRANGER_LINE);
    assert_code(EX_OK, open_note(note, &count, &err));
    strcat(note, STRANGER_LINE);
    assert_code(EX_LIMIT, open_note(note, &count, &err));
    memset(large, 'x', NOTE_BYTES_MAX + 1);
    assert_code(EX_LIMIT, open_note(large, &count, &err));
}

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

static void checkpoints(void **state) {
    struct ex_error err;
    struct checkpoint c;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    static const char plain[] = "a.example/log\n18446744073709551615\n" ROOT;
    assert_code(EX_OK, checkpoint_parse(plain, strlen(plain), &c, &err));
    assert_string_equal(c.origin, "a.example/log");
    assert_true(c.size == UINT64_MAX);
    assert_int_equal(c.root[0], 0xe3);
    assert_code(EX_OK, checkpoint_text(&c, &text, &size, &err));
    assert_string_equal(text, plain);
    assert_int_equal(size, strlen(plain));
    static const char extended[] = "a\n0\n" ROOT "more\nand more\n";
    assert_code(EX_OK, checkpoint_parse(extended, strlen(extended), &c, &err));
    strcpy(c.origin, "a\n7");
    char *none = NULL;
    assert_code(EX_FORMAT, checkpoint_text(&c, &none, &size, &err));
    strcpy(c.origin, "");
    assert_code(EX_FORMAT, checkpoint_text(&c, &none, &size, &err));
    assert_null(none);
}

static void bad_checkpoints(void **state) {
    static const char *const bad[] = {
        "",
        "a\n",
        "a\n1\n",
        "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "\n1\n" ROOT,
        "a\n\n" ROOT,
        "a\n01\n" ROOT,
        "a\n+1\n" ROOT,
        "a\n-1\n" ROOT,
        "a\n 1\n" ROOT,
        "a\n18446744073709551616\n" ROOT,
        "a\n1\n\n",
        "a\n1\nAAAA\n",
        "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
        "a\n1\n47DEQpj8HBSa+_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "a\n1\n////////////////////////////////////////\xCE\xA0"
        "8=\n", /* U+03A0 for the last two slashes */
        "a\n1\n" ROOT "\n",
        "a\n1\n" ROOT "open",
        "a\n1\n" ROOT "more\n\nmore\n",
        "a\t\n1\n" ROOT,
        "a\xFF\n1\n" ROOT,
    };
    struct checkpoint c;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err = {0};
        ex_code code = checkpoint_parse(bad[i], strlen(bad[i]), &c, &err);
        if (code != EX_FORMAT)
            fail_msg("case %zu gives %s (%s)", i, ex_code_name(code), err.text);
    }
    char origin[NOTE_NAME_MAX + 80];
    struct ex_error err;
    memset(origin, 'o', sizeof origin);
    strcpy(origin + NOTE_NAME_MAX + 1, "\n1\n" ROOT);
    assert_code(EX_FORMAT, checkpoint_parse(origin, strlen(origin), &c, &err));
    assert_code(EX_OK, checkpoint_parse(origin + 1, strlen(origin + 1), &c, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_specification),
        cmocka_unit_test(what_is_not_a_note),
        cmocka_unit_test(a_changed_note_is_never_accepted),
        cmocka_unit_test(the_split_is_at_the_last_empty_line),
        cmocka_unit_test(what_cannot_be_signed),
        cmocka_unit_test(keys_come_back_as_text),
        cmocka_unit_test(bad_keys),
        cmocka_unit_test(cosignatures),
        cmocka_unit_test(two_keys_with_one_name_and_id),
        cmocka_unit_test(limits),
        cmocka_unit_test(checkpoints),
        cmocka_unit_test(bad_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
