/* SPDX-License-Identifier: Apache-2.0 */
/* Parity: what is mended is right, what cannot be is named, and no parity file makes it otherwise.
 */
#include "testing_vault.h"

#include "base/bytes.h"
#include "vault/parity_internal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static const uint8_t pack_id[VAULT_PACK_ID_BYTES] = {1, 2, 3};
static const uint8_t vault_id[VAULT_ID_BYTES] = {4, 4};

/* ---- a disk with bad sectors ---- */

static struct {
    ino_t inode; /* 0: a good disk */
    off_t from, to;
} bad_sectors;

ssize_t pread(int fd, void *to, size_t size, off_t offset) {
    struct stat st;
    if (bad_sectors.inode != 0 && fstat(fd, &st) == 0 && st.st_ino == bad_sectors.inode &&
        offset < bad_sectors.to && offset + (off_t)size > bad_sectors.from) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, to, size, offset);
}

/* ---- a pack and its parity, in memory ---- */

struct pair {
    size_t size, par_size;
    uint8_t *pack, *par; /* as they should be */
    int pack_fd, par_fd; /* as they are */
    struct parity_file f;
};

static int file_of(const uint8_t *bytes, size_t size) {
    int fd = memfd_create("file", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
    return fd;
}

static struct parity_input input_of(int fd) {
    struct stat st = {0};
    assert_true(fd < 0 || fstat(fd, &st) == 0);
    return (struct parity_input){.fd = fd,
                                 .method = VAULT_READ_CACHE_DROPPED,
                                 .size_bytes = (uint64_t)st.st_size,
                                 .name = "pack"};
}

static void make_pair_as(struct pair *p, const struct parity_head *head) {
    struct ex_error err;
    struct random random = {head->pack_bytes};
    *p = (struct pair){.size = head->pack_bytes};
    p->pack = ex_new0_bytes(p->size);
    random_fill(&random, p->pack, p->size);
    p->pack_fd = file_of(p->pack, p->size);
    p->par_fd = memfd_create("par", MFD_CLOEXEC);
    struct parity_input in = input_of(p->pack_fd);
    assert_code(EX_OK, parity_file_begin(head, &p->f, &err));
    assert_code(EX_OK, parity_encode(&p->f, &in, p->par_fd, "par", NULL, &err));
    p->par_size = input_of(p->par_fd).size_bytes;
    p->par = ex_new0_bytes(p->par_size);
    assert_int_equal(pread(p->par_fd, p->par, p->par_size, 0), (ssize_t)p->par_size);
}

static struct parity_head head_of(size_t size) {
    struct parity_head head;
    parity_head_choose(size, &head);
    memcpy(head.pack_id, pack_id, sizeof pack_id);
    memcpy(head.vault_id, vault_id, sizeof vault_id);
    return head;
}

static void make_pair(struct pair *p, size_t size) {
    struct parity_head head = head_of(size);
    make_pair_as(p, &head);
}

/* n blocks of 4096 bytes, the last one short by 100. */
static void make_small_pair(struct pair *p, uint32_t n, uint32_t groups, uint32_t m) {
    struct parity_head head = head_of(n * 4096 - 100);
    head.groups = groups;
    head.k = (n + groups - 1) / groups;
    head.m = m;
    make_pair_as(p, &head);
}

static void clear_pair(struct pair *p) {
    parity_file_clear(&p->f);
    close(p->pack_fd);
    close(p->par_fd);
    free(p->pack);
    free(p->par);
}

static void restore(struct pair *p) {
    assert_int_equal(ftruncate(p->pack_fd, (off_t)p->size), 0);
    assert_int_equal(pwrite(p->pack_fd, p->pack, p->size, 0), (ssize_t)p->size);
    assert_int_equal(ftruncate(p->par_fd, (off_t)p->par_size), 0);
    assert_int_equal(pwrite(p->par_fd, p->par, p->par_size, 0), (ssize_t)p->par_size);
}

static void flip(int fd, uint64_t offset) {
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
}

static void hurt_block(struct pair *p, uint32_t block) {
    uint64_t b = p->f.head.block_bytes, at = block * b;
    flip(p->pack_fd, at + (block * 7919) % (p->size - at < b ? p->size - at : b));
}

static void hurt_parity(struct pair *p, uint32_t parity_block) {
    uint64_t b = p->f.head.block_bytes;
    flip(p->par_fd, parity_copy_bytes(&p->f.head) + parity_block * b + parity_block * 7919 % b);
}

/* Reads the parity file, compares, mends. *ret_mended is a new file. */
static ex_code mend(const struct pair *p, int pack_fd, struct vault_parity_report *ret,
                    int *ret_mended, struct ex_error *err) {
    struct parity_file f;
    struct parity_input pack = input_of(pack_fd), par = input_of(p->par_fd);
    EX_TRY(parity_file_read(&par, pack_id, vault_id, &f, err));
    int fd = memfd_create("mended", MFD_CLOEXEC);
    ex_code code = parity_compare(&f, &pack, &par, fd, "mended", NULL, ret, err);
    parity_file_clear(&f);
    *ret_mended = fd;
    return code;
}

static bool is_lost(const struct vault_parity_report *r, uint64_t at) {
    for (size_t i = 0; i < r->lost_count; i++)
        if (at >= r->lost[i].offset && at - r->lost[i].offset < r->lost[i].length)
            return true;
    return false;
}

/* Outside the lost ranges a mended pack is the pack; check and mend say the same. */
static void mend_and_compare(const struct pair *p, int pack_fd, struct vault_parity_report *ret) {
    struct ex_error err;
    int fd;
    assert_code(EX_OK, mend(p, pack_fd, ret, &fd, &err));
    assert_int_equal(input_of(fd).size_bytes, p->size);
    EX_AUTO_FREE uint8_t *got = ex_new0_bytes(p->size);
    assert_int_equal(pread(fd, got, p->size, 0), (ssize_t)p->size);
    close(fd);
    if (ret->lost_count == 0)
        assert_memory_equal(got, p->pack, p->size);
    for (size_t i = 0; i < p->size; i++)
        if (got[i] != p->pack[i] && !is_lost(ret, i))
            fail_msg("byte %zu is wrong and not named", i);
    struct vault_parity_report check;
    struct parity_input pack = input_of(pack_fd), par = input_of(p->par_fd);
    assert_code(EX_OK, parity_compare(&p->f, &pack, &par, -1, NULL, NULL, &check, &err));
    assert_int_equal(check.blocks_bad, ret->blocks_bad);
    assert_int_equal(check.parity_blocks_bad, ret->parity_blocks_bad);
    assert_int_equal(check.groups_hurt, ret->groups_hurt);
    assert_int_equal(check.groups_lost, ret->groups_lost);
    assert_int_equal(check.bad_count, ret->bad_count);
    assert_int_equal(check.lost_count, ret->lost_count);
    vault_parity_report_clear(&check);
}

static void assert_mends(const struct pair *p, uint64_t blocks_bad) {
    struct vault_parity_report r;
    mend_and_compare(p, p->pack_fd, &r);
    assert_int_equal(r.blocks_bad, blocks_bad);
    assert_int_equal(r.lost_count, 0);
    assert_int_equal(r.groups_lost, 0);
    vault_parity_report_clear(&r);
}

/* ---- the code, another way ---- */

static uint8_t naive_mul(uint8_t a, uint8_t b) {
    unsigned x = a, product = 0;
    for (; b != 0; b >>= 1) {
        product ^= (b & 1) != 0 ? x : 0;
        x <<= 1;
        x ^= (x & 0x100) != 0 ? 0x11d : 0;
    }
    return (uint8_t)product;
}

static uint8_t naive_inverse(uint8_t a) {
    uint8_t x = 1;
    while (naive_mul(a, x) != 1)
        x++;
    return x;
}

static uint8_t naive_parity(const struct pair *p, uint32_t r, uint32_t g, uint32_t at) {
    const struct parity_head *h = &p->f.head;
    uint8_t sum = 0;
    for (uint32_t j = 0; j < h->k; j++) {
        size_t offset = ((size_t)j * h->groups + g) * h->block_bytes + at;
        if (offset < p->size)
            sum ^= naive_mul(naive_inverse((uint8_t)((h->k + r) ^ j)), p->pack[offset]);
    }
    return sum;
}

static void assert_parity_is_as_the_page_says(const struct pair *p) {
    const struct parity_head *h = &p->f.head;
    static const uint32_t places[] = {0, 1, 1000, 4095};
    for (uint32_t r = 0; r < h->m; r++)
        for (uint32_t g = 0; g < h->groups; g++)
            for (size_t i = 0; i < 4; i++) {
                size_t block = (size_t)r * h->groups + g;
                size_t at = parity_copy_bytes(h) + block * h->block_bytes + places[i];
                assert_int_equal(p->par[at], naive_parity(p, r, g, places[i]));
            }
}

/* ---- tests ---- */

static const size_t sizes[] = {
    1,         128,           4095,          4096,      4097,
    63 * 4096, 64 * 4096,     64 * 4096 + 1, 65 * 4096, 128 * 4096 + 1,
    4 << 20,   (4 << 20) + 1, 64 << 16,      65 << 16,  (9 << 20) + 12345};

static void all_sizes(void **state) {
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pair p;
        struct random random = {i};
        make_pair(&p, sizes[i]);
        const struct parity_head *h = &p.f.head;
        assert_int_equal(p.par_size, 2 * parity_copy_bytes(h) +
                                         (uint64_t)parity_parity_count(h) * h->block_bytes);
        assert_true(h->k <= 64 && h->m == 4);
        assert_parity_is_as_the_page_says(&p);
        assert_mends(&p, 0);
        uint32_t n = parity_block_count(h), hurt = 0;
        for (uint32_t g = 0; g < h->groups; g++) { /* up to m of each group, its parity included */
            for (uint32_t e = 0; e < h->m; e++) {
                uint32_t j = (uint32_t)(random_next(&random) % (h->k + h->m));
                uint32_t block = j * h->groups + g;
                if (j >= h->k)
                    hurt_parity(&p, (j - h->k) * h->groups + g);
                else if (block < n)
                    hurt_block(&p, block);
            }
        }
        for (uint32_t b = 0; b < n; b++) {
            size_t at = (size_t)b * h->block_bytes;
            size_t size = p.size - at < h->block_bytes ? p.size - at : h->block_bytes;
            uint8_t *now = ex_new0_bytes(size);
            assert_int_equal(pread(p.pack_fd, now, size, (off_t)at), (ssize_t)size);
            hurt += memcmp(now, p.pack + at, size) != 0;
            free(now);
        }
        assert_mends(&p, hurt);
        clear_pair(&p);
    }
}

