/* SPDX-License-Identifier: Apache-2.0 */
/* Pages out of hand-made results, and the door that every word goes through. */
#include "testing.h"

#include "cli/output.h"
#include "cli/render.h"
#include "cli/show_progress.h"

#define HASH_A "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HASH_B "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95"

static const struct command *command(const char *words) {
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].words, words) == 0)
            return &command_table[i];
    fail_msg("no command %s", words);
    return NULL;
}

/* The page of the command for a result in JSON. */
static struct paper *render_with(const char *words, const char *json, bool advice) {
    json_error_t why;
    json_t *result = json_loads(json, 0, &why);
    if (result == NULL)
        fail_msg("%s at %d: %s", words, why.position, why.text);
    struct paper *p = paper_new();
    p->page.advice = advice;
    cli_render(&p->page, command(words), result);
    paper_flush(p);
    json_decref(result);
    return p;
}

static struct paper *render(const char *words, const char *json) {
    return render_with(words, json, true);
}

/* ---- the door ---- */

static void assert_safe(const char *text, const char *expected) {
    char *safe = cli_safe(text);
    assert_string_equal(safe, expected);
    free(safe);
}

static void hostile_text_becomes_visible(void **state) {
    (void)state;
    assert_safe("plain name.txt", "plain name.txt");
    assert_safe("\x1b]0;owned\x07", "\\x1b]0;owned\\x07");
    assert_safe("a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f");
    assert_safe("photo\xe2\x80\xaegpj.exe", "photo\\u{202e}gpj.exe");
    assert_safe("\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}");
    assert_safe("\xe2\x80\x8f\xe2\x80\xa8\xd8\x9c", "\\u{200f}\\u{2028}\\u{061c}");
    assert_safe("\xc2\x9b"
                "31m",
                "\\u{009b}31m");
    assert_safe("\xf3\xa0\x81\x81", "\\u{e0041}");
    assert_safe("\xef\xbb\xbfx", "\\u{feff}x");
}

static void what_cannot_be_seen_becomes_visible(void **state) {
    (void)state;
    assert_safe("a\xc2\xa0z", "a\\u{00a0}z");
    assert_safe("a\xe2\xa0\x80z", "a\\u{2800}z");
    assert_safe("a\xe2\xa0\x81z", "a\xe2\xa0\x81z"); /* a dot can be seen */
    assert_safe("a\xe3\x85\xa4z", "a\\u{3164}z");
    assert_safe("\xe1\x85\x9f\xe1\x85\xa0", "\\u{115f}\\u{1160}");
    assert_safe("\xef\xbe\xa0", "\\u{ffa0}");
    assert_safe("\xef\xb8\x80\xef\xb8\x8f", "\\u{fe00}\\u{fe0f}");
    assert_safe("\xf3\xa0\x80\x80\xf3\xa0\xbf\xbf", "\\u{e0000}\\u{e0fff}");
    assert_safe("\xf3\xa0\x84\x80", "\\u{e0100}");
    assert_safe("a\u00adz", "a\\u{00ad}z");
    assert_safe("a\u2060z", "a\\u{2060}z");
}

static void what_scripts_need_stays(void **state) {
    (void)state;
    assert_safe("\u1780\u200b\u1781", "\u1780\u200b\u1781"); /* Khmer, between words */
    assert_safe("\u1780\u200b\u200b\u1781", "\u1780\\u{200b}\\u{200b}\u1781");
    assert_safe("\u1780\u200b.pdf", "\u1780\\u{200b}.pdf");
    assert_safe("invoice\u200b.pdf", "invoice\\u{200b}.pdf");
    assert_safe("\u200b\u1780", "\\u{200b}\u1780");
    assert_safe("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"); /* Persian */
    assert_safe("\u0645\u200c", "\u0645\\u{200c}");
    assert_safe("a\u200cb\u200dc", "a\\u{200c}b\\u{200d}c");
    assert_safe("\u0d28\u0d4d\u200d", "\u0d28\u0d4d\u200d"); /* Malayalam, at an end */
    assert_safe("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469");
    assert_safe("\U0001f468\u200d", "\U0001f468\\u{200d}");
    assert_safe("\xff\u200b\xff", "\\xff\\u{200b}\\xff");
    assert_safe("\u1780\u200b\xff", "\u1780\\u{200b}\\xff");
}

