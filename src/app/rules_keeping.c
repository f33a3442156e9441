/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of keeping rules: adding, listing, showing, removing. */
#include "app/collecting_internal.h"
#include "app/rules_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- adding ---- */

struct adding {
    struct held_rules_list held;
    const char *name;
    uint8_t *text;
    size_t bytes, capacity;
    json_t *sources;
    uint8_t sha256[SHA256_BYTES];
    struct rules_worker worker;
    struct rules_put put;
};

static void adding_clear(struct adding *a) {
    rules_worker_clear(&a->worker);
    rules_put_clear(&a->put);
    rules_clear(&a->held);
    json_decref(a->sources);
    free(a->text);
}

static void hash_bytes(const uint8_t *data, size_t size, uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, data, size);
    sha256_end(&h, ret);
}

static ex_code read_all(struct adding *a, int fd, const char *path, struct ex_error *err) {
    enum { PIECE_BYTES = 64 << 10 };
    for (;;) {
        EX_TRY(ex_grow(&a->text, &a->capacity, a->bytes + PIECE_BYTES, 1,
                       2 * (RULES_TEXT_BYTES_MAX + PIECE_BYTES), "rules", err));
        ssize_t n = read(fd, a->text + a->bytes, PIECE_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ex_fail_sys(err, "could not read \"%s\"", path);
        if (n == 0)
            return EX_OK;
        a->bytes += (size_t)n;
        if (a->bytes > RULES_TEXT_BYTES_MAX)
            return ex_fail(err, EX_LIMIT, "rules have at most %d bytes", (int)RULES_TEXT_BYTES_MAX);
    }
}

static ex_code read_file(struct adding *a, const char *path, struct ex_error *err) {
    size_t from = a->bytes;
    uint8_t hash[SHA256_BYTES];
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    EX_TRY(read_all(a, fd, path, err));
    hash_bytes(a->text + from, a->bytes - from, hash);
    json_t *one = json_pack("{s:o, s:o}", "sha256", json_hex(hash, sizeof hash), "size_bytes",
                            json_number(a->bytes - from));
    json_set_text(one, "path", path);
    json_array_append_new(a->sources, one);
    return EX_OK;
}

static ex_code check_name(const struct adding *a, struct ex_error *err) {
    size_t size = strlen(a->name);
    json_t *text = json_string(a->name);
    bool good = text != NULL && size > 0 && size < RULES_NAME_BYTES;
    for (size_t i = 0; i < size; i++)
        good = good && (unsigned char)a->name[i] >= ' ' && a->name[i] != 0x7F;
    json_decref(text);
    if (!good)
        return ex_fail(err, EX_USAGE,
                       "the name of rules is at most %d bytes of UTF-8 without control characters",
                       (int)RULES_NAME_BYTES - 1);
    for (size_t i = 0; i < a->held.count; i++)
        if (strcmp(a->held.list[i].name, a->name) == 0)
            return ex_hint(ex_fail(err, EX_EXISTS,
                                   "the vault has rules \"%.100s\", since entry "
                                   "%" PRIu64,
                                   a->name, a->held.list[i].entry),
                           err, "take another name, or remove those");
    return EX_OK;
}

static ex_code compile(struct act *act, struct adding *a, struct ex_error *err) {
    EX_AUTO_FREE char *sizes = NULL;
    if (!rules_sizes(a->sources, &sizes))
        return ex_fail(err, EX_INTERNAL, "these files have no sizes");
    ex_code code = rules_worker_open(&a->worker, act, a->text, a->bytes, sizes, err);
    if (code == EX_OK && a->worker.rule_count == 0)
        return ex_fail(err, EX_FORMAT, "there is no rule in it");
    return code;
}

static json_t *intent_json(struct act *act, const struct adding *a) {
    json_t *sources = json_array();
    for (unsigned i = 1; i < act->request->operand_count; i++) {
        json_t *one = json_object();
        json_set_text(one, "path", act->request->operand[i]);
        json_array_append_new(sources, one);
    }
    return json_pack("{s:s, s:{s:s}, s:o}", "act", "add", "rules", "name", a->name, "sources",
                     sources);
}

static json_t *outcome_json(const struct adding *a) {
    return json_pack("{s:s, s:{s:s, s:o, s:o, s:o, s:s, s:O}, s:o}", "act", "add", "rules", "name",
                     a->name, "sha256", json_hex(a->sha256, sizeof a->sha256), "size_bytes",
                     json_number(a->bytes), "rules", json_number(a->worker.rule_count), "library",
                     a->worker.library, "sources", a->sources, "stored",
                     collecting_stored_json(&a->put.report));
}

/* Under the ledger's lock: nobody else took the name meanwhile. */
static ex_code still_free(struct act *act, struct draft *draft, void *context,
                          struct ex_error *err) {
    struct adding *a = context;
    (void)draft;
    rules_clear(&a->held);
    EX_TRY(rules_load(act, &a->held, err));
    return check_name(a, err);
}

static ex_code add(struct act *act, struct adding *a, json_t **ret_result, struct ex_error *err) {
    a->name = act->request->operand[0];
    a->sources = json_array();
    EX_TRY(rules_load(act, &a->held, err));
    EX_TRY(check_name(a, err));
    EX_TRY(act_intent(act, intent_json(act, a), err));
    for (unsigned i = 1; i < act->request->operand_count; i++)
        EX_TRY(read_file(a, act->request->operand[i], err));
    hash_bytes(a->text, a->bytes, a->sha256);
    EX_TRY(compile(act, a, err));
    EX_TRY(rules_hold(act, "rules", a->text, a->bytes, &a->put, err));
    json_t *what = outcome_json(a);
    ex_code code =
        act_outcome(act, "done", json_incref(what), a->put.object.id, still_free, a, err);
    if (code == EX_OK)
        *ret_result = json_pack("{s:O, s:o}", "rules", json_object_get(what, "rules"), "object",
                                json_hex(a->put.object.id, SHA256_BYTES));
    json_decref(what);
    return code;
}

ex_code app_rules_add(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct adding *a = ex_new0(struct adding);
    ex_code code = add(act, a, ret_result, err);
    adding_clear(a);
    return code;
}

/* ---- listing, showing, removing ---- */

static json_t *held_json(const struct held_rules *r) {
    json_t *json = json_copy(r->json);
    json_object_set_new(json, "entry", json_number(r->entry));
    json_object_set_new(json, "object", json_hex(r->object_id, sizeof r->object_id));
    return json;
}

ex_code app_rules_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct held_rules_list l = {0};
    json_t *list = json_array();
    ex_code code = act_single(act, act_query_json(act), NULL, NULL, err);
    if (code == EX_OK)
        code = rules_load(act, &l, err);
    for (size_t i = 0; i < l.count; i++)
        json_array_append_new(list, held_json(&l.list[i]));
    if (code == EX_OK) {
        *ret_result =
            json_pack("{s:O, s:o}", "rules", list, "entries_lost", json_number(l.entries_lost));
        act->verdict = l.entries_lost == 0 ? EX_OK : EX_ALTERED;
    }
    json_decref(list);
    rules_clear(&l);
    return code;
}

