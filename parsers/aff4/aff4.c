/* SPDX-License-Identifier: Apache-2.0 */
/* Which image a volume holds, and what it says of it. */
#include "parsers/aff4/aff4_internal.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 32 << 20, FACTS_MAX = 2000, PIECE_BYTES = 4096 };

static void aff4_close(void *state) {
    struct aff4 *a = state;
    if (a == NULL)
        return;
    zip_clear(&a->zip);
    turtle_clear(&a->turtle);
    free(a->target);
    free(a->run);
    free(a->lines);
    free(a->cache.index);
    free(a->cache.hashes);
    free(a->cache.bytes);
    free(a);
}
EX_DEFINE_AUTO(struct aff4, aff4_close);

bool aff4_number(const struct aff4 *a, const char *subject, const char *predicate, uint64_t *ret) {
    const struct triple *t = turtle_find(&a->turtle, subject, predicate);
    return t != NULL && t->literal && ex_parse_decimal(t->object, strlen(t->object), ret);
}

struct zip_member *aff4_member(struct aff4 *a, const char *urn, const char *suffix) {
    char name[AFF4_URN_BYTES_MAX + 64];
    int size = snprintf(name, sizeof name, "%s/%s", urn, suffix);
    return size < 0 || (size_t)size >= sizeof name ? NULL : zip_find(&a->zip, name);
}

/* ---- the volume ---- */

static bool is_urn(const char *text) {
    size_t size = strlen(text);
    return strncmp(text, "aff4://", 7) == 0 && size > 7 && size < AFF4_URN_BYTES_MAX;
}

static ex_code load_text(struct parser_run *run, struct aff4 *a, const char *name, size_t size_max,
                         char **ret, size_t *ret_size, struct ex_error *err) {
    struct zip_member *m = zip_find_name(&a->zip, name);
    if (m == NULL)
        return ex_fail(err, EX_MISSING, "the volume has no %s", name);
    EX_TRY(zip_load(run, &a->zip, m, size_max, (uint8_t **)ret, ret_size, err));
    return memchr(*ret, '\0', *ret_size) == NULL ? EX_OK
                                                 : ex_fail(err, EX_FORMAT, "%s is no text", name);
}

/* Its name stands in the comment, in a member, or in both. */
static ex_code name_volume(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct ex_error why = {0};
    ex_code code =
        load_text(run, a, "container.description", AFF4_URN_BYTES_MAX, &text, &size, &why);
    if (code != EX_OK && (code != EX_MISSING || !is_urn(a->zip.comment)))
        return ex_fail(err, code, "%s", why.text);
    if (code == EX_OK)
        text[strcspn(text, "\r\n")] = '\0';
    const char *name = code == EX_OK ? text : a->zip.comment;
    if (!is_urn(name))
        return ex_fail(err, EX_FORMAT, "the volume has no name");
    if (is_urn(a->zip.comment) && strcmp(a->zip.comment, name) != 0)
        EX_TRY(parser_warn(run, &a->warnings, err,
                           "the volume is called %.60s, and in its comment %.60s", name,
                           a->zip.comment));
    (void)snprintf(a->volume, sizeof a->volume, "%s", name);
    return parser_fact(run, "volume", a->volume, strlen(a->volume), err);
}

static ex_code check_version(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct ex_error why = {0};
    unsigned major = 0;
    ex_code code = load_text(run, a, "version.txt", 4096, &text, &size, &why);
    if (code == EX_MISSING)
        return parser_warn(run, &a->warnings, err, "%s", why.text);
    if (code != EX_OK)
        return ex_fail(err, code, "%s", why.text);
    const char *tool = strstr(text, "tool=");
    if (sscanf(text, "major=%u", &major) != 1 || major != 1)
        return ex_fail(err, EX_UNSUPPORTED, "this version of AFF4 is not known");
    if (tool == NULL)
        return EX_OK;
    return parser_fact(run, "tool", tool + 5, strcspn(tool + 5, "\r\n"), err);
}

