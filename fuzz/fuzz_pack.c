/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a pack file, and as a record. The first 16 bytes of the input are the vault's id;
 * the pack follows. Hashes are mended where the fuzzer cannot find them, so that it gets behind
 * them. */
#include "base/bytes.h"
#include "vault/vault_internal.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void damaged(void *context, uint64_t offset, uint64_t length) {
    uint64_t *end = context;
    if (length == 0 || offset < *end)
        abort();
    *end = offset + length;
}

/* What a list says must lie in the file and in its own table. */
static void check_list(const struct pack_list *l, size_t size_bytes) {
    uint64_t end = PACK_HEADER_BYTES;
    for (size_t i = 0; i < l->record_count; i++) {
        const struct pack_record *r = &l->record[i];
        if (r->offset < end || r->first + r->count > l->entry_count)
            abort();
        end = r->offset + RECORD_HEADER_BYTES + (uint64_t)r->head.stored_length;
    }
    if (end > size_bytes)
        abort();
}

static struct vault vault_of(const uint8_t *vault_id) {
    struct vault v = {.config = {.plain = true}};
    memcpy(v.config.id, vault_id, sizeof v.config.id);
    return v;
}

static void try_file(int fd, const uint8_t *vault_id, size_t size_bytes) {
    const struct vault v = vault_of(vault_id);
    struct pack_list l;
    uint64_t end = 0;
    if (pack_list_read(fd, &v, "pack", &l, NULL) == EX_OK) {
        check_list(&l, size_bytes);
        pack_list_clear(&l);
    }
    if (pack_list_walk(fd, &v, "pack", &l, damaged, &end, NULL) == EX_OK) {
        check_list(&l, size_bytes);
        pack_list_clear(&l);
    }
}

static void try_record(const uint8_t *pack_id, uint8_t *data, size_t size_bytes) {
    struct record r;
    size_t bad = 0;
    EX_AUTO(codec_free) struct codec *codec = NULL;
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    if (codec_new(&codec, NULL) != EX_OK || block_hasher_new(&hasher, NULL) != EX_OK)
        abort();
    struct pack_ref pack = {0};
    memcpy(pack.id, pack_id, sizeof pack.id);
    if (record_parse(codec, &pack, data, size_bytes, RECORD_ALL, &r, NULL) != EX_OK)
        return;
    if (r.head.type < RECORD_TRAILER && record_check_ids(&r, hasher, &bad, NULL) != EX_OK)
        abort();
    if (bad > r.entry_count)
        abort();
    record_clear(&r);
}

static void finish(const uint8_t *pack_id, uint8_t *record, uint32_t number) {
    struct pack_ref pack = {0};
    EX_AUTO(codec_free) struct codec *codec = NULL;
    memcpy(pack.id, pack_id, sizeof pack.id);
    if (codec_new(&codec, NULL) != EX_OK)
        abort();
    ex_code code = record_finish(codec, &pack, record, number, NULL);
    (void)code; /* a header that is none stays as it is */
}

/* The same bytes with the hash of the header, and the tag of the record behind it, made right. */
static void mend(uint8_t *pack, size_t size_bytes) {
    sha256_of(pack, 96, pack + 96);
    uint8_t *record = pack + PACK_HEADER_BYTES;
    size_t left = size_bytes - PACK_HEADER_BYTES;
    if (left < RECORD_HEADER_BYTES + 4)
        return;
    struct ex_cursor c = ex_cursor_make(record + RECORD_HEADER_BYTES, 4);
    uint32_t count = ex_cursor_le32(&c), number;
    if (count > (left - RECORD_HEADER_BYTES - 4) / TABLE_ENTRY_BYTES)
        return;
    c = ex_cursor_make(record + 4, 4);
    number = ex_cursor_le32(&c);
    ex_put_le32(record + 16, (uint32_t)(left - RECORD_HEADER_BYTES));
    ex_put_le32(record + 20, 4 + count * TABLE_ENTRY_BYTES);
    finish(pack + 16, record, number);
}

/* A right header, then bytes, then a trailer with a right tag and a right footer around any bytes:
 * what an enemy can write as well as we can. The first two bytes say where the trailer begins. */
static void try_trailer(int fd, const uint8_t *vault_id, const uint8_t *data, size_t size_bytes) {
    const struct pack_header header = {.kind = PACK_DATA};
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    size_t between = ex_cursor_le16(&c), record_bytes;
    EX_AUTO_FREE uint8_t *record = NULL;
    uint8_t head[PACK_HEADER_BYTES], footer[PACK_FOOTER_BYTES] = "EXHEND\1";
    struct sha256 h;
    const uint8_t *middle = ex_cursor_bytes(&c, between);
    size_t left = ex_cursor_left(&c);
    if (middle == NULL)
        return;
    const uint8_t *trailer = ex_cursor_bytes(&c, left);
    if (record_build(RECORD_TRAILER, NULL, 0, trailer, left, NULL, 0, false, &record, &record_bytes,
                     NULL) != EX_OK)
        abort();
    pack_header_write(&header, vault_id, head);
    finish(header.id, record, 0);
    ex_put_le64(footer + 8, sizeof head + between);
    sha256_start(&h);
    sha256_add(&h, header.id, sizeof header.id);
    sha256_add(&h, footer, 32);
    sha256_add(&h, record, record_bytes);
    sha256_end(&h, footer + 32);
    if (ftruncate(fd, 0) != 0 || ex_write_at(fd, head, sizeof head, 0, "pack", NULL) != EX_OK ||
        ex_write_at(fd, middle, between, sizeof head, "pack", NULL) != EX_OK ||
        ex_write_at(fd, record, record_bytes, sizeof head + between, "pack", NULL) != EX_OK ||
        ex_write_at(fd, footer, sizeof footer, sizeof head + between + record_bytes, "pack",
                    NULL) != EX_OK)
        abort();
    try_file(fd, vault_id, sizeof head + between + record_bytes + sizeof footer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    if (size_bytes < VAULT_ID_BYTES + PACK_HEADER_BYTES)
        return 0;
    size_t size = size_bytes - VAULT_ID_BYTES;
    EX_AUTO_FD int fd = memfd_create("pack", MFD_CLOEXEC);
    EX_AUTO_FREE uint8_t *pack = malloc(size);
    if (fd < 0 || pack == NULL)
        abort();
    memcpy(pack, data + VAULT_ID_BYTES, size);
    if (ex_write_at(fd, pack, size, 0, "pack", NULL) != EX_OK)
        abort();
    try_file(fd, data, size);
    try_record(pack + 16, pack + PACK_HEADER_BYTES, size - PACK_HEADER_BYTES);
    sha256_of(pack, 96, pack + 96);
    if (ex_write_at(fd, pack, size, 0, "pack", NULL) != EX_OK)
        abort();
    try_file(fd, data, size);
    mend(pack, size);
    if (ex_write_at(fd, pack, size, 0, "pack", NULL) != EX_OK)
        abort();
    try_file(fd, data, size);
    try_record(pack + 16, pack + PACK_HEADER_BYTES, size - PACK_HEADER_BYTES);
    try_trailer(fd, data, data + VAULT_ID_BYTES, size);
    return 0;
}
