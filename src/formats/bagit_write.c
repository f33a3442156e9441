/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a bag's own files, BagIt 1.0 in UTF-8. */
#include "formats/bagit_internal.h"

#include <stdio.h>

enum { FOLD_CHARACTERS = 79, INDENT = 2 };

const char *bagit_declaration_text(void) {
    return "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
}

/* ---- bag-info.txt (§2.2.2) ---- */

/* Readable text on one line, without space at its ends. */
static bool is_plain(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return false;
    return path_text_valid(text, size, false) &&
           (size == 0 || (text[0] != ' ' && text[size - 1] != ' '));
}

/* Characters, not bytes. */
static size_t width(const char *text, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* How many bytes of the value go on a line of this room: up to a lone space if it can be, for the
 * line break is read as one space. */
static size_t line_bytes(const char *value, size_t room) {
    size_t size = strlen(value), best = 0;
    if (width(value, size) <= room)
        return size;
    for (size_t i = 1; i + 1 < size; i++) {
        bool lone = value[i] == ' ' && value[i - 1] != ' ' && value[i + 1] != ' ';
        if (lone && (best == 0 || width(value, i) <= room))
            best = i;
        if (best > 0 && i > 4 * room) /* no character has over four bytes */
            break;
    }
    return best == 0 ? size : best;
}

ex_code bagit_info_line(const char *label, const char *value, char **ret, struct ex_error *err) {
    size_t label_bytes = strlen(label), left = strlen(value), used, room;
    EX_AUTO_FREE char *text = NULL;
    if (label_bytes == 0 || label_bytes > BAGIT_LABEL_BYTES_MAX || !is_plain(label, label_bytes) ||
        strchr(label, ':') != NULL)
        return ex_fail(err, EX_USAGE,
                       "a label for bag-info.txt is empty, too long, or not plain text");
    if (left > BAGIT_VALUE_BYTES_MAX || !is_plain(value, left))
        return ex_fail(err, EX_USAGE,
                       "the value of \"%s\" for bag-info.txt is too long or not plain text", label);
    /* A folded line ends with LF and begins with an indentation where a space stood. */
    size_t limit = BAGIT_LABEL_BYTES_MAX + (1 + INDENT) * BAGIT_VALUE_BYTES_MAX + 8;
    EX_TRY(ex_alloc(label_bytes + (1 + INDENT) * left + 8, 1, limit, "bag-info.txt", &text, err));
    used = (size_t)sprintf(text, "%s: ", label);
    room = width(label, label_bytes) + 2;
    room = room < FOLD_CHARACTERS ? FOLD_CHARACTERS - room : 1;
    for (;;) {
        size_t bytes = line_bytes(value, room);
        memcpy(text + used, value, bytes);
        used += bytes;
        text[used++] = '\n';
        if (value[bytes] == '\0')
            break;
        value += bytes + 1;
        memset(text + used, ' ', INDENT);
        used += INDENT;
        room = FOLD_CHARACTERS - INDENT;
    }
    *ret = ex_steal(&text);
    return EX_OK;
}

/* ---- manifests (§2.1.3) ---- */

ex_code bagit_manifest_line(enum bagit_algorithm a, const uint8_t *digest, const char *path,
                            char to[static BAGIT_LINE_BYTES_MAX], struct ex_error *err) {
    char printed[PATH_PRINTED_BYTES];
    unsigned faults = path_faults(path, strlen(path)) & BAGIT_GRAVE;
    if (faults != 0)
        return ex_fail(err, EX_USAGE, "the path \"%s\" %s",
                       path_print(printed, sizeof printed, path, strlen(path)),
                       path_fault_text(faults));
    ex_hex(to, digest, bagit_algorithm_bytes(a));
    char *at = to + 2 * bagit_algorithm_bytes(a);
    *at++ = ' ';
    *at++ = ' ';
    for (; *path != '\0'; path++) {
        if (*path == '%' || *path == '\r' || *path == '\n')
            at += sprintf(at, "%%%02X", (unsigned)*path);
        else
            *at++ = *path;
    }
    memcpy(at, "\n", 2);
    return EX_OK;
}
