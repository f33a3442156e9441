/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the whole past: tree, tiles, signatures, bodies; and the two claims that follow. */
#include "app/act_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct pass {
    struct act *act;
    struct history *history;
    struct history_check *check;
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

/* The packs that an outcome says were written must still be there. */
static ex_code check_packs(struct pass *p, const struct entry *e, struct ex_error *err) {
    struct history_check *h = p->check;
    json_t *what = NULL, *pack;
    size_t n;
    uint8_t id[VAULT_PACK_ID_BYTES];
    if (strcmp(e->event, "collect.outcome") != 0 ||
        project_section(p->act, e, "what", &what, err) != EX_OK)
        return EX_OK; /* check_body() has said what is wrong with the body */
    json_array_foreach(json_object_get(json_object_get(what, "stored"), "packs"), n, pack) {
        const char *hex = json_string_value(pack);
        if (hex == NULL || !ex_parse_hex(hex, strlen(hex), id, sizeof id))
            continue;
        h->packs_named++;
        if (vault_has_pack(p->act->vault, id))
            continue;
        if (h->packs_missing++ < OPEN_INTENTS_MAX)
            (void)snprintf(h->pack_text[h->packs_missing - 1], sizeof h->pack_text[0],
                           "entry %" PRIu64 " names the pack %.16s…, which is gone", e->index, hex);
    }
    json_decref(what);
    return EX_OK;
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
    if (code == EX_NOMEM || code == EX_IO) {
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
    if (code == EX_MISSING || c.missing > 0) {
        h->bodies_missing++;
        say_body(h, "entry %" PRIu64 ": its body, or a section of it, is missing", e->index);
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
    return check_packs(p, e, err);
}

static ex_code compare_checkpoint(struct act *act, struct history_check *h, struct ex_error *err) {
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
    return code;
}

static void keep_open(void *context, uint64_t index) {
    struct pass *p = context;
    if (p->act->has_intent && index == p->act->intent)
        return; /* this very act: it ends after the check */
    if (p->check->open_count < OPEN_INTENTS_MAX)
        p->check->open[p->check->open_count] = index;
    p->check->open_count++;
}

ex_code check_history(struct act *act, struct history_check *ret, struct ex_error *err) {
    EX_AUTO(history_free) struct history *history = NULL;
    struct pass p = {.act = act, .check = ret};
    const struct vault_config *config = vault_config(act->vault);
    memset(ret, 0, sizeof *ret);
    ret->key_given = act_has_flag(act, FLAG_KEY);
    ret->size = ledger_size(act->ledger);
    EX_TRY(compare_checkpoint(act, ret, err));
    EX_TRY(history_new(config->origin, config->key.public_key, &history, err));
    p.history = history;
    if (act->face->progress != NULL)
        act->face->progress->phase = "checking history";
    EX_TRY(ledger_check_all(act->ledger, each_entry, &p, act->face->progress, &ret->ledger, err));
    history_report(history, &ret->report);
    history_each_open(history, keep_open, &p);
    json_t *attempts = unlock_attempts(act);
    ret->unauthenticated = json_array_size(attempts);
    json_decref(attempts);
    return EX_OK;
}

/* ---- the claims ---- */

static void worse(ex_code *verdict, ex_code code) {
    static const ex_code order[] = {EX_OK, EX_PARTIAL, EX_SIGNATURE, EX_MISSING, EX_ALTERED};
    size_t now = 0, then = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        now = order[i] == *verdict ? i : now;
        then = order[i] == code ? i : then;
    }
    *verdict = then > now ? code : *verdict;
}

json_t *claim_history(const struct history_check *h, int64_t now_ns, ex_code *verdict) {
    bool altered = !h->ledger.root_matches || h->ledger.problem_count > 0 ||
                   h->bodies_altered > 0 || h->report.misplaced > 0 || h->report.unreadable > 0 ||
                   !h->config_matches;
    bool missing = h->bodies_missing > 0 || h->bodies_erased > 0;
    const struct {
        const char *word;
        ex_code code;
    } v = {altered   ? "altered"
           : missing ? "missing"
                     : "good",
           altered   ? EX_ALTERED
           : missing ? EX_MISSING
                     : EX_OK};
    worse(verdict, v.code);
    json_t *claim = json_claim(
        v.word, now_ns,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "entries",
                  json_number(h->ledger.entries), "tiles", json_number(h->ledger.tiles), "bodies",
                  json_number(h->bodies), "bodies_erased", json_number(h->bodies_erased),
                  "bodies_missing", json_number(h->bodies_missing), "bodies_altered",
                  json_number(h->bodies_altered), "open_intents", json_number(h->open_count),
                  "beyond", json_number(h->ledger.beyond)));
    for (size_t i = 0; i < h->ledger.problem_count && i < LEDGER_PROBLEMS_MAX; i++)
        json_say(claim, "findings", "%s", h->ledger.problem[i]);
    for (size_t i = 0; i < h->body_text_count && i < LEDGER_PROBLEMS_MAX; i++)
        json_say(claim, "findings", "%s", h->body_text[i]);
    if (!h->config_matches)
        json_say(claim, "findings", "vault.json is not the one that entry 0 names");
    if (h->ledger.beyond > 0)
        json_say(
            claim, "findings",
            "%" PRIu64
            " ledger files lie beyond the checkpoint: a write that was cut off, or a checkpoint put back",
            h->ledger.beyond);
    for (size_t i = 0; i < h->open_count && i < OPEN_INTENTS_MAX; i++)
        json_say(claim, "findings",
                 "entry %" PRIu64
                 " began an act that has no outcome: it was cut off, or is still going on",
                 h->open[i]);
    for (size_t i = 0; i < h->leftovers && i < OPEN_INTENTS_MAX; i++)
        json_say(claim, "findings",
                 "entry %" PRIu64
                 " says that something lay beyond the signed head: a write that was cut "
                 "off, or an older head that somebody put back (it was set aside in ledger/beyond)",
                 h->leftover[i]);
    if (h->checkpoint_given)
        json_say(claim, "findings",
                 "the ledger continues the saved checkpoint of %" PRIu64 " entries",
                 h->checkpoint_size);
    else
        json_say(claim, "not_checked",
                 "continuity with a checkpoint kept elsewhere (none was given: --checkpoint)");
    json_say(
        claim, "does_not_prove",
        "that no entries were removed from the end since, or the whole ledger made anew: only a checkpoint kept "
        "outside this vault shows that");
    json_say(claim, "does_not_prove",
             "that what was done was always entered; only that what was entered still stands");
    return claim;
}

