/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker may send, as a row of messages (le16 size, bytes): the supervisor must keep every
 * promise of its door, whatever they are. Behind one that says that there is something in the tray,
 * the next is that. No process and no socket are there: the linker puts the
 * four functions below in the place of those that start a worker and talk to it. */
#include "sandbox/protocol_internal.h"
#include "sandbox/sandbox_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { INPUT_BYTES = 5000, OTHER_BYTES = 300, READS = 4, INPUTS_KNOWN = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
ex_code __wrap_worker_start(struct worker *w, const char *program,
                            const struct sandbox_limits *limits, struct ex_error *err);
int __wrap_worker_end(struct worker *w);
ex_code __wrap_frame_send(int fd, const struct frame *f, struct ex_error *err);
ex_code __wrap_frame_receive(int fd, struct frame *f, struct ex_error *err);

static struct ex_cursor messages;
static unsigned inputs;
static uint8_t *tray;

ex_code __wrap_worker_start(struct worker *w, const char *program,
                            const struct sandbox_limits *limits, struct ex_error *err) {
    *w = (struct worker){
        .pid = 1, .socket = open("/dev/zero", O_RDONLY | O_CLOEXEC)}; /* it is always ready */
    w->window = malloc(WINDOW_BYTES);
    w->tray = tray = calloc(1, TRAY_BYTES);
    return EX_OK;
}

int __wrap_worker_end(struct worker *w) {
    if (w->socket >= 0)
        close(w->socket);
    free(w->window);
    free((void *)(uintptr_t)w->tray);
    *w = (struct worker){.socket = -1};
    return 0;
}

ex_code __wrap_frame_send(int fd, const struct frame *f, struct ex_error *err) {
    if (fd < 0 || f->body_bytes > sizeof f->body)
        abort();
    return EX_OK;
}

ex_code __wrap_frame_receive(int fd, struct frame *f, struct ex_error *err) {
    size_t size = ex_cursor_le16(&messages);
    const uint8_t *data = ex_cursor_bytes(&messages, size);
    if (fd < 0)
        abort();
    if (data == NULL)
        return ex_fail(err, EX_MISSING, "the other end is closed");
    EX_TRY(frame_parse(data, size, f, err));
    if (f->type != FRAME_TOLD)
        return EX_OK;
    size = ex_cursor_le16(&messages);
    data = ex_cursor_bytes(&messages, size);
    if (data != NULL)
        memcpy(tray + TOLD_HEAD_BYTES, data, size);
    ex_put_le32(tray, (uint32_t)size); /* as if it ended now: what stands there is taken then */
    ex_put_le32(tray + 4, (uint32_t)size % 3);
    return EX_OK;
}

static ex_code give_bytes(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size,
                          struct ex_error *err) {
    uint64_t all = input == 0 ? INPUT_BYTES : OTHER_BYTES;
    if (input > inputs || offset > all || size > all - offset)
        abort(); /* outside the input */
    memset(to, (int)input, size);
    return offset == 77 ? ex_fail(err, EX_IO, "a bad place") : EX_OK;
}

static ex_code give_input(void *context, const char *name, unsigned input, uint64_t *ret_size,
                          struct ex_error *err) {
    if (input != inputs + 1 || strlen(name) == 0)
        abort();
    if (inputs == INPUTS_KNOWN)
        return ex_fail(err, EX_MISSING, "no more");
    inputs++;
    *ret_size = OTHER_BYTES;
    return EX_OK;
}

static void check_content(const struct sandbox_content *c) {
    uint64_t end = 0;
    for (size_t i = 0; i < c->range_count; i++) {
        const struct sandbox_range *r = &c->range[i];
        if (r->offset < end || r->length == 0 || r->length > c->size_bytes ||
            r->offset > c->size_bytes - r->length || r->gap < SANDBOX_UNREADABLE ||
            r->gap > SANDBOX_DAMAGED)
            abort();
        end = r->offset + r->length;
    }
    for (size_t i = 0; i < c->fact_count; i++)
        if (c->fact[i].name[0] == '\0' || c->fact[i].value[c->fact[i].size_bytes] != '\0')
            abort();
}

