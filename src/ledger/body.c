/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §4 */
#include "base/cursor.h"
#include "ledger/entry.h"
#include "ledger/words_internal.h"
#include <sodium.h>
#include <stdio.h>

static const char VERSION_LINE[] = "exhibit-body/v1\n";

/* "section NAME SALT LENGTH" and its LF, at the longest */
enum { HEAD_MAX = 8 + ENTRY_WORD_MAX + 1 + 64 + 1 + 20 + 1 };

static void commit_section(const struct body_section *s, uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, s->salt, sizeof s->salt);
    if (s->size_bytes > 0)
        sha256_add(&h, s->data, s->size_bytes);
    sha256_end(&h, ret);
}

static void insert_section(struct body *b, const struct body_section *s) {
    size_t at = b->count;
    for (; at > 0 && strcmp(b->section[at - 1].name, s->name) > 0; at--)
        b->section[at] = b->section[at - 1];
    b->section[at] = *s;
    b->count++;
}

static void insert_commitment(struct entry *e, const struct body_section *s) {
    struct entry_section commitment;
    size_t at = e->section_count;
    memcpy(commitment.name, s->name, sizeof commitment.name);
    commit_section(s, commitment.commitment);
    for (; at > 0 && strcmp(e->section[at - 1].name, s->name) > 0; at--)
        e->section[at] = e->section[at - 1];
    e->section[at] = commitment;
    e->section_count++;
}

static const struct entry_section *find_commitment(const struct entry *e, const char *name) {
    for (size_t i = 0; i < e->section_count; i++) {
        if (strcmp(e->section[i].name, name) == 0)
            return &e->section[i];
    }
    return NULL;
}

const struct body_section *body_find(const struct body *b, const char *name) {
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->section[i].name, name) == 0)
            return &b->section[i];
    }
    return NULL;
}

ex_code body_add(struct body *b, struct entry *e, const char *name, const void *data,
                 size_t size_bytes, struct ex_error *err) {
    struct body_section s = {.data = data, .size_bytes = size_bytes};
    size_t name_size = strnlen(name, ENTRY_WORD_MAX + 1);
    if (!word_valid(name, name_size))
        return ex_fail(err, EX_INTERNAL, "\"%.40s\" cannot be the name of a section", name);
    if (b->count == ENTRY_SECTIONS_MAX || e->section_count == ENTRY_SECTIONS_MAX)
        return ex_fail(err, EX_LIMIT, "an entry has at most %d sections", ENTRY_SECTIONS_MAX);
    if (body_find(b, name) != NULL || find_commitment(e, name) != NULL)
        return ex_fail(err, EX_INTERNAL, "the entry has a section \"%s\" already", name);
    if (size_bytes > EX_LIMIT_BODY_BYTES)
        return ex_fail(err, EX_LIMIT, "the section \"%s\" is larger than %zu bytes", name,
                       EX_LIMIT_BODY_BYTES);
    memcpy(s.name, name, name_size);
    randombytes_buf(s.salt, sizeof s.salt);
    insert_section(b, &s);
    insert_commitment(e, &s);
    return EX_OK;
}

static size_t head_text(char to[static HEAD_MAX + 1], const struct body_section *s) {
    char salt[65];
    if (s->erased)
        (void)snprintf(to, HEAD_MAX + 1, "erased %s\n", s->name);
    else
        (void)snprintf(to, HEAD_MAX + 1, "section %s %s %zu\n", s->name,
                       ex_hex(salt, s->salt, sizeof s->salt), s->size_bytes);
    return strlen(to);
}

/* Appends at `at` when there is a buffer; gives the place after it in any case. False when the
 * sizes are no sizes. */
static bool put_section(uint8_t *to, const struct body_section *s, size_t *at) {
    char head[HEAD_MAX + 1];
    size_t head_bytes = head_text(head, s);
    size_t bytes = s->erased ? 0 : s->size_bytes;
    if (bytes > EX_LIMIT_BODY_BYTES)
        return false;
    if (to != NULL) {
        memcpy(to + *at, head, head_bytes);
        if (bytes > 0)
            memcpy(to + *at + head_bytes, s->data, bytes);
        if (!s->erased)
            to[*at + head_bytes + bytes] = '\n';
    }
    *at += head_bytes + bytes + (s->erased ? 0 : 1);
    return true;
}

