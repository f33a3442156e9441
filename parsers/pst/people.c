/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/pst/pst_internal.h"

static ex_code take_person(const struct values *v, const unsigned *name_id,
                           const unsigned *address_id, struct mapi_people *to,
                           struct ex_error *err) {
    struct bytes name = {0}, address = {0};
    ex_code code = values_first_text(v, name_id, &name, err);
    if (code == EX_OK)
        code = values_first_text(v, address_id, &address, err);
    if (code == EX_OK)
        mapi_people_add(to, name.data, name.bytes, address.data, address.bytes);
    free(name.data);
    free(address.data);
    return code;
}

static ex_code tell_sender(struct pst *p, const struct values *v, const char *key,
                           const unsigned *name_id, const unsigned *address_id,
                           struct ex_error *err) {
    struct mapi_people people;
    ex_code code = mapi_people_start(&people, err);
    if (code == EX_OK)
        code = take_person(v, name_id, address_id, &people, err);
    if (code == EX_OK)
        code = mapi_people_tell(p->run, key, &people, err);
    mapi_people_clear(&people);
    return code;
}

/* ---- recipients ----
 * Those of a kind that is none of To, Cc and Bcc have a list of their own, the last one. */

enum { KINDS = MAPI_RECIPIENT_KINDS + 1, TYPE_MASK = 0x0FFFFFFF }; /* [MS-OXCMSG] §2.2.3.1.2 */

/* One row of their table: into the list of its kind. */
static ex_code take_recipient(libpff_item_t *table, int row, const struct values *message,
                              struct mapi_people *people, struct ex_error *err) {
    struct values v;
    size_t kind = 0;
    ex_code code = values_load(table, row, message->charset, message->gaps, &v, err);
    uint64_t type =
        code == EX_OK ? values_number(&v, SET_NONE, MAPI_RECIPIENT_TYPE, MAPI_INTEGER) : 0;
    while (kind < MAPI_RECIPIENT_KINDS && (type & TYPE_MASK) != MAPI_RECIPIENTS[kind].type)
        kind++;
    if (code == EX_OK)
        code = take_person(&v, MAPI_RECIPIENT_NAME, MAPI_RECIPIENT_ADDRESS, &people[kind], err);
    values_clear(&v);
    message->gaps->people += code == EX_FORMAT;
    return code == EX_FORMAT ? EX_OK : code;
}

static ex_code take_recipients(libpff_item_t *message, const struct values *v,
                               struct mapi_people *people, struct ex_error *err) {
    libpff_item_t *table = NULL;
    int rows = 0;
    ex_code code = EX_OK;
    int got = libpff_message_get_recipients(message, &table, NULL);
    if (got == 1 && libpff_item_get_number_of_record_sets(table, &rows, NULL) != 1)
        got = -1;
    v->gaps->no_people = got == -1;
    for (int i = 0; got == 1 && i < rows && i < MAPI_PEOPLE_MAX && code == EX_OK; i++)
        code = take_recipient(table, i, v, people, err);
    for (size_t i = 0; i < KINDS; i++)
        people[i].cut = people[i].cut || rows > MAPI_PEOPLE_MAX;
    if (table != NULL)
        (void)libpff_item_free(&table, NULL);
    return code;
}

static ex_code tell_recipients(struct pst *p, libpff_item_t *message, const struct values *v,
                               struct mapi_people *people, struct ex_error *err) {
    static const unsigned NONE[] = {0};
    for (size_t i = 0; i < KINDS; i++)
        EX_TRY(mapi_people_start(&people[i], err));
    EX_TRY(take_recipients(message, v, people, err));
    for (size_t i = 0; i < MAPI_RECIPIENT_KINDS; i++) {
        const unsigned shown[] = {MAPI_RECIPIENTS[i].shown_id, 0};
        if (people[i].who_bytes == 0)
            EX_TRY(take_person(v, shown, NONE, &people[i], err));
        EX_TRY(mapi_people_tell(p->run, MAPI_RECIPIENTS[i].key, &people[i], err));
    }
    return mapi_people_tell(p->run, "other-recipients", &people[MAPI_RECIPIENT_KINDS], err);
}

ex_code people_tell(struct pst *p, libpff_item_t *message, const struct values *v,
                    struct ex_error *err) {
    struct mapi_people people[KINDS] = {0};
    EX_TRY(tell_sender(p, v, "from", MAPI_FROM_NAME, MAPI_FROM_ADDRESS, err));
    EX_TRY(tell_sender(p, v, "sender", MAPI_SENDER_NAME, MAPI_SENDER_ADDRESS, err));
    ex_code code = tell_recipients(p, message, v, people, err);
    for (size_t i = 0; i < KINDS; i++)
        mapi_people_clear(&people[i]);
    return code;
}
