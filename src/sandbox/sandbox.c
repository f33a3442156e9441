/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's end of docs/format/parser-protocol.md. */
#include "sandbox/sandbox.h"

#include "base/clock.h"
#include "parsers/api.h"
#include "sandbox/protocol_internal.h"
#include "sandbox/sandbox_internal.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    AHEAD_BYTES = 8 << 10,          /* read at once, when a parser jumps about */
    AHEAD_IN_ORDER_BYTES = 1 << 20, /* … and when it goes on where it was */
    MEMORY_BYTES_DEFAULT = 1 << 30,
    ANSWER_MS_DEFAULT = 60000,
    CPU_S_DEFAULT = 24 * 3600,
    WAIT_MS = 100 /* until it is asked whether to go on waiting */
};

/* The two sides' names for the same things. */
_Static_assert((int)SANDBOX_READ_BYTES_MAX == PARSER_READ_BYTES_MAX &&
                   (int)SANDBOX_INPUTS_MAX == PARSER_INPUTS_MAX,
               "limits");
_Static_assert((int)SANDBOX_UNREADABLE == PARSER_UNREADABLE &&
                   (int)SANDBOX_ABSENT == PARSER_ABSENT && (int)SANDBOX_DAMAGED == PARSER_DAMAGED,
               "gaps");

/* ---- what a content is ---- */

void sandbox_content_clear(struct sandbox_content *c) {
    for (size_t i = 0; i < c->fact_count; i++) {
        free(c->fact[i].name);
        free(c->fact[i].value);
    }
    free(c->fact);
    free(c->range);
    *c = (struct sandbox_content){0};
}

const struct sandbox_fact *sandbox_content_fact(const struct sandbox_content *c, const char *name) {
    for (size_t i = 0; i < c->fact_count; i++)
        if (strcmp(c->fact[i].name, name) == 0)
            return &c->fact[i];
    return NULL;
}

/* ---- losing a worker ---- */

/* How it ended, if it did that by itself; the supervisor's SIGKILL says nothing new. */
static void describe_end(int status, char *to, size_t size) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        (void)snprintf(to, size, "it asked the system for something that it may not do");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        (void)snprintf(to, size, "it used up its processor time");
    else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        (void)snprintf(to, size, "it crashed (signal %d)", WTERMSIG(status));
    else if (WIFSIGNALED(status))
        (void)snprintf(to, size, "it was killed");
    else
        (void)snprintf(to, size, "it ended (status %d)", WEXITSTATUS(status));
}

/* What a worker found and could not send any more, before it is gone. */
static void keep_told(struct sandbox *s) {
    if (s->told != NULL && s->worker.pid != 0 && s->worker.tray != NULL)
        memcpy(s->told, s->worker.tray, TRAY_BYTES);
}

static ex_code lose(struct sandbox *s, enum sandbox_loss how, ex_code code, const char *reason,
                    struct ex_error *err) {
    keep_told(s);
    (void)worker_end(&s->worker, &s->cpu_ns);
    s->lost = how;
    (void)ex_fail(&s->why, code, "the parser \"%s\" was stopped: %s", s->parser, reason);
    if (err != NULL)
        *err = s->why;
    return code;
}

static ex_code lose_ended(struct sandbox *s, struct ex_error *err) {
    char how[SANDBOX_TEXT_BYTES / 2];
    keep_told(s);
    int status = worker_end(&s->worker, &s->cpu_ns);
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    describe_end(status, how, sizeof how);
    return lose(s, killed ? SANDBOX_KILLED : SANDBOX_CRASHED, EX_FORMAT, how, err);
}

ex_code sandbox_breach(struct sandbox *s, const char *what, struct ex_error *err) {
    s->breached = true;
    return lose(s, SANDBOX_CRASHED, EX_FORMAT, what, err);
}

/* ---- frames ---- */

static ex_code send_frame(struct sandbox *s, struct ex_error *err) {
    struct ex_error why;
    if (frame_send(s->worker.socket, &s->frame, &why) == EX_OK)
        return EX_OK;
    return why.code == EX_MISSING ? lose_ended(s, err)
                                  : lose(s, SANDBOX_CRASHED, EX_IO, why.text, err);
}

