/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_ewf.h"

static const struct ewf_form SMALL = {
    .sector_bytes = 512,
    .physical = true,
    .segment_bytes = EWF_ROOM,
    .table_entries = EWF_TABLE_ENTRIES_MAX,
};

static struct ewf_form form_of(uint64_t size) {
    struct ewf_form form = SMALL;
    form.size_bytes = size;
    form.sector_bytes = size % 512 == 0 ? 512 : 1;
    return form;
}

/* Text, noise, runs of one value, each of them some 100 KB. */
static uint8_t *make_content(size_t size) {
    uint8_t *data = malloc(size + 1);
    uint32_t x = 12345;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        size_t part = i / 100000 % 4;
        data[i] = part == 0   ? (uint8_t)("what somebody wrote; "[i % 21])
                  : part == 1 ? (uint8_t)(x >> 24)
                              : (uint8_t)(part == 2 ? 0 : 0xFF);
    }
    return data;
}

static void write_whole(const struct ewf_form *form, const uint8_t *data, size_t step,
                        struct ewf_files *files, struct ewf_written *ret) {
    struct ex_error err;
    const struct ewf_sink sink = files_sink(files);
    struct ewf_writer *w = NULL;
    assert_code(EX_OK, ewf_writer_new(form, &sink, &w, &err));
    for (size_t at = 0, part; at < form->size_bytes; at += part) {
        part = form->size_bytes - at < step ? (size_t)form->size_bytes - at : step;
        assert_code(EX_OK, ewf_writer_add(w, data + at, part, &err));
    }
    assert_code(EX_OK, ewf_writer_finish(w, ret, &err));
    ewf_writer_free(w);
    assert_int_equal(ret->segments, files->count);
}

static void round_trip(const struct ewf_form *form, size_t step, struct ewf_seen *s) {
    struct ewf_files files = {0};
    struct ewf_written written;
    uint8_t *data = make_content((size_t)form->size_bytes), sha256[SHA256_BYTES];
    write_whole(form, data, step, &files, &written);
    see(&files, s);
    assert_int_equal(s->content_bytes, form->size_bytes);
    assert_memory_equal(s->content, data, (size_t)form->size_bytes);
    assert_memory_equal(s->md5, written.md5, sizeof written.md5);
    assert_memory_equal(s->sha1, written.sha1, sizeof written.sha1);
    sha256_of(data, (size_t)form->size_bytes, sha256);
    assert_memory_equal(sha256, written.sha256, sizeof sha256);
    for (unsigned i = 0; i < files.count; i++)
        assert_true(files.file[i].size <= form->segment_bytes);
    files_clear(&files);
    free(s->content);
    s->content = NULL;
    free(data);
}

static void names(void **state) {
    static const struct {
        unsigned segment;
        const char *extension;
    } known[] = {{1, "E01"},   {9, "E09"},   {99, "E99"},  {100, "EAA"},  {125, "EAZ"},
                 {126, "EBA"}, {775, "EZZ"}, {776, "FAA"}, {14971, "ZZZ"}};
    char extension[EWF_EXTENSION_BYTES];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        ewf_segment_extension(known[i].segment, extension);
        assert_string_equal(extension, known[i].extension);
    }
}

static void one_segment(void **state) {
    struct ewf_form form = form_of(1500160);
    struct ewf_seen *s = calloc(1, sizeof *s);
    round_trip(&form, 70000, s);
    assert_string_equal(s->sections, "header2 header2 header volume sectors table table2 data "
                                     "digest hash done ");
    assert_int_equal(s->chunk_bytes, 32768);
    assert_int_equal(s->chunks, 46);
    assert_true(s->plain > 5 && s->compressed > 20); /* noise stays as it is */
    free(s);
}

static void segments(void **state) {
    struct ewf_form form = form_of(6000128);
    struct ewf_seen *s = calloc(1, sizeof *s);
    form.segment_bytes = EWF_SEGMENT_BYTES_MIN;
    round_trip(&form, 1 << 20, s);
    assert_string_equal(s->sections, "header2 header2 header volume sectors table table2 next "
                                     "| data sectors table table2 digest hash done ");
    free(s);
}

static void small_tables(void **state) {
    struct ewf_form form = form_of(32768 * 7 + 1024);
    struct ewf_seen *s = calloc(1, sizeof *s);
    form.table_entries = 3;
    round_trip(&form, 5000, s);
    assert_string_equal(s->sections, "header2 header2 header volume sectors table table2 sectors "
                                     "table table2 sectors table table2 data digest hash done ");
    free(s);
}

