/* SPDX-License-Identifier: Apache-2.0 */
/* Exhibit's side of age for tests/scripts/age.sh:
 *
 *     age_tool encrypt [-a] -R RECIPIENTS-FILE    <plain >age
 *     age_tool encrypt [-a] -p PASSPHRASE-FILE    <plain >age
 *     age_tool decrypt -i IDENTITIES-FILE         <age >plain
 *     age_tool decrypt -p PASSPHRASE-FILE         <age >plain
 *     age_tool chunks -i IDENTITIES-FILE          <age >plain   (by chunk, the last one first;
 * files) age_tool recipients -i IDENTITIES-FILE      their public keys
 */
#include "base/cursor.h"
#include "base/file.h"
#include "base/limits.h"
#include "formats/age.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { BUFFER_BYTES = 300000, PASSPHRASE_WORK_FACTOR = 12 };

struct arguments {
    const char *verb, *recipients, *identities, *passphrase;
    bool armor;
};

static ex_code to_stdout(void *context, const void *data, size_t size, struct ex_error *err) {
    return ex_write_all(STDOUT_FILENO, data, size, "standard output", err);
}

static ex_code from_stdin(void *context, void *to, size_t size, size_t *ret, struct ex_error *err) {
    ssize_t got = read(STDIN_FILENO, to, size);
    if (got < 0)
        return ex_fail_sys(err, "could not read standard input");
    *ret = (size_t)got;
    return EX_OK;
}

static ex_code load(const char *path, char **ret, size_t *ret_bytes, struct ex_error *err) {
    uint8_t *data;
    EX_TRY(ex_read_file(AT_FDCWD, path, EX_LIMIT_CONFIG_BYTES, &data, ret_bytes, err));
    *ret = (char *)data;
    return EX_OK;
}

/* A passphrase is the first line. */
static ex_code load_passphrase(const char *path, char **ret, size_t *ret_bytes,
                               struct ex_error *err) {
    EX_TRY(load(path, ret, ret_bytes, err));
    const char *end = memchr(*ret, '\n', *ret_bytes);
    *ret_bytes = end != NULL ? (size_t)(end - *ret) : *ret_bytes;
    return EX_OK;
}

static ex_code load_keys(const struct arguments *a, struct age_identities *ids, char **passphrase,
                         struct age_keys *ret, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    *ret = (struct age_keys){.identities = ids};
    if (a->passphrase != NULL) {
        EX_TRY(load_passphrase(a->passphrase, passphrase, &ret->passphrase_bytes, err));
        ret->passphrase = *passphrase;
    }
    if (a->identities == NULL)
        return EX_OK;
    EX_TRY(load(a->identities, &text, &size, err));
    return age_identities_parse_file(ids, text, size, err);
}

static ex_code load_locks(const struct arguments *a, struct age_recipient **recipients,
                          char **passphrase, struct age_locks *ret, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    *ret = (struct age_locks){.armor = a->armor, .work_factor = PASSPHRASE_WORK_FACTOR};
    if (a->passphrase != NULL) {
        EX_TRY(load_passphrase(a->passphrase, passphrase, &ret->passphrase_bytes, err));
        ret->passphrase = *passphrase;
    }
    if (a->recipients == NULL)
        return EX_OK;
    EX_TRY(load(a->recipients, &text, &size, err));
    EX_TRY(age_recipients_parse(text, size, recipients, &ret->recipient_count, err));
    ret->recipients = *recipients;
    return EX_OK;
}

static ex_code encrypt(const struct arguments *a, struct ex_error *err) {
    EX_AUTO(age_encrypt_free) struct age_encrypt *e = NULL;
    EX_AUTO_FREE struct age_recipient *recipients = NULL;
    EX_AUTO_FREE char *passphrase = NULL;
    EX_AUTO_FREE uint8_t *buffer = ex_new0_bytes(BUFFER_BYTES);
    struct age_locks locks;
    size_t got;
    EX_TRY(load_locks(a, &recipients, &passphrase, &locks, err));
    EX_TRY(age_encrypt_new(&locks, (struct age_sink){to_stdout, NULL}, &e, err));
    do {
        EX_TRY(from_stdin(NULL, buffer, BUFFER_BYTES, &got, err));
        EX_TRY(age_encrypt_write(e, buffer, got, err));
    } while (got > 0);
    return age_encrypt_finish(e, err);
}

static ex_code decrypt(const struct age_keys *keys, struct ex_error *err) {
    EX_AUTO(age_decrypt_free) struct age_decrypt *d = NULL;
    const uint8_t *data;
    size_t size;
    EX_TRY(age_decrypt_new((struct age_source){from_stdin, NULL}, keys, &d, err));
    do {
        EX_TRY(age_decrypt_next(d, &data, &size, err));
        EX_TRY(to_stdout(NULL, data, size, err));
    } while (size > 0);
    return EX_OK;
}

static ex_code chunks(const struct age_keys *keys, struct ex_error *err) {
    EX_AUTO(age_reader_free) struct age_reader *r = NULL;
    EX_AUTO_FREE uint8_t *chunk = ex_new0_bytes(AGE_CHUNK_BYTES);
    size_t size;
    EX_TRY(age_reader_open(STDIN_FILENO, "standard input", keys, &r, err));
    for (uint64_t i = age_reader_chunk_count(r); i-- > 0;) {
        EX_TRY(age_reader_chunk(r, i, chunk, &size, err));
        EX_TRY(
            ex_write_at(STDOUT_FILENO, chunk, size, i * AGE_CHUNK_BYTES, "standard output", err));
    }
    return EX_OK;
}

static ex_code recipients(const struct age_identities *ids, struct ex_error *err) {
    for (size_t i = 0; i < age_identities_count(ids); i++) {
        struct age_recipient r;
        char text[AGE_RECIPIENT_CHARS + 1];
        age_identities_recipient(ids, i, &r);
        printf("%s\n", age_recipient_print(&r, text));
    }
    return EX_OK;
}

static ex_code run(const struct arguments *a, struct ex_error *err) {
    EX_AUTO(age_identities_free) struct age_identities *ids = NULL;
    EX_AUTO_FREE char *passphrase = NULL;
    struct age_keys keys;
    if (strcmp(a->verb, "encrypt") == 0)
        return encrypt(a, err);
    EX_TRY(age_identities_new(&ids, err));
    EX_TRY(load_keys(a, ids, &passphrase, &keys, err));
    if (strcmp(a->verb, "decrypt") == 0)
        return decrypt(&keys, err);
    if (strcmp(a->verb, "chunks") == 0)
        return chunks(&keys, err);
    if (strcmp(a->verb, "recipients") == 0)
        return recipients(ids, err);
    return ex_fail(err, EX_USAGE, "unknown verb \"%s\"", a->verb);
}

int main(int argc, char **argv) {
    struct ex_error err = {0};
    struct arguments a = {.verb = argc > 1 ? argv[1] : ""};
    int option;
    while (argc > 1 && (option = getopt(argc - 1, argv + 1, "aR:i:p:")) != -1) {
        a.armor = a.armor || option == 'a';
        a.recipients = option == 'R' ? optarg : a.recipients;
        a.identities = option == 'i' ? optarg : a.identities;
        a.passphrase = option == 'p' ? optarg : a.passphrase;
    }
    ex_code code = run(&a, &err);
    if (code != EX_OK)
        fprintf(stderr, "age_tool: %s (%s)\n", err.text, ex_code_name(code));
    return ex_code_exit_status(code);
}
