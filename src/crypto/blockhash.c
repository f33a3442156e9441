/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/blockhash_internal.h"
#include "crypto/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#ifdef EXHIBIT_HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

struct block_hasher {
#ifdef EXHIBIT_HAVE_IPSEC_MB
    IMB_MGR *manager; /* NULL: OpenSSL */
#endif
    EVP_MD *sha256;
    EVP_MD_CTX *context;
    char name[64];
    uint8_t tail[BLOCK_BYTES]; /* the last block with its padding */
};

static void fill_tail(struct block_hasher *h, const struct block_span *span) {
    size_t rest = span->size_bytes % BLOCK_BYTES;
    memcpy(h->tail, span->data + (span->size_bytes - rest), rest);
    memset(h->tail + rest, 0, BLOCK_BYTES - rest);
}

#ifdef EXHIBIT_HAVE_IPSEC_MB

static const char *arch_name(uint32_t arch) {
    switch (arch) {
    case IMB_ARCH_SSE:
        return "SSE";
    case IMB_ARCH_AVX:
        return "AVX";
    case IMB_ARCH_AVX2:
        return "AVX2";
    case IMB_ARCH_AVX512:
        return "AVX512";
    default:
        return NULL;
    }
}

static ex_code start_ipsec_mb(struct block_hasher *h, struct ex_error *err) {
    IMB_ARCH arch = IMB_ARCH_NONE;
    h->manager = alloc_mb_mgr(0);
    if (h->manager == NULL)
        return ex_fail(err, EX_UNSUPPORTED, "libipsec-mb could not start");
    init_mb_mgr_auto(h->manager, &arch);
    /* The library tests itself on this processor; a result that it does not trust is not ours. The
     * emulation for processors without AES instructions would be slower than OpenSSL. */
    if (imb_get_errno(h->manager) != 0 || arch_name(arch) == NULL ||
        (h->manager->features & IMB_FEATURE_SELF_TEST_PASS) == 0)
        return ex_fail(err, EX_UNSUPPORTED, "libipsec-mb does not work on this processor");
    (void)snprintf(h->name, sizeof h->name, "libipsec-mb %s (%s)", imb_get_version_str(),
                   arch_name(arch));
    return EX_OK;
}

/* Counts a job that came back, if one did. */
static bool count_job(const IMB_JOB *job, size_t *done) {
    if (job == NULL || job->status != IMB_STATUS_COMPLETED)
        return false;
    ++*done;
    return true;
}

static void submit_block(IMB_MGR *manager, const uint8_t *block, uint8_t *ret, size_t *done) {
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);
    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_HASH_CIPHER;
    job->hash_alg = IMB_AUTH_SHA_256;
    job->src = block;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = BLOCK_BYTES;
    job->auth_tag_output = ret;
    job->auth_tag_output_len_in_bytes = BLOCK_HASH_BYTES;
    (void)count_job(IMB_SUBMIT_JOB(manager), done);
}

static void flush_blocks(IMB_MGR *manager, size_t *done) {
    while (count_job(IMB_FLUSH_JOB(manager), done))
        ;
}

/* The job interface: in version 1.3 the burst interface for hashes has no plain SHA-256. */
static ex_code run_ipsec_mb(struct block_hasher *h, const struct block_span *span, size_t count,
                            struct ex_error *err) {
    size_t asked = 0, done = 0;
    bool tail_taken = false;
    for (size_t k = 0; k < count; k++) {
        size_t full = span[k].size_bytes / BLOCK_BYTES;
        bool tail = span[k].size_bytes % BLOCK_BYTES > 0;
        for (size_t i = 0; i < full; i++)
            submit_block(h->manager, span[k].data + i * BLOCK_BYTES, span[k].ret[i], &done);
        asked += full + tail;
        if (!tail)
            continue;
        if (tail_taken) /* there is room for one */
            flush_blocks(h->manager, &done);
        tail_taken = true;
        fill_tail(h, &span[k]);
        submit_block(h->manager, h->tail, span[k].ret[full], &done);
    }
    flush_blocks(h->manager, &done);
    if (done != asked)
        return ex_fail(err, EX_INTERNAL, "libipsec-mb hashed %zu of %zu blocks: %s", done, asked,
                       imb_get_strerror(imb_get_errno(h->manager)));
    return EX_OK;
}

#endif

