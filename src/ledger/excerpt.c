/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §7.1: reading and checking. */
#include "ledger/excerpt.h"
#include "base/cursor.h"
#include "ledger/words_internal.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

static const char VERSION_LINE[] = "exhibit-excerpt/v1";
enum { HASH_TEXT = 44 };

struct one {
    struct excerpt_entry public;
    struct merkle_proof proof;
    uint8_t *bytes, *body; /* owned */
    size_t from, until;    /* its lines in the text */
};

struct excerpt {
    char origin[NOTE_NAME_MAX + 1];
    uint8_t key[SIGN_PUBLIC_BYTES];
    struct one *one;
    size_t count, capacity;
    bool has_since;
    uint64_t since;
    struct merkle_proof growth;
    char *text; /* all of it; note points into it */
    size_t text_bytes;
    const char *note;
    size_t note_bytes;
};

void excerpt_free(struct excerpt *x) {
    if (x == NULL)
        return;
    for (size_t i = 0; i < x->count; i++) {
        free(x->one[i].bytes);
        free(x->one[i].body);
    }
    free(x->one);
    free(x->text);
    free(x);
}

/* ---- parsing ---- */

static ex_code bad_line(struct ex_error *err, const char *what) {
    return ex_fail(err, EX_FORMAT, "the excerpt has no good line \"%s\" where one must be", what);
}