static void odd_sizes(void **state) {
    static const size_t sizes[] = {1,       2,       511,     513,           4097,
                                   32767,   32768,   32769,   65536,         1048575,
                                   1048576, 1048577, 2 << 20, 3145728 + 512, 3145728 + 32768 + 3};
    struct ewf_seen *s = calloc(1, sizeof *s);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct ewf_form form = form_of(sizes[i]);
        round_trip(&form, 1 << 22, s);
        assert_int_equal(s->sector_bytes, sizes[i] % 512 == 0 ? 512 : 1);
        assert_int_equal(s->chunk_bytes, 32768);
    }
    free(s);
}

static void nothing(void **state) {
    struct ewf_form form = form_of(0);
    struct ewf_seen *s = calloc(1, sizeof *s);
    round_trip(&form, 1, s);
    assert_string_equal(s->sections, "header2 header2 header volume data digest hash done ");
    free(s);
}

static void large_sectors(void **state) {
    struct ewf_form form = form_of(4096 * 300);
    struct ewf_seen *s = calloc(1, sizeof *s);
    form.sector_bytes = 4096;
    round_trip(&form, 33333, s);
    assert_int_equal(s->chunk_bytes, 262144);
    assert_int_equal(s->sectors, 300);
    free(s);
}

static void hashes(void **state) {
    static const char md5[] = "900150983cd24fb0d6963f7d28e17f72",
                      sha1[] = "a9993e364706816aba3e25717850c26c9cd0d89d";
    struct ewf_form form = form_of(3);
    struct ewf_files files = {0};
    struct ewf_written written;
    char hex[65];
    write_whole(&form, (const uint8_t *)"abc", 1, &files, &written);
    assert_string_equal(ex_hex(hex, written.md5, 16), md5);
    assert_string_equal(ex_hex(hex, written.sha1, 20), sha1);
    files_clear(&files);
}

/* Noise is stored as it is; noise that repeats itself, or has a bias, is not taken for it. */
static void noise(void **state) {
    enum { CHUNK = 32768 };
    struct ewf_form form = form_of(4 * CHUNK);
    struct ewf_files files = {0};
    struct ewf_written written;
    struct ewf_seen *s = calloc(1, sizeof *s);
    uint8_t *data = malloc(4 * CHUNK);
    uint32_t x = 99;
    for (size_t i = 0; i < 4 * CHUNK; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (uint8_t)(x >> 24);
        if (i / CHUNK == 1)
            data[i] = data[i % 1024];
        if (i / CHUNK == 2)
            data[i] &= 0x7F;
        if (i / CHUNK == 3 && i % CHUNK < CHUNK / 8)
            data[i] = 'x';
    }
    write_whole(&form, data, CHUNK, &files, &written);
    see(&files, s);
    assert_int_equal(s->plain, 1);
    assert_int_equal(s->compressed, 3);
    assert_memory_equal(s->content, data, 4 * CHUNK);
    files_clear(&files);
    free(s->content);
    free(s);
    free(data);
}

/* The same image, whether a run comes as bytes or is described. */
static void constants(void **state) {
    struct ex_error err;
    const size_t before = 700, run = (5 << 20) + 12345, behind = 3 << 20;
    struct ewf_form form = form_of(before + run + behind);
    struct ewf_files plain = {0}, described = {0};
    struct ewf_written a, b;
    const struct ewf_sink sink = files_sink(&described);
    struct ewf_writer *w = NULL;
    uint8_t *data = malloc((size_t)form.size_bytes);
    for (unsigned value = 0; value < 256; value += 85) {
        memset(data, 'x', before);
        memset(data + before, (int)value, run);
        memset(data + before + run, 0x11, behind);
        write_whole(&form, data, 1 << 20, &plain, &a);
        assert_code(EX_OK, ewf_writer_new(&form, &sink, &w, &err));
        assert_code(EX_OK, ewf_writer_add(w, data, before, &err));
        assert_code(EX_OK, ewf_writer_add_constant(w, (uint8_t)value, run, &err));
        assert_code(EX_OK, ewf_writer_add_constant(w, 0x11, behind, &err));
        assert_code(EX_OK, ewf_writer_finish(w, &b, &err));
        ewf_writer_free(w);
        assert_memory_equal(&a, &b, sizeof a);
        assert_int_equal(plain.count, described.count);
        assert_int_equal(plain.file[0].size, described.file[0].size);
        assert_memory_equal(plain.file[0].data, described.file[0].data, plain.file[0].size);
        files_clear(&plain);
        files_clear(&described);
    }
    free(data);
}

static void unread(void **state) {
    static const struct ewf_range ranges[] = {{0, 512}, {1000, 24}, {1024, 100}, {40960, 8192}};
    struct ewf_form form = form_of(65536);
    struct ewf_seen *s = calloc(1, sizeof *s);
    form.unread = ranges;
    form.unread_count = 4;
    round_trip(&form, 4096, s);
    assert_string_equal(s->sections, "header2 header2 header volume sectors table table2 data "
                                     "error2 digest hash done ");
    assert_int_equal(s->bad_count, 4);
    static const uint32_t expected[][2] = {{0, 1}, {1, 1}, {2, 1}, {80, 16}}; /* whole sectors */
    assert_memory_equal(s->bad, expected, sizeof expected);
    free(s);
}

