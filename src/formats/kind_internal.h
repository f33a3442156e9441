/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXHIBIT_FORMATS_KIND_INTERNAL_H
#define EXHIBIT_FORMATS_KIND_INTERNAL_H

#include "formats/kind.h"

#define SIGNATURE(text) (text), sizeof(text) - 1

/* Are these bytes there? */
bool kind_has(const uint8_t *head, size_t size, size_t offset, const char *bytes, size_t count);
/* True. The texts live for ever. */
bool kind_say(struct kind *ret, const char *word, const char *text, const char *detail);

/* Of what has its signature in several places: pictures, recordings, programs. */
bool kind_of_media(const uint8_t *head, size_t size, struct kind *ret);
/* Of records of a system, which have no signature. */
bool kind_of_system(const uint8_t *head, size_t size, struct kind *ret);
/* Of what is text. */
bool kind_of_text(const uint8_t *head, size_t size, struct kind *ret);

#endif
