/* SPDX-License-Identifier: Apache-2.0 */
/* The examiner of what pictures say of themselves (docs/exif.md).
 *
 * `exif`: Exif of JPEG, TIFF, HEIF, PNG and WebP, the size in the picture's own header, texts of
 * PNG, the comment of JPEG; a thumbnail and XMP as members. No picture is decoded.
 *
 * By a reader of our own: libexif reads none of these but JPEG, gives words in place of what is
 * stored, and its faults would be ours to answer for; what is needed of the format is small. */
#ifndef EXHIBIT_PARSERS_PICTURES_PICTURES_H
#define EXHIBIT_PARSERS_PICTURES_PICTURES_H

#include "parsers/api.h"

extern const struct parser exif_parser;

#endif