static ex_code start_openssl(struct block_hasher *h, struct ex_error *err) {
    h->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->context = EVP_MD_CTX_new();
    if (h->sha256 == NULL || h->context == NULL)
        return ex_fail(err, EX_UNSUPPORTED, "OpenSSL has no SHA-256");
    (void)snprintf(h->name, sizeof h->name, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
    return EX_OK;
}

static bool openssl_block(struct block_hasher *h, const uint8_t *block, uint8_t *ret) {
    return EVP_DigestInit_ex(h->context, h->sha256, NULL) == 1 &&
           EVP_DigestUpdate(h->context, block, BLOCK_BYTES) == 1 &&
           EVP_DigestFinal_ex(h->context, ret, NULL) == 1;
}

static ex_code run_openssl(struct block_hasher *h, const struct block_span *span, size_t count,
                           struct ex_error *err) {
    bool good = true;
    for (size_t k = 0; good && k < count; k++) {
        size_t full = span[k].size_bytes / BLOCK_BYTES;
        for (size_t i = 0; good && i < full; i++)
            good = openssl_block(h, span[k].data + i * BLOCK_BYTES, span[k].ret[i]);
        if (!good || span[k].size_bytes % BLOCK_BYTES == 0)
            continue;
        fill_tail(h, &span[k]);
        good = openssl_block(h, h->tail, span[k].ret[full]);
    }
    return good ? EX_OK : ex_fail(err, EX_INTERNAL, "OpenSSL could not hash a block");
}

ex_code block_hasher_new_with(enum block_engine engine, struct block_hasher **ret,
                              struct ex_error *err) {
    EX_AUTO(block_hasher_free) struct block_hasher *h = ex_new0(struct block_hasher);
    if (engine == BLOCK_ENGINE_OPENSSL) {
        EX_TRY(start_openssl(h, err));
    } else {
#ifdef EXHIBIT_HAVE_IPSEC_MB
        EX_TRY(start_ipsec_mb(h, err));
#else
        return ex_fail(err, EX_UNSUPPORTED, "this program was built without libipsec-mb");
#endif
    }
    *ret = ex_steal(&h);
    return EX_OK;
}

ex_code block_hasher_new(struct block_hasher **ret, struct ex_error *err) {
    if (block_hasher_new_with(BLOCK_ENGINE_IPSEC_MB, ret, NULL) == EX_OK)
        return EX_OK;
    return block_hasher_new_with(BLOCK_ENGINE_OPENSSL, ret, err);
}

void block_hasher_free(struct block_hasher *h) {
    if (h == NULL)
        return;
#ifdef EXHIBIT_HAVE_IPSEC_MB
    if (h->manager != NULL)
        free_mb_mgr(h->manager);
#endif
    EVP_MD_CTX_free(h->context);
    EVP_MD_free(h->sha256);
    free(h);
}

ex_code block_hasher_run_spans(struct block_hasher *h, const struct block_span *span, size_t count,
                               struct ex_error *err) {
#ifdef EXHIBIT_HAVE_IPSEC_MB
    if (h->manager != NULL)
        return run_ipsec_mb(h, span, count, err);
#endif
    return run_openssl(h, span, count, err);
}

ex_code block_hasher_run(struct block_hasher *h, const uint8_t *data, size_t size_bytes,
                         uint8_t (*ret)[BLOCK_HASH_BYTES], struct ex_error *err) {
    const struct block_span span = {.data = data, .size_bytes = size_bytes, .ret = ret};
    return block_hasher_run_spans(h, &span, 1, err);
}

const char *block_hasher_name(const struct block_hasher *h) {
    return h->name;
}

/* Two tables that are made once and never change after that. */
static pthread_once_t constants_once = PTHREAD_ONCE_INIT;
static uint8_t constants[256][BLOCK_HASH_BYTES];
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static char engine_name[64];

static void make_constants(void) {
    uint8_t block[BLOCK_BYTES];
    for (int value = 0; value < 256; value++) {
        memset(block, value, sizeof block);
        sha256_of(block, sizeof block, constants[value]);
    }
}

const uint8_t *block_hash_constant(uint8_t value) {
    (void)pthread_once(&constants_once, make_constants);
    return constants[value];
}

static void make_engine_name(void) {
    EX_AUTO(block_hasher_free) struct block_hasher *h = NULL;
    const char *name = block_hasher_new(&h, NULL) == EX_OK ? h->name : "none";
    (void)snprintf(engine_name, sizeof engine_name, "%s", name);
}

const char *block_hasher_engine(void) {
    (void)pthread_once(&engine_once, make_engine_name);
    return engine_name;
}