/* What 32 bits cannot name is not in the image, and that is said. */
static void unread_too_far(void **state) {
    static const struct ewf_range ranges[] = {{512, 512}, {UINT64_C(512) << 32, 512}};
    struct ewf_form form = form_of(65536);
    struct ewf_files files = {0};
    struct ewf_written written;
    uint8_t *data = make_content(65536);
    struct ewf_seen *s = calloc(1, sizeof *s);
    form.unread = ranges;
    form.unread_count = 2;
    write_whole(&form, data, 65536, &files, &written);
    assert_int_equal(written.unread_listed, 1);
    see(&files, s);
    assert_int_equal(s->bad_count, 1);
    free(s->content);
    free(s);
    free(data);
    files_clear(&files);
}

static void unread_too_many(void **state) {
    const size_t many = EWF_ERRORS_MAX + 10;
    struct ewf_range *ranges = calloc(many, sizeof *ranges);
    struct ewf_form form = form_of(many * 1024);
    struct ewf_files files = {0};
    struct ewf_written written;
    struct ex_error err;
    struct ewf_writer *w = NULL;
    const struct ewf_sink sink = files_sink(&files);
    for (size_t i = 0; i < many; i++)
        ranges[i] = (struct ewf_range){i * 1024, 512};
    form.unread = ranges;
    form.unread_count = many;
    form.segment_bytes = EWF_SEGMENT_BYTES_MIN;
    assert_code(EX_OK, ewf_writer_new(&form, &sink, &w, &err));
    assert_code(EX_OK, ewf_writer_add_constant(w, 0, form.size_bytes, &err));
    assert_code(EX_OK, ewf_writer_finish(w, &written, &err));
    ewf_writer_free(w);
    assert_int_equal(written.unread_listed, EWF_ERRORS_MAX);
    struct ewf_seen *s = calloc(1, sizeof *s);
    see(&files, s);
    assert_int_equal(s->bad_count, EWF_ERRORS_MAX);
    for (unsigned i = 0; i < files.count; i++)
        assert_true(files.file[i].size <= form.segment_bytes);
    free(s->content);
    free(s);
    free(ranges);
    files_clear(&files);
}

static void limits(void **state) {
    struct ex_error err;
    struct ewf_form form = form_of(512);
    form.size_bytes = UINT64_C(20) << 30;
    form.segment_bytes = EWF_SEGMENT_BYTES_MIN;
    assert_code(EX_LIMIT, ewf_form_check(&form, &err));
    assert_true(strstr(err.text, "names for 14971") != NULL);
    form.segment_bytes = UINT64_C(2000) << 20;
    assert_code(EX_OK, ewf_form_check(&form, &err));
    form.size_bytes = UINT64_C(28) << 40; /* 14971 segments of 2000 MiB are 28.5 TiB */
    assert_code(EX_OK, ewf_form_check(&form, &err));
    form.size_bytes = UINT64_C(29) << 40;
    assert_code(EX_LIMIT, ewf_form_check(&form, &err));
    form.segment_bytes = UINT64_C(1) << 40;
    form.size_bytes = UINT64_C(127) << 40;
    assert_code(EX_OK, ewf_form_check(&form, &err));
    form.size_bytes = UINT64_C(128) << 40;
    assert_code(EX_LIMIT, ewf_form_check(&form, &err));
    form.size_bytes = 513;
    assert_code(EX_USAGE, ewf_form_check(&form, &err));
    form.size_bytes = 512;
    form.segment_bytes = EWF_SEGMENT_BYTES_MIN - 1;
    assert_code(EX_USAGE, ewf_form_check(&form, &err));
}

static void wrong_sizes(void **state) {
    struct ex_error err;
    struct ewf_form form = form_of(1024);
    struct ewf_files files = {0};
    const struct ewf_sink sink = files_sink(&files);
    struct ewf_writer *w = NULL;
    struct ewf_written written;
    assert_code(EX_OK, ewf_writer_new(&form, &sink, &w, &err));
    assert_code(EX_OK, ewf_writer_add_constant(w, 1, 1023, &err));
    assert_code(EX_ALTERED, ewf_writer_add(w, (const uint8_t *)"ab", 2, &err));
    ewf_writer_free(w);
    files_clear(&files);
    w = NULL;
    assert_code(EX_OK, ewf_writer_new(&form, &sink, &w, &err));
    assert_code(EX_OK, ewf_writer_add_constant(w, 1, 1023, &err));
    assert_code(EX_ALTERED, ewf_writer_finish(w, &written, &err));
    ewf_writer_free(w);
    files_clear(&files);
}

