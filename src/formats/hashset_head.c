/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a hash set, and its identity (format/hash-set §1, §2.1). */
#include "formats/hashset_internal.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "formats/tar_entry.h"

enum { KIND_SHA256 = 1, MAGIC_BYTES = 8, HEAD_FIELDS_BYTES = 288, SOURCE_BYTES = 64 };
static const uint8_t magic[MAGIC_BYTES] = {'E', 'X', 'H', 'S', 'E', 'T', 1, 0};

const char *hashset_meaning_word(enum hashset_meaning meaning) {
    return meaning == HASHSET_KNOWN ? "known" : meaning == HASHSET_NOTABLE ? "notable" : "?";
}

bool hashset_meaning_parse(const char *word, enum hashset_meaning *ret) {
    for (enum hashset_meaning m = HASHSET_KNOWN; m <= HASHSET_NOTABLE; m++) {
        if (strcmp(word, hashset_meaning_word(m)) == 0) {
            *ret = m;
            return true;
        }
    }
    return false;
}

bool hashset_text_fits(const char *text) {
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return size < HASHSET_TEXT_BYTES && tar_entry_is_utf8(text, size);
}

static bool all_zero(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return false;
    return true;
}

static bool read_text(struct ex_cursor *c, char to[static HASHSET_TEXT_BYTES]) {
    ex_cursor_copy(c, to, HASHSET_TEXT_BYTES);
    size_t size = strnlen(to, HASHSET_TEXT_BYTES);
    return size < HASHSET_TEXT_BYTES &&
           all_zero((const uint8_t *)to + size, HASHSET_TEXT_BYTES - size) && hashset_text_fits(to);
}

static int compare_bytes(const void *a, const void *b) {
    return memcmp(a, b, SOURCE_BYTES);
}

static bool read_sources(struct ex_cursor *c, struct hashset_head *h) {
    const uint8_t *before = NULL;
    for (size_t i = 0; i < h->source_count; i++) {
        struct hashset_source *s = &h->source[i];
        const uint8_t *bytes = c->data + c->pos;
        ex_cursor_copy(c, s->sha256, sizeof s->sha256);
        s->size_bytes = ex_cursor_le64(c);
        s->hashes = ex_cursor_le64(c);
        s->unread = ex_cursor_le64(c);
        if (ex_cursor_le64(c) != 0 || c->overrun ||
            (before != NULL && compare_bytes(before, bytes) > 0))
            return false;
        before = bytes;
    }
    return true;
}

/* Shown as JSON numbers, which have a sign. */
static bool countable(const struct hashset_head *h) {
    for (size_t i = 0; i < h->source_count; i++)
        if ((h->source[i].size_bytes | h->source[i].hashes | h->source[i].unread) > INT64_MAX)
            return false;
    return true;
}

ex_code hashset_head_parse(const uint8_t page[static HASHSET_PAGE_BYTES], struct hashset_head *ret,
                           struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(page, HASHSET_PAGE_BYTES);
    const uint8_t *begin = ex_cursor_bytes(&c, MAGIC_BYTES);
    if (memcmp(begin, magic, 6) != 0)
        return ex_fail(err, EX_FORMAT, "it does not begin as a hash set does");
    if (memcmp(begin, magic, MAGIC_BYTES) != 0)
        return ex_fail(err, EX_UNSUPPORTED,
                       "a hash set of a version that this program does not know");
    struct hashset_head h = {.meaning = (enum hashset_meaning)ex_cursor_le32(&c)};
    if (ex_cursor_le32(&c) != KIND_SHA256)
        return ex_fail(err, EX_UNSUPPORTED, "a hash set of other hashes than SHA-256");
    h.hashes = ex_cursor_le64(&c);
    h.source_count = ex_cursor_le32(&c);
    bool good = ex_cursor_le32(&c) == 0;
    good = read_text(&c, h.name) && h.name[0] != '\0' && good;
    good = read_text(&c, h.version) && good;
    good = good && (h.meaning == HASHSET_KNOWN || h.meaning == HASHSET_NOTABLE);
    good = good && h.hashes >= 1 && h.hashes <= HASHSET_HASHES_MAX;
    good = good && h.source_count >= 1 && h.source_count <= HASHSET_SOURCES_MAX;
    good = good && read_sources(&c, &h) && countable(&h);
    if (!good || !all_zero(c.data + c.pos, ex_cursor_left(&c)))
        return ex_fail(err, EX_FORMAT, "the header of the hash set is not as it must be");
    *ret = h;
    return EX_OK;
}

void hashset_head_write(struct hashset_head *h, uint8_t ret[static HASHSET_PAGE_BYTES]) {
    memset(ret, 0, HASHSET_PAGE_BYTES);
    memcpy(ret, magic, MAGIC_BYTES);
    ex_put_le32(ret + 8, h->meaning);
    ex_put_le32(ret + 12, KIND_SHA256);
    ex_put_le64(ret + 16, h->hashes);
    ex_put_le32(ret + 24, (uint32_t)h->source_count);
    memcpy(ret + 32, h->name, strnlen(h->name, HASHSET_TEXT_BYTES - 1));
    memcpy(ret + 160, h->version, strnlen(h->version, HASHSET_TEXT_BYTES - 1));
    uint8_t *to = ret + HEAD_FIELDS_BYTES;
    for (size_t i = 0; i < h->source_count; i++, to += SOURCE_BYTES) {
        const struct hashset_source *s = &h->source[i];
        memcpy(to, s->sha256, sizeof s->sha256);
        ex_put_le64(to + 32, s->size_bytes);
        ex_put_le64(to + 40, s->hashes);
        ex_put_le64(to + 48, s->unread);
    }
    qsort(ret + HEAD_FIELDS_BYTES, h->source_count, SOURCE_BYTES, compare_bytes);
}

static ex_code add_index(struct block_hasher *hasher, struct verity *tree,
                         const struct hashset_entry *entry, uint64_t pages, struct ex_error *err) {
    enum { AT_ONCE = 64 };
    uint8_t hash[AT_ONCE][BLOCK_HASH_BYTES];
    const uint8_t *data = (const uint8_t *)entry;
    for (uint64_t left = hashset_index_pages(pages); left > 0;) {
        size_t part = left < AT_ONCE ? (size_t)left : AT_ONCE;
        EX_TRY(block_hasher_run(hasher, data, part * HASHSET_PAGE_BYTES, hash, err));
        for (size_t i = 0; i < part; i++)
            verity_add(tree, hash[i]);
        data += part * HASHSET_PAGE_BYTES;
        left -= part;
    }
    return EX_OK;
}

ex_code hashset_identify(const uint8_t head[static HASHSET_PAGE_BYTES],
                         const struct hashset_entry *entry, uint64_t pages,
                         uint8_t ret[static VERITY_BYTES], struct ex_error *err) {
    EX_AUTO(block_hasher_free) struct block_hasher *hasher = NULL;
    EX_AUTO_FREE struct verity *tree = ex_new0(struct verity);
    uint8_t hash[1][BLOCK_HASH_BYTES];
    verity_start(tree);
    EX_TRY(block_hasher_new(&hasher, err));
    EX_TRY(block_hasher_run(hasher, head, HASHSET_PAGE_BYTES, hash, err));
    verity_add(tree, hash[0]);
    for (uint64_t i = 0; i < pages; i++)
        verity_add(tree, entry[i].sha256);
    EX_TRY(add_index(hasher, tree, entry, pages, err));
    return verity_end(tree, hashset_file_bytes(pages), ret, err);
}