json_t *claim_signers(const struct history_check *h, int64_t now_ns, ex_code *verdict) {
    const struct history_report *r = &h->report;
    bool good =
        r->signatures_bad == 0 && r->rules_broken == 0 && r->unreadable == 0 && r->misplaced == 0;
    bool all = r->signatures_good + r->signatures_bad > 0 && r->entries == h->size;
    worse(verdict, !good ? EX_SIGNATURE : all ? EX_OK : EX_PARTIAL);
    json_t *claim = json_claim(
        !good                    ? "bad-signature"
        : all                    ? "good"
        : r->signatures_good > 0 ? "partly-checked"
                                 : "not-checked",
        now_ns,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o}", "signatures_good",
                  json_number(r->signatures_good), "signatures_bad", json_number(r->signatures_bad),
                  "officers", json_number(r->officers), "sessions", json_number(r->sessions),
                  "clock_back", json_number(r->clock_back), "clock_jumped",
                  json_number(r->clock_jumped), "clock_free", json_number(r->clock_free),
                  "cosigners", 0, "unauthenticated_pending", json_number(h->unauthenticated)));
    for (size_t i = 0; i < r->text_count && i < HISTORY_TEXTS_MAX; i++)
        json_say(claim, "findings", "%s", r->text[i]);
    for (size_t i = 0; i < r->note_count && i < HISTORY_TEXTS_MAX; i++)
        json_say(claim, "findings", "%s", r->note[i]);
    if (r->clock_free > 0)
        json_say(claim, "findings",
                 "%" PRIu64 " entries were made while nothing kept the machine's clock right",
                 r->clock_free);
    if (h->unauthenticated > 0)
        json_say(claim, "findings", "%" PRIu64 " failed unlocks are not in the ledger yet",
                 h->unauthenticated);
    if (!h->key_given)
        json_say(
            claim, "not_checked",
            "whether the vault key is the one on paper (none was given: --key); the keys come from the vault itself");
    json_say(claim, "not_checked",
             "cosignatures and time stamps from outside: this vault has none");
    json_say(claim, "does_not_prove",
             "that the times are right: they are what this machine's clock said");
    json_say(claim, "does_not_prove",
             "that the person named held the key: only that the key enrolled for that name signed");
    return claim;
}
