/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, on a made-up machine (vectors/sysfs) and with answers that are made up here: what says
 * "mocked" was never asked of a real disk. */
#include "testing.h"

#include "source/device_internal.h"

#include <errno.h>
#include <ftw.h>
#include <linux/fs.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- the made-up machine ---- */

struct machine {
    char root[64], sys[80], run[80], proc[80], dev[80];
};

static void make_parents(char *path, size_t from) {
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
}

static size_t unescaped(char *text) {
    char *to = text;
    for (const char *at = text; *at != '\0';) {
        unsigned byte;
        if (at[0] == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            at += 4;
        } else
            *to++ = *at++;
    }
    return (size_t)(to - text);
}

static void put_file(struct machine *m, const char *name, const char *data, size_t size) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", m->root, name);
    make_parents(path, strlen(m->root) + 1);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    if (memchr(data, '\n', size) == NULL)
        (void)fputc('\n', f);
    assert_int_equal(fclose(f), 0);
}

static void put_link(struct machine *m, const char *name, const char *target) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", m->root, name);
    make_parents(path, strlen(m->root) + 1);
    assert_int_equal(symlink(target, path), 0);
}

static void put_line(struct machine *m, char *line) {
    char *middle = strstr(line, " = ");
    if (middle != NULL) {
        *middle = '\0';
        put_file(m, line, middle + 3, unescaped(middle + 3));
        return;
    }
    middle = strstr(line, " -> ");
    if (middle != NULL) {
        *middle = '\0';
        put_link(m, line, middle + 4);
        return;
    }
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%sx", m->root, line);
    make_parents(path, strlen(m->root) + 1);
}

