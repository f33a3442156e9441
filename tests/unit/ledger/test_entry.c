/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

struct written {
    uint8_t *data;
    size_t size;
};

static struct written write_entry(struct entry *e) {
    struct written w = {0};
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(9);
    assert_code(EX_OK, entry_write(e, key, &w.data, &w.size, &err));
    return w;
}

static struct entry plain(void) {
    uint8_t tree[MERKLE_BYTES] = {1, 2, 3};
    return make_entry("item.note", 41, tree);
}

/* Every line that there is, though no event has them all. */
static struct entry full(void) {
    struct entry e = plain();
    e.signer = ENTRY_SIGNER_OFFICER;
    memset(e.signer_officer, 0xab, sizeof e.signer_officer);
    e.has = (ENTRY_HAS_HANDOVER << 1) - 1;
    memset(e.case_id, 1, sizeof e.case_id);
    memset(e.item_id, 2, sizeof e.item_id);
    memset(e.object_id, 3, sizeof e.object_id);
    memset(e.handover_id, 13, sizeof e.handover_id);
    e.intent = 40;
    memcpy(e.result, "partial", 8);
    memset(e.config, 4, sizeof e.config);
    memset(e.vault_key, 5, sizeof e.vault_key);
    memset(e.officer_id, 6, sizeof e.officer_id);
    memset(e.officer_key, 7, sizeof e.officer_key);
    memset(e.officer_box, 8, sizeof e.officer_box);
    e.permission_count = 3;
    memcpy(e.permission[0], "all", 4);
    memcpy(e.permission[1], "collect", 8);
    memcpy(e.permission[2], "manage", 7);
    memset(e.replaces_id, 12, sizeof e.replaces_id);
    memset(e.session_key, 9, sizeof e.session_key);
    e.expires_ns = START_NS + 1;
    e.section_count = 2;
    memcpy(e.section[0].name, "what", 5);
    memset(e.section[0].commitment, 10, SHA256_BYTES);
    memcpy(e.section[1].name, "who", 4);
    memset(e.section[1].commitment, 11, SHA256_BYTES);
    return e;
}

/* Written, parsed and written again, it is the same; every member comes back. */
static void assert_round_trip(struct entry *e) {
    struct entry back;
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(9), *other = key_of(8);
    struct written w = write_entry(e);
    assert_code(EX_OK, entry_parse(w.data, w.size, &back, &err));
    assert_true(entry_signed_by(w.data, w.size, &back, sign_key_public(key)));
    assert_false(entry_signed_by(w.data, w.size, &back, sign_key_public(other)));
    assert_string_equal(back.origin, e->origin);
    assert_int_equal(back.index, e->index);
    assert_memory_equal(back.tree, e->tree, sizeof e->tree);
    assert_string_equal(back.event, e->event);
    assert_int_equal(back.clock.utc_ns, e->clock.utc_ns);
    assert_int_equal(back.clock.zone_minutes, e->clock.zone_minutes);
    assert_int_equal(back.clock.synchronised, e->clock.synchronised);
    assert_int_equal(back.clock.monotonic_ns, e->clock.monotonic_ns);
    assert_string_equal(back.clock.boot, e->clock.boot);
    assert_int_equal(back.signer, e->signer);
    assert_int_equal(back.has, e->has);
    if (e->signer == ENTRY_SIGNER_SESSION)
        assert_int_equal(back.signer_session, e->signer_session);
    if (e->signer == ENTRY_SIGNER_OFFICER)
        assert_memory_equal(back.signer_officer, e->signer_officer, ENTRY_ID_BYTES);
    assert_int_equal(back.permission_count, e->permission_count);
    assert_memory_equal(back.permission, e->permission, sizeof e->permission);
    assert_int_equal(back.section_count, e->section_count);
    assert_memory_equal(back.section, e->section, sizeof e->section);
    struct written again = write_entry(&back);
    assert_int_equal(again.size, w.size);
    assert_memory_equal(again.data, w.data, w.size);
    free(again.data);
    free(w.data);
}

static void test_plain(void **state) {
    struct entry e = plain();
    assert_round_trip(&e);
    e.clock.synchronised = false;
    e.clock.zone_minutes = -(3 * 60 + 30);
    assert_round_trip(&e);
    e.signer = ENTRY_SIGNER_VAULT;
    e.index = UINT64_MAX;
    assert_round_trip(&e);
}

static void test_every_optional_line(void **state) {
    for (unsigned has = 1; has <= ENTRY_HAS_HANDOVER; has <<= 1) {
        struct entry e = full(), back;
        e.has = has;
        e.permission_count = 0;
        e.section_count = 0;
        memset(e.permission, 0, sizeof e.permission);
        memset(e.section, 0, sizeof e.section);
        assert_round_trip(&e);
        struct written w = write_entry(&e);
        assert_code(EX_OK, entry_parse(w.data, w.size, &back, &err));
        assert_int_equal(back.has, has);
        free(w.data);
    }
}

