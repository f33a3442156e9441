/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/mapi.h"

#include "base/mem.h"
#include "parsers/shared/tell.h"

#include <stdio.h>
#include <string.h>

const struct mapi_text MAPI_TEXTS[MAPI_TEXTS_COUNT] = {
    {0x0037, "subject"},    {0x1035, "message-id"},    {0x1042, "in-reply-to"},
    {0x1039, "references"}, {0x001A, "message-class"}, {0x0070, "conversation-topic"}};
const struct mapi_text MAPI_ATTACHED[MAPI_ATTACHED_COUNT] = {
    {0x370E, "content-type"}, {0x3712, "content-id"}, {0x370D, "path"}};
const unsigned MAPI_ATTACHED_NAMES[] = {0x3707, 0x3704, 0x3001, 0};
const struct mapi_time MAPI_TIMES[MAPI_TIMES_COUNT] = {
    {0x0039, PARSER_SENT, "mapi:client-submit-time"},
    {0x0E06, PARSER_RECEIVED, "mapi:message-delivery-time"},
    {0x3007, PARSER_CREATED, "mapi:creation-time"},
    {0x3008, PARSER_MODIFIED, "mapi:last-modification-time"}};
const char *const MAPI_HEAD_TOLD[] = {"from",    "sender",     "to",          "cc",         "bcc",
                                      "subject", "message-id", "in-reply-to", "references", NULL};

const unsigned MAPI_FROM_NAME[] = {0x0042, 0}, MAPI_FROM_ADDRESS[] = {0x5D02, 0x0065, 0};
const unsigned MAPI_SENDER_NAME[] = {0x0C1A, 0}, MAPI_SENDER_ADDRESS[] = {0x5D01, 0x0C1F, 0};
const unsigned MAPI_RECIPIENT_NAME[] = {0x3001, 0x5FF6, 0},
               MAPI_RECIPIENT_ADDRESS[] = {0x39FE, 0x3003, 0};
const struct mapi_recipients MAPI_RECIPIENTS[MAPI_RECIPIENT_KINDS] = {
    {"to", 1, 0x0E04}, {"cc", 2, 0x0E03}, {"bcc", 3, 0x0E02}};

/* ---- people ---- */

ex_code mapi_people_start(struct mapi_people *p, struct ex_error *err) {
    *p = (struct mapi_people){0};
    EX_TRY(ex_alloc(PARSER_VALUE_BYTES_MAX + 1, 1, PARSER_VALUE_BYTES_MAX + 1, "a list of people",
                    &p->who, err));
    return ex_alloc(PARSER_VALUE_BYTES_MAX + 1, 1, PARSER_VALUE_BYTES_MAX + 1, "a list of people",
                    &p->address, err);
}

void mapi_people_clear(struct mapi_people *p) {
    free(p->who);
    free(p->address);
}

static void add(struct mapi_people *p, char *to, size_t *bytes, const void *data, size_t size) {
    if (size > PARSER_VALUE_BYTES_MAX - *bytes) {
        p->cut = true;
        return;
    }
    if (size > 0)
        memcpy(to + *bytes, data, size);
    *bytes += size;
}

void mapi_people_add(struct mapi_people *p, const void *name, size_t name_bytes,
                     const void *address, size_t address_bytes) {
    if (name_bytes == 0 && address_bytes == 0)
        return;
    if (p->who_bytes > 0)
        add(p, p->who, &p->who_bytes, ", ", 2);
    add(p, p->who, &p->who_bytes, name, name_bytes);
    if (address_bytes == 0)
        return;
    add(p, p->who, &p->who_bytes, name_bytes > 0 ? " <" : "<", name_bytes > 0 ? 2 : 1);
    add(p, p->who, &p->who_bytes, address, address_bytes);
    add(p, p->who, &p->who_bytes, ">", 1);
    if (p->address_bytes > 0)
        add(p, p->address, &p->address_bytes, ", ", 2);
    add(p, p->address, &p->address_bytes, address, address_bytes);
}

ex_code mapi_people_tell(struct parser_run *run, const char *key, const struct mapi_people *p,
                         struct ex_error *err) {
    char other[48];
    if (p->who_bytes > 0)
        EX_TRY(parser_trace_text(run, key, p->who, p->who_bytes, err));
    (void)snprintf(other, sizeof other, "%s-addresses", key);
    if (p->address_bytes > 0)
        EX_TRY(parser_trace_text(run, other, p->address, p->address_bytes, err));
    (void)snprintf(other, sizeof other, "%s-cut", key);
    return p->cut ? tell_text(run, other, "true", err) : EX_OK;
}
