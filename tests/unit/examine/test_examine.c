/* SPDX-License-Identifier: Apache-2.0 */
/* What an examination promises, with examiners that do what they should not. */
#include "../vault/testing_vault.h"

#include "examine/examine.h"
#include "formats/trace_line.h"

#include <jansson.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/mman.h>

enum { OBJECT_BYTES = 200000, FILES_AT = 100000 };

struct scene {
    struct place place;
    struct vault_object_info object;
    struct examine_report report;
    struct examine_options options;
    json_t *lines; /* an array */
    char *text;
    size_t text_bytes;
};

static const uint8_t ITEM[EXAMINE_ID_BYTES] = {1, 2, 3};

static int make_scene(void **state) {
    struct scene *s = ex_new0(struct scene);
    make_place_under(&s->place, "/tmp");
    s->options = (struct examine_options){
        .item_id = ITEM, .program = TOY, .workers = 2, .profile = EXAMINE_STANDARD};
    *state = s;
    return 0;
}

static void forget(struct scene *s) {
    json_decref(s->lines);
    free(s->text);
    s->lines = NULL;
    s->text = NULL;
}

static int remove_scene(void **state) {
    struct scene *s = *state;
    forget(s);
    vault_object_info_clear(&s->object);
    vault_close(s->place.v);
    remove_tree(s->place.root);
    free(s);
    return 0;
}

/* The byte at a place of what the files are made of. */
static uint8_t byte_at(size_t i) {
    return (uint8_t)(i * 31 + i / 977);
}

/* An object that begins with this text and has bytes for files behind it. */
static void hold(struct scene *s, const char *text) {
    EX_AUTO_FREE uint8_t *bytes = calloc(1, OBJECT_BYTES);
    memcpy(bytes, text, strlen(text));
    for (size_t i = FILES_AT; i < OBJECT_BYTES; i++)
        bytes[i] = byte_at(i);
    vault_object_info_clear(&s->object);
    put_bytes(&s->place, bytes, OBJECT_BYTES, &s->object, NULL);
}

/* Whatever is told, a reader that takes nothing but what the page describes takes it. */
static void must_be_taken(const char *line, size_t size) {
    static const char head[] = "{\"exhibit_traces\":", end[] = "{\"end\":";
    struct trace_line l;
    if (strncmp(line, head, sizeof head - 1) == 0 || strncmp(line, end, sizeof end - 1) == 0)
        return;
    char *texts = malloc(size);
    if (!trace_line_read(line, size, texts, &l))
        fail_msg("is not as traces.md says: %.*s", (int)size, line);
    free(texts);
}

static ex_code examine(struct scene *s, struct ex_error *err) {
    int fd = memfd_create("traces", MFD_CLOEXEC);
    forget(s);
    assert_true(fd >= 0);
    ex_code code = examine_run(s->place.v, &s->object, &s->options, fd, NULL, &s->report, err);
    off_t size = lseek(fd, 0, SEEK_END);
    s->text_bytes = (size_t)size;
    s->text = calloc(1, s->text_bytes + 1);
    assert_int_equal(pread(fd, s->text, s->text_bytes, 0), size);
    close(fd);
    s->lines = json_array();
    for (char *at = s->text, *end; code == EX_OK && (end = strchr(at, '\n')) != NULL;
         at = end + 1) {
        json_error_t why;
        json_t *line = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES, &why);
        if (line == NULL)
            fail_msg("%s in: %.*s", why.text, (int)(end - at), at);
        json_array_append_new(s->lines, line);
        must_be_taken(at, (size_t)(end - at));
    }
    return code;
}

static void examine_text(struct scene *s, const char *text) {
    struct ex_error err = {0};
    hold(s, text);
    assert_code(EX_OK, examine(s, &err));
}

static const char *text_of(json_t *line, const char *key) {
    const char *text = json_string_value(json_object_get(line, key));
    return text != NULL ? text : "";
}

