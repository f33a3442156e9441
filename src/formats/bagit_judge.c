/* SPDX-License-Identifier: Apache-2.0 */
/* The files that came in against what bagit.txt, the manifests, fetch.txt and bag-info.txt say. */
#include "formats/bagit_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

/* Payload and tag manifests are treated alike: [0] and [1]. */
struct judging {
    struct bagit_check *c;
    struct bagit_report *r;
    struct bagit_declaration d;
    struct bagit_list list[2][BAGIT_ALGORITHMS];
    unsigned have[2]; /* BAGIT_BIT of the manifests that were read */
    bool named[2];    /* there is one, read or not */
    bool lost;        /* a manifest could not be read: what is in none may be in it */
    struct bagit_list fetch;
    bool has_fetch;
    uint64_t weak_files; /* right, but by weak hashes alone */
};

static ex_code find(struct judging *j, enum bagit_grade grade, enum bagit_kind kind,
                    const char *name, const char *text, struct ex_error *err) {
    return bagit_find(j->r, grade, kind, name, strlen(name), err, "%s", text);
}

/* What is wrong in 1.0 and was only unusual before. */
static enum bagit_grade since_1_0(const struct judging *j) {
    return bagit_is_1_0(&j->d) ? BAGIT_INVALID : BAGIT_WARNING;
}

static const char *manifest_name(bool tag, unsigned a, char to[static 32]) {
    (void)snprintf(to, 32, "%smanifest-%s.txt", tag ? "tag" : "",
                   bagit_algorithm_name((enum bagit_algorithm)a));
    return to;
}

/* ---- the tag files as texts ---- */

/* An error of a parser becomes a finding, unless it keeps from judging. */
static ex_code unreadable(struct judging *j, enum bagit_kind kind, const char *name,
                          const struct ex_error *why, struct ex_error *err) {
    if (why->code != EX_FORMAT && why->code != EX_UNSUPPORTED) {
        if (err != NULL)
            *err = *why;
        return why->code;
    }
    return find(j, why->code == EX_FORMAT ? BAGIT_INVALID : BAGIT_NOT_CHECKED, kind, name,
                why->text, err);
}

static ex_code report_line(struct judging *j, enum bagit_grade grade, const char *name,
                           unsigned line, const char *what, struct ex_error *err) {
    if (line == 0)
        return EX_OK;
    return bagit_find(j->r, grade, BAGIT_FORM, name, strlen(name), err, "%s (line %u)", what, line);
}

static ex_code report_form(struct judging *j, const char *name, const struct bagit_form *form,
                           struct ex_error *err) {
    if (form->mark)
        EX_TRY(find(j, since_1_0(j), BAGIT_FORM, name, "begins with a byte order mark", err));
    EX_TRY(report_line(j, BAGIT_WARNING, name, form->star_line,
                       "has an asterisk before a path, as md5sum writes it", err));
    EX_TRY(report_line(j, BAGIT_WARNING, name, form->dot_line, "has ./ before a path", err));
    EX_TRY(report_line(j, BAGIT_WARNING, name, form->percent_line,
                       "has a % that should be %25, and was taken as it stands", err));
    return bagit_is_1_0(&j->d)
               ? report_line(j, BAGIT_WARNING, name, form->spaced_line,
                             "has space where BagIt 1.0 wants none, or lacks it", err)
               : EX_OK;
}

