/* SPDX-License-Identifier: Apache-2.0 */
/* What devices answer, read: bytes from outside, and some bridges make them up. ATA words have 16
 * bits, the low byte first. */
#include "source/device_internal.h"

#include "base/cursor.h"

#include <stdio.h>

/* ---- pieces ---- */

static void set_text(char *to, size_t room, const uint8_t *text, size_t size) {
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0'))
        size--;
    while (size > 0 && *text == ' ') {
        text++;
        size--;
    }
    size = size < room ? size : 0;
    if (size > 0)
        memcpy(to, text, size);
    to[size] = '\0';
    if (memchr(to, '\0', size) != NULL) /* no text then */
        to[0] = '\0';
}

/* ATA has the two characters of each word the wrong way round. */
static void swapped_text(char *to, size_t room, const uint8_t *data, size_t word, size_t words) {
    uint8_t text[64];
    struct ex_cursor c = ex_cursor_make(data, ATA_SECTOR_BYTES);
    (void)ex_cursor_bytes(&c, word * 2);
    for (size_t i = 0; i < words; i++) {
        text[2 * i + 1] = ex_cursor_u8(&c);
        text[2 * i] = ex_cursor_u8(&c);
    }
    set_text(to, room, text, words * 2);
}

static struct ex_cursor at(const uint8_t *data, size_t size, size_t offset) {
    struct ex_cursor c = ex_cursor_make(data, size);
    (void)ex_cursor_bytes(&c, offset);
    return c;
}

static uint16_t word16(const uint8_t *data, size_t word) {
    struct ex_cursor c = at(data, ATA_SECTOR_BYTES, word * 2);
    return ex_cursor_le16(&c);
}

static uint32_t word32(const uint8_t *data, size_t word) {
    struct ex_cursor c = at(data, ATA_SECTOR_BYTES, word * 2);
    return ex_cursor_le32(&c);
}

static uint64_t word64(const uint8_t *data, size_t word) {
    struct ex_cursor c = at(data, ATA_SECTOR_BYTES, word * 2);
    return ex_cursor_le64(&c);
}

static bool sums_to_zero(const uint8_t data[static ATA_SECTOR_BYTES]) {
    uint8_t sum = 0;
    for (size_t i = 0; i < ATA_SECTOR_BYTES; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum == 0;
}

static bool is_constant(const uint8_t *data, size_t size) {
    return memcmp(data, data + 1, size - 1) == 0;
}

static bool bit(uint16_t word, unsigned number) {
    return (word >> number & 1) != 0;
}

/* Words that say by their two highest bits (01) that they mean anything. */
static bool valid(uint16_t word) {
    return word >> 14 == 1;
}

/* ---- ATA ---- */

static uint64_t ata_sectors(const uint8_t *data) {
    uint64_t sectors = word32(data, 60); /* 28 bits */
    if (bit(word16(data, 83), 10) && valid(word16(data, 83)))
        sectors = word64(data, 100); /* 48 bits */
    if (bit(word16(data, 69), 3)) {
        uint64_t extended = word64(data, 230);
        sectors = extended > sectors ? extended : sectors;
    }
    return sectors;
}

static void ata_sector_sizes(const uint8_t *data, struct device_self *ret) {
    uint16_t word = word16(data, 106);
    ret->logical_sector = ATA_SECTOR_BYTES;
    if (valid(word) && bit(word, 12) && word32(data, 117) <= UINT32_MAX / 2)
        ret->logical_sector = word32(data, 117) * 2;
    ret->physical_sector = ret->logical_sector;
    if (valid(word) && bit(word, 13) && ret->logical_sector <= UINT32_MAX >> (word & 0xf))
        ret->physical_sector = ret->logical_sector << (word & 0xf);
}

ex_code ata_parse_identify(const uint8_t data[static ATA_SECTOR_BYTES], struct device_self *ret,
                           struct ex_error *err) {
    struct device_self self = {0};
    uint16_t supported = word16(data, 82), also = word16(data, 83);
    if (is_constant(data, ATA_SECTOR_BYTES))
        return ex_fail(err, EX_FORMAT, "the answer is empty");
    if ((word16(data, 255) & 0xff) == 0xa5 && !sums_to_zero(data))
        return ex_fail(err, EX_FORMAT, "the answer has a bad checksum");
    if (bit(word16(data, 0), 15))
        return ex_fail(err, EX_FORMAT, "the answer is not that of a disk");
    swapped_text(self.serial, sizeof self.serial, data, 10, 10);
    swapped_text(self.firmware, sizeof self.firmware, data, 23, 4);
    swapped_text(self.model, sizeof self.model, data, 27, 20);
    self.sectors = ata_sectors(data);
    if (self.sectors == 0)
        return ex_fail(err, EX_FORMAT, "the answer speaks of a disk without sectors");
    ata_sector_sizes(data, &self);
    bool features = valid(also);
    self.smart = features && bit(supported, 0);
    self.hidden_area = features && bit(supported, 10);
    self.overlay = features && bit(also, 11);
    self.accessible_max = bit(word16(data, 119), 8) && valid(word16(data, 119));
    self.locked = bit(word16(data, 128), 2);
    self.solid_state = word16(data, 217) == 1;
    self.trim = bit(word16(data, 169), 0);
    *ret = self;
    return EX_OK;
}

ex_code ata_parse_overlay(const uint8_t data[static ATA_SECTOR_BYTES], uint64_t *ret_sectors,
                          struct ex_error *err) {
    uint64_t last = word64(data, 3);
    if (is_constant(data, ATA_SECTOR_BYTES))
        return ex_fail(err, EX_FORMAT, "the answer is empty");
    if ((word16(data, 255) & 0xff) != 0xa5 || !sums_to_zero(data))
        return ex_fail(err, EX_FORMAT, "the answer has no good checksum");
    if (last == 0 || last >> 48 != 0)
        return ex_fail(err, EX_FORMAT, "the answer has no last sector");
    *ret_sectors = last + 1;
    return EX_OK;
}

static void name_attribute(struct device_counter *c) {
    static const struct {
        uint8_t id;
        bool of_damage;
        const char *name;
    } known[] = {{1, false, "raw read error rate"},
                 {5, true, "reallocated sectors"},
                 {9, false, "power-on hours"},
                 {12, false, "power cycles"},
                 {187, true, "reported uncorrectable errors"},
                 {188, false, "command timeouts"},
                 {194, false, "temperature"},
                 {196, true, "reallocation events"},
                 {197, true, "pending sectors"},
                 {198, true, "uncorrectable sectors"},
                 {199, true, "interface CRC errors"}};
    (void)snprintf(c->name, sizeof c->name, "attribute %u", c->id);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].id == c->id) {
            (void)snprintf(c->name, sizeof c->name, "%s", known[i].name);
            c->of_damage = known[i].of_damage;
        }
}