/* The trace of this name; NULL: there is none. */
static json_t *named(struct scene *s, const char *name) {
    json_t *line;
    size_t i;
    json_array_foreach(s->lines, i, line) {
        if (strcmp(text_of(line, "name"), name) == 0)
            return line;
    }
    return NULL;
}

static json_t *problem(struct scene *s, const char *reason) {
    json_t *line;
    size_t i;
    json_array_foreach(s->lines, i, line) {
        if (strcmp(text_of(json_object_get(line, "error"), "reason"), reason) == 0)
            return line;
    }
    return NULL;
}

/* ---- what is found ---- */

static void files_are_hashed_where_they_lie(void **state) {
    struct scene *s = *state;
    uint8_t hash[SHA256_BYTES], bytes[3000];
    char hex[SHA256_HEX_BYTES];
    examine_text(s, "toy\nroot file a 150000 3000\nroot folder d sub\nsub bytes b hello\n"
                    "sub file holed 120000 10 5000\nroot file again 150000 3000\n");
    json_t *a = named(s, "a"), *b = named(s, "b"), *holed = named(s, "holed");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = byte_at(150000 + i);
    sha256_of(bytes, sizeof bytes, hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    assert_string_equal(text_of(a, "sha256"), hex);
    assert_string_equal(text_of(named(s, "again"), "sha256"), hex);
    assert_string_equal(text_of(a, "content_key"), text_of(named(s, "again"), "content_key"));
    assert_int_equal(s->report.remembered, 1);
    assert_string_equal(text_of(b, "sha256"),
                        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_int_equal(json_integer_value(json_object_get(holed, "size")), 5010);
    memset(bytes, 0, sizeof bytes);
    struct sha256 h;
    sha256_start(&h);
    for (size_t i = 0; i < 10; i++)
        bytes[i] = byte_at(120000 + i);
    sha256_add(&h, bytes, 3000);
    memset(bytes, 0, sizeof bytes);
    sha256_add(&h, bytes, 2010);
    sha256_end(&h, hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    assert_string_equal(text_of(holed, "sha256"), hex);
    json_t *time = json_array_get(json_object_get(a, "times"), 0);
    assert_string_equal(text_of(time, "time"), "2001-09-09T01:46:40.0000005Z");
    json_t *attributes = json_object_get(a, "attributes");
    assert_string_equal(text_of(attributes, "owner"), "\xef\xbf\xbd\"x");
    assert_string_equal(text_of(attributes, "owner_base64"), "/yJ4");
    assert_int_equal(s->report.files, 4);
    assert_int_equal(s->report.directories, 1);
}

static void what_is_said_fits_into_a_line(void **state) {
    struct scene *s = *state;
    examine_text(s, "toy\nroot talk a\n");
    json_t *a = named(s, "a"), *attributes = json_object_get(a, "attributes");
    assert_string_equal(text_of(attributes, "twice"), ",\"key1\":");
    assert_non_null(json_object_get(attributes, "key1"));
    assert_true(json_object_size(attributes) > 100);
    assert_true(json_object_size(attributes) <= TRACE_LINE_ATTRIBUTES_MAX);
    assert_true(json_is_true(json_object_get(a, "said_in_part")));
}

/* traces.md §3, computed a second time. */
static void ids_follow_from_the_page(void **state) {
    struct scene *s = *state;
    uint8_t id[16], hash[SHA256_BYTES];
    char hex[33];
    struct sha256 h;
    examine_text(s, "toy\nroot record x 5\n");
    memcpy(id, s->object.id, sizeof id);
    const char *const way[] = {"toy", "x"};
    for (size_t i = 0; i < 2; i++) {
        sha256_start(&h);
        sha256_add(&h, "exhibit-trace-v1\0", 17);
        sha256_add(&h, id, sizeof id);
        sha256_add(&h, "files\0", 6);
        sha256_add(&h, way[i], strlen(way[i]));
        sha256_end(&h, hash);
        memcpy(id, hash, sizeof id);
    }
    sodium_bin2hex(hex, sizeof hex, id, sizeof id);
    assert_string_equal(text_of(named(s, "x"), "id"), hex);
}

static void volumes_are_looked_into(void **state) {
    struct scene *s = *state;
    char text[FILES_AT] = "volumes\n40960 5000\n50000 5000\n";
    struct ex_error err;
    memset(text + strlen(text), '\n', 40960 - strlen(text));
    strcpy(text + 40960, "toy\nroot file a 0 4\n");
    hold(s, text);
    assert_code(EX_OK, examine(s, &err));
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    sha256_of("toy\n", 4, hash); /* its first bytes: places count from the volume on */
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    assert_string_equal(text_of(named(s, "a"), "sha256"), hex);
    assert_int_equal(json_integer_value(json_array_get(
                         json_array_get(json_object_get(named(s, "a"), "ranges"), 0), 0)),
                     40960);
    assert_int_equal(s->report.problems[EXAMINE_UNSUPPORTED], 1); /* the second volume */
}

static void orphans_that_have_a_name_are_told_once(void **state) {
    struct scene *s = *state;
    examine_text(s,
                 "toy\nlost orphan nameless 7\nlost orphan twice 8\nroot record twice-named 8\n");
    assert_non_null(named(s, "nameless"));
    assert_non_null(named(s, "twice-named"));
    assert_null(named(s, "twice"));
    assert_string_equal(text_of(named(s, "nameless"), "state"), "orphan");
}

static void the_same_key_twice_stays_two_traces(void **state) {
    struct scene *s = *state;
    json_t *line;
    size_t i, found = 0;
    examine_text(s, "toy\nroot record x 5\nroot record x 6\n");
    json_array_foreach(s->lines, i, line) {
        found += strcmp(text_of(line, "key"), "x") == 0 || strcmp(text_of(line, "key"), "x~2") == 0;
    }
    assert_int_equal(found, 2);
}

static void what_is_reused_is_not_hashed(void **state) {
    struct scene *s = *state;
    examine_text(s, "toy\nroot reused old 150000 10\n");
    assert_string_equal(text_of(named(s, "old"), "not_hashed"), "deleted");
    assert_string_equal(text_of(named(s, "old"), "sha256"), "");
    assert_string_equal(text_of(named(s, "old"), "state"), "deleted");
}

static void triage_hashes_nothing(void **state) {
    struct scene *s = *state;
    s->options.profile = EXAMINE_TRIAGE;
    examine_text(s, "toy\nroot file a 150000 3000\nroot bytes b hello\n");
    assert_string_equal(text_of(named(s, "a"), "not_hashed"), "profile");
    assert_string_equal(text_of(named(s, "b"), "not_hashed"), "profile");
    assert_int_equal(s->report.hashed, 0);
}

static json_t *parent_of(struct scene *s, json_t *trace) {
    return json_array_get(s->lines, (size_t)json_integer_value(json_object_get(trace, "parent")));
}

static void archives_are_looked_into(void **state) {
    struct scene *s = *state;
    examine_text(
        s,
        "toy\nroot bytes outer 7z\274\257\047\034a3:xyzb11:7z\274\257\047\034c2:zzd1:q\nroot bytes other hello\n");
    assert_string_equal(text_of(named(s, "a"), "kind"), "member");
    assert_string_equal(text_of(parent_of(s, named(s, "a")), "name"), "outer");
    assert_string_equal(text_of(parent_of(s, named(s, "c")), "name"), "b");
    assert_string_equal(text_of(parent_of(s, named(s, "d")), "name"), "outer");
    assert_int_equal(json_integer_value(json_object_get(named(s, "c"), "size")), 2);
    assert_string_equal(text_of(named(s, "a"), "sha256"),
                        "3608bca1e44ea6c4d268eb6db02260269892c0b42b86bbf1e77a6fa16c3c9282");
    assert_non_null(named(s, "other"));
    assert_int_equal(s->report.parser[2].jobs, 2);
}

static void files_of_the_object_are_looked_into(void **state) {
    struct scene *s = *state;
    char text[FILES_AT] = "toy\nroot file outer 50000 19\n";
    struct ex_error err;
    memset(text + strlen(text), '\n', 50000 - strlen(text));
    memcpy(text + 50000, "7z\274\257\047\034a3:xyzb5:world", 20);
    hold(s, text);
    assert_code(EX_OK, examine(s, &err));
    assert_string_equal(text_of(parent_of(s, named(s, "a")), "name"), "outer");
    assert_non_null(problem(s, "damaged")); /* the last byte is not part of it */
}

static void what_is_inside_harms_nothing_else(void **state) {
    struct scene *s = *state;
    examine_text(
        s,
        "toy\nroot bytes one 7z\274\257\047\034a3:xyzX1:x\nroot bytes two 7z\274\257\047\034Z4:more\n"
        "root bytes three 7z\274\257\047\034c13:7z\274\257\047\034d1:yX0:e1:f\nroot bytes last hello\n");
    assert_non_null(named(s, "last"));
    assert_non_null(named(s, "a"));
    assert_non_null(named(s, "d"));
    assert_non_null(named(s, "e"));
    assert_int_equal(s->report.problems[EXAMINE_CRASHED], 2);
    assert_int_equal(s->report.problems[EXAMINE_TOO_LARGE], 1);
    assert_string_equal(text_of(named(s, "Z"), "sha256"), "");
}

/* ---- what goes wrong ---- */

static void loops_end(void **state) {
    struct scene *s = *state;
    examine_text(s, "toy\nroot folder d sub\nsub folder up root\nsub folder self sub\n");
    assert_non_null(named(s, "up"));
    assert_non_null(named(s, "self"));
    assert_int_equal(s->report.problems[EXAMINE_DAMAGED], 2);
}

static void a_crash_costs_its_own_folder(void **state) {
    struct scene *s = *state;
    examine_text(s, "toy\nroot folder bad bad\nroot folder good good\nroot folder worse worse\n"
                    "bad crash x\ngood bytes fine hello\nworse nonsense\nroot problem p\n");
    assert_non_null(named(s, "fine"));
    json_t *crash = problem(s, "crashed"), *bad = named(s, "bad");
    assert_non_null(crash);
    assert_string_equal(text_of(json_array_get(s->lines, (size_t)json_integer_value(
                                                             json_object_get(crash, "parent"))),
                                "id"),
                        text_of(bad, "id"));
    assert_non_null(problem(s, "damaged"));
    assert_string_equal(text_of(json_object_get(problem(s, "unsupported"), "error"), "text"),
                        "a kind of thing that nobody knows?");
    assert_int_equal(s->report.problems[EXAMINE_CRASHED], 1);
}

static void what_hangs_is_ended(void **state) {
    struct scene *s = *state;
    s->options.step_ms = 300;
    examine_text(s, "toy\nroot folder bad bad\nroot folder good good\nbad hang x\n"
                    "good bytes fine hello\n");
    assert_non_null(named(s, "fine"));
    assert_non_null(problem(s, "too-long"));
}

static void what_nobody_knows_is_said(void **state) {
    struct scene *s = *state;
    examine_text(s, "neither of them");
    assert_non_null(problem(s, "unsupported"));
    assert_int_equal(s->report.traces, 1);
}

static char *many_folders(bool slow) {
    char *text = malloc(FILES_AT), *at = text;
    at += sprintf(at, "toy\n");
    for (int i = 0; i < 300; i++)
        at += sprintf(at,
                      "root folder d%d s%d\ns%d bytes b%d hello%d\ns%d folder e%d t%d\n"
                      "t%d file f%d %d 100\n",
                      i, i, i, i, i, i, i, i, i, i, 100000 + 100 * i);
    if (slow)
        for (int i = 0; i < 300; i += 3)
            at += sprintf(at, "s%d slow\n", i);
    return text;
}

static void the_number_of_workers_does_not_show(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    EX_AUTO_FREE char *text = many_folders(false), *first = NULL;
    hold(s, text);
    for (unsigned workers = 1; workers <= 5; workers++) {
        s->options.workers = workers;
        assert_code(EX_OK, examine(s, &err));
        if (first == NULL)
            first = strdup(s->text);
        assert_string_equal(first, s->text);
    }
    assert_int_equal(s->report.directories, 600);
}

static atomic_bool killing;
static unsigned killed;

/* Kills children of this process. */
static void *kill_workers(void *context) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    while (atomic_load(&killing)) {
        FILE *f = fopen(path, "r");
        int pid;
        while (f != NULL && fscanf(f, "%d", &pid) == 1)
            killed += kill(pid, SIGKILL) == 0 ? 1 : 0;
        if (f != NULL)
            fclose(f);
        struct timespec ts = {0, 150000000};
        (void)nanosleep(&ts, NULL);
    }
    return context;
}

static void killed_workers_do_not_show(void **state) {
    struct scene *s = *state;
    struct ex_error err;
    pthread_t thread;
    EX_AUTO_FREE char *text = many_folders(true), *first = NULL;
    hold(s, text);
    assert_code(EX_OK, examine(s, &err));
    first = strdup(s->text);
    atomic_store(&killing, true);
    assert_int_equal(pthread_create(&thread, NULL, kill_workers, NULL), 0);
    ex_code code = examine(s, &err);
    atomic_store(&killing, false);
    pthread_join(thread, NULL);
    assert_code(EX_OK, code);
    assert_string_equal(first, s->text);
}

static void deep_folders_end(void **state) {
    struct scene *s = *state;
    EX_AUTO_FREE char *text = malloc(FILES_AT);
    char *at = text + sprintf(text, "toy\nroot folder a 0\n");
    for (int i = 0; at < text + FILES_AT - 100; i++)
        at += sprintf(at, "%d folder a %d\n", i, i + 1);
    examine_text(s, text);
    json_t *deep = problem(s, "too-deep");
    assert_true(deep != NULL || s->report.directories < 4096);
}

static ex_code known_hash(void *context, const uint8_t key[static EXAMINE_KEY_BYTES],
                          struct examine_known *ret, bool *ret_found, struct ex_error *err) {
    memset(ret->sha256, 0xAB, sizeof ret->sha256);
    strcpy(ret->type, "jpeg");
    *ret_found = true;
    return EX_OK;
}

static void what_is_known_is_not_read(void **state) {
    struct scene *s = *state;
    s->options.known = known_hash;
    examine_text(s, "toy\nroot file a 150000 3000\n");
    assert_int_equal(s->report.remembered, 1);
    assert_int_equal(s->report.hashed_bytes, 0);
    assert_string_equal(text_of(named(s, "a"), "type"), "jpeg");
    assert_memory_equal(text_of(named(s, "a"), "sha256"), "abababab", 8);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_scene, remove_scene)
    const struct CMUnitTest tests[] = {
        TEST(files_are_hashed_where_they_lie),
        TEST(what_is_said_fits_into_a_line),
        TEST(ids_follow_from_the_page),
        TEST(volumes_are_looked_into),
        TEST(orphans_that_have_a_name_are_told_once),
        TEST(the_same_key_twice_stays_two_traces),
        TEST(what_is_reused_is_not_hashed),
        TEST(archives_are_looked_into),
        TEST(files_of_the_object_are_looked_into),
        TEST(what_is_inside_harms_nothing_else),
        TEST(triage_hashes_nothing),
        TEST(loops_end),
        TEST(a_crash_costs_its_own_folder),
        TEST(what_hangs_is_ended),
        TEST(what_nobody_knows_is_said),
        TEST(the_number_of_workers_does_not_show),
        TEST(killed_workers_do_not_show),
        TEST(deep_folders_end),
        TEST(what_is_known_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
