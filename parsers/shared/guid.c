/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/guid.h"

#include <stdio.h>

void uuid_text(char to[static GUID_TEXT_BYTES], const uint8_t u[static 16]) {
    (void)snprintf(to, GUID_TEXT_BYTES,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
                   u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
                   u[14], u[15]);
}

void guid_text(char to[static GUID_TEXT_BYTES], const uint8_t g[static 16]) {
    const uint8_t u[16] = {g[3], g[2], g[1],  g[0],  g[5],  g[4],  g[7],  g[6],
                           g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]};
    uuid_text(to, u);
}
