/* SPDX-License-Identifier: Apache-2.0 */
/* What a PDF says of itself: Info (ISO 32000-1 §14.3.3), XMP (§14.3.2), ids (§14.4), encryption
 * (§7.6). */
#include "parsers/pdf/pdf_internal.h"

#include "parsers/shared/when.h"

#include <stdio.h>
#include <string.h>

enum { PACKET_BYTES_MAX = 1 << 20, WORD_BYTES_MAX = 4096, ID_BYTES_MAX = 64 };

/* ---- Info, and what stands beside it ---- */

static ex_code tell_ids(struct pdf *p, const struct pdfl_value *trailer, struct ex_error *err) {
    static const char *const NAMES[] = {"id.first", "id.last"};
    VALUE *ids = pdfl_get(trailer, "ID");
    char hex[2 * ID_BYTES_MAX + 1];
    for (unsigned i = 0; i < 2 && pdfl_type(ids) == PDFL_ARRAY; i++) {
        VALUE *id = pdfl_at(ids, i);
        size_t size = 0;
        const char *bytes = pdfl_bytes(id, &size);
        p->texts_cut += size > ID_BYTES_MAX;
        for (size_t k = 0; k < size && k < ID_BYTES_MAX; k++)
            (void)snprintf(hex + 2 * k, 3, "%02x", (unsigned)(uint8_t)bytes[k]);
        if (size > 0)
            EX_TRY(tell_text(p->run, NAMES[i], hex, err));
    }
    return EX_OK;
}

static ex_code tell_version(struct pdf *p, struct ex_error *err) {
    unsigned major, minor;
    char text[32];
    pdfl_version_of(p->doc, &major, &minor);
    (void)snprintf(text, sizeof text, "%u.%u", major, minor);
    return tell_text(p->run, "pdf-version", text, err);
}

/* Said when it is another number than there are. */
static ex_code tell_claimed_pages(struct pdf *p, struct ex_error *err) {
    int64_t claimed = pdfl_pages_claimed(p->doc);
    char text[24];
    if (claimed == pdfl_pages(p->doc))
        return EX_OK;
    (void)snprintf(text, sizeof text, "%lld", (long long)claimed);
    return tell_text(p->run, "pages-claimed", text, err);
}

static ex_code tell_info(struct pdf *p, const struct pdfl_value *trailer, struct ex_error *err) {
    static const char *const PAIRS[][2] = {
        {"Title", "title"},         {"Author", "author"},
        {"Subject", "subject"},     {"Keywords", "keywords"},
        {"Creator", "application"}, {"Producer", "producer"},
        {"Company", "company"},     {"SourceModified", "source-modified"},
    };
    VALUE *info = pdfl_get(trailer, "Info");
    for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; i++)
        EX_TRY(pdf_tell_string(p, info, PAIRS[i][0], PAIRS[i][1], err));
    EX_TRY(pdf_tell_date(p, info, "CreationDate", PARSER_CREATED, "created-as-written", "pdf:Info",
                         err));
    return pdf_tell_date(p, info, "ModDate", PARSER_MODIFIED, "modified-as-written", "pdf:Info",
                         err);
}

ex_code pdf_tell_encryption(struct pdf *p, bool denied, struct ex_error *err) {
    VALUE *trailer = pdfl_trailer(p->doc), *encrypt = pdfl_get(trailer, "Encrypt");
    VALUE *permissions = pdfl_get(encrypt, "P");
    char hex[16];
    if (encrypt == NULL)
        return EX_OK;
    EX_TRY(tell_text(p->run, "encrypted", denied ? "with a password" : "without a password to open",
                     err));
    EX_TRY(pdf_tell_string(p, encrypt, "Filter", "encryption", err));
    EX_TRY(pdf_tell_string(p, encrypt, "V", "encryption-version", err));
    EX_TRY(pdf_tell_string(p, encrypt, "R", "encryption-revision", err));
    if (pdfl_type(permissions) != PDFL_INT)
        return EX_OK;
    (void)snprintf(hex, sizeof hex, "%08x", (unsigned)(uint32_t)pdfl_int(permissions, 0));
    return tell_text(p->run, "permissions", hex, err);
}

/* ---- XMP, by its words: no XML is parsed ---- */

static ex_code read_packet(const struct pdfl_value *stream, char **ret, size_t *ret_size,
                           struct ex_error *err) {
    EX_TRY(ex_alloc(PACKET_BYTES_MAX + 1, 1, PACKET_BYTES_MAX + 1, "a packet of XMP", ret, err));
    size_t size = 0;
    for (size_t part = 1; part > 0 && size < PACKET_BYTES_MAX; size += part)
        part = pdfl_stream_read(stream, (uint8_t *)*ret + size, PACKET_BYTES_MAX - size);
    (*ret)[size] = '\0';
    *ret_size = size;
    return EX_OK;
}

