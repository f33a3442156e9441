/* SPDX-License-Identifier: Apache-2.0 */
/* Small bags in memory, and what is said about them. */
#ifndef EXHIBIT_TESTS_TESTING_BAG_H
#define EXHIBIT_TESTS_TESTING_BAG_H

#include "../crypto/testing.h"

#include "base/cursor.h"
#include "crypto/sha256.h"
#include "formats/bagit.h"

/* ---- bags in memory ---- */

enum { FILES_MAX = 16, TEXT_MAX = 2000 };

struct bag {
    struct {
        const char *path;
        char text[TEXT_MAX];
    } file[FILES_MAX];
    size_t count;
};

static inline char *text_of(struct bag *b, const char *path) {
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->file[i].path, path) == 0)
            return b->file[i].text;
    fail_msg("no file \"%s\"", path);
    return NULL;
}

static inline void put(struct bag *b, const char *path, const char *text) {
    assert_true(b->count < FILES_MAX);
    b->file[b->count].path = path;
    (void)snprintf(b->file[b->count++].text, TEXT_MAX, "%s", text);
}

static inline void drop(struct bag *b, const char *path) {
    size_t at = 0;
    while (at < b->count && strcmp(b->file[at].path, path) != 0)
        at++;
    assert_true(at < b->count);
    for (b->count--; at < b->count; at++)
        b->file[at] = b->file[at + 1];
}

/* The manifest of what is (not) in data/, of what there is now. */
static inline void list(struct bag *b, const char *manifest, bool payload) {
    char text[TEXT_MAX] = "", line[BAGIT_LINE_BYTES_MAX];
    uint8_t digest[SHA256_BYTES];
    struct ex_error err;
    for (size_t i = 0; i < b->count; i++) {
        if ((strncmp(b->file[i].path, "data/", 5) == 0) != payload)
            continue;
        sha256_of(b->file[i].text, strlen(b->file[i].text), digest);
        assert_code(EX_OK, bagit_manifest_line(BAGIT_SHA256, digest, b->file[i].path, line, &err));
        strcat(text, line);
    }
    put(b, manifest, text);
}

static inline void seal(struct bag *b) {
    list(b, "tagmanifest-sha256.txt", false);
}

/* Two files, not sealed yet. */
static inline struct bag open_bag(void) {
    struct bag b = {.count = 0};
    put(&b, "bagit.txt", bagit_declaration_text());
    put(&b, "bag-info.txt", "Payload-Oxum: 10.2\n");
    put(&b, "data/one", "hello");
    put(&b, "data/two", "world");
    list(&b, "manifest-sha256.txt", true);
    return b;
}

static inline struct bag sound_bag(void) {
    struct bag b = open_bag();
    seal(&b);
    return b;
}

/* ---- verdicts ---- */

static inline void feed(struct bagit_check *c, const char *path, const char *text) {
    struct ex_error err;
    assert_code(EX_OK, bagit_check_begin(c, path, strlen(path), &err));
    for (size_t i = 0; text[i] != '\0'; i++)
        assert_code(EX_OK, bagit_check_data(c, text + i, 1, &err));
    assert_code(EX_OK, bagit_check_end(c, &err));
}

static inline struct bagit_report *finish(struct bagit_check *c) {
    struct ex_error err;
    struct bagit_report *r = NULL;
    assert_code(EX_OK, bagit_check_finish(c, &r, &err));
    return r;
}

static inline struct bagit_report *verdict(const struct bag *b) {
    struct ex_error err;
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    assert_code(EX_OK, bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &c, &err));
    for (size_t i = 0; i < b->count; i++)
        feed(c, b->file[i].path, b->file[i].text);
    return finish(c);
}

static inline const struct bagit_finding *find(const struct bagit_report *r, enum bagit_kind kind,
                                               const char *name) {
    for (size_t i = 0; i < r->count; i++)
        if (r->findings[i].kind == kind && strcmp(r->findings[i].name, name) == 0)
            return &r->findings[i];
    return NULL;
}

static inline void print(const struct bagit_report *r) {
    print_message("# %s\n", bagit_grade_name(r->grade));
    for (size_t i = 0; i < r->count; i++)
        print_message("# %s: %s %s\n", bagit_grade_name(r->findings[i].grade), r->findings[i].name,
                      r->findings[i].text);
}

/* The verdict, and the finding that it comes from; the report is freed. */
static inline void judged(struct bagit_report *r, enum bagit_grade grade, enum bagit_kind kind,
                          const char *name) {
    const struct bagit_finding *f = find(r, kind, name);
    if (r->grade != grade || f == NULL || f->grade != grade || f->text[0] == '\0') {
        print(r);
        fail_msg("%s expected, for \"%s\" (%d)", bagit_grade_name(grade), name, (int)kind);
    }
    bagit_report_free(r);
}

static inline void assert_bag(const struct bag *b, enum bagit_grade grade, enum bagit_kind kind,
                              const char *name) {
    judged(verdict(b), grade, kind, name);
}

#endif
