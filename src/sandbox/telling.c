/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's end of traces: records in the tray, format/parser-protocol §7. */
#include "sandbox/worker_internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* The head of the tray: should this process end before it can send what stands there, the
 * supervisor still finds it. `used` goes first, so that nothing is ever found twice. */
static void write_head(struct parser_run *run) {
    ex_put_le32(run->tray, (uint32_t)run->tray_used);
    atomic_signal_fence(memory_order_seq_cst);
    ex_put_le32(run->tray + 4, run->flushes);
    atomic_signal_fence(memory_order_seq_cst);
}

/* Hands the tray over, and has it back empty. */
static ex_code flush(struct parser_run *run, struct ex_error *err) {
    struct frame *f = &run->frame;
    if (run->tray_used == 0)
        return EX_OK;
    frame_start(f, FRAME_TOLD, run->number, run->tray_used);
    EX_TRY(worker_ask(run, err));
    if (f->type != FRAME_ON || f->value > run->traces)
        return ex_fail(err, EX_INTERNAL, "not an answer to what was told");
    run->unwanted = (uint32_t)f->value;
    run->tray_used = 0;
    run->flushes++;
    write_head(run);
    return EX_OK;
}

void worker_tell_begin(struct parser_run *run) {
    run->telling = true;
    run->tray_used = 0;
    run->traces = 0;
    run->unwanted = 0;
    run->flushes = 0;
    write_head(run);
}

ex_code worker_tell_end(struct parser_run *run, ex_code code, struct ex_error *err) {
    struct ex_error why;
    ex_code flushed = flush(run, &why);
    run->telling = false;
    if (flushed != EX_OK && code == EX_OK && err != NULL)
        *err = why;
    return code != EX_OK ? code : flushed;
}

/* Room for a record of so many bytes behind its head; *ret is where they go. */
static ex_code begin_record(struct parser_run *run, enum record_type type, size_t size_bytes,
                            uint8_t **ret, struct ex_error *err) {
    enum { ROOM_BYTES = TRAY_BYTES - TOLD_HEAD_BYTES };
    if (!run->telling || size_bytes > ROOM_BYTES - RECORD_HEAD_BYTES)
        return ex_fail(err, EX_INTERNAL, "nothing can be told now, or not so much");
    if (RECORD_HEAD_BYTES + size_bytes > ROOM_BYTES - run->tray_used)
        EX_TRY(flush(run, err));
    uint8_t *at = run->tray + TOLD_HEAD_BYTES + run->tray_used;
    ex_put_le32(at, (uint32_t)size_bytes);
    ex_put_le32(at + 4, (uint32_t)type);
    run->record_bytes = RECORD_HEAD_BYTES + size_bytes;
    *ret = at + RECORD_HEAD_BYTES;
    return EX_OK;
}

/* The record is whole. */
static void end_record(struct parser_run *run) {
    run->tray_used += run->record_bytes;
    write_head(run);
}

