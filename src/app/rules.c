/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules the vault has, by its ledger. */
#include "app/rules_internal.h"

#include "base/cursor.h"

#include <stdio.h>

enum { HELD_MAX = 4096 };

static void one_clear(struct held_rules *r) {
    free(r->name);
    free(r->sizes);
    json_decref(r->json);
    *r = (struct held_rules){0};
}

void rules_clear(struct held_rules_list *l) {
    for (size_t i = 0; i < l->count; i++)
        one_clear(&l->list[i]);
    free(l->list);
    *l = (struct held_rules_list){0};
}

bool rules_sizes(const json_t *sources, char **ret) {
    char text[24 * RULES_FILES_MAX] = "";
    size_t i;
    json_t *one;
    if (json_array_size(sources) == 0 || json_array_size(sources) > RULES_FILES_MAX)
        return false;
    json_array_foreach(sources, i, one) {
        json_t *size = json_object_get(one, "size_bytes");
        size_t used = strlen(text);
        if (!json_is_integer(size) || json_integer_value(size) < 0 ||
            json_integer_value(size) > RULES_TEXT_BYTES_MAX)
            return false;
        (void)snprintf(text + used, sizeof text - used, "%s%lld", i > 0 ? "," : "",
                       (long long)json_integer_value(size));
    }
    *ret = ex_strdup(text);
    return true;
}

static void drop(struct held_rules_list *l, const char *name) {
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->list[i].name, name) != 0)
            continue;
        one_clear(&l->list[i]);
        memmove(&l->list[i], &l->list[i + 1], (l->count - i - 1) * sizeof *l->list);
        l->count--;
        return;
    }
}

static ex_code take(struct held_rules_list *l, const struct entry *e, json_t *rules,
                    struct ex_error *err) {
    struct held_rules r = {.entry = e->index};
    json_t *size = json_object_get(rules, "size_bytes");
    if ((e->has & ENTRY_HAS_OBJECT) == 0 ||
        !json_get_hex(rules, "sha256", r.sha256, sizeof r.sha256) || !json_is_integer(size) ||
        json_integer_value(size) < 0 || json_integer_value(size) > RULES_TEXT_BYTES_MAX ||
        !rules_sizes(json_object_get(rules, "sources"), &r.sizes)) {
        l->entries_lost++;
        return EX_OK;
    }
    ex_code code = ex_grow(&l->list, &l->capacity, l->count + 1, sizeof *l->list,
                           HELD_MAX * sizeof *l->list, "the rules of the vault", err);
    if (code != EX_OK) {
        free(r.sizes);
        return code;
    }
    r.size_bytes = (uint64_t)json_integer_value(size);
    memcpy(r.object_id, e->object_id, sizeof r.object_id);
    r.name = ex_strdup(json_string_value(json_object_get(rules, "name")));
    r.json = json_incref(rules);
    l->list[l->count++] = r;
    return EX_OK;
}

/* A body that is damaged or gone is rules that nobody knows. */
static ex_code consider(struct act *act, const struct entry *e, void *context,
                        struct ex_error *err) {
    struct held_rules_list *l = context;
    json_t *what = NULL;
    if (strcmp(e->event, "rules.outcome") != 0 || strcmp(e->result, "done") != 0)
        return EX_OK;
    ex_code code = project_section(act, e, "what", &what, err);
    if (code != EX_OK && code != EX_MISSING && code != EX_ALTERED && code != EX_FORMAT)
        return code;
    json_t *rules = json_object_get(what, "rules");
    const char *done = json_string_value(json_object_get(what, "act"));
    const char *name = json_string_value(json_object_get(rules, "name"));
    code = EX_OK;
    if (done == NULL || name == NULL) {
        l->entries_lost++;
    } else {
        drop(l, name);
        if (strcmp(done, "add") == 0)
            code = take(l, e, rules, err);
    }
    json_decref(what);
    return code;
}

ex_code rules_load(struct act *act, struct held_rules_list *ret, struct ex_error *err) {
    *ret = (struct held_rules_list){0};
    return scan_ledger(act, consider, ret, err);
}

ex_code rules_find(const struct held_rules_list *l, const char *name, const struct held_rules **ret,
                   struct ex_error *err) {
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->list[i].name, name) == 0) {
            *ret = &l->list[i];
            return EX_OK;
        }
    return ex_hint(ex_fail(err, EX_NOT_FOUND, "the vault has no rules \"%.100s\"", name), err,
                   "exhibit rules list shows them");
}

ex_code rules_read_object(struct act *act, const uint8_t id[static SHA256_BYTES],
                          uint64_t limit_bytes, uint8_t **ret, uint64_t *ret_bytes,
                          struct ex_error *err) {
    EX_AUTO(vault_reader_close) struct vault_reader *reader = NULL;
    EX_AUTO_FREE uint8_t *data = NULL;
    struct vault_object_info o = {0};
    EX_TRY(vault_object(act->vault, id, &o, err));
    ex_code code = vault_reader_open(act->vault, &o, &reader, err);
    vault_object_info_clear(&o);
    EX_TRY(code);
    uint64_t size = vault_reader_size(reader);
    EX_TRY(ex_alloc(size + 1, 1, limit_bytes + 1, "an object", &data, err));
    if (size > 0)
        EX_TRY(vault_reader_read(reader, 0, data, (size_t)size, err));
    *ret = ex_steal(&data);
    *ret_bytes = size;
    return EX_OK;
}

ex_code rules_text(struct act *act, const struct held_rules *r, uint8_t **ret,
                   struct ex_error *err) {
    EX_AUTO_FREE uint8_t *text = NULL;
    uint8_t hash[SHA256_BYTES];
    struct sha256 h;
    uint64_t size;
    EX_TRY(rules_read_object(act, r->object_id, RULES_TEXT_BYTES_MAX, &text, &size, err));
    sha256_start(&h);
    sha256_add(&h, text, (size_t)size);
    sha256_end(&h, hash);
    if (size != r->size_bytes || memcmp(hash, r->sha256, sizeof hash) != 0)
        return ex_fail(err, EX_ALTERED, "the rules \"%.100s\" are not those of entry %" PRIu64,
                       r->name, r->entry);
    *ret = ex_steal(&text);
    return EX_OK;
}

bool rules_summary(const struct entry *e, json_t *what, char *to, size_t size) {
    json_t *rules = json_object_get(what, "rules");
    const char *done = json_string_value(json_object_get(what, "act"));
    const char *name = json_string_value(json_object_get(rules, "name"));
    json_t *found = json_object_get(what, "found");
    if (name == NULL)
        return false;
    if (strncmp(e->event, "rules.", 6) == 0 && done != NULL)
        (void)snprintf(to, size, "rules \"%.127s\": %.20s", name, done);
    else if (strcmp(e->event, "rulescan.intent") == 0)
        (void)snprintf(to, size, "scanning it with the rules \"%.127s\"", name);
    else if (strcmp(e->event, "rulescan.outcome") == 0 && found != NULL)
        (void)snprintf(to, size,
                       "rules \"%.100s\": %lld matches in %lld of %lld contents, %lld not scanned",
                       name, json_integer_value(json_object_get(found, "matches")),
                       json_integer_value(json_object_get(found, "matched")),
                       json_integer_value(json_object_get(found, "contents")),
                       json_integer_value(json_object_get(found, "not_scanned")));
    else
        return false;
    return true;
}
