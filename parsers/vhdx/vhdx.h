/* SPDX-License-Identifier: Apache-2.0 */
/* Disk images of Hyper-V, version 2 (VHDX), fixed and dynamic.
 *
 * Source: Microsoft, MS-VHDX. Not: differencing images; images whose log is not empty.
 * docs/containers.md lists the facts. */
#ifndef EXHIBIT_PARSERS_VHDX_VHDX_H
#define EXHIBIT_PARSERS_VHDX_VHDX_H

#include "parsers/api.h"

extern const struct parser vhdx_parser;

#endif