static int make_machine(void **state) {
    struct machine *m = ex_new0(struct machine);
    size_t size;
    char *rest = NULL;
    EX_AUTO_FREE char *tree = (char *)load_vector("sysfs/machine.tree", &size);
    (void)snprintf(m->root, sizeof m->root, "/tmp/exhibit-machine-XXXXXX");
    assert_non_null(mkdtemp(m->root));
    (void)snprintf(m->sys, sizeof m->sys, "%s/sys", m->root);
    (void)snprintf(m->run, sizeof m->run, "%s/run", m->root);
    (void)snprintf(m->proc, sizeof m->proc, "%s/proc", m->root);
    (void)snprintf(m->dev, sizeof m->dev, "%s/dev", m->root);
    for (char *line = strtok_r(tree, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        if (line[0] != '#')
            put_line(m, line);
    *state = m;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where) {
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static int remove_machine(void **state) {
    struct machine *m = *state;
    (void)nftw(m->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(m);
    return 0;
}

/* A device of the machine, which nobody can open. */
static struct device *device_of(struct machine *m, uint32_t major, uint32_t minor) {
    struct ex_error err;
    struct device *d = ex_new0(struct device);
    d->fd = d->claim_fd = -1;
    d->system =
        (struct device_system){.sys = m->sys, .run = m->run, .proc = m->proc, .dev = m->dev};
    assert_code(EX_OK, device_identify(&d->system, major, minor, &d->identity, &err));
    return d;
}

/* ---- identity ---- */

static void a_sata_disk(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    const struct device_identity *i = device_identity(d);
    assert_string_equal(i->name, "sda");
    assert_string_equal(i->transport, "ata");
    assert_string_equal(i->vendor, "ATA");
    assert_string_equal(i->model, "MADE-UP DISK 500");
    assert_string_equal(i->firmware, "1.00");
    assert_string_equal(i->serial, "SERIAL000001");
    assert_string_equal(i->wwid, "naa.5000000000000001");
    assert_int_equal(i->size, 500107862016);
    assert_int_equal(i->whole_size, i->size);
    assert_int_equal(i->logical_sector, 512);
    assert_int_equal(i->physical_sector, 4096);
    assert_int_equal(i->rotational, DEVICE_YES);
    assert_int_equal(i->removable, DEVICE_NO);
    assert_int_equal(i->read_only, DEVICE_NO);
    assert_int_equal(i->partition, 0);
    assert_int_equal(i->part_count, 4);
    assert_string_equal(i->part[0].name, "sda1");
    assert_string_equal(i->part[3].name, "sda10"); /* by number, not by letters */
    assert_int_equal(i->part[1].start, 206848 * 512);
    assert_int_equal(i->part[1].size, 204800 * 512);
    assert_non_null(strstr(i->place, "/ata1/"));
    assert_int_equal(device_number(d), makedev(8, 0));
}

static void a_usb_stick(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 16);
    const struct device_identity *i = device_identity(d);
    assert_string_equal(i->transport, "usb");
    assert_int_equal(i->removable, DEVICE_YES);
    assert_string_equal(i->serial, ""); /* the kernel does not know it */
    assert_string_equal(i->udev_serial, "0000AA");
    assert_string_equal(i->udev_model, "Stick_3.0");
    assert_string_equal(i->udev_bus, "usb");
    assert_string_equal(i->udev_table, "dos");
    assert_string_equal(i->udev_file_system, "");
}

static void an_nvme_device(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 259, 0);
    const struct device_identity *i = device_identity(d);
    assert_string_equal(i->transport, "nvme");
    assert_string_equal(i->serial, "NV0001");
    assert_string_equal(i->firmware, "FW7");
    assert_string_equal(i->wwid, "eui.0000000000000001");
    assert_int_equal(i->logical_sector, 4096);
    assert_int_equal(i->rotational, DEVICE_NO);
}

static void a_partition(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 17);
    const struct device_identity *i = device_identity(d);
    assert_int_equal(i->partition, 1);
    assert_string_equal(i->whole, "sdb");
    assert_int_equal(i->start, 2048 * 512);
    assert_int_equal(i->size, (uint64_t)60060452 * 512);
    assert_int_equal(i->whole_size, (uint64_t)60062500 * 512);
    assert_string_equal(i->model, "Stick 3.0");
    assert_int_equal(i->part_count, 0);
}

static void what_the_kernel_does_not_name(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 77, 7);
    const struct device_use *use;
    struct ex_error err;
    assert_string_equal(d->identity.model, "");
    assert_int_equal(d->identity.removable, DEVICE_UNKNOWN);
    assert_code(EX_OK, device_list_uses(d, &err));
    use = d->use;
    assert_int_equal(d->use_count, 1); /* not known is not "nobody" */
    assert_int_equal(use->kind, DEVICE_NOT_KNOWN);
}

/* ---- uses ---- */

/* The sentences about its uses, each with an LF. */
static char *uses_of(struct machine *m, uint32_t major, uint32_t minor) {
    EX_AUTO(device_close) struct device *d = device_of(m, major, minor);
    struct ex_error err;
    char *all = ex_new0_bytes(65536), line[8192];
    assert_code(EX_OK, device_list_uses(d, &err));
    for (size_t i = 0; i < d->use_count; i++) {
        device_use_text(&d->use[i], line, sizeof line);
        (void)snprintf(all + strlen(all), 65536 - strlen(all), "%s\n", line);
    }
    return all;
}

