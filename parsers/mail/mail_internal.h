/* SPDX-License-Identifier: Apache-2.0 */
/* One file of mail that is being read. mail.c finds the messages, lines.c reads lines, fields.c
 * fields, parts.c finds the parts of a message, message.c tells them, claims.c what the fields of
 * one say; body.c gives what is in a part, transfer.c undoes its encoding and html.c its markup;
 * words.c decodes what is written in fields, parameters.c, addresses.c and dates.c read it. */
#ifndef EXHIBIT_PARSERS_MAIL_MAIL_INTERNAL_H
#define EXHIBIT_PARSERS_MAIL_MAIL_INTERNAL_H

#include "base/mem.h"
#include "parsers/shared/charset.h"
#include "parsers/shared/html.h"
#include "parsers/shared/tell.h"

#include <stdio.h>

enum {
    MAIL_PIECE_BYTES = 64 << 10, /* a longer line comes in pieces */
    MAIL_FIELD_BYTES_MAX = PARSER_VALUE_BYTES_MAX,
    MAIL_FIELD_NAME_BYTES = 80,
    MAIL_TEXT_BYTES_MAX = 4 * MAIL_FIELD_BYTES_MAX + 64,
    MAIL_BOUNDARY_BYTES_MAX = 200, /* RFC 2046 allows 70 */
    MAIL_PARTS_MAX = 10000,
    MAIL_DEPTH_MAX = 100, /* of multiparts and messages together */
    MAIL_KEY_BYTES = 48
};

struct mailing {
    struct parser_run *run;
    bool mailbox;
    uint64_t from_line, from_bytes; /* of a mailbox: the line in front of the message; 0: none */
};

/* ---- lines ---- */

struct lines {
    struct parser_run *run;
    uint64_t at, to;     /* what was not given yet */
    const uint8_t *view; /* the run's, until anything else is read */
    uint64_t view_at;
    size_t view_bytes;
    bool inside; /* the piece that was given last did not end its line */
    bool memory; /* all of it is in the view */
};
struct piece {
    const uint8_t *data;
    size_t bytes; /* the line's end included */
    uint64_t at;
    bool begins, ends; /* its line */
};
struct lines lines_start(struct parser_run *run, uint64_t from, uint64_t to);
/* Of bytes that stay where they are. */
struct lines lines_of_memory(const uint8_t *data, size_t size_bytes);
/* *ret_more false: there is no more. The piece is valid until anything is read. */
EX_MUST_USE ex_code lines_next(struct lines *l, struct piece *ret, bool *ret_more,
                               struct ex_error *err);
/* What was given last is given again. */
void lines_back(struct lines *l, const struct piece *p);
/* Bytes of the piece without the end of its line. */
size_t piece_text_bytes(const struct piece *p);

/* ---- text that grows ---- */

struct text {
    uint8_t *data; /* free() */
    size_t bytes, capacity;
    bool lost; /* decoding could not read all of it */
};
EX_MUST_USE ex_code text_add(struct text *t, const void *data, size_t size_bytes,
                             struct ex_error *err);
void text_clear(struct text *t);

/* ---- fields: RFC 5322 §2.2 ---- */

struct fields {
    struct lines lines;
    /* Whether a line ends the head although it looks like a field; NULL: none does. */
    bool (*ends)(const void *context, const uint8_t *line, size_t size_bytes);
    const void *context;
    bool over, unended; /* unended: by something else than an empty line */
    uint64_t body_at;   /* once over */
    /* the one that was read last; unfolded */
    char name[MAIL_FIELD_NAME_BYTES]; /* lower case; cut */
    struct text value;
    bool cut;
};
void fields_start(struct fields *f, struct parser_run *run, uint64_t from, uint64_t to);
void fields_clear(struct fields *f);
/* *ret_more false: the head is over. */
EX_MUST_USE ex_code fields_next(struct fields *f, bool *ret_more, struct ex_error *err);
/* The bytes of a field's name at the beginning of a line, without its colon; 0: it is none. */
size_t field_name_bytes(const uint8_t *line, size_t size_bytes);

/* ---- what stands in a field ---- */

/* Encoded words (RFC 2047), anywhere; the rest as it is. */
EX_MUST_USE ex_code words_decode(const uint8_t *value, size_t size_bytes, struct text *ret,
                                 struct ex_error *err);
/* A parameter of Content-Type or Content-Disposition, decoded (RFC 2231, and RFC 2047 where it
 * should not be). Empty: it has none. */
EX_MUST_USE ex_code parameter_get(const struct text *value, const char *name, struct text *ret,
                                  struct ex_error *err);
/* The word in front of the parameters, in lower case; cut at size - 1. */
void parameter_head(const struct text *value, char *to, size_t size);
/* The addresses, with ", " between them. */
EX_MUST_USE ex_code addresses_get(const struct text *value, struct text *ret, struct ex_error *err);
/* False: no date. *ret_local: its zone is not known. */
bool date_parse(const uint8_t *text, size_t size_bytes, int64_t *ret_seconds, bool *ret_local);

