/* SPDX-License-Identifier: Apache-2.0 */
/* What an officer is told about a device, and what the ledger gets: with answers that are made up
 * here, and were never given by a real disk ("mocked"). */
#include "testing.h"

#include "app/device_internal.h"
#include "source/device_internal.h"

enum { SECTORS = 1000000 };

struct made_up {
    struct device device;
    struct device_use use;
    struct device_flag flag;
    struct device_answers before, after;
    struct device_told told;
};

static void fill_answers(struct device_answers *a, uint64_t reallocated) {
    a->language = DEVICE_SPEAKS_ATA;
    a->identify.given = a->smart.given = a->native_max.given = true;
    a->self = (struct device_self){.sectors = SECTORS, .logical_sector = 512, .hidden_area = true};
    a->native_sectors = SECTORS;
    a->counter[0] = (struct device_counter){
        .id = 5, .name = "reallocated sectors", .value = reallocated, .of_damage = true};
    a->counter[1] = (struct device_counter){.id = 9, .name = "power-on hours", .value = 100};
    a->counter_count = 2;
}

static struct made_up *sound(void) {
    struct made_up *m = ex_new0(struct made_up);
    m->device.identity.size = m->device.identity.whole_size = (uint64_t)SECTORS * 512;
    m->device.identity.rotational = DEVICE_YES;
    m->flag.now = DEVICE_YES;
    fill_answers(&m->before, 0);
    fill_answers(&m->after, 0);
    m->told = (struct device_told){.device = &m->device,
                                   .use = &m->use,
                                   .carries_vault = DEVICE_NO,
                                   .flag = &m->flag,
                                   .before = &m->before,
                                   .after = &m->after};
    return m;
}

/* The warnings, each with an LF; the caller frees. */
static char *warnings_of(struct made_up *m) {
    json_t *list = device_warnings(&m->told), *one;
    char *all = ex_new0_bytes(8192);
    size_t i;
    json_array_foreach(list, i, one) {
        assert_true(json_is_string(one));
        (void)strncat(all, json_string_value(one), 1000);
        (void)strncat(all, "\n", 2);
    }
    json_decref(list);
    return all;
}

static void expect(struct made_up *m, const char *words) {
    EX_AUTO_FREE char *all = warnings_of(m);
    if (words == NULL ? all[0] != '\0' : strstr(all, words) == NULL)
        fail_msg("\"%s\" is not what was told: %s", words != NULL ? words : "nothing", all);
}

static void a_sound_disk(void **state) {
    EX_AUTO_FREE struct made_up *m = sound();
    (void)state;
    expect(m, NULL);
    m->after.counter[1].value = 101; /* hours pass */
    expect(m, NULL);
}

/* What is asked in a language that it does not speak hides nothing that is known of. */
static void a_disk_that_cannot_be_asked(void **state) {
    EX_AUTO_FREE struct made_up *m = sound();
    (void)state;
    m->before = m->after = (struct device_answers){.language = DEVICE_SPEAKS_NEITHER};
    expect(m, "whether the device has a hidden area is not known: it could not be asked");
    (void)snprintf(m->device.identity.transport, sizeof m->device.identity.transport, "loop");
    expect(m, NULL);
}

static void hidden_areas(void **state) {
    EX_AUTO_FREE struct made_up *m = sound();
    (void)state;
    m->before.native_sectors = SECTORS + 2048;
    expect(m, "the device has a hidden area of 1048576 bytes (it says it has 513048576, and shows "
              "512000000): it was NOT collected\n");
    m->before.native_max.given = false;
    m->before.native_sectors = 0;
    expect(m, "whether the device has a hidden area is not known");
    m->before.identify.given = false;
    expect(m, "whether the device has a hidden area is not known");
    m->before.language = DEVICE_SPEAKS_NVME;
    m->before.identify.given = true;
    m->before.self.capacity = (uint64_t)SECTORS * 512 + 4096;
    expect(m, "4096 bytes that do not belong to this name space: they were NOT collected");
}

static void counters(void **state) {
    EX_AUTO_FREE struct made_up *m = sound();
    (void)state;
    m->after.counter[0].value = 3;
    expect(m, "while the device was read, its counter \"reallocated sectors\" went from 0 to 3\n");
    m->after.smart.given = false;
    expect(m, "whether the device's counters of errors changed is not known\n");
}

static void solid_state(void **state) {
    EX_AUTO_FREE struct made_up *m = sound();
    (void)state;
    m->before.self.solid_state = true;
    expect(m, "the device is solid-state");
    m->before.self.solid_state = false;
    m->device.identity.rotational = DEVICE_NO;
    expect(m, "the device is solid-state");
}

static void use_and_flag(void **state) {
    EX_AUTO_FREE struct made_up *m = sound();
    (void)state;
    m->flag.now = DEVICE_UNKNOWN;
    expect(m, "the kernel's read-only flag of the device is not set\n");
    m->told.use_count = 1;
    m->use = (struct device_use){.kind = DEVICE_SWAP, .name = "sda2"};
    expect(m, "the device was in use when it was collected: sda2 is used as swap space\n");
    m->told.carries_vault = DEVICE_UNKNOWN;
    expect(m, "whether the vault itself lies on the device is not known");
}

/* What the ledger gets has the answers as they came. */
static void answers_as_json(void **state) {
    EX_AUTO_FREE struct made_up *m = sound();
    (void)state;
    m->before.identify_bytes[0] = 0x40;
    m->before.identify_size = ATA_SECTOR_BYTES;
    m->before.native_sectors = SECTORS + 8;
    (void)snprintf(m->before.overlay.why, sizeof m->before.overlay.why, "could not be asked");
    json_t *json = device_answers_json(&m->device, &m->before);
    json_t *identify = json_object_get(json, "identify"), *hidden = json_object_get(json, "hidden");
    assert_int_equal(json_string_length(json_object_get(identify, "bytes")), 684);
    assert_string_equal(json_string_value(json_object_get(json, "language")), "ata");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "native_max"), "sectors")),
        SECTORS + 8);
    assert_true(json_is_null(json_object_get(json_object_get(json, "overlay"), "sectors")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "overlay"), "why")),
                        "could not be asked");
    assert_int_equal(json_integer_value(json_object_get(hidden, "not_visible_bytes")), 4096);
    json_decref(json);
}

#define named(name, f)                                                                             \
    { name, f, NULL, NULL, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        named("R3, O14 (mocked): of a sound disk there is nothing to be told", a_sound_disk),
        named("R3 (mocked): a hidden area, or that it is not known", hidden_areas),
        named("R3 (mocked): that a disk cannot be asked for one", a_disk_that_cannot_be_asked),
        named("O14 (mocked): counters of damage that changed", counters),
        named("O14 (mocked): a solid-state disk", solid_state),
        named("R8: use, and a flag that is not set", use_and_flag),
        named("R9 (mocked): the ledger gets the answers as they came", answers_as_json),
    };
    return cmocka_run_group_tests_name("device warnings", tests, NULL, NULL);
}
