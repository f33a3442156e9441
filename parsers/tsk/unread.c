/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes that are known by their first bytes, and not read. */
#include "parsers/tsk/files_internal.h"

#include "parsers/locked/locked.h"

#include <string.h>

enum { SIGNATURE_MAX = 16 };

/* Attributes of the trace that was told last, and problems under it. */
typedef ex_code details_fn(struct parser_run *run, uint32_t trace, uint64_t at,
                           struct ex_error *err);

static const struct signature {
    const char *name;
    uint32_t offset;
    uint8_t size;
    bool encrypted;
    bool first; /* before a file system is looked for: what opens is a cover */
    uint8_t bytes[SIGNATURE_MAX + 1];
    details_fn *details; /* NULL: nothing more is known */
    bool apart;          /* parsers/lvm/ or parsers/xfs/ has it, with traces of its own */
} SIGNATURES[] = {
    {"bitlocker", 3, 8, true, true, "-FVE-FS-", locked_tell_bitlocker, false},
    /* BitLocker To Go: behind the boot sector of a small FAT volume */
    {"bitlocker", 424, 16, true, true,
     "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01", locked_tell_bitlocker,
     false},
    {"luks", 0, 6, true, true, "LUKS\xba\xbe", locked_tell_luks, false},
    /* a second header, where it lies by default, whose first one is gone */
    {"luks", 16384, 8, true, false, "SKUL\xba\xbe\0\2", locked_tell_luks, false},
    {"corestorage", 88, 6, false, false, "CS\1\0\0\0", locked_tell_corestorage, false},
    {"apfs", 32, 4, false, false, "NXSB", locked_tell_apfs, false},
    {"xfs", 0, 4, false, false, "XFSB", NULL, true},
    {"btrfs", 65600, 8, false, false, "_BHRfS_M", NULL, false},
    {"lvm", 512, 8, false, false, "LABELONE", NULL, true},
    {"raid", 4096, 4, false, false, "\xfc\x4e\x2b\xa9", NULL, false},
    {"refs", 3, 8, false, false, "ReFS\0\0\0\0", NULL, false},
    {"f2fs", 1024, 4, false, false, "\x10\x20\xf5\xf2", NULL, false},
    {"swap", 4086, 10, false, false, "SWAPSPACE2", NULL, false},
};

static ex_code tell(struct image *image, const struct signature *s, struct ex_error *err) {
    struct parser_trace t = {.kind = PARSER_FILE_SYSTEM,
                             .flags = s->encrypted ? PARSER_ENCRYPTED : 0,
                             .key = s->name,
                             .name = s->name,
                             .name_bytes = strlen(s->name)};
    uint32_t trace;
    EX_TRY(parser_trace(image->run, &t, &trace, err));
    if (s->details != NULL)
        return s->details(image->run, trace, s->offset, err);
    return tell_problem(image->run, trace, "content", err, EX_UNSUPPORTED,
                        "%s is known by its signature, and is not read", s->name);
}

ex_code files_tell_unread(struct image *image, bool before, bool *ret_told, struct ex_error *err) {
    uint64_t size = parser_input_size(image->run, 0);
    *ret_told = false;
    for (size_t i = 0; i < sizeof SIGNATURES / sizeof SIGNATURES[0]; i++) {
        const struct signature *s = &SIGNATURES[i];
        uint8_t bytes[SIGNATURE_MAX];
        if ((before && !s->first) || s->apart || s->offset > size || s->size > size - s->offset)
            continue;
        ex_code code = parser_read(image->run, 0, s->offset, bytes, s->size, err);
        if (code == EX_IO) /* a file system may be there all the same */
            continue;
        EX_TRY(code);
        if (memcmp(bytes, s->bytes, s->size) != 0)
            continue;
        *ret_told = true;
        return tell(image, s, err);
    }
    return EX_OK;
}

ex_code files_name_unread(struct image *image, const char **ret, struct ex_error *err) {
    uint64_t size = parser_input_size(image->run, 0);
    *ret = NULL;
    for (size_t i = 0; i < sizeof SIGNATURES / sizeof SIGNATURES[0] && *ret == NULL; i++) {
        const struct signature *s = &SIGNATURES[i];
        uint8_t bytes[SIGNATURE_MAX];
        if (s->offset > size || s->size > size - s->offset)
            continue;
        ex_code code = parser_read(image->run, 0, s->offset, bytes, s->size, err);
        if (code == EX_IO)
            continue;
        EX_TRY(code);
        if (memcmp(bytes, s->bytes, s->size) == 0)
            *ret = s->name;
    }
    return EX_OK;
}
