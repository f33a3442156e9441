/* SPDX-License-Identifier: Apache-2.0 */
/* What is text, by its first bytes: markup, mail, and text alone. */
#include "formats/kind_internal.h"

#include <string.h>
#include <strings.h>

enum { FIELDS_LOOKED_AT = 40 };

/* Behind a byte order mark and white space. */
static size_t text_start(const uint8_t *head, size_t size) {
    size_t at = kind_has(head, size, 0, SIGNATURE("\xef\xbb\xbf")) ? 3 : 0;
    while (at < size &&
           (head[at] == ' ' || head[at] == '\t' || head[at] == '\r' || head[at] == '\n'))
        at++;
    return at;
}

static bool begins(const uint8_t *head, size_t size, size_t at, const char *text) {
    size_t count = strlen(text);
    return at <= size && count <= size - at &&
           strncasecmp((const char *)head + at, text, count) == 0;
}

static bool is_markup(const uint8_t *head, size_t size, struct kind *ret) {
    static const char *const HTML[] = {"<!doctype html", "<html", "<head>", "<body"};
    size_t at = text_start(head, size);
    for (size_t i = 0; i < sizeof HTML / sizeof HTML[0]; i++)
        if (begins(head, size, at, HTML[i]))
            return kind_say(ret, "html", "HTML document", "");
    if (!begins(head, size, at, "<?xml"))
        return false;
    return memmem(head, size, SIGNATURE("http://www.w3.org/1999/xhtml")) != NULL
               ? kind_say(ret, "html", "HTML document", "XHTML")
               : kind_say(ret, "xml", "XML document", "");
}

/* ---- mail: RFC 5322 §2.2, and as it is stored in mbox files (RFC 4155) ---- */

/* The bytes of a line up to its end; *ret_next where the next one begins. */
static size_t line_bytes(const uint8_t *head, size_t size, size_t at, size_t *ret_next) {
    const uint8_t *feed = memchr(head + at, '\n', size - at);
    size_t end = feed != NULL ? (size_t)(feed - head) : size;
    *ret_next = feed != NULL ? end + 1 : size;
    return end - at - (end > at && head[end - 1] == '\r' ? 1 : 0);
}

/* The bytes of the name; 0: it is no field. */
static size_t field_name(const uint8_t *line, size_t size) {
    size_t n = 0;
    while (n < size && line[n] > 0x20 && line[n] < 0x7f && line[n] != ':')
        n++;
    return n < size && line[n] == ':' ? n : 0;
}

/* Two fields that a mail has and other texts of this form do not, among the first ones. */
static bool is_header(const uint8_t *head, size_t size, size_t at) {
    static const char *const FIELDS[] = {
        "Received", "Return-Path", "Delivered-To", "Message-ID",   "From",
        "To",       "Subject",     "Date",         "MIME-Version", "X-Mozilla-Status"};
    unsigned known = 0;
    for (int n = 0; n < FIELDS_LOOKED_AT && at < size; n++) {
        size_t next, bytes = line_bytes(head, size, at, &next);
        const uint8_t *line = head + at;
        bool folded = n > 0 && bytes > 0 && (line[0] == ' ' || line[0] == '\t');
        size_t name = folded ? 0 : field_name(line, bytes);
        if (!folded && name == 0)
            return bytes == 0 && known >= 2;
        for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++)
            known +=
                name == strlen(FIELDS[i]) && strncasecmp((const char *)line, FIELDS[i], name) == 0
                    ? 1
                    : 0;
        at = next;
    }
    return known >= 2;
}

static bool is_mail(const uint8_t *head, size_t size, struct kind *ret) {
    size_t second;
    if (kind_has(head, size, 0, SIGNATURE("From "))) {
        (void)line_bytes(head, size, 0, &second);
        return is_header(head, size, second) && kind_say(ret, "mbox", "mailbox", "");
    }
    return is_header(head, size, 0) && kind_say(ret, "eml", "mail message", "");
}

/* ---- text alone ---- */

/* What a byte is: 0 a control character, or none that begins a character; otherwise how many bytes
 * the character has. By a table, for this is asked of eight KiB of each file. */
static const uint8_t CHARACTER_BYTES[256] = {
    ['\t'] = 1,          ['\n'] = 1,          ['\f'] = 1,          ['\r'] = 1,         [0x1b] = 1,
    [0x20 ... 0x7e] = 1, [0xc2 ... 0xdf] = 2, [0xe0 ... 0xef] = 3, [0xf0 ... 0xf4] = 4};

/* UTF-8 without control characters; the last character may be cut where the head ends. */
static bool is_utf8(const uint8_t *head, size_t size, bool *ret_ascii) {
    *ret_ascii = true;
    for (size_t i = 0; i < size;) {
        while (i < size && CHARACTER_BYTES[head[i]] == 1)
            i++;
        if (i == size)
            return true;
        size_t bytes = CHARACTER_BYTES[head[i]];
        if (bytes == 0)
            return false;
        *ret_ascii = false;
        for (size_t k = 1; k < bytes && i + k < size; k++)
            if ((head[i + k] & 0xc0) != 0x80)
                return false;
        if (i + bytes > size)
            return size >= KIND_HEAD_BYTES;
        i += bytes;
    }
    return true;
}

static bool is_plain(const uint8_t *head, size_t size, struct kind *ret) {
    bool ascii;
    if (kind_has(head, size, 0, SIGNATURE("\xff\xfe")) && size % 2 == 0 && size > 2)
        return kind_say(ret, "text", "text", "UTF-16, little-endian");
    if (kind_has(head, size, 0, SIGNATURE("\xfe\xff")) && size % 2 == 0 && size > 2)
        return kind_say(ret, "text", "text", "UTF-16, big-endian");
    return is_utf8(head, size, &ascii) && kind_say(ret, "text", "text", ascii ? "ASCII" : "UTF-8");
}

bool kind_of_text(const uint8_t *head, size_t size, struct kind *ret) {
    return is_markup(head, size, ret) || is_mail(head, size, ret) || is_plain(head, size, ret);
}
