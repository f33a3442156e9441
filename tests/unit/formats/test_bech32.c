/* SPDX-License-Identifier: Apache-2.0 */
/* Bech32 against the lists of BIP 173, "Test vectors". */
#include "../crypto/testing.h"

#include "base/mem.h"
#include "formats/bech32.h"

enum { DATA_BYTES_MAX = 64 };

static void right_ones(void **state) {
    static const char *const right[] = {
        "A12UEL5L",
        "a12uel5l",
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
        "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
        "?1ezyfcl",
    };
    struct ex_error err;
    struct bech32 b;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_code(EX_OK, bech32_open(right[i], strlen(right[i]), &b, &err));
}

static void wrong_ones(void **state) {
    static const char *const wrong[] = {
        "\x20"
        "1nwldj5",
        "\x7f"
        "1axkwrx",
        "\x80"
        "1eym55h",
        "pzry9x0s0muk", /* no separator */
        "1pzry9x0s0muk",
        "x1b4n0q5v",
        "li1dgmt3",
        "de1lg7wt\xff",
        "A1G7SGD8", /* checksum over the capitals */
        "10a06t8",
        "1qzzfhee",
        "a12UEL5L", /* both cases */
        "a12uel5m",
        "",
        "1",
        "A12UEL",
        "a1lqfn3a", /* Bech32m */
    };
    struct ex_error err;
    struct bech32 b;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_code(EX_FORMAT, bech32_open(wrong[i], strlen(wrong[i]), &b, &err));
}

static void too_long(void **state) {
    struct ex_error err;
    struct bech32 b;
    char text[BECH32_TEXT_BYTES_MAX + 1];
    memset(text, 'q', sizeof text);
    assert_code(EX_LIMIT, bech32_open(text, sizeof text, &b, &err));
}

static void what_is_printed_is_read_back(void **state) {
    uint8_t data[DATA_BYTES_MAX], again[DATA_BYTES_MAX];
    char text[256];
    struct ex_error err;
    struct bech32 b;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 151 + 200);
    for (size_t size = 1; size <= sizeof data; size++) {
        bech32_print(size % 2 == 0 ? "prefix" : "PREFIX-", data, size, text);
        assert_int_equal(strlen(text), bech32_chars(size % 2 == 0 ? "prefix" : "PREFIX-", size));
        assert_code(EX_OK, bech32_open(text, strlen(text), &b, &err));
        assert_true(bech32_has_prefix(&b, size % 2 == 0 ? "prefix" : "PREFIX-"));
        assert_false(bech32_has_prefix(&b, "prefi"));
        assert_code(EX_OK, bech32_take(&b, again, size, &err));
        assert_memory_equal(data, again, size);
        assert_code(EX_FORMAT, bech32_take(&b, again, size - 1, &err));
        assert_code(EX_FORMAT, bech32_take(&b, again, size + 1, &err));
    }
}

/* Any one character changed is found. */
static void any_wrong_character_is_found(void **state) {
    static const char right[] = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    static const char others[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1";
    struct ex_error err;
    struct bech32 b;
    char text[sizeof right];
    for (size_t i = 0; i < sizeof right - 1; i++)
        for (size_t k = 0; k < sizeof others - 1; k++) {
            memcpy(text, right, sizeof right);
            text[i] = others[k];
            if (others[k] != right[i])
                assert_code(EX_FORMAT, bech32_open(text, sizeof right - 1, &b, &err));
        }
}

/* At most four bits may be left over behind the last byte, and they are zeros. */
static void bits_left_over(void **state) {
    struct ex_error err;
    struct bech32 b;
    uint8_t data[DATA_BYTES_MAX];
    assert_code(EX_OK, bech32_open("abc1qy928epu", 12, &b, &err)); /* 00000 00100 */
    assert_code(EX_OK, bech32_take(&b, data, 1, &err));
    assert_int_equal(data[0], 1);
    assert_code(EX_OK, bech32_open("abc1qphk32n5", 12, &b, &err)); /* 00000 00001 */
    assert_code(EX_FORMAT, bech32_take(&b, data, 1, &err));
    assert_code(EX_OK, bech32_open("abc1qqqd56p23", 13, &b, &err)); /* 15 bits */
    assert_code(EX_FORMAT, bech32_take(&b, data, 1, &err));
    assert_code(EX_FORMAT, bech32_take(&b, data, 2, &err));
    assert_code(EX_OK, bech32_open("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", 45, &b, &err));
    assert_code(EX_OK, bech32_take(&b, data, 20, &err)); /* 160 bits, none left over */
    assert_int_equal(data[0], 0x00);
    assert_int_equal(data[1], 0x44);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_ones),
        cmocka_unit_test(wrong_ones),
        cmocka_unit_test(too_long),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(any_wrong_character_is_found),
        cmocka_unit_test(bits_left_over),
    };
    return cmocka_run_group_tests_name("bech32", tests, NULL, NULL);
}