static void erase_set(struct pair *p, uint32_t set, uint32_t n) {
    for (uint32_t i = 0; i < n + p->f.head.m; i++)
        if ((set >> i & 1) != 0 && i < n)
            hurt_block(p, i);
        else if ((set >> i & 1) != 0)
            hurt_parity(p, i - n);
}

/* One group of 6 + 3 blocks: every one of the 512 sets of bad blocks. */
static void every_set_of_bad_blocks(void **state) {
    enum { N = 6, M = 3 };
    struct pair p;
    make_small_pair(&p, N, 1, M);
    for (uint32_t set = 0; set < 1U << (N + M); set++) {
        struct vault_parity_report r;
        uint32_t data = (uint32_t)__builtin_popcount(set & ((1U << N) - 1));
        uint32_t parity = (uint32_t)__builtin_popcount(set >> N);
        bool lost = data > 0 && data > M - parity;
        erase_set(&p, set, N);
        mend_and_compare(&p, p.pack_fd, &r);
        assert_int_equal(r.blocks_bad, data);
        assert_int_equal(r.parity_blocks_bad, parity);
        assert_int_equal(r.groups_hurt, data > 0);
        assert_int_equal(r.groups_lost, lost);
        for (uint32_t i = 0; i < N; i++)
            assert_int_equal(is_lost(&r, i * 4096), lost && (set >> i & 1) != 0);
        vault_parity_report_clear(&r);
        restore(&p);
    }
    clear_pair(&p);
}