static ex_code read_statements(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t size = 0;
    EX_TRY(load_text(run, a, "information.turtle", TEXT_BYTES_MAX, &text, &size, err));
    return turtle_parse(&a->turtle, text, size, err);
}

/* ---- the image ---- */

static ex_code refuse_others(const struct aff4 *a, struct ex_error *err) {
    bool logical = false, encrypted = false;
    for (size_t i = 0; i < a->turtle.count; i++) {
        const struct triple *t = &a->turtle.triple[i];
        logical = logical || strcmp(t->object, AFF4_NS "FileImage") == 0;
        encrypted = encrypted || strcmp(t->object, AFF4_NS "EncryptedStream") == 0 ||
                    strcmp(t->predicate, AFF4_NS "keyBag") == 0;
    }
    if (encrypted)
        return ex_fail(err, EX_UNSUPPORTED, "it is encrypted");
    if (logical)
        return ex_fail(err, EX_UNSUPPORTED,
                       "this is a logical image (AFF4-L) of files, not of a "
                       "disk");
    return EX_OK;
}

static ex_code take_content(struct aff4 *a, const char *urn, struct ex_error *err) {
    if (a->content != NULL && strcmp(a->content, urn) != 0)
        return ex_fail(err, EX_UNSUPPORTED,
                       "the volume holds several images: \"%.60s\" and \"%.60s\"", a->content, urn);
    a->content = urn;
    return EX_OK;
}

static bool is_image(const struct aff4 *a, const char *subject) {
    return turtle_is(&a->turtle, subject, AFF4_NS "Image") ||
           turtle_is(&a->turtle, subject, AFF4_NS "DiskImage") ||
           turtle_is(&a->turtle, subject, AFF4_NS "ContiguousImage") ||
           turtle_is(&a->turtle, subject, AFF4_NS "DiscontiguousImage");
}

static ex_code choose_content(struct aff4 *a, struct ex_error *err) {
    static const char *const TYPES[] = {AFF4_NS "Map", AFF4_NS "ImageStream"};
    const struct turtle *t = &a->turtle;
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->triple[i].predicate, AFF4_NS "dataStream") == 0 &&
            is_image(a, t->triple[i].subject))
            EX_TRY(take_content(a, t->triple[i].object, err));
    /* Without an image: the only map, or the only stream. */
    for (size_t k = 0; k < 2 && a->content == NULL; k++)
        for (size_t i = 0; i < t->count; i++)
            if (strcmp(t->triple[i].predicate, RDF_NS "type") == 0 &&
                strcmp(t->triple[i].object, TYPES[k]) == 0)
                EX_TRY(take_content(a, t->triple[i].subject, err));
    return a->content != NULL ? EX_OK
                              : ex_fail(err, EX_FORMAT, "the volume holds no image of a disk");
}

/* ---- what it says: each value of what it knows, under the kind of thing and its own name ---- */

