/* SPDX-License-Identifier: Apache-2.0 */
/* A device as the ledger has it (docs/format/json.md §4.11). */
#include "app/device_internal.h"

#include <sodium.h>
#include <stdio.h>

/* ---- pieces ---- */

/* Null: not known. */
static void set_known(json_t *to, const char *key, const char *text) {
    if (text[0] != '\0')
        json_set_text(to, key, text);
    else
        json_object_set_new(to, key, json_null());
}

static json_t *known_number(uint64_t v) {
    return v != 0 ? json_number(v) : json_null();
}

static json_t *word_json(enum device_answer_word w) {
    return w == DEVICE_UNKNOWN ? json_null() : json_boolean(w == DEVICE_YES);
}

static json_t *base64_json(const uint8_t *data, size_t size) {
    if (size == 0)
        return json_null();
    size_t encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    EX_AUTO_FREE char *text = ex_new0_bytes(encoded);
    sodium_bin2base64(text, encoded, data, size, sodium_base64_VARIANT_ORIGINAL);
    return json_string(text);
}

/* ---- identity ---- */

static json_t *udev_json(const struct device_identity *i) {
    json_t *json = json_object();
    set_known(json, "model", i->udev_model);
    set_known(json, "serial", i->udev_serial);
    set_known(json, "wwn", i->udev_wwn);
    set_known(json, "bus", i->udev_bus);
    set_known(json, "path", i->udev_path);
    set_known(json, "partition_table", i->udev_table);
    set_known(json, "file_system", i->udev_file_system);
    return json;
}