/* Canonical base64 of any length up to the limit: what is written back must be the same. */
static ex_code decode(const char *text, size_t size, size_t limit, uint8_t **ret, size_t *ret_bytes,
                      struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    const char *end = NULL;
    size_t bytes = 0;
    EX_TRY(ex_alloc(size / 4 * 3 + 3, 1, limit + 3, "a line of the excerpt", &data, err));
    if (size == 0 || size % 4 != 0 ||
        sodium_base642bin(data, size / 4 * 3 + 3, text, size, NULL, &bytes, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + size || bytes == 0 || bytes > limit)
        return ex_fail(err, EX_FORMAT, "the excerpt has a line that is not base64");
    *ret = ex_steal(&data);
    *ret_bytes = bytes;
    return EX_OK;
}

/* " HASH HASH…", or nothing. */
static bool parse_hashes(const char *text, size_t size, struct merkle_proof *ret) {
    *ret = (struct merkle_proof){0};
    for (size_t at = 0; at < size; at += 1 + HASH_TEXT) {
        if (size - at < 1 + HASH_TEXT || text[at] != ' ' || ret->count == MERKLE_PROOF_MAX - 1 ||
            !ex_parse_base64(text + at + 1, HASH_TEXT, ret->hash[ret->count], MERKLE_BYTES))
            return false;
        ret->count++;
    }
    return true;
}

/* "N REST" */
static bool parse_numbered(const char *v, size_t size, uint64_t *ret, const char **ret_rest,
                           size_t *ret_size) {
    const char *space = memchr(v, ' ', size);
    size_t digits = space != NULL ? (size_t)(space - v) : size;
    *ret_rest = v + digits;
    *ret_size = size - digits;
    return ex_parse_decimal(v, digits, ret);
}

static ex_code parse_proof(struct ex_cursor *c, struct one *o, struct ex_error *err) {
    size_t size;
    const char *line = ex_cursor_line(c, &size);
    if (line == NULL || size < 5 || memcmp(line, "proof", 5) != 0 ||
        !parse_hashes(line + 5, size - 5, &o->proof))
        return bad_line(err, "proof");
    return EX_OK;
}

static ex_code parse_body(struct ex_cursor *c, struct one *o, struct ex_error *err) {
    size_t size;
    const char *v = ex_cursor_keyed(c, "body", &size);
    if (v == NULL)
        return bad_line(err, "body");
    if (size == 4 && memcmp(v, "none", 4) == 0)
        return EX_OK;
    EX_TRY(decode(v, size, EX_LIMIT_BODY_BYTES, &o->body, &o->public.body_bytes, err));
    o->public.body = o->body;
    return EX_OK;
}

/* v: what follows "entry ". */
static ex_code parse_entry(struct ex_cursor *c, const char *v, size_t size, struct excerpt *x,
                           struct ex_error *err) {
    const char *rest;
    size_t rest_size;
    uint64_t index;
    if (!parse_numbered(v, size, &index, &rest, &rest_size) || rest_size < 2 ||
        (x->count > 0 && index <= x->one[x->count - 1].public.index))
        return bad_line(err, "entry");
    EX_TRY(ex_grow(&x->one, &x->capacity, x->count + 1, sizeof *x->one,
                   EXCERPT_ENTRIES_MAX * sizeof *x->one, "the entries of an excerpt", err));
    struct one *o = &x->one[x->count++];
    *o = (struct one){.public.index = index};
    EX_TRY(decode(rest + 1, rest_size - 1, EX_LIMIT_ENTRY_BYTES, &o->bytes, &o->public.size_bytes,
                  err));
    o->public.bytes = o->bytes;
    EX_TRY(parse_proof(c, o, err));
    return parse_body(c, o, err);
}

static ex_code parse_since(struct ex_cursor *c, struct excerpt *x, struct ex_error *err) {
    const char *rest;
    size_t size, rest_size;
    const char *v = ex_cursor_keyed(c, "since", &size);
    if (v == NULL)
        return EX_OK;
    if (!parse_numbered(v, size, &x->since, &rest, &rest_size) || x->since == 0 ||
        !parse_hashes(rest, rest_size, &x->growth))
        return bad_line(err, "since");
    x->has_since = true;
    return EX_OK;
}

static ex_code parse_note(struct ex_cursor *c, struct excerpt *x, struct ex_error *err) {
    size_t size;
    const char *line = ex_cursor_line(c, &size);
    if (line == NULL || size != 10 || memcmp(line, "checkpoint", 10) != 0)
        return bad_line(err, "checkpoint");
    x->note_bytes = ex_cursor_left(c);
    x->note = (const char *)ex_cursor_bytes(c, x->note_bytes);
    if (x->note_bytes > NOTE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "the checkpoint of the excerpt is larger than %d bytes",
                       NOTE_BYTES_MAX);
    return EX_OK;
}

static ex_code parse_head(struct ex_cursor *c, struct excerpt *x, struct ex_error *err) {
    size_t size;
    const char *v = ex_cursor_line(c, &size);
    if (v == NULL || size != strlen(VERSION_LINE) || memcmp(v, VERSION_LINE, size) != 0)
        return ex_fail(err, EX_FORMAT, "this is not an excerpt of a ledger");
    v = ex_cursor_keyed(c, "log", &size);
    if (v == NULL || !origin_valid(v, size))
        return bad_line(err, "log");
    memcpy(x->origin, v, size);
    v = ex_cursor_keyed(c, "key", &size);
    if (v == NULL || !ex_parse_base64(v, size, x->key, sizeof x->key))
        return bad_line(err, "key");
    return EX_OK;
}

ex_code excerpt_parse(const char *text, size_t size_bytes, struct excerpt **ret,
                      struct ex_error *err) {
    EX_AUTO(excerpt_free) struct excerpt *x = ex_new0(struct excerpt);
    const char *v;
    size_t size;
    if (size_bytes > EXCERPT_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "the excerpt is larger than %zu bytes", EXCERPT_BYTES_MAX);
    EX_TRY(ex_alloc(size_bytes + 1, 1, EXCERPT_BYTES_MAX + 1, "an excerpt", &x->text, err));
    memcpy(x->text, text, size_bytes);
    x->text_bytes = size_bytes;
    struct ex_cursor c = ex_cursor_make(x->text, size_bytes);
    EX_TRY(parse_head(&c, x, err));
    size_t from = size_bytes - ex_cursor_left(&c);
    while ((v = ex_cursor_keyed(&c, "entry", &size)) != NULL) {
        EX_TRY(parse_entry(&c, v, size, x, err));
        struct one *o = &x->one[x->count - 1];
        o->from = from;
        o->until = from = size_bytes - ex_cursor_left(&c);
    }
    if (x->count == 0)
        return bad_line(err, "entry");
    EX_TRY(parse_since(&c, x, err));
    EX_TRY(parse_note(&c, x, err));
    *ret = ex_steal(&x);
    return EX_OK;
}

const char *excerpt_origin(const struct excerpt *x) {
    return x->origin;
}

const uint8_t *excerpt_key(const struct excerpt *x) {
    return x->key;
}

size_t excerpt_count(const struct excerpt *x) {
    return x->count;
}

void excerpt_at(const struct excerpt *x, size_t position, struct excerpt_entry *ret) {
    *ret = x->one[position].public;
}

const char *excerpt_text(const struct excerpt *x, size_t *ret_bytes) {
    *ret_bytes = x->text_bytes;
    return x->text;
}

const char *excerpt_note(const struct excerpt *x, size_t *ret_bytes) {
    *ret_bytes = x->note_bytes;
    return x->note;
}

ex_code excerpt_part(const struct excerpt *x, const bool *keep, char **ret, size_t *ret_bytes,
                     struct ex_error *err) {
    size_t head = x->one[0].from, tail = x->one[x->count - 1].until, size = head, used = head;
    EX_AUTO_FREE char *text = NULL;
    for (size_t i = 0; i < x->count; i++)
        size += keep[i] ? x->one[i].until - x->one[i].from : 0;
    if (size == head)
        return ex_fail(err, EX_MISSING, "nothing of the excerpt is kept");
    size += x->text_bytes - tail;
    EX_TRY(ex_alloc(size + 1, 1, EXCERPT_BYTES_MAX + 1, "an excerpt", &text, err));
    memcpy(text, x->text, head);
    for (size_t i = 0; i < x->count; i++) {
        const struct one *o = &x->one[i];
        if (!keep[i])
            continue;
        memcpy(text + used, x->text + o->from, o->until - o->from);
        used += o->until - o->from;
    }
    memcpy(text + used, x->text + tail, x->text_bytes - tail);
    *ret = ex_steal(&text);
    *ret_bytes = size;
    return EX_OK;
}

/* ---- checking ---- */

static void problem(struct excerpt_report *r, const char *format, ...) EX_PRINTF(2, 3);
static void problem(struct excerpt_report *r, const char *format, ...) {
    if (r->problem_count < EXCERPT_PROBLEMS_MAX) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(r->problem[r->problem_count], sizeof r->problem[0], format, args);
        va_end(args);
    }
    r->problem_count++;
}

