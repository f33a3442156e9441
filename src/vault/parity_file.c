/* SPDX-License-Identifier: Apache-2.0 */
/* The parity file: format/parity §2, §4. */
#include "base/bytes.h"
#include "vault/parity_internal.h"

static const uint8_t PARITY_MAGIC[8] = {'E', 'X', 'H', 'P', 'A', 'R', 0, 1};
enum { SMALL_PACK_BYTES = 4 << 20, TARGET_K = 64, TARGET_M = 4, HASHED_HEADER_BYTES = 96 };

static uint32_t divide_up(uint64_t a, uint32_t b) {
    return (uint32_t)((a + b - 1) / b);
}

uint32_t parity_block_count(const struct parity_head *h) {
    return divide_up(h->pack_bytes, h->block_bytes);
}

uint32_t parity_parity_count(const struct parity_head *h) {
    return h->m * h->groups;
}

uint64_t parity_copy_bytes(const struct parity_head *h) {
    uint64_t blocks = (uint64_t)parity_block_count(h) + parity_parity_count(h);
    uint64_t bytes = PARITY_HEADER_BYTES + blocks * SHA256_BYTES;
    return (bytes + PARITY_ALIGN_BYTES - 1) / PARITY_ALIGN_BYTES * PARITY_ALIGN_BYTES;
}

static size_t list_bytes(const struct parity_head *h) {
    return (size_t)parity_copy_bytes(h) - PARITY_HEADER_BYTES;
}

void parity_head_choose(uint64_t pack_bytes, struct parity_head *ret) {
    *ret = (struct parity_head){.pack_bytes = pack_bytes, .m = TARGET_M};
    ret->block_bytes =
        pack_bytes <= SMALL_PACK_BYTES ? PARITY_BLOCK_MIN_BYTES : PARITY_BLOCK_MAX_BYTES;
    ret->groups = divide_up(parity_block_count(ret), TARGET_K);
    ret->k = divide_up(parity_block_count(ret), ret->groups);
}

/* format/parity §2. Order matters: nothing is multiplied before it is known to be small. */
static bool numbers_are_right(const struct parity_head *h) {
    uint32_t b = h->block_bytes;
    if (b < PARITY_BLOCK_MIN_BYTES || b > PARITY_BLOCK_MAX_BYTES || (b & (b - 1)) != 0 ||
        h->pack_bytes < 1 || h->pack_bytes > EX_LIMIT_PACK_BYTES)
        return false;
    uint32_t n = parity_block_count(h);
    if (h->groups < 1 || h->groups > n || h->k != divide_up(n, h->groups) || h->m < 1 ||
        h->k > PARITY_SHARDS_MAX || h->m > PARITY_SHARDS_MAX - h->k)
        return false;
    return (uint64_t)n + (uint64_t)h->m * h->groups <= PARITY_BLOCKS_MAX;
}

/* format/parity §4.1 */
ex_code parity_head_parse(const uint8_t data[static PARITY_HEADER_BYTES], struct parity_head *ret,
                          struct ex_error *err) {
    static const uint8_t zero[16];
    struct ex_cursor c = ex_cursor_make(data, PARITY_HEADER_BYTES);
    if (memcmp(ex_cursor_bytes(&c, 7), PARITY_MAGIC, 7) != 0)
        return ex_fail(err, EX_ALTERED, "the file does not begin like a parity file");
    uint8_t version = ex_cursor_u8(&c);
    if (version != PARITY_MAGIC[7])
        return ex_fail(err, EX_UNSUPPORTED, "the parity file has the unknown version %u", version);
    ret->block_bytes = ex_cursor_le32(&c);
    ret->k = ex_cursor_le32(&c);
    ret->m = ex_cursor_le32(&c);
    ret->groups = ex_cursor_le32(&c);
    ret->pack_bytes = ex_cursor_le64(&c);
    ex_cursor_copy(&c, ret->pack_id, VAULT_PACK_ID_BYTES);
    ex_cursor_copy(&c, ret->vault_id, VAULT_ID_BYTES);
    if (memcmp(ex_cursor_bytes(&c, sizeof zero), zero, sizeof zero) != 0 || !numbers_are_right(ret))
        return ex_fail(err, EX_ALTERED, "the header of the parity file is damaged");
    return EX_OK;
}

static void head_write(const struct parity_file *f, uint8_t to[static PARITY_HEADER_BYTES]) {
    const struct parity_head *h = &f->head;
    struct sha256 hash;
    memset(to, 0, PARITY_HEADER_BYTES);
    memcpy(to, PARITY_MAGIC, sizeof PARITY_MAGIC);
    ex_put_le32(to + 8, h->block_bytes);
    ex_put_le32(to + 12, h->k);
    ex_put_le32(to + 16, h->m);
    ex_put_le32(to + 20, h->groups);
    ex_put_le64(to + 24, h->pack_bytes);
    memcpy(to + 32, h->pack_id, VAULT_PACK_ID_BYTES);
    memcpy(to + 64, h->vault_id, VAULT_ID_BYTES);
    sha256_start(&hash);
    sha256_add(&hash, to, HASHED_HEADER_BYTES);
    sha256_add(&hash, f->list, list_bytes(h));
    sha256_end(&hash, to + HASHED_HEADER_BYTES);
}

