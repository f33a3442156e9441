/* SPDX-License-Identifier: Apache-2.0 */
/* What a target that reads tar does so that a change gets behind the sums of the headers. */
#ifndef EXHIBIT_FUZZ_TAR_MEND_H
#define EXHIBIT_FUZZ_TAR_MEND_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Every block that calls itself a header gets its right sum. */
static inline void tar_mend(uint8_t *data, size_t size) {
    for (size_t at = 0; at + 512 <= size; at += 512) {
        unsigned sum = 8 * ' ';
        if (memcmp(data + at + 257, "ustar", 5) != 0)
            continue;
        for (size_t i = 0; i < 512; i++)
            sum += i >= 148 && i < 156 ? 0 : data[at + i];
        (void)snprintf((char *)data + at + 148, 8, "%06o", sum);
    }
}

#endif