ex_code app_rules_show(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct held_rules_list l = {0};
    const struct held_rules *r = NULL;
    EX_AUTO_FREE uint8_t *text = NULL;
    ex_code code = act_single(act, act_query_json(act), NULL, NULL, err);
    if (code == EX_OK)
        code = rules_load(act, &l, err);
    if (code == EX_OK)
        code = rules_find(&l, act->request->operand[0], &r, err);
    if (code == EX_OK)
        code = rules_text(act, r, &text, err);
    if (code == EX_OK) {
        *ret_result = json_pack("{s:o}", "rules", held_json(r));
        json_set_text(*ret_result, "text",
                      (const char *)text); /* it has no byte 0, but behind it */
    }
    rules_clear(&l);
    return code;
}

static ex_code drop(struct act *act, struct held_rules_list *l, json_t **ret_result,
                    struct ex_error *err) {
    const struct held_rules *r;
    EX_TRY(rules_load(act, l, err));
    EX_TRY(rules_find(l, act->request->operand[0], &r, err));
    json_t *what = json_pack("{s:s, s:O}", "act", "remove", "rules", r->json);
    ex_code code = act_intent(act, json_incref(what), err);
    if (code == EX_OK)
        code = act_outcome(act, "done", json_incref(what), NULL, NULL, NULL, err);
    if (code == EX_OK)
        *ret_result = json_pack("{s:o}", "rules", held_json(r));
    json_decref(what);
    return code;
}

ex_code app_rules_remove(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct held_rules_list l = {0};
    ex_code code = drop(act, &l, ret_result, err);
    rules_clear(&l);
    return code;
}
