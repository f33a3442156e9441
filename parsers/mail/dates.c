/* SPDX-License-Identifier: Apache-2.0 */
/* Dates: RFC 5322 §3.3 and §4.3. */
#include "parsers/mail/mail_internal.h"
#include "parsers/shared/when.h"

#include <strings.h>

enum { ZONE_HOURS_MAX = 14 }; /* no place on earth has more */

struct reading_date {
    const uint8_t *at, *end;
};

/* Comments, white space, and what stands between. */
static void skip_blank(struct reading_date *r) {
    unsigned depth = 0;
    for (; r->at < r->end; r->at++) {
        if (*r->at == '(')
            depth++;
        else if (*r->at == ')' && depth > 0)
            depth--;
        else if (depth == 0 && *r->at != ' ' && *r->at != '\t' && *r->at != '\r' && *r->at != '\n')
            return;
        else if (*r->at == '\\' && r->at + 1 < r->end)
            r->at++;
    }
}

static bool take_char(struct reading_date *r, char c) {
    skip_blank(r);
    if (r->at >= r->end || *r->at != (uint8_t)c)
        return false;
    r->at++;
    return true;
}

/* Up to `most` digits; how many there were. */
static unsigned take_number(struct reading_date *r, unsigned most, unsigned *ret) {
    unsigned n = 0;
    skip_blank(r);
    for (*ret = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (++n <= most)
            *ret = *ret * 10 + (unsigned)(*r->at - '0');
    return n <= most ? n : 0;
}

static unsigned take_word(struct reading_date *r, char to[static 8]) {
    unsigned n = 0;
    skip_blank(r);
    for (; r->at < r->end && ((*r->at | 0x20) >= 'a' && (*r->at | 0x20) <= 'z'); r->at++)
        if (n < 7)
            to[n++] = (char)*r->at;
    to[n] = '\0';
    return n;
}

static unsigned month_of(const char *word) {
    static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (unsigned i = 0; i < 12; i++)
        if (strncasecmp(word, MONTHS[i], 3) == 0)
            return i + 1;
    return 0;
}

/* Minutes east of Greenwich. False: it does not say. */
static bool take_zone(struct reading_date *r, int *ret) {
    static const struct {
        const char *word;
        int hours;
    } ZONES[] = {{"UT", 0},   {"GMT", 0},  {"UTC", 0},  {"Z", 0},    {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    char word[8];
    unsigned number;
    *ret = 0;
    bool west = take_char(r, '-');
    if (west || take_char(r, '+')) {
        if (take_number(r, 4, &number) != 4 || number % 100 > 59 || number / 100 > ZONE_HOURS_MAX)
            return false;
        int minutes = (int)(number / 100 * 60 + number % 100);
        *ret = west ? -minutes : minutes;
        return true;
    }
    (void)take_word(r, word);
    for (size_t i = 0; i < sizeof ZONES / sizeof ZONES[0]; i++)
        if (strcasecmp(word, ZONES[i].word) == 0) {
            *ret = ZONES[i].hours * 60;
            return true;
        }
    return false;
}

/* `PM`, which no standard has here: a clock of twelve hours. False: that it is none. */
static bool take_half(struct reading_date *r, unsigned *hour) {
    const struct reading_date before = *r;
    char word[8];
    (void)take_word(r, word);
    bool pm = strcasecmp(word, "pm") == 0;
    if (!pm && strcasecmp(word, "am") != 0) {
        *r = before;
        return true;
    }
    if (*hour == 0 || *hour > 12)
        return false;
    *hour = *hour % 12 + (pm ? 12 : 0);
    return true;
}

bool date_parse(const uint8_t *text, size_t size_bytes, int64_t *ret_seconds, bool *ret_local) {
    struct reading_date r = {text, text + size_bytes};
    char word[8];
    unsigned day, year, hour, minute, second = 0;
    int64_t days;
    int zone;
    if (take_word(&r, word) > 0) /* the day of the week is not compared */
        (void)take_char(&r, ',');
    if (take_number(&r, 2, &day) == 0)
        return false;
    (void)take_char(&r, '-'); /* as some wrote it */
    (void)take_word(&r, word);
    unsigned month = month_of(word);
    (void)take_char(&r, '-');
    unsigned digits = take_number(&r, 4, &year);
    if (month == 0 || digits < 2 || take_number(&r, 2, &hour) == 0 || !take_char(&r, ':') ||
        take_number(&r, 2, &minute) == 0)
        return false;
    if (take_char(&r, ':') && take_number(&r, 2, &second) == 0)
        return false;
    if (!take_half(&r, &hour))
        return false;
    year += digits == 2 ? (year < 50 ? 2000 : 1900) : digits == 3 ? 1900 : 0;
    if (!when_days(year, month, day, &days) || hour > 23 || minute > 59 || second > 60)
        return false;
    *ret_local = !take_zone(&r, &zone);
    *ret_seconds =
        days * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second - (int64_t)zone * 60;
    return true;
}