static ex_code next_frame(struct sandbox *s, struct ex_error *err) {
    struct pollfd p = {.fd = s->worker.socket, .events = POLLIN};
    struct ex_error why;
    int ready;
    do {
        uint64_t now = ex_monotonic_ns();
        if (now >= s->deadline_ns)
            return lose(s, SANDBOX_TOO_LONG, EX_LIMIT, "it took too long", err);
        if (s->limits.stopped != NULL && s->limits.stopped(s->limits.context))
            return lose(s, SANDBOX_GIVEN_UP, EX_INTERRUPTED, "it is not waited for any more", err);
        uint64_t left_ms = (s->deadline_ns - now) / 1000000 + 1;
        ready = poll(&p, 1, left_ms < WAIT_MS ? (int)left_ms : WAIT_MS);
    } while (ready <= 0);
    if (frame_receive(s->worker.socket, &s->frame, &why) != EX_OK)
        return why.code == EX_MISSING ? lose_ended(s, err) : sandbox_breach(s, why.text, err);
    return EX_OK;
}

/* Another process wrote it: printable ASCII, and not much of it. */
void sandbox_clean_text(const uint8_t *text, size_t size, char *to) {
    size_t n = size < FAILURE_TEXT_BYTES_MAX ? size : FAILURE_TEXT_BYTES_MAX;
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(text[i] >= 0x20 && text[i] < 0x7F ? text[i] : '?');
    to[n] = '\0';
}

static ex_code failed(struct sandbox *s, struct ex_error *err) {
    char text[FAILURE_TEXT_BYTES_MAX + 1];
    struct ex_cursor c = frame_body(&s->frame);
    uint32_t number = ex_cursor_le32(&c);
    size_t size = ex_cursor_left(&c);
    const uint8_t *data = ex_cursor_bytes(&c, size);
    sandbox_clean_text(data, data == NULL ? 0 : size, text);
    return ex_fail(err, failure_code(number), "%s: %s", s->parser, text);
}

/* ---- what a worker asks for ---- */

static ex_code refuse(struct sandbox *s, const struct ex_error *why, struct ex_error *err) {
    frame_start(&s->frame, FRAME_REFUSED, s->number, 0);
    frame_add_u32(&s->frame, failure_number(why->code));
    frame_add(&s->frame, why->text, strnlen(why->text, FAILURE_TEXT_BYTES_MAX));
    return send_frame(s, err);
}

/* More than was wanted, where that comes as easily. */
static ex_code read_input(struct sandbox *s, uint32_t input, uint64_t offset, size_t wanted,
                          size_t *ret_size, struct ex_error *err) {
    uint64_t left = s->input_size[input] - offset;
    bool in_order = input == s->last_input && offset <= s->last_end &&
                    s->last_end - offset < AHEAD_IN_ORDER_BYTES;
    size_t size = in_order ? AHEAD_IN_ORDER_BYTES : AHEAD_BYTES;
    size = size > wanted ? size : wanted;
    size = size < left ? size : (size_t)left;
    ex_code code = s->inputs.read(s->inputs.context, input, offset, s->worker.window, size, err);
    if (code != EX_OK && size > wanted) {
        size = wanted;
        code = s->inputs.read(s->inputs.context, input, offset, s->worker.window, size, err);
    }
    *ret_size = size;
    return code;
}

static ex_code give_bytes(struct sandbox *s, struct ex_error *err) {
    struct ex_cursor c = frame_body(&s->frame);
    uint64_t offset = s->frame.value;
    uint32_t input = ex_cursor_le32(&c), wanted = ex_cursor_le32(&c);
    struct ex_error why = {0};
    size_t size = 0;
    if (c.overrun || ex_cursor_left(&c) > 0 || input >= s->input_count || wanted == 0 ||
        wanted > PARSER_READ_BYTES_MAX || offset > s->input_size[input] ||
        wanted > s->input_size[input] - offset)
        return sandbox_breach(s, "it wants bytes that are not there", err);
    if (read_input(s, input, offset, wanted, &size, &why) != EX_OK) {
        s->input_why = s->input_why.code == EX_OK ? why : s->input_why;
        return refuse(s, &why, err);
    }
    s->last_input = input;
    s->last_end = offset + size;
    frame_start(&s->frame, FRAME_BYTES, s->number, offset);
    frame_add_u32(&s->frame, (uint32_t)size);
    return send_frame(s, err);
}

