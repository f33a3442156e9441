/* SPDX-License-Identifier: Apache-2.0 */
/* Raw images in parts (.000 .001 …, .001 .002 …, .aa .ab …): the parts, one behind the other.
 *
 * Parts say nothing of themselves: neither how many there are nor in which order. The content ends
 * where the next name is missing. docs/containers.md lists the facts. */
#ifndef EXHIBIT_PARSERS_SPLIT_SPLIT_H
#define EXHIBIT_PARSERS_SPLIT_SPLIT_H

#include "parsers/api.h"

extern const struct parser split_parser;

#endif