/* Whichever write fails, the failure comes up, and nothing hangs or leaks. */
static void full_disk(void **state) {
    struct ex_error err;
    struct ewf_form form = form_of(3000320);
    uint8_t *data = make_content((size_t)form.size_bytes);
    bool failed = true;
    form.segment_bytes = EWF_SEGMENT_BYTES_MIN;
    for (int at = 1; failed; at++) {
        struct ewf_files files = {.fail_at = at};
        const struct ewf_sink sink = files_sink(&files);
        struct ewf_writer *w = NULL;
        struct ewf_written written;
        err = (struct ex_error){0};
        ex_code code = ewf_writer_new(&form, &sink, &w, &err);
        if (code == EX_OK)
            code = ewf_writer_add(w, data, form.size_bytes, &err);
        if (code == EX_OK)
            code = ewf_writer_finish(w, &written, &err);
        failed = files.writes >= at;
        assert_int_equal(code, failed ? EX_SPACE : EX_OK);
        ewf_writer_free(w);
        files_clear(&files);
    }
    free(data);
}

/* ---- texts ---- */

static void assert_wide(const struct ewf_seen *s, const char *ascii) {
    size_t size = strlen(ascii);
    uint8_t *wide = calloc(2, size + 1);
    for (size_t i = 0; i < size; i++)
        wide[2 * i] = (uint8_t)ascii[i];
    if (memmem(s->header2, s->header2_size, wide, 2 * size) == NULL)
        fail_msg("header2 has no \"%s\"", ascii);
    free(wide);
}

static void assert_narrow(const struct ewf_seen *s, const char *text) {
    if (memmem(s->header, s->header_size, text, strlen(text)) == NULL)
        fail_msg("header has no \"%s\" but: %s", text, (const char *)s->header);
}

static void texts(void **state) {
    struct ewf_form form = form_of(512);
    struct ewf_seen *s = calloc(1, sizeof *s);
    form.texts = (struct ewf_texts){
        .case_number = "case\t7\r\n",
        .evidence_number = "7/1",
        .description = "caf\xc3\xa9 \xf0\x9f\x92\xbe \xff",
        .examiner = "An Officer",
        .notes = "x",
        .program = "a name too long",
        .system = "123456789012345678901234",
        .acquired_s = 1795438773,
    };
    round_trip(&form, 512, s);
    assert_int_equal(s->header2[0], 0xFF);
    assert_int_equal(s->header2[1], 0xFE);
    assert_wide(s, "3\nmain\na\tc\tn\te\tt\tmd\tsn\tav\tov\tm\tu\tp\tdc\ncaf");
    assert_wide(s, "\tcase 7  \t7/1\tAn Officer\tx\t\t\ta name too \t12345678901234567890123\t"
                   "1795438773\t1795438773\t0\t\n\nsrce\n0\t1\n");
    static const uint8_t disk[] = {0xE9, 0, ' ', 0, 0x3D, 0xD8, 0xBE, 0xDC, ' ', 0, 0xFD, 0xFF};
    assert_non_null(memmem(s->header2, s->header2_size, disk, sizeof disk));
    assert_narrow(s,
                  "1\r\nmain\r\nc\tn\ta\te\tt\tav\tov\tm\tu\tp\r\n"
                  "case 7  \t7/1\tcaf? ? ?\tAn Officer\tx\ta name too \t"
                  "12345678901234567890123\t2026 11 23 12 59 33\t2026 11 23 12 59 33\t0\r\n\r\n");
    free(s);
}

static void long_text(void **state) {
    struct ewf_form form = form_of(512);
    struct ewf_seen *s = calloc(1, sizeof *s);
    char *notes = malloc(20000);
    memset(notes, 'n', 20000);
    notes[19999] = '\0';
    form.texts.notes = notes;
    round_trip(&form, 512, s);
    notes[EWF_TEXT_CHARS_MAX + 1] = '\0';
    assert_null(memmem(s->header, s->header_size, notes, EWF_TEXT_CHARS_MAX + 1));
    notes[EWF_TEXT_CHARS_MAX] = '\0';
    assert_narrow(s, notes);
    assert_wide(s, notes);
    free(notes);
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),          cmocka_unit_test(one_segment),
        cmocka_unit_test(segments),       cmocka_unit_test(small_tables),
        cmocka_unit_test(odd_sizes),      cmocka_unit_test(nothing),
        cmocka_unit_test(large_sectors),  cmocka_unit_test(hashes),
        cmocka_unit_test(constants),      cmocka_unit_test(unread),
        cmocka_unit_test(unread_too_far), cmocka_unit_test(unread_too_many),
        cmocka_unit_test(limits),         cmocka_unit_test(wrong_sizes),
        cmocka_unit_test(full_disk),      cmocka_unit_test(texts),
        cmocka_unit_test(long_text),      cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
