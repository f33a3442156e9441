/* SPDX-License-Identifier: Apache-2.0 */
/* Every bit of something, flipped one at a time. */
#ifndef EXHIBIT_TESTS_FLIPS_H
#define EXHIBIT_TESTS_FLIPS_H

#include "../crypto/testing.h"

#include <stdbool.h>

/* Says whether the changed bytes are still accepted. */
typedef bool (*flip_accepted)(const uint8_t *data, size_t size, void *context);

/* Fails on the first flipped bit in [from, to) that is accepted. Returns how many were tried. */
static inline size_t assert_flips_refused(uint8_t *data, size_t size, size_t from, size_t to,
                                          flip_accepted accepted, void *context) {
    size_t tried = 0;
    for (size_t i = from; i < to; i++) {
        for (int bit = 0; bit < 8; bit++, tried++) {
            data[i] ^= (uint8_t)(1 << bit);
            if (accepted(data, size, context))
                fail_msg("bit %d of byte %zu was flipped, and it was accepted", bit, i);
            data[i] ^= (uint8_t)(1 << bit);
        }
    }
    return tried;
}

#endif