/* *ret_go is false when nothing more can be judged. */
static ex_code read_declaration(struct judging *j, bool *ret_go, struct ex_error *err) {
    struct ex_error why = {0};
    const struct bagit_kept *k = bagit_kept_find(j->c, "bagit.txt");
    *ret_go = false;
    if (k == NULL)
        return bagit_row_find(j->c, "bagit.txt") != NULL
                   ? EX_OK /* and could not be read, which was said */
                   : find(j, BAGIT_INVALID, BAGIT_DECLARATION, "bagit.txt",
                          "is not there: this is no bag", err);
    if (bagit_parse_declaration(k->data, k->size, &j->d, &why) != EX_OK)
        return unreadable(j, BAGIT_DECLARATION, "bagit.txt", &why, err);
    *ret_go = true;
    j->r->major = j->d.major;
    j->r->minor = j->d.minor;
    if (j->d.major == 0 && j->d.minor == 96)
        EX_TRY(find(j, BAGIT_WARNING, BAGIT_DECLARATION, "bagit.txt",
                    "says version 0.96, which is judged by the rules of 0.97", err));
    if (bagit_is_1_0(&j->d) && j->d.encoding != BAGIT_UTF8)
        return find(j, BAGIT_WARNING, BAGIT_DECLARATION, "bagit.txt",
                    "names another encoding than UTF-8", err);
    return EX_OK;
}

static ex_code read_manifest(struct judging *j, const char *name, bool tag, enum bagit_algorithm a,
                             struct ex_error *err) {
    struct ex_error why = {0};
    const struct bagit_kept *k = bagit_kept_find(j->c, name);
    j->named[tag] = true;
    if (a == BAGIT_ALGORITHMS)
        EX_TRY(find(j, BAGIT_NOT_CHECKED, BAGIT_TAG_FILE, name,
                    "is of a hash that is not known here", err));
    j->lost |= k == NULL;
    if (k == NULL)
        return EX_OK;
    if (bagit_parse_manifest(k->data, k->size, &j->d, tag, a, &j->list[tag][a], &why) != EX_OK) {
        j->lost = true;
        return unreadable(j, BAGIT_TAG_FILE, name, &why, err);
    }
    j->have[tag] |= BAGIT_BIT(a);
    return report_form(j, name, &j->list[tag][a].form, err);
}

static ex_code read_manifests(struct judging *j, struct ex_error *err) {
    for (const struct bagit_row *row = j->c->rows; row != NULL; row = row->hh.next) {
        bool tag;
        enum bagit_algorithm a;
        if (row->present && bagit_manifest_name(row->path, &tag, &a))
            EX_TRY(read_manifest(j, row->path, tag, a, err));
    }
    j->r->algorithms = j->have[0];
    j->r->tag_algorithms = j->have[1];
    if (!j->named[0])
        EX_TRY(
            find(j, BAGIT_INVALID, BAGIT_NO_MANIFEST, "", "the bag has no payload manifest", err));
    if (!j->named[1])
        EX_TRY(find(j, BAGIT_WARNING, BAGIT_UNPROTECTED, "",
                    "the bag has no tag manifest: its tag files may have been changed", err));
    return EX_OK;
}

static ex_code read_fetch(struct judging *j, struct ex_error *err) {
    struct ex_error why = {0};
    const struct bagit_kept *k = bagit_kept_find(j->c, "fetch.txt");
    if (k == NULL)
        return EX_OK;
    if (bagit_parse_fetch(k->data, k->size, &j->d, &j->fetch, &why) != EX_OK)
        return unreadable(j, BAGIT_FETCH, "fetch.txt", &why, err);
    j->has_fetch = true;
    EX_TRY(report_form(j, "fetch.txt", &j->fetch.form, err));
    return bagit_find(j->r, BAGIT_WARNING, BAGIT_FETCH, "fetch.txt", 9, err,
                      "says that %zu files are to be fetched elsewhere; nothing is fetched here",
                      j->fetch.count);
}

/* ---- which file is in which list ---- */

static ex_code listed_twice(struct judging *j, const struct bagit_entry *first,
                            const struct bagit_entry *second, const char *manifest,
                            struct ex_error *err) {
    bool same = strcmp(first->hex, second->hex) == 0;
    return bagit_find(j->r, same ? since_1_0(j) : BAGIT_INVALID, BAGIT_LISTED_TWICE, second->path,
                      strlen(second->path), err, "is in %s twice%s", manifest,
                      same ? "" : ", with two hashes");
}

