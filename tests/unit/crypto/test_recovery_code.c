/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "crypto/recovery_code.h"

#include <ctype.h>

static const char DIGITS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { CHARS = RECOVERY_CODE_CHARS, GROUP = RECOVERY_CODE_GROUP_CHARS };

/* The printed codes were computed by another implementation of format/recovery §1 and §2. */
static const struct {
    uint8_t secret[RECOVERY_CODE_SECRET_BYTES];
    const char *printed;
} known[] = {
    {{0}, "00000-00001-00002-00003-00004-00005-00006-00007"},
    {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
     "000GD-40R4X-0M300-E209K-185G3-R38ED-1W811-24GKZ"},
    {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
     "ZZZZD-ZZZZC-ZZZZF-ZZZZE-ZZZZ9-ZZZZ8-ZZZZB-ZZZZA"},
    {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc,
      0xba, 0x98, 0x76, 0x54, 0x32, 0x10, 0x00, 0x11, 0x22, 0x33},
     "04HMB-ASW91-NF6YQ-ZZPWS-QAC7J-CN1J3-2001J-28HK2"},
};

static void assert_reads(const char *typed, const char *printed) {
    struct ex_error err;
    EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
    assert_code(EX_OK, recovery_code_parse(typed, strlen(typed), &c, &err));
    assert_string_equal(c->printed, printed);
    assert_int_equal(strlen(c->text), CHARS);
}

/* Refused, and `word` stands in the message. */
static void assert_refused(const char *typed, size_t size, const char *word) {
    struct ex_error err;
    struct recovery_code *c = NULL;
    assert_code(EX_FORMAT, recovery_code_parse(typed, size, &c, &err));
    assert_null(c);
    if (strstr(err.text, word) == NULL && strstr(err.hint, word) == NULL)
        fail_msg("\"%s\" (%s) does not say \"%s\"", err.text, err.hint, word);
}

static void known_answers(void **state) {
    struct ex_error err;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
        assert_code(EX_OK, recovery_code_make(known[i].secret, &c, &err));
        assert_string_equal(c->printed, known[i].printed);
        assert_reads(c->text, known[i].printed);
    }
}

static void random_ones_differ_and_are_read_back(void **state) {
    struct ex_error err;
    char before[CHARS + 1] = "";
    for (int i = 0; i < 50; i++) {
        EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
        assert_code(EX_OK, recovery_code_generate(&c, &err));
        assert_string_not_equal(c->text, before);
        assert_reads(c->printed, c->printed);
        memcpy(before, c->text, sizeof before);
    }
}

static void read_as_people_type(void **state) {
    const char *printed = known[1].printed;
    assert_reads("000gd-40r4x-0m300-e209k-185g3-r38ed-1w811-24gkz\r\n", printed);
    assert_reads("OOOGD 4oR4X OM3OO E2O9K I85G3 R38ED lW8iL 24GKZ", printed);
    assert_reads("\t000GD40R4X0M300E209K\n185G3R38ED1W81124GKZ-", printed);
}

/* Every other digit in every place, in every known code: found, and in the right group. */
static void any_wrong_character_is_found(void **state) {
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        struct ex_error err;
        EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
        assert_code(EX_OK, recovery_code_make(known[k].secret, &c, &err));
        for (size_t i = 0; i < CHARS; i++) {
            char text[CHARS + 1], group[16];
            memcpy(text, c->text, sizeof text);
            (void)snprintf(group, sizeof group, "group %zu ", i / GROUP + 1);
            for (size_t d = 0; d < 32; d++) {
                text[i] = DIGITS[d];
                if (DIGITS[d] != c->text[i])
                    assert_refused(text, CHARS, group);
            }
        }
    }
}

static void assert_swap_found(const char *text, size_t a, size_t b) {
    char swapped[CHARS + 1], group[16];
    if (text[a] == text[b])
        return;
    memcpy(swapped, text, sizeof swapped);
    swapped[a] = text[b];
    swapped[b] = text[a];
    (void)snprintf(group, sizeof group, "group %zu ", a / GROUP + 1);
    assert_refused(swapped, CHARS, group);
}

