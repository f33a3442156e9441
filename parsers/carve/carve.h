/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in space that nothing claims and looks like a whole file of a common type
 * (docs/carving.md). Told as traces in the state "carved", with their places: who left them, under
 * which name, and whether all of these bytes ever belonged together, nobody can say. A file that
 * does not lie in one piece, as the space is seen, is not put together.
 *
 * Input 0 is the space; the input named "data", if there is one, says where it has more than equal
 * bytes: pairs of le64 from and to, ascending. Units: "FROM TO". Parameter "deep": a beginning is
 * looked for at each byte, otherwise at each 512th.
 */
#ifndef EXHIBIT_PARSERS_CARVE_CARVE_H
#define EXHIBIT_PARSERS_CARVE_CARVE_H

#include "parsers/api.h"

extern const struct parser carver_parser;

#endif