static void bursts(void **state) {
    enum { N = 23, G = 4, M = 2 };
    struct pair p;
    make_small_pair(&p, N, G, M);
    for (uint32_t from = 0; from < N; from++)
        for (uint32_t count = 1; count <= G * M + 1 && from + count <= N; count++) {
            struct vault_parity_report r;
            for (uint32_t i = 0; i < count; i++)
                hurt_block(&p, from + i);
            mend_and_compare(&p, p.pack_fd, &r);
            assert_int_equal(r.bad_count, 1);
            assert_int_equal(r.bad[0].offset, from * 4096);
            assert_int_equal(r.groups_hurt, count < G ? count : G);
            assert_int_equal(r.groups_lost, count > G * M);
            assert_int_equal(r.lost_count, count > G * M ? M + 1 : 0);
            for (size_t i = 0; i < r.lost_count; i++) /* of one group: G apart */
                assert_int_equal(r.lost[i].offset, (from + i * G) * 4096);
            vault_parity_report_clear(&r);
            restore(&p);
        }
    clear_pair(&p);
}

/* More parity than fits into memory at once: groups are done in several goes. */
static void several_windows(void **state) {
    struct parity_head head = head_of((12 << 16) - 5);
    struct pair p;
    head.block_bytes = 65536;
    head.groups = 6;
    head.k = 2;
    head.m = 200;
    make_pair_as(&p, &head);
    assert_mends(&p, 0);
    for (uint32_t i = 0; i < 12; i++)
        hurt_block(&p, i);
    for (uint32_t i = 0; i < 190 * 6; i++)
        hurt_parity(&p, i);
    assert_mends(&p, 12);
    clear_pair(&p);
}