static void test_all_lines(void **state) {
    struct entry e = full(), back;
    assert_round_trip(&e);
    struct written w = write_entry(&e);
    assert_code(EX_OK, entry_parse(w.data, w.size, &back, &err));
    assert_memory_equal(back.case_id, e.case_id, sizeof e.case_id);
    assert_memory_equal(back.item_id, e.item_id, sizeof e.item_id);
    assert_memory_equal(back.object_id, e.object_id, sizeof e.object_id);
    assert_memory_equal(back.handover_id, e.handover_id, sizeof e.handover_id);
    assert_int_equal(back.intent, 40);
    assert_string_equal(back.result, "partial");
    assert_memory_equal(back.config, e.config, sizeof e.config);
    assert_memory_equal(back.vault_key, e.vault_key, sizeof e.vault_key);
    assert_memory_equal(back.officer_id, e.officer_id, sizeof e.officer_id);
    assert_memory_equal(back.replaces_id, e.replaces_id, sizeof e.replaces_id);
    assert_memory_equal(back.officer_key, e.officer_key, sizeof e.officer_key);
    assert_memory_equal(back.officer_box, e.officer_box, sizeof e.officer_box);
    assert_memory_equal(back.session_key, e.session_key, sizeof e.session_key);
    assert_int_equal(back.expires_ns, e.expires_ns);
    free(w.data);
}

static void test_text(void **state) {
    static const char expected[] = "exhibit-entry/v1\n"
                                   "log " ORIGIN "\n"
                                   "index 41\n"
                                   "tree AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                   "event item.note\n"
                                   "time 2026-09-21T14:13:20.000000007Z\n"
                                   "zone +07:00\n"
                                   "clock kernel-synchronised\n"
                                   "monotonic 0123456789abcdef 46000000000\n"
                                   "signer session 2\n"
                                   "intent 7\n"
                                   "result done\n"
                                   "signature ";
    struct entry e = plain();
    e.clock.utc_ns = 1790000000000000007;
    e.has = ENTRY_HAS_INTENT | ENTRY_HAS_RESULT;
    e.intent = 7;
    memcpy(e.result, "done", 5);
    struct written w = write_entry(&e);
    assert_int_equal(w.size, strlen(expected) + 89);
    assert_memory_equal(w.data, expected, strlen(expected));
    free(w.data);
}

/* A changed entry does not parse, or is no longer signed. */
static void assert_refused(const uint8_t *data, size_t size, const char *what) {
    struct entry e;
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(9);
    if (entry_parse(data, size, &e, NULL) == EX_OK &&
        entry_signed_by(data, size, &e, sign_key_public(key)))
        fail_msg("%s was accepted", what);
}

static void test_flipped_bits(void **state) {
    struct entry e = full();
    struct written w = write_entry(&e);
    for (size_t i = 0; i < w.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            w.data[i] ^= (uint8_t)(1u << bit);
            assert_refused(w.data, w.size, "a flipped bit");
            w.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t size = 0; size < w.size; size++)
        assert_refused(w.data, size, "a cut entry");
    free(w.data);
}

static size_t line_bytes(const uint8_t *line) {
    return (size_t)((const uint8_t *)strchr((const char *)line, '\n') - line) + 1;
}

static void test_moved_lines(void **state) {
    struct entry e = full(), parsed;
    struct written w = write_entry(&e);
    uint8_t *changed = calloc(1, 2 * w.size + 1);
    uint8_t *text = calloc(1, w.size + 1);
    memcpy(text, w.data, w.size);
    for (size_t at = 0; at < w.size;) {
        size_t line = line_bytes(text + at);
        size_t rest = w.size - at - line;
        /* without the line */
        memcpy(changed, text, at);
        memcpy(changed + at, text + at + line, rest);
        assert_refused(changed, w.size - line, "an entry without a line");
        /* with the line twice: this one never even parses */
        memcpy(changed, text, at + line);
        memcpy(changed + at + line, text + at, line + rest);
        assert_int_equal(entry_parse(changed, w.size + line, &parsed, NULL), EX_FORMAT);
        /* exchanged with the next */
        if (rest > 0) {
            size_t next = line_bytes(text + at + line);
            memcpy(changed, text, w.size);
            memcpy(changed + at, text + at + line, next);
            memcpy(changed + at + next, text + at, line);
            assert_int_equal(entry_parse(changed, w.size, &parsed, NULL), EX_FORMAT);
        }
        at += line;
    }
    free(text);
    free(changed);
    free(w.data);
}

struct spelling {
    const char *from, *to;
};