enum { SMART_ATTRIBUTES = 30, SMART_RAW_BYTES = 6 };

ex_code ata_parse_smart(const uint8_t data[static ATA_SECTOR_BYTES],
                        struct device_counter ret[static DEVICE_COUNTERS_MAX], size_t *ret_count,
                        struct ex_error *err) {
    size_t count = 0;
    if (is_constant(data, ATA_SECTOR_BYTES))
        return ex_fail(err, EX_FORMAT, "the answer is empty");
    if (!sums_to_zero(data))
        return ex_fail(err, EX_FORMAT, "the answer has a bad checksum");
    struct ex_cursor c = at(data, ATA_SECTOR_BYTES, 2);
    for (size_t i = 0; i < SMART_ATTRIBUTES; i++) {
        struct device_counter one = {.id = ex_cursor_u8(&c)};
        (void)ex_cursor_bytes(&c, 4); /* flags, value, worst: what a maker calls health */
        for (unsigned k = 0; k < SMART_RAW_BYTES; k++)
            one.value |= (uint64_t)ex_cursor_u8(&c) << (8 * k);
        (void)ex_cursor_u8(&c);
        if (one.id == 0)
            continue;
        name_attribute(&one);
        ret[count++] = one;
    }
    *ret_count = count;
    return ex_cursor_check(&c, "the answer", err);
}

enum {
    SENSE_HEADER_BYTES = 8,
    SENSE_WITH_DESCRIPTORS = 0x72,
    SENSE_ATA_RETURN = 0x09,
    SENSE_ATA_RETURN_BYTES = 12
};

/* A descriptor of registers: the bytes of an address come in the order of the ATA registers. */
static void parse_registers(struct ex_cursor *c, struct ata_registers *ret) {
    static const unsigned shift[] = {24, 0, 32, 8, 40, 16};
    (void)ex_cursor_u8(c); /* extend */
    ret->error = ex_cursor_u8(c);
    (void)ex_cursor_be16(c); /* count */
    for (size_t i = 0; i < sizeof shift / sizeof shift[0]; i++)
        ret->lba |= (uint64_t)ex_cursor_u8(c) << shift[i];
    ret->device = ex_cursor_u8(c);
    ret->status = ex_cursor_u8(c);
}

ex_code ata_parse_sense(const uint8_t *sense, size_t size_bytes, struct ata_registers *ret,
                        struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(sense, size_bytes);
    uint8_t form = ex_cursor_u8(&c) & 0x7f;
    (void)ex_cursor_bytes(&c, SENSE_HEADER_BYTES - 2);
    size_t left = ex_cursor_u8(&c);
    if (form != SENSE_WITH_DESCRIPTORS)
        return ex_fail(err, EX_FORMAT, "the registers did not come back");
    while (left >= 2 && ex_cursor_left(&c) >= 2) {
        uint8_t kind = ex_cursor_u8(&c);
        size_t size = ex_cursor_u8(&c);
        const uint8_t *body = ex_cursor_bytes(&c, size);
        if (body == NULL || size > left - 2)
            break;
        if (kind == SENSE_ATA_RETURN && size == SENSE_ATA_RETURN_BYTES) {
            struct ex_cursor registers = ex_cursor_make(body, size);
            struct ata_registers r = {0};
            parse_registers(&registers, &r);
            *ret = r;
            return EX_OK;
        }
        left -= 2 + size;
    }
    return ex_fail(err, EX_FORMAT, "the registers did not come back");
}

