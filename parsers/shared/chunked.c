/* SPDX-License-Identifier: Apache-2.0 */
/* Reading chunk by chunk, and the survey before it. */
#include "parsers/shared/chunked.h"

#include "base/mem.h"

enum { SECTOR_BYTES = 512, SLOTS_MAX = 1 << 26, CHUNK_BYTES_MAX = 64 << 20 };

void chunked_clear(struct chunked *c) {
    free(c->expanded);
    c->expanded = NULL;
    c->expanded_there = false;
}

/* Of this place alone, and not of the reader. */
static bool is_damage(ex_code code) {
    return code == EX_FORMAT || code == EX_ALTERED || code == EX_MISSING || code == EX_IO ||
           code == EX_UNSUPPORTED;
}

/* ---- places that two chunks share ---- */

/* Where in each stretch of chunk_bytes of the file a plain chunk begins: no two that do not overlap
 * begin in the same. In sectors, and one more; 0: none. */
struct starts {
    uint32_t *slot;
    uint64_t count;
};

static void starts_clear(struct starts *s) {
    free(s->slot);
}

static ex_code starts_init(struct starts *s, uint64_t file_bytes, uint64_t chunk_bytes,
                           bool *ret_too_many, struct ex_error *err) {
    s->count = file_bytes / chunk_bytes + 2;
    *ret_too_many = s->count > SLOTS_MAX;
    if (*ret_too_many)
        return EX_OK;
    return ex_alloc((size_t)s->count, sizeof *s->slot, SLOTS_MAX * sizeof *s->slot,
                    "a map of the file", &s->slot, err);
}

static uint64_t start_in(const struct starts *s, uint64_t slot, uint64_t chunk_bytes) {
    return slot * chunk_bytes + (uint64_t)(s->slot[slot] - 1) * SECTOR_BYTES;
}

/* Whether it overlaps one that was added before. It begins inside the file. */
static bool starts_add(struct starts *s, uint64_t at, uint64_t chunk_bytes) {
    uint64_t i = at / chunk_bytes;
    if (s->slot == NULL || at % SECTOR_BYTES != 0)
        return false;
    bool shared =
        s->slot[i] != 0 ||
        (i > 0 && s->slot[i - 1] != 0 && start_in(s, i - 1, chunk_bytes) + chunk_bytes > at) ||
        (s->slot[i + 1] != 0 && start_in(s, i + 1, chunk_bytes) < at + chunk_bytes);
    s->slot[i] = (uint32_t)(at % chunk_bytes / SECTOR_BYTES) + 1;
    return shared;
}

/* ---- the survey ---- */

struct survey {
    struct parser_run *run;
    const struct chunked *c;
    struct gaps *gaps;
    uint64_t *allocated;
    uint64_t file_bytes;
    struct starts starts;
    uint64_t shared, first_shared; /* chunks; byte of the content */
    uint64_t lost, first_lost;     /* bytes; byte of the content */
    struct ex_error why_lost;
};

static ex_code lose(struct survey *s, uint64_t from, uint64_t length, const struct ex_error *why,
                    struct ex_error *err) {
    if (length > 0 && s->lost == 0) {
        s->first_lost = s->c->first_byte + from;
        s->why_lost = *why;
    }
    s->lost += length;
    return gaps_add(s->run, s->gaps, PARSER_DAMAGED, s->c->first_byte + from, length, err);
}

static ex_code take_stored(struct survey *s, const struct chunk_place *p, uint64_t from,
                           uint64_t length, struct ex_error *err) {
    uint64_t left = p->at < s->file_bytes ? s->file_bytes - p->at : 0;
    uint64_t there =
        p->how == CHUNK_PACKED ? (left > 0 ? length : 0) : (left < length ? left : length);
    struct ex_error why = {0};
    *s->allocated += there;
    if (there < length)
        (void)ex_fail(&why, EX_FORMAT, "it would be at byte %llu of a file of %llu bytes",
                      (unsigned long long)p->at, (unsigned long long)s->file_bytes);
    if (p->how == CHUNK_PLAIN && left > 0 && starts_add(&s->starts, p->at, s->c->chunk_bytes) &&
        s->shared++ == 0)
        s->first_shared = s->c->first_byte + from;
    return lose(s, from + there, length - there, &why, err);
}

static ex_code survey_one(struct survey *s, uint64_t chunk, uint64_t *ret_alike,
                          struct ex_error *err) {
    const struct chunked *c = s->c;
    struct chunk_place p = {.alike = 1};
    struct ex_error why = {0};
    ex_code code = c->locate(s->run, c->context, chunk, &p, &why);
    uint64_t from = chunk * c->chunk_bytes, left = c->size_bytes - from;
    uint64_t length = p.alike > left / c->chunk_bytes ? left : p.alike * c->chunk_bytes;
    *ret_alike = p.alike;
    if (code != EX_OK && !is_damage(code)) {
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code != EX_OK)
        return lose(s, from, length, &why, err);
    if (p.how == CHUNK_PLAIN || p.how == CHUNK_PACKED)
        return take_stored(s, &p, from, length, err);
    if (p.how == CHUNK_ABSENT)
        return gaps_add(s->run, s->gaps, PARSER_ABSENT, c->first_byte + from, length, err);
    return EX_OK;
}

