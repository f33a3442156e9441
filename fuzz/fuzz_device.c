/* SPDX-License-Identifier: Apache-2.0 */
/* What devices answer: the first byte says to which question, the rest is the answer. */
#include "base/mem.h"
#include "source/device_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t room) {
    if (memchr(text, '\0', room) == NULL)
        abort();
}

static void check_self(const struct device_self *s) {
    check_text(s->model, sizeof s->model);
    check_text(s->serial, sizeof s->serial);
    check_text(s->firmware, sizeof s->firmware);
}

static void check_counters(const struct device_counter *list, size_t count) {
    if (count > DEVICE_COUNTERS_MAX)
        abort();
    for (size_t i = 0; i < count; i++)
        check_text(list[i].name, sizeof list[i].name);
}

static void parse(uint8_t question, const uint8_t *answer, const uint8_t *rest, size_t size) {
    struct device_self self = {0};
    struct device_counter counter[DEVICE_COUNTERS_MAX];
    struct ata_registers registers;
    size_t count = 0;
    uint64_t sectors = 0;
    switch (question % 7) {
    case 0:
        if (ata_parse_identify(answer, &self, NULL) == EX_OK && self.sectors == 0)
            abort();
        break;
    case 1:
        if (ata_parse_overlay(answer, &sectors, NULL) == EX_OK && sectors < 2)
            abort();
        break;
    case 2:
        (void)!ata_parse_smart(answer, counter, &count, NULL);
        break;
    case 3:
        (void)!ata_parse_sense(rest, size, &registers, NULL);
        break;
    case 4:
        (void)!nvme_parse_controller(answer, &self, NULL);
        break;
    case 5:
        if (nvme_parse_name_space(answer, &self, NULL) == EX_OK && self.logical_sector < 512)
            abort();
        break;
    default:
        (void)!nvme_parse_smart(answer, counter, &count, NULL);
        break;
    }
    check_self(&self);
    check_counters(counter, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    /* As large as an answer can be, and not a byte more. */
    EX_AUTO_FREE uint8_t *answer = ex_new0_bytes(NVME_IDENTIFY_BYTES);
    size_t have = size - 1 < NVME_IDENTIFY_BYTES ? size - 1 : NVME_IDENTIFY_BYTES;
    memcpy(answer, data + 1, have);
    parse(data[0], answer, data + 1, size - 1);
    return 0;
}
