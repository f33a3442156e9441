/* SPDX-License-Identifier: Apache-2.0 */
/* Called with --write FILE it writes the document, for tests/unit/transport/shapes.sh. */
#include "testing.h"

#include "base/mem.h"
#include "transport/case_uco.h"

#include <jansson.h>

#define LOG        "exhibit-vault/00112233445566778899aabbccddeeff"
#define OTHER      "exhibit-vault/ffffffffffffffffffffffffffffffff"
#define SECONDS(n) (1790000000000000000 + (n)*1000000000LL)

static const uint8_t sha256[32] = {0xab, 0xcd}, fsverity[32] = {0x12, 0x34};

#define BY_SOPHEA                                                                                  \
    .log = LOG, .clock = "kernel-synchronised", .officer_id = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",  \
    .officer_name = "\xe1\x9e\x9f\xe1\x9e\xbb\xe1\x9e\x81 Sophea", .agency = "Cybercrime unit",    \
    .machine = "lab-3", .program = "exhibit", .version = "0.1.0"
#define BY_OTHER                                                                                   \
    .log = OTHER, .clock = "kernel-free-running",                                                  \
    .officer_id = "0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e", .officer_name = "K. Sato"

static const struct case_uco_entry of_case[] = {
    {BY_SOPHEA, .index = 2, .event = "case.create", .time_ns = SECONDS(1),
     .summary = "opened case 2026-14", .reason = "", .legal_basis = "Warrant 14/2026"},
};

/* Collected here, verified together with the next one while an offer of it was made. */
static const struct case_uco_entry of_phone[] = {
    {BY_SOPHEA, .index = 3, .event = "collect.intent", .time_ns = SECONDS(2),
     .legal_basis = "Warrant 14/2026", .reason = "seized at the raid"},
    {BY_SOPHEA, .index = 4, .event = "collect.outcome", .time_ns = SECONDS(9), .has_intent = true,
     .intent = 3, .result = "partial", .legal_basis = "Warrant 14/2026", .holder = "Sophea"},
    {BY_SOPHEA, .index = 7, .event = "verify.intent", .time_ns = SECONDS(20)},
    {BY_SOPHEA, .index = 8, .event = "handover.offer", .time_ns = SECONDS(21)},
    {BY_SOPHEA, .index = 9, .event = "verify.outcome", .time_ns = SECONDS(22), .has_intent = true,
     .intent = 7, .result = "done"},
    {BY_SOPHEA, .index = 10, .event = "handover.accept", .time_ns = SECONDS(23), .has_intent = true,
     .intent = 8, .result = "done"},
    {BY_SOPHEA, .index = 11, .event = "export.intent", .time_ns = SECONDS(24),
     .reason = "\x1b[31m\xff \xe2\x80\xae\"}]<script>"},
};

/* Came from another vault, whose excerpt came with it. */
static const struct case_uco_entry of_disk[] = {
    {BY_OTHER, .index = 3, .event = "collect.intent", .time_ns = SECONDS(-5)},
    {BY_OTHER, .index = 4, .event = "collect.outcome", .time_ns = SECONDS(-4), .has_intent = true,
     .intent = 3, .result = "done"},
    {BY_SOPHEA, .index = 6, .event = "import.item", .time_ns = SECONDS(10)},
    {BY_SOPHEA, .index = 7, .event = "verify.intent", .time_ns = SECONDS(20)},
    {BY_SOPHEA, .index = 9, .event = "verify.outcome", .time_ns = SECONDS(22), .has_intent = true,
     .intent = 7, .result = "done"},
};

/* Nothing is known but that it was entered, by the vault key. */
static const struct case_uco_entry of_paper[] = {
    {.log = LOG, .index = 5, .event = "item.register", .time_ns = SECONDS(9)},
};

#define HISTORY(rows) .history = rows, .history_count = sizeof rows / sizeof rows[0]