static void every_use_is_named(void **state) {
    static const struct {
        uint32_t major, minor;
        const char *uses;
    } cases[] = {
        {8, 0,
         "sda3 is part of dm-0 (vg-root)\ndm-0 is mounted at /\nsda1 is mounted at /home/some user\n"
         "sda2 is used as swap space\n"},
        {8, 1, "sda1 is mounted at /home/some user\n"},
        {8, 3, "sda3 is part of dm-0 (vg-root)\ndm-0 is mounted at /\n"},
        {8, 10, ""}, /* what its neighbours are used for does not touch it */
        {8, 16, ""},
        {8, 17, ""},
        {8, 32, "sdc is part of md0 (RAID)\nmd0 is mounted at /srv\n"},
        {9, 0, "md0 is mounted at /srv\n"},
        {8, 48, "sdd is also the loop device loop0\nloop0 is mounted at /mnt/copy\n"},
        {8, 64, "sde is part of bcache\n"},
        {8, 80, "sdf1 is mounted at /mnt/pool\n"},
        {8, 97, "sdg is mounted at /mnt/whole\n"}, /* the device that it is a part of */
        {259, 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EX_AUTO_FREE char *uses = uses_of(*state, cases[i].major, cases[i].minor);
        assert_string_equal(uses, cases[i].uses);
    }
}

static void lists_that_cannot_be_read(void **state) {
    struct machine *m = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/self/mountinfo", m->proc);
    assert_int_equal(unlink(path), 0);
    EX_AUTO_FREE char *uses = uses_of(m, 8, 16);
    assert_non_null(strstr(uses, "who uses sdb is not known"));
}

static void what_carries_the_vault(void **state) {
    static const struct {
        uint32_t major, minor, file_system_major, file_system_minor;
        enum device_answer_word carries;
    } cases[] = {{8, 0, 252, 0, DEVICE_YES},   {8, 3, 252, 0, DEVICE_YES},
                 {8, 1, 252, 0, DEVICE_NO},    {8, 16, 252, 0, DEVICE_NO},
                 {252, 0, 252, 0, DEVICE_YES}, {8, 0, 8, 1, DEVICE_YES},
                 {8, 32, 9, 0, DEVICE_YES},    {8, 16, 0, 77, DEVICE_UNKNOWN}};
    struct ex_error err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EX_AUTO(device_close) struct device *d = device_of(*state, cases[i].major, cases[i].minor);
        enum device_answer_word carries = 9;
        assert_code(EX_OK, device_carries(
                               d, makedev(cases[i].file_system_major, cases[i].file_system_minor),
                               &carries, &err));
        assert_int_equal(carries, cases[i].carries);
    }
}

/* ---- hostile texts ---- */

static void texts_from_outside(void **state) {
    struct machine *m = *state;
    struct ex_error err;
    struct device_identity i;
    struct device_system s = {.sys = m->sys, .run = m->run, .proc = m->proc, .dev = m->dev};
    static char large[1 << 20];
    static const char place[] = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/host6/"
                                "target6:0:0/6:0:0:0/";
    char name[256];
    memset(large, 'm', sizeof large);
    (void)snprintf(name, sizeof name, "%smodel", place);
    put_file(m, name, large, sizeof large);
    (void)snprintf(name, sizeof name, "%svendor", place);
    put_file(m, name, "\xff\xfe \x1b[2J\nsecond line", 18);
    (void)snprintf(name, sizeof name, "%svpd_pg80", place);
    put_file(m, name, "\x00\x80\xff\xffshort", 9);
    (void)snprintf(name, sizeof name, "%sblock/sdb/size", place);
    put_file(m, name, "99999999999999999999", 20);
    put_file(m, "run/udev/data/b8:16", large, sizeof large);
    assert_code(EX_OK, device_identify(&s, 8, 16, &i, &err));
    assert_string_equal(i.model, "");
    assert_string_equal(i.vendor, "\xff\xfe \x1b[2J");
    assert_string_equal(i.serial, "");
    assert_int_equal(i.size, 0);
    assert_string_equal(i.udev_serial, "");
    device_identity_clear(&i);
}

static void too_many_partitions(void **state) {
    struct machine *m = *state;
    struct ex_error err;
    struct device_identity i;
    struct device_system s = {.sys = m->sys, .run = m->run, .proc = m->proc, .dev = m->dev};
    char name[256];
    for (int k = 0; k <= DEVICE_LIST_MAX; k++) {
        (void)snprintf(name, sizeof name, "sys/devices/virtual/block/md0/md0p%d/partition", k);
        put_file(m, name, "1", 1);
    }
    assert_code(EX_LIMIT, device_identify(&s, 9, 0, &i, &err));
}

