/* SPDX-License-Identifier: Apache-2.0 */
/* BitLocker: where its boot sector says that its metadata are, and what these say. */
#include "parsers/locked/locked.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/shared/guid.h"
#include "parsers/shared/tell.h"
#include "parsers/shared/utf16.h"

#include <stdio.h>
#include <string.h>

enum {
    SECTOR_BYTES = 512,
    COPIES = 3,
    BLOCK_HEAD_BYTES = 64,
    METADATA_HEAD_BYTES = 48,
    METADATA_BYTES_MAX = 1 << 20,
    ENTRY_HEAD_BYTES = 8,
    ENTRY_KEY = 2,
    ENTRY_DESCRIPTION = 7,
    VALUE_TEXT = 2,
    VALUE_KEY = 8,
    KEY_BYTES = 28,
    DESCRIPTION_BYTES_MAX = 4096,
    PROTECTORS_MAX = 64,
    CLEAR_KEY = 0,
    TICKS = 10000000, /* of a FILETIME, in a second */
    TO_GO_AT = 424
};
#define SECONDS_1601_1970 INT64_C(11644473600)

struct volume {
    const char *kind;
    uint64_t at[COPIES]; /* of the metadata; 0: not said */
    bool has_id;
    uint8_t id[16];
};

struct metadata {
    uint64_t at;
    unsigned version;
    uint64_t encrypted_bytes;
    uint8_t *bytes; /* from the second head on; NULL: none were found */
    size_t size;
};

static void metadata_free(struct metadata *m) {
    if (m != NULL)
        free(m->bytes);
    free(m);
}
EX_DEFINE_AUTO(struct metadata, metadata_free);

/* ---- the boot sector ---- */

static void look_at_sector(const uint8_t *sector, uint64_t at, struct volume *ret) {
    static const uint8_t VISTA[] = {0xEB, 0x52, 0x90};
    struct ex_cursor c = ex_cursor_make(sector, SECTOR_BYTES);
    if (at != TO_GO_AT && memcmp(sector, VISTA, sizeof VISTA) == 0) {
        (void)ex_cursor_bytes(&c, 11);
        uint64_t cluster = ex_cursor_le16(&c);
        cluster *= ex_cursor_u8(&c);
        (void)ex_cursor_bytes(&c, 56 - 14);
        uint64_t number = ex_cursor_le64(&c);
        ret->kind = "Windows Vista";
        ret->at[0] = cluster == 0 || number > INT64_MAX / cluster ? 0 : number * cluster;
        return;
    }
    ret->kind = at == TO_GO_AT ? "To Go" : "Windows 7 or later";
    (void)ex_cursor_bytes(&c, at == TO_GO_AT ? TO_GO_AT : 160);
    ex_cursor_copy(&c, ret->id, sizeof ret->id);
    ret->has_id = true;
    for (unsigned i = 0; i < COPIES; i++)
        ret->at[i] = ex_cursor_le64(&c);
}

/* ---- the metadata ---- */

