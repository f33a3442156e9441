/* SPDX-License-Identifier: Apache-2.0 */
/* read_container PROGRAM PARSER FILE: what a container says and holds, for tests and benchmarks.
 *
 * Lines: "size N", "fact NAME VALUE", "range OFFSET LENGTH GAP", "damaged OFFSET LENGTH WHY",
 * "sha256 …" and "md5 …" of the content, in which zeros stand for what could not be read. With
 * BLOCK in the environment it is read in pieces of that size, with NO_SUMS nothing is hashed. */
#include "base/cursor.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INPUTS_MAX = 20000, PATH_BYTES = 4096 };

struct files {
    char path[PATH_BYTES];
    int fd[INPUTS_MAX];
};

static ex_code open_one(struct files *f, const char *path, unsigned input, uint64_t *ret_size,
                        struct ex_error *err) {
    struct stat st;
    f->fd[input] = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd[input] < 0 || fstat(f->fd[input], &st) != 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    *ret_size = (uint64_t)st.st_size;
    return EX_OK;
}

static ex_code read_file(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size,
                         struct ex_error *err) {
    const struct files *f = context;
    while (size > 0) {
        ssize_t got = pread(f->fd[input], to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ex_fail_sys(err, "could not read input %u", input);
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return EX_OK;
}

/* E01 … E99, EAA … EZZ, FAA … */
static void ewf_name(char *extension, unsigned number) {
    if (number <= 99) {
        (void)snprintf(extension + 1, 3, "%02u", number);
        return;
    }
    number -= 100;
    extension[0] = (char)(extension[0] + (int)(number / (26 * 26)));
    extension[1] = (char)('A' + number / 26 % 26);
    extension[2] = (char)('A' + number % 26);
}

/* The parts of a raw image: 000, 001 …; aa, ab …. False: they are not counted any further. */
static bool part_name(char *extension, unsigned number) {
    size_t size = strlen(extension);
    bool digits = strspn(extension, "0123456789") == size;
    unsigned base = digits ? 10 : 26, carry = number - 1;
    char first = digits ? '0' : 'a';
    for (size_t i = size; i-- > 0; carry /= base) {
        carry += (unsigned)(extension[i] - first);
        extension[i] = (char)(first + (int)(carry % base));
    }
    return carry == 0;
}

/* What the supervisor will do for input 0's neighbours, as far as tests need it. */
static bool segment_name(char *path, unsigned number) {
    char *dot = strrchr(path, '.');
    if (dot == NULL || strlen(dot) < 3 || number < 2)
        return false;
    size_t size = strlen(dot + 1);
    if (strspn(dot + 1, "0123456789") == size ||
        strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz") == size)
        return part_name(dot + 1, number);
    ewf_name(path + strlen(path) - 3, number);
    return true;
}

/* "file NAME": beside input 0, and nowhere else. */
static ex_code sibling_name(char *path, size_t size_bytes, const char *name, struct ex_error *err) {
    char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    if (strpbrk(name, "/\\") != NULL || strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
        return ex_fail(err, EX_DENIED, "\"%.60s\" is not beside the image", name);
    if (strlen(name) >= size_bytes - (size_t)(base - path))
        return ex_fail(err, EX_MISSING, "a name that is too long");
    memcpy(base, name, strlen(name) + 1);
    return EX_OK;
}

static ex_code named(void *context, const char *name, unsigned input, uint64_t *ret,
                     struct ex_error *err) {
    struct files *f = context;
    char path[PATH_BYTES];
    unsigned number = 0;
    (void)snprintf(path, sizeof path, "%s", f->path);
    if (strncmp(name, "file ", 5) == 0)
        EX_TRY(sibling_name(path, sizeof path, name + 5, err));
    else if (sscanf(name, "segment %u", &number) != 1 || !segment_name(path, number))
        return ex_fail(err, EX_MISSING, "no such input");
    ex_code code = open_one(f, path, input, ret, err);
    return code == EX_NOT_FOUND ? ex_fail(err, EX_MISSING, "%s is missing", path) : code;
}

static void print_content(const struct sandbox_content *c) {
    printf("size %llu\n", (unsigned long long)c->size_bytes);
    for (size_t i = 0; i < c->fact_count; i++)
        printf("fact %s %s\n", c->fact[i].name, (const char *)c->fact[i].value);
    for (size_t i = 0; i < c->range_count; i++)
        printf("range %llu %llu %u\n", (unsigned long long)c->range[i].offset,
               (unsigned long long)c->range[i].length, c->range[i].gap);
}

static void print_hash(EVP_MD_CTX *h, const char *name) {
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    EVP_DigestFinal_ex(h, sum, &size);
    printf("%s %s\n", name, ex_hex(hex, sum, size));
    EVP_MD_CTX_free(h);
}

/* In pieces of a chunk where a whole block does not come. */
static ex_code read_block(struct sandbox *s, const struct sandbox_content *c, uint64_t at,
                          uint8_t *to, size_t size, struct ex_error *err) {
    const struct sandbox_fact *chunk = sandbox_content_fact(c, "chunk-bytes");
    size_t step = chunk == NULL ? size : (size_t)atoll((const char *)chunk->value);
    ex_code code = sandbox_read(s, at, to, size, err);
    if (code == EX_OK || sandbox_lost(s))
        return code;
    for (size_t i = 0, part; i < size; i += part) {
        part = step - (size_t)((at + i) % step);
        part = part < size - i ? part : size - i;
        if (sandbox_read(s, at + i, to + i, part, err) == EX_OK)
            continue;
        if (sandbox_lost(s))
            return err->code;
        memset(to + i, 0, part);
        printf("damaged %llu %zu %s\n", (unsigned long long)(at + i), part, err->text);
    }
    return EX_OK;
}

static ex_code read_all(struct sandbox *s, const struct sandbox_content *c, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *block = malloc(SANDBOX_READ_BYTES_MAX);
    const char *given = getenv("BLOCK");
    size_t step = given == NULL ? SANDBOX_READ_BYTES_MAX : (size_t)atol(given);
    EVP_MD_CTX *sha256 = EVP_MD_CTX_new(), *md5 = EVP_MD_CTX_new();
    EVP_DigestInit_ex(sha256, EVP_sha256(), NULL);
    EVP_DigestInit_ex(md5, EVP_md5(), NULL);
    bool sums = getenv("NO_SUMS") == NULL;
    ex_code code = block == NULL ? EX_NOMEM : EX_OK;
    for (uint64_t at = 0; at < c->size_bytes && code == EX_OK; at += step) {
        uint64_t left = c->size_bytes - at;
        size_t size = left < step ? (size_t)left : step;
        code = read_block(s, c, at, block, size, err);
        if (sums)
            EVP_DigestUpdate(sha256, block, size);
        if (sums)
            EVP_DigestUpdate(md5, block, size);
    }
    print_hash(sha256, "sha256");
    print_hash(md5, "md5");
    return code;
}

static ex_code run(char **argv, struct ex_error *err) {
    struct files *f = ex_new0(struct files); /* for as long as the process */
    EX_AUTO(sandbox_free) struct sandbox *s = NULL;
    struct sandbox_content c = {0};
    struct sandbox_inputs inputs = {f, 0, read_file, named};
    (void)snprintf(f->path, sizeof f->path, "%s", argv[3]);
    EX_TRY(open_one(f, argv[3], 0, &inputs.size_bytes, err));
    EX_TRY(sandbox_start(argv[1], NULL, &s, err));
    ex_code code = sandbox_open(s, argv[2], &inputs, &c, err);
    if (code == EX_OK) {
        print_content(&c);
        code = read_all(s, &c, err);
    }
    sandbox_content_clear(&c);
    free(f);
    return code;
}

int main(int argc, char **argv) {
    struct ex_error err = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: read_container PROGRAM PARSER FILE\n");
        return 2;
    }
    ex_code code = run(argv, &err);
    if (code != EX_OK)
        printf("error %s: %s\n", ex_code_name(code), err.text);
    return ex_code_exit_status(code);
}
