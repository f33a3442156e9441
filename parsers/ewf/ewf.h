/* SPDX-License-Identifier: Apache-2.0 */
/* Expert Witness images as EnCase 1 to 6, FTK Imager, linen, Guymager and libewf write them (E01,
 * in segments), and SMART's (S01). Not: Ex01, L01.
 *
 * Sources: J. Metz, "Expert Witness Compression Format specification"; what those programs write.
 * The facts that it gives are listed in docs/containers.md. */
#ifndef EXHIBIT_PARSERS_EWF_EWF_H
#define EXHIBIT_PARSERS_EWF_EWF_H

#include "parsers/api.h"

extern const struct parser ewf_parser;

#endif
