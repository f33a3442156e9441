/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4251 §5, and the armor around keys and signatures. */
#include "base/bytes.h"
#include "formats/ssh_internal.h"

enum { ARMOR_LINE_MAX = 76 };

struct ssh_bytes ssh_take_string(struct ex_cursor *c) {
    size_t size = ex_cursor_be32(c);
    const uint8_t *data = ex_cursor_bytes(c, size);
    return (struct ssh_bytes){.data = data, .size = data == NULL ? 0 : size};
}

struct ssh_bytes ssh_take_mpint(struct ex_cursor *c) {
    struct ssh_bytes n = ssh_take_string(c);
    bool zero_first = n.size > 0 && n.data[0] == 0;
    if (n.size == 0 || n.data[0] >= 0x80 || (zero_first && (n.size == 1 || n.data[1] < 0x80))) {
        (void)ex_cursor_bytes(c, SIZE_MAX);
        return (struct ssh_bytes){0};
    }
    return (struct ssh_bytes){.data = n.data + zero_first, .size = n.size - zero_first};
}

bool ssh_bytes_are(struct ssh_bytes bytes, const char *text) {
    return bytes.data != NULL && bytes.size == strlen(text) &&
           memcmp(bytes.data, text, bytes.size) == 0;
}

const char *ssh_name(struct ssh_bytes bytes, char to[static SSH_NAME_BYTES]) {
    bool good = bytes.size > 0 && bytes.size < SSH_NAME_BYTES;
    for (size_t i = 0; good && i < bytes.size; i++)
        good = bytes.data[i] > 0x20 && bytes.data[i] < 0x7F;
    if (!good)
        return "?";
    memcpy(to, bytes.data, bytes.size);
    to[bytes.size] = '\0';
    return to;
}

void ssh_put(struct ssh_out *out, const void *data, size_t size_bytes) {
    if (out->full || size_bytes > out->room - out->used) {
        out->full = true;
        return;
    }
    if (size_bytes > 0)
        memcpy(out->to + out->used, data, size_bytes);
    out->used += size_bytes;
}

void ssh_put_u8(struct ssh_out *out, uint8_t value) {
    ssh_put(out, &value, 1);
}

void ssh_put_u32(struct ssh_out *out, uint32_t value) {
    uint8_t bytes[4];
    ex_put_be32(bytes, value);
    ssh_put(out, bytes, sizeof bytes);
}

void ssh_put_string(struct ssh_out *out, const void *data, size_t size_bytes) {
    if (size_bytes > UINT32_MAX) {
        out->full = true;
        return;
    }
    ssh_put_u32(out, (uint32_t)size_bytes);
    ssh_put(out, data, size_bytes);
}

void ssh_put_text(struct ssh_out *out, const char *text) {
    ssh_put_string(out, text, strlen(text));
}

/* ---- armor ---- */

static bool is_line(const char *line, size_t size, const char *text) {
    return line != NULL && size == strlen(text) && memcmp(line, text, size) == 0;
}

/* Is the rest of the text this last line, with or without LF? */
static bool rest_is(const struct ex_cursor *c, const char *text) {
    struct ex_cursor rest = *c;
    size_t size = strlen(text), left = ex_cursor_left(c);
    const uint8_t *got = ex_cursor_bytes(&rest, size);
    return got != NULL && memcmp(got, text, size) == 0 &&
           (left == size || (left == size + 1 && ex_cursor_u8(&rest) == '\n'));
}

/* All lines up to `end`, joined; 0 when there are none or one is too long or empty. */
static size_t join_lines(struct ex_cursor *c, const char *end, char *to) {
    size_t joined = 0;
    while (!rest_is(c, end)) {
        size_t size;
        const char *line = ex_cursor_line(c, &size);
        if (line == NULL || size == 0 || size > ARMOR_LINE_MAX)
            return 0;
        memcpy(to + joined, line, size);
        joined += size;
    }
    return joined;
}

static size_t decoded_bytes(const char *base64, size_t size) {
    size_t pads = 0;
    while (pads < 2 && pads < size && base64[size - 1 - pads] == '=')
        pads++;
    return size % 4 != 0 ? 0 : size / 4 * 3 - pads;
}

ex_code ssh_dearmor(const char *text, size_t size_bytes, const char *begin, const char *end,
                    const char *what, char *scratch, uint8_t *to, size_t *ret_bytes,
                    struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    size_t line_bytes;
    if (size_bytes > 0 && memchr(text, '\r', size_bytes) != NULL)
        return ex_hint(ex_fail(err, EX_FORMAT, "%s has carriage returns in it", what), err,
                       "something changed its line ends; fetch the file again, as binary");
    const char *line = ex_cursor_line(&c, &line_bytes);
    if (!is_line(line, line_bytes, begin))
        return ex_fail(err, EX_FORMAT, "%s does not begin with \"%s\"", what, begin);
    size_t joined = join_lines(&c, end, scratch);
    if (joined == 0)
        return ex_fail(err, EX_FORMAT, "%s has no base64 up to \"%s\" at its end", what, end);
    size_t bytes = decoded_bytes(scratch, joined);
    if (bytes == 0 || !ex_parse_base64(scratch, joined, to, bytes))
        return ex_fail(err, EX_FORMAT, "%s has damaged base64", what);
    *ret_bytes = bytes;
    return EX_OK;
}