static void check_checkpoint(const struct excerpt *x, const uint8_t *key,
                             struct excerpt_report *r) {
    struct note_key name;
    struct note_verified verified;
    struct checkpoint c;
    struct ex_error why;
    size_t text_bytes, count;
    ex_code code = note_key_make(x->origin, NOTE_TYPE_ED25519, key, &name, &why);
    if (code == EX_OK)
        code = note_open(x->note, x->note_bytes, &name, 1, &text_bytes, &verified, 1, &count, &why);
    if (code == EX_OK)
        code = checkpoint_parse(x->note, text_bytes, &c, &why);
    if (code != EX_OK)
        problem(r, "the checkpoint is not good under the vault key: %.90s", why.text);
    else if (strcmp(c.origin, x->origin) != 0)
        problem(r, "the checkpoint is of another log than the excerpt says");
    else
        r->checkpoint = c;
}

static void check_growth(const struct excerpt *x, const uint8_t *old_root,
                         struct excerpt_report *r) {
    if (old_root == NULL || r->checkpoint.size == 0)
        return;
    if (!x->has_since)
        problem(r, "it has no proof that its log continues the one that is known");
    else if (!merkle_consistency_verify(x->since, r->checkpoint.size, old_root, r->checkpoint.root,
                                        (const uint8_t(*)[MERKLE_BYTES])x->growth.hash,
                                        x->growth.count))
        problem(r, "its log does not continue the one of %" PRIu64 " entries that is known",
                x->since);
    else
        r->since = x->since;
}

static bool proved(const struct one *o, struct excerpt_report *r) {
    uint8_t leaf[MERKLE_BYTES];
    merkle_leaf_hash(o->bytes, o->public.size_bytes, leaf);
    bool good = r->checkpoint.size != 0 &&
                merkle_inclusion_verify(o->public.index, r->checkpoint.size, leaf,
                                        (const uint8_t(*)[MERKLE_BYTES])o->proof.hash,
                                        o->proof.count, r->checkpoint.root);
    if (good)
        r->proved++;
    else {
        r->not_proved++;
        problem(r, "entry %" PRIu64 " is not proved to be in the log", o->public.index);
    }
    return good;
}

/* The sections that are there answer to the entry's commitments; the others are withheld. */
static bool body_good(const struct one *o, const struct entry *e, struct excerpt_report *r) {
    struct body b;
    struct body_check check = {0};
    struct ex_error why = {0};
    if (o->body == NULL) {
        r->bodies_none++;
        return true;
    }
    r->bodies++;
    if (body_parse(o->body, o->public.body_bytes, &b, &why) == EX_OK) {
        body_compare(e, &b, &check);
        r->sections_withheld += check.erased + check.missing;
        if (check.altered == 0)
            return true;
    }
    r->bodies_altered++;
    problem(r, "the body of entry %" PRIu64 " is not the one that was entered", o->public.index);
    return false;
}

static ex_code check_one(const struct one *o, struct history *h, excerpt_entry_fn *each,
                         void *context, struct excerpt_report *r, struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    bool parsed = entry_parse(o->bytes, o->public.size_bytes, e, NULL) == EX_OK, good = false;
    /* The tree before it is not known here: its signer vouches for the one that it names. */
    EX_TRY(history_feed(h, o->public.index, e->tree, o->bytes, o->public.size_bytes, NULL, &good,
                        err));
    good = proved(o, r) && good;
    if (parsed)
        good = body_good(o, e, r) && good;
    return each != NULL ? each(context, &o->public, parsed ? e : NULL, good, err) : EX_OK;
}

bool excerpt_good(const struct excerpt_report *r) {
    return r->problem_count == 0 && r->history.text_count == 0 && r->checkpoint.size != 0;
}

ex_code excerpt_check(const struct excerpt *x, const uint8_t key[static SIGN_PUBLIC_BYTES],
                      const uint8_t *old_root, excerpt_entry_fn *each, void *context,
                      struct excerpt_report *ret, struct history **ret_history,
                      struct ex_error *err) {
    EX_AUTO(history_free) struct history *h = NULL;
    EX_TRY(history_new(x->origin, key, &h, err));
    *ret = (struct excerpt_report){0};
    check_checkpoint(x, key, ret);
    check_growth(x, old_root, ret);
    for (size_t i = 0; i < x->count; i++)
        EX_TRY(check_one(&x->one[i], h, each, context, ret, err));
    history_report(h, &ret->history);
    if (ret_history != NULL)
        *ret_history = ex_steal(&h);
    return EX_OK;
}
