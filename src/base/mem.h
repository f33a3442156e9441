/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: cleanup on scope exit, and allocation whose size an enemy may have chosen.
 *
 *     EX_AUTO(thing_free) struct thing *t = NULL;     freed when the scope ends
 *     *ret = ex_steal(&t);                            handed to the caller instead
 *
 * Every destructor accepts NULL. A type's header declares EX_DEFINE_AUTO(type, destructor) once.
 * Sizes that come from input go through ex_alloc() with the limit that the format page names.
 * Small fixed things use ex_new0() and end the process when memory is gone.
 */
#ifndef EXHIBIT_BASE_MEM_H
#define EXHIBIT_BASE_MEM_H

#include "base/error.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define EX_DEFINE_AUTO(type, destructor)                                                           \
    static inline void destructor##_auto(type **p) {                                               \
        if (*p != NULL)                                                                            \
            destructor(*p);                                                                        \
    }                                                                                              \
    struct ex_require_semicolon_

#define EX_AUTO(destructor) __attribute__((cleanup(destructor##_auto)))

static inline void ex_free_auto(void *p) {
    free(*(void **)p);
}
#define EX_AUTO_FREE __attribute__((cleanup(ex_free_auto)))

#define ex_steal(p)                                                                                \
    __extension__({                                                                                \
        __typeof__(*(p)) ex_stolen_ = *(p);                                                        \
        *(p) = NULL;                                                                               \
        ex_stolen_;                                                                                \
    })

/* count * size_bytes bytes, zeroed. EX_LIMIT when the product is over limit_bytes (or overflows),
 * EX_NOMEM when there is no memory; `what` names the thing in the message. The caller frees. A
 * request for nothing gives a pointer that may be freed. */
EX_MUST_USE ex_code ex_alloc(size_t count, size_t size_bytes, size_t limit_bytes, const char *what,
                             void *ret_pointer, struct ex_error *err);

/* Grows *array (of `size_bytes` elements, *capacity of them) so that it holds `need`, under the
 * same limit; what it held stays. */
EX_MUST_USE ex_code ex_grow(void *array, size_t *capacity, size_t need, size_t size_bytes,
                            size_t limit_bytes, const char *what, struct ex_error *err);

/* A small fixed thing, zeroed; ends the process with a message when memory is gone. */
void *ex_new0_bytes(size_t size_bytes);
#define ex_new0(type) ((type *)ex_new0_bytes(sizeof(type)))
char *ex_strdup(const char *text);

#endif
