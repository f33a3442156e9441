/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/cursor.h"
#include "crypto/sha256.h"

static void assert_hex(const uint8_t *hash, const char *expected) {
    char hex[SHA256_HEX_BYTES];
    assert_string_equal(ex_hex(hex, hash, SHA256_BYTES), expected);
}

/* FIPS 180-4 examples (NIST CSRC), and nothing. */
static void known_answers(void **state) {
    uint8_t hash[SHA256_BYTES];
    sha256_of(NULL, 0, hash);
    assert_hex(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_of("abc", 3, hash);
    assert_hex(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hash);
    assert_hex(hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_letters_in_odd_pieces(void **state) {
    uint8_t piece[997], hash[SHA256_BYTES];
    struct sha256 h;
    memset(piece, 'a', sizeof piece);
    sha256_start(&h);
    for (size_t left = 1000000; left > 0;) {
        size_t now = left < sizeof piece ? left : sizeof piece;
        sha256_add(&h, piece, now);
        left -= now;
    }
    sha256_end(&h, hash);
    assert_hex(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* A saved state goes on where it was, at every place in a 64-byte block; the two do not share
 * anything. */
static void a_saved_state_goes_on(void **state) {
    uint8_t data[300], saved[sizeof(struct sha256)];
    uint8_t whole[SHA256_BYTES], resumed[SHA256_BYTES], other[SHA256_BYTES];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31);
    sha256_of(data, sizeof data, whole);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        struct sha256 first, second;
        sha256_start(&first);
        sha256_add(&first, data, cut);
        memcpy(saved, &first, sizeof saved);
        sha256_add(&first, "something else", 14);
        sha256_end(&first, other);
        memcpy(&second, saved, sizeof saved);
        sha256_add(&second, data + cut, sizeof data - cut);
        sha256_end(&second, resumed);
        assert_memory_equal(resumed, whole, sizeof whole);
        assert_memory_not_equal(other, whole, sizeof whole);
    }
}

static void end_starts_anew(void **state) {
    struct sha256 h;
    uint8_t hash[SHA256_BYTES];
    sha256_start(&h);
    sha256_add(&h, "left over", 9);
    sha256_end(&h, hash);
    sha256_add(&h, "abc", 3);
    sha256_end(&h, hash);
    assert_hex(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(a_million_letters_in_odd_pieces),
        cmocka_unit_test(a_saved_state_goes_on),
        cmocka_unit_test(end_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
