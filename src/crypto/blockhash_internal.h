/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine a block hasher uses: for blockhash.c and its test, which runs both. */
#ifndef EXHIBIT_CRYPTO_BLOCKHASH_INTERNAL_H
#define EXHIBIT_CRYPTO_BLOCKHASH_INTERNAL_H

#include "crypto/blockhash.h"

enum block_engine { BLOCK_ENGINE_IPSEC_MB, BLOCK_ENGINE_OPENSSL };

/* EX_UNSUPPORTED when this build or this processor cannot use that engine. */
EX_MUST_USE ex_code block_hasher_new_with(enum block_engine engine, struct block_hasher **ret,
                                          struct ex_error *err);
/* "libipsec-mb 1.3.0 (AVX512)": what this hasher uses. Lives as long as the hasher. */
const char *block_hasher_name(const struct block_hasher *h);

#endif
