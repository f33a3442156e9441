/* SPDX-License-Identifier: Apache-2.0 */
/* Times of a line about a trace (format/traces §2.4), by the calendar that goes on into the past.
 */
#include "formats/trace_line_internal.h"

#include <stdio.h>
#include <time.h>

enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60, FRACTION_DIGITS_MAX = 9 };

const char *const trace_time_whats[] = {"modified", "accessed", "changed",   "created",
                                        "deleted",  "added",    "backed-up", "sent",
                                        "received", "printed",  "taken",     NULL};

/* ---- the calendar ---- */

static bool is_leap(unsigned year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(unsigned year, unsigned month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1U : 0U);
}

/* From 1970 on; the year 0 is a leap year. */
static int64_t days_until(unsigned year, unsigned month, unsigned day) {
    enum { DAYS_BEFORE_1970 = 719528 };
    int64_t days = 365 * (int64_t)year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    for (unsigned m = 1; m < month; m++)
        days += days_of_month(year, m);
    return days + day - 1 - DAYS_BEFORE_1970;
}

/* ---- text ---- */

/* Digits where the form has a d, and otherwise the form's own sign. */
static bool fits(const char *text, size_t size, const char *form) {
    for (size_t i = 0; form[i] != '\0'; i++)
        if (i >= size || (form[i] == 'd' ? !is_digit((uint8_t)text[i]) : text[i] != form[i]))
            return false;
    return true;
}

static unsigned number_at(const char *text, size_t count) {
    unsigned number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    return number;
}

/* ".678" and what it comes to. Nothing is no fraction; a point alone is wrong. */
static bool parse_fraction(const char *text, size_t size, uint32_t *ret_ns, size_t *ret_bytes) {
    size_t digits = 0;
    *ret_ns = 0;
    *ret_bytes = 0;
    if (size == 0 || text[0] != '.')
        return true;
    while (1 + digits < size && is_digit((uint8_t)text[1 + digits]))
        digits++;
    if (digits == 0 || digits > FRACTION_DIGITS_MAX)
        return false;
    *ret_ns = number_at(text + 1, digits);
    for (size_t i = digits; i < FRACTION_DIGITS_MAX; i++)
        *ret_ns *= 10;
    *ret_bytes = 1 + digits;
    return true;
}

/* Behind the T: "03:04", and perhaps ":05" and a fraction. */
static bool parse_clock(const char *text, size_t size, int64_t *seconds, uint32_t *ret_ns,
                        size_t *ret_bytes) {
    size_t used = 5, fraction = 0;
    *ret_ns = 0;
    if (!fits(text, size, "dd:dd") || number_at(text, 2) > 23 || number_at(text + 3, 2) > 59)
        return false;
    *seconds += number_at(text, 2) * HOUR_S + number_at(text + 3, 2) * MINUTE_S;
    if (fits(text + used, size - used, ":dd")) {
        if (number_at(text + used + 1, 2) > 59)
            return false;
        *seconds += number_at(text + used + 1, 2);
        used += 3;
        if (!parse_fraction(text + used, size - used, ret_ns, &fraction))
            return false;
    }
    *ret_bytes = used + fraction;
    return true;
}

bool trace_time_parse(const char *text, size_t size, int64_t *ret_seconds,
                      uint32_t *ret_nanoseconds, size_t *ret_bytes) {
    enum { DATE_BYTES = 10 };
    size_t clock = 0;
    if (!fits(text, size, "dddd-dd-dd"))
        return false;
    unsigned year = number_at(text, 4), month = number_at(text + 5, 2),
             day = number_at(text + 8, 2);
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return false;
    *ret_seconds = days_until(year, month, day) * DAY_S;
    *ret_nanoseconds = 0;
    *ret_bytes = DATE_BYTES;
    if (size == DATE_BYTES || text[DATE_BYTES] != 'T')
        return true;
    if (!parse_clock(text + DATE_BYTES + 1, size - DATE_BYTES - 1, ret_seconds, ret_nanoseconds,
                     &clock))
        return false;
    *ret_bytes += 1 + clock;
    return true;
}

bool trace_time_text(int64_t seconds, uint32_t nanoseconds, unsigned digits,
                     char to[static TRACE_TIME_TEXT_BYTES]) {
    const time_t t = seconds;
    struct tm tm;
    char fraction[12];
    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        return false;
    (void)snprintf(fraction, sizeof fraction, ".%09u", (unsigned)nanoseconds % 1000000000u);
    fraction[digits == 0 ? 0 : digits < FRACTION_DIGITS_MAX ? digits + 1 : 10] = '\0';
    (void)snprintf(to, TRACE_TIME_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u%s",
                   ((unsigned)tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
                   (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
                   (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100, fraction);
    return true;
}

/* ---- a time of a line ---- */

static bool take_signed(struct reading *r, int64_t *ret) {
    uint64_t number;
    bool negative = TAKE(r, "-");
    if (!trace_take_number(r, &number) || (negative && number == 0))
        return false;
    *ret = negative ? -(int64_t)number : (int64_t)number;
    return true;
}

/* "2026-01-02T03:04:05.678", all of it. */
static bool is_whole(struct trace_time *t) {
    size_t used;
    return fits(t->text, t->text_bytes, "dddd-dd-ddTdd:dd:dd") &&
           trace_time_parse(t->text, t->text_bytes, &t->seconds, &t->nanoseconds, &used) &&
           used == t->text_bytes;
}

/* In UTC a Z ends it. */
static bool check_text(struct trace_time *t, struct span s) {
    t->text = s.text;
    t->text_bytes = s.size_bytes;
    if (!t->local && t->text_bytes > 0 && t->text[t->text_bytes - 1] == 'Z')
        t->text_bytes--;
    else if (!t->local)
        return false;
    return is_whole(t);
}

bool trace_take_time(struct reading *r, struct trace_time *ret) {
    static const char *const zones[] = {"UTC", "local", NULL};
    const char *zone;
    struct span text = {0};
    *ret = (struct trace_time){0};
    if (!TAKE(r, "{\"what\":") || !trace_take_word(r, trace_time_whats, &ret->what) ||
        !TAKE(r, ",\"time\":"))
        return false;
    ret->beyond = TAKE(r, "null,\"seconds\":");
    if (!(ret->beyond ? take_signed(r, &ret->seconds)
                      : trace_take_span(r, TRACE_WORD_BYTES_MAX, &text)) ||
        !TAKE(r, ",\"zone\":") || !trace_take_word(r, zones, &zone))
        return false;
    ret->local = zone == zones[1];
    return (ret->beyond || check_text(ret, text)) && TAKE(r, ",\"resolution_ns\":") &&
           trace_take_number(r, &ret->resolution_ns) && TAKE(r, ",\"source\":") &&
           trace_take_text(r, &ret->source) && TAKE(r, "}");
}

bool trace_line_time(const struct trace_line *l, size_t *at, char *texts, struct trace_time *ret) {
    if (l->times == NULL || *at >= l->times_bytes)
        return false;
    struct reading r = {.c = ex_cursor_make(l->times + *at, l->times_bytes - *at),
                        .texts = texts + *at};
    if (!trace_take_time(&r, ret))
        return false;
    (void)TAKE(&r, ",");
    *at += r.c.pos;
    return true;
}
