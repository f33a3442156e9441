/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/when.h"

enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60 };
#define SECOND_NS UINT64_C(1000000000)

struct text {
    const char *at, *end;
};

static bool digits(struct text *t, unsigned count, unsigned *ret) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++, t->at++) {
        if (t->at == t->end || *t->at < '0' || *t->at > '9')
            return false;
        value = value * 10 + (unsigned)(*t->at - '0');
    }
    *ret = value;
    return true;
}

static bool mark(struct text *t, char c) {
    if (t->at == t->end || *t->at != c)
        return false;
    t->at++;
    return true;
}

static bool is_leap(unsigned year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool when_days(unsigned year, unsigned month, unsigned day, int64_t *ret) {
    static const unsigned short BEFORE[] = {0,   31,  59,  90,  120, 151, 181,
                                            212, 243, 273, 304, 334, 365};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    unsigned leap = is_leap(year) && month > 2 ? 1 : 0;
    unsigned length = (unsigned)(BEFORE[month] - BEFORE[month - 1]) + (month == 2 && is_leap(year));
    unsigned y = year - 1;
    if (day > length)
        return false;
    *ret = (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + BEFORE[month - 1] + leap + day - 1 -
           719162; /* days from year 1 to 1970 */
    return true;
}

static void fraction(struct text *t, struct when *ret) {
    uint64_t step = SECOND_NS;
    while (t->at < t->end && *t->at >= '0' && *t->at <= '9') {
        if (step > 1) {
            step /= 10;
            ret->nanoseconds += (uint32_t)((uint64_t)(*t->at - '0') * step);
        }
        t->at++;
    }
    ret->resolution_ns = step;
}

static bool zone(struct text *t, struct when *ret) {
    unsigned hour, minute;
    if (t->at == t->end) {
        ret->local = true;
        return true;
    }
    if (mark(t, 'Z'))
        return t->at == t->end;
    bool east = mark(t, '+');
    if (!east && !mark(t, '-'))
        return false;
    if (!digits(t, 2, &hour) || !mark(t, ':') || !digits(t, 2, &minute) || t->at != t->end ||
        hour > 14 || minute > 59)
        return false;
    int64_t offset = (int64_t)hour * HOUR_S + (int64_t)minute * MINUTE_S;
    ret->seconds -= east ? offset : -offset;
    return true;
}

bool when_parse(const char *text, size_t size, struct when *ret) {
    struct text t = {text, text + size};
    unsigned year, month, day, hour = 0, minute = 0, second = 0;
    int64_t days;
    *ret = (struct when){.resolution_ns = SECOND_NS};
    if (!digits(&t, 4, &year) || !mark(&t, '-') || !digits(&t, 2, &month) || !mark(&t, '-') ||
        !digits(&t, 2, &day) || !when_days(year, month, day, &days))
        return false;
    if (!mark(&t, 'T')) {
        ret->seconds = days * DAY_S;
        ret->resolution_ns = DAY_S * SECOND_NS;
        return zone(&t, ret);
    }
    if (!digits(&t, 2, &hour) || !mark(&t, ':') || !digits(&t, 2, &minute))
        return false;
    ret->resolution_ns = MINUTE_S * SECOND_NS;
    if (mark(&t, ':')) {
        if (!digits(&t, 2, &second))
            return false;
        ret->resolution_ns = SECOND_NS;
        if (mark(&t, '.'))
            fraction(&t, ret);
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    ret->seconds = days * DAY_S + (int64_t)hour * HOUR_S + (int64_t)minute * MINUTE_S + second;
    return zone(&t, ret);
}
