/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is read back: as a stream, and by chunk. */
#include "age_scene.h"

static const char PASSPHRASE[] = "not a secret";

/* ---- there and back ---- */

static const size_t sizes[] = {0,         1,        CHUNK - 1,      CHUNK,         CHUNK + 1,
                               2 * CHUNK, 1u << 20, (1u << 20) + 1, 3 * CHUNK - 1, 5 * CHUNK + 77};

static void any_size_in_any_pieces(void **state) {
    static const size_t pieces[] = {FILE_BYTES_MAX, CHUNK, 3 * CHUNK + 1, 1000};
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = to_both(s);
    struct age_keys first = {.identities = s->first}, second = {.identities = s->second};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            locks.armor = (i + k) % 2 == 0;
            assert_code(EX_OK, encrypt(s, &locks, sizes[i], pieces[k], &err));
            assert_code(EX_OK, decrypt(s, &first, &err));
            assert_got(s, sizes[i]);
            assert_code(EX_OK, decrypt(s, &second, &err));
            assert_got(s, sizes[i]);
        }
}

static void passphrase(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = {
        .passphrase = PASSPHRASE, .passphrase_bytes = 12, .work_factor = FAST_FACTOR};
    struct age_keys right = {
        .passphrase = PASSPHRASE, .passphrase_bytes = 12, .identities = s->first};
    struct age_keys wrong = {.passphrase = PASSPHRASE, .passphrase_bytes = 11};
    struct age_keys none = {.identities = s->first};
    assert_code(EX_OK, encrypt(s, &locks, 100, 100, &err));
    assert_code(EX_OK, decrypt(s, &right, &err));
    assert_got(s, 100);
    assert_code(EX_DENIED, decrypt(s, &wrong, &err));
    assert_code(EX_DENIED, decrypt(s, &none, &err));
    assert_says(&err, "none was given");
    right.work_factor_max = FAST_FACTOR - 1;
    assert_code(EX_LIMIT, decrypt(s, &right, &err));
    assert_says(&err, "2^4 steps");
}

static void locks_that_are_refused(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks none = {0}, both = to_both(s), empty = {.passphrase = ""}, many = to_both(s);
    struct age_locks slow = {.passphrase = PASSPHRASE, .passphrase_bytes = 3, .work_factor = 23};
    both.passphrase = PASSPHRASE;
    both.passphrase_bytes = 12;
    many.recipient_count = AGE_STANZAS_MAX + 1;
    assert_code(EX_USAGE, encrypt(s, &none, 1, 1, &err));
    assert_code(EX_USAGE, encrypt(s, &both, 1, 1, &err));
    assert_code(EX_USAGE, encrypt(s, &empty, 1, 1, &err));
    assert_code(EX_LIMIT, encrypt(s, &many, 1, 1, &err));
    assert_code(EX_LIMIT, encrypt(s, &slow, 1, 1, &err));
    assert_int_equal(s->file.size, 0);
}

static void the_most_recipients(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    EX_AUTO_FREE struct age_recipient *all = ex_new0_bytes(AGE_STANZAS_MAX * sizeof *all);
    struct age_locks locks = {.recipients = all, .recipient_count = AGE_STANZAS_MAX};
    struct age_keys keys = {.identities = s->second};
    for (size_t i = 0; i < AGE_STANZAS_MAX; i++)
        all[i] = s->recipients[i == AGE_STANZAS_MAX - 1];
    assert_code(EX_OK, encrypt(s, &locks, 10, 10, &err));
    assert_code(EX_OK, decrypt(s, &keys, &err));
    assert_got(s, 10);
}

static void two_files_share_nothing(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = to_both(s);
    uint8_t before[600];
    assert_code(EX_OK, encrypt(s, &locks, 200, 200, &err));
    assert_true(s->file.size < sizeof before);
    memcpy(before, s->file.data, s->file.size);
    assert_code(EX_OK, encrypt(s, &locks, 200, 200, &err));
    size_t same = 0;
    for (size_t i = s->file.size - 232; i < s->file.size; i++) /* nonce, payload, tag */
        same += before[i] == s->file.data[i];
    assert_true(same < 20);
}

