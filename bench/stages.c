/* SPDX-License-Identifier: Apache-2.0 */
/* What each stage of a collection costs on its own, on one core: stages IMAGE DIR [MIB].
 *
 * Reads MIB (default 512) from the beginning of IMAGE and runs one stage after the other over it,
 * through the same code as a collection. DIR: where a file of that size is written and removed.
 * Prints GB of the image for each second of processor time, and of the clock where it waits for a
 * disk; and, for the levels of zstd, how much is left. */
#include "base/clock.h"
#include "base/file.h"
#include "crypto/aead.h"
#include "crypto/sha256_pair.h"
#include "vault/vault_internal.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct bench {
    uint8_t *data, *coded;
    size_t size;
    struct block_hasher *hasher;
    uint8_t (*hash)[SHA256_BYTES];
    const char *dir, *image;
};

static double cpu_seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "stages: %s\n", what);
    exit(1);
}

static void stage(struct bench *b, const char *name, void (*run)(struct bench *)) {
    double cpu = cpu_seconds();
    uint64_t start = ex_monotonic_ns();
    run(b);
    cpu = cpu_seconds() - cpu;
    double clock = (double)(ex_monotonic_ns() - start) / 1e9, bytes = (double)b->size / 1e9;
    printf("%-34s %8.2f %8.2f\n", name, bytes / cpu, bytes / clock);
}

static void read_image(struct bench *b) {
    EX_AUTO_FD int fd = open(b->image, O_RDONLY | O_CLOEXEC);
    for (size_t at = 0; at < b->size; at += 1 << 20)
        check(pread(fd, b->data + at, 1 << 20, (off_t)at) == 1 << 20, "the image is too short");
}

static void copy(struct bench *b) {
    memcpy(b->coded, b->data, b->size);
}

static void linear_nettle(struct bench *b) {
    struct sha256 h;
    uint8_t ret[SHA256_BYTES];
    sha256_start(&h);
    for (size_t at = 0; at < b->size; at += 1 << 20)
        sha256_add(&h, b->data + at, 1 << 20);
    sha256_end(&h, ret);
}

static void linear_openssl(struct bench *b) {
    EVP_MD_CTX *h = EVP_MD_CTX_new();
    uint8_t ret[SHA256_BYTES];
    check(EVP_DigestInit_ex(h, EVP_sha256(), NULL) == 1, "OpenSSL");
    for (size_t at = 0; at < b->size; at += 1 << 20)
        EVP_DigestUpdate(h, b->data + at, 1 << 20);
    EVP_DigestFinal_ex(h, ret, NULL);
    EVP_MD_CTX_free(h);
}

static void blocks(struct bench *b) {
    for (size_t at = 0; at < b->size; at += 1 << 20)
        check(block_hasher_run(b->hasher, b->data + at, 1 << 20, b->hash, NULL) == EX_OK, "hash");
}

static void constant(struct bench *b) {
    size_t count = 0;
    for (size_t at = 0; at < b->size; at += BLOCK_BYTES)
        count += block_is_constant(b->data + at, BLOCK_BYTES);
    printf("  %.3f constant\n", (double)count * BLOCK_BYTES / (double)b->size);
}

static void aes_gcm(struct bench *b) {
    static const uint8_t key[AEAD_KEY_BYTES], nonce[AEAD_NONCE_BYTES];
    struct aead *a;
    uint8_t tag[AEAD_TAG_BYTES];
    const struct aead_ad ad = {0};
    check(aead_new(&a, NULL) == EX_OK && aead_set_key(a, key, NULL) == EX_OK, "AES-GCM");
    for (size_t at = 0; at < b->size; at += RECORD_TARGET_BYTES)
        check(aead_seal(a, nonce, &ad, b->data + at, RECORD_TARGET_BYTES, b->coded, tag, NULL) ==
                  EX_OK,
              "AES-GCM");
    aead_free(a);
}

static void one_pass(struct bench *b) {
    struct sha256 h;
    uint8_t ret[SHA256_BYTES];
    if (!sha256_pair_works())
        return;
    sha256_start(&h);
    for (size_t at = 0; at < b->size; at += 1 << 20)
        sha256_pair_add(&h, b->data + at, (1 << 20) / BLOCK_BYTES, b->hash);
    sha256_end(&h, ret);
}

static void stream_in_pair(struct bench *b) {
    struct sha256 h;
    uint8_t ret[SHA256_BYTES];
    if (!sha256_pair_works())
        return;
    sha256_start(&h);
    for (size_t at = 0; at < b->size; at += 1 << 20)
        sha256_pair_add(&h, b->data + at, (1 << 20) / BLOCK_BYTES, NULL);
    sha256_end(&h, ret);
}