static ex_code enter_list(struct judging *j, bool tag, unsigned a, struct ex_error *err) {
    const struct bagit_list *list = &j->list[tag][a];
    char name[32];
    manifest_name(tag, a, name);
    for (size_t i = 0; i < list->count; i++) {
        const struct bagit_entry *e = &list->entries[i];
        struct bagit_row *row;
        EX_TRY(bagit_row_get(j->c, e->path, &row, err));
        if (row->in[a] == NULL) {
            row->in[a] = e;
            continue;
        }
        row->doubtful |= strcmp(row->in[a]->hex, e->hex) != 0;
        EX_TRY(listed_twice(j, row->in[a], e, name, err));
    }
    return EX_OK;
}

static ex_code enter_lists(struct judging *j, struct ex_error *err) {
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++) {
        EX_TRY(enter_list(j, false, a, err));
        EX_TRY(enter_list(j, true, a, err));
    }
    for (size_t i = 0; i < j->fetch.count; i++) {
        struct bagit_row *row;
        EX_TRY(bagit_row_get(j->c, j->fetch.entries[i].path, &row, err));
        row->fetch = true;
    }
    return EX_OK;
}

/* ---- one file ---- */

static unsigned lists_of(const struct bagit_row *row) {
    unsigned mask = 0;
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++)
        mask |= row->in[a] != NULL ? BAGIT_BIT(a) : 0;
    return mask;
}

static unsigned lowest(unsigned mask) {
    return (unsigned)__builtin_ctz(mask);
}

/* A finding about a file and the first manifest of `mask`: "TEXT manifest-sha256.txt". */
static ex_code about(struct judging *j, enum bagit_grade grade, enum bagit_kind kind,
                     const struct bagit_row *row, const char *text, unsigned mask,
                     struct ex_error *err) {
    char name[32];
    return bagit_find(j->r, grade, kind, row->path, strlen(row->path), err, "%s %s", text,
                      manifest_name(!bagit_in_payload(row->path), lowest(mask), name));
}

/* Compares with one manifest. *ret_right only when the hash was computed and is the same. */
static ex_code compare(struct judging *j, const struct bagit_row *row, unsigned a, bool *ret_right,
                       struct ex_error *err) {
    char hex[2 * BAGIT_DIGEST_BYTES_MAX + 1], name[32];
    const char *hash = bagit_algorithm_name((enum bagit_algorithm)a);
    manifest_name(!bagit_in_payload(row->path), a, name);
    *ret_right = false;
    if (!row->hashed)
        return EX_OK; /* could not be read, which was said */
    if ((row->algorithms & BAGIT_BIT(a)) == 0)
        return bagit_find(j->r, BAGIT_NOT_CHECKED, BAGIT_NOT_HASHED, row->path, strlen(row->path),
                          err, "was not compared with %s: nobody computed its %s", name, hash);
    ex_hex(hex, row->digests + bagit_digest_at(row->algorithms, (enum bagit_algorithm)a),
           bagit_algorithm_bytes((enum bagit_algorithm)a));
    *ret_right = strcmp(hex, row->in[a]->hex) == 0;
    return *ret_right ? EX_OK
                      : bagit_find(j->r, BAGIT_INVALID, BAGIT_DIFFERS, row->path, strlen(row->path),
                                   err, "is altered: its %s is not that of %s", hash, name);
}

/* *ret_right: BAGIT_BIT of the manifests whose hash is the file's. */
static ex_code compare_all(struct judging *j, const struct bagit_row *row, unsigned *ret_right,
                           struct ex_error *err) {
    *ret_right = 0;
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++) {
        bool right = false;
        if (row->in[a] != NULL)
            EX_TRY(compare(j, row, a, &right, err));
        *ret_right |= right ? BAGIT_BIT(a) : 0;
    }
    return EX_OK;
}

static ex_code missing(struct judging *j, const struct bagit_row *row, unsigned in,
                       struct ex_error *err) {
    bool other = (path_faults(row->path, strlen(row->path)) & PATH_NOT_COMPOSED) != 0;
    return about(j, BAGIT_INVALID, BAGIT_MISSING, row,
                 other ? "is not there by this spelling of its name, and is in"
                       : "is not there, and is in",
                 in, err);
}