/* ---- mocked answers ---- */

struct mock {
    uint8_t identify[ATA_SECTOR_BYTES], smart[ATA_SECTOR_BYTES], overlay[ATA_SECTOR_BYTES];
    uint64_t native_last, accessible_last;
    int deny;          /* errno of every command */
    bool no_registers; /* a bridge that does not give them back */
    bool refuse;       /* the device aborts everything but IDENTIFY */
    uint8_t controller[NVME_IDENTIFY_BYTES], name_space[NVME_IDENTIFY_BYTES];
    size_t commands;
    bool wrote; /* something else than a question came */
};

static void put_word(uint8_t *data, size_t word, uint64_t value, size_t words) {
    for (size_t i = 0; i < words * 2; i++)
        data[word * 2 + i] = (uint8_t)(value >> (8 * i));
}

static void put_words(uint8_t *data, size_t word, const char *text, size_t words) {
    for (size_t i = 0; i < words * 2; i++)
        data[word * 2 + (i ^ 1)] = i < strlen(text) ? (uint8_t)text[i] : ' ';
}

static void put_sum(uint8_t *data) {
    uint8_t sum = 0;
    for (size_t i = 0; i < ATA_SECTOR_BYTES - 1; i++)
        sum = (uint8_t)(sum + data[i]);
    data[ATA_SECTOR_BYTES - 1] = (uint8_t)-sum;
}

/* A disk of 500 GB that knows every feature that is asked for. */
static void fill_identify(uint8_t *data, uint64_t sectors) {
    memset(data, 0, ATA_SECTOR_BYTES);
    put_words(data, 10, "SERIAL000001", 10);
    put_words(data, 23, "FW 1.0", 4);
    put_words(data, 27, "MADE-UP DISK 500", 20);
    put_word(data, 60, 0xfffffff, 2);
    put_word(data, 82, 1 | 1 << 10, 1);
    put_word(data, 83, 0x4000 | 1 << 10 | 1 << 11, 1);
    put_word(data, 100, sectors, 4);
    put_word(data, 106, 0x6003, 1);
    put_word(data, 119, 0x4000 | 1 << 8, 1);
    put_word(data, 217, 1, 1);
    put_word(data, 169, 1, 1);
    data[510] = 0xa5;
    put_sum(data);
}

static void fill_smart(uint8_t *data, unsigned reallocated, unsigned pending) {
    memset(data, 0, ATA_SECTOR_BYTES);
    data[0] = 16;
    data[2] = 5;
    put_word(data, 3, 0, 1);
    memcpy(data + 2 + 5, &reallocated, 4);
    data[14] = 197;
    memcpy(data + 14 + 5, &pending, 4);
    data[26] = 240;
    put_sum(data);
}

static void fill_overlay(uint8_t *data, uint64_t last) {
    memset(data, 0, ATA_SECTOR_BYTES);
    put_word(data, 0, 2, 1);
    put_word(data, 3, last, 4);
    data[510] = 0xa5;
    put_sum(data);
}

static void give_registers(struct sg_io_hdr *h, uint64_t lba, uint8_t status, uint8_t error) {
    uint8_t sense[22] = {0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 1, error};
    sense[14] = (uint8_t)(lba >> 24);
    sense[15] = (uint8_t)lba;
    sense[16] = (uint8_t)(lba >> 32);
    sense[17] = (uint8_t)(lba >> 8);
    sense[18] = (uint8_t)(lba >> 40);
    sense[19] = (uint8_t)(lba >> 16);
    sense[20] = 0x40;
    if (h->cmdp[14] == 0xf8) { /* 28 bits */
        sense[14] = sense[16] = sense[18] = 0;
        sense[20] = (uint8_t)(0x40 | (lba >> 24 & 0xf));
    }
    sense[21] = status;
    memcpy(h->sbp, sense, sizeof sense);
    h->sb_len_wr = sizeof sense;
    h->status = 2;
    h->driver_status = 8;
}

