/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static const int64_t NS = 1000000000;

uint64_t ex_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * (uint64_t)NS + (uint64_t)t.tv_nsec;
}

struct timespec ex_deadline(unsigned ms) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000L;
    t.tv_sec += t.tv_nsec / NS;
    t.tv_nsec %= NS;
    return t;
}

static void read_boot(char to[static 17]) {
    char id[64];
    memset(to, '0', 16);
    to[16] = '\0';
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, id, sizeof id);
    close(fd);
    if (got < 36)
        return;
    /* A hash, so that the entry does not carry the identifier itself. */
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)id, 36);
    sodium_bin2hex(to, 17, hash, 8);
}

void ex_clock_read(struct ex_clock *ret) {
    struct timespec now;
    struct tm local;
    struct timex timex = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    ret->utc_ns = (int64_t)now.tv_sec * NS + now.tv_nsec;
    ret->zone_minutes = (int)(local.tm_gmtoff / 60);
    int state = adjtimex(&timex);
    ret->synchronised = state >= 0 && state != TIME_ERROR && (timex.status & STA_UNSYNC) == 0;
    ret->monotonic_ns = ex_monotonic_ns();
    read_boot(ret->boot);
}

char *ex_time_text(char to[static EX_TIME_TEXT_BYTES], int64_t utc_ns) {
    int64_t ns = utc_ns % NS;
    time_t seconds = (time_t)(utc_ns / NS);
    struct tm tm;
    if (ns < 0) {
        ns += NS;
        seconds--;
    }
    gmtime_r(&seconds, &tm);
    char fraction[16];
    (void)snprintf(fraction, sizeof fraction, ".%09uZ", (unsigned)ns % 1000000000u);
    size_t used = strftime(to, EX_TIME_TEXT_BYTES - sizeof fraction, "%Y-%m-%dT%H:%M:%S", &tm);
    memcpy(to + used, fraction, strlen(fraction) + 1);
    return to;
}

/* Digits at [from, from + count) as a number; -1 when one of them is not a digit. */
static int digits(const char *text, size_t from, size_t count) {
    int v = 0;
    for (size_t i = from; i < from + count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        v = v * 10 + (text[i] - '0');
    }
    return v;
}

bool ex_time_parse(const char *text, size_t size, int64_t *ret_utc_ns) {
    char again[EX_TIME_TEXT_BYTES];
    if (size != 30)
        return false;
    int ns = digits(text, 20, 9);
    struct tm tm = {.tm_year = digits(text, 0, 4) - 1900,
                    .tm_mon = digits(text, 5, 2) - 1,
                    .tm_mday = digits(text, 8, 2),
                    .tm_hour = digits(text, 11, 2),
                    .tm_min = digits(text, 14, 2),
                    .tm_sec = digits(text, 17, 2)};
    if (ns < 0 || tm.tm_year < 70 || tm.tm_year > 8000 || tm.tm_hour < 0 || tm.tm_min < 0 ||
        tm.tm_sec < 0)
        return false;
    int64_t seconds = (int64_t)timegm(&tm);
    int64_t utc_ns;
    if (__builtin_mul_overflow(seconds, NS, &utc_ns) ||
        __builtin_add_overflow(utc_ns, (int64_t)ns, &utc_ns))
        return false;
    /* Only the one spelling that we write ourselves is accepted: no 31 February, no "60". */
    if (memcmp(ex_time_text(again, utc_ns), text, size) != 0)
        return false;
    *ret_utc_ns = utc_ns;
    return true;
}

char *ex_zone_text(char to[static 8], int zone_minutes) {
    unsigned minutes = (unsigned)abs(zone_minutes) % (24 * 60);
    (void)snprintf(to, 8, "%c%02u:%02u", zone_minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return to;
}

bool ex_zone_parse(const char *text, size_t size, int *ret_zone_minutes) {
    if (size != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return false;
    int hours = digits(text, 1, 2), minutes = digits(text, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret_zone_minutes = (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}
