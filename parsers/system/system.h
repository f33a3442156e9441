/* SPDX-License-Identifier: Apache-2.0 */
/* The records that say what a machine is and who used it: hives of the Windows registry, and a few
 * files of Linux, each told by its bytes (docs/system-records.md).
 *
 * Every trace is a record whose attribute `about` says what it is. Hashes of passwords are not
 * told. Deleted cells of a hive are not looked at, and transaction logs are not applied.
 */
#ifndef EXHIBIT_PARSERS_SYSTEM_SYSTEM_H
#define EXHIBIT_PARSERS_SYSTEM_SYSTEM_H

#include "parsers/api.h"

extern const struct parser system_parser;

#endif
