/* SPDX-License-Identifier: Apache-2.0 */
/* The XML parts of a document that is a ZIP, in memory, through libarchive. */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_PACKAGE_H
#define EXHIBIT_PARSERS_DOCUMENTS_PACKAGE_H

#include "parsers/documents/text.h"

enum {
    PACKAGE_MEMBERS_MAX = 100000,
    PACKAGE_PART_BYTES_MAX = 128 << 20,
    PACKAGE_BYTES_MAX = 384 << 20, /* all parts that are kept */
    PACKAGE_NAME_BYTES_MAX = 1024
};

struct package_part {
    char *name;    /* as libarchive gives it, without a slash in front */
    uint8_t *data; /* NULL: not kept */
    size_t size_bytes;
    bool xml, visited;
};

struct package {
    struct package_part *part; /* as they lie in the file */
    size_t count, capacity;
    size_t kept_bytes;
};
void package_clear(struct package *p);

/* Keeps the parts whose names say that they hold XML. What cannot be read goes to text_wrong().
 * EX_FORMAT: no ZIP at all. */
EX_MUST_USE ex_code package_load(struct parser_run *run, struct package *p, struct text *wrongs,
                                 struct ex_error *err);
/* Of two by the same name the first; ASCII letters may differ in case (ECMA-376-2 §6.2.2.3). NULL:
 * none. */
struct package_part *package_find(struct package *p, const char *name);
/* `target` as it stands in a part of this name; false: it leads out, or is too long. */
bool package_resolve(const char *base, const char *target, char to[PACKAGE_NAME_BYTES_MAX]);

#endif