static bool is_white(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The value of `name`, as an attribute or an element of text alone; NULL: none. */
static const char *find_value(const char *packet, size_t size, const char *name, size_t *ret) {
    const char *end = packet + size, *at = packet;
    size_t length = strlen(name);
    while ((at = memmem(at, (size_t)(end - at), name, length)) != NULL) {
        char before = at > packet ? at[-1] : '\0';
        at += length;
        const char *from = at;
        while (from < end && is_white(*from))
            from++;
        char close = '\0';
        if (before == '<' && from < end && *from == '>')
            close = '<';
        else if (is_white(before) && end - from > 2 && *from == '=')
            close = *++from;
        if (close != '<' && close != '"' && close != '\'')
            continue;
        from++;
        const char *to = memchr(from, close, (size_t)(end - from));
        if (to == NULL || to == from)
            continue;
        *ret = (size_t)(to - from);
        return from;
    }
    return NULL;
}

static ex_code tell_packet_time(struct pdf *p, const char *text, size_t size, enum parser_time what,
                                struct ex_error *err) {
    struct when when;
    if (!when_parse(text, size, &when))
        return EX_OK;
    return parser_trace_time(p->run, what, when.seconds, when.nanoseconds, when.resolution_ns,
                             when.local, "pdf:xmp", err);
}

static ex_code tell_xmp(struct pdf *p, struct ex_error *err) {
    static const struct {
        const char *name, *text;
        enum parser_time what; /* 0: none */
    } WORDS[] = {
        {"xmp:CreateDate", "xmp.created-as-written", PARSER_CREATED},
        {"xmp:ModifyDate", "xmp.modified-as-written", PARSER_MODIFIED},
        {"xmp:CreatorTool", "xmp.application", 0},
        {"pdf:Producer", "xmp.producer", 0},
        {"xmpMM:DocumentID", "xmp.document-id", 0},
        {"xmpMM:InstanceID", "xmp.instance-id", 0},
        {"xmpMM:OriginalDocumentID", "xmp.original-document-id", 0},
    };
    VALUE *catalog = pdfl_catalog(p->doc), *stream = pdfl_get(catalog, "Metadata");
    EX_AUTO_FREE char *packet = NULL;
    struct ex_error why;
    size_t size = 0, length;
    if (pdfl_type(stream) != PDFL_STREAM || pdfl_stream_start(stream, &why) != EX_OK)
        return EX_OK;
    EX_TRY(read_packet(stream, &packet, &size, err));
    p->texts_cut += size >= PACKET_BYTES_MAX;
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        const char *value = find_value(packet, size, WORDS[i].name, &length);
        p->texts_cut += value != NULL && length > WORD_BYTES_MAX;
        if (value == NULL || length > WORD_BYTES_MAX)
            continue;
        EX_TRY(parser_trace_text(p->run, WORDS[i].text, value, length, err));
        if (WORDS[i].what != 0)
            EX_TRY(tell_packet_time(p, value, length, WORDS[i].what, err));
    }
    return EX_OK;
}

ex_code pdf_tell_packet(struct pdf *p, struct ex_error *err) {
    VALUE *catalog = pdfl_catalog(p->doc), *stream = pdfl_get(catalog, "Metadata");
    if (pdfl_type(stream) != PDFL_STREAM)
        return EX_OK;
    return pdf_tell_stream(p, stream, "metadata", "metadata.xml", 12, err);
}

/* ---- all of them ---- */

static ex_code tell_counts(struct pdf *p, struct ex_error *err) {
    const struct {
        const char *name;
        unsigned count;
    } COUNTS[] = {{"attached-files", p->files},
                  {"links", p->links},
                  {"annotations", p->notes},
                  {"form-fields", p->fields},
                  {"scripts", p->scripts}};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++)
        if (COUNTS[i].count > 0)
            EX_TRY(parser_trace_number(p->run, COUNTS[i].name, COUNTS[i].count, err));
    return EX_OK;
}

ex_code pdf_tell_facts(struct pdf *p, struct ex_error *err) {
    VALUE *trailer = pdfl_trailer(p->doc);
    EX_TRY(tell_text(p->run, "format", "pdf", err));
    EX_TRY(tell_version(p, err));
    EX_TRY(parser_trace_number(p->run, "pages", pdfl_pages(p->doc), err));
    EX_TRY(tell_claimed_pages(p, err));
    EX_TRY(tell_info(p, trailer, err));
    EX_TRY(tell_ids(p, trailer, err));
    EX_TRY(pdf_tell_encryption(p, false, err));
    EX_TRY(tell_xmp(p, err));
    if (pdfl_is_linearized(p->doc))
        EX_TRY(tell_text(p->run, "linearized", "yes", err));
    return tell_counts(p, err);
}