ex_code parser_trace(struct parser_run *run, const struct parser_trace *t, uint32_t *ret_number,
                     struct ex_error *err) {
    enum { FIXED_BYTES = 32 };
    size_t key = strlen(t->key), name = t->name == NULL ? 0 : t->name_bytes;
    uint8_t *at;
    if (run->traces >= PARSER_TRACES_MAX)
        return ex_fail(err, EX_LIMIT, "more than %d traces in one step", PARSER_TRACES_MAX);
    if (key == 0 || key > PARSER_NAME_BYTES_MAX || name > PARSER_VALUE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a name of %zu bytes", name);
    EX_TRY(begin_record(run, RECORD_TRACE, FIXED_BYTES + key + name, &at, err));
    ex_put_le32(at, t->parent);
    ex_put_le32(at + 4, (uint32_t)t->kind);
    ex_put_le32(at + 8, t->flags);
    ex_put_le64(at + 12, t->size_bytes);
    ex_put_le64(at + 20, t->record);
    ex_put_le16(at + 28, (uint16_t)key);
    ex_put_le16(at + 30, (uint16_t)name);
    memcpy(at + FIXED_BYTES, t->key, key);
    if (name > 0)
        memcpy(at + FIXED_BYTES + key, t->name, name);
    *ret_number = ++run->traces;
    end_record(run);
    return EX_OK;
}

ex_code parser_trace_problem(struct parser_run *run, uint32_t parent, const char *key,
                             const struct ex_error *why, struct ex_error *err) {
    enum { FIXED_BYTES = 10 };
    size_t length = strlen(key), text = strnlen(why->text, FAILURE_TEXT_BYTES_MAX);
    uint8_t *at;
    if (length == 0 || length > PARSER_NAME_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "a key of %zu bytes", length);
    EX_TRY(begin_record(run, RECORD_PROBLEM, FIXED_BYTES + length + text, &at, err));
    ex_put_le32(at, parent);
    ex_put_le32(at + 4, failure_number(why->code));
    ex_put_le16(at + 8, (uint16_t)length);
    memcpy(at + FIXED_BYTES, key, length);
    memcpy(at + FIXED_BYTES + length, why->text, text);
    end_record(run);
    return EX_OK;
}

ex_code parser_trace_time(struct parser_run *run, enum parser_time what, int64_t seconds,
                          uint32_t nanoseconds, uint64_t resolution_ns, bool local,
                          const char *source, struct ex_error *err) {
    enum { FIXED_BYTES = 28 };
    size_t length = strlen(source);
    uint8_t *at;
    if (length > PARSER_NAME_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "a source of %zu bytes", length);
    EX_TRY(begin_record(run, RECORD_TIME, FIXED_BYTES + length, &at, err));
    ex_put_le32(at, (uint32_t)what);
    ex_put_le64(at + 4, (uint64_t)seconds);
    ex_put_le32(at + 12, nanoseconds);
    ex_put_le64(at + 16, resolution_ns);
    ex_put_le32(at + 24, local ? 1 : 0);
    memcpy(at + FIXED_BYTES, source, length);
    end_record(run);
    return EX_OK;
}

ex_code parser_trace_text(struct parser_run *run, const char *name, const void *value,
                          size_t size_bytes, struct ex_error *err) {
    size_t length = strlen(name);
    size_t size = size_bytes < PARSER_VALUE_BYTES_MAX ? size_bytes : (size_t)PARSER_VALUE_BYTES_MAX;
    uint8_t *at;
    if (length == 0 || length > PARSER_NAME_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "a text called by %zu bytes", length);
    EX_TRY(begin_record(run, RECORD_TEXT, 2 + length + size, &at, err));
    ex_put_le16(at, (uint16_t)length);
    memcpy(at + 2, name, length);
    if (size > 0)
        memcpy(at + 2 + length, value, size);
    end_record(run);
    return EX_OK;
}

ex_code parser_trace_number(struct parser_run *run, const char *name, uint64_t value,
                            struct ex_error *err) {
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return parser_trace_text(run, name, text, (size_t)length, err);
}

ex_code parser_trace_extent(struct parser_run *run, uint64_t offset, uint64_t length,
                            struct ex_error *err) {
    uint8_t *at;
    EX_TRY(begin_record(run, RECORD_EXTENT, 16, &at, err));
    ex_put_le64(at, offset);
    ex_put_le64(at + 8, length);
    end_record(run);
    return EX_OK;
}

ex_code parser_trace_content(struct parser_run *run, const void *data, size_t size_bytes,
                             bool *ret_wanted, struct ex_error *err) {
    const uint8_t *from = data;
    uint8_t *at;
    for (size_t part; size_bytes > 0; size_bytes -= part, from += part) {
        part =
            size_bytes < RECORD_CONTENT_BYTES_MAX ? size_bytes : (size_t)RECORD_CONTENT_BYTES_MAX;
        if (run->unwanted == run->traces)
            break;
        EX_TRY(begin_record(run, RECORD_CONTENT, part, &at, err));
        memcpy(at, from, part);
        end_record(run);
    }
    *ret_wanted = run->unwanted != run->traces;
    return EX_OK;
}

ex_code parser_unit(struct parser_run *run, uint32_t parent, const void *unit, size_t size_bytes,
                    bool late, struct ex_error *err) {
    uint8_t *at;
    if (size_bytes == 0 || size_bytes > PARSER_UNIT_BYTES_MAX)
        return ex_fail(err, EX_INTERNAL, "a unit of %zu bytes", size_bytes);
    EX_TRY(begin_record(run, RECORD_UNIT, 8 + size_bytes, &at, err));
    ex_put_le32(at, parent);
    ex_put_le32(at + 4, late ? 1 : 0);
    memcpy(at + 8, unit, size_bytes);
    end_record(run);
    return EX_OK;
}
