/* SPDX-License-Identifier: Apache-2.0 */
/* Integers in byte layouts, written. For reading see base/cursor.h. */
#ifndef EXHIBIT_BASE_BYTES_H
#define EXHIBIT_BASE_BYTES_H

#include <stdint.h>

static inline void ex_put_le16(uint8_t *to, uint16_t v) {
    to[0] = (uint8_t)v;
    to[1] = (uint8_t)(v >> 8);
}

static inline void ex_put_le32(uint8_t *to, uint32_t v) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static inline void ex_put_le64(uint8_t *to, uint64_t v) {
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static inline void ex_put_be16(uint8_t *to, uint16_t v) {
    to[0] = (uint8_t)(v >> 8);
    to[1] = (uint8_t)v;
}

static inline void ex_put_be32(uint8_t *to, uint32_t v) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

#endif
