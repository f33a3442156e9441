/* SPDX-License-Identifier: Apache-2.0 */
/* From whom a message is, and to whom: [MS-OXOMSG] §2.2.1, [MS-OXMSG] §2.2.1. */
#include "parsers/ole/msg_internal.h"

#include <strings.h>

enum { PEOPLE_MAX = 4096 };

/* "Name <address>", and the address alone, in lists of at most PARSER_VALUE_BYTES_MAX. */
struct people {
    char *who, *address; /* free() */
    size_t who_bytes, address_bytes;
    bool cut;
};

static ex_code make_room(struct people *p, struct ex_error *err) {
    EX_TRY(ex_alloc(PARSER_VALUE_BYTES_MAX + 1, 1, PARSER_VALUE_BYTES_MAX + 1, "a list of people",
                    &p->who, err));
    return ex_alloc(PARSER_VALUE_BYTES_MAX + 1, 1, PARSER_VALUE_BYTES_MAX + 1, "a list of people",
                    &p->address, err);
}

static void clear_people(struct people *p) {
    free(p->who);
    free(p->address);
}

static void add(struct people *p, char *to, size_t *bytes, const void *data, size_t size) {
    if (size > PARSER_VALUE_BYTES_MAX - *bytes) {
        p->cut = true;
        return;
    }
    if (size > 0)
        memcpy(to + *bytes, data, size);
    *bytes += size;
}

static void add_person(struct people *p, const struct msg_text *name,
                       const struct msg_text *address) {
    if (name->bytes == 0 && address->bytes == 0)
        return;
    if (p->who_bytes > 0)
        add(p, p->who, &p->who_bytes, ", ", 2);
    add(p, p->who, &p->who_bytes, name->data, name->bytes);
    if (address->bytes == 0)
        return;
    add(p, p->who, &p->who_bytes, name->bytes > 0 ? " <" : "<", name->bytes > 0 ? 2 : 1);
    add(p, p->who, &p->who_bytes, address->data, address->bytes);
    add(p, p->who, &p->who_bytes, ">", 1);
    if (p->address_bytes > 0)
        add(p, p->address, &p->address_bytes, ", ", 2);
    add(p, p->address, &p->address_bytes, address->data, address->bytes);
}

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
                           struct people *p, struct ex_error *err) {
    struct msg_text name = {NULL, 0}, address = {NULL, 0};
    ex_code code = first_text(m, name_id, &name, err);
    if (code == EX_OK)
        code = first_text(m, address_id, &address, err);
    if (code == EX_OK)
        add_person(p, &name, &address);
    free(name.data);
    free(address.data);
    return code;
}

static ex_code tell_people(const struct msg *m, const char *key, const struct people *p,
                           struct ex_error *err) {
    char other[OLE_KEY_BYTES];
    if (p->who_bytes > 0)
        EX_TRY(parser_trace_text(m->cfb->run, key, p->who, p->who_bytes, err));
    (void)snprintf(other, sizeof other, "%s-addresses", key);
    if (p->address_bytes > 0)
        EX_TRY(parser_trace_text(m->cfb->run, other, p->address, p->address_bytes, err));
    (void)snprintf(other, sizeof other, "%s-cut", key);
    return p->cut ? tell_text(m->cfb->run, other, "true", err) : EX_OK;
}

/* ---- recipients ---- */

static ex_code take_recipients(const struct msg *m, uint64_t type, struct people *p,
                               struct ex_error *err) {
    static const char PREFIX[] = "__recip_version1.0_";
    static const unsigned NAME[] = {0x3001, 0x5FF6, 0}, ADDRESS[] = {0x39FE, 0x3003, 0};
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
        if (taken++ >= PEOPLE_MAX) {
            p->cut = true;
            break;
        }
        EX_TRY(msg_load(&r, err));
        ex_code code = msg_fixed(&r, 0x0C15, MSG_INTEGER) == type
                           ? take_person(&r, NAME, ADDRESS, p, err)
                           : EX_OK;
        msg_unload(&r);
        EX_TRY(code);
    }
    return EX_OK;
}

static ex_code tell_recipients(const struct msg *m, const char *key, uint64_t type,
                               unsigned shown_id, struct ex_error *err) {
    const unsigned shown[] = {shown_id, 0}, none[] = {0};
    struct people p = {NULL, NULL, 0, 0, false};
    ex_code code = make_room(&p, err);
    if (code == EX_OK)
        code = take_recipients(m, type, &p, err);
    if (code == EX_OK && p.who_bytes == 0)
        code = take_person(m, shown, none, &p, err);
    if (code == EX_OK)
        code = tell_people(m, key, &p, err);
    clear_people(&p);
    return code;
}

/* ---- senders ---- */

static ex_code tell_sender(const struct msg *m, const char *key, const unsigned *name,
                           const unsigned *address, struct ex_error *err) {
    struct people p = {NULL, NULL, 0, 0, false};
    ex_code code = make_room(&p, err);
    if (code == EX_OK)
        code = take_person(m, name, address, &p, err);
    if (code == EX_OK)
        code = tell_people(m, key, &p, err);
    clear_people(&p);
    return code;
}

ex_code msg_people(const struct msg *m, struct ex_error *err) {
    static const unsigned FROM_NAME[] = {0x0042, 0}, FROM_ADDRESS[] = {0x5D02, 0x0065, 0};
    static const unsigned SENDER_NAME[] = {0x0C1A, 0}, SENDER_ADDRESS[] = {0x5D01, 0x0C1F, 0};
    EX_TRY(tell_sender(m, "from", FROM_NAME, FROM_ADDRESS, err));
    EX_TRY(tell_sender(m, "sender", SENDER_NAME, SENDER_ADDRESS, err));
    EX_TRY(tell_recipients(m, "to", 1, 0x0E04, err));
    EX_TRY(tell_recipients(m, "cc", 2, 0x0E03, err));
    return tell_recipients(m, "bcc", 3, 0x0E02, err);
}
