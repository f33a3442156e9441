/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a device about itself. These commands and no others are ever sent; none of them changes a
 * byte or a setting of it. */
#include "source/device_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum { ASK_TIMEOUT_MS = 15000, SENSE_BYTES = 64 };

/* ACS-3 (DEVICE CONFIGURATION IDENTIFY and READ NATIVE MAX ADDRESS: ACS-2). */
struct ata_command {
    uint8_t command, feature;
    uint32_t lba;  /* 24 bits: a signature of SMART */
    bool data;     /* 512 bytes come back; otherwise the registers do */
    bool extended; /* 48 bits */
};
static const struct ata_command IDENTIFY = {0xec, 0, 0, true, false},
                                SMART_DATA = {0xb0, 0xd0, 0xc24f00, true, false},
                                NATIVE_MAX = {0xf8, 0, 0, false, false},
                                NATIVE_MAX_EXT = {0x27, 0, 0, false, true},
                                OVERLAY = {0xb1, 0xc2, 0, true, false},
                                ACCESSIBLE_MAX = {0x78, 0, 0, false, true};

static void refuse(struct device_answer *a, const char *why) {
    a->given = false;
    (void)snprintf(a->why, sizeof a->why, "could not be asked: %.130s", why);
}

static void refuse_bad(struct device_answer *a, const struct ex_error *err) {
    a->given = false;
    (void)snprintf(a->why, sizeof a->why, "%.150s", err->text);
}

/* ---- ATA behind SCSI (SAT-3, ATA PASS-THROUGH (16)) ---- */

enum {
    SAT_PASS_THROUGH_16 = 0x85,
    SAT_NO_DATA = 3 << 1,
    SAT_DATA_IN = 4 << 1,
    SAT_FROM_DEVICE_COUNTED = 0x0e, /* from the device, so many blocks as the count says */
    SAT_RETURN_REGISTERS = 0x20,
    ATA_BUSY_OR_FAULT_OR_ERROR = 0xa1,
    ATA_READY = 0x40,
    ATA_ADDRESS_BY_LBA = 0x40
};

static void build_ata(uint8_t cdb[static 16], const struct ata_command *c) {
    memset(cdb, 0, 16);
    cdb[0] = SAT_PASS_THROUGH_16;
    cdb[1] = (uint8_t)((c->data ? SAT_DATA_IN : SAT_NO_DATA) | (c->extended ? 1 : 0));
    cdb[2] = c->data ? SAT_FROM_DEVICE_COUNTED : SAT_RETURN_REGISTERS;
    cdb[4] = c->feature;
    cdb[6] = c->data ? 1 : 0;
    cdb[8] = (uint8_t)c->lba;
    cdb[10] = (uint8_t)(c->lba >> 8);
    cdb[12] = (uint8_t)(c->lba >> 16);
    cdb[13] = ATA_ADDRESS_BY_LBA;
    cdb[14] = c->command;
}

/* What came back, when it was not what was asked for; false: it was. */
static bool judge(const struct sg_io_hdr *h, const uint8_t *sense, bool wants_data,
                  struct ata_registers *ret, struct device_answer *a) {
    bool has_registers =
        h->sb_len_wr > 0 && ata_parse_sense(sense, h->sb_len_wr, ret, NULL) == EX_OK;
    if (h->host_status != 0 || (h->driver_status & 0xf & ~8) != 0)
        refuse(a, "the way to the device failed");
    else if (has_registers && (ret->status & ATA_BUSY_OR_FAULT_OR_ERROR) != 0)
        refuse(a, "the device refused the command");
    else if (!has_registers && h->status != 0)
        refuse(a, "what is behind this connection takes no such command");
    else if (!has_registers && !wants_data)
        refuse(a, "the answer did not come through this connection");
    else if (has_registers && !wants_data && (ret->status & ATA_READY) == 0)
        refuse(a, "the device was not ready");
    else if (wants_data && h->resid != 0)
        refuse(a, "the answer came only in part");
    else
        return false;
    return true;
}

static bool ask_ata(struct device *d, const struct ata_command *c, uint8_t *data,
                    struct ata_registers *ret, struct device_answer *a) {
    uint8_t cdb[16], sense[SENSE_BYTES] = {0};
    struct ata_registers none = {0};
    struct sg_io_hdr h = {.interface_id = 'S',
                          .dxfer_direction = c->data ? SG_DXFER_FROM_DEV : SG_DXFER_NONE,
                          .cmd_len = sizeof cdb,
                          .mx_sb_len = sizeof sense,
                          .dxfer_len = c->data ? ATA_SECTOR_BYTES : 0,
                          .dxferp = data,
                          .cmdp = cdb,
                          .sbp = sense,
                          .timeout = ASK_TIMEOUT_MS};
    build_ata(cdb, c);
    if (d->system.control(d->system.context, d->fd, SG_IO, &h) != 0)
        refuse(a, strerror(errno));
    else if (!judge(&h, sense, c->data, ret != NULL ? ret : &none, a))
        return a->given = true;
    return false;
}