static const uint8_t *data_for(const struct mock *m, uint8_t command, uint8_t feature) {
    return command == 0xec                      ? m->identify
           : command == 0xb0 && feature == 0xd0 ? m->smart
           : command == 0xb1 && feature == 0xc2 ? m->overlay
                                                : NULL;
}

static int mock_ata(struct mock *m, struct sg_io_hdr *h) {
    uint8_t command = h->cmdp[14], feature = h->cmdp[4];
    const uint8_t *data = data_for(m, command, feature);
    bool address = command == 0x27 || command == 0x78 || command == 0xf8;
    m->wrote = m->wrote || h->dxfer_direction == SG_DXFER_TO_DEV ||
               h->dxfer_direction == SG_DXFER_TO_FROM_DEV || (data == NULL && !address) ||
               h->cmdp[0] != 0x85 || (h->cmdp[3] | h->cmdp[5] | h->cmdp[7]) != 0;
    if (m->refuse && command != 0xec)
        give_registers(h, 0, 0x51, 4);
    else if (data != NULL)
        memcpy(h->dxferp, data, ATA_SECTOR_BYTES);
    else if (address && !m->no_registers)
        give_registers(h, command == 0x78 ? m->accessible_last : m->native_last, 0x50, 0);
    return 0;
}

static int mock_nvme(struct mock *m, struct nvme_admin_cmd *c) {
    void *to = (void *)(uintptr_t)c->addr;
    if (c->opcode == 6)
        memcpy(to, c->cdw10 == 1 ? m->controller : m->name_space, NVME_IDENTIFY_BYTES);
    else if (c->opcode == 2 && c->data_len == ATA_SECTOR_BYTES && (c->cdw10 & 0xff) == 2 &&
             c->cdw10 >> 16 == 127)
        memcpy(to, m->smart, ATA_SECTOR_BYTES);
    else
        m->wrote = true;
    return 0;
}

static int mock_control(void *context, int fd, unsigned long request, void *argument) {
    struct mock *m = context;
    (void)fd;
    m->commands++;
    if (m->deny != 0) {
        errno = m->deny;
        return -1;
    }
    if (request == SG_IO)
        return mock_ata(m, argument);
    if (request == NVME_IOCTL_ADMIN_CMD)
        return mock_nvme(m, argument);
    if (request == NVME_IOCTL_ID)
        return 1;
    m->wrote = true;
    return -1;
}

enum { SECTORS = 976773168 };

static struct mock *healthy(void) {
    struct mock *m = ex_new0(struct mock);
    fill_identify(m->identify, SECTORS);
    fill_smart(m->smart, 0, 0);
    fill_overlay(m->overlay, SECTORS - 1);
    m->native_last = m->accessible_last = SECTORS - 1;
    return m;
}

static struct device_answers *ask(struct device *d, struct mock *m) {
    struct device_answers *a = ex_new0(struct device_answers);
    d->system.control = mock_control;
    d->system.context = m;
    device_ask(d, a);
    assert_false(m->wrote); /* only questions, and none that is not in the list */
    return a;
}

static void a_disk_answers(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    EX_AUTO_FREE struct device_answers *a = ask(d, m);
    struct device_hidden h;
    assert_int_equal(a->language, DEVICE_SPEAKS_ATA);
    assert_true(a->identify.given && a->smart.given && a->native_max.given && a->overlay.given &&
                a->accessible.given);
    assert_int_equal(m->commands, 5);
    assert_string_equal(a->self.model, "MADE-UP DISK 500");
    assert_string_equal(a->self.serial, "SERIAL000001");
    assert_string_equal(a->self.firmware, "FW 1.0");
    assert_int_equal(a->self.sectors, SECTORS);
    assert_int_equal(a->self.logical_sector, 512);
    assert_int_equal(a->self.physical_sector, 4096);
    assert_true(a->self.solid_state && a->self.trim);
    assert_int_equal(a->native_sectors, SECTORS);
    assert_int_equal(a->overlay_sectors, SECTORS);
    assert_int_equal(a->accessible_sectors, SECTORS);
    assert_memory_equal(a->identify_bytes, m->identify, ATA_SECTOR_BYTES);
    device_hidden(d, a, &h);
    assert_true(h.known);
    assert_int_equal(h.not_visible, 0);
}

