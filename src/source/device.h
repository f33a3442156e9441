/* SPDX-License-Identifier: Apache-2.0 */
/* Block devices as sources: what they are, who uses them, and what they say of themselves.
 *
 * Reading them is source.h's; this door is for what an examiner must know, and prevent, before and
 * after. Nothing here changes a byte or a setting of a device: it is opened read-only, the commands
 * sent to it are the few of device_ask.c, which only ask, and the one thing that is ever set is the
 * kernel's own read-only flag, which is in memory and gone with the next boot.
 *
 * What the kernel (/sys), udev (/run/udev) and the device say is somebody else's text and bytes: it
 * is read with limits, and a text that is longer than its limit counts as not known. "Not known" is
 * never taken for "no": a device of which the kernel does not tell who uses it counts as used.
 *
 * Sizes are bytes unless the name says otherwise. A text "" means that it is not known.
 *
 * Sources: Linux Documentation/ABI (sysfs-block), proc(5); T13 ACS-3 and SAT-3 (ATA); NVM Express
 * Base Specification 1.4 and NVM Command Set.
 *
 * Threads: one thread at a time.
 */
#ifndef EXHIBIT_SOURCE_DEVICE_H
#define EXHIBIT_SOURCE_DEVICE_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    DEVICE_NAME_BYTES = 64,   /* of the kernel: "sda", "nvme0n1p2" */
    DEVICE_TEXT_BYTES = 256,  /* model, serial number, … */
    DEVICE_PATH_BYTES = 4096, /* a file, a mount point */
    DEVICE_LIST_MAX = 512,    /* partitions, holders, slaves, uses; more is EX_LIMIT */
    DEVICE_WHY_BYTES = 160,
    ATA_SECTOR_BYTES = 512,
    NVME_IDENTIFY_BYTES = 4096,
    DEVICE_COUNTERS_MAX = 32
};

struct device;

/* Where the kernel and udev tell of devices, and how a device is asked; for tests. NULL members
 * are the system's own. */
struct device_system {
    const char *sys, *run, *proc, *dev; /* "/sys", "/run", "/proc", "/dev" */
    /* Like ioctl(). */
    int (*control)(void *context, int fd, unsigned long request, void *argument);
    void *context;
};

struct device_part {
    char name[DEVICE_NAME_BYTES];
    uint32_t major, minor;
    uint32_t number; /* of the partition */
    uint64_t start, size;
};

enum device_answer_word { DEVICE_UNKNOWN = 0, DEVICE_NO, DEVICE_YES };

/* As the kernel and udev say. */
struct device_identity {
    char name[DEVICE_NAME_BYTES];
    uint32_t major, minor;
    uint32_t partition;                       /* its number; 0: a whole device */
    char whole[DEVICE_NAME_BYTES];            /* of a partition: the device that it is a part of */
    uint64_t start;                           /* of a partition */
    uint64_t size, whole_size;                /* the latter: of the whole device */
    uint32_t logical_sector, physical_sector; /* 0: not known */
    enum device_answer_word removable, rotational, read_only;
    char transport[16]; /* "ata", "nvme", "usb", "mmc", "virtio", "loop", "md", "dm", "scsi" */
    char place[DEVICE_PATH_BYTES]; /* in /sys/devices: at which port it hangs */
    char vendor[DEVICE_TEXT_BYTES], model[DEVICE_TEXT_BYTES], firmware[DEVICE_TEXT_BYTES],
        serial[DEVICE_TEXT_BYTES], wwid[DEVICE_TEXT_BYTES];
    char backing_file[DEVICE_PATH_BYTES]; /* of a loop device */
    char mapped_name[DEVICE_TEXT_BYTES];  /* of a device-mapper device */
    /* udev's database; it asks the device by itself. */
    char udev_model[DEVICE_TEXT_BYTES], udev_serial[DEVICE_TEXT_BYTES], udev_wwn[DEVICE_TEXT_BYTES],
        udev_bus[DEVICE_TEXT_BYTES], udev_path[DEVICE_TEXT_BYTES], udev_table[DEVICE_TEXT_BYTES],
        udev_file_system[DEVICE_TEXT_BYTES];
    struct device_part *part; /* partitions of a whole device */
    size_t part_count, part_capacity;
    struct device_part *holder, *slave; /* what is made of it, and what it is made of; names only */
    size_t holder_count, holder_capacity, slave_count, slave_capacity;
};

/* Is there a block device at the path? False also of what cannot be looked at. */
bool device_at(const char *path);

/* Opens it read-only, and finds out what it is. EX_UNSUPPORTED: no block device. `system` may be
 * NULL, and is otherwise the caller's for as long as the device is open. */
EX_MUST_USE ex_code device_open(const char *path, const struct device_system *system,
                                struct device **ret, struct ex_error *err);
/* Gives up the claim. The read-only flag stays, because what looks at disks by itself would write;
 * except that of a loop device, which outlives what it showed. */
void device_close(struct device *d);
EX_DEFINE_AUTO(struct device, device_close);

/* The device's. */
const struct device_identity *device_identity(const struct device *d);
dev_t device_number(const struct device *d);

/* Is it still what the kernel said when it was opened: file behind it, serial number, name, size?
 * EX_SOURCE: another medium. */
EX_MUST_USE ex_code device_check_medium(const struct device *d, struct ex_error *err);