ex_code body_write(const struct body *b, uint8_t **ret, size_t *ret_size_bytes,
                   struct ex_error *err) {
    const size_t version_bytes = strlen(VERSION_LINE);
    size_t size = version_bytes, at = version_bytes;
    for (size_t i = 0; i < b->count; i++) {
        if (!put_section(NULL, &b->section[i], &size))
            return ex_fail(err, EX_LIMIT, "the body of the entry is too large");
    }
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(size, 1, EX_LIMIT_BODY_BYTES, "the body of an entry", &data, err));
    memcpy(data, VERSION_LINE, version_bytes);
    for (size_t i = 0; i < b->count; i++)
        (void)put_section(data, &b->section[i], &at);
    *ret = ex_steal(&data);
    *ret_size_bytes = size;
    return EX_OK;
}

/* "NAME SALT LENGTH", then the bytes and an LF. */
static bool parse_present(struct ex_cursor *c, const char *v, size_t size,
                          struct body_section *ret) {
    uint64_t length;
    const char *space = memchr(v, ' ', size);
    if (space == NULL)
        return false;
    size_t name_size = (size_t)(space - v), rest = size - name_size - 1;
    const char *salt = space + 1;
    if (!word_valid(v, name_size) || rest < 66 || salt[64] != ' ' ||
        !ex_parse_hex(salt, 64, ret->salt, sizeof ret->salt) ||
        !ex_parse_decimal(salt + 65, rest - 65, &length) || length > EX_LIMIT_BODY_BYTES)
        return false;
    memcpy(ret->name, v, name_size);
    ret->size_bytes = (size_t)length;
    ret->data = ex_cursor_bytes(c, ret->size_bytes);
    return ex_cursor_u8(c) == '\n' && !c->overrun;
}

static ex_code parse_section(struct ex_cursor *c, struct body *b, struct ex_error *err) {
    struct body_section s = {0};
    size_t size;
    if (b->count == ENTRY_SECTIONS_MAX)
        return ex_fail(err, EX_FORMAT, "the body has more than %d sections", ENTRY_SECTIONS_MAX);
    const char *v = ex_cursor_keyed(c, "erased", &size);
    if (v != NULL) {
        if (!word_valid(v, size))
            return ex_fail(err, EX_FORMAT, "an erased section of the body has no proper name");
        s.erased = true;
        memcpy(s.name, v, size);
    } else {
        v = ex_cursor_keyed(c, "section", &size);
        if (v == NULL || !parse_present(c, v, size, &s))
            return ex_fail(err, EX_FORMAT, "section %zu of the body is not a section", b->count);
    }
    if (b->count > 0 && strcmp(b->section[b->count - 1].name, s.name) >= 0)
        return ex_fail(err, EX_FORMAT, "the sections of the body are not ascending");
    b->section[b->count++] = s;
    return EX_OK;
}

ex_code body_parse(const uint8_t *data, size_t size_bytes, struct body *ret, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    struct body b = {0};
    size_t version_size = strlen(VERSION_LINE);
    if (size_bytes > EX_LIMIT_BODY_BYTES)
        return ex_fail(err, EX_LIMIT, "a body of %zu bytes is over the limit", size_bytes);
    const uint8_t *version = ex_cursor_bytes(&c, version_size);
    if (version == NULL || memcmp(version, VERSION_LINE, version_size) != 0)
        return ex_fail(err, EX_FORMAT, "not a body of version 1");
    while (ex_cursor_left(&c) > 0)
        EX_TRY(parse_section(&c, &b, err));
    EX_TRY(ex_cursor_end(&c, "the body", err));
    *ret = b;
    return EX_OK;
}

void body_compare(const struct entry *e, const struct body *b, struct body_check *ret) {
    uint8_t commitment[SHA256_BYTES];
    *ret = (struct body_check){0};
    for (size_t i = 0; i < b->count; i++) {
        const struct body_section *s = &b->section[i];
        const struct entry_section *named = find_commitment(e, s->name);
        if (named != NULL && s->erased) {
            ret->erased++;
            continue;
        }
        if (named != NULL)
            commit_section(s, commitment);
        if (named != NULL && memcmp(commitment, named->commitment, sizeof commitment) == 0)
            ret->matched++;
        else
            ret->altered++;
    }
    for (size_t i = 0; i < e->section_count; i++) {
        if (body_find(b, e->section[i].name) == NULL)
            ret->missing++;
    }
}