static void packs_cut_off_longer_or_gone(void **state) {
    struct pair p;
    struct vault_parity_report r;
    enum { N = 7, G = 2, M = 2 };
    make_small_pair(&p, N, G, M);
    for (size_t size = 0; size < p.size; size += 511) {
        assert_int_equal(ftruncate(p.pack_fd, (off_t)size), 0);
        mend_and_compare(&p, p.pack_fd, &r);
        assert_int_equal(r.found_bytes, size);
        assert_int_equal(r.blocks_bad, N - size / 4096);
        assert_int_equal(r.groups_lost > 0, N - size / 4096 > G * M);
        assert_false(vault_parity_report_sound(&r));
        vault_parity_report_clear(&r);
        restore(&p);
    }
    assert_int_equal(ftruncate(p.pack_fd, (off_t)p.size + 1), 0);
    mend_and_compare(&p, p.pack_fd, &r);
    assert_int_equal(r.blocks_bad, 0);
    assert_int_equal(r.lost_count, 0);
    assert_false(vault_parity_report_sound(&r));
    clear_pair(&p);
    make_small_pair(&p, 3, 1, 3); /* as much parity as data */
    mend_and_compare(&p, -1, &r);
    assert_int_equal(r.blocks_bad, 3);
    assert_int_equal(r.found_bytes, 0);
    assert_int_equal(r.lost_count, 0);
    vault_parity_report_clear(&r);
    clear_pair(&p);
}

static void unreadable_sectors(void **state) {
    struct pair p;
    struct vault_parity_report r;
    struct ex_error err;
    struct stat st;
    make_pair(&p, (5 << 20) + 77);
    assert_int_equal(fstat(p.pack_fd, &st), 0);
    bad_sectors.inode = st.st_ino;
    bad_sectors.from = 700000;
    bad_sectors.to = 700000 + 130000;
    mend_and_compare(&p, p.pack_fd, &r);
    assert_int_equal(r.blocks_bad, 830000 / 65536 - 700000 / 65536 + 1);
    assert_int_equal(r.lost_count, 0);
    vault_parity_report_clear(&r);
    /* Too many for their groups: what can be read of a lost block is kept. */
    bad_sectors.to = 700000 + 65536 * (off_t)(p.f.head.groups * 5);
    int fd;
    uint8_t got[4096];
    assert_code(EX_OK, mend(&p, p.pack_fd, &r, &fd, &err));
    assert_true(is_lost(&r, 700000));
    assert_true(is_lost(&r, 165 * 4096)); /* of the same block as the first bad sector */
    assert_int_equal(pread(fd, got, sizeof got, 165 * 4096), sizeof got);
    assert_memory_equal(got, p.pack + 165 * 4096, sizeof got);
    vault_parity_report_clear(&r);
    close(fd);
    bad_sectors.inode = 0;
    /* No parity is made of what cannot be read. */
    bad_sectors.inode = st.st_ino;
    struct parity_input in = input_of(p.pack_fd);
    assert_code(EX_IO, parity_encode(&p.f, &in, p.par_fd, "par", NULL, &err));
    bad_sectors.inode = 0;
    clear_pair(&p);
}