static bool ask_sectors(struct device *d, const struct ata_command *c, uint64_t *ret,
                        struct device_answer *a) {
    struct ata_registers r = {0};
    if (!ask_ata(d, c, NULL, &r, a))
        return false;
    uint64_t last = c->extended ? r.lba : (r.lba & 0xffffff) | (uint64_t)(r.device & 0xf) << 24;
    a->given = last != 0;
    if (last == 0)
        (void)snprintf(a->why, sizeof a->why, "the answer has no last sector");
    else
        *ret = last + 1;
    return a->given;
}

static void ask_ata_smart(struct device *d, struct device_answers *a) {
    struct ex_error err;
    if (!a->self.smart)
        refuse(&a->smart, "the device says that it keeps no counters (SMART)");
    else if (ask_ata(d, &SMART_DATA, a->smart_bytes, NULL, &a->smart)) {
        a->smart_size = ATA_SECTOR_BYTES;
        if (ata_parse_smart(a->smart_bytes, a->counter, &a->counter_count, &err) != EX_OK)
            refuse_bad(&a->smart, &err);
    }
}

/* A device that says that it lacks a feature is taken at its word; it would refuse the command. */
static void ask_ata_sizes(struct device *d, struct device_answers *a) {
    struct ex_error err;
    bool wide = a->self.sectors > 0xfffffff || (a->identify_bytes[2 * 83 + 1] & 4) != 0;
    if (!a->self.hidden_area)
        refuse(&a->native_max, "the device says that it has no host protected area");
    else
        (void)ask_sectors(d, wide ? &NATIVE_MAX_EXT : &NATIVE_MAX, &a->native_sectors,
                          &a->native_max);
    if (!a->self.overlay)
        refuse(&a->overlay, "the device says that it has no configuration overlay");
    else if (ask_ata(d, &OVERLAY, a->overlay_bytes, NULL, &a->overlay)) {
        a->overlay_size = ATA_SECTOR_BYTES;
        if (ata_parse_overlay(a->overlay_bytes, &a->overlay_sectors, &err) != EX_OK)
            refuse_bad(&a->overlay, &err);
    }
    if (!a->self.accessible_max)
        refuse(&a->accessible, "the device says that it has no accessible maximum");
    else
        (void)ask_sectors(d, &ACCESSIBLE_MAX, &a->accessible_sectors, &a->accessible);
}

static void ask_as_ata(struct device *d, struct device_answers *a) {
    struct ex_error err;
    a->language = DEVICE_SPEAKS_ATA;
    if (ask_ata(d, &IDENTIFY, a->identify_bytes, NULL, &a->identify)) {
        a->identify_size = ATA_SECTOR_BYTES;
        if (ata_parse_identify(a->identify_bytes, &a->self, &err) != EX_OK)
            refuse_bad(&a->identify, &err);
    }
    if (a->identify.given) {
        ask_ata_smart(d, a);
        ask_ata_sizes(d, a);
        return;
    }
    struct device_answer *const rest[] = {&a->smart, &a->native_max, &a->overlay, &a->accessible};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        refuse(rest[i], "the device did not say what it is");
}

/* ---- NVMe ---- */

enum {
    NVME_GET_LOG_PAGE = 0x02,
    NVME_IDENTIFY = 0x06,
    NVME_OF_NAME_SPACE = 0,
    NVME_OF_CONTROLLER = 1,
    NVME_LOG_SMART = 2
};

static bool ask_nvme(struct device *d, uint8_t opcode, uint32_t name_space, uint32_t word10,
                     uint8_t *data, uint32_t size, struct device_answer *a) {
    struct nvme_admin_cmd c = {.opcode = opcode,
                               .nsid = name_space,
                               .addr = (uint64_t)(uintptr_t)data,
                               .data_len = size,
                               .cdw10 = word10,
                               .timeout_ms = ASK_TIMEOUT_MS};
    int status = d->system.control(d->system.context, d->fd, NVME_IOCTL_ADMIN_CMD, &c);
    if (status < 0)
        refuse(a, strerror(errno));
    else if (status > 0)
        (void)snprintf(a->why, sizeof a->why,
                       "could not be asked: the device refused the command (status %#x)",
                       (unsigned)status);
    return a->given = status == 0;
}

static void ask_nvme_identity(struct device *d, uint32_t name_space, struct device_answers *a) {
    struct ex_error err;
    struct device_answer *answer = &a->identify;
    if (!ask_nvme(d, NVME_IDENTIFY, 0, NVME_OF_CONTROLLER, a->identify_bytes, NVME_IDENTIFY_BYTES,
                  answer))
        return;
    a->identify_size = NVME_IDENTIFY_BYTES;
    if (nvme_parse_controller(a->identify_bytes, &a->self, &err) != EX_OK) {
        refuse_bad(answer, &err);
        return;
    }
    struct device_answer of_space = {0};
    if (ask_nvme(d, NVME_IDENTIFY, name_space, NVME_OF_NAME_SPACE, a->name_space_bytes,
                 NVME_IDENTIFY_BYTES, &of_space)) {
        a->name_space_size = NVME_IDENTIFY_BYTES;
        if (nvme_parse_name_space(a->name_space_bytes, &a->self, &err) != EX_OK)
            a->self.sectors = 0;
    }
}

