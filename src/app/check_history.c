/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the whole past: tree, tiles, signatures, bodies; and the two claims that follow. */
#include "app/cosign_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct named_pack {
    uint8_t id[VAULT_PACK_ID_BYTES];
    uint64_t index; /* of the entry that names it */
};

struct named_packs {
    size_t count, capacity;
    struct named_pack *pack;
};

struct pass {
    struct act *act;
    struct history *history;
    struct history_check *check;
    struct named_packs gone, replaced;
    struct cosigners_pass *cosigners;
};

static void say_body(struct history_check *h, const char *format, ...) EX_PRINTF(2, 3);
static void say_body(struct history_check *h, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (h->body_text_count < LEDGER_PROBLEMS_MAX)
        (void)vsnprintf(h->body_text[h->body_text_count], sizeof h->body_text[0], format, args);
    h->body_text_count++;
    va_end(args);
}

static void note_leftover(struct history_check *h, uint64_t index) {
    if (h->leftovers < OPEN_INTENTS_MAX)
        h->leftover[h->leftovers] = index;
    h->leftovers++;
}

/* ---- packs that entries name ---- */

static ex_code note_pack(struct named_packs *n, const uint8_t *id, uint64_t index,
                         struct ex_error *err) {
    EX_TRY(ex_grow(&n->pack, &n->capacity, n->count + 1, sizeof *n->pack, EX_LIMIT_PACK_BYTES,
                   "the list of packs", err));
    n->pack[n->count].index = index;
    memcpy(n->pack[n->count++].id, id, VAULT_PACK_ID_BYTES);
    return EX_OK;
}

/* Of those that should be there, the ones that are not; of those to be replaced, all. */
static ex_code note_packs(struct pass *p, const struct entry *e, json_t *list, bool replaced,
                          struct ex_error *err) {
    json_t *pack;
    size_t n;
    json_array_foreach(list, n, pack) {
        uint8_t id[VAULT_PACK_ID_BYTES];
        const char *hex = json_string_value(pack);
        if (hex == NULL || !ex_parse_hex(hex, strlen(hex), id, sizeof id))
            continue;
        if (replaced) {
            EX_TRY(note_pack(&p->replaced, id, e->index, err));
            continue;
        }
        p->check->packs_named++;
        if (!vault_has_pack(p->act->vault, id))
            EX_TRY(note_pack(&p->gone, id, e->index, err));
    }
    return EX_OK;
}

/* Which packs an entry says are there from now on, and which ones it says may be gone. */
static const struct pack_rule {
    const char *event, *within, *written, *replaced;
    bool when_done; /* the latter only with the result "done" */
} pack_rules[] = {
    {"collect.outcome", "stored", "packs", NULL, false},
    {"import.item", "stored", "packs", NULL, false},
    {"examine.outcome", "stored", "packs", NULL, false},
    {"rules.outcome", "stored", "packs", NULL, false},
    {"rulescan.outcome", "stored", "packs", NULL, false},
    {"compact.intent", NULL, NULL, "packs", false},
    {"compact.outcome", NULL, "packs_written", NULL, false},
    {"dispose.intent", NULL, NULL, "packs", false},
    {"dispose.outcome", NULL, "packs_written", NULL, false},
    {"repair.outcome", NULL, "packs", "packs_lost", true},
};

/* The packs that an outcome says were written must still be there, unless a later entry, good in
 * every respect, says that they are to be replaced. */
static ex_code check_packs(struct pass *p, const struct entry *e, bool good, struct ex_error *err) {
    const struct pack_rule *rule = NULL;
    json_t *what = NULL;
    for (size_t i = 0; i < sizeof pack_rules / sizeof pack_rules[0]; i++)
        if (strcmp(e->event, pack_rules[i].event) == 0)
            rule = &pack_rules[i];
    if (rule == NULL || project_section(p->act, e, "what", &what, err) != EX_OK)
        return EX_OK; /* check_body() has said what is wrong with the body */
    json_t *from = rule->within != NULL ? json_object_get(what, rule->within) : what;
    ex_code code = EX_OK;
    if (rule->written != NULL)
        code = note_packs(p, e, json_object_get(from, rule->written), false, err);
    if (code == EX_OK && rule->replaced != NULL && good &&
        (!rule->when_done || strcmp(e->result, "done") == 0))
        code = note_packs(p, e, json_object_get(from, rule->replaced), true, err);
    json_decref(what);
    return code;
}