/* ---- parts ---- */

enum transfer { TRANSFER_PLAIN, TRANSFER_BASE64, TRANSFER_QUOTED, TRANSFER_UNKNOWN };
enum part_kind { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

struct part {
    uint64_t head_at, body_at, body_end;
    /* of a multipart: in front of its first boundary (from body_at), behind its last one */
    uint64_t preamble_end, epilogue_at, epilogue_end;
    enum part_kind kind;
    enum transfer transfer;
    bool text, html; /* of that type, and no attachment */
    bool parted;     /* a multipart in which a part begins */
    bool lost;       /* its text could not be decoded whole */
    unsigned depth;  /* of multiparts and messages around it */
};
struct parts {
    size_t count, capacity;
    struct part *part; /* free() */
    bool unended_head; /* the message's own */
    bool too_many, too_deep;
    unsigned unclosed, unparted;
    unsigned reused; /* have the boundary of one around them */
    const char *encrypted; /* NULL: nothing says so */
};
/* `depth`: of messages and multiparts around this one. */
EX_MUST_USE ex_code parts_find(struct parser_run *run, uint64_t from, uint64_t to, unsigned depth,
                               struct parts *ret, struct ex_error *err);
void parts_clear(struct parts *p);

/* What the head of a part says of it. */
struct part_head {
    struct text type, disposition, encoding; /* fields; empty: not there */
    char type_word[MAIL_FIELD_NAME_BYTES];   /* "text/plain" where there is none */
    enum transfer transfer;
    bool attached, named;
};
EX_MUST_USE ex_code part_head_read(struct fields *f, bool in_digest, struct part_head *ret,
                                   struct ex_error *err);
void part_head_clear(struct part_head *h);

/* ---- what is in a part ---- */

struct decoding {
    enum transfer transfer;
    uint32_t bits;
    unsigned digits;  /* base64: of a group */
    bool ended, cut;  /* base64: its padding was there; it ends inside of a group */
    uint8_t held[80]; /* quoted-printable: an escape that is not whole */
    unsigned held_bytes;
    uint64_t left_out, wrong; /* characters of base64; escapes */
};
/* At most size_bytes + sizeof held bytes come out. */
size_t transfer_decode(struct decoding *d, const uint8_t *from, size_t size_bytes, uint8_t *to);
size_t transfer_end(struct decoding *d, uint8_t *to);

/* The words of HTML in UTF-8: html.c. */
typedef ex_code strip_give(void *context, const uint8_t *text, size_t size_bytes,
                           struct ex_error *err);
struct stripping {
    struct html html;
    strip_give *give;
    void *context;
    bool line_begun, space;
    size_t out_bytes;
    uint8_t out[4096];
};
void strip_start(struct stripping *s, strip_give *give, void *context);
EX_MUST_USE ex_code strip_feed(struct stripping *s, const uint8_t *from, size_t size_bytes,
                               struct ex_error *err);
EX_MUST_USE ex_code strip_end(struct stripping *s, struct ex_error *err);

/* The content of the trace that was told last: a part as its encoding has it. */
EX_MUST_USE ex_code body_tell(struct parser_run *run, uint32_t trace, const struct part *p,
                              struct ex_error *err);
/* Has it nothing but white space? */
EX_MUST_USE ex_code body_is_blank(struct parser_run *run, const struct part *p, bool *ret,
                                  struct ex_error *err);
/* What was found of the texts of a message. */
struct body_charset {
    char named[MAIL_FIELD_NAME_BYTES]; /* the label; empty: none */
    const char *used;                  /* when it is another; NULL */
    bool also;                         /* could be UTF-8 as well */
    bool lost;
};
/* The same as text, in UTF-8. *wanted: as parser_trace_content() says it. */
EX_MUST_USE ex_code body_tell_text(struct parser_run *run, const struct part *p, bool *wanted,
                                   struct body_charset *ret, struct ex_error *err);

/* ---- telling ---- */

/* The fields of the message at [from, to), about the trace that was told last. */
EX_MUST_USE ex_code claims_tell(struct mailing *m, uint64_t from, uint64_t to,
                                struct ex_error *err);
/* A field's value, decoded; KEY-as-stored when that lost something, KEY-addresses if wanted. */
EX_MUST_USE ex_code claims_field(struct parser_run *run, const char *key, const struct text *value,
                                 bool addresses, struct ex_error *err);
/* Its subject, decoded. */
EX_MUST_USE ex_code claims_subject(struct parser_run *run, uint64_t from, uint64_t to,
                                   struct text *ret, struct ex_error *err);
/* A message at [from, to), and what is under it. `depth`: of messages and multiparts around it. */
EX_MUST_USE ex_code message_tell(struct mailing *m, uint32_t parent, const char *key, uint64_t from,
                                 uint64_t to, unsigned depth, struct ex_error *err);

#endif
