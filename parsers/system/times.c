/* SPDX-License-Identifier: Apache-2.0 */
/* Times, as records and as texts. */
#include "parsers/system/system_internal.h"

#define SECONDS_FROM_1601 INT64_C(11644473600)
#define FIRST_SECOND      (-INT64_C(62135596800)) /* of the year 1 */
#define LAST_SECOND       INT64_C(253402300799)   /* of the year 9999 */
enum { DAY = 86400, FILETIME_STEP_NS = 100 };

/* The Gregorian calendar, backwards too: eras of 400 years that begin on the 1st of March. */
static void day_text(int64_t days, char *to, size_t room) {
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t m = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * m + 2) / 5 + 1, month = m < 10 ? m + 3 : m - 9;
    (void)snprintf(to, room, "%04lld-%02lld-%02lld",
                   (long long)(year + era * 400 + (month <= 2 ? 1 : 0)), (long long)month,
                   (long long)day);
}

bool system_time_text(int64_t seconds, uint32_t nanoseconds, char to[static SYSTEM_TIME_BYTES]) {
    char day[24], fraction[16] = "";
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND)
        return false;
    int64_t days = (seconds - FIRST_SECOND) / DAY + FIRST_SECOND / DAY;
    int left = (int)((seconds - FIRST_SECOND) % DAY);
    day_text(days, day, sizeof day);
    if (nanoseconds != 0)
        (void)snprintf(fraction, sizeof fraction, ".%07u", nanoseconds / 100 % 10000000);
    (void)snprintf(to, SYSTEM_TIME_BYTES, "%sT%02d:%02d:%02d%sZ", day, left / 3600, left / 60 % 60,
                   left % 60, fraction);
    return true;
}

bool system_filetime(uint64_t filetime, int64_t *ret_seconds, uint32_t *ret_nanoseconds) {
    if (filetime == 0 || filetime >= INT64_MAX)
        return false;
    *ret_seconds = (int64_t)(filetime / 10000000) - SECONDS_FROM_1601;
    *ret_nanoseconds = (uint32_t)(filetime % 10000000) * FILETIME_STEP_NS;
    return true;
}

static ex_code tell(struct parser_run *run, const char *attribute, int what, const char *source,
                    int64_t seconds, uint32_t nanoseconds, uint64_t step, struct ex_error *err) {
    char text[SYSTEM_TIME_BYTES];
    if (attribute != NULL && system_time_text(seconds, nanoseconds, text))
        EX_TRY(tell_text(run, attribute, text, err));
    return what == 0 ? EX_OK
                     : parser_trace_time(run, (enum parser_time)what, seconds, nanoseconds, step,
                                         false, source, err);
}

ex_code system_tell_filetime(struct parser_run *run, const char *attribute, int what,
                             const char *source, uint64_t filetime, struct ex_error *err) {
    int64_t seconds;
    uint32_t nanoseconds;
    if (!system_filetime(filetime, &seconds, &nanoseconds))
        return EX_OK;
    return tell(run, attribute, what, source, seconds, nanoseconds, FILETIME_STEP_NS, err);
}

ex_code system_tell_seconds(struct parser_run *run, const char *attribute, int what,
                            const char *source, uint64_t seconds, struct ex_error *err) {
    if (seconds == 0 || seconds > UINT32_MAX)
        return EX_OK;
    return tell(run, attribute, what, source, (int64_t)seconds, 0, 1000000000, err);
}
