/* SPDX-License-Identifier: Apache-2.0 */
#include "../crypto/testing.h"

#include "formats/tar_entry.h"

/* What the reader gave, as text, one line for each call. */
struct seen {
    char text[8192];
    size_t used;
};

static void say(struct seen *s, const char *format, ...) EX_PRINTF(2, 3);
static void say(struct seen *s, const char *format, ...) {
    va_list args;
    va_start(args, format);
    s->used += (size_t)vsnprintf(s->text + s->used, sizeof s->text - s->used, format, args);
    va_end(args);
}

static ex_code on_begin(void *context, const struct tar_entry *e, struct ex_error *err) {
    struct seen *s = context;
    (void)err;
    say(s, "%c %s%s%s %llu %o %u %u %lld.%09u %lld.%09u", e->type, e->path,
        e->link != NULL ? " -> " : "", e->link != NULL ? e->link : "",
        (unsigned long long)e->size_bytes, e->mode, e->uid, e->gid, (long long)e->mtime.s,
        e->mtime.ns, (long long)e->ctime.s, e->ctime.ns);
    for (size_t i = 0; i < e->xattr_count; i++)
        say(s, " %s=%zu:%.*s", e->xattr[i].name, e->xattr[i].value_bytes,
            (int)e->xattr[i].value_bytes, (const char *)e->xattr[i].value);
    if (e->type == TAR_ENTRY_BLOCK_DEVICE || e->type == TAR_ENTRY_CHARACTER_DEVICE)
        say(s, " %u:%u", e->major, e->minor);
    say(s, "\n");
    return EX_OK;
}

static ex_code on_data(void *context, uint64_t offset, const uint8_t *data, size_t size,
                       struct ex_error *err) {
    (void)err;
    say(context, "@%llu %.*s\n", (unsigned long long)offset, (int)size, (const char *)data);
    return EX_OK;
}

static ex_code on_end(void *context, struct ex_error *err) {
    (void)err;
    say(context, ".\n");
    return EX_OK;
}

static ex_code read_back(const struct tar_buffer *b, struct seen *s, struct ex_error *err) {
    const struct tar_entry_sink sink = {s, on_begin, on_data, on_end};
    EX_AUTO(tar_entries_free) struct tar_entries *t = NULL;
    EX_TRY(tar_entries_new(&sink, &t, err));
    EX_TRY(tar_entries_feed(t, b->data, b->size_bytes, err));
    return tar_entries_finish(t, err);
}

static void add(struct tar_buffer *b, const char *bytes, size_t size) {
    struct ex_error err = {0};
    assert_code(EX_OK, ex_grow(&b->data, &b->capacity, b->size_bytes + size + 2048, 1, 1 << 24,
                               "a test", &err));
    if (bytes != NULL)
        memcpy(b->data + b->size_bytes, bytes, size);
    else
        memset(b->data + b->size_bytes, 0, size);
    b->size_bytes += size;
}

static void put(struct tar_buffer *b, const struct tar_entry *e, unsigned align,
                const char *content) {
    struct ex_error err = {0};
    uint64_t stored;
    assert_code(EX_OK, tar_entry_render(e, 1, b->size_bytes, align, b, &stored, &err));
    assert_int_equal(stored, content != NULL ? strlen(content) : 0);
    if (content == NULL)
        return;
    if (align > 0)
        assert_int_equal(b->size_bytes % align, 0);
    add(b, content, strlen(content));
    add(b, NULL, -stored & 511);
}

static void test_every_kind(void **state) {
    struct ex_error err = {0};
    struct tar_buffer b = {0};
    struct seen s = {0};
    (void)state;
    static const struct tar_entry_xattr x[] = {{"user.a=b%", (const uint8_t *)"v\0w", 3},
                                               {"user.empty", NULL, 0}};
    assert_code(EX_OK, tar_entry_comment("exhibit-folder/1", &b, &err));
    put(&b, &(struct tar_entry){.type = '5', .path = "content", .mode = 01755, .uid = 3000000}, 0,
        NULL);
    put(&b,
        &(struct tar_entry){.type = '0',
                            .path = "content/a\nb\xff",
                            .mode = 04640,
                            .gid = 7,
                            .size_bytes = 5,
                            .mtime = {true, -1, 500000000},
                            .ctime = {true, -2, 0},
                            .xattr = x,
                            .xattr_count = 2},
        0, "hello");
    put(&b, &(struct tar_entry){.type = '1', .path = "content/h", .link = "content/a\nb\xff"}, 0,
        NULL);
    put(&b,
        &(struct tar_entry){.type = '2', .path = "content/l", .link = "../../etc", .mode = 0777}, 0,
        NULL);
    put(&b, &(struct tar_entry){.type = '4', .path = "content/d", .major = 259, .minor = 70000}, 0,
        NULL);
    put(&b, &(struct tar_entry){.type = '6', .path = "content/f"}, 0, NULL);
    add(&b, NULL, 1024);
    assert_code(EX_OK, read_back(&b, &s, &err));
    assert_string_equal(s.text,
                        "5 content 0 1755 3000000 0 0.000000000 0.000000000\n.\n"
                        "0 content/a\nb\xff 5 4640 0 7 -1.500000000 -2.000000000 "
                        "user.a=b%=3:v user.empty=0:\n@0 hello\n.\n"
                        "1 content/h -> content/a\nb\xff 0 0 0 0 0.000000000 0.000000000\n.\n"
                        "2 content/l -> ../../etc 0 777 0 0 0.000000000 0.000000000\n.\n"
                        "4 content/d 0 0 0 0 0.000000000 0.000000000 259:70000\n.\n"
                        "6 content/f 0 0 0 0 0.000000000 0.000000000\n.\n");
    free(b.data);
}

