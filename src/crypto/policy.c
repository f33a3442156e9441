/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-policy (draft): lines of words, each name defined before it is used. */
#include "crypto/policy.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <string.h>

enum {
    NAMES_MAX = POLICY_COSIGNERS_MAX + POLICY_GROUPS_MAX,
    WORDS_MAX = 3 + NAMES_MAX, /* group NAME k and every name that there can be */
    NOBODY = NAMES_MAX         /* quorum none */
};

struct group {
    uint8_t member[NAMES_MAX]; /* positions in `name` */
    unsigned count, needed;
};

/* A cosigner or a group, in order of definition: a group refers only to what stands before it. */
struct name {
    char text[POLICY_NAME_MAX + 1];
    bool is_group, is_member;
    unsigned index; /* in `cosigner` or `group` */
};

struct policy {
    size_t log_count, cosigner_count, group_count, name_count;
    struct note_key log[POLICY_LOGS_MAX];
    struct policy_cosigner cosigner[POLICY_COSIGNERS_MAX];
    struct group group[POLICY_GROUPS_MAX];
    struct name name[NAMES_MAX];
    bool has_quorum;
    unsigned quorum; /* position in `name`, or NOBODY */
};

struct word {
    const char *text;
    size_t size;
};

struct line {
    struct policy *policy;
    size_t number;
    struct word word[WORDS_MAX];
    size_t count;
};

static ex_code bad(const struct line *l, const char *why, struct ex_error *err) {
    return ex_fail(err, EX_FORMAT, "line %zu of the policy: %s", l->number, why);
}

static bool word_is(const struct word *w, const char *text) {
    return w->size == strlen(text) && memcmp(w->text, text, w->size) == 0;
}

/* ---- names ---- */

static unsigned find_name(const struct policy *p, const struct word *w) {
    for (unsigned i = 0; i < p->name_count; i++)
        if (word_is(w, p->name[i].text))
            return i;
    return NOBODY;
}

static ex_code add_name(struct line *l, bool is_group, size_t index, struct ex_error *err) {
    struct policy *p = l->policy;
    const struct word *w = &l->word[1];
    if (w->size > POLICY_NAME_MAX)
        return bad(l, "the name is too long", err);
    if (word_is(w, "none"))
        return bad(l, "\"none\" cannot be a name", err);
    if (find_name(p, w) != NOBODY)
        return bad(l, "the name was defined before", err);
    struct name *n = &p->name[p->name_count++];
    *n = (struct name){.is_group = is_group, .index = (unsigned)index};
    memcpy(n->text, w->text, w->size);
    return EX_OK;
}

/* ---- lines ---- */

static ex_code parse_key(const struct line *l, const struct word *w, uint8_t type,
                         struct note_key *ret, struct ex_error *err) {
    char text[NOTE_VKEY_MAX];
    struct ex_error why = {0};
    if (w->size >= sizeof text)
        return bad(l, "the key is too long", err);
    memcpy(text, w->text, w->size);
    text[w->size] = '\0';
    ex_code code = note_key_parse(text, ret, &why);
    if (code == EX_UNSUPPORTED)
        return ex_fail(err, code, "line %zu of the policy: %s", l->number, why.text);
    if (code != EX_OK)
        return bad(l, why.text, err);
    if (ret->type != type)
        return bad(l,
                   type == NOTE_TYPE_COSIGNATURE ? "this is the key of a log, not of a cosigner"
                                                 : "this is the key of a cosigner, not of a log",
                   err);
    return EX_OK;
}

static ex_code parse_log(struct line *l, struct ex_error *err) {
    struct policy *p = l->policy;
    if (l->count < 2 || l->count > 3)
        return bad(l, "a log has a key, and may have an address", err);
    if (p->log_count == POLICY_LOGS_MAX)
        return bad(l, "there are too many logs", err);
    struct note_key *key = &p->log[p->log_count];
    EX_TRY(parse_key(l, &l->word[1], NOTE_TYPE_ED25519, key, err));
    for (size_t i = 0; i < p->log_count; i++)
        if (memcmp(p->log[i].public_key, key->public_key, SIGN_PUBLIC_BYTES) == 0)
            return bad(l, "the log was named before", err);
    p->log_count++;
    return EX_OK;
}

static ex_code parse_cosigner(struct line *l, struct ex_error *err) {
    struct policy *p = l->policy;
    if (l->count < 3 || l->count > 4)
        return bad(l, "a cosigner has a name and a key, and may have an address", err);
    if (p->cosigner_count == POLICY_COSIGNERS_MAX)
        return bad(l, "there are too many cosigners", err);
    struct policy_cosigner *c = &p->cosigner[p->cosigner_count];
    EX_TRY(parse_key(l, &l->word[2], NOTE_TYPE_COSIGNATURE, &c->key, err));
    for (size_t i = 0; i < p->cosigner_count; i++)
        if (memcmp(p->cosigner[i].key.public_key, c->key.public_key, SIGN_PUBLIC_BYTES) == 0)
            return bad(l, "the cosigner was named before", err);
    EX_TRY(add_name(l, false, p->cosigner_count, err));
    memcpy(c->name, p->name[p->name_count - 1].text, sizeof c->name);
    p->cosigner_count++;
    return EX_OK;
}