static void an_escape_cannot_be_imitated(void **state) {
    (void)state;
    assert_safe("\\x1b", "\\\\x1b");
    assert_safe("C:\\Users", "C:\\\\Users");
}

static void other_bytes_are_shown_one_by_one(void **state) {
    (void)state;
    assert_safe("\xff\xfe.jpg", "\\xff\\xfe.jpg");
    assert_safe("\xc0\xaf", "\\xc0\\xaf");                   /* overlong */
    assert_safe("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* surrogate */
    assert_safe("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond Unicode */
    assert_safe("\xe2\x80", "\\xe2\\x80");                   /* ends early */
    assert_true(cli_is_utf8("ស្រាវជ្រាវ"));
    assert_false(cli_is_utf8("a\xff"));
}

static void khmer_stays_khmer(void **state) {
    (void)state;
    /* with the zero width space that stands between Khmer words */
    assert_safe("ភស្តុតាង\xe2\x80\x8bឌីជីថល", "ភស្តុតាង\xe2\x80\x8bឌីជីថល");
}

static void every_page_is_safe(void **state) {
    (void)state;
    static const char json[] =
        "{\"item\":{\"label\":\"A\\u001b[2J/1\",\"label_text\":\"\\u202egpj.exe\",\"id\":\"\\u0007\","
        "\"case\":{\"number\":\"\\u009b1m\"},\"sha256\":\"\\u001b\",\"officer\":\"\\nforged: yes\","
        "\"source\":{\"kind\":\"file\",\"path\":\"\\ufffd\",\"path_base64\":\"Lxv/\"}},"
        "\"history\":[{\"index\":1,\"event\":\"\\u001b\",\"summary\":\"\\r\\u001b\","
        "\"machine\":\"\\u2066\",\"reason\":\"\\u0000x\"}],"
        "\"cases\":[{\"number\":\"\\u001b\",\"title\":\"\\u202e\"}],"
        "\"items\":[{\"label\":\"\\u001b\",\"damaged\":[{\"why\":\"\\u001b\"}]}],"
        "\"claims\":{\"content\":{\"verdict\":\"\\u001b\",\"findings\":[\"\\u001b\\u202e\"]}},"
        "\"checkpoint\":\"a\\u001b\\n\",\"proof\":\"\\u001b\",\"output\":\"\\u001b\","
        "\"problems\":[\"\\u001b\"],\"problem_count\":1,\"unfinished\":[{\"name\":\"\\u001b\"}],"
        "\"shown\":[{\"index\":0,\"body\":{\"\\u001b\":{\"\\u202e\":[\"\\u001b\"]}}}],"
        "\"next\":[\"\\u001b\"],\"version\":\"\\u001b\",\"libraries\":[{\"name\":\"\\u001b\","
        "\"version\":\"\\u001b\"}],\"vault\":\"\\u001b\",\"mode\":\"\\u001b\"}";
    json_t *result = json_loads(json, JSON_ALLOW_NUL, NULL);
    assert_non_null(result);
    for (size_t i = 0; i < command_count; i++) {
        struct paper *p = paper_new();
        cli_render(&p->page, &command_table[i], result);
        paper_flush(p);
        for (size_t k = 0; k < p->out_size + p->talk_size; k++) {
            char c = k < p->out_size ? p->out[k] : p->talk[k - p->out_size];
            assert_true((c >= ' ' && c != 0x7f) || c == '\n' || c < 0);
        }
        assert_has_not(p->out, "\xe2\x80\xae");
        assert_has_not(p->out, "\xe2\x81\xa6");
        assert_has_not(p->out, "\nforged");
        paper_free(p);
    }
    json_decref(result);
}

/* ---- numbers, times, lines ---- */

static void sizes_are_exact_and_rounded(void **state) {
    (void)state;
    char to[CLI_NUMBER_BYTES];
    assert_string_equal(cli_size(to, 0), "0 bytes");
    assert_string_equal(cli_size(to, 1), "1 byte");
    assert_string_equal(cli_size(to, 1023), "1,023 bytes");
    assert_string_equal(cli_size(to, 1048576), "1,048,576 bytes (1.0 MiB)");
    assert_string_equal(cli_size(to, 1048575), "1,048,575 bytes (1.0 MiB)");
    assert_string_equal(cli_size(to, UINT64_MAX), "18,446,744,073,709,551,615 bytes (16.0 EiB)");
    assert_string_equal(cli_number(to, 100), "100");
    assert_string_equal(cli_number(to, 1000), "1,000");
    assert_string_equal(cli_duration(to, 8), "0:08");
    assert_string_equal(cli_duration(to, 3723), "1:02:03");
}

static void times_have_their_zone(void **state) {
    (void)state;
    char to[PAGE_TIME_BYTES];
    assert_string_equal(page_time_text(to, "2026-11-22T21:08:00.123456789Z", "+07:00"),
                        "2026-11-22 21:08:00 UTC, zone +07:00");
    assert_string_equal(page_time_text(to, "2026-11-22T21:08:00.123456789Z", NULL),
                        "2026-11-22 21:08:00 UTC");
    assert_string_equal(page_time_text(to, NULL, NULL), "not recorded");
    assert_string_equal(page_time_text(to, "yesterday", NULL), "yesterday");
}

static void long_text_is_broken_between_words(void **state) {
    (void)state;
    struct paper *p = paper_new();
    page_field(&p->page, "Reason", "%s",
               "one two three four five six seven eight nine ten eleven twelve thirteen");
    paper_flush(p);
    assert_string_equal(p->out,
                        "Reason                one two three four five six seven eight nine "
                        "ten eleven\n                      twelve thirteen\n");
    paper_free(p);
}

static void progress_tells_rate_and_time_left(void **state) {
    (void)state;
    char to[160];
    assert_string_equal(show_progress_text(to, "collecting", 1 << 20, 4 << 20, 1 << 20),
                        "collecting  1.0 MiB of 4.0 MiB  25 %  1.0 MiB/s  0:03 left");
    assert_string_equal(show_progress_text(to, "collecting", 1 << 20, 0, 1 << 20),
                        "collecting  1.0 MiB  1.0 MiB/s");
    assert_string_equal(show_progress_text(to, "checking", 0, 100, 0),
                        "checking  0 bytes of 100 bytes  0 %  0 bytes/s");
}

/* What a step shows when the last one was shown so long ago, and then at once again. */
static char *shown_after(enum show_form form, uint64_t nanoseconds) {
    char *text = NULL;
    size_t size = 0;
    struct ex_progress progress = {.phase = "verifying", .total_bytes = 1000};
    struct show_progress show = {
        .to = open_memstream(&text, &size), .form = form, .command = command("verify")};
    show_progress_begin(&show, &progress);
    if (progress.show != NULL) {
        show.shown_ns -= nanoseconds;
        assert_int_equal(ex_progress_step(&progress, 250, NULL), EX_OK);
        assert_int_equal(ex_progress_step(&progress, 250, NULL), EX_OK);
    }
    show_progress_end(&show);
    fclose(show.to);
    return text;
}

static void progress_is_shown_now_and_then(void **state) {
    (void)state;
    char *text = shown_after(SHOW_JSON, 600000000);
    assert_string_equal(text, "{\"type\":\"progress\",\"command\":\"verify\",\"phase\":"
                              "\"verifying\",\"done_bytes\":250,\"total_bytes\":1000,"
                              "\"seconds\":0}\n");
    free(text);
    text = shown_after(SHOW_JSON, 0);
    assert_string_equal(text, "");
    free(text);
    text = shown_after(SHOW_LINE, 300000000);
    assert_has(text, "\rverifying  250 bytes of 1000 bytes  25 %");
    assert_true(text[strlen(text) - 1] == '\r');
    free(text);
    text = shown_after(SHOW_NOTHING, 600000000);
    assert_string_equal(text, "");
    free(text);
}

/* ---- pages ---- */

static void collect_says_what_was_done(void **state) {
    (void)state;
    struct paper *p = render(
        "collect",
        "{\"entries\":{\"session\":3,\"first\":4,\"last\":5},\"item\":{\"id\":\"00ff\",\"label\":"
        "\"7/1\",\"label_text\":\"black phone\",\"case\":{\"id\":\"1\",\"number\":\"7\"},"
        "\"size_bytes\":1048576,\"sha256\":\"" HASH_A "\",\"fsverity\":\"" HASH_B "\","
        "\"collected\":\"2026-11-22T21:08:00.000000000Z\",\"officer\":\"Sok Dara\","
        "\"result\":\"done\",\"unreadable\":{\"ranges\":0,\"bytes\":0,\"list\":[]},"
        "\"source\":{\"kind\":\"file\",\"path\":\"/media/\\ufffd.img\",\"path_base64\":"
        "\"L21lZGlhL/8uaW1n\"}},\"stored\":{\"added_bytes\":2048,\"reused_bytes\":4096,"
        "\"reused_oldest_verified\":null,\"readback\":\"new\",\"readback_method\":\"direct\"}}");
    assert_has(p->out, "Collected item 7/1.\n");
    assert_has(p->out, "Label                 black phone\n");
    assert_has(p->out, "Size                  1,048,576 bytes (1.0 MiB)\n");
    assert_has(p->out, "SHA-256\n  " HASH_A "\n");
    assert_has(p->out, "fs-verity digest\n  " HASH_B "\n");
    assert_has(p->out, "Source                /media/\\xff.img\n");
    assert_has(p->out, "Read back             new parts, and they matched\n");
    assert_has(p->out, "  how                 past this machine's page cache; a drive's own cache");
    assert_has(p->out, "nothing: every byte of the source was read\n");
    assert_has(p->out, "  last verified       not recorded\n");
    assert_has(p->out, "Recorded as ledger entry 5.\n");
    assert_has(p->talk, "Next: ");
    assert_has(p->talk, "exhibit verify 7/1");
    paper_free(p);
}

#define WITH_SOURCE(source)                                                                        \
    "{\"item\":{\"label\":\"7/1\",\"unreadable\":{\"ranges\":0,\"bytes\":0,\"list\":[]}," source   \
    "}}"

/* Nobody knows how long a stream should have been, nor what a kind of tomorrow promises. */
static void only_a_file_is_known_to_be_whole(void **state) {
    static const char *const pages[] = {"collect", "item show", "custody log"};
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct paper *p = render(pages[i], WITH_SOURCE("\"source\":{\"kind\":\"stdin\"}"));
        assert_has_not(p->out, "every byte");
        assert_has(p->out, "Not read              nothing known: read to the end of the stream; "
                           "whether that\n                      was all that was meant is not "
                           "known\n");
        paper_free(p);
        p = render(pages[i], WITH_SOURCE("\"source\":{\"kind\":\"file\"}"));
        assert_has(p->out, "every byte of the source was read\n");
        paper_free(p);
        p = render(pages[i], WITH_SOURCE("\"source\":{\"kind\":\"device\"}"));
        assert_has(p->out, "every sector that the device shows was read\n");
        paper_free(p);
        p = render(pages[i], WITH_SOURCE("\"source\":{\"kind\":\"of tomorrow\"}"));
        assert_has(p->out, "Not read              nothing\n");
        paper_free(p);
        p = render(pages[i], WITH_SOURCE("\"source\":null"));
        assert_has(p->out, "Not read              nothing\n");
        paper_free(p);
    }
}

static void item_show_tells_how_the_source_was_reached(void **state) {
    (void)state;
    struct paper *p = render(
        "item show", WITH_SOURCE("\"source\":{\"kind\":\"file\",\"path\":\"in\",\"resolved\":"
                                 "\"/media/\\ufffd.img\",\"resolved_base64\":"
                                 "\"L21lZGlhL/8uaW1n\",\"link\":true,\"write_guarded\":false}"));
    assert_has(p->out, "  path                in\n"
                       "  resolved path       /media/\\xff.img\n"
                       "  reached through a symbolic link: yes\n"
                       "  kept from being written to while it was read: no\n");
    assert_has(p->out, "Not checked           whether it was written to while it was read");
    paper_free(p);
    p = render("item show", WITH_SOURCE("\"source\":{\"kind\":\"file\",\"path\":\"in\","
                                        "\"link\":false,\"write_guarded\":true}"));
    assert_has(p->out, "  resolved path       not recorded\n"
                       "  reached through a symbolic link: no\n"
                       "  kept from being written to while it was read: yes\n");
    assert_has_not(p->out, "Not checked");
    paper_free(p);
    p = render("item show", WITH_SOURCE("\"source\":{\"kind\":\"file\",\"path\":\"in\"}"));
    assert_has(p->out, "  kept from being written to while it was read: not recorded\n");
    assert_has_not(p->out, "Not checked");
    paper_free(p);
    p = render("item show", WITH_SOURCE("\"source\":{\"kind\":\"stdin\",\"path\":\"-\"}"));
    assert_has_not(p->out, "symbolic link");
    assert_has_not(p->out, "written to");
    paper_free(p);
}

/* The list does not look for verifications, and so says nothing of them. */
static void item_list_says_only_what_it_knows(void **state) {
    (void)state;
    struct paper *p = render("item list", "{\"items\":[{\"label\":\"7/1\"}]}");
    assert_has_not(p->out, "verified");
    assert_has_not(p->out, "last found good");
    paper_free(p);
    p = render("item list", "{\"items\":[{\"label\":\"7/1\",\"verified\":null}]}");
    assert_has(p->out, "not verified since it was taken in");
    paper_free(p);
}

static void export_speaks_of_what_was_written(void **state) {
    (void)state;
    struct paper *p = render("export", "{\"item\":{\"label\":\"7/1\"},\"matches\":true,"
                                       "\"output\":\"copy\"}");
    assert_has(p->out,
               "Wrote a copy of item 7/1. What was written is the same as what was collected.");
    paper_free(p);
}

static void what_was_not_recorded_is_said(void **state) {
    (void)state;
    struct paper *p = render("verify", "{\"recorded\":false,\"not_recorded_because\":\"the vault "
                                       "cannot be \\u001b written to\",\"entries\":{\"last\":9}}");
    assert_has(p->out, "Not recorded in the ledger: the vault cannot be \\x1b written to\n");
    assert_has_not(p->out, "Recorded as");
    paper_free(p);
    p = render("verify", "{\"recorded\":false}");
    assert_has(p->out, "Not recorded in the ledger: no reason was given\n");
    paper_free(p);
    p = render("verify", "{\"recorded\":true,\"entries\":{\"last\":9}}");
    assert_has(p->out, "Recorded as ledger entry 9.\n");
    assert_has_not(p->out, "Not recorded");
    paper_free(p);
}

static void a_partial_collection_is_not_called_whole(void **state) {
    (void)state;
    struct paper *p = render_with(
        "collect",
        "{\"item\":{\"label\":\"7/2\",\"result\":\"partial\",\"unreadable\":{\"ranges\":1,"
        "\"bytes\":512,\"list\":[{\"offset\":4096,\"length\":512}]}},\"stored\":{"
        "\"readback\":\"none\",\"readback_method\":\"none\"}}",
        false);
    assert_has(p->out, "but not all of the source was read");
    assert_has_not(p->out, "unreadable"); /* why is not known */
    assert_has(p->out, "512 bytes in 1 place of the source\n");
    assert_has(p->out, "  512 bytes from byte 4,096\n");
    assert_has(p->out, "not checked yet that the disk holds");
    assert_string_equal(p->talk, "");
    paper_free(p);
}

/* Three words: unreadable (it was tried), skipped (the officer said so), untried (given up). */
static void why_it_was_not_read(void **state) {
    static const char *const json =
        "{\"item\":{\"label\":\"7/2\",\"result\":\"partial\",\"source\":{\"kind\":\"%s\"},"
        "\"unreadable\":{\"ranges\":1,\"bytes\":%s,\"list\":[]},\"skipped\":{\"ranges\":1,"
        "\"bytes\":512,\"list\":[]}},\"stored\":{}}";
    char text[400];
    (void)state;
    (void)snprintf(text, sizeof text, json, "file", "512");
    struct paper *p = render_with("collect", text, false);
    assert_has(p->out, "Collected item 7/2, without the parts that were to be left out.\n");
    assert_has(p->out,
               "  skipped, left out on the officer's word and never asked for: 512 bytes\n");
    assert_has_not(p->out, "unreadable");
    assert_has_not(p->out, "could not be read");
    paper_free(p);
    (void)snprintf(text, sizeof text, json, "device", "1536");
    p = render_with("collect", text, false);
    assert_has(p->out, "Collected item 7/2, but not all of the source was read.\n");
    assert_has(p->out, "  unreadable, asked for and never given: 1,024 bytes (1.0 KiB)\n");
    assert_has(p->out, "never asked for: 512 bytes\n");
    paper_free(p);
}

/* The counts are those of the plan: only a complete disposal may say that so much was removed. */
static void a_partial_disposal_removed_nothing_for_sure(void **state) {
    static const char *const json =
        "{\"step\": \"removed\", \"label\": \"7/2\", \"proposal\": 3, \"approval\": 9, "
        "\"complete\": %s, \"content\": {\"removed_chunks\": 4, \"removed_bytes\": 4096, "
        "\"shared_chunks\": 0, \"shared_bytes\": 0, \"sharing_items\": 0}}";
    char text[400];
    (void)state;
    (void)snprintf(text, sizeof text, json, "true");
    struct paper *p = render("item dispose", text);
    assert_has(p->out, "\nRemoved ");
    paper_free(p);
    (void)snprintf(text, sizeof text, json, "false");
    p = render("item dispose", text);
    assert_has(p->out, "PARTS OF ITEM 7/2 ARE STILL THERE");
    assert_has_not(p->out, "\nRemoved ");
    paper_free(p);
}

/* One hash, and the bytes were read at different times. */
static void sittings_are_told(void **state) {
    (void)state;
    struct paper *p = render("item show", "{\"item\": {\"label\": \"7/1\", \"entry_intent\": 9, "
                                          "\"resumed\": [5, 7]}}");
    assert_has(p->out, "read in 3 sittings, not in one");
    assert_has(p->out, "begun in entry 7, and cut off");
    assert_has(p->out, "from entry 9");
    paper_free(p);
}

static void what_is_not_there_is_never_good(void **state) {
    (void)state;
    struct paper *p = render("collect", "{}");
    assert_has(p->out, "Not read              not recorded\n");
    assert_has(p->out, "SHA-256\n  not recorded\n");
    paper_free(p);
    p = render("verify", "{}");
    assert_has(p->out, "Content: not checked\n");
    assert_has(p->out, "History: not checked\n");
    assert_has(p->out, "Signers and time: not checked\n");
    assert_has_not(p->talk, "ledger checkpoint");
    paper_free(p);
    p = render("export", "{}");
    assert_has(p->out, "IS NOT WHAT WAS COLLECTED");
    paper_free(p);
    p = render("vault check", "{}");
    assert_has(p->out, "It is not known whether");
    paper_free(p);
}

#define CLAIM(verdict, counts)                                                                     \
    "{\"verdict\":\"" verdict                                                                      \
    "\",\"checked_at\":\"2026-11-22T21:08:00.000000000Z\",\"counts\":{" counts                     \
    "},\"not_checked\":[\"what N\"],\"findings\":[],\"does_not_prove\":[\"what P\"]}"

static void verify_keeps_three_claims_apart(void **state) {
    (void)state;
    struct paper *p = render(
        "verify",
        "{\"entries\":{\"last\":9},\"claims\":{\"content\":" CLAIM(
            "altered",
            "\"items\":2,\"items_good\":1,\"bytes_read\":2048") ","
                                                                "\"history\":" CLAIM("good", "\"entries\":10") ",\"signers\":" CLAIM(
                                                                    "partly-checked",
                                                                    "\"cosigners\":0") "},\"items\":[{\"label\":\"7/1\","
                                                                                       "\"verdict\":\"altered\",\"chunks\":3,\"bytes_read\":2048,"
                                                                                       "\"fsverity_matches\":false,\"linear_matches\":null,\"damaged\":[{\"offset\":4096,"
                                                                                       "\"length\":4096,\"why\":\"hash differs\"}],\"damaged_count\":3}]}");
    const char *content = strstr(p->out, "Content: ALTERED\n");
    const char *history = strstr(p->out, "History: good\n");
    const char *signers = strstr(p->out, "Signers and time: only partly checked\n");
    assert_true(content != NULL && content < history && history < signers);
    assert_has(content, "  checked 2026-11-22 21:08:00 UTC\n");
    assert_has(content, "  items good: 1\n");
    assert_has(content, "  not checked:\n    - what N\n");
    assert_has(signers, "  this does not prove:\n    - what P\n");
    assert_has(p->out, "    fs-verity digest: DOES NOT MATCH\n");
    assert_has(p->out, "    SHA-256 of the whole: not computed\n");
    assert_has(p->out, "    damaged: 4,096 bytes (4.0 KiB) from byte 4,096: hash differs\n");
    assert_has(p->out, "    and 2 more damaged places\n");
    assert_has(p->out, "Recorded as ledger entry 9.\n");
    assert_has(p->talk, "change nothing");
    paper_free(p);
}

static void ledger_verify_says_what_it_left_out(void **state) {
    (void)state;
    struct paper *p =
        render("ledger verify",
               "{\"claims\":{\"history\":" CLAIM(
                   "good", "\"entries\":10") ","
                                             "\"signers\":" CLAIM("good", "\"officers\":1") "}}");
    assert_has_not(p->out, "Content:");
    assert_has(p->out, "The bytes of the items were not looked at");
    assert_has(p->talk, "ledger checkpoint");
    paper_free(p);
}

static void a_history_row_tells_who_when_and_why(void **state) {
    (void)state;
    struct paper *p = render(
        "custody log",
        "{\"item\":{},\"history\":[{\"index\":5,\"event\":\"collect.outcome\",\"time\":"
        "\"2026-11-22T21:08:00.000000000Z\",\"zone\":\"+07:00\",\"clock\":\"kernel-free-running\","
        "\"result\":\"done\",\"officer\":\"Sok Dara\",\"machine\":\"field-1\",\"summary\":"
        "\"1 MiB\",\"reason\":null,\"legal_basis\":\"warrant 12\",\"intent\":4}]}");
    assert_has(p->out, "5  2026-11-22 21:08:00 UTC, zone +07:00  collect.outcome: done\n"
                       "    by Sok Dara, on field-1\n"
                       "    1 MiB\n"
                       "    legal basis: warrant 12\n"
                       "    ends what entry 4 began\n"
                       "    nothing was setting this machine's clock\n");
    paper_free(p);
}

static void a_damaged_body_is_shouted(void **state) {
    (void)state;
    static const char *const pages[] = {"custody log", "item show", "ledger show"};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct paper *p =
            render(pages[i], "{\"item\":{},\"history\":[{\"index\":5,\"altered\":true}],"
                             "\"shown\":[{\"index\":5,\"altered\":true}]}");
        assert_has(p->out, "\n    THIS ENTRY'S BODY IS DAMAGED\n");
        paper_free(p);
        p = render(pages[i], "{\"item\":{},\"history\":[{\"index\":5,\"altered\":false}],"
                             "\"shown\":[{\"index\":5}]}");
        assert_has_not(p->out, "DAMAGED");
        paper_free(p);
    }
}

