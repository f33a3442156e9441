/* SPDX-License-Identifier: Apache-2.0 */
/* What appointments, tasks and contacts say besides a subject: [MS-OXOCAL] §2.2, [MS-OXOTASK] §2.2,
 * [MS-OXOCNTC] §2.2. */
#include "parsers/pst/pst_internal.h"

#include <time.h>

static const struct {
    unsigned set, id;
    const char *key;
} TEXTS[] = {
    {SET_APPOINTMENT, 0x8208, "location"},
    {SET_APPOINTMENT, 0x8232, "recurrence"},
    {SET_TASK, 0x811F, "task-owner"},
    {SET_NONE, 0x3A06, "given-name"},
    {SET_NONE, 0x3A44, "middle-name"},
    {SET_NONE, 0x3A11, "surname"},
    {SET_NONE, 0x3A4F, "nickname"},
    {SET_NONE, 0x3A16, "company"},
    {SET_NONE, 0x3A18, "department"},
    {SET_NONE, 0x3A17, "job-title"},
    {SET_NONE, 0x3A08, "phone-business"},
    {SET_NONE, 0x3A1B, "phone-business-2"},
    {SET_NONE, 0x3A09, "phone-home"},
    {SET_NONE, 0x3A1C, "phone-mobile"},
    {SET_NONE, 0x3A1F, "phone-other"},
    {SET_NONE, 0x3A24, "fax-business"},
    {SET_NONE, 0x3A51, "web-page"},
    {SET_ADDRESS, 0x801A, "address-home"},
    {SET_ADDRESS, 0x801B, "address-business"},
    {SET_ADDRESS, 0x801C, "address-other"},
    {SET_ADDRESS, 0x8062, "instant-messaging"},
    {SET_ADDRESS, 0x8083, "mail-1"},
    {SET_ADDRESS, 0x8080, "mail-1-shown"},
    {SET_ADDRESS, 0x8093, "mail-2"},
    {SET_ADDRESS, 0x8090, "mail-2-shown"},
    {SET_ADDRESS, 0x80A3, "mail-3"},
    {SET_ADDRESS, 0x80A0, "mail-3-shown"},
};

/* Times that something is to happen at: no times of the trace. */
static const struct {
    unsigned set, id;
    const char *key;
} TIMES[] = {
    {SET_APPOINTMENT, 0x820D, "start"},   {SET_APPOINTMENT, 0x820E, "end"},
    {SET_TASK, 0x8104, "task-start"},     {SET_TASK, 0x8105, "task-due"},
    {SET_TASK, 0x810F, "task-completed"}, {SET_COMMON, 0x8502, "reminder"},
    {SET_NONE, 0x3A42, "birthday"},       {SET_NONE, 0x3A41, "anniversary"},
};

static ex_code tell_moment(struct pst *p, const char *key, uint64_t filetime,
                           struct ex_error *err) {
    char text[40];
    struct tm tm;
    time_t seconds = (time_t)(filetime / 10000000) - 11644473600;
    /* Outlook's word for none is the first day of the year 4501 */
    if (filetime == 0 || filetime > INT64_MAX || gmtime_r(&seconds, &tm) == NULL ||
        (tm.tm_year == 4501 - 1900 && tm.tm_yday == 0))
        return EX_OK;
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return tell_text(p->run, key, text, err);
}

ex_code special_tell(struct pst *p, const struct values *v, struct ex_error *err) {
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        EX_TRY(values_tell_text(p, v, TEXTS[i].set, TEXTS[i].id, TEXTS[i].key, err));
    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++)
        EX_TRY(tell_moment(p, TIMES[i].key, values_number(v, TIMES[i].set, TIMES[i].id, MAPI_TIME),
                           err));
    return EX_OK;
}
