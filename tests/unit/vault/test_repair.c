/* SPDX-License-Identifier: Apache-2.0 */
/* What was damaged comes back from wherever its bytes still are, and nothing else comes in. */
#include "testing_vault.h"

enum { SIZE = 6 << 20 };

struct fixture {
    struct place place;
    uint8_t *data;
    struct vault_object_info object;
    struct vault_put_report report;
    char pack[256];
    struct stat st;
};

static int make_fixture(void **state) {
    struct fixture *f = ex_new0(struct fixture);
    make_place_under(&f->place, "/tmp");
    f->data = mixed(90, SIZE);
    put_bytes(&f->place, f->data, SIZE, &f->object, &f->report);
    pack_path(&f->place, &f->report, 0, f->pack);
    assert_int_equal(stat(f->pack, &f->st), 0);
    *state = f;
    return 0;
}

static int remove_fixture(void **state) {
    struct fixture *f = *state;
    vault_close(f->place.v);
    remove_tree(f->place.root);
    vault_object_info_clear(&f->object);
    vault_put_report_clear(&f->report);
    free(f->data);
    free(f);
    return 0;
}

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, make_fixture, remove_fixture)

/* One pass over what a check finds; the number of things found elsewhere. */
static uint64_t repair_once(struct fixture *f, struct vault *from, const char *file,
                            uint64_t *ret_needed) {
    struct ex_error err;
    struct vault_check_report *c = ex_new0(struct vault_check_report);
    EX_AUTO(vault_repair_free) struct vault_repair *r = NULL;
    struct vault_repair_report report;
    assert_code(EX_OK, vault_check(f->place.v, true, NULL, c, &err));
    assert_code(EX_OK, vault_repair_new(f->place.v, c->hurt, "{}", &r, &err));
    assert_code(EX_OK, vault_repair_need(r, f->object.id, &err));
    if (from != NULL)
        assert_code(EX_OK, vault_repair_from_vault(r, from, NULL, &err));
    if (file != NULL) {
        EX_AUTO(source_close) struct source *source = NULL;
        assert_code(EX_OK, source_open(file, &source, &err));
        assert_code(EX_OK, vault_repair_from_stream(r, source, NULL, &err));
    }
    assert_code(EX_OK, vault_repair_finish(r, &report, &err));
    assert_int_equal(report.pack_count, report.found > 0 ? 1 : 0);
    *ret_needed = report.needed;
    uint64_t found = report.found;
    vault_repair_report_clear(&report);
    vault_check_report_clear(c);
    free(c);
    return found;
}

static void assert_repaired(struct fixture *f, struct vault *from, const char *file) {
    uint64_t needed = 1;
    for (unsigned pass = 0; needed > 0; pass++) {
        assert_true(pass < 10);
        uint64_t found = repair_once(f, from, file, &needed);
        assert_int_equal(found, needed);
    }
    assert_verifies(f->place.v, &f->object);
    assert_streams(f->place.v, &f->object, f->data);
    reopen_place(&f->place);
    assert_verifies(f->place.v, &f->object);
}

/* Every so many bytes of the pack, to its end: chunks, nodes, the manifest, the trailer. */
static void spoil_all_over(struct fixture *f, uint64_t every) {
    for (uint64_t at = 1000; at < (uint64_t)f->st.st_size; at += every)
        spoil(f->pack, at, 0x22);
}

static void copy_vault(struct fixture *f, char to[static 160]) {
    char command[512];
    (void)snprintf(to, 160, "%s/copy", f->place.root);
    (void)snprintf(command, sizeof command, "cp -a '%s' '%s'", f->place.vault, to);
    assert_int_equal(system(command), 0);
}

static void from_a_copy_of_the_vault(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    char copy[160];
    EX_AUTO(vault_close) struct vault *from = NULL;
    copy_vault(f, copy);
    assert_code(EX_OK, open_test_vault(copy, &from, &err));
    spoil_all_over(f, 50000);
    spoil(f->pack, (uint64_t)f->st.st_size - 70000, 1);
    for (uint64_t at = 200; at < 3000; at += 37) /* nodes and manifest stand near the end */
        spoil(f->pack, (uint64_t)f->st.st_size - at, 1);
    assert_repaired(f, from, NULL);
}