static ex_code give_input(struct sandbox *s, struct ex_error *err) {
    char name[PARSER_VALUE_BYTES_MAX + 1];
    struct ex_error why = {0};
    uint64_t size = 0;
    size_t length = s->frame.body_bytes;
    if (length == 0 || length > PARSER_VALUE_BYTES_MAX || s->input_count >= PARSER_INPUTS_MAX)
        return sandbox_breach(s, "it wants too many inputs, or one without a name", err);
    memcpy(name, s->frame.body, length);
    name[length] = '\0';
    if (strlen(name) != length || s->inputs.named == NULL)
        (void)ex_fail(&why, EX_MISSING, "there is no such input");
    else
        (void)!s->inputs.named(s->inputs.context, name, (unsigned)s->input_count, &size, &why);
    if (why.code != EX_OK)
        return refuse(s, &why, err);
    EX_TRY(ex_grow(&s->input_size, &s->input_capacity, s->input_count + 1, sizeof *s->input_size,
                   PARSER_INPUTS_MAX * sizeof *s->input_size, "the inputs of a parser", err));
    s->input_size[s->input_count] = size;
    frame_start(&s->frame, FRAME_INPUT, s->number, size);
    frame_add_u32(&s->frame, (uint32_t)s->input_count++);
    return send_frame(s, err);
}

/* The time that the inputs take is not the worker's. */
static ex_code serve_worker(struct sandbox *s, struct ex_error *err) {
    uint64_t from = ex_monotonic_ns();
    ex_code code = s->frame.type == FRAME_WANT ? give_bytes(s, err) : give_input(s, err);
    s->deadline_ns += ex_monotonic_ns() - from;
    return code;
}

/* ---- what it found ---- */

bool sandbox_is_name(const uint8_t *name, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", name[i]) == NULL || name[i] == '\0')
            return false;
    return size > 0 && size <= PARSER_NAME_BYTES_MAX;
}

static ex_code copy_text(const uint8_t *from, size_t size, uint8_t **ret, struct ex_error *err) {
    EX_TRY(ex_alloc(size + 1, 1, FRAME_BYTES_MAX, "a fact", ret, err));
    memcpy(*ret, from, size);
    return EX_OK;
}

static ex_code take_fact(struct sandbox *s, struct sandbox_content *to, struct ex_error *err) {
    struct ex_cursor c = frame_body(&s->frame);
    size_t name_size = ex_cursor_le16(&c);
    const uint8_t *name = ex_cursor_bytes(&c, name_size);
    size_t size = ex_cursor_left(&c);
    const uint8_t *value = ex_cursor_bytes(&c, size);
    EX_AUTO_FREE uint8_t *own_name = NULL;
    if (c.overrun || name == NULL || !sandbox_is_name(name, name_size) ||
        size > PARSER_VALUE_BYTES_MAX || to->fact_count >= PARSER_FACTS_MAX)
        return sandbox_breach(s, "it says something that breaks the rules of the protocol", err);
    EX_TRY(ex_grow(&to->fact, &to->fact_capacity, to->fact_count + 1, sizeof *to->fact,
                   PARSER_FACTS_MAX * sizeof *to->fact, "facts", err));
    EX_TRY(copy_text(name, name_size, &own_name, err));
    struct sandbox_fact *f = &to->fact[to->fact_count];
    EX_TRY(copy_text(value, size, &f->value, err));
    f->size_bytes = size;
    f->name = (char *)ex_steal(&own_name);
    to->fact_count++;
    return EX_OK;
}

static ex_code take_range(struct sandbox *s, struct sandbox_content *to, struct ex_error *err) {
    struct ex_cursor c = frame_body(&s->frame);
    struct sandbox_range r = {.offset = s->frame.value};
    r.length = ex_cursor_le64(&c);
    r.gap = ex_cursor_le32(&c);
    const struct sandbox_range *last = to->range_count > 0 ? &to->range[to->range_count - 1] : NULL;
    uint64_t end = last == NULL ? 0 : last->offset + last->length;
    if (c.overrun || ex_cursor_left(&c) > 0 || r.length == 0 || r.length > UINT64_MAX - r.offset ||
        r.offset < end || r.gap < PARSER_UNREADABLE || r.gap > PARSER_DAMAGED ||
        to->range_count >= PARSER_RANGES_MAX)
        return sandbox_breach(s, "it lists ranges that break the rules of the protocol", err);
    EX_TRY(ex_grow(&to->range, &to->range_capacity, to->range_count + 1, sizeof r,
                   PARSER_RANGES_MAX * sizeof r, "ranges", err));
    to->range[to->range_count++] = r;
    return EX_OK;
}