/* By id, the latest first. */
static int by_pack(const void *a, const void *b) {
    const struct named_pack *x = a, *y = b;
    int order = memcmp(x->id, y->id, VAULT_PACK_ID_BYTES);
    return order != 0 ? order : x->index > y->index ? -1 : x->index < y->index;
}

static bool was_replaced(const struct named_packs *replaced, const struct named_pack *gone) {
    size_t low = 0, high = replaced->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(replaced->pack[middle].id, gone->id, VAULT_PACK_ID_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < replaced->count &&
           memcmp(replaced->pack[low].id, gone->id, VAULT_PACK_ID_BYTES) == 0 &&
           replaced->pack[low].index > gone->index;
}

static void judge_packs(struct pass *p) {
    struct history_check *h = p->check;
    if (p->replaced.count > 0)
        qsort(p->replaced.pack, p->replaced.count, sizeof *p->replaced.pack, by_pack);
    for (size_t i = 0; i < p->gone.count; i++) {
        const struct named_pack *pack = &p->gone.pack[i];
        char hex[2 * VAULT_PACK_ID_BYTES + 1];
        if (was_replaced(&p->replaced, pack)) {
            h->packs_replaced++;
            continue;
        }
        if (h->packs_missing++ < OPEN_INTENTS_MAX)
            (void)snprintf(h->pack_text[h->packs_missing - 1], sizeof h->pack_text[0],
                           "entry %" PRIu64 " names the pack %.16s…, which is gone", pack->index,
                           ex_hex(hex, pack->id, sizeof pack->id));
    }
    free(p->gone.pack);
    free(p->replaced.pack);
}

static ex_code check_body(struct pass *p, const struct entry *e, struct ex_error *err) {
    struct history_check *h = p->check;
    EX_AUTO_FREE uint8_t *data = NULL;
    struct body_check c = {0};
    struct body b;
    struct ex_error why;
    size_t size;
    if (e->section_count == 0)
        return EX_OK;
    h->bodies++;
    ex_code code = vault_body_read(p->act->vault, e->index, &data, &size, &why);
    if (code == EX_OK)
        code = body_parse(data, size, &b, &why);
    if (code == EX_NOMEM) {
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code == EX_OK)
        body_compare(e, &b, &c);
    h->bodies_erased += c.erased > 0 ? 1 : 0;
    if (c.erased > 0)
        say_body(h, "entry %" PRIu64 ": a section was erased, and no entry says by what right",
                 e->index);
    if (code == EX_DENIED && vault_is_locked(p->act->vault)) {
        h->bodies_locked++;
    } else if (code == EX_MISSING || c.missing > 0) {
        h->bodies_missing++;
        say_body(h, "entry %" PRIu64 ": its body, or a section of it, is missing", e->index);
    } else if (code == EX_IO) {
        h->bodies_altered++;
        say_body(h, "entry %" PRIu64 ": its body cannot be read from the disk", e->index);
    } else if (code != EX_OK || c.altered > 0) {
        h->bodies_altered++;
        say_body(h, "entry %" PRIu64 ": its body is not the one that was signed", e->index);
    }
    return EX_OK;
}

static ex_code each_entry(void *context, uint64_t index,
                          const uint8_t tree_before[static MERKLE_BYTES], const uint8_t *bytes,
                          size_t size_bytes, struct ex_error *err) {
    struct pass *p = context;
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    bool good = false;
    EX_TRY(history_feed(p->history, index, tree_before, bytes, size_bytes, e, &good, err));
    if (strncmp(e->origin, ledger_origin(p->act->ledger), sizeof e->origin) != 0 ||
        e->index != index)
        return EX_OK; /* it could not be parsed, or is another's: history says so */
    if (index == 0)
        p->check->config_matches =
            (e->has & ENTRY_HAS_CONFIG) != 0 &&
            memcmp(e->config, vault_config(p->act->vault)->sha256, sizeof e->config) == 0;
    if (strcmp(e->event, "ledger.leftover") == 0)
        note_leftover(p->check, index);
    EX_TRY(check_body(p, e, err));
    if (good)
        EX_TRY(cosigners_entry(p->cosigners, e, err));
    return check_packs(p, e, good, err);
}

static ex_code compare_checkpoint(struct act *act, struct pass *p, struct ex_error *err) {
    struct history_check *h = p->check;
    const char *path = act_flag(act, FLAG_CHECKPOINT);
    EX_AUTO_FREE uint8_t *note = NULL;
    size_t size;
    if (path == NULL)
        return EX_OK;
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ex_fail_sys(err, "could not open the checkpoint \"%s\"", path);
    EX_TRY(ex_alloc(NOTE_BYTES_MAX + 1, 1, NOTE_BYTES_MAX + 1, "a checkpoint", &note, err));
    ssize_t got = pread(fd, note, NOTE_BYTES_MAX, 0);
    if (got < 0)
        return ex_fail_sys(err, "could not read the checkpoint \"%s\"", path);
    size = (size_t)got;
    h->checkpoint_given = true;
    ex_code code =
        ledger_continues(act->ledger, (const char *)note, size, &h->checkpoint_size, err);
    if (code == EX_SIGNATURE)
        return ex_hint(code, err, "it is the checkpoint of another vault, or was changed");
    if (code == EX_FORMAT || code == EX_LIMIT)
        return ex_hint(ex_fail(err, EX_USAGE, "\"%s\" is not a checkpoint", path), err,
                       "exhibit ledger checkpoint prints one");
    return code == EX_OK ? cosigners_file(p->cosigners, (const char *)note, size, err) : code;
}

static void keep_open(void *context, uint64_t index) {
    struct pass *p = context;
    if (p->act->has_intent && index == p->act->intent)
        return; /* this very act: it ends after the check */
    if (p->check->open_count < OPEN_INTENTS_MAX)
        p->check->open[p->check->open_count] = index;
    p->check->open_count++;
}

static ex_code check_all(struct act *act, struct pass *p, struct ex_error *err) {
    struct history_check *ret = p->check;
    const struct vault_config *config = vault_config(act->vault);
    EX_TRY(cosigners_begin(act, &p->cosigners, err));
    EX_TRY(compare_checkpoint(act, p, err));
    EX_TRY(history_new(config->origin, config->key.public_key, &p->history, err));
    if (act->face->progress != NULL)
        act->face->progress->phase = "checking history";
    ex_code code =
        ledger_check_all(act->ledger, each_entry, p, act->face->progress, &ret->ledger, err);
    judge_packs(p);
    EX_TRY(code);
    EX_TRY(cosigners_judge(p->cosigners, ret->ledger.root_matches && ret->ledger.problem_count == 0,
                           &ret->cosigned, err));
    ret->key_given = ret->key_given || ret->cosigned.policy_names_vault;
    history_report(p->history, &ret->report);
    history_each_open(p->history, keep_open, p);
    return EX_OK;
}

ex_code check_history(struct act *act, struct history_check *ret, struct ex_error *err) {
    struct pass p = {.act = act, .check = ret};
    memset(ret, 0, sizeof *ret);
    ret->key_given = act_has_flag(act, FLAG_KEY);
    ret->size = ledger_size(act->ledger);
    ex_code code = check_all(act, &p, err);
    history_free(p.history);
    cosigners_free(p.cosigners);
    EX_TRY(code);
    json_t *attempts = unlock_attempts(act);
    ret->unauthenticated = json_array_size(attempts);
    json_decref(attempts);
    return EX_OK;
}
