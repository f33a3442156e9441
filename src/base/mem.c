/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdio.h>

ex_code ex_alloc(size_t count, size_t size_bytes, size_t limit_bytes, const char *what,
                 void *ret_pointer, struct ex_error *err) {
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total) || total > limit_bytes)
        return ex_fail(err, EX_LIMIT, "%s is larger than its limit of %zu bytes", what,
                       limit_bytes);
    void *p = calloc(1, total ? total : 1);
    if (p == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for %s (%zu bytes)", what, total);
    memcpy(ret_pointer, &p, sizeof p);
    return EX_OK;
}

ex_code ex_grow(void *array, size_t *capacity, size_t need, size_t size_bytes, size_t limit_bytes,
                const char *what, struct ex_error *err) {
    if (need <= *capacity)
        return EX_OK;
    size_t wanted = *capacity ? *capacity : 16;
    while (wanted < need)
        wanted = wanted > SIZE_MAX / 2 ? need : wanted * 2;
    size_t total;
    if (__builtin_mul_overflow(wanted, size_bytes, &total) || total > limit_bytes) {
        wanted = need;
        if (__builtin_mul_overflow(wanted, size_bytes, &total) || total > limit_bytes)
            return ex_fail(err, EX_LIMIT, "%s is larger than its limit of %zu bytes", what,
                           limit_bytes);
    }
    void *old;
    memcpy(&old, array, sizeof old);
    void *p = realloc(old, total);
    if (p == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for %s (%zu bytes)", what, total);
    memcpy(array, &p, sizeof p);
    *capacity = wanted;
    return EX_OK;
}

void *ex_new0_bytes(size_t size_bytes) {
    void *p = calloc(1, size_bytes);
    if (p == NULL) {
        fputs("exhibit: no memory\n", stderr);
        abort();
    }
    return p;
}

char *ex_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(ex_new0_bytes(size), text, size);
}