static ex_code tell_survey(struct survey *s, unsigned *warnings, struct ex_error *err) {
    if (s->lost > 0)
        EX_TRY(parser_warn(s->run, warnings, err,
                           "%llu bytes cannot be read, the first at byte %llu of the content: %s",
                           (unsigned long long)s->lost, (unsigned long long)s->first_lost,
                           s->why_lost.text));
    if (s->shared > 0)
        EX_TRY(parser_warn(s->run, warnings, err,
                           "%llu %ss are stored where another one is, the first at byte %llu of "
                           "the content: at most one of both is right",
                           (unsigned long long)s->shared, s->c->unit,
                           (unsigned long long)s->first_shared));
    return EX_OK;
}

static ex_code survey(struct survey *s, unsigned *warnings, struct ex_error *err) {
    const struct chunked *c = s->c;
    uint64_t count = c->size_bytes / c->chunk_bytes + (c->size_bytes % c->chunk_bytes != 0);
    /* An entry of a table has 4 bytes or more. */
    uint64_t steps = s->file_bytes / 4 + 16, alike;
    bool too_many = false;
    EX_TRY(starts_init(&s->starts, s->file_bytes, c->chunk_bytes, &too_many, err));
    if (too_many)
        EX_TRY(parser_warn(s->run, warnings, err, "whether %ss overlap was not checked: too many",
                           c->unit));
    for (uint64_t i = 0; i < count; i += alike < count - i ? alike : count - i) {
        if (steps-- == 0) {
            EX_TRY(parser_warn(s->run, warnings, err,
                               "from byte %llu of the content on its tables were not surveyed: "
                               "they are used more than once",
                               (unsigned long long)(c->first_byte + i * c->chunk_bytes)));
            break;
        }
        EX_TRY(survey_one(s, i, &alike, err));
    }
    return tell_survey(s, warnings, err);
}

ex_code chunked_survey(struct parser_run *run, struct chunked *c, struct gaps *gaps,
                       unsigned *warnings, uint64_t *allocated, struct ex_error *err) {
    struct survey s = {.run = run, .c = c, .gaps = gaps, .allocated = allocated};
    s.file_bytes = parser_input_size(run, c->input);
    ex_code code = survey(&s, warnings, err);
    starts_clear(&s.starts);
    return code;
}

/* ---- reading ---- */

static ex_code expand_chunk(struct parser_run *run, struct chunked *c, uint64_t chunk,
                            const struct chunk_place *p, struct ex_error *err) {
    uint64_t left = c->size_bytes - chunk * c->chunk_bytes;
    if (c->expanded_there && c->expanded_number == chunk)
        return EX_OK;
    c->expanded_there = false;
    if (c->expanded == NULL)
        EX_TRY(ex_alloc((size_t)c->chunk_bytes + 1, 1, CHUNK_BYTES_MAX + 1, c->unit, &c->expanded,
                        err));
    EX_TRY(c->expand(run, c->context, chunk, p, c->expanded,
                     (size_t)(left < c->chunk_bytes ? left : c->chunk_bytes), err));
    c->expanded_number = chunk;
    c->expanded_there = true;
    return EX_OK;
}

static ex_code read_part(struct parser_run *run, struct chunked *c, uint64_t chunk, uint64_t within,
                         uint8_t *to, size_t size_bytes, struct ex_error *err) {
    struct chunk_place p = {.alike = 1};
    EX_TRY(c->locate(run, c->context, chunk, &p, err));
    if (p.how == CHUNK_PACKED) {
        EX_TRY(expand_chunk(run, c, chunk, &p, err));
        memcpy(to, c->expanded + within, size_bytes);
        return EX_OK;
    }
    if (p.how != CHUNK_PLAIN) {
        memset(to, 0, size_bytes);
        return EX_OK;
    }
    if (p.at > UINT64_MAX - within)
        return ex_fail(err, EX_FORMAT, "it would be behind the end of the file");
    EX_TRY(parser_read(run, c->input, p.at + within, to, size_bytes, err));
    return c->check == NULL ? EX_OK : c->check(run, c->context, &p, within, to, size_bytes, err);
}

ex_code chunked_read(struct parser_run *run, struct chunked *c, uint64_t offset, uint8_t *to,
                     size_t size_bytes, struct ex_error *err) {
    for (size_t part; size_bytes > 0; size_bytes -= part, to += part, offset += part) {
        uint64_t chunk = offset / c->chunk_bytes, within = offset % c->chunk_bytes;
        struct ex_error why = {0};
        part =
            c->chunk_bytes - within < size_bytes ? (size_t)(c->chunk_bytes - within) : size_bytes;
        ex_code code = read_part(run, c, chunk, within, to, part, &why);
        if (code != EX_OK)
            return ex_fail(err, code, "%s %llu, at byte %llu of the content: %s", c->unit,
                           (unsigned long long)chunk,
                           (unsigned long long)(c->first_byte + chunk * c->chunk_bytes), why.text);
    }
    return EX_OK;
}