/* ---- NVMe ---- */

/* 128 bits; the largest number for more than 64 of them. */
static uint64_t wide(struct ex_cursor *c) {
    uint64_t low = ex_cursor_le64(c), high = ex_cursor_le64(c);
    return high != 0 ? UINT64_MAX : low;
}

static void plain_text(char *to, size_t room, struct ex_cursor *c, size_t size) {
    const uint8_t *text = ex_cursor_bytes(c, size);
    if (text != NULL)
        set_text(to, room, text, size);
}

ex_code nvme_parse_controller(const uint8_t data[static NVME_IDENTIFY_BYTES],
                              struct device_self *ret, struct ex_error *err) {
    if (is_constant(data, NVME_IDENTIFY_BYTES))
        return ex_fail(err, EX_FORMAT, "the answer is empty");
    struct ex_cursor c = at(data, NVME_IDENTIFY_BYTES, 4);
    plain_text(ret->serial, sizeof ret->serial, &c, 20);
    plain_text(ret->model, sizeof ret->model, &c, 40);
    plain_text(ret->firmware, sizeof ret->firmware, &c, 8);
    c = at(data, NVME_IDENTIFY_BYTES, 280);
    ret->capacity = wide(&c);
    ret->unallocated = wide(&c);
    c = at(data, NVME_IDENTIFY_BYTES, 520); /* optional commands: bit 2, dataset management */
    ret->trim = bit(ex_cursor_le16(&c), 2);
    ret->solid_state = true;
    ret->smart = true;
    return ex_cursor_check(&c, "the answer", err);
}

ex_code nvme_parse_name_space(const uint8_t data[static NVME_IDENTIFY_BYTES],
                              struct device_self *ret, struct ex_error *err) {
    if (is_constant(data, NVME_IDENTIFY_BYTES))
        return ex_fail(err, EX_FORMAT, "the answer is empty");
    struct ex_cursor c = at(data, NVME_IDENTIFY_BYTES, 0);
    uint64_t sectors = ex_cursor_le64(&c);
    c = at(data, NVME_IDENTIFY_BYTES, 25);
    uint8_t formats = ex_cursor_u8(&c), format = ex_cursor_u8(&c) & 0xf;
    c = at(data, NVME_IDENTIFY_BYTES, 128 + 4 * (size_t)format);
    (void)ex_cursor_le16(&c);
    uint8_t shift = ex_cursor_u8(&c);
    if (sectors == 0 || format > formats || shift < 9 || shift > 16)
        return ex_fail(err, EX_FORMAT, "the answer has no size or no format");
    ret->sectors = sectors;
    ret->logical_sector = ret->physical_sector = (uint32_t)1 << shift;
    return EX_OK;
}

static void add_counter(struct device_counter *list, size_t *count, const char *name,
                        uint64_t value, bool of_damage) {
    struct device_counter one = {.value = value, .of_damage = of_damage};
    (void)snprintf(one.name, sizeof one.name, "%s", name);
    list[(*count)++] = one;
}

ex_code nvme_parse_smart(const uint8_t data[static ATA_SECTOR_BYTES],
                         struct device_counter ret[static DEVICE_COUNTERS_MAX], size_t *ret_count,
                         struct ex_error *err) {
    static const struct {
        const char *name;
        bool of_damage;
    } from_32[] = {{"data units read", false}, {"data units written", false},
                   {"host reads", false},      {"host writes", false},
                   {"busy minutes", false},    {"power cycles", false},
                   {"power-on hours", false},  {"unsafe shutdowns", false},
                   {"media errors", true},     {"error log entries", true}};
    size_t count = 0;
    if (is_constant(data, ATA_SECTOR_BYTES))
        return ex_fail(err, EX_FORMAT, "the answer is empty");
    struct ex_cursor c = at(data, ATA_SECTOR_BYTES, 0);
    add_counter(ret, &count, "critical warnings", ex_cursor_u8(&c), true);
    add_counter(ret, &count, "temperature in kelvin", ex_cursor_le16(&c), false);
    add_counter(ret, &count, "spare percent", ex_cursor_u8(&c), true);
    (void)ex_cursor_u8(&c);
    add_counter(ret, &count, "used percent", ex_cursor_u8(&c), false);
    c = at(data, ATA_SECTOR_BYTES, 32);
    for (size_t i = 0; i < sizeof from_32 / sizeof from_32[0]; i++) {
        uint64_t value = wide(&c);
        add_counter(ret, &count, from_32[i].name, value, from_32[i].of_damage);
    }
    *ret_count = count;
    return ex_cursor_check(&c, "the answer", err);
}
