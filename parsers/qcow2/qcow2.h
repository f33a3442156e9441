/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's disk images, versions 2 and 3: the active state of an image that stands alone.
 *
 * Source: QEMU, docs/interop/qcow2.txt. Not: version 1, images over a backing file, with external
 * data, encrypted, or with subclusters. docs/containers.md lists the facts. */
#ifndef EXHIBIT_PARSERS_QCOW2_QCOW2_H
#define EXHIBIT_PARSERS_QCOW2_QCOW2_H

#include "parsers/api.h"

extern const struct parser qcow2_parser;

#endif