static json_t *parts_json(const struct device_identity *i) {
    json_t *list = json_array();
    for (size_t k = 0; k < i->part_count; k++) {
        const struct device_part *p = &i->part[k];
        json_t *one = json_pack("{s:o, s:o, s:o}", "number", json_number(p->number), "start_bytes",
                                json_number(p->start), "size_bytes", json_number(p->size));
        json_set_text(one, "name", p->name);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *names_json(const struct device_part *list, size_t count) {
    json_t *names = json_array();
    for (size_t k = 0; k < count; k++) {
        json_t *holder = json_object();
        json_set_text(holder, "name", list[k].name);
        json_array_append(names, json_object_get(holder, "name"));
        json_decref(holder);
    }
    return names;
}

static void set_names(json_t *to, const struct device_identity *i) {
    set_known(to, "name", i->name);
    set_known(to, "transport", i->transport);
    set_known(to, "vendor", i->vendor);
    set_known(to, "model", i->model);
    set_known(to, "firmware", i->firmware);
    set_known(to, "serial", i->serial);
    set_known(to, "wwid", i->wwid);
    set_known(to, "place", i->place);
    set_known(to, "whole", i->whole);
    set_known(to, "backing_file", i->backing_file);
    set_known(to, "mapped_name", i->mapped_name);
}

json_t *device_identity_json(const struct device_identity *i) {
    char number[32];
    (void)snprintf(number, sizeof number, "%u:%u", (unsigned)i->major, (unsigned)i->minor);
    json_t *json =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                  "number", number, "size_bytes", json_number(i->size), "whole_size_bytes",
                  known_number(i->whole_size), "partition", known_number(i->partition),
                  "start_bytes", i->partition != 0 ? json_number(i->start) : json_null(),
                  "logical_sector_bytes", known_number(i->logical_sector), "physical_sector_bytes",
                  known_number(i->physical_sector), "removable", word_json(i->removable),
                  "rotational", word_json(i->rotational), "read_only", word_json(i->read_only),
                  "partitions", parts_json(i), "holders", names_json(i->holder, i->holder_count),
                  "slaves", names_json(i->slave, i->slave_count), "udev", udev_json(i));
    set_names(json, i);
    return json;
}

/* ---- use, flag ---- */

json_t *device_use_json(const struct device_use *use) {
    static const char *const words[] = {"mounted", "swap",    "held",
                                        "looped",  "claimed", "not-known"};
    char text[DEVICE_PATH_BYTES + DEVICE_NAME_BYTES + 64];
    json_t *json = json_pack("{s:s}", "kind", words[use->kind]);
    device_use_text(use, text, sizeof text);
    set_known(json, "name", use->name);
    set_known(json, "by", use->by);
    json_set_text(json, "text", text);
    return json;
}

json_t *device_flag_json(const struct device_flag *f) {
    json_t *json = json_pack("{s:o, s:o, s:b, s:o, s:o}", "before", word_json(f->before), "now",
                             word_json(f->now), "tried", f->tried, "partitions",
                             json_number(f->parts), "partitions_set", json_number(f->parts_set));
    set_known(json, "why", f->why);
    return json;
}

/* ---- answers ---- */

static json_t *answer_json(const struct device_answer *a) {
    json_t *json = json_pack("{s:b}", "given", a->given);
    set_known(json, "why", a->given ? "" : a->why);
    return json;
}

static json_t *identify_json(const struct device_answers *a) {
    const struct device_self *s = &a->self;
    json_t *json = answer_json(&a->identify);
    json_object_set_new(json, "bytes", base64_json(a->identify_bytes, a->identify_size));
    if (a->name_space_size > 0)
        json_object_set_new(json, "name_space_bytes",
                            base64_json(a->name_space_bytes, a->name_space_size));
    if (!a->identify.given)
        return json;
    set_known(json, "model", s->model);
    set_known(json, "serial", s->serial);
    set_known(json, "firmware", s->firmware);
    json_object_set_new(json, "sectors", known_number(s->sectors));
    json_object_set_new(json, "logical_sector_bytes", known_number(s->logical_sector));
    json_object_set_new(json, "physical_sector_bytes", known_number(s->physical_sector));
    json_object_set_new(json, "solid_state", json_boolean(s->solid_state));
    json_object_set_new(json, "trim", json_boolean(s->trim));
    json_object_set_new(json, "locked", json_boolean(s->locked));
    json_object_set_new(json, "capacity_bytes", known_number(s->capacity));
    json_object_set_new(json, "unallocated_bytes", json_number(s->unallocated));
    return json;
}

static json_t *smart_json(const struct device_answers *a) {
    json_t *json = answer_json(&a->smart), *list = json_array();
    for (size_t i = 0; a->smart.given && i < a->counter_count; i++) {
        const struct device_counter *c = &a->counter[i];
        json_array_append_new(list,
                              json_pack("{s:i, s:s, s:o, s:b}", "id", c->id, "name", c->name,
                                        "value", json_number(c->value), "of_damage", c->of_damage));
    }
    json_object_set_new(json, "counters", list);
    json_object_set_new(json, "bytes", base64_json(a->smart_bytes, a->smart_size));
    return json;
}

static json_t *sectors_json(const struct device_answer *a, uint64_t sectors) {
    json_t *json = answer_json(a);
    json_object_set_new(json, "sectors", a->given ? json_number(sectors) : json_null());
    return json;
}

static json_t *hidden_json(const struct device *d, const struct device_answers *a) {
    struct device_hidden h;
    device_hidden(d, a, &h);
    return json_pack("{s:b, s:o, s:o, s:o}", "known", h.known, "visible_bytes",
                     json_number(h.visible), "real_bytes", known_number(h.real),
                     "not_visible_bytes", json_number(h.not_visible));
}

json_t *device_answers_json(const struct device *d, const struct device_answers *a) {
    const char *language = a->language == DEVICE_SPEAKS_ATA    ? "ata"
                           : a->language == DEVICE_SPEAKS_NVME ? "nvme"
                                                               : NULL;
    json_t *overlay = sectors_json(&a->overlay, a->overlay_sectors);
    json_object_set_new(overlay, "bytes", base64_json(a->overlay_bytes, a->overlay_size));
    return json_pack("{s:o, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "time", json_time(a->asked_ns),
                     "language", language, "identify", identify_json(a), "smart", smart_json(a),
                     "native_max", sectors_json(&a->native_max, a->native_sectors), "overlay",
                     overlay, "accessible_max", sectors_json(&a->accessible, a->accessible_sectors),
                     "hidden", hidden_json(d, a));
}

json_t *device_change_json(const struct device_change *c) {
    return json_pack("{s:i, s:s, s:o, s:o, s:b}", "id", c->after->id, "name", c->after->name,
                     "before", json_number(c->before->value), "after", json_number(c->after->value),
                     "of_damage", c->after->of_damage);
}
