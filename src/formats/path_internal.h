/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files in packages that others made: what is wrong with one, and which two are one on
 * another system. For tar.h and bagit.h.
 *
 * Any bytes are safe. A name is a range of bytes with slashes between its parts, never opened here.
 *
 * Which names are one: names that differ in the case of ASCII letters alone. Unicode has no table
 * here. Instead PATH_NOT_COMPOSED marks the characters by which one name gets two spellings in the
 * scripts that the project knows: combining marks of Latin, Greek and Cyrillic, the kana voicing
 * marks, Hangul jamo, the compatibility ideographs, and the signs of ohm, kelvin and ångström. Two
 * names without this fault may still be equal after normalisation in scripts with other composed
 * vowel signs (some of India's), and Unicode's case pairs beyond ASCII are not compared. Who needs
 * more demands ASCII names.
 */
#ifndef EXHIBIT_FORMATS_PATH_INTERNAL_H
#define EXHIBIT_FORMATS_PATH_INTERNAL_H

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    PATH_BYTES_MAX = 4096,
    PATH_PARTS_MAX = 64,
    PATH_PART_BYTES_MAX = 255,
    PATH_PRINTED_BYTES = 160 /* room for a name in a message, with its NUL */
};
#define PATH_SET_BYTES_MAX ((size_t)512 << 20)

/* The faults of a name, the gravest first. */
enum path_fault {
    PATH_EMPTY = 1 << 0,
    PATH_LONG = 1 << 1, /* in bytes, in parts, or in the bytes of a part */
    PATH_NUL = 1 << 2,
    PATH_ABSOLUTE = 1 << 3,
    PATH_OUT = 1 << 4,        /* a part ".." */
    PATH_HOME = 1 << 5,       /* begins with ~ */
    PATH_DRIVE = 1 << 6,      /* begins with a letter and a colon */
    PATH_PARTS = 1 << 7,      /* an empty part, or a part "." */
    PATH_NOT_UTF8 = 1 << 8,   /* also overlong forms and surrogates */
    PATH_CONTROL = 1 << 9,    /* C0, DEL, C1, and the separators of lines */
    PATH_BACKSLASH = 1 << 10, /* a separator on Windows */
    PATH_DIRECTION = 1 << 11, /* turns the direction of writing, so that a name reads as another */
    PATH_NOT_COMPOSED = 1 << 12,
    PATH_NOT_ASCII = 1 << 13,
    PATH_FAULTS_ALL = (1 << 14) - 1
};

unsigned path_faults(const char *path, size_t size_bytes);
/* The gravest of these faults in words that go on behind the name ("is absolute"). */
const char *path_fault_text(unsigned faults);

/* The next character of strict UTF-8, or PATH_NO_CHARACTER with only the first byte eaten. */
#define PATH_NO_CHARACTER UINT32_MAX
uint32_t path_next_character(struct ex_cursor *c);

/* UTF-8, or ASCII alone. */
bool path_text_valid(const char *text, size_t size_bytes, bool ascii_only);

/* The name for a message: what is not printable as \xNN, and cut in the middle of nothing when it
 * is too long. Returns `to`. */
char *path_print(char *to, size_t to_bytes, const char *path, size_t size_bytes);

/* ---- which names there are already ---- */

struct path_set;
struct path_set *path_set_new(void);
void path_set_free(struct path_set *s);
EX_DEFINE_AUTO(struct path_set, path_set_free);

enum path_known {
    PATH_NEW,
    PATH_TWICE,          /* the same name is there */
    PATH_OTHER_CASE,     /* it, or a directory above it, is there in other letters */
    PATH_FILE_AND_FOLDER /* it is a file here and a directory there */
};

/* Adds a name without PATH_EMPTY, PATH_LONG, PATH_NUL. Whatever comes out, the set stays sound.
 * *ret_other is the name it meets, inside the set, or NULL. EX_LIMIT: the names take over
 * PATH_SET_BYTES_MAX. */
EX_MUST_USE ex_code path_set_add(struct path_set *s, const char *path, bool directory,
                                 enum path_known *ret, const char **ret_other,
                                 struct ex_error *err);

#endif