static ex_code judge_payload(struct judging *j, const struct bagit_row *row, struct ex_error *err) {
    unsigned in = lists_of(row), absent = j->have[0] & ~in, right;
    j->r->payload_files += row->present ? 1 : 0;
    j->r->payload_bytes += row->size_bytes;
    if (!row->present && row->fetch)
        EX_TRY(find(j, BAGIT_INCOMPLETE, BAGIT_FETCH, row->path,
                    "is not there: fetch.txt says that it is to be fetched", err));
    else if (!row->present)
        EX_TRY(missing(j, row, in, err));
    if (in == 0 && j->have[0] != 0) /* §3: in every manifest; before 1.0, in one of them */
        return about(j, j->lost && !bagit_is_1_0(&j->d) ? BAGIT_NOT_CHECKED : BAGIT_INVALID,
                     BAGIT_EXTRA, row, row->present ? "is there, and is not in" : "is not in",
                     j->have[0], err);
    if (absent != 0)
        EX_TRY(about(j, since_1_0(j), BAGIT_NOT_IN_EVERY, row, "is not in", absent, err));
    if (!row->present)
        return EX_OK;
    EX_TRY(compare_all(j, row, &right, err));
    if (in != 0 && right == in && !row->doubtful) {
        j->r->good_files += (right & ~BAGIT_WEAK) != 0 ? 1 : 0;
        j->weak_files += (right & ~BAGIT_WEAK) == 0 ? 1 : 0;
    }
    return EX_OK;
}

/* A tag file that is there and not in every tag manifest (§2.2.1). */
static ex_code judge_unlisted(struct judging *j, const struct bagit_row *row, unsigned absent,
                              struct ex_error *err) {
    bool tag, manifest;
    enum bagit_algorithm a;
    manifest = bagit_manifest_name(row->path, &tag, &a);
    if (manifest && tag)
        return EX_OK; /* cannot hold its own hash */
    if (manifest)
        return about(j, since_1_0(j), BAGIT_UNPROTECTED, row, "is a manifest and not in", absent,
                     err);
    return about(j, BAGIT_WARNING, BAGIT_UNPROTECTED, row, "may have been changed: it is not in",
                 absent, err);
}

static ex_code judge_tag(struct judging *j, const struct bagit_row *row, struct ex_error *err) {
    unsigned in = lists_of(row), absent = j->have[1] & ~in, right;
    bool tag = false;
    enum bagit_algorithm a;
    if (!row->present)
        return missing(j, row, in, err);
    if (in != 0 && bagit_manifest_name(row->path, &tag, &a) && tag)
        EX_TRY(about(j, since_1_0(j), BAGIT_FORM, row, "is a tag manifest, and is in", in, err));
    if (absent != 0)
        EX_TRY(judge_unlisted(j, row, absent, err));
    return compare_all(j, row, &right, err);
}

static int by_path(const struct bagit_row *a, const struct bagit_row *b) {
    return strcmp(a->path, b->path);
}

/* In the order of their names, so that the same bag has the same report. */
static ex_code judge_files(struct judging *j, struct ex_error *err) {
    HASH_SORT(j->c->rows, by_path);
    for (const struct bagit_row *row = j->c->rows; row != NULL; row = row->hh.next) {
        bool payload = bagit_in_payload(row->path);
        j->c->has_payload_directory |= payload && row->present;
        EX_TRY(payload ? judge_payload(j, row, err) : judge_tag(j, row, err));
    }
    if (!j->c->has_payload_directory)
        EX_TRY(find(j, BAGIT_INVALID, BAGIT_NO_PAYLOAD, "data/", "is not there", err));
    if (j->have[1] != 0 && (j->have[1] & ~BAGIT_WEAK) == 0)
        EX_TRY(find(j, BAGIT_WARNING, BAGIT_WEAK_HASH, "",
                    "only md5 or sha1 checks the tag files, and can be forged", err));
    if (j->weak_files == 0)
        return EX_OK;
    return bagit_find(j->r, BAGIT_WARNING, BAGIT_WEAK_HASH, "", 0, err,
                      "only md5 or sha1 checks the payload files, and can be forged (%" PRIu64
                      " files)",
                      j->weak_files);
}

