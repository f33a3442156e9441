/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a parity file, against a pack of zeros. The first 48 bytes of the input are the ids
 * of pack and vault; the file follows. Its hash is mended where the fuzzer cannot find it, so that
 * it gets behind it. What is mended must have the hash that the file names, or be named as lost. */
#include "vault/parity_internal.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { IDS_BYTES = VAULT_PACK_ID_BYTES + VAULT_ID_BYTES, PACK_MAX = 8 << 20 };

static int file_of(const uint8_t *bytes, size_t size_bytes) {
    int fd = memfd_create("file", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size_bytes) != (ssize_t)size_bytes)
        abort();
    return fd;
}

static bool is_lost(const struct vault_parity_report *r, uint64_t at) {
    for (size_t i = 0; i < r->lost_count; i++)
        if (at >= r->lost[i].offset && at - r->lost[i].offset < r->lost[i].length)
            return true;
    return false;
}

static void check_mended(const struct parity_file *f, const struct vault_parity_report *r, int fd) {
    const struct parity_head *h = &f->head;
    static uint8_t block[PARITY_BLOCK_MAX_BYTES];
    for (uint32_t i = 0; i < parity_block_count(h); i++) {
        uint8_t hash[SHA256_BYTES];
        uint64_t at = (uint64_t)i * h->block_bytes;
        memset(block, 0, sizeof block);
        if (pread(fd, block, h->block_bytes, (off_t)at) < 0)
            abort();
        sha256_of(block, h->block_bytes, hash);
        if (!is_lost(r, at) && memcmp(hash, parity_data_hash(f, i), sizeof hash) != 0)
            abort();
    }
}

static void try_file(const uint8_t *ids, const uint8_t *file, size_t size_bytes) {
    struct parity_file f;
    struct vault_parity_report r;
    int fd = file_of(file, size_bytes);
    struct parity_input par = {
        .fd = fd, .method = VAULT_READ_CACHE_DROPPED, .size_bytes = size_bytes, .name = "parity"};
    if (parity_file_read(&par, ids, ids + VAULT_PACK_ID_BYTES, &f, NULL) == EX_OK) {
        int pack_fd = memfd_create("pack", MFD_CLOEXEC), to_fd = memfd_create("to", MFD_CLOEXEC);
        struct parity_input pack = par;
        pack.fd = pack_fd;
        pack.size_bytes = f.head.pack_bytes / 2;
        if (f.head.pack_bytes <= PACK_MAX && ftruncate(pack_fd, (off_t)pack.size_bytes) == 0) {
            if (parity_compare(&f, &pack, &par, to_fd, "to", NULL, &r, NULL) != EX_OK)
                abort();
            check_mended(&f, &r, to_fd);
            vault_parity_report_clear(&r);
        }
        close(pack_fd);
        close(to_fd);
        parity_file_clear(&f);
    }
    close(fd);
}

/* The same bytes with the hash of the first copy made right. */
static void mend(uint8_t *file, size_t size_bytes) {
    struct parity_head h;
    struct sha256 hash;
    if (size_bytes < PARITY_HEADER_BYTES || parity_head_parse(file, &h, NULL) != EX_OK ||
        parity_copy_bytes(&h) > size_bytes)
        return;
    sha256_start(&hash);
    sha256_add(&hash, file, 96);
    sha256_add(&hash, file + PARITY_HEADER_BYTES,
               (size_t)parity_copy_bytes(&h) - PARITY_HEADER_BYTES);
    sha256_end(&hash, file + 96);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    if (size_bytes < IDS_BYTES)
        return 0;
    size_t size = size_bytes - IDS_BYTES;
    try_file(data, data + IDS_BYTES, size);
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data + IDS_BYTES, size);
    mend(copy, size);
    if (size >= 80) { /* and whose it is */
        memcpy(copy + 32, data, IDS_BYTES);
        mend(copy, size);
    }
    try_file(data, copy, size);
    free(copy);
    return 0;
}
