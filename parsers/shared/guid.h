/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers of 16 bytes as text. */
#ifndef EXHIBIT_PARSERS_SHARED_GUID_H
#define EXHIBIT_PARSERS_SHARED_GUID_H

#include <stdint.h>

enum { GUID_TEXT_BYTES = 37 };
/* Of Microsoft and UEFI (specification, appendix A): the first three parts are little-endian. */
void guid_text(char to[static GUID_TEXT_BYTES], const uint8_t g[static 16]);
/* All parts in the order of their bytes (RFC 4122). */
void uuid_text(char to[static GUID_TEXT_BYTES], const uint8_t u[static 16]);

#endif
