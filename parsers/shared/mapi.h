/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of Outlook, wherever they are kept (.msg, .pst): which of their properties are told, and
 * by what names ([MS-OXPROPS], [MS-OXOMSG] §2.2.1). */
#ifndef EXHIBIT_PARSERS_SHARED_MAPI_H
#define EXHIBIT_PARSERS_SHARED_MAPI_H

#include "parsers/api.h"

/* [MS-OXCDATA] §2.11.1 */
enum mapi_type {
    MAPI_INTEGER = 0x03,
    MAPI_BOOLEAN = 0x0B,
    MAPI_OBJECT = 0x0D,
    MAPI_TEXT_8 = 0x1E,
    MAPI_TEXT = 0x1F,
    MAPI_TIME = 0x40,
    MAPI_BINARY = 0x102
};

struct mapi_text {
    unsigned id;
    const char *key;
};
enum { MAPI_TEXTS_COUNT = 6, MAPI_ATTACHED_COUNT = 3, MAPI_TIMES_COUNT = 4, MAPI_TIMES_OF_ALL = 2 };
extern const struct mapi_text MAPI_TEXTS[MAPI_TEXTS_COUNT];       /* of a message */
extern const struct mapi_text MAPI_ATTACHED[MAPI_ATTACHED_COUNT]; /* of an attachment */
extern const unsigned MAPI_ATTACHED_NAMES[];                      /* the best one first; 0: end */
/* From MAPI_TIMES_OF_ALL on those that attachments have as well. */
extern const struct mapi_time {
    unsigned id;
    enum parser_time what;
    const char *source;
} MAPI_TIMES[MAPI_TIMES_COUNT];
/* Fields of a kept head whose names are told of properties: for mail_tell_head(). */
extern const char *const MAPI_HEAD_TOLD[];

/* From whom, to whom: ids of names and of addresses, the best one first; 0: end. */
extern const unsigned MAPI_FROM_NAME[], MAPI_FROM_ADDRESS[], MAPI_SENDER_NAME[],
    MAPI_SENDER_ADDRESS[], MAPI_RECIPIENT_NAME[], MAPI_RECIPIENT_ADDRESS[];
enum { MAPI_PEOPLE_MAX = 4096, MAPI_RECIPIENT_TYPE = 0x0C15, MAPI_RECIPIENT_KINDS = 3 };
extern const struct mapi_recipients {
    const char *key;
    unsigned type, shown_id; /* shown_id: a list for people, told when there are no recipients */
} MAPI_RECIPIENTS[MAPI_RECIPIENT_KINDS];

/* "Name <address>", and the address alone, in lists of at most PARSER_VALUE_BYTES_MAX. */
struct mapi_people {
    char *who, *address; /* free() */
    size_t who_bytes, address_bytes;
    bool cut;
};
EX_MUST_USE ex_code mapi_people_start(struct mapi_people *p, struct ex_error *err);
void mapi_people_clear(struct mapi_people *p);
void mapi_people_add(struct mapi_people *p, const void *name, size_t name_bytes,
                     const void *address, size_t address_bytes);
/* As KEY, KEY-addresses and KEY-cut, about the trace that was told last. */
EX_MUST_USE ex_code mapi_people_tell(struct parser_run *run, const char *key,
                                     const struct mapi_people *p, struct ex_error *err);

#endif