static void a_protected_area(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    struct device_hidden h;
    m->native_last = SECTORS - 1 + 2048;
    {
        EX_AUTO_FREE struct device_answers *a = ask(d, m);
        device_hidden(d, a, &h);
        assert_true(h.known);
        assert_int_equal(h.visible, (uint64_t)SECTORS * 512);
        assert_int_equal(h.not_visible, 2048 * 512);
    }
    fill_overlay(m->overlay, SECTORS - 1 + 4096); /* and an overlay above it */
    EX_AUTO_FREE struct device_answers *a = ask(d, m);
    device_hidden(d, a, &h);
    assert_int_equal(h.real, (uint64_t)(SECTORS + 4096) * 512);
    assert_int_equal(h.not_visible, 4096 * 512);
}

static void an_accessible_maximum(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    struct device_hidden h;
    m->accessible_last = SECTORS + 7;
    EX_AUTO_FREE struct device_answers *a = ask(d, m);
    device_hidden(d, a, &h);
    assert_int_equal(h.not_visible, 8 * 512);
}

static void a_small_disk(void **state) {
    enum { FEW = 0x4a853f0 }; /* 40 GB: more than 24 bits, and no command of 48 */
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    struct device_hidden h;
    d->identity.size = d->identity.whole_size = (uint64_t)FEW * 512;
    put_word(m->identify, 60, FEW, 2);
    put_word(m->identify, 83, 0x4000, 1);
    put_word(m->identify, 119, 0x4000, 1);
    put_sum(m->identify);
    m->native_last = FEW + 9;
    EX_AUTO_FREE struct device_answers *a = ask(d, m);
    assert_int_equal(a->self.sectors, FEW);
    assert_int_equal(a->native_sectors, FEW + 10);
    device_hidden(d, a, &h);
    assert_int_equal(h.not_visible, 10 * 512);
}

static void what_could_not_be_asked(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    struct device_hidden h;
    for (int way = 0; way < 5; way++) {
        EX_AUTO_FREE struct mock *m = healthy();
        m->deny = way == 0 ? EPERM : 0;
        m->no_registers = way == 1;
        m->refuse = way == 2;
        if (way == 3)
            memset(m->identify, 0, sizeof m->identify);
        if (way == 4)
            m->overlay[40] ^= 1;
        EX_AUTO_FREE struct device_answers *a = ask(d, m);
        device_hidden(d, a, &h);
        assert_false(h.known);
        assert_int_equal(h.not_visible, 0);
        assert_int_equal(a->identify.given, way != 0 && way != 3);
        const struct device_answer *answer = way == 4 ? &a->overlay : &a->native_max;
        assert_false(answer->given);
        assert_true(strlen(answer->why) > 10);
    }
}

static void a_device_without_the_features(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    struct device_hidden h;
    put_word(m->identify, 82, 0, 1);
    put_word(m->identify, 83, 0x4000 | 1 << 10, 1);
    put_word(m->identify, 119, 0x4000, 1);
    put_sum(m->identify);
    EX_AUTO_FREE struct device_answers *a = ask(d, m);
    assert_int_equal(m->commands, 1); /* what it says it lacks is not asked for */
    assert_non_null(strstr(a->native_max.why, "no host protected area"));
    device_hidden(d, a, &h);
    assert_true(h.known);
    assert_int_equal(h.not_visible, 0);
}

