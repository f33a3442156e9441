/* SPDX-License-Identifier: Apache-2.0 */
/* What was done to an age file is told, and headers that nobody should write are refused. */
#include "age_scene.h"

static void cut_off(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_keys keys = {.identities = s->first};
    size_t from = three_chunks(s), whole = s->file.size;
    s->file.size = from + 2 * SEALED; /* between chunks: that is certain */
    assert_code(EX_ALTERED, decrypt(s, &keys, &err));
    assert_says(&err, "cut off: chunks are missing after the first 2");
    assert_got(s, 2 * CHUNK);
    s->file.size = from + SEALED + 15;
    assert_code(EX_ALTERED, decrypt(s, &keys, &err));
    assert_says(&err, "cut off: it ends within a chunk");
    assert_got(s, CHUNK);
    s->file.size = from;
    assert_code(EX_ALTERED, decrypt(s, &keys, &err));
    assert_says(&err, "cut off: it ends before its first chunk");
    s->file.size = whole - 1; /* within a chunk: it may be either */
    assert_code(EX_ALTERED, decrypt(s, &keys, &err));
    assert_says(&err, "were changed, or it was cut off there (chunk 2)");
    assert_got(s, 2 * CHUNK);
    s->file.size = from - 1; /* in the nonce */
    assert_code(EX_FORMAT, decrypt(s, &keys, &err));
    assert_says(&err, "cut off: it ends behind its header");
    s->file.size = from - 17;
    assert_code(EX_FORMAT, decrypt(s, &keys, &err));
    assert_says(&err, "ends early");
}

static void changed_or_added_to(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_keys keys = {.identities = s->first};
    size_t from = three_chunks(s);
    s->file.data[from + SEALED + 5] ^= 1;
    assert_code(EX_ALTERED, decrypt(s, &keys, &err));
    assert_says(&err, "was changed in chunk 1");
    assert_got(s, CHUNK);
    s->file.data[from + SEALED + 5] ^= 1;
    s->file.data[s->file.size++] = 0;
    assert_code(EX_ALTERED, decrypt(s, &keys, &err));
    assert_says(&err, "something was added");
    assert_got(s, 3 * CHUNK);
    s->file.size--;
    memmove(s->file.data + from, s->file.data + from + SEALED,
            2 * SEALED); /* the first chunk left out */
    s->file.size -= SEALED;
    assert_code(EX_ALTERED, decrypt(s, &keys, &err));
    assert_got(s, 0);
}

static void changed_header(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_keys first = {.identities = s->first}, second = {.identities = s->second};
    size_t from = three_chunks(s) - 16;
    uint8_t *at = s->file.data;
    /* "age-encryption.org/v1\n-> X25519 SHARE\nBODY\n-> X25519 …": the first share */
    at[22 + 10] = at[22 + 10] == 'A' ? 'B' : 'A';
    assert_code(EX_DENIED, decrypt(s, &first, &err));
    assert_code(EX_SIGNATURE, decrypt(s, &second, &err));
    at[from - 3] = at[from - 3] == 'A' ? 'B' : 'A';
    assert_code(EX_SIGNATURE, decrypt(s, &second, &err));
    at[20] = '2';
    assert_code(EX_UNSUPPORTED, decrypt(s, &second, &err));
    at[3] = ' ';
    assert_code(EX_FORMAT, decrypt(s, &second, &err));
    assert_says(&err, "this is no age file");
}

static void chunks_that_were_changed(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_keys keys = {.identities = s->second};
    EX_AUTO(age_reader_free) struct age_reader *r = NULL;
    size_t got = 0, from = three_chunks(s), whole = s->file.size;
    s->file.data[from] ^= 1;
    EX_AUTO_FD int fd = file_fd(s);
    assert_code(EX_OK, age_reader_open(fd, "memory", &keys, &r, &err)); /* the last one is right */
    assert_code(EX_OK, age_reader_chunk(r, 1, s->got, &got, &err));
    assert_code(EX_ALTERED, age_reader_chunk(r, 0, s->got, &got, &err));
    assert_says(&err, "was changed in chunk 0");
    s->file.data[from] ^= 1;
    for (size_t cut = 1; cut <= 2; cut++) {
        struct age_reader *none = NULL;
        s->file.size = cut == 1 ? whole - SEALED : whole - 1;
        EX_AUTO_FD int short_fd = file_fd(s);
        assert_code(EX_ALTERED, age_reader_open(short_fd, "memory", &keys, &none, &err));
        assert_says(&err, cut == 1 ? "chunks are missing after the first 2"
                                   : "changed, or it was cut off");
    }
}

/* ---- limits of the header ---- */

static void assert_header(struct scene *s, const char *header, ex_code code, const char *word) {
    struct ex_error err;
    struct age_keys keys = {.identities = s->first};
    s->file.size = strlen(header);
    memcpy(s->file.data, header, s->file.size);
    assert_code(code, decrypt(s, &keys, &err));
    assert_says(&err, word);
}