/* Neighbours everywhere, the ones beside a hyphen too, for every pair of digits; and any two of one
 * group. */
static void any_swap_is_found(void **state) {
    struct ex_error err;
    for (unsigned pair = 0; pair < 32 * 32; pair++) {
        uint8_t secret[RECOVERY_CODE_SECRET_BYTES];
        EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
        /* Digits repeat with a period of 8: the pair stands in the places 0 and 1, 2 and 3, and
         * shifted by one in the odd groups. */
        uint64_t even = (uint64_t)(pair * 0x401U & 0xfffff);
        uint64_t odd = ((uint64_t)(pair & 31) << 15) | ((uint64_t)pair << 5) | pair >> 5;
        uint64_t forty = even << 20 | odd;
        for (size_t i = 0; i < sizeof secret; i++)
            secret[i] = (uint8_t)(forty >> (8 * (4 - i % 5)));
        assert_code(EX_OK, recovery_code_make(secret, &c, &err));
        for (size_t i = 0; i + 1 < CHARS; i++)
            assert_swap_found(c->text, i, i + 1);
        for (size_t g = 0; g < CHARS; g += GROUP)
            for (size_t a = 0; a < GROUP; a++)
                for (size_t b = a + 1; b < GROUP; b++)
                    assert_swap_found(c->text, g + a, g + b);
    }
}

static void groups_that_changed_places_are_found(void **state) {
    char text[CHARS + 1];
    for (size_t a = 0; a < RECOVERY_CODE_GROUPS; a++)
        for (size_t b = a + 1; b < RECOVERY_CODE_GROUPS; b++) {
            struct ex_error err;
            EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
            assert_code(EX_OK, recovery_code_make(known[0].secret, &c, &err));
            memcpy(text, c->text, sizeof text);
            memcpy(text + a * GROUP, c->text + b * GROUP, GROUP);
            memcpy(text + b * GROUP, c->text + a * GROUP, GROUP);
            assert_refused(text, CHARS, "group ");
        }
}

static void what_is_no_code_is_refused(void **state) {
    static const char nul[] = "000GD-40R4X-0M300-E209K-185G3-R38ED-1W811-24G\0Z";
    assert_refused("", 0, "0 characters");
    assert_refused("000GD-40R4X", 11, "10 characters");
    assert_refused("000GD-40R4-0M300-E209K-185G3-R38ED-1W811-24GKZ", 46, "look at group 2");
    assert_refused("000GD-40R44X-0M300-E209K-185G3-R38ED-1W811-24GKZ", 48, "41 characters");
    assert_refused("000GD-40R4X-0M3U0-E209K-185G3-R38ED-1W811-24GKZ", 47, "group 3");
    assert_refused("000GD-40R4X-0M300-E209K-185G3-R38ED-1W811-24GKZ!", 48, "follows");
    assert_refused("\xe2\x80\x93", 3, "group 1");
    assert_refused(nul, sizeof nul - 1, "group 8");
    recovery_code_free(NULL);
}

/* Nothing of a code may reach a message, which may reach the ledger. */
static void messages_hold_no_character(void **state) {
    struct ex_error err;
    struct recovery_code *c = NULL;
    const char *typed = "QQQQQ-40R4X-0M300-E209K-185G3-R38ED-1W811-24GKZ";
    assert_code(EX_FORMAT, recovery_code_parse(typed, strlen(typed), &c, &err));
    for (const char *p = err.text; *p != '\0'; p++)
        assert_false(isupper((unsigned char)*p));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(random_ones_differ_and_are_read_back),
        cmocka_unit_test(read_as_people_type),
        cmocka_unit_test(any_wrong_character_is_found),
        cmocka_unit_test(any_swap_is_found),
        cmocka_unit_test(groups_that_changed_places_are_found),
        cmocka_unit_test(what_is_no_code_is_refused),
        cmocka_unit_test(messages_hold_no_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
