/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for secrets, inside crypto/: locked where the system allows it, with guard pages, kept out
 * of core dumps, wiped by sodium_free(). */
#ifndef EXHIBIT_CRYPTO_SECRET_H
#define EXHIBIT_CRYPTO_SECRET_H

#include "base/error.h"
#include <stddef.h>

/* Also makes libsodium ready; safe on any thread. `what` names the secret in the message. */
EX_MUST_USE ex_code secret_alloc(size_t size_bytes, const char *what, void *ret_pointer,
                                 struct ex_error *err);

#endif
