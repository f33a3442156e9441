/* SPDX-License-Identifier: Apache-2.0 */
/* An age file as a stream of bytes, with its armor taken off: age.md, "ASCII armor"; RFC 7468 §3,
 * strict. */
#include "formats/age_internal.h"

#include <sodium.h>

enum { RAW_BYTES = 65536 };

const char AGE_ARMOR_BEGIN[] = "-----BEGIN AGE ENCRYPTED FILE-----";
const char AGE_ARMOR_END[] = "-----END AGE ENCRYPTED FILE-----";

/* ---- the source ---- */

static ex_code source_read(struct age_input *in, void *to, size_t size_bytes, size_t *ret_bytes,
                           struct ex_error *err) {
    size_t got = 0;
    if (!in->source_ended)
        EX_TRY(in->source.read(in->source.context, to, size_bytes, &got, err));
    if (got > size_bytes)
        return ex_fail(err, EX_INTERNAL, "a source gave more bytes than were asked for");
    in->source_ended = in->source_ended || got == 0;
    *ret_bytes = got;
    return EX_OK;
}

/* Reads once behind what is there, which moves to the front. */
static ex_code refill(struct age_input *in, struct ex_error *err) {
    size_t got;
    memmove(in->raw, in->raw + in->at, in->end - in->at);
    in->end -= in->at;
    in->at = 0;
    EX_TRY(source_read(in, in->raw + in->end, RAW_BYTES - in->end, &got, err));
    in->end += got;
    return EX_OK;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- not armored ---- */

static ex_code read_plain(struct age_input *in, uint8_t *to, size_t size_bytes, size_t *ret_bytes,
                          struct ex_error *err) {
    size_t done = 0;
    while (done < size_bytes && !(in->at == in->end && in->source_ended)) {
        size_t want = size_bytes - done, got = in->end - in->at;
        if (got > 0) {
            got = got < want ? got : want;
            memcpy(to + done, in->raw + in->at, got);
            in->at += got;
        } else if (want >= AGE_CHUNK_BYTES) {
            EX_TRY(source_read(in, to + done, want, &got, err)); /* to where it is wanted */
        } else {
            EX_TRY(refill(in, err));
        }
        done += got;
    }
    *ret_bytes = done;
    return EX_OK;
}

/* ---- armored ---- */

static ex_code bad_armor(struct ex_error *err, const char *why) {
    return ex_hint(ex_fail(err, EX_FORMAT, "the armor of this age file is not right: %s", why), err,
                   "if it came by mail or chat, ask for it as a file");
}

/* A line inside `raw`, without its end (LF, CRLF or that of the file). *ret_line is NULL at the end
 * of the file. */
static ex_code take_line(struct age_input *in, const uint8_t **ret_line, size_t *ret_bytes,
                         struct ex_error *err) {
    const uint8_t *lf;
    while ((lf = memchr(in->raw + in->at, '\n', in->end - in->at)) == NULL && !in->source_ended) {
        if (in->end - in->at > AGE_ARMOR_SPACE_BYTES_MAX)
            return bad_armor(err, "a line is too long");
        EX_TRY(refill(in, err));
    }
    const uint8_t *line = in->raw + in->at;
    size_t size = (size_t)((lf != NULL ? lf : in->raw + in->end) - line);
    *ret_line = lf == NULL && size == 0 ? NULL : line;
    in->at += size + (lf != NULL ? 1 : 0);
    if (lf != NULL && size > 0 && line[size - 1] == '\r')
        size--;
    *ret_bytes = size;
    return EX_OK;
}

static bool is_line(const uint8_t *line, size_t size_bytes, const char *text) {
    return size_bytes == strlen(text) && memcmp(line, text, size_bytes) == 0;
}

/* Nothing but white space behind the END line, and little of it. */
static ex_code check_tail(struct age_input *in, struct ex_error *err) {
    size_t spaces = 0;
    for (;;) {
        for (; in->at < in->end; in->at++)
            if (!is_space(in->raw[in->at]) || ++spaces > AGE_ARMOR_SPACE_BYTES_MAX)
                return bad_armor(err, "something follows its END line");
        if (in->source_ended)
            break;
        EX_TRY(refill(in, err));
    }
    in->armor_ended = true;
    return EX_OK;
}

/* The next line into in->line, or the end. Every line but the last is full. */
static ex_code decode_line(struct age_input *in, struct ex_error *err) {
    const uint8_t *line;
    size_t size;
    EX_TRY(take_line(in, &line, &size, err));
    if (line == NULL)
        return bad_armor(err, "it ends without its END line");
    if (is_line(line, size, AGE_ARMOR_END))
        return check_tail(in, err);
    if (in->line_short)
        return bad_armor(err, "a line that is not the last is short");
    if (size == 0 || size > AGE_COLUMNS)
        return bad_armor(err,
                         size == 0 ? "a line is empty" : "a line is longer than 64 characters");
    in->line_at = 0;
    if (sodium_base642bin(in->line, sizeof in->line, (const char *)line, size, NULL, &in->line_end,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return bad_armor(err, "a line is not base64 as it must be");
    in->line_short = in->line_end < AGE_COLUMN_BYTES;
    return EX_OK;
}

static ex_code read_armored(struct age_input *in, uint8_t *to, size_t size_bytes, size_t *ret_bytes,
                            struct ex_error *err) {
    size_t done = 0;
    while (done < size_bytes) {
        if (in->line_at == in->line_end && !in->armor_ended)
            EX_TRY(decode_line(in, err));
        if (in->armor_ended)
            break;
        size_t want = size_bytes - done, got = in->line_end - in->line_at;
        got = got < want ? got : want;
        memcpy(to + done, in->line + in->line_at, got);
        in->line_at += got;
        done += got;
    }
    *ret_bytes = done;
    return EX_OK;
}

/* ---- either ---- */

/* White space, then the BEGIN line. */
static ex_code begin_armor(struct age_input *in, struct ex_error *err) {
    size_t spaces = 0;
    for (;;) {
        const uint8_t *line;
        size_t size, blank = 0;
        EX_TRY(take_line(in, &line, &size, err));
        if (line == NULL)
            return bad_armor(err, "there is no BEGIN line");
        while (blank < size && is_space(line[blank]))
            blank++;
        if (blank < size && !is_line(line, size, AGE_ARMOR_BEGIN))
            return bad_armor(err, "its BEGIN line is not that of an age file");
        if (blank < size)
            return EX_OK;
        spaces += size + 1;
        if (spaces > AGE_ARMOR_SPACE_BYTES_MAX)
            return bad_armor(err, "too much white space stands before it");
    }
}

ex_code age_input_init(struct age_input *in, struct age_source source, struct ex_error *err) {
    *in = (struct age_input){.source = source};
    EX_TRY(ex_alloc(RAW_BYTES, 1, RAW_BYTES, "a buffer", &in->raw, err));
    while (in->end == 0 && !in->source_ended)
        EX_TRY(refill(in, err));
    in->armored = in->end > 0 && (in->raw[0] == '-' || is_space(in->raw[0]));
    return in->armored ? begin_armor(in, err) : EX_OK;
}

void age_input_clear(struct age_input *in) {
    free(in->raw);
    *in = (struct age_input){0};
}

ex_code age_input_read(struct age_input *in, void *to, size_t size_bytes, size_t *ret_bytes,
                       struct ex_error *err) {
    return in->armored ? read_armored(in, to, size_bytes, ret_bytes, err)
                       : read_plain(in, to, size_bytes, ret_bytes, err);
}