void parity_file_clear(struct parity_file *f) {
    free(f->list);
    *f = (struct parity_file){0};
}

uint8_t *parity_data_hash(const struct parity_file *f, uint32_t block) {
    return f->list + (size_t)block * SHA256_BYTES;
}

uint8_t *parity_parity_hash(const struct parity_file *f, uint32_t parity_block) {
    return parity_data_hash(f, parity_block_count(&f->head) + parity_block);
}

ex_code parity_file_begin(const struct parity_head *h, struct parity_file *ret,
                          struct ex_error *err) {
    if (!numbers_are_right(h))
        return ex_fail(err, EX_LIMIT, "the pack cannot have parity: it has %llu bytes",
                       (unsigned long long)h->pack_bytes);
    struct parity_file f = {.head = *h};
    EX_TRY(ex_alloc(list_bytes(h), 1, EX_LIMIT_PARITY_LIST_BYTES, "a parity file", &f.list, err));
    *ret = f;
    return EX_OK;
}

ex_code parity_file_write(const struct parity_file *f, int fd, const char *name,
                          struct ex_error *err) {
    uint8_t head[PARITY_HEADER_BYTES];
    uint64_t second =
        parity_copy_bytes(&f->head) + (uint64_t)parity_parity_count(&f->head) * f->head.block_bytes;
    size_t size = list_bytes(&f->head);
    head_write(f, head);
    EX_TRY(ex_write_at(fd, head, sizeof head, 0, name, err));
    EX_TRY(ex_write_at(fd, f->list, size, sizeof head, name, err));
    EX_TRY(ex_write_at(fd, f->list, size, second, name, err));
    return ex_write_at(fd, head, sizeof head, second + size, name, err);
}

/* A copy whose header stands at head_at; the list is behind it, or, in the second copy, before. */
static ex_code read_copy(const struct parity_input *in, uint64_t head_at, bool second,
                         const uint8_t *pack_id, const uint8_t *vault_id, struct parity_file *ret,
                         struct ex_error *err) {
    uint8_t head[PARITY_HEADER_BYTES], again[PARITY_HEADER_BYTES];
    struct parity_head h;
    struct parity_file f;
    EX_TRY(pack_read_direct(in->fd, in->method, head, sizeof head, head_at, in->name, err));
    EX_TRY(parity_head_parse(head, &h, err));
    if (memcmp(h.pack_id, pack_id, VAULT_PACK_ID_BYTES) != 0 ||
        memcmp(h.vault_id, vault_id, VAULT_ID_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the parity file belongs to another pack");
    size_t size = list_bytes(&h);
    if (second && size > head_at)
        return ex_fail(err, EX_ALTERED, "the header of the parity file is damaged");
    EX_TRY(parity_file_begin(&h, &f, err));
    uint64_t list_at = second ? head_at - size : head_at + PARITY_HEADER_BYTES;
    ex_code code = pack_read_direct(in->fd, in->method, f.list, size, list_at, in->name, err);
    if (code == EX_OK) {
        head_write(&f, again);
        if (memcmp(head, again, sizeof head) != 0)
            code = ex_fail(err, EX_ALTERED, "the list of hashes of the parity file is damaged");
    }
    if (code != EX_OK) {
        parity_file_clear(&f);
        return code;
    }
    *ret = f;
    return EX_OK;
}

ex_code parity_file_read(const struct parity_input *in,
                         const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                         const uint8_t vault_id[static VAULT_ID_BYTES], struct parity_file *ret,
                         struct ex_error *err) {
    struct parity_file first = {0}, second = {0};
    struct ex_error why_first = {0}, why_second = {0};
    uint64_t size = in->size_bytes;
    if (size < PARITY_HEADER_BYTES)
        return ex_fail(err, EX_ALTERED, "\"%s\" is no parity file", in->name);
    ex_code a = read_copy(in, 0, false, pack_id, vault_id, &first, &why_first);
    ex_code b =
        read_copy(in, size - PARITY_HEADER_BYTES, true, pack_id, vault_id, &second, &why_second);
    if (a != EX_OK && b != EX_OK) {
        const struct ex_error *why = a == EX_ALTERED ? &why_second : &why_first;
        ex_code code = a == EX_ALTERED ? b : a;
        return ex_fail(err, code, "%s", why->text);
    }
    *ret = a == EX_OK ? first : second;
    ret->copies_sound = (a == EX_OK ? 1U : 0U) + (b == EX_OK ? 1U : 0U);
    if (a == EX_OK && b == EX_OK)
        parity_file_clear(&second);
    return EX_OK;
}
