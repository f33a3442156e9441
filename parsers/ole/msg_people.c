/* SPDX-License-Identifier: Apache-2.0 */
/* From whom a message is, and to whom: [MS-OXOMSG] §2.2.1, [MS-OXMSG] §2.2.1. */
#include "parsers/ole/msg_internal.h"

#include <strings.h>

/* The first of the ids that has a text. */
static ex_code first_text(const struct msg *m, const unsigned *id, struct msg_text *ret,
                          struct ex_error *err) {
    for (; *id != 0; id++) {
        EX_TRY(msg_text(m, *id, ret, err));
        if (ret->bytes > 0)
            return EX_OK;
        free(ret->data);
        ret->data = NULL;
    }
    return EX_OK;
}

static ex_code take_person(const struct msg *m, const unsigned *name_id, const unsigned *address_id,
                           struct mapi_people *p, struct ex_error *err) {
    struct msg_text name = {NULL, 0}, address = {NULL, 0};
    ex_code code = first_text(m, name_id, &name, err);
    if (code == EX_OK)
        code = first_text(m, address_id, &address, err);
    if (code == EX_OK)
        mapi_people_add(p, name.data, name.bytes, address.data, address.bytes);
    free(name.data);
    free(address.data);
    return code;
}

/* ---- recipients ---- */

static ex_code take_recipients(const struct msg *m, uint64_t type, struct mapi_people *p,
                               struct ex_error *err) {
    static const char PREFIX[] = "__recip_version1.0_";
    size_t count, taken = 0;
    const uint32_t *child = cfb_children(m->cfb, m->storage, &count);
    for (size_t i = 0; i < count; i++) {
        const struct cfb_entry *e = &m->cfb->entry[child[i]];
        struct msg r = {.cfb = m->cfb,
                        .storage = child[i],
                        .charset = m->charset,
                        .head_bytes = 8,
                        .cut = m->cut};
        if (e->type != CFB_STORAGE ||
            strncasecmp((const char *)e->name, PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        if (taken++ >= MAPI_PEOPLE_MAX) {
            p->cut = true;
            break;
        }
        EX_TRY(msg_load(&r, err));
        ex_code code = msg_fixed(&r, MAPI_RECIPIENT_TYPE, MAPI_INTEGER) == type
                           ? take_person(&r, MAPI_RECIPIENT_NAME, MAPI_RECIPIENT_ADDRESS, p, err)
                           : EX_OK;
        msg_unload(&r);
        EX_TRY(code);
    }
    return EX_OK;
}

static ex_code tell_recipients(const struct msg *m, const char *key, uint64_t type,
                               unsigned shown_id, struct ex_error *err) {
    const unsigned shown[] = {shown_id, 0}, none[] = {0};
    struct mapi_people p;
    ex_code code = mapi_people_start(&p, err);
    if (code == EX_OK)
        code = take_recipients(m, type, &p, err);
    if (code == EX_OK && p.who_bytes == 0)
        code = take_person(m, shown, none, &p, err);
    if (code == EX_OK)
        code = mapi_people_tell(m->cfb->run, key, &p, err);
    mapi_people_clear(&p);
    return code;
}

/* ---- senders ---- */

static ex_code tell_sender(const struct msg *m, const char *key, const unsigned *name,
                           const unsigned *address, struct ex_error *err) {
    struct mapi_people p;
    ex_code code = mapi_people_start(&p, err);
    if (code == EX_OK)
        code = take_person(m, name, address, &p, err);
    if (code == EX_OK)
        code = mapi_people_tell(m->cfb->run, key, &p, err);
    mapi_people_clear(&p);
    return code;
}

ex_code msg_people(const struct msg *m, struct ex_error *err) {
    EX_TRY(tell_sender(m, "from", MAPI_FROM_NAME, MAPI_FROM_ADDRESS, err));
    EX_TRY(tell_sender(m, "sender", MAPI_SENDER_NAME, MAPI_SENDER_ADDRESS, err));
    for (size_t i = 0; i < MAPI_RECIPIENT_KINDS; i++)
        EX_TRY(tell_recipients(m, MAPI_RECIPIENTS[i].key, MAPI_RECIPIENTS[i].type,
                               MAPI_RECIPIENTS[i].shown_id, err));
    return EX_OK;
}
