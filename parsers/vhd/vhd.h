/* SPDX-License-Identifier: Apache-2.0 */
/* Disk images of Virtual PC and Hyper-V, fixed and dynamic (VHD, .vhd, .vhdx has its own parser).
 *
 * Source: Microsoft, "Virtual Hard Disk Image Format Specification". Not: differencing images.
 * docs/containers.md lists the facts. */
#ifndef EXHIBIT_PARSERS_VHD_VHD_H
#define EXHIBIT_PARSERS_VHD_VHD_H

#include "parsers/api.h"

extern const struct parser vhd_parser;

#endif