/* ---- commands ---- */

static void set_deadline(struct sandbox *s) {
    s->deadline_ns = ex_monotonic_ns() + (uint64_t)s->limits.answer_ms * 1000000;
}

/* What the worker found since the last time, and whether it shall go on with the last content. The
 * time that this takes is not the worker's. */
static ex_code take_told(struct sandbox *s, struct telling *telling, struct ex_error *err) {
    uint64_t from = ex_monotonic_ns(), size = s->frame.value;
    struct ex_error why = {0};
    if (size == 0 || size > TRAY_BYTES - TOLD_HEAD_BYTES || s->frame.body_bytes > 0)
        return sandbox_breach(s, "it tells more than there is room for", err);
    memcpy(telling->copy, s->worker.tray + TOLD_HEAD_BYTES, (size_t)size);
    telling->flushes++;
    ex_code code = told_parse(s, telling, (size_t)size, &why);
    if (code != EX_OK && s->lost != SANDBOX_NOT_LOST) { /* it broke a rule */
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code != EX_OK) {
        (void)lose(s, SANDBOX_GIVEN_UP, code, why.text, NULL);
        if (err != NULL)
            *err = why;
        return code;
    }
    frame_start(&s->frame, FRAME_ON, s->number, telling->unwanted);
    EX_TRY(send_frame(s, err));
    s->deadline_ns += ex_monotonic_ns() - from;
    return EX_OK;
}

/* Sends the command in s->frame and serves until DONE or FAILED. found: NULL unless it opens;
 * telling: NULL unless it examines. */
static ex_code command(struct sandbox *s, struct sandbox_content *found, struct telling *telling,
                       uint64_t *ret_value, struct ex_error *err) {
    set_deadline(s);
    s->input_why = (struct ex_error){0};
    EX_TRY(send_frame(s, err));
    for (;;) {
        EX_TRY(next_frame(s, err));
        uint32_t type = s->frame.type;
        if (s->frame.number != s->number)
            return sandbox_breach(s, "it answers what was not asked", err);
        if (type == FRAME_WANT || type == FRAME_NAMED)
            EX_TRY(serve_worker(s, err));
        else if (type == FRAME_FACT && found != NULL)
            EX_TRY(take_fact(s, found, err));
        else if (type == FRAME_RANGE && found != NULL)
            EX_TRY(take_range(s, found, err));
        else if (type == FRAME_TOLD && telling != NULL)
            EX_TRY(take_told(s, telling, err));
        else if (type == FRAME_FAILED)
            return failed(s, err);
        else if (type != FRAME_DONE || s->frame.body_bytes > 0)
            return sandbox_breach(s, "it sent a frame that it may not send", err);
        else
            break;
    }
    *ret_value = s->frame.value;
    return EX_OK;
}

static ex_code begin(struct sandbox *s, const char *parser, const struct sandbox_inputs *inputs,
                     struct ex_error *err) {
    if (s->opened || strlen(parser) > PARSER_NAME_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "a sandbox is opened once");
    s->opened = true;
    s->inputs = *inputs;
    (void)snprintf(s->parser, sizeof s->parser, "%s", parser);
    EX_TRY(ex_grow(&s->input_size, &s->input_capacity, 1, sizeof *s->input_size,
                   PARSER_INPUTS_MAX * sizeof *s->input_size, "the inputs of a parser", err));
    s->input_size[s->input_count++] = inputs->size_bytes;
    return EX_OK;
}

ex_code sandbox_open(struct sandbox *s, const char *parser, const struct sandbox_inputs *inputs,
                     struct sandbox_content *ret, struct ex_error *err) {
    *ret = (struct sandbox_content){0};
    EX_TRY(begin(s, parser, inputs, err));
    frame_start(&s->frame, FRAME_OPEN, ++s->number, inputs->size_bytes);
    frame_add(&s->frame, parser, strlen(parser));
    EX_TRY(command(s, ret, NULL, &ret->size_bytes, err));
    const struct sandbox_range *last =
        ret->range_count > 0 ? &ret->range[ret->range_count - 1] : NULL;
    if (ret->size_bytes > INT64_MAX)
        return sandbox_breach(s, "it says that the content has more bytes than any disk", err);
    if (last != NULL && last->offset + last->length > ret->size_bytes)
        return sandbox_breach(s, "it lists ranges behind the end of the content", err);
    s->content_bytes = ret->size_bytes;
    return EX_OK;
}