static void counters_that_changed(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    struct device_change change[DEVICE_COUNTERS_MAX];
    EX_AUTO_FREE struct device_answers *before = ask(d, m);
    fill_smart(m->smart, 3, 0);
    EX_AUTO_FREE struct device_answers *after = ask(d, m);
    assert_int_equal(before->counter_count, 3);
    assert_int_equal(device_changes(before, before, change), 0);
    assert_int_equal(device_changes(before, after, change), 1);
    assert_string_equal(change[0].after->name, "reallocated sectors");
    assert_true(change[0].after->of_damage);
    assert_int_equal(change[0].before->value, 0);
    assert_int_equal(change[0].after->value, 3);
    after->smart.given = false;
    assert_int_equal(device_changes(before, after, change), 0);
}

static void an_nvme_answers(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 259, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    struct device_hidden h;
    uint64_t sectors = 125026902, capacity = (sectors + 100) * 4096;
    memcpy(m->controller + 4, "NV0001              MADE-UP NVME", 32);
    memset(m->controller + 36, ' ', 28);
    memcpy(m->controller + 64, "FW7     ", 8);
    memcpy(m->controller + 280, &capacity, 8);
    memcpy(m->name_space, &sectors, 8);
    m->name_space[25] = 1;
    m->name_space[26] = 1;
    m->name_space[128 + 4 + 2] = 12;
    memset(m->smart, 0, sizeof m->smart);
    m->smart[160] = 9;
    EX_AUTO_FREE struct device_answers *a = ask(d, m);
    assert_int_equal(a->language, DEVICE_SPEAKS_NVME);
    assert_true(a->identify.given && a->smart.given && !a->native_max.given);
    assert_string_equal(a->self.serial, "NV0001");
    assert_string_equal(a->self.model, "MADE-UP NVME");
    assert_string_equal(a->self.firmware, "FW7");
    assert_int_equal(a->self.sectors, sectors);
    assert_int_equal(a->self.logical_sector, 4096);
    bool found = false;
    for (size_t i = 0; i < a->counter_count; i++)
        found = found || (strcmp(a->counter[i].name, "media errors") == 0 &&
                          a->counter[i].value == 9 && a->counter[i].of_damage);
    assert_true(found);
    device_hidden(d, a, &h);
    assert_true(h.known);
    assert_int_equal(h.visible, (uint64_t)1000215216 * 512);
    assert_int_equal(h.not_visible, capacity - h.visible);
}

static void others_are_not_asked(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 7, 0);
    EX_AUTO_FREE struct mock *m = healthy();
    struct device_hidden h;
    EX_AUTO_FREE struct device_answers *a = ask(d, m);
    assert_int_equal(m->commands, 0);
    assert_int_equal(a->language, DEVICE_SPEAKS_NEITHER);
    assert_non_null(strstr(a->identify.why, "could not be asked"));
    device_hidden(d, a, &h);
    assert_false(h.known);
}

static void registers_of_every_length(void **state) {
    (void)state;
    struct ex_error err;
    struct ata_registers r;
    uint8_t sense[64] = {0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 1, 0};
    sense[15] = 0xff;
    sense[21] = 0x50;
    for (size_t size = 0; size < 22; size++)
        assert_code(EX_FORMAT, ata_parse_sense(sense, size, &r, &err));
    assert_code(EX_OK, ata_parse_sense(sense, 22, &r, &err));
    assert_int_equal(r.lba, 0xff);
    assert_int_equal(r.status, 0x50);
    sense[0] = 0x70;
    assert_code(EX_FORMAT, ata_parse_sense(sense, 22, &r, &err));
}

/* ---- the read-only flag, mocked ---- */

struct flags {
    int set, calls, deny;
};

