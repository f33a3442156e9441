/* SPDX-License-Identifier: Apache-2.0 */
/* AFF4 disk images in one zip volume: maps, image streams, symbolic streams.
 *
 * Source: "AFF4 Standard 1.0" and its reference images; PKWARE APPNOTE 6.3.10 for the volume.
 * Not: several volumes, encrypted streams, logical images (AFF4-L). docs/containers.md lists the
 * facts. */
#ifndef EXHIBIT_PARSERS_AFF4_AFF4_H
#define EXHIBIT_PARSERS_AFF4_AFF4_H

#include "parsers/api.h"

extern const struct parser aff4_parser;

#endif