static ex_code not_lost(const struct sandbox *s, struct ex_error *err) {
    if (s->lost != SANDBOX_NOT_LOST && err != NULL)
        *err = s->why;
    return s->lost != SANDBOX_NOT_LOST ? s->why.code : EX_OK;
}

/* What a worker that is gone had found and not sent, if it broke no rule: checked like the rest. A
 * record that breaks a rule ends it; the worker is lost as it is. */
static void take_left(struct sandbox *s, struct telling *telling) {
    struct ex_cursor c = ex_cursor_make(s->told, TOLD_HEAD_BYTES);
    uint32_t size = ex_cursor_le32(&c), flushes = ex_cursor_le32(&c);
    const struct ex_error why = s->why;
    const enum sandbox_loss lost = s->lost;
    if (size <= TRAY_BYTES - TOLD_HEAD_BYTES && flushes == telling->flushes) {
        telling->copy = s->told + TOLD_HEAD_BYTES;
        (void)!told_parse(s, telling, size, NULL);
    }
    s->why = why;
    s->lost = lost;
}

/* A command that tells of traces; told NULL: it may not. */
static ex_code tell(struct sandbox *s, sandbox_told_fn *told, void *context, uint64_t *ret_value,
                    struct ex_error *err) {
    struct telling telling = {.told = told, .context = context, .copy = s->told};
    ex_code code = command(s, NULL, told == NULL ? NULL : &telling, ret_value, err);
    bool ended = s->lost == SANDBOX_CRASHED && !s->breached;
    if (told != NULL && (ended || s->lost == SANDBOX_TOO_LONG))
        take_left(s, &telling);
    return code;
}

ex_code sandbox_examine(struct sandbox *s, const char *parser, const char *parameters,
                        const struct sandbox_inputs *inputs, sandbox_told_fn *told, void *context,
                        struct ex_error *err) {
    size_t size = strlen(parameters);
    if (size > PARSER_PARAMETERS_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "parameters of %zu bytes", size);
    EX_TRY(begin(s, parser, inputs, err));
    EX_TRY(ex_alloc(TRAY_BYTES, 1, TRAY_BYTES, "what a parser tells", &s->told, err));
    frame_start(&s->frame, FRAME_EXAMINE, ++s->number, inputs->size_bytes);
    frame_add_u32(&s->frame, told == NULL ? 0 : 1);
    frame_add(&s->frame, parser, strlen(parser) + 1);
    frame_add(&s->frame, parameters, size);
    uint64_t version = 0;
    ex_code code = tell(s, told, context, &version, err);
    s->version = version < UINT32_MAX ? (unsigned)version : 0;
    return code;
}

ex_code sandbox_work(struct sandbox *s, const void *unit, size_t size_bytes, sandbox_told_fn *told,
                     void *context, struct ex_error *err) {
    EX_TRY(not_lost(s, err));
    if (s->told == NULL || size_bytes == 0 || size_bytes > PARSER_UNIT_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "a unit of %zu bytes, or before examining", size_bytes);
    frame_start(&s->frame, FRAME_WORK, ++s->number, 0);
    frame_add(&s->frame, unit, size_bytes);
    uint64_t nothing;
    return tell(s, told, context, &nothing, err);
}

ex_code sandbox_read(struct sandbox *s, uint64_t offset, uint8_t *to, size_t size_bytes,
                     struct ex_error *err) {
    uint64_t got = 0;
    EX_TRY(not_lost(s, err));
    if (size_bytes == 0)
        return EX_OK;
    if (size_bytes > TRAY_BYTES || offset > s->content_bytes ||
        size_bytes > s->content_bytes - offset)
        return ex_fail(err, EX_INTERNAL, "a read outside the content");
    frame_start(&s->frame, FRAME_READ, ++s->number, offset);
    frame_add_u32(&s->frame, (uint32_t)size_bytes);
    EX_TRY(command(s, NULL, NULL, &got, err));
    if (got != size_bytes)
        return sandbox_breach(s, "it gave another number of bytes than it was asked for", err);
    memcpy(to, s->worker.tray, size_bytes);
    return EX_OK;
}