static void check_error(ex_code code, const struct ex_error *err) {
    if (code == EX_OK || code != err->code)
        abort();
    for (const char *p = err->text; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7E)
            abort(); /* a worker's text comes cleaned */
}

static void read_some(struct sandbox *s, uint64_t size) {
    uint8_t *to = malloc(SANDBOX_READ_BYTES_MAX);
    for (unsigned i = 0; i < READS; i++) {
        struct ex_error err = {0};
        uint64_t at = size / READS * i;
        size_t want =
            size - at < SANDBOX_READ_BYTES_MAX ? (size_t)(size - at) : SANDBOX_READ_BYTES_MAX;
        ex_code code = sandbox_read(s, at, to, want, &err);
        if (code != EX_OK)
            check_error(code, &err);
        if (code == EX_OK && sandbox_lost(s))
            abort();
    }
    free(to);
}

/* ---- traces ---- */

struct told {
    uint32_t traces;
    uint64_t size, content;
};

static void check_text(const char *text) {
    if (text[0] == '\0' || strlen(text) > PARSER_NAME_BYTES_MAX)
        abort();
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7E)
            abort();
}

static ex_code check_told(void *context, const struct sandbox_told *t, bool *ret_wanted,
                          struct ex_error *err) {
    struct told *told = context;
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < t->data_bytes; i++)
        sum = (uint8_t)(sum + t->data[i]);
    if (t->parent > told->traces)
        abort();
    switch (t->type) {
    case SANDBOX_TRACE:
        check_text(t->key);
        if (t->number != ++told->traces || t->kind < PARSER_VOLUME || t->kind == PARSER_PROBLEM ||
            t->kind > PARSER_RECORD)
            abort();
        told->size = (t->flags & PARSER_UNSIZED) != 0 ? INT64_MAX : t->size_bytes;
        told->content = 0;
        break;
    case SANDBOX_PROBLEM:
    case SANDBOX_TEXT:
        check_text(t->key);
        break;
    case SANDBOX_EXTENT:
        if (t->offset < PARSER_NOWHERE &&
            (t->offset > INPUT_BYTES || t->length > INPUT_BYTES - t->offset))
            abort();
        told->content += t->length;
        break;
    case SANDBOX_CONTENT:
        told->content += t->data_bytes;
        break;
    case SANDBOX_TIME:
        if (t->nanoseconds > 999999999 || told->traces == 0)
            abort();
        break;
    case SANDBOX_UNIT:
        if (t->data_bytes == 0 || t->data_bytes > PARSER_UNIT_BYTES_MAX)
            abort();
        break;
    }
    if (told->content > told->size)
        abort();
    *ret_wanted = t->data_bytes != 13;
    return t->data_bytes == 99 ? ex_fail(err, EX_LIMIT, "too much") : EX_OK;
}

static void examine_some(struct sandbox *s, const struct sandbox_inputs *from) {
    struct ex_error err = {0};
    struct told told = {0};
    ex_code code = sandbox_examine(s, "fuzzed", "", from, check_told, &told, &err);
    for (unsigned i = 0; i < READS && code == EX_OK; i++) {
        told = (struct told){0};
        code = sandbox_work(s, "unit", 4, check_told, &told, &err);
    }
    if (code != EX_OK)
        check_error(code, &err);
    if (code != EX_OK && sandbox_lost(s) && sandbox_work(s, "unit", 4, NULL, NULL, NULL) != code)
        abort(); /* lost is lost */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sandbox *s = NULL;
    struct sandbox_content content = {0};
    const struct sandbox_inputs from = {
        .size_bytes = INPUT_BYTES, .read = give_bytes, .named = give_input};
    struct ex_error err = {0};
    messages = ex_cursor_make(data, size);
    inputs = 0;
    ex_code code = sandbox_start("worker", NULL, &s, &err);
    if (code != EX_OK) {
        check_error(code, &err);
        return 0;
    }
    if (size % 2 == 1) {
        examine_some(s, &from);
        sandbox_free(s);
        return 0;
    }
    code = sandbox_open(s, "fuzzed", &from, &content, &err);
    if (code != EX_OK) {
        check_error(code, &err);
    } else {
        check_content(&content);
        read_some(s, content.size_bytes);
    }
    sandbox_content_clear(&content);
    sandbox_free(s);
    return 0;
}
