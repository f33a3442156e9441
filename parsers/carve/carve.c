/* SPDX-License-Identifier: Apache-2.0 */
/* The search for beginnings, and what is told of those that hold. */
#include "parsers/carve/carve_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    BLOCK_BYTES = 1 << 20,
    BEGIN_BYTES = 16,    /* the longest signature, with what stands in front of it */
    GAP_BYTES = 1 << 20, /* of equal bytes, for which a unit is ended */
    RUN_BYTES = 16       /* one of the input "data" */
};
#define UNIT_BYTES      ((uint64_t)32 << 20)
#define UNIT_ALLOWED    ((uint64_t)4 << 30)  /* bytes that its beginnings are followed … */
#define BEGIN_ALLOWED   ((uint64_t)64 << 10) /* … and for each, when these are used up */
#define SIGNATURE(text) sizeof(text) - 1, text

/* The first two bytes at least; the walker compares what it needs besides. */
static const struct signature {
    const char *what;
    const char *checked; /* docs/carving.md: what stands for it that all of it is there */
    carve_walk_fn *walk;
    size_t at; /* bytes that stand in front of it */
    size_t size;
    const char *bytes;
    bool loose; /* not every byte says that it belongs to it: another may begin inside, and go on
                   behind its end */
} SIGNATURES[] = {
    {"jpeg", "structure", carve_jpeg, 0, SIGNATURE("\xFF\xD8\xFF"), false},
    {"png", "checksums", carve_png, 0, SIGNATURE("\x89PNG\r\n\x1A\n"), false},
    {"gif", "structure", carve_gif, 0, SIGNATURE("GIF8"), false},
    {"webp", "lengths", carve_webp, 0, SIGNATURE("RIFF"), false},
    {"iso-media", "lengths", carve_media, 4, SIGNATURE("ftyp"), true},
    {"pdf", "structure", carve_pdf, 0, SIGNATURE("%PDF-"), false},
    {"rtf", "structure", carve_rtf, 0, SIGNATURE("{\\rtf"), false},
    {"zip", "structure", carve_zip, 0, SIGNATURE("PK\3\4"), false},
    {"7z", "lengths", carve_7z, 0, SIGNATURE("7z\xBC\xAF\x27\x1C"), false},
    {"rar", "lengths", carve_rar4, 0, SIGNATURE("Rar!\x1A\x07\x00"), false},
    {"rar", "lengths", carve_rar5, 0, SIGNATURE("Rar!\x1A\x07\x01\x00"), false},
    {"sqlite", "structure", carve_sqlite, 0, SIGNATURE("SQLite format 3\0"), true},
    {"ole", "lengths", carve_ole, 0, SIGNATURE("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), true},
    {"evtx", "checksums", carve_evtx, 0, SIGNATURE("ElfFile\0"), false},
    {"regf", "lengths", carve_regf, 0, SIGNATURE("regf"), false},
};
enum { SIGNATURE_COUNT = sizeof SIGNATURES / sizeof SIGNATURES[0], PAIRS = 65536 };

struct carver {
    bool deep;
    uint8_t pair[PAIRS]; /* 1 + the first signature with these two bytes; 0: none */
    uint8_t *block;
};

static void close_carver(void *state) {
    struct carver *v = state;
    if (v == NULL)
        return;
    free(v->block);
    free(v);
}
EX_DEFINE_AUTO(void, close_carver);

static unsigned pair_of(const void *bytes) {
    const uint8_t *b = bytes;
    return (unsigned)b[0] << 8 | b[1];
}

static struct carver *make_carver(const char *parameters) {
    struct carver *v = ex_new0(struct carver);
    v->deep = strcmp(parameters, "deep") == 0;
    v->block = ex_new0_bytes(BLOCK_BYTES + BEGIN_BYTES);
    for (size_t i = SIGNATURE_COUNT; i > 0; i--)
        v->pair[pair_of(SIGNATURES[i - 1].bytes)] = (uint8_t)i;
    return v;
}

/* ---- units ---- */

struct parting {
    struct parser_run *run;
    uint64_t size, from, to; /* from, to: of the unit that grows; to 0: none does */
    bool deep;
};

static ex_code end_unit(struct parting *p, struct ex_error *err) {
    char unit[64];
    if (p->to == 0)
        return EX_OK;
    int length = snprintf(unit, sizeof unit, "%" PRIu64 " %" PRIu64, p->from, p->to);
    p->to = 0;
    return parser_unit(p->run, 0, unit, (size_t)length, false, err);
}

/* A run of bytes that are not all equal. What stands right in front of it may belong to what begins
 * in it. */
static ex_code add_run(struct parting *p, uint64_t from, uint64_t to, struct ex_error *err) {
    const uint64_t step = p->deep ? BEGIN_BYTES : CARVE_SECTOR_BYTES;
    from = p->deep ? (from > step ? from - step : 0) : from / step * step;
    if (p->to > 0 && from < p->to)
        from = p->to;
    if (p->to > 0 && (from - p->to > GAP_BYTES || to - p->from > UNIT_BYTES))
        EX_TRY(end_unit(p, err));
    for (; from < to && to - from > UNIT_BYTES; from += UNIT_BYTES) {
        p->from = from;
        p->to = from + UNIT_BYTES;
        EX_TRY(end_unit(p, err));
    }
    if (from >= to)
        return EX_OK;
    p->from = p->to > 0 ? p->from : from;
    p->to = to;
    return EX_OK;
}

static ex_code take_runs(struct parting *p, unsigned input, struct ex_error *err) {
    const uint64_t bytes = parser_input_size(p->run, input);
    const uint8_t *data;
    uint64_t last = 0;
    for (uint64_t at = 0; at + RUN_BYTES <= bytes;) {
        size_t part = bytes - at < BLOCK_BYTES ? (size_t)(bytes - at) : (size_t)BLOCK_BYTES;
        part -= part % RUN_BYTES;
        EX_TRY(parser_view(p->run, input, at, part, &data, err));
        struct ex_cursor k = ex_cursor_make(data, part);
        while (ex_cursor_left(&k) > 0) {
            uint64_t from = ex_cursor_le64(&k), to = ex_cursor_le64(&k);
            if (from < last || to <= from || to > p->size)
                return ex_fail(err, EX_INTERNAL, "a wrong list of what is in the space");
            last = to;
            EX_TRY(add_run(p, from, to, err));
        }
        at += part;
    }
    return EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO(close_carver) void *state = make_carver(parameters);
    struct parting p = {
        .run = run, .size = parser_input_size(run, 0), .deep = ((struct carver *)state)->deep};
    unsigned input;
    ex_code code = parser_input_named(run, "data", &input, NULL);
    if (code == EX_MISSING && p.size > 0)
        EX_TRY(add_run(&p, 0, p.size, err));
    else if (code == EX_OK)
        EX_TRY(take_runs(&p, input, err));
    else if (code != EX_MISSING)
        return ex_fail(err, code, "could not be told what is in the space");
    EX_TRY(end_unit(&p, err));
    *ret_state = ex_steal(&state);
    return EX_OK;
}

static ex_code prepare(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    (void)run;
    (void)err;
    *ret_state = make_carver(parameters);
    return EX_OK;
}

/* ---- what is told ---- */

static ex_code tell(struct carving *c, const struct signature *s, uint64_t at,
                    const struct carved *found, bool whole, struct ex_error *err) {
    char key[24];
    uint32_t trace;
    (void)snprintf(key, sizeof key, "%" PRIu64, at);
    const struct parser_trace t = {.kind = PARSER_FILE,
                                   .flags = PARSER_SIZED | PARSER_CARVED |
                                            (whole ? 0 : (uint32_t)PARSER_IN_PART),
                                   .key = key,
                                   .size_bytes = found->length};
    EX_TRY(parser_trace(c->run, &t, &trace, err));
    const char *state = whole ? "complete" : "begins";
    EX_TRY(parser_trace_text(c->run, "carved", state, strlen(state), err));
    EX_TRY(parser_trace_text(c->run, "carved-as", s->what, strlen(s->what), err));
    if (whole)
        EX_TRY(parser_trace_text(c->run, "checked", s->checked, strlen(s->checked), err));
    if (!whole && found->expected > found->length)
        EX_TRY(parser_trace_number(c->run, "expected-size", found->expected, err));
    return parser_trace_extent(c->run, at, found->length, err);
}

/* *at moves behind what was found, or to the next place where something may begin. */
static ex_code look(struct carving *c, const struct carver *v, const uint8_t *bytes, size_t size,
                    uint64_t *allowed, uint64_t *at, struct ex_error *err) {
    const uint64_t begin = *at;
    *at += v->deep ? 1 : CARVE_SECTOR_BYTES;
    for (size_t i = 0; i < SIGNATURE_COUNT; i++) {
        const struct signature *s = &SIGNATURES[i];
        struct carved found = {0};
        if (s->at + s->size > size || memcmp(bytes + s->at, s->bytes, s->size) != 0)
            continue;
        c->bytes = 0; /* what is read depends on nothing that was before */
        c->allowed = *allowed > BEGIN_ALLOWED ? *allowed : BEGIN_ALLOWED;
        uint64_t had = c->allowed;
        enum carve_verdict verdict = s->walk(c, begin, &found);
        *allowed -= *allowed < had - c->allowed ? *allowed : had - c->allowed;
        if (c->code != EX_OK)
            return c->code;
        if (verdict == CARVE_NO || found.length == 0)
            continue;
        if (verdict == CARVE_WHOLE && !s->loose)
            *at = begin + found.length;
        if (!v->deep)
            *at = (*at + CARVE_SECTOR_BYTES - 1) / CARVE_SECTOR_BYTES * CARVE_SECTOR_BYTES;
        return tell(c, s, begin, &found, verdict == CARVE_WHOLE, err);
    }
    return EX_OK;
}

/* ---- the search ---- */

/* As many bytes of the block as can be read. */
static ex_code read_block(struct carving *c, const struct carver *v, uint64_t at, size_t size,
                          size_t *ret_got, struct ex_error *err) {
    struct ex_error why = {0};
    *ret_got = size;
    ex_code code = parser_read(c->run, 0, at, v->block, size, &why);
    for (size_t got = 0, part; code == EX_IO && got < size; got += part) {
        part = size - got < CARVE_SECTOR_BYTES ? size - got : (size_t)CARVE_SECTOR_BYTES;
        code = parser_read(c->run, 0, at + got, v->block + got, part, &why);
        if (code == EX_IO) {
            c->unread = true;
            *ret_got = got;
            return EX_OK;
        }
        code = code == EX_OK ? EX_IO : code;
    }
    if (code == EX_OK || code == EX_IO)
        return EX_OK;
    if (err != NULL)
        *err = why;
    return code;
}

/* The next byte from `i` on where a signature may stand; size: none. */
static size_t next_pair(const struct carver *v, const uint8_t *data, size_t i, size_t size) {
    const unsigned media = pair_of("ft");
    for (; i < size; i++) {
        unsigned pair = pair_of(data + i);
        if (v->pair[pair] != 0 && pair != media)
            break;
        if (data[i + 4] == 'f' && data[i + 5] == 't')
            break;
    }
    return i;
}

static size_t next_sector(const struct carver *v, const uint8_t *data, size_t i, size_t size) {
    const unsigned media = pair_of("ft");
    for (; i < size; i += CARVE_SECTOR_BYTES) {
        unsigned pair = pair_of(data + i);
        if ((v->pair[pair] != 0 && pair != media) || pair_of(data + i + 4) == media)
            break;
    }
    return i;
}

/* The beginnings in [at, at + size) of a block, behind which there are BEGIN_BYTES more, or zeros.
 * *ret_at: where the next one is looked for. */
static ex_code search_block(struct carving *c, const struct carver *v, uint64_t at, size_t size,
                            size_t valid, uint64_t *allowed, uint64_t *ret_at,
                            struct ex_error *err) {
    *ret_at = at;
    while (*ret_at < at + size) {
        size_t i = (size_t)(*ret_at - at);
        i = v->deep ? next_pair(v, v->block, i, size) : next_sector(v, v->block, i, size);
        *ret_at = at + i;
        if (i < size)
            EX_TRY(look(c, v, v->block + i, valid - i, allowed, ret_at, err));
    }
    return EX_OK;
}

static ex_code search(struct carving *c, const struct carver *v, uint64_t from, uint64_t to,
                      struct ex_error *err) {
    uint64_t allowed = UNIT_ALLOWED;
    size_t got;
    while (from < to) {
        size_t size = to - from < BLOCK_BYTES ? (size_t)(to - from) : (size_t)BLOCK_BYTES;
        size_t most =
            c->size - from < size + BEGIN_BYTES ? (size_t)(c->size - from) : size + BEGIN_BYTES;
        EX_TRY(read_block(c, v, from, most, &got, err));
        memset(v->block + got, 0, size + BEGIN_BYTES - got);
        EX_TRY(search_block(c, v, from, got < size ? got : size, got, &allowed, &from, err));
        if (got < size && from < to) /* behind what cannot be read */
            from = (from / CARVE_SECTOR_BYTES + 1) * CARVE_SECTOR_BYTES;
    }
    return EX_OK;
}

static bool take_place(const void *unit, size_t size, uint64_t *from, uint64_t *to) {
    const char *text = unit, *space = memchr(unit, ' ', size);
    return space != NULL && ex_parse_decimal(text, (size_t)(space - text), from) &&
           ex_parse_decimal(space + 1, size - (size_t)(space - text) - 1, to) && *from < *to;
}

static ex_code work(struct parser_run *run, void *state, const void *unit, size_t size_bytes,
                    struct ex_error *err) {
    const struct carver *v = state;
    struct carving c = {.run = run, .size = parser_input_size(run, 0), .deep = v->deep, .err = err};
    struct ex_error why = {0};
    uint64_t from, to;
    char key[48];
    if (!take_place(unit, size_bytes, &from, &to) || to > c.size)
        return ex_fail(err, EX_INTERNAL, "a unit that is none");
    EX_TRY(search(&c, v, from, to, err));
    if (c.unread) {
        (void)snprintf(key, sizeof key, "unread:%" PRIu64, from);
        (void)ex_fail(&why, EX_IO,
                      "parts of %" PRIu64 " bytes from byte %" PRIu64
                      " of the space on could not be read",
                      to - from, from);
        EX_TRY(parser_trace_problem(run, 0, key, &why, err));
    }
    if (!c.spent)
        return EX_OK;
    (void)snprintf(key, sizeof key, "spent:%" PRIu64, from);
    (void)ex_fail(&why, EX_LIMIT,
                  "too much to follow in %" PRIu64 " bytes from byte %" PRIu64 " of the space on: "
                  "long files that begin there may be missing",
                  to - from, from);
    return parser_trace_problem(run, 0, key, &why, err);
}

const struct parser carver_parser = {.name = "carver",
                                     .version = 1,
                                     .close = close_carver,
                                     .examine = examine,
                                     .prepare = prepare,
                                     .work = work};
