/* SPDX-License-Identifier: Apache-2.0 */
/* The whole as each text file of a bag, of both versions and in every encoding; then as a bag: what
 * stands behind a line "== PATH" is that file. */
#include "base/cursor.h"
#include "formats/bagit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_now) {
    if (!true_now)
        abort();
}

/* ---- texts ---- */

/* What was accepted stays in the bag, and comes back as it was when it is written. */
static void sound_entry(const struct bagit_entry *e, bool tag) {
    static const struct bagit_declaration d = {.major = 1};
    uint8_t digest[BAGIT_DIGEST_BYTES_MAX];
    char line[BAGIT_LINE_BYTES_MAX];
    struct bagit_list again;
    must(e->path[0] != '/' && e->path[0] != '~' && strstr(e->path, "/../") == NULL &&
         strncmp(e->path, "../", 3) != 0);
    must((strncmp(e->path, "data/", 5) == 0) != tag);
    if (e->hex == NULL)
        return;
    must(ex_parse_hex(e->hex, 64, digest, 32));
    must(bagit_manifest_line(BAGIT_SHA256, digest, e->path, line, NULL) == EX_OK);
    if (e->path[0] == '*') /* read as md5sum's sign */
        return;
    must(bagit_parse_manifest(line, strlen(line), &d, tag, BAGIT_SHA256, &again, NULL) == EX_OK);
    must(again.count == 1 && strcmp(again.entries[0].path, e->path) == 0);
    bagit_list_clear(&again);
}

static void sound_list(struct bagit_list *list, bool tag) {
    for (size_t i = 0; i < list->count && i < 100; i++)
        sound_entry(&list->entries[i], tag);
    bagit_list_clear(list);
}

/* A value that can be written comes back. */
static void sound_pair(const struct bagit_pair *pair) {
    static const struct bagit_declaration d = {.major = 1};
    EX_AUTO_FREE char *text = NULL;
    struct bagit_info again;
    must(strlen(pair->value) == pair->value_bytes);
    if (bagit_info_line(pair->label, pair->value, &text, NULL) != EX_OK)
        return;
    must(bagit_parse_info(text, strlen(text), &d, &again, NULL) == EX_OK);
    must(again.count == 1 && strcmp(again.pairs[0].label, pair->label) == 0 &&
         strcmp(again.pairs[0].value, pair->value) == 0);
    bagit_info_clear(&again);
}

static void texts(const uint8_t *data, size_t size, const struct bagit_declaration *d) {
    struct bagit_list list;
    struct bagit_info info;
    if (bagit_parse_manifest(data, size, d, false, BAGIT_SHA256, &list, NULL) == EX_OK)
        sound_list(&list, false);
    if (bagit_parse_manifest(data, size, d, true, BAGIT_SHA256, &list, NULL) == EX_OK)
        sound_list(&list, true);
    if (bagit_parse_fetch(data, size, d, &list, NULL) == EX_OK)
        sound_list(&list, false);
    if (bagit_parse_info(data, size, d, &info, NULL) == EX_OK) {
        for (size_t i = 0; i < info.count && i < 100; i++)
            sound_pair(&info.pairs[i]);
        bagit_info_clear(&info);
    }
}

/* ---- a bag ---- */

static bool is_head(const char *line, size_t size) {
    return size > 3 && memcmp(line, "== ", 3) == 0;
}

static void feed(struct bagit_check *c, struct ex_cursor *input) {
    bool open = false;
    while (ex_cursor_left(input) > 0) {
        size_t size, left = ex_cursor_left(input);
        const char *line = ex_cursor_line(input, &size);
        if (line == NULL) { /* the last line, without LF */
            line = (const char *)input->data + input->size - left;
            size = left - 1;
        }
        if (is_head(line, size)) {
            must(!open || bagit_check_end(c, NULL) == EX_OK);
            must(bagit_check_begin(c, line + 3, size - 3, NULL) == EX_OK);
            open = true;
        } else if (open)
            must(bagit_check_data(c, line, size + 1, NULL) == EX_OK);
    }
    must(!open || bagit_check_end(c, NULL) == EX_OK);
}

static void bag(const uint8_t *data, size_t size) {
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    EX_AUTO(bagit_report_free) struct bagit_report *r = NULL;
    struct ex_cursor input = ex_cursor_make(data, size);
    enum bagit_grade worst = BAGIT_VALID;
    must(bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &c, NULL) == EX_OK);
    feed(c, &input);
    must(bagit_check_finish(c, &r, NULL) == EX_OK);
    for (size_t i = 0; i < r->count; i++)
        worst = r->findings[i].grade > worst ? r->findings[i].grade : worst;
    must(worst == r->grade && r->good_files <= r->payload_files);
    must(r->grade >= BAGIT_NOT_CHECKED || r->good_files == r->payload_files ||
         (r->algorithms & BAGIT_WEAK) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bagit_declaration d, old = {.minor = 97}, new = {.major = 1};
    if (bagit_parse_declaration(data, size, &d, NULL) == EX_OK)
        must(d.major == 1 || d.minor >= 96);
    texts(data, size, &new);
    for (int e = BAGIT_UTF8; e <= BAGIT_ASCII; e++) {
        old.encoding = (enum bagit_encoding)e;
        texts(data, size, &old);
    }
    bag(data, size);
    return 0;
}