/* Each name is a member of one group at most, so that each cosigner counts in one way only. */
static ex_code add_members(struct line *l, struct group *g, struct ex_error *err) {
    struct policy *p = l->policy;
    for (size_t i = 3; i < l->count; i++) {
        unsigned n = find_name(p, &l->word[i]);
        if (n == NOBODY)
            return bad(l, "a member is not defined on an earlier line", err);
        if (p->name[n].is_member)
            return bad(l, "a member is in a group already", err);
        p->name[n].is_member = true;
        g->member[g->count++] = (uint8_t)n;
    }
    return EX_OK;
}

static ex_code parse_group(struct line *l, struct ex_error *err) {
    struct policy *p = l->policy;
    uint64_t needed = 0;
    if (l->count < 4)
        return bad(l, "a group has a name, a rule and members", err);
    if (p->group_count == POLICY_GROUPS_MAX)
        return bad(l, "there are too many groups", err);
    struct group *g = &p->group[p->group_count];
    EX_TRY(add_members(l, g, err));
    if (word_is(&l->word[2], "all"))
        needed = g->count;
    else if (word_is(&l->word[2], "any"))
        needed = 1;
    else if (!ex_parse_decimal(l->word[2].text, l->word[2].size, &needed))
        return bad(l, "the rule of a group is all, any, or a number", err);
    if (needed < 1 || needed > g->count)
        return bad(l, "the group has not so many members", err);
    g->needed = (unsigned)needed;
    return add_name(l, true, p->group_count++, err);
}

static ex_code parse_quorum(struct line *l, struct ex_error *err) {
    struct policy *p = l->policy;
    if (l->count != 2)
        return bad(l, "a quorum is one name", err);
    if (p->has_quorum)
        return bad(l, "there is a quorum already", err);
    p->quorum = find_name(p, &l->word[1]);
    if (p->quorum == NOBODY && !word_is(&l->word[1], "none"))
        return bad(l, "the quorum is not defined on an earlier line", err);
    p->has_quorum = true;
    return EX_OK;
}

static ex_code split_words(struct line *l, const char *text, size_t size, struct ex_error *err) {
    l->count = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c != '\t' && (c < 0x20 || c == 0x7f))
            return bad(l,
                       c == '\r' ? "it ends as Windows ends lines: save the file with Unix line "
                                   "ends"
                                 : "it holds a control character",
                       err);
        if (c == ' ' || c == '\t')
            continue;
        size_t begin = i;
        while (i + 1 < size && text[i + 1] != ' ' && text[i + 1] != '\t' &&
               (uint8_t)text[i + 1] >= 0x20 && text[i + 1] != 0x7f)
            i++;
        if (l->count > 0 && l->word[0].text[0] == '#')
            continue; /* a comment: only its characters are looked at */
        if (l->count == WORDS_MAX)
            return bad(l, "it has too many words", err);
        l->word[l->count++] = (struct word){text + begin, i - begin + 1};
    }
    return EX_OK;
}

static ex_code parse_line(struct line *l, const char *text, size_t size, struct ex_error *err) {
    EX_TRY(split_words(l, text, size, err));
    if (l->count == 0 || l->word[0].text[0] == '#')
        return EX_OK;
    if (word_is(&l->word[0], "log"))
        return parse_log(l, err);
    if (word_is(&l->word[0], "witness"))
        return parse_cosigner(l, err);
    if (word_is(&l->word[0], "group"))
        return parse_group(l, err);
    if (word_is(&l->word[0], "quorum"))
        return parse_quorum(l, err);
    return bad(l, "it begins with none of log, witness, group, quorum", err);
}

ex_code policy_parse(const void *data, size_t size_bytes, struct policy **ret,
                     struct ex_error *err) {
    EX_AUTO(policy_free) struct policy *p = ex_new0(struct policy);
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    struct line l = {.policy = p};
    if (size_bytes > POLICY_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a policy is larger than its limit of %d bytes",
                       POLICY_BYTES_MAX);
    while (ex_cursor_left(&c) > 0) {
        size_t size;
        l.number++;
        const char *text = ex_cursor_line(&c, &size);
        if (text == NULL)
            return bad(&l, "it is cut off: each line ends with a line break", err);
        EX_TRY(parse_line(&l, text, size, err));
    }
    if (!p->has_quorum)
        return ex_fail(err, EX_FORMAT, "the policy has no quorum line");
    *ret = ex_steal(&p);
    return EX_OK;
}

void policy_free(struct policy *p) {
    free(p);
}

/* ---- asking ---- */

size_t policy_log_count(const struct policy *p) {
    return p->log_count;
}

const struct note_key *policy_log(const struct policy *p, size_t i) {
    return &p->log[i];
}

size_t policy_cosigner_count(const struct policy *p) {
    return p->cosigner_count;
}

const struct policy_cosigner *policy_cosigner(const struct policy *p, size_t i) {
    return &p->cosigner[i];
}

bool policy_asks_for_nobody(const struct policy *p) {
    return p->quorum == NOBODY;
}

const char *policy_quorum(const struct policy *p) {
    return p->quorum == NOBODY ? "none" : p->name[p->quorum].text;
}

static bool group_met(const struct group *g, const bool *met) {
    unsigned have = 0;
    for (unsigned i = 0; i < g->count; i++)
        have += met[g->member[i]] ? 1 : 0;
    return have >= g->needed;
}

bool policy_met(const struct policy *p, const bool cosigned[static POLICY_COSIGNERS_MAX]) {
    bool met[NAMES_MAX] = {false};
    if (p->quorum == NOBODY)
        return true;
    for (size_t i = 0; i < p->name_count; i++) {
        const struct name *n = &p->name[i];
        met[i] = n->is_group ? group_met(&p->group[n->index], met) : cosigned[n->index];
    }
    return met[p->quorum];
}