static const struct case_uco_item items[] = {
    {.id = "11111111111111111111111111111111",
     .label = "2026-14/1",
     .label_text = "phone, black",
     .sha256 = sha256,
     .fsverity = fsverity,
     .size_bytes = UINT64_C(9007199254740993),
     .path = "data/2026-14_1.raw",
     .unreadable_ranges = 1,
     .unreadable_bytes = 512,
     .source_kind = "file",
     .source_path = "/media/\xff phone.img",
     .source_modified = "2026-09-01T00:00:00.000000000Z",
     .source_changed = "yesterday",
     HISTORY(of_phone)},
    {.id = "22222222222222222222222222222222",
     .label = "2026-14/2",
     .sha256 = sha256,
     .fsverity = fsverity,
     .size_bytes = 5,
     .path = "data/2026-14_2.raw",
     .source_kind = "stdin",
     HISTORY(of_disk)},
    {.id = "33333333333333333333333333333333",
     .label = "2026-14/3",
     .physical = true,
     .serial_number = "SN 12",
     HISTORY(of_paper)},
};

static const struct case_uco package = {
    .package_id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    .created_ns = SECONDS(60),
    .log = LOG,
    .agency = "Cybercrime unit",
    .officer_id = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
    .officer_name = "\xe1\x9e\x9f\xe1\x9e\xbb\xe1\x9e\x81 Sophea",
    .program = "exhibit",
    .version = "0.1.0",
    .case_id = "cccccccccccccccccccccccccccccccc",
    .case_number = "2026-14",
    .case_title = "Fraud at \xe6\xb8\x8b\xe8\xb0\xb7",
    .case_history = of_case,
    .case_history_count = 1,
    .items = items,
    .item_count = 3,
};

static char *write(const struct case_uco *c) {
    struct ex_error err;
    char *text = NULL;
    size_t size = 0;
    assert_code(EX_OK, case_uco_write(c, &text, &size, &err));
    assert_int_equal(strlen(text), size);
    return text;
}

static json_t *parse(const struct case_uco *c) {
    EX_AUTO_FREE char *text = write(c);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

/* ---- finding one's way in the graph ---- */

static const char *text_of(json_t *node, const char *key) {
    return json_string_value(json_object_get(node, key));
}

static bool is(json_t *node, const char *key, const char *value) {
    const char *text = text_of(node, key);
    return text != NULL && strcmp(text, value) == 0;
}

static json_t *node_of(json_t *document, const char *iri) {
    size_t i;
    json_t *node;
    json_array_foreach(json_object_get(document, "@graph"), i, node) {
        if (is(node, "@id", iri))
            return node;
    }
    fail_msg("there is no node %s", iri);
    return NULL;
}

static bool refers(json_t *node, const char *key, const char *iri) {
    size_t i;
    json_t *ref;
    json_array_foreach(json_object_get(node, key), i, ref) {
        if (is(ref, "@id", iri))
            return true;
    }
    return false;
}

static bool says(json_t *node, const char *words) {
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(node, "uco-core:description"), i, line) {
        if (strstr(json_string_value(line), words) != NULL)
            return true;
    }
    return false;
}

static bool has_number(json_t *document, json_t *node, const char *defined_by, const char *number) {
    size_t i;
    json_t *ref;
    json_array_foreach(json_object_get(node, "uco-core:externalReference"), i, ref) {
        json_t *to = node_of(document, text_of(ref, "@id"));
        if (is(to, "uco-core:definingContext", defined_by) &&
            is(to, "uco-core:externalIdentifier", number))
            return true;
    }
    return false;
}

static json_t *with_number(json_t *document, const char *defined_by, const char *number) {
    size_t i;
    json_t *node;
    json_array_foreach(json_object_get(document, "@graph"), i, node) {
        if (has_number(document, node, defined_by, number))
            return node;
    }
    fail_msg("nothing is %s of %s", number, defined_by);
    return NULL;
}

/* ---- tests ---- */

