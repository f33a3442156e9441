/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold files: archives, compressed files, and what is in those in turn. Each has a
 * worker of its own, which is gone afterwards; what one of them makes of its bytes touches no
 * other. */
#include "examine/examine_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum { ATTEMPTS_INSIDE_MAX = 20 };

/* What looks into which type; of several for one, in this order. */
static const struct {
    const char *type;
    enum examiner examiner;
} INSIDE[] = {
    {"zip", EXAMINER_ARCHIVE},   {"gzip", EXAMINER_ARCHIVE}, {"bzip2", EXAMINER_ARCHIVE},
    {"xz", EXAMINER_ARCHIVE},    {"zstd", EXAMINER_ARCHIVE}, {"lz4", EXAMINER_ARCHIVE},
    {"7z", EXAMINER_ARCHIVE},    {"rar", EXAMINER_ARCHIVE},  {"tar", EXAMINER_ARCHIVE},
    {"cab", EXAMINER_ARCHIVE},   {"cpio", EXAMINER_ARCHIVE}, {"ooxml", EXAMINER_OFFICE},
    {"ooxml", EXAMINER_ARCHIVE}, {"odf", EXAMINER_OFFICE},   {"odf", EXAMINER_ARCHIVE},
    {"epub", EXAMINER_ARCHIVE},  {"html", EXAMINER_HTML},    {"rtf", EXAMINER_RTF},
    {"jpeg", EXAMINER_EXIF},     {"tiff", EXAMINER_EXIF},    {"png", EXAMINER_EXIF},
    {"webp", EXAMINER_EXIF},     {"heif", EXAMINER_EXIF},    {"eml", EXAMINER_MAIL},
    {"mbox", EXAMINER_MAIL},     {"ole", EXAMINER_OLE},
};
enum { INSIDES = sizeof INSIDE / sizeof INSIDE[0] };

bool inside_is_of(enum examiner examiner) {
    return examiner != EXAMINER_VOLUMES && examiner != EXAMINER_FILES;
}

bool examine_looks_inside(const char *parser) {
    for (size_t i = 0; i < EXAMINERS; i++)
        if (strcmp(EXAMINER[i].name, parser) == 0)
            return inside_is_of((enum examiner)i);
    return false;
}

bool inside_has_examiner(const char *type) {
    for (size_t i = 0; i < INSIDES; i++)
        if (strcmp(type, INSIDE[i].type) == 0)
            return true;
    return false;
}

bool inside_is_wanted(const struct engine *e) {
    return e->options->profile >= EXAMINE_STANDARD;
}

struct inside_budget inside_budget_of(uint64_t size_bytes) {
    uint64_t bytes = size_bytes > INSIDE_BYTES_MAX / INSIDE_RATIO
                         ? INSIDE_BYTES_MAX
                         : size_bytes * INSIDE_RATIO + INSIDE_BYTES_BESIDE;
    return (struct inside_budget){.bytes = bytes < INSIDE_BYTES_MAX ? bytes : INSIDE_BYTES_MAX,
                                  .members = INSIDE_MEMBERS_MAX};
}

/* ---- the input ---- */

static ex_code read_places(const struct inside_input *in, uint64_t offset, uint8_t *to,
                           size_t size_bytes, struct ex_error *err) {
    uint64_t at = 0; /* of the range, in the content */
    for (size_t i = 0; i < in->range_count && size_bytes > 0; at += in->range[i++].length) {
        const struct found_range *r = &in->range[i];
        if (offset >= at + r->length)
            continue;
        uint64_t skip = offset - at, left = r->length - skip;
        size_t part = left < size_bytes ? (size_t)left : size_bytes;
        if (r->offset == RANGE_HOLE)
            memset(to, 0, part);
        else
            EX_TRY(vault_reader_read(in->reading->reader, r->offset + skip, to, part, err));
        to += part;
        offset += part;
        size_bytes -= part;
    }
    return size_bytes == 0 ? EX_OK : ex_fail(err, EX_INTERNAL, "a read behind a content");
}

static ex_code read_input(void *context, unsigned input, uint64_t offset, uint8_t *to,
                          size_t size_bytes, struct ex_error *err) {
    const struct inside_input *in = context;
    (void)input; /* there is one */
    if (in->bytes == NULL)
        return read_places(in, offset, to, size_bytes, err);
    memcpy(to, in->bytes + offset, size_bytes);
    return EX_OK;
}

struct sandbox_inputs inside_inputs(const struct inside_input *in) {
    return (struct sandbox_inputs){
        .context = (void *)(uintptr_t)in, .size_bytes = in->size_bytes, .read = read_input};
}

/* ---- one of them ---- */

/* *ret_unread: what the input could not give, whatever the parser made of that; code EX_OK:
 * nothing. */