static void a_body_is_shown_whole_or_called_erased(void **state) {
    (void)state;
    struct paper *p = render(
        "ledger show", "{\"shown\":[{\"index\":0,\"event\":\"vault.create\",\"body\":{\"what\":{"
                       "\"agency\":\"ACU\",\"n\":7,\"list\":[\"a\",true,null]},\"who\":null}}]}");
    assert_has(p->out, "    what:\n      agency: ACU\n      n: 7\n      list:\n        - a\n"
                       "        - yes\n        - none\n    who: erased\n");
    paper_free(p);
}

static void a_document_comes_out_as_it_is(void **state) {
    (void)state;
    struct paper *p = render(
        "ledger checkpoint",
        "{\"checkpoint\":\"exhibit-vault/00\\n7\\nAAAA=\\n\\n\\u2014 exhibit-vault/00 Bw==\\n\"}");
    assert_string_equal(p->out,
                        "exhibit-vault/00\n7\nAAAA=\n\n\xe2\x80\x94 exhibit-vault/00 Bw==\n");
    assert_has(p->talk, "--checkpoint FILE");
    paper_free(p);
}

static void init_prints_what_goes_on_paper(void **state) {
    (void)state;
    struct paper *p = render(
        "init",
        "{\"vault\":\"/v\",\"id\":\"00\",\"origin\":\"exhibit-vault/00\",\"mode\":\"plain\","
        "\"agency\":\"ACU\",\"officer\":{\"id\":\"01\",\"name\":\"Sok Dara\",\"key\":\"KEY=\"},"
        "\"vault_key\":\"exhibit-vault/00+1+AA\",\"next\":\"do this\"}");
    assert_has(p->out, "Vault key\n  exhibit-vault/00+1+AA\n");
    assert_has(p->out, "Officer's key\n  KEY=\n");
    assert_has(p->out, "anybody with the disk can read");
    assert_string_equal(p->talk, "Next: do this\n");
    paper_free(p);
}

