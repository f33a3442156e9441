/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted volumes, named by what their headers say. docs/volumes.md lists what is told.
 *
 * Each function is for a volume (input 0) whose signature was found, and tells attributes of the
 * trace that was told last, which is `trace`, and then problems under it: that its content cannot
 * be read, by which bytes that is known, and what of the header is damaged. No key is looked for,
 * nothing is decrypted. What a header says is not checked against what follows it.
 *
 * Formats: LUKS1 and LUKS2 on-disk format specifications (cryptsetup); libyal's descriptions of
 * BitLocker and of CoreStorage; Apple File System Reference.
 */
#ifndef EXHIBIT_PARSERS_LOCKED_LOCKED_H
#define EXHIBIT_PARSERS_LOCKED_LOCKED_H

#include "parsers/api.h"

/* `at`: where the signature is; behind 0, a second header of LUKS2 whose first one is gone. */
EX_MUST_USE ex_code locked_tell_luks(struct parser_run *run, uint32_t trace, uint64_t at,
                                     struct ex_error *err);
EX_MUST_USE ex_code locked_tell_bitlocker(struct parser_run *run, uint32_t trace, uint64_t at,
                                          struct ex_error *err);
EX_MUST_USE ex_code locked_tell_corestorage(struct parser_run *run, uint32_t trace, uint64_t at,
                                            struct ex_error *err);
EX_MUST_USE ex_code locked_tell_apfs(struct parser_run *run, uint32_t trace, uint64_t at,
                                     struct ex_error *err);

#endif