static void one_copy_is_enough(void **state) {
    struct pair p;
    struct vault_parity_report r;
    struct ex_error err;
    struct parity_file f;
    make_small_pair(&p, 9, 2, 2);
    uint64_t h = parity_copy_bytes(&p.f.head);
    const uint64_t first[] = {0, 7, 8, 90, 100, 128, h - 1};
    const uint64_t second[] = {p.par_size - h, p.par_size - 129, p.par_size - 128, p.par_size - 1};
    for (size_t i = 0; i < 7; i++) {
        hurt_block(&p, 3);
        flip(p.par_fd, first[i]);
        mend_and_compare(&p, p.pack_fd, &r);
        assert_int_equal(r.copies_sound, 1);
        assert_int_equal(r.lost_count, 0);
        vault_parity_report_clear(&r);
        for (size_t k = 0; k < 4; k++) {
            struct parity_input in = input_of(p.par_fd);
            flip(p.par_fd, second[k]);
            ex_code code = parity_file_read(&in, pack_id, vault_id, &f, &err);
            assert_int_equal(code, i == 1 ? EX_UNSUPPORTED : EX_ALTERED);
            flip(p.par_fd, second[k]);
        }
        restore(&p);
    }
    for (size_t k = 0; k < 4; k++) {
        flip(p.par_fd, second[k]);
        mend_and_compare(&p, p.pack_fd, &r);
        assert_int_equal(r.copies_sound, 1);
        vault_parity_report_clear(&r);
        restore(&p);
    }
    mend_and_compare(&p, p.pack_fd, &r);
    assert_int_equal(r.copies_sound, 2);
    vault_parity_report_clear(&r);
    clear_pair(&p);
}

static void parity_of_another(void **state) {
    struct pair p;
    struct ex_error err;
    struct parity_file f;
    static const uint8_t other[32] = {1, 2, 4};
    make_small_pair(&p, 2, 1, 2);
    struct parity_input in = input_of(p.par_fd);
    assert_code(EX_OK, parity_file_read(&in, pack_id, vault_id, &f, &err));
    parity_file_clear(&f);
    assert_code(EX_ALTERED, parity_file_read(&in, other, vault_id, &f, &err));
    assert_code(EX_ALTERED, parity_file_read(&in, pack_id, other, &f, &err));
    clear_pair(&p);
}

/* With a damaged block in the pack: whatever one byte of the parity file is, the block is mended
 * rightly. */
static void every_flipped_byte_of_a_parity_file(void **state) {
    struct pair p;
    make_small_pair(&p, 2, 1, 2);
    hurt_block(&p, 1);
    for (size_t at = 0; at < p.par_size; at++) {
        flip(p.par_fd, at);
        assert_mends(&p, 1);
        flip(p.par_fd, at);
    }
    clear_pair(&p);
}

/* Cut to any length: as long as a copy is whole, what is mended is right and what is not is named.
 */
static void every_length_of_a_parity_file(void **state) {
    struct pair p;
    struct parity_file f;
    struct ex_error err;
    make_small_pair(&p, 2, 1, 2);
    hurt_block(&p, 0);
    uint64_t h = parity_copy_bytes(&p.f.head);
    for (size_t size = p.par_size; size-- > 0;) {
        struct vault_parity_report r;
        assert_int_equal(ftruncate(p.par_fd, (off_t)size), 0);
        if (size < h) {
            struct parity_input in = input_of(p.par_fd);
            assert_code(EX_ALTERED, parity_file_read(&in, pack_id, vault_id, &f, &err));
            continue;
        }
        mend_and_compare(&p, p.pack_fd, &r);
        assert_int_equal(r.lost_count, size < h + 4096);
        vault_parity_report_clear(&r);
    }
    clear_pair(&p);
}

/* A file whose own hashes are right and whose content is a lie. */
static void lies_are_not_believed(void **state) {
    struct pair p;
    struct vault_parity_report r;
    struct ex_error err;
    make_small_pair(&p, 6, 2, 2);
    parity_data_hash(&p.f, 3)[0] ^= 1;
    assert_code(EX_OK, parity_file_write(&p.f, p.par_fd, "par", &err));
    int fd;
    uint8_t got[4096];
    assert_code(EX_OK, mend(&p, p.pack_fd, &r, &fd, &err));
    assert_int_equal(r.blocks_bad, 1);
    assert_int_equal(r.groups_lost, 1);
    assert_int_equal(r.lost_count, 1);
    assert_int_equal(r.lost[0].offset, 3 * 4096);
    assert_int_equal(pread(fd, got, sizeof got, 3 * 4096), sizeof got);
    assert_memory_equal(got, p.pack + 3 * 4096, sizeof got); /* as it was read */
    close(fd);
    vault_parity_report_clear(&r);
    clear_pair(&p);
}