static void any_chunk(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = to_both(s);
    struct age_keys keys = {.identities = s->second};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        EX_AUTO(age_reader_free) struct age_reader *r = NULL;
        size_t got = 0;
        assert_code(EX_OK, encrypt(s, &locks, sizes[i], CHUNK, &err));
        EX_AUTO_FD int fd = file_fd(s);
        assert_code(EX_OK, age_reader_open(fd, "memory", &keys, &r, &err));
        assert_int_equal(age_reader_size(r), sizes[i]);
        uint64_t count = age_reader_chunk_count(r);
        assert_int_equal(count, sizes[i] == 0 ? 1 : (sizes[i] + CHUNK - 1) / CHUNK);
        for (uint64_t n = count; n-- > 0;) {
            assert_code(EX_OK, age_reader_chunk(r, n, s->got, &got, &err));
            assert_int_equal(got, n + 1 < count ? CHUNK : sizes[i] - n * CHUNK);
            assert_memory_equal(s->got, s->plain + n * CHUNK, got);
        }
        assert_code(EX_USAGE, age_reader_chunk(r, count, s->got, &got, &err));
    }
}

static void armor_is_not_read_by_chunk(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = to_both(s);
    struct age_keys keys = {.identities = s->first};
    struct age_reader *r = NULL;
    locks.armor = true;
    assert_code(EX_OK, encrypt(s, &locks, 10, 10, &err));
    EX_AUTO_FD int fd = file_fd(s);
    assert_code(EX_UNSUPPORTED, age_reader_open(fd, "memory", &keys, &r, &err));
}

/* ---- failures around it ---- */

static void a_sink_that_fails(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = to_both(s);
    for (size_t calls = 1; calls <= 4; calls++) { /* header, nonce, two chunks, the last */
        s->file.fails_after = calls;
        assert_code(EX_SPACE, encrypt(s, &locks, 2 * CHUNK + 1, 1000, &err));
    }
    s->file.fails_after = 2;
    s->file.size = s->file.calls = 0;
    EX_AUTO(age_encrypt_free) struct age_encrypt *e = NULL;
    assert_code(EX_OK, age_encrypt_new(&locks, (struct age_sink){write_file, &s->file}, &e, &err));
    assert_code(EX_SPACE, age_encrypt_write(e, s->plain, 3 * CHUNK, &err));
    s->file.fails_after = 0; /* room again: what is missing in between stays missing */
    assert_code(EX_SPACE, age_encrypt_write(e, s->plain, 1, &err));
    assert_code(EX_SPACE, age_encrypt_finish(e, &err));
}

static void nothing_after_the_end(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = to_both(s);
    EX_AUTO(age_encrypt_free) struct age_encrypt *e = NULL;
    s->file.size = 0;
    assert_code(EX_OK, age_encrypt_new(&locks, (struct age_sink){write_file, &s->file}, &e, &err));
    assert_code(EX_OK, age_encrypt_finish(e, &err));
    assert_code(EX_USAGE, age_encrypt_write(e, s->plain, 1, &err));
    assert_code(EX_USAGE, age_encrypt_finish(e, &err));
}

/* A source that fails is no file that ends. */
static void a_source_that_fails(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    size_t got = 0, from = three_chunks(s);
    struct age_keys keys = {.identities = s->first};
    struct place p = {.file = &s->file, .fails = true};
    EX_AUTO(age_decrypt_free) struct age_decrypt *d = NULL;
    s->file.size = from + SEALED;
    assert_code(EX_OK, age_decrypt_new((struct age_source){read_file, &p}, &keys, &d, &err));
    assert_code(EX_IO, age_decrypt_read(d, s->got, 1, &got, &err));
    assert_code(EX_IO, age_decrypt_read(d, s->got, 1, &got, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_size_in_any_pieces),     cmocka_unit_test(passphrase),
        cmocka_unit_test(locks_that_are_refused),     cmocka_unit_test(the_most_recipients),
        cmocka_unit_test(two_files_share_nothing),    cmocka_unit_test(any_chunk),
        cmocka_unit_test(armor_is_not_read_by_chunk), cmocka_unit_test(a_sink_that_fails),
        cmocka_unit_test(nothing_after_the_end),      cmocka_unit_test(a_source_that_fails),
    };
    return cmocka_run_group_tests_name("age", tests, set_up, tear_down);
}