static const char *prefix_of(const struct aff4 *a, const char *subject) {
    static const struct {
        const char *type, *prefix;
    } KINDS[] = {
        {AFF4_NS "Image", "image"},
        {AFF4_NS "DiskImage", "image"},
        {AFF4_NS "Map", "map"},
        {AFF4_NS "ImageStream", "stream"},
        {AFF4_NS "CaseDetails", "case"},
        {AFF4_NS "CaseNotes", "notes"},
        {AFF4_NS "TimeStamps", "times"},
        {AFF4_NS "ZipVolume", "volume"},
        {AFF4_NS "BlockHashes", "hashes"},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (turtle_is(&a->turtle, subject, KINDS[i].type))
            return KINDS[i].prefix;
    return NULL;
}

/* caseNumber: case-number; SHA1: sha1. What is no letter or digit is left out. */
static size_t add_name(char *to, size_t room, const char *name) {
    size_t used = 0;
    bool lower = false;
    for (; *name != '\0' && used + 2 < room; name++) {
        char ch = *name;
        bool upper = ch >= 'A' && ch <= 'Z';
        if (upper && lower)
            to[used++] = '-';
        lower = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
        if (upper || lower)
            to[used++] = (char)(upper ? ch + 32 : ch);
    }
    to[used] = '\0';
    return used;
}

static ex_code tell_value(struct parser_run *run, const char *prefix, const struct triple *t,
                          struct ex_error *err) {
    static const char NS[] = AFF4_NS;
    char name[PARSER_NAME_BYTES_MAX];
    int at = snprintf(name, sizeof name, "%s.", prefix);
    size_t used = (size_t)at;
    if (!t->literal || strncmp(t->predicate, NS, sizeof NS - 1) != 0)
        return EX_OK;
    used += add_name(name + used, sizeof name / 2 - used, t->predicate + sizeof NS - 1);
    if (strncmp(t->type, NS, sizeof NS - 1) == 0) {
        name[used++] = '.';
        (void)add_name(name + used, sizeof name - used, t->type + sizeof NS - 1);
    }
    return parser_fact(run, name, t->object, strlen(t->object), err);
}

/* A stream that is the content itself: its hash is the image's. */
static bool is_hash_of_content(const struct aff4 *a, const struct triple *t) {
    const char *stream = aff4_map_stream(a);
    return stream != NULL && strcmp(t->subject, stream) == 0 &&
           strcmp(t->predicate, AFF4_NS "hash") == 0;
}

static ex_code tell_statements(struct parser_run *run, const struct aff4 *a, struct ex_error *err) {
    const char *subject = NULL, *prefix = NULL;
    size_t told = 0;
    for (size_t i = 0; i < a->turtle.count && told < FACTS_MAX; i++) {
        const struct triple *t = &a->turtle.triple[i];
        if (t->subject != subject)
            prefix = prefix_of(a, t->subject);
        subject = t->subject;
        if (prefix == NULL)
            continue;
        EX_TRY(tell_value(run, prefix, t, err));
        told++;
        if (strcmp(prefix, "image") == 0 || !is_hash_of_content(a, t))
            continue;
        EX_TRY(tell_value(run, "image", t, err));
        told++;
    }
    return EX_OK;
}

/* ---- opening, reading ---- */

static ex_code check_size(struct parser_run *run, struct aff4 *a, struct ex_error *err) {
    const struct turtle *t = &a->turtle;
    for (size_t i = 0; i < t->count; i++) {
        uint64_t said = 0;
        if (strcmp(t->triple[i].predicate, AFF4_NS "dataStream") != 0 ||
            strcmp(t->triple[i].object, a->content) != 0 ||
            !aff4_number(a, t->triple[i].subject, AFF4_NS "size", &said) || said == a->size_bytes)
            continue;
        EX_TRY(parser_warn(run, &a->warnings, err,
                           "the image says that it has %llu bytes, its content has %llu",
                           (unsigned long long)said, (unsigned long long)a->size_bytes));
    }
    return EX_OK;
}

static ex_code aff4_open(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                         struct ex_error *err) {
    EX_AUTO(aff4_close) struct aff4 *a = ex_new0(struct aff4);
    EX_TRY(zip_open(run, &a->zip, err));
    EX_TRY(name_volume(run, a, err));
    EX_TRY(check_version(run, a, err));
    EX_TRY(read_statements(run, a, err));
    EX_TRY(zip_name_members(&a->zip, a->volume, err));
    EX_TRY(refuse_others(a, err));
    EX_TRY(choose_content(a, err));
    EX_TRY(aff4_map_open(run, a, err));
    EX_TRY(check_size(run, a, err));
    EX_TRY(parser_fact_number(run, "chunk-bytes", PIECE_BYTES, err));
    EX_TRY(tell_statements(run, a, err));
    EX_TRY(aff4_map_tell(run, a, err));
    *ret_size_bytes = a->size_bytes;
    *ret_state = ex_steal(&a);
    return EX_OK;
}

static ex_code aff4_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                         size_t size_bytes, struct ex_error *err) {
    return aff4_map_read(run, state, offset, to, size_bytes, err);
}

const struct parser aff4_parser = {
    .name = "aff4", .version = 3, .open = aff4_open, .read = aff4_read, .close = aff4_close};
