/* SPDX-License-Identifier: Apache-2.0 */
/* Inside device.h: texts of the kernel, and what a device answered. */
#ifndef EXHIBIT_SOURCE_DEVICE_INTERNAL_H
#define EXHIBIT_SOURCE_DEVICE_INTERNAL_H

#include "source/device.h"

struct device {
    int fd;       /* for asking */
    int claim_fd; /* open exclusively; -1: not claimed */
    char *path;
    struct device_system system; /* no member is NULL */
    struct device_identity identity;
    struct device_use *use;
    size_t use_count, use_capacity;
    bool set_flag; /* the read-only flag was not set before */
};

/* ---- texts of the kernel: device_text.c ---- */

/* The first line of base/a/b without the space around it. False, and "": not there, or longer than
 * the limit. b may be NULL. */
bool device_text(const char *base, const char *a, const char *b, char *to, size_t size);
bool device_text_number(const char *base, const char *a, const char *b, uint64_t *ret);
enum device_answer_word device_text_yes(const char *base, const char *a, const char *b);
/* A whole file of text, at most `limit` bytes. EX_LIMIT. The caller frees. */
EX_MUST_USE ex_code device_text_file(const char *path, size_t limit, char **ret,
                                     struct ex_error *err);
/* "8:1" of a file `dev`. */
bool device_text_dev(const char *directory, uint32_t *ret_major, uint32_t *ret_minor);

/* Names in a directory, sorted; those that begin with a dot are left out. A directory that is not
 * there is empty. */
struct device_names {
    char (*name)[DEVICE_NAME_BYTES];
    size_t count, capacity;
};
EX_MUST_USE ex_code device_names_read(const char *directory, struct device_names *ret,
                                      struct ex_error *err);
void device_names_clear(struct device_names *n);

/* Where /sys tells of a device: the directory, without links. False: nowhere. */
bool device_directory(const struct device_system *system, uint32_t major, uint32_t minor,
                      char to[static DEVICE_PATH_BYTES]);

/* ---- device_sysfs.c ---- */

EX_MUST_USE ex_code device_identify(const struct device_system *system, uint32_t major,
                                    uint32_t minor, struct device_identity *ret,
                                    struct ex_error *err);
void device_identity_clear(struct device_identity *i);

/* ---- what is made of what: device_use.c ---- */

EX_MUST_USE ex_code device_list_uses(struct device *d, struct ex_error *err);
EX_MUST_USE ex_code device_add_use(struct device *d, enum device_use_kind kind, const char *name,
                                   const char *by, struct ex_error *err);

/* ---- what a device answered: device_answer.c; bytes from outside ---- */

/* ACS-3, IDENTIFY DEVICE. EX_FORMAT: no such answer (a bridge that made one up, zeros, a bad
 * checksum). */
EX_MUST_USE ex_code ata_parse_identify(const uint8_t data[static ATA_SECTOR_BYTES],
                                       struct device_self *ret, struct ex_error *err);
/* ACS-2, DEVICE CONFIGURATION IDENTIFY: how many sectors there are without an overlay. */
EX_MUST_USE ex_code ata_parse_overlay(const uint8_t data[static ATA_SECTOR_BYTES],
                                      uint64_t *ret_sectors, struct ex_error *err);
/* Attributes of SMART READ DATA. */
EX_MUST_USE ex_code ata_parse_smart(const uint8_t data[static ATA_SECTOR_BYTES],
                                    struct device_counter ret[static DEVICE_COUNTERS_MAX],
                                    size_t *ret_count, struct ex_error *err);
/* The registers of a device behind SCSI: sense data with an ATA status return descriptor (SAT-3).
 * EX_FORMAT: there is none in it. */
struct ata_registers {
    uint8_t error, status, device;
    uint64_t lba; /* of a command of 28 bits, bits 24 to 27 are in `device` */
};
EX_MUST_USE ex_code ata_parse_sense(const uint8_t *sense, size_t size_bytes,
                                    struct ata_registers *ret, struct ex_error *err);
/* NVM Express 1.4: Identify (controller, name space), SMART / Health Information. */
EX_MUST_USE ex_code nvme_parse_controller(const uint8_t data[static NVME_IDENTIFY_BYTES],
                                          struct device_self *ret, struct ex_error *err);
EX_MUST_USE ex_code nvme_parse_name_space(const uint8_t data[static NVME_IDENTIFY_BYTES],
                                          struct device_self *ret, struct ex_error *err);
EX_MUST_USE ex_code nvme_parse_smart(const uint8_t data[static ATA_SECTOR_BYTES],
                                     struct device_counter ret[static DEVICE_COUNTERS_MAX],
                                     size_t *ret_count, struct ex_error *err);

#endif
