/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

ex_code secret_alloc(size_t size_bytes, const char *what, void *ret_pointer, struct ex_error *err) {
    if (sodium_init() < 0)
        return ex_fail(err, EX_INTERNAL, "libsodium could not start");
    void *p = sodium_malloc(size_bytes);
    if (p == NULL)
        return ex_hint(
            ex_fail(err, EX_NOMEM, "no protected memory for %s (%zu bytes)", what, size_bytes), err,
            "raise the limit of locked memory (ulimit -l) or free some memory");
    memcpy(ret_pointer, &p, sizeof p);
    return EX_OK;
}