static ex_code read_metadata(struct parser_run *run, uint64_t at, struct metadata *ret,
                             struct ex_error *err) {
    enum { HEADS_BYTES = BLOCK_HEAD_BYTES + METADATA_HEAD_BYTES };
    uint8_t head[HEADS_BYTES];
    uint64_t end = parser_input_size(run, 0);
    if (at == 0 || at > end || end - at < sizeof head)
        return EX_OK;
    EX_TRY(parser_read(run, 0, at, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    bool good = memcmp(ex_cursor_bytes(&c, 8), "-FVE-FS-", 8) == 0;
    (void)ex_cursor_le16(&c);
    unsigned version = ex_cursor_le16(&c);
    (void)ex_cursor_le32(&c);
    uint64_t encrypted = ex_cursor_le64(&c);
    (void)ex_cursor_bytes(&c, BLOCK_HEAD_BYTES - 24);
    uint32_t size = ex_cursor_le32(&c);
    good = ex_cursor_le32(&c) == 1 && good;
    good = ex_cursor_le32(&c) == METADATA_HEAD_BYTES && good;
    if (!good || version < 1 || version > 2 || size < METADATA_HEAD_BYTES ||
        size > METADATA_BYTES_MAX || size > end - at - BLOCK_HEAD_BYTES)
        return EX_OK;
    EX_TRY(ex_alloc(size, 1, METADATA_BYTES_MAX, "BitLocker metadata", &ret->bytes, err));
    ret->at = at;
    ret->version = version;
    ret->encrypted_bytes = encrypted;
    ret->size = size;
    return parser_read(run, 0, at + BLOCK_HEAD_BYTES, ret->bytes, size, err);
}

/* The first copy that is one. */
static ex_code find_metadata(struct parser_run *run, const struct volume *v, struct metadata *ret,
                             struct ex_error *err) {
    for (unsigned i = 0; i < COPIES && ret->bytes == NULL; i++) {
        ex_code code = read_metadata(run, v->at[i], ret, err);
        if (code == EX_OK)
            continue;
        free(ret->bytes);
        ret->bytes = NULL;
        if (code != EX_IO)
            return code;
    }
    return EX_OK;
}

static const char *protection_word(unsigned type, char to[static 16]) {
    switch (type) {
    case CLEAR_KEY:
        return "clear key";
    case 0x0100:
        return "TPM";
    case 0x0200:
        return "startup key";
    case 0x0500:
        return "TPM and PIN";
    case 0x0800:
        return "recovery password";
    case 0x2000:
        return "password";
    default:
        (void)snprintf(to, 16, "0x%04x", type);
        return to;
    }
}

static const char *cipher_word(unsigned method) {
    static const char *const WORDS[] = {"AES-CBC 128 with diffuser",
                                        "AES-CBC 256 with diffuser",
                                        "AES-CBC 128",
                                        "AES-CBC 256",
                                        "AES-XTS 128",
                                        "AES-XTS 256"};
    return method >= 0x8000 && method - 0x8000 < sizeof WORDS / sizeof WORDS[0]
               ? WORDS[method - 0x8000]
               : "unknown";
}

static ex_code tell_cipher(struct parser_run *run, unsigned method, struct ex_error *err) {
    char text[64];
    (void)snprintf(text, sizeof text, "%s (0x%04x)", cipher_word(method), method);
    return tell_text(run, "cipher", text, err);
}

static ex_code tell_created(struct parser_run *run, uint64_t filetime, struct ex_error *err) {
    if (filetime == 0 || filetime > INT64_MAX)
        return EX_OK;
    return parser_trace_time(run, PARSER_CREATED, (int64_t)(filetime / TICKS) - SECONDS_1601_1970,
                             (uint32_t)(filetime % TICKS) * 100, 100, false, "bitlocker:metadata",
                             err);
}

struct protectors {
    unsigned count;
    bool clear, damaged;
    char kinds[PROTECTORS_MAX * 20]; /* the longest is shorter */
};

static ex_code tell_protector(struct parser_run *run, struct ex_cursor c, struct protectors *p,
                              struct ex_error *err) {
    char name[24], text[96], number[16], id[GUID_TEXT_BYTES];
    const uint8_t *guid = ex_cursor_bytes(&c, 16);
    (void)ex_cursor_bytes(&c, KEY_BYTES - 18);
    unsigned type = ex_cursor_le16(&c);
    if (c.overrun || p->count >= PROTECTORS_MAX) {
        p->damaged = true;
        return EX_OK;
    }
    const char *kind = protection_word(type, number);
    guid_text(id, guid);
    (void)snprintf(name, sizeof name, "protector.%u", ++p->count);
    (void)snprintf(text, sizeof text, "%s, %s", kind, id);
    size_t at = strlen(p->kinds);
    (void)snprintf(p->kinds + at, sizeof p->kinds - at, "%s%s", at > 0 ? ", " : "", kind);
    p->clear = p->clear || type == CLEAR_KEY;
    return tell_text(run, name, text, err);
}

static ex_code tell_description(struct parser_run *run, struct ex_cursor c, struct ex_error *err) {
    char text[DESCRIPTION_BYTES_MAX];
    size_t size = ex_cursor_left(&c);
    const uint8_t *from = ex_cursor_bytes(&c, size);
    size_t n = utf16_to_utf8(text, sizeof text, from, size);
    while (n > 0 && text[n - 1] == '\0')
        n--;
    return n == 0 ? EX_OK : parser_trace_text(run, "description", text, n, err);
}

static ex_code tell_entries(struct parser_run *run, struct ex_cursor *c, struct protectors *p,
                            struct ex_error *err) {
    bool described = false;
    while (ex_cursor_left(c) >= ENTRY_HEAD_BYTES && !p->damaged) {
        unsigned size = ex_cursor_le16(c), type = ex_cursor_le16(c), value = ex_cursor_le16(c);
        (void)ex_cursor_le16(c);
        if (size == 0 && type == 0) /* padding */
            break;
        if (size < ENTRY_HEAD_BYTES || size - ENTRY_HEAD_BYTES > ex_cursor_left(c)) {
            p->damaged = true;
            break;
        }
        struct ex_cursor data =
            ex_cursor_make(ex_cursor_bytes(c, size - ENTRY_HEAD_BYTES), size - ENTRY_HEAD_BYTES);
        if (type == ENTRY_KEY && value == VALUE_KEY)
            EX_TRY(tell_protector(run, data, p, err));
        if (type == ENTRY_DESCRIPTION && value == VALUE_TEXT && !described) {
            described = true;
            EX_TRY(tell_description(run, data, err));
        }
    }
    return EX_OK;
}

static ex_code tell_metadata(struct parser_run *run, const struct metadata *m, struct protectors *p,
                             struct ex_error *err) {
    char id[GUID_TEXT_BYTES];
    struct ex_cursor c = ex_cursor_make(m->bytes, m->size);
    (void)ex_cursor_bytes(&c, 16);
    guid_text(id, ex_cursor_bytes(&c, 16));
    (void)ex_cursor_le32(&c);
    unsigned method = ex_cursor_le16(&c);
    (void)ex_cursor_le16(&c); /* not known what it is for */
    EX_TRY(tell_created(run, ex_cursor_le64(&c), err));
    EX_TRY(tell_text(run, "volume-id", id, err));
    EX_TRY(tell_cipher(run, method, err));
    if (m->version == 2)
        EX_TRY(parser_trace_number(run, "encrypted-bytes", m->encrypted_bytes, err));
    EX_TRY(tell_entries(run, &c, p, err));
    return tell_text(run, "protectors", p->count > 0 ? p->kinds : "none", err);
}

/* ---- the whole ---- */

static ex_code tell_problems(struct parser_run *run, uint32_t trace, uint64_t at,
                             const struct metadata *m, const struct protectors *p,
                             struct ex_error *err) {
    if (m->bytes == NULL)
        EX_TRY(tell_problem(run, trace, "metadata", err, EX_FORMAT,
                            "none of the metadata that its boot sector names are there"));
    if (p->damaged)
        EX_TRY(tell_problem(run, trace, "entries", err, EX_FORMAT,
                            "its metadata at byte %llu are damaged: there may be more protectors",
                            (unsigned long long)m->at));
    const char *how = at == TO_GO_AT ? "BitLocker To Go (its identifier at byte 424)"
                                     : "BitLocker (-FVE-FS- at byte 3)";
    if (p->clear)
        return tell_problem(run, trace, "content", err, EX_DENIED,
                            "encrypted, %s, with a clear key beside it: it can be opened without a "
                            "password, which is not done here",
                            how);
    return tell_problem(run, trace, "content", err, EX_DENIED,
                        "encrypted, %s: what is in it cannot be read without a key", how);
}

ex_code locked_tell_bitlocker(struct parser_run *run, uint32_t trace, uint64_t at,
                              struct ex_error *err) {
    EX_AUTO(metadata_free) struct metadata *m = ex_new0(struct metadata);
    EX_AUTO_FREE struct protectors *p = ex_new0(struct protectors);
    struct volume v = {0};
    uint8_t sector[SECTOR_BYTES];
    char id[GUID_TEXT_BYTES];
    EX_TRY(parser_read(run, 0, 0, sector, sizeof sector, err));
    look_at_sector(sector, at, &v);
    EX_TRY(find_metadata(run, &v, m, err));
    EX_TRY(tell_text(run, "kind", v.kind, err));
    guid_text(id, v.id);
    if (v.has_id)
        EX_TRY(tell_text(run, "identifier", id, err));
    if (m->bytes != NULL)
        EX_TRY(tell_metadata(run, m, p, err));
    return tell_problems(run, trace, at, m, p, err);
}