static const char *record_of(json_t *document, json_t *act, const char *item) {
    const char *found = NULL;
    size_t i;
    json_t *ref;
    json_array_foreach(json_object_get(act, "uco-action:result"), i, ref) {
        json_t *record = node_of(document, text_of(ref, "@id"));
        assert_string_equal(text_of(record, "@type"), "case-investigation:ProvenanceRecord");
        if (!refers(record, "uco-core:object", item))
            continue;
        assert_null(found);
        found = text_of(record, "@id");
    }
    assert_non_null(found);
    return found;
}

/* CASE says that an act should, its shapes don't ask; we promise it. */
static void every_act_leaves_a_state(void **state) {
    json_t *document = parse(&package);
    for (size_t i = 0; i < package.item_count; i++) {
        json_t *item = with_number(document, "item id", items[i].id);
        for (size_t h = 0; h < items[i].history_count; h++) {
            const struct case_uco_entry *e = &items[i].history[h];
            char index[24];
            (void)snprintf(index, sizeof index, "%u", (unsigned)e->index);
            json_t *act = with_number(document, e->log, index);
            assert_true(refers(act, "uco-action:object", text_of(item, "@id")));
            json_t *record = node_of(document, record_of(document, act, text_of(item, "@id")));
            assert_true(is(record, "case-investigation:rootExhibitNumber", items[i].id));
            bool ours = strcmp(e->log, LOG) == 0;
            assert_int_equal(is(record, "case-investigation:exhibitNumber", items[i].label), ours);
        }
    }
    json_decref(document);
}

static void acts_follow_each_other(void **state) {
    json_t *document = parse(&package);
    const char *item = text_of(with_number(document, "item id", items[0].id), "@id");
    const char *disk = text_of(with_number(document, "item id", items[1].id), "@id");
    json_t *collect = with_number(document, LOG, "3"), *verify = with_number(document, LOG, "7");
    json_t *offer = with_number(document, LOG, "8"), *accept = with_number(document, LOG, "10");
    json_t *import = with_number(document, LOG, "6"), *before = with_number(document, OTHER, "4");
    assert_ptr_equal(collect, with_number(document, LOG, "4"));
    assert_ptr_equal(verify, with_number(document, LOG, "9"));
    static const char informed[] = "case-investigation:wasInformedBy";
    assert_true(refers(verify, informed, text_of(collect, "@id")));
    /* The verification of which the offer was made in the middle had left no state yet. */
    assert_true(refers(offer, informed, text_of(collect, "@id")));
    assert_false(refers(offer, informed, text_of(verify, "@id")));
    assert_true(refers(offer, "uco-action:object", record_of(document, collect, item)));
    assert_true(refers(accept, informed, text_of(offer, "@id")));
    assert_true(refers(import, informed, text_of(before, "@id")));
    assert_true(refers(import, "uco-action:object", record_of(document, before, disk)));
    assert_true(refers(verify, informed, text_of(import, "@id")));
    assert_null(json_object_get(collect, informed));
    json_decref(document);
}

static void says_what_entries_say(void **state) {
    json_t *document = parse(&package);
    json_t *collect = with_number(document, LOG, "3");
    assert_string_equal(text_of(collect, "uco-core:name"), "collect");
    assert_string_equal(text_of(collect, "uco-action:actionStatus"), "Complete/Finish");
    assert_true(is(json_object_get(collect, "uco-action:startTime"), "@value",
                   "2026-09-21T14:13:22.000000000Z"));
    assert_true(is(json_object_get(collect, "uco-action:endTime"), "@value",
                   "2026-09-21T14:13:29.000000000Z"));
    assert_true(says(collect, "entry 4, result: partial") &&
                says(collect, "entry 3, reason: seized at the raid"));
    json_t *cut_off = with_number(document, LOG, "11");
    assert_string_equal(text_of(cut_off, "uco-action:actionStatus"), "Unknown");
    assert_null(json_object_get(cut_off, "uco-action:endTime"));
    json_t *phone = with_number(document, "item id", items[0].id);
    assert_true(says(phone, "512 bytes in 1 ranges"));
    json_t *paper = with_number(document, "serial number", "SN 12");
    assert_string_equal(text_of(paper, "@type"), "uco-core:Item");
    assert_non_null(with_number(document, "Cybercrime unit", "2026-14"));
    json_decref(document);
}