static void numbers_out_of_bounds(void **state) {
    struct pair p;
    struct parity_head head;
    struct ex_error err;
    uint8_t *h;
    static const struct {
        size_t at;
        uint32_t value;
    } lie[] = {{8, 0},    {8, 2048}, {8, 4097}, {8, 131072},      {8, UINT32_MAX}, {12, 0}, {12, 2},
               {12, 256}, {16, 0},   {16, 253}, {16, UINT32_MAX}, {20, 0},         {20, 7}, {20, 1},
               {24, 0},   {24, 9},   {28, 1},   {28, 2},          {28, INT32_MAX}, {80, 1}};
    make_small_pair(&p, 6, 2, 2);
    h = p.par;
    assert_code(EX_OK, parity_head_parse(h, &head, &err));
    for (size_t i = 0; i < sizeof lie / sizeof lie[0]; i++) {
        uint8_t changed[PARITY_HEADER_BYTES];
        memcpy(changed, h, sizeof changed);
        ex_put_le32(changed + lie[i].at, lie[i].value);
        if (parity_head_parse(changed, &head, &err) != EX_ALTERED)
            fail_msg("%u at %zu", lie[i].value, lie[i].at);
    }
    clear_pair(&p);
}

/* ---- in a vault ---- */

struct remover {
    const char *path;
    bool done;
};

static void remove_pack(struct ex_progress *progress, void *context) {
    struct remover *r = context;
    if (!r->done)
        assert_int_equal(unlink(r->path), 0);
    r->done = true;
}

static void put_two(struct place *p, struct vault_put_report *one, struct vault_put_report *two) {
    struct vault_object_info o;
    enum { SIZE = 6 << 20 };
    EX_AUTO_FREE uint8_t *data = mixed(7, SIZE);
    put_bytes(p, data, SIZE, &o, one);
    vault_object_info_clear(&o);
    put_bytes(p, (const uint8_t *)"hello", 5, &o, two);
    vault_object_info_clear(&o);
}

static void make_all(struct place *p, struct vault_parity_made *m) {
    struct ex_error err;
    assert_code(EX_OK, vault_parity_make_all(p->v, false, NULL, m, &err));
}

static void assert_counts(struct place *p, uint64_t with, uint64_t without, uint64_t left_over) {
    struct ex_error err;
    struct vault_parity_count count;
    assert_code(EX_OK, vault_parity_count(p->v, &count, &err));
    assert_int_equal(count.packs_with, with);
    assert_int_equal(count.packs_without, without);
    assert_int_equal(count.left_over, left_over);
}

static uint8_t *read_whole(const char *path, size_t *ret_size) {
    struct ex_error err;
    uint8_t *data;
    assert_code(EX_OK, ex_read_file(AT_FDCWD, path, 1 << 28, &data, ret_size, &err));
    return data;
}

static void a_vault_with_parity(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_put_report one, two;
    struct vault_parity_report r;
    struct vault_parity_made *m = ex_new0(struct vault_parity_made);
    char path[256], mended[300];
    size_t size, got_size;
    put_two(p, &one, &two);
    assert_counts(p, 0, 2, 0);
    assert_code(EX_NOT_FOUND, vault_parity_check(p->v, one.pack[0], NULL, &r, &err));
    make_all(p, m);
    assert_int_equal(m->packs, 2);
    assert_int_equal(m->made, 2);
    assert_int_equal(m->problem_count, 0);
    assert_counts(p, 2, 0, 0);
    make_all(p, m);
    assert_int_equal(m->had, 2);
    assert_int_equal(m->made, 0);
    assert_code(EX_EXISTS, vault_parity_make(p->v, two.pack[0], NULL, &err));
    vault_set_epochs(p->v, NULL); /* locked: what follows needs no key */
    EX_AUTO_FREE uint8_t *right = read_whole(pack_path(p, &one, 0, path), &size);
    for (uint64_t at = 100; at < size; at += size / 3)
        spoil(path, at, 0x10);
    assert_code(EX_OK, vault_parity_check(p->v, one.pack[0], NULL, &r, &err));
    assert_false(vault_parity_report_sound(&r));
    assert_int_equal(r.groups_lost, 0);
    vault_parity_report_clear(&r);
    assert_code(EX_OK, vault_parity_repair(p->v, one.pack[0], vault_dir_fd(p->v), "work/mended",
                                           NULL, &r, &err));
    assert_int_equal(r.lost_count, 0);
    assert_true(r.blocks_bad >= 1);
    vault_parity_report_clear(&r);
    (void)snprintf(mended, sizeof mended, "%s/work/mended", p->vault);
    EX_AUTO_FREE uint8_t *got = read_whole(mended, &got_size);
    assert_int_equal(got_size, size);
    assert_memory_equal(got, right, size);
    assert_code(EX_EXISTS, vault_parity_repair(p->v, one.pack[0], vault_dir_fd(p->v), "work/mended",
                                               NULL, &r, &err));
    EX_AUTO_FREE uint8_t *kept = read_whole(mended, &got_size);
    assert_memory_equal(kept, right, size);
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
    free(m);
}