/* Records of a plain vault: what is not zstd in them costs next to nothing. */
static void records_at(struct bench *b, int level) {
    static const struct pack_ref plain = {.epoch = 0};
    const struct table_entry entry = {.length = RECORD_TARGET_BYTES};
    EX_AUTO(codec_free) struct codec *codec = NULL;
    double building = 0, parsing = 0, stored = 0, gigabytes = (double)b->size / 1e9;
    check(codec_new(&codec, NULL) == EX_OK, "no codec");
    for (size_t at = 0; at < b->size; at += RECORD_TARGET_BYTES) {
        EX_AUTO_FREE uint8_t *built = NULL;
        size_t size;
        struct record r;
        double start = cpu_seconds();
        check(record_build(RECORD_CHUNKS, &entry, 1, b->data + at, RECORD_TARGET_BYTES, codec,
                           level, false, &built, &size, NULL) == EX_OK,
              "build");
        double middle = cpu_seconds();
        check(record_finish(codec, &plain, built, 0, NULL) == EX_OK &&
                  record_parse(codec, &plain, built, size, RECORD_ALL, &r, NULL) == EX_OK,
              "parse");
        parsing += cpu_seconds() - middle;
        building += middle - start;
        stored += (double)size;
        record_clear(&r);
    }
    printf("compress at level %2d               %8.2f          %.3f of the bytes left\n", level,
           gigabytes / building, stored / (double)b->size);
    printf("  decompress                       %8.2f\n", gigabytes / parsing);
}

static int file_in(struct bench *b, int flags) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/stages.tmp", b->dir);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    check(fd >= 0, "could not open a file in DIR");
    return fd;
}

static void write_file(struct bench *b) {
    EX_AUTO_FD int fd = file_in(b, O_WRONLY | O_CREAT | O_TRUNC);
    for (size_t at = 0; at < b->size; at += RECORD_TARGET_BYTES)
        check(pwrite(fd, b->data + at, RECORD_TARGET_BYTES, (off_t)at) == RECORD_TARGET_BYTES,
              "write");
}

static void sync_file(struct bench *b) {
    EX_AUTO_FD int fd = file_in(b, O_WRONLY);
    check(fdatasync(fd) == 0, "sync");
}

static void write_direct(struct bench *b) {
    EX_AUTO_FD int fd = file_in(b, O_WRONLY | O_DIRECT | O_TRUNC);
    for (size_t at = 0; at < b->size; at += 1 << 20)
        check(pwrite(fd, b->data + at, 1 << 20, (off_t)at) == 1 << 20, "write directly");
    check(fdatasync(fd) == 0, "sync");
}

static void read_direct(struct bench *b) {
    EX_AUTO_FD int fd = file_in(b, O_RDONLY | O_DIRECT);
    for (size_t at = 0; at < b->size; at += RECORD_TARGET_BYTES)
        check(pread(fd, b->coded, RECORD_TARGET_BYTES, (off_t)at) == RECORD_TARGET_BYTES, "read");
}

static void all(struct bench *b) {
    static const int level[] = {3, 1, -1, -2, -3};
    char path[4096];
    printf("%-34s %8s %8s\n", "GB for each second", "of CPU", "of clock");
    stage(b, "read from the page cache", read_image);
    stage(b, "copy", copy);
    stage(b, "is a block constant", constant);
    stage(b, "SHA-256, linear, Nettle", linear_nettle);
    stage(b, "SHA-256, linear, OpenSSL", linear_openssl);
    stage(b, "SHA-256, linear, ours", stream_in_pair);
    stage(b, "SHA-256, linear and blocks, ours", one_pass);
    stage(b, block_hasher_engine(), blocks);
    stage(b, "AES-256-GCM", aes_gcm);
    for (size_t i = 0; i < sizeof level / sizeof *level; i++)
        records_at(b, level[i]);
    stage(b, "write to the page cache", write_file);
    stage(b, "fdatasync", sync_file);
    stage(b, "write with O_DIRECT, fdatasync", write_direct);
    stage(b, "read with O_DIRECT", read_direct);
    (void)snprintf(path, sizeof path, "%s/stages.tmp", b->dir);
    (void)unlink(path);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: stages IMAGE DIR [MIB]\n");
        return 2;
    }
    struct bench b = {.image = argv[1], .dir = argv[2]};
    b.size = (size_t)(argc > 3 ? strtoul(argv[3], NULL, 10) : 512) << 20;
    b.data = aligned_alloc(BLOCK_BYTES, b.size);
    b.coded = aligned_alloc(BLOCK_BYTES, b.size);
    b.hash = calloc((1 << 20) / BLOCK_BYTES, sizeof *b.hash);
    check(b.data != NULL && b.coded != NULL && b.hash != NULL, "no memory");
    check(block_hasher_new(&b.hasher, NULL) == EX_OK, "no hasher");
    memset(b.coded, 1, b.size);
    memset(b.data, 1, b.size);
    all(&b);
    block_hasher_free(b.hasher);
    free(b.data);
    free(b.coded);
    free(b.hash);
    return 0;
}