static void ask_as_nvme(struct device *d, struct device_answers *a) {
    struct ex_error err;
    a->language = DEVICE_SPEAKS_NVME;
    int name_space = d->system.control(d->system.context, d->fd, NVME_IOCTL_ID, NULL);
    if (name_space <= 0)
        refuse(&a->identify, name_space < 0 ? strerror(errno) : "it has no name space");
    else
        ask_nvme_identity(d, (uint32_t)name_space, a);
    uint32_t words = ATA_SECTOR_BYTES / 4 - 1;
    if (ask_nvme(d, NVME_GET_LOG_PAGE, UINT32_MAX, words << 16 | NVME_LOG_SMART, a->smart_bytes,
                 ATA_SECTOR_BYTES, &a->smart)) {
        a->smart_size = ATA_SECTOR_BYTES;
        if (nvme_parse_smart(a->smart_bytes, a->counter, &a->counter_count, &err) != EX_OK)
            refuse_bad(&a->smart, &err);
    }
    struct device_answer *const of_ata[] = {&a->native_max, &a->overlay, &a->accessible};
    for (size_t i = 0; i < sizeof of_ata / sizeof of_ata[0]; i++)
        refuse(of_ata[i], "an NVMe device has none");
}

/* ---- all of it ---- */

static bool is_disk_behind_scsi(const struct device_identity *i) {
    return (strcmp(i->transport, "ata") == 0 || strcmp(i->transport, "usb") == 0 ||
            strcmp(i->transport, "scsi") == 0) &&
           strncmp(i->name, "sr", 2) != 0;
}

static void ask_nothing(const struct device_identity *i, struct device_answers *a) {
    struct device_answer *const all[] = {&a->identify, &a->smart, &a->native_max, &a->overlay,
                                         &a->accessible};
    char why[DEVICE_WHY_BYTES];
    (void)snprintf(why, sizeof why, "it takes no such commands (%.16s)",
                   i->transport[0] != '\0' ? i->transport : "of no known kind");
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        refuse(all[k], why);
}

void device_ask(struct device *d, struct device_answers *ret) {
    struct ex_clock now;
    ex_clock_read(&now);
    memset(ret, 0, sizeof *ret);
    ret->asked_ns = now.utc_ns;
    if (strcmp(d->identity.transport, "nvme") == 0)
        ask_as_nvme(d, ret);
    else if (is_disk_behind_scsi(&d->identity))
        ask_as_ata(d, ret);
    else
        ask_nothing(&d->identity, ret);
}

/* ---- what follows from the answers ---- */

static void take_larger(uint64_t *to, uint64_t sectors, uint32_t sector_bytes) {
    uint64_t bytes = sectors > UINT64_MAX / sector_bytes ? UINT64_MAX : sectors * sector_bytes;
    *to = bytes > *to ? bytes : *to;
}

void device_hidden(const struct device *d, const struct device_answers *a,
                   struct device_hidden *ret) {
    const struct device_identity *i = &d->identity;
    uint32_t sector = a->self.logical_sector != 0 ? a->self.logical_sector : ATA_SECTOR_BYTES;
    *ret = (struct device_hidden){.visible = i->whole_size != 0 ? i->whole_size : i->size};
    if (a->language == DEVICE_SPEAKS_ATA && a->identify.given) {
        /* A feature that the device says it lacks hides nothing. */
        ret->known = (a->native_max.given || !a->self.hidden_area) &&
                     (a->overlay.given || !a->self.overlay) &&
                     (a->accessible.given || !a->self.accessible_max);
        take_larger(&ret->real, a->self.sectors, sector);
        take_larger(&ret->real, a->native_sectors, sector);
        take_larger(&ret->real, a->overlay_sectors, sector);
        take_larger(&ret->real, a->accessible_sectors, sector);
    }
    if (a->language == DEVICE_SPEAKS_NVME && a->identify.given) {
        ret->known = a->self.capacity != 0;
        ret->real = a->self.capacity;
        take_larger(&ret->real, a->self.sectors, sector);
    }
    if (ret->real > ret->visible)
        ret->not_visible = ret->real - ret->visible;
}

size_t device_changes(const struct device_answers *before, const struct device_answers *after,
                      struct device_change ret[static DEVICE_COUNTERS_MAX]) {
    size_t count = 0;
    if (!before->smart.given || !after->smart.given)
        return 0;
    for (size_t i = 0; i < after->counter_count; i++)
        for (size_t k = 0; k < before->counter_count; k++) {
            const struct device_counter *b = &before->counter[k], *a = &after->counter[i];
            if (a->id == b->id && strcmp(a->name, b->name) == 0 && a->value != b->value &&
                count < DEVICE_COUNTERS_MAX)
                ret[count++] = (struct device_change){b, a};
        }
    return count;
}