static void empty_lists_are_said_to_be_empty(void **state) {
    (void)state;
    struct paper *p = render("case list", "{\"cases\":[]}");
    assert_has(p->out, "There are no cases.\n");
    paper_free(p);
    p = render("item list", "{\"items\":[]}");
    assert_has(p->out, "There are no items.\n");
    paper_free(p);
}

/* ---- the last line ---- */

static char *error_text(const struct ex_error *err, bool json) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (json)
        cli_put_error_json(to, command("item show"), err, NULL);
    else
        cli_put_error(to, err);
    fclose(to);
    return text;
}

static void an_error_is_two_lines(void **state) {
    (void)state;
    struct ex_error err = {0};
    ex_hint(ex_fail(&err, EX_NOT_FOUND, "no item \"\x1b[2J\""), &err, "look again");
    char *text = error_text(&err, false);
    assert_string_equal(text, "exhibit: no item \"\\x1b[2J\"\n  hint: look again\n");
    free(text);
}

static void an_error_as_json_has_its_members(void **state) {
    (void)state;
    struct ex_error err = {0};
    ex_fail(&err, EX_NOT_FOUND, "no \"\xff\x1b\xe2\x80\xae\"");
    char *text = error_text(&err, true);
    assert_string_equal(text, "{\"type\":\"error\",\"command\":\"item show\",\"exit\":6,\"code\":"
                              "\"not-found\",\"text\":\"no \\\"\\uFFFD\\u001B\\u202E\\\"\","
                              "\"text_base64\":\"bm8gIv8b4oCuIg==\",\"hint\":null,\"errno\":0,"
                              "\"result\":null}\n");
    free(text);
}

