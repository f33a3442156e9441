/* SPDX-License-Identifier: Apache-2.0 */
/* CoreStorage and APFS: what their first blocks say. */
#include "parsers/locked/locked.h"

#include "base/cursor.h"
#include "parsers/shared/guid.h"
#include "parsers/shared/tell.h"

enum { CORESTORAGE_BYTES = 512, APFS_BYTES = 1312 };

static ex_code tell_uuid(struct parser_run *run, const char *name, struct ex_cursor *c,
                         struct ex_error *err) {
    uint8_t bytes[16];
    char text[GUID_TEXT_BYTES];
    ex_cursor_copy(c, bytes, sizeof bytes);
    uuid_text(text, bytes);
    return tell_text(run, name, text, err);
}

ex_code locked_tell_corestorage(struct parser_run *run, uint32_t trace, uint64_t at,
                                struct ex_error *err) {
    uint8_t bytes[CORESTORAGE_BYTES];
    EX_TRY(parser_read(run, 0, 0, bytes, sizeof bytes, err));
    struct ex_cursor c = ex_cursor_make(bytes, sizeof bytes);
    (void)ex_cursor_bytes(&c, 64);
    EX_TRY(parser_trace_number(run, "size", ex_cursor_le64(&c), err));
    (void)ex_cursor_bytes(&c, 304 - 72);
    EX_TRY(tell_uuid(run, "physical-volume", &c, err));
    EX_TRY(tell_uuid(run, "group", &c, err));
    return tell_problem(run, trace, "content", err, EX_UNSUPPORTED,
                        "CoreStorage (CS at byte %llu) is not read; FileVault 2 uses it, and "
                        "whether this one is encrypted is not told by these bytes",
                        (unsigned long long)at);
}

ex_code locked_tell_apfs(struct parser_run *run, uint32_t trace, uint64_t at,
                         struct ex_error *err) {
    uint8_t bytes[APFS_BYTES];
    if (parser_input_size(run, 0) < sizeof bytes)
        return tell_problem(run, trace, "content", err, EX_FORMAT, "its first block is cut off");
    EX_TRY(parser_read(run, 0, 0, bytes, sizeof bytes, err));
    struct ex_cursor c = ex_cursor_make(bytes, sizeof bytes);
    (void)ex_cursor_bytes(&c, 36);
    EX_TRY(parser_trace_number(run, "block-size", ex_cursor_le32(&c), err));
    EX_TRY(parser_trace_number(run, "block-count", ex_cursor_le64(&c), err));
    (void)ex_cursor_bytes(&c, 72 - 48);
    EX_TRY(tell_uuid(run, "uuid", &c, err));
    (void)ex_cursor_bytes(&c, 1296 - 88);
    uint64_t keybag = ex_cursor_le64(&c), blocks = ex_cursor_le64(&c);
    if (keybag == 0 || blocks == 0)
        return tell_problem(run, trace, "content", err, EX_UNSUPPORTED,
                            "APFS (NXSB at byte %llu) is not read", (unsigned long long)at);
    EX_TRY(parser_trace_number(run, "keybag", keybag, err));
    return tell_problem(run, trace, "content", err, EX_UNSUPPORTED,
                        "APFS (NXSB at byte %llu) is not read; it has a bag of keys (block %llu): "
                        "volumes in it may be encrypted",
                        (unsigned long long)at, (unsigned long long)keybag);
}
