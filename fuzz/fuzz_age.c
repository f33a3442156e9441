/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an age file, for fixed keys: as a stream in two sizes of pieces and by chunk, which
 * must agree; and as files of recipients and of identities. */
#include "base/file.h"
#include "base/mem.h"
#include "crypto/seal.h"
#include "crypto/sha256.h"
#include "formats/age.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The keys of the official vectors, which are among the seeds; scrypt with little work. */
static const char IDENTITIES[] =
    "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n"
    "AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6\n";
enum { WORK_FACTOR_MAX = 10, PIECE_BYTES = 61 };

struct memory {
    const uint8_t *data;
    size_t left, piece;
};

static ex_code read_memory(void *context, void *to, size_t size, size_t *ret,
                           struct ex_error *err) {
    struct memory *m = context;
    size_t take = m->left < size ? m->left : size;
    take = take < m->piece ? take : m->piece;
    if (take > 0)
        memcpy(to, m->data, take);
    m->data += take;
    m->left -= take;
    *ret = take;
    return EX_OK;
}

static ex_code as_stream(struct memory m, const struct age_keys *keys, struct sha256 *h) {
    EX_AUTO(age_decrypt_free) struct age_decrypt *d = NULL;
    const uint8_t *plain;
    size_t got;
    sha256_start(h);
    EX_TRY(age_decrypt_new((struct age_source){read_memory, &m}, keys, &d, NULL));
    do {
        EX_TRY(age_decrypt_next(d, &plain, &got, NULL));
        sha256_add(h, plain, got);
    } while (got > 0);
    return EX_OK;
}

static ex_code by_chunk(const uint8_t *data, size_t size, const struct age_keys *keys,
                        struct sha256 *h) {
    EX_AUTO(age_reader_free) struct age_reader *r = NULL;
    EX_AUTO_FREE uint8_t *chunk = ex_new0_bytes(AGE_CHUNK_BYTES);
    EX_AUTO_FD int fd = memfd_create("age", MFD_CLOEXEC);
    size_t got;
    sha256_start(h);
    if (fd < 0 || (size > 0 && ex_write_all(fd, data, size, "memory", NULL) != EX_OK))
        abort();
    EX_TRY(age_reader_open(fd, "memory", keys, &r, NULL));
    for (uint64_t i = 0; i < age_reader_chunk_count(r); i++) {
        EX_TRY(age_reader_chunk(r, i, chunk, &got, NULL));
        sha256_add(h, chunk, got);
    }
    return EX_OK;
}

static void must_agree(struct sha256 *a, struct sha256 *b) {
    uint8_t hash[2][SHA256_BYTES];
    sha256_end(a, hash[0]);
    sha256_end(b, hash[1]);
    if (memcmp(hash[0], hash[1], SHA256_BYTES) != 0)
        abort();
}

static void one_file(const uint8_t *data, size_t size, const struct age_keys *keys) {
    struct sha256 whole, pieces, chunks;
    ex_code code = as_stream((struct memory){data, size, SIZE_MAX}, keys, &whole);
    ex_code again = as_stream((struct memory){data, size, PIECE_BYTES}, keys, &pieces);
    if (code != again)
        abort();
    struct sha256 copy = whole;
    must_agree(&whole, &pieces);
    again = by_chunk(data, size, keys, &chunks);
    if (again == EX_UNSUPPORTED) /* armored, or another version */
        return;
    if (again != code)
        abort();
    if (code == EX_OK)
        must_agree(&copy, &chunks);
}

static void one_file_of_recipients(const char *text, size_t size) {
    EX_AUTO_FREE struct age_recipient *list = NULL;
    size_t count = 0;
    if (age_recipients_parse(text, size, &list, &count, NULL) != EX_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        char printed[AGE_RECIPIENT_CHARS + 1];
        struct age_recipient again;
        if (age_recipient_parse(age_recipient_print(&list[i], printed), AGE_RECIPIENT_CHARS, &again,
                                NULL) != EX_OK ||
            memcmp(&again, &list[i], sizeof again) != 0 ||
            memmem(text, size, printed, AGE_RECIPIENT_CHARS) == NULL)
            abort();
    }
}

static void one_file_of_identities(const char *text, size_t size) {
    EX_AUTO(age_identities_free) struct age_identities *ids = NULL;
    if (age_identities_new(&ids, NULL) != EX_OK)
        abort();
    (void)!age_identities_parse_file(ids, text, size, NULL);
    for (size_t i = 0; i < age_identities_count(ids); i++) {
        SEAL_AUTO_SECRET char *printed = NULL;
        if (age_identities_print(ids, i, &printed, NULL) != EX_OK ||
            memmem(text, size, printed, AGE_IDENTITY_CHARS) == NULL)
            abort(); /* there is one spelling of a key */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    EX_AUTO(age_identities_free) struct age_identities *ids = NULL;
    if (age_identities_new(&ids, NULL) != EX_OK ||
        age_identities_parse_file(ids, IDENTITIES, sizeof IDENTITIES - 1, NULL) != EX_OK)
        abort();
    const struct age_keys keys = {.identities = ids,
                                  .passphrase = "password",
                                  .passphrase_bytes = 8,
                                  .work_factor_max = WORK_FACTOR_MAX};
    one_file(data, size, &keys);
    one_file_of_recipients((const char *)data, size);
    one_file_of_identities((const char *)data, size);
    return 0;
}
