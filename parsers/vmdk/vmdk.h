/* SPDX-License-Identifier: Apache-2.0 */
/* VMware's disk images: a descriptor, and extents in the same or in other files (sparse, sparse for
 * streaming, flat).
 *
 * Source: VMware, "Virtual Disk Format 5.0". Not: links to a parent, extents of ESX (COWD,
 * seSparse). docs/containers.md lists the facts. */
#ifndef EXHIBIT_PARSERS_VMDK_VMDK_H
#define EXHIBIT_PARSERS_VMDK_VMDK_H

#include "parsers/api.h"

extern const struct parser vmdk_parser;

#endif
