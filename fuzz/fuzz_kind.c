/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: one known word or none, and a detail that a terminal can show. */
#include "formats/kind.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct kind k, again;
    kind_of_bytes(data, size, &k);
    if ((k.word == NULL) != (k.text == NULL) || (k.word == NULL && k.detail[0] != '\0') ||
        memchr(k.detail, '\0', sizeof k.detail) == NULL)
        abort();
    for (const char *c = k.detail; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            abort();
    kind_of_bytes(data, size < KIND_HEAD_BYTES ? size : KIND_HEAD_BYTES, &again);
    if (k.word != again.word || strcmp(k.detail, again.detail) != 0)
        abort();
    return 0;
}