static void a_lost_pack_from_a_copy(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    char copy[160];
    EX_AUTO(vault_close) struct vault *from = NULL;
    copy_vault(f, copy);
    assert_code(EX_OK, open_test_vault(copy, &from, &err));
    assert_int_equal(unlink(f->pack), 0);
    assert_repaired(f, from, NULL);
}

/* Another vault that collected the same bytes has its own manifest, and the same chunks. */
static void from_another_vault(void **state) {
    struct fixture *f = *state;
    struct place other;
    struct vault_object_info o;
    struct vault_put_report r;
    make_place_under(&other, "/tmp");
    put_bytes(&other, f->data, SIZE, &o, &r);
    for (uint64_t at = 1000; at < (uint64_t)f->st.st_size * 8 / 10; at += 60000)
        spoil(f->pack, at, 0x22);
    assert_repaired(f, other.v, NULL);
    vault_close(other.v);
    remove_tree(other.root);
    vault_object_info_clear(&o);
    vault_put_report_clear(&r);
}

static bool is_node_record(size_t i, const struct pack_list *l) {
    return l->record[i].head.type == RECORD_NODES;
}

/* Chunks and nodes are made again from the bytes themselves. */
static void from_an_export(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct pack_list l;
    EX_AUTO_FD int fd = open(f->pack, O_RDONLY | O_CLOEXEC);
    assert_code(EX_OK, pack_list_read(fd, f->place.v, "pack", &l, &err));
    for (size_t i = 0; i < l.record_count; i++)
        if (is_node_record(i, &l) || i % 4 == 1)
            if (l.record[i].head.type != RECORD_MANIFEST)
                spoil(f->pack, l.record[i].offset + RECORD_HEADER_BYTES + 60, 0x22);
    pack_list_clear(&l);
    write_file(f->place.source, f->data, SIZE);
    assert_repaired(f, NULL, f->place.source);
}

/* A file that has other bytes gives nothing, and leaves nothing in the vault. */
static void from_a_wrong_file(void **state) {
    struct fixture *f = *state;
    uint64_t needed;
    uint8_t *other = mixed(91, SIZE);
    spoil_all_over(f, 300000);
    write_file(f->place.source, other, SIZE);
    assert_int_equal(repair_once(f, NULL, f->place.source, &needed), 0);
    assert_true(needed > 0);
    free(other);
}

/* A vault that is damaged itself gives what it has, and nothing false. */
static void from_a_damaged_copy(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    char copy[160], pack[512];
    uint64_t needed, first, found;
    EX_AUTO(vault_close) struct vault *from = NULL;
    copy_vault(f, copy);
    (void)snprintf(pack, sizeof pack, "%s%s", copy, f->pack + strlen(f->place.vault));
    for (uint64_t at = 60000; at < (uint64_t)f->st.st_size * 7 / 10; at += 500000)
        spoil(pack, at, 0x44);
    assert_code(EX_OK, open_test_vault(copy, &from, &err));
    for (uint64_t at = 60000; at < (uint64_t)f->st.st_size * 7 / 10; at += 100000)
        spoil(f->pack, at, 0x22);
    found = repair_once(f, from, NULL, &first);
    if (found == 0 || found >= first)
        fail_msg("%llu of %llu", (unsigned long long)found, (unsigned long long)first);
    assert_int_equal(repair_once(f, from, NULL, &needed), 0);
    assert_int_equal(needed, first - found);
}

static void by_parity(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    bool mended;
    assert_code(EX_OK, vault_repair_pack(f->place.v, f->report.pack[0], NULL, &mended, &err));
    assert_false(mended); /* there is none */
    assert_code(EX_OK, vault_parity_make(f->place.v, f->report.pack[0], NULL, &err));
    spoil(f->pack, 500000, 0x22);
    spoil(f->pack, 30, 0x22);
    assert_code(EX_OK, vault_repair_pack(f->place.v, f->report.pack[0], NULL, &mended, &err));
    assert_true(mended);
    assert_no_problems(f->place.v);
    assert_verifies(f->place.v, &f->object);
    spoil_all_over(f, 20000); /* more than it can mend */
    assert_code(EX_OK, vault_repair_pack(f->place.v, f->report.pack[0], NULL, &mended, &err));
    assert_false(mended);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fixture_test(from_a_copy_of_the_vault),
        fixture_test(a_lost_pack_from_a_copy),
        fixture_test(from_another_vault),
        fixture_test(from_an_export),
        fixture_test(from_a_wrong_file),
        fixture_test(from_a_damaged_copy),
        fixture_test(by_parity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