#define VERSION "age-encryption.org/v1\n"
#define MAC     "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

static void headers_that_are_refused(void **state) {
    struct scene *s = *state;
    assert_header(s, "", EX_FORMAT, "the file is empty");
    assert_header(s, "PK\003\004", EX_FORMAT, "this is no age file");
    assert_header(s, "age\n", EX_FORMAT, "this is no age file");
    assert_header(s, "age-encryption.org/v1", EX_FORMAT, "ends early");
    assert_header(s, "age-encryption.org/v1 \n", EX_UNSUPPORTED, "other than v1");
    assert_header(s, VERSION MAC, EX_FORMAT, "no stanza");
    assert_header(s, VERSION "-> a b\n\n" MAC, EX_DENIED, "no key that was given");
    assert_header(s, VERSION "-> a b\n" MAC, EX_FORMAT, "body of a stanza");
    assert_header(s, VERSION "-> a  b\n\n" MAC, EX_FORMAT, "empty argument");
    assert_header(s, VERSION "-> a \n\n" MAC, EX_FORMAT, "empty argument");
    assert_header(s, VERSION "-> \n\n" MAC, EX_FORMAT, "empty argument");
    assert_header(s, VERSION "->\n\n" MAC, EX_FORMAT, "arrow");
    assert_header(s, VERSION "-> \x7f\n\n" MAC, EX_FORMAT, "a byte that no header has");
    assert_header(s, VERSION "-> X25519 AAAA\n\n" MAC, EX_FORMAT, "one share of 32 bytes");
    assert_header(s, "\n \t\n-----BEGIN\n", EX_FORMAT, "the armor of");
    assert_header(s, "-----BEGIN AGE ENCRYPTED FILE-----", EX_FORMAT, "without its END line");
}

static void limits_of_the_header(void **state) {
    struct scene *s = *state;
    size_t stanza = strlen("-> a b\n\n");
    EX_AUTO_FREE char *text = ex_new0_bytes(2 * AGE_HEADER_BYTES_MAX);
    (void)snprintf(text, 64, VERSION "-> ");
    memset(text + strlen(text), 'a', AGE_LINE_BYTES_MAX);
    assert_header(s, text, EX_LIMIT, "a line in the header");
    memset(text, 0, 2 * AGE_HEADER_BYTES_MAX);
    (void)snprintf(text, 64, VERSION);
    for (size_t i = 0; i < AGE_STANZAS_MAX; i++)
        memcpy(text + strlen(VERSION) + i * stanza, "-> a b\n\n", stanza);
    strcat(text, MAC);
    assert_header(s, text, EX_DENIED, "no key that was given");
    (void)snprintf(text + strlen(VERSION) + AGE_STANZAS_MAX * stanza, 128, "-> a b\n\n" MAC);
    assert_header(s, text, EX_LIMIT, "stanzas");
    for (size_t i = 0; i < 2 * AGE_HEADER_BYTES_MAX - 100; i++)
        text[i] = i < strlen(VERSION) ? VERSION[i] : i % 64 == 0 ? '\n' : 'a';
    assert_header(s, text, EX_LIMIT, "the header of this age file is larger");
}

static void white_space_about_armor(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    struct age_locks locks = to_both(s);
    struct age_keys keys = {.identities = s->first};
    locks.armor = true;
    assert_code(EX_OK, encrypt(s, &locks, 10, 10, &err));
    size_t size = s->file.size;
    memset(s->file.data + size, '\n', AGE_ARMOR_SPACE_BYTES_MAX + 1);
    s->file.size = size + AGE_ARMOR_SPACE_BYTES_MAX;
    assert_code(EX_OK, decrypt(s, &keys, &err));
    s->file.size++;
    assert_code(EX_FORMAT, decrypt(s, &keys, &err));
    memmove(s->file.data + AGE_ARMOR_SPACE_BYTES_MAX, s->file.data, size);
    memset(s->file.data, '\n', AGE_ARMOR_SPACE_BYTES_MAX);
    s->file.size = size + AGE_ARMOR_SPACE_BYTES_MAX;
    assert_code(EX_OK, decrypt(s, &keys, &err));
    memmove(s->file.data + 1, s->file.data, s->file.size++);
    assert_code(EX_FORMAT, decrypt(s, &keys, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_off),
        cmocka_unit_test(changed_or_added_to),
        cmocka_unit_test(changed_header),
        cmocka_unit_test(chunks_that_were_changed),
        cmocka_unit_test(headers_that_are_refused),
        cmocka_unit_test(limits_of_the_header),
        cmocka_unit_test(white_space_about_armor),
    };
    return cmocka_run_group_tests_name("age damage", tests, set_up, tear_down);
}
