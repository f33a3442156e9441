/* SPDX-License-Identifier: Apache-2.0 */
/* One message, attachment or recipient of a .msg: a storage with properties. msg.c tells a message,
 * msg_people.c from whom and to whom it is, msg_properties.c reads properties. */
#ifndef EXHIBIT_PARSERS_OLE_MSG_INTERNAL_H
#define EXHIBIT_PARSERS_OLE_MSG_INTERNAL_H

#include "parsers/ole/ole_internal.h"
#include "parsers/shared/mapi.h"

struct msg {
    const struct cfb *cfb;
    uint32_t storage;
    unsigned head_bytes;           /* of its properties: §2.4.1 to §2.4.3 */
    const struct charset *charset; /* of texts of 8 bits */
    uint8_t *fixed;                /* its properties; NULL: it has none */
    size_t fixed_bytes;
    bool *cut; /* becomes true: a property has fewer bytes than its size says; NULL: nobody asks */
};
/* charset may be set before; it is, from its properties, if not. */
EX_MUST_USE ex_code msg_load(struct msg *m, struct ex_error *err);
void msg_unload(struct msg *m);

/* The value of one that is in the list itself; 0: it has none. */
uint64_t msg_fixed(const struct msg *m, unsigned id, enum mapi_type type);
/* Where one of any length stands; NULL. */
const struct cfb_entry *msg_entry(const struct msg *m, unsigned id, enum mapi_type type);

struct msg_text {
    uint8_t *data; /* free(); UTF-8; NULL: none */
    size_t bytes;
};
EX_MUST_USE ex_code msg_text(const struct msg *m, unsigned id, struct msg_text *ret,
                             struct ex_error *err);
/* As many bytes as a value or a name may have. */
size_t msg_kept(const struct msg_text *t);

EX_MUST_USE ex_code msg_times(const struct msg *m, bool attachment, struct ex_error *err);
/* from, sender, to, cc, bcc, and their addresses. */
EX_MUST_USE ex_code msg_people(const struct msg *m, struct ex_error *err);

#endif