/* ---- Payload-Oxum (§2.2.2) ---- */

static bool parse_oxum(const char *text, uint64_t *ret_bytes, uint64_t *ret_files) {
    const char *point = strchr(text, '.');
    return point != NULL && ex_parse_decimal(text, (size_t)(point - text), ret_bytes) &&
           ex_parse_decimal(point + 1, strlen(point + 1), ret_files);
}

static ex_code judge_oxum(struct judging *j, const char *value, struct ex_error *err) {
    const struct bagit_report *r = j->r;
    uint64_t bytes, files;
    if (!parse_oxum(value, &bytes, &files))
        return find(j, BAGIT_INVALID, BAGIT_OXUM, "bag-info.txt",
                    "has a Payload-Oxum that is not BYTES.FILES", err);
    if (bytes == r->payload_bytes && files == r->payload_files)
        return EX_OK;
    if (j->c->unread || r->of_grade[BAGIT_INCOMPLETE] > 0)
        return find(j, BAGIT_NOT_CHECKED, BAGIT_OXUM, "bag-info.txt",
                    "has a Payload-Oxum that cannot be compared before every file is there", err);
    return bagit_find(j->r, BAGIT_INVALID, BAGIT_OXUM, "bag-info.txt", 12, err,
                      "says %" PRIu64 " bytes in %" PRIu64 " payload files; there are %" PRIu64
                      " in %" PRIu64,
                      bytes, files, r->payload_bytes, r->payload_files);
}

static ex_code judge_pairs(struct judging *j, const struct bagit_info *info, struct ex_error *err) {
    size_t count = 0;
    EX_TRY(report_form(j, "bag-info.txt", &info->form, err));
    for (size_t i = 0; i < info->count; i++) {
        if (strcasecmp(info->pairs[i].label, "Payload-Oxum") != 0)
            continue;
        if (count++ == 1)
            EX_TRY(find(j, since_1_0(j), BAGIT_OXUM, "bag-info.txt", "has two Payload-Oxum", err));
        EX_TRY(judge_oxum(j, info->pairs[i].value, err));
    }
    return EX_OK;
}

static ex_code judge_info(struct judging *j, struct ex_error *err) {
    struct ex_error why = {0};
    struct bagit_info info = {0};
    const struct bagit_kept *k = bagit_kept_find(j->c, "bag-info.txt");
    if (k == NULL)
        return EX_OK;
    if (bagit_parse_info(k->data, k->size, &j->d, &info, &why) != EX_OK)
        return unreadable(j, BAGIT_TAG_FILE, "bag-info.txt", &why, err);
    ex_code code = judge_pairs(j, &info, err);
    bagit_info_clear(&info);
    return code;
}

/* ---- all of it ---- */

static ex_code judge(struct judging *j, struct ex_error *err) {
    bool go;
    EX_TRY(read_declaration(j, &go, err));
    if (!go)
        return EX_OK;
    EX_TRY(read_manifests(j, err));
    EX_TRY(read_fetch(j, err));
    EX_TRY(enter_lists(j, err));
    EX_TRY(judge_files(j, err));
    return judge_info(j, err);
}

static void judging_clear(struct judging *j) {
    for (unsigned a = 0; a < BAGIT_ALGORITHMS; a++) {
        bagit_list_clear(&j->list[0][a]);
        bagit_list_clear(&j->list[1][a]);
    }
    bagit_list_clear(&j->fetch);
}

ex_code bagit_check_finish(struct bagit_check *c, struct bagit_report **ret, struct ex_error *err) {
    struct judging j = {.c = c, .r = c->report};
    if (c->open || c->report == NULL)
        return ex_fail(err, EX_USAGE, "a file of the bag is still open, or it was judged before");
    ex_code code = judge(&j, err);
    judging_clear(&j);
    EX_TRY(code);
    bagit_report_sort(c->report);
    *ret = ex_steal(&c->report);
    return EX_OK;
}