static int mock_flags(void *context, int fd, unsigned long request, void *argument) {
    struct flags *f = context;
    (void)fd;
    if (request == BLKROSET) {
        f->calls++;
        errno = f->deny;
        if (f->deny != 0)
            return -1;
        f->set = *(const int *)argument;
        return 0;
    }
    if (request != BLKROGET)
        return -1;
    *(int *)argument = f->set;
    return 0;
}

static void the_flag(void **state) {
    EX_AUTO(device_close) struct device *d = device_of(*state, 8, 16);
    struct flags f = {.deny = EACCES};
    struct device_flag flag;
    d->system.control = mock_flags;
    d->system.context = &f;
    device_set_read_only(d, false, &flag);
    assert_int_equal(flag.now, DEVICE_NO);
    assert_non_null(strstr(flag.why, "could not be set"));
    f = (struct flags){0};
    device_set_read_only(d, true, &flag);
    assert_int_equal(f.calls, 0); /* in use: it is left alone */
    assert_false(flag.tried);
    device_set_read_only(d, false, &flag);
    assert_int_equal(flag.before, DEVICE_NO);
    assert_int_equal(flag.now, DEVICE_YES);
    assert_string_equal(flag.why, "");
    assert_int_equal(flag.parts, 1);
    assert_int_equal(flag.parts_set, 0); /* there is no node of it */
    f.set = 0;
    device_check_read_only(d, &flag);
    assert_int_equal(flag.now, DEVICE_NO);
}

static void the_flag_stays(void **state) {
    static const struct {
        uint32_t major, minor;
        int before, stays;
    } cases[] = {{8, 16, 0, 1}, {7, 0, 0, 0}, {7, 0, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct device *d = device_of(*state, cases[i].major, cases[i].minor);
        struct flags f = {.set = cases[i].before};
        struct device_flag flag;
        d->system.control = mock_flags;
        d->system.context = &f;
        device_set_read_only(d, false, &flag);
        assert_int_equal(f.set, 1);
        device_close(d);
        assert_int_equal(f.set, cases[i].stays);
    }
}

#define machine_test(name, f)                                                                      \
    { name, f, make_machine, remove_machine, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        machine_test("R9: a SATA disk is named with serial, sizes and sectors", a_sata_disk),
        machine_test("R9: a USB stick, as kernel and udev name it", a_usb_stick),
        machine_test("R9: an NVMe device", an_nvme_device),
        machine_test("R9: a partition, and the device that it is a part of", a_partition),
        machine_test("R8: a device that the kernel does not name counts as used",
                     what_the_kernel_does_not_name),
        machine_test("R8: every use of a device is named", every_use_is_named),
        machine_test("R8: lists that cannot be read leave open who uses it",
                     lists_that_cannot_be_read),
        machine_test("R8: the device on which the vault lies is found", what_carries_the_vault),
        machine_test("texts from outside have limits", texts_from_outside),
        machine_test("too many partitions are refused, not left out", too_many_partitions),
        machine_test("R9 (mocked): an ATA disk says what it is", a_disk_answers),
        machine_test("R3 (mocked): a host protected area and an overlay have their sizes",
                     a_protected_area),
        machine_test("R3 (mocked): an accessible maximum", an_accessible_maximum),
        machine_test("R3 (mocked): a small disk, with addresses of 28 bits", a_small_disk),
        machine_test("R3 (mocked): what could not be asked is not known, and says why",
                     what_could_not_be_asked),
        machine_test("R3 (mocked): a device without the features", a_device_without_the_features),
        machine_test("O14 (mocked): counters that changed are named", counters_that_changed),
        machine_test("R3, O14 (mocked): an NVMe device", an_nvme_answers),
        machine_test("R3: what takes no such commands is not asked", others_are_not_asked),
        machine_test("registers that were cut off", registers_of_every_length),
        machine_test("R8 (mocked): the read-only flag", the_flag),
        machine_test("R8 (mocked): it stays, except on a loop device that had none",
                     the_flag_stays),
    };
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
