/* SPDX-License-Identifier: Apache-2.0 */
/* What the examiner of PDF wants of Poppler, in C: a document over the bytes of an input, its
 * objects one by one, and the text of a page. library.cc is the only file that knows Poppler
 * (docs/decisions/0030-pdf.md).
 *
 * Promised: no file, no font and no locale of the system is asked for; no picture is made; no
 * script is run. Objects are fetched when they are asked for, so whoever follows references bounds
 * how many. Not promised: that Poppler survives what it is given. It may end the process.
 *
 * Threads: one. Poppler keeps one table of messages for a process, so one document is "at work" at
 * a time: the one that was named in the last call.
 *
 * Sources: ISO 32000-1:2008; Poppler 22.12. */
#ifndef EXHIBIT_PARSERS_PDF_LIBRARY_H
#define EXHIBIT_PARSERS_PDF_LIBRARY_H

#include "parsers/api.h"

/* Before the process is confined. */
void pdfl_process_setup(void);
const char *pdfl_version(void); /* "poppler 22.12.0" */

enum { PDFL_MESSAGE_BYTES = 160 };

/* What the library said of the file while it read: printable ASCII. */
struct pdfl_messages {
    uint64_t damaged, unknown; /* how many; unknown: something that it does not know */
    char first_damaged[PDFL_MESSAGE_BYTES], first_unknown[PDFL_MESSAGE_BYTES];
    bool rebuilt; /* its table of objects was made again from the objects */
};

/* ---- a document ---- */

struct pdfl;

/* The first size_bytes of input 0, as if `behind` stood behind them. EX_DENIED: it wants a
 * password; *ret is there, with its trailer alone. EX_FORMAT: it cannot be opened; what messages
 * there are stand in the error. The caller's: pdfl_free(), which accepts NULL. */
EX_MUST_USE ex_code pdfl_open(struct parser_run *run, uint64_t size_bytes, const char *behind,
                              struct pdfl **ret, struct ex_error *err);
void pdfl_free(struct pdfl *d);

const struct pdfl_messages *pdfl_messages(const struct pdfl *d);
void pdfl_version_of(struct pdfl *d, unsigned *ret_major, unsigned *ret_minor);
/* Those that its tree has, whatever it claims; pdfl_pages_cut(): it has more, or is too deep. */
enum { PDFL_PAGES_MAX = 100000, PDFL_TREE_DEPTH_MAX = 256 };
unsigned pdfl_pages(const struct pdfl *d);
bool pdfl_pages_cut(const struct pdfl *d);
int64_t pdfl_pages_claimed(const struct pdfl *d);
bool pdfl_is_encrypted(struct pdfl *d);
bool pdfl_is_linearized(struct pdfl *d);

/* ---- layers (optional content) ---- */

unsigned pdfl_layers(struct pdfl *d);
/* Name as the file has it (a text string); hidden: so by default. */
bool pdfl_layer(struct pdfl *d, unsigned i, const char **ret_name, size_t *ret_bytes,
                bool *ret_hidden);
/* How many annotations that bring their drawing were met in pdfl_page_text() and not shown: their
 * flags say so. */
unsigned pdfl_hidden_notes(const struct pdfl *d);
/* PDFL_ALL: such annotations, too, for as long as d is there. */
enum pdfl_show { PDFL_AS_DEFAULT, PDFL_ALL, PDFL_NONE };
void pdfl_show_layers(struct pdfl *d, enum pdfl_show show);

/* ---- text ---- */

struct pdfl_counts {
    uint64_t characters, invisible, outside; /* drawn; in render mode 3 or 7; off the page's box */
};
typedef void pdfl_take_fn(void *context, const char *text, size_t size_bytes);
/* The text of a page, from 1, with what annotations and fields of forms show by drawings of their
 * own, in UTF-8, lines ended by LF. False: there is no such page to be read. Adds to *counts. */
bool pdfl_page_text(struct pdfl *d, unsigned page, pdfl_take_fn *take, void *context,
                    struct pdfl_counts *counts);

/* ---- objects ---- */

enum pdfl_type {
    PDFL_NULL,
    PDFL_BOOL,
    PDFL_INT,
    PDFL_REAL,
    PDFL_STRING,
    PDFL_NAME,
    PDFL_ARRAY,
    PDFL_DICT,
    PDFL_STREAM
};
struct pdfl_value; /* an object, references followed; the caller's: pdfl_value_free(). NULL stands
                      for null in all of these */

void pdfl_value_free(struct pdfl_value *v);
struct pdfl_value *pdfl_trailer(struct pdfl *d);
struct pdfl_value *pdfl_catalog(struct pdfl *d);
struct pdfl_value *pdfl_page(struct pdfl *d, unsigned page);
struct pdfl_value *pdfl_get(const struct pdfl_value *v, const char *key); /* of a dict or stream */
struct pdfl_value *pdfl_at(const struct pdfl_value *v, unsigned i);       /* of an array */
const char *pdfl_key(const struct pdfl_value *v, unsigned i);             /* of a dict */

enum pdfl_type pdfl_type(const struct pdfl_value *v);
unsigned pdfl_count(const struct pdfl_value *v); /* elements; entries; 0 of anything else */
int pdfl_object(
    const struct pdfl_value *v); /* number of the object it is; 0: it stands in another */
int64_t pdfl_int(const struct pdfl_value *v, int64_t otherwise);
double pdfl_number(const struct pdfl_value *v);
/* Of a string or a name; it lives as long as v. NULL of anything else. */
const char *pdfl_bytes(const struct pdfl_value *v, size_t *ret_bytes);

/* A stream's content, decoded. EX_UNSUPPORTED: it is coded as a picture. */
EX_MUST_USE ex_code pdfl_stream_start(const struct pdfl_value *v, struct ex_error *err);
size_t pdfl_stream_read(const struct pdfl_value *v, uint8_t *to, size_t size_bytes);

/* The character of PDFDocEncoding; 0: none. */
uint32_t pdfl_doc_character(uint8_t byte);

#endif
