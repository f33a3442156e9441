/* SPDX-License-Identifier: Apache-2.0 */
/* What an officer must be told about a device that was collected. The sentences stand in the ledger
 * as they are here. */
#include "app/device_internal.h"

#include <stdarg.h>
#include <stdio.h>

static void warn(json_t *list, const char *format, ...) EX_PRINTF(2, 3);
static void warn(json_t *list, const char *format, ...) {
    char text[DEVICE_PATH_BYTES + 256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *holder = json_object();
    json_set_text(holder, "text", text);
    json_array_append(list, json_object_get(holder, "text"));
    json_decref(holder);
}

/* Not something that the kernel makes of files or of other devices: those hide nothing. */
static bool is_disk(const struct device_identity *i) {
    static const char *const made[] = {"loop", "md", "dm"};
    for (size_t k = 0; k < sizeof made / sizeof made[0]; k++)
        if (strcmp(i->transport, made[k]) == 0)
            return false;
    return true;
}

static void warn_of_hidden(const struct device_told *t, json_t *list) {
    const struct device_answers *a = t->before;
    struct device_hidden hidden;
    device_hidden(t->device, a, &hidden);
    if (hidden.not_visible > 0 && a->language == DEVICE_SPEAKS_NVME)
        warn(list,
             "the device has %" PRIu64
             " bytes that do not belong to this name space: they were NOT "
             "collected",
             hidden.not_visible);
    else if (hidden.not_visible > 0)
        warn(list,
             "the device has a hidden area of %" PRIu64 " bytes (it says it has %" PRIu64
             ", and shows %" PRIu64 "): it was NOT collected",
             hidden.not_visible, hidden.real, hidden.visible);
    else if (!hidden.known && a->language != DEVICE_SPEAKS_NEITHER)
        warn(list, "whether the device has a hidden area is not known: not every question for it "
                   "was answered");
    else if (!hidden.known && is_disk(device_identity(t->device)))
        warn(list, "whether the device has a hidden area is not known: it could not be asked");
    if (a->identify.given && a->self.locked)
        warn(list, "the device says that it is locked by a password of its own");
}

static void warn_of_counters(const struct device_told *t, json_t *list) {
    struct device_change change[DEVICE_COUNTERS_MAX];
    size_t count = device_changes(t->before, t->after, change);
    for (size_t i = 0; i < count; i++) {
        if (change[i].after->of_damage)
            warn(list,
                 "while the device was read, its counter \"%s\" went from %" PRIu64 " to %" PRIu64,
                 change[i].after->name, change[i].before->value, change[i].after->value);
    }
    if (t->before->language != DEVICE_SPEAKS_NEITHER &&
        !(t->before->smart.given && t->after->smart.given))
        warn(list, "whether the device's counters of errors changed is not known");
    const struct device_identity *i = device_identity(t->device);
    bool disk = t->before->language != DEVICE_SPEAKS_NEITHER;
    if (disk &&
        ((t->before->identify.given && t->before->self.solid_state) || i->rotational == DEVICE_NO))
        warn(list, "the device is solid-state: what files no longer use it may erase by itself at "
                   "any time, also while it is read");
}

static void warn_of_use(const struct device_told *t, json_t *list) {
    char text[DEVICE_PATH_BYTES];
    for (size_t i = 0; i < t->use_count; i++) {
        device_use_text(&t->use[i], text, sizeof text);
        warn(list, "the device was in use when it was collected: %s", text);
    }
    if (t->use_count > 0)
        warn(list, "the device may have been written to while it was read: what was collected may "
                   "never have been on it at one and the same time");
    if (t->use_count > 0 && t->carries_vault == DEVICE_UNKNOWN)
        warn(list,
             "whether the vault itself lies on the device is not known: if it does, collecting "
             "wrote to it");
    if (t->flag->now != DEVICE_YES)
        warn(list, "the kernel's read-only flag of the device is not set");
}

json_t *device_warnings(const struct device_told *t) {
    json_t *list = json_array();
    warn_of_hidden(t, list);
    warn_of_counters(t, list);
    warn_of_use(t, list);
    return list;
}
