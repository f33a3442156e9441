/* SPDX-License-Identifier: Apache-2.0 */
/* Reading packs again, the longest unread first. */
#include "vault/check_internal.h"

#include <fcntl.h>
#include <stdlib.h>

struct due {
    uint8_t id[VAULT_PACK_ID_BYTES];
    int64_t verified_ns;
};

struct scrub {
    struct vault *vault;
    struct vault_scrub_report *report;
    size_t count, capacity;
    struct due *pack; /* all of them */
    size_t learnt_count, learnt_capacity;
    struct vault_pack_date *learnt;
};

/* The date in the trailer. It is noted, so that a trailer is read for this once: in a large vault
 * they are many. 0 for one that cannot be read: it is the first to be looked at. */
static ex_code learn_date(struct scrub *s, const char *name, struct due *d, struct ex_error *err) {
    struct pack_list list = {0};
    EX_AUTO_FD int fd = -1;
    if (ex_open_at(s->vault->packs_fd, name, O_RDONLY | O_NONBLOCK, &fd, NULL) != EX_OK ||
        pack_list_read(fd, s->vault, name, &list, NULL) != EX_OK)
        return EX_OK;
    d->verified_ns = list.read_back_ns;
    pack_list_clear(&list);
    EX_TRY(ex_grow(&s->learnt, &s->learnt_capacity, s->learnt_count + 1, sizeof *s->learnt,
                   EX_LIMIT_PACK_BYTES, "the list of packs", err));
    s->learnt[s->learnt_count] = (struct vault_pack_date){.verified_ns = d->verified_ns};
    memcpy(s->learnt[s->learnt_count++].id, d->id, sizeof d->id);
    return EX_OK;
}

static ex_code add_pack(void *context, const char *name,
                        const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct scrub *s = context;
    EX_TRY(ex_grow(&s->pack, &s->capacity, s->count + 1, sizeof *s->pack, EX_LIMIT_PACK_BYTES,
                   "the list of packs", err));
    struct due *d = &s->pack[s->count++];
    memcpy(d->id, id, sizeof d->id);
    d->verified_ns = vault_pack_verified(s->vault, id, 0);
    if (vault_pack_is_suspect(s->vault, id))
        return EX_OK; /* whatever its trailer says: it is the first to be looked at */
    return d->verified_ns != 0 ? EX_OK : learn_date(s, name, d, err);
}

static int by_date(const void *a, const void *b) {
    const struct due *x = a, *y = b;
    if (x->verified_ns != y->verified_ns)
        return x->verified_ns < y->verified_ns ? -1 : 1;
    return memcmp(x->id, y->id, sizeof x->id);
}

static ex_code note_result(struct scrub *s, struct due *d, bool good, struct ex_error *err) {
    struct vault_scrub_report *r = s->report;
    struct ex_clock now;
    ex_clock_read(&now);
    if (!good) {
        EX_TRY(ex_grow(&r->bad, &r->bad_capacity, r->bad_count + 1, sizeof *r->bad,
                       EX_LIMIT_PACK_BYTES, "the list of packs", err));
        memcpy(r->bad[r->bad_count++], d->id, sizeof *r->bad);
        d->verified_ns = 0;
        return EX_OK;
    }
    EX_TRY(ex_grow(&r->good, &r->good_capacity, r->good_count + 1, sizeof *r->good,
                   EX_LIMIT_PACK_BYTES, "the list of packs", err));
    struct vault_pack_date *row = &r->good[r->good_count++];
    memcpy(row->id, d->id, sizeof row->id);
    d->verified_ns = row->verified_ns = now.utc_ns;
    return EX_OK;
}

static ex_code scrub_packs(struct scrub *s, struct checker *c, const struct vault_scrub_plan *plan,
                           struct ex_error *err) {
    struct vault_scrub_report *r = s->report;
    for (size_t i = 0; i < r->packs_due; i++) {
        char name[PACK_NAME_BYTES];
        uint64_t problems = r->check.problem_count;
        if (plan->duration_ns > 0 && ex_monotonic_ns() - c->started_ns >= plan->duration_ns)
            break;
        EX_TRY(checker_pack(c, pack_name(name, s->pack[i].id), s->pack[i].id, err));
        r->packs_read++;
        EX_TRY(note_result(s, &s->pack[i], r->check.problem_count == problems, err));
    }
    return EX_OK;
}

void vault_scrub_report_clear(struct vault_scrub_report *r) {
    free(r->good);
    free(r->bad);
    vault_check_report_clear(&r->check);
    *r = (struct vault_scrub_report){0};
}

static ex_code plan_packs(struct scrub *s, const struct vault_scrub_plan *plan,
                          struct ex_error *err) {
    if (vault_is_locked(s->vault))
        return ex_fail(err, EX_DENIED, "the vault is locked");
    EX_TRY(index_refresh(s->vault->index, err));
    EX_TRY(pack_each(s->vault, add_pack, s, err));
    ex_code noted = vault_note_verified(s->vault, s->learnt, s->learnt_count, NULL);
    (void)noted; /* only a help for the next time */
    if (s->count > 0)
        qsort(s->pack, s->count, sizeof *s->pack, by_date);
    s->report->packs = s->count;
    while (s->report->packs_due < s->count &&
           s->pack[s->report->packs_due].verified_ns < plan->before_ns)
        s->report->packs_due++;
    return EX_OK;
}

static ex_code scrub_run(struct scrub *s, const struct vault_scrub_plan *plan,
                         struct ex_progress *progress, bool *ret_interrupted,
                         struct ex_error *err) {
    struct vault_scrub_report *r = s->report;
    struct checker c;
    struct ex_error why;
    EX_TRY(plan_packs(s, plan, err));
    ex_code code = checker_open(&c, s->vault, &r->check, &why);
    c.deep = true;
    c.progress = progress;
    c.rate_bytes_s = plan->rate_bytes_s;
    if (code == EX_OK)
        code = scrub_packs(s, &c, plan, &why);
    r->bytes_read = c.bytes_read;
    checker_close(&c);
    *ret_interrupted = code == EX_INTERRUPTED;
    for (size_t i = 0; i < s->count; i++)
        if (i == 0 || s->pack[i].verified_ns < r->oldest_ns)
            r->oldest_ns = s->pack[i].verified_ns;
    if (code == EX_OK || code == EX_INTERRUPTED)
        return EX_OK;
    if (err != NULL)
        *err = why;
    return code;
}

ex_code vault_scrub(struct vault *v, const struct vault_scrub_plan *plan,
                    struct ex_progress *progress, struct vault_scrub_report *ret,
                    bool *ret_interrupted, struct ex_error *err) {
    struct scrub s = {.vault = v, .report = ret};
    *ret = (struct vault_scrub_report){0};
    ex_code code = scrub_run(&s, plan, progress, ret_interrupted, err);
    free(s.pack);
    free(s.learnt);
    return code;
}