bool sandbox_lost(const struct sandbox *s) {
    return s->lost != SANDBOX_NOT_LOST;
}

enum sandbox_loss sandbox_loss(const struct sandbox *s) {
    return s->lost;
}

uint64_t sandbox_end(struct sandbox *s) {
    (void)worker_end(&s->worker, &s->cpu_ns);
    if (s->lost == SANDBOX_NOT_LOST) {
        s->lost = SANDBOX_GIVEN_UP;
        (void)ex_fail(&s->why, EX_INTERNAL, "the parser \"%s\" was ended", s->parser);
    }
    return s->cpu_ns;
}

const struct ex_error *sandbox_input_error(const struct sandbox *s) {
    return s->input_why.code != EX_OK ? &s->input_why : NULL;
}

/* ---- starting ---- */

static void describe_confinement(struct sandbox *s, uint32_t what, uint32_t landlock) {
    char files[32];
    (void)snprintf(files, sizeof files, ", Landlock %u", landlock);
    (void)snprintf(s->confinement, sizeof s->confinement, "seccomp, limits%s%s%s",
                   (what & CONFINED_LANDLOCK) != 0 ? files : ", no Landlock",
                   (what & CONFINED_NAMESPACES) != 0 ? ", namespaces" : ", no namespaces",
                   (what & CONFINED_USER) != 0 ? ", user nobody" : "");
}

ex_code sandbox_wait_ready(struct sandbox *s, struct ex_error *err) {
    set_deadline(s);
    EX_TRY(next_frame(s, err));
    struct ex_cursor c = frame_body(&s->frame);
    if (s->frame.type == FRAME_FAILED) {
        (void)failed(s, err);
        return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                               "this system does not confine a parser as it must be confined"),
                       err, "Linux with seccomp is needed");
    }
    uint32_t what = ex_cursor_le32(&c), landlock = ex_cursor_le32(&c);
    size_t size = ex_cursor_left(&c);
    const uint8_t *library = ex_cursor_bytes(&c, size);
    sandbox_clean_text(library, library == NULL ? 0 : size, s->library);
    if (s->frame.type != FRAME_READY || ex_cursor_end(&c, "READY", err) != EX_OK ||
        s->frame.value != PROTOCOL_VERSION || (what & CONFINED_ALWAYS) != CONFINED_ALWAYS)
        return ex_hint(sandbox_breach(s, "it is not the one that belongs to this program", err),
                       err, "install exhibit and exhibit-parser of the same version");
    describe_confinement(s, what, landlock);
    return EX_OK;
}

struct sandbox *sandbox_new(const struct sandbox_limits *limits) {
    struct sandbox *s = ex_new0(struct sandbox);
    s->limits = limits != NULL ? *limits : (struct sandbox_limits){0};
    if (s->limits.memory_bytes == 0)
        s->limits.memory_bytes = MEMORY_BYTES_DEFAULT;
    if (s->limits.answer_ms == 0)
        s->limits.answer_ms = ANSWER_MS_DEFAULT;
    if (s->limits.cpu_s == 0)
        s->limits.cpu_s = CPU_S_DEFAULT;
    s->last_end = UINT64_MAX;
    s->worker.socket = -1;
    (void)snprintf(s->parser, sizeof s->parser, "exhibit-parser");
    return s;
}

ex_code sandbox_start(const char *program, const struct sandbox_limits *limits,
                      struct sandbox **ret, struct ex_error *err) {
    EX_AUTO(sandbox_free) struct sandbox *s = sandbox_new(limits);
    EX_TRY(worker_start(&s->worker, program, &s->limits, err));
    EX_TRY(sandbox_wait_ready(s, err));
    *ret = ex_steal(&s);
    return EX_OK;
}

const char *sandbox_library(const struct sandbox *s) {
    return s->library;
}

unsigned sandbox_parser_version(const struct sandbox *s) {
    return s->version;
}

const char *sandbox_confinement(const struct sandbox *s) {
    return s->confinement;
}

void sandbox_free(struct sandbox *s) {
    if (s == NULL)
        return;
    (void)worker_end(&s->worker, &s->cpu_ns);
    free(s->input_size);
    free(s->told);
    free(s);
}