static void test_sparse(void **state) {
    struct ex_error err = {0};
    struct tar_buffer b = {0};
    struct seen s = {0};
    static const struct tar_entry_range map[] = {{4096, 3}, {8192, 2}, {1 << 20, 0}};
    (void)state;
    put(&b, &(struct tar_entry){.type = '5', .path = "content"}, 0, NULL);
    put(&b,
        &(struct tar_entry){.type = '0',
                            .path = "content/s",
                            .size_bytes = 1 << 20,
                            .sparse = true,
                            .data = map,
                            .data_count = 3},
        4096, "abcde");
    add(&b, NULL, 1024);
    assert_code(EX_OK, read_back(&b, &s, &err));
    assert_non_null(strstr(s.text, "content/s 1048576"));
    assert_non_null(strstr(s.text, "@4096 abc\n@8192 de\n.\n"));
    free(b.data);
}

/* Whatever stands before: bytes begin at a multiple, and the extended header has the length that
 * it says. */
static void test_alignment(void **state) {
    struct ex_error err = {0};
    (void)state;
    for (size_t path_bytes = 1; path_bytes < 1400; path_bytes++) {
        struct tar_buffer b = {0};
        struct seen *s = ex_new0(struct seen);
        char path[1500] = "content/";
        for (size_t i = 0; i < path_bytes; i++)
            path[8 + i] = i % 200 == 199 ? '/' : 'p';
        if (path[7 + path_bytes] == '/')
            path[7 + path_bytes] = 'q';
        add(&b, NULL, 0);
        put(&b, &(struct tar_entry){.type = '0', .path = path, .size_bytes = 3}, 4096, "abc");
        add(&b, NULL, 1024);
        assert_code(EX_OK, read_back(&b, s, &err));
        free(b.data);
        free(s);
    }
}

static void refuses(ex_code code, const struct tar_entry *e) {
    struct ex_error err = {0};
    struct tar_buffer b = {0};
    struct seen s = {0};
    uint64_t stored;
    assert_code(EX_OK, tar_entry_render(e, 1, 0, 0, &b, &stored, &err));
    add(&b, NULL, 1024);
    assert_code(code, read_back(&b, &s, &err));
    assert_string_equal(s.text, "");
    free(b.data);
}

static void test_hostile(void **state) {
    static const char *const paths[] = {
        "/etc/passwd", "..",       "content/../x", "content//x", "content/./x",
        "exhibit",     "contents", "content/x/..", "a",          "exhibit/../content"};
    char part[400] = "content/";
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        refuses(EX_FORMAT, &(struct tar_entry){.type = '0', .path = paths[i]});
    memset(part + 8, 'x', 256);
    refuses(EX_FORMAT, &(struct tar_entry){.type = '0', .path = part});
    refuses(EX_FORMAT,
            &(struct tar_entry){.type = '1', .path = "content/a", .link = "/etc/passwd"});
    refuses(EX_FORMAT,
            &(struct tar_entry){.type = '1', .path = "content/a", .link = "content/../b"});
    refuses(EX_FORMAT, &(struct tar_entry){.type = '7', .path = "content/a"});
    static const struct tar_entry_range outside[] = {{0, 10}, {5, 10}};
    refuses(EX_FORMAT, &(struct tar_entry){.type = '0',
                                           .path = "content/a",
                                           .size_bytes = 100,
                                           .sparse = true,
                                           .data = outside,
                                           .data_count = 2});
}

static void test_cut_short(void **state) {
    struct ex_error err = {0};
    struct tar_buffer b = {0};
    (void)state;
    put(&b,
        &(struct tar_entry){
            .type = '0', .path = "content/a", .size_bytes = 5, .mtime = {true, 1, 1}},
        0, "hello");
    add(&b, NULL, 1024);
    size_t whole = b.size_bytes;
    for (b.size_bytes = 0; b.size_bytes < whole; b.size_bytes++) {
        struct seen s = {0};
        assert_code(EX_ALTERED, read_back(&b, &s, &err));
    }
    free(b.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind), cmocka_unit_test(test_sparse),
        cmocka_unit_test(test_alignment),  cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
