/* SPDX-License-Identifier: Apache-2.0 */
/* Reading stored bytes again in turns: the dates of verification, and what was found. */
#include "app/damage_internal.h"

#include "base/clock.h"
#include "base/cursor.h"

static const int64_t DAY_NS = (int64_t)86400 * 1000000000;
enum { OLDER_THAN_DAYS = 90, DAYS_MAX = 36500, MINUTES_MAX = 1 << 20, RATE_MAX_MIB = 1 << 20 };

static size_t add_rows(json_t *packs, int64_t verified_ns, struct vault_pack_date *row) {
    json_t *one;
    size_t n, count = 0;
    json_array_foreach(packs, n, one) {
        const char *hex = json_string_value(one);
        row[count].verified_ns = verified_ns;
        if (hex != NULL && ex_parse_hex(hex, strlen(hex), row[count].id, sizeof row[count].id))
            count++;
    }
    return count;
}

/* Notes what a scrub.outcome says: which packs were good then, and which were damaged. */
static ex_code note_dates(struct act *act, json_t *what, struct ex_error *err) {
    json_t *good = json_object_get(what, "good"), *bad = json_object_get(what, "bad");
    const char *time = json_string_value(json_object_get(what, "verified"));
    int64_t verified_ns;
    EX_AUTO_FREE struct vault_pack_date *row = NULL;
    if (time == NULL || !ex_time_parse(time, strlen(time), &verified_ns) || verified_ns <= 0)
        return EX_OK;
    EX_TRY(ex_alloc(json_array_size(good) + json_array_size(bad) + 1, sizeof *row,
                    EX_LIMIT_BODY_BYTES, "dates", &row, err));
    size_t count = add_rows(good, verified_ns, row);
    count += add_rows(bad, -verified_ns, row + count);
    return vault_note_verified(act->vault, row, count, err);
}

static ex_code read_dates(struct act *act, const struct entry *e, void *context,
                          struct ex_error *err) {
    json_t *what = NULL;
    (void)context;
    if (strcmp(e->event, "scrub.outcome") != 0 ||
        project_section(act, e, "what", &what, NULL) != EX_OK)
        return EX_OK; /* a damaged body is named by ledger verify; here packs only seem older */
    ex_code code = note_dates(act, what, err);
    json_decref(what);
    return code;
}

ex_code scrub_rebuild_dates(struct act *act, struct ex_error *err) {
    vault_forget_verified(act->vault);
    return scan_ledger(act, read_dates, NULL, err);
}

static ex_code number_flag(struct act *act, enum flag_id id, const char *name, uint64_t otherwise,
                           uint64_t max, uint64_t *ret, struct ex_error *err) {
    const char *text = act_flag(act, id);
    *ret = otherwise;
    if (text != NULL && (!ex_parse_decimal(text, strlen(text), ret) || *ret > max))
        return ex_fail(err, EX_USAGE, "--%s takes a whole number up to %" PRIu64, name, max);
    return EX_OK;
}

static ex_code read_plan(struct act *act, int64_t now_ns, struct vault_scrub_plan *ret,
                         struct ex_error *err) {
    uint64_t days, rate, minutes;
    EX_TRY(number_flag(act, FLAG_OLDER_THAN, "older-than", OLDER_THAN_DAYS, DAYS_MAX, &days, err));
    EX_TRY(number_flag(act, FLAG_RATE, "rate", 0, RATE_MAX_MIB, &rate, err));
    EX_TRY(number_flag(act, FLAG_FOR, "for", 0, MINUTES_MAX, &minutes, err));
    *ret = (struct vault_scrub_plan){.before_ns = now_ns - (int64_t)days * DAY_NS,
                                     .rate_bytes_s = rate << 20,
                                     .duration_ns = minutes * 60 * 1000000000};
    return EX_OK;
}

static json_t *outcome_json(const struct vault_scrub_report *r, int64_t begun_ns,
                            bool interrupted) {
    json_t *good = json_array();
    for (size_t i = 0; i < r->good_count; i++)
        json_array_append_new(good, json_hex(r->good[i].id, sizeof r->good[i].id));
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "packs", json_number(r->packs),
                     "packs_due", json_number(r->packs_due), "packs_read",
                     json_number(r->packs_read), "bytes_read", json_number(r->bytes_read),
                     "interrupted", interrupted, "verified", json_time(begun_ns), "good", good,
                     "bad",
                     json_packs((const uint8_t(*)[VAULT_PACK_ID_BYTES])r->bad, r->bad_count));
}

/* The whole run counts from its beginning: no pack was read before that. */
static ex_code finish(struct act *act, struct vault_scrub_report *r, int64_t begun_ns,
                      bool interrupted, json_t **ret_result, struct ex_error *err) {
    json_t *what = outcome_json(r, begun_ns, interrupted);
    bool bad = r->bad_count > 0;
    struct ex_error why;
    EX_AUTO(damage_json_free)
    json_t *result = json_deep_copy(what), *items = NULL, *examinations = NULL;
    /* The history of an item must tell that damage was found in it; if that cannot be known, what
     * was read is entered all the same. */
    ex_code mapped = bad ? damage_to_items(act, r->check.hurt, &items, &why) : EX_OK;
    if (mapped == EX_OK && bad)
        mapped = damage_to_examinations(act, r->check.hurt, &examinations, &why);
    json_object_set_new(what, "items",
                        mapped != EX_OK ? json_null()
                        : items != NULL ? damage_brief_json(items)
                                        : json_array());
    if (examinations != NULL)
        json_object_set_new(what, "examinations", damage_brief_json(examinations));
    EX_TRY(act_outcome(act, bad || interrupted ? "partial" : "done", what, NULL, NULL, NULL, err));
    EX_TRY(note_dates(act, result, err));
    if (mapped != EX_OK && err != NULL)
        *err = why;
    EX_TRY(mapped);
    json_object_del(result, "good"); /* may be very long; the ledger has it */
    json_object_set_new(result, "packs_good", json_number(r->good_count));
    json_object_set_new(result, "oldest_verified",
                        r->oldest_ns != 0 ? json_time(r->oldest_ns) : json_null());
    json_object_set_new(result, "problems", damage_problems_json(&r->check));
    json_object_set_new(result, "problem_count", json_number(r->check.problem_count));
    json_object_set_new(result, "items", items != NULL ? json_incref(items) : json_array());
    json_object_set_new(result, "examinations",
                        examinations != NULL ? json_incref(examinations) : json_array());
    act->verdict = bad ? EX_ALTERED : interrupted ? EX_PARTIAL : EX_OK;
    *ret_result = ex_steal(&result);
    return EX_OK;
}

ex_code app_vault_scrub(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct vault_scrub_plan plan;
    EX_AUTO_FREE struct vault_scrub_report *r = ex_new0(struct vault_scrub_report);
    struct ex_clock now;
    bool interrupted = false;
    ex_clock_read(&now);
    EX_TRY(read_plan(act, now.utc_ns, &plan, err));
    EX_TRY(act_intent(act, act_query_json(act), err));
    if (act->face->progress != NULL)
        act->face->progress->phase = "scrubbing";
    ex_code code = vault_scrub(act->vault, &plan, act->face->progress, r, &interrupted, err);
    if (code == EX_OK)
        code = finish(act, r, now.utc_ns, interrupted, ret_result, err);
    vault_scrub_report_clear(r);
    return code;
}