static size_t count_type(json_t *document, const char *type) {
    size_t n = 0, i;
    json_t *node;
    json_array_foreach(json_object_get(document, "@graph"), i, node) {
        n += is(node, "@type", type);
    }
    return n;
}

static void nothing_is_made_up(void **state) {
    json_t *document = parse(&package);
    json_t *entered = with_number(document, LOG, "5");
    static const char *const unknown[] = {"uco-action:performer",    "uco-action:instrument",
                                          "uco-action:environment",  "uco-action:participant",
                                          "uco-action:actionStatus", "uco-action:endTime"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_null(json_object_get(entered, unknown[i]));
    assert_int_equal(count_type(document, "uco-identity:Person"), 2);
    assert_int_equal(count_type(document, "uco-identity:Organization"), 1);
    assert_int_equal(count_type(document, "case-investigation:Authorization"), 1);
    assert_int_equal(count_type(document, "uco-tool:Tool"), 1);
    /* Of the source of the second item nothing is known but that it was a stream. */
    assert_int_equal(count_type(document, "uco-observable:File"), 3);
    assert_int_equal(count_type(document, "uco-observable:FileFacet"), 3);
    assert_null(json_object_get(with_number(document, LOG, "2"), "uco-action:result"));
    EX_AUTO_FREE char *text = json_dumps(document, 0);
    assert_null(strstr(text, "yesterday"));
    assert_null(strstr(text, "entry 2, reason")); /* an empty one is none */
    assert_null(strstr(text, "role"));
    json_decref(document);
}

static void same_input_same_bytes(void **state) {
    EX_AUTO_FREE char *one = write(&package), *two = write(&package);
    assert_string_equal(one, two);
    /* uuidgen --sha1 --namespace @url --name 'exhibit act exhibit-vault/0011… 3' */
    assert_non_null(strstr(one, "urn:uuid:c9fb3bb1-c391-59dd-9b50-5caf3cc092ef"));
    assert_non_null(strstr(one, "\"9007199254740993\""));
}

static void hostile_text_stays_text(void **state) {
    EX_AUTO_FREE char *text = write(&package);
    for (const char *c = text; *c != '\0'; c++)
        assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
    json_t *document = parse(&package);
    assert_true(says(with_number(document, LOG, "11"),
                     "reason: \x1b[31m\xef\xbf\xbd \xe2\x80\xae\"}]<script>"));
    json_decref(document);
}

static void refuses_what_is_not_described(void **state) {
    struct ex_error err;
    char *text = NULL;
    size_t size;
    struct case_uco_item item = items[0];
    struct case_uco c = package;
    c.items = &item;
    c.item_count = 1;
    item.sha256 = NULL;
    assert_code(EX_INTERNAL, case_uco_write(&c, &text, &size, &err));
    item = items[0];
    item.history_count = (size_t)CASE_UCO_ROWS_MAX + 1;
    assert_code(EX_LIMIT, case_uco_write(&c, &text, &size, &err));
    c.item_count = 0;
    assert_code(EX_INTERNAL, case_uco_write(&c, &text, &size, &err));
    assert_null(text);
}

static int write_file(const char *path) {
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    return case_uco_write(&package, &text, &size, NULL) == EX_OK &&
                   ex_write_file(AT_FDCWD, path, text, size, EX_WRITE_NEW, NULL) == EX_OK
               ? 0
               : 1;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_act_leaves_a_state),      cmocka_unit_test(acts_follow_each_other),
        cmocka_unit_test(says_what_entries_say),         cmocka_unit_test(nothing_is_made_up),
        cmocka_unit_test(same_input_same_bytes),         cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(refuses_what_is_not_described),
    };
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_file(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
