/* SPDX-License-Identifier: Apache-2.0 */
/* wtmp, utmp and btmp of Linux: records of 384 bytes (glibc, bits/utmp.h, of machines with little
 * end first). Nothing in them says which of the three a file is. */
#include "parsers/system/system_internal.h"

#include <arpa/inet.h>
#include <string.h>

enum { RECORD_BYTES = 384, LINE_BYTES = 32, ID_BYTES = 4, USER_BYTES = 32, HOST_BYTES = 256 };

static const char *const EVENTS[] = {"empty", "run-level", "boot",    "new-time",    "old-time",
                                     "init",  "waiting",   "session", "session-end", "accounting"};
enum { EVENT_EMPTY = 0, EVENT_WAITING = 6, EVENT_SESSION_END = 8, EVENT_KINDS = 10 };

struct login {
    unsigned event;
    uint32_t pid, session, seconds, microseconds;
    const char *line, *user, *host;
    size_t line_bytes, user_bytes, host_bytes;
    const uint8_t *address;
};

static const char *text_of(struct ex_cursor *c, size_t room, size_t *ret_bytes) {
    const uint8_t *at = ex_cursor_bytes(c, room);
    *ret_bytes = at == NULL ? 0 : strnlen((const char *)at, room);
    return (const char *)at;
}

/* The same rules as those by which it is recognised. */
static bool read_login(const uint8_t *record, struct login *ret) {
    static const uint8_t NONE[20];
    struct ex_cursor c = ex_cursor_make(record, RECORD_BYTES);
    size_t id_bytes;
    struct login l = {.event = ex_cursor_le16(&c)};
    uint16_t gap = ex_cursor_le16(&c);
    l.pid = ex_cursor_le32(&c);
    l.line = text_of(&c, LINE_BYTES, &l.line_bytes);
    (void)text_of(&c, ID_BYTES, &id_bytes);
    l.user = text_of(&c, USER_BYTES, &l.user_bytes);
    l.host = text_of(&c, HOST_BYTES, &l.host_bytes);
    (void)ex_cursor_le32(&c); /* how a process ended */
    l.session = ex_cursor_le32(&c);
    l.seconds = ex_cursor_le32(&c);
    l.microseconds = ex_cursor_le32(&c);
    l.address = ex_cursor_bytes(&c, 16);
    const uint8_t *unused = ex_cursor_bytes(&c, sizeof NONE);
    *ret = l;
    return l.event < EVENT_KINDS && gap == 0 && l.microseconds < 1000000 &&
           memcmp(unused, NONE, sizeof NONE) == 0;
}

static ex_code tell_address(struct parser_run *run, const uint8_t address[static 16],
                            struct ex_error *err) {
    static const uint8_t NONE[16];
    char text[INET6_ADDRSTRLEN];
    if (memcmp(address, NONE, 16) == 0)
        return EX_OK;
    bool four = memcmp(address + 4, NONE, 12) == 0;
    return inet_ntop(four ? AF_INET : AF_INET6, address, text, sizeof text) == NULL
               ? EX_OK
               : tell_text(run, "address", text, err);
}

static ex_code tell_login(struct records *r, const struct login *l, struct ex_error *err) {
    struct parser_run *run = r->run;
    char text[SYSTEM_TIME_BYTES];
    bool person = l->event >= EVENT_WAITING && l->event <= EVENT_SESSION_END;
    EX_TRY(records_add(r, person ? "login" : "boot", l->user, l->user_bytes, err));
    EX_TRY(tell_text(run, "event", EVENTS[l->event], err));
    if (l->user_bytes > 0)
        EX_TRY(parser_trace_text(run, "user", l->user, l->user_bytes, err));
    if (l->line_bytes > 0)
        EX_TRY(parser_trace_text(run, "terminal", l->line, l->line_bytes, err));
    if (l->host_bytes > 0)
        EX_TRY(parser_trace_text(run, "host", l->host, l->host_bytes, err));
    EX_TRY(tell_address(run, l->address, err));
    EX_TRY(parser_trace_number(run, "pid", l->pid, err));
    if (l->session != 0)
        EX_TRY(parser_trace_number(run, "session", l->session, err));
    if (l->seconds == 0)
        return EX_OK;
    if (system_time_text((int64_t)l->seconds, l->microseconds * 1000, text))
        EX_TRY(tell_text(run, "time", text, err));
    return parser_trace_time(run, PARSER_ADDED, (int64_t)l->seconds, l->microseconds * 1000, 1000,
                             false, "utmp", err);
}

ex_code logins_examine(struct parser_run *run, const uint8_t *data, size_t size_bytes, bool *ret_is,
                       struct ex_error *err) {
    struct records r = {.run = run};
    struct login l;
    size_t bad = 0;
    *ret_is = size_bytes >= RECORD_BYTES && read_login(data, &l);
    if (!*ret_is)
        return EX_OK;
    for (size_t at = 0; at + RECORD_BYTES <= size_bytes; at += RECORD_BYTES) {
        if (!read_login(data + at, &l))
            bad++;
        else if (l.event != EVENT_EMPTY)
            EX_TRY(tell_login(&r, &l, err));
    }
    if (bad > 0)
        EX_TRY(tell_problem(run, 0, "records", err, EX_FORMAT,
                            "%zu of its records are none, and are not told", bad));
    return size_bytes % RECORD_BYTES == 0
               ? EX_OK
               : tell_problem(run, 0, "end", err, EX_FORMAT, "it ends in a record");
}