/* Other spellings of the same meaning, and meanings that are none. */
static void test_other_spellings(void **state) {
    static const struct spelling spellings[] = {
        {"exhibit-entry/v1\n", "exhibit-entry/v2\n"},
        {"index 41\n", "index 041\n"},
        {"index 41\n", "index +41\n"},
        {"index 41\n", "index 41 \n"},
        {"index 41\n", "index  41\n"},
        {"index 41\n", "index 41\r\n"},
        {"index 41\n", "index 99999999999999999999\n"},
        {"index 41\n", "index\n"},
        {"event item.note\n", "event item\n"},
        {"event item.note\n", "event item.note.more\n"},
        {"event item.note\n", "event Item.note\n"},
        {"event item.note\n", "event .note\n"},
        {"event item.note\n", "event abcdefghijklmnopqrstuvwxyz0123456.note\n"},
        {"zone +07:00\n", "zone -00:00\n"},
        {"zone +07:00\n", "zone +24:00\n"},
        {"zone +07:00\n", "zone 07:00\n"},
        {"clock kernel-synchronised\n", "clock gps\n"},
        {"789Z\n", "789+00:00\n"},
        {"789Z\n", "78Z\n"},
        {"time 2026-09-", "time 2026-13-"},
        {"monotonic 0123456789abcdef ", "monotonic 0123456789ABCDEF "},
        {"monotonic 0123456789abcdef ", "monotonic 0123456789abcde "},
        {"signer officer ab", "signer officer AB"},
        {"signer officer ab", "signer officer abab"},
        {"signer officer abababababababababababababababab\n", "signer\n"},
        {"signer officer abababababababababababababababab\n", "signer vault \n"},
        {"signer officer abababababababababababababababab\n", "signer session -1\n"},
        {"permission all\n", "permission\n"},
        {"permission all\n", "permission collect\n"},
        {"permission manage\n", "permission aaa\n"},
        {"result partial\n", "result not_a_word\n"},
        {"section what 0a", "section who 0a"},
        {"section what 0a", "section what 0A"},
        {"section what 0a", "section what  0a"},
        {"log exhibit-vault/", "log exhibit vault/"},
        {"log exhibit-vault/", "log exhibit+vault/"},
        {"log exhibit-vault/", "log exhibit\x7fvault/"},
        {"intent 40\n", "intent 40\nfuture line\n"},
    };
    struct entry e = full(), parsed;
    struct written w = write_entry(&e);
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        const struct spelling *s = &spellings[i];
        char changed[8192] = {0};
        const uint8_t *found = memmem(w.data, w.size, s->from, strlen(s->from));
        assert_non_null(found);
        size_t at = (size_t)(found - w.data), rest = w.size - at - strlen(s->from);
        memcpy(changed, w.data, at);
        memcpy(changed + at, s->to, strlen(s->to));
        memcpy(changed + at + strlen(s->to), found + strlen(s->from), rest);
        size_t size = at + strlen(s->to) + rest;
        if (entry_parse((const uint8_t *)changed, size, &parsed, NULL) != EX_FORMAT)
            fail_msg("\"%s\" was accepted", s->to);
    }
    free(w.data);
}

/* The writer refuses what would not be an entry, and signs nothing of it. */
static void test_bad_members(void **state) {
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(9);
    uint8_t *data = NULL;
    size_t size = 0;
    struct entry e = full();
    memcpy(e.result, "done\nsignature x", 17);
    assert_code(EX_INTERNAL, entry_write(&e, key, &data, &size, &err));
    e = full();
    memcpy(e.event, "two words", 10);
    assert_code(EX_INTERNAL, entry_write(&e, key, &data, &size, &err));
    e = full();
    e.origin[0] = '\0';
    assert_code(EX_INTERNAL, entry_write(&e, key, &data, &size, &err));
    e = full();
    e.section_count = ENTRY_SECTIONS_MAX + 1;
    assert_code(EX_INTERNAL, entry_write(&e, key, &data, &size, &err));
    e = full();
    memcpy(e.permission[1], "all", 4);
    assert_code(EX_INTERNAL, entry_write(&e, key, &data, &size, &err));
    e = full();
    e.clock.utc_ns = -1;
    assert_code(EX_INTERNAL, entry_write(&e, key, &data, &size, &err));
    assert_null(data);
}

static void test_most(void **state) {
    struct entry e = full();
    memset(e.origin, 'o', NOTE_NAME_MAX);
    memset(e.event, 'e', ENTRY_EVENT_MAX);
    e.event[ENTRY_WORD_MAX] = '.';
    e.permission_count = ENTRY_PERMISSIONS_MAX;
    e.section_count = ENTRY_SECTIONS_MAX;
    for (size_t i = 0; i < ENTRY_PERMISSIONS_MAX; i++) {
        memset(e.permission[i], 'p', ENTRY_WORD_MAX);
        e.permission[i][0] = (char)('a' + i / 10);
        e.permission[i][1] = (char)('0' + i % 10);
    }
    for (size_t i = 0; i < ENTRY_SECTIONS_MAX; i++) {
        memset(e.section[i].name, 's', ENTRY_WORD_MAX);
        e.section[i].name[0] = (char)('a' + i);
    }
    e.index = e.intent = e.clock.monotonic_ns = UINT64_MAX;
    assert_round_trip(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_every_optional_line),
        cmocka_unit_test(test_all_lines),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_moved_lines),
        cmocka_unit_test(test_other_spellings),
        cmocka_unit_test(test_bad_members),
        cmocka_unit_test(test_most),
    };
    return cmocka_run_group_tests_name("ledger/entry", tests, NULL, NULL);
}