static ex_code ask_worker(struct teller *t, const struct inside_input *in, enum sandbox_loss *ret,
                          struct ex_error *ret_unread, struct ex_error *err) {
    EX_AUTO(sandbox_free) struct sandbox *s = NULL;
    struct engine *e = t->engine;
    const struct sandbox_limits limits = {
        .answer_ms = INSIDE_TIMES * e->step_ms, .stopped = job_is_stopped, .context = e};
    const struct sandbox_inputs inputs = inside_inputs(in);
    uint64_t from = ex_monotonic_ns();
    *ret = SANDBOX_GIVEN_UP;
    EX_TRY(job_start_worker(e, t->examiner, &limits, &s, err));
    ex_code code = sandbox_examine(s, EXAMINER[t->examiner].name, "", &inputs, teller_told, t, err);
    if (code == EX_OK)
        code = job_check_version(s, t->examiner, err);
    atomic_fetch_add(&e->busy_ns[t->examiner], ex_monotonic_ns() - from);
    *ret = sandbox_loss(s);
    const struct ex_error *unread = sandbox_input_error(s);
    if (unread != NULL)
        *ret_unread = *unread;
    job_end_worker(e, t->examiner, s);
    return code;
}

/* What could not be looked into is said; what came out of it before holds. */
static ex_code settle(struct teller *t, ex_code code, enum sandbox_loss loss,
                      const struct ex_error *unread, const struct ex_error *why,
                      struct ex_error *err) {
    if (code == EX_INTERRUPTED || code == EX_INTERNAL ||
        (loss == SANDBOX_GIVEN_UP && code != EX_LIMIT)) {
        if (err != NULL)
            *err = *why;
        return code;
    }
    if (unread->code != EX_OK)
        return found_problem(t->found, t->examiner, t->above, "inside", EXAMINE_UNREADABLE,
                             unread->text, err);
    if (code == EX_OK)
        return EX_OK;
    return found_problem(t->found, t->examiner, t->above, "inside", job_failure_reason(code, loss),
                         why->text, err);
}

static ex_code examine_with(struct engine *e, struct found *f, size_t index, enum examiner examiner,
                            const struct inside_input *input, unsigned depth,
                            struct inside_budget *budget, struct ex_error *err) {
    const struct found_mark mark = found_mark(f);
    atomic_fetch_add(&e->inside_jobs[examiner], 1);
    for (unsigned attempt = 1;; attempt++) {
        struct teller t;
        struct ex_error why = {0}, unread = {0};
        struct inside_budget left = *budget;
        enum sandbox_loss loss;
        teller_start(&t, e, f, examiner, NULL);
        t.above = (uint32_t)index + 1;
        t.depth = depth + 1;
        t.budget = &left;
        ex_code code = ask_worker(&t, input, &loss, &unread, &why);
        bool again = code != EX_OK && loss == SANDBOX_KILLED && attempt < ATTEMPTS_INSIDE_MAX;
        if (again) {
            found_return(f, &mark);
            atomic_fetch_add(&e->restarts, 1);
        } else {
            *budget = left;
            t.cut = code != EX_OK;
            code = settle(&t, code, loss, &unread, &why, err);
            if (code == EX_OK)
                code = teller_end(&t, err);
        }
        teller_clear(&t);
        if (!again)
            return code;
    }
}

ex_code inside_examine(struct engine *e, struct found *f, size_t index,
                       const struct inside_input *input, unsigned depth,
                       struct inside_budget *budget, struct ex_error *err) {
    bool taken = false;
    char type[EXAMINE_TYPE_BYTES]; /* what was found moves */
    memcpy(type, f->trace[index].type, sizeof type);
    if (depth == 0) /* what is deeper shares a budget, which has to be spent */
        EX_TRY(inside_take_earlier(e, f, index, &taken, err));
    if (taken)
        return EX_OK;
    f->trace[index].looked_into = true;
    for (size_t i = 0; i < INSIDES; i++) {
        enum examiner examiner = INSIDE[i].examiner;
        if (strcmp(type, INSIDE[i].type) != 0)
            continue;
        if (depth >= INSIDE_DEPTH_MAX)
            return found_problem(f, examiner, (uint32_t)index + 1, "inside", EXAMINE_TOO_DEEP,
                                 "files in files in files: it goes deeper than is looked into",
                                 err);
        EX_TRY(examine_with(e, f, index, examiner, input, depth, budget, err));
    }
    return EX_OK;
}

/* ---- all of a step ---- */

static ex_code examine_placed(struct engine *e, struct reading *r, struct found *f, size_t index,
                              struct ex_error *err) {
    const struct found_trace *t = &f->trace[index];
    EX_AUTO_FREE struct found_range *range = NULL;
    EX_TRY(ex_alloc(t->range_count, sizeof *range, FOUND_BYTES_MAX, "the places of a file", &range,
                    err));
    memcpy(range, &f->range[t->range_at], t->range_count * sizeof *range);
    const struct inside_input input = {
        .size_bytes = t->size_bytes, .reading = r, .range = range, .range_count = t->range_count};
    struct inside_budget budget = inside_budget_of(t->size_bytes);
    return inside_examine(e, f, index, &input, 0, &budget, err);
}

ex_code inside_examine_all(struct engine *e, struct reading *r, struct found *f,
                           struct ex_error *err) {
    size_t count = f->trace_count; /* what comes out of them was looked into on the way */
    for (size_t i = 0; i < count && inside_is_wanted(e); i++) {
        const struct found_trace *t = &f->trace[i];
        if (t->hashed && !t->dropped && t->range_count > 0 && t->kind != PARSER_SPACE &&
            inside_has_examiner(t->type))
            EX_TRY(examine_placed(e, r, f, i, err));
    }
    return EX_OK;
}