static char *par_path(const struct place *p, const uint8_t *id, char to[static 256]) {
    char hex[SHA256_HEX_BYTES];
    ex_hex(hex, id, VAULT_PACK_ID_BYTES);
    (void)snprintf(to, 256, "%s/parity/%.2s/%s.par", p->vault, hex, hex);
    return to;
}

/* A damaged pack gets none and does not stop the other; what a killed process left is in nobody's
 * way. */
static void damaged_packs_get_none(void **state) {
    struct place *p = *state;
    struct vault_put_report one, two;
    struct vault_parity_made *m = ex_new0(struct vault_parity_made);
    struct stat st;
    char path[256];
    put_two(p, &one, &two);
    (void)snprintf(path, sizeof path, "%s/parity", p->vault);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/parity/making", p->vault);
    write_file(path, "half", 4);
    assert_int_equal(stat(pack_path(p, &one, 0, path), &st), 0);
    spoil(path, (uint64_t)st.st_size - 1, 1);
    make_all(p, m);
    assert_int_equal(m->packs, 2);
    assert_int_equal(m->made, 1);
    assert_int_equal(m->problem_count, 1);
    assert_counts(p, 1, 1, 0);
    spoil(path, (uint64_t)st.st_size - 1, 1);
    make_all(p, m);
    assert_int_equal(m->made, 1);
    assert_int_equal(m->had, 1);
    (void)snprintf(path, sizeof path, "%s/parity/making", p->vault);
    assert_int_not_equal(stat(path, &st), 0);
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
    free(m);
}

/* Damage in the middle: trailer and footer do not show it, --deep does. */
static void deep_making_looks_at_records(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_put_report one, two;
    struct vault_parity_made *m = ex_new0(struct vault_parity_made);
    char path[256];
    put_two(p, &one, &two);
    spoil(pack_path(p, &one, 0, path), 300000, 1);
    assert_code(EX_OK, vault_parity_make_all(p->v, true, NULL, m, &err));
    assert_int_equal(m->made, 1);
    assert_int_equal(m->problem_count, 1);
    assert_counts(p, 1, 1, 0);
    make_all(p, m);
    assert_counts(p, 2, 0, 0);
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
    free(m);
}

static void useless_parity_is_made_again(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_put_report one, two;
    struct vault_parity_report r;
    struct vault_parity_made *m = ex_new0(struct vault_parity_made);
    struct stat st;
    char path[256];
    put_two(p, &one, &two);
    make_all(p, m);
    assert_int_equal(stat(par_path(p, one.pack[0], path), &st), 0);
    spoil(path, 130, 1);
    make_all(p, m);
    assert_int_equal(m->had, 2); /* the second copy serves */
    spoil(path, (uint64_t)st.st_size - 1, 1);
    assert_code(EX_ALTERED, vault_parity_check(p->v, one.pack[0], NULL, &r, &err));
    make_all(p, m);
    assert_int_equal(m->had, 1);
    assert_int_equal(m->made, 1);
    assert_code(EX_OK, vault_parity_check(p->v, one.pack[0], NULL, &r, &err));
    assert_true(vault_parity_report_sound(&r));
    assert_int_equal(r.copies_sound, 2);
    vault_parity_report_clear(&r);
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
    free(m);
}

