/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel (/sys/dev/block) and udev (/run/udev/data) say that a device is. */
#include "source/device_internal.h"

#include "base/cursor.h"

#include <stdio.h>

enum {
    UDEV_BYTES_MAX = 1 << 18,
    SYSFS_SECTOR_BYTES = 512, /* of `size` and `start`, whatever the device's sectors are */
    PAGE_BYTES_MAX = 512
};

/* ---- where it hangs ---- */

static bool has(const char *text, const char *part) {
    return strstr(text, part) != NULL;
}

/* By its place in /sys/devices. A USB disk is also a SCSI disk, and a SATA disk too: the first
 * word that fits is the one nearest to the cable. */
static const char *transport_of(const char *place, const char *name) {
    static const struct {
        const char *part, *word;
    } ways[] = {{"/virtual/block/loop", "loop"},
                {"/virtual/block/md", "md"},
                {"/virtual/block/dm-", "dm"},
                {"/virtual/block/zram", "ram"},
                {"/usb", "usb"},
                {"/nvme", "nvme"},
                {"/mmc_host", "mmc"},
                {"/virtio", "virtio"},
                {"/ata", "ata"},
                {"/host", "scsi"}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (has(place, ways[i].part))
            return ways[i].word;
    return strncmp(name, "nvme", 4) == 0 ? "nvme" : "";
}

/* ---- what it is ---- */

static void read_sizes(const char *directory, struct device_identity *i) {
    uint64_t value;
    if (device_text_number(directory, "size", NULL, &value) &&
        value <= UINT64_MAX / SYSFS_SECTOR_BYTES)
        i->size = value * SYSFS_SECTOR_BYTES;
    if (device_text_number(directory, "start", NULL, &value) &&
        value <= UINT64_MAX / SYSFS_SECTOR_BYTES)
        i->start = value * SYSFS_SECTOR_BYTES;
}

static uint32_t sector_size(const char *directory, const char *name) {
    uint64_t value;
    return device_text_number(directory, "queue", name, &value) && value <= UINT32_MAX
               ? (uint32_t)value
               : 0;
}

/* A page of vital product data: kind, page code, length (16 bits, the high byte first), text. */
static void read_serial_page(const char *directory, struct device_identity *i) {
    char path[DEVICE_PATH_BYTES + 32];
    EX_AUTO_FREE char *page = NULL;
    (void)snprintf(path, sizeof path, "%s/device/vpd_pg80", directory);
    if (device_text_file(path, PAGE_BYTES_MAX, &page, NULL) != EX_OK)
        return;
    struct ex_cursor c = ex_cursor_make(page, PAGE_BYTES_MAX);
    (void)ex_cursor_u8(&c);
    uint8_t code = ex_cursor_u8(&c);
    size_t size = ex_cursor_be16(&c);
    const uint8_t *text = ex_cursor_bytes(&c, size);
    if (text == NULL || code != 0x80)
        return;
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0'))
        size--;
    while (size > 0 && *text == ' ') {
        text++;
        size--;
    }
    if (size > 0 && size < sizeof i->serial && memchr(text, '\0', size) == NULL)
        memcpy(i->serial, text, size);
}

static void first_text(const char *directory, const char *const places[][2], char *to,
                       size_t size) {
    for (size_t i = 0; places[i][0] != NULL; i++)
        if (device_text(directory, places[i][0], places[i][1], to, size))
            return;
}

static void read_names(const char *directory, struct device_identity *i) {
    static const char *const vendor[][2] = {{"device", "vendor"}, {NULL, NULL}};
    static const char *const model[][2] = {{"device", "model"}, {"device", "name"}, {NULL, NULL}};
    static const char *const firmware[][2] = {
        {"device", "firmware_rev"}, {"device", "rev"}, {"device", "fwrev"}, {NULL, NULL}};
    static const char *const serial[][2] = {
        {"device", "serial"}, {"serial", NULL}, {"device/device", "serial"}, {NULL, NULL}};
    static const char *const wwid[][2] = {
        {"wwid", NULL}, {"device", "wwid"}, {"device", "cid"}, {"uuid", NULL}, {NULL, NULL}};
    first_text(directory, vendor, i->vendor, sizeof i->vendor);
    first_text(directory, model, i->model, sizeof i->model);
    first_text(directory, firmware, i->firmware, sizeof i->firmware);
    first_text(directory, serial, i->serial, sizeof i->serial);
    first_text(directory, wwid, i->wwid, sizeof i->wwid);
    if (i->serial[0] == '\0')
        read_serial_page(directory, i);
    (void)device_text(directory, "loop", "backing_file", i->backing_file, sizeof i->backing_file);
    (void)device_text(directory, "dm", "name", i->mapped_name, sizeof i->mapped_name);
}

/* ---- parts, holders, slaves ---- */

static ex_code add_part(struct device_part **list, size_t *count, size_t *capacity,
                        const struct device_part *part, struct ex_error *err) {
    EX_TRY(ex_grow(list, capacity, *count + 1, sizeof **list,
                   (size_t)DEVICE_LIST_MAX * sizeof **list, "the parts of a device", err));
    (*list)[(*count)++] = *part;
    return EX_OK;
}

static ex_code read_part(const char *directory, const char *name, struct device_identity *i,
                         struct ex_error *err) {
    char path[DEVICE_PATH_BYTES + DEVICE_NAME_BYTES + 2];
    struct device_identity sizes = {0};
    struct device_part part = {0};
    uint64_t number;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    if (!device_text_number(path, "partition", NULL, &number) || number > UINT32_MAX)
        return EX_OK; /* no partition: queue, power, … */
    if (!device_text_dev(path, &part.major, &part.minor))
        return ex_fail(err, EX_FORMAT, "the kernel does not say which device the partition %s is",
                       name);
    read_sizes(path, &sizes);
    part.number = (uint32_t)number;
    part.start = sizes.start;
    part.size = sizes.size;
    (void)snprintf(part.name, sizeof part.name, "%s", name);
    return add_part(&i->part, &i->part_count, &i->part_capacity, &part, err);
}

static int by_number(const void *a, const void *b) {
    const struct device_part *one = a, *two = b;
    return (one->number > two->number) - (one->number < two->number);
}

static ex_code read_parts(const char *directory, struct device_identity *i, struct ex_error *err) {
    struct device_names n = {0};
    EX_TRY(device_names_read(directory, &n, err));
    ex_code code = EX_OK;
    for (size_t k = 0; k < n.count && code == EX_OK; k++)
        code = read_part(directory, n.name[k], i, err);
    device_names_clear(&n);
    if (i->part_count > 0)
        qsort(i->part, i->part_count, sizeof *i->part, by_number);
    return code;
}

static ex_code read_links(const char *directory, const char *what, struct device_part **list,
                          size_t *count, size_t *capacity, struct ex_error *err) {
    char path[DEVICE_PATH_BYTES + 16];
    struct device_names n = {0};
    (void)snprintf(path, sizeof path, "%s/%s", directory, what);
    EX_TRY(device_names_read(path, &n, err));
    ex_code code = EX_OK;
    for (size_t k = 0; k < n.count && code == EX_OK; k++) {
        struct device_part part = {0};
        char linked[DEVICE_PATH_BYTES + DEVICE_NAME_BYTES + 32];
        (void)snprintf(linked, sizeof linked, "%s/%s", path, n.name[k]);
        (void)snprintf(part.name, sizeof part.name, "%s", n.name[k]);
        (void)device_text_dev(linked, &part.major, &part.minor);
        code = add_part(list, count, capacity, &part, err);
    }
    device_names_clear(&n);
    return code;
}

/* ---- udev ---- */

static void take_property(const char *line, size_t size, const char *key, char *to, size_t room) {
    size_t name = strlen(key);
    if (size <= name || size - name >= room || strncmp(line, key, name) != 0)
        return;
    memcpy(to, line + name, size - name);
    to[size - name] = '\0';
}

/* /run/udev/data/bMAJOR:MINOR: lines "E:KEY=value" and others. */
static void read_udev(const struct device_system *system, struct device_identity *i) {
    char path[DEVICE_PATH_BYTES];
    EX_AUTO_FREE char *text = NULL;
    (void)snprintf(path, sizeof path, "%s/udev/data/b%u:%u", system->run, (unsigned)i->major,
                   (unsigned)i->minor);
    if (device_text_file(path, UDEV_BYTES_MAX, &text, NULL) != EX_OK)
        return;
    struct ex_cursor c = ex_cursor_make(text, strlen(text));
    size_t size;
    for (const char *line = ex_cursor_line(&c, &size); line != NULL;
         line = ex_cursor_line(&c, &size)) {
        take_property(line, size, "E:ID_MODEL=", i->udev_model, sizeof i->udev_model);
        take_property(line, size, "E:ID_SERIAL_SHORT=", i->udev_serial, sizeof i->udev_serial);
        take_property(line, size, "E:ID_WWN=", i->udev_wwn, sizeof i->udev_wwn);
        take_property(line, size, "E:ID_BUS=", i->udev_bus, sizeof i->udev_bus);
        take_property(line, size, "E:ID_PATH=", i->udev_path, sizeof i->udev_path);
        take_property(line, size, "E:ID_PART_TABLE_TYPE=", i->udev_table, sizeof i->udev_table);
        take_property(line, size, "E:ID_FS_TYPE=", i->udev_file_system, sizeof i->udev_file_system);
    }
}

/* ---- all of it ---- */

static void cut_last(char *path) {
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
}

static const char *last_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void copy_name(char to[static DEVICE_NAME_BYTES], const char *from) {
    if (strlen(from) < DEVICE_NAME_BYTES)
        memcpy(to, from, strlen(from) + 1);
}

/* Of the whole device, also where only a partition of it is meant. */
static void read_whole(const char *directory, struct device_identity *i) {
    uint64_t sectors;
    i->logical_sector = sector_size(directory, "logical_block_size");
    i->physical_sector = sector_size(directory, "physical_block_size");
    i->rotational = device_text_yes(directory, "queue", "rotational");
    i->removable = device_text_yes(directory, "removable", NULL);
    if (device_text_number(directory, "size", NULL, &sectors) &&
        sectors <= UINT64_MAX / SYSFS_SECTOR_BYTES)
        i->whole_size = sectors * SYSFS_SECTOR_BYTES;
    read_names(directory, i);
}

static ex_code identify_in(char *directory, const char *root, struct device_identity *i,
                           struct ex_error *err) {
    uint64_t number;
    copy_name(i->name, last_of(directory));
    i->read_only = device_text_yes(directory, "ro", NULL);
    read_sizes(directory, i);
    EX_TRY(
        read_links(directory, "holders", &i->holder, &i->holder_count, &i->holder_capacity, err));
    EX_TRY(read_links(directory, "slaves", &i->slave, &i->slave_count, &i->slave_capacity, err));
    if (device_text_number(directory, "partition", NULL, &number) && number <= UINT32_MAX) {
        i->partition = (uint32_t)number;
        cut_last(directory);
        copy_name(i->whole, last_of(directory));
    } else
        EX_TRY(read_parts(directory, i, err));
    read_whole(directory, i);
    size_t above = strlen(root);
    const char *place = strncmp(directory, root, above) == 0 ? directory + above : directory;
    (void)snprintf(i->place, sizeof i->place, "%s", place);
    (void)snprintf(i->transport, sizeof i->transport, "%s", transport_of(place, i->name));
    return EX_OK;
}

ex_code device_identify(const struct device_system *system, uint32_t major, uint32_t minor,
                        struct device_identity *ret, struct ex_error *err) {
    char directory[DEVICE_PATH_BYTES];
    *ret = (struct device_identity){.major = major, .minor = minor};
    EX_AUTO_FREE char *root = realpath(system->sys, NULL);
    if (root != NULL && device_directory(system, major, minor, directory)) {
        ex_code code = identify_in(directory, root, ret, err);
        if (code != EX_OK) {
            device_identity_clear(ret);
            return code;
        }
    }
    read_udev(system, ret);
    return EX_OK;
}

void device_identity_clear(struct device_identity *i) {
    free(i->part);
    free(i->holder);
    free(i->slave);
    i->part = i->holder = i->slave = NULL;
    i->part_count = i->holder_count = i->slave_count = 0;
}