/* ---- who uses it ---- */

enum device_use_kind {
    DEVICE_MOUNTED,
    DEVICE_SWAP,
    DEVICE_HELD,     /* by RAID (MD), LVM, device mapper, bcache */
    DEVICE_LOOPED,   /* a loop device shows it under another name */
    DEVICE_CLAIMED,  /* the kernel refuses an exclusive opening, and does not say for whom */
    DEVICE_NOT_KNOWN /* it could not be found out */
};

struct device_use {
    enum device_use_kind kind;
    char name[DEVICE_NAME_BYTES]; /* what is used: the device, its whole device, a partition */
    char by[DEVICE_PATH_BYTES];   /* mount point, holder; of DEVICE_NOT_KNOWN why */
};

/* "sda1 is mounted at /home" */
void device_use_text(const struct device_use *use, char *to, size_t size);

/* Claims it, so that nobody can mount or assemble it while it is open here, and lists every use of
 * it, of the device that it is a part of, of its partitions, and of what is made of them. The list
 * is the device's; empty: nobody uses it, and it is claimed. */
EX_MUST_USE ex_code device_claim(struct device *d, const struct device_use **ret, size_t *ret_count,
                                 struct ex_error *err);
bool device_claimed(const struct device *d);

/* Does the file system of this number lie on the device, or on something that is made of it?
 * Through partitions, RAID, LVM and loop devices. A file system without a device of its own (btrfs,
 * overlay) is looked up in the list of mounts; DEVICE_UNKNOWN where that does not lead to a device
 * (tmpfs, NFS, ZFS). */
EX_MUST_USE ex_code device_carries(const struct device *d, dev_t file_system,
                                   enum device_answer_word *ret, struct ex_error *err);

/* ---- the kernel's read-only flag ---- */

struct device_flag {
    enum device_answer_word before, now; /* was it set, is it set? */
    size_t parts, parts_set;             /* partitions, and those whose flag is set now */
    bool tried;
    char why[DEVICE_WHY_BYTES]; /* not tried, or could not be set: why */
};

/* Sets it for the device and its partitions. Not when the device is in use: what has it mounted
 * would lose what it has not written yet. Not being allowed to is no error. */
void device_set_read_only(struct device *d, bool in_use, struct device_flag *ret);
/* Asks again: fills in `now` and `parts_set`. */
void device_check_read_only(struct device *d, struct device_flag *flag);

/* ---- what the device says of itself ---- */

/* An answer, or why there is none. */
struct device_answer {
    bool given;
    char why[DEVICE_WHY_BYTES];
};

struct device_counter {
    uint8_t id; /* of an ATA attribute; 0 with NVMe */
    char name[40];
    uint64_t value;
    bool of_damage; /* counts what went wrong with the medium */
};

/* From IDENTIFY DEVICE of ATA, or Identify of NVMe. */
struct device_self {
    char model[48], serial[24], firmware[12];
    uint64_t sectors; /* that it shows; of an NVMe device: its name space */
    uint32_t logical_sector, physical_sector;
    bool solid_state, trim;                           /* it says so */
    bool smart, hidden_area, overlay, accessible_max; /* features that it says it has */
    bool locked;                                      /* by a password of its own */
    uint64_t capacity,
        unallocated; /* NVMe: of all name spaces together, and of none; 0: not said */
};

enum device_language { DEVICE_SPEAKS_NEITHER, DEVICE_SPEAKS_ATA, DEVICE_SPEAKS_NVME };

/* Everything that was asked at one time. Large; on the heap. */
struct device_answers {
    int64_t asked_ns;
    enum device_language language;
    struct device_answer identify, smart, native_max, overlay, accessible;
    struct device_self self;
    uint64_t native_sectors, overlay_sectors, accessible_sectors; /* how many there are */
    struct device_counter counter[DEVICE_COUNTERS_MAX];
    size_t counter_count;
    /* As they came, so that anybody can read them again. */
    uint8_t identify_bytes[NVME_IDENTIFY_BYTES], name_space_bytes[NVME_IDENTIFY_BYTES];
    uint8_t smart_bytes[ATA_SECTOR_BYTES], overlay_bytes[ATA_SECTOR_BYTES];
    size_t identify_size, name_space_size, smart_size, overlay_size; /* 0: none came */
};

/* Asks identity, counters (SMART) and, of an ATA device, how large it is behind a host protected
 * area (HPA), a device configuration overlay (DCO) and an accessible maximum (AMA). Never fails:
 * what could not be asked says why. */
void device_ask(struct device *d, struct device_answers *ret);

/* Sectors beyond those that can be read now. */
struct device_hidden {
    bool known;           /* the device answered how large it is */
    uint64_t visible;     /* what the kernel shows of the whole device */
    uint64_t real;        /* the largest of what the device said */
    uint64_t not_visible; /* bytes that no reading of it can reach */
};
void device_hidden(const struct device *d, const struct device_answers *a,
                   struct device_hidden *ret);

/* Counters that were not the same before and after; at most DEVICE_COUNTERS_MAX. */
struct device_change {
    const struct device_counter *before, *after; /* of the two answers */
};
size_t device_changes(const struct device_answers *before, const struct device_answers *after,
                      struct device_change ret[static DEVICE_COUNTERS_MAX]);

#endif