/* A small pack that is gone comes back whole; nothing removes its parity but a word from above. */
static void parity_of_a_pack_that_is_gone(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_put_report one, two;
    struct vault_parity_report r;
    struct vault_parity_made *m = ex_new0(struct vault_parity_made);
    char path[256], mended[300];
    size_t size, got_size;
    put_two(p, &one, &two);
    make_all(p, m);
    EX_AUTO_FREE uint8_t *right = read_whole(pack_path(p, &two, 0, path), &size);
    assert_int_equal(unlink(path), 0);
    make_all(p, m);
    assert_counts(p, 1, 0, 1);
    assert_code(EX_OK, vault_parity_repair(p->v, two.pack[0], vault_dir_fd(p->v), "work/mended",
                                           NULL, &r, &err));
    assert_int_equal(r.found_bytes, 0);
    assert_int_equal(r.lost_count, 0);
    vault_parity_report_clear(&r);
    (void)snprintf(mended, sizeof mended, "%s/work/mended", p->vault);
    EX_AUTO_FREE uint8_t *got = read_whole(mended, &got_size);
    assert_int_equal(got_size, size);
    assert_memory_equal(got, right, size);
    assert_code(EX_OK, vault_parity_remove(p->v, two.pack[0], &err));
    assert_code(EX_OK, vault_parity_remove(p->v, two.pack[0], &err));
    assert_false(vault_parity_has(p->v, two.pack[0]));
    assert_counts(p, 1, 0, 0);
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
    free(m);
}

static void one_at_a_time(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_put_report one, two;
    struct vault_parity_made *m = ex_new0(struct vault_parity_made);
    EX_AUTO_FD int parity_fd = -1;
    int lock;
    put_two(p, &one, &two);
    assert_code(EX_OK, ex_open_dir_at(vault_dir_fd(p->v), "parity", true, &parity_fd, &err));
    assert_code(EX_OK, ex_lock(parity_fd, "lock", true, 0, &lock, &err));
    assert_code(EX_BUSY, vault_parity_make_all(p->v, false, NULL, m, &err));
    assert_code(EX_BUSY, vault_parity_make(p->v, one.pack[0], NULL, &err));
    close(lock);
    assert_code(EX_OK, vault_parity_make(p->v, one.pack[0], NULL, &err));
    assert_counts(p, 1, 1, 0);
    make_all(p, m);
    assert_int_equal(m->had, 1);
    assert_int_equal(m->made, 1);
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
    free(m);
}

/* Removed for good while its parity was being made: none is left. */
static void removed_meanwhile(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_put_report one, two;
    char path[256];
    struct remover r = {.path = path};
    struct ex_progress progress = {.show = remove_pack, .context = &r};
    put_two(p, &one, &two);
    pack_path(p, &one, 0, path);
    assert_code(EX_OK, vault_parity_make(p->v, one.pack[0], &progress, &err));
    assert_true(r.done);
    assert_false(vault_parity_has(p->v, one.pack[0]));
    assert_counts(p, 0, 1, 0);
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
}

/* A link in the place of parity/ leads nobody out of the vault. */
static void parity_behind_a_link(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_put_report one, two;
    char path[256];
    put_two(p, &one, &two);
    (void)snprintf(path, sizeof path, "%s/parity", p->vault);
    assert_int_equal(symlink(p->root, path), 0);
    assert_code(EX_ALTERED, vault_parity_make(p->v, one.pack[0], NULL, &err));
    assert_false(vault_parity_has(p->v, one.pack[0]));
    vault_put_report_clear(&one);
    vault_put_report_clear(&two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sizes),
        cmocka_unit_test(every_set_of_bad_blocks),
        cmocka_unit_test(bursts),
        cmocka_unit_test(several_windows),
        cmocka_unit_test(packs_cut_off_longer_or_gone),
        cmocka_unit_test(unreadable_sectors),
        cmocka_unit_test(one_copy_is_enough),
        cmocka_unit_test(parity_of_another),
        cmocka_unit_test(every_flipped_byte_of_a_parity_file),
        cmocka_unit_test(every_length_of_a_parity_file),
        cmocka_unit_test(lies_are_not_believed),
        cmocka_unit_test(numbers_out_of_bounds),
        place_test(a_vault_with_parity),
        place_test(damaged_packs_get_none),
        place_test(deep_making_looks_at_records),
        place_test(useless_parity_is_made_again),
        place_test(parity_of_a_pack_that_is_gone),
        place_test(one_at_a_time),
        place_test(removed_meanwhile),
        place_test(parity_behind_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