static void a_summary_has_its_members(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    json_t *result = json_pack("{s:i}", "packs", 1);
    cli_put_summary(to, command("vault check"), EX_ALTERED, result);
    fclose(to);
    assert_string_equal(text, "{\"type\":\"summary\",\"command\":\"vault check\",\"exit\":4,"
                              "\"verdict\":\"altered\",\"result\":{\"packs\":1}}\n");
    json_decref(result);
    free(text);
}

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_becomes_visible),
        cmocka_unit_test(what_cannot_be_seen_becomes_visible),
        cmocka_unit_test(what_scripts_need_stays),
        cmocka_unit_test(an_escape_cannot_be_imitated),
        cmocka_unit_test(other_bytes_are_shown_one_by_one),
        cmocka_unit_test(khmer_stays_khmer),
        cmocka_unit_test(every_page_is_safe),
        cmocka_unit_test(sizes_are_exact_and_rounded),
        cmocka_unit_test(times_have_their_zone),
        cmocka_unit_test(long_text_is_broken_between_words),
        cmocka_unit_test(progress_tells_rate_and_time_left),
        cmocka_unit_test(progress_is_shown_now_and_then),
        cmocka_unit_test(collect_says_what_was_done),
        cmocka_unit_test(only_a_file_is_known_to_be_whole),
        cmocka_unit_test(item_show_tells_how_the_source_was_reached),
        cmocka_unit_test(item_list_says_only_what_it_knows),
        cmocka_unit_test(export_speaks_of_what_was_written),
        cmocka_unit_test(what_was_not_recorded_is_said),
        cmocka_unit_test(a_partial_collection_is_not_called_whole),
        cmocka_unit_test(why_it_was_not_read),
        cmocka_unit_test(a_partial_disposal_removed_nothing_for_sure),
        cmocka_unit_test(sittings_are_told),
        cmocka_unit_test(what_is_not_there_is_never_good),
        cmocka_unit_test(verify_keeps_three_claims_apart),
        cmocka_unit_test(ledger_verify_says_what_it_left_out),
        cmocka_unit_test(a_history_row_tells_who_when_and_why),
        cmocka_unit_test(a_damaged_body_is_shouted),
        cmocka_unit_test(a_body_is_shown_whole_or_called_erased),
        cmocka_unit_test(a_document_comes_out_as_it_is),
        cmocka_unit_test(init_prints_what_goes_on_paper),
        cmocka_unit_test(empty_lists_are_said_to_be_empty),
        cmocka_unit_test(an_error_is_two_lines),
        cmocka_unit_test(an_error_as_json_has_its_members),
        cmocka_unit_test(a_summary_has_its_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
